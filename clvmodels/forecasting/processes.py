"""Fit models to a history, each only once for all forecasters, and compute their expectations of its customers."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sklearn.base import clone

from clvmodels.errors import FitFailed, InvalidOption
from clvmodels.estimators.persistence import from_document, process_name, to_document
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import KnownHistory
from clvmodels.frames import column
from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads

__all__ = [
    "AnyModel",
    "as_models",
    "check_models",
    "expected_purchases",
    "expected_spend",
    "fit_key",
    "fit_to_history",
    "fitted_copies",
    "fitted_copy",
    "model_id",
    "models_from_dict",
    "models_key",
    "models_to_dict",
    "refuse_other_model",
]

AnyModel = TypeVar("AnyModel", bound=PurchaseModel | SpendModel)
NO_VARIANT = ("prior", "smallest_group", "k")  # options that do not make a model a different forecaster


def fit_to_history(model: PurchaseModel | SpendModel, history: KnownHistory) -> None:
    """Fit a model to a history, or copy an equal model that was fitted to it before."""
    state = history.remember(("fit", *models_key([model])), lambda: dict(vars(clone(model).fit(history.rfm))))
    model.__dict__.update(state)


def fitted_copy(model: AnyModel, history: KnownHistory) -> AnyModel:
    """Return a copy of a model fitted to a history."""
    copy: AnyModel = clone(model)
    fit_to_history(copy, history)
    return copy


def fitted_copies(models: Sequence[PurchaseModel], history: KnownHistory) -> dict[str, PurchaseModel]:
    """Return copies of the models fitted to a history, by id; models that cannot be fitted are left out.

    Raises
    ------
    FitFailed
        If none can be fitted.
    """

    def fit(model: PurchaseModel) -> PurchaseModel | FitFailed:
        try:
            return fitted_copy(model, history)
        except FitFailed as error:
            return error

    _ = history.rfm  # computed once, before threads need it
    results = in_threads(fit, models)
    fitted = {model_id(each): each for each in results if not isinstance(each, FitFailed)}
    failures = [each for each in results if isinstance(each, FitFailed)]
    if failures and not fitted:
        raise failures[-1]
    return fitted


def expected_purchases(model: PurchaseModel, history: KnownHistory, horizon: float) -> Array:
    """Return the purchases that a fitted model expects of each customer within a horizon, (n,)."""

    def expect() -> Array:
        return column(model.expected_purchases(history.rfm, horizon), "expected_purchases")

    return history.remember(("purchases", *fit_key(model), horizon), expect)


def expected_spend(model: SpendModel, history: KnownHistory) -> Array:
    """Return the spend per purchase that a fitted model expects of each customer, (n,)."""

    def expect() -> Array:
        return column(model.expected_spend(history.rfm), "expected_spend")

    return history.remember(("spend", *fit_key(model)), expect)


def models_key(models: Sequence[PurchaseModel | SpendModel]) -> tuple[Hashable, ...]:
    """Return a key that is equal for two lists of models only if they have the same classes and options."""
    return tuple((type(model).__name__, repr(sorted(model.get_params(deep=False).items()))) for model in models)


def fit_key(model: PurchaseModel | SpendModel) -> tuple[Hashable, ...]:
    """Return a key that is equal for two fitted models only if they make the same forecasts."""
    return (*models_key([model]), *model.fit_.parameters.values())


def model_id(model: PurchaseModel | SpendModel) -> str:
    """Return the id of a model: the name of its process, with the options that change its forecasts.

    Examples
    --------
    >>> import clvmodels as clv
    >>> model_id(clv.BGNBD()), model_id(clv.BGCNBD()), model_id(clv.BGCNBD(k=2)), model_id(clv.NBD(by="channel"))
    ('bgnbd', 'bgcnbd_k', 'bgcnbd_2', 'nbd(by=channel)')
    """
    options = ", ".join(f"{name}={_plain(value)}" for name, value in _variant(model).items())
    return f"{process_name(model)}({options})" if options else process_name(model)


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


def as_models(models: Sequence[PurchaseModel] | PurchaseModel) -> list[PurchaseModel]:
    """Return one model or several as a list."""
    return [models] if isinstance(models, (PurchaseModel, str)) else list(models)  # a text is refused as a whole


def check_models(models: Sequence[PurchaseModel] | PurchaseModel, caller: str) -> list[PurchaseModel]:
    """Return the models as a list: at least one, and no two of the same kind.

    Raises
    ------
    InvalidOption
    """
    several = as_models(models)
    for model in several:
        refuse_other_model(model)
    if not several:
        raise InvalidOption(f"{caller} needs at least one model, such as models=[BGNBD()].")
    ids = [model_id(model) for model in several]
    if len(set(ids)) < len(ids):
        titles = ", ".join(model.title for model in several)
        raise InvalidOption(f"Each kind of model can appear only once in models; these were passed: {titles}.")
    return several


def refuse_other_model(model: object) -> None:
    """Raise InvalidOption for anything but a purchase model."""
    if isinstance(model, PurchaseModel):
        return
    if type(model).__name__ == "TimeVaryingModel":
        raise InvalidOption(
            "A TimeVaryingModel needs covariates over time, which backtests, comparisons, jobs and engines do not "
            "read. Test it on a split of your own, with expected_purchases(history, ...), or pass the same process "
            "without them, such as ParetoNBD()."
        )
    raise InvalidOption(f"{model!r} is not a purchase model: pass instances, such as BGNBD().")


def models_to_dict(models: Mapping[str, PurchaseModel], spend: SpendModel | None) -> dict[str, Any]:
    """Return fitted purchase models, by id, and the spend model they share as plain values."""
    return {name: to_document(model, spend) for name, model in models.items()}


def models_from_dict(document: Mapping[str, Any]) -> tuple[dict[str, PurchaseModel], SpendModel | None]:
    """Return the models that `models_to_dict` wrote."""
    models: dict[str, PurchaseModel] = {}
    spend: SpendModel | None = None
    for name, each in document.items():
        models[name], spend = from_document(each, Path(f"model {name}"))
    return models, spend
