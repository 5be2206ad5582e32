"""Results show their findings in a console, and in a notebook below a table."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import frames
from clvmodels.errors import InvalidOption
from clvmodels.estimators.goodness_of_fit import GoodnessOfFit
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.scoring.check import JobCheck
from clvmodels.scoring.fit_and_score import FitResult, ScoreResult
from clvmodels.scoring.monitoring.monitor_job import MonitorResult
from clvmodels.scoring.prune import PrunedRun
from clvmodels.validation.comparison.likelihood_ratio import LikelihoodRatio

VALUES = pd.DataFrame(
    {
        "customer_id": range(1, 9),
        "lifetime_value": [90.0, 70.0, 50.0, 40.0, 30.0, 20.0, 10.0, 5.0],
        "past_spend": [80.0, 60.0, 55.0, 45.0, 25.0, 20.0, 15.0, 5.0],
        "country": ["AT", "DE"] * 4,
        "stage": ["new", "new", "old", "old"] * 2,
    }
)
LOG = pd.DataFrame(
    {
        "customer_id": [1, 2, 3, 1, 2, 1],
        "date": ["2023-01-05", "2023-01-09", "2023-02-03", "2023-02-07", "2023-03-02", "2023-03-31"],
        "amount": [10.0, 20.0, 5.0, 12.0, 18.0, 30.0],
        "item": ["tea", "cup", "tea", "cup", "tea", "pot"],
    }
)
INDICATORS = [clv.Indicator("past_spend", "past"), clv.Indicator("lifetime_value", "future")]
RESULTS = {
    "tiers": lambda: clv.tiers(VALUES, boundaries=(0.25, 0.5), names=("A", "B", "C")),
    "crosstab": lambda: clv.segment_crosstab(VALUES, by=["country", "stage"]),
    "scorecard": lambda: clv.scorecard(VALUES, INDICATORS),
    "accounts": lambda: clv.key_accounts(LOG, amount="amount"),
    "audit": lambda: clv.audit(LOG, amount="amount", period="month"),
    "cross-selling": lambda: clv.cross_selling(LOG, item="item", amount="amount"),
    "assignment": lambda: clv.assign_experiment(VALUES, name="spring"),
}
DATA = ("Frame", "Series", "Array", "NDArray", "RFM", "PurchaseLog", "Findings", "Mapping[str, Any]")
RECORDS = [each for name in clv.__all__ if dataclasses.is_dataclass(each := getattr(clv, name))]
RETURNED = [ScoreResult, FitResult, MonitorResult, JobCheck, TotalInterval, GoodnessOfFit, LikelihoodRatio]


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_shows_its_findings(name):
    result = RESULTS[name]()
    shown = result._repr_html_()
    assert result.findings
    for finding in result.findings:
        assert finding.text in repr(result)
    assert "<table>" in shown
    assert "<li>" in shown


def test_a_long_table_is_cut():
    result = clv.assign_experiment(pd.DataFrame({"customer_id": range(10_000, 10_013)}), name="spring")
    assert repr(result).splitlines()[-2].split()[0] == "10011"
    assert repr(result).splitlines()[-1].strip() == "…"
    assert result._repr_html_().count("<tr>") == 1 + 12 + 1


def returned_by(function):
    """Return the records of this package in the annotation of what a function returns."""
    module = sys.modules[function.__module__]
    names = re.findall(r"[A-Z]\w+", str(inspect.unwrap(function).__annotations__.get("return", "")))
    return {each for name in names if dataclasses.is_dataclass(each := getattr(module, name, None))}


def test_results_of_all_public_functions_are_tested():
    functions = [each for name in clv.__all__ if inspect.isfunction(each := getattr(clv, name))]
    plain = {PrunedRun, frames.PublishedTable}  # a few texts and numbers
    assert {each for function in functions for each in returned_by(function)} <= {*RECORDS, *RETURNED, *plain}


@pytest.mark.parametrize("record", [*RECORDS, *RETURNED], ids=lambda record: record.__name__)
def test_no_public_result_prints_its_tables_and_arrays(record):
    printed = [field for field in dataclasses.fields(record) if field.repr]
    generated = inspect.unwrap(record.__repr__).__code__.co_filename == "<string>"
    assert not generated or not [field.name for field in printed if any(kind in str(field.type) for kind in DATA)]
    assert not inspect.isfunction(getattr(record, "frame", None)) or hasattr(record, "_repr_html_")


@pytest.mark.slow
def test_results_of_models_fit_on_a_screen():
    log = clv.datasets.load_cdnow(sample=True)
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    rfm = history.rfm
    models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    forecast = clv.revenue_forecast(*models, rfm, draws=20, **terms)
    economics = clv.unit_economics(*models, history, costs=clv.Costs(acquisition=15.0), draws=20, **terms)
    draws = clv.value_draws(*models, rfm, draws=20, **terms)
    valuation = clv.BaseValuation(purchases=models[0], spend=models[1], rfm=rfm, **terms)
    expected = clv.CustomerModel(*models).forecast(history, "26 weeks")
    for result in (forecast, economics, draws, valuation, history, expected):
        assert len(repr(result).splitlines()) <= 20
        assert len(repr(result)) < 3_000
    assert repr(history) == "KnownHistory of 2,357 customers up to 1997-09-30"
    nobody = clv.KnownHistory.from_summaries(rfm[:0])
    assert repr(nobody).startswith("KnownHistory of 0 customers")
    with pytest.raises(InvalidOption, match=r"source\.kind = 'transactions'"):  # as job files spell it
        _ = nobody.purchase_log
    assert repr(draws) == "ValueDraws of 2,357 customers, 20 draws (drawn='outcome')"
    assert forecast.findings[0].text in repr(forecast)
    assert "1997-10-01" in repr(forecast)
    assert ">1997-10-01<" in forecast._repr_html_()
