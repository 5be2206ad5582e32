import math
from fractions import Fraction

import narwhals as nw
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clvmodels import frames, rfm_summary
from clvmodels.transactions.amounts import AMOUNT_UNIT, add_amounts, exact_units, round_once
from clvmodels.transactions.reduction import reduce_to_customers

AMOUNTS = st.one_of(
    st.integers(0, 10**7).map(lambda cents: cents / 100), st.sampled_from([0.0, 1e12, 1e12 - 0.01, 2.0**-60, 0.1, 1e-9])
)


def series(values):
    return nw.from_native(pl.Series("customer_id", values), series_only=True)


def coded(values):
    coded_ids = frames.code_ids(series(values))
    distinct = np.unique(coded_ids.codes)
    return coded_ids, dict(zip(distinct.tolist(), coded_ids.ids(distinct).to_list(), strict=True))


@pytest.mark.parametrize(
    "ids",
    [
        [5, 3, 9, 3],
        [-4, 2**62, -(2**63), 2**63 - 1, 2**62],  # whose span is beyond 64 bits
        [10**12 + 7, 10**12, 10**12 + 7],
        ["b", "a", "", "ä", "a", "B"],
        ["one"],
        [7],
    ],
)
def test_codes_have_the_order_of_the_ids_and_map_back_to_them(ids):
    coded_ids, back = coded(ids)
    assert [back[code] for code in coded_ids.codes.tolist()] == ids
    assert [back[code] for code in sorted(back)] == sorted(
        set(ids), key=lambda i: i.encode() if isinstance(i, str) else i
    )
    assert coded_ids.codes.max() < coded_ids.bound


def test_text_of_other_columns_takes_no_codes():
    # Categories are numbered across the whole process: those of other columns must not widen this one.
    others = pl.Series([f"somebody {i}" for i in range(1000)]).cast(pl.Categorical)
    assert frames.code_ids(series(["x", "y"])).bound == 2
    assert len(others) == 1000


@pytest.mark.slow
@settings(max_examples=200)
@given(st.lists(AMOUNTS, min_size=1, max_size=40), st.integers(1, 10**8))
def test_sums_are_exact_and_rounded_once(amounts, most):
    most = max(most, len(amounts))
    units = exact_units(max(amounts), most)
    sums = np.zeros((len(units), 1))
    add_amounts(sums, units, np.zeros(len(amounts), dtype=np.int32), np.array(amounts))
    exact = sum(
        (Fraction(round(Fraction(a) / Fraction(AMOUNT_UNIT))) * Fraction(AMOUNT_UNIT) for a in amounts), Fraction(0)
    )
    assert round_once(sums)[0] == float(exact)


def test_a_hundred_million_of_the_largest_amounts_do_not_overflow():
    for unit, largest in zip(exact_units(1e12, 10**8), [1e12, *exact_units(1e12, 10**8)], strict=False):
        assert largest * 10**8 / unit < 2**53


@pytest.mark.slow
@settings(max_examples=60)
@given(st.data())
def test_the_sort_gives_the_same_result_as_a_loop_over_customers(data):
    rows = data.draw(st.integers(1, 60))
    text = data.draw(st.booleans())
    ids = data.draw(st.lists(st.integers(-3, 5), min_size=rows, max_size=rows))
    ids = [f"c{i}" for i in ids] if text else ids
    ticks = data.draw(st.lists(st.integers(9_000, 9_006), min_size=rows, max_size=rows))
    paid = data.draw(st.lists(AMOUNTS, min_size=rows, max_size=rows))
    first_counts = data.draw(st.booleans())
    got = reduce_to_customers(series(ids), np.array(ticks, dtype=np.int32), np.array(paid), 9_010, first_counts)
    assert got.customer_id.to_list() == sorted(set(ids))
    for place, who in enumerate(sorted(set(ids))):
        mine = [(t, a) for i, t, a in zip(ids, ticks, paid, strict=True) if i == who]
        first = min(t for t, _ in mine)
        assert got.purchases[place] == len({t for t, _ in mine})
        assert got.recency[place] == max(t for t, _ in mine) - first
        assert got.age[place] == 9_010 - first
        counted = [Fraction(a) for t, a in mine if first_counts or t != first]
        # 1e-9, of no 60 binary digits, is the only one of these that is rounded before it is added.
        assert got.spend[place] == pytest.approx(float(sum(counted)), rel=1e-15, abs=1e-17)


@pytest.mark.slow
@pytest.mark.parametrize("text", [False, True])
def test_partitions_give_the_same_customers(text, monkeypatch):
    generator = np.random.default_rng(5)
    log = pl.DataFrame(
        {
            "customer_id": generator.integers(0, 300, 5_000),
            "date": np.datetime64("2024-01-01") + generator.integers(0, 400, 5_000),
            "amount": generator.integers(1, 10_000, 5_000) / 100,
        }
    )
    if text:
        log = log.with_columns(pl.col("customer_id").cast(pl.String))
    whole = rfm_summary(log, amount="amount")
    monkeypatch.setattr("clvmodels.transactions.summary.ROWS_PER_PARTITION", 700)
    parts = rfm_summary(log, amount="amount")
    assert parts.customer_id.to_list() == whole.customer_id.to_list()
    for name in ("frequency", "recency", "T", "monetary_value"):
        assert_array_equal(getattr(parts, name), getattr(whole, name))
    assert math.isfinite(float(np.nansum(whole.monetary_value)))


def test_partitions_may_be_empty(monkeypatch):
    log = pl.DataFrame({"customer_id": [1] * 50, "date": ["2024-01-01", "2024-02-01"] * 25, "amount": 2.0})
    monkeypatch.setattr("clvmodels.transactions.summary.ROWS_PER_PARTITION", 7)
    rfm = rfm_summary(log, amount="amount")
    assert (int(rfm.frequency[0]), float(rfm.monetary_value[0])) == (1, 50.0)
