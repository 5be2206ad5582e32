"""Formats of amounts of money on the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clvmodels.decisions.base_audit.split import largest_remainder
from clvmodels.language import message
from clvmodels.language.numbers import MINUS, fixed

__all__ = ["AmountFormat", "parts_of_total", "whole_percents"]

PLUS = "+"
DIGITS = 3  # leading digits of an amount: more would be noise
CENTS = 2  # decimals of amounts below CENTS_BELOW
CENTS_BELOW, SMALL = 10.0, 0.1


@dataclass(frozen=True, slots=True)
class AmountFormat:
    """Formats of amounts in a currency, which is empty if it is not known."""

    currency: str

    def round(self, amount: float) -> str:
        """Return an amount to its leading digits, with the currency; cents only below ten."""
        if not math.isfinite(amount):
            return fixed(amount, 0)
        digits = _digits(amount)
        places = 0 if abs(amount) >= CENTS_BELOW else max(CENTS, digits) if abs(amount) < SMALL else CENTS
        return self._written(round(amount, digits), places)

    def signed(self, amount: float) -> str:
        """Return a change with its sign and the currency, rounded to its leading digits."""
        text = self.round(abs(amount))
        return f"{PLUS if amount >= 0 else MINUS}{text}"

    def _written(self, amount: float, places: int) -> str:
        text = fixed(amount, places)
        return message("glance-money", {"amount": text, "currency": self.currency}) if self.currency else text


def parts_of_total(parts: Sequence[float]) -> list[float]:
    """Return parts rounded so that they add up to their total as `AmountFormat.round` writes it."""
    total = sum(parts)
    if not total > 0:
        return list(parts)
    unit = 10.0 ** -_digits(total)
    rounded = largest_remainder(np.asarray(parts) / unit, round(total / unit)) * unit
    return [float(whole) or part for whole, part in zip(rounded, parts, strict=True)]


def whole_percents(shares: Sequence[float]) -> list[float]:
    """Return shares of one as hundredths that add up as the shares do, so that no table adds up to 101%."""
    hundred = 100.0 * np.asarray(shares)
    if not np.isfinite(hundred).all():
        return list(shares)
    return [float(share) for share in largest_remainder(hundred, round(float(hundred.sum()))) / 100.0]


def _digits(amount: float) -> int:
    """Return the decimals, negative for tens and more, that show the leading digits of an amount."""
    return 0 if amount == 0 else DIGITS - 1 - math.floor(math.log10(abs(amount)))
