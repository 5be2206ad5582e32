"""Maximize lifetimes' objective, the mean log-likelihood less a ridge penalty, with the search of this engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from clvmodels.compat.lifetimes.utils import ConvergenceError
from clvmodels.errors import FitFailed
from clvmodels.inference.fitting import Fit, maximize
from clvmodels.inference.objective import ParameterPenalty
from clvmodels.inference.statistics import CountedRows, counted_rows
from clvmodels.processes.blocks import GammaBlock
from clvmodels.processes.contract import AnyProcess, Array, Process
from clvmodels.processes.coordinates import Coordinate, Limit

__all__ = ["fit_penalized", "with_mean_spend"]


def fit_penalized(process: Process, columns: Sequence[Array], weights: Array | None, penalties: Array) -> Fit:
    """Maximize the weighted log-likelihood less a weighted sum of squared parameters.

    Parameters
    ----------
    process : PurchaseProcess or SpendProcess
    columns : sequence of arrays (n,)
        The statistics of each row.
    weights : array (n,) or None
        Customers with each row; None for one each.
    penalties : array (k,)
        The weight of each squared parameter.

    Raises
    ------
    ConvergenceError
        If there is no maximum.
    """
    rows = counted_rows(columns) if weights is None else _sort_rows(columns, weights)
    scale = np.average(rows.columns[-1], weights=rows.counts)  # mean T, or mean spend
    unit = float(scale) if scale > 0 else 1.0
    penalty = ParameterPenalty(process.parametrization, unit, penalties) if np.any(penalties) else None
    try:
        return maximize(process, rows, unit, penalty)
    except (FitFailed, np.linalg.LinAlgError) as failure:
        raise ConvergenceError(
            f"The model did not converge. Try adding a larger penalizer to see if that helps convergence. {failure}"
        ) from failure


def with_mean_spend(process: AnyProcess) -> AnyProcess:
    """Return Gamma-Gamma with q of at least 1, so that the mean spend of new customers exists."""
    form = process.parametrization
    blocks = tuple(
        _ShapeFromOne(**{field.name: getattr(block, field.name) for field in fields(block)})
        if isinstance(block, GammaBlock)
        else block
        for block in form.blocks
    )
    return replace(process, parametrization=replace(form, blocks=blocks))


class _ShapeFromOne(GammaBlock):
    """A gamma-distributed rate whose shape is at least 1."""

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        spread, mean = super().coordinates
        return replace(spread, lower=Limit(0.0, self.all_variation, {"parameter": self.shape})), mean


def _sort_rows(columns: Sequence[Array], weights: Any) -> CountedRows:
    """Return rows with their weights, sorted by the statistics as a fit expects."""
    order = np.lexsort(columns[::-1])
    return CountedRows(tuple(column[order] for column in columns), np.asarray(weights, dtype=float)[order])
