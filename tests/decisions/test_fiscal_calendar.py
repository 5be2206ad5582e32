"""Fiscal calendars as published, the periods of an audit by them, and amounts without inflation."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption


def test_years_end_as_published() -> None:
    apple = clv.FiscalCalendar("5-4-4", year_end_month=9)  # the last Saturday of September; 2023 had 53 weeks
    for last in ("2020-09-26", "2021-09-25", "2022-09-24", "2023-09-30", "2024-09-28"):
        after = str(date.fromisoformat(last) + timedelta(days=1))
        assert apple.label(last, "year") == f"FY{last[:4]}"
        assert apple.label(after, "month") == f"FY{int(last[:4]) + 1} P01"
    retail = clv.FiscalCalendar("4-5-4", year_end_month=1, nearest=True)  # National Retail Federation
    for last in ("2022-01-29", "2023-01-28", "2024-02-03", "2025-02-01"):
        after = str(date.fromisoformat(last) + timedelta(days=1))
        assert retail.label(last, "quarter") == f"FY{last[:4]} Q4"
        assert retail.label(after, "quarter") == f"FY{int(last[:4]) + 1} Q1"


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["4-4-5", "4-5-4", "5-4-4"])
def test_months_have_whole_weeks_and_follow_each_other(pattern: str) -> None:
    fiscal = clv.FiscalCalendar(pattern, weekday=6)
    days = pd.date_range("2020-01-01", "2030-12-31")
    labels = pd.Series([fiscal.label(str(day.date()), "month") for day in days])
    assert labels.is_monotonic_increasing
    weeks = labels.value_counts(sort=False).iloc[1:-1] / 7
    assert set(weeks) <= {4.0, 5.0, 6.0}
    expected = [int(each) for each in pattern.split("-")] * 4
    by_month = weeks.groupby(weeks.index.str[-3:]).min()
    assert by_month.tolist() == expected
    assert (weeks.groupby(weeks.index.str[:6]).sum().iloc[1:-1].isin([52, 53])).all()


def test_months_that_end_on_a_day() -> None:
    fiscal = clv.FiscalCalendar("months", year_end_month=3, last_day=25)
    assert [fiscal.label(day, "month") for day in ("2024-03-25", "2024-03-26", "2024-12-31", "2024-02-29")] == [
        "FY2024 P12",
        "FY2025 P01",
        "FY2025 P10",
        "FY2024 P12",
    ]


@pytest.mark.slow
def test_an_audit_by_a_fiscal_calendar_adds_up_to_the_log() -> None:
    log = clv.datasets.load_cdnow(sample=True)
    result = clv.audit(log, amount="amount", period="quarter", fiscal=clv.FiscalCalendar("4-4-5"))
    assert result.periods["revenue"].sum() == pytest.approx(log["amount"].sum())
    assert list(result.periods["period"])[:2] == ["FY1997 Q1", "FY1997 Q2"]
    assert (result.period, result.earlier_period) == ("FY1998 Q2", "FY1997 Q2")
    change = result.change[result.change["split"] == "drivers"]["amount"].sum()
    by_period = result.periods.set_index("period")["revenue"]
    assert change == pytest.approx(by_period[result.period] - by_period[result.earlier_period])
    assert "FY1998 Q2" in repr(result)
    with pytest.raises(InvalidOption, match="must be a FiscalCalendar"):
        clv.audit(log, amount="amount", fiscal="4-4-5")


@pytest.mark.parametrize("options", [{"pattern": "5-5-5"}, {"weekday": 7}, {"year_end_month": 0}, {"last_day": 31}])
def test_options_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(options))):
        clv.FiscalCalendar(**{"pattern": "4-4-5", **options})


def test_inflation_is_taken_out_of_amounts() -> None:
    days = pd.date_range("2023-01-01", "2024-12-31", freq="7D")
    prices = pd.DataFrame({"date": pd.date_range("2023-01-01", "2024-12-01", freq="MS")})
    prices["index"] = 100 * 1.005 ** np.arange(len(prices))
    level = prices.set_index("date")["index"].reindex(days, method="ffill").to_numpy()
    log = pd.DataFrame({"customer_id": 1, "date": days.strftime("%Y-%m-%d"), "amount": 20 * level / level[0]})
    for table in (log, pl.from_pandas(log)):
        real = clv.deflate(table, prices, base="2023-01-15")
        assert type(real) is type(table)
        assert np.asarray(real["amount"]) == pytest.approx(np.full(len(log), 20.0))
    latest = clv.deflate(log, prices)["amount"]
    assert latest.iloc[-1] == pytest.approx(log["amount"].iloc[-1])
    assert log["amount"].iloc[-1] > 22  # the caller's log stays as it is
    for message, arguments in {
        "before the index begins": (log, prices[3:]),
        "appear twice": (log, pd.concat([prices, prices[:1]])),
        "positive": (log, prices.assign(index=0.0)),
        "no column 'index'": (log, prices.rename(columns={"index": "cpi"})),
        "must be dates": (log.assign(date="today"), prices),
        "must be a frame": ("log.csv", prices),
    }.items():
        with pytest.raises(InvalidOption, match=message):
            clv.deflate(*arguments)
    with pytest.raises(InvalidOption, match="base="):
        clv.deflate(log, prices, base="2020-01-01")
