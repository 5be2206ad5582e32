"""Costs of customers: per order, per period of service or marketing, and for acquisition."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, InvalidRFM, closest
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array, PurchaseProcess
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.periods import CalendarUnit, check_unit

__all__ = ["ChargedWhile", "CostAmount", "Costs", "CustomerCosts", "check_currency"]

CostAmount = float | str | Mapping[str, Mapping[Any, float]]
ChargedWhile = Literal["served", "alive"]
AMOUNTS = ("per_order", "per_period", "marketing", "acquisition")
EXAMPLES = 3  # customers named in an error
CODE_LENGTH = 3  # letters of a currency code of ISO 4217


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Costs of customers, in the currency of the log.

    Each amount is a number for all customers, the name of a numeric attribute of the RFM (see `rfm.with_columns`), or
    a table by segment such as ``{"channel": {"search": 12.0, "social": 7.5}}``, whose key is an attribute.

    Costs per period are charged at the end of each calendar period to the customers who are served then; for a period
    only partly within the horizon, in proportion. Acquisition is charged once, at the first order.

    Parameters
    ----------
    per_order : float, str or mapping, default=0.0
        Cost of each order, such as picking and shipping: purchases merged by the clock are one order.
    per_period : float, str or mapping, default=0.0
        Cost of serving a customer for one period.
    marketing : float, str or mapping, default=0.0
        Retention and marketing cost of one period.
    acquisition : float, str or mapping, default=0.0
        Cost of acquiring a customer (CAC).
    period : {"week", "month", "quarter", "year"}, default="month"
        Period of `per_period` and `marketing`.
    charged_while : {"served", "alive"}, default="served"
        Who is charged `per_period`: customers with an order within `served_within`, which is observed, or customers who
        are active, which is not.
    marketing_while : {"served", "alive"}, default="served"
        Who is charged `marketing`.
    served_within : float or str, default="12 months"
        How long after an order a customer is served.
    currency : str, optional
        Code of three letters, such as "EUR".

    Raises
    ------
    InvalidOption
        For invalid amounts and options; the message lists all of them.

    Examples
    --------
    >>> import clvmodels as clv
    >>> costs = clv.Costs(per_order=4.0, per_period=0.25, acquisition={"channel": {"search": 12.0, "social": 7.5}})
    >>> costs.period, costs.charged_while
    ('month', 'served')
    """

    per_order: CostAmount = 0.0
    per_period: CostAmount = 0.0
    marketing: CostAmount = 0.0
    acquisition: CostAmount = 0.0
    period: CalendarUnit = "month"
    charged_while: ChargedWhile = "served"
    marketing_while: ChargedWhile = "served"
    served_within: float | str = "12 months"
    currency: str | None = None

    def __post_init__(self) -> None:
        faults = [fault for name in AMOUNTS for fault in _amount_faults(name, getattr(self, name))]
        for name in ("charged_while", "marketing_while"):
            value = getattr(self, name)
            if value not in get_args(ChargedWhile):
                options = ", ".join(map(repr, get_args(ChargedWhile)))
                faults.append(f"{name}={value!r} is not one of {options}.{closest(value, get_args(ChargedWhile))}")
        faults += _faults_of(check_unit, self.period, "period") + _faults_of(check_currency, self.currency)
        if faults:
            raise InvalidOption(" ".join(faults))

    @property
    def attributes(self) -> dict[str, str]:
        """The attribute that each amount depends on, by the name of the amount; numbers depend on none."""
        amounts = {name: getattr(self, name) for name in AMOUNTS}
        by_column = {name: amount for name, amount in amounts.items() if isinstance(amount, str)}
        return by_column | {name: next(iter(each)) for name, each in amounts.items() if isinstance(each, Mapping)}

    def of_customers(self, rfm: RFM) -> CustomerCosts:
        """Return the amounts of each customer of an RFM.

        Raises
        ------
        InvalidOption
            If an attribute does not exist.
        InvalidRFM
            If an attribute has blanks, is not a number of 0 or more, or has segments that a table does not name.
        """
        amounts = {name: _resolve(name, getattr(self, name), rfm) for name in AMOUNTS}
        return CustomerCosts(**{name: values for name, (values, _) in amounts.items()})

    def findings(self, rfm: RFM) -> Findings:
        """Return findings on these costs and the customers of an RFM."""
        unused = {name: _resolve(name, getattr(self, name), rfm)[1] for name in AMOUNTS}
        return tuple(
            Finding("costs-without-customers", {"cost": name, "segments": segments}, "caution")
            for name, segments in unused.items()
            if segments
        )

    def check_process(self, process: PurchaseProcess) -> None:
        """Raise an InvalidOption if a cost depends on who is active and one-time buyers cannot leave in the process."""
        for amount, option in (("per_period", "charged_while"), ("marketing", "marketing_while")):
            if getattr(self, option) != "alive" or getattr(self, amount) == 0:
                continue
            if process.one_time_buyers_stay or "dropout" not in process.moves:
                raise InvalidOption(
                    f"{option}='alive' charges customers who are active, but in {process.title} customers who bought "
                    f"once cannot have left, so they would be charged forever: pass {option}='served', or fit a model "
                    "in which they can leave, such as MBGNBD or ParetoNBD."
                )

    def window(self, clock: Clock) -> float:
        """Return how long after an order a customer is served, in the clock's unit."""
        return clock.duration(self.served_within, "served_within")


@dataclass(frozen=True, slots=True, eq=False)
class CustomerCosts:
    """The amounts of each customer, (n,) each; see `Costs`."""

    per_order: Array
    per_period: Array
    marketing: Array
    acquisition: Array

    def some(self, rows: npt.NDArray[np.intp]) -> CustomerCosts:
        """Return the amounts of the customers at these positions."""
        return CustomerCosts(self.per_order[rows], self.per_period[rows], self.marketing[rows], self.acquisition[rows])


def check_currency(currency: Any, *others: Any) -> str | None:
    """Return the common currency of several, each of which may be None.

    Raises
    ------
    InvalidOption
        If one is not a code of three letters, or two differ: amounts in different currencies are never added.
    """
    codes = [code for code in (currency, *others) if code is not None]
    for code in codes:
        if not (isinstance(code, str) and len(code) == CODE_LENGTH and code.isalpha() and code.isupper()):
            raise InvalidOption(f"currency={code!r} is not a code of three capital letters, such as 'EUR'.")
    if len(set(codes)) > 1:
        raise InvalidOption(
            f"Amounts in {' and '.join(sorted(set(codes)))} cannot be added: convert them to one currency first."
        )
    return codes[0] if codes else None


def _amount_faults(name: str, amount: Any) -> list[str]:
    """Return a list of what is wrong with an amount."""
    if isinstance(amount, str):
        return []
    if isinstance(amount, Mapping):
        if len(amount) != 1 or not all(isinstance(table, Mapping) for table in amount.values()):
            return [f"{name}={amount!r} is not a table by segment, such as {{'channel': {{'search': 12.0}}}}."]
        return [
            f"{name} of {segment!r} is {value!r}, not a cost of 0 or more."
            for segment, value in next(iter(amount.values())).items()
            if not _is_cost(value)
        ]
    if not _is_cost(amount):
        return [f"{name}={amount!r} is neither a cost of 0 or more, nor a column, nor a table by segment."]
    return []


def _faults_of(check: Callable[..., Any], *arguments: Any) -> list[str]:
    """Return the message of the error that a check raises, in a list, or an empty list."""
    try:
        check(*arguments)
    except InvalidOption as error:
        return [str(error)]
    return []


def _is_cost(value: Any) -> bool:
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return is_number and 0 <= float(value) < math.inf


def _resolve(name: str, amount: CostAmount, rfm: RFM) -> tuple[Array, list[str]]:
    """Return the amount of each customer (n,), and the segments of its table without customers."""
    if isinstance(amount, str):
        return _read_column(name, amount, rfm), []
    if isinstance(amount, Mapping):
        (attribute, table), *_ = amount.items()
        return _read_segments(name, attribute, table, rfm)
    return np.full(len(rfm), float(amount)), []


def _attribute(name: str, attribute: str, rfm: RFM) -> nw.Series[Any]:
    """Return an attribute of the RFM without blanks."""
    if attribute not in rfm.attributes:
        choices = ", ".join(map(repr, rfm.attributes)) or "none so far"
        raise InvalidOption(
            f"{name} names the attribute {attribute!r}, which the RFM does not have (attributes: {choices}): add it "
            "with rfm.with_columns(frame), or KnownHistory.from_log(..., attributes=frame)."
            f"{closest(attribute, rfm.attributes)}"
        )
    column = rfm.attributes[attribute]
    blank = column.is_null()
    if column.dtype.is_float():
        blank = blank | column.is_nan()
    _refuse(rfm, blank.to_numpy(), f"{name}: {attribute!r} is blank", "fill it in, with 0 where there is no cost")
    return column


def _read_column(name: str, attribute: str, rfm: RFM) -> Array:
    column = _attribute(name, attribute, rfm)
    if not column.dtype.is_numeric():
        raise InvalidRFM(
            f"{name}: {attribute!r} has the type {column.dtype}, not numbers: convert it, or pass a table by segment "
            f"such as {{{attribute!r}: {{{column[0]!r}: 12.0}}}}."
        )
    values: Array = column.to_numpy().astype(float)
    _refuse(rfm, ~((values >= 0) & np.isfinite(values)), f"{name}: {attribute!r} is negative or infinite", "correct it")
    return values


def _read_segments(name: str, attribute: str, table: Mapping[Any, float], rfm: RFM) -> tuple[Array, list[str]]:
    segments = np.asarray(_attribute(name, attribute, rfm).to_list(), dtype=object)
    unknown = np.array([segment not in table for segment in segments], dtype=bool)
    if unknown.any():
        missing = ", ".join(repr(segment) for segment in sorted(set(segments[unknown]), key=str)[:EXAMPLES])
        _refuse(rfm, unknown, f"{name}: {attribute!r} is {missing}, which has no cost", "add it to the table")
    amounts = np.array([float(table[segment]) for segment in segments])
    present = set(segments)
    return amounts, [str(segment) for segment in table if segment not in present]


def _refuse(rfm: RFM, wrong: Any, what: str, remedy: str) -> None:
    """Raise an InvalidRFM with the number of customers at fault and the first ids, if there are any."""
    rows = np.flatnonzero(wrong)
    if len(rows):
        first = ", ".join(map(repr, rfm.customer_id[rows[:EXAMPLES]].to_list()))
        of = "customer" if len(rows) == 1 else "customers"
        raise InvalidRFM(f"{what} for {len(rows):,} {of} (first: {first}): {remedy}.")
