"""`clv guide`: the pages of the user guide, in the terminal."""

from __future__ import annotations

import re
from importlib import resources
from typing import Annotated

import typer

from clvmodels.cli.app import app, out

INDEX = "index"
LINK = re.compile(r"\]\(([\w-]+)\.md\)")


@app.command()
def guide(
    page: Annotated[str | None, typer.Argument(help="Page to print; leave it out to list the pages.")] = None,
) -> None:
    """List the pages of the user guide, or print one."""
    pages = read_pages()
    if page is None:
        width = max(map(len, pages), default=0)
        for name, text in pages.items():
            out.print(f"{name:{width}}  {title(text)}", markup=False, highlight=False, soft_wrap=True)
        out.print("\nPrint one with `clv guide PAGE`.", highlight=False)
        return
    from clvmodels.errors import InvalidOption, closest

    name = page.removesuffix(".md")
    if name not in pages:
        raise InvalidOption(f"The guide has no page {page!r}. Its pages are {', '.join(pages)}.{closest(name, pages)}")
    if out.is_terminal:
        from rich.markdown import Markdown

        out.print(Markdown(pages[name]))
    else:
        out.print(pages[name], markup=False, highlight=False, soft_wrap=True, end="")


def read_pages() -> dict[str, str]:
    """Return the Markdown text of each page by name, in the order in which the index links to them."""
    folder = resources.files("clvmodels") / "guide"
    entries = [entry for entry in folder.iterdir() if entry.name.endswith(".md")]
    pages = {entry.name.removesuffix(".md"): entry.read_text(encoding="utf-8") for entry in entries}
    order = [INDEX, *LINK.findall(pages[INDEX])]
    return {name: pages[name] for name in [*order, *sorted(pages.keys() - set(order))]}


def title(text: str) -> str:
    """Return the first heading of a Markdown page."""
    headings = (line.lstrip("# ") for line in text.splitlines() if line.startswith("# "))
    return next(headings, "")
