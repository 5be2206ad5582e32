"""Gates on the feed: a year of sound nights passes, and each fault is named by its gate."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from clvmodels.clock import Clock
from clvmodels.scoring.gates.data_gates import check_activity
from clvmodels.scoring.gates.feed import DailyRows, check_feed, check_late
from clvmodels.scoring.gates.limits import Gates
from clvmodels.scoring.gates.run_statistics import RunStatistics
from clvmodels.scoring.incremental.log_statistics import daily_rows
from clvmodels.transactions.log import read_transactions

DAYS, LIMITS = 784, Gates()
WEEK = np.array([1.0, 0.9, 0.9, 1.0, 1.3, 1.6, 0.0])  # closed on Sundays
BEFORE = np.full(28, 100)


def feed(seed: int, rows_per_day: float = 150.0) -> DailyRows:
    """Two years of a shop with a weekly rhythm, a season, growth, and days that vary more than by chance."""
    rng, day = np.random.default_rng(seed), np.arange(DAYS)
    mean = rows_per_day * WEEK[day % 7] * (1 + 0.3 * np.sin(day / 58)) * 1.0005**day
    rows = rng.poisson(mean * rng.gamma(50, 1 / 50, DAYS))
    noise = rng.normal(0, 0.5 / np.sqrt(np.maximum(rows, 1)))
    amounts = np.where(rows > 0, 30 * np.exp(noise), np.nan)
    return DailyRows(np.datetime64("2024-01-01") + day, rows, rows - rng.binomial(rows, 0.01), amounts)


def as_of(daily: DailyRows, day: int, **changes: object) -> DailyRows:
    """The log up to a day, whose last day is changed."""
    first = max(0, day - 419)
    cut = {name: getattr(daily, name)[first : day + 1].copy() for name in ("days", "rows", "distinct", "amounts")}
    for name, change in changes.items():
        cut[name][-1] = change(cut[name][-1])
    return DailyRows(**cut)


def refused(daily: DailyRows, days: int = 1) -> set[str]:
    return {result.gate for result in check_feed(LIMITS, daily, days) if not result.passed}


@pytest.mark.slow
def test_fewer_than_one_in_a_hundred_sound_nights_is_refused() -> None:
    shop = feed(1)
    nights = [refused(as_of(shop, day)) for day in range(420, DAYS)]
    assert sum(map(bool, nights)) < 0.01 * len(nights)


@pytest.mark.parametrize(
    ("gate", "changes"),
    [
        ("daily_rows", {"rows": lambda _: 0, "distinct": lambda _: 0, "amounts": lambda _: np.nan}),
        ("daily_rows", {"rows": lambda n: 3 * n, "distinct": lambda n: 3 * n}),
        ("repeated_rows", {"rows": lambda n: 2 * n}),
        ("daily_amounts", {"amounts": lambda a: 100 * a}),
    ],
)
def test_a_fault_is_named(gate: str, changes: dict[str, object]) -> None:
    shop = feed(3)
    nights = [day for day in range(430, DAYS, 80) if day % 7 != 6]
    assert all(gate in refused(as_of(shop, day, **changes)) for day in nights)


def test_a_dead_feed_is_named() -> None:
    daily = as_of(feed(3), 501)  # a Friday
    daily.rows[-2:] = daily.distinct[-2:] = 0
    assert "freshness" in refused(daily)
    (fresh,) = (result for result in check_feed(LIMITS, daily, 1) if result.gate == "freshness")
    assert "2 days before the end; the longest pause of the past year had 1 day (" in fresh.text


def test_a_missing_day_is_noticed_in_the_next_run() -> None:
    daily = as_of(feed(4), 600)  # a Saturday's rows are there, those of the Friday before are not
    daily.rows[-2] = daily.distinct[-2] = 0
    daily.amounts[-2] = np.nan
    (result,) = (each for each in check_feed(LIMITS, daily, 2) if not each.passed)
    assert (result.gate, result.figures["day"]) == ("daily_rows", str(daily.days[-2]))
    assert result.text.startswith(f"0 rows on {daily.days[-2]}: about ")


def test_a_young_log_has_no_rhythm_yet() -> None:
    young = feed(5)
    cut = DailyRows(young.days[:25], young.rows[:25], young.distinct[:25], young.amounts[:25])
    assert check_feed(LIMITS, cut, 1) == []
    assert cut.statistics().longest_pause is None


@pytest.mark.parametrize(("late", "passed"), [(3, True), (700, True), (711, False), (-711, False), (None, None)])
def test_late_rows_are_compared_with_four_weeks(late: int | None, passed: bool | None) -> None:
    results = check_late(LIMITS, late, "2025-06-01", BEFORE)
    assert [result.passed for result in results] == ([] if passed is None else [passed])


@pytest.mark.parametrize("merge_within", ["day", "hour"])
def test_days_are_counted_from_the_log(merge_within: str) -> None:
    log = pd.DataFrame(
        {
            "customer_id": [1, 1, 2, 3, 3],
            "date": [f"2025-01-0{day}" for day in (1, 1, 1, 3, 5)],
            "amount": [1.0, 1.0, 3.0, 4.0, 9.0],
        }
    )
    clock = Clock(merge_within=merge_within)
    log["date"] = pd.to_datetime(log["date"])
    transactions = read_transactions(log, clock, "customer_id", "date", "amount")
    daily = daily_rows(transactions, clock, clock.last_tick("2025-01-04"))
    assert daily is not None
    assert daily.rows.tolist() == [3, 0, 1, 0]
    assert daily.distinct.tolist() == [2, 0, 1, 0]
    assert daily.amounts is not None
    assert np.array_equal(daily.amounts, [2.0, np.nan, 4.0, np.nan], equal_nan=True)
    feed = daily.statistics()
    assert (feed.latest_row, feed.empty_days, feed.rows, feed.expected_rows) == ("2025-01-03", 1, 0, None)
    assert daily_rows(transactions, clock, clock.last_tick("2024-01-04")) is None


def test_activity_does_not_vanish_with_the_age_of_a_fit() -> None:
    statistics = RunStatistics(as_of="2020-01-01", end=0, customers=1, repeat_purchases=1, dispersion=1.0, quantiles={})
    fit = statistics.model_copy(update={"forecast": ((730, 5.0),)})
    now = statistics.model_copy(update={"end": 731, "as_of": "2022-01-01"})
    (result,) = check_activity(LIMITS, SimpleNamespace(expected_of_new=0.0), now, fit)
    assert (result.gate, result.passed) == ("activity", False)
    assert "fit again" in result.text
