"""The gallery draws every public plot from real data."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

import clvmodels as clv

DRAW = Path(__file__).resolve().parents[1] / "gallery" / "draw.py"


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery_draw", DRAW)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.acceptance
@pytest.mark.slow
def test_the_gallery_has_every_public_plot(gallery, tmp_path):
    drawn = gallery.pictures(sample=True)
    assert {plot for plot, *_ in drawn.values()} == set(clv.plots.__all__) - gallery.HELPERS - gallery.OF_RUNS
    written = gallery.save(drawn, tmp_path)
    plt.close("all")
    assert len(written) == len(drawn)
    assert all(path.stat().st_size > 5_000 for path in written)
