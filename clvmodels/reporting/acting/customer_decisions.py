"""Decisions from the values of customers: tiers, key accounts, lists to act on, and the value of a new customer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.decisions.accounts.key_accounts import DEFAULT_RULE, KeyAccounts, key_accounts
from clvmodels.decisions.acting.action_lists import ActionLists, action_lists, purchase_lists
from clvmodels.decisions.tiering.tiers import Tiers, tiers
from clvmodels.errors import FitFailed
from clvmodels.estimators.prediction import IntervalOfTotal
from clvmodels.estimators.purchases import MBGNBD
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasts import ForecastQuantity, KnownHistory
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.valuation.acquisition_value import values_and_totals_at_acquisition
from clvmodels.valuation.drawn.sampled_sums import LARGEST_WHOLE
from clvmodels.valuation.lifetime_value import lifetime_value
from clvmodels.valuation.remaining_value import remaining_value
from clvmodels.valuation.value_terms import ValueTerms

if TYPE_CHECKING:
    from clvmodels.processes.contract import Array

__all__ = [
    "LISTS",
    "ActiveCustomers",
    "CustomerDecisions",
    "NewCustomer",
    "accounts_of",
    "decide",
    "decide_by_purchases",
    "tiers_of_values",
]

LEVEL = 0.9  # central probability of the intervals of tiers and of the value of a new customer
USUAL_HORIZON = "12 months"  # of the money at stake if values have no horizon
TIER, EXPECTED = "tier", "expected_purchases"
NO_DROPOUT = 1e-6  # mean of 1 - P(alive) below which the model sees no dropout
WRITTEN_AS_ALL = 0.005  # mean of 1 - P(alive) below which the share of active customers would be written as 100%
LISTS = {"at risk": "at-risk", "win back": "win-back", "second purchase": "second-purchase"}


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """The value of a new customer from the first order on, which is the most that an acquisition may cost.

    Attributes
    ----------
    value, lower, upper : float
        Mean per customer, and its interval.
    customers : int
        Customers of the log, over whom the mean is taken.
    horizon : str
        Horizon from the first order on.
    """

    value: float
    lower: float
    upper: float
    customers: int
    horizon: str

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain values."""
        return {name: getattr(self, name) for name in ("value", "lower", "upper", "customers", "horizon")}


class ActiveCustomers(NamedTuple):
    """The number of customers who are still active, the number of all customers, and the title of the model."""

    active: float
    customers: int
    title: str


@dataclass(frozen=True, slots=True, eq=False)
class CustomerDecisions:
    """Tiers, key accounts and lists of the customers of a report.

    Attributes
    ----------
    tiers : Tiers
    intervals : mapping of str to (float, float)
        Interval of the value of each tier, by its name.
    lists : ActionLists or None
        None if the model does not let customers leave.
    accounts : KeyAccounts or None
    account_value : float
        Value of the key accounts.
    newcomer : NewCustomer or None
        None if values have no horizon.
    active : ActiveCustomers or None
    quantity : {"money", "purchases"}
        What tiers and lists are measured in: purchases for a log without money.
    """

    tiers: Tiers
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    lists: ActionLists | None = None
    accounts: KeyAccounts | None = None
    account_value: float = math.nan
    newcomer: NewCustomer | None = None
    active: ActiveCustomers | None = None
    quantity: ForecastQuantity = "money"

    @property
    def has_tables(self) -> bool:
        """Whether there are tables to write next to the page."""
        return self.lists is not None or self.accounts is not None

    def tables(self) -> dict[str, frames.Frame]:
        """Return the tables to write next to the page, by file name without a suffix."""
        if not self.has_tables:
            return {}
        tables: dict[str, frames.Frame] = {"tiers": self.tiers.frame()}
        if self.accounts is not None and len(self.accounts.columns["volume"]):
            accounts: Any = nw.from_native(self.accounts.frame(), eager_only=True)
            tables["key-accounts"] = accounts.rename({"account_id": "customer_id"}).to_native()
        if self.lists is not None:
            listed: Any = nw.from_native(self.lists.frame(), eager_only=True)
            tables |= {LISTS[name]: rows.to_native() for (name,), rows in listed.group_by("list")}
        return tables

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values, without tables of customers."""
        numbers: dict[str, Any] = {"quantity": self.quantity, "tiers": self.tiers.summary.to_dict("records")}
        numbers["tier_intervals"] = {name: list(ends) for name, ends in self.intervals.items()}
        if self.lists is not None:
            numbers["lists"] = self.lists.summary.to_dict("records")
        if self.accounts is not None:
            numbers["key_accounts"] = len(self.accounts.columns["volume"])
        if self.newcomer is not None:
            numbers["new_customer"] = self.newcomer.to_dict()
        if self.active is not None:
            numbers["active"] = self.active._asdict()
        return numbers


def tiers_of_values(value: frames.Frame) -> Tiers | None:
    """Return the tiers of a table of values, or None if no value is above 0."""
    amounts = _amounts(value)
    return tiers(value) if np.nansum(amounts) > 0 else None


def decide(
    model: CustomerModel,
    history: KnownHistory,
    value: frames.Frame,
    terms: ValueTerms,
    total: TotalInterval | None,
    accounts: KeyAccounts | None,
) -> CustomerDecisions | None:
    """Return the decisions from a table of values, or None if no value is above 0.

    Parameters
    ----------
    model : CustomerModel
        Fitted to the history, with a spend model.
    history : KnownHistory
    value : frame
        One row per customer, from `value_table`.
    terms : ValueTerms
    total : TotalInterval or None
        Interval of the total of all customers relative to its expectation; None for the model's own interval.
    accounts : KeyAccounts or None
        Key accounts of the log, without models.
    """
    sorted_customers = tiers_of_values(value)
    if sorted_customers is None or model.spend is None:
        return None
    horizon = USUAL_HORIZON if terms.is_lifetime else terms.horizon
    lists = None
    if "dropout" in model.purchases.process.moves:
        lists = action_lists(model.purchases, model.spend, history.rfm, horizon=horizon, margin=terms.margin)
    return CustomerDecisions(
        sorted_customers,
        _tier_intervals(model, history, sorted_customers, terms, total),
        lists,
        accounts,
        math.nan if accounts is None else _value_of(accounts, value),
        None if terms.is_lifetime else _new_customer(model, history, terms, total),
        active_customers(model, history),
    )


def decide_by_purchases(model: CustomerModel, history: KnownHistory, horizon: str) -> CustomerDecisions | None:
    """Return tiers and lists by the purchases expected of each customer; None if none are expected of anybody."""
    expected: Any = model.expected_purchases(history.rfm, horizon)
    if not np.nansum(_floats(expected, EXPECTED)) > 0:
        return None
    lists = None
    if "dropout" in model.purchases.process.moves:
        lists = purchase_lists(model.purchases, history.rfm, horizon=horizon)
    return CustomerDecisions(tiers(expected, column=EXPECTED), lists=lists, quantity="purchases")


def accounts_of(log: Any, columns: Mapping[str, Any], reading: Mapping[str, Any]) -> KeyAccounts:
    """Return the customers who made at least 1 % of the spend of the last year each."""
    return key_accounts(log, **columns, **reading, rule=DEFAULT_RULE)


def _amounts(value: frames.Frame) -> Array:
    return _floats(value, "lifetime_value")


def _floats(table: frames.Frame, name: str) -> Array:
    return np.asarray(nw.from_native(table, eager_only=True)[name].to_numpy(), dtype=float)


def _tier_intervals(
    model: CustomerModel, history: KnownHistory, sorted_customers: Tiers, terms: ValueTerms, total: TotalInterval | None
) -> dict[str, tuple[float, float]]:
    """Return the interval of the value of each tier, around the sum of its customers' values.

    Those of large logs come from the futures of a sample, as `remaining_value` draws them.
    """
    names = sorted_customers.definition.names
    assigned = sorted_customers.columns["tier_assigned"]
    of_customers = nw.new_series(TIER, assigned, nw.String, backend="polars").fill_null(names[-1])
    ids = sorted_customers.columns["customer_id"]
    rfm = history.rfm.with_columns(frames.table("polars", {"customer_id": ids, TIER: of_customers}))
    if model.spend is None:
        raise AssertionError("values need a spend model")
    common: IntervalOfTotal = "model" if total is None else total
    options: dict[str, Any] = {"by": TIER, "interval": LEVEL, "total_interval": common}
    if len(rfm) > LARGEST_WHOLE and not terms.is_lifetime and terms.timing == "continuous":
        name = "remaining_value"
        table: Any = remaining_value(
            model.purchases,
            model.spend,
            rfm,
            horizon=terms.horizon,
            annual_discount_rate=terms.annual_rate,
            margin=terms.margin,
            **options,
        ).frame()
    else:
        name = "lifetime_value"
        table = lifetime_value(model.purchases, model.spend, rfm, **terms.to_keywords(), **options)
    rows = nw.from_native(table, eager_only=True).rows(named=True)
    return {row[TIER]: (row[f"{name}_lower"], row[f"{name}_upper"]) for row in rows}


def _value_of(accounts: KeyAccounts, value: frames.Frame) -> float:
    """Return the sum of the values of the key accounts, which are customers here."""
    names = set(accounts.columns["account_id"].to_list())
    ids = nw.from_native(value, eager_only=True)["customer_id"].to_list()
    chosen = np.array([each in names for each in ids], dtype=bool)
    return float(np.nansum(np.sort(_amounts(value)[chosen])))


def _new_customer(
    model: CustomerModel, history: KnownHistory, terms: ValueTerms, total: TotalInterval | None
) -> NewCustomer | None:
    """Return the value of a new customer, estimated by the mean over the customers of the log."""
    if model.spend is None:
        raise AssertionError("values need a spend model")
    common: IntervalOfTotal = "model" if total is None else total
    values, totals = values_and_totals_at_acquisition(model.purchases, model.spend, history, terms, common)
    values = np.sort(values)
    if len(values) < 2:
        return None
    # Both the remaining value of these customers and the sample of customers are uncertain.
    sampling = NormalDist().inv_cdf((1 + LEVEL) / 2) * float(values.std(ddof=1)) / math.sqrt(len(values))
    mean = float(values.mean())
    ends = np.quantile(totals, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) / len(values)
    lower, upper = (math.hypot(float(end) - mean, sampling) for end in ends)
    return NewCustomer(mean, mean - lower, mean + upper, len(values), str(terms.horizon))


def active_customers(model: CustomerModel, history: KnownHistory) -> ActiveCustomers | None:
    """Return the number of active customers by the model of the report or, if it cannot tell, by MBG/NBD.

    In BG/NBD a customer who bought once cannot have left, and in NBD no customer can. None if the data show hardly
    any dropout: then the model cannot tell who has left.
    """
    purchases: Any = model.purchases
    if purchases.process.one_time_buyers_stay or "dropout" not in purchases.process.moves:
        try:
            purchases = MBGNBD().fit(history.rfm)
        except FitFailed:
            return None
    alive = purchases.alive(history.rfm)
    if np.mean(1 - alive) < WRITTEN_AS_ALL:
        return None
    return ActiveCustomers(float(np.sum(np.sort(alive))), len(alive), purchases.title)
