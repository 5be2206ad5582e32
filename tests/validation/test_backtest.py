"""Backtests: nothing after a cutoff reaches a forecast, validation as a special case, rules by hand, intervals."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.clock import Clock
from clvmodels.errors import FitFailed, InvalidOption
from clvmodels.forecasting.blend import BLENDS
from clvmodels.forecasting.rules import learn_hiatus
from clvmodels.forecasting.windows import fitted_windows
from clvmodels.forecasts import KnownHistory
from clvmodels.language import Finding
from clvmodels.transactions.purchase_log import purchases_of
from clvmodels.validation.backtest.combine import summarize_scores
from clvmodels.validation.tables import differences
from clvmodels.validation.tables.distributions import Spread, bounds_of_total, sample_of
from clvmodels.validation.tables.metrics import METRICS, capture, normalized_gini, rmse
from clvmodels.validation.tables.totals import judge_totals, total_finding

pytestmark = pytest.mark.slow

CUTOFFS = ["1997-07-01", "1997-09-30"]
OPTIONS = {"amount": "amount", "time_unit": "week", "horizons": "26 weeks", "sampled": 400, "draws": 60}


@pytest.fixture(scope="module")
def log():
    return clv.datasets.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def check(log):
    return clv.backtest(log, [clv.BGNBD(), clv.MBGNBD()], clv.GammaGamma(), cutoffs=CUTOFFS, **OPTIONS)


def scores_of(check, forecaster, quantity="purchases", cutoff=CUTOFFS[-1]):
    table = check.scores
    chosen = (table["quantity"] == quantity) & (table["forecaster"] == forecaster) & (table["cutoff"] == cutoff)
    return table[chosen].iloc[0]


def test_older_customers_are_left_out_as_in_a_holdout_split(log):
    """A backtest with one cutoff equals `validate` of the same split and reports the number of older customers."""
    day, end = "1997-01-31", "1998-03-31"
    options = {key: OPTIONS[key] for key in ("amount", "time_unit")}
    split = clv.holdout_split(log, **options, calibration_end=CUTOFFS[1], holdout_end=end, acquired_after=day)
    single = clv.validate(split, clv.BGNBD())
    rolled = clv.backtest(log, clv.BGNBD(), cutoffs=CUTOFFS[1:], acquired_after=day, boosted_trees=False, **OPTIONS)
    for forecaster in ("bgnbd", "zero"):
        one, other = scores_of(rolled, forecaster), scores_of(single, forecaster)
        assert (one["customers"], one["predicted"], one["actual"]) == (
            other["customers"],
            other["predicted"],
            other["actual"],
        )
    assert rolled.facts["fingerprint"] == single.facts["fingerprint"]
    older = split.calibration.older_customers
    assert Finding("customers-left-out", {"customers": older, "day": day}) in rolled.findings
    with pytest.raises(InvalidOption, match="is not before the end of the observed period"):
        clv.backtest(log, clv.BGNBD(), cutoffs=["1997-01-20", CUTOFFS[0]], acquired_after=day, **OPTIONS)


# ---- nothing after a cutoff is used ------------------------------------------------------------------------


@pytest.mark.acceptance
def test_nothing_after_a_cutoff_reaches_a_forecast(log, check):
    """With other data after the first cutoff, the forecasts made at it are the same to the last bit."""
    future = log["date"] > CUTOFFS[0]
    poisoned = log.assign(amount=log["amount"].where(~future, 1e6))
    strangers = pd.DataFrame(
        {"customer_id": range(900_000, 900_300), "date": "1997-07-02", "quantity": 1, "amount": 1e6}
    )
    customers = log.loc[log["date"] <= CUTOFFS[0], "customer_id"].unique()[::2]
    more = [
        pd.DataFrame({"customer_id": customers, "date": f"1997-08-{d:02}", "quantity": 1, "amount": 9e5})
        for d in (1, 9)
    ]
    poisoned = pd.concat([poisoned, strangers, *more], ignore_index=True)
    other = clv.backtest(poisoned, [clv.BGNBD(), clv.MBGNBD()], clv.GammaGamma(), cutoffs=CUTOFFS[:1], **OPTIONS)
    mine, theirs = check.at(CUTOFFS[0]), other.at(CUTOFFS[0])
    assert theirs["parameters"].equals(mine["parameters"])
    assert theirs["quantities"].equals(mine["quantities"])
    forecasters = {"boosted_trees", *(name for name, _ in BLENDS.values()), "hiatus", "last_period"}
    assert forecasters <= set(mine["customers"]["forecaster"])
    for name in ("customer_id", "forecaster", "expected"):
        assert theirs["customers"][name].equals(mine["customers"][name]), name
    assert list(theirs["scores"]["predicted"]) == list(mine["scores"]["predicted"])
    for name in ("lower", "upper"):
        assert list(theirs["totals"][name]) == list(mine["totals"][name])
    assert theirs["tracking"]["forecast_upper"].equals(mine["tracking"]["forecast_upper"])
    assert list(theirs["cutoffs"]["best"]) == list(mine["cutoffs"]["best"])
    for here, there in zip(check.certificates, other.certificates, strict=False):
        assert here == there
    # The replaced rows do count as actual values.
    assert theirs["scores"]["actual"].iloc[-1] > 100 * mine["scores"]["actual"].iloc[-1]


def test_a_history_refuses_days_after_its_cutoff(log):
    purchases = purchases_of(log, Clock("week"))
    past = KnownHistory(purchases, Clock().last_tick(CUTOFFS[0]))
    for read in (
        lambda: past.repeated(past.cutoff, past.cutoff + 1),
        lambda: past.known_at(past.cutoff + 1),
        lambda: past.earlier(past.cutoff + 1),
    ):
        with pytest.raises(AssertionError, match="was not known"):
            read()


def test_attributes_are_requested_as_of_each_cutoff(log):
    days = []

    def attributes_on(date):
        days.append(date)
        first = log[log["date"] <= date].groupby("customer_id", as_index=False)["amount"].first()
        return pd.DataFrame(
            {"customer_id": first["customer_id"], "band": np.where(first["amount"] < 25, "low", "high")}
        )

    options = OPTIONS | {"boosted_trees": False}
    check = clv.backtest(log, clv.NBD(by="band"), cutoffs=CUTOFFS, attributes=attributes_on, **options)
    assert set(CUTOFFS) <= set(days)  # and those of the earlier windows from which intervals of totals learn
    assert max(days) == CUTOFFS[-1]
    assert set(check.groups["group"]) >= {"low", "high"}
    assert {"low", "high"} <= set(check.calibration.loc[check.calibration["by"] == "band", "group"])


# ---- one cutoff is a validation ----------------------------------------------------------------------------


def test_one_cutoff_is_a_validation(log):
    periods = {"calibration_end": CUTOFFS[-1], "holdout_end": "1998-03-31", "amount": "amount", "time_unit": "week"}
    split = clv.holdout_split(log, **periods)
    one = clv.validate(split, [clv.BGNBD()], clv.GammaGamma(), total_interval="model")
    # A split has no earlier windows, from which the intervals of a backtest learn otherwise.
    options = OPTIONS | {"sampled": 10_000, "draws": 200, "total_interval": "model"}
    rolled = clv.backtest(log, clv.BGNBD(), clv.GammaGamma(), cutoffs=CUTOFFS[1:], boosted_trees=False, **options)
    assert isinstance(one, clv.Backtest)
    shared = rolled.scores[rolled.scores["forecaster"].isin(one.scores["forecaster"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(shared, one.scores)
    for name in ("totals", "by_frequency", "tracking", "parameters", "pit", "spend_histogram", "quantities"):
        pd.testing.assert_frame_equal(getattr(rolled, name), getattr(one, name))
    assert {"hiatus", "last_period"} == set(rolled.scores["forecaster"]) - set(one.scores["forecaster"])


@pytest.mark.acceptance
def test_auto_takes_the_models_that_suit_the_log_up_to_the_first_cutoff(log):
    options = OPTIONS | {"boosted_trees": False, "sampled": 50, "draws": 20}
    check = clv.backtest(log, "auto", cutoffs=CUTOFFS, **options)
    early = clv.profile(log, observation_end=CUTOFFS[0]).models
    good = set(early["process"][early["suitability"] == "good"]) - {"gamma_gamma"}
    assert set(check.forecasters.loc[check.forecasters["kind"] == "process", "id"]) == good == {"mbgnbd", "pareto_nbd"}
    with pytest.raises(InvalidOption, match="models='auto' profiles purchases by day"):
        clv.backtest(log, "auto", merge_within="hour", cutoffs=CUTOFFS, **options)


def test_the_models_passed_are_not_changed(log):
    model = clv.NBD()
    clv.backtest(log, model, cutoffs=1, **OPTIONS | {"amount": None, "boosted_trees": False})
    assert not model.__sklearn_is_fitted__()


# ---- cutoffs and options -----------------------------------------------------------------------------------


def test_cutoffs_are_placed_from_the_middle_to_the_last_that_leaves_room(log):
    options = {"time_unit": "week", "boosted_trees": False, "sampled": 50, "draws": 20}
    check = clv.backtest(log, clv.NBD(), cutoffs=3, horizons=["13 weeks", 39], **options)
    # 1997-01-01 to 1998-06-30 are 545 days, 272 of them before the last 273; the middle of these is day 136.
    assert check.facts["cutoffs"] == ["1997-05-17", "1997-07-24", "1997-09-30"]
    assert check.facts["horizons"] == ["13 weeks", "39 weeks"]
    assert list(check.cutoffs["length"]) == [13, 39] * 3
    assert {finding.code for finding in check.findings} == {"backtest-horizon-long"}  # nothing is left out
    assert set(check.at("1997-07-24", "13 weeks")["scores"]["cutoff"]) == {"1997-07-24"}


def test_horizons_that_are_not_over_are_left_out_and_reported(log):
    options = {
        "time_unit": "week",
        "boosted_trees": False,
        "sampled": 50,
        "draws": 20,
        "horizons": ["4 weeks", "39 weeks"],
    }
    check = clv.backtest(log, clv.NBD(), cutoffs=["1997-09-30", "1998-05-01"], **options)
    assert [finding.text for finding in check.findings] == ["39 weeks from 1998-05-01 is not over when the log ends"]
    assert len(check.cutoffs) == 3


def test_a_forecast_further_than_the_log_reaches_back_is_reported(log):
    options = {"time_unit": "week", "boosted_trees": False, "sampled": 50, "draws": 20}
    check = clv.backtest(log, clv.NBD(), cutoffs=["1997-05-07", CUTOFFS[-1]], horizons=["13 weeks", 39], **options)
    assert [finding.text for finding in check.findings] == [
        (
            "On 1997-05-07, the log reached back 18.1 weeks, but the forecast reaches 39 weeks ahead: further than any "
            "time the models were fitted to"
        )
    ]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"cutoffs": ["1998-06-30"]}, "No cutoff leaves room"),
        ({"cutoffs": 0}, "at least one"),
        ({"cutoffs": 400, "horizons": "39 weeks"}, "no room for 400 cutoffs"),
        ({"cutoffs": ["1997-09-30", "1997-09-30"]}, "different dates"),
        ({"horizons": []}, "at least one horizon"),
        ({"horizons": "1 hours"}, "shorter than a day: pass a longer one"),
        ({"models": []}, "backtest needs at least one model"),
        ({"spend": clv.GammaGamma()}, "no money to score"),
        ({"sampled": 0}, "sampled=0 must be at least 1"),
        ({"level": 1.0}, "must be between 0 and 1"),
    ],
)
def test_invalid_options_are_refused(log, options, match):
    arguments = {"models": clv.NBD(), "horizons": "26 weeks", "time_unit": "week"} | options
    with pytest.raises(InvalidOption, match=match):
        clv.backtest(log, **arguments)


# ---- progress and interruption -----------------------------------------------------------------------------


def test_each_cutoff_is_saved_when_it_is_done(log, tmp_path):
    def stop(done, of):
        raise KeyboardInterrupt

    options = OPTIONS | {"amount": None, "boosted_trees": False, "keep": tmp_path / "saved"}
    with pytest.raises(KeyboardInterrupt):
        clv.backtest(log, clv.NBD(), cutoffs=CUTOFFS, progress=stop, **options)
    names = sorted(path.name for path in (tmp_path / "saved").glob("[!.]*.json"))  # hidden: still being written
    assert names
    assert set(names) <= {f"{cutoff}.json" for cutoff in CUTOFFS}
    document = json.loads((tmp_path / "saved" / names[0]).read_text("utf-8"))
    assert document["facts"]["cutoffs"] == [names[0].removesuffix(".json")]


def test_progress_is_reported_and_an_interruption_stops(log):
    seen = []
    options = OPTIONS | {"amount": None, "boosted_trees": False}
    clv.backtest(log, clv.NBD(), cutoffs=CUTOFFS, progress=lambda done, of: seen.append((done, of)), **options)
    assert seen == [(1, 2), (2, 2)]

    def stop(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clv.backtest(log, clv.NBD(), cutoffs=4, progress=stop, **options)


def test_a_model_that_cannot_be_fitted_is_left_out_and_reported(log, monkeypatch):
    def fails(self, rfm, y=None):
        raise FitFailed("it found no maximum")

    monkeypatch.setattr(clv.MBGNBD, "fit", fails)
    check = clv.backtest(
        log, [clv.NBD(), clv.MBGNBD()], cutoffs=CUTOFFS, **OPTIONS | {"amount": None, "boosted_trees": False}
    )
    assert [finding.text for finding in check.findings] == ["MBG/NBD could not be fitted: it found no maximum"] * 2
    assert "mbgnbd" not in set(check.scores["forecaster"])


def test_a_cutoff_at_which_nothing_can_be_fitted_is_left_out_and_named(log, monkeypatch):
    fit = clv.NBD.fit

    def fails_early(self, rfm, y=None):
        if rfm.observation_end == CUTOFFS[0]:
            raise FitFailed("it found no maximum")
        return fit(self, rfm, y)

    monkeypatch.setattr(clv.NBD, "fit", fails_early)
    options = OPTIONS | {"amount": None, "boosted_trees": False}
    check = clv.backtest(log, clv.NBD(), cutoffs=CUTOFFS, **options)
    assert set(check.scores["cutoff"]) == {CUTOFFS[1]}
    assert check.findings[0].text == f"the cutoff {CUTOFFS[0]} was left out: it found no maximum"
    with pytest.raises(FitFailed, match="no maximum"):
        clv.backtest(log, clv.NBD(), cutoffs=CUTOFFS[:1], **options)


# ---- the tables --------------------------------------------------------------------------------------------


def test_a_forecast_of_zero_has_an_infinite_deviance(check):
    row = scores_of(check, "zero")
    assert row["poisson_deviance"] == np.inf
    assert "mae" not in set(check.differences["metric"])
    assert not {"log_score", "coverage"} & set(check.scores.loc[check.scores["kind"] == "rule"].dropna(axis=1).columns)
    document = json.loads(json.dumps(check.to_dict(), allow_nan=False))
    rows = [row for row in document["scores"] if row["forecaster"] == "zero" and row["quantity"] == "purchases"]
    assert [row["poisson_deviance"] for row in rows] == ["inf", "inf"]


def test_the_tables_agree_with_each_other(check, log):
    for name in ("deciles", "gain", "calibration"):
        table = getattr(check, name)
        assert set(table["cutoff"]) == set(CUTOFFS)
    for row in check.scores.dropna(subset=["mae"]).to_dict("records"):
        same = {name: row[name] for name in ("quantity", "forecaster", "cutoff")}

        def of(table, same=same):
            return table[np.logical_and.reduce([table[key] == value for key, value in same.items()])]

        assert of(check.deciles)["predicted"].sum() == pytest.approx(row["predicted"], rel=1e-9)
        assert of(check.deciles)["actual"].sum() == pytest.approx(row["actual"], rel=1e-9)
        gain = of(check.gain).set_index("share_of_customers")["captured"]
        assert gain[0.1] == pytest.approx(row["capture"], abs=1e-12)
        assert (gain[0.0], gain[1.0]) == (0, pytest.approx(1))
        for by, rows in of(check.calibration).groupby("by"):
            assert rows["customers"].sum() == row["customers"], by
            assert (rows["customers"] * rows["expected"]).sum() == pytest.approx(row["predicted"], rel=1e-9, abs=1e-9)
    processes = check.calibration[check.calibration["kind"] == "process"]
    assert (processes["lower"] <= processes["expected"]).all()
    assert (processes["expected"] <= processes["upper"]).all()
    assert check.pit.groupby(["quantity", "forecaster", "cutoff"])["share"].sum().to_numpy() == pytest.approx(1)
    ahead = check.tracking[check.tracking["holdout"]]
    assert (ahead["forecast_lower"] < ahead["forecast"]).all()
    assert (ahead["cumulative_forecast"] < ahead["cumulative_forecast_upper"]).all()
    # The interval of the total also allows for changing conditions, the band does not.
    last = ahead.groupby(["forecaster", "cutoff"]).last().reset_index()
    table = check.totals[check.totals["quantity"] == "purchases"]
    joined = last.merge(table, on=["forecaster", "cutoff"], suffixes=("", "_total"))
    width = joined["cumulative_forecast_upper"] - joined["cumulative_forecast_lower"]
    assert (width < joined["upper"] - joined["lower"]).all()
    assert set(check.totals["total_interval"]) == {"history"}


def test_the_interval_of_the_total_agrees_with_the_model(log):
    periods = {"calibration_end": CUTOFFS[-1], "holdout_end": "1998-06-30", "time_unit": "week"}
    split = clv.holdout_split(log, **periods)
    check = clv.validate(split, clv.BGNBD(), total_interval="model")
    total, band = check.totals.iloc[0], check.tracking.iloc[-1]
    width = band["cumulative_forecast_upper"] - band["cumulative_forecast_lower"]
    assert width == pytest.approx(total["upper"] - total["lower"], rel=1e-9)
    model = clv.BGNBD().fit(split.calibration)
    reference = model.expected_purchases(
        split.calibration, 39, interval=0.9, by="total", draws=1_000, total_interval="model"
    )
    for end in ("lower", "upper"):
        # Two estimates of a quantile of a spread of 70 or so, one from a hundred draws of the parameters.
        assert total[end] == pytest.approx(reference[f"expected_purchases_{end}"][0], abs=35)
    assert (total["actual"], total["inside"], total["total_interval"]) == (1882, False, "model")
    wider = clv.validate(split, clv.BGNBD()).totals.iloc[0]
    assert (wider["inside"], wider["total_interval"]) == (True, "other_shops")  # a Holdout has no earlier windows


def test_the_interval_of_a_total_is_the_one_deployed(check, log):
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end=CUTOFFS[0])
    model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(history)
    rows = check.totals[check.totals["cutoff"] == CUTOFFS[0]].set_index("forecaster")
    for name, quantity in (("bgnbd", "purchases"), ("bgnbd+gamma_gamma", "money")):
        deployed = model.total(history, OPTIONS["horizons"], quantity, level_rule="none")
        assert rows.loc[name, ["lower", "upper"]].tolist() == pytest.approx(deployed.interval(0.9), rel=1e-12)


def test_what_intervals_of_totals_allow_for_is_checked_before_anything_is_read():
    for call in (
        lambda: clv.backtest("none.csv", clv.BGNBD(), horizons="1 week", total_interval="none"),
        lambda: clv.report("none.csv", total_interval="none"),
        lambda: clv.validate(None, clv.BGNBD(), total_interval="none"),
    ):
        with pytest.raises(InvalidOption, match="total_interval='none' is not one of 'history', 'model'"):
            call()


def test_a_small_gamma_interval_is_a_poisson_one_and_a_large_one_normal():
    lower, upper = bounds_of_total(Spread(1.0, 0.0), np.array([1e4]), 0.9)
    assert (float(lower[0]), float(upper[0])) == pytest.approx((1e4 - 164.5, 1e4 + 164.5), abs=1.5)
    lower, upper = bounds_of_total(Spread(1.0, 0.1), 1e4, 0.9)
    assert float(upper - lower) == pytest.approx(2 * 1.645 * np.sqrt(1e4 + 1e6), rel=0.01)


def test_the_sample_depends_on_customers_not_on_rows(log):
    rfm = clv.rfm_summary(log, time_unit="week")
    some = sample_of(rfm, 300, 0)
    half = rfm[np.arange(len(rfm)) % 2 == 0]
    again = sample_of(half, len(half), 0)
    assert len(some.rows) == 300
    by_id = dict(zip(half.customer_id.to_list(), again.uniform, strict=True))
    ids = rfm.customer_id[some.rows].to_list()
    assert all(by_id[key] == value for key, value in zip(ids, some.uniform, strict=True) if key in by_id)
    assert 0.4 < some.uniform.mean() < 0.6  # five standard errors of 300 uniform numbers are .083


# ---- rules -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny():
    """Two years of two customers and a few days of a third; the cutoff is 2023-12-31, the horizon ten days."""
    rows = [
        ("a", "2022-01-01", 5.0),
        ("a", "2022-12-28", 2.0),
        ("a", "2023-01-04", 7.0),
        ("a", "2023-12-25", 3.0),
        ("b", "2022-06-01", 2.0),
        ("b", "2023-01-02", 4.0),
        ("b", "2023-01-09", 6.0),
        ("c", "2023-12-24", 9.0),
        ("c", "2024-01-05", 8.0),
    ]
    log = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    clock = Clock("day")
    past = KnownHistory(purchases_of(log, clock, amount="amount"), clock.last_tick("2023-12-31"))
    return past, past.follow(past.cutoff + 10)


def test_the_last_period_repeated_by_hand(tiny):
    past, _ = tiny
    forecast = clv.Rule("last_period").fit(past).forecast(past, 10)
    assert forecast.purchases.mean.tolist() == [1, 0, 0]  # c's purchase was the first
    assert forecast.money.mean.tolist() == [3, 0, 0]
    short = past.earlier(past.log.first_tick + 3)
    # Only three days were observed: their purchases are scaled to ten days.
    assert clv.Rule("last_period").fit(short).forecast(short, 10).purchases.mean.tolist() == [0]


def test_the_seasonal_total_by_hand(tiny):
    past, _ = tiny
    forecast = clv.Rule("seasonal_naive").fit(past).forecast(past, 10)
    # The ten days from 2023-01-01, 365 days earlier: three purchases, 17 in money. In the ten days before each of the
    # two days there was one repeat purchase, of 2 a year ago and of 3 now.
    assert forecast.purchases.mean is None
    assert forecast.purchases.total == pytest.approx(3 * 1 / 1)
    assert forecast.money.total == pytest.approx(17 * 3 / 2)
    early = past.earlier(past.log.first_tick + 100)
    assert np.isnan(clv.Rule("seasonal_naive").fit(early).forecast(early, 10).purchases.total)


def test_the_hiatus_is_the_threshold_that_predicted_best(tiny):
    past, _ = tiny
    constants = learn_hiatus(past.earlier(past.cutoff - 10).follow(past.cutoff))
    # On 2023-12-21 both a and b have been silent for a year; a bought in the next ten days, and b's silence is shorter.
    assert constants == {"threshold": 351, "active": 0.5, "gone": 0.0, "length": 10}
    rule = clv.Rule("hiatus").fit(past, 10)
    assert rule.constants_ == {"purchases": constants, "money": constants}
    forecast, own = (each.fit(past, 10).forecast(past, 10) for each in (rule, clv.Rule("own_rate")))
    active = past.rfm.T - past.rfm.recency <= 351
    assert forecast.purchases.mean == pytest.approx(own.purchases.mean * active)
    assert forecast.money.mean == pytest.approx(own.money.mean * active)
    assert forecast.purchases.buys[0] == 0.5


def test_equal_silences_are_on_the_same_side_of_the_threshold():
    log = pd.DataFrame({"customer_id": [1, 2, 3, 1], "date": ["2024-01-01"] * 3 + ["2024-01-05"]})
    clock = Clock("day")
    past = KnownHistory(purchases_of(log, clock), clock.last_tick("2024-01-02"))
    constants = learn_hiatus(past.follow(past.cutoff + 5))
    assert constants["threshold"] == 1
    assert constants["active"] == pytest.approx(1 / 3)


def test_a_thinned_history_is_the_history_of_some_customers(log):
    clock = Clock("week")
    past = KnownHistory(purchases_of(log, clock, amount="amount"), clock.last_tick("1997-03-01"))
    whole = past.follow(past.cutoff + 70)
    assert past.thin(len(whole.calibration)) is past
    some = past.thin(600).follow(past.cutoff + 70)
    ids, step = whole.calibration.customer_id.to_list(), -(-len(whole.calibration) // 600)
    rows = np.flatnonzero(np.isin(ids, some.calibration.customer_id.to_list()))
    assert (rows // step).tolist() == list(range(-(-len(ids) // step)))  # one of every two, three, ...
    assert some.calibration.customer_id.to_list() == whole.calibration.customer_id[rows].to_list()
    for name in ("frequency", "recency", "T", "monetary_value"):
        assert np.array_equal(some.calibration[name], whole.calibration[name][rows], equal_nan=True), name
    assert some.purchases.tolist() == whole.purchases[rows].tolist()
    assert some.spend.tolist() == whole.spend[rows].tolist()


def test_windows_lie_inside_the_calibration_period(log):
    clock = Clock("week")
    past = KnownHistory(purchases_of(log, clock, amount="amount"), clock.last_tick(CUTOFFS[-1]))
    windows = fitted_windows(past, 182, [clv.BGNBD()], None)
    assert [window.split.horizon for window in windows] == pytest.approx([90 / 7] * 3)
    ends = [window.past.cutoff + round(window.split.horizon * 7) for window in windows]
    assert ends == [past.cutoff, past.cutoff - 45, past.cutoff - 90]
    actual = sum(window.split.purchases.sum() for window in windows)
    expected = sum(window.expected("purchases")["bgnbd"].sum() for window in windows)
    trees = clv.BoostedTrees([clv.BGNBD()]).fit(past, "26 weeks")
    assert trees.total_factors_ == {"purchases": {"bgnbd": pytest.approx(actual / expected)}}


def test_blends_are_means_of_two_forecasts_with_the_stated_totals(check):
    blends = [name for name, _ in BLENDS.values()]
    rows = {name: scores_of(check, name) for name in ("mbgnbd", "bgnbd", "boosted_trees", *blends)}
    best = rows[check.cutoffs["best"].iloc[-1]]
    plain, as_process, learned = (rows[name]["predicted"] for name in blends)
    assert plain == pytest.approx((best["predicted"] + rows["boosted_trees"]["predicted"]) / 2)
    assert as_process == pytest.approx(best["predicted"])
    assert learned != as_process
    assert rows[blends[1]]["gini"] == rows[blends[2]]["gini"]


# ---- means over cutoffs ------------------------------------------------------------------------------------


def test_errors_of_both_signs_do_not_cancel_in_the_summary(check):
    """The absolute bias is the mean of the sizes; the bias itself keeps the direction."""
    summary = check.summary.set_index(["quantity", "forecaster"])
    for key, rows in check.scores.groupby(["quantity", "forecaster"]):
        errors = rows["bias"].to_numpy()
        assert summary.loc[key, "bias"] == pytest.approx(errors.mean(), rel=1e-12)
        assert summary.loc[key, "absolute_bias"] == pytest.approx(np.abs(errors).mean(), rel=1e-12)
    opposite = check.scores.assign(bias=np.where(check.scores["cutoff"] == CUTOFFS[0], 0.3, -0.3))
    row = summarize_scores(opposite).iloc[0]
    assert (row["bias"], row["absolute_bias"]) == pytest.approx((0, 0.3), abs=1e-15)
    assert "absolute_bias" in repr(check)


# ---- differences -------------------------------------------------------------------------------------------


def test_a_weight_counts_as_repeated_customers():
    generator = np.random.default_rng(0)
    actual = generator.poisson(1.0, 300).astype(float)
    predicted = np.round(0.3 * actual + generator.random(300), 1)
    drawn = generator.multinomial(300, np.full(300, 1 / 300))
    again = np.repeat(np.arange(300), drawn)
    weights = np.stack([np.ones(300), drawn])
    arguments = {"mean": (actual, predicted + 0.1), "chances": (generator.random(300),)}
    compared = [metric for metric in METRICS.values() if metric.takes_weights]
    assert {metric.name for metric in compared} == {"bias", "rmse", "poisson_deviance", "gini", "capture", "log_score"}
    for metric in compared:
        values = arguments[metric.needs]
        expected = [metric.function(*(each[rows] for each in values)) for rows in (slice(None), again)]
        assert metric.function(*values, weights=weights) == pytest.approx(expected, rel=1e-12), metric.name
        if metric.averages is not None:
            means = [weights @ each / weights.sum(axis=1) for each in metric.averages.values(*values)]
            assert metric.averages.metric(*means) == pytest.approx(expected, rel=1e-12), metric.name


def test_a_metric_of_the_registry_is_in_every_table(check):
    assert set(METRICS) <= set(check.scores.columns) & set(check.summary.columns)
    compared = {name for name, metric in METRICS.items() if metric.takes_weights}
    assert compared == set(check.differences["metric"])


def test_a_forecast_does_not_differ_from_itself_but_from_zero():
    generator = np.random.default_rng(0)
    actual = generator.poisson(1.0, 500).astype(float)
    columns = {
        "process": np.full(500, 0.9) + 0.1 * actual,
        "twin": np.full(500, 0.9) + 0.1 * actual,
        "zero": np.zeros(500),
    }
    each = {"customer_id": range(500), "actual": actual, "log_score": np.nan}
    customers = [pd.DataFrame(each | {"forecaster": name, "expected": expected}) for name, expected in columns.items()]
    customers = pd.concat(customers).assign(horizon="h", quantity="purchases", cutoff="o")
    rows = [
        {"forecaster": name, "mae": 1.0, "rmse": rmse(actual, expected), "bias": expected.sum() / actual.sum() - 1}
        | {"gini": normalized_gini(actual, expected), "capture": capture(actual, expected), "poisson_deviance": 1.0}
        for name, expected in columns.items()
    ]
    scores = pd.DataFrame(rows).assign(horizon="h", quantity="purchases", cutoff="o", customers=500, log_score=np.nan)
    table = differences.difference_table(scores, customers, {"purchases": "process"}, 0.9, 0)
    table = table.set_index(["forecaster", "metric"])
    for metric in ("rmse", "gini", "bias", "capture"):
        assert table.loc[("twin", metric), "better"] == "not_visible"
        assert table.loc[("zero", metric), "better"] == "reference"
    assert table.loc[("twin", "gini"), ["lower", "upper"]].tolist() == [0, 0]


# ---- intervals of totals -----------------------------------------------------------------------------------


def totals(errors):
    """Return one row per year whose actual total is off by the error; each horizon ends before the next cutoff."""
    years = range(2000, 2000 + len(errors))
    return pd.DataFrame(
        {
            "quantity": "purchases",
            "forecaster": "bgnbd",
            "predicted": 100.0,
            "lower": 95.0,
            "upper": 105.0,
            "actual": 100 * np.exp(errors),
            "inside": np.abs(errors) < 0.05,
            "cutoff": [f"{year}-12-31" for year in years],
            "holdout_end": [f"{year + 1}-06-30" for year in years],
            "horizon": "26 weeks",
        }
    )


def test_fewer_than_ten_cutoffs_calibrate_nothing():
    table = judge_totals(totals(np.linspace(-0.2, 0.2, 10)), 0.9)
    assert list(table["earlier"]) == list(range(10))
    assert not table["calibrated"].any()
    assert table["widened_lower"].isna().all()
    first, last = (total_finding(table.iloc[i], 0.9).text for i in (0, 9))
    assert first.endswith("so it is not known how far totals are off.")
    assert last.endswith("At least 10 are needed to calibrate it at 90%: the interval is not widened.")
    assert "Of the 9 earlier cutoffs that were complete by then, the intervals of 7 did not contain" in last


def test_ten_cutoffs_widen_the_interval_by_their_errors():
    errors = np.array([0.01, -0.3, 0.02, 0.1, -0.1, 0.2, 0.05, -0.02, 0.15, 0.07, 0.0])
    row = judge_totals(totals(errors), 0.9).iloc[10]
    assert row["calibrated"]
    # The tenth of ten errors by size: rank ceil(11 x .9).
    assert (row["widened_lower"], row["widened_upper"]) == pytest.approx((100 * np.exp(-0.3), 100 * np.exp(0.3)))
    text = total_finding(row, 0.9).text
    assert text.endswith("Widened by these errors, the interval is calibrated on 10 cutoffs.")


def test_outcomes_not_known_at_a_cutoff_calibrate_nothing():
    table = totals(np.zeros(3)).assign(holdout_end="2009-01-01")
    assert list(judge_totals(table, 0.9)["earlier"]) == [0, 0, 0]


# ---- representation and JSON -------------------------------------------------------------------------------


def test_the_result_has_a_representation_and_converts_to_json(check, tmp_path):
    assert "2 cutoffs (1997-07-01 to 1997-09-30), 26 weeks ahead; means over cutoffs" in repr(check)
    assert "bgnbd" in check._repr_html_()
    check.to_json(tmp_path / "backtest.json")
    document = json.loads((tmp_path / "backtest.json").read_text("utf-8"))
    assert set(document) == {"facts", "certificates", "findings", "total_findings", *clv.Backtest.tables()}
    assert document["facts"]["reference"] in {"bgnbd", "mbgnbd"}
    assert {row["cutoff"] for row in document["certificates"]} == set(CUTOFFS)
