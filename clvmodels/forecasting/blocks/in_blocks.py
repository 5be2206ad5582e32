"""Score customers in blocks of rows if a join of states is not enough: for intervals, covariates and groups.

The engine reduces the log to one row per customer. Spark's workers score their own blocks, with the model as JSON; from
every other engine blocks are streamed to this machine, which scores them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from typing import Any

import narwhals as nw
import pyarrow as pa

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.in_engine import refuse_other_forecasters
from clvmodels.forecasting.states import Horizons, horizon_columns
from clvmodels.transactions.amounts import money
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.in_engine.reading import LogOptions, read_in_engine
from clvmodels.transactions.in_engine.totals import exact_money, integers, rows_by_tick
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.reduction import CustomerTotals
from clvmodels.transactions.rfm import RFM
from clvmodels.transactions.stray_dates import PeriodArguments, refuse_doubtful_dates
from clvmodels.transactions.summary import ObservedPeriod, build_rfm, refuse_before

__all__ = ["BlockScorer", "score_in_blocks"]

CUSTOMERS_PER_BLOCK = 100_000


def score_in_blocks(
    log: frames.Frame,
    model: CustomerModel,
    horizons: Horizons,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    observation_end: str | Date | datetime | None = None,
    include_first_transaction: bool = False,
    on_missing_id: MissingId = "raise",
    missing_ids: MissingIds = None,
    attributes: frames.Frame | None = None,
    interval: float | None = None,
    draws: int = 200,
    random_state: int = 0,
) -> frames.Frame:
    """Score the customers of a log in blocks, for models that the join of `score_in_engine` does not support.

    The engine reduces the log to one row per customer. In Spark, its workers score these rows where they are
    (`mapInArrow`), with the model as JSON; they need this package and its dependencies. From DuckDB and databases of
    Ibis, blocks of rows are streamed to this machine and scored here. Neither the size of the blocks nor the order of
    the rows changes a number.

    Parameters
    ----------
    log : relation of DuckDB, frame of Spark, or table of Ibis in DuckDB, PostgreSQL or SQLite
        One row per transaction.
    model : CustomerModel
        Fitted, with or without covariates and groups; without intertimes.
    horizons : float, str, or sequence of these
        As for `score_in_engine`.
    customer_id, date, amount, observation_end, include_first_transaction, on_missing_id, missing_ids
        As for `rfm_summary`.
    attributes : frame, optional
        One row per customer: customer_id and the attributes that the model reads. They are held on this machine.
    interval : float, optional
        Probability of an interval for each customer's purchases, such as 0.9.
    draws, random_state : int
        As for `expected_purchases`.

    Returns
    -------
    frame of the kind of the log
        One row per customer: customer_id, frequency, recency, T, probability_alive and for each horizon
        expected_purchases_HORIZON and, with `interval`, its ends with _lower and _upper.

    Raises
    ------
    InvalidOption
        If the log is not in an engine, or the model needs more than these rows.
    InvalidTransactions

    Examples
    --------
    >>> import duckdb
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> orders = duckdb.sql("SELECT customer_id, CAST(date AS DATE) AS date FROM log")
    >>> model = clv.CustomerModel(clv.BGNBD()).fit(clv.fit_counts(orders, observation_end="1997-09-30"))
    >>> scores = clv.score_in_blocks(orders, model, "39 weeks", observation_end="1997-09-30", interval=0.9)
    >>> scores.columns[-2:]
    ['expected_purchases_39_weeks_lower', 'expected_purchases_39_weeks_upper']
    """
    refuse_other_forecasters(model, "score_in_blocks")
    purchases = model.purchases
    purchases._check_fitted()
    if "intertimes" in model.needs:
        raise InvalidOption("A model of regular timing needs every purchase: score its RFM instead.")
    clock = purchases.clock_
    end = None if observation_end is None else clock.closing_tick(observation_end)
    period = PeriodArguments("observation_end", None, end, has_start=True, compared="customers")
    options = LogOptions(customer_id, date, amount, None, on_missing_id, missing_ids, period)
    checked = read_in_engine(log, clock, options, end)
    if checked is None:
        raise InvalidOption(
            "score_in_blocks needs a log in an engine: pass a relation of DuckDB, a frame of Spark, or a table of Ibis "
            "in DuckDB, PostgreSQL or SQLite, without faults. For any other log, score its RFM."
        )
    end = checked.last_tick if end is None else end
    refuse_before(checked.first_tick, end, clock)
    if observation_end is None:
        by_tick = rows_by_tick(checked, end)
        refuse_doubtful_dates(by_tick, by_tick, clock, period)
    scorer = BlockScorer(
        document=json.dumps(model.to_dict()),
        clock=clock,
        end=end,
        include_first=include_first_transaction,
        has_amount=checked.query.has_amount,
        horizons=tuple(horizon_columns(clock, horizons).items()),
        attributes=None if attributes is None else _held_here(attributes),
        interval=interval,
        draws=draws,
        random_state=random_state,
    )
    query = checked.source_query.customers(end, include_first_transaction)
    return checked.engine.map_blocks(query.text(), query.types, scorer, scorer.types(query.types), CUSTOMERS_PER_BLOCK)


def _held_here(attributes: frames.Frame) -> frames.Frame:
    """Return attributes as a polars frame, which is also sent to the workers of Spark."""
    names = {name: name for name in frames.column_names(attributes)}
    return frames.collect(frames.open_frame(attributes, names).lazy).to_native()


@dataclass(frozen=True, slots=True, eq=False)
class BlockScorer:
    """A function from rows of customers to rows of scores, which can be sent to another machine.

    Attributes
    ----------
    document : str
        The model as JSON.
    clock : Clock
    end : int
        Last tick observed.
    include_first, has_amount : bool
    horizons : tuple of (str, float or str)
        Name of the column, and length.
    attributes : polars frame or None
    interval : float or None
    draws, random_state : int
    """

    document: str
    clock: Clock
    end: int
    include_first: bool
    has_amount: bool
    horizons: tuple[tuple[str, float | str], ...]
    attributes: frames.Frame | None
    interval: float | None
    draws: int
    random_state: int

    def types(self, counted: frames.OutputTypes) -> frames.OutputTypes:
        """Return the types of the scores, given the types of the rows."""
        names = ["probability_alive"]
        for name, _ in self.horizons:
            names += [name] if self.interval is None else [name, f"{name}_lower", f"{name}_upper"]
        types: dict[str, Any] = {"customer_id": counted["customer_id"], "frequency": "integer", "recency": "number"}
        return {**types, "T": "number", **dict.fromkeys(names, "number")}

    def __call__(self, blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """Yield the scores of blocks of customers."""
        model = CustomerModel.from_dict(json.loads(self.document))
        for block in blocks:
            if len(block):
                yield self._score(model, block)

    def _score(self, model: CustomerModel, block: pa.Table) -> pa.Table:
        rfm = self._rfm(nw.from_native(nw.from_native(block, eager_only=True).to_polars(), eager_only=True))
        columns: dict[str, Any] = {"customer_id": rfm.customer_id.to_arrow()}
        columns |= {"frequency": rfm.frequency, "recency": rfm.recency, "T": rfm.T}
        columns["probability_alive"] = frames.column(model.probability_alive(rfm), "probability_alive")
        options: dict[str, Any] = {}
        if self.interval is not None:
            options = {"interval": self.interval, "draws": self.draws, "random_state": self.random_state}
        for name, horizon in self.horizons:
            table = model.purchases.expected_purchases(rfm, horizon, **options)
            for ending in ("", "_lower", "_upper") if options else ("",):
                columns[f"{name}{ending}"] = frames.column(table, f"expected_purchases{ending}")
        return pa.table(columns)

    def _rfm(self, table: nw.DataFrame[Any]) -> RFM:
        """Return the RFM of rows that the engine has reduced."""
        table = table.sort("customer_id")
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
        if self.attributes is None:
            return rfm
        return rfm.with_columns(self.attributes)
