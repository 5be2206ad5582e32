"""Every plot draws its table, on the Axes it is given, with units on both axes, and leaves global settings alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from clvmodels.errors import InvalidOption
from clvmodels.reporting import plots
from clvmodels.reporting.value import concentration

# plot, the fixture with its table, what its axes must name
PLOTS: list[tuple[Callable[..., Axes], str, str, str]] = [
    (plots.calibration_by_frequency, "by_frequency", "customers", "purchases per customer"),
    (plots.tracking_cumulative, "tracking", "week ending", "repeat purchases to date"),
    (plots.tracking_incremental, "tracking", "week ending", "repeat purchases a week"),
    (plots.scores, "scores", "Gini", ""),
    (plots.value_distribution, "value", "% of customers", "% of all value"),
]
every_plot = pytest.mark.parametrize(("plot", "table", "x", "y"), PLOTS, ids=[plot[0].__name__ for plot in PLOTS])


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


def line(ax: Axes, label: str) -> np.ndarray:
    (found,) = (drawn for drawn in ax.get_lines() if drawn.get_label() == label)
    return np.asarray(found.get_ydata(), dtype=float)


@every_plot
def test_draws_with_labelled_axes(plot, table, x, y, request):
    ax = plot(request.getfixturevalue(table))
    assert isinstance(ax, Axes)
    assert x in ax.get_xlabel()
    assert y in ax.get_ylabel()
    ax.figure.canvas.draw()


@every_plot
def test_draws_on_the_axes_given_from_pandas_and_polars(plot, table, x, y, request):
    frame = request.getfixturevalue(table)
    _, (left, right) = plt.subplots(1, 2)
    assert plot(frame, ax=left) is left
    assert plot(pl.from_pandas(frame), ax=right) is right
    assert len(plt.get_fignums()) == 1
    for one, other in zip(left.get_lines(), right.get_lines(), strict=True):
        np.testing.assert_array_equal(one.get_ydata(), other.get_ydata())


@every_plot
def test_leaves_global_settings_and_the_table_alone(plot, table, x, y, request):
    frame = request.getfixturevalue(table)
    settings, before = dict(mpl.rcParams), frame.copy()
    plot(frame)
    plots.to_svg(plot, frame, key="k")
    assert dict(mpl.rcParams) == settings
    pd.testing.assert_frame_equal(frame, before)


@every_plot
def test_svg_is_an_element_of_its_own_and_always_the_same(plot, table, x, y, request):
    frame = request.getfixturevalue(table)
    svg = plots.to_svg(plot, frame, key="one")
    assert svg.startswith("<svg viewBox=")
    assert svg.endswith("</svg>")
    assert "http" not in svg
    assert "<metadata" not in svg
    assert svg == plots.to_svg(plot, frame, key="one")
    other = plots.to_svg(plot, frame, key="two")
    assert not ids(svg) & ids(other)
    assert set(re.findall(r'(?:href="|url\()#([^")]*)', svg)) <= ids(svg)


def test_svg_does_not_depend_on_the_users_settings(by_frequency):
    svg = plots.to_svg(plots.calibration_by_frequency, by_frequency, key="k")
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 20, "axes.facecolor": "red", "timezone": "Asia/Tokyo"}):
        assert plots.to_svg(plots.calibration_by_frequency, by_frequency, key="k") == svg


def test_calibration_shows_actual_expected_and_group_sizes(by_frequency):
    both = pd.concat([by_frequency, by_frequency.assign(forecast="other", expected=1.0)])
    ax = plots.calibration_by_frequency(both)
    np.testing.assert_array_equal(line(ax, "actual"), [0.25, 0.78, 6.59])
    np.testing.assert_array_equal(line(ax, "BG/NBD forecast"), [0.23, 0.52, 6.47])
    np.testing.assert_array_equal(line(ax, "other forecast"), [1, 1, 1])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0\n14,119", "1\n4,442", "7+\n636"]


def test_tracking_marks_the_cut_with_its_date(tracking):
    for plot in (plots.tracking_cumulative, plots.tracking_incremental):
        ax = plot(tracking)
        assert "cut 2024-01-21" in [text.get_text() for text in ax.texts]
        assert ax.get_ylim()[0] == 0


def test_tracking_keeps_the_unconditional_and_the_conditional_line_apart(tracking):
    ax = plots.tracking_incremental(tracking)
    np.testing.assert_array_equal(line(ax, "BG/NBD: expected from arrival dates alone"), tracking["expected"])
    np.testing.assert_array_equal(line(ax, "BG/NBD: forecast at the cut from each history"), tracking["forecast"])


def test_a_short_last_week_is_not_drawn_as_a_fall(tracking):
    tracking.loc[4, "end"] = "2024-01-31"
    assert len(line(plots.tracking_incremental(tracking), "actual")) == 4
    assert len(line(plots.tracking_cumulative(tracking), "actual")) == 5


def test_tracking_by_the_hour(tracking):
    hourly = tracking.assign(end=tracking["end"] + "T23")
    ax = plots.tracking_incremental(hourly)
    assert "cut 2024-01-21T23" in [text.get_text() for text in ax.texts]


def test_scores_tell_every_number_and_what_is_missing(scores):
    def told(ax: Axes) -> list[str]:
        return [text.get_text() for text in ax.texts]

    assert told(plots.scores(scores, metric="bias")) == ["−14.0%", "−100.0%", "+47.0%"]
    assert told(plots.scores(scores, metric="spearman")) == ["0.440", "–", "0.480"]
    assert told(plots.scores(scores, quantity="money", metric="rmse")) == ["92.9", "129", "154"]
    nothing = scores.assign(gini=np.nan, bias=np.nan)
    assert told(plots.scores(nothing)) == ["–"] * 3
    assert told(plots.scores(nothing, metric="bias")) == ["–"] * 3


def test_scores_refuse_what_is_not_there(scores):
    with pytest.raises(InvalidOption, match="metric='auc' is not one of 'bias', 'gini'"):
        plots.scores(scores, metric="auc")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="which has 'purchases', 'money'"):
        plots.scores(scores, quantity="visits")


def test_value_tells_what_the_top_customers_hold(value):
    (text,) = (text.get_text() for text in plots.value_distribution(value).texts if "top" in text.get_text())
    assert text == "top 10% hold 50%\ntop 20% hold 56%\ntop 50% hold 72%"


@pytest.mark.parametrize("worth", [[], [0.0, 0.0], [np.nan]])
def test_value_says_when_there_is_none(worth):
    ax = plots.value_distribution(pd.DataFrame({"lifetime_value": np.array(worth, dtype=float)}))
    assert [text.get_text() for text in ax.texts] == ["no customer has a positive value"]


def test_value_of_one_customer():
    ax = plots.value_distribution(pl.DataFrame({"lifetime_value": [3.0, None]}))
    assert "top 100% hold 100%" in [text.get_text() for text in ax.texts]


def test_a_curve_of_many_customers_stays_small():
    many = pd.DataFrame({"lifetime_value": np.linspace(1, 2, 100_000)})
    assert len(plots.to_svg(plots.value_distribution, many, key="k")) < 60_000


def test_concentration_runs_from_nothing_to_all():
    customers, held = concentration(np.array([3.0, 1.0]))
    np.testing.assert_array_equal(customers, [0, 0.5, 1])
    np.testing.assert_array_equal(held, [0, 0.75, 1])


def test_a_dollar_sign_is_money_and_not_mathematics(by_frequency):
    frame: Any = nw.from_native(by_frequency).with_columns(forecast=nw.lit("$a_b$ < $c$")).to_native()
    assert "<svg" in plots.to_svg(plots.calibration_by_frequency, frame, key="k")


def ids(svg: str) -> set[str]:
    return set(re.findall(r'\bid="([^"]*)"', svg))
