"""Tiers: complete and disjoint, independent of row order and currency, and stable without drifting in size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.decisions.tiering.assignment import NEW, assign_tiers
from clvmodels.decisions.tiering.boundaries import define_tiers, lowest_values, merge_near_ties, tier_of
from clvmodels.decisions.tiering.probabilities import tier_probabilities
from clvmodels.errors import InvalidOption, InvalidTable
from clvmodels.validation.tables.metrics import deciles

AMOUNTS = st.lists(st.integers(-3, 40), min_size=1, max_size=60)
RULES = st.sampled_from(["quantile", "cumulative_share", "thresholds"])
DEFINITIONS = {
    "quantile": define_tiers("quantile", (0.1, 0.3, 0.6), None),
    "cumulative_share": define_tiers("cumulative_share", None, None),
    "thresholds": define_tiers("thresholds", (20, 5, 0), None),
}


def values_of(amounts, **columns):
    return pd.DataFrame({"customer_id": np.arange(len(amounts)), "lifetime_value": np.array(amounts, float), **columns})


@pytest.mark.slow
@given(AMOUNTS, RULES, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_tiers_are_complete_fall_with_value_and_ignore_row_order_and_currency(amounts, rule, shuffle):
    definition = DEFINITIONS[rule]
    values = np.array(amounts, float)
    tier = tier_of(values, lowest_values(values, definition))
    assert tier.min() >= 0
    assert tier.max() < len(definition.names)
    assert all(len({*tier[values == value]}) == 1 for value in values)  # ties
    order = np.argsort(values)
    assert (np.diff(tier[order]) <= 0).all()
    rows = list(range(len(values)))
    shuffle.shuffle(rows)
    assert (tier_of(values[rows], lowest_values(values[rows], definition)) == tier[rows]).all()
    rate = 1.0837  # dollars per euro
    if rule == "thresholds":
        definition = define_tiers(rule, tuple(rate * limit for limit in definition.boundaries), None)
    money = merge_near_ties(values * rate)
    assert (tier_of(money, lowest_values(money, definition)) == tier).all()


@pytest.mark.slow
@given(AMOUNTS)
def test_tenths_are_the_deciles_of_validation(amounts):
    values = np.array(amounts, float)
    tenths = define_tiers("quantile", tuple(k / 10 for k in range(1, 10)), None)
    assert (tier_of(values, lowest_values(values, tenths)) == deciles(values) - 1).all()


@pytest.mark.slow
@given(st.data(), st.sampled_from([0.0, 0.2, 1.0]), st.sampled_from([0.0, 0.1, 0.3]))
@settings(max_examples=40)
def test_sizes_drift_within_the_limit_and_moves_need_evidence(data, evidence, drift):
    values = np.array(data.draw(st.lists(st.integers(-5, 30), min_size=1, max_size=80)), float)
    definition = DEFINITIONS["quantile"]
    lowest = lowest_values(values, definition)
    today = tier_of(values, lowest)
    published = np.array(data.draw(st.lists(st.integers(NEW, 3), min_size=len(values), max_size=len(values))))
    factor = np.array(data.draw(st.lists(st.sampled_from([0.8, 0.98, 1.0, 1.02, 1.5, np.nan]), min_size=len(values))))
    before = values * factor[: len(values)]
    tier = assign_tiers(values, published, lowest, evidence, drift, before)
    size, now = np.bincount(tier, minlength=4), np.bincount(today, minlength=4)
    assert (abs(size - now) <= drift * now + 1e-9).all()
    waits = tier[published == NEW] - today[published == NEW]
    assert np.isin(waits, (0, 1)).all()  # in the tier below, where today's is full
    assert (tier[published == today] == today[published == today]).all()
    if evidence == 0 or drift == 0:
        assert (tier == today).all()
    # Equal histories, that is equal values and published tiers, are treated alike.
    for value, at, then in {*zip(values, published, before, strict=True)}:
        alike = (values == value) & (published == at) & ((before == then) | (np.isnan(before) & np.isnan(then)))
        assert len({*tier[alike]}) <= 1
    assert (assign_tiers(values, tier, lowest, evidence, drift, values) == tier).all()  # publishing it changes nothing


def test_a_small_change_of_value_moves_no_customer():
    generator = np.random.default_rng(0)
    before = generator.lognormal(3, 1, 2_000)
    first = clv.tiers(values_of(before))
    second = clv.tiers(values_of(before * generator.uniform(0.97, 1.03, len(before))), published=first.frame())
    changed = second.frame()
    assert (changed["tier_assigned"] != first.frame()["tier_assigned"]).mean() < 0.002
    assert (changed["tier_today"] != first.frame()["tier_today"]).mean() > 0.005


def test_probabilities_add_up_and_follow_each_draws_own_boundaries():
    draws = np.array([[9.0, 5.0, 1.0, 0.0], [0.0, 0.0, 0.0, 7.0], [0.0, 0.0, 0.0, 0.0]], dtype=np.float32)
    chances = tier_probabilities(draws, define_tiers("quantile", (0.25, 0.75), ["a", "b", "c"]))
    assert np.allclose(chances.sum(axis=0), 1)
    # By hand: boundaries are at places 1 and 3; in the second draw three customers share the place 2 of the middle, in
    # the third all four share the place 1.5.
    assert np.allclose(chances[0] * 3, [1, 0, 0, 1])
    assert np.allclose(chances[1] * 3, [2, 3, 3, 1])
    assert np.allclose(chances[2] * 3, [0, 0, 0, 1])


def test_the_lists_and_the_migration_add_up():
    published = pd.DataFrame({"customer_id": [0, 1, 2, 9], "tier_assigned": ["A", "B", "B", "A"]})
    result = clv.tiers(values_of([1.0, 50.0, 2.0, 60.0]), boundaries=[0.5], published=published)
    frame = result.frame()
    assert frame["change"].tolist() == ["fallen", "risen", "same", "new"]
    assert result.moved("risen")["customer_id"].tolist() == [1]
    assert result.moved("lost")["customer_id"].tolist() == [9]
    table = result.migration
    assert table["customers"].sum() == 5
    assert table.loc[table["assigned"].notna(), "customers"].sum() == len(frame)
    assert table["value"].sum() == frame["lifetime_value"].sum()
    assert {finding.code for finding in result.findings} >= {"tiers-changed", "tiers-new-and-lost"}


def test_everybody_alike_one_customer_missing_and_negative_values():
    assert clv.tiers(values_of([7.0] * 9)).frame()["tier_today"].tolist() == ["C"] * 9  # the tier of the middle
    assert clv.tiers(values_of([7.0])).frame()["tier_today"].tolist() == ["A"]
    result = clv.tiers(values_of([5.0, np.nan, -2.0]), rule="cumulative_share")
    assert result.columns["tier_assigned"].tolist() == ["A", None, "C"]
    assert {finding.code for finding in result.findings} == {
        "tiers-made",
        "tiers-no-value",
        "tiers-negative",
        "tiers-empty",
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "quantiles"}, "rule='quantiles' is not one of .* Did you mean 'quantile'"),
        ({"rule": "thresholds"}, "needs boundaries="),
        ({"rule": "thresholds", "boundaries": [1, 5]}, "must fall"),
        ({"boundaries": [0.5, 0.2]}, "must be shares between 0 and 1 that rise"),
        ({"boundaries": [0.5], "names": ["a"]}, "has 1 names, but 1 boundaries make 2 tiers"),
        ({"boundaries": [0.5], "names": ["a", "a"]}, "must be different texts"),
        ({"names": "ABCD"}, "must be a list of names"),
        ({"evidence": -1}, "evidence=-1 must be a share"),
        ({"draws": 3}, "must be what value_draws"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(InvalidOption, match=message):
        clv.tiers(values_of([1.0, 2.0]), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column": "lifetime_valu"}, "no column 'lifetime_valu'.*Did you mean 'lifetime_value'"),
        ({"column": "name"}, "must be numeric"),
        ({"column": "infinite"}, r"1 of 2 customers of values= has an infinite 'infinite' \(first: 1\)"),
        ({"column": "none"}, "No customer of values= has a value"),
        ({"published": pd.DataFrame({"customer_id": [0], "tier_assigned": ["Z"]})}, "has the tier 'Z'"),
        ({"published": pd.DataFrame({"customer_id": ["0"], "tier_assigned": ["A"]})}, "convert one of them"),
        ({"published": pd.DataFrame({"customer_id": [0, 0], "tier_assigned": ["A", "B"]})}, "more than once"),
    ],
)
def test_wrong_tables_are_refused(options, message):
    values = values_of([1.0, 2.0], name=["x", "y"], infinite=[1, np.inf], none=[np.nan, np.nan])
    with pytest.raises(InvalidTable, match=message):
        clv.tiers(values, **options)


@pytest.mark.slow
def test_every_kind_of_frame_is_read_and_returned(engine, given_in):
    import polars as pl

    from clvmodels import frames

    values = pl.DataFrame({"customer_id": ["x", "y", "z"], "lifetime_value": [3.0, 2.0, 1.0]})
    result = clv.tiers(given_in(values, engine), boundaries=[0.5])
    assert {*frames.column_names(result.frame())} == {"customer_id", "lifetime_value", "tier_today", "tier_assigned"}
    assert result.columns["tier_today"].tolist() == ["A", "A", "B"]  # the middle customer's place is below one half


@pytest.fixture(scope="module")
def fitted():
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    return clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm


TERMS = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}


@pytest.mark.slow
def test_the_mean_of_joint_draws_is_the_expected_value(fitted):
    purchases, spend, rfm = fitted
    for timing in ("continuous", "period_end"):
        terms = TERMS | {"discounting": timing}
        drawn = clv.value_draws(*fitted, **terms, draws=150).values
        total, expected = drawn.sum(axis=1), clv.lifetime_value(*fitted, **terms)["lifetime_value"].sum()
        # Four standard errors of the mean of 150 totals, which include the doubt about the parameters.
        assert abs(total.mean() - expected) < 4 * total.std() / 150**0.5
    again = clv.value_draws(purchases, spend, rfm[::-1], **TERMS, draws=20).values[:, ::-1]
    assert (again == clv.value_draws(*fitted, **TERMS, draws=20).values).all()


@pytest.mark.slow
def test_money_in_another_currency_changes_no_tier(fitted):
    value, draws = clv.lifetime_value(*fitted, **TERMS), clv.value_draws(*fitted, **TERMS, draws=40)
    result = clv.tiers(value, draws=draws)
    dollars = value.assign(lifetime_value=value["lifetime_value"] * 1.1)
    again = clv.tiers(dollars, draws=draws)
    assert result.frame()["tier_today"].tolist() == again.frame()["tier_today"].tolist()
    chances = result.frame().filter(like="probability_")
    assert np.allclose(chances.sum(axis=1), 1)
    with pytest.raises(InvalidTable, match="no draws"):
        clv.tiers(value.assign(customer_id=value["customer_id"] + 1), draws=draws)


@pytest.mark.slow
def test_own_rates_place_customers_more_surely_than_outcomes(fitted):
    value, outcomes = clv.lifetime_value(*fitted, **TERMS), clv.value_draws(*fitted, **TERMS, draws=60)
    rates = clv.value_draws(*fitted, **TERMS, draws=60, of="own_rate")
    total, expected = rates.values.sum(axis=1), value["lifetime_value"].sum()
    assert abs(total.mean() - expected) < 4 * total.std() / 60**0.5  # four standard errors
    frame = clv.tiers(value, draws=outcomes, own_rate_draws=rates).frame()
    chances = frame.filter(like="own_rate_probability_")
    assert np.allclose(chances.sum(axis=1), 1)
    best = frame["tier_today"] == "A"
    assert chances["own_rate_probability_A"][best].mean() > frame["probability_A"][best].mean()
    with pytest.raises(InvalidOption, match=r"pass those of value_draws.*own_rate"):
        clv.tiers(value, own_rate_draws=outcomes)
    with pytest.raises(InvalidOption, match="of='rate' is not one of"):
        clv.value_draws(*fitted, **TERMS, of="rate")


# Ten customers published above a boundary of 10 and twenty far below it; a difference of a tenth allows one customer.
ABOVE, BELOW = [15.0] * 10, [5.0] * 20


def assigned_to(values, published, before=None):
    """Return the tiers of further customers, 0 above the boundary and 1 below it; -1 were not published."""
    values, published = np.array([*ABOVE, *BELOW, *values]), np.array([0] * 10 + [1] * 20 + published)
    earlier = None if before is None else np.array([*ABOVE, *BELOW, *before])
    return assign_tiers(values, published, np.array([10.0]), 0.2, 0.1, earlier)[30:].tolist()


def test_a_rise_needs_a_value_that_rose():
    """Of 12 places today 13 may be taken, at least 11; 10 stay above."""
    assert assigned_to([11.0, 10.2], [1, 1], [9.0, 9.5]) == [0, 0]
    assert assigned_to([11.0, 10.2], [1, 1], [11.1, 9.5]) == [1, 0]  # the first did not rise
    assert assigned_to([11.0, 10.2], [1, 1], [9.0, 10.1]) == [0, 1]  # by 1 %, to 2 % above the boundary
    assert assigned_to([11.0, 10.4], [1, 1], [9.0, 10.3]) == [0, 0]  # by 1 %, to 4 % above it
    assert assigned_to([11.0, 10.2], [1, 1], [11.1, 10.3]) == [0, 1]  # one place has to be taken, by the better one
    assert assigned_to([11.0, 10.2], [1, 1]) == [0, 1]  # not known: 3 % above the boundary


def test_a_fall_needs_a_low_value_or_a_place_that_is_needed():
    assert assigned_to([8.5, 7.9], [0, 0]) == [0, 1]
    assert assigned_to([8.5, 11.0, 11.0], [0, 1, 1], [9.0, 9.0, 9.0]) == [0, 0, 0]
    assert assigned_to([9.0, 8.5, 11.0], [0, 0, 1], [9.0, 9.0, 9.0]) == [0, 1, 0]  # the lower of the two makes room


def test_customers_without_a_published_tier_wait_before_anybody_falls():
    """Of 13 places today 14 may be taken: 10 stay above, 2 lag behind, and 3 arrive."""
    assert assigned_to([9.0, 9.0, 13.0, 11.5, 11.0], [0, 0, -1, -1, -1]) == [0, 0, 0, 0, 1]
    assert assigned_to([9.0, 8.5, 13.0, 12.5, 12.0], [0, 0, -1, -1, -1]) == [0, 0, 0, 0, 1]
    assert assigned_to([13.0, 11.5, 11.0], [-1, -1, -1]) == [0, 0, 0]


def test_published_values_with_other_terms_are_not_compared():
    terms = {"rule": "thresholds", "boundaries": [55], "drift": 1.0}
    first = clv.tiers(values_of([100.0, 60.0, 50.0, 10.0]), **terms).frame()
    now = values_of([100.0, 48.0, 61.0, 10.0])  # the third rose, the second fell
    for published, caution in (
        (first[["customer_id", "tier_assigned"]], []),
        (first.assign(lifetime_value=first["lifetime_value"] * 9), ["tiers-other-terms"]),
    ):
        result = clv.tiers(now, published=published, **terms)
        assert result.frame()["tier_assigned"].tolist() == ["A", "A", "A", "B"]
        assert [finding.code for finding in result.findings if finding.severity == "caution"] == caution
