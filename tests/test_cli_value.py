"""`clv value` and `clv forecast`: the numbers of the library, tables in files, and errors with flags."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

import clvmodels as clv
from clvmodels.cli import app, main
from clvmodels.errors import InvalidOption

RUNNER = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"})


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("logs") / "sample.csv"
    clv.datasets.load_cdnow(sample=True).to_csv(path, index=False)
    return path


def run(verb, log, *arguments):
    words = [verb, log, "--time-unit", "week", "--observation-end", "1997-09-30", *arguments]
    return RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)


@pytest.mark.slow
def test_value_is_that_of_the_library(log, tmp_path):
    table = tmp_path / "value.csv"
    words = ["--margin", "0.35", "--per-order", "2", "--currency", "USD", "--what-if", "--concentration"]
    result = run("value", log, *words, "--output", table)
    assert result.exit_code == 0
    assert "The best 20% of customers made" in " ".join(result.output.split())
    assert "purchase_rate" in result.output
    assert "An elasticity is not an effect" in " ".join(result.output.split())
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    terms = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 0.35, "costs": clv.Costs(per_order=2.0)}
    value = clv.remaining_value(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, **terms)
    assert f"{value.total:,.0f}" in result.output
    assert "in USD" in result.output
    written = pd.read_csv(table)
    assert len(written) == 2357
    assert written["remaining_value"].sum() == pytest.approx(value.total)
    assert set(written["currency"]) == {"USD"}
    assert max(map(len, result.output.splitlines())) <= 80


@pytest.mark.slow
def test_costs_of_acquisition_show_unit_economics_and_a_board_by_group(tmp_path):
    path = tmp_path / "channels.csv"
    table = clv.datasets.load_cdnow(sample=True).query("customer_id % 4 == 0")
    groups = {"channel": table["customer_id"] // 4 % 2, "stars": 1 + table["customer_id"] % 5}
    table = table.assign(**groups).assign(channel=lambda rows: rows["channel"].map({0: "search", 1: "social"}))
    table.to_csv(path, index=False)
    words = [
        "--acquisition",
        "search=20,social=10",
        "--by",
        "channel",
        "--targets",
        "cac=12",
        "--satisfaction",
        "stars",
    ]
    result = run("value", path, "--margin", "0.35", *words)
    shown = " ".join(result.output.split())
    assert "search cac no 20.00 12.00 8.00" in shown
    assert "social satisfaction" in shown
    assert "Efficiency of acquisition costs, by group" in shown
    attributes = table[["customer_id", "channel"]].drop_duplicates()
    reading = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30", "attributes": attributes}
    history = clv.KnownHistory.from_log(table, **reading)
    models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    costs = clv.Costs(acquisition={"channel": {"search": 20.0, "social": 10.0}})
    terms = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 0.35, "costs": costs, "interval": None}
    economics = clv.unit_economics(*models, history, by="channel", **terms).frame()
    assert all(f"{value:,.2f}" in shown for value in economics["break_even_cac"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--targets", "cac=12"], "targets=: for unit economics, which need a cost of acquisition"),
        (["--acquisition", "search=20"], "acquisition= by group needs the column of the group"),
        (["--acquisition", "much"], "--acquisition 'much' must be a number"),
    ],
)
def test_unit_economics_say_what_they_need(log, words, message):
    with pytest.raises(InvalidOption, match=message):
        run("value", log, *words)


@pytest.mark.slow
def test_a_forecast_with_a_plan(log, tmp_path):
    plan = tmp_path / "plan.csv"
    plan.write_text("month,customers\n1997-10,300\n1997-11,280\n", encoding="utf-8")
    table = tmp_path / "forecast.csv"
    result = run("forecast", log, "--horizon", "61 days", "--plan", plan, "--cac", "5", "--output", table)
    assert result.exit_code == 0
    assert "customers_to_come" in result.output
    written = pd.read_csv(table)
    assert written["period"].tolist() == ["1997-10-01", "1997-11-01"]
    assert written["new_customers"].tolist() == [300, 280]


@pytest.mark.slow
def test_a_plan_from_the_log(log):
    words = ["--time-unit", "week", "--observation-end", "1997-03-31", "--horizon", "61 days", "--plan", "auto"]
    result = RUNNER.invoke(app, ["forecast", str(log), *words], catch_exceptions=False)
    assert result.exit_code == 0
    assert "1,571 customers to come" in " ".join(result.output.split())


@pytest.mark.slow
def test_a_plan_needs_both_columns_and_each_month_once(log, tmp_path):
    plan = tmp_path / "plan.csv"
    plan.write_text("month,new\n1997-10,300\n", encoding="utf-8")
    with pytest.raises(InvalidOption, match="no column 'customers'"):
        run("forecast", log, "--plan", plan)
    plan.write_text("month,customers\n1997-10,300\n1997-10,1\n", encoding="utf-8")
    with pytest.raises(InvalidOption, match="'1997-10' twice"):
        run("forecast", log, "--plan", plan)


@pytest.mark.slow
def test_errors_name_flags(log, monkeypatch, capsys):
    for words, text in (
        (["--per-order", "-1"], "--per-order"),
        (["--by-period", "fortnight"], "--by-period 'fortnight' is not one of"),
        (["--model", "bgnb"], "Did you mean 'bgnbd'?"),
    ):
        monkeypatch.setattr(sys, "argv", ["clv", "value", str(log), "--time-unit", "week", *words])
        with pytest.raises(SystemExit):
            main()
        assert text in " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
def test_a_calendar_file_is_used(log, tmp_path):
    calendar = clv.Calendar(periods=[clv.CalendarPeriod("sale", "1997-10-01", "1997-12-31", 3.0, "promotion")])
    calendar.save(tmp_path / "calendar.json")
    plain, seasonal = run("value", log), run("value", log, "--calendar", tmp_path / "calendar.json")
    assert plain.exit_code == seasonal.exit_code == 0
    assert plain.output != seasonal.output


@pytest.mark.parametrize("verb", ["value", "forecast"])
def test_auto_needs_earlier_cutoffs(verb, log):
    with pytest.raises(InvalidOption, match="decides by earlier cutoffs"):
        run(verb, log, "--calendar", "auto")
