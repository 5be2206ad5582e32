"""A second opinion on a fitted model, from the installed lifetimes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clvmodels import files, html
from clvmodels.errors import InvalidOption
from clvmodels.estimators.customer_model import CustomerModel
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.inference.statistics import CountedRows
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.processes.catalog import PURCHASE_PROCESSES, SPEND_PROCESSES
from clvmodels.processes.contract import Array, Process
from clvmodels.transactions.summary import RFM
from clvmodels.validation.crosscheck.agreement import AgreementVerdict, CrosscheckInputs, Right, judge
from clvmodels.validation.crosscheck.lifetimes_process import FITTERS, ask

__all__ = ["Crosscheck", "crosscheck"]

Model = PurchaseModel | SpendModel
LIKELIHOODS = ("ours", "lifetimes")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Crosscheck:
    """What lifetimes makes of the same customers.

    Attributes
    ----------
    agrees : bool
        For every model checked.
    words : str
        A sentence a model: whether they agree and, if not, which is right and how that is known.
    verdicts : DataFrame
        model, agrees, right ("both", "ours", "lifetimes", "each in part" or "undecided"), words.
    parameters : DataFrame
        model, parameter, ours, lifetimes (NaN where its fit failed), difference (relative to ours).
    log_likelihoods : DataFrame
        model, likelihood (whose function: "ours", "lifetimes"), at_ours, at_lifetimes (whose parameters).
    predictions : DataFrame
        A row a customer of the sample and quantity: model, quantity, customer_id, the customer's statistics, ours,
        lifetimes_at_ours (its function at our parameters), difference (of these two), lifetimes (at its own).
    facts : dict
        lifetimes' version, customers, horizon and time unit; by model, the distinct histories and customers checked.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> check = clv.crosscheck(clv.BGNBD().fit(rfm), rfm)
    >>> check.log_likelihoods["at_ours"].round(2).to_list()
    [-9582.43, -9582.43]
    """

    agrees: bool
    words: str
    verdicts: pd.DataFrame
    parameters: pd.DataFrame
    log_likelihoods: pd.DataFrame
    predictions: pd.DataFrame
    facts: dict[str, Any]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name."""
        return {name: getattr(self, name) for name in ("verdicts", "parameters", "log_likelihoods", "predictions")}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, missing numbers as None."""
        tables = {name: files.plain(table.to_dict("records")) for name, table in self.tables().items()}
        return {"agrees": self.agrees, "words": self.words, "facts": files.plain(self.facts), **tables}

    def to_json(self, path: str | Path) -> None:
        """Write the tables as JSON, whole or not at all."""
        files.write_json(Path(path), self.to_dict())

    def __repr__(self) -> str:
        return f"Crosscheck: {self.words}\n{self.parameters.to_string(index=False)}"

    def _repr_html_(self) -> str:
        return html.block("Cross-check", self.words, html.table(self.parameters.to_dict("list")))


def crosscheck(
    model: Model | CustomerModel,
    rfm: RFM,
    *,
    horizon: float | str = "12 months",
    customers: int = 100,
    random_state: RandomState = 0,
    timeout: float = 600.0,
) -> Crosscheck:
    """Refit with the installed lifetimes, in a process of its own, and compare likelihoods and predictions.

    Both likelihoods are evaluated at both parameters. Where the two differ at the same parameters, the model's
    definition is averaged numerically over how customers differ, which decides. lifetimes gets the distinct histories
    with their counts; where these are too many for it, those of customers drawn at random.

    Parameters
    ----------
    model : PurchaseModel, SpendModel or CustomerModel
        Fitted; of a CustomerModel both parts are checked.
    rfm : RFM
        The customers it was fitted to.
    horizon : float or str
        Of the expected purchases compared.
    customers : int
        How many to compare predictions for; spread over all histories.
    random_state : int or Generator
        For the draw of customers.
    timeout : float
        Seconds lifetimes may take for a model.

    Returns
    -------
    Crosscheck

    Raises
    ------
    InvalidOption
        For a model that lifetimes does not have, or that is not fitted.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> clv.crosscheck(clv.GammaGamma().fit(rfm), rfm).agrees
    True
    """
    parts: list[Model] = model.parts if isinstance(model, CustomerModel) else [model]
    for part in parts:
        _check(part)
    seed = seed_of(random_state)
    checks = [_evidence(part, rfm, horizon, customers, seed, timeout) for part in parts]
    with np.errstate(all="ignore"):  # what lifetimes says may be infinite
        verdicts = [judge(evidence) for evidence, _ in checks]
        frames = [_tables(evidence, verdict, who) for (evidence, who), verdict in zip(checks, verdicts, strict=True)]
    versions = [evidence.opinion.version for evidence, _ in checks]
    return Crosscheck(
        agrees=all(verdict.agrees for verdict in verdicts),
        words=" ".join(verdict.words for verdict in verdicts),
        facts={
            "lifetimes": next((version for version in versions if version is not None), None),
            "customers": len(rfm),
            "horizon": checks[0][0].horizon,
            "time_unit": rfm.clock.time_unit,
            "checked": {
                evidence.title: {"histories": len(evidence.counts), "customers": int(evidence.counts.sum())}
                for evidence, _ in checks
            },
        },
        **{name: pd.DataFrame([row for frame in frames for row in frame[name]]) for name in frames[0]},
    )


def _check(model: Model) -> None:
    """Refuse what lifetimes has no like of."""
    if not isinstance(model, (PurchaseModel, SpendModel)):
        raise InvalidOption(f"A {type(model).__name__} is no model: pass a fitted one, such as BGNBD().fit(rfm).")
    process = model.process
    if process.name not in FITTERS:
        known: list[Process] = [*PURCHASE_PROCESSES.values(), *SPEND_PROCESSES.values()]
        titles = ", ".join(other.title for other in known if other.name in FITTERS)
        raise InvalidOption(f"lifetimes has no {process.title}; it can give a second opinion on {titles}.")
    model._check_fitted()
    if set(model.parameters_) != set(FITTERS[process.name].parameters):
        raise InvalidOption(
            f"lifetimes' {process.title} has neither covariates nor groups: check a model without them."
        )


def _evidence(
    model: Model, rfm: RFM, horizon: float | str, customers: int, seed: int, timeout: float
) -> tuple[CrosscheckInputs, list[Any]]:
    """What both sides say, and the ids of the customers whose predictions are compared."""
    model._check_rfm(rfm)
    process, p = model.process, model._parameters
    counted = model._counted(rfm)
    drawn = _drawn(counted, FITTERS[process.name].most_rows, seed)
    rows = model._rows(rfm)
    chosen = np.unique(np.linspace(0, len(rows.counts) - 1, max(1, customers)).round().astype(int))
    first = np.unique(rows.positions, return_index=True)[1][chosen]
    sample = [np.asarray(column[chosen], dtype=float) for column in rows.columns]
    length = model._duration(horizon) if isinstance(model, PurchaseModel) else rfm.clock.duration(horizon)
    opinion = ask(process.name, model.parameters_, drawn, sample, length, timeout)
    likelihoods = {"at_ours": process.log_likelihood(p, *drawn.columns)}
    if opinion.parameters is not None:
        theirs = process.Parameters(**{name: np.float64(value) for name, value in opinion.parameters.items()})
        with np.errstate(all="ignore"):  # its search may have ended anywhere
            likelihoods["at_lifetimes"] = process.log_likelihood(theirs, *drawn.columns)
    evidence = CrosscheckInputs(
        process=process.name,
        title=process.title,
        statistics=process.statistics,
        parameters=model.parameters_,
        opinion=opinion,
        rows=drawn.columns,
        counts=drawn.counts,
        share=drawn.customers / counted.customers,
        log_likelihood=likelihoods,
        sample=sample,
        predictions=_predictions(model, sample, length),
        horizon=length,
        remarks=_remarks(model, counted),
    )
    return evidence, rfm.customer_id[first].to_list()


def _drawn(rows: CountedRows, most: int, seed: int) -> CountedRows:
    """Rows of customers drawn without replacement, where there are more rows than `most`."""
    if len(rows.counts) <= most:
        return rows
    generator = np.random.default_rng(seed)
    counts = generator.multivariate_hypergeometric(rows.counts.astype(np.int64), most, method="marginals")
    seen = counts > 0
    return CountedRows(tuple(column[seen] for column in rows.columns), counts[seen].astype(float))


def _predictions(model: Model, sample: list[Array], length: float) -> dict[str, Array]:
    p = model._parameters
    if isinstance(model, PurchaseModel):
        return {
            "probability_alive": model.process.probability_alive(p, *sample),
            "expected_purchases": model.process.expected_purchases(p, length, *sample),
        }
    return {"expected_spend": model.process.expected_spend(p, *sample)}


def _remarks(model: Model, counted: CountedRows) -> list[str]:
    """Why the parameters need not be a maximum for these customers."""
    remarks = []
    if counted.fingerprint() != model.fit_.fingerprint:
        remarks.append("was fitted to other customers, or as of another day")
    if model.prior:
        remarks.append("was fitted with a prior, of which lifetimes knows nothing")
    return remarks


def _tables(evidence: CrosscheckInputs, verdict: AgreementVerdict, who: list[Any]) -> dict[str, list[dict[str, Any]]]:
    """Rows of each table of the record."""
    model, theirs, values = evidence.title, evidence.opinion.parameters or {}, evidence.opinion.values
    right: Right = verdict.right
    parameters = []
    for name, value in evidence.parameters.items():
        other = theirs.get(name, np.nan)
        difference = other / value - 1
        parameters.append(
            {"model": model, "parameter": name, "ours": value, "lifetimes": other, "difference": difference}
        )
    likelihoods = [
        {"model": model, "likelihood": whose, **{p: evidence.total(whose, p) for p in ("at_ours", "at_lifetimes")}}
        for whose in LIKELIHOODS
    ]
    missing = np.full(len(who), np.nan)
    predictions = []
    for quantity, ours in evidence.predictions.items():
        same, own = (values.get(f"{quantity} {point}", missing) for point in ("at_ours", "at_lifetimes"))
        for i, customer in enumerate(who):
            history = {
                name: float(column[i]) for name, column in zip(evidence.statistics, evidence.sample, strict=True)
            }
            predictions.append(
                {
                    "model": model,
                    "quantity": quantity,
                    "customer_id": customer,
                    **history,
                    "ours": float(ours[i]),
                    "lifetimes_at_ours": float(same[i]),
                    "difference": float(same[i] - ours[i]),
                    "lifetimes": float(own[i]),
                }
            )
    return {
        "verdicts": [{"model": model, "agrees": verdict.agrees, "right": right, "words": verdict.words}],
        "parameters": parameters,
        "log_likelihoods": likelihoods,
        "predictions": predictions,
    }
