"""Scorecards: exact splits, weights from every source, frozen definitions, and an honest comparison."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.decisions.scorecards.pairwise import pairwise_weights
from clvmodels.decisions.scorecards.weights import entropy_weights, learned_weights
from clvmodels.errors import InvalidModelFile, InvalidOption, InvalidTable

SIZE = 400
GENERATOR = np.random.default_rng(3)
CUSTOMERS = pd.DataFrame(
    {
        "customer_id": np.arange(SIZE),
        "frequency": GENERATOR.poisson(2, SIZE),
        "lifetime_value": GENERATOR.lognormal(3, 1, SIZE),
        "satisfaction": GENERATOR.normal(7, 1, SIZE),
        "days_late": GENERATOR.exponential(5, SIZE),
    }
)
INDICATORS = [
    clv.Indicator("frequency", "loyalty"),
    clv.Indicator("satisfaction", "loyalty", scale="range"),
    clv.Indicator("lifetime_value", "value"),
    clv.Indicator("days_late", "credit", direction="lower"),
]
DIMENSIONS = {"loyalty": 0.3, "value": 0.5, "credit": 0.2}
# Distances of cities from Philadelphia, judged in pairs, with weights and the largest eigenvalue: Saaty (1977), "A
# Scaling Method for Priorities in Hierarchical Structures", Journal of Mathematical Psychology 15, p. 248.
CITIES = ("Cairo", "Tokyo", "Chicago", "San Francisco", "London", "Montreal")
DISTANCES = [
    [1 / 3, 8, 3, 3, 7],
    [9, 3, 3, 9],
    [1 / 6, 1 / 5, 2],
    [1 / 3, 6],
    [6],
]
PUBLISHED = [0.263, 0.397, 0.033, 0.116, 0.164, 0.027]


def later(table, seed=5):
    generator = np.random.default_rng(seed)
    return table.assign(
        frequency=table["frequency"] + generator.poisson(1, len(table)),
        lifetime_value=table["lifetime_value"] * generator.lognormal(0, 0.3, len(table)),
    )


def test_the_score_by_hand():
    table = pd.DataFrame({"customer_id": ["a", "b", "c"], "x": [1.0, 5.0, 3.0], "y": [10.0, np.nan, 30.0]})
    indicators = [
        clv.Indicator("x", "one", scale="range", lowest=0, highest=4),
        clv.Indicator("y", "two", direction="lower", missing="worst"),
    ]
    result = clv.scorecard(table, indicators, weights={"one": 0.75, "two": 0.25})
    # x: 1/4, 1 (beyond the end), 3/4; y: places 1/4 and 3/4, lower is better, missing is 0.
    expected = [100 * (0.75 * x + 0.25 * y) for x, y in ((0.25, 0.75), (1.0, 0.0), (0.75, 0.25))]
    np.testing.assert_allclose(result.frame()["scorecard_score"], expected)
    assert result.weights["customers_missing"].tolist() == [0, 1]
    assert "scorecard-missing" in {finding.code for finding in result.findings}


def test_a_benchmark_is_subtracted():
    table = CUSTOMERS.assign(target=CUSTOMERS["satisfaction"] - 1.0)
    indicators = [clv.Indicator("satisfaction", "loyalty", benchmark="target"), INDICATORS[2]]
    result = clv.scorecard(table, indicators)
    assert np.ptp(result.scores[:, 1]) > 0.9
    expected = CUSTOMERS.assign(satisfaction=CUSTOMERS["satisfaction"] - table["target"])
    plain = clv.scorecard(expected, [clv.Indicator("satisfaction", "loyalty"), INDICATORS[2]])
    np.testing.assert_array_equal(result.scores, plain.scores)


@pytest.mark.parametrize("weights", ["equal", "entropy", "learned", DIMENSIONS])
def test_weights_add_up_on_both_levels_and_scores_stay_within_limits(weights):
    table = CUSTOMERS.assign(spend=np.maximum(CUSTOMERS["lifetime_value"] - 20, 0))
    result = clv.scorecard(table, INDICATORS, weights=weights, outcome="spend" if weights == "learned" else None)
    rows = result.weights
    assert rows["weight"].sum() == pytest.approx(1)
    assert (rows["weight"] >= 0).all()
    assert rows.groupby("dimension")["weight_within"].sum().to_numpy() == pytest.approx(1)
    score = result.frame()["scorecard_score"]
    assert score.between(0, 100).all()
    parts = result.frame()[[f"score_{name}" for name in ("loyalty", "value", "credit")]].to_numpy()
    outer = [result.definition.weights.dimensions[name] for name in ("loyalty", "value", "credit")]
    np.testing.assert_allclose(parts @ outer, score)


def test_neither_the_order_of_rows_nor_the_currency_changes_a_score():
    first = clv.scorecard(CUSTOMERS, INDICATORS).frame()
    turned = clv.scorecard(CUSTOMERS[::-1], INDICATORS).frame()[::-1]
    dollars = CUSTOMERS.assign(lifetime_value=CUSTOMERS["lifetime_value"] * 1.37)
    for other in (turned, clv.scorecard(dollars, INDICATORS).frame()):
        np.testing.assert_allclose(first["scorecard_score"], other["scorecard_score"], rtol=1e-12)
        assert first["scorecard_tier"].tolist() == other["scorecard_tier"].tolist()


def test_equal_customers_have_equal_scores():
    twice = pd.concat([CUSTOMERS, CUSTOMERS.assign(customer_id=CUSTOMERS["customer_id"] + SIZE)])
    score = clv.scorecard(twice, INDICATORS).frame()["scorecard_score"].to_numpy()
    np.testing.assert_array_equal(score[:SIZE], score[SIZE:])


def test_judgments_of_pairs_have_the_published_weights():
    pairs = {
        (CITIES[row], CITIES[row + 1 + place]): value
        for row, values in enumerate(DISTANCES)
        for place, value in enumerate(values)
    }
    weights, ratio = pairwise_weights(pairs, CITIES, "weights")
    np.testing.assert_allclose(weights, PUBLISHED, atol=1.2e-3)  # rounded to three digits, by hand in 1977
    assert ratio == pytest.approx((6.454 - 6) / 5 / 1.24, abs=1e-3)


def test_judgments_that_contradict_each_other_are_reported():
    cycle = {("loyalty", "value"): 5, ("value", "credit"): 5, ("credit", "loyalty"): 5}
    findings = {finding.code: finding for finding in clv.scorecard(CUSTOMERS, INDICATORS, weights=cycle).findings}
    assert findings["scorecard-inconsistent"].figures["ratio"] > 1
    consistent = {("loyalty", "value"): 1 / 2, ("value", "credit"): 4, ("loyalty", "credit"): 2}
    result = clv.scorecard(CUSTOMERS, INDICATORS, weights=consistent)
    assert [*result.definition.weights.dimensions.values()] == pytest.approx([2 / 7, 4 / 7, 1 / 7])
    assert result.definition.weights.consistency["dimensions"] == pytest.approx(0, abs=1e-9)


def test_entropy_gives_more_weight_to_what_differs_more():
    scores = np.stack([np.linspace(0, 1, 50), np.linspace(0.4, 0.6, 50), np.full(50, 0.3)], axis=1)
    weights = entropy_weights(scores)
    assert weights[0] > weights[1] > weights[2] == 0
    np.testing.assert_allclose(entropy_weights(scores[:, 2:].repeat(2, axis=1)), 0.5)


def test_learned_weights_find_what_sorts_and_are_damped_toward_equal_ones():
    scores = np.random.default_rng(0).random((3000, 3))
    outcome = 3 * scores[:, 0] + scores[:, 1] - scores[:, 2]
    even = np.full(3, 1 / 3)
    weights = learned_weights(scores, outcome, even, 1e-6)
    assert weights[2] == 0
    assert weights[0] / weights[1] == pytest.approx(3, rel=0.1)
    np.testing.assert_allclose(learned_weights(scores, outcome, even, 1e9), even, atol=1e-6)


@pytest.mark.slow
def test_a_saved_definition_scores_alike_and_damage_is_noticed(tmp_path):
    result = clv.scorecard(CUSTOMERS, INDICATORS, weights=DIMENSIONS)
    path = tmp_path / "scorecard.json"
    result.definition.save(path)
    definition = clv.ScorecardDefinition.load(path)
    assert definition == result.definition
    one = CUSTOMERS.iloc[[7]]  # scored by the scales of all customers
    assert clv.scorecard(one, definition).frame()["scorecard_score"].item() == result.columns["scorecard_score"][7]
    assert clv.scorecard(CUSTOMERS, definition, weights="equal").definition.version != definition.version
    path.write_text(path.read_text(encoding="utf-8").replace("0.3", "0.4"), encoding="utf-8")
    with pytest.raises(InvalidModelFile, match="checksum"):
        clv.ScorecardDefinition.load(path)


@pytest.mark.slow
def test_the_change_splits_exactly_into_customers_and_weights():
    before = clv.scorecard(CUSTOMERS, INDICATORS, weights=DIMENSIONS)
    now = clv.scorecard(later(CUSTOMERS)[50:], before.definition, weights="equal")
    change = now.change(before)
    assert len(change) == SIZE - 50
    np.testing.assert_allclose(change["from_customer"] + change["from_weights"], change["change"])
    np.testing.assert_allclose(change["scorecard_score"] - change["score_earlier"], change["change"], atol=1e-10)
    same = clv.scorecard(CUSTOMERS, before.definition, weights="equal").change(before)
    assert (same["from_customer"] == 0).all()
    frozen = clv.scorecard(later(CUSTOMERS), before.definition).change(before)
    assert (frozen["from_weights"] == 0).all()
    with pytest.raises(InvalidOption, match=r"earlier\.definition"):
        clv.scorecard(later(CUSTOMERS), INDICATORS).change(before)


def test_the_sensitivity_counts_customers_whose_tier_really_changes():
    result = clv.scorecard(CUSTOMERS, INDICATORS, weights=DIMENSIONS)
    row = result.sensitivity.query("name == 'value' and factor == 1.1").iloc[0]
    moved = {"value": 0.55, "loyalty": 0.3 * 0.9, "credit": 0.2 * 0.9}
    other = clv.scorecard(CUSTOMERS, result.definition, weights=moved)
    changed = other.frame()["scorecard_tier"] != result.frame()["scorecard_tier"]
    assert row["customers"] == changed.sum() > 0
    assert result.frame()["depends_on_weights"][changed].all()


@pytest.mark.slow
def test_a_score_that_adds_noise_is_no_better_than_value_alone():
    generator = np.random.default_rng(1)
    table = CUSTOMERS.assign(spend=CUSTOMERS["lifetime_value"] * generator.gamma(2, 0.5, SIZE))
    noisy = clv.scorecard(table, INDICATORS, weights=DIMENSIONS, outcome="spend")
    assert noisy.findings[-1].code == "scorecard-worse"
    alone = clv.scorecard(table, INDICATORS[2:3], outcome="spend")
    assert alone.judgment["gini"].nunique() == 1
    assert alone.findings[-1].code == "scorecard-no-better"
    helped = table.assign(spend=table["satisfaction"].rank() * table["lifetime_value"].rank())
    good = clv.scorecard(helped, [*INDICATORS[1:3]], outcome="spend")
    assert good.findings[-1].code == "scorecard-better"


def test_correlated_indicators_count_as_one():
    table = CUSTOMERS.assign(copy=CUSTOMERS["satisfaction"] * 2)
    indicators = [clv.Indicator("satisfaction", "a"), clv.Indicator("copy", "b")]
    result = clv.scorecard(table, indicators)
    assert result.effective_indicators == pytest.approx(1)
    assert "scorecard-same" in {finding.code for finding in result.findings}
    assert clv.scorecard(CUSTOMERS, INDICATORS).effective_indicators > 3.8


@pytest.mark.slow
def test_customers_who_are_all_alike_and_one_customer_have_the_middle_score():
    alike = CUSTOMERS.assign(frequency=2, satisfaction=7.0, lifetime_value=1.0, days_late=0.0)
    for table in (alike, CUSTOMERS[:1]):
        for weights in ("equal", "entropy"):
            result = clv.scorecard(table, INDICATORS, weights=weights)
            np.testing.assert_allclose(result.frame()["scorecard_score"], 50)
            assert "scorecard-constant" in {finding.code for finding in result.findings}


def test_a_ready_set_uses_the_columns_there_are():
    result = clv.scorecard(CUSTOMERS, "contribution")
    assert result.weights["indicator"].tolist() == ["lifetime_value", "days_late", "frequency"]
    absent = next(finding for finding in result.findings if finding.code == "scorecard-absent")
    assert absent.figures["names"] == ["current contribution", "growth potential"]


@pytest.mark.parametrize(
    ("indicators", "options", "error", "message"),
    [
        ("contributions", {}, InvalidOption, "Did you mean 'contribution'"),
        ([], {}, InvalidOption, "must be a list of Indicator"),
        ([INDICATORS[0], INDICATORS[0]], {}, InvalidOption, "counts twice"),
        ([clv.Indicator("nps", "x")], {}, InvalidTable, "customers= has no column 'nps'"),
        (INDICATORS, {"weights": "even"}, InvalidOption, "weights='even' is not one of"),
        (INDICATORS, {"weights": {**DIMENSIONS, "credit": 0.3}}, InvalidOption, "add up to 1.1, not to 1"),
        (
            INDICATORS,
            {"weights": {"loyalty": 1.0}},
            InvalidOption,
            "no weight of 'value'; it has no weight of 'credit'",
        ),
        (INDICATORS, {"weights": {**DIMENSIONS, "credit": -1}}, InvalidOption, "must be numbers, not negative"),
        (INDICATORS, {"weights": {("loyalty", "value"): 2}}, InvalidOption, "no judgment of .* and 1 more pairs"),
        (INDICATORS, {"weights": {("loyalty", "values"): 20}}, InvalidOption, "Did you mean 'value'.*from 1/9 to 9"),
        (INDICATORS, {"within": {"loyal": "equal"}}, InvalidOption, "Did you mean 'loyalty'"),
        (INDICATORS, {"within": {"loyalty": {"frequency": 2.0, "satisfaction": 2.0}}}, InvalidOption, "add up to 4"),
        (INDICATORS, {"weights": "learned"}, InvalidOption, "needs outcome="),
        (INDICATORS, {"weights": "learned", "within": "equal"}, InvalidOption, "learns both levels together"),
        (INDICATORS, {"damping": 0}, InvalidOption, "damping=0 must be a number above 0"),
        (INDICATORS, {"outcome": "spent"}, InvalidTable, "has no column 'spent'"),
        (INDICATORS, {"boundaries": [0.5, 0.2]}, InvalidOption, "shares between 0 and 1 that rise"),
    ],
)
def test_invalid_scorecards_are_refused(indicators, options, error, message):
    with pytest.raises(error, match=message):
        clv.scorecard(CUSTOMERS, indicators, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direction": "up"}, "direction='up' is not one of 'higher', 'lower'"),
        ({"scale": "rank", "lowest": 1}, "need scale='range'"),
        ({"scale": "range", "lowest": 2, "highest": 1}, "must be less than"),
        ({"missing": "mean"}, "missing='mean' is not one of"),
        ({"dimension": " "}, "must be a name"),
    ],
)
def test_invalid_indicators_are_refused(options, message):
    with pytest.raises(InvalidOption, match=message):
        clv.Indicator(**{"column": "x", "dimension": "y", **options})
