"""Clean a log in its engine; customers with refunds, which are matched with purchases, are cleaned on this machine."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from clvmodels import frames
from clvmodels.cleaning.cleaning_state import KEYS, first_example
from clvmodels.cleaning.in_engine.reading import EngineItems, can_be_cleaned, read_items
from clvmodels.cleaning.ledger import UNITS, Example, LedgerTally
from clvmodels.cleaning.ledger_rules import (
    FLAGGED,
    KEPT,
    MERGED,
    REMAINS,
    ROWS_IN,
    SET_ASIDE_RULES,
    WINSORIZED,
)
from clvmodels.cleaning.order_statuses import ClassifiedStatuses
from clvmodels.cleaning.partition import active_rules, clean_partition
from clvmodels.cleaning.reading import read_log, unread_discounts
from clvmodels.cleaning.rules import CleaningRules, LogToClean
from clvmodels.errors import InvalidTransactions
from clvmodels.language import Finding, Findings
from clvmodels.transactions.ids import FEWEST_ROWS, find_tests, find_variants, placeholder_among

__all__ = ["EngineCleaned", "clean_in_engine"]

WEEK = 7 * 24  # hours
NUMBERS = itertools.count()  # so that a pending result never reads the table of another one
ARROW = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True, slots=True, eq=False)
class EngineCleaned:
    """What `clean` made of a log in its engine.

    Attributes
    ----------
    transactions, set_aside : table of the engine
    tally : LedgerTally
    statuses : ClassifiedStatuses
    doubts : tuple of Finding
    """

    transactions: frames.Frame
    set_aside: frames.Frame
    tally: LedgerTally
    statuses: ClassifiedStatuses
    doubts: Findings


def clean_in_engine(source: LogToClean) -> EngineCleaned | None:
    """Clean a log where it is; None if it is not in an engine, or must be cleaned on this machine."""
    items = read_items(source)
    if items is None:
        return None
    held = f"clvmodels_items_{next(NUMBERS)}"
    items.engine.hold(held, items.query.all_items(items.rules).text())
    marked = replace(items, query=replace(items.query, held=held))
    try:
        if not can_be_cleaned(marked, source):
            return None
        return _clean(marked, items.query, source)
    finally:
        items.engine.release(held)


def _clean(items: EngineItems, lasting: frames.ItemsQuery, source: LogToClean) -> EngineCleaned:
    """Clean a log whose marked rows the engine holds; the results read the log itself, by the query `lasting`."""
    rules = source.rules
    flag = source.has_money and rules.outliers != "keep"
    tally = LedgerTally([ROWS_IN, *active_rules(source.columns, rules, source.has_money), KEPT])
    number = next(NUMBERS)
    names = [f"clvmodels_{kind}_{number}" for kind in ("customers", "orders", "rows")]
    orders = frames.OrdersQuery(items.query, items.rules, 0 if rules.orders == "split" else WEEK, *names)
    tables = dict(zip(names, _clean_elsewhere(items, orders, rules, tally), strict=True))
    cleaning = _Cleaning(items, orders, rules, tally, tables)
    cleaning.add_rules()
    cleaning.add_orders()
    limit = cleaning.add_outliers() if flag else None
    results = frames.OrdersQuery(lasting, items.rules, orders.span, *names)
    doubts = (*_discount_findings(items, source), *cleaning.doubts())
    return EngineCleaned(
        transactions=cleaning.table(results.transactions(limit, flag, rules.outliers == "winsorize")),
        set_aside=cleaning.table(results.set_aside(dict(enumerate(SET_ASIDE_RULES)))),
        tally=tally,
        statuses=items.statuses,
        doubts=doubts,
    )


def _clean_elsewhere(
    items: EngineItems, orders: frames.OrdersQuery, rules: CleaningRules, tally: LedgerTally
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Clean the customers whose rows must be compared one by one; return their ids, orders and rows set aside."""
    rows = items.fetch(orders.rows_elsewhere())
    roles = {role: role for role in items.query.columns}
    rules = replace(rules, repeated_totals="sum", discounts=items.discounts or "auto")
    types = items.query.output_types
    if not len(rows):
        ids = pa.table({"customer_id": pa.array([], _arrow(types["customer_id"]))})
        empty = {name: pa.array([], _arrow(kind)) for name, kind in orders.order_types.items()}
        money = {name: pa.array([], pa.int64()) for name in ("whole", "micro")} if items.query.has_money else {}
        out = {role: pa.array([], _arrow(types[role])) for role in roles}
        return ids, pa.table({**empty, **money}), pa.table({**out, "reason": pa.array([], pa.string())})
    part = read_log(LogToClean(rows.to_native(), roles, rules, missing_ids=""), items.statuses)
    cleaned = clean_partition(frames.collect(part.lazy), part, rules, tally)
    orders_of_part = cleaned.transactions.drop("units", strict=False)
    if items.query.has_money:
        size = np.abs(orders_of_part["amount"].to_numpy())
        sign = np.where(orders_of_part["amount"].to_numpy() < 0, -1, 1)
        whole = np.floor(size)
        micro = np.floor((size - whole) * UNITS + 0.5)
        added = {"whole": sign * whole.astype(np.int64), "micro": sign * micro.astype(np.int64)}
        backend = orders_of_part.implementation
        orders_of_part = orders_of_part.drop("amount").with_columns(
            nw.new_series(name, values, backend=backend) for name, values in added.items()
        )
    names = [*orders.order_types, *(("whole", "micro") if items.query.has_money else ())]
    ids_of_part = rows.select("customer_id").unique()
    return (
        _as_arrow(ids_of_part, types),
        _as_arrow(orders_of_part.select(names), types),
        _as_arrow(cleaned.set_aside.select(*roles, "reason"), types),
    )


def _arrow(kind: str) -> pa.DataType:
    return ARROW.get(kind, pa.timestamp("us"))


def _as_arrow(frame: nw.DataFrame[Any], types: Mapping[str, str]) -> pa.Table:
    """Return a frame as an Arrow table with the types of the engine's columns."""
    table = frame.to_arrow()
    kinds = {"whole": "integer", "micro": "integer", "reason": "text", **types}
    return table.cast(pa.schema([(name, _arrow(kinds[name])) for name in table.column_names]))


def _discount_findings(items: EngineItems, source: LogToClean) -> Findings:
    """Return how discounts were read, or that a column of them was not."""
    present = [name for name in frames.column_names(source.log) if name not in source.columns.values()]
    unread = unread_discounts(present, source.columns)
    if items.discounts is None:
        return unread
    rows, whole, micro = items.fetch(items.query.discount_sums(items.rules)).row(0)
    saved = int(whole or 0) * UNITS + int(micro or 0)
    figures = {"rows": int(rows), "money": saved / UNITS, "kind": items.discounts}
    return (*unread, Finding("cleaning-discounts", figures))


@dataclass(frozen=True, slots=True, eq=False)
class _Cleaning:
    """What the engine does with the customers that are cleaned in it."""

    items: EngineItems
    orders: frames.OrdersQuery
    rules: CleaningRules
    tally: LedgerTally
    tables: Mapping[str, pa.Table]

    def fetch(self, query: frames.Query) -> nw.DataFrame[Any]:
        """Run a query and return its rows."""
        return self.items.engine.fetch(query.text(), query.types, self.tables)

    def table(self, query: frames.Query) -> Any:
        """Return the result of a query as a table of the engine."""
        return self.items.engine.table(query.text(), query.types, self.tables)

    def add_rules(self) -> None:
        """Add to the ledger what each rule set aside; raise InvalidTransactions if the table has changed."""
        rows = 0
        for row in self.fetch(self.orders.sums()).sort("rule").rows(named=True):
            units, refunds = (row[f"{prefix}whole"] * UNITS + row[f"{prefix}micro"] for prefix in ("", "refund_"))
            rows += row["rule_rows"]
            self.tally.add(ROWS_IN, row["rule_rows"], units - refunds)
            if row["rule"] == REMAINS:
                self.tally.add(KEPT, units=units)
                continue
            example = self._example(self.orders.first_row(row["rule"], self._content), tuple(self.items.query.columns))
            self.tally.add(SET_ASIDE_RULES[row["rule"]], row["rule_rows"], units - refunds, example=example)
        rows_read = self.tally.entries[ROWS_IN].rows
        if rows_read != self.items.rows:
            raise InvalidTransactions(
                f"The table changed while it was read: {self.items.rows:,} rows at first, {rows_read:,} later. Read a "
                "snapshot, such as a table that is not written to, or a transaction with repeatable reads."
            )

    @property
    def _content(self) -> list[str]:
        """Columns to sort by, so that only rows that agree in every column tie."""
        columns = self.items.query.columns
        return list(dict.fromkeys(name for name in (*KEYS, *columns) if name in columns))

    def _example(self, query: frames.Query, columns: tuple[str, ...]) -> Example | None:
        row = self.fetch(query)
        if "whole" in row.columns:
            row = row.with_columns(units=nw.col("whole") * UNITS + nw.col("micro")).drop("whole", "micro")
        return first_example(row, columns)

    def add_orders(self) -> None:
        """Add to the ledger the orders, and the lines that were merged into them."""
        orders, merged = self.fetch(self.orders.merged()).row(0)
        self.tally.add(KEPT, rows=orders)
        if merged:
            example = self._example(self.orders.first_merged(), ("order_id", "lines"))
            self.tally.add(MERGED, rows=merged, example=example)

    def add_outliers(self) -> float | None:
        """Add orders of many times the median order to the ledger; return the limit, None if none is above 0."""
        orders = self.tally.entries[KEPT].rows
        if not orders:
            return None
        median = float(self.fetch(self.orders.median(orders)).item())
        limit = round(self.rules.outlier_times * median * UNITS) / UNITS
        if limit <= 0:
            return None
        row = self.fetch(self.orders.outliers(limit)).rows(named=True)[0]
        if row["flagged"]:
            example = self._example(self.orders.first_outlier(limit, above=False), ("amount",))
            self.tally.add(FLAGGED, changed=row["flagged"], example=example)
        if self.rules.outliers == "winsorize" and row["above"]:
            removed = row["whole"] * UNITS + row["micro"] - row["above"] * round(limit * UNITS)
            example = self._example(self.orders.first_outlier(limit, above=True), ("amount",))
            self.tally.add(WINSORIZED, units=removed, changed=row["above"], example=example)
            self.tally.entries[KEPT].units -= removed
        return limit

    def doubts(self) -> Findings:
        """Return what makes ids of orders and customers doubtful."""
        findings: list[Finding] = []
        total, shared = self.fetch(self.orders.all_counts()).row(0)
        if shared:
            findings.append(Finding("cleaning-shared-orders", {"orders": shared}, "caution"))
        ids = self.fetch(self.orders.ids())
        top = ids.sort("id_rows", descending=True).head(2).rows()
        placeholder = placeholder_among(top, total) if top and top[0][1] >= FEWEST_ROWS else None
        if placeholder is not None:
            share = placeholder.rows / placeholder.total
            figures = {"id": str(placeholder.value), "rows": placeholder.rows, "share": share}
            findings.append(Finding("profile-id-placeholder", figures, "problem"))
        ids = ids.select("customer_id")
        return (*findings, *find_variants(ids), *find_tests(ids))
