"""The model card: data, settings and versions, intended use, and known failures."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clvmodels.language import Finding, message
from clvmodels.language.numbers import joined, listed, significant
from clvmodels.reporting.cautions import Caution, find_certificate_cautions
from clvmodels.reporting.names import clock_name
from clvmodels.reporting.page import Facts, ReportSection, Table
from clvmodels.reporting.selection import Selection, records

__all__ = ["model_card"]

LARGE_ERROR = 0.1  # relative error from which a total is reported as a failure


def model_card(view: Selection) -> ReportSection:
    """Return the section with everything needed to reproduce the report, and to decide what it may be used for."""
    facts = view.facts
    versions = facts.get("versions") or {}
    recorded = joined(f"{name} {version}" for name, version in versions.items())
    between = message("between-sentences")
    described = {
        "model": _describe_model(view),
        "data": message("card-data", _data(view)),
        "fingerprint": str(facts.get("fingerprint") or message("card-not-recorded")),
        "cutoffs": listed(view.cutoffs),
        "horizon": message("card-horizon", {"horizon": view.horizon}),
        "time": clock_name(facts, view.certificates),
        "intervals": _intervals(view),
        "versions": recorded or message("card-not-recorded"),
        "use": message("card-use"),
        "limits": message("card-limits"),
        "failures": between.join(failure.text for failure in _find_failures(view)),
    }
    pairs = [(message(f"card-term-{name}"), text) for name, text in described.items()]
    parameters = view.at["parameters"]
    rows = [
        [
            str(each["title"]),
            _parameters(parameters[parameters["forecaster"] == each["forecaster"]]),
            message("fit-status", {"status": str(each["status"])}),
        ]
        for each in view.certificates
    ]
    headings = [message(f"card-{name}") for name in ("model", "estimates", "status")]
    table = Table(message("card-parameters"), headings, rows)
    return ReportSection("card", message("card-title"), [message("card-lead")], [Facts(pairs), table])


def _describe_model(view: Selection) -> str:
    """Return a text on the model of the report, its spend model, and the other purchase models."""
    spend = view.facts.get("spend") if "money" in view.quantities else None
    others = [view.titles[each] for each in view.forecasters("purchases", "process") if each != view.reference]
    figures = {"title": view.name, "spend": "" if spend is None else view.titles[spend], "others": others}
    return message("card-model-with", figures | {"has_spend": spend is not None, "has_others": bool(others)})


def _data(view: Selection) -> dict[str, Any]:
    """Return the figures of the data: customers, and the first day, if it is known, and the last."""
    start = view.facts.get("calibration_start")
    figures = {"customers": view.facts["customers"], "end": view.facts["calibration_end"]}
    return figures | {"start": start or "", "has_start": bool(start)}


def _intervals(view: Selection) -> str:
    """Return a text on how the intervals of single customers were computed."""
    draws = view.facts.get("draws") or 0 if "money" in view.quantities else 0
    sampled = view.facts.get("sampled") or 0
    figures = {"level": view.level, "draws": draws, "has_draws": draws > 0}
    figures |= {"sampled": sampled, "has_sampled": sampled > 0, "seed": str(view.facts.get("random_state", 0))}
    return message("card-intervals", figures)


def _parameters(rows: pd.DataFrame) -> str:
    """Return the estimates in one line."""
    return joined(f"{row['parameter']} {significant(row['estimate'])}" for row in records(rows))


def _find_failures(view: Selection) -> list[Caution]:
    """Return texts on failures in the holdout periods and on warnings of the fits."""
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
