"""Recognize the encoding of a text: exactly, or not at all.

A byte-order mark, zeros between the letters of UTF-16, and text that is valid UTF-8 are certain. Anything else is
decoded with each of the encodings of Western and Central Europe, Turkey, China, Taiwan, Japan and Korea, of old
Macintosh computers and of DOS. One "works" if it decodes every byte and what it gives looks like text in its language:
nearly all characters are frequent ones, and they are combined as the language combines them. If one works, it is used;
if the user named columns, only encodings in which the header has these names work. If several work or none, but only
one makes the header a list of usual names of columns ("고객번호", "Дата заказа"), it is that one. Otherwise an error
names two that work with an example of each, or says that none does. Nothing is decided by a ranking.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from charset_normalizer import from_bytes

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.column_roles import is_usual_name
from clvmodels.frames.formats.latin_letters import OTHER, WORD, central_share, turkish_share, western_share

__all__ = ["decode", "recognize_encoding"]

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FREQUENT_SHARE = 0.85  # share of characters that must be frequent; real text has rare names too
MOST_LINES = 400  # most lines with non-ASCII characters that are checked
JAPANESE_ESCAPE = re.compile(rb"\x1b\$[@B].*?\x1b\([BJ]", re.DOTALL)  # of ISO-2022-JP, whose bytes are all ASCII
CONTROL = re.compile(r"[\x80-\x9f]")  # control characters of ISO encodings, at the codes of letters in others
RUSSIAN_WORD = re.compile(r"[А-ЯЁ]?[а-яё]+|[А-ЯЁ]+")
ALONE = re.compile(r"(?<=[a-z])[^\x00-\x7f](?![^\x00-\x7f])|(?<![^\x00-\x7f])[^\x00-\x7f](?=[a-z])")


def _bytes_of(character: str, codec: str) -> bytes:
    try:
        return character.encode(codec)
    except UnicodeEncodeError:
        return b""


def _share(text: str, weight: Callable[[str], float]) -> float:
    """Return the mean weight of the non-ASCII characters; a single one within a Latin word has weight 0."""
    characters = OTHER.findall(text)
    return sum(map(weight, OTHER.findall(ALONE.sub("", text)))) / len(characters) if characters else 0.0


def _chinese(character: str) -> float:
    """Return how frequent a character of simplified Chinese is: level 1 of GB 2312, level 2, or others."""
    code = _bytes_of(character, "gb2312")
    if len(code) != 2 or 0xA4 <= code[0] <= 0xA9:  # kana, Greek, Cyrillic, lines
        return 0.0
    return 1.0 if code[0] <= 0xD7 else 0.5


def _taiwanese(character: str) -> float:
    """Return whether a character of Big5 is punctuation or one of the frequent ones."""
    code = _bytes_of(character, "big5")
    return float(len(code) == 2 and code[0] <= 0xC6)


def _japanese(character: str) -> float:
    """Return whether a character is kana, punctuation or a kanji of level 1."""
    code = _bytes_of(character, "shift_jis")
    if len(code) != 2:
        return 0.0
    kana = code[0] == 0x83 and code[1] <= 0x96
    return float(code[0] in (0x81, 0x82) or kana or 0x88 <= code[0] <= 0x98)


def _korean(character: str) -> float:
    return float("\uac00" <= character <= "\ud7a3" or character in "·￦")


def _russian_share(text: str) -> float:
    characters = OTHER.findall(text)
    good = sum(len(word) for word in WORD.findall(text) if len(word) > 1 and RUSSIAN_WORD.fullmatch(word))
    signs = sum(sign in "«»–—№…“”„\u00a0" for sign in characters)
    return (good + signs) / len(characters) if characters else 0.0


def _japanese_share(text: str) -> float:
    return _share(text, _japanese)


def _euc_share(text: str) -> float:
    """Return the share of Japanese characters; 0 without kana, because such text may also be Chinese."""
    return _japanese_share(text) if re.search(r"[\u3041-\u30fe]", text) else 0.0


@dataclass(frozen=True, slots=True)
class _Encoding:
    """A candidate encoding: its codec, and a function for the share of a text that looks like its languages."""

    codec: str
    share: Callable[[str], float]


GB18030 = _Encoding("gb18030", lambda text: _share(text, _chinese))
ENCODINGS = (
    _Encoding("cp1252", western_share),
    _Encoding("cp1250", central_share),
    _Encoding("iso8859_2", central_share),
    _Encoding("cp1254", turkish_share),
    _Encoding("mac_roman", western_share),
    _Encoding("cp850", western_share),
    GB18030,
    _Encoding("big5", lambda text: _share(text, _taiwanese)),
    _Encoding("cp932", _japanese_share),
    _Encoding("euc_jp", _euc_share),
    _Encoding("euc_kr", lambda text: _share(text, _korean)),
)
# Greek and other texts look alike in it, so it can only refuse a text, never accept one.
CYRILLIC = _Encoding("cp1251", _russian_share)

CODECS_OF_HEADERS = (
    *(form.codec for form in ENCODINGS),
    "cp1251",
    "koi8_r",
    "cp866",
    "cp949",
    "cp874",
    "cp1256",
    "cp1258",
)
FIRST_LINES, FEWEST_NAMES = 20, 2  # lines that may be the header, and the number of usual names that a header has


def recognize_encoding(start: bytes, complete: bool, needed: Sequence[str], file: str) -> str:
    """Return the codec of a text from its first bytes.

    Parameters
    ----------
    start : bytes
    complete : bool
        Whether these are all bytes; otherwise the last line may be incomplete.
    needed : sequence of str
        Names that the header has.
    file : str
        Name of the file, for errors.

    Raises
    ------
    InvalidTransactions
        If several encodings work, or none.
    """
    for mark, codec in MARKS:
        if start.startswith(mark):
            return codec
    zeros = start.count(0)
    if zeros > len(start) // 5:
        return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    if not complete:
        start = start[: max(start.rfind(b"\n"), start.rfind(b"\r")) + 1] or start
    if start.isascii():
        return "iso2022_jp" if JAPANESE_ESCAPE.search(start) else "utf-8"
    lines = [line for line in re.split(rb"[\r\n]+", start) if not line.isascii()][:MOST_LINES]
    sample = b"\n".join(lines)
    if _is_utf8(start, complete) and not _may_be_chinese(sample):
        return "utf-8"
    working = [form for form in (*ENCODINGS, CYRILLIC) if _works(form, sample)]
    if _is_utf8(start, complete):
        working = [_Encoding("utf-8", western_share), *working]
    if len(working) > 1 and needed:
        head = re.split(rb"[\r\n]+", start)[:60]
        working = [form for form in working if _has_names(head, form.codec, needed)] or working
    working = list({sample.decode(form.codec): form for form in reversed(working)}.values())[::-1]  # one per reading
    if len(working) == 1 and working[0] is not CYRILLIC:
        return working[0].codec
    by_header = _by_usual_names(start, sample, [form.codec for form in working])
    if by_header is not None:
        return by_header
    raise _not_recognized(sample, [form.codec for form in working], file)


def _is_utf8(start: bytes, complete: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=complete)
    except UnicodeDecodeError:
        return False
    return True


def _may_be_chinese(sample: bytes) -> bool:
    """Return whether valid UTF-8 may be Chinese by chance: its two-byte characters form no European words."""
    text = sample.decode("utf-8", errors="replace")
    if any(ord(character) > 0x7FF for character in text):
        return False
    european = max(western_share(text), _russian_share(text)) >= FREQUENT_SHARE
    return not european and _works(GB18030, sample)


def _works(form: _Encoding, sample: bytes) -> bool:
    """Return whether an encoding decodes every byte into text that looks like its languages."""
    try:
        text = sample.decode(form.codec)
    except UnicodeDecodeError:
        return False
    return not CONTROL.search(text) and form.share(text) >= FREQUENT_SHARE


def _has_names(lines: list[bytes], codec: str, needed: Sequence[str]) -> bool:
    """Return whether a line has all names, if decoded."""
    texts = [line.decode(codec, errors="replace") for line in lines]
    return any(all(name in text for name in needed) for text in texts)


def _by_usual_names(start: bytes, sample: bytes, working: Sequence[str]) -> str | None:
    """Return the only encoding in which one of the first lines is a header of usual names; None without one.

    If several encodings work, only these are considered.
    """
    readings: dict[str, str] = {}
    for codec in working or CODECS_OF_HEADERS:
        try:
            text = sample.decode(codec)
        except UnicodeDecodeError:
            continue
        lines = [line.decode(codec, errors="replace") for line in re.split(rb"[\r\n]+", start)[:FIRST_LINES]]
        if any(_usual_names(line) >= FEWEST_NAMES for line in lines) and not CONTROL.search(text):
            readings.setdefault(text, codec)
    return next(iter(readings.values())) if len(readings) == 1 else None


def _usual_names(line: str) -> int:
    """Return the number of fields of a line that are usual names of columns with non-ASCII characters."""
    fields = {field.strip().strip('"') for field in re.split(r"[,;\t|]", line)}
    return sum(is_usual_name(field) for field in fields if field and not field.isascii())


def _not_recognized(sample: bytes, working: list[str], file: str) -> InvalidTransactions:
    """Return the error that names two encodings that work, with examples, or that says that none works."""
    if len(working) > 1:
        line = next(line for line in sample.split(b"\n") if len({line.decode(codec) for codec in working}) > 1)
        readings = [f"{codec!r}, which reads {_shorten(line.decode(codec))!r}" for codec in working]
        return InvalidTransactions(
            f"The encoding of {file!r} can be {', or '.join(readings)}: pass the right one with encoding=."
        )
    best = from_bytes(sample).best()
    hint = f" Perhaps it is {best.encoding!r}." if best is not None else ""
    return InvalidTransactions(
        f"The encoding of {file!r} is not recognized: it is not UTF-8, and none of "
        f"{', '.join(repr(form.codec) for form in ENCODINGS)} gives readable text. Pass its encoding with "
        f"encoding=.{hint}"
    )


def _shorten(line: str) -> str:
    """Return the part of a line around its first character that is not ASCII."""
    first = OTHER.search(line)
    begin = max(first.start() - 10, 0) if first else 0
    return line[begin : begin + 30]


def decode(content: bytes, codec: str, file: str) -> str:
    """Return a text with line feeds as line ends; raise InvalidTransactions if it is not in this encoding."""
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InvalidTransactions(
            f"{file!r} cannot be read as {codec!r} (byte {error.start:,}, near row {row:,}): pass its encoding with "
            "encoding=, or save it as UTF-8."
        ) from None
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
