"""Profiles of logs with known properties: computed by hand, simulated, shuffled, and moved in time."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from clvmodels.calendar import Calendar
from clvmodels.cleaning.clean import clean
from clvmodels.clock import Clock
from clvmodels.datasets import load_cdnow
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.processes.cnbd_k import regularity, regularity_error
from clvmodels.profiling.daily_purchases import observe
from clvmodels.profiling.profile import profile
from clvmodels.profiling.season import season_case_of
from clvmodels.profiling.spend import hill
from clvmodels.simulate import simulate_log
from clvmodels.transactions.purchase_log import purchases_of
from clvmodels.transactions.summary import rfm_summary

# Monday 2024-01-01 to Wednesday 2024-01-17. Customer 1 buys on the 1st (twice), 3rd and 8th, customer 2 on the 2nd and
# 16th, customer 3 on the 17th: the times between purchases are 2, 5 and 14 days.
LOG = pd.DataFrame(
    [
        (1, "2024-01-01", 10.0),
        (1, "2024-01-01", 5.0),
        (1, "2024-01-03", 0.0),
        (1, "2024-01-08", 5.0),
        (2, "2024-01-02", 60.0),
        (2, "2024-01-16", 20.0),
        (3, "2024-01-17", 100.0),
    ],
    columns=["customer_id", "date", "amount"],
)
STEADY = {"r": 0.8, "alpha": 9.0, "a": 0.8, "b": 4.0}


def texts(profile):
    return [finding.text for finding in profile.findings]


def codes(profile):
    return [finding.code for finding in profile.findings]


def without_frames(profile):
    """Return a profile as JSON text, which can be compared."""
    return json.dumps(profile.to_dict(), sort_keys=True)


def moved(log, days):
    return log.assign(date=pd.to_datetime(log["date"]) + pd.Timedelta(days=days))


@pytest.fixture(scope="module")
def cdnow():
    return profile(load_cdnow(sample=True), amount="amount")


# ---- computed by hand --------------------------------------------------------------------------------------


def test_a_log_computed_by_hand():
    p = profile(LOG, amount="amount")
    assert (p.transactions, p.purchases, p.customers, p.repeat_purchases) == (7, 6, 3, 3)
    assert (p.first_day, p.last_day, p.span, p.time_unit) == ("2024-01-01", "2024-01-17", 17.0, "day")
    assert p.bought_once == 1 / 3
    assert p.same_day == pytest.approx(1 / 7)
    assert (p.intertimes.count, p.intertimes.median, p.intertimes.mean) == (3, 5.0, 7.0)
    assert p.intertimes.lower == 3.5
    assert p.intertimes.upper == 9.5
    assert p.regularity.customers == 1
    assert p.money.total == 200.0
    assert p.money.mean == pytest.approx(200 / 6)
    assert p.money.median == 17.5  # of 0, 5, 15, 20, 60, 100
    assert p.money.zero == pytest.approx(1 / 6)
    assert p.money.top_1 == 0.5  # at least one customer: the third, with 100
    assert math.isnan(p.money.tail_index)
    assert p.sufficiency == "insufficient"
    assert p.arrivals.verdict == "unclear"
    assert p.season.busiest is None


def test_weeks_computed_by_hand():
    weeks = profile(LOG, amount="amount").weeks
    assert weeks["week_start"].to_list() == ["2024-01-01", "2024-01-08", "2024-01-15"]
    assert weeks["week_end"].to_list() == ["2024-01-07", "2024-01-14", "2024-01-17"]
    assert weeks["days"].to_list() == [7, 7, 3]
    assert weeks["purchases"].to_list() == [3, 1, 2]
    assert weeks["new_customers"].to_list() == [2, 0, 1]
    assert weeks["repeat_purchases"].to_list() == [1, 1, 1]
    assert weeks["customers_seen"].to_list() == [2, 2, 3]
    assert weeks["amount"].to_list() == [75.0, 5.0, 120.0]


def test_the_unit_changes_only_the_scale_of_times():
    days, weeks = profile(LOG), profile(LOG, time_unit="week")
    assert weeks.span == days.span / 7
    assert weeks.intertimes.median == days.intertimes.median / 7
    assert weeks.regularity == days.regularity
    pd.testing.assert_frame_equal(weeks.weeks, days.weeks)


def test_rows_after_the_end_of_observation_are_left_out():
    p = profile(LOG, amount="amount", observation_end="2024-01-03")
    assert (p.transactions, p.purchases, p.customers, p.rows_after_end) == (4, 3, 2, 3)
    assert p.last_day == "2024-01-03"
    assert p.money.total == 75.0
    assert "3 rows after 2024-01-03 were left out" in texts(p)


def test_older_customers_are_left_out_and_counted():
    p = profile(LOG, amount="amount", acquired_after="2024-01-01")
    assert (p.customers, p.purchases, p.older_customers, p.first_day) == (2, 3, 1, "2024-01-02")
    assert p.money.total == 180.0
    assert "1 customer first seen by 2024-01-01 was left out" in texts(p)


def test_acquired_after_before_the_log_began_changes_no_span():
    before, without = profile(LOG, acquired_after="2000-01-01"), profile(LOG)
    assert (before.first_day, before.span, before.older_customers) == (without.first_day, without.span, 0)


def test_invalid_options_and_logs_are_refused():
    with pytest.raises(InvalidOption, match="time_unit='hour' is not one of 'day'"):
        profile(LOG, time_unit="hour")
    with pytest.raises(InvalidTransactions, match="ends on 2023-12-31, before the first transaction on 2024-01-01"):
        profile(LOG, observation_end="2023-12-31")
    with pytest.raises(InvalidOption, match="is not before the end of the observed period"):
        profile(LOG, acquired_after="2024-01-17")
    with pytest.raises(InvalidTransactions, match="No customer remains: all 2 customers"):
        profile(LOG, acquired_after="2024-01-02", observation_end="2024-01-10")
    with pytest.raises(InvalidTransactions, match="negative amount"):
        profile(LOG.assign(amount=-1.0), amount="amount")


# ---- properties --------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=15)
@given(st.integers(0, 2**31), st.sampled_from(["pandas", "polars", "lazy"]))
def test_neither_the_order_of_rows_nor_the_engine_matters(seed, kind):
    log = load_cdnow(sample=True)
    shuffled = log.sample(frac=1, random_state=seed % 2**32)
    frame = shuffled if kind == "pandas" else pl.from_pandas(shuffled)
    result = profile(frame.lazy() if kind == "lazy" else frame, amount="amount")
    assert without_frames(result) == without_frames(profile(log, amount="amount"))


@pytest.mark.slow
def test_a_file_gives_the_same_profile(tmp_path, cdnow):
    load_cdnow(sample=True).to_csv(tmp_path / "log.csv", index=False)
    load_cdnow(sample=True).to_parquet(tmp_path / "log.parquet", index=False)
    for name in ("log.csv", "log.parquet"):
        assert without_frames(profile(tmp_path / name, amount="amount")) == without_frames(cdnow)


@pytest.mark.slow
@settings(max_examples=10)
@given(st.integers(-500, 500))
def test_a_shift_by_whole_weeks_changes_only_dates(weeks):
    before = simulate_log(200, STEADY, end="2020-12-31", random_state=1)
    first, later = profile(before), profile(moved(before, 7 * weeks))
    for name in ("intertimes", "regularity", "bought_once", "same_day", "span", "sufficiency"):
        assert getattr(first, name) == getattr(later, name)
    assert first.arrivals.verdict == later.arrivals.verdict
    assert first.arrivals.crowding_z == later.arrivals.crowding_z
    named = ["week_start", "week_end"]
    pd.testing.assert_frame_equal(first.weeks.drop(columns=named), later.weeks.drop(columns=named))


@pytest.mark.slow
@settings(max_examples=10)
@given(st.floats(0.01, 1e5))
def test_the_currency_does_not_matter(rate):
    log = load_cdnow(sample=True)
    one, other = (profile(log.assign(amount=log["amount"] * by), amount="amount").money for by in (1.0, rate))
    assert other.total == pytest.approx(rate * one.total, rel=1e-9)
    for name in ("zero", "top_1", "top_10", "tail_index", "tail_error"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-9)
    assert other.independence.correlation == pytest.approx(one.independence.correlation, abs=1e-9)


def test_the_weeks_add_up(cdnow):
    assert cdnow.weeks["purchases"].sum() == cdnow.purchases
    assert cdnow.weeks["repeat_purchases"].sum() == cdnow.repeat_purchases
    assert cdnow.weeks["new_customers"].sum() == cdnow.customers == cdnow.weeks["customers_seen"].iloc[-1]
    assert cdnow.weeks["days"].sum() == cdnow.span
    assert cdnow.weeks["amount"].sum() == pytest.approx(cdnow.money.total, rel=1e-12)


def test_the_profile_agrees_with_the_rfm(cdnow):
    rfm = rfm_summary(load_cdnow(sample=True), intertimes=True)
    assert cdnow.customers == len(rfm)
    assert cdnow.repeat_purchases == rfm.frequency.sum()
    assert cdnow.intertimes.count == rfm.frequency.sum()
    assert cdnow.intertimes.mean == pytest.approx(rfm.recency.sum() / rfm.frequency.sum(), rel=1e-12)
    assert cdnow.regularity.k == pytest.approx(rfm.regularity(), rel=1e-9)


# ---- older than the log ------------------------------------------------------------------------------------


@pytest.mark.parametrize("last_arrival", ["2020-03-31", "2021-06-30", "2022-11-30"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_new_customers_are_not_reported_as_older_than_the_log(last_arrival, seed):
    log = simulate_log(2_000, STEADY, end="2022-12-31", last_arrival=last_arrival, random_state=seed)
    assert profile(log).arrivals.verdict == "seen"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_customers_older_than_the_log_are_detected_and_can_be_left_out(seed):
    law = {"r": 0.8, "alpha": 9.0, "s": 0.6, "beta": 20.0}
    log = simulate_log(
        6_000,
        law,
        process="pareto_nbd",
        start="2015-01-01",
        end="2022-12-31",
        last_arrival="2022-11-30",
        random_state=seed,
    )
    late = log[log["date"] >= "2020-06-01"]
    whole = profile(late)
    (option,) = [finding for finding in whole.findings if finding.code == "profile-acquired-after-option"]
    assert option.text.startswith(f"to try the log without them, pass acquired_after='{whole.arrivals.acquired_after}'")
    assert option.figures["dropped_share"] == pytest.approx(1 - whole.arrivals.remaining / whole.arrivals.customers)
    result = whole.arrivals
    assert result.verdict == "older"
    assert "older than the log" in result.text
    again = profile(late, acquired_after=result.acquired_after)
    assert again.customers == result.remaining
    assert again.arrivals.verdict == "seen"


def test_a_launch_is_unclear():
    # Another 1,000 customers arrive in the first three weeks and buy like all others.
    steady = simulate_log(2_000, STEADY, end="2021-12-31", last_arrival="2021-06-30", random_state=4)
    launch = simulate_log(1_000, STEADY, end="2021-12-31", last_arrival="2020-01-20", random_state=5)
    launch["customer_id"] += 10_000
    result = profile(pd.concat([steady, launch])).arrivals
    assert result.crowding > 3
    assert result.verdict == "unclear"
    assert "either a launch brought them, or they are older than the log" in result.text


def test_customers_first_seen_on_one_day_are_unclear():
    result = profile(simulate_log(300, STEADY, last_arrival="2020-01-01")).arrivals
    assert result.verdict == "unclear"
    assert "first seen on one day" in result.text


# ---- timing ------------------------------------------------------------------------------------------------


def test_regular_timing_is_detected():
    rng = np.random.default_rng(0)
    x = rng.integers(2, 8, 4_000)
    times = [rng.gamma(3.0, 20.0 / 3.0, n) for n in x]
    k = regularity(x.astype(float), np.array([t.sum() for t in times]), np.array([np.log(t).sum() for t in times]))
    error = regularity_error(k, x.astype(float))
    assert abs(k - 3.0) < 5 * error  # five standard errors
    assert error == pytest.approx(3.0 * np.sqrt(2 / (x - 1).sum()), rel=0.3)  # about the error of a variance


def test_the_standard_error_of_regularity_is_the_curvature():
    x, k, step = np.array([2.0, 3.0, 7.0]), 1.7, 1e-3

    def likelihood(at):
        # For equal shares, whose logarithms are linear in k and have no curvature.
        return sum(math.lgamma(at * n) - n * math.lgamma(at) for n in x)

    curvature = (likelihood(k + step) - 2 * likelihood(k) + likelihood(k - step)) / step**2
    assert regularity_error(k, x) == pytest.approx((-curvature) ** -0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("freq", "period", "named"),
    [("YS", "year", "January 1"), ("ME", "month", "the last day of the month"), ("W-TUE", "week", "a Tuesday")],
)
def test_opportunities_are_detected(freq, period, named):
    days = pd.date_range("2000-01-01", periods=12, freq=freq)
    rng = np.random.default_rng(0)
    rows = [(customer, day) for customer in range(60) for day in days if rng.random() < 0.6]
    result = profile(pd.DataFrame(rows, columns=["customer_id", "date"]))
    assert result.opportunities.period == period
    assert f"fall on {named}, so each {period} is one opportunity to buy" in result.opportunities.text
    assert f"to count opportunities, pass time_unit='{period}' and merge_within='{period}'" in texts(result)
    assert result.models["name"].iloc[0] == "BGBB"
    assert set(result.models["suitability"].iloc[1:-1]) == {"poor"}


def test_purchases_on_any_day_are_not_opportunities(cdnow):
    assert cdnow.opportunities.period is None


# ---- season ------------------------------------------------------------------------------------------------


def seasonal(years, ratio):
    """Return a log of customers who arrive on the first day and buy at random, `ratio` times as often in December."""
    days = pd.date_range("2018-01-01", periods=round(365.25 * years))
    rng = np.random.default_rng(7)
    chance = 0.01 * np.where(days.month == 12, ratio, 1.0)
    bought = rng.random((400, len(days))) < chance
    bought[:, 0] = True
    customer, day = np.nonzero(bought)
    return pd.DataFrame({"customer_id": customer, "date": days[day]})


def test_a_season_is_detected():
    result = profile(seasonal(3, 2.0)).season
    assert result.busiest == 12
    assert result.p_value < 1e-4
    index = result.months["index"].to_numpy()
    assert index[11] / np.delete(index, 11).mean() == pytest.approx(2.0, rel=0.15)  # 400 purchases per December
    assert "in December" in result.text
    assert result.months["years"].to_list() == [3] * 12


def test_no_season_is_detected_in_random_purchases():
    result = profile(seasonal(3, 1.0)).season
    assert result.busiest is None
    assert result.p_value > 0.01


@pytest.mark.slow
def test_the_season_of_a_log_is_one_of_four_cases():
    days = np.arange(100, 900)
    for first, last, arrivals, case in (
        (100, 460, days, "too_short"),
        (100, 500, days, "seen_once"),
        (100, 500, np.arange(100, 200), "one_cohort"),
        (100, 829, np.arange(100, 200), "one_cohort"),
        (100, 830, np.arange(100, 200), "seen_twice"),
    ):
        assert season_case_of(first, last, arrivals) == case
    season = profile(seasonal(1.5, 2.0)).season
    assert season.case == "one_cohort"
    assert "Most customers arrived within half a year" in season.case_finding.text
    assert profile(seasonal(3, 2.0)).to_dict()["season"]["case"] == "seen_twice"


def test_a_season_needs_two_years():
    result = profile(seasonal(1.5, 2.0)).season
    assert math.isnan(result.strength)
    assert "cannot be separated from a trend" in result.text
    assert len(result.months) == 0


# ---- outages -----------------------------------------------------------------------------------------------


def shop(share, *, first="2021-03-08", last="2021-03-14", after=1.0, arrivals=0.3):
    """Return a log of 30 purchases a day, of which `share` are kept from the first to the last day."""
    days = pd.date_range("2021-01-01", "2021-06-30")
    level = np.where((days >= first) & (days <= last), share, 1.0)
    later = (days > last) & (days <= pd.Timestamp(last) + (pd.Timestamp(last) - pd.Timestamp(first)))
    rng = np.random.default_rng(3)
    day = np.repeat(days, rng.poisson(30 * level * np.where(later, after, 1.0)))
    new = rng.random(len(day)) < arrivals
    old = rng.integers(0, 400, len(day))
    return pd.DataFrame({"customer_id": np.where(new, 1_000 + np.arange(len(day)), old), "date": day})


@pytest.mark.parametrize(
    ("share", "after", "kind"), [(0.1, 1.0, "records_lost"), (0.0, 1.0, "closed"), (0.2, 1.5, "stock_out")]
)
def test_an_outage_is_proposed_with_its_kind(share, after, kind):
    result = profile(shop(share, after=after))
    row = result.outages.table.iloc[0]
    assert (row["first"], row["last"], row["kind"]) == ("2021-03-08", "2021-03-14", kind)
    assert row["share"] == pytest.approx(share, abs=0.05)
    assert row["catches_up"] == (after > 1)
    assert Calendar(periods=result.outages.periods).elapsed("2021-03-07", "2021-03-14") == pytest.approx(
        7 * row["share"]
    )
    assert json.loads(json.dumps(result.to_dict()))["outages"]["table"][0]["kind"] == kind
    assert "was the shop closed" in next(f.text for f in result.findings if f.code == "profile-outages")


@pytest.mark.slow
def test_quiet_weeks_of_an_old_cohort_and_ordinary_weeks_are_not_outages():
    old = shop(0.1, arrivals=0.0)
    for log in (old, shop(1.0), shop(0.1, first="2021-06-25", last="2021-06-30")):
        result = profile(log)
        assert result.outages.periods == ()
        assert not any(finding.code == "profile-outages" for finding in result.findings)


# ---- money -------------------------------------------------------------------------------------------------


def test_hill_recovers_the_index_of_a_pareto_tail():
    values = stats.pareto(2.5).rvs(100_000, random_state=0)
    index, error = hill(values)
    assert abs(index - 2.5) < 5 * error  # five standard errors
    assert error == pytest.approx(index / math.sqrt(2_000))


def test_gamma_gamma_is_poor_for_a_tail_without_a_mean():
    log = simulate_log(3_000, STEADY, random_state=3)
    heavy = stats.pareto(0.8).rvs(3_000, random_state=1)
    result = profile(log.assign(amount=heavy[log["customer_id"]]), amount="amount")
    assert result.money.tail_index < 1
    assert result.models.set_index("name").loc["GammaGamma", "suitability"] == "poor"


def test_gamma_gamma_is_only_possible_if_spend_grows_with_frequency():
    log = simulate_log(3_000, STEADY, random_state=3)
    often = log.groupby("customer_id")["date"].transform("size")
    result = profile(log.assign(amount=10.0 * often), amount="amount")
    assert result.money.independence.finding.code == "profile-independence-violated"
    assert result.models.set_index("name").loc["GammaGamma", "suitability"] == "possible"


def test_gamma_gamma_is_good_for_spend_drawn_from_it():
    result = profile(simulate_log(3_000, STEADY, {"p": 6.0, "q": 4.0, "v": 15.0}, random_state=3), amount="amount")
    assert result.models.set_index("name").loc["GammaGamma", "suitability"] == "good"


def test_gamma_gamma_is_only_possible_where_independence_is_rejected(cdnow):
    assert cdnow.money.independence.p_value < 0.05  # weakly: p = 0.044
    assert cdnow.models.set_index("name").loc["GammaGamma", "suitability"] == "possible"


def test_gamma_gamma_is_only_possible_for_a_tail_that_may_be_heavy():
    log = simulate_log(3_000, STEADY, random_state=3)
    spend = stats.pareto(2.1).rvs(3_000, random_state=2)  # its 60 highest leave an error of about 0.3
    result = profile(log.assign(amount=spend[log["customer_id"]]), amount="amount")
    index, error = result.money.tail_index, result.money.tail_error
    assert 2 < index < 2 + 2 * error
    row = result.models.set_index("name").loc["GammaGamma"]
    assert row["suitability"] == "possible"
    assert row["reason"] == "profile-model-heavy-tail-possible"
    assert row["why"].startswith(f"the tail of spend may be heavy (index {index:.2f} ± {error:.2f})")


def test_a_log_without_amounts_has_no_money():
    result = profile(LOG)
    assert result.money is None
    assert "amount" not in result.weeks
    assert result.to_dict()["money"] is None


def test_a_log_of_free_purchases_has_no_shares_of_money():
    result = profile(LOG.assign(amount=0.0), amount="amount")
    assert result.money.zero == 1.0
    assert math.isnan(result.money.top_1)
    assert result.to_dict()["money"]["top_1"] is None


# ---- which models ------------------------------------------------------------------------------------------


def test_suitability_follows_the_data(cdnow):
    suitability = cdnow.models.set_index("process")["suitability"]
    assert suitability[["mbgnbd", "bgnbd", "bgcnbd", "bgbb"]].to_list() == ["good", "possible", "poor", "poor"]
    assert len(suitability) == 9
    assert cdnow.models["title"].iloc[-1] == "Gamma-Gamma"


def test_every_model_in_the_table_exists(cdnow):
    import clvmodels as clv
    from clvmodels.estimators.persistence import PURCHASE_MODELS, REGULAR_MODELS, SPEND_MODELS

    classes = {**PURCHASE_MODELS, **REGULAR_MODELS, **SPEND_MODELS}
    assert set(cdnow.models["process"]) == set(classes)
    for process, title, name in cdnow.models[["process", "title", "name"]].itertuples(index=False):
        assert getattr(clv, name) is classes[process]
        assert classes[process]().title == title


# ---- output ------------------------------------------------------------------------------------------------


def test_a_profile_is_written_as_json(tmp_path, cdnow):
    cdnow.to_json(tmp_path / "profile.json")
    document = json.loads((tmp_path / "profile.json").read_text(encoding="utf-8"))
    assert document["customers"] == 2357
    assert document["arrivals"]["verdict"] == "seen"
    assert document["arrivals"]["finding"]["code"] == "profile-arrivals-seen"
    assert document["season"]["strength"] is None  # 18 months
    assert len(document["weeks"]) == len(cdnow.weeks)
    assert [finding["code"] for finding in document["findings"]] == codes(cdnow)
    assert all(set(finding) == {"code", "severity", "figures", "text"} for finding in document["findings"])


def test_a_profile_is_shown_in_a_notebook(cdnow):
    html = cdnow._repr_html_()
    assert "<li>2,357 customers" in html
    assert html.count("<table") == 2
    assert "MBG/NBD" in html
    assert repr(cdnow).startswith("Profile:\n- 2,357 customers")


def test_sufficient_data_are_reported_with_their_limits(cdnow):
    assert "there are enough data to fit a model; note that a seasonal pattern cannot be seen" in texts(cdnow)


@pytest.mark.parametrize(("copies", "hinted"), [(4, False), (6, True)])
def test_line_items_are_recognized(copies, hinted):
    result = profile(pd.concat([LOG] * copies), amount="amount")
    assert (result.same_day > 0.8) == hinted
    assert ("profile-line-items" in codes(result)) == hinted


@pytest.mark.slow
def test_a_cleaned_log_needs_no_cleaning():
    """Its rows are orders, however many there are on one day."""
    orders = pd.concat([LOG] * 6).assign(order_id=range(6 * len(LOG)))
    cleaned = clean(orders, amount="amount", order_id="order_id")
    assert "profile-line-items" in codes(profile(cleaned.transactions, amount="amount"))
    for result in (profile(cleaned, amount="amount"), profile(cleaned.transactions, amount="amount", is_cleaned=True)):
        assert result.same_day > 0.8
        assert "profile-line-items" not in codes(result)


def test_regular_timing_is_only_a_possible_model():
    """Regular models ranked customers worse than random ones in every trial, on logs with k up to 2."""
    log = simulate_log(600, {"r": 2.0, "alpha": 3.0, "a": 0.5, "b": 4.0}, process="bgcnbd_3")
    suitability = profile(log).models.set_index("process")["suitability"]
    assert suitability[["bgcnbd", "mbgcnbd"]].to_list() == ["possible"] * 2
    assert "good" in suitability[["bgnbd", "mbgnbd", "pareto_nbd"]].to_list()


def test_one_customer_with_one_purchase_has_a_profile():
    result = profile(LOG.iloc[:1], amount="amount")
    assert result.customers == 1
    assert result.intertimes.count == 0
    assert result.sufficiency == "insufficient"
    assert json.dumps(result.to_dict(), allow_nan=False)


@pytest.mark.slow
@settings(max_examples=60)
@example([(1, 0, 0.0), (1, 0, 0.0), (1, 1, 0.0), (1, 181, 0.0)])  # a stray date, which is a doubt about the log
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 900), st.sampled_from([0.0, 1.0, 2.5, 1e12])),
        min_size=1,
        max_size=40,
    )
)
def test_every_log_has_a_profile(rows):
    log = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    log["date"] = pd.Timestamp("2020-02-28") + pd.to_timedelta(log.pop("day"), unit="D")
    result = profile(log, amount="amount")
    assert json.dumps(result.to_dict(), allow_nan=False)
    assert all(texts(result))
    assert result._repr_html_()


def test_observed_purchases_are_those_of_the_log():
    seen = observe(purchases_of(LOG, Clock(), amount="amount"), Clock().last_tick("2024-01-16"))
    assert (np.flatnonzero(seen.by_day) + seen.first_day).tolist() == [
        Clock().last_tick(f"2024-01-{day}") for day in ("01", "02", "03", "08", "16")
    ]
    assert [seen.gaps.tolist(), seen.gap_counts.tolist()] == [[2, 5, 14], [1, 1, 1]]
    assert [seen.frequency.tolist(), seen.soon.tolist()] == [[2, 1], [1, 0]]
    assert [seen.paid.spent.tolist(), seen.paid.first.tolist()] == [[20.0, 80.0], [15.0, 60.0]]
    assert (seen.paid.median, seen.paid.zero) == (15.0, 0.2)
