"""Rolling cutoffs: fit on what was known at each, and score the forecasts against what happened afterwards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Literal, TypeVar

from clvmodels import frames
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import FitFailed, InvalidOption, InvalidRFM
from clvmodels.estimators.prediction import PredictionOptions, TotalIntervalName, check_total_interval
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.processes import check_models
from clvmodels.forecasting.seasons.calendar_choice import CalendarOption, check_calendar
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.objective import one_blas_thread
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.language import Finding, Findings
from clvmodels.language.current import current_language
from clvmodels.processes.worker_processes import begin_elsewhere, count_workers, side_by_side, worker_processes
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.purchase_log import PurchaseLog
from clvmodels.transactions.snapshots import LogSource, SnapshotReader
from clvmodels.transactions.stray_dates import PeriodArguments, refuse_doubtful_dates
from clvmodels.transactions.summary import acquisition_tick, drop_older
from clvmodels.validation.backtest.combine import CutoffResult, combine_cutoffs
from clvmodels.validation.backtest.customer_sample import MOST_CUSTOMERS, check_most_customers, sample_customers
from clvmodels.validation.backtest.forecasters import default_forecasters
from clvmodels.validation.backtest.result import LOG_AS_KNOWN, LOG_FIXED, Backtest
from clvmodels.validation.backtest.run_cutoff import run_cutoff
from clvmodels.validation.backtest.schedule import cutoff_ticks, horizon_ticks, make_schedule
from clvmodels.validation.backtest.suitable import suitable_at
from clvmodels.validation.tables.distributions import Settings

__all__ = ["backtest"]

Outcome = TypeVar("Outcome")
Cutoffs = Sequence[str | Date | datetime] | int
ONE_CUTOFF_AT_A_TIME = (
    200_000  # customers with whom a single cutoff keeps every processor busy; two would double the memory
)


def backtest(
    log: LogSource,
    models: Sequence[PurchaseModel] | PurchaseModel | Literal["auto"],
    spend: SpendModel | None = None,
    *,
    horizons: Sequence[float | str] | float | str,
    cutoffs: Cutoffs = 3,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    observation_end: str | Date | datetime | None = None,
    acquired_after: str | Date | datetime | None = None,
    time_unit: TimeUnit = "day",
    merge_within: MergePeriod = "day",
    include_first_transaction: bool = False,
    time_zone: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    missing_ids: MissingIds = None,
    attributes: frames.Frame | Callable[[str], frames.Frame] | None = None,
    boosted_trees: bool = True,
    calendar: CalendarOption = None,
    revenue: bool = False,
    total_interval: TotalIntervalName = "history",
    level: float = 0.9,
    draws: int = 200,
    sampled: int = 10_000,
    most_customers: int | None = MOST_CUSTOMERS,
    random_state: RandomState = 0,
    keep: str | Path | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Forecast from several cutoffs with what was known at each, and compare with what happened and with benchmarks.

    Parameters
    ----------
    log : frame, path, or function of a date
        One row per transaction, as for `rfm_summary`; read once. A table in an engine is merged into purchases there,
        and these are fetched in blocks. If the log was cleaned as a whole, the cleaning used the future: a refund
        netted against an earlier order, or a threshold learned from all orders, was not known at the cutoff. A function
        avoids this. It is called with each cutoff as ISO text and returns the log as it was known on that day (or the
        result of `clean`), and nothing later; and once with 2200-01-01, for everything known now. Forecasters learn
        only from the log as known at the cutoff. What happened afterwards is taken from the log as known now: the
        purchases after the cutoff, net of all refunds. A purchase reversed since then does not count, a customer whose
        purchases were all reversed is still forecast and bought nothing, and a refund after the cutoff for a purchase
        before it does not affect the score of a forecast. Refunds take time, so the last purchases of a log are the
        least certain.
    models : PurchaseModel, sequence of them, or "auto"
        "auto": those that `profile` finds suitable for the log up to the first cutoff. They are fitted again at each
        cutoff; the ones passed stay as they are.
    spend : SpendModel, optional
        Fitted in the same way: money is then scored too, as expected purchases times expected spend, not discounted.
    horizons : float, str, or sequence of them
        How far ahead: numbers in the clock's unit, or lengths such as "26 weeks".
    cutoffs : sequence of dates, or int
        Last days of calibration periods; or a number of cutoffs, evenly spaced between the middle of the log before the
        longest horizon and the last day at least that horizon before the end.
    observation_end : date or str, optional
        Last day of the log to use (inclusive); default: the latest date in the log. Later rows are left out.
    acquired_after : date or str, optional
        Leave out customers first seen on this day or earlier, at every cutoff; the log then begins on the next day.
    customer_id, date, amount, time_unit, merge_within, include_first_transaction
        As for `rfm_summary`.
    time_zone, date_format, on_missing_id, missing_ids
        As for `rfm_summary`.
    attributes : frame, or function of a date, optional
        Attributes of customers, for models with covariates or groups. A frame is assumed to hold what was known from
        the beginning; a function is called with each cutoff as ISO text and returns what was known on that day.
    boosted_trees : bool
        Whether boosted trees and their blends with the best process take part.
    calendar : Calendar, "auto" or None
        How fast customers buy on each day; models then use calendar time. "auto" estimates a season at each cutoff from
        what was known then, and uses it if it is significant and was better in earlier windows; findings give the
        reason.
    revenue : bool
        Whether to forecast the revenue of all customers as well, including customers to come, whose arrivals are
        forecast from what was known at each cutoff: rows of the quantity "revenue" in `scores`, `summary` and `totals`,
        next to the revenue of the same weeks a year before and of the preceding period. Needs a spend model.
        `backtest_revenue` compares by month.
    total_interval : {"history", "model"}, default="history"
        "history": intervals of totals allow for changing conditions, learned from errors of totals in earlier windows
        before the cutoff and in other shops. "model": for chance and parameters only.
    level : float
        Central probability of intervals.
    draws, sampled : int
        Number of outcomes of money drawn per customer, and the largest number of customers whose distributions are
        evaluated for CRPS, PIT and coverage: those of purchases are exact. Customers are sampled by their ids, so they
        are the same at every cutoff; the tables have their number.
    most_customers : int or None, default=50,000
        The largest number of customers to fit to and to forecast. If more are known at the last cutoff, this many are
        sampled by a hash of their ids and random_state, and all tables, totals and their intervals among them, are of
        the sample; a finding and `facts` have both numbers. Errors of totals then vary by up to 1 % because of the
        sample. None or 0: all customers.
    random_state : int or Generator
    keep : path, optional
        A folder for the tables of each cutoff as JSON, written as soon as it is done: an interruption only loses the
        cutoffs in progress.
    n_jobs : int, optional
        Number of processes that evaluate cutoffs side by side: -1 keeps all processors busy, as the command line does.
        Default: this process alone, with threads, as always if `attributes` is a function. The results are the same.
    progress : function of (int, int), optional
        Called with the number of finished cutoffs and of all; an exception raised in it, or from the keyboard, stops
        the rest. Default: a progress bar on a terminal.

    Returns
    -------
    Backtest

    Raises
    ------
    InvalidOption
        If no cutoff leaves room for a horizon, or acquired_after is not before each cutoff; without a model; for money
        that the log does not have; if log(day) has later rows.
    InvalidTransactions
        If rows break the rules of a log.
    FitFailed, InvalidRFM
        If nothing can be fitted at any cutoff; single cutoffs are left out, with a finding.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"time_unit": "week", "horizons": ("13 weeks",), "cutoffs": 2, "boosted_trees": False, "draws": 50}
    >>> test = clv.backtest(log, [clv.NBD()], **options)
    >>> test.summary[["forecaster", "bias"]].head(2).round(2).values.tolist()
    [['nbd', 0.56], ['zero', -1.0]]

    A log that is cleaned at each cutoff as it was then:

    >>> def known_on(day):
    ...     return clv.clean(log, amount="amount", rules=clv.CleaningRules(outliers="winsorize"), until=day)
    >>> test = clv.backtest(known_on, [clv.NBD()], amount="amount", **options)
    >>> test.facts["log"]
    'as_known'
    """
    if models != "auto":
        models = check_models(models, "backtest")
    PredictionOptions(level, draws=draws)
    _check_money(spend, amount, revenue)
    check_most_customers(most_customers)
    count_workers(n_jobs)
    settings = Settings(level, draws, sampled, seed_of(random_state), check_total_interval(total_interval))
    check_calendar(calendar)
    clock = Clock(time_unit, merge_within, time_zone)
    reader = SnapshotReader(log, clock, customer_id, date, amount, date_format, on_missing_id, missing_ids)
    purchase_log = _read_whole(reader, observation_end, cutoffs, has_start=acquired_after is not None)
    purchase_log = replace(purchase_log, kind="polars")  # threads would share an engine
    findings: Findings = ()
    after = acquisition_tick(clock, acquired_after, purchase_log.last_tick)
    if after is not None:
        everybody, purchase_log = len(purchase_log.customer_id), drop_older(purchase_log, after)
        figures = {"customers": everybody - len(purchase_log.customer_id), "day": clock.describe_tick(after)}
        findings = (Finding("customers-left-out", figures),)
    lengths = horizon_ticks(clock, [horizons] if isinstance(horizons, (int, float, str)) else list(horizons))
    ticks = cutoff_ticks(purchase_log, cutoffs, max(lengths.values()))
    acquisition_tick(clock, acquired_after, ticks[0])
    schedule = make_schedule(purchase_log, ticks, lengths)
    several = suitable_at(purchase_log, ticks[0], clock) if models == "auto" else check_models(models, "backtest")
    sample = sample_customers(purchase_log, ticks[-1], most_customers, settings.seed)
    purchase_log = sample.take(purchase_log)
    forecasters = default_forecasters(several, spend, boosted_trees=boosted_trees, money=amount is not None)
    intertimes = any("intertimes" in forecaster.needs for forecaster in forecasters)
    reading = Lock()  # the caller's function may query a database
    parallel = len(schedule.ends) > 1 and len(purchase_log.customer_id) < ONE_CUTOFF_AT_A_TIME
    elsewhere = parallel and not callable(attributes)  # a function may use what only this process has, as a connection

    def attempt(cutoff: int) -> CutoffResult | _LeftOut:
        try:
            return run(cutoff)
        except (FitFailed, InvalidRFM) as error:
            return _LeftOut(clock.describe_tick(cutoff), error)

    def run(cutoff: int) -> CutoffResult:
        snapshot = purchase_log
        if reader.changes:
            with reading:
                snapshot = replace(reader.at(cutoff), kind="polars")
            snapshot = sample.take(snapshot if after is None else drop_older(snapshot, after))
        history = KnownHistory(snapshot, cutoff, include_first_transaction, intertimes, attributes, purchase_log)
        horizons_of_cutoff = (schedule.ends[cutoff], max(lengths.values()))
        of_cutoff = (cutoff == ticks[-1], current_language())
        arguments = (history, *horizons_of_cutoff, forecasters, settings, calendar, revenue, *of_cutoff)
        result = begin_elsewhere(run_cutoff, *arguments)() if elsewhere else run_cutoff(*arguments)
        if (finding := reader.missing_cutoff_day(snapshot, purchase_log, cutoff)) is not None:
            result = replace(result, findings=(*result.findings, finding))
        if keep is not None:
            name = f"{result.facts['calibration_end'].replace(':', '')}.json"
            Backtest(**combine_cutoffs([result], settings)).to_json(Path(keep) / name)
        return result

    workers = min(count_workers(n_jobs), len(schedule.ends) - 1) if elsewhere else 0
    with (
        worker_processes(workers, __name__),
        _progress_callback(progress, len(schedule.ends)) as report,
        one_blas_thread(),
    ):
        outcomes = _run_each(attempt, list(schedule.ends), report, parallel=parallel)
    results = [outcome for outcome in outcomes if isinstance(outcome, CutoffResult)]
    left_out = [outcome for outcome in outcomes if isinstance(outcome, _LeftOut)]
    if not results:
        raise _unusable(left_out[-1])
    findings = (*findings, *sample.findings, *schedule.findings, *(each.finding for each in left_out))
    combined = combine_cutoffs(results, settings, findings)
    combined["facts"]["log"] = LOG_AS_KNOWN if reader.changes else LOG_FIXED
    combined["facts"] |= sample.facts
    return Backtest(**combined)


def _check_money(spend: SpendModel | None, amount: str | None, revenue: bool) -> None:
    """Raise an InvalidOption for money that the log does not have, and for revenue without a spend model."""
    if spend is not None and amount is None:
        raise InvalidOption("There is no money to score: pass amount= to backtest, or leave spend out.")
    if revenue and spend is None:
        raise InvalidOption("A backtest of revenue needs a spend model: pass amount= and spend=.")


def _read_whole(
    reader: SnapshotReader, observation_end: str | Date | datetime | None, cutoffs: Cutoffs, *, has_start: bool
) -> PurchaseLog:
    """Return the log as it is known now, up to the end of observation; refuse dates far from the others.

    Such dates are accepted if the user passed the cutoffs, which then do not depend on them.
    """
    end = None if observation_end is None else reader.clock.closing_tick(observation_end)
    period = PeriodArguments("observation_end", "acquired_after", end, has_start)
    purchase_log = reader.whole(period if isinstance(cutoffs, int) else None)
    if isinstance(cutoffs, int):
        ticks, counts = purchase_log.rows_by_tick
        refuse_doubtful_dates((ticks, counts), (ticks, counts), reader.clock, period)
    return purchase_log if end is None else purchase_log.until(end)


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """A cutoff at which no process can be fitted, and why."""

    cutoff: str
    error: FitFailed | InvalidRFM

    @property
    def finding(self) -> Finding:
        return Finding("backtest-cutoff-left-out", {"cutoff": self.cutoff, "error": str(self.error)}, "caution")


def _unusable(last: _LeftOut) -> FitFailed | InvalidRFM:
    """Return the error that no cutoff can be used, with the reason at the latest."""
    if not isinstance(last.error, InvalidRFM):
        return last.error
    return InvalidRFM(
        f"{last.error} This holds at every cutoff up to {last.cutoff}: pass later cutoffs=, or shorten the horizon "
        "(horizons=)."
    )


def _run_each(
    run: Callable[[int], Outcome], cutoffs: Sequence[int], report: Callable[[int, int], None], *, parallel: bool
) -> list[Outcome]:
    """Run every cutoff, in parallel on threads if asked to; the results are in order."""
    outcomes: dict[int, Outcome] = {}
    if not parallel:
        for cutoff in cutoffs:
            outcomes[cutoff] = run(cutoff)
            report(len(outcomes), len(cutoffs))
        return list(outcomes.values())
    latest_first = cutoffs[::-1]  # the last has the most customers
    for i, outcome in side_by_side(run, latest_first):
        outcomes[latest_first[i]] = outcome
        report(len(outcomes), len(cutoffs))
    return [outcomes[cutoff] for cutoff in cutoffs]


@contextmanager
def _progress_callback(
    progress: Callable[[int, int], None] | None, cutoffs: int
) -> Iterator[Callable[[int, int], None]]:
    """Yield the callback passed, or one that moves a bar on a terminal."""
    if progress is not None:
        yield progress
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not (console.is_terminal and sys.stderr.isatty())) as bar:
        task = bar.add_task("Backtest", total=cutoffs)
        yield lambda count, _: bar.update(task, completed=count)
