"""Lifetime value: discounted expected purchases times expected spend times margin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.clock import Clock, TimeUnit
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.prediction import IntervalFor, IntervalOfTotal, PredictedQuantity, PredictionOptions, predict
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.inference.purchase_values import PurchaseValues
from clvmodels.inference.uncertainty import RandomState, draw_parameters
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.discounting import DiscountedPurchases, discount_purchases
from clvmodels.valuation.value_terms import Discounting, ValueTerms

__all__ = ["check_same_clock", "lifetime_value", "value_of_forecast"]

NO_MEAN_PURCHASES = "the number of all future purchases has no mean, since some customers may never leave"
LARGEST_DISCOUNT = (
    0.3  # largest exponent (rate times horizon) for which a mean discount factor was checked by simulation
)


def lifetime_value(
    purchases: PurchaseModel | FittedPair,
    spend: SpendModel | RFM | None = None,
    rfm: RFM | None = None,
    *,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    discounting: Discounting = "continuous",
    period: TimeUnit = "month",
    interval: float | None = None,
    interval_for: IntervalFor = "outcome",
    by: str | None = None,
    draws: int = 200,
    random_state: RandomState = 0,
    total_interval: IntervalOfTotal = "history",
) -> frames.Frame:
    """Return the present value of each customer's purchases within a horizon after the end of observation.

    The value of a customer is::

        margin * E[spend per purchase] * sum over expected purchases of (1 + annual_discount_rate) ** (-t / 365.25)

    where t is the time of a purchase in days after the end of observation. The product of the expectations is the
    expectation of the product because the models assume that spend and purchases are independent (see
    `GammaGamma.independence_`). The decomposition is that of Fader, Hardie & Lee (2005), "RFM and CLV: Using Iso-Value
    Curves for Customer Base Analysis", Journal of Marketing Research 42(4), 415-430.

    Parameters
    ----------
    purchases, spend : fitted models
        Both fitted with the same clock; or a `CustomerModel`, which has both, followed by the RFM.
    rfm : RFM
        With the clock of the models. Its end of observation may be later than the one the models were fitted to.
    horizon : float or str
        A number in the clock's unit, a length with its unit such as "12 months", or "lifetime" for all future
        purchases: the discounted expected residual transactions of Fader, Hardie & Lee (2005), for which
        annual_discount_rate must be positive. expected_purchases, which are not discounted, are then missing if they
        have no mean, and intervals leave out purchases discounted to less than e^-12 (6 millionths) of their price.
    annual_discount_rate : float
        Effective rate per year: 0.10 is ten percent per year, whatever the clock's unit.
    margin : float
        Share of spend that counts: 0.35 for 35 %, 1 for revenue. With a negative margin, values are negative.
    discounting : str, default="continuous"
        "continuous" discounts each purchase from its own time, "period_end" all purchases of a period from the end of
        the period. `clvmodels.valuation.value_terms` lists all conventions.
    period : {"hour", "day", "week", "month", "year"}
        Length of a period of "period_end". The last period ends with the horizon.
    interval : float, optional
        Central probability of an interval for the value, such as 0.9.
    interval_for : {"outcome", "mean"}
        Whether the interval covers what the customer may do and spend ("outcome"), or only the uncertainty of the
        parameters ("mean").
    by : str, optional
        "total" or an attribute of the RFM: one row per group, with its total value.
    draws : int
        Number of draws of the parameters, and of the future, for the interval.
    random_state : int or Generator
        Source of the draws.
    total_interval : {"history", "model"} or TotalInterval, default="history"
        Whether outcomes of totals and groups also allow for changing conditions: as in other shops, or as
        `CustomerModel.total` learned from a log. "model": only for chance and parameters.

    Returns
    -------
    frame
        One row per customer: customer_id, expected_purchases, discounted_purchases, expected_spend (money per
        purchase), lifetime_value (money), with an interval lifetime_value_lower and lifetime_value_upper, and reason
        where the value is missing because the mean spend does not exist, or where expected_purchases are. With `by`:
        the group, customers (those with a value), lifetime_value, its interval and, for outcomes, total_interval: the
        conditions that it allows for, "other_shops", "history", "model", or "not_tested" beyond the longest horizon
        with known errors.

    Raises
    ------
    InvalidOption
        For values out of range, or models that are not fitted.
    ClockMismatch
        When the two models, or the models and the RFM, have different clocks.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> value = clv.lifetime_value(clv.BGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, **terms)
    >>> round(float(value["lifetime_value"].sum()))
    25443
    """
    terms = ValueTerms.from_keywords(
        horizon=horizon,
        annual_discount_rate=annual_discount_rate,
        margin=margin,
        discounting=discounting,
        period=period,
    )
    request = PredictionOptions(interval, interval_for, by, draws, random_state, total_interval)
    purchases, spend, rfm = _models_and_rfm(purchases, spend, rfm)
    check_same_clock(purchases, spend)
    purchases = purchases.ahead_of(rfm)
    bought, spent = discount_purchases(purchases, rfm, terms), spend.spend_prediction(rfm)
    value = _value_prediction(purchases, spend, rfm, terms, bought, spent)
    if by is not None:
        return predict(rfm, value, request)
    return predict(
        rfm,
        value,
        request,
        expected_purchases=np.where(np.isinf(bought.expected), np.nan, bought.expected),
        discounted_purchases=bought.discounted.point,
        expected_spend=spent.point,
    )


def value_of_forecast(own: Mapping[str, Array], money: Mapping[str, Array]) -> dict[str, Array]:
    """Return values: those of a process, times the forecast money over the money that the process expects.

    Parameters
    ----------
    own : mapping of str to array (n,)
        Of the process, as from `lifetime_value`: expected_purchases, expected_spend and lifetime_value.
    money : mapping of str to array (n,)
        Money that is not discounted, by "" for its expectation and "_lower" and "_upper" for the ends of an interval.

    Returns
    -------
    dict of str to array (n,)
        Named as `money`; missing where the process expects no money.
    """
    expected = own["expected_purchases"] * own["expected_spend"]
    worth = np.divide(own["lifetime_value"], expected, out=np.full(len(expected), np.nan), where=expected > 0)
    value = {end: worth * each for end, each in money.items()}
    if "_lower" in value:  # a negative margin swaps the ends
        value["_lower"], value["_upper"] = np.sort([value["_lower"], value["_upper"]], axis=0)
    return value


@runtime_checkable
class FittedPair(Protocol):
    """A purchase model with a spend model, such as `CustomerModel`."""

    @property
    def parts(self) -> list[PurchaseModel | SpendModel]:
        """Return the purchase model, and the spend model if there is one."""


def _models_and_rfm(purchases: object, spend: object, rfm: object) -> tuple[PurchaseModel, SpendModel, RFM]:
    """Return the two models and the RFM, from three arguments or from a fitted pair and an RFM.

    Raises
    ------
    InvalidOption
        If one of them is missing or of another type.
    """
    pair: list[object] = [purchases, spend]
    if isinstance(purchases, FittedPair):
        if isinstance(spend, RFM) and rfm is None:
            rfm, spend = spend, None
        if spend is not None:
            raise InvalidOption("A CustomerModel has its own spend model: pass lifetime_value(model, rfm, ...).")
        pair = [*purchases.parts, None]
    if isinstance(pair[0], PurchaseModel) and isinstance(pair[1], SpendModel) and isinstance(rfm, RFM):
        return pair[0], pair[1], rfm
    if isinstance(purchases, FittedPair) and pair[1] is None:
        raise InvalidOption("This model has no spend model: fit CustomerModel(purchases, spend) on a log with amounts.")
    types = ", ".join(type(each).__name__ for each in (purchases, spend, rfm))
    raise InvalidOption(
        f"lifetime_value needs a purchase model, a spend model and an RFM, and got: {types}. Make an RFM with "
        "rfm_summary(log, ...), and pass lifetime_value(BGNBD().fit(rfm), GammaGamma().fit(rfm), rfm, ...), or "
        "lifetime_value(model, rfm, ...) with a CustomerModel. A TimeVaryingModel has its own method lifetime_value."
    )


def check_same_clock(purchases: PurchaseModel, spend: SpendModel) -> None:
    """Raise an error unless both models are fitted, with the same clock."""
    purchases._check_fitted()
    spend._check_fitted()
    if purchases.clock_ != spend.clock_:
        raise ClockMismatch(
            f"The purchase model was fitted in {purchases.clock_}, but the spend model in {spend.clock_}. "
            "Fit both to the same RFM."
        )


def _value_prediction(
    purchases: PurchaseModel,
    spend: SpendModel,
    rfm: RFM,
    terms: ValueTerms,
    bought: DiscountedPurchases,
    spent: PredictedQuantity,
) -> PredictedQuantity:
    """Return the value of each customer, with the columns and functions that `predict` needs for intervals.

    The columns are those of the discounted purchases, those of spend and, where drawn futures need it, the average
    discount factor.
    """
    factor = {} if bought.average_factor is None else {"average_discount_factor": bought.average_factor}
    return PredictedQuantity(
        name="lifetime_value",
        point=terms.margin * spent.point * bought.discounted.point,
        columns={**bought.discounted.columns, **spent.columns, **factor},
        ticks=[*bought.discounted.ticks, *spent.ticks, *[1.0] * len(factor)],
        under_draws=partial(_mean_value, bought.discounted, spent, terms.margin),
        outcome=partial(_drawn_value, purchases, spend, terms.drawn_length(rfm.clock), bought, terms.margin),
        together=True,
        distribution=_distribution(purchases, spend, terms, rfm.clock, bought),
        reason=_reasons(spent.reason, bought.expected),
        level=partial(purchases.level_of_totals, terms.drawn_length(rfm.clock), "money"),
    )


def _reasons(spent: npt.NDArray[np.object_] | None, expected: Array) -> npt.NDArray[np.object_]:
    """Return the reason why a customer's value or number of purchases is missing (n,), None where there is none."""
    reasons = np.full(len(expected), None, dtype=object)
    reasons[np.isinf(expected)] = NO_MEAN_PURCHASES
    if spent is not None:
        without_spend = np.array([each is not None for each in spent], dtype=bool)
        reasons[without_spend] = spent[without_spend]
    return reasons


def _distribution(
    purchases: PurchaseModel, spend: SpendModel, terms: ValueTerms, clock: Clock, bought: DiscountedPurchases
) -> Callable[[int, int], PurchaseValues] | None:
    """Return a function from a seed and a number of draws to the distribution of values; None if it is not known.

    It is known for processes in continuous time and spend models whose totals have a known distribution, at horizons
    over which discounting is small, since the mean discount factor then hardly depends on the number of purchases.
    Otherwise values are drawn.
    """
    process, spending, variance = purchases.process, spend.process, bought.factor_variance
    law = spending.total_law
    if variance is None or abs(terms.rate(clock) * terms.length(clock)) > LARGEST_DISCOUNT:
        return None
    if process.discrete or process.exceedances_if_active is None or law is None:
        return None
    expected, discounted = bought.expected, bought.discounted.point
    factors = np.divide(discounted, expected, out=np.ones(len(expected)), where=(expected > 0) & (discounted > 0))

    def distribution(seed: int, draws: int) -> PurchaseValues:
        return PurchaseValues(
            purchases.purchase_counts(terms.length(clock), seed, draws),
            law,
            spend._parameters,
            spending.Parameters(*draw_parameters(spending, spend.fit_, draws, seed)),
            factors,
            max(variance, 0.0),
            terms.margin,
        )

    return distribution


def _mean_value(
    discounted: PredictedQuantity, spent: PredictedQuantity, margin: float, seed: int, draws: int
) -> Callable[..., Array]:
    """Return a function that computes the expected value of customers for each draw of the parameters."""
    mean_purchases, mean_spend = discounted.under_draws(seed, draws), spent.under_draws(seed, draws)
    first = len(discounted.columns)
    last = first + len(spent.columns)

    def mean_value(*columns: Array) -> Array:
        return margin * mean_purchases(*columns[:first]) * mean_spend(*columns[first:last])

    return mean_value


def _drawn_value(
    purchases: PurchaseModel,
    spend: SpendModel,
    length: float,
    bought: DiscountedPurchases,
    margin: float,
    seed: int,
    draws: int,
) -> Callable[..., Array]:
    """Return a function that draws possible values, as `PredictedQuantity.outcome` describes it.

    It draws the number, times and spend of purchases. Their sum is multiplied by the average discount factor of the
    drawn purchases or, if their times are not drawn, by the customer's expected one.
    """
    draw_purchases = purchases.futures(length, bought.drawn_rate, seed, draws)
    draw_spend = spend.spending(seed, draws)
    first = len(purchases.process.statistics)
    last = first + len(spend.process.statistics)

    def drawn_value(generator: np.random.Generator, *columns: Array, draw: int | None = None) -> Array:
        future = draw_purchases(generator, *columns[:first], draw=draw)
        money = margin * draw_spend(generator, future.purchases, *columns[first:last], draw=draw)
        if bought.average_factor is None:
            return money * (future.worth / np.maximum(future.purchases, 1))
        return money * columns[-1]

    return drawn_value
