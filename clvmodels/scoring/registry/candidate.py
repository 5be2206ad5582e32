"""A candidate version of a job: the models to fit, the gates, and the record for the registry."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.estimators import persistence
from clvmodels.forecasting.best import DEFAULT_MODELS, BestForecaster
from clvmodels.forecasting.blend import BLENDS, Blend
from clvmodels.forecasting.boosted_trees import BoostedTrees
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasting.seasons.calendar_choice import AUTO_CALENDAR, choose_calendar
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.events import log_gates
from clvmodels.scoring.gates.gates import check_fit
from clvmodels.scoring.gates.rhythm import rhythm_of
from clvmodels.scoring.gates.run_statistics import Rhythm, StatisticsCollector, forecast_of
from clvmodels.scoring.registry.registry import Version, VersionRecord
from clvmodels.scoring.run import score_table
from clvmodels.scoring.run.customers import SourceData
from clvmodels.scoring.run.feed import daily_purchases
from clvmodels.scoring.run.run import packages
from clvmodels.transactions.holdout import holdout_split
from clvmodels.transactions.summary import RFM, acquisition_tick
from clvmodels.validation.backtest.backtest import backtest
from clvmodels.validation.backtest.validate import validate

__all__ = ["Candidate", "build_forecaster", "evaluate"]


def build_forecaster(job: Job) -> Forecaster:
    """Return the unfitted forecaster of a job."""
    name = job.models.forecaster
    if name == "process":
        return build_model(job)
    spend = persistence.SPEND_MODELS[job.models.spend]() if job.has_spend else None
    models = [model() for model in DEFAULT_MODELS]
    if name == "best":
        return BestForecaster(models, spend)
    if name == "boosted_trees":
        return BoostedTrees(models, spend)
    return Blend(models, spend, next(total for total, (blend, _) in BLENDS.items() if blend == name))


def build_model(job: Job) -> CustomerModel:
    """Return the unfitted models of a job."""
    settings = job.models
    shared: dict[str, Any] = {"by": settings.by, "smallest_group": settings.smallest_group}
    formulas = {"purchase": settings.purchase_formula, "dropout": settings.dropout_formula}
    purchases = persistence.MODEL_CLASSES[settings.purchases](**formulas, **shared)
    if not job.has_spend:
        return CustomerModel(purchases)
    return CustomerModel(purchases, persistence.SPEND_MODELS[settings.spend](spend=settings.spend_formula, **shared))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fit that was checked by the gates.

    Attributes
    ----------
    record : VersionRecord
        The record for the registry.
    refused : bool
        Whether a gate refused.
    """

    record: VersionRecord
    refused: bool


def evaluate(
    job: Job, champion: Version | None, data: SourceData, forecaster: Forecaster, rfm: RFM, *, force: bool
) -> Candidate:
    """Check a fit by the gates, which compare it with the champion, and score it on the job's holdout period."""
    model = forecaster.process_model
    champion_fit = None if champion is None else champion.record.evidence
    collector = StatisticsCollector.of(
        rfm, since_last=0 if champion_fit is None else max(0, data.end - champion_fit.end)
    )
    statistics = collector.summarize(
        str(rfm.observation_end),
        data.end,
        forecast=_forecast_totals(job, data, forecaster, rfm),
        rhythm=_rhythm(job, data, model, rfm),
    )
    champion_model = None if champion is None else champion.load().process_model
    results = check_fit(job.gates, model, collector, statistics, champion_model, champion_fit)
    refused = log_gates(results)
    parts: list[Any] = [*model.parts] if forecaster.kind == "process" else [*model.parts, forecaster]
    record = VersionRecord(
        job=job.published(),
        source=score_table.fingerprint(data.customers),
        packages=packages(),
        certificates=tuple(_plain(part.certificate()) for part in parts),
        holdout=_holdout(job, data),
        evidence=statistics,
        gates=results,
        forced=force and refused,
    )
    return Candidate(record, refused)


def _forecast_totals(job: Job, data: SourceData, forecaster: Forecaster, rfm: RFM) -> tuple[tuple[int, float], ...]:
    """Return the expected total purchases of a fit by each later tick, at the level of the deployed forecaster."""
    process = forecaster.process_model
    totals = forecast_of(process.purchases, rfm)
    if "log" not in forecaster.needs:
        return totals
    history = data.history(job, job.models.acquired_after)
    deployed, own = (each.forecast(history, job.longest_horizon).purchases for each in (forecaster, process))
    level = deployed.total / own.total if own is not None and deployed is not None and own.total > 0 else 1.0
    return tuple((tick, level * total) for tick, total in totals)


def _rhythm(job: Job, data: SourceData, model: CustomerModel, rfm: RFM) -> Rhythm | None:
    """Return the rhythm of the log that the model leaves out, or None if the source is not a log by day or hour."""
    if data.transactions is None:
        return None
    clock = rfm.clock
    after = acquisition_tick(clock, job.models.acquired_after, data.end)
    daily = daily_purchases(data.transactions, clock, data.end, after)
    return None if daily is None else rhythm_of(model.purchases, clock, daily, rfm)


def _holdout(job: Job, data: SourceData) -> tuple[dict[str, Any], ...] | None:
    """Return the scores of the models on a holdout period at the end of the data, fitted to the time before it."""
    length, clock = job.models.holdout, job.clock.clock
    if length is None or data.transactions is None:
        return None
    day = datetime.fromisoformat(clock.describe_tick(data.end)[:10])
    days = Clock("day").duration(length)
    cutoff, columns = (day - timedelta(days=days)).date(), dict(data.columns)
    if not job.has_spend:
        del columns["amount"]
    if job.models.forecaster != "process":
        return _rows(_backtest_forecaster(job, data, columns, cutoff, length))
    fresh = build_model(job)
    calendar = clock.calendar
    if job.clock.calendar == AUTO_CALENDAR:
        history = data.history(job, job.models.acquired_after).earlier(clock.last_tick(cutoff))
        calendar = choose_calendar(history, history.ticks(length)).calendar
    split = holdout_split(
        data.source,
        **columns,
        time_unit=clock.time_unit,
        merge_within=clock.merge_within,
        time_zone=clock.time_zone,
        calendar=calendar,
        calibration_end=cutoff,
        holdout_end=day.date(),
        include_first_transaction=job.models.include_first_transaction,
        intertimes="intertimes" in fresh.needs,
        date_format=data.date_format,
        on_missing_id=job.cleaning.on_missing_id,
        missing_ids=job.cleaning.missing_ids,
        acquired_after=job.models.acquired_after,
    )
    if data.customers.rfm.attributes:
        rfm = data.customers.rfm
        split = split.with_columns(frames.table("polars", {"customer_id": rfm.customer_id, **rfm.attributes}))
    return _rows(validate(split, [fresh.purchases], fresh.spend).scores)


def _backtest_forecaster(
    job: Job, data: SourceData, columns: dict[str, Any], cutoff: date, length: str
) -> pd.DataFrame:
    """Return the scores of the forecasters of a backtest, that of the job among them, after one cutoff."""
    forecaster, clock = build_forecaster(job), job.clock.clock
    models = [model() for model in DEFAULT_MODELS]
    return backtest(
        data.source,
        models,
        forecaster.get_params(deep=False)["spend"],
        horizons=length,
        cutoffs=[cutoff],
        **columns,
        time_unit=clock.time_unit,
        merge_within=clock.merge_within,
        time_zone=clock.time_zone,
        calendar=job.clock.calendar_option,
        include_first_transaction=job.models.include_first_transaction,
        date_format=data.date_format,
        on_missing_id=job.cleaning.on_missing_id,
        missing_ids=job.cleaning.missing_ids,
        acquired_after=job.models.acquired_after,
        progress=lambda *_: None,
    ).scores


def _rows(scores: pd.DataFrame) -> tuple[dict[str, Any], ...]:
    return tuple(_plain(row) for row in json.loads(scores.to_json(orient="records")))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(values, default=float)))
