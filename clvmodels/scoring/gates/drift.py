"""How far a distribution has shifted: the measures of the gates, on the quantiles kept of a reference."""

from __future__ import annotations

import numpy as np

from clvmodels.processes.contract import Array
from clvmodels.scoring.gates.run_statistics import Quantiles, RunCounts

__all__ = ["binned", "kolmogorov_smirnov", "population_stability"]

SMALLEST_BIN = 0.1  # share of the reference in each bin of the PSI


def population_stability(reference: Array, current: Array) -> float:
    """Population stability index of two histograms (k,) over the same bins: sum of (c - r) log(c / r) over shares.

    0 where they agree; below 0.1 is read as no change, above 0.25 as a large one. Siddiqi (2006), "Credit Risk
    Scorecards", chapter 8; its distribution under no change in Yurdakul & Naranjo (2020), Journal of Risk Model
    Validation 14(4): about chi-squared with k - 1 degrees of freedom times (1/n + 1/m). An empty bin counts as half a
    customer, so that it is large but finite.
    """
    r, c = (np.maximum(counts, 0.5) / max(float(np.sum(counts)), 1.0) for counts in (reference, current))
    return float(np.sum((c - r) * np.log(c / r)))


def kolmogorov_smirnov(reference: Quantiles, current: RunCounts) -> float:
    """Largest difference of two distribution functions, at the quantiles kept of the reference.

    Smirnov (1948), Annals of Mathematical Statistics 19(2), 279-281. Between two quantiles it may be larger by a
    hundredth, their distance, at most.
    """
    r = np.array(reference.at_most) / reference.at_most[-1]
    c = current.at_most(np.array(reference.values)) / current.customers.sum()
    return float(np.max(np.abs(r - c)))


def binned(reference: Quantiles, current: RunCounts) -> tuple[Array, Array]:
    """Both as histograms over bins that hold a tenth of the reference or more, the outer ones open, each (k,)."""
    below, edges = np.array(reference.at_most), []
    least = SMALLEST_BIN * below[-1]
    held = 0
    for value, count in zip(reference.values, below, strict=True):
        if count - held >= least and below[-1] - count >= least:
            edges.append((value, count))
            held = count
    values = np.array([value for value, _ in edges], dtype=np.int64)
    r = np.diff([0, *(count for _, count in edges), below[-1]])
    c = np.diff([0, *current.at_most(values), current.customers.sum()])
    return r.astype(float), c.astype(float)
