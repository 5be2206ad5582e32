"""Widths of labels in any script, without a font that has its characters, and breaking them into lines.

A Chinese character is as wide as the font is high, which is about two Latin letters. Pictures keep text as text, so the
reader's browser chooses the font; only the width of a label has to be known here.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from textwrap import fill
from typing import Any

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextToPath

__all__ = ["TEXT_SIZES", "font_heights", "width_of", "wrap"]

WIDE = ("W", "F")  # East Asian widths of characters that fill a square
NOT_FIRST = "，。、；：！？）」』》%"  # characters that must not begin a line
MOST_TEXTS = 4096  # whose sizes are kept
FONT_HEIGHTS: dict[int, tuple[float | None, float | None, float | None]] = {}
ASCENT, DESCENT = 0.88, 0.12  # of Chinese characters, in units of the font size


class _WideTextToPath(TextToPath):
    """Text measured as in matplotlib, except that each wide character is a square instead of its glyph.

    Sizes are kept, because the pictures of a page share most labels.
    """

    @lru_cache(MOST_TEXTS)  # noqa: B019 - there is one instance
    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        """Return width, height and descent of a line of text, in points."""
        wide = sum(_is_wide(character) for character in s)
        if not wide:
            return super().get_text_width_height_descent(s, prop, ismath)
        size = prop.get_size_in_points()
        rest = "".join(character for character in s if not _is_wide(character))
        width, height, descent = 0.0, 0.0, 0.0
        if rest:
            width, height, descent = super().get_text_width_height_descent(rest, prop, ismath)
        return width + wide * size, max(height, (ASCENT + DESCENT) * size), max(descent, DESCENT * size)


TEXT_SIZES = _WideTextToPath()


def font_heights(font: FontProperties) -> tuple[float | None, float | None, float | None]:
    """Return ascent, descent and line gap of a font in points, as its table says; None if it has no such table."""
    key = hash(font)  # by its values, which can change
    if key not in FONT_HEIGHTS:
        FONT_HEIGHTS[key] = _read_font_heights(font)
    return FONT_HEIGHTS[key]


def _read_font_heights(font: FontProperties) -> tuple[float | None, float | None, float | None]:
    opened = get_font(findfont(font))
    heights, head = opened.get_sfnt_table("OS/2"), opened.get_sfnt_table("head")
    if heights is None or head is None:
        return None, None, None
    scale = 1 / head["unitsPerEm"] * font.get_size_in_points()
    return heights["sTypoAscender"] * scale, -heights["sTypoDescender"] * scale, heights["sTypoLineGap"] * scale


def width_of(text: str) -> int:
    """Return the width of a text, in average Latin letters."""
    return sum(2 if _is_wide(character) else 1 for character in text)


def wrap(text: str, width: int) -> str:
    """Return a text broken into lines of at most this many Latin letters, within Chinese text but not within words."""
    if not any(map(_is_wide, text)):
        return fill(text, width, break_long_words=False, break_on_hyphens=False)
    lines, line = [], ""
    for piece in _pieces(text):
        if line and width_of(line + piece.rstrip()) > width and piece[0] not in NOT_FIRST:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return "\n".join([*lines, line.rstrip()])


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in WIDE


def _pieces(text: str) -> list[str]:
    """Return wide characters and Latin words in order; a word includes the blank after it."""
    pieces: list[str] = []
    for character in text:
        joins = bool(pieces) and not _is_wide(character) and not _is_wide(pieces[-1][-1]) and pieces[-1][-1] != " "
        if joins or (character == " " and pieces):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces
