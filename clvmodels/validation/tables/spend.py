"""The model of spend against what customers spent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvmodels.estimators.spend import SpendModel
from clvmodels.transactions.summary import RFM

__all__ = ["spend_histogram", "tail_words"]

BINS = 30
LARGEST = 0.99  # of the customers: the last bin holds the rest
DRAWN = 200_000  # customers simulated, in whole copies of those seen
HEAVY = 2.0  # the shape up to which spend has no variance


def spend_histogram(spend: SpendModel, rfm: RFM) -> pd.DataFrame:
    """Mean spend a purchase of the customers fitted, observed and as the model has it for as many purchases each.

    Returns
    -------
    DataFrame
        lower, upper, customers, observed, expected (shares); the last bin is open. Empty where covariates or groups
        give each customer a model of his own.
    """
    columns = ["lower", "upper", "customers", "observed", "expected"]
    if rfm.monetary_count is None or rfm.monetary_value is None or spend.process.statistics != spend.plain.statistics:
        return pd.DataFrame(columns=columns)
    used = (rfm.monetary_count > 0) & (rfm.monetary_value > 0)
    count, mean = rfm.monetary_count[used].astype(float), rfm.monetary_value[used]
    copies = max(1, DRAWN // len(count))
    p = spend.process.Parameters(*(np.float64(spend.parameters_[name]) for name in spend.fit_.parameters))
    drawn = spend.process.simulate(p, np.tile(count, copies), np.random.default_rng(0))
    edges = np.append(np.linspace(0, np.quantile(mean, LARGEST), BINS), np.inf)
    observed, expected = (np.histogram(values, edges)[0] for values in (mean, drawn))
    return pd.DataFrame(
        {
            "lower": edges[:-1],
            "upper": edges[1:],
            "customers": observed,
            "observed": observed / len(mean),
            "expected": expected / len(drawn),
        },
        columns=columns,
    )


def tail_words(spend: SpendModel) -> str:
    """A warning where the model's tail of spend is so heavy that means say little; nothing if it is not."""
    q = spend.parameters_.get("q")
    if q is None or q > HEAVY:
        return ""
    if q <= 1:
        return f"q is {q:.2f}: mean spend has no mean over customers, so values of new customers do not exist."
    return f"q is {q:.2f}: mean spend has no variance over customers, and a few of them may decide the total."
