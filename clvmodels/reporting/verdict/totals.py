"""Whether the totals of a forecast were right."""

from __future__ import annotations

import math

from clvmodels.frames import Frame
from clvmodels.language import Finding
from clvmodels.reporting.selection import Row, Selection
from clvmodels.reporting.value_summary import summarize_value
from clvmodels.reporting.verdict.answer import Answer
from clvmodels.valuation.value_terms import LIFETIME

__all__ = ["direction_of", "errors_of_totals", "judge_totals"]


CLOSE = 0.03  # largest relative error of a total that is called close
SHOWN_AS_ZERO = 0.0005  # relative error below which a percentage with one decimal is 0.0 %


def judge_totals(view: Selection, value: Frame | None = None, value_horizon: float | str | None = None) -> Answer:
    """Return the answer on whether the totals were right, with the total of lifetime values if there are any."""
    rows = [(quantity, row) for quantity in view.quantities if (row := view.row(quantity)) is not None]
    findings: list[Finding] = []
    outcome = "none"
    if any(math.isfinite(row["bias"]) for _, row in rows):
        errors = errors_of_totals(view)
        outcome = _total_outcome([error for each in errors.values() for error in each])
        findings += [_judge_total(view, quantity, row) for quantity, row in rows]
        findings += [_judge_total_range(view, quantity, each) for quantity, each in errors.items() if len(each) > 1]
    else:
        findings.append(Finding("verdict-nothing-happened", severity="caution"))
    if value is not None and math.isfinite(total := summarize_value(value).total):
        has_horizon = isinstance(value_horizon, str) and value_horizon != LIFETIME
        figures = {"total": total, "horizon": value_horizon, "has_horizon": has_horizon}
        findings.append(Finding("verdict-value", figures))
    headline = Finding("verdict-totals", {"outcome": outcome}, "info" if outcome == "close" else "caution")
    return Answer("totals", headline, tuple(findings), "totals")


def errors_of_totals(view: Selection) -> dict[str, list[float]]:
    """Return the relative errors of the totals at all cutoffs, by quantity."""
    return {quantity: errors for quantity in view.quantities if (errors := view.biases(quantity))}


def direction_of(error: float) -> str:
    """Return "low" or "high", or "exact" for an error that is shown as 0.0 %."""
    if abs(error) < SHOWN_AS_ZERO:
        return "exact"
    return "low" if error < 0 else "high"


def _judge_total(view: Selection, quantity: str, row: Row) -> Finding:
    """Return a finding on the total at the last cutoff."""
    if not math.isfinite(row["bias"]):
        return Finding("verdict-total-undefined", {"quantity": quantity}, "caution")
    figures = {
        "quantity": quantity,
        "horizon": view.horizon,
        "cutoff": view.facts["calibration_end"],
        "predicted": float(row["predicted"]),
        "actual": float(row["actual"]),
        "error": abs(float(row["bias"])),
        "direction": direction_of(row["bias"]),
    }
    return Finding("verdict-total", figures, "caution" if abs(row["bias"]) > CLOSE else "info")


def _judge_total_range(view: Selection, quantity: str, errors: list[float]) -> Finding:
    """Return a finding on the smallest and the largest error of a total over all cutoffs."""
    sizes = sorted(map(abs, errors))
    either = min(errors) < 0 < max(errors)
    figures = {
        "quantity": quantity,
        "cutoffs": len(view.cutoffs),
        "direction": "either" if either else direction_of(max(errors, key=abs)),
        "smallest": sizes[0],
        "largest": sizes[-1],
        "lowest": max(-min(errors), 0.0),
        "highest": max(*errors, 0.0),
        "constant": round(100 * sizes[0], 1) == round(100 * sizes[-1], 1),
    }
    return Finding("verdict-total-range", figures, "caution" if sizes[-1] > CLOSE else "info")


def _total_outcome(errors: list[float]) -> str:
    """Return a code of how the totals compare with the actual ones at all cutoffs."""
    low, high = (sum(sign * error > CLOSE for error in errors) for sign in (-1, 1))
    if low and high:
        return "either"
    if not (low or high):
        return "close"
    side = "low" if low else "high"
    return side if low + high == len(errors) else f"sometimes-{side}"
