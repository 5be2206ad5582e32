"""What origins gave, put together: tables below each other, the facts, and what is told of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.estimators.fitted_purchases import data_fingerprint
from clvmodels.forecasting.distributions import Settings
from clvmodels.forecasting.processes import FittedModels
from clvmodels.transactions.holdout import Holdout
from clvmodels.validation.backtest.evaluate import CutoffCase, evaluate, fitted_tables
from clvmodels.validation.tables.differences import difference_table
from clvmodels.validation.tables.totals import judge_levels

__all__ = ["CutoffResult", "add_fit_tables", "combine_cutoffs", "concat", "evaluate_cutoff"]

PACKAGES = ("clvmodels", "numpy", "scipy", "pandas", "scikit-learn")
MEANS = (
    "bias",
    "mae",
    "rmse",
    "spearman",
    "gini",
    "poisson_deviance",
    "capture",
    "lift",
    "decile_mape",
    "log_score",
    "crps",
    "brier",
    "log_loss",
    "coverage",
    "width",
)


@dataclass(frozen=True, slots=True, eq=False)
class CutoffResult:
    """What one origin gave: its tables by name, with origin and horizon in them, its certificates and its facts."""

    tables: dict[str, pd.DataFrame]
    certificates: list[dict[str, Any]]
    facts: dict[str, Any]


def evaluate_cutoff(case: CutoffCase, horizon: str) -> CutoffResult:
    """The tables of one case, with origin and horizon in them."""
    started = perf_counter()
    split = case.split
    tables = evaluate(case)
    tables["level"] = tables["level"].assign(holdout_end=split.holdout_end)
    tables |= {"origins": _origin_row(case, perf_counter() - started)}
    named = {name: table.assign(origin=split.calibration_end, horizon=horizon) for name, table in tables.items()}
    return CutoffResult(named, [], facts_of(split) | {"best": case.best})


def add_fit_tables(
    result: CutoffResult, fits: FittedModels, split: Holdout, settings: Settings, horizon: str
) -> CutoffResult:
    """The same with what the fits themselves say, which is told once an origin."""
    told = fitted_tables(fits, split, settings)
    certificates = [certificate | {"origin": split.calibration_end} for certificate in told.pop("certificates")]
    tables = {name: table.assign(origin=split.calibration_end) for name, table in told.items()}
    tables["spend_histogram"] = tables["spend_histogram"].assign(horizon=horizon)
    models = {
        "models": list(fits.purchases),
        "spend": None if fits.spend is None else fits.spend.title,
        "notes": list(fits.failures),
    }
    return CutoffResult(result.tables | tables, certificates, result.facts | models)


def combine_cutoffs(
    results: Sequence[CutoffResult], settings: Settings, left_out: Sequence[str] = ()
) -> dict[str, Any]:
    """The fields of a record: tables of all origins below each other, and what is told of them together."""
    last = results[-1]
    tables = {name: concat([result.tables[name] for result in results]) for name in last.tables}
    tables["spend_histogram"] = last.tables["spend_histogram"]
    best = [result.facts["best"] for result in results]
    reference = max(dict.fromkeys(reversed(best)), key=best.count)
    money = reference if last.facts["spend"] is None else f"{reference} x {last.facts['spend']}"
    level = judge_levels(tables["level"], settings.level).drop(columns="holdout_end")
    differences = difference_table(
        tables["scores"], tables["customers"], reference, money, settings.level, settings.seed
    )
    facts = last.facts | {
        "origins": list(dict.fromkeys(tables["origins"]["origin"])),
        "horizons": list(dict.fromkeys(tables["origins"]["horizon"])),
        "level": settings.level,
        "draws": settings.draws,
        "sampled": settings.sampled,
        "random_state": settings.seed,
        "versions": {name: version(name) for name in PACKAGES},
        "left_out": list(left_out),
        "reference": reference,
        "notes": [note for result in results for note in result.facts["notes"]],
    }
    certificates = [certificate for result in results for certificate in result.certificates]
    told = {"level": level, "differences": differences, "summary": _summary(tables["scores"])}
    return tables | told | {"certificates": certificates, "facts": facts}


def facts_of(split: Holdout) -> dict[str, Any]:
    """What a reader should know of the data."""
    rfm = split.calibration
    return {
        "customers": len(rfm),
        "repeat_purchases": int(rfm.frequency.sum()),
        "bought_once": float(np.mean(rfm.frequency == 0)),
        "calibration_start": split.clock.describe_start(int(split.activity[0][0])),
        "calibration_end": split.calibration_end,
        "holdout_end": split.holdout_end,
        "horizon": split.horizon,
        "time_unit": split.clock.time_unit,
        "clock": str(split.clock),
        "holdout_purchases": int(split.purchases.sum()),
        "holdout_spend": None if split.spend is None else float(split.spend.sum()),
        "bought_again": float(np.mean(split.purchases > 0)),
        "new_customers": split.new_customers,
        "new_purchases": split.new_purchases,
        "new_spend": split.new_spend,
        "rows_after_end": split.rows_after_end,
        "rows_without_id": rfm.rows_without_id,
        "fingerprint": data_fingerprint(rfm),
    }


def _origin_row(case: CutoffCase, seconds: float) -> pd.DataFrame:
    split = case.split
    return pd.DataFrame(
        {
            "length": [split.horizon],
            "holdout_end": split.holdout_end,
            "customers": len(split.calibration),
            "repeat_purchases": int(split.calibration.frequency.sum()),
            "holdout_purchases": int(split.purchases.sum()),
            "holdout_spend": np.nan if split.spend is None else float(split.spend.sum()),
            "new_customers": split.new_customers,
            "new_purchases": split.new_purchases,
            "best": case.best,
            "seconds": seconds,
        }
    )


def _summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Means of scores over origins: a row a horizon, quantity and forecast."""
    keys = ["horizon", "quantity", "forecast", "kind"]
    grouped = scores.groupby(keys, sort=False)
    means = grouped[list(MEANS)].mean()
    return grouped.size().rename("origins").to_frame().join(means).reset_index()


def concat(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables below each other; empty ones have no types and would spoil the others'."""
    some = [table for table in tables if len(table)]
    return pd.concat(some, ignore_index=True) if some else tables[0]
