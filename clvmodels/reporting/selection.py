"""The parts of a backtest that a report shows: the tables of one cutoff, its model, and benchmarks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.validation.backtest.result import Backtest

__all__ = ["LEARNERS", "Row", "Selection", "highest", "records", "select"]

Row = dict[str, Any]
MOST_LINES = 4  # forecasters in one plot
LEARNERS = ("boosted_trees", "blend", "best")  # kinds that are compared as one


@dataclass(frozen=True)
class Selection:
    """The parts of a backtest that a report shows.

    Attributes
    ----------
    result : Backtest
    at : dict of str to DataFrame
        The tables of the last cutoff and first horizon, which most plots show, with the titles of forecasters.
    reference : str
        Id of the process that the report is about.
    """

    result: Backtest
    at: dict[str, pd.DataFrame]
    reference: str

    @property
    def facts(self) -> dict[str, Any]:
        return self.result.facts

    @property
    def sample(self) -> dict[str, Any]:
        """Return figures on the sample of customers whose forecasts were tested, for messages."""
        sample, of = (self.facts.get(name) or 0 for name in ("sample", "sample_of"))
        return {"sampled": bool(sample), "sample": sample, "of": of}

    @property
    def level(self) -> float:
        """Return the level of the intervals."""
        return float(self.facts.get("level", 0.9))

    @cached_property
    def titles(self) -> dict[str, str]:
        """Return the titles of forecasters by id."""
        return self.result.titles

    @cached_property
    def short_titles(self) -> dict[str, str]:
        """Return the titles of forecasters by id, without the spend model in those of money."""
        return self.result.short_titles

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Return the kinds of forecasters by id."""
        table = self.result.forecasters
        return dict(zip(table["id"], table["kind"], strict=True))

    def purchase_forecaster(self, forecaster: str) -> str:
        """Return the id of the purchase process of a forecaster of money, or the id of any other forecaster."""
        table = self.result.forecasters
        process = table.loc[(table["id"] == forecaster) & (table["kind"] == "process"), "process"]
        return str(process.iloc[0]) if len(process) else forecaster

    @property
    def name(self) -> str:
        """Return the title of the process that the report is about."""
        return self.titles.get(self.reference, self.reference)

    @cached_property
    def certificates(self) -> list[dict[str, Any]]:
        """Return the certificates of the fits at the last cutoff, beginning with the model of the report."""
        last = self.cutoffs[-1] if self.cutoffs else None
        certificates = [each for each in self.result.certificates if each.get("cutoff", last) == last]
        return sorted(certificates, key=lambda each: each["forecaster"] != self.reference)

    @cached_property
    def nobody_leaves(self) -> set[str]:
        """Return the ids of models with dropout whose fit at the last cutoff ended without any."""
        return {str(each["forecaster"]) for each in self.certificates if each.get("sees_no_dropout")}

    @cached_property
    def one_time_buyers_stay(self) -> set[str]:
        """Return the ids of models in which customers who bought once cannot have left."""
        return {str(each["forecaster"]) for each in self.certificates if each.get("one_time_buyers_stay")}

    @cached_property
    def quantities(self) -> list[str]:
        """Return the forecast quantities: "purchases" and, with a spend model, "money"."""
        return [name for name in dict.fromkeys(self.at["scores"]["quantity"]) if name in ("purchases", "money")]

    @cached_property
    def horizon(self) -> str:
        """Return the horizon of the forecasts, such as "26 weeks"."""
        horizons = self.at["scores"]["horizon"]
        return str(horizons.iloc[0]) if len(horizons) else ""

    @cached_property
    def cutoffs(self) -> list[str]:
        """Return the cutoffs of this horizon, the earliest first."""
        table = self.result.scores
        return sorted(set(table.loc[table["horizon"] == self.horizon, "cutoff"]))

    def scope(self, quantities: Sequence[str]) -> str:
        """Return "all" for all quantities of the report, otherwise the single quantity."""
        return "all" if len(quantities) == len(self.quantities) else quantities[0]

    def scores(self, quantity: str) -> pd.DataFrame:
        """Return the scores at the last cutoff, processes first."""
        table = self._scores.get(quantity)
        return self.at["scores"].iloc[:0] if table is None else table

    @cached_property
    def _scores(self) -> dict[Any, pd.DataFrame]:
        """Return the scores at the last cutoff by quantity."""
        return dict(iter(self.at["scores"].groupby("quantity", sort=False)))

    def row(self, quantity: str) -> Row | None:
        """Return the scores of the model of the report, or None if it does not forecast this quantity."""
        for row in records(self.scores(quantity)):
            if self.is_reference(str(row["forecaster"])):
                return row
        return None

    @cached_property
    def _of_reference(self) -> set[str]:
        """Return the ids of the reference process as a forecaster of purchases and of money."""
        table = self.result.forecasters
        of_process = table[(table["kind"] == "process") & (table["process"] == self.reference)]
        return {self.reference, *of_process["id"]}

    def is_reference(self, forecaster: str) -> bool:
        """Return whether a forecaster is the model of the report, with or without a spend model."""
        return forecaster in self._of_reference

    def title(self, quantity: str) -> str:
        """Return the title of the model of the report, as a forecaster of this quantity."""
        row = self.row(quantity)
        return self.name if row is None else self.titles[str(row["forecaster"])]

    def forecaster(self, quantity: str) -> str:
        """Return the id of the model of the report, as a forecaster of this quantity."""
        row = self.row(quantity)
        return self.reference if row is None else str(row["forecaster"])

    def forecasters(self, quantity: str, *kinds: str) -> list[str]:
        """Return ids of forecasters of these kinds, the model of the report first."""
        rows = self.scores(quantity)
        ids = list(rows.loc[rows["kind"].isin(kinds), "forecaster"])
        return sorted(ids, key=lambda each: not self.is_reference(each))

    def shown(self, quantity: str, rules: bool = False) -> list[str]:
        """Return ids of forecasters for one plot: processes and, optionally, the rule and learner that rank best."""
        ids = self.forecasters(quantity, "process")
        if not rules:
            return ids[:MOST_LINES]
        rows = self.scores(quantity)
        best = []
        for kinds in (("rule",), LEARNERS):
            ranking = rows[rows["kind"].isin(kinds) & rows["gini"].map(math.isfinite)]
            if len(ranking):
                best.append(str(highest(ranking, "gini")["forecaster"]))
        return ids[: MOST_LINES - 1] + best

    def of(self, table: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
        """Return the rows of these forecasters in order, so that colors are the same in every plot."""
        rows = table[table["forecaster"].isin(ids)]
        return rows.iloc[np.argsort([ids.index(each) for each in rows["forecaster"]], kind="stable")]

    def differences(self, quantity: str, metric: str) -> pd.DataFrame:
        """Return differences of others from the model of the report, over all cutoffs of this horizon."""
        table = self._differences.get((quantity, metric))
        return self.result.with_titles(self.result.differences.iloc[:0]) if table is None else table

    @cached_property
    def _differences(self) -> dict[Any, pd.DataFrame]:
        """Return differences from the model of the report by quantity and metric."""
        table = self.result.differences
        wanted = (table["horizon"] == self.horizon) & table["reference"].isin(self._of_reference)
        titled = self.result.with_titles(table[wanted])
        return dict(iter(titled.groupby(["quantity", "metric"], sort=False)))

    def totals(self, quantity: str) -> pd.DataFrame:
        """Return totals at every cutoff, of the model of the report."""
        table = self.result.totals
        wanted = (table["quantity"] == quantity) & (table["horizon"] == self.horizon)
        return table[wanted & table["forecaster"].isin(self._of_reference)]

    def biases(self, quantity: str) -> list[float]:
        """Return relative errors of the total at every cutoff, earliest first, of the model of the report."""
        table = self.result.scores
        wanted = (table["quantity"] == quantity) & (table["horizon"] == self.horizon)
        rows = table[wanted & table["forecaster"].isin(self._of_reference)].sort_values("cutoff")
        return [float(bias) for bias in rows["bias"] if math.isfinite(bias)]


def records(table: pd.DataFrame) -> list[Row]:
    """Return the rows of a table as dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def highest(table: pd.DataFrame, column: str) -> Row:
    """Return the first row with the highest value in a column."""
    return records(table.iloc[[int(np.argmax(table[column]))]])[0]


def select(result: Backtest) -> Selection:
    """Return the parts of a backtest to show: its last cutoff, its first horizon, and the model of the report."""
    at = result.titled_tables()
    processes = list(at["scores"].loc[at["scores"]["kind"] == "process", "forecaster"])
    reference = str(result.facts.get("reference") or (processes[0] if processes else ""))
    return Selection(result, at, reference)
