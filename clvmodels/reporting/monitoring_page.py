"""The page on past runs: whether to refit, trends, and who drifts, on one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from clvmodels import files
from clvmodels.language.numbers import count, fixed, percent, signed_percent
from clvmodels.reporting import plots
from clvmodels.reporting.page import rendered

__all__ = ["write_monitoring"]

KEYS = ["run_id", "horizon", "end"]
MOST_ROWS = 30
HEADLINES = {
    "ok": "The model holds",
    "watch": "The model holds, with something to look at",
    "refit": "The model has gone stale",
    "unknown": "Too early to tell",
}
ROW, FRAME = 0.3, 0.9  # inches: a row of the picture of cohorts, and what surrounds the rows


def write_monitoring(
    path: str | Path,
    *,
    status: str,
    sentences: Sequence[str],
    until: str,
    tables: Mapping[str, pd.DataFrame],
) -> None:
    """Write what came of past runs as one self-contained HTML file; the same input gives the same bytes.

    Parameters
    ----------
    path : str or Path
    status : {"ok", "watch", "refit", "unknown"}
    sentences : sequence of str
        What follows, in words.
    until : str
        Last date of the log that counted.
    tables : mapping
        windows (of a `Monitoring`, the newest), deciles and cohorts.
    """
    windows = tables["windows"]
    content = {
        "headline": HEADLINES[status],
        "sentences": sentences,
        "until": until,
        "pictures": _pictures(tables) if len(windows) else [],
        "windows": _rows(windows),
        "left_out": max(0, len(windows) - MOST_ROWS),
    }
    page = rendered("monitoring.html.j2", content)
    with files.replacing(Path(path)) as temporary:
        temporary.write_bytes(page.encode("utf-8"))


def _pictures(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, str]]:
    windows = tables["windows"]
    newest = windows.iloc[-1]
    window = f"scored as of {newest['as_of']}, by {newest['end']}"
    deciles, cohorts = (_of_window(tables[name], newest) for name in ("deciles", "cohorts"))
    level = plots.to_svg(plots.monitoring_level, windows, key="level")
    ranking = plots.to_svg(plots.monitoring_ranking, windows, key="ranking")
    told = [
        ("Did as much come as was forecast?", "The table below has every number.", level),
        ("Were the right customers first, and intervals wide enough?", "The table below has every number.", ranking),
    ]
    if len(deciles):
        first, last = deciles.iloc[0], deciles.iloc[-1]
        words = ", ".join(
            f"{fixed(row['predicted'] / row['customers'], 2)} forecast and "
            f"{fixed(row['actual'] / row['customers'], 2)} come per customer in tenth {row['decile']}"
            for row in (first, last)
        )
        drawn = plots.to_svg(plots.monitoring_deciles, deciles, key="deciles")
        told.append((f"By forecast: {window}", words + ".", drawn))
    if len(cohorts):
        words = ", ".join(f"{row['cohort']} {signed_percent(row['change'])}" for row in cohorts.to_dict("records"))
        height = FRAME + ROW * len(cohorts)
        drawn = plots.to_svg(plots.monitoring_cohorts, cohorts, key="cohorts", height=height)
        told.append((f"By quarter of the first purchase: {window}", words + ".", drawn))
    return [{"title": title, "alternative": words, "svg": svg} for title, words, svg in told]


def _of_window(table: pd.DataFrame, window: Any) -> pd.DataFrame:
    return table[(table[KEYS] == window[KEYS]).all(axis=1)] if len(table) else table


def _rows(windows: pd.DataFrame) -> list[list[str]]:
    """The newest windows as text, the latest run first."""
    return [
        [
            row["as_of"],
            row["version"][:6] or "–",
            row["horizon"] if row["complete"] else f"{row['horizon']}, not over",
            row["end"],
            count(row["customers"]),
            count(row["predicted"]),
            count(row["actual"]),
            signed_percent(row["change"]),
            fixed(row["errors"], 1),
            fixed(row["gini"], 3),
            percent(row["coverage"]),
        ]
        for row in windows.iloc[::-1].head(MOST_ROWS).to_dict("records")
    ]
