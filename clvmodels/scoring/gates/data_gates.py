"""Gates on data and predictions: customers refused, lost and gained, drift, totals, purchases since the fit.

Customers age: T, recency and frequency grow even in a healthy log, so a nightly job that compared them with the day of
the fit would soon refuse. The distributions are therefore those of the customers of the last run, with T measured at
that run. In a healthy log T is then exactly the same, and the others have changed by the purchases of a day or a month.
This shows at once whether rows were lost, ids were replaced, or amounts came in another unit. A slow change in behavior
does not show from one night to the next, so `check_activity` compares the purchases since the fit with those that the
model expected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from clvmodels.scoring.gates.drift import binned, kolmogorov_smirnov, population_stability
from clvmodels.scoring.gates.limits import Gates
from clvmodels.scoring.gates.result import Figure, GateResult
from clvmodels.scoring.gates.run_statistics import Quantity, RunCounts, RunStatistics, StatisticsCollector

__all__ = ["Reference", "check_activity", "check_data", "check_totals"]

ACTIVITY_ERRORS = 3.0  # standard errors added to the limit of activity, for chance


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier day to compare with.

    Attributes
    ----------
    kind : {"run", "fit", "champion"}
        The last run, the fit of the model that scores, or the champion's fit.
    statistics : RunStatistics
    """

    kind: Literal["run", "fit", "champion"]
    statistics: RunStatistics

    @property
    def figures(self) -> dict[str, Figure]:
        return {"reference": self.kind, "reference_as_of": self.statistics.as_of}


def check_data(
    limits: Gates, collector: StatisticsCollector, statistics: RunStatistics, reference: Reference | None
) -> list[GateResult]:
    """Check the customers that were read, by themselves and against an earlier day."""
    results = [*_check_refused(limits, statistics), *_check_bought_once(limits, statistics)]
    if reference is None:
        return results
    if statistics.end < reference.statistics.end:
        return [*results, GateResult.of("rows", True, "gate-rows-earlier-day", reference.figures)]
    return [
        *results,
        *_check_lost(limits, collector, reference),
        *_check_gained(limits, statistics, reference),
        *_check_drift(limits, collector, reference),
    ]


def check_totals(limits: Gates, statistics: RunStatistics, last: RunStatistics) -> list[GateResult]:
    """Check each predicted total against the last run's."""
    if limits.total_change is None:
        return []
    results = []
    for column in sorted(set(statistics.totals) & set(last.totals)):
        now, before = statistics.totals[column], last.totals[column]
        change = now / before - 1 if before else (0.0 if now == 0 else math.copysign(1.0, now))
        figures: dict[str, Figure] = {
            "column": column,
            "change": change,
            "limit": limits.total_change,
            "now": now,
            "before": before,
            "reference_as_of": last.as_of,
        }
        results.append(GateResult.of("total", abs(change) <= limits.total_change, "gate-total", figures))
    return results


def check_activity(
    limits: Gates, collector: StatisticsCollector, statistics: RunStatistics, fit: RunStatistics
) -> list[GateResult]:
    """Check purchases since the fit against those expected of its customers and of later ones.

    Their number varies by chance by sqrt(D expected). Where rates are gamma-distributed, D, variance over mean, is 1 +
    m/r for a mean of m (Ehrenberg 1959, Applied Statistics 8(1), 26-41). So D - 1 grows with m: it is that of the
    purchases up to the fit times the ratio of the expected purchases to those. The rhythm of the log at the fit adds
    the season and weekdays of the time since, and the variation of its days beyond chance.
    """
    elapsed = statistics.end - fit.end
    if limits.activity is None or elapsed <= 0 or not fit.forecast:
        return []
    if elapsed > fit.forecast[-1][0]:  # the gate must also work for an old fit
        figures: dict[str, Figure] = {"fit_as_of": fit.as_of}
        return [GateResult.of("activity", False, "gate-activity-outlived", figures)]
    actual = statistics.repeat_purchases - fit.repeat_purchases
    ticks, totals = zip(*((0, 0.0), *fit.forecast), strict=True)
    speed, variation = _rhythm_since(fit, statistics)
    expected = speed * (float(np.interp(elapsed, ticks, totals)) + collector.expected_of_new)
    growth = expected / fit.repeat_purchases if fit.repeat_purchases else 1.0
    dispersion = 1.0 + max(0.0, fit.dispersion - 1.0) * max(0.0, growth)
    error = math.sqrt(dispersion * max(expected, 1.0) + (variation * expected) ** 2)
    allowed = limits.activity * expected + ACTIVITY_ERRORS * error
    figures = {
        "actual": float(actual),
        "expected": expected,
        "change": actual / expected - 1 if expected > 0 else 0.0,
        "speed": speed,
        "variation": variation,
        "standard_error": error,
        "limit": limits.activity,
        "limit_errors": ACTIVITY_ERRORS,
        "fit_as_of": fit.as_of,
    }
    return [GateResult.of("activity", abs(actual - expected) <= allowed, "gate-activity", figures)]


def _rhythm_since(fit: RunStatistics, statistics: RunStatistics) -> tuple[float, float]:
    """Return the mean speed of the days since a fit, and the coefficient of variation of their purchases."""
    first, last = (int(np.datetime64(each.as_of[:10], "D").astype(np.int64)) for each in (fit, statistics))
    if fit.rhythm is None or last <= first:
        return 1.0, 0.0
    speed = float(np.mean(fit.rhythm.speeds(np.arange(first + 1, last + 1))))
    return speed, fit.rhythm.variation_within(last - first)


def _check_refused(limits: Gates, statistics: RunStatistics) -> list[GateResult]:
    if limits.refused is None:
        return []
    customers = statistics.customers + statistics.refused
    share = statistics.refused / customers if customers else 0.0
    figures: dict[str, Figure] = {
        "refused": statistics.refused,
        "customers": customers,
        "share": share,
        "limit": limits.refused,
    }
    return [GateResult.of("refused", share <= limits.refused, "gate-refused", figures)]


def _check_bought_once(limits: Gates, statistics: RunStatistics) -> list[GateResult]:
    """Check that somebody bought twice, unless customers are few."""
    if limits.bought_once is None:
        return []
    customers, repeats = statistics.customers + statistics.refused, statistics.repeat_purchases
    figures: dict[str, Figure] = {"customers": customers, "repeats": repeats, "limit": limits.bought_once}
    passed = repeats > 0 or customers < limits.bought_once
    return [GateResult.of("bought_once", passed, "gate-bought-once", figures)]


def _check_lost(limits: Gates, collector: StatisticsCollector, reference: Reference) -> list[GateResult]:
    """Check that the customers of the reference are still in the log."""
    if limits.rows_lost is None:
        return []
    before, still = reference.statistics.customers, collector.customers_at_last_run
    share = abs(1 - still / before) if before else 0.0
    figures: dict[str, Figure] = reference.figures | {
        "remaining": still,
        "before": before,
        "share": share,
        "direction": "same" if still == before else "fewer" if still < before else "more",
        "limit": limits.rows_lost,
    }
    return [GateResult.of("rows", share <= limits.rows_lost, "gate-rows-lost", figures)]


def _check_gained(limits: Gates, statistics: RunStatistics, reference: Reference) -> list[GateResult]:
    """Check that the number of customers has not grown too fast."""
    if limits.rows_gained is None:
        return []
    before, now = reference.statistics.customers, statistics.customers
    share = now / before - 1 if before else 0.0
    figures: dict[str, Figure] = reference.figures | {
        "customers": now,
        "before": before,
        "share": share,
        "limit": limits.rows_gained,
    }
    return [GateResult.of("rows", share <= limits.rows_gained, "gate-rows-gained", figures)]


def _check_drift(limits: Gates, collector: StatisticsCollector, reference: Reference) -> list[GateResult]:
    """Check the distributions of the customers of the reference: T must be the same, others change with purchases."""
    if limits.psi is None and limits.ks is None:
        return []
    bought = collector.bought_since / max(collector.customers_at_last_run, 1)
    return [
        _check_quantity(limits, quantity, counts, reference, 0.0 if quantity == "T" else bought)
        for quantity, counts in collector.at_last_run.items()
        if (before := reference.statistics.quantiles.get(quantity)) is not None and before.values and len(counts.values)
    ]


def _check_quantity(
    limits: Gates, quantity: Quantity, counts: RunCounts, reference: Reference, bought_since: float
) -> GateResult:
    """Check the distribution of one quantity by two measures of distance."""
    before = reference.statistics.quantiles[quantity]
    psi, ks = population_stability(*binned(before, counts)), kolmogorov_smirnov(before, counts)
    limit_psi, limit_ks = (None if limit is None else limit + bought_since for limit in (limits.psi, limits.ks))
    figures: dict[str, Figure] = reference.figures | {
        "quantity": quantity,
        "psi": psi,
        "ks": ks,
        "psi_setting": limits.psi,
        "ks_setting": limits.ks,
        "bought_since": bought_since,
        "limit_psi": limit_psi,
        "limit_ks": limit_ks,
        "psi_checked": limit_psi is not None,
        "ks_checked": limit_ks is not None,
        "purchases_allowed": bought_since > 0,
    }
    passed = (limit_psi is None or psi <= limit_psi) and (limit_ks is None or ks <= limit_ks)
    return GateResult.of(f"shift of {quantity}", passed, "gate-drift", figures)
