"""A report from a log in one call: profile, backtest, values, and the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from clvmodels import frames
from clvmodels.cleaning.clean import Cleaned
from clvmodels.clock import Clock, MergePeriod
from clvmodels.estimators.persistence import MODEL_CLASSES
from clvmodels.estimators.prediction import TotalIntervalName, check_total_interval
from clvmodels.estimators.purchases import BGNBD, MBGNBD, ParetoNBD, PurchaseModel
from clvmodels.estimators.spend import GammaGamma
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.processes import as_models, model_id
from clvmodels.forecasting.seasons.calendar_choice import CalendarOption, on_calendar
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.language import message, written_in
from clvmodels.language.current import ENGLISH
from clvmodels.processes.worker_processes import count_workers, worker_processes
from clvmodels.profiling.doubts import PLACEHOLDER
from clvmodels.profiling.profile import Profile, ProfiledLog, ProfileUnit, profile_with_purchases
from clvmodels.reporting.acting.budget_forecast import begin_budget
from clvmodels.reporting.acting.customer_decisions import USUAL_HORIZON, accounts_of, decide, decide_by_purchases
from clvmodels.reporting.acting.outlook import forecast_purchases
from clvmodels.reporting.report import Report, begin_sections, make_report
from clvmodels.reporting.series.past_report import check_comparable, explain_change, read_past_report, valuation
from clvmodels.reporting.value_summary import ValueBasis, summarize_value
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.in_engine.reading import LogOptions
from clvmodels.transactions.log import LATEST, MissingId
from clvmodels.transactions.purchase_log import PurchaseLog, has_ticks_of, purchases_of
from clvmodels.transactions.rfm import refuse_summary
from clvmodels.transactions.snapshots import LogSource
from clvmodels.transactions.stray_dates import PeriodArguments
from clvmodels.transactions.summary import RFM
from clvmodels.validation.backtest.backtest import backtest
from clvmodels.validation.backtest.customer_sample import MOST_CUSTOMERS, check_most_customers
from clvmodels.validation.backtest.result import Backtest
from clvmodels.valuation.lifetime_value import lifetime_value
from clvmodels.valuation.value_terms import ValueTerms, refuse_negative_margin

__all__ = ["report", "value_table"]

LONGEST_DAYS, DAYS_FOR_LONGEST, WEEK = 182, 364, 7  # longest horizon of a test, and days in the log that it needs
LEVEL = 0.9  # central probability of the interval of the total value
DEFAULT_MODELS = (MBGNBD, BGNBD, ParetoNBD)
Step = Callable[[str], None]


def report(
    log: LogSource | Cleaned,
    *,
    amount: str | None = None,
    customer_id: str = "customer_id",
    date: str = "date",
    models: Sequence[PurchaseModel] | PurchaseModel | Literal["auto"] | None = None,
    horizon: str = "auto",
    cutoffs: Sequence[str | Date | datetime] | int = 3,
    value_horizon: float | str = "12 months",
    annual_discount_rate: float = 0.10,
    margin: float = 1.0,
    total_interval: TotalIntervalName = "history",
    most_customers: int | None = MOST_CUSTOMERS,
    name: str = "",
    currency: str = "",
    language: str = ENGLISH,
    compare: str | Path | None = None,
    time_unit: ProfileUnit = "week",
    merge_within: MergePeriod = "day",
    include_first_transaction: bool = False,
    observation_end: str | Date | datetime | None = None,
    acquired_after: str | Date | datetime | None = None,
    calendar: CalendarOption = None,
    time_zone: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    missing_ids: MissingIds = None,
    n_jobs: int | None = None,
    progress: Step | None = None,
) -> Report:
    """Profile a log, backtest models and benchmarks at several cutoffs, value the customers, and make one page of it.

    Parameters
    ----------
    log : frame, path, Cleaned, or function of a date
        As for `backtest`; or the result of `clean`, whose columns are then used.
    amount : str, optional
        Column of money. Without it, purchases are forecast but customers are not valued.
    models : PurchaseModel, sequence of them, or "auto", optional
        As for `backtest`; default: MBG/NBD, BG/NBD and Pareto/NBD.
    horizon : str, default="auto"
        How far to forecast from each cutoff, such as "26 weeks". "auto": 26 weeks, or a third of a log that covers less
        than a year.
    cutoffs : sequence of dates, or int, default=3
        As for `backtest`.
    value_horizon : float or str, default="12 months"
        How far ahead to value customers; "lifetime" for all future purchases.
    annual_discount_rate, margin : float
        As for `lifetime_value`.
    total_interval : {"history", "model"}, default="history"
        "history": intervals of totals allow for changing conditions, learned from errors of totals in earlier windows
        and in other shops. "model": for chance and parameters only.
    most_customers : int or None, default=50,000
        As for `backtest`: forecasts of larger logs are tested on a sample of this many customers, and the page says so.
        Values, tiers and lists are always of all customers. None or 0: all customers are tested.
    name, currency : str, optional
        Name of the shop and currency of its amounts, for the page.
    language : {"en", "zh-Hans", "zh-Hant"}, default="en"
        Language of the page: English, or Chinese in simplified or traditional characters.
    compare : str or Path, optional
        The JSON of an earlier report on the same log: the page then explains the change of the value since.
    customer_id, date, time_unit, merge_within, include_first_transaction
        As for `rfm_summary`.
    time_zone, date_format, on_missing_id, missing_ids
        As for `rfm_summary`.
    observation_end, acquired_after : date or str, optional
        As for `backtest`.
    calendar : Calendar, "auto" or None
        As for `backtest`; values then use the calendar too.
    n_jobs : int, optional
        Number of processes, as for `backtest`.
    progress : function of str, optional
        Called with the name of each step when it begins.

    Returns
    -------
    Report
        Its `write(path)` writes the page and its numbers; in a notebook it is shown as the page.

    Raises
    ------
    InvalidOption, InvalidTransactions
        As `profile`, `backtest` and `lifetime_value` do.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> page = clv.report(log, amount="amount", models=clv.NBD(), cutoffs=1, name="CDNOW")  # doctest: +SKIP
    >>> page.write("report.html")  # doctest: +SKIP
    """
    terms = ValueTerms.from_keywords(horizon=value_horizon, annual_discount_rate=annual_discount_rate, margin=margin)
    refuse_negative_margin(margin)
    check_total_interval(total_interval)
    check_most_customers(most_customers)
    clock = Clock(time_unit, merge_within, time_zone)
    if horizon != "auto":
        clock.duration(horizon)  # raise errors about options before the log is profiled
    if not terms.is_lifetime:
        clock.duration(value_horizon, "value_horizon")
    past = None if compare is None else read_past_report(compare)
    past_terms = None if past is None else check_comparable(past)
    with written_in(language), worker_processes(count_workers(n_jobs), "clvmodels.reporting.report", __name__):
        step = progress or _ignore
        names: dict[str, Any] = {"customer_id": customer_id, "date": date, "amount": amount}
        source = _open(log, names, {"time_zone": time_zone, "date_format": date_format})
        ids: dict[str, Any] = {"on_missing_id": on_missing_id, "missing_ids": missing_ids}
        period = {"observation_end": observation_end, "acquired_after": acquired_after}
        reading = source.columns | source.reading | ids | period
        step(message("report-step", {"step": "profile"}))
        profiled, by_day = _profile(source, reading, time_unit)
        refuse_summary(profiled.repeat_purchases, profiled.customers)
        purchase_log = _read_once(source, clock, reading, profiled, by_day)
        step(message("report-step", {"step": "backtest"}))
        spend = None if source.columns["amount"] is None else GammaGamma()
        chosen = [model() for model in DEFAULT_MODELS] if models is None else models
        options: dict[str, Any] = {
            "time_unit": time_unit,
            "merge_within": merge_within,
            "include_first_transaction": include_first_transaction,
        }
        result = backtest(
            _as_known_on(source.log, purchase_log) if callable(source.log) else purchase_log,
            chosen,
            spend,
            horizons=_horizon_for(profiled) if horizon == "auto" else horizon,
            cutoffs=cutoffs,
            calendar=calendar,
            total_interval=total_interval,
            most_customers=most_customers,
            **options,
            **reading,
            progress=lambda done, of: step(message("report-cutoffs", {"done": done, "of": of})),
        )
        value, basis, decisions, change, outlook = None, None, None, None, None
        processes = (
            [MODEL_CLASSES[name]() for name in result.facts["models"]] if chosen == "auto" else as_models(chosen)
        )
        step(message("report-step", {"step": "value"}))
        ledger = None if source.cleaned is None else source.cleaned.ledger
        sections = begin_sections(result, profiled, ledger)
        history = KnownHistory.from_log(purchase_log, **options, **reading)
        history = replace(history, intertimes=any(each.needs_intertimes for each in processes))
        history, _ = on_calendar(history, calendar, history.ticks("1 year" if terms.is_lifetime else value_horizon))
        if spend is None:
            ahead = value_horizon if isinstance(value_horizon, str) else f"{value_horizon:g} {time_unit}s"
            ahead = USUAL_HORIZON if terms.is_lifetime else ahead
            fitted = CustomerModel(_reference(result, chosen)).fit(history)
            budget = begin_budget(result, processes, spend, fitted, history)
            outlook = forecast_purchases(fitted, history, ahead, total_interval)
            step(message("report-step", {"step": "decisions"}))
            decisions = decide_by_purchases(fitted, history, ahead)
        else:
            fitted = model = CustomerModel(_reference(result, chosen), spend).fit(history)
            budget = begin_budget(result, processes, spend, fitted, history)
            value = value_table(model, history.rfm, terms)
            total = None if terms.is_lifetime else model.total(history, terms.horizon, "money", level_rule="none")
            total = total.of_model() if total is not None and total_interval == "model" else total
            basis = replace(_basis(model, history, value, terms, total), total_interval=total_interval)
            step(message("report-step", {"step": "decisions"}))
            accounts = None
            if missing_ids is None and observation_end is None and acquired_after is None:
                daily = purchase_log if merge_within == "day" else source.whole
                accounts = accounts_of(daily, source.columns, source.reading | {"on_missing_id": on_missing_id})
            if past is not None and past_terms is not None:
                earlier = KnownHistory.from_log(purchase_log, **options, **reading | {"observation_end": past.end})
                earlier = earlier.with_calendar(history.clock.calendar)  # use the same clock at both dates
                earlier_model = CustomerModel(_reference(result, chosen), GammaGamma()).fit(earlier)
                opening = valuation(earlier_model, earlier, past_terms)
                change = explain_change(past, opening, valuation(model, history, terms))
            decisions = decide(model, history, value, terms, total, accounts)
        step(message("report-step", {"step": "page"}))
        return make_report(
            result,
            value,
            value_terms=basis,
            profile=profiled,
            ledger=ledger,
            name=name,
            currency=currency,
            decisions=decisions,
            change=change,
            outlook=outlook,
            knows_season=history.clock.calendar is not None,
            budget=budget(),
            sections=sections,
        )


def _horizon_for(profiled: Profile) -> str:
    """Return the horizon of a test on a log: half a year, or a third of a log that covers less than a year.

    If nobody had come back by the last cutoff then, half of the repeat purchases are left for the test.
    """
    last = Date.fromisoformat(profiled.last_day[:10])
    days = (last - Date.fromisoformat(profiled.first_day[:10])).days + 1
    ahead = LONGEST_DAYS if days >= DAYS_FOR_LONGEST else max(1, days // 3)
    weeks = profiled.weeks
    until = np.array([(last - Date.fromisoformat(end)).days for end in weeks["week_end"]])
    again = weeks["repeat_purchases"].to_numpy()
    if again.any() and not again[until >= ahead].any():
        ahead = max(1, int(until[np.searchsorted(again.cumsum(), again.sum() / 2)]))
    length, unit = (ahead // WEEK, "week") if ahead >= 2 * WEEK else (ahead, "day")
    return f"{length} {unit}{'' if length == 1 else 's'}"


def value_table(model: CustomerModel, rfm: RFM, terms: ValueTerms) -> frames.Frame:
    """Return one row per customer: P(alive), expected purchases and, with a spend model, the value on these terms."""
    alive = model.probability_alive(rfm)
    if model.spend is None:
        forecast: Any = model.expected_purchases(rfm, terms.horizon)
    else:
        forecast = lifetime_value(model.purchases, model.spend, rfm, **terms.to_keywords())
    columns = {"customer_id": rfm.customer_id, "probability_alive": alive["probability_alive"].to_numpy()}
    names = [name for name in forecast.columns if name not in ("customer_id", "reason")]
    columns |= {name: forecast[name].to_numpy() for name in names}
    if "reason" in forecast.columns:
        columns["reason"] = forecast["reason"].to_list()
    return frames.table("polars", columns)


class _Source(NamedTuple):
    """The log as a source for each step, the whole log, its columns, reading options, and the result of cleaning."""

    log: Any
    whole: Any
    columns: dict[str, Any]
    reading: dict[str, Any]
    cleaned: Cleaned | None


def _open(log: Any, columns: dict[str, Any], reading: dict[str, Any]) -> _Source:
    """Return the log as a source for each step; a cleaned log has the columns that `clean` writes."""
    latest = log(LATEST) if callable(log) else log
    if not isinstance(latest, Cleaned):
        return _Source(log, latest, columns, reading, None)
    has_money = "amount" in latest.transactions.columns
    names = {"customer_id": "customer_id", "date": "date", "amount": "amount" if has_money else None}

    def known_on(day: str) -> Any:
        return latest if day == LATEST else log(day)  # the log as known now is cleaned only once

    changing = known_on if callable(log) else latest.transactions
    return _Source(changing, latest.transactions, names, {"date_format": None, "time_zone": None}, latest)


def _profile(source: _Source, reading: dict[str, Any], time_unit: ProfileUnit) -> ProfiledLog:
    """Return the profile of the whole log, and its purchases by day if they were read for it."""
    period = ("observation_end", "acquired_after", "time_zone")
    columns = LogOptions(**{name: value for name, value in reading.items() if name not in period})
    options = {name: reading[name] for name in period}
    return profile_with_purchases(
        source.whole, columns, time_unit=time_unit, **options, is_cleaned=source.cleaned is not None
    )


def _read_once(
    source: _Source, clock: Clock, reading: dict[str, Any], profiled: Profile, by_day: PurchaseLog | None
) -> Any:
    """Return the purchases of the whole log, which every later step uses; a table in an engine is read there.

    Those read for the profile are used if they are by day, and no id is refused that the profile only reports.
    """
    if frames.is_database(source.whole):
        return source.whole
    doubtful = reading["missing_ids"] is None and any(doubt.code == PLACEHOLDER for doubt in profiled.doubts)
    if by_day is not None and not doubtful and has_ticks_of(by_day, clock):
        return purchases_of(by_day, clock)
    options = {name: value for name, value in reading.items() if name != "time_zone"}  # the clock has it
    end, after = options.pop("observation_end"), options.pop("acquired_after")
    last_tick = None if end is None else clock.closing_tick(end, "observation_end")
    period = PeriodArguments("observation_end", "acquired_after", last_tick, after is not None)
    return purchases_of(source.whole, clock, **options, period=period)


def _as_known_on(log: Callable[[str], Any], latest: Any) -> Callable[[str], Any]:
    """Return a log as it was known on a day, and now, without reading the latest log again."""
    return lambda day: latest if day == LATEST else log(day)


def _reference(result: Backtest, chosen: Any) -> PurchaseModel:
    """Return the unfitted process of the report."""
    if chosen == "auto":
        model: PurchaseModel = MODEL_CLASSES[result.facts["reference"]]()
        return model
    return next(each for each in as_models(chosen) if model_id(each) == result.facts["reference"])


def _basis(
    model: CustomerModel, history: KnownHistory, value: frames.Frame, terms: ValueTerms, total: TotalInterval | None
) -> ValueBasis:
    """Return the basis of the values, with the interval of their total and the total at the recent level."""
    if model.spend is None:
        raise AssertionError("values need a spend model")
    worth = summarize_value(value).total
    if total is None:
        keywords = {**terms.to_keywords(), "interval": LEVEL, "by": "total"}
        table: Any = lifetime_value(model.purchases, model.spend, history.rfm, **keywords)
        lower, upper = float(table["lifetime_value_lower"][0]), float(table["lifetime_value_upper"][0])
        tested, at_recent_level = False, math.nan
    else:
        # The relative interval of the undiscounted total is used for the value.
        lower, upper = (worth * end / total.expected for end in total.interval(LEVEL))
        tested = total.basis in ("history", "other_shops")
        at_recent_level = worth * model.total(history, terms.horizon, "money").level.factor
    return ValueBasis(
        terms,
        model=model.purchases.title,
        spend=model.spend.title,
        end=str(history.observation_end),
        level=LEVEL,
        lower=lower,
        upper=upper,
        tested=tested,
        at_recent_level=at_recent_level,
    )


def _ignore(_: str) -> None:
    """Progress callback that does nothing."""
