"""The forecasters that take part in a backtest: the models passed, learners on top of them, and simple rules."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.base import clone

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.best import BestForecaster
from clvmodels.forecasting.blend import BLENDS, Blend
from clvmodels.forecasting.boosted_trees import BoostedTrees
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasting.rules import RULES, Rule

__all__ = ["default_forecasters"]


def default_forecasters(
    models: Sequence[PurchaseModel], spend: SpendModel | None, *, boosted_trees: bool, money: bool
) -> list[Forecaster]:
    """Return processes first, then boosted trees and their blends, then rules; none is fitted.

    Parameters
    ----------
    models, spend : models
        Copied.
    boosted_trees : bool
        Whether boosted trees, blends and the best forecaster take part.
    money : bool
        Whether the log has amounts; without them, rules for money alone do not take part.
    """
    processes = [CustomerModel(clone(model), None if spend is None else clone(spend)) for model in models]
    learners: list[Forecaster] = []
    if boosted_trees:
        blends = (Blend(models, spend, total) for total in BLENDS)
        learners = [BoostedTrees(models, spend), *blends, BestForecaster(models, spend)]
    return [*processes, *learners, *(Rule(name) for name, rule in RULES.items() if money or not rule.money_only)]
