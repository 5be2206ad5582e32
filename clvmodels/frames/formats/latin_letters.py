"""Check whether text looks like words of European languages, by accented letters and the letters around them.

Encodings of Western, Central European and Turkish text differ in few letters, such as è and č, and each decodes every
file into some text. A reading works if its languages use nearly all of its accented letters in this way: "Dvořák" fits
Czech, and "Dvoøák" fits no language, since ø is a vowel between vowels.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

__all__ = ["OTHER", "WORD", "central_share", "turkish_share", "western_share"]

WORD = re.compile(r"[^\W\d_½¼¾²³¹]+")
OTHER = re.compile(r"[^\x00-\x7f]")
LETTER = r"[^\W\d_ºª]"
SIGNS = set("€£¥§°–—‘’“”„…®©™«»¿¡ºª´·±µ²³½¼¾× \u00a0•‚‹›")
# Signs within words show that they are letters of another encoding, such as ³ for ł in "Pawe³"; "cm³" is a unit.
WITHIN_WORD = re.compile(
    rf"(?<={LETTER})[„‚¿¡£¥§±]|[£¥§±°²³½¼¾®™©](?={LETTER})|(?<={LETTER})[–—…•†‡ˆ](?={LETTER})|(?<={LETTER}{LETTER})[ºª]"
    rf"|[ºª](?={LETTER})|(?<={LETTER})·(?!l)|(?<!l)·(?={LETTER})"
    rf"|(?<={LETTER})(?<![cmdk]m)(?<!\bm)[²³]"
)
VOWELS = set("aeiouyáàâäãåæéèêëěęíìîïóòôöõőøœúùûüűůýÿąăı")
WESTERN = set("àáâãäåæçèéêëìíîïñòóôõöøùúûüÿœßºªµ")
WITHOUT_VOWELS_AROUND = set("èêòùàìåøû")
CENTRAL: dict[str, set[str]] = {
    "Polish": set("ąćęłńóśźż"),
    "Czech": set("áčďéěíňóřšťúůýž"),
    "Slovak": set("áäčďéíĺľňóôŕšťúýž"),
    "Hungarian": set("áéíóöőúüű"),
    "South Slavic": set("čćđšž"),
    "Romanian": set("ăâîşţ"),
}
CONSONANTS = set("čćďđľłňřśšşťţźžż")
CLUSTERS = ("dź", "dż", "dž", "ść", "šť")
SYLLABIC, MOST_SYLLABIC = set("ĺŕ"), 0.2  # of Slovak, and their largest share of the accented letters
TURKISH = set("çğıiöşüâîû")


def western_share(text: str) -> float:
    """Return the share of non-ASCII characters that fit Western European languages."""
    return _share(text, lambda word: _has_letters(word, WESTERN) and all(_is_western(*each) for each in _around(word)))


def central_share(text: str) -> float:
    """Return the share of non-ASCII characters that fit the best-fitting language of Central Europe."""
    return max(_share(text, partial(_fits_central, letters)) for letters in CENTRAL.values())


def turkish_share(text: str) -> float:
    """Return the share of non-ASCII characters that fit Turkish."""
    return _share(text.replace("İ", "i"), lambda word: _has_letters(word, TURKISH))


def _share(text: str, fits: Callable[[str], bool]) -> float:
    """Return the share of characters that are signs between words, or letters of words that fit."""
    characters = OTHER.findall(text)
    if not characters:
        return 0.0
    good = sum(sign in SIGNS for sign in characters if not sign.isalpha() or sign in "ºªµ")
    good -= sum(sign in SIGNS for sign in WITHIN_WORD.findall(text))
    for word in WORD.findall(text):
        accents = [letter for letter in OTHER.findall(word) if letter not in "ºªµ"]
        if accents and _is_word(word) and fits(word.lower()):
            good += len(accents)
    syllabic = sum(letter in SYLLABIC for letter in characters)
    return 0.0 if syllabic > MOST_SYLLABIC * len(characters) else good / len(characters)


def _is_word(word: str) -> bool:
    """Return whether a word has few accented letters in a row, and no accented capital among small letters."""
    longest = max((len(run) for run in re.findall(r"[^\x00-\x7f]+", word)), default=0)
    plain = len(word) - len(OTHER.findall(word))
    capital = any(letter.isupper() for letter in OTHER.findall(word[1:]))
    return longest <= 2 and (plain >= 1 or len(word) == 1) and not (capital and not word.isupper())


def _has_letters(word: str, letters: set[str]) -> bool:
    return all(letter in letters for letter in OTHER.findall(word))


def _around(word: str) -> list[tuple[str, str, str]]:
    """Return every accented letter with the letters before and after it, empty at the ends of the word."""
    padded = ["", *word, ""]
    return [
        (letter, before, after)
        for before, letter, after in zip(padded, padded[1:], padded[2:], strict=False)
        if letter and not letter.isascii()
    ]


def _is_western(letter: str, before: str, after: str) -> bool:
    """Return whether an accented letter of a Western language is next to letters that it is used with."""
    if letter == "ß":
        return before in VOWELS
    if letter == "ñ":
        return after in VOWELS
    if letter == "õ":
        return after == "e"
    if letter == "ã":
        return after in ("", "e", "o")
    if letter == "œ":
        return after in ("u", "i", "c", "t")
    if letter == "æ":
        return before not in VOWELS
    return not (letter in WITHOUT_VOWELS_AROUND and before in VOWELS and after in VOWELS)


ZLOTY = "zł"  # the currency zł, a word without a vowel


def _fits_central(letters: set[str], word: str) -> bool:
    return _has_letters(word, letters) and (word == ZLOTY or _letters_fit(word))


def _letters_fit(word: str) -> bool:
    return all(_is_central(*each) for each in _around(word))


def _is_central(letter: str, before: str, after: str) -> bool:
    """Return whether an accented letter of a Central European language is next to letters that it is used with."""
    if letter == "ń":
        return before in VOWELS and after not in VOWELS
    if letter in CONSONANTS:
        return before in VOWELS or after in VOWELS or before + letter in CLUSTERS
    if letter == "ě":
        return before in set("dtnbpvmf")
    if letter in SYLLABIC:
        return bool(before) and bool(after) and not {before, after} & VOWELS
    return letter not in set("őűůęą") or not (after in VOWELS or before in VOWELS - {"i", "y"})
