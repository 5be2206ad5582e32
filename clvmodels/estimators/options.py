"""Options that all estimators share: their checks, and the prior that they describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError

from clvmodels.errors import InvalidOption
from clvmodels.inference.objective import Prior
from clvmodels.processes.coordinates import Parametrization

__all__ = ["SMALLEST_GROUP", "NotFitted", "check_options", "prior_of_coordinates", "refuse_options_of_customers"]

SMALLEST_GROUP = 500  # customers; with fewer, the parameters of a group are too uncertain


class NotFitted(InvalidOption, NotFittedError):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator was used before it was fitted; also scikit-learn's error for this."""


def check_options(formulas: Mapping[str, Any], l2: Any, by: Any, smallest_group: Any) -> None:
    """Raise an error for invalid options; whether the columns exist is checked later.

    Parameters
    ----------
    formulas : mapping of str to str or None
        Formulas by the name of their option.
    l2, by, smallest_group
        The options as the user wrote them.
    """
    for role, formula in formulas.items():
        if not (formula is None or isinstance(formula, str)):
            raise InvalidOption(f"{role}={formula!r} is not a formula: name columns, such as 'C(channel) + age'.")
    if not (isinstance(l2, (int, float, np.integer, np.floating)) and 0 <= l2 < np.inf):
        raise InvalidOption(f"l2={l2!r} must be a number of at least 0.")
    if not (by is None or isinstance(by, str)):
        raise InvalidOption(f"by={by!r} is not the name of a column.")
    if not (isinstance(smallest_group, (int, np.integer)) and smallest_group >= 1):
        raise InvalidOption(f"smallest_group={smallest_group!r} must be a whole number of at least 1.")


def prior_of_coordinates(form: Parametrization, prior: Mapping[str, tuple[float, float]] | None, l2: float) -> Prior:
    """Return the prior on all coordinates; regularization is a prior on coefficients of standardized covariates.

    Parameters
    ----------
    form : Parametrization
    prior : mapping of str to (float, float), optional
        Mean and standard deviation by the name of a coordinate; the prior is flat for the others.
    l2 : float
        Precision of the prior on coefficients without one of their own.
    """
    names = [coordinate.name for coordinate in form.coordinates]
    mean, precision = np.zeros(len(names)), np.where(form.real, float(l2), 0.0)
    for name, (center, deviation) in (prior or {}).items():
        if name not in names:
            raise InvalidOption(f"prior on {name!r}: the coordinates are {', '.join(map(repr, names))}.")
        if not (np.isfinite(center) and deviation > 0):
            raise InvalidOption(f"prior on {name!r}: {(center, deviation)} is not (mean, standard deviation > 0).")
        mean[names.index(name)], precision[names.index(name)] = center, deviation**-2
    return Prior(mean, precision)


def refuse_options_of_customers(formulas: object, by: str | None) -> None:
    """Raise InvalidOption if a model has covariates or groups, which counts do not contain."""
    if formulas is not None or by is not None:
        raise InvalidOption(
            "Counts of histories have no covariates and no groups: fit this model to an RFM, from rfm_summary and "
            "rfm.with_columns(frame)."
        )
