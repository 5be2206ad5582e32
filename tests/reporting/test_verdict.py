"""The five sentences are true to the tables, most of all where a simple rule wins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from clvmodels.reporting.verdict import judge, why_not_mae
from clvmodels.reporting.view import view


def verdict(result, about):
    (sentence,) = [sentence for sentence in judge(view(result)) if sentence.about == about]
    return sentence


def changed(result, name, **columns):
    return replace(result, **{name: getattr(result, name).assign(**columns)})


def test_level(validation):
    sentence = verdict(validation, "Level")
    assert sentence.short == "Totals come out too low"
    assert "In the 2 weeks after 2024-01-21, the total of purchases was 14.0% too low" in sentence.told
    assert "The total of money was 18.0% too low (4,100 forecast, 5,000 happened)." in sentence.told
    assert verdict(changed(validation, "scores", bias=0.02), "Level").short == "Totals are close"
    money = validation.scores["quantity"] == "money"
    apart = changed(validation, "scores", bias=np.where(money, -0.4, 0.02))
    assert verdict(apart, "Level").short == "Totals sometimes come out too low"
    assert verdict(changed(validation, "scores", bias=0.2), "Level").short == "Totals come out too high"


def test_ranking(validation):
    sentence = verdict(validation, "Ranking")
    assert sentence.short == "It sorts customers well"
    parts = "50% of the purchases (the best tenth: 63%) and 50% of the money (the best tenth: 63%)"
    assert f"put first made {parts}. Drawn by lot, a tenth makes 10%." in sentence.told
    assert verdict(changed(validation, "scores", gini=0.1), "Ranking").short == "It hardly sorts customers"


def test_intervals(validation):
    sentence = verdict(validation, "Intervals")
    assert sentence.short == "They hold for customers, not for the total"
    assert "a range that should hold the purchases that follow 90% of the time; it held 93%." in sentence.told
    assert "of 75.00 to 97.00 missed the total of purchases, 100.0" in sentence.told
    assert "How much wider it should be, too few earlier forecasts tell." in sentence.told
    narrow = verdict(changed(validation, "scores", coverage=0.8), "Intervals")
    assert narrow.short == "Too narrow"
    assert "it held 80%, too few." in narrow.told
    assert verdict(changed(validation, "level", inside=True), "Intervals").short == "They hold"
    wide = changed(validation, "level", calibrated=True, earlier=12, widened_lower=60.0, widened_upper=120.0)
    assert "Widened by the errors of 12 earlier cuts it is 60.00 to 120.0" in verdict(wide, "Intervals").told
    without = replace(
        changed(validation, "scores", coverage=np.nan), level=validation.level[validation.level["forecast"] == "none"]
    )
    assert verdict(without, "Intervals").short == "None here"


def test_a_rule_that_is_better_is_said_to_be(validation):
    sentence = verdict(validation, "Against simple rules")
    assert sentence.short.startswith("A simple rule is better in ranking")
    assert "“own rate carried on” in the ranking of purchases (50.0% of a perfect order, not 60.0%)" in sentence.told


def test_a_hairs_breadth_is_not_worth_a_sentence(validation):
    near = changed(validation, "differences", difference=0.001)
    sentence = verdict(near, "Against simple rules")
    assert sentence.short == "Not beaten"
    assert sentence.told.startswith("No simple rule was visibly better")


def test_machine_learning_and_other_models_are_no_simple_rules(validation):
    better = validation.differences.assign(
        better=np.where(validation.differences["forecast"].str.startswith("Pareto"), "forecast", "reference"),
        difference=0.02,
    )
    sentence = verdict(replace(validation, differences=better), "Against simple rules")
    assert sentence.short.startswith("Another model is better in ranking")
    assert sentence.told.startswith("No simple rule was visibly better")
    learner = changed(
        replace(validation, differences=better),
        "scores",
        kind=np.where(validation.scores["forecast"] == "Pareto/NBD", "challenger", validation.scores["kind"]),
    )
    assert verdict(learner, "Against simple rules").short.startswith("Machine learning is better")


def test_without_others_nothing_is_compared(validation):
    alone = replace(validation, differences=validation.differences.head(0))
    assert verdict(alone, "Against simple rules").short == "Nothing to compare"


def test_what_it_is_not_for(validation):
    told = verdict(validation, "Not for").told
    assert "customers first seen later made 17% of the purchases" in told
    assert "typically off by 1.7 purchases" in told
    none = replace(validation, facts=validation.facts | {"new_purchases": 0})
    assert "new customers are in no forecast" in verdict(none, "Not for").told


def test_why_the_mean_absolute_error_is_no_headline(scores):
    assert "Here “zero” for everybody gets 0.830, and BG/NBD 0.820." in why_not_mae(scores)
    far = scores.assign(mae=scores["mae"].where(scores["forecast"] != "zero", 12.0))
    for table in (far, pd.DataFrame(columns=scores.columns)):  # no example, where it is none
        assert why_not_mae(table).endswith("it rewards forecasting nothing.")
