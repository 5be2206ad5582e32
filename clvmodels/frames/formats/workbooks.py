"""Read a sheet of a workbook of Excel or OpenDocument: found by its columns, below any other rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from clvmodels.errors import InvalidOption, InvalidTransactions, closest, list_names
from clvmodels.frames.formats.layout import Layout, TextRow, find_header
from clvmodels.frames.formats.opened_file import FileOptions, OpenedFile
from clvmodels.frames.formats.text_values import LoadedTable, to_text

__all__ = ["read_workbook"]

FIRST_ROWS = 60


def read_workbook(path: Path, name: str, needed: Sequence[str], options: FileOptions) -> LoadedTable:
    """Return the rows of a sheet, dates as dates and everything else as text.

    The sheet is the one that the user named or, of several, the one that has a row with all needed names.

    Raises
    ------
    InvalidOption
        If the package that reads workbooks is not installed, or there is no such sheet.
    InvalidTransactions
        If the file cannot be read, or no sheet or several have the columns.
    """
    workbook = _open(path, name)
    sheets = list(workbook.sheet_names)
    if options.sheet is not None and options.sheet not in sheets:
        raise InvalidOption(
            f"{name!r} has no sheet {options.sheet!r}; its sheets are {', '.join(map(repr, sheets))}."
            f"{closest(options.sheet, sheets)}"
        )
    searched = [options.sheet] if options.sheet else sheets
    sheet, header_row = searched[0], 0
    rows = _under_first_row(workbook, sheet, needed) if len(searched) == 1 else None
    if rows is None:
        first_rows = {each: _first_rows(workbook, each) for each in searched}
        layout = _only_sheet(find_header(first_rows, needed), searched, needed, name)
        for column in needed:
            if sum(column == header.strip() for header in layout.names) > 1:
                raise InvalidTransactions(f"Column {column!r} appears twice in {name!r}; rename one.")
        sheet, header_row = layout.delimiter, layout.skipped
        rows = _rows(workbook, sheet, header_row)
    rows = rows.filter(~pl.all_horizontal(pl.all().is_null()))
    table, numeric = to_text(rows)
    opened = OpenedFile(
        path=path,
        format="Excel",
        columns=tuple(table.columns),
        decimal=options.decimal,
        sheet=sheet if len(sheets) > 1 else None,
        header_row=header_row + 1,
        options=options,
    )
    return LoadedTable(table.lazy(), opened, numeric)


def _open(path: Path, name: str) -> Any:
    try:
        import fastexcel
    except ImportError:
        raise InvalidOption(
            f"{name!r} is a workbook: install a reader with pip install 'clvmodels[excel]', or save the sheet as CSV."
        ) from None
    try:
        return fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise InvalidTransactions(
            f"{name!r} cannot be read as a workbook: {next(iter(str(error).splitlines()))}."
        ) from None


def _rows(workbook: Any, sheet: str, header_row: int) -> pl.DataFrame:
    """Return the rows of a sheet below its header, with their common types."""
    rows: pl.DataFrame = workbook.load_sheet(sheet, header_row=header_row, schema_sample_rows=None).to_polars()
    return rows


def _under_first_row(workbook: Any, sheet: str, needed: Sequence[str]) -> pl.DataFrame | None:
    """Return the rows of a sheet whose first row has every needed name exactly once; None for any other sheet.

    Even reading only the first rows loads the whole sheet, so this saves half of the time.
    """
    try:
        rows = _rows(workbook, sheet, 0)
    except Exception:  # noqa: BLE001  # an empty sheet, or a sheet of charts
        return None
    names = [name.strip() for name in rows.columns]
    again = {re.sub(r"_\d+$", "", name) for name in names if name not in needed}  # a second "day" is read as "day_1"
    return rows if needed and all(names.count(name) == 1 and name not in again for name in needed) else None


def _first_rows(workbook: Any, sheet: str) -> list[TextRow]:
    """Return the first rows of a sheet as text, without blank ones."""
    try:
        rows = workbook.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=FIRST_ROWS, dtypes="string").to_polars()
    except Exception:  # noqa: BLE001  # an empty sheet, or a sheet of charts
        return []
    records = []
    for number, row in enumerate(rows.iter_rows()):
        fields = ["" if cell is None else str(cell).strip() for cell in row]
        while fields and not fields[-1]:
            fields.pop()
        if any(fields):
            records.append(TextRow(number, tuple(fields)))
    return records


def _only_sheet(layouts: list[Layout], sheets: list[str], needed: Sequence[str], name: str) -> Layout:
    """Return the only sheet with a table, and its header."""
    if len(layouts) == 1:
        return layouts[0]
    if not layouts:
        raise InvalidTransactions(f"{name!r} has no table in {', '.join(map(repr, sheets))}.")
    if needed and all(layout.has(needed) for layout in layouts):
        sheets_with = ", ".join(repr(layout.delimiter) for layout in layouts)
        raise InvalidTransactions(
            f"{len(layouts)} sheets of {name!r} have the columns {', '.join(map(repr, needed))}: {sheets_with}. "
            "Pass one with sheet=, or save them as files of one folder to read them together."
        )
    tables = "; ".join(f"{each.delimiter!r} has {list_names(each.names)}" for each in layouts[:5])
    if needed:
        wanted = ", ".join(map(repr, needed))
        raise InvalidTransactions(f"No sheet of {name!r} has the columns {wanted}: {tables}.")
    raise InvalidTransactions(f"{name!r} has several tables: {tables}. Pass one with sheet=.")
