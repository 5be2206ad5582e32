"""Segments in data: found where there is structure, refused where there is none; cells by value and behavior."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import rankdata
from sklearn.metrics import adjusted_rand_score

import clvmodels as clv
from clvmodels.decisions.clustering import segment_stability
from clvmodels.decisions.clustering.segment_features import scale_numbers
from clvmodels.decisions.clustering.segment_stability import agreement, one_peak
from clvmodels.decisions.segmenting.crosstab import small_cells
from clvmodels.errors import InvalidOption, InvalidTable

CENTERS = np.array([[0.0, 0.0, 0.0], [6.0, 0.0, 1.0], [0.0, 6.0, -1.0]])


def lumps(n=600):
    """Return customers in three lumps, and the lump of each."""
    generator = np.random.default_rng(1)
    lump = generator.integers(0, 3, n)
    data = pd.DataFrame(CENTERS[lump] + generator.standard_normal((n, 3)), columns=["worth", "orders", "gap"])
    return data.assign(customer_id=[f"c{i}" for i in range(n)], country=np.where(lump == 1, "FR", "DE")), lump


def test_the_agreement_is_the_adjusted_rand_index_of_scikit_learn():
    generator = np.random.default_rng(0)
    one, other = generator.integers(0, 4, 300), generator.integers(0, 3, 300)
    other[:150] = one[:150] % 3
    assert agreement(one, other) == pytest.approx(adjusted_rand_score(one, other), rel=1e-12)
    assert agreement(one, one) == 1.0
    assert agreement(one * 0, one * 0) == 1.0


def test_a_reference_has_one_peak_and_the_same_mean_and_deviation():
    values = np.concatenate([np.random.default_rng(0).normal(place, 1, 500) for place in (-4, 4)])
    drawn = one_peak(values)((np.arange(2000) + 0.5) / 2000)
    assert drawn.mean() == pytest.approx(values.mean(), abs=0.02)
    assert drawn.std() == pytest.approx(values.std(), rel=0.02)
    counts = np.histogram(drawn, 12)[0]
    assert np.sum(np.diff(np.sign(np.diff(counts))) < 0) == 1


def test_the_root_of_a_correlation_does_not_depend_on_the_signs_of_eigenvectors(monkeypatch):
    values = (
        np.random.default_rng(1).multivariate_normal([0, 0, 0], [[1, 0.6, 0.1], [0.6, 1, -0.3], [0.1, -0.3, 1]], 400).T
    )
    root = segment_stability._root_of_correlation(values)
    ranks = np.array([rankdata(column) for column in values])
    np.testing.assert_allclose(root @ root.T, 2 * np.sin(np.pi / 6 * np.corrcoef(ranks)), atol=1e-12)
    eigh = np.linalg.eigh

    def flipped(matrix):  # as other processors return them
        roots, vectors = eigh(matrix)
        return roots, -vectors

    monkeypatch.setattr(np.linalg, "eigh", flipped)
    np.testing.assert_array_equal(segment_stability._root_of_correlation(values), root)


def test_scaled_numbers_depend_neither_on_the_unit_nor_on_outliers():
    values = np.random.default_rng(0).lognormal(3, 1, 500)
    scaled = scale_numbers(values)
    assert np.allclose(scaled, scale_numbers(values * 137.0))
    far = np.append(values, 1e9)
    assert np.abs(scale_numbers(far)).max() < 4
    # One more value moves the percentile at which the largest ones are cut, and little else.
    assert np.quantile(np.abs(scale_numbers(far)[:-1] - scaled), 0.95) < 0.05


@pytest.mark.slow
def test_clusters_are_found_and_described_by_their_differences():
    data, lump = lumps()
    result = clv.data_segments(data, features=["worth", "orders", "gap"], most=4)
    assert result.findings[0].code == "data-segments-found"
    assert len(result.names) == 3
    assert adjusted_rand_score(result.columns["segment"], lump) > 0.95  # 1 or 2 in a hundred lie nearer to another lump
    assert result.summary["customers"].sum() == len(data)
    assert result.summary["worth"].is_monotonic_decreasing
    assert result.summary["sets_apart_1"].iloc[0] == "high worth"


@pytest.mark.slow
def test_segments_do_not_depend_on_the_order_of_rows_or_the_kind_of_frame():
    data, _ = lumps(200)
    shuffled = pl.from_pandas(data.sample(frac=1, random_state=0))
    first, again = (
        clv.data_segments(table, features=["worth", "orders", "gap"], segments=3).frame() for table in (data, shuffled)
    )
    assert isinstance(again, pl.DataFrame)
    merged = first.merge(again.to_pandas(), on="customer_id")
    assert (merged["segment_x"] == merged["segment_y"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["k-means", "gaussian mixture"])
def test_a_given_number_is_used_with_attributes_and_missing_values(method):
    data, lump = lumps(300)
    data.loc[:4, "worth"], data.loc[5:6, "country"] = np.nan, None
    result = clv.data_segments(data, features=["worth", "orders", "country"], segments=3, method=method)
    assert result.stability is None
    assert adjusted_rand_score(result.columns["segment"], lump) > 0.8
    assert [finding.code for finding in result.findings] == ["data-segments-given"] + ["data-segments-missing"] * 2
    levels = result.profile[result.profile["column"] == "country"]
    assert levels.groupby("segment")["mean"].sum().round(9).eq(1).all()


def test_customers_who_are_alike_or_few_are_one_segment():
    alike = pd.DataFrame({"customer_id": range(300), "worth": 5.0, "country": "FR"})
    for table in (alike, alike.head(1), lumps(50)[0]):
        result = clv.data_segments(table, features=["worth", "country"])
        assert result.names == ("segment 1",)
        assert result.summary["customers"].tolist() == [len(table)]
        assert result.findings[0].code == "data-segments-too-few"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": []}, "must be a list of different columns"),
        ({"features": "worth"}, "must be a list of different columns"),
        ({"features": ["worth", "worth"]}, "must be a list of different columns"),
        ({"features": ["wort"]}, "has no column 'wort'"),
        ({"features": ["worth"], "method": "kmeans"}, "did you mean 'k-means'|is not one of"),
        ({"features": ["worth"], "segments": 0}, "segments=0 must be a whole number from 1"),
        ({"features": ["worth"], "most": 1}, "most=1 must be a whole number from 2"),
        ({"features": ["country"], "segments": 3}, "only 2 of 50 customers differ"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises((InvalidOption, InvalidTable), match=message):
        clv.data_segments(lumps(50)[0], **options)


def cells(**options):
    rows = {
        "customer_id": range(8),
        "tier": list("AAAAABBB"),
        "stage": ["new", "new", "old", "old", "old", "new", "new", "old"],
        "country": ["FR"] * 7 + [None],
        "worth": [9.0, 1.0, 2.0, 3.0, 5.0, 0.5, 0.5, np.nan],
        "alive": [0.5, 0.7, 0.1, 0.2, 0.3, 0.9, 0.9, 0.4],
    }
    return clv.segment_crosstab(pd.DataFrame(rows), value="worth", **options)


def test_cells_add_up_over_three_columns():
    view = cells(by=["tier", "stage", "country"], alive="alive")
    assert len(view.table) == 2 * 2 * 2
    assert view.table["customers"].sum() == 8
    assert view.table["value"].sum() == 21
    assert view.table["share_of_value"].sum() == pytest.approx(1)
    first = view.table.iloc[0]
    assert first[["tier", "stage", "country", "customers", "value"]].tolist() == ["A", "new", "FR", 2, 10]
    assert first["probability_alive"] == pytest.approx(0.6)
    assert view.table["country"].unique().tolist() == ["FR", "missing"]


def test_small_cells_are_suppressed_with_one_more_where_a_total_would_give_them_away():
    table = cells(by=["tier", "stage"], suppress_below=2).table
    # One old customer of tier B; totals of tiers and of stages would show it, so another of each is suppressed too.
    assert table["suppressed"].tolist() == [True, True, True, True]
    assert table[["customers", "value", "share_of_value"]].isna().all(axis=None)


def test_a_single_suppressed_cell_is_never_alone_in_a_group_with_other_customers():
    generator = np.random.default_rng(0)
    for _ in range(50):
        count = generator.poisson(4, (3, 4, 3))
        hidden = small_cells(count, 3)
        assert hidden[(count > 0) & (count < 3)].all()
        for axis in range(3):
            for group, size in zip(np.moveaxis(hidden, axis, 0), np.moveaxis(count, axis, 0), strict=True):
                assert group.sum() != 1 or not (size[~group] > 0).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "tier"}, "must be a list of one to three"),
        ({"by": ["tier", "tier"]}, "must be a list of one to three"),
        ({"by": ["value"]}, "rename the column"),
        ({"by": ["tiers"]}, "has no column 'tiers'"),
        ({"by": ["tier"], "suppress_below": 1}, "at least 2"),
        ({"by": ["tier"], "alive": "worth"}, "must have probabilities"),
    ],
)
def test_invalid_cells_are_refused(options, message):
    with pytest.raises((InvalidOption, InvalidTable), match=message):
        cells(**options)
