"""The model card: what was fitted to what, by which versions, what it is for, and where it is known to fail."""

from __future__ import annotations

from clvmodels.language.numbers import count, listed, percent, signed_percent, significant
from clvmodels.reporting.page import Facts, Pair, ReportSection, Table
from clvmodels.reporting.selection import Selection

__all__ = ["card"]

USE = (
    "Forecasting purchases and money of customers already known, in total and in groups; sorting customers by what "
    "they "
    "are likely to buy; valuing a customer base under stated terms. Customers have no contract, and leave without "
    "notice."
)
LIMITS = (
    "It knows who bought when, and nothing else: no season, promotion, price or competitor, and no customer not yet "
    "seen. "
    "What it says of “alive” cannot be observed, only the purchases that follow. It tells what is likely if things "
    "go on "
    "as before, not what an action would change."
)


def card(view: Selection) -> ReportSection:
    """Everything needed to repeat this, and to judge what it may be used for."""
    facts = view.facts
    versions = facts.get("versions") or {}
    pairs: list[Pair] = [
        ("Model", f"{view.name}{_with_spend(view)}{_others(view)}"),
        ("Data", f"{count(facts['customers'])} customers, {_since(view)}to {facts['calibration_end']}"),
        ("Fingerprint of the data", str(facts.get("fingerprint") or "not recorded")),
        ("Cuts", listed(view.cutoffs)),
        ("Horizon", view.horizon),
        ("Time", str(facts["clock"])),
        ("Intervals", _intervals(view)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions.items()) or "not recorded"),
        ("Intended use", USE),
        ("Limits", LIMITS),
        ("Known failures", " ".join(_failures(view))),
    ]
    parameters = view.at["parameters"]
    rows = [
        [str(of["title"]), _parameters(parameters[parameters["forecaster"] == of["forecaster"]]), str(of["status"])]
        for of in view.certificates
    ]
    table = Table("Parameters", ["model", "estimates", "status"], rows)
    lead = ["What was fitted to what, so that it can be repeated; what it is for, and where it is known to fail."]
    return ReportSection("card", "Model card", lead, [Facts(pairs), table])


def _with_spend(view: Selection) -> str:
    spend = view.facts.get("spend") if "money" in view.quantities else None
    return "" if spend is None else f" with {view.titles[spend]}"


def _others(view: Selection) -> str:
    others = [view.titles[each] for each in view.forecasters("purchases", "process") if each != view.reference]
    return f"; beside it {listed(others)}" if others else ""


def _since(view: Selection) -> str:
    start = view.facts.get("calibration_start")
    return f"{start} " if start else ""


def _intervals(view: Selection) -> str:
    draws, sampled = view.facts.get("draws"), view.facts.get("sampled")
    told = f"{percent(view.level, 0)}, central"
    if draws:
        told += f"; from {count(draws)} draws of the parameters and of what customers do"
    if sampled:
        told += f", measured on up to {count(sampled)} customers"
    return f"{told}; random state {view.facts.get('random_state', 0)}"


def _parameters(rows: object) -> str:
    told = rows.to_dict("records")  # type: ignore[attr-defined]  # a DataFrame
    return ", ".join(f"{row['parameter']} {significant(row['estimate'])}" for row in told)


def _failures(view: Selection) -> list[str]:
    """What went wrong in the holdout periods, and what a fit or a check says against the model."""
    told = []
    for quantity in view.quantities:
        row = view.row(quantity)
        if row is not None and abs(row["bias"]) > 0.1:
            told.append(f"Its total of {quantity} was off by {signed_percent(row['bias'])} at the last cut.")
        totals = view.totals(quantity)
        if len(totals) and not totals["inside"].astype(bool).all():
            missed = int((~totals["inside"].astype(bool)).sum())
            where = f" at {missed} of {len(totals)} cuts" if len(totals) > 1 else ""
            told.append(f"The interval of the total of {quantity} missed what happened{where}.")
    for of in view.certificates:
        if of["status"] != "converged":
            told.append(f"{of['title']}: {of['message']}.")
        if "clearly against" in str(of.get("independence", "")):
            told.append("Spend goes with frequency, against what the spend model takes for granted.")
        if of.get("tail"):
            told.append(str(of["tail"]))
    return told or ["None was seen here."]
