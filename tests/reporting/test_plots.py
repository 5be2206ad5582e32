"""Every plot draws its table on the Axes passed to it, with units on both axes, and changes no global settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from clvmodels.reporting.value_summary import concentration

# plot, the name of its table, what its axes must name
PLOTS: list[tuple[Callable[..., Axes], str, str, str]] = [
    (plots.account_shares, "accounts", "share of all spend", ""),
    (plots.calibration, "calibration", "decile of the forecast", "purchases per customer"),
    (plots.calibration_by_frequency, "by_frequency", "customers", "purchases per customer"),
    (plots.cash_flow, "flow", "first day of the period", "net cash flow"),
    (plots.channel_shares, "channels", "share of", ""),
    (plots.changes_by_group, "changes", "what chance explains", ""),
    (plots.coverage, "calibration", "decile of the forecast", "% of customers"),
    (plots.decile_lift, "deciles", "decile of the forecast", "multiple of the average"),
    (plots.differences, "differences", "normalized Gini minus that of", ""),
    (plots.elasticity_bars, "drivers", "if the driver grows by 1%", ""),
    (plots.equity_steps, "steps", "value of the customers", ""),
    (plots.frequency_recency_matrix, "frequency_recency", "weeks after the first", "repeat purchases"),
    (plots.gain_curve, "gain", "customers", "share of all purchases"),
    (plots.group_values, "groups", "remaining value", ""),
    (plots.heterogeneity, "heterogeneity", "purchase rate (per week)", "(%)"),
    (plots.history_alive, "history", "2024-01-01 to 2024-01-30", "P(alive)"),
    (plots.indicator_weights, "weights", "share of the score", ""),
    (plots.lorenz_curve, "lorenz", "customers", "share of all purchases"),
    (plots.money_at_stake, "lists", "margin at stake", ""),
    (plots.monthly_revenue, "months_ahead", "first day of the period", "revenue"),
    (plots.new_customers, "new_customers", "weeks since the first", "repeat purchases"),
    (plots.overlap, "overlap", "highest forecasts", "actual top"),
    (plots.parameter_intervals, "parameters", "percent of the estimate", ""),
    (plots.payback, "payback", "months since the first order", "multiple of the cost"),
    (plots.pit_histogram, "pit", "forecast distribution", "customers"),
    (plots.planned_gain, "plan", "money", ""),
    (plots.probability_alive_matrix, "frequency_recency", "weeks after the first", "repeat purchases"),
    (plots.reliability, "reliability", "forecast probability of buying", "customers who bought"),
    (plots.revenue_against_actual, "months_past", "month", "revenue"),
    (plots.revenue_change, "change", "change of revenue", ""),
    (plots.scores, "scores", "Gini", ""),
    (plots.season, "months", "month", "average month"),
    (plots.segment_cells, "cells", "share of the value", ""),
    (plots.segment_shares, "segment_check", "", "share of later money"),
    (plots.segment_sizes, "segments", "share of customers", ""),
    (plots.spend_distribution, "spend_histogram", "money", "customers"),
    (plots.target_distances, "board", "target", ""),
    (plots.tier_shares, "tiers", "tier", "share of all"),
    (plots.times_between, "intertimes", "weeks", "%"),
    (plots.top_shares, "shares", "most valuable customers", "share of the sum"),
    (plots.totals, "totals", "total of purchases", "cutoff"),
    (plots.tracking_cumulative, "tracking", "week ending", "cumulative repeat purchases"),
    (plots.tracking_incremental, "tracking", "week ending", "repeat purchases per week"),
    (plots.trend_changes, "trend", "change", ""),
    (plots.value_distribution, "value", "% of customers", "% of all value"),
    (plots.weekly, "weeks", "week starting", "per week"),
]
every_plot = pytest.mark.parametrize(("plot", "name", "x", "y"), PLOTS, ids=[plot[0].__name__ for plot in PLOTS])


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


def line(ax: Axes, label: str) -> np.ndarray:
    (match,) = (drawn for drawn in ax.get_lines() if drawn.get_label() == label)
    return np.asarray(match.get_ydata(), dtype=float)


@pytest.mark.slow
@every_plot
def test_draws_on_the_axes_and_changes_no_settings(plot, name, x, y, tables):
    frame = tables[name]
    settings, before = dict(mpl.rcParams), frame.copy()
    _, (left, right) = plt.subplots(1, 2)
    assert plot(frame, ax=left) is left
    assert plot(pl.from_pandas(frame), ax=right) is right
    assert len(plt.get_fignums()) == 1
    assert x in left.get_xlabel()
    assert y in left.get_ylabel()
    for one, other in zip(left.get_lines(), right.get_lines(), strict=True):
        np.testing.assert_array_equal(one.get_ydata(), other.get_ydata())
    assert dict(mpl.rcParams) == settings
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.slow
@every_plot
def test_svg_is_a_self_contained_element_and_reproducible(plot, name, x, y, tables):
    svg = plots.to_svg(plot, tables[name], key="one")
    assert svg.startswith("<svg viewBox=")
    assert svg.endswith("</svg>")
    assert "http" not in svg
    assert "<metadata" not in svg
    assert svg == plots.to_svg(plot, tables[name], key="one")
    assert all(identity.startswith("one-") for identity in ids(svg))
    assert set(re.findall(r'(?:href="|url\()#([^")]*)', svg)) <= ids(svg)


@pytest.mark.slow
def test_plots_on_threads_are_those_of_one_thread_and_leave_the_settings_alone(tables):
    def draw(name: str) -> str:
        return plots.to_svg(plots.weekly if name == "weeks" else plots.season, tables[name], key=name)

    names = ["weeks", "months"] * 8
    alone, settings = [draw(name) for name in names[:2]], dict(mpl.rcParams)
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(draw, names))
    assert drawn == alone * 8
    assert dict(mpl.rcParams) == settings


@pytest.mark.slow
def test_money_over_time_names_what_it_cannot_draw(tables):
    with pytest.raises(InvalidOption, match="several rows per period"):
        plots.cash_flow(pd.concat([tables["flow"]] * 2))
    with pytest.raises(InvalidOption, match="one of the columns remaining_value"):
        plots.group_values(tables["drivers"])
    free = plots.payback(tables["payback"].assign(acquisition_cost=0.0))
    assert [text.get_text() for text in free.texts] == ["no group has a cost of acquisition"]


def test_makes_a_figure_without_axes(by_frequency):
    ax = plots.calibration_by_frequency(by_frequency)
    assert isinstance(ax, Axes)
    assert plt.get_fignums() == [ax.figure.number]


@pytest.mark.slow
def test_colors_are_css_variables(by_frequency):
    svg = plots.to_svg(plots.calibration_by_frequency, by_frequency, key="k")
    assert "var(--plot-ink, #1b1b1b)" in svg
    assert not re.search(r"(?<!, )#(1b1b1b|0072b2|fefefe|ffffff)", svg, re.IGNORECASE)


@pytest.mark.slow
@pytest.mark.parametrize("plot", [plots.tracking_cumulative, plots.gain_curve, plots.calibration, plots.reliability])
def test_lines_of_several_cutoffs_are_refused(plot, tables):
    table = tables[next(name for drawn, name, *_ in PLOTS if drawn is plot)]
    two = pd.concat([table.assign(cutoff="2024-01-21"), table.assign(cutoff="2024-02-21")])
    with pytest.raises(InvalidOption, match="has 2 cutoffs"):
        plot(two)


@pytest.mark.slow
def test_a_table_of_another_plot_is_refused(by_frequency, validation):
    with pytest.raises(InvalidOption, match=r"needs a table with the columns .*left.* are not among frequency"):
        plots.heterogeneity(by_frequency)
    with pytest.raises(
        InvalidOption, match=r"needs a pandas or polars table .* columns metric, forecaster, .* but got a list\."
    ):
        plots.differences([1.0])
    with pytest.raises(InvalidOption, match=r"columns lifetime_value, but got a dict\."):
        plots.value_distribution({"lifetime_value": [1.0]})
    with pytest.raises(InvalidOption, match=r"got a Validation: pass its \.differences\."):
        plots.differences(validation)
    with pytest.raises(InvalidOption, match="no rows"):
        plots.calibration_by_frequency(by_frequency.head(0))


@pytest.mark.slow
def test_values_that_are_not_in_the_table_are_refused(tables):
    with pytest.raises(InvalidOption, match="by='age' is not in the table, which has 'decile', 'recency'"):
        plots.calibration(tables["calibration"], by="age")
    with pytest.raises(InvalidOption, match="No forecaster 'ARIMA' is in the table"):
        plots.gain_curve(tables["gain"], forecasts=["ARIMA"])
    with pytest.raises(InvalidOption, match="metric='auc' is not in the table"):
        plots.differences(tables["differences"], metric="auc")


@pytest.mark.slow
def test_processes_are_drawn_by_default_and_rules_on_request(tables):
    models = {"BG/NBD; same line: Pareto/NBD", "perfect ranking"}  # whose made-up curves are alike
    assert models <= labels(plots.gain_curve(tables["gain"]))
    assert "zero" not in labels(plots.gain_curve(tables["gain"]))
    assert "zero" in labels(plots.gain_curve(tables["gain"], forecasts=["zero"]))


@pytest.mark.slow
def test_a_line_that_would_hide_another_is_named_in_its_label(tables):
    drawn = plots.gain_curve(tables["gain"], forecasts=["bgnbd", "pareto_nbd", "zero"])
    assert "BG/NBD; same line: Pareto/NBD, zero" in labels(drawn)
    apart = tables["gain"]
    zero = apart["forecaster"] == "zero"
    apart = apart.assign(captured=apart["captured"].where(~zero, apart["share_of_customers"]))
    drawn = plots.gain_curve(apart, forecasts=["bgnbd", "zero", "pareto_nbd"])
    assert {"BG/NBD; same line: Pareto/NBD", "zero"} <= labels(drawn)
    colors = {line.get_label(): line.get_color() for line in drawn.get_lines()}
    assert colors["zero"] == plots.style.color_of(1)  # a forecaster has the same color in every plot


@pytest.mark.slow
def test_a_difference_that_is_not_visible_is_marked(tables):
    ax = plots.differences(tables["differences"])
    assert [text.get_text() for text in ax.texts] == ["not visible", "", ""]
    tiny = tables["differences"].assign(difference=3.4e-8, lower=1e-8, upper=6e-8, better="not_visible")
    ax = plots.differences(tiny)  # the interval excludes 0, but the difference is negligible
    assert [text.get_text() for text in ax.texts] == ["not visible"] * 3
    assert {point.get_marker() for point in ax.get_lines() if len(point.get_xdata()) == 1} == {"D"}


@pytest.mark.slow
def test_deciles_of_several_forecasts_each_have_their_own_actual(tables):
    both = labels(plots.calibration(tables["calibration"]))
    assert {"actual, by BG/NBD", "actual, by Pareto/NBD"} <= both
    assert "actual" in labels(plots.calibration(tables["calibration"], forecasts=["bgnbd"]))
    by_recency = plots.calibration(tables["calibration"], by="recency")
    assert "actual" in labels(by_recency)
    assert by_recency.get_xlabel().startswith("weeks from first to last purchase")
    assert [label.get_text() for label in by_recency.get_xticklabels()][:2] == ["once\n10", "0 to 1\n10"]


@pytest.mark.slow
def test_a_partial_week_is_not_drawn(tables):
    assert len(line(plots.weekly(tables["weeks"]), "purchases")) == 4


def labels(ax: Axes) -> set[str]:
    return {str(drawn.get_label()) for drawn in ax.get_lines()}


@pytest.mark.slow
def test_svg_does_not_depend_on_user_settings(by_frequency):
    svg = plots.to_svg(plots.calibration_by_frequency, by_frequency, key="k")
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 20, "axes.facecolor": "red", "timezone": "Asia/Tokyo"}):
        assert plots.to_svg(plots.calibration_by_frequency, by_frequency, key="k") == svg


def test_calibration_shows_actual_expected_and_group_sizes(by_frequency):
    both = pd.concat([by_frequency, by_frequency.assign(forecaster="other", expected=1.0)])
    ax = plots.calibration_by_frequency(both)
    np.testing.assert_array_equal(line(ax, "actual"), [0.25, 0.78, 6.59])
    np.testing.assert_array_equal(line(ax, "bgnbd forecast"), [0.23, 0.52, 6.47])
    np.testing.assert_array_equal(line(ax, "other forecast"), [1, 1, 1])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0\n14,119", "1\n4,442", "7+\n636"]


def test_tracking_marks_the_cutoff_with_its_date(tracking):
    for plot in (plots.tracking_cumulative, plots.tracking_incremental):
        ax = plot(tracking)
        assert "cutoff 2024-01-21" in [text.get_text() for text in ax.texts]
        assert ax.get_ylim()[0] == 0


def test_tracking_keeps_the_unconditional_and_the_conditional_line_apart(tracking):
    ax = plots.tracking_incremental(tracking)
    np.testing.assert_array_equal(line(ax, "bgnbd: expected from first purchase dates only"), tracking["expected"])
    np.testing.assert_array_equal(line(ax, "bgnbd: forecast at the cutoff"), tracking["forecast"])


def test_a_short_last_week_is_not_drawn_as_a_drop(tracking):
    tracking.loc[4, "end"] = "2024-01-31"
    assert len(line(plots.tracking_incremental(tracking), "actual")) == 4
    assert len(line(plots.tracking_cumulative(tracking), "actual")) == 5


def test_tracking_by_the_hour(tracking):
    hourly = tracking.assign(end=tracking["end"] + "T23")
    ax = plots.tracking_incremental(hourly)
    assert "cutoff 2024-01-21T23" in [text.get_text() for text in ax.texts]


@pytest.mark.slow
def test_scores_show_every_number_and_missing_values(scores):
    def texts(ax: Axes) -> list[str]:
        return [text.get_text() for text in ax.texts]

    assert texts(plots.scores(scores, metric="bias")) == ["−14.0%", "−12.0%", "−100.0%", "+47.0%"]
    other = scores.assign(bias=-scores["bias"], cutoff="2023-12-24")
    assert texts(plots.scores(pd.concat([scores, other]), metric="bias")) == [
        "± 14.0%",
        "± 12.0%",
        "± 100.0%",
        "± 47.0%",
    ]
    assert texts(plots.scores(scores, metric="spearman")) == ["0.440", "0.450", "–", "0.480"]
    assert texts(plots.scores(scores, quantity="money", metric="rmse")) == ["92.9", "129", "154"]
    nothing = scores.assign(gini=np.nan, bias=np.nan)
    assert texts(plots.scores(nothing)) == ["–"] * 4
    assert texts(plots.scores(nothing, metric="bias")) == ["–"] * 4


def test_scores_refuse_unknown_metrics_and_quantities(scores):
    with pytest.raises(InvalidOption, match="metric='auc' is not one of 'bias', 'gini'"):
        plots.scores(scores, metric="auc")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="which has 'purchases', 'money'"):
        plots.scores(scores, quantity="visits")


def test_value_shows_what_the_top_customers_hold(value):
    (text,) = (text.get_text() for text in plots.value_distribution(value).texts if "top" in text.get_text())
    assert text == "top 10% hold 50%\ntop 20% hold 56%\ntop 50% hold 72%"


@pytest.mark.parametrize("worth", [[], [0.0, 0.0], [np.nan]])
def test_value_without_positive_values(worth):
    ax = plots.value_distribution(pd.DataFrame({"lifetime_value": np.array(worth, dtype=float)}))
    assert [text.get_text() for text in ax.texts] == ["no customer has a positive value"]


def test_value_of_one_customer():
    ax = plots.value_distribution(pl.DataFrame({"lifetime_value": [3.0, None]}))
    assert "top 100% hold 100%" in [text.get_text() for text in ax.texts]


@pytest.mark.slow
def test_a_curve_of_many_customers_stays_small():
    many = pd.DataFrame({"lifetime_value": np.linspace(1, 2, 100_000)})
    assert len(plots.to_svg(plots.value_distribution, many, key="k")) < 60_000


def test_concentration_runs_from_0_to_1():
    customers, held = concentration(np.array([3.0, 1.0]))
    np.testing.assert_array_equal(customers, [0, 0.5, 1])
    np.testing.assert_array_equal(held, [0, 0.75, 1])


@pytest.mark.slow
def test_a_dollar_sign_is_not_mathematics(by_frequency):
    frame: Any = nw.from_native(by_frequency).with_columns(forecaster=nw.lit("$a_b$ < $c$")).to_native()
    assert "<svg" in plots.to_svg(plots.calibration_by_frequency, frame, key="k")


def ids(svg: str) -> set[str]:
    return set(re.findall(r'\bid="([^"]*)"', svg))
