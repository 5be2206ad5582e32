"""Return results as the same kind of frame that the user passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import narwhals as nw
import narwhals.dependencies
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from clvmodels.errors import InvalidOption
from clvmodels.frames.databases import DatabaseKind, database_columns, is_database, spool
from clvmodels.frames.file_search import format_of
from clvmodels.frames.from_pandas import read_pandas

__all__ = ["Frame", "FrameKind", "arrow_table", "column", "fetch_table", "table", "write_table"]

FrameKind = Literal["pandas", "polars", "pyarrow", "ibis"] | DatabaseKind
Frame = (
    Any  # a frame of pandas, polars, PyArrow or Spark, a relation of DuckDB or a table of Ibis, as the user passed it
)


def table(
    kind: FrameKind, columns: Mapping[str, Sequence[Any] | np.ndarray | nw.Series[Any]], copy: bool = True
) -> Frame:
    """Return columns as a frame of a kind.

    For DuckDB it is a relation of the connection of the log, for Spark a frame of its session, for Ibis a memtable.
    Without `copy`, the frame may share memory with the arrays, which must then not be used elsewhere.
    """
    if kind == "pandas":
        import pandas as pd

        return pd.DataFrame({name: _to_pandas(values, copy) for name, values in columns.items()}, copy=copy)
    frame = pl.DataFrame({name: _to_polars(values) for name, values in columns.items()})
    if kind == "polars":
        return frame
    # Missing values become NULL; NaN would be a number in SQL and spoil every sum.
    arrow = frame.fill_nan(None).to_arrow(compat_level=pl.CompatLevel.oldest())
    if isinstance(kind, DatabaseKind):
        return kind.relation(arrow)
    if kind == "ibis":
        import ibis

        return ibis.memtable(arrow)
    return arrow


def arrow_table(columns: Mapping[str, np.ndarray]) -> pa.Table:
    """Return columns as an Arrow table, for engines."""
    return pa.table(dict(columns))


def column(frame: Frame, name: str) -> npt.NDArray[np.float64]:
    """Return a numeric column of any kind of frame as floats (n,)."""
    return np.asarray(frame[name].to_numpy(), dtype=float)


def fetch_table(frame: Frame) -> Frame:
    """Return the rows of a table in an engine as a frame of polars, and any other frame unchanged."""
    return spool(frame, database_columns(frame)).collect() if is_database(frame) else frame


def write_table(frame: Frame, path: Path) -> None:
    """Write a frame as Parquet or CSV, selected by the extension of the path."""
    form = format_of(path)
    if form not in ("CSV", "Parquet"):
        raise InvalidOption(
            f"A table is written as .parquet or .csv, not as {path.suffix!r}: use one of these extensions."
        )
    frame = fetch_table(frame)
    if isinstance(frame, pl.DataFrame):
        native = frame
    elif narwhals.dependencies.is_pyarrow_table(frame):
        native = pl.DataFrame(frame)
    else:
        native = read_pandas(frame, {name: name for name in frame.columns})
    if form == "CSV":
        native.write_csv(path)
    else:
        native.write_parquet(path)


def _to_polars(values: Any) -> Any:
    """Return a series as polars, an array of texts as a series of texts, and anything else unchanged."""
    if isinstance(values, nw.Series):
        return values.to_native()
    if isinstance(values, np.ndarray) and values.dtype == object:
        texts = values.tolist()
        if texts.count(None) == len(texts):  # such as reasons why values are missing
            return pl.repeat(None, len(texts), dtype=pl.String, eager=True)
        if all(kind is type(None) or issubclass(kind, str) for kind in set(map(type, texts))):
            return pl.Series(texts, dtype=pl.String)
    return values


def _to_pandas(values: Any, shared: bool) -> Any:
    """Return a series as pandas, and any other values unchanged; a series that is not shared is copied."""
    if not isinstance(values, nw.Series):
        return values
    series = values.to_native().to_pandas()
    return series if shared else series.copy()
