"""Segments against a holdout period: what each bought later, compared with simple rankings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from clvmodels import displays, frames
from clvmodels.decisions.customer_table import read_customer_table
from clvmodels.decisions.segmenting.rfm_grid import GROUPS, score_columns
from clvmodels.errors import InvalidOption, InvalidTable
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout
from clvmodels.validation.tables.metrics import captured_at

__all__ = ["SegmentCheck", "validate_segments"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SegmentCheck(displays.Display):
    """What each segment bought in a holdout period.

    Attributes
    ----------
    table : DataFrame
        One row per segment, the best first: segment, customers, bought (share with a purchase), later_spend (money per
        customer), share (of all later money), share_lower, share_upper, share_past_spend and share_rfm_sum: the share
        of the customers at the same ranks by past spend, or by the sum of RFM scores.
    findings : tuple of Finding

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> split = clv.holdout_split(log, amount="amount", calibration_end="1997-09-30")
    >>> check = clv.validate_segments(clv.rfm_segments(split.calibration).frame(), split, column="segment")
    >>> round(float(check.table["share"].sum()), 6)
    1.0
    """

    shown_table: ClassVar[str] = "table"
    table: pd.DataFrame
    findings: Findings

    def frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def plot(self, **options: Any) -> Any:
        """Draw each segment's share of later money next to the rankings; see `clvmodels.plots.segment_shares`."""
        return displays.draw("segment_shares", self.table, **options)


def validate_segments(
    segments: frames.Frame | str | Path,
    holdout: Holdout,
    *,
    column: str,
    order: Sequence[str] | None = None,
    interval: float = 0.9,
) -> SegmentCheck:
    """Compare what segments bought later with equally large groups chosen by past spend and by RFM scores.

    The segments must have been made from what was known at the cutoff of the holdout.

    Parameters
    ----------
    segments : frame or path
        One row per customer: customer_id and the segment, such as `Tiers.frame()` or `Segmentation.frame()`.
    holdout : Holdout
        With money.
    column : str
        Column of the segment, such as "tier_today".
    order : sequence of str, optional
        The segments, the best first; by default by past spend per customer.
    interval : float, default=0.9
        Central probability of the interval of each share, from the variance between customers.

    Returns
    -------
    SegmentCheck

    Raises
    ------
    InvalidTable
        If customers of the holdout have no segment.
    InvalidOption
        If the holdout has no money, or `order` is not a list of all segments.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> split = clv.holdout_split(log, amount="amount", time_unit="week", calibration_end="1997-09-30")
    >>> rfm, terms = split.calibration, {"horizon": "39 weeks", "annual_discount_rate": 0.0, "margin": 1.0}
    >>> value = clv.lifetime_value(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, **terms)
    >>> check = clv.validate_segments(clv.tiers(value).frame(), split, column="tier_today", order=["A", "B", "C", "D"])
    >>> print(check.table[["segment", "customers", "share"]].round(2).to_string(index=False))
    segment  customers  share
          A        118   0.37
          B        354   0.30
          C        703   0.17
          D       1182   0.16
    """
    if holdout.spend is None or holdout.past_spend is None:
        raise InvalidOption("The holdout has no money: pass amount= to holdout_split.")
    _check_interval(interval)
    labels = _segments_of(segments, holdout, column)
    names = _ordered(labels, holdout.past_spend, order)
    number = np.array([names.index(label) for label in labels], dtype=np.intp)
    table = _table(names, number, holdout, float(ndtri(0.5 + interval / 2)))
    return SegmentCheck(table, _findings(table))


def _segments_of(segments: Any, holdout: Holdout, column: str) -> npt.NDArray[np.object_]:
    """Return the segment of each customer of the holdout, (n,)."""
    table = read_customer_table(segments, "segments")
    labels = table.texts(column)
    positions = table.positions_of(holdout.calibration.customer_id)
    chosen: npt.NDArray[np.object_] = labels[positions]
    chosen[positions < 0] = None
    missing = np.array([label is None for label in chosen])
    if missing.any():
        first = holdout.calibration.customer_id.filter(missing.tolist()).head(3).to_list()
        raise InvalidTable(
            f"{int(missing.sum()):,} of {len(chosen):,} customers of the holdout have no segment (first: "
            f"{', '.join(map(str, first))}): make the segments from holdout.calibration."
        )
    return chosen


def _check_interval(interval: Any) -> None:
    """Raise an InvalidOption unless the interval is a probability between 0 and 1."""
    if not isinstance(interval, (int, float)) or not 0 < interval < 1:
        raise InvalidOption(f"interval={interval!r} must be between 0 and 1, such as 0.9.")


def _ordered(labels: npt.NDArray[np.object_], past: Array, order: Sequence[str] | None) -> list[str]:
    """Return the names of the segments, the best first."""
    present = sorted({*labels})
    if order is None:
        return sorted(present, key=lambda name: (-float(np.mean(past[labels == name])), name))
    unknown = sorted({*present} - {*order})
    if unknown or len({*order}) < len(order):
        raise InvalidOption(f"order={list(order)} must name each segment once; the segments are {present}.")
    return [name for name in order if name in present]


def _table(names: list[str], number: npt.NDArray[np.intp], holdout: Holdout, z: float) -> pd.DataFrame:
    """Return one row per segment."""
    later, past = np.asarray(holdout.spend), np.asarray(holdout.past_spend)
    size, total = np.bincount(number, minlength=len(names)), float(later.sum())
    spent = np.bincount(number, later, minlength=len(names))
    share = spent / total if total else np.full(len(names), np.nan)
    inside = number == np.arange(len(names))[:, None]
    # The variance of a ratio of sums, with customers as the unit.
    error = np.sqrt(np.sum((later * (inside - share[:, None])) ** 2, axis=1)) / total if total else share
    table = pd.DataFrame(
        {
            "segment": names,
            "customers": size,
            "bought": np.bincount(number, holdout.purchases > 0, minlength=len(names)) / size,
            "later_spend": spent / size,
            "share": share,
            "share_lower": np.clip(share - z * error, 0.0, 1.0),
            "share_upper": np.clip(share + z * error, 0.0, 1.0),
        }
    )
    places = np.cumsum(size) / size.sum()
    rankings = {"past_spend": past, "rfm_sum": score_columns(holdout.calibration, GROUPS)["rfm_sum"].astype(float)}
    for name, ranking in rankings.items():
        table[f"share_{name}"] = np.diff(captured_at(later, ranking, places), prepend=0.0)
    return table


def _findings(table: pd.DataFrame) -> Findings:
    """Return a finding on the share of the best segment, against that of as many customers by each ranking."""
    best = table.iloc[0]
    figures = {name: float(best[name]) for name in ("share", "share_past_spend", "share_rfm_sum")}
    worse = best["share"] < max(best["share_past_spend"], best["share_rfm_sum"])
    rows = {"segment": str(best["segment"]), "customers": int(best["customers"])}
    return (Finding("segments-checked", rows | figures, "caution" if worse else "info"),)
