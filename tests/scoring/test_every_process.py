"""Every process: backtested, fitted, saved and loaded, and scored every night in blocks, it gives the same numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.clock import Clock
from clvmodels.estimators.persistence import MODEL_CLASSES
from clvmodels.forecasting.processes import model_id
from clvmodels.forecasts import KnownHistory
from clvmodels.scoring.config.job import job_from
from clvmodels.scoring.run import score_table
from clvmodels.transactions.purchase_log import purchases_of

pytestmark = pytest.mark.acceptance

CUTOFF, HORIZON, COLUMN = "1997-09-28", "26 weeks", "expected_purchases_26_weeks"  # a Sunday, for weekly opportunities
CUSTOMERS, BLOCK = 400, 97
processes = pytest.mark.parametrize("name", MODEL_CLASSES)


@pytest.fixture(scope="module")
def log():
    whole = clv.datasets.load_cdnow(sample=True)
    some = np.sort(whole["customer_id"].unique())[:: len(whole["customer_id"].unique()) // CUSTOMERS]
    return whole[whole["customer_id"].isin(some)].reset_index(drop=True)


def clock_of(name):
    return {"time_unit": "week", "merge_within": "week" if name == "bgbb" else "day"}


def history_of(log, name):
    clock = Clock(**clock_of(name))
    purchases = purchases_of(log, clock, amount="amount")
    return KnownHistory(purchases, clock.closing_tick(CUTOFF, "cutoff"), intertimes="cnbd" in name)


def forecast_of(log, name, model=None):
    history = history_of(log, name)
    fitted = clv.CustomerModel(MODEL_CLASSES[name](), clv.GammaGamma()).fit(history) if model is None else model
    return fitted, fitted.forecast(history, HORIZON)


@pytest.fixture(scope="module")
def fitted(log):
    return {name: forecast_of(log, name) for name in MODEL_CLASSES}


def assert_equal(one, other):
    for quantity in ("purchases", "money"):
        for part in ("mean", "buys"):
            values = [getattr(each.of(quantity), part) for each in (one, other)]
            if values[0] is not None:
                np.testing.assert_allclose(*values, rtol=1e-12, atol=0, err_msg=f"{quantity} {part}")
    np.testing.assert_allclose(one.alive, other.alive, rtol=1e-12, atol=0)


@processes
def test_saved_and_loaded_it_forecasts_the_same(fitted, log, name, tmp_path):
    model, forecast = fitted[name]
    model.save(tmp_path / "model.json")
    assert_equal(forecast_of(log, name, clv.load(tmp_path / "model.json"))[1], forecast)


@processes
def test_what_happens_after_the_cutoff_changes_nothing(fitted, log, name):
    after = pd.to_datetime(log["date"]) > CUTOFF
    scrambled = log.assign(amount=np.where(after, 1e6, log["amount"])).sample(frac=1, random_state=1)
    moved = scrambled.loc[after, "customer_id"].sample(frac=1, random_state=2)
    scrambled.loc[after, "customer_id"] = moved.to_numpy()
    assert_equal(forecast_of(scrambled, name)[1], fitted[name][1])


@processes
def test_a_backtest_gives_what_fit_and_forecast_give(fitted, log, name):
    options = {"amount": "amount", "horizons": HORIZON, "cutoffs": [CUTOFF], "draws": 20, "sampled": 50}
    models = [MODEL_CLASSES[name]()]
    check = clv.backtest(log, models, clv.GammaGamma(), boosted_trees=False, **options, **clock_of(name))
    predicted = check.scores.set_index("forecaster")["predicted"]
    model, forecast = fitted[name]
    for quantity, identity in (("purchases", model_id(models[0])), ("money", model.identity("money").id)):
        # k of a regular process is chosen by the fit, and not part of the id.
        assert predicted[identity] == pytest.approx(forecast.of(quantity).total, rel=1e-12)


@processes
def test_a_night_gives_the_same_in_blocks_of_any_size(fitted, log, name, tmp_path, monkeypatch):
    model, forecast = fitted[name]
    model.save(tmp_path / "model.json")
    log.to_parquet(tmp_path / "log.parquet")
    ids = history_of(log, name).rfm.customer_id.to_list()
    for block in (None, BLOCK):
        if block is not None:
            monkeypatch.setattr(score_table, "BLOCK", block)
        job = job_from(
            {
                "source": {"path": str(tmp_path / "log.parquet")},
                "columns": {"amount": "amount"},
                "clock": clock_of(name),
                "models": {"purchases": name},
                "predictions": {"horizons": [HORIZON], "annual_discount_rate": 0.0},
                "registry": {"file": str(tmp_path / "model.json")},
                "run": {"folder": str(tmp_path / f"runs-{block}")},
                "sinks": [{"path": str(tmp_path / f"scores-{block}.parquet")}],
            }
        )
        clv.score_job(job, CUTOFF)
        table = pd.read_parquet(tmp_path / f"scores-{block}.parquet").set_index("customer_id").loc[ids]
        np.testing.assert_allclose(table[COLUMN], forecast.purchases.mean, rtol=1e-12)
        np.testing.assert_allclose(table["probability_alive"], forecast.alive, rtol=1e-12)
        value = table[COLUMN.replace("expected_purchases", "lifetime_value")]
        np.testing.assert_allclose(value, forecast.money.mean, rtol=1e-9)  # by way of discounted purchases
