"""Averages of boosted trees and the best process, with three ways to set the total."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clvmodels.forecasting.boosted_trees import LearningWindow
from clvmodels.forecasts import ForecasterIdentity
from clvmodels.processes.contract import Array

__all__ = ["BLENDS", "blend", "learned_total_factor"]

BLENDS = tuple(
    ForecasterIdentity(name, title, "blend")
    for name, title in (
        ("blend", "blend"),
        ("blend_process_total", "blend, total of process"),
        ("blend_learned_total", "blend, learned total"),
    )
)


def blend(trees: Array, process: Array, factor: float) -> dict[ForecasterIdentity, Array]:
    """Average the forecasts of boosted trees and a process: as they are, and with two ways to set the total.

    By themselves, boosted trees extrapolate a season as if it were a trend. Scaled to the total of the process they
    cannot, but then they share the error of that total.

    Parameters
    ----------
    trees, process : array (n,)
        Forecast of each customer.
    factor : float
        From `learned_total_factor`: multiplies the total of the process in the third blend.

    Returns
    -------
    dict of ForecasterIdentity to array (n,)
    """
    total = float(np.nansum(process))
    scale = total / float(np.nansum(trees)) if np.nansum(trees) > 0 else 1.0
    scaled = 0.5 * (trees * scale + process)
    plain, process_total, learned_total = BLENDS
    return {plain: 0.5 * (trees + process), process_total: scaled, learned_total: factor * scaled}


def learned_total_factor(windows: Sequence[LearningWindow], process: str, quantity: str) -> float:
    """Return actual over expected totals of a process in earlier windows, a factor for its next total."""
    actual = sum(float(np.sum(window.actual(quantity))) for window in windows)
    expected = sum(float(np.nansum(window.expected.of(quantity)[process])) for window in windows)
    return actual / expected if expected > 0 and actual > 0 else 1.0
