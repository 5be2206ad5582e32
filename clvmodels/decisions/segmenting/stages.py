"""Stages of customers: developing, established, overdue, dormant, probably lost, won back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from clvmodels import frames
from clvmodels.decisions.acting.nobody_leaves import nobody_leaves
from clvmodels.decisions.customer_table import read_customer_table
from clvmodels.decisions.segmenting.segments import Segmentation, summarize_segments
from clvmodels.decisions.segmenting.stage_kpis import stage_outlook
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.inference.statistics import unique_rows
from clvmodels.language import Finding
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = ["gap_probability", "stages"]

STAGES = ("developing", "established", "overdue", "dormant", "probably lost", "won back")
KPIS = {
    "developing": "repeat rate",
    "established": "purchases per customer",
    "overdue": "return rate",
    "dormant": "return rate",
    "probably lost": "still active",
    "won back": "repeat rate",
}
ESTABLISHED_FROM = 2  # repeat purchases


def stages(
    purchases: PurchaseModel,
    rfm: RFM,
    *,
    overdue_below: float = 0.2,
    dormant_below: float = 0.3,
    lost_below: float = 0.1,
    published: frames.Frame | str | Path | None = None,
    horizon: float | str = "3 months",
) -> Segmentation:
    """Put every customer into a stage, by purchase history and P(alive).

    A customer is "probably lost" if P(alive) is below `lost_below`, "dormant" if it is below `dormant_below`, "overdue"
    if an active customer would go without a purchase for so long with a probability below `overdue_below`,
    "established" after two repeat purchases, and otherwise "developing". A customer whose published stage was "probably
    lost" and who has bought since is "won back" until the next stages are published.

    Parameters
    ----------
    purchases : fitted model
        A process in which customers who bought once may have left, such as MBG/NBD or Pareto/NBD.
    rfm : RFM
    overdue_below : float, default=0.2
    dormant_below : float, default=0.3
    lost_below : float, default=0.1
    published : frame or path, optional
        The stages published last, as `frame()` returned them: customer_id, stage and frequency.
    horizon : float or str, default="3 months"
        How far ahead KPIs look; a number in the clock's unit, or a length with its unit.

    Returns
    -------
    Segmentation
        Its column "stage"; with probability_alive, gap_probability and frequency. The summary has the KPI by which each
        stage is managed: "repeat rate" and "return rate" (the share expected to buy within the horizon), "purchases per
        customer" (expected within the horizon) and "still active" (mean P(alive)).

    Raises
    ------
    InvalidOption
        For a process in which customers who bought once cannot leave, or levels out of range.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> print(clv.stages(clv.MBGNBD().fit(rfm), rfm).summary[["stage", "customers"]].to_string(index=False))
            stage  customers
       developing       1703
      established        362
          overdue         42
          dormant        213
    probably lost         37
         won back          0
    """
    process = purchases.process
    if process.one_time_buyers_stay or "dropout" not in process.moves:
        raise InvalidOption(
            f"In {process.title}, customers who bought once cannot have left, so it shows no stages: fit MBGNBD(), "
            "ParetoNBD() or another process in which they can."
        )
    levels: dict[str, Any] = {"overdue_below": overdue_below, "dormant_below": dormant_below, "lost_below": lost_below}
    for name, level in levels.items():
        if not isinstance(level, (int, float)) or not 0 < level < 1:
            raise InvalidOption(f"{name}={level!r} must be a probability between 0 and 1.")
    if lost_below > dormant_below:
        raise InvalidOption(f"lost_below={lost_below} must not be above dormant_below={dormant_below}.")
    alive, gap = purchases.alive(rfm), gap_probability(purchases, rfm)
    returned = np.zeros(len(rfm), dtype=bool) if published is None else _returned(published, rfm)
    rules = [
        returned,
        alive < lost_below,
        alive < dormant_below,
        gap < overdue_below,
        rfm.frequency >= ESTABLISHED_FROM,
    ]
    stage = np.select(rules, [5, 4, 3, 2, 1], 0)
    columns: dict[str, Any] = {
        "customer_id": rfm.customer_id,
        "stage": np.array(STAGES, dtype=object)[stage],
        "probability_alive": alive,
        "gap_probability": gap,
        "frequency": rfm.frequency,
    }
    means = {"probability_alive": alive, "frequency": rfm.frequency.astype(float)}
    summary = summarize_segments("stage", STAGES, stage, means)
    outlook = stage_outlook(purchases, rfm, horizon)
    summary["kpi"] = [KPIS[name] for name in STAGES]
    summary["kpi_value"] = [outlook.mean(KPIS[name], stage == place) for place, name in enumerate(STAGES)]
    size = summary.set_index("stage")["customers"]
    figures = {"customers": len(rfm), "overdue": int(size["overdue"]), "lost": int(size["probably lost"])}
    finding = Finding("stages-made", figures | {"won_back": int(size["won back"])})
    return Segmentation("stage", STAGES, columns, summary, (finding, *nobody_leaves(alive)), rfm.kind)


def gap_probability(purchases: PurchaseModel, rfm: RFM) -> Array:
    """Return the probability of no purchase since the last one if the customer is active, (n,).

    The customer's own rate is unknown and is integrated over its posterior distribution, so one or two purchases do not
    establish a rhythm. By Bayes' rule on the history up to the last purchase: P(no purchase | active now) = P(active
    now | no purchase) P(no purchase) / P(active now).
    """
    process, p = purchases.process, purchases.process.Parameters(**purchases.parameters_)
    prediction = purchases.prediction(rfm, "gap", None, point=np.zeros(len(rfm)))
    times = rfm.calendar_times()

    def chance(age: Array, last: Array, *values: Array) -> Array:
        gap = age - last
        columns = dict(zip(prediction.columns, values, strict=True))
        at_last = columns | {name: columns["recency"] for name in ("T", "n") if name in columns}
        then, now = ([source[name] for name in process.statistics] for source in (at_last, columns))
        nothing = process.pmf(p, np.zeros(len(gap)), gap, *then)
        still_active = process.survival(p, gap, *then)
        result: Array = process.probability_alive(p, *now) * nothing / np.maximum(still_active, np.finfo(float).tiny)
        return np.clip(result, 0.0, 1.0)

    # Many customers have the same history.
    history = [times["T"], times["recency"], *prediction.columns.values()]
    ticks = [rfm.clock.ticks_per_unit, rfm.clock.ticks_per_unit, *prediction.ticks]
    return unique_rows(history, ticks).evaluate(chance)


def _returned(published: Any, rfm: RFM) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return a mask of the customers published as probably lost who have bought since, (n,)."""
    table = read_customer_table(published, "published")
    positions = table.positions_of(rfm.customer_id)
    lost = (table.texts("stage") == "probably lost")[positions]
    bought = rfm.frequency > table.numbers("frequency")[positions]
    returned: np.ndarray[Any, np.dtype[np.bool_]] = (positions >= 0) & lost & bought
    return returned
