"""Value at acquisition, lifetime net value, unit economics and cohorts: by hand, as identities, and invalid input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.valuation.acquisition_value import lifetime_net_value, value_at_acquisition
from clvmodels.valuation.costs import Costs
from clvmodels.valuation.drawn import sampled_sums
from clvmodels.valuation.drawn.futures import level_factors
from clvmodels.valuation.remaining_value import remaining_value
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers

TERMS = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
COSTS = Costs(per_order=1.0, per_period=0.1, acquisition={"channel": {"search": 15.0, "social": 8.0}})


@pytest.fixture(scope="module")
def history():
    log = clv.datasets.load_cdnow(sample=True)
    ids = np.unique(log["customer_id"])
    channel = np.where(np.arange(len(ids)) % 3 == 0, "search", "social")
    return clv.KnownHistory.from_log(
        log,
        amount="amount",
        time_unit="week",
        observation_end="1997-09-30",
        attributes=pd.DataFrame({"customer_id": ids, "channel": channel}),
    )


@pytest.fixture(scope="module")
def models(history):
    return clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)


@pytest.fixture(scope="module")
def small():
    """Two customers: one orders on January 10 and March 10, the other on February 5; known to March 31."""
    log = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "date": ["2024-01-10", "2024-03-10", "2024-02-05"],
            "amount": [100.0, 50.0, 40.0],
        }
    )
    return clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="2024-03-31")


def values(table, name):
    return np.asarray(table[name], dtype=float)


@pytest.fixture(scope="module")
def economics(models, history):
    return clv.unit_economics(*models, history, costs=COSTS, by="channel", draws=60, currency="USD", **TERMS)


# ---- by hand -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_realized_value_by_hand(models, small):
    """a: half of 150, less 4 for each order, less 1 at the ends of January and March; at the end of February the last
    order is 50 days old. b: half of 40, less 4, less 1 at the end of February.
    """
    costs = Costs(per_order=4.0, per_period=1.0, served_within="40 days")
    terms = {"horizon": "12 months", "annual_discount_rate": 0.0, "margin": 0.5}
    table = value_at_acquisition(*models, small, costs=costs, **terms)
    assert values(table.columns, "realized") == pytest.approx([75 - 8 - 2, 20 - 4 - 1])


@pytest.mark.slow
def test_realized_value_is_discounted_to_the_first_order(models, small):
    """January 31 and March 31 are 21 and 81 days after a's first order, March 10 is 60 days after it."""
    costs = Costs(per_order=4.0, marketing=1.0, served_within="40 days")
    table = lifetime_net_value(*models, small, costs=costs, horizon=0, annual_discount_rate=0.1, margin=0.5)
    year = np.array([0.0, 60, 21, 81]) / 365.25
    assert values(table.columns, "realized")[0] == pytest.approx(np.array([46.0, 21.0, -1.0, -1.0]) @ 1.1**-year)


@pytest.mark.slow
def test_a_horizon_from_the_first_order_leaves_out_later_orders(models, small):
    terms = {"horizon": "59 days", "annual_discount_rate": 0.0, "margin": 0.5}
    table = value_at_acquisition(*models, small, **terms)
    assert values(table.columns, "realized") == pytest.approx([50, 20])
    expected = values(table.columns, "expected")
    assert expected[0] == 0  # 81 days old: the horizon is over
    assert expected[1] > 0  # 55 days old: four days are left


# ---- identities --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_lifetime_net_value_is_realized_and_remaining_value_less_acquisition(models, history):
    net = lifetime_net_value(*models, history, costs=COSTS, **TERMS).columns
    remaining = remaining_value(*models, history.rfm, costs=COSTS, **TERMS).columns["remaining_value"]
    discounted = 1.1 ** (-7 * history.rfm.T / 365.25) * remaining
    assert values(net, "remaining") == pytest.approx(discounted, rel=1e-12)
    total = values(net, "realized") + discounted - values(net, "acquisition_cost")
    assert values(net, "lifetime_net_value") == pytest.approx(total, rel=1e-12)


@pytest.mark.slow
def test_value_at_acquisition_continues_with_the_remaining_value(models, history):
    """Customers of one age: what is expected is the remaining value of the rest of the horizon, discounted further."""
    one = np.flatnonzero(history.rfm.T[0] == history.rfm.T)
    table = value_at_acquisition(*models, history, costs=Costs(per_order=1.0), **TERMS).columns
    rest = 52.17857142857143 - history.rfm.T[0]
    terms = {**TERMS, "horizon": rest}
    remaining = remaining_value(*models, history.rfm[one], costs=Costs(per_order=1.0), **terms)
    factor = 1.1 ** (-7 * history.rfm.T[0] / 365.25)
    expected = factor * remaining.columns["remaining_value"]
    # Interpolated in age for all customers at once, and not for a horizon of each: to 1e-9.
    assert values(table, "expected")[one] == pytest.approx(expected, rel=1e-8)


@pytest.mark.slow
def test_unit_economics_add_up_to_the_value_at_acquisition(models, history, economics):
    value = value_at_acquisition(*models, history, costs=COSTS, by="channel", **TERMS).columns
    table = economics.frame()
    assert values(table, "value_at_acquisition") == pytest.approx(values(value, "value_at_acquisition"), rel=1e-10)
    assert values(table, "value_to_date") == pytest.approx(values(value, "realized"), rel=1e-10)
    cohorts = clv.unit_economics(*models, history, costs=COSTS, by="cohort_month", draws=20, **TERMS).frame()
    for name in ("customers", "acquisition_cost", "value_at_acquisition"):
        assert values(cohorts, name).sum() == pytest.approx(values(table, name).sum(), rel=1e-10)
    assert list(cohorts["cohort"]) == ["1997-01-01", "1997-02-01", "1997-03-01"]


@pytest.mark.slow
def test_ratios_follow_from_the_totals(economics):
    table = economics.frame()
    cost, value, n = (values(table, name) for name in ("acquisition_cost", "value_at_acquisition", "customers"))
    assert values(table, "cac") == pytest.approx([15.0, 8.0])
    assert values(table, "clv_to_cac") == pytest.approx(value / cost)
    assert values(table, "roi") == pytest.approx(value / cost - 1)
    assert values(table, "break_even_cac") == pytest.approx(value / n)
    assert np.all(values(table, "break_even_cac_lower") < value / n)
    assert np.all(value / n < values(table, "break_even_cac_upper"))
    assert set(table["currency"]) == {"USD"}


@pytest.mark.slow
def test_payback_is_observed_first_and_expected_later(economics):
    table = economics.payback
    observed, ahead = (table[table["status"] == status] for status in ("observed", "expected"))
    assert observed["month"].max() == 6  # all customers were seen for 27 weeks or more, which is 6 months
    assert ahead["month"].min() == 9  # the oldest for 39 weeks
    assert values(observed, "value_lower") == pytest.approx(values(observed, "value"))
    assert set(values(observed, "probability_covered")) <= {0.0, 1.0}
    assert values(observed, "share_paid_back") == pytest.approx(values(observed, "observed_share"))
    assert ahead["observed_share"].isna().all()
    assert np.all(values(ahead, "value_lower") < values(ahead, "value_upper"))
    for _, group in table.groupby("channel"):
        assert np.all(np.diff(group["share_paid_back"]) > -0.05)  # charges may take a customer below the cost again


@pytest.mark.slow
def test_a_month_pays_back_when_the_value_covers_the_cost(economics):
    table, payback = economics.frame(), economics.payback
    for _, row in table.iterrows():
        mine = payback[payback["channel"] == row["channel"]]
        covered = mine.loc[mine["value"] >= mine["acquisition_cost"], "month"]
        assert (np.isnan(row["payback_month"]) and covered.empty) or row["payback_month"] == covered.min()


@pytest.mark.slow
def test_without_discounting_values_are_larger(models, history, economics):
    plain = clv.unit_economics(*models, history, costs=COSTS, by="channel", discounted=False, draws=20, **TERMS)
    assert np.all(values(plain.frame(), "value_at_acquisition") > values(economics.frame(), "value_at_acquisition"))
    assert "not discounted" in plain.text


# ---- cohort triangles --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_triangle_adds_up_to_the_log_and_to_the_forecast(models, history):
    table = clv.cohort_triangle(*models, history, horizon="6 months", margin=0.4, period="month")
    observed, ahead = (table[table["status"] == status] for status in ("observed", "expected"))
    log = history.purchase_log
    assert observed["orders"].sum() == int(log.up_to(history.cutoff).sum() - log.start[:-1].sum())
    assert observed["revenue"].sum() == pytest.approx(float(history.past_spend.sum()))
    purchases = models[0].expected_purchases(history.rfm, "6 months", by="total")["expected_purchases"]
    assert ahead["orders"].sum() == pytest.approx(float(purchases.iloc[0]), rel=1e-9)
    assert values(table, "margin") == pytest.approx(0.4 * values(table, "revenue"))
    assert np.all(table["repeat_buyers"] <= table["buyers"])
    assert np.all(table["buyers"] <= table["customers"])
    assert np.all(ahead["alive"] >= ahead["repeat_share"])
    assert observed["alive"].isna().all()
    assert not observed["partial"].any()


def test_the_words_of_a_triangle_by_hand(models, small):
    """Of the cohort of January one of one buys in January, none in February, one in March."""
    table = clv.cohort_triangle(*models, small, horizon="1 month", period="month")
    january = table[(table["cohort"] == "2024-01-01") & (table["status"] == "observed")]
    assert january["partial"].tolist() == [True, False, False]  # the log starts on January 10
    assert january["buyers"].tolist() == [1, 0, 1]
    assert january["repeat_share"].tolist() == [0, 0, 1]
    assert january["retention_proxy"].iloc[1] == 0  # of one buyer in January, none in February
    assert np.isnan(january["retention_proxy"].iloc[2])  # nobody bought in February


def test_the_period_of_the_cutoff_has_two_rows(models):
    log = pd.DataFrame({"customer_id": ["a", "a"], "date": ["2024-01-01", "2024-02-10"], "amount": [10.0, 20.0]})
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="2024-02-15")
    table = clv.cohort_triangle(*models, history, horizon="45 days", period="month")
    assert table["period"].tolist() == ["2024-01-01", "2024-02-01", "2024-02-16", "2024-03-01"]
    assert table["age"].tolist() == [0, 1, 1, 2]
    assert table["partial"].tolist() == [False, True, True, False]


# ---- invalid input -----------------------------------------------------------------------------------------


def test_invalid_arguments(models, history):
    def run(**options):
        return clv.unit_economics(*models, history, **{"costs": COSTS, "draws": 20, **TERMS, **options})

    with pytest.raises(InvalidOption, match="since activity is not observed"):
        run(costs=Costs(per_period=1.0, charged_while="alive"))
    with pytest.raises(InvalidOption, match="132 months, more than 120"):
        run(horizon="11 years")
    with pytest.raises(InvalidOption, match="by='country' is not one of"):
        run(by="country")
    with pytest.raises(InvalidOption, match=r"is not clv\.Costs"):
        run(costs=12.0)
    with pytest.raises(InvalidOption, match="EUR and USD cannot be added"):
        run(costs=Costs(acquisition=1.0, currency="EUR"), currency="USD")
    with pytest.raises(InvalidRFM, match="'search', which has no cost"):
        run(costs=Costs(acquisition={"channel": {"social": 1.0}}))
    with pytest.raises(InvalidOption, match="not a KnownHistory"):
        value_at_acquisition(*models, history.rfm, **TERMS)
    with pytest.raises(InvalidOption, match="needs groups"):
        value_at_acquisition(*models, history, interval=0.9, **TERMS)


@pytest.mark.slow
def test_groups_without_a_cost_or_payback_are_named(models, history):
    costs = Costs(acquisition={"channel": {"search": 500.0, "social": 0.0}})
    result = clv.unit_economics(*models, history, costs=costs, by="channel", draws=20, **TERMS)
    assert "No acquisition cost is known for social" in result.text
    assert "Not expected to pay back within 12 months: search." in result.text
    assert np.isnan(result.frame()["clv_to_cac"].iloc[1])


def test_a_history_without_amounts_is_refused(models):
    history = clv.KnownHistory.from_log(
        clv.datasets.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30"
    )
    with pytest.raises(InvalidOption, match=r"no (amounts|money)"):
        value_at_acquisition(*models, history, **TERMS)


@pytest.mark.slow
def test_unit_economics_without_an_interval_are_the_same_without_what_needs_draws(models, history, economics):
    plain = clv.unit_economics(*models, history, costs=COSTS, by="channel", interval=None, currency="USD", **TERMS)
    drawn = {"break_even_cac_lower", "break_even_cac_upper", "value_lower", "value_upper"}
    drawn |= {"probability_covered", "share_paid_back"}
    for table, with_interval in ((plain.groups, economics.groups), (plain.payback, economics.payback)):
        pd.testing.assert_frame_equal(table, with_interval.drop(columns=[n for n in with_interval if n in drawn]))
    of_intervals = {"total-interval-other-shops"}
    assert plain.findings == tuple(each for each in economics.findings if each.code not in of_intervals)


@pytest.mark.slow
def test_a_horizon_beyond_the_tested_ones_has_no_narrower_interval(models, history):
    """Errors of totals in other shops are known up to a year; beyond, the level is that of the longest tested."""

    def factors(horizon, ahead=None):
        terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=0.1, margin=0.35)
        customers = ValuedCustomers.of(*models, history.rfm, terms, None)
        return level_factors(customers, "history", 50, 0, ahead)

    year = factors("12 months")
    assert np.std(year) > 0.1
    assert np.array_equal(factors("5 years"), year)
    assert np.array_equal(factors("5 years", ahead=26.0), factors("26 weeks"))


@pytest.mark.slow
def test_unit_economics_of_a_sample_of_all_customers_are_those_of_the_whole(models, history, monkeypatch):
    options = {"costs": COSTS, "by": "channel", "draws": 20, **TERMS}
    whole = clv.unit_economics(*models, history, **options)
    monkeypatch.setattr(sampled_sums, "LARGEST_WHOLE", 10)
    monkeypatch.setattr(sampled_sums, "LEAST_OF_GROUP", 1e9)
    sampled = clv.unit_economics(*models, history, **options)
    assert "money-sampled-futures" in [finding.code for finding in sampled.findings]
    # Only customers with time ahead are drawn, so noise differs: of 20 draws of 2,357 customers, the standard error of
    # a share is at most .005.
    for name in ("observed_share", "value"):
        assert values(sampled.payback, name) == pytest.approx(values(whole.payback, name), nan_ok=True)
    seen = (whole.payback["status"] == "observed").to_numpy()
    assert values(sampled.payback, "share_paid_back")[seen] == pytest.approx(
        values(whole.payback, "observed_share")[seen]
    )
    assert values(sampled.payback, "share_paid_back") == pytest.approx(
        values(whole.payback, "share_paid_back"), abs=0.02
    )
