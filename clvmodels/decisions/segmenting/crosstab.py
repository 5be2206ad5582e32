"""Customers by value, behavior and an attribute: counts, value, share and P(alive) of every cell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import displays, frames
from clvmodels.decisions.customer_table import CustomerTable, read_customer_table
from clvmodels.decisions.quotients import quotient
from clvmodels.errors import InvalidOption, InvalidTable
from clvmodels.language import Finding, Findings

__all__ = ["SegmentCrosstab", "segment_crosstab"]

MOST_VALUES = 50  # different values of a column to group customers by
HIDDEN = ("customers", "share_of_customers", "value", "share_of_value", "probability_alive")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SegmentCrosstab(displays.Display):
    """Customers by up to three columns.

    Attributes
    ----------
    table : DataFrame
        One row per combination, also empty ones: the columns, customers, share_of_customers, value, share_of_value,
        probability_alive (the mean; missing in empty cells, or without such a column) and suppressed. All figures of a
        suppressed cell are missing.
    by : tuple of str
        The columns.
    findings : tuple of Finding

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> rows = {"customer_id": [1, 2, 3], "tier": ["A", "A", "B"], "stage": ["new", "new", "old"], "worth": [5, 3, 2]}
    >>> view = clv.segment_crosstab(pd.DataFrame(rows), by=["tier", "stage"], value="worth")
    >>> print(view.table[["tier", "stage", "customers", "share_of_value"]].to_string(index=False))
    tier stage  customers  share_of_value
       A   new          2             0.8
       A   old          0             0.0
       B   new          0             0.0
       B   old          1             0.2
    """

    shown_table: ClassVar[str] = "table"
    table: pd.DataFrame
    by: tuple[str, ...]
    findings: Findings

    def frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def plot(self, **options: Any) -> Any:
        """Draw each cell's share of the value with its number of customers; see `clvmodels.plots.segment_cells`."""
        names = dict(zip(self.by, ("group", "behavior", "attribute"), strict=False))
        return displays.draw("segment_cells", self.table.rename(columns=names), **options)


def segment_crosstab(
    customers: frames.Frame | str | Path,
    *,
    by: tuple[str, ...] | list[str],
    value: str = "lifetime_value",
    alive: str | None = None,
    suppress_below: int | None = None,
) -> SegmentCrosstab:
    """Count customers and add up their value by value, behavior and an attribute.

    Parameters
    ----------
    customers : frame or path
        One row per customer: customer_id, the value, and the columns of `by`.
    by : sequence of str
        One to three columns of text, such as a tier, a stage and the country. Customers without one are a group of
        their own, "missing".
    value : str, default="lifetime_value"
        Column of the value, in money; missing values count as 0.
    alive : str, optional
        Column of P(alive).
    suppress_below : int, optional
        Cells with fewer customers, but at least one, have no figures. If a group had a single such cell, its figures
        would follow from the group's total, so the next smallest cell has none either.

    Returns
    -------
    SegmentCrosstab

    Raises
    ------
    InvalidTable
        If the table is invalid, or lacks a column.
    InvalidOption
        For options out of range, or a column with more than 50 different values.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> model = clv.MBGNBD().fit(rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> tiers = clv.tiers(clv.lifetime_value(model, clv.GammaGamma().fit(rfm), rfm, **terms)).frame()
    >>> customers = tiers.merge(clv.stages(model, rfm).frame(), on="customer_id")
    >>> view = clv.segment_crosstab(customers, by=["tier_today", "stage"], alive="probability_alive", suppress_below=10)
    >>> bool((view.table["customers"].dropna() != 1).all())
    True
    """
    table = read_customer_table(customers, "customers")
    _check(by, suppress_below, table)
    groups = [_groups(table, name) for name in by]
    shape = tuple(len(names) for names, _ in groups)
    cell = np.ravel_multi_index([position for _, position in groups], shape)
    amounts = np.nan_to_num(table.numbers(value))
    count = np.bincount(cell, minlength=int(np.prod(shape)))
    order = np.argsort(amounts, kind="stable")  # so that sums do not depend on the order of rows
    worth = np.bincount(cell[order], amounts[order], minlength=len(count))
    hidden = (
        np.zeros(shape, dtype=bool) if suppress_below is None else small_cells(count.reshape(shape), suppress_below)
    )
    places = np.unravel_index(np.arange(len(count)), shape)
    result = pd.DataFrame({name: groups[axis][0][places[axis]] for axis, name in enumerate(by)})
    total = float(worth.sum())
    result["customers"], result["share_of_customers"] = count, count / count.sum()
    result["value"], result["share_of_value"] = worth, worth / total if total else np.nan
    result["probability_alive"] = _mean_alive(table, alive, cell, count)
    result["suppressed"] = hidden.ravel()
    if suppress_below is not None:
        result[list(HIDDEN)] = result[list(HIDDEN)].mask(result["suppressed"])
    return SegmentCrosstab(result, tuple(by), _findings(count, hidden, suppress_below))


def _check(by: Any, suppress_below: Any, table: CustomerTable) -> None:
    """Raise an InvalidOption unless the options are valid."""
    faults = []
    if isinstance(by, str) or not isinstance(by, (list, tuple)) or not 1 <= len(by) <= 3 or len({*by}) < len(by):
        faults.append(f"by={by!r} must be a list of one to three different columns.")
    elif {*by} & {"customer_id", *HIDDEN, "suppressed"}:
        faults.append(f"by={by!r} has the name of a figure of the table: rename the column.")
    if suppress_below is not None and (not isinstance(suppress_below, int) or suppress_below < 2):
        faults.append(f"suppress_below={suppress_below!r} must be a whole number of customers, at least 2.")
    if faults:
        raise InvalidOption(" ".join(faults))
    for name in by:
        different = {*table.texts(name)}
        if len(different) > MOST_VALUES:
            raise InvalidOption(
                f"The column {name!r} has {len(different):,} different values, more than {MOST_VALUES}: group them."
            )


def _groups(table: CustomerTable, name: str) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.intp]]:
    """Return the different values of a column in alphabetical order, and each customer's position among them, (n,)."""
    texts = np.array(["missing" if text is None else text for text in table.texts(name)], dtype=str)
    names, position = np.unique(texts, return_inverse=True)
    return names.astype(object), position.astype(np.intp)


def _mean_alive(
    table: CustomerTable, alive: str | None, cell: npt.NDArray[np.intp], count: npt.NDArray[np.intp]
) -> Any:
    """Return the mean P(alive) of each cell, over the customers who have one, NaN if there are none."""
    if alive is None:
        return np.full(len(count), np.nan)
    chance = table.numbers(alive)
    if np.nanmin(chance, initial=0) < 0 or np.nanmax(chance, initial=0) > 1:
        raise InvalidTable(f"Column {alive!r} of customers= must have probabilities between 0 and 1.")
    has_chance = ~np.isnan(chance)
    size = np.bincount(cell[has_chance], minlength=len(count))
    total = np.bincount(cell[has_chance], chance[has_chance], minlength=len(count))
    return quotient(total, size)


def small_cells(count: npt.NDArray[np.intp], least: int) -> npt.NDArray[np.bool_]:
    """Return a mask of cells to suppress: small ones, and others where a group's total would reveal a single one."""
    hidden: npt.NDArray[np.bool_] = (count > 0) & (count < least)
    added = True
    while added:
        added = False
        for axis in range(count.ndim):
            for place in range(count.shape[axis]):
                group = np.moveaxis(hidden, axis, 0)[place]
                open_cells = np.where(~group & (np.moveaxis(count, axis, 0)[place] > 0))
                if group.sum() == 1 and len(open_cells[0]):
                    sizes = np.moveaxis(count, axis, 0)[place][open_cells]
                    group[tuple(each[np.argmin(sizes)] for each in open_cells)] = True
                    added = True
    return hidden


def _findings(count: npt.NDArray[np.intp], hidden: npt.NDArray[np.bool_], least: int | None) -> Findings:
    """Return findings on the number of cells with customers and of suppressed ones."""
    figures = {"customers": int(count.sum()), "cells": int(np.sum(count > 0)), "empty": int(np.sum(count == 0))}
    findings = [Finding("crosstab-made", figures)]
    if least is not None and hidden.any():
        cells = {"cells": int(hidden.sum()), "customers": int(count[hidden.ravel()].sum()), "least": least}
        findings.append(Finding("crosstab-suppressed", cells))
    return tuple(findings)
