"""GGompertz/NBD: purchases at a gamma-distributed rate until dropout, which grows likelier with a customer's age.

Bemmaor & Glady (2012), "Modeling Purchasing Behavior with Sudden 'Death': A Flexible Customer Lifetime Model",
Management Science 58(5), 1012-1021; called BG below. The rate of dropout at age t is eta b exp(bt), eta ~
Gamma(s, beta). As b falls to 0 with beta/b kept, it becomes Pareto/NBD. The likelihood and all that follows from it
is in dropout_time.py.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from clvmodels.processes import dropout_time, ggompertz_nbd_totals, order_times
from clvmodels.processes.blocks import PURCHASE_RATE, GompertzBlock
from clvmodels.processes.contract import Array, PurchaseProcess
from clvmodels.processes.coordinates import Parametrization
from clvmodels.processes.quantities import (
    MEAN_DROPOUT_RATE,
    MEAN_PURCHASE_RATE,
    MEAN_TIME_BETWEEN_PURCHASES,
    MEDIAN_LIFETIME,
)
from clvmodels.processes.race import Remaining

__all__ = ["PROCESS", "Parameters"]


class Parameters(NamedTuple):
    """r, alpha of the purchase rate (alpha in time units); b (per time unit), s, beta of dropout. All positive."""

    r: Array
    alpha: Array
    b: Array
    s: Array
    beta: Array


def remaining(p: Parameters, t: Array) -> Remaining:
    """Return the law of the remaining time of a customer active at t: BG eq. (3), in which t only changes beta.

    P(longer than z) = (1 + (exp(bz) - 1)/beta_t)^-s with beta_t = 1 + (beta - 1) exp(-bt); B = beta_t/b.
    """
    passed = np.exp(-p.b * t)
    B = (p.beta * passed - np.expm1(-p.b * t)) / p.b
    return Remaining(p.s, B, p.b + np.zeros(np.shape(B)), p.beta * passed / p.b, -B + t * passed * (1 - p.beta))


def purchases_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h] of a customer who is active at T."""
    return dropout_time.discounted_if_active(remaining, p, h, 0.0, x, T)


def residual_if_active(p: Parameters, x: Array, T: Array) -> Array:
    """Return all expected purchases after T of a customer who is active at T: finite, as no customer stays forever."""
    return dropout_time.discounted_if_active(remaining, p, np.asarray(np.inf), 0.0, x, T)


def starts(x: Array, t_x: Array, T: Array) -> list[Parameters]:
    """Return starting values: the overall rate, with little or much dropout and variation, soon or late."""
    return _starts(x, T, (0.5, 1.5, 0.05, 0.6, 0.6), (2.0, 1.2, 0.5, 2.0, 0.2), (0.2, 3.0, 2.0, 0.5, 1.0))


def more_starts(x: Array, t_x: Array, T: Array) -> list[Parameters]:
    """Return starting values for possible maxima with weak dropout.

    Some customers leave at once, with aging or without (as in Pareto/NBD); all leave late; or a few do.
    """
    at_once = (0.8, 1.3, 0.01, 0.02, 2000.0), (0.8, 1.3, 5.0, 0.01, 1000.0)
    return _starts(x, T, *at_once, (0.8, 1.1, 10.0, 50.0, 1e-4), (0.8, 1.1, 20.0, 0.01, 1e-3))


def _starts(x: Array, T: Array, *shapes: tuple[float, ...]) -> list[Parameters]:
    """Return parameters: r, a factor of the overall rate, b, s and the first hazard, in units of the mean T."""
    span = max(float(np.sum(T)) / max(len(T), 1), 1e-300)
    rate = max(float(np.sum(x)), 0.5) / (span * max(len(T), 1))
    return [
        Parameters(*map(np.asarray, (r, r / (rate * boost), b / span, s, s * b / hazard)))
        for r, boost, b, s, hazard in shapes
    ]


def quantities(p: Parameters) -> dict[str, Array]:
    """Return the summary quantities: means over new customers, and how long half of them stay."""
    half = Remaining(p.s, p.beta / p.b, p.b, p.beta, None).time_of(np.log(2) / p.s)
    return {
        MEAN_PURCHASE_RATE: p.r / p.alpha,
        MEAN_TIME_BETWEEN_PURCHASES: p.alpha / p.r,
        MEAN_DROPOUT_RATE: p.b * p.s / p.beta,
        MEDIAN_LIFETIME: np.minimum(half, np.finfo(float).max),
    }


PROCESS = PurchaseProcess(
    name="ggompertz_nbd",
    title="GGompertz/NBD",
    source="Bemmaor & Glady (2012), Management Science 58(5), 1012-1021",
    Parameters=Parameters,
    parametrization=Parametrization(
        blocks=(
            PURCHASE_RATE,
            GompertzBlock(
                "b",
                "s",
                "beta",
                of="dropout rate",
                no_aging="fit-no-aging",
                all_aging="fit-dropout-at-same-age",
                no_variation="fit-dropout-equal",
                all_variation="fit-dropout-at-once-or-never",
                no_mean="fit-no-dropout-at-first",
                all_mean="fit-some-leave-at-once",
            ),
        ),
        unit_powers={"alpha": 1, "b": -1},
    ),
    statistics=("frequency", "recency", "T"),
    **dropout_time.functions(remaining),
    totals=ggompertz_nbd_totals.totals,
    totals_split_rows=True,
    buys_between_if_active=partial(order_times.buys_between_dropout_time, remaining),
    draw_orders_if_active=partial(order_times.dropout_time_orders, remaining),
    starts=starts,
    more_starts=more_starts,
    state=("frequency", "T"),
    purchases_if_active=purchases_if_active,
    residual_if_active=residual_if_active,
    quantities=quantities,
    quantity_powers=dropout_time.QUANTITY_POWERS,
    moves={"purchase": ("log mean purchase rate", 1.0), "dropout": ("log mean dropout rate", 1.0)},
)
