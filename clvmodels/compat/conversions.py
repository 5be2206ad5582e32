"""Convert fitted models of other packages to models of this one, ready to predict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from clvmodels.clock import TimeUnit
from clvmodels.compat.posteriors import read_posterior
from clvmodels.errors import ClockMismatch, InvalidOption, InvalidRFM, closest, list_names
from clvmodels.estimators.persistence import PURCHASE_MODELS, SPEND_MODELS
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.inference.fitting import fit_at
from clvmodels.processes.contract import Array
from clvmodels.profiling.independence import independence
from clvmodels.transactions.summary import RFM

__all__ = ["from_btyd", "from_clvtools", "from_lifetimes", "from_pymc"]

LIFETIMES = {
    "BetaGeoFitter": "bgnbd",
    "ModifiedBetaGeoFitter": "mbgnbd",
    "ParetoNBDFitter": "pareto_nbd",
    "BetaGeoBetaBinomFitter": "bgbb",
    "GammaGammaFitter": "gamma_gamma",
}
PYMC = {
    "BG/NBD": "bgnbd",
    "MBG/NBD": "mbgnbd",
    "Pareto/NBD": "pareto_nbd",
    "BG/BB": "bgbb",
    "Gamma-Gamma Model (Mean Transactions)": "gamma_gamma",
}
CLVTOOLS = {"bgnbd": "bgnbd", "pnbd": "pareto_nbd", "ggomnbd": "ggompertz_nbd", "gg": "gamma_gamma"}
BTYD = {  # functions of BTYD and BTYDplus, and the order of their parameters
    "bgnbd": ("bgnbd", ("r", "alpha", "a", "b")),
    "pnbd": ("pareto_nbd", ("r", "alpha", "s", "beta")),
    "bgbb": ("bgbb", ("alpha", "beta", "gamma", "delta")),
    "spend": ("gamma_gamma", ("p", "q", "v")),
    "nbd": ("nbd", ("r", "alpha")),
}
RENAMED = {"gamma": "v"}  # names of parameters of Gamma-Gamma in R's packages, and here


def from_lifetimes(
    fitter: Any, rfm: RFM, *, time_unit: TimeUnit | None = None, model: str | None = None
) -> PurchaseModel | SpendModel:
    """Convert a fitted model of lifetimes.

    Parameters
    ----------
    fitter : fitter of lifetimes or of `clvmodels.compat.lifetimes`, or mapping of str to float
        A fitted model, or the parameters by name.
    rfm : RFM
        The customers to predict, with their period: it must have a time unit and an observation_end. Their likelihood
        gives the uncertainty of the parameters.
    time_unit : {"hour", "day", "week", "month", "year"}
        The unit of time in which the parameters were estimated; required for models of purchases, because the
        parameters do not show it.
    model : str, optional
        The id of the process, such as "bgnbd"; required for a mapping of parameters.

    Returns
    -------
    PurchaseModel or SpendModel
        With `parameters_`, and `fit_` with the certificate: findings name parameters that are not the maximum of the
        likelihood of these customers, as with a penalty.

    Raises
    ------
    InvalidOption
        If the unit, the model or a parameter is missing.
    ClockMismatch
        If the unit is not that of the RFM.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from clvmodels.compat import lifetimes
    >>> customers = lifetimes.datasets.load_cdnow_summary()
    >>> fitter = lifetimes.BetaGeoFitter().fit(customers["frequency"], customers["recency"], customers["T"])
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.from_lifetimes(fitter, rfm, time_unit="week")
    >>> print(model)
    BG/NBD: converged, 2,357 customers, r 0.2426, alpha 4.414, a 0.7929, b 2.426
    """
    if isinstance(fitter, Mapping):
        return _convert(_check_id(model, "model"), fitter, rfm, time_unit)
    name = type(fitter).__name__
    if name not in LIFETIMES:
        raise InvalidOption(f"A {name} is not a fitted model of lifetimes: {list_names(list(LIFETIMES))}.")
    if not hasattr(fitter, "params_"):
        raise InvalidOption(f"This {name} has not been fitted: call its fit method first.")
    return _convert(LIFETIMES[name], dict(fitter.params_), rfm, time_unit)


def from_pymc(
    idata: Any, rfm: RFM, *, time_unit: TimeUnit | None = None, model: str | None = None
) -> PurchaseModel | SpendModel:
    """Convert a posterior of pymc-marketing: its mean, and the spread of its draws as the uncertainty.

    Parameters
    ----------
    idata : path of a netCDF file, InferenceData, DataTree, Dataset, or mapping of str to array of draws
        `model.idata`, or the file that `model.save(path)` wrote. A file needs the extra `posterior`.
    rfm : RFM
        The customers to predict, with a time unit and an observation_end.
    time_unit : {"hour", "day", "week", "month", "year"}
        As for `from_lifetimes`.
    model : str, optional
        The id of the process, such as "bgnbd"; default: the `model_type` that pymc-marketing stores.

    Returns
    -------
    PurchaseModel or SpendModel
        The parameters are the means of the draws' log parameters. With more than one draw (fit_method="map" gives one),
        their covariance is kept too.

    Raises
    ------
    InvalidOption
        If the unit or the model is missing, or the posterior has covariates.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import numpy as np
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> noise = np.random.default_rng(0).normal(1, 0.05, (4, 2, 500))  # of 2 chains of 500 draws
    >>> posterior = dict(zip(["r", "alpha", "a", "b"], noise * np.array([0.243, 4.41, 0.79, 2.43])[:, None, None]))
    >>> model = clv.from_pymc(posterior, rfm, time_unit="week", model="bgnbd")
    >>> model.summary()["estimate"].round(2).tolist()
    [0.24, 4.4, 0.79, 2.43]
    """
    posterior, model_type = read_posterior(idata)
    process = _check_id(model, "model") if model is not None or model_type is None else PYMC.get(model_type)
    if process is None:
        raise InvalidOption(f"The posterior is of {model_type!r}, which is not one of {list_names(list(PYMC))}.")
    names = _process(process).parametrization.names
    draws = {name: np.ravel(posterior[name]) for name in names if name in posterior}
    sizes = {values.size for values in draws.values()}
    if len(sizes) > 1:
        raise InvalidOption(
            "The posterior has one value per customer for some parameters, as with covariates, which are not "
            "converted: fit the covariates again with purchase= and dropout=."
        )
    logs = {name: np.log(values) for name, values in draws.items()}
    parameters = {name: float(np.exp(np.mean(values))) for name, values in logs.items()}
    enough = sizes and sizes.pop() > len(names)
    covariance = np.cov(np.stack(list(logs.values()))) if enough and len(logs) == len(names) else None
    return _convert(process, parameters, rfm, time_unit, covariance)


def from_clvtools(
    table: Any, rfm: RFM, *, model: str | None = None, time_unit: TimeUnit | None = None
) -> PurchaseModel | SpendModel:
    """Convert the coefficients of a model of CLVTools.

    Parameters
    ----------
    table : path of a CSV file, frame with the columns of `coef(summary(fit))`, or mapping of str to float
        With one row per coefficient: its name in the index or the first column, and the column "Estimate".
    rfm : RFM
        The customers to predict, with a time unit and an observation_end.
    model : {"bgnbd", "pnbd", "ggomnbd", "gg"}
        The function that fitted it.
    time_unit : {"hour", "day", "week", "month", "year"}
        The time.unit of its clvdata.

    Returns
    -------
    PurchaseModel or SpendModel
        As for `from_lifetimes`.

    Raises
    ------
    InvalidOption
        If the unit or the model is missing, or the table has coefficients of covariates.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> coefficients = {"r": 0.5533, "alpha": 10.5776, "s": 0.6063, "beta": 11.6705}
    >>> print(clv.from_clvtools(coefficients, rfm, model="pnbd", time_unit="week"))
    Pareto/NBD: converged, 2,357 customers, r 0.5533, alpha 10.58, s 0.6063, beta 11.67
    """
    return _convert(_option(model, CLVTOOLS), _coefficients(table), rfm, time_unit)


def from_btyd(
    parameters: Any, rfm: RFM, *, model: str | None = None, time_unit: TimeUnit | None = None
) -> PurchaseModel | SpendModel:
    """Convert the parameters of a model of BTYD or BTYDplus.

    Parameters
    ----------
    parameters : sequence of float, or mapping of str to float
        As `pnbd.EstimateParameters` and the like return them: in the order of the package, or by name.
    rfm : RFM
        The customers to predict, with a time unit and an observation_end.
    model : {"bgnbd", "pnbd", "bgbb", "spend", "nbd"}
        The prefix of the function.
    time_unit : {"hour", "day", "week", "month", "year"}
        The unit of the customer-by-sufficient-statistic matrix.

    Returns
    -------
    PurchaseModel or SpendModel
        As for `from_lifetimes`.

    Raises
    ------
    InvalidOption
        If the unit or the model is missing, or the number of parameters is wrong.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> print(clv.from_btyd([6.2498, 3.7441, 15.4470], rfm, model="spend"))
    Gamma-Gamma: converged, 946 customers, p 6.25, q 3.744, v 15.45
    """
    process, names = _option(model, BTYD)
    if isinstance(parameters, Mapping):
        return _convert(process, dict(parameters), rfm, time_unit)
    values = np.ravel(np.asarray(parameters, dtype=float))
    if len(values) != len(names):
        raise InvalidOption(f"{model} has the {len(names)} parameters {', '.join(names)}, not {len(values)}.")
    return _convert(process, dict(zip(names, values, strict=True)), rfm, time_unit)


def _convert(
    name: str, parameters: Mapping[str, Any], rfm: RFM, time_unit: TimeUnit | None, covariance: Array | None = None
) -> PurchaseModel | SpendModel:
    """Return the model of a process with these parameters, in the unit and with the customers of the RFM."""
    spends = name in SPEND_MODELS
    model: Any = (SPEND_MODELS if spends else PURCHASE_MODELS)[name]()
    model._check_rfm(rfm)
    _check_period(rfm, time_unit, spends)
    names = model.plain.parametrization.names
    values = {RENAMED.get(key, key) if spends else key: value for key, value in parameters.items()}
    if set(values) != set(names):
        raise InvalidOption(
            f"{model.plain.title} has the parameters {', '.join(names)}, but these are {', '.join(map(str, values))}; "
            "coefficients of covariates are not converted."
        )
    theta = [float(values[key]) for key in names]
    if not all(np.isfinite(theta)) or min(theta) <= 0:
        raise InvalidOption(f"The parameters of {model.plain.title} must be finite and above 0, not {theta}.")
    model._set_process(None, None)
    unit = float(np.mean(rfm.T))
    if spends:
        count, mean = model._money(rfm)
        used = (count > 0) & (mean > 0)
        if not used.any():
            raise InvalidRFM("No customer of this RFM has a positive mean spend over repeat purchases.")
        model.set_aside_ = int(np.sum((count > 0) & ~(mean > 0)))
        model.independence_ = independence(rfm.frequency[used], mean[used])
        unit = float(np.median(mean[used]))
    fit = fit_at(model.process, model._count_rows(rfm), unit, theta, covariance)
    model._restore(fit, rfm.clock, rfm.observation_end, model._data_fingerprint(rfm, fit))
    return model  # type: ignore[no-any-return]


def _check_period(rfm: RFM, time_unit: TimeUnit | None, spends: bool) -> None:
    """Raise an error unless the unit equals that of the RFM, and the RFM has an end."""
    if rfm.observation_end is None:
        raise InvalidOption(
            "This RFM has no end of observation: pass observation_end= to rfm_summary or RFM.from_frame."
        )
    if spends:
        return
    if time_unit is None:
        raise InvalidOption(
            "time_unit= is required, such as 'week': parameters do not show the unit of time in which they were "
            "estimated."
        )
    if time_unit != rfm.clock.time_unit:
        raise ClockMismatch(
            f"The parameters are per {time_unit}, but this RFM is in {rfm.clock}: rebuild it with "
            f"time_unit={time_unit!r}."
        )


def _process(name: str) -> Any:
    return {**PURCHASE_MODELS, **SPEND_MODELS}[name].plain


def _check_id(name: str | None, argument: str) -> str:
    """Return the id of a process, once it is known to have a model."""
    names = [*PURCHASE_MODELS, *SPEND_MODELS]
    if name not in names:
        raise InvalidOption(f"{argument}={name!r} is not one of {list_names(names)}.{closest(name, names)}")
    return str(name)


def _option(model: str | None, options: Mapping[str, Any]) -> Any:
    """Return the value of the name of a function of R; raise InvalidOption for an unknown name."""
    if model is None or model not in options:
        raise InvalidOption(f"model={model!r} is not one of {list_names(list(options))}.{closest(model, options)}")
    return options[model]


def _coefficients(table: Any) -> dict[str, float]:
    """Return the estimates of a table of coefficients by name."""
    import pandas as pd

    if isinstance(table, Mapping):
        return dict(table)
    frame = pd.read_csv(table) if isinstance(table, str | Path) else table
    if isinstance(frame, pd.Series):
        return {str(name): float(value) for name, value in frame.items()}
    if "Estimate" not in getattr(frame, "columns", ()):
        raise InvalidOption('A table of coefficients needs the column "Estimate", as coef(summary(fit)) has it.')
    if pd.api.types.is_integer_dtype(frame.index.dtype):
        frame = frame.set_index(frame.columns[0])
    return {str(name): float(value) for name, value in frame["Estimate"].items()}
