"""Results show their findings in a console, and in a notebook below a table."""

from __future__ import annotations

import dataclasses
import inspect

import pandas as pd
import pytest

import clvmodels as clv

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


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
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
    assert repr(draws) == "ValueDraws of 2,357 customers, 20 draws (drawn='outcome')"
    assert forecast.findings[0].text in repr(forecast)
    assert "1997-10-01" in repr(forecast)
    assert ">1997-10-01<" in forecast._repr_html_()
