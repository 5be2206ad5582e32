"""The verbs of decisions: one message on the terminal, one file with the table."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

import clvmodels
from clvmodels.cli import app
from clvmodels.datasets import load_cdnow

RUNNER = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1"})


def clv(*arguments):
    return RUNNER.invoke(app, [str(word) for word in arguments])


@pytest.mark.slow
def test_tiers_are_assigned_again_from_the_file_published_before(tmp_path):
    values = tmp_path / "values.csv"
    pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "worth": [9.0, 5.0, 4.9, 1.0]}).to_csv(values, index=False)
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    options = ("--column", "worth", "--boundaries", "0.3,0.6", "--names", "gold,silver,rest")
    result = clv("tiers", values, *options, "--output", first)
    assert result.exit_code == 0, result.output
    assert "4 customers in 3 tiers; gold has 50.0% of them" in result.output
    assert pd.read_csv(first)["tier_today"].tolist() == ["gold", "gold", "silver", "rest"]
    result = clv("tiers", values, *options, "--published", first, "--output", second)
    assert result.exit_code == 0, result.output
    assert set(pd.read_csv(second)["change"]) == {"same"}


@pytest.mark.slow
def test_lists_are_written_from_a_log_and_a_model(tmp_path):
    log, model, lists = tmp_path / "log.csv", tmp_path / "model.json", tmp_path / "lists.csv"
    load_cdnow(sample=True).to_csv(log, index=False)
    assert clv("fit", log, "--amount", "amount", "--output", model).exit_code == 0
    result = clv("actions", log, "--amount", "amount", "--model", model, "--size", 5, "--output", lists)
    assert result.exit_code == 0, result.output
    assert "keep a control group" in result.output
    assert pd.read_csv(lists)["list"].value_counts().max() <= 5
    assert clv("fit", log, "--output", model).exit_code == 0
    result = clv("actions", log, "--amount", "amount", "--model", model)
    assert "has no process with a spend model" in str(result.exception)


@pytest.mark.slow
def test_key_accounts_are_written_with_the_log_of_accounts(tmp_path):
    log, mapping, output, whole = (tmp_path / name for name in ("log.csv", "map.csv", "accounts.csv", "whole.csv"))
    rows = {"customer_id": ["a", "b", "c"], "date": ["2024-05-01", "2024-05-02", "2024-05-03"], "paid": [9.0, 9.0, 1.0]}
    pd.DataFrame(rows).to_csv(log, index=False)
    pd.DataFrame({"customer_id": ["a", "b"], "account_id": ["b", "x"]}).to_csv(mapping, index=False)
    options = (log, "--amount", "paid", "--accounts", mapping, "--output", output, "--merged-log", whole)
    result = clv("accounts", *options, "--rule", "share=0.5,volume=100")
    assert "chains=True" in str(result.exception)
    result = clv("accounts", *options, "--chains", "--rule", "share=0.5,volume=100")
    assert result.exit_code == 0, result.output
    assert "1 of 2 accounts are key accounts" in result.output
    assert pd.read_csv(output)[["account_id", "members", "volume"]].values.tolist() == [["x", 2, 18.0]]
    assert pd.read_csv(whole)["account_id"].tolist() == ["x", "x", "c"]
    assert "must be names and numbers" in str(clv("accounts", *options, "--rule", "share").exception)


@pytest.mark.slow
def test_boundaries_that_are_no_numbers_are_refused(tmp_path):
    values = tmp_path / "values.csv"
    values.write_text("customer_id,lifetime_value\na,1\n", encoding="utf-8")
    result = clv("tiers", values, "--boundaries", "a,b")
    assert "must be numbers separated by commas" in str(result.exception)


@pytest.mark.slow
def test_segments_of_a_log_and_of_its_data_are_written(tmp_path):
    log, output, values = (tmp_path / name for name in ("log.csv", "segments.csv", "values.csv"))
    load_cdnow(sample=True).to_csv(log, index=False)
    options = (log, "--amount", "amount", "--output", output)
    result = clv("segments", *options)
    assert result.exit_code == 0, result.output
    customers = pd.read_csv(output)["customer_id"]
    assert "champions" in set(pd.read_csv(output)["segment"])
    for method, names in (("volume", {"heavy", "middle", "light"}), ("status", {"repeat", "lapsed"})):
        result = clv("segments", *options, "--method", method, "--period", "9 months")
        assert result.exit_code == 0, result.output
        assert set(pd.read_csv(output)["segment"]) == names
    pd.DataFrame({"customer_id": customers, "points": range(len(customers))}).to_csv(values, index=False)
    result = clv(
        "segments", *options, "--method", "k-means", "--segments", 2, "--values", values, "--features", "points"
    )
    assert result.exit_code == 0, result.output
    ends = pd.read_csv(output).groupby("segment")["points"].agg(["min", "max"])
    assert ends["min"].iloc[0] == ends["max"].iloc[1] + 1  # cut once, near the middle
    assert abs(ends["min"].iloc[0] / len(customers) - 0.5) < 0.01
    assert "needs --model" in str(clv("segments", *options, "--method", "stages").exception)
    assert "is not one of rfm" in str(clv("segments", *options, "--method", "kmean").exception)
    pd.read_csv(values).head(5).to_csv(values, index=False)
    assert "are not in --values" in str(clv("segments", *options, "--method", "k-means", "--values", values).exception)


@pytest.mark.slow
def test_a_scorecard_and_its_definition_are_written_and_used_again(tmp_path):
    table, output, kept = tmp_path / "table.csv", tmp_path / "scores.csv", tmp_path / "kept.json"
    rows = {"customer_id": list("abcd"), "frequency": [3, 0, 1, 2], "lifetime_value": [9.0, 2.0, 4.0, 5.0]}
    pd.DataFrame(rows).to_csv(table, index=False)
    options = (table, "--output", output, "--definition", kept)
    result = clv("scorecard", *options, "--weights", "future contribution=0.7,loyalty=0.3")
    assert result.exit_code == 0, result.output
    assert "4 customers scored by 2 indicators in 2 dimensions" in result.output
    scores = pd.read_csv(output)["scorecard_score"].tolist()
    assert clv("scorecard", *options, "--indicators", kept).exit_code == 0
    assert pd.read_csv(output)["scorecard_score"].tolist() == scores
    assert "must be names and numbers" in str(clv("scorecard", *options, "--weights", "loyalty=a").exception)


@pytest.mark.slow
def test_an_audit_shows_trend_and_flags_by_group(tmp_path):
    log, output = tmp_path / "log.csv", tmp_path / "audit"
    table = clvmodels.datasets.load_cdnow(sample=True)
    channels = table["customer_id"].map(lambda number: "search" if number % 3 else "social")
    table.assign(channel=channels).to_csv(log, index=False)
    options = ["audit", log, "--amount", "amount", "--by", "channel", "--output", output]
    result = clv(*options, "--trend", "--flags", "last_year")
    assert result.exit_code == 0
    shown = " ".join(result.output.split())
    assert "In the last 91 days these fell visibly" in shown
    assert "No group changed visibly from the same weeks of the year before" in shown
    attributes = pd.DataFrame({"customer_id": table["customer_id"], "channel": channels}).drop_duplicates()
    reading = {"amount": "amount", "time_unit": "week", "attributes": attributes}
    history = clvmodels.KnownHistory.from_log(table, **reading)
    models = clvmodels.MBGNBD().fit(history.rfm), clvmodels.GammaGamma().fit(history.rfm)
    trend = clvmodels.trend_table(*models, history, period="3 months", by="channel").frame()
    pd.testing.assert_frame_equal(pd.read_csv(output / "trend.csv"), trend)
    flags = clvmodels.flag_changes_last_year(history, by="channel", weeks=13).frame()
    pd.testing.assert_frame_equal(pd.read_csv(output / "flags.csv"), flags)
    assert "No group differs visibly from its forecast" in " ".join(clv(*options, "--flags", "forecast").output.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--flags", "forecast"], "compares groups of customers"),
        (["--flags", "x", "--by", "channel"], "flags='x' is not one of 'last_year', 'forecast'"),
        (["--trend", "--by", "place"], "2 customers are in more than one group"),
        (["--trend", "--by", "hole"], "by='hole' is blank in 1 row"),
    ],
)
def test_an_audit_by_group_says_what_is_wrong(tmp_path, words, message):
    log = tmp_path / "log.csv"
    rows = {"customer_id": list("aabbaabb"), "date": [f"202{i // 4}-0{1 + i % 4}-05" for i in range(8)]}
    rows |= {"amount": [5.0] * 8, "channel": list("xxyyxxyy"), "place": list("xyxyxyxy"), "hole": ["x"] * 7 + [None]}
    pd.DataFrame(rows).to_csv(log, index=False)
    result = clv("audit", log, "--amount", "amount", "--period", "month", *words)
    assert message in str(result.exception)
