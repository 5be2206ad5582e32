"""Read tables with one row per customer, check every rule of an RFM, and report all faults at once."""

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

__all__ = ["check_rfm", "read_customers", "read_numbers", "refuse_customers"]

ROUNDING_TOLERANCE = 1e-9  # relative float error allowed in a sum of logarithms
EXAMPLES = 3


class RFMColumns(Protocol):
    """The columns of an RFM that the rules use."""

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
    """Return every column of a frame with one row per customer, and the kind of the frame."""
    if not isinstance(frame, (str, Path)) and getattr(getattr(frame, "index", None), "name", None) == "customer_id":
        frame = frame.reset_index(drop="customer_id" in frame.columns)
    try:
        columns = {str(name): name for name in ("customer_id", *needed, *frames.column_names(frame))}
        opened = frames.open_frame(frame, columns, text_id="customer_id")
        return frames.collect(opened.lazy), opened.kind
    except InvalidTransactions as error:
        raise InvalidRFM(str(error)) from error


def read_numbers(table: nw.DataFrame[Any], name: str) -> npt.NDArray[np.float64]:
    """Return a column as floats (n,)."""
    column = table[name]
    if not column.dtype.is_numeric():
        raise InvalidRFM(f"Column {name!r} has type {column.dtype}: it must be numeric.")
    values: npt.NDArray[np.float64] = column.cast(nw.Float64).to_numpy()
    return values if values.flags["W"] else values.copy()  # a view could be of memory that its owner changes


def check_rfm(rfm: RFMColumns, n: npt.NDArray[np.float64]) -> None:
    """Raise InvalidRFM that lists every broken rule; n is the column of opportunities in the frame, or T."""
    customers = len(rfm.frequency)
    if customers == 0:
        raise InvalidRFM("This table is not a valid RFM summary: it has no rows. Correct the rows and try again.")
    broken = _count_faults(rfm) | _opportunity_faults(rfm, n) | _intertime_faults(rfm) | _money_faults(rfm)
    faults = [
        f"{int(mask.sum()):,} of {customers:,} customers {'has' if mask.sum() == 1 else 'have'} {problem} "
        f"(first: {_first(rfm.customer_id.filter(mask.tolist()))})"
        for problem, mask in broken.items()
        if mask.any()
    ]
    if faults:
        raise InvalidRFM(
            "This table is not a valid RFM summary: " + "; ".join(faults) + ". Correct the rows and try again."
        )


def _count_faults(rfm: RFMColumns) -> dict[str, npt.NDArray[np.bool_]]:
    """Return masks of customers that break the rules of ids, counts and times, keyed by the problem."""
    x, t_x, T = rfm.frequency, rfm.recency, rfm.T
    return {
        "no customer_id": rfm.customer_id.is_null().to_numpy(),
        "a customer_id that appears more than once": _repeated(rfm.customer_id),
        "a frequency that is not a whole number of at least 0": ~((x >= 0) & (x < 2**53) & (x == np.floor(x))),
        "a recency outside 0 to T": ~((t_x >= 0) & (t_x <= T)),
        "a T that is not finite": ~np.isfinite(T),
        "frequency 0 but recency above 0, or the reverse": (x == 0) != (t_x == 0),
    }


def _repeated(ids: nw.Series[Any]) -> npt.NDArray[np.bool_]:
    """Return a mask of ids that appear more than once (n,)."""
    if (ids[1:] > ids[:-1]).all():  # in order, which is faster to check than to count
        return np.zeros(len(ids), dtype=bool)
    return ids.is_duplicated().to_numpy()


def _opportunity_faults(rfm: RFMColumns, n: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return masks of customers that break the rules of a discrete clock, keyed by the problem."""
    if not rfm.clock.discrete:
        return {}
    x, t_x, T = rfm.frequency, rfm.recency, rfm.T
    whole = (np.floor(t_x) == t_x) & (np.floor(T) == T)
    return {
        "a recency or T that is not a whole number of opportunities": ~whole,
        "more repeat purchases than opportunities up to the last purchase": x > t_x,
        "an n that differs from T": n != T,
    }


def _intertime_faults(rfm: RFMColumns) -> dict[str, npt.NDArray[np.bool_]]:
    """Return masks of customers that break the rules of sum_log_intertimes, keyed by the problem."""
    if rfm.sum_log_intertimes is None:
        return {}
    x, t_x, logs = rfm.frequency, rfm.recency, rfm.sum_log_intertimes
    # Intertimes that add up to t_x have the largest sum of logarithms if they are all equal.
    most = x * np.log(np.where((x > 0) & (t_x > 0), t_x, 1.0) / np.maximum(x, 1))
    valid = np.isfinite(logs) & (logs <= most + ROUNDING_TOLERANCE * (1 + np.abs(most)))
    return {
        "a sum_log_intertimes that is not finite, or larger than recency allows": ~valid,
        "frequency 0 but a sum_log_intertimes other than 0": (x == 0) & (logs != 0),
    }


def _money_faults(rfm: RFMColumns) -> dict[str, npt.NDArray[np.bool_]]:
    """Return masks of customers that break the rules of money, keyed by the problem."""
    if rfm.monetary_count is None or rfm.monetary_value is None:
        return {}
    x, count, m = rfm.frequency, rfm.monetary_count, rfm.monetary_value
    valid = (m >= 0) & np.isfinite(m)
    return {
        "a monetary_count that is neither frequency nor frequency + 1": (count != x) & (count != x + 1),
        "a monetary_value that is missing, infinite or negative": (count > 0) & ~valid,
    }


def _first(customers: nw.Series[Any]) -> str:
    """Return the first ids as a list in text."""
    return ", ".join(map(str, customers.head(EXAMPLES).to_list()))


def refuse_customers(customers: nw.Series[Any], several: str, one: str) -> None:
    """Raise InvalidRFM if there are any customers; `several` and `one` are the predicates of the sentence."""
    if len(customers):
        subject = "1 customer " + one if len(customers) == 1 else f"{len(customers):,} customers {several}"
        raise InvalidRFM(f"{subject} (first: {_first(customers)}).")
