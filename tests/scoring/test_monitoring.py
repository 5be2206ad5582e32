import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidManifest, InvalidOption
from clvmodels.scoring.monitoring.follow_up import FollowUpWindow, PastRun, windows
from clvmodels.scoring.monitoring.monitor import keep_history, monitor, read_history
from clvmodels.scoring.monitoring.verdict import evaluate_history

DAY = Clock()
TRUTH = {"r": 0.6, "alpha": 60.0, "a": 0.8, "b": 4.0}
FIT = "2025-12-31"
HORIZONS = ("30 days", "12 months")


def day(after: int) -> str:
    return str(np.datetime64(FIT) + after)


def score(log, model, as_of, folder) -> PastRun:
    """A table of scores as a run leaves it, in two files."""
    rfm = clv.rfm_summary(log, observation_end=as_of)
    table = rfm.to_frame()
    for horizon in HORIZONS:
        name = f"expected_purchases_{horizon.replace(' ', '_')}"
        table[name] = model.expected_purchases(rfm, horizon)["expected_purchases"]
    waiting = table.head(3).assign(customer_id=[-3, -2, -1], frequency=0, recency=np.nan, T=np.nan)
    paths = [folder / f"{as_of}-{part}.parquet" for part in (0, 1)]
    frames.write_table(table.iloc[:100], paths[0])
    frames.write_table(pd.concat([table.iloc[100:], waiting]), paths[1])
    return PastRun(f"run{as_of}", as_of, "v1", HORIZONS, paths)


@pytest.fixture(scope="module")
def log():
    return clv.simulate_log(
        4_000, TRUTH, time_unit="day", start="2025-01-01", end="2026-06-30", last_arrival="2026-03-31", random_state=5
    )


@pytest.fixture(scope="module")
def model(log):
    return clv.CustomerModel(clv.BGNBD()).fit(clv.rfm_summary(log, observation_end=FIT))


@pytest.fixture(scope="module")
def runs(log, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scores")
    return [score(log, model, day(after), folder) for after in (7, 49, 70, 90)]


@pytest.fixture(scope="module")
def slowed(log):
    """The same log, but from the 78th day after the fit on only half the repeat purchases are made."""
    firsts = log.groupby("customer_id")["date"].transform("min")
    gone = (log["date"] > day(77)) & (log["date"] > firsts) & (np.random.default_rng(0).random(len(log)) < 0.5)
    return log[~gone]


@pytest.mark.slow
def test_windows_are_the_horizons_that_are_over(runs):
    cutoff = DAY.last_tick(day(7))
    assert list(windows(runs[0], DAY, cutoff)) == []
    assert list(windows(runs[0], DAY, cutoff + 10)) == [FollowUpWindow("30 days", cutoff, cutoff + 10, False)]
    assert list(windows(runs[0], DAY, cutoff + 50)) == [
        FollowUpWindow("30 days", cutoff, cutoff + 30, True),
        FollowUpWindow("12 months", cutoff, cutoff + 50, False),
    ]


@pytest.fixture(scope="module")
def healthy(log, model, runs):
    return monitor(runs, {"v1": model}, log, clock=DAY, until=day(120))


@pytest.mark.slow
def test_a_healthy_model_needs_no_refit(healthy):
    result = healthy
    assert result.verdict.status == "ok"
    assert result.verdict.text.startswith(f"No need to refit: customers scored as of {day(90)} were expected to buy")
    assert len(result.history) == 7
    # The process is true: totals within 4 standard errors (64 tries), customers ranked, intervals hold.
    assert (result.history["errors"].abs() < 4).all()
    assert (result.history["coverage"] > 0.88).all()
    assert (result.history["gini"] > 0.3).all()
    assert (result.history["new_customers"] > 0).sum() == 6  # no customer arrives after the last run
    assert result.deciles.groupby("run_id")["customers"].sum().gt(0).all()
    assert (result.deciles[result.deciles["decile"] == 1]["errors"].abs() < 4).all()


@pytest.mark.slow
def test_a_horizon_that_is_over_is_compared_with_the_published_number(log, model, runs):
    result = monitor(runs[:1], {"v1": model}, log, clock=DAY, until=day(37))
    (row,) = result.history.to_dict("records")
    rfm = clv.rfm_summary(log, observation_end=day(7))
    published = model.expected_purchases(rfm, "30 days")["expected_purchases"].sum()
    split = clv.holdout_split(log, calibration_end=day(7), holdout_end=day(37))
    assert row["complete"]
    assert row["predicted"] == pytest.approx(published, rel=1e-12)
    assert row["actual"] == split.purchases.sum()
    assert row["customers"] == len(rfm)
    assert row["new_customers"] == split.new_customers
    # Without the model it can still be compared, but an unfinished one cannot.
    blind = monitor(runs[:1], {}, log, clock=DAY, until=day(47))
    assert list(blind.history["horizon"]) == ["30 days"]
    assert blind.history["predicted"].item() == pytest.approx(published, rel=1e-12)
    assert blind.left_out == 1
    assert "1 unfinished horizon was left out" in blind.text


@pytest.mark.slow
def test_an_unfinished_horizon_is_compared_over_its_elapsed_part(log, model, runs):
    result = monitor(runs[:1], {"v1": model}, log, clock=DAY, until=day(20))
    (row,) = result.history.to_dict("records")
    rfm = clv.rfm_summary(log, observation_end=day(7))
    expected = model.expected_purchases(rfm, "13 days")["expected_purchases"].sum()
    assert (row["complete"], row["elapsed"], row["end"]) == (False, 13.0, day(20))
    assert row["predicted"] == pytest.approx(expected, rel=1e-12)
    split = clv.holdout_split(log, calibration_end=day(7), holdout_end=day(20))
    assert row["actual"] == split.purchases.sum()


class Containing(clv.CustomerModel):
    """A forecaster whose published forecasts are twice those of the process that it contains."""

    kind = "best"

    def expected_purchases(self, rfm, horizon):
        table = super().expected_purchases(rfm, horizon)
        return table.assign(expected_purchases=2 * table["expected_purchases"])


@pytest.mark.slow
def test_a_forecaster_that_contains_a_process_extends_what_it_published(log, model, tmp_path):
    containing = Containing(model.purchases)
    rows = [
        monitor([score(log, each, day(90), tmp_path)], {"v1": each}, log, clock=DAY, until=day(100)).history.iloc[0]
        for each in (model, containing)
    ]
    assert not rows[1]["complete"]
    assert rows[1]["predicted"] == pytest.approx(2 * rows[0]["predicted"], rel=1e-12)
    assert np.isnan(rows[1]["coverage"])  # intervals of the process are not its own
    assert np.isfinite(rows[0]["coverage"])


@pytest.mark.slow
def test_late_rows_do_not_change_the_predictions(log, model, runs):
    """Histories are those in the run's table, even if the log of today has more rows."""
    late = pd.concat([log, log[log["date"] <= day(0)].head(500).assign(date=pd.Timestamp(day(-1)))])
    plain, more = (
        monitor(runs[:1], {"v1": model}, of, clock=DAY, until=day(20)).history["predicted"] for of in (log, late)
    )
    assert plain.item() == more.item()


@pytest.mark.slow
def test_drift_recommends_a_refit_and_names_its_start(slowed, model, runs):
    result = monitor(runs, {"v1": model}, slowed, clock=DAY, until=day(120))
    assert result.verdict.status == "refit"
    assert " times by 2026-04-30 and bought " in result.verdict.text
    assert f"This has been so for every run since {day(70)}." in result.verdict.text
    assert result.verdict.findings[0].figures["since"] == day(70)
    earlier = monitor(runs, {"v1": model}, slowed, clock=DAY, until=day(77))
    assert earlier.verdict.status in ("ok", "unknown")
    # An error that was known when the model was promoted is not news.
    change = result.history["change"].iloc[-1]
    assert -0.7 < change < -0.3
    assert evaluate_history(result.history, result.cohorts, {"v1": change}).status != "refit"


@pytest.mark.slow
def test_a_cohort_that_drifts_is_named(log, model, runs):
    firsts = log.groupby("customer_id")["date"].transform("min")
    young = (firsts > "2025-06-30") & (firsts <= "2025-09-30")
    result = monitor(runs, {"v1": model}, log[~(young & (log["date"] > day(70)))], clock=DAY, until=day(160))
    assert result.verdict.status in ("watch", "refit")
    drifting = {finding.figures["cohort"] for finding in result.verdict.findings if finding.code == "refit-cohort"}
    assert "2025 Q3" in drifting
    assert "2025 Q1" not in drifting


@pytest.mark.slow
def test_the_history_keeps_runs_whose_tables_are_gone(log, model, runs, tmp_path):
    path = tmp_path / "history.parquet"
    assert read_history(path) is None
    first = monitor(runs[:2], {"v1": model}, log, clock=DAY, until=day(60))
    keep_history(first.history, path)
    again = monitor(runs[:2], {"v1": model}, log, clock=DAY, until=day(60), history=read_history(path))
    pd.testing.assert_frame_equal(again.history, first.history, check_dtype=False)
    later = monitor(runs[2:3], {"v1": model}, log, clock=DAY, until=day(90), history=read_history(path))
    assert set(later.history["as_of"]) == {run.as_of for run in runs[:3]}
    assert len(later.history) == len(first.history) + 1


def test_a_damaged_history_is_named(tmp_path):
    path = tmp_path / "history.parquet"
    path.write_bytes(b"PAR1 no")
    with pytest.raises(InvalidManifest, match=r"history\.parquet: is damaged"):
        read_history(path)
    frames.write_table(pd.DataFrame({"a": [1]}), path)
    with pytest.raises(InvalidManifest, match="its columns are a"):
        read_history(path)


@pytest.mark.slow
def test_the_json_has_status_text_and_findings(healthy, tmp_path):
    result = healthy
    result.to_json(tmp_path / "monitoring.json")
    read = json.loads((tmp_path / "monitoring.json").read_text())
    assert (read["status"], read["text"]) == (result.verdict.status, result.text)
    assert [finding["code"] for finding in read["findings"]] == [finding.code for finding in result.findings]
    assert len(read["windows"]) == len(result.newest)
    assert {row["decile"] for row in read["deciles"]} <= set(range(1, 11))


@pytest.mark.slow
def test_monitoring_needs_runs_and_elapsed_time(log, model, runs):
    result = monitor(runs, {"v1": model}, log, clock=DAY, until=day(8))
    assert result.verdict.status == "unknown"
    assert "Too early to judge" in result.verdict.text
    with pytest.raises(InvalidOption, match="no past run"):
        monitor([], {}, log, clock=DAY)
    texts = log.assign(customer_id="c" + log["customer_id"].astype(str))
    with pytest.raises(InvalidOption, match="customer_id is String in the log and Int64 in the scores"):
        monitor(runs, {"v1": model}, texts, clock=DAY, until=day(120))


def window(as_of: str, **changes: Any) -> dict[str, Any]:
    """Return a row of a history in which everything is as forecast."""
    row = {"run_id": as_of, "version": "v", "as_of": as_of, "horizon": "90 days", "end": "2024-06-30"}
    return row | {"predicted": 1000.0, "actual": 1010.0, "change": 0.01, "errors": 0.3, "coverage": 0.95} | changes


COHORT = {"run_id": "2024-04-01", "horizon": "90 days", "end": "2024-06-30", "cohort": "2024 Q1"}


@pytest.mark.parametrize(
    ("rows", "cohort", "status", "code"),
    [
        ([window("2024-04-01", predicted=50.0)], {}, "unknown", "refit-unknown"),
        ([window("2024-04-01")], {}, "ok", "refit-not-needed"),
        ([window("2024-04-01", coverage=0.7)], {}, "watch", "refit-watch-intervals"),
        ([window("2024-04-01")], {"change": 0.4, "errors": 5.0}, "watch", "refit-watch-cohorts"),
        ([window("2024-04-01", change=0.3, errors=6.0)], {}, "refit", "refit-needed"),
        (
            [window("2024-03-01", change=0.3, errors=6.0), window("2024-04-01", change=0.3, errors=6.0)],
            {},
            "refit",
            "refit-needed-since",
        ),
    ],
)
def test_the_verdict_names_the_first_reason_for_concern(rows, cohort, status, code):
    predicted = {"predicted": 200.0, "actual": 210.0, "change": 0.05, "errors": 0.7}
    verdict = evaluate_history(pd.DataFrame(rows), pd.DataFrame([COHORT | predicted | cohort]))
    assert (verdict.status, verdict.findings[0].code) == (status, code)
