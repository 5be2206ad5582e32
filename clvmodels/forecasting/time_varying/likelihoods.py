"""Likelihoods of histories in which rates change: customers leave by a second clock, or only at purchases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from clvmodels.processes.catalog import PURCHASE_PROCESSES
from clvmodels.processes.contract import Array, PurchaseProcess
from clvmodels.processes.two_clocks import (
    Rates,
    RatesScore,
    Stretches,
    expected_ahead,
    read_clock,
    score_in_two_clocks,
)

__all__ = ["ChangingLikelihood", "LeavingAtPurchases", "TwoClocks", "likelihood_of"]

TIME_STEP = 1e-5  # relative step in times
SMALLEST, LARGEST = -12.0, 12.0  # limits of logarithms of means and shapes, in the unit of the mean T
LARGEST_LOG_CHANGE = 15.0  # largest log change of a rate over the range of a covariate
TWO_CLOCKS = ("pareto_nbd", "ggompertz_nbd")
MOST_PURCHASES = 1e15  # that can be drawn


class ChangingLikelihood(Protocol):
    """A likelihood in coordinates: means and shapes of the rates on the log scale, then coefficients."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def size(self) -> int: ...
    def start(self, parameters: dict[str, float]) -> Array: ...
    def parameters(self, coordinates: Array) -> dict[str, float]: ...
    def slopes(self) -> Array: ...
    def scales(self) -> Array: ...
    def score(self, coordinates: Array, stretches: Stretches) -> RatesScore: ...
    def alive(self, coordinates: Array, stretches: Stretches) -> Array: ...
    def expected(self, coordinates: Array, past: Stretches, ahead: Stretches) -> Array: ...
    def sample(
        self,
        coordinates: Array,
        past: Stretches,
        ahead: Stretches,
        active: npt.NDArray[np.bool_],
        generator: np.random.Generator,
    ) -> Array: ...


@dataclass(frozen=True, slots=True)
class TwoClocks:
    """Pareto/NBD or GGompertz/NBD, with numbers of covariates of purchases and of dropout.

    Coordinates are log r, log(r/alpha), log s, log(s/beta), log of the aging if there is any, and coefficients.
    """

    aging: bool
    purchase: int
    dropout: int

    @property
    def names(self) -> tuple[str, ...]:
        return ("r", "alpha", "s", "beta", *(("b",) if self.aging else ()))

    @property
    def size(self) -> int:
        return len(self.names) + self.purchase + self.dropout

    def start(self, parameters: dict[str, float]) -> Array:
        r, alpha, s, beta = (parameters[name] for name in ("r", "alpha", "s", "beta"))
        shapes = [r, r / alpha, s, s / beta, *([parameters["b"]] if self.aging else [])]
        return np.append(np.log(shapes), np.zeros(self.purchase + self.dropout))

    def parameters(self, coordinates: Array) -> dict[str, float]:
        p = self._rates(coordinates)
        values = {"r": p.r, "alpha": p.alpha, "s": p.s, "beta": p.beta}
        return values | ({"b": p.aging} if p.aging is not None else {})

    def slopes(self) -> Array:
        """Return the derivatives of the logarithms of the parameters by the coordinates before coefficients."""
        slopes = np.zeros((len(self.names), len(self.names)))
        slopes[[0, 1, 2, 3], [0, 0, 2, 2]] = 1.0
        slopes[[1, 3], [1, 3]] = -1.0
        if self.aging:
            slopes[4, 4] = 1.0
        return slopes

    def scales(self) -> Array:
        """Return the change of the logarithm of each parameter per unit of the logarithm of a rate, of both rates."""
        scales = np.zeros((len(self.names), 2))
        scales[1, 0] = 1.0
        scales[(4, 1) if self.aging else (3, 1)] = -1.0 if self.aging else 1.0
        return scales

    def score(self, coordinates: Array, stretches: Stretches) -> RatesScore:
        value, gradient, alive = score_in_two_clocks(self._rates(coordinates), stretches)
        head = self.slopes().T @ gradient[: len(self.names)]
        return RatesScore(value, np.vstack([head, gradient[len(self.names) :]]), alive)

    def alive(self, coordinates: Array, stretches: Stretches) -> Array:
        return self.score(coordinates, stretches).alive

    def expected(self, coordinates: Array, past: Stretches, ahead: Stretches) -> Array:
        p = self._rates(coordinates)
        bought = read_clock(past, past.speed, past.purchase, p.purchase).end
        left = read_clock(past, 1.0, past.dropout, p.dropout).end
        return expected_ahead(p, bought, left, ahead)

    def sample(
        self,
        coordinates: Array,
        past: Stretches,
        ahead: Stretches,
        active: npt.NDArray[np.bool_],
        generator: np.random.Generator,
    ) -> Array:
        """Draw the purchases of one customer under draws (d, k) of the coordinates, given where active now, (d,)."""
        log_r, rate, log_s, leaving = coordinates[:, :4].T
        with np.errstate(over="ignore", divide="ignore"):
            r, alpha, s, beta = np.exp([log_r, log_r - rate, log_s, log_s - leaving])
            head = len(self.names)
            purchase, dropout = coordinates[:, head : head + self.purchase], coordinates[:, head + self.purchase :]
            bought = _passed(past, past.speed, past.purchase, purchase).sum(axis=0)
            left = _passed(past, 1.0, past.dropout, dropout).sum(axis=0)
            wait = generator.standard_exponential(len(r)) / generator.standard_gamma(s)
            if self.aging:
                aging = np.exp(coordinates[:, 4])
                wait = np.log1p(wait * (1 + (beta - 1) * np.exp(-aging * left))) / aging
            else:
                wait = wait * (beta + left)
            offered = _passed(ahead, ahead.speed, ahead.purchase, purchase)
            aged = _passed(ahead, 1.0, ahead.dropout, dropout)
            start = np.cumsum(aged, axis=0) - aged
            stays = np.divide(wait - start, aged, out=(wait > start).astype(float), where=aged > 0)
            reached = (offered * np.clip(stays, 0.0, 1.0)).sum(axis=0)
            mean = generator.standard_gamma(r + past.x[0]) / (alpha + bought) * reached
        return np.where(active, generator.poisson(np.minimum(mean, MOST_PURCHASES)), 0).astype(float)

    def _rates(self, coordinates: Array) -> Rates:
        log_r, rate, log_s, leaving = coordinates[:4]
        r, alpha, s, beta = (float(each) for each in np.exp([log_r, log_r - rate, log_s, log_s - leaving]))
        head = len(self.names)
        aging = float(np.exp(coordinates[4])) if self.aging else None
        return Rates(
            r, alpha, s, beta, aging, coordinates[head : head + self.purchase], coordinates[head + self.purchase :]
        )


@dataclass(frozen=True, slots=True)
class LeavingAtPurchases:
    """A process whose customers leave only at purchases, or never, on a clock that covariates change.

    Coordinates are the logarithms of the parameters, and coefficients.
    """

    process: PurchaseProcess
    purchase: int
    dropout: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.process.Parameters._fields)

    @property
    def size(self) -> int:
        return len(self.names) + self.purchase

    def start(self, parameters: dict[str, float]) -> Array:
        return np.append(np.log([parameters[name] for name in self.names]), np.zeros(self.purchase))

    def parameters(self, coordinates: Array) -> dict[str, float]:
        return dict(zip(self.names, np.exp(coordinates[: len(self.names)]).tolist(), strict=True))

    def slopes(self) -> Array:
        return np.eye(len(self.names))

    def scales(self) -> Array:
        """Return the change of the logarithm of each parameter per unit of the logarithm of a rate, of both rates."""
        powers = self.process.parametrization.unit_powers
        return np.array([[powers.get(name, 0), 0.0] for name in self.names], dtype=float)

    def score(self, coordinates: Array, stretches: Stretches) -> RatesScore:
        p, coefficients = self._split(coordinates)
        clock = read_clock(stretches, stretches.speed, stretches.purchase, coefficients)
        score = self.process.score(p, *self._columns(self.process.statistics, stretches, clock.last, clock.end))
        slopes = []
        for k in range(self.purchase):
            # Recency and T move together, in proportion to their slopes.
            step = TIME_STEP / max(float(np.max(np.abs(stretches.purchase[:, k]), initial=0.0)), 1e-300)
            high, low = (
                self._log_likelihood(p, stretches, *(each + sign * step * slope[:, k] for each, slope in clock.ends()))
                for sign in (1, -1)
            )
            slopes.append((high - low) / (2 * step) + stretches.bought[:, k])
        value = score.log_likelihood + stretches.bought @ coefficients + stretches.log_speed
        gradient = np.vstack([np.stack(np.broadcast_arrays(*score.gradient)), *(each[None] for each in slopes)])
        return RatesScore(value, gradient, np.zeros(0))

    def alive(self, coordinates: Array, stretches: Stretches) -> Array:
        p, coefficients = self._split(coordinates)
        clock = read_clock(stretches, stretches.speed, stretches.purchase, coefficients)
        columns = self._columns(self.process.statistics, stretches, clock.last, clock.end)
        return np.broadcast_to(self.process.probability_alive(p, *columns), np.shape(stretches.x))

    def expected(self, coordinates: Array, past: Stretches, ahead: Stretches) -> Array:
        p, coefficients = self._split(coordinates)
        now = read_clock(past, past.speed, past.purchase, coefficients)
        passed = read_clock(ahead, ahead.speed, ahead.purchase, coefficients).end
        return self.process.purchases_if_active(p, passed, *self._columns(self.process.state, past, now.last, now.end))

    def sample(
        self,
        coordinates: Array,
        past: Stretches,
        ahead: Stretches,
        active: npt.NDArray[np.bool_],
        generator: np.random.Generator,
    ) -> Array:
        """Draw the purchases of one customer under draws (d, k) of the coordinates, given where active now, (d,)."""
        head = len(self.names)
        p = self.process.Parameters(*np.exp(coordinates[:, :head]).T)
        until = _passed(past, past.speed, past.purchase, coordinates[:, head:])
        end, last = until.sum(axis=0), until[~past.after].sum(axis=0)
        length = _passed(ahead, ahead.speed, ahead.purchase, coordinates[:, head:]).sum(axis=0)
        state = self._columns(self.process.state, past, last, end)
        return self.process.sample_if_active(p, length, 0.0, *state, active, generator).purchases

    def _log_likelihood(self, p: Any, stretches: Stretches, last: Array, end: Array) -> Array:
        return self.process.log_likelihood(p, *self._columns(self.process.statistics, stretches, last, end))

    def _columns(self, names: Sequence[str], stretches: Stretches, last: Array, end: Array) -> list[Array]:
        """Return the columns of a summary by the customers' own clock."""
        columns = {"frequency": stretches.x, "recency": last, "T": end}
        return [columns[name] for name in names]

    def _split(self, coordinates: Array) -> tuple[Any, Array]:
        head = len(self.names)
        return self.process.Parameters(*(np.asarray(each) for each in np.exp(coordinates[:head]))), coordinates[head:]


def _passed(stretches: Stretches, speed: Array | float, covariates: Array, coefficients: Array) -> Array:
    """Return the time that passes in each stretch (m,) by the clock of each draw of the coefficients (d, k), (m, d)."""
    with np.errstate(over="ignore"):
        rates: Array = np.exp(covariates @ coefficients.T)
    passed: Array = (speed * stretches.length)[:, None] * rates
    return passed


def likelihood_of(process: str, purchase: Sequence[str], dropout: Sequence[str]) -> TwoClocks | LeavingAtPurchases:
    """Return the likelihood of a process with covariates."""
    if process in TWO_CLOCKS:
        return TwoClocks(process == "ggompertz_nbd", len(purchase), len(dropout))
    return LeavingAtPurchases(PURCHASE_PROCESSES[process], len(purchase))


@dataclass(frozen=True, slots=True, eq=False)
class Centered:
    """Covariates less their means over time, so that the search is well conditioned, and the change of scales.

    purchase (k,), dropout (l,): the means.
    """

    purchase: Array
    dropout: Array

    @classmethod
    def of(cls, stretches: Stretches, counts: Array) -> Self:
        """Return the means of the covariates over the time of all customers."""
        weights = stretches.length * np.repeat(counts, np.diff(stretches.first))
        total = max(float(weights.sum()), 1e-300)
        return cls(weights @ stretches.purchase / total, weights @ stretches.dropout / total)

    def on(self, stretches: Stretches) -> Stretches:
        """Return stretches with covariates less their means."""
        return replace(
            stretches,
            purchase=stretches.purchase - self.purchase,
            dropout=stretches.dropout - self.dropout,
            bought=stretches.bought - stretches.x[:, None] * self.purchase,
        )


def limits_of(likelihood: TwoClocks | LeavingAtPurchases, stretches: Stretches, span: float) -> Array:
    """Return the limits of the coordinates (size, 2); `span` is the mean T, which is the unit of their times."""
    head = len(likelihood.names)
    limits = np.tile([SMALLEST, LARGEST], (likelihood.size, 1)).astype(float)
    powers = np.zeros(head)
    if isinstance(likelihood, TwoClocks):
        powers[[1, 3]] = -1.0
        powers[4:] = -1.0
    else:
        unit_powers = likelihood.process.parametrization.unit_powers
        powers[:] = [unit_powers.get(name, 0) for name in likelihood.names]
    limits[:head] += (powers * np.log(span))[:, None]
    columns = [*stretches.purchase.T, *(stretches.dropout.T if isinstance(likelihood, TwoClocks) else ())]
    for i, column in enumerate(columns):
        reach = float(np.ptp(column)) if len(column) else 0.0
        farthest = LARGEST_LOG_CHANGE / reach if reach > 0 else 0.0
        limits[head + i] = [-farthest, farthest]
    return limits
