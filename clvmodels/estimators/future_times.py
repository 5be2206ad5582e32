"""Quantiles of the time to the next purchase and of the remaining lifetime, for every process.

P(no purchase within h) is a process's pmf at 0 and P(active after h) its survival. Both fall with h, so quantiles are
found by bisection and need no further formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from clvmodels import frames
from clvmodels.errors import InvalidOption
from clvmodels.estimators.fitted_purchases import FittedPurchases
from clvmodels.estimators.prediction import PredictionOptions
from clvmodels.processes.contract import Array, PurchaseProcess
from clvmodels.transactions.summary import RFM

__all__ = ["FutureTimes", "next_purchase_times", "remaining_lifetimes"]

LONGEST_TIME = 1e100  # units of time; an event that has not happened by then never happens
MOST_OPPORTUNITIES = 10_000.0  # opportunities; sums over opportunities have this many terms
SHORTEST_TIME = 1e-9  # shortest time, relative to a typical length of time
HALVINGS = 48  # bisections of the logarithm of a time between these limits, for an error of 1e-12
SMALLEST_PROBABILITY = 1e-12  # probability of another purchase below which its time is not defined


class FutureTimes(FittedPurchases):
    """Predictions of the times of the next purchase and of dropout."""

    def time_to_next_purchase(
        self, rfm: RFM, *, interval: float | None = None, within: float | str | None = None
    ) -> frames.Frame:
        """Return when each customer buys next, if the customer buys again: the median of the time, and an interval.

        A customer who buys again is active now, so the time has the distribution::

            P(time <= h) = (1 - P(X(h) = 0)) / (1 - P(X(ever) = 0))

        where X(h) is the number of purchases of an active customer within h. For BG/NBD, P(X(h) = 0) is that of Fader,
        Hardie & Lee (2005), Marketing Science 24(2), eq. (8), given the history; every process gives its own.

        Parameters
        ----------
        rfm : RFM
        interval : float, optional
            Central probability, such as 0.9, of an interval for the time, at the estimated parameters.
        within : float or str, optional
            A time in the clock's unit, or a length with its unit such as "90 days", for probability_purchase_within.

        Returns
        -------
        frame
            customer_id, probability_another_purchase (at any time, given the history), time_to_next_purchase (median,
            in the clock's unit from the end of observation; of a discrete process the number of the opportunity), with
            an interval time_to_next_purchase_lower and time_to_next_purchase_upper, and with `within`
            probability_purchase_within, whether the customer is active or not. A time is missing if the customer will
            not buy again.

        Examples
        --------
        >>> import clvmodels as clv
        >>> log = clv.datasets.load_cdnow(sample=True)
        >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> times = clv.MBGNBD().fit(rfm).time_to_next_purchase(rfm, interval=0.9, within="12 weeks")
        >>> times.iloc[0, 1:].astype(float).round(2).tolist()
        [0.71, 14.23, 0.92, 102.49, 0.32]
        """
        options = PredictionOptions(interval)
        levels = [0.5] if interval is None else [0.5, 0.5 - 0.5 * interval, 0.5 + 0.5 * interval]
        length = None if within is None else self._duration(within, "within")
        alive = self.alive(rfm)
        bound = self.ahead_of(rfm)
        again, *times = self.if_active(rfm, partial(bound._next_times, levels))
        names = ["", "_lower", "_upper"] if options.interval is not None else [""]
        columns: dict[str, Any] = {"probability_another_purchase": alive * again}
        columns |= {f"time_to_next_purchase{name}": time for name, time in zip(names, times, strict=True)}
        if length is not None:
            columns["probability_purchase_within"] = alive * self.if_active(rfm, partial(bound._buys_if_active, length))
        return self._table(rfm, columns)

    def remaining_lifetime(
        self, rfm: RFM, *, quantiles: Sequence[float] = (0.5,), given_active: bool = False
    ) -> frames.Frame:
        """Return quantiles of the time that each customer stays active after the end of observation.

        P(remaining lifetime > h) is P(alive) times the survival of an active customer, such as
        ((beta + T) / (beta + T + h))^s for Pareto/NBD (Schmittlein, Morrison & Colombo 1987, Management Science 33(1),
        eq. 5). Customers who have left have a remaining lifetime of 0.

        Parameters
        ----------
        rfm : RFM
        quantiles : sequence of float, default=(0.5,)
            Probabilities between 0 and 1.
        given_active : bool, default=False
            Whether the quantiles are those of a customer who is active at the end of observation.

        Returns
        -------
        frame
            customer_id, probability_alive, and one column per quantile, such as remaining_lifetime_0.5, in the clock's
            unit; for a discrete process whole opportunities. 0 where the customer has probably left already, infinite
            where the customer stays longer than any horizon (a discrete process: than 10,000 opportunities).

        Raises
        ------
        InvalidOption
            For a process under which nobody leaves, such as NBD, and for values that are not probabilities.

        Examples
        --------
        >>> import clvmodels as clv
        >>> log = clv.datasets.load_cdnow(sample=True)
        >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> times = clv.ParetoNBD().fit(rfm).remaining_lifetime(rfm, quantiles=[0.25, 0.5], given_active=True)
        >>> times.iloc[0, 1:].astype(float).round(2).tolist()
        [0.87, 30.68, 107.99]
        """
        self._check_fitted()
        if "dropout" not in self.plain.moves:
            raise InvalidOption(
                f"{self.title} has no remaining lifetime, because its customers never leave: fit a model with dropout, "
                "such as MBGNBD or ParetoNBD."
            )
        levels = np.asarray(quantiles, dtype=float)
        if levels.ndim != 1 or not len(levels) or not np.all((levels > 0) & (levels < 1)):
            raise InvalidOption(f"quantiles={quantiles!r} must be probabilities between 0 and 1, such as [0.25, 0.5].")
        alive = self.alive(rfm)
        times = self._rows(rfm).evaluate(partial(self.ahead_of(rfm)._lifetimes, levels.tolist(), given_active))
        columns = {f"remaining_lifetime_{level:g}": time for level, time in zip(levels, times, strict=True)}
        return self._table(rfm, {"probability_alive": alive, **columns})

    def _next_times(self, levels: Sequence[float], p: Any, *state: Array) -> Array:
        return next_purchase_times(self.future, p, levels, self.fit_.unit, *state)

    def _lifetimes(self, levels: Sequence[float], given_active: bool, *columns: Array) -> Array:
        process, p = self.process, self._parameters
        state = [columns[process.statistics.index(name)] for name in process.state]
        alive = np.ones(len(columns[0])) if given_active else process.probability_alive(p, *columns)
        return remaining_lifetimes(self.future, p, levels, alive, self.fit_.unit, *state)


def next_purchase_times(process: PurchaseProcess, p: Any, levels: Sequence[float], unit: float, *state: Array) -> Array:
    """Return P(another purchase) of active customers, and quantiles of its time given that there is one.

    Parameters
    ----------
    process : PurchaseProcess
    p : Parameters
    levels : sequence of float
        Probabilities of the quantiles.
    unit : float
        A typical length of time.
    state : arrays (m,)

    Returns
    -------
    array (1 + levels, m)
        NaN where there is no other purchase.
    """

    def bought(h: Array, rows: Any) -> Array:
        none: Array = process.pmf_if_active(p, np.zeros(()), h, *(column[rows] for column in state))
        return 1 - none

    again = bought(np.full(len(state[0]), MOST_OPPORTUNITIES if process.discrete else LONGEST_TIME), slice(None))
    times = [_first_time_at(bought, level * again, unit, process.discrete) for level in levels]
    return np.stack([again, *(np.where(again > SMALLEST_PROBABILITY, time, np.nan) for time in times)])


def remaining_lifetimes(
    process: PurchaseProcess, p: Any, levels: Sequence[float], alive: Array, unit: float, *state: Array
) -> Array:
    """Return quantiles of the time that customers stay, (levels, m), given P(alive) (m,) and their state (m,)."""

    def left(h: Array, rows: Any) -> Array:
        stays: Array = process.survival_if_active(p, h, *(column[rows] for column in state))
        return 1 - stays

    # P(left within h) = 1 - alive S(h) >= level, solved for 1 - S(h); a level that is not positive is reached now.
    chance = np.maximum(alive, np.finfo(float).tiny)
    with np.errstate(over="ignore"):
        needed = [1 - (1 - level) / chance for level in levels]
    return np.stack([_first_time_at(left, each, unit, process.discrete) for each in needed])


def _first_time_at(happened: Callable[[Array, Any], Array], level: Array, unit: float, discrete: bool = False) -> Array:
    """Return the first time at which a probability that rises over time reaches a level.

    `happened` is a function of times (m,) and of the indices (m,) of the rows they belong to. The time is 0 where the
    level (n,) is not positive, and infinite where it is never reached.
    """
    answer = np.zeros(len(level))
    rows = np.flatnonzero(level > 0)
    if not len(rows):
        return answer
    ever = MOST_OPPORTUNITIES if discrete else LONGEST_TIME
    reached = happened(np.full(len(rows), ever), rows) >= level[rows]
    answer[rows[~reached]] = np.inf
    rows = rows[reached]
    if discrete:
        answer[rows] = _bisect_whole(happened, level, rows, ever)
        return answer
    lower, upper = np.full(len(rows), np.log(SHORTEST_TIME * unit)), np.full(len(rows), np.log(ever))
    for _ in range(HALVINGS):
        middle = 0.5 * (lower + upper)
        late = happened(np.exp(middle), rows) >= level[rows]
        lower, upper = np.where(late, lower, middle), np.where(late, middle, upper)
    answer[rows] = np.exp(upper)
    return answer


def _bisect_whole(happened: Callable[[Array, Any], Array], level: Array, rows: Any, ever: float) -> Array:
    """Return the first whole time (m,) at which the level is reached, by bisection below a power of 2."""
    upper = np.ones(len(rows))
    while True:
        early = (happened(upper, rows) < level[rows]) & (upper < ever)
        if not early.any():
            break
        upper = np.where(early, np.minimum(2 * upper, ever), upper)
    lower = np.floor(upper / 2)
    while np.any(upper - lower > 1):
        middle = np.floor(0.5 * (lower + upper))
        late = happened(middle, rows) >= level[rows]
        inside = upper - lower > 1
        lower, upper = np.where(inside & ~late, middle, lower), np.where(inside & late, middle, upper)
    return upper
