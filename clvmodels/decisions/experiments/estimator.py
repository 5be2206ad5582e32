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
# Share of a column's size below which the part that other columns do not explain, or an effect, is rounding error.
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


def adjusted_difference(
    outcome: Array,
    treated: npt.NDArray[np.bool_],
    covariates: Array,
    strata: Array | None = None,
) -> Difference:
    """Return the difference of means from a regression on covariates that were known before.

    The groups share the slopes of the covariates, and the smaller group has the larger weight, as in the "tyranny of
    the minority" estimator of Lin (2013) [1]_. In large groups, it is as precise as his regression within each group,
    and so at least as precise as the plain difference, without assuming that the regression is right. In small groups,
    and with a few very large outcomes, it is more precise, because it estimates half as many slopes (Lu & Liu 2022
    [2]_). Strata have an effect of their own in each group. The standard error is HC2 and does not
    assume that the groups vary alike.

    Parameters
    ----------
    outcome : array (n,)
    treated : bool array (n,)
    covariates : array (n, p)
        As `relevant` returns them.
    strata : array (n, q), optional
        Columns that stand for strata, as `relevant` returns them after the covariates.

    Returns
    -------
    Difference

    References
    ----------
    .. [1] W. Lin (2013), "Agnostic notes on regression adjustments to experimental data: Reexamining Freedman's
           critique", Annals of Applied Statistics 7(1), 295-318.
    .. [2] X. Lu & H. Liu (2022), "Tyranny-of-the-minority regression adjustment in randomized experiments",
           arXiv:2210.00261.
    """
    share = float(treated.mean())
    weight = np.where(treated, (1 - share) / share, share / (1 - share))
    of_strata = np.zeros((len(outcome), 0)) if strata is None else strata
    treatment = treated.astype(float)[:, None]
    design = np.column_stack([np.ones(len(outcome)), treatment, covariates, of_strata, treatment * of_strata])
    weighted = design * weight[:, None]
    inverse = np.linalg.inv(design.T @ weighted)
    coefficients = inverse @ (weighted.T @ outcome)
    residual = outcome - design @ coefficients
    leverage = np.minimum(np.sum(design @ inverse * weighted, axis=1), LARGEST_LEVERAGE)
    influence = weighted @ inverse[1]
    effect, error = float(coefficients[1]), float(np.sqrt(np.sum(influence**2 * residual**2 / (1 - leverage))))
    if max(abs(effect), error) <= ROUNDING_TOLERANCE * np.abs(outcome).max(initial=0.0):
        effect = error = 0.0  # as if all units have the same outcome, or covariates explain it completely
    return Difference(
        effect,
        error,
        int(treated.sum()),
        int((~treated).sum()),
        float(coefficients[0]),
        len(outcome) - design.shape[1],
    )


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
