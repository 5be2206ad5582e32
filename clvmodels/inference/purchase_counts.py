"""The predictive distribution of the number of purchases, averaged over draws of the parameters.

P(more than k purchases | history) is the average over draws of P(active) P(more than k | active). Intervals invert this
average; they are not averages of the quantiles of single draws. The second factor depends on the state alone, which
many customers share.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.inference.intervals import Bounds
from clvmodels.inference.statistics import unique_rows
from clvmodels.processes.contract import Array, PurchaseProcess
from clvmodels.processes.threads import in_threads

__all__ = ["ROUNDING_TOLERANCE", "PurchaseCounts"]

BLOCK_NUMBERS = 2**17  # draws times rows of a block; fits into a processor's cache
STATE_NUMBERS = 2**13  # draws times states for which exceedances are computed together
FEWEST_COUNTS, MOST_COUNTS = 4, 16  # numbers of purchases computed together: in the first chunk, and in later ones
ROUNDING_TOLERANCE = 1e-12  # float error allowed in a probability that is compared with that of an interval's end


class _Block(NamedTuple):
    """Rows next to each other: P(active) under each draw (b, draws), the first row of each state and the end, and the
    states.
    """

    alive: Array
    edges: npt.NDArray[np.intp]
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
        Names of the columns that the methods take; the state comes first, so that equal states are adjacent in sorted
        rows.
    """

    process: PurchaseProcess
    parameters: Any
    horizon: float
    names: Sequence[str]

    def bounds(self, columns: Sequence[Array], ticks: Sequence[float], level: float) -> Bounds:
        """Return the interval of each customer, (n,): the smallest counts that reach the probabilities of the ends.

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

    def exceedances(self, columns: Sequence[Array], negligible: float) -> Array:
        """Return P(more than k purchases) of rows for k = 0, 1, 2, ..., (k, b), until all are negligible.

        Negligible probabilities are set to 0, so that the result of a row does not depend on other rows.
        """
        block = self._block(columns)
        size = max(1, STATE_NUMBERS // self._draws)
        starts = range(0, len(block.states[0]), size)
        parts = [self._of_states(block, slice(start, start + size), negligible) for start in starts]
        answer = np.zeros((max([1, *map(len, parts)]), len(block.alive)))
        for start, part in zip(starts, parts, strict=True):
            first = block.edges[start]
            answer[: len(part), first : first + part.shape[1]] = part
        return answer

    def _of_states(self, block: _Block, some: slice, negligible: float) -> Array:
        """Return what `exceedances` returns for the rows of some states.

        An average over draws is a dot product of a row with a state. It has the same length for all of them, and so the
        same order of summation.
        """
        edges = block.edges[some.start : some.stop + 1]
        states = [column[some] for column in block.states]
        alive, edges = block.alive[edges[0] : edges[-1]], edges - edges[0]
        exceedances, parts, size = self._exceedances(states), [], FEWEST_COUNTS
        left = np.arange(len(states[0]))
        while len(left):
            exceeded = np.stack([each.T for each in itertools.islice(exceedances, size)], axis=1)
            if self._draws == 1:
                part = np.repeat(exceeded[:, :, 0].T, np.diff(edges), axis=1) * alive[:, 0]
            else:
                part = np.zeros((size, len(alive)))
                for state in left:
                    rows = slice(edges[state], edges[state + 1])
                    np.vecdot(exceeded[state][:, None], alive[rows], out=part[:, rows])
                part /= self._draws
            parts.append(np.where(part > negligible, part, 0.0))
            left = left[np.mean(exceeded[left, -1], axis=-1) > negligible]  # P(active) is at most 1
            size = min(2 * size, MOST_COUNTS)
        answer = np.concatenate(parts)
        return answer[: np.count_nonzero(np.any(answer, axis=1))]

    @property
    def _draws(self) -> int:
        return len(self.parameters[0])

    def blocks(self, rows: int) -> list[slice]:
        """Return slices of rows whose numbers under all draws fit into a processor's cache."""
        size = max(2, BLOCK_NUMBERS // self._draws)
        return [slice(start, start + size) for start in range(0, rows, size)]

    def _block(self, columns: Sequence[Array]) -> _Block:
        width, rows = len(self.process.state), len(columns[0])
        order = [self.names.index(name) for name in self.process.statistics]
        alive = self.process.probability_alive(self.parameters, *(columns[i] for i in order))
        new = np.zeros(rows, dtype=bool)
        for column in columns[:width]:
            new[1:] |= column[1:] != column[:-1]
        new[:1] = True
        edges = np.append(np.flatnonzero(new), rows)
        alive = np.ascontiguousarray(np.broadcast_to(alive, (self._draws, rows)).T)
        return _Block(alive, edges, [column[new] for column in columns[:width]])

    def _exceedances(self, states: Sequence[Array]) -> Iterator[Array]:
        """Yield P(more than k purchases) of active customers for k = 0, 1, 2, ..., each (draws, states)."""
        return self.process.exceedances(self.parameters, self.horizon, *states)

    def _search(self, columns: Sequence[Array], ends: tuple[float, float]) -> Array:
        """Return the smallest counts exceeded with at most these probabilities, the larger one first, (2, b)."""
        exceeded = self.exceedances(columns, ends[1])
        return np.stack([np.sum(exceeded > most + ROUNDING_TOLERANCE, axis=0, dtype=float) for most in ends])


def _cut(columns: Sequence[Array], block: slice) -> list[Array]:
    return [column[block] for column in columns]
