"""Every forecaster: nothing after the cutoff reaches it, and saved, loaded and backtested it gives the same numbers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor

import clvmodels as clv
from clvmodels.clock import Clock
from clvmodels.errors import InvalidModelFile, InvalidOption
from clvmodels.estimators.prediction import PredictionOptions
from clvmodels.forecasting.boosted_trees import TREE_OPTIONS
from clvmodels.forecasting.rules import RULES
from clvmodels.forecasting.trees.tree_arrays import ROWS, FeatureBins, TreeEnsemble
from clvmodels.transactions.purchase_log import RecentTotals, purchases_of

CUTOFF, HORIZON = "1997-09-30", "26 weeks"
PROCESSES = [clv.BGNBD(), clv.MBGNBD()]
FORECASTERS = {
    "process": clv.CustomerModel(clv.MBGNBD(), clv.GammaGamma()),
    **{name: clv.Rule(name) for name in RULES},
    "trees": clv.BoostedTrees(PROCESSES, clv.GammaGamma()),
    **{f"blend {total}": clv.Blend(PROCESSES, clv.GammaGamma(), total) for total in ("own", "process", "learned")},
    "best": clv.BestForecaster(PROCESSES, clv.GammaGamma()),
}
forecasters = pytest.mark.parametrize("name", FORECASTERS)


def history_of(log, end=CUTOFF):
    return clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end=end)


@pytest.fixture(scope="module")
def log():
    return clv.datasets.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def history(log):
    return history_of(log)


@pytest.fixture(scope="module")
def fitted(history):
    """Every forecaster, fitted once."""
    return {name: clone(forecaster).fit(history, HORIZON) for name, forecaster in FORECASTERS.items()}


def numbers(forecast):
    """The arrays and totals of a forecast."""
    arrays = {}
    for quantity in ("purchases", "money"):
        part = forecast.of(quantity)
        if part is not None:
            arrays[quantity, "total"] = np.array(part.total)
            arrays |= {(quantity, name): getattr(part, name) for name in ("mean", "buys")}
    return {key: value for key, value in (arrays | {("alive", ""): forecast.alive}).items() if value is not None}


def assert_equal(one, other, rtol=1e-12):
    one, other = numbers(one), numbers(other)
    assert one.keys() == other.keys()
    for key in one:
        np.testing.assert_allclose(one[key], other[key], rtol=rtol, atol=0, err_msg=str(key))


def _in_package(kind):
    """Return whether a class is the package's own, not one of a test."""
    return kind.__module__.startswith("clvmodels.")


def part_of(history, rows, periods):
    """The history of some customers, known by their sums only."""
    start = {period: history.cutoff - period for period in periods}
    bought, spent = (
        {each: history.repeated(since, history.cutoff, spent=money)[rows] for each, since in start.items()}
        for money in (False, True)
    )
    recent = RecentTotals(history.cutoff, bought, spent)
    return clv.KnownHistory(
        None, history.cutoff, summaries=history.rfm[rows], spent=history.past_spend[rows], recent=recent
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in FORECASTERS if name not in ("last_period", "hiatus", "seasonal_naive")]
)
def test_parts_have_the_forecasts_of_the_whole(fitted, history, name):
    forecaster = fitted[name]
    generator = np.random.default_rng(0)
    places = np.array_split(generator.permutation(len(history.rfm)), [1, 30, 700, 701, 1500])
    parts = [part_of(history, np.sort(rows), forecaster.recent_periods()) for rows in places]
    sums = {}
    for part in parts:
        for key, value in forecaster.sums(part, "39 weeks").items():
            sums[key] = sums.get(key, 0.0) + value
    whole = forecaster.forecast(history, "39 weeks")
    for part, rows in zip(parts, map(np.sort, places), strict=True):
        forecast = forecaster.forecast_part(part, "39 weeks", sums)
        for quantity in ("purchases", "money"):
            if whole.of(quantity) is not None:
                # The sums have rounding errors.
                np.testing.assert_allclose(
                    forecast.of(quantity).mean, whole.of(quantity).mean[rows], rtol=1e-12, atol=0
                )
        if name == "best":
            options = PredictionOptions(0.9, draws=20)
            intervals = forecaster.intervals_of(part, forecast, "money", options)
            expected = forecaster.intervals_of(history, whole, "money", options)
            np.testing.assert_allclose(
                intervals["expected_money_upper"], expected["expected_money_upper"].to_numpy()[rows], rtol=1e-12
            )


def test_trees_that_compare_money_refuse_a_history_without(fitted, log):
    history = clv.KnownHistory.from_log(log, time_unit="week", observation_end=CUTOFF)
    trees = clv.BoostedTrees(PROCESSES).fit(history_of(log), HORIZON)
    assert "money" in trees.needs
    with pytest.raises(InvalidOption, match="needs a history with money: pass amount="):
        trees.forecast(history, HORIZON)
    plain = clv.BoostedTrees(PROCESSES).fit(history, HORIZON)
    one, other = (plain.forecast(each, HORIZON).purchases.mean for each in (history, history_of(log)))
    np.testing.assert_array_equal(one, other)


def test_no_kind_of_forecaster_is_missing_here():
    kinds, todo = set(), [clv.Forecaster]
    while todo:
        subclasses = [each for each in todo.pop().__subclasses__() if _in_package(each)]
        kinds |= {each for each in subclasses if not any(_in_package(below) for below in each.__subclasses__())}
        todo += subclasses
    assert kinds == {type(each) for each in FORECASTERS.values()}


@pytest.mark.slow
@forecasters
def test_a_forecast_has_one_finite_number_per_customer(fitted, history, name):
    forecast = fitted[name].forecast(history, HORIZON)
    for quantity in ("purchases", "money"):
        assert (fitted[name].identity(quantity) is None) == (forecast.of(quantity) is None)
    for key, values in numbers(forecast).items():
        if name == "seasonal_naive":  # the log is shorter than a year
            assert np.isnan(values), key
            continue
        assert np.all(np.isfinite(values)), key
        assert np.all(values >= 0), key
        assert values.shape in ((), (len(history.rfm),))


@pytest.mark.slow
@forecasters
def test_a_saved_forecaster_forecasts_the_same(fitted, history, log, name, tmp_path):
    fitted[name].save(tmp_path / "forecaster.json")
    loaded = clv.load(tmp_path / "forecaster.json")
    assert type(loaded) is type(fitted[name])
    assert (loaded.id, loaded.certificate()) == (fitted[name].id, fitted[name].certificate())
    later = history_of(log, "1997-11-30")
    for each in (history, later):
        for horizon in (HORIZON, "13 weeks"):
            assert_equal(loaded.forecast(each, horizon), fitted[name].forecast(each, horizon))


@pytest.mark.acceptance
@forecasters
def test_what_happens_after_the_cutoff_changes_nothing(fitted, history, log, name):
    dates = pd.to_datetime(log["date"])
    after = dates > CUTOFF
    shuffled = log.assign(amount=np.where(after, 1e6, log["amount"])).sample(frac=1, random_state=1)
    shuffled.loc[after, "customer_id"] = shuffled.loc[after, "customer_id"].sample(frac=1, random_state=2).to_numpy()
    scrambled = history_of(shuffled)
    assert_equal(
        clone(FORECASTERS[name]).fit(scrambled, HORIZON).forecast(scrambled, HORIZON),
        fitted[name].forecast(history, HORIZON),
    )


@pytest.mark.acceptance
def test_a_backtest_gives_what_fit_and_forecast_give(fitted, history, log):
    options = {"amount": "amount", "time_unit": "week", "horizons": HORIZON, "cutoffs": [CUTOFF], "draws": 20}
    check = clv.backtest(log, PROCESSES, clv.GammaGamma(), **options)
    scores = check.scores.set_index(["quantity", "forecaster"])["predicted"]
    compared = 0
    for forecaster in fitted.values():
        forecast = forecaster.forecast(history, HORIZON)
        for quantity in ("purchases", "money"):
            identity, part = forecaster.identity(quantity), forecast.of(quantity)
            if identity is not None and np.isfinite(part.total):
                assert scores[quantity, identity.id] == pytest.approx(part.total, rel=1e-12), identity.id
                compared += 1
    assert compared == len(scores) - 2  # the other process, for purchases and for money


def test_forecasters_that_need_a_log_refuse_summaries(history):
    summaries = clv.KnownHistory.from_summaries(history.rfm, history.past_spend)
    for name in ("hiatus", "last_period", "trees", "blend own", "best"):
        with pytest.raises(
            InvalidOption, match=r"needs a history with .*log.*: make the history with KnownHistory.from_log"
        ):
            clone(FORECASTERS[name]).fit(summaries, HORIZON)


def test_forecasters_of_money_refuse_a_log_without_amounts(log):
    without = clv.KnownHistory.from_log(log, time_unit="week", observation_end=CUTOFF)
    for name in ("trees", "best", "past_spend"):
        with pytest.raises(InvalidOption, match=r"needs a history with (money|past_spend): pass amount="):
            clone(FORECASTERS[name]).fit(without, HORIZON)


def test_only_a_fitted_forecaster_can_forecast_and_be_saved(history, tmp_path):
    for name in ("own_rate", "trees", "blend own", "best"):
        with pytest.raises(InvalidOption, match=r"has not been fitted: call fit\(history\) first"):
            clone(FORECASTERS[name]).forecast(history, HORIZON)
        with pytest.raises(InvalidOption, match=r"Only a fitted forecaster can be saved"):
            clone(FORECASTERS[name]).save(tmp_path / "x.json")


@pytest.mark.slow
def test_a_changed_file_is_refused(fitted, tmp_path):
    path = tmp_path / "best.json"
    fitted["trees"].save(path)
    text = path.read_text()
    path.write_text(text.replace('"length": ', '"length": 1', 1))
    with pytest.raises(InvalidModelFile, match="checksum"):
        clv.load(path)
    document = json.loads(text)["forecaster"]
    for change in (
        lambda d: d["learned"]["trees"]["purchases"]["left"].__setitem__(0, 0),
        lambda d: d["learned"]["trees"]["purchases"]["feature"].__setitem__(0, 99),
        lambda d: d["learned"]["trees"]["purchases"].pop("root"),
        lambda d: d.update(type="Path"),
        lambda d: d["learned"].pop("best"),
    ):
        changed = json.loads(json.dumps(document))
        change(changed)
        clv.files.write_checked(path, {"format": "clvmodels.Forecaster", "schema_version": 1, "forecaster": changed})
        with pytest.raises(InvalidModelFile):
            clv.load(path)


@pytest.mark.slow
def test_trees_predict_what_scikit_learn_predicts():
    generator = np.random.default_rng(3)
    features = generator.gamma(1.0, 2.0, (ROWS + 1000, 6))
    features[generator.random(features.shape) < 0.1] = np.nan
    features[:, 3] = np.round(np.nan_to_num(features[:, 3]))  # ties at thresholds
    target = generator.poisson(0.3 + 0.2 * np.nan_to_num(features[:, 0])).astype(float)
    trees = HistGradientBoostingRegressor(loss="poisson", early_stopping=False, random_state=0, **TREE_OPTIONS)
    bins = FeatureBins.of(features, 0.5 + generator.random(len(features)))
    trees.fit(bins.number(features), target)
    ensemble = TreeEnsemble.of(trees, bins)
    np.testing.assert_allclose(ensemble.predict(features), trees.predict(bins.number(features)), rtol=1e-14)
    again = TreeEnsemble.from_dict(json.loads(json.dumps(ensemble.to_dict())))
    assert again.predict(features).tolist() == ensemble.predict(features).tolist()
    assert ensemble.predict(features[:0]).tolist() == []


def test_bins_have_equal_weight_or_one_value_each():
    values = np.random.default_rng(5).gamma(0.5, 1.0, 10_000)
    features, weight = np.column_stack([values, np.round(values)]), values
    bins = FeatureBins.of(features, weight)
    numbers = bins.number(features)
    in_bins = np.bincount(numbers[:, 0].astype(int), weight)
    assert len(in_bins) == 255
    np.testing.assert_allclose(in_bins, weight.sum() / 255, atol=2 * weight.max())  # a bin ends at a customer
    assert numbers[:, 1].tolist() == np.unique(features[:, 1], return_inverse=True)[1].tolist()


@pytest.mark.slow
def test_trees_that_part_customers_whose_feature_is_missing_are_saved():
    generator = np.random.default_rng(4)
    features = generator.gamma(1.0, 2.0, (2000, 1))
    features[::3] = np.nan
    target = np.where(np.isnan(features[:, 0]), 5.0, 1.0)
    bins = FeatureBins.of(features, np.ones(2000))
    trees = HistGradientBoostingRegressor(loss="poisson", early_stopping=False, random_state=0, **TREE_OPTIONS)
    ensemble = TreeEnsemble.of(trees.fit(bins.number(features), target), bins)
    assert (ensemble.threshold == np.finfo(float).max).any()
    again = TreeEnsemble.from_dict(json.loads(json.dumps(ensemble.to_dict(), allow_nan=False)))
    np.testing.assert_allclose(again.predict(features), trees.predict(bins.number(features)), rtol=1e-14)


def test_a_rule_that_does_not_exist_is_refused(history):
    with pytest.raises(InvalidOption, match=r"Rule 'own' is not one of zero, own_rate"):
        clv.Rule("own").fit(history)


def test_a_history_made_from_a_log_equals_its_summary(log, history):
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end=CUTOFF)
    for name in ("frequency", "recency", "T", "monetary_value"):
        np.testing.assert_array_equal(history.rfm[name], rfm[name])
    same = clv.KnownHistory(purchases_of(log, Clock("week"), amount="amount"), history.cutoff)
    assert same.observation_end == history.observation_end == CUTOFF
    spent = log[pd.to_datetime(log["date"]) <= CUTOFF].groupby("customer_id")["amount"].sum()
    np.testing.assert_allclose(history.past_spend, spent.to_numpy(), atol=1e-9)


def test_wrong_arguments_of_forecasters_are_refused(history):
    for forecaster in (clv.BestForecaster(PROCESSES), clv.CustomerModel(clv.MBGNBD())):
        with pytest.raises(InvalidOption, match="quantity='mony' is not one of 'purchases', 'money'"):
            forecaster.total(history, HORIZON, "mony")
        with pytest.raises(InvalidOption, match="no spend model: fit it on a log with amounts"):
            forecaster.total(history, HORIZON, "money")
    with pytest.raises(InvalidOption, match="quantity='mony' is not one of"):
        clv.BestForecaster(PROCESSES).intervals(history, HORIZON, "mony")
    for forecaster in (clv.BoostedTrees, clv.Blend, clv.BestForecaster):
        with pytest.raises(InvalidOption, match="is not a purchase model: pass instances"):
            forecaster([clv.MBGNBD]).fit(history, HORIZON)
        with pytest.raises(InvalidOption, match=r"^'auto' is not a purchase model: pass instances"):
            forecaster("auto").fit(history, HORIZON)
        with pytest.raises(InvalidOption, match="is not a spend model: pass an instance, such as GammaGamma"):
            forecaster(PROCESSES, clv.MBGNBD()).fit(history, HORIZON)
    with pytest.raises(InvalidOption, match="BoostedTrees has not been fitted"):
        clv.BoostedTrees(PROCESSES).certificate()
    with pytest.raises(InvalidOption, match="total='learnt' is not one of own, process, learned"):
        clv.Blend(PROCESSES, total="learnt").fit(history, HORIZON)
