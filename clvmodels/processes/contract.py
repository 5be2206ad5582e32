"""The definition of a process: a frozen record of functions whose parameters broadcast.

A parameter may be a scalar, one value per customer (n,), or a column of draws (draws, 1); statistics have shape (n,);
results have the broadcast shape. A fit searches in *coordinates*: see coordinates.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from clvmodels.processes.coordinates import Array, Parametrization

__all__ = [
    "AnyProcess",
    "Array",
    "DrawnOrders",
    "Future",
    "History",
    "PurchaseProcess",
    "Score",
    "SpendProcess",
    "Totals",
]

NEGLIGIBLE_EXPONENT = 45.0  # sums over all time leave out purchases that are discounted to e^-45 or less


class Score(NamedTuple):
    """Log-likelihood of each row (n,), and its gradient (k, n) in the logarithms of the parameters.

    For a coefficient of a covariate, which may be negative, it is the derivative by the coefficient itself.
    """

    log_likelihood: Array
    gradient: Array


class Totals(NamedTuple):
    """Log-likelihood of many rows together, its gradient (k,) and, if requested, its curvature.

    Derivatives are by the logarithms of the parameters, as for `Score`. hessian (k, k); scores () -> (k, m): the score
    of each row, computed when the function is called.
    """

    log_likelihood: float
    gradient: Array
    hessian: Array | None = None
    scores: Callable[[], Array] | None = None


class History(NamedTuple):
    """Simulated customers.

    x, t_x, active (n,): repeat purchases, time of the last, whether still active at T. customer, time (m,): the
    customer of each repeat purchase, and its time after the first purchase. levels: what was drawn for each customer
    (n,): rates and probabilities, named as by `posterior_means`, or the lifetime; empty for some processes.
    """

    x: Array
    t_x: Array
    active: npt.NDArray[np.bool_]
    customer: npt.NDArray[np.intp]
    time: Array
    levels: Mapping[str, Array] = MappingProxyType({})


class Future(NamedTuple):
    """Drawn futures: the number of purchases, and their total discounted worth; both of the broadcast shape."""

    purchases: Array
    worth: Array


class DrawnOrders(NamedTuple):
    """Drawn futures of n customers in detail.

    customer, time (m,): the customer of each order, by position, and its time after T. leaves (n,): when a customer
    stops being active, after T; 0 for customers who are gone at T, at least h for those who stay that long.
    """

    customer: npt.NDArray[np.intp]
    time: Array
    leaves: Array


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
        Starting values of a search, in the unit of T.
    more_starts : function (x, t_x, T) -> list of Parameters, optional
        Starting values that are tried as well if the best of `starts` leads to a maximum where a coordinate is poorly
        determined, as with few customers or weak dropout.
    state : sequence of str
        Columns of the RFM on which the future of an active customer depends; there are far fewer of these rows.
    probability_alive : function (p, x, t_x, T)
        P(still active at T), given the history.
    survival_if_active : function (p, h, *state)
        P(still active at T + h) of a customer active at T; here and below, h is a number or one per customer (n,).
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
        Draw what customers do in (T, T + h], given which of them are active at T, as `Future`.
    posterior_means : function (p, x, t_x, T)
        Means of what varies between customers, given the history, by name: purchase_rate or purchase_probability,
        dropout_rate or dropout_probability.
    simulate : function (p, T, generator)
        Histories of new customers observed for T, as `History`.
    quantities : function (p)
        Summary quantities of the process, by name, such as "mean purchase rate": the means over new customers of what
        `posterior_means` returns, and times that follow from them.
    quantity_powers : dict of str to int
        Power of the unit of time by which each of the `quantities` scales: -1 for a rate, 1 for a time, 0 for a
        probability.
    moves : dict of str to (str, float)
        What covariates may act on (purchase, dropout, dropout_spread): the coordinate that they shift, and the sign of
        an increase.
    prepare : function (x, t_x, T, alike=None) -> function (p) -> Score, optional
        The score of fixed rows, for processes that can compute something once for all parameters. Parameters may have
        one value per row; rows with the same integer in `alike` then share their values.
    totals : function (weights, x, t_x, T) -> function (p, curved) -> Totals, optional
        The weighted sum of the rows' scores, for processes where the sum is cheaper than the parts; for parameters that
        all rows share. If `curved` is True, with the Hessian and the scores of the rows.
    totals_split_rows : bool
        Whether `totals` takes all rows at once and splits them itself, because rows share work.
    both_if_active : function (p, h, delta, *state), optional
        `purchases_if_active` and `discounted_if_active` together, (2, n), for processes where one computation gives
        both.
    purchases_under_draws : function (p, h, *state), optional
        `purchases_if_active` under draws of the parameters, each a column (draws, 1), as (draws, n), for processes
        where all draws at once take less time than one after the other.
    buys_between_if_active : function (p, start, end, *state), optional
        P(any purchase in (T + start, T + end]) of a customer active at T, for 0 <= start <= end.
    draw_orders_if_active : function (p, h, *state, active, generator) -> DrawnOrders, optional
        Draw the times at which n customers buy in (T, T + h], and when they leave, given who is active at T (n,).
    sample_mean_if_active : function (p, h, delta, *state, generator), optional
        Draw the rates of customers active at T, and return the purchases expected in (T, T + h] at these rates, each
        worth exp(-delta tau).
    exceedances_if_active : function (p, h, *state) -> iterator of arrays, optional
        P(more than k purchases in (T, T + h]) of a customer active at T for k = 0, 1, 2, ..., without end, for
        processes where one follows quickly from the one before. Default: sums of `pmf_if_active`.
    elementary : bool
        Whether computing P(alive) for each customer is cheaper than finding customers with the same history.
    discrete : bool
        Whether time is counted in opportunities to buy, at each of which a customer buys once or not at all. The number
        of opportunities `n` then takes the place of T, and a time means the whole opportunities within it.
    one_time_buyers_stay : bool
        Whether customers can leave only after a repeat purchase, so that those who bought once are certainly active and
        the share of customers who are gone means little.
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
    quantity_powers: dict[str, int]
    moves: dict[str, tuple[str, float]]
    more_starts: Callable[..., list[Any]] | None = None
    prepare: Callable[..., Callable[[Any], Score]] | None = None
    totals: Callable[..., Callable[[Any, bool], Totals]] | None = None
    totals_split_rows: bool = False
    both_if_active: Callable[..., Array] | None = None
    purchases_under_draws: Callable[..., Array] | None = None
    buys_between_if_active: Callable[..., Array] | None = None
    draw_orders_if_active: Callable[..., DrawnOrders] | None = None
    exceedances_if_active: Callable[..., Iterator[Array]] | None = None
    sample_mean_if_active: Callable[..., Array] | None = None
    elementary: bool = False
    discrete: bool = False
    one_time_buyers_stay: bool = False

    def __repr__(self) -> str:
        return f"PurchaseProcess({self.title})"

    def expected_purchases(self, p: Any, h: Array | float, *statistics: Array) -> Array:
        """Return the expected purchases in (T, T + h] given the history."""
        return self.probability_alive(p, *statistics) * self.purchases_if_active(p, h, *self._state(statistics))

    def survival(self, p: Any, h: Array | float, *statistics: Array) -> Array:
        """Return P(still active at T + h) given the history to T."""
        return self.probability_alive(p, *statistics) * self.survival_if_active(p, h, *self._state(statistics))

    def residual_discounted_if_active(self, p: Any, delta: float, *state: Array) -> Array:
        """Return the expected purchases ever after T of a customer active at T, each worth exp(-delta tau); delta >= 0.

        Times P(alive), these are the discounted expected residual transactions (DERT) of Fader, Hardie & Lee (2005),
        "RFM and CLV", Journal of Marketing Research 42(4), 415-430.
        """
        if delta == 0:
            return self.residual_if_active(p, *state)
        return self.discounted_if_active(p, NEGLIGIBLE_EXPONENT / delta, delta, *state)

    def purchases_and_worth_if_active(self, p: Any, h: Array | float, delta: float, *state: Array) -> Array:
        """Return the expected purchases in (T, T + h] of a customer active at T, and the same discounted, (2, n)."""
        if self.both_if_active is not None:
            return self.both_if_active(p, h, delta, *state)
        return np.stack([self.purchases_if_active(p, h, *state), self.discounted_if_active(p, h, delta, *state)])

    def discounted_purchases(self, p: Any, h: float, delta: float, *statistics: Array) -> Array:
        """Return expected purchases in (T, T + h] given the history, each purchase worth exp(-delta tau)."""
        alive = self.probability_alive(p, *statistics)
        return alive * self.discounted_if_active(p, h, delta, *self._state(statistics))

    def pmf(self, p: Any, k: Array, h: Array | float, *statistics: Array) -> Array:
        """Return P(exactly k purchases in (T, T + h]) given the history."""
        alive = self.probability_alive(p, *statistics)
        active = self.pmf_if_active(p, k, h, *self._state(statistics))
        answer: Array = alive * active + np.where(np.equal(k, 0), 1 - alive, 0.0)
        return answer

    def exceedances(self, p: Any, h: float, *state: Array) -> Iterator[Array]:
        """Yield P(more than k purchases in (T, T + h]) of a customer active at T, for k = 0, 1, 2, ..., without end."""
        if self.exceedances_if_active is not None:
            yield from self.exceedances_if_active(p, h, *state)
        beyond: Array = np.ones(())
        for k in itertools.count():
            beyond = np.maximum(beyond - self.pmf_if_active(p, np.asarray(float(k)), h, *state), 0.0)
            yield beyond

    def mean_purchases(self, p: Any, t: Array) -> Array:
        """Return the expected repeat purchases by t of a new customer, who has no history yet."""
        return self.expected_purchases(p, t, *self._no_history(np.shape(t)))

    def new_customer_pmf(self, p: Any, k: Array, t: Array | float) -> Array:
        """Return P(a new customer makes exactly k repeat purchases by t)."""
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
        (count, mean): the number of purchases that the mean is over, and the mean.
    log_likelihood, score, starts
        As for a purchase process.
    mean_exists : function (p, count)
        Whether the conditional expectation is finite.
    expected_spend, median_spend : function (p, count, mean)
        Mean and median of a customer's mean spend per purchase, given the history; count 0 gives the population's.
    simulate : function (p, count, generator)
        Mean spend over `count` purchases of new customers.
    simulate_orders : function (p, customer, customers, generator)
        Spend of each order of new customers, given the customer of each order.
    sample_spend : function (p, purchases, count, mean, generator)
        Total spend over the given number of further purchases, given the history.
    sample_mean_spend : function (p, count, mean, generator), optional
        Draw each customer's mean spend per purchase, given the history.
    sample_orders : function (p, customer, count, mean, generator), optional
        Draw the spend of each further order (m,), given its customer by position (m,) and the histories (n,).
    moves, more_starts, prepare, totals, totals_split_rows
        As for a purchase process: spend.
    total_law : function (p, purchases, count, mean) -> (scale, a, b), optional
        Total spend over further purchases, given the history, as a scale times BetaPrime(a, b).
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
    more_starts: Callable[..., list[Any]] | None = None
    prepare: Callable[..., Callable[[Any], Score]] | None = None
    totals: Callable[..., Callable[[Any, bool], Totals]] | None = None
    totals_split_rows: bool = False
    total_law: Callable[..., tuple[Array, Array, Array]] | None = None
    sample_orders: Callable[..., Array] | None = None
    sample_mean_spend: Callable[..., Array] | None = None


Process = PurchaseProcess | SpendProcess


AnyProcess = TypeVar("AnyProcess", PurchaseProcess, SpendProcess)
