"""Whether a model has gone stale: the history of past runs, in one sentence on when to refit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from clvmodels.language.numbers import count, percent, signed_percent

__all__ = ["RefitVerdict", "judge"]

MonitorStatus = Literal["ok", "watch", "refit", "unknown"]

TOLERANCE = 0.1  # share by which a total may be off
COHORT_TOLERANCE = 0.2  # the same of a cohort
ERRORS = 3.0  # standard errors beyond which it is no chance
LEAST = 100.0  # purchases expected, below which a window says little
NARROW = 0.8  # coverage of 90 % intervals below which they are too narrow


@dataclass(frozen=True, slots=True)
class RefitVerdict:
    """What the past runs say.

    Attributes
    ----------
    status : {"ok", "watch", "refit", "unknown"}
        For alerting; "unknown" where no window is long enough yet.
    sentence : str
        Whether to refit, and the numbers that say so.
    cohorts : str
        Which cohorts drift; empty if none does.
    """

    status: MonitorStatus
    sentence: str
    cohorts: str


def judge(history: pd.DataFrame, cohorts: pd.DataFrame, usual: Mapping[str, float] | None = None) -> RefitVerdict:
    """The verdict on a history of past runs.

    Parameters
    ----------
    history : DataFrame
        See `Monitoring.history`; the window that ends last counts for each run.
    cohorts : DataFrame
        See `Monitoring.cohorts`.
    usual : mapping of version to float, optional
        What came in each model's holdout, relative to what it forecast: known when it was promoted, so no news.
    """
    told = history[history["predicted"] >= LEAST]
    if told.empty:
        return RefitVerdict(
            "unknown", f"Too early to tell: no run expected {LEAST:g} purchases in the time since it.", ""
        )
    told = told.sort_values(["as_of", "end"])
    excess = told["change"] - told["version"].map(usual or {}).fillna(0.0)
    told = told.assign(excess=excess, off=(excess.abs() > TOLERANCE) & (told["errors"].abs() > ERRORS))
    newest = told.iloc[-1]
    drifting = _drifting(cohorts, newest, (usual or {}).get(newest["version"], 0.0))
    level = _level(newest)
    if newest["off"]:
        return RefitVerdict("refit", f"Refit: {level}{_since(told)}", drifting)
    if drifting:
        return RefitVerdict("watch", f"No need to refit for the total, but look at single cohorts: {level}", drifting)
    if newest["coverage"] < NARROW:
        narrow = f"only {percent(newest['coverage'])} of customers bought within their 90% intervals"
        return RefitVerdict("watch", f"No need to refit for the total, but {narrow}: {level}", "")
    return RefitVerdict("ok", f"No need to refit: {level}", "")


def _since(told: pd.DataFrame) -> str:
    """Since which run it has been so, by the shortest window of each, which does not reach far into later times."""
    newest = told.iloc[-1]
    first = told.drop_duplicates("as_of", keep="first")
    alike = (first["off"] & (first["excess"] * newest["excess"] > 0)).iloc[::-1].cummin().iloc[::-1]
    since = first.loc[alike, "as_of"]
    if len(since) < 2:
        return ""
    return f" So it has been for every run since {since.iloc[0]}."


def _level(row: Any) -> str:
    change = row["change"]
    off = "as forecast" if abs(change) < 5e-4 else f"{percent(abs(change))} {'fewer' if change < 0 else 'more'}"
    return (
        f"customers scored as of {row['as_of']} were to buy {count(row['predicted'])} times by {row['end']} and bought "
        f"{count(row['actual'])} times, {off} ({abs(row['errors']):.1f} standard errors)."
    )


def _drifting(cohorts: pd.DataFrame, newest: Any, usual: float) -> str:
    """The cohorts whose totals are off in the newest window, in words."""
    keys = ["run_id", "horizon", "end"]
    rows = cohorts.loc[(cohorts[keys] == newest[keys]).all(axis=1) & (cohorts["predicted"] >= LEAST)]
    rows = rows[((rows["change"] - usual).abs() > COHORT_TOLERANCE) & (rows["errors"].abs() > ERRORS)]
    if rows.empty:
        return ""
    told = ", ".join(f"{row['cohort']} ({signed_percent(row['change'])})" for row in rows.to_dict("records"))
    return f"Cohorts that drift, by the quarter of the first purchase, with what came relative to the forecast: {told}."
