"""Flags of groups whose revenue differs by more than chance from the same weeks a year before, without a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.decisions.change_flags import EVERYBODY, ChangeFlags, flagged_names, flagged_rows
from clvmodels.decisions.quotients import quotient
from clvmodels.decisions.unit_economics import customer_groups, group_name
from clvmodels.errors import InvalidOption
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.valuation.costs import check_currency
from clvmodels.valuation.money_table import with_currency
from clvmodels.valuation.realized import realized_orders

__all__ = ["flag_changes_last_year"]

WEEKS_PER_YEAR = 52
FEWEST_DRAWS = 20


def flag_changes_last_year(
    history: KnownHistory,
    *,
    by: str,
    weeks: int = 13,
    level: float = 0.05,
    draws: int = 500,
    random_state: RandomState = 0,
    currency: str | None = None,
) -> ChangeFlags:
    """Flag groups whose revenue changed by more than chance since the same weeks of the year before.

    The last weeks up to the cutoff are compared with those 52 weeks earlier, so weekdays and season are the same. A
    group is compared with the other groups, so a change common to all, such as growth or a weak season, flags none of
    them. The row of all customers is never flagged, because one year does not show how much total revenue varies from
    year to year. Chance is estimated by drawing customers with replacement.

    Parameters
    ----------
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`.
    by : str
        An attribute of the customers, such as a channel, or a cohort that had begun by then. Avoid tiers made from
        spend since then, which change by construction: use `flag_changes`, which compares with a forecast.
    weeks : int, default=13
        At most 52.
    level : float, default=0.05
        Chance of any false flag in the table.
    draws : int, default=500
    random_state : int or Generator, default=0
    currency : str, optional
        Code of three letters, such as "EUR".

    Returns
    -------
    ChangeFlags
        Its column "expected" is the revenue of the same weeks of the year before.

    Raises
    ------
    InvalidOption
        If the log does not cover those weeks of the year before, or for values out of range.

    References
    ----------
    Westfall & Young (1993), "Resampling-Based Multiple Testing", Wiley, for thresholds from the largest deviation.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> ids = np.unique(log["customer_id"])
    >>> channels = pd.DataFrame({"customer_id": ids, "channel": np.where(ids % 3 == 0, "search", "social")})
    >>> history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", attributes=channels)
    >>> flags = clv.flag_changes_last_year(history, by="channel", weeks=8, draws=200)
    >>> flags.frame()[["channel", "flagged"]].values.tolist()
    [['all customers', False], ['search', False], ['social', False]]
    """
    _check(weeks, level, draws)
    code = check_currency(currency)
    groups, _ = customer_groups(history, by)
    now, before = _revenue(history, weeks)
    count = len(groups.labels)
    actual, expected = (np.bincount(groups.codes, values, minlength=count).astype(float) for values in (now, before))
    drawn = expected * _drawn_changes(now, before, groups.codes, count, draws, seed_of(random_state))
    multiple, flagged, against = flagged_rows(actual, expected, drawn, None, level)
    multiple[0], flagged[0] = np.nan, False
    size = np.bincount(groups.codes, minlength=count)
    name = group_name(history, by)
    columns: dict[str, Any] = {
        name: np.array([EVERYBODY, *map(str, groups.labels)], dtype=object),
        "customers": np.append(size.sum(), size),
        "expected": np.append(expected.sum(), expected),
        "actual": np.append(actual.sum(), actual),
    }
    columns["relative"] = quotient(columns["actual"], columns["expected"]) - 1
    columns |= {"against_others": against, "multiple_of_chance": multiple, "flagged": flagged}
    table = frames.table(history.rfm.kind, with_currency(columns, code))
    return ChangeFlags(table, level, _findings(flagged_names(columns, name), level))


def _drawn_changes(now: Array, before: Array, codes: npt.NDArray[np.intp], count: int, draws: int, seed: int) -> Array:
    """Return each group's drawn over its observed change, drawing customers with replacement, (draws, groups)."""
    seen = np.flatnonzero((now > 0) | (before > 0))  # others change nothing, however often they are drawn
    values, codes = np.stack([now[seen], before[seen]]), codes[seen]
    observed = _change(values, codes, count)
    generator, drawn = np.random.default_rng(seed), np.empty((draws, count))
    for i in range(draws):
        drawn[i] = _change(generator.poisson(1.0, len(seen)) * values, codes, count)
    return quotient(drawn, np.broadcast_to(observed, drawn.shape))


def _change(values: Array, codes: npt.NDArray[np.intp], count: int) -> Array:
    """Return the revenue of groups over that of the year before, given that of customers in both years, (2, n)."""
    now, before = (np.bincount(codes, side, minlength=count).astype(float) for side in values)
    return quotient(now, before)


def _check(weeks: Any, level: Any, draws: Any) -> None:
    if not (isinstance(weeks, int) and 1 <= weeks <= WEEKS_PER_YEAR):
        raise InvalidOption(f"weeks={weeks!r} must be a whole number from 1 to {WEEKS_PER_YEAR}.")
    if not 0 < level < 1:
        raise InvalidOption(f"level={level!r} must be between 0 and 1, such as 0.05.")
    if not (isinstance(draws, int) and draws >= FEWEST_DRAWS):
        raise InvalidOption(f"draws={draws!r} must be a whole number of {FEWEST_DRAWS} or more.")


def _revenue(history: KnownHistory, weeks: int) -> tuple[Array, Array]:
    """Return what each customer spent in the last weeks, and in the same weeks a year before, each (n,)."""
    orders, clock = realized_orders(history), history.clock
    week = 7.0 / clock.days_per_unit * clock.ticks_per_unit
    back = (history.cutoff - orders.tick) / week
    needed = WEEKS_PER_YEAR + weeks
    seen = (history.cutoff - history.purchase_log.first_tick + 1) / week
    if seen < needed:
        raise InvalidOption(
            f"weeks={weeks}: a comparison with the year before needs a log of {needed} weeks, and this one has "
            f"{seen:,.0f}."
        )
    n = len(orders.T)

    def spent(until: float) -> Array:
        inside = (back >= until) & (back < until + weeks)
        return np.bincount(orders.customer[inside], orders.amount[inside], minlength=n).astype(float)

    return spent(0.0), spent(float(WEEKS_PER_YEAR))


def _findings(names: list[str], level: float) -> Findings:
    """Return a finding on the groups that changed, or on there being none."""
    if not names:
        return (Finding("change-flags-year-none", {"level": level}),)
    return (Finding("change-flags-year", {"groups": names, "count": len(names), "level": level}, "caution"),)
