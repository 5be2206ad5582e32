"""How the same models would have predicted a period they never saw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from clvmodels import files
from clvmodels.errors import InvalidOption
from clvmodels.estimators.base import FittedProcess
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.transactions.holdout import Holdout
from clvmodels.validation.rivals import RIVALS
from clvmodels.validation.tables import calibration_by_frequency, column, plain, score_table, tracking_table

__all__ = ["Validation", "validate"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Validation:
    """Tables of how forecasts made at the cut compare with the holdout period.

    Attributes
    ----------
    scores : DataFrame
        A row a quantity (purchases, money) and forecast, models first, then rivals: customers, predicted, actual,
        bias, mae, rmse, spearman, gini.
    by_frequency : DataFrame
        frequency, customers, actual, forecast, expected: mean holdout purchases by calibration frequency.
    tracking : DataFrame
        Repeat purchases week by week; see `tables.tracking_table`.
    parameters : DataFrame
        model, parameter, estimate, standard_error, lower, upper, unit.
    certificates : list of dict
        What each fit can vouch for.
    facts : dict
        Of the data: customers, periods, unit, customers first seen later.
    """

    scores: pd.DataFrame
    by_frequency: pd.DataFrame
    tracking: pd.DataFrame
    parameters: pd.DataFrame
    certificates: list[dict[str, Any]]
    facts: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, missing numbers as None."""
        tables = {
            name: plain(getattr(self, name).to_dict("records"))
            for name in ("scores", "by_frequency", "tracking", "parameters")
        }
        return {"facts": plain(self.facts), "certificates": plain(self.certificates), **tables}

    def to_json(self, path: str | Path) -> None:
        """Write the tables as JSON, whole or not at all."""
        with files.replacing(Path(path)) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n", encoding="utf-8")

    def __repr__(self) -> str:
        return f"Validation: {self._told()}\n{_shown(self.scores).to_string(index=False)}"

    def _repr_html_(self) -> str:
        return f"<div><b>Validation</b>: {self._told()}</div>" + _shown(self.scores).to_html(index=False)

    def _told(self) -> str:
        f = self.facts
        return (
            f"{f['customers']:,} customers known at {f['calibration_end']}, followed to {f['holdout_end']} "
            f"({f['horizon']:.4g} {f['time_unit']}s)"
        )


def validate(
    split: Holdout, models: Sequence[PurchaseModel] | PurchaseModel, spend: SpendModel | None = None
) -> Validation:
    """Fit on the calibration period, predict the holdout period, compare with what happened and with rivals.

    Parameters
    ----------
    split : Holdout
        From `holdout_split`. Nothing after its cut reaches a fit.
    models : PurchaseModel or sequence of them
        Fitted afresh on the calibration period; the ones passed stay as they are.
    spend : SpendModel, optional
        Fitted likewise; money is then scored too: expected purchases times expected spend, undiscounted.

    Returns
    -------
    Validation

    Raises
    ------
    InvalidOption
        Without a model, with two of one kind, or for money the log does not have.
    """
    fitted = _fit(split, [models] if isinstance(models, PurchaseModel) else models)
    forecasts = {
        name: column(model.expected_purchases(split.calibration, split.horizon), "expected_purchases")
        for name, model in fitted.items()
    }
    estimators: list[FittedProcess] = list(fitted.values())
    rivals = {name: rival(split, False) for name, rival in RIVALS.items()}
    scores = [score_table(split.purchases.astype(float), forecasts | rivals, "purchases")]
    if spend is not None:
        if split.spend is None:
            raise InvalidOption("The log was split without money: pass amount= to holdout_split, or leave spend out.")
        spender: SpendModel = clone(spend).fit(split.calibration)
        estimators.append(spender)
        each = column(spender.expected_spend(split.calibration), "expected_spend")
        money = {f"{name} x {spender.title}": bought * each for name, bought in forecasts.items()}
        scores.append(score_table(split.spend, money | {n: rival(split, True) for n, rival in RIVALS.items()}, "money"))
    parameters = [e.summary().reset_index().assign(model=e.title) for e in estimators]
    return Validation(
        scores=pd.concat(scores, ignore_index=True),
        by_frequency=calibration_by_frequency(split, forecasts),
        tracking=tracking_table(split, fitted),
        parameters=pd.concat(parameters, ignore_index=True),
        certificates=[estimator.certificate() for estimator in estimators],
        facts=_facts(split),
    )


def _fit(split: Holdout, models: Sequence[PurchaseModel]) -> dict[str, PurchaseModel]:
    if not models:
        raise InvalidOption("validate needs at least one model, such as models=[BGNBD()].")
    titles = [model.title for model in models]
    if len(set(titles)) < len(titles):
        raise InvalidOption(f"Each kind of model can stand once in models; these were passed: {', '.join(titles)}.")
    fitted = [clone(model).fit(split.calibration) for model in models]
    return {model.title: model for model in fitted}


def _facts(split: Holdout) -> dict[str, Any]:
    rfm = split.calibration
    return {
        "customers": len(rfm),
        "repeat_purchases": int(rfm.frequency.sum()),
        "bought_once": float(np.mean(rfm.frequency == 0)),
        "calibration_start": split.clock.describe_start(int(split.activity[0][0])),
        "calibration_end": split.calibration_end,
        "holdout_end": split.holdout_end,
        "horizon": split.horizon,
        "time_unit": split.clock.time_unit,
        "clock": str(split.clock),
        "holdout_purchases": int(split.purchases.sum()),
        "holdout_spend": None if split.spend is None else float(split.spend.sum()),
        "bought_again": float(np.mean(split.purchases > 0)),
        "new_customers": split.new_customers,
        "new_purchases": split.new_purchases,
        "new_spend": split.new_spend,
        "rows_after_end": split.rows_after_end,
        "rows_without_id": rfm.rows_without_id,
    }


def _shown(scores: pd.DataFrame) -> pd.DataFrame:
    """The score table as text: totals whole, the bias in percent, the rest to three decimals."""
    forms = {"predicted": "{:,.0f}", "actual": "{:,.0f}", "bias": "{:+.1%}"}
    numbers = ("predicted", "actual", "bias", "mae", "rmse", "spearman", "gini")
    told = {
        name: ["–" if value != value else forms.get(name, "{:,.3f}").format(value) for value in scores[name]]
        for name in numbers
    }
    return scores.assign(**told)
