"""The sinks of a job, to which scores are written."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from clvmodels.scoring.config.sections import (
    JobSection,
    Location,
    check_faults,
    location_faults,
    printable,
    variable,
)

__all__ = ["Content", "SinkSettings"]

Content = Literal["scores", "cohorts"]
ID_COLUMNS: dict[Content, str] = {"scores": "customer_id", "cohorts": "cell"}  # the column that identifies a row
DATABASES = ("duckdb", "sqlite", "postgres")


class SinkSettings(JobSection):
    """Where the scores of customers go, or the table of cohorts.

    Attributes
    ----------
    content : {"scores", "cohorts"}
        One row per customer, or one per cohort and period as `[cohorts]` describes.
    store : {"parquet", "csv", "duckdb", "sqlite", "postgres", "ibis", "spark"}
    path : Path, optional
        The file; for partitioned Parquet, a folder. Relative to the job file.
    partitioned : bool
        For Parquet: each run has its own folder, which stays; current.json names the current one.
    mode : {"replace", "append"}
        For a table in a database: whether a run replaces the table, or only the rows of its own day, which keeps the
        runs of all days; the key is then customer_id and as_of.
    keep_days, keep_runs : int, optional
        With "append" or `partitioned`: a run removes the tables of days more than `keep_days` before the newest, and of
        all but the newest `keep_runs` days.
    uri_variable : str, optional
        Name of the environment variable that holds the URI of a PostgreSQL database, of a database of Ibis, or of a
        Spark Connect server.
    db_schema, table : str
        Of a database; the table is clv_scores or clv_cohorts by default. With Ibis and Spark, the schema is the current
        one by default; in Spark the table is a view on the table of the current run.
    """

    content: Content = "scores"
    store: Literal["parquet", "csv", "duckdb", "sqlite", "postgres", "ibis", "spark"] = "parquet"
    path: Location | None = None
    partitioned: bool = False
    mode: Literal["replace", "append"] = "replace"
    keep_days: Annotated[int, Field(ge=1)] | None = None
    keep_runs: Annotated[int, Field(ge=1)] | None = None
    uri_variable: str | None = None
    db_schema: str = "public"
    table: str = "clv_scores"

    _is_variable = field_validator("uri_variable")(variable)
    _is_name = field_validator("db_schema", "table")(printable)

    @model_validator(mode="before")
    @classmethod
    def _name_table(cls, document: Any) -> Any:
        if isinstance(document, dict) and document.get("content") == "cohorts":
            return {"table": "clv_cohorts", **document}
        return document

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = location_faults(self.store, self.path, self.uri_variable)
        if self.partitioned and self.store != "parquet":
            faults.append('partitioned: only for store = "parquet"')
        if self.store == "spark" and self.path is not None:
            faults.append('path: a sink in Spark is a table; for files, set store = "parquet" and partitioned = true')
        if self.mode == "append" and self.store not in DATABASES:
            faults.append('mode: "append" is for tables in databases; Parquet keeps runs if partitioned = true')
        limits = [name for name in ("keep_days", "keep_runs") if getattr(self, name) is not None]
        if limits and not self.keeps_runs:
            faults.append(f'{", ".join(limits)}: only with mode = "append" or partitioned = true')
        return check_faults(self, faults)

    @property
    def id_column(self) -> str:
        """The column that identifies a row of the table; with `mode` "append", together with as_of."""
        return ID_COLUMNS[self.content]

    @property
    def keeps_runs(self) -> bool:
        """Return whether the table of each run stays when the next is published."""
        return self.partitioned or self.mode == "append"

    @property
    def own_schema(self) -> str:
        """Return the schema that is set, or an empty text for the current one."""
        return self.db_schema if "db_schema" in self.model_fields_set else ""

    @property
    def name(self) -> str:
        """Return the name of the sink in logs and manifests, which has no secrets."""
        if self.store == "postgres":
            return f"postgres:{self.uri_variable}:{self.db_schema}.{self.table}"
        if self.store in ("ibis", "spark"):
            of_variable = "" if self.uri_variable is None else f"{self.uri_variable}:"
            return f"{self.store}:{of_variable}{'.'.join(filter(None, (self.own_schema, self.table)))}"
        table = f":{self.table}" if self.store in ("duckdb", "sqlite") else ""
        return f"{self.store}:{self.path}{table}"
