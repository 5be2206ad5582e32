"""The rules of cleaning, as one record of plain values that a job file can hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Literal, get_args, get_type_hints

from clvmodels.errors import InvalidOption, closest

__all__ = ["CleaningRules"]

VOID_STATUSES = (
    "cancelled",
    "canceled",
    "void",
    "voided",
    "failed",
    "denied",
    "declined",
    "expired",
    "pending",
    "pending_payment",
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "incomplete",
    "blocked",
    "draft",
    "checkout-draft",
    "on-hold",
    "holded",
    "payment_review",
    "fraud",
    "unpaid",
    "uncaptured",
    "trash",
)


@dataclass(frozen=True, slots=True)
class CleaningRules:
    r"""Rules of `clean`; every value is text, a number or a list of texts, so a TOML table can hold them.

    Parameters
    ----------
    missing_id : {"set_aside", "raise"}
        What to do with rows without a customer id.
    void_statuses : sequence of str
        Statuses, in any case, of rows that are not a sale: cancelled before payment, failed, pending.
    internal_customers, internal_pattern : sequence of str, str
        Ids of test and internal accounts, as text; or a regular expression that they match, such as
        "@ourshop\\.com$".
    non_products, non_product_pattern : sequence of str, str
        Codes that are not products, such as "POST" for postage; or a regular expression that they match.
    duplicates : {"auto", "drop", "keep"}
        What to do with rows that equal another row in every column of the log. "auto" drops those with an order id;
        without one, a duplicate looks like a customer who bought the same thing twice.
    refunds : {"net", "drop", "keep"}
        Subtract refunds from the purchases they reverse; set refunds aside and leave purchases unchanged; or keep both
        in place, so that the amount of an order may be negative.
    refund_prefix : str, optional
        Orders whose id starts with it are refunds, whatever their sign; the rest of the id may be the order that they
        reverse.
    refund_statuses : sequence of str
        Statuses, in any case, of rows that are refunds, whatever their sign.
    zero_amounts : {"set_aside", "keep"}
        What to do with lines without a price.
    outliers : {"flag", "winsorize", "keep"}
        Orders of at least `outlier_times` the median order: "flag" marks them in a column, "winsorize" also reduces
        them to that limit, "keep" does neither.
    outlier_times : float

    Raises
    ------
    InvalidOption
        If a value is not one of the options.

    Examples
    --------
    >>> import clvmodels as clv
    >>> rules = clv.CleaningRules(refund_prefix="C", non_products=["POST", "DOT", "M"])
    >>> rules.refunds, rules.zero_amounts
    ('net', 'set_aside')
    """

    missing_id: Literal["set_aside", "raise"] = "set_aside"
    void_statuses: tuple[str, ...] = VOID_STATUSES
    internal_customers: tuple[str, ...] = ()
    internal_pattern: str | None = None
    non_products: tuple[str, ...] = ()
    non_product_pattern: str | None = None
    duplicates: Literal["auto", "drop", "keep"] = "auto"
    refunds: Literal["net", "drop", "keep"] = "net"
    refund_prefix: str | None = None
    refund_statuses: tuple[str, ...] = ()
    zero_amounts: Literal["set_aside", "keep"] = "set_aside"
    outliers: Literal["flag", "winsorize", "keep"] = "flag"
    outlier_times: float = 50.0

    def __post_init__(self) -> None:
        kinds = get_type_hints(type(self))
        for field in fields(self):
            value, options = getattr(self, field.name), get_args(kinds[field.name])
            if field.name in CHOICES and value not in options:
                raise InvalidOption(
                    f"{field.name}={value!r} is not one of {', '.join(map(repr, options))}.{closest(value, options)}"
                )
            if field.name in LISTS:
                if isinstance(value, str) or not all(isinstance(text, str) for text in value):
                    raise InvalidOption(f"{field.name}={value!r} must be a list of strings, such as ['POST', 'DOT'].")
                object.__setattr__(self, field.name, tuple(value))
            if field.name.endswith("_pattern") and value is not None:
                try:
                    re.compile(value)
                except (re.error, TypeError) as error:
                    raise InvalidOption(f"{field.name}={value!r} is not a valid regular expression: {error}.") from None
        if self.refund_prefix == "":
            raise InvalidOption("refund_prefix='' would make every order a refund: omit it if there is no prefix.")
        if not 1 < self.outlier_times < float("inf"):
            raise InvalidOption(f"outlier_times={self.outlier_times!r} must be a finite number above 1.")


CHOICES = ("missing_id", "duplicates", "refunds", "zero_amounts", "outliers")
LISTS = ("void_statuses", "internal_customers", "non_products", "refund_statuses")
