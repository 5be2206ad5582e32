"""Models of customers whose rates change in time, by covariates or by a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import ClassVar, Literal, Self, get_args

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import UNUSED

from clvmodels import files, frames
from clvmodels.clock import Clock
from clvmodels.errors import ClockMismatch, InvalidModelFile, InvalidOption, InvalidRFM
from clvmodels.estimators.persistence import PURCHASE_MODELS
from clvmodels.estimators.prediction import IntervalFor, IntervalOfTotal, PredictionOptions, predict
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.processes import fitted_copy
from clvmodels.forecasting.time_varying.ahead import RatesAhead, value_table
from clvmodels.forecasting.time_varying.covariate_history import CovariateHistory
from clvmodels.forecasting.time_varying.likelihoods import Centered, likelihood_of, limits_of
from clvmodels.forecasting.time_varying.maximum import Maximum, find_maximum
from clvmodels.forecasting.time_varying.time_stretches import (
    ChangingCovariates,
    HistoryStretches,
    past_stretches,
)
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.uncertainty import RandomState
from clvmodels.processes.catalog import PURCHASE_PROCESSES
from clvmodels.processes.contract import Array
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["ChangingProcess", "TimeVaryingModel"]

ChangingProcess = Literal["pareto_nbd", "ggompertz_nbd", "bgnbd", "mbgnbd", "nbd"]
FORMAT, SCHEMA_VERSION = "clvmodels.TimeVaryingModel", 1
LEAVING_ANY_TIME = ("pareto_nbd", "ggompertz_nbd")


class TimeVaryingModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Customers who buy, and leave, at rates that change in time, by covariates of their own or by a calendar.

    The purchase rate is multiplied by exp(sum of coefficient times covariate) and by the speed of the history's
    calendar, if it has one. Under Pareto/NBD and GGompertz/NBD customers leave by a second clock: in plain time, or
    with covariates of dropout in the time that these define. Without covariates, this is a process whose customers buy
    by the calendar and leave in plain time. Under BG/NBD, MBG/NBD and NBD customers leave only at purchases, or never.

    Parameters
    ----------
    process : {"pareto_nbd", "ggompertz_nbd", "bgnbd", "mbgnbd", "nbd"}, default="pareto_nbd"
    purchase : sequence of str, default=()
        Covariates of the purchase rate.
    dropout : sequence of str, default=()
        Covariates of the dropout rate, under Pareto/NBD and GGompertz/NBD.

    Attributes
    ----------
    parameters_ : dict of str to float
        Those of the process, where all covariates are 0, and the coefficients, as "purchase.NAME" and "dropout.NAME".
    standard_errors_ : dict of str to float
        NaN where a parameter is not determined, such as a coefficient without limit: any effect beyond some strength
        fits the data equally well.
    fit_ : Maximum
        Coordinates of the search, with the log-likelihood (value), its gradient and its Hessian there.
    clock_ : Clock
    log_likelihood_ : float

    See Also
    --------
    CovariateHistory : The table of covariates.

    References
    ----------
    Bachmann, Meierer & Naef (2021), "The Role of Time-Varying Contextual Factors in Latent Attrition Models for
    Customer Base Analysis", Marketing Science 40(4), 783-809.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> days = ["1996-01-01", "1997-03-01", "1997-04-01"]  # a campaign in March, for everybody
    >>> table = pd.DataFrame(
    ...     [(i, day, day == "1997-03-01") for i in log["customer_id"].unique() for day in days],
    ...     columns=["customer_id", "date", "campaign"],
    ... )
    >>> covariates = clv.CovariateHistory.from_frame(table)
    >>> history = clv.KnownHistory.from_log(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.TimeVaryingModel("bgnbd", purchase=["campaign"]).fit(history, covariates)
    >>> round(model.parameters_["purchase.campaign"], 1)
    0.1
    """

    __metadata_request__fit: ClassVar[dict[str, str]] = {"history": UNUSED, "covariates": UNUSED}

    def __init__(
        self, process: ChangingProcess = "pareto_nbd", purchase: Sequence[str] = (), dropout: Sequence[str] = ()
    ) -> None:
        self.process = process
        self.purchase = purchase
        self.dropout = dropout

    def fit(self, history: KnownHistory, covariates: CovariateHistory | None = None) -> Self:
        """Estimate the parameters.

        Parameters
        ----------
        history : KnownHistory
            Of a log. Its calendar, if it has one, multiplies the purchase rate.
        covariates : CovariateHistory, optional
            Needed if covariates are named.

        Returns
        -------
        self

        Raises
        ------
        InvalidOption
            If an option does not exist, or a covariate or a customer is missing from the table.
        FitFailed
        """
        self._check_options()
        past = past_stretches(history, self._changing(covariates))
        if not past.stretches.length.sum() > 0:
            raise InvalidRFM("No customer was observed for any time after the first purchase: there is nothing to fit.")
        likelihood = likelihood_of(self.process, self.purchase, self.dropout)
        center = Centered.of(past.stretches, past.counts)
        rows = center.on(past.stretches)

        def objective(coordinates: Array) -> tuple[float, Array]:
            score = likelihood.score(coordinates, rows)
            return float(past.counts @ score.value), score.gradient @ past.counts

        plain = fitted_copy(PURCHASE_MODELS[self.process](), history)
        limits = limits_of(likelihood, rows, float(np.mean(history.rfm.T)))
        start = np.clip(likelihood.start(plain.parameters_), limits[:, 0], limits[:, 1])
        maximum = find_maximum(objective, start, limits)
        self.clock_ = history.clock
        self.fit_, self.center_ = maximum, center
        self.customers_ = int(past.counts.sum())
        self._set_parameters()
        return self

    @property
    def log_likelihood_(self) -> float:
        """The log-likelihood at the parameters."""
        self._check_fitted()
        return self.fit_.value

    def _set_parameters(self) -> None:
        """Set the parameters where covariates are 0, with their standard errors."""
        likelihood = likelihood_of(self.process, self.purchase, self.dropout)
        head, coefficients = len(likelihood.names), self.fit_.coordinates[len(likelihood.names) :]
        k = len(self.purchase)
        means = np.zeros((2, len(coefficients)))
        means[0, :k], means[1, k:] = self.center_.purchase, self.center_.dropout
        change = likelihood.scales() @ means  # of log parameters, by the coefficients
        values = likelihood.parameters(self.fit_.coordinates)
        shift = np.exp(change @ coefficients)
        terms = [*(f"purchase.{name}" for name in self.purchase), *(f"dropout.{name}" for name in self.dropout)]
        self.parameters_ = {name: float(values[name] * shift[i]) for i, name in enumerate(likelihood.names)}
        self.parameters_ |= dict(zip(terms, map(float, coefficients), strict=True))
        slopes = np.zeros((head + len(coefficients), likelihood.size))
        slopes[:head, :head], slopes[:head, head:] = likelihood.slopes(), change
        slopes[head:, head:] = np.eye(len(coefficients))
        errors = self.fit_.standard_errors(slopes)
        scale = np.append([self.parameters_[name] for name in likelihood.names], np.ones(len(coefficients)))
        self.standard_errors_ = dict(zip(self.parameters_, map(float, errors * scale), strict=True))

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return the table of parameters: parameter, estimate, standard_error, lower, upper.

        Intervals of the parameters of the process are symmetric on the log scale.

        Parameters
        ----------
        level : float, default=0.95
        """
        self._check_fitted()
        if not 0 < level < 1:
            raise InvalidOption(f"level={level!r} must be between 0 and 1, such as 0.95.")
        reach = NormalDist().inv_cdf(0.5 + level / 2)
        rows = []
        for name, estimate in self.parameters_.items():
            error = self.standard_errors_[name]
            factor = np.exp(reach * error / estimate) if "." not in name else 1.0
            ends = (estimate - reach * error, estimate + reach * error)
            lower, upper = ends if "." in name else (estimate / factor, estimate * factor)
            rows.append((name, estimate, error, lower, upper))
        return pd.DataFrame(rows, columns=["parameter", "estimate", "standard_error", "lower", "upper"])

    def probability_alive(self, history: KnownHistory, covariates: CovariateHistory | None = None) -> frames.Frame:
        """Return P(alive) at the cutoff of each customer.

        Parameters
        ----------
        history : KnownHistory
        covariates : CovariateHistory, optional

        Returns
        -------
        frame
            customer_id, probability_alive.
        """
        past = self._past(history, covariates)
        likelihood = likelihood_of(self.process, self.purchase, self.dropout)
        alive = likelihood.alive(self.fit_.coordinates, self.center_.on(past.stretches))[past.positions]
        return frames.table(
            history.purchase_log.kind, {"customer_id": history.rfm.customer_id, "probability_alive": alive}
        )

    def expected_purchases(
        self,
        history: KnownHistory,
        horizon: float | str,
        covariates: CovariateHistory | None = None,
        *,
        interval: float | None = None,
        interval_for: IntervalFor = "outcome",
        by: str | None = None,
        draws: int = 200,
        random_state: RandomState = 0,
        total_interval: IntervalOfTotal = "history",
    ) -> frames.Frame:
        """Return the purchases expected of each customer within a horizon after the cutoff.

        Parameters
        ----------
        history : KnownHistory
        horizon : float or str
            A number in the clock's unit, or a length such as "26 weeks".
        covariates : CovariateHistory, optional
            Including the future: rows after the cutoff are the scenario of the forecast, which intervals take as
            certain; without them, a customer's last row continues.
        interval, interval_for, by, draws, random_state, total_interval
            As for `PurchaseModel.expected_purchases`.

        Returns
        -------
        frame
            customer_id, expected_purchases, and with an interval expected_purchases_lower and expected_purchases_upper.
            With `by`: one row per group, as from `PurchaseModel.expected_purchases`.
        """
        options = PredictionOptions(interval, interval_for, by, draws, random_state, total_interval)
        ahead = self._ahead(history, covariates)
        return predict(history.rfm, ahead.purchases(history.clock.duration(horizon)), options)

    def lifetime_value(
        self,
        spend: SpendModel,
        history: KnownHistory,
        covariates: CovariateHistory | None = None,
        *,
        horizon: float | str,
        annual_discount_rate: float,
        margin: float,
        interval: float | None = None,
        interval_for: IntervalFor = "outcome",
        by: str | None = None,
        draws: int = 200,
        random_state: RandomState = 0,
        total_interval: IntervalOfTotal = "history",
    ) -> frames.Frame:
        """Return what each customer is worth within a horizon; see `clvmodels.lifetime_value`.

        Each month's purchases are discounted from its middle.

        Parameters
        ----------
        spend : fitted SpendModel
            Fitted to the history's RFM.
        history : KnownHistory
            With amounts.
        covariates : CovariateHistory, optional
            Including the future, as for `expected_purchases`.
        horizon : float or str
        annual_discount_rate : float
            Effective rate per year.
        margin : float
            Share of spend that counts: 0.35 for 35 %.
        interval, interval_for, by, draws, random_state, total_interval
            As for `clvmodels.lifetime_value`.

        Returns
        -------
        frame
            customer_id, expected_purchases, discounted_purchases, expected_spend, lifetime_value, with an interval
            lifetime_value_lower and lifetime_value_upper, and the reason if there is no value. With `by`: the group,
            customers, lifetime_value, its interval and, for outcomes, total_interval.

        Raises
        ------
        InvalidOption
            For values out of range, and models that are not fitted.
        ClockMismatch
        """
        terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=margin)
        options = PredictionOptions(interval, interval_for, by, draws, random_state, total_interval)
        return value_table(self._ahead(history, covariates), spend, terms, options)

    def _ahead(self, history: KnownHistory, covariates: CovariateHistory | None) -> RatesAhead:
        past = self._past(history, covariates)
        likelihood = likelihood_of(self.process, self.purchase, self.dropout)
        return RatesAhead(self.process, likelihood, self.fit_, self.center_, history, self._changing(covariates), past)

    def save(self, path: str | Path) -> None:
        """Write the fitted model as JSON, completely or not at all; it contains no customer data.

        Parameters
        ----------
        path : str or Path
        """
        self._check_fitted()
        document = {
            "format": FORMAT,
            "schema_version": SCHEMA_VERSION,
            "options": {"process": self.process, "purchase": [*self.purchase], "dropout": [*self.dropout]},
            "clock": self.clock_.to_dict(),
            "fit": self.fit_.to_dict(),
            "means": {"purchase": self.center_.purchase.tolist(), "dropout": self.center_.dropout.tolist()},
            "parameters": self.parameters_,
            "standard_errors": files.plain(self.standard_errors_),
            "customers": self.customers_,
        }
        files.write_checked(Path(path), document)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model that `save` wrote.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        InvalidModelFile
            If the file is missing, damaged, or not such a model.
        """
        where = Path(path)
        document = files.read_document(where, "model", FORMAT, SCHEMA_VERSION, InvalidModelFile)
        files.refuse_damaged(where, document, InvalidModelFile, "Fit it again and save it.")
        model = cls(**document["options"])
        model.clock_ = Clock.from_dict(document["clock"])
        model.fit_ = Maximum.from_dict(document["fit"])
        means = {name: np.array(values, dtype=float) for name, values in document["means"].items()}
        model.center_ = Centered(means["purchase"], means["dropout"])
        model.parameters_ = document["parameters"]
        errors = document["standard_errors"].items()
        model.standard_errors_ = {name: float("nan") if error is None else error for name, error in errors}
        model.customers_ = document["customers"]
        return model

    def _past(self, history: KnownHistory, covariates: CovariateHistory | None) -> HistoryStretches:
        self._check_fitted()
        if history.clock != self.clock_:
            raise ClockMismatch(
                f"The model was fitted in {self.clock_}, but this history is in {history.clock}: make it with the same "
                "time_unit, merge_within, time_zone and calendar."
            )
        return past_stretches(history, self._changing(covariates))

    def _changing(self, covariates: CovariateHistory | None) -> ChangingCovariates | None:
        if not (self.purchase or self.dropout):
            return None
        if covariates is None:
            raise InvalidOption("The model has covariates: pass covariates=, which CovariateHistory.from_frame reads.")
        return ChangingCovariates(covariates, tuple(self.purchase), tuple(self.dropout))

    def _check_options(self) -> None:
        if self.process not in get_args(ChangingProcess):
            raise InvalidOption(f"process={self.process!r} is not one of {', '.join(get_args(ChangingProcess))}.")
        for name in ("purchase", "dropout"):
            if isinstance(getattr(self, name), str):
                raise InvalidOption(f"{name}={getattr(self, name)!r} must be a list of names, such as ['season'].")
        if self.dropout and self.process not in LEAVING_ANY_TIME:
            title = PURCHASE_PROCESSES[self.process].title
            raise InvalidOption(
                f"Customers of {title} leave only at purchases, or never: leave out dropout=, or use 'pareto_nbd'."
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "fit_"):
            raise InvalidOption("TimeVaryingModel has not been fitted: call fit(history) first.")
