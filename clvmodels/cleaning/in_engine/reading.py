"""Read a log of line items in its engine, and check it there: only counts leave the engine."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.cleaning.ledger import UNITS
from clvmodels.cleaning.ledger_rules import (
    DUPLICATE,
    INTERNAL,
    NO_AMOUNT,
    NO_DATE,
    NO_ID,
    NON_PRODUCT,
    SET_ASIDE_RULES,
    TEST_ORDER,
    VOID,
    ZERO,
)
from clvmodels.cleaning.order_spans import BLANK_SHARE, FEWEST_BLANK, FEWEST_ORDERS, REPEATED_SHARE
from clvmodels.cleaning.order_statuses import ClassifiedStatuses, classify_counts
from clvmodels.cleaning.partition import active_rules
from clvmodels.cleaning.reading import REMEDIES, refuse_contradictions
from clvmodels.cleaning.row_money import LARGEST, Discounts
from clvmodels.cleaning.row_rules import NUMBERS
from clvmodels.cleaning.rules import CleaningRules, LogToClean
from clvmodels.clock import Clock
from clvmodels.transactions.ids import is_shortened, missing_words
from clvmodels.transactions.log import EARLIEST, LARGEST_AMOUNT, LATEST, refuse_shared
from clvmodels.transactions.unnamed_columns import NO, YES, unnamed_columns, unnamed_faults

__all__ = ["EngineItems", "can_be_cleaned", "read_items"]

log_of_engine = logging.getLogger("clvmodels.engine")

NAMES = {
    "no_id": NO_ID,
    "void": VOID,
    "test": TEST_ORDER,
    "no_date": NO_DATE,
    "no_amount": NO_AMOUNT,
    "internal": INTERNAL,
    "non_product": NON_PRODUCT,
    "duplicate": DUPLICATE,
    "zero": ZERO,
}
COMPARED = ("integer", "text", "date", "timestamp", "number", "boolean")  # types of columns in which duplicates agree
MOST_SHORTENED = 100_000  # ids that may be rounded numbers and are looked at
UNNAMED = "other_"
LEFT = "the log is copied to this machine and cleaned there: %s"


class _Elsewhere(Exception):
    """The log has to be cleaned on this machine, for the reason that is the message."""


@dataclass(frozen=True, slots=True, eq=False)
class EngineItems:
    """A checked log of line items in its engine.

    Attributes
    ----------
    engine : Engine
    query : ItemsQuery
    rules : ItemRules
    statuses : ClassifiedStatuses
        How every status of the log is treated.
    discounts : {"share", "percent", "amount"} or None
    rows : int
    """

    engine: frames.Engine
    query: frames.ItemsQuery
    rules: frames.ItemRules
    statuses: ClassifiedStatuses
    discounts: Discounts | None
    rows: int

    def fetch(self, query: frames.Query) -> nw.DataFrame[Any]:
        """Run a query and return its rows."""
        return self.engine.fetch(query.text(), query.types)


def read_items(source: LogToClean) -> EngineItems | None:
    """Check a log in its engine; None if it is not in one, or must be cleaned here, for a reason that is logged.

    A log with a fault is left to this machine, whose error names the rows.
    """
    engine = frames.engine_of(source.log) if frames.is_database(source.log) else None
    if engine is None:
        return None
    refuse_shared(source.columns)
    refuse_contradictions(source.columns)
    try:
        return _read(engine, source)
    except _Elsewhere as reason:
        log_of_engine.info(LEFT, reason)
        return None


def _read(engine: frames.Engine, source: LogToClean) -> EngineItems:
    """Check a log; raise _Elsewhere if an engine cannot clean it."""
    rules, has_money = source.rules, source.has_money
    query = _query(engine, source)
    if source.until is not None:
        if source.time_zone is not None:
            raise _Elsewhere("`until` in a time zone")
        query = replace(query, until=query.clock.last_tick(source.until, "until"))
    codes = active_rules(source.columns, rules, has_money)
    positions = {name: SET_ASIDE_RULES.index(code) for name, code in NAMES.items() if code in codes}
    discounts = _discounts(engine, query, rules) if "discount" in source.columns and has_money else None
    items = frames.ItemRules(
        positions,
        tests=YES,
        no_tests=NO,
        refund_prefix=rules.refund_prefix,
        internal=rules.internal_customers,
        non_products=(*rules.non_products, *_matching_products(engine, query, rules)),
        discount=None if discounts is None else LARGEST.get(discounts, 0.0),
        only_named_duplicates=rules.duplicates == "auto",
    )
    statuses = _statuses(engine, query, items, rules, has_money)
    items = replace(items, void=statuses.void, void_unless_stated=statuses.void_unless_stated, refund=statuses.refund)
    read = EngineItems(engine, query, items, statuses, discounts, 0)
    return replace(read, rows=_check(read, rules, source.until is not None))


def can_be_cleaned(read: EngineItems, source: LogToClean) -> bool:
    """Return whether orders and columns without a role allow a log to be cleaned in its engine, which holds it."""
    try:
        _check_orders(read, source.rules)
        _check_values(read, source.log, source.columns)
    except _Elsewhere as reason:
        log_of_engine.info(LEFT, reason)
        return False
    return True


def _query(engine: frames.Engine, source: LogToClean) -> frames.ItemsQuery:
    """Return how the rows are read, if the types of their columns and the rules allow it."""
    columns, rules = source.columns, source.rules
    clock = Clock(merge_within="hour", time_zone=source.time_zone)
    names = frames.column_names(source.log)
    if any(names.count(name) != 1 for name in columns.values()):
        raise _Elsewhere("a column is missing, or appears twice")
    if source.date_format is not None:
        raise _Elsewhere("date_format")
    if rules.internal_pattern is not None:
        raise _Elsewhere("internal_pattern; name the accounts in internal_customers")
    if rules.repeated_totals == "once":
        raise _Elsewhere("repeated_totals='once'")
    needs = {
        "status": bool(rules.refund_statuses or rules.count_statuses),
        "order_id": rules.refund_prefix is not None,
        "product": bool(rules.non_products or rules.non_product_pattern),
    }
    if any(needed and role not in columns for role, needed in needs.items()):
        raise _Elsewhere("a rule needs a column that was not named")
    present = engine.column_types()
    types = {role: present[name] for role, name in columns.items()}
    finds_duplicates = rules.duplicates == "drop" or (rules.duplicates == "auto" and "order_id" in columns)
    free = [name for name in names if name not in columns.values()] if finds_duplicates else []
    others = {f"{UNNAMED}{i}": name for i, name in enumerate(free)}
    zoned = types["date"] == "instant"
    allowed = {"date": ("date", "timestamp", *(["instant"] if clock.time_zone is not None else []))}
    allowed |= dict.fromkeys(NUMBERS, ("number", "integer"))
    allowed["test"] = ("integer", "text", "boolean")
    for role, kind in types.items():
        if kind not in allowed.get(role, ("integer", "text")):
            raise _Elsewhere(
                f"column {columns[role]!r} is neither of the types {', '.join(allowed.get(role, ('integer', 'text')))}"
            )
    if zoned and engine.dialect.name == "sqlite":
        raise _Elsewhere("timestamps with a zone in SQLite")
    for name in others.values():
        if present[name] not in COMPARED:
            raise _Elsewhere(
                f"column {name!r} has a type in which duplicates are not compared; select the columns you need"
            )
    other_types = {role: present[name] for role, name in others.items()}
    return frames.ItemsQuery(
        engine.dialect,
        engine.source,
        columns,
        types,
        clock,
        missing_words(source.missing_ids),
        others=others,
        other_types=other_types,
        largest=LARGEST_AMOUNT,
    )


def _discounts(engine: frames.Engine, query: frames.ItemsQuery, rules: CleaningRules) -> Discounts:
    """Return what the discounts are, as `recognize_discounts` does."""
    if rules.discounts != "auto":
        return rules.discounts
    statement = query.discounts()
    largest, above = engine.fetch(statement.text(), statement.types).row(0)
    if largest is None:
        return "amount"
    ways: list[Discounts] = ["share"] if largest <= 1 else ["percent"] if largest <= LARGEST["percent"] else []
    ways += [] if above else ["amount"]
    if len(ways) != 1:
        raise _Elsewhere("discounts can be read in two ways, or in none")
    return ways[0]


def _matching_products(engine: frames.Engine, query: frames.ItemsQuery, rules: CleaningRules) -> Sequence[str]:
    """Return the products that match the pattern of those that are none."""
    if rules.non_product_pattern is None:
        return ()
    counted = frames.count_values(engine.dialect, engine.source, query.columns["product"], "product")
    products = engine.fetch(*counted).filter(nw.col("product").str.contains(rules.non_product_pattern))
    matching: list[str] = products["product"].to_list()
    return matching


def _statuses(
    engine: frames.Engine,
    query: frames.ItemsQuery,
    items: frames.ItemRules,
    rules: CleaningRules,
    has_money: bool,
) -> ClassifiedStatuses:
    """Return how the statuses are treated, from their rows and money."""
    if "status" not in query.columns:
        return ClassifiedStatuses()
    statement = query.statuses(items)
    counts = []
    for row in engine.fetch(statement.text(), statement.types).rows(named=True):
        units, size = ((row[f"{name}whole"] or 0) * UNITS + (row[f"{name}micro"] or 0) for name in ("", "size_"))
        counts.append({**row, "rows": row["status_rows"], "units": units, "size": size})
    statuses = classify_counts(counts, query.columns, rules, has_money)
    if statuses.unknown:
        raise _Elsewhere("statuses whose meaning is not known")
    return statuses


def _check(read: EngineItems, rules: CleaningRules, partial: bool) -> int:
    """Return the number of rows; raise _Elsewhere if there are faults."""
    clock = read.query.clock
    statement = read.query.check_items(read.rules, clock.last_tick(EARLIEST), clock.last_tick(LATEST))
    counts = {name: value or 0 for name, value in read.fetch(statement).rows(named=True)[0].items()}
    rows: int = counts["all_rows"]
    if counts["faults"] or (counts["without_id"] and rules.missing_id == "raise"):
        raise _Elsewhere("rows at fault")
    if counts["blank_rows"] >= max(FEWEST_BLANK, BLANK_SHARE * rows):
        raise _Elsewhere("rows of an amount alone")
    if not rows or (counts["not_sales"] and counts["not_sales"] + counts["without_id"] == rows and not partial):
        raise _Elsewhere("no row is a sale")
    return rows


def _check_orders(read: EngineItems, rules: CleaningRules) -> None:
    """Raise _Elsewhere if ids are rounded, lines of an order lack its customer, or orders are stated twice."""
    columns = read.query.columns
    for role in ("customer_id", "order_id"):
        if read.query.types.get(role) == "text":
            few = read.query.shortened_ids(read.rules, role, MOST_SHORTENED)
            if len(read.fetch(few).filter(is_shortened(role))):
                raise _Elsewhere("ids that are rounded numbers")
    if "order_id" not in columns:
        return
    has_money = read.query.has_money
    states = rules.overlaps == "auto" and bool({"status", "refunded"} & columns.keys()) and has_money
    doubts = read.fetch(frames.doubtful_orders(read.query, read.rules, states)).rows(named=True)[0]
    if any(doubts.values()):
        raise _Elsewhere("orders in two states, or with and without a customer")
    if rules.repeated_totals != "raise" or "amount" not in columns:
        return
    several, alike, amounts = read.fetch(frames.repeated_amounts(read.query, read.rules)).row(0)
    alike = alike or 0
    if alike >= max(FEWEST_ORDERS, REPEATED_SHARE * several) and amounts >= max(3, alike / 2):
        raise _Elsewhere("totals that are repeated on every line")


def _check_values(read: EngineItems, log: frames.Frame, columns: Mapping[str, str]) -> None:
    """Raise _Elsewhere if there are several currencies, or a column that nobody named says that rows are not sales."""
    if "currency" in columns and "rate" not in columns:
        currencies = read.fetch(frames.values_of_sales(read.query, read.rules, "currency"))
        if len(currencies.drop_nulls()) > 1:
            raise _Elsewhere("several currencies")
    unnamed = unnamed_columns(log, columns, read.query.has_money)
    if not unnamed:
        return
    by_name = {name: role for role, name in read.query.others.items()}
    tables = {}
    for role, name in unnamed.items():
        if name not in by_name:
            other = {**read.query.others, f"{UNNAMED}{role}": name}
            kinds = {**read.query.other_types, f"{UNNAMED}{role}": read.engine.column_types()[name]}
            query = replace(read.query, others=other, other_types=kinds, held=None)
            column = f"{UNNAMED}{role}"
        else:
            query, column = read.query, by_name[name]
        values = read.fetch(frames.values_of_sales(query, read.rules, column))
        tables[role] = values.rename({"value": role}).lazy()
    if unnamed_faults(tables, unnamed, REMEDIES, count="value_rows"):
        raise _Elsewhere("a column that was not named")
