"""Read a log for cleaning: check its columns, count the money of each row, and apply the rules that look at one row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.cleaning.ledger import UNITS
from clvmodels.cleaning.ledger_rules import INTERNAL, NO_AMOUNT, NO_ID, NON_PRODUCT, REMAINS, ROW_RULES, VOID
from clvmodels.cleaning.order_spans import refuse_repeated_totals
from clvmodels.cleaning.order_statuses import ClassifiedStatuses, classify_statuses
from clvmodels.cleaning.rules import CleaningRules
from clvmodels.clock import Clock, Moment
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.currencies import UNNAMED_CURRENCY, currency_column, refuse_several_currencies
from clvmodels.transactions.ids import MissingIds, clean_ids, missing_words
from clvmodels.transactions.log import (
    LARGEST_AMOUNT,
    Fault,
    date_faults,
    id_faults,
    refuse,
    refuse_shared,
    with_numbers,
    with_ticks,
)

__all__ = ["LineItems", "read_log"]

NUMBERS = ("amount", "quantity", "price", "rate", "refunded")
UNNAMED = "other_"
ROWS_PER_PARTITION = 8_000_000


@dataclass(frozen=True, slots=True)
class LineItems:
    """A checked log as a lazy plan.

    Attributes
    ----------
    lazy : narwhals.LazyFrame
        The columns under their roles, with `date` and numbers parsed; `units`, the money of each row in millionths
        (missing without money); `refund_units`, what was refunded of its order; `rule`, the position in `ROW_RULES` of
        the rule that sets the row aside, or -1; and, if duplicates are to be found, all other columns.
    columns : mapping of role to column name
    others : list of str
        Columns of the plan that have no role.
    kind : FrameKind
        The kind of frame to return.
    rows, partitions : int
        Rows of the log, and the number of partitions of the customers to clean it in.
    has_money : bool
    statuses : ClassifiedStatuses
        How every status of the log is treated.
    opened_files : tuple of OpenedFile
        What was recognized of the files.
    """

    lazy: nw.LazyFrame[Any]
    columns: Mapping[str, str]
    others: list[str]
    kind: frames.FrameKind
    rows: int
    partitions: int
    has_money: bool
    statuses: ClassifiedStatuses
    opened_files: tuple[frames.OpenedFile, ...] = ()


def read_log(
    log: frames.Frame | str | Path,
    columns: Mapping[str, str],
    rules: CleaningRules,
    date_format: str | None,
    time_zone: str | None,
    until: Moment | None = None,
    missing_ids: MissingIds = None,
) -> LineItems:
    """Open a log, count the money of every row, and apply the rules that look at one row.

    Rows later than the moment `until` are ignored.

    Raises
    ------
    InvalidTransactions
        One error that lists every fault: the column, the number of rows, the first few, and the remedy.
    """
    refuse_shared(columns)
    _refuse_contradictions(columns)
    clock = Clock(merge_within="hour", time_zone=time_zone)
    has_money = "amount" in columns or "price" in columns
    finds_duplicates = rules.duplicates == "drop" or (rules.duplicates == "auto" and "order_id" in columns)
    unnamed = []
    if finds_duplicates:
        unnamed = [name for name in frames.column_names(log, columns.values()) if name not in columns.values()]
    others = {f"{UNNAMED}{i}": name for i, name in enumerate(unnamed)}
    currency = currency_column(log, columns.values()) if has_money and "currency" not in columns else None
    unnamed_currency = {} if currency is None else {UNNAMED_CURRENCY: currency}
    opened = frames.open_frame(
        log,
        {**columns, **others, **unnamed_currency},
        text_id="customer_id",
        csv_as_text=True,
        roles_are_arguments=True,
    )
    words = missing_words(missing_ids)
    lazy = clean_ids(opened.lazy, "customer_id", words, parse_integers=opened.as_text)
    lazy = with_ticks(lazy, clock, columns["date"], date_format)
    if until is not None:
        by_then = (nw.col("tick") <= clock.last_tick(until, "until")).fill_null(True)
        lazy = frames.with_positions(lazy).filter(by_then)
    for role in NUMBERS:
        if role in columns:
            lazy = with_numbers(lazy, role, columns[role], opened.as_text)
            lazy = lazy.with_columns(nw.when(~nw.col(role).is_nan()).then(nw.col(role)).alias(role))
    lazy = _with_codes(lazy, columns)
    if "order_id" in columns:
        lazy = clean_ids(lazy, "order_id", words)
    lazy = _with_units(lazy, columns)
    statuses = classify_statuses(lazy, columns, rules, has_money)
    lazy = _with_signs(lazy, columns, rules, statuses)
    lazy = lazy.with_columns(rule=_row_rule(columns, rules, statuses, has_money))
    faults = [
        *(replace(fault, mask=(nw.col("rule") == REMAINS) & fault.mask) for fault in id_faults(lazy, columns)),
        *_faults(columns, clock, date_format, rules),
    ]
    rows = _check(lazy, columns, faults, date_format, opened.row_names, statuses, until is not None)
    if currency is not None:
        remaining = lazy.filter(nw.col("rule") == REMAINS)
        remedy = "name it with currency=, and a column of exchange rates with rate=, or clean each currency separately"
        refuse_several_currencies(remaining, UNNAMED_CURRENCY, currency, remedy)
    if rules.repeated_totals == "raise" and {"order_id", "amount"} <= columns.keys():
        refuse_repeated_totals(
            lazy.filter(nw.col("rule") == REMAINS), [*columns, *others] if finds_duplicates else [], columns
        )
    names = [*columns, "units", "refund_units", "rule", *others]
    partitions = 1 + rows // ROWS_PER_PARTITION
    return LineItems(
        lazy.select(names),
        columns,
        list(others),
        opened.kind,
        rows,
        partitions,
        has_money,
        statuses,
        opened.opened_files,
    )


def _refuse_contradictions(columns: Mapping[str, str]) -> None:
    """Raise InvalidOption if the columns contradict each other, or one needs another."""
    if "amount" in columns and "price" in columns:
        raise InvalidOption("Pass amount=, what a row costs, or price= and quantity=, but not both.")
    if "price" in columns and "quantity" not in columns:
        raise InvalidOption("price= needs quantity=; if each row is one piece, pass the price as amount=.")
    if "quantity" in columns and not {"price", "amount"} & columns.keys():
        raise InvalidOption("quantity= alone is not an amount of money: pass price= as well, or omit it.")
    if "rate" in columns and "currency" not in columns:
        raise InvalidOption("rate= needs currency=, the column of currencies that it converts.")
    if "refunded" in columns and not {"price", "amount"} & columns.keys():
        raise InvalidOption("refunded= is subtracted from what was paid: pass amount=, or price= and quantity=, too.")


def _with_codes(lazy: nw.LazyFrame[Any], columns: Mapping[str, str]) -> nw.LazyFrame[Any]:
    """Convert ids of orders and products back to text if missing values turned them into floats."""
    schema = lazy.collect_schema()
    for role in ("order_id", "product"):
        if role in columns and schema[role].is_float():
            code = nw.col(role)
            whole = (code == code.floor()) & (code.abs() < 2.0**53)
            text = nw.when(whole).then(code.cast(nw.Int64).cast(nw.String)).otherwise(code.cast(nw.String))
            lazy = lazy.with_columns(nw.when(~code.is_nan()).then(text).alias(role))
    return lazy


def _with_units(lazy: nw.LazyFrame[Any], columns: Mapping[str, str]) -> nw.LazyFrame[Any]:
    """Add the money of each row and the money refunded of its order, in millionths."""
    if "amount" in columns:
        paid = nw.col("amount")
    elif "price" in columns:
        paid = nw.col("quantity") * nw.col("price")
    else:
        none = nw.lit(None, dtype=nw.Int64)
        return lazy.with_columns(units=none, refund_units=none)
    refunded = nw.col("refunded") if "refunded" in columns else nw.lit(None, dtype=nw.Float64)
    if "rate" in columns:
        paid, refunded = paid * nw.col("rate"), refunded * nw.col("rate")
    lazy = lazy.with_columns(paid=paid, paid_back=refunded)
    lazy = _in_units(_in_units(lazy, "paid", "units"), "paid_back", "refund_units")
    return lazy.with_columns(refund_units=nw.when(nw.col("refund_units") > 0).then(nw.col("refund_units")))


def _with_signs(
    lazy: nw.LazyFrame[Any], columns: Mapping[str, str], rules: CleaningRules, statuses: ClassifiedStatuses
) -> nw.LazyFrame[Any]:
    """Make the money of refunds negative."""
    refund = _is_refund(columns, rules, statuses)
    if refund is None:
        return lazy
    return lazy.with_columns(units=nw.when(refund).then(-nw.col("units").abs()).otherwise(nw.col("units")))


def _is_refund(columns: Mapping[str, str], rules: CleaningRules, statuses: ClassifiedStatuses) -> nw.Expr | None:
    """Return whether a row is a refund by its quantity, status or order id; None if no rule says so."""
    signs = []
    if "quantity" in columns:
        signs.append((nw.col("quantity") < 0).fill_null(False))
    for name in ("refund_statuses", "count_statuses"):
        if getattr(rules, name):
            _needs("status", columns, name)
    if statuses.refund:
        signs.append(statuses.is_refund)
    if rules.refund_prefix is not None:
        _needs("order_id", columns, "refund_prefix")
        signs.append(nw.col("order_id").cast(nw.String).str.starts_with(rules.refund_prefix).fill_null(False))
    return nw.any_horizontal(*signs, ignore_nulls=True) if signs else None


def _in_units(lazy: nw.LazyFrame[Any], amount: str, units: str) -> nw.LazyFrame[Any]:
    """Add an amount in whole millionths, rounding halves away from 0; missing where it exceeds LARGEST_AMOUNT.

    Whole part and fraction are scaled separately, so that an amount in millionths converts back to the same float.
    """
    size, whole, fraction = nw.col("size"), nw.col("whole"), nw.col("fraction")
    lazy = lazy.with_columns(size=nw.col(amount).abs())
    lazy = lazy.with_columns(size=nw.when(size <= LARGEST_AMOUNT).then(size))
    lazy = lazy.with_columns(whole=size.floor())
    lazy = lazy.with_columns(fraction=((size - whole) * UNITS + 0.5).floor().cast(nw.Int64))
    lazy = lazy.with_columns((whole.cast(nw.Int64) * UNITS + fraction).alias(units))
    return lazy.with_columns(nw.when(nw.col(amount) < 0).then(-nw.col(units)).otherwise(nw.col(units)).alias(units))


def _row_rule(
    columns: Mapping[str, str], rules: CleaningRules, statuses: ClassifiedStatuses, has_money: bool
) -> nw.Expr:
    """Return the position in `ROW_RULES` of the first rule that sets a row aside; -1 if none does."""
    conditions = {NO_ID: nw.col("customer_id").is_null()}
    if "status" in columns:
        conditions[VOID] = statuses.is_void
    if has_money:
        stated = ("amount",) if "amount" in columns else ("quantity", "price")
        conditions[NO_AMOUNT] = nw.any_horizontal(*(nw.col(role).is_null() for role in stated), ignore_nulls=True)
    internal = _listed("customer_id", rules.internal_customers, rules.internal_pattern)
    if internal is not None:
        conditions[INTERNAL] = internal
    non_product = _listed("product", rules.non_products, rules.non_product_pattern)
    if non_product is not None:
        _needs("product", columns, "non_products")
        conditions[NON_PRODUCT] = non_product
    position = nw.lit(REMAINS)
    for rule in reversed(ROW_RULES):
        if rule in conditions:
            position = nw.when(conditions[rule]).then(nw.lit(ROW_RULES.index(rule))).otherwise(position)
    return position.cast(nw.Int8)


def _listed(role: str, values: tuple[str, ...], pattern: str | None) -> nw.Expr | None:
    """Return whether a value is in a list or matches a pattern; None if there is neither."""
    text = nw.col(role).cast(nw.String)
    conditions = [text.is_in(list(values)).fill_null(False)] if values else []
    if pattern is not None:
        conditions.append(text.str.contains(pattern).fill_null(False))
    return nw.any_horizontal(*conditions, ignore_nulls=True) if conditions else None


def _needs(role: str, columns: Mapping[str, str], rule: str) -> None:
    """Raise InvalidOption if a rule needs a column that was not named."""
    if role not in columns:
        raise InvalidOption(f"The rule {rule} needs a column: name it with {role}=.")


def _check(
    lazy: nw.LazyFrame[Any],
    columns: Mapping[str, str],
    faults: list[Fault],
    date_format: str | None,
    row_names: frames.RowNames,
    statuses: ClassifiedStatuses,
    partial: bool,
) -> int:
    """Return the number of rows; raise one error that lists all faults of rows that no rule has set aside."""
    void = nw.col("rule") == ROW_RULES.index(VOID)
    nobody = nw.col("rule") == ROW_RULES.index(NO_ID)
    rows, not_sales, without_id, *counts = frames.collect(
        lazy.select(
            nw.len().alias("rows"),
            void.sum().alias("not_sales"),
            nobody.sum().alias("without_id"),
            *(fault.mask.sum().alias(f"fault_{i}") for i, fault in enumerate(faults)),
        )
    ).row(0)
    broken = [(fault, count) for fault, count in zip(faults, counts, strict=True) if count]
    unclassified = statuses.fault(columns.get("status", ""))
    refuse(lazy, broken, rows, date_format, row_names, [] if unclassified is None else [unclassified])
    if not_sales and not_sales + without_id == rows and not partial:
        raise InvalidTransactions(statuses.all_void(columns["status"]))
    if "currency" in columns and "rate" not in columns:
        _refuse_several_currencies(lazy, columns["currency"])
    return int(rows)


def _refuse_several_currencies(lazy: nw.LazyFrame[Any], name: str) -> None:
    """Raise InvalidTransactions if the rows that no rule has set aside are in several currencies."""
    remaining = lazy.filter(nw.col("rule") == REMAINS, ~nw.col("currency").is_null())
    currencies = frames.collect(remaining.group_by("currency").agg(nw.len().alias("rows")).sort("currency"))
    if len(currencies) > 1:
        listed = ", ".join(f"{row['currency']} ({row['rows']:,} rows)" for row in currencies.rows(named=True))
        raise InvalidTransactions(
            f"Column {name!r} has {len(currencies)} currencies: {listed}. Amounts in different currencies cannot be "
            "added up: name a column of exchange rates with rate=, or clean each currency separately."
        )


def _faults(columns: Mapping[str, str], clock: Clock, date_format: str | None, rules: CleaningRules) -> Iterator[Fault]:
    """Yield the faults that make cleaning impossible, among rows that no rule has set aside."""
    remains = nw.col("rule") == REMAINS
    if rules.missing_id == "raise":
        yield Fault(
            "customer_id",
            nw.col("customer_id").is_null(),
            f"no customer id in {columns['customer_id']!r}",
            'Pass missing_id="set_aside" to set them aside.',
        )
    for fault in date_faults(columns["date"], clock, date_format):
        yield replace(fault, mask=remains & fault.mask)
    for role in NUMBERS:
        if role in columns:
            yield from _number_faults(role, columns[role])
    if "rate" in columns:
        rate = nw.col("rate")
        yield Fault(
            "rate",
            remains & (rate.is_null() | (rate <= 0).fill_null(False)),
            f"no exchange rate above 0 in {columns['rate']!r}",
            "Fill in the value of one unit of the row's currency.",
        )
    if "amount" in columns or "price" in columns:
        beyond = (nw.col("paid").abs() > LARGEST_AMOUNT) | (nw.col("paid_back").abs() > LARGEST_AMOUNT).fill_null(False)
        yield Fault(
            "paid",
            remains & beyond.fill_null(False),
            f"an amount beyond {LARGEST_AMOUNT:g}",
            "Correct them, or state all amounts in a larger unit, such as thousands.",
        )


def _number_faults(role: str, name: str) -> Iterator[Fault]:
    """Yield the faults of a column of numbers."""
    remains, number = (nw.col("rule") == REMAINS) | (nw.col("rule") == ROW_RULES.index(NO_AMOUNT)), nw.col(role)
    yield Fault(
        f"stated_{role}",
        remains & number.is_null() & ~nw.col(f"stated_{role}").is_null() & _not_nan(f"stated_{role}"),
        f"{'an' if role == 'amount' else 'a'} {role} in {name!r} that cannot be read as a number",
        "Write numbers with a decimal point and without thousands separators or currency signs.",
    )
    if role == "refunded":
        yield Fault(
            role,
            remains & (number < 0).fill_null(False),
            f"a negative number in {name!r}",
            "State refunds as positive amounts.",
        )


def _not_nan(column: str) -> nw.Expr:
    """Return whether the stated text is not "nan", "null" or "none", which often stand for a missing number."""
    return ~nw.col(column).cast(nw.String).str.to_lowercase().is_in(["nan", "null", "none"]).fill_null(False)
