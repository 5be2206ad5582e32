"""Uses for which a forecast is not suitable."""

from __future__ import annotations

import math
from typing import Any

from clvmodels.language import Finding
from clvmodels.reporting.selection import Selection
from clvmodels.reporting.verdict.answer import Answer

__all__ = ["judge_limits"]


SHOWN_AS_NONE = 0.005  # share below which a whole percentage is 0 %


def judge_limits(view: Selection, *, knows_season: bool = False) -> Answer:
    """Return the answer on what the forecast must not be used for, with numbers of this log if there are any."""
    findings = [Finding("verdict-limit-campaigns", severity="caution")]
    row = view.row("purchases")
    if row is not None and math.isfinite(row["rmse"]):
        figures = {"rmse": float(row["rmse"]), "mean": float(row["actual"] / row["customers"])}
        findings.append(Finding("verdict-limit-customer", figures, "caution"))
    findings.append(_judge_new_customers(view.facts))
    findings.append(Finding("verdict-limit-season", {"known": knows_season}, "caution"))
    return Answer("limits", Finding("verdict-limits", severity="caution"), tuple(findings), "card")


def _judge_new_customers(facts: dict[str, Any]) -> Finding:
    """Return a finding on the share of purchases by customers whom no forecast includes."""
    purchases = facts["holdout_purchases"] + (facts.get("new_purchases") or 0)
    if not (facts.get("new_purchases") and purchases):
        return Finding("verdict-limit-no-new-customers", severity="caution")
    share = facts["new_purchases"] / purchases
    figures = {"share": share, "share_size": "tiny" if share < SHOWN_AS_NONE else "normal"}
    return Finding("verdict-limit-new-customers", figures, "caution")
