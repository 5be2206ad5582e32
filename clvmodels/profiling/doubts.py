"""Find doubtful features of a log: placeholder or ambiguous ids, and stray dates."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from clvmodels.clock import Clock
from clvmodels.language import Finding, Findings
from clvmodels.transactions.ids import find_tests, find_variants, placeholder_among
from clvmodels.transactions.stray_dates import find_stray_dates

__all__ = ["PLACEHOLDER", "examine_dates", "examine_ids"]

PLACEHOLDER = "profile-id-placeholder"  # the code of the finding that functions other than `profile` raise as an error
DOMINANT_SHARE, DOMINANT_TIMES, FEWEST_ROWS = 0.05, 10, 20
FEWEST_CUSTOMERS = 10  # customers from which on one id can be far above the others


def examine_ids(ids: nw.DataFrame[Any]) -> Findings:
    """Return findings on ids: a placeholder, an id with far more rows than others, and ids that may be the same.

    Parameters
    ----------
    ids : narwhals.DataFrame
        One row per customer: customer_id, and the number of its rows.
    """
    frequent = ids.sort("rows", descending=True).head(2).select("customer_id", "rows").rows()
    placeholder = placeholder_among([(value, rows) for value, rows in frequent], int(ids["rows"].sum()))
    findings = []
    if placeholder is not None:
        figures = {
            "id": str(placeholder.value),
            "rows": placeholder.rows,
            "share": placeholder.rows / placeholder.total,
        }
        findings.append(Finding(PLACEHOLDER, figures, "problem"))
    else:
        findings += _dominant(ids)
    return (*findings, *find_variants(ids), *find_tests(ids))


def _dominant(ids: nw.DataFrame[Any]) -> Findings:
    """Return a finding if one id has far more rows than any other."""
    rows = np.sort(ids["rows"].to_numpy())
    total = int(rows.sum())
    if len(rows) < FEWEST_CUSTOMERS or total < FEWEST_ROWS:
        return ()
    if rows[-1] < DOMINANT_SHARE * total or rows[-1] < DOMINANT_TIMES * rows[-2]:
        return ()
    largest = ids.filter(nw.col("rows") == int(rows[-1]))["customer_id"].to_list()[0]
    figures = {"id": str(largest), "rows": int(rows[-1]), "share": float(rows[-1]) / total, "next": int(rows[-2])}
    return (Finding("profile-id-dominant", figures, "caution"),)


def examine_dates(rows_by_tick: np.ndarray, clock: Clock) -> Findings:
    """Return a finding if some dates are far outside the rest."""
    ticks, counts = rows_by_tick
    stray = find_stray_dates(ticks, counts, clock)
    return () if stray is None else (stray.finding(clock),)
