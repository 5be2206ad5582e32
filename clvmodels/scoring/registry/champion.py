"""The model that a job scores with: the champion of its registry, or its single file."""

from __future__ import annotations

from pathlib import Path

from clvmodels.errors import InvalidJob
from clvmodels.estimators.persistence import MODEL_CLASSES
from clvmodels.forecasting.persistence import load
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.language import Finding, Findings
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.gates.run_statistics import RunStatistics
from clvmodels.scoring.registry.registry import Registry, Version

__all__ = ["champion_of", "compare_with_job", "find_champion"]


def champion_of(job: Job, as_of: str | None = None) -> tuple[Forecaster, str | None, Path, RunStatistics | None]:
    """Return the model to score with, its version, its file, and the statistics of its fit.

    Parameters
    ----------
    as_of : str, optional
        For a backfill: use the champion that was fitted last before this day, or today's if there is none.
    """
    champion = find_champion(job)
    if isinstance(champion, Path):
        return load(champion), None, champion, None
    if as_of is not None and job.registry.folder is not None:
        versions = Registry(job.registry.folder)
        champion = _champion_on(versions, job.clock.clock.last_tick(as_of, "as_of")) or champion
    return champion.load(), champion.name, champion.path, champion.record.evidence


def find_champion(job: Job) -> Version | Path:
    """Return the version of the registry, or the file, to score with, without loading it.

    Raises
    ------
    InvalidJob
        If there is no model yet, or the job has no place for it.
    """
    registry = job.registry
    if registry.file is not None:
        if not registry.file.exists():
            raise InvalidJob(f"registry.file: there is no model {str(registry.file)!r} yet: run `clv fit --job` first.")
        return registry.file
    if registry.folder is None:
        raise InvalidJob(
            "registry.folder: is missing: set the folder of versions, or registry.file for a single model."
        )
    champion = Registry(registry.folder).champion()
    if champion is None:
        raise InvalidJob(f"registry.folder: {registry.folder} has no champion yet: run `clv fit --job` first.")
    return champion


def compare_with_job(job: Job, champion: Forecaster) -> Findings:
    """Return a finding if a job names another forecaster, or another purchase model, than the one that scores."""
    models, identity = job.models, champion.identity("purchases")
    named = {"forecaster", "purchases"} & models.model_fields_set
    if not named or identity is None:
        return ()
    used = "process" if identity.process is not None else identity.id
    if models.forecaster != used:
        figures = {"setting": "models.forecaster", "named": models.forecaster, "used": used}
    elif "purchases" in named and not isinstance(champion.process_model.purchases, MODEL_CLASSES[models.purchases]):
        figures = {"setting": "models.purchases", "named": models.purchases, "used": str(identity.process)}
    else:
        return ()
    return (Finding("score-other-forecaster", figures, "caution"),)


def _champion_on(registry: Registry, end: int) -> Version | None:
    """Return the past or present champion fitted last up to a tick, or None if all were fitted to later data."""
    names = dict.fromkeys(move.version for move in registry.moves())
    fits = [(each.record.evidence.end, each) for each in map(registry.version, names) if each.record.evidence]
    return max((fit for fit in fits if fit[0] <= end), key=lambda fit: fit[0], default=(end, None))[1]
