"""Cautions are findings of the fits, the profile and the backtest, each with the model it is about."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.language import Finding
from clvmodels.reporting.cautions import find_cautions, summarize_cautions
from clvmodels.reporting.sections.fit import fit, meaning_table
from clvmodels.reporting.selection import select


def with_spend_certificate(validation, **entries):
    purchases, spend = validation.certificates
    return replace(validation, certificates=[purchases, spend | entries])


def codes(validation, profile=None):
    return [(caution.title, caution.finding.code) for caution in find_cautions(select(validation), profile)]


@pytest.mark.slow
def test_a_fit_at_a_limit_is_a_caution(validation):
    (caution,) = find_cautions(select(validation), None)
    assert caution.text == "BG/NBD: no dropout is visible in these data: a is indistinguishable from 0."
    assert caution.to_dict() | {"text": ""} == {
        "code": "fit-no-dropout",
        "severity": "caution",
        "figures": {"parameter": "a"},
        "title": "BG/NBD",
        "text": "",
    }
    summary = summarize_cautions([caution], None)
    assert summary is not None
    assert summary.text == "One finding about the data or the fits needs caution."
    assert summarize_cautions([], None) is None


@pytest.mark.slow
def test_dependent_spend_is_a_caution_and_independent_spend_is_not(validation):
    figures = {"correlation": 0.5, "customers": 97, "p_value": 0.001, "has_ratio": False}
    for code, expected in (("violated", 1), ("weakly-violated", 0), ("supported", 0)):
        finding = Finding(f"profile-independence-{code}", figures)
        result = with_spend_certificate(validation, independence_finding=finding.to_dict())
        assert codes(result).count(("Gamma-Gamma", finding.code)) == expected


@pytest.mark.slow
def test_heavy_tails_and_findings_of_the_backtest_are_cautions(validation):
    tail = Finding("spend-no-variance", {"q": 1.5}, "caution")
    result = with_spend_certificate(validation, tail=tail.to_dict())
    assert ("Gamma-Gamma", tail.code) in codes(result)
    failure = Finding("backtest-fit-failed", {"title": "NBD", "error": "no maximum"}, "caution")
    assert ("", failure.code) in codes(replace(validation, findings=(failure,)))


@pytest.mark.slow
def test_a_profile_warns_of_older_customers(validation):
    profile = clv.profile(clv.datasets.load_cdnow(sample=True), time_unit="week")
    older = replace(
        profile, arrivals=replace(profile.arrivals, verdict="older", acquired_after="1997-01-31", remaining=9)
    )
    assert len(codes(validation, older)) == len(codes(validation, profile)) + 1
    summary = summarize_cautions([], older)
    assert summary is not None
    assert summary.code == "verdict-caution-older-customers"


def with_rates(validation, r, status="converged"):
    """Return the validation with an estimate of r and a status of its purchase model."""
    table = validation.parameters
    is_r = table["parameter"] == "r"
    certificates = [each | {"status": status, "findings": []} for each in validation.certificates]
    estimates = table["estimate"].where(~is_r, r)
    return replace(validation, parameters=table.assign(estimate=estimates), certificates=certificates)


@pytest.mark.slow
def test_customers_who_hardly_differ_are_a_caution(validation):
    """r = 25 is a coefficient of variation of 20 %, r = 4 one of 50 %. A fit at this limit reports it by itself."""
    for r, status, expected in ((25.0, "converged", 1), (4.0, "converged", 0), (1e9, "boundary", 0)):
        result = with_rates(validation, r, status)
        assert codes(result).count(("", "compare-customers-alike")) == expected
        sentences = fit(select(result)).lead
        assert any("customers hardly differ in this" in each for each in sentences) == (r > 16)
    (caution,) = [c for c in find_cautions(select(with_rates(validation, 25.0)), None) if not c.title]
    assert "in BG/NBD, purchase rates vary by 20% around their mean" in caution.text


@pytest.mark.slow
def test_a_lifetime_beyond_all_bounds_is_not_written_out(validation):
    """A Pareto/NBD without dropout has a median lifetime of 150 digits."""
    life = {"quantity": "median lifetime", "unit": "weeks", "forecaster": "bgnbd", "title": "BG/NBD"}
    table = validation.quantities
    row = table.iloc[[0]].assign(**life, estimate=5.1e152, lower=300.0, upper=4e180)
    result = replace(validation, quantities=pd.concat([table, row], ignore_index=True))
    section = fit(select(result))
    assert not any("Half of all new customers" in each for each in section.lead)
    cells = [cell for each in meaning_table(select(result)).rows for cell in each]
    assert "> 1,000,000 (300 to > 1,000,000)" in cells
