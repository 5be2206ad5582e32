"""Score customers in the engine that holds their log: join a table of distinct states and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import Any

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import ClockMismatch, InvalidOption, InvalidTransactions
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.best import BestForecaster
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasting.rules import Rule
from clvmodels.forecasting.states import DISCOUNTED, EXPECTED, Horizons, horizon_columns, state_table
from clvmodels.transactions.counts.fit_counts import MOST_ROWS, count_histories
from clvmodels.transactions.ids import MissingIds, missing_words
from clvmodels.transactions.in_engine.reading import EngineLog, LogOptions, read_in_engine
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.stray_dates import PeriodArguments
from clvmodels.transactions.summary import refuse_before, refuse_far_dates
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["publish_scores", "refuse_other_forecasters", "score_in_engine", "scoring_sql"]

SPEND_NAMES = ("p", "q", "v")
KEY = "customer_id"
VALUE = "lifetime_value_"
PARQUET = (".parquet", ".pq")


def score_in_engine(
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
    annual_discount_rate: float | None = None,
    margin: float = 1.0,
    max_rows: int = MOST_ROWS,
) -> frames.Frame:
    """Score the customers of a log in the engine that holds it, and leave the scores there.

    A prediction of a process depends on frequency, recency and T alone. The engine counts the distinct states, this
    machine computes the predictions of each, and the engine joins them to the customers. No customer leaves the engine,
    and no Python runs in it.

    Parameters
    ----------
    log : relation of DuckDB, frame of Spark, or table of Ibis in DuckDB, PostgreSQL or SQLite
        One row per transaction.
    model : CustomerModel
        Fitted, without covariates, groups or intertimes.
    horizons : float, str, or sequence of these
        In the clock's unit, or lengths with their unit, such as "12 months".
    customer_id, date, amount, observation_end, include_first_transaction, on_missing_id, missing_ids
        As for `rfm_summary`.
    annual_discount_rate : float, optional
        Effective. With it, purchases are also discounted and, with `amount` and a spend model, valued, as by
        `lifetime_value`.
    margin : float, default=1.0
        Share of spend that counts as value. With a negative margin, values are negative.
    max_rows : int, default=5000000
        Largest number of states to fetch.

    Returns
    -------
    frame of the kind of the log
        One row per customer, computed when it is read: customer_id, frequency, recency, T, probability_alive and
        expected_purchases_HORIZON, such as expected_purchases_12_months; with `amount` also monetary_value and
        monetary_count, and with a spend model expected_spend, which is missing where it does not exist. With a
        discount rate also discounted_purchases_HORIZON and lifetime_value_HORIZON.

    Raises
    ------
    InvalidOption
        If the log is not in an engine, or the model needs more than frequency, recency, T and spend.
    InvalidTransactions
        If rows break the rules of a log, or the table changed between counting and scoring.

    Examples
    --------
    >>> import duckdb
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> orders = duckdb.sql("SELECT customer_id, CAST(date AS DATE) AS date, amount FROM log")
    >>> options = {"amount": "amount", "observation_end": "1997-09-30"}
    >>> counts = clv.fit_counts(orders, time_unit="week", **options)
    >>> model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(counts)
    >>> scores = clv.score_in_engine(orders, model, "39 weeks", **options)
    >>> scores.aggregate("count(*), round(sum(expected_purchases_39_weeks), 1)").fetchall()
    [(2357, 1653.4)]
    """
    margin = _check_margin(margin)
    refuse_other_forecasters(model, "score_in_engine")
    clock = _plain_clock(model, amount)
    end = None if observation_end is None else clock.closing_tick(observation_end)
    period = PeriodArguments("observation_end", None, end, has_start=True, compared="customers")
    options = LogOptions(customer_id, date, amount, None, on_missing_id, missing_ids, period)
    checked = read_in_engine(log, clock, options, end)
    if checked is None:
        raise InvalidOption(
            "score_in_engine needs a log in an engine: pass a relation of DuckDB, a frame of Spark, or a table of "
            "Ibis in "
            "DuckDB, PostgreSQL or SQLite, whose dates are dates or timestamps and whose rows have no faults "
            "(`rfm_summary` lists them). For any other log, score its RFM."
        )
    end = checked.last_tick if end is None else end
    refuse_before(checked.first_tick, end, clock)
    histories, customers = count_histories(checked, end, frames.CustomerChoice(), max_rows)
    refuse_far_dates(histories, checked, end, period, customers)
    states = state_table(model.purchases, histories, horizons, annual_discount_rate)
    return _join(checked, model, states, end, include_first_transaction, margin)


def _check_margin(margin: float) -> float:
    """Return a margin as a Python float, whose repr is a number in SQL; raise an error for an invalid margin."""
    return float(ValueTerms(horizon=1.0, annual_rate=0.0, margin=margin).margin)


def _join(
    log: EngineLog, model: CustomerModel, states: dict[str, Any], end: int, include_first: bool, margin: float
) -> frames.Frame:
    """Return the scores as a table of the engine; raise an error if a customer has no state."""
    spend = None if model.spend is None or not log.query.has_amount else spend_formula(model.spend)
    predictions = list(states)[3:]
    name = f"clvmodels_states_{id(states):x}"
    tables = {name: frames.arrow_table(states)}
    # The result may be computed later, so it must not depend on rows stored only while this function runs.
    query = log.source_query.scores(end, include_first, name, predictions, spend)
    missing = (
        "SELECT COUNT(*) AS customers, SUM(CASE WHEN probability_alive IS NULL THEN 1 ELSE 0 END) AS without_state"
    )
    count = query.then("scores", f"{missing} FROM scores", {"customers": "integer", "without_state": "integer"})
    row = log.engine.fetch(count.text(), count.types, tables).rows(named=True)[0]
    if row["without_state"]:
        raise InvalidTransactions(
            f"{row['without_state']:,} of {row['customers']:,} customers have a state that was not counted: the table "
            "changed between counting and scoring. Read a snapshot, and score again."
        )
    if spend is not None:
        query = _with_values(query, predictions, margin)
    return log.engine.table(query.text(), query.types, tables)


def _with_values(query: frames.Query, predictions: Sequence[str], margin: float) -> frames.Query:
    """Return a query that multiplies discounted purchases by expected spend and margin."""
    names = {name.replace(DISCOUNTED, VALUE): name for name in predictions if name.startswith(DISCOUNTED)}
    share = f"CAST({margin!r} AS DOUBLE)"
    values = {value: f"{share} * expected_spend * {name}" for value, name in names.items()}
    return query.with_columns("unvalued", values) if values else query


def spend_formula(spend: SpendModel) -> str:
    """Return the expected spend per purchase in SQL, from monetary_count and monetary_sum; missing without a mean.

    E(M | x, m) = p (v + x m) / (p x + q - 1): Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", eq. 5.
    """
    if set(spend.parameters_) != set(SPEND_NAMES):
        raise InvalidOption("Spend is computed in the engine by Gamma-Gamma without covariates and groups only.")
    p, q, v = (f"CAST({spend.parameters_[name]!r} AS DOUBLE)" for name in SPEND_NAMES)
    count = "CAST(monetary_count AS DOUBLE)"
    shape = f"{p} * {count} + {q}"
    paid = "CASE WHEN monetary_count > 0 THEN monetary_sum ELSE 0 END"
    return f"CASE WHEN {shape} > 1 THEN {p} * ({v} + {paid}) / ({shape} - 1) END"


def refuse_other_forecasters(model: object, caller: str) -> None:
    """Raise InvalidOption unless a model is a CustomerModel, which predicts each customer independently of the others.

    Raises
    ------
    InvalidOption
        With an alternative; other forecasters read more than frequency, recency and T.
    """
    if isinstance(model, CustomerModel):
        return
    if isinstance(model, PurchaseModel):
        raise InvalidOption(f"{caller} takes a CustomerModel: pass CustomerModel(model), with a spend model for money.")
    if isinstance(model, Forecaster) and not isinstance(model, Rule):
        process = " Or score its best process alone, best.process_model." if isinstance(model, BestForecaster) else ""
        raise InvalidOption(
            f"{caller} joins forecasts to customers by their frequency, recency and T, and a {type(model).__name__} "
            f"needs more: use score_in_blocks(table, model, horizons).{process}"
        )
    raise InvalidOption(f"{caller} takes a CustomerModel, not a {type(model).__name__}.")


def _plain_clock(model: CustomerModel, amount: str | None) -> Clock:
    """Return the clock of a model whose predictions depend on a customer's state alone."""
    purchases = model.purchases
    purchases._check_fitted()
    if purchases.process.statistics != purchases.plain.statistics or "intertimes" in model.needs:
        raise InvalidOption(
            "Models with covariates, groups or intertimes need customers' rows: score their RFM instead."
        )
    if model.spend is not None and amount is not None and model.spend.clock_ != purchases.clock_:
        raise ClockMismatch(
            f"The purchase model was fitted in {purchases.clock_}, the spend model in {model.spend.clock_}."
        )
    return purchases.clock_


def publish_scores(scores: frames.Frame, target: str | Path) -> frames.PublishedTable:
    """Write the scores of an engine to a table or file; readers see either all old rows or all new ones.

    The rows are computed once, into a staged copy, in which each customer must appear once. The copy then replaces the
    target in one step.

    Parameters
    ----------
    scores : frame
        Of an engine, such as the result of `score_in_engine`.
    target : str or Path
        A text is the name of a table in the database of the scores, such as "scores" or "marketing.scores". Its rows
        are replaced in one transaction; its rights, and views on it, stay. In Spark, whose tables have no transactions,
        it is a view on the table of the current run. A table with other columns is left unchanged. A path that ends
        with .parquet is a file, which is written under another name on this machine, and renamed. Any other `Path` is a
        folder: each run has a folder of Parquet files in it, written by Spark's workers, and `current.json` names the
        current one.

    Returns
    -------
    PublishedTable
        The target and its number of rows.

    Raises
    ------
    InvalidOption
        If the scores are not in an engine, or the target has other columns.
    InvalidTransactions
        If the rows cannot be computed or written, or a customer appears twice. The target is then unchanged.

    Examples
    --------
    >>> import duckdb
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> orders = duckdb.sql("SELECT customer_id, CAST(date AS DATE) AS date, amount FROM log")
    >>> model = clv.CustomerModel(clv.BGNBD()).fit(clv.fit_counts(orders, observation_end="1997-09-30"))
    >>> scores = clv.score_in_engine(orders, model, "39 weeks", observation_end="1997-09-30")
    >>> clv.publish_scores(scores, "scores")
    PublishedTable(target='scores', rows=2357)
    >>> duckdb.sql("SELECT COUNT(*) FROM scores").fetchall()
    [(2357,)]
    """
    engine = frames.engine_of(scores) if frames.is_database(scores) else None
    if engine is None:
        raise InvalidOption(
            "These scores are not in an engine: pass what `score_in_engine` returns, or write the frame yourself."
        )
    path = Path(target)
    if path.suffix.lower() in PARQUET:
        return frames.publish_file(engine, path, KEY)
    if isinstance(target, Path):
        return frames.publish_run(engine, target, KEY)
    return frames.publish_table(engine, target, KEY)


def scoring_sql(
    model: CustomerModel,
    horizons: Horizons,
    *,
    observation_end: str | Date | datetime,
    dialect: str,
    table: str = "orders",
    states: str = "states",
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    id_type: str = "integer",
    date_type: str = "date",
    include_first_transaction: bool = False,
    missing_ids: MissingIds = None,
    annual_discount_rate: float | None = None,
    margin: float = 1.0,
) -> str:
    """Return the SQL that scores customers by a join, for a warehouse without this package.

    First write the table of states there: `model.states(counts, horizons)`, with the same `annual_discount_rate`.

    Parameters
    ----------
    model : CustomerModel
        Fitted.
    horizons : float, str, or sequence of these
        As for `model.states`.
    observation_end : date or str
        Last day observed (inclusive).
    dialect : {"duckdb", "postgres", "sqlite", "spark", "databricks", "bigquery", "snowflake"}
    table, states : str
        Names of the tables, as SQL writes them.
    customer_id, date, amount : str
        Names of columns.
    id_type : {"integer", "text"}, default="integer"
    date_type : {"date", "timestamp", "instant"}, default="date"
        An instant is a timestamp with a zone, whose calendar is that of the model's clock.
    include_first_transaction, missing_ids
        As for `rfm_summary`.
    annual_discount_rate, margin
        As for `score_in_engine`.

    Returns
    -------
    str

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CustomerModel(clv.BGNBD()).fit(rfm)
    >>> text = clv.scoring_sql(model, "39 weeks", observation_end="1997-09-30", dialect="bigquery")
    >>> print(text.splitlines()[0][:60])
    WITH log_rows AS (SELECT CAST(`customer_id` AS INT64) AS cus
    """
    margin = _check_margin(margin)
    refuse_other_forecasters(model, "scoring_sql")
    clock = _plain_clock(model, amount)
    written = frames.dialect_named(dialect)
    if id_type not in ("integer", "text") or date_type not in ("date", "timestamp", "instant"):
        raise InvalidOption(
            f"id_type={id_type!r}, date_type={date_type!r}: ids are 'integer' or 'text', dates 'date', 'timestamp' or "
            "'instant'."
        )
    columns = LogOptions(customer_id, date, amount, None, "drop", missing_ids).columns
    types: dict[str, Any] = {"customer_id": id_type, "date": date_type, "amount": "number"}
    query = frames.LogQuery(written, table, columns, types, clock, missing_words(missing_ids))
    spend = None if model.spend is None or amount is None else spend_formula(model.spend)
    predictions = ["probability_alive"]
    for name in horizon_columns(clock, horizons):
        predictions.append(name)
        if annual_discount_rate is not None:
            predictions.append(name.replace(EXPECTED, DISCOUNTED))
    end = clock.closing_tick(observation_end)
    scores = query.scores(end, include_first_transaction, states, predictions, spend)
    return (scores if spend is None else _with_values(scores, predictions, margin)).text(pretty=True)
