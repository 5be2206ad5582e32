"""Queries of the purchases of a log: all purchases, or counts by customer, day, gap and amount for a profile."""

from __future__ import annotations

from collections.abc import Sequence

from clvmodels.frames.engines.protocol import OutputType, OutputTypes
from clvmodels.frames.engines.queries import MONEY, LogQuery, Query

__all__ = [
    "amount_counts",
    "customers_with_recent",
    "day_counts",
    "gap_counts",
    "observed_customers",
    "purchase_rows",
    "rows_of_ids",
]


def purchase_rows(log: LogQuery) -> Query:
    """Return one row per purchase: customer_id, tick, the rows of the log that were merged, and money as integers."""
    names = ["tick", "tick_rows", *(MONEY if log.has_amount else ())]
    types: OutputTypes = {**log.id_type, **dict.fromkeys(names, "integer")}
    return Query(log, log.purchases(None), f"SELECT customer_id, {', '.join(names)} FROM purchases", types)


def customers_with_recent(log: LogQuery, end: int, include_first: bool, periods: Sequence[int]) -> Query:
    """Return one row per customer: totals up to tick `end`, as `LogQuery.customers`, and repeat purchases of periods.

    A period is a number of ticks up to `end`. The columns of a period of 7 ticks are recent_7 and, with money,
    recent_7_money_1 and so on; those of all money, the first purchase included, have the prefix past_.
    """
    columns = {
        "purchases": "COUNT(*)",
        "first_tick": "MIN(tick)",
        "last_tick": "MAX(tick)",
        "customer_rows": "SUM(tick_rows)",
    }
    if log.has_amount:
        counted = "1 = 1" if include_first else "tick > first_tick"
        columns |= {name: f"SUM(CASE WHEN {counted} THEN {name} ELSE 0 END)" for name in MONEY}
        columns |= {f"past_{name}": f"SUM({name})" for name in MONEY}
    for period in periods:
        recent = f"tick > first_tick AND tick > {end - period}"
        columns[f"recent_{period}"] = f"SUM(CASE WHEN {recent} THEN 1 ELSE 0 END)"
        if log.has_amount:
            sums = {name: f"SUM(CASE WHEN {recent} THEN {name} ELSE 0 END)" for name in MONEY}
            columns |= {f"recent_{period}_{name}": text for name, text in sums.items()}
    selected = ", ".join(f"CAST({text} AS BIGINT) AS {name}" for name, text in columns.items())
    result = f"SELECT customer_id, {selected} FROM numbered GROUP BY customer_id"
    types: OutputTypes = {**log.id_type, **dict.fromkeys(columns, "integer")}
    return Query(log, log.purchases_with_first(end), result, types)


def rows_of_ids(log: LogQuery) -> Query:
    """Return the number of rows of each customer id."""
    result = "SELECT customer_id, COUNT(*) AS id_rows FROM rows_with_id GROUP BY customer_id"
    steps = (("rows_with_id", "SELECT customer_id FROM log_rows WHERE NOT customer_id IS NULL"),)
    return Query(log, steps, result, {**log.id_type, "id_rows": "integer"})


def observed_customers(log: LogQuery, end: int, soon: int) -> Query:
    """Return one row per customer who bought up to tick `end`.

    The columns are purchases, first and last tick, rows of the log, money, `soon_purchases` (repeat purchases within
    `soon` ticks of the first one), `sum_log_gaps` (the sum of the logarithms of the ticks between purchases), and the
    money of the first purchase with the prefix first_.
    """
    columns = {
        "purchases": "COUNT(*)",
        "first_tick": "MIN(tick)",
        "last_tick": "MAX(tick)",
        "customer_rows": "SUM(tick_rows)",
        "soon_purchases": f"SUM(CASE WHEN tick > first_tick AND tick - first_tick <= {soon} THEN 1 ELSE 0 END)",
    }
    if log.has_amount:
        columns |= {name: f"SUM({name})" for name in MONEY}
        columns |= {f"first_{name}": f"SUM(CASE WHEN tick = first_tick THEN {name} ELSE 0 END)" for name in MONEY}
    selected = ", ".join(f"CAST({text} AS BIGINT) AS {name}" for name, text in columns.items())
    logs = "COALESCE(SUM(LN(CAST(gap AS DOUBLE))), 0) AS sum_log_gaps"
    result = f"SELECT customer_id, {selected}, {logs} FROM spaced GROUP BY customer_id"
    types: OutputTypes = {**log.id_type, **dict.fromkeys(columns, "integer"), "sum_log_gaps": "number"}
    return Query(log, _add_gaps(log, end), result, types)


def day_counts(log: LogQuery, end: int, after: int | None) -> Query:
    """Return one row per tick: rows of the log, and purchases and money of the observed customers up to tick `end`.

    Customers first seen up to tick `after` are not observed, but their rows are counted.
    """
    observed = f"tick <= {end}" + ("" if after is None else f" AND first_tick > {after}")
    columns = {"tick_rows": "SUM(tick_rows)", "purchases": f"SUM(CASE WHEN {observed} THEN 1 ELSE 0 END)"}
    if log.has_amount:
        columns |= {name: f"SUM(CASE WHEN {observed} THEN {name} ELSE 0 END)" for name in MONEY}
    selected = ", ".join(f"CAST({text} AS BIGINT) AS {name}" for name, text in columns.items())
    types: OutputTypes = dict.fromkeys(("tick", *columns), "integer")
    return Query(log, log.purchases_with_first(None), f"SELECT tick, {selected} FROM numbered GROUP BY tick", types)


def gap_counts(log: LogQuery, end: int, after: int | None) -> Query:
    """Return the number of purchases by the ticks since the previous purchase, which first purchases lack."""
    rows = "COUNT(*) AS purchases, CAST(SUM(tick_rows) AS BIGINT) AS gap_rows"
    result = f"SELECT gap, {rows} FROM spaced{_where_observed(after)} GROUP BY gap"
    types: OutputTypes = dict.fromkeys(("gap", "purchases", "gap_rows"), "integer")
    return Query(log, _add_gaps(log, end), result, types)


def amount_counts(log: LogQuery, end: int, after: int | None) -> Query:
    """Return the number of purchases by amount."""
    one, two, three = (f"CAST({2**power} AS DOUBLE)" for power in (6, 33, 60))
    parts = zip(MONEY, (one, two, three), strict=True)
    paid = " + ".join(f"CAST({name} AS DOUBLE) / {unit}" for name, unit in parts)
    steps = (*log.purchases_with_first(end), ("paid", f"SELECT {paid} AS amount FROM numbered{_where_observed(after)}"))
    types: dict[str, OutputType] = {"amount": "number", "purchases": "integer"}
    return Query(log, steps, "SELECT amount, COUNT(*) AS purchases FROM paid GROUP BY amount", types)


def _add_gaps(log: LogQuery, end: int) -> tuple[tuple[str, str], ...]:
    """Return the steps that give purchases with the ticks since the previous purchase."""
    before = "LAG(tick) OVER (PARTITION BY customer_id ORDER BY tick)"
    return (*log.purchases_with_first(end), ("spaced", f"SELECT *, tick - {before} AS gap FROM numbered"))


def _where_observed(after: int | None) -> str:
    return "" if after is None else f" WHERE first_tick > {after}"
