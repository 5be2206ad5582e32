"""Numbers and lists are written in one way, and no language changes a digit."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvmodels.language import dates, numbers

VALUES = st.floats(-1e15, 1e15)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (numbers.count(19_684), "19,684"),
        (numbers.fixed(-1234.5, 2), "−1,234.50"),
        (numbers.percent(0.299), "29.9%"),
        (numbers.signed_percent(0.473), "+47.3%"),
        (numbers.signed_percent(-0.1425, 0), "−14%"),
        (numbers.significant(0.25164), "0.2516"),
        (numbers.significant(1234.4), "1,234"),
        (numbers.significant(3.22e-10, 3), "3.22 × 10⁻¹⁰"),
        (numbers.significant(-1.5e12, 2), "−1.5 × 10¹²"),
        (numbers.significant(0), "0"),
        (numbers.p_value(0.04375), "p = 0.044"),
        (numbers.p_value(1e-13), "p < 0.001"),
        (numbers.short_percent(0.1), "10%"),
        (numbers.short_percent(-0.125), "−12.5%"),
        (numbers.fixed(1e30, 0), f"{1e30:,.0f}"),
    ],
)
def test_numbers_in_english(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
def test_missing_numbers_are_a_dash(missing: float | None) -> None:
    for write in (numbers.count, numbers.percent, numbers.signed_percent, numbers.significant):
        assert write(missing) == "–"


@pytest.mark.slow
@given(VALUES, st.integers(0, 6))
def test_english_has_the_digits_that_python_rounds_to(value: float, places: int) -> None:
    assert numbers.fixed(value, places) == f"{value:,.{places}f}".replace("-", "−")
    assert numbers.percent(value, places) == f"{100 * value:,.{places}f}%".replace("-", "−")
    assert numbers.signed_percent(value, places) == f"{100 * value:+,.{places}f}%".replace("-", "−")


@pytest.mark.slow
@given(VALUES, st.integers(0, 6))
def test_other_languages_change_separators_only(value: float, places: int) -> None:
    german = numbers.fixed(value, places, "de").replace(".", "").replace(",", ".").replace("−", "-")
    assert Decimal(german) == Decimal(f"{value:.{places}f}")


def test_percentages_have_the_sign_of_the_language() -> None:
    assert numbers.percent(0.2, 1, "de") == "20,0\N{NO-BREAK SPACE}%"
    assert numbers.percent(0.2, 1, "zh") == "20.0%"


def test_a_column_has_the_same_decimals_in_every_row() -> None:
    assert numbers.column([1234.5, 0.125, math.nan], 6) == ["1,234.50", "0.12", "–"]


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (True, None, "yes"),
        (None, None, "–"),
        (math.nan, ",.2f", "–"),
        ("12", ",.2f", "12"),
        (2804, None, "2,804"),
        (12347, "", "12347"),
        (np.int64(-12_345), None, "-12,345"),
        (12345.678, None, "12,346"),
        (0.123456, None, "0.1235"),
        (-0.0000123456, None, "-1.235e-05"),
        (math.inf, None, "inf"),
        (-0.1425, "+.1%", "-14.2%"),
        (1234.5, ",.2f", "1,234.50"),
    ],
)
def test_cells_of_tables(value: object, form: str | None, expected: str) -> None:
    assert numbers.cell(value, form) == expected


@pytest.mark.slow
@given(st.floats(-1e15, 1e15), st.sampled_from([",.2f", ".3f", "+.1%", ",.6g", "+.1e", ",.4g"]))
def test_cells_print_what_python_prints(value: float, form: str) -> None:
    assert numbers.cell(value, form) == format(value, form)


@pytest.mark.parametrize(
    ("items", "separator", "expected"),
    [
        ([], ", ", ""),
        (["a"], ", ", "a"),
        (["a", "b"], ", ", "a and b"),
        (["a", "{b}", "c"], ", ", "a, {b} and c"),
        (["a, b", "c"], "; ", "a, b; and c"),
        (["a", "b", "c"], "; ", "a; b; and c"),
    ],
)
def test_lists_in_english(items: list[str], separator: str, expected: str) -> None:
    assert numbers.listed(items, separator) == expected


@pytest.mark.parametrize(
    ("language", "day", "duration", "unit", "currency"),
    [
        ("en", "1997-09-30", "26 weeks", "weeks", "US Dollar"),
        ("zh-Hans", "1997年9月30日", "26周", "周", "美元"),
        ("zh-Hant", "1997年9月30日", "26 週", "週", "美元"),
    ],
)
def test_days_durations_units_and_currencies(language: str, day: str, duration: str, unit: str, currency: str) -> None:
    assert dates.day("1997-09-30", language) == day
    assert dates.duration("26 weeks", language) == duration
    assert dates.unit_name("week", language) == unit
    assert numbers.currency_name("USD", language) == currency


@pytest.mark.parametrize("text", ["lifetime", "1997-09", "", "money"])
def test_what_is_not_a_day_or_a_duration_stays_as_it_is(text: str) -> None:
    for write in (dates.day, dates.duration, dates.unit_name, numbers.currency_name):
        assert write(text, "zh-Hans") == text


def test_lists_months_and_weekdays_in_chinese() -> None:
    assert numbers.listed(["a", "b", "c"], language="zh") == "a、b和c"
    assert (dates.month_name(12, "zh"), dates.weekday_name(0, "zh")) == ("十二月", "星期一")
    assert (dates.month_name(12), dates.weekday_name(0)) == ("December", "Monday")
