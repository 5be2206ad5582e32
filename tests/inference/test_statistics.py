"""Unique rows: each distinct history once, with its count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvmodels.inference import statistics
from clvmodels.inference.statistics import unique_rows

some = settings(max_examples=60, derandomize=True)

# Kinds of columns: whole numbers, ticks divided by a unit, and money divided by a count.
whole = st.integers(0, 40).map(float)
weeks = st.integers(0, 400).map(lambda day: day / 7)
months = st.integers(0, 400).map(lambda day: day / 30.4375)
money = st.floats(0, 1e6)
UNITS = {"weeks": (weeks, 7.0), "months": (months, 30.4375), "money": (money, 1.0)}


def rows_of(unit):
    return st.lists(st.tuples(whole, UNITS[unit][0], UNITS[unit][0]), min_size=1, max_size=60)


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
@some
@given(data=st.data())
def test_unique_rows_equal_those_of_a_sort(unit, data):
    table = np.array(data.draw(rows_of(unit)))
    tick = UNITS[unit][1]
    rows = unique_rows(list(table.T), [1.0, tick, tick])
    distinct, positions, counts = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    assert np.array_equal(np.stack(rows.columns, axis=1), distinct)
    assert np.array_equal(rows.counts, counts)
    assert np.array_equal(rows.positions, positions.ravel())
    assert rows.customers == len(table)


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
@some
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_the_order_of_customers_does_not_matter(unit, data, seed):
    table = np.array(data.draw(rows_of(unit)))
    tick = UNITS[unit][1]
    order = np.random.default_rng(seed).permutation(len(table))
    rows = unique_rows(list(table.T), [1.0, tick, tick])
    other = unique_rows(list(table[order].T), [1.0, tick, tick])
    assert other.fingerprint() == rows.fingerprint()
    assert all(np.array_equal(a, b) for a, b in zip(rows.columns, other.columns, strict=True))
    assert np.array_equal(other.positions, rows.positions[order])


@pytest.mark.slow
@some
@given(data=st.data())
def test_the_fingerprint_depends_on_the_customers(data):
    table = np.array(data.draw(rows_of("weeks")))
    rows = unique_rows(list(table.T))
    again = unique_rows(list(np.vstack([table, table[:1]]).T))
    assert again.fingerprint() != rows.fingerprint()
    moved = table.copy()
    moved[0, 2] += 1 / 7
    if not np.array_equal(np.sort(moved, axis=0), np.sort(table, axis=0)):
        assert unique_rows(list(moved.T)).fingerprint() != rows.fingerprint()


@pytest.mark.parametrize("tick", [1.0, None])
def test_values_too_far_apart_to_pack_are_ranked(tick):
    """Ticks at both ends of the integers, and infinities, which are not whole numbers."""
    generator = np.random.default_rng(0)
    wide = [generator.choice([0.0, 1.0, 2.0**50, 2.0**61, 1e300], 500) for _ in range(3)]
    ticks = None if tick is None else [tick] * 3
    rows = unique_rows(wide, ticks)
    distinct, positions = np.unique(np.stack(wide, axis=1), axis=0, return_inverse=True)
    assert np.array_equal(np.stack(rows.columns, axis=1), distinct)
    assert np.array_equal(rows.positions, positions.ravel())


def test_many_columns_of_many_values_do_not_overflow():
    generator = np.random.default_rng(1)
    table = generator.random((300, 12))
    table = np.vstack([table, table[:100]])
    rows = unique_rows(list(table.T))
    assert len(rows.counts) == 300
    assert np.array_equal(np.stack(rows.columns, axis=1)[rows.positions], table)


@pytest.mark.parametrize("table", [0, 2**22])
def test_a_table_and_a_sort_find_the_same_rows(table, monkeypatch):
    generator = np.random.default_rng(2)
    columns = [generator.integers(0, 500, 1000).astype(float) for _ in range(2)]
    expected = np.unique(np.stack(columns, axis=1), axis=0)
    monkeypatch.setattr(statistics, "TABLE_SIZE", table)
    assert np.array_equal(np.stack(unique_rows(columns).columns, axis=1), expected)


def test_a_function_is_evaluated_once_per_distinct_row(monkeypatch):
    monkeypatch.setattr(statistics, "PREDICTION_BLOCK", 7)
    generator = np.random.default_rng(3)
    x, y = (generator.integers(0, 9, 400).astype(float) for _ in range(2))
    seen = []

    def function(x, y):
        seen.append(len(x))
        return np.stack([x - y, x * y])

    rows = unique_rows([x, y])
    result = rows.evaluate(function)
    assert np.array_equal(result, np.stack([x - y, x * y]))
    assert sum(seen) == len(rows.counts)
    assert max(seen) <= 7


def test_an_empty_table_is_accepted():
    rows = unique_rows([np.zeros(0), np.zeros(0)])
    assert rows.customers == 0
    assert rows.evaluate(lambda x, y: x + y).shape == (0,)
