"""The rules of cleaning: one record of plain values, which a job file can hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path
from typing import Literal, get_args, get_type_hints

from clvmodels.clock import Moment
from clvmodels.errors import InvalidOption, closest
from clvmodels.frames import Frame
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.statuses import normalize_status

__all__ = ["CleaningRules", "LogToClean"]


@dataclass(frozen=True, slots=True)
class CleaningRules:
    r"""Rules of `clean`; every value is text, a number or a list of texts, so a TOML table can hold them.

    Parameters
    ----------
    missing_id : {"set_aside", "raise"}
        What to do with rows without a customer id.
    on_missing_date : {"raise", "set_aside"}
        What to do with rows without a date: blank ones, words such as "NULL", and "0000-00-00".
    void_statuses, count_statuses : sequence of str
        Statuses of rows that are not a sale, such as "pending"; and of rows that are. They come before the known
        statuses of `clvmodels.transactions.statuses`. Case, accents, blanks and punctuation do not matter.
    unknown_statuses : {"raise", "count", "void"}
        What to do with statuses that no rule names and that are not known: raise an error that lists them, count their
        rows as sales, or set them aside.
    test_orders : {"set_aside", "count"}
        What to do with rows that the column `test` marks as tests of the shop.
    discounts : {"auto", "share", "percent", "amount"}
        What the column `discount` has: 0.2, 20 or the money that a row costs less. "auto" takes the only one of these
        that every row allows, and raises an error if two do.
    internal_customers, internal_pattern : sequence of str, str
        Ids of test and internal accounts, as text; or a regular expression that they match, such as
        "@ourshop\\.com$".
    non_products, non_product_pattern : sequence of str, str
        Codes that are not products, such as "POST" for postage; or a regular expression that they match.
    duplicates : {"auto", "drop", "keep"}
        What to do with rows that equal another row in every column of the log. "auto" drops those with an order id;
        without one, a duplicate looks like a customer who bought the same thing twice.
    orders : {"merge", "split"}
        What an order id names: one purchase, unless its lines lie months apart ("merge"), or one purchase per day.
    overlaps : {"auto", "latest", "sum"}
        What to do with an order that several files have in different states, as exports of several days do: the rows of
        the file with the latest date count ("latest"), or all of them ("sum"). "auto" takes the latest, adds lines of
        an order that are split between files, and raises an error if it may be either.
    repeated_totals : {"raise", "sum", "once"}
        What to do if nearly all orders have the same amount on each of their lines, as in files that repeat the total
        of the order: raise an error, add the lines up, or count the amount once per order.
    refunds : {"net", "drop", "keep"}
        Subtract refunds from the purchases they reverse; set refunds aside and leave purchases unchanged; or keep both
        in place, so that the amount of an order may be negative.
    refund_prefix : str, optional
        Orders whose id starts with it are refunds, whatever their sign; the rest of the id may be the order that they
        reverse.
    refund_statuses : sequence of str
        Statuses of rows that are refunds, whatever their sign.
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
    on_missing_date: Literal["raise", "set_aside"] = "raise"
    void_statuses: tuple[str, ...] = ()
    count_statuses: tuple[str, ...] = ()
    unknown_statuses: Literal["raise", "count", "void"] = "raise"
    test_orders: Literal["set_aside", "count"] = "set_aside"
    discounts: Literal["auto", "share", "percent", "amount"] = "auto"
    internal_customers: tuple[str, ...] = ()
    internal_pattern: str | None = None
    non_products: tuple[str, ...] = ()
    non_product_pattern: str | None = None
    duplicates: Literal["auto", "drop", "keep"] = "auto"
    orders: Literal["merge", "split"] = "merge"
    overlaps: Literal["auto", "latest", "sum"] = "auto"
    repeated_totals: Literal["raise", "sum", "once"] = "raise"
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
        self._refuse_contradicting_statuses()
        if self.refund_prefix == "":
            raise InvalidOption("refund_prefix='' would make every order a refund: omit it if there is no prefix.")
        if not 1 < self.outlier_times < float("inf"):
            raise InvalidOption(f"outlier_times={self.outlier_times!r} must be a finite number above 1.")

    def _refuse_contradicting_statuses(self) -> None:
        """Raise InvalidOption if two rules name the same status."""
        names = [(normalize_status(text), text, rule) for rule in STATUSES for text in getattr(self, rule)]
        for (one, text, rule), (other, _, second) in combinations(names, 2):
            if one == other and rule != second:
                raise InvalidOption(f"Status {text!r} is named by {rule} and by {second}: name it once.")


CHOICES = (
    "missing_id",
    "on_missing_date",
    "test_orders",
    "discounts",
    "unknown_statuses",
    "duplicates",
    "orders",
    "overlaps",
    "repeated_totals",
    "refunds",
    "zero_amounts",
    "outliers",
)
STATUSES = ("void_statuses", "count_statuses", "refund_statuses")
LISTS = (*STATUSES, "internal_customers", "non_products")


@dataclass(frozen=True, slots=True, eq=False)
class LogToClean:
    """A log of line items or orders, and how it is read and cleaned; the arguments of `clean`.

    Attributes
    ----------
    log : frame or path
    columns : mapping of role to column name
    rules : CleaningRules
    date_format, time_zone : str or None
    until : date, datetime, str or None
        Later rows are ignored.
    missing_ids : list of str or None
    """

    log: Frame | str | Path
    columns: Mapping[str, str]
    rules: CleaningRules
    date_format: str | None = None
    time_zone: str | None = None
    until: Moment | None = None
    missing_ids: MissingIds = None

    @property
    def has_money(self) -> bool:
        """Whether rows cost something."""
        return "amount" in self.columns or "price" in self.columns
