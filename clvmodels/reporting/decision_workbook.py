"""A workbook for customer teams: tiers, segments, lists and actions, with formulas that recompute every total."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clvmodels import files
from clvmodels.decisions.acting.action_lists import ActionLists
from clvmodels.decisions.acting.cross_selling import CrossSelling
from clvmodels.decisions.acting.growth_list import GrowthList
from clvmodels.decisions.playbook.plan_actions import ActionPlan
from clvmodels.decisions.segmenting.segments import Segmentation
from clvmodels.decisions.tiering.tiers import Tiers
from clvmodels.errors import InvalidOption

__all__ = ["MOST_ROWS", "Decision", "title_faults", "write_decision_workbook"]

Decision = Tiers | Segmentation | ActionLists | GrowthList | CrossSelling | ActionPlan
SUMMARY = "Summary"
MOST_ROWS = 1_048_575  # of a sheet below its header
LONGEST_TITLE = 31  # characters of a sheet's title
NOT_IN_TITLES = frozenset("[]:*?/\\'")
SUMMED = ("value", "cost", "assumed_gain", "money_at_stake")  # columns of summaries that are sums over customers


def write_decision_workbook(path: str | Path, decisions: Mapping[str, Decision]) -> None:
    """Write tiers, segments, lists and actions as a workbook with one sheet each, whose totals recalculate.

    Each sheet has one row per customer. The sheet "Summary" has the summary of each, in which customers and sums of
    money are formulas over its sheet: they change with its rows.

    Parameters
    ----------
    path : str or Path
        Ends in .xlsx.
    decisions : mapping of str to result
        By title of the sheet, the results of `tiers`, `rfm_segments`, `stages`, `action_lists`, `growth_list`,
        `cross_selling`, `plan_actions` and other functions that return these types.

    Raises
    ------
    InvalidOption
        If xlsxwriter is not installed, there is nothing to write, a title or a result is invalid, or there are more
        customers than a sheet has rows.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> tiers = clv.tiers(clv.lifetime_value(*models, rfm, **terms))
    >>> clv.write_decision_workbook("decisions.xlsx", {"Tiers": tiers, "Stages": clv.stages(models[0], rfm)})
    """
    _check(Path(path), decisions)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": False}
    with files.replacing_workbook(Path(path), options) as book:
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        summary, row = book.add_worksheet(SUMMARY), 0
        for title, decision in decisions.items():
            _write_rows(book.add_worksheet(title), bold, decision)
            row = _write_summary(summary, bold, money, row, title, decision)
        summary.set_column(0, 0, 24)


def _check(path: Path, decisions: Any) -> None:
    """Raise an InvalidOption if there is nothing to write, or a result that cannot be written."""
    if path.suffix != ".xlsx":
        raise InvalidOption(f"A workbook is written as .xlsx, not as {path.suffix!r}: use this extension.")
    if not isinstance(decisions, Mapping) or not decisions:
        raise InvalidOption("decisions= must be results by title of their sheet, such as {'Tiers': tiers(...)}.")
    faults = []
    for title, decision in decisions.items():
        faults += title_faults(title, (SUMMARY.lower(),))
        if not isinstance(decision, Decision):
            faults.append(f"{title!r} is {type(decision).__name__}: pass what tiers, stages or action_lists return")
        elif len(decision.columns["customer_id"]) > MOST_ROWS:
            faults.append(f"{title!r} has more than {MOST_ROWS:,} customers: write its frame as Parquet")
    if faults:
        raise InvalidOption("; ".join(faults) + ".")


def title_faults(title: Any, taken: Collection[str]) -> list[str]:
    """Return the fault of a title in a list, or an empty list; titles that are taken are in lower case."""
    is_title = isinstance(title, str) and 0 < len(title.strip()) == len(title) <= LONGEST_TITLE
    if is_title and not NOT_IN_TITLES & {*title} and title.lower() not in taken:
        return []
    return [f"{title!r} cannot be the title of a sheet: use up to {LONGEST_TITLE} letters and digits"]


def _write_rows(sheet: Any, bold: Any, decision: Decision) -> None:
    """Write one row per customer; text is never a formula, and missing cells are empty."""
    for place, (name, values) in enumerate(decision.columns.items()):
        sheet.write_string(0, place, name, bold)
        for row, value in enumerate(values.to_list() if hasattr(values, "to_list") else values, start=1):
            _write_cell(sheet, row, place, value)
    sheet.freeze_panes(1, 1)


def _write_cell(sheet: Any, row: int, place: int, value: Any) -> None:
    if value is None or value != value:
        return
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if is_number and math.isfinite(value):
        sheet.write_number(row, place, float(value))
    else:
        sheet.write_string(row, place, str(value))


def _write_summary(sheet: Any, bold: Any, money: Any, first: int, title: str, decision: Decision) -> int:
    """Write the summary of a sheet below a row of the summary, and return the row for the next."""
    sheet.write_string(first, 0, title, bold)
    table, ranges = decision.summary, _ranges(title, decision)
    columns = {str(name): table[name].tolist() for name in table}
    places = {name: place for place, name in enumerate(columns)}
    for name, place in places.items():
        sheet.write_string(first + 1, place, name, bold)
    keys = [name for name in columns if name in ranges and not pd.api.types.is_numeric_dtype(table[name])]
    for number in range(len(table)):
        row = first + 2 + number
        matching = "".join(f"*EXACT({ranges[name]},{_cell_of(row, places[name])})" for name in keys)
        for name, place in places.items():
            value, formula = columns[name][number], _formula(name, matching, ranges)
            if formula is None:
                _write_cell(sheet, row, place, value)
            else:
                sheet.write_formula(row, place, formula, money if name in SUMMED else None, float(value))
    return first + len(table) + 3


def _formula(name: str, matching: str, ranges: Mapping[str, str]) -> str | None:
    """Return the formula of a cell of a summary, or None if it is not a count or a sum over the rows of a sheet."""
    if name == "customers":
        return f"=SUMPRODUCT(1{matching})" if matching else f"=ROWS({ranges['customer_id']})"
    if name in SUMMED and name in ranges:
        return f"=SUMPRODUCT(1{matching},{ranges[name]})" if matching else f"=SUM({ranges[name]})"
    return None


def _cell_of(row: int, place: int) -> str:
    """Return a cell of a summary in the notation of formulas."""
    return f"${_letters(place)}{row + 1}"


def _letters(place: int) -> str:
    """Return the letters of a column, from 0."""
    return chr(65 + place) if place < 26 else _letters(place // 26 - 1) + chr(65 + place % 26)


def _ranges(title: str, decision: Decision) -> dict[str, str]:
    """Return the ranges of the columns of a sheet, by the names that its summary uses for them."""
    last = max(len(decision.columns["customer_id"]), 1) + 1
    ranges = {
        name: f"'{title}'!${_letters(place)}$2:${_letters(place)}${last}" for place, name in enumerate(decision.columns)
    }
    if isinstance(decision, Tiers):
        ranges |= {"tier": ranges["tier_assigned"], "value": ranges[decision.value_column]}
    return ranges
