"""The predictions of every purchase model: P(alive), future purchases and their probabilities, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.errors import InvalidOption
from clvmodels.estimators.future_times import FutureTimes
from clvmodels.estimators.goodness_of_fit import TestedPurchases
from clvmodels.estimators.prediction import IntervalFor, IntervalOfTotal, PredictionOptions, predict
from clvmodels.inference.statistics import counted_rows
from clvmodels.inference.uncertainty import RandomState, draw_parameters, seed_of
from clvmodels.processes.contract import Array
from clvmodels.processes.quantities import SHARE_GONE
from clvmodels.transactions.summary import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PurchaseModel"]


class PurchaseModel(FutureTimes, TestedPurchases):
    """Base class of models of purchases; a subclass names the process.

    The subclasses document their parameters. `purchase` and `dropout` are formulas with columns of the RFM (see
    `rfm.with_columns`), such as "C(channel) + age": columns, C(column) for categories, and the operators + : *.
    Coefficients are per unit of a column. The other parameters are those of customers whose columns are all 0, or at
    their median where that is far from 0, as for a year (`design_.origin`). In Pareto/NBD alpha_i = alpha exp(-g z) and
    beta_i = beta exp(-g z). In models with a beta-distributed dropout probability the logit of the mean a/(a+b) shifts
    and a + b stays the same.

    All processes assume that how often customers buy and how soon they drop out are independent between customers.
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
        """Return the probability that each customer is active at the end of observation, or a horizon after it.

        Parameters
        ----------
        rfm : RFM
        horizon : float or str, default=0.0
            A time after the end of observation, in the clock's unit or as a length with its unit such as "12 months".
            For a discrete process, 1 is the next opportunity.
        interval : float, optional
            Central probability, such as 0.9, of an interval for the uncertainty of the parameters.
        by : str, optional
            "total", or an attribute of the RFM: one row per group, with the mean over its customers.
        draws : int, default=200
            Number of draws of the parameters for the interval.
        random_state : int or Generator, default=0

        Returns
        -------
        frame
            customer_id, probability_alive, and with an interval probability_alive_lower and probability_alive_upper; of
            the same kind as the frame of the log.
        """
        length = self._duration(horizon)
        survives = partial(self.ahead_of(rfm).survival_if_active, length) if length > 0 else None
        prediction = replace(self.prediction(rfm, "probability_alive", survives), average=True)
        return predict(rfm, prediction, PredictionOptions(interval, "mean", by, draws, random_state))

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
        """Return the probability that each customer buys nothing within a horizon, whether active or not.

        Parameters
        ----------
        rfm : RFM
        horizon : float or str
            In the clock's unit, or a length with its unit such as "12 months".
        interval : float, optional
            Central probability, such as 0.9, of an interval for the uncertainty of the parameters.
        by : str, optional
            "total", or an attribute of the RFM: one row per group, with the mean over its customers.
        draws : int, default=200
            Number of draws of the parameters for the interval.
        random_state : int or Generator, default=0

        Returns
        -------
        frame
            customer_id, probability_no_purchase, and with an interval probability_no_purchase_lower and
            probability_no_purchase_upper.
        """
        length = self._duration(horizon)
        # 1 - P(alive) P(a purchase | active): the product is a prediction like others, and its complement is taken at
        # the end.
        buys = self.prediction(rfm, "probability_no_purchase", partial(self.ahead_of(rfm)._buys_if_active, length))
        prediction = replace(buys, average=True, complement=True)
        return predict(rfm, prediction, PredictionOptions(interval, "mean", by, draws, random_state))

    def posterior_means(self, rfm: RFM) -> frames.Frame:
        """Return the posterior means of each customer's own purchase rate and dropout, given the history.

        Parameters
        ----------
        rfm : RFM

        Returns
        -------
        frame
            customer_id, and what varies between customers under the process: purchase_rate (purchases per unit of the
            clock while active) or purchase_probability, dropout_rate or dropout_probability.
        """
        p, names = self._parameters, list[str]()
        self._check_rfm(rfm)

        def means(*columns: Array) -> Array:
            posterior = self.process.posterior_means(p, *columns)
            names[:] = posterior
            return np.stack(np.broadcast_arrays(*posterior.values()))

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
        total_interval: IntervalOfTotal = "history",
    ) -> frames.Frame:
        """Return the expected purchases of each customer within a horizon after the end of observation.

        Parameters
        ----------
        rfm : RFM
        horizon : float or str
            In the clock's unit, or a length with its unit such as "12 months"; whole opportunities on a discrete clock.
        interval : float, optional
            Central probability, such as 0.9.
        interval_for : {"outcome", "mean"}
            An interval for actual purchases, or only for the uncertainty of the parameters.
        by : str, optional
            "total", or an attribute of the RFM: one row per group, with its total.
        draws : int, default=200
            Number of draws of the parameters and of the future for the interval.
        random_state : int or Generator, default=0
        total_interval : {"history", "model"} or TotalInterval, default="history"
            Whether intervals of totals and groups allow for changing conditions, with the spread of other shops or that
            of a TotalInterval from `CustomerModel.total`; "model": only for chance and parameters.

        Returns
        -------
        frame
            customer_id, expected_purchases, and with an interval expected_purchases_lower and expected_purchases_upper.
            With `by`: the group, customers, the same columns, and for outcomes total_interval, the source of the
            spread: "other_shops", "history", "model", or "not_tested" if no totals this far ahead are known. Sentences
            on it are `model.level_of_totals(horizon).findings`.
        """
        length, bound = self._duration(horizon), self.ahead_of(rfm)
        worth = bound.purchases_within(length)
        options = PredictionOptions(interval, interval_for, by, draws, random_state, total_interval)
        return predict(rfm, bound.purchases_prediction(rfm, "expected_purchases", worth, length, 0.0), options)

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
        total_interval: IntervalOfTotal = "history",
    ) -> frames.Frame:
        """Return the expected purchases within a horizon, each worth (1 + rate)^(-years after the end of observation).

        Parameters
        ----------
        rfm : RFM
        horizon : float or str
            In the clock's unit, or a length with its unit such as "12 months".
        annual_discount_rate : float
            Effective rate per year, such as 0.1.
        interval : float, optional
            Central probability, such as 0.9.
        interval_for : {"outcome", "mean"}
            An interval for actual purchases, or only for the uncertainty of the parameters.
        by : str, optional
            "total", or an attribute of the RFM: one row per group, with its total.
        draws : int, default=200
            Number of draws of the parameters and of the future for the interval.
        random_state : int or Generator, default=0
        total_interval : {"history", "model"} or TotalInterval, default="history"
            As in `expected_purchases`.

        Returns
        -------
        frame
            customer_id, discounted_purchases, and with an interval discounted_purchases_lower and
            discounted_purchases_upper.
        """
        length, bound = self._duration(horizon), self.ahead_of(rfm)
        rate = self.clock_.continuous_rate(annual_discount_rate)
        worth = partial(bound.discounted_if_active, length, rate)
        options = PredictionOptions(interval, interval_for, by, draws, random_state, total_interval)
        return predict(rfm, bound.purchases_prediction(rfm, "discounted_purchases", worth, length, rate), options)

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
        """Return the discounted expected residual transactions (DERT): all future purchases, discounted.

        Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42(4), 415-430.

        Parameters
        ----------
        rfm : RFM
        annual_discount_rate : float
            Effective rate per year, not negative. At 0 a mean exists only if few customers stay forever (a > 1, s > 1).
        interval : float, optional
            Central probability of an interval for the uncertainty of the parameters.
        by : str, optional
            "total", or an attribute of the RFM: one row per group, with its total.
        draws : int, default=200
            Number of draws of the parameters for the interval.
        random_state : int or Generator, default=0

        Returns
        -------
        frame
            customer_id, share_beyond_ten_years (the share of the DERT more than ten years ahead, for which the model is
            the only evidence), dert, and with an interval dert_lower and dert_upper. With `by`: the group, customers,
            dert and its interval.

        Raises
        ------
        InvalidOption
            At rate 0, if no mean exists.
        """
        rate = self.clock_.continuous_rate(annual_discount_rate) if self.__sklearn_is_fitted__() else 0.0
        if rate < 0:
            raise InvalidOption(
                f"annual_discount_rate={annual_discount_rate!r} must not be negative for DERT, which has no end."
            )
        bound = self.ahead_of(rfm)
        worth = partial(bound.residual_if_active, rate)
        prediction = self.prediction(rfm, "dert", worth)
        if not np.all(np.isfinite(prediction.point)):
            raise InvalidOption(
                f"Without a discount rate the residual transactions of {self.process.title} have no mean under these "
                "parameters, because too many customers may stay forever: use a positive annual_discount_rate=."
            )
        options = PredictionOptions(interval, "mean", by, draws, random_state)
        if by is not None:
            return predict(rfm, prediction, options)
        decade = 10 * self.clock_.units_per_year
        alive = self.alive(rfm)
        near = alive * self.if_active(rfm, partial(bound.discounted_if_active, decade, rate))
        share = 1 - np.divide(near, prediction.point, out=np.ones(len(rfm)), where=prediction.point > 0)
        return predict(rfm, prediction, options, share_beyond_ten_years=np.clip(share, 0.0, 1.0))

    def mean_purchases(self, t: float | str | Sequence[float] | Array, rfm: RFM | None = None) -> Any:
        """Return the expected repeat purchases of a new customer by t after the first purchase, at the average speed.

        Parameters
        ----------
        t : float, str or array
            In the clock's unit, or a length with its unit.
        rfm : RFM, optional
            Customers over whose covariates and groups to average; required for models with covariates or groups.

        Returns
        -------
        float, or array of the shape of t
        """
        p = self._parameters
        extra = [name for name in self.process.state if name not in self.plain.state]
        if extra and rfm is None:
            raise InvalidOption(
                "This model has covariates or groups: pass rfm= with the customers over whom to average."
            )
        if isinstance(t, (str, float, int)):
            return float(self.mean_purchases(np.array([self._duration(t, "t")]), rfm)[0])
        times = np.asarray(t, dtype=float)
        if not np.all(np.isfinite(times) & (times >= 0)):
            raise InvalidOption("t must be finite and not negative.")
        if not extra or rfm is None:
            return self.process.mean_purchases(p, times.ravel()).reshape(times.shape)
        self._check_rfm(rfm)
        kinds = counted_rows(self._values(rfm, extra))
        totals = [
            np.sum(kinds.counts * self._mean_purchases_of_new(np.full(len(kinds.counts), t), kinds.columns))
            for t in times.ravel()
        ]
        return np.array(totals).reshape(times.shape) / kinds.customers

    def pmf(
        self,
        counts: Sequence[int] | npt.NDArray[np.integer[Any]],
        horizon: float | str,
        rfm: RFM | None = None,
    ) -> Any:
        """Return the probabilities of numbers of purchases within a horizon.

        Parameters
        ----------
        counts : sequence of int
            Numbers of purchases, at least 0.
        horizon : float or str
            In the clock's unit, or a length with its unit such as "12 months".
        rfm : RFM, optional
            Customers, given their histories. Default: a new customer, from the first purchase on.

        Returns
        -------
        array of the shape of counts, or frame
            For an RFM: customer_id and one column per count, pmf_0, pmf_1, ...
        """
        k = np.atleast_1d(np.asarray(counts))
        if k.ndim != 1 or not np.issubdtype(k.dtype, np.integer) or np.any(k < 0):
            raise InvalidOption("counts must be whole numbers of at least 0, such as range(11).")
        h, p, process = self._duration(horizon), self._parameters, self.process
        if rfm is None:
            if process.state != self.plain.state:
                raise InvalidOption("This model has covariates or groups: pass rfm= with the customers to use.")
            return process.new_customer_pmf(p, k, h)
        future, alive = self.ahead_of(rfm).future, self.alive(rfm)
        table = alive * self.if_active(rfm, lambda p, *state: future.pmf_if_active(p, k[:, None], h, *state))
        table[k == 0] += 1 - alive
        return self._table(rfm, {f"pmf_{int(count)}": column for count, column in zip(k, table, strict=True)})

    def quantities(
        self, rfm: RFM, *, interval: float = 0.9, draws: int = 1_000, random_state: RandomState = 0
    ) -> pd.DataFrame:
        """Return summary quantities of the model, with intervals for the uncertainty of the parameters.

        They are mean rates and probabilities over new customers, the time between purchases of an active customer who
        buys at the mean rate, and the share of the customers of an RFM that is gone.

        Parameters
        ----------
        rfm : RFM
        interval : float, default=0.9
            Central probability of the intervals.
        draws : int, default=1000
            Number of draws of the parameters.
        random_state : int or Generator, default=0

        Returns
        -------
        DataFrame
            One row per quantity: estimate, lower, upper, unit.
        """
        import pandas as pd

        options = PredictionOptions(interval, "mean", None, draws, random_state)
        process, seed = self.process, seed_of(random_state)
        drawn = process.quantities(process.Parameters(*draw_parameters(process, self.fit_, draws, seed)))
        alive = self.probability_alive(rfm, interval=options.interval, by="total", draws=draws, random_state=seed)
        rows: dict[str, tuple[Any, ...]] = {}
        tail = 0.5 * (1 - interval)
        for name, estimate in process.quantities(self._parameters).items():
            lower, upper = np.quantile(drawn[name], [tail, 1 - tail])
            rows[name] = (float(estimate), lower, upper, self._unit_power(process.quantity_powers[name]))
        gone = [1 - float(alive[f"probability_alive{end}"][0]) for end in ("", "_upper", "_lower")]
        rows[SHARE_GONE] = (*gone, "")
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "lower", "upper", "unit"])
        return table.rename_axis("quantity")
