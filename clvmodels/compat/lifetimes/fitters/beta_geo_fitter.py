"""BG/NBD under its name in lifetimes."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from clvmodels.compat.lifetimes.evaluation import as_array, evaluate
from clvmodels.compat.lifetimes.fitters.continuous_time import ContinuousTimeFitter
from clvmodels.compat.lifetimes.generate_data import beta_geometric_nbd_model
from clvmodels.processes import bgnbd
from clvmodels.processes.contract import PurchaseProcess

__all__ = ["BetaGeoFitter"]


class BetaGeoFitter(ContinuousTimeFitter):
    """BG/NBD: customers buy at a gamma-distributed rate, and may leave after each repeat purchase.

    Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284.

    Parameters
    ----------
    penalizer_coef : float, default=0.0
        Weight of the sum of squared parameters, in units of the largest T, subtracted from the mean log-likelihood.

    Attributes
    ----------
    params_, standard_errors_ : Series
    variance_matrix_, confidence_intervals_, summary, data : DataFrame
    """

    process: ClassVar[PurchaseProcess] = bgnbd.PROCESS
    generator = staticmethod(beta_geometric_nbd_model)

    def fit(
        self,
        frequency: Any,
        recency: Any,
        T: Any,
        weights: Any = None,
        initial_params: Any = None,
        verbose: bool = False,
        tol: float = 1e-7,
        index: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Fit the model; there is one maximum, whatever the start and the tolerance.

        Parameters
        ----------
        frequency, recency, T : array_like
            Repeat purchases; time of the last; time observed.
        weights : array_like, optional
            Customers with each row; default: 1.
        initial_params, tol, **kwargs
            Not used: the search needs no start, and ends at the maximum.
        verbose : bool, default=False
            Whether to print the certificate of the fit.
        index : array_like, optional
            Index of `data`.

        Returns
        -------
        self
        """
        columns = {"frequency": frequency, "recency": recency, "T": T}
        count = len(T) if weights is None else float(np.sum(as_array(weights)))
        theta, rows = self._fit_times(columns, weights, count, verbose, index)
        self._negative_log_likelihood_ = self._negative_log_likelihood(np.log(theta), *rows, self.penalizer_coef)
        return self

    def _generate(self, size: int = 1) -> pd.DataFrame:
        r, alpha, a, b = self._parameters
        return self.generator(self.data["T"], r, alpha, a, b, size)

    @classmethod
    def _negative_log_likelihood(
        cls, log_params: Any, freq: Any, rec: Any, T: Any, weights: Any, penalizer_coef: float
    ) -> float:
        """Return the mean of the negative log-likelihoods plus the penalty."""
        theta = np.exp(as_array(log_params))
        p, rows = cls.process.Parameters(*theta), [np.atleast_1d(as_array(each)) for each in (freq, rec, T)]
        each = cls.process.log_likelihood(p, *np.broadcast_arrays(*rows))
        return float(-(weights * each).sum() / np.sum(weights) + penalizer_coef * np.sum(theta**2))

    def conditional_probability_alive(self, frequency: Any, recency: Any, T: Any) -> Any:
        """Return the probability that customers with these histories are active at T, as an array.

        Parameters
        ----------
        frequency, recency, T : array_like
        """
        return np.atleast_1d(as_array(super().conditional_probability_alive(frequency, recency, T)))

    def probability_of_n_purchases_up_to_time(self, t: Any, n: Any) -> Any:
        """Return the probability that a new customer makes n repeat purchases by t.

        Parameters
        ----------
        t : float
        n : int
        """
        return evaluate(partial(self.process.new_customer_pmf, self._parameters), n, t)
