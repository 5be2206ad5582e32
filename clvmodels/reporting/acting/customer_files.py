"""The files that a page links to: tables of customers as CSV, in a folder next to the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from clvmodels.decisions.acting.contact_files import write_contacts
from clvmodels.frames import Frame

__all__ = ["file_link", "files_of_page", "without_links", "write_files"]

FILES = "report-files/"  # folder in links of a page without a path
LINK = re.compile(r'<a class="file" href="[^"]*">(.*?)</a>')


def file_link(name: str) -> str:
    """Return the address of a table on a page whose path is not known yet."""
    return f"{FILES}{name}.csv"


def files_of_page(page: str, path: Path) -> str:
    """Return a page with links to the folder of its files."""
    return page.replace(f'<a class="file" href="{FILES}', f'<a class="file" href="{quote(path.stem)}-files/')


def without_links(page: str) -> str:
    """Return a page in which links to files are replaced by their text."""
    return LINK.sub(r"\1", page)


def write_files(tables: Mapping[str, Frame], path: Path) -> None:
    """Write tables of customers into the folder of a page."""
    folder = path.with_name(f"{path.stem}-files")
    for name, table in tables.items():
        folder.mkdir(parents=True, exist_ok=True)
        write_contacts(table, folder / f"{name}.csv")
