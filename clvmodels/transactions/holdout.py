"""Split a log at a cutoff: the RFM of what was known then, and what each customer did afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames, html
from clvmodels.calendar import Calendar
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.language import Finding, Findings, as_text
from clvmodels.transactions.amounts import AMOUNT_UNIT, money
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.in_engine.reading import EngineLog, LogOptions, read_in_engine
from clvmodels.transactions.in_engine.totals import holdout_totals, ticks_of_rows
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.purchase_log import PurchaseLog
from clvmodels.transactions.rfm import RFM, log_findings
from clvmodels.transactions.snapshots import LogSource, SnapshotReader
from clvmodels.transactions.stray_dates import PeriodArguments, refuse_doubtful_dates
from clvmodels.transactions.summary import (
    ObservedPeriod,
    acquisition_tick,
    build_rfm,
    refuse_before,
    refuse_nobody,
    summarize,
)

__all__ = ["Holdout", "holdout_split", "split_at"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Holdout:
    """The calibration RFM, and what its customers did in the holdout period.

    Attributes
    ----------
    calibration : RFM
        The customers first seen up to the cutoff, with what was known about them then.
    purchases : int array (n,)
        Purchases in the holdout period, in the order of the RFM; 0 for customers who bought nothing.
    spend : float array (n,) or None
        Money spent in the holdout period.
    past_spend : float array (n,) or None
        Money spent up to the cutoff, including the first purchase.
    horizon : float
        Length of the holdout period in the clock's unit.
    calibration_end, holdout_end : str
        Last date of each period (ISO text).
    new_customers, new_purchases : int
        Customers first seen after the cutoff, who are unknown to the models, and all their purchases.
    new_spend : float or None
        Money spent by new customers.
    rows_after_end : int
        Rows of the log later than the holdout period.
    cutoff : int
        Last tick of the calibration period.
    activity : int array (3, ticks)
        Ticks; customers with their first purchase in each (up to the cutoff); and repeat purchases of these customers.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> split = clv.holdout_split(log, amount="amount", time_unit="week", calibration_end="1997-09-30")
    >>> int(split.purchases.sum()), split.horizon
    (1882, 39.0)
    """

    calibration: RFM
    purchases: npt.NDArray[np.int64]
    spend: npt.NDArray[np.float64] | None
    past_spend: npt.NDArray[np.float64] | None
    horizon: float
    calibration_end: str
    holdout_end: str
    new_customers: int
    new_purchases: int
    new_spend: float | None
    rows_after_end: int
    cutoff: int
    activity: npt.NDArray[np.int64]

    @property
    def clock(self) -> Clock:
        """The clock of the calibration RFM."""
        return self.calibration.clock

    @property
    def without_engine(self) -> Holdout:
        """The same customers, whose results are frames of polars rather than tables in an engine."""
        return replace(self, calibration=self.calibration.without_engine)

    def with_columns(self, frame: frames.Frame) -> Holdout:
        """Return the split with customer attributes added to the calibration RFM; see `RFM.with_columns`."""
        return replace(self, calibration=self.calibration.with_columns(frame))

    def to_frame(self) -> frames.Frame:
        """Return one row per customer: the calibration RFM, holdout_purchases and, if there is money, holdout_spend."""
        columns = self.calibration.columns() | {"holdout_purchases": self.purchases}
        if self.spend is not None:
            columns["holdout_spend"] = self.spend
        return frames.table(self.calibration.kind, columns)

    @property
    def findings(self) -> Findings:
        """What the two periods contain, and what was left out of them."""
        periods = {"calibration_end": self.calibration_end, "holdout_end": self.holdout_end}
        bought = {"purchases": int(self.purchases.sum()), "share": float(np.mean(self.purchases > 0))}
        findings = [
            Finding("holdout-customers", {"customers": len(self.calibration), **periods}),
            Finding("holdout-purchases", {**bought, "length": self.horizon, "unit": self.clock.time_unit}),
        ]
        if self.new_customers:
            new = {"customers": self.new_customers, "purchases": self.new_purchases}
            findings.append(Finding("holdout-new-customers", new))
        older = self.calibration.older_customers
        return (*findings, *log_findings(self.calibration.acquired_after, older, self.rows_after_end, self.holdout_end))

    def __repr__(self) -> str:
        return "Holdout: " + as_text(self.findings, separator="; ")

    def _repr_html_(self) -> str:
        return html.block("Holdout", "", html.items(finding.text for finding in self.findings))


def holdout_split(
    log: LogSource,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    calibration_end: str | Date | datetime,
    holdout_end: str | Date | datetime | None = None,
    acquired_after: str | Date | datetime | None = None,
    time_unit: TimeUnit = "day",
    merge_within: MergePeriod = "day",
    include_first_transaction: bool = False,
    intertimes: bool = False,
    time_zone: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    missing_ids: MissingIds = None,
    calendar: Calendar | None = None,
) -> Holdout:
    """Split a log at a date: the RFM of what was known then, and what the same customers did afterwards.

    Parameters
    ----------
    log : frame, path, or function of a date
        One row per transaction, as for `rfm_summary`. A function of a date returns the log as it was known on that day,
        such as `clean(..., until=day)`; see `backtest`.
    calibration_end : date or str
        Last day of the calibration period (inclusive).
    holdout_end : date or str, optional
        Last day of the holdout period (inclusive); default: the latest date in the log. If opportunities are counted,
        each period must end on the last day of one; by default the opportunity of the latest date counts as complete.
    acquired_after : date or str, optional
        Leave out customers who are first seen on this day or earlier, as for `rfm_summary`.
    customer_id, date, amount, time_unit, merge_within, time_zone
        As for `rfm_summary`.
    include_first_transaction, intertimes, date_format, on_missing_id, missing_ids, calendar
        As for `rfm_summary`.

    Returns
    -------
    Holdout

    Raises
    ------
    InvalidTransactions
        If rows break the rules of a log, all of them are later than the cutoff, or no customer is first seen after
        acquired_after.
    InvalidOption
        If the holdout period is empty, a period ends within an opportunity, acquired_after is not before the cutoff,
        or log(day) has later rows.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> ends = {"calibration_end": "1997-09-30", "holdout_end": "1998-06-30"}
    >>> split = clv.holdout_split(log, amount="amount", time_unit="week", **ends)
    >>> for finding in split.findings:
    ...     print(finding.text)
    2,357 customers known at 1997-09-30, followed to 1998-06-30
    1,882 purchases by 29.0% of them in these 39 weeks
    """
    clock = Clock(time_unit, merge_within, time_zone, calendar)
    last_tick = None if holdout_end is None else clock.closing_tick(holdout_end, "holdout_end")
    bounds = PeriodArguments("holdout_end", "acquired_after", last_tick, acquired_after is not None)
    if not (callable(log) or intertimes):
        options = LogOptions(customer_id, date, amount, date_format, on_missing_id, missing_ids, bounds)
        in_engine = read_in_engine(log, clock, options)
        if in_engine is not None:
            ends = (calibration_end, acquired_after, bounds)
            return _split_in_engine(in_engine, *ends, include_first_transaction)
    reader = SnapshotReader(log, clock, customer_id, date, amount, date_format, on_missing_id, missing_ids)
    later = reader.whole(bounds)
    period = _period(clock, later.rows_by_tick, calibration_end, acquired_after, bounds)
    history = reader.at(period.cutoff) if reader.changes else later
    return split_at(history, period.cutoff, period.end, include_first_transaction, intertimes, period.after, later)


@dataclass(frozen=True, slots=True)
class _Period:
    """The ticks that bound a split."""

    cutoff: int
    end: int
    after: int | None


def _period(
    clock: Clock,
    rows_by_tick: npt.NDArray[np.int64],
    calibration_end: str | Date | datetime,
    acquired_after: str | Date | datetime | None,
    bounds: PeriodArguments,
) -> _Period:
    """Return the bounds of a split; raise an error if the dates of the log or the bounds are implausible."""
    ticks, counts = rows_by_tick
    cutoff = clock.closing_tick(calibration_end, "calibration_end")
    end = int(ticks[-1]) if bounds.end_tick is None else bounds.end_tick
    refuse_doubtful_dates((ticks, counts), (ticks, counts), clock, bounds)
    return _Period(cutoff, end, acquisition_tick(clock, acquired_after, cutoff))


def _split_in_engine(
    log: EngineLog,
    calibration_end: str | Date | datetime,
    acquired_after: str | Date | datetime | None,
    bounds: PeriodArguments,
    include_first_transaction: bool,
) -> Holdout:
    """Split a log in its engine, which returns one row per customer."""
    clock, by_tick = log.clock, ticks_of_rows(log)
    period = _period(clock, by_tick, calibration_end, acquired_after, bounds)
    cutoff, end, after = period.cutoff, period.end, period.after
    _refuse_empty(clock, cutoff, end, int(by_tick[0, -1]))
    refuse_before(log.first_tick, cutoff, clock)
    split = holdout_totals(log, cutoff, end, after, include_first_transaction)
    refuse_nobody(len(split.past.age), len(split.past.age) + split.older_customers, after, clock)
    ticks, counts = by_tick
    observed = ObservedPeriod(
        clock=clock,
        end=cutoff,
        after=after,
        older_customers=split.older_customers,
        rows_after_end=int(counts[ticks > cutoff].sum()),
        rows_without_id=log.rows_without_id,
        kind=log.kind,
        opened_files=(),
    )
    return Holdout(
        calibration=build_rfm(split.past, observed, include_first_transaction),
        purchases=split.purchases,
        spend=split.spend,
        past_spend=split.past_spend,
        horizon=(end - cutoff) / clock.ticks_per_unit,
        calibration_end=clock.describe_tick(cutoff),
        holdout_end=clock.describe_tick(end),
        new_customers=split.new_customers,
        new_purchases=split.new_purchases,
        new_spend=split.new_spend,
        rows_after_end=int(counts[ticks > end].sum()),
        cutoff=cutoff,
        activity=split.activity,
    )


def split_at(
    log: PurchaseLog,
    cutoff: int,
    end: int,
    include_first_transaction: bool = False,
    intertimes: bool = False,
    after: int | None = None,
    later: PurchaseLog | None = None,
    calibration: RFM | None = None,
) -> Holdout:
    """Split purchases in memory after tick `cutoff`, and follow the customers up to and including tick `end`.

    Customers first seen up to tick `after` are left out. `later` is the log of the holdout period, if `log` has only
    what was known at the cutoff; customers missing from it bought nothing in the holdout period.

    Raises
    ------
    InvalidTransactions
        If all transactions are later than the cutoff.
    InvalidOption
        If the holdout period is empty.
    """
    clock = log.clock
    _refuse_empty(clock, cutoff, end, (log if later is None else later).last_tick)
    if calibration is None:
        calibration = summarize(log, cutoff, include_first_transaction, intertimes, after)
    customers = log.first <= cutoff if after is None else (log.first <= cutoff) & (log.first > after)
    later = log if later is None else later
    position = (
        np.flatnonzero(customers) if later is log else _positions(log.customer_id.filter(customers.tolist()), later)
    )
    since, until = later.up_to(cutoff), later.up_to(end)
    new = _first_seen_after_cutoff(later, since, until, position, after)
    begin = since[position]
    finish = np.where(position >= 0, until[position], begin)
    past_begin, past_finish = log.start[:-1][customers], log.up_to(cutoff)[customers]
    has_money = log.paid is not None
    return Holdout(
        calibration=calibration,
        purchases=finish - begin,
        spend=money(later.money_between(begin, finish)) if has_money else None,
        past_spend=money(log.money_between(past_begin, past_finish)) if has_money else None,
        horizon=(end - cutoff) / clock.ticks_per_unit,
        calibration_end=clock.describe_tick(cutoff),
        holdout_end=clock.describe_tick(end),
        new_customers=int(new.sum()),
        new_purchases=int((until - since)[new].sum()),
        new_spend=int(later.money_between(since[new], until[new]).sum()) * AMOUNT_UNIT if has_money else None,
        rows_after_end=later.rows_after(end),
        cutoff=cutoff,
        activity=_activity(log, customers, cutoff, later, position, end),
    )


def _refuse_empty(clock: Clock, cutoff: int, end: int, last: int) -> None:
    """Raise InvalidOption if the holdout period would end before it begins; `last` is the last tick of the log."""
    if end <= cutoff:
        raise InvalidOption(
            f"The holdout period is empty: it would end on {clock.describe_tick(end)}, and the calibration period ends "
            f"on {clock.describe_tick(cutoff)}. Pass an earlier calibration_end="
            + (f", or a later holdout_end= (the log ends on {clock.describe_tick(last)})." if end < last else ".")
        )


def _first_seen_after_cutoff(
    log: PurchaseLog,
    since: npt.NDArray[np.int64],
    until: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    after: int | None,
) -> npt.NDArray[np.bool_]:
    """Return which customers bought in the holdout period but are not among those at `position`."""
    new = until > since
    new[position[position >= 0]] = False
    return new if after is None else new & (log.first > after)


def _positions(customer_id: nw.Series[Any], log: PurchaseLog) -> npt.NDArray[np.int64]:
    """Return the position of each customer in a log (n,), -1 for those who are not in it."""
    if customer_id.dtype.is_integer() != log.customer_id.dtype.is_integer():
        raise InvalidTransactions(
            f"Customer ids are {customer_id.dtype} in the log as known at the cutoff and {log.customer_id.dtype} "
            "in the log as known now, so customers cannot be matched: use one type on every day, for instance by "
            "passing a frame instead of a CSV file."
        )
    keys = customer_id.alias("customer_id").to_frame().with_row_index("row")
    customers = log.customer_id.alias("customer_id").to_frame().with_row_index("position")
    matched = keys.join(customers, on="customer_id", how="left").sort("row")
    return matched["position"].cast(nw.Int64).fill_null(-1).to_numpy()


def _activity(
    log: PurchaseLog,
    customers: npt.NDArray[np.bool_],
    cutoff: int,
    later: PurchaseLog,
    position: npt.NDArray[np.int64],
    end: int,
) -> npt.NDArray[np.int64]:
    """Return ticks up to `end`, and the first and repeat purchases of the customers in each, (3, ticks)."""
    before = log.tick[np.repeat(customers, np.diff(log.start)) & (log.tick <= cutoff)]
    followed = np.zeros(len(later.first), dtype=bool)
    followed[position[position >= 0]] = True
    in_holdout = np.repeat(followed, np.diff(later.start)) & (later.tick > cutoff) & (later.tick <= end)
    start = log.first_tick
    purchases = np.bincount(np.concatenate([before, later.tick[in_holdout]]) - start)
    first = np.bincount(log.first[customers] - start, minlength=len(purchases))
    ticks = np.flatnonzero(purchases)
    return np.stack([ticks + start, first[ticks], (purchases - first)[ticks]])
