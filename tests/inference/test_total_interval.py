"""The interval of a total: its parts, its properties, and every invalid argument."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from clvmodels.errors import InvalidOption
from clvmodels.inference.totals.learned_level import WindowTotal, learned_level
from clvmodels.inference.totals.reference_class import ReferenceClass, disjoint_windows
from clvmodels.inference.totals.total_interval import own_variance, total_interval

SHOPS = ("a", "b", "c", "d")
REFERENCE = ReferenceClass("purchases", "bgnbd", SHOPS, usual_variance=0.0164, growth=0.25, longest_days=365.0)
OWN = {"chance": 0.001, "parameters": 0.0004}
positive = st.floats(1e-3, 1e3)
variances = st.floats(0, 0.1)


def windows(ratios, days=91.0, step=None, expected=1000.0):
    """Return windows that end at the cutoff, half a window earlier, and so on."""
    step = days / 2 if step is None else step
    return [WindowTotal(-days - i * step, -i * step, expected * r, expected) for i, r in enumerate(ratios)]


@st.composite
def histories(draw):
    days = draw(st.sampled_from([30.0, 91.0, 182.0]))
    ratios = draw(st.lists(st.floats(0.3, 3), max_size=4))
    return windows(ratios, days, draw(st.sampled_from([days / 2, days])), draw(st.floats(5, 1e5)))


@st.composite
def references(draw):
    variance, growth = draw(st.floats(0, 0.1)), draw(st.floats(0, 2))
    return ReferenceClass("purchases", None, SHOPS[: draw(st.integers(2, 4))], variance, growth, 365.0)


def width(total, level=0.9):
    """Return the logarithm of the ratio of the ends."""
    lower, upper = total.interval(level)
    return math.log((upper + 0.5 * total.order_value) / (lower + 0.5 * total.order_value))


# ---- the formulas ------------------------------------------------------------------------------------------------


def test_without_windows_only_the_reference_class_applies_and_a_finding_says_so():
    total = total_interval(1000, 91, **OWN, reference=REFERENCE)
    assert total.parts == {"chance": 0.001, "parameters": 0.0004, "history": 0.0, "reference": 0.0164, "season": 0.0}
    assert (total.point, total.degrees_of_freedom) == (1000, 4)
    assert [finding.code for finding in total.findings] == ["total-interval-no-windows"]


def test_without_chance_the_interval_is_that_of_a_t_distribution():
    total = total_interval(1000, 91, chance=0, parameters=0, reference=REFERENCE)
    half = stats.t(4).ppf(0.95) * math.sqrt(0.0164)
    # 128 nodes integrate over chi-square; with 4 degrees of freedom its inverse is steep near 0.
    assert total.interval(0.9) == pytest.approx([1000.5 * math.exp(s * half) - 0.5 for s in (-1, 1)], rel=1e-5)


def test_without_a_level_the_interval_is_normal():
    total = total_interval(1000, 91, **OWN, reference=replace(REFERENCE, usual_variance=0.0))
    half = stats.norm.ppf(0.95) * math.sqrt(0.0014)
    assert total.interval(0.9) == pytest.approx([1000.5 * math.exp(s * half) - 0.5 for s in (-1, 1)])


def test_the_interval_is_the_quantile_of_a_normal_and_a_t_draw_added_up():
    total = total_interval(1000, 91, chance=0.01, parameters=0.002, reference=REFERENCE)
    generator = np.random.default_rng(1)
    n = 400_000
    own = generator.standard_normal(n) * math.sqrt(0.012)
    level = generator.standard_t(4, n) * math.sqrt(0.0164)
    for central in (0.5, 0.9, 0.99):
        expected = np.quantile(np.exp(own + level) * 1000.5 - 0.5, [(1 - central) / 2, (1 + central) / 2])
        # The standard error of these quantiles is .1 % at 90 %, and .4 % at 99 %.
        assert total.interval(central) == pytest.approx(expected, rel=0.012)


def test_doubt_about_the_season_adds_to_the_normal_part_and_is_shared_by_all_customers():
    total = total_interval(1000, 91, chance=0.001, parameters=0.0004, season=0.01, reference=REFERENCE)
    same = total_interval(1000, 91, chance=0.011, parameters=0.0004, reference=REFERENCE)
    assert total.interval(0.9) == pytest.approx(same.interval(0.9), rel=1e-12)
    assert total.parts["season"] == 0.01
    assert "total-interval-season" in [finding.code for finding in total.findings]
    alone = replace(total, reference=0.0, degrees_of_freedom=math.inf)
    # Stratified draws of a normal distribution: their spread is that of the distribution.
    assert np.log(alone.level_draws(1, 4_000)).std() == pytest.approx(0.1, rel=0.01)
    with pytest.raises(InvalidOption, match="season=-1 must be a variance"):
        total_interval(1000, 91, **OWN, season=-1, reference=REFERENCE)


def test_variances_of_the_reference_class_grow_with_the_horizon():
    total = total_interval(1000, 182, **OWN, reference=REFERENCE)
    assert total.reference == pytest.approx(0.0164 * 2**0.25)


def test_beyond_the_longest_horizon_the_interval_is_the_models_own_and_a_finding_says_so():
    total = total_interval(1000, 730, **OWN, reference=REFERENCE, windows=windows([1.1, 1.1]))
    assert (total.history, total.reference, total.degrees_of_freedom) == (0, 0, math.inf)
    assert width(total) == pytest.approx(2 * stats.norm.ppf(0.95) * math.sqrt(0.0014))
    assert "total-interval-not-tested" in [finding.code for finding in total.findings]


def test_twelve_months_are_not_beyond_a_horizon_of_365_days():
    assert REFERENCE.covers(365.25)
    assert not REFERENCE.covers(400)


def test_one_window_by_hand():
    """One window of the horizon's length, whose spread says nothing: the reference class gives s^2 as well."""
    power = 0.0164 / (0.0164 + (0.0164 + 0.001) + 0.0004)
    total = total_interval(1000, 91, **OWN, reference=replace(REFERENCE, growth=0.0), windows=windows([1.4]))
    log_ratio = math.log(1400.5 / 1000.5)
    assert total.level.power == pytest.approx(power)
    assert total.point == pytest.approx(1000 * math.exp(power * log_ratio))
    excess = ((1 - power) * log_ratio) ** 2 * (1 + power) / (1 - power) - 0.0014
    freedom = (1 - power) * (0.0164 / (0.0164 + 0.0014)) ** 2
    assert total.history == pytest.approx(freedom * excess / (4 + freedom))
    assert total.reference == pytest.approx(4 * 0.0164 / (4 + freedom))
    assert total.degrees_of_freedom == pytest.approx(4 + freedom)


def test_two_disjoint_windows_by_hand():
    total = total_interval(1000, 182, **OWN, reference=REFERENCE, windows=windows([1.1, 1.3], step=91), rule="weeks")
    errors, power = np.log(np.array([1100.5, 1300.5]) / 1000.5), 26 / 34
    level = math.log(2401 / 2001)
    about_level = ((errors - level) ** 2).mean() + ((1 - power) * level) ** 2
    excess = about_level * (1 + power / 2) / (1 - power / 2) - 0.0014
    usual = 0.0164 / (0.0164 + (0.0164 + 0.001) / 2 + 0.0004)
    freedom = 2 * (1 - usual / 2) * (0.0164 / (0.0164 + 0.0014)) ** 2
    assert total.level.power == pytest.approx(power)
    assert total.history == pytest.approx(freedom * excess * 2**0.25 / (4 + freedom), rel=1e-3)
    assert total.reference == pytest.approx(4 * 0.0164 * 2**0.25 / (4 + freedom), rel=1e-3)


def test_the_power_by_weeks_counts_covered_weeks_once():
    overlapping = windows([1.1, 1.1, 1.1], days=70, step=35)  # 20 weeks
    level = learned_level(1000, overlapping, REFERENCE, **OWN, rule="weeks")
    assert level.power == pytest.approx(20 / 28)


def test_nothing_is_learned_about_the_level_from_windows_under_two_months():
    total = total_interval(1000, 30, **OWN, reference=REFERENCE, windows=windows([1.4, 1.4], days=30))
    assert (total.level.power, total.point) == (0, 1000)
    assert [finding.code for finding in total.findings] == ["total-interval-short-windows"]
    on_time = total_interval(1000, 30, **OWN, reference=REFERENCE, windows=windows([1.0, 1.0], days=30))
    assert total.history > on_time.history  # but they do show that totals were far off


def test_the_level_is_learned_from_agreeing_windows_more_than_from_others():
    agree, differ = (
        learned_level(1000, windows(ratios, step=91), REFERENCE, **OWN) for ratios in ([1.2, 1.2], [0.9, 1.5])
    )
    assert agree.power > differ.power
    assert agree.ratio == pytest.approx(differ.ratio)


def test_disjoint_windows_count_fully_and_identical_ones_once():
    begin = np.array([0.0, 10.0, 20.0])
    assert disjoint_windows(begin, begin + 10) == (3, 3)
    assert disjoint_windows(begin * 0, begin * 0 + 10) == (1, 1)


def test_own_variance_inverts_a_lognormal_interval():
    ends = 200.5 * np.exp(np.array([-1, 1]) * 0.1 * stats.norm.ppf(0.9)) - 0.5
    assert own_variance(*ends, level=0.8) == pytest.approx(0.01)


# ---- properties --------------------------------------------------------------------------------------------------

CASES = {"expected": st.floats(0, 1e6), "days": st.floats(1, 400), "chance": variances, "parameters": variances}


@pytest.mark.slow
@settings(deadline=None)
@given(**CASES, past=histories(), reference=references(), rule=st.sampled_from(["spread", "weeks", "none"]))
def test_the_interval_contains_the_point_is_nested_and_never_narrower_than_the_models(
    expected, days, chance, parameters, past, reference, rule
):
    total = total_interval(
        expected, days, chance=chance, parameters=parameters, reference=reference, windows=past, rule=rule
    )
    levels = [0.5, 0.8, 0.9, 0.99]
    ends = np.array([total.interval(level) for level in levels])
    assert np.isfinite(ends).all()
    slack = 1e-9 * (1 + total.point)  # rounding of exp and log
    assert (ends[:, 0] <= total.point + slack).all()
    assert (ends[:, 1] >= total.point - slack).all()
    assert (np.diff(ends[:, 0]) <= slack).all()
    assert (np.diff(ends[:, 1]) >= -slack).all()
    own = 2 * stats.norm.ppf(0.95) * math.sqrt(chance + parameters)
    upper = math.log((total.interval(0.9)[1] + 0.5) / (total.point + 0.5))
    assert upper >= own / 2 - 1e-9
    assert all(part >= 0 for part in total.parts.values())
    assert 0 <= total.level.power < 1
    assert total.degrees_of_freedom >= len(reference.shops)


@pytest.mark.slow
@settings(deadline=None)
@given(
    spread=st.floats(0, 0.5),
    more=st.floats(0, 0.5),
    reference=references(),
    days=st.floats(28, 365),
    rule=st.sampled_from(["spread", "weeks", "none"]),
)
def test_the_interval_widens_with_the_spread_of_earlier_windows(spread, more, reference, days, rule):
    """Two windows whose actual totals add up to what was expected: the level stays at 1."""
    narrow, wide = (
        total_interval(
            1000, days, **OWN, reference=reference, windows=windows([1 - away, 1 + away], step=91), rule=rule
        )
        for away in (min(spread, more), max(spread, more))
    )
    assert width(narrow) <= width(wide) + 1e-9


@pytest.mark.slow
@settings(deadline=None)
@given(**CASES, past=histories(), reference=references(), unit=positive, order_value=positive)
def test_the_currency_changes_nothing(expected, days, chance, parameters, past, reference, unit, order_value):
    """Half an order is half of the order value, so that money in another currency gives the same interval."""
    one, other = (
        total_interval(
            expected * scale,
            days,
            chance=chance,
            parameters=parameters,
            reference=reference,
            windows=[
                replace(window, actual=window.actual * scale, expected=window.expected * scale) for window in past
            ],
            order_value=order_value * scale,
        )
        for scale in (1.0, unit)
    )
    assert other.level.factor == pytest.approx(one.level.factor, rel=1e-9)
    ends = np.array(one.interval(0.9)) * unit
    assert other.interval(0.9) == pytest.approx(ends, rel=1e-6, abs=1e-6 * unit * order_value)


def test_no_variance_is_too_small_to_be_divided_by():
    least = ReferenceClass("purchases", None, ("a", "b"), usual_variance=5e-324, growth=0.0, longest_days=365.0)
    interval = total_interval(100.0, 91, chance=0.0, parameters=0.0, reference=least)
    assert interval.interval(0.9) == pytest.approx((100.0, 100.0))


@pytest.mark.slow
@settings(deadline=None)
@given(past=histories(), reference=references(), order=st.randoms())
def test_the_order_of_windows_changes_nothing(past, reference, order):
    mixed = past.copy()
    order.shuffle(mixed)
    one, other = (total_interval(500, 91, **OWN, reference=reference, windows=each) for each in (past, mixed))
    assert other.interval(0.9) == pytest.approx(one.interval(0.9), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("past", [[], windows([1.3, 0.9, 1.1])], ids=["no windows", "three windows"])
def test_draws_of_the_level_with_draws_of_the_model_have_the_quantiles_of_the_interval(past):
    total = total_interval(1000, 91, **OWN, reference=REFERENCE, windows=past)
    n = 200_000
    level = total.level_draws(7, n)
    own = np.exp(np.random.default_rng(2).standard_normal(n) * math.sqrt(sum(OWN.values())))
    drawn = np.quantile(1000.5 * own * level - 0.5, [0.05, 0.95])
    # The standard error of a 5 % quantile of 200,000 draws is about .1 % of the total here.
    assert total.interval(0.9) == pytest.approx(drawn, rel=0.005)
    assert np.array_equal(level, total.level_draws(7, n))


def test_groups_drawn_with_the_same_factors_add_up():
    total = total_interval(1000, 91, **OWN, reference=REFERENCE)
    draws = total.level_draws(3, 50)
    groups = np.array([[300.0], [700.0]]) * draws
    assert groups.sum(axis=0) == pytest.approx(1000 * draws)


# ---- extremes and errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", [0, 0.3, 1e12])
@pytest.mark.parametrize("window", [(0, 0), (0, 50), (50, 0), (1e12, 1e12)])
def test_totals_of_zero_give_a_finite_interval(expected, window):
    past = [WindowTotal(-100, 0, *window)]
    lower, upper = total_interval(expected, 91, **OWN, reference=REFERENCE, windows=past).interval(0.9)
    assert 0 <= lower <= upper < math.inf


def test_every_invalid_argument_is_listed_in_one_error():
    bad = [WindowTotal(-10, 5, 1, 1), WindowTotal(-10, 0, float("nan"), -1), "window"]
    with pytest.raises(InvalidOption) as error:
        total_interval(
            float("nan"), 0, chance=-1, parameters="x", reference=REFERENCE, windows=bad, order_value=0, rule="half"
        )
    text = str(error.value)
    for part in (
        "expected=nan must be a number, 0 or more",
        "horizon_days=0 must be positive",
        "chance=-1 must be",
        "parameters='x' must be",
        "order_value=0 must be a positive number",
        "rule='half' is not one of 'spread', 'weeks', 'none'",
        "windows[0]: begin=-10 and end=5 must be days before the cutoff, in this order",
        "windows[1]: actual=nan must be a number, 0 or more",
        "windows[1]: expected=-1 must be a number, 0 or more",
        "windows[2]: must be a WindowTotal, not str",
    ):
        assert part in text


@pytest.mark.parametrize("level", [0, 1, -0.5, float("nan"), "0.9", True])
def test_a_level_outside_0_and_1_is_refused(level):
    with pytest.raises(InvalidOption, match="level="):
        total_interval(1, 91, **OWN, reference=REFERENCE).interval(level)


@pytest.mark.parametrize("n", [0, 1.5, -1, "many", True])
def test_an_invalid_number_of_draws_is_refused(n):
    with pytest.raises(InvalidOption, match="n="):
        total_interval(1, 91, **OWN, reference=REFERENCE).level_draws(0, n)


def test_ends_that_are_not_an_interval_are_refused():
    with pytest.raises(InvalidOption, match="lower=5 and upper=3"):
        own_variance(5, 3)
    with pytest.raises(InvalidOption, match="upper=nan must be a number"):
        own_variance(5, float("nan"))
