"""Budget against actual: revenue by calendar month, and how far it is from the budget."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from clvmodels import frames
from clvmodels.decisions.quotients import quotient
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.revenue.customers_to_come import is_month
from clvmodels.forecasting.revenue.month_totals import month_totals
from clvmodels.forecasts import KnownHistory
from clvmodels.valuation.costs import check_currency
from clvmodels.valuation.money_table import with_currency

__all__ = ["budget_against_actual"]


def budget_against_actual(
    history: KnownHistory, budget: Mapping[str, float], *, currency: str | None = None
) -> frames.Frame:
    """Compare revenue with a budget by calendar month.

    A month that is only partly observed is marked, and its difference is missing: a part is not compared with a whole.

    Parameters
    ----------
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`.
    budget : mapping of str to float
        Revenue by month, such as {"1997-10": 8000.0}.
    currency : str, optional
        Code of three letters, such as "EUR".

    Returns
    -------
    frame
        One row per month of the budget, in order: month; partial; budget; actual, of all customers, and missing for
        months after the cutoff; new, the part of customers in their first month; difference, actual less budget; and
        relative, the difference over the budget.

    Raises
    ------
    InvalidOption
        For months that cannot be read or lie before the log, and amounts that are not numbers.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-12-15")
    >>> budget = {"1997-10": 8000.0, "1997-11": 8000.0, "1997-12": 9000.0}
    >>> clv.budget_against_actual(history, budget)[["month", "partial", "difference"]].round(0).values.tolist()
    [['1997-10', False, 845.0], ['1997-11', False, 2151.0], ['1997-12', True, nan]]
    """
    wrong = [month for month, value in budget.items() if not (is_month(month) and np.isfinite(value))]
    if wrong or not budget:
        raise InvalidOption(f"budget={dict(budget)!r} must give a number for each month written YYYY-MM.")
    code = check_currency(currency)
    totals, clock = month_totals(history), history.clock
    early = sorted(month for month in budget if month < totals.months[0])
    if early:
        begin = clock.describe_tick(history.purchase_log.first_tick)
        raise InvalidOption(f"The budget has {', '.join(early)}, before the log begins on {begin}.")
    partial = dict(zip(totals.months, totals.partial.tolist(), strict=True))
    of_months = zip(totals.revenue, totals.revenue_of_new, strict=True)
    observed = dict(zip(totals.months, of_months, strict=True))
    months = sorted(budget)
    planned = np.array([float(budget[month]) for month in months])
    values = np.array([observed.get(month, (np.nan, np.nan)) for month in months])
    parts = np.array([partial.get(month, False) for month in months])
    difference = np.where(parts, np.nan, values[:, 0] - planned)
    columns = {
        "month": np.array(months),
        "partial": parts,
        "budget": planned,
        "actual": values[:, 0],
        "new": values[:, 1],
        "difference": difference,
        "relative": quotient(difference, planned),
    }
    return frames.table(history.rfm.kind, with_currency(columns, code))
