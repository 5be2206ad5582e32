"""A second opinion on a fitted model, from the installed package lifetimes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clvmodels import files, html
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.inference.statistics import CountedRows
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.language import Finding, Findings
from clvmodels.processes.catalog import PURCHASE_PROCESSES, SPEND_PROCESSES
from clvmodels.processes.contract import Array, Process
from clvmodels.transactions.calendar_columns import time_ahead
from clvmodels.transactions.summary import RFM
from clvmodels.validation.crosscheck.agreement import AgreementVerdict, CrosscheckInputs, judge
from clvmodels.validation.crosscheck.lifetimes_process import FITTERS, run_lifetimes

__all__ = ["Crosscheck", "crosscheck"]

Model = PurchaseModel | SpendModel
LIKELIHOODS = ("ours", "lifetimes")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Crosscheck:
    """Our fit compared with that of lifetimes on the same customers.

    Attributes
    ----------
    agrees : bool
        Whether both agree on every model checked.
    results : tuple of AgreementVerdict
        Which one is right about each model, with the evidence; `findings` returns all findings, `text` one sentence per
        model.
    verdicts : DataFrame
        forecaster (the id of the process), title, agrees, right ("both", "ours", "lifetimes", "each in part" or
        "undecided"), text.
    parameters : DataFrame
        forecaster, parameter, ours, lifetimes (NaN where its fit failed), difference (relative to ours).
    log_likelihoods : DataFrame
        forecaster, likelihood (whose function: "ours", "lifetimes"), at_ours, at_lifetimes (whose parameters).
    predictions : DataFrame
        One row per customer of the sample and quantity: forecaster, quantity, customer_id, the statistics, ours,
        lifetimes_at_ours (its function at our parameters), difference (of these two), lifetimes (at its own).
    facts : dict
        lifetimes' version, customers, horizon and time unit; by forecaster, the histories and customers checked.

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
    results: tuple[AgreementVerdict, ...]
    verdicts: pd.DataFrame
    parameters: pd.DataFrame
    log_likelihoods: pd.DataFrame
    predictions: pd.DataFrame
    facts: dict[str, Any]

    @property
    def findings(self) -> Findings:
        """Return the findings on all models."""
        return tuple(finding for result in self.results for finding in result.findings)

    @property
    def text(self) -> str:
        """Return one sentence per model."""
        return " ".join(result.text for result in self.results)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {name: getattr(self, name) for name in ("verdicts", "parameters", "log_likelihoods", "predictions")}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, missing numbers as None."""
        tables = {name: files.plain(table.to_dict("records")) for name, table in self.tables().items()}
        about = {"agrees": self.agrees, "text": self.text, "facts": self.facts}
        findings = [finding.to_dict() for finding in self.findings]
        return {**files.plain(about | {"findings": findings}), **tables}

    def to_json(self, path: str | Path) -> None:
        """Write the tables as JSON, completely or not at all."""
        files.write_json(Path(path), self.to_dict())

    def __repr__(self) -> str:
        return f"Crosscheck: {self.text}\n{self.parameters.to_string(index=False)}"

    def _repr_html_(self) -> str:
        return html.block("Cross-check", self.text, html.table(self.parameters.to_dict("list")))


def crosscheck(
    model: Model | CustomerModel,
    rfm: RFM,
    *,
    horizon: float | str = "12 months",
    customers: int = 100,
    random_state: RandomState = 0,
    timeout: float = 600.0,
) -> Crosscheck:
    """Refit with the installed lifetimes in a separate process, and compare likelihoods and predictions.

    Both likelihoods are evaluated at both sets of parameters. If they differ at the same parameters, the model's
    definition is integrated numerically over the distribution of customers to decide. lifetimes gets the distinct
    histories with their counts or, if these are too many for it, those of customers drawn at random.

    Parameters
    ----------
    model : PurchaseModel, SpendModel or CustomerModel
        Fitted; both parts of a CustomerModel are checked.
    rfm : RFM
        The customers it was fitted to.
    horizon : float or str
        Horizon of the expected purchases compared. With a calendar, all times are compared in calendar time.
    customers : int
        Number of customers whose predictions are compared, spread over all histories.
    random_state : int or Generator
        Used to draw customers.
    timeout : float
        Seconds allowed for lifetimes per model.

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
    checks = [_inputs(part, rfm, horizon, customers, seed, timeout) for part in parts]
    with np.errstate(all="ignore"):  # results of lifetimes may be infinite
        verdicts = [judge(inputs) for inputs, _ in checks]
        frames = [_tables(inputs, verdict, ids) for (inputs, ids), verdict in zip(checks, verdicts, strict=True)]
    versions = [inputs.lifetimes.version for inputs, _ in checks]
    return Crosscheck(
        agrees=all(verdict.agrees for verdict in verdicts),
        results=tuple(verdicts),
        facts={
            "lifetimes": next((version for version in versions if version is not None), None),
            "customers": len(rfm),
            "horizon": checks[0][0].horizon,
            "time_unit": rfm.clock.time_unit,
            "checked": {
                inputs.process: {"histories": len(inputs.counts), "customers": int(inputs.counts.sum())}
                for inputs, _ in checks
            },
        },
        **{name: pd.DataFrame([row for frame in frames for row in frame[name]]) for name in frames[0]},
    )


def _check(model: Model) -> None:
    """Raise an InvalidOption for a model that lifetimes does not have."""
    if not isinstance(model, (PurchaseModel, SpendModel)):
        raise InvalidOption(f"A {type(model).__name__} is not a model: pass a fitted one, such as BGNBD().fit(rfm).")
    process = model.process
    if process.name not in FITTERS:
        processes: list[Process] = [*PURCHASE_PROCESSES.values(), *SPEND_PROCESSES.values()]
        titles = ", ".join(other.title for other in processes if other.name in FITTERS)
        raise InvalidOption(f"lifetimes has no {process.title}; pass one of {titles}.")
    model._check_fitted()
    if set(model.parameters_) != set(FITTERS[process.name].parameters):
        raise InvalidOption(f"{process.title} of lifetimes has no covariates and no groups: pass a model without them.")


def _inputs(
    model: Model, rfm: RFM, horizon: float | str, customers: int, seed: int, timeout: float
) -> tuple[CrosscheckInputs, list[Any]]:
    """Return what both implementations compute, and the ids of the customers whose predictions are compared."""
    model._check_rfm(rfm)
    process, p = model.process, model._parameters
    counted = model._count_rows(rfm)
    drawn = _drawn(counted, FITTERS[process.name].most_rows, seed)
    rows = model._rows(rfm)
    chosen = np.unique(np.linspace(0, len(rows.counts) - 1, max(1, customers)).round().astype(int))
    first = np.unique(rows.positions, return_index=True)[1][chosen]
    sample = [np.asarray(column[chosen], dtype=float) for column in rows.columns]
    length = _horizon(model, rfm, horizon)
    lifetimes = run_lifetimes(process.name, model.parameters_, drawn, sample, length, timeout)
    likelihoods = {"at_ours": process.log_likelihood(p, *drawn.columns)}
    if lifetimes.parameters is not None:
        theirs = process.Parameters(**{name: np.float64(value) for name, value in lifetimes.parameters.items()})
        with np.errstate(all="ignore"):  # lifetimes' search may have ended at any parameters
            likelihoods["at_lifetimes"] = process.log_likelihood(theirs, *drawn.columns)
    inputs = CrosscheckInputs(
        process=process.name,
        title=process.title,
        statistics=process.statistics,
        parameters=model.parameters_,
        lifetimes=lifetimes,
        rows=drawn.columns,
        counts=drawn.counts,
        share=drawn.customers / counted.customers,
        log_likelihood=likelihoods,
        sample=sample,
        predictions=_predictions(model, sample, length),
        horizon=length,
        reasons=_reasons(model, counted),
    )
    return inputs, rfm.customer_id[first].to_list()


def _horizon(model: Model, rfm: RFM, horizon: float | str) -> float:
    """Return a horizon in the model's unit of time: with a calendar, in calendar time."""
    if not isinstance(model, PurchaseModel):
        return rfm.clock.duration(horizon)
    length = model._duration(horizon)
    return float(time_ahead(rfm.clock, rfm.observation_end).calendar_time(length)) if rfm.clock.seasonal else length


def _drawn(rows: CountedRows, most: int, seed: int) -> CountedRows:
    """Return the rows of customers drawn without replacement, if there are more rows than `most`."""
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


def _reasons(model: Model, counted: CountedRows) -> Findings:
    """Return findings on why the parameters need not be a maximum for these customers."""
    reasons = []
    if counted.fingerprint() != model.fit_.fingerprint:
        reasons.append(Finding("crosscheck-other-customers"))
    if model.prior:
        reasons.append(Finding("crosscheck-prior"))
    return tuple(reasons)


def _tables(inputs: CrosscheckInputs, verdict: AgreementVerdict, ids: list[Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table."""
    process, theirs, values = inputs.process, inputs.lifetimes.parameters or {}, inputs.lifetimes.values
    parameters = []
    for name, value in inputs.parameters.items():
        other = theirs.get(name, np.nan)
        difference = other / value - 1
        parameters.append(
            {"forecaster": process, "parameter": name, "ours": value, "lifetimes": other, "difference": difference}
        )
    likelihoods = [
        {"forecaster": process, "likelihood": whose, **{p: inputs.total(whose, p) for p in ("at_ours", "at_lifetimes")}}
        for whose in LIKELIHOODS
    ]
    missing = np.full(len(ids), np.nan)
    predictions = []
    for quantity, ours in inputs.predictions.items():
        same, own = (values.get(f"{quantity} {point}", missing) for point in ("at_ours", "at_lifetimes"))
        for i, customer in enumerate(ids):
            history = {name: float(column[i]) for name, column in zip(inputs.statistics, inputs.sample, strict=True)}
            predictions.append(
                {
                    "forecaster": process,
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
        "verdicts": [
            {
                "forecaster": process,
                "title": inputs.title,
                "agrees": verdict.agrees,
                "right": verdict.right,
                "text": verdict.text,
            }
        ],
        "parameters": parameters,
        "log_likelihoods": likelihoods,
        "predictions": predictions,
    }
