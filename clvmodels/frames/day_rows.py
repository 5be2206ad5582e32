"""Count and select the rows of a table by calendar day, with the column of dates as it is stored."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import narwhals as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from clvmodels.frames.running import run

__all__ = ["UNREADABLE_DAY", "StoredDates", "rows_by_day", "rows_since", "stored_dates"]

StoredDates = Literal["date", "timestamp", "moment", "text"]
UNREADABLE_DAY = -(10**6)  # rows whose text is not a date; two thousand years before the first day that a log may have


def stored_dates(lazy: nw.LazyFrame[Any], time_zone: str | None) -> StoredDates | None:
    """Return how the column `date` is stored; None if days cannot be selected without converting its values.

    Text is compared as text, so it must be ISO 8601 without a zone.
    """
    dtype = lazy.collect_schema()["date"]
    if dtype == nw.Date:
        return "date"
    if isinstance(dtype, nw.Datetime):
        if dtype.time_zone is None:
            return "timestamp"
        return None if time_zone is None else "moment"
    return "text" if dtype == nw.String and time_zone is None else None


def rows_by_day(
    lazy: nw.LazyFrame[Any], stored: StoredDates, time_zone: str | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the days that have rows, counted from 1970 and increasing, and the rows of each, without missing dates.

    Parameters
    ----------
    lazy : narwhals.LazyFrame
        Has the column `date`, and optionally `rows`, the number of rows that each row represents.
    stored : {"date", "timestamp", "moment", "text"}
    time_zone : str or None
        The zone whose days are counted, for moments.
    """
    column = pl.col("date")
    day = {
        "date": column,
        "timestamp": column.dt.date(),
        "moment": column.dt.convert_time_zone(time_zone or "UTC").dt.date(),
        "text": column.cast(pl.String).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False),
    }[stored]
    native: pl.LazyFrame = lazy.to_native()
    count = pl.col("rows").sum() if "rows" in native.collect_schema() else pl.len().alias("rows")
    dated = native.filter(column.is_not_null()).with_columns(
        day=day.cast(pl.Int32).cast(pl.Int64).fill_null(UNREADABLE_DAY)
    )
    table = run(dated.group_by("day").agg(count)).sort("day")
    return table["day"].to_numpy().astype(np.int64), table["rows"].to_numpy().astype(np.int64)


def rows_since(lazy: nw.LazyFrame[Any], since: date) -> nw.LazyFrame[Any]:
    """Return the rows of a day and later, by the stored values of `date`, and the rows without a date.

    For moments, the rows of one more day are returned, because days of a zone may begin earlier than in UTC.
    """
    dtype = lazy.collect_schema()["date"]
    column = pl.col("date")
    start = datetime.combine(since, datetime.min.time())
    if dtype == nw.String:
        later = column >= since.isoformat()
    elif isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        moment = (start - timedelta(days=1)).replace(tzinfo=UTC)
        later = column >= pl.lit(moment).dt.convert_time_zone(dtype.time_zone)
    else:
        later = column >= pl.lit(since if dtype == nw.Date else start)
    native: pl.LazyFrame = lazy.to_native()
    return nw.from_native(native.filter(later | column.is_null()))
