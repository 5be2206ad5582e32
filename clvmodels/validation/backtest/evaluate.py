"""One origin and one horizon: models, rivals and challenger forecast it, and every table is made of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting import boosted_trees as machine
from clvmodels.forecasting import distributions, rules
from clvmodels.forecasting.distributions import Predictive, Sample, Settings
from clvmodels.forecasting.forecast import Forecast, QuantityForecasts
from clvmodels.forecasting.processes import Expected, FittedModels
from clvmodels.forecasts import KnownHistory
from clvmodels.frames import column
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout
from clvmodels.validation.comparison.findings import sees_no_dropout
from clvmodels.validation.tables import probabilities, ranking
from clvmodels.validation.tables.calibration import calibration_table, customer_groups, group_table
from clvmodels.validation.tables.differences import LOG_SCORE_OF
from clvmodels.validation.tables.spend import spend_histogram, tail_words
from clvmodels.validation.tables.totals import totals_of
from clvmodels.validation.tables.tracking import tracking_table

__all__ = ["CutoffCase", "evaluate", "fitted_tables"]

QUANTITIES = 1_000  # customers whose histories tell the share that is gone
QUANTITY_DRAWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class CutoffCase:
    """One cut and one holdout period, and what learned from before the cut.

    Attributes
    ----------
    split : Holdout
    fits : Fits
        On its calibration period.
    past : Past or None
        The log up to the cut; without it there are only the rivals that an RFM is enough for.
    windows : sequence of Window
        Earlier windows inside the calibration period, as long as the holdout period or shorter; none: no challenger.
    settings : Settings
    """

    split: Holdout
    fits: FittedModels
    past: KnownHistory | None
    windows: Sequence[machine.LearningWindow]
    settings: Settings

    @property
    def best(self) -> str:
        """The process that earlier windows favor, chosen without the holdout period."""
        return machine.best_process(self.windows, self.fits)


def evaluate(case: CutoffCase) -> dict[str, pd.DataFrame]:
    """Every table that compares forecasts with what happened; without origin and horizon."""
    split, settings = case.split, case.settings
    expected = case.fits.expected(split.calibration, split.horizon)
    sample = distributions.sample_of(split.calibration, settings.sampled, settings.seed)
    told = {
        title: distributions.purchases(model, split, sample, settings) for title, model in case.fits.purchases.items()
    }
    outcomes = [_purchases(case, expected, told)]
    if split.spend is not None and case.fits.spend is not None:
        outcomes.append(_money(case, expected, told, sample))
    groups = customer_groups(split)
    everybody = np.ones(len(split.calibration), dtype=bool)
    spreads = {title: distributions.spread_of(each, everybody) for title, each in told.items()}
    calibration = _all([calibration_table(outcome, groups, settings.level) for outcome in outcomes])
    return {
        "scores": _all([probabilities.scores_of(outcome) for outcome in outcomes]),
        "by_frequency": _by_frequency(calibration),
        "calibration": calibration,
        "groups": _all([group_table(outcome, groups) for outcome in outcomes]),
        "reliability": probabilities.reliability_table(outcomes[0], settings.level),
        "pit": _all([probabilities.pit_table(outcome) for outcome in outcomes]),
        "tracking": tracking_table(split, case.fits.purchases, spreads, settings.level),
        "gain": _all([ranking.gain_table(outcome) for outcome in outcomes]),
        "lorenz": _all([ranking.lorenz_table(outcome) for outcome in outcomes]),
        "deciles": _all([ranking.decile_table(outcome) for outcome in outcomes]),
        "overlap": _all([ranking.overlap_table(outcome) for outcome in outcomes]),
        "level": _all([totals_of(outcome, settings.level) for outcome in outcomes]),
        "customers": _customers(case, outcomes, sample),
    }


def fitted_tables(fits: FittedModels, split: Holdout, settings: Settings) -> dict[str, Any]:
    """What the fits themselves say: parameters, quantities, the histogram of spend, and the certificates."""
    estimators: list[PurchaseModel | SpendModel] = list(fits.purchases.values())
    rfm = split.calibration[distributions.sample_of(split.calibration, QUANTITIES, settings.seed).rows]
    quantities = [
        model.quantities(rfm, interval=settings.level, draws=QUANTITY_DRAWS, random_state=settings.seed)
        .reset_index()
        .assign(model=title)
        for title, model in fits.purchases.items()
    ]
    certificates = [
        model.certificate() | {"sees_no_dropout": "dropout" in model.process.moves and sees_no_dropout(model)}
        for model in fits.purchases.values()
    ]
    histogram = pd.DataFrame(columns=["lower", "upper", "customers", "observed", "expected"])
    if fits.spend is not None:
        estimators.append(fits.spend)
        certificates.append(fits.spend.certificate() | {"tail": tail_words(fits.spend)})
        histogram = spend_histogram(fits.spend, split.calibration)
    return {
        "parameters": _all([e.summary().reset_index().assign(model=e.title) for e in estimators]),
        "quantities": _all(quantities)[["model", "quantity", "estimate", "lower", "upper", "unit"]],
        "spend_histogram": histogram,
        "certificates": certificates,
    }


def _purchases(case: CutoffCase, expected: Expected, told: dict[str, Predictive]) -> QuantityForecasts:
    split, forecasts = case.split, list[Forecast]()
    for title, model in case.fits.purchases.items():
        nothing = column(model.probability_no_purchase(split.calibration, split.horizon), "probability_no_purchase")
        forecasts.append(
            Forecast(
                title,
                "process",
                expected.purchases[title],
                buys=np.clip(1 - nothing, 0.0, 1.0),
                chances=distributions.chances_of(model, split),
                told=told[title],
            )
        )
    forecasts += _challengers(case, expected, "purchases")
    return QuantityForecasts("purchases", split.purchases.astype(float), forecasts + _rivals(case, "purchases"))


def _money(case: CutoffCase, expected: Expected, told: dict[str, Predictive], sample: Sample) -> QuantityForecasts:
    split, spend = case.split, case.fits.spend
    assert spend is not None, "asked by the caller"
    assert split.spend is not None, "asked by the caller"
    forecasts = [
        Forecast(
            case.fits.money_title(title),
            "process",
            expected.money[title],
            told=distributions.money(spend, told[title], split, sample, case.settings),
        )
        for title in case.fits.purchases
    ]
    forecasts += _challengers(case, expected, "money")
    return QuantityForecasts("money", split.spend, forecasts + _rivals(case, "money"))


def _challengers(case: CutoffCase, expected: Expected, quantity: str) -> list[Forecast]:
    if case.past is None or not case.windows:
        return []
    best = case.best
    trees = machine.challenge(case.windows, case.past, case.split, case.fits, expected, best, quantity)
    process = expected.of(quantity)[best]
    level = machine.learned_level(case.windows, best, quantity)
    told: dict[str, Array] = {machine.CHALLENGER: trees} | machine.blends(trees, process, level)
    return [Forecast(name, "challenger", mean) for name, mean in told.items()]


def _rivals(case: CutoffCase, quantity: str) -> list[Forecast]:
    split, past, money = case.split, case.past, quantity == "money"
    simple = {name: rule(split, money) for name, rule in rules.RIVALS.items()}
    told = [Forecast(name, "rival", mean) for name, mean in simple.items() if mean is not None]
    if past is None:
        return told
    told.append(Forecast(rules.LAST_PERIOD, "rival", rules.last_period(split, past, money)))
    if case.windows:
        rule = rules.learn_hiatus(case.windows[0].split)
        buys = None if money else rule.buys(split)
        told.append(Forecast(rules.HIATUS, "rival", rule.expected(split, money), buys=buys))
    total = rules.seasonal_total(split, past, money)
    if np.isfinite(total):
        told.append(Forecast(rules.SEASONAL, "rival", None, total))
    return told


def _by_frequency(calibration: pd.DataFrame) -> pd.DataFrame:
    """Mean holdout purchases by calibration frequency, actual and expected: a row a frequency and process."""
    told = calibration[
        (calibration["by"] == "frequency")
        & (calibration["quantity"] == "purchases")
        & (calibration["kind"] == "process")
    ]
    told = told.rename(columns={"group": "frequency"}).sort_values("order", kind="stable")
    return told[["frequency", "customers", "actual", "forecast", "expected", "lower", "upper"]].reset_index(drop=True)


def _customers(case: CutoffCase, outcomes: Sequence[QuantityForecasts], sample: Sample) -> pd.DataFrame:
    """What was forecast of each customer sampled, and what happened: a row a customer and quantity."""
    ids = case.split.calibration.customer_id[sample.rows].to_list()
    tables = []
    for outcome in outcomes:
        told = {f.title: f.mean[sample.rows] for f in outcome.forecasts if f.mean is not None}
        extra = {
            LOG_SCORE_OF + f.title: np.log(np.maximum(f.chances[sample.rows], np.finfo(float).tiny))
            for f in outcome.forecasts
            if f.chances is not None
        }
        columns = {"quantity": outcome.quantity, "customer_id": ids, "actual": outcome.actual[sample.rows]}
        tables.append(pd.DataFrame(columns | told | extra))
    return _all(tables)


def _all(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables below each other; empty ones have no types and would spoil the others'."""
    some = [table for table in tables if len(table)]
    return pd.concat(some, ignore_index=True) if some else tables[0]
