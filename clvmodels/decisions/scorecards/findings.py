"""Findings about a scorecard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from clvmodels.decisions.scorecards.weights import DIMENSIONS, ScorecardWeights
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array

__all__ = ["scorecard_findings"]

NEARLY_EQUAL = 0.9  # correlation from which two indicators measure nearly the same thing
LARGEST_CONSISTENCY_RATIO = 0.1  # of usable judgments: Saaty (1980), p. 21


def scorecard_findings(
    weights: pd.DataFrame,
    correlations: pd.DataFrame,
    effective: float,
    moves: pd.DataFrame,
    depends: float,
    judgment: pd.DataFrame | None,
    chosen: ScorecardWeights,
    absent: Sequence[str],
    learned_here: bool,
    scores: Array,
) -> Findings:
    """Return the findings on a scorecard; the arguments are its tables and what they were made from."""
    figures = {"customers": len(scores), "indicators": len(weights), "dimensions": weights["dimension"].nunique()}
    findings = [Finding("scorecard-made", figures), Finding("scorecard-effective", {"count": effective})]
    if absent:
        findings.append(Finding("scorecard-absent", {"names": list(absent)}, "caution"))
    findings += _indicators(weights, scores)
    findings += _same(correlations)
    findings += _consistency(chosen)
    if len(moves):
        most = moves.iloc[int(np.argmax(moves["customers"]))]
        largest = {"name": str(most["name"]), "most": float(most["share_of_customers"])}
        findings.append(Finding("scorecard-sensitive", {"share": depends} | largest))
    if learned_here:
        findings.append(Finding("scorecard-learned-here", {}, "caution"))
    findings.append(_comparison(judgment))
    return tuple(findings)


def _indicators(weights: pd.DataFrame, scores: Array) -> Iterator[Finding]:
    """Yield findings on missing values, and on indicators that are the same for all customers."""
    for row in weights[weights["customers_missing"] > 0].to_dict("records"):
        figures = {"name": row["indicator"], "customers": int(row["customers_missing"]), "rule": row["missing"]}
        yield Finding("scorecard-missing", figures, "caution")
    same = weights.loc[np.ptp(scores, axis=0) == 0, "indicator"].tolist()
    if same:
        yield Finding("scorecard-constant", {"names": same}, "caution")


def _same(correlations: pd.DataFrame) -> Iterator[Finding]:
    """Yield a finding on the pairs of indicators that measure nearly the same thing."""
    names = correlations["indicator"].tolist()
    matrix = correlations[names].to_numpy()
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        if matrix[i, j] >= NEARLY_EQUAL:
            figures = {"names": [names[i], names[j]], "correlation": float(matrix[i, j])}
            yield Finding("scorecard-same", figures, "caution")


def _consistency(chosen: ScorecardWeights) -> Iterator[Finding]:
    """Yield findings on the consistency of judgments of pairs."""
    for name, ratio in chosen.consistency.items():
        of = "between" if name == DIMENSIONS else name
        consistent = ratio <= LARGEST_CONSISTENCY_RATIO
        code = "scorecard-consistent" if consistent else "scorecard-inconsistent"
        yield Finding(code, {"name": of, "ratio": ratio}, "info" if consistent else "caution")


def _comparison(judgment: pd.DataFrame | None) -> Finding:
    """Return a finding on whether the score ranks the outcome better than predicted value."""
    if judgment is None:
        return Finding("scorecard-not-judged", {}, "caution")
    own, value = judgment.iloc[0], judgment.iloc[1]
    figures = {"name": str(value["ranking"]), "gini": float(own["gini"]), "other": float(value["gini"])}
    ends = {"lower": float(own["difference_lower"]), "upper": float(own["difference_upper"])}
    if own["difference_lower"] > 0:
        return Finding("scorecard-better", figures | ends)
    if own["difference_upper"] < 0:
        return Finding("scorecard-worse", figures | ends, "caution")
    return Finding("scorecard-no-better", figures | ends, "caution")
