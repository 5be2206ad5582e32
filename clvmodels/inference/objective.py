"""The log-likelihood of counted rows as a function of coordinates: evaluated in blocks, summed in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, partial
from threading import current_thread
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from clvmodels.processes.contract import Array, Process, Score, Totals

__all__ = ["Objective", "Prior", "in_threads", "meanwhile", "one_blas_thread"]

# Rows evaluated at once, which fixes the order of summation: few rows stay in the cache; of many, threads share blocks
# large enough to pay.
MANY_ROWS, BLOCK, LARGE_BLOCK = 2**18, 2**14, 2**16
STEP = 2e-6  # of the differences of the score: an error of about so much of the curvature

JACOBIAN_STEP = 1e-6  # of its differences, good to as much, which counts for nothing where the slopes vanish

PROCESSORS = os.cpu_count() or 1
POOL = "clvmodels"

Item = TypeVar("Item")
Returned = TypeVar("Returned")


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
        """Up to a constant."""
        return -0.5 * float(np.sum(self.precision * (u - self.mean) ** 2))

    def times(self, share: float) -> Prior:
        """The prior's part in a sample that stands for so much of the data."""
        return Prior(self.mean, self.precision * share)

    def gradient(self, u: Array) -> Array:
        return -self.precision * (u - self.mean)


class Objective:
    """Log-likelihood of counted rows with its gradient, in unit-free coordinates; plus a log prior, if there is one.

    Parameters
    ----------
    process : PurchaseProcess or SpendProcess
    columns : sequence of arrays (m,)
        Statistics in the user's unit.
    counts : array (m,)
    unit : float
        Length of the coordinates' scale in the user's unit.
    prior : Prior
    """

    def __init__(self, process: Process, columns: Sequence[Array], counts: Array, unit: float, prior: Prior) -> None:
        self.prior = prior
        self.evaluations = 0
        self._process = process
        self._unit = unit
        size = BLOCK if len(counts) < MANY_ROWS else LARGE_BLOCK
        edges = range(0, len(counts), size)
        prepare = process.prepare or partial(_prepared, process)
        blocks = [([column[i : i + size] for column in columns], counts[i : i + size]) for i in edges]
        self._scores = [(prepare(*block), weights) for block, weights in blocks]
        self._curved = process.totals is not None
        self._scored: tuple[Array, list[Callable[[], Array]]] | None = None  # with the last Hessian: where, and scores
        self._totals: list[Callable[[Any, bool], Totals]]
        if process.totals is None:
            self._totals = [partial(_added_up, score, weights) for score, weights in self._scores]
        else:
            self._totals = [process.totals(weights, *block) for block, weights in blocks]
        self._each: Callable[..., list[Any]] = one_by_one if size == BLOCK else in_threads

    def __call__(self, u: Array) -> tuple[float, Array]:
        """Log-likelihood and gradient (k,) at coordinates (k,); -inf where it is not finite."""
        self.evaluations += 1
        parts = self._total(u, curved=False)
        value = sum(part.log_likelihood for part in parts)
        gradient = np.sum([part.gradient for part in parts], axis=0) @ self._process.parametrization.jacobian(u)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            return -np.inf, np.zeros(len(u))
        return value + self.prior.log_density(u), gradient + self.prior.gradient(u)

    def hessian(self, u: Array, free: npt.NDArray[np.bool_], gradient: Array | None = None) -> Array:
        """Second derivatives (k, k), 0 where not free: exact, or differences of the gradient."""
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
        """From second derivatives by the logarithms of the parameters, and how these bend as functions of u."""
        self.evaluations += 1
        parts, form = self._total(u, curved=True), self._process.parametrization
        jacobian, slopes = form.jacobian(u), np.sum([part.gradient for part in parts], axis=0)
        inner = np.sum([part.hessian for part in parts if part.hessian is not None], axis=0)
        around = form.jacobian(u[:, None] + JACOBIAN_STEP * np.eye(len(u)))  # a point a column
        bent = np.tensordot(slopes, around - jacobian[..., None], axes=1).T
        self._scored = u, [part.scores for part in parts if part.scores is not None]
        hessian: Array = jacobian.T @ inner @ jacobian + bent / JACOBIAN_STEP
        return hessian - np.diag(self.prior.precision)

    def outer_product(self, u: Array) -> Array:
        """Sum over customers of the outer products of their scores by the coordinates, (k, k)."""
        parameters, jacobian = self._parameters(u), self._process.parametrization.jacobian(u)
        each: list[Callable[[], Array]] = [partial(_gradient, score, parameters) for score, _ in self._scores]
        if self._scored is not None and np.array_equal(self._scored[0], u):
            each = self._scored[1]

        def product(block: tuple[Callable[[], Array], Array]) -> Array:
            scores, counts = block
            with np.errstate(all="ignore"):
                gradient = scores()
            summed: Array = (gradient * counts) @ gradient.T
            return summed

        parts = self._each(product, zip(each, (counts for _, counts in self._scores), strict=True))
        outer: Array = jacobian.T @ np.sum(parts, axis=0) @ jacobian
        return outer

    def _total(self, u: Array, curved: bool) -> list[Totals]:
        """The totals of each block of rows."""
        parameters = self._parameters(u)

        def evaluate(totals: Callable[[Any, bool], Totals]) -> Totals:
            with np.errstate(all="ignore"):  # a point too far out is refused by the caller
                return totals(parameters, curved)

        return self._each(evaluate, self._totals)

    def _parameters(self, u: Array) -> Any:
        return self._process.Parameters(*self._process.parametrization.parameters_at(u, self._unit))


def _prepared(process: Process, *columns: Array) -> Callable[[Any], Score]:
    return lambda p: process.score(p, *columns)


def _gradient(score: Callable[[Any], Score], p: Any) -> Array:
    return score(p).gradient


def _added_up(score: Callable[[Any], Score], counts: Array, p: Any, curved: bool) -> Totals:  # noqa: ARG001  # as `totals` of a process
    """Totals from the score of each row, without the Hessian."""
    found = score(p)
    value = float(np.sum(counts * found.log_likelihood))
    return Totals(value, np.sum(counts * found.gradient, axis=-1), None)


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[Any]:
    """Keep BLAS to one thread: on matrices of a few rows its threads only fight those of `in_threads`."""
    limited: AbstractContextManager[Any] = _thread_pools().limit(limits=1, user_api="blas")
    return limited


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads that are started once; a forked process starts its own."""
    os.register_at_fork(after_in_child=_pool.cache_clear)
    return ThreadPoolExecutor(PROCESSORS, thread_name_prefix=POOL)


def one_by_one(function: Callable[[Item], Returned], items: Iterable[Item]) -> list[Returned]:
    """Apply a function to each item, in order."""
    return [function(item) for item in items]


def in_threads(function: Callable[[Item], Returned], items: Iterable[Item]) -> list[Returned]:
    """Apply a function to each item, in order; on as many threads as there are processors (numpy releases the lock)."""
    items = list(items)
    if len(items) < 2 or _alone():
        return one_by_one(function, items)
    return list(_pool().map(function, items))


def meanwhile(function: Callable[[], Returned]) -> Callable[[], Returned]:
    """Start a function on another thread, if there is one; what comes back waits for its answer."""
    return function if _alone() else _pool().submit(function).result


def _alone() -> bool:
    """Whether no other thread may help: there is one processor, or this is a thread that helps already."""
    return PROCESSORS < 2 or current_thread().name.startswith(POOL)
