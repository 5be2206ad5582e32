"""Evaluate forecasts at one cutoff and over one horizon: all forecasters forecast, and tables compare the forecasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.processes import model_id
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasts import (
    Forecast,
    ForecasterIdentity,
    ForecastQuantity,
    KnownHistory,
    QuantityForecast,
    TotalDistribution,
)
from clvmodels.processes.threads import in_threads
from clvmodels.transactions.holdout import Holdout
from clvmodels.validation.comparison.findings import sees_no_dropout
from clvmodels.validation.tables import distributions, probabilities, ranking
from clvmodels.validation.tables.calibration import calibration_table, customer_groups, group_table
from clvmodels.validation.tables.distributions import Predictive, Sample, Settings
from clvmodels.validation.tables.evaluated import EvaluatedForecast, QuantityForecasts
from clvmodels.validation.tables.spend import spend_histogram, tail_finding
from clvmodels.validation.tables.totals import totals_of
from clvmodels.validation.tables.tracking import tracking_table

__all__ = ["FORECASTER_COLUMNS", "CutoffCase", "concat", "evaluate", "fitted_tables"]

QUANTITIES_CUSTOMERS = 1_000  # customers from whose histories the share of inactive customers is estimated
QUANTITIES_DRAWS = 200
FORECASTER_COLUMNS = ("id", "title", "kind", "process", "spend")


@dataclass(frozen=True, slots=True, eq=False)
class CutoffCase:
    """One cutoff and one holdout period, and the forecasters fitted to what was known at the cutoff.

    Attributes
    ----------
    split : Holdout
    history : KnownHistory
        What was known at the cutoff.
    forecasters : sequence of Forecaster
        Fitted.
    settings : Settings
    """

    split: Holdout
    history: KnownHistory
    forecasters: Sequence[Forecaster]
    settings: Settings

    @property
    def models(self) -> dict[str, PurchaseModel]:
        """Return the fitted purchase models by id."""
        return {model_id(model.purchases): model.purchases for model in self.customer_models}

    @property
    def spend(self) -> SpendModel | None:
        """Return the fitted spend model."""
        spends = [model.spend for model in self.customer_models if model.spend is not None]
        return spends[0] if spends else None

    @property
    def customer_models(self) -> list[CustomerModel]:
        """Return the forecasters of processes, whose distributions and fits have separate tables."""
        return [forecaster for forecaster in self.forecasters if isinstance(forecaster, CustomerModel)]


def evaluate(case: CutoffCase) -> dict[str, pd.DataFrame]:
    """Return every table that compares forecasts with what happened, without columns for cutoff and horizon."""
    split, settings = case.split, case.settings
    sample = distributions.sample_of(split.calibration, settings.sampled, settings.seed)
    models = case.models
    predictive = dict(
        zip(
            models,
            in_threads(lambda model: distributions.purchases(model, split, sample, settings), models.values()),
            strict=True,
        )
    )
    forecasts = in_threads(lambda forecaster: forecaster.forecast(case.history, split.horizon), case.forecasters)
    made = list(zip(case.forecasters, forecasts, strict=True))
    outcomes = [_evaluate_purchases(case, made, predictive)]
    if split.spend is not None and case.spend is not None:
        outcomes.append(_evaluate_money(case, made, predictive, sample))
    groups = customer_groups(split)
    everybody = np.ones(len(split.calibration), dtype=bool)
    spreads = {name: distributions.spread_of(each, everybody) for name, each in predictive.items()}
    level = settings.level
    of_quantity: dict[str, Callable[[QuantityForecasts], pd.DataFrame]] = {
        "scores": probabilities.scores_of,
        "calibration": lambda outcome: calibration_table(outcome, groups, level),
        "groups": lambda outcome: group_table(outcome, groups),
        "pit": probabilities.pit_table,
        "gain": ranking.gain_table,
        "lorenz": ranking.lorenz_table,
        "deciles": ranking.decile_table,
        "overlap": ranking.overlap_table,
        "totals": lambda outcome: totals_of(outcome, level),
    }
    pairs = [(make, outcome) for make in of_quantity.values() for outcome in outcomes]
    parts = iter(in_threads(lambda pair: pair[0](pair[1]), pairs))
    tables = {name: concat([next(parts) for _ in outcomes]) for name in of_quantity}
    return {
        "forecasters": _forecasters(outcomes),
        "scores": tables["scores"],
        "by_frequency": _by_frequency(tables["calibration"]),
        "calibration": tables["calibration"],
        "groups": tables["groups"],
        "reliability": probabilities.reliability_table(outcomes[0], level),
        "pit": tables["pit"],
        "tracking": tracking_table(split, models, spreads, level),
        "gain": tables["gain"],
        "lorenz": tables["lorenz"],
        "deciles": tables["deciles"],
        "overlap": tables["overlap"],
        "totals": tables["totals"],
        "customers": _customers(case, outcomes, sample),
    }


def fitted_tables(case: CutoffCase) -> dict[str, Any]:
    """Return the tables of the fits: parameters, quantities, the histogram of spend, and certificates."""
    split, settings, purchase_models = case.split, case.settings, case.models
    models: dict[str, PurchaseModel | SpendModel] = dict(purchase_models)
    rfm = split.calibration[distributions.sample_of(split.calibration, QUANTITIES_CUSTOMERS, settings.seed).rows]
    quantities = [
        model.quantities(rfm, interval=settings.level, draws=QUANTITIES_DRAWS, random_state=settings.seed)
        .reset_index()
        .assign(forecaster=name)
        for name, model in purchase_models.items()
    ]
    certificates = [
        _certificate(name, model)
        | {"sees_no_dropout": "dropout" in model.process.moves and sees_no_dropout(model)}
        | {"one_time_buyers_stay": model.process.one_time_buyers_stay}
        for name, model in purchase_models.items()
    ]
    histogram = pd.DataFrame(columns=["lower", "upper", "customers", "observed", "expected"])
    if case.spend is not None:
        spend_id = model_id(case.spend)
        models[spend_id] = case.spend
        tail = tail_finding(case.spend)
        certificate = _certificate(spend_id, case.spend)
        certificates.append(certificate | {"tail": None if tail is None else tail.to_dict()})
        histogram = spend_histogram(case.spend, split.calibration)
    return {
        "parameters": concat([model.summary().reset_index().assign(forecaster=name) for name, model in models.items()]),
        "quantities": concat(quantities)[["forecaster", "quantity", "estimate", "lower", "upper", "unit"]],
        "spend_histogram": histogram,
        "certificates": certificates,
    }


def _certificate(name: str, model: PurchaseModel | SpendModel) -> dict[str, Any]:
    """Return a fit's certificate, with the id of the forecaster first."""
    certificate = model.certificate()
    return {"forecaster": name, "title": certificate.pop("model"), **certificate}


def _evaluate_purchases(
    case: CutoffCase, made: Sequence[tuple[Forecaster, Forecast]], predictive: dict[str, Predictive]
) -> QuantityForecasts:
    """Return the forecasts of purchases, with the distribution of those by a process alone."""
    split, models = case.split, case.models

    def evaluate_one(pair: tuple[ForecasterIdentity, QuantityForecast]) -> EvaluatedForecast:
        identity, forecast = pair
        process = identity.process if identity.kind == "process" else None
        model = None if process is None else models[process]
        return EvaluatedForecast(
            identity,
            forecast.mean,
            forecast.total,
            forecast.buys,
            chances=None if model is None else distributions.probabilities_of_actual(model, split),
            predictive=None if process is None else predictive[process],
            distribution=_total(case, identity, forecast, "purchases"),
        )

    forecasts = in_threads(evaluate_one, _of_quantity(made, "purchases"))
    return QuantityForecasts("purchases", split.purchases.astype(float), forecasts)


def _evaluate_money(
    case: CutoffCase, made: Sequence[tuple[Forecaster, Forecast]], predictive: dict[str, Predictive], sample: Sample
) -> QuantityForecasts:
    """Return the forecasts of money, with the distribution of those by a process and a spend model."""
    split, spend = case.split, case.spend
    if spend is None or split.spend is None:
        raise AssertionError("checked by the caller")
    forecasts = []
    for identity, forecast in _of_quantity(made, "money"):
        drawn = None
        if identity.kind == "process" and identity.process is not None:
            drawn = distributions.money(spend, predictive[identity.process], split, sample, case.settings)
        total = _total(case, identity, forecast, "money")
        forecasts.append(
            EvaluatedForecast(identity, forecast.mean, forecast.total, predictive=drawn, distribution=total)
        )
    return QuantityForecasts("money", split.spend, forecasts)


def _total(
    case: CutoffCase, identity: ForecasterIdentity, forecast: QuantityForecast, quantity: ForecastQuantity
) -> TotalDistribution | None:
    """Return the distribution of a total according to the settings, or None for that of the process alone."""
    if case.settings.total_interval == "model":
        return None if forecast.distribution is None else forecast.distribution.of_model()
    if identity.kind != "process":
        return forecast.distribution
    models = (each for each in case.customer_models if model_id(each.purchases) == identity.process)
    return next(models).total(case.history, case.split.horizon, quantity, level_rule="none")


def _of_quantity(
    made: Sequence[tuple[Forecaster, Forecast]], quantity: ForecastQuantity
) -> list[tuple[ForecasterIdentity, QuantityForecast]]:
    """Return the forecasts of one quantity with their forecasters, without those that have no total."""
    named = [(forecaster.identity(quantity), forecast.of(quantity)) for forecaster, forecast in made]
    return [
        (identity, forecast)
        for identity, forecast in named
        if identity is not None and forecast is not None and np.isfinite(forecast.total)
    ]


def _forecasters(outcomes: Sequence[QuantityForecasts]) -> pd.DataFrame:
    """Return id, title, kind, process and spend of every forecaster, one row each."""
    forecasters = dict.fromkeys(forecast.forecaster for outcome in outcomes for forecast in outcome.forecasts)
    return pd.DataFrame([asdict(forecaster) for forecaster in forecasters], columns=list(FORECASTER_COLUMNS))


def _by_frequency(calibration: pd.DataFrame) -> pd.DataFrame:
    """Return mean holdout purchases by calibration frequency: one row per frequency and process."""
    rows = calibration[
        (calibration["by"] == "frequency")
        & (calibration["quantity"] == "purchases")
        & (calibration["kind"] == "process")
    ]
    rows = rows.rename(columns={"group": "frequency"}).sort_values("order", kind="stable")
    columns = ["frequency", "customers", "actual", "forecaster", "expected", "lower", "upper"]
    return rows[columns].reset_index(drop=True)


def _customers(case: CutoffCase, outcomes: Sequence[QuantityForecasts], sample: Sample) -> pd.DataFrame:
    """Return forecast and actual of the sampled customers: one row per customer and forecaster."""
    ids = pd.Series(case.split.calibration.customer_id[sample.rows].to_list())
    columns: dict[str, list[Any]] = {name: [] for name in ("actual", "expected", "log_score")}
    names = []
    for outcome in outcomes:
        for forecast in outcome.forecasts:
            if forecast.mean is None:
                continue
            log_scores = np.full(len(ids), np.nan)
            if forecast.chances is not None:
                log_scores = np.log(np.maximum(forecast.chances[sample.rows], np.finfo(float).tiny))
            values = (outcome.actual[sample.rows], forecast.mean[sample.rows], log_scores)
            for column, each in zip(columns.values(), values, strict=True):
                column.append(each)
            names.append((outcome.quantity, forecast.id))
    row = np.repeat(np.arange(len(names)), len(ids))
    of_forecasts = pd.DataFrame(names, columns=["quantity", "forecaster"]).iloc[row].reset_index(drop=True)
    customer_id = ids.iloc[np.tile(np.arange(len(ids)), len(names))].array
    return of_forecasts.assign(
        customer_id=customer_id, **{name: np.concatenate(each) for name, each in columns.items()}
    )


def concat(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate tables by rows, without empty ones, whose columns have no types."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]
