"""How well forecasts rank customers: gain and Lorenz curves, decile lift, overlap of top customers."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.processes.contract import Array
from clvmodels.validation.tables.evaluated import QuantityForecasts
from clvmodels.validation.tables.metrics import GROUPS, captured_at, deciles

__all__ = ["decile_table", "gain_table", "lorenz_table", "overlap_table"]

GRID = np.arange(41) / 40  # shares of customers, fine enough for a plot; includes the top decile
TOPS = (0.01, 0.05, 0.1, 0.2)


def gain_table(outcome: QuantityForecasts) -> pd.DataFrame:
    """Return the share of the total of the best-ranked customers, by each forecast and in hindsight ("perfect")."""
    actual, tables = _actual(outcome), []
    for name, kind, ranking in [*_rankings(outcome), ("perfect", "", actual)]:
        curve = {"share_of_customers": GRID, "captured": captured_at(actual, ranking, GRID)}
        tables.append(pd.DataFrame({"quantity": outcome.quantity, "forecaster": name, "kind": kind, **curve}))
    return pd.concat(tables, ignore_index=True)


def lorenz_table(outcome: QuantityForecasts) -> pd.DataFrame:
    """Return the concentration of customers, actual and by processes: shares of the total, smallest customers first."""
    tables = []
    processes = [ranking for ranking in _rankings(outcome) if ranking[1] == "process"]
    for name, _, values in [("actual", "", _actual(outcome)), *processes]:
        total = np.append(0.0, np.cumsum(np.sort(values)))
        share = np.interp(GRID * len(values), np.arange(len(total)), total)
        share = share / total[-1] if total[-1] > 0 else GRID
        curve = {"share_of_customers": GRID, "share_of_quantity": share}
        tables.append(pd.DataFrame({"quantity": outcome.quantity, "forecaster": name, **curve}))
    return pd.concat(tables, ignore_index=True)


def decile_table(outcome: QuantityForecasts) -> pd.DataFrame:
    """Return sums of each decile of the customers by forecast, 1 the highest, and its lift over the mean of all.

    Customers with equal forecasts are in the same group, so groups may differ in size; empty ones have no row.
    """
    actual, tables = _actual(outcome), []
    total = float(actual.sum())
    for name, kind, predicted in _rankings(outcome):
        group = deciles(predicted) - 1
        size = np.bincount(group, minlength=GROUPS)
        sums, expected = (np.bincount(group, weights=values, minlength=GROUPS) for values in (actual, predicted))
        share = sums / total if total else np.full(GROUPS, np.nan)
        table = pd.DataFrame(
            {
                "quantity": outcome.quantity,
                "forecaster": name,
                "kind": kind,
                "decile": np.arange(1, GROUPS + 1),
                "customers": size,
                "predicted": expected,
                "actual": sums,
                "lift": share * len(actual) / np.maximum(size, 1),
                "share": share,
            }
        )
        tables.append(table[table["customers"] > 0])
    return pd.concat(tables, ignore_index=True)


def overlap_table(outcome: QuantityForecasts) -> pd.DataFrame:
    """Return the overlap of the customers ranked highest with the actual top customers, and their share of the total.

    If a tie crosses the boundary, each of its customers counts with the share of the tie inside the boundary: the
    overlap is the mean over all orders of ties.
    """
    actual = _actual(outcome)
    rows, ties = [], _Ties.of(actual)
    for name, kind, predicted in _rankings(outcome):
        by_forecast = _Ties.of(predicted)
        captured = captured_at(actual, predicted, np.array(TOPS))
        for top, share in zip(TOPS, captured, strict=True):
            many = max(1, round(top * len(actual)))
            both = float(np.sum(by_forecast.share_inside(many) * ties.share_inside(many)))
            rows.append((outcome.quantity, name, kind, top, many, both / many, many / len(actual), share))
    columns = ["quantity", "forecaster", "kind", "top", "customers", "overlap", "by_chance", "captured"]
    return pd.DataFrame(rows, columns=columns)


class _Ties(NamedTuple):
    """Customers with equal values: the tie of each customer (n,), the highest first, and the size of each tie."""

    tie: npt.NDArray[np.intp]
    size: npt.NDArray[np.intp]

    @classmethod
    def of(cls, values: Array) -> Self:
        _, tie, size = np.unique(-values, return_inverse=True, return_counts=True)
        return cls(tie, size)

    def share_inside(self, many: int) -> Array:
        """Return 1 for this many customers with the highest values, a share for ties at the end, 0 for others, (n,)."""
        before = np.cumsum(self.size) - self.size
        share: Array = np.clip((many - before) / self.size, 0.0, 1.0)[self.tie]
        return share


def _actual(outcome: QuantityForecasts) -> Array:
    return outcome.of_scored(outcome.actual)


def _rankings(outcome: QuantityForecasts) -> list[tuple[str, str, Array]]:
    """Return id, kind and expected values of each forecast, for the customers that are scored."""
    return [
        (forecast.id, forecast.kind, outcome.of_scored(forecast.mean))
        for forecast in outcome.forecasts
        if forecast.mean is not None
    ]
