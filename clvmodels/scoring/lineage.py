"""Facts of a run in the format of OpenLineage: its inputs and outputs, times, numbers of rows, and columns.

They are the parts of a RunEvent except `producer` and `schemaURL`, which the sender adds. A database is named by its
environment variable, never by its address.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from clvmodels.scoring.config.job import Job
from clvmodels.scoring.config.sections import StoreSettings
from clvmodels.scoring.config.sinks import Content, SinkSettings
from clvmodels.scoring.table_columns import TableColumn

__all__ = ["lineage_of", "with_state"]

EVENTS = {"published": "COMPLETE", "refused": "FAIL", "unfinished": "RUNNING"}
NAMESPACE = uuid.UUID("2f0f3f0e-5b0d-5c55-9e57-0a2f6f6c5d11")  # for run ids as UUIDs, which OpenLineage needs


def lineage_of(
    job: Job, run_id: str, as_of: str, rows: Mapping[str, int], tables: Mapping[Content, Sequence[TableColumn]]
) -> dict[str, Any]:
    """Return the facts of a run that has begun.

    Parameters
    ----------
    job : Job
    run_id, as_of : str
    rows : mapping of str to int
        Number of rows of "source" and, if it is read, of "customers".
    tables : mapping of str to sequence of TableColumn
        The columns of what is written, by content.
    """
    named: dict[str, tuple[StoreSettings, list[str]]] = {"source": (job.source, job.columns.read)}
    if job.customers is not None:
        named["customers"] = (job.customers, [job.customers.customer_id, *job.customers.attributes])
    fields = {
        content: [{"name": each.name, "type": str(each.dtype), "description": each.description} for each in columns]
        for content, columns in tables.items()
    }
    job_facets: dict[str, Any] = {"jobType": {"processingType": "BATCH", "integration": "CLVMODELS", "jobType": "JOB"}}
    if job.source.query is not None:
        job_facets["sql"] = {"query": job.source.query}
    folder = "job" if job.run.folder is None else job.run.folder.name
    engine = {"name": "clvmodels", "version": metadata.version("clvmodels")}
    return {
        "run": {
            "runId": str(uuid.uuid5(NAMESPACE, run_id)),
            "facets": {"nominalTime": {"nominalStartTime": f"{as_of[:10]}T00:00:00Z"}, "processing_engine": engine},
        },
        "job": {
            "namespace": "clvmodels",
            "name": folder,
            "facets": job_facets,
        },
        "inputs": [_input(place, names, rows.get(name)) for name, (place, names) in named.items()],
        "outputs": [{**_place(sink), "facets": {"schema": {"fields": fields[sink.content]}}} for sink in job.sinks],
    }


def with_state(facts: Mapping[str, Any], status: str, rows: Sequence[int], now: str) -> dict[str, Any]:
    """Return the facts with the current state: the time, whether the run is published, and the rows of each output.

    Parameters
    ----------
    status : {"published", "unfinished", "refused"}
    rows : sequence of int
        Rows of each sink of the job; 0 until it has the table.
    now : str
        The time in ISO 8601; the time of the facts stays if nothing has changed since.
    """
    if not facts:
        return {}
    outputs = [
        {**output, "outputFacets": {"outputStatistics": {"rowCount": count}}}
        for output, count in zip(facts["outputs"], rows, strict=False)
    ]
    present = {**facts, "eventType": EVENTS[status], "outputs": outputs}
    return present if present == facts else {**present, "eventTime": now}


def _input(place: StoreSettings, names: Sequence[str], rows: int | None) -> dict[str, Any]:
    """Return a dataset that a run reads, in the format of OpenLineage."""
    counted = {} if rows is None else {"inputFacets": {"inputStatistics": {"rowCount": rows}}}
    return {**_place(place), "facets": {"schema": {"fields": [{"name": name} for name in names]}}, **counted}


def _place(place: StoreSettings | SinkSettings) -> dict[str, str]:
    """Return the namespace and the name of a dataset."""
    table = place.table or "query"
    if isinstance(place, SinkSettings) and place.store == "postgres":
        table = f"{place.db_schema}.{place.table}"
    if place.path is None:
        return {"namespace": f"{place.store}:{place.uri_variable or 'session'}", "name": table}
    path = place.path.absolute().as_posix()
    if place.store in ("duckdb", "sqlite"):
        return {"namespace": f"{place.store}:{path}", "name": table}
    return {"namespace": "file", "name": path}
