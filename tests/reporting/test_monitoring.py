"""The monitoring plots draw their tables, and the page shows the findings without needing a network."""

import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from clvmodels.errors import InvalidOption
from clvmodels.reporting import plots
from clvmodels.reporting.monitoring_page import write_monitoring


@pytest.fixture
def history() -> pd.DataFrame:
    days = ["2026-01-07", "2026-01-07", "2026-01-07", "2026-02-01", "2026-03-01"]
    return pd.DataFrame(
        {
            "run_id": ["r1", "r1", "r1", "r2", "r3"],
            "version": ["aaaaaaaa", "aaaaaaaa", "aaaaaaaa", "aaaaaaaa", "bbbbbbbb"],
            "as_of": days,
            "horizon": ["30 days", "12 months", "12 months", "30 days", "30 days"],
            "end": ["2026-02-06", "2026-02-20", "2026-03-20", "2026-03-03", "2026-03-20"],
            "elapsed": [30.0, 44.0, 72.0, 30.0, 19.0],
            "complete": [True, False, False, True, False],
            "customers": [3000, 3000, 3000, 3200, 3500],
            "new_customers": [10, 10, 20, 5, 3],
            "predicted": [600.0, 900.0, 1300.0, 650.0, 400.0],
            "actual": [610.0, 800.0, 1000.0, 500.0, 200.0],
            "change": [0.017, -0.11, -0.23, -0.23, -0.5],
            "errors": [0.4, -3.2, -7.0, -6.0, -9.0],
            "gini": [0.5, 0.5, 0.5, 0.4, np.nan],
            "coverage": [0.97, 0.96, 0.96, 0.95, np.nan],
        }
    )


@pytest.fixture
def groups() -> dict[str, pd.DataFrame]:
    keys = {"run_id": "r3", "horizon": "30 days", "end": "2026-03-20"}
    numbers = {"customers": [1750, 1750], "predicted": [300.0, 100.0], "actual": [150.0, 50.0], "change": [-0.5, -0.5]}
    table = pd.DataFrame(numbers | {"errors": [-8.0, -4.0]}).assign(**keys)
    return {"deciles": table.assign(decile=[1, 10]), "cohorts": table.assign(cohort=["2025-Q1", "2025-Q2"])}


def test_the_newest_window_of_each_run_is_drawn(history):
    ax = plots.monitoring_level(history)
    lines = {line.get_label(): line for line in ax.lines}
    assert list(lines["forecast for 12 months"].get_ydata()) == [-0.23]
    assert list(lines["forecast for 30 days"].get_ydata()) == [0.017, -0.23, -0.5]
    assert [text.get_text() for text in ax.texts] == ["model bbbbbb"]
    plt.close("all")


def test_each_plot_draws_its_table(history, groups):
    assert plots.monitoring_ranking(history).get_ylim() == (0, 1.02)
    assert [label.get_text() for label in plots.monitoring_cohorts(groups["cohorts"]).get_yticklabels()] == [
        "2025-Q1",
        "2025-Q2",
    ]
    forecast = plots.monitoring_deciles(groups["deciles"]).lines[1]
    assert list(forecast.get_ydata()) == [300 / 1750, 100 / 1750]
    with pytest.raises(InvalidOption, match="needs a table with the columns"):
        plots.monitoring_level(groups["deciles"])
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
    assert "http" not in page.replace("http://www.w3.org", "")


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
