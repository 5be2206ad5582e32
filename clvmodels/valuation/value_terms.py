"""The terms on which future purchases are valued: horizon, discount rate, discounting convention and margin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, get_args

from clvmodels.clock import Clock, TimeUnit
from clvmodels.errors import InvalidOption
from clvmodels.language import Finding

__all__ = ["LIFETIME", "Discounting", "ValueTerms", "refuse_negative_margin"]

Discounting = Literal["continuous", "period_end"]
HIGHEST_RATE = 1.0  # 100 % per year; a higher rate is probably a percentage, such as 10 for 10 %
MOST_PERIODS = 10_000
LIFETIME = "lifetime"  # the horizon without an end
DRAWN_EXPONENT = 12.0  # purchases with a discount factor of e^-12 or less are not drawn
ROUNDING_TOLERANCE = 1e-9  # float error allowed in a whole number of periods


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTerms:
    """The terms on which future purchases are valued.

    `lifetime_value` builds it from its keyword arguments. Jobs, the command line and the report share it.

    Parameters
    ----------
    horizon : float or str
        How far ahead: a number in the unit of the clock, a length with its unit such as "12 months", or "lifetime"
        for all future purchases, which needs a positive discount rate.
    annual_rate : float
        Effective discount rate per year: money t days ahead is worth (1 + annual_rate) ** (-t / 365.25) today.
    margin : float
        Share of spend that counts: 0.35 for 35 %, 1 for revenue.
    timing : {"continuous", "period_end"}
        Whether each purchase is discounted from its own time, or all purchases of a period from the end of the period.
    period : {"hour", "day", "week", "month", "year"}
        Length of a period of "period_end". The last period ends with the horizon.

    Raises
    ------
    InvalidOption
        For values out of range; the message lists all of them.

    Examples
    --------
    >>> from clvmodels.valuation.value_terms import ValueTerms
    >>> terms = ValueTerms(horizon="12 months", annual_rate=0.10, margin=0.35)
    >>> terms.text
    'purchases of the next 12 months, discounted at 10% per year from the time of each purchase, with a margin of 35%'
    """

    horizon: float | str
    annual_rate: float
    margin: float = 1.0
    timing: Discounting = "continuous"
    period: TimeUnit = "month"

    def __post_init__(self) -> None:
        _refuse(self.annual_rate, self.margin, self.timing, self.period, "annual_rate", "timing")
        if self.is_lifetime:
            _refuse_endless(self.annual_rate, self.timing, "annual_rate", "timing")

    @classmethod
    def from_keywords(
        cls,
        *,
        horizon: float | str,
        annual_discount_rate: float,
        margin: float,
        discounting: Discounting = "continuous",
        period: TimeUnit = "month",
    ) -> ValueTerms:
        """Return the terms from the keyword arguments of `lifetime_value`; errors name these arguments."""
        _refuse(annual_discount_rate, margin, discounting, period, "annual_discount_rate", "discounting")
        if horizon == LIFETIME:
            _refuse_endless(annual_discount_rate, discounting, "annual_discount_rate", "discounting")
        return cls(horizon=horizon, annual_rate=annual_discount_rate, margin=margin, timing=discounting, period=period)

    def to_keywords(self) -> dict[str, Any]:
        """Return the terms as keyword arguments of `lifetime_value`."""
        return {
            "horizon": self.horizon,
            "annual_discount_rate": self.annual_rate,
            "margin": self.margin,
            "discounting": self.timing,
            "period": self.period,
        }

    @property
    def is_lifetime(self) -> bool:
        """Return whether all future purchases count."""
        return self.horizon == LIFETIME

    def length(self, clock: Clock) -> float:
        """Return the horizon in the unit of a clock.

        Raises
        ------
        InvalidOption
            If the horizon has no end, or is not a length of time.
        """
        if self.is_lifetime:
            raise InvalidOption(
                "horizon='lifetime' has no end, so it is possible only in lifetime_value and in clv report, as "
                "--value-horizon lifetime: pass a length with its unit here, such as '10 years'."
            )
        return clock.duration(self.horizon)

    def drawn_length(self, clock: Clock) -> float:
        """Return the time within which purchases are drawn, in the unit of a clock."""
        return DRAWN_EXPONENT / self.rate(clock) if self.is_lifetime else self.length(clock)

    def rate(self, clock: Clock) -> float:
        """Return the continuous discount rate per unit of a clock: money t units ahead is worth exp(-rate t)."""
        return clock.continuous_rate(self.annual_rate)

    def period_ends(self, clock: Clock) -> list[float]:
        """Return the end of each period within the horizon, in the unit of a clock; the last is the horizon.

        Raises
        ------
        InvalidOption
            When the horizon has more than 10,000 periods.
        """
        horizon, period = self.length(clock), clock.length(self.period)
        count = max(1, math.ceil(horizon / period - ROUNDING_TOLERANCE))
        if count > MOST_PERIODS:
            raise InvalidOption(
                f"The horizon {self.horizon!r} has {count:,} periods of one {self.period}, more than "
                f"{MOST_PERIODS:,}: name a longer period."
            )
        return [min(i * period, horizon) for i in range(1, count + 1)]

    @property
    def finding(self) -> Finding:
        """Return the terms as a finding."""
        figures = {
            "horizon": self.horizon,
            "horizon_has_unit": "ever" if self.is_lifetime else "yes" if isinstance(self.horizon, str) else "no",
            "annual_rate": self.annual_rate,
            "margin": self.margin,
            "timing": self.timing,
            "period": self.period,
        }
        return Finding("value-terms", figures)

    @property
    def text(self) -> str:
        """Return the terms as a sentence in English."""
        return self.finding.text


def refuse_negative_margin(margin: float) -> None:
    """Raise an InvalidOption for a negative margin, in tables that cannot report it or would rank by losses."""
    if margin < 0:
        raise InvalidOption(
            f"margin={margin!r} is negative, so every order would reduce the value: this table needs a margin "
            "of 0 or more. remaining_value accepts a negative margin, and reports it."
        )


def _refuse(annual_rate: Any, margin: Any, timing: Any, period: Any, rate_name: str, timing_name: str) -> None:
    """Raise an error that lists all values out of range, under the names that the caller used."""
    faults = [
        f"{name}={value!r} is not a number."
        for name, value in ((rate_name, annual_rate), ("margin", margin))
        if not isinstance(value, Real)
    ]
    if faults:
        raise InvalidOption(" ".join(faults))
    if timing not in get_args(Discounting):
        faults.append(f"{timing_name}={timing!r} is not one of {_quoted(Discounting)}.")
    if period not in get_args(TimeUnit):
        faults.append(f"period={period!r} is not one of {_quoted(TimeUnit)}.")
    if not -1 <= margin <= 1:
        faults.append(f"margin={margin!r} must be a share of spend: 0.35 for 35 %, 1 for revenue.")
    if annual_rate > HIGHEST_RATE:
        faults.append(f"{rate_name}={annual_rate!r} would be {annual_rate:.0%} per year: ten percent is 0.10.")
    elif not annual_rate > -1:
        faults.append(
            f"{rate_name}={annual_rate!r} must be a finite effective yearly rate above -1: ten percent is 0.10."
        )
    if faults:
        raise InvalidOption(" ".join(faults))


def _refuse_endless(annual_rate: float, timing: str, rate_name: str, timing_name: str) -> None:
    """Raise an error if the value of all future purchases may be infinite, or cannot be computed."""
    if not annual_rate > 0:
        raise InvalidOption(
            f"horizon='lifetime' needs a positive {rate_name}, not {annual_rate!r}: without a discount, the value of "
            "all future purchases can be infinite. Pass a rate such as 0.10, or a length such as '10 years'."
        )
    if timing != "continuous":
        raise InvalidOption(
            f"horizon='lifetime' has no last period, so it needs {timing_name}='continuous', not {timing!r}."
        )


def _quoted(options: Any) -> str:
    return ", ".join(map(repr, get_args(options)))
