"""A job with costs has the value after costs in a column of its own."""

from __future__ import annotations

import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidJob

NIGHT = "1997-10-01"
COSTS = {"per_order": {"channel": {"search": 2.0, "social": 4.0}}, "per_period": 0.25}


def job_in(home, **sections):
    return clv.read_job(
        None,
        {
            "source": {"path": str(home / "orders.parquet")},
            "columns": {"amount": "amount"},
            "customers": {"path": str(home / "customers.parquet"), "attributes": ["channel"]},
            "predictions": {"horizons": ["3 months"], "margin": 0.35, "costs": COSTS},
            "registry": {"folder": str(home / "models")},
            "run": {"folder": str(home / "runs")},
            "sinks": [{"store": "parquet", "path": str(home / "scores.parquet")}],
            **sections,
        },
    )


@pytest.fixture
def home(tmp_path, sample):
    log = pl.from_pandas(sample)
    log.write_parquet(tmp_path / "orders.parquet")
    customers = log.select("customer_id").unique().sort("customer_id").with_row_index("row")
    channel = pl.when(pl.col("row") % 2 == 0).then(pl.lit("search")).otherwise(pl.lit("social"))
    customers.select("customer_id", channel=channel).write_parquet(tmp_path / "customers.parquet")
    return tmp_path


@pytest.mark.slow
def test_the_column_is_the_remaining_value_of_each_customer(home):
    job = job_in(home)
    clv.fit_job(job, NIGHT)
    done = clv.score_job(job, NIGHT)
    scores = pl.read_parquet(home / "scores.parquet")
    rfm = done.rfm
    expected = clv.remaining_value(
        done.model.purchases,
        done.model.spend,
        rfm,
        horizon="3 months",
        annual_discount_rate=0.10,
        margin=0.35,
        costs=clv.Costs(**COSTS),
    ).frame()
    assert scores["remaining_value_3_months"].to_list() == list(expected["remaining_value"])
    assert done.manifest.evidence.totals["remaining_value_3_months"] == pytest.approx(sum(expected["remaining_value"]))
    costs = scores["lifetime_value_3_months"] - scores["remaining_value_3_months"]
    assert costs.min() > 0
    assert "remaining_value_3_months" in pl.read_parquet(home / "scores.parquet", n_rows=0).columns


@pytest.mark.parametrize(
    ("sections", "fault"),
    [
        ({"predictions": {"costs": {"per_order": -1.0}}}, "not a cost of 0 or more|neither a cost of 0 or more"),
        ({"predictions": {"costs": {"acquisition": 5.0}}}, "predictions.costs.acquisition"),
        (
            {"predictions": {"costs": {"per_order": {"region": {"a": 1.0}}}}},
            "per_order: 'region' is not one of customers",
        ),
        ({"predictions": {"costs": {"per_period": "a lot"}}}, "per_period: 'a lot' is not one of customers.attributes"),
        ({"models": {"forecaster": "best"}}, "costs follow the orders of a process"),
        ({"models": {"spend": "none"}}, "predictions.costs.*needs values"),
    ],
)
def test_costs_that_cannot_be_charged_are_refused(home, sections, fault):
    with pytest.raises(InvalidJob, match=fault):
        job_in(home, **sections)
