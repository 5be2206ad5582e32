"""Small sets of similar customers, which boosted trees learn from as if each were one customer.

The trees' gradients are sums over customers and linear in what a customer did, so that customers with equal features
can be replaced by their mean without any loss; among similar customers little is lost, far less than by a random
sample of as many rows, which forgets what the others did. DuMouchel et al. (1999), "Squashing Flat Files Flatter",
KDD '99, 6-15.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array

__all__ = ["means_of_sets", "shares_of_sets", "similar_customers"]

Numbers = npt.NDArray[np.int64]


def shares_of_sets(weight: Array, sets: int) -> Array:
    """Return the part of a set that each customer fills (n,), given positive weights (n,).

    Sets have equal weights; a customer whose weight is larger is a set alone. The shares add up to the number of sets.
    """
    size = float(weight.sum()) / sets
    while True:
        alone = weight >= size
        smaller = float(weight[~alone].sum()) / (sets - int(alone.sum()))
        if smaller >= size:  # nobody else is as heavy as a set
            shares: Array = np.minimum(weight / size, 1.0)
            return shares
        size = smaller


def similar_customers(group: Numbers, keys: Sequence[Array], share: Array) -> Numbers:
    """Return the number of the set of each customer (n,), from 0.

    Customers of a set belong to one group. Each group is cut in parts by the first key, these by the second, and so on,
    so that the shares of a set add up to about 1.

    Parameters
    ----------
    group : int array (n,)
    keys : sequence of array (n,)
    share : array (n,)
        The part of a set that a customer fills.
    """
    sets_of_group = np.maximum(np.bincount(group, share), 1.0)
    parts = np.floor(sets_of_group ** (1 / len(keys)) + 1e-9)[group]  # a whole root may be rounded down
    numbers = group
    for key in keys[:-1]:
        numbers = _cut(numbers, key, share, parts)
    return _cut(numbers, keys[-1], share, None)


def _cut(number: Numbers, key: Array, share: Array, parts: Array | None) -> Numbers:
    """Cut sets in the order of a key, and return the number of the new set of each customer, (n,).

    `parts` has the number of parts of each customer's set (n,), which have equal sums of shares; None: each part has a
    sum of about 1.
    """
    order = np.lexsort((key, number))
    share, old = share[order], number[order]
    starts = np.flatnonzero(np.append(True, old[1:] != old[:-1]))
    sizes = np.diff(np.append(starts, len(old)))
    total = np.repeat(np.add.reduceat(share, starts), sizes)
    passed = np.cumsum(share)
    middle = passed - np.repeat(passed[starts] - share[starts], sizes) - share / 2
    wanted = np.maximum(np.round(total), 1.0) if parts is None else parts[order]
    part = np.minimum(np.floor(middle / total * wanted), wanted - 1)
    first = np.append(True, (old[1:] != old[:-1]) | (part[1:] != part[:-1]))
    new = np.empty(len(old), dtype=np.int64)
    new[order] = np.cumsum(first) - 1
    return new


def means_of_sets(number: Numbers, values: Array) -> Array:
    """Return the means (m, k) of the values (n, k) of each set, without missing ones; missing if all of them are."""
    means = np.empty((int(number.max()) + 1, values.shape[1]))
    for i, column in enumerate(values.T):
        present = ~np.isnan(column)
        counts = np.bincount(number[present], minlength=len(means))
        sums = np.bincount(number[present], column[present], minlength=len(means))
        means[:, i] = np.divide(sums, counts, out=np.full(len(means), np.nan), where=counts > 0)
    return means
