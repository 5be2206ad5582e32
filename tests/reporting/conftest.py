"""Small tables made by hand, with the columns that `validate` and `lifetime_value` return."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from clvmodels.language import Finding
from clvmodels.validation.backtest.result import Validation

mpl.use("agg")

CUTOFF, HORIZON = "2024-01-21", "2 weeks"
MODELS, RULES = ("bgnbd", "pareto_nbd"), ("zero", "own_rate")
KINDS = dict.fromkeys(MODELS, "process") | dict.fromkeys(RULES, "rule")
FORECASTERS = pd.DataFrame(
    [
        ("bgnbd", "BG/NBD", "process", "bgnbd", None),
        ("pareto_nbd", "Pareto/NBD", "process", "pareto_nbd", None),
        ("zero", "zero", "rule", None, None),
        ("own_rate", "own rate carried on", "rule", None, None),
        ("bgnbd+gamma_gamma", "BG/NBD x Gamma-Gamma", "process", "bgnbd", "gamma_gamma"),
        ("pareto_nbd+gamma_gamma", "Pareto/NBD x Gamma-Gamma", "process", "pareto_nbd", "gamma_gamma"),
        ("gamma_gamma", "Gamma-Gamma", "spend", None, "gamma_gamma"),
    ],
    columns=["id", "title", "kind", "process", "spend"],
)


def dated(table: pd.DataFrame, cutoff: str = CUTOFF) -> pd.DataFrame:
    return table.assign(cutoff=cutoff, horizon=HORIZON)


def forecaster_of(name: str, quantity: str) -> str:
    """Return the id of the forecaster of a quantity: money is forecast by a process and a spend model."""
    return f"{name}+gamma_gamma" if quantity == "money" and name in MODELS else name


def titled(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the titles of its forecasters, as plots receive it."""
    titles = dict(zip(FORECASTERS["id"], FORECASTERS["title"], strict=True))
    for name, added in (("forecaster", "title"), ("reference", "reference_title")):
        if name in table:
            table = table.assign(**{added: [titles.get(each, each) for each in table[name]]})
    return table


def each(quantities: tuple[str, ...], forecasts: tuple[str, ...], rows: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the same rows for every quantity and forecaster."""
    parts = [
        rows.assign(
            quantity=quantity, forecaster=forecaster_of(forecast, quantity), kind=KINDS.get(forecast, "process")
        )
        for quantity in quantities
        for forecast in forecasts
    ]
    return dated(pd.concat(parts, ignore_index=True))


def calibration() -> pd.DataFrame:
    tenths = np.arange(1, 11)
    actual = 3.0 / tenths
    by_decile = pd.DataFrame(
        {
            "by": "decile",
            "order": tenths,
            "group": [f"{tenth}" for tenth in tenths],
            "unit": "",
            "customers": 10,
            "actual": actual,
            "expected": 0.9 * actual,
            "lower": 0.7 * actual,
            "upper": 1.1 * actual,
            "coverage": np.linspace(0.85, 0.99, 10),
            "width": 2.0,
            "sampled": 10,
        }
    )
    by_recency = by_decile.head(4).assign(by="recency", group=["once", "0 to 1", "1 to 2", "2 to 3"], unit="weeks")
    return each(("purchases", "money"), MODELS, pd.concat([by_decile, by_recency], ignore_index=True))


def reliability() -> pd.DataFrame:
    predicted = np.linspace(0.05, 0.95, 10)
    rows = pd.DataFrame({"bin": range(1, 11), "customers": 10, "predicted": predicted, "actual": predicted**1.2})
    rows = rows.assign(lower=0.9 * rows["actual"], upper=np.minimum(1.1 * rows["actual"], 1.0))
    return each(("purchases",), MODELS, rows).drop(columns=["quantity", "kind"])


def pit() -> pd.DataFrame:
    edges = np.linspace(0, 1, 11)
    share = np.array([8, 9, 10, 10, 10, 10, 10, 10, 11, 12]) / 100
    rows = pd.DataFrame({"bin": range(1, 11), "lower": edges[:-1], "upper": edges[1:], "share": share, "sampled": 100})
    return each(("purchases",), MODELS, rows).drop(columns="kind")


def gain() -> pd.DataFrame:
    share = np.linspace(0, 1, 101)
    forecasts = each(
        ("purchases", "money"), (*MODELS, *RULES), pd.DataFrame({"share_of_customers": share, "captured": share**0.5})
    )
    best = each(
        ("purchases", "money"), ("perfect",), pd.DataFrame({"share_of_customers": share, "captured": share**0.2})
    )
    return pd.concat([forecasts, best.assign(kind="")], ignore_index=True)


def lorenz() -> pd.DataFrame:
    share = np.linspace(0, 1, 101)
    rows = pd.DataFrame({"share_of_customers": share, "share_of_quantity": share**3})
    return each(("purchases", "money"), ("actual", *MODELS), rows).drop(columns="kind")


def deciles() -> pd.DataFrame:
    tenths = np.arange(1, 11)
    lift = 3.0 / tenths
    rows = pd.DataFrame({"decile": tenths, "customers": 10, "predicted": 9 * lift, "actual": 10 * lift, "lift": lift})
    return each(("purchases", "money"), (*MODELS, *RULES), rows.assign(share=lift / lift.sum()))


def overlap() -> pd.DataFrame:
    top = np.array([0.01, 0.05, 0.1, 0.2])
    rows = pd.DataFrame({"top": top, "customers": [1, 5, 10, 20], "overlap": [0.3, 0.4, 0.5, 0.55], "by_chance": top})
    return each(("purchases", "money"), (*MODELS, *RULES), rows.assign(captured=[0.1, 0.3, 0.5, 0.7]))


def totals() -> pd.DataFrame:
    rows = []
    for cutoff, actual in (("2023-12-24", 90.0), ("2024-01-21", 100.0)):
        rows += [
            {
                "quantity": quantity,
                "forecaster": forecaster_of(model, quantity),
                "predicted": 86.0,
                "lower": 75.0,
                "upper": 97.0,
                "actual": actual,
                "inside": actual < 97,
                "earlier": 1,
                "widened_lower": np.nan,
                "widened_upper": np.nan,
                "calibrated": False,
                "missed": 0,
                "cutoff": cutoff,
                "horizon": HORIZON,
            }
            for quantity in ("purchases", "money")
            for model in MODELS
        ]
    return pd.DataFrame(rows)


def differences() -> pd.DataFrame:
    rows = [
        (metric, forecast, 0.5, 0.6, difference, difference - 0.02, difference + 0.02, better)
        for metric in ("gini", "rmse", "capture")
        for forecast, difference, better in (
            ("pareto_nbd", 0.01, "not_visible"),
            ("zero", -0.6, "reference"),
            ("own_rate", 0.05, "forecaster"),
        )
    ]
    names = ["metric", "forecaster", "value", "reference_value", "difference", "lower", "upper", "better"]
    table = pd.DataFrame(rows, columns=names).assign(reference="bgnbd", customers=100, cutoffs=2, horizon=HORIZON)
    money = table.assign(
        quantity="money",
        forecaster=[forecaster_of(name, "money") for name in table["forecaster"]],
        reference=forecaster_of("bgnbd", "money"),
    )
    return pd.concat([table.assign(quantity="purchases"), money], ignore_index=True)


def spend_histogram() -> pd.DataFrame:
    edges = np.append(np.arange(0.0, 100.0, 10.0), np.inf)
    share = np.array([5, 20, 30, 20, 10, 5, 4, 3, 2, 1]) / 100
    rows = pd.DataFrame({"lower": edges[:-1], "upper": edges[1:], "customers": 97, "observed": share})
    return dated(rows.assign(expected=share[::-1]))


def weeks() -> pd.DataFrame:
    start = pd.date_range("2024-01-01", periods=5, freq="7D").strftime("%Y-%m-%d")
    bought = pd.DataFrame({"purchases": [9, 12, 10, 14, 3], "new_customers": [5, 3, 2, 2, 1]})
    return bought.assign(
        week_start=start, days=[7, 7, 7, 7, 2], repeat_purchases=bought["purchases"] - bought["new_customers"]
    )


def months() -> pd.DataFrame:
    return pd.DataFrame({"month": range(1, 13), "index": [*[0.9] * 10, 1.2, 1.8], "years": 2})


def intertimes() -> pd.DataFrame:
    return pd.DataFrame({"lower": [0.0, 2.0, 4.0], "upper": [2.0, 4.0, np.inf], "count": [6, 3, 1], "unit": "week"})


def frequency_recency() -> pd.DataFrame:
    frequency, recency = (grid.ravel() for grid in np.meshgrid(np.arange(6), np.linspace(0, 10, 11), indexing="ij"))
    alive = np.where(frequency == 0, 0.8, (recency / 10) ** frequency)
    table = pd.DataFrame({"frequency": frequency, "recency": recency, "T": 10.0, "probability_alive": alive})
    return table.assign(expected_purchases=alive * (1 + frequency) / 2, unit="week", horizon="12 months")


def history() -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=30).strftime("%Y-%m-%d")
    alive = np.linspace(1, 0.4, 30)
    table = pd.DataFrame({"date": days, "purchase": [i in (0, 5, 9) for i in range(30)], "probability_alive": alive})
    return table.assign(lower=0.9 * alive, upper=np.minimum(1.1 * alive, 1))


def heterogeneity() -> pd.DataFrame:
    rows = pd.DataFrame({"left": [0.0, 0.1, 0.2], "right": [0.1, 0.2, np.inf], "share": [0.7, 0.2, 0.1], "mean": 0.08})
    return pd.concat(
        [
            rows.assign(quantity="purchase rate", unit="per week"),
            rows.iloc[:2].assign(quantity="dropout probability", unit="", mean=0.06),
        ],
        ignore_index=True,
    )


def new_customers() -> pd.DataFrame:
    time = np.linspace(0, 52, 14)
    table = pd.DataFrame({"model": "BG/NBD", "time": time, "expected": time**0.7, "unit": "week"})
    return table.assign(lower=0.9 * table["expected"], upper=1.1 * table["expected"])


MADE = (
    calibration,
    deciles,
    differences,
    frequency_recency,
    gain,
    heterogeneity,
    history,
    intertimes,
    totals,
    lorenz,
    months,
    new_customers,
    overlap,
    pit,
    reliability,
    spend_histogram,
    weeks,
)


def decision_tables() -> dict[str, pd.DataFrame]:
    """Return the tables that plots of decisions draw, by name."""
    shares = {"share_lower": [0.3, 0.1], "share_upper": [0.5, 0.3], "share_past_spend": [0.3, 0.2]}
    return {
        "tiers": pd.DataFrame(
            {"tier": ["gold", "basic"], "share_of_customers": [0.1, 0.9], "share_of_value": [0.6, np.nan]}
        ),
        "weights": pd.DataFrame({"dimension": ["a", "b"], "indicator": ["x", "y"], "weight": [0.7, 0.3]}),
        "accounts": pd.DataFrame({"account_id": [7, 9], "share": [0.3, 0.1]}),
        "segments": pd.DataFrame({"segment": ["loyal", "new"], "share_of_customers": [0.4, 0.6]}),
        "cells": pd.DataFrame(
            {
                "group": ["A", "B"],
                "behavior": ["new", "old"],
                "attribute": ["x", "x"],
                "customers": [7, None],
                "share_of_value": [0.7, None],
                "suppressed": [False, True],
            }
        ),
        "segment_check": pd.DataFrame(
            {"segment": ["a", "b"], "share": [0.4, 0.2], "share_rfm_sum": [0.2, 0.4], **shares}
        ),
        "lists": pd.DataFrame({"list": ["at risk", "win back"], "customers": [5, 0], "money_at_stake": [90.5, 0.0]}),
        "plan": pd.DataFrame(
            {"segment": ["a"], "action": ["call"], "channel": ["phone"], "cost": [30.0], "assumed_gain": [60.0]}
        ),
        "change": pd.DataFrame({"split": ["customers", "drivers"], "part": ["new", "orders"], "amount": [-4.0, 9.0]}),
        **_money_over_time(),
    }


def _money_over_time() -> dict[str, pd.DataFrame]:
    months = {"period": ["2024-01-01", "2024-02-01"]}
    ends = {"lower": 0.5, "upper": 1.5}

    def with_ends(name: str, values: list[float]) -> dict[str, list[float]]:
        return {name: values} | {f"{name}_{end}": [x * value for value in values] for end, x in ends.items()}

    return {
        "flow": pd.DataFrame(months | with_ends("net_cash_flow", [5.0, -2.0])),
        "groups": pd.DataFrame({"channel": ["a", "b"], **with_ends("remaining_value", [5.0, -2.0])}),
        "payback": pd.DataFrame(
            {"channel": ["a", "a", "b"], "month": [1, 2, 1], "acquisition_cost": [2.0, 2.0, 0.0]}
            | with_ends("value", [1.0, 3.0, 2.0])
        ),
        "months_ahead": pd.DataFrame(
            months | {"existing": [4.0, 3.0], "new": [1.0, 2.0]} | with_ends("revenue", [5.0, 5.0])
        ),
        "shares": pd.DataFrame({"line": ["past_profit", "future_value"], "top": 0.2, "share": [0.6, 0.9]}).assign(
            share_lower=[np.nan, 0.8], share_upper=[np.nan, 0.95]
        ),
        "changes": pd.DataFrame({"tier": ["A", "B"], "multiple_of_chance": [-1.4, 0.2], "flagged": [True, False]}),
        "months_past": pd.DataFrame(
            {"month": ["2024-01", "2024-02"], "predicted": [5.0, 4.0], "lower": 3.0, "upper": 6.0, "actual": [5.0, 6.0]}
        ).assign(forecaster="revenue_forecast"),
        "steps": pd.DataFrame(
            {"step": ["opening", "acquired", "assumption_rate", "closing"], "amount": [5.0, -2.0, 0.0, 3.0]}
        ).assign(balance=[5.0, 3.0, 3.0, 3.0]),
        "drivers": pd.DataFrame({"driver": ["dropout", "spend"], "elasticity": [-0.2, 1.1]}),
        "trend": pd.DataFrame({"tier": ["A", "B"], "measure": "loyalty", "past": [0.5, 0.4], "now": [0.6, 0.3]}).assign(
            expected=[0.5, 0.3]
        ),
        "channels": pd.DataFrame({"channel": ["search", "shop"], "share_of_cost": [0.7, 0.3]}).assign(
            share_of_value=[0.4, 0.6]
        ),
        "board": pd.DataFrame({"channel": ["search", "shop"], "kpi": "cac", "relative": [0.2, -0.1]}).assign(
            reached=[False, True]
        ),
    }


@pytest.fixture
def tables(
    scores: pd.DataFrame,
    by_frequency: pd.DataFrame,
    tracking: pd.DataFrame,
    value: pd.DataFrame,
    parameters: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Return every table that a plot draws, by name."""
    made = {make.__name__: make() for make in MADE}
    made |= decision_tables()
    fixtures = {"scores": scores, "by_frequency": by_frequency, "tracking": tracking, "value": value}
    return {name: titled(table) for name, table in (made | fixtures | {"parameters": parameters}).items()}


@pytest.fixture
def scores() -> pd.DataFrame:
    columns = ["quantity", "forecaster", "customers", "predicted", "actual", "bias", "mae", "rmse", "spearman", "gini"]
    rows = [
        ("purchases", "bgnbd", 100, 86.0, 100.0, -0.14, 0.82, 1.73, 0.44, 0.66),
        ("purchases", "pareto_nbd", 100, 88.0, 100.0, -0.12, 0.80, 1.72, 0.45, 0.67),
        ("purchases", "zero", 100, 0.0, 100.0, -1.0, 0.83, 2.47, np.nan, 0.0),
        ("purchases", "own_rate", 100, 147.0, 100.0, 0.47, 1.04, 2.16, 0.48, 0.60),
        ("money", "bgnbd+gamma_gamma", 98, 4100.0, 5000.0, -0.18, 32.7, 92.9, 0.42, 0.67),
        ("money", "zero", 100, 0.0, 5000.0, -1.0, 33.0, 129.0, np.nan, 0.0),
        ("money", "own_rate", 100, 13000.0, 5000.0, 1.6, 71.4, 154.1, 0.40, 0.70),
    ]
    table = pd.DataFrame(rows, columns=columns)
    rule = table["forecaster"].isin(RULES)
    chances = {
        "poisson_deviance": np.where(table["forecaster"] == "zero", np.inf, 1.6),
        "capture": np.where(table["gini"] > 0, 0.5, 0.1),
        "lift": np.where(table["gini"] > 0, 5.0, 1.0),
        "decile_mape": 0.2,
        "log_score": np.where(rule, np.nan, -1.0),
        "crps": np.where(rule, np.nan, 0.5),
        "brier": np.where(rule, np.nan, 0.16),
        "log_loss": np.where(rule, np.nan, 0.5),
        "coverage": np.where(rule, np.nan, 0.93),
        "width": np.where(rule, np.nan, 2.6),
        "sampled": 100,
        "kind": np.where(rule, "rule", "process"),
    }
    return dated(table.assign(**chances))


@pytest.fixture
def by_frequency() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "frequency": ["0", "1", "7+"],
            "customers": [14_119, 4_442, 636],
            "actual": [0.25, 0.78, 6.59],
            "forecaster": "bgnbd",
            "expected": [0.23, 0.52, 6.47],
            "lower": [0.18, 0.42, 5.47],
            "upper": [0.28, 0.62, 7.47],
            "cutoff": CUTOFF,
            "horizon": HORIZON,
        }
    )


@pytest.fixture
def tracking() -> pd.DataFrame:
    ends = ["2024-01-07", "2024-01-14", "2024-01-21", "2024-01-28", "2024-02-04"]
    forecast = [np.nan, np.nan, np.nan, 7.5, 7.0]
    return pd.DataFrame(
        {
            "forecaster": "bgnbd",
            "period": "week",
            "week": range(1, 6),
            "end": ends,
            "holdout": [False, False, False, True, True],
            "actual": [4.0, 9.0, 8.0, 7.0, 9.0],
            "expected": [5.0, 8.5, 8.0, 7.6, 7.1],
            "forecast": forecast,
            "cumulative_actual": [4.0, 13.0, 21.0, 28.0, 37.0],
            "cumulative_expected": [5.0, 13.5, 21.5, 29.1, 36.2],
            "cumulative_forecast": [np.nan, np.nan, np.nan, 28.5, 35.5],
            "forecast_lower": [np.nan, np.nan, np.nan, 5.5, 5.0],
            "forecast_upper": [np.nan, np.nan, np.nan, 9.5, 9.0],
            "cumulative_forecast_lower": [np.nan, np.nan, np.nan, 26.5, 31.5],
            "cumulative_forecast_upper": [np.nan, np.nan, np.nan, 30.5, 39.5],
            "cutoff": CUTOFF,
            "horizon": HORIZON,
        }
    )


@pytest.fixture
def value() -> pd.DataFrame:
    """Ten customers with a value, the first with half of the total, and one without a value."""
    worth = [90.0, *[10.0] * 9, np.nan]
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(11)],
            "expected_purchases": np.linspace(2.0, 1.0, 11),
            "discounted_purchases": np.linspace(1.9, 0.9, 11),
            "expected_spend": [*np.linspace(50.0, 10.0, 10), np.nan],
            "lifetime_value": worth,
            "reason": [*[None] * 10, "no mean of spend exists"],
        }
    )


@pytest.fixture
def parameters() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "parameter": ["r", "alpha", "p"],
            "estimate": [0.2516, 4.789, 6.275],
            "standard_error": [0.0042, np.nan, 0.4],
            "lower": [0.2435, np.nan, 5.539],
            "upper": [0.26, np.nan, 7.11],
            "unit": ["", "weeks", ""],
            "forecaster": ["bgnbd", "bgnbd", "gamma_gamma"],
            "cutoff": CUTOFF,
        }
    )


@pytest.fixture
def validation(tables: dict[str, pd.DataFrame]) -> Validation:
    common = {
        "log_likelihood": -95368.444,
        "aic": 190744.9,
        "bic": 190777.2,
        "gradient_norm": 3.2e-10,
        "hessian_definite": True,
        "iterations": 18,
        "unique_rows": 85,
    }
    purchases = {
        "forecaster": "bgnbd",
        "title": "BG/NBD",
        "status": "boundary",
        "message": "no dropout is visible",
        "findings": [Finding("fit-no-dropout", {"parameter": "a"}, "caution").to_dict()],
        "customers": 100,
    }
    spend = {
        "forecaster": "gamma_gamma",
        "title": "Gamma-Gamma",
        "status": "converged",
        "message": "the gradient is zero",
        "findings": [Finding("fit-converged").to_dict()],
        "customers": 97,
        "set_aside": 3,
        "independence": "rank correlation +0.20",
    }
    facts = {
        "customers": 100,
        "repeat_purchases": 21,
        "bought_once": 0.599,
        "calibration_end": "2024-01-21",
        "holdout_end": "2024-02-04",
        "horizon": 2.0,
        "time_unit": "week",
        "clock": "weeks, purchases merged within the day",
        "holdout_purchases": 100,
        "holdout_spend": 5000.0,
        "bought_again": 0.3,
        "new_customers": 12,
        "new_purchases": 20,
        "new_spend": 400.0,
        "rows_after_end": 7,
        "rows_without_id": 2,
        "calibration_start": "2024-01-01",
        "cutoffs": [CUTOFF],
        "horizons": [HORIZON],
        "level": 0.9,
        "draws": 200,
        "sampled": 10_000,
        "random_state": 0,
        "fingerprint": "2f52a773",
        "versions": {"clvmodels": "0.1.0", "numpy": "2.0"},
        "models": list(MODELS),
        "reference": "bgnbd",
        "spend": "gamma_gamma",
    }
    scores = tables["scores"]
    summary = scores.drop(columns=["customers", "predicted", "actual", "sampled", "cutoff"]).assign(
        cutoffs=1, absolute_bias=scores["bias"].abs()
    )
    quantities = pd.DataFrame(
        {
            "forecaster": "bgnbd",
            "quantity": ["mean purchase rate", "mean time between purchases", "share gone"],
            "estimate": [0.05, 19.1, 0.35],
            "lower": [0.045, 17.5, 0.3],
            "upper": [0.055, 21.0, 0.41],
            "unit": ["per week", "weeks", ""],
            "cutoff": CUTOFF,
        }
    )
    groups = pd.DataFrame(
        {
            "by": "cohort",
            "group": ["2023-12", "2024-01"],
            "quantity": "purchases",
            "forecaster": "bgnbd",
            "kind": "process",
            "customers": [60, 40],
            "predicted": [50.0, 36.0],
            "actual": [60.0, 40.0],
            "bias": [-0.167, -0.1],
            "rmse": 1.7,
        }
    )
    names = (
        "differences",
        "by_frequency",
        "calibration",
        "reliability",
        "pit",
        "tracking",
        "gain",
        "lorenz",
        "deciles",
    )
    made = {name: tables[name] for name in (*names, "overlap", "spend_histogram", "parameters")}
    totals = tables["totals"]
    return Validation(
        forecasters=FORECASTERS,
        scores=scores,
        summary=summary,
        totals=totals[totals["cutoff"] == CUTOFF],
        groups=dated(groups),
        quantities=quantities,
        cutoffs=dated(pd.DataFrame({"customers": [100]})),
        customers=dated(pd.DataFrame({"customer_id": ["c1"]})),
        certificates=[{**of, **common, "cutoff": CUTOFF} for of in (purchases, spend)],
        facts=facts,
        **made,
    )


@pytest.fixture
def past_runs() -> dict[str, pd.DataFrame]:
    """The tables of a monitoring page."""
    days = ["2026-01-07", "2026-01-07", "2026-01-07", "2026-02-01", "2026-03-01"]
    windows = pd.DataFrame(
        {
            "run_id": ["r1", "r1", "r1", "r2", "r3"],
            "version": ["aaaaaaaa", "aaaaaaaa", "aaaaaaaa", "aaaaaaaa", "bbbbbbbb"],
            "as_of": days,
            "horizon": ["30 days", "12 months", "12 months", "30 days", "30 days"],
            "end": ["2026-02-06", "2026-02-20", "2026-03-20", "2026-03-03", "2026-03-20"],
            "elapsed": [30.0, 44.0, 72.0, 30.0, 19.0],
            "complete": [True, False, False, True, False],
            "customers": [3000, 3000, 3000, 3200, 3500],
            "new_customers": [10, 10, 20, 5, 3],
            "predicted": [600.0, 900.0, 1300.0, 650.0, 400.0],
            "actual": [610.0, 800.0, 1000.0, 500.0, 200.0],
            "change": [0.017, -0.11, -0.23, -0.23, -0.5],
            "errors": [0.4, -3.2, -7.0, -6.0, -9.0],
            "gini": [0.5, 0.5, 0.5, 0.4, np.nan],
            "coverage": [0.97, 0.96, 0.96, 0.95, np.nan],
        }
    )
    keys = {"run_id": "r3", "horizon": "30 days", "end": "2026-03-20"}
    numbers = {"customers": [1750, 1750], "predicted": [300.0, 100.0], "actual": [150.0, 50.0], "change": [-0.5, -0.5]}
    table = pd.DataFrame(numbers | {"errors": [-8.0, -4.0]}).assign(**keys)
    return {
        "windows": windows,
        "deciles": table.assign(decile=[1, 10]),
        "cohorts": table.assign(cohort=["2025-Q1", "2025-Q2"]),
    }
