"""RFM scores and the customary grid of named segments, a table that users may change."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import frames
from clvmodels.decisions.segmenting.segments import Segmentation, summarize_segments
from clvmodels.decisions.tiering.boundaries import define_tiers, lowest_values, merge_near_ties, tier_of
from clvmodels.errors import InvalidOption, InvalidRFM, InvalidTable
from clvmodels.language import Finding
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = ["rfm_grid", "rfm_scores", "rfm_segments", "score_columns"]

GROUPS = 5
RANGES = ("recency_from", "recency_to", "frequency_from", "frequency_to")
GRID = (
    ("champions", 5, 5, 4, 5),
    ("loyal", 3, 4, 4, 5),
    ("potential loyalists", 4, 5, 2, 3),
    ("new", 5, 5, 1, 1),
    ("promising", 4, 4, 1, 1),
    ("need attention", 3, 3, 3, 3),
    ("about to sleep", 3, 3, 1, 2),
    ("cannot lose", 1, 2, 5, 5),
    ("at risk", 1, 2, 3, 4),
    ("hibernating", 1, 2, 1, 2),
)
EXAMPLES = 3  # pairs of scores named in an error


def rfm_grid() -> pd.DataFrame:
    """Return the customary grid of named segments by recency score and frequency score.

    It is a starting point: change names and ranges, and pass the table to `rfm_segments`, which checks that every pair
    of scores is in one segment.

    Returns
    -------
    DataFrame
        One row per rectangle of scores: segment, recency_from, recency_to, frequency_from, frequency_to; from 1, the
        lowest, to 5. A segment may have several rows.

    Examples
    --------
    >>> import clvmodels as clv
    >>> print(clv.rfm_grid().head(2).to_string(index=False))
      segment  recency_from  recency_to  frequency_from  frequency_to
    champions             5           5               4             5
        loyal             3           4               4             5
    """
    return pd.DataFrame(GRID, columns=["segment", *RANGES])


def rfm_scores(rfm: RFM, *, groups: int = GROUPS) -> frames.Frame:
    """Score recency, frequency and spend of each customer from 1 to 5.

    Each score divides the customers into groups of equal size: 5 is the most recent, most frequent or highest-spending
    fifth. Customers with equal values have the same score, that of their middle rank.

    Parameters
    ----------
    rfm : RFM
    groups : int, default=5
        Number of groups, from 2 to 10.

    Returns
    -------
    frame
        customer_id, recency_score (of the time since the last purchase), frequency_score (of repeat purchases) and, if
        the RFM has money, monetary_score (of the mean spend per purchase; the lowest for customers without spend) and
        rfm_sum.

    Raises
    ------
    InvalidOption
        For an invalid number of groups.

    References
    ----------
    Hughes (1994), "Strategic Database Marketing", Probus, chapter on RFM.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", observation_end="1997-09-30")
    >>> print(clv.rfm_scores(rfm).head(2).to_string(index=False))
     customer_id  recency_score  frequency_score  monetary_score  rfm_sum
               4              5                5               4       14
              18              1                2               2        5
    """
    return frames.table(rfm.kind, {"customer_id": rfm.customer_id, **score_columns(rfm, groups)})


def score_columns(rfm: RFM, groups: Any) -> dict[str, npt.NDArray[np.intp]]:
    """Return the scores of the customers by name, each (n,)."""
    if not isinstance(groups, int) or not 2 <= groups <= 10:
        raise InvalidOption(f"groups={groups!r} must be a whole number from 2 to 10.")
    if len(rfm) == 0:
        raise InvalidRFM("This RFM has no customers: there is nothing to score.")
    scores = {
        "recency_score": _score(rfm.recency - rfm.T, groups),
        "frequency_score": _score(rfm.frequency.astype(float), groups),
    }
    if rfm.monetary_value is not None:
        scores["monetary_score"] = _score(np.nan_to_num(rfm.monetary_value, nan=-1.0), groups)
        scores["rfm_sum"] = np.sum([*scores.values()], axis=0)
    return scores


def _score(values: Array, groups: int) -> npt.NDArray[np.intp]:
    """Return the group of each customer by a value (n,), with the highest number for the highest values."""
    parts = define_tiers("quantile", tuple(part / groups for part in range(1, groups)), None)
    merged = merge_near_ties(values)
    return groups - tier_of(merged, lowest_values(merged, parts))


def rfm_segments(rfm: RFM, grid: frames.Frame | None = None) -> Segmentation:
    """Put every customer into a named segment by recency score and frequency score.

    Parameters
    ----------
    rfm : RFM
    grid : frame, optional
        The table of segments, as `rfm_grid` returns it, which is the default. Every pair of scores must be in one
        segment.

    Returns
    -------
    Segmentation

    Raises
    ------
    InvalidTable
        If pairs of scores are in no segment, or in several.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> segments = clv.rfm_segments(clv.rfm_summary(log, amount="amount", observation_end="1997-09-30"))
    >>> print(segments.summary[["segment", "customers"]].head(3).to_string(index=False))
                segment  customers
              champions        473
                  loyal        390
    potential loyalists        147
    """
    names, cells = _read_grid(rfm_grid() if grid is None else grid)
    scores = score_columns(rfm, GROUPS)
    number = cells[scores["recency_score"] - 1, scores["frequency_score"] - 1]
    columns = {"customer_id": rfm.customer_id, "segment": np.array(names, dtype=object)[number], **scores}
    means = {"frequency": rfm.frequency.astype(float), "time_since_last": rfm.T - rfm.recency}
    summary = summarize_segments("segment", names, number, means)
    largest = summary.iloc[int(np.argmax(summary["customers"]))]
    figures = {"customers": len(rfm), "segments": len(names), "name": str(largest["segment"])}
    finding = Finding("segments-made", figures | {"share": float(largest["share_of_customers"])})
    return Segmentation("segment", names, columns, summary, (finding,), rfm.kind)


def _read_grid(grid: Any) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    """Return the names of the segments, and the number of the segment of each pair of scores, (5, 5)."""
    rows = _grid_rows(grid)
    names = tuple(dict.fromkeys(str(row["segment"]) for row in rows))
    covered = np.zeros((GROUPS, GROUPS), dtype=int)
    cells = np.zeros((GROUPS, GROUPS), dtype=np.intp)
    for row in rows:
        recency, frequency = (
            slice(int(row[f"{name}_from"]) - 1, int(row[f"{name}_to"])) for name in ("recency", "frequency")
        )
        covered[recency, frequency] += 1
        cells[recency, frequency] = names.index(str(row["segment"]))
    faults = []
    for where, mask in (("no segment", covered == 0), ("several segments", covered > 1)):
        pairs = (np.argwhere(mask) + 1).tolist()
        if pairs:
            first = ", ".join(f"{recency} and {frequency}" for recency, frequency in pairs[:EXAMPLES])
            faults.append(f"{len(pairs)} pairs of scores are in {where} (first: {first})")
    if faults:
        raise InvalidTable(
            f"grid= must put every pair of a recency score and a frequency score into one segment: {'; '.join(faults)}."
        )
    return names, cells


def _grid_rows(grid: Any) -> list[dict[str, Any]]:
    """Return the rows of a grid, with scores between 1 and 5."""
    missing = [name for name in ("segment", *RANGES) if name not in frames.column_names(grid)]
    if missing:
        raise InvalidTable(f"grid= has no column {', '.join(map(repr, missing))}; rfm_grid() shows the columns.")
    columns = {name: list(grid[name].to_list()) for name in ("segment", *RANGES)}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    for row in rows:
        numbers = [row[name] for name in RANGES]
        if not all(isinstance(each, (int, float)) and each in range(1, GROUPS + 1) for each in numbers):
            raise InvalidTable(
                f"grid= has the scores {numbers} for {row['segment']!r}: they must be from 1 to {GROUPS}."
            )
    return rows
