import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import clvmodels as clv
from clvmodels.clock import Clock
from clvmodels.errors import GateRefused
from clvmodels.scoring.gates.feed import DailyRows, check_feed, check_late
from clvmodels.scoring.gates.gates import check_fit, check_run
from clvmodels.scoring.gates.limits import Gates
from clvmodels.scoring.gates.result import GateResult, refuse
from clvmodels.scoring.gates.run_statistics import RunStatistics, StatisticsCollector, forecast_of
from clvmodels.scoring.gates.tier_gates import TierCounts, check_tiers

DAY = Clock()
TRUTH = {"r": 0.6, "alpha": 60.0, "a": 0.8, "b": 4.0}  # days
MONEY = {"p": 6.25, "q": 3.75, "v": 15.5}
START, FIT = "2025-01-01", "2025-12-31"


def later(days: int) -> str:
    return str(np.datetime64(FIT) + days)


def statistics_of(log, day, model=None, fit=None, last=None, totals=None):
    """Collector and statistics of a log as of a day, as a run makes them."""
    rfm = clv.rfm_summary(log, amount="amount", observation_end=day)
    end = DAY.last_tick(day)
    reference = last or fit
    collector = StatisticsCollector.of(
        rfm,
        since_last=0 if reference is None else max(0, end - reference.end),
        model=None if model is None else model.purchases,
        since_fit=None if fit is None else end - fit.end,
    )
    if model is not None:
        totals = {"expected_purchases": float(model.expected_purchases(rfm, "90 days")["expected_purchases"].sum())}
    return collector, collector.summarize(day, end, totals=totals)


def nights(log, model, fitted, days):
    """Results of the gates of a run on each of these days, each compared with the one before."""
    last, results = None, {}
    for day in days:
        collector, statistics = statistics_of(log, later(day), model, fitted, last)
        results[day] = check_run(Gates(), collector, statistics, last, fitted)
        last = statistics
    return results


def refused(results) -> set[str]:
    return {result.gate for result in results if not result.passed}


@pytest.fixture(scope="module", params=["closed", "open"])
def base(request):
    """A log of 18 months: all customers came before the fit, or they keep coming."""
    last_arrival = "2025-10-01" if request.param == "closed" else "2026-06-30"
    log = clv.simulate_log(
        6_000, TRUTH, MONEY, time_unit="day", start=START, end="2026-06-30", last_arrival=last_arrival, random_state=3
    )
    rfm = clv.rfm_summary(log, amount="amount", observation_end=FIT)
    model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)
    forecast = forecast_of(model.purchases, rfm)
    return log, model, statistics_of(log, FIT)[1].model_copy(update={"forecast": forecast})


@pytest.mark.acceptance
@pytest.mark.slow
def test_healthy_nights_never_trip(base):
    log, model, fitted = base
    # Every night, week, month, quarter.
    for days in (range(1, 43), range(7, 181, 7), range(30, 181, 30), range(90, 181, 90)):
        for day, results in nights(log, model, fitted, days).items():
            assert refused(results) == set(), day


@pytest.mark.slow
def test_a_drift_of_behavior_trips_activity(base):
    log, model, fitted = base
    # From the day of the fit on only four purchases in ten are made, by old and new customers alike.
    firsts = log.groupby("customer_id")["date"].transform("min")
    lost = (log["date"] > FIT) & (log["date"] > firsts) & (np.random.default_rng(0).random(len(log)) > 0.4)
    results = nights(log[~lost], model, fitted, range(7, 120, 7))
    tripped = [day for day, results in results.items() if refused(results)]
    assert tripped
    assert tripped[0] <= 42
    assert all("activity" in refused(results[day]) for day in tripped)
    text = next(o.text for o in results[tripped[-1]] if o.gate == "activity")
    assert "repeat purchases since the fit (2025-12-31)" in text


def damaged(log, how):
    amounts, dates = log["amount"], pd.to_datetime(log["date"])
    today = dates > later(7)
    if how == "cents from now on":
        return log.assign(amount=np.where(today, 100 * amounts, amounts))
    if how == "all in cents":
        return log.assign(amount=100 * amounts)
    if how == "half the customers gone":
        return log[log["customer_id"] % 2 == 0]
    if how == "history cut":
        return log[dates > "2025-06-30"]
    if how == "new ids":
        return log.assign(customer_id=np.where(today, -1 - log["customer_id"], log["customer_id"]))
    if how == "a day and a month swapped":
        return log.assign(date=dates - pd.to_timedelta(np.where(dates.dt.month == 12, 300, 0), unit="D"))
    return pd.concat([log, log.assign(customer_id=log["customer_id"] + 10**6)])  # every customer twice


TRIPS = {
    "all in cents": "shift of monetary_value",
    "half the customers gone": "rows",
    "history cut": "rows",
    "a day and a month swapped": "shift of T",
    "every customer twice": "rows",
}


@pytest.mark.slow
@pytest.mark.parametrize("how", TRIPS)
def test_a_broken_source_trips_at_once(base, how):
    log, model, fitted = base
    last = statistics_of(log, later(7), model, fitted)[1]
    collector, statistics = statistics_of(damaged(log, how), later(8), model, fitted, last)
    assert TRIPS[how] in refused(check_run(Gates(), collector, statistics, last, fitted))


@pytest.mark.slow
def test_totals_and_refusals_are_compared_with_the_last_run(base):
    log, model, fitted = base
    last = statistics_of(log, later(7), model, fitted)[1]
    collector, statistics = statistics_of(log, later(8), model, fitted, last)
    halved = {name: total / 2 for name, total in statistics.totals.items()}
    many = statistics.model_copy(update={"totals": halved, "refused": 200})
    results = check_run(Gates(), collector, many, last, fitted)
    assert refused(results) == {"total", "refused"}
    with pytest.raises(
        GateRefused, match=r"(?s)2 of \d+ gates refused.*adds up to.*−\d\d\.\d% compared with.*force=True"
    ) as caught:
        refuse(results)
    assert caught.value.exit_code == 4


def test_a_summary_with_one_row_per_customer_is_refused():
    log = pd.DataFrame({"customer_id": range(10), "date": FIT, "amount": 1.0})
    collector, statistics = statistics_of(log, FIT)
    assert refused(check_run(Gates(), collector, statistics)) == {"bought_once"}
    assert not refused(check_run(Gates(bought_once=None), collector, statistics))
    assert not refused(check_run(Gates(), *statistics_of(log.head(9), FIT)))
    assert not refused(check_run(Gates(), *statistics_of(pd.concat([log, log.head(1).assign(date=START)]), FIT)))


@pytest.mark.slow
def test_an_earlier_day_and_the_first_run_are_not_compared(base):
    log, model, fitted = base
    last = statistics_of(log, later(30), model, fitted)[1]
    collector, statistics = statistics_of(log, later(20), model, fitted, last)
    (text,) = [o.text for o in check_run(Gates(), collector, statistics, last, fitted) if o.gate == "rows"]
    assert text == f"Not compared: the run as of {later(30)} has later data, up to {later(30)}."
    collector, statistics = statistics_of(log, FIT)
    assert {o.gate for o in check_run(Gates(), collector, statistics)} == {"refused", "bought_once"}


@pytest.mark.slow
def test_a_fit_is_compared_with_the_champion(base):
    log, champion, fitted = base
    rfm = clv.rfm_summary(log, amount="amount", observation_end=later(60))
    fresh = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)
    collector, statistics = statistics_of(log, later(60), last=fitted)
    assert refused(check_fit(Gates(), fresh, collector, statistics, champion, fitted)) == set()
    fast = clv.simulate_log(6_000, TRUTH | {"alpha": 30.0}, MONEY, time_unit="day", start=START, end=FIT)
    other = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(clv.rfm_summary(fast, amount="amount"))
    results = check_fit(Gates(), other, collector, statistics, champion, fitted)
    assert refused(results) == {"parameters"}
    (result,) = [result for result in results if not result.passed]
    assert result.figures["parameter"] == "alpha"
    assert "alpha is" in result.text
    another = check_fit(Gates(), clv.CustomerModel(clv.NBD()).fit(rfm), collector, statistics, champion, fitted)
    assert "gate-parameters-other-process" in {result.code for result in another}
    assert any("the champion is a model of another kind" in result.text for result in another)


@pytest.mark.slow
def test_a_fit_at_a_boundary_is_refused_unless_allowed():
    log = clv.simulate_log(2_000, {"r": 2.0, "alpha": 20.0}, process="nbd", time_unit="week", random_state=1)
    rfm = clv.rfm_summary(log, time_unit="week")
    model = clv.CustomerModel(clv.BGNBD()).fit(rfm)
    assert model.purchases.fit_.status == "boundary"
    collector = StatisticsCollector.of(rfm)
    statistics = collector.summarize(rfm.observation_end, DAY.last_tick(rfm.observation_end))
    (result,) = [o for o in check_fit(Gates(), model, collector, statistics) if o.gate == "fit_status"]
    assert not result.passed
    assert "allowed: converged" in result.text
    allowed = check_fit(Gates(fit_status=["converged", "boundary"]), model, collector, statistics)
    assert refused(allowed) == set()


@pytest.mark.slow
def test_chunks_in_any_order_give_the_same_statistics(fitted_to, fitted):
    options = {"since_last": 40, "model": fitted.purchases, "since_fit": 20}
    whole = StatisticsCollector.of(fitted_to, **options)
    cuts = [slice(0, 700), slice(700, 701), slice(701, None)]
    parts = [StatisticsCollector.of(fitted_to[cut], **options) for cut in cuts]
    joined = parts[2] + parts[0] + parts[1]
    assert whole.summarize("1997-09-30", 10_134) == joined.summarize("1997-09-30", 10_134)
    assert whole.customers_at_last_run == joined.customers_at_last_run
    assert whole.expected_of_new == joined.expected_of_new == 0.0  # no customer came in the last twenty days


@pytest.mark.slow
def test_the_stored_forecast_is_fine_enough(base):
    log, model, fitted = base
    rfm = clv.rfm_summary(log, amount="amount", observation_end=FIT)
    ticks, totals = zip((0, 0.0), *fitted.forecast, strict=True)
    assert ticks[-1] >= 730
    for day in (1, 5, 40, 90, 333, 700):
        exact = model.expected_purchases(rfm, day)["expected_purchases"].sum()
        # A line between points half as far away again is off by the curve's bend; one percent is far inside the gate.
        assert np.interp(day, ticks, totals) == pytest.approx(exact, rel=0.01)


@pytest.mark.slow
def test_purchases_of_new_customers_are_expected_from_their_arrival(base):
    log, model, _ = base
    rfm = clv.rfm_summary(log, amount="amount", observation_end=later(60))
    expected = StatisticsCollector.of(rfm, model=model.purchases, since_fit=60).expected_of_new
    new = rfm.T < 60
    each = sum(model.purchases.mean_purchases(t) for t in rfm.T[new] if t > 0)
    assert expected == pytest.approx(each, rel=1e-9)


def test_statistics_are_small_and_survive_json(fit_statistics):
    text = fit_statistics.model_dump_json()
    assert len(text) < 10_000
    assert RunStatistics.model_validate_json(text) == fit_statistics


@pytest.mark.slow
def test_limits_are_checked_and_can_be_switched_off(base):
    limits = Gates.model_validate({"psi": "off", "ks": "off", "activity": 0.5, "fit_status": ["converged"]})
    assert (limits.psi, limits.activity) == (None, 0.5)
    with pytest.raises(ValidationError) as caught:
        Gates.model_validate({"psi": -1, "ks": "much", "speed": 3, "fit_status": ["failed"]})
    assert {error["loc"][0] for error in caught.value.errors()} == {"psi", "ks", "speed", "fit_status"}
    log, model, fitted = base
    everything_off = Gates.model_validate(dict.fromkeys(Gates.model_fields, "off"))
    collector, statistics = statistics_of(log, later(8), model, fitted)
    assert check_run(everything_off, collector, statistics, None, fitted) == ()
    assert check_fit(everything_off, model, collector, statistics, model, fitted) == ()


def test_an_invalid_limit_names_the_allowed_values():
    for field, message in (
        ("total_change", 'must be a number above 0, or "off"'),
        ("fit_status", 'a list of .*, or "off"'),
    ):
        with pytest.raises(ValidationError, match=message):
            Gates.model_validate({field: "of"})


def test_every_text_names_the_setting_of_its_limit(base):
    log, model, fitted = base
    collector, statistics = statistics_of(log, later(8), model, fitted)
    steady = np.full(100, 50)
    daily = DailyRows(np.datetime64("2026-01-01") + np.arange(100), steady, steady, np.full(100, 9.0))
    results = [
        *check_run(Gates(), collector, statistics, fitted, fitted),
        *check_fit(Gates(), model, collector, statistics, model, fitted),
        *check_feed(Gates(), daily, 1),
        *check_late(Gates(), 0, "2026-04-09", daily.rows[-28:]),
        *check_tiers(Gates(), TierCounts(earlier_run="1", earlier_as_of="2026-04-09", assigned={}, today={}, same=9)),
    ]
    text = " ".join(f"{result.gate}: {result.text}" for result in results)
    for setting in set(Gates.model_fields) - {"total_change"}:  # a fit's statistics has no totals
        assert setting in text
    assert "psi limit 0.1 + " in text
    assert "who bought since" in text


def test_gates_that_pass_raise_no_error():
    refuse([GateResult(gate="rows", passed=True, text="All there.")])
