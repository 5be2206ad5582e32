"""The checker of contradictions finds every one that is planted, and none on pages made from tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clvmodels.language import Finding
from clvmodels.reporting.contradictions import find_contradictions
from clvmodels.reporting.report import make_report
from clvmodels.reporting.value_summary import ValueBasis
from clvmodels.valuation.value_terms import ValueTerms

PAGE: dict[str, dict[str, Any]] = {  # a page without contradictions, by code; "severity" is that of the finding
    "status-level-evidence": {
        "quantity": "purchases",
        "cutoffs": 1,
        "lowest": -0.14,
        "highest": -0.14,
        "direction": "low",
        "least": 0.14,
        "most": 0.14,
        "further": False,
        "capped": False,
        "severity": "caution",
    },
    "status-ranking-evidence": {"quantity": "purchases", "captured": 0.5},
    "status-data-evidence": {"cautions": 0, "problems": 0},
    "verdict-use": {"ranking": "good", "direction": "low", "error": 0.14, "totals": 1},
    "verdict-budget": {"quantity": "purchases", "fewer": 0.0, "more": 0.1628, "direction": "more"},
    "verdict-recommend": {"metric": "gini", "quantity": "purchases", "title": "trees"},
    "verdict-no-better": {"metric": "bias", "quantity": "all"},
    "verdict-totals": {"outcome": "low"},
    "verdict-total": {"quantity": "purchases", "direction": "low", "error": 0.14},
    "verdict-ranking": {"outcome": "good"},
    "verdict-top-decile": {"quantity": "purchases", "captured": 0.5, "best": 0.7, "best_known": True},
    "verdict-intervals": {"outcome": "customers-only"},
    "verdict-coverage": {"coverage": 0.91, "level": 0.9, "side": "right"},
    "verdict-total-interval": {"quantity": "purchases", "inside": False, "lower": 70.0, "upper": 90.0, "actual": 100.0},
    "verdict-interval-of-process": {},
    "verdict-benchmarks": {"kind": "learned", "metrics": "gini", "quantity": "all"},
    "verdict-better-gini": {"kind": "boosted_trees", "quantity": "purchases"},
    "verdict-no-rule-better": {},
    "verdict-limit-no-new-customers": {},
    "value-basis": {"has_interval": True, "tested": True},
}
PLANTED: list[tuple[str, dict[str, Any]]] = [  # a finding that is changed or added: code, and the figures that change
    ("status-level-evidence", {"severity": "info"}),
    ("status-level-evidence", {"severity": "info", "lowest": 0.01, "highest": 0.01, "further": True}),
    ("status-level-evidence", {"lowest": -0.05, "highest": -0.05}),
    ("status-level-untested", {}),
    ("verdict-nothing-happened", {}),
    ("status-ranking-untested", {}),
    ("verdict-nothing-to-rank", {}),
    ("verdict-totals", {"outcome": "close"}),
    ("verdict-totals", {"outcome": "high"}),
    ("verdict-totals", {"outcome": "none"}),
    ("verdict-total", {"error": 0.3}),
    ("verdict-total", {"direction": "high"}),
    ("verdict-use", {"error": 0.02}),
    ("verdict-use", {"error": None, "direction": "none"}),
    ("verdict-use", {"direction": "high"}),
    ("verdict-use", {"ranking": "poor"}),
    ("verdict-budget", {"more": 0.05}),
    ("verdict-ranking", {"outcome": "fair"}),
    ("status-ranking-evidence", {"captured": 0.4}),
    ("verdict-top-decile", {"best": 0.3}),
    ("verdict-no-better", {"metric": "both"}),
    ("verdict-not-beaten", {}),
    ("verdict-no-benchmark", {}),
    ("verdict-benchmarks", {"kind": "rule"}),
    ("verdict-better-gini", {"kind": "rule"}),
    ("verdict-intervals", {"outcome": "wide-enough"}),
    ("verdict-intervals", {"outcome": "none"}),
    ("verdict-coverage", {"side": "low"}),
    ("verdict-total-interval", {"actual": 80.0}),
    ("verdict-interval-unreliable", {}),
    ("status-data-evidence", {"cautions": 2, "problems": 1}),
    ("verdict-limit-new-customers", {}),
]


def findings_of(page: dict[str, dict[str, Any]]) -> list[Finding]:
    return [
        Finding(
            code,
            {name: value for name, value in figures.items() if name != "severity"},
            figures.get("severity", "info"),
        )
        for code, figures in page.items()
    ]


def test_a_page_that_agrees_with_itself_has_no_contradictions() -> None:
    assert find_contradictions(findings_of(PAGE)) == []


@pytest.mark.parametrize(("code", "figures"), PLANTED, ids=[f"{i}-{code}" for i, (code, _) in enumerate(PLANTED)])
def test_every_planted_contradiction_is_detected(code: str, figures: dict[str, Any]) -> None:
    page = PAGE | {code: PAGE.get(code, {}) | figures}
    contradictions = find_contradictions(findings_of(page))
    assert any(code in {finding.code for finding in each.findings} for each in contradictions)


def test_at_least_thirty_are_planted() -> None:
    assert len(PLANTED) >= 30


@pytest.mark.slow
@pytest.mark.parametrize("tested", [True, False])
def test_a_page_with_an_interval_of_the_value_does_not_forbid_to_quote_it(
    validation, value, monkeypatch, tested
) -> None:
    monkeypatch.setattr("clvmodels.reporting.plots.to_svg", lambda *arguments, **options: "<svg></svg>")
    terms = ValueTerms.from_keywords(horizon="12 months", annual_discount_rate=0.1, margin=0.3)
    basis = ValueBasis(terms, "BG/NBD", "Gamma-Gamma", "2024-01-21", 0.9, 100.0, 300.0, tested=tested)
    outside = validation.totals.assign(inside=False, calibrated=False)
    changed = replace(validation, totals=outside)
    page = make_report(changed, value, value_terms=basis, profile=None, ledger=None, name="", currency="")
    codes = {finding.code for finding in page.findings}
    assert ("verdict-interval-of-process" in codes) == tested
    assert ("verdict-interval-unreliable" in codes) != tested
    assert [each.rule for each in find_contradictions(page.findings)] == []
