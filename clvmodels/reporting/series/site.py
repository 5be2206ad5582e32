"""An index page over a folder of reports: value, bias and coverage over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from clvmodels import files
from clvmodels.errors import InvalidOption
from clvmodels.language import message, written_in
from clvmodels.language.current import ENGLISH, current_language
from clvmodels.language.dates import day
from clvmodels.language.numbers import MISSING, count, fixed, percent, signed_percent
from clvmodels.reporting.page import render
from clvmodels.reporting.series.past_report import PastReport, read_past_report

__all__ = ["write_site"]

WIDTH, HEIGHT, EDGE, TOP = 440, 150, 52, 12  # size of a chart, and space for labels on the left and above
INDEX = "index.html"


class Chart(NamedTuple):
    """A line over time: its title, a text alternative for screen readers, and the drawing."""

    title: str
    alternative: str
    svg: str


@dataclass(frozen=True, slots=True)
class _Line:
    """Values over time with the ends of their intervals, and the key of their format."""

    key: str
    values: list[float]
    lower: list[float]
    upper: list[float]


def write_site(folder: str | Path, *, language: str = ENGLISH) -> Path:
    """Write an index page over the reports of a folder.

    Parameters
    ----------
    folder : str or Path
        A folder of pages written by `Report.write` or `clv report`, with their JSON files.
    language : {"en", "zh-Hans", "zh-Hant"}, default="en"

    Returns
    -------
    Path
        The page, index.html in the folder.

    Raises
    ------
    InvalidOption
        If the folder is missing or has no report.

    Examples
    --------
    >>> from pathlib import Path
    >>> from clvmodels.reporting.series.site import write_site
    >>> Path("empty").mkdir()
    >>> write_site("empty")
    Traceback (most recent call last):
        ...
    clvmodels.errors.InvalidOption: empty has no reports: write them into this folder, each with its JSON.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InvalidOption(f"{folder} is not a folder: pass one with reports.")
    reports = [(path, read_past_report(path)) for path in sorted(folder.glob("*.json")) if _has_page(path)]
    if not reports:
        raise InvalidOption(f"{folder} has no reports: write them into this folder, each with its JSON.")
    reports.sort(key=lambda each: (each[1].end, each[0].name))
    with written_in(language):
        page = render("site.html.j2", _content(reports))
    with files.replacing(folder / INDEX) as temporary:
        temporary.write_bytes(page.encode("utf-8"))
    return folder / INDEX


def _has_page(path: Path) -> bool:
    return path.with_suffix(".html").exists()


def _content(reports: Sequence[tuple[Path, PastReport]]) -> dict[str, object]:
    """Return the content of the page, the latest report first."""
    past = [report for _, report in reports]
    names = list(dict.fromkeys(report.name for report in past if report.name))
    columns = ("end", "customers", "value", "interval", "bias", "coverage", "level", "ranking", "data")
    return {
        "language": current_language(),
        "title": message("site-title", {"name": names[0] if len(names) == 1 else "", "has_name": len(names) == 1}),
        "about": message("site-about", {"reports": len(past)}),
        "headings": [message(f"site-{name}") for name in columns],
        "rows": [_row(path, report) for path, report in reversed(reports)],
        "charts": _charts(past) if len(past) > 1 else [],
    }


def _row(path: Path, report: PastReport) -> tuple[str, list[str]]:
    """Return the address of a report, and its cells."""
    has_interval = math.isfinite(report.lower) and math.isfinite(report.upper)
    ends = {"lower": fixed(report.lower, 0), "upper": fixed(report.upper, 0)}
    grades = [message(f"grade-word-{report.grades.get(aspect, 'none')}") for aspect in ("level", "ranking", "data")]
    return f"{quote(path.stem)}.html", [
        day(report.end, current_language()),
        count(report.customers),
        fixed(report.value, 0),
        message("cell-range", ends) if has_interval else MISSING,
        signed_percent(report.bias) if math.isfinite(report.bias) else MISSING,
        percent(report.coverage, 0) if math.isfinite(report.coverage) else MISSING,
        *grades,
    ]


def _charts(past: Sequence[PastReport]) -> list[Chart]:
    """Return the charts that have at least two values."""
    nothing = [math.nan] * len(past)
    lines = (
        _Line("value", [each.value for each in past], [each.lower for each in past], [each.upper for each in past]),
        _Line("bias", [each.bias for each in past], nothing, nothing),
        _Line("coverage", [each.coverage for each in past], nothing, nothing),
    )
    days = [each.end for each in past]
    return [_chart(line, days) for line in lines if sum(map(math.isfinite, line.values)) > 1]


def _chart(line: _Line, days: Sequence[str]) -> Chart:
    """Draw a line over reports, with its interval."""
    title = message(f"site-{line.key}")
    finite = [value for value in (*line.values, *line.lower, *line.upper) if math.isfinite(value)]
    least, most = min(*finite, 0.0), max(*finite, 0.0)
    reach = (most - least) or 1.0

    def x(place: int) -> float:
        return round(EDGE + (WIDTH - EDGE - 12) * place / (len(days) - 1), 1)

    def y(value: float) -> float:
        return round(TOP + HEIGHT * (most - value) / reach, 1)

    written = [
        message("label-and-text", {"label": day(end, current_language()), "text": _written(line.key, value)})
        for end, value in zip(days, line.values, strict=True)
    ]
    points = [(x(i), y(value)) for i, value in enumerate(line.values) if math.isfinite(value)]
    parts = [
        f'<text x="{EDGE - 6}" y="{y(value) + 4}" text-anchor="end">{escape(_written(line.key, value))}</text>'
        for value in dict.fromkeys((least, most))
    ]
    parts.append(f'<path class="axis" d="M{EDGE} {y(0.0)}H{WIDTH - 12}"/>')
    for i, (lower, upper) in enumerate(zip(line.lower, line.upper, strict=True)):
        if math.isfinite(lower) and math.isfinite(upper):
            parts.append(f'<path class="ends" d="M{x(i)} {y(lower)}V{y(upper)}"/>')
    parts.append(f'<path class="line" d="M{" L".join(f"{a} {b}" for a, b in points)}"/>')
    parts += [f'<circle cx="{a}" cy="{b}" r="3.5"/>' for a, b in points]
    bottom = TOP + HEIGHT + 22
    parts.append(f'<text x="{EDGE}" y="{bottom}">{escape(day(days[0], current_language()))}</text>')
    parts.append(
        f'<text x="{WIDTH - 12}" y="{bottom}" text-anchor="end">{escape(day(days[-1], current_language()))}</text>'
    )
    svg = f'<svg viewBox="0 0 {WIDTH} {bottom + 8}" class="chart">{"".join(parts)}</svg>'
    return Chart(title, message("label-and-text", {"label": title, "text": "; ".join(written)}), svg)


def _written(key: str, value: float) -> str:
    if not math.isfinite(value):
        return MISSING
    return {"value": fixed(value, 0), "bias": signed_percent(value, 0), "coverage": percent(value, 0)}[key]
