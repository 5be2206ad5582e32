"""Joint draws of what customers are worth: in each draw, every customer has one possible future."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels.decisions.customer_table import CustomerTable, verb
from clvmodels.errors import InvalidOption, InvalidTable, closest, list_names
from clvmodels.estimators.prediction import PredictionOptions, customer_keys
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.inference.statistics import in_blocks, unique_rows
from clvmodels.inference.uncertainty import RandomState, draw_parameters, seed_of
from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.discounting import DiscountedPurchases, discount_purchases
from clvmodels.valuation.lifetime_value import lifetime_value
from clvmodels.valuation.value_terms import Discounting, ValueTerms

__all__ = ["DrawnValue", "ValueDraws", "drawn_values", "value_draws"]

DrawnValue = Literal["outcome", "own_rate"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ValueDraws:
    """Joint draws of the value of customers within a horizon.

    Attributes
    ----------
    customer_id : narwhals.Series, shape (n,)
    values : float32 array, shape (draws, n)
        Money. All customers of a draw share one draw of the parameters.
    drawn : {"outcome", "own_rate"}
        The kind of values; see `value_draws`.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> draws = clv.value_draws(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, **terms, draws=50)
    >>> draws.values.shape, bool((draws.values >= 0).all())
    ((50, 2357), True)
    """

    customer_id: nw.Series[Any]
    values: npt.NDArray[np.float32]
    drawn: DrawnValue = "outcome"

    def of(self, table: CustomerTable) -> npt.NDArray[np.float32]:
        """Return the draws of the customers of a table, in its order, (draws, m).

        Raises
        ------
        InvalidTable
            If customers of the table have no draws.
        """
        positions = CustomerTable("draws", self.customer_id.alias("customer_id").to_frame(), "polars").positions_of(
            table.customer_id
        )
        table.refuse(
            positions < 0, "no draws", " Make draws and values from the same RFM, with the same models and terms."
        )
        if len(positions) == self.values.shape[1] and (positions == np.arange(len(positions))).all():
            return self.values  # in the same order: no copy of what may be a gigabyte
        return self.values[:, positions]

    def __repr__(self) -> str:
        draws, customers = self.values.shape
        return f"ValueDraws of {customers:,} customers, {draws:,} draws (drawn={self.drawn!r})"


def value_draws(
    purchases: PurchaseModel,
    spend: SpendModel,
    rfm: RFM,
    *,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    discounting: Discounting = "continuous",
    of: DrawnValue = "outcome",
    draws: int = 200,
    random_state: RandomState = 0,
) -> ValueDraws:
    """Draw what all customers are worth within a horizon, together.

    In each draw, the parameters of both models are drawn once for all customers, then each customer's activity, rates,
    purchases and spend. The mean over draws is near `lifetime_value`. With of="own_rate", the draws stop at the rates:
    the value is what would be expected of the customer if activity, rates and mean spend were known, without the chance
    of single purchases.

    Parameters
    ----------
    purchases, spend : fitted models
        Both fitted with the same clock.
    rfm : RFM
    horizon : float or str
        A number in the clock's unit, or a length with its unit such as "12 months".
    annual_discount_rate : float
        Effective rate per year.
    margin : float
        Share of spend that counts: 0.35 for 35 %. With a negative margin, values are negative.
    discounting : str, default="continuous"
        As for `lifetime_value`.
    of : {"outcome", "own_rate"}
        What customers realize, or what is expected of them given their own rates (NBD, BG/NBD, MBG/NBD, Pareto/NBD).
    draws : int, default=200
    random_state : int or Generator, default=0

    Returns
    -------
    ValueDraws

    Raises
    ------
    InvalidOption
        For values out of range, or models that are not fitted.
    ClockMismatch
        When the models and the RFM have different clocks.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    >>> total = clv.value_draws(*models, rfm, **terms).values.sum(axis=1)
    >>> bool(abs(total.mean() / clv.lifetime_value(*models, rfm, **terms)["lifetime_value"].sum() - 1) < 0.05)
    True
    """
    if of not in get_args(DrawnValue):
        raise InvalidOption(
            f"of={of!r} is not one of {list_names(get_args(DrawnValue))}.{closest(of, get_args(DrawnValue))}"
        )
    options = PredictionOptions(draws=draws, random_state=random_state)
    keywords: dict[str, Any] = {
        "horizon": horizon,
        "annual_discount_rate": annual_discount_rate,
        "margin": margin,
        "discounting": discounting,
    }
    terms = ValueTerms.from_keywords(**keywords)
    lifetime_value(purchases, spend, rfm[:1], **keywords)  # raises the errors of incompatible models and terms
    seed = seed_of(options.random_state)
    # A customer's noise depends on which other customers there are, but not on the order of rows.
    order = np.argsort(customer_keys(rfm), kind="stable")
    draw = _joint_draw(purchases, spend, rfm, order, terms, seed, options.draws, of)
    values = np.empty((options.draws, len(rfm)), dtype=np.float32)

    def fill(number: int) -> None:
        values[number, order] = draw(number)

    in_threads(fill, range(options.draws))
    return ValueDraws(rfm.customer_id, values, of)


def _joint_draw(
    purchases: PurchaseModel,
    spend: SpendModel,
    rfm: RFM,
    order: npt.NDArray[np.intp],
    terms: ValueTerms,
    seed: int,
    draws: int,
    of: DrawnValue,
) -> Callable[[int], Array]:
    """Return a function that draws the values of customers in this order (n,), given the number of the draw."""
    purchases = purchases.ahead_of(rfm)
    bought: DiscountedPurchases = discount_purchases(purchases, rfm, terms)
    process, columns = purchases.future, bought.discounted.columns
    mean_if_active, mean_spend = process.sample_mean_if_active, spend.process.sample_mean_spend
    if of == "own_rate" and (mean_if_active is None or mean_spend is None):
        raise InvalidOption(
            f"{process.title} cannot draw a customer's own rates: fit MBGNBD(), BGNBD(), ParetoNBD() or NBD(), or draw "
            "of='outcome'."
        )
    statistics = [columns[name] for name in process.statistics]
    ticks = dict(zip(columns, bought.discounted.ticks, strict=True))
    rows = unique_rows(statistics, [ticks[name] for name in process.statistics])
    positions, state = rows.positions[order], [columns[name][order] for name in process.state]
    spent = [column[order] for column in spend.spend_prediction(rfm).columns.values()]
    average_factor = None if bought.average_factor is None else bought.average_factor[order]
    of_purchases = draw_parameters(process, purchases.fit_, draws, seed).T
    of_spend = draw_parameters(spend.process, spend.fit_, draws, seed).T
    length = terms.length(rfm.clock)

    def draw(number: int) -> Array:
        generator = np.random.default_rng([seed, number])
        p = process.Parameters(*of_purchases[number])
        alive = in_blocks(partial(process.probability_alive, p), rows.columns)
        active = generator.random(len(order)) < alive[positions]
        q = spend.process.Parameters(*of_spend[number])
        if of == "own_rate" and mean_if_active is not None and mean_spend is not None:
            worth = active * mean_if_active(p, length, bought.drawn_rate, *state, generator)
            expected: Array = terms.margin * worth * mean_spend(q, *spent, generator)
            return expected if average_factor is None else expected * average_factor
        future = process.sample_if_active(p, length, bought.drawn_rate, *state, active, generator)
        money = spend.process.sample_spend(q, future.purchases, *spent, generator)
        factor = future.worth / np.maximum(future.purchases, 1) if average_factor is None else average_factor
        value: Array = terms.margin * money * factor
        return value

    return draw


def drawn_values(argument: str, draws: Any, table: CustomerTable, of: DrawnValue) -> npt.NDArray[np.float32]:
    """Return the draws passed as an argument, for the customers of a table, (draws, n).

    Raises
    ------
    InvalidOption, InvalidTable
        If they are not draws, or lack customers.
    """
    if not isinstance(draws, ValueDraws):
        raise InvalidOption(f"{argument}={type(draws).__name__!r} must be what value_draws(...) returns.")
    if draws.drawn != of:
        raise InvalidOption(f"{argument}= has draws of={draws.drawn!r}: pass those of value_draws(..., of={of!r}).")
    values = draws.of(table)
    # A sum of single floats in a double is finite if each of them is, and costs no array of the size of the draws.
    missing = int(np.sum(~np.isfinite(values.sum(axis=0, dtype=float))))
    if missing:
        raise InvalidTable(f"{argument}= of {missing:,} customers {verb(missing, 'is', 'are')} not finite.")
    return values
