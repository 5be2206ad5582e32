"""Whether a model should be refitted, from the history of past runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from clvmodels.language import Finding, Findings, as_text

__all__ = ["RefitVerdict", "evaluate_history"]

MonitorStatus = Literal["ok", "watch", "refit", "unknown"]

TOTAL_TOLERANCE = 0.1  # relative error of a total from which a refit is recommended
COHORT_TOLERANCE = 0.2  # relative error of a cohort's total from which it is reported
STANDARD_ERRORS = 3.0  # up to which an error counts as chance
LEAST_PURCHASES = 100.0  # expected purchases needed in a window
INTERVAL = 0.9  # central probability of customers' intervals
LEAST_COVERAGE = 0.8  # coverage below which these intervals are too narrow
NO_DIFFERENCE = 5e-4  # relative error that rounds to 0.0 %


@dataclass(frozen=True, slots=True)
class RefitVerdict:
    """The recommendation from past runs.

    Attributes
    ----------
    status : {"ok", "watch", "refit", "unknown"}
        For alerts; "unknown" if no window is long enough yet.
    findings : tuple of Finding
        Whether to refit, followed by each cohort that drifts.
    """

    status: MonitorStatus
    findings: Findings

    @property
    def text(self) -> str:
        """Return the findings as English sentences."""
        return as_text(self.findings)


def evaluate_history(
    history: pd.DataFrame, cohorts: pd.DataFrame, usual: Mapping[str, float] | None = None
) -> RefitVerdict:
    """Return the verdict on a history of past runs.

    Parameters
    ----------
    history : DataFrame
        See `Monitoring.history`; the last window of each run is used.
    cohorts : DataFrame
        See `Monitoring.cohorts`.
    usual : mapping of version to float, optional
        Relative error of each model in its holdout period, which was known when the model was promoted and does not
        count.
    """
    rows = history[history["predicted"] >= LEAST_PURCHASES]
    if rows.empty:
        return RefitVerdict("unknown", (Finding("refit-unknown", {"least": LEAST_PURCHASES}),))
    rows = rows.sort_values(["as_of", "end"])
    excess = rows["change"] - rows["version"].map(usual or {}).fillna(0.0)
    off = (excess.abs() > TOTAL_TOLERANCE) & (rows["errors"].abs() > STANDARD_ERRORS)
    rows = rows.assign(excess=excess, off=off)
    newest = rows.iloc[-1]
    drifting = _drifting_cohorts(cohorts, newest, (usual or {}).get(newest["version"], 0.0))
    figures = _forecast_figures(newest)
    if newest["off"]:
        since = _off_since(rows)
        code = "refit-needed" if since is None else "refit-needed-since"
        return RefitVerdict("refit", (Finding(code, figures | {"since": since}, "problem"), *drifting))
    if drifting:
        return RefitVerdict("watch", (Finding("refit-watch-cohorts", figures, "caution"), *drifting))
    if newest["coverage"] < LEAST_COVERAGE:
        coverage = {"coverage": float(newest["coverage"]), "level": INTERVAL}
        return RefitVerdict("watch", (Finding("refit-watch-intervals", figures | coverage, "caution"),))
    return RefitVerdict("ok", (Finding("refit-not-needed", figures),))


def _off_since(rows: pd.DataFrame) -> str | None:
    """Return the run since which every forecast has been off, or None if only the newest is.

    Each run counts by its shortest window, which overlaps least with later runs.
    """
    newest = rows.iloc[-1]
    first = rows.drop_duplicates("as_of", keep="first")
    alike = (first["off"] & (first["excess"] * newest["excess"] > 0)).iloc[::-1].cummin().iloc[::-1]
    since = first.loc[alike, "as_of"]
    return None if len(since) < 2 else str(since.iloc[0])


def _forecast_figures(row: Any) -> dict[str, Any]:
    """Return figures on the forecast of a run and what happened."""
    change = float(row["change"])
    return {
        "as_of": row["as_of"],
        "end": row["end"],
        "predicted": float(row["predicted"]),
        "actual": float(row["actual"]),
        "change": change,
        "errors": float(row["errors"]),
        "size": abs(change),
        "errors_size": abs(float(row["errors"])),
        "direction": "same" if abs(change) < NO_DIFFERENCE else "fewer" if change < 0 else "more",
    }


def _drifting_cohorts(cohorts: pd.DataFrame, newest: Any, usual: float) -> Findings:
    """Return a finding for each cohort whose total is off in the newest window."""
    keys = ["run_id", "horizon", "end"]
    rows = cohorts.loc[(cohorts[keys] == newest[keys]).all(axis=1) & (cohorts["predicted"] >= LEAST_PURCHASES)]
    rows = rows[((rows["change"] - usual).abs() > COHORT_TOLERANCE) & (rows["errors"].abs() > STANDARD_ERRORS)]
    return tuple(
        Finding(
            "refit-cohort",
            {"cohort": row["cohort"], **_forecast_figures(row | newest[["as_of", "end"]].to_dict())},
            "caution",
        )
        for row in rows.to_dict("records")
    )
