"""One past run against what has happened since: level, calibration, ranking, coverage, cohorts. Arrays in, rows out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from clvmodels.frames import column
from clvmodels.inference.statistics import midranks
from clvmodels.processes.contract import Array
from clvmodels.scoring.config.sections import column_suffix
from clvmodels.transactions.summary import RFM
from clvmodels.validation.tables.metrics import normalized_gini

__all__ = ["FollowUpWindow", "PastRun", "follow", "windows"]

DECILES = 10
INTERVAL = 0.9  # of the customers' own intervals, whose coverage is told
SAMPLED, DRAWS = 1_000, 100  # customers whose intervals are computed, every so many-th in order of id
HISTORY = ("frequency", "recency", "T")


@dataclass(frozen=True, slots=True, eq=False)
class PastRun:
    """A table of scores, and where it came from.

    Attributes
    ----------
    run_id : str
    as_of : str
        Last date that counted.
    version : str or None
        Of the model that made it.
    horizons : tuple of str
        Such as ("90 days", "12 months").
    scores : frame, path, or list of paths
        customer_id, frequency, recency, T (in the clock's unit; missing for who has not bought yet), and
        expected_purchases_90_days and so on.
    """

    run_id: str
    as_of: str
    version: str | None
    horizons: tuple[str, ...]
    scores: frames.Frame | Path | Sequence[Path]


@dataclass(frozen=True, slots=True)
class FollowUpWindow:
    """The part of a horizon that is over: its name, last tick of the run and of the window, and whether it is all."""

    horizon: str
    cut: int
    end: int
    complete: bool

    def length(self, clock: Clock) -> float:
        """In the clock's unit."""
        return (self.end - self.cut) / clock.ticks_per_unit


def windows(run: PastRun, clock: Clock, until: int) -> Iterator[FollowUpWindow]:
    """Every horizon of a run that is over by a tick, and the elapsed part of the shortest that is not."""
    cut = over = clock.last_tick(run.as_of, "as_of")
    for horizon in sorted(run.horizons, key=clock.duration):
        end = cut + round(clock.duration(horizon) * clock.ticks_per_unit)
        if end > until:
            if until > over:
                yield FollowUpWindow(horizon, cut, until, False)
            return
        over = end
        yield FollowUpWindow(horizon, cut, end, True)


def follow(
    run: PastRun, window: FollowUpWindow, clock: Clock, events: nw.DataFrame[Any], model: PurchaseModel | None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame] | None:
    """What a run told of a window and what came: a row of history, its deciles, its cohorts.

    A horizon that is over is judged by the number published. The elapsed part of another was never published: it is
    what the run's own model expects over that time of the histories in the run's table, so of what it knew then.

    Parameters
    ----------
    events : narwhals.DataFrame
        customer_id, tick: purchases after the run, a row each.
    model : PurchaseModel, optional
        Without one, or one that reads more than frequency, recency and T, unfinished horizons cannot be judged.

    Returns
    -------
    tuple of three DataFrames, or None
        None where nothing can be judged.
    """
    usable = model is not None and {*model.process.statistics, *model.process.state} <= set(HISTORY)
    name = f"expected_purchases_{column_suffix(window.horizon)}"
    if not (window.complete or usable):
        return None
    rfm, published = _read(run, clock, name if window.complete else None)
    if len(rfm) == 0:
        return None
    if published is not None:
        predicted = published
    else:
        assert model is not None
        predicted = column(model.expected_purchases(rfm, window.length(clock)), "expected_purchases")
    actual, strangers = _counted(rfm, events, window)
    known = np.isfinite(predicted)
    rfm, predicted, actual = rfm[known], predicted[known], actual[known]
    keys = {
        "run_id": run.run_id,
        "version": run.version or "",
        "as_of": run.as_of,
        "horizon": window.horizon,
        "end": clock.describe_tick(window.end),
    }
    covered = _coverage(rfm, actual, window.length(clock), model) if usable and model is not None else float("nan")
    history = {
        **keys,
        "elapsed": window.length(clock),
        "complete": window.complete,
        "customers": len(rfm),
        "new_customers": strangers,
        **_level(predicted, actual),
        "gini": normalized_gini(actual, predicted),
        "coverage": covered,
    }
    return (
        pd.DataFrame([history]),
        _groups(_deciles(predicted), "decile", predicted, actual).assign(**keys),
        _groups(_cohorts(rfm, clock, window.cut), "cohort", predicted, actual).assign(**keys),
    )


def _read(run: PastRun, clock: Clock, name: str | None) -> tuple[RFM, Array | None]:
    """The histories in a run's table, and a column of it; customers who had bought alone."""
    wanted = ["customer_id", *HISTORY, *([name] if name else [])]
    parts = run.scores if isinstance(run.scores, (list, tuple)) else [run.scores]
    opened = [frames.open_frame(part, {of: of for of in wanted}, text_id="customer_id").lazy for part in parts]
    rows = nw.concat([frames.collect(lazy.filter(~nw.col("T").is_null())) for lazy in opened])
    rfm = RFM.from_frame(
        rows.select("customer_id", *HISTORY).to_native(),
        time_unit=clock.time_unit,
        merge_within=clock.merge_within,
        time_zone=clock.time_zone,
        observation_end=run.as_of,
    )
    return rfm, None if name is None else column(rows, name)


def _counted(rfm: RFM, events: nw.DataFrame[Any], window: FollowUpWindow) -> tuple[Array, int]:
    """Purchases of each customer within a window (n,), and how many others bought."""
    if len(events) and events["customer_id"].dtype != rfm.customer_id.dtype:
        raise InvalidOption(
            f"customer_id is {events['customer_id'].dtype} in the log and {rfm.customer_id.dtype} in the scores: "
            "monitor the runs with the log they were made from."
        )
    tick = nw.col("tick")
    counts = (
        events.filter((tick > window.cut) & (tick <= window.end)).group_by("customer_id").agg(nw.len().alias("bought"))
    )
    keys = rfm.customer_id.alias("customer_id").to_frame().with_row_index("row")
    matched = keys.join(counts, on="customer_id", how="inner")
    actual = np.zeros(len(rfm))
    actual[matched["row"].to_numpy()] = matched["bought"].to_numpy()
    return actual, len(counts) - len(matched)


def _level(predicted: Array, actual: Array) -> dict[str, float]:
    """Totals, what came relative to what was told (-1 if nothing did), and the difference in standard errors.

    The standard error of the total's error is the root of the sum of the customers' squared errors, who are taken to
    buy independently.
    """
    error = float(np.sqrt(np.sum((actual - predicted) ** 2)))
    told, came = float(np.sum(predicted)), float(np.sum(actual))
    return {
        "predicted": told,
        "actual": came,
        "change": came / told - 1 if told > 0 else float("nan"),
        "errors": (came - told) / error if error > 0 else 0.0,
    }


def _groups(label: npt.NDArray[Any], name: str, predicted: Array, actual: Array) -> pd.DataFrame:
    """A row a group: customers, totals, change, standard errors."""
    rows = []
    for group in np.unique(label):
        members = label == group
        told = {name: group.item(), "customers": int(members.sum())}
        rows.append(told | _level(predicted[members], actual[members]))
    return pd.DataFrame(rows)


def _deciles(predicted: Array) -> npt.NDArray[np.int64]:
    """1 for the tenth with the highest predictions, 10 for the lowest; equal predictions stay together."""
    rank = midranks(-predicted) / len(predicted)
    return np.clip(np.ceil(DECILES * rank), 1, DECILES).astype(np.int64)


def _cohorts(rfm: RFM, clock: Clock, cut: int) -> npt.NDArray[np.str_]:
    """The calendar quarter of each customer's first purchase (n,)."""
    first, place = np.unique(cut - np.rint(rfm.T * clock.ticks_per_unit).astype(np.int64), return_inverse=True)
    days = [clock.describe_start(int(tick)) for tick in first]
    return np.array([f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}" for day in days])[place]


def _coverage(rfm: RFM, actual: Array, length: float, model: PurchaseModel) -> float:
    """Share of sampled customers whose purchases lie within their own interval for what would happen.

    Counts are whole numbers, so more than the interval's probability is usual; less means too narrow.
    """
    every = slice(None, None, max(1, -(-len(rfm) // SAMPLED)))
    told = model.expected_purchases(rfm[every], length, interval=INTERVAL, draws=DRAWS)
    lower, upper = (column(told, f"expected_purchases_{end}") for end in ("lower", "upper"))
    return float(np.mean((lower <= actual[every]) & (actual[every] <= upper)))
