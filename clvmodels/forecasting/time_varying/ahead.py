"""Compute the discounted value of purchases at rates that change over time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clvmodels import frames
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.valuation.periods import periods_after
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["discounted_value"]


def discounted_value(
    expected: Callable[[float], Array], spend: SpendModel, history: KnownHistory, terms: ValueTerms
) -> frames.Frame:
    """Return the value of customers: each month's expected purchases times their spend, discounted from mid-month.

    Parameters
    ----------
    expected : function
        Of a time after the cutoff, in the clock's unit: the purchases expected of each customer until then, (n,).
    spend : fitted SpendModel
    history : KnownHistory
    terms : ValueTerms
    """
    if not isinstance(spend, SpendModel):
        raise InvalidOption(f"spend= is a {type(spend).__name__}, not a fitted spend model such as GammaGamma().")
    spend._check_fitted()
    rfm, clock = history.rfm, history.clock
    if spend.clock_ != clock:
        raise ClockMismatch(
            f"The spend model was fitted in {spend.clock_}, but this history is in {clock}: fit it to history.rfm."
        )
    length, rate = terms.length(clock), terms.rate(clock)
    ends = periods_after(clock, history.observation_end, length, "month").ends
    reached = np.stack([expected(float(end)) for end in ends])
    bought = np.diff(reached, axis=0, prepend=0.0)
    middle = 0.5 * (ends + np.append(0.0, ends[:-1]))
    discounted = np.exp(-rate * middle) @ bought
    each = spend.spend_prediction(rfm).point
    return frames.table(
        history.purchase_log.kind,
        {
            "customer_id": rfm.customer_id,
            "expected_purchases": reached[-1],
            "discounted_purchases": discounted,
            "expected_spend": each,
            "lifetime_value": terms.margin * discounted * each,
        },
    )
