"""The monitoring page: whether to refit, trends over past runs, and drift by cohort, in one offline HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from clvmodels import files
from clvmodels.language.numbers import count, fixed, percent, signed_percent
from clvmodels.reporting import plots
from clvmodels.reporting.page import render

__all__ = ["write_monitoring"]

WINDOW_KEYS = ["run_id", "horizon", "end"]
MOST_ROWS = 30
HEADLINES = {
    "ok": "The model is still accurate",
    "watch": "The model is still accurate, but something needs attention",
    "refit": "Refit the model: its forecasts are off",
    "unknown": "Too early to judge the model",
}
ROW, FRAME = 0.3, 0.9  # inches: height per row of the plot of cohorts, and of its margins


def write_monitoring(
    path: str | Path,
    *,
    status: str,
    sentences: Sequence[str],
    until: str,
    tables: Mapping[str, pd.DataFrame],
) -> None:
    """Write the results of past runs as one self-contained HTML file; the same input gives the same bytes.

    Parameters
    ----------
    path : str or Path
    status : {"ok", "watch", "refit", "unknown"}
    sentences : sequence of str
        The findings, as text.
    until : str
        Last date of the log that was used.
    tables : mapping
        The tables windows (the newest of a `Monitoring`), deciles and cohorts; also feed, and of jobs with tiers tiers
        and tier_migration.
    """
    windows = tables["windows"]
    content = {
        "headline": HEADLINES[status],
        "sentences": sentences,
        "until": until,
        "pictures": _pictures(tables) if len(windows) else [],
        "windows": _rows(windows),
        "left_out": max(0, len(windows) - MOST_ROWS),
        "tiers": _tier_rows(tables.get("tiers")),
        "migration": _migration(tables.get("tier_migration")),
        "feed": _feed_rows(tables.get("feed")),
    }
    page = render("monitoring.html.j2", content)
    with files.replacing(Path(path)) as temporary:
        temporary.write_bytes(page.encode("utf-8"))


def _tier_rows(tiers: pd.DataFrame | None) -> list[list[str]]:
    """Return the runs with tiers as text, the latest first."""
    if tiers is None:
        return []
    return [
        [
            row["as_of"],
            row["earlier_as_of"] or "–",
            ", ".join(f"{name} {count(customers)}" for name, customers in row["tiers"].items()),
            *(_of_all(row, move) for move in ("risen", "fallen", "bought_since")),
            *(count(row[move]) for move in ("new", "lost")),
        ]
        for row in tiers.iloc[::-1].head(MOST_ROWS).to_dict("records")
    ]


def _feed_rows(feed: pd.DataFrame | None) -> list[list[str]]:
    """Return how fresh the log was each night as text, the latest first."""
    if feed is None:
        return []
    return [
        [
            row["as_of"],
            "yes" if row["published"] else "no",
            row["latest_row"],
            count(row["empty_days"]),
            "–" if pd.isna(row["longest_pause"]) else count(row["longest_pause"]),
            count(row["rows"]),
            "–" if pd.isna(row["expected_rows"]) else count(row["expected_rows"]),
        ]
        for row in feed.iloc[::-1].head(MOST_ROWS).to_dict("records")
    ]


def _of_all(row: Mapping[Any, Any], move: str) -> str:
    """Return the number of customers with a move, and their share of those who had a tier before."""
    before = row["risen"] + row["fallen"] + row["same"]
    return f"{count(row[move])} ({percent(row[move] / before, 1)})" if before else "–"


def _migration(pairs: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return the customers of the last run by published and assigned tier, as text."""
    if pairs is None or not len(pairs):
        return None
    names = list(dict.fromkeys(pairs["published"]))
    customers = pairs.set_index(["published", "assigned"])["customers"]
    rows = [[name, *(count(customers.get((name, to), 0)) for to in names)] for name in names]
    return {"as_of": pairs["as_of"].iloc[0], "names": names, "rows": rows}


def _pictures(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, str]]:
    windows = tables["windows"]
    newest = windows.iloc[-1]
    window = f"scored on {newest['as_of']}, actual up to {newest['end']}"
    deciles, cohorts = (_of_window(tables[name], newest) for name in ("deciles", "cohorts"))
    totals = plots.to_svg(plots.monitoring_totals, windows, key="totals")
    ranking = plots.to_svg(plots.monitoring_ranking, windows, key="ranking")
    figures = [
        ("Were the totals right?", "The table below has all numbers.", totals),
        ("Was the ranking right, and were the intervals wide enough?", "The table below has all numbers.", ranking),
    ]
    if len(deciles):
        first, last = deciles.iloc[0], deciles.iloc[-1]
        alternative = ", ".join(
            f"{fixed(row['predicted'] / row['customers'], 2)} forecast and "
            f"{fixed(row['actual'] / row['customers'], 2)} actual purchases per customer in decile {row['decile']}"
            for row in (first, last)
        )
        svg = plots.to_svg(plots.monitoring_deciles, deciles, key="deciles")
        figures.append((f"By decile of the forecast: {window}", alternative + ".", svg))
    if len(cohorts):
        alternative = ", ".join(
            f"{row['cohort']} {signed_percent(row['change'])}" for row in cohorts.to_dict("records")
        )
        height = FRAME + ROW * len(cohorts)
        svg = plots.to_svg(plots.monitoring_cohorts, cohorts, key="cohorts", height=height)
        figures.append((f"By quarter of the first purchase: {window}", alternative + ".", svg))
    return [{"title": title, "alternative": alternative, "svg": svg} for title, alternative, svg in figures]


def _of_window(table: pd.DataFrame, window: Any) -> pd.DataFrame:
    return table[(table[WINDOW_KEYS] == window[WINDOW_KEYS]).all(axis=1)] if len(table) else table


def _rows(windows: pd.DataFrame) -> list[list[str]]:
    """Return the newest windows as text, the latest run first."""
    return [
        [
            row["as_of"],
            row["version"][:6] or "–",
            row["horizon"] if row["complete"] else f"{row['horizon']}, in progress",
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
