"""Models fitted on one calibration period, and what they expect of its customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.base import clone

from clvmodels.errors import FitFailed, InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.frames import column
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = ["Expected", "FittedModels", "check_models", "fit_all"]


@dataclass(frozen=True, slots=True)
class FittedModels:
    """Fitted copies of the models passed, by title.

    Attributes
    ----------
    purchases : dict of str to PurchaseModel
    spend : SpendModel or None
    failures : sequence of str
        What could not be fitted and why, in sentences.
    """

    purchases: dict[str, PurchaseModel]
    spend: SpendModel | None
    failures: tuple[str, ...] = ()

    def expected(self, rfm: RFM, horizon: float) -> Expected:
        """What each process expects of each customer."""
        bought = {
            title: column(model.expected_purchases(rfm, horizon), "expected_purchases")
            for title, model in self.purchases.items()
        }
        each = None if self.spend is None else column(self.spend.expected_spend(rfm), "expected_spend")
        return Expected(bought, {} if each is None else {title: told * each for title, told in bought.items()})

    def money_title(self, title: str) -> str:
        """What the money forecast by a process is called."""
        return title if self.spend is None else f"{title} x {self.spend.title}"


@dataclass(frozen=True, slots=True)
class Expected:
    """Expected purchases and money of each customer (n,), by title of the process; no money without a spend model."""

    purchases: dict[str, Array]
    money: dict[str, Array]

    def of(self, quantity: str) -> dict[str, Array]:
        return self.purchases if quantity == "purchases" else self.money


def check_models(models: Sequence[PurchaseModel] | PurchaseModel, what: str) -> list[PurchaseModel]:
    """The models as a list: some, and no two of one title.

    Raises
    ------
    InvalidOption
    """
    given = [models] if isinstance(models, PurchaseModel) else list(models)
    if not given:
        raise InvalidOption(f"{what} needs at least one model, such as models=[BGNBD()].")
    titles = [model.title for model in given]
    if len(set(titles)) < len(titles):
        raise InvalidOption(f"Each kind of model can stand once in models; these were passed: {', '.join(titles)}.")
    return given


def fit_all(
    models: Sequence[PurchaseModel], spend: SpendModel | None, rfm: RFM, *, strict: bool = True
) -> FittedModels:
    """Fit copies of the models; the ones passed stay as they are.

    Parameters
    ----------
    strict : bool
        Whether a fit that fails is an error; or else it is left out and told among the failures.
    """
    fitted, failures = {}, []
    for model in models:
        try:
            fitted[model.title] = clone(model).fit(rfm)
        except FitFailed as failure:
            if strict:
                raise
            failures.append(f"{model.title} could not be fitted: {failure}")
    spender: SpendModel | None = None
    if spend is not None:
        spender = clone(spend).fit(rfm)
    return FittedModels(fitted, spender, tuple(failures))
