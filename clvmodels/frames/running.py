"""Run a lazy plan, at once or in partitions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from clvmodels.errors import CLVError, InvalidTransactions

__all__ = [
    "NotUTF8",
    "collect",
    "collect_in_parts",
    "collect_parts",
    "first_line",
    "first_rows",
    "run",
    "running_total",
    "sorted_places",
    "with_positions",
]

THREADS: dict[str, int] = {}  # the process that started them, by its number
FIRST_MOMENT, LAST_MOMENT = -62_135_596_800_000, 253_402_300_800_000  # the years 1 to 9999, in milliseconds from 1970
BEYOND = "a date that is not in the years 1 to 9999"

MORE_VALUES = "a row has more values than the header has names; is a value that contains the separator not in quotes?"


def run(plan: pl.LazyFrame, in_memory: bool = False) -> pl.DataFrame:
    """Run a polars plan; if its rows are in memory, the result can share unchanged columns with them."""
    refuse_fork()
    try:
        return plan.collect(engine="in-memory" if in_memory else "streaming")
    except pl.exceptions.PanicException as error:  # not an Exception: the file changed, or the engine failed
        raise InvalidTransactions(f"The table cannot be read: {first_line(error)}.") from error
    except pl.exceptions.ComputeError as error:  # such as a file that is damaged after the first rows
        if "utf-8" in str(error).lower():
            raise NotUTF8(f"The table cannot be read: {first_line(error)}. Save the file as UTF-8 first.") from error
        reason = MORE_VALUES if "found more fields" in str(error) else first_line(error)
        raise InvalidTransactions(f"The table cannot be read: {reason}.") from error


def refuse_fork() -> None:
    """Raise an error in a process forked from one that has run a plan: the engine's threads are not in it.

    A call would wait for them forever.
    """
    if THREADS.setdefault("process", os.getpid()) != os.getpid():
        raise CLVError(
            "This process was forked from one that had read a table, and the threads of polars do not survive a fork: "
            "start worker processes with multiprocessing's 'spawn' or 'forkserver', or before the first table is read."
        )


class NotUTF8(InvalidTransactions):
    """Raised for a file that is not UTF-8 although its first rows are."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error, without the engine's advice, which refers to its own options."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")


def collect(lazy: nw.LazyFrame[Any], in_memory: bool = False) -> nw.DataFrame[Any]:
    """Run a plan and return its rows, sharing columns that are in memory already."""
    return nw.from_native(run(lazy.to_native(), in_memory), eager_only=True)


def collect_in_parts(
    plan: Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]], lazy: nw.LazyFrame[Any], key: str, parts: int
) -> nw.DataFrame[Any]:
    """Return the rows of `collect_parts` in one frame, in no particular order."""
    tables = [table.to_native() for table in collect_parts(plan, lazy, key, parts)]
    return nw.from_native(pl.concat(tables), eager_only=True)


def collect_parts(
    plan: Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]],
    lazy: nw.LazyFrame[Any],
    key: str,
    parts: int,
    in_memory: bool = False,
) -> Iterator[nw.DataFrame[Any]]:
    """Run a plan that treats each key separately, for one partition of the keys after another, to limit memory.

    Parameters
    ----------
    plan : function of a lazy frame
    key : str
        Rows with the same key are in the same partition.
    parts : int
        Number of partitions.
    in_memory : bool
        Whether the rows are in memory, as for `run`.

    Yields
    ------
    narwhals.DataFrame
        The result for each partition, with rows in no particular order.
    """
    if parts == 1:
        yield collect(plan(lazy), in_memory)
        return
    native: pl.LazyFrame = lazy.to_native()
    part = pl.col(key).hash() % parts
    for number in range(parts):
        yield collect(plan(nw.from_native(native.filter(part == number))), in_memory)


def running_total(values: nw.Series[Any]) -> nw.Series[Any]:
    """Return the sum of the values before each position, and the sum of all at the end (n + 1,)."""
    native: pl.Series = values.to_native()
    total: nw.Series[Any] = nw.from_native(
        pl.concat([pl.Series([0], dtype=native.dtype), native.cum_sum().cast(native.dtype)]), series_only=True
    )
    return total


def sorted_places(ordered: nw.Series[Any], values: nw.Series[Any]) -> npt.NDArray[np.int64]:
    """Return the position in a sorted series before which each of some values of the same type belongs."""
    native: pl.Series = ordered.to_native()
    places: npt.NDArray[np.int64] = native.search_sorted(values.to_native(), side="left").to_numpy().astype(np.int64)
    return places


def with_positions(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the position of each row from 0 as `position`, unless the column exists; call it before rows are left out."""
    native: pl.LazyFrame = lazy.to_native()
    there = "position" in native.collect_schema().names()
    return lazy if there else nw.from_native(native.with_row_index("position"))


def first_rows(lazy: nw.LazyFrame[Any], condition: nw.Expr, count: int) -> list[dict[str, Any]]:
    """Return the first rows that meet a condition, with their `position`, for error messages."""
    rows = with_positions(lazy).filter(condition).head(count).collect()
    return [row | dict.fromkeys(far, BEYOND) for row, far in zip(*_without_far_dates(rows), strict=True)]


def _without_far_dates(rows: nw.DataFrame[Any]) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """Return rows as dicts, and the columns of each with a date beyond Python's range, such as the year 20240."""
    far: list[list[str]] = [[] for _ in range(len(rows))]
    for name, dtype in rows.schema.items():
        if dtype == nw.Date or isinstance(dtype, nw.Datetime):
            moments = rows[name].cast(nw.Datetime("ms")) if dtype == nw.Date else rows[name]
            milliseconds = moments.dt.timestamp("ms").to_list()
            beyond = [value is not None and not FIRST_MOMENT <= value < LAST_MOMENT for value in milliseconds]
            if any(beyond):
                native: pl.DataFrame = rows.to_native()
                shown = pl.when(pl.Series(beyond)).then(None).otherwise(pl.col(name)).alias(name)
                rows = nw.from_native(native.with_columns(shown))
                far = [[*names, name] if is_far else names for names, is_far in zip(far, beyond, strict=True)]
    return rows.rows(named=True), far
