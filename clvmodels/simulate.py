"""Customers and transaction logs drawn from a process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from clvmodels import frames
from clvmodels.clock import EPOCH, OPPORTUNITIES, Clock, TimeUnit
from clvmodels.errors import InvalidOption
from clvmodels.processes.catalog import PURCHASE_PROCESSES, SPEND_PROCESSES
from clvmodels.processes.contract import Array, Process

__all__ = ["simulate_log"]

CENT = 100


def simulate_log(
    customers: int,
    purchases: Mapping[str, float],
    spend: Mapping[str, float] | None = None,
    *,
    process: str = "bgnbd",
    spend_process: str = "gamma_gamma",
    time_unit: TimeUnit = "week",
    start: str = "2020-01-01",
    end: str = "2021-12-31",
    last_arrival: str | None = None,
    random_state: int = 0,
    kind: frames.FrameKind = "pandas",
) -> frames.Frame:
    """Transaction log of new customers who arrive evenly over a period and buy as a process says.

    Parameters
    ----------
    customers : int
    purchases, spend : mapping of parameter to value
        Such as {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}, times in `time_unit`; spend likewise, None for no money.
    process, spend_process : str
        Names of processes.
    time_unit : {"hour", "day", "week", "month", "year"}
        Of the parameters; of a discrete process also the opportunity, "week", "month" or "year".
    start, end : str
        First and last day of the log; of a discrete process the last day of an opportunity.
    last_arrival : str, optional
        Last day a customer may arrive; default: the middle of the period.
    random_state : int
    kind : {"pandas", "polars"}

    Returns
    -------
    frame
        customer_id (0 to customers - 1), date, and with spend amount; in random order. Purchases on one day are
        several rows of that day; those of a discrete process fall on any day of their opportunity.

    Examples
    --------
    >>> import clvmodels as clv
    >>> law = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
    >>> log = clv.simulate_log(1_000, law, spend={"p": 6.0, "q": 4.0, "v": 15.0})
    >>> list(log.columns), log["customer_id"].nunique()
    (['customer_id', 'date', 'amount'], 1000)
    """
    drawn = _parameters(PURCHASE_PROCESSES, process, purchases)
    clock = _clock(PURCHASE_PROCESSES[process].discrete, time_unit)
    first, last = clock.last_tick(start, "start"), clock.closing_tick(end, "end")
    latest = (first + last) // 2 if last_arrival is None else clock.last_tick(last_arrival, "last_arrival")
    if not first <= latest <= last:
        raise InvalidOption(f"The period must hold start, last_arrival and end in this order: {start}, {end}.")
    generator = np.random.default_rng(random_state)
    arrival = generator.integers(first, latest + 1, customers)
    history = PURCHASE_PROCESSES[process].simulate(drawn, (last - arrival) / clock.ticks_per_unit, generator)
    later = arrival[history.customer] + np.floor(history.time * clock.ticks_per_unit).astype(np.int64)
    who = np.concatenate([np.arange(customers), history.customer])
    day = _days(np.concatenate([arrival, later]), clock, start, generator)
    order = generator.permutation(len(who))
    columns: dict[str, Any] = {
        "customer_id": who[order],
        "date": day.astype("datetime64[D]").astype("datetime64[ms]")[order],
    }
    if spend is not None:
        money = _parameters(SPEND_PROCESSES, spend_process, spend)
        columns["amount"] = _amounts(spend_process, money, who, customers, generator)[order]
    return frames.table(kind, columns)


def _clock(discrete: bool, time_unit: TimeUnit) -> Clock:
    if not discrete:
        return Clock(time_unit)
    if time_unit not in OPPORTUNITIES:
        raise InvalidOption(
            f"time_unit={time_unit!r}: a discrete process counts opportunities, each of which is one of "
            f"{', '.join(map(repr, OPPORTUNITIES))}."
        )
    return Clock(time_unit, time_unit)


def _days(ticks: Any, clock: Clock, start: str, generator: np.random.Generator) -> Any:
    """Days of purchases, since 1970: the ticks themselves, or any day of each opportunity from the start of the log."""
    if not clock.discrete:
        return ticks
    distinct, rows = np.unique(ticks, return_inverse=True)
    spans = [clock.days(int(tick)) for tick in distinct]
    first, last = (np.array([day.toordinal() for day in days]) - EPOCH.toordinal() for days in zip(*spans, strict=True))
    first = np.maximum(first, Clock().last_tick(start, "start"))
    return generator.integers(first[rows], last[rows] + 1)


def _parameters(processes: Mapping[str, Process], name: str, given: Mapping[str, float]) -> Any:
    if name not in processes:
        raise InvalidOption(f"process {name!r} is not one of {', '.join(map(repr, processes))}.")
    names = processes[name].parametrization.names
    if set(given) != set(names):
        raise InvalidOption(f"{name} has the parameters {', '.join(names)}, not {', '.join(given)}.")
    return processes[name].Parameters(**{key: np.float64(given[key]) for key in names})


def _amounts(name: str, p: Any, who: Any, customers: int, generator: np.random.Generator) -> Array:
    """An amount a purchase, to the cent: each customer's own spend rate, drawn once, holds for all of them."""
    amounts: Array = np.round(SPEND_PROCESSES[name].simulate_orders(p, who, customers, generator) * CENT) / CENT
    return amounts
