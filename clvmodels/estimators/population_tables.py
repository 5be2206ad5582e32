"""Tables of a fitted model about customers in general, for the well-known plots of the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date as Date
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import beta, gamma

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.inference.uncertainty import RandomState, draw_parameters, seed_of
from clvmodels.processes.blocks import BetaBlock, GammaBlock, GompertzBlock
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frequency_recency_table", "heterogeneity_table", "history_table", "new_customers_table"]

TIME_STEPS = 60  # time steps of a line
BINS = 40  # bins of a histogram of rates; a histogram of probabilities has half of this number
CLOSED_SHARE = 0.95  # share of the customers in the closed bins of a histogram of rates
MOST_FREQUENCIES = 30  # largest number of repeat purchases by default


def frequency_recency_table(
    model: PurchaseModel, rfm: RFM, horizon: float | str, *, frequencies: int | None = None, recencies: int = 60
) -> pd.DataFrame:
    """Return P(alive) and expected purchases for every frequency and recency.

    T is that of the customers first seen. Models that use intertimes get equal intertimes.

    Parameters
    ----------
    model : PurchaseModel
        Fitted, without covariates or groups, in continuous time or of opportunities.
    rfm : RFM
        Its largest T is that of the table.
    horizon : float or str
        In the clock's unit, or a length with its unit such as "12 months".
    frequencies : int, optional
        Largest number of repeat purchases. Default: the 99.9 % quantile of the RFM's frequency, at most 30.
    recencies : int, default=60
        Number of steps of recency from 0 to T.

    Returns
    -------
    DataFrame
        frequency, recency, T, probability_alive, expected_purchases, unit (of times) and horizon (as text).

    Raises
    ------
    InvalidOption
        For a model with covariates or groups.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from clvmodels.estimators.population_tables import frequency_recency_table
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> table = frequency_recency_table(clv.BGNBD().fit(rfm), rfm, "39 weeks")
    >>> table.query("frequency == 7").probability_alive.is_monotonic_increasing
    True
    """
    import pandas as pd

    _refuse_covariates(model)
    T = float(rfm.T.max())
    if frequencies is None:
        frequencies = int(np.clip(np.quantile(rfm.frequency, 0.999, method="higher"), 1, MOST_FREQUENCIES))
    steps = np.arange(T + 1) if rfm.clock.discrete else _whole_ticks(np.linspace(0, T, recencies + 1), rfm.clock)
    x, t_x = (grid.ravel() for grid in np.meshgrid(np.arange(frequencies + 1), steps, indexing="ij"))
    # Repeat purchases at recency 0, and recency without repeat purchases, are impossible. Such cells get the values of
    # the nearest possible history.
    shortest = steps[1]
    recency = np.where(x > 0, np.maximum(t_x, np.minimum(x, T) if rfm.clock.discrete else shortest), 0.0)
    frequency = np.minimum(x, recency) if rfm.clock.discrete else x
    customers = _customers(model, frequency, recency, np.full(len(x), T))
    alive = np.asarray(model.probability_alive(customers)["probability_alive"].to_numpy())
    expected = np.asarray(model.expected_purchases(customers, horizon)["expected_purchases"].to_numpy())
    return pd.DataFrame(
        {
            "frequency": x,
            "recency": t_x,
            "T": T,
            "probability_alive": alive,
            "expected_purchases": expected,
            "unit": model.clock_.time_unit,
            "horizon": _horizon_text(horizon, model.clock_.time_unit),
        }
    )


def history_table(
    model: PurchaseModel, purchases: Sequence[str | Date], end: str | Date, *, interval: float | None = None
) -> pd.DataFrame:
    """Return P(alive) of one customer on each day (or opportunity), given the purchases up to then.

    Parameters
    ----------
    model : PurchaseModel
        Fitted, without covariates or groups.
    purchases : sequence of str or date
        Days of the customer's purchases, in any order.
    end : date or str
        Last day of the table.
    interval : float, optional
        Central probability, such as 0.9, of an interval for the uncertainty of the parameters.

    Returns
    -------
    DataFrame
        date, frequency, recency, T, purchase (whether the customer bought that day), probability_alive and, with an
        interval, lower and upper.

    Raises
    ------
    InvalidOption
        For a model with covariates or groups, and for an end before the first purchase.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from clvmodels.estimators.population_tables import history_table
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> table = history_table(clv.BGNBD().fit(rfm), ["1997-01-01", "1997-02-10", "1997-05-02"], "1997-09-30")
    >>> len(table), int(table.purchase.sum())
    (273, 3)
    """
    import pandas as pd

    _refuse_covariates(model)
    clock = model.clock_
    bought = np.unique([clock.last_tick(day) for day in purchases])
    last = clock.closing_tick(end, "end")
    bought = bought[bought <= last]
    if len(bought) == 0:
        raise InvalidOption(
            f"The customer has no purchase up to the end, {clock.describe_tick(last)}: choose a later end."
        )
    ticks = np.arange(bought[0], last + 1)
    count = np.searchsorted(bought, ticks, side="right") - 1
    scale = clock.ticks_per_unit
    gaps = np.append(0.0, np.cumsum(np.log(np.diff(bought) / scale)))
    recency, T = (bought[count] - bought[0]) / scale, (ticks - bought[0]) / scale
    customers = _customers(model, count.astype(float), recency, T, gaps[count])
    alive = model.probability_alive(customers, interval=interval)
    table = pd.DataFrame(
        {
            "date": [clock.describe_tick(int(tick)) for tick in ticks],
            "frequency": count,
            "recency": recency,
            "T": T,
            "purchase": np.isin(ticks, bought),
            "probability_alive": alive["probability_alive"].to_numpy(),
        }
    )
    if interval is not None:
        table = table.assign(**{end: alive[f"probability_alive_{end}"].to_numpy() for end in ("lower", "upper")})
    return table


def heterogeneity_table(model: PurchaseModel) -> pd.DataFrame:
    """Return the distributions of purchase rate and dropout over new customers, as shares of customers per bin.

    Shares are used because the densities can be infinite at 0. In a model with covariates, the customers are those
    whose columns are 0. In GGompertz/NBD, the dropout rate is that of a new customer.

    Parameters
    ----------
    model : PurchaseModel
        Fitted, without groups.

    Returns
    -------
    DataFrame
        quantity ("purchase rate", "dropout probability", ...), left, right, share, mean, unit. The last bin of a rate
        is open and has the 5 % of customers with the highest rates.
    """
    import pandas as pd

    if model.by is not None:
        raise InvalidOption("This model has separate parameters for each group: fit a model to one group.")
    p, tables = model.parameters_, []
    for block in model.plain.parametrization.blocks:
        if isinstance(block, GammaBlock):
            law = gamma(p[block.shape], scale=1 / (p[block.rate] * block.events))
        elif isinstance(block, GompertzBlock):
            law = gamma(p[block.shape], scale=p[block.pace] / p[block.rate])
        elif isinstance(block, BetaBlock):
            law = beta(p[block.a], p[block.b])
        else:
            continue
        probability = isinstance(block, BetaBlock)
        top = 1.0 if probability else float(law.ppf(CLOSED_SHARE))
        edges = np.append(np.linspace(0, top, BINS // (2 if probability else 1) + 1), [] if probability else [np.inf])
        tables.append(
            pd.DataFrame(
                {
                    "quantity": block.of,
                    "left": edges[:-1],
                    "right": edges[1:],
                    "share": np.diff(law.cdf(edges)),
                    "mean": float(law.mean()),
                    "unit": "" if probability else f"per {model.clock_.time_unit}",
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def new_customers_table(
    models: PurchaseModel | Sequence[PurchaseModel],
    horizon: float | str,
    *,
    interval: float = 0.9,
    draws: int = 200,
    random_state: RandomState = 0,
) -> pd.DataFrame:
    """Return the expected repeat purchases of a new customer over time since the first purchase, with an interval.

    Parameters
    ----------
    models : PurchaseModel or sequence of them
        Fitted, with the same clock, without covariates or groups.
    horizon : float or str
        Length of the table, in the clock's unit or with its unit such as "12 months".
    interval : float, default=0.9
        Central probability of an interval for the uncertainty of the parameters.
    draws : int, default=200
        Number of draws of the parameters.
    random_state : int or Generator, default=0

    Returns
    -------
    DataFrame
        model, time, expected, lower, upper (purchases), unit (of time).
    """
    import pandas as pd

    tables = []
    for model in [models] if isinstance(models, PurchaseModel) else models:
        _refuse_covariates(model)
        length = model.clock_.duration(horizon, "horizon")
        times = np.arange(length + 1) if model.clock_.discrete else np.linspace(0, length, TIME_STEPS + 1)
        drawn = draw_parameters(model.process, model.fit_, draws, seed_of(random_state))
        each = [model.process.mean_purchases(model.process.Parameters(*values), times) for values in drawn.T]
        lower, upper = np.quantile(each, [0.5 - interval / 2, 0.5 + interval / 2], axis=0)
        tables.append(
            pd.DataFrame(
                {
                    "model": model.title,
                    "time": times,
                    "expected": model.mean_purchases(times),
                    "lower": lower,
                    "upper": upper,
                    "unit": model.clock_.time_unit,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _customers(model: PurchaseModel, x: Array, t_x: Array, T: Array, gaps: Array | None = None) -> RFM:
    """Return an RFM of customers with these histories; without gaps, their purchases are at equal distances."""
    import pandas as pd

    columns: Mapping[str, Any] = {"customer_id": np.arange(len(x)), "frequency": x, "recency": t_x, "T": T}
    if "sum_log_intertimes" in model.process.statistics:
        even = np.where(x > 0, x * np.log(np.where(x > 0, t_x, 1.0) / np.maximum(x, 1)), 0.0)
        columns = {**columns, "sum_log_intertimes": even if gaps is None else gaps}
    clock = model.clock_
    frame = pd.DataFrame(columns)
    return RFM.from_frame(frame, time_unit=clock.time_unit, merge_within=clock.merge_within, time_zone=clock.time_zone)


def _whole_ticks(times: Array, clock: Clock) -> Array:
    """Return the distinct whole ticks nearest to some times."""
    return np.unique(np.rint(times * clock.ticks_per_unit)) / clock.ticks_per_unit


def _refuse_covariates(model: PurchaseModel) -> None:
    if set(model.process.state) != set(model.plain.state) or model.by is not None:
        raise InvalidOption("This table does not support models with covariates or groups.")


def _horizon_text(horizon: float | str, unit: str) -> str:
    return horizon if isinstance(horizon, str) else f"{horizon:g} {unit}s"
