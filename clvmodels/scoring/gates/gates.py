"""Gates before a model is promoted or a run is published."""

from __future__ import annotations

from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.scoring.gates.data_gates import Reference, check_activity, check_data, check_totals
from clvmodels.scoring.gates.fit_gates import check_fit_status, check_parameters
from clvmodels.scoring.gates.limits import Gates
from clvmodels.scoring.gates.result import GateResult
from clvmodels.scoring.gates.run_statistics import RunStatistics, StatisticsCollector

__all__ = ["check_fit", "check_run"]


def check_fit(
    limits: Gates,
    model: CustomerModel,
    collector: StatisticsCollector,
    statistics: RunStatistics,
    champion: CustomerModel | None = None,
    champion_fit: RunStatistics | None = None,
) -> tuple[GateResult, ...]:
    """Return the results of the gates between a new fit and its promotion.

    Parameters
    ----------
    limits : Gates
    model : CustomerModel
        The new fit.
    collector : StatisticsCollector
        Counts of the customers it was fitted to; its `since_last` is the time since the champion's fit.
    statistics : RunStatistics
        Statistics of the same customers.
    champion : CustomerModel, optional
        None if there is no champion to compare with yet.
    champion_fit : RunStatistics, optional
        Statistics of the customers that the champion was fitted to.
    """
    results = check_fit_status(limits, model)
    if champion is not None:
        results += check_parameters(limits, model, champion)
    reference = None if champion_fit is None else Reference("champion", champion_fit)
    return (*results, *check_data(limits, collector, statistics, reference))


def check_run(
    limits: Gates,
    collector: StatisticsCollector,
    statistics: RunStatistics,
    last: RunStatistics | None = None,
    fit: RunStatistics | None = None,
) -> tuple[GateResult, ...]:
    """Return the results of the gates between a scored table and its publication.

    Parameters
    ----------
    limits : Gates
    collector : StatisticsCollector
        Counts of this run's customers; its `since_last` is the time since `last` (or `fit`, without one), and its
        `since_fit` that since `fit`.
    statistics : RunStatistics
        Statistics of the same customers.
    last : RunStatistics, optional
        Statistics of the last published run.
    fit : RunStatistics, optional
        Statistics of the customers that the model was fitted to.
    """
    reference = None
    if last is not None:
        reference = Reference("run", last)
    elif fit is not None:
        reference = Reference("fit", fit)
    results = check_data(limits, collector, statistics, reference)
    if last is not None:
        results += check_totals(limits, statistics, last)
    if fit is not None:
        results += check_activity(limits, collector, statistics, fit)
    return tuple(results)
