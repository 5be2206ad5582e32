"""The one definition of how the package writes numbers and lists.

Python rounds, so no digit depends on the language; Babel then supplies the separators, the percent sign and the
patterns of lists. Prose and pages have a true minus sign. Cells of tables that may be copied into a program, or printed
on a terminal of any encoding, have a hyphen. A missing number is a dash everywhere.
"""

from __future__ import annotations

import copy
import decimal
import math
import numbers
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from clvmodels.language.current import current_language
from clvmodels.language.words import word

if TYPE_CHECKING:
    from babel.core import Locale
    from babel.numbers import NumberPattern

__all__ = [
    "MISSING",
    "cell",
    "cells",
    "column",
    "count",
    "currency_name",
    "decimals",
    "fixed",
    "joined",
    "listed",
    "p_value",
    "percent",
    "sentence",
    "short_percent",
    "signed_percent",
    "significant",
]

MISSING = "–"
MINUS = "−"
HYPHEN = "-"
LOCALES = {"en": "en_001"}  # without a comma before the "and" of a list; others are their own locale
LARGE = 1_000  # table cells with at least this value have no decimals
SCIENTIFIC_BELOW, SCIENTIFIC_FROM = 1e-4, 1e9
SMALLEST_P_VALUE = 0.001  # smaller p-values are written as "p < ..."
SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(value: float, language: str | None = None) -> str:
    """Return a whole number with separators: 19,684."""
    return fixed(value, 0, language)


def fixed(value: float, places: int, language: str | None = None) -> str:
    """Return a number with a fixed number of decimals, separators and a true minus sign: −1,234.50."""
    return _localize(f"{value:,.{places}f}", language) if _is_finite(value) else MISSING


def percent(share: float, places: int = 1, language: str | None = None) -> str:
    """Return a share of one as a percentage: 0.299 is 29.9%."""
    return _localize(f"{100 * share:,.{places}f}%", language) if _is_finite(share) else MISSING


def signed_percent(share: float, places: int = 1, language: str | None = None) -> str:
    """Return a relative difference with its sign: −14.3%, +47.3%."""
    return _localize(f"{100 * share:+,.{places}f}%", language) if _is_finite(share) else MISSING


def short_percent(share: float, places: int = 2, language: str | None = None) -> str:
    """Return a share of one as a percentage without trailing zeros: 0.1 is 10%, 0.125 is 12.5%."""
    if not _is_finite(share):
        return MISSING
    text = f"{100 * share:,.{places}f}"
    return _localize((text.rstrip("0").rstrip(".") if "." in text else text) + "%", language)


def significant(value: float, digits: int = 4, language: str | None = None) -> str:
    """Return a number with its leading digits: 0.2516, 14.98, 1,234, 3.22 × 10⁻¹⁰."""
    if not _is_finite(value):
        return MISSING
    if value == 0:
        return "0"
    if abs(value) < SCIENTIFIC_BELOW or abs(value) >= SCIENTIFIC_FROM:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{_localize(mantissa, language)} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    return fixed(value, decimals([value], digits), language)


def p_value(value: float, language: str | None = None) -> str:
    """Return a p-value with two digits: p = 0.044, p < 0.001."""
    smallest = fixed(SMALLEST_P_VALUE, 3, language)
    return f"p < {smallest}" if value < SMALLEST_P_VALUE else f"p = {significant(value, 2, language)}"


def decimals(values: Iterable[float], digits: int = 4) -> int:
    """Return the number of decimals with which the largest value shows `digits` leading digits."""
    largest = max((abs(value) for value in values if _is_finite(value)), default=0.0)
    return max(0, digits - 1 - math.floor(math.log10(largest))) if largest > 0 else 0


def column(values: Iterable[float], digits: int = 4, language: str | None = None) -> list[str]:
    """Return the numbers of a table's column, all with the same number of decimals."""
    rows = list(values)
    places = decimals(rows, digits)
    return [fixed(value, places, language) for value in rows]


def cell(value: Any, form: str | None = None, *, digits: int = 4, language: str | None = None) -> str:
    """Return a value of any kind as a table shows it, with a hyphen for a minus sign.

    Parameters
    ----------
    value : object
        True and False become "yes" and "no"; None and NaN a dash; what is not a number is shown by `str`.
    form : str, optional
        Python's format of a number, such as ",.2f" or "+.1%"; "" shows a number as it is. Without it, whole numbers and
        numbers from 1,000 on have separators and no decimals, and others `digits` leading digits.
    """
    if isinstance(value, bool):
        return word("cell-yes" if value else "cell-no", language)
    if value is None or (isinstance(value, numbers.Real) and value != value):
        return MISSING
    if not isinstance(value, numbers.Real) or form == "":
        return str(value)
    return _localize(format(value, _form(value, digits) if form is None else form), language, HYPHEN)


def cells(values: Iterable[Any], form: str | None = None, *, digits: int = 4, language: str | None = None) -> list[str]:
    """Return the values of a table's column, each as `cell` shows it."""
    return [cell(value, form, digits=digits, language=language) for value in values]


def listed(items: Sequence[str], separator: str = ", ", language: str | None = None) -> str:
    """Return items as a sentence lists them: "a, b and c"; with the separator "; ", "a, b; c; and d"."""
    from babel.lists import format_list

    locale = _locale(language or current_language())
    if len(items) < 2 or separator == ", ":
        return format_list(items, locale=locale)
    pair = locale.list_patterns["standard"]["2"]
    return str(pair).format(separator.join(items[:-1]) + separator.rstrip(), items[-1])


def currency_name(code: str, language: str | None = None) -> str:
    """Return the name of a currency, such as 美元 for USD; what is not a code stays as it is."""
    return str(_locale(language or current_language()).currencies.get(code.upper(), code))


def joined(items: Iterable[str], language: str | None = None) -> str:
    """Return items one after the other, as a table lists them: "a, b, c"; in Chinese "a、b、c"."""
    return word("between-items", language).join(items)


def sentence(text: str, language: str | None = None) -> str:
    """Return a text as a sentence: a capital first, a full stop last."""
    stop = "" if text.endswith(SENTENCE_ENDS) else word("full-stop", language)
    return text[:1].upper() + text[1:] + stop


def _form(value: numbers.Real, digits: int) -> str:
    if isinstance(value, numbers.Integral):
        return ","
    return ",.0f" if LARGE <= abs(float(value)) < math.inf else f".{digits}g"


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _localize(text: str, language: str | None, minus: str = MINUS) -> str:
    """Rewrite a number that Python has formatted with the separators and signs of a language.

    Babel receives the digits of the text as a Decimal, with as many decimals as the text has, so it rounds nothing.
    """
    if "inf" in text:
        return text.replace("-", minus)
    language = language or current_language()
    sign = text[0] if text[0] in "+-" else ""
    mantissa, e, exponent = text.removeprefix(sign).removesuffix("%").partition("e")
    pattern = _pattern(language, text.endswith("%"), len(mantissa.partition(".")[2]))
    with decimal.localcontext(prec=len(mantissa)):
        number = decimal.Decimal(mantissa.replace(",", ""))
        written = pattern.apply(number, _locale(language), group_separator="," in mantissa)
    return f"{sign}{written}{e}{exponent}".replace("-", minus)


@cache
def _locale(language: str) -> Locale:
    from babel.core import Locale

    return Locale.parse(LOCALES.get(language, language).replace("-", "_"))


@cache
def _pattern(language: str, is_percentage: bool, places: int) -> NumberPattern:
    """Return a language's pattern of a number or percentage, with fixed decimals and without scaling by 100."""
    locale = _locale(language)
    pattern: NumberPattern = copy.copy((locale.percent_formats if is_percentage else locale.decimal_formats)[None])
    pattern.frac_prec = (places, places)
    pattern.scale = 0
    return pattern
