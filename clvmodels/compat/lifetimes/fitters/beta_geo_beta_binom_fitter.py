"""BG/BB under its name in lifetimes."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from clvmodels.compat.lifetimes.evaluation import as_array, evaluate
from clvmodels.compat.lifetimes.fitters import BaseFitter
from clvmodels.compat.lifetimes.generate_data import beta_geometric_beta_binom_model
from clvmodels.compat.lifetimes.utils import _check_inputs
from clvmodels.processes import bgbb
from clvmodels.processes.contract import PurchaseProcess

__all__ = ["BetaGeoBetaBinomFitter"]


class BetaGeoBetaBinomFitter(BaseFitter):
    """BG/BB: at each opportunity customers buy with a beta-distributed probability, and leave with another.

    Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108.

    Parameters
    ----------
    penalizer_coef : float, default=0.0
        Weight of the sum of squared parameters, subtracted from the mean log-likelihood.

    Attributes
    ----------
    params_, standard_errors_ : Series
    variance_matrix_, confidence_intervals_, summary, data : DataFrame
    """

    process: ClassVar[PurchaseProcess] = bgbb.PROCESS

    def fit(
        self,
        frequency: Any,
        recency: Any,
        n_periods: Any,
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
        frequency, recency, n_periods : array_like
            Opportunities with a repeat purchase; the last of them; all opportunities.
        weights : array_like, optional
            Customers with each row; default: 1.
        initial_params, tol, **kwargs
            Not used.
        verbose : bool, default=False
            Whether to print the certificate of the fit.
        index : array_like, optional
            Index of `data`.

        Returns
        -------
        self
        """
        named = {"frequency": frequency, "recency": recency, "n_periods": n_periods}
        columns = {name: np.asarray(column).astype(int) for name, column in named.items()}
        _check_inputs(*columns.values())
        count = len(columns["frequency"]) if weights is None else float(np.sum(as_array(weights)))
        self._estimate(self.process, columns, weights, np.full(4, self.penalizer_coef * count), verbose, index)
        self._negative_log_likelihood_ = self._negative_log_likelihood(
            np.log(self.params_.to_numpy()),
            columns["frequency"],
            columns["recency"],
            columns["n_periods"],
            self.data["weights"].to_numpy(),
            self.penalizer_coef,
        )
        self._bind()
        return self

    def _bind(self) -> None:
        """Set the attributes of a fitted model other than its parameters."""
        self.generate_new_data = self._generate

    def _generate(self, size: int = 1) -> pd.DataFrame:
        opportunities = np.repeat(self.data["n_periods"], self.data["weights"].astype(int))
        alpha, beta, gamma, delta = self._parameters
        return beta_geometric_beta_binom_model(opportunities, alpha, beta, gamma, delta, size)

    @classmethod
    def _loglikelihood(cls, params: Any, x: Any, tx: Any, T: Any) -> Any:
        return evaluate(partial(cls.process.log_likelihood, cls.process.Parameters(*as_array(params))), x, tx, T)

    @classmethod
    def _negative_log_likelihood(
        cls, log_params: Any, frequency: Any, recency: Any, n_periods: Any, weights: Any, penalizer_coef: float = 0
    ) -> float:
        """Return the mean of the negative log-likelihoods plus the penalty."""
        theta = np.exp(as_array(log_params))
        each = cls._loglikelihood(theta, frequency, recency, n_periods)
        return float(-(weights * each).sum() / np.sum(weights) + penalizer_coef * np.sum(theta**2))

    def conditional_expected_number_of_purchases_up_to_time(
        self, m_periods_in_future: Any, frequency: Any, recency: Any, n_periods: Any
    ) -> Any:
        """Return the expected purchases at the next m opportunities of customers with these histories.

        Parameters
        ----------
        m_periods_in_future, frequency, recency, n_periods : array_like
        """
        expected = partial(self.process.expected_purchases, self._parameters)
        return evaluate(expected, m_periods_in_future, frequency, recency, n_periods)

    def conditional_probability_alive(
        self, m_periods_in_future: Any, frequency: Any, recency: Any, n_periods: Any
    ) -> Any:
        """Return the probability that customers with these histories are active m opportunities from now.

        Parameters
        ----------
        m_periods_in_future, frequency, recency, n_periods : array_like
        """
        survival = partial(self.process.survival, self._parameters)
        return evaluate(survival, m_periods_in_future, frequency, recency, n_periods)

    def expected_number_of_transactions_in_first_n_periods(self, n: Any) -> pd.DataFrame:
        """Return how many of the fitted customers are expected to buy x times at their first n opportunities.

        Parameters
        ----------
        n : int

        Returns
        -------
        DataFrame
            "model", by the frequencies of the data.
        """
        customers = self.data.groupby("frequency")["weights"].sum()
        index = pd.Index(customers.index, name="frequency")
        shares = evaluate(partial(self.process.new_customer_pmf, self._parameters), as_array(index), n)
        return pd.DataFrame(shares * customers.sum(), index=index, columns=["model"])
