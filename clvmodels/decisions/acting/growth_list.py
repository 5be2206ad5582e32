"""Customers who could grow: active, but with smaller orders than those who buy as often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import displays, frames
from clvmodels.decisions.acting.action_lists import (
    ACTIVE,
    best_rows,
    check_list,
    factors_at_stake,
    list_findings,
    list_summary,
    main_reasons,
    refuse_other_customers,
)
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.language import Findings
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout
from clvmodels.transactions.summary import RFM

__all__ = ["GrowthList", "growth_list"]

PEER_GROUPS = np.array([1, 2, 3, 5, 9])  # fewest repeat purchases of each group of peers
PEER_QUANTILE = 0.75  # quantile of the peers' order values that a customer is compared with
NAME = "growth"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GrowthList(displays.Display):
    """Customers whose orders could be larger.

    Attributes
    ----------
    columns : mapping of str to array (k,)
        The listed customers, the most money at stake first: customer_id, money_at_stake (margin within the horizon),
        order_value (expected of the customer), order_value_of_peers (the upper quartile of those who buy as often),
        reason_1, reason_2, probability_alive.
    summary : DataFrame
        One row: list ("growth"), candidates, customers, money_at_stake.
    findings : tuple of Finding
    kind : FrameKind
        The kind of frame to return.
    candidates, customers : int arrays
        Rows in the RFM of the candidates, and of those listed.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> growth = clv.growth_list(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, horizon="6 months", margin=0.35)
    >>> bool((growth.frame()["order_value"] < growth.frame()["order_value_of_peers"]).all())
    True
    """

    columns: Mapping[str, Any]
    summary: pd.DataFrame
    findings: Findings
    kind: frames.FrameKind
    candidates: npt.NDArray[np.intp]
    customers: npt.NDArray[np.intp]

    def frame(self) -> frames.Frame:
        """Return the listed customers, of the same kind as the log."""
        return frames.table(self.kind, self.columns)

    def plot(self, **options: Any) -> Any:
        """Draw the money at stake; see `clvmodels.plots.money_at_stake`."""
        return displays.draw("money_at_stake", self.summary, **options)

    def check(self, holdout: Holdout) -> pd.DataFrame:
        """Return how often the list was right, if it was made at the cutoff of a holdout.

        It is right if the customer later bought with larger orders than before. Some do by chance, above all those with
        small orders so far; only a control group shows what an action adds.

        Parameters
        ----------
        holdout : Holdout
            Of the log, with money; the list must have been made from its calibration RFM.

        Returns
        -------
        DataFrame
            One row: list, customers, right (their share), right_of_candidates (the same of all candidates).

        Raises
        ------
        InvalidOption
            If the holdout has no money, or other customers.
        """
        refuse_other_customers(holdout, self.customers, self.columns["customer_id"])
        before = holdout.calibration.monetary_value
        if holdout.spend is None or before is None:
            raise InvalidOption("The holdout has no money: pass amount= to holdout_split.")
        later = holdout.spend / np.maximum(holdout.purchases, 1)
        grew = (holdout.purchases > 0) & (later > before)
        both = (self.customers, self.candidates)
        shares = (float(np.mean(grew[rows])) if len(rows) else float("nan") for rows in both)
        columns = ["list", "customers", "right", "right_of_candidates"]
        return pd.DataFrame([(NAME, len(self.customers), *shares)], columns=columns)


def growth_list(
    purchases: PurchaseModel,
    spend: SpendModel,
    rfm: RFM,
    *,
    horizon: float | str,
    margin: float,
    size: int = 100,
) -> GrowthList:
    """List active repeat buyers with smaller orders than those who buy as often, with the money at stake.

    The money at stake within the horizon is, not discounted::

        P(alive) * purchases expected of an active customer * margin * (order value of the peers - own order value)

    Order values are expected ones. Peers made the same number of repeat purchases (1, 2, 3-4, 5-8, 9 or more), and
    their upper quartile counts. It is what there is to gain, not what an action would bring: that takes a test with a
    control group.

    Parameters
    ----------
    purchases, spend : fitted models
        Both fitted with the same clock.
    rfm : RFM
    horizon : float or str
        A number in the clock's unit, or a length with its unit such as "6 months".
    margin : float
        Share of spend that counts.
    size : int, default=100
        Largest number of customers; those with the same money at stake as the last one are left out too, if there is no
        room for all of them.

    Returns
    -------
    GrowthList

    Raises
    ------
    InvalidOption
        For values out of range, or a process without dropout.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    >>> len(clv.growth_list(*models, rfm, horizon="6 months", margin=0.35, size=20).frame())
    20
    """
    check_list(purchases, spend, rfm, horizon=horizon, margin=margin, size=size)
    factors = factors_at_stake(purchases, spend, rfm, rfm.clock.duration(horizon), margin)
    value = spend.spend_prediction(rfm).point
    candidates = np.flatnonzero((rfm.frequency > 0) & (factors["active"] >= ACTIVE) & ~np.isnan(value))
    peers = _of_peers(value[candidates], rfm.frequency[candidates])
    gap = np.maximum(peers - value[candidates], 0.0)
    parts = {
        "active": factors["active"][candidates],
        "buys while active": factors["buys while active"][candidates],
        "small orders": margin * gap,
    }
    money = np.prod([*parts.values()], axis=0)
    chosen = best_rows(np.arange(len(candidates)), money, size)
    # Only customers below their peers are compared: without a gap the logarithm is minus infinity.
    reasons = main_reasons({name: part[money > 0] for name, part in parts.items()})
    place = np.cumsum(money > 0) - 1
    columns = {
        "customer_id": rfm.customer_id[candidates[chosen]],
        "money_at_stake": money[chosen],
        "order_value": value[candidates[chosen]],
        "order_value_of_peers": peers[chosen],
        "reason_1": reasons[0, place[chosen]],
        "reason_2": reasons[1, place[chosen]],
        "probability_alive": parts["active"][chosen],
    }
    summary = list_summary([(NAME, len(candidates), money[chosen])])
    return GrowthList(columns, summary, list_findings(summary), rfm.kind, candidates, candidates[chosen])


def _of_peers(value: Array, frequency: npt.NDArray[np.int64]) -> Array:
    """Return the upper quartile of the order value of those who buy as often as each customer, (n,)."""
    group = np.searchsorted(PEER_GROUPS, frequency, side="right")
    result = np.empty(len(value))
    for number in np.unique(group):
        rows = group == number
        result[rows] = np.quantile(value[rows], PEER_QUANTILE)
    return result
