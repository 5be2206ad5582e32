"""The first part of a report on one sheet, printed by a browser without a window."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from clvmodels import files
from clvmodels.errors import InvalidOption
from clvmodels.reporting.acting.customer_files import without_links

__all__ = ["BROWSERS", "write_summary_pdf"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")  # names of programs that can print
ZOOMS = (1.0, 0.9, 0.8, 0.7, 0.6)  # tried in order until everything fits on one sheet
SHEET = re.compile(rb"/Type /Page\b")
SECONDS = 120  # to wait for a browser


def write_summary_pdf(page: str, path: str | Path, browser: str | Path) -> None:
    """Print the first screen and the next steps of a report on one sheet of A4.

    Parameters
    ----------
    page : str
        `Report.page`.
    path : str or Path
        The PDF; it is written completely or not at all.
    browser : str or Path
        A Chromium browser, which runs without a window and without network requests.

    Raises
    ------
    InvalidOption
        If the browser prints nothing.
    """
    summary = without_links(page).replace("<body>", '<body class="summary">', 1)
    printed = b""
    for zoom in ZOOMS:
        style = f"<style>@media print {{ .summary {{ zoom: {zoom}; }} }}</style>"
        printed = _print(summary.replace("</head>", f"{style}</head>", 1), browser)
        if len(SHEET.findall(printed)) == 1:
            break
    with files.replacing(Path(path)) as temporary:
        temporary.write_bytes(printed)


def _print(page: str, browser: str | Path) -> bytes:
    """Return a page as PDF."""
    with TemporaryDirectory() as folder:
        source, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        options = ["--headless=new", "--disable-gpu", "--no-sandbox", "--no-pdf-header-footer"]
        options += [f"--user-data-dir={Path(folder) / 'profile'}", f"--print-to-pdf={printed}"]
        try:
            subprocess.run(  # noqa: S603  # the browser is found on the machine, or named by its owner
                [str(browser), *options, source.as_uri()], capture_output=True, timeout=SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise InvalidOption(f"{browser} did not print the page: {error}.") from None
        if not printed.exists():
            raise InvalidOption(f"{browser} did not print the page: try another Chromium.")
        return printed.read_bytes()
