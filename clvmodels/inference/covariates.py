"""Covariates: a process whose parameters move with columns of numbers, told as a process again.

A column pulls a coordinate (the mean purchase rate, the mean dropout, mean spend) of each customer by its coefficient.
The result has the covariates among its statistics and the coefficients among its parameters, so it is fitted,
predicted, drawn and bootstrapped like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from clvmodels.inference.statistics import unique_rows
from clvmodels.processes.contract import AnyProcess, Array, Score, SpendProcess
from clvmodels.processes.coordinates import Block, CoefficientBlock, Parametrization

__all__ = ["Covariates", "Effect", "tuples_of", "with_covariates"]

FARTHEST = 15.0  # of the coefficient of a yes or no, beyond which no data tell it from infinity


@dataclass(frozen=True, slots=True)
class Effect:
    """A column's pull on a coordinate: `sign` times the coefficient times the column is added to it.

    Attributes
    ----------
    coordinate, column, coefficient : int
        Among the plain process's coordinates, the columns, and the coefficients.
    sign : float
    """

    coordinate: int
    column: int
    coefficient: int
    sign: float


@dataclass(frozen=True, slots=True)
class Covariates:
    """What moves what.

    Attributes
    ----------
    effects : sequence of Effect
    names : sequence of str
        Of the coefficients.
    center, scale : sequences of float
        Of the column that each coefficient is for. A fit searches in standardized columns, and the coordinates it
        moves are those of a customer at the center; parameters are told per unit, and for a customer whose columns
        are all 0.
    columns : sequence of str
        Names of the columns as statistics.
    """

    effects: tuple[Effect, ...]
    names: tuple[str, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Move:
    """The plain process's parameters for each customer, and derivatives by them as derivatives by one's own."""

    process: Any
    covariates: Covariates

    def parameters(self, p: Any, columns: Sequence[Array]) -> Any:
        plain = list(p[: self._known])
        for start, block, effects in self._moved_blocks():
            u, pull = self._coordinates(p, block, start, effects, columns)
            jacobian = block.jacobian(u)
            moved = np.exp(block.to_logs(u))
            for i in range(len(block.parameters)):
                if any(np.any(jacobian[i, j]) for j in pull):  # the others stay shared by all rows
                    plain[start + i] = moved[i]
        return self.process.Parameters(*plain)

    def gradient(self, p: Any, by_plain: Array, columns: Sequence[Array]) -> Array:
        """Derivatives (k, n) by the logarithms of the parameters at column 0, and by the coefficients."""
        gradient = list(by_plain)
        by_coefficient = [np.zeros(by_plain.shape[1:]) for _ in self.covariates.names]
        for start, block, effects in self._moved_blocks():
            stop = start + len(block.parameters)
            u, _ = self._coordinates(p, block, start, effects, columns)
            at_0 = block.jacobian(block.from_logs(np.log(np.array(p[start:stop], dtype=float))))
            by_u = np.einsum("ij...,i...->j...", block.jacobian(u), by_plain[start:stop])
            gradient[start:stop] = list(np.einsum("ji,j...->i...", np.linalg.inv(at_0), by_u))
            for effect in effects:
                pull = effect.sign * columns[effect.column]
                by_coefficient[effect.coefficient] = (
                    by_coefficient[effect.coefficient] + pull * by_u[effect.coordinate - start]
                )
        return np.stack(np.broadcast_arrays(*gradient, *by_coefficient))

    @property
    def _known(self) -> int:
        return len(self.process.parametrization.names)

    def _moved_blocks(self) -> list[tuple[int, Block, list[Effect]]]:
        found, start = [], 0
        for block in self.process.parametrization.blocks:
            stop = start + len(block.parameters)
            effects = [effect for effect in self.covariates.effects if start <= effect.coordinate < stop]
            if effects:
                found.append((start, block, effects))
            start = stop
        return found

    def _coordinates(
        self, p: Any, block: Block, start: int, effects: Sequence[Effect], columns: Sequence[Array]
    ) -> tuple[Array, set[int]]:
        """Coordinates of a block for each customer, and which of them are pulled."""
        logs = [np.log(np.asarray(value, dtype=float)) for value in p[start : start + len(block.parameters)]]
        u: list[Any] = list(block.from_logs(np.stack(np.broadcast_arrays(*logs))))
        for effect in effects:
            coefficient = p[self._known + effect.coefficient]
            u[effect.coordinate - start] = u[effect.coordinate - start] + (
                effect.sign * coefficient * columns[effect.column]
            )
        return np.stack(np.broadcast_arrays(*u)), {effect.coordinate - start for effect in effects}


def with_covariates(process: AnyProcess, covariates: Covariates) -> AnyProcess:
    """The process in which covariates move parameters; its statistics and state end with their columns."""
    move = _Move(process, covariates)
    extra: tuple[str, ...] = covariates.columns
    form: Parametrization = process.parametrization

    def adapt(function: Callable[..., Any], front: int, width: int) -> Callable[..., Any]:
        return partial(_moved, move, function, front, width)

    common: dict[str, Any] = {
        "Parameters": tuples_of(len(form.names) + len(covariates.names)),
        "parametrization": replace(
            form,
            blocks=(*form.blocks, CoefficientBlock(covariates.names, _reach(covariates))),
            mixing=_mixing(len(form.names), covariates),
        ),
        "statistics": (*process.statistics, *extra),
        "log_likelihood": adapt(process.log_likelihood, 0, len(process.statistics)),
        "score": partial(_score, move, len(process.statistics)),
        "starts": partial(_starts, move, len(process.statistics)),
        "totals": None,
        "prepare": process.prepare and partial(_prepare, move, len(process.statistics)),
    }
    if isinstance(process, SpendProcess):
        spend: dict[str, Any] = {
            "mean_exists": adapt(process.mean_exists, 0, 1),
            "expected_spend": adapt(process.expected_spend, 0, 2),
            "median_spend": adapt(process.median_spend, 0, 2),
            "simulate": partial(_simulated, move, process.simulate),
            "simulate_orders": partial(_simulated, move, process.simulate_orders),
            "sample_spend": adapt(process.sample_spend, 1, 2),
        }
        return replace(process, **common, **spend)
    state = len(process.state)
    purchases: dict[str, Any] = {
        "state": (*process.state, *extra),
        "probability_alive": adapt(process.probability_alive, 0, len(process.statistics)),
        "posterior_means": adapt(process.posterior_means, 0, len(process.statistics)),
        "survival_if_active": adapt(process.survival_if_active, 1, state),
        "purchases_if_active": adapt(process.purchases_if_active, 1, state),
        "discounted_if_active": adapt(process.discounted_if_active, 2, state),
        "both_if_active": process.both_if_active and adapt(process.both_if_active, 2, state),
        "residual_if_active": adapt(process.residual_if_active, 0, state),
        "intensity_if_active": adapt(process.intensity_if_active, 1, state),
        "pmf_if_active": adapt(process.pmf_if_active, 2, state),
        "sample_if_active": adapt(process.sample_if_active, 2, state),
        "simulate": partial(_simulated, move, process.simulate),
        "quantities": partial(_quantities, move),
    }
    return replace(process, **common, **purchases)


def tuples_of(size: int) -> type[Any]:
    """Tuples of so many parameters; they can be pickled, since they name nothing."""
    return partial(_tuple, size)  # type: ignore[return-value]


class _Values(tuple[Any, ...]):
    """Parameters in their order."""

    __slots__ = ()

    def _replace(self, **_: Any) -> Any:
        raise TypeError("parameters with covariates are replaced in the plain process")


def _tuple(size: int, *values: Any) -> _Values:
    assert len(values) == size, f"{size} parameters, not {len(values)}"
    return _Values(values)


def _moved(move: _Move, function: Callable[..., Any], front: int, width: int, p: Any, *arguments: Any) -> Any:
    """function(plain parameters of each customer, ...) of `front` arguments, `width` statistics, columns, the rest."""
    extra = len(move.covariates.columns)
    head, rest = arguments[:front], arguments[front + width + extra :]
    known, columns = arguments[front : front + width], arguments[front + width : front + width + extra]
    if np.shape(columns[0]) != (1,) or rest:
        return function(move.parameters(p, columns), *head, *known, *rest)
    # A single value would pass for one that all rows share, which is computed otherwise: two rows give the same bits.
    known, columns = (tuple(np.repeat(value, 2) for value in values) for values in (known, columns))
    told = function(move.parameters(p, columns), *head, *known)
    if isinstance(told, dict):
        return {name: value[..., :1] for name, value in told.items()}
    return told[..., :1]


def _score(move: _Move, width: int, p: Any, *statistics: Array) -> Score:
    columns = statistics[width:]
    found = move.process.score(move.parameters(p, columns), *statistics[:width])
    return Score(found.log_likelihood, move.gradient(p, found.gradient, columns))


def _prepare(move: _Move, width: int, *statistics: Array) -> Callable[[Any], Score]:
    """The score of rows that stay the same; customers with the same covariates have the same parameters."""
    known, columns = statistics[:width], statistics[width:]
    score = move.process.prepare(*known, unique_rows(columns).positions)

    def moved(p: Any) -> Score:
        found = score(move.parameters(p, columns))
        return Score(found.log_likelihood, move.gradient(p, found.gradient, columns))

    return moved


def _starts(move: _Move, width: int, *statistics: Array) -> list[Any]:
    """Those of the plain process, told at column 0, where the columns have no effect."""
    none = [np.zeros(())] * len(move.covariates.names)
    return [_Values((*start, *none)) for start in move.process.starts(*statistics[:width])]


def _simulated(move: _Move, function: Callable[..., Any], p: Any, *arguments: Any) -> Any:
    """Simulate customers: the arguments end with the columns."""
    extra = len(move.covariates.columns)
    return function(move.parameters(p, arguments[-extra:]), *arguments[:-extra])


def _quantities(move: _Move, p: Any) -> dict[str, Array]:
    """Those of customers at the centers of the columns."""
    centers = {effect.column: move.covariates.center[effect.coefficient] for effect in move.covariates.effects}
    columns = [np.asarray(centers.get(i, 0.0)) for i in range(len(move.covariates.columns))]
    told: dict[str, Array] = move.process.quantities(move.parameters(p, columns))
    return told


def _reach(covariates: Covariates) -> tuple[float | None, ...]:
    """Limits of the coefficients of columns of 0 and 1: if nobody with a 1 buys, nothing else ends the search."""
    return tuple(
        FARTHEST * scale if abs(scale**2 - center * (1 - center)) < 1e-9 else None
        for center, scale in zip(covariates.center, covariates.scale, strict=True)
    )


def _mixing(known: int, covariates: Covariates) -> Array:
    """Coordinates at column 0 and per unit (rows) from those at the centers and per standard deviation (columns)."""
    mixing = np.eye(known + len(covariates.names))
    for j, scale in enumerate(covariates.scale):
        mixing[known + j, known + j] = 1 / scale
    for effect in covariates.effects:
        j = effect.coefficient
        mixing[effect.coordinate, known + j] -= effect.sign * covariates.center[j] / covariates.scale[j]
    return mixing
