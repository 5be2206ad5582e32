"""Segments found in data: clusters of customers, as long as they are stable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import frames
from clvmodels.decisions.clustering.segment_features import SegmentColumn, segment_columns
from clvmodels.decisions.clustering.segment_profile import distinctions, segment_profile
from clvmodels.decisions.clustering.segment_stability import (
    CUSTOMERS,
    ClusterMethod,
    NumberOfSegments,
    fit_clusters,
    number_of_segments,
)
from clvmodels.decisions.customer_table import CustomerTable, hash_keys, read_customer_table
from clvmodels.decisions.segmenting.segments import Segmentation, summarize_segments
from clvmodels.errors import InvalidOption, closest, list_names
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array

__all__ = ["DataSegments", "data_segments"]

FEWEST = 200  # customers needed to see whether segments are found again in halves
LARGEST_FIT = 20_000  # customers that clusters are fitted to; the others join the closest cluster
MOST_SEGMENTS = 20


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DataSegments(Segmentation):
    """Customers in segments that were found in their data; see `Segmentation` for the other attributes.

    Attributes
    ----------
    profile : DataFrame
        What sets each segment apart, the largest difference first: segment, column, level (of an attribute), mean (of
        a level, the share of the customers), mean_of_all, difference (of the scaled column from that of all customers,
        in standard deviations).
    stability : DataFrame or None
        One row per number of segments tried: segments, agreement, reference, excess, needed; see `data_segments`. None
        if the number was given, or there are too few customers.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import numpy as np
    >>> import pandas as pd
    >>> around = np.repeat([10.0, 50.0], 150)
    >>> customers = pd.DataFrame(
    ...     {"customer_id": range(300), "spend": around + np.random.default_rng(0).normal(size=300)}
    ... )
    >>> clv.data_segments(customers, features=["spend"], segments=2).profile["difference"].round(1).tolist()
    [1.0, -1.0]
    """

    profile: pd.DataFrame
    stability: pd.DataFrame | None


def data_segments(
    customers: frames.Frame | str | Path,
    *,
    features: Sequence[str],
    method: ClusterMethod = "k-means",
    segments: int | None = None,
    most: int = 8,
    random_state: int = 0,
) -> DataSegments:
    """Find segments of customers in their value, behavior and attributes, if there are any.

    Numbers are clipped at the 1st and the 99th percentile and scaled to equal variance, those with a long upper tail as
    logarithms; a column of text counts as much as a number. The number of segments is the one that is reproduced best:
    segments are fitted to halves of the customers and compared on all of them (adjusted Rand index), and so are
    references of the same size without structure, which have the same correlations and columns with one peak. If no
    number of segments has an agreement of at least 0.8 that is closer to 1 than that of every reference, all customers
    are one segment.

    Parameters
    ----------
    customers : frame or path
        One row per customer: customer_id and the features.
    features : sequence of str
        Columns of value, behavior and attributes: numbers, or text with up to eight levels (rarer ones are joined).
        Segments are in falling order of the mean of the first column of numbers.
    method : {"k-means", "gaussian mixture"}
        Clusters of equal width in all directions, or with different widths and correlations.
    segments : int, optional
        A fixed number of segments, whether or not the data support it. Default: chosen from the data.
    most : int, default=8
        The largest number to try.
    random_state : int, default=0

    Returns
    -------
    DataSegments

    Raises
    ------
    InvalidTable
        If the table is invalid, or lacks a column.
    InvalidOption
        For options out of range, or a number of segments that the customers cannot fill.

    References
    ----------
    Ben-Hur, Elisseeff & Guyon (2002), "A stability based method for discovering structure in clustered data", Pacific
    Symposium on Biocomputing 7, 6-17. Lange, Roth, Braun & Buhmann (2004), "Stability-based validation of clustering
    solutions", Neural Computation 16(6), 1299-1323. Silverman (1981), "Using kernel density estimates to investigate
    multimodality", Journal of the Royal Statistical Society B 43(1), 97-99, for the columns of the reference.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import numpy as np
    >>> import pandas as pd
    >>> noise = np.random.default_rng(0).normal(size=(600, 2))
    >>> customers = pd.DataFrame(noise, columns=["value", "orders"]).assign(customer_id=range(600))
    >>> result = clv.data_segments(customers, features=["value", "orders"], most=4)
    >>> print(result.findings[0].text)
    no segments here: no number from 2 to 4 is found again more often than without structure
    """
    _check_options(method, segments, most, random_state)
    table = read_customer_table(customers, "customers")
    read = segment_columns(table, features)
    used = [column for column in read if column.scaled.shape[1]]
    order = _sample_order(table)
    if segments is not None:
        _check_count(segments, used, order)
    chosen = _number(used, order, method, segments, most, random_state)
    count = segments if segments is not None else 1 if chosen is None else chosen.count
    cluster = _clusters(used, order, method, count, random_state)
    segment = _ordered(cluster, count, read)
    names = tuple(f"segment {place + 1}" for place in range(count))
    profile = segment_profile(read, segment, names)
    means = {column.name: column.values.astype(float) for column in read if not column.levels}
    summary = summarize_segments("segment", names, segment, means)
    for name, texts in distinctions(profile, names).items():
        summary[name] = texts
    ids = {"customer_id": table.customer_id, "segment": np.array(names, dtype=object)[segment]}
    table_columns: dict[str, Any] = ids | {column.name: table.column(column.name) for column in read}
    findings = _findings(summary, read, chosen, segments, most)
    stability = None if chosen is None else chosen.table
    return DataSegments("segment", names, table_columns, summary, findings, table.kind, profile, stability)


def _check_options(method: Any, segments: Any, most: Any, random_state: Any) -> None:
    """Raise an InvalidOption with everything that is wrong with the options."""
    faults = []
    if method not in get_args(ClusterMethod):
        options = list_names(get_args(ClusterMethod))
        faults.append(f"method={method!r} is not one of {options}.{closest(method, get_args(ClusterMethod))}")
    for name, number, least in (("segments", segments, 1), ("most", most, 2)):
        whole = isinstance(number, int) and not isinstance(number, bool) and least <= number <= MOST_SEGMENTS
        if not whole and not (name == "segments" and number is None):
            faults.append(f"{name}={number!r} must be a whole number from {least} to {MOST_SEGMENTS}.")
    if not isinstance(random_state, int) or random_state < 0:
        faults.append(f"random_state={random_state!r} must be a whole number, at least 0.")
    if faults:
        raise InvalidOption(" ".join(faults))


def _check_count(segments: int, used: list[SegmentColumn], order: npt.NDArray[np.intp]) -> None:
    """Raise an InvalidOption if the customers that clusters are fitted to cannot be in this many segments."""
    rows = order[:LARGEST_FIT]
    different = len(np.unique(np.hstack([each.scaled[rows] for each in used]), axis=0)) if used else 1
    if segments > different:
        raise InvalidOption(
            f"segments={segments}, but only {different:,} of {len(rows):,} customers differ in these features: pass a "
            "smaller number, or other features."
        )


def _sample_order(table: CustomerTable) -> npt.NDArray[np.intp]:
    """Return the rows in the order of a hash of the ids, which does not depend on the order of the table."""
    return np.argsort(hash_keys(map(str, table.customer_id.to_list())), kind="stable")


def _number(
    used: list[SegmentColumn],
    order: npt.NDArray[np.intp],
    method: ClusterMethod,
    segments: int | None,
    most: int,
    seed: int,
) -> NumberOfSegments | None:
    """Return the number of segments; None if a number was passed, or customers are too few or all alike."""
    if segments is not None or len(order) < FEWEST or not used:
        return None
    sample = [_rows(column, order[:CUSTOMERS]) for column in used]
    return number_of_segments(sample, method, most, np.random.default_rng(seed))


def _rows(column: SegmentColumn, rows: npt.NDArray[np.intp]) -> SegmentColumn:
    """Return some rows of a column."""
    return SegmentColumn(column.name, column.values[rows], column.levels, column.scaled[rows], column.missing)


def _clusters(
    used: list[SegmentColumn], order: npt.NDArray[np.intp], method: ClusterMethod, count: int, seed: int
) -> npt.NDArray[np.intp]:
    """Return the cluster of each customer as a number, (n,)."""
    if count == 1:
        return np.zeros(len(order), dtype=np.intp)
    data = np.hstack([column.scaled for column in used])
    cluster: npt.NDArray[np.intp] = fit_clusters(method, count, data[order[:LARGEST_FIT]], seed).predict(data)
    return cluster.astype(np.intp)


def _ordered(cluster: npt.NDArray[np.intp], count: int, columns: list[SegmentColumn]) -> npt.NDArray[np.intp]:
    """Return the clusters (n,), numbered by the mean of the first column of numbers, highest first, or by size."""
    size = np.bincount(cluster, minlength=count)
    first: Array | None = next((each.values.astype(float) for each in columns if not each.levels), None)
    key = size if first is None else np.bincount(cluster, first, minlength=count) / np.maximum(size, 1)
    place = np.empty(count, dtype=np.intp)
    place[np.argsort(-key, kind="stable")] = np.arange(count)
    return place[cluster]


def _findings(
    summary: pd.DataFrame,
    columns: list[SegmentColumn],
    chosen: NumberOfSegments | None,
    segments: int | None,
    most: int,
) -> Findings:
    """Return findings on the number of segments and the reason for it, and on missing values and constant columns."""
    customers = int(summary["customers"].sum())
    findings = [_of_number(chosen, segments, most, customers)]
    constant = [column.name for column in columns if not column.scaled.shape[1]]
    if constant:
        findings.append(Finding("data-segments-constant", {"names": constant}, "caution"))
    for column in columns:
        if column.missing:
            figures = {"customers": column.missing, "name": column.name, "kind": "text" if column.levels else "number"}
            findings.append(Finding("data-segments-missing", figures, "caution"))
    return tuple(findings)


def _of_number(chosen: NumberOfSegments | None, segments: int | None, most: int, customers: int) -> Finding:
    """Return the finding on the number of segments."""
    if segments is not None:
        return Finding("data-segments-given", {"customers": customers, "segments": segments}, "caution")
    if chosen is None:
        return Finding("data-segments-too-few", {"customers": customers, "fewest": FEWEST}, "caution")
    if chosen.count == 1:
        return Finding("data-segments-none", {"most": most}, "caution")
    row = chosen.table[chosen.table["segments"] == chosen.count].iloc[0]
    figures = {"agreement": float(row["agreement"]), "reference": float(row["reference"])}
    return Finding("data-segments-found", {"customers": customers, "segments": chosen.count} | figures)
