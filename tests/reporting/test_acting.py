"""What the report says to do: tiers that add up to its headline, lists with files, and what a new customer may cost."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.profiling.season import Season
from clvmodels.reporting.acting import budget_forecast
from clvmodels.reporting.acting.amounts import AmountFormat, parts_of_total, whole_percents
from clvmodels.reporting.acting.budget_forecast import BudgetForecast, begin_budget
from clvmodels.reporting.acting.customer_decisions import (
    CustomerDecisions,
    accounts_of,
    decide,
    decide_by_purchases,
    tiers_of_values,
)
from clvmodels.reporting.acting.customer_files import file_link, files_of_page, without_links, write_files
from clvmodels.reporting.acting.outlook import judge_season
from clvmodels.reporting.acting.what_to_do import what_to_do
from clvmodels.reporting.acting.which_forecast import budget_finding, explain, which_forecast
from clvmodels.reporting.at_a_glance import _active_card
from clvmodels.reporting.report_of_log import value_table
from clvmodels.reporting.selection import select
from clvmodels.validation.backtest.forecasters import default_forecasters
from clvmodels.valuation.value_terms import ValueTerms


@pytest.fixture(scope="module")
def decided() -> tuple[CustomerDecisions, Any]:
    """The decisions on the customers of CDNOW, and their values."""
    log = clv.datasets.load_cdnow(sample=True)
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(history)
    terms = ValueTerms.from_keywords(horizon="12 months", annual_discount_rate=0.1, margin=0.35)
    value = value_table(model, history.rfm, terms)
    accounts = accounts_of(log, {"amount": "amount"}, {})
    decisions = decide(model, history, value, terms, None, accounts)
    assert decisions is not None
    return decisions, value


@pytest.mark.slow
def test_tiers_add_up_to_the_value_of_all_and_lie_in_their_intervals(decided):
    decisions, value = decided
    summary = decisions.tiers.summary
    assert summary["value"].sum() == pytest.approx(value["lifetime_value"].sum(), rel=1e-12)
    assert summary["customers"].sum() == len(value)
    for tier, worth in zip(summary["tier"], summary["value"], strict=True):
        lower, upper = decisions.intervals[tier]
        assert 0 < lower < worth < upper


@pytest.mark.slow
def test_active_customers_are_counted_by_a_model_that_can_tell(decided):
    decisions, value = decided
    assert decisions.active.title == "MBG/NBD"  # in BG/NBD, customers who bought once cannot have left
    assert decisions.active.active < 0.7 * value["probability_alive"].sum()


@pytest.mark.slow
def test_a_new_customer_may_cost_what_customers_were_worth(decided):
    decisions, value = decided
    newcomer = decisions.newcomer
    assert newcomer.customers == len(value)
    assert newcomer.lower < newcomer.value < newcomer.upper
    rfm = clv.rfm_summary(clv.datasets.load_cdnow(sample=True), amount="amount", include_first_transaction=True)
    spent = 0.35 * np.nansum((rfm.frequency + 1) * rfm.monetary_value) / len(rfm)  # of 18 months
    assert 0.7 * spent < newcomer.value < 1.2 * spent


@pytest.mark.slow
def test_each_list_has_a_file_and_no_customer_is_in_two(decided, tmp_path):
    decisions, _ = decided
    write_files(decisions.tables(), tmp_path / "page.html")
    tables = {path.stem: pd.read_csv(path) for path in (tmp_path / "page-files").iterdir()}
    assert set(tables) == {"tiers", "key-accounts", "at-risk", "win-back", "second-purchase"}
    listed = [each for name in ("at-risk", "win-back", "second-purchase") for each in tables[name]["customer_id"]]
    assert len(listed) == len(set(listed)) == decisions.lists.summary["customers"].sum()
    assert set(tables["key-accounts"]["customer_id"]) <= set(tables["tiers"]["customer_id"])


def test_links_lead_to_the_folder_of_the_page(tmp_path):
    link = f'<a class="file" href="{file_link("tiers")}">tiers</a>'
    assert (
        files_of_page(link, tmp_path / "may 2026.html") == '<a class="file" href="may%202026-files/tiers.csv">tiers</a>'
    )
    assert without_links(link) == "tiers"


@pytest.mark.slow
def test_values_alone_give_tiers_without_lists_and_links(validation, value):
    decisions = CustomerDecisions(tiers_of_values(value))
    actions = what_to_do(select(validation), decisions, None, AmountFormat("EUR"))
    assert [(row.name, row.interval) for row in actions.tiers] == [("A", ""), ("B", ""), ("C", ""), ("D", "")]
    assert (actions.lists, actions.tiers_link, actions.newcomer) == ((), "", "")
    assert [label for label, _ in actions.now] == ["Which forecast", "Whom to look after", "What to do next"]
    assert tiers_of_values(value.assign(lifetime_value=0.0)) is None
    assert tiers_of_values(value.assign(lifetime_value=math.nan)) is None


def test_amounts_are_written_with_their_currency():
    assert AmountFormat("EUR").round(923_345.4) == "EUR 923,000"
    assert AmountFormat("").round(14.2) == "14"  # cents of an uncertain amount would be noise
    assert AmountFormat("").round(4.567) == "4.57"
    assert AmountFormat("").round(0.012345) == "0.0123"
    assert replace(AmountFormat("EUR"), currency="").round(-1234.6) == "−1,230"


def test_parts_of_a_table_add_up_to_its_total():
    assert parts_of_total([333_333.0, 333_333.0, 333_334.0]) == [330_000.0, 330_000.0, 340_000.0]
    assert parts_of_total([99_990.0, 3.0]) == [100_000.0, 3.0]  # what rounds to nothing keeps its own digits
    shares = [0.056, 0.156, 0.286, 0.502]
    assert sum(round(100 * share) for share in shares) == 101
    assert sum(round(100 * share) for share in whole_percents(shares)) == 100
    assert math.isnan(whole_percents([math.nan, 0.5])[0])


@pytest.mark.slow
def test_each_forecast_is_explained_where_it_is_named_first_with_what_it_expects(validation):
    def text(*metrics: str) -> str:
        table = validation.differences[validation.differences["metric"] == "gini"]
        better = pd.concat([table.assign(metric=metric) for metric in ("bias", "gini")])
        worse = ~better["metric"].isin(metrics) & (better["better"] == "forecaster")
        better["better"] = better["better"].mask(worse, "reference")
        budget = BudgetForecast("own_rate", "", "money", "2 weeks", 1234.5, 4567.8, -0.1, 0.2, 1)
        return which_forecast(select(replace(validation, differences=better)), AmountFormat("EUR"), budget)

    model = (
        "“BG/NBD x Gamma-Gamma” (a statistical model of how often customers buy, when they leave and what they spend)"
    )
    rule = "“own rate carried on” (customers go on at their own past rate)"
    assert text() == f"Use {model} for budgets and for ranking customers. The numbers on this page come from it."
    assert text("gini") == f"Use {model} for budgets. The numbers on this page come from it. Rank customers by {rule}."
    expects = (
        f"For the budget of the next 2 weeks, use {rule}: it expects customers to spend EUR 1,230, "
        "where the model behind the other numbers of this page expects EUR 4,570."
    )
    assert text("bias") == f"{expects} Rank customers by {model}; all other numbers on this page come from it."
    others = f"The other numbers on this page come from {model}."
    assert text("bias", "gini") == f"{expects} Rank customers by it, too. {others}"


@pytest.mark.slow
def test_the_forecaster_for_budgets_is_fitted_to_the_whole_log(validation, monkeypatch):
    log = clv.datasets.load_cdnow(sample=True)
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    fitted = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(history)
    known = [fitted.purchases, fitted.spend, fitted, history]
    assert begin_budget(validation, [known[0]], *known[1:])() is None  # the model of the report is the best
    monkeypatch.setattr(budget_forecast, "recommended_for", lambda *_: "own_rate")
    budget = begin_budget(validation, [known[0]], *known[1:])()
    assert budget.expected == clv.Rule("own_rate").fit(history).forecast(history, "2 weeks").money.total
    assert budget.of_page == fitted.forecast(history, "2 weeks").money.total
    assert (budget.lowest, budget.highest, budget.cutoffs) == (1.6, 1.6, 1)
    text = budget_finding(select(validation), budget).text
    assert "“own rate carried on” expects spending of " in text
    assert text.endswith("At the test date, the total of “own rate carried on” was off by +160%.")


def test_every_forecaster_of_a_backtest_is_explained():
    every = default_forecasters([clv.BGNBD(), clv.NBD()], clv.GammaGamma(), boosted_trees=True, money=True)
    names = [identity.id for each in every if (identity := each.identity("purchases") or each.identity("money"))]
    view: Any = SimpleNamespace(quantities=["purchases"])
    texts = {name: explain(view, name) for name in names}
    assert texts["bgnbd"] == "a statistical model of how often customers buy and when they leave"
    assert texts["nbd"] == "a statistical model of how often customers buy"
    assert len(set(texts.values())) == len(names)
    assert all(texts.values())
    assert explain(view, "own forecaster") == ""


@pytest.mark.slow
def test_a_log_without_money_has_tiers_and_lists_by_purchases(validation, tmp_path):
    log = clv.datasets.load_cdnow(sample=True)
    history = clv.KnownHistory.from_log(log, time_unit="week", observation_end="1997-09-30")
    model = clv.CustomerModel(clv.MBGNBD()).fit(history)
    decisions = decide_by_purchases(model, history, "12 months")
    expected = model.expected_purchases(history.rfm, "12 months")["expected_purchases"]
    assert decisions.tiers.summary["value"].sum() == pytest.approx(expected.sum(), rel=1e-12)
    write_files(decisions.tables(), tmp_path / "page.html")
    at_risk = pd.read_csv(tmp_path / "page-files" / "at-risk.csv")
    assert at_risk["purchases_at_stake"].sum() == pytest.approx(decisions.lists.summary["money_at_stake"].iloc[0])
    rfm = history.rfm[np.flatnonzero(history.rfm.customer_id.is_in(at_risk["customer_id"]).to_numpy())]
    stays = clv.NBD().fit(rfm)  # who cannot leave buys more than who can
    assert (at_risk["probability_alive"] >= 0.5).all()
    assert at_risk["purchases_at_stake"].max() < stays.expected_purchases(rfm, "12 months")["expected_purchases"].max()
    actions = what_to_do(select(validation), decisions, None, AmountFormat("EUR"))
    assert actions.currency == ""
    assert actions.now[1][1].startswith("The top 118 customers (tier A) hold 37% of the expected purchases.")
    assert "if some of them leave as expected, 286 purchases is lost in all." in actions.now[1][1]


def profile_of(first_day: str, last_day: str, season: Season) -> Any:
    """Return what `judge_season` reads of a profile."""
    return SimpleNamespace(first_day=first_day, last_day=last_day, season=season)


def season_of(months: int, busiest: int | None = None) -> Season:
    index = [1.0] * 9 + [1.5] * 3
    table = pd.DataFrame({"month": range(1, 13), "index": index, "years": 2})
    return Season(0.5, 0.001, busiest, None if busiest is None else 2, table, months, 1000)


def test_the_season_of_the_next_three_months():
    unseen = judge_season(profile_of("1997-01-01", "1997-09-30", season_of(9)), knows_season=False)
    assert (unseen.code, unseen.figures["first"], unseen.figures["last"]) == ("season-not-seen", 10, 12)
    short = judge_season(profile_of("1997-01-01", "1998-06-30", season_of(18)), knows_season=False)
    assert (short.code, short.figures["first"], short.figures["last"]) == ("season-not-visible-yet", 7, 9)
    none = judge_season(profile_of("1997-01-01", "1999-01-05", season_of(24)), knows_season=False)
    assert (none.code, none.figures["first"], none.figures["last"]) == ("season-none", 1, 3)
    ahead = judge_season(profile_of("1997-01-01", "1999-09-20", season_of(32, busiest=12)), knows_season=True)
    assert ahead.code == "season-ahead"
    assert ahead.figures["change"] == pytest.approx(1.5 / (13.5 / 12) - 1)
    assert ahead.severity == "info"
    assert "follows the season" in ahead.text


def test_no_share_of_active_customers_is_shown_without_dropout() -> None:
    view: Any = SimpleNamespace(reference="mbgnbd", one_time_buyers_stay=set(), name="MBG/NBD")
    alive = pd.DataFrame({"customer_id": [1, 2, 3], "probability_alive": [1.0, 1.0, 1 - 1e-9]})
    assert _active_card(view, alive, None) is None
    card = _active_card(view, alive.assign(probability_alive=[1.0, 0.5, 0.0]), None)
    assert card is not None
    assert card.number == "50%"
