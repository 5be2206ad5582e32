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
    """What to forecast.

    Attributes
    ----------
    ends : dict of int to dict of str to int
        For each cutoff, the last tick of each horizon that is over when the log ends.
    findings : tuple of Finding
        Horizons that are not, and horizons longer than the log up to their cutoff.
    """

    ends: dict[int, dict[str, int]]
    findings: Findings


def horizon_ticks(clock: Clock, horizons: Sequence[float | str]) -> dict[str, int]:
    """Return each horizon in whole ticks, by its name."""
    lengths = {}
    for horizon in horizons:
        ticks = round(clock.duration(horizon) * clock.ticks_per_unit)
        if ticks < 1:
            raise InvalidOption(
                f"horizon={horizon!r} is shorter than a {clock.merge_within}: nothing can happen in it."
            )
        name = horizon if isinstance(horizon, str) else f"{horizon:g} {clock.time_unit}{'' if horizon == 1 else 's'}"
        lengths[name] = ticks
    if not lengths:
        raise InvalidOption("backtest needs at least one horizon, such as horizons=['26 weeks'].")
    return lengths


def cutoff_ticks(record: PurchaseLog, cutoffs: Sequence[str | Date | datetime] | int, longest: int) -> list[int]:
    """Return the last ticks of the calibration periods, in order."""
    clock = record.clock
    if not isinstance(cutoffs, (int, np.integer)):
        cuts = [clock.closing_tick(cutoff, "cutoffs") for cutoff in cutoffs]
        if len(set(cuts)) < len(cuts) or not cuts:
            raise InvalidOption("cutoffs must be different dates, at least one, or how many.")
        return sorted(cuts)
    if cutoffs < 1:
        raise InvalidOption(f"cutoffs={cutoffs!r}: there must be at least one.")
    last = record.last_tick - longest
    middle = record.first_tick + (last - record.first_tick) // 2
    if last - middle < cutoffs:
        raise InvalidOption(
            f"The log spans {clock.describe_tick(record.first_tick)} to {clock.describe_tick(record.last_tick)}, which "
            f"leaves no room for {cutoffs} cutoffs before the longest horizon: shorten the horizon (horizons=), or "
            "set cutoffs= to a smaller number."
        )
    return [last] if cutoffs == 1 else [round(cut) for cut in np.linspace(middle, last, cutoffs)]


def make_schedule(record: PurchaseLog, cuts: Sequence[int], lengths: dict[str, int]) -> Schedule:
    """Return which horizons end within the log at each cutoff, and findings on those that do not or are long."""
    clock, plan, findings = record.clock, dict[int, dict[str, int]](), list[Finding]()
    for cut in cuts:
        ends = {name: cut + ticks for name, ticks in lengths.items() if cut + ticks <= record.last_tick}
        findings += [
            Finding("backtest-horizon-not-over", {"horizon": name, "cutoff": clock.describe_tick(cut)})
            for name in lengths
            if name not in ends
        ]
        if ends:
            plan[cut] = ends
    if not plan:
        raise InvalidOption(
            f"No cutoff leaves room for a horizon: the log ends on {clock.describe_tick(record.last_tick)}."
        )
    findings += [_long_horizons(record, cut, ends) for cut, ends in plan.items() if _longer(record, cut, ends)]
    return Schedule(plan, tuple(findings))


def _longer(record: PurchaseLog, cut: int, ends: dict[str, int]) -> list[str]:
    """Return horizons that reach further ahead of a cutoff than the log reaches back."""
    return [name for name, end in ends.items() if end - cut > _observed_ticks(record, cut)]


def _observed_ticks(record: PurchaseLog, cut: int) -> int:
    """Return the number of ticks of the log up to a cutoff."""
    return cut - record.first_tick + 1


def _long_horizons(record: PurchaseLog, cut: int, ends: dict[str, int]) -> Finding:
    clock = record.clock
    figures = {
        "cutoff": clock.describe_tick(cut),
        "length": _observed_ticks(record, cut) / clock.ticks_per_unit,
        "unit": clock.time_unit,
        "horizons": _longer(record, cut, ends),
    }
    return Finding("backtest-horizon-long", figures, "caution")
