"""Pareto/NBD under its name in lifetimes."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from clvmodels.compat.lifetimes.evaluation import as_array, evaluate
from clvmodels.compat.lifetimes.fitters.continuous_time import ContinuousTimeFitter
from clvmodels.compat.lifetimes.generate_data import pareto_nbd_model
from clvmodels.processes import pareto_nbd
from clvmodels.processes.contract import PurchaseProcess

__all__ = ["ParetoNBDFitter"]


class ParetoNBDFitter(ContinuousTimeFitter):
    """Pareto/NBD: customers buy at a gamma-distributed rate, and leave at one, at any time.

    Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24. There are standard errors, which lifetimes
    does not have.

    Parameters
    ----------
    penalizer_coef : float, default=0.0
        Weight of the sum of squared parameters, in units of the largest T, subtracted from the log-likelihood of all
        customers divided by their mean weight: n times as weak as for the other fitters, as in lifetimes.

    Attributes
    ----------
    params_, standard_errors_ : Series
    variance_matrix_, confidence_intervals_, summary, data : DataFrame
    """

    process: ClassVar[PurchaseProcess] = pareto_nbd.PROCESS

    def fit(
        self,
        frequency: Any,
        recency: Any,
        T: Any,
        weights: Any = None,
        iterative_fitting: int = 1,
        initial_params: Any = None,
        verbose: bool = False,
        tol: float = 1e-4,
        index: Any = None,
        fit_method: str = "Nelder-Mead",
        maxiter: int = 2000,
        **kwargs: Any,
    ) -> Self:
        """Fit the model; there is one maximum, whatever the start, the method and the tolerance.

        Parameters
        ----------
        frequency, recency, T : array_like
            Repeat purchases; time of the last; time observed.
        weights : array_like, optional
            Customers with each row; default: 1.
        iterative_fitting, initial_params, tol, fit_method, maxiter, **kwargs
            Not used, except that the first must be positive, and 1 if there are initial_params.
        verbose : bool, default=False
            Whether to print the certificate of the fit.
        index : array_like, optional
            Index of `data`.

        Returns
        -------
        self
        """
        if iterative_fitting <= 0:
            raise ValueError("iterative_fitting parameter should be greater than 0 as of lifetimes v0.2.1")
        if iterative_fitting > 1 and initial_params is not None:
            raise ValueError(
                "iterative_fitting and initial_params should not be both set, as no improvement could be made."
            )
        columns = {"frequency": frequency, "recency": recency, "T": T}
        mean_weight = 1.0 if weights is None else float(np.mean(as_array(weights)))
        theta, rows = self._fit_times(columns, weights, mean_weight, verbose, index)
        self._negative_log_likelihood_ = self._negative_log_likelihood(theta, *rows, self.penalizer_coef)
        return self

    def _generate(self, size: int = 1) -> pd.DataFrame:
        r, alpha, s, beta = self._parameters
        return pareto_nbd_model(self.data["T"], r, alpha, s, beta, size)

    @classmethod
    def _conditional_log_likelihood(cls, params: Any, freq: Any, rec: Any, T: Any) -> Any:
        return evaluate(partial(cls.process.log_likelihood, cls.process.Parameters(*as_array(params))), freq, rec, T)

    @classmethod
    def _negative_log_likelihood(
        cls, params: Any, freq: Any, rec: Any, T: Any, weights: Any, penalizer_coef: float
    ) -> float:
        """Return the negative log-likelihood of all rows, divided by the mean weight, plus the penalty."""
        theta = as_array(params)
        if np.any(theta <= 0):
            return float("inf")
        each = cls._conditional_log_likelihood(theta, freq, rec, T)
        return float(-(weights * each).sum() / np.mean(weights) + penalizer_coef * np.sum(theta**2))

    def conditional_probability_of_n_purchases_up_to_time(
        self, n: Any, t: Any, frequency: Any, recency: Any, T: Any
    ) -> Any:
        """Return the probability of n purchases in (T, T + t] of customers with these histories.

        Parameters
        ----------
        n : int
        t : float
        frequency, recency, T : array_like
        """
        if t <= 0:
            return 0
        return evaluate(partial(self.process.pmf, self._parameters, as_array(n), float(t)), frequency, recency, T)
