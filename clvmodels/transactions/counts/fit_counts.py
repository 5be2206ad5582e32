"""Count the customers with each history and each mean spend: all that a fit needs, however large the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.calendar import Calendar
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.amounts import Floats, money
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.in_engine.reading import EngineLog, LogOptions, read_in_engine
from clvmodels.transactions.in_engine.totals import exact_money, integers
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.reduction import Ints
from clvmodels.transactions.rfm import RFM
from clvmodels.transactions.stray_dates import PeriodArguments
from clvmodels.transactions.summary import acquisition_tick, refuse_before, refuse_far_dates, rfm_summary

__all__ = ["MOST_ROWS", "FitCounts", "SpendCounts", "count_histories", "fit_counts"]

BIN_WIDTH = 0.002  # in log mean spend; this width moves estimates on CDNOW by 1e-5 of a standard error
MOST_ROWS = 5_000_000  # most rows of counts to fetch, 160 MB


@dataclass(frozen=True, slots=True, eq=False)
class SpendCounts:
    """How many customers have each number of purchases and each mean spend.

    Attributes
    ----------
    count : int array (m,)
        Purchases in the mean.
    mean : float array (m,)
        Mean spend per purchase; customers whose means differ by at most 0.2 % are counted together.
    customers : int array (m,)
    frequency : int array (m,)
        Repeat purchases.
    without_spend : int
        Customers with purchases whose mean spend is not positive.
    """

    count: Ints
    mean: Floats
    customers: Ints
    frequency: Ints
    without_spend: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FitCounts:
    """How many customers have each history, which is all that a fit without covariates needs.

    Attributes
    ----------
    histories : RFM
        One row per distinct frequency, recency and T; `customer_id` is the number of the row.
    customers : int array (m,)
        Number of customers with each history.
    spend : SpendCounts or None
        None without amounts.
    share : float
        Share of the customers that were counted; below 1 for a sample.
    fetched_bytes : int
        Bytes fetched from the engine; 0 if the log was in memory or in a file.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> counts = clv.fit_counts(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> int(counts.customers.sum()), len(counts.histories)
    (2357, 1016)
    >>> model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(counts)
    >>> round(model.purchases.parameters_["r"], 4)
    0.2426
    """

    histories: RFM
    customers: Ints
    spend: SpendCounts | None
    share: float
    fetched_bytes: int

    def __repr__(self) -> str:
        return f"FitCounts of {int(self.customers.sum()):,} customers in {len(self.customers):,} histories"


def fit_counts(
    log: frames.Frame | str | Path,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    time_unit: TimeUnit = "day",
    observation_end: str | Date | datetime | None = None,
    acquired_after: str | Date | datetime | None = None,
    merge_within: MergePeriod = "day",
    include_first_transaction: bool = False,
    time_zone: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    missing_ids: MissingIds = None,
    calendar: Calendar | None = None,
    max_rows: int = MOST_ROWS,
    resolution: float | str | None = None,
    sample: float = 1.0,
    random_state: int = 0,
) -> FitCounts:
    """Count the customers with each history, in the engine that holds the log.

    A fit to these counts equals a fit to the RFM. Millions of customers share a few hundred thousand distinct
    histories.

    Parameters
    ----------
    log, customer_id, date, amount, time_unit, observation_end, acquired_after, merge_within
        As for `rfm_summary`.
    include_first_transaction, time_zone, date_format, on_missing_id, missing_ids, calendar
        As for `rfm_summary`.
    max_rows : int, default=5000000
        Largest number of rows of counts to fetch; more raise an error.
    resolution : float or str, optional
        Round recency and T to the nearest multiple of this length, such as "7 days", which leaves fewer histories; by
        default they are exact. Times below half of it stay as they are. On CDNOW, 7 days move the estimates of BG/NBD
        by a tenth of a standard error, 14 days by up to nine tenths.
    sample : float, default=1.0
        Share of the customers to count, chosen by a hash of their ids: the same customers in every engine.
    random_state : int, default=0
        Seed of the hash.

    Returns
    -------
    FitCounts

    Raises
    ------
    InvalidTransactions
        If rows break the rules of a log, or there are more than max_rows histories.
    InvalidOption
        If sample is not in (0, 1], or resolution is not a whole number of merge periods.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> clv.fit_counts(log, time_unit="week", observation_end="1997-09-30", resolution="1 week")
    FitCounts of 2,357 customers in 685 histories
    """
    clock = Clock(time_unit, merge_within, time_zone, calendar)
    step = _step(clock, resolution)
    if not 0 < sample <= 1:
        raise InvalidOption(f"sample={sample!r} must be a share of the customers, above 0 and at most 1.")
    last_tick = None if observation_end is None else clock.closing_tick(observation_end)
    period = PeriodArguments(
        "observation_end", "acquired_after", last_tick, acquired_after is not None, compared="customers"
    )
    options = LogOptions(customer_id, date, amount, date_format, on_missing_id, missing_ids, period)
    in_engine = read_in_engine(log, clock, options, last_tick)
    if in_engine is None:
        rfm = rfm_summary(
            log,
            customer_id=customer_id,
            date=date,
            amount=amount,
            time_unit=time_unit,
            observation_end=observation_end,
            acquired_after=acquired_after,
            merge_within=merge_within,
            include_first_transaction=include_first_transaction,
            time_zone=time_zone,
            date_format=date_format,
            on_missing_id=on_missing_id,
            missing_ids=missing_ids,
            calendar=calendar,
        )
        return _count_in_memory(rfm, frames.CustomerChoice(None, step, sample, random_state), max_rows)
    end = in_engine.last_tick if last_tick is None else last_tick
    refuse_before(in_engine.first_tick, end, clock)
    after = acquisition_tick(clock, acquired_after, end)
    choice = frames.CustomerChoice(after, step, sample, random_state)
    return _count_in_engine(in_engine, end, choice, include_first_transaction, max_rows, period)


def _step(clock: Clock, resolution: float | str | None) -> int:
    """Return a resolution in ticks."""
    if resolution is None:
        return 1
    ticks = clock.duration(resolution, "resolution") * clock.ticks_per_unit
    if ticks < 1 or abs(ticks - round(ticks)) > 1e-6:
        raise InvalidOption(
            f"resolution={resolution!r} is {ticks:.4g} {clock.merge_within}s: pass a whole number of them, such as "
            f"'7 {clock.merge_within}s'."
        )
    return round(ticks)


def _count_in_engine(
    log: EngineLog,
    end: int,
    choice: frames.CustomerChoice,
    include_first: bool,
    max_rows: int,
    period: PeriodArguments,
) -> FitCounts:
    """Return the counts of a log in an engine; raise an error if its dates are far from each other."""
    histories, customers = count_histories(log, end, choice, max_rows)
    refuse_far_dates(histories, log, end, period, customers)
    spend = None
    if log.query.has_amount:
        binned = log.fetch(log.query.spending(end, include_first, choice, BIN_WIDTH, max_rows + 1))
        _refuse_many(len(binned), max_rows)
        spend = _spend_counts(binned.sort("spend_count", "bin"), include_first)
    return FitCounts(histories, customers, spend, choice.sample, log.engine.fetched_bytes)


def count_histories(log: EngineLog, end: int, choice: frames.CustomerChoice, max_rows: int) -> tuple[RFM, Ints]:
    """Return the distinct histories up to tick `end` as an RFM, and the number of customers with each."""
    table = log.fetch(log.query.histories(end, choice, max_rows + 1)).sort("frequency", "recency", "age")
    _refuse_many(len(table), max_rows)
    columns = [integers(table, name) for name in ("frequency", "recency", "age")]
    return _histories(log.clock, end, columns), integers(table, "customers")


def _histories(clock: Clock, end: int, columns: list[Ints]) -> RFM:
    """Return an RFM with one row per history, of columns in ticks."""
    frequency, recency, age = columns
    if not len(frequency):
        raise InvalidTransactions("The counts have no customers: pass a larger sample=, or an earlier acquired_after=.")
    number = nw.new_series("customer_id", np.arange(len(frequency)), nw.Int64, backend="polars")
    return RFM(
        customer_id=number,
        frequency=frequency,
        recency=recency / clock.ticks_per_unit,
        T=age / clock.ticks_per_unit,
        monetary_value=None,
        monetary_count=None,
        clock=clock,
        observation_end=clock.describe_tick(end),
        kind="polars",
        rows_after_end=0,
        rows_without_id=0,
        attributes={},
    )


def _refuse_many(rows: int, max_rows: int) -> None:
    if rows > max_rows:
        raise InvalidTransactions(
            f"The counts have more than {max_rows:,} rows, too many to fetch: merge histories with "
            "resolution=, such as resolution='7 days', count a part of the customers with sample=, such as sample=0.1, "
            "or raise max_rows= (each million takes 32 MB)."
        )


def _spend_counts(table: nw.DataFrame[Any], include_first: bool) -> SpendCounts:
    """Return the spend of bins of customers; those without a bin have no positive spend."""
    positive = table.filter(~nw.col("bin").is_null())
    count, customers = integers(positive, "spend_count"), integers(positive, "customers")
    return SpendCounts(
        count=count,
        mean=money(exact_money(positive)) / (count * customers),
        customers=customers,
        frequency=count - int(include_first),
        without_spend=int(table.filter(nw.col("bin").is_null())["customers"].sum()),
    )


def _count_in_memory(rfm: RFM, choice: frames.CustomerChoice, max_rows: int) -> FitCounts:
    """Return the counts of an RFM, merged and sampled as an engine does."""
    if choice.sample < 1:
        rfm = rfm[np.array([choice.includes(customer) for customer in rfm.customer_id.to_list()], dtype=bool)]
    clock, step = rfm.clock, choice.resolution
    ticks = [np.rint(time * clock.ticks_per_unit).astype(np.int64) for time in (rfm.recency, rfm.T)]
    recency, age = (np.where(2 * time < step, time, (2 * time + step) // (2 * step) * step) for time in ticks)
    distinct, customers = np.unique(np.stack([rfm.frequency, recency, age]), axis=1, return_counts=True)
    _refuse_many(len(customers), max_rows)
    end = clock.last_tick(rfm.observation_end) if rfm.observation_end is not None else 0
    histories = _histories(clock, end, list(distinct))
    return FitCounts(histories, customers, _spend_in_memory(rfm), choice.sample, 0)


def _spend_in_memory(rfm: RFM) -> SpendCounts | None:
    if rfm.monetary_value is None or rfm.monetary_count is None:
        return None
    has_count = rfm.monetary_count > 0
    mean = np.where(has_count, rfm.monetary_value, 0.0)
    used = has_count & (mean > 0)
    count, mean, frequency = rfm.monetary_count[used], mean[used], rfm.frequency[used]
    bins = np.floor(np.log(mean) / BIN_WIDTH).astype(np.int64)
    keys, positions, customers = np.unique(
        np.stack([count, bins, frequency]), axis=1, return_inverse=True, return_counts=True
    )
    total = np.bincount(positions.ravel(), mean, minlength=len(customers))
    return SpendCounts(keys[0], total / customers, customers, keys[2], int(has_count.sum() - used.sum()))
