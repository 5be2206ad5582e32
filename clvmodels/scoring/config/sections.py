"""The sections of a job file: typed records, each of which checks itself."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from clvmodels.cleaning.rules import CleaningRules
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import CLVError
from clvmodels.estimators.persistence import PURCHASE_MODELS, REGULAR_MODELS, SPEND_MODELS
from clvmodels.estimators.prediction import FEWEST_DRAWS, IntervalFor
from clvmodels.transactions.log import MissingId

NO_SPEND = "none"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST_NAME = 63  # bytes of a table's name that PostgreSQL keeps
LARGEST_CHUNK = 100_000_000
Location = Annotated[Path, Field(strict=False)]
NonEmptyText = Annotated[str, Field(min_length=1)]
S = TypeVar("S", bound="JobSection")


class JobSection(BaseModel):
    """A section: every field is known, and of its type; what was given is never repeated in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def _one_of(name: str, known: list[str]) -> str:
    if name not in known:
        raise ValueError(f"is not one of {', '.join(known)}")
    return name


def complaints(function: Any, *arguments: Any) -> list[str]:
    """What a door says of its arguments; nothing if it lets them in."""
    try:
        function(*arguments)
    except CLVError as error:
        return [str(error)]
    return []


def sound(section: S, faults: list[str]) -> S:
    """The section, or one error of all its faults."""
    if faults:
        raise ValueError("; ".join(faults))
    return section


def _variable(name: str | None) -> str | None:
    if name is not None and VARIABLE.fullmatch(name) is None:
        raise ValueError("is no name of an environment variable: give the name, such as CLV_DATABASE, not the URI")
    return name


def _printable(name: str | None) -> str | None:
    if name is not None and (not name.isprintable() or not 0 < len(name.encode()) <= LONGEST_NAME):
        raise ValueError(f"must be 1 to {LONGEST_NAME} printable characters")
    return name


def _misplaced(place: StoreSettings | SinkSettings) -> list[str]:
    """Faults of where a store is: a server has a URI, the others have a file."""
    if place.store == "postgres":
        if place.uri_variable is None or place.path is not None:
            return ["uri_variable: name the environment variable that holds the URI (and no path)"]
    elif place.path is None or place.uri_variable is not None:
        return ["path: name the file (and no uri_variable)"]
    return []


def _rules(given: Any) -> Any:
    """Rules from a table."""
    if not isinstance(given, dict):
        return given
    known = [field.name for field in fields(CleaningRules)]
    unknown = [str(name) for name in given if name not in known]
    if unknown:
        raise ValueError(f"there is no rule {', '.join(map(repr, unknown))}; there are {', '.join(known)}")
    return CleaningRules(**given)  # an InvalidOption is a ValueError, which pydantic reports


def column_suffix(horizon: str) -> str:
    """What a horizon is called in a column's name: "12 months" is 12_months, "1.5 years" 1p5_years."""
    return "_".join(re.findall(r"[\d.]+|[a-z]+", horizon.lower())).replace(".", "p")


class StoreSettings(JobSection):
    """Where a table is read from.

    Attributes
    ----------
    store : {"file", "duckdb", "sqlite", "postgres"}
    path : Path, optional
        CSV or Parquet file, folder or glob; or the file of a DuckDB or SQLite database. Relative to the job file.
    uri_variable : str, optional
        Name of the environment variable that holds the URI of a PostgreSQL database.
    table, query : str, optional
        What is read from a database: a table ("schema.table" is a schema and a table), or the rows of a query.
    """

    store: Literal["file", "duckdb", "sqlite", "postgres"] = "file"
    path: Location | None = None
    uri_variable: str | None = None
    table: NonEmptyText | None = None
    query: NonEmptyText | None = None

    _is_variable = field_validator("uri_variable")(_variable)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = _misplaced(self)
        if self.store == "file" and (self.table is not None or self.query is not None):
            faults.append("table, query: are for databases; leave them out")
        if self.store != "file" and (self.table is None) == (self.query is None):
            faults.append("table, query: give one of the two")
        return sound(self, faults)


class SourceSettings(StoreSettings):
    """What is scored: transactions, or one row a customer (an RFM summary as of the date)."""

    kind: Literal["transactions", "rfm"] = "transactions"


class ColumnSettings(JobSection):
    """Columns of the log; without `amount` (or `quantity` and `price`) there is no money. See `clvmodels.clean`."""

    EXTRA: ClassVar = ("quantity", "price", "order_id", "product", "status", "currency", "rate", "refunded")

    customer_id: NonEmptyText = "customer_id"
    date: NonEmptyText = "date"
    amount: NonEmptyText | None = None
    quantity: NonEmptyText | None = None
    price: NonEmptyText | None = None
    order_id: NonEmptyText | None = None
    product: NonEmptyText | None = None
    status: NonEmptyText | None = None
    currency: NonEmptyText | None = None
    rate: NonEmptyText | None = None
    refunded: NonEmptyText | None = None

    @property
    def read(self) -> list[str]:
        """The columns named."""
        return [name for name in self.model_dump().values() if name is not None]

    @property
    def has_money(self) -> bool:
        return self.amount is not None or self.price is not None


class CustomerSettings(StoreSettings):
    """A table with a row a customer: attributes that models read, and customers who have not bought yet."""

    customer_id: NonEmptyText = "customer_id"
    attributes: list[NonEmptyText] = []


class CleaningSettings(JobSection):
    """How the log is read, and what is set aside.

    Attributes
    ----------
    on_missing_id : {"raise", "drop"}
    date_format : str, optional
    rules : CleaningRules, optional
        Refunds netted, lines merged into orders and so on, as `clvmodels.clean` does, which holds the log in memory.
    """

    on_missing_id: MissingId = "raise"
    date_format: NonEmptyText | None = None
    rules: Annotated[CleaningRules, BeforeValidator(_rules)] | None = None


class PeriodSettings(JobSection):
    """The clock; see `clvmodels.Clock`."""

    time_unit: TimeUnit = "day"
    merge_within: MergePeriod = "day"
    time_zone: str | None = None

    @model_validator(mode="after")
    def _exists(self) -> Self:
        return sound(self, complaints(lambda: self.clock))

    @property
    def clock(self) -> Clock:
        return Clock(self.time_unit, self.merge_within, self.time_zone)


class ModelSettings(JobSection):
    """What `clv fit` fits: a model of purchases and one of spend, with covariates or groups."""

    purchases: str = "bgnbd"
    spend: str = "gamma_gamma"
    purchase_formula: NonEmptyText | None = None
    dropout_formula: NonEmptyText | None = None
    spend_formula: NonEmptyText | None = None
    by: NonEmptyText | None = None
    smallest_group: Annotated[int, Field(ge=1)] = 500
    include_first_transaction: bool = False
    acquired_after: NonEmptyText | None = None
    holdout: NonEmptyText | None = None

    @field_validator("purchases")
    @classmethod
    def _is_purchase_model(cls, name: str) -> str:
        return _one_of(name, [*PURCHASE_MODELS, *REGULAR_MODELS])

    @field_validator("spend")
    @classmethod
    def _is_spend_model(cls, name: str) -> str:
        return _one_of(name, [*SPEND_MODELS, NO_SPEND])


class PredictionSettings(JobSection):
    """What is told of each customer."""

    horizons: Annotated[list[NonEmptyText], Field(min_length=1)] = ["12 months"]
    annual_discount_rate: Annotated[float, Field(gt=-1, le=1)] = 0.10
    margin: Annotated[float, Field(ge=-1, le=1)] = 1.0
    interval: Annotated[float, Field(gt=0, lt=1)] | None = None
    interval_for: IntervalFor = "outcome"
    draws: Annotated[int, Field(ge=FEWEST_DRAWS, le=100_000)] = 200
    random_state: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @field_validator("horizons")
    @classmethod
    def _are_lengths(cls, horizons: list[str]) -> list[str]:
        for horizon in horizons:
            Clock().duration(horizon)  # an InvalidOption is a ValueError, which pydantic reports
        suffixes = [column_suffix(horizon) for horizon in horizons]
        if len(set(suffixes)) < len(suffixes):
            raise ValueError("name the same length twice")
        return horizons


class SinkSettings(JobSection):
    """Where scores go.

    Attributes
    ----------
    store : {"parquet", "csv", "duckdb", "sqlite", "postgres"}
    path : Path, optional
        The file; of partitioned Parquet a folder. Relative to the job file.
    partitioned : bool
        Parquet: each run in a folder of its own, which stays; current.json says which is current.
    uri_variable : str, optional
        Name of the environment variable that holds the URI of a PostgreSQL database.
    db_schema, table : str
        Of a database.
    """

    store: Literal["parquet", "csv", "duckdb", "sqlite", "postgres"] = "parquet"
    path: Location | None = None
    partitioned: bool = False
    uri_variable: str | None = None
    db_schema: str = "public"
    table: str = "clv_scores"

    _is_variable = field_validator("uri_variable")(_variable)
    _is_name = field_validator("db_schema", "table")(_printable)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = _misplaced(self)
        if self.partitioned and self.store != "parquet":
            faults.append("partitioned: is for Parquet alone")
        return sound(self, faults)

    @property
    def name(self) -> str:
        """What logs and manifests call it; it holds no secret."""
        if self.store == "postgres":
            return f"postgres:{self.uri_variable}:{self.db_schema}.{self.table}"
        table = f":{self.table}" if self.store in ("duckdb", "sqlite") else ""
        return f"{self.store}:{self.path}{table}"


class RegistrySettings(JobSection):
    """Where models are kept: a folder of versions, or one file without a history."""

    folder: Location | None = None
    file: Location | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        return sound(self, ["folder, file: give one of the two"] if self.folder and self.file else [])


class RunSettings(JobSection):
    """How a run goes; nothing here changes what is in the table.

    Attributes
    ----------
    folder : Path, optional
        For locks and manifests; beside the job file, clv-runs. A job without a file and a folder keeps neither.
    customers_at_once : int
        Whose rows are held before they are written.
    log : {"readable", "json"}
    """

    folder: Location | None = None
    customers_at_once: Annotated[int, Field(ge=1, le=LARGEST_CHUNK)] = 1_048_576
    log: Literal["readable", "json"] = "readable"
