"""A workbook for controllers: values of customers and a cash flow, with formulas that recompute every total."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import files
from clvmodels.errors import InvalidOption
from clvmodels.reporting.decision_workbook import MOST_ROWS, title_faults
from clvmodels.valuation.money_table import MoneyTable

__all__ = ["write_value_workbook"]

MARGIN_CELL = "Inputs!$B$2"
FIELDS = re.compile(r"\{(\w+)\}")
OWN_SHEETS = ("summary", "inputs", "customers", "cash flow")
FORMULAS = {  # formulas of columns that are computed from others of their row
    "value_at_acquisition": "{value_to_date}+{expected_value}",
    "cac": "{acquisition_cost}/{customers}",
    "break_even_cac": "{value_at_acquisition}/{customers}",
    "clv_to_cac": "{value_at_acquisition}/{acquisition_cost}",
    "roi": "({value_at_acquisition}-{acquisition_cost})/{acquisition_cost}",
    "distance": "{current}-{target}",
    "relative": "({current}-{target})/{target}",
    "revenue": "{existing}+{new}",
}
FLOW_LINES = ("orders", "revenue", "margin", "order_cost", "period_cost", "marketing_cost", "net_cash_flow")


def write_value_workbook(
    path: str | Path,
    value: MoneyTable,
    cash_flow: MoneyTable | None = None,
    tables: Mapping[str, Any] | None = None,
) -> None:
    """Write values of customers, and optionally their cash flow, as a workbook that recalculates.

    The sheet "Customers" has one row per customer, whose margin and value are formulas of the margin on the sheet
    "Inputs"; the sheet "Summary" adds them up, counts negative values and compares them with the cash flow. All totals
    follow a change of the margin.

    Parameters
    ----------
    path : str or Path
        Ends in .xlsx.
    value : MoneyTable
        `remaining_value` with one row per customer.
    cash_flow : MoneyTable, optional
        `remaining_value(..., by_period=)` of the same customers and terms.
    tables : mapping of str to result or frame, optional
        More sheets, by title: unit economics, the trend table, the board of key figures, a revenue forecast, an equity
        bridge, tables of an audit, or any frame. Ratios and distances are formulas of their row: change a cost, a count
        or a target, and they are recomputed.

    Raises
    ------
    InvalidOption
        If xlsxwriter is not installed, the tables are of another kind, the currencies differ, the margin is 0, there
        are more customers than a sheet has rows, or a title is invalid.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> value = clv.remaining_value(*models, rfm, **terms)
    >>> drivers = clv.elasticities(*models, rfm, **terms)
    >>> clv.write_value_workbook("value.xlsx", value, tables={"What if": drivers})
    """
    more = {} if tables is None else _more_tables(tables, value.currency)
    margin = _check(Path(path), value, cash_flow)
    with files.replacing_workbook(Path(path)) as book:
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        summary = book.add_worksheet("Summary")
        _write_inputs(book.add_worksheet("Inputs"), bold, value, margin)
        rows = _write_customers(book.add_worksheet("Customers"), bold, money, value, margin)
        periods = 0
        if cash_flow is not None:
            periods = _write_cash_flow(book.add_worksheet("Cash flow"), bold, money, cash_flow)
        _write_summary(summary, bold, money, value, rows, cash_flow, periods)
        for title, table in more.items():
            _write_table(book.add_worksheet(title), bold, table)


def _check(path: Path, value: MoneyTable, cash_flow: MoneyTable | None) -> float:
    """Return the margin of the tables; raise an InvalidOption if they cannot be written as a workbook."""
    if path.suffix != ".xlsx":
        raise InvalidOption(f"A workbook is written as .xlsx, not as {path.suffix!r}: use this extension.")
    if value.quantity != "remaining_value" or "customer_id" not in value.columns:
        raise InvalidOption("The workbook needs remaining_value with one row per customer, without by= and by_period=.")
    if cash_flow is not None and "period" not in cash_flow.columns:
        raise InvalidOption("The cash flow of a workbook is remaining_value with by_period=.")
    if cash_flow is not None and cash_flow.currency != value.currency:
        raise InvalidOption(
            f"The values are in {value.currency}, but the cash flow is in {cash_flow.currency}: use one currency."
        )
    if len(value.columns["remaining_value"]) > MOST_ROWS:
        raise InvalidOption(f"A sheet has {MOST_ROWS:,} rows at most: write fewer customers, or the frame as Parquet.")
    terms = next(finding.figures["terms"] for finding in value.findings if finding.code == "money-terms")
    margin = float(terms.figures["margin"])
    if margin == 0:
        raise InvalidOption("A workbook cannot recompute revenue from a margin of 0: pass values with another margin.")
    return margin


def _write_inputs(sheet: Any, bold: Any, value: MoneyTable, margin: float) -> None:
    sheet.write_row(0, 0, ["input", "value"], bold)
    sheet.write_row(1, 0, ["margin", margin])
    sheet.write_row(2, 0, ["currency", value.currency or ""])
    for row, finding in enumerate(value.findings, start=4):
        sheet.write_string(row, 0, finding.text)


def _write_customers(sheet: Any, bold: Any, money: Any, value: MoneyTable, margin: float) -> int:
    """Write one row per customer with a value, and return their number."""
    sheet.write_row(0, 0, ["customer_id", "revenue (discounted)", "margin", "costs", "remaining_value"], bold)
    exists = np.flatnonzero(~np.isnan(value.columns["remaining_value"]))
    ids = value.columns["customer_id"].to_list()
    margins, costs = value.columns["margin"], value.columns["costs"]
    for row, i in enumerate(exists, start=1):
        sheet.write_string(row, 0, str(ids[i]))  # never a formula
        sheet.write_number(row, 1, margins[i] / margin, money)
        sheet.write_formula(row, 2, f"=B{row + 1}*{MARGIN_CELL}", money, margins[i])
        sheet.write_number(row, 3, costs[i], money)
        sheet.write_formula(row, 4, f"=C{row + 1}-D{row + 1}", money, margins[i] - costs[i])
    return len(exists)


def _write_cash_flow(sheet: Any, bold: Any, money: Any, flow: MoneyTable) -> int:
    """Write one row per period, and return their number."""
    sheet.write_row(0, 0, ["period", "partial", *FLOW_LINES, "remaining_value"], bold)
    columns = flow.columns
    for i, period in enumerate(columns["period"]):
        row = i + 1
        sheet.write_string(row, 0, str(period))
        sheet.write_string(row, 1, "yes" if columns["partial"][i] else "no")
        for place, line in enumerate(FLOW_LINES, start=2):
            sheet.write_number(row, place, columns[line][i], money)
        sheet.write_formula(row, 4, f"=D{row + 1}*{MARGIN_CELL}", money, columns["margin"][i])
        cell = f"=E{row + 1}-F{row + 1}-G{row + 1}-H{row + 1}"
        sheet.write_formula(row, 8, cell, money, columns["net_cash_flow"][i])
        sheet.write_number(row, 9, columns["remaining_value"][i], money)
    return len(columns["period"])


def _write_summary(
    sheet: Any, bold: Any, money: Any, value: MoneyTable, rows: int, flow: MoneyTable | None, periods: int
) -> None:
    values = value.columns["remaining_value"]
    negative = values[values < 0]
    cells = f"Customers!E2:E{rows + 1}"
    lines: list[tuple[str, str, float]] = [
        ("customers", f"=COUNT({cells})", rows),
        ("remaining_value", f"=SUM({cells})", value.total),
        ("negative values", f'=COUNTIF({cells},"<0")', len(negative)),
        ("sum of negative values", f'=SUMIF({cells},"<0")', float(negative.sum())),
    ]
    if flow is not None:
        net = float(np.sum(flow.columns["net_cash_flow"]))
        lines.append(("net cash flow, not discounted", f"=SUM('Cash flow'!I2:I{periods + 1})", net))
        lines.append(
            ("cash flow, discounted, at the margin written", f"=SUM('Cash flow'!J2:J{periods + 1})", flow.total)
        )
    sheet.write_row(0, 0, ["total", value.currency or "amount"], bold)
    for row, (name, formula, result) in enumerate(lines, start=1):
        sheet.write_string(row, 0, name)
        sheet.write_formula(row, 1, formula, money, result)
    sheet.set_column(0, 0, 44)


def _more_tables(tables: Any, currency: str | None) -> dict[str, nw.DataFrame[Any]]:
    """Return the tables of more sheets; raise an InvalidOption if one is invalid or in another currency."""
    if not isinstance(tables, Mapping):
        raise InvalidOption("tables= must be results or frames by title of their sheet, such as {'Trend': trend}.")
    faults: list[str] = []
    frames_of = {}
    for title, result in tables.items():
        faults += title_faults(title, OWN_SHEETS)
        own = getattr(result, "currency", None)
        if own is not None and own != currency:
            faults.append(f"{title!r} is in {own}, the values in {currency or 'an unnamed currency'}")
        try:
            frames_of[title] = nw.from_native(result.frame() if hasattr(result, "frame") else result, eager_only=True)
        except TypeError:
            faults.append(f"{title!r} is {type(result).__name__}: pass a result with frame(), or a frame")
            continue
        if len(frames_of[title]) > MOST_ROWS:
            faults.append(f"{title!r} has more than {MOST_ROWS:,} rows: write its frame as Parquet")
    if faults:
        raise InvalidOption("; ".join(faults) + ".")
    return frames_of


def _write_table(sheet: Any, bold: Any, table: nw.DataFrame[Any]) -> None:
    """Write a table in which ratios and distances are formulas of their row and missing cells are empty."""
    names = table.columns
    letters = {name: chr(65 + place) for place, name in enumerate(names[:26])}
    for place, name in enumerate(names):
        sheet.write_string(0, place, name, bold)
        formula = FORMULAS.get(name)
        computed = formula is not None and all(field in letters for field in FIELDS.findall(formula))
        for row, value in enumerate(table[name].to_list(), start=1):
            if value is None or value != value:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                sheet.write_string(row, place, str(value))
            elif computed and formula is not None:
                cells = {field: f"{letter}{row + 1}" for field, letter in letters.items()}
                sheet.write_formula(row, place, "=" + formula.format(**cells), None, float(value))
            else:
                sheet.write_number(row, place, float(value))
    sheet.freeze_panes(1, 1)
