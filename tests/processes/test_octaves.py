"""Interpolation over octaves, and evaluations shared by calls."""

from __future__ import annotations

import numpy as np
import pytest

from clvmodels.processes import octaves
from clvmodels.processes.octaves import over_octaves

X = np.array([0.0, 3.0, 1.0, 0.0, 2.0, 3.0, 7.0])
AGE = np.array([1.0, 700.3, 12.0, 1.5, 3.0, 600.0, 0.2])


def smooth(x, age):
    return np.stack([np.log1p(age) ** x, (1 + x) / (2 + age)])


@pytest.fixture
def counted(monkeypatch):
    monkeypatch.setattr(octaves, "_kept", octaves.OrderedDict())
    cells = []

    def function(x, age):
        cells.append(len(x) // octaves.CHEBYSHEV_NODES)
        return smooth(x, age)

    return function, cells


def test_it_is_the_function():
    np.testing.assert_allclose(over_octaves(smooth, X, AGE), smooth(X, AGE), rtol=1e-9)


def test_blocks_with_a_key_share_evaluations_and_give_the_same_bits(counted):
    function, cells = counted
    whole = over_octaves(smooth, X, AGE)
    for _ in range(2):
        parts = [over_octaves(function, X[i : i + 2], AGE[i : i + 2], key="one") for i in range(0, len(X), 2)]
        assert (np.concatenate(parts, axis=-1) == whole).all()
    assert sum(cells) == len(np.unique(X + 1j * np.floor(np.log2(AGE))))
    over_octaves(function, X, AGE, key="another")
    assert cells[-1] == sum(cells[:-1])  # nothing is shared with another key


def test_little_is_kept(counted, monkeypatch):
    function, cells = counted
    monkeypatch.setattr(octaves, "MOST_CELLS", 3)
    for _ in range(2):
        over_octaves(function, X, AGE, key="too many cells")
    assert (len(octaves._kept), len(cells)) == (0, 2)
    for key in range(octaves.MOST_FUNCTIONS + 2):
        over_octaves(function, X[:2], AGE[:2], key=key)
    assert list(octaves._kept) == list(range(2, octaves.MOST_FUNCTIONS + 2))
