"""Indicators of a scorecard, grouped in dimensions, each with its direction, scale and rule for missing values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, get_args

from clvmodels.decisions.customer_table import CustomerTable
from clvmodels.errors import InvalidOption, InvalidTable, closest, list_names

__all__ = ["Indicator", "check_indicators", "indicator_set", "indicators_of"]

IndicatorDirection = Literal["higher", "lower"]
IndicatorScale = Literal["rank", "range"]
MissingValues = Literal["median", "worst", "refuse"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """A column of a scorecard.

    Parameters
    ----------
    column : str
        Column of the customers' table.
    dimension : str
        The dimension that it measures, such as "loyalty".
    direction : {"higher", "lower"}
        Which values are better.
    scale : {"rank", "range"}
        How values become scores between 0 and 1: by rank among the customers, with ties at their middle rank; or
        linearly from `lowest` to `highest`, with values outside clipped.
    lowest, highest : float, optional
        Ends of the scale "range". Default: the 5th and the 95th percentile of the customers.
    benchmark : str, optional
        Column to compare the customer with, such as the target or the mean of the segment. The indicator is then the
        value minus the benchmark.
    missing : {"median", "worst", "refuse"}
        Score of customers without a value: that of the median of the others ("median"), 0 ("worst"), or an error.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.Indicator("days_late", "credit", direction="lower", missing="worst").direction
    'lower'
    """

    column: str
    dimension: str
    direction: IndicatorDirection = "higher"
    scale: IndicatorScale = "rank"
    lowest: float | None = None
    highest: float | None = None
    benchmark: str | None = None
    missing: MissingValues = "median"

    def __post_init__(self) -> None:
        faults = [*self._option_faults(), *self._limit_faults()]
        if faults:
            raise InvalidOption(f"Indicator {self.column!r}: " + "; ".join(faults) + ".")

    def _option_faults(self) -> list[str]:
        """Return a list of what is wrong with names and options."""
        texts = {name: getattr(self, name) for name in ("column", "dimension")}
        faults = [
            f"{name}={text!r} must be a name"
            for name, text in texts.items()
            if not (isinstance(text, str) and text.strip())
        ]
        choices = {"direction": IndicatorDirection, "scale": IndicatorScale, "missing": MissingValues}
        for name, options in choices.items():
            if getattr(self, name) not in get_args(options):
                faults.append(f"{name}={getattr(self, name)!r} is not one of {list_names(get_args(options))}")
        return faults

    def _limit_faults(self) -> list[str]:
        """Return a list of what is wrong with the ends of the scale."""
        ends: list[Any] = [end for end in (self.lowest, self.highest) if end is not None]
        if ends and self.scale != "range":
            return ["lowest= and highest= need scale='range'"]
        if not all(isinstance(end, Real) and abs(float(end)) < float("inf") for end in ends):
            return [f"lowest={self.lowest!r} and highest={self.highest!r} must be numbers"]
        if len(ends) == 2 and not ends[0] < ends[1]:
            return [f"lowest={self.lowest!r} must be less than highest={self.highest!r}"]
        return []


CONTRIBUTION = (
    Indicator("past_spend", "current contribution"),
    Indicator("monetary_value", "current contribution"),
    Indicator("lifetime_value", "future contribution"),
    Indicator("expected_purchases", "future contribution"),
    Indicator("credit_score", "credit"),
    Indicator("days_late", "credit", direction="lower"),
    Indicator("probability_alive", "loyalty"),
    Indicator("frequency", "loyalty"),
    Indicator("T", "loyalty"),
    Indicator("spend_trend", "growth potential"),
    Indicator("product_breadth", "growth potential"),
)
FOUR_VALUES = (
    Indicator("lifetime_value", "economic value"),
    Indicator("past_spend", "economic value"),
    Indicator("frequency", "behavioral value"),
    Indicator("probability_alive", "behavioral value"),
    Indicator("engagement", "behavioral value"),
    Indicator("satisfaction", "emotional value"),
    Indicator("nps", "emotional value"),
    Indicator("referral_value", "social value"),
    Indicator("reviews", "social value"),
)
SETS = {"contribution": CONTRIBUTION, "four values": FOUR_VALUES}


def indicator_set(name: str) -> tuple[Indicator, ...]:
    """Return a predefined set of indicators, to use as it is or to change.

    Parameters
    ----------
    name : {"contribution", "four values"}
        Current and future contribution, credit, loyalty and growth potential; or economic, behavioral, emotional and
        social value.

    Returns
    -------
    tuple of Indicator

    Raises
    ------
    InvalidOption
        For another name.

    Examples
    --------
    >>> import clvmodels as clv
    >>> [indicator.column for indicator in clv.indicator_set("four values")[:3]]
    ['lifetime_value', 'past_spend', 'frequency']
    """
    if name not in SETS:
        raise InvalidOption(f"There is no set of indicators {name!r}: use {list_names([*SETS])}.{closest(name, SETS)}")
    return SETS[name]


def indicators_of(indicators: Any, table: CustomerTable) -> tuple[tuple[Indicator, ...], list[str]]:
    """Return the indicators to use, and the dimensions of a predefined set for which the table has no column."""
    if not isinstance(indicators, str):
        return check_indicators(indicators), []
    ready = indicator_set(indicators)
    present = tuple(each for each in ready if table.has(each.column))
    if not present:
        names = [each.column for each in ready]
        raise InvalidTable(
            f"{table.argument}= has none of the columns of the set {indicators!r}: {list_names(names)}. "
            "Rename its columns, or pass a list of Indicator."
        )
    covered = {each.dimension for each in present}
    return present, [name for name in dict.fromkeys(each.dimension for each in ready) if name not in covered]


def check_indicators(indicators: Any) -> tuple[Indicator, ...]:
    """Return indicators as a tuple; raise an InvalidOption if any is not an Indicator or a column is used twice."""
    valid = isinstance(indicators, Sequence) and indicators and all(isinstance(each, Indicator) for each in indicators)
    if not valid:
        raise InvalidOption(
            f"indicators={indicators!r} must be a list of Indicator, a ScorecardDefinition, or one of "
            f"{list_names([*SETS])}."
        )
    columns = [each.column for each in indicators]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise InvalidOption(
            f"The column {twice[0]!r} is used by several indicators: use it in one, or it counts twice."
        )
    return tuple(indicators)
