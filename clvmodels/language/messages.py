"""Messages by id, from one Fluent file per language; the functions that format the numbers and lists in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from clvmodels.language import dates, numbers
from clvmodels.language.current import ENGLISH, current_language
from clvmodels.language.error_texts import translate
from clvmodels.language.words import Catalog

__all__ = ["message"]


def message(code: str, figures: Mapping[str, Any] | None = None, language: str | None = None) -> str:
    """Return the message with an id, with its figures filled in.

    Parameters
    ----------
    code : str
        Id of a message in the language's file.
    figures : mapping of str to number, str, bool or sequence of str
        A bool is passed as "yes" or "no", and a missing number as NaN. A finding becomes its text in the language, and
        a sequence a list ("a, b and c").
    language : str, optional
        The name of a message file, such as "zh-Hans"; by default the current one. Messages that the language lacks are
        in English.

    Raises
    ------
    KeyError
        If the message or the file of the language does not exist.
    ValueError
        If a figure is missing, or a message cannot be formatted; both are programming errors that tests find.
    """
    language = language or current_language()
    catalog = _catalog(language)
    if language != ENGLISH and not catalog.has_message(code):
        language, catalog = ENGLISH, _catalog(ENGLISH)
    pattern = catalog.get_message(code).value
    if pattern is None:
        raise KeyError(code)
    arguments = {_argument(name): _as_fluent(value, language) for name, value in (figures or {}).items()}
    text, errors = catalog.format_pattern(pattern, arguments)
    if errors:
        raise ValueError(f"message {code!r} in {language!r}: {'; '.join(map(str, errors))}")
    return text


def _argument(name: str) -> str:
    """Return the name of a figure in the form that Fluent uses for variables."""
    return name.replace(" ", "_")


def _as_fluent(value: Any, language: str) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return float("nan")
    if hasattr(value, "item"):
        return _as_fluent(value.item(), language)
    if hasattr(value, "render"):
        return value.render(language)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return numbers.listed([_list_item(item, language) for item in value], language=language)
    return value


def _list_item(item: Any, language: str) -> str:
    """Return an item of a list as the language writes it; functions of messages get the list as one text."""
    return dates.duration(item, language) if isinstance(item, str) else str(_as_fluent(item, language))


def _plain(value: Any) -> float:
    """Return the number that Fluent wraps."""
    return float(value)


def _functions(language: str) -> dict[str, Callable[..., Any]]:
    """Return the functions that messages may call, by their names in the message files."""

    def count(value: Any) -> str:
        return numbers.count(_plain(value), language)

    def percent(value: Any, places: Any = 0) -> str:
        return numbers.percent(_plain(value), int(places), language)

    def signed_percent(value: Any, places: Any = 0) -> str:
        return numbers.signed_percent(_plain(value), int(places), language)

    def number(value: Any, digits: Any = 3) -> str:
        return numbers.significant(_plain(value), int(digits), language)

    def fixed(value: Any, places: Any = 0) -> str:
        return numbers.fixed(_plain(value), int(places), language)

    def short(value: Any, digits: Any = 3) -> str:
        return numbers.cell(_plain(value), digits=int(digits), language=language)

    def short_percent(value: Any, places: Any = 2) -> str:
        return numbers.short_percent(_plain(value), int(places), language)

    def local(text: Any) -> str:
        return translate(str(text), language)

    def p_value(value: Any) -> str:
        return numbers.p_value(_plain(value), language)

    return {
        "COUNT": count,
        "PERCENT": percent,
        "SIGNED_PERCENT": signed_percent,
        "NUM": number,
        "FIXED": fixed,
        "SHORT": short,
        "SHORT_PERCENT": short_percent,
        "P_VALUE": p_value,
        "LOCAL": local,
        **_date_functions(language),
    }


def _date_functions(language: str) -> dict[str, Callable[..., Any]]:
    """Return the functions that write months, days, durations, units of time and currencies."""

    def month(number: Any) -> str:
        return dates.month_name(int(number), language)

    def weekday(number: Any) -> str:
        return dates.weekday_name(int(number), language)

    def date(day: Any) -> str:
        return dates.day(str(day), language)

    def duration(text: Any) -> str:
        return dates.duration(text if isinstance(text, str) else _plain(text), language)

    def unit(name: Any) -> str:
        return dates.unit_name(str(name), language)

    def currency(code: Any) -> str:
        return numbers.currency_name(str(code), language)

    return {
        "MONTH": month,
        "WEEKDAY": weekday,
        "DATE": date,
        "DURATION": duration,
        "UNIT": unit,
        "CURRENCY": currency,
    }


@cache
def _catalog(language: str) -> Catalog:
    return Catalog(language, _functions(language))
