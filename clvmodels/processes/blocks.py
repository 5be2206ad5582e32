"""Blocks: parameters that belong together, with the coordinates of a search for them.

There is one block for each kind of heterogeneity: a gamma-distributed rate, a beta-distributed probability, a rate that
grows with age. A block names the findings of a fit that ends at a limit of its coordinates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit, log_expit

from clvmodels.processes.coordinates import Array, Coordinate, Limit

__all__ = ["PURCHASE_RATE", "BetaBlock", "CoefficientBlock", "GammaBlock", "GompertzBlock", "PositiveBlock"]

# Limit of the logarithm of a spread: above e^12 a mixing distribution is practically a point, below e^-12 its values
# are practically at the ends.
SPREAD_LIMIT = 12.0
MEAN_LIMIT = 16.0  # limit of the logarithm of a mean rate, and of the logit of a mean probability
NO_LIMIT = Limit(None, "")


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
                quantity=self.parameter,
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
    no_variation, all_variation, no_mean, all_mean : str
        Codes of the findings of a fit that ends at an infinite shape, at shape 0, at mean 0, or at an infinite mean.
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
    all_mean: str | None = None
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
            quantity=self.shape,
        )
        mean = {"parameter": f"{self.shape}/{self.rate}"}
        zero = NO_LIMIT if self.no_mean is None else Limit(-MEAN_LIMIT, self.no_mean, mean)
        infinite = NO_LIMIT if self.all_mean is None else Limit(MEAN_LIMIT, self.all_mean, mean)
        return spread, Coordinate(f"log mean {self.of}", zero, infinite, quantity=f"mean {self.of}")

    def to_logs(self, u: Array) -> Array:
        return np.array([u[0], u[0] - u[1] - math.log(self.events)])

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
            quantity=f"{self.a} + {self.b}",
        )
        mean = {"parameter": f"{self.a}/({self.a}+{self.b})"}
        ends = Limit(-MEAN_LIMIT, self.no_mean, mean), Limit(MEAN_LIMIT, self.all_mean, mean)
        return spread, Coordinate(f"logit mean {self.of}", *ends, quantity=f"mean {self.of}")

    def to_logs(self, u: Array) -> Array:
        return np.array([u[0] + log_expit(u[1]), u[0] + log_expit(-u[1])])

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
    no_aging, all_aging, no_variation, all_variation, no_mean, all_mean : str
        Codes of the findings of a fit that ends at b = 0, at an infinite b, at an infinite shape, at shape 0, at mean
        0, or at an infinite mean.
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
    all_mean: str

    real: ClassVar[bool] = False

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.pace, self.shape, self.rate)

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        mean = {"parameter": f"{self.pace} {self.shape}/{self.rate}"}
        return (
            Coordinate(
                f"log {self.pace}",
                Limit(-SPREAD_LIMIT, self.no_aging, {"parameter": self.pace}),
                Limit(SPREAD_LIMIT, self.all_aging, {"parameter": self.pace}),
                quantity=self.pace,
            ),
            Coordinate(
                f"log {self.shape}",
                Limit(-SPREAD_LIMIT, self.all_variation, {"parameter": self.shape}),
                Limit(SPREAD_LIMIT, self.no_variation, {"parameter": self.shape}),
                quantity=self.shape,
            ),
            Coordinate(
                f"log mean {self.of}",
                Limit(-MEAN_LIMIT, self.no_mean, mean),
                Limit(MEAN_LIMIT, self.all_mean, mean),
                quantity=f"mean {self.of}",
            ),
        )

    def to_logs(self, u: Array) -> Array:
        return np.array([u[0], u[1], u[0] + u[1] - u[2]])

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
