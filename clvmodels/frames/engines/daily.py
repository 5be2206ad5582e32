"""The query of the days of a log: rows, distinct rows, and the median amount."""

from __future__ import annotations

from clvmodels.frames.engines.protocol import OutputType
from clvmodels.frames.engines.queries import LogQuery, Query

__all__ = ["daily_query"]


def daily_query(log: LogQuery, first: int, last: int, ticks_per_day: int) -> Query:
    """Return a query of the rows, the distinct rows, and the median positive amount of distinct rows, per day.

    Parameters
    ----------
    log : LogQuery
    first, last : int
        Days from 1970.
    ticks_per_day : int

    Returns
    -------
    Query
        Of the columns day, day_rows, day_groups and, if there is money, amounts; days without rows are left out.
    """
    keys = "customer_id, tick, amount" if log.has_amount else "customer_id, tick"
    within = f"tick >= {first * ticks_per_day} AND tick < {(last + 1) * ticks_per_day}"
    day = f"CAST(FLOOR(CAST(tick AS DOUBLE) / {ticks_per_day}) AS BIGINT) AS day"
    counts = "CAST(SUM(group_rows) AS BIGINT) AS day_rows, COUNT(*) AS day_groups"
    steps = [
        ("within", f"SELECT {keys} FROM log_rows WHERE NOT customer_id IS NULL AND {within}"),
        ("differing", f"SELECT {keys}, {day}, COUNT(*) AS group_rows FROM within GROUP BY {keys}"),
        ("counted", f"SELECT day, {counts} FROM differing GROUP BY day"),
    ]
    types: dict[str, OutputType] = dict.fromkeys(("day", "day_rows", "day_groups"), "integer")
    if not log.has_amount:
        return Query(log, tuple(steps), "SELECT day, day_rows, day_groups FROM counted", types)
    # No function computes a median in every engine.
    order = (
        "ROW_NUMBER() OVER (PARTITION BY day ORDER BY amount) AS place, COUNT(*) OVER (PARTITION BY day) AS paid_rows"
    )
    middle = "2 * place >= paid_rows AND 2 * place <= paid_rows + 2"
    steps += [
        ("paid", f"SELECT day, amount, {order} FROM differing WHERE amount > 0"),
        ("medians", f"SELECT day, AVG(amount) AS amounts FROM paid WHERE {middle} GROUP BY day"),
    ]
    result = (
        "SELECT counted.day AS day, counted.day_rows AS day_rows, counted.day_groups AS day_groups, "
        "medians.amounts AS amounts FROM counted LEFT JOIN medians ON counted.day = medians.day"
    )
    return Query(log, tuple(steps), result, {**types, "amounts": "number"})
