"""Whether a benchmark is better than the model of the report, and why the MAE does not decide it."""

from __future__ import annotations

import pandas as pd

from clvmodels.language import Finding, Findings
from clvmodels.reporting.selection import LEARNERS, Selection
from clvmodels.reporting.verdict.answer import Answer
from clvmodels.reporting.winners import BetterForecaster, find_better, furthest_ahead

__all__ = ["KIND_GROUPS", "explain_mae", "judge_benchmarks"]


KIND_GROUPS: dict[str, tuple[str, ...]] = {  # groups of kinds of benchmarks, the most important first
    "rule": ("rule",),
    "learned": LEARNERS,
    "process": ("process",),
}
METRIC_ORDER = ("gini", "rmse", "bias")  # as messages name them together
MAE_RATIO = 1.25  # MAE of "zero", as a multiple of the model's, below which it is shown as an example


def judge_benchmarks(view: Selection) -> Answer:
    """Return the answer on whether a simple rule, a learner or another purchase model is visibly better."""
    if not any(len(view.differences(quantity, "gini")) for quantity in view.quantities):
        headline = Finding("verdict-nothing-to-compare")
        return Answer("benchmarks", headline, (Finding("verdict-no-benchmark"),), "benchmarks")
    better = {group: ahead for group, kinds in KIND_GROUPS.items() if (ahead := find_better(view, kinds))}
    headline = Finding("verdict-not-beaten")
    if better:
        group = next(iter(better))
        headline = Finding("verdict-benchmarks", {"kind": group, **_measures(view, better[group])}, "caution")
    findings = [each.finding() for each in better.get("rule", [])] or [Finding("verdict-no-rule-better")]
    others = [each for group, ahead in better.items() if group != "rule" for each in ahead]
    findings += [each.finding() for each in furthest_ahead(others)]
    findings.append(Finding("verdict-visible"))
    if better and len(view.cutoffs) > 1:
        findings.append(Finding("verdict-means", {"cutoffs": len(view.cutoffs)}))
    return Answer("benchmarks", headline, tuple(findings), "benchmarks")


def explain_mae(scores: pd.DataFrame, forecaster: str, title: str) -> Findings:
    """Return a finding on why the verdict does not use the mean absolute error, with an example from this table.

    Parameters
    ----------
    scores : DataFrame
        With the columns quantity, forecaster and mae.
    forecaster, title : str
        The model of the report.
    """
    why = Finding("verdict-mae")
    errors = scores[scores["quantity"] == "purchases"].set_index("forecaster")["mae"]
    if not {"zero", forecaster} <= set(errors.index) or not errors["zero"] < MAE_RATIO * errors[forecaster]:
        return (why,)
    figures = {
        "zero": float(errors["zero"]),
        "mae": float(errors[forecaster]),
        "forecaster": forecaster,
        "title": title,
    }
    return why, Finding("verdict-mae-example", figures)


def _measures(view: Selection, better: list[BetterForecaster]) -> dict[str, str]:
    """Return the metrics, as one code, and the quantities in which benchmarks are better."""
    metrics = sorted({each.metric for each in better}, key=METRIC_ORDER.index)
    quantities = {
        metric: list(dict.fromkeys(each.quantity for each in better if each.metric == metric)) for metric in metrics
    }
    scopes = {view.scope(each) for each in quantities.values()}
    return {"metrics": "-".join(metrics), "quantity": scopes.pop() if len(scopes) == 1 else "various"}
