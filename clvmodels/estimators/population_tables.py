"""What a fitted model says of customers in general, as tables: the field's well-known pictures are drawn from them."""

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
from clvmodels.processes.contract import Array
from clvmodels.processes.coordinates import BetaBlock, GammaBlock, GompertzBlock
from clvmodels.transactions.summary import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frequency_recency_table", "heterogeneity_table", "history_table", "new_customers_table"]

TIMES = 60  # points of a line over time
RATES = 40  # bins of a histogram
SHOWN = 0.95  # share of the customers in the bins that are closed
MOST_SHOWN = 30  # repeat purchases in a map, unless asked for more


def frequency_recency_table(
    model: PurchaseModel, rfm: RFM, horizon: float | str, *, frequencies: int | None = None, recencies: int = 60
) -> pd.DataFrame:
    """P(alive) and expected purchases of customers by how often and how recently they bought.

    Of customers first seen when the earliest were, such as would have every frequency and recency; with intertimes, as
    if purchases had come at equal distances.

    Parameters
    ----------
    model : PurchaseModel
        Fitted, without covariates or groups, in continuous time or of opportunities.
    rfm : RFM
        Whose greatest T and frequency the table reaches.
    horizon : float or str
        In the clock's unit, or a length with its unit such as "12 months".
    frequencies : int, optional
        The most repeat purchases; default: what all but one customer in a thousand keep below, at most 30.
    recencies : int
        Steps of recency, from 0 to T.

    Returns
    -------
    DataFrame
        frequency, recency, T, probability_alive, expected_purchases; unit of times, and horizon, in words.

    Raises
    ------
    InvalidOption
        For a model that tells customers apart by covariates or groups.

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
        frequencies = int(np.clip(np.quantile(rfm.frequency, 0.999, method="higher"), 1, MOST_SHOWN))
    steps = np.arange(T + 1) if rfm.clock.discrete else _whole_ticks(np.linspace(0, T, recencies + 1), rfm.clock)
    x, t_x = (grid.ravel() for grid in np.meshgrid(np.arange(frequencies + 1), steps, indexing="ij"))
    # Nobody has repeat purchases at recency 0, and none without recency: the nearest history that may be stands there.
    shortest = steps[1]
    lived = np.where(x > 0, np.maximum(t_x, np.minimum(x, T) if rfm.clock.discrete else shortest), 0.0)
    bought = np.minimum(x, lived) if rfm.clock.discrete else x
    customers = _customers(model, bought, lived, np.full(len(x), T))
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
            "horizon": _in_words(horizon, model.clock_.time_unit),
        }
    )


def history_table(
    model: PurchaseModel, purchases: Sequence[str | Date], end: str | Date, *, interval: float | None = None
) -> pd.DataFrame:
    """P(alive) of one customer, day by day (or opportunity by opportunity), as it could be told on each.

    Parameters
    ----------
    model : PurchaseModel
        Fitted, without covariates or groups.
    purchases : sequence of str or date
        The days on which the customer bought, in any order.
    end : date or str
        The last day to tell.
    interval : float, optional
        Central probability, such as 0.9, of an interval for doubt about the parameters.

    Returns
    -------
    DataFrame
        date, frequency, recency, T, purchase (whether the customer bought that day), probability_alive and, with an
        interval, lower and upper.

    Raises
    ------
    InvalidOption
        For a model with covariates or groups, no purchase, or an end before the first.

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
        raise InvalidOption(f"No purchase is as early as the end, {clock.describe_tick(last)}: nothing is known yet.")
    ticks = np.arange(bought[0], last + 1)
    count = np.searchsorted(bought, ticks, side="right") - 1
    scale = clock.ticks_per_unit
    gaps = np.append(0.0, np.cumsum(np.log(np.diff(bought) / scale)))
    recency, T = (bought[count] - bought[0]) / scale, (ticks - bought[0]) / scale
    customers = _customers(model, count.astype(float), recency, T, gaps[count])
    told = model.probability_alive(customers, interval=interval)
    table = pd.DataFrame(
        {
            "date": [clock.describe_tick(int(tick)) for tick in ticks],
            "frequency": count,
            "recency": recency,
            "T": T,
            "purchase": np.isin(ticks, bought),
            "probability_alive": told["probability_alive"].to_numpy(),
        }
    )
    if interval is not None:
        table = table.assign(**{end: told[f"probability_alive_{end}"].to_numpy() for end in ("lower", "upper")})
    return table


def heterogeneity_table(model: PurchaseModel) -> pd.DataFrame:
    """How new customers differ in purchase rate and in dropout: shares of them, bin by bin.

    Shares rather than densities, which are infinite at 0 where many hardly buy at all. Of a model with covariates, of
    customers whose columns are 0. In GGompertz/NBD the dropout rate is that of a new customer.

    Parameters
    ----------
    model : PurchaseModel
        Fitted, without groups.

    Returns
    -------
    DataFrame
        quantity ("purchase rate", "dropout probability", ...), left, right, share, mean, unit; rates have an open last
        bin with the twentieth of the customers of the highest.
    """
    import pandas as pd

    if model.by is not None:
        raise InvalidOption("This model has parameters for each group: fit one to the group you mean.")
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
        top = 1.0 if probability else float(law.ppf(SHOWN))
        edges = np.append(np.linspace(0, top, RATES // (2 if probability else 1) + 1), [] if probability else [np.inf])
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
    """Expected repeat purchases of a new customer over time since the first purchase, with an interval.

    Parameters
    ----------
    models : PurchaseModel or sequence of them
        Fitted, on one clock, without covariates or groups.
    horizon : float or str
        How far to tell it.
    interval : float
        Central probability of the interval, for doubt about the parameters.
    draws : int
        Of the parameters.
    random_state : int or Generator

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
        times = np.arange(length + 1) if model.clock_.discrete else np.linspace(0, length, TIMES + 1)
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
    """Customers with these histories, numbered; their purchases at equal distances where no gaps are given."""
    import pandas as pd

    columns: Mapping[str, Any] = {"customer_id": np.arange(len(x)), "frequency": x, "recency": t_x, "T": T}
    if "sum_log_intertimes" in model.process.statistics:
        even = np.where(x > 0, x * np.log(np.where(x > 0, t_x, 1.0) / np.maximum(x, 1)), 0.0)
        columns = {**columns, "sum_log_intertimes": even if gaps is None else gaps}
    clock = model.clock_
    frame = pd.DataFrame(columns)
    return RFM.from_frame(frame, time_unit=clock.time_unit, merge_within=clock.merge_within, time_zone=clock.time_zone)


def _whole_ticks(times: Array, clock: Clock) -> Array:
    """The nearest times that a clock can tell, each once."""
    return np.unique(np.rint(times * clock.ticks_per_unit)) / clock.ticks_per_unit


def _refuse_covariates(model: PurchaseModel) -> None:
    if set(model.process.state) != set(model.plain.state) or model.by is not None:
        raise InvalidOption("This model tells customers apart by covariates or groups; the picture is of all alike.")


def _in_words(horizon: float | str, unit: str) -> str:
    return horizon if isinstance(horizon, str) else f"{horizon:g} {unit}s"
