"""Findings about tiers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.decisions.tiering.assignment import NEW
from clvmodels.decisions.tiering.changes import PublishedTiers
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array

__all__ = ["tier_findings"]


def tier_findings(
    summary: pd.DataFrame,
    amounts: Array,
    today: npt.NDArray[np.intp],
    earlier: npt.NDArray[np.intp] | None,
    assigned: npt.NDArray[np.intp],
    before: PublishedTiers | None,
) -> Findings:
    """Return the findings on tiers; tiers are numbers, NEW for customers without one."""
    best = summary.iloc[0]
    figures = {"customers": int(summary["customers"].sum()), "tiers": len(summary), "tier": best["tier"]}
    shares = {"share": float(best["share_of_customers"]), "value_share": float(best["share_of_value"])}
    findings = [Finding("tiers-made", figures | shares)]
    if "probability" in summary and best["customers"]:
        findings.append(Finding("tiers-probability", {"tier": best["tier"], "probability": float(best["probability"])}))
    findings += _limits(summary, amounts)
    if before is not None and earlier is not None:
        findings += _changes(earlier, today, assigned, len(before.lost))
        ratio = before.value_ratio(amounts)
        if np.isfinite(ratio) and np.isnan(before.comparable_values(amounts)).all():
            findings.append(Finding("tiers-other-terms", {"ratio": ratio}, "caution"))
    return tuple(findings)


def _limits(summary: pd.DataFrame, amounts: Array) -> list[Finding]:
    """Return findings on customers without a tier, values below 0 and empty tiers."""
    findings = []
    missing, negative = int(np.isnan(amounts).sum()), int(np.sum(amounts < 0))
    if missing:
        findings.append(Finding("tiers-no-value", {"customers": missing}, "caution"))
    if negative:
        findings.append(Finding("tiers-negative", {"customers": negative}, "caution"))
    empty = summary.loc[summary["customers"] == 0, "tier"].tolist()
    if empty:
        findings.append(Finding("tiers-empty", {"names": empty}, "caution"))
    return findings


def _changes(
    earlier: npt.NDArray[np.intp], today: npt.NDArray[np.intp], assigned: npt.NDArray[np.intp], lost: int
) -> list[Finding]:
    """Return findings on what changed since the tiers published last."""
    both = (earlier != NEW) & (assigned != NEW)
    count = int(both.sum())
    findings = []
    if count:
        moved, pure = float(np.mean(earlier[both] != assigned[both])), float(np.mean(earlier[both] != today[both]))
        findings.append(Finding("tiers-changed", {"customers": count, "share": moved, "today": pure}))
    new = int(np.sum((earlier == NEW) & (assigned != NEW)))
    findings.append(Finding("tiers-new-and-lost", {"customers": new, "lost": lost}))
    return findings
