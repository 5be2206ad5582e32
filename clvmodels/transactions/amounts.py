"""Money added up without rounding, so that no sum depends on the order of the rows: by the engine, or by numpy."""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

__all__ = ["AMOUNT_UNIT", "added_up", "exact_amount", "exact_units", "money", "rounded_once"]

AMOUNT_UNIT = 2.0**-60  # amounts are whole multiples of this

Floats = npt.NDArray[np.float64]


def exact_amount(amount: nw.Expr) -> nw.Expr:
    """Amounts in whole multiples of AMOUNT_UNIT, which the engine adds up as integers."""
    return (amount / AMOUNT_UNIT).round().cast(nw.Int128)


def money(sums: nw.Series[Any]) -> Floats:
    """Sums of amounts, in whole multiples of AMOUNT_UNIT, as money."""
    return sums.cast(nw.Float64).to_numpy() * AMOUNT_UNIT


def exact_units(largest: float, most: int) -> list[float]:
    """Powers of two into whose multiples amounts are taken apart, one after another, the last AMOUNT_UNIT.

    Parameters
    ----------
    largest : float
        No amount is larger.
    most : int
        So many multiples of one unit add up without rounding.
    """
    units = []
    while largest > 0:
        unit = 2.0 ** (math.ceil(math.log2(largest * most)) - 52)
        if unit <= AMOUNT_UNIT:
            break
        units.append(unit)
        largest = 0.5 * unit
    return [*units, AMOUNT_UNIT]


def added_up(sums: Floats, units: list[float], codes: npt.NDArray[np.integer[Any]], amounts: Floats) -> None:
    """Add amounts (rows,) into sums (units, groups), by their multiples of every unit; codes (rows,) name the group."""
    for unit, total in zip(units, sums, strict=True):
        part = amounts * (1 / unit)  # exact, as powers of two are
        np.rint(part, out=part)
        part *= unit
        total += np.bincount(codes, part, minlength=len(total))
        amounts = amounts - part


def rounded_once(sums: Floats) -> Floats:
    """What those sums come to, (groups,): of two numbers, an addition; of more, what `math.fsum` is for."""
    if len(sums) > 2:
        return np.fromiter(map(math.fsum, sums.T), dtype=np.float64, count=sums.shape[1])
    total: Floats = sums.sum(axis=0)
    return total
