"""The monitoring plots draw their tables, and the page shows the findings without needing a network."""

import warnings

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from clvmodels.errors import InvalidOption
from clvmodels.reporting import plots
from clvmodels.reporting.monitoring_page import write_monitoring


@pytest.fixture
def history(past_runs) -> pd.DataFrame:
    return past_runs["windows"]


@pytest.fixture
def groups(past_runs) -> dict[str, pd.DataFrame]:
    return {name: past_runs[name] for name in ("deciles", "cohorts")}


def test_the_newest_window_of_each_run_is_drawn(history):
    ax = plots.monitoring_totals(history)
    lines = {line.get_label(): line for line in ax.lines}
    assert list(lines["forecast for 12 months"].get_ydata()) == [-0.23]
    assert list(lines["forecast for 30 days"].get_ydata()) == [0.017, -0.23, -0.5]
    assert [text.get_text() for text in ax.texts] == ["model bbbbbb"]
    plt.close("all")


@pytest.mark.slow
def test_each_plot_draws_its_table(history, groups):
    assert plots.monitoring_ranking(history).get_ylim() == (0, 1.02)
    assert [label.get_text() for label in plots.monitoring_cohorts(groups["cohorts"]).get_yticklabels()] == [
        "2025-Q1",
        "2025-Q2",
    ]
    forecast = plots.monitoring_deciles(groups["deciles"]).lines[1]
    assert list(forecast.get_ydata()) == [300 / 1750, 100 / 1750]
    with pytest.raises(InvalidOption, match="needs a table with the columns"):
        plots.monitoring_totals(groups["deciles"])
    plt.close("all")


@pytest.mark.slow
def test_the_page_shows_the_findings_and_needs_no_network(history, groups, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("a.html", "b.html"):
            write_monitoring(
                tmp_path / name,
                status="refit",
                sentences=["Refit: <b>now</b>."],
                until="2026-03-20",
                tables={"windows": history, **groups},
            )
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page == (tmp_path / "b.html").read_text(encoding="utf-8")
    assert "Refit the model: its forecasts are off" in page
    assert "Refit: &lt;b&gt;now&lt;/b&gt;." in page
    assert page.count("<svg") == 4
    assert "30 days, in progress" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_a_page_without_a_history(groups, tmp_path):
    none = {name: table.head(0) for name, table in groups.items()}
    write_monitoring(
        tmp_path / "a.html",
        status="unknown",
        sentences=["Too early."],
        until="2026-01-08",
        tables={"windows": pd.DataFrame(), **none},
    )
    assert "Too early to judge the model" in (tmp_path / "a.html").read_text(encoding="utf-8")
