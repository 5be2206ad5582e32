"""Cohort triangles: customers, orders, revenue and margin by cohort and period, observed and then expected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from clvmodels import frames
from clvmodels.decisions.unit_economics import acquisition_cohorts
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.valuation.costs import check_currency
from clvmodels.valuation.lifetime_value import check_same_clock
from clvmodels.valuation.money_table import with_currency
from clvmodels.valuation.periods import CalendarUnit, check_unit, periods_after
from clvmodels.valuation.realized import calendar_ticks
from clvmodels.valuation.since_acquisition import ValueSinceAcquisition
from clvmodels.valuation.value_terms import ValueTerms, refuse_negative_margin
from clvmodels.valuation.valued_customers import ValueGroups

__all__ = ["cohort_triangle"]

MEASURES = ("buyers", "repeat_buyers", "orders", "revenue")


def cohort_triangle(
    purchases: PurchaseModel,
    spend: SpendModel,
    history: KnownHistory,
    *,
    horizon: float | str,
    margin: float = 1.0,
    period: CalendarUnit = "quarter",
    currency: str | None = None,
) -> frames.Frame:
    """Return what each cohort did in each calendar period, and what it is expected to do in later ones.

    Three columns are easily confused. *Repeat share* is the share of the cohort with a repeat order in the period.
    *Retention proxy* is the share of the buyers of the period before who bought again in this one, known only where
    both are observed. *Alive* is the expected share of the cohort that is still active, which cannot be observed.

    Parameters
    ----------
    purchases, spend : fitted models
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`.
    horizon : float or str
        How far the expected part reaches beyond the cutoff.
    margin : float, default=1.0
        Share of spend that remains as margin.
    period : {"week", "month", "quarter", "year"}, default="quarter"
        Calendar period of the rows, and of the cohorts: a cohort is the customers whose first order is in one period.
    currency : str, optional
        Code of three letters, such as "EUR".

    Returns
    -------
    frame
        One row per cohort and period from its own on: cohort and period (first days); age (0 for the cohort's own
        period); customers (the size of the cohort); status ("observed" or "expected"); partial (whether the row covers
        only a part of the period; the period of the cutoff has two such rows); buyers; repeat_buyers; orders; revenue;
        margin; repeat_share; retention_proxy; alive (at the end of the period). Expected buyers are missing for models
        that do not give the chance of an order in a later window.

    Raises
    ------
    InvalidOption
        For values out of range, or a history without amounts.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30"}
    >>> history = clv.KnownHistory.from_log(log, **options)
    >>> models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    >>> table = clv.cohort_triangle(*models, history, horizon="3 months")
    >>> table[["period", "status", "repeat_buyers"]].round(1).values.tolist()[1:]
    [['1997-04-01', 'observed', 524.0], ['1997-07-01', 'observed', 418.0], ['1997-10-01', 'expected', 347.0]]
    """
    check_same_clock(purchases, spend)
    unit = check_unit(period, "period")
    terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=0.0, margin=margin)
    refuse_negative_margin(margin)
    code = check_currency(currency)
    since = ValueSinceAcquisition(purchases, spend, history, terms, None)
    segments, partial_cohorts = acquisition_cohorts(history, unit)
    if (missing := int((~since.exists).sum())) > 0:
        raise InvalidOption(f"{missing:,} customers have no expected spend: fit another spend model.")
    observed = _observed(since, unit, segments.codes, len(segments.labels))
    ahead = _expected(since, unit, segments.codes, len(segments.labels))
    columns = _table(segments, observed, ahead, bool(partial_cohorts[0]), margin)
    return frames.table(history.rfm.kind, with_currency(columns, code))


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Consecutive periods: their first days, whether they are partial, and sums by cohort, (cohorts, periods)."""

    days: list[str]
    partial: list[bool]
    sums: dict[str, Array]
    proxy: Array
    alive: Array


def _observed(since: ValueSinceAcquisition, unit: CalendarUnit, codes: Any, count: int) -> _Cells:
    """Return the sums of the periods up to the cutoff."""
    orders, history = since.orders, since.history
    clock = history.clock
    days, ends = calendar_ticks(clock, int(orders.tick.min()), history.cutoff, unit)
    k = len(days)
    place = np.searchsorted(ends, orders.tick)
    shape = (count, k)

    def total(cells: Array, weights: Array | None = None) -> Array:
        return np.bincount(cells, weights, minlength=count * k).astype(float).reshape(shape)

    cells = codes[orders.customer] * k + place
    bought = np.zeros((len(orders.T), k), dtype=bool)
    bought[orders.customer, place] = True
    again = np.zeros_like(bought)
    repeat = orders.age > 0
    again[orders.customer[repeat], place[repeat]] = True

    def by_cohort(flags: Any) -> Array:
        return np.stack([np.bincount(codes, column, minlength=count) for column in flags.T], axis=1).astype(float)

    both = by_cohort(bought[:, 1:] & bought[:, :-1])
    buyers = by_cohort(bought)
    proxy = np.full(shape, np.nan)
    np.divide(both, buyers[:, :-1], out=proxy[:, 1:], where=buyers[:, :-1] > 0)
    if ends[-1] > history.cutoff:
        proxy[:, -1] = np.nan  # a partial period is not compared with a whole one
    sums = {
        "buyers": buyers,
        "repeat_buyers": by_cohort(again),
        "orders": total(cells),
        "revenue": total(cells, orders.amount),
    }
    partial = [False] * k
    partial[-1] = bool(ends[-1] > history.cutoff)
    return _Cells([day.isoformat() for day in days], partial, sums, proxy, np.full(shape, np.nan))


def _expected(since: ValueSinceAcquisition, unit: CalendarUnit, codes: Any, count: int) -> _Cells:
    """Return the expected sums of the periods after the cutoff."""
    customers, rfm = since.customers, since.customers.rfm
    expected, process = customers.expectations, customers.purchases.future
    periods = periods_after(rfm.clock, rfm.observation_end, customers.horizon, unit)
    shape = (count, len(periods))
    sums, alive = {name: np.zeros(shape) for name in MEASURES}, np.zeros(shape)
    start, before = 0.0, np.zeros(len(rfm))
    for i, end in enumerate(map(float, periods.ends)):
        by_end, _ = expected.orders(end)
        orders, before = by_end - before, by_end
        sums["orders"][:, i] = np.bincount(codes, orders, minlength=count)
        sums["revenue"][:, i] = np.bincount(codes, orders * expected.spend_per_order, minlength=count)
        stays = customers.purchases.if_active(rfm, partial(customers.purchases.survival_if_active, end))
        alive[:, i] = np.bincount(codes, expected.alive * stays, minlength=count)
        buyers = np.full(len(rfm), np.nan)
        if process.buys_between_if_active is not None:
            window = max(end - start, 0.0)
            buyers = expected.alive * customers.purchases.if_active(rfm, partial(_buys, process, end - window, end))
        sums["buyers"][:, i] = sums["repeat_buyers"][:, i] = np.bincount(codes, buyers, minlength=count)
        start = end
    return _Cells(list(periods.labels), list(periods.partial), sums, np.full(shape, np.nan), alive)


def _buys(process: Any, start: float, end: float, p: Any, *state: Array) -> Array:
    answer: Array = process.buys_between_if_active(p, start, end, *state)
    return answer


def _table(
    segments: ValueGroups, observed: _Cells, ahead: _Cells, first_partial: bool, margin: float
) -> dict[str, Any]:
    """Return one row per cohort and period, beginning with the cohort's own; a period cut by the cutoff has two."""
    size = np.bincount(segments.codes, minlength=len(segments.labels))
    rows: dict[str, list[Any]] = {
        name: []
        for name in ("cohort", "period", "age", "customers", "status", "partial", *MEASURES, "margin", "repeat_share")
    }
    rows |= {"retention_proxy": [], "alive": []}
    k = len(observed.days)
    continued = observed.partial[-1]
    for cohort, label in enumerate(segments.labels):
        if size[cohort] == 0:
            continue
        for cells, offset, status in ((observed, 0, "observed"), (ahead, k - continued, "expected")):
            for i, day in enumerate(cells.days):
                age = i + offset - cohort
                if age < 0:
                    continue
                partial_period = cells.partial[i] or (status == "expected" and continued and i == 0)
                partial_period = partial_period or (status == "observed" and i == 0 and first_partial)
                values = {name: float(cells.sums[name][cohort, i]) for name in MEASURES}
                row = {
                    "cohort": label,
                    "period": day,
                    "age": age,
                    "customers": int(size[cohort]),
                    "status": status,
                    "partial": bool(partial_period),
                    **values,
                    "margin": margin * values["revenue"],
                    "repeat_share": values["repeat_buyers"] / size[cohort],
                    "retention_proxy": float(cells.proxy[cohort, i]),
                    "alive": float(cells.alive[cohort, i]) / size[cohort],
                }
                for name, value in row.items():
                    rows[name].append(value)
    return rows
