"""Functions of blocks of customers that can be sent to other machines: their scores, and the sums these depend on."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import narwhals as nw
import numpy as np
import pyarrow as pa

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidTransactions
from clvmodels.estimators.prediction import PredictionOptions
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.customer_shares import Sums
from clvmodels.forecasting.persistence import from_dict
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasts import ForecastQuantity, KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.transactions.amounts import money
from clvmodels.transactions.in_engine.totals import exact_money, integers
from clvmodels.transactions.purchase_log import RecentTotals
from clvmodels.transactions.reduction import CustomerTotals
from clvmodels.transactions.summary import RFM, ObservedPeriod, build_rfm
from clvmodels.valuation.lifetime_value import lifetime_value, value_of_forecast
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["BlockScorer", "BlockSums", "CustomerBlocks", "refuse_changed", "sums_of"]

NAMES: dict[ForecastQuantity, str] = {"purchases": "expected_purchases", "money": "expected_money"}
VALUE = "lifetime_value"


@dataclass(frozen=True, slots=True, eq=False)
class CustomerBlocks:
    """How the rows of customers that an engine has reduced are read as the history of a forecaster.

    Attributes
    ----------
    document : str
        The forecaster as JSON.
    clock : Clock
    end : int
        Last tick observed.
    include_first, has_amount : bool
    periods : tuple of int or None
        Lengths in ticks of the periods of recent purchases in the rows; None if the rows have none.
    horizons : tuple of (str, float or str)
        End of the names of columns, and length.
    attributes : polars frame or None
    rows : int or None
        Rows of the log that all blocks together must have; None if this is not checked.
    """

    document: str
    clock: Clock
    end: int
    include_first: bool
    has_amount: bool
    periods: tuple[int, ...] | None
    horizons: tuple[tuple[str, float | str], ...]
    attributes: frames.Frame | None
    rows: int | None

    def forecaster(self) -> Forecaster:
        """Return the forecaster."""
        return from_dict(json.loads(self.document), Path("model"))

    def histories(self, blocks: Iterator[pa.Table]) -> Iterator[KnownHistory]:
        """Yield the histories of blocks of customers.

        Raises
        ------
        InvalidTransactions
            If all blocks together have another number of rows of the log than expected.
        """
        rows = 0
        for block in blocks:
            if len(block):
                table = nw.from_native(nw.from_native(block, eager_only=True).to_polars(), eager_only=True)
                rows += int(integers(table, "customer_rows").sum())
                yield self._history(table.sort("customer_id"))
        if self.rows is not None:
            refuse_changed(self.rows, rows)

    def _history(self, table: nw.DataFrame[Any]) -> KnownHistory:
        first, last = integers(table, "first_tick"), integers(table, "last_tick")
        totals = CustomerTotals(
            customer_id=table["customer_id"],
            purchases=integers(table, "purchases"),
            recency=last - first,
            age=self.end - first,
            spend=money(exact_money(table)) if self.has_amount else None,
        )
        period = ObservedPeriod(self.clock, self.end, None, 0, 0, 0, "polars", ())
        rfm = build_rfm(totals, period, self.include_first)
        if self.attributes is not None:
            rfm = rfm.with_columns(self.attributes)
        if self.periods is None:
            return KnownHistory(None, self.end, self.include_first, summaries=rfm)
        recent = RecentTotals(
            self.end,
            {each: table[f"recent_{each}"].to_numpy().astype(np.float64) for each in self.periods},
            {each: money(exact_money(table, f"recent_{each}_")) for each in self.periods} if self.has_amount else None,
        )
        spent = money(exact_money(table, "past_")) if self.has_amount else None
        return KnownHistory(None, self.end, self.include_first, summaries=rfm, spent=spent, recent=recent)


def refuse_changed(first: int, later: int) -> None:
    """Raise InvalidTransactions if a log has another number of rows than at first."""
    if later != first:
        raise InvalidTransactions(
            f"The table changed while it was read: {first:,} rows at first, {later:,} later. Read a snapshot, such as "
            "a table that is not written to, or a transaction with repeatable reads."
        )


@dataclass(frozen=True, slots=True, eq=False)
class BlockSums:
    """A function from rows of customers to the sums over them on which forecasts depend.

    Attributes
    ----------
    customers : CustomerBlocks
    """

    customers: CustomerBlocks

    types: ClassVar[frames.OutputTypes] = {"horizon": "text", "name": "text", "total": "number"}

    def __call__(self, blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """Yield the sums over blocks of customers, one row per horizon and name."""
        forecaster = self.customers.forecaster()
        for history in self.customers.histories(blocks):
            rows = [
                {"horizon": ending, "name": name, "total": total}
                for ending, horizon in self.customers.horizons
                for name, total in forecaster.sums(history, horizon).items()
            ]
            if rows:
                yield pa.Table.from_pylist(rows)


def sums_of(table: nw.DataFrame[Any]) -> dict[str, dict[str, float]]:
    """Return the sums over all customers by horizon, from those over blocks."""
    added = table.group_by("horizon", "name").agg(nw.col("total").sum())
    sums: dict[str, dict[str, float]] = {}
    for horizon, name, total in added.select("horizon", "name", "total").rows():
        sums.setdefault(horizon, {})[name] = total
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class BlockScorer:
    """A function from rows of customers to rows of scores.

    Attributes
    ----------
    customers : CustomerBlocks
    quantities : tuple of {"purchases", "money"}
    sums : mapping of str to mapping of str to float
        Sums over all customers, by horizon.
    interval : PredictionOptions or None
        How the ends of intervals are computed.
    terms : ValueTerms or None
        Rate and margin of values, over any horizon; without them, money is not valued.
    """

    customers: CustomerBlocks
    quantities: tuple[ForecastQuantity, ...]
    sums: Mapping[str, Sums]
    interval: PredictionOptions | None
    terms: ValueTerms | None

    def types(self, counted: frames.OutputTypes, with_intervals: Collection[ForecastQuantity]) -> frames.OutputTypes:
        """Return the types of the scores, given the types of the rows and the quantities that have intervals."""
        names = ["probability_alive"]
        for ending, _ in self.customers.horizons:
            for quantity in self.quantities:
                ends = ("", "_lower", "_upper") if quantity in with_intervals else ("",)
                names += [f"{NAMES[quantity]}_{ending}{end}" for end in ends]
                if quantity == "money" and self.terms is not None:
                    names += [f"{VALUE}_{ending}{end}" for end in ends]
        types: dict[str, Any] = {"customer_id": counted["customer_id"], "frequency": "integer", "recency": "number"}
        return {**types, "T": "number", **dict.fromkeys(names, "number")}

    def __call__(self, blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """Yield the scores of blocks of customers."""
        forecaster = self.customers.forecaster()
        for history in self.customers.histories(blocks):
            yield pa.table(self._score(forecaster, history))

    def _score(self, forecaster: Forecaster, history: KnownHistory) -> dict[str, Any]:
        rfm = history.rfm
        columns: dict[str, Any] = {"customer_id": rfm.customer_id.to_arrow()}
        columns |= {"frequency": rfm.frequency, "recency": rfm.recency, "T": rfm.T, "probability_alive": None}
        for ending, horizon in self.customers.horizons:
            forecast = forecaster.forecast_part(history, horizon, self.sums.get(ending, {}))
            columns["probability_alive"] = forecast.alive
            for quantity in self.quantities:
                name, each = f"{NAMES[quantity]}_{ending}", forecast.of(quantity)
                if each is None or each.mean is None:
                    raise AssertionError("quantities are those that the forecaster forecasts")
                money = {"": each.mean}
                if self.interval is not None and quantity in forecaster.interval_quantities:
                    table = forecaster.intervals_of(history, forecast, quantity, self.interval)
                    money |= {end: frames.column(table, f"{NAMES[quantity]}{end}") for end in ("_lower", "_upper")}
                columns |= {f"{name}{end}": values for end, values in money.items()}
                if quantity == "money" and self.terms is not None:
                    terms = replace(self.terms, horizon=horizon)
                    valued = _values(forecaster.process_model, rfm, terms, money)
                    columns |= {f"{VALUE}_{ending}{end}": values for end, values in valued.items()}
        return columns


def _values(process: CustomerModel, rfm: RFM, terms: ValueTerms, money: Mapping[str, Array]) -> dict[str, Array]:
    """Return the value of money and of the ends of its interval, discounted as the money of the process is."""
    table = lifetime_value(process, rfm, **terms.to_keywords())
    names = ("expected_purchases", "expected_spend", VALUE)
    own = {name: np.asarray(frames.column(table, name), dtype=np.float64) for name in names}
    values = value_of_forecast(own, money)
    return {end: np.where(np.isnan(values[""]), own[VALUE], each) for end, each in values.items()}
