"""Rolling origins: fit on what was known at each, score on what came after, and say how far to trust the forecasts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from threading import Lock

from clvmodels import frames
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import PredictionOptions
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.regular import reads_intertimes
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.boosted_trees import earlier_windows
from clvmodels.forecasting.distributions import Settings
from clvmodels.forecasting.processes import FittedModels, check_models, fit_all, model_id
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.objective import POOL, PROCESSORS
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.transactions.holdout import Holdout
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.snapshots import LogSource, SnapshotReader
from clvmodels.transactions.summary import acquired_later, acquisition_tick
from clvmodels.validation.backtest.combine import CutoffResult, add_fit_tables, combine_cutoffs, evaluate_cutoff
from clvmodels.validation.backtest.evaluate import CutoffCase, concat
from clvmodels.validation.backtest.result import AS_GIVEN, AS_KNOWN, Backtest
from clvmodels.validation.backtest.schedule import cuts_of, lengths_of, planned

__all__ = ["backtest"]

MANY = 200_000  # customers from which one origin keeps every processor busy, and two would double the memory


def backtest(
    log: LogSource,
    models: Sequence[PurchaseModel] | PurchaseModel,
    spend: SpendModel | None = None,
    *,
    horizons: Sequence[float | str] | float | str,
    cutoffs: Sequence[str | Date | datetime] | int = 3,
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
    boosted_trees: bool = True,
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
    log : frame, path, or function of a date
        A row a transaction, as for `rfm_summary`; read once. If it was cleaned as a whole, the cleaning looked ahead:
        a later refund netted against an order, or a threshold learned from all orders, is knowledge from after an
        origin. A function keeps that out. It is given each origin as ISO text and returns the log as it was known on
        that day (or what `clean` gives), and nothing later; once it is given 2200-01-01, for all that is known now.
        Everything that forecasts learns from the former. What came after is told by the latter: the purchases after
        the origin, each at what is left of it once all refunds known now are netted. So a purchase reversed since
        never was one, a customer whose every purchase was reversed is still forecast, and bought nothing; and a refund
        after the origin of a purchase before it counts nowhere, neither against a forecast nor for it. Refunds take
        their time: the last purchases of a log are the least settled.
    models : PurchaseModel or sequence of them
        Fitted afresh at each origin; the ones passed stay as they are.
    spend : SpendModel, optional
        Fitted likewise: money is then scored too, expected purchases times expected spend, undiscounted.
    horizons : float, str, or sequence of them
        How far ahead: numbers in the clock's unit, or lengths such as "26 weeks".
    cutoffs : sequence of dates, or int
        Last days of calibration periods; or how many, evenly spaced from the middle of the time that is left before the
        longest horizon to the last day that leaves room for it.
    acquired_after : date or str, optional
        Leave out whoever is first seen on this day or earlier, at every origin; the log then begins on the next day.
    customer_id, date, amount, time_unit, merge_within, include_first_transaction, time_zone, date_format, on_missing_id
        As for `rfm_summary`.
    attributes : frame, or function of a date, optional
        Attributes of customers, for models with covariates or groups. A frame is taken to hold what was known from the
        beginning; a function is given each origin as ISO text and returns what was known on that day.
    boosted_trees : bool
        Whether boosted trees and their blends with the best process take part.
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
        log does not have; where log(day) holds later rows.
    InvalidTransactions
        When rows break the rules of a log.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"time_unit": "week", "horizons": ("13 weeks",), "cutoffs": 2, "boosted_trees": False, "draws": 50}
    >>> found = clv.backtest(log, [clv.NBD()], **options)
    >>> found.summary[["forecaster", "bias"]].head(2).round(2).values.tolist()
    [['nbd', 0.56], ['zero', -1.0]]

    A log cleaned at each origin as it stood then:

    >>> def known_on(day):
    ...     return clv.clean(log, amount="amount", rules=clv.CleaningRules(outliers="winsorize"), until=day)
    >>> found = clv.backtest(known_on, [clv.NBD()], amount="amount", **options)
    >>> found.facts["log"]
    'as it was known at each origin'
    """
    given = check_models(models, "backtest")
    PredictionOptions(level, draws=draws)
    if spend is not None and amount is None:
        raise InvalidOption("There is no money to score: pass amount= to backtest, or leave spend out.")
    settings = Settings(level, draws, sampled, seed_of(random_state))
    clock = Clock(time_unit, merge_within, time_zone)
    reader = SnapshotReader(log, clock, customer_id, date, amount, date_format, on_missing_id)
    record = reader.whole()
    after, older = acquisition_tick(clock, acquired_after, record.last_tick), 0
    if after is not None:
        everybody, record = len(record.customer_id), acquired_later(record, after)
        older = everybody - len(record.customer_id)
    lengths = lengths_of(clock, [horizons] if isinstance(horizons, (int, float, str)) else list(horizons))
    cuts = cuts_of(record, cutoffs, max(lengths.values()))
    acquisition_tick(clock, acquired_after, cuts[0])
    plan = planned(record, cuts, lengths)
    left_out = list(plan.left_out)
    if after is not None:
        left_out.append(f"{older:,} customers first seen up to {clock.describe_tick(after)} are left out")
    intertimes = reads_intertimes(given)
    asking = Lock()  # for a function of the caller's, which may ask a database

    def run(cut: int) -> CutoffResult:
        known = record
        if reader.changes:
            with asking:
                known = reader.at(cut)
            known = known if after is None else acquired_later(known, after)
        past = KnownHistory(known, cut, include_first_transaction, intertimes, attributes, record)
        result = _origin(past, plan.ends[cut], given, spend, settings, boosted_trees)
        if (finding := reader.missing_cutoff_day(known, record, cut)) is not None:
            result.facts["notes"].append(finding.text)
        if keep is not None:
            name = f"{result.facts['calibration_end'].replace(':', '')}.json"
            Backtest(**combine_cutoffs([result], settings)).to_json(Path(keep) / name)
        return result

    with _shown(progress, len(plan.ends)) as done:
        results = _each(run, list(plan.ends), done, parallel=len(record.customer_id) < MANY)
    told = combine_cutoffs(results, settings, left_out)
    told["facts"]["notes"] += plan.notes
    told["facts"]["log"] = AS_KNOWN if reader.changes else AS_GIVEN
    return Backtest(**told)


def _origin(
    past: KnownHistory,
    ends: dict[str, int],
    models: Sequence[PurchaseModel],
    spend: SpendModel | None,
    settings: Settings,
    boosted_trees: bool,
) -> CutoffResult:
    """One origin at all its horizons: fits are made once."""
    fits: FittedModels | None = None
    results: list[CutoffResult] = []
    first: Holdout | None = None
    for horizon, end in ends.items():
        split = past.followed(end)
        if fits is None:
            first, fits = split, fit_all(models, spend, split.calibration, strict=len(models) == 1)
        able = [model for model in models if model_id(model) in fits.purchases]
        windows = earlier_windows(past, end - past.cut, able, spend) if boosted_trees else []
        results.append(evaluate_cutoff(CutoffCase(split, fits, past, windows, settings), horizon))
    assert fits is not None, "every origin has a horizon"
    assert first is not None, "every origin has a horizon"
    tables = {name: concat([result.tables[name] for result in results]) for name in results[0].tables}
    whole = CutoffResult(tables, [], results[0].facts)
    return add_fit_tables(whole, fits, first, settings, next(iter(ends)))


def _each(
    run: Callable[[int], CutoffResult], cuts: Sequence[int], done: Callable[[int, int], None], *, parallel: bool
) -> list[CutoffResult]:
    """Every origin in order; several at once on threads, which numpy lets run, unless one fills the machine.

    The threads are named as those of `in_threads`, so that what is inside an origin stays on its own thread.
    """
    if not parallel or len(cuts) == 1 or PROCESSORS < 2:
        results = []
        for cut in cuts:
            results.append(run(cut))
            done(len(results), len(cuts))
        return results
    with ThreadPoolExecutor(PROCESSORS, thread_name_prefix=POOL) as pool:
        futures = [pool.submit(run, cut) for cut in reversed(cuts)]  # the last has most customers
        try:
            for count, future in enumerate(as_completed(futures), start=1):
                future.result()
                done(count, len(cuts))
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
