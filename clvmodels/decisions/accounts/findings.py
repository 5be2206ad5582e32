"""Findings about key accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.language import Finding, Findings

__all__ = ["account_findings"]

PROBABLY_ALIVE = 0.5  # P(alive) below which an account has probably left
HALVED = -0.5  # trend of an account that spent half as much as in the window before


def account_findings(
    columns: Mapping[str, Any],
    every: Mapping[str, Any],
    summary: pd.DataFrame,
    window: str,
    covered: bool,
    merged: bool,
    absent: int,
) -> Findings:
    """Return the findings on key accounts.

    Parameters
    ----------
    columns, every : mapping of str to array
        Of key accounts, and of all accounts.
    covered : bool
        Whether the log covers the window before.
    merged : bool
        Whether customers were merged into accounts.
    absent : int
        Customers with an account who are not in the log.
    """
    count, total = len(columns["volume"]), len(every["volume"])
    findings = []
    if count:
        figures = {"accounts": count, "all": total, "share": float(summary["share"][0]), "window": window}
        findings += [Finding("accounts-made", figures), *_dependence(columns, every, window)]
        findings += _trend_and_risk(columns, window, covered)
    else:
        findings.append(Finding("accounts-none", {}, "caution"))
    if merged:
        findings.append(Finding("accounts-merged", {"customers": int(every["members"].sum()), "accounts": total}))
    if absent:
        findings.append(Finding("accounts-not-in-log", {"customers": absent}))
    if "expected_margin" not in every:
        findings.append(Finding("accounts-no-model", {}, "caution"))
    return tuple(findings)


def _dependence(columns: Mapping[str, Any], every: Mapping[str, Any], window: str) -> list[Finding]:
    """Return findings on the share of the largest account and on how concentrated spend is."""
    findings = []
    dependence = np.nan_to_num(columns["dependence"])
    largest = int(np.argmax(dependence))
    basis = "expected" if "expected_margin" in every else "past"
    figures = {"name": str(columns["account_id"][largest]), "share": float(dependence[largest]), "basis": basis}
    findings.append(Finding("accounts-largest", figures | {"window": window}))
    squares = float(np.sum(np.nan_to_num(every["share"]) ** 2))
    if squares > 0:
        findings.append(Finding("accounts-concentrated", {"count": 1 / squares}))
    return findings


def _trend_and_risk(columns: Mapping[str, Any], window: str, covered: bool) -> list[Finding]:
    """Return findings on key accounts that spent less than half, and on those that have probably left."""
    count = len(columns["volume"])
    findings = []
    if covered:
        fallen = int(np.sum(columns["trend"] < HALVED))
        findings.append(Finding("accounts-falling", {"accounts": fallen, "all": count, "window": window}))
    else:
        findings.append(Finding("accounts-no-trend", {"window": window}, "caution"))
    if "probability_alive" in columns:
        gone = int(np.sum(columns["probability_alive"] < PROBABLY_ALIVE))
        findings.append(Finding("accounts-probably-gone", {"accounts": gone, "all": count}))
    return findings
