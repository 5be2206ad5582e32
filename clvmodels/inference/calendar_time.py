"""Give a purchase process a calendar: its future in plain time, in which purchases follow the speed of each day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clvmodels.processes.contract import Array, DrawnOrders, Future, PurchaseProcess
from clvmodels.time_ahead import TimeAhead

__all__ = ["on_calendar"]


def on_calendar(process: PurchaseProcess, ahead: TimeAhead) -> PurchaseProcess:
    """Return the process whose horizons are plain time after the end of observation.

    Statistics and state stay in calendar time. Purchases are discounted in plain time.
    """
    changed = _Changed(process, ahead)
    return replace(
        process,
        survival_if_active=changed.survival_if_active,
        purchases_if_active=changed.purchases_if_active,
        discounted_if_active=changed.discounted_if_active,
        both_if_active=None,
        purchases_under_draws=process.purchases_under_draws and changed.purchases_under_draws,
        intensity_if_active=changed.intensity_if_active,
        pmf_if_active=changed.pmf_if_active,
        exceedances_if_active=process.exceedances_if_active and changed.exceedances_if_active,
        sample_if_active=changed.sample_if_active,
        sample_mean_if_active=process.sample_mean_if_active and changed.sample_mean_if_active,
        buys_between_if_active=process.buys_between_if_active and changed.buys_between_if_active,
        draw_orders_if_active=process.draw_orders_if_active and changed.draw_orders_if_active,
    )


@dataclass(frozen=True, slots=True)
class _Changed:
    """The functions of a process that take a horizon, with the horizon in plain time; see `PurchaseProcess`."""

    process: PurchaseProcess
    ahead: TimeAhead

    def survival_if_active(self, p: Any, h: Any, *state: Array) -> Array:
        return self.process.survival_if_active(p, self.ahead.calendar_time(h), *state)

    def purchases_if_active(self, p: Any, h: Any, *state: Array) -> Array:
        return self.process.purchases_if_active(p, self.ahead.calendar_time(h), *state)

    def purchases_under_draws(self, p: Any, h: Any, *state: Array) -> Array:
        if self.process.purchases_under_draws is None:
            raise AssertionError("only processes that have it are asked")
        return self.process.purchases_under_draws(p, self.ahead.calendar_time(h), *state)

    def pmf_if_active(self, p: Any, k: Array, h: Any, *state: Array) -> Array:
        return self.process.pmf_if_active(p, k, self.ahead.calendar_time(h), *state)

    def exceedances_if_active(self, p: Any, h: Any, *state: Array) -> Iterator[Array]:
        return self.process.exceedances(p, self.ahead.calendar_time(h), *state)

    def buys_between_if_active(self, p: Any, start: float, end: float, *state: Array) -> Array:
        if self.process.buys_between_if_active is None:
            raise AssertionError("only processes that have it are asked")
        edges = (self.ahead.calendar_time(start), self.ahead.calendar_time(end))
        return self.process.buys_between_if_active(p, *edges, *state)

    def intensity_if_active(self, p: Any, tau: Any, *state: Array) -> Array:
        speed: Array = self.ahead.speed(tau)
        return speed * self.process.intensity_if_active(p, self.ahead.calendar_time(tau), *state)

    def discounted_if_active(self, p: Any, h: Any, delta: float, *state: Array) -> Array:
        """Return expected purchases, discounted in plain time: each period's at its mean discount factor."""
        if np.ndim(h) == 0:
            return self._discount(p, float(h), delta, *state)
        values = (*p, *state)
        answer = np.zeros(np.broadcast_shapes(np.shape(h), *map(np.shape, values)))
        for length in np.unique(h):
            rows = np.flatnonzero(h == length)
            own = [each[..., rows] if np.shape(each)[-1:] == (len(h),) else each for each in values]
            parameters = self.process.Parameters(*own[: len(p)])
            answer[..., rows] = self._discount(parameters, float(length), delta, *own[len(p) :])
        return answer

    def _discount(self, p: Any, h: float, delta: float, *state: Array) -> Array:
        if delta == 0 or h == 0:
            return self.purchases_if_active(p, h, *state)
        ends, factors = self.ahead.discount_factors(h, delta)
        reached = self.ahead.calendar_time(ends)
        # Discounted exactly in calendar time, then corrected by the mean factor of plain time in each period.
        total = self.process.discounted_if_active(p, float(reached[-1]), delta, *state)
        before = np.zeros(())
        for end, change in zip(reached, factors - _mean_factors(reached, delta), strict=True):
            by_end = self.process.purchases_if_active(p, float(end), *state)
            total, before = total + change * (by_end - before), by_end
        return total

    def sample_if_active(self, p: Any, h: Any, delta: float, *state_active_generator: Any) -> Future:
        """Draw futures; their worth is multiplied by the season's change of the mean discount factor."""
        future = self.process.sample_if_active(p, self.ahead.calendar_time(h), delta, *state_active_generator)
        return Future(future.purchases, future.worth * self._of_season(h, delta))

    def sample_mean_if_active(self, p: Any, h: Any, delta: float, *state_generator: Any) -> Array:
        if self.process.sample_mean_if_active is None:
            raise AssertionError("only processes that have it are asked")
        worth = self.process.sample_mean_if_active(p, self.ahead.calendar_time(h), delta, *state_generator)
        answer: Array = worth * self._of_season(h, delta)
        return answer

    def _of_season(self, h: Any, delta: float) -> Array:
        """Return the factor by which the season changes the mean discount factor of a horizon, in the shape of h."""
        lengths, place = np.unique(h, return_inverse=True)
        factors = np.array([self._change_of_factor(float(length), delta) for length in lengths])
        return factors[place].reshape(np.shape(h))

    def _change_of_factor(self, h: float, delta: float) -> float:
        """Return the factor by which the season changes the mean discount factor of one horizon."""
        length = float(self.ahead.calendar_time(h))
        if delta == 0 or length == 0:
            return 1.0
        ends, factors = self.ahead.discount_factors(h, delta)
        masses = np.diff(self.ahead.calendar_time(ends), prepend=0.0)
        plain = -np.expm1(-delta * length) / (delta * length)
        return float(masses @ factors / masses.sum() / plain)

    def draw_orders_if_active(self, p: Any, h: Any, *state_active_generator: Any) -> DrawnOrders:
        if self.process.draw_orders_if_active is None:
            raise AssertionError("only processes that have it are asked")
        length = self.ahead.calendar_time(h)
        orders = self.process.draw_orders_if_active(p, length, *state_active_generator)
        time = np.minimum(self.ahead.plain_time(orders.time), np.broadcast_to(h, orders.leaves.shape)[orders.customer])
        leaves = self.ahead.plain_time(orders.leaves)
        # Customers who stay for the whole horizon leave at its end or later, whatever the last days' speed is.
        leaves = np.where(orders.leaves >= length, np.maximum(leaves, h), leaves)
        return DrawnOrders(orders.customer, time, np.where(orders.leaves == 0, 0.0, leaves))


def _mean_factors(ends: Array, delta: float) -> Array:
    """Return the mean of exp(-delta t) over each of consecutive periods that end at `ends`, (k,)."""
    starts = np.concatenate([[0.0], ends[:-1]])
    lengths = ends - starts
    worth = -np.exp(-delta * starts) * np.expm1(-delta * lengths) / delta
    answer: Array = np.divide(worth, lengths, out=np.exp(-delta * ends), where=lengths > 0)
    return answer
