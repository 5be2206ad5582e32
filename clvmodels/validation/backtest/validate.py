"""Validation: forecasts of a period that models were not fitted to, against what happened."""

from __future__ import annotations

from collections.abc import Sequence

from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import TotalIntervalName, check_total_interval
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.processes import check_models
from clvmodels.forecasting.windows import best_process
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.transactions.holdout import Holdout
from clvmodels.validation.backtest.combine import add_fit_tables, combine_cutoffs, evaluate_cutoff
from clvmodels.validation.backtest.evaluate import CutoffCase
from clvmodels.validation.backtest.forecasters import default_forecasters
from clvmodels.validation.backtest.result import Validation
from clvmodels.validation.tables.distributions import Settings

__all__ = ["Validation", "validate"]


def validate(
    split: Holdout,
    models: Sequence[PurchaseModel] | PurchaseModel,
    spend: SpendModel | None = None,
    *,
    total_interval: TotalIntervalName = "history",
    random_state: RandomState = 0,
) -> Validation:
    """Fit on the calibration period, predict the holdout period, and compare with what happened and with simple rules.

    This is a backtest with one cutoff, and with the rules that need only a Holdout. Rules that look back into the log,
    and boosted trees, take part in `backtest` only.

    Parameters
    ----------
    split : Holdout
        From `holdout_split`. Fits use nothing after its cutoff.
    models : PurchaseModel or sequence of them
        Fitted again on the calibration period; the ones passed stay as they are.
    spend : SpendModel, optional
        Fitted in the same way; money is then scored too: expected purchases times expected spend, not discounted.
    total_interval : {"history", "model"}, default="history"
        "history": intervals of totals allow for changing conditions, learned from errors of totals in other shops;
        a Holdout has no earlier windows. "model": for chance and parameters only.
    random_state : int or Generator
        Used to draw outcomes of customers.

    Returns
    -------
    Validation

    Raises
    ------
    InvalidOption
        Without a model, with two models of one kind, or for money that the log does not have.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> split = clv.holdout_split(log, amount="amount", time_unit="week", calibration_end="1997-09-30")
    >>> check = clv.validate(split, models=[clv.NBD()])
    >>> check.scores[["forecaster", "rmse"]].head(2).round(2).values.tolist()
    [['nbd', 1.86], ['zero', 2.21]]
    """
    settings = Settings(seed=seed_of(random_state), total_interval=check_total_interval(total_interval))
    several = check_models(models, "validate")
    if spend is not None and split.spend is None:
        raise InvalidOption("The log was split without money: pass amount= to holdout_split, or leave spend out.")
    split = split.without_engine
    history = KnownHistory.from_summaries(split.calibration, split.past_spend)
    candidates = default_forecasters(several, spend, boosted_trees=False, money=split.spend is not None)
    fitted = [
        forecaster.fit(history)
        for forecaster in candidates
        if isinstance(forecaster, CustomerModel) or not history.missing(forecaster.needs)
    ]
    case = CutoffCase(split, history, fitted, settings)
    horizon = f"{split.horizon:.4g} {split.clock.time_unit}{'' if split.horizon == 1 else 's'}"
    reference = best_process([], case.models)
    result = evaluate_cutoff(case, horizon, reference)
    return Validation(**combine_cutoffs([add_fit_tables(result, case, horizon, halves_by=reference)], settings))
