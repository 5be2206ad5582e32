"""Rolling origins: fit on what was known at each, score on what came after, and say how far to trust the forecasts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from clvmodels import frames
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidOption
from clvmodels.estimators.fitted_purchases import data_fingerprint
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.regular import RegularModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.estimators.uncertain import Request
from clvmodels.inference.objective import POOL, PROCESSORS
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.transactions.holdout import Holdout
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.purchases import Purchases, purchases_of
from clvmodels.transactions.rfm import acquired_later, acquisition_tick
from clvmodels.validation.challenger import earlier_windows
from clvmodels.validation.differences import difference_table
from clvmodels.validation.fits import Fits, check_models, fit_all
from clvmodels.validation.level import judge_levels
from clvmodels.validation.origin import Case, evaluate, fitted_tables
from clvmodels.validation.past import Past
from clvmodels.validation.predictive import Settings
from clvmodels.validation.record import Backtest

__all__ = ["Result", "assembled", "backtest", "judged"]

MANY = 200_000  # customers from which one origin keeps every processor busy, and two would double the memory
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
class Result:
    """What one origin gave: its tables by name, with origin and horizon in them, its certificates and its facts."""

    tables: dict[str, pd.DataFrame]
    certificates: list[dict[str, Any]]
    facts: dict[str, Any]


def backtest(
    log: frames.Frame | str | Path,
    models: Sequence[PurchaseModel] | PurchaseModel,
    spend: SpendModel | None = None,
    *,
    horizons: Sequence[float | str] | float | str,
    origins: Sequence[str | Date | datetime] | int = 3,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    acquired_after: str | Date | datetime | None = None,
    time_unit: TimeUnit = "day",
    merge_within: MergePeriod = "day",
    include_first_transaction: bool = False,
    time_zone: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    attributes: frames.Frame | Callable[[str], frames.Frame] | None = None,
    challenger: bool = True,
    level: float = 0.9,
    draws: int = 200,
    sampled: int = 10_000,
    random_state: RandomState = 0,
    keep: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Forecast from several dates with what was known on each, and compare with what came after and with rivals.

    Parameters
    ----------
    log : frame or path
        A row a transaction, as for `rfm_summary`; read once. What cleaned it must not have looked ahead: a threshold
        learned from the whole log, or a later refund netted against an order, is knowledge from after an origin.
    models : PurchaseModel or sequence of them
        Fitted afresh at each origin; the ones passed stay as they are.
    spend : SpendModel, optional
        Fitted likewise: money is then scored too, expected purchases times expected spend, undiscounted.
    horizons : float, str, or sequence of them
        How far ahead: numbers in the clock's unit, or lengths such as "26 weeks".
    origins : sequence of dates, or int
        Last days of calibration periods; or how many, evenly spaced from the middle of the time that is left before the
        longest horizon to the last day that leaves room for it.
    acquired_after : date or str, optional
        Leave out whoever is first seen on this day or earlier, at every origin; the log then begins on the next day.
    customer_id, date, amount, time_unit, merge_within, include_first_transaction, time_zone, date_format, on_missing_id
        As for `rfm_summary`.
    attributes : frame, or function of a date, optional
        Attributes of customers, for models with covariates or groups. A frame is taken to hold what was known from the
        beginning; a function is given each origin as ISO text and returns what was known on that day.
    challenger : bool
        Whether a machine-learning challenger and its blends with the best process take part.
    level : float
        Central probability of intervals.
    draws, sampled : int
        Possible outcomes drawn of each of so many customers at most: for CRPS, PIT and coverage. They are chosen by
        their ids, so that they are the same at every origin; the tables say how many they were.
    random_state : int or Generator
    keep : path, optional
        A folder for the tables of each origin as JSON, written as soon as it is done: an interruption loses no more
        than the origins it stops.
    progress : function of (int, int), optional
        Called with the number of origins done, and of all; an interruption there, or by the keyboard, stops the rest.
        By default a bar is shown where somebody watches the terminal.

    Returns
    -------
    Backtest

    Raises
    ------
    InvalidOption
        Where no origin leaves room for a horizon, or acquired_after is not before each; without a model; for money the
        log does not have.
    InvalidTransactions
        When rows break the rules of a log.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"time_unit": "week", "horizons": ("13 weeks",), "origins": 2, "challenger": False, "draws": 50}
    >>> found = clv.backtest(log, [clv.NBD()], **options)
    >>> found.summary[["forecast", "bias"]].head(2).round(2).values.tolist()
    [['NBD', 0.56], ['zero', -1.0]]
    """
    given = check_models(models, "backtest")
    Request(level, draws=draws)
    if spend is not None and amount is None:
        raise InvalidOption("There is no money to score: pass amount= to backtest, or leave spend out.")
    settings = Settings(level, draws, sampled, seed_of(random_state))
    clock = Clock(time_unit, merge_within, time_zone)
    record = purchases_of(log, clock, customer_id, date, amount, date_format, on_missing_id)
    after, older = acquisition_tick(clock, acquired_after, record.last_tick), 0
    if after is not None:
        everybody, record = len(record.customer_id), acquired_later(record, after)
        older = everybody - len(record.customer_id)
    lengths = _lengths(clock, [horizons] if isinstance(horizons, (int, float, str)) else list(horizons))
    cuts = _cuts(record, origins, max(lengths.values()))
    acquisition_tick(clock, acquired_after, cuts[0])
    plan, left_out = _plan(record, cuts, lengths)
    if after is not None:
        left_out.append(f"{older:,} customers first seen up to {clock.describe_tick(after)} are left out")
    intertimes = any(isinstance(model, RegularModel) for model in given)
    pasts = [Past(record, cut, include_first_transaction, intertimes, attributes) for cut in plan]

    def run(past: Past) -> Result:
        result = _origin(past, plan[past.cut], given, spend, settings, challenger)
        if keep is not None:
            name = f"{result.facts['calibration_end'].replace(':', '')}.json"
            Backtest(**assembled([result], settings)).to_json(Path(keep) / name)
        return result

    with _shown(progress, len(pasts)) as done:
        results = _each(run, pasts, done, parallel=len(record.customer_id) < MANY)
    return Backtest(**assembled(results, settings, left_out))


def judged(case: Case, horizon: str) -> Result:
    """The tables of one case, with origin and horizon in them."""
    started = perf_counter()
    split = case.split
    tables = evaluate(case)
    tables["level"] = tables["level"].assign(holdout_end=split.holdout_end)
    tables |= {"origins": _origin_row(case, perf_counter() - started)}
    named = {name: table.assign(origin=split.calibration_end, horizon=horizon) for name, table in tables.items()}
    return Result(named, [], facts_of(split) | {"best": case.best})


def fitted(result: Result, fits: Fits, split: Holdout, settings: Settings, horizon: str) -> Result:
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
    return Result(result.tables | tables, certificates, result.facts | models)


def assembled(results: Sequence[Result], settings: Settings, left_out: Sequence[str] = ()) -> dict[str, Any]:
    """The fields of a record: tables of all origins below each other, and what is told of them together."""
    last = results[-1]
    tables = {name: _stacked([result.tables[name] for result in results]) for name in last.tables}
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


def _origin(
    past: Past,
    ends: dict[str, int],
    models: Sequence[PurchaseModel],
    spend: SpendModel | None,
    settings: Settings,
    challenger: bool,
) -> Result:
    """One origin at all its horizons: fits are made once."""
    fits: Fits | None = None
    results: list[Result] = []
    first: Holdout | None = None
    for horizon, end in ends.items():
        split = past.followed(end)
        if fits is None:
            first, fits = split, fit_all(models, spend, split.calibration, strict=len(models) == 1)
        able = [model for model in models if model.title in fits.purchases]
        windows = earlier_windows(past, end - past.cut, able, spend) if challenger else []
        results.append(judged(Case(split, fits, past, windows, settings), horizon))
    assert fits is not None, "every origin has a horizon"
    assert first is not None, "every origin has a horizon"
    tables = {name: _stacked([result.tables[name] for result in results]) for name in results[0].tables}
    whole = Result(tables, [], results[0].facts)
    return fitted(whole, fits, first, settings, next(iter(ends)))


def _lengths(clock: Clock, horizons: Sequence[float | str]) -> dict[str, int]:
    """Each horizon in whole ticks, by how it is called."""
    lengths = {}
    for horizon in horizons:
        ticks = round(clock.duration(horizon) * clock.ticks_per_unit)
        if ticks < 1:
            raise InvalidOption(
                f"horizon={horizon!r} is shorter than a {clock.merge_within}: nothing can happen in it."
            )
        name = horizon if isinstance(horizon, str) else f"{horizon:g} {clock.time_unit}{'' if horizon == 1 else 's'}"
        lengths[name] = ticks
    if not lengths:
        raise InvalidOption("backtest needs at least one horizon, such as horizons=['26 weeks'].")
    return lengths


def _cuts(record: Purchases, origins: Sequence[str | Date | datetime] | int, longest: int) -> list[int]:
    """Last ticks of the calibration periods, in order."""
    clock = record.clock
    if not isinstance(origins, (int, np.integer)):
        cuts = [clock.closing_tick(origin, "origins") for origin in origins]
        if len(set(cuts)) < len(cuts) or not cuts:
            raise InvalidOption("origins must be different dates, at least one, or how many.")
        return sorted(cuts)
    if origins < 1:
        raise InvalidOption(f"origins={origins!r}: there must be at least one.")
    last = record.last_tick - longest
    middle = record.first_tick + (last - record.first_tick) // 2
    if last - middle < origins:
        raise InvalidOption(
            f"The log spans {clock.describe_tick(record.first_tick)} to {clock.describe_tick(record.last_tick)}, which "
            f"leaves no room for {origins} origins before the longest horizon: shorten the horizon, or ask for fewer."
        )
    return [last] if origins == 1 else [round(cut) for cut in np.linspace(middle, last, origins)]


def _plan(
    record: Purchases, cuts: Sequence[int], lengths: dict[str, int]
) -> tuple[dict[int, dict[str, int]], list[str]]:
    """Which horizons end within the log at each cut, and sentences on those that do not."""
    clock, plan, left_out = record.clock, dict[int, dict[str, int]](), []
    for cut in cuts:
        ends = {name: cut + ticks for name, ticks in lengths.items() if cut + ticks <= record.last_tick}
        left_out += [
            f"{name} from {clock.describe_tick(cut)} is not over when the log ends"
            for name in lengths
            if name not in ends
        ]
        if ends:
            plan[cut] = ends
    if not plan:
        raise InvalidOption(
            f"No origin leaves room for a horizon: the log ends on {clock.describe_tick(record.last_tick)}."
        )
    return plan, left_out


def _origin_row(case: Case, seconds: float) -> pd.DataFrame:
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


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables below each other; empty ones have no types and would spoil the others'."""
    some = [table for table in tables if len(table)]
    return pd.concat(some, ignore_index=True) if some else tables[0]


def _each(
    run: Callable[[Past], Result], pasts: Sequence[Past], done: Callable[[int, int], None], *, parallel: bool
) -> list[Result]:
    """Every origin in order; several at once on threads, which numpy lets run, unless one fills the machine.

    The threads are named as those of `in_threads`, so that what is inside an origin stays on its own thread.
    """
    if not parallel or len(pasts) == 1 or PROCESSORS < 2:
        results = []
        for past in pasts:
            results.append(run(past))
            done(len(results), len(pasts))
        return results
    with ThreadPoolExecutor(PROCESSORS, thread_name_prefix=POOL) as pool:
        futures = [pool.submit(run, past) for past in reversed(pasts)]  # the last has most customers
        try:
            for count, future in enumerate(as_completed(futures), start=1):
                future.result()
                done(count, len(pasts))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in reversed(futures)]


@contextmanager
def _shown(progress: Callable[[int, int], None] | None, origins: int) -> Iterator[Callable[[int, int], None]]:
    """How to tell of progress: as asked, or by a bar where somebody watches."""
    if progress is not None:
        yield progress
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not (console.is_terminal and sys.stderr.isatty())) as bar:
        task = bar.add_task("Backtest", total=origins)
        yield lambda count, _: bar.update(task, completed=count)
