"""The value of a forecast of money that was not made by the process, discounted as the money of the process is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from clvmodels.processes.contract import Array

__all__ = ["value_of_forecast"]


def value_of_forecast(own: Mapping[str, Array], money: Mapping[str, Array]) -> dict[str, Array]:
    """Return values: those of a process, times the forecast money over the money that the process expects.

    Parameters
    ----------
    own : mapping of str to array (n,)
        Of the process, as from `lifetime_value`: expected_purchases, expected_spend and lifetime_value.
    money : mapping of str to array (n,)
        Money that is not discounted, by "" for its expectation and "_lower" and "_upper" for the ends of an interval.

    Returns
    -------
    dict of str to array (n,)
        Named as `money`; missing where the process expects no money.
    """
    expected = own["expected_purchases"] * own["expected_spend"]
    worth = np.divide(own["lifetime_value"], expected, out=np.full(len(expected), np.nan), where=expected > 0)
    value = {end: worth * each for end, each in money.items()}
    if "_lower" in value:  # a negative margin swaps the ends
        value["_lower"], value["_upper"] = np.sort([value["_lower"], value["_upper"]], axis=0)
    return value
