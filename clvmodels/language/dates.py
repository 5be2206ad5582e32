"""Days, durations, and names of months, weekdays and units in a language."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from clvmodels.language import numbers

if TYPE_CHECKING:
    from babel.core import Locale

__all__ = ["day", "duration", "month_name", "unit_name", "weekday_name"]

UNITS = ("hour", "day", "week", "month", "year")
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
DURATION = re.compile(r"(\d+(?:\.\d+)?) (hour|day|week|month|year)s?")


def month_name(month: int, language: str = "en") -> str:
    """Return the name of a month, 1 to 12."""
    from babel.dates import get_month_names

    return str(get_month_names("wide", locale=_locale(language))[month])


def weekday_name(weekday: int, language: str = "en") -> str:
    """Return the name of a weekday, 0 (Monday) to 6."""
    from babel.dates import get_day_names

    return str(get_day_names("wide", locale=_locale(language))[weekday])


def day(text: str, language: str = "en") -> str:
    """Return an ISO date as the language writes days: "1997年9月30日"; English and other texts stay unchanged."""
    from babel.dates import format_date

    if language == "en" or not ISO_DAY.fullmatch(text):
        return text
    moment: date = datetime.strptime(text, "%Y-%m-%d").date()
    return str(format_date(moment, "long", locale=_locale(language)))


def duration(value: str | float, language: str = "en") -> str:
    """Return a duration such as "26 weeks" as the language writes it, "26周"; any other text stays as it is."""
    from babel.units import format_unit

    if not isinstance(value, str):
        return numbers.cell(value, digits=4, language=language)
    match = DURATION.fullmatch(value)
    if match is None:
        return value
    number = float(match[1]) if "." in match[1] else int(match[1])
    return str(format_unit(number, f"duration-{match[2]}", length="long", locale=_locale(language)))


def unit_name(unit: str, language: str = "en") -> str:
    """Return the name of a unit of time, such as "week"; any other text stays as it is."""
    from babel.units import get_unit_name

    name = unit.removesuffix("s")
    return str(get_unit_name(f"duration-{name}", locale=_locale(language))) if name in UNITS else unit


def _locale(language: str) -> Locale:
    from babel.core import Locale

    return Locale.parse(language.replace("-", "_"))
