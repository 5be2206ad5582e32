"""Purchase processes fitted to RFMs, and the expectations of active customers that predictions consist of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args

import numpy as np

from clvmodels.errors import ClockMismatch, InvalidOption, InvalidRFM
from clvmodels.estimators.base import FittedProcess
from clvmodels.estimators.design import Formulas
from clvmodels.estimators.options import SMALLEST_GROUP, refuse_options_of_customers
from clvmodels.estimators.prediction import PredictedQuantity
from clvmodels.inference.calendar_time import on_calendar
from clvmodels.inference.fitting import Fit, maximize
from clvmodels.inference.purchase_counts import PurchaseCounts
from clvmodels.inference.statistics import CountedRows, UniqueRows, counted_rows, in_blocks, unique_rows
from clvmodels.inference.totals.reference_class import TotalQuantity
from clvmodels.inference.totals.total_interval import TotalInterval, other_shops
from clvmodels.inference.uncertainty import PurchasesWithin, draw_parameters, under_draws
from clvmodels.processes.contract import Array, Future, PurchaseProcess
from clvmodels.transactions.calendar_columns import calendar_columns, time_ahead
from clvmodels.transactions.counts.fit_counts import FitCounts
from clvmodels.transactions.rfm import refuse_summary
from clvmodels.transactions.summary import RFM

__all__ = ["DropoutMoves", "FittedPurchases", "data_fingerprint"]

DropoutMoves = Literal["mean", "spread"]
TIMES = ("recency", "T")
INTERTIMES = "sum_log_intertimes"
HISTORY = ("frequency", *TIMES)
SHORTEST_DAYS, LONGEST_DAYS = 1e-6, 1e9  # a horizon may be 0 or infinite


class FittedPurchases(FittedProcess):
    """A purchase process with its options, its fit, and expectations as arrays; `PurchaseModel` adds tables."""

    plain: ClassVar[PurchaseProcess]
    needs_intertimes: ClassVar[bool] = False  # whether it fits only an RFM made with intertimes=True
    _future_process: PurchaseProcess

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
        formulas = super()._formulas
        return formulas and replace(formulas, equal=tuple(self.equal), spread=self.dropout_moves == "spread")

    @property
    def _option_texts(self) -> list[str]:
        options = super()._option_texts
        if options:
            options += [f"equal {name}" for name in self.equal] + ["spread"] * (self.dropout_moves == "spread")
        return options

    def _check_options(self) -> None:
        super()._check_options()
        if self.dropout_moves not in get_args(DropoutMoves):
            raise InvalidOption(f"dropout_moves={self.dropout_moves!r} is not one of 'mean', 'spread'.")
        if not (isinstance(self.equal, (list, tuple)) and all(isinstance(name, str) for name in self.equal)):
            raise InvalidOption(f"equal={self.equal!r} must be a list of names, such as ['age'].")
        if self.equal and self._formulas is None:
            raise InvalidOption(f"equal={self.equal!r}: there are no covariates to have equal coefficients.")

    def fit(self, rfm: RFM | FitCounts, y: Any = None) -> Self:
        """Fit the model by maximum likelihood.

        Parameters
        ----------
        rfm : RFM or FitCounts
            From `rfm_summary`, or, for models without covariates, groups or intertimes, from `fit_counts`; its clock
            becomes the model's.
        y : ignored
            Exists for compatibility with scikit-learn.

        Returns
        -------
        self

        Raises
        ------
        FitFailed
            If no maximum is found. A maximum at a limit is not a failure: `fit_.status` is then "boundary".
        InvalidRFM
            If all customers of a log bought once, as in a summary with one row per customer, and there is no `prior`.
        """
        self._reset()
        if isinstance(rfm, FitCounts):
            return self._fit_counts(rfm)
        self._check_rfm(rfm)
        if len(rfm) == 0 or not np.any(rfm.T > 0):
            raise InvalidRFM("No customer was observed for any time after the first purchase: there is nothing to fit.")
        if self.prior is None and rfm.observation_end is not None:  # made from a log, not from a frame of histories
            refuse_summary(int(rfm.frequency.sum()), len(rfm))
        self._set_up_process(rfm)
        return self._maximize(rfm, float(np.mean(rfm.T)))

    def _fit_counts(self, counts: FitCounts) -> Self:
        """Fit to counts of customers by history."""
        rfm, customers = counts.histories, counts.customers
        refuse_options_of_customers(self._formulas, self.by)
        self._check_rfm(rfm)
        if self.prior is None:
            refuse_summary(int(rfm.frequency @ customers), int(customers.sum()))
        self._set_up_process(rfm)
        rows = [
            CountedRows(each.columns, np.bincount(each.positions, customers).astype(float))
            for each in (self._rows(rfm), self._rows(rfm, HISTORY))
        ]
        fit = maximize(self.process, rows[0], float(np.average(rfm.T, weights=customers)), self._prior())
        return self._restore(fit, rfm.clock, rfm.observation_end, rows[1].fingerprint())

    def _check_rfm(self, rfm: RFM) -> None:
        super()._check_rfm(rfm)
        title, process = self.title, self.process
        if process.discrete and not rfm.clock.discrete:
            raise ClockMismatch(
                f"{title} counts opportunities to buy, but this RFM is in {rfm.clock}: rebuild it with the "
                "opportunity as both time_unit and merge_within, such as 'year' (or 'month', 'week')."
            )
        if rfm.clock.discrete and not process.discrete:
            raise ClockMismatch(
                f"{title} needs the times of purchases, but this RFM is in {rfm.clock}: rebuild it with "
                "merge_within='day', or fit a discrete process such as BG/BB."
            )
        if INTERTIMES in process.statistics and rfm.sum_log_intertimes is None:
            raise InvalidRFM(
                f"{title} needs {INTERTIMES}, which this RFM does not have: rebuild it with intertimes=True in "
                "rfm_summary or holdout_split."
            )

    def _rows(self, rfm: RFM, names: Sequence[str] | None = None) -> UniqueRows:
        names = self.process.statistics if names is None else names
        # Customers with equal plain times have equal calendar times, which are not whole ticks.
        rows = unique_rows(super()._values(rfm, names), _ticks(rfm, names))
        return replace(rows, columns=calendar_columns(rfm, names, rows.columns))

    def _count_rows(self, rfm: RFM) -> CountedRows:
        names = self.process.statistics
        rows = counted_rows(super()._values(rfm, names), _ticks(rfm, names))
        return replace(rows, columns=calendar_columns(rfm, names, rows.columns))

    def _values(self, rfm: RFM, names: Sequence[str]) -> list[Any]:
        values = super()._values(rfm, names)
        times = rfm.calendar_times() if rfm.clock.seasonal and "T" in names else {}
        return [times.get(name, value) for name, value in zip(names, values, strict=True)]

    def ahead_of(self, rfm: RFM) -> Self:
        """Return the model whose horizons begin at the end of observation of an RFM; itself without a calendar.

        With a calendar, the purchases in a horizon depend on its days. Predictions call this themselves; code that uses
        functions of active customers must call it first.
        """
        self._check_fitted()
        self._check_rfm(rfm)
        if not self.clock_.seasonal:
            return self
        bound = copy(self)
        bound._future_process = on_calendar(self.process, time_ahead(rfm.clock, rfm.observation_end))
        return bound

    @property
    def future(self) -> PurchaseProcess:
        """The process with horizons in plain time after the end of observation; see `ahead_of`."""
        if not self.__sklearn_is_fitted__() or not self.clock_.seasonal:
            return self.process
        if not hasattr(self, "_future_process"):
            raise AssertionError("with a calendar, call ahead_of(rfm) before using a horizon")
        return self._future_process

    def _data_fingerprint(self, rfm: RFM, fit: Fit) -> str:
        if self.process.statistics == HISTORY:
            return fit.fingerprint  # by the same rows
        return data_fingerprint(rfm)

    def _duration(self, horizon: float | str, name: str = "horizon") -> float:
        self._check_fitted()
        return self.clock_.duration(horizon, name)

    def _unit(self, name: str) -> str:
        self._check_fitted()
        return self._unit_power(self.process.parametrization.unit_powers.get(name, 0))

    def _unit_power(self, power: int) -> str:
        return {0: "", 1: f"{self.clock_.time_unit}s", -1: f"per {self.clock_.time_unit}"}[power]

    def alive(self, rfm: RFM) -> Array:
        """Return P(alive) of each customer (n,)."""
        p, process = self._parameters, self.process
        self._check_rfm(rfm)
        probability = partial(process.probability_alive, p)
        if process.elementary:
            return in_blocks(
                probability, [np.asarray(value, dtype=float) for value in self._values(rfm, process.statistics)]
            )
        return self._rows(rfm).evaluate(probability)

    def if_active(self, rfm: RFM, function: Callable[..., Array]) -> Array:
        """Return function(p, *state) of each customer (n,), computed once per distinct state."""
        p = self._parameters
        self._check_rfm(rfm)
        return self._rows(rfm, self.process.state).evaluate(lambda *state: function(p, *state))

    def prediction(
        self,
        rfm: RFM,
        name: str,
        if_active: Callable[..., Array] | None,
        outcome: Callable[..., Callable[..., Array]] | None = None,
        point: Array | None = None,
    ) -> PredictedQuantity:
        """Return P(alive) times a quantity of active customers, for a table with or without an interval.

        Parameters
        ----------
        rfm : RFM
        name : str
            Name of the column.
        if_active : function (p, *state), optional
            The quantity of active customers. Default: 1.
        outcome : function (seed, draws) -> function (generator, *columns), optional
            Returns possible outcomes of one customer.
        point : array (n,), optional
            The product, if it has been computed already.
        """
        if point is None:
            point = self.alive(rfm) if if_active is None else self.alive(rfm) * self.if_active(rfm, if_active)
        names = self._columns
        values = self._values(rfm, names)
        columns = {name: np.asarray(value, dtype=float) for name, value in zip(names, values, strict=True)}
        return PredictedQuantity(
            name, point, columns, _ticks(rfm, names), partial(self._under_draws, if_active), outcome, together=True
        )

    def purchases_prediction(
        self, rfm: RFM, name: str, if_active: Callable[..., Array], length: float, rate: float
    ) -> PredictedQuantity:
        """Return future purchases, each discounted at a rate, for a table with or without an interval of outcomes."""
        prediction = self.prediction(rfm, name, if_active, outcome=partial(self._outcome, length, rate))
        distribution = partial(self.purchase_counts, length) if rate == 0 else None
        return replace(prediction, distribution=distribution, level=partial(self.level_of_totals, length))

    def purchase_counts(self, length: float, seed: int = 0, draws: int = 0) -> PurchaseCounts:
        """Return the distribution of the number of purchases within a length, at the estimates or under draws."""
        process = self.future
        p = draw_parameters(process, self.fit_, draws, seed) if draws else np.array(self._parameters)[:, None]
        return PurchaseCounts(process, process.Parameters(*p[:, :, None]), length, tuple(self._columns))

    def level_of_totals(self, horizon: float | str, quantity: TotalQuantity = "purchases") -> TotalInterval:
        """Return the errors to expect in totals over a horizon without a log; its findings name the source.

        It has no total: `level_draws` are factors of one.
        """
        self._check_fitted()
        is_length = not isinstance(horizon, str) and horizon >= 0  # that of a lifetime may be infinite
        length = float(horizon) if is_length else self._duration(horizon)
        days = min(max(length * self.clock_.days_per_unit, SHORTEST_DAYS), LONGEST_DAYS)
        return other_shops(quantity, self.plain.name, days)

    def _under_draws(self, if_active: Callable[..., Array] | None, seed: int, draws: int) -> Callable[..., Array]:
        """Return a function from columns (b,) to means under each draw of the parameters (draws, b)."""
        process = self.process
        p = process.Parameters(*draw_parameters(process, self.fit_, draws, seed)[:, :, None])

        def mean(*columns: Array) -> Array:
            alive: Array = process.probability_alive(p, *self._statistics(columns))
            if if_active is None:
                return alive
            return alive * under_draws(if_active, process, p, *columns[: len(process.state)])

        return mean

    def _outcome(self, length: float, rate: float, seed: int, draws: int) -> Callable[..., Array]:
        future = self.futures(length, rate, seed, draws)
        return lambda generator, *columns, draw=None: future(generator, *columns, draw=draw).worth

    def futures(self, length: float, rate: float, seed: int, draws: int) -> Callable[..., Future]:
        """Return a function of a generator and columns that draws futures; its arguments are those of an `outcome`."""
        process = self.future
        drawn = draw_parameters(process, self.fit_, draws, seed)

        def future(generator: np.random.Generator, *columns: Array, draw: int | None = None) -> Future:
            p = process.Parameters(*(drawn if draw is None else drawn[:, draw]))
            return process.sample_future(p, length, rate, *self._statistics(columns), generator=generator)

        return future

    def expected_totals(self, rfm: RFM, lengths: Array) -> Array:
        """Return the total expected purchases of all customers within each length after observation ends, (k,)."""
        p, alive, bound = self._parameters, self.alive(rfm), self.ahead_of(rfm)
        rows = self._rows(rfm, self.process.state)
        alive_by_state = np.bincount(rows.positions, weights=alive)
        return np.array([alive_by_state @ bound.purchases_if_active(length, p, *rows.columns) for length in lengths])

    def outcomes(self, rfm: RFM, length: float, draws: int, generator: np.random.Generator) -> Array:
        """Draw the purchases of each customer within a length at the estimated parameters, (draws, n).

        The uncertainty of the parameters is left out; `futures` includes it.
        """
        process, columns = self.ahead_of(rfm).future, self._values(rfm, self._columns)
        state = [np.asarray(column, dtype=float) for column in columns[: len(process.state)]]
        active = generator.random((draws, len(rfm))) < self.alive(rfm)
        return process.sample_if_active(self._parameters, length, 0.0, *state, active, generator).purchases

    def arrivals(self, t: Array, rfm: RFM) -> Array:
        """Return the repeat purchases by t (n,) expected of each customer at the time of the first purchase, (n,).

        With a calendar, t is calendar time.
        """
        self._check_rfm(rfm)
        extra = [name for name in self.process.state if name not in self.plain.state]
        rows = unique_rows([t, *self._values(rfm, extra)], [rfm.clock.ticks_per_unit, *[1.0] * len(extra)])
        return rows.evaluate(lambda t, *columns: self._mean_purchases_of_new(t, columns))

    def _mean_purchases_of_new(self, t: Array, columns: Sequence[Array]) -> Array:
        """Return expected purchases by t (m,) of new customers with these covariates and groups, each (m,)."""
        no_history = [np.zeros(len(t))] * len(self.plain.statistics)
        return self.process.expected_purchases(self._parameters, t, *no_history, *columns)

    def _statistics(self, columns: Sequence[Array]) -> list[Array]:
        """Return the columns of a prediction in the order of the process's statistics."""
        return [columns[self._columns.index(name)] for name in self.process.statistics]

    @property
    def _columns(self) -> list[str]:
        """Names of the columns of a prediction; the state comes first, so that equal states are adjacent."""
        process = self.process
        return [*process.state, *(name for name in process.statistics if name not in process.state)]

    def survival_if_active(self, length: float, p: Any, *state: Array) -> Array:
        """Return P(active after a length) of an active customer; the parameters and the state come last."""
        return self.future.survival_if_active(p, length, *state)

    def purchases_within(self, length: float) -> PurchasesWithin:
        """Return `purchases_if_active` as a function of the parameters and the state, which is fast under draws."""
        return PurchasesWithin(self.future, length)

    def purchases_if_active(self, length: float, p: Any, *state: Array) -> Array:
        """Return the expected purchases of an active customer within a length."""
        return self.future.purchases_if_active(p, length, *state)

    def discounted_if_active(self, length: float, rate: float, p: Any, *state: Array) -> Array:
        """Return the expected purchases of an active customer within a length, discounted at a continuous rate."""
        return self.future.discounted_if_active(p, length, rate, *state)

    def purchases_and_worth_if_active(self, length: float, rate: float, p: Any, *state: Array) -> Array:
        """Return `purchases_if_active` and `discounted_if_active` together, (2, n)."""
        return self.future.purchases_and_worth_if_active(p, length, rate, *state)

    def residual_if_active(self, rate: float, p: Any, *state: Array) -> Array:
        """Return all future expected purchases of an active customer, discounted at a continuous rate."""
        return self.future.residual_discounted_if_active(p, rate, *state)

    def _buys_if_active(self, length: float, p: Any, *state: Array) -> Array:
        return 1 - self.future.pmf_if_active(p, np.zeros(()), length, *state)


def _ticks(rfm: RFM, names: Sequence[str]) -> list[float]:
    """Return a factor per column that turns its values into whole numbers: ticks per unit for times, 1 for counts."""
    return [rfm.clock.ticks_per_unit if name in TIMES else 1.0 for name in names]


def data_fingerprint(rfm: RFM) -> str:
    """Return the SHA-256 of the customers' frequency, recency and T, which does not depend on their order.

    It does not depend on which of the three a process uses. Times are in the unit of the RFM's clock, so
    equal fingerprints mean equal data only if the clocks are equal.
    """
    rows = counted_rows([rfm[name] for name in HISTORY], _ticks(rfm, HISTORY))
    return replace(rows, columns=calendar_columns(rfm, HISTORY, rows.columns)).fingerprint()
