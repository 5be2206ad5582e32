"""What cleaning does with which rows: one record of plain values, so that a job file can carry it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Literal, get_args, get_type_hints

from clvmodels.errors import InvalidOption

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
    r"""Rules of `clean`; every value is text, a number or a sequence of texts, as a TOML table holds them.

    Parameters
    ----------
    missing_id : {"set_aside", "raise"}
        What to do with rows that name no customer.
    void_statuses : sequence of str
        Statuses, in any case, of rows that never became a purchase: cancelled before payment, failed, pending.
    internal_customers, internal_pattern : sequence of str, str
        Ids of test and internal accounts, as text; or a regular expression found in them, such as "@ourshop\\.com$".
    non_products, non_product_pattern : sequence of str, str
        Codes that are no product, such as "POST" for postage; or a regular expression found in them.
    duplicates : {"auto", "drop", "keep"}
        Rows equal to another in every column of the log. "auto" drops those that name an order; without one, nothing
        tells a duplicate from a customer who bought the same twice.
    refunds : {"net", "drop", "keep"}
        Take refunds from the purchases they reverse; set them aside and leave the purchases; or leave both in place, so
        that orders may add up to less than nothing.
    refund_prefix : str, optional
        Orders whose id starts with it are refunds, whatever their sign; what follows may be the order they reverse.
    refund_statuses : sequence of str
        Statuses, in any case, of rows that are refunds, whatever their sign.
    zero_amounts : {"set_aside", "keep"}
        Lines without a price.
    outliers : {"flag", "winsorize", "keep"}
        Orders of at least `outlier_times` the median order: say so in a column, cut them down to that as well, or
        neither.
    outlier_times : float

    Raises
    ------
    InvalidOption
        For a value that is not offered.

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
                raise InvalidOption(f"{field.name}={value!r} is not one of {', '.join(map(repr, options))}.")
            if field.name in SEVERAL:
                if isinstance(value, str) or not all(isinstance(text, str) for text in value):
                    raise InvalidOption(f"{field.name}={value!r} must be a list of texts, such as ['POST', 'DOT'].")
                object.__setattr__(self, field.name, tuple(value))
            if field.name.endswith("_pattern") and value is not None:
                try:
                    re.compile(value)
                except (re.error, TypeError) as error:
                    raise InvalidOption(f"{field.name}={value!r} is no regular expression: {error}.") from None
        if self.refund_prefix == "":
            raise InvalidOption("refund_prefix='' would make every order a refund: leave it out for none.")
        if not 1 < self.outlier_times < float("inf"):
            raise InvalidOption(f"outlier_times={self.outlier_times!r} must be a finite number above 1.")


CHOICES = ("missing_id", "duplicates", "refunds", "zero_amounts", "outliers")
SEVERAL = ("void_statuses", "internal_customers", "non_products", "refund_statuses")
