"""The spend model compared with what customers spent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clvmodels.estimators.spend import SpendModel
from clvmodels.language import Finding
from clvmodels.transactions.summary import RFM

__all__ = ["spend_histogram", "tail_finding"]

BINS = 30
LARGEST_QUANTILE = 0.99  # the last bin includes all customers above this quantile
SIMULATED_CUSTOMERS = 200_000  # at least, as whole copies of the observed customers
NO_MEAN, NO_VARIANCE = 1.0, 2.0  # values of q up to which mean spend has no mean, or no variance, across customers


def spend_histogram(spend: SpendModel, rfm: RFM) -> pd.DataFrame:
    """Return the histogram of customers' average order value, observed and simulated with the same numbers of orders.

    Returns
    -------
    DataFrame
        lower, upper, customers, observed, expected (shares); the last bin is open. Empty for a model with covariates or
        groups, which has several distributions.
    """
    columns = ["lower", "upper", "customers", "observed", "expected"]
    if rfm.monetary_count is None or rfm.monetary_value is None or spend.process.statistics != spend.plain.statistics:
        return pd.DataFrame(columns=columns)
    used = (rfm.monetary_count > 0) & (rfm.monetary_value > 0)
    count, mean = rfm.monetary_count[used].astype(float), rfm.monetary_value[used]
    copies = max(1, SIMULATED_CUSTOMERS // len(count))
    p = spend.process.Parameters(*(np.float64(spend.parameters_[name]) for name in spend.fit_.parameters))
    simulated = spend.process.simulate(p, np.tile(count, copies), np.random.default_rng(0))
    edges = np.append(np.linspace(0, np.quantile(mean, LARGEST_QUANTILE), BINS), np.inf)
    observed, expected = (np.histogram(values, edges)[0] for values in (mean, simulated))
    return pd.DataFrame(
        {
            "lower": edges[:-1],
            "upper": edges[1:],
            "customers": observed,
            "observed": observed / len(mean),
            "expected": expected / len(simulated),
        },
        columns=columns,
    )


def tail_finding(spend: SpendModel) -> Finding | None:
    """Return a finding if the tail of spend is too heavy for means to be useful, otherwise None."""
    q = spend.parameters_.get("q")
    if q is None or q > NO_VARIANCE:
        return None
    if q <= NO_MEAN:
        return Finding("spend-no-mean", {"q": float(q)}, "problem")
    return Finding("spend-no-variance", {"q": float(q)}, "caution")
