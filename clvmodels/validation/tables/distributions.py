"""Predictive distributions of fitted processes: probabilities, drawn outcomes, intervals, parameter uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import TotalIntervalName, customer_keys, hash_keys
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.inference.intervals import Bounds
from clvmodels.inference.purchase_counts import ROUNDING_TOLERANCE
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
    "spread_of_groups",
]

DOUBT_CUSTOMERS, DOUBT_DRAWS = 2_000, 100  # parameter uncertainty is similar for all customers, so a sample is enough
FEW = 30  # customers that a group needs to have its own spread instead of that of all customers
BLOCK_ROWS = 1_024  # customers whose probabilities or draws are in the processor's cache together
NEGLIGIBLE = 1e-12  # probability of more purchases that is left out
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that all cutoffs of a backtest share.

    Attributes
    ----------
    level : float
        Central probability of intervals.
    draws : int
        Number of outcomes of money drawn per sampled customer.
    sampled : int
        The largest number of customers whose distributions are evaluated.
    seed : int
    total_interval : {"history", "model"}
        Whether intervals of totals also allow for changing conditions.
    """

    level: float = 0.9
    draws: int = 200
    sampled: int = 10_000
    seed: int = 0
    total_interval: TotalIntervalName = "history"

    def __post_init__(self) -> None:
        if self.sampled < 1:
            raise InvalidOption(f"sampled={self.sampled} must be at least 1.")


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
    lower, upper : arrays (s,)
        The interval of each customer, at the estimated parameters. With thousands of customers, parameter uncertainty
        is negligible for a single customer, so it is left out here.
    crps, pit : arrays (s,)
        Continuous ranked probability score and randomized PIT of the actual outcome.
    doubtful, doubt : arrays (r,), (k, r)
        Positions of customers, and draws of their means from draws of the parameters. This uncertainty is shared by all
        customers, so it does not average out.
    mean, variance : arrays (s,)
        Of each customer's outcome.
    draws : array (d, s) or None
        Outcomes drawn at the estimated parameters, in no random order; None if nothing depends on them.
    """

    rows: Places
    lower: Array
    upper: Array
    crps: Array
    pit: Array
    doubtful: Places
    doubt: Array
    mean: Array
    variance: Array
    draws: Array | None = None


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
    """Return the predictive distribution of the sampled customers' purchases.

    Everything follows from P(more than k purchases); numbers of purchases are drawn only for the money spent in them.
    """
    rows = sample.rows
    rfm, actual = split.calibration[rows], split.purchases[rows]
    generator = np.random.default_rng([settings.seed, split.cutoff])
    columns = list(model.prediction(rfm, "alive", None, point=np.zeros(len(rows))).columns.values())
    counts, tail = model.ahead_of(rfm).purchase_counts(split.horizon), 0.5 * (1 - settings.level)
    draws = None if split.spend is None else np.empty((settings.draws, len(rows)))
    lower, upper, crps, pit, mean, variance = np.empty((6, len(rows)))
    order = np.lexsort(columns[::-1])  # so that customers of a block have similar numbers of purchases
    for start in range(0, len(order), BLOCK_ROWS):
        block = order[start : start + BLOCK_ROWS]
        exceeded = counts.exceedances([column[block] for column in columns], NEGLIGIBLE)
        reached = np.pad(exceeded, ((1, 1), (0, 0)), constant_values=((1.0, 0.0), (0.0, 0.0)))  # P(at least k)
        pmf = np.maximum(reached[:-1] - reached[1:], 0.0)
        for ends, most in ((lower, 1 - tail), (upper, tail)):
            ends[block] = np.sum(exceeded > most + ROUNDING_TOLERANCE, axis=0)
        crps[block] = crps_of_counts(actual[block].astype(float), pmf)
        y, each = np.minimum(actual[block], len(pmf)), np.arange(len(block))
        at = np.append(pmf, np.zeros((1, len(block))), axis=0)[y, each]
        pit[block] = randomized_pit(1 - reached[y, each], at, sample.uniform[block])
        mean[block] = np.sum(exceeded, axis=0)
        odd = 2.0 * np.arange(len(exceeded))[:, None] + 1
        variance[block] = np.sum(odd * exceeded, axis=0) - mean[block] ** 2
        if draws is not None:
            draws[:, block] = _draw_counts(pmf, settings.draws, generator)
    doubtful = rows[:: max(1, len(rows) // DOUBT_CUSTOMERS)]
    doubt = _purchases_in_doubt(model, split, doubtful, settings)
    return Predictive(rows, lower, upper, crps, pit, doubtful, doubt, mean, variance, draws)


def money(spend: SpendModel, bought: Predictive, split: Holdout, sample: Sample, settings: Settings) -> Predictive:
    """Return the predictive distribution of the sampled customers' spend, from their drawn purchases."""
    if split.spend is None or bought.draws is None:
        raise AssertionError("backtest checks that the log has money")
    rfm, actual = split.calibration[sample.rows], split.spend[sample.rows]
    generator = np.random.default_rng([settings.seed, split.cutoff, 1])
    draws = spend.outcomes(rfm, bought.draws, generator)
    d, tail = len(draws), 0.5 * (1 - settings.level)
    at_lower, at_upper = (max(int(np.ceil(d * share - 1)), 0) for share in (tail, 1 - tail))
    lower, upper, crps, below, at, mean, variance = np.empty((7, len(rfm)))
    for block in (slice(start, start + BLOCK_ROWS) for start in range(0, len(rfm), BLOCK_ROWS)):
        ordered, did = np.sort(draws[:, block].T, axis=1), actual[block]
        lower[block], upper[block] = ordered[:, at_lower], ordered[:, at_upper]
        crps[block] = crps_of_draws(did, ordered.T, is_sorted=True)
        below[block], at[block] = (np.sum(compare(ordered.T, did), axis=0) for compare in (np.less, np.equal))
        mean[block], variance[block] = np.mean(ordered, axis=1), np.var(ordered, axis=1)
    pit = randomized_pit(below / (d + 1), (at + 1) / (d + 1), sample.uniform)
    prediction = spend.spend_prediction(split.calibration[bought.doubtful])
    each = prediction.under_draws(settings.seed, DOUBT_DRAWS)(*prediction.columns.values())
    exists = np.isfinite(each).all(axis=1)
    doubt = (bought.doubt * each)[exists] if exists.any() else bought.doubt * prediction.point
    return Predictive(bought.rows, lower, upper, crps, pit, bought.doubtful, doubt, mean, variance)


class Spread(NamedTuple):
    """The two sources of error in a total: noise of single customers, and parameter uncertainty that they share.

    noise : variance of one customer's outcome over its mean, averaged over customers; 1 for Poisson counts.
    shared : standard deviation of the total under draws of the parameters, over the total.
    """

    noise: Array | float
    shared: Array | float


def spread_of(predictive: Predictive, inside: npt.NDArray[np.bool_]) -> Spread:
    """Estimate the spread from the sampled customers in a group (n,), or from all of them if too few are in it."""
    sampled, doubtful = inside[predictive.rows], inside[predictive.doubtful]
    if sampled.sum() < FEW:
        sampled = np.ones(len(sampled), dtype=bool)
    doubt = predictive.doubt[:, doubtful] if doubtful.sum() >= FEW else predictive.doubt
    drawn, means = float(np.mean(predictive.mean[sampled])), np.mean(doubt, axis=1)
    noise = float(np.mean(predictive.variance[sampled])) / drawn if drawn > 0 else 1.0
    return Spread(noise, float(np.std(means) / np.mean(means)) if np.mean(means) > 0 else 0.0)


def spread_of_groups(predictive: Predictive, sampled: Places, doubtful: Places, groups: int) -> tuple[Array, Array]:
    """Return the noise and the shared error of each group, as `spread_of` does, (groups,) each.

    `sampled` (s,) and `doubtful` (r,) are the groups of these customers, numbers from 0 or -1 for none.
    """
    noise, shared = spread_of(predictive, np.ones(max(predictive.rows, default=-1) + 1, dtype=bool))
    counted = sampled >= 0
    size, mean, variance = (
        np.bincount(sampled[counted], weights=values, minlength=groups)
        for values in (None, predictive.mean[counted], predictive.variance[counted])
    )
    own_noise = np.divide(variance, mean, out=np.ones(groups), where=mean > 0)
    inside = doubtful[:, None] == np.arange(groups)
    totals = predictive.doubt @ inside.astype(float)
    average = totals.mean(axis=0)
    own_shared = np.divide(totals.std(axis=0), average, out=np.zeros(groups), where=average > 0)
    return np.where(size >= FEW, own_noise, noise), np.where(inside.sum(axis=0) >= FEW, own_shared, shared)


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


def _draw_counts(pmf: Array, draws: int, generator: np.random.Generator) -> Array:
    """Draw counts of customers (draws, n) from P(exactly k) (k, n), in ascending order for each customer."""
    times = generator.multinomial(draws, pmf.T)
    counts = np.tile(np.arange(len(pmf), dtype=float), len(times))
    return np.repeat(counts, times.ravel()).reshape(len(times), draws).T
