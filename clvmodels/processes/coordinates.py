"""Coordinates, in which a fit searches for the parameters of a process.

Each source of heterogeneity is described by its mean and its spread, because data identify these two, covariates move
them, and the limits that a fit can reach are their limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "Array",
    "Block",
    "Coordinate",
    "Limit",
    "Parametrization",
]

Array = npt.NDArray[np.float64]


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
    quantity : str
        What the coordinate is a transformation of: "a + b" for "log (a + b)"; "" if it is not transformed.
    """

    name: str
    lower: Limit
    upper: Limit
    group: str | None = None
    quantity: str = ""

    @property
    def plain_name(self) -> str:
        """The name without that of the group."""
        return self.name if self.group is None else self.name.removesuffix(f"[{self.group}]")

    def in_group(self, label: str) -> Coordinate:
        """Return this coordinate of one group of customers."""
        return replace(self, name=f"{self.name}[{label}]", group=label)


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
        real = self.real
        if not real.any():
            return np.exp(logs, out=logs)
        return np.exp(logs, out=logs, where=~real.reshape(each))

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
        """Return the terms to add to log parameters to convert them to a unit of length `unit`."""
        log_unit = np.log(unit)
        return np.array([self.unit_powers.get(name, 0) * log_unit for name in self.names])

    def _parts(self, values: Array) -> list[tuple[Block, Array]]:
        parts, start = [], 0
        for block in self.blocks:
            stop = start + len(block.parameters)
            parts.append((block, values[start:stop]))
            start = stop
        return parts
