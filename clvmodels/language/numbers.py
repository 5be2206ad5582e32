"""How numbers are told: separators, signs, and as many digits as they carry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

__all__ = [
    "MISSING",
    "column",
    "count",
    "decimals",
    "fixed",
    "listed",
    "percent",
    "sentence",
    "signed_percent",
    "significant",
]

MISSING = "–"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(value: float) -> str:
    """A whole number with separators: 19,684."""
    return fixed(value, 0)


def fixed(value: float, places: int) -> str:
    """A number with so many decimals, separators and a true minus sign."""
    return f"{value:,.{places}f}".replace("-", "−") if _is_known(value) else MISSING


def percent(share: float, places: int = 1) -> str:
    """A share of one as a percentage: 0.299 is 29.9%."""
    return f"{100 * share:,.{places}f}%".replace("-", "−") if _is_known(share) else MISSING


def signed_percent(share: float, places: int = 1) -> str:
    """A relative difference: −14.3%, +47.3%."""
    return f"{100 * share:+,.{places}f}%".replace("-", "−") if _is_known(share) else MISSING


def significant(value: float, digits: int = 4) -> str:
    """A number by its leading digits: 0.2516, 14.98, 1,234, 3.22 × 10⁻¹⁰."""
    if not _is_known(value):
        return MISSING
    if value == 0:
        return "0"
    if abs(value) < 1e-4 or abs(value) >= 1e9:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}".replace("-", "−")
    return fixed(value, decimals([value], digits))


def decimals(values: Iterable[float], digits: int = 4) -> int:
    """Decimals that show the largest of the values with so many leading digits."""
    largest = max((abs(value) for value in values if _is_known(value)), default=0.0)
    return max(0, digits - 1 - math.floor(math.log10(largest))) if largest > 0 else 0


def column(values: Iterable[float], digits: int = 4) -> list[str]:
    """Numbers that stand below each other, all with the same decimals."""
    held = list(values)
    places = decimals(held, digits)
    return [fixed(value, places) for value in held]


def listed(items: Sequence[str], separator: str = ", ") -> str:
    """Items as a sentence lists them: a, b and c."""
    if len(items) < 2:
        return "".join(items)
    return f"{separator.join(items[:-1])}{separator.rstrip() if separator.startswith(';') else ''} and {items[-1]}"


def sentence(words: str) -> str:
    """Words as a sentence: a capital first, a full stop last."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")


def _is_known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
