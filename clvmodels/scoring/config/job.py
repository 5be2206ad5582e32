"""A job: a TOML file read into one record, which is checked at the start and reports all faults at once."""

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
from clvmodels.forecasting.seasons.calendar_choice import AUTO_CALENDAR
from clvmodels.scoring.config.cohort_settings import CohortSettings, faults_of_cohorts
from clvmodels.scoring.config.decision_settings import (
    ActionSettings,
    ScorecardSettings,
    StageSettings,
    TierSettings,
    faults_of_decisions,
)
from clvmodels.scoring.config.incremental import faults_of_incremental
from clvmodels.scoring.config.job_fault import JobFault
from clvmodels.scoring.config.overlap import replaces
from clvmodels.scoring.config.period import PeriodSettings
from clvmodels.scoring.config.sections import (
    LONGEST_NAME,
    NO_SPEND,
    NOT_AN_OPTION,
    CleaningSettings,
    ColumnSettings,
    CustomerSettings,
    JobSection,
    ModelSettings,
    PredictionSettings,
    RegistrySettings,
    RunSettings,
    SourceSettings,
    check_faults,
    complaints,
    not_one_of,
)
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.gates.limits import Gates

__all__ = ["Job", "as_job", "asks_for_json", "job_from", "read_job", "template"]

PATHS = ("path", "folder", "file", "calendar", "playbook", "suppressed")  # settings that name files or folders
LOGS_JSON = re.compile(r"""^[^#\n]*\blog\s*=\s*["']json["']""", re.MULTILINE)


class Job(JobSection):
    """A scheduled job; `read_job` reads it from a TOML file."""

    source: SourceSettings
    columns: ColumnSettings = ColumnSettings()
    customers: CustomerSettings | None = None
    cleaning: CleaningSettings = CleaningSettings()
    clock: PeriodSettings = PeriodSettings()
    models: ModelSettings = ModelSettings()
    predictions: PredictionSettings = PredictionSettings()
    tiers: TierSettings | None = None
    stages: StageSettings | None = None
    scorecard: ScorecardSettings | None = None
    actions: ActionSettings | None = None
    cohorts: CohortSettings | None = None
    sinks: list[SinkSettings] = Field(default_factory=list)
    registry: RegistrySettings = RegistrySettings()
    gates: Gates = Gates()
    run: RunSettings = RunSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = _faults_across({name: getattr(self, name) for name in type(self).model_fields})
        return check_faults(self, [fault.text for fault in faults])

    @property
    def has_spend(self) -> bool:
        """Return whether spend is modeled: a spend model is set, and the source can have money."""
        return self.models.spend != NO_SPEND and (self.source.kind == "rfm" or self.columns.has_money)

    @property
    def longest_horizon(self) -> str:
        """Return the longest of the predicted horizons."""
        return max(self.predictions.horizons, key=self.clock.clock.duration)

    @property
    def decision_horizon(self) -> str:
        """Return the horizon of the value that tiers, scorecard and actions are based on."""
        return self.longest_horizon if self.tiers is None or self.tiers.horizon is None else self.tiers.horizon

    @property
    def decides(self) -> bool:
        """Return whether the score table has tiers, stages, scores or actions."""
        return any(part is not None for part in (self.tiers, self.stages, self.scorecard, self.actions))

    @property
    def reads_earlier_run(self) -> bool:
        """Return whether the score table depends on that of an earlier day."""
        return self.tiers is not None or self.stages is not None

    def identity(self) -> dict[str, Any]:
        """Return the settings that the score table depends on, without the places of data."""
        identity = self.model_dump(mode="json", include={"columns", "cleaning", "clock", "predictions"})
        if not self.predictions.next_purchase:
            del identity["predictions"]["next_purchase"]  # the same identity as in releases without this column
        if self.predictions.costs is None:
            del identity["predictions"]["costs"]
        if self.clock.calendar is None:
            del identity["clock"]["calendar"]  # the same identity as in releases without calendars
        elif self.clock.calendar != AUTO_CALENDAR:
            identity["clock"]["calendar"] = self.clock.clock.to_dict()["calendar"]
        identity["kind"] = self.source.kind
        identity["first"] = self.models.include_first_transaction
        if any(sink.content == "cohorts" for sink in self.sinks):
            identity["cohorts"] = (self.cohorts or CohortSettings()).model_dump(mode="json")
        return identity | self._identity_of_decisions()

    def _identity_of_decisions(self) -> dict[str, Any]:
        """Return the settings of the decisions that the job has, by section."""
        sections = {name: getattr(self, name) for name in ("tiers", "stages")}
        identity = {name: section.model_dump(mode="json") for name, section in sections.items() if section is not None}
        if self.scorecard is not None:
            identity["scorecard"] = self.scorecard.definition.version
        if self.actions is not None:
            identity["actions"] = self.actions.identity()
        return identity

    def published(self) -> dict[str, Any]:
        """Return the job as it is written to a manifest: with names of environment variables, without their values."""
        return self.model_dump(mode="json", exclude_defaults=True)


def read_job(path: str | Path | None, overrides: Mapping[str, Any] | None = None) -> Job:
    """Read a job.

    Parameters
    ----------
    path : path of a TOML file, or None
        Relative paths inside are relative to its folder; without a file, to the working directory.
    overrides : mapping of section to value, optional
        The options of the command line. A mapping replaces fields of a section (None leaves a field as it is), and an
        empty one adds a section with its defaults; a list replaces the whole section: all sinks, or pairs of name and
        value.

    Raises
    ------
    InvalidJob
        For an invalid job; the message lists each fault with its field and what to do.

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
        document = _resolve_paths(_read_toml(Path(path)), Path(path).parent)
        if isinstance(document.setdefault("run", {}), dict):
            document["run"].setdefault("folder", str(Path(path).parent / "clv-runs"))
    for name, override in (overrides or {}).items():
        if isinstance(override, Mapping):
            values = {key: value for key, value in override.items() if value is not None}
            section = document.get(name, {})
            if (values or not override) and isinstance(section, dict):  # an empty section counts, as in a file
                document[name] = section | values
        elif override is not None:
            document[name] = override if name == "sinks" else dict(override)
    return job_from(document, "The job" if path is None else str(path))


def asks_for_json(path: str | Path | None) -> bool:
    """Return whether a job file sets log = "json", even if the file is not valid otherwise."""
    try:
        text = "" if path is None else Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return LOGS_JSON.search(text) is not None


def as_job(job: Job | str | Path) -> Job:
    """Return a job, reading it if it is a path."""
    return job if isinstance(job, Job) else read_job(job)


def job_from(document: Mapping[str, Any], title: str = "The job") -> Job:
    """Return the job from the values of a document."""
    sections: dict[str, Any] = {}
    faults: list[JobFault] = []
    for name, field in Job.model_fields.items():
        if name not in document:
            if field.is_required():
                faults.append(JobFault(f"[{name}]", "is missing"))
            else:
                sections[name] = field.get_default(call_default_factory=True)
            continue
        try:
            sections[name] = TypeAdapter[Any](field.rebuild_annotation()).validate_python(document[name])
        except ValidationError as error:
            faults += _describe_faults(name, error)
    options = ", ".join(Job.model_fields)
    faults += [
        JobFault(f"[{name}]", f"is not a section; the sections are {options}")
        for name in document
        if name not in Job.model_fields
    ]
    faults += _faults_across(sections)
    if faults:
        lines = "".join(f"\n  {fault.text}" for fault in faults)
        raise InvalidJob(f"{title} has {len(faults)} fault{'s' if len(faults) > 1 else ''}:{lines}", faults)
    return Job(**{name: section for name, section in sections.items() if name in document})


def _faults_across(sections: Mapping[str, Any]) -> list[JobFault]:
    """Return faults of sections that are valid separately but contradict each other."""
    faults = []
    models, customers, calendar, sinks = (sections.get(name) for name in ("models", "customers", "clock", "sinks"))
    if calendar:
        faults += _faults_of_times(calendar.clock, models, sections.get("predictions"))
        faults += _faults_of_calendar(calendar, sections.get("source"))
    if models and models.forecaster != "process":
        faults += _faults_of_forecaster(models, sections.get("source"), sections.get("predictions"))
    if source := sections.get("source"):
        faults += faults_of_incremental(source, sections)
    listed = [] if customers is None else customers.attributes
    if models and "customers" in sections and models.by is not None and models.by not in listed:
        faults.append(JobFault("models.by", f"{models.by!r} is not one of customers.attributes: list it there"))
    faults += faults_of_decisions(sections)
    faults += faults_of_cohorts(sections)
    if sections.get("columns"):
        faults += _faults_of_columns(sections["columns"], sections.get("cleaning"))
    for section in ("source", "customers"):
        if place := sections.get(section):
            faults += [
                JobFault(f"sinks[{i}]", f"would replace what [{section}] reads: name another table, file or folder")
                for i, sink in enumerate(sinks or [])
                if replaces(sink, place)
            ]
    names = [sink.name for sink in sinks or []]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return faults + [JobFault("sinks", f"{name} is named twice") for name in twice]


def _faults_of_forecaster(
    models: ModelSettings, source: SourceSettings | None, predictions: PredictionSettings | None
) -> list[JobFault]:
    """Return faults of settings that a forecaster that learns from earlier windows ignores or does not support."""
    faults = []
    if source and source.kind != "transactions":
        problem = f"{models.forecaster!r} learns from transactions: set source.kind = 'transactions'"
        faults.append(JobFault("models.forecaster", problem))
    faults += [
        JobFault(f"models.{name}", f"is not read by forecaster = {models.forecaster!r}: leave it out")
        for name in ("purchase_formula", "dropout_formula", "spend_formula", "by")
        if getattr(models, name) is not None
    ]
    if predictions and predictions.interval is not None and models.forecaster != "best":
        problem = "boosted trees and blends give no intervals: leave it out, or set models.forecaster = 'best'"
        faults.append(JobFault("predictions.interval", problem))
    elif predictions and predictions.interval is not None and predictions.interval_for == "mean":
        problem = "intervals of the best forecaster are of outcomes: leave it out, or set models.forecaster = 'process'"
        faults.append(JobFault("predictions.interval_for", problem))
    if predictions and predictions.costs is not None:
        problem = "costs follow the orders of a process: leave them out, or set models.forecaster = 'process'"
        faults.append(JobFault("predictions.costs", problem))
    return faults


def _faults_of_calendar(clock: PeriodSettings, source: SourceSettings | None) -> list[JobFault]:
    """Return faults of a calendar that cannot be estimated."""
    if clock.calendar != AUTO_CALENDAR:
        return []
    faults = []
    if source and source.kind != "transactions":
        problem = "'auto' estimates a season from transactions: set source.kind = 'transactions', or name a file"
        faults.append(JobFault("clock.calendar", problem))
    if clock.clock.discrete:
        problem = "'auto' needs the days of purchases: set clock.merge_within to day or hour, or leave it out"
        faults.append(JobFault("clock.calendar", problem))
    return faults


def _faults_of_columns(columns: ColumnSettings, cleaning: CleaningSettings | None) -> list[JobFault]:
    """Return faults of columns that are named twice or not used."""
    faults = []
    keys: dict[str, list[str]] = {}
    for key in columns.read_keys:
        keys.setdefault(getattr(columns, key), []).append(f"columns.{key}")
    for name, same in keys.items():
        if len(same) > 1:
            problem = f"{name!r} is named twice, for {' and '.join(same)}: each needs a different column"
            faults.append(JobFault("columns", problem))
    if cleaning and cleaning.rules is None:
        extra = [name for name in ColumnSettings.EXTRA if getattr(columns, name) is not None]
        faults += [JobFault(f"columns.{name}", "is only read with [cleaning.rules]: set a rule") for name in extra]
    return faults


def _faults_of_times(
    clock: Clock, models: ModelSettings | None, predictions: PredictionSettings | None
) -> list[JobFault]:
    """Return faults of lengths that do not suit the clock, and of a model that needs another kind of clock."""
    faults = []
    for horizon in predictions.horizons if predictions else []:
        faults += [JobFault("predictions.horizons", fault) for fault in complaints(clock.duration, horizon)]
    if models is None:
        return faults
    if models.holdout:
        faults += [JobFault("models.holdout", fault) for fault in complaints(clock.duration, models.holdout)]
    discrete = models.purchases in PURCHASE_MODELS and PURCHASE_MODELS[models.purchases].plain.discrete
    if discrete and not clock.discrete:
        problem = "counts opportunities: set clock.merge_within to week, month or year"
        faults.append(JobFault("models.purchases", problem, models.purchases))
    if clock.discrete and not discrete:
        problem = "needs dates: set clock.merge_within to day or hour"
        faults.append(JobFault("models.purchases", problem, models.purchases))
    return faults


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidJob(f"{path}: cannot be read ({error.strerror or error}). `clv init` writes a job file.") from None
    except UnicodeDecodeError:
        raise InvalidJob(f"{path}: is not text in UTF-8.") from None
    except (ValueError, RecursionError) as error:  # numbers with thousands of digits raise ValueErrors
        reason = f"{error}".split("; use sys.")[0]  # advice for Python programs
        raise InvalidJob(f"{path}: is not TOML: {reason}.") from None


def _resolve_paths(document: dict[str, Any], base: Path) -> dict[str, Any]:
    """Return the document with relative paths resolved against the folder of the job file."""

    def resolve(section: Any) -> Any:
        if not isinstance(section, dict):
            return section
        named = {name: section[name] for name in PATHS if isinstance(section.get(name), str)}
        if named.get("calendar") == AUTO_CALENDAR:
            del named["calendar"]
        return section | {name: str(base / path) for name, path in named.items()}

    resolved = {name: resolve(section) for name, section in document.items()}
    if isinstance(resolved.get("sinks"), list):
        resolved["sinks"] = [resolve(sink) for sink in resolved["sinks"]]
    return resolved


def _describe_faults(section: str, error: ValidationError) -> list[JobFault]:
    """Return each fault with its field; only values of options are repeated, since others may be secrets."""
    faults = []
    for fault in error.errors(include_url=False):
        place = section + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
        problem = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        value = None
        if fault["type"] == "extra_forbidden":
            problem = "there is no such field"
        elif fault["type"] in ("literal_error", NOT_AN_OPTION) and isinstance(fault["input"], str):
            value = fault["input"][:LONGEST_NAME]
        if fault["type"] == "literal_error" and value is not None:
            problem = not_one_of(value, re.findall("'([^']*)'", fault["ctx"]["expected"]))
        faults.append(JobFault(place, problem, value))
    return faults


def template() -> str:
    """Return the text of a job file with every setting and a comment on each."""
    return resources.files("clvmodels.scoring").joinpath("job.toml").read_text(encoding="utf-8")
