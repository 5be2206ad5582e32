"""Rates that change in time: the likelihood in two clocks, covariates by customer, and leaving in plain time."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

import clvmodels as clv
from clvmodels.errors import ClockMismatch, InvalidModelFile, InvalidOption
from clvmodels.forecasting.time_varying.likelihoods import likelihood_of
from clvmodels.forecasting.time_varying.time_stretches import ChangingCovariates, future_stretches, past_stretches
from clvmodels.processes.two_clocks import Rates, Stretches, expected_ahead, score_in_two_clocks

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "references" / "apparel_dynamic_covariates.json").read_text(encoding="utf-8")
)
SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))
SEASON = clv.Calendar(season=np.where(np.arange(366) >= 324, 2.5, 1.0))
CUTOFF = "1997-09-30"
PLAIN = Rates(0.8, 9.0, 0.6, 11.0, None, np.array([0.4, -0.3]), np.array([0.5]))
AGING = PLAIN._replace(aging=0.07, beta=2.0)
both_laws = pytest.mark.parametrize("p", [PLAIN, AGING], ids=["pareto", "gompertz"])


def random_stretches(seed: int = 0) -> Stretches:
    """A few customers with stretches of random rates; one has no time at all, and one ends at a purchase."""
    generator = np.random.default_rng(seed)
    sizes = np.array([4, 1, 3, 6])
    first = np.append(0, np.cumsum(sizes))
    m = int(first[-1])
    length = generator.gamma(2.0, 4.0, m)
    length[4] = 0.0
    after = np.concatenate([np.arange(size) >= 2 for size in sizes])
    after[4] = True
    after[first[2] : first[3]] = False
    x = np.array([3.0, 0.0, 40.0, 1.0])
    speed = generator.uniform(0.2, 3.0, m)
    z, w = generator.normal(size=(m, 2)), generator.normal(size=(m, 1))
    return Stretches(first, length, after, speed, z, w, x, generator.normal(size=(4, 2)), generator.normal(size=4))


def integrated(p: Rates, rows: Stretches, i: int) -> float:
    """The log-likelihood of a customer by adaptive quadrature over the moment of leaving."""
    of = slice(rows.first[i], rows.first[i + 1])
    edges = np.append(0.0, np.cumsum(rows.length[of]))
    a = rows.speed[of] * np.exp(rows.purchase[of] @ p.purchase)
    b = np.exp(rows.dropout[of] @ p.dropout)
    A, y = (
        lambda t, rate=rate: np.interp(t, edges, np.append(0, np.cumsum(rate * rows.length[of]))) for rate in (a, b)
    )

    def density(t: float, rate: float) -> float:
        aging = 1.0 if p.aging is None else p.aging * np.exp(p.aging * y(t))
        B = y(t) if p.aging is None else np.expm1(p.aging * y(t))
        return (p.alpha + A(t)) ** -(p.r + rows.x[i]) * p.s * (p.beta + B) ** -(p.s + 1) * aging * rate

    end = edges[-1]
    B = y(end) if p.aging is None else np.expm1(p.aging * y(end))
    total = (p.alpha + A(end)) ** -(p.r + rows.x[i]) * (p.beta + B) ** -p.s
    for k in np.flatnonzero(rows.after[of]):
        total += quad(density, edges[k], edges[k + 1], args=(b[k],), epsabs=0, epsrel=1e-12)[0]
    constant = gammaln(p.r + rows.x[i]) - gammaln(p.r) + p.r * np.log(p.alpha) + p.s * np.log(p.beta)
    return float(constant + np.log(total) + rows.bought[i] @ p.purchase + rows.log_speed[i])


@both_laws
def test_the_likelihood_is_the_integral_over_the_moment_of_leaving(p: Rates) -> None:
    rows = random_stretches()
    value = score_in_two_clocks(p, rows).value
    assert value == pytest.approx([integrated(p, rows, i) for i in range(len(rows))], rel=1e-9)


@both_laws
def test_the_gradient_is_that_of_the_likelihood(p: Rates) -> None:
    rows, step = random_stretches(1), 1e-5

    def value(q: Rates) -> np.ndarray:
        return score_in_two_clocks(q, rows).value

    differences = []
    for name in ("r", "alpha", "s", "beta", *(("aging",) if p.aging else ())):
        high, low = (p._replace(**{name: getattr(p, name) * np.exp(sign * step)}) for sign in (1, -1))
        differences.append((value(high) - value(low)) / (2 * step))
    for name in ("purchase", "dropout"):
        for change in step * np.eye(len(getattr(p, name))):
            high, low = (p._replace(**{name: getattr(p, name) + sign * change}) for sign in (1, -1))
            differences.append((value(high) - value(low)) / (2 * step))
    assert score_in_two_clocks(p, rows).gradient == pytest.approx(np.array(differences), abs=1e-7)


def test_customers_in_other_blocks_do_not_change_a_likelihood(monkeypatch) -> None:
    rows = random_stretches(2)
    whole = score_in_two_clocks(PLAIN, rows)
    monkeypatch.setattr("clvmodels.processes.two_clocks.BLOCK", 3)
    assert score_in_two_clocks(PLAIN, rows).value == pytest.approx(whole.value, rel=1e-13)


@both_laws
def test_expected_purchases_are_the_mean_of_simulated_futures(p: Rates) -> None:
    generator, draws = np.random.default_rng(0), 200_000
    ahead = random_stretches(3).of(3, 4)
    bought, left = np.array([12.0]), np.array([6.0])
    a = ahead.speed * np.exp(ahead.purchase @ p.purchase) * ahead.length
    b = np.exp(ahead.dropout @ p.dropout) * ahead.length
    buying = generator.gamma(p.r + ahead.x[0], 1 / (p.alpha + bought[0]), draws)
    age = left[0] if p.aging is None else np.expm1(p.aging * left[0])
    risk = generator.exponential(1.0, draws) / generator.gamma(
        p.s, 1 / (p.beta + age), draws
    )  # B when a customer leaves
    stays = risk if p.aging is None else np.log1p(age + risk) / p.aging - left[0]
    reached = np.interp(stays, np.append(0, np.cumsum(b)), np.append(0, np.cumsum(a)))
    exact = buying.mean() * expected_ahead(p, bought, left, ahead)[0] * (p.alpha + bought[0]) / (p.r + ahead.x[0])
    assert (buying * reached).mean() == pytest.approx(exact, rel=0.01)  # 200,000 draws: a standard error of .3 %


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return clv.datasets.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def history(log: pd.DataFrame) -> clv.KnownHistory:
    return clv.KnownHistory.from_log(log[log["customer_id"] % 4 == 0], time_unit="week", observation_end=CUTOFF)


def table_of(history: clv.KnownHistory, days: list[str]) -> pd.DataFrame:
    """Covariates of every customer: a campaign that comes and goes, and a group that stays."""
    ids = history.rfm.customer_id.to_list()
    rows = [(i, day, k % 2, i % 3) for i in ids for k, day in enumerate(days)]
    return pd.DataFrame(rows, columns=["customer_id", "date", "campaign", "group"])


@pytest.mark.parametrize("process", ["pareto_nbd", "ggompertz_nbd", "bgnbd", "mbgnbd", "nbd"])
def test_without_covariates_it_is_the_process(history, process) -> None:
    parameters = {"r": 0.6, "alpha": 9.0, "a": 0.8, "b": 2.5}
    if process.endswith(("pareto_nbd", "ggompertz_nbd")):
        parameters |= {"s": 0.7, "beta": 12.0, "b": 0.03}
    likelihood, past = likelihood_of(process, (), ()), past_stretches(history, None)
    coordinates = likelihood.start(parameters)
    plain = clv.processes.catalog.PURCHASE_PROCESSES[process]
    p = plain.Parameters(**{name: parameters[name] for name in plain.Parameters._fields})
    columns = {"frequency": history.rfm.frequency, "recency": history.rfm.recency, "T": history.rfm.T}
    statistics, state = ([columns[name].astype(float) for name in each] for each in (plain.statistics, plain.state))
    score = likelihood.score(coordinates, past.stretches).value[past.positions]
    assert score == pytest.approx(plain.log_likelihood(p, *statistics), rel=1e-9, abs=1e-9)
    alive = likelihood.alive(coordinates, past.stretches)[past.positions]
    assert alive == pytest.approx(np.broadcast_to(plain.probability_alive(p, *statistics), alive.shape), abs=1e-9)
    ahead = future_stretches(history, None, past, 26.0)
    expected = likelihood.expected(coordinates, past.stretches, ahead)[past.positions]
    assert expected == pytest.approx(plain.purchases_if_active(p, 26.0, *state), rel=1e-9)


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_likelihood_and_its_maximum_match_clvtools_on_apparel() -> None:
    path = SHARED_DATA / "clvtools_apparel_trans.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in {SHARED_DATA}: name its folder in CLVMODELS_REFERENCE_DATA")
    log, weekly = pd.read_csv(path), pd.read_csv(path.with_name("clvtools_apparel_dyn_cov.csv.gz"))
    history = clv.KnownHistory.from_log(
        log, customer_id="Id", date="Date", time_unit="week", observation_end="2006-12-31"
    )
    covariates = clv.CovariateHistory.from_frame(weekly, customer_id="Id", date="Cov.Date")
    names = tuple(REFERENCE["covariates"])
    rows = past_stretches(history, ChangingCovariates(covariates, names, names)).stretches
    for each in REFERENCE["log_likelihoods"]:
        p = Rates(**each["parameters"], aging=None, **{name: np.array(each[name]) for name in ("purchase", "dropout")})
        assert score_in_two_clocks(p, rows).value.sum() == pytest.approx(each["log_likelihood"], abs=1e-6)
    model = clv.TimeVaryingModel("pareto_nbd", names, names).fit(history, covariates)
    assert model.log_likelihood_ > REFERENCE["polished_log_likelihood"] + 0.002


@pytest.mark.acceptance
def test_coefficients_of_simulated_customers_are_found() -> None:
    generator, n, weeks = np.random.default_rng(1), 1_500, 104
    campaign = generator.random((n, weeks)) < 0.3
    a = np.exp(0.8 * campaign)
    rate, stays = generator.gamma(1.5, 1 / 12.0, n), generator.exponential(1 / generator.gamma(1.2, 1 / 60.0, n))
    buys = generator.random((n, 7 * weeks)) < 1 - np.exp(-rate[:, None] * np.repeat(a, 7, axis=1) / 7)
    buys &= np.arange(7 * weeks) / 7 < stays[:, None]
    buys[:, 0] = True
    start = np.datetime64("2024-01-01")
    customer, day = np.nonzero(buys)
    log = pd.DataFrame({"customer_id": customer, "date": start + day})
    weekly = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(n), weeks),
            "date": np.tile(start + 7 * np.arange(weeks), n),
            "campaign": campaign.astype(int).ravel(),
        }
    )
    history = clv.KnownHistory.from_log(log, time_unit="week", observation_end=str(start + 7 * weeks - 1))
    covariates = clv.CovariateHistory.from_frame(weekly)
    assert len(covariates.day) < 0.6 * len(weekly)  # weeks that change nothing are left out
    for process in ("pareto_nbd", "mbgnbd"):
        model = clv.TimeVaryingModel(process, ["campaign"]).fit(history, covariates)
        error = model.standard_errors_["purchase.campaign"]
        assert abs(model.parameters_["purchase.campaign"] - 0.8) < 3 * error
        assert error < 0.05


@pytest.mark.slow
def test_a_scenario_changes_the_forecast_and_a_saved_model_keeps_it(history, tmp_path) -> None:
    days = ["1996-12-30", "1997-03-01", "1997-04-15", "1997-06-01", "1997-07-01"]
    table = table_of(history, days)
    model = clv.TimeVaryingModel("pareto_nbd", ["campaign", "group"], ["group"])
    model.fit(history, clv.CovariateHistory.from_frame(table))
    assert list(model.summary()["parameter"]) == [*["r", "alpha", "s", "beta"], *model.summary()["parameter"][4:]]
    plan = pd.concat([table, table_of(history, ["1997-10-01"]).assign(campaign=1)])
    totals = [
        model.expected_purchases(history, "13 weeks", clv.CovariateHistory.from_frame(each))["expected_purchases"].sum()
        for each in (table, plan)
    ]
    effect = np.exp(model.parameters_["purchase.campaign"])
    assert totals[1] / totals[0] == pytest.approx((1 + 90 * effect) / 91, rel=1e-3)  # from the day after the cutoff on
    model.save(tmp_path / "model.json")
    loaded = clv.TimeVaryingModel.load(tmp_path / "model.json")
    covariates = clv.CovariateHistory.from_frame(table)
    for name in ("probability_alive", "expected_purchases"):
        arguments = (history, *(("13 weeks",) if name == "expected_purchases" else ()), covariates)
        pd.testing.assert_frame_equal(getattr(loaded, name)(*arguments), getattr(model, name)(*arguments))
    pd.testing.assert_frame_equal(loaded.summary(), model.summary())
    damaged = (tmp_path / "model.json").read_text().replace('"customers":', '"customers" :1, "x":')
    (tmp_path / "damaged.json").write_text(damaged)
    with pytest.raises(InvalidModelFile):
        clv.TimeVaryingModel.load(tmp_path / "damaged.json")
    with pytest.raises(ClockMismatch):
        model.probability_alive(history.with_calendar(SEASON), covariates)
    with pytest.raises(InvalidOption, match="pass covariates="):
        model.probability_alive(history)


@pytest.mark.slow
def test_a_row_per_week_is_the_same_as_a_row_per_change(history) -> None:
    table = table_of(history, ["1996-12-30", "1997-03-03", "1997-06-02"])
    weeks = pd.DataFrame({"date": pd.date_range("1996-12-30", "1997-09-29", freq="7D")})
    table["date"] = pd.to_datetime(table["date"])
    weekly = pd.merge_asof(
        table[["customer_id"]].drop_duplicates().merge(weeks, how="cross").sort_values("date"),
        table.sort_values("date"),
        on="date",
        by="customer_id",
    )
    one, other = (clv.CovariateHistory.from_frame(each) for each in (table, weekly))
    for name in ("day", "values", "start"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert repr(one) == repr(other)


def test_equal_speeds_change_nothing_and_a_closed_day_takes_no_time(history) -> None:
    same = past_stretches(history.with_calendar(clv.Calendar(season=[1.0] * 366)), None).stretches
    plain = past_stretches(history, None).stretches
    p = PLAIN._replace(purchase=np.zeros(0), dropout=np.zeros(0))
    for name in ("length", "speed", "log_speed"):
        np.testing.assert_array_equal(getattr(same, name), getattr(plain, name))
    np.testing.assert_array_equal(score_in_two_clocks(p, same).value, score_in_two_clocks(p, plain).value)
    quiet = clv.Calendar(periods=[clv.CalendarPeriod("moving", "1998-02-28", "1998-03-01", 0, "closed")])
    untouched = history.purchase_log.of(
        np.flatnonzero(history.purchase_log.up_to(10**6) == history.purchase_log.up_to(history.cutoff))
    )
    closed = replace(history, log=untouched, memory={}).with_calendar(quiet)
    past = past_stretches(closed, None)
    weeks = (np.datetime64("1998-02-27") - np.datetime64(CUTOFF)).astype(int) / 7
    totals = [
        likelihood_of("pareto_nbd", (), ()).expected(
            np.log([0.6, 0.1, 0.7, 0.05]), past.stretches, future_stretches(closed, None, past, weeks + days / 7)
        )
        for days in (0, 2, 3)
    ]
    np.testing.assert_allclose(totals[1], totals[0], rtol=1e-9)  # customers leave on the closed days, and do not buy
    assert np.all(totals[2] > totals[1])


def test_hours_and_days_give_the_same_stretches() -> None:
    log = pd.DataFrame({"customer_id": [1, 1, 2], "date": ["2024-02-28 23:00", "2024-03-05 23:00", "2024-03-01 23:00"]})
    table = pd.DataFrame({"customer_id": [1, 1, 2], "date": ["2024-02-01", "2024-03-01", "2024-02-01"], "z": [0, 1, 0]})
    covariates = ChangingCovariates(clv.CovariateHistory.from_frame(table), ("z",), ("z",))
    lengths = []
    for merge in ("day", "hour"):
        history = clv.KnownHistory.from_log(
            log, time_unit="day", merge_within=merge, observation_end="2024-03-10", calendar=SEASON
        )
        rows = past_stretches(history, covariates).stretches
        lengths.append([float(rows.length[rows.purchase[:, 0] == value].sum()) for value in (0, 1)])
    assert lengths[0] == [2 + 9, 9]  # to 1 March, a day late in a leap year, and from then on
    assert lengths[1] == pytest.approx([25 / 24 + 9, 239 / 24])  # hours are moments, and days end with their last one


@pytest.mark.slow
def test_faults_of_covariates_are_named(history) -> None:
    table = table_of(history, ["1996-12-30", "1997-03-01"])
    ids = history.rfm.customer_id.to_list()
    cases = {
        "have no covariates": table[table["customer_id"] != ids[0]],
        "begin after their first purchase": table.assign(date=np.where(table.index == 0, "1997-09-29", table["date"])),
        "repeat the date": pd.concat([table, table[:1]]),
        "missing or infinite": table.assign(group=np.where(table.index == 3, np.nan, 1.0)),
        "must be numeric": table.assign(group="a"),
        "written YYYY-MM-DD": table.assign(date="today"),
        "convert one": table.assign(customer_id="c" + table["customer_id"].astype(str)),
    }

    def read(faulty: pd.DataFrame) -> None:
        covariates = clv.CovariateHistory.from_frame(faulty)
        past_stretches(history, ChangingCovariates(covariates, ("group",), ("campaign",)))

    for message, faulty in cases.items():
        with pytest.raises(InvalidOption, match=message):
            read(faulty)
    with pytest.raises(InvalidOption, match="no covariates"):
        clv.CovariateHistory.from_frame(table[["customer_id", "date"]])
    covariates = clv.CovariateHistory.from_frame(table)
    for message, model in {
        "is not one of": clv.TimeVaryingModel("weibull"),
        "must be a list": clv.TimeVaryingModel(purchase="group"),
        "leave only at purchases": clv.TimeVaryingModel("bgnbd", ["group"], ["group"]),
        "There is no covariate 'age'": clv.TimeVaryingModel("bgnbd", ["age"]),
    }.items():
        with pytest.raises(InvalidOption, match=message):
            model.fit(history, covariates)
    with pytest.raises(InvalidOption, match="has not been fitted"):
        clv.TimeVaryingModel().summary()


@pytest.mark.acceptance
def test_earlier_windows_say_by_which_clock_customers_leave(log) -> None:
    history = clv.KnownHistory.from_log(log, time_unit="week", calendar=SEASON)
    comparison = clv.compare_leaving(history, "26 weeks")
    assert len(comparison.table) == 3
    errors = [
        np.abs(np.log(comparison.table[name] / comparison.table["actual"])).mean() for name in ("calendar", "sun")
    ]
    assert comparison.better == ["calendar", "sun"][int(np.argmin(errors))]
    left_by = {"calendar": "they leave by the calendar", "sun": "they leave in plain time"}[comparison.better]
    assert comparison.findings[0].text.endswith(left_by)
    assert comparison.to_dict()["better"] == comparison.better
    assert "too short" in clv.LeavingComparison(comparison.table[:0]).findings[0].text
    with pytest.raises(InvalidOption, match="no calendar"):
        clv.compare_leaving(history.with_calendar(None), "26 weeks")
    with pytest.raises(InvalidOption, match="must be one of"):
        clv.compare_leaving(history, "26 weeks", "bgnbd")


@pytest.mark.slow
def test_values_are_those_of_the_process_without_covariates_and_follow_a_scenario():
    log = clv.datasets.load_cdnow(sample=True)
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end=CUTOFF)
    spend = clv.GammaGamma().fit(history.rfm)
    terms = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 0.35}
    value = clv.TimeVaryingModel("bgnbd").fit(history).lifetime_value(spend, history, **terms)
    expected = clv.lifetime_value(clv.BGNBD().fit(history.rfm), spend, history.rfm, **terms)
    # Fits differ by 1e-6; a month discounted from its middle is off by less than 1e-4.
    np.testing.assert_allclose(value["lifetime_value"], expected["lifetime_value"], rtol=2e-4)
    days = [("1996-12-30", 0), ("1997-03-01", 1), ("1997-04-01", 0)]
    rows = [(customer, *row) for customer in log["customer_id"].unique() for row in days]
    later = [(customer, "1998-01-01", 1) for customer in log["customer_id"].unique()]
    past, future = (
        clv.CovariateHistory.from_frame(pd.DataFrame(table, columns=["customer_id", "date", "campaign"]))
        for table in (rows, rows + later)
    )
    model = clv.TimeVaryingModel("bgnbd", purchase=["campaign"]).fit(history, past)
    usual, campaign = (
        model.lifetime_value(spend, history, of, **terms)["lifetime_value"].sum() for of in (past, future)
    )
    assert 1 < campaign / usual < np.exp(model.parameters_["purchase.campaign"])
    with pytest.raises(InvalidOption, match="spend= is a str, not a fitted spend model"):
        model.lifetime_value("gamma", history, past, **terms)
    with pytest.raises(InvalidOption, match="A TimeVaryingModel has its own method lifetime_value"):
        clv.lifetime_value(model, spend, history.rfm, **terms)
    other = clv.GammaGamma().fit(clv.rfm_summary(log, amount="amount", time_unit="day", observation_end=CUTOFF))
    with pytest.raises(ClockMismatch, match=r"fit it to history\.rfm"):
        model.lifetime_value(other, history, past, **terms)
