"""Backtests of large logs on a sample of the customers."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.cli.verbs.backtest import backtest as backtest_verb
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import hash_keys, keys_of_ids
from clvmodels.transactions.purchase_log import purchases_of
from clvmodels.validation.backtest.customer_sample import MOST_CUSTOMERS, sample_customers

LOG = clv.datasets.load_cdnow(sample=True)
OPTIONS: dict[str, Any] = {
    "time_unit": "week",
    "horizons": "13 weeks",
    "cutoffs": 1,
    "boosted_trees": False,
    "draws": 20,
    "most_customers": 1_000,
    "progress": lambda *_: None,
}


@pytest.fixture(scope="module")
def sampled() -> Any:
    return clv.backtest(LOG, [clv.NBD()], **OPTIONS)


def test_a_large_log_is_tested_on_a_sample_and_says_so(sampled):
    assert set(sampled.scores["customers"]) == {1_000}
    assert (sampled.facts["customers"], sampled.facts["sample"], sampled.facts["sample_of"]) == (1_000, 1_000, 2_357)
    assert "a sample of 1,000 of the 2,357 customers" in next(
        finding.text for finding in sampled.findings if finding.code == "backtest-sample"
    )
    assert "13 weeks ahead; 1,000 of 2,357 customers; means" in repr(sampled)


def test_the_sample_does_not_depend_on_the_order_of_rows(sampled):
    again = clv.backtest(LOG.sample(frac=1, random_state=1), [clv.NBD()], **OPTIONS)
    assert again.scores.equals(sampled.scores)
    assert again.totals.equals(sampled.totals)


def test_a_log_as_known_at_the_cutoff_has_the_same_sample(sampled):
    as_known = clv.backtest(lambda day: LOG[LOG["date"] <= day], [clv.NBD()], **OPTIONS)
    assert as_known.scores.equals(sampled.scores)


@pytest.mark.slow
def test_all_customers_are_tested_on_request_or_if_they_are_few():
    for most in (None, 2_357):
        whole = clv.backtest(LOG, [clv.NBD()], **OPTIONS | {"most_customers": most})
        assert set(whole.scores["customers"]) == {2_357}
        assert "sample" not in whole.facts
        assert not whole.findings


def test_too_small_a_sample_is_an_error():
    with pytest.raises(InvalidOption, match="most_customers=5 must be at least 1,000, or 0 for all customers"):
        clv.backtest(LOG, [clv.NBD()], **OPTIONS | {"most_customers": 5})


def test_the_command_has_the_same_limit():
    assert inspect.signature(backtest_verb).parameters["most_customers"].default == MOST_CUSTOMERS
    for function in (clv.backtest, clv.report):
        assert inspect.signature(function).parameters["most_customers"].default == MOST_CUSTOMERS


def test_the_sample_is_independent_of_other_customers_and_of_other_samples():
    log = purchases_of(clv.datasets.load_cdnow(), Clock("week"))
    sample = sample_customers(log, log.last_tick, 5_000, seed=0)
    chosen = sample.take(log).customer_id
    assert len(chosen) == 5_000
    smaller = sample_customers(log, log.last_tick, 2_000, seed=0).take(log).customer_id
    assert set(smaller.to_list()) < set(chosen.to_list())
    other = sample_customers(log, log.last_tick, 5_000, seed=1).take(log).customer_id
    both = len(set(other.to_list()) & set(chosen.to_list()))
    assert both == pytest.approx(5_000**2 / 23_570, abs=4 * np.sqrt(5_000**2 / 23_570))  # Poisson, 4 standard errors
    halves = np.mean(hash_keys(keys_of_ids(chosen)) < 0.5)  # of the best forecaster
    assert halves == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 5_000))


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
def test_a_report_says_that_its_tests_are_of_a_sample_and_its_values_of_all(language):
    page = clv.report(
        LOG,
        amount="amount",
        models=clv.NBD(),
        horizon="13 weeks",
        cutoffs=1,
        most_customers=1_000,
        language=language,
        progress=lambda _: None,
    )
    assert page.value is not None
    assert len(page.value) == 2_357
    assert set(page.result.scores["customers"]) == {1_000}
    figures = page.glance.statuses[0].finding.figures
    assert (figures["sampled"], figures["sample"], figures["of"]) == (True, 1_000, 2_357)
    assert "1,000" in page.glance.statuses[0].text
    assert page.page.count("2,357") >= 3  # in the headline, the introduction, and the section on the data
    assert not any(caution.finding.code == "backtest-sample" for caution in page.cautions)
