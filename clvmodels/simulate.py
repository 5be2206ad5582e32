"""Simulate transaction logs of customers who buy according to a process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from clvmodels import frames
from clvmodels.calendar import Calendar, calendar_time, plain_time
from clvmodels.clock import EPOCH, OPPORTUNITIES, Clock, TimeUnit
from clvmodels.errors import InvalidOption
from clvmodels.processes.catalog import PURCHASE_PROCESSES, SPEND_PROCESSES
from clvmodels.processes.contract import Array, Process

__all__ = ["simulate_log"]

CENTS = 100  # cents per unit of money


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
    calendar: Calendar | None = None,
    random_state: int = 0,
    kind: frames.FrameKind = "pandas",
) -> frames.Frame:
    """Simulate the transaction log of new customers who arrive at a constant rate and buy according to a process.

    Parameters
    ----------
    customers : int
        Number of customers.
    purchases : mapping of str to float
        Parameters of the purchase process, such as {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}, with times in
        `time_unit`.
    spend : mapping of str to float, optional
        Parameters of the spend process; without it the log has no amounts.
    process, spend_process : str
        Ids of the processes.
    time_unit : {"hour", "day", "week", "month", "year"}
        Unit of time of the parameters. For a discrete process also the opportunity: "week", "month" or "year".
    start, end : str
        First and last day of the log. For a discrete process, `end` is the last day of an opportunity.
    last_arrival : str, optional
        Last day on which a customer may arrive. Default: the middle of the period.
    calendar : Calendar, optional
        How fast customers buy on each day after their first purchase; arrivals stay at a constant rate.
    random_state : int
        Seed of the draws.
    kind : {"pandas", "polars"}
        Kind of frame to return.

    Returns
    -------
    frame
        One row per transaction, in random order: customer_id (0 to customers - 1), date and, with spend, amount.
        Several purchases of a customer on one day are several rows. The purchases of a discrete process fall on random
        days of their opportunities.

    Raises
    ------
    InvalidOption
        For an unknown process, parameters that are not those of the process, or days that are out of order.

    Examples
    --------
    >>> import clvmodels as clv
    >>> parameters = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
    >>> log = clv.simulate_log(1_000, parameters, spend={"p": 6.0, "q": 4.0, "v": 15.0})
    >>> list(log.columns), log["customer_id"].nunique()
    (['customer_id', 'date', 'amount'], 1000)
    """
    parameters = _parameters(PURCHASE_PROCESSES, process, purchases)
    clock = _clock(PURCHASE_PROCESSES[process].discrete, time_unit, calendar)
    first, last = clock.last_tick(start, "start"), clock.closing_tick(end, "end")
    latest = (first + last) // 2 if last_arrival is None else clock.last_tick(last_arrival, "last_arrival")
    if not first <= latest <= last:
        raise InvalidOption(f"start={start!r}, last_arrival={last_arrival!r} and end={end!r} must be in this order.")
    generator = np.random.default_rng(random_state)
    arrival = generator.integers(first, latest + 1, customers)
    history = PURCHASE_PROCESSES[process].simulate(parameters, clock.elapsed(arrival, np.array(last)), generator)
    repeat = _ticks_of_repeats(arrival[history.customer], history.time, clock)
    customer = np.concatenate([np.arange(customers), history.customer])
    day = _days(np.concatenate([arrival, repeat]), clock, start, generator)
    order = generator.permutation(len(customer))
    columns: dict[str, Any] = {
        "customer_id": customer[order],
        "date": day.astype("datetime64[D]").astype("datetime64[ms]")[order],
    }
    if spend is not None:
        money = _parameters(SPEND_PROCESSES, spend_process, spend)
        columns["amount"] = _amounts(spend_process, money, customer, customers, generator)[order]
    return frames.table(kind, columns)


def _ticks_of_repeats(first: Any, time: Array, clock: Clock) -> Any:
    """Return the ticks of repeat purchases (m,), from times after the ticks of first purchases."""
    if not clock.seasonal or clock.calendar is None:
        return first + np.floor(time * clock.ticks_per_unit).astype(np.int64)
    reached = calendar_time(clock.calendar, first) + time * clock.days_per_unit
    return np.ceil(plain_time(clock.calendar, reached)).astype(np.int64)


def _clock(discrete: bool, time_unit: TimeUnit, calendar: Calendar | None) -> Clock:
    """Return the clock on which a process is simulated."""
    if not discrete:
        return Clock(time_unit, calendar=calendar)
    if time_unit not in OPPORTUNITIES:
        raise InvalidOption(
            f"time_unit={time_unit!r} is not an opportunity that a discrete process counts: choose one of "
            f"{', '.join(map(repr, OPPORTUNITIES))}."
        )
    return Clock(time_unit, time_unit, calendar=calendar)


def _days(ticks: Any, clock: Clock, start: str, generator: np.random.Generator) -> Any:
    """Return the days of purchases, counted from 1970-01-01: the ticks, or a random day of each opportunity."""
    if not clock.discrete:
        return ticks
    distinct, rows = np.unique(ticks, return_inverse=True)
    spans = [clock.days(int(tick)) for tick in distinct]
    first, last = (np.array([day.toordinal() for day in days]) - EPOCH.toordinal() for days in zip(*spans, strict=True))
    first = np.maximum(first, Clock().last_tick(start, "start"))
    return generator.integers(first[rows], last[rows] + 1)


def _parameters(processes: Mapping[str, Process], name: str, values: Mapping[str, float]) -> Any:
    """Return the parameters of a process as its record, or raise an error that lists the right names."""
    if name not in processes:
        raise InvalidOption(f"process {name!r} is not one of {', '.join(map(repr, processes))}.")
    names = processes[name].parametrization.names
    if set(values) != set(names):
        raise InvalidOption(f"{name} has the parameters {', '.join(names)}, not {', '.join(values)}.")
    return processes[name].Parameters(**{key: np.float64(values[key]) for key in names})


def _amounts(name: str, p: Any, customer: Any, customers: int, generator: np.random.Generator) -> Array:
    """Return an amount per purchase, rounded to cents; each customer's spend rate is drawn once."""
    amounts: Array = np.round(SPEND_PROCESSES[name].simulate_orders(p, customer, customers, generator) * CENTS) / CENTS
    return amounts
