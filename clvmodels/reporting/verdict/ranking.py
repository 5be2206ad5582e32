"""Whether a forecast ranks the right customers first."""

from __future__ import annotations

import math
from typing import Literal

from clvmodels.language import Finding
from clvmodels.reporting.selection import Selection
from clvmodels.reporting.verdict.answer import Answer

__all__ = ["grade_ranking", "judge_ranking", "rank_quality"]


FAIR, GOOD = 0.3, 0.6  # smallest normalized Gini of a ranking that is called fair, and good
RankQuality = Literal["good", "fair", "poor", "none"]
TOP_SHARE = 0.1  # share of the customers whose best possible result is shown


def judge_ranking(view: Selection) -> Answer:
    """Return the answer on whether the customers ranked first turned out to be the best."""
    quality = grade_ranking(view)
    findings = []
    for quantity in view.quantities:
        row = view.row(quantity)
        if row is None or not math.isfinite(row["gini"]):
            continue
        if math.isfinite(row["capture"]):
            best = _best_possible(view, quantity)
            figures = {"quantity": quantity, "captured": float(row["capture"]), "best": best}
            findings.append(Finding("verdict-top-decile", figures | {"best_known": best is not None}))
    findings.append(Finding("verdict-top-decile-random") if findings else Finding("verdict-nothing-to-rank"))
    headline = Finding("verdict-ranking", {"outcome": quality}, "info" if quality in ("good", "fair") else "caution")
    return Answer("ranking", headline, tuple(findings), "ranking")


def grade_ranking(view: Selection) -> RankQuality:
    """Return the grade of the ranking, the worse of purchases and money, for all parts of a page."""
    rows = [row for quantity in view.quantities if (row := view.row(quantity)) is not None]
    return rank_quality(min((row["gini"] for row in rows if math.isfinite(row["gini"])), default=math.nan))


def rank_quality(gini: float) -> RankQuality:
    """Return "good", "fair" or "poor", or "none" if the Gini is not defined."""
    if not math.isfinite(gini):
        return "none"
    return "good" if gini >= GOOD else "fair" if gini >= FAIR else "poor"


def _best_possible(view: Selection, quantity: str) -> float | None:
    """Return the share of the total of the actual top 10 %, or None if the table does not have it."""
    gain = view.at["gain"]
    best = gain[(gain["forecaster"] == "perfect") & (gain["quantity"] == quantity)]
    top = best[(best["share_of_customers"] - TOP_SHARE).abs() < 1e-9]
    return float(top["captured"].iloc[0]) if len(top) == 1 else None
