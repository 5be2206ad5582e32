"""The order of runs: an older day never replaces a newer one, except in the history of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clvmodels.errors import GateRefused, InvalidJob, InvalidOption
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.gates.result import GateResult
from clvmodels.scoring.run.manifest import RunManifest
from clvmodels.scoring.run.publishing import SinkWriter
from clvmodels.scoring.stores import place_with_runs
from clvmodels.scoring.stores.store import KeptRuns

__all__ = ["check_order", "refuse_newer_backfill", "refuse_older", "refuse_outdated_backfill"]


def check_order(
    as_of: str, end: int, earlier: Iterable[RunManifest], outlets: Sequence[SinkWriter]
) -> list[GateResult]:
    """Return the result of the gate that keeps a run from replacing one of a later day, if there is one.

    Parameters
    ----------
    as_of : str
        The date of the run.
    end : int
        Tick of that date.
    earlier : iterable of RunManifest
        The runs so far.
    outlets : sequence of SinkWriter
        Sinks with their current tables.
    """
    later = [run for run in earlier if run.end > end and not run.backfill and any(sink.done for sink in run.sinks)]
    days = {run.as_of: "" for run in sorted(later, key=lambda run: run.end)}
    # A table without a manifest still has its date; for hours only the date can be compared.
    for outlet in outlets:
        if outlet.held is not None and outlet.held.as_of[:10] > as_of[:10]:
            days.setdefault(outlet.held.as_of, outlet.name)
    if not days:
        return []
    newest = max(days)
    where = "sink" if days[newest] else "manifest"
    figures = {"as_of": as_of, "newest": newest, "where": where, "sink": days[newest]}
    return [GateResult.of("order", False, "gate-order", figures)]


def refuse_older(results: Sequence[GateResult]) -> None:
    """Raise a GateRefused if a run would replace one of a later day, even with force=True."""
    if results:
        raise GateRefused(
            f"The gate 'order' refused, so nothing was published.\n{results[0].text}\n"
            "Pass backfill=True to add this day to the runs that sinks keep, without changing the current table."
        )


def refuse_newer_backfill(as_of: str, end: int, earlier: Iterable[RunManifest]) -> None:
    """Raise an InvalidOption for a backfill of a day after the last one that was published."""
    published = [run for run in earlier if not run.backfill and any(sink.done for sink in run.sinks)]
    newest = max(published, key=lambda run: run.end, default=None)
    if newest is not None and end > newest.end:
        raise InvalidOption(
            f"{as_of} is later than {newest.as_of}, the last day that was published: score it without backfill=True."
        )


def refuse_outdated_backfill(sinks: Iterable[SinkSettings], uris: dict[str, str], days: Sequence[str]) -> None:
    """Raise an InvalidJob for a backfill of days (YYYY-MM-DD) that the limits of a sink would remove again."""
    for sink in sinks:
        keeping = KeptRuns(sink.keep_days, sink.keep_runs)
        if not sink.keeps_runs or keeping == KeptRuns():
            continue
        held = {run.as_of for run in place_with_runs(sink, uris.get(sink.uri_variable or "", "")).runs()}
        lost = [day for day in keeping.outdated({*(day[:10] for day in held), *days}) if day in days]
        if lost:
            raise InvalidJob(
                f"{sink.name} has {keeping.text}, which would remove {len(lost)} of {len(days)} days again, up to "
                f"{lost[-1]}: add later days only, or raise the limit."
            )
