"""The numbers of a report as a workbook: its first screen, tiers, lists, and all findings with their figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clvmodels import files
from clvmodels.files import plain
from clvmodels.language import message, written_in
from clvmodels.reporting.acting.customer_decisions import LISTS

__all__ = ["write_report_workbook"]

WIDTHS = (34, 22, 22, 22, 60)  # widths of columns, in characters
SEPARATOR = " "


def write_report_workbook(report: Any, path: Path) -> None:
    """Write the first screen, what to do and the findings of a report as sheets, in the language of the report.

    Parameters
    ----------
    report : Report
    path : Path
        Ends in .xlsx.

    Raises
    ------
    InvalidOption
        If xlsxwriter is not installed.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with written_in(report.language), files.replacing_workbook(path, options) as book:
        bold = book.add_format({"bold": True})
        for title, headings, rows in _sheets(report):
            sheet = book.add_worksheet(title)
            for column, width in enumerate(WIDTHS):
                sheet.set_column(column, column, width)
            for number, row in enumerate([headings, *rows]):
                for column, value in enumerate(row):
                    sheet.write(number, column, value, *([] if number else [bold]))
            sheet.freeze_panes(1, 0)


Rows = list[list[Any]]


def _sheets(report: Any) -> list[tuple[str, list[str], Rows]]:
    """Return title, headings and rows of each sheet."""
    sheets = [(message("page-glance"), _headings("what", "number", "lower", "upper", "text"), _glance(report))]
    of_purchases = report.decisions is not None and report.decisions.quantity == "purchases"
    if report.decisions is not None:
        tiers = report.decisions.tiers.summary
        headings = _headings("tier", "customers", "purchases" if of_purchases else "value", "share")
        columns = ["tier", "customers", "value", "share_of_value"]
        sheets.append((message("page-who-matters"), headings, [list(row) for row in tiers[columns].to_numpy()]))
    if report.decisions is not None and report.decisions.lists is not None:
        lists = report.decisions.lists.summary
        rows = [
            [_list_name(row["list"], int(row["customers"])), int(row["customers"]), float(row["money_at_stake"])]
            for row in lists.to_dict("records")
        ]
        sheets.append(
            (
                message("page-whom"),
                _headings("list", "customers", "purchases-at-stake" if of_purchases else "stake"),
                rows,
            )
        )
    findings = [
        [each.code, each.severity, json.dumps(plain(each.to_dict()["figures"]), ensure_ascii=False), "", each.text]
        for each in report.findings
    ]
    sheets.append((message("sheet-findings"), _headings("code", "severity", "figures", "none", "text"), findings))
    return sheets


def _list_name(name: str, customers: int) -> str:
    return message("list-label", {"list": LISTS[name], "customers": customers})


def _headings(*names: str) -> list[str]:
    return [message("sheet-heading", {"name": name}) for name in names]


def _glance(report: Any) -> Rows:
    """Return the first screen: its numbers with their intervals and sentences, the statuses, and what to do first."""
    rows: Rows = []
    for card in (report.glance.headline, *report.glance.cards):
        ends = ["", ""] if card.interval is None else [card.interval.lower, card.interval.upper]
        rows.append([card.label, card.number, *ends, SEPARATOR.join(card.notes)])
    rows += [[status.label, "", "", "", status.text] for status in report.glance.statuses]
    return rows + [[label, "", "", "", text] for label, text in report.glance.now]
