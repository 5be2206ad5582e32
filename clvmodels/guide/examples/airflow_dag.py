"""An Airflow 3 DAG that scores customers every night, and fits the model on the first of each month."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

JOB = "/srv/clv/job.toml"


def yesterday(ds: str | None) -> str:
    """Return the last complete day; in Airflow 3, `ds` is the day on which a cron schedule runs."""
    if ds is None:
        raise AirflowFailException("The run has no date, so Airflow does not pass `ds`.")
    return f"{date.fromisoformat(ds) - timedelta(days=1)}"


def run(work: Any) -> Any:
    """Call a function of the package; only errors with exit codes 5 and 6 are retried."""
    from clvmodels.errors import CLVError, JobLocked, StoreUnreachable

    try:
        return work()
    except (JobLocked, StoreUnreachable):
        raise
    except CLVError as error:
        raise AirflowFailException(str(error)) from None


@dag(
    schedule="0 5 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10)},
)
def customer_value() -> None:
    """Fit on the first of a month, score, and compare earlier forecasts with what happened."""

    @task
    def fit(ds: str | None = None) -> None:
        import clvmodels as clv

        if ds is not None and ds.endswith("-01"):
            run(lambda: clv.fit_job(JOB, as_of=yesterday(ds)))

    @task
    def score(ds: str | None = None) -> str:
        import clvmodels as clv

        run_id: str = run(lambda: clv.score_job(JOB, as_of=yesterday(ds))).manifest.run_id
        return run_id

    @task
    def monitor(ds: str | None = None) -> str:
        import clvmodels as clv

        status: str = run(lambda: clv.monitor_job(JOB, until=yesterday(ds))).monitoring.verdict.status
        return status

    fit() >> score() >> monitor()


customer_value()
