"""Moves of customers between tiers from run to run, from the manifests of past runs."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from clvmodels.language import Finding, Findings
from clvmodels.scoring.run.manifest import RunManifest

__all__ = ["tier_findings", "tier_history", "tier_migration"]

MOVES = ("risen", "fallen", "same", "new", "lost", "bought_since")
HISTORY = ["as_of", "run_id", "earlier_as_of", "customers", *MOVES, "tiers"]
MIGRATION = ["as_of", "published", "assigned", "customers"]


def tier_history(manifests: Iterable[RunManifest], until: str) -> pd.DataFrame:
    """Return one row per published run with tiers, up to a date.

    Returns
    -------
    DataFrame
        as_of, run_id, earlier_as_of (the run it was compared with, None for the first), customers in tiers, how many
        have risen, fallen, stayed, are new or lost, how many with an earlier tier bought since, and tiers: the
        customers of each tier as assigned, by name.
    """
    rows = [
        {
            "as_of": manifest.as_of,
            "run_id": manifest.run_id,
            "earlier_as_of": tiers.earlier_as_of,
            "customers": sum(tiers.assigned.values()),
            **{move: getattr(tiers, move) for move in MOVES},
            "tiers": tiers.assigned,
        }
        for manifest, tiers in ((each, each.tiers) for each in _published(manifests, until))
        if tiers is not None
    ]
    return pd.DataFrame(rows, columns=HISTORY)


def tier_migration(manifests: Iterable[RunManifest], until: str) -> pd.DataFrame:
    """Return the customers of the last run with earlier tiers by published and assigned tier, one row per pair.

    The table is empty if no manifest has them, as in earlier releases.
    """
    for manifest in reversed(_published(manifests, until)):
        if manifest.tiers is not None and manifest.tiers.migration:
            rows = [
                (manifest.as_of, published, assigned, customers)
                for published, row in manifest.tiers.migration.items()
                for assigned, customers in row.items()
            ]
            return pd.DataFrame(rows, columns=MIGRATION)
    return pd.DataFrame(columns=MIGRATION)


def tier_findings(history: pd.DataFrame) -> Findings:
    """Return a finding on the customers who rose and fell in the last run that had an earlier one."""
    compared = history[history["earlier_as_of"].notna()]
    if compared.empty:
        return ()
    row = compared.iloc[-1]
    before = int(row["risen"] + row["fallen"] + row["same"])
    if not before:
        return ()
    figures = {
        "as_of": row["as_of"],
        "earlier_as_of": row["earlier_as_of"],
        "customers": before,
        "risen": int(row["risen"]) / before,
        "fallen": int(row["fallen"]) / before,
        "bought": int(row["bought_since"]) / before,
    }
    return (Finding("monitor-tiers", figures),)


def _published(manifests: Iterable[RunManifest], until: str) -> list[RunManifest]:
    """Return the published runs up to a date in order, without backfills."""
    runs = [each for each in manifests if each.published and not each.backfill and each.as_of[:10] <= until[:10]]
    return sorted(runs, key=lambda manifest: (manifest.end, manifest.run_id))
