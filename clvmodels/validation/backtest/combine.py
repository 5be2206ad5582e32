"""Combine the results of cutoffs: concatenate their tables, and add facts and tables computed from all cutoffs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from clvmodels.estimators.fitted_purchases import data_fingerprint
from clvmodels.forecasting.processes import model_id
from clvmodels.inference.objective import one_blas_thread
from clvmodels.language import Findings
from clvmodels.transactions.holdout import Holdout
from clvmodels.validation.backtest.evaluate import CutoffCase, concat, evaluate, fitted_tables
from clvmodels.validation.backtest.revenue import revenue_rows
from clvmodels.validation.comparison.population import judge_cohorts
from clvmodels.validation.tables.differences import difference_table
from clvmodels.validation.tables.distributions import Settings
from clvmodels.validation.tables.metrics import METRICS
from clvmodels.validation.tables.totals import judge_totals

__all__ = ["CutoffResult", "add_fit_tables", "combine_cutoffs", "evaluate_cutoff", "summarize_scores"]

PACKAGES = ("clvmodels", "numpy", "scipy", "pandas", "scikit-learn")


@dataclass(frozen=True, slots=True, eq=False)
class CutoffResult:
    """The result of one cutoff: tables by name with columns for cutoff and horizon, certificates, facts, findings."""

    tables: dict[str, pd.DataFrame]
    certificates: list[dict[str, Any]]
    facts: dict[str, Any]
    findings: Findings = ()


def evaluate_cutoff(case: CutoffCase, horizon: str, best: str, revenue: bool = False) -> CutoffResult:
    """Evaluate one case; its tables have columns for cutoff and horizon.

    Parameters
    ----------
    case : CutoffCase
    horizon : str
    best : str
        Id of the reference process.
    revenue : bool
        Whether to forecast the revenue of all customers too.
    """
    started = perf_counter()
    split, tables = case.split, evaluate(case)
    findings: Findings = ()
    if revenue:
        more = revenue_rows(case, best)
        tables |= {name: concat([tables[name], rows]) for name, rows in more.tables.items()}
        findings = more.findings
    tables["totals"] = tables["totals"].assign(holdout_end=split.holdout_end)
    forecasters = tables.pop("forecasters")
    tables["cutoffs"] = _cutoff_row(split, best, perf_counter() - started)
    dated = {name: table.assign(cutoff=split.calibration_end, horizon=horizon) for name, table in tables.items()}
    return CutoffResult({"forecasters": forecasters} | dated, [], facts_of(split) | {"best": best}, findings)


def add_fit_tables(
    result: CutoffResult, case: CutoffCase, horizon: str, failures: Findings = (), halves_by: str | None = None
) -> CutoffResult:
    """Add the tables and certificates of the fits, which are the same for all horizons of a cutoff.

    `halves_by` is the id of a process, by whose fits to two halves a finding says if later customers buy more or less.
    """
    if halves_by is not None and (differ := judge_cohorts(case.models[halves_by], case.history.rfm)) is not None:
        failures = (*failures, differ)
    of_fits = fitted_tables(case)
    end = case.split.calibration_end
    certificates = [certificate | {"cutoff": end} for certificate in of_fits.pop("certificates")]
    tables = {name: table.assign(cutoff=end) for name, table in of_fits.items()}
    tables["spend_histogram"] = tables["spend_histogram"].assign(horizon=horizon)
    spend = None if case.spend is None else model_id(case.spend)
    if case.spend is not None:
        row = {"id": spend, "title": clone(case.spend).title, "kind": "spend", "spend": spend}
        forecasters = pd.DataFrame([row], columns=result.tables["forecasters"].columns)
        tables["forecasters"] = pd.concat([result.tables["forecasters"], forecasters.astype(object)])
    facts = {"models": list(case.models), "spend": spend}
    return CutoffResult(result.tables | tables, certificates, result.facts | facts, failures)


def combine_cutoffs(results: Sequence[CutoffResult], settings: Settings, findings: Findings = ()) -> dict[str, Any]:
    """Return the fields of a Backtest: the tables of all cutoffs, and what is computed from all of them."""
    last = results[-1]
    tables = {name: concat([result.tables[name] for result in results]) for name in last.tables}
    tables["spend_histogram"] = last.tables["spend_histogram"]
    tables["forecasters"] = tables["forecasters"].drop_duplicates("id").reset_index(drop=True)
    best = [result.facts["best"] for result in results]
    reference = max(dict.fromkeys(reversed(best)), key=best.count)
    spend = last.facts["spend"]
    references = {"purchases": reference, "money": reference if spend is None else f"{reference}+{spend}"}
    of_customers = tables["scores"][tables["scores"]["quantity"].isin(references)]  # revenue has totals only
    with one_blas_thread():
        differences = difference_table(of_customers, tables["customers"], references, settings.level, settings.seed)
    computed = {
        "totals": judge_totals(tables["totals"], settings.level).drop(columns="holdout_end"),
        "differences": differences,
        "summary": summarize_scores(tables["scores"]),
    }
    facts = last.facts | {
        "cutoffs": list(dict.fromkeys(tables["cutoffs"]["cutoff"])),
        "horizons": list(dict.fromkeys(tables["cutoffs"]["horizon"])),
        "level": settings.level,
        "draws": settings.draws,
        "sampled": settings.sampled,
        "random_state": settings.seed,
        "total_interval": settings.total_interval,
        "versions": {name: version(name) for name in PACKAGES},
        "reference": reference,
    }
    certificates = [certificate for result in results for certificate in result.certificates]
    findings += tuple(finding for result in results for finding in result.findings)
    return tables | computed | {"certificates": certificates, "facts": facts, "findings": findings}


def facts_of(split: Holdout) -> dict[str, Any]:
    """Return facts about the data for the reader of a report."""
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


def _cutoff_row(split: Holdout, best: str, seconds: float) -> pd.DataFrame:
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
            "best": best,
            "seconds": seconds,
        }
    )


def summarize_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Return means of scores, and of the absolute bias, over cutoffs: one row per horizon, quantity and forecaster."""
    keys = ["horizon", "quantity", "forecaster", "kind"]
    names = list(METRICS)
    names.insert(names.index("bias") + 1, "absolute_bias")
    grouped = scores.assign(absolute_bias=scores["bias"].abs()).groupby(keys, sort=False)
    means = grouped[names].mean()
    return grouped.size().rename("cutoffs").to_frame().join(means).reset_index()
