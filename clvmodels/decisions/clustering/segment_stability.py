"""The number of segments in data: the one that other customers reproduce best, compared with data without structure."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.vq import kmeans2, vq
from scipy.ndimage import gaussian_filter1d
from scipy.special import ndtr
from scipy.stats import rankdata
from sklearn import config_context
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from clvmodels.decisions.clustering.segment_features import SegmentColumn
from clvmodels.processes.contract import Array

__all__ = ["STABLE", "ClusterMethod", "NumberOfSegments", "fit_clusters", "number_of_segments"]

ClusterMethod = Literal["k-means", "gaussian mixture"]
CUSTOMERS = 1000  # customers from which stability is measured
IN_A_HALF = 250  # customers to whom the segments of one half are fitted
PAIRS: dict[str, int] = {"k-means": 2, "gaussian mixture": 1}  # of halves; a mixture takes twenty times as long
REFERENCES = 19  # data sets without structure; data without structure beat all of them with a chance of 1 in 20
STABLE = 0.8  # smallest agreement (adjusted Rand index) of stable segments
SMALLEST_GAP = 0.01  # smallest difference of the references from 1, for references that agree almost perfectly
GRID = 256  # points at which a density is evaluated
BISECTIONS = 12  # steps of the search for a bandwidth
STARTS = 5  # random starts of the fit to all customers, of which the best is used
STEPS = 30  # iterations of the fit of a mixture to all customers
STARTS_OF_HALVES, STEPS_OF_HALVES = 3, 12  # random starts and iterations of the fit to a half


@dataclass(frozen=True, slots=True, eq=False)
class NumberOfSegments:
    """The number of segments that data support, and why.

    Attributes
    ----------
    count : int
        1 if the data show no segments.
    table : DataFrame
        One row per number: segments, agreement (of segments found in two halves; adjusted Rand index, 1 is equal, 0 is
        chance), reference (the same without structure), excess (their difference as a share of the room between
        the reference and 1), needed (the excess that no reference without structure reached).
    """

    count: int
    table: pd.DataFrame


def fit_clusters(method: ClusterMethod, count: int, data: Array, seed: int) -> Any:
    """Return a fitted scikit-learn model of clusters."""
    if method == "k-means":
        return KMeans(count, n_init=STARTS, random_state=seed).fit(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last iterations hardly change any segment
        return GaussianMixture(count, reg_covar=1e-3, max_iter=STEPS, random_state=seed).fit(data)


def _clusters_of(method: ClusterMethod, count: int, half: Array, data: Array, seed: int) -> npt.NDArray[np.intp]:
    """Return the clusters of all customers (n,) by a model of a half of them.

    SciPy's k-means is scikit-learn's algorithm, in a tenth of the time for a few hundred customers.
    """
    if method != "k-means":
        clusters: npt.NDArray[np.intp] = fit_clusters(method, count, half, seed).predict(data)
        return clusters
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # SciPy warns of an empty cluster if many customers are alike
        generator = np.random.default_rng(seed)
        tries = [
            kmeans2(half, count, iter=STEPS_OF_HALVES, minit="++", seed=generator)[0] for _ in range(STARTS_OF_HALVES)
        ]
    best = min(tries, key=lambda centers: float(np.sum(vq(half, centers)[1] ** 2)))
    closest: npt.NDArray[np.intp] = vq(data, best)[0].astype(np.intp)
    return closest


def agreement(one: npt.NDArray[np.intp], other: npt.NDArray[np.intp]) -> float:
    """Return the adjusted Rand index of two partitions (Hubert & Arabie 1985): 1 if they are equal, 0 by chance."""
    width = int(other.max()) + 1
    together = np.bincount(one * width + other).astype(float)
    pairs, rows, columns = (
        float(np.sum(size * (size - 1) / 2)) for size in (together, np.bincount(one), np.bincount(other))
    )
    all_pairs = len(one) * (len(one) - 1) / 2
    chance, most = rows * columns / all_pairs, (rows + columns) / 2
    return 1.0 if most == chance else (pairs - chance) / (most - chance)


def number_of_segments(
    columns: list[SegmentColumn], method: ClusterMethod, most: int, generator: np.random.Generator
) -> NumberOfSegments:
    """Return the number of segments by stability, against references without structure.

    Segments are fitted to two halves, and the agreement of both on all customers is their stability (Ben-Hur, Elisseeff
    & Guyon 2002; Lange, Roth, Braun & Buhmann 2004). Some stability is expected without any structure, most for few
    segments, so it is also measured for references: their numbers have the same correlations and, in each column, the
    closest distribution with one peak (Silverman 1981), and their attributes are independent of everything. A number of
    segments qualifies if its stability is at least STABLE and its excess, as a share of the gap between the references
    and 1, is larger than that of any reference against the others, at any number. The largest excess wins.

    Parameters
    ----------
    columns : list of SegmentColumn
        Of up to CUSTOMERS customers, each with at least one scaled column.
    most : int
        The largest number to try.
    """
    counts = np.arange(2, most + 1)
    data = np.hstack([column.scaled for column in columns])
    draw = reference_without_structure(columns)
    # scikit-learn's checks of its arguments take longer than a fit to a few hundred customers.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        agreed = _agreements(data, method, counts, generator)
        without = np.array([_agreements(draw(generator), method, counts, generator) for _ in range(REFERENCES)])
    excess = _excess(agreed, without)
    others = [_excess(each, np.delete(without, i, axis=0)) for i, each in enumerate(without)]
    needed = float(np.max(others))
    table = pd.DataFrame(
        {
            "segments": counts,
            "agreement": agreed,
            "reference": without.mean(axis=0),
            "excess": excess,
            "needed": needed,
        }
    )
    valid = (excess > needed) & (agreed >= STABLE)
    count = int(counts[np.argmax(np.where(valid, excess, -np.inf))]) if valid.any() else 1
    return NumberOfSegments(count, table)


def _excess(agreed: Array, references: Array) -> Array:
    """Return the agreements (k,) minus the mean of references (r, k), as a share of the gap between that mean and 1."""
    mean = references.mean(axis=0)
    result: Array = (agreed - mean) / np.maximum(1 - mean, SMALLEST_GAP)
    return result


def _agreements(
    data: Array, method: ClusterMethod, counts: npt.NDArray[np.intp], generator: np.random.Generator
) -> Array:
    """Return the mean agreement of segments fitted to two halves by number of segments, (k,)."""
    total = np.zeros(len(counts))
    size = min(IN_A_HALF, len(data) // 2)
    for _ in range(PAIRS[method]):
        rows = generator.permutation(len(data))
        halves = data[rows[:size]], data[rows[size : 2 * size]]
        seed = int(generator.integers(2**31))
        for place, count in enumerate(counts):
            one, other = (_clusters_of(method, int(count), half, data, seed) for half in halves)
            total[place] += agreement(one, other)
    return total / PAIRS[method]


def reference_without_structure(columns: list[SegmentColumn]) -> Callable[[np.random.Generator], Array]:
    """Return a function that draws scaled columns (n, k) without segments.

    The numbers are one group with the same rank correlations (a Gaussian copula), each with a distribution of one peak;
    attributes are permuted.
    """
    numbers = [column for column in columns if not column.levels]
    root = _root_of_correlation(np.array([column.scaled[:, 0] for column in numbers]))
    quantiles = {column.name: one_peak(column.scaled[:, 0]) for column in numbers}

    def draw(generator: np.random.Generator) -> Array:
        chances = ndtr(root @ generator.standard_normal((len(numbers), len(columns[0].values))))
        parts = dict(zip(quantiles, chances, strict=True))
        return np.hstack(
            [
                quantiles[each.name](parts[each.name])[:, None]
                if each.name in parts
                else generator.permutation(each.scaled)
                for each in columns
            ]
        )

    return draw


def _root_of_correlation(values: Array) -> Array:
    """Return a matrix (k, k) that gives independent normal numbers the rank correlations of values (k, n).

    Each eigenvector has the sign that makes its largest component positive: otherwise signs would differ by processor.
    """
    if not len(values):
        return np.empty((0, 0))
    ranks = np.array([rankdata(column) for column in values])
    roots, vectors = np.linalg.eigh(2 * np.sin(np.pi / 6 * np.atleast_2d(np.corrcoef(ranks))))
    largest = vectors[np.argmax(np.abs(vectors), axis=0), np.arange(len(roots))]
    root = vectors * np.copysign(np.sqrt(np.maximum(roots, 0.0)), largest)
    result: Array = root / np.sqrt(np.sum(root**2, axis=1, keepdims=True))
    return result


def one_peak(values: Array) -> Callable[[Array], Array]:
    """Return the quantile function of the closest smooth distribution with one peak, of the same mean and variance.

    The density is estimated with the narrowest normal kernel for which it has one peak (Silverman 1981).
    """
    span = float(np.ptp(values))
    edges = np.linspace(values.min() - span, values.max() + span, 3 * GRID + 1)
    at = (edges[1:] + edges[:-1]) / 2
    histogram = np.histogram(values, edges)[0] / len(values)
    narrow, wide = 0.0, float(GRID)
    for _ in range(BISECTIONS):
        width = (narrow + wide) / 2
        if _peaks(gaussian_filter1d(histogram, width, mode="constant")) > 1:
            narrow = width
        else:
            wide = width
    density = gaussian_filter1d(histogram, wide, mode="constant")
    below, density = np.cumsum(density) / density.sum(), density / density.sum()
    # A kernel adds to the variance, which would make the reference less stable than the data.
    mean = float(density @ at)
    scale = float(values.std() / np.sqrt(density @ (at - mean) ** 2))
    return lambda chances: values.mean() + (np.interp(chances, below, edges[1:]) - mean) * scale


def _peaks(density: Array) -> int:
    """Return the number of peaks of a density, without those that are float error."""
    rises = np.sign(np.diff(np.round(density, 12)))
    rises = rises[rises != 0]
    return int(np.sum((rises[:-1] > 0) & (rises[1:] < 0)))
