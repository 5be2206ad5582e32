"""A job with a calendar: it fits, scores and reads models by it, and old jobs keep their identity."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidJob

SEASON = clv.Calendar(season=np.where(np.arange(366) >= 324, 2.5, 1.0))
CUTOFF = "1997-09-30"


def job_of(folder, calendar: str | None):
    clock = {"time_unit": "week"} | ({} if calendar is None else {"calendar": calendar})
    return clv.read_job(
        None,
        {
            "source": {"path": str(folder / "orders.csv")},
            "columns": {"amount": "amount"},
            "clock": clock,
            "models": {"purchases": "bgnbd"},
            "predictions": {"horizons": ["26 weeks"], "annual_discount_rate": 0.1, "margin": 1.0},
            "registry": {"folder": str(folder / f"models-{calendar is None}")},
            "sinks": [{"store": "parquet", "path": str(folder / "scores.parquet")}],
        },
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calendar_job")
    clv.datasets.load_cdnow(sample=True).to_csv(folder / "orders.csv", index=False)
    SEASON.save(folder / "calendar.json")
    return folder


@pytest.mark.slow
def test_a_job_scores_by_its_calendar(folder) -> None:
    job = job_of(folder, str(folder / "calendar.json"))
    clv.fit_job(job, CUTOFF)
    clv.score_job(job, "1997-11-01")
    table = pd.read_parquet(folder / "scores.parquet").set_index("customer_id")
    log = clv.datasets.load_cdnow(sample=True)
    options = {"amount": "amount", "time_unit": "week", "calendar": SEASON}
    model = clv.BGNBD().fit(clv.rfm_summary(log, observation_end=CUTOFF, **options))
    rfm = clv.rfm_summary(log, observation_end="1997-11-01", **options)
    expected = model.expected_purchases(rfm, "26 weeks").set_index("customer_id")["expected_purchases"]
    name = next(column for column in table if column.startswith("expected_purchases"))
    np.testing.assert_allclose(table[name].loc[expected.index], expected, rtol=1e-9)
    other = folder / "other.json"
    clv.Calendar(weekdays=[1, 1, 1, 1, 1, 2, 1]).save(other)
    changed = job_of(folder, str(other)).model_copy(update={"registry": job.registry})
    with pytest.raises(InvalidJob, match="change \\[clock\\] or fit again"):
        clv.score_job(changed, "1997-11-01")


@pytest.mark.acceptance
@pytest.mark.parametrize("forecaster", ["process", "best"])
def test_auto_chooses_a_calendar_at_each_fit_and_saves_it_with_the_model(tmp_path, forecaster) -> None:
    truth = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
    days = {"start": "2018-01-01", "end": "2020-01-31", "last_arrival": "2019-12-31"}
    clv.simulate_log(1_200, truth, **days, calendar=SEASON).to_csv(tmp_path / "orders.csv", index=False)
    job = clv.read_job(
        None,
        {
            "source": {"path": str(tmp_path / "orders.csv")},
            "clock": {"time_unit": "week", "calendar": "auto"},
            "models": {"purchases": "bgnbd", "forecaster": forecaster, "spend": "none", "holdout": "8 weeks"},
            "predictions": {"horizons": ["26 weeks"]},
            "registry": {"folder": str(tmp_path / "models")},
            "run": {"folder": str(tmp_path / "runs")},
            "sinks": [{"store": "parquet", "path": str(tmp_path / "scores"), "partitioned": True}],
        },
    )
    assert job.identity()["clock"]["calendar"] == "auto"
    done = clv.fit_job(job, "2019-12-31")
    chosen = done.model.purchases.clock_.calendar
    assert chosen.scaled("2020-11-25", "2020-12-24") == pytest.approx(2.1, rel=0.2)
    scored = clv.score_job(job, "2020-01-10")
    assert scored.rfm.clock.calendar == chosen
    monitored = clv.monitor_job(job, until="2020-01-31").monitoring.history
    assert abs(monitored["predicted"][0] / monitored["actual"][0] - 1) < 0.2
    assert clv.fit_job(job, "2019-12-31", dry_run=True).gates[-1].code != "gate-parameters-other-clock"


def test_auto_needs_transactions_and_days(folder) -> None:
    source = {"path": str(folder / "orders.csv")}
    with pytest.raises(InvalidJob, match="'auto' estimates a season from transactions"):
        clv.read_job(None, {"source": source | {"kind": "rfm"}, "clock": {"calendar": "auto"}})
    clock = {"calendar": "auto", "time_unit": "month", "merge_within": "month"}
    with pytest.raises(InvalidJob, match="'auto' needs the days of purchases"):
        clv.read_job(None, {"source": source, "clock": clock, "models": {"purchases": "bgbb"}})
    path = folder / "auto.toml"
    path.write_text('[source]\npath = "orders.csv"\n[clock]\ncalendar = "auto"\n')
    assert clv.read_job(path).clock.calendar == "auto"


def test_jobs_without_a_calendar_keep_their_identity(folder) -> None:
    assert "calendar" not in job_of(folder, None).identity()["clock"]
    assert job_of(folder, str(folder / "calendar.json")).identity()["clock"]["calendar"]["season"][-1] == 2.5


def test_a_calendar_that_cannot_be_read_is_a_fault_of_the_job(folder) -> None:
    with pytest.raises(InvalidJob, match="cannot be read"):
        job_of(folder, str(folder / "missing.json"))


def test_a_calendar_is_relative_to_the_job_file(folder) -> None:
    path = folder / "job.toml"
    path.write_text('[source]\npath = "orders.csv"\n[clock]\ncalendar = "calendar.json"\n')
    assert clv.read_job(path).clock.clock.calendar == SEASON
