"""The parts of a page: sections with paragraphs, facts, tables and figures, all rendered as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from clvmodels.frames import Frame
from clvmodels.reporting import plots

__all__ = [
    "Facts",
    "PageBlock",
    "Pair",
    "Picture",
    "Pictures",
    "ReportSection",
    "Table",
    "Words",
    "drawn",
    "paired",
    "rendered",
]

Pair = tuple[str, str]  # a term and what is said of it


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
    """Terms and what is said of them, under a heading of their own if there is one."""

    pairs: Sequence[Pair]
    heading: str = ""
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences, each a paragraph; under a heading of their own if there is one, reached by its key."""

    sentences: Sequence[str]
    heading: str = ""
    key: str = ""
    kind: ClassVar[str] = "words"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Figures that stand side by side where there is room."""

    pictures: Sequence[Picture]
    kind: ClassVar[str] = "pictures"


PageBlock = Table | Facts | Words | Pictures


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A part of the page: what it is reached by, its title, and in plain words first what it shows.

    Attributes
    ----------
    key, title : str
    lead : sequence of str
        Sentences for everybody, before any number.
    blocks : sequence of Block
    """

    key: str
    title: str
    lead: Sequence[str]
    blocks: Sequence[PageBlock]


def rendered(template: str, content: Mapping[str, Any]) -> str:
    """A template of the package filled in: text stays text, and what a template names has to be there."""
    environment = Environment(
        loader=PackageLoader("clvmodels.reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(template).render(content)


def drawn(key: str, title: str, alternative: str, plot: Callable[..., Any], table: Frame, **options: Any) -> Picture:
    """A picture for the page; the options are those of the plot, and the height in inches."""
    return Picture(key, title, " ".join(alternative.split()), plots.to_svg(plot, table, key=key, **options))


def paired(term: str, sentences: Iterable[str]) -> list[Pair]:
    """One term for several sentences, or nothing where there are none."""
    told = " ".join(sentences)
    return [(term, told)] if told else []
