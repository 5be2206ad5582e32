"""Models fitted on one calibration period, and what they expect of its customers."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import clone

from clvmodels.errors import FitFailed, InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.regular import RegularModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import ForecasterIdentity
from clvmodels.frames import column
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = ["Expected", "FittedModels", "check_models", "fit_all", "model_id"]

NO_VARIANT = ("prior", "smallest_group", "k")  # options that do not make a model another forecaster


@dataclass(frozen=True, slots=True)
class FittedModels:
    """Fitted copies of the models passed, by id.

    Attributes
    ----------
    purchases : dict of str to PurchaseModel
    spend : SpendModel or None
    titles : dict of str to str
        Title of each model before it was fitted, which is the same at every cutoff; also of the spend model.
    failures : tuple of Finding
        Models that could not be fitted, and why.
    """

    purchases: dict[str, PurchaseModel]
    spend: SpendModel | None
    titles: dict[str, str] = field(default_factory=dict)
    failures: Findings = ()

    @property
    def spend_id(self) -> str | None:
        """The id of the spend model."""
        return None if self.spend is None else model_id(self.spend)

    def expected(self, rfm: RFM, horizon: float) -> Expected:
        """Return what each process expects of each customer."""
        purchases = {
            name: column(model.expected_purchases(rfm, horizon), "expected_purchases")
            for name, model in self.purchases.items()
        }
        if self.spend is None:
            return Expected(purchases, {})
        spend = column(self.spend.expected_spend(rfm), "expected_spend")
        return Expected(purchases, {name: bought * spend for name, bought in purchases.items()})

    def forecaster(self, process: str, quantity: str) -> ForecasterIdentity:
        """Return the forecaster of a quantity that is made of a process and, for money, the spend model."""
        title, spend = self.titles[process], self.spend_id
        if quantity == "purchases" or spend is None:
            return ForecasterIdentity(process, title, "process", process)
        return ForecasterIdentity(f"{process}+{spend}", f"{title} x {self.titles[spend]}", "process", process, spend)


@dataclass(frozen=True, slots=True)
class Expected:
    """Expected purchases and money of each customer (n,), by id of the process; no money without a spend model."""

    purchases: dict[str, Array]
    money: dict[str, Array]

    def of(self, quantity: str) -> dict[str, Array]:
        """Return the expected "purchases" or "money" by id of the process."""
        return self.purchases if quantity == "purchases" else self.money


def model_id(model: PurchaseModel | SpendModel) -> str:
    """Return the id of a model: the name of its process, with the options that make it another forecaster.

    Examples
    --------
    >>> import clvmodels as clv
    >>> model_id(clv.BGNBD()), model_id(clv.BGCNBD()), model_id(clv.BGCNBD(k=2)), model_id(clv.NBD(by="channel"))
    ('bgnbd', 'bgcnbd_k', 'bgcnbd_2', 'nbd(by=channel)')
    """
    options = ", ".join(f"{name}={_plain(value)}" for name, value in _variant(model).items())
    return f"{_process_name(model)}({options})" if options else _process_name(model)


def _process_name(model: PurchaseModel | SpendModel) -> str:
    if isinstance(model, RegularModel) and model.k is None:
        return f"{'m' if model.leave_at_once else ''}bgcnbd_k"
    return model.plain.name


def _variant(model: PurchaseModel | SpendModel) -> dict[str, Any]:
    """Return the options that differ from their defaults, apart from those that only guide the fit."""
    defaults = {name: each.default for name, each in inspect.signature(type(model)).parameters.items()}
    options = model.get_params(deep=False)
    return {
        name: options[name]
        for name, default in defaults.items()
        if name in options and name not in NO_VARIANT and _plain(options[name]) != _plain(default)
    }


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "+".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def check_models(models: Sequence[PurchaseModel] | PurchaseModel, caller: str) -> list[PurchaseModel]:
    """Return the models as a list: at least one, and no two of the same kind.

    Raises
    ------
    InvalidOption
    """
    several = [models] if isinstance(models, PurchaseModel) else list(models)
    if not several:
        raise InvalidOption(f"{caller} needs at least one model, such as models=[BGNBD()].")
    ids = [model_id(model) for model in several]
    if len(set(ids)) < len(ids):
        titles = ", ".join(model.title for model in several)
        raise InvalidOption(f"Each kind of model can appear only once in models; these were passed: {titles}.")
    return several


def fit_all(
    models: Sequence[PurchaseModel], spend: SpendModel | None, rfm: RFM, *, strict: bool = True
) -> FittedModels:
    """Fit copies of the models; the ones passed stay as they are.

    Parameters
    ----------
    strict : bool
        Whether a fit that fails is an error; otherwise it is left out and listed among the failures.
    """
    fitted, titles, failures = {}, {}, []
    for model in models:
        copy = clone(model)
        titles[model_id(copy)] = copy.title
        try:
            fitted[model_id(copy)] = copy.fit(rfm)
        except FitFailed as failure:
            if strict:
                raise
            figures = {"forecaster": model_id(copy), "title": copy.title, "error": str(failure)}
            failures.append(Finding("backtest-fit-failed", figures, "problem"))
    spend_fitted: SpendModel | None = None
    if spend is not None:
        copy_of_spend = clone(spend)
        titles[model_id(copy_of_spend)] = copy_of_spend.title
        spend_fitted = copy_of_spend.fit(rfm)
    return FittedModels(fitted, spend_fitted, titles, tuple(failures))
