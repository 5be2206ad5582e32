"""Estimators of spend processes: what a purchase is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.errors import InvalidRFM
from clvmodels.estimators.base import SMALLEST_GROUP, FittedProcess
from clvmodels.estimators.prediction import IntervalFor, Prediction, Request, predict
from clvmodels.inference.fitting import Fit
from clvmodels.inference.statistics import CountedRows, UniqueRows, counted_rows, unique_rows
from clvmodels.inference.uncertainty import RandomState, draw_parameters
from clvmodels.processes import gamma_gamma
from clvmodels.processes.contract import Array, SpendProcess
from clvmodels.profiling.independence import Independence, independence
from clvmodels.transactions.summary import RFM

__all__ = ["GammaGamma", "Independence", "SpendModel"]

NO_MEAN = "spend varies too widely for a mean to exist (p*count + q <= 1); median_spend gives the median"


class SpendModel(FittedProcess):
    """What every spend process can fit and predict; a subclass names the process.

    Parameters
    ----------
    prior, l2, by, smallest_group
        As for every model.
    spend : str, optional
        Formula of what moves customers' mean spend, as for a purchase model: v_i = v exp(g z).

    Attributes
    ----------
    set_aside_ : int
        Customers with repeat purchases whose mean spend is not positive, left out of the fit.
    independence_ : Independence
    """

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

    def fit(self, rfm: RFM, y: Any = None) -> Self:
        """Maximum-likelihood fit to the customers whose mean spend is known and positive.

        Raises
        ------
        InvalidRFM
            When the RFM has no money, or nobody remains.
        FitFailed
            When no maximum is found.
        """
        self._forget()
        self._check_rfm(rfm)
        count, mean = self._money(rfm)
        used = (count > 0) & (mean > 0)
        if not used.any():
            raise InvalidRFM(
                "Nobody has a positive mean spend over repeat purchases, so there is nothing to fit: summarize with "
                "include_first_transaction=True to use first purchases too."
            )
        self.set_aside_ = int(np.sum((count > 0) & ~(mean > 0)))
        self.independence_ = independence(rfm.frequency[used], mean[used])
        self._learn(rfm, used)
        return self._maximize(rfm, float(np.median(mean[used])))

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
        """Expected spend per purchase of each customer; the population's for those without a repeat purchase.

        Parameters
        ----------
        rfm : RFM
        interval : float, optional
            Central probability, such as 0.9.
        interval_for : {"outcome", "mean"}
            An interval for the spend of the customer's next purchase, or only for doubt about the parameters.
        by : str, optional
            "total", or an attribute of the RFM: a row a group, with the mean over its customers.
        draws : int
        random_state : int or Generator

        Returns
        -------
        frame
            customer_id, expected_spend (in the log's money), with an interval expected_spend_lower and _upper, and
            reason where it is missing because no mean exists.
        """
        prediction = self.spend_prediction(rfm)
        return predict(rfm, prediction, Request(interval, interval_for, by, draws, random_state))

    def median_spend(self, rfm: RFM) -> frames.Frame:
        """Median of each customer's possible mean spends; it exists for every customer.

        Returns
        -------
        frame
            customer_id, median_spend.
        """
        p = self._parameters
        self._check_rfm(rfm)
        return self._table(rfm, {"median_spend": self.process.median_spend(p, *self._statistics(rfm))})

    def spend_prediction(self, rfm: RFM) -> Prediction:
        """Expected spend per purchase, ready to be told with or without an interval."""
        p = self._parameters
        self._check_rfm(rfm)
        columns = self._statistics(rfm)
        reason = np.full(len(rfm), None, dtype=object)
        reason[~self._mean_exists(p, *columns)] = NO_MEAN
        return Prediction(
            name="expected_spend",
            point=self.process.expected_spend(p, *columns),
            columns={f"spend {name}": value for name, value in zip(self.process.statistics, columns, strict=True)},
            ticks=[1.0] * len(columns),
            under_draws=self._under_draws,
            outcome=self._next_spend,
            average=True,
            reason=reason,
        )

    def spending(self, seed: int, draws: int) -> Callable[..., Array]:
        """A customer's possible spend: a function of a generator, purchases (draws,), count and mean."""
        process = self.process
        p = process.Parameters(*draw_parameters(process, self.fit_, draws, seed))
        return lambda generator, purchases, *columns: process.sample_spend(p, purchases, *columns, generator)

    def outcomes(self, rfm: RFM, purchases: Array, generator: np.random.Generator) -> Array:
        """What each customer may spend in so many purchases (draws, n), at the parameters estimated, (draws, n)."""
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
        money, one = self.spending(seed, draws), np.ones(draws)
        return lambda generator, *columns: money(generator, one, *columns)

    def certificate(self) -> dict[str, Any]:
        """What the fit can vouch for, with the customers set aside and the test of independence."""
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

    def _counted(self, rfm: RFM) -> CountedRows:
        count, mean = self._money(rfm)
        used = (count > 0) & (mean > 0)
        return counted_rows(self._statistics(rfm[used]))

    def _data_fingerprint(self, rfm: RFM, fit: Fit) -> str:
        if self.process.statistics == self.plain.statistics:
            return fit.fingerprint  # counted already
        count, mean = self._money(rfm)
        used = (count > 0) & (mean > 0)
        return counted_rows([count[used].astype(float), mean[used]]).fingerprint()

    def _statistics(self, rfm: RFM) -> list[Array]:
        """What the process reads of customers: count and mean of their spend, then covariates and group."""
        count, mean = self._money(rfm)
        return [count.astype(float), mean, *self._values(rfm, self.process.statistics[2:])]

    def _mean_exists(self, p: Any, count: Array, mean: Array, *more: Array) -> npt.NDArray[np.bool_]:
        """Whether the conditional expectation is finite, which the mean so far does not tell."""
        return self.process.mean_exists(p, count, *more)

    def _unit(self, name: str) -> str:
        return "money" if self.process.parametrization.unit_powers.get(name, 0) else ""


class GammaGamma(SpendModel):
    """Gamma-Gamma: spend per purchase varies around a customer's own mean, which varies across customers.

    Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value". It assumes that what a customer spends does not
    go with how often; `independence_` says whether it does.

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
