"""Gamma-Gamma under its name in lifetimes."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from clvmodels.compat.lifetimes.differences import report_difference
from clvmodels.compat.lifetimes.evaluation import as_array, evaluate
from clvmodels.compat.lifetimes.fitters import BaseFitter
from clvmodels.compat.lifetimes.fitting import with_mean_spend
from clvmodels.compat.lifetimes.time_units import DAYS_BY_DEFAULT
from clvmodels.compat.lifetimes.utils import _check_inputs, _customer_lifetime_value
from clvmodels.language import Finding
from clvmodels.processes import gamma_gamma
from clvmodels.processes.contract import SpendProcess

__all__ = ["GammaGammaFitter"]


class GammaGammaFitter(BaseFitter):
    """Gamma-Gamma: spend varies around each customer's own mean, which varies between customers.

    Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value".

    Parameters
    ----------
    penalizer_coef : float, default=0.0
        Weight of the sum of squared parameters, subtracted from the mean log-likelihood.

    Attributes
    ----------
    params_, standard_errors_ : Series
    variance_matrix_, confidence_intervals_, summary, data : DataFrame
    """

    process: ClassVar[SpendProcess] = gamma_gamma.PROCESS

    @classmethod
    def _negative_log_likelihood(
        cls, log_params: Any, frequency: Any, avg_monetary_value: Any, weights: Any, penalizer_coef: float
    ) -> float:
        """Return the mean of the negative log-likelihoods plus the penalty."""
        theta = np.exp(as_array(log_params))
        likelihood = partial(cls.process.log_likelihood, cls.process.Parameters(*theta))
        each = evaluate(likelihood, frequency, avg_monetary_value)
        return float(-(each * weights).sum() / np.sum(weights) + penalizer_coef * np.sum(theta**2))

    def conditional_expected_average_profit(self, frequency: Any = None, monetary_value: Any = None) -> Any:
        """Return the expected mean spend per purchase of customers with these histories.

        Parameters
        ----------
        frequency, monetary_value : array_like, optional
            Default: the rows that were fitted.

        Returns
        -------
        float, array or Series
            Missing where no mean exists, which needs p x + q > 1.
        """
        counts = self.data["frequency"] if frequency is None else frequency
        means = self.data["monetary_value"] if monetary_value is None else monetary_value
        values = evaluate(partial(self.process.expected_spend, self._parameters), counts, means)
        exists = evaluate(lambda count: self.process.mean_exists(self._parameters, count).astype(float), counts)
        missing = int(np.size(exists) - np.sum(exists))
        if missing:
            report_difference(Finding("compat-no-mean-spend", {"customers": missing}))
        return values

    def fit(
        self,
        frequency: Any,
        monetary_value: Any,
        weights: Any = None,
        initial_params: Any = None,
        verbose: bool = False,
        tol: float = 1e-7,
        index: Any = None,
        q_constraint: bool = False,
        **kwargs: Any,
    ) -> Self:
        """Fit the model; there is one maximum, whatever the start and the tolerance.

        Parameters
        ----------
        frequency, monetary_value : array_like
            Number of purchases, above 0, and their mean amount, above 0.
        weights : array_like, optional
            Customers with each row; default: 1.
        initial_params, tol, **kwargs
            Not used.
        verbose : bool, default=False
            Whether to print the certificate of the fit.
        index : array_like, optional
            Index of `data`.
        q_constraint : bool, default=False
            Whether q must be at least 1, so that the mean spend of new customers exists.

        Returns
        -------
        self
        """
        counts, means = np.asarray(frequency), np.asarray(monetary_value)
        _check_inputs(counts, monetary_value=means)
        columns = {"frequency": counts, "monetary_value": means}
        process = with_mean_spend(self.process) if q_constraint else self.process
        count = len(counts) if weights is None else float(np.sum(as_array(weights)))
        self._estimate(process, columns, weights, np.full(3, self.penalizer_coef * count), verbose, index)
        self.data = self.data[["monetary_value", "frequency", "weights"]]
        self._negative_log_likelihood_ = self._negative_log_likelihood(
            np.log(self.params_.to_numpy()), counts, means, self.data["weights"].to_numpy(), self.penalizer_coef
        )
        return self

    def customer_lifetime_value(
        self,
        transaction_prediction_model: Any,
        frequency: Any,
        recency: Any,
        T: Any,
        monetary_value: Any,
        time: int = 12,
        discount_rate: float = 0.01,
        freq: str = DAYS_BY_DEFAULT,
    ) -> pd.Series[float]:
        """Return the value of customers over the next months, discounted from the end of each month.

        Parameters
        ----------
        transaction_prediction_model : fitter
            A fitted model of purchases.
        frequency, recency, T, monetary_value : Series
        time : int, default=12
            Months.
        discount_rate : float, default=0.01
            Per month.
        freq : {"D", "H", "M", "W"}, default="D"
            The unit of T. If the times were made by this package, it knows their unit, and a wrong one is corrected.

        Returns
        -------
        Series
            By customer.
        """
        spend = self.conditional_expected_average_profit(frequency, monetary_value)
        return _customer_lifetime_value(
            transaction_prediction_model, frequency, recency, T, spend, time, discount_rate, freq=freq
        )
