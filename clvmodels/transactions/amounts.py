"""Add up money without rounding, in the engine or in numpy, so that no sum depends on the order of the rows."""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

__all__ = ["AMOUNT_UNIT", "Floats", "add_amounts", "exact_amount", "exact_units", "money", "round_once"]

AMOUNT_UNIT = 2.0**-60  # amounts are whole multiples of this

Floats = npt.NDArray[np.float64]


def exact_amount(amount: nw.Expr) -> nw.Expr:
    """Return amounts in whole multiples of AMOUNT_UNIT, which the engine adds up as integers."""
    return (amount / AMOUNT_UNIT).round().cast(nw.Int128)


def money(sums: nw.Series[Any]) -> Floats:
    """Convert sums in whole multiples of AMOUNT_UNIT to money."""
    return sums.cast(nw.Float64).to_numpy() * AMOUNT_UNIT


def exact_units(largest: float, most: int) -> list[float]:
    """Return powers of two, the last of which is AMOUNT_UNIT; amounts are split into multiples of each in turn.

    Parameters
    ----------
    largest : float
        The largest amount.
    most : int
        The number of multiples of one unit that must add up without rounding.
    """
    units = []
    while largest > 0:
        unit = 2.0 ** (math.ceil(math.log2(largest * most)) - 52)
        if unit <= AMOUNT_UNIT:
            break
        units.append(unit)
        largest = 0.5 * unit
    return [*units, AMOUNT_UNIT]


def add_amounts(sums: Floats, units: list[float], codes: npt.NDArray[np.integer[Any]], amounts: Floats) -> None:
    """Add amounts (rows,) to sums (units, groups) in multiples of every unit; codes (rows,) give the group."""
    for unit, total in zip(units, sums, strict=True):
        part = amounts * (1 / unit)  # exact, as powers of two are
        np.rint(part, out=part)
        part *= unit
        total += np.bincount(codes, part, minlength=len(total))
        amounts = amounts - part


def round_once(sums: Floats) -> Floats:
    """Return the sums over the units (groups,), each rounded once; `math.fsum` adds more than two units."""
    if len(sums) > 2:
        return np.fromiter(map(math.fsum, sums.T), dtype=np.float64, count=sums.shape[1])
    total: Floats = sums.sum(axis=0)
    return total
