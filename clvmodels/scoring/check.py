"""Check a job before a scheduler runs it: its sources, model, gates and sinks, without writing anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clvmodels.errors import CLVError, GateRefused, InvalidJob, InvalidModelFile
from clvmodels.scoring.config.job import Job, as_job
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.events import Progress, ignore
from clvmodels.scoring.fit_and_score import ScoreResult, fit_job, score_job
from clvmodels.scoring.gates.result import GateResult
from clvmodels.scoring.gates.tier_gates import TierCounts
from clvmodels.scoring.registry.champion import find_champion
from clvmodels.scoring.run.workplace import uris_of
from clvmodels.scoring.stores import place_of

__all__ = ["CheckedPart", "JobCheck", "check_job"]


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """The result of a check of one part of a job.

    Attributes
    ----------
    part : str
        "environment", "model", "run", "source", "tiers", "gate NAME" or "sink NAME".
    text : str
        The result, or what is wrong and what to do.
    error : CLVError or None
        The error that a run would end with; None if the part is in order.
    doubtful : bool
        Whether a run would go on although the part may not be as meant.
    """

    part: str
    text: str
    error: CLVError | None = None
    doubtful: bool = False

    @property
    def state(self) -> str:
        """Return "ok", "WARN" or "FAILED"."""
        return "FAILED" if self.error is not None else "WARN" if self.doubtful else "ok"


@dataclass(frozen=True, slots=True, repr=False)
class JobCheck:
    """The result of `check_job`.

    Attributes
    ----------
    parts : tuple of CheckedPart
    """

    parts: tuple[CheckedPart, ...]

    @property
    def passed(self) -> bool:
        """Return whether a run would publish its table in every sink."""
        return self.error is None

    @property
    def error(self) -> CLVError | None:
        """Return the first error that a run would end with."""
        return next((part.error for part in self.parts if part.error is not None), None)

    @property
    def text(self) -> str:
        """Return one line per part."""
        return "\n".join(f"{part.state:6}  {part.part}: {part.text}" for part in self.parts)

    def __repr__(self) -> str:
        return f"JobCheck\n{self.text}"


def check_job(job: Job | str | Path, as_of: str | None = None, *, progress: Progress | None = None) -> JobCheck:
    """Check that a job's sources can be read, its gates pass, and its sinks can be written to, without writing.

    A dry run is made with the champion. If there is no champion yet, a dry run of the fit is made instead.

    Parameters
    ----------
    job : Job or path of its TOML file
    as_of : str, optional
        Last date to score from; default: the latest of the log.
    progress : function of str, optional
        Called with what is being done.

    Returns
    -------
    JobCheck
        Faults are in its parts and are not raised, so one check shows all of them.

    Raises
    ------
    InvalidJob
        When the job file itself is not valid.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.datasets.load_cdnow(sample=True).to_csv("orders.csv", index=False)
    >>> job = clv.read_job(
    ...     None,
    ...     {
    ...         "source": {"path": "orders.csv"},
    ...         "columns": {"amount": "amount"},
    ...         "registry": {"folder": "models"},
    ...         "run": {"folder": "runs"},
    ...         "sinks": [{"store": "parquet", "path": "scores.parquet"}],
    ...     },
    ... )
    >>> print(clv.check_job(job, "1997-09-30").text)
    FAILED  model: registry.folder: models has no champion yet: run `clv fit --job` first.
    ok      run: 2,357 customers as of 1997-09-30 can be read and fitted
    ok      sink parquet:scores.parquet: can be written to; there is no table yet
    """
    job, progress = as_job(job), progress or ignore
    try:
        uris = uris_of(job)
    except InvalidJob as error:
        return JobCheck((CheckedPart("environment", str(error), error),))
    parts = _check_run(job, as_of, progress)
    for sink in job.sinks:
        progress(f"Checking {sink.name}")
        parts.append(_check_sink(sink, uris.get(sink.uri_variable or "", "")))
    return JobCheck(tuple(parts))


def _check_run(job: Job, as_of: str | None, progress: Progress) -> list[CheckedPart]:
    """Return the results of a dry run, or of a dry run of the fit if there is no model to score with yet."""
    missing = []
    try:
        find_champion(job)
    except InvalidJob as error:
        missing = [CheckedPart("model", str(error), error)]
    except CLVError as error:
        return [CheckedPart("model", str(error), error)]
    try:
        if not missing:
            return _describe(score_job(job, as_of, dry_run=True, progress=progress))
        fitted = fit_job(job, as_of, dry_run=True, progress=progress)
    except CLVError as error:
        part = "model" if isinstance(error, InvalidModelFile) else "run"
        return [*missing, CheckedPart(part, str(error), error)]
    text = f"{len(fitted.rfm):,} customers as of {fitted.rfm.observation_end} can be read and fitted"
    gates = [_describe_gate(gate) for gate in fitted.gates if not gate.passed]
    return [*missing, CheckedPart("run", text), *gates]


def _describe(done: ScoreResult) -> list[CheckedPart]:
    """Return the results of a run that was computed but not published."""
    manifest = done.manifest
    model = "" if manifest.version is None else f" with version {manifest.version}"
    scored = f"{manifest.customers:,} customers as of {manifest.as_of} scored{model}"
    text = f"{scored}, {manifest.refused:,} of them without a prediction"
    tiers = [] if manifest.tiers is None else [CheckedPart("tiers", _describe_tiers(manifest.tiers))]
    other = [
        CheckedPart("model", each.text, doubtful=True)
        for each in done.findings
        if each.code == "score-other-forecaster"
    ]
    reading = [] if manifest.reading is None else [CheckedPart("source", manifest.reading.finding.text)]
    return [CheckedPart("run", text), *other, *reading, *tiers, *map(_describe_gate, manifest.gates)]


def _describe_tiers(tiers: TierCounts) -> str:
    """Return a text on how many customers are in each tier, and how many moved."""
    sizes = ", ".join(f"{name} {count:,}" for name, count in tiers.assigned.items())
    if tiers.earlier_as_of is None:
        return f"{sizes}; no run before has the same tiers, so all are new"
    return f"{sizes}; {tiers.risen:,} rose and {tiers.fallen:,} fell since the run as of {tiers.earlier_as_of}"


def _describe_gate(result: GateResult) -> CheckedPart:
    return CheckedPart(f"gate {result.gate}", result.text, None if result.passed else GateRefused(result.text))


def _check_sink(sink: SinkSettings, uri: str) -> CheckedPart:
    """Return the result of the check of whether a run could publish in a sink."""
    part = f"sink {sink.name}"
    try:
        place = place_of(sink, uri)
        place.check_access()
        held = place.holds()
    except CLVError as error:
        return CheckedPart(part, str(error), error)
    present = "there is no table yet" if held is None else f"the table as of {held.as_of} would be replaced"
    return CheckedPart(part, f"can be written to; {present}")
