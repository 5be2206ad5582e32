"""The log-likelihood of counted rows as a function of coordinates: evaluated in blocks, summed in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, partial
from threading import Lock
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from clvmodels.processes.contract import Array, Process, Score, Totals
from clvmodels.processes.coordinates import Parametrization
from clvmodels.processes.threads import in_threads, one_by_one

__all__ = [
    "Objective",
    "ParameterPenalty",
    "Penalty",
    "Prior",
    "one_blas_thread",
]

# Rows evaluated at once, which fixes the order of summation. Small blocks fit the cache; many rows are split into
# larger blocks, each for one thread.
MANY_ROWS, BLOCK, LARGE_BLOCK = 2**18, 2**14, 2**16
STEP = 2e-6  # step of differences of the score; about the relative error of the curvature
JACOBIAN_STEP = 1e-6  # step of differences of the Jacobian; slopes that vanish at a maximum multiply the error


class Penalty(Protocol):
    """A term that is added to a log-likelihood, as a function of the coordinates (k,)."""

    def log_density(self, u: Array) -> float: ...
    def gradient(self, u: Array) -> Array: ...
    def curvature(self, u: Array) -> Array: ...
    def times(self, share: float) -> Penalty: ...


@dataclass(frozen=True, slots=True)
class Prior:
    """Independent normal priors on coordinates; since these are unit-free, so are the priors.

    Attributes
    ----------
    mean, precision : arrays (k,)
        Precision is one over the squared standard deviation; 0 for a flat prior.
    """

    mean: Array
    precision: Array

    def log_density(self, u: Array) -> float:
        """Return the log density at coordinates (k,), up to a constant."""
        return -0.5 * float(np.sum(self.precision * (u - self.mean) ** 2))

    def times(self, share: float) -> Prior:
        """Return the prior scaled to a sample with this share of the data."""
        return Prior(self.mean, self.precision * share)

    def gradient(self, u: Array) -> Array:
        return -self.precision * (u - self.mean)

    def curvature(self, u: Array) -> Array:
        """Return the second derivatives (k, k) of the log density."""
        return -np.diag(self.precision)


@dataclass(frozen=True, slots=True)
class ParameterPenalty:
    """A weighted sum of squared parameters, subtracted from the log-likelihood (ridge).

    Attributes
    ----------
    form : Parametrization
    unit : float
        Length of the coordinates' scale in the user's unit.
    weights : array (k,)
        Weight of each squared parameter, in the user's unit.
    """

    form: Parametrization
    unit: float
    weights: Array

    def log_density(self, u: Array) -> float:
        """Return minus the penalty at coordinates (k,)."""
        return -float(np.sum(self._squares(u)))

    def gradient(self, u: Array) -> Array:
        gradient: Array = -2 * self._squares(u) @ self.form.jacobian(u)
        return gradient

    def curvature(self, u: Array) -> Array:
        """Return the second derivatives (k, k) of minus the penalty."""
        squares, jacobian = self._squares(u), self.form.jacobian(u)
        curvature: Array = -4 * (jacobian.T * squares) @ jacobian + _bend(self.form, u, -2 * squares)
        return 0.5 * (curvature + curvature.T)

    def times(self, share: float) -> ParameterPenalty:
        """Return the penalty scaled to a sample with this share of the data."""
        return ParameterPenalty(self.form, self.unit, self.weights * share)

    def _squares(self, u: Array) -> Array:
        with np.errstate(over="ignore"):
            squares: Array = self.weights * self.form.parameters_at(u, self.unit) ** 2
        return squares


def _bend(form: Parametrization, u: Array, slopes: Array) -> Array:
    """Return the curvature (k, k) from second derivatives of the log parameters; `slopes` are derivatives by them."""
    around = form.jacobian(u[:, None] + JACOBIAN_STEP * np.eye(len(u)))  # one point per column
    bent: Array = np.tensordot(slopes, around - form.jacobian(u)[..., None], axes=1).T / JACOBIAN_STEP
    return bent


class Objective:
    """Log-likelihood of counted rows plus the log prior, with its gradient, in unit-free coordinates.

    Parameters
    ----------
    process : PurchaseProcess or SpendProcess
    columns : sequence of arrays (m,)
        Statistics in the user's unit.
    counts : array (m,)
    unit : float
        Length of the coordinates' scale in the user's unit.
    prior : Penalty

    Attributes
    ----------
    evaluations : int
        Number of evaluations of the likelihood so far.
    """

    def __init__(self, process: Process, columns: Sequence[Array], counts: Array, unit: float, prior: Penalty) -> None:
        self.prior = prior
        self.evaluations = 0
        self._process = process
        self._unit = unit
        size = BLOCK if len(counts) < MANY_ROWS else LARGE_BLOCK
        if process.totals is not None and process.totals_split_rows:
            size = max(len(counts), 1)
        edges = range(0, len(counts), size)
        self._blocks = [([column[i : i + size] for column in columns], counts[i : i + size]) for i in edges]
        self._curved = process.totals is not None
        self._scored: tuple[Array, list[Callable[[], Array]]] | None = (
            None  # coordinates of the last Hessian, and scores there
        )
        self._totals: list[Callable[[Any, bool], Totals]]
        if process.totals is None:
            self._totals = [partial(_sum_scores, score, weights) for score, weights in self._scores]
        else:
            self._totals = [process.totals(weights, *block) for block, weights in self._blocks]
        self._each: Callable[..., list[Any]] = in_threads if size == LARGE_BLOCK else one_by_one

    @cached_property
    def _scores(self) -> list[tuple[Callable[[Any], Score], Array]]:
        """The score of each block's rows as a function of the parameters, and their counts."""
        prepare = self._process.prepare or partial(_prepare_blocks, self._process)
        return [(prepare(*block), counts) for block, counts in self._blocks]

    def __call__(self, u: Array) -> tuple[float, Array]:
        """Return log-likelihood and gradient (k,) at coordinates (k,); -inf and 0 where they are not finite."""
        self.evaluations += 1
        parts = self._total(u, curved=False)
        value = sum(part.log_likelihood for part in parts)
        gradient = np.sum([part.gradient for part in parts], axis=0) @ self._process.parametrization.jacobian(u)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            return -np.inf, np.zeros(len(u))
        return value + self.prior.log_density(u), gradient + self.prior.gradient(u)

    def hessian(self, u: Array, free: npt.NDArray[np.bool_], gradient: Array | None = None) -> Array:
        """Return second derivatives (k, k), 0 where not free: exact ones, or differences of the gradient."""
        hessian = self._curvature(u) if self._curved else self._differences(u, free, gradient)
        symmetric: Array = 0.5 * (hessian + hessian.T) * np.outer(free, free)
        return symmetric

    def _differences(self, u: Array, free: npt.NDArray[np.bool_], gradient: Array | None) -> Array:
        hessian = np.zeros((len(u), len(u)))
        if gradient is None:
            gradient = self(u)[1]
        for i in np.flatnonzero(free):
            shift = np.zeros(len(u))
            shift[i] = STEP
            hessian[i] = (self(u + shift)[1] - gradient) / STEP
        return hessian

    def _curvature(self, u: Array) -> Array:
        """Return the Hessian from second derivatives by log parameters, and from those of log parameters by u."""
        self.evaluations += 1
        parts, form = self._total(u, curved=True), self._process.parametrization
        jacobian, slopes = form.jacobian(u), np.sum([part.gradient for part in parts], axis=0)
        inner = np.sum([part.hessian for part in parts if part.hessian is not None], axis=0)
        self._scored = u, [part.scores for part in parts if part.scores is not None]
        hessian: Array = jacobian.T @ inner @ jacobian + _bend(form, u, slopes)
        return hessian + self.prior.curvature(u)

    def outer_product(self, u: Array) -> Array:
        """Return the sum over customers of the outer products of their scores by the coordinates, (k, k)."""
        parameters, jacobian = self._parameters(u), self._process.parametrization.jacobian(u)
        each: list[Callable[[], Array]]
        if self._scored is not None and np.array_equal(self._scored[0], u):
            each = self._scored[1]
        else:
            each = [partial(_gradient, score, parameters) for score, _ in self._scores]

        def product(block: tuple[Callable[[], Array], Array]) -> Array:
            scores, counts = block
            with np.errstate(all="ignore"):
                gradient = scores()
            summed: Array = (gradient * counts) @ gradient.T
            return summed

        parts = self._each(product, zip(each, (counts for _, counts in self._blocks), strict=True))
        outer: Array = jacobian.T @ np.sum(parts, axis=0) @ jacobian
        return outer

    def _total(self, u: Array, curved: bool) -> list[Totals]:
        """Return the totals of each block of rows."""
        parameters = self._parameters(u)

        def evaluate(totals: Callable[[Any, bool], Totals]) -> Totals:
            with np.errstate(all="ignore"):  # the caller rejects extreme points
                return totals(parameters, curved)

        return self._each(evaluate, self._totals)

    def _parameters(self, u: Array) -> Any:
        return self._process.Parameters(*self._process.parametrization.parameters_at(u, self._unit))


def _prepare_blocks(process: Process, *columns: Array) -> Callable[[Any], Score]:
    return lambda p: process.score(p, *columns)


def _gradient(score: Callable[[Any], Score], p: Any) -> Array:
    return score(p).gradient


def _sum_scores(score: Callable[[Any], Score], counts: Array, p: Any, curved: bool) -> Totals:  # noqa: ARG001  # as `totals` of a process
    """Return totals from the score of each row, without the Hessian."""
    rows = score(p)
    value = float(np.sum(counts * rows.log_likelihood))
    return Totals(value, np.sum(counts * rows.gradient, axis=-1), None)


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


class _BlasLimit:
    """A limit of one BLAS thread for as long as anybody needs it: calls on several threads overlap."""

    def __init__(self) -> None:
        self._lock, self._users = Lock(), 0
        self._limit: Any = None

    @contextmanager
    def hold(self) -> Iterator[None]:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._limit = _thread_pools().limit(limits=1, user_api="blas")
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._limit.restore_original_limits()


BLAS_LIMIT = _BlasLimit()


def one_blas_thread() -> AbstractContextManager[None]:
    """Limit BLAS to one thread.

    On small matrices its threads only compete with those of `in_threads`; and long sums have other last bits on several
    threads, so that they would depend on what else is running.
    """
    return BLAS_LIMIT.hold()
