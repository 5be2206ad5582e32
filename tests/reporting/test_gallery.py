"""The gallery draws every public plot from real data."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import matplotlib as mpl
import narwhals as nw
import pandas as pd
import polars as pl
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


@pytest.fixture(scope="module")
def drawn(gallery):
    return gallery.pictures(sample=True)


@pytest.mark.acceptance
@pytest.mark.slow
def test_every_public_plot_draws_any_frame_on_the_given_axes_and_changes_no_settings(drawn):
    for name, table, options in drawn.values():
        plot, frame = getattr(clv.plots, name), nw.from_native(table, eager_only=True).to_pandas()
        settings, before = dict(mpl.rcParams), frame.copy()
        _, (left, right) = plt.subplots(1, 2)
        assert plot(frame, ax=left, **options) is left, name
        assert plot(pl.from_pandas(frame), ax=right, **options) is right, name
        assert [plt.gcf().number] == plt.get_fignums(), name
        assert left.get_xlabel() == right.get_xlabel(), name
        assert dict(mpl.rcParams) == settings, name
        pd.testing.assert_frame_equal(frame, before)
        svg = clv.plots.to_svg(plot, frame, key="one", **options)
        assert "http" not in svg, name
        plt.close("all")


@pytest.mark.acceptance
@pytest.mark.slow
def test_the_gallery_has_every_public_plot(gallery, drawn, tmp_path):
    assert {plot for plot, *_ in drawn.values()} == set(clv.plots.__all__) - gallery.HELPERS - gallery.OF_RUNS
    written = gallery.save(drawn, tmp_path)
    plt.close("all")
    assert len(written) == len(drawn)
    assert all(path.stat().st_size > 5_000 for path in written)
