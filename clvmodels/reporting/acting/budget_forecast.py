"""What the forecast that was best for totals expects, where it is not the model of the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from clvmodels.errors import FitFailed
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasts import ForecastQuantity, KnownHistory
from clvmodels.language import Finding
from clvmodels.processes.worker_processes import begin_elsewhere
from clvmodels.reporting.selection import Selection, select
from clvmodels.reporting.verdict import judge_use
from clvmodels.validation.backtest.customer_sample import sample_customers
from clvmodels.validation.backtest.forecasters import default_forecasters
from clvmodels.validation.backtest.result import Backtest

__all__ = ["BudgetForecast", "begin_budget", "recommended_for"]


@dataclass(frozen=True, slots=True)
class BudgetForecast:
    """What another forecaster than the model of the report expects of all customers, because its totals were better.

    Attributes
    ----------
    forecaster, title : str
        A process without its spend model.
    quantity : {"purchases", "money"}
    horizon : str
        That of the tests.
    expected : float
        Total within the horizon after the end of the log; money is not discounted and before any margin.
    of_page : float
        The same by the model of the report.
    lowest, highest : float
        Relative errors of the forecaster's totals at the test dates.
    cutoffs : int
    """

    forecaster: str
    title: str
    quantity: ForecastQuantity
    horizon: str
    expected: float
    of_page: float
    lowest: float
    highest: float
    cutoffs: int

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain values."""
        return asdict(self)

    def finding(self, title: str, page: str) -> Finding:
        """Return the totals of both, to three digits, as a finding with the titles in the language of the page."""
        rounded = {name: float(f"{getattr(self, name):.3g}") for name in ("expected", "of_page")}
        return Finding("budget-forecast", self.to_dict() | rounded | {"title": title, "page": page})


def begin_budget(
    result: Backtest,
    models: Sequence[PurchaseModel],
    spend: SpendModel | None,
    fitted: CustomerModel,
    history: KnownHistory,
) -> Callable[[], BudgetForecast | None]:
    """Begin what the forecaster expects that the verdict recommends for totals; None if that is the fitted model.

    If forecasts were tested on a sample of the customers, the forecaster learns from as many, too: its total is that of
    the fitted model for all customers, times the ratio of the totals of both for the sample.

    Parameters
    ----------
    result : Backtest
    models, spend : models
        Those of the backtest.
    fitted : CustomerModel
        The model of the report, fitted to the history.
    history : KnownHistory
        The whole log.

    Returns
    -------
    function
        It waits for the result, of which a worker process may compute the most expensive part.
    """
    view = select(result)
    quantity: ForecastQuantity = "money" if "money" in view.quantities else "purchases"
    name = recommended_for(view, "bias", quantity)
    every = default_forecasters(models, spend, boosted_trees=True, money=spend is not None)
    named = (each for each in every if name is not None and _id(view, each, quantity) == name)
    if name is None or (forecaster := next(named, None)) is None:
        return lambda: None
    tested = _tested_customers(view, history)
    learned = begin_elsewhere(_learned_total, forecaster, tested, view.horizon, quantity)

    def finish() -> BudgetForecast | None:
        expected, of_page = learned(), _total(fitted, history, view.horizon, quantity)
        if tested is not history:
            expected *= of_page / _total(fitted, tested, view.horizon, quantity)
        errors = _errors(view, name, quantity)
        if not (math.isfinite(expected) and errors):
            return None
        return BudgetForecast(
            forecaster=name,
            title=view.titles[name],
            quantity=quantity,
            horizon=view.horizon,
            expected=expected,
            of_page=of_page,
            lowest=min(errors),
            highest=max(errors),
            cutoffs=len(errors),
        )

    return finish


def _learned_total(forecaster: Forecaster, history: KnownHistory, horizon: str, quantity: ForecastQuantity) -> float:
    """Return the total of a forecaster after fitting it; nan if it cannot be fitted. A worker process may do it."""
    try:
        return _total(forecaster.fit(history, horizon), history, horizon, quantity)
    except FitFailed:
        return math.nan


def recommended_for(view: Selection, metric: str, quantity: str) -> str | None:
    """Return the id of the forecaster that the verdict recommends for totals ("bias") or rankings ("gini")."""
    for finding in judge_use(view).findings:
        figures = finding.figures
        is_about = figures.get("metric") == metric and figures.get("quantity") in (quantity, "all")
        if finding.code == "verdict-recommend" and is_about:
            return str(figures["forecaster"])
    return None


def _tested_customers(view: Selection, history: KnownHistory) -> KnownHistory:
    """Return the history of a sample of as many customers as forecasts were tested on; of all if these were."""
    if not view.sample["sampled"]:
        return history
    log, seed = history.purchase_log, int(view.facts["random_state"])
    sample = sample_customers(log, history.cutoff, view.sample["sample"], seed)
    return replace(history, log=sample.take(log), memory={})


def _id(view: Selection, forecaster: Forecaster, quantity: ForecastQuantity) -> str | None:
    identity = forecaster.identity(quantity)
    return None if identity is None else view.purchase_forecaster(identity.id)


def _total(forecaster: Forecaster, history: KnownHistory, horizon: str, quantity: str) -> float:
    forecast = forecaster.forecast(history, horizon)
    of_quantity = forecast.money if quantity == "money" else forecast.purchases
    return math.nan if of_quantity is None else float(of_quantity.total)


def _errors(view: Selection, name: str, quantity: str) -> list[float]:
    """Return the relative errors of the totals of a forecaster at the test dates."""
    table = view.result.scores
    rows = table[(table["quantity"] == quantity) & (table["horizon"] == view.horizon)]
    is_it = [view.purchase_forecaster(str(each)) == name for each in rows["forecaster"]]
    return [float(bias) for bias in rows.loc[is_it, "bias"] if math.isfinite(bias)]
