"""How much faster customers buy on named days and during promotions, and how much slower after promotions.

The logarithm of each effect is shrunk towards the mean of its group: the same holiday of other years, or all
promotions. The more the effects of a group differ beyond chance, the less they are shrunk (DerSimonian & Laird (1986),
"Meta-Analysis in Clinical Trials", Controlled Clinical Trials 7(3), 177-188).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.calendar import THURSDAY, CalendarPeriod, iso_day
from clvmodels.forecasting.seasons.dated_periods import DatedPeriod
from clvmodels.forecasting.seasons.weekly_speeds import overdispersion
from clvmodels.processes.contract import Array

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PeriodEffect", "Spans", "effects_frame", "estimate_effects", "weekday_speeds"]

EffectPart = Literal["during", "after"]
DAYS_OF_WEEK = 7
HALF_A_PURCHASE = 0.5
PRIOR_DEVIATION = 0.7  # standard deviation of the log mean effect of a group: most are between 1/4 and 4
ROUNDS = 5  # rounds, in which overlapping periods are estimated given the others


@dataclass(frozen=True, slots=True)
class PeriodEffect:
    """The effect of a period, or of the days after it.

    group : the name of an event, or "" for all promotions. first, last: days, counted from 1970-01-01.
    speed: the estimate, or the mean of the group for a period to come. deviation: standard error of its logarithm.
    purchases, expected: those in the observed days, and those expected without the effect.
    """

    name: str
    kind: Literal["event", "promotion"]
    part: EffectPart
    group: str
    first: int
    last: int
    observed: bool = False
    purchases: float = 0.0
    expected: float = 0.0
    speed: float = 1.0
    deviation: float = 0.0

    @property
    def period(self) -> CalendarPeriod:
        """The period of a calendar."""
        name = self.name if self.part == "during" else f"after {self.name}"
        return CalendarPeriod(name, iso_day(self.first), iso_day(self.last), round(self.speed, 6), self.kind)

    def inside(self, days: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return a mask of the days in the period."""
        return (days >= self.first) & (days <= self.last)


class Spans(NamedTuple):
    """Periods whose effects to estimate. days_after: days after a promotion with an effect of their own."""

    events: tuple[DatedPeriod, ...] = ()
    promotions: tuple[DatedPeriod, ...] = ()
    planned: tuple[DatedPeriod, ...] = ()
    days_after: int = 0

    def effects(self) -> list[PeriodEffect]:
        """Return the periods without an estimate yet."""
        effects = [PeriodEffect(each.name, "event", "during", each.name, each.first, each.last) for each in self.events]
        for each in (*self.promotions, *self.planned):
            effects.append(PeriodEffect(each.name, "promotion", "during", "", each.first, each.last))
            if self.days_after:
                end = each.last + self.days_after
                effects.append(PeriodEffect(each.name, "promotion", "after", "", each.last + 1, end))
        return effects


def weekday_speeds(days: npt.NDArray[np.int64], actual: Array, expected: Array) -> Array:
    """Return the relative speed from Monday to Sunday, (7,)."""
    weekday = (days + THURSDAY) % DAYS_OF_WEEK
    bought, mean = (np.bincount(weekday, values, DAYS_OF_WEEK) + HALF_A_PURCHASE for values in (actual, expected))
    speeds: Array = bought / mean * (mean.sum() / bought.sum())
    return speeds


def estimate_effects(
    effects: Sequence[PeriodEffect],
    days: npt.NDArray[np.int64],
    actual: Array,
    expected: Array,
    ordinary: npt.NDArray[np.bool_],
    cell: npt.NDArray[np.int64],
) -> list[PeriodEffect]:
    """Return effects with their estimates.

    Parameters
    ----------
    effects : sequence of PeriodEffect
    days : int array (d,)
        Days observed, in order.
    actual, expected : arrays (d,)
        Purchases, and those expected by season and weekday without any effect.
    ordinary : bool array (d,)
        Days outside all periods: they show the level and the variation of daily purchases.
    cell : int array (d,)
        Week of the year.
    """
    level = max(actual[ordinary].sum(), HALF_A_PURCHASE) / max(expected[ordinary].sum(), HALF_A_PURCHASE)
    mean = level * expected
    noise = overdispersion(actual[ordinary], mean[ordinary], cell[ordinary], days[ordinary] % DAYS_OF_WEEK)
    effects = list(effects)
    for _ in range(ROUNDS):
        together = np.ones(len(days))
        for effect in effects:
            together[effect.inside(days)] *= effect.speed
        effects = [_count(effect, days, actual, mean * together / effect.speed) for effect in effects]
        effects = _shrink(effects, noise)
    return effects


def effects_frame(effects: Sequence[PeriodEffect]) -> pd.DataFrame:
    """Return one row per effect: the period, actual and expected purchases, speed and its 95 % limits."""
    import pandas as pd

    spread = np.exp(1.96 * np.array([effect.deviation for effect in effects]))
    speed = np.array([effect.speed for effect in effects], dtype=float)
    observed = np.array([effect.observed for effect in effects], dtype=bool)
    return pd.DataFrame(
        {
            "name": [effect.name for effect in effects],
            "kind": [effect.kind for effect in effects],
            "part": [effect.part for effect in effects],
            "first": [iso_day(effect.first) for effect in effects],
            "last": [iso_day(effect.last) for effect in effects],
            "observed": observed,
            "purchases": np.where(observed, [effect.purchases for effect in effects], np.nan),
            "expected": np.where(observed, [effect.expected for effect in effects], np.nan),
            "speed": speed,
            "lower": speed / spread,
            "upper": speed * spread,
        }
    )


def _count(effect: PeriodEffect, days: npt.NDArray[np.int64], actual: Array, mean: Array) -> PeriodEffect:
    inside = effect.inside(days)
    bought, expected = float(actual[inside].sum()), float(mean[inside].sum())
    return replace(effect, observed=bool(inside.any()), purchases=bought, expected=expected)


def _shrink(effects: Sequence[PeriodEffect], noise: float) -> list[PeriodEffect]:
    """Return effects shrunk towards the means of their groups; unobserved effects get the mean."""
    families: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, effect in enumerate(effects):
        families[effect.kind, effect.part].append(place)
    answer = list(effects)
    for places in families.values():
        for place, changed in zip(places, _shrink_family([effects[i] for i in places], noise), strict=True):
            answer[place] = changed
    return answer


def _shrink_family(effects: list[PeriodEffect], noise: float) -> list[PeriodEffect]:
    """Return the effects of one kind; groups have their own means, and share the variance within groups."""
    seen = np.array([effect.observed for effect in effects])
    bought = np.array([effect.purchases for effect in effects]) + HALF_A_PURCHASE
    logs = np.log(bought / (np.array([effect.expected for effect in effects]) + HALF_A_PURCHASE))
    variance = noise / bought
    _, group = np.unique([effect.group for effect in effects], return_inverse=True)
    between = _variance_between(logs[seen], variance[seen], group[seen])
    weight = np.where(seen, 1 / (variance + between), 0.0)
    precision = np.bincount(group, weight) + 1 / PRIOR_DEVIATION**2
    mean = (np.bincount(group, weight * logs) / precision)[group]
    doubt = (1 / precision)[group]
    own_share = between / (between + variance)
    drawn = mean + own_share * (logs - mean)
    spread = np.sqrt(own_share * variance + (1 - own_share) ** 2 * doubt)
    coming = np.exp(mean + 0.5 * between)  # the mean of the distribution of effects, not its median
    return [
        replace(
            effect,
            speed=float(np.exp(drawn[i]) if seen[i] else coming[i]),
            deviation=float(spread[i] if seen[i] else np.sqrt(between + doubt[i])),
        )
        for i, effect in enumerate(effects)
    ]


def _variance_between(logs: Array, variance: Array, group: npt.NDArray[np.intp]) -> float:
    """Return the variance of effects within groups beyond chance, by the method of moments."""
    if not len(logs):
        return 0.0
    weight = 1 / variance
    total, square = np.bincount(group, weight), np.bincount(group, weight**2)
    used = total > 0
    mean = np.divide(np.bincount(group, weight * logs), total, out=np.zeros(len(total)), where=used)
    excess = float(weight @ (logs - mean[group]) ** 2) - (len(logs) - int(used.sum()))
    scale = float(total.sum() - (square[used] / total[used]).sum())
    return max(excess / scale, 0.0) if scale > 0 else 0.0
