"""What of a backtest a report shows: the tables of one origin, the model it is about, and what stands beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.validation.backtest.result import Backtest

__all__ = ["Row", "Selection", "highest", "records", "select"]

Row = dict[str, Any]
MOST_LINES = 4  # forecasts of one picture


@dataclass(frozen=True)
class Selection:
    """A backtest as a report tells it.

    Attributes
    ----------
    result : Backtest
    at : dict of str to DataFrame
        The tables of the last origin and first horizon, of which most pictures are.
    reference : str
        Title of the model that the verdict is about.
    """

    result: Backtest
    at: dict[str, pd.DataFrame]
    reference: str

    @property
    def facts(self) -> dict[str, Any]:
        return self.result.facts

    @property
    def level(self) -> float:
        """What intervals are asked for."""
        return float(self.facts.get("level", 0.9))

    @cached_property
    def certificates(self) -> list[dict[str, Any]]:
        """What the fits of the last origin can vouch for, the model the verdict is about first."""
        last = self.origins[-1] if self.origins else None
        told = [of for of in self.result.certificates if of.get("origin", last) == last]
        return sorted(told, key=lambda of: of["model"] != self.reference)

    @cached_property
    def nobody_leaves(self) -> set[str]:
        """Models that know of dropout, and whose fit at the last origin ended where there is none."""
        return {str(of["model"]) for of in self.certificates if of.get("sees_no_dropout")}

    @cached_property
    def quantities(self) -> list[str]:
        """What is forecast: "purchases" and, where there is a spend model, "money"."""
        return list(dict.fromkeys(self.at["scores"]["quantity"]))

    @cached_property
    def horizon(self) -> str:
        """How far was forecast, in words."""
        told = self.at["scores"]["horizon"]
        return str(told.iloc[0]) if len(told) else ""

    @cached_property
    def origins(self) -> list[str]:
        """The cuts of this horizon, the earliest first."""
        table = self.result.scores
        return sorted(set(table.loc[table["horizon"] == self.horizon, "origin"]))

    def scores(self, quantity: str) -> pd.DataFrame:
        """Scores of the last origin, models first."""
        table = self.at["scores"]
        return table[table["quantity"] == quantity]

    def row(self, quantity: str) -> Row | None:
        """The scores of the model the verdict is about; None where it does not forecast this."""
        for row in records(self.scores(quantity)):
            if self.is_reference(str(row["forecast"])):
                return row
        return None

    def is_reference(self, forecast: str) -> bool:
        """Whether a forecast is of the model the verdict is about, be it with a spend model."""
        return forecast == self.reference or forecast.startswith(f"{self.reference} x ")

    def title(self, quantity: str) -> str:
        """What the model the verdict is about is called as a forecast of this."""
        row = self.row(quantity)
        return self.reference if row is None else str(row["forecast"])

    def forecasts(self, quantity: str, kind: str) -> list[str]:
        """Titles of one kind, the model the verdict is about first."""
        rows = self.scores(quantity)
        titles = list(rows.loc[rows["kind"] == kind, "forecast"])
        return sorted(titles, key=lambda title: not self.is_reference(title))

    def shown(self, quantity: str, rules: bool = False) -> list[str]:
        """What one picture can hold: the processes and, asked for, the rule and the challenger that rank best."""
        titles = self.forecasts(quantity, "process")
        if not rules:
            return titles[:MOST_LINES]
        rows = self.scores(quantity)
        best = []
        for kind in ("rival", "challenger"):
            known = rows[(rows["kind"] == kind) & rows["gini"].map(math.isfinite)]
            if len(known):
                best.append(str(highest(known, "gini")["forecast"]))
        return titles[: MOST_LINES - 1] + best

    def of(self, table: pd.DataFrame, titles: Sequence[str], column: str = "forecast") -> pd.DataFrame:
        """The rows of these forecasts, in their order, so that each keeps its color from picture to picture."""
        rows = table[table[column].isin(titles)]
        return rows.iloc[np.argsort([titles.index(title) for title in rows[column]], kind="stable")]

    def differences(self, quantity: str, metric: str) -> pd.DataFrame:
        """How far other forecasts are from the model the verdict is about, over all origins of this horizon."""
        table = self.result.differences
        wanted = (table["quantity"] == quantity) & (table["metric"] == metric) & (table["horizon"] == self.horizon)
        return table[wanted & table["reference"].map(self.is_reference).astype(bool)]

    def levels(self, quantity: str) -> pd.DataFrame:
        """Totals of every origin, of the model the verdict is about."""
        table = self.result.level
        wanted = (table["quantity"] == quantity) & (table["horizon"] == self.horizon)
        return table[wanted & table["forecast"].map(self.is_reference).astype(bool)]

    def biases(self, quantity: str) -> list[float]:
        """Relative errors of the total at every origin, the earliest first, of the model the verdict is about."""
        table = self.result.scores
        wanted = (table["quantity"] == quantity) & (table["horizon"] == self.horizon)
        rows = table[wanted & table["forecast"].map(self.is_reference).astype(bool)].sort_values("origin")
        return [float(bias) for bias in rows["bias"] if math.isfinite(bias)]


def records(table: pd.DataFrame) -> list[Row]:
    """The rows by the names of their columns."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def highest(table: pd.DataFrame, column: str) -> Row:
    """The row with the greatest value; of equal ones the first."""
    return records(table.iloc[[int(np.argmax(table[column]))]])[0]


def select(result: Backtest) -> Selection:
    """Choose what to show of a backtest: its last origin and first horizon, and the model it was asked about."""
    at = result.at()
    processes = list(at["scores"].loc[at["scores"]["kind"] == "process", "forecast"])
    reference = str(result.facts.get("reference") or (processes[0] if processes else ""))
    return Selection(result, at, reference)
