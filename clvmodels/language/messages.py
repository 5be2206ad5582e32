"""Messages by id, from one Fluent file per language; the functions that format the numbers and lists in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clvmodels.language import dates, numbers

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle

__all__ = ["languages", "message"]

FOLDER = Path(__file__).parent


def languages() -> list[str]:
    """The languages there is a message file for."""
    return sorted(path.stem for path in FOLDER.glob("*.ftl"))


def message(code: str, figures: Mapping[str, Any] | None = None, language: str = "en") -> str:
    """The message with an id, figures filled in.

    Parameters
    ----------
    code : str
        Id of a message in the language's file.
    figures : mapping of str to number, str, bool or sequence of str
        A bool is passed as "yes" or "no", and a missing number as NaN. A finding becomes its text in the language, and
        a sequence a list ("a, b and c").
    language : str
        The name of a message file, such as "en".

    Raises
    ------
    KeyError
        When the language has no such message.
    ValueError
        When a figure is missing, or a message cannot be formatted; both are programming errors that tests find.
    """
    bundle = _bundle(language)
    pattern = bundle.get_message(code).value
    if pattern is None:
        raise KeyError(code)
    arguments = {_argument(name): _as_fluent(value, language) for name, value in (figures or {}).items()}
    text, errors = bundle.format_pattern(pattern, arguments)
    if errors:
        raise ValueError(f"message {code!r} in {language!r}: {'; '.join(map(str, errors))}")
    return str(text)


def _argument(name: str) -> str:
    """A figure's name as Fluent spells variables."""
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
        return numbers.listed([str(_as_fluent(item, language)) for item in value], language=language)
    return value


def _plain(value: Any) -> float:
    """The number that Fluent wraps."""
    return float(value)


def _functions(language: str) -> dict[str, Callable[..., Any]]:
    """Return the functions that messages of a language may call, by the names they have in the message files."""

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

    def p_value(value: Any) -> str:
        return numbers.p_value(_plain(value), language)

    def month(number: Any) -> str:
        return dates.month_name(int(number), language)

    def weekday(number: Any) -> str:
        return dates.weekday_name(int(number), language)

    return {
        "COUNT": count,
        "PERCENT": percent,
        "SIGNED_PERCENT": signed_percent,
        "NUM": number,
        "FIXED": fixed,
        "SHORT": short,
        "SHORT_PERCENT": short_percent,
        "P_VALUE": p_value,
        "MONTH": month,
        "WEEKDAY": weekday,
    }


@cache
def _bundle(language: str) -> FluentBundle:
    from fluent.runtime import FluentBundle, FluentResource

    path = FOLDER / f"{language}.ftl"
    if not path.exists():
        raise KeyError(f"no messages in {language!r}; there are {', '.join(languages())}")
    bundle = FluentBundle([language], functions=_functions(language), use_isolating=False)
    bundle.add_resource(FluentResource(path.read_text(encoding="utf-8")))
    return bundle
