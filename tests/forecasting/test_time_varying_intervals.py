"""Intervals of customers whose rates change in time: drawn futures, and tables with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidModelFile, InvalidOption
from clvmodels.forecasting.time_varying.futures import DrawnRates
from clvmodels.forecasting.time_varying.likelihoods import likelihood_of
from clvmodels.forecasting.time_varying.maximum import Maximum
from clvmodels.forecasting.time_varying.time_stretches import future_stretches, past_stretches

CUTOFF = "1997-09-30"
ENDS = ["expected_purchases_lower", "expected_purchases_upper"]
PROCESSES = {
    "pareto_nbd": {"r": 0.6, "alpha": 9.0, "s": 0.7, "beta": 12.0},
    "ggompertz_nbd": {"r": 0.6, "alpha": 9.0, "s": 0.7, "beta": 3.0, "b": 0.03},
    "bgnbd": {"r": 0.6, "alpha": 9.0, "a": 0.8, "b": 2.5},
    "mbgnbd": {"r": 0.6, "alpha": 9.0, "a": 0.8, "b": 2.5},
    "nbd": {"r": 0.6, "alpha": 9.0},
}


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    log = clv.datasets.load_cdnow(sample=True)
    return log[log["customer_id"] % 8 == 0]


@pytest.fixture(scope="module")
def history(log: pd.DataFrame) -> clv.KnownHistory:
    return clv.KnownHistory.from_log(log, time_unit="week", amount="amount", observation_end=CUTOFF)


@pytest.fixture(scope="module")
def covariates(log: pd.DataFrame) -> clv.CovariateHistory:
    """A campaign in March and, as a scenario, in the last quarter, for every other customer."""
    days = [("1996-12-30", 0), ("1997-03-01", 1), ("1997-04-01", 0), ("1997-10-01", 1)]
    ids = log["customer_id"].unique()
    rows = [(i, day, value * (i % 16 == 0)) for i in ids for day, value in days]
    return clv.CovariateHistory.from_frame(pd.DataFrame(rows, columns=["customer_id", "date", "campaign"]))


@pytest.fixture(scope="module")
def model(history, covariates) -> clv.TimeVaryingModel:
    return clv.TimeVaryingModel("pareto_nbd", ["campaign"], ["campaign"]).fit(history, covariates)


@pytest.mark.parametrize("process", PROCESSES)
def test_drawn_purchases_have_the_distribution_of_the_process(history, process) -> None:
    past, draws, horizon = past_stretches(history, None), 20_000, 26.0
    likelihood = likelihood_of(process, (), ())
    coordinates = likelihood.start(PROCESSES[process])
    ahead = future_stretches(history, None, past, horizon)
    rates = DrawnRates(likelihood, np.tile(coordinates, (draws, 1)), past.stretches, ahead)
    expected = DrawnRates(likelihood, coordinates[None], past.stretches, ahead).expected(np.arange(3.0))[0]
    plain = clv.processes.catalog.PURCHASE_PROCESSES[process]
    p = plain.Parameters(**PROCESSES[process])
    rates.__dict__["_alive"] = np.broadcast_to(likelihood.alive(coordinates, past.stretches), (draws, len(past.counts)))
    for i in range(3):
        drawn = rates.purchases(np.random.default_rng(i), np.float64(i))
        assert drawn.mean() == pytest.approx(expected[i], abs=5 * drawn.std() / np.sqrt(draws))
        customer = past.customers[i]
        columns = {"frequency": history.rfm.frequency, "recency": history.rfm.recency, "T": history.rfm.T}
        state = [np.array([columns[name][customer]], dtype=float) for name in plain.state]
        alive = rates.__dict__["_alive"][0, i]
        nothing = 1 - alive + alive * float(plain.pmf_if_active(p, np.zeros(1), horizon, *state)[0])
        assert np.mean(drawn == 0) == pytest.approx(nothing, abs=5 * 0.5 / np.sqrt(draws))


def test_draws_of_the_parameters_have_the_covariance_of_the_curvature() -> None:
    hessian = -np.array([[4.0, 1.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1e-9, 0.0], [0.0, 0.0, 0.0, 3.0]])
    fit = Maximum(np.arange(4.0), 0.0, np.zeros(4), hessian, np.array([False, False, False, True]))
    drawn = fit.draw(40_000, 1)
    assert np.cov(drawn[:, :2].T) == pytest.approx(np.linalg.inv(-hessian[:2, :2]), abs=0.01)
    np.testing.assert_array_equal(drawn[:, 2:], np.tile([2.0, 3.0], (len(drawn), 1)))  # flat, and at a limit


@pytest.mark.slow
def test_intervals_do_not_depend_on_the_other_customers(log, covariates, history, model) -> None:
    options = {"interval": 0.9, "draws": 20}
    some = history.rfm.customer_id.to_numpy()[::5]
    few = clv.KnownHistory.from_log(log[log["customer_id"].isin(some)], time_unit="week", observation_end=CUTOFF)
    for kind in ("outcome", "mean"):
        whole, part = (
            model.expected_purchases(each, "13 weeks", covariates, interval_for=kind, **options)
            for each in (history, few)
        )
        whole = whole[whole["customer_id"].isin(some)].reset_index(drop=True)
        pd.testing.assert_frame_equal(whole, part, rtol=1e-9)
        assert (part[ENDS[0]] <= part[ENDS[1]]).all()


@pytest.mark.slow
def test_totals_add_up_and_allow_for_other_shops_and_the_season(history, covariates, model) -> None:
    each = model.expected_purchases(history, "13 weeks", covariates)
    total = {
        name: model.expected_purchases(
            history, "13 weeks", covariates, interval=0.9, by="total", draws=50, total_interval=name
        ).iloc[0]
        for name in ("model", "history")
    }
    for row in total.values():
        assert row["expected_purchases"] == pytest.approx(each["expected_purchases"].sum(), rel=1e-12)
    assert total["history"][ENDS[0]] < total["model"][ENDS[0]] < total["model"][ENDS[1]] < total["history"][ENDS[1]]
    assert total["history"]["total_interval"] == "other_shops"
    doubt = clv.calendar.SeasonDoubt([0.5] * 52, [1.0] * 52)
    seasonal = history.with_calendar(clv.Calendar(season=[1.0] * 330 + [2.5] * 36, doubt=doubt))
    sure = history.with_calendar(clv.Calendar(season=[1.0] * 330 + [2.5] * 36))
    sun = clv.TimeVaryingModel("bgnbd").fit(sure)
    wide, narrow = (
        sun.expected_purchases(h, "13 weeks", interval=0.9, by="total", draws=50).iloc[0] for h in (seasonal, sure)
    )
    assert wide[ENDS[1]] > narrow[ENDS[1]]


@pytest.mark.slow
def test_values_have_intervals_of_the_same_scenario(history, covariates, model) -> None:
    spend = clv.GammaGamma().fit(history.rfm)
    options = {"horizon": "12 months", "annual_discount_rate": 0.1, "interval": 0.9, "draws": 50}
    value, half = (model.lifetime_value(spend, history, covariates, margin=margin, **options) for margin in (1.0, 0.5))
    for column in ("lifetime_value", "lifetime_value_lower", "lifetime_value_upper"):
        assert half[column].to_numpy() == pytest.approx(value[column].to_numpy() / 2, rel=1e-12)
    assert (value["lifetime_value_lower"] <= value["lifetime_value_upper"]).all()
    total = model.lifetime_value(spend, history, covariates, margin=1.0, by="total", **options).iloc[0]
    assert total["lifetime_value"] == pytest.approx(value["lifetime_value"].sum(), rel=1e-12)
    assert total["lifetime_value_lower"] < total["lifetime_value"] < total["lifetime_value_upper"]
    mean = model.lifetime_value(spend, history, covariates, margin=1.0, interval_for="mean", **options)
    assert (mean["lifetime_value_lower"] <= mean["lifetime_value"] * 1.05).mean() > 0.95


def test_options_of_intervals_are_checked(history, covariates, model) -> None:
    with pytest.raises(InvalidOption, match="interval=90"):
        model.expected_purchases(history, "13 weeks", covariates, interval=90)
    with pytest.raises(InvalidOption, match="by='tier'"):
        model.expected_purchases(history, "13 weeks", covariates, by="tier")


def test_backtests_comparisons_and_jobs_say_why_they_do_not_use_it(log, history, covariates, model, tmp_path) -> None:
    options = {"horizons": "13 weeks", "time_unit": "week"}
    with pytest.raises(InvalidOption, match=r"needs covariates over time.*such as ParetoNBD"):
        clv.backtest(log, [model], **options)
    with pytest.raises(InvalidOption, match="with its own expected_purchases"):
        clv.backtest(log, model, **options)
    with pytest.raises(InvalidOption, match="needs covariates over time"):
        clv.compare(history.rfm, [model])
    with pytest.raises(InvalidOption, match=r"not a DataFrame. Make one with CovariateHistory.from_frame"):
        model.fit(history, log)
    model.save(tmp_path / "model.json")
    with pytest.raises(InvalidModelFile, match=r"Read it with TimeVaryingModel.load"):
        clv.load(tmp_path / "model.json")
