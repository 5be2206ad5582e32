"""The difference between two randomized groups, adjusted for what was known before, and its standard error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from clvmodels.processes.contract import Array

__all__ = ["Difference", "adjusted_difference", "explained_share", "relevant"]

LARGEST_LEVERAGE = 1 - 1e-9
# Share of a column's size below which the part that other columns do not explain is rounding error.
ROUNDING_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class Difference:
    """An estimated difference of means, treated minus control.

    Attributes
    ----------
    effect, standard_error : float
        Per unit.
    treated, control : int
        Number of units in each group.
    control_mean : float
        Mean outcome without treatment, at the mean of the covariates.
    freedom : int
        Degrees of freedom.
    """

    effect: float
    standard_error: float
    treated: int
    control: int
    control_mean: float
    freedom: int

    def interval(self, confidence: float, critical: float | None = None) -> tuple[float, float]:
        """Return the interval at a confidence level or, during an experiment, with the critical value of a look."""
        level = confidence if critical is None else 2 * norm.cdf(critical) - 1
        width = float(t.ppf(0.5 + 0.5 * level, self.freedom)) * self.standard_error
        return self.effect - width, self.effect + width


def relevant(covariates: Array, treated: npt.NDArray[np.bool_]) -> Array:
    """Return the columns that vary in both groups and are not combinations of earlier ones, centered (n, p).

    Columns are divided by their standard deviation, which only affects rounding.
    """
    return _independent(covariates, (treated, ~treated))


def _independent(covariates: Array, groups: Sequence[npt.NDArray[np.bool_]]) -> Array:
    """Return the standardized columns that vary in every group and are not combinations of earlier ones (n, p)."""
    centered = covariates - covariates.mean(axis=0)
    scale = centered.std(axis=0)
    size = np.abs(covariates).max(axis=0, initial=0.0)
    centered = centered[:, scale > ROUNDING_TOLERANCE * size] / scale[scale > ROUNDING_TOLERANCE * size]
    chosen = np.zeros((len(covariates), 0))
    for column in centered.T:
        wider = np.column_stack([chosen, column])
        if all(_has_full_rank(wider[group]) for group in groups):
            chosen = wider
    return chosen


def _has_full_rank(columns: Array) -> bool:
    """Return whether columns and a constant are independent, with more rows than columns."""
    design = np.column_stack([np.ones(len(columns)), columns])
    return bool(len(design) > design.shape[1] + 1 and np.linalg.matrix_rank(design) == design.shape[1])


def adjusted_difference(outcome: Array, treated: npt.NDArray[np.bool_], covariates: Array) -> Difference:
    """Return the difference of means from a regression within each group on covariates that were known before.

    This is the interacted regression of Lin (2013) [1]_ with the HC2 standard error, which is the sum over the groups.
    It is valid without assuming a model; in large groups, covariates can only make it more precise.

    Parameters
    ----------
    outcome : array (n,)
    treated : bool array (n,)
    covariates : array (n, p)
        As `relevant` returns them.

    References
    ----------
    .. [1] W. Lin (2013), "Agnostic notes on regression adjustments to experimental data: Reexamining Freedman's
           critique", Annals of Applied Statistics 7(1), 295-318.
    """
    means, variances = [], []
    for group in (treated, ~treated):
        mean, variance = _mean_at_zero(outcome[group], covariates[group])
        means.append(mean)
        variances.append(variance)
    freedom = len(outcome) - 2 * (covariates.shape[1] + 1)
    return Difference(
        means[0] - means[1],
        float(np.sqrt(sum(variances))),
        int(treated.sum()),
        int((~treated).sum()),
        means[1],
        freedom,
    )


def _mean_at_zero(outcome: Array, covariates: Array) -> tuple[float, float]:
    """Return the intercept of a regression, and its HC2 variance."""
    design = np.column_stack([np.ones(len(outcome)), covariates])
    inverse = np.linalg.inv(design.T @ design)
    weights = inverse[0] @ design.T
    residual = outcome - design @ (inverse @ (design.T @ outcome))
    leverage = np.minimum(np.einsum("ij,jk,ik->i", design, inverse, design), LARGEST_LEVERAGE)
    return float(weights @ outcome), float(np.sum(weights**2 * residual**2 / (1 - leverage)))


def explained_share(outcome: Array, covariates: Array) -> float:
    """Return the share of the variance of an outcome that a regression on covariates explains; never negative.

    It is adjusted for the number of covariates, without constants and combinations of other covariates.
    """
    covariates = _independent(covariates, (np.ones(len(outcome), dtype=bool),))
    spread = float(np.sum((outcome - outcome.mean()) ** 2))
    freedom = len(outcome) - covariates.shape[1] - 1
    if not covariates.shape[1] or spread == 0 or freedom < 1:
        return 0.0
    design = np.column_stack([np.ones(len(outcome)), covariates])
    fitted = np.linalg.lstsq(design, outcome, rcond=None)[0]
    left = float(np.sum((outcome - design @ fitted) ** 2))
    return float(max(1 - (left / freedom) / (spread / (len(outcome) - 1)), 0.0))
