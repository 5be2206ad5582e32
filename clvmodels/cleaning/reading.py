"""The door of cleaning: the columns of a log read, each row's money counted, and rows judged one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.cleaning.ledger import UNITS
from clvmodels.cleaning.rules import CleaningRules
from clvmodels.clock import Clock, Moment
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.log import LARGEST_AMOUNT, Fault, date_faults, refuse, with_numbers, with_ticks

__all__ = ["JUDGED", "NO_ID", "LineItems", "read_log"]

NUMBERS = ("amount", "quantity", "price", "rate", "refunded")
OTHER = "other_"
ROWS_A_PART = 8_000_000

NO_ID = "no customer id"
VOID = "status of no purchase"
NO_AMOUNT = "no amount"
INTERNAL = "internal account"
NO_PRODUCT = "no product"
JUDGED = (NO_ID, VOID, NO_AMOUNT, INTERNAL, NO_PRODUCT)
"""Rules that look at one row by itself, in the order applied."""


@dataclass(frozen=True, slots=True)
class LineItems:
    """A log read and checked, as a lazy plan.

    Attributes
    ----------
    lazy : narwhals.LazyFrame
        The named columns under their roles, `date` parsed and numbers read; `units`, each row's money in millionths
        (missing without money); `refund_units`, what was given back of its order; `rule`, the place in `JUDGED` of the
        rule that takes the row out, or -1; and any other columns, where duplicates are to be found.
    columns : mapping of role to column name
    others : list of str
        Columns of the plan that have no role.
    kind : {"pandas", "polars"}
        The kind of frame to give back.
    rows, parts : int
        Rows of the log, and in how many parts of the customers it is best cleaned.
    has_money : bool
    """

    lazy: nw.LazyFrame[Any]
    columns: Mapping[str, str]
    others: list[str]
    kind: frames.FrameKind
    rows: int
    parts: int
    has_money: bool


def read_log(
    log: frames.Frame | str | Path,
    columns: Mapping[str, str],
    rules: CleaningRules,
    date_format: str | None,
    time_zone: str | None,
    until: Moment | None = None,
) -> LineItems:
    """Open a log, count the money of every row, judge each by itself, and refuse what cannot be read.

    Rows later than the moment `until` are passed over, as if they had not come yet.

    Raises
    ------
    InvalidTransactions
        One error that names every fault: the column, the number of rows, the first few, and the remedy.
    """
    _refuse_contradictions(columns)
    clock = Clock(merge_within="hour", time_zone=time_zone)
    has_money = "amount" in columns or "price" in columns
    drops = rules.duplicates == "drop" or (rules.duplicates == "auto" and "order_id" in columns)
    unnamed = [name for name in frames.column_names(log) if name not in columns.values()] if drops else []
    others = {f"{OTHER}{i}": name for i, name in enumerate(unnamed)}
    opened = frames.open_frame(log, {**columns, **others}, text_id="customer_id", csv_as_text=True)
    lazy = with_ticks(opened.lazy, clock, columns["date"], date_format)
    if until is not None:
        lazy = lazy.filter((nw.col("tick") <= clock.last_tick(until, "until")).fill_null(True))
    for role in NUMBERS:
        if role in columns:
            lazy = with_numbers(lazy, role, columns[role], opened.as_text)
            lazy = lazy.with_columns(nw.when(~nw.col(role).is_nan()).then(nw.col(role)).alias(role))
    lazy = _with_codes(lazy, columns)
    lazy = _with_units(lazy, columns, rules).with_columns(rule=_judgment(columns, rules, has_money))
    rows = _check(lazy, columns, clock, date_format, rules)
    keep = [*columns, "units", "refund_units", "rule", *others]
    in_parts = 1 + rows // ROWS_A_PART
    return LineItems(lazy.select(keep), columns, list(others), opened.kind, rows, in_parts, has_money)


def _refuse_contradictions(columns: Mapping[str, str]) -> None:
    if "amount" in columns and "price" in columns:
        raise InvalidOption("Give `amount`, what a row costs, or `price` and `quantity`, but not both.")
    if "price" in columns and "quantity" not in columns:
        raise InvalidOption("`price` needs `quantity`; where each row is one piece, pass the price as `amount`.")
    if "quantity" in columns and not {"price", "amount"} & columns.keys():
        raise InvalidOption("`quantity` alone is no money: give `price` as well, or leave it out.")
    if "rate" in columns and "currency" not in columns:
        raise InvalidOption("`rate` needs `currency`, so that it is known what is converted.")
    if "refunded" in columns and not {"price", "amount"} & columns.keys():
        raise InvalidOption("`refunded` is taken from what was paid: give `amount`, or `price` and `quantity`, too.")


def _with_codes(lazy: nw.LazyFrame[Any], columns: Mapping[str, str]) -> nw.LazyFrame[Any]:
    """Codes of orders and products that blanks turned float, as the text they were."""
    schema = lazy.collect_schema()
    for role in ("order_id", "product"):
        if role in columns and schema[role].is_float():
            code = nw.col(role)
            whole = (code == code.floor()) & (code.abs() < 2.0**53)
            text = nw.when(whole).then(code.cast(nw.Int64).cast(nw.String)).otherwise(code.cast(nw.String))
            lazy = lazy.with_columns(nw.when(~code.is_nan()).then(text).alias(role))
    return lazy


def _with_units(lazy: nw.LazyFrame[Any], columns: Mapping[str, str], rules: CleaningRules) -> nw.LazyFrame[Any]:
    """Money of each row, and money given back of its order, in millionths; refunds below 0."""
    if "amount" in columns:
        paid = nw.col("amount")
    elif "price" in columns:
        paid = nw.col("quantity") * nw.col("price")
    else:
        none = nw.lit(None, dtype=nw.Int64)
        return lazy.with_columns(units=none, refund_units=none)
    back = nw.col("refunded") if "refunded" in columns else nw.lit(None, dtype=nw.Float64)
    if "rate" in columns:
        paid, back = paid * nw.col("rate"), back * nw.col("rate")
    lazy = _in_units(_in_units(lazy.with_columns(paid=paid, back=back), "paid", "units"), "back", "refund_units")
    refund = _refund(columns, rules)
    if refund is not None:
        lazy = lazy.with_columns(units=nw.when(refund).then(-nw.col("units").abs()).otherwise(nw.col("units")))
    return lazy.with_columns(refund_units=nw.when(nw.col("refund_units") > 0).then(nw.col("refund_units")))


def _refund(columns: Mapping[str, str], rules: CleaningRules) -> nw.Expr | None:
    """Rows that say in another way than by the sign of their amount that they are refunds."""
    signs = []
    if "quantity" in columns:
        signs.append((nw.col("quantity") < 0).fill_null(False))
    if rules.refund_statuses:
        _needs("status", columns, "refund_statuses")
        signs.append(_status_in(rules.refund_statuses))
    if rules.refund_prefix is not None:
        _needs("order_id", columns, "refund_prefix")
        signs.append(nw.col("order_id").cast(nw.String).str.starts_with(rules.refund_prefix).fill_null(False))
    return nw.any_horizontal(*signs, ignore_nulls=True) if signs else None


def _in_units(lazy: nw.LazyFrame[Any], amount: str, units: str) -> nw.LazyFrame[Any]:
    """Add an amount in whole millionths, halves away from 0; missing where it is beyond what is allowed.

    The whole part and the fraction are scaled apart, so that an amount told in millionths comes back as the same float.
    """
    size, whole, fraction = nw.col("size"), nw.col("whole"), nw.col("fraction")
    lazy = lazy.with_columns(size=nw.col(amount).abs())
    lazy = lazy.with_columns(size=nw.when(size <= LARGEST_AMOUNT).then(size))
    lazy = lazy.with_columns(whole=size.floor())
    lazy = lazy.with_columns(fraction=((size - whole) * UNITS + 0.5).floor().cast(nw.Int64))
    lazy = lazy.with_columns((whole.cast(nw.Int64) * UNITS + fraction).alias(units))
    return lazy.with_columns(nw.when(nw.col(amount) < 0).then(-nw.col(units)).otherwise(nw.col(units)).alias(units))


def _judgment(columns: Mapping[str, str], rules: CleaningRules, has_money: bool) -> nw.Expr:
    """Place in `JUDGED` of the first rule that takes a row out; -1 if none does."""
    conditions = {NO_ID: nw.col("customer_id").is_null()}
    if "status" in columns and rules.void_statuses:
        conditions[VOID] = _status_in(rules.void_statuses)
    if has_money:
        stated = ("amount",) if "amount" in columns else ("quantity", "price")
        conditions[NO_AMOUNT] = nw.any_horizontal(*(nw.col(role).is_null() for role in stated), ignore_nulls=True)
    internal = _listed("customer_id", rules.internal_customers, rules.internal_pattern)
    if internal is not None:
        conditions[INTERNAL] = internal
    unsold = _listed("product", rules.non_products, rules.non_product_pattern)
    if unsold is not None:
        _needs("product", columns, "non_products")
        conditions[NO_PRODUCT] = unsold
    judgment = nw.lit(-1)
    for rule in reversed(JUDGED):
        if rule in conditions:
            judgment = nw.when(conditions[rule]).then(nw.lit(JUDGED.index(rule))).otherwise(judgment)
    return judgment.cast(nw.Int8)


def _status_in(statuses: tuple[str, ...]) -> nw.Expr:
    wanted = [status.strip().lower() for status in statuses]
    return nw.col("status").cast(nw.String).str.strip_chars().str.to_lowercase().is_in(wanted).fill_null(False)


def _listed(role: str, values: tuple[str, ...], pattern: str | None) -> nw.Expr | None:
    text = nw.col(role).cast(nw.String)
    found = [text.is_in(list(values)).fill_null(False)] if values else []
    if pattern is not None:
        found.append(text.str.contains(pattern).fill_null(False))
    return nw.any_horizontal(*found, ignore_nulls=True) if found else None


def _needs(role: str, columns: Mapping[str, str], rule: str) -> None:
    if role not in columns:
        raise InvalidOption(f"The rule {rule} needs a column: name it with {role}=.")


def _check(
    lazy: nw.LazyFrame[Any], columns: Mapping[str, str], clock: Clock, date_format: str | None, rules: CleaningRules
) -> int:
    """Rows of the log; one error that names all faults of those not taken out already."""
    faults = list(_faults(columns, clock, date_format, rules))
    rows, *counts = frames.collect(
        lazy.select(nw.len().alias("rows"), *(fault.broken.sum().alias(f"fault_{i}") for i, fault in enumerate(faults)))
    ).row(0)
    refuse(lazy, [(fault, count) for fault, count in zip(faults, counts, strict=True) if count], rows)
    if "currency" in columns and "rate" not in columns:
        kept = lazy.filter(nw.col("rule") == -1, ~nw.col("currency").is_null())
        found = frames.collect(kept.group_by("currency").agg(nw.len().alias("rows")).sort("currency"))
        if len(found) > 1:
            listed = ", ".join(f"{row['currency']} ({row['rows']:,} rows)" for row in found.rows(named=True))
            raise InvalidTransactions(
                f"Column {columns['currency']!r} holds {len(found)} currencies: {listed}. Amounts of several do not "
                "add up: name a column of exchange rates with rate=, or clean each currency by itself."
            )
    return int(rows)


def _faults(columns: Mapping[str, str], clock: Clock, date_format: str | None, rules: CleaningRules) -> Iterator[Fault]:
    """What cannot be cleaned, among rows that no rule has taken out."""
    left_in = nw.col("rule") == -1
    if rules.missing_id == "raise":
        yield Fault(
            "customer_id",
            nw.col("customer_id").is_null(),
            f"have no customer id in {columns['customer_id']!r}",
            'Pass missing_id="set_aside" to set them aside.',
        )
    for fault in date_faults(columns["date"], clock, date_format):
        yield Fault(fault.shown, left_in & fault.broken, fault.text, fault.remedy)
    for role in NUMBERS:
        if role in columns:
            yield from _number_faults(role, columns[role])
    if "rate" in columns:
        rate = nw.col("rate")
        yield Fault(
            "rate",
            left_in & (rate.is_null() | (rate <= 0).fill_null(False)),
            f"have no exchange rate above 0 in {columns['rate']!r}",
            "Fill in what one unit of the row's currency is worth.",
        )
    if "amount" in columns or "price" in columns:
        beyond = (nw.col("paid").abs() > LARGEST_AMOUNT) | (nw.col("back").abs() > LARGEST_AMOUNT).fill_null(False)
        yield Fault(
            "paid",
            left_in & beyond.fill_null(False),
            f"come to an amount beyond {LARGEST_AMOUNT:g}",
            "Correct them, or state all amounts in a larger unit, such as thousands.",
        )


def _number_faults(role: str, name: str) -> Iterator[Fault]:
    left_in, number = (nw.col("rule") == -1) | (nw.col("rule") == JUDGED.index(NO_AMOUNT)), nw.col(role)
    yield Fault(
        f"stated_{role}",
        left_in & number.is_null() & ~nw.col(f"stated_{role}").is_null() & _not_nan(f"stated_{role}"),
        f"have a {role} in {name!r} that cannot be read as a number",
        "Write numbers with a decimal point, without thousands separators and currency signs.",
    )
    if role == "refunded":
        yield Fault(
            role,
            left_in & (number < 0).fill_null(False),
            f"have a negative number in {name!r}",
            "State what was given back as a positive amount.",
        )


def _not_nan(column: str) -> nw.Expr:
    """Whether what was stated is something else than the word nan, which is how a missing number is often written."""
    return ~nw.col(column).cast(nw.String).str.to_lowercase().is_in(["nan", "null", "none"]).fill_null(False)
