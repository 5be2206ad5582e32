"""Compare in earlier windows whether customers leave by the calendar by which they buy, or in plain time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from clvmodels import displays
from clvmodels.errors import FitFailed, InvalidOption, InvalidRFM
from clvmodels.estimators.persistence import PURCHASE_MODELS
from clvmodels.forecasting.processes import expected_purchases, fitted_copy
from clvmodels.forecasting.time_varying.model import LEAVING_ANY_TIME, ChangingProcess, TimeVaryingModel
from clvmodels.forecasting.windows import earlier_windows
from clvmodels.forecasts import KnownHistory
from clvmodels.language import Finding, Findings

__all__ = ["LeavingComparison", "compare_leaving"]

LeavingClock = Literal["calendar", "sun"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LeavingComparison(displays.Display):
    """Forecasts of earlier windows, with customers who leave by the calendar or in plain time.

    Attributes
    ----------
    table : DataFrame
        One row per window: day (the cutoff), actual purchases, and those expected by calendar and by sun.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> windows = pd.DataFrame({"day": ["2024-06-30"], "actual": [100], "calendar": [110.0], "sun": [104.0]})
    >>> clv.LeavingComparison(windows).better
    'sun'
    """

    shown_table: ClassVar[str] = "table"
    table: pd.DataFrame

    @property
    def better(self) -> LeavingClock:
        """The clock whose totals were closer: "sun" only if it was better on average."""
        errors = self._errors()
        return "sun" if errors["sun"] < errors["calendar"] else "calendar"

    @property
    def findings(self) -> Findings:
        """The result of the comparison as a finding."""
        if not len(self.table):
            return (Finding("leaving-not-compared"),)
        figures = {"windows": len(self.table), "better": self.better, **self._errors()}
        return (Finding("leaving-compared", figures),)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"better": self.better, "windows": self.table.to_dict("records")}

    def _errors(self) -> dict[str, float]:
        """Return the mean absolute logarithm of expected over actual totals."""
        actual = np.maximum(self.table["actual"].to_numpy(dtype=float), 1.0)
        return {
            name: float(np.mean(np.abs(np.log(np.maximum(self.table[name].to_numpy(dtype=float), 1.0) / actual))))
            if len(self.table)
            else 0.0
            for name in ("calendar", "sun")
        }


def compare_leaving(
    history: KnownHistory, horizon: float | str, process: ChangingProcess = "pareto_nbd"
) -> LeavingComparison:
    """Forecast earlier windows with customers who leave by the calendar, and with those who leave in plain time.

    A model with a calendar lets customers leave by it: no customer leaves while the shop is closed, and twice as many
    leave in a week with twice the purchases. `TimeVaryingModel` without covariates lets them leave at the same rate all
    year. The two differ where speeds are 0 or far above 1.

    Parameters
    ----------
    history : KnownHistory
        Of a log, with a calendar.
    horizon : float or str
        How far ahead will be forecast, such as "26 weeks": the length of the windows.
    process : {"pareto_nbd", "ggompertz_nbd"}, default="pareto_nbd"

    Returns
    -------
    LeavingComparison

    Raises
    ------
    InvalidOption
        If the history has no calendar, or customers of the process leave only at purchases.

    Examples
    --------
    >>> import clvmodels as clv
    >>> season = clv.Calendar(season=[1.0] * 330 + [2.5] * 36)
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, time_unit="week", calendar=season)
    >>> len(clv.compare_leaving(history, "13 weeks").table)  # doctest: +SKIP
    3
    """
    if process not in LEAVING_ANY_TIME:
        raise InvalidOption(f"process={process!r} must be one of {', '.join(LEAVING_ANY_TIME)}.")
    if not history.clock.seasonal:
        raise InvalidOption("The history has no calendar: there is only one clock to leave by.")
    rows = []
    for past, split in earlier_windows(history, history.ticks(horizon)):
        try:
            model = fitted_copy(PURCHASE_MODELS[process](), past)
            sun = TimeVaryingModel(process).fit(past)
        except (FitFailed, InvalidRFM):
            continue
        by_calendar = float(expected_purchases(model, past, split.horizon).sum())
        by_sun = float(np.sum(sun.expected_purchases(past, split.horizon)["expected_purchases"].to_numpy()))
        rows.append((past.observation_end, int(split.purchases.sum()), by_calendar, by_sun))
    return LeavingComparison(pd.DataFrame(rows, columns=["day", "actual", "calendar", "sun"]))
