"""How amounts of money are written on the page."""

from __future__ import annotations

import math
from dataclasses import dataclass

from clvmodels.language import message
from clvmodels.language.numbers import MINUS, fixed

__all__ = ["AmountFormat"]

PLUS = "+"
DIGITS = 3  # leading digits of a headline number: more would be noise


@dataclass(frozen=True, slots=True)
class AmountFormat:
    """How amounts are written: in a currency, which is empty if it is not known."""

    currency: str

    def round(self, amount: float) -> str:
        """Return an amount to its leading digits, with the currency."""
        if not math.isfinite(amount):
            return fixed(amount, 0)
        digits = 0 if amount == 0 else DIGITS - 1 - math.floor(math.log10(abs(amount)))
        return self._written(round(amount, digits), max(0, digits))

    def signed(self, amount: float) -> str:
        """Return a change to the leading digits of the amount, with its sign and the currency."""
        text = self.round(abs(amount))
        return f"{PLUS if amount >= 0 else MINUS}{text}"

    def whole(self, amount: float) -> str:
        """Return an amount without decimals, with the currency."""
        return self._written(amount, 0)

    def each(self, amount: float) -> str:
        """Return an amount per customer, to the cent, with the currency."""
        return self._written(amount, 2)

    def _written(self, amount: float, places: int) -> str:
        text = fixed(amount, places)
        return message("glance-money", {"amount": text, "currency": self.currency}) if self.currency else text
