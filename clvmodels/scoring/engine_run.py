"""`clv score --engine`: customers are scored in the engine of the log, by a join or in blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from clvmodels.errors import InvalidJob, InvalidOption, closest
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.engines.in_blocks import score_in_blocks
from clvmodels.forecasting.engines.in_engine import publish_scores, score_in_engine
from clvmodels.frames import PublishedTable
from clvmodels.scoring.config.job import Job, as_job
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.events import Progress, event, ignore
from clvmodels.scoring.registry.champion import champion_of, compare_with_job
from clvmodels.scoring.run.workplace import uris_of
from clvmodels.scoring.stores.engine_sources import open_table

__all__ = ["EngineName", "score_job_in_engine"]

EngineName = Literal["duckdb", "ibis", "spark"]
READS = {
    "duckdb": ("file", "duckdb"),
    "ibis": ("ibis", "duckdb", "sqlite", "postgres"),
    "spark": ("spark", "file"),
}
PARQUET = (".parquet", ".pq")


def score_job_in_engine(
    job: Job | str | Path, as_of: str | None = None, *, engine: EngineName, progress: Progress | None = None
) -> PublishedTable:
    """Score the customers of a job in the engine of the log, and publish the scores from there.

    A process is scored by a join, as by `score_in_engine`, and no customer is fetched. Boosted trees, blends and the
    best forecaster are scored in blocks, as by `score_in_blocks`. The columns are those of these functions. No gate is
    checked and no manifest is written: `score_job` does both, but fetches one row per customer.

    Parameters
    ----------
    job : Job or path of its TOML file
        With one sink: Parquet, or a table in the database of the source.
    as_of : str, optional
        Last date to score from; default: the latest of the log.
    engine : {"duckdb", "ibis", "spark"}
        DuckDB and Spark read Parquet files and their own tables, Ibis those of DuckDB, PostgreSQL and SQLite.
    progress : function of str, optional

    Returns
    -------
    PublishedTable

    Raises
    ------
    InvalidOption, InvalidJob
        If the engine does not read the source, the job needs customers' rows, or the sink is elsewhere.
    InvalidTransactions

    Examples
    --------
    >>> import pandas as pd
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> log.assign(date=pd.to_datetime(log["date"])).to_parquet("orders.parquet")
    >>> counts = clv.fit_counts("orders.parquet", observation_end="1997-09-30")
    >>> clv.CustomerModel(clv.BGNBD()).fit(counts).save("model.json")
    >>> job = clv.read_job(
    ...     None,
    ...     {
    ...         "source": {"path": "orders.parquet"},
    ...         "registry": {"file": "model.json"},
    ...         "sinks": [{"path": "scores.parquet"}],
    ...     },
    ... )
    >>> clv.score_job_in_engine(job, "1997-09-30", engine="duckdb").rows
    2357
    """
    job, progress = as_job(job), progress or ignore
    if engine not in get_args(EngineName):
        names = get_args(EngineName)
        raise InvalidOption(f"engine={engine!r} is not one of {', '.join(map(repr, names))}.{closest(engine, names)}")
    uris = uris_of(job)
    model = champion_of(job)[0]
    by_join = isinstance(model, CustomerModel)
    _refuse_rows(job, by_join=by_join)
    sink = _only_sink(job)
    for finding in compare_with_job(job, model):
        event("forecaster", finding.text)
    progress("Counting histories" if by_join else "Scoring blocks of customers")
    columns, cleaning, predictions = job.columns, job.cleaning, job.predictions
    log = _open(job, engine, uris)
    options: dict[str, Any] = {
        "customer_id": columns.customer_id,
        "date": columns.date,
        "amount": columns.amount,
        "observation_end": as_of,
        "include_first_transaction": job.models.include_first_transaction,
        "on_missing_id": cleaning.on_missing_id,
        "missing_ids": cleaning.missing_ids,
        "annual_discount_rate": predictions.annual_discount_rate,
        "margin": predictions.margin,
    }
    if isinstance(model, CustomerModel):
        scores = score_in_engine(log, model, predictions.horizons, **options)
    else:
        drawn = {name: getattr(predictions, name) for name in ("interval", "draws", "random_state")}
        scores = score_in_blocks(log, model, predictions.horizons, **options, **drawn)
    progress("Publishing")
    return publish_scores(scores, _target(job, sink))


def _refuse_rows(job: Job, *, by_join: bool) -> None:
    """Raise an InvalidOption if a job needs the rows of its customers on this machine."""
    settings = {
        "source.kind": job.source.kind != "transactions",
        "customers": job.customers is not None,
        "cleaning.rules": job.cleaning.rules is not None,
        "cleaning.date_format": job.cleaning.date_format is not None,
        "predictions.interval": by_join and job.predictions.interval is not None,
        "predictions.costs": job.predictions.costs is not None,
        "predictions.next_purchase": job.predictions.next_purchase,
        'sinks.content = "cohorts"': any(sink.content == "cohorts" for sink in job.sinks),
        **{name: getattr(job, name) is not None for name in ("tiers", "stages", "scorecard", "actions")},
    }
    rows = [name for name, needed in settings.items() if needed]
    if rows:
        raise InvalidOption(
            f"engine= cannot be combined with {', '.join(rows)}, which need customers' rows: leave one out."
        )


def _only_sink(job: Job) -> SinkSettings:
    if len(job.sinks) != 1:
        raise InvalidJob(f"sinks: there are {len(job.sinks)}, but an engine publishes to one: name one sink.")
    return job.sinks[0]


def _open(job: Job, engine: EngineName, uris: dict[str, str]) -> Any:
    """Return the source of a job as a table of an engine."""
    source = job.source
    if source.store not in READS[engine]:
        raise InvalidOption(
            f"engine={engine!r} does not read store = {source.store!r}, but {', '.join(map(repr, READS[engine]))}: "
            "name another engine, or score without one."
        )
    uri = uris.get(source.uri_variable or "", "")
    if source.store == "file" and (source.path is None or not _is_parquet(source.path)):
        raise InvalidOption(f"engine={engine!r} reads Parquet files: save the log as Parquet, or leave engine= out.")
    if engine == "spark":
        return open_table("spark", source.path, uri, source.table, source.query, "source")
    if source.store in ("duckdb", "sqlite"):
        uri = f"{source.store}://{source.path}"
    name = "duckdb" if engine == "duckdb" else "ibis"
    return open_table(name, source.path if source.store == "file" else None, uri, source.table, source.query, "source")


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in PARQUET or (path.is_dir() and any(path.glob("**/*.parquet")))


def _target(job: Job, sink: SinkSettings) -> str | Path:
    """Return the place of the scores: a path, or the name of a table in the database of the source."""
    if sink.store == "parquet" and sink.path is not None:
        if not sink.partitioned and sink.path.suffix.lower() not in PARQUET:
            raise InvalidJob(f"sinks[0].path: {str(sink.path)!r} must end with .parquet, or set partitioned = true.")
        return sink.path
    source = job.source
    if sink.store != source.store or sink.uri_variable != source.uri_variable or sink.path != source.path:
        raise InvalidOption(
            f"The engine of the source cannot publish to {sink.name}: name a Parquet sink, or a table in the same "
            f"database (store = {source.store!r})."
        )
    return ".".join(filter(None, (sink.own_schema, sink.table)))
