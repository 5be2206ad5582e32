"""The model card: data, settings and versions, intended use, and known failures."""

from __future__ import annotations

import pandas as pd

from clvmodels.language import Finding
from clvmodels.language.numbers import count, listed, percent, significant
from clvmodels.reporting.cautions import Caution, find_certificate_cautions
from clvmodels.reporting.page import Facts, Pair, ReportSection, Table
from clvmodels.reporting.selection import Selection, records

__all__ = ["model_card"]

USE = (
    "Forecasting purchases and money of existing customers, in total and by group; ranking customers by what they are "
    "likely to buy; valuing a customer base under stated terms. For customers without a contract, who leave without "
    "notice."
)
LIMITS = (
    "The model uses only who bought when: no seasons, promotions, prices or competitors, and no future customers. "
    "P(alive) cannot be observed, only the purchases that follow. The forecast shows what is likely if conditions stay "
    "the same, not what an action would change."
)
LARGE_ERROR = 0.1  # relative error of a total that is reported as a failure


def model_card(view: Selection) -> ReportSection:
    """List everything that is needed to reproduce the report and to judge what it may be used for."""
    facts = view.facts
    versions = facts.get("versions") or {}
    pairs: list[Pair] = [
        ("Model", f"{view.name}{_with_spend(view)}{_others(view)}"),
        ("Data", f"{count(facts['customers'])} customers, {_since(view)}to {facts['calibration_end']}"),
        ("Data fingerprint", str(facts.get("fingerprint") or "not recorded")),
        ("Cutoffs", listed(view.cutoffs)),
        ("Horizon", view.horizon),
        ("Time", str(facts["clock"])),
        ("Intervals", _intervals(view)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions.items()) or "not recorded"),
        ("Intended use", USE),
        ("Limits", LIMITS),
        ("Known failures", " ".join(failure.text for failure in _find_failures(view))),
    ]
    parameters = view.at["parameters"]
    rows = [
        [
            str(each["title"]),
            _parameters(parameters[parameters["forecaster"] == each["forecaster"]]),
            str(each["status"]),
        ]
        for each in view.certificates
    ]
    table = Table("Parameters", ["model", "estimates", "status"], rows)
    lead = ["What is needed to reproduce this report, what the model is for, and where it is known to fail."]
    return ReportSection("card", "Model card", lead, [Facts(pairs), table])


def _with_spend(view: Selection) -> str:
    """Name the spend model, if there is one."""
    spend = view.facts.get("spend") if "money" in view.quantities else None
    return "" if spend is None else f" with {view.titles[spend]}"


def _others(view: Selection) -> str:
    """Name the other purchase models."""
    others = [view.titles[each] for each in view.forecasters("purchases", "process") if each != view.reference]
    return f"; compared with {listed(others)}" if others else ""


def _since(view: Selection) -> str:
    """Write the first day of the log, if it is known."""
    start = view.facts.get("calibration_start")
    return f"{start} " if start else ""


def _intervals(view: Selection) -> str:
    """Describe how the intervals were computed."""
    draws, sampled = view.facts.get("draws"), view.facts.get("sampled")
    text = f"{percent(view.level, 0)}, central"
    if draws:
        text += f"; from {count(draws)} draws of the parameters and of future purchases"
    if sampled:
        text += f", checked on up to {count(sampled)} customers"
    return f"{text}; random state {view.facts.get('random_state', 0)}"


def _parameters(rows: pd.DataFrame) -> str:
    """Write the estimates in one line."""
    return ", ".join(f"{row['parameter']} {significant(row['estimate'])}" for row in records(rows))


def _find_failures(view: Selection) -> list[Caution]:
    """Return what went wrong in the holdout periods, and what the fits warn of."""
    findings = []
    for quantity in view.quantities:
        row = view.row(quantity)
        if row is not None and abs(row["bias"]) > LARGE_ERROR:
            figures = {"quantity": quantity, "bias": float(row["bias"])}
            findings.append(Finding("verdict-failure-total", figures, "caution"))
        totals = view.totals(quantity)
        missed = int((~totals["inside"].astype(bool)).sum())
        if missed:
            figures = {"quantity": quantity, "missed": missed, "cutoffs": len(totals)}
            findings.append(Finding("verdict-failure-interval", figures, "caution"))
    failures = [Caution(finding) for finding in findings] + find_certificate_cautions(view)
    return failures or [Caution(Finding("verdict-no-failures"))]
