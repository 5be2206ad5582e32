"""Predictive distributions of fitted processes: probabilities, drawn outcomes, intervals, parameter uncertainty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from clvmodels.estimators.prediction import TotalIntervalName, customer_keys, hash_keys
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.inference.intervals import Bounds
from clvmodels.processes.contract import Array
from clvmodels.scores import crps_of_counts, crps_of_draws, randomized_pit
from clvmodels.transactions.holdout import Holdout
from clvmodels.transactions.summary import RFM

__all__ = [
    "Predictive",
    "Sample",
    "Settings",
    "Spread",
    "bounds_of_total",
    "money",
    "probabilities_of_actual",
    "purchases",
    "sample_of",
    "spread_of",
    "spread_of_sampled",
]

DOUBT_CUSTOMERS, DOUBT_DRAWS = 2_000, 100  # parameter uncertainty is similar for all customers, so a sample is enough
FEW = 30  # customers that a group needs to have its own spread instead of that of all customers
STEPS = (0.0, 0.5, 0.75, 0.9, 0.97, 0.99, 1.0)  # quantiles of expected purchases that separate blocks of customers
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that all cutoffs of a backtest share.

    Attributes
    ----------
    level : float
        Central probability of intervals.
    draws : int
        Number of possible outcomes drawn per sampled customer.
    sampled : int
        The largest number of customers whose outcomes are drawn.
    seed : int
    total_interval : {"history", "model"}
        Whether intervals of totals also allow for changing conditions.
    """

    level: float = 0.9
    draws: int = 200
    sampled: int = 10_000
    seed: int = 0
    total_interval: TotalIntervalName = "history"


class Sample(NamedTuple):
    """Customers sampled by a hash of their ids, which are the same at every cutoff.

    rows : positions of the customers; uniform : one random number per customer.
    """

    rows: Places
    uniform: Array


@dataclass(frozen=True, slots=True, eq=False)
class Predictive:
    """The predictive distribution of sampled customers.

    Attributes
    ----------
    rows : int array (s,)
        Positions of the sampled customers.
    draws : array (d, s)
        Outcomes drawn at the estimated parameters. With thousands of customers, parameter uncertainty is negligible for
        a single customer, so it is left out here.
    lower, upper : arrays (s,)
        The interval of each customer.
    crps, pit : arrays (s,)
        Continuous ranked probability score and randomized PIT of the actual outcome.
    doubtful, doubt : arrays (r,), (k, r)
        Positions of customers, and draws of their means from draws of the parameters. This uncertainty is shared by all
        customers, so it does not average out.
    mean, variance : arrays (s,)
        Of the draws of each customer.
    """

    rows: Places
    draws: Array
    lower: Array
    upper: Array
    crps: Array
    pit: Array
    doubtful: Places
    doubt: Array
    mean: Array = field(init=False)
    variance: Array = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", np.mean(self.draws, axis=0))
        object.__setattr__(self, "variance", np.var(self.draws, axis=0))


def sample_of(rfm: RFM, most: int, seed: int) -> Sample:
    """Return a sample of at most `most` customers, chosen by a hash of their ids and the seed."""
    uniform = hash_keys(customer_keys(rfm) ^ np.uint64(seed % 2**64))
    rows = np.arange(len(rfm))
    if len(rfm) > most:
        rows = np.sort(np.argpartition(uniform, most)[:most])
    # The first hash of sampled customers is small by selection, so uniform numbers need a second hash.
    return Sample(rows, hash_keys(customer_keys(rfm[rows]) ^ np.uint64(2**63 + seed % 2**62)))


def probabilities_of_actual(model: PurchaseModel, split: Holdout) -> Array:
    """Return the predicted probability of each customer's actual number of holdout purchases, (n,)."""
    return model.probability_of(split.purchases, split.horizon, split.calibration)


def purchases(model: PurchaseModel, split: Holdout, sample: Sample, settings: Settings) -> Predictive:
    """Return the predictive distribution of the sampled customers' purchases."""
    rows = sample.rows
    generator = np.random.default_rng([settings.seed, split.cutoff])
    draws = model.outcomes(split.calibration[rows], split.horizon, settings.draws, generator)
    crps, pit = _scored_by_pmf(model, split, sample, draws)
    doubtful = rows[:: max(1, len(rows) // DOUBT_CUSTOMERS)]
    lower, upper = _quantiles(draws, settings.level)
    doubt = _purchases_in_doubt(model, split, doubtful, settings)
    return Predictive(rows, draws, lower, upper, crps, pit, doubtful, doubt)


def money(spend: SpendModel, bought: Predictive, split: Holdout, sample: Sample, settings: Settings) -> Predictive:
    """Return the predictive distribution of the sampled customers' spend, from their drawn purchases."""
    if split.spend is None:
        raise AssertionError("backtest checks that the log has money")
    rfm, actual = split.calibration[sample.rows], split.spend[sample.rows]
    generator = np.random.default_rng([settings.seed, split.cutoff, 1])
    draws = spend.outcomes(rfm, bought.draws, generator)
    lower, upper = _quantiles(draws, settings.level)
    d = len(draws)
    below, at = (np.sum(compare(draws, actual), axis=0) for compare in (np.less, np.equal))
    pit = randomized_pit(below / (d + 1), (at + 1) / (d + 1), sample.uniform)
    prediction = spend.spend_prediction(split.calibration[bought.doubtful])
    each = prediction.under_draws(settings.seed, DOUBT_DRAWS)(*prediction.columns.values())
    exists = np.isfinite(each).all(axis=1)
    doubt = (bought.doubt * each)[exists] if exists.any() else bought.doubt * prediction.point
    return Predictive(bought.rows, draws, lower, upper, crps_of_draws(actual, draws), pit, bought.doubtful, doubt)


class Spread(NamedTuple):
    """The two sources of error in a total: noise of single customers, and parameter uncertainty that they share.

    noise : variance of one customer's outcome over its mean, averaged over customers; 1 for Poisson counts.
    shared : standard deviation of the total under draws of the parameters, over the total.
    """

    noise: Array | float
    shared: float


def spread_of(predictive: Predictive, inside: npt.NDArray[np.bool_]) -> Spread:
    """Estimate the spread from the sampled customers in a group (n,), or from all of them if too few are in it."""
    return spread_of_sampled(predictive, inside[predictive.rows], inside[predictive.doubtful])


def spread_of_sampled(
    predictive: Predictive, sampled: npt.NDArray[np.bool_], doubtful: npt.NDArray[np.bool_]
) -> Spread:
    """Return the same, given which of the sampled (s,) and of the doubtful customers (r,) are in the group."""
    inside = sampled if sampled.sum() >= FEW else np.ones(len(sampled), dtype=bool)
    doubt = predictive.doubt[:, doubtful] if doubtful.sum() >= FEW else predictive.doubt
    drawn, means = float(np.mean(predictive.mean[inside])), np.mean(doubt, axis=1)
    noise = float(np.mean(predictive.variance[inside])) / drawn if drawn > 0 else 1.0
    return Spread(noise, float(np.std(means) / np.mean(means)) if np.mean(means) > 0 else 0.0)


def bounds_of_total(spread: Spread, total: Array | float, level: float) -> Bounds:
    """Return the interval of totals, given their expectations in an array of any shape.

    The noise of single customers averages out over many of them; parameter uncertainty does not. The interval is that
    of the gamma distribution with this mean and variance: totals are positive, and small totals are skewed.
    """
    mean = np.maximum(np.asarray(total, dtype=float), np.finfo(float).tiny)
    variance, tail = spread.noise * mean + (spread.shared * mean) ** 2, 0.5 * (1 - level)
    lower, upper = (gammaincinv(mean**2 / variance, share) * variance / mean for share in (tail, 1 - tail))
    return Bounds(lower, upper)


def _purchases_in_doubt(model: PurchaseModel, split: Holdout, rows: Places, settings: Settings) -> Array:
    """Return draws of expected purchases from draws of the parameters, (k, r)."""
    rfm = split.calibration[rows]
    worth = model.ahead_of(rfm).purchases_within(split.horizon)
    return model.prediction(rfm, "expected_purchases", worth).drawn_means(settings.seed, DOUBT_DRAWS)


def _scored_by_pmf(model: PurchaseModel, split: Holdout, sample: Sample, draws: Array) -> tuple[Array, Array]:
    """Return the CRPS and the randomized PIT of each sampled customer, both from the pmf, (s,)."""
    actual = split.purchases[sample.rows]
    crps, pit = np.empty(len(actual)), np.empty(len(actual))
    order = np.argsort(draws.mean(axis=0), kind="stable")
    edges = np.unique([round(step * len(order)) for step in STEPS])
    for i in range(len(edges) - 1):
        block = order[edges[i] : edges[i + 1]]
        largest = 10 + 2 * int(draws[:, block].max())  # larger counts have almost no probability
        table = model.pmf(range(largest + 1), split.horizon, split.calibration[sample.rows[block]])
        pmf = np.stack([table[f"pmf_{k}"].to_numpy() for k in range(largest + 1)])
        y = actual[block]
        crps[block] = crps_of_counts(y.astype(float), pmf)
        below = np.concatenate([np.zeros((1, len(block))), np.cumsum(pmf, axis=0)])
        each, at = np.arange(len(block)), np.minimum(y, largest + 1)
        exactly = np.append(pmf, np.zeros((1, len(block))), axis=0)[at, each]
        pit[block] = randomized_pit(below[at, each], exactly, sample.uniform[block])
    return crps, pit


def _quantiles(draws: Array, level: float) -> Bounds:
    tail = 0.5 * (1 - level)
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return Bounds(lower, upper)
