"""The verdict follows from the tables, also where a simple rule is better."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from clvmodels.language import Finding, as_text
from clvmodels.reporting.selection import select
from clvmodels.reporting.verdict import explain_mae, judge
from clvmodels.reporting.verdict.benchmarks import _measures

VISIBLE = "“Visibly better” is better at every cutoff, by at least 1% on average and by more than chance explains."


def verdict(result, question):
    (answer,) = [answer for answer in judge(select(result)) if answer.question == question]
    return answer


def codes(answer):
    return [finding.code for finding in answer.findings]


def changed(result, name, **columns):
    return replace(result, **{name: getattr(result, name).assign(**columns)})


@pytest.mark.slow
def test_totals(validation):
    answer = verdict(validation, "totals")
    assert answer.headline.text == "Totals were too low"
    assert answer.text == (
        "In the 2 weeks after 2024-01-21, the total of purchases was 14.0% too low: 86.00 forecast, 100.0 actual. "
        "The total of money was 18.0% too low: 4,100 forecast, 5,000 actual."
    )
    assert verdict(changed(validation, "scores", bias=0.02), "totals").headline.text == "Totals were close"
    money = validation.scores["quantity"] == "money"
    apart = changed(validation, "scores", bias=np.where(money, -0.4, 0.02))
    assert verdict(apart, "totals").headline.text == "Totals were sometimes too low"
    assert verdict(changed(validation, "scores", bias=0.2), "totals").headline.text == "Totals were too high"


@pytest.mark.slow
def test_errors_at_several_cutoffs_are_reported_as_a_range(validation):
    def over(*biases):
        days = ("2024-01-21", "2023-12-24", "2023-11-26")
        cuts = [validation.scores.assign(bias=bias, cutoff=day) for bias, day in zip(biases, days, strict=False)]
        two = replace(validation, scores=pd.concat(cuts, ignore_index=True))
        return verdict(two, "totals").text.partition("cutoffs, the total of purchases was ")[2]

    assert over(-0.19, -0.12, -0.05) == (
        "5.0% to 19.0% too low. Over all 3 cutoffs, the total of money was 5.0% to 19.0% too low."
    )
    assert over(0.05, 0.125).startswith("5.0% to 12.5% too high. ")
    assert over(-0.02, 0.03, 0.01).startswith("2.0% too low to 3.0% too high. ")
    assert over(-0.05, -0.05).startswith("5.0% too low. ")
    assert over(0.0001, 0.0).startswith("accurate to 0.1%. ")


@pytest.mark.slow
def test_recommended_uses(validation):
    answer = verdict(validation, "use")
    assert answer.headline.text == "Use its ranking of customers; totals were up to 18.0% too low"
    assert answer.text == (
        "In a budget for these customers over the next 2 weeks, allow for 16.3% more purchases than forecast. "
        "For money, allow for 22.0% more than forecast. "
        "That was the error of BG/NBD at the one cutoff tested; longer horizons were not tested. "
        "For the ranking, use “own rate carried on” instead: it was visibly better. "
        "“Visibly better” is better at every cutoff, by at least 1% on average and by more than chance explains."
    )


@pytest.mark.slow
def test_use_warns_of_poor_rankings_and_totals(validation):
    fair = verdict(changed(validation, "scores", gini=0.4, bias=0.25), "use")
    assert fair.headline.text == "Use its ranking of customers with care; totals were up to 25.0% too high"
    assert "allow for 20.0% fewer purchases than forecast. For money, allow for 20.0% less than" in fair.text
    money = validation.scores["quantity"] == "money"
    mixed = verdict(changed(validation, "scores", gini=0.1, bias=np.where(money, -0.2, 0.25)), "use")
    assert mixed.headline.text == "Do not use its ranking of customers; totals were off by up to 25.0%"
    assert "allow for 20.0% fewer purchases than forecast. For money, allow for 25.0% more than" in mixed.text
    nothing = replace(
        changed(validation, "scores", gini=np.nan, bias=np.nan), differences=validation.differences.head(0)
    )
    assert verdict(nothing, "use").headline.text == "No ranking of customers to judge; totals could not be checked"
    assert verdict(nothing, "use").text == "There is not enough evidence to say what to use it for."


@pytest.mark.slow
def test_use_recommends_the_forecaster_that_is_furthest_ahead(validation):
    differences = validation.differences
    model = differences["forecaster"].str.startswith("pareto")
    ahead = differences.assign(
        better=np.where(model, "forecaster", differences["better"]),
        difference=np.where(model, 0.3, differences["difference"]),
    )
    text = verdict(replace(validation, differences=ahead), "use").text
    assert "For the ranking of purchases, use “Pareto/NBD” instead: it was visibly better." in text
    assert text.endswith(
        f"For the ranking of money, use “own rate carried on” instead: it was visibly better. {VISIBLE}"
    )
    totals = pd.concat([differences, differences[differences["metric"] == "gini"].assign(metric="bias")])
    text = verdict(replace(validation, differences=totals), "use").text
    assert "For the total, use “own rate carried on” instead: it was visibly better." in text
    assert text.endswith(f"For the ranking, use “own rate carried on” instead: it was visibly better. {VISIBLE}")
    none = totals.assign(better="reference")
    text = verdict(replace(validation, differences=none), "use").text
    assert text.endswith(f"For the total and the ranking, no other forecaster was visibly better. {VISIBLE}")


@pytest.mark.slow
def test_visibly_better_is_defined_wherever_it_is_used(validation):
    near = changed(validation, "differences", difference=0.001)
    for result in (validation, near):
        for question in ("use", "benchmarks"):
            answer = verdict(result, question)
            assert "visibly better" in answer.headline.text + answer.text
            assert VISIBLE in answer.text


@pytest.mark.slow
def test_ranking(validation):
    answer = verdict(validation, "ranking")
    assert answer.headline.text == "It ranks customers well"
    assert answer.text == (
        "The 10% of customers ranked highest made 50% of the purchases; the best possible 10% made 63%. "
        "The 10% ranked highest by money made 50% of it; the best possible 10% made 63%. "
        "Picked at random, 10% of the customers would make 10%."
    )
    without = verdict(replace(validation, gain=validation.gain[validation.gain["forecaster"] != "perfect"]), "ranking")
    assert "best possible" not in without.text
    assert verdict(changed(validation, "scores", gini=0.1), "ranking").headline.text == "It hardly ranks customers"


@pytest.mark.slow
def test_intervals(validation):
    answer = verdict(validation, "intervals")
    assert answer.headline.text == "Intervals are wide enough for customers, not for the total"
    assert "The 90% intervals of single customers contained the actual purchases 93% of the time." in answer.text
    assert "The interval of the total of purchases, 75.00 to 97.00, missed the actual 100.0." in answer.text
    assert "it allows for chance, but not for changing conditions." in answer.text
    assert "There are too few past forecasts to say how much wider it should be." in answer.text
    missed = verdict(changed(validation, "totals", total_interval="history"), "intervals")
    assert (
        "also allows for changing conditions, as far as errors of earlier totals show them, and still missed."
        in missed.text
    )
    safe = verdict(changed(validation, "scores", coverage=0.97), "intervals")
    assert "97% of the time, which is on the safe side." in safe.text
    narrow = verdict(changed(validation, "scores", coverage=0.8), "intervals")
    assert narrow.headline.text == "Intervals are too narrow"
    assert "80% of the time, which is too rarely." in narrow.text
    assert verdict(changed(validation, "totals", inside=True), "intervals").headline.text == "Intervals are wide enough"
    wide = changed(validation, "totals", calibrated=True, earlier=12, widened_lower=60.0, widened_upper=120.0)
    assert (
        "Widened by the errors at 12 earlier cutoffs, the interval of the total of purchases is 60.00 to 120.0."
        in verdict(wide, "intervals").text
    )
    without = replace(
        changed(validation, "scores", coverage=np.nan),
        totals=validation.totals[validation.totals["forecaster"] == "none"],
    )
    assert verdict(without, "intervals").headline.text == "No intervals"


@pytest.mark.slow
def test_a_better_rule_is_reported(validation):
    answer = verdict(validation, "benchmarks")
    assert answer.headline.text.startswith("A simple rule is visibly better in the ranking")
    values = "50.0% of a perfect ranking instead of 60.0%; its top 10% made 50% instead of 60%."
    assert f"The simple rule “own rate carried on” ranked customers better by purchases: {values}" in answer.text


@pytest.mark.slow
def test_a_better_ranking_may_have_the_same_top_decile(validation):
    same = validation.differences.assign(
        reference_value=validation.differences["reference_value"].where(
            validation.differences["metric"] != "capture", 0.5
        )
    )
    text = verdict(replace(validation, differences=same), "benchmarks").text
    assert "50.0% of a perfect ranking instead of 60.0%; its top 10% made the same, 50%." in text
    without = same[same["metric"] != "capture"]
    text = verdict(replace(validation, differences=without), "benchmarks").text
    assert "50.0% of a perfect ranking instead of 60.0%." in text


@pytest.mark.slow
def test_tiny_differences_are_not_reported(validation):
    near = changed(validation, "differences", difference=0.001)
    answer = verdict(near, "benchmarks")
    assert answer.headline.text == "No other forecaster is visibly better"
    assert answer.text.startswith("No simple rule was visibly better")


@pytest.mark.slow
def test_boosted_trees_and_other_models_are_not_rules(validation):
    better = validation.differences.assign(
        better=np.where(validation.differences["forecaster"].str.startswith("pareto"), "forecaster", "reference"),
        difference=0.02,
    )
    answer = verdict(replace(validation, differences=better), "benchmarks")
    assert answer.headline.text.startswith("For purchases, another purchase model is visibly better in the ranking")
    assert answer.text.startswith("No simple rule was visibly better")
    assert "“Pareto/NBD” ranked customers better by purchases:" in answer.text
    learner = changed(
        replace(validation, differences=better),
        "scores",
        kind=np.where(validation.scores["forecaster"] == "pareto_nbd", "boosted_trees", validation.scores["kind"]),
    )
    assert verdict(learner, "benchmarks").headline.text.startswith("For purchases, machine learning is visibly better")


@pytest.mark.slow
def test_comparisons_over_several_cutoffs_are_means(validation):
    cuts = pd.concat([validation.scores.assign(cutoff="2023-12-24"), validation.scores], ignore_index=True)
    assert "means" not in verdict(validation, "benchmarks").text
    text = verdict(replace(validation, scores=cuts), "benchmarks").text
    assert text.endswith(
        "These are means over 2 cutoffs; each difference exceeds its spread and has the same sign at all of them."
    )


@pytest.mark.slow
def test_without_other_forecasters_nothing_is_compared(validation):
    alone = replace(validation, differences=validation.differences.head(0))
    assert verdict(alone, "benchmarks").headline.text == "Nothing to compare with"


@pytest.mark.slow
def test_limits(validation):
    text = verdict(validation, "limits").text
    assert "new customers made 17% of the purchases in the holdout period" in text
    assert "typically off by 1.7 purchases, and the average customer made 1.0." in text
    assert "whom a call or a campaign would persuade" in text
    none = replace(validation, facts=validation.facts | {"new_purchases": 0})
    assert "no forecast includes new customers" in verdict(none, "limits").text


def test_why_the_verdict_does_not_use_the_mean_absolute_error(scores):
    def explain(table, forecaster="bgnbd", title="BG/NBD"):
        return as_text(explain_mae(table, forecaster, title))

    assert "Here “zero” for every customer has a MAE of 0.830, and BG/NBD has 0.820." in explain(scores)
    far = scores.assign(mae=scores["mae"].where(scores["forecaster"] != "zero", 12.0))
    assert "and Pareto/NBD has 0.800." in explain(scores, "pareto_nbd", "Pareto/NBD")
    for table in (far, pd.DataFrame(columns=scores.columns)):  # no example
        assert explain(table).endswith("it rewards forecasting nothing.")


@pytest.mark.slow
def test_findings_carry_codes_and_figures(validation):
    answer = verdict(validation, "benchmarks")
    assert answer.headline.code == "verdict-benchmarks"
    assert answer.headline.figures == {"kind": "rule", "metrics": "gini-rmse", "quantity": "all"}
    assert codes(answer) == ["verdict-better-gini", "verdict-better-rmse"] * 2 + ["verdict-visible"]
    assert answer.findings[0].figures["forecaster"] == "own_rate"
    assert verdict(validation, "totals").findings[0].figures["predicted"] == 86.0
    assert {answer.headline.severity for answer in judge(select(validation))} <= {"info", "caution"}


@pytest.mark.parametrize("metrics", [each for n in (1, 2, 3) for each in permutations(("gini", "rmse", "bias"), n)])
def test_a_headline_names_the_metrics_that_were_better_and_no_other(metrics):
    better = [SimpleNamespace(metric=metric, quantity="purchases") for metric in metrics]
    view = SimpleNamespace(scope=lambda _: "all")
    headline = Finding("verdict-benchmarks", {"kind": "learned", **_measures(view, better)}).text
    words = {"gini": "the ranking", "rmse": "the error per customer", "bias": "the total"}
    assert {metric for metric, word in words.items() if word in headline} == set(metrics)
