"""How far this log's totals are from those of a process, as learned from earlier windows.

Like the interval of a total, which uses it, this is on the logarithmic scale of totals with half an order added.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from clvmodels.errors import InvalidOption
from clvmodels.inference.totals.reference_class import ReferenceClass, disjoint_windows
from clvmodels.processes.contract import Array

__all__ = ["LearnedLevel", "LevelRule", "PastErrors", "WindowTotal", "learned_level"]

LevelRule = Literal["spread", "weeks", "none"]
HALF_AN_ORDER = 0.5  # added to totals before taking logarithms, so that 0 has a logarithm
SHORTEST_WINDOW = 365.25 / 6  # days; in shorter windows, a season or a campaign looks like a level
HALF_LEARNED_WEEKS = 8.0  # weeks that windows must cover for the rule "weeks" to learn half of the level


@dataclass(frozen=True, slots=True)
class WindowTotal:
    """The actual total of an earlier window of a log, and the total expected when it began.

    Parameters
    ----------
    begin, end : float
        Days relative to the cutoff, so that end is 0 or negative.
    actual, expected : float
        Total of all customers known at the beginning, in purchases or money.

    Examples
    --------
    >>> from clvmodels.inference.totals.learned_level import WindowTotal
    >>> WindowTotal(begin=-91, end=0, actual=1100, expected=1000).days
    91
    """

    begin: float
    end: float
    actual: float
    expected: float

    @property
    def days(self) -> float:
        """Length of the window."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class LearnedLevel:
    """How far this log's totals are from those of the process, as learned from earlier windows.

    Attributes
    ----------
    factor : float
        The factor for the expected total: ratio ** power.
    ratio : float
        Actual over expected in the earlier windows together; 1 without windows.
    power : float
        Between 0 (nothing is learned) and 1.
    windows : float
        Equivalent number of disjoint windows.
    """

    factor: float = 1.0
    ratio: float = 1.0
    power: float = 0.0
    windows: float = 0.0


def learned_level(
    expected: float,
    windows: Sequence[WindowTotal],
    reference: ReferenceClass,
    *,
    chance: float,
    parameters: float = 0.0,
    order_value: float = 1.0,
    rule: LevelRule = "spread",
) -> LearnedLevel:
    """Return the factor to multiply an expected total by, learned from earlier windows.

    Parameters
    ----------
    expected : float
        Total by the process.
    windows : sequence of WindowTotal
        Windows of less than two months (60.9 days) are left out.
    reference : ReferenceClass
    chance, parameters : float
        Variances of the logarithm of the expected total by the model's own interval.
    order_value : float
        Money per purchase; 1 for purchases.
    rule : {"spread", "weeks", "none"}
        The power of the ratio: tau^2 / (tau^2 + s^2 / n + p), with the variances tau^2 of the reference class, s^2 from
        window to window (with chance) and p due to the parameters, and n disjoint windows; L / (L + 8), with L the
        weeks that the windows cover; or 0.

    Examples
    --------
    >>> from clvmodels.inference.totals.reference_class import reference_class
    >>> from clvmodels.inference.totals.learned_level import WindowTotal, learned_level
    >>> windows, reference = [WindowTotal(-91, 0, 1100, 1000)], reference_class("purchases", "bgnbd")
    >>> learned = learned_level(1000, windows, reference, chance=0.001, rule="weeks")
    >>> round(learned.power, 3), round(learned.ratio, 3), round(learned.factor, 3)
    (0.619, 1.1, 1.061)
    """
    check_arguments(expected, chance, parameters, order_value, windows, rule)
    past = summarize_windows(
        windows, float(chance) * with_half_an_order(expected, order_value), parameters, order_value
    )
    return LearnedLevel() if past is None else learn(past, reference, rule)


@dataclass(frozen=True, slots=True)
class PastErrors:
    """The evidence of earlier windows on the level, on the logarithmic scale.

    Attributes
    ----------
    days : float
        Mean length of a window.
    weeks : float
        Weeks that the windows cover together.
    for_means, for_squares : float
        Equivalent number of disjoint windows for a mean, and for a mean square.
    level : float
        Logarithm of actual over expected in all windows together.
    spread : float
        Mean square of the windows' errors about `level`.
    chance, parameters : float
        Mean variances of the model's own interval of a window.
    """

    days: float
    weeks: float
    for_means: float
    for_squares: float
    level: float
    spread: float
    chance: float
    parameters: float

    @property
    def long_enough(self) -> bool:
        """Whether a level may be learned."""
        return self.days >= SHORTEST_WINDOW


def summarize_windows(
    windows: Sequence[WindowTotal], chance: float, parameters: float, order_value: float
) -> PastErrors | None:
    """Return the evidence of windows; those under two months are used only if all are. None without windows.

    The variance due to chance is inversely proportional to the total: `chance` is that of an expected total of 1.
    """
    windows = [window for window in windows if window.days >= SHORTEST_WINDOW] or windows
    if not windows:
        return None
    begin, end = (np.array([getattr(window, side) for window in windows], float) for side in ("begin", "end"))
    actual = with_half_an_order(np.array([window.actual for window in windows], float), order_value)
    expected = with_half_an_order(np.array([window.expected for window in windows], float), order_value)
    level = math.log(actual.sum() / expected.sum())
    for_means, for_squares = disjoint_windows(begin, end)
    return PastErrors(
        days=float((end - begin).mean()),
        weeks=_length_of_union(begin, end) / 7,
        for_means=for_means,
        for_squares=for_squares,
        level=level,
        spread=float(((np.log(actual / expected) - level) ** 2).mean()),
        chance=float((chance / expected).mean()),
        parameters=float(parameters),
    )


def with_half_an_order(total: Any, order_value: float) -> Any:
    """Return totals plus half an order, of which logarithms are taken."""
    return total + HALF_AN_ORDER * order_value


def _length_of_union(begin: Array, end: Array) -> float:
    """Return the length of the union of intervals."""
    covered, until = 0.0, -math.inf
    for first, last in sorted(zip(begin.tolist(), end.tolist(), strict=True)):
        covered += max(last - max(first, until), 0.0)
        until = max(until, last)
    return covered


def learn(past: PastErrors, reference: ReferenceClass, rule: LevelRule) -> LearnedLevel:
    """Return the learned level; `learned_level` describes the rules."""
    if rule == "none" or not past.long_enough:
        power = 0.0
    elif rule == "weeks":
        power = past.weeks / (past.weeks + HALF_LEARNED_WEEKS)
    else:
        power = power_of_level(past, reference, _from_window_to_window(past, reference))
    return LearnedLevel(math.exp(power * past.level), math.exp(past.level), power, past.for_means)


def power_of_level(past: PastErrors, reference: ReferenceClass, variance: float) -> float:
    """Return the power of the ratio of actual to expected totals for a variance from window to window."""
    lasting = reference.variance(past.days)
    return lasting / (lasting + variance / past.for_means + past.parameters) if lasting > 0 else 0.0


def _from_window_to_window(past: PastErrors, reference: ReferenceClass) -> float:
    """Return the variance of the windows' errors about the level of this log, chance included.

    The reference class counts as one more degree of freedom, so with a single window it decides.
    """
    others = reference.variance(past.days) + past.chance
    own_freedom = past.for_squares * (1 - 1 / past.for_means)
    return (others + past.for_squares * past.spread) / (1 + own_freedom)


def is_number(value: Any) -> bool:
    return (
        isinstance(value, (int, float, np.integer, np.floating))
        and not isinstance(value, bool)
        and math.isfinite(float(value))
    )


def not_numbers(values: dict[str, Any]) -> list[str]:
    return [f"{name}={value!r} must be a number" for name, value in values.items() if not is_number(value)]


def _negative(values: dict[str, Any]) -> list[str]:
    """Return a fault for each value that is not a number of 0 or more."""
    return [
        f"{name}={value!r} must be a number, 0 or more"
        for name, value in values.items()
        if not is_number(value) or value < 0
    ]


def refuse(faults: list[str]) -> None:
    if faults:
        raise InvalidOption(f"{'; '.join(faults)}.")


def check_arguments(
    expected: float,
    chance: float,
    parameters: float,
    order_value: float,
    windows: Sequence[WindowTotal],
    rule: str,
    more: Sequence[str] = (),
) -> None:
    """Raise one error that lists all invalid arguments."""
    faults = [*more, *_negative({"expected": expected, "chance": chance, "parameters": parameters})]
    if not is_number(order_value) or order_value <= 0:
        faults.append(f"order_value={order_value!r} must be a positive number")
    if rule not in get_args(LevelRule):
        faults.append(f"rule={rule!r} is not one of {', '.join(map(repr, get_args(LevelRule)))}")
    for i, window in enumerate(windows):
        faults += [f"windows[{i}]: {fault}" for fault in _window_faults(window)]
    refuse(faults)


def _window_faults(window: Any) -> list[str]:
    if not isinstance(window, WindowTotal):
        return [f"must be a WindowTotal, not {type(window).__name__}"]
    faults = not_numbers({"begin": window.begin, "end": window.end})
    if not faults and not window.begin < window.end <= 0:
        faults.append(f"begin={window.begin!r} and end={window.end!r} must be days before the cutoff, in this order")
    return faults + _negative({"actual": window.actual, "expected": window.expected})
