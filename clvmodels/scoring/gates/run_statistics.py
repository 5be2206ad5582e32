"""What a fit or a run saw, small enough for its manifest, so that the next one can be compared with it.

Tallies are counts of whole numbers (purchases, ticks, steps of money), so they add up over chunks to the same answer
in any order; only their quantiles are kept.
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

from clvmodels.estimators.persistence import Finite
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.transactions.summary import RFM

__all__ = [
    "Count",
    "Finite",
    "Quantiles",
    "Quantity",
    "Record",
    "RunCounts",
    "RunStatistics",
    "StatisticsCollector",
    "forecast_of",
]

Quantity = Literal["frequency", "recency", "T", "monetary_value"]
Integers = npt.NDArray[np.int64]
Count = Annotated[int, Field(ge=0)]

POINTS = 100  # quantiles told apart of each quantity
LONGEST = 2.0  # years ahead that a fit's forecast is kept for
MONEY_STEP = 0.01  # money is told apart by one percent
NOTHING_SPENT = -(10**6)  # the step of money 0, below every other


class Record(BaseModel):
    """A frozen record that names every field it does not know or cannot read."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Quantiles(Record):
    """Where a distribution stands: values, and how many customers have at most each.

    Attributes
    ----------
    values : tuple of int, increasing
        Purchases, ticks, or steps of money; the last is the largest seen.
    at_most : tuple of int, never falling
        Customers with at most each value; the last is all of them.
    """

    values: tuple[int, ...]
    at_most: tuple[Count, ...]

    @model_validator(mode="after")
    def _increasing(self) -> Self:
        rises = all(a < b for a, b in itertools.pairwise(self.values))
        if len(self.values) != len(self.at_most) or not rises or list(self.at_most) != sorted(self.at_most):
            raise ValueError("values must increase, at_most must not fall, and both must be of one length")
        if self.values and self.at_most[-1] == 0:
            raise ValueError("at_most must end with all customers")
        return self


class RunStatistics(Record):
    """What a fit or a run saw.

    Attributes
    ----------
    as_of : str
        Last date (or hour) observed.
    end : int
        The same as a tick of the clock.
    customers, refused : int
        Customers scored (or fitted), and those that were set aside with a reason.
    repeat_purchases : int
    dispersion : float
        Variance of the customers' repeat purchases divided by their mean: 1 if all bought alike, more as they differ.
    totals : dict of str to float
        Sums over customers of each column predicted, by its name.
    quantiles : dict of str to Quantiles
    forecast : tuple of (int, float)
        Of a fit: ticks after it, and the purchases its customers are expected to make by then, in all.
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


@dataclass(frozen=True, slots=True, eq=False)
class RunCounts:
    """A distribution over whole numbers: distinct values in order, and customers with each, both (k,)."""

    values: Integers
    customers: Integers

    @classmethod
    def of(cls, values: Integers) -> RunCounts:
        return cls(*np.unique(values, return_counts=True))

    def __add__(self, other: RunCounts) -> RunCounts:
        values, place = np.unique(np.concatenate([self.values, other.values]), return_inverse=True)
        customers = np.zeros(len(values), dtype=np.int64)
        np.add.at(customers, place, np.concatenate([self.customers, other.customers]))
        return RunCounts(values, customers)

    def at_most(self, values: Integers) -> Integers:
        """How many customers have at most each of the values, (m,)."""
        below = np.concatenate([[0], np.cumsum(self.customers)])
        told: Integers = below[np.searchsorted(self.values, values, side="right")]
        return told

    def quantiles(self) -> Quantiles:
        """The values at which each hundredth of the customers is reached, exactly counted.

        Just below each stands how many have less, since many may share one value.
        """
        below = np.concatenate([[0], np.cumsum(self.customers)])
        wanted = np.ceil(below[-1] * np.arange(1, POINTS + 1) / POINTS)
        kept = np.unique(np.searchsorted(below, wanted)) if below[-1] else np.zeros(0, dtype=np.int64)
        points = dict(zip(self.values[kept - 1] - 1, below[kept - 1], strict=True))
        points |= dict(zip(self.values[kept - 1], below[kept], strict=True))
        ordered = sorted((int(value), int(count)) for value, count in points.items())
        return Quantiles(values=tuple(v for v, _ in ordered), at_most=tuple(c for _, c in ordered))


@dataclass(frozen=True, slots=True, eq=False)
class StatisticsCollector:
    """Counts of some customers; those of chunks add up.

    Attributes
    ----------
    everyone : dict of Quantity to Counts
        Of all customers.
    known : dict of Quantity to Counts
        Of those who were customers at the last run already, their T told as of then.
    bought_since : int
        Those of them whose last purchase is later than the last run.
    repeat_purchases, squares : int
        Sums over customers of repeat purchases and of their squares.
    expected_of_new : float
        Repeat purchases that the model expects of those who came after its fit, from when they came alone.
    """

    everyone: dict[Quantity, RunCounts]
    known: dict[Quantity, RunCounts]
    bought_since: int
    repeat_purchases: int
    squares: int
    expected_of_new: float

    @classmethod
    def of(
        cls, rfm: RFM, *, since_last: int = 0, model: PurchaseModel | None = None, since_fit: int | None = None
    ) -> StatisticsCollector:
        """Counts of the customers of an RFM, all of them or one chunk.

        Parameters
        ----------
        rfm : RFM
        since_last : int
            Ticks of the clock since the last run ended, for which all customers known then have aged.
        model : PurchaseModel, optional
            Fitted; what it expects of new customers is then told too.
        since_fit : int, optional
            Ticks since the end of what it was fitted to.
        """
        keys, told = _keys(rfm), _told(rfm)
        known = keys["T"] >= since_last
        expected = 0.0
        if model is not None and since_fit is not None:
            new = keys["T"] < since_fit
            expected = float(np.sum(model.arrivals(np.where(new, rfm.T, 0.0), rfm)))
        return cls(
            everyone={name: RunCounts.of(column[told[name]]) for name, column in keys.items()},
            known={
                name: RunCounts.of(column[known & told[name]] - (since_last if name == "T" else 0))
                for name, column in keys.items()
            },
            bought_since=int(np.sum(known & (keys["T"] - keys["recency"] < since_last))),
            repeat_purchases=int(rfm.frequency.sum()),
            squares=int((rfm.frequency**2).sum()),
            expected_of_new=expected,
        )

    def __add__(self, other: StatisticsCollector) -> StatisticsCollector:
        return StatisticsCollector(
            everyone={name: counts + other.everyone[name] for name, counts in self.everyone.items()},
            known={name: counts + other.known[name] for name, counts in self.known.items()},
            bought_since=self.bought_since + other.bought_since,
            repeat_purchases=self.repeat_purchases + other.repeat_purchases,
            squares=self.squares + other.squares,
            expected_of_new=self.expected_of_new + other.expected_of_new,
        )

    @property
    def customers(self) -> int:
        return int(self.everyone["frequency"].customers.sum())

    @property
    def customers_known(self) -> int:
        """Who were customers at the last run already."""
        return int(self.known["frequency"].customers.sum())

    def evidence(
        self,
        as_of: str,
        end: int,
        *,
        refused: int = 0,
        totals: Mapping[str, float] | None = None,
        forecast: tuple[tuple[int, float], ...] = (),
    ) -> RunStatistics:
        """What to keep of it.

        Parameters
        ----------
        as_of : str
            Last date of the RFM.
        end : int
            Its tick.
        refused : int
            Customers set aside.
        totals : mapping of str to float, optional
            Sums of the columns predicted.
        forecast : tuple of (int, float)
            Of a fit, from `forecast_of`.
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
        )


def forecast_of(model: PurchaseModel, rfm: RFM) -> tuple[tuple[int, float], ...]:
    """Purchases that customers are expected to make in all, by each of some ticks up to two years ahead.

    From each customer's history. The ticks are 1, 2, 3, 4, 6, 8, 12, ...: a line between two of them is good to a few
    parts in a thousand.
    """
    clock = rfm.clock
    most = LONGEST * clock.units_per_year * clock.ticks_per_unit
    ticks = [1, *(step * 2**power for power in range(64) for step in (2, 3) if step * 2**power < 2 * most)]
    alive = model.alive(rfm)
    told = []
    for tick in ticks:
        worth = partial(model.purchases_if_active, tick / clock.ticks_per_unit)
        told.append((tick, float(np.sum(alive * model.if_active(rfm, worth)))))
    return tuple(told)


def _keys(rfm: RFM) -> dict[Quantity, Integers]:
    """Each quantity as whole numbers (n,)."""
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


def _told(rfm: RFM) -> dict[Quantity, npt.NDArray[np.bool_]]:
    """Who has a value (n,): money is known of those who bought what it averages."""
    all_of_them = np.ones(len(rfm), dtype=bool)
    bought = all_of_them if rfm.monetary_count is None else rfm.monetary_count > 0
    return {"frequency": all_of_them, "recency": all_of_them, "T": all_of_them, "monetary_value": bought}
