"""Statistics of the customers of a fit or a run, stored in its manifest to compare the next one with.

They are counts of whole numbers (purchases, ticks, steps of money), so counts of chunks add up to the same result in
any order; only quantiles are stored.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from clvmodels.calendar import Calendar
from clvmodels.estimators.persistence import Finite
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.forecasting.seasons.weekly_speeds import week_of_year
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = [
    "Count",
    "Finite",
    "Quantiles",
    "Quantity",
    "Record",
    "Rhythm",
    "RunCounts",
    "RunStatistics",
    "StatisticsCollector",
    "forecast_of",
]

Quantity = Literal["frequency", "recency", "T", "monetary_value"]
Integers = npt.NDArray[np.int64]
Count = Annotated[int, Field(ge=0)]

QUANTILES = 100  # quantiles stored per quantity
FORECAST_YEARS = 10.0  # how far ahead the forecast of a fit is stored
MONEY_STEP = 0.01  # logarithm of the ratio between two steps of money: one percent
MOST_VALUES = 2**20  # whole numbers over which customers are counted in a table; `NOTHING_SPENT` is within it
NOTHING_SPENT = -(10**6)  # the step of the amount 0, below every other


class Record(BaseModel):
    """A frozen record; errors name every field that is unknown or has the wrong type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Quantiles(Record):
    """Quantiles of a distribution: values, and the number of customers with at most each value.

    Attributes
    ----------
    values : tuple of int, increasing
        Purchases, ticks, or steps of money; the last is the largest.
    at_most : tuple of int, never falling
        Customers with at most each value; the last is the number of all customers.
    """

    values: tuple[int, ...]
    at_most: tuple[Count, ...]

    @model_validator(mode="after")
    def _increasing(self) -> Self:
        rises = all(a < b for a, b in itertools.pairwise(self.values))
        if len(self.values) != len(self.at_most) or not rises or list(self.at_most) != sorted(self.at_most):
            raise ValueError("values must increase, at_most must not decrease, and both must have the same length")
        if self.values and self.at_most[-1] == 0:
            raise ValueError("at_most must end with the number of customers")
        return self


class Rhythm(Record):
    """How purchases vary over time compared with the expectations of a fit.

    Attributes
    ----------
    season : tuple of float (52,)
        Speed of each week of the year, of mean 1; empty if the log is shorter than two years or has no season.
    weekdays : tuple of float (7,)
        Speed from Monday to Sunday, of mean 1.
    variation : tuple of (int, float)
        Numbers of days, and the coefficient of variation beyond chance of purchases within this many days, by length.
    """

    season: tuple[Finite, ...] = ()
    weekdays: tuple[Finite, ...] = ()
    variation: tuple[tuple[Count, Finite], ...] = ()

    def speeds(self, days: Integers) -> Array:
        """Return the speed of days (d,), which are counted from 1970-01-01."""
        speed = np.ones(len(days))
        if self.season:
            speed *= np.array(self.season)[week_of_year(days)]
        if self.weekdays:
            speed *= Calendar(weekdays=self.weekdays).speeds(days)
        return speed

    def variation_within(self, days: int) -> float:
        """Return the coefficient of variation of purchases within this many days, or the longest known length."""
        if not self.variation:
            return 0.0
        lengths, variation = zip(*self.variation, strict=True)
        return float(np.interp(np.log(days), np.log(lengths), variation))


class RunStatistics(Record):
    """Statistics of the customers of a fit or a run, as manifests and registry store them.

    Attributes
    ----------
    as_of : str
        Last date (or hour) observed.
    end : int
        The same date as a tick of the clock.
    customers, refused : int
        Customers scored (or fitted to), and customers refused with a reason.
    repeat_purchases : int
    dispersion : float
        Variance of the customers' repeat purchases divided by their mean; 1 if all buy at the same rate.
    totals : dict of str to float
        Sums over customers of the additive columns of the score table, by name.
    quantiles : dict of str to Quantiles
    forecast : tuple of (int, float)
        For a fit: ticks after it, and the total purchases its customers are expected to make by then.
    rhythm : Rhythm or None
        For a fit to a log by day or hour: variation over time that its forecast leaves out.
    """

    as_of: str
    end: int
    customers: Count
    refused: Count = 0
    repeat_purchases: Count
    dispersion: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    totals: dict[str, Finite] = Field(default_factory=dict)
    quantiles: dict[Quantity, Quantiles]
    forecast: tuple[tuple[Count, Finite], ...] = ()
    rhythm: Rhythm | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RunCounts:
    """A distribution of whole numbers: distinct values in order, and the customers with each, both (k,)."""

    values: Integers
    customers: Integers

    @classmethod
    def of(cls, values: Integers) -> RunCounts:
        """Return the counts of distinct values."""
        low, span = (int(values.min()), int(np.ptp(values))) if values.size else (0, 0)
        if not values.size or span > MOST_VALUES:
            return cls(*np.unique(values, return_counts=True))
        counts = np.bincount(values - low)  # faster than sorting
        present = np.flatnonzero(counts)
        return cls(present + low, counts[present])

    def __add__(self, other: RunCounts) -> RunCounts:
        values, place = np.unique(np.concatenate([self.values, other.values]), return_inverse=True)
        customers = np.zeros(len(values), dtype=np.int64)
        np.add.at(customers, place, np.concatenate([self.customers, other.customers]))
        return RunCounts(values, customers)

    def at_most(self, values: Integers) -> Integers:
        """Return the number of customers with at most each of the values, (m,)."""
        below = np.concatenate([[0], np.cumsum(self.customers)])
        counts: Integers = below[np.searchsorted(self.values, values, side="right")]
        return counts

    def quantiles(self) -> Quantiles:
        """Return the percentiles, with exact counts.

        The count just below each value is stored too, since many customers may have the same value.
        """
        below = np.concatenate([[0], np.cumsum(self.customers)])
        wanted = np.ceil(below[-1] * np.arange(1, QUANTILES + 1) / QUANTILES)
        steps = np.unique(np.searchsorted(below, wanted)) if below[-1] else np.zeros(0, dtype=np.int64)
        points = dict(zip(self.values[steps - 1] - 1, below[steps - 1], strict=True))
        points |= dict(zip(self.values[steps - 1], below[steps], strict=True))
        ordered = sorted((int(value), int(count)) for value, count in points.items())
        return Quantiles(values=tuple(v for v, _ in ordered), at_most=tuple(c for _, c in ordered))


@dataclass(frozen=True, slots=True, eq=False)
class StatisticsCollector:
    """Counts of some customers; the counts of chunks add up.

    Attributes
    ----------
    everyone : dict of Quantity to RunCounts
        Counts of all customers.
    at_last_run : dict of Quantity to RunCounts
        Counts of customers of the last run, with T measured at that run.
    bought_since : int
        Customers of the last run who bought since.
    repeat_purchases, squares : int
        Sums over customers of repeat purchases and of their squares.
    expected_of_new : float
        Repeat purchases that the model expects of customers acquired after its fit, given only their first purchase.
    """

    everyone: dict[Quantity, RunCounts]
    at_last_run: dict[Quantity, RunCounts]
    bought_since: int
    repeat_purchases: int
    squares: int
    expected_of_new: float

    @classmethod
    def of(
        cls, rfm: RFM, *, since_last: int = 0, model: PurchaseModel | None = None, since_fit: int | None = None
    ) -> StatisticsCollector:
        """Return the counts of an RFM, which may be a chunk of the customers.

        Parameters
        ----------
        rfm : RFM
        since_last : int
            Ticks of the clock since the last run.
        model : PurchaseModel, optional
            Fitted; needed for the expected purchases of new customers.
        since_fit : int, optional
            Ticks since the end of the data it was fitted to.
        """
        keys, has_value = _keys(rfm), _has_value(rfm)
        was_customer = keys["T"] >= since_last
        expected = 0.0
        if model is not None and since_fit is not None:
            new = keys["T"] < since_fit
            expected = float(np.sum(model.arrivals(np.where(new, rfm.calendar_times()["T"], 0.0), rfm)))
        return cls(
            everyone={name: RunCounts.of(column[has_value[name]]) for name, column in keys.items()},
            at_last_run={
                name: RunCounts.of(column[was_customer & has_value[name]] - (since_last if name == "T" else 0))
                for name, column in keys.items()
            },
            bought_since=int(np.sum(was_customer & (keys["T"] - keys["recency"] < since_last))),
            repeat_purchases=int(rfm.frequency.sum()),
            squares=int((rfm.frequency**2).sum()),
            expected_of_new=expected,
        )

    def __add__(self, other: StatisticsCollector) -> StatisticsCollector:
        return StatisticsCollector(
            everyone={name: counts + other.everyone[name] for name, counts in self.everyone.items()},
            at_last_run={name: counts + other.at_last_run[name] for name, counts in self.at_last_run.items()},
            bought_since=self.bought_since + other.bought_since,
            repeat_purchases=self.repeat_purchases + other.repeat_purchases,
            squares=self.squares + other.squares,
            expected_of_new=self.expected_of_new + other.expected_of_new,
        )

    @property
    def customers(self) -> int:
        return int(self.everyone["frequency"].customers.sum())

    @property
    def customers_at_last_run(self) -> int:
        """Return the number of customers of the last run."""
        return int(self.at_last_run["frequency"].customers.sum())

    def summarize(
        self,
        as_of: str,
        end: int,
        *,
        refused: int = 0,
        totals: Mapping[str, float] | None = None,
        forecast: tuple[tuple[int, float], ...] = (),
        rhythm: Rhythm | None = None,
    ) -> RunStatistics:
        """Return the statistics to store.

        Parameters
        ----------
        as_of : str
            Last date of the RFM.
        end : int
            Tick of that date.
        refused : int
            Customers refused.
        totals : mapping of str to float, optional
            Sums of the additive columns.
        forecast : tuple of (int, float)
            For a fit, from `forecast_of`.
        rhythm : Rhythm, optional
            For a fit, from `rhythm_of`.
        """
        n = max(self.customers, 1)
        mean = self.repeat_purchases / n
        return RunStatistics(
            as_of=as_of,
            end=end,
            customers=self.customers,
            refused=refused,
            repeat_purchases=self.repeat_purchases,
            dispersion=(self.squares / n - mean**2) / mean if mean > 0 else 1.0,
            totals=dict(totals or {}),
            quantiles={name: counts.quantiles() for name, counts in self.everyone.items()},
            forecast=forecast,
            rhythm=rhythm,
        )


def forecast_of(model: PurchaseModel, rfm: RFM) -> tuple[tuple[int, float], ...]:
    """Return the total purchases that customers are expected to make by each of some ticks up to ten years ahead.

    The ticks are 1, 2, 3, 4, 6, 8, 12, ...: linear interpolation between two of them is accurate to a few parts in a
    thousand.
    """
    clock = rfm.clock
    most = FORECAST_YEARS * clock.units_per_year * clock.ticks_per_unit
    ticks = [1, *(step * 2**power for power in range(64) for step in (2, 3) if step * 2**power < 2 * most)]
    alive, bound = model.alive(rfm), model.ahead_of(rfm)
    totals = []
    for tick in ticks:
        by_tick = partial(bound.purchases_if_active, tick / clock.ticks_per_unit)
        totals.append((tick, float(np.sum(alive * model.if_active(rfm, by_tick)))))
    return tuple(totals)


def _keys(rfm: RFM) -> dict[Quantity, Integers]:
    """Return each quantity as whole numbers (n,)."""
    ticks = rfm.clock.ticks_per_unit
    keys: dict[Quantity, Integers] = {
        "frequency": rfm.frequency.astype(np.int64),
        "recency": np.rint(rfm.recency * ticks).astype(np.int64),
        "T": np.rint(rfm.T * ticks).astype(np.int64),
    }
    if rfm.monetary_value is not None:
        paid = rfm.monetary_value > 0
        steps = np.log(rfm.monetary_value, out=np.zeros(len(rfm)), where=paid) / MONEY_STEP
        keys["monetary_value"] = np.where(paid, np.floor(steps), NOTHING_SPENT).astype(np.int64)
    return keys


def _has_value(rfm: RFM) -> dict[Quantity, npt.NDArray[np.bool_]]:
    """Return a mask of the customers with a value of each quantity (n,); money needs at least one purchase."""
    everyone = np.ones(len(rfm), dtype=bool)
    paid = everyone if rfm.monetary_count is None else rfm.monetary_count > 0
    return {"frequency": everyone, "recency": everyone, "T": everyone, "monetary_value": paid}
