"""How fresh and complete the log of each past run was, from what the manifests recorded."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from clvmodels.language import Finding, Findings, Severity
from clvmodels.scoring.run.manifest import RunManifest

__all__ = ["feed_findings", "feed_history"]

HISTORY = ["as_of", "run_id", "published", "latest_row", "empty_days", "longest_pause", "rows", "expected_rows"]


def feed_history(manifests: Iterable[RunManifest], until: str) -> pd.DataFrame:
    """Return one row per night up to a date whose log has days, refused nights included, the latest last.

    Returns
    -------
    DataFrame
        as_of, run_id, published, and what `FeedStatistics` has: latest_row, empty_days, longest_pause, rows and
        expected_rows (of the last day, and usual on this weekday).
    """
    nights = [each for each in manifests if not each.backfill and each.as_of[:10] <= until[:10]]
    rows = [
        {"as_of": night.as_of, "run_id": night.run_id, "published": night.published, **night.feed.model_dump()}
        for night in sorted(nights, key=lambda night: (night.end, night.run_id))
        if night.feed is not None
    ]
    return pd.DataFrame(rows, columns=HISTORY)


def feed_findings(history: pd.DataFrame) -> Findings:
    """Return how fresh the log of the last night was, and its rows with those expected."""
    if history.empty:
        return ()
    row = history.iloc[-1]
    figures = {"as_of": row["as_of"], "latest": row["latest_row"], "days": int(row["empty_days"])}
    usual = 0 if pd.isna(row["longest_pause"]) else int(row["longest_pause"])
    stopped = figures["days"] > usual and pd.notna(row["longest_pause"])
    severity: Severity = "caution" if stopped else "info"
    if pd.isna(row["expected_rows"]):
        return (Finding("monitor-feed-young", figures | {"rows": int(row["rows"])}, severity),)
    counts = {"rows": int(row["rows"]), "expected": float(row["expected_rows"])}
    return (Finding("monitor-feed", figures | counts, severity),)
