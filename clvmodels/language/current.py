"""The current language: English, unless `written_in` chooses another for a block of code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from clvmodels.errors import CLVError, InvalidOption, closest
from clvmodels.language.error_texts import ENGLISH, FOLDER, translate_error

__all__ = ["ENGLISH", "FOLDER", "check_language", "current_language", "languages", "written_in"]

_CURRENT: ContextVar[str] = ContextVar("language", default=ENGLISH)


def languages() -> list[str]:
    """Return the languages that have a message file, such as "zh-Hans"."""
    return sorted(path.stem for path in FOLDER.glob("*.ftl"))


def current_language() -> str:
    """Return the language in which texts are currently written."""
    return _CURRENT.get()


def check_language(language: str) -> str:
    """Return the name of the message file of a language; case and hyphens do not matter.

    Raises
    ------
    InvalidOption
        If the language has no message file.
    """
    names = {name.lower(): name for name in languages()}
    name = names.get(str(language).replace("_", "-").lower())
    if name is None:
        options = languages()
        raise InvalidOption(
            f"language={language!r} is not one of {', '.join(map(repr, options))}.{closest(str(language), options)}"
        )
    return name


@contextmanager
def written_in(language: str | None) -> Iterator[None]:
    """Use a language for every text created in the block; None keeps the current language.

    Errors of this package that leave the block are translated too, as far as the catalog contains them.

    Examples
    --------
    >>> from clvmodels.language import Finding, written_in
    >>> with written_in("zh-Hans"):
    ...     print(Finding("rows-after-end", {"rows": 12, "end": "1997-09-30"}).text)
    1997年9月30日之后的 12 行未计入
    """
    token = _CURRENT.set(current_language() if language is None else check_language(language))
    try:
        yield
    except CLVError as error:
        if current_language() != ENGLISH:
            translate_error(error, current_language())
        raise
    finally:
        _CURRENT.reset(token)
