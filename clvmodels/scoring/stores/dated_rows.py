"""SQL queries by the dates of rows: the rows of recent days, and the number of rows of every day."""

from __future__ import annotations

from datetime import date, timedelta

from clvmodels.frames import StoredDates
from clvmodels.scoring.stores.store import literal, quoted

__all__ = ["DAY", "DAY_ROWS", "query_of_days", "query_since"]

DAY, DAY_ROWS = "clv_day", "clv_rows"


def query_since(table: str | None, query: str | None, column: str, stored: StoredDates, since: date) -> str:
    """Return a query of the rows of a day or later, and of those without a date.

    For moments, it starts one day earlier, since a time zone may begin its days before UTC.

    Parameters
    ----------
    table, query : str or None
        As in the section of a job.
    column : str
        The column of dates.
    stored : {"date", "timestamp", "moment", "text"}
    since : date
    """
    start = literal(since.isoformat())
    if stored == "moment":
        start = f"TIMESTAMP WITH TIME ZONE {literal(f'{since - timedelta(days=1)} 00:00:00+00:00')}"
    dates = quoted(column)
    return f"SELECT * FROM {_rows(table, query)} WHERE {dates} >= {start} OR {dates} IS NULL"  # quoted


def query_of_days(table: str | None, query: str | None, column: str, stored: StoredDates, zone: str | None) -> str:
    """Return a query of the days that have rows, and the number of rows of each; see `query_since` for parameters.

    Parameters
    ----------
    zone : str or None
        For moments, the time zone of the days.
    """
    dates = quoted(column)
    day = {
        "date": dates,
        "timestamp": f"CAST({dates} AS DATE)",
        "moment": f"CAST(({dates} AT TIME ZONE {literal(zone or 'UTC')}) AS DATE)",
        "text": f"SUBSTR({dates}, 1, 10)",
    }[stored]
    days = f"SELECT {day} AS {DAY} FROM {_rows(table, query)} WHERE {dates} IS NOT NULL"  # quoted
    return f"SELECT {DAY}, COUNT(*) AS {DAY_ROWS} FROM ({days}) AS clv_days GROUP BY {DAY}"  # quoted


def _rows(table: str | None, query: str | None) -> str:
    """Return SQL for a FROM clause with the rows that a job reads."""
    rows = f"({query}\n)" if query is not None else ".".join(quoted(part) for part in str(table).split(".", 1))
    return f"{rows} AS {quoted('clv_source')}"
