"""The record of a segmentation: every customer in one named segment, with a summary of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import displays, frames
from clvmodels.decisions.quotients import quotient
from clvmodels.language import Findings
from clvmodels.processes.contract import Array

__all__ = ["Segmentation", "summarize_segments"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Segmentation(displays.Display):
    """Customers in named segments, each customer in one.

    Attributes
    ----------
    column : str
        Name of the column of the segment, such as "segment" or "stage".
    names : tuple of str
        All segments in order, including empty ones.
    columns : mapping of str to array (n,)
        One row per customer: customer_id, the segment, and the columns it was made from.
    summary : DataFrame
        One row per segment: its name, customers, share_of_customers, and means of the columns it was made from.
    findings : tuple of Finding
    kind : FrameKind
        The kind of frame to return.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", observation_end="1997-09-30")
    >>> clv.rfm_segments(rfm).frame().columns.tolist()
    ['customer_id', 'segment', 'recency_score', 'frequency_score', 'monetary_score', 'rfm_sum']
    """

    column: str
    names: tuple[str, ...]
    columns: Mapping[str, Any]
    summary: pd.DataFrame
    findings: Findings
    kind: frames.FrameKind

    def frame(self) -> frames.Frame:
        """Return one row per customer, of the same kind as the log."""
        return frames.table(self.kind, self.columns)

    def plot(self, **options: Any) -> Any:
        """Draw the share of customers in each segment; see `clvmodels.plots.segment_sizes`."""
        return displays.draw("segment_sizes", self.summary.rename(columns={self.column: "segment"}), **options)


def summarize_segments(
    column: str, names: Sequence[str], segment: npt.NDArray[np.intp], means: Mapping[str, Array]
) -> pd.DataFrame:
    """Return customers, their share and means of some columns by segment.

    Parameters
    ----------
    segment : int array (n,)
        The position of each customer's segment in `names`.
    means : mapping of str to array (n,)
        Columns whose means are shown; NaN in an empty segment.
    """
    size = np.bincount(segment, minlength=len(names))
    table = pd.DataFrame({column: list(names), "customers": size, "share_of_customers": size / max(size.sum(), 1)})
    for name, values in means.items():
        order = np.argsort(values, kind="stable")  # so that sums do not depend on the order of rows
        total = np.bincount(segment[order], values[order], minlength=len(names))
        table[name] = quotient(total, size)
    return table
