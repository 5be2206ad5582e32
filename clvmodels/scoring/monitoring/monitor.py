"""What past runs predicted against what has happened since, kept as a history that outlives their tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from clvmodels import files, frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidManifest, InvalidOption
from clvmodels.estimators.customer_model import CustomerModel
from clvmodels.files import plain
from clvmodels.scoring.monitoring.follow_up import PastRun, follow, windows
from clvmodels.scoring.monitoring.verdict import RefitVerdict, judge
from clvmodels.transactions.log import MissingId, read_transactions
from clvmodels.transactions.reduction import merge_into_purchases

__all__ = ["Monitoring", "keep_history", "monitor", "read_history"]

KEYS = ["run_id", "horizon", "end"]
HISTORY = [
    *("run_id", "version", "as_of", "horizon", "end", "elapsed", "complete", "customers", "new_customers"),
    *("predicted", "actual", "change", "errors", "gini", "coverage"),
]
MOST_RUNS = 30  # followed at a time, evenly spaced over those there are


@dataclass(frozen=True, slots=True, eq=False)
class Monitoring:
    """Past runs and what came of them.

    Attributes
    ----------
    until : str
        Last date of the log that counted.
    history : DataFrame
        A row a run and window (a horizon that is over, or the elapsed part of the first that is not), earlier histories
        included: run_id, version, as_of, horizon, end, elapsed (in the clock's unit), complete, customers (who had
        bought by the run), new_customers (others who bought since), predicted, actual, change (actual / predicted - 1),
        errors (the difference in standard errors), gini, coverage (share of customers within their own 90 % interval).
    deciles, cohorts : DataFrame
        Of the windows followed now: customers, predicted, actual, change, errors, by decile of the prediction (1 is the
        highest) or by quarter of the first purchase.
    verdict : Verdict
    left_out : str
        What could not be followed, in words; empty if all could.
    """

    until: str
    history: pd.DataFrame
    deciles: pd.DataFrame
    cohorts: pd.DataFrame
    verdict: RefitVerdict
    left_out: str

    @property
    def newest(self) -> pd.DataFrame:
        """The window of each run and horizon that ends last; the history also has the earlier ones."""
        return self.history.drop_duplicates(["as_of", "horizon"], keep="last", ignore_index=True)

    @property
    def sentences(self) -> list[str]:
        """The verdict, cohorts that drift, and what could not be followed, as far as there is something to say."""
        told = (self.verdict.sentence, self.verdict.cohorts, self.left_out)
        return [sentence for sentence in told if sentence]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, missing numbers as None; `status` and `sentence` are for alerting."""
        told = {"windows": self.newest, "deciles": self.deciles, "cohorts": self.cohorts}
        tables = {name: plain(table.to_dict("records")) for name, table in told.items()}
        return {
            "format": "clvmodels.Monitoring",
            "status": self.verdict.status,
            "sentence": self.verdict.sentence,
            "drifting_cohorts": self.verdict.cohorts,
            "left_out": self.left_out,
            "until": self.until,
            **tables,
        }

    def to_json(self, path: str | Path) -> None:
        """Write it as JSON, whole or not at all."""
        files.write_json(Path(path), self.to_dict())


def monitor(
    runs: Sequence[PastRun],
    models: Mapping[str, CustomerModel],
    log: frames.Frame | str | Path,
    *,
    clock: Clock,
    customer_id: str = "customer_id",
    date: str = "date",
    until: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    history: pd.DataFrame | None = None,
    usual: Mapping[str, float] | None = None,
    done: Callable[[int], None] | None = None,
) -> Monitoring:
    """Follow past runs with the log as it is now.

    Parameters
    ----------
    runs : sequence of PastRun
        Of more than thirty, thirty evenly spaced ones are followed, the first and the last among them.
    models : mapping of version to CustomerModel
        That made them; without its model only the horizons of a run that are over can be judged.
    log : frame or path
        The transactions, up to now.
    clock : Clock
        Of the models.
    until : str, optional
        Last day that counts; default: the latest date in the log.
    customer_id, date, date_format, on_missing_id
        As for `rfm_summary`.
    history : DataFrame, optional
        Of earlier calls, from `read_history`: kept, but for windows that are followed again.
    usual : mapping of version to float, optional
        What came in each model's holdout, relative to what it forecast: actual / predicted - 1.
    done : function of int, optional
        Called with the number of runs followed.

    Raises
    ------
    InvalidTransactions, InvalidRFM
        When the log, or a table of scores, breaks its rules.
    InvalidOption
        Without a run.
    """
    if not runs:
        raise InvalidOption("There is no past run to follow: score first, into a partitioned Parquet sink.")
    transactions = read_transactions(log, clock, customer_id, date, None, date_format, on_missing_id)
    end = transactions.last_tick if until is None else clock.closing_tick(until, "until")
    chosen = _spread(sorted(runs, key=lambda run: clock.last_tick(run.as_of, "as_of")))
    start = clock.last_tick(chosen[0].as_of, "as_of")
    events = frames.collect(merge_into_purchases(transactions.lazy, False, end).filter(nw.col("tick") > start))
    found, blind = [], 0
    for number, run in enumerate(chosen, start=1):
        model = models.get(run.version or "")
        for window in windows(run, clock, end):
            told = follow(run, window, clock, events, None if model is None else model.purchases)
            if told is None:
                blind += 1
            else:
                found.append(told)
        if done is not None:
            done(number)
    new, deciles, cohorts = (
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame() for tables in _by_kind(found)
    )
    kept = _joined(history, new)
    return Monitoring(
        until=clock.describe_tick(end),
        history=kept,
        deciles=deciles,
        cohorts=cohorts,
        verdict=judge(kept, cohorts, usual),
        left_out=f"{blind} unfinished horizons were left out: their models are gone, or read more than frequency, "
        "recency and T."
        if blind
        else "",
    )


def read_history(path: str | Path) -> pd.DataFrame | None:
    """The history kept at a path, or None if there is none yet.

    Raises
    ------
    InvalidManifest
        When the file is damaged, or no such history.
    """
    if not Path(path).exists():
        return None
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InvalidManifest(f"{path}: is damaged, or no history of past runs: {error}") from error
    if list(table.columns) != HISTORY:
        raise InvalidManifest(f"{path}: is no history of past runs: its columns are {', '.join(map(str, table))}.")
    return table


def keep_history(history: pd.DataFrame, path: str | Path) -> None:
    """Write a history as Parquet, whole or not at all."""
    with files.replacing(Path(path)) as temporary:
        frames.write_table(history, temporary)


def _spread(runs: Sequence[PastRun]) -> list[PastRun]:
    """At most so many runs, evenly spaced, the first and the last among them."""
    places = np.unique(np.rint(np.linspace(0, len(runs) - 1, min(MOST_RUNS, len(runs)))).astype(int))
    return [runs[place] for place in places]


def _by_kind(found: Sequence[tuple[pd.DataFrame, ...]]) -> list[list[pd.DataFrame]]:
    return [[told[kind] for told in found] for kind in range(3)]


def _joined(history: pd.DataFrame | None, new: pd.DataFrame) -> pd.DataFrame:
    """Old rows and new ones, the new where both tell of one window."""
    tables = [table for table in (history, new) if table is not None and len(table)]
    if not tables:
        return pd.DataFrame(columns=HISTORY)
    joined = pd.concat(tables, ignore_index=True).drop_duplicates(KEYS, keep="last")
    return joined.sort_values(["as_of", "end", "horizon", "run_id"], ignore_index=True)[HISTORY]
