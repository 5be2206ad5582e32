"""Compare predictions of past runs with what has happened since, and keep a history that outlives their tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from clvmodels import files, frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidManifest, InvalidOption
from clvmodels.files import plain
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.language import Finding, Findings, as_text
from clvmodels.scoring.monitoring.feed_history import feed_findings
from clvmodels.scoring.monitoring.follow_up import PastRun, follow, windows
from clvmodels.scoring.monitoring.tier_history import tier_findings
from clvmodels.scoring.monitoring.verdict import RefitVerdict, evaluate_history
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.log import MissingId, read_transactions
from clvmodels.transactions.reduction import merge_into_purchases

__all__ = ["Monitoring", "keep_history", "monitor", "read_history"]

KEYS = ["run_id", "horizon", "end"]
HISTORY = [
    *("run_id", "version", "as_of", "horizon", "end", "elapsed", "complete", "customers", "new_customers"),
    *("predicted", "actual", "change", "errors", "gini", "coverage"),
]
MOST_RUNS = 30  # to compare in one call


@dataclass(frozen=True, slots=True, eq=False)
class Monitoring:
    """Past runs compared with what happened since.

    Attributes
    ----------
    until : str
        Last date of the log that was used.
    history : DataFrame
        One row per run and window (a horizon that has ended, or the elapsed part of the next), with those of
        earlier histories: run_id, version, as_of, horizon, end, elapsed (in the clock's unit), complete, customers (who
        had bought by the run), new_customers (others who bought since), predicted, actual, change (actual / predicted
        - 1), errors (the difference in standard errors), gini, coverage (share of customers within their own 90 %
        interval).
    deciles, cohorts : DataFrame
        For the windows compared in this call: customers, predicted, actual, change, errors, by decile of the prediction
        (1 is the highest) or by quarter of the first purchase.
    verdict : RefitVerdict
    left_out : int
        Unfinished horizons that could not be compared, because their model was removed or needs more than the table
        has.
    saw_future : int
        Past runs that were not compared, because their model had been fitted to later data.
    tiers : DataFrame
        One row per run of a job with tiers, see `tier_history`; empty for others.
    tier_migration : DataFrame
        Customers of the last run by published and assigned tier.
    feed : DataFrame
        One row per night, see `feed_history`: how old the log's latest row was, and rows with those expected.
    """

    until: str
    history: pd.DataFrame
    deciles: pd.DataFrame
    cohorts: pd.DataFrame
    verdict: RefitVerdict
    left_out: int
    saw_future: int = 0
    tiers: pd.DataFrame = field(default_factory=pd.DataFrame)
    tier_migration: pd.DataFrame = field(default_factory=pd.DataFrame)
    feed: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def newest(self) -> pd.DataFrame:
        """Return the last window of each run and horizon; the history also has the earlier ones."""
        return self.history.drop_duplicates(["as_of", "horizon"], keep="last", ignore_index=True)

    @property
    def findings(self) -> Findings:
        """Return the findings of the verdict, and those on what was left out."""
        findings = list(self.verdict.findings)
        if self.left_out:
            findings.append(Finding("refit-left-out", {"windows": self.left_out}, "caution"))
        if self.saw_future:
            findings.append(Finding("refit-saw-future", {"runs": self.saw_future}, "info"))
        return (*findings, *(tier_findings(self.tiers) if len(self.tiers) else ()), *feed_findings(self.feed))

    @property
    def text(self) -> str:
        """Return the findings as English sentences."""
        return as_text(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, missing numbers as None; `status` and `text` are for alerts."""
        frames = {"windows": self.newest, "deciles": self.deciles, "cohorts": self.cohorts}
        frames |= {"tiers": self.tiers, "tier_migration": self.tier_migration, "feed": self.feed}
        tables = {name: plain(table.to_dict("records")) for name, table in frames.items()}
        return {
            "format": "clvmodels.Monitoring",
            "status": self.verdict.status,
            "text": self.text,
            "findings": [plain(finding.to_dict()) for finding in self.findings],
            "left_out": self.left_out,
            "saw_future": self.saw_future,
            "until": self.until,
            **tables,
        }

    def to_json(self, path: str | Path) -> None:
        """Write the results as JSON, completely or not at all."""
        files.write_json(Path(path), self.to_dict())


def monitor(
    runs: Sequence[PastRun],
    models: Mapping[str, Forecaster],
    log: frames.Frame | str | Path,
    *,
    clock: Clock,
    customer_id: str = "customer_id",
    date: str = "date",
    until: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    missing_ids: MissingIds = None,
    history: pd.DataFrame | None = None,
    usual: Mapping[str, float] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Monitoring:
    """Compare past runs with the log as it is now.

    Parameters
    ----------
    runs : sequence of PastRun
        If there are more than thirty, thirty evenly spaced ones are compared, including the first and the last. Runs
        whose model was fitted to data later than their date are left out.
    models : mapping of version to Forecaster
        The forecasters of the runs, such as a CustomerModel. Without its forecaster, only the horizons of a run that
        have ended can be compared.
    log : frame or path
        The transactions up to now.
    clock : Clock
        Clock of the models.
    until : str, optional
        Last day to use; default: the latest date in the log.
    customer_id, date, date_format, on_missing_id, missing_ids
        As for `rfm_summary`.
    history : DataFrame, optional
        History of earlier calls, from `read_history`; windows compared again replace its rows.
    usual : mapping of version to float, optional
        Relative error of each model in its holdout period: actual / predicted - 1.
    progress : function of int, optional
        Called with the number of runs compared so far.

    Raises
    ------
    InvalidTransactions, InvalidRFM
        If the log, or a table of scores, breaks its rules.
    InvalidOption
        If there is no run to compare.
    """
    if not runs:
        raise InvalidOption("There is no past run to compare: score first, into a partitioned Parquet sink.")
    transactions = read_transactions(log, clock, customer_id, date, None, date_format, on_missing_id, None, missing_ids)
    end = transactions.last_tick if until is None else clock.closing_tick(until, "until")
    honest = [run for run in runs if not _saw_future(run, models.get(run.version or ""), clock)]
    if not honest:
        raise InvalidOption(
            "There is no past run to compare: all models were fitted to data later than the dates of their runs."
        )
    chosen = _spread(sorted(honest, key=lambda run: clock.last_tick(run.as_of, "as_of")))
    start = clock.last_tick(chosen[0].as_of, "as_of")
    events = frames.collect(merge_into_purchases(transactions.lazy, False, end).filter(nw.col("tick") > start))
    results, left_out = [], 0
    for number, run in enumerate(chosen, start=1):
        model = models.get(run.version or "")
        for window in windows(run, clock, end):
            result = follow(run, window, clock, events, model)
            if result is None:
                left_out += 1
            else:
                results.append(result)
        if progress is not None:
            progress(number)
    new, deciles, cohorts = (
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
        for tables in ([result[kind] for result in results] for kind in range(3))
    )
    if history is not None:
        history = history[~history["run_id"].isin({run.run_id for run in runs} - {run.run_id for run in honest})]
    extended = _extend(history, new)
    return Monitoring(
        until=clock.describe_tick(end),
        history=extended,
        deciles=deciles,
        cohorts=cohorts,
        verdict=evaluate_history(extended, cohorts, usual),
        left_out=left_out,
        saw_future=len(runs) - len(honest),
    )


def read_history(path: str | Path) -> pd.DataFrame | None:
    """Return the history at a path, or None if there is none yet.

    Raises
    ------
    InvalidManifest
        If the file is damaged, or not a history.
    """
    if not Path(path).exists():
        return None
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InvalidManifest(f"{path}: is damaged, or not a history of past runs: {error}") from error
    if list(table.columns) != HISTORY:
        raise InvalidManifest(f"{path}: is not a history of past runs: its columns are {', '.join(map(str, table))}.")
    return table


def keep_history(history: pd.DataFrame, path: str | Path) -> None:
    """Write a history as Parquet, completely or not at all."""
    with files.replacing(Path(path)) as temporary:
        frames.write_table(history, temporary)


def _saw_future(run: PastRun, model: Forecaster | None, clock: Clock) -> bool:
    """Return whether a run's model was fitted to data later than the run's date."""
    fit_end = run.model_as_of if model is None else model.process_model.purchases.observation_end_
    return fit_end is not None and clock.last_tick(fit_end) > clock.last_tick(run.as_of, "as_of")


def _spread(runs: Sequence[PastRun]) -> list[PastRun]:
    """Return at most MOST_RUNS evenly spaced runs, including the first and the last."""
    places = np.unique(np.rint(np.linspace(0, len(runs) - 1, min(MOST_RUNS, len(runs)))).astype(int))
    return [runs[place] for place in places]


def _extend(history: pd.DataFrame | None, new: pd.DataFrame) -> pd.DataFrame:
    """Return old and new rows; a new row replaces the old one of the same window."""
    tables = [table for table in (history, new) if table is not None and len(table)]
    if not tables:
        return pd.DataFrame(columns=HISTORY)
    joined = pd.concat(tables, ignore_index=True).drop_duplicates(KEYS, keep="last")
    return joined.sort_values(["as_of", "end", "horizon", "run_id"], ignore_index=True)[HISTORY]
