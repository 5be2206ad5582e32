"""How well forecasts rank customers: gain and Lorenz curves, decile lift, overlap of top customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from clvmodels.processes.contract import Array
from clvmodels.validation.tables.curves import Order
from clvmodels.validation.tables.evaluated import QuantityForecasts
from clvmodels.validation.tables.metrics import GROUPS, Memory, captured_at, deciles, order_of

__all__ = ["decile_table", "gain_table", "lorenz_table", "overlap_table"]

GRID = np.arange(41) / 40  # shares of customers, fine enough for a plot; includes the top decile
TOPS = (0.01, 0.05, 0.1, 0.2)


def gain_table(outcome: QuantityForecasts) -> pd.DataFrame:
    """Return the share of the total of the best-ranked customers, by each forecast and in hindsight ("perfect")."""
    actual, rankings = _actual(outcome), _rankings(outcome)
    curves = [captured_at(actual, ranking.values, GRID, ranking.memory) for ranking in rankings]
    curves.append(captured_at(actual, actual, GRID))
    names, kinds = [*(ranking.id for ranking in rankings), "perfect"], [*(ranking.kind for ranking in rankings), ""]
    return _curves(outcome.quantity, "captured", curves, forecaster=names, kind=kinds)


def lorenz_table(outcome: QuantityForecasts) -> pd.DataFrame:
    """Return the concentration of customers, actual and by processes: shares of the total, smallest customers first."""
    processes = [ranking for ranking in _rankings(outcome) if ranking.kind == "process"]
    shares = []
    for values in (_actual(outcome), *(ranking.values for ranking in processes)):
        total = np.append(0.0, np.cumsum(np.sort(values)))
        share = np.interp(GRID * len(values), np.arange(len(total)), total)
        shares.append(share / total[-1] if total[-1] > 0 else GRID)
    names = ["actual", *(ranking.id for ranking in processes)]
    return _curves(outcome.quantity, "share_of_quantity", shares, forecaster=names)


def decile_table(outcome: QuantityForecasts) -> pd.DataFrame:
    """Return sums of each decile of the customers by forecast, 1 the highest, and its lift over the mean of all.

    Customers with equal forecasts are in the same group, so groups may differ in size; empty ones have no row.
    """
    actual, rankings = _actual(outcome), _rankings(outcome)
    total, sums, expected, sizes = float(actual.sum()), [], [], []
    for ranking in rankings:
        group = deciles(ranking.values, ranking.memory) - 1
        sizes.append(np.bincount(group, minlength=GROUPS))
        sums.append(np.bincount(group, weights=actual, minlength=GROUPS))
        expected.append(np.bincount(group, weights=ranking.values, minlength=GROUPS))
    size, share = np.ravel(sizes), np.ravel(sums) / total if total else np.full(GROUPS * len(rankings), np.nan)
    table = pd.DataFrame(
        {
            "quantity": outcome.quantity,
            "forecaster": [ranking.id for ranking in rankings for _ in range(GROUPS)],
            "kind": [ranking.kind for ranking in rankings for _ in range(GROUPS)],
            "decile": np.tile(np.arange(1, GROUPS + 1), len(rankings)),
            "customers": size,
            "predicted": np.ravel(expected),
            "actual": np.ravel(sums),
            "lift": share * len(actual) / np.maximum(size, 1),
            "share": share,
        }
    )
    return table[table["customers"] > 0].reset_index(drop=True)


def overlap_table(outcome: QuantityForecasts) -> pd.DataFrame:
    """Return the overlap of the customers ranked highest with the actual top customers, and their share of the total.

    If a tie crosses the boundary, each of its customers counts with the share of the tie inside the boundary: the
    overlap is the mean over all orders of ties.
    """
    actual, rows = _actual(outcome), []
    sizes = [max(1, round(top * len(actual))) for top in TOPS]
    by_actual = [Order.of(actual).share_inside(many) for many in sizes]
    for ranking in _rankings(outcome):
        by_forecast = order_of(ranking.values, ranking.memory)
        captured = captured_at(actual, ranking.values, np.array(TOPS), ranking.memory)
        for top, many, best, share in zip(TOPS, sizes, by_actual, captured, strict=True):
            both = float(np.sum(by_forecast.share_inside(many) * best))
            overlap = both / many, many / len(actual)
            rows.append((outcome.quantity, ranking.id, ranking.kind, top, many, *overlap, share))
    columns = ["quantity", "forecaster", "kind", "top", "customers", "overlap", "by_chance", "captured"]
    return pd.DataFrame(rows, columns=columns)


def _curves(quantity: str, name: str, curves: Sequence[Array], **labels: Sequence[str]) -> pd.DataFrame:
    """Return one row per curve and share of the customers, from curves (GRID,) and labels of each."""
    repeated = {label: [value for value in values for _ in GRID] for label, values in labels.items()}
    columns = {"share_of_customers": np.tile(GRID, len(curves)), name: np.concatenate(curves)}
    return pd.DataFrame({"quantity": quantity, **repeated, **columns})


def _actual(outcome: QuantityForecasts) -> Array:
    return outcome.of_scored(outcome.actual)


class _Ranked(NamedTuple):
    """A forecast's id, kind and expected values of the customers that are scored, and what tables of it share."""

    id: str
    kind: str
    values: Array
    memory: Memory


def _rankings(outcome: QuantityForecasts) -> list[_Ranked]:
    """Return the forecasts that rank customers."""
    return [
        _Ranked(forecast.id, forecast.kind, outcome.of_scored(forecast.mean), outcome.memory_of(forecast))
        for forecast in outcome.forecasts
        if forecast.mean is not None
    ]
