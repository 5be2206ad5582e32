"""Translate errors: the English text is matched with the patterns of one gettext catalog per language.

Errors are raised in English, in packages that do not know about languages. When an error leaves a block of
`written_in`, each sentence that is in the catalog is translated; the others stay in English. In a catalog, `{name}`
stands for any text, which is translated by itself if it is a sentence or a phrase of the catalog, and `{n}`, `{n2}` and
so on for a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from clvmodels.errors import CLVError

__all__ = ["ENGLISH", "FOLDER", "catalog_of_errors", "translate", "translate_error"]

ENGLISH = "en"
FOLDER = Path(__file__).parent
PLACEHOLDER = re.compile(r"\{(\w+)\}")
NUMBER = re.compile(r"n\d*")
END_OF_SENTENCE = re.compile(r"(?<=[.?:;])(?= )|$|(?<=\n)")
LONGEST = 20_000  # longest text that is searched for patterns, in characters


@dataclass(frozen=True, slots=True)
class Pattern:
    """An English text with placeholders, and its translation."""

    expression: str  # a regular expression, compiled when a text contains the literal
    literal: str  # the longest part without placeholders, which is looked for first
    weight: int  # number of characters without placeholders; the matching pattern with most of them is used
    translation: str


def translate_error(error: CLVError, language: str) -> None:
    """Translate the text of an error in place, as far as the catalog contains its sentences."""
    if language != ENGLISH and error.args and isinstance(error.args[0], str):
        error.args = (translate(error.args[0], language), *error.args[1:])


def translate(text: str, language: str) -> str:
    """Return an English text with every sentence translated that the catalog of the language contains.

    Parameters
    ----------
    text : str
    language : str
        The name of a message file, such as "zh-Hans".

    Examples
    --------
    >>> from clvmodels.language.error_texts import translate
    >>> translate("The log has no transactions to summarize: it has no rows.", "zh-Hans")
    '交易日志中没有可汇总的交易：没有任何行。'
    """
    if language == ENGLISH or len(text) > LONGEST:
        return text
    return "\n".join(_sentences(line, language) for line in text.split("\n"))


def catalog_of_errors(language: str) -> dict[str, str]:
    """Return the translations of a language by their English patterns; empty if it has no catalog."""
    from babel.messages.pofile import read_po

    path = FOLDER / f"{language}.po"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        entries = read_po(file)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id and entry.string}


def _sentences(text: str, language: str) -> str:
    """Return the translation of a line: of its longest beginning in the catalog, and then of the rest."""
    begin = text[: len(text) - len(text.lstrip(" "))]
    rest, done = text[len(begin) :], begin
    while rest:
        ends = sorted({match.end() for match in END_OF_SENTENCE.finditer(rest)} - {0}, reverse=True)
        for end in ends:
            whole = _phrase(rest[:end], language)
            if whole is not None:
                done, rest = done + whole, rest[end:].lstrip(" ")
                break
        else:
            end = ends[-1] if ends else len(rest)
            done, rest = done + rest[:end] + (" " if rest[end:].strip() else ""), rest[end:].lstrip(" ")
    return done


@lru_cache(maxsize=1000)
def _phrase(text: str, language: str) -> str | None:
    """Return the translation of a text that one pattern matches as a whole; None without such a pattern."""
    for pattern in _patterns(language):
        if pattern.literal in text and (match := re.fullmatch(pattern.expression, text, re.DOTALL)):
            parts = {name: _part(value, language) for name, value in match.groupdict().items()}
            return PLACEHOLDER.sub(lambda place: parts[place[1]], pattern.translation)  # noqa: B023
    return None


def _part(text: str, language: str) -> str:
    """Return the translation of the text in a placeholder; names and values stay as they are."""
    inner = text.strip(" ")
    if not inner or (inner[0] in "'\"" and inner[-1] == inner[0] and inner.count(inner[0]) == 2):
        return text
    return translate(inner, language)


@cache
def _patterns(language: str) -> tuple[Pattern, ...]:
    """Return the patterns of a language, the most specific first."""
    made = []
    for source, translation in catalog_of_errors(language).items():
        pieces = PLACEHOLDER.split(source)
        literals, names = pieces[::2], pieces[1::2]
        expression = "".join(
            re.escape(literal) + (_group(names[i]) if i < len(names) else "") for i, literal in enumerate(literals)
        )
        made.append(Pattern(expression, max(literals, key=len), sum(map(len, literals)), translation))
    return tuple(sorted(made, key=lambda pattern: -pattern.weight))


def _group(name: str) -> str:
    return rf"(?P<{name}>-?\d[\d.,]*)" if NUMBER.fullmatch(name) else f"(?P<{name}>.*?)"
