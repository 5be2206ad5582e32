"""What every purchase model tells of customers: P(alive), purchases to come, their chances, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.errors import InvalidOption
from clvmodels.estimators.fitted_purchases import FittedPurchases
from clvmodels.estimators.prediction import IntervalFor, Request, predict
from clvmodels.inference.statistics import counted_rows
from clvmodels.inference.uncertainty import RandomState, draw_parameters, seed_of
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PurchaseModel"]


class PurchaseModel(FittedPurchases):
    """What every purchase process can fit and predict; a subclass names the process.

    Parameters
    ----------
    prior, l2, by, smallest_group
        As for every model.
    purchase, dropout : str, optional
        Formulas of what moves the mean purchase rate, and the mean dropout, of customers: columns of the RFM (from
        `rfm.with_columns`), C(column) for categories, joined by + : *. Coefficients are told per unit of a column, and
        the other parameters for customers whose columns are all 0. In Pareto/NBD alpha_i = alpha exp(-g z) and
        beta_i = beta exp(-g z); in BG/NBD and its kin the logit of a/(a+b) moves, a + b stays.
    equal : sequence of str
        Columns of the design whose coefficient is the same for purchase and dropout.
    dropout_moves : {"mean", "spread"}
        "spread" scales a and b alike, which leaves mean dropout as it is: for comparison with CLVTools.
    """

    def probability_alive(
        self,
        rfm: RFM,
        horizon: float | str = 0.0,
        *,
        interval: float | None = None,
        by: str | None = None,
        draws: int = 200,
        random_state: RandomState = 0,
    ) -> frames.Frame:
        """Probability that each customer is still active at the end of observation, or a horizon after it.

        Parameters
        ----------
        rfm : RFM
        horizon : float or str
            In the clock's unit, or a length with its unit such as "12 months": active then, given what is known now.
            Of a discrete process, 1 asks for those who are still there at the next opportunity.
        interval : float, optional
            Central probability, such as 0.9, of an interval for doubt about the parameters.
        by : str, optional
            "total", or an attribute of the RFM: a row a group, with the mean over its customers.
        draws : int
            Of the parameters, for the interval.
        random_state : int or Generator

        Returns
        -------
        frame
            customer_id, probability_alive, and with an interval probability_alive_lower and _upper; of the kind of
            frame the log came in.
        """
        length = self._duration(horizon)
        survives = partial(self.survival_if_active, length) if length > 0 else None
        prediction = replace(self.prediction(rfm, "probability_alive", survives), average=True)
        return predict(rfm, prediction, Request(interval, "mean", by, draws, random_state))

    def probability_no_purchase(
        self,
        rfm: RFM,
        horizon: float | str,
        *,
        interval: float | None = None,
        by: str | None = None,
        draws: int = 200,
        random_state: RandomState = 0,
    ) -> frames.Frame:
        """Probability that a customer buys nothing within a horizon, being gone or not.

        Parameters are those of `expected_purchases`; an interval is for doubt about the parameters, and a group is told
        by the mean over its customers.

        Returns
        -------
        frame
            customer_id, probability_no_purchase, and with an interval probability_no_purchase_lower and _upper.
        """
        length = self._duration(horizon)
        # 1 - P(alive) P(a purchase | active): of the form that predictions have, turned round at the end.
        buys = self.prediction(rfm, "probability_no_purchase", partial(self._buys_if_active, length))
        prediction = replace(buys, average=True, complement=True)
        return predict(rfm, prediction, Request(interval, "mean", by, draws, random_state))

    def posterior_means(self, rfm: RFM) -> frames.Frame:
        """Means of each customer's own purchase rate and dropout, given the history.

        Returns
        -------
        frame
            customer_id, and what varies between customers under the process: purchase_rate (purchases per unit of the
            clock while active) or purchase_probability, dropout_rate or dropout_probability.
        """
        p, names = self._parameters, list[str]()
        self._check_rfm(rfm)

        def means(*columns: Array) -> Array:
            told = self.process.posterior_means(p, *columns)
            names[:] = told
            return np.stack(np.broadcast_arrays(*told.values()))

        table = self._rows(rfm).evaluate(means)
        return self._table(rfm, dict(zip(names, table, strict=True)))

    def expected_purchases(
        self,
        rfm: RFM,
        horizon: float | str,
        *,
        interval: float | None = None,
        interval_for: IntervalFor = "outcome",
        by: str | None = None,
        draws: int = 200,
        random_state: RandomState = 0,
    ) -> frames.Frame:
        """Expected purchases of each customer within a horizon after the end of observation.

        Parameters
        ----------
        rfm : RFM
        horizon : float or str
            In the clock's unit, or a length with its unit such as "12 months"; whole opportunities on a discrete clock.
        interval : float, optional
            Central probability, such as 0.9.
        interval_for : {"outcome", "mean"}
            An interval for what will happen, or only for doubt about the parameters.
        by : str, optional
            "total", or an attribute of the RFM: a row a group, with its total.
        draws : int
            Of the parameters, and of the future, for the interval.
        random_state : int or Generator

        Returns
        -------
        frame
            customer_id, expected_purchases, and with an interval expected_purchases_lower and _upper.
        """
        length = self._duration(horizon)
        worth = partial(self.purchases_if_active, length)
        prediction = self.prediction(rfm, "expected_purchases", worth, outcome=partial(self._outcome, length, 0.0))
        return predict(rfm, prediction, Request(interval, interval_for, by, draws, random_state))

    def discounted_purchases(
        self,
        rfm: RFM,
        horizon: float | str,
        annual_discount_rate: float,
        *,
        interval: float | None = None,
        interval_for: IntervalFor = "outcome",
        by: str | None = None,
        draws: int = 200,
        random_state: RandomState = 0,
    ) -> frames.Frame:
        """Expected purchases within a horizon, each worth (1 + rate)^(-years after the end of observation).

        Parameters are those of `expected_purchases`, and the effective yearly rate.

        Returns
        -------
        frame
            customer_id, discounted_purchases, and with an interval discounted_purchases_lower and _upper.
        """
        length = self._duration(horizon)
        rate = self.clock_.continuous_rate(annual_discount_rate)
        worth = partial(self.discounted_if_active, length, rate)
        prediction = self.prediction(rfm, "discounted_purchases", worth, outcome=partial(self._outcome, length, rate))
        return predict(rfm, prediction, Request(interval, interval_for, by, draws, random_state))

    def dert(
        self,
        rfm: RFM,
        annual_discount_rate: float,
        *,
        interval: float | None = None,
        by: str | None = None,
        draws: int = 200,
        random_state: RandomState = 0,
    ) -> frames.Frame:
        """Discounted expected residual transactions: of all purchases ever after the end of observation.

        Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42(4), 415-430.

        Parameters
        ----------
        rfm : RFM
        annual_discount_rate : float
            Effective per year, not negative; at 0 a mean exists only where few stay for ever (a > 1, s > 1).
        interval : float, optional
            Central probability of an interval for doubt about the parameters.
        by, draws, random_state
            As for `expected_purchases`.

        Returns
        -------
        frame
            customer_id, share_beyond_ten_years (of the DERT; it rests on the model alone), dert, and with an interval
            dert_lower and dert_upper. With `by`: the group, customers, dert and its interval.

        Raises
        ------
        InvalidOption
            At rate 0 where no mean exists.
        """
        rate = self.clock_.continuous_rate(annual_discount_rate) if self.__sklearn_is_fitted__() else 0.0
        if rate < 0:
            raise InvalidOption(
                f"annual_discount_rate={annual_discount_rate!r}: over all times it must not be negative."
            )
        worth = partial(self.residual_if_active, rate)
        prediction = self.prediction(rfm, "dert", worth)
        if not np.all(np.isfinite(prediction.point)):
            raise InvalidOption(
                f"Without a discount rate the residual transactions of {self.process.title} have no mean under these "
                "parameters: too many customers may stay for ever. Give annual_discount_rate= a positive number."
            )
        request = Request(interval, "mean", by, draws, random_state)
        if by is not None:
            return predict(rfm, prediction, request)
        decade = 10 * self.clock_.units_per_year
        alive = self.alive(rfm)
        near = alive * self.if_active(rfm, partial(self.discounted_if_active, decade, rate))
        share = 1 - np.divide(near, prediction.point, out=np.ones(len(rfm)), where=prediction.point > 0)
        return predict(rfm, prediction, request, share_beyond_ten_years=np.clip(share, 0.0, 1.0))

    def mean_purchases(self, t: float | str | Sequence[float] | Array, rfm: RFM | None = None) -> Any:
        """Expected repeat purchases of a new customer by t after the first purchase.

        Parameters
        ----------
        t : float, str or array
            In the clock's unit, or a length with its unit.
        rfm : RFM, optional
            Of a model with covariates or groups: customers such as these, of whom the mean is told.

        Returns
        -------
        float, or array of the shape of t
        """
        p = self._parameters
        extra = [name for name in self.process.state if name not in self.plain.state]
        if extra and rfm is None:
            raise InvalidOption("This model tells customers apart: pass rfm= with customers such as those you mean.")
        if isinstance(t, (str, float, int)):
            return float(self.mean_purchases(np.array([self._duration(t, "t")]), rfm)[0])
        times = np.asarray(t, dtype=float)
        if not np.all(np.isfinite(times) & (times >= 0)):
            raise InvalidOption("t must be finite and not negative.")
        if not extra or rfm is None:
            return self.process.mean_purchases(p, times.ravel()).reshape(times.shape)
        self._check_rfm(rfm)
        kinds = counted_rows(self._values(rfm, extra))
        told = [
            np.sum(kinds.counts * self._of_new(np.full(len(kinds.counts), t), kinds.columns)) for t in times.ravel()
        ]
        return np.array(told).reshape(times.shape) / kinds.customers

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
            if process.state != self.plain.state:
                raise InvalidOption("This model tells customers apart: pass rfm= with those you mean.")
            return process.new_customer_pmf(p, k, h)
        self._check_rfm(rfm)

        def chances(*columns: Array) -> Array:
            return process.pmf(p, k[:, None], h, *columns)

        table = self._rows(rfm).evaluate(chances)
        return self._table(rfm, {f"pmf_{int(count)}": column for count, column in zip(k, table, strict=True)})

    def quantities(
        self, rfm: RFM, *, interval: float = 0.9, draws: int = 1_000, random_state: RandomState = 0
    ) -> pd.DataFrame:
        """Quantities people quote, with intervals for doubt about the parameters.

        Mean rates and probabilities of the process over new customers, the time between purchases of an active customer
        who buys at the mean rate, and the share of these customers that is gone.

        Returns
        -------
        DataFrame
            A row a quantity: estimate, lower, upper, unit.
        """
        import pandas as pd

        request = Request(interval, "mean", None, draws, random_state)
        process, seed = self.process, seed_of(random_state)
        drawn = process.quantities(process.Parameters(*draw_parameters(process, self.fit_, draws, seed)))
        alive = self.probability_alive(rfm, interval=request.interval, by="total", draws=draws, random_state=seed)
        rows: dict[str, tuple[Any, ...]] = {}
        tail = 0.5 * (1 - interval)
        for name, estimate in process.quantities(self._parameters).items():
            lower, upper = np.quantile(drawn[name], [tail, 1 - tail])
            rows[name] = (float(estimate), lower, upper, self._unit_power(process.quantity_powers[name]))
        gone = [1 - float(alive[f"probability_alive{end}"][0]) for end in ("", "_upper", "_lower")]
        rows["share gone"] = (*gone, "")
        told = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "lower", "upper", "unit"])
        return told.rename_axis("quantity")
