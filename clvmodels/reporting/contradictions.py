"""Contradictions among the findings of a report, which tests and benchmarks check pages for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from clvmodels.language import Finding

__all__ = ["Contradiction", "find_contradictions"]

CLOSE = 0.03  # largest relative error of a total that is called close, as in the verdict
LEVEL_GOOD = 0.10  # largest error of a total with the grade good
ROUNDING = 1e-9  # float error allowed between figures that should be equal
GRADES = {"info": "good", "caution": "fair", "problem": "poor"}
LOW, HIGH = ("low", "sometimes-low", "either"), ("high", "sometimes-high", "either")
BETTER = ("verdict-better-bias", "verdict-better-gini", "verdict-better-rmse")
BOUNDARIES = ("verdict-caution-fit", "fit-no-dropout", "fit-no-dropout-nbd", "fit-not-identified")


class Contradiction(NamedTuple):
    """Statements of a report that cannot all be true: the broken rule and the findings."""

    rule: str
    findings: tuple[Finding, ...]


def find_contradictions(findings: Iterable[Finding]) -> list[Contradiction]:
    """Return the contradictions among the findings of one report.

    Parameters
    ----------
    findings : iterable of Finding
        `Report.findings`.
    """
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    return [Contradiction(rule.__name__, tuple(pair)) for rule in RULES for pair in rule(_Findings(by_code))]


Pairs = Iterator[tuple[Finding, ...]]


class _Findings:
    """Findings by code."""

    def __init__(self, by_code: Mapping[str, list[Finding]]) -> None:
        self.by_code = by_code

    def all(self, *codes: str) -> list[Finding]:
        return [finding for code in codes for finding in self.by_code.get(code, [])]

    def pairs(self, first: tuple[str, ...], second: tuple[str, ...]) -> Pairs:
        for one in self.all(*first):
            for other in self.all(*second):
                yield one, other

    def exclude(self, first: tuple[str, ...], second: tuple[str, ...]) -> Pairs:
        """Yield findings that must not occur together."""
        yield from self.pairs(first, second)


def _same(one: Finding, other: Finding, name: str = "quantity") -> bool:
    values = {one.figures.get(name), other.figures.get(name)}
    return len(values) == 1 or "all" in values


def level_against_errors(stated: _Findings) -> Pairs:
    """Yield a level graded good although a total was far off, or although values look further ahead than tests."""
    for level in stated.all("status-level-evidence"):
        figures = level.figures
        largest = max(abs(figures["lowest"]), abs(figures["highest"]))
        if level.severity == "info" and (largest > LEVEL_GOOD or figures["further"]):
            yield (level,)
        for total in stated.all("verdict-total"):
            if _same(level, total) and total.figures["error"] > largest + ROUNDING:
                yield level, total


def untested_against_tests(stated: _Findings) -> Pairs:
    """Yield totals or rankings that are said to be untested, with results of tests."""
    yield from stated.exclude(("status-level-untested", "verdict-nothing-happened"), ("verdict-total",))
    yield from stated.exclude(("status-ranking-untested", "verdict-nothing-to-rank"), ("verdict-top-decile",))
    yield from stated.exclude(("status-level-untested",), ("status-level-evidence", "verdict-budget"))


def totals_against_errors(stated: _Findings) -> Pairs:
    """Yield a headline on totals that disagrees with the errors below it."""
    for headline, total in stated.pairs(("verdict-totals",), ("verdict-total",)):
        outcome, direction = headline.figures["outcome"], total.figures["direction"]
        is_off = total.figures["error"] > CLOSE + ROUNDING
        wrong_side = (outcome == "low" and direction == "high") or (outcome == "high" and direction == "low")
        if is_off and (outcome in ("close", "none") or wrong_side):
            yield headline, total
        if is_off and direction == "low" and outcome not in LOW:
            yield headline, total
        if is_off and direction == "high" and outcome not in HIGH:
            yield headline, total
    for headline, span in stated.pairs(("verdict-totals",), ("verdict-total-range",)):
        if headline.figures["outcome"] == "close" and span.figures["largest"] > CLOSE + ROUNDING:
            yield headline, span


def use_against_totals(stated: _Findings) -> Pairs:
    """Yield a use of the forecast that disagrees with its errors."""
    for use, total in stated.pairs(("verdict-use",), ("verdict-total",)):
        error = use.figures["error"]
        is_larger = error is None or total.figures["error"] > error + ROUNDING
        if is_larger or {use.figures["direction"], total.figures["direction"]} == {"low", "high"}:
            yield use, total
    for use, headline in stated.pairs(("verdict-use",), ("verdict-totals",)):
        if (use.figures["direction"], headline.figures["outcome"]) in {("low", "high"), ("high", "low")}:
            yield use, headline


def budget_against_totals(stated: _Findings) -> Pairs:
    """Yield a budget that allows for a smaller error on one side than a total had."""
    for budget, total in stated.pairs(("verdict-budget",), ("verdict-total",)):
        if not _same(budget, total) or total.figures["direction"] == "exact":
            continue
        error = total.figures["error"]
        is_low = total.figures["direction"] == "low"
        needed = 1 / (1 - error) - 1 if is_low and error < 1 else 1 - 1 / (1 + error)
        allowed = budget.figures["more"] if is_low else budget.figures["fewer"]
        if error < 1 and allowed < needed - 1e-6:
            yield budget, total


def ranking_against_ranking(stated: _Findings) -> Pairs:
    """Yield grades and findings on the ranking that disagree."""
    for status, headline in stated.pairs(("status-ranking-evidence",), ("verdict-ranking",)):
        if GRADES[status.severity] != headline.figures["outcome"]:
            yield status, headline
    for use, headline in stated.pairs(("verdict-use",), ("verdict-ranking",)):
        if use.figures["ranking"] != headline.figures["outcome"]:
            yield use, headline
    for status, top in stated.pairs(("status-ranking-evidence",), ("verdict-top-decile",)):
        if _same(status, top) and abs(status.figures["captured"] - top.figures["captured"]) > ROUNDING:
            yield status, top
    for top in stated.all("verdict-top-decile"):
        best = top.figures["best"]
        if top.figures["best_known"] and best is not None and top.figures["captured"] > best + ROUNDING:
            yield (top,)


def recommendation_against_itself(stated: _Findings) -> Pairs:
    """Yield a recommendation of another forecaster without one that is better."""
    for named, nobody in stated.pairs(("verdict-recommend",), ("verdict-no-better",)):
        same_metric = nobody.figures["metric"] in ("both", named.figures["metric"])
        if same_metric and _same(named, nobody):
            yield named, nobody
    recommended = stated.all("verdict-recommend")
    for one in recommended:
        for other in recommended:
            if one.figures["title"] < other.figures["title"] and _same(one, other, "metric") and _same(one, other):
                yield one, other


def benchmarks_against_themselves(stated: _Findings) -> Pairs:
    """Yield a headline on benchmarks that disagrees with the comparisons below it."""
    yield from stated.exclude(("verdict-not-beaten",), (*BETTER, "verdict-recommend"))
    yield from stated.exclude(("verdict-no-benchmark", "verdict-nothing-to-compare"), (*BETTER, "verdict-recommend"))
    for headline in stated.all("verdict-benchmarks"):
        if not stated.all(*BETTER):
            yield (headline,)
        if headline.figures["kind"] == "rule":
            yield from ((headline, other) for other in stated.all("verdict-no-rule-better"))
    for other in stated.all(*BETTER):
        if other.figures["kind"] == "rule":
            yield from ((other, none) for none in stated.all("verdict-no-rule-better"))


def intervals_against_outcomes(stated: _Findings) -> Pairs:
    """Yield a headline on intervals that disagrees with their coverage."""
    misses = [
        each for each in stated.all("verdict-total-intervals") if each.figures["inside"] < each.figures["cutoffs"]
    ]
    misses += [each for each in stated.all("verdict-total-interval") if not each.figures["inside"]]
    totals = stated.all("verdict-total-intervals", "verdict-total-interval")
    low = [each for each in stated.all("verdict-coverage") if each.figures["side"] == "low"]
    for headline in stated.all("verdict-intervals"):
        outcome = headline.figures["outcome"]
        if outcome in ("wide-enough", "total-only"):
            yield from ((headline, miss) for miss in misses)
        if outcome in ("wide-enough", "customers-only"):
            yield from ((headline, miss) for miss in low)
        if outcome in ("too-narrow", "customers-only") and totals and not misses:
            yield headline, totals[0]
        if outcome == "none":
            yield from ((headline, other) for other in [*stated.all("verdict-coverage"), *totals])
    for each in stated.all("verdict-total-interval"):
        figures = each.figures
        if bool(figures["inside"]) != (figures["lower"] <= figures["actual"] <= figures["upper"]):
            yield (each,)


def quotable_interval(stated: _Findings) -> Pairs:
    """Yield a warning against quoting the interval of the total, if the page quotes one that allows for past errors."""
    for warning, basis in stated.pairs(("verdict-interval-unreliable",), ("value-basis",)):
        if basis.figures["has_interval"] and basis.figures["tested"]:
            yield warning, basis
    yield from stated.exclude(("verdict-interval-unreliable",), ("verdict-interval-widened",))


def data_against_cautions(stated: _Findings) -> Pairs:
    """Yield data graded good despite cautions, and fits that are said both to have converged and not to have."""
    for status in stated.all("status-data-evidence"):
        figures = status.figures
        if status.severity == "info" and (figures["cautions"] or figures["problems"]):
            yield (status,)
        if figures["problems"] > figures["cautions"]:
            yield (status,)
        yield from (
            (status, other)
            for other in stated.all("verdict-cautions")
            if other.figures["cautions"] != figures["cautions"]
        )
    yield from stated.exclude(("verdict-fit-converged",), BOUNDARIES)
    yield from stated.exclude(("verdict-fit-no-dropout",), ("verdict-fit-gone", "verdict-fit-lifetime"))
    yield from stated.exclude(("verdict-limit-no-new-customers",), ("verdict-limit-new-customers",))


RULES: tuple[Callable[[Any], Pairs], ...] = (
    level_against_errors,
    untested_against_tests,
    totals_against_errors,
    use_against_totals,
    budget_against_totals,
    ranking_against_ranking,
    recommendation_against_itself,
    benchmarks_against_themselves,
    intervals_against_outcomes,
    quotable_interval,
    data_against_cautions,
)
