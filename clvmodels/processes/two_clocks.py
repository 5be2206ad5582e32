"""Two clocks: customers buy by one clock and leave by another, and both rates change in time.

A customer buys at rate lambda a(t) and leaves at rate mu B'(t) until they are gone, lambda ~ Gamma(r, alpha) and
mu ~ Gamma(s, beta). a(t) is constant within stretches of time, and A(t) is its integral. Dropout has a clock y(t) of
its own, the integral of rates b(t) that are constant within stretches: under Pareto/NBD B = y, under GGompertz/NBD
B = exp(aging y) - 1. The likelihood of purchases at t_1, ..., t_x, observed until T, is

    Gamma(r+x)/Gamma(r) alpha^r beta^s a(t_1) ... a(t_x) { (alpha+A(T))^-(r+x) (beta+B(T))^-s
        + s int_{t_x}^T (alpha+A)^-(r+x) (beta+B)^-(s+1) dB }.

Covariates change the rates: a = speed exp(z gamma), b = exp(w delta). Bachmann, Meierer & Naef (2021), "The Role of
Time-Varying Contextual Factors in Latent Attrition Models for Customer Base Analysis", Marketing Science 40(4),
783-809, have this for Pareto/NBD.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array
from clvmodels.processes.special import digamma_rise, legendre, log_rise

__all__ = ["Rates", "RatesScore", "RunningClock", "Stretches", "expected_ahead", "read_clock", "score_in_two_clocks"]

BLOCK = 100_000  # stretches evaluated at once
NODES = (4, 8, 16, 32, 64)  # nodes of Gauss-Legendre within a stretch
LARGEST_LOG_CHANGE = (0.7, 3.0, 10.0, 30.0)  # of the integrand within a stretch, for which the nodes are enough


class Rates(NamedTuple):
    """r, alpha of the purchase rate; s, beta of the dropout rate; aging of GGompertz/NBD, or None; coefficients.

    purchase (k,) and dropout (l,) are the coefficients of the covariates.
    """

    r: float
    alpha: float
    s: float
    beta: float
    aging: float | None
    purchase: Array
    dropout: Array


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Stretches of the customers' time within which rates are constant.

    Attributes
    ----------
    first : int array (n + 1,)
        Position of each customer's first stretch, and, last, the number of stretches. Every customer has one.
    length : array (m,)
        In the unit of time.
    after : bool array (m,)
        Whether a stretch is after the last purchase; those of the future are.
    speed : array (m,)
        Of purchases, before covariates.
    purchase, dropout : array (m, k), (m, l)
        Covariates.
    x : array (n,)
        Repeat purchases.
    bought : array (n, k)
        Sums of the covariates at repeat purchases.
    log_speed : array (n,)
        Sums of the logarithms of the speeds at repeat purchases.
    """

    first: npt.NDArray[np.intp]
    length: Array
    after: npt.NDArray[np.bool_]
    speed: Array
    purchase: Array
    dropout: Array
    x: Array
    bought: Array
    log_speed: Array

    def __len__(self) -> int:
        return len(self.x)

    def of(self, begin: int, end: int) -> Stretches:
        """Return the stretches of the customers at positions from begin up to end."""
        rows = slice(self.first[begin], self.first[end])
        customers = slice(begin, end)
        return Stretches(
            self.first[begin : end + 1] - self.first[begin],
            self.length[rows],
            self.after[rows],
            self.speed[rows],
            self.purchase[rows],
            self.dropout[rows],
            self.x[customers],
            self.bought[customers],
            self.log_speed[customers],
        )

    def take(self, customers: npt.NDArray[np.intp]) -> Stretches:
        """Return the stretches of the customers at some positions."""
        size = np.diff(self.first)[customers]
        first = np.append(0, np.cumsum(size)).astype(np.intp)
        rows = np.repeat(self.first[customers] - first[:-1], size) + np.arange(first[-1])
        return Stretches(
            first,
            self.length[rows],
            self.after[rows],
            self.speed[rows],
            self.purchase[rows],
            self.dropout[rows],
            self.x[customers],
            self.bought[customers],
            self.log_speed[customers],
        )

    def blocks(self) -> Iterator[tuple[slice, Stretches]]:
        """Yield positions of customers with their stretches, a bounded number at a time."""
        begin = 0
        while begin < len(self):
            end = int(np.searchsorted(self.first, self.first[begin] + BLOCK, side="right")) - 1
            end = min(max(end, begin + 1), len(self))
            yield slice(begin, end), self.of(begin, end)
            begin = end


class RatesScore(NamedTuple):
    """The log-likelihood of each customer with its gradient, and P(alive).

    value (n,): log-likelihoods. gradient (parameters, n): by the logarithms of r, alpha, s, beta and, if there is any,
    aging, and by the coefficients. alive (n,): P(still active at T).
    """

    value: Array
    gradient: Array
    alive: Array


@dataclass(frozen=True, slots=True, eq=False)
class RunningClock:
    """A clock along stretches: its rate, the time at their start (m,), at the end and at the last purchase (n,).

    The slopes are derivatives by the coefficients, with a further axis.
    """

    rate: Array
    start: Array
    end: Array
    last: Array
    start_slope: Array
    end_slope: Array
    last_slope: Array

    def ends(self) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """Return the time at the last purchase and at the end, each with its slopes."""
        return (self.last, self.last_slope), (self.end, self.end_slope)


def read_clock(rows: Stretches, speed: Array | float, covariates: Array, coefficients: Array) -> RunningClock:
    """Return a clock that runs at speed exp(covariates coefficients)."""
    rate = speed * np.exp(covariates @ coefficients)
    passed = rate * rows.length
    begin, end = rows.first[:-1], rows.first[1:]
    customer = np.repeat(np.arange(len(rows)), np.diff(rows.first))
    total = np.append(0.0, np.cumsum(passed))
    slope = np.vstack([np.zeros(covariates.shape[1]), np.cumsum(covariates * passed[:, None], axis=0)])
    before = np.bincount(customer, ~rows.after, minlength=len(rows)).astype(np.intp)
    return RunningClock(
        rate,
        total[:-1] - total[begin][customer],
        total[end] - total[begin],
        total[begin + before] - total[begin],
        slope[:-1] - slope[begin][customer],
        slope[end] - slope[begin],
        slope[begin + before] - slope[begin],
    )


def score_in_two_clocks(p: Rates, stretches: Stretches) -> RatesScore:
    """Return the log-likelihood of each customer's purchases, its gradient, and P(alive)."""
    parts = [_score(p, rows) for _, rows in stretches.blocks()]
    return RatesScore(
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.gradient for part in parts], axis=1),
        np.concatenate([part.alive for part in parts]),
    )


def _score(p: Rates, rows: Stretches) -> RatesScore:
    buys = read_clock(rows, rows.speed, rows.purchase, p.purchase)
    leaves = read_clock(rows, 1.0, rows.dropout, p.dropout)
    x, count = rows.x, p.r + rows.x
    active = -count * np.log(p.alpha + buys.end) - p.s * np.log(p.beta + _dropout_growth(p, leaves.end))
    sums = _integrate(p, rows, buys, leaves)
    with np.errstate(divide="ignore"):
        gone = np.log(p.s) + sums.scale + np.log(sums.total)
    both = np.logaddexp(active, gone)
    alive = np.exp(active - both)
    constant = log_rise(p.r, x) + p.r * np.log(p.alpha) + p.s * np.log(p.beta)
    value = constant + both + rows.bought @ p.purchase + rows.log_speed
    # Weighted means of the arguments of the terms, over being active at T and over the times of leaving.
    share = np.divide(1 - alive, sums.total, out=np.zeros(len(x)), where=sums.total > 0)
    age, old = p.alpha + buys.end, p.beta + _dropout_growth(p, leaves.end)
    r = digamma_rise(p.r, x) + np.log(p.alpha) - (alive * np.log(age) + share * sums.log_age)
    alpha = p.r / p.alpha - count * (alive / age + share * sums.by_age)
    s = np.log(p.beta) - (alive * np.log(old) + share * sums.log_old) + (1 - alive) / p.s
    beta = p.s / p.beta - (alive * p.s / old + share * (p.s + 1) * sums.by_old)
    gradient = [p.r * r, p.alpha * alpha, p.s * s, p.beta * beta]
    if p.aging is not None:
        growth = leaves.end * np.exp(p.aging * leaves.end)
        aging = -alive * p.s * growth / old + share * (sums.by_aging - (p.s + 1) * sums.growth_by_old)
        gradient.append(p.aging * aging)
    purchase = rows.bought - count[:, None] * ((alive / age)[:, None] * buys.end_slope + share[:, None] * sums.purchase)
    slope = np.ones(len(x)) if p.aging is None else p.aging * np.exp(p.aging * leaves.end)
    dropout = -(alive * p.s * slope / old)[:, None] * leaves.end_slope + share[:, None] * sums.dropout
    return RatesScore(value, np.vstack([*gradient, purchase.T, dropout.T]), alive)


def _dropout_growth(p: Rates, y: Array) -> Array:
    """Return B at the time y of the clock of dropout."""
    return y if p.aging is None else np.expm1(p.aging * y)


class _Sums(NamedTuple):
    """Integrals over the times of leaving, times exp(-scale), and those that the gradient needs, (n, ...)."""

    scale: Array
    total: Array
    log_age: Array
    by_age: Array
    log_old: Array
    by_old: Array
    by_aging: Array
    growth_by_old: Array
    purchase: Array
    dropout: Array


def _integrate(p: Rates, rows: Stretches, buys: RunningClock, leaves: RunningClock) -> _Sums:
    """Integrate (alpha+A)^-(r+x) (beta+B)^-(s+1) dB over the time after each customer's last purchase."""
    n = len(rows)
    scale = -(p.r + rows.x) * np.log(p.alpha + buys.last) - (p.s + 1) * np.log(p.beta + _dropout_growth(p, leaves.last))
    every = np.repeat(np.arange(n), np.diff(rows.first))
    steep = (p.r + rows.x)[every] * buys.rate * rows.length / (p.alpha + buys.start)
    age = np.exp(p.aging * leaves.start) * p.aging if p.aging is not None else 1.0
    steep += (p.s + 1) * leaves.rate * rows.length * age / (p.beta + _dropout_growth(p, leaves.start))
    steep += 0.0 if p.aging is None else p.aging * leaves.rate * rows.length
    group = np.searchsorted(LARGEST_LOG_CHANGE, steep)
    fields = np.zeros((7, n))
    slopes = np.zeros((2, n, max(rows.purchase.shape[1], rows.dropout.shape[1], 1)))
    for number, nodes in enumerate(NODES):
        chosen = np.flatnonzero(rows.after & (rows.length > 0) & (group == number))
        if len(chosen):
            _add_stretches(p, rows, buys, leaves, scale, every, chosen, nodes, fields, slopes)
    purchase, dropout = slopes[0, :, : rows.purchase.shape[1]], slopes[1, :, : rows.dropout.shape[1]]
    total, log_age, by_age, log_old, by_old, by_aging, growth_by_old = fields
    return _Sums(scale, total, log_age, by_age, log_old, by_old, by_aging, growth_by_old, purchase, dropout)


def _add_stretches(
    p: Rates,
    rows: Stretches,
    buys: RunningClock,
    leaves: RunningClock,
    scale: Array,
    every: npt.NDArray[np.intp],
    chosen: npt.NDArray[np.intp],
    nodes: int,
    fields: Array,
    slopes: Array,
) -> None:
    """Add the integrals over some stretches to those of their customers."""
    customer = every[chosen]
    count, scale = (p.r + rows.x)[customer], scale[customer]
    bought, left = buys.rate[chosen] * rows.length[chosen], leaves.rate[chosen] * rows.length[chosen]
    start, left_start = buys.start[chosen], leaves.start[chosen]
    sums = np.zeros((7, len(chosen)))
    along = np.zeros((4, len(chosen)))  # by the slopes of both clocks, at the start and within
    for place, weight in zip(*legendre(nodes), strict=True):
        y = left_start + place * left
        age, old = p.alpha + start + place * bought, p.beta + _dropout_growth(p, y)
        log_age, log_old = np.log(age), np.log(old)
        rate = np.ones(len(y)) if p.aging is None else p.aging * np.exp(p.aging * y)  # dB / dy
        each = weight * left * rate * np.exp(-count * log_age - (p.s + 1) * log_old - scale)
        by_age, by_old = each / age, each / old
        growth = 0.0 if p.aging is None else y * (rate / p.aging)
        aging = 0.0 if p.aging is None else each * (1 / p.aging + y)
        sums += np.stack(
            np.broadcast_arrays(each, each * log_age, by_age, each * log_old, by_old, aging, by_old * growth)
        )
        slope = (0.0 if p.aging is None else each * p.aging) - (p.s + 1) * by_old * rate
        along += np.stack([by_age, by_age * place, slope, slope * place])
    for field, values in zip(fields, sums, strict=True):
        field += np.bincount(customer, values, minlength=len(field))
    for slot, start_slope, z, inside, own in (
        (0, buys.start_slope, rows.purchase, bought, 0.0),
        (1, leaves.start_slope, rows.dropout, left, sums[0]),
    ):
        at_start, within = along[2 * slot], along[2 * slot + 1]
        for k in range(z.shape[1]):
            values = at_start * start_slope[chosen, k] + (within * inside + own) * z[chosen, k]
            slopes[slot, :, k] += np.bincount(customer, values, minlength=slopes.shape[1])


def expected_ahead(p: Rates, bought: Array, left: Array, ahead: Stretches) -> Array:
    """Return the purchases that customers who are active now are expected to make within stretches ahead, (n,).

    Parameters
    ----------
    bought, left : array (n,)
        Both clocks now: A and y since the first purchase.
    ahead : Stretches
    """
    buys = read_clock(ahead, ahead.speed, ahead.purchase, p.purchase)
    leaves = read_clock(ahead, 1.0, ahead.dropout, p.dropout)
    every = np.repeat(np.arange(len(ahead)), np.diff(ahead.first))
    now = p.beta + _dropout_growth(p, left)
    passed = leaves.rate * ahead.length
    total = np.zeros(len(ahead.length))
    for place, weight in zip(*legendre(NODES[2]), strict=True):
        old = p.beta + _dropout_growth(p, left[every] + leaves.start + place * passed)
        total += weight * buys.rate * ahead.length * (now[every] / old) ** p.s
    answer: Array = (p.r + ahead.x) / (p.alpha + bought) * np.bincount(every, total, minlength=len(ahead))
    return answer
