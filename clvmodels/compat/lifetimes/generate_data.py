"""Draw artificial customers with the processes of this engine, by functions named as in lifetimes.

Draws depend on numpy's global seed, as in lifetimes, but the numbers differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clvmodels.compat.lifetimes.evaluation import as_array
from clvmodels.processes import bgbb, bgnbd, mbgnbd, pareto_nbd
from clvmodels.processes.contract import Array, History, PurchaseProcess

__all__ = [
    "beta_geometric_beta_binom_model",
    "beta_geometric_nbd_model",
    "beta_geometric_nbd_model_transactional_data",
    "modified_beta_geometric_nbd_model",
    "pareto_nbd_model",
]


def beta_geometric_nbd_model(T: Any, r: float, alpha: float, a: float, b: float, size: int = 1) -> pd.DataFrame:
    """Draw customers of BG/NBD.

    Parameters
    ----------
    T : float or array_like
        Time observed.
    r, alpha, a, b : float
    size : int, default=1

    Returns
    -------
    DataFrame
        frequency (the number of whole units of time with a repeat purchase), recency, T, lambda, p, alive.
    """
    return _customers(bgnbd.PROCESS, (r, alpha, a, b), T, size, "p")


def modified_beta_geometric_nbd_model(
    T: Any, r: float, alpha: float, a: float, b: float, size: int = 1
) -> pd.DataFrame:
    """Draw customers of MBG/NBD, as `beta_geometric_nbd_model` does for BG/NBD.

    Parameters
    ----------
    T : float or array_like
    r, alpha, a, b : float
    size : int, default=1
    """
    return _customers(mbgnbd.PROCESS, (r, alpha, a, b), T, size, "p")


def pareto_nbd_model(T: Any, r: float, alpha: float, s: float, beta: float, size: int = 1) -> pd.DataFrame:
    """Draw customers of Pareto/NBD.

    Parameters
    ----------
    T : float or array_like
        Time observed.
    r, alpha, s, beta : float
    size : int, default=1

    Returns
    -------
    DataFrame
        As for `beta_geometric_nbd_model`, with the dropout rate mu in place of p.
    """
    return _customers(pareto_nbd.PROCESS, (r, alpha, s, beta), T, size, "mu")


def beta_geometric_nbd_model_transactional_data(
    T: Any,
    r: float,
    alpha: float,
    a: float,
    b: float,
    observation_period_end: Any = "2019-1-1",
    freq: str = "D",
    size: int = 1,
) -> pd.DataFrame:
    """Draw the transactions of customers of BG/NBD, the first purchase included.

    Parameters
    ----------
    T : float or array_like
        Time observed, in units of `freq`.
    r, alpha, a, b : float
    observation_period_end : date or str, default="2019-1-1"
    freq : str, default="D"
        Unit of time: "D", "W" or "h".
    size : int, default=1

    Returns
    -------
    DataFrame
        customer_id, date: one row per purchase, by customer and date.
    """
    ages = _ages(T, size)
    history = _draw(bgnbd.PROCESS, (r, alpha, a, b), ages, _generator())
    one: Any = freq
    unit = pd.Timedelta(1, unit=one)
    first = pd.to_datetime(observation_period_end) - ages * unit
    # A repeat purchase falls into the unit after its time, so that no unit has both the first purchase and another.
    customer = np.concatenate([np.arange(size), history.customer])
    after = np.concatenate([np.zeros(size), 1 + history.time])
    order = np.lexsort((after, customer))
    return pd.DataFrame({"customer_id": customer[order], "date": (first[customer] + after * unit)[order]})


def beta_geometric_beta_binom_model(
    N: Any, alpha: float, beta: float, gamma: float, delta: float, size: int = 1
) -> pd.DataFrame:
    """Draw customers of BG/BB.

    Parameters
    ----------
    N : int or array_like
        Opportunities after the first purchase.
    alpha, beta, gamma, delta : float
    size : int, default=1

    Returns
    -------
    DataFrame
        frequency, recency, n_periods, p, theta, alive (at the opportunity after the last), customer_id.
    """
    opportunities, generator = _ages(N, size), _generator()
    history = _draw(bgbb.PROCESS, (alpha, beta, gamma, delta), opportunities, generator)
    p, theta = history.levels["purchase_probability"], history.levels["dropout_probability"]
    alive = history.active & (generator.random(size) >= theta)
    columns = {"frequency": history.x, "recency": history.t_x, "n_periods": opportunities, "p": p, "theta": theta}
    return pd.DataFrame({**columns, "alive": alive, "customer_id": np.arange(size)})


def _customers(process: PurchaseProcess, parameters: tuple[float, ...], T: Any, size: int, level: str) -> pd.DataFrame:
    """Return the summaries of customers drawn from a process; `level` names the column of their dropout."""
    ages, generator = _ages(T, size), _generator()
    history = _draw(process, parameters, ages, generator)
    units = np.unique(np.stack([history.customer, np.floor(history.time).astype(np.intp)]), axis=1)
    if level == "p":
        dropout = history.levels["dropout_probability"]
    else:  # the rate given the lifetime
        _, _, s, beta = parameters
        dropout = generator.gamma(s + 1, size=size) / (beta + history.levels["lifetime"])
    columns = {
        "frequency": np.bincount(units[0], minlength=size).astype(float),
        "recency": history.t_x,
        "T": ages,
        "lambda": history.levels["purchase_rate"],
        level: dropout,
        "alive": history.active,
    }
    return pd.DataFrame(columns, index=pd.Index(np.arange(size), name="customer_id"))


def _draw(
    process: PurchaseProcess, parameters: tuple[float, ...], ages: Array, generator: np.random.Generator
) -> History:
    history: History = process.simulate(process.Parameters(*map(np.float64, parameters)), ages, generator)
    return history


def _ages(T: Any, size: int) -> Array:
    """Return the observed time of each of `size` customers."""
    ages = as_array(T)
    return np.full(size, float(ages)) if ages.ndim == 0 else ages[:size]


def _generator() -> np.random.Generator:
    """Return a generator that follows numpy's global seed."""
    return np.random.default_rng(np.random.randint(2**31, size=4))  # noqa: NPY002  # scripts call np.random.seed
