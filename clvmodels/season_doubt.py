"""The uncertainty of the speeds of an estimated season, and of a total that depends on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from clvmodels.errors import InvalidOption

__all__ = ["SeasonDoubt"]

WEEKS_OF_YEAR = 52
Weekly = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SeasonDoubt:
    """The uncertainty of the speeds of the 52 weeks of an estimated season.

    Attributes
    ----------
    standard_error : tuple of float (52,)
        Of the logarithm of each speed, given the trend.
    purchases : tuple of float (52,)
        Purchases in each week of the year of the log that the season was estimated from, not all 0.
    other : tuple of float
        Speeds under another trend relative to those of the calendar, (52,); empty where the trend is known.

    Raises
    ------
    InvalidOption
        If a sequence has the wrong length, or a number is not finite or out of range.
    """

    standard_error: tuple[float, ...]
    purchases: tuple[float, ...]
    other: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name, numbers in asdict(self).items():
            allowed = (0, WEEKS_OF_YEAR) if name == "other" else (WEEKS_OF_YEAR,)
            if len(numbers) not in allowed or not all(np.isfinite(numbers)) or any(each < 0 for each in numbers):
                raise InvalidOption(f"{name} of a season must have 52 numbers that are finite and not negative.")
        if not sum(self.purchases) > 0 or (self.other and not min(self.other) > 0):
            raise InvalidOption("A season needs weeks with purchases, and speeds above 0.")

    def log_variance(self, expected: Weekly) -> float:
        """Return the variance of the logarithm of a total due to the uncertainty of the season.

        Parameters
        ----------
        expected : array (52,)
            The expected total of each week of the year, in any unit.

        Notes
        -----
        A process is fitted to all purchases of the log, so that only the season of the horizon relative to that of the
        log matters. With the shares h of the total and c of the purchases by week, the logarithm of the total changes
        by (h - c)' d if the logarithms of the speeds change by d: a horizon of a year after a log of a year hardly
        depends on the season. The speeds under another trend and those of the calendar are the two extremes; a uniform
        number between 0 and their difference has a mean square of a third of its square.
        """
        total = float(expected.sum())
        if not total > 0:
            return 0.0
        ahead, past = expected / total, np.array(self.purchases) / sum(self.purchases)
        variance = float(np.sum(((ahead - past) * np.array(self.standard_error)) ** 2))
        if self.other:
            other = np.array(self.other)
            variance += float(np.log((ahead @ other) / (past @ other))) ** 2 / 3
        return variance

    def to_dict(self) -> dict[str, list[float]]:
        """Return the numbers as lists by name."""
        return {name: list(numbers) for name, numbers in asdict(self).items()}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the doubt that `to_dict` wrote."""
        return cls(**{name: tuple(numbers) for name, numbers in document.items()})
