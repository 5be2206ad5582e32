"""Names of months and weekdays in a language."""

from __future__ import annotations

__all__ = ["month_name", "weekday_name"]


def month_name(month: int, language: str = "en") -> str:
    """Return the name of a month, 1 to 12."""
    from babel.dates import get_month_names

    return str(get_month_names("wide", locale=language)[month])


def weekday_name(weekday: int, language: str = "en") -> str:
    """Return the name of a weekday, 0 (Monday) to 6."""
    from babel.dates import get_day_names

    return str(get_day_names("wide", locale=language)[weekday])
