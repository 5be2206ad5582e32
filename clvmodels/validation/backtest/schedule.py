"""The cutoffs of a backtest, and the horizons to forecast from each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime

import numpy as np

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.language import Finding, Findings
from clvmodels.transactions.purchase_log import PurchaseLog

__all__ = ["Schedule", "cutoff_ticks", "horizon_ticks", "make_schedule"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The cutoffs, and the horizons to forecast from each.

    Attributes
    ----------
    ends : dict of int to dict of str to int
        For each cutoff, the last tick of each horizon that ends within the log.
    findings : tuple of Finding
        Horizons that end after the log, and horizons longer than the log up to their cutoff.
    """

    ends: dict[int, dict[str, int]]
    findings: Findings


def horizon_ticks(clock: Clock, horizons: Sequence[float | str]) -> dict[str, int]:
    """Return each horizon in whole ticks, by its name."""
    lengths = {}
    for horizon in horizons:
        ticks = round(clock.duration(horizon) * clock.ticks_per_unit)
        if ticks < 1:
            raise InvalidOption(f"horizon={horizon!r} is shorter than a {clock.merge_within}: pass a longer one.")
        name = horizon if isinstance(horizon, str) else f"{horizon:g} {clock.time_unit}{'' if horizon == 1 else 's'}"
        lengths[name] = ticks
    if not lengths:
        raise InvalidOption("backtest needs at least one horizon, such as horizons=['26 weeks'].")
    return lengths


def cutoff_ticks(purchase_log: PurchaseLog, cutoffs: Sequence[str | Date | datetime] | int, longest: int) -> list[int]:
    """Return the last ticks of the calibration periods, in order."""
    clock = purchase_log.clock
    if not isinstance(cutoffs, (int, np.integer)):
        ticks = [clock.closing_tick(day, "cutoffs") for day in cutoffs]
        if len(set(ticks)) < len(ticks) or not ticks:
            raise InvalidOption("cutoffs must be a list of different dates, or the number of cutoffs.")
        return sorted(ticks)
    if cutoffs < 1:
        raise InvalidOption(f"cutoffs={cutoffs!r}: there must be at least one.")
    last = purchase_log.last_tick - longest
    middle = purchase_log.first_tick + (last - purchase_log.first_tick) // 2
    if last - middle < cutoffs:
        raise InvalidOption(
            f"The log spans {clock.describe_tick(purchase_log.first_tick)} to "
            f"{clock.describe_tick(purchase_log.last_tick)}, which leaves no room for {cutoffs} cutoffs before the "
            "longest horizon: shorten the horizon (horizons=), or set cutoffs= to a smaller number."
        )
    return [last] if cutoffs == 1 else [round(cutoff) for cutoff in np.linspace(middle, last, cutoffs)]


def make_schedule(purchase_log: PurchaseLog, ticks: Sequence[int], lengths: dict[str, int]) -> Schedule:
    """Return which horizons end within the log at each cutoff, and findings on those that do not or are long."""
    clock, plan, findings = purchase_log.clock, dict[int, dict[str, int]](), list[Finding]()
    for cutoff in ticks:
        ends = {name: cutoff + length for name, length in lengths.items() if cutoff + length <= purchase_log.last_tick}
        findings += [
            Finding("backtest-horizon-not-over", {"horizon": name, "cutoff": clock.describe_tick(cutoff)})
            for name in lengths
            if name not in ends
        ]
        if ends:
            plan[cutoff] = ends
    if not plan:
        raise InvalidOption(
            f"No cutoff leaves room for a horizon: the log ends on {clock.describe_tick(purchase_log.last_tick)}."
        )
    findings += [
        _long_horizons(purchase_log, cutoff, ends)
        for cutoff, ends in plan.items()
        if _longer(purchase_log, cutoff, ends)
    ]
    return Schedule(plan, tuple(findings))


def _longer(purchase_log: PurchaseLog, cutoff: int, ends: dict[str, int]) -> list[str]:
    """Return the horizons that are longer than the log up to a cutoff."""
    return [name for name, end in ends.items() if end - cutoff > _observed_ticks(purchase_log, cutoff)]


def _observed_ticks(purchase_log: PurchaseLog, cutoff: int) -> int:
    """Return the number of ticks of the log up to a cutoff."""
    return cutoff - purchase_log.first_tick + 1


def _long_horizons(purchase_log: PurchaseLog, cutoff: int, ends: dict[str, int]) -> Finding:
    clock = purchase_log.clock
    figures = {
        "cutoff": clock.describe_tick(cutoff),
        "length": _observed_ticks(purchase_log, cutoff) / clock.ticks_per_unit,
        "unit": clock.time_unit,
        "horizons": _longer(purchase_log, cutoff, ends),
    }
    return Finding("backtest-horizon-long", figures, "caution")
