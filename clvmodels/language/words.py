"""The catalog of a language, and those of its messages without figures that the formats of numbers and lists need."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from clvmodels.language.current import ENGLISH, FOLDER, current_language, languages

if TYPE_CHECKING:
    from fluent.runtime.resolver import Message, Pattern

__all__ = ["Catalog", "word"]

ENTRY = re.compile(r"^(-?[a-zA-Z][\w-]*) *=[^\n]*(?:\n(?![-a-zA-Z#])[^\n]*)*", re.MULTILINE)
REFERENCE = re.compile(r"\{\s*(-?[a-zA-Z][\w-]*)")


class Catalog:
    """The messages of a language. Each is parsed when it is first used: parsing all of them takes half a second.

    Parameters
    ----------
    language : str
        The name of a message file, such as "zh-Hans".
    functions : mapping of str to callable, optional
        What messages may call.

    Raises
    ------
    KeyError
        If there is no file of the language.
    """

    def __init__(self, language: str, functions: Mapping[str, Callable[..., Any]] | None = None) -> None:
        from fluent.runtime import FluentBundle

        self._entries = _entries(language)
        self._bundle = FluentBundle([language], functions=dict(functions or {}), use_isolating=False)
        self._parsed: set[str] = set()

    def has_message(self, code: str) -> bool:
        """Return whether the language has a message."""
        return code in self._entries

    def get_message(self, code: str) -> Message:
        """Return a message; KeyError if there is none."""
        self._parse(code)
        return self._bundle.get_message(code)

    def format_pattern(self, pattern: Pattern, figures: Mapping[str, Any] | None = None) -> tuple[str, list[Exception]]:
        """Return the text of a pattern with its figures, and errors."""
        text, errors = self._bundle.format_pattern(pattern, None if figures is None else dict(figures))
        return str(text), errors

    def _parse(self, code: str) -> None:
        """Add a message, and those it refers to, to the bundle."""
        from fluent.runtime import FluentResource

        if code in self._parsed or code not in self._entries:
            return
        entry = self._entries[code]
        self._bundle.add_resource(FluentResource(entry))
        for other in REFERENCE.findall(entry):
            if other != code:
                self._parse(other)
        self._parsed.add(code)  # last, because other threads may be waiting for it


def word(code: str, language: str | None = None) -> str:
    """Return a message without figures; in English if the language does not have it."""
    catalog = _plain_catalog(language or current_language())
    if not catalog.has_message(code):
        catalog = _plain_catalog(ENGLISH)
    pattern = catalog.get_message(code).value
    if pattern is None:
        raise KeyError(code)
    return catalog.format_pattern(pattern)[0]


@cache
def _entries(language: str) -> dict[str, str]:
    """Return the Fluent source of each message of a language, by id; KeyError if there is no file of the language."""
    path = FOLDER / f"{language}.ftl"
    if not path.exists():
        raise KeyError(f"no messages in {language!r}; there are {', '.join(languages())}")
    entries: dict[str, str] = {}
    for entry in ENTRY.finditer(path.read_text(encoding="utf-8")):
        entries.setdefault(entry[1], f"{entry[0]}\n")
    return entries


@cache
def _plain_catalog(language: str) -> Catalog:
    return Catalog(language)
