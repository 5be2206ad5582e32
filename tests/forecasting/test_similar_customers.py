"""Boosted trees learn from sets of similar customers where there are many."""

from __future__ import annotations

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.forecasting.boosted_trees import BoostedTrees
from clvmodels.forecasting.trees import lesson
from clvmodels.forecasting.trees.similar_customers import means_of_sets, shares_of_sets, similar_customers
from clvmodels.forecasting.windows import fitted_windows


def test_shares_add_up_to_the_number_of_sets_and_heavy_customers_are_alone() -> None:
    weight = np.concatenate([np.full(900, 1.0), np.full(9, 50.0), [400.0]])
    share = shares_of_sets(weight, 100)
    assert share.sum() == pytest.approx(100)
    assert share[900:].tolist() == [1.0] * 10
    assert share[:900] == pytest.approx(90 / 900)


def test_sets_are_of_one_group_and_hold_neighbors() -> None:
    generator = np.random.default_rng(0)
    group, key, other = generator.integers(3, size=3_000), generator.random(3_000), generator.random(3_000)
    number = similar_customers(group, [key, other], np.full(3_000, 0.1))
    assert sorted(set(number.tolist())) == list(range(number.max() + 1))
    assert number.max() + 1 == pytest.approx(300, abs=15)  # each strip rounds its number of sets
    for each in range(number.max() + 1):
        some = number == each
        assert len(set(group[some].tolist())) == 1
        assert np.ptp(key[some]) < 0.2  # 100 sets of a group are 10 strips of a tenth; random sets would span .8
        assert np.ptp(other[some]) < 0.3


def test_sets_do_not_depend_on_the_order_of_customers() -> None:
    generator = np.random.default_rng(1)
    group, key, share = generator.integers(2, size=500), generator.random(500), np.full(500, 0.25)
    order = generator.permutation(500)
    number, shuffled = similar_customers(group, [key], share), similar_customers(group[order], [key[order]], share)
    assert shuffled.tolist() == number[order].tolist()


def test_means_of_sets_leave_out_missing_values() -> None:
    values = np.array([[1.0, np.nan], [3.0, 5.0], [7.0, np.nan]])
    means = means_of_sets(np.array([0, 0, 1]), values)
    np.testing.assert_array_equal(means, [[2.0, 5.0], [7.0, np.nan]])


@pytest.mark.slow
def test_rows_of_a_lesson_keep_what_customers_did(monkeypatch: pytest.MonkeyPatch) -> None:
    log = clv.datasets.load_cdnow(sample=True)
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-12-31")
    windows = fitted_windows(history, history.ticks("26 weeks"), [clv.BGNBD()], clv.GammaGamma())
    monkeypatch.setattr(lesson, "MOST_ROWS", 1_000)
    for quantity in ("purchases", "money"):
        rows = lesson.lesson_of(windows, "bgnbd", quantity)
        assert len(rows.target) == pytest.approx(1_000, rel=0.1)  # each strip rounds its number of sets
        for half in (False, True):
            of_half = sum(window.actual(quantity)[window.half == half].sum() for window in windows)
            assert rows.target[rows.half == half].sum() == pytest.approx(of_half, rel=1e-12)
    half = BoostedTrees.cross_forecast(windows, "bgnbd", False, "purchases")
    assert all((each[~window.half] == 0).all() for each, window in zip(half, windows, strict=True))
    assert all((each[window.half] > 0).all() for each, window in zip(half, windows, strict=True))
