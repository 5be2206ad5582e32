"""Forecasters that are visibly better than the model of the report, by metric and size of the difference."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from clvmodels.language import Finding
from clvmodels.reporting.selection import Row, Selection, highest

__all__ = ["BetterForecaster", "find_better", "furthest_ahead"]

WORTH_MENTIONING = 0.01  # smallest difference that is reported: of the Gini, of the total, or relative of the RMSE
COMPARED_METRICS = ("gini", "rmse", "bias")


@dataclass(frozen=True, slots=True)
class BetterForecaster:
    """A forecaster that is visibly better than the model of the report.

    Attributes
    ----------
    forecaster, title, kind : str
        For forecasts of money, the id and title of the purchase model.
    metric : {"gini", "rmse", "bias"}
    quantity : {"purchases", "money"}
    value, reference_value : float
        The score of the forecaster, and that of the model of the report.
    difference : float
        The size of the difference.
    top_value, top_reference : float
        Share of the total of the 10 % of customers ranked first, for both; NaN except for the metric "gini".
    """

    forecaster: str
    title: str
    kind: str
    metric: str
    quantity: str
    value: float
    reference_value: float
    difference: float
    top_value: float = math.nan
    top_reference: float = math.nan

    def finding(self) -> Finding:
        """Return the difference as a finding of the verdict."""
        figures = {name: getattr(self, name) for name in ("forecaster", "title", "kind", "quantity")}
        figures |= {"value": abs(self.value), "reference_value": abs(self.reference_value)}
        if self.metric == "gini":
            figures |= {"top": self._top(), "top_value": self.top_value, "top_reference": self.top_reference}
        return Finding(f"verdict-better-{self.metric}", figures, "caution")

    def _top(self) -> str:
        """Return a code that compares the first 10 % in whole percent: a better ranking may have a worse top."""
        if not (math.isfinite(self.top_value) and math.isfinite(self.top_reference)):
            return "none"
        return "same" if round(100 * self.top_value) == round(100 * self.top_reference) else "different"


def find_better(view: Selection, kinds: Collection[str]) -> list[BetterForecaster]:
    """Return the forecaster of these kinds that is furthest ahead on each metric and quantity, if visibly better."""
    better = []
    for quantity in view.quantities:
        ids = view.forecasters(quantity, *kinds)
        for metric in COMPARED_METRICS:
            table = view.differences(quantity, metric)
            table = table[(table["better"] == "forecaster") & table["forecaster"].isin(ids)]
            if len(table) and _worth_mentioning(
                metric, row := highest(table.assign(size=table["difference"].abs()), "size")
            ):
                better.append(_better(view, quantity, metric, row))
    return better


def furthest_ahead(better: Sequence[BetterForecaster]) -> list[BetterForecaster]:
    """Return the first of the forecasters that are furthest ahead on each metric and quantity."""
    ahead: dict[tuple[str, str], BetterForecaster] = {}
    for each in better:
        key = each.quantity, each.metric
        if key not in ahead or each.difference > ahead[key].difference:
            ahead[key] = each
    return list(ahead.values())


def _better(view: Selection, quantity: str, metric: str, row: Row) -> BetterForecaster:
    """Return the BetterForecaster of a row of the differences."""
    forecaster = view.purchase_forecaster(str(row["forecaster"]))
    top_value, top_reference = _top_decile(view, quantity, row) if metric == "gini" else (math.nan, math.nan)
    return BetterForecaster(
        forecaster=forecaster,
        title=view.titles[forecaster],
        kind=view.kinds[forecaster],
        metric=metric,
        quantity=quantity,
        value=float(row["value"]),
        reference_value=float(row["reference_value"]),
        difference=float(row["size"]),
        top_value=top_value,
        top_reference=top_reference,
    )


def _worth_mentioning(metric: str, row: Row) -> bool:
    """Return whether a visible difference is large enough to report."""
    least = WORTH_MENTIONING * (float(row["reference_value"]) if metric == "rmse" else 1.0)
    return abs(float(row["difference"])) >= least


def _top_decile(view: Selection, quantity: str, row: Row) -> tuple[float, float]:
    """Return the share of the total of the 10 % ranked first by this forecaster and by the model of the report."""
    table = view.differences(quantity, "capture")
    table = table[table["forecaster"] == row["forecaster"]]
    if len(table) != 1:
        return math.nan, math.nan
    return float(table["value"].iloc[0]), float(table["reference_value"].iloc[0])
