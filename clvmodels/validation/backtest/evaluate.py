"""Evaluate forecasts at one cutoff and over one horizon: every forecaster forecasts, and each table is made of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting import boosted_trees, distributions, rules
from clvmodels.forecasting.blend import blend, learned_total_factor
from clvmodels.forecasting.boosted_trees import BOOSTED_TREES, LearningWindow
from clvmodels.forecasting.distributions import Predictive, Sample, Settings
from clvmodels.forecasting.processes import Expected, FittedModels
from clvmodels.forecasts import KnownHistory
from clvmodels.frames import column
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout
from clvmodels.validation.comparison.findings import sees_no_dropout
from clvmodels.validation.tables import probabilities, ranking
from clvmodels.validation.tables.calibration import calibration_table, customer_groups, group_table
from clvmodels.validation.tables.evaluated import EvaluatedForecast, QuantityForecasts
from clvmodels.validation.tables.spend import spend_histogram, tail_finding
from clvmodels.validation.tables.totals import totals_of
from clvmodels.validation.tables.tracking import tracking_table

__all__ = ["CutoffCase", "concat", "evaluate", "fitted_tables"]

QUANTITIES_CUSTOMERS = 1_000  # customers whose histories show the share that is gone
QUANTITIES_DRAWS = 200
FORECASTER_COLUMNS = ("id", "title", "kind", "process", "spend")


@dataclass(frozen=True, slots=True, eq=False)
class CutoffCase:
    """One cutoff and one holdout period, and what was learned from before the cutoff.

    Attributes
    ----------
    split : Holdout
    fits : FittedModels
        On its calibration period.
    past : KnownHistory or None
        The log up to the cutoff; without it only rules that need no more than an RFM take part.
    windows : sequence of LearningWindow
        Earlier windows inside the calibration period, of the holdout's length or shorter; none: no boosted trees.
    settings : Settings
    """

    split: Holdout
    fits: FittedModels
    past: KnownHistory | None
    windows: Sequence[LearningWindow]
    settings: Settings

    @property
    def best(self) -> str:
        """Id of the process that earlier windows favor, chosen without the holdout period."""
        return boosted_trees.best_process(self.windows, self.fits)


def evaluate(case: CutoffCase) -> dict[str, pd.DataFrame]:
    """Return every table that compares forecasts with what happened, without columns for cutoff and horizon."""
    split, settings = case.split, case.settings
    expected = case.fits.expected(split.calibration, split.horizon)
    sample = distributions.sample_of(split.calibration, settings.sampled, settings.seed)
    predictive = {
        name: distributions.purchases(model, split, sample, settings) for name, model in case.fits.purchases.items()
    }
    outcomes = [_forecast_purchases(case, expected, predictive)]
    if split.spend is not None and case.fits.spend is not None:
        outcomes.append(_forecast_money(case, expected, predictive, sample))
    groups = customer_groups(split)
    everybody = np.ones(len(split.calibration), dtype=bool)
    spreads = {name: distributions.spread_of(each, everybody) for name, each in predictive.items()}
    calibration = concat([calibration_table(outcome, groups, settings.level) for outcome in outcomes])
    return {
        "forecasters": _forecasters(outcomes),
        "scores": concat([probabilities.scores_of(outcome) for outcome in outcomes]),
        "by_frequency": _by_frequency(calibration),
        "calibration": calibration,
        "groups": concat([group_table(outcome, groups) for outcome in outcomes]),
        "reliability": probabilities.reliability_table(outcomes[0], settings.level),
        "pit": concat([probabilities.pit_table(outcome) for outcome in outcomes]),
        "tracking": tracking_table(split, case.fits.purchases, spreads, settings.level),
        "gain": concat([ranking.gain_table(outcome) for outcome in outcomes]),
        "lorenz": concat([ranking.lorenz_table(outcome) for outcome in outcomes]),
        "deciles": concat([ranking.decile_table(outcome) for outcome in outcomes]),
        "overlap": concat([ranking.overlap_table(outcome) for outcome in outcomes]),
        "totals": concat([totals_of(outcome, settings.level) for outcome in outcomes]),
        "customers": _customers(case, outcomes, sample),
    }


def fitted_tables(fits: FittedModels, split: Holdout, settings: Settings) -> dict[str, Any]:
    """Return what the fits themselves report: parameters, quantities, the histogram of spend, and certificates."""
    models: dict[str, PurchaseModel | SpendModel] = dict(fits.purchases)
    rfm = split.calibration[distributions.sample_of(split.calibration, QUANTITIES_CUSTOMERS, settings.seed).rows]
    quantities = [
        model.quantities(rfm, interval=settings.level, draws=QUANTITIES_DRAWS, random_state=settings.seed)
        .reset_index()
        .assign(forecaster=name)
        for name, model in fits.purchases.items()
    ]
    certificates = [
        _certificate(name, model) | {"sees_no_dropout": "dropout" in model.process.moves and sees_no_dropout(model)}
        for name, model in fits.purchases.items()
    ]
    histogram = pd.DataFrame(columns=["lower", "upper", "customers", "observed", "expected"])
    if fits.spend is not None and fits.spend_id is not None:
        models[fits.spend_id] = fits.spend
        tail = tail_finding(fits.spend)
        certificate = _certificate(fits.spend_id, fits.spend)
        certificates.append(certificate | {"tail": None if tail is None else tail.to_dict()})
        histogram = spend_histogram(fits.spend, split.calibration)
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


def _forecast_purchases(case: CutoffCase, expected: Expected, predictive: dict[str, Predictive]) -> QuantityForecasts:
    split, forecasts = case.split, list[EvaluatedForecast]()
    for name, model in case.fits.purchases.items():
        nothing = column(model.probability_no_purchase(split.calibration, split.horizon), "probability_no_purchase")
        forecasts.append(
            EvaluatedForecast(
                case.fits.forecaster(name, "purchases"),
                expected.purchases[name],
                buys=np.clip(1 - nothing, 0.0, 1.0),
                chances=distributions.probabilities_of_actual(model, split),
                predictive=predictive[name],
            )
        )
    forecasts += [*_with_trees(case, expected, "purchases"), *_by_rules(case, "purchases")]
    return QuantityForecasts("purchases", split.purchases.astype(float), forecasts)


def _forecast_money(
    case: CutoffCase, expected: Expected, predictive: dict[str, Predictive], sample: Sample
) -> QuantityForecasts:
    split, spend = case.split, case.fits.spend
    if spend is None:
        raise AssertionError("checked by the caller")
    if split.spend is None:
        raise AssertionError("checked by the caller")
    forecasts = [
        EvaluatedForecast(
            case.fits.forecaster(name, "money"),
            expected.money[name],
            predictive=distributions.money(spend, predictive[name], split, sample, case.settings),
        )
        for name in case.fits.purchases
    ]
    forecasts += [*_with_trees(case, expected, "money"), *_by_rules(case, "money")]
    return QuantityForecasts("money", split.spend, forecasts)


def _with_trees(case: CutoffCase, expected: Expected, quantity: str) -> list[EvaluatedForecast]:
    """Return the forecasts of boosted trees and of their blends with the best process."""
    if case.past is None or not case.windows:
        return []
    best, windows = case.best, case.windows
    trees = boosted_trees.predict_with_trees(windows, case.past, case.split, case.fits, expected, best, quantity)
    blends = blend(trees, expected.of(quantity)[best], learned_total_factor(windows, best, quantity))
    return [
        EvaluatedForecast(BOOSTED_TREES, trees),
        *(EvaluatedForecast(forecaster, mean) for forecaster, mean in blends.items()),
    ]


def _by_rules(case: CutoffCase, quantity: str) -> list[EvaluatedForecast]:
    split, past, money = case.split, case.past, quantity == "money"
    means = {name: rule(split, money) for name, rule in rules.RULES.items()}
    forecasts = [EvaluatedForecast(rules.forecaster(name), mean) for name, mean in means.items() if mean is not None]
    if past is None:
        return forecasts
    forecasts.append(EvaluatedForecast(rules.forecaster("last_period"), rules.last_period(split, past, money)))
    if case.windows:
        hiatus = rules.learn_hiatus(case.windows[0].split)
        buys = None if money else hiatus.buys(split)
        forecasts.append(EvaluatedForecast(rules.forecaster("hiatus"), hiatus.expected(split, money), buys=buys))
    total = rules.seasonal_total(split, past, money)
    if np.isfinite(total):
        forecasts.append(EvaluatedForecast(rules.forecaster("seasonal_naive"), None, total))
    return forecasts


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
    """Return what was forecast of each sampled customer, and what happened: one row per customer and forecaster."""
    ids = case.split.calibration.customer_id[sample.rows].to_list()
    tables = []
    for outcome in outcomes:
        actual = outcome.actual[sample.rows]
        for forecast in outcome.forecasts:
            if forecast.mean is None:
                continue
            log_score: Array | float = np.nan
            if forecast.chances is not None:
                log_score = np.log(np.maximum(forecast.chances[sample.rows], np.finfo(float).tiny))
            columns = {
                "quantity": outcome.quantity,
                "forecaster": forecast.id,
                "customer_id": ids,
                "actual": actual,
                "expected": forecast.mean[sample.rows],
                "log_score": log_score,
            }
            tables.append(pd.DataFrame(columns))
    return concat(tables)


def concat(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables below each other; empty ones have no types and would spoil the others'."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]
