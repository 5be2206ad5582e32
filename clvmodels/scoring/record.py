"""A job: one TOML file, one record; checked at the start, with every fault named at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import CLVError, InvalidJob
from clvmodels.estimators.persistence import PURCHASE_MODELS, REGULAR_MODELS, SPEND_MODELS
from clvmodels.estimators.uncertain import FEWEST_DRAWS, IntervalFor
from clvmodels.scoring.gates import Gates
from clvmodels.transactions.log import MissingId

__all__ = [
    "Cleaning",
    "Columns",
    "Customers",
    "Job",
    "Models",
    "Place",
    "Predictions",
    "Sink",
    "Source",
    "column_suffix",
    "read_job",
    "template",
]

NO_SPEND = "none"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST_NAME = 63  # bytes of a table's name that PostgreSQL keeps
LARGEST_CHUNK = 100_000_000
Location = Annotated[Path, Field(strict=False)]
Name = Annotated[str, Field(min_length=1)]
S = TypeVar("S", bound="Section")


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def _one_of(name: str, known: list[str]) -> str:
    if name not in known:
        raise ValueError(f"is not one of {', '.join(known)}")
    return name


def _complaints(function: Any, *arguments: Any) -> list[str]:
    """What a door says of its arguments; nothing if it lets them in."""
    try:
        function(*arguments)
    except CLVError as error:
        return [str(error)]
    return []


def _sound(section: S, faults: list[str]) -> S:
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


def column_suffix(horizon: str) -> str:
    """What a horizon is called in a column's name: "12 months" is 12_months, "1.5 years" 1p5_years."""
    return "_".join(re.findall(r"[\d.]+|[a-z]+", horizon.lower())).replace(".", "p")


class Place(Section):
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
    table: Name | None = None
    query: Name | None = None

    _is_variable = field_validator("uri_variable")(_variable)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = []
        if self.store == "postgres":
            if self.uri_variable is None or self.path is not None:
                faults.append("uri_variable: name the environment variable that holds the URI (and no path)")
        elif self.path is None or self.uri_variable is not None:
            faults.append("path: name the file (and no uri_variable)")
        if self.store == "file" and (self.table is not None or self.query is not None):
            faults.append("table, query: are for databases; leave them out")
        if self.store != "file" and (self.table is None) == (self.query is None):
            faults.append("table, query: give one of the two")
        return _sound(self, faults)


class Source(Place):
    """What is scored: transactions, or one row a customer (an RFM summary as of the date)."""

    kind: Literal["transactions", "rfm"] = "transactions"


class Columns(Section):
    """Columns of the log; without `amount` there is no money."""

    customer_id: Name = "customer_id"
    date: Name = "date"
    amount: Name | None = None


class Customers(Place):
    """A table with a row a customer: attributes that models read, and customers who have not bought yet."""

    customer_id: Name = "customer_id"
    attributes: list[Name] = []


class Cleaning(Section):
    """How the log is read, and what is set aside."""

    on_missing_id: MissingId = "raise"
    date_format: Name | None = None


class Calendar(Section):
    """The clock; see `clvmodels.Clock`."""

    time_unit: TimeUnit = "day"
    merge_within: MergePeriod = "day"
    time_zone: str | None = None

    @model_validator(mode="after")
    def _exists(self) -> Self:
        return _sound(self, _complaints(lambda: self.clock))

    @property
    def clock(self) -> Clock:
        return Clock(self.time_unit, self.merge_within, self.time_zone)


class Models(Section):
    """What `clv fit` fits: a model of purchases and one of spend, with covariates or groups."""

    purchases: str = "bgnbd"
    spend: str = "gamma_gamma"
    purchase_formula: Name | None = None
    dropout_formula: Name | None = None
    spend_formula: Name | None = None
    by: Name | None = None
    smallest_group: Annotated[int, Field(ge=1)] = 500
    include_first_transaction: bool = False
    holdout: Name | None = None

    @field_validator("purchases")
    @classmethod
    def _is_purchase_model(cls, name: str) -> str:
        return _one_of(name, [*PURCHASE_MODELS, *REGULAR_MODELS])

    @field_validator("spend")
    @classmethod
    def _is_spend_model(cls, name: str) -> str:
        return _one_of(name, [*SPEND_MODELS, NO_SPEND])


class Predictions(Section):
    """What is told of each customer."""

    horizons: Annotated[list[Name], Field(min_length=1)] = ["12 months"]
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


class Sink(Section):
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
        faults = []
        if self.store == "postgres":
            if self.uri_variable is None or self.path is not None:
                faults.append("uri_variable: name the environment variable that holds the URI (and no path)")
        elif self.path is None or self.uri_variable is not None:
            faults.append("path: name the file (and no uri_variable)")
        if self.partitioned and self.store != "parquet":
            faults.append("partitioned: is for Parquet alone")
        return _sound(self, faults)

    @property
    def name(self) -> str:
        """What logs and manifests call it; it holds no secret."""
        if self.store == "postgres":
            return f"postgres:{self.uri_variable}:{self.db_schema}.{self.table}"
        table = f":{self.table}" if self.store in ("duckdb", "sqlite") else ""
        return f"{self.store}:{self.path}{table}"


class Registry(Section):
    """Where models are kept: a folder of versions, or one file without a history."""

    folder: Location | None = None
    file: Location | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        return _sound(self, ["folder, file: give one of the two"] if self.folder and self.file else [])


class Run(Section):
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


class Job(Section):
    """A scheduled job; `read_job` makes it from TOML."""

    source: Source
    columns: Columns = Columns()
    customers: Customers | None = None
    cleaning: Cleaning = Cleaning()
    clock: Calendar = Calendar()
    models: Models = Models()
    predictions: Predictions = Predictions()
    sinks: list[Sink] = []
    registry: Registry = Registry()
    gates: Gates = Gates()
    run: Run = Run()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        return _sound(self, _faults_across({name: getattr(self, name) for name in type(self).model_fields}))

    def identity(self) -> dict[str, Any]:
        """What of the job shapes the table of scores: where it comes from, goes to and is kept does not."""
        told = self.model_dump(mode="json", include={"columns", "cleaning", "clock", "predictions"})
        told["kind"] = self.source.kind
        told["first"] = self.models.include_first_transaction
        return told

    def published(self) -> dict[str, Any]:
        """The record as a manifest keeps it: names of variables, no values of them."""
        return self.model_dump(mode="json", exclude_defaults=True)


def read_job(path: str | Path | None, overrides: Mapping[str, Any] | None = None) -> Job:
    """The record of a job.

    Parameters
    ----------
    path : path of a TOML file, or None
        Relative paths inside are relative to its folder; without a file, to the working directory.
    overrides : mapping of section to value, optional
        What the command line says. A mapping replaces fields of a section (None says nothing); a list replaces the
        section, being all of the sinks, or pairs of name and value.

    Raises
    ------
    InvalidJob
        Naming every fault at once: the field, what is wrong with it, what to do.
    """
    document: dict[str, Any] = {}
    if path is not None:
        document = _located(_read_toml(Path(path)), Path(path).parent)
        if isinstance(document.setdefault("run", {}), dict):
            document["run"].setdefault("folder", str(Path(path).parent / "clv-runs"))
    for name, told in (overrides or {}).items():
        if isinstance(told, Mapping):
            given = {key: value for key, value in told.items() if value is not None}
            known = document.get(name, {})
            if given and isinstance(known, dict):
                document[name] = known | given
        elif told is not None:
            document[name] = told if name == "sinks" else dict(told)
    return job_from(document, "The job" if path is None else str(path))


def job_from(document: Mapping[str, Any], title: str = "The job") -> Job:
    """The record of a job given as plain values."""
    sections, faults = {}, []
    for name, field in Job.model_fields.items():
        if name not in document:
            if field.is_required():
                faults.append(f"[{name}]: is missing")
            else:
                sections[name] = field.get_default()
            continue
        try:
            sections[name] = TypeAdapter[Any](field.rebuild_annotation()).validate_python(document[name])
        except ValidationError as error:
            faults += _told(name, error)
    known = ", ".join(Job.model_fields)
    faults += [f"[{name}]: is no section; there are {known}" for name in document if name not in Job.model_fields]
    faults += _faults_across(sections)
    if faults:
        lines = "".join(f"\n  {fault}" for fault in faults)
        raise InvalidJob(f"{title} has {len(faults)} fault{'s' if len(faults) > 1 else ''}:{lines}")
    return Job(**{name: section for name, section in sections.items() if name in document})


def _faults_across(sections: Mapping[str, Any]) -> list[str]:
    """Faults of sections that do not go together, of those that are sound by themselves."""
    faults = []
    get = sections.get
    columns, models, customers = get("columns"), get("models"), get("customers")
    predictions, calendar, sinks = get("predictions"), get("clock"), get("sinks")
    if predictions and calendar:
        for horizon in predictions.horizons:
            faults += [f"predictions.horizons: {fault}" for fault in _complaints(calendar.clock.duration, horizon)]
    if models and calendar and models.holdout:
        faults += [f"models.holdout: {fault}" for fault in _complaints(calendar.clock.duration, models.holdout)]
    if models and calendar:
        discrete = PURCHASE_MODELS[models.purchases].plain.discrete if models.purchases in PURCHASE_MODELS else False
        if discrete and not calendar.clock.discrete:
            faults.append(f"models.purchases: {models.purchases} counts opportunities: set clock.merge_within to one")
        if calendar.clock.discrete and not discrete:
            faults.append(f"models.purchases: {models.purchases} needs dates: set clock.merge_within to day or hour")
    if models and "customers" in sections:
        listed = [] if customers is None else customers.attributes
        if models.by is not None and models.by not in listed:
            faults.append(f"models.by: {models.by!r} is none of customers.attributes: list it there")
    if columns:
        named = [name for name in columns.model_dump().values() if name is not None]
        if len(set(named)) < len(named):
            faults.append("columns: two of them are the same column")
    if sinks:
        names = [sink.name for sink in sinks]
        faults += [f"sinks: {name} is named twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    return faults


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidJob(f"{path}: cannot be read ({error.strerror or error}). `clv init` writes a job file.") from None
    except UnicodeDecodeError:
        raise InvalidJob(f"{path}: is not text in UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidJob(f"{path}: is no TOML: {error}.") from None


def _located(document: dict[str, Any], base: Path) -> dict[str, Any]:
    """Relative paths as they are seen from the working directory."""

    def placed(section: Any) -> Any:
        if not isinstance(section, dict):
            return section
        moved = {k: str(base / section[k]) for k in ("path", "folder", "file") if isinstance(section.get(k), str)}
        return section | moved

    told = {name: placed(section) for name, section in document.items()}
    if isinstance(told.get("sinks"), list):
        told["sinks"] = [placed(sink) for sink in told["sinks"]]
    return told


def _told(section: str, error: ValidationError) -> list[str]:
    """Each fault with its field; what was given is repeated only for options, since it may be a secret."""
    told = []
    for fault in error.errors(include_url=False):
        place = section + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = "there is no such field"
        elif fault["type"] == "literal_error" and isinstance(given := fault["input"], str):
            message += f", not {given[:LONGEST_NAME]!r}"
        told.append(f"{place}: {message}")
    return told


def template() -> str:
    """A job file with every setting, each with a comment."""
    return resources.files("clvmodels.scoring").joinpath("job.toml").read_text(encoding="utf-8")
