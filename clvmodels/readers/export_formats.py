"""What the exports people have look like: headers, what their columns mean, which rows are orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import narwhals as nw

__all__ = ["KINDS", "ExportFormat", "known_kinds"]

MONTH_NAMES = ("%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p")
NEGATIVE = r"^\s*[-(]"
SALE = r"(?i)payment|checkout|sale"
GIVEN_BACK = r"(?i)refund|reversal|chargeback"
NO_SALE = r"(?i)hold|release|authori[sz]ation|refund|reversal|conversion|withdrawal|transfer|deposit"


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One kind of export.

    Attributes
    ----------
    name : str
    header : frozenset of str
        Columns that tell it from others.
    roles : mapping of role to columns
        Where each role is read from: the first that the file has and that is not blank.
    date : tuple of str
        Columns that together say when.
    clock : {"local", "utc", "offset", "microseconds"}
        Whether they state local time, time in UTC, a moment with its offset, or microseconds since 1970.
    formats : tuple of str or None
        strftime codes that dates may have; None is ISO 8601.
    keep : mapping of str to expression
        Rows that are orders; the others are left out under the name of the reason.
    blank : sequence of str
        Values that stand for a missing one.
    once, once_by : sequences of str
        Columns whose values together count once, where none is missing; and the order that says which row is first.
    computed : mapping of role to expression
        Roles made of several columns.
    finish : function of a lazy frame, optional
        Applied once numbers are read.
    notes : mapping of role to str
    """

    name: str
    header: frozenset[str]
    roles: Mapping[str, tuple[str, ...]]
    date: tuple[str, ...]
    clock: Literal["local", "utc", "offset", "microseconds"] = "local"
    formats: tuple[str | None, ...] = (None,)
    keep: Mapping[str, nw.Expr] = field(default_factory=dict)
    blank: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    once_by: tuple[str, ...] = ()
    computed: Mapping[str, nw.Expr] = field(default_factory=dict)
    finish: Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]] | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


def known_kinds() -> str:
    """The kinds with the columns they are told by, a line each."""
    return "\n".join(f"  {kind.name}: {', '.join(sorted(kind.header))}" for kind in KINDS)


def _refunded_by_adjustment(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Etsy states what is left of an order once something was given back; 0 or blank says that nothing was."""
    given_back = (nw.col("adjusted") > 0) & (nw.col("adjusted") < nw.col("amount"))
    partly = nw.when(given_back).then(nw.col("amount") - nw.col("adjusted"))
    fully = nw.col("status").str.to_lowercase().str.contains("refund").fill_null(False) & ~given_back.fill_null(False)
    return lazy.with_columns(refunded=nw.when(fully).then(nw.col("amount")).otherwise(partly))


def _refunded_by_status(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    refunded = nw.col("status").str.to_lowercase().str.contains("refunded").fill_null(False)
    return lazy.with_columns(refunded=nw.when(refunded).then(nw.col("amount")))


def _refunds_below_zero(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    refund = nw.col("status") == "refund"
    return lazy.with_columns(amount=nw.when(refund).then(-nw.col("amount").abs()).otherwise(nw.col("amount")))


def _blank(name: str) -> nw.Expr:
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
    },
    date=("Created at",),
    clock="offset",
    formats=("%Y-%m-%d %H:%M:%S %z",),
    keep={"further lines of an order, whose total stands on the first": ~_blank("Total")},
    computed={
        "status": nw.when(~_blank("Cancelled at")).then(nw.lit("cancelled")).otherwise(nw.col("Financial Status"))
    },
    notes={"amount": "of the whole order, with shipping and taxes", "status": "cancelled where Cancelled at is filled"},
)
WOOCOMMERCE = ExportFormat(
    name="woocommerce",
    header=frozenset({"order_id", "order_date", "status", "order_total", "billing_email"}),
    roles={
        "customer_id": ("customer_email", "billing_email"),
        "order_id": ("order_id",),
        "amount": ("order_total",),
        "currency": ("order_currency",),
        "status": ("status",),
    },
    date=("order_date",),
    computed={"status": nw.col("status").str.replace_all("^wc-", "")},
    finish=_refunded_by_status,
    notes={
        "amount": "of the whole order, with shipping and taxes; part refunds are not in the file as numbers",
        "status": "orders with status refunded count as given back",
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
}
IN_ONE = {
    "amount": ("Converted Amount",),
    "refunded": ("Converted Amount Refunded",),
    "currency": ("Converted Currency",),
}
AS_PAID = {"amount": ("Amount",), "refunded": ("Amount Refunded",), "currency": ("Currency",)}
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
            "amount": "in the currency of the account" if money is IN_ONE else "before fees",
            "status": "uncaptured where Captured is false",
        },
    )
    for created in ("Created (UTC)", "Created date (UTC)")
    for money, more in ((IN_ONE, ("Converted Amount", "Converted Currency")), (AS_PAID, ()))
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
    notes={"amount": "with tax and tip; refunds are rows of their own, below 0"},
)
PAYPAL = ExportFormat(
    name="paypal",
    header=frozenset({"Date", "Time", "Type", "Gross", "From Email Address", "To Email Address", "Reference Txn ID"}),
    roles={
        "customer_id": ("From Email Address",),
        "order_id": ("Transaction ID",),
        "amount": ("Gross",),
        "currency": ("Currency",),
        "status": ("Status",),
    },
    date=("Date", "Time"),
    keep={
        "neither a payment received nor its refund": (
            nw.col("Type").str.contains(SALE)
            & ~nw.col("Type").str.contains(NO_SALE)
            & ~nw.col("Gross").str.contains(NEGATIVE)
        )
        | (nw.col("Type").str.contains(GIVEN_BACK) & nw.col("Gross").str.contains(NEGATIVE))
    },
    computed={
        "customer_id": nw.when(nw.col("Gross").str.contains(NEGATIVE))
        .then(nw.col("To Email Address"))
        .otherwise(nw.col("From Email Address"))
        .str.to_lowercase(),
        "order_id": nw.when(nw.col("Gross").str.contains(NEGATIVE))
        .then(nw.coalesce(nw.col("Reference Txn ID"), nw.col("Transaction ID")))
        .otherwise(nw.col("Transaction ID")),
    },
    notes={
        "customer_id": "of refunds, To Email Address",
        "order_id": "of refunds, Reference Txn ID",
        "amount": "before fees; refunds are rows of their own, below 0",
    },
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
        "adjusted": "refunded is Order Total less this, where it is above 0; all of it where the status says refunded",
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
        "currency": ("currency",),
        "status": ("order-status",),
    },
    date=("purchase-date",),
    clock="offset",
    notes={"amount": "of all pieces of a line, before promotions, shipping and tax"},
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
    keep={"events other than purchases and refunds": nw.col("event_name").is_in(["purchase", "refund"])},
    once=("ecommerce.transaction_id", "ecommerce.purchase_revenue"),
    once_by=("event_timestamp", "user_pseudo_id"),
    finish=_refunds_below_zero,
    notes={
        "customer_id": "of those not signed in a browser, which is not a person",
        "amount": "in the currency of the event; amount='ecommerce.purchase_revenue_in_usd' for one currency",
    },
)
KINDS = (SHOPIFY, WOOCOMMERCE, MAGENTO, *STRIPE, SQUARE, PAYPAL, ETSY, AMAZON, GA4)
