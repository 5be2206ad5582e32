"""The parts of a page: sections with paragraphs, facts, tables and figures, all render as text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, ClassVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from clvmodels.frames import Frame
from clvmodels.language import message
from clvmodels.reporting import plots

__all__ = [
    "Facts",
    "PageBlock",
    "Pair",
    "Paragraphs",
    "Picture",
    "Pictures",
    "ReportSection",
    "Table",
    "draw_picture",
    "page_script",
    "render",
]

Pair = tuple[str, str]  # a term and its description


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure: its id on the page, its title, a text alternative, and the drawing as an SVG element."""

    key: str
    title: str
    alternative: str
    svg: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text.

    Attributes
    ----------
    caption : str
    headings : list of str
    rows : list of list of str
        Each as long as the headings: the name of the row, then numbers.
    notes : list of str
        Remarks below the table.
    """

    caption: str
    headings: list[str]
    rows: list[list[str]]
    notes: Sequence[str] = ()
    kind: ClassVar[str] = "table"


@dataclass(frozen=True, slots=True)
class Facts:
    """Terms and their descriptions, with an optional heading."""

    pairs: Sequence[Pair]
    heading: str = ""
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """Paragraphs of text, with an optional heading whose id is the key."""

    texts: Sequence[str]
    heading: str = ""
    key: str = ""
    kind: ClassVar[str] = "paragraphs"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Figures, shown next to each other if the page is wide enough."""

    pictures: Sequence[Picture]
    kind: ClassVar[str] = "pictures"


PageBlock = Table | Facts | Paragraphs | Pictures


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A section of the page.

    Attributes
    ----------
    key : str
        Id of the section on the page.
    title : str
    lead : sequence of str
        Paragraphs that introduce it.
    blocks : sequence of PageBlock
    """

    key: str
    title: str
    lead: Sequence[str]
    blocks: Sequence[PageBlock]


def render(template: str, content: Mapping[str, Any]) -> str:
    """Fill in a template of the package; text is escaped, and a missing name is an error."""
    environment = Environment(
        loader=PackageLoader("clvmodels.reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals["text"] = _text
    return environment.get_template(template).render(content)


def page_script() -> tuple[str, str]:
    """Return the script of a page and its hash for the page's policy, base64 of SHA-256."""
    source = (resources.files("clvmodels.reporting") / "templates" / "report.js").read_text(encoding="utf-8")
    script = source.replace("\r\n", "\n").strip()
    return script, base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


def _text(code: str, **figures: Any) -> str:
    """Return the text of a message for a template."""
    return message(code, figures)


def draw_picture(
    key: str, title: str, alternative: str, plot: Callable[..., Any], table: Frame, **options: Any
) -> Picture:
    """Draw a plot as a figure of the page; options are the plot's own, and its height in inches."""
    return Picture(key, title, " ".join(alternative.split()), plots.to_svg(plot, table, key=key, **options))
