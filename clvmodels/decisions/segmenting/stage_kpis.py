"""KPIs of stages: expected purchases and the share expected to buy, for the customers of a stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.frames import column
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = ["StageOutlook", "stage_outlook"]


@dataclass(frozen=True, slots=True, eq=False)
class StageOutlook:
    """The outlook of each customer within a horizon; all arrays are (n,).

    Attributes
    ----------
    alive : array
        P(alive).
    buys : array
        Probability of a purchase within the horizon.
    purchases : array
        Expected purchases.
    """

    alive: Array
    buys: Array
    purchases: Array

    def mean(self, kpi: str, rows: npt.NDArray[np.bool_]) -> float:
        """Return a KPI over the customers in some rows, NaN if there are none."""
        of_kpi = {"purchases per customer": self.purchases, "still active": self.alive}.get(kpi, self.buys)
        return float(np.mean(np.sort(of_kpi[rows]))) if rows.any() else float("nan")


def stage_outlook(purchases: PurchaseModel, rfm: RFM, horizon: float | str) -> StageOutlook:
    """Return the outlook of the customers of an RFM within a horizon."""
    rfm = rfm.without_engine
    nothing = purchases.probability_no_purchase(rfm, horizon)
    expected = purchases.expected_purchases(rfm, horizon)
    return StageOutlook(
        alive=purchases.alive(rfm),
        buys=1 - column(nothing, "probability_no_purchase"),
        purchases=column(expected, "expected_purchases"),
    )
