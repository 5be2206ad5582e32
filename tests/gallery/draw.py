"""Draws every public plot from CDNOW, one PNG each, into a folder: `make gallery`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.base import clone

import clvmodels as clv
from clvmodels.estimators.population_tables import (
    frequency_recency_table,
    heterogeneity_table,
    history_table,
    new_customers_table,
)

mpl.use("agg")

CUTOFF, END = "1997-09-30", "1998-06-30"
MANY_ROWS = 12  # rows in the log of the customer whose history is drawn
HELPERS = {"PlottedMetric", "PAGE_HEIGHT", "PAGE_WIDTH", "to_svg"}  # names in clv.plots that are not plots
OF_RUNS = {
    "monitoring_cohorts",
    "monitoring_deciles",
    "monitoring_ranking",
    "monitoring_totals",
}  # on `clv monitor`'s page


def pictures(*, sample: bool = False) -> dict[str, tuple[str, Any, dict[str, Any]]]:
    """Return plot, table and options by file name, for the full log or its 10 % sample."""
    log = clv.datasets.load_cdnow(sample=sample)
    split = clv.holdout_split(log, amount="amount", calibration_end=CUTOFF, holdout_end=END, time_unit="week")
    models, rfm = [clv.BGNBD(), clv.ParetoNBD()], split.calibration
    check = clv.validate(split, models, clv.GammaGamma())
    titled = check.with_titles
    for model in models:
        model.fit(rfm)
    spend = clv.GammaGamma().fit(rfm)
    terms: dict[str, Any] = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 1.0}
    value = clv.lifetime_value(models[1], spend, rfm, **terms)
    profile = clv.profile(log, amount="amount", time_unit="week", observation_end=END).tables()
    segments = clv.validate_segments(clv.tiers(value).frame(), split, column="tier_today", order=list("ABCD"))
    lists = clv.action_lists(models[1], spend, rfm, horizon="12 months", margin=1.0)
    often = log["customer_id"].value_counts()
    customer = often.index[int((often >= MANY_ROWS).sum()) - 1]
    bought = log.loc[log["customer_id"] == customer, "date"].tolist()
    grid = frequency_recency_table(models[1], rfm, "39 weeks")
    heterogeneity = heterogeneity_table(models[1])
    money = {"quantity": "money"}
    card = clv.scorecard(rfm.to_frame().merge(value, on="customer_id"), "contribution")
    accounts = clv.key_accounts(log, amount="amount", rule={"share": 0.003}, window="6 months")
    return _money_over_time(log) | {
        "account_shares": ("account_shares", accounts.frame(), {}),
        "calibration_by_frequency": ("calibration_by_frequency", titled(check.by_frequency), {}),
        "calibration_by_recency": ("calibration", titled(check.calibration), {"by": "recency"}),
        "calibration_by_decile": ("calibration", titled(check.calibration), {"forecasts": ["pareto_nbd"]}),
        "value_by_decile": (
            "calibration",
            titled(check.calibration),
            money | {"forecasts": ["pareto_nbd+gamma_gamma"]},
        ),
        "coverage": ("coverage", titled(check.calibration), {}),
        "decile_lift": ("decile_lift", titled(check.deciles), {}),
        "differences": ("differences", titled(check.differences), {}),
        "frequency_recency_matrix": ("frequency_recency_matrix", grid, {}),
        "gain_curve": ("gain_curve", titled(check.gain), {}),
        "heterogeneity_of_purchases": ("heterogeneity", heterogeneity, {}),
        "heterogeneity_of_dropout": ("heterogeneity", heterogeneity, {"of": "dropout rate"}),
        "history_alive": ("history_alive", history_table(models[1], bought, END, interval=0.9), {}),
        "indicator_weights": ("indicator_weights", card.weights, {}),
        "lorenz_curve": ("lorenz_curve", titled(check.lorenz), {"forecasts": ["bgnbd", "pareto_nbd"]}),
        "money_at_stake": ("money_at_stake", lists.summary, {}),
        "new_customers": ("new_customers", new_customers_table(models, "2 years"), {}),
        "overlap": ("overlap", titled(check.overlap), {}),
        "parameter_intervals": ("parameter_intervals", titled(check.parameters), {}),
        "pit_histogram": ("pit_histogram", titled(check.pit), {}),
        "planned_gain": ("planned_gain", _plan(lists), {}),
        "probability_alive_matrix": ("probability_alive_matrix", grid, {}),
        "reliability": ("reliability", titled(check.reliability), {}),
        "revenue_change": ("revenue_change", clv.audit(log, amount="amount").change, {}),
        "scores_bias": ("scores", titled(check.scores), {"metric": "bias"}),
        "scores_gini": ("scores", titled(check.scores), money),
        "season": ("season", clv.profile(_three_years()).season.months, {}),
        "spend_distribution": ("spend_distribution", titled(check.spend_histogram), {}),
        "totals": ("totals", titled(check.totals), {}),
        "tracking_cumulative": ("tracking_cumulative", titled(check.tracking), {}),
        "tracking_incremental": ("tracking_incremental", titled(check.tracking), {}),
        "segment_cells": ("segment_cells", _cells(value, rfm), {}),
        "segment_shares": ("segment_shares", segments.table, {}),
        "segment_sizes": ("segment_sizes", clv.rfm_segments(rfm).summary, {}),
        "tier_shares": ("tier_shares", clv.tiers(value).summary, {}),
        "times_between": ("times_between", profile["waits"], {}),
        "value_distribution": ("value_distribution", value, {}),
        "weekly": ("weekly", profile["weeks"], {}),
    }


def _money_over_time(log: pd.DataFrame) -> dict[str, tuple[str, Any, dict[str, Any]]]:
    """Return the plots of cash flow, payback, revenue by month, the equity bridge and elasticities."""
    terms: dict[str, Any] = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    terms["costs"] = clv.Costs(per_order=2.0, per_period=0.1, acquisition=15.0)
    models: dict[str, Any] = {"purchases": clv.MBGNBD(), "spend": clv.GammaGamma()}

    def base(day: str) -> tuple[clv.KnownHistory, dict[str, Any]]:
        history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end=day)
        return history, {name: clone(model).fit(history.rfm) for name, model in models.items()}

    (history, fitted), (later, fitted_later) = base(CUTOFF), base("1997-12-31")
    flow = clv.remaining_value(rfm=history.rfm, by_period="month", interval=0.9, draws=50, **fitted, **terms)
    economics = clv.unit_economics(**fitted, history=history, by="cohort_month", draws=50, **terms)
    plan = clv.AcquisitionPlan(customers={"1997-10": 300, "1997-11": 280}, cac=15.0)
    ahead = clv.revenue_forecast(rfm=history.rfm, plan=plan, draws=50, **fitted, **{**terms, "horizon": "92 days"})
    total = clv.remaining_value(rfm=history.rfm, by="total", interval=0.9, draws=50, **fitted, **terms)
    steps = clv.equity_bridge(
        clv.BaseValuation(rfm=history.rfm, **fitted, **terms), clv.BaseValuation(rfm=later.rfm, **fitted_later, **terms)
    )
    whole = clv.KnownHistory.from_log(log, amount="amount", time_unit="week")
    past = clv.backtest_revenue(whole, cutoffs=["1997-09-30", "1997-12-31"], draws=50)
    concentration = clv.value_concentration(history=history, draws=50, **fitted, **terms)
    plain = {name: value for name, value in terms.items() if name != "costs"}
    values = clv.lifetime_value(rfm=history.rfm, **fitted, **plain)
    tiers = clv.tiers(values).frame()[["customer_id", "tier_today"]]
    changes = clv.flag_changes(rfm=history.rfm.with_columns(tiers), later=later, by="tier_today", draws=100, **fitted)
    channels = clv.unit_economics(**fitted, history=history, by="cohort_month", interval=None, **terms)
    board = clv.kpi_board(channels, targets={"cac": 12.0, "clv": 30.0})
    trend = clv.trend_table(history=later, period="13 weeks", by="cohort_month", **fitted_later)
    drivers = clv.elasticities(rfm=history.rfm, **fitted, **terms)
    return {
        "cash_flow": ("cash_flow", flow.frame(), {}),
        "channel_shares": ("channel_shares", clv.channel_efficiency(channels), {}),
        "target_distances": ("target_distances", board.frame(), {}),
        "trend_changes": ("trend_changes", trend.frame(), {}),
        "changes_by_group": ("changes_by_group", changes.frame(), {}),
        "elasticity_bars": ("elasticity_bars", drivers.frame(), {}),
        "equity_steps": ("equity_steps", steps.frame(), {}),
        "group_values": ("group_values", total.frame(), {}),
        "monthly_revenue": ("monthly_revenue", ahead.frame(), {}),
        "payback": ("payback", economics.payback, {}),
        "top_shares": ("top_shares", concentration.frame(), {}),
        "revenue_against_actual": ("revenue_against_actual", past.table, {}),
    }


def _cells(value: Any, rfm: Any) -> pd.DataFrame:
    """Return tiers by stage, with names for the plot."""
    customers = clv.tiers(value).frame().merge(clv.stages(clv.MBGNBD().fit(rfm), rfm).frame(), on="customer_id")
    table = clv.segment_crosstab(customers, by=["tier_today", "stage"]).table
    return table.rename(columns={"tier_today": "group", "stage": "behavior"})


def _plan(lists: Any) -> pd.DataFrame:
    """Return the plan of a made-up playbook for customers to act on."""
    rules = {
        "segment": ["at risk", "win back"],
        "action": ["thank-you call", "offer"],
        "channel": ["phone", "email"],
        "contact_cost": [3.0, 0.1],
        "discount": [0.0, 5.0],
        "extra_orders": [0.2, 0.3],
    }
    customers = lists.frame().assign(expected_orders=0.5, margin_per_order=30.0)
    return clv.plan_actions(customers, pd.DataFrame(rules), segment="list", budget=200.0).summary


def _three_years() -> pd.DataFrame:
    """Return a log with a Christmas season, for which CDNOW is too short: other months lose a third of their rows."""
    parameters = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
    log = clv.simulate_log(2_000, parameters, start="2021-01-01", end="2023-12-31")
    holidays = pd.to_datetime(log["date"]).dt.month.isin((11, 12))
    return log[holidays | (np.random.default_rng(0).random(len(log)) > 1 / 3)]


def save(plots: dict[str, tuple[str, Any, dict[str, Any]]], folder: Path) -> list[Path]:
    """Write every plot, and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, (plot, table, options) in plots.items():
        figure = getattr(clv.plots, plot)(table, **options).figure
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=100)
        plt.close(figure)
    return paths


if __name__ == "__main__":
    for path in save(pictures(), Path(sys.argv[1] if len(sys.argv) > 1 else "gallery")):
        sys.stdout.write(f"{path}\n")
