"""Estimators of purchase processes: when customers buy, and whether they still do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.errors import ClockMismatch, InvalidOption, InvalidRFM
from clvmodels.estimators.base import SMALLEST_GROUP, FittedProcess
from clvmodels.estimators.design import Formulas
from clvmodels.estimators.uncertain import IntervalFor, Prediction, Request, predict
from clvmodels.inference.fitting import Fit
from clvmodels.inference.statistics import CountedRows, UniqueRows, counted_rows, in_blocks, under_each, unique_rows
from clvmodels.inference.uncertainty import RandomState, draw_parameters, seed_of
from clvmodels.processes import bgbb, bgnbd, ggompertz_nbd, mbgnbd, nbd, pareto_nbd
from clvmodels.processes.contract import Array, Future, PurchaseProcess
from clvmodels.transactions.rfm import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BGBB", "BGNBD", "MBGNBD", "NBD", "GGompertzNBD", "ParetoNBD", "PurchaseModel", "data_fingerprint"]

DropoutMoves = Literal["mean", "spread"]
TIMES = ("recency", "T")
INTERTIMES = "sum_log_intertimes"
HISTORY = ("frequency", *TIMES)
TEN_YEARS = "10 years"


class PurchaseModel(FittedProcess):
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

    plain: ClassVar[PurchaseProcess]

    if TYPE_CHECKING:

        @property
        def process(self) -> PurchaseProcess: ...

    def __init__(
        self,
        prior: Mapping[str, tuple[float, float]] | None = None,
        *,
        purchase: str | None = None,
        dropout: str | None = None,
        equal: Sequence[str] = (),
        dropout_moves: DropoutMoves = "mean",
        l2: float = 0.0,
        by: str | None = None,
        smallest_group: int = SMALLEST_GROUP,
    ) -> None:
        super().__init__(prior, l2=l2, by=by, smallest_group=smallest_group)
        self.purchase = purchase
        self.dropout = dropout
        self.equal = equal
        self.dropout_moves = dropout_moves

    @property
    def _roles(self) -> dict[str, str | None]:
        return {"purchase": self.purchase, "dropout": self.dropout}

    @property
    def _formulas(self) -> Formulas | None:
        asked = super()._formulas
        return asked and replace(asked, equal=tuple(self.equal), spread=self.dropout_moves == "spread")

    @property
    def _asked(self) -> str:
        told = super()._asked
        more = [f"equal {name}" for name in self.equal] + ["spread"] * (self.dropout_moves == "spread")
        return ", ".join([told[:-1], *more]) + ")" if told and more else told

    def _check_options(self) -> None:
        super()._check_options()
        if self.dropout_moves not in get_args(DropoutMoves):
            raise InvalidOption(f"dropout_moves={self.dropout_moves!r} is not one of 'mean', 'spread'.")
        if not (isinstance(self.equal, (list, tuple)) and all(isinstance(name, str) for name in self.equal)):
            raise InvalidOption(f"equal={self.equal!r} must be a list of names, such as ['age'].")
        if self.equal and self._formulas is None:
            raise InvalidOption(f"equal={self.equal!r}: there are no covariates to have equal coefficients.")

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
        self._forget()
        self._check_rfm(rfm)
        if len(rfm) == 0 or not np.any(rfm.T > 0):
            raise InvalidRFM("No customer was observed for any time after the first purchase: there is nothing to fit.")
        self._learn(rfm)
        return self._maximize(rfm, float(np.mean(rfm.T)))

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

    def arrivals(self, t: Array, rfm: RFM) -> Array:
        """Expected repeat purchases of each customer by t (n,), as told when the customer was new, (n,)."""
        self._check_rfm(rfm)
        extra = [name for name in self.process.state if name not in self.plain.state]
        rows = unique_rows([t, *self._values(rfm, extra)], [rfm.clock.ticks_per_unit, *[1.0] * len(extra)])
        return rows.evaluate(lambda t, *kind: self._of_new(t, kind))

    def _of_new(self, t: Array, kind: Sequence[Array]) -> Array:
        """Expected purchases by t (m,) of new customers with these covariates and groups, each (m,)."""
        nothing = [np.zeros(len(t))] * len(self.plain.statistics)
        return self.process.expected_purchases(self._parameters, t, *nothing, *kind)

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

    def prediction(
        self,
        rfm: RFM,
        name: str,
        if_active: Callable[..., Array] | None,
        outcome: Callable[..., Callable[..., Array]] | None = None,
        alive: Array | None = None,
    ) -> Prediction:
        """P(alive) times what an active customer would do, ready to be told with or without an interval.

        Parameters
        ----------
        if_active : function (p, *state), optional
            Default: 1.
        outcome : function (seed, draws) -> function (generator, *columns), optional
            One customer's possible outcomes.
        alive : array (n,), optional
            P(alive), where it is known already.
        """
        point = self.alive(rfm) if alive is None else alive
        if if_active is not None:
            point = point * self.if_active(rfm, if_active)
        names = self._columns
        values = self._values(rfm, names)
        columns = {name: np.asarray(value, dtype=float) for name, value in zip(names, values, strict=True)}
        return Prediction(name, point, columns, _ticks(rfm, names), partial(self._under_draws, if_active), outcome)

    def alive(self, rfm: RFM) -> Array:
        """P(alive) of each customer (n,)."""
        p, process = self._parameters, self.process
        self._check_rfm(rfm)
        told = partial(process.probability_alive, p)
        if process.elementary:
            return in_blocks(told, [np.asarray(value, dtype=float) for value in self._values(rfm, process.statistics)])
        return self._rows(rfm).evaluate(told)

    def if_active(self, rfm: RFM, function: Callable[..., Array]) -> Array:
        """function(p, *state) of each customer (n,), computed once for each distinct state."""
        p = self._parameters
        self._check_rfm(rfm)
        return self._rows(rfm, self.process.state).evaluate(lambda *state: function(p, *state))

    def _under_draws(self, if_active: Callable[..., Array] | None, seed: int, draws: int) -> Callable[..., Array]:
        """The mean under each draw of the parameters, as a function of columns (b,) with values (draws, b)."""
        process = self.process
        drawn = draw_parameters(process, self.fit_, draws, seed)
        p = process.Parameters(*drawn[:, :, None])
        each = [process.Parameters(*values) for values in drawn.T]

        def mean(*columns: Array) -> Array:
            alive: Array = process.probability_alive(p, *self._statistics(columns))
            if if_active is None:
                return alive
            state = columns[: len(process.state)]
            return alive * under_each(if_active, each, *state)

        return mean

    def _outcome(self, length: float, rate: float, seed: int, draws: int) -> Callable[..., Array]:
        future = self.futures(length, rate, seed, draws)
        return lambda generator, *columns: future(generator, *columns).worth

    def futures(self, length: float, rate: float, seed: int, draws: int) -> Callable[..., Future]:
        """A customer's possible futures, one under each draw: a function of a generator and the customer's columns."""
        process = self.process
        p = process.Parameters(*draw_parameters(process, self.fit_, draws, seed))

        def future(generator: np.random.Generator, *columns: Array) -> Future:
            return process.sample_future(p, length, rate, *self._statistics(columns), generator=generator)

        return future

    def expected_totals(self, rfm: RFM, lengths: Array) -> Array:
        """Expected purchases of all customers together within each length after the end of observation, (k,)."""
        p, alive = self._parameters, self.alive(rfm)
        rows = self._rows(rfm, self.process.state)
        together = np.bincount(rows.positions, weights=alive)
        return np.array([together @ self.purchases_if_active(length, p, *rows.columns) for length in lengths])

    def outcomes(self, rfm: RFM, length: float, draws: int, generator: np.random.Generator) -> Array:
        """What each customer may buy within a length, at the parameters estimated, (draws, n).

        Doubt about the parameters, which all customers share, is left out: `futures` has it.
        """
        process, columns = self.process, self._values(rfm, self._columns)
        state = [np.asarray(column, dtype=float) for column in columns[: len(process.state)]]
        active = generator.random((draws, len(rfm))) < self.alive(rfm)
        return process.sample_if_active(self._parameters, length, 0.0, *state, active, generator).purchases

    def _statistics(self, columns: Sequence[Array]) -> list[Array]:
        """Columns of a prediction in the order of the process's statistics."""
        return [columns[self._columns.index(name)] for name in self.process.statistics]

    @property
    def _columns(self) -> list[str]:
        """What a prediction depends on, state first, so that customers of one state lie together."""
        process = self.process
        return [*process.state, *(name for name in process.statistics if name not in process.state)]

    def survival_if_active(self, length: float, p: Any, *state: Array) -> Array:
        """P(active a length later) of an active customer; the parameters and the state come last."""
        return self.process.survival_if_active(p, length, *state)

    def residual_if_active(self, rate: float, p: Any, *state: Array) -> Array:
        """Expected purchases ever after of an active customer, discounted at a continuous rate."""
        return self.process.residual_discounted_if_active(p, rate, *state)

    def _buys_if_active(self, length: float, p: Any, *state: Array) -> Array:
        return 1 - self.process.pmf_if_active(p, np.zeros(()), length, *state)

    def purchases_if_active(self, length: float, p: Any, *state: Array) -> Array:
        """Expected purchases within a length of an active customer."""
        return self.process.purchases_if_active(p, length, *state)

    def discounted_if_active(self, length: float, rate: float, p: Any, *state: Array) -> Array:
        """The same, discounted at a continuous rate."""
        return self.process.discounted_if_active(p, length, rate, *state)

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
            rows[name] = (float(estimate), lower, upper, self._unit_power(_power_of_time(name)))
        gone = [1 - float(alive[f"probability_alive{end}"][0]) for end in ("", "_upper", "_lower")]
        rows["share gone"] = (*gone, "")
        told = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "lower", "upper", "unit"])
        return told.rename_axis("quantity")

    def _check_rfm(self, rfm: RFM) -> None:
        super()._check_rfm(rfm)
        title, process = self.title, self.process
        if process.discrete and not rfm.clock.discrete:
            raise ClockMismatch(
                f"{title} counts opportunities to buy, and this RFM tells time in {rfm.clock}: make it with the "
                "opportunity as both time_unit and merge_within, such as 'year' (or 'month', 'week')."
            )
        if rfm.clock.discrete and not process.discrete:
            raise ClockMismatch(
                f"{title} needs to know when purchases were made, and this RFM tells time in {rfm.clock}: make it with "
                "merge_within='day', or fit a discrete process such as BG/BB."
            )
        if INTERTIMES in process.statistics and rfm.sum_log_intertimes is None:
            raise InvalidRFM(
                f"{title} reads {INTERTIMES}, which this RFM does not have: make it with "
                "rfm_summary(log, ..., intertimes=True), likewise holdout_split."
            )

    def _rows(self, rfm: RFM, names: Sequence[str] | None = None) -> UniqueRows:
        names = self.process.statistics if names is None else names
        return unique_rows(self._values(rfm, names), _ticks(rfm, names))

    def _counted(self, rfm: RFM) -> CountedRows:
        names = self.process.statistics
        return counted_rows(self._values(rfm, names), _ticks(rfm, names))

    def _data_fingerprint(self, rfm: RFM, fit: Fit) -> str:
        if self.process.statistics == HISTORY:
            return fit.fingerprint  # counted already
        return data_fingerprint(rfm)

    def _duration(self, horizon: float | str, name: str = "horizon") -> float:
        self._check_fitted()
        return self.clock_.duration(horizon, name)

    def _unit(self, name: str) -> str:
        self._check_fitted()
        return self._unit_power(self.process.parametrization.unit_powers.get(name, 0))

    def _unit_power(self, power: int) -> str:
        return {0: "", 1: f"{self.clock_.time_unit}s", -1: f"per {self.clock_.time_unit}"}[power]


def _power_of_time(quantity: str) -> int:
    """Of a quantity, by its name: rates are per unit of time, times and lifetimes are told in it."""
    name = quantity.partition("[")[0]  # the group follows
    return -1 if name.endswith("rate") else 1 if "time" in name else 0


def _ticks(rfm: RFM, names: Sequence[str]) -> list[float]:
    """What makes each column whole numbers: times are whole ticks."""
    return [rfm.clock.ticks_per_unit if name in TIMES else 1.0 for name in names]


def data_fingerprint(rfm: RFM) -> str:
    """SHA-256 of the customers' frequency, recency and T, in any order: the same whatever of these a process reads.

    Times are told in the RFM's clock, so it tells the same data only together with an equal clock.
    """
    return counted_rows([rfm[name] for name in HISTORY], _ticks(rfm, HISTORY)).fingerprint()


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

    plain: ClassVar[PurchaseProcess] = bgnbd.PROCESS


class MBGNBD(PurchaseModel):
    """MBG/NBD: BG/NBD in which a customer may also drop out after the first purchase.

    Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24(3), 201-209. Customers who
    bought once are then alive with a probability below 1.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.MBGNBD().fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'r': 0.525, 'alpha': 6.183, 'a': 0.891, 'b': 1.614}
    """

    plain: ClassVar[PurchaseProcess] = mbgnbd.PROCESS


class ParetoNBD(PurchaseModel):
    """Pareto/NBD: purchases at a gamma-distributed rate until dropout, which comes at a gamma-distributed rate too.

    Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24. Customers may leave at any time, not only
    after a purchase.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.ParetoNBD().fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'r': 0.553, 'alpha': 10.578, 's': 0.606, 'beta': 11.669}
    """

    plain: ClassVar[PurchaseProcess] = pareto_nbd.PROCESS


class GGompertzNBD(PurchaseModel):
    """GGompertz/NBD: Pareto/NBD in which dropout grows likelier with a customer's age.

    Bemmaor & Glady (2012), Management Science 58(5), 1012-1021. Where age does not count, b falls to 0, beta/b is
    Pareto/NBD's beta, and the fit says so: on CDNOW it is at that boundary.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.GGompertzNBD().fit(rfm)
    >>> model.fit_.status, round(model.parameters_["beta"] / model.parameters_["b"], 2)
    ('boundary', 11.67)
    """

    plain: ClassVar[PurchaseProcess] = ggompertz_nbd.PROCESS


class NBD(PurchaseModel):
    """NBD: purchases at a gamma-distributed rate, and nobody ever drops out.

    Ehrenberg (1959), Applied Statistics 8(1), 26-41. What BG/NBD becomes without dropout; a rival that shows what
    dropout is worth.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.NBD().fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'r': 0.385, 'alpha': 12.072}
    """

    plain: ClassVar[PurchaseProcess] = nbd.PROCESS


class BGBB(PurchaseModel):
    """BG/BB: before each opportunity a beta-distributed chance of dropping out, then one of buying.

    Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108. For purchases that can be made once a week, month
    or year: the RFM has to be told in these opportunities, with time_unit and merge_within of that name. P(alive) is
    told after the last opportunity seen; the paper, and the R package BTYD, tell it at the next: horizon=1.

    Examples
    --------
    >>> import clvmodels as clv
    >>> donors = clv.datasets.load_donations()
    >>> donors = donors.loc[donors.index.repeat(donors["weights"])].rename(columns={"periods": "T"})
    >>> donors["customer_id"] = range(len(donors))
    >>> rfm = clv.RFM.from_frame(donors, time_unit="year", merge_within="year")
    >>> model = clv.BGBB().fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'alpha': 1.204, 'beta': 0.75, 'gamma': 0.657, 'delta': 2.783}
    """

    plain: ClassVar[PurchaseProcess] = bgbb.PROCESS
