"""The table of a fit's parameters: estimates, standard errors, and intervals."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from clvmodels.errors import InvalidOption
from clvmodels.inference.fitting import Fit
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.processes.contract import Array, Process

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StandardErrors", "check_level", "parameter_table", "summary_table"]

StandardErrors = Literal["hessian", "sandwich"]
DRAWS = 20_000  # draws for the intervals of parameters; ends are accurate to 0.01 to 0.02 standard errors
FIXED_SLOPE = 1e-6  # if a coordinate at a limit has this effect on a log parameter, the parameter has no standard error


def check_level(level: float) -> None:
    """Raise an error for an invalid coverage of an interval."""
    if not 0 < level < 1:
        raise InvalidOption(f"level={level!r} must be between 0 and 1, such as 0.95.")


def summary_table(
    process: Process, fit: Fit, level: float, errors: StandardErrors, unit: Callable[[str], str]
) -> pd.DataFrame:
    """Return the table of estimates, standard errors and intervals.

    Parameters
    ----------
    process, fit
        The process and its fit.
    level : float
        Coverage of the intervals.
    errors : {"hessian", "sandwich"}
    unit : function of str
        Returns the unit of a parameter.
    """
    check_level(level)
    if errors not in get_args(StandardErrors):
        raise InvalidOption(f"errors={errors!r} is not one of 'hessian', 'sandwich'.")
    form = process.parametrization
    estimate = np.array([fit.parameters[name] for name in form.names])
    # Parameters that depend on a coordinate at a limit have no error. A coefficient at a limit has none itself, but the
    # other parameters keep theirs, which are those of the model with the coefficient fixed there.
    fixed = np.abs(form.jacobian(fit.coordinates)) @ (~fit.free & ~form.real) > FIXED_SLOPE
    fixed |= ~fit.free & form.real
    covariance = fit.covariance if errors == "hessian" else fit.sandwich
    log_error = np.where(fixed, np.nan, np.sqrt(np.maximum(np.diag(covariance), 0)))
    reach = NormalDist().inv_cdf(0.5 + level / 2) * log_error
    with np.errstate(over="ignore"):  # an end may be infinite
        lower = np.where(form.real, estimate - reach, estimate * np.exp(-np.where(form.real, 0, reach)))
        upper = np.where(form.real, estimate + reach, estimate * np.exp(np.where(form.real, 0, reach)))
    if errors == "hessian" and (fit.ridges or fit.edges):
        drawn = draw_parameters(process, fit, DRAWS, 0)
        ends = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=1)
        lower, upper = np.where(fixed, np.nan, ends)
    error = np.where(form.real, 1.0, estimate) * log_error
    return parameter_table(process, fit, unit, standard_error=error, lower=lower, upper=upper)


def parameter_table(process: Process, fit: Fit, unit: Callable[[str], str], **columns: Array) -> pd.DataFrame:
    """Return the estimates, further columns (k,), and the units, with one row per parameter."""
    import pandas as pd

    names = process.parametrization.names
    data: dict[str, Any] = {"estimate": [fit.parameters[name] for name in names], **columns}
    return pd.DataFrame(data | {"unit": list(map(unit, names))}, index=pd.Index(names, name="parameter"))
