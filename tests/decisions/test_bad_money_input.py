"""Every public function that takes costs has a clear error, or a stated rule, for each kind of bad input."""

from __future__ import annotations

import inspect
import types

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidRFM

VALUES = {
    name: getattr(clv, name)
    for name in clv.__all__
    if isinstance(getattr(clv, name), types.FunctionType)
    and {"costs", "margin", "currency"} <= set(inspect.signature(getattr(clv, name)).parameters)
}
TERMS = {"horizon": "61 days", "annual_discount_rate": 0.1, "margin": 0.35}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base():
    """Return the models of a small shop, and its history with a channel and a fee that is blank for one customer."""
    log = clv.datasets.load_cdnow(sample=True)
    log = log[log["customer_id"].isin(np.unique(log["customer_id"])[::8])]
    ids = np.unique(log["customer_id"])
    channel = np.where(np.arange(len(ids)) % 2, "search", "social")
    fee = np.where(np.arange(len(ids)) == 0, np.nan, 1.0)
    attributes = pd.DataFrame({"customer_id": ids, "channel": channel, "fee": fee})
    reading = {"amount": "amount", "time_unit": "week", "attributes": attributes}
    history, earlier = (
        clv.KnownHistory.from_log(log, observation_end=day, **reading) for day in ("1997-09-30", "1997-08-31")
    )
    return clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm), history, earlier


def call(name, base, **options):
    """Value the shop with a function, whose draws are few; the bridge goes from one month earlier to the cutoff."""
    purchases, spend, history, earlier = base
    options = {**TERMS, "costs": clv.Costs(per_order=1.0), **options}
    if name == "equity_bridge":
        at = {"purchases": purchases, "spend": spend, **options}
        return clv.equity_bridge(clv.BaseValuation(rfm=earlier.rfm, **at), clv.BaseValuation(rfm=history.rfm, **at))
    parameters = inspect.signature(VALUES[name]).parameters
    base_of = history.rfm if "rfm" in parameters else history
    draws = {"draws": 20} if "draws" in parameters else {}
    return VALUES[name](purchases, spend, base_of, **draws, **options)


every_function = pytest.mark.parametrize("name", [*VALUES, "equity_bridge"])


def test_the_functions_are_those_that_value_customers_after_costs():
    assert {"remaining_value", "value_at_acquisition", "lifetime_net_value", "unit_economics"} <= set(VALUES)
    assert {"revenue_forecast", "elasticities", "value_concentration"} <= set(VALUES)


@every_function
def test_blanks_in_a_column_of_costs_are_refused(name, base):
    with pytest.raises(InvalidRFM, match=r"per_order: 'fee' is blank for 1 customer \(first: .*\): fill it in"):
        call(name, base, costs=clv.Costs(per_order="fee"))


@every_function
def test_costs_in_two_currencies_are_never_added(name, base):
    with pytest.raises(InvalidOption, match="EUR and USD cannot be added"):
        call(name, base, costs=clv.Costs(per_order=1.0, currency="USD"), currency="EUR")


@every_function
def test_a_negative_margin_is_pointed_out(name, base):
    assert "money-negative-margin" in {finding.code for finding in call(name, base, margin=-0.1).findings}


RANKINGS = {  # functions that have a margin but no findings about it, or that rank customers by money
    "early_value": lambda models, history, **margin: clv.early_value(history, horizon="61 days", days=(30,), **margin),
    "cohort_triangle": lambda models, history, **margin: clv.cohort_triangle(*models, history, horizon=4, **margin),
    "plain_formulas": lambda models, history, **margin: clv.plain_formulas(
        history, horizon=4, annual_discount_rate=0.1, **margin
    ),
    "action_lists": lambda models, history, **margin: clv.action_lists(*models, history.rfm, horizon=4, **margin),
    "growth_list": lambda models, history, **margin: clv.growth_list(*models, history.rfm, horizon=4, **margin),
    "key_accounts": lambda models, history, **margin: clv.key_accounts(
        pd.DataFrame(), amount="amount", rule={"share": 0.1}, window="6 months", **margin
    ),
    "cross_selling": lambda models, history, **margin: clv.cross_selling(pd.DataFrame(), item="item", **margin),
    "report": lambda models, history, **margin: clv.report(pd.DataFrame(), amount="amount", **margin),
}
LINEAR = {
    "lifetime_value",
    "value_draws",
    "score_in_blocks",
    "score_in_engine",
    "scoring_sql",
}  # a negative margin gives negative values, as their docstrings say


@pytest.mark.parametrize("name", RANKINGS)
def test_a_table_that_cannot_point_out_a_negative_margin_refuses_it(name, base):
    purchases, spend, history, _ = base
    with pytest.raises(InvalidOption, match=r"margin=-0\.1 (is negative|must be a share between 0 and 1)"):
        RANKINGS[name]((purchases, spend), history, margin=-0.1)


def test_every_function_with_a_margin_has_a_rule_for_a_negative_one():
    functions = {name: getattr(clv, name) for name in clv.__all__}
    with_margin = {
        name
        for name, function in functions.items()
        if isinstance(function, types.FunctionType)
        and (margin := inspect.signature(function).parameters.get("margin")) is not None
        and "str" not in str(margin.annotation)  # the name of a column
    }
    assert with_margin == {*VALUES, *RANKINGS, *LINEAR}


@every_function
def test_a_channel_without_customers_is_pointed_out_and_one_without_a_cost_refused(name, base):
    table = {"search": 1.0, "social": 2.0, "radio": 3.0}
    result = call(name, base, costs=clv.Costs(per_order={"channel": table}))
    assert "costs-without-customers" in {finding.code for finding in result.findings}
    with pytest.raises(InvalidRFM, match="'social', which has no cost"):
        call(name, base, costs=clv.Costs(per_order={"channel": {"search": 1.0}}))


@pytest.mark.parametrize("name", [name for name in VALUES if "plan" in inspect.signature(VALUES[name]).parameters])
def test_a_plan_in_the_past_or_beyond_the_horizon_is_refused(name, base):
    for month in ("1997-08", "1998-03"):
        plan = clv.AcquisitionPlan(customers={month: 10})
        with pytest.raises(InvalidOption, match=f"The plan has customers in {month}, but the forecast goes from"):
            call(name, base, plan=plan)


IN_CURRENCY = {  # tables of money that no costs enter, with an argument of their own for the currency
    "early_value": lambda models, history, **code: RANKINGS["early_value"](models, history, margin=0.35, **code),
    "cohort_triangle": lambda models, history, **code: RANKINGS["cohort_triangle"](
        models, history, margin=0.35, **code
    ),
    "plain_formulas": lambda models, history, **code: RANKINGS["plain_formulas"](models, history, margin=0.35, **code),
    "trend_table": lambda models, history, **code: clv.trend_table(*models, history, period="13 weeks", **code).frame(),
    "budget_against_actual": lambda models, history, **code: clv.budget_against_actual(
        history, {"1997-08": 1.0}, **code
    ),
    "flag_changes_last_year": lambda models, history, **code: clv.flag_changes_last_year(
        YEAR_AND_MORE, by="channel", weeks=4, draws=20, **code
    ).frame(),
    "audit": lambda models, history, **code: clv.audit(LOG, amount="amount", period="month", **code).periods,
}
LOG = pd.DataFrame(
    {"customer_id": np.arange(60) % 7, "date": pd.date_range("2022-01-01", periods=60, freq="10D"), "amount": 5.0}
)
YEAR_AND_MORE = clv.KnownHistory.from_log(
    LOG, amount="amount", attributes=pd.DataFrame({"customer_id": range(7), "channel": list("ababaab")})
)


@pytest.mark.parametrize("name", IN_CURRENCY)
def test_a_table_of_money_names_its_currency(name, base):
    purchases, spend, history, _ = base
    table = pd.DataFrame(IN_CURRENCY[name]((purchases, spend), history, currency="EUR"))
    assert set(table["currency"]) == {"EUR"}
    assert "currency" not in IN_CURRENCY[name]((purchases, spend), history)
    with pytest.raises(InvalidOption, match="currency='Euro'"):
        IN_CURRENCY[name]((purchases, spend), history, currency="Euro")


def test_a_board_and_channels_name_the_currency_of_their_economics(base):
    purchases, spend, history, _ = base
    costs = clv.Costs(acquisition={"channel": {"search": 20.0, "social": 10.0}}, currency="EUR")
    economics = clv.unit_economics(purchases, spend, history, by="channel", interval=None, **{**TERMS, "costs": costs})
    assert set(clv.kpi_board(economics, targets={"cac": 12.0}).frame()["currency"]) == {"EUR"}
    assert set(clv.channel_efficiency(economics)["currency"]) == {"EUR"}


def test_every_function_that_returns_money_can_name_its_currency():
    functions = {name: getattr(clv, name) for name in ("flag_changes", *IN_CURRENCY)}
    assert all("currency" in inspect.signature(function).parameters for function in functions.values())
