"""What a process is: a frozen record of functions whose parameters broadcast.

A parameter may be a scalar, one value a customer (n,), or a column of draws (draws, 1); statistics have shape (n,);
answers have the broadcast shape. A fit searches in *coordinates*, which the blocks below define: each source of
heterogeneity is told by its mean and its spread, since these are what data identify, what covariates move, and where
the limits lie that a fit can run into.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

__all__ = [
    "PURCHASE_RATE",
    "Array",
    "BetaBlock",
    "Block",
    "CoefficientBlock",
    "Future",
    "GammaBlock",
    "GompertzBlock",
    "History",
    "Limit",
    "PositiveBlock",
    "PurchaseProcess",
    "Score",
    "SpendProcess",
]

Array = npt.NDArray[np.float64]
SPREAD_LIMIT = (
    12.0  # on a log scale: beyond e^12 a mixing distribution is a point for any data, below e^-12 all or nothing
)
MEAN_LIMIT = 16.0
WORTHLESS = 45.0  # purchases worth e^-45 or less are left out of what is told for all times


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


class Score(NamedTuple):
    """Log-likelihood of each row (n,), and its gradient (k, n) in the logarithms of the parameters.

    By a coefficient, which may be negative, it is the plain derivative.
    """

    log_likelihood: Array
    gradient: Array


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
        logs = self.to_logs(u) + self.log_scale(unit).reshape(-1, *[1] * (u.ndim - 1))
        values: Array = np.exp(np.where(self.real.reshape(-1, *[1] * (u.ndim - 1)), 0.0, logs))
        values[self.real] = logs[self.real]
        return values

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


class History(NamedTuple):
    """Simulated customers.

    x, t_x, active (n,): repeat purchases, time of the last, whether still active at T. customer, time (m,): who made
    each repeat purchase, and when after the first.
    """

    x: Array
    t_x: Array
    active: npt.NDArray[np.bool_]
    customer: npt.NDArray[np.intp]
    time: Array


class Future(NamedTuple):
    """Drawn futures: purchases, and what they are worth together once discounted; both of the broadcast shape."""

    purchases: Array
    worth: Array


@dataclass(frozen=True, slots=True)
class PurchaseProcess:
    """When a customer buys and drops out.

    Every function takes the parameters first, as a named tuple of `Parameters`, and the statistics last, in the order
    of `statistics`. Times are in the clock's unit.

    Attributes
    ----------
    name, title : str
        Such as "bgnbd" and "BG/NBD".
    source : str
        The paper that introduced it.
    Parameters : type
        Named tuple of the parameters, named as in the paper.
    parametrization : Parametrization
    statistics : sequence of str
        Columns of the RFM that the likelihood reads.
    log_likelihood, score : function (p, x, t_x, T)
        Log-likelihood of each row (n,); the same with its gradient, as `Score`.
    starts : function (x, t_x, T) -> list of Parameters
        Where to start a search, in the unit T is told in.
    state : sequence of str
        Columns of the RFM on which the future of an active customer depends; there are far fewer of these rows.
    probability_alive : function (p, x, t_x, T)
        P(still active at T), given the history.
    survival_if_active : function (p, h, *state)
        P(still active at T + h) of a customer active at T; h is one number for all rows, here and below.
    purchases_if_active : function (p, h, *state)
        Expected purchases in (T, T + h] of a customer active at T.
    discounted_if_active : function (p, h, delta, *state)
        The same with each purchase worth exp(-delta tau).
    residual_if_active : function (p, *state)
        Expected purchases ever after T of a customer active at T; infinite where no mean exists.
    intensity_if_active : function (p, tau, *state)
        Expected purchases per unit of time, tau after T, of a customer active at T; of a discrete process at the
        opportunity that tau falls in, of those that end at T + 1, T + 2, ...
    pmf_if_active : function (p, k, h, *state)
        P(exactly k purchases in (T, T + h]) of a customer active at T.
    sample_if_active : function (p, h, delta, *state, active, generator)
        What customers do in (T, T + h], given who is active at T, as `Future`.
    posterior_means : function (p, x, t_x, T)
        Means of what varies between customers, given the history, by name: purchase_rate or purchase_probability,
        dropout_rate or dropout_probability.
    simulate : function (p, T, generator)
        Histories of new customers observed for T, as `History`.
    quantities : function (p)
        What people quote of the process, by name: of what `posterior_means` tells, the mean over new customers
        ("mean purchase rate"). A name that ends in "rate" is per unit of time; one with "time" in it is a time.
    moves : dict of str to (str, float)
        What covariates may act on (purchase, dropout, dropout_spread), the coordinate they then shift, and which way
        is more.
    prepare : function (x, t_x, T, alike=None) -> function (p) -> Score, optional
        The score of rows that stay the same, where something can be done once for all parameters. These may be one
        value a row, the same wherever `alike`, a whole number a row, is the same.
    discrete : bool
        Whether time is counted in opportunities to buy, at each of which a customer buys once or not at all. `n`, how
        many there were, then stands for T; whatever is told of a time is told of the whole opportunities within it.
    """

    name: str
    title: str
    source: str
    Parameters: type[Any]
    parametrization: Parametrization
    statistics: tuple[str, ...]
    log_likelihood: Callable[..., Array]
    score: Callable[..., Score]
    starts: Callable[..., list[Any]]
    state: tuple[str, ...]
    probability_alive: Callable[..., Array]
    survival_if_active: Callable[..., Array]
    purchases_if_active: Callable[..., Array]
    discounted_if_active: Callable[..., Array]
    residual_if_active: Callable[..., Array]
    intensity_if_active: Callable[..., Array]
    pmf_if_active: Callable[..., Array]
    sample_if_active: Callable[..., Future]
    posterior_means: Callable[..., dict[str, Array]]
    simulate: Callable[..., History]
    quantities: Callable[[Any], dict[str, Array]]
    moves: dict[str, tuple[str, float]]
    prepare: Callable[..., Callable[[Any], Score]] | None = None
    discrete: bool = False

    def __repr__(self) -> str:
        return f"PurchaseProcess({self.title})"

    def purchase_intensity(self, p: Any, tau: Array | float, *statistics: Array) -> Array:
        """Expected purchases per unit of time, tau after T, given the history; or at the opportunity tau falls in."""
        alive = self.probability_alive(p, *statistics)
        return alive * self.intensity_if_active(p, tau, *self._state(statistics))

    def expected_purchases(self, p: Any, h: Array | float, *statistics: Array) -> Array:
        """Expected purchases in (T, T + h] given the history: the intensity's integral, or sum over opportunities."""
        return self.probability_alive(p, *statistics) * self.purchases_if_active(p, h, *self._state(statistics))

    def survival(self, p: Any, h: Array | float, *statistics: Array) -> Array:
        """P(still active at T + h) given the history to T."""
        return self.probability_alive(p, *statistics) * self.survival_if_active(p, h, *self._state(statistics))

    def residual_discounted_if_active(self, p: Any, delta: float, *state: Array) -> Array:
        """Expected purchases ever after T of a customer active at T, each worth exp(-delta tau)."""
        if delta == 0:
            return self.residual_if_active(p, *state)
        return self.discounted_if_active(p, WORTHLESS / delta, delta, *state)

    def discounted_residual(self, p: Any, delta: float, *statistics: Array) -> Array:
        """Discounted expected residual transactions (DERT), given the history; delta >= 0.

        Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42(4), 415-430.
        """
        alive = self.probability_alive(p, *statistics)
        return alive * self.residual_discounted_if_active(p, delta, *self._state(statistics))

    def discounted_purchases(self, p: Any, h: float, delta: float, *statistics: Array) -> Array:
        """The same, each purchase worth exp(-delta tau)."""
        alive = self.probability_alive(p, *statistics)
        return alive * self.discounted_if_active(p, h, delta, *self._state(statistics))

    def pmf(self, p: Any, k: Array, h: Array | float, *statistics: Array) -> Array:
        """P(exactly k purchases in (T, T + h]) given the history."""
        alive = self.probability_alive(p, *statistics)
        active = self.pmf_if_active(p, k, h, *self._state(statistics))
        answer: Array = alive * active + np.where(np.equal(k, 0), 1 - alive, 0.0)
        return answer

    def mean_purchases(self, p: Any, t: Array) -> Array:
        """Expected repeat purchases by t of a new customer, whose history is nothing at all yet."""
        return self.expected_purchases(p, t, *self._no_history(np.shape(t)))

    def new_customer_pmf(self, p: Any, k: Array, t: Array | float) -> Array:
        """P(a new customer makes exactly k repeat purchases by t)."""
        return self.pmf(p, k, t, *self._no_history(np.broadcast_shapes(np.shape(k), np.shape(t))))

    def sample_future(
        self, p: Any, h: float, delta: float, *statistics: Array, generator: np.random.Generator
    ) -> Future:
        """Draw what customers do in (T, T + h], given their histories."""
        shape = np.broadcast_shapes(*map(np.shape, (*p, statistics[0])))
        active = generator.random(shape) < self.probability_alive(p, *statistics)
        return self.sample_if_active(p, h, delta, *self._state(statistics), active, generator)

    def _state(self, statistics: Sequence[Array]) -> list[Array]:
        return [statistics[self.statistics.index(name)] for name in self.state]

    def _no_history(self, shape: tuple[int, ...]) -> list[Array]:
        return [np.zeros(shape)] * len(self.statistics)


@dataclass(frozen=True, slots=True)
class SpendProcess:
    """What a customer spends per purchase.

    Attributes
    ----------
    statistics : sequence of str
        (count, mean): how many purchases the mean is over, and the mean.
    log_likelihood, score, starts
        As for a purchase process.
    mean_exists : function (p, count)
        Whether the conditional expectation is finite.
    expected_spend, median_spend : function (p, count, mean)
        Mean and median of a customer's mean spend per purchase, given the history; count 0 gives the population's.
    simulate : function (p, count, generator)
        Mean spend over `count` purchases of new customers.
    simulate_orders : function (p, customer, customers, generator)
        Spend of each order of new customers, given who made it.
    sample_spend : function (p, purchases, count, mean, generator)
        Total spend over so many further purchases, given the history.
    moves, prepare
        As for a purchase process: spend.
    """

    name: str
    title: str
    source: str
    Parameters: type[Any]
    parametrization: Parametrization
    statistics: tuple[str, ...]
    log_likelihood: Callable[..., Array]
    score: Callable[..., Score]
    starts: Callable[..., list[Any]]
    mean_exists: Callable[..., npt.NDArray[np.bool_]]
    expected_spend: Callable[..., Array]
    median_spend: Callable[..., Array]
    simulate: Callable[..., Array]
    simulate_orders: Callable[..., Array]
    sample_spend: Callable[..., Array]
    moves: dict[str, tuple[str, float]]
    prepare: Callable[..., Callable[[Any], Score]] | None = None


Process = PurchaseProcess | SpendProcess
