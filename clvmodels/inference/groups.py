"""Groups: a process with separate parameters for each group of customers, as a process again.

The statistics end with the number of a customer's group; the parameters are those of the first group, then those of the
second, and so on. Each group is fitted separately and the fits are combined, so draws, saved files and predictions need
no special code for groups.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from clvmodels.inference.covariates import tuples_of
from clvmodels.inference.edges import Edge
from clvmodels.inference.fitting import CONVERGED, Fit
from clvmodels.inference.ridges import Ridge
from clvmodels.language import Findings
from clvmodels.processes.contract import AnyProcess, Array, DrawnOrders, History, Score, SpendProcess
from clvmodels.processes.coordinates import Block, Coordinate, Parametrization

__all__ = ["GROUP", "combine_fits", "with_groups"]

GROUP = "group"  # name of the last statistic


@dataclass(frozen=True, slots=True)
class _GroupBlock:
    """A block of one group, whose parameters and coordinates carry the group's label."""

    block: Block
    label: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(_label(name, self.label) for name in self.block.parameters)

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        return tuple(coordinate.in_group(self.label) for coordinate in self.block.coordinates)

    def to_logs(self, u: Array) -> Array:
        return self.block.to_logs(u)

    def from_logs(self, logs: Array) -> Array:
        return self.block.from_logs(logs)

    def jacobian(self, u: Array) -> Array:
        return self.block.jacobian(u)

    @property
    def real(self) -> bool:
        return self.block.real


def with_groups(process: AnyProcess, labels: Sequence[str]) -> AnyProcess:
    """Return the process with separate parameters for each group."""
    form: Parametrization = process.parametrization
    groups = len(labels)
    mixing: Array | None = None if form.mixing is None else np.kron(np.eye(groups), form.mixing).astype(np.float64)
    powers = {_label(name, label): power for label in labels for name, power in form.unit_powers.items()}

    def adapt(function: Callable[..., Any], front: int, width: int) -> Callable[..., Any]:
        return partial(_each_group, process, groups, function, front, width)

    common: dict[str, Any] = {
        "Parameters": tuples_of(len(form.names) * groups),
        "parametrization": replace(
            form,
            blocks=tuple(_GroupBlock(block, label) for label in labels for block in form.blocks),
            unit_powers=powers,
            mixing=mixing,
        ),
        "statistics": (*process.statistics, GROUP),
        "log_likelihood": adapt(process.log_likelihood, 0, len(process.statistics)),
        "score": partial(_score, process, groups),
        "starts": partial(_starts, process, groups),
        "prepare": None,
        "totals": None,
    }
    if isinstance(process, SpendProcess):
        width = len(process.statistics)
        spend: dict[str, Any] = {
            "mean_exists": adapt(process.mean_exists, 0, width - 1),
            "expected_spend": adapt(process.expected_spend, 0, width),
            "median_spend": adapt(process.median_spend, 0, width),
            "simulate": partial(_simulate, process, groups),
            "simulate_orders": partial(_simulate_orders, process, groups),
            "sample_spend": adapt(process.sample_spend, 1, width),
            "sample_mean_spend": process.sample_mean_spend and adapt(process.sample_mean_spend, 0, width),
            "total_law": None,
            "sample_orders": process.sample_orders and partial(_sample_orders, process, groups),
        }
        return replace(process, **common, **spend)
    state, statistics = len(process.state), len(process.statistics)
    purchases: dict[str, Any] = {
        "state": (*process.state, GROUP),
        "probability_alive": adapt(process.probability_alive, 0, statistics),
        "posterior_means": adapt(process.posterior_means, 0, statistics),
        "survival_if_active": adapt(process.survival_if_active, 1, state),
        "purchases_if_active": adapt(process.purchases_if_active, 1, state),
        "discounted_if_active": adapt(process.discounted_if_active, 2, state),
        "both_if_active": process.both_if_active and adapt(process.both_if_active, 2, state),
        "purchases_under_draws": None,
        "residual_if_active": adapt(process.residual_if_active, 0, state),
        "intensity_if_active": adapt(process.intensity_if_active, 1, state),
        "pmf_if_active": adapt(process.pmf_if_active, 2, state),
        "exceedances_if_active": process.exceedances_if_active and partial(_exceedances, process, groups),
        "sample_if_active": adapt(process.sample_if_active, 2, state),
        "sample_mean_if_active": process.sample_mean_if_active and adapt(process.sample_mean_if_active, 2, state),
        "buys_between_if_active": process.buys_between_if_active and adapt(process.buys_between_if_active, 2, state),
        "draw_orders_if_active": process.draw_orders_if_active and partial(_draw_orders, process, groups),
        "simulate": partial(_simulate, process, groups),
        "quantities": partial(_quantities, process, tuple(labels)),
        "quantity_powers": {
            _label(name, label): power for label in labels for name, power in process.quantity_powers.items()
        },
    }
    return replace(process, **common, **purchases)


def combine_fits(fits: Mapping[str, Fit]) -> Fit:
    """Combine the fits of groups, by label, into one: parameters are concatenated and likelihoods added."""
    each = list(fits.values())
    digest = hashlib.sha256("".join(fit.fingerprint for fit in each).encode())
    return Fit(
        parameters={
            _label(name, label): value for label, fit in fits.items() for name, value in fit.parameters.items()
        },
        coordinates=np.concatenate([fit.coordinates for fit in each]),
        log_likelihood=sum(fit.log_likelihood for fit in each),
        gradient_norm=max(fit.gradient_norm for fit in each),
        hessian=_block_diagonal([fit.hessian for fit in each]),
        free=np.concatenate([fit.free for fit in each]),
        covariance=_block_diagonal([fit.covariance for fit in each]),
        sandwich=_block_diagonal([fit.sandwich for fit in each]),
        definite=all(fit.definite for fit in each),
        status="boundary" if any(fit.status == "boundary" for fit in each) else "converged",
        findings=_findings(fits),
        iterations=sum(fit.iterations for fit in each),
        customers=sum(fit.customers for fit in each),
        unique_rows=sum(fit.unique_rows for fit in each),
        unit=each[0].unit,
        fingerprint=digest.hexdigest(),
        ridges=tuple(
            _embed(ridge, len(fit.coordinates) * i, len(fit.coordinates) * len(each))
            for i, fit in enumerate(each)
            for ridge in fit.ridges
        ),
        edges=tuple(
            _embed_edge(edge, len(fit.coordinates) * i, len(fit.coordinates) * len(each))
            for i, fit in enumerate(each)
            for edge in fit.edges
        ),
        other_maxima=tuple(
            replace(other, parameters={_label(n, label): v for n, v in other.parameters.items()}, group=label)
            for label, fit in fits.items()
            for other in fit.other_maxima
        ),
    )


def _findings(fits: Mapping[str, Fit]) -> Findings:
    """Return the findings of groups at a boundary or with other maxima, which name the group."""
    findings = [
        replace(finding, figures={**finding.figures, "group": label})
        for label, fit in fits.items()
        for finding in fit.findings
        if finding not in CONVERGED
    ]
    return tuple(findings) or CONVERGED


def _embed(ridge: Ridge, start: int, size: int) -> Ridge:
    """Return a group's ridge in the coordinates of all groups, in which the group's begin at `start`."""
    axis, bends = np.zeros(size), np.zeros((len(ridge.places), size))
    own = slice(start, start + len(ridge.axis))
    axis[own], bends[:, own] = ridge.axis, ridge.bends
    return Ridge(axis, ridge.places, bends)


def _embed_edge(edge: Edge, start: int, size: int) -> Edge:
    """Return a group's edge in the coordinates of all groups, in which the group's begin at `start`."""
    offsets = np.zeros((len(edge.places), size))
    offsets[:, start : start + edge.offsets.shape[1]] = edge.offsets
    return Edge(start + edge.coordinate, edge.places, offsets)


def _label(name: str, label: str) -> str:
    return f"{name}[{label}]"


def _block_diagonal(matrices: Sequence[Array]) -> Array:
    size = sum(len(matrix) for matrix in matrices)
    combined, start = np.zeros((size, size)), 0
    for matrix in matrices:
        stop = start + len(matrix)
        combined[start:stop, start:stop] = matrix
        start = stop
    return combined


def _parameters_of(process: Any, groups: int, p: Any, group: int) -> Any:
    """Return the parameters of one group."""
    size = len(p) // groups
    return process.Parameters(*p[group * size : (group + 1) * size])


def _each_group(
    process: Any, groups: int, function: Callable[..., Any], front: int, width: int, p: Any, *arguments: Any
) -> Any:
    """Return function(p of the group, ...) of the customers of each group, in the order of the customers.

    The arguments are `front` leading ones, `width` statistics, the number of the group, and the rest. An array whose
    last axis has one entry per customer is split by group.
    """
    head, statistics, number = arguments[:front], arguments[front : front + width], arguments[front + width]
    rest = arguments[front + width + 1 :]
    if np.ndim(number) == 0:
        return function(_parameters_of(process, groups, p, int(number)), *head, *statistics, *rest)
    n = len(number)
    parts = []
    for group in np.unique(number) if n else [0]:
        rows = np.flatnonzero(number == group)
        selected = [_select_rows(value, rows, n) for value in (*head, *statistics, *rest)]
        parts.append((rows, function(_parameters_of(process, groups, p, int(group)), *selected)))
    return _join(parts, n)


def _exceedances(process: Any, groups: int, p: Any, h: float | Array, *state: Array) -> Iterator[Array]:
    """Yield the exceedances of the customers of all groups together."""
    *columns, number = state
    n = len(number)
    rows = [np.flatnonzero(number == group) for group in np.unique(number)] if n else [np.arange(0)]
    parts = [
        process.exceedances_if_active(
            _parameters_of(process, groups, p, int(number[own[0]]) if n else 0),
            _select_rows(h, own, n),
            *(column[own] for column in columns),
        )
        for own in rows
    ]
    for each in zip(*parts, strict=True):
        yield _join(list(zip(rows, each, strict=True)), n)


def _select_rows(value: Any, rows: Any, n: int) -> Any:
    """Return the given rows of an array with one value per customer; return any other value unchanged."""
    return value[..., rows] if isinstance(value, np.ndarray) and value.ndim and value.shape[-1] == n else value


def _join(parts: Sequence[tuple[Any, Any]], n: int) -> Any:
    """Join results of groups (..., rows) into one (..., n); tuples and dicts are joined entry by entry."""
    first = parts[0][1]
    if isinstance(first, dict):
        return {name: _join([(rows, result[name]) for rows, result in parts], n) for name in first}
    if isinstance(first, tuple):
        entries = [_join([(rows, result[i]) for rows, result in parts], n) for i in range(len(first))]
        return type(first)(*entries)
    joined = np.empty((*np.shape(first)[:-1], n), dtype=np.asarray(first).dtype)
    for rows, result in parts:
        joined[..., rows] = result
    return joined


def _score(process: Any, groups: int, p: Any, *statistics: Array) -> Score:
    """Return the score; derivatives by the parameters of other groups are 0."""
    *columns, number = statistics
    size = len(p) // groups
    value, gradient = np.empty(len(number)), np.zeros((len(p), len(number)))
    for group in np.unique(number).astype(int):
        rows = np.flatnonzero(number == group)
        part = process.score(_parameters_of(process, groups, p, group), *(column[rows] for column in columns))
        value[rows] = part.log_likelihood
        gradient[np.ix_(np.arange(group * size, (group + 1) * size), rows)] = part.gradient
    return Score(value, gradient)


def _simulate(process: Any, groups: int, p: Any, T: Array, generator: np.random.Generator, *columns: Array) -> Any:
    """Simulate the customers group by group; the columns end with the number of the group."""
    *more, number = columns
    parts, n = [], len(number)
    for group in np.unique(number).astype(int):
        rows = np.flatnonzero(number == group)
        selected = [column[rows] for column in more]
        parts.append((rows, process.simulate(_parameters_of(process, groups, p, group), T[rows], generator, *selected)))
    if isinstance(process, SpendProcess):
        return _join(parts, n)
    x, t_x, active = (_join([(rows, part[i]) for rows, part in parts], n) for i in range(3))
    customer = np.concatenate([rows[part.customer] for rows, part in parts])
    return History(x, t_x, active, customer, np.concatenate([part.time for _, part in parts]))


def _simulate_orders(
    process: Any,
    groups: int,
    p: Any,
    customer: Array,
    _: int,
    generator: np.random.Generator,
    *columns: Array,
) -> Array:
    """Simulate the spend of each order, group by group; the columns (customers,) end with the number of the group."""
    *more, number = columns

    def simulate(parameters: Any, owner: Array, size: int, own: list[Array]) -> Array:
        return np.asarray(process.simulate_orders(parameters, owner, size, generator, *own))

    return _orders_of_groups(simulate, process, groups, p, customer, number, more)


def _sample_orders(process: Any, groups: int, p: Any, customer: Array, *arguments: Any) -> Array:
    """Draw the spend of each further order, group by group; the arguments end with the group and the generator."""
    *columns, number, generator = arguments

    def sample(parameters: Any, owner: Array, _: int, own: list[Array]) -> Array:
        return np.asarray(process.sample_orders(parameters, owner, *own, generator))

    return _orders_of_groups(sample, process, groups, p, customer, number, columns)


def _orders_of_groups(
    draw: Callable[[Any, Array, int, list[Array]], Array],
    process: Any,
    groups: int,
    p: Any,
    customer: Array,
    number: Array,
    columns: Sequence[Array],
) -> Array:
    """Return the spend of each order, drawn group by group.

    Parameters
    ----------
    draw : function
        Takes the parameters of a group, the place in the group of each order's customer, the number of the group's
        customers and their columns; returns the spend of these orders.
    customer : int array (orders,)
        The customer of each order.
    number : array (customers,)
        The group of each customer.
    columns : sequence of arrays (customers,)
    """
    amounts, place = np.empty(len(customer)), np.zeros(len(number), dtype=np.intp)
    for group in np.unique(number).astype(int):
        rows = np.flatnonzero(number == group)
        place[rows] = np.arange(len(rows))
        orders = np.flatnonzero(number[customer] == group)
        parameters = _parameters_of(process, groups, p, group)
        amounts[orders] = draw(parameters, place[customer[orders]], len(rows), [column[rows] for column in columns])
    return amounts


def _draw_orders(process: Any, groups: int, p: Any, h: float | Array, *arguments: Any) -> DrawnOrders:
    """Draw order times, group by group; the arguments end with the group, who is active, and the generator."""
    *state, number, active, generator = arguments
    parts = []
    for group in np.unique(number).astype(int):
        rows = np.flatnonzero(number == group)
        length, *selected = (_select_rows(value, rows, len(number)) for value in (h, *state))
        parameters = _parameters_of(process, groups, p, group)
        parts.append((rows, process.draw_orders_if_active(parameters, length, *selected, active[rows], generator)))
    customer = np.concatenate([rows[part.customer] for rows, part in parts])
    time = np.concatenate([part.time for _, part in parts])
    return DrawnOrders(customer, time, _join([(rows, part.leaves) for rows, part in parts], len(number)))


def _starts(process: Any, groups: int, *statistics: Array) -> list[Any]:
    """Return the same starts for all groups."""
    return [tuple(start) * groups for start in process.starts(*statistics[:-1])]


def _quantities(process: Any, labels: Sequence[str], p: Any) -> dict[str, Array]:
    return {
        _label(name, label): value
        for i, label in enumerate(labels)
        for name, value in process.quantities(_parameters_of(process, len(labels), p, i)).items()
    }
