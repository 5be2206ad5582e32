"""Compare a past run with what has happened since: totals, calibration, ranking, coverage, cohorts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.frames import column
from clvmodels.processes.contract import Array
from clvmodels.scoring.config.sections import column_suffix
from clvmodels.transactions.summary import RFM
from clvmodels.validation.tables.metrics import deciles, normalized_gini, quarter

__all__ = ["FollowUpWindow", "PastRun", "follow", "windows"]

INTERVAL = 0.9  # central probability of customers' intervals, whose coverage is reported
SAMPLED, DRAWS = 1_000, 100  # customers with intervals, evenly spaced in order of id, and draws for these
HISTORY = ("frequency", "recency", "T")


@dataclass(frozen=True, slots=True, eq=False)
class PastRun:
    """A past run, with its score table and model version.

    Attributes
    ----------
    run_id : str
    as_of : str
        Date of the run.
    version : str or None
        Version of the model that made the table.
    horizons : tuple of str
        Such as ("90 days", "12 months").
    scores : frame, path, list of paths, or function that returns one of them
        customer_id, frequency, recency, T (in the clock's unit; missing for customers who had not bought),
        and expected_purchases_90_days and so on.
    model_as_of : str or None
        Last date of the data that its model was fitted to, if the run recorded it.
    """

    run_id: str
    as_of: str
    version: str | None
    horizons: tuple[str, ...]
    scores: frames.Frame | Path | Sequence[Path] | Callable[[], Path]
    model_as_of: str | None = None


@dataclass(frozen=True, slots=True)
class FollowUpWindow:
    """The part of a horizon that has passed.

    Attributes
    ----------
    horizon : str
    cutoff, end : int
        Last tick of the run and of the window.
    complete : bool
        Whether the window is the whole horizon.
    """

    horizon: str
    cutoff: int
    end: int
    complete: bool

    def length(self, clock: Clock) -> float:
        """Return the length of the window in the clock's unit."""
        return (self.end - self.cutoff) / clock.ticks_per_unit


def windows(run: PastRun, clock: Clock, until: int) -> Iterator[FollowUpWindow]:
    """Yield every horizon of a run that has ended by a tick, and the elapsed part of the shortest of the others."""
    cutoff = over = clock.last_tick(run.as_of, "as_of")
    for horizon in sorted(run.horizons, key=clock.duration):
        end = cutoff + round(clock.duration(horizon) * clock.ticks_per_unit)
        if end > until:
            if until > over:
                yield FollowUpWindow(horizon, cutoff, until, False)
            return
        over = end
        yield FollowUpWindow(horizon, cutoff, end, True)


def follow(
    run: PastRun, window: FollowUpWindow, clock: Clock, events: nw.DataFrame[Any], forecaster: Forecaster | None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame] | None:
    """Compare the predictions of a run for a window with what happened: a row of history, deciles and cohorts.

    For a horizon that has ended, the prediction is the published number. For the elapsed part of another nothing was
    published: the prediction is then what the run's own model expects over that time from the histories in the run's
    table, that is, from what was known at the run. For a forecaster that needs more than these histories, the published
    forecast is scaled by the ratio of its process's expectations over the two lengths.

    Parameters
    ----------
    events : narwhals.DataFrame
        customer_id, tick: one row per purchase after the run.
    forecaster : Forecaster, optional
        Without it, or if its process needs more than frequency, recency and T, unfinished horizons cannot be compared.

    Returns
    -------
    tuple of three DataFrames, or None
        None if nothing can be compared.
    """
    model = None if forecaster is None else forecaster.process_model.purchases
    extends = forecaster is not None and forecaster.kind != "process"
    usable = model is not None and {*model.process.statistics, *model.process.state} <= set(HISTORY)
    name = f"expected_purchases_{column_suffix(window.horizon)}"
    if not (window.complete or usable):
        return None
    # Each fit may have its own calendar.
    by = clock if model is None else replace(clock, calendar=model.clock_.calendar)
    rfm, published = _read(run, by, name if window.complete or extends else None)
    if len(rfm) == 0:
        return None
    if window.complete and published is not None:
        predicted = published
    else:
        if model is None:
            raise AssertionError("the run names a model that is there")
        predicted = column(model.expected_purchases(rfm, window.length(clock)), "expected_purchases")
        if published is not None:
            whole = column(model.expected_purchases(rfm, window.horizon), "expected_purchases")
            predicted = published * np.divide(predicted, whole, out=np.zeros(len(rfm)), where=whole > 0)
    actual, new_customers = _count_purchases(rfm, events, window)
    scored = np.isfinite(predicted)
    rfm, predicted, actual = rfm[scored], predicted[scored], actual[scored]
    keys = {
        "run_id": run.run_id,
        "version": run.version or "",
        "as_of": run.as_of,
        "horizon": window.horizon,
        "end": clock.describe_tick(window.end),
    }
    # A forecaster that contains a process does not have the process's intervals.
    covered = float("nan")
    if usable and not extends and model is not None:
        covered = _coverage(rfm, actual, window.length(clock), model)
    history = {
        **keys,
        "elapsed": window.length(clock),
        "complete": window.complete,
        "customers": len(rfm),
        "new_customers": new_customers,
        **_totals(predicted, actual),
        "gini": normalized_gini(actual, predicted),
        "coverage": covered,
    }
    return (
        pd.DataFrame([history]),
        _groups(deciles(predicted), "decile", predicted, actual).assign(**keys),
        _groups(_cohorts(rfm, clock, window.cutoff), "cohort", predicted, actual).assign(**keys),
    )


def _read(run: PastRun, clock: Clock, name: str | None) -> tuple[RFM, Array | None]:
    """Return the histories in a run's table, and one of its columns, for the customers who had bought."""
    wanted = ["customer_id", *HISTORY, *([name] if name else [])]
    scores = run.scores() if callable(run.scores) else run.scores
    parts = scores if isinstance(scores, (list, tuple)) else [scores]
    tables = [frames.open_frame(part, {of: of for of in wanted}, text_id="customer_id").lazy for part in parts]
    rows = nw.concat([frames.collect(lazy.filter(~nw.col("T").is_null())) for lazy in tables])
    rfm = RFM.from_frame(
        rows.select("customer_id", *HISTORY).to_native(),
        time_unit=clock.time_unit,
        merge_within=clock.merge_within,
        time_zone=clock.time_zone,
        observation_end=run.as_of,
    ).with_calendar(clock.calendar)
    return rfm, None if name is None else column(rows, name)


def _count_purchases(rfm: RFM, events: nw.DataFrame[Any], window: FollowUpWindow) -> tuple[Array, int]:
    """Return the purchases of each customer within a window (n,), and the number of other customers who bought."""
    if len(events) and events["customer_id"].dtype != rfm.customer_id.dtype:
        raise InvalidOption(
            f"customer_id is {events['customer_id'].dtype} in the log and {rfm.customer_id.dtype} in the scores: "
            "compare the runs with the log they were made from."
        )
    tick = nw.col("tick")
    counts = (
        events.filter((tick > window.cutoff) & (tick <= window.end))
        .group_by("customer_id")
        .agg(nw.len().alias("bought"))
    )
    keys = rfm.customer_id.alias("customer_id").to_frame().with_row_index("row")
    matched = keys.join(counts, on="customer_id", how="inner")
    actual = np.zeros(len(rfm))
    actual[matched["row"].to_numpy()] = matched["bought"].to_numpy()
    return actual, len(counts) - len(matched)


def _totals(predicted: Array, actual: Array) -> dict[str, float]:
    """Return the totals, their relative difference (-1 if nothing was bought), and the difference in standard errors.

    The standard error is the root of the sum of the customers' squared errors, under the assumption that customers buy
    independently.
    """
    error = float(np.sqrt(np.sum((actual - predicted) ** 2)))
    forecast, outcome = float(np.sum(predicted)), float(np.sum(actual))
    return {
        "predicted": forecast,
        "actual": outcome,
        "change": outcome / forecast - 1 if forecast > 0 else float("nan"),
        "errors": (outcome - forecast) / error if error > 0 else 0.0,
    }


def _groups(label: npt.NDArray[Any], name: str, predicted: Array, actual: Array) -> pd.DataFrame:
    """Return one row per group: customers, totals, change, standard errors."""
    rows = []
    for group in np.unique(label):
        members = label == group
        counts = {name: group.item(), "customers": int(members.sum())}
        rows.append(counts | _totals(predicted[members], actual[members]))
    return pd.DataFrame(rows)


def _cohorts(rfm: RFM, clock: Clock, cutoff: int) -> npt.NDArray[np.str_]:
    """Return the calendar quarter of each customer's first purchase (n,)."""
    first, place = np.unique(cutoff - np.rint(rfm.T * clock.ticks_per_unit).astype(np.int64), return_inverse=True)
    days = [clock.describe_start(int(tick)) for tick in first]
    return np.array([quarter(day) for day in days])[place]


def _coverage(rfm: RFM, actual: Array, length: float, model: PurchaseModel) -> float:
    """Return the share of sampled customers whose purchases are within their prediction interval.

    Counts are whole numbers, so the share is usually above the interval's probability; below it, intervals are too
    narrow.
    """
    every = slice(None, None, max(1, -(-len(rfm) // SAMPLED)))
    table = model.expected_purchases(rfm[every], length, interval=INTERVAL, draws=DRAWS)
    lower, upper = (column(table, f"expected_purchases_{end}") for end in ("lower", "upper"))
    return float(np.mean((lower <= actual[every]) & (actual[every] <= upper)))
