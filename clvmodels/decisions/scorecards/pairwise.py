"""Weights from judgments of pairs: the analytic hierarchy process, with its consistency ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from numbers import Real
from typing import Any

import numpy as np

from clvmodels.errors import InvalidOption, closest, list_names
from clvmodels.processes.contract import Array

__all__ = ["pairwise_weights"]

# Mean consistency index of random judgments by the number of things compared, from 1: Saaty (1980), table on p. 21.
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
STRONGEST_JUDGMENT = 9.0  # on Saaty's scale
ROUNDING_TOLERANCE = 1e-9


def pairwise_weights(
    judgments: Mapping[tuple[str, str], float], names: Sequence[str], argument: str
) -> tuple[Array, float]:
    """Return the weights of names and the consistency ratio of the judgments.

    The weights are the principal eigenvector of the matrix of judgments. The consistency index
    (lambda_max - n) / (n - 1), divided by its mean for random judgments, is the consistency ratio. Saaty (1980), "The
    Analytic Hierarchy Process", McGraw-Hill, section 1-4 and p. 21.

    Parameters
    ----------
    judgments : mapping of (str, str) to float
        How many times as important the first is as the second, from 1/9 to 9; every pair once.
    names : sequence of str
    argument : str
        Name of the argument, which errors mention.

    Returns
    -------
    weights : array (names,)
        They add up to 1.
    ratio : float
        0 if the judgments do not contradict each other; above 0.1, look at them again.

    Raises
    ------
    InvalidOption
        If a pair is missing, appears twice, or has an invalid judgment.
    """
    if len(names) > len(RANDOM_INDEX):
        raise InvalidOption(
            f"{argument}= compares {len(names)} things in pairs; it must be {len(RANDOM_INDEX)} at most."
        )
    faults = _faults(judgments, names)
    if faults:
        raise InvalidOption(f"{argument}= is invalid: " + "; ".join(faults) + ".")
    matrix, place = np.eye(len(names)), {name: number for number, name in enumerate(names)}
    for (first, second), value in judgments.items():
        matrix[place[first], place[second]] = float(value)
        matrix[place[second], place[first]] = 1 / float(value)
    values, vectors = np.linalg.eig(matrix)
    largest = int(np.argmax(values.real))
    weights = np.abs(vectors[:, largest].real)
    index = (values[largest].real - len(names)) / max(len(names) - 1, 1)
    random = RANDOM_INDEX[len(names) - 1]
    return weights / weights.sum(), max(float(index / random), 0.0) if random else 0.0


def _faults(judgments: Mapping[Any, Any], names: Sequence[str]) -> list[str]:
    """Return a list of what is wrong with judgments."""
    faults, pairs = [], []
    for pair, value in judgments.items():
        if not (isinstance(pair, tuple) and len(pair) == 2 and pair[0] != pair[1]):
            faults.append(f"{pair!r} must be a pair of two names")
            continue
        unknown = [name for name in pair if name not in names]
        if unknown:
            faults.append(f"{unknown[0]!r} is not one of {list_names(names)}.{closest(unknown[0], names)}".rstrip("."))
        pairs.append(frozenset(pair))
        most = STRONGEST_JUDGMENT + ROUNDING_TOLERANCE
        if isinstance(value, bool) or not isinstance(value, Real) or not 1 / most <= float(value) <= most:
            faults.append(f"the judgment {value!r} of {pair} must be a number from 1/9 to 9")
    twice = sorted({tuple(sorted(pair)) for pair in pairs if pairs.count(pair) > 1})
    faults += [f"the pair {pair} appears twice" for pair in twice]
    missing = [pair for pair in combinations(names, 2) if frozenset(pair) not in pairs]
    if missing:
        faults.append(f"there is no judgment of {missing[0]} and {len(missing) - 1} more pairs")
    return faults
