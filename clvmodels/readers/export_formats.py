"""The formats of exports: headers, the meaning of their columns, and which rows are orders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import narwhals as nw

from clvmodels.readers.chinese_formats import CHINESE_FORMATS
from clvmodels.readers.export_format import ExportFormat
from clvmodels.readers.paypal_formats import PAYPAL_FORMATS

__all__ = ["EXPORT_FORMATS", "ExportFormat", "describe_formats"]

MONTH_NAMES = ("%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p")


def describe_formats() -> str:
    """Return the formats and the columns by which they are recognized, one line per format."""
    return "\n".join(f"  {form.name}: {', '.join(sorted(form.header))}" for form in EXPORT_FORMATS)


def _refunded_by_adjustment(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add refunds of Etsy, which states what remains of a refunded order; 0 or blank means no refund."""
    adjusted = (nw.col("adjusted") > 0) & (nw.col("adjusted") < nw.col("amount"))
    partly = nw.when(adjusted).then(nw.col("amount") - nw.col("adjusted"))
    fully = nw.col("status").str.to_lowercase().str.contains("refund").fill_null(False) & ~adjusted.fill_null(False)
    return lazy.with_columns(refunded=nw.when(fully).then(nw.col("amount")).otherwise(partly))


def _refunded_by_status(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add refunds of orders whose status says that they were refunded."""
    refunded = nw.col("status").str.to_lowercase().str.contains("refunded").fill_null(False)
    return lazy.with_columns(refunded=nw.when(refunded).then(nw.col("amount")))


def _refunds_below_zero(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Make the amounts of refund events negative."""
    refund = nw.col("status") == "refund"
    return lazy.with_columns(amount=nw.when(refund).then(-nw.col("amount").abs()).otherwise(nw.col("amount")))


def _less_promotion(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Subtract the promotion of a line of Amazon's report, which is positive."""
    if "promotion" not in lazy.collect_schema().names():
        return lazy
    return lazy.with_columns(amount=nw.col("amount") - nw.col("promotion").abs().fill_null(0.0))


def _tests_by_gateway(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Mark orders of Shopify as tests if they were paid by its test gateway, "(for testing) Bogus Gateway"."""
    if "gateway" not in lazy.collect_schema().names():
        return lazy
    bogus = nw.col("gateway").str.to_lowercase().str.contains("bogus").fill_null(value=False)
    return lazy.with_columns(status=nw.when(bogus).then(nw.lit("test")).otherwise(nw.col("status")))


def _blank(name: str) -> nw.Expr:
    """Return whether a column is missing."""
    return nw.col(name).is_null()


SHOPIFY = ExportFormat(
    name="shopify",
    header=frozenset({"Name", "Financial Status", "Created at", "Cancelled at", "Total", "Lineitem quantity"}),
    roles={
        "customer_id": ("Email", "Phone"),
        "order_id": ("Name",),
        "amount": ("Total",),
        "refunded": ("Refunded Amount",),
        "currency": ("Currency",),
        "status": ("Financial Status",),
        "gateway": ("Payment Method",),
    },
    date=("Created at",),
    clock="offset",
    formats=("%Y-%m-%d %H:%M:%S %z",),
    keep={"further_line": ~_blank("Total")},
    finish=_tests_by_gateway,
    computed={
        "status": nw.when(~_blank("Cancelled at")).then(nw.lit("cancelled")).otherwise(nw.col("Financial Status"))
    },
    notes={"amount": "of the whole order, with shipping and taxes", "status": "cancelled if Cancelled at is filled"},
)
WOOCOMMERCE = ExportFormat(
    name="woocommerce",
    header=frozenset({"order_date", "status", "order_total", "billing_email"}),
    roles={
        "customer_id": ("customer_email", "billing_email"),
        "order_id": ("order_id", "order_number"),
        "amount": ("order_total",),
        "currency": ("order_currency",),
        "status": ("status",),
    },
    date=("order_date",),
    computed={"status": nw.col("status").str.replace_all("^wc-", "")},
    finish=_refunded_by_status,
    notes={
        "amount": "of the whole order, with shipping and taxes; the file has no amounts of partial refunds",
        "status": "orders with status refunded count as fully refunded",
    },
)
MAGENTO = ExportFormat(
    name="magento",
    header=frozenset({"ID", "Purchase Date", "Grand Total (Base)", "Status", "Customer Email"}),
    roles={
        "customer_id": ("Customer Email",),
        "order_id": ("ID",),
        "amount": ("Grand Total (Base)",),
        "refunded": ("Total Refunded",),
        "status": ("Status",),
    },
    date=("Purchase Date",),
    formats=(None, *MONTH_NAMES),
    notes={"amount": "in the base currency, with shipping and taxes"},
)
STRIPE_ROLES = {
    "customer_id": ("Customer ID", "Customer Email"),
    "order_id": ("id",),
    "status": ("Status",),
    "test": ("Mode",),
}
CONVERTED = {
    "amount": ("Converted Amount",),
    "refunded": ("Converted Amount Refunded",),
    "currency": ("Converted Currency",),
}
UNCONVERTED = {"amount": ("Amount",), "refunded": ("Amount Refunded",), "currency": ("Currency",)}
STRIPE_STATUS = {
    "status": nw.when(
        (nw.col("Captured").str.to_lowercase() == "false") & nw.col("Status").str.to_lowercase().is_in(["paid"])
    )
    .then(nw.lit("uncaptured"))
    .otherwise(nw.col("Status"))
}
STRIPE = tuple(
    ExportFormat(
        name="stripe",
        header=frozenset({"id", created, "Amount", "Amount Refunded", "Status", "Captured", *more}),
        roles=STRIPE_ROLES | money,
        date=(created,),
        clock="utc",
        computed=STRIPE_STATUS,
        notes={
            "amount": "in the currency of the account" if money is CONVERTED else "before fees",
            "status": "uncaptured if Captured is false",
        },
    )
    for created in ("Created (UTC)", "Created date (UTC)")
    for money, more in ((CONVERTED, ("Converted Amount", "Converted Currency")), (UNCONVERTED, ()))
)
SQUARE = ExportFormat(
    name="square",
    header=frozenset({"Date", "Time", "Time Zone", "Gross Sales", "Total Collected", "Transaction ID", "Event Type"}),
    roles={
        "customer_id": ("Customer ID",),
        "order_id": ("Transaction ID",),
        "amount": ("Total Collected",),
        "status": ("Transaction Status",),
    },
    date=("Date", "Time"),
    notes={"amount": "with tax and tip; refunds are separate rows with negative amounts"},
)
ETSY = ExportFormat(
    name="etsy",
    header=frozenset({"Sale Date", "Order ID", "Order Total", "Adjusted Order Total", "Buyer"}),
    roles={
        "customer_id": ("Buyer User ID", "Buyer"),
        "order_id": ("Order ID",),
        "amount": ("Order Total",),
        "currency": ("Currency",),
        "status": ("Status",),
        "adjusted": ("Adjusted Order Total",),
    },
    date=("Sale Date",),
    formats=("%m/%d/%y",),
    finish=_refunded_by_adjustment,
    notes={
        "amount": "with shipping and taxes",
        "adjusted": "refunded is Order Total minus this if it is above 0, and all of it if the status says refunded",
    },
)
AMAZON = ExportFormat(
    name="amazon",
    header=frozenset({"amazon-order-id", "purchase-date", "order-status", "item-price", "quantity"}),
    roles={
        "customer_id": ("buyer-email",),
        "order_id": ("amazon-order-id",),
        "product": ("sku",),
        "amount": ("item-price",),
        "promotion": ("item-promotion-discount",),
        "currency": ("currency",),
        "status": ("order-status",),
    },
    date=("purchase-date",),
    clock="offset",
    finish=_less_promotion,
    notes={
        "amount": "of all items of a line, before shipping and tax",
        "promotion": "subtracted from the amount",
    },
)
GA4 = ExportFormat(
    name="ga4",
    header=frozenset({"event_name", "event_timestamp", "user_pseudo_id", "ecommerce.transaction_id"}),
    roles={
        "customer_id": ("user_id", "user_pseudo_id"),
        "order_id": ("ecommerce.transaction_id",),
        "amount": ("ecommerce.purchase_revenue", "ecommerce.refund_value"),
        "status": ("event_name",),
    },
    date=("event_timestamp",),
    clock="microseconds",
    blank=("(not set)",),
    keep={"not_a_purchase_event": nw.col("event_name").is_in(["purchase", "refund"])},
    once=("ecommerce.transaction_id", "ecommerce.purchase_revenue"),
    once_by=("event_timestamp", "user_pseudo_id"),
    finish=_refunds_below_zero,
    notes={
        "customer_id": "a browser rather than a person for users who are not signed in",
        "amount": "in the currency of the event; pass amount='ecommerce.purchase_revenue_in_usd' for a single currency",
    },
)
GA4_OWN = ("ecommerce.transaction_id", "ecommerce.purchase_revenue", "ecommerce.refund_value")
GA4_FLAT = tuple(  # events as CSV, without the nested names of BigQuery
    replace(
        GA4,
        header=frozenset({"event_name", "event_timestamp", "user_pseudo_id", f"{prefix}transaction_id"}),
        names={own.replace("ecommerce.", prefix): own for own in GA4_OWN},
    )
    for prefix in ("", "ecommerce_", "ecommerce__")
)
GA4_REPORT = ExportFormat(  # an exploration of Google Analytics, downloaded as CSV
    name="ga4",
    header=frozenset({"Date", "Transaction ID", "Purchase revenue"}),
    roles={
        "customer_id": ("Effective user ID", "User ID", "User pseudo ID", "App-instance ID"),
        "order_id": ("Transaction ID",),
        "amount": ("Purchase revenue",),
    },
    date=("Date",),
    formats=(None, "%Y%m%d"),
    blank=("(not set)",),
    keep={"not_a_purchase_event": ~_blank("Transaction ID") & ~_blank("Date")},
    notes={"amount": "less refunds, in the currency of the property"},
)
BIGCOMMERCE = ExportFormat(
    name="bigcommerce",
    header=frozenset({"Order ID", "Order Date", "Order Status", "Order Total (inc tax)", "Customer Email"}),
    roles={
        "customer_id": ("Customer Email", "Customer ID"),
        "order_id": ("Order ID",),
        "amount": ("Order Total (inc tax)",),
        "refunded": ("Refund Amount",),
        "currency": ("Order Currency Code",),
        "status": ("Order Status",),
    },
    date=("Order Date",),
    notes={"amount": "of the whole order, with shipping and taxes"},
)
EXPORT_FORMATS = (
    *(
        SHOPIFY,
        WOOCOMMERCE,
        MAGENTO,
        *STRIPE,
        SQUARE,
        *PAYPAL_FORMATS,
        ETSY,
        AMAZON,
        GA4,
        *GA4_FLAT,
        GA4_REPORT,
        BIGCOMMERCE,
    ),
    *CHINESE_FORMATS,
)
