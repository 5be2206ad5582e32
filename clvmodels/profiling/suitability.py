"""Check whether a log has enough data for a fit, and which models suit it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from clvmodels.language import Finding, Findings, Severity, message
from clvmodels.processes import gamma_gamma
from clvmodels.processes.catalog import MODEL_NAMES
from clvmodels.profiling.arrivals import Arrivals, examine_arrivals
from clvmodels.profiling.daily_purchases import DailyPurchases, observe
from clvmodels.profiling.independence import SIGNIFICANCE_LEVEL
from clvmodels.profiling.spend import NO_VARIANCE, Money
from clvmodels.profiling.timing import (
    Intertimes,
    Opportunities,
    Regularity,
    examine_opportunities,
    examine_regularity,
)
from clvmodels.transactions.purchase_log import PurchaseLog

__all__ = [
    "ModelSuitability",
    "Sufficiency",
    "Suitability",
    "check_data",
    "check_findings",
    "model_table",
    "models_finding",
    "rate_models",
    "sufficiency_finding",
    "suitable_processes",
    "worst_status",
]

Sufficiency = Literal["sufficient", "thin", "insufficient"]
Suitability = Literal["good", "possible", "poor"]

ONE_TIME_SHARE = 0.4  # share of one-time buyers above which immediate dropout is likely
SIGNIFICANT_ERRORS = 2.0  # standard errors
DAYS_PER_YEAR = 365.25
AGING_YEARS = 3.0  # years of a log in which a dropout rate that grows with age could be visible
ORDER: tuple[Suitability, ...] = ("good", "possible", "poor")
SEVERITY: dict[Suitability, Severity] = {"good": "info", "possible": "caution", "poor": "problem"}
SPEND_MODEL = gamma_gamma.PROCESS.name
CHECK_COLUMNS = ["check", "what", "value", "comfortable", "least", "status", "reason", "why"]
MODEL_COLUMNS = ["process", "title", "name", "suitability", "reason", "why"]


@dataclass(frozen=True, slots=True)
class ModelSuitability:
    """Whether a model suits a log, and the finding with the reason."""

    process: str
    suitability: Suitability
    finding: Finding

    def row(self) -> list[str]:
        """Return the model as a row of `Profile.models`."""
        name = MODEL_NAMES[self.process]
        reason = self.finding.code, self.finding.text
        return [self.process, name.title, name.class_name, self.suitability, *reason]


def check_data(purchases: DailyPurchases, intertimes: Intertimes, days_per_unit: float) -> pd.DataFrame:
    """Return one row per check of the amount of data: its value, a comfortable one, the least one, and the status."""
    x = purchases.frequency
    span = purchases.days / days_per_unit
    spans = span / intertimes.median if intertimes.count else 0.0
    rows: list[tuple[str, float, float, float, Finding]] = [
        ("customers", len(x), 1_000, 200, Finding("profile-check-customers")),
        ("repeat_customers", int((x > 0).sum()), 200, 50, Finding("profile-check-repeat-customers")),
        ("repeat_purchases", int(x.sum()), 500, 100, Finding("profile-check-repeat-purchases")),
        ("frequent_customers", int((x >= 2).sum()), 100, 20, Finding("profile-check-frequent-customers")),
        ("span", spans, 4.0, 2.0, Finding("profile-check-span")),
        ("repeat_share", float((x > 0).mean()), 0.1, 0.02, Finding("profile-check-repeat-share")),
    ]
    return pd.DataFrame(
        [
            [check, check_name(check), value, good, least, _status(value, good, least), reason.code, reason.text]
            for check, value, good, least, reason in rows
        ],
        columns=CHECK_COLUMNS,
    )


def check_name(check: str) -> str:
    """Return the English name of what a check counts."""
    return message("profile-check", {"check": check})


def worst_status(checks: pd.DataFrame) -> Sufficiency:
    """Return the worst status of the checks."""
    statuses = set(checks["status"])
    return "insufficient" if "insufficient" in statuses else "thin" if "thin" in statuses else "sufficient"


def sufficiency_finding(checks: pd.DataFrame, arrivals: Arrivals, has_season_test: bool) -> Finding:
    """Return the finding on whether the data are sufficient, which checks fail, and what else limits a fit."""
    failed = checks[checks["status"] != "sufficient"]
    is_older = arrivals.verdict == "older"
    limits = {(False, True): "none", (True, True): "older", (False, False): "season", (True, False): "both"}
    figures = {
        "checks": [
            Finding("profile-check-failed", {"check": check, "value": value})
            for check, value in zip(failed["check"], failed["value"], strict=True)
        ],
        "limits": limits[is_older, has_season_test],
    }
    status = worst_status(checks)
    if status == "sufficient":
        return Finding("profile-sufficient", figures, "caution" if is_older else "info")
    if status == "thin":
        return Finding("profile-thin", figures, "caution")
    return Finding("profile-insufficient", figures, "problem")


def check_findings(checks: pd.DataFrame) -> Findings:
    """Return a finding for each check whose value is not sufficient, with the reason why it matters."""
    return tuple(
        Finding(
            "profile-check-caution",
            {
                "check": row["check"],
                "value": row["value"],
                "status": row["status"],
                "comfortable": row["comfortable"],
                "reason": Finding(row["reason"]),
            },
            "problem" if row["status"] == "insufficient" else "caution",
        )
        for row in checks.to_dict("records")
        if row["status"] != "sufficient"
    )


def rate_models(
    purchases: DailyPurchases,
    arrivals: Arrivals,
    regularity: Regularity,
    opportunities: Opportunities,
    money: Money | None,
    summary: Finding | None = None,
) -> list[ModelSuitability]:
    """Return the suitability of each model: purchase models, the best first, then Gamma-Gamma.

    No model suits a log that is a summary, as the finding `summary` then reports.
    """
    models = _purchase_models(purchases, arrivals, regularity, opportunities)
    models = [*sorted(models, key=lambda model: ORDER.index(model.suitability)), _spend_model(money, arrivals)]
    if summary is None:
        return models
    return [replace(model, suitability="poor", finding=summary) for model in models]


def model_table(models: Sequence[ModelSuitability]) -> pd.DataFrame:
    """Return one row per model and how well it suits the data."""
    return pd.DataFrame([model.row() for model in models], columns=MODEL_COLUMNS)


def models_finding(models: pd.DataFrame) -> Finding:
    """Return which models of a table suit the data."""
    titles = models["title"][models["suitability"] == "good"].to_list()
    return Finding("profile-models", {"titles": titles}) if titles else Finding("profile-models-none", {}, "caution")


def _status(value: float, comfortable: float, least: float) -> Sufficiency:
    return "sufficient" if value >= comfortable else "thin" if value >= least else "insufficient"


def _purchase_models(
    purchases: DailyPurchases, arrivals: Arrivals, regularity: Regularity, opportunities: Opportunities
) -> list[ModelSuitability]:
    is_older = arrivals.verdict == "older"
    period = opportunities.period
    if period is not None:
        good = Finding("profile-model-opportunities", {"period": period, "is_older": is_older})
        poor = Finding("profile-model-other-opportunities", {"period": period})
        return [
            _rate(process, "good", good) if name.discrete else _rate(process, "poor", poor)
            for process, name in MODEL_NAMES.items()
            if process != SPEND_MODEL
        ]
    once = float((purchases.frequency == 0).mean())
    is_regular, many_once = regularity.regular, once >= ONE_TIME_SHARE
    years = purchases.days / DAYS_PER_YEAR
    shared = {
        "is_regular": is_regular,
        "many_once": many_once,
        "k": regularity.k,
        "is_finite": regularity.k < float("inf"),
        "once": once,
    }
    regular: Suitability = "possible" if is_regular else "poor"  # never "good", because it ranked worse in every trial
    aging: Suitability = "possible" if years >= AGING_YEARS else "poor"
    findings: dict[str, tuple[Suitability, str, dict[str, Any]]] = {
        "mbgnbd": ("good" if many_once else "possible", "profile-model-mbgnbd", shared),
        "bgnbd": ("possible" if many_once else "good", "profile-model-bgnbd", shared),
        "pareto_nbd": ("good", "profile-model-pareto-nbd", shared),
        "mbgcnbd": (regular, "profile-model-mbgcnbd", shared),
        "bgcnbd": (regular, "profile-model-bgcnbd", shared),
        "ggompertz_nbd": (aging, "profile-model-ggompertz-nbd", {"years": years}),
        "nbd": ("possible", "profile-model-nbd", {}),
        "bgbb": ("poor", "profile-model-bgbb", {}),
    }
    return [
        _rate(process, suitability, Finding(code, {**figures, "is_older": is_older and suitability != "poor"}))
        for process, (suitability, code, figures) in findings.items()
    ]


def _spend_model(money: Money | None, arrivals: Arrivals) -> ModelSuitability:
    """Return the suitability of Gamma-Gamma: spend must have a mean, and not depend on frequency."""
    if money is None:
        return _rate(SPEND_MODEL, "poor", Finding("profile-model-no-amounts"))
    figures = {
        "tail_index": money.tail_index,
        "tail_error": money.tail_error,
        "independence": money.independence.finding,
        "is_older": arrivals.verdict == "older",
    }
    if money.tail == "no_mean":
        return _rate(SPEND_MODEL, "poor", Finding("profile-model-no-mean", figures))
    if money.tail == "no_variance":
        return _rate(SPEND_MODEL, "possible", Finding("profile-model-heavy-tail", figures))
    if money.tail_index - SIGNIFICANT_ERRORS * money.tail_error <= NO_VARIANCE:
        return _rate(SPEND_MODEL, "possible", Finding("profile-model-heavy-tail-possible", figures))
    suitability: Suitability = "good" if money.independence.p_value > SIGNIFICANCE_LEVEL else "possible"
    return _rate(SPEND_MODEL, suitability, Finding("profile-model-spend-independence", figures))


def _rate(process: str, suitability: Suitability, finding: Finding) -> ModelSuitability:
    """Return a model with its suitability, which determines the severity of the finding."""
    return ModelSuitability(process, suitability, replace(finding, severity=SEVERITY[suitability]))


def suitable_processes(log: PurchaseLog, end: int) -> list[str]:
    """Return the ids of the purchase processes that suit a log up to a tick: good ones, or else possible ones."""
    purchases = observe(log, end, None)
    arrivals, regularity = examine_arrivals(purchases), examine_regularity(purchases)
    models = rate_models(purchases, arrivals, regularity, examine_opportunities(purchases), None)
    best = models[0].suitability  # the best come first
    return [model.process for model in models if model.suitability == best and model.process != SPEND_MODEL]
