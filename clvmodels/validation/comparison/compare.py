"""Several models on the same data: one table of their fits and, given a holdout period, of their forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from clvmodels import files, html
from clvmodels.errors import ClockMismatch, FitFailed, InvalidOption
from clvmodels.estimators.fitted_purchases import data_fingerprint
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.processes import model_id, refuse_other_model
from clvmodels.frames import column
from clvmodels.language import Finding, Findings, as_text
from clvmodels.language.numbers import cells
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout
from clvmodels.transactions.summary import RFM
from clvmodels.validation.comparison.findings import forecast_findings, likelihood_findings, name_of
from clvmodels.validation.comparison.population import population_findings
from clvmodels.validation.tables.distributions import probabilities_of_actual
from clvmodels.validation.tables.metrics import HEADLINE, log_score
from clvmodels.validation.tables.tracking import score_table

__all__ = ["Comparison", "compare"]

FORMATS = {
    "parameters": ".0f",
    "log_likelihood": ",.2f",
    "aic": ",.2f",
    "bic": ",.2f",
    "log_score": ".4f",
    "bias": "+.1%",
    "rmse": ",.3f",
    "gini": ".3f",
    "money_bias": "+.1%",
    "money_rmse": ",.2f",
    "money_gini": ".3f",
    "seconds": ".2f",
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison:
    """Models on the same data, best first.

    Attributes
    ----------
    table : DataFrame
        One row per model: forecaster (its id), title, status (or "failed"), message, parameters (that were estimated),
        log_likelihood, aic, bic, delta_bic (above the lowest), seconds (missing for models passed fitted). With a
        holdout period also log_score, predicted and the other scores of its purchases; with spend the same for its
        money, as money_predicted and so on.
    findings : tuple of Finding
        What the data support; `text` returns them as sentences.
    models : tuple of PurchaseModel
        Fitted, in the order of the table, without models whose fit failed.
    facts : dict
        Facts about the data: customers, clock, observation_end, data_fingerprint and, with a holdout period,
        holdout_end.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> comparison = clv.compare(rfm, [clv.BGNBD(), clv.NBD()])
    >>> for finding in comparison.findings:
    ...     print(finding.text)
    Customers drop out: NBD, a model without dropout, fits far worse (BIC 347 higher).
    """

    table: pd.DataFrame
    findings: Findings
    models: tuple[PurchaseModel, ...]
    facts: dict[str, Any]

    @property
    def text(self) -> str:
        """Return the findings as sentences."""
        return as_text(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, missing numbers as None; without the seconds, which differ from run to run."""
        rows = self.table.drop(columns="seconds").to_dict("records")
        findings = [finding.to_dict() for finding in self.findings]
        document = {"facts": self.facts, "text": self.text, "findings": findings, "table": rows}
        return {name: files.plain(value) for name, value in document.items()}

    def to_json(self, path: str | Path) -> None:
        """Write the table, the findings and the facts as JSON, completely or not at all."""
        files.write_json(Path(path), self.to_dict())

    def shown(self) -> pd.DataFrame:
        """Return the main columns as text; models that became the same at a limit are one row."""
        table = self._merged()
        columns = {name: cells(table[name], form) for name, form in FORMATS.items() if name in table}
        return table[["title", "status"]].rename(columns={"title": "model"}).assign(**columns)

    def _merged(self) -> pd.DataFrame:
        """Return the table with one row for models that are the same, under all their titles."""
        table = self.table
        for finding in self.findings:
            if finding.code == "compare-same-model":
                same = table["forecaster"].isin(finding.figures["forecasters"])
                titles = table["title"].mask(same, " = ".join(table.loc[same, "title"]))
                table = table.assign(title=titles)[~same | (same.cumsum() == 1)]
        return table

    def remarks(self) -> list[str]:
        """Return the reasons of failed fits, and the limits at which fits ended."""
        rows = self.table[self.table["status"] != "converged"]
        lines = [f"{row['title']}: {row['message']}" for row in rows.to_dict("records")]
        return list(dict.fromkeys(lines))

    def __repr__(self) -> str:
        return "\n".join([self.shown().to_string(index=False), *self.remarks(), self.text])

    def _repr_html_(self) -> str:
        return html.block(self.text, "", html.table(self.shown().to_dict("list")), html.items(self.remarks()))


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """A model after its fit, or the reason of its failure; probabilities (n,) of what happened in a holdout period.

    Trials are sorted by `rank`, lowest first.
    """

    model: PurchaseModel
    failure: str | None
    seconds: float
    chances: Array | None

    @property
    def rank(self) -> float:
        if self.failure is not None:
            return np.inf
        return self.model.fit_.bic if self.chances is None else -log_score(self.chances)


def compare(
    data: RFM | Holdout, models: Sequence[PurchaseModel] | PurchaseModel, spend: SpendModel | None = None
) -> Comparison:
    """Fit models to the same data, and compare them in one table and a few findings.

    The best model is first: by BIC or, with a holdout period, by the mean logarithm of the probability of what each
    customer did. This score evaluates whole distributions and is strictly proper. (RMSE evaluates only their means, and
    Gini only the order of the means.)

    Parameters
    ----------
    data : RFM or Holdout
        From `rfm_summary`, or from `holdout_split`: models are then fitted to its calibration period.
    models : PurchaseModel or sequence of them
        Unfitted ones are copied and fitted; fitted ones are used as they are. A fit that fails becomes a row with the
        reason.
    spend : SpendModel, optional
        With a holdout period: money is then scored too, as by `validate`.

    Returns
    -------
    Comparison

    Raises
    ------
    InvalidOption
        Without a model; for one that was fitted to other data.
    ClockMismatch
        For a model fitted with another clock; for a discrete process with an RFM in continuous time, or the reverse.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> comparison = clv.compare(rfm, [clv.BGNBD(), clv.MBGNBD(), clv.NBD()])
    >>> print(comparison.table[["forecaster", "bic"]].round(1).to_string(index=False))
    forecaster     bic
        mbgnbd 19195.3
         bgnbd 19195.9
           nbd 19542.8
    """
    split = data.without_engine if isinstance(data, Holdout) else None
    rfm = split.calibration if split is not None else data
    if not isinstance(rfm, RFM):
        raise InvalidOption(f"Models cannot be compared on a {type(data).__name__}: pass an RFM, or a holdout_split.")
    several = [models] if isinstance(models, PurchaseModel) else list(models)
    _check(rfm, several)
    if spend is not None and (split is None or split.spend is None):
        raise InvalidOption("Spend is scored on a holdout period with money: pass holdout_split(..., amount=...).")
    expected_spend = None if spend is None else _expected_spend(spend, rfm)
    trials = sorted((_try_model(model, rfm, split) for model in several), key=lambda trial: trial.rank)
    table = _fits(trials)
    if split is not None:
        table = pd.concat([table, _forecasts(trials, split, expected_spend)], axis=1)
    facts = {
        "customers": len(rfm),
        "clock": rfm.clock.to_dict(),
        "observation_end": rfm.observation_end,
        "data_fingerprint": data_fingerprint(rfm),
    }
    return Comparison(
        table=table,
        findings=_findings(trials, table, rfm),
        models=tuple(trial.model for trial in trials if trial.failure is None),
        facts=facts if split is None else facts | {"holdout_end": split.holdout_end},
    )


def _check(rfm: RFM, models: Sequence[PurchaseModel]) -> None:
    """Raise an error for models whose likelihoods are not those of these data."""
    if not models:
        raise InvalidOption("compare needs at least one model, such as models=[BGNBD(), NBD()].")
    for model in models:
        refuse_other_model(model)
        if model.__sklearn_is_fitted__():
            _check_fitted_to(model, rfm)


def _check_fitted_to(model: PurchaseModel, rfm: RFM) -> None:
    title, fresh = model.title, f"pass {type(model).__name__}() unfitted to fit it to these"
    if model.clock_ != rfm.clock:
        raise ClockMismatch(
            f"{title} was fitted in {model.clock_}; these data are in {rfm.clock}: likelihoods with different clocks "
            f"cannot be compared; {fresh}."
        )
    if model.data_fingerprint_ is None:
        raise InvalidOption(
            f"{title} was saved without a fingerprint of its data, which may differ from these: {fresh}."
        )
    if model.data_fingerprint_ != data_fingerprint(rfm):
        raise InvalidOption(
            f"{title} was fitted to other data ({model.fit_.customers:,} customers, observed to "
            f"{model.observation_end_}) than these ({len(rfm):,}, to {rfm.observation_end}): {fresh}."
        )


def _try_model(model: PurchaseModel, rfm: RFM, split: Holdout | None) -> _Trial:
    """Return the model itself if it is fitted, otherwise a fitted copy, with probabilities in a holdout period."""
    seconds = np.nan
    if not model.__sklearn_is_fitted__():
        model, started = clone(model), perf_counter()
        try:
            model.fit(rfm)
        except FitFailed as failure:
            return _Trial(model, str(failure), perf_counter() - started, None)
        seconds = perf_counter() - started
    return _Trial(model, None, seconds, None if split is None else probabilities_of_actual(model, split))


def _expected_spend(spend: SpendModel, rfm: RFM) -> Array:
    """Return the expected spend per purchase of each customer, (n,)."""
    return column(clone(spend).fit(rfm).expected_spend(rfm), "expected_spend")


def _fits(trials: Sequence[_Trial]) -> pd.DataFrame:
    """Return one row per model: status, likelihood, AIC, BIC, seconds."""
    fitted = [trial.model for trial in trials if trial.failure is None]
    least = min((model.fit_.bic for model in fitted), default=np.nan)
    rows = []
    for trial in trials:
        model = trial.model
        if trial.failure is None:
            fit = model.fit_
            row = {
                "forecaster": model_id(model),
                "title": model.title,
                "status": fit.status,
                "message": fit.message,
                "parameters": int(np.sum(fit.free)) + fit.chosen,
                "log_likelihood": fit.log_likelihood,
                "aic": fit.aic,
                "bic": fit.bic,
                "delta_bic": fit.bic - least,
            }
        else:
            row = {
                "forecaster": model_id(model),
                "title": model.title,
                "status": "failed",
                "message": trial.failure,
                "parameters": len(model.process.parametrization.names),
                **dict.fromkeys(("log_likelihood", "aic", "bic", "delta_bic"), np.nan),
            }
        rows.append(row | {"seconds": trial.seconds})
    return pd.DataFrame(rows)


def _forecasts(trials: Sequence[_Trial], split: Holdout, spend: Array | None) -> pd.DataFrame:
    """Return scores of the forecasts, in the order of the trials; missing if a fit failed."""
    forecasts = {
        place: column(trial.model.expected_purchases(split.calibration, split.horizon), "expected_purchases")
        for place, trial in enumerate(trials)
        if trial.failure is None
    }
    scores = [trial.chances for trial in trials]
    table = pd.DataFrame({"log_score": [np.nan if each is None else log_score(each) for each in scores]})
    table = table.join(_scored(split.purchases.astype(float), forecasts))
    if spend is not None and split.spend is not None:
        money = {place: bought * spend for place, bought in forecasts.items()}
        table = table.join(_scored(split.spend, money).add_prefix("money_"))
    return table


def _scored(actual: Array, forecasts: dict[int, Array]) -> pd.DataFrame:
    """Return the scores of `validate` by position among the trials."""
    names = ["predicted", *HEADLINE]
    if not forecasts:
        return pd.DataFrame(columns=names, dtype=float)
    scores = score_table(actual, {str(place): expected for place, expected in forecasts.items()}, "")
    return scores[names].set_index(pd.Index(list(forecasts)))


def _findings(trials: Sequence[_Trial], table: pd.DataFrame, rfm: RFM) -> Findings:
    models = [trial.model for trial in trials if trial.failure is None]
    if not models:
        return (Finding("compare-none-fitted", severity="problem"),)
    findings = likelihood_findings(models) + population_findings(models, rfm)
    chances = [trial.chances for trial in trials if trial.chances is not None]
    if chances:
        findings += forecast_findings(models, chances, float(table["bias"].iloc[0]))
    alone = Finding("compare-alone", {"forecaster": model_id(models[0]), "title": name_of(models[0])})
    return findings or (alone,)
