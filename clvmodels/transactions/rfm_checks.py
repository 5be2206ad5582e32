"""The door for tables that hold one row a customer: columns read, every rule of an RFM checked, all faults at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidRFM, InvalidTransactions

__all__ = ["check", "numbers", "read_customers", "refuse_customers"]


class RFMColumns(Protocol):
    """The columns of an RFM that the rules look at."""

    @property
    def customer_id(self) -> nw.Series[Any]: ...
    @property
    def frequency(self) -> npt.NDArray[np.int64]: ...
    @property
    def recency(self) -> npt.NDArray[np.float64]: ...
    @property
    def T(self) -> npt.NDArray[np.float64]: ...
    @property
    def monetary_value(self) -> npt.NDArray[np.float64] | None: ...
    @property
    def monetary_count(self) -> npt.NDArray[np.int64] | None: ...
    @property
    def sum_log_intertimes(self) -> npt.NDArray[np.float64] | None: ...
    @property
    def clock(self) -> Clock: ...


def read_customers(
    frame: frames.Frame | str | Path, needed: Sequence[str] = ()
) -> tuple[nw.DataFrame[Any], frames.FrameKind]:
    """Every column of a frame that holds one row a customer, and the kind of frame it is."""
    if not isinstance(frame, (str, Path)) and getattr(getattr(frame, "index", None), "name", None) == "customer_id":
        frame = frame.reset_index(drop="customer_id" in frame.columns)
    try:
        columns = {str(name): name for name in ("customer_id", *needed, *frames.column_names(frame))}
        opened = frames.open_frame(frame, columns, text_id="customer_id")
        return frames.collect(opened.lazy), opened.kind
    except InvalidTransactions as error:
        raise InvalidRFM(str(error)) from error


def numbers(data: nw.DataFrame[Any], name: str) -> npt.NDArray[np.float64]:
    """A column as floats (n,)."""
    column = data[name]
    if not column.dtype.is_numeric():
        raise InvalidRFM(f"Column {name!r} is of type {column.dtype}: it must be numeric.")
    return column.cast(nw.Float64).to_numpy().astype(np.float64)


def check(rfm: RFMColumns, n: npt.NDArray[np.float64]) -> None:
    """Every rule an RFM keeps, all at once; n is what the frame said of T in opportunities."""
    x, t_x, T = rfm.frequency, rfm.recency, rfm.T
    broken = {
        "have no customer_id": rfm.customer_id.is_null().to_numpy(),
        "stand twice in customer_id": rfm.customer_id.is_duplicated().to_numpy(),
        "have a frequency that is not a whole number of at least 0": ~((x >= 0) & (x < 2**53) & (x == np.floor(x))),
        "have a recency outside 0 to T": ~((t_x >= 0) & (t_x <= T)),
        "have a T that is not finite": ~np.isfinite(T),
        "have frequency 0 but recency above 0, or the reverse": (x == 0) != (t_x == 0),
    }
    if rfm.clock.discrete:
        whole = (np.floor(t_x) == t_x) & (np.floor(T) == T)
        broken["have a recency or T that is not a whole number of opportunities"] = ~whole
        broken["have more repeat purchases than opportunities up to the last"] = x > t_x
        broken["have an n that is not T"] = n != T
    if rfm.sum_log_intertimes is not None:
        logs = rfm.sum_log_intertimes
        # Intertimes that sum to t_x have the largest sum of logarithms where they are equal.
        times = np.maximum(x, 1)
        most = x * np.log(np.where((x > 0) & (t_x > 0), t_x, 1.0) / times)
        broken[
            "have a sum_log_intertimes that is not finite, or more than intertimes that sum to recency can have"
        ] = ~(np.isfinite(logs) & (logs <= most + 1e-9 * (1 + np.abs(most))))
        broken["have frequency 0 but a sum_log_intertimes other than 0"] = (x == 0) & (logs != 0)
    if rfm.monetary_count is not None and rfm.monetary_value is not None:
        count, m = rfm.monetary_count, rfm.monetary_value
        broken["have a monetary_count that is neither frequency nor frequency + 1"] = (count != x) & (count != x + 1)
        known = (m >= 0) & np.isfinite(m)
        broken["have a monetary_value that is missing, infinite or negative"] = (count > 0) & ~known
    faults = [
        f"{int(rows.sum()):,} of {len(x):,} customers {what} "
        f"(first: {', '.join(map(str, rfm.customer_id.filter(rows.tolist()).head(3).to_list()))})"
        for what, rows in broken.items()
        if rows.any()
    ]
    if len(x) == 0:
        faults = ["It has no rows"]
    if faults:
        raise InvalidRFM("This frame is no RFM summary: " + "; ".join(faults) + ". Correct the rows and try again.")


def refuse_customers(customers: nw.Series[Any], what: str) -> None:
    """Raise InvalidRFM where any customer is given."""
    if len(customers):
        first = ", ".join(map(str, customers.head(3).to_list()))
        raise InvalidRFM(f"{len(customers):,} customers {what} (first: {first}).")
