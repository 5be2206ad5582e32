"""Forecasts of all customers of a run at once, by a forecaster that needs more than the RFM."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from clvmodels.errors import InvalidJob
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasts import ForecastQuantity, KnownHistory
from clvmodels.frames import column
from clvmodels.processes.contract import Array
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.run.customers import SourceData
from clvmodels.scoring.run.score_columns import prediction_column

__all__ = ["forecast_customers"]

LEVEL = 0.9


def forecast_customers(
    job: Job, forecaster: Forecaster, data: SourceData
) -> tuple[SourceData, dict[str, tuple[float, float]]]:
    """Return the source with forecasts of its customers, and the interval of each total by column name.

    All customers are forecast at once, so results do not depend on the size of blocks.
    """
    history = data.history(job)
    if "money" in history.missing(forecaster.needs):
        raise InvalidJob(
            "columns.amount: is missing, but the forecaster was fitted with money: set the column of amounts."
        )
    bought = data.customers.bought
    forecasts, intervals = {}, {}
    for horizon in job.predictions.horizons:
        forecast = forecaster.forecast(history, horizon)
        columns: dict[str, Array] = {}
        quantities: dict[ForecastQuantity, str] = {"purchases": "expected_purchases"}
        if data.customers.rfm.monetary_value is not None:
            quantities["money"] = "lifetime_value"
        for quantity, name in quantities.items():
            part = forecast.of(quantity)
            if part is None or part.mean is None:
                continue
            for end, values in {"": part.mean, **_ends(job, forecaster, history, horizon, quantity)}.items():
                columns[f"{quantity}{end}"] = np.full(len(bought), np.nan)
                columns[f"{quantity}{end}"][bought] = values
            if part.distribution is not None and quantity == "purchases":  # money is discounted, its total is not
                intervals[prediction_column(name, horizon)] = part.distribution.interval(
                    job.predictions.interval or LEVEL
                )
        forecasts[horizon] = columns
    customers = replace(data.customers, forecasts=forecasts)
    return replace(data, customers=customers), intervals


def _ends(
    job: Job, forecaster: Forecaster, history: KnownHistory, horizon: str, quantity: ForecastQuantity
) -> dict[str, Array]:
    """Return the ends of customers' intervals (n,), or no columns if the job has no intervals."""
    predictions = job.predictions
    if predictions.interval is None:
        return {}
    table = forecaster.intervals(
        history,
        horizon,
        quantity,
        interval=predictions.interval,
        draws=predictions.draws,
        random_state=predictions.random_state,
    )
    name = "expected_purchases" if quantity == "purchases" else "expected_money"
    return {end: column(table, f"{name}{end}") for end in ("_lower", "_upper")}
