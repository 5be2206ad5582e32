"""Running a plan, at once or in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import narwhals as nw
import polars as pl

from clvmodels.errors import InvalidTransactions

__all__ = ["collect", "collect_in_parts", "collect_parts", "first_line", "first_rows", "run", "running_total"]


def run(plan: pl.LazyFrame, in_memory: bool = False) -> pl.DataFrame:
    """Run a plan of polars; of rows that are in memory, columns that stay as they are can be shared with the answer."""
    try:
        return plan.collect(engine="in-memory" if in_memory else "streaming")
    except pl.exceptions.ComputeError as error:  # such as a file that is damaged further down
        hint = ". Save the file as UTF-8 first" if "utf-8" in str(error).lower() else ""
        raise InvalidTransactions(f"The table cannot be read: {first_line(error)}{hint}.") from error


def first_line(error: BaseException) -> str:
    """What went wrong, without the engine's advice, which names its own options."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")


def collect(lazy: nw.LazyFrame[Any], in_memory: bool = False) -> nw.DataFrame[Any]:
    """Run a plan and hold its rows, sharing what is in memory already."""
    return nw.from_native(run(lazy.to_native(), in_memory), eager_only=True)


def collect_in_parts(
    plan: Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]], lazy: nw.LazyFrame[Any], key: str, parts: int
) -> nw.DataFrame[Any]:
    """The rows of `collect_parts` in one frame, in no particular order."""
    done = [part.to_native() for part in collect_parts(plan, lazy, key, parts)]
    return nw.from_native(pl.concat(done), eager_only=True)


def collect_parts(
    plan: Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]],
    lazy: nw.LazyFrame[Any],
    key: str,
    parts: int,
    in_memory: bool = False,
) -> Iterator[nw.DataFrame[Any]]:
    """Run a plan that treats each key by itself on one part of the keys after another, which bounds its memory.

    Parameters
    ----------
    plan : function of a lazy frame
    key : str
        Rows of one key stay together.
    parts : int
    in_memory : bool
        Whether the rows are held already, as for `run`.

    Yields
    ------
    narwhals.DataFrame
        Of each part, in no particular order.
    """
    if parts == 1:
        yield collect(plan(lazy), in_memory)
        return
    native: pl.LazyFrame = lazy.to_native()
    part = pl.col(key).hash() % parts
    for number in range(parts):
        yield collect(plan(nw.from_native(native.filter(part == number))), in_memory)


def running_total(values: nw.Series[Any]) -> nw.Series[Any]:
    """The sum of all values before each, and of all: one longer than the values."""
    native: pl.Series = values.to_native()
    total: nw.Series[Any] = nw.from_native(
        pl.concat([pl.Series([0], dtype=native.dtype), native.cum_sum().cast(native.dtype)]), series_only=True
    )
    return total


def first_rows(lazy: nw.LazyFrame[Any], condition: nw.Expr, count: int) -> list[dict[str, Any]]:
    """The first rows that meet a condition, with their number (from 0) as `row`; for error messages."""
    native: pl.LazyFrame = lazy.to_native()
    return nw.from_native(native.with_row_index("row")).filter(condition).head(count).collect().rows(named=True)
