"""One cutoff of a backtest: fit all forecasters to what was known at it, and evaluate them at every horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sklearn.base import clone

from clvmodels.errors import FitFailed
from clvmodels.forecasting.boosted_trees import BoostedTrees
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.processes import model_id
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasting.seasons.calendar_choice import CalendarOption, on_calendar
from clvmodels.forecasting.windows import best_process
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.objective import one_blas_thread
from clvmodels.language import Finding, written_in
from clvmodels.processes.threads import in_threads
from clvmodels.validation.backtest.combine import CutoffResult, add_fit_tables, evaluate_cutoff
from clvmodels.validation.backtest.evaluate import CutoffCase, concat
from clvmodels.validation.tables.distributions import Settings

__all__ = ["run_cutoff"]


def run_cutoff(
    history: KnownHistory,
    ends: dict[str, int],
    longest: int,
    forecasters: Sequence[Forecaster],
    settings: Settings,
    calendar: CalendarOption,
    revenue: bool,
    is_last: bool,
    language: str,
) -> CutoffResult:
    """Evaluate one cutoff at all its horizons; models are fitted once. The last one also compares cohorts.

    It depends on its arguments alone, so that a worker process can run it.

    Parameters
    ----------
    history : KnownHistory
        What was known at the cutoff.
    ends : dict of str to int
        The last tick of each horizon.
    longest : int
        The longest horizon of the backtest in ticks, for which a calendar is chosen.
    forecasters : sequence of Forecaster
        Not fitted.
    settings : Settings
    calendar : Calendar, "auto" or None
    revenue : bool
        Whether to forecast the revenue of all customers too.
    is_last : bool
        Whether this is the last cutoff.
    language : str
        Of the texts in certificates of fits.

    Raises
    ------
    FitFailed, InvalidRFM
        If no process can be fitted.
    """
    results, cases, failures = list[CutoffResult](), list[CutoffCase](), dict[str, Finding]()
    with one_blas_thread(), written_in(language):  # in a worker process too
        history, chosen = on_calendar(history, calendar, longest)
        for horizon, end in ends.items():
            split = history.follow(end)
            fitted = _fit_each(forecasters, history, split.horizon, failures)
            cases.append(CutoffCase(split, history, fitted, settings))
            results.append(evaluate_cutoff(cases[-1], horizon, _reference_process(cases[-1]), revenue))
        tables = {name: concat([result.tables[name] for result in results]) for name in results[0].tables}
        whole = CutoffResult(tables, [], results[0].facts)
        left_out = results[0].findings  # on a revenue forecast, for reasons common to all horizons
        halves_by = _reference_process(cases[0]) if is_last else None
        result = add_fit_tables(whole, cases[0], next(iter(ends)), (*failures.values(), *left_out), halves_by)
    return replace(result, findings=(*result.findings, *chosen))


def _fit_each(
    forecasters: Sequence[Forecaster], history: KnownHistory, horizon: float, failures: dict[str, Finding]
) -> list[Forecaster]:
    """Return fitted copies of the forecasters; processes that cannot be fitted are added to the failures, by id.

    Raises
    ------
    FitFailed
        If no process can be fitted.
    """

    def fit(forecaster: Forecaster) -> Forecaster | FitFailed:
        try:
            one: Forecaster = clone(forecaster).fit(history, horizon)
        except FitFailed as error:
            return error
        return one

    # Trees come first, with all processors: others would wait for them instead of working.
    trees = {each.id: fit(each) for each in forecasters if isinstance(each, BoostedTrees)}
    others = [each for each in forecasters if each.id not in trees]
    results = trees | dict(zip((each.id for each in others), in_threads(fit, others), strict=True))
    fitted: list[Forecaster] = []
    failure: FitFailed | None = None
    for forecaster in forecasters:
        result = results[forecaster.id]
        if not isinstance(result, FitFailed):
            fitted.append(result)
        elif isinstance(forecaster, CustomerModel):
            failure, name = result, model_id(forecaster.purchases)
            figures = {"forecaster": name, "title": forecaster.purchases.title, "error": str(result)}
            failures[name] = Finding("backtest-fit-failed", figures, "problem")
    if failure is not None and not any(isinstance(each, CustomerModel) for each in fitted):
        raise failure
    return fitted


def _reference_process(case: CutoffCase) -> str:
    """Return the id of the process that earlier windows favor, chosen without the holdout period."""
    learned = [each for each in case.forecasters if isinstance(each, BoostedTrees)]
    return learned[0].best_ if learned else best_process([], case.models)
