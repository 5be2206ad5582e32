"""The recommended forecaster: what it learns, what decides, and the interval of its total."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

import clvmodels as clv
from clvmodels.forecasting.customer_shares import LASTING_VARIANCE, TopCustomers, learn_top, weighted_sum
from clvmodels.forecasting.stack import STANDARD_ERRORS, all_orders_spend, stack_weights
from clvmodels.forecasting.windows import half_of


@pytest.fixture(scope="module")
def history():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.KnownHistory.from_log(log, time_unit="week", observation_end="1997-12-31")


@pytest.fixture(scope="module")
def best(history):
    return clv.BestForecaster([clv.BGNBD(), clv.MBGNBD()]).fit(history, "26 weeks")


@pytest.mark.slow
def test_the_certificate_has_the_figures_that_decided(best):
    certificate = best.certificate()
    learned = certificate["learned"]["purchases"]
    assert [trial["candidate"] for trial in learned["trials"]] == ["stack", "trees"]
    assert bool(learned["weights"]) == learned["trials"][0]["visible"] == best.learned_["purchases"].uses("stack")
    for trial in learned["trials"]:
        assert trial["visible"] == (trial["gain"] > STANDARD_ERRORS * trial["standard_error"])
    assert len(learned["windows"]) == 3
    assert certificate["process"] == min(learned["deviances"], key=learned["deviances"].get)
    assert set(learned["processes"]) <= set(learned["deviances"]) == set(best.models_)
    assert [finding.code for finding in best.findings][:1] == ["best-stack"]
    assert "ranked customers" in best.findings[0].text or "did not rank" in best.findings[0].text


@pytest.mark.slow
def test_the_total_is_the_geometric_mean_of_those_of_the_processes_times_the_learned_level(best, history):
    forecast, total = best.forecast(history, "26 weeks"), best.total(history, "26 weeks")
    processes = {name: clv.CustomerModel(each).forecast(history, "26 weeks") for name, each in best.models_.items()}
    process = processes[best.process_]
    of_each = [each.purchases.total for each in processes.values()]
    assert total.expected == pytest.approx(np.exp(np.mean(np.log(of_each))), rel=1e-12)
    assert len(of_each) == 2
    assert min(of_each) < total.expected < max(of_each)
    assert forecast.purchases.total == pytest.approx(total.expected * total.level.factor, rel=1e-12)
    assert forecast.alive.tolist() == process.alive.tolist()
    own = best.models_[best.process_].expected_purchases(
        history.rfm, "26 weeks", interval=0.9, by="total", total_interval="model"
    )
    lower, upper = total.interval(0.9)
    assert np.log(upper / lower) >= 0.95 * np.log(
        own["expected_purchases_upper"][0] / own["expected_purchases_lower"][0]
    )


@pytest.mark.slow
def test_the_total_of_a_process_learns_from_the_same_windows(history):
    model, best = clv.CustomerModel(clv.BGNBD()).fit(history), clv.BestForecaster(clv.BGNBD()).fit(history, "26 weeks")
    total, of_best = model.total(history, "26 weeks"), best.total(history, "26 weeks")
    assert total.expected == pytest.approx(of_best.expected, rel=1e-9)
    assert total.level.ratio == pytest.approx(of_best.level.ratio, rel=1e-9)
    with pytest.raises(clv.errors.InvalidOption, match="no spend model"):
        model.total(history, "26 weeks", "money")


@pytest.mark.slow
def test_a_process_without_dropout_is_not_averaged_with_those_that_have_it(history):
    best = clv.BestForecaster([clv.BGNBD(), clv.NBD(), clv.MBGNBD()]).fit(history, "26 weeks")
    assert best.learned_["purchases"].totals.processes == ("bgnbd", "mbgnbd")


@pytest.mark.slow
def test_first_orders_rank_customers_who_differ_only_in_these():
    """Spend per order differs between customers, half of whom bought once: only their first order tells them apart."""
    log = clv.simulate_log(2_000, {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 6.0}, {"p": 6.0, "q": 4.0, "v": 15.0})
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="2021-06-30")
    best = clv.BestForecaster(clv.BGNBD(), clv.GammaGamma()).fit(history, "26 weeks")
    trial = best.learned_["money"].trials[0]
    assert trial.candidate == "all_orders"
    assert trial.visible
    assert "best-all-orders" in [finding.code for finding in best.findings]
    bought_once = history.rfm.frequency == 0
    forecast, spent = best.forecast(history, "26 weeks"), history.past_spend[bought_once]
    per_order = forecast.money.mean[bought_once] / forecast.purchases.mean[bought_once]
    assert np.corrcoef(per_order, spent)[0, 1] > 0.9


@pytest.mark.slow
def test_a_spend_model_that_uses_first_orders_has_no_alternative():
    log = clv.datasets.load_cdnow(sample=True)
    options = {"amount": "amount", "time_unit": "week", "observation_end": "1997-12-31"}
    history = clv.KnownHistory.from_log(log, include_first_transaction=True, **options)
    assert all_orders_spend(clv.GammaGamma(), history) is None
    repeat = clv.KnownHistory.from_log(log, **options)
    fitted = all_orders_spend(clv.GammaGamma(), repeat)
    assert fitted.parameters_ == pytest.approx(clv.GammaGamma().fit(history.rfm).parameters_, rel=1e-6)


@pytest.mark.slow
def test_a_log_too_short_for_windows_leaves_the_process(history):
    short = history.earlier(history.purchase_log.first_tick + 8)
    best = clv.BestForecaster(clv.NBD()).fit(short, "1 week")
    assert best.learned_["purchases"].trials == ()
    assert best.learned_["purchases"].totals.windows == ()
    forecast = best.forecast(short, "1 week")
    assert forecast.purchases.mean == pytest.approx(
        clv.CustomerModel(clv.NBD()).fit(short).forecast(short, "1 week").purchases.mean
    )
    assert "total-interval-no-windows" in [finding.code for finding in best.total(short, "1 week").findings]


def test_weights_equal_those_of_weighted_least_squares():
    generator = np.random.default_rng(0)
    members = [{name: generator.gamma(1.0, 1.0, 500) for name in "abc"} for _ in range(2)]
    actual = [generator.poisson(0.5 * each["a"] + 0.2 * each["c"]).astype(float) for each in members]
    expected = [np.full(500, 0.7), generator.uniform(0.5, 1.0, 500)]
    weights = stack_weights(members, actual, expected)
    weight = np.sqrt(1 / np.concatenate(expected))
    columns = np.column_stack([np.concatenate([each[name] for each in members]) for name in "abc"])
    direct, _ = nnls(columns * weight[:, None], np.concatenate(actual) * weight)
    assert list(weights.values()) == pytest.approx(direct.tolist(), rel=1e-5, abs=1e-6)  # the ridge is 1e-8
    assert weighted_sum(members[0], weights) == pytest.approx(columns[:500] @ direct, rel=1e-5)


def test_equal_members_and_customers_without_purchases_have_weights():
    same = np.arange(1.0, 11.0)
    weights = stack_weights([{"a": same, "b": same}], [same], [same])
    assert sum(weights.values()) == pytest.approx(1.0, rel=1e-6)
    assert stack_weights([{"a": same}], [np.zeros(10)], [same]) == {"a": 0.0}
    nobody = np.zeros(0)  # a half without customers
    assert stack_weights([{"a": nobody}, {"a": same}], [nobody, same], [nobody, same]) == pytest.approx({"a": 1.0})


def test_a_customer_is_in_the_same_half_at_every_cutoff(history):
    earlier = history.earlier(history.cutoff - 200)
    now = dict(zip(history.rfm.customer_id.to_list(), half_of(history.rfm), strict=True))
    then = dict(zip(earlier.rfm.customer_id.to_list(), half_of(earlier.rfm), strict=True))
    assert all(now[customer] == half for customer, half in then.items())
    assert 0.45 < np.mean(list(now.values())) < 0.55


def test_forecasts_of_the_best_customers_grow_by_a_shrunk_slope_and_keep_their_order():
    generator = np.random.default_rng(0)
    forecast = [np.sort(generator.gamma(0.5, 2.0, n)) for n in (4_000, 3_000)]
    tops = [each > np.quantile(each, 0.99) for each in forecast]
    actual = [
        generator.poisson(np.where(top, 1.5, 1.0) * each).astype(float)
        for each, top in zip(forecast, tops, strict=True)
    ]
    top = learn_top(actual, forecast)
    sums = [[did[rows].sum(), mean[rows].sum()] for did, mean, rows in zip(actual, forecast, tops, strict=True)]
    ratios = [
        np.log(bought / expected / (did.sum() / mean.sum()))
        for (bought, expected), did, mean in zip(sums, actual, forecast, strict=True)
    ]
    variances = [
        np.sum((did[rows] - mean[rows] * bought / expected) ** 2) / bought**2
        for (bought, expected), did, mean, rows in zip(sums, actual, forecast, tops, strict=True)
    ]
    assert top.threshold == np.quantile(forecast[0], 0.99)
    assert top.ratio == pytest.approx(np.mean(ratios), rel=1e-12)
    assert top.standard_error == pytest.approx(np.sqrt(np.mean(variances)), rel=1e-12)
    assert top.slope > 1
    power = LASTING_VARIANCE / (LASTING_VARIANCE + np.mean(variances))
    above = sum(float(np.quantile(mean, 0.99) * rows.sum()) for mean, rows in zip(forecast, tops, strict=True))
    expected = sum(each[1] for each in sums)
    assert above + top.slope * (expected - above) == pytest.approx(np.exp(top.ratio * power) * expected, rel=1e-12)
    corrected = top.correct(forecast[0])
    assert np.all(np.diff(corrected) >= 0)
    assert np.array_equal(corrected[~tops[0]], forecast[0][~tops[0]])


@pytest.mark.parametrize(("customers", "bought"), [(999, 1.0), (1_000, 0.0)])
def test_forecasts_of_few_customers_or_without_purchases_are_not_corrected(customers, bought):
    forecast = np.linspace(0.0, 1.0, customers)
    assert learn_top([np.full(customers, bought)], [forecast]) == TopCustomers()
    assert learn_top([], []) == TopCustomers()
    assert np.array_equal(TopCustomers().correct(forecast), forecast)


def test_many_customers_are_thinned_by_a_seeded_sample_that_does_not_depend_on_the_order_of_rows():
    log = clv.datasets.load_cdnow(sample=True)
    days = {"time_unit": "week", "observation_end": "1997-12-31"}
    some = [clv.KnownHistory.from_log(rows, **days).thin(500).rfm.customer_id.to_list() for rows in (log, log[::-1])]
    assert some[0] == some[1] == sorted(set(some[0]))
    assert 400 < len(some[0]) <= 500
    steps = np.diff(np.searchsorted(np.unique(log["customer_id"]), some[0]))
    assert len(set(steps.tolist())) > 3  # one of each five, and not every fifth
