"""Where a backtest cuts a log, and how far it forecasts from each cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime

import numpy as np

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.transactions.purchase_log import PurchaseLog

__all__ = ["Schedule", "cuts_of", "lengths_of", "planned"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What to forecast.

    Attributes
    ----------
    ends : dict of int to dict of str to int
        For each cut, the last tick of each horizon that is over when the log ends.
    left_out, notes : list of str
        Sentences: horizons that are not, and horizons longer than what was seen at their cut.
    """

    ends: dict[int, dict[str, int]]
    left_out: list[str]
    notes: list[str]


def lengths_of(clock: Clock, horizons: Sequence[float | str]) -> dict[str, int]:
    """Each horizon in whole ticks, by how it is called."""
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


def cuts_of(record: PurchaseLog, cutoffs: Sequence[str | Date | datetime] | int, longest: int) -> list[int]:
    """Last ticks of the calibration periods, in order."""
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
            f"leaves no room for {cutoffs} cutoffs before the longest horizon: shorten the horizon, or ask for fewer."
        )
    return [last] if cutoffs == 1 else [round(cut) for cut in np.linspace(middle, last, cutoffs)]


def planned(record: PurchaseLog, cuts: Sequence[int], lengths: dict[str, int]) -> Schedule:
    """Which horizons end within the log at each cut, and sentences on what to beware of."""
    clock, plan, left_out = record.clock, dict[int, dict[str, int]](), []
    for cut in cuts:
        ends = {name: cut + ticks for name, ticks in lengths.items() if cut + ticks <= record.last_tick}
        left_out += [
            f"{name} from {clock.describe_tick(cut)} is not over when the log ends"
            for name in lengths
            if name not in ends
        ]
        if ends:
            plan[cut] = ends
    if not plan:
        raise InvalidOption(
            f"No cutoff leaves room for a horizon: the log ends on {clock.describe_tick(record.last_tick)}."
        )
    return Schedule(
        plan, left_out, [_far(record, cut, ends) for cut, ends in plan.items() if _longer(record, cut, ends)]
    )


def _longer(record: PurchaseLog, cut: int, ends: dict[str, int]) -> list[str]:
    """Horizons that reach further ahead of a cut than the log reaches back."""
    return [name for name, end in ends.items() if end - cut > _seen(record, cut)]


def _seen(record: PurchaseLog, cut: int) -> int:
    """Ticks of the log up to a cut."""
    return cut - record.first_tick + 1


def _far(record: PurchaseLog, cut: int, ends: dict[str, int]) -> str:
    """What there is to say of such horizons."""
    clock, names = record.clock, " and ".join(_longer(record, cut, ends))
    seen = _seen(record, cut) / clock.ticks_per_unit
    return (
        f"On {clock.describe_tick(cut)} the log reached back {seen:.3g} {clock.time_unit}{'' if seen == 1 else 's'}, "
        f"and the forecast reaches {names} ahead: further than anything the models had seen"
    )
