"""Measures of the drift of a distribution from the quantiles stored by an earlier run."""

from __future__ import annotations

import numpy as np

from clvmodels.processes.contract import Array
from clvmodels.scoring.gates.run_statistics import Quantiles, RunCounts

__all__ = ["binned", "kolmogorov_smirnov", "population_stability"]

SMALLEST_BIN = 0.1  # share of the reference in each bin of the PSI


def population_stability(reference: Array, current: Array) -> float:
    """Return the population stability index of two histograms (k,) over the same bins: sum of (c - r) log(c / r).

    r and c are shares. The index is 0 if they agree; a value below 0.1 is usually read as no change, one above 0.25 as
    a large change. Siddiqi (2006), "Credit Risk Scorecards", chapter 8. Without a change it is distributed about as
    chi-squared with k - 1 degrees of freedom times (1/n + 1/m): Yurdakul & Naranjo (2020), Journal of Risk Model
    Validation 14(4). An empty bin counts as half a customer, which makes the index large but finite.
    """
    r, c = (np.maximum(counts, 0.5) / max(float(np.sum(counts)), 1.0) for counts in (reference, current))
    return float(np.sum((c - r) * np.log(c / r)))


def kolmogorov_smirnov(reference: Quantiles, current: RunCounts) -> float:
    """Return the largest difference of two distribution functions at the stored quantiles of the reference.

    Smirnov (1948), Annals of Mathematical Statistics 19(2), 279-281. Between two quantiles the difference may be larger
    by at most 0.01, their distance.
    """
    r = np.array(reference.at_most) / reference.at_most[-1]
    c = current.at_most(np.array(reference.values)) / current.customers.sum()
    return float(np.max(np.abs(r - c)))


def binned(reference: Quantiles, current: RunCounts) -> tuple[Array, Array]:
    """Return histograms (k,) of both over bins with at least 10 % of the reference each; the outer bins are open."""
    below, edges = np.array(reference.at_most), []
    least = SMALLEST_BIN * below[-1]
    in_bins = 0
    for value, count in zip(reference.values, below, strict=True):
        if count - in_bins >= least and below[-1] - count >= least:
            edges.append((value, count))
            in_bins = count
    values = np.array([value for value, _ in edges], dtype=np.int64)
    r = np.diff([0, *(count for _, count in edges), below[-1]])
    c = np.diff([0, *current.at_most(values), current.customers.sum()])
    return r.astype(float), c.astype(float)
