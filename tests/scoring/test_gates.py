import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import clvmodels as clv
from clvmodels.clock import Clock
from clvmodels.errors import GateRefused
from clvmodels.scoring.gates.gates import GateResult, Gates, on_fit, on_run, refuse
from clvmodels.scoring.gates.run_statistics import RunStatistics, StatisticsCollector, forecast_of

DAY = Clock()
TRUTH = {"r": 0.6, "alpha": 60.0, "a": 0.8, "b": 4.0}  # days
MONEY = {"p": 6.25, "q": 3.75, "v": 15.5}
START, FIT = "2025-01-01", "2025-12-31"


def later(days: int) -> str:
    return str(np.datetime64(FIT) + days)


def told(log, day, model=None, fitted=None, last=None, totals=None):
    """Tally and evidence of a log as of a day, as a run makes them."""
    rfm = clv.rfm_summary(log, amount="amount", observation_end=day)
    end = DAY.last_tick(day)
    reference = last or fitted
    tally = StatisticsCollector.of(
        rfm,
        since_last=0 if reference is None else max(0, end - reference.end),
        model=None if model is None else model.purchases,
        since_fit=None if fitted is None else end - fitted.end,
    )
    if model is not None:
        totals = {"expected_purchases": float(model.expected_purchases(rfm, "90 days")["expected_purchases"].sum())}
    return tally, tally.evidence(day, end, totals=totals)


def nights(log, model, fitted, days):
    """Outcomes of a run each of these days, each held against the one before."""
    last, found = None, {}
    for day in days:
        tally, evidence = told(log, later(day), model, fitted, last)
        found[day] = on_run(Gates(), tally, evidence, last, fitted)
        last = evidence
    return found


def refused(outcomes) -> set[str]:
    return {outcome.gate for outcome in outcomes if not outcome.passed}


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
    return log, model, told(log, FIT)[1].model_copy(update={"forecast": forecast})


def test_healthy_nights_never_trip(base):
    log, model, fitted = base
    # Every night, week, month, quarter.
    for days in (range(1, 43), range(7, 181, 7), range(30, 181, 30), range(90, 181, 90)):
        for day, outcomes in nights(log, model, fitted, days).items():
            assert refused(outcomes) == set(), day


def test_a_drift_of_behavior_trips_activity(base):
    log, model, fitted = base
    # From the day of the fit on only four purchases in ten are made, by old and new customers alike.
    firsts = log.groupby("customer_id")["date"].transform("min")
    lost = (log["date"] > FIT) & (log["date"] > firsts) & (np.random.default_rng(0).random(len(log)) > 0.4)
    found = nights(log[~lost], model, fitted, range(7, 120, 7))
    tripped = [day for day, outcomes in found.items() if refused(outcomes)]
    assert tripped
    assert tripped[0] <= 42
    assert all("activity" in refused(found[day]) for day in tripped)
    sentence = next(o.sentence for o in found[tripped[-1]] if o.gate == "activity")
    assert "repeat purchases since the fit (2025-12-31)" in sentence


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
    if how == "ids made anew":
        return log.assign(customer_id=np.where(today, -1 - log["customer_id"], log["customer_id"]))
    if how == "a day and a month swapped":
        return log.assign(date=dates - pd.to_timedelta(np.where(dates.dt.month == 12, 300, 0), unit="D"))
    return pd.concat([log, log.assign(customer_id=log["customer_id"] + 10**6)])  # everybody twice


TRIPS = {
    "all in cents": "shift of monetary_value",
    "half the customers gone": "rows",
    "history cut": "rows",
    "a day and a month swapped": "shift of T",
    "everybody twice": "rows",
}


@pytest.mark.parametrize("how", TRIPS)
def test_a_broken_source_trips_at_once(base, how):
    log, model, fitted = base
    last = told(log, later(7), model, fitted)[1]
    tally, evidence = told(damaged(log, how), later(8), model, fitted, last)
    assert TRIPS[how] in refused(on_run(Gates(), tally, evidence, last, fitted))


def test_totals_and_refusals_are_held_against_the_last_run(base):
    log, model, fitted = base
    last = told(log, later(7), model, fitted)[1]
    tally, evidence = told(log, later(8), model, fitted, last)
    halved = {name: total / 2 for name, total in evidence.totals.items()}
    many = evidence.model_copy(update={"totals": halved, "refused": 200})
    found = on_run(Gates(), tally, many, last, fitted)
    assert refused(found) == {"total", "refused"}
    with pytest.raises(
        GateRefused, match=r"(?s)2 of \d+ gates refused.*in total.*-\d\d\.\d% against.*--force"
    ) as caught:
        refuse(found)
    assert caught.value.exit_code == 4


def test_an_earlier_day_and_the_first_run_are_not_compared(base):
    log, model, fitted = base
    last = told(log, later(30), model, fitted)[1]
    tally, evidence = told(log, later(20), model, fitted, last)
    (words,) = [o.sentence for o in on_run(Gates(), tally, evidence, last, fitted) if o.gate == "rows"]
    assert words == f"Not compared: the run as of {later(30)} saw more, up to {later(30)}."
    tally, evidence = told(log, FIT)
    assert {o.gate for o in on_run(Gates(), tally, evidence)} == {"refused"}


def test_a_fit_is_held_against_the_champion(base):
    log, champion, fitted = base
    rfm = clv.rfm_summary(log, amount="amount", observation_end=later(60))
    fresh = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)
    tally, evidence = told(log, later(60), last=fitted)
    assert refused(on_fit(Gates(), fresh, tally, evidence, champion, fitted)) == set()
    fast = clv.simulate_log(6_000, TRUTH | {"alpha": 30.0}, MONEY, time_unit="day", start=START, end=FIT)
    other = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(clv.rfm_summary(fast, amount="amount"))
    found = on_fit(Gates(), other, tally, evidence, champion, fitted)
    assert refused(found) == {"parameters"}
    assert "alpha is" in next(o.sentence for o in found if not o.passed)
    another = on_fit(Gates(), clv.CustomerModel(clv.NBD()).fit(rfm), tally, evidence, champion, fitted)
    assert any("the champion is of another kind" in outcome.sentence for outcome in another)


def test_a_fit_at_a_boundary_is_refused_unless_allowed():
    log = clv.simulate_log(2_000, {"r": 2.0, "alpha": 20.0}, process="nbd", time_unit="week", random_state=1)
    rfm = clv.rfm_summary(log, time_unit="week")
    model = clv.CustomerModel(clv.BGNBD()).fit(rfm)
    assert model.purchases.fit_.status == "boundary"
    tally = StatisticsCollector.of(rfm)
    evidence = tally.evidence(rfm.observation_end, DAY.last_tick(rfm.observation_end))
    (outcome,) = [o for o in on_fit(Gates(), model, tally, evidence) if o.gate == "fit_status"]
    assert not outcome.passed
    assert "allowed: 'converged'" in outcome.sentence
    allowed = on_fit(Gates(fit_status=["converged", "boundary"]), model, tally, evidence)
    assert refused(allowed) == set()


def test_chunks_in_any_order_give_the_same_evidence(fitted_to, fitted):
    options = {"since_last": 40, "model": fitted.purchases, "since_fit": 20}
    whole = StatisticsCollector.of(fitted_to, **options)
    cuts = [slice(0, 700), slice(700, 701), slice(701, None)]
    parts = [StatisticsCollector.of(fitted_to[cut], **options) for cut in cuts]
    joined = parts[2] + parts[0] + parts[1]
    assert whole.evidence("1997-09-30", 10_134) == joined.evidence("1997-09-30", 10_134)
    assert whole.customers_known == joined.customers_known
    assert whole.expected_of_new == joined.expected_of_new == 0.0  # nobody came in the last twenty days


def test_a_forecast_is_kept_finely_enough(base):
    log, model, fitted = base
    rfm = clv.rfm_summary(log, amount="amount", observation_end=FIT)
    ticks, totals = zip((0, 0.0), *fitted.forecast, strict=True)
    assert ticks[-1] >= 730
    for day in (1, 5, 40, 90, 333, 700):
        exact = model.expected_purchases(rfm, day)["expected_purchases"].sum()
        # A line between points half as far away again is off by the curve's bend; one percent is far inside the gate.
        assert np.interp(day, ticks, totals) == pytest.approx(exact, rel=0.01)


def test_new_customers_are_expected_from_when_they_came(base):
    log, model, _ = base
    rfm = clv.rfm_summary(log, amount="amount", observation_end=later(60))
    told = StatisticsCollector.of(rfm, model=model.purchases, since_fit=60).expected_of_new
    new = rfm.T < 60
    each = sum(model.purchases.mean_purchases(t) for t in rfm.T[new] if t > 0)
    assert told == pytest.approx(each, rel=1e-9)


def test_evidence_is_small_and_comes_back(fit_evidence):
    text = fit_evidence.model_dump_json()
    assert len(text) < 10_000
    assert RunStatistics.model_validate_json(text) == fit_evidence


def test_limits_are_checked_and_can_be_switched_off(base):
    limits = Gates.model_validate({"psi": "off", "ks": "off", "activity": 0.5, "fit_status": ["converged"]})
    assert (limits.psi, limits.activity) == (None, 0.5)
    with pytest.raises(ValidationError) as caught:
        Gates.model_validate({"psi": -1, "ks": "much", "speed": 3, "fit_status": ["failed"]})
    assert {error["loc"][0] for error in caught.value.errors()} == {"psi", "ks", "speed", "fit_status"}
    log, model, fitted = base
    everything_off = Gates.model_validate(dict.fromkeys(Gates.model_fields, "off"))
    tally, evidence = told(log, later(8), model, fitted)
    assert on_run(everything_off, tally, evidence, None, fitted) == ()
    assert on_fit(everything_off, model, tally, evidence, model, fitted) == ()


def test_another_word_than_off_says_what_may_stand_there():
    for field, told in (
        ("total_change", 'must be a number above 0, or "off"'),
        ("fit_status", 'a list of .*, or "off"'),
    ):
        with pytest.raises(ValidationError, match=told):
            Gates.model_validate({field: "of"})


def test_every_limit_is_told_by_the_name_of_its_setting(base):
    log, model, fitted = base
    tally, evidence = told(log, later(8), model, fitted)
    outcomes = [
        *on_run(Gates(), tally, evidence, fitted, fitted),
        *on_fit(Gates(), model, tally, evidence, model, fitted),
    ]
    words = " ".join(f"{outcome.gate}: {outcome.sentence}" for outcome in outcomes)
    for setting in set(Gates.model_fields) - {"total_change"}:  # a fit's evidence has no totals
        assert setting in words
    assert "psi limit 0.1 + " in words
    assert "who bought since" in words


def test_nothing_refused_raises_nothing():
    refuse([GateResult(gate="rows", passed=True, sentence="All there.")])
