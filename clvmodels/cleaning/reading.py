"""Read a log for cleaning: check its columns, count the money of each row, and apply the rules that look at one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.cleaning.ledger_rules import NO_ID, REMAINS, ROW_RULES, VOID
from clvmodels.cleaning.order_spans import repeated_cells, repeated_totals, with_customers_of_orders
from clvmodels.cleaning.order_statuses import ClassifiedStatuses, classify_statuses
from clvmodels.cleaning.overlaps import orders_in_two_states, with_superseded
from clvmodels.cleaning.row_money import (
    cost_before_discount,
    discount_faults,
    discount_finding,
    recognize_discounts,
    with_units,
    without_percent_signs,
)
from clvmodels.cleaning.row_rules import NUMBERS, row_faults, row_rule, with_signs
from clvmodels.cleaning.rules import LogToClean
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.language import Finding, Findings
from clvmodels.transactions.faults import Fault, refuse, repeated_in_files
from clvmodels.transactions.ids import clean_ids, find_placeholder, missing_words, placeholder_fault
from clvmodels.transactions.log import id_faults, refuse_shared, with_types
from clvmodels.transactions.stray_dates import PeriodArguments, doubtful_dates
from clvmodels.transactions.unnamed_columns import Kind, unnamed_columns, unnamed_faults

__all__ = ["REMEDIES", "LineItems", "read_log", "refuse_contradictions", "unread_discounts"]

OVERLAPPING = (
    "Name the orders with order_id=, or pass duplicates='drop' to count them once, or duplicates='keep' if both are "
    "sales (in Python, a field of CleaningRules)."
)
UNNAMED = "other_"
ROWS_PER_PARTITION = 8_000_000
HOURS_PER_DAY = 24
REMEDIES: dict[Kind, str] = {  # remedies for columns that were not named
    "currency": "name it with currency=, and a column of exchange rates with rate=, or clean each currency separately",
    "test": "name it with test= to set them aside, with test_orders='count' if they are sales (in Python, a field of "
    "CleaningRules)",
    "status": "Name it with status={name!r}; if these are sales, name its words in count_statuses= (in Python, a field "
    "of CleaningRules)",
    "refund": "Name it with refunded={name!r} if it has amounts, otherwise with status={name!r} and its values in "
    "void_statuses= and count_statuses= (in Python, fields of CleaningRules)",
    "payment": "If it has days, name it with date={name!r} and pass on_missing_date='set_aside'; otherwise name it "
    "with status={name!r} and its values in void_statuses= and count_statuses= (in Python, fields of CleaningRules)",
}


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
    doubts : tuple of Finding
        How discounts were read, or which column of discounts was ignored.
    overlap : bool
        Whether files have orders in different states.
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
    doubts: Findings = ()
    overlap: bool = False


@frames.load_once()
def read_log(source: LogToClean, statuses: ClassifiedStatuses | None = None) -> LineItems:
    """Open a log, count the money of every row, and apply the rules that look at one row.

    `statuses` are those of the whole log, if this is a part of it.

    Raises
    ------
    InvalidTransactions
        One error that lists every fault: the column, the number of rows, the first few, and the remedy.
    """
    log, columns, rules, date_format = source.log, source.columns, source.rules, source.date_format
    refuse_shared(columns)
    refuse_contradictions(columns)
    clock = Clock(merge_within="hour", time_zone=source.time_zone)
    has_money = source.has_money
    finds_duplicates = rules.duplicates == "drop" or (rules.duplicates == "auto" and "order_id" in columns)
    present = [name for name in frames.column_names(log, columns.values()) if name not in columns.values()]
    others = {f"{UNNAMED}{i}": name for i, name in enumerate(present)} if finds_duplicates else {}
    unnamed = unnamed_columns(log, columns, has_money)
    opened = frames.open_frame(
        log,
        {**columns, **others, **unnamed},
        text_id="customer_id",
        csv_as_text=True,
        roles_are_arguments=True,
        collect_faults=True,
    )
    parsed = _parse_once(opened, source, clock)
    lazy = parsed.lazy
    if source.until is not None:
        by_then = (nw.col("tick") <= clock.last_tick(source.until, "until")).fill_null(True)
        lazy = frames.with_positions(lazy).filter(by_then)
    lazy, filled = with_customers_of_orders(lazy, columns)
    superseded = with_superseded(lazy, columns, list(others), opened.row_names, rules)
    lazy = superseded.lazy
    cost = cost_before_discount(columns)
    doubtful: list[str | None] = [*opened.faults, *parsed.faults, *superseded.faults]
    discounts = None
    if "discount" in columns and cost is not None:
        try:
            discounts = recognize_discounts(lazy, columns, rules, cost, parsed.signed)
        except InvalidTransactions as error:
            doubtful.append(str(error))
    lazy = with_units(lazy, columns, discounts)
    statuses = classify_statuses(lazy, columns, rules, has_money) if statuses is None else statuses
    lazy = with_signs(lazy, columns, rules, statuses)
    lazy = lazy.with_columns(rule=row_rule(columns, rules, statuses, has_money))
    remains = nw.col("rule") == REMAINS
    faults = [
        *(replace(fault, mask=remains & fault.mask) for fault in id_faults(lazy, columns)),
        *row_faults(columns, clock, date_format, rules),
        *(discount_faults(columns, discounts, cost, remains) if discounts is not None and cost is not None else ()),
    ]
    remaining = lazy.filter(remains)
    doubtful += unnamed_faults(dict.fromkeys(unnamed, remaining), unnamed, REMEDIES)
    doubtful.append(orders_in_two_states(lazy.filter(~statuses.is_refund) if statuses.refund else lazy, columns, rules))
    if "currency" in columns and "rate" not in columns:
        doubtful.append(_several_currencies(remaining, columns["currency"]))
    by_files = opened.as_text or opened.row_names.sections
    if "order_id" not in columns and rules.duplicates == "auto" and by_files:
        doubtful.append(repeated_in_files(lazy, opened.row_names, (OVERLAPPING, OVERLAPPING)))
    if rules.repeated_totals == "raise" and {"order_id", "amount"} <= columns.keys():
        doubtful.append(repeated_totals(remaining, [*columns, *others] if finds_duplicates else [], columns))
    partial, named_ids = source.until is not None, source.missing_ids is not None
    rows = _check(lazy, columns, faults, date_format, opened.row_names, statuses, partial, doubtful, not named_ids)
    names = [*columns, "units", "refund_units", "rule", *others]
    doubts = list(unread_discounts(present, columns))
    if filled:
        doubts.append(Finding("cleaning-filled-customers", {"rows": filled}))
    if discounts is not None and cost is not None:
        doubts.append(discount_finding(lazy.filter(remains), discounts, cost))
    return LineItems(
        lazy=lazy.select(names),
        columns=columns,
        others=list(others),
        kind=opened.kind,
        rows=rows,
        partitions=1 + rows // ROWS_PER_PARTITION,
        has_money=has_money,
        statuses=statuses,
        opened_files=opened.opened_files,
        doubts=tuple(doubts),
        overlap=superseded.any,
    )


@dataclass(frozen=True, slots=True)
class _ParsedRows:
    """Rows with ids, ticks, numbers and codes; faults of whole columns; and whether discounts have percent signs."""

    lazy: nw.LazyFrame[Any]
    faults: list[str]
    signed: bool


def _parse_once(opened: frames.OpenedFrame, source: LogToClean, clock: Clock) -> _ParsedRows:
    """Return the parsed rows of a log, as they were parsed before if its rows are kept in memory."""
    words = missing_words(source.missing_ids)
    if opened.results is None:
        return _parse(opened, source, clock, words)
    how = ("parsed", clock, source.date_format, words)
    if how not in opened.results:
        parsed = _parse(opened, source, clock, words)
        opened.results[how] = replace(parsed, lazy=frames.collect(parsed.lazy).lazy())
    parsed_before: _ParsedRows = opened.results[how]
    return parsed_before


def _parse(opened: frames.OpenedFrame, source: LogToClean, clock: Clock, words: tuple[str, ...]) -> _ParsedRows:
    """Parse each row by itself, of whatever day."""
    columns = source.columns
    lazy = clean_ids(opened.lazy, "customer_id", words, parse_integers=opened.as_text)
    signed = False
    if "discount" in columns:
        lazy, signed = without_percent_signs(lazy)
    lazy, faults = with_types(lazy, clock, columns, source.date_format, opened, NUMBERS)
    lazy = _with_codes(_without_nan(lazy, columns), columns)
    if "order_id" in columns:
        lazy = clean_ids(lazy, "order_id", words)
    return _ParsedRows(lazy, faults, signed)


def unread_discounts(present: Sequence[str], columns: Mapping[str, str]) -> Findings:
    """Return a finding if prices may be list prices and a column of discounts was not named."""
    if "price" not in columns or "discount" in columns:
        return ()
    names = frames.roles_by_name(present).get("discount", ())
    return tuple(Finding("cleaning-unread-discounts", {"column": name}, "caution") for name in names[:1])


def _without_nan(lazy: nw.LazyFrame[Any], columns: Mapping[str, str]) -> nw.LazyFrame[Any]:
    """Make numbers missing that are NaN."""
    present = [nw.col(role) for role in NUMBERS if role in columns]
    return lazy.with_columns(nw.when(~number.is_nan()).then(number) for number in present) if present else lazy


def refuse_contradictions(columns: Mapping[str, str]) -> None:
    """Raise InvalidOption if the columns contradict each other, or one needs another."""
    if "amount" in columns and "price" in columns:
        raise InvalidOption("Pass amount=, what a row costs, or price= and quantity=, but not both.")
    if "price" in columns and "quantity" not in columns:
        raise InvalidOption("price= needs quantity=; if each row is one piece, pass the price as amount=.")
    if "quantity" in columns and not {"price", "amount"} & columns.keys():
        raise InvalidOption("quantity= alone is not an amount of money: pass price= as well, or omit it.")
    if "rate" in columns and "currency" not in columns:
        raise InvalidOption("rate= needs currency=, the column of currencies that it converts.")
    if "discount" in columns and not {"price", "amount"} & columns.keys():
        raise InvalidOption("discount= lowers what a row costs: pass amount=, or price= and quantity=, too.")
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


def _check(
    lazy: nw.LazyFrame[Any],
    columns: Mapping[str, str],
    faults: list[Fault],
    date_format: str | None,
    row_names: frames.RowNames,
    statuses: ClassifiedStatuses,
    partial: bool,
    doubtful: Sequence[str | None],
    usual_ids: bool,
) -> int:
    """Return the number of rows; raise one error that lists all faults of rows that no rule has set aside.

    `doubtful` are faults of the log as a whole, or None. If there are other faults, dates and ids that would stop the
    functions which read the result are reported too; `usual_ids` are the ids that mean nobody.
    """
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
    merged = repeated_cells(lazy, columns, rows) if without_id else None
    no_sale = not_sales and not_sales + without_id == rows and not partial
    all_void = statuses.all_void(columns["status"]) if no_sale else None
    further = [each for each in (unclassified, all_void, merged, *doubtful) if each is not None]
    if broken or further:
        further += _faults_of_result(lazy.filter(nw.col("rule") == REMAINS), columns, usual_ids)
    refuse(lazy, broken, rows, date_format, row_names, further)
    return int(rows)


def _faults_of_result(remaining: nw.LazyFrame[Any], columns: Mapping[str, str], usual_ids: bool) -> list[str]:
    """Return what would stop the functions that read the result: a placeholder id, or dates far from the others."""
    placeholder = find_placeholder(remaining) if usual_ids else None
    faults = []
    if placeholder is not None:
        faults.append(placeholder_fault(placeholder, columns["customer_id"], "its rows set aside"))
    by_day = remaining.with_columns(tick=nw.col("tick") // HOURS_PER_DAY)
    return faults + doubtful_dates(by_day, Clock(), PeriodArguments())


def _several_currencies(remaining: nw.LazyFrame[Any], name: str) -> str | None:
    """Return an error text if the remaining rows are in several currencies; None otherwise."""
    stated = remaining.filter(~nw.col("currency").is_null())
    currencies = frames.collect(stated.group_by("currency").agg(nw.len().alias("rows")).sort("currency"))
    if len(currencies) < 2:
        return None
    listed = ", ".join(f"{row['currency']} ({row['rows']:,} rows)" for row in currencies.rows(named=True))
    return (
        f"Column {name!r} has {len(currencies)} currencies: {listed}. Amounts in different currencies cannot be "
        "added up: name a column of exchange rates with rate=, or clean each currency separately."
    )
