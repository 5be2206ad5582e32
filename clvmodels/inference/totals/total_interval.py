"""The interval of a total: chance, parameters, season, and changing conditions, from earlier windows and other shops.

The interval of a process allows for chance and for doubt about its parameters. The total of the next months also
depends on conditions that affect all customers: a season, prices, a competitor. The size of such changes is learned
from earlier windows of this log, of which there are few, and from errors of totals in other shops (`reference_class`).
All variances are those of the logarithm of a total.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from scipy import special

from clvmodels.errors import InvalidOption
from clvmodels.inference.totals.learned_level import (
    HALF_AN_ORDER,
    LearnedLevel,
    LevelRule,
    PastErrors,
    WindowTotal,
    check_arguments,
    is_number,
    learn,
    not_numbers,
    power_of_level,
    refuse,
    summarize_windows,
    with_half_an_order,
)
from clvmodels.inference.totals.reference_class import ReferenceClass, TotalQuantity, reference_class
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array

__all__ = ["IntervalBasis", "TotalInterval", "other_shops", "own_variance", "total_interval"]

IntervalBasis = Literal["model", "other_shops", "history", "not_tested"]

NODES, NODE_WEIGHTS = (half / 2 for half in np.polynomial.legendre.leggauss(128))  # NODES in (-1/2, 1/2)
HALVINGS = 60
SAME_DAYS = 1e-3  # days; horizons that differ less are the same length in two units
SHOWN_LEVEL = 0.9  # of the interval that is printed


@dataclass(frozen=True, slots=True, repr=False)
class TotalInterval:
    """A total with its interval and where its uncertainty comes from.

    On the logarithmic scale, the error of the total is the sum of a normal part, with the variances `chance`,
    `parameters` and `season`, and of a level common to all customers, which has a t distribution with
    `degrees_of_freedom` and the squared scale `history` + `reference`.

    Attributes
    ----------
    expected : float
        Total by the process.
    level : LearnedLevel
    chance, parameters : float
        Variance of the model's own interval.
    history : float
        Part of the level's squared scale that this log's earlier windows contribute.
    reference : float
        Part that other shops contribute.
    degrees_of_freedom : float
        Of the t distribution; infinite if the interval is the model's own.
    order_value : float
        Money per purchase; 1 for purchases.
    findings : tuple of Finding
    season : float
        Variance due to the doubt about the season of an estimated calendar.
    quantity : {"purchases", "money"}
        What the total is of.
    days : float
        How far ahead the total reaches.

    Examples
    --------
    >>> from clvmodels.inference.totals.reference_class import reference_class
    >>> from clvmodels.inference.totals.learned_level import WindowTotal
    >>> from clvmodels.inference.totals.total_interval import total_interval
    >>> windows = [WindowTotal(-91, 0, 1050, 1000), WindowTotal(-182, -91, 1030, 1000)]
    >>> reference = reference_class("purchases", "bgnbd")
    >>> total = total_interval(1000, 91, chance=0.001, parameters=0.0005, reference=reference, windows=windows)
    >>> lower, upper = total.interval(0.9)
    >>> lower < total.point < upper
    True
    """

    expected: float
    level: LearnedLevel
    chance: float
    parameters: float
    history: float
    reference: float
    degrees_of_freedom: float
    order_value: float
    findings: Findings
    season: float = 0.0
    quantity: TotalQuantity = "purchases"
    days: float = math.nan

    @property
    def point(self) -> float:
        """The median of the total: the process's expectation times the learned level."""
        return self.expected * self.level.factor

    def __repr__(self) -> str:
        if self.expected == 0 == self.chance:  # as from `other_shops`
            return f"TotalInterval: errors of totals of {self.quantity} within {self.days:g} days, without a total"
        lower, upper = self.interval(SHOWN_LEVEL)
        ends = f"between {lower:,.1f} and {upper:,.1f} with a probability of {SHOWN_LEVEL:.0%}"
        return f"TotalInterval: {self.quantity} of {self.point:,.1f} within {self.days:g} days, {ends}"

    @property
    def parts(self) -> dict[str, float]:
        """Variances of the logarithm of the total by their origin."""
        names = ("chance", "parameters", "history", "reference", "season")
        return {name: getattr(self, name) for name in names}

    @property
    def basis(self) -> IntervalBasis:
        """What the interval allows for beyond the model's own: errors of "other_shops", or also those of the "history".

        "not_tested" means that no errors are known at this horizon, so that the interval is the model's own.
        """
        if math.isinf(self.degrees_of_freedom):
            return "not_tested" if any(each.code == "total-interval-not-tested" for each in self.findings) else "model"
        return "history" if self.level.windows > 0 else "other_shops"

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Return the ends of the central interval with this probability.

        Raises
        ------
        InvalidOption
            Unless 0 < level < 1.
        """
        if not is_number(level) or not 0 < level < 1:
            raise InvalidOption(f"level={level!r} must be between 0 and 1, such as 0.9.")
        half = self._quantile((1 + level) / 2)
        added = HALF_AN_ORDER * self.order_value
        lower, upper = ((self.point + added) * math.exp(side * half) - added for side in (-1, 1))
        return max(lower, 0.0), upper

    def check_horizon(self, days: float, *, longer: bool = False) -> Self:
        """Return the total itself, for use as the interval of a table that reaches this many days ahead.

        Parameters
        ----------
        days : float
        longer : bool
            Whether the total may reach farther ahead than the table, as for customers whose futures end at different
            times.

        Raises
        ------
        InvalidOption
            If the total is that of another horizon: the level of a longer total is less certain.
        """
        if not (days <= self.days + SAME_DAYS if longer else abs(days - self.days) <= SAME_DAYS):
            raise InvalidOption(
                f"total_interval is for a total over {self.days:,.6g} days, but this table is for {days:,.6g} days: "
                "pass what CustomerModel.total(history, horizon) returns for the same horizon, or "
                "total_interval='history'."
            )
        return self

    def of_model(self) -> Self:
        """Return the same total with an interval for chance and parameters only."""
        left_out = ("total-interval-not-tested", "total-interval-season")
        findings = tuple(each for each in self.findings if each.code not in left_out)
        return replace(self, history=0.0, reference=0.0, season=0.0, degrees_of_freedom=math.inf, findings=findings)

    def level_draws(self, random_state: RandomState, n: int) -> Array:
        """Draw factors of the level, (n,), each of which applies to all customers of a draw.

        Multiplied with draws of the model, which have its chance and its doubt about parameters, they give consistent
        draws of totals, groups and tiers. The learned level and the doubt about the season are part of them. Use
        quantiles of the products: the mean of exp(t) is infinite. Draws are stratified: one from each n-th of the
        distribution.
        """
        if not is_number(n) or n != int(n) or n < 1:
            raise InvalidOption(f"n={n!r} must be a whole number of draws, at least 1.")
        generator = np.random.default_rng([seed_of(random_state), zlib.crc32(b"level of the total")])
        probability = _stratify(generator, n)
        freedom = self.degrees_of_freedom
        noise = special.ndtri(probability) if math.isinf(freedom) else special.stdtrit(freedom, probability)
        factors: Array = self.level.factor * np.exp(math.sqrt(self.history + self.reference) * noise)
        if self.season > 0:
            factors = factors * np.exp(math.sqrt(self.season) * special.ndtri(_stratify(generator, n)))
        return factors

    def _quantile(self, probability: float) -> float:
        """Return a quantile above the median of the sum of the normal and the t part."""
        own, common = self.chance + self.parameters + self.season, self.history + self.reference
        if common == 0:
            return math.sqrt(own) * float(special.ndtri(probability))
        # Given a draw of chi-square, at its quantiles, the sum is normal.
        half, variance = self.degrees_of_freedom / 2, own + common
        # Relative to their sum, so that no variance is too small to be divided by.
        deviations = np.sqrt(own / variance + common / variance * half / special.gammaincinv(half, 0.5 + NODES))
        lower, upper = 0.0, float(deviations.max() * special.ndtri(probability))
        for _ in range(HALVINGS):
            middle = (lower + upper) / 2
            if NODE_WEIGHTS @ special.ndtr(middle / deviations) < probability:
                lower = middle
            else:
                upper = middle
        return upper * math.sqrt(variance)


def _stratify(generator: np.random.Generator, n: int) -> Array:
    """Return probabilities, one from each n-th of (0, 1) and in random order, (n,)."""
    probability: Array = (generator.permutation(n) + generator.random(n)) / n
    return probability


def other_shops(quantity: TotalQuantity, process: str, horizon_days: float) -> TotalInterval:
    """Return the uncertainty of the level of a total from errors in other shops, for use without a log.

    Parameters
    ----------
    quantity : {"purchases", "money"}
    process : str
        Id of the process that gives the total, such as "bgnbd".
    horizon_days : float

    Returns
    -------
    TotalInterval
        Only for its `level_draws`; it does not contain the total and the model's own variances.

    Examples
    --------
    >>> from clvmodels.inference.totals.total_interval import other_shops
    >>> other_shops("purchases", "bgnbd", 91).basis, other_shops("purchases", "bgnbd", 1000).basis
    ('other_shops', 'not_tested')
    """
    return total_interval(0.0, horizon_days, chance=0.0, parameters=0.0, reference=reference_class(quantity, process))


def own_variance(lower: float, upper: float, level: float = 0.9, *, order_value: float = 1.0) -> float:
    """Return the variance of the logarithm of a total from the ends of the model's own interval.

    Parameters
    ----------
    lower, upper : float
        Of the total.
    level : float
        Central probability of the interval.
    order_value : float
        Money per purchase, or 1 for purchases: half an order is added to both ends.

    Examples
    --------
    >>> from clvmodels.inference.totals.total_interval import own_variance
    >>> round(own_variance(904, 1105) ** 0.5, 4)
    0.061
    """
    numbers = {"lower": lower, "upper": upper, "level": level, "order_value": order_value}
    refuse(not_numbers(numbers))
    if not (0 <= lower <= upper and 0 < level < 1 and order_value > 0):
        raise InvalidOption(
            f"lower={lower!r} and upper={upper!r} must be the ends of an interval of a total, 0 or more, "
            f"level={level!r} must be between 0 and 1, and order_value={order_value!r} positive."
        )
    added = HALF_AN_ORDER * order_value
    width = math.log((upper + added) / (lower + added))
    return (width / (2 * float(special.ndtri((1 + level) / 2)))) ** 2


def total_interval(
    expected: float,
    horizon_days: float,
    *,
    chance: float,
    parameters: float,
    reference: ReferenceClass,
    windows: Sequence[WindowTotal] = (),
    order_value: float = 1.0,
    rule: LevelRule = "spread",
    season: float = 0.0,
) -> TotalInterval:
    """Return a total with an interval that allows for chance, parameters, the season and changing conditions.

    Parameters
    ----------
    expected : float
        Total that a process expects, in purchases or money.
    horizon_days : float
        How far ahead.
    chance, parameters : float
        Variances of the logarithm of the total by the model's own interval: due to chance given the parameters, and due
        to the parameters; see `own_variance`.
    reference : ReferenceClass
        Of the quantity and the process.
    windows : sequence of WindowTotal
        Earlier windows of this log, which may overlap.
    order_value : float
        Expected money per purchase. Half an order is added to totals before logarithms are taken, so that nothing
        depends on the currency; 1 for purchases.
    rule : {"spread", "weeks", "none"}
        How much of the level is learned; see `learned_level`.
    season : float
        Variance of the logarithm of the total due to the doubt about the season; see `SeasonDoubt.log_variance`.

    Returns
    -------
    TotalInterval

    Raises
    ------
    InvalidOption
        With every invalid argument.

    Notes
    -----
    With the learned level L and its power w, the mean square of the errors of earlier windows about the level used is
    their spread about L plus (1 - w)^2 L^2. For n disjoint windows it is multiplied by (1 + w / n) / (1 - w / n): the
    level was learned from the same windows, and its own error is part of those to come. Without what chance and
    parameters explain, and scaled from the windows' length to the horizon, it is joined with the variance of the
    reference class: scaled inverse chi-square distributions add their degrees of freedom and their sums of squares
    (Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.6). The reference class has one degree of freedom for
    each shop.
    """
    faults = [] if is_number(horizon_days) and horizon_days > 0 else [f"horizon_days={horizon_days!r} must be positive"]
    if not (is_number(season) and season >= 0):
        faults.append(f"season={season!r} must be a variance of at least 0")
    check_arguments(expected, chance, parameters, order_value, windows, rule, faults)
    past = summarize_windows(
        windows, float(chance) * with_half_an_order(expected, order_value), parameters, order_value
    )
    level = LearnedLevel() if past is None else learn(past, reference, rule)
    own, others, freedom = 0.0, 0.0, math.inf
    if reference.covers(horizon_days):
        own, others, freedom = _join(past, level, reference, horizon_days)
    return TotalInterval(
        expected=float(expected),
        level=level,
        chance=float(chance),
        parameters=float(parameters),
        history=own,
        reference=others,
        degrees_of_freedom=freedom,
        order_value=float(order_value),
        findings=_findings(past, level, reference, horizon_days, season),
        season=float(season),
        quantity=reference.quantity,
        days=float(horizon_days),
    )


def _join(
    past: PastErrors | None, level: LearnedLevel, reference: ReferenceClass, days: float
) -> tuple[float, float, float]:
    """Return the squared scale of the level due to this log and to other shops, and its degrees of freedom."""
    others, freedom = reference.variance(days), reference.degrees_of_freedom
    at_windows = 0.0 if past is None else reference.variance(past.days)
    if past is None or others == 0 or at_windows == 0:
        return 0.0, others, freedom
    explained = past.chance + past.parameters
    about_level = past.spread + ((1 - level.power) * past.level) ** 2
    # The level was learned from the same errors, so they are smaller than future errors around it.
    learned = level.power / past.for_means
    if learned >= 1:  # a single window whose level is fully learned says nothing about future errors
        return 0.0, others, freedom
    excess = max(about_level * (1 + learned) / (1 - learned) - explained, 0.0) * others / at_windows
    # Satterthwaite's formula for the remainder of a subtraction, less the part of a degree that the level takes.
    usual = power_of_level(past, reference, at_windows + past.chance) if level.power > 0 else 0.0
    own_freedom = past.for_squares * (1 - usual / past.for_means) * (at_windows / (at_windows + explained)) ** 2
    total = freedom + own_freedom
    return own_freedom * excess / total, freedom * others / total, total


def _findings(
    past: PastErrors | None, level: LearnedLevel, reference: ReferenceClass, days: float, season: float
) -> Findings:
    findings, shops = list[Finding](), len(reference.shops)
    if past is None:
        if reference.covers(days):  # otherwise the interval is the model's own, as a finding below says
            findings.append(Finding("total-interval-no-windows", {"shops": shops}, "caution"))
    elif not past.long_enough:
        findings.append(Finding("total-interval-short-windows", {"days": past.days}, "info"))
    elif level.power > 0:
        figures = {"ratio": level.ratio - 1, "power": level.power, "change": level.factor - 1, "weeks": past.weeks}
        findings.append(Finding("total-interval-level", figures, "info"))
    if not reference.covers(days):
        figures = {"days": days, "longest": reference.longest_days}
        findings.append(Finding("total-interval-not-tested", figures, "caution"))
    if reference.process is None:
        findings.append(Finding("total-interval-all-processes", {"shops": shops}, "info"))
    if season > 0:
        findings.append(Finding("total-interval-season", {"error": math.sqrt(season)}, "info"))
    return tuple(findings)
