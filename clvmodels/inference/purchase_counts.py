"""How many purchases customers will make: the predictive distribution, averaged over draws of the parameters.

P(more than k purchases | history) is the average over draws of P(active) P(more than k | active). Intervals invert this
average, never the quantiles of single draws. The second factor depends on the state alone, which many customers share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.inference.intervals import Bounds
from clvmodels.inference.objective import in_threads
from clvmodels.inference.statistics import unique_rows
from clvmodels.processes.contract import Array, PurchaseProcess

__all__ = ["ROUNDING_TOLERANCE", "PurchaseCounts"]

BLOCK_NUMBERS = 2**17  # draws times rows of a block: what fits into a processor's cache
ROUNDING_TOLERANCE = 1e-12  # float error allowed in a probability that is compared with that of an interval's end
COMPRESSED = 0.75  # share of the rows that are still searched below which the others are left out


class _Block(NamedTuple):
    """Rows next to each other: P(active) under each draw (draws, b), the index of each row's state, and the states."""

    alive: Array
    cell: npt.NDArray[np.intp]
    states: list[Array]


@dataclass(frozen=True, slots=True)
class PurchaseCounts:
    """Numbers of purchases within a horizon under draws of the parameters.

    Attributes
    ----------
    process : PurchaseProcess
    parameters : Parameters of arrays (draws, 1)
    horizon : float
        In the clock's unit.
    names : sequence of str
        Names of the columns that the functions below take: those of the state first, so that rows in ascending order
        have their states next to each other.
    """

    process: PurchaseProcess
    parameters: Any
    horizon: float
    names: Sequence[str]

    def bounds(self, columns: Sequence[Array], ticks: Sequence[float], level: float) -> Bounds:
        """Return the interval of each customer, (n,): the smallest counts that reach the ends' probabilities.

        Parameters
        ----------
        columns : sequence of arrays (n,)
            In the order of `names`.
        ticks : sequence of float
            A factor per column that turns its values into whole numbers.
        level : float
            Central probability, such as 0.9.
        """
        tail, rows = 0.5 * (1 - level), unique_rows(columns, ticks)
        blocks = self.blocks(len(rows.counts))
        parts = in_threads(lambda block: self._search(_cut(rows.columns, block), (1 - tail, tail)), blocks)
        ends = np.concatenate(parts, axis=1) if parts else np.zeros((2, 0))
        return Bounds(*ends[:, rows.positions])

    def exceeded(self, columns: Sequence[Array], negligible: float) -> Array:
        """Return P(more than k purchases) of rows for k = 0, 1, 2, ..., (k, b), up to where all are negligible.

        A negligible probability is 0, so that the result of a row does not depend on the others.
        """
        alive, cell, states = self._block(columns)
        answer: list[Array] = []
        for exceeded in self._exceedances(states):
            chance = np.mean(alive * np.take(exceeded, cell, axis=1), axis=0)
            chance = np.where(chance > negligible, chance, 0.0)
            if answer and not np.any(chance):
                return np.stack(answer)
            answer.append(chance)
        raise AssertionError("exceedances are without end")

    @property
    def _draws(self) -> int:
        return len(self.parameters[0])

    def blocks(self, rows: int) -> list[slice]:
        """Return slices of rows whose numbers under all draws fit into a processor's cache."""
        size = max(2, BLOCK_NUMBERS // self._draws)
        return [slice(start, start + size) for start in range(0, rows, size)]

    def _block(self, columns: Sequence[Array]) -> _Block:
        width = len(self.process.state)
        order = [self.names.index(name) for name in self.process.statistics]
        alive = self.process.probability_alive(self.parameters, *(columns[i] for i in order))
        new = np.zeros(len(columns[0]), dtype=bool)
        for column in columns[:width]:
            new[1:] |= column[1:] != column[:-1]
        new[:1] = True
        return _Block(alive, np.cumsum(new) - 1, [column[new] for column in columns[:width]])

    def _exceedances(self, states: Sequence[Array]) -> Iterator[Array]:
        """Yield P(more than k purchases) of active customers for k = 0, 1, 2, ..., each (draws, states)."""
        return self.process.exceedances(self.parameters, self.horizon, *states)

    def _search(self, columns: Sequence[Array], ends: tuple[float, float]) -> Array:
        """Return the smallest counts exceeded with at most these probabilities, the larger one first, (2, b)."""
        alive, cell, states = self._block(columns)
        answer, rows = np.zeros((2, len(cell))), np.arange(len(cell))
        for exceeded in self._exceedances(states):
            if not len(rows):
                break
            chance = np.mean(alive * np.take(exceeded, cell, axis=1), axis=0)
            for end, most in zip(answer, ends, strict=True):
                end[rows] += chance > most + ROUNDING_TOLERANCE
            left = chance > ends[1] + ROUNDING_TOLERANCE
            if np.mean(left) < COMPRESSED:
                rows, alive, cell = rows[left], alive[:, left], cell[left]
        return answer


def _cut(columns: Sequence[Array], block: slice) -> list[Array]:
    return [column[block] for column in columns]
