"""Reports on four logs in three languages, each opened on three screens, light and dark, and printed.

Run as `python tests/benchmarks/page_views.py KEPT [FOLDER]`. KEPT is a folder for what takes long: the results of each
log, from which its pages are made in every language, and these pages. FOLDER has the logs that are not part of the
repository (default: CLVMODELS_REFERENCE_DATA, or ../shared/data). It adds one row per view to page_views.csv, and goes
on where it stopped; delete the file, or the results, to begin anew. Each view is opened with its details folded and
then open; a row is sound if its counts are 0. Chinese text needs a font that has it. PAGE_VIEWS_OF=UCI,grocery takes
these logs only.
"""

from __future__ import annotations

import base64
import csv
import os
import pickle
import re
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import axe_core_python
import pandas as pd
from selenium import webdriver
from total_errors import SHARED_DATA, cdnow, grocery, journey, uci

import clvmodels as clv
from clvmodels.language import written_in
from clvmodels.reporting import report_of_log
from clvmodels.reporting.report import make_report

sys.path.insert(0, str(Path(__file__).parents[1] / "reporting"))
from test_browser import CHROMEDRIVER, CHROMIUM, CUT_OFF, OVERLAPPING, TOO_WIDE, UNNAMED, WIDTHS, open_page

RESULT = Path(__file__).with_suffix(".csv")
LOGS: dict[str, tuple[Any, dict[str, Any]]] = {
    "CDNOW": (lambda _: cdnow(), {"name": "CDNOW", "currency": "USD", "margin": 0.35}),
    "UCI": (uci, {"name": "Online Retail", "currency": "GBP"}),  # no margin: a page of revenue
    "Complete Journey": (journey, {"name": "The Complete Journey", "currency": "USD", "margin": 0.25}),
    "grocery": (grocery, {"name": "Grocery"}),  # no amounts: a page of purchases
}
LANGUAGES = ("en", "zh-Hans", "zh-Hant")
SCHEMES = ("light", "dark")
SCREEN = 900  # height in pixels
LARGEST, MOST_SCREENS, MOST_SHEETS = 600_000, 5, 5  # bytes of a page; screens and sheets with details folded
WIDEST = max(WIDTHS)
SHORTEST_NAME = 15  # characters of the name of a picture in Chinese, which takes fewer than English
AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
OPEN = 'document.querySelectorAll("details").forEach(one => { one.open = true; })'
RUN_AXE = (
    "axe.run({exclude: [['figure svg']]}).then(found => arguments[0](found.violations.map(one => one.id + ' ' + "
    "one.nodes[0].html.slice(0, 80))))"
)
COLUMNS = [
    *("log", "language", "width", "scheme", "bytes", "screens", "sheets", "console", "requests", "too_wide"),
    *("cut_off", "overlapping", "unnamed", "axe", "what"),
]


def results_of(name: str, kept: Path, folder: Path) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what the page of a log is made of, computed once."""
    path = kept / f"{name}.pickle"
    if not path.exists():
        read, options = LOGS[name]
        log, columns = read(folder)
        made: list[Any] = []

        def keep(*arguments: Any, **keywords: Any) -> Any:
            made[:] = [arguments, keywords]
            return make_report(*arguments, **keywords)

        with patch.object(report_of_log, "make_report", keep):
            clv.report(log, **columns, **options)
        path.write_bytes(pickle.dumps(tuple(made)))
    kept_results: tuple[tuple[Any, ...], dict[str, Any]] = pickle.loads(path.read_bytes())  # our own
    return kept_results


def pages(kept: Path, folder: Path, wanted: set[tuple[str, str]]) -> Iterator[tuple[str, str, Path]]:
    """Write the pages that are wanted, by log and language."""
    for name in LOGS:
        languages = [language for language in LANGUAGES if (name, language) in wanted]
        if languages:
            arguments, keywords = results_of(name, kept, folder)
        for language in languages:
            path = kept / f"{name.lower().replace(' ', '-')}-{language}.html"
            with written_in(language):
                report = make_report(*arguments, **keywords)
            report.write(path)
            yield name, language, path


def view(browser: Any, path: Path, width: int, scheme: str) -> list[Any]:
    """Return what is measured of a page on a screen, in the order of the columns after the scheme."""
    opened = open_page(browser, path, width, scheme)
    screens = browser.execute_script("return document.documentElement.scrollHeight") / SCREEN
    sheets: Any = ""
    if width == WIDEST:
        printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
        sheets = len(re.findall(rb"/Type /Page\b(?!s)", base64.b64decode(printed)))
    too_wide = browser.execute_script(TOO_WIDE)
    browser.execute_script(OPEN)
    too_wide += browser.execute_script(TOO_WIDE)
    if browser.execute_script("return document.documentElement.scrollWidth") > width:
        too_wide.append("the page")
    cut_off, overlapping = browser.execute_script(CUT_OFF), browser.execute_script(OVERLAPPING)
    browser.execute_script(AXE)
    violations = browser.execute_async_script(RUN_AXE)
    size = path.stat().st_size
    too_much = [
        text
        for text, wrong in (
            (f"{size:,} bytes", size >= LARGEST),
            (f"{screens:.1f} screens", width == WIDEST and screens > MOST_SCREENS),
            (f"{sheets} sheets", sheets != "" and sheets > MOST_SHEETS),
        )
        if wrong
    ]
    console = [entry["message"] for entry in opened["console"]]
    counted = [console, opened["requests"], too_wide, cut_off, overlapping]
    is_chinese = browser.execute_script("return document.documentElement.lang").startswith("zh")
    unnamed = browser.execute_script(UNNAMED.replace("< 40", f"< {SHORTEST_NAME}") if is_chinese else UNNAMED)
    what = "; ".join([*too_much, *(text for each in (*counted, violations) for text in each)])
    return [size, f"{screens:.1f}", sheets, *map(len, counted), unnamed, len(violations), what]


def start_browser() -> Any:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))
    browser.set_script_timeout(300)  # seconds; axe tries every rule on every element, on a busy machine
    return browser


def main() -> None:
    kept, folder = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else SHARED_DATA
    kept.mkdir(parents=True, exist_ok=True)
    only = os.environ.get("PAGE_VIEWS_OF", ",".join(LOGS)).split(",")  # names of logs
    is_new = not RESULT.exists()
    done = set() if is_new else set(pd.read_csv(RESULT)[COLUMNS[:4]].itertuples(index=False, name=None))
    views = [each for each in product(LOGS, LANGUAGES, WIDTHS, SCHEMES) if each not in done and each[0] in only]
    browser = start_browser()
    try:
        with RESULT.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if is_new:
                writer.writerow(COLUMNS)
            for name, language, path in pages(kept, folder, {each[:2] for each in views}):
                for each in (each for each in views if each[:2] == (name, language)):
                    row = [*each, *view(browser, path, *each[2:])]
                    writer.writerow(row)
                    file.flush()
                    print(*row, flush=True)
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
