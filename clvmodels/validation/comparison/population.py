"""Findings about the population: whether customers differ, and whether those acquired later buy differently."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import clone

from clvmodels.errors import FitFailed
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.forecasting.processes import model_id
from clvmodels.frames import column
from clvmodels.language import Finding, Findings
from clvmodels.transactions.summary import RFM
from clvmodels.validation.comparison.findings import STRONG, name_of, sees_no_dropout

__all__ = ["ALIKE", "judge_cohorts", "population_findings", "variation_of_rates"]

ALIKE = 0.25  # coefficient of variation of purchase rates of customers who hardly differ: r of 16 or more
MATERIAL = 0.1  # smallest relative difference between cohorts that matters
FEWEST = 200  # customers, and repeat purchases, needed in each half
SAME_LIKELIHOOD = 0.1  # of log-likelihoods: fits that ended at the same boundary differ by less
SAME_EXPECTATION = 0.01  # relative difference of what the same model at two limits expects of a customer


def population_findings(models: Sequence[PurchaseModel], rfm: RFM) -> Findings:
    """Return findings about the population, from fits to the same data and mainly the one with the lowest BIC."""
    best = min(models, key=lambda model: model.fit_.bic)
    findings = (*_judge_boundary(models, rfm), _judge_heterogeneity(best), judge_cohorts(best, rfm))
    return tuple(finding for finding in findings if finding is not None)


def _judge_boundary(models: Sequence[PurchaseModel], rfm: RFM) -> list[Finding]:
    """Return a finding for each set of models that became the same because they ended at one limit."""
    at_limit = {name_of(model): model for model in models if model.fit_.status == "boundary"}
    sets: list[dict[str, PurchaseModel]] = []
    for title, model in at_limit.items():
        same = next((each for each in sets if _is_same(model, next(iter(each.values())), rfm)), None)
        if same is None:
            sets.append({title: model})
        else:
            same[title] = model
    findings = []
    for each in sets:
        if len(each) > 1:
            ids = [model_id(model) for model in each.values()]
            nobody_leaves = all(sees_no_dropout(model) for model in each.values())
            figures = {"forecasters": ids, "titles": list(each), "nobody_leaves": nobody_leaves}
            findings.append(Finding("compare-same-model", figures))
    return findings


def _is_same(model: PurchaseModel, other: PurchaseModel, rfm: RFM) -> bool:
    """Return whether two fits have the same likelihood and expect the same of every customer."""
    if abs(model.fit_.log_likelihood - other.fit_.log_likelihood) > SAME_LIKELIHOOD:
        return False
    if sees_no_dropout(model) and sees_no_dropout(other):
        return True
    here, there = (
        column(each.expected_purchases(rfm, _median_age(rfm)), "expected_purchases") for each in (model, other)
    )
    return bool(np.allclose(here, there, rtol=SAME_EXPECTATION, atol=1e-9))


def _judge_heterogeneity(model: PurchaseModel) -> Finding | None:
    """Return a finding on purchase rates that hardly differ between customers, unless the fit ended at that limit."""
    variation = variation_of_rates(model.parameters_.get("r"))
    if not variation <= ALIKE or model.fit_.status == "boundary":
        return None
    figures = {"forecaster": model_id(model), "title": name_of(model), "variation": variation}
    return Finding("compare-customers-alike", figures, "caution")


def variation_of_rates(r: float | None) -> float:
    """Return the coefficient of variation of gamma-distributed purchase rates; NaN for a process without them."""
    return float("nan") if r is None else float(r) ** -0.5


def judge_cohorts(model: PurchaseModel, rfm: RFM) -> Finding | None:
    """Return a finding if customers acquired later buy more or less, from fits to the earlier and the later half.

    The two fits together have to beat the fit to all by a strong difference of BIC, and the purchases that new
    customers are expected to make within the median age of the later half have to differ by more than 10 %. Models with
    covariates or groups explain such differences and are left out.
    """
    if model.design_ is not None or model.grouping_ is not None:
        return None
    later = np.median(rfm.T) >= rfm.T
    halves = [rfm[half] for half in (~later, later)]
    if any(min(len(half), int(half.frequency.sum())) < FEWEST for half in halves):
        return None
    try:
        fits = [clone(model).fit(half) for half in halves]
    except FitFailed:
        return None
    free = int(np.sum(model.fit_.free)) + model.fit_.chosen
    gain = 2 * (sum(fit.fit_.log_likelihood for fit in fits) - model.fit_.log_likelihood)
    span = _median_age(halves[1])
    earlier, newer = (float(fit.mean_purchases(span)) for fit in fits)
    if gain - free * np.log(len(rfm)) < STRONG or abs(newer / earlier - 1) < MATERIAL:
        return None
    figures = {"forecaster": model_id(model), "title": name_of(model), "earlier": earlier, "later": newer}
    figures |= {"span": span, "unit": rfm.clock.time_unit, "direction": "fewer" if newer < earlier else "more"}
    return Finding("compare-cohorts-differ", figures, "caution")


def _median_age(rfm: RFM) -> float:
    """Return the median T, a whole number on a clock of opportunities to buy."""
    age = float(np.median(rfm.T))
    return max(1.0, round(age)) if rfm.clock.discrete else age
