"""The sentences are true to the table, most of all when a simple rule wins."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvmodels.reporting.verdict import judge, why_not_mae


def test_a_model_that_wins_everywhere(scores):
    purchases, _ = judge(scores)
    assert (purchases.forecast, purchases.quantity) == ("BG/NBD", "purchases")
    assert purchases.headline == "Better than every simple rule in total, ranking and error."
    assert "86.0 forecast, 100.0 actual: 14.0% too low" in purchases.level
    assert "“own rate carried on”, is 47.0% too high" in purchases.level
    assert purchases.ranking.endswith("has 0.600: the model ranks better.")
    assert purchases.error == (
        "RMSE 1.73 purchases per customer; the best simple rule, “own rate carried on”, has 2.16."
    )


def test_a_rule_that_ranks_better_is_said_to(scores):
    _, money = judge(scores)
    assert money.headline == "Against the best simple rule: better in total and error; worse in ranking."
    assert (
        "“own rate carried on”, has 0.700: for sorting customers, that rule would have served better" in money.ranking
    )


def test_customers_without_a_forecast_are_counted(scores):
    purchases, money = judge(scores)
    assert "2 customers have no forecast" in money.level
    assert "no forecast" not in purchases.level


def test_a_small_difference_is_called_none(scores):
    scores.loc[2, ["gini", "rmse"]] = [0.655, 1.74]
    scores.loc[2, "bias"] = 0.135
    purchases, _ = judge(scores)
    assert purchases.headline == "Against the best simple rule: no different in total and ranking and error."
    assert purchases.ranking.endswith("hardly a difference.")


def test_a_holdout_period_in_which_nothing_happened(scores):
    scores[["actual", "rmse"]] = 0.0
    scores[["bias", "gini", "spearman"]] = np.nan
    for verdict in judge(scores):
        assert "cannot be judged" in verdict.level
        assert "nothing to rank" in verdict.ranking
        assert "nan" not in " ".join((verdict.headline, verdict.level, verdict.ranking, verdict.error))


def test_without_rivals_nothing_is_compared(scores):
    (purchases,) = judge(scores.iloc[:1])
    assert purchases.headline == "Nothing to compare it with."
    assert purchases.error == "RMSE 1.73 purchases per customer."


def test_why_the_mean_absolute_error_is_no_headline(scores):
    assert "saying “zero” for everybody already gets 0.830 here" in why_not_mae(scores)
    assert why_not_mae(pd.DataFrame(columns=scores.columns)).endswith("buys nothing.")
