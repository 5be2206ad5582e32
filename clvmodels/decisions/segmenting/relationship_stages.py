"""The four stages of a customer relationship (attract, acquire, manage, retain), each with its KPI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from clvmodels import frames
from clvmodels.decisions.customer_table import CustomerTable, read_customer_table
from clvmodels.decisions.segmenting.segments import Segmentation, summarize_segments
from clvmodels.decisions.segmenting.stage_kpis import stage_outlook
from clvmodels.decisions.segmenting.stages import stages
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.language import Finding
from clvmodels.transactions.summary import RFM

__all__ = ["relationship_stages"]

LOST_BELOW = 0.1  # the default of `stages`
NAMES = ("attract", "acquire", "manage", "retain")
KPIS = {
    "attract": "conversion",
    "acquire": "repeat rate",
    "manage": "purchases per customer",
    "retain": "return rate",
}


def relationship_stages(
    purchases: PurchaseModel,
    rfm: RFM,
    *,
    prospects: frames.Frame | str | Path | None = None,
    horizon: float | str = "3 months",
    overdue_below: float = 0.2,
    dormant_below: float = 0.3,
) -> Segmentation:
    """Put prospects and customers into the four stages of a relationship, each with the KPI it is managed by.

    Prospects who have not bought are to be attracted; they must be listed in `prospects`. Customers who bought once are
    being acquired; those with repeat purchases are to be managed; those who are overdue, or probably gone by P(alive),
    are to be retained. The thresholds are those of `stages`, which divides customers further.

    Parameters
    ----------
    purchases : fitted model
        A process in which customers who bought once may have left, such as MBG/NBD or Pareto/NBD.
    rfm : RFM
    prospects : frame or path, optional
        Present and past prospects, one row each: customer_id. Those who have bought since are counted in the
        conversion. Default: the stage "attract" is empty.
    horizon : float or str, default="3 months"
        How far ahead KPIs look; a number in the clock's unit, or a length with its unit.
    overdue_below : float, default=0.2
        As for `stages`.
    dormant_below : float, default=0.3
        As for `stages`.

    Returns
    -------
    Segmentation
        Its column "stage". The summary has kpi and kpi_value: of "attract" the conversion (the share of the listed who
        have bought), of "acquire" the repeat rate (the share expected to buy again within the horizon), of "manage"
        the purchases expected per customer, of "retain" the return rate (the share expected to buy).

    Raises
    ------
    InvalidOption
        For a process in which customers who bought once cannot leave, or levels out of range.
    InvalidTable
        If the list of prospects is invalid.

    References
    ----------
    Kumar & Reinartz (2018), "Customer Relationship Management", 3rd ed., Springer, chapters 1 and 6, for the management
    of acquisition, growth and retention.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> listed = pd.DataFrame({"customer_id": [*rfm.customer_id.to_list()[:50], *range(100_000, 100_150)]})
    >>> result = clv.relationship_stages(clv.MBGNBD().fit(rfm), rfm, prospects=listed)
    >>> print(result.summary[["stage", "customers", "kpi", "kpi_value"]].round(2).to_string(index=False))
      stage  customers                    kpi  kpi_value
    attract        150             conversion       0.25
    acquire       1411            repeat rate       0.06
     manage        654 purchases per customer       0.69
     retain        292            return rate       0.12
    """
    lost_below = min(LOST_BELOW, dormant_below)  # only divides the stage "retain", so its value does not matter here
    made = stages(
        purchases,
        rfm,
        overdue_below=overdue_below,
        dormant_below=dormant_below,
        lost_below=lost_below,
        horizon=horizon,
    )
    named = made.columns["stage"]
    settled = np.isin(named, ("developing", "established", "won back"))
    stage = np.select([~settled, rfm.frequency > 0], [3, 2], 1)
    table = None if prospects is None else read_customer_table(prospects, "prospects")
    waiting, conversion = _not_yet(table, rfm)
    stage = np.concatenate([stage, np.zeros(len(waiting), dtype=stage.dtype)])
    alive = np.concatenate([made.columns["probability_alive"], np.full(len(waiting), np.nan)])
    frequency = np.concatenate([rfm.frequency, np.zeros(len(waiting), dtype=rfm.frequency.dtype)])
    columns: dict[str, Any] = {
        "customer_id": rfm.customer_id if not waiting else [*rfm.customer_id.to_list(), *waiting],
        "stage": np.array(NAMES, dtype=object)[stage],
        "probability_alive": alive,
        "frequency": frequency,
    }
    summary = summarize_segments("stage", NAMES, stage, {"frequency": frequency.astype(float)})
    outlook, of_customers = stage_outlook(purchases, rfm, horizon), stage[: len(rfm)]
    summary["kpi"] = [KPIS[name] for name in NAMES]
    expected = [outlook.mean(KPIS[name], of_customers == place) for place, name in enumerate(NAMES)]
    summary["kpi_value"] = [conversion, *expected[1:]]
    size = dict(zip(NAMES, summary["customers"].tolist(), strict=True))
    finding = Finding("stages-relationship", {**size, "listed": 0 if table is None else len(table)})
    return Segmentation("stage", NAMES, columns, summary, (finding,), rfm.kind)


def _not_yet(table: CustomerTable | None, rfm: RFM) -> tuple[list[Any], float]:
    """Return the ids of prospects who have not bought, and the share of those listed who have (NaN without a list)."""
    if table is None:
        return [], float("nan")
    here = CustomerTable("rfm", rfm.customer_id.alias("customer_id").to_frame(), "polars")
    waiting = here.positions_of(table.customer_id) < 0
    return table.customer_id.filter(waiting.tolist()).to_list(), float(np.mean(~waiting))
