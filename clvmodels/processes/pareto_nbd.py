"""Pareto/NBD: purchases at a gamma-distributed rate until dropout, which comes at a gamma-distributed rate of its own.

Schmittlein, Morrison & Colombo (1987), "Counting Your Customers: Who Are They and What Will They Do Next?", Management
Science 33(1), 1-24; called SMC below. The likelihood and all that follows from it is in dropout_time.py.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from clvmodels.processes import dropout_time, order_times, pareto_nbd_totals
from clvmodels.processes.blocks import PURCHASE_RATE, GammaBlock
from clvmodels.processes.contract import Array, PurchaseProcess
from clvmodels.processes.coordinates import Parametrization
from clvmodels.processes.quantities import (
    MEAN_DROPOUT_RATE,
    MEAN_PURCHASE_RATE,
    MEAN_TIME_BETWEEN_PURCHASES,
    MEDIAN_LIFETIME,
)
from clvmodels.processes.race import Remaining
from clvmodels.processes.special import discounted_length

__all__ = ["PROCESS", "Parameters"]


class Parameters(NamedTuple):
    """r, alpha of the purchase rate; s, beta of the dropout rate (alpha, beta in time units). All positive."""

    r: Array
    alpha: Array
    s: Array
    beta: Array


def remaining(p: Parameters, t: Array) -> Remaining:
    """Return the law of the remaining time of a customer active at t: (1 + z/(beta+t))^-s. SMC eq. (5)."""
    return Remaining(p.s, p.beta + t, None, p.beta, None)


def purchases_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h] of a customer who is active at T. SMC eq. (22), regular at s = 1."""
    span = np.log1p(h / (p.beta + T))
    power = (1 - p.s) * span
    with np.errstate(over="ignore"):
        grown = np.where(power == 0, 1.0, np.expm1(power) / np.where(power == 0, 1.0, power))
    answer: Array = (p.r + x) / (p.alpha + T) * (p.beta + T) * span * grown
    return answer


def residual_if_active(p: Parameters, x: Array, T: Array) -> Array:
    """Return the expected purchases ever after T of a customer who is active at T; infinite for s <= 1."""
    finite = p.s > 1
    stay = np.where(finite, (p.beta + T) / np.where(finite, p.s - 1, 1.0), np.inf)
    answer: Array = (p.r + x) / (p.alpha + T) * stay
    return answer


def sample_mean_if_active(
    p: Parameters, h: float | Array, delta: float, x: Array, T: Array, generator: np.random.Generator
) -> Array:
    """Draw purchase rates and dropout rates of active customers; return the purchases expected at these."""
    shape = np.broadcast_shapes(*map(np.shape, (*p, x, T)))
    rate = generator.standard_gamma(np.broadcast_to(p.r + x, shape)) / (p.alpha + T)
    leaving = generator.standard_gamma(np.broadcast_to(p.s, shape)) / (p.beta + T)
    return rate * discounted_length(leaving + delta, h)


def starts(x: Array, t_x: Array, T: Array) -> list[Parameters]:
    """Return starting values: the overall rate, with little or much dropout and variation."""
    return _starts(x, T, (0.5, 1.5, 0.6, 1.0), (2.0, 1.2, 2.0, 10.0), (0.2, 3.0, 0.3, 0.1))


def more_starts(x: Array, t_x: Array, T: Array) -> list[Parameters]:
    """Return starting values for a possible maximum with weak dropout: some customers leave at once, and few later."""
    return _starts(x, T, (0.8, 1.3, 0.02, 1e-5))


def _starts(x: Array, T: Array, *shapes: tuple[float, float, float, float]) -> list[Parameters]:
    """Return parameters with the overall rate times a factor, and beta as a share of the mean T."""
    span = max(float(np.sum(T)) / max(len(T), 1), 1e-300)
    rate = max(float(np.sum(x)), 0.5) / (span * max(len(T), 1))
    return [Parameters(*map(np.asarray, (r, r / (rate * boost), s, share * span))) for r, boost, s, share in shapes]


def quantities(p: Parameters) -> dict[str, Array]:
    """Return the summary quantities: means over new customers, and how long half of them stay."""
    return {
        MEAN_PURCHASE_RATE: p.r / p.alpha,
        MEAN_TIME_BETWEEN_PURCHASES: p.alpha / p.r,
        MEAN_DROPOUT_RATE: p.s / p.beta,
        MEDIAN_LIFETIME: p.beta * np.expm1(np.minimum(np.log(2) / p.s, 600.0)),
    }


PROCESS = PurchaseProcess(
    name="pareto_nbd",
    title="Pareto/NBD",
    source="Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24",
    Parameters=Parameters,
    parametrization=Parametrization(
        blocks=(
            PURCHASE_RATE,
            GammaBlock(
                "s",
                "beta",
                of="dropout rate",
                no_variation="fit-dropout-equal",
                all_variation="fit-dropout-at-once-or-never",
                no_mean="fit-no-dropout-nbd",
                all_mean="fit-some-leave-at-once",
            ),
        ),
        unit_powers={"alpha": 1, "beta": 1},
    ),
    statistics=("frequency", "recency", "T"),
    **dropout_time.functions(remaining),
    buys_between_if_active=partial(order_times.buys_between_dropout_time, remaining),
    draw_orders_if_active=partial(order_times.dropout_time_orders, remaining),
    starts=starts,
    more_starts=more_starts,
    state=("frequency", "T"),
    purchases_if_active=purchases_if_active,
    sample_mean_if_active=sample_mean_if_active,
    residual_if_active=residual_if_active,
    quantities=quantities,
    quantity_powers=dropout_time.QUANTITY_POWERS,
    totals=pareto_nbd_totals.totals,
    totals_split_rows=True,
    moves={"purchase": ("log mean purchase rate", 1.0), "dropout": ("log mean dropout rate", 1.0)},
)
