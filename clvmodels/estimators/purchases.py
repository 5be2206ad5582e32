"""Estimators of purchase processes: when customers buy, and whether they still do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.estimators.base import FittedProcess
from clvmodels.inference.statistics import UniqueRows, unique_rows
from clvmodels.processes import bgnbd
from clvmodels.processes.contract import Array, PurchaseProcess
from clvmodels.transactions.rfm import RFM

__all__ = ["BGNBD", "PurchaseModel"]


class PurchaseModel(FittedProcess):
    """What every purchase process can fit and predict; a subclass names the process."""

    process: ClassVar[PurchaseProcess]

    def fit(self, rfm: RFM, y: Any = None) -> Self:
        """Maximum-likelihood fit.

        Parameters
        ----------
        rfm : RFM
            From `rfm_summary`; its clock becomes the model's.
        y : ignored
            For scikit-learn.

        Raises
        ------
        FitFailed
            When no maximum is found. A maximum at a limit is no failure: `fit_.status` is then "boundary".
        """
        if hasattr(self, "fit_"):
            del self.fit_
        self._check_rfm(rfm)
        if len(rfm) == 0 or not np.any(rfm.T > 0):
            raise InvalidRFM("No customer was observed for any time after the first purchase: there is nothing to fit.")
        return self._maximize(rfm, self._rows(rfm), float(np.mean(rfm.T)))

    def probability_alive(self, rfm: RFM) -> frames.Frame:
        """Probability that each customer is still active at the end of observation.

        Returns
        -------
        frame
            customer_id, probability_alive; of the kind of frame the log came in.
        """
        return self._table(rfm, {"probability_alive": self._alive(rfm)})

    def expected_purchases(self, rfm: RFM, horizon: float | str) -> frames.Frame:
        """Expected purchases of each customer within a horizon after the end of observation.

        Parameters
        ----------
        rfm : RFM
        horizon : float or str
            In the clock's unit, or a length with its unit such as "12 months".

        Returns
        -------
        frame
            customer_id, expected_purchases.
        """
        active = self._if_active(rfm, self.process.purchases_if_active, self._duration(horizon))
        return self._table(rfm, {"expected_purchases": self._alive(rfm) * active})

    def discounted_purchases(self, rfm: RFM, horizon: float | str, annual_discount_rate: float) -> frames.Frame:
        """Expected purchases within a horizon, each worth (1 + rate)^(-years after the end of observation).

        Returns
        -------
        frame
            customer_id, discounted_purchases.
        """
        self._check_fitted()
        rate = self.clock_.continuous_rate(annual_discount_rate)
        active = self._if_active(rfm, self.process.discounted_if_active, self._duration(horizon), rate)
        return self._table(rfm, {"discounted_purchases": self._alive(rfm) * active})

    def mean_purchases(self, t: float | str | Sequence[float] | Array) -> Any:
        """Expected repeat purchases of a new customer by t after the first purchase.

        Parameters
        ----------
        t : float, str or array
            In the clock's unit, or a length with its unit.

        Returns
        -------
        float, or array of the shape of t
        """
        p = self._parameters
        if isinstance(t, (str, float, int)):
            return float(self.process.mean_purchases(p, np.array([self._duration(t, "t")]))[0])
        times = np.asarray(t, dtype=float)
        if not np.all(np.isfinite(times) & (times >= 0)):
            raise InvalidOption("t must be finite and not negative.")
        return self.process.mean_purchases(p, times.ravel()).reshape(times.shape)

    def pmf(
        self,
        counts: Sequence[int] | npt.NDArray[np.integer[Any]],
        horizon: float | str,
        rfm: RFM | None = None,
    ) -> Any:
        """Probability of exactly so many purchases within a horizon.

        Parameters
        ----------
        counts : sequence of int
            Numbers of purchases, at least 0.
        horizon : float or str
        rfm : RFM, optional
            Customers to tell it of, given their histories; None: a new customer, from the first purchase on.

        Returns
        -------
        array of the shape of counts, or frame
            For an RFM: customer_id and one column a count, pmf_0, pmf_1, ...
        """
        k = np.atleast_1d(np.asarray(counts))
        if k.ndim != 1 or not np.issubdtype(k.dtype, np.integer) or np.any(k < 0):
            raise InvalidOption("counts must be whole numbers of at least 0, such as range(11).")
        h, p, process = self._duration(horizon), self._parameters, self.process
        if rfm is None:
            return process.new_customer_pmf(p, k, h)
        self._check_rfm(rfm)

        def chances(*columns: Array) -> Array:
            return process.pmf(p, k[:, None], h, *columns)

        table = self._rows(rfm).evaluate(chances)
        return self._table(rfm, {f"pmf_{int(count)}": column for count, column in zip(k, table, strict=True)})

    def _rows(self, rfm: RFM, names: Sequence[str] | None = None) -> UniqueRows:
        ticks = {"recency": rfm.clock.ticks_per_unit, "T": rfm.clock.ticks_per_unit}
        names = self.process.statistics if names is None else names
        return unique_rows([rfm[name] for name in names], [ticks.get(name, 1.0) for name in names])

    def _alive(self, rfm: RFM) -> Array:
        """P(alive) of each customer (n,)."""
        p = self._parameters
        self._check_rfm(rfm)
        return self._rows(rfm).evaluate(lambda *columns: self.process.probability_alive(p, *columns))

    def _if_active(self, rfm: RFM, function: Callable[..., Array], *arguments: float) -> Array:
        """What each customer would do if active (n,), computed once for each distinct state."""
        p = self._parameters
        self._check_rfm(rfm)
        return self._rows(rfm, self.process.state).evaluate(lambda *columns: function(p, *arguments, *columns))

    def _duration(self, horizon: float | str, name: str = "horizon") -> float:
        self._check_fitted()
        return self.clock_.duration(horizon, name)

    def _unit(self, name: str) -> str:
        self._check_fitted()
        power = self.process.parametrization.unit_powers.get(name, 0)
        return {0: "", 1: f"{self.clock_.time_unit}s", -1: f"per {self.clock_.time_unit}"}[power]


class BGNBD(PurchaseModel):
    """BG/NBD: purchases at a gamma-distributed rate; after each, a beta-distributed chance of dropping out.

    Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2), 275-284.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.BGNBD().fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'r': 0.243, 'alpha': 4.414, 'a': 0.793, 'b': 2.426}
    """

    process: ClassVar[PurchaseProcess] = bgnbd.PROCESS
