"""Units of an experiment: customers, or the accounts or households they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.decisions.customer_table import CustomerTable
from clvmodels.errors import InvalidOption, InvalidTable
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array

__all__ = ["ExperimentUnits", "check_outcome", "check_share", "clip", "columns_of", "one_unit_dominates", "units_of"]

FEWEST_FOR_ONE = 20  # units from which one of them should not dominate
MOST_OF_ONE = 0.25  # share of the variance that one unit may have: the interval is then about that unit


@dataclass(frozen=True, slots=True)
class ExperimentUnits:
    """The unit of each customer.

    Attributes
    ----------
    names : list
        Names of the units (m,).
    of_row : int array (n,)
        The unit of each customer.
    """

    names: list[Any]
    of_row: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.names)

    def total(self, values: Array) -> Array:
        """Return the sum of customers' values in each unit (m,)."""
        return np.bincount(self.of_row, values, minlength=len(self)).astype(float)

    def sums(self, table: CustomerTable, names: Sequence[str]) -> Array:
        """Return the sums of columns of numbers in each unit (m, p)."""
        return np.column_stack([np.zeros((len(self), 0)), *(self.total(check_outcome(table, name)) for name in names)])

    def one(self, texts: npt.NDArray[np.object_], table: CustomerTable, column: str) -> npt.NDArray[np.object_]:
        """Return the value shared by all customers of each unit (m,); raise an InvalidTable if they differ."""
        result = np.empty(len(self), dtype=object)
        result[self.of_row[::-1]] = texts[::-1]
        differs = result[self.of_row] != texts
        table.refuse(differs, f"another {column!r} than others of their unit", " A unit needs one value.")
        return result


def units_of(table: CustomerTable, unit: str | None) -> ExperimentUnits:
    """Return the units of a table: the customers, or the values of a column."""
    if unit is None:
        return ExperimentUnits(table.customer_id.to_list(), np.arange(len(table)))
    texts = table.texts(unit)
    table.refuse(np.array([text is None for text in texts]), f"no {unit!r}", " Fill it in, such as with customer_id.")
    names, of_row = np.unique(texts.astype(str), return_inverse=True)
    return ExperimentUnits(names.tolist(), of_row)


def check_share(name: str, value: Any) -> float:
    """Return a share between 0 and 1, exclusive; raise an InvalidOption for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise InvalidOption(f"{name}={value!r} must be a share between 0 and 1, such as 0.5.")
    return float(value)


def check_outcome(table: CustomerTable, name: str) -> Array:
    """Return a column of numbers (n,); raise an InvalidTable if any is missing."""
    values = table.numbers(name)
    table.refuse(np.isnan(values), f"no {name!r}", " Fill it in: 0 for customers who bought nothing.")
    return values


def columns_of(names: Any, argument: str) -> tuple[str, ...]:
    """Return the names of the columns that an argument lists; it may be a single name."""
    listed = (names,) if isinstance(names, str) else tuple(names)
    if any(not isinstance(name, str) for name in listed):
        raise InvalidOption(f"{argument}={names!r} must be the names of columns.")
    if len(set(listed)) < len(listed):
        raise InvalidTable(f"{argument}={names!r} names a column twice.")
    return listed


def clip(values: Array, quantile: float | None) -> Array:
    """Return values, with those above a quantile set to it."""
    if quantile is None:
        return values
    check_share("winsorize", quantile)
    return np.minimum(values, np.quantile(values, quantile))


def one_unit_dominates(outcome: Array, names: Sequence[Any]) -> Findings:
    """Return a caution if one unit accounts for much of the variance of an outcome, such as an order canceled later."""
    squares = (outcome - outcome.mean()) ** 2
    total = float(np.sum(np.sort(squares)))
    largest = int(np.argmax(squares))
    share = float(squares[largest]) / total if total > 0 else 0.0
    if share <= MOST_OF_ONE or len(outcome) < FEWEST_FOR_ONE:
        return ()
    figures = {"unit": str(names[largest]), "share": share, "outcome": float(outcome[largest])}
    return (Finding("experiment-one-unit", figures, "caution"),)
