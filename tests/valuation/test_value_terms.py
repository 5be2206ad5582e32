"""Value terms: one record for `lifetime_value`, jobs, the command line and the report."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.valuation.discounting import CONVENTIONS
from clvmodels.valuation.value_terms import Discounting, ValueTerms

KEYWORDS = {
    "horizon": "12 months",
    "annual_discount_rate": 0.1,
    "margin": 0.35,
    "discounting": "period_end",
    "period": "month",
}


def test_terms_and_keywords_convert_into_each_other() -> None:
    terms = ValueTerms.from_keywords(**KEYWORDS)
    assert terms == ValueTerms(horizon="12 months", annual_rate=0.1, margin=0.35, timing="period_end", period="month")
    assert terms.to_keywords() == KEYWORDS


def test_lengths_and_rates_are_in_the_unit_of_the_clock() -> None:
    terms = ValueTerms(horizon="14 days", annual_rate=0.1)
    for unit, length in (("day", 14.0), ("week", 2.0)):
        clock = Clock(unit)
        assert terms.length(clock) == length
        assert math.exp(-terms.rate(clock) * clock.units_per_year) == pytest.approx(1 / 1.1, rel=1e-15)


@pytest.mark.parametrize(
    ("horizon", "ends"),
    [("2 weeks", [1.0, 2.0]), (2.5, [1.0, 2.0, 2.5]), (0, [0.0]), ("1 day", [1 / 7])],
)
def test_the_last_period_ends_with_the_horizon(horizon: float | str, ends: list[float]) -> None:
    assert ValueTerms(horizon=horizon, annual_rate=0.1, period="week").period_ends(Clock("week")) == ends


def test_too_many_periods_are_refused() -> None:
    with pytest.raises(InvalidOption, match="'10 years' has 87,660 periods of one hour, more than 10,000"):
        ValueTerms(horizon="10 years", annual_rate=0.1, period="hour").period_ends(Clock())


def test_all_faults_are_reported_at_once_under_the_names_that_the_caller_used() -> None:
    with pytest.raises(InvalidOption) as fields:
        ValueTerms(horizon=1, annual_rate=10, margin=35, timing="weekly", period="fortnight")
    options = ", ".join(map(repr, CONVENTIONS))
    assert str(fields.value).startswith(f"timing='weekly' is not one of {options}. period='fortnight'")
    assert "margin=35 must be a share of spend" in str(fields.value)
    assert str(fields.value).endswith("annual_rate=10 would be 1000% per year: ten percent is 0.10.")
    with pytest.raises(InvalidOption) as keywords:
        ValueTerms.from_keywords(**KEYWORDS | {"annual_discount_rate": -1.0, "discounting": "weekly"})
    assert "discounting='weekly'" in str(keywords.value)
    assert "annual_discount_rate=-1.0 must be a finite effective yearly rate above -1" in str(keywords.value)


@pytest.mark.parametrize("name", ["annual_rate", "margin"])
def test_what_is_not_a_number_is_refused(name: str) -> None:
    with pytest.raises(InvalidOption, match=f"{name}='0.1' is not a number"):
        ValueTerms(**{"horizon": 1, "annual_rate": 0.1} | {name: "0.1"})


def test_terms_have_a_text_for_people() -> None:
    terms = ValueTerms.from_keywords(**KEYWORDS | {"annual_discount_rate": 0.125})
    assert terms.text == (
        "purchases of the next 12 months, discounted at 12.5% per year from the end of each month, with a margin of 35%"
    )
    assert "of the next 52 time units, discounted at 10% per year from the time of each purchase" in (
        ValueTerms(horizon=52.0, annual_rate=0.10).text
    )


@pytest.mark.slow
def test_every_convention_has_a_function() -> None:

    assert set(CONVENTIONS) == set(get_args(Discounting))
