"""A Dagster asset with one partition per day: the score table as of that day."""

from __future__ import annotations

import dagster as dg

JOB = "/srv/clv/job.toml"
days = dg.DailyPartitionsDefinition(start_date="2026-01-01")


@dg.asset(partitions_def=days, retry_policy=dg.RetryPolicy(max_retries=3, delay=600))
def clv_scores(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Score as of the day of the partition; an older day than the published one only adds to the history."""
    import clvmodels as clv

    try:
        manifest = clv.score_job(JOB, as_of=context.partition_key).manifest
    except clv.errors.StoreUnreachable:
        raise  # retried
    except clv.errors.CLVError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    return dg.MaterializeResult(
        metadata={"run_id": manifest.run_id, "customers": manifest.customers, "version": manifest.version or ""}
    )


schedule = dg.build_schedule_from_partitioned_job(
    dg.define_asset_job("customer_value", [clv_scores]), hour_of_day=5, minute_of_hour=0
)
defs = dg.Definitions(assets=[clv_scores], schedules=[schedule])
