"""Coordinates: how a process's parameters are searched for.

Each source of heterogeneity is described by its mean and its spread, because these are what data identify and what
covariates move, and because the limits that a fit can run into are limits of these two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
        """Whether the parameters are coefficients, which stay as they are where other parameters become logarithms."""
        ...

    def to_logs(self, u: Array) -> Array: ...
    def from_logs(self, logs: Array) -> Array: ...
    def jacobian(self, u: Array) -> Array: ...


@dataclass(frozen=True, slots=True)
class Limit:
    """An end of a coordinate's range, and what it means for the user when a fit ends there.

    Attributes
    ----------
    at : float or None
        None where the range has no end.
    code : str
        The code of the finding that a fit at this limit reports, such as "fit-no-dropout"; "" without a limit.
    figures : mapping of str to str
        The names that the finding mentions, such as {"parameter": "a/(a+b)"}.
    """

    at: float | None
    code: str
    figures: Mapping[str, str] = field(default_factory=dict)


NO_LIMIT = Limit(None, "")


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One direction a fit searches in; time and money are unit-free.

    Attributes
    ----------
    name : str
        Such as "log r", or "log r[North]" in a model with parameters for each group.
    lower, upper : Limit
    group : str or None
        The group of customers that the coordinate belongs to, in a model with parameters for each group.
    """

    name: str
    lower: Limit
    upper: Limit
    group: str | None = None

    @property
    def plain_name(self) -> str:
        """The name without that of the group."""
        return self.name if self.group is None else self.name.removesuffix(f"[{self.group}]")

    def in_group(self, label: str) -> Coordinate:
        """Return this coordinate of one group of customers."""
        return Coordinate(f"{self.name}[{label}]", self.lower, self.upper, label)


@dataclass(frozen=True, slots=True)
class PositiveBlock:
    """A single positive parameter; the coordinate is its logarithm.

    Attributes
    ----------
    parameter : str
    too_low, too_high : str
        Codes of the findings of a fit that ends at 0 or at infinity.
    """

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
                Limit(-SPREAD_LIMIT, self.too_low, {"parameter": self.parameter}),
                Limit(SPREAD_LIMIT, self.too_high, {"parameter": self.parameter}),
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
    """A rate that varies between customers as Gamma(shape, rate); the coordinates are log shape and log mean.

    Attributes
    ----------
    shape, rate : str
        Names of the parameters.
    of : str
        What varies, such as "purchase rate".
    no_variation, all_variation, no_mean : str
        Codes of the findings of a fit that ends at an infinite shape, at shape 0, or at mean 0.
    events : int
        Number of events of the rate per event that counts, such as k events per purchase; the mean is the rate of those
        that count.
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
            Limit(-SPREAD_LIMIT, self.all_variation, {"parameter": self.shape}),
            Limit(SPREAD_LIMIT, self.no_variation, {"parameter": self.shape}),
        )
        mean = {"parameter": f"{self.shape}/{self.rate}"}
        zero = NO_LIMIT if self.no_mean is None else Limit(-MEAN_LIMIT, self.no_mean, mean)
        return spread, Coordinate(f"log mean {self.of}", zero, NO_LIMIT)

    def to_logs(self, u: Array) -> Array:
        return np.stack([u[0], u[0] - u[1] - np.log(self.events)])

    def from_logs(self, logs: Array) -> Array:
        return np.stack([logs[0], logs[0] - logs[1] - np.log(self.events)])

    def jacobian(self, u: Array) -> Array:
        one, none = np.ones(u.shape[1:]), np.zeros(u.shape[1:])
        return np.array([[one, none], [one, -one]])


@dataclass(frozen=True, slots=True)
class BetaBlock:
    """A probability that varies between customers as Beta(a, b); the coordinates are log (a + b) and logit mean.

    Attributes
    ----------
    a, b : str
        Names of the parameters.
    of : str
        What varies, such as "dropout probability".
    no_variation, all_variation, no_mean, all_mean : str
        Codes of the findings of a fit that ends at an infinite a + b, at a + b = 0, at mean 0, or at mean 1.
    """

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
            Limit(-SPREAD_LIMIT, self.all_variation, {"parameter": f"{self.a} + {self.b}"}),
            Limit(SPREAD_LIMIT, self.no_variation, {"parameter": f"{self.a} + {self.b}"}),
        )
        mean = {"parameter": f"{self.a}/({self.a}+{self.b})"}
        ends = Limit(-MEAN_LIMIT, self.no_mean, mean), Limit(MEAN_LIMIT, self.all_mean, mean)
        return spread, Coordinate(f"logit mean {self.of}", *ends)

    def to_logs(self, u: Array) -> Array:
        return np.stack([u[0] + log_expit(u[1]), u[0] + log_expit(-u[1])])

    def from_logs(self, logs: Array) -> Array:
        return np.stack([np.logaddexp(logs[0], logs[1]), logs[0] - logs[1]])

    def jacobian(self, u: Array) -> Array:
        one = np.ones(u.shape[1:])
        return np.array([[one, expit(-u[1])], [one, -expit(u[1])]])


@dataclass(frozen=True, slots=True)
class GompertzBlock:
    """A rate eta b exp(bt) with eta ~ Gamma(shape, rate); the coordinates are log b, log shape, and log mean at t = 0.

    Attributes
    ----------
    pace, shape, rate : str
        Names of the parameters; pace is b.
    of : str
        What varies, such as "dropout rate".
    no_aging, all_aging, no_variation, all_variation, no_mean : str
        Codes of the findings of a fit that ends at b = 0, at an infinite b, at an infinite shape, at shape 0, or at
        mean 0.
    """

    pace: str
    shape: str
    rate: str
    of: str
    no_aging: str
    all_aging: str
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
            Coordinate(
                f"log {self.pace}",
                Limit(-SPREAD_LIMIT, self.no_aging, {"parameter": self.pace}),
                Limit(SPREAD_LIMIT, self.all_aging, {"parameter": self.pace}),
            ),
            Coordinate(
                f"log {self.shape}",
                Limit(-SPREAD_LIMIT, self.all_variation, {"parameter": self.shape}),
                Limit(SPREAD_LIMIT, self.no_variation, {"parameter": self.shape}),
            ),
            Coordinate(
                f"log mean {self.of}",
                Limit(-MEAN_LIMIT, self.no_mean, {"parameter": f"{self.pace} {self.shape}/{self.rate}"}),
                NO_LIMIT,
            ),
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
        Largest absolute value that each is searched up to; None without limit.
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
            else Coordinate(
                name,
                Limit(-far, "fit-coefficient-minus-infinite", {"parameter": name}),
                Limit(far, "fit-coefficient-infinite", {"parameter": name}),
            )
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
    no_variation="fit-purchase-rates-equal",
    all_variation="fit-purchases-by-few",
    no_mean="fit-no-repeat-purchases",
)
"""How often customers buy: the first block of every process with a gamma-distributed purchase rate."""


@dataclass(frozen=True, slots=True)
class Parametrization:
    """How a process's parameters are searched for.

    Attributes
    ----------
    blocks : sequence of Block
        In the order of the parameters.
    unit_powers : dict of str to int
        Power of the unit (of time, or of money for spend) by which a parameter scales; 0 where absent.
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
        """Which parameters are coefficients, (k,), which stay as they are where the others become logarithms."""
        return np.array([block.real for block in self.blocks for _ in block.parameters])

    def parameters_at(self, u: Array, unit: float) -> Array:
        """Return the parameters at coordinates (k, ...) whose scale has the length `unit` in the user's unit."""
        each = (-1, *[1] * (u.ndim - 1))
        logs = self.to_logs(u) + self.log_scale(unit).reshape(each)
        return np.exp(logs, out=logs, where=~self.real.reshape(each))

    def coordinates_of(self, parameters: Sequence[Any], unit: float) -> Array:
        """Return the coordinates of parameters (k,), the inverse of `parameters_at`."""
        values = np.array(parameters, dtype=float)
        values[~self.real] = np.log(values[~self.real])
        return self.from_logs(values - self.log_scale(unit))

    def to_logs(self, u: Array) -> Array:
        """Return the logarithms of the parameters at coordinates, (k,) or (k, ...) for many points at once."""
        inner = u if self.mixing is None else np.tensordot(self.mixing, u, axes=1)
        return np.concatenate([block.to_logs(part) for block, part in self._parts(inner)])

    def from_logs(self, logs: Array) -> Array:
        """Return the coordinates of parameters from their logarithms."""
        u = np.concatenate([block.from_logs(part) for block, part in self._parts(logs)])
        return u if self.mixing is None else np.linalg.solve(self.mixing, u)

    def jacobian(self, u: Array) -> Array:
        """Return the derivatives of log parameters (rows) by coordinates (columns), (k, k) or (k, k, ...)."""
        inner = u if self.mixing is None else np.tensordot(self.mixing, u, axes=1)
        jacobian = np.zeros((len(u), *u.shape))
        start = 0
        for block, part in self._parts(inner):
            stop = start + len(part)
            jacobian[start:stop, start:stop] = block.jacobian(part)
            start = stop
        return jacobian if self.mixing is None else np.einsum("ij...,jk->ik...", jacobian, self.mixing)

    def log_scale(self, unit: float) -> Array:
        """Return what to add to log parameters in one unit of length `unit` to get them in the unit of that length."""
        return np.array([self.unit_powers.get(name, 0) * np.log(unit) for name in self.names])

    def _parts(self, values: Array) -> list[tuple[Block, Array]]:
        parts, start = [], 0
        for block in self.blocks:
            stop = start + len(block.parameters)
            parts.append((block, values[start:stop]))
            start = stop
        return parts
