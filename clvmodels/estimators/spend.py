"""Estimators of spend processes: spend per purchase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.errors import InvalidRFM
from clvmodels.estimators.base import FittedProcess
from clvmodels.estimators.options import SMALLEST_GROUP, refuse_options_of_customers
from clvmodels.estimators.prediction import IntervalFor, PredictedQuantity, PredictionOptions, predict
from clvmodels.inference.fitting import Fit, maximize
from clvmodels.inference.statistics import CountedRows, UniqueRows, counted_rows, unique_rows
from clvmodels.inference.uncertainty import RandomState, draw_parameters
from clvmodels.processes import gamma_gamma
from clvmodels.processes.contract import Array, SpendProcess
from clvmodels.profiling.independence import Independence, independence
from clvmodels.transactions.counts.fit_counts import FitCounts
from clvmodels.transactions.summary import RFM

__all__ = ["GammaGamma", "Independence", "SpendModel"]

# Why the expected spend is missing.
NO_MEAN = "spend varies too widely for a mean to exist (p*count + q <= 1); median_spend gives the median"

NO_POSITIVE_MEAN = (
    "No customer has a positive mean spend over repeat purchases: to use first purchases too, summarize the log with "
    "include_first_transaction=True."
)


class SpendModel(FittedProcess):
    """Base class of models of spend per purchase; a subclass names the process and documents its parameters."""

    plain: ClassVar[SpendProcess]

    if TYPE_CHECKING:

        @property
        def process(self) -> SpendProcess: ...

    set_aside_: int
    independence_: Independence

    def __init__(
        self,
        prior: Mapping[str, tuple[float, float]] | None = None,
        *,
        spend: str | None = None,
        l2: float = 0.0,
        by: str | None = None,
        smallest_group: int = SMALLEST_GROUP,
    ) -> None:
        super().__init__(prior, l2=l2, by=by, smallest_group=smallest_group)
        self.spend = spend

    @property
    def _roles(self) -> dict[str, str | None]:
        return {"spend": self.spend}

    def fit(self, rfm: RFM | FitCounts, y: Any = None) -> Self:
        """Fit the model by maximum likelihood to the customers with a positive mean spend.

        Parameters
        ----------
        rfm : RFM or FitCounts
            From `rfm_summary` with `amount`, or, for models without covariates or groups, from `fit_counts`; its clock
            becomes the model's.
        y : ignored
            Exists for compatibility with scikit-learn.

        Returns
        -------
        self

        Raises
        ------
        InvalidRFM
            If the RFM has no money, or no customer with a positive mean spend.
        FitFailed
            If no maximum is found.
        """
        self._reset()
        if isinstance(rfm, FitCounts):
            return self._fit_counts(rfm)
        self._check_rfm(rfm)
        count, mean = self._money(rfm)
        used = (count > 0) & (mean > 0)
        if not used.any():
            raise InvalidRFM(NO_POSITIVE_MEAN)
        self.set_aside_ = int(np.sum((count > 0) & ~(mean > 0)))
        self.independence_ = independence(rfm.frequency[used], mean[used])
        self._set_up_process(rfm, used)
        return self._maximize(rfm, float(np.median(mean[used])))

    def _fit_counts(self, counts: FitCounts) -> Self:
        """Fit to the numbers of customers with each number of purchases and mean spend."""
        refuse_options_of_customers(self._formulas, self.by)
        spend = counts.spend
        if spend is None:
            raise InvalidRFM("These counts have no money: pass amount= to fit_counts.")
        if not len(spend.customers):
            raise InvalidRFM(NO_POSITIVE_MEAN)
        self.set_aside_ = spend.without_spend
        self.independence_ = independence(spend.frequency, spend.mean, spend.customers)
        self._set_process(None, None)
        order = np.lexsort([spend.mean, spend.count])
        columns = spend.count[order].astype(float), spend.mean[order]
        rows = CountedRows(columns, spend.customers[order].astype(float))
        by_mean = np.argsort(spend.mean, kind="stable")
        middle = np.searchsorted(np.cumsum(spend.customers[by_mean]), 0.5 * rows.customers)
        fit = maximize(self.process, rows, float(spend.mean[by_mean][middle]), self._prior())
        return self._restore(fit, counts.histories.clock, counts.histories.observation_end, fit.fingerprint)

    def expected_spend(
        self,
        rfm: RFM,
        *,
        interval: float | None = None,
        interval_for: IntervalFor = "outcome",
        by: str | None = None,
        draws: int = 200,
        random_state: RandomState = 0,
    ) -> frames.Frame:
        """Return the expected spend per purchase of each customer.

        Customers without a repeat purchase have the mean of the population.

        Parameters
        ----------
        rfm : RFM
        interval : float, optional
            Central probability, such as 0.9.
        interval_for : {"outcome", "mean"}
            An interval for the spend of the customer's next purchase, or only for the uncertainty of the parameters.
        by : str, optional
            "total", or an attribute of the RFM: one row per group, with the mean over its customers.
        draws : int, default=200
            Number of draws for the interval.
        random_state : int or Generator, default=0

        Returns
        -------
        frame
            customer_id, expected_spend (in the currency of the log), with an interval expected_spend_lower and
            expected_spend_upper, and reason, which says why a value is missing.
        """
        prediction = self.spend_prediction(rfm)
        return predict(rfm, prediction, PredictionOptions(interval, interval_for, by, draws, random_state))

    def median_spend(self, rfm: RFM) -> frames.Frame:
        """Return the median of the distribution of each customer's mean spend, which always exists.

        Parameters
        ----------
        rfm : RFM

        Returns
        -------
        frame
            customer_id, median_spend.
        """
        p = self._parameters
        self._check_rfm(rfm)
        return self._table(rfm, {"median_spend": self.process.median_spend(p, *self._statistics(rfm))})

    def spend_prediction(self, rfm: RFM) -> PredictedQuantity:
        """Return the expected spend per purchase, for a table with or without an interval."""
        p = self._parameters
        self._check_rfm(rfm)
        columns = self._statistics(rfm)
        reason = np.full(len(rfm), None, dtype=object)
        reason[~self._mean_exists(p, *columns)] = NO_MEAN
        return PredictedQuantity(
            name="expected_spend",
            point=self.process.expected_spend(p, *columns),
            columns={f"spend {name}": value for name, value in zip(self.process.statistics, columns, strict=True)},
            ticks=[1.0] * len(columns),
            under_draws=self._under_draws,
            outcome=self._next_spend,
            together=True,
            average=True,
            reason=reason,
        )

    def spending(self, seed: int, draws: int) -> Callable[..., Array]:
        """Return a function of a generator, purchases, count and mean that draws their spend, like an `outcome`."""
        process = self.process
        drawn = draw_parameters(process, self.fit_, draws, seed)

        def money(generator: np.random.Generator, purchases: Array, *columns: Array, draw: int | None = None) -> Array:
            p = process.Parameters(*(drawn if draw is None else drawn[:, draw]))
            return process.sample_spend(p, purchases, *columns, generator)

        return money

    def outcomes(self, rfm: RFM, purchases: Array, generator: np.random.Generator) -> Array:
        """Draw the spend of each customer in these purchases (draws, n) at the estimated parameters, (draws, n)."""
        p = self._parameters
        self._check_rfm(rfm)
        return self.process.sample_spend(p, purchases, *self._statistics(rfm), generator)

    def _under_draws(self, seed: int, draws: int) -> Callable[..., Array]:
        process = self.process
        p = process.Parameters(*draw_parameters(process, self.fit_, draws, seed)[:, :, None])

        def mean(*columns: Array) -> Array:
            expected = process.expected_spend(p, *columns)
            return np.where(self._mean_exists(p, *columns), expected, np.inf)

        return mean

    def _next_spend(self, seed: int, draws: int) -> Callable[..., Array]:
        money = self.spending(seed, draws)

        def spend(generator: np.random.Generator, *columns: Array, draw: int | None = None) -> Array:
            return money(generator, np.ones(draws if draw is None else len(columns[0])), *columns, draw=draw)

        return spend

    def certificate(self) -> dict[str, Any]:
        """Return the certificate of the fit, with the number of customers set aside and the test of independence."""
        return super().certificate() | {
            "set_aside": self.set_aside_,
            "independence": self.independence_.text,
            "independence_finding": self.independence_.finding.to_dict(),
        }

    def _money(self, rfm: RFM) -> tuple[npt.NDArray[np.int64], Array]:
        if rfm.monetary_value is None or rfm.monetary_count is None:
            raise InvalidRFM("This RFM has no money: pass amount= to rfm_summary.")
        return rfm.monetary_count, np.where(rfm.monetary_count > 0, rfm.monetary_value, 0.0)

    def _rows(self, rfm: RFM) -> UniqueRows:
        return unique_rows(self._statistics(rfm))

    def _log_likelihood(self, rfm: RFM) -> Array:
        count, mean = self._money(rfm)
        return super()._log_likelihood(rfm[(count > 0) & (mean > 0)])

    def _count_rows(self, rfm: RFM) -> CountedRows:
        count, mean = self._money(rfm)
        used = (count > 0) & (mean > 0)
        return counted_rows(self._statistics(rfm[used]))

    def _data_fingerprint(self, rfm: RFM, fit: Fit) -> str:
        if self.process.statistics == self.plain.statistics:
            return fit.fingerprint  # by the same rows
        count, mean = self._money(rfm)
        used = (count > 0) & (mean > 0)
        return counted_rows([count[used].astype(float), mean[used]]).fingerprint()

    def _statistics(self, rfm: RFM) -> list[Array]:
        """Return the statistics of customers: count and mean of their spend, then covariates and group."""
        count, mean = self._money(rfm)
        return [count.astype(float), mean, *self._values(rfm, self.process.statistics[2:])]

    def _mean_exists(self, p: Any, count: Array, mean: Array, *more: Array) -> npt.NDArray[np.bool_]:
        """Return whether the conditional expectation is finite, which does not depend on the observed mean."""
        return self.process.mean_exists(p, count, *more)

    def _unit(self, name: str) -> str:
        return "money" if self.process.parametrization.unit_powers.get(name, 0) else ""


class GammaGamma(SpendModel):
    """Gamma-Gamma: spend per purchase varies around a customer's own mean, which varies between customers.

    It assumes that a customer's mean spend is independent of how often the customer buys; `independence_` shows whether
    the data agree.

    Parameters
    ----------
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates: "log p", "log q", "log mean spend rate". Coordinates
        are unit-free: money is in units of median spend.
    spend : str, optional
        Formula of covariates of mean spend, such as "C(channel) + age", with columns of the RFM: v_i = v exp(g z).
    l2 : float, default=0.0
        Regularization: `l2` / 2 times the sum of the squared coefficients of standardized covariates is subtracted from
        the log-likelihood.
    by : str, optional
        An attribute of the RFM. Each of its groups gets separate parameters.
    smallest_group : int, default=500
        Groups with fewer customers are pooled and fitted together.

    Attributes
    ----------
    parameters_ : dict of str to float
        p (shape of spend within a customer), q, v (gamma distribution between customers; v in money).
    fit_ : Fit
        The certificate: log-likelihood, gradient, Hessian, covariance, status, findings.
    clock_ : Clock
        The clock of the RFM fitted.
    observation_end_ : str or None
        Last date of the RFM fitted.
    data_fingerprint_ : str or None
        SHA-256 of the data fitted.
    design_ : Design or None
        The covariates, if there are any.
    grouping_ : Grouping or None
        The groups, if there are any.
    set_aside_ : int
        Number of customers with repeat purchases whose mean spend is not positive; they are left out of the fit.
    independence_ : Independence
        The test of the assumption that spend and frequency are independent.

    References
    ----------
    Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", brucehardie.com/notes/025.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> model = clv.GammaGamma().fit(rfm)
    >>> {name: round(value, 2) for name, value in model.parameters_.items()}
    {'p': 6.25, 'q': 3.74, 'v': 15.44}
    """

    plain: ClassVar[SpendProcess] = gamma_gamma.PROCESS
