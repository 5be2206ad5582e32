"""Covariates: a process whose parameters depend on numeric columns, as a process again.

A column times its coefficient shifts a coordinate (the mean purchase rate, the mean dropout, mean spend) of each
customer. The result has the covariates among its statistics and the coefficients among its parameters, so it is fitted,
predicted, drawn and bootstrapped like any other process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from clvmodels.inference.statistics import unique_rows
from clvmodels.processes.blocks import CoefficientBlock
from clvmodels.processes.contract import AnyProcess, Array, Score, SpendProcess
from clvmodels.processes.coordinates import Block, Parametrization

__all__ = ["Covariates", "Effect", "tuples_of", "with_covariates"]

LARGEST_COEFFICIENT = 15.0  # largest coefficient of a 0/1 column; larger ones are indistinguishable from infinity
ROUNDING = 1e-9  # relative error allowed in the variance of a 0/1 column


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a column on a coordinate: `sign` times the coefficient times the column is added to it.

    Attributes
    ----------
    coordinate, column, coefficient : int
        Indices into the coordinates of the process without covariates, the columns, and the coefficients.
    sign : float
    """

    coordinate: int
    column: int
    coefficient: int
    sign: float


@dataclass(frozen=True, slots=True)
class Covariates:
    """The covariates of a process and what they shift.

    Attributes
    ----------
    effects : sequence of Effect
    names : sequence of str
        Names of the coefficients.
    center, scale : sequences of float
        Mean and standard deviation of the column of each coefficient. A fit searches in standardized columns, and
        shifts the coordinates of a customer at the center. Parameters are per unit of a column, and those of a customer
        whose columns are all 0; columns far from 0 are shifted before (`Design.origin`).
    columns : sequence of str
        Names of the columns as statistics.
    """

    effects: tuple[Effect, ...]
    names: tuple[str, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Shift:
    """The parameters of the process without covariates for each customer, and derivatives through them."""

    process: Any
    covariates: Covariates

    def parameters(self, p: Any, columns: Sequence[Array]) -> Any:
        """Return the parameters of each customer."""
        plain = list(p[: self._plain_size])
        for start, block, effects in self._shifted_blocks():
            u, shifted = self._coordinates(p, block, start, effects, columns)
            jacobian = block.jacobian(u)
            values = np.exp(block.to_logs(u))
            for i in range(len(block.parameters)):
                if any(np.any(jacobian[i, j]) for j in shifted):  # the other parameters are shared by all rows
                    plain[start + i] = values[i]
        return self.process.Parameters(*plain)

    def gradient(self, p: Any, by_plain: Array, columns: Sequence[Array]) -> Array:
        """Return derivatives (k, n) by the logarithms of the parameters at columns 0, and by the coefficients."""
        gradient = list(by_plain)
        by_coefficient = [np.zeros(by_plain.shape[1:]) for _ in self.covariates.names]
        for start, block, effects in self._shifted_blocks():
            stop = start + len(block.parameters)
            u, _ = self._coordinates(p, block, start, effects, columns)
            at_0 = block.jacobian(block.from_logs(np.log(np.array(p[start:stop], dtype=float))))
            by_u = np.einsum("ij...,i...->j...", block.jacobian(u), by_plain[start:stop])
            gradient[start:stop] = list(np.einsum("ji,j...->i...", np.linalg.inv(at_0), by_u))
            for effect in effects:
                signed_column = effect.sign * columns[effect.column]
                by_coefficient[effect.coefficient] = (
                    by_coefficient[effect.coefficient] + signed_column * by_u[effect.coordinate - start]
                )
        return np.stack(np.broadcast_arrays(*gradient, *by_coefficient))

    @property
    def _plain_size(self) -> int:
        return len(self.process.parametrization.names)

    def _shifted_blocks(self) -> list[tuple[int, Block, list[Effect]]]:
        blocks, start = [], 0
        for block in self.process.parametrization.blocks:
            stop = start + len(block.parameters)
            effects = [effect for effect in self.covariates.effects if start <= effect.coordinate < stop]
            if effects:
                blocks.append((start, block, effects))
            start = stop
        return blocks

    def _coordinates(
        self, p: Any, block: Block, start: int, effects: Sequence[Effect], columns: Sequence[Array]
    ) -> tuple[Array, set[int]]:
        """Return the coordinates of a block for each customer, and the indices of those that are shifted."""
        logs = [np.log(np.asarray(value, dtype=float)) for value in p[start : start + len(block.parameters)]]
        u: list[Any] = list(block.from_logs(np.stack(np.broadcast_arrays(*logs))))
        for effect in effects:
            coefficient = p[self._plain_size + effect.coefficient]
            u[effect.coordinate - start] = u[effect.coordinate - start] + (
                effect.sign * coefficient * columns[effect.column]
            )
        return np.stack(np.broadcast_arrays(*u)), {effect.coordinate - start for effect in effects}


def with_covariates(process: AnyProcess, covariates: Covariates) -> AnyProcess:
    """Return the process in which covariates shift coordinates; its statistics and state end with their columns."""
    shift = _Shift(process, covariates)
    extra: tuple[str, ...] = covariates.columns
    form: Parametrization = process.parametrization

    def adapt(function: Callable[..., Any], front: int, width: int) -> Callable[..., Any]:
        return partial(_call_shifted, shift, function, front, width)

    common: dict[str, Any] = {
        "Parameters": tuples_of(len(form.names) + len(covariates.names)),
        "parametrization": replace(
            form,
            blocks=(*form.blocks, CoefficientBlock(covariates.names, _coefficient_limits(covariates))),
            mixing=_mixing(len(form.names), covariates),
        ),
        "statistics": (*process.statistics, *extra),
        "log_likelihood": adapt(process.log_likelihood, 0, len(process.statistics)),
        "score": partial(_score, shift, len(process.statistics)),
        "starts": partial(_starts, process.starts, shift, len(process.statistics)),
        "more_starts": process.more_starts and partial(_starts, process.more_starts, shift, len(process.statistics)),
        "totals": None,
        "prepare": process.prepare and partial(_prepare, shift, len(process.statistics)),
    }
    if isinstance(process, SpendProcess):
        spend: dict[str, Any] = {
            "mean_exists": adapt(process.mean_exists, 0, 1),
            "expected_spend": adapt(process.expected_spend, 0, 2),
            "median_spend": adapt(process.median_spend, 0, 2),
            "simulate": partial(_simulate, shift, process.simulate),
            "simulate_orders": partial(_simulate, shift, process.simulate_orders),
            "sample_orders": process.sample_orders and adapt(process.sample_orders, 1, len(process.statistics)),
            "sample_spend": adapt(process.sample_spend, 1, 2),
            "sample_mean_spend": process.sample_mean_spend and adapt(process.sample_mean_spend, 0, 2),
            "total_law": None,
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
        "purchases_under_draws": None,
        "residual_if_active": adapt(process.residual_if_active, 0, state),
        "intensity_if_active": adapt(process.intensity_if_active, 1, state),
        "pmf_if_active": adapt(process.pmf_if_active, 2, state),
        "exceedances_if_active": process.exceedances_if_active
        and partial(_exceedances, shift, process.exceedances_if_active, state),
        "sample_if_active": adapt(process.sample_if_active, 2, state),
        "sample_mean_if_active": process.sample_mean_if_active and adapt(process.sample_mean_if_active, 2, state),
        "buys_between_if_active": process.buys_between_if_active and adapt(process.buys_between_if_active, 2, state),
        "draw_orders_if_active": process.draw_orders_if_active and adapt(process.draw_orders_if_active, 1, state),
        "simulate": partial(_simulate, shift, process.simulate),
        "quantities": partial(_quantities, shift),
    }
    return replace(process, **common, **purchases)


def tuples_of(size: int) -> type[Any]:
    """Return a constructor of tuples of this many parameters, which can be pickled because it defines no class."""
    return partial(_tuple, size)  # type: ignore[return-value]


class _Values(tuple[Any, ...]):
    """Parameters in order."""

    __slots__ = ()

    def _replace(self, **_: Any) -> Any:
        raise TypeError("parameters with covariates can only be replaced in the process without covariates")


def _tuple(size: int, *values: Any) -> _Values:
    if len(values) != size:
        raise AssertionError(f"{size} parameters, not {len(values)}")
    return _Values(values)


def _call_shifted(shift: _Shift, function: Callable[..., Any], front: int, width: int, p: Any, *arguments: Any) -> Any:
    """Call a function of the process without covariates with the parameters of each customer.

    The arguments are `front` leading ones, `width` statistics, the columns, and the rest.
    """
    extra = len(shift.covariates.columns)
    head, rest = arguments[:front], arguments[front + width + extra :]
    statistics, columns = arguments[front : front + width], arguments[front + width : front + width + extra]
    if np.shape(columns[0]) != (1,) or rest:
        return function(shift.parameters(p, columns), *head, *statistics, *rest)
    # A single value would count as one that all rows share, which is computed differently. With two rows, the bits
    # equal those of many rows.
    statistics, columns = (tuple(np.repeat(value, 2) for value in values) for values in (statistics, columns))
    result = function(shift.parameters(p, columns), *head, *statistics)
    if isinstance(result, dict):
        return {name: value[..., :1] for name, value in result.items()}
    return result[..., :1]


def _exceedances(
    shift: _Shift, function: Callable[..., Iterator[Array]], width: int, p: Any, h: float, *state: Array
) -> Iterator[Array]:
    return function(shift.parameters(p, state[width:]), h, *state[:width])


def _score(shift: _Shift, width: int, p: Any, *statistics: Array) -> Score:
    columns = statistics[width:]
    plain = shift.process.score(shift.parameters(p, columns), *statistics[:width])
    return Score(plain.log_likelihood, shift.gradient(p, plain.gradient, columns))


def _prepare(shift: _Shift, width: int, *statistics: Array) -> Callable[[Any], Score]:
    """Return the score of fixed rows; customers with the same covariates have the same parameters."""
    plain_statistics, columns = statistics[:width], statistics[width:]
    plain_score = shift.process.prepare(*plain_statistics, unique_rows(columns).positions)

    def score(p: Any) -> Score:
        plain = plain_score(shift.parameters(p, columns))
        return Score(plain.log_likelihood, shift.gradient(p, plain.gradient, columns))

    return score


def _starts(starts: Callable[..., list[Any]], shift: _Shift, width: int, *statistics: Array) -> list[Any]:
    """Return the starts of the process without covariates, with coefficients of 0."""
    coefficients = [np.zeros(())] * len(shift.covariates.names)
    return [_Values((*start, *coefficients)) for start in starts(*statistics[:width])]


def _simulate(shift: _Shift, function: Callable[..., Any], p: Any, *arguments: Any) -> Any:
    """Simulate customers; the arguments end with the columns."""
    extra = len(shift.covariates.columns)
    return function(shift.parameters(p, arguments[-extra:]), *arguments[:-extra])


def _quantities(shift: _Shift, p: Any) -> dict[str, Array]:
    """Return the quantities of customers at the centers of the columns."""
    centers = {effect.column: shift.covariates.center[effect.coefficient] for effect in shift.covariates.effects}
    columns = [np.asarray(centers.get(i, 0.0)) for i in range(len(shift.covariates.columns))]
    quantities: dict[str, Array] = shift.process.quantities(shift.parameters(p, columns))
    return quantities


def _coefficient_limits(covariates: Covariates) -> tuple[float | None, ...]:
    """Return limits of the coefficients of 0/1 columns; if no customer with a 1 buys, only a limit ends the search.

    A 0/1 column has a variance of center (1 - center); so has one of 0 and -1, by the size of its center.
    """
    return tuple(
        LARGEST_COEFFICIENT * scale if abs(scale**2 - abs(center) * (1 - abs(center))) < ROUNDING * scale**2 else None
        for center, scale in zip(covariates.center, covariates.scale, strict=True)
    )


def _mixing(plain_size: int, covariates: Covariates) -> Array:
    """Return the matrix from coordinates at the centers and per standard deviation to those at 0 and per unit."""
    mixing = np.eye(plain_size + len(covariates.names))
    for j, scale in enumerate(covariates.scale):
        mixing[plain_size + j, plain_size + j] = 1 / scale
    for effect in covariates.effects:
        j = effect.coefficient
        mixing[effect.coordinate, plain_size + j] -= effect.sign * covariates.center[j] / covariates.scale[j]
    return mixing
