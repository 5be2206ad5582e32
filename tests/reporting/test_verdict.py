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
    assert "the total of money was 18.0% too low (4,100 forecast, 5,000 happened)" in sentence.told
    assert verdict(changed(validation, "scores", bias=0.02), "Level").short == "Totals are close"
    money = validation.scores["quantity"] == "money"
    apart = changed(validation, "scores", bias=np.where(money, -0.4, 0.02))
    assert verdict(apart, "Level").short == "Totals sometimes come out too low"
    assert verdict(changed(validation, "scores", bias=0.2), "Level").short == "Totals come out too high"


def test_ranking(validation):
    sentence = verdict(validation, "Ranking")
    assert sentence.short == "It sorts customers well"
    assert "put first made 50% of the purchases and 50% of the money" in sentence.told
    assert "chance would give 10% and hindsight 63%" in sentence.told
    assert verdict(changed(validation, "scores", gini=0.1), "Ranking").short == "It hardly sorts customers"


def test_intervals(validation):
    sentence = verdict(validation, "Intervals")
    assert sentence.short == "They hold for customers, not for the total"
    assert "93% fell within their 90% intervals" in sentence.told
    assert "the total's interval, 75.00 to 97.00, misses the 100.0 that came" in sentence.told
    assert "1 earlier cut is too few to tell how much wider" in sentence.told
    narrow = verdict(changed(validation, "scores", coverage=0.8), "Intervals")
    assert narrow.short == "Too narrow"
    assert "80% fell within their 90% intervals, too few" in narrow.told
    assert verdict(changed(validation, "level", inside=True), "Intervals").short == "They hold"
    wide = changed(validation, "level", calibrated=True, earlier=12, widened_lower=60.0, widened_upper=120.0)
    assert "widened by the errors of 12 earlier cuts it is 60.00 to 120.0" in verdict(wide, "Intervals").told
    without = replace(
        changed(validation, "scores", coverage=np.nan), level=validation.level[validation.level["forecast"] == "none"]
    )
    assert verdict(without, "Intervals").short == "None here"


def test_a_rule_that_is_better_is_said_to_be(validation):
    sentence = verdict(validation, "Against simple rules")
    assert sentence.short.startswith("A simple rule is better in ranking")
    assert "“own rate carried on” in the ranking of purchases (Gini 0.500 against 0.600)" in sentence.told


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
    assert "saying “zero” for everybody already gets 0.830 here" in why_not_mae(scores)
    assert why_not_mae(pd.DataFrame(columns=scores.columns)).endswith("buys nothing.")
