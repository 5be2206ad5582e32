"""The sections of a job file: typed records, each of which checks itself."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from clvmodels.cleaning.rules import CleaningRules
from clvmodels.clock import Clock
from clvmodels.errors import CLVError, closest
from clvmodels.estimators.persistence import MODEL_CLASSES, SPEND_MODELS
from clvmodels.estimators.prediction import FEWEST_DRAWS, IntervalFor, TotalIntervalName
from clvmodels.frames import FileOptions
from clvmodels.transactions.log import MissingId
from clvmodels.valuation.costs import ChargedWhile, CostAmount, Costs
from clvmodels.valuation.periods import CalendarUnit
from clvmodels.valuation.value_terms import ValueTerms

NO_SPEND = "none"
NOT_AN_OPTION = "not_an_option"  # the type of our pydantic error
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST_NAME = 63  # bytes of a table's name in PostgreSQL
LARGEST_CHUNK = 100_000_000
Location = Annotated[Path, Field(strict=False)]
NonEmptyText = Annotated[str, Field(min_length=1)]
S = TypeVar("S", bound="JobSection")


class JobSection(BaseModel):
    """A section of a job; errors never repeat values, which may be secrets."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def _one_of(name: str, options: list[str]) -> str:
    if name not in options:
        raise PydanticCustomError(NOT_AN_OPTION, "{problem}", {"problem": not_one_of(name, options)})
    return name


def not_one_of(value: str, options: Sequence[str]) -> str:
    """Return the fault of a value that is not one of the options."""
    return f"is not one of {', '.join(map(repr, options))}.{closest(value, options)}"


def complaints(function: Any, *arguments: Any) -> list[str]:
    """Return a list with the error that a function raises for its arguments, or an empty list."""
    try:
        function(*arguments)
    except CLVError as error:
        return [str(error)]
    return []


def check_faults(section: S, faults: list[str]) -> S:
    """Return the section, or raise one error with all its faults."""
    if faults:
        raise ValueError("; ".join(faults))
    return section


def variable(name: str | None) -> str | None:
    """Return the name of an environment variable; raise a ValueError if it is not one."""
    if name is not None and VARIABLE.fullmatch(name) is None:
        raise ValueError("is not the name of an environment variable: set the name, such as CLV_DATABASE, not the URI")
    return name


def printable(name: str | None) -> str | None:
    """Return a name; raise a ValueError if some database cannot store it."""
    if name is not None and (not name.isprintable() or not 0 < len(name.encode()) <= LONGEST_NAME):
        raise ValueError(f"must be 1 to {LONGEST_NAME} printable characters")
    return name


def location_faults(store: str, path: Path | None, uri_variable: str | None) -> list[str]:
    """Return faults of the place of a store: a server needs a URI, other stores a file."""
    if store == "spark":
        return []
    if store in ("postgres", "ibis"):
        if uri_variable is None or path is not None:
            return ["uri_variable: name the environment variable that holds the URI (and no path)"]
    elif path is None or uri_variable is not None:
        return ["path: name the file (and no uri_variable)"]
    return []


def _rules(table: Any) -> Any:
    """Return the cleaning rules from the values of a section."""
    if not isinstance(table, dict):
        return table
    options = [field.name for field in fields(CleaningRules)]
    unknown = [str(name) for name in table if name not in options]
    if unknown:
        raise ValueError(f"there is no rule {', '.join(map(repr, unknown))}; the rules are {', '.join(options)}")
    return CleaningRules(**table)  # an InvalidOption is a ValueError, which pydantic reports


def column_suffix(horizon: str) -> str:
    """Return a horizon as part of a column name: "12 months" is 12_months, "1.5 years" is 1p5_years."""
    return "_".join(re.findall(r"[\d.]+|[a-z]+", horizon.lower())).replace(".", "p")


class StoreSettings(JobSection):
    """The place of a table to read.

    Attributes
    ----------
    store : {"file", "duckdb", "sqlite", "postgres", "ibis", "spark"}
        Tables of Ibis and Spark are reduced to one row per customer in the engine; those of other databases are copied.
    path : Path, optional
        File (text, Excel, JSON, Parquet), folder or glob; the file of a DuckDB or SQLite database; or Parquet files
        that Spark reads. Relative to the job file.
    uri_variable : str, optional
        Name of the environment variable that holds the URI of a PostgreSQL database, of a database of Ibis, or of a
        Spark Connect server. Without it, Spark is the session of this process.
    table, query : str, optional
        The table to read from a database ("schema.table" is a schema and a table), or a query whose rows are read.
    """

    store: Literal["file", "duckdb", "sqlite", "postgres", "ibis", "spark"] = "file"
    path: Location | None = None
    uri_variable: str | None = None
    table: NonEmptyText | None = None
    query: NonEmptyText | None = None

    _is_variable = field_validator("uri_variable")(variable)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = location_faults(self.store, self.path, self.uri_variable)
        if self.store == "file" and (self.table is not None or self.query is not None):
            faults.append("table, query: only for databases; remove them")
        if self.store == "spark":
            if sum(each is not None for each in (self.path, self.table, self.query)) != 1:
                faults.append("path, table, query: set one of the three")
        elif self.store != "file" and (self.table is None) == (self.query is None):
            faults.append("table, query: set one of the two")
        return check_faults(self, faults)


class SourceSettings(StoreSettings):
    """The data to score: transactions, or one row per customer (an RFM summary as of the date).

    Attributes
    ----------
    kind : {"transactions", "rfm"}
    encoding, delimiter, decimal, sheet : str, optional
        Options for reading a file.
    incremental : bool
        Whether `clv score` reads only the rows of recent days, and adds them to the state kept by earlier runs.
    overlap : str
        Time before the last run that is read again, so late rows and deletions in it need no full read.
    """

    kind: Literal["transactions", "rfm"] = "transactions"
    encoding: NonEmptyText | None = None
    delimiter: NonEmptyText | None = None
    decimal: Literal[".", ","] | None = None
    sheet: NonEmptyText | None = None
    incremental: bool = False
    overlap: NonEmptyText = "14 days"

    @field_validator("overlap")
    @classmethod
    def _has_days(cls, overlap: str) -> str:
        if Clock().duration(overlap, "overlap") < 1:  # an InvalidOption is a ValueError, which pydantic reports
            raise ValueError("must be at least one day")
        return overlap

    @property
    def overlap_days(self) -> int:
        """Return the overlap in days, rounded up."""
        return math.ceil(Clock().duration(self.overlap))

    @model_validator(mode="after")
    def _of_a_file(self) -> Self:
        named = [name for name in ("encoding", "delimiter", "decimal", "sheet") if getattr(self, name) is not None]
        if named and self.store != "file":
            check_faults(self, [f"{', '.join(named)}: only for files; remove them"])
        _ = self.file_options  # an InvalidOption is a ValueError, which pydantic reports
        return self

    @property
    def file_options(self) -> FileOptions:
        """Return the options for reading the file that are set."""
        return FileOptions(self.encoding, self.delimiter, self.decimal, self.sheet)


class ColumnSettings(JobSection):
    """Columns of the log. Without `amount`, or `quantity` and `price`, spend is not modeled. See `clvmodels.clean`."""

    EXTRA: ClassVar = (
        "quantity",
        "price",
        "order_id",
        "product",
        "status",
        "currency",
        "rate",
        "refunded",
        "discount",
        "test",
    )

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
    discount: NonEmptyText | None = None
    test: NonEmptyText | None = None

    @property
    def read(self) -> list[str]:
        """Return the columns that are set."""
        return [getattr(self, key) for key in self.read_keys]

    @property
    def read_keys(self) -> list[str]:
        """Return the keys of the columns that are set."""
        return [key for key, name in self.model_dump().items() if name is not None]

    @property
    def has_money(self) -> bool:
        return self.amount is not None or self.price is not None


class CustomerSettings(StoreSettings):
    """A table with one row per customer: attributes for models, and customers who have not bought yet."""

    customer_id: NonEmptyText = "customer_id"
    attributes: list[NonEmptyText] = []


class CleaningSettings(JobSection):
    """Options for reading the log and setting rows aside.

    Attributes
    ----------
    on_missing_id : {"raise", "drop"}
    missing_ids : list of str, optional
        Ids that mean that the customer is unknown; see `clvmodels.rfm_summary`.
    date_format : str, optional
    rules : CleaningRules, optional
        Rules of `clvmodels.clean`, such as netting refunds and merging lines into orders. They need the log in memory.
    """

    on_missing_id: MissingId = "raise"
    missing_ids: list[str] | None = None
    date_format: NonEmptyText | None = None
    rules: Annotated[CleaningRules, BeforeValidator(_rules)] | None = None


class ModelSettings(JobSection):
    """The models that `clv fit` fits: one of purchases and one of spend, with covariates or groups.

    With forecaster = "best", boosted trees or a blend, the forecaster chooses among its own purchase models, and learns
    from earlier windows of the log.
    """

    forecaster: Literal["process", "best", "boosted_trees", "blend", "blend_process_total", "blend_learned_total"] = (
        "process"
    )
    purchases: str = "mbgnbd"
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
        return _one_of(name, list(MODEL_CLASSES))

    @field_validator("spend")
    @classmethod
    def _is_spend_model(cls, name: str) -> str:
        return _one_of(name, [*SPEND_MODELS, NO_SPEND])


class CostSettings(JobSection):
    """What customers cost after the margin; the column remaining_value is net of it. See `clvmodels.Costs`."""

    per_order: CostAmount = 0.0
    per_period: CostAmount = 0.0
    marketing: CostAmount = 0.0
    period: CalendarUnit = "month"
    charged_while: ChargedWhile = "served"
    marketing_while: ChargedWhile = "served"
    served_within: NonEmptyText = "12 months"

    @property
    def costs(self) -> Costs:
        return Costs(**self.model_dump())

    @model_validator(mode="after")
    def _defined(self) -> Self:
        return check_faults(self, complaints(lambda: self.costs))


class PredictionSettings(JobSection):
    """The predictions for each customer."""

    horizons: Annotated[list[NonEmptyText], Field(min_length=1)] = ["12 months"]
    annual_discount_rate: Annotated[float, Field(gt=-1, le=1)] = 0.10
    margin: Annotated[float, Field(ge=-1, le=1)] = 1.0
    interval: Annotated[float, Field(gt=0, lt=1)] | None = None
    interval_for: IntervalFor = "outcome"
    total_interval: TotalIntervalName = "history"
    draws: Annotated[int, Field(ge=FEWEST_DRAWS, le=100_000)] = 200
    random_state: Annotated[int, Field(ge=0, lt=2**63)] = 0
    next_purchase: bool = False
    costs: CostSettings | None = None

    def value_terms(self, horizon: str) -> ValueTerms:
        """Return the terms of the value over a horizon."""
        rate, margin = self.annual_discount_rate, self.margin
        return ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=rate, margin=margin)

    @field_validator("horizons")
    @classmethod
    def _are_lengths(cls, horizons: list[str]) -> list[str]:
        for horizon in horizons:
            Clock().duration(horizon)  # an InvalidOption is a ValueError, which pydantic reports
        suffixes = [column_suffix(horizon) for horizon in horizons]
        if len(set(suffixes)) < len(suffixes):
            raise ValueError("two of them are the same length")
        return horizons


class RegistrySettings(JobSection):
    """The place of models: a folder of versions, or one file without a history."""

    folder: Location | None = None
    file: Location | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        return check_faults(self, ["folder, file: set one of the two"] if self.folder and self.file else [])


class RunSettings(JobSection):
    """Options of a run that do not change any number in the table.

    Attributes
    ----------
    folder : Path, optional
        Folder for locks and manifests. Default: clv-runs, in the folder of the job file. A job without a file and a
        folder has neither.
    customers_at_once : int
        Number of customers whose rows are collected before they are written.
    log : {"readable", "json"}
    """

    folder: Location | None = None
    customers_at_once: Annotated[int, Field(ge=1, le=LARGEST_CHUNK)] = 1_048_576
    log: Literal["readable", "json"] = "readable"
