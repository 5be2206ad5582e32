"""A job: one TOML file, one record; checked at the start, with every fault named at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from clvmodels.clock import Clock
from clvmodels.errors import InvalidJob
from clvmodels.estimators.persistence import PURCHASE_MODELS
from clvmodels.scoring.config.overlap import replaces
from clvmodels.scoring.config.sections import (
    LONGEST_NAME,
    CleaningSettings,
    ColumnSettings,
    CustomerSettings,
    JobSection,
    ModelSettings,
    PeriodSettings,
    PredictionSettings,
    RegistrySettings,
    RunSettings,
    SinkSettings,
    SourceSettings,
    complaints,
    sound,
)
from clvmodels.scoring.gates.gates import Gates

__all__ = ["Job", "as_job", "asks_for_json", "job_from", "read_job", "template"]

LOGS_JSON = re.compile(r"""^[^#\n]*\blog\s*=\s*["']json["']""", re.MULTILINE)


class Job(JobSection):
    """A scheduled job; `read_job` makes it from TOML."""

    source: SourceSettings
    columns: ColumnSettings = ColumnSettings()
    customers: CustomerSettings | None = None
    cleaning: CleaningSettings = CleaningSettings()
    clock: PeriodSettings = PeriodSettings()
    models: ModelSettings = ModelSettings()
    predictions: PredictionSettings = PredictionSettings()
    sinks: list[SinkSettings] = Field(default_factory=list)
    registry: RegistrySettings = RegistrySettings()
    gates: Gates = Gates()
    run: RunSettings = RunSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        return sound(self, _faults_across({name: getattr(self, name) for name in type(self).model_fields}))

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

    Returns
    -------
    Job

    Examples
    --------
    >>> import clvmodels as clv
    >>> job = clv.read_job(None, {"source": {"path": "orders.parquet"}, "columns": {"amount": "amount"}})
    >>> job.clock.time_unit, job.predictions.annual_discount_rate
    ('day', 0.1)
    >>> clv.read_job(None, {"source": {"path": "orders.parquet"}, "clock": {"time_unit": "fortnight"}})
    Traceback (most recent call last):
        ...
    clvmodels.errors.InvalidJob: The job has 1 fault...
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


def asks_for_json(path: str | Path | None) -> bool:
    """Whether a job file wants its log as JSON, whatever may be wrong with it, be it that it is no TOML."""
    try:
        text = "" if path is None else Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return LOGS_JSON.search(text) is not None


def as_job(job: Job | str | Path) -> Job:
    """A job, or that of a TOML file."""
    return job if isinstance(job, Job) else read_job(job)


def job_from(document: Mapping[str, Any], title: str = "The job") -> Job:
    """The record of a job given as plain values."""
    sections, faults = {}, []
    for name, field in Job.model_fields.items():
        if name not in document:
            if field.is_required():
                faults.append(f"[{name}]: is missing")
            else:
                sections[name] = field.get_default(call_default_factory=True)
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
    columns, models, customers = (sections.get(name) for name in ("columns", "models", "customers"))
    calendar, sinks, cleaning = (sections.get(name) for name in ("clock", "sinks", "cleaning"))
    if calendar:
        faults += _faults_of_times(calendar.clock, models, sections.get("predictions"))
    listed = [] if customers is None else customers.attributes
    if models and "customers" in sections and models.by is not None and models.by not in listed:
        faults.append(f"models.by: {models.by!r} is none of customers.attributes: list it there")
    if columns:
        if len(set(columns.read)) < len(columns.read):
            faults.append("columns: two of them are the same column")
        if cleaning and cleaning.rules is None:
            extra = [name for name in ColumnSettings.EXTRA if getattr(columns, name) is not None]
            faults += [f"columns.{name}: is read with [cleaning.rules] alone: give a rule" for name in extra]
    for section in ("source", "customers"):
        if place := sections.get(section):
            faults += [
                f"sinks[{i}]: would replace what [{section}] reads: name another table, file or folder"
                for i, sink in enumerate(sinks or [])
                if replaces(sink, place)
            ]
    names = [sink.name for sink in sinks or []]
    return faults + [f"sinks: {name} is named twice" for name in dict.fromkeys(names) if names.count(name) > 1]


def _faults_of_times(clock: Clock, models: ModelSettings | None, predictions: PredictionSettings | None) -> list[str]:
    """Lengths that the clock cannot tell, and a model that reads another kind of clock."""
    faults = []
    for horizon in predictions.horizons if predictions else []:
        faults += [f"predictions.horizons: {fault}" for fault in complaints(clock.duration, horizon)]
    if models is None:
        return faults
    if models.holdout:
        faults += [f"models.holdout: {fault}" for fault in complaints(clock.duration, models.holdout)]
    discrete = models.purchases in PURCHASE_MODELS and PURCHASE_MODELS[models.purchases].plain.discrete
    if discrete and not clock.discrete:
        faults.append(f"models.purchases: {models.purchases} counts opportunities: set clock.merge_within to one")
    if clock.discrete and not discrete:
        faults.append(f"models.purchases: {models.purchases} needs dates: set clock.merge_within to day or hour")
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
