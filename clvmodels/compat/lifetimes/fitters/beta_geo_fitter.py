"""BG/NBD under its name in lifetimes."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from clvmodels.compat.lifetimes.evaluation import as_array, evaluate
from clvmodels.compat.lifetimes.fitters import BaseFitter
from clvmodels.compat.lifetimes.generate_data import beta_geometric_nbd_model
from clvmodels.compat.lifetimes.time_units import unit_of
from clvmodels.compat.lifetimes.utils import _check_inputs, _scale_time
from clvmodels.processes import bgnbd
from clvmodels.processes.contract import Array, PurchaseProcess

__all__ = ["BetaGeoFitter"]


class BetaGeoFitter(BaseFitter):
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

    def __init__(self, penalizer_coef: float = 0.0) -> None:
        self.penalizer_coef = penalizer_coef

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
        frequency, recency, ages = np.asarray(frequency).astype(int), np.asarray(recency), np.asarray(T)
        _check_inputs(frequency, recency, ages)
        self._scale = _scale_time(ages)
        columns = {"frequency": frequency, "recency": recency, "T": ages}
        count = len(frequency) if weights is None else float(np.sum(as_array(weights)))
        penalties = self.penalizer_coef * count * np.array([1.0, self._scale**2, 1.0, 1.0])
        self._estimate(self.process, columns, weights, penalties, verbose, index)
        scaled = np.log(self.params_.to_numpy() * np.array([1.0, self._scale, 1.0, 1.0]))
        scaled_times = recency * self._scale, ages * self._scale
        self._negative_log_likelihood_ = self._negative_log_likelihood(
            scaled, frequency, *scaled_times, self.data["weights"].to_numpy(), self.penalizer_coef
        )
        self._time_unit = unit_of(T)
        self._bind()
        return self

    def _bind(self) -> None:
        """Set what a fitted model has besides its parameters."""
        self.predict = self.conditional_expected_number_of_purchases_up_to_time
        self.generate_new_data = self._generate

    def _generate(self, size: int = 1) -> pd.DataFrame:
        r, alpha, a, b = self._parameters
        return beta_geometric_nbd_model(self.data["T"], r, alpha, a, b, size)

    @classmethod
    def _negative_log_likelihood(
        cls, log_params: Any, freq: Any, rec: Any, T: Any, weights: Any, penalizer_coef: float
    ) -> float:
        """Return the mean of the negative log-likelihoods plus the penalty."""
        theta = np.exp(as_array(log_params))
        p, rows = cls.process.Parameters(*theta), [np.atleast_1d(as_array(each)) for each in (freq, rec, T)]
        each = cls.process.log_likelihood(p, *np.broadcast_arrays(*rows))
        return float(-(weights * each).sum() / np.sum(weights) + penalizer_coef * np.sum(theta**2))

    def conditional_expected_number_of_purchases_up_to_time(self, t: Any, frequency: Any, recency: Any, T: Any) -> Any:
        """Return the expected purchases in (T, T + t] of customers with these histories.

        Parameters
        ----------
        t, frequency, recency, T : array_like

        Returns
        -------
        float, array or Series
        """
        return _conditional_purchases(self, t, frequency, recency, T)

    def conditional_probability_alive(self, frequency: Any, recency: Any, T: Any) -> Any:
        """Return the probability that customers with these histories are active at T, as an array.

        Parameters
        ----------
        frequency, recency, T : array_like
        """
        alive = partial(self.process.probability_alive, self._parameters)
        return np.atleast_1d(np.asarray(evaluate(alive, frequency, recency, T)))

    def conditional_probability_alive_matrix(self, max_frequency: Any = None, max_recency: Any = None) -> Array:
        """Return P(alive) by recency (rows) and frequency (columns) of customers aged `max_recency`.

        Parameters
        ----------
        max_frequency, max_recency : int, optional
            Default: the largest frequency and T that were fitted.
        """
        return _probability_alive_matrix(self, max_frequency, max_recency)

    def expected_number_of_purchases_up_to_time(self, t: Any) -> Any:
        """Return the expected repeat purchases of a new customer by t.

        Parameters
        ----------
        t : array_like
        """
        return evaluate(partial(self.process.mean_purchases, self._parameters), t)

    def probability_of_n_purchases_up_to_time(self, t: Any, n: Any) -> Any:
        """Return the probability that a new customer makes n repeat purchases by t.

        Parameters
        ----------
        t : float
        n : int
        """
        return evaluate(partial(self.process.new_customer_pmf, self._parameters), n, t)


def _conditional_purchases(model: Any, t: Any, frequency: Any, recency: Any, T: Any) -> Any:
    """Return expected purchases given histories, for one horizon or one per customer."""
    expected, p = model.process.expected_purchases, model._parameters
    if np.ndim(t) == 0:
        return evaluate(partial(expected, p, float(t)), frequency, recency, T)
    return evaluate(partial(expected, p), t, frequency, recency, T)


def _probability_alive_matrix(model: Any, max_frequency: Any, max_recency: Any) -> Array:
    """Return P(alive) for every whole frequency and recency up to these."""
    frequencies = np.arange((max_frequency or int(model.data["frequency"].max())) + 1)
    last = max_recency or int(model.data["T"].max())
    grid = np.meshgrid(frequencies, np.arange(last + 1))
    return np.asarray(model.conditional_probability_alive(*grid, last))
