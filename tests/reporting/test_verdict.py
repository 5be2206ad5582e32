"""The six sentences are true to the tables, most of all where a simple rule wins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from clvmodels.reporting.selection import select
from clvmodels.reporting.verdict import judge, why_not_mae


def verdict(result, about):
    (sentence,) = [sentence for sentence in judge(select(result)) if sentence.about == about]
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


def test_the_errors_of_several_cuts_are_a_range_in_words(validation):
    def over(*biases):
        days = ("2024-01-21", "2023-12-24", "2023-11-26")
        cuts = [validation.scores.assign(bias=bias, origin=day) for bias, day in zip(biases, days, strict=False)]
        two = replace(validation, scores=pd.concat(cuts, ignore_index=True))
        return verdict(two, "Level").told.partition("tried on, it was ")[2]

    assert over(-0.19, -0.12, -0.05).startswith(
        "5.0% to 19.0% too low for purchases and 5.0% to 19.0% too low for money."
    )
    assert over(0.05, 0.125).startswith("5.0% to 12.5% too high for purchases")
    assert over(-0.02, 0.03, 0.01).startswith("2.0% too low to 3.0% too high for purchases")
    assert over(-0.05, -0.05).startswith("5.0% too low for purchases")
    assert over(0.0001, 0.0).startswith("right to the tenth of a percent for purchases")


def test_what_to_use_it_for(validation):
    sentence = verdict(validation, "Use")
    assert sentence.short == "Go by its order of customers; totals were up to 18.0% too low"
    assert sentence.told == (
        "In a budget for these customers and the next 2 weeks, allow for 16.3% more purchases and 22.0% more money "
        "than forecast: so it came after the one cut. Further ahead is not tried on this page. "
        "Take “own rate carried on” for the ranking: it was visibly better."
    )


def test_use_says_so_where_it_is_not_to_be_trusted(validation):
    fair = verdict(changed(validation, "scores", gini=0.4, bias=0.25), "Use")
    assert fair.short == "Go by its order of customers, with care; totals were up to 25.0% too high"
    assert "allow for 20.0% fewer purchases and 20.0% less money than forecast" in fair.told
    money = validation.scores["quantity"] == "money"
    mixed = verdict(changed(validation, "scores", gini=0.1, bias=np.where(money, -0.2, 0.25)), "Use")
    assert mixed.short == "Do not go by its order of customers; totals were off by up to 25.0%"
    assert "allow for 20.0% fewer purchases and 25.0% more money than forecast" in mixed.told
    nothing = replace(
        changed(validation, "scores", gini=np.nan, bias=np.nan), differences=validation.differences.head(0)
    )
    assert verdict(nothing, "Use").short == "No order of customers to go by; totals cannot be judged"
    assert verdict(nothing, "Use").told == "Nothing here says what to use it for."


def test_use_names_the_forecast_that_is_furthest_ahead(validation):
    differences = validation.differences
    model = differences["forecaster"].str.startswith("pareto")
    ahead = differences.assign(
        better=np.where(model, "forecaster", differences["better"]),
        difference=np.where(model, 0.3, differences["difference"]),
    )
    told = verdict(replace(validation, differences=ahead), "Use").told
    names = "“Pareto/NBD” for the ranking of purchases and “own rate carried on” for the ranking of money"
    assert told.endswith(f"Take {names}: they were visibly better.")
    totals = pd.concat([differences, differences[differences["metric"] == "gini"].assign(metric="bias")])
    told = verdict(replace(validation, differences=totals), "Use").told
    assert told.endswith("Take “own rate carried on” for the total and the ranking: it was visibly better.")
    none = totals.assign(better="reference")
    told = verdict(replace(validation, differences=none), "Use").told
    assert told.endswith("For the total and the ranking no other was visibly better.")


def test_ranking(validation):
    sentence = verdict(validation, "Ranking")
    assert sentence.short == "It sorts customers well"
    assert sentence.told == (
        "The tenth of the customers that it put first made 50% of the purchases and 50% of the money. The tenth that "
        "turned out best made 63% and 63%. A tenth drawn by lot makes 10%."
    )
    without = verdict(replace(validation, gain=validation.gain[validation.gain["forecaster"] != "perfect"]), "Ranking")
    assert "turned out best" not in without.told
    assert verdict(changed(validation, "scores", gini=0.1), "Ranking").short == "It hardly sorts customers"


def test_intervals(validation):
    sentence = verdict(validation, "Intervals")
    assert sentence.short == "Ranges hold for customers, not for the total"
    assert "a range that should hold the purchases that follow 90% of the time; it held 93%." in sentence.told
    assert "of 75.00 to 97.00 missed the total of purchases, 100.0" in sentence.told
    assert "Do not quote it: it allows for chance, not for a change of times." in sentence.told
    assert "How much wider it should be, too few earlier forecasts tell." in sentence.told
    safe = verdict(changed(validation, "scores", coverage=0.97), "Intervals")
    assert "it held 97%, which is on the safe side." in safe.told
    narrow = verdict(changed(validation, "scores", coverage=0.8), "Intervals")
    assert narrow.short == "Ranges are too narrow"
    assert "it held 80%, too few." in narrow.told
    assert verdict(changed(validation, "totals", inside=True), "Intervals").short == "Ranges hold"
    wide = changed(validation, "totals", calibrated=True, earlier=12, widened_lower=60.0, widened_upper=120.0)
    assert "Widened by the errors of 12 earlier cuts it is 60.00 to 120.0" in verdict(wide, "Intervals").told
    without = replace(
        changed(validation, "scores", coverage=np.nan),
        totals=validation.totals[validation.totals["forecaster"] == "none"],
    )
    assert verdict(without, "Intervals").short == "None here"


def test_a_rule_that_is_better_is_said_to_be(validation):
    sentence = verdict(validation, "Against other forecasts")
    assert sentence.short.startswith("A simple rule is better in ranking")
    values = "(50.0% of a perfect order, not 60.0%; its first tenth made 50%, not 60%)"
    assert f"“own rate carried on” in the ranking of purchases {values}" in sentence.told


def test_the_tenth_put_first_may_be_no_better_where_the_order_is(validation):
    same = validation.differences.assign(
        reference_value=validation.differences["reference_value"].where(
            validation.differences["metric"] != "capture", 0.5
        )
    )
    told = verdict(replace(validation, differences=same), "Against other forecasts").told
    assert "(50.0% of a perfect order, not 60.0%; its first tenth made 50%, the same)" in told
    without = same[same["metric"] != "capture"]
    told = verdict(replace(validation, differences=without), "Against other forecasts").told
    assert "(50.0% of a perfect order, not 60.0%)" in told


def test_a_hairs_breadth_is_not_worth_a_sentence(validation):
    near = changed(validation, "differences", difference=0.001)
    sentence = verdict(near, "Against other forecasts")
    assert sentence.short == "Not beaten"
    assert sentence.told.startswith("No simple rule was visibly better")


def test_machine_learning_and_other_models_are_no_simple_rules(validation):
    better = validation.differences.assign(
        better=np.where(validation.differences["forecaster"].str.startswith("pareto"), "forecaster", "reference"),
        difference=0.02,
    )
    sentence = verdict(replace(validation, differences=better), "Against other forecasts")
    assert sentence.short.startswith("Another model is better in ranking")
    assert sentence.told.startswith("No simple rule was visibly better")
    assert "The best of other models, visibly better: “Pareto/NBD” in the ranking of purchases" in sentence.told
    learner = changed(
        replace(validation, differences=better),
        "scores",
        kind=np.where(validation.scores["forecaster"] == "pareto_nbd", "boosted_trees", validation.scores["kind"]),
    )
    assert verdict(learner, "Against other forecasts").short.startswith("Machine learning is better")


def test_of_several_cuts_the_comparison_is_an_average(validation):
    cuts = pd.concat([validation.scores.assign(cutoff="2023-12-24"), validation.scores], ignore_index=True)
    assert "average" not in verdict(validation, "Against other forecasts").told
    told = verdict(replace(validation, scores=cuts), "Against other forecasts").told
    assert told.endswith("These are averages over 2 cuts.")


def test_without_others_nothing_is_compared(validation):
    alone = replace(validation, differences=validation.differences.head(0))
    assert verdict(alone, "Against other forecasts").short == "Nothing to compare"


def test_what_it_is_not_for(validation):
    told = verdict(validation, "Not for").told
    assert "customers first seen later made 17% of the purchases" in told
    assert "typically off by 1.7 purchases, where the average customer made 1.0." in told
    assert "whom a call or a campaign would persuade" in told
    none = replace(validation, facts=validation.facts | {"new_purchases": 0})
    assert "new customers are in no forecast" in verdict(none, "Not for").told


def test_why_the_mean_absolute_error_is_no_headline(scores):
    assert "Here “zero” for everybody gets 0.830, and BG/NBD 0.820." in why_not_mae(scores, "bgnbd", "BG/NBD")
    far = scores.assign(mae=scores["mae"].where(scores["forecaster"] != "zero", 12.0))
    assert "and Pareto/NBD 0.800." in why_not_mae(scores, "pareto_nbd", "Pareto/NBD")
    for table in (far, pd.DataFrame(columns=scores.columns)):  # no example, where it is none
        assert why_not_mae(table, "bgnbd", "BG/NBD").endswith("it rewards forecasting nothing.")
