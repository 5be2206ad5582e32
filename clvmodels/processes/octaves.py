"""Interpolation in the logarithm of an age, octave by octave, and what is kept of it for the next call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array

__all__ = ["CHEBYSHEV_NODES", "over_octaves"]

CHEBYSHEV_NODES = 12
MOST_FUNCTIONS, MOST_CELLS = 16, 4_096  # kept; one cell of two functions takes 200 bytes


class _Series(NamedTuple):
    """Chebyshev coefficients of a function in cells, each a count and an octave of ages.

    Attributes
    ----------
    cells : complex array (c,)
        x + 1j octave, increasing.
    coefficients : array (nodes, ..., c)
    """

    cells: npt.NDArray[np.complex128]
    coefficients: Array

    def of(self, cells: npt.NDArray[np.complex128]) -> Array:
        """Return the coefficients of some of the cells, (nodes, ..., k)."""
        if len(cells) == len(self.cells):  # all of them
            return self.coefficients
        return np.take(self.coefficients, np.searchsorted(self.cells, cells), axis=-1)

    def with_cells(self, other: _Series) -> _Series:
        """Return these cells and others."""
        cells = np.concatenate([self.cells, other.cells])
        order = np.argsort(cells, kind="stable")
        coefficients = np.concatenate([self.coefficients, other.coefficients], axis=-1)
        return _Series(cells[order], np.take(coefficients, order, axis=-1))


_kept: OrderedDict[Hashable, _Series] = OrderedDict()  # of functions used lately, the last one at the end
_kept_lock = Lock()


def over_octaves(
    function: Callable[[Array, Array], Array],
    x: Array,
    age: Array,
    nodes: int = CHEBYSHEV_NODES,
    key: Hashable | None = None,
) -> Array:
    """Return function(x, age), (..., n), for a function smooth in log(age), from few evaluations.

    For each distinct x and octave of age, [2^k, 2^(k+1)), the function is evaluated at Chebyshev nodes of log(age) and
    interpolated. The nodes depend on a row's own octave alone, so an answer never depends on the other rows.

    Parameters
    ----------
    x, age : arrays (n,)
        age > 0. Analytic and bounded for |Im log(age)| < pi/2, the interpolant is good to about 9^-nodes.
    nodes : int
        Number of nodes; less smooth functions need more.
    key : hashable, optional
        Everything that the function depends on. Calls with the same key share evaluations: blocks of a base of
        customers, who have few counts and octaves.
    """
    if x.size == 0:
        return function(x, age)
    place = np.log2(age)
    octave = np.floor(place)
    cells, cell = np.unique(x + 1j * octave, return_inverse=True)
    series = _series(function, cells, nodes) if key is None else _kept_series(function, cells, nodes, key)
    coefficients = series.of(cells)
    s = 4 * (place - octave) - 2  # twice the position in [-1, 1]
    ahead, behind = np.zeros(len(x)), np.zeros(len(x))
    for coefficient in coefficients[:0:-1]:  # Clenshaw's recurrence
        ahead, behind = np.take(coefficient, cell, axis=-1) + s * ahead - behind, ahead
    answer: Array = 0.5 * np.take(coefficients[0], cell, axis=-1) + 0.5 * s * ahead - behind
    return answer


def _kept_series(
    function: Callable[[Array, Array], Array], cells: npt.NDArray[np.complex128], nodes: int, key: Hashable
) -> _Series:
    """Return the coefficients of these cells and of earlier calls with the same key, and keep them for later ones."""
    with _kept_lock:
        series = _kept.get(key)
    if series is None:
        series = _series(function, cells, nodes)
    elif len(new := cells[~np.isin(cells, series.cells)]):
        series = series.with_cells(_series(function, new, nodes))
    if len(series.cells) <= MOST_CELLS:
        with _kept_lock:
            _kept[key] = series
            _kept.move_to_end(key)
            if len(_kept) > MOST_FUNCTIONS:
                _kept.popitem(last=False)
    return series


def _series(function: Callable[[Array, Array], Array], cells: npt.NDArray[np.complex128], nodes: int) -> _Series:
    """Evaluate a function at the nodes of cells, and return its coefficients."""
    angle = np.pi * (np.arange(nodes) + 0.5) / nodes
    ages = 2.0 ** (cells.imag[:, None] + 0.5 * (1 + np.cos(angle)))
    values = function(np.repeat(cells.real, nodes), ages.ravel())
    values = values.reshape(*values.shape[:-1], *ages.shape)
    waves = np.cos(np.outer(np.arange(nodes), angle)) * (2 / nodes)
    # No matrix product: its last bits depend on the other rows.
    return _Series(cells, np.stack([np.sum(values * wave, axis=-1) for wave in waves]))
