"""Score customers in blocks of rows if a join of states is not enough: for intervals, covariates, groups and trees.

The engine reduces the log to one row per customer. Spark's workers score their own blocks, with the model as JSON; from
every other engine blocks are streamed to this machine, which scores them. If forecasts depend on a total of all
customers, a first pass over the blocks computes it.
"""

from __future__ import annotations

import contextlib
import json
from datetime import date as Date
from datetime import datetime

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import PredictionOptions
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.engines.block_scorer import (
    BlockScorer,
    BlockSums,
    CustomerBlocks,
    refuse_changed,
    sums_of,
)
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasting.rules import Rule
from clvmodels.forecasting.states import EXPECTED, Horizons, horizon_columns
from clvmodels.forecasts import ForecastQuantity
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.in_engine.reading import EngineLog, LogOptions, read_in_engine
from clvmodels.transactions.in_engine.totals import rows_by_tick
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.stray_dates import PeriodArguments, refuse_doubtful_dates
from clvmodels.transactions.summary import refuse_before
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["score_in_blocks"]

CUSTOMERS_PER_BLOCK = 100_000


def score_in_blocks(
    log: frames.Frame,
    model: Forecaster,
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
    annual_discount_rate: float | None = None,
    margin: float = 1.0,
) -> frames.Frame:
    """Score the customers of a log in blocks, for models that the join of `score_in_engine` does not support.

    The engine reduces the log to one row per customer. In Spark, its workers score these rows where they are
    (`mapInArrow`), with the model as JSON; they need this package and its dependencies. From DuckDB and databases of
    Ibis, blocks of rows are streamed to this machine and scored here. Where forecasts are shares of a total, as those
    of the best forecaster, the engine stores these rows while they are read twice: first for the sums over all
    customers. Neither the size of the blocks nor the order of the rows changes a forecast, except for rounding errors
    of these sums.

    Parameters
    ----------
    log : relation of DuckDB, frame of Spark, or table of Ibis in DuckDB, PostgreSQL or SQLite
        One row per transaction.
    model : CustomerModel, BoostedTrees, Blend or BestForecaster
        Fitted, with or without covariates and groups; without intertimes.
    horizons : float, str, or sequence of these
        As for `score_in_engine`.
    customer_id, date, amount, observation_end, include_first_transaction, on_missing_id, missing_ids
        As for `rfm_summary`.
    attributes : frame, optional
        One row per customer: customer_id and the attributes that the model reads. They are held on this machine.
    interval : float, optional
        Probability of an interval for each customer's purchases, such as 0.9; with the best forecaster also for money.
        Boosted trees and blends have none.
    draws, random_state : int
        As for `expected_purchases`.
    annual_discount_rate : float, optional
        Effective. With it and with money, customers are also valued: money is discounted as that of the process is.
    margin : float, default=1.0
        Share of spend that counts as value, for customers who are valued. With a negative margin, values are negative.

    Returns
    -------
    frame of the kind of the log
        One row per customer: customer_id, frequency, recency, T, probability_alive and for each horizon
        expected_purchases_HORIZON and, with `amount` and a spend model, expected_money_HORIZON, not discounted, and
        with a discount rate lifetime_value_HORIZON; with `interval`, also their ends with _lower and _upper.

    Raises
    ------
    InvalidOption
        If the log is not in an engine, or the model needs more than these rows.
    InvalidTransactions
        If rows break the rules of a log, or the table changed while it was read.

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
    clock = _clock_of(model)
    terms = _terms(annual_discount_rate, margin)
    quantities = _quantities(model, amount, interval)
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
    periods = None if isinstance(model, CustomerModel) else model.recent_periods()
    customers = CustomerBlocks(
        document=json.dumps(model.to_dict()),
        clock=clock,
        end=end,
        include_first=include_first_transaction,
        has_amount=checked.query.has_amount,
        periods=periods,
        horizons=tuple((name.removeprefix(EXPECTED), each) for name, each in horizon_columns(clock, horizons).items()),
        attributes=None if attributes is None else _held_here(attributes),
        rows=None if checked.engine.has_workers else checked.rows - checked.rows_after,
    )
    query = _customers(checked.source_query, end, include_first_transaction, periods)
    how = None if interval is None else PredictionOptions(interval, draws=draws, random_state=random_state)
    # Rows that are read twice are stored, so that a table that changes does not change them between the passes.
    twice = model.depends_on_sums
    with checked.engine.stored(query.text()) if twice else contextlib.nullcontext(query.text()) as rows:
        sums = _sums(checked, rows, query, customers) if twice else {}
        scorer = BlockScorer(customers, quantities, sums, how, terms)
        types = scorer.types(query.types, () if interval is None else model.interval_quantities)
        return checked.engine.map_blocks(rows, query.types, scorer, types, CUSTOMERS_PER_BLOCK)


def _terms(annual_discount_rate: float | None, margin: float) -> ValueTerms | None:
    """Return the terms of values, or None without a discount rate, where a margin would do nothing."""
    terms = ValueTerms.from_keywords(
        horizon=1.0, annual_discount_rate=0.0 if annual_discount_rate is None else annual_discount_rate, margin=margin
    )
    if annual_discount_rate is not None:
        return terms
    if margin != 1.0:
        raise InvalidOption("margin is a share of values: pass annual_discount_rate too, or leave margin out.")
    return None


def _clock_of(model: object) -> Clock:
    """Return the clock of a forecaster whose forecasts can be made in blocks; raise InvalidOption for any other."""
    if isinstance(model, PurchaseModel):
        raise InvalidOption(
            "score_in_blocks takes a CustomerModel: pass CustomerModel(model), with a spend model for money."
        )
    if not isinstance(model, Forecaster) or isinstance(model, Rule):
        raise InvalidOption(
            "score_in_blocks takes a CustomerModel, BoostedTrees, Blend or BestForecaster, not a "
            f"{type(model).__name__}."
        )
    if isinstance(model, CustomerModel):
        model.purchases._check_fitted()
        if "intertimes" in model.needs:
            raise InvalidOption("A model of regular timing needs every purchase: score its RFM instead.")
        return model.purchases.clock_
    model._check_fitted()
    clock: Clock = model.clock_
    return clock


def _quantities(model: Forecaster, amount: str | None, interval: float | None) -> tuple[ForecastQuantity, ...]:
    """Return the quantities of the scores; raise InvalidOption if the model needs money, or has no intervals."""
    if interval is not None and not model.interval_quantities:
        raise InvalidOption(
            f"{model.id} gives no intervals of customers: leave out interval=, or use the best forecaster or a process."
        )
    if isinstance(model, CustomerModel):
        return ("purchases",) if amount is None or model.spend is None else ("purchases", "money")
    if "money" in model.needs and amount is None:
        raise InvalidOption(f"{model.id} was fitted to a history with money: pass amount=, the name of its column.")
    return ("purchases",) if model.identity("money") is None else ("purchases", "money")


def _customers(query: frames.LogQuery, end: int, include_first: bool, periods: tuple[int, ...] | None) -> frames.Query:
    """Return one row per customer, with recent purchases if a forecaster reads them."""
    if periods is None:
        return query.customers(end, include_first)
    return frames.customers_with_recent(query, end, include_first, periods)


def _sums(log: EngineLog, rows: str, query: frames.Query, customers: CustomerBlocks) -> dict[str, dict[str, float]]:
    """Return the sums over all customers on which forecasts depend, by horizon: a first pass over the stored rows."""
    refuse_changed(log.rows - log.rows_after, log.engine.add_up(rows, "customer_rows"))
    counted = BlockSums(customers)
    return sums_of(log.engine.reduce_blocks(rows, query.types, counted, counted.types, CUSTOMERS_PER_BLOCK))


def _held_here(attributes: frames.Frame) -> frames.Frame:
    """Return attributes as a polars frame, which is also sent to the workers of Spark."""
    names = {name: name for name in frames.column_names(attributes)}
    return frames.collect(frames.open_frame(attributes, names).lazy).to_native()
