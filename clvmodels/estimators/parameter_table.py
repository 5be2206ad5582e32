"""The table of a fit's parameters: estimates, standard errors, intervals."""

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

__all__ = ["Errors", "check_level", "summary_table", "table_of"]

Errors = Literal["hessian", "sandwich"]
DRAWS = 20_000  # of the parameters, for intervals of these alone: ends good to a hundredth of a standard error or two


def check_level(level: float) -> None:
    """Refuse what is no coverage of an interval."""
    if not 0 < level < 1:
        raise InvalidOption(f"level={level!r} must lie between 0 and 1, such as 0.95.")


def summary_table(process: Process, fit: Fit, level: float, errors: Errors, unit: Callable[[str], str]) -> pd.DataFrame:
    """What `summary` of a fitted model gives; `unit` names the unit of a parameter."""
    check_level(level)
    if errors not in get_args(Errors):
        raise InvalidOption(f"errors={errors!r} is not one of 'hessian', 'sandwich'.")
    form = process.parametrization
    estimate = np.array([fit.parameters[name] for name in form.names])
    # A coefficient at a limit leaves the others their errors, which are those of the model with it there.
    held = np.abs(form.jacobian(fit.coordinates)) @ (~fit.free & ~form.real) > 1e-6
    held |= ~fit.free & form.real
    covariance = fit.covariance if errors == "hessian" else fit.sandwich
    log_error = np.where(held, np.nan, np.sqrt(np.maximum(np.diag(covariance), 0)))
    reach = NormalDist().inv_cdf(0.5 + level / 2) * log_error
    lower = np.where(form.real, estimate - reach, estimate * np.exp(-np.where(form.real, 0, reach)))
    upper = np.where(form.real, estimate + reach, estimate * np.exp(np.where(form.real, 0, reach)))
    if errors == "hessian" and fit.ridges:
        drawn = draw_parameters(process, fit, DRAWS, 0)
        ends = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=1)
        lower, upper = np.where(held, np.nan, ends)
    error = np.where(form.real, 1.0, estimate) * log_error
    return table_of(process, fit, unit, standard_error=error, lower=lower, upper=upper)


def table_of(process: Process, fit: Fit, unit: Callable[[str], str], **columns: Array) -> pd.DataFrame:
    """The estimates, further columns (k,), and the units, a row a parameter."""
    import pandas as pd

    names = process.parametrization.names
    told: dict[str, Any] = {"estimate": [fit.parameters[name] for name in names], **columns}
    return pd.DataFrame(told | {"unit": list(map(unit, names))}, index=pd.Index(names, name="parameter"))
