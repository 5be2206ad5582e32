"""How concentrated money is among customers: past profit, expected value, and value in possible futures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from clvmodels import displays, frames
from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import PredictionOptions
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.validation.tables.metrics import captured_at
from clvmodels.valuation.cash_flow import present_values
from clvmodels.valuation.costs import Costs, check_currency
from clvmodels.valuation.drawn.customer_interval import values_of_future
from clvmodels.valuation.drawn.futures import DrawnFuture, of_drawn_futures
from clvmodels.valuation.lifetime_value import check_same_clock
from clvmodels.valuation.remaining_value import customer_findings, interval_columns
from clvmodels.valuation.since_acquisition import ValueSinceAcquisition
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers

__all__ = ["ValueConcentration", "fewest_holding", "value_concentration"]

PAST, EXPECTED, FUTURE = "past_profit", "expected_value", "future_value"
TOPS = (0.01, 0.05, 0.1, 0.2)
NAMED_SHARE = 0.2  # of customers, in the finding


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ValueConcentration(displays.Display):
    """The best customers' share of past profit, of expected value, and of the value in possible futures.

    Each line ranks customers by its own amounts. Expected values are averages over futures, so they are less
    concentrated than the values in any single future, in which some customers buy more than expected by chance.

    Attributes
    ----------
    shares : frame
        One row per line and share of customers: line ("past_profit", "expected_value" or "future_value"), top (share
        of customers), customers, share (of the sum; more than 1 where other customers have negative amounts), and for
        future_value its interval, over joint draws.
    fewest : frame
        One row per line: line, held (share of the sum), customers (the fewest who hold it), share_of_customers and, for
        future_value, its interval.
    totals : frame
        One row per line: line, total, negative (customers with an amount below 0; for future_value the mean over
        draws).
    currency : str or None
    findings : tuple of Finding

    Examples
    --------
    See `value_concentration`.

    >>> import clvmodels as clv
    >>> clv.ValueConcentration.__slots__[:3]
    ('shares', 'fewest', 'totals')
    """

    shown_table: ClassVar[str] = "shares"
    shares: frames.Frame
    fewest: frames.Frame
    totals: frames.Frame
    currency: str | None
    findings: Findings

    def frame(self) -> frames.Frame:
        """Return the table of shares."""
        return self.shares

    def plot(self, **options: Any) -> Any:
        """Draw the shares of the best customers side by side; see `clvmodels.plots.top_shares`."""
        return displays.draw("top_shares", self.shares, **options)


def value_concentration(
    purchases: PurchaseModel,
    spend: SpendModel,
    history: KnownHistory,
    *,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    costs: Costs | None = None,
    currency: str | None = None,
    tops: Sequence[float] = TOPS,
    held: float = 0.8,
    interval: float = 0.9,
    draws: int = 200,
    random_state: RandomState = 0,
) -> ValueConcentration:
    """Return the best customers' share of the money: past, expected, and in possible futures.

    Parameters
    ----------
    purchases, spend : fitted models
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`.
    horizon : float or str
        For expected and future values; past profit counts from each customer's first order.
    annual_discount_rate : float
        Effective rate per year; past profit is not discounted.
    margin : float
        Share of spend that remains as margin before these costs.
    costs : Costs, optional
        Default: no costs. Past profit is net of the cost of acquisition, which is sunk for the other two.
    currency : str, optional
        Code of three letters.
    tops : sequence of float, default=(0.01, 0.05, 0.1, 0.2)
        Shares of customers.
    held : float, default=0.8
        Share of the sum; the fewest customers who hold it are counted.
    interval : float, default=0.9
        Central probability of the intervals.
    draws : int, default=200
        Joint draws of all customers' futures, each under its own parameters.
    random_state : int or Generator, default=0

    Returns
    -------
    ValueConcentration

    Raises
    ------
    InvalidOption
        For values out of range, a history without amounts, or costs charged while alive, which is not observed.

    References
    ----------
    Fader, Hardie & Ross (2022), "The Customer-Base Audit", Wharton School Press. McCarthy & Winer (2019), "The Pareto
    Rule in Marketing Revisited", Marketing Letters 30, 139-150.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30"}
    >>> history = clv.KnownHistory.from_log(log, **options)
    >>> models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> table = clv.value_concentration(*models, history, draws=20, tops=[0.2], **terms).frame()
    >>> table[["line", "share"]].round(2).values.tolist()
    [['past_profit', 0.63], ['expected_value', 0.73], ['future_value', 0.96]]
    """
    check_same_clock(purchases, spend)
    terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=margin)
    options = PredictionOptions(interval, "outcome", None, draws, random_state, "model")
    _check_shares(tops, held)
    code = check_currency(currency, None if costs is None else costs.currency)
    customers = ValuedCustomers.of(purchases, spend, history.rfm, terms, costs)
    past = _past_profit(customers, history)
    value = present_values(customers).value
    exists = ~np.isnan(value)
    at = np.asarray(tops, dtype=float)

    def values_of(_: int, future: DrawnFuture) -> Array:
        return values_of_future(customers, future)[exists]

    drawn = of_drawn_futures(values_of, customers, draws, seed_of(random_state))
    lines = {PAST: [past], EXPECTED: [value[exists]], FUTURE: drawn}
    shares = {name: np.stack([_captured(each, at) for each in values]) for name, values in lines.items()}
    few = {name: np.array([fewest_holding(each, held) for each in values]) for name, values in lines.items()}
    size = {name: len(values[0]) for name, values in lines.items()}
    level = options.interval or 0.9
    table = _shares_table(shares, at, size, level)
    fewest = _fewest_table(few, held, size, level)
    totals = {
        "line": np.array(list(lines)),
        "total": np.array([float(np.mean([each.sum() for each in values])) for values in lines.values()]),
        "negative": np.array([float(np.mean([np.sum(each < 0) for each in values])) for values in lines.values()]),
    }
    if code is not None:
        totals["currency"] = np.full(len(lines), code)
    kind = history.rfm.kind
    findings = _findings({name: values.mean(axis=0) for name, values in shares.items()}, at, totals)
    shares_frame, fewest_frame, totals_frame = (frames.table(kind, each) for each in (table, fewest, totals))
    findings = (*findings, *customer_findings(customers))
    return ValueConcentration(shares_frame, fewest_frame, totals_frame, code, findings)


def fewest_holding(values: Array, held: float) -> int:
    """Return the fewest customers who hold a share of the sum of values; 0 if the sum is not positive."""
    total = float(values.sum())
    if total <= 0:
        return 0
    running = np.cumsum(np.sort(values)[::-1])
    return int(np.argmax(running >= held * total * (1 - 1e-12))) + 1


def _captured(values: Array, tops: Array) -> Array:
    """Return the share of the sum held by the largest values, missing if the sum is not positive."""
    if values.sum() <= 0:
        return np.full(len(tops), np.nan)
    return captured_at(values, values, tops)


def _check_shares(tops: Sequence[float], held: float) -> None:
    if not len(tops) or not all(0 < top <= 1 for top in tops) or not 0 < held <= 1:
        raise InvalidOption(f"tops={list(tops)!r} and held={held!r} must be shares above 0 and up to 1, such as 0.2.")


def _past_profit(customers: ValuedCustomers, history: KnownHistory) -> Array:
    """Return the margin of each customer's orders up to the cutoff, less costs and the cost of acquisition, (n,)."""
    age = float((customers.rfm.T).max())
    terms = ValueTerms.from_keywords(horizon=age, annual_discount_rate=0.0, margin=customers.terms.margin)
    since = ValueSinceAcquisition(customers.purchases, customers.spend, history, terms, customers.costs)
    profit: Array = since.realized().sum(axis=1) - customers.amounts.acquisition
    return profit


def _shares_table(shares: dict[str, Array], tops: Array, size: dict[str, int], level: float) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {name: [] for name in ("line", "top", "customers", "share")}
    ends: dict[str, list[Array]] = {"share_lower": [], "share_upper": []}
    for name, values in shares.items():
        columns["line"] += [name] * len(tops)
        columns["top"] += tops.tolist()
        columns["customers"] += np.maximum(1, np.round(tops * size[name])).astype(int).tolist()
        columns["share"] += values.mean(axis=0).tolist()
        interval = interval_columns("share", values, level) if len(values) > 1 else dict.fromkeys(ends, tops * np.nan)
        for end, of_end in interval.items():
            ends[end].append(of_end)
    return {**columns, **{end: np.concatenate(values) for end, values in ends.items()}}


def _fewest_table(few: dict[str, Array], held: float, size: dict[str, int], level: float) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {name: [] for name in ("line", "held", "customers", "share_of_customers")}
    ends: dict[str, list[float]] = {"share_of_customers_lower": [], "share_of_customers_upper": []}
    for name, counts in few.items():
        share = np.where(counts > 0, counts / size[name], np.nan)
        columns["line"].append(name)
        columns["held"].append(held)
        columns["customers"].append(float(np.mean(counts)) if np.all(counts > 0) else np.nan)
        columns["share_of_customers"].append(float(np.mean(share)))
        interval = interval_columns("share_of_customers", share[:, None], level)
        for end, values in interval.items():
            ends[end].append(float(values[0]) if len(counts) > 1 else np.nan)
    return {**columns, **ends}


def _findings(shares: dict[str, Array], tops: Array, totals: dict[str, Any]) -> Findings:
    """Return findings on the concentration of the three lines, and on shares above 1 due to negative amounts."""
    place = int(np.argmin(np.abs(tops - NAMED_SHARE)))
    figures = {"top": float(tops[place])} | {name: float(values[place]) for name, values in shares.items()}
    findings = [Finding("value-concentration", figures)] if all(np.isfinite(list(figures.values()))) else []
    negative = {name: round(float(count)) for name, count in zip(totals["line"], totals["negative"], strict=True)}
    if any(negative.values()):
        findings.append(
            Finding("value-concentration-negative", {"past": negative[PAST], "expected": negative[EXPECTED]})
        )
    return tuple(findings)
