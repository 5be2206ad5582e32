"""The records of forecasts: KnownHistory, the data known at a cutoff, and Forecast."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import date as Date
from datetime import datetime
from functools import cached_property
from threading import RLock
from typing import Any, Literal, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.calendar import Calendar
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidOption
from clvmodels.inference.totals.total_interval import IntervalBasis
from clvmodels.processes.contract import Array
from clvmodels.transactions.amounts import money
from clvmodels.transactions.holdout import Holdout, split_at
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.purchase_log import PurchaseLog, RecentPurchases, RecentTotals, purchases_of
from clvmodels.transactions.snapshots import LogTable
from clvmodels.transactions.stray_dates import PeriodArguments, refuse_doubtful_dates
from clvmodels.transactions.summary import RFM, acquisition_tick, drop_older, summarize

__all__ = [
    "Forecast",
    "ForecastQuantity",
    "ForecasterIdentity",
    "ForecasterKind",
    "KnownHistory",
    "Need",
    "QuantityForecast",
    "TotalDistribution",
]

ForecasterKind = Literal["process", "rule", "boosted_trees", "blend", "best", "spend"]
ForecastQuantity = Literal["purchases", "money"]
Need = Literal["money", "past_spend", "intertimes", "log"]
Remembered = TypeVar("Remembered")


@dataclass(frozen=True, slots=True)
class ForecasterIdentity:
    """The identity of a forecast: the id that code uses, and the title that people read.

    Attributes
    ----------
    id : str
        Such as "bgnbd", "bgnbd+gamma_gamma" or "own_rate"; the same at every cutoff.
    title : str
        Only for drawing and printing.
    kind : {"process", "rule", "boosted_trees", "blend", "best", "spend"}
        "spend" is a spend model alone, which has parameters but no forecasts.
    process, spend : str or None
        Ids of the purchase process and the spend model that the forecast is made with.
    """

    id: str
    title: str
    kind: ForecasterKind
    process: str | None = None
    spend: str | None = None


class TotalDistribution(Protocol):
    """The distribution of a total, including errors that all customers share."""

    def interval(self, level: float) -> tuple[float, float]:
        """Return the ends of the central interval with this probability."""

    @property
    def basis(self) -> IntervalBasis:
        """What the interval allows for."""

    def of_model(self) -> Self:
        """Return the same total with an interval for chance and parameters only."""


@dataclass(frozen=True, slots=True, eq=False)
class QuantityForecast:
    """The forecast of one quantity.

    Attributes
    ----------
    mean : array (n,) or None
        Expected purchases, or expected money, of each customer; None for a forecaster that forecasts totals only.
    total : float
        Sum of `mean`; or the total of a forecaster without it.
    buys : array (n,) or None
        P(any purchase), if the forecaster gives one.
    distribution : TotalDistribution or None
        Of the total, if the forecaster gives one.
    """

    mean: Array | None = field(repr=False)
    total: float
    buys: Array | None = field(default=None, repr=False)
    distribution: TotalDistribution | None = field(default=None, repr=False)

    @classmethod
    def of_means(cls, mean: Array, buys: Array | None = None) -> QuantityForecast:
        """Return the forecast with these means; the total leaves out customers whose mean is missing."""
        return cls(mean, float(np.nansum(mean)), buys)


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """The forecast for the customers of a history within a horizon, in their order.

    Attributes
    ----------
    horizon : float
        In the clock's unit.
    purchases, money : QuantityForecast or None
        None if the forecaster does not forecast the quantity. Money is not discounted.
    alive : array (n,) or None
        P(alive) at the cutoff, from the process that the forecaster's certificate names; None without one.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, time_unit="week", observation_end="1997-09-30")
    >>> forecast = clv.CustomerModel(clv.BGNBD()).fit(history).forecast(history, "26 weeks")
    >>> forecast.horizon, round(forecast.purchases.total), forecast.money is None
    (26.0, 1171, True)
    """

    horizon: float
    purchases: QuantityForecast | None = None
    money: QuantityForecast | None = None
    alive: Array | None = field(default=None, repr=False)

    def of(self, quantity: ForecastQuantity) -> QuantityForecast | None:
        """Return the forecast of a quantity."""
        return self.purchases if quantity == "purchases" else self.money


@dataclass(frozen=True, eq=False, repr=False)
class KnownHistory:
    """The purchases of a log up to a cutoff: what forecasters learn from and forecast from. Nothing later is visible.

    Make one with `KnownHistory.from_log`. One of `from_summaries` has no log: for forecasters that need an RFM alone.

    Attributes
    ----------
    log : PurchaseLog or None
        The log, or only what was known of it at the cutoff; None if only summaries are known.
    cutoff : int
        The last tick that is known.
    include_first_transaction, intertimes : bool
        How the log is summarized.
    attributes : frame, or function of a date (ISO text), optional
        Attributes of customers; a function returns what was known on a date.
    later : PurchaseLog or None
        The log with what happened after the cutoff; None means `log`.
    summaries, spent, recent : RFM, array (n,), RecentPurchases or RecentTotals; or None
        If there is no log: the customers (RFM), the money each spent up to the cutoff (n,) if it is known, and their
        purchases of the last days (RecentPurchases, RecentTotals): enough to forecast from, not to learn from.
    memory : dict
        Shared results of forecasters, such as fits; see `remember`. It is not pickled.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> len(history.rfm), history.observation_end
    (2357, '1997-09-30')
    """

    log: PurchaseLog | None
    cutoff: int
    include_first_transaction: bool = False
    intertimes: bool = False
    attributes: Any = None
    later: PurchaseLog | None = None
    summaries: RFM | None = None
    spent: Array | None = None
    recent: RecentPurchases | RecentTotals | None = None
    memory: dict[Hashable, Any] = field(default_factory=dict)

    @classmethod
    def from_log(
        cls,
        log: LogTable,
        *,
        customer_id: str = "customer_id",
        date: str = "date",
        amount: str | None = None,
        time_unit: TimeUnit = "day",
        merge_within: MergePeriod = "day",
        observation_end: str | Date | datetime | None = None,
        acquired_after: str | Date | datetime | None = None,
        include_first_transaction: bool = False,
        time_zone: str | None = None,
        date_format: str | None = None,
        on_missing_id: MissingId = "raise",
        missing_ids: MissingIds = None,
        attributes: Any = None,
        calendar: Calendar | None = None,
    ) -> KnownHistory:
        """Read a log up to a date.

        Parameters
        ----------
        log : frame or path
            One row per transaction. The other arguments are those of `rfm_summary`. The purchases of a table in an
            engine are fetched, and results are frames of polars.
        attributes : frame, or function of a date (ISO text), optional
            Attributes of customers, for models with covariates or groups.

        Returns
        -------
        KnownHistory

        Raises
        ------
        InvalidTransactions
            If rows break the rules of a log, or all of them are later than observation_end.
        InvalidOption
        """
        clock = Clock(time_unit, merge_within, time_zone, calendar)
        last_tick = None if observation_end is None else clock.closing_tick(observation_end, "observation_end")
        period = PeriodArguments("observation_end", "acquired_after", last_tick, acquired_after is not None)
        purchases = purchases_of(log, clock, customer_id, date, amount, date_format, on_missing_id, missing_ids, period)
        if frames.is_database(log):
            purchases = replace(purchases, kind="polars")  # forecasts read results back, in the order of the customers
        end = purchases.last_tick if last_tick is None else last_tick
        ticks, counts = purchases.rows_by_tick
        refuse_doubtful_dates((ticks, counts), (ticks, counts), clock, period)
        after = acquisition_tick(clock, acquired_after, end)
        purchases = purchases if after is None else drop_older(purchases, after)
        return cls(purchases, end, include_first_transaction, intertimes=True, attributes=attributes)

    @classmethod
    def from_summaries(cls, rfm: RFM, spent: Array | None = None) -> KnownHistory:
        """Return the history of customers for whom only an RFM is known.

        Parameters
        ----------
        rfm : RFM
        spent : array (n,), optional
            Money each customer spent so far, the first purchase included.
        """
        end = 0 if rfm.observation_end is None else rfm.clock.last_tick(rfm.observation_end)
        return cls(None, end, summaries=rfm.without_engine, spent=spent)

    @cached_property
    def rfm(self) -> RFM:
        """The RFM of the customers first seen up to the cutoff, with their attributes."""
        if self.summaries is not None:
            return self.summaries
        rfm = summarize(self.purchase_log, self.cutoff, self.include_first_transaction, self.intertimes)
        if self.attributes is None:
            return rfm
        day = self.clock.describe_tick(self.cutoff)
        return rfm.with_columns(self.attributes(day) if callable(self.attributes) else self.attributes)

    @property
    def purchase_log(self) -> PurchaseLog:
        """The log; an error if only summaries are known."""
        if self.log is None:
            raise InvalidOption(
                "This needs the transactions, and only one row per customer is known: make the history with "
                "KnownHistory.from_log(log, ...), or in a job name a log as the source (source.kind = 'transactions')."
            )
        return self.log

    @property
    def clock(self) -> Clock:
        """The clock of the history."""
        return self.purchase_log.clock if self.summaries is None else self.summaries.clock

    @property
    def observation_end(self) -> str | None:
        """The cutoff as ISO text; None if only summaries without a date are known."""
        return self.clock.describe_tick(self.cutoff) if self.summaries is None else self.summaries.observation_end

    @property
    def length(self) -> int:
        """Ticks from the first purchase in the log to the cutoff."""
        return self.cutoff - self.purchase_log.first_tick

    def ticks(self, horizon: float | str | None = None) -> int:
        """Return a horizon in ticks; by default the length of the history, which is 0 if only summaries are known."""
        if horizon is None:
            return 0 if self.log is None else self.length
        return round(self.clock.duration(horizon) * self.clock.ticks_per_unit)

    @property
    def has_money(self) -> bool:
        """Whether the log has amounts."""
        return self.rfm.monetary_value is not None if self.log is None else self.log.paid is not None

    @cached_property
    def past_spend(self) -> Array | None:
        """Money each customer spent up to the cutoff, including the first purchase, (n,); None if not known."""
        if self.log is None or self.log.paid is None:
            return self.spent
        rows = self.log.first <= self.cutoff
        return money(self.log.money_between(self.log.start[:-1][rows], self.log.up_to(self.cutoff)[rows]))

    def missing(self, needs: frozenset[Need]) -> list[Need]:
        """Return the needs of a forecaster that this history does not meet."""
        met: dict[Need, Callable[[], bool]] = {
            "money": lambda: self.has_money,
            "past_spend": lambda: self.past_spend is not None,
            "intertimes": lambda: self.rfm.sum_log_intertimes is not None,
            "log": lambda: self.log is not None,
        }
        return sorted(need for need in needs if not met[need]())

    def repeated(self, since: int, until: int, *, spent: bool = False) -> Array:
        """Return the repeat purchases in (since, until], or the money in them, of each customer at the cutoff, (n,)."""
        self._refuse_later(until)
        if self.recent is not None:
            return self.recent.repeated(since, until, len(self.rfm), spent=spent)
        log = self.purchase_log
        customers = log.first <= self.cutoff
        begin = np.maximum(log.up_to(since), log.start[:-1] + 1)[customers]
        end = np.maximum(log.up_to(until)[customers], begin)
        return money(log.money_between(begin, end)) if spent else (end - begin).astype(float)

    def known_at(self, tick: int) -> npt.NDArray[np.bool_]:
        """Return which of the customers at the cutoff had bought by an earlier tick, (n,)."""
        self._refuse_later(tick)
        first = self.purchase_log.first
        return first[first <= self.cutoff] <= tick

    def earlier(self, cutoff: int) -> KnownHistory:
        """Return the history at an earlier cutoff; purchases after it are those known at this cutoff."""
        self._refuse_later(cutoff)
        return replace(self, cutoff=cutoff, later=None, memory={})

    def without_attributes(self) -> KnownHistory:
        """Return the same history without attributes of customers."""
        return self if self.attributes is None else replace(self, attributes=None, memory={})

    def with_calendar(self, calendar: Calendar | None) -> KnownHistory:
        """Return the same history with another calendar, by which models measure time."""
        if self.summaries is not None:
            return replace(self, summaries=self.summaries.with_calendar(calendar), memory={})
        clock = replace(self.clock, calendar=calendar)
        if calendar is not None and (closed := calendar.days_without_purchases()):
            days = self.purchase_log.tick // 24 if clock.merge_within == "hour" else self.purchase_log.tick
            if count := int(np.isin(days, closed).sum()):
                raise InvalidOption(
                    f"{count:,} purchases are on days on which the calendar allows none: give a period with "
                    "purchases a speed above 0 instead of 'closed'."
                )
        later = None if self.later is None else replace(self.later, clock=clock)
        return replace(self, log=replace(self.purchase_log, clock=clock), later=later, memory={})

    def thin(self, most: int) -> KnownHistory:
        """Return the history of at most `most` customers: one, drawn with a seed, of every two, three, ... by id."""
        log = self.purchase_log
        customers = np.flatnonzero(log.first <= self.cutoff)
        if len(customers) <= most:
            return self
        return replace(self, log=log.thin(customers, most), memory={})

    def follow(self, until: int) -> Holdout:
        """Return the customers at the cutoff and their purchases up to a later tick: the only look ahead."""
        how = (self.include_first_transaction, self.intertimes)
        return split_at(self.purchase_log, self.cutoff, until, *how, later=self.later, calibration=self.rfm)

    def remember(self, key: Hashable, compute: Callable[[], Remembered]) -> Remembered:
        """Return a result computed once per key, such as a fit that several forecasters share.

        Other threads wait for it; none of them can wait for each other, since no result needs itself.
        """
        if key not in self.memory:
            pending = ("pending", key)
            try:
                with self.memory.setdefault(pending, RLock()):
                    if key not in self.memory:
                        self.memory[key] = compute()
            finally:
                self.memory.pop(pending, None)
        value: Remembered = self.memory[key]
        return value

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"memory": {}}

    def __repr__(self) -> str:
        customers = self.known_at(self.cutoff) if self.summaries is None else self.summaries
        return f"KnownHistory of {len(customers):,} customers up to {self.observation_end}"

    def _refuse_later(self, tick: int) -> None:
        if tick > self.cutoff:
            raise AssertionError(f"tick {tick} is after the cutoff {self.cutoff} and was not known then")
