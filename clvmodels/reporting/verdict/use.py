"""Uses of a forecast: budgets, rankings, and cases in which another forecaster is better."""

from __future__ import annotations

from typing import Any

from clvmodels.language import Finding
from clvmodels.reporting.selection import Selection
from clvmodels.reporting.verdict.answer import Answer
from clvmodels.reporting.verdict.benchmarks import KIND_GROUPS
from clvmodels.reporting.verdict.ranking import grade_ranking
from clvmodels.reporting.verdict.totals import direction_of, errors_of_totals
from clvmodels.reporting.winners import find_better, furthest_ahead

__all__ = ["judge_use"]

PARTS_OF_BEST = ("boosted_trees", "blend")  # not supported in a job, but contained in the best forecaster


def judge_use(view: Selection) -> Answer:
    """Return the answer on what the forecast can be used for, and where another forecaster is better."""
    errors = errors_of_totals(view)
    ranking = grade_ranking(view)
    headline = Finding(
        "verdict-use",
        {"ranking": ranking, **_largest_error(errors)},
        "info" if ranking in ("good", "fair") else "caution",
    )
    recommended = _recommend(view)
    visible = [Finding("verdict-visible")] if recommended else []
    findings = [*_budget(view, errors), *recommended, *visible] or [Finding("verdict-use-unknown", severity="caution")]
    return Answer("use", headline, tuple(findings), "benchmarks")


def _largest_error(errors: dict[str, list[float]]) -> dict[str, Any]:
    """Return the figures of the largest error among all totals."""
    every = [error for each in errors.values() for error in each]
    if not every:
        return {"direction": "none", "error": None, "totals": 0}
    largest = max(every, key=abs)
    direction = "either" if min(every) < 0 < max(every) else direction_of(largest)
    return {"direction": direction, "error": abs(largest), "totals": len(every)}


def _budget(view: Selection, errors: dict[str, list[float]]) -> list[Finding]:
    """Return a finding on the error that a budget has to allow for, as a share of the forecast."""
    findings = []
    for quantity, each in errors.items():
        # Errors are shares of the actual total: if a forecast was 20 % too low, the actual total was 25 % above it.
        corrections = [1 / (1 + error) - 1 for error in each if error > -1]
        if corrections:
            fewer, more = max(-min(corrections), 0.0), max(*corrections, 0.0)
            figures = {"quantity": quantity, "horizon": view.horizon, "fewer": fewer, "more": more}
            findings.append(Finding("verdict-budget", figures | {"direction": _correction(fewer, more)}))
    if findings:
        findings.append(Finding("verdict-budget-basis", {"cutoffs": len(view.cutoffs), "title": view.name}))
    return findings


def _correction(fewer: float, more: float) -> str:
    """Return a code of the direction in which actual totals differed from the forecast."""
    if fewer and more:
        return "either"
    return "fewer" if fewer else "more" if more else "exact"


def _recommend(view: Selection) -> list[Finding]:
    """Return findings on the forecasters that are better for the total and for the ranking."""
    ahead = furthest_ahead([each for kinds in KIND_GROUPS.values() for each in find_better(view, kinds)])
    fitted_by_jobs = {(each.quantity, each.metric): each for each in find_better(view, ("best",))}
    winners = [
        fitted_by_jobs.get((each.quantity, each.metric), each) if each.kind in PARTS_OF_BEST else each for each in ahead
    ]
    metrics = [
        metric
        for metric in ("bias", "gini")
        if any(len(view.differences(quantity, metric)) for quantity in view.quantities)
    ]
    if len(metrics) == 2 and not any(each.metric in metrics for each in winners):
        return [Finding("verdict-no-better", {"metric": "both", "quantity": view.scope(view.quantities)})]
    findings: list[Finding] = []
    for metric in metrics:
        chosen = {each.quantity: each for each in winners if each.metric == metric}
        for forecaster in dict.fromkeys(each.forecaster for each in chosen.values()):
            of_it = [quantity for quantity, each in chosen.items() if each.forecaster == forecaster]
            figures = {"metric": metric, "quantity": view.scope(of_it)}
            figures |= {"forecaster": forecaster, "title": view.titles[forecaster]}
            findings.append(Finding("verdict-recommend", figures, "caution"))
        if rest := [quantity for quantity in view.quantities if quantity not in chosen]:
            findings.append(Finding("verdict-no-better", {"metric": metric, "quantity": view.scope(rest)}))
    return findings
