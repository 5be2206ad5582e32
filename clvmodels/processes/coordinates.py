"""Coordinates: how a process's parameters are searched for.

Each source of heterogeneity is told by its mean and its spread, since these are what data identify, what covariates
move, and where the limits lie that a fit can run into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

__all__ = [
    "PURCHASE_RATE",
    "Array",
    "BetaBlock",
    "Block",
    "CoefficientBlock",
    "Coordinate",
    "GammaBlock",
    "GompertzBlock",
    "Limit",
    "Parametrization",
    "PositiveBlock",
]

Array = npt.NDArray[np.float64]
SPREAD_LIMIT = (
    12.0  # on a log scale: beyond e^12 a mixing distribution is a point for any data, below e^-12 all or nothing
)
MEAN_LIMIT = 16.0


class Block(Protocol):
    """Parameters that belong together, and the coordinates a fit searches them in."""

    @property
    def parameters(self) -> tuple[str, ...]: ...
    @property
    def coordinates(self) -> tuple[Coordinate, ...]: ...
    @property
    def real(self) -> bool:
        """Whether they are coefficients, told as they are where others are told by their logarithms."""
        ...

    def to_logs(self, u: Array) -> Array: ...
    def from_logs(self, logs: Array) -> Array: ...
    def jacobian(self, u: Array) -> Array: ...


@dataclass(frozen=True, slots=True)
class Limit:
    """An end of a coordinate's range, and what it means for the user when a fit ends there."""

    at: float | None
    meaning: str


NO_LIMIT = Limit(None, "")
ENDLESS = "{} is indistinguishable from {}infinity (l2= would keep it finite)"


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One direction a fit searches in: its name and the limits of its range, where time and money are unit-free."""

    name: str
    lower: Limit
    upper: Limit


@dataclass(frozen=True, slots=True)
class PositiveBlock:
    """A single positive parameter; the coordinate is its logarithm."""

    parameter: str
    too_low: str
    too_high: str

    real: ClassVar[bool] = False

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.parameter,)

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        return (
            Coordinate(
                f"log {self.parameter}",
                Limit(-SPREAD_LIMIT, self.too_low),
                Limit(SPREAD_LIMIT, self.too_high),
            ),
        )

    def to_logs(self, u: Array) -> Array:
        return u

    def from_logs(self, logs: Array) -> Array:
        return logs

    def jacobian(self, u: Array) -> Array:
        return np.ones((1, *u.shape))


@dataclass(frozen=True, slots=True)
class GammaBlock:
    """Something that varies between customers as Gamma(shape, rate), told by log shape and log mean.

    Where the parameters tell of events of which only every so many-th counts, the mean is of those that count.
    """

    shape: str
    rate: str
    of: str
    no_variation: str
    all_variation: str
    no_mean: str | None = None
    events: int = 1

    real: ClassVar[bool] = False

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.shape, self.rate)

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        spread = Coordinate(
            f"log {self.shape}",
            Limit(-SPREAD_LIMIT, self.all_variation),
            Limit(SPREAD_LIMIT, self.no_variation),
        )
        nothing = NO_LIMIT if self.no_mean is None else Limit(-MEAN_LIMIT, self.no_mean)
        return spread, Coordinate(f"log mean {self.of}", nothing, NO_LIMIT)

    def to_logs(self, u: Array) -> Array:
        return np.stack([u[0], u[0] - u[1] - np.log(self.events)])

    def from_logs(self, logs: Array) -> Array:
        return np.stack([logs[0], logs[0] - logs[1] - np.log(self.events)])

    def jacobian(self, u: Array) -> Array:
        one, none = np.ones(u.shape[1:]), np.zeros(u.shape[1:])
        return np.array([[one, none], [one, -one]])


@dataclass(frozen=True, slots=True)
class BetaBlock:
    """A probability that varies between customers as Beta(a, b), told by log (a + b) and the logit of its mean."""

    a: str
    b: str
    of: str
    no_variation: str
    all_variation: str
    no_mean: str
    all_mean: str

    real: ClassVar[bool] = False

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.a, self.b)

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        spread = Coordinate(
            f"log ({self.a} + {self.b})",
            Limit(-SPREAD_LIMIT, self.all_variation),
            Limit(SPREAD_LIMIT, self.no_variation),
        )
        mean = Coordinate(f"logit mean {self.of}", Limit(-MEAN_LIMIT, self.no_mean), Limit(MEAN_LIMIT, self.all_mean))
        return spread, mean

    def to_logs(self, u: Array) -> Array:
        return np.stack([u[0] + log_expit(u[1]), u[0] + log_expit(-u[1])])

    def from_logs(self, logs: Array) -> Array:
        return np.stack([np.logaddexp(logs[0], logs[1]), logs[0] - logs[1]])

    def jacobian(self, u: Array) -> Array:
        one = np.ones(u.shape[1:])
        return np.array([[one, expit(-u[1])], [one, -expit(u[1])]])


@dataclass(frozen=True, slots=True)
class GompertzBlock:
    """A rate eta b exp(bt), eta ~ Gamma(shape, rate), told by log b, log shape, and its log mean at t = 0."""

    pace: str
    shape: str
    rate: str
    of: str
    no_ageing: str
    all_ageing: str
    no_variation: str
    all_variation: str
    no_mean: str

    real: ClassVar[bool] = False

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.pace, self.shape, self.rate)

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        return (
            Coordinate(f"log {self.pace}", Limit(-SPREAD_LIMIT, self.no_ageing), Limit(SPREAD_LIMIT, self.all_ageing)),
            Coordinate(
                f"log {self.shape}",
                Limit(-SPREAD_LIMIT, self.all_variation),
                Limit(SPREAD_LIMIT, self.no_variation),
            ),
            Coordinate(f"log mean {self.of}", Limit(-MEAN_LIMIT, self.no_mean), NO_LIMIT),
        )

    def to_logs(self, u: Array) -> Array:
        return np.stack([u[0], u[1], u[0] + u[1] - u[2]])

    def from_logs(self, logs: Array) -> Array:
        return np.stack([logs[0], logs[1], logs[0] + logs[1] - logs[2]])

    def jacobian(self, u: Array) -> Array:
        one, none = np.ones(u.shape[1:]), np.zeros(u.shape[1:])
        return np.array([[one, none, none], [none, one, none], [one, one, -one]])


@dataclass(frozen=True, slots=True)
class CoefficientBlock:
    """Coefficients of covariates: real numbers, each its own coordinate.

    Attributes
    ----------
    parameters : sequence of str
    reach : sequence of float or None, optional
        How far from 0 each is searched for; None: without limit.
    """

    parameters: tuple[str, ...]
    reach: tuple[float | None, ...] = ()

    real: ClassVar[bool] = True

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        reach = self.reach or (None,) * len(self.parameters)
        return tuple(
            Coordinate(name, NO_LIMIT, NO_LIMIT)
            if far is None
            else Coordinate(name, Limit(-far, ENDLESS.format(name, "minus ")), Limit(far, ENDLESS.format(name, "")))
            for name, far in zip(self.parameters, reach, strict=True)
        )

    def to_logs(self, u: Array) -> Array:
        return u

    def from_logs(self, logs: Array) -> Array:
        return logs

    def jacobian(self, u: Array) -> Array:
        return np.multiply.outer(np.eye(len(u)), np.ones(u.shape[1:]))


PURCHASE_RATE = GammaBlock(
    "r",
    "alpha",
    of="purchase rate",
    no_variation="customers do not differ in how often they buy: r is indistinguishable from infinity",
    all_variation="a few customers make all the purchases: r is indistinguishable from 0",
    no_mean="there are no repeat purchases: the purchase rate is indistinguishable from 0, "
    "and so is every expected purchase",
)
"""How often customers buy: the block that every process of purchases at a gamma-distributed rate begins with."""


@dataclass(frozen=True, slots=True)
class Parametrization:
    """How a process's parameters are searched for.

    Attributes
    ----------
    blocks : sequence of Block
        In the order of the parameters.
    unit_powers : dict of str to int
        Power of the unit (of time, or of money for spend) a parameter scales by; 0 where absent.
    mixing : array (k, k), optional
        Coordinates of the blocks as combinations of those a fit searches in; default: the same.
    """

    blocks: tuple[Block, ...]
    unit_powers: dict[str, int]
    mixing: Array | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for block in self.blocks for name in block.parameters)

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        return tuple(coordinate for block in self.blocks for coordinate in block.coordinates)

    @property
    def real(self) -> npt.NDArray[np.bool_]:
        """Which parameters are coefficients, (k,): told as they are where the others are told by their logarithms."""
        return np.array([block.real for block in self.blocks for _ in block.parameters])

    def parameters_at(self, u: Array, unit: float) -> Array:
        """Parameters at coordinates (k, ...) on a scale of that length in the user's unit."""
        each = (-1, *[1] * (u.ndim - 1))
        logs = self.to_logs(u) + self.log_scale(unit).reshape(each)
        return np.exp(logs, out=logs, where=~self.real.reshape(each))

    def coordinates_of(self, parameters: Sequence[Any], unit: float) -> Array:
        """Coordinates of parameters (k,): `parameters_at` undone."""
        values = np.array(parameters, dtype=float)
        values[~self.real] = np.log(values[~self.real])
        return self.from_logs(values - self.log_scale(unit))

    def to_logs(self, u: Array) -> Array:
        """Logarithms of the parameters at coordinates; (k,) or (k, ...) for many points at once."""
        inner = u if self.mixing is None else np.tensordot(self.mixing, u, axes=1)
        return np.concatenate([block.to_logs(part) for block, part in self._parts(inner)])

    def from_logs(self, logs: Array) -> Array:
        """Coordinates of parameters given by their logarithms."""
        u = np.concatenate([block.from_logs(part) for block, part in self._parts(logs)])
        return u if self.mixing is None else np.linalg.solve(self.mixing, u)

    def jacobian(self, u: Array) -> Array:
        """Derivatives of log parameters (rows) by coordinates (columns), (k, k) or (k, k, ...)."""
        inner = u if self.mixing is None else np.tensordot(self.mixing, u, axes=1)
        jacobian = np.zeros((len(u), *u.shape))
        start = 0
        for block, part in self._parts(inner):
            stop = start + len(part)
            jacobian[start:stop, start:stop] = block.jacobian(part)
            start = stop
        return jacobian if self.mixing is None else np.einsum("ij...,jk->ik...", jacobian, self.mixing)

    def log_scale(self, unit: float) -> Array:
        """What to add to log parameters told in one unit when that unit's length is `unit` of another."""
        return np.array([self.unit_powers.get(name, 0) * np.log(unit) for name in self.names])

    def _parts(self, values: Array) -> list[tuple[Block, Array]]:
        parts, start = [], 0
        for block in self.blocks:
            stop = start + len(block.parameters)
            parts.append((block, values[start:stop]))
            start = stop
        return parts
