"""The number of customers that an experiment needs, and the smallest effect that it can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import norm

from clvmodels import displays, frames
from clvmodels.decisions.customer_table import read_customer_table
from clvmodels.decisions.experiments.estimator import explained_share
from clvmodels.decisions.experiments.units import (
    check_outcome,
    check_share,
    clip,
    columns_of,
    one_unit_dominates,
    units_of,
)
from clvmodels.errors import InvalidOption, InvalidTable
from clvmodels.language import Finding, Findings

__all__ = ["ExperimentDesign", "design_experiment"]

FEWEST = 20  # units of the past period needed to estimate a variance


@dataclass(frozen=True, slots=True, repr=False)
class ExperimentDesign(displays.Display):
    """The size that an experiment needs.

    Attributes
    ----------
    table : DataFrame
        Two rows, without and with the adjustment: adjusted, standard_deviation (of the outcome, after the adjustment),
        units_needed (of both groups; missing without `effect`), smallest_effect (shown by the units at hand with the
        requested power).
    explained : float
        Share of the variance of the outcome that the adjustment removed.
    findings : tuple of Finding

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> past = pd.DataFrame({"customer_id": range(100), "spend": [0.0, 10.0] * 50})
    >>> clv.design_experiment(past, outcome="spend").findings[0].text
    '100 units show an effect of 2.82 per unit with a probability of 80%'
    """

    shown_table: ClassVar[str] = "table"
    table: pd.DataFrame
    explained: float
    findings: Findings

    def frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table


def design_experiment(
    past: frames.Frame | str | Path,
    *,
    outcome: str,
    adjust: str | Sequence[str] = (),
    effect: float | None = None,
    control: float = 0.5,
    power: float = 0.8,
    confidence: float = 0.95,
    unit: str | None = None,
    winsorize: float | None = None,
) -> ExperimentDesign:
    """Return how many units an experiment needs to show an effect, estimated from a past period of equal length.

    With a control group of share c, an effect d of the mean is shown with the power 1 - b if the number of units is at
    least ``(z_(1-a/2) + z_(1-b))^2 s^2 / (d^2 c (1 - c))``, where s is the standard deviation of the outcome. Adjusting
    for columns known before leaves only the unexplained part of s^2 (Deng, Xu, Kohavi & Walker 2013 [1]_).

    Parameters
    ----------
    past : frame or path
        One row per customer of a past target list of the same kind: customer_id, what they did in a period as long as
        the experiment, and what was known before it.
    outcome : str
        Column of the outcome, such as spend; 0 for customers who bought nothing.
    adjust : str or sequence of str, default=()
        Columns known before the period, such as predicted value and past spend.
    effect : float, optional
        The effect to show, per unit, in the outcome's own unit.
    control : float, default=0.5
        Share of the units in the control group.
    power : float, default=0.8
        Probability of showing the effect if it is there.
    confidence : float, default=0.95
        Confidence level of the interval that must exclude 0.
    unit : str, optional
        Column of the account or household, if these are assigned as a whole.
    winsorize : float, optional
        Quantile above which outcomes count as that quantile, such as 0.99. The experiment must then do the same.

    Returns
    -------
    ExperimentDesign

    Raises
    ------
    InvalidTable
        If a column is missing or not numeric, or there are fewer than 20 units.
    InvalidOption
        For options out of range.

    References
    ----------
    .. [1] A. Deng, Y. Xu, R. Kohavi & T. Walker (2013), "Improving the sensitivity of online controlled experiments by
           utilizing pre-experiment data", WSDM '13, 123-132.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> past = pd.DataFrame({"customer_id": range(100), "spend": [0.0, 10.0] * 50, "before": [1.0, 9.0] * 50})
    >>> clv.design_experiment(past, outcome="spend", effect=1.0).table["units_needed"].tolist()
    [793, 793]
    """
    check_share("control", control)
    check_share("power", power)
    check_share("confidence", confidence)
    if effect is not None and not 0 < abs(effect) < np.inf:
        raise InvalidOption(f"effect={effect!r} must be a number other than 0, in the unit of the outcome.")
    table = read_customer_table(past, "past")
    units = units_of(table, unit)
    if len(units) < FEWEST:
        raise InvalidTable(f"past= has {len(units)} units; a standard deviation needs at least {FEWEST}.")
    values = clip(units.total(check_outcome(table, outcome)), winsorize)
    names = columns_of(adjust, "adjust")
    covariates = units.sums(table, names)
    explained = explained_share(values, covariates)
    deviation = float(np.std(values, ddof=1))
    if deviation == 0:
        raise InvalidTable(
            f"Column {outcome!r} of past= is {values[0]:g} for all units: its variance cannot be estimated."
        )
    rows = []
    factor = (norm.ppf(0.5 + 0.5 * confidence) + norm.ppf(power)) ** 2 / (control * (1 - control))
    for adjusted in (False, True):
        spread = deviation * float(np.sqrt(1 - explained)) if adjusted else deviation
        needed = None if effect is None else int(np.ceil(factor * spread**2 / effect**2))
        rows.append((adjusted, spread, needed, float(np.sqrt(factor / len(units))) * spread))
    design = pd.DataFrame(rows, columns=["adjusted", "standard_deviation", "units_needed", "smallest_effect"])
    findings = _findings(design, explained, len(units), effect, power) + one_unit_dominates(values, units.names)
    return ExperimentDesign(design, explained, findings)


def _findings(design: pd.DataFrame, explained: float, units: int, effect: float | None, power: float) -> Findings:
    last = design.iloc[-1]
    smallest = {"units": units, "effect": float(last["smallest_effect"]), "power": power}
    findings = [Finding("experiment-smallest-effect", smallest)]
    if effect is not None:
        needed = {"units": int(last["units_needed"]), "without": int(design["units_needed"][0]), "effect": effect}
        findings.insert(0, Finding("experiment-units-needed", needed))
    if explained:
        findings.append(Finding("experiment-explained", {"share": explained}))
    return tuple(findings)
