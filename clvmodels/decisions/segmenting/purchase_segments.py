"""Segments by how much and how recently customers buy: heavy, middle and light; new, repeat and lapsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from clvmodels.decisions.segmenting.segments import Segmentation, summarize_segments
from clvmodels.decisions.tiering.boundaries import TierRule, define_tiers, lowest_values, tier_of
from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.language import Finding
from clvmodels.transactions.summary import RFM

__all__ = ["status_segments", "volume_segments"]

VOLUME_NAMES = ("heavy", "middle", "light")
VOLUME_SHARES = (0.5, 0.8)  # shares of all purchases made by heavy customers, and by heavy and middle ones
STATUS_NAMES = ("new", "repeat", "lapsed")


def volume_segments(
    rfm: RFM,
    *,
    rule: TierRule = "cumulative_share",
    boundaries: Sequence[float] = VOLUME_SHARES,
    names: Sequence[str] = VOLUME_NAMES,
) -> Segmentation:
    """Put customers into heavy, middle and light buyers by their number of purchases.

    Heavy buyers together make half of all purchases, middle buyers the next 30 %, light buyers the rest. The first
    purchase counts. Customers with equal numbers of purchases are in the same segment, that of their middle rank. To
    rank by money instead, use `tiers` with a column of past spend.

    Parameters
    ----------
    rfm : RFM
    rule : {"cumulative_share", "quantile", "thresholds"}
        Boundaries are shares of all purchases, shares of customers, or numbers of purchases; see `tiers`.
    boundaries : sequence of float, default=(0.5, 0.8)
        One fewer than there are names.
    names : sequence of str, default=("heavy", "middle", "light")
        The heaviest buyers first.

    Returns
    -------
    Segmentation
        Its column "segment", with purchases; the summary has share_of_purchases too.

    Raises
    ------
    InvalidOption
        For invalid boundaries or names.
    InvalidRFM
        If there are no customers.

    References
    ----------
    Twedt (1964), "How Important to Marketing Strategy Is the 'Heavy User'?", Journal of Marketing 28(1), 71-72.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> table = clv.volume_segments(rfm).summary
    >>> print(table[["segment", "customers", "purchases", "share_of_purchases"]].round(2).to_string(index=False))
    segment  customers  purchases  share_of_purchases
      heavy        507       4.98                0.52
     middle        439       2.00                0.18
      light       1411       1.00                0.29
    """
    definition = define_tiers(rule, boundaries, names)
    if len(rfm) == 0:
        raise InvalidRFM("This RFM has no customers: there is nothing to segment.")
    purchases = rfm.frequency.astype(np.float64) + 1
    segment = tier_of(purchases, lowest_values(purchases, definition))
    summary = summarize_segments("segment", definition.names, segment, {"purchases": purchases})
    total = np.bincount(segment, purchases, minlength=len(definition.names))
    summary["share_of_purchases"] = total / total.sum()
    first = summary.iloc[0]
    figures = {
        "name": definition.names[0],
        "customers": int(first["customers"]),
        "share": float(first["share_of_customers"]),
        "share_of_purchases": float(first["share_of_purchases"]),
    }
    columns: dict[str, Any] = {
        "customer_id": rfm.customer_id,
        "segment": np.array(definition.names, dtype=object)[segment],
        "purchases": purchases.astype(np.int64),
    }
    findings = (Finding("segments-volume", figures),)
    return Segmentation("segment", definition.names, columns, summary, findings, rfm.kind)


def status_segments(rfm: RFM, *, period: float | str = "12 months") -> Segmentation:
    """Put customers into new, repeat and lapsed ones by when they bought.

    A customer who first bought within the last period is new; one who first bought earlier is a repeat customer after a
    purchase within the period, and lapsed without one. This describes the past; `stages` estimates who will return.

    Parameters
    ----------
    rfm : RFM
    period : float or str, default="12 months"
        A number in the clock's unit, or a length with its unit.

    Returns
    -------
    Segmentation
        Its column "segment", with frequency and time_since_last (in the clock's unit).

    Raises
    ------
    InvalidOption
        For a period that is not positive.
    InvalidRFM
        If there are no customers.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1998-06-30")
    >>> print(clv.status_segments(rfm, period="6 months").summary[["segment", "customers"]].to_string(index=False))
    segment  customers
        new          0
     repeat        517
     lapsed       1840
    """
    length = rfm.clock.duration(period)
    if not length > 0:
        raise InvalidOption(f"period={period!r} must be longer than 0.")
    if len(rfm) == 0:
        raise InvalidRFM("This RFM has no customers: there is nothing to segment.")
    since = rfm.T - rfm.recency
    segment = np.select([length > rfm.T, since < length], [0, 1], 2)
    means = {"frequency": rfm.frequency.astype(float), "time_since_last": since}
    summary = summarize_segments("segment", STATUS_NAMES, segment, means)
    size = dict(zip(STATUS_NAMES, summary["customers"].tolist(), strict=True))
    columns: dict[str, Any] = {
        "customer_id": rfm.customer_id,
        "segment": np.array(STATUS_NAMES, dtype=object)[segment],
        "frequency": rfm.frequency,
        "time_since_last": since,
    }
    finding = Finding("segments-status", {"customers": len(rfm), **size})
    return Segmentation("segment", STATUS_NAMES, columns, summary, (finding,), rfm.kind)
