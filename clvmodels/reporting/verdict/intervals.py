"""Whether the intervals of a forecast have the coverage that they should."""

from __future__ import annotations

import math

import pandas as pd

from clvmodels.language import Finding, Severity
from clvmodels.reporting.selection import Row, Selection, records
from clvmodels.reporting.verdict.answer import Answer

__all__ = ["judge_intervals"]


COVERAGE_TOLERANCE = 0.03  # allowed difference of the coverage from the level


def judge_intervals(view: Selection, has_tested_interval: bool = False) -> Answer:
    """Return the answer on whether the intervals of customers and of the total had the coverage that they should.

    Parameters
    ----------
    view : Selection
    has_tested_interval : bool, default=False
        Whether the page has an interval of the total value that allows for errors of earlier totals; it is then the
        one to quote.
    """
    row = view.row("purchases")
    coverage = math.nan if row is None else float(row["coverage"])
    totals = {quantity: table for quantity in view.quantities if len(table := view.totals(quantity))}
    if not math.isfinite(coverage) and not totals:
        headline = Finding("verdict-intervals", {"outcome": "none"}, "caution")
        return Answer("intervals", headline, (Finding("verdict-no-intervals", severity="caution"),), "intervals")
    findings: list[Finding] = []
    side = "right"
    if math.isfinite(coverage):
        side = _coverage_side(coverage, view.level)
        figures = {"coverage": coverage, "level": view.level, "side": side}
        findings.append(Finding("verdict-coverage", figures, "caution" if side == "low" else "info"))
    findings += [_judge_total_intervals(quantity, table) for quantity, table in totals.items()]
    totals_hold = all(table["inside"].astype(bool).all() for table in totals.values())
    findings += _judge_widening(totals.get("purchases"), totals_hold, has_tested_interval)
    outcome = {
        (True, True): "wide-enough",
        (True, False): "customers-only",
        (False, True): "total-only",
        (False, False): "too-narrow",
    }[side != "low", totals_hold]
    headline = Finding("verdict-intervals", {"outcome": outcome}, "info" if outcome == "wide-enough" else "caution")
    return Answer("intervals", headline, tuple(findings), "intervals")


def _coverage_side(coverage: float, level: float) -> str:
    """Return "low" or "high" if the coverage clearly differs from the level, otherwise "right"."""
    if coverage < level - COVERAGE_TOLERANCE:
        return "low"
    return "high" if coverage > level + COVERAGE_TOLERANCE else "right"


def _judge_total_intervals(quantity: str, table: pd.DataFrame) -> Finding:
    """Return a finding on the intervals of a total, given one row per cutoff."""
    inside, cutoffs = int(table["inside"].astype(bool).sum()), len(table)
    severity: Severity = "info" if inside == cutoffs else "caution"
    if cutoffs > 1:
        return Finding(
            "verdict-total-intervals", {"quantity": quantity, "inside": inside, "cutoffs": cutoffs}, severity
        )
    ends = {name: float(table[name].iloc[0]) for name in ("lower", "upper", "actual")}
    return Finding("verdict-total-interval", {"quantity": quantity, "inside": bool(inside), **ends}, severity)


def allows_for_changes(row: Row) -> bool:
    """Return whether the interval of a row of `totals` allows for changing conditions; earlier tables do not say."""
    return row.get("total_interval") in ("history", "other_shops")


def _judge_widening(totals: pd.DataFrame | None, totals_hold: bool, has_tested_interval: bool) -> list[Finding]:
    """Return findings on the interval of the total of purchases widened by earlier errors, or on one that missed."""
    if totals is None:
        return []
    row = records(totals)[-1]
    if row["calibrated"]:
        figures = {"lower": float(row["widened_lower"]), "upper": float(row["widened_upper"])}
        return [Finding("verdict-interval-widened", figures | {"earlier": int(row["earlier"])})]
    if totals_hold:
        return []
    if allows_for_changes(row):
        return [Finding("verdict-interval-missed", severity="caution")]
    if has_tested_interval:
        return [Finding("verdict-interval-of-process", severity="caution")]
    return [Finding("verdict-interval-unreliable", severity="caution")]
