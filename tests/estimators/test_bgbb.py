"""BGBB as an estimator: opportunities from a log to a saved model, and the clocks it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from clvmodels.datasets import load_cdnow, load_donations
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.purchases import BGBB, BGNBD, MBGNBD, NBD
from clvmodels.estimators.spend import GammaGamma
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.persistence import load
from clvmodels.processes import bgbb
from clvmodels.simulate import simulate_log
from clvmodels.transactions.holdout import holdout_split
from clvmodels.transactions.summary import RFM, rfm_summary
from clvmodels.validation.backtest.validate import validate
from clvmodels.valuation.lifetime_value import lifetime_value

pytestmark = pytest.mark.slow

YEARLY = {"time_unit": "year", "merge_within": "year"}
MONTHLY = {"time_unit": "month", "merge_within": "month"}
TRUTH = {"alpha": 1.2, "beta": 3.0, "gamma": 0.8, "delta": 12.0}
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}


@pytest.fixture(scope="module")
def donors():
    counts = load_donations()
    each = counts.loc[counts.index.repeat(counts["weights"])].rename(columns={"periods": "T"}).drop(columns="weights")
    return RFM.from_frame(each.assign(customer_id=range(len(each))), observation_end="2001-12-31", **YEARLY)


@pytest.fixture(scope="module")
def model(donors):
    return BGBB().fit(donors)


@pytest.fixture(scope="module")
def log():
    return simulate_log(
        4_000, TRUTH, SPEND, process="bgbb", time_unit="month", start="2018-01-01", end="2021-12-31", random_state=2
    )


@pytest.fixture(scope="module")
def pair(log):
    rfm = rfm_summary(log, amount="amount", observation_end="2020-12-31", **MONTHLY)
    return BGBB().fit(rfm), GammaGamma().fit(rfm), rfm


def values(frame, name):
    return np.asarray(frame[name].to_numpy(), dtype=float)


def test_the_donors_of_the_paper(model, donors):
    # Fader, Hardie & Shang (2010): parameters to three decimals, donations expected in the five years after.
    assert model.parameters_ == pytest.approx({"alpha": 1.204, "beta": 0.75, "gamma": 0.657, "delta": 2.783}, abs=5e-4)
    total = model.expected_purchases(donors, "5 years", by="total")
    assert values(total, "expected_purchases")[0] == pytest.approx(12_884.2, abs=0.05)
    alive = values(model.probability_alive(donors, "1 year"), "probability_alive")
    row = {key: alive[(donors.frequency == key[0]) & (donors.recency == key[1])][0] for key in ((0, 0), (2, 4), (6, 6))}
    assert list(row.values()) == pytest.approx([0.11, 0.59, 0.93], abs=5e-3)
    assert list(model.summary()["unit"]) == [""] * 4


def test_a_fit_recovers_the_parameters_of_a_simulated_log(pair):
    model = pair[0]
    assert model.fit_.status == "converged"
    error = np.log(list(model.parameters_.values())) - np.log(list(TRUTH.values()))
    assert np.all(np.abs(error) < 5 * np.sqrt(np.diag(model.fit_.covariance)))


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_results_have_the_kind_of_the_input_frame(log, kind):
    rfm = rfm_summary(log if kind is pd.DataFrame else pl.from_pandas(log), **MONTHLY)
    model = BGBB().fit(rfm)
    for answer, name in (
        (model.expected_purchases(rfm, "1 year"), "expected_purchases"),
        (model.discounted_purchases(rfm, 12, 0.1), "discounted_purchases"),
        (model.probability_alive(rfm), "probability_alive"),
        (model.probability_no_purchase(rfm, 6), "probability_no_purchase"),
        (model.posterior_means(rfm), "purchase_probability"),
        (model.pmf([0, 13], 12, rfm), "pmf_13"),
        (model.dert(rfm, 0.1), "share_beyond_ten_years"),
    ):
        assert type(answer) is kind
        assert list(answer["customer_id"]) == list(rfm.customer_id)
        assert np.all((values(answer, name) >= 0) & np.isfinite(values(answer, name)))


def test_predictions_are_consistent(pair):
    model, _, rfm = pair
    alive, expected = model.alive(rfm), values(model.expected_purchases(rfm, 12), "expected_purchases")
    assert np.all(expected <= 12 * alive)
    table = model.pmf(range(13), 12, rfm)
    chances = np.array([values(table, f"pmf_{k}") for k in range(13)])
    assert chances.sum(axis=0) == pytest.approx(1, abs=1e-12)  # no more purchases than opportunities
    assert np.arange(13) @ chances == pytest.approx(expected, rel=1e-9)
    assert values(model.probability_no_purchase(rfm, 12), "probability_no_purchase") == pytest.approx(chances[0])
    assert model.mean_purchases("1 year") == pytest.approx(model.mean_purchases([12.0, 12.5])[1], rel=1e-14)


def test_discount_rates_are_annual_for_every_opportunity(pair):
    """A purchase in the i-th month from now is worth 1.1^(-i/12)."""
    model, _, rfm = pair
    few = rfm[:5]
    p = bgbb.Parameters(*map(np.float64, model.parameters_.values()))
    columns = [few.frequency.astype(float), few.recency, few.n.astype(float)]
    alive, state = bgbb.PROCESS.probability_alive(p, *columns), bgbb.PROCESS._state(columns)
    months = [1.1 ** (-i / 12) * alive * bgbb.PROCESS.intensity_if_active(p, float(i), *state) for i in range(1, 13)]
    assert values(model.discounted_purchases(few, "1 year", 0.1), "discounted_purchases") == pytest.approx(
        np.sum(months, axis=0), rel=1e-9
    )


def test_intervals_of_customers_and_groups(pair):
    model, _, rfm = pair
    few = rfm[:40].with_columns(
        pd.DataFrame({"customer_id": rfm.customer_id.to_list(), "half": [0, 1] * (len(rfm) // 2)})
    )
    each = model.expected_purchases(few, 12, interval=0.9)
    lower, upper = (values(each, f"expected_purchases_{end}") for end in ("lower", "upper"))
    assert np.all((lower == np.floor(lower)) & (upper == np.floor(upper)) & (upper <= 12) & (lower <= upper))
    for options in ({"by": "total"}, {"by": "half"}, {"interval_for": "mean"}):
        result = model.expected_purchases(few, 12, interval=0.9, **options)
        point = values(result, "expected_purchases")
        assert np.all(values(result, "expected_purchases_lower") <= point)
        assert np.all(values(result, "expected_purchases_upper") >= point)
    quoted = model.quantities(few)
    assert list(quoted.index) == ["mean purchase probability", "mean dropout probability", "share gone"]
    assert np.all((quoted["lower"] <= quoted["estimate"]) & (quoted["estimate"] <= quoted["upper"]))


# ---- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [BGNBD, MBGNBD, NBD])
def test_processes_in_continuous_time_refuse_opportunities(kind, donors):
    title = kind().title
    with pytest.raises(
        ClockMismatch, match=rf"{title} needs the times of purchases.* calendar years, .*merge_within='day'"
    ):
        kind().fit(donors)


def test_a_discrete_process_refuses_times():
    rfm = rfm_summary(load_cdnow(sample=True), time_unit="week")
    with pytest.raises(
        ClockMismatch, match=r"BG/BB counts opportunities .* both time_unit and merge_within, such as 'y"
    ):
        BGBB().fit(rfm)


def test_different_opportunities_are_different_clocks(model, log):
    with pytest.raises(ClockMismatch, match=r"calendar years, .* calendar months"):
        model.expected_purchases(rfm_summary(log, **MONTHLY), 5)


def test_horizons_are_whole_opportunities(model, donors):
    for horizon in (1.5, "18 months", "90 days"):
        with pytest.raises(InvalidOption, match="counts whole opportunities to buy: pass '"):
            model.expected_purchases(donors, horizon)
    with pytest.raises(InvalidOption, match=r"t='30 months' is 2\.5 years"):
        model.mean_purchases("30 months")
    few = donors[:3]
    assert values(model.expected_purchases(few, "60 months"), "expected_purchases") == pytest.approx(
        values(model.expected_purchases(few, 5), "expected_purchases"), rel=1e-14
    )


def test_without_a_discount_rate_there_is_a_mean_only_above_gamma_1(model, donors):
    with pytest.raises(InvalidOption, match=r"residual transactions of BG/BB have no mean"):
        model.dert(donors, 0.0)
    # The paper's DERT, at ten percent a year: half of a donor's value may be more than ten years ahead.
    shares = values(model.dert(donors, 0.10), "share_beyond_ten_years")
    assert np.all((shares > 0.1) & (shares < 0.6))


# ---- validation and value ----------------------------------------------------------------------------------


def test_a_saved_model_predicts_the_same(pair, tmp_path):
    model, spend, rfm = pair
    CustomerModel(model, spend).save(tmp_path / "model.json")
    again = load(tmp_path / "model.json").purchases
    assert type(again) is BGBB
    assert again.clock_ == rfm.clock
    name = "expected_purchases"
    assert np.array_equal(
        values(again.expected_purchases(rfm, 12), name), values(model.expected_purchases(rfm, 12), name)
    )


@pytest.mark.parametrize("discounting", ["continuous", "period_end"])
def test_value_is_purchases_times_spend(pair, discounting):
    """Purchases of a month are discounted to its end with both conventions, because they are made at its end."""
    model, spend, rfm = pair
    result = lifetime_value(
        model, spend, rfm, horizon="1 year", annual_discount_rate=0.1, margin=0.5, discounting=discounting
    )
    discounted = values(model.discounted_purchases(rfm, 12, 0.1), "discounted_purchases")
    expected = 0.5 * discounted * values(spend.expected_spend(rfm), "expected_spend")
    assert values(result, "lifetime_value") == pytest.approx(expected, rel=1e-8, nan_ok=True)
    with pytest.raises(InvalidOption, match=r"is 2\.9569 months"):
        lifetime_value(model, spend, rfm, horizon="90 days", annual_discount_rate=0.1, margin=0.5)


def test_value_has_intervals(pair):
    model, spend, rfm = pair
    result = lifetime_value(
        model, spend, rfm[:30], horizon=12, annual_discount_rate=0.1, margin=0.5, interval=0.8, by="total", draws=100
    )
    low, value, high = (values(result, f"lifetime_value{end}")[0] for end in ("_lower", "", "_upper"))
    assert 0 < low < value < high


def test_yearly_opportunities_are_valued_monthly(donors):
    """On a yearly clock, purchases of a year are made at its end."""
    rng = np.random.default_rng(1)
    frame = donors[::20].to_frame()
    frame["monetary_value"] = np.where(frame["frequency"] > 0, rng.gamma(6, 5, len(frame)), np.nan)
    rfm = RFM.from_frame(frame, **YEARLY)
    pair = BGBB().fit(rfm), GammaGamma().fit(rfm), rfm
    ends = {
        period: values(
            lifetime_value(
                *pair, horizon=5, annual_discount_rate=0.1, margin=1, discounting="period_end", period=period
            ),
            "lifetime_value",
        )
        for period in ("year", "month")
    }
    assert ends["month"] == pytest.approx(ends["year"], rel=1e-8, nan_ok=True)


def test_bgbb_is_validated_like_other_models(log):
    split = holdout_split(log, amount="amount", calibration_end="2020-12-31", holdout_end="2021-12-31", **MONTHLY)
    check = validate(split, [BGBB()], GammaGamma())
    row = check.scores[(check.scores["quantity"] == "purchases") & (check.scores["forecaster"] == "bgbb")].iloc[0]
    # A few thousand purchases of the process itself: the total within five of its standard errors, 1.5 % each.
    assert abs(row["bias"]) < 0.08
    assert row["gini"] > 0.4
    table = check.tracking
    assert set(table["period"]) == {"month"}
    assert list(table["end"][-2:]) == ["2021-11-30", "2021-12-31"]
    assert table["cumulative_actual"].iloc[-1] == split.calibration.frequency.sum() + split.purchases.sum()
    assert check.facts["calibration_start"] == "2018-01-01"
    assert check.to_dict()["facts"]["clock"] == "calendar months, each one opportunity to buy"
