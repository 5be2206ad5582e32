"""What a log contains and which models it can support, before any model is fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from clvmodels import files, frames, html
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, closest
from clvmodels.language import Finding, Findings, as_text
from clvmodels.language.numbers import cells
from clvmodels.profiling.arrivals import Arrivals, examine_arrivals
from clvmodels.profiling.daily_purchases import DailyPurchases, weekly
from clvmodels.profiling.observed_log import observe_log
from clvmodels.profiling.outages import Outages, examine_outages
from clvmodels.profiling.plain_values import plain_fields
from clvmodels.profiling.season import Season, examine_season
from clvmodels.profiling.spend import Money, examine_money
from clvmodels.profiling.suitability import (
    Sufficiency,
    check_data,
    check_findings,
    model_table,
    models_finding,
    rate_models,
    sufficiency_finding,
    worst_status,
)
from clvmodels.profiling.timing import (
    Intertimes,
    Opportunities,
    Regularity,
    examine_intertimes,
    examine_opportunities,
    examine_regularity,
    waits,
)
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.in_engine.reading import LogOptions
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.purchase_log import PurchaseLog
from clvmodels.transactions.rfm import NOT_A_LOG, is_summary, log_findings, summary_finding
from clvmodels.transactions.snapshots import CleanedLog, LogTable
from clvmodels.transactions.stray_dates import PeriodArguments

__all__ = ["Profile", "ProfiledLog", "profile", "profile_with_purchases"]

ProfileUnit = Literal["day", "week", "month", "year"]
NUMBERS = ("value", "comfortable", "least")
LINE_ITEMS = 0.8  # if a larger share of rows is merged into others of the same day, rows are line items, not purchases
NOT_WRITTEN = ("opened_files", "model_findings")  # left out of the JSON, which has the rows of `models`
TABLES = ("checks", "models", "waits", "weeks")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Profile:
    """What a log contains and which models it can support, before any model is fitted.

    Attributes
    ----------
    transactions : int
        Rows of the log up to the last day, of all customers, also those left out.
    purchases, repeat_purchases : int
        Transactions of one customer on one day are one purchase. A customer's first purchase is not a repeat purchase.
    customers : int
    first_day, last_day : str
        First and last day observed (ISO).
    span : float
        Time from the first to the last day, both included, in `time_unit`.
    time_unit : {"day", "week", "month", "year"}
        Unit of `span`, `intertimes` and `waits`.
    bought_once : float
        Share of customers with a single purchase.
    same_day : float
        Share of the transactions that were merged into another of the same customer and day.
    intertimes : Intertimes
        Times between purchases.
    regularity : Regularity
        How regularly customers buy.
    arrivals : Arrivals
        Whether customers are older than the log.
    season : Season
        How much the month of the year matters.
    outages : Outages
        Days far below those around them.
    opportunities : Opportunities
        Whether purchases keep to one day of the week, month or year.
    money : Money or None
        What customers spend; None if the log was read without amounts.
    sufficiency : {"sufficient", "thin", "insufficient"}
        The worst status of `checks`.
    checks : DataFrame
        One row per check of the amount of data: check (its id), what, value, comfortable, least, status ("sufficient",
        "thin", "insufficient"), reason (the code of a finding), why (its text).
    models : DataFrame
        One row per model, the most suitable first and Gamma-Gamma last: process (its id), title, name (of the class),
        suitability ("good", "possible", "poor"), reason (the code of a finding), why (its text).
    model_findings : tuple of Finding
        The reasons in `models`, in their order.
    weeks : DataFrame
        One row per calendar week (Monday to Sunday): week_start, week_end, days (fewer in the first and last week),
        purchases, new_customers, repeat_purchases, customers_seen (so far) and, if the log has amounts, amount.
    waits : DataFrame
        Histogram of the times between purchases: lower, upper (open in the last bin), count, unit.
    acquired_after : str or None
        Customers first seen up to this day are left out; `first_day` is then the next day.
    older_customers, rows_after_end, rows_without_id : int
        Number of customers and rows that are left out.
    is_cleaned : bool
        Whether the log was made by `clean`.
    opened_files : tuple of OpenedFile
        What was recognized of the files of the log.
    doubts : tuple of Finding
        Doubtful features of the log: a placeholder id such as 0, an id with far more rows than all others, ids that
        differ only by case or leading zeros, dates far outside the rest, one row per customer.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> profile = clv.profile(log, amount="amount")
    >>> profile.arrivals.verdict, profile.opportunities.text
    ('seen', 'purchases fall on any day')
    >>> print(profile.weeks[["week_start", "purchases", "new_customers"]].head(2).to_string(index=False))
    week_start  purchases  new_customers
    1997-01-01        100            100
    1997-01-06        180            168
    """

    transactions: int
    purchases: int
    repeat_purchases: int
    customers: int
    first_day: str
    last_day: str
    span: float
    time_unit: ProfileUnit
    bought_once: float
    same_day: float
    intertimes: Intertimes
    regularity: Regularity
    arrivals: Arrivals
    season: Season
    outages: Outages
    opportunities: Opportunities
    money: Money | None
    sufficiency: Sufficiency
    checks: pd.DataFrame
    models: pd.DataFrame
    weeks: pd.DataFrame
    waits: pd.DataFrame
    acquired_after: str | None
    older_customers: int
    rows_after_end: int
    rows_without_id: int
    is_cleaned: bool = False
    opened_files: tuple[frames.OpenedFile, ...] = ()
    doubts: Findings = ()
    model_findings: Findings = ()

    @property
    def findings(self) -> Findings:
        """Findings that a reader should know about the log."""
        findings = [
            Finding(
                "profile-log",
                {
                    "customers": self.customers,
                    "purchases": self.purchases,
                    "first_day": self.first_day,
                    "last_day": self.last_day,
                    "span": self.span,
                    "unit": self.time_unit,
                },
            ),
            Finding("profile-bought-once", {"share": self.bought_once, "repeat_purchases": self.repeat_purchases}),
            *self.doubts,
        ]
        if self.same_day:
            findings.append(Finding("profile-same-day", {"share": self.same_day, "transactions": self.transactions}))
        if self.same_day > LINE_ITEMS and not self.is_cleaned:
            findings.append(Finding("profile-line-items", {}, "caution"))
        findings += [self.intertimes.finding, self.regularity.finding, self.arrivals.finding]
        if self.arrivals.acquired_after is not None:
            dropped = 1 - (self.arrivals.remaining or 0) / self.arrivals.customers
            figures = {"day": self.arrivals.acquired_after, "dropped_share": dropped}
            findings.append(Finding("profile-acquired-after-option", figures))
        findings += [self.season.finding, *self.outages.findings]
        if (period := self.opportunities.period) is not None:
            findings += [self.opportunities.finding, Finding("profile-opportunities-option", {"period": period})]
        if self.money is not None:
            findings += [self.money.finding, self.money.independence.finding]
        findings += [
            sufficiency_finding(self.checks, self.arrivals, not math.isnan(self.season.strength)),
            *([] if self.is_summary else [models_finding(self.models)]),
            *log_findings(
                self.acquired_after, self.older_customers, self.rows_after_end, self.last_day, self.rows_without_id
            ),
            *frames.file_findings(self.opened_files),
        ]
        return tuple(findings)

    @property
    def is_summary(self) -> bool:
        """Whether every customer has one row, as in a table with one row per customer, which is not a log."""
        return any(finding.code == NOT_A_LOG for finding in self.doubts)

    @property
    def check_findings(self) -> Findings:
        """Findings on the checks whose value is not sufficient, and why each matters."""
        return check_findings(self.checks)

    @property
    def text(self) -> str:
        """The findings in English, one per line."""
        return as_text(self.findings, separator="\n")

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {name: getattr(self, name) for name in TABLES}

    def shown_checks(self) -> pd.DataFrame:
        """Return the checks with their numbers as text."""
        return self.checks.assign(**{name: cells(self.checks[name], digits=3) for name in NUMBERS})

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as plain values; missing numbers are None.

        Each part has its finding, and `findings` has all of them, as code, severity, figures and text.
        """
        values = {name: value for name, value in plain_fields(self).items() if name not in NOT_WRITTEN}
        values |= {"findings": [finding.to_dict() for finding in self.findings]}
        plain: dict[str, Any] = files.plain(values)
        return plain

    def to_json(self, path: str | Path) -> None:
        """Write the profile as JSON. The file is written completely or not at all."""
        files.write_json(Path(path), self.to_dict())

    def __repr__(self) -> str:
        return "Profile:\n" + "\n".join(f"- {finding.text}" for finding in self.findings)

    def _repr_html_(self) -> str:
        checks = self.shown_checks()[["what", *NUMBERS, "status", "why"]]
        models = self.models[["title", "name", "suitability", "why"]]
        tables = (html.table(table.to_dict("list")) for table in (checks, models))
        return html.block("Profile", "", html.items(finding.text for finding in self.findings), *tables)


def profile(
    log: LogTable | CleanedLog,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    time_unit: ProfileUnit = "day",
    observation_end: str | Date | datetime | None = None,
    acquired_after: str | Date | datetime | None = None,
    time_zone: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    missing_ids: MissingIds = None,
    is_cleaned: bool = False,
) -> Profile:
    """Describe a log before any model is fitted: its content, whether the data are enough, and which models suit them.

    The profile counts by calendar day. It examines whether customers are older than the log (if so, use
    `acquired_after`), how regularly they buy, whether the time of the year matters, and whether spend is related to
    frequency. A table in DuckDB, PostgreSQL, SQLite or Spark is counted there, and only one row per customer, per day,
    per time between purchases and per amount is fetched.

    Parameters
    ----------
    time_unit : {"day", "week", "month", "year"}
        Unit of the times in the profile.
    log, customer_id, date, amount, observation_end, acquired_after, time_zone, date_format, on_missing_id, missing_ids
        As for `rfm_summary`; also the result of `clean`.
    is_cleaned : bool, default=False
        Whether the log was made by `clean`, so that several rows per day are orders and not their lines. Implied by the
        result of `clean`.

    Returns
    -------
    Profile

    Raises
    ------
    InvalidTransactions
        If rows break the rules of a log, all rows are after the end of observation, or no customer is first seen after
        acquired_after.
    InvalidOption
        For an invalid unit, or if acquired_after is not before the end of observation.

    Examples
    --------
    >>> import clvmodels as clv
    >>> profile = clv.profile(clv.datasets.load_cdnow(sample=True), amount="amount", time_unit="week")
    >>> profile.customers, round(profile.bought_once, 2), profile.arrivals.verdict, profile.sufficiency
    (2357, 0.52, 'seen', 'sufficient')
    >>> profile.models["title"][profile.models["suitability"] == "good"].to_list()
    ['MBG/NBD', 'Pareto/NBD']
    """
    columns = LogOptions(customer_id, date, amount, date_format, on_missing_id, missing_ids)
    return profile_with_purchases(
        log, columns, time_unit, time_zone, observation_end, acquired_after, is_cleaned
    ).profile


class ProfiledLog(NamedTuple):
    """The profile of a log, and the purchases that were read for it; None if they were counted in an engine."""

    profile: Profile
    purchases: PurchaseLog | None


def profile_with_purchases(
    log: LogTable | CleanedLog,
    columns: LogOptions,
    time_unit: ProfileUnit,
    time_zone: str | None,
    observation_end: str | Date | datetime | None,
    acquired_after: str | Date | datetime | None,
    is_cleaned: bool,
) -> ProfiledLog:
    """Return the profile of a log, as `profile` does, and its purchases by day."""
    if time_unit not in get_args(ProfileUnit):
        units = get_args(ProfileUnit)
        raise InvalidOption(
            f"time_unit={time_unit!r} is not one of {', '.join(map(repr, units))}.{closest(time_unit, units)}"
        )
    clock = Clock(time_unit, "day", time_zone)
    is_cleaned = is_cleaned or isinstance(log, CleanedLog)
    table = log.transactions if isinstance(log, CleanedLog) else log
    last_tick = None if observation_end is None else clock.closing_tick(observation_end)
    period = PeriodArguments("observation_end", "acquired_after", last_tick, acquired_after is not None)
    options = replace(columns, period=period)
    observed = observe_log(table, clock, options, observation_end, acquired_after)
    doubts = observed.doubts
    customers = len(observed.purchases.frequency)
    if is_summary(observed.purchases.count, customers):
        doubts = (*doubts, summary_finding(customers))
    described = _examine(
        observed.purchases,
        clock,
        time_unit=time_unit,
        transactions=observed.transactions,
        same_day=1 - observed.merged / observed.transactions,
        is_cleaned=is_cleaned,
        acquired_after=None if observed.after is None else clock.describe_tick(observed.after),
        older_customers=observed.older,
        rows_after_end=observed.rows_after_end,
        rows_without_id=observed.rows_without_id,
        opened_files=observed.opened_files,
        doubts=doubts,
    )
    return ProfiledLog(described, observed.log)


def _examine(purchases: DailyPurchases, clock: Clock, **facts: Any) -> Profile:
    """Return the profile of purchases; `facts` are the fields computed from the whole log."""
    days_per_unit = clock.ticks_per_unit
    intertimes = examine_intertimes(purchases, days_per_unit, clock.time_unit)
    regularity, opportunities = examine_regularity(purchases), examine_opportunities(purchases)
    arrivals, money = examine_arrivals(purchases), examine_money(purchases)
    checks = check_data(purchases, intertimes, days_per_unit)
    summary = next((finding for finding in facts["doubts"] if finding.code == NOT_A_LOG), None)
    models = rate_models(purchases, arrivals, regularity, opportunities, money, summary)
    return Profile(
        purchases=purchases.count,
        repeat_purchases=int(purchases.frequency.sum()),
        customers=len(purchases.frequency),
        first_day=clock.describe_tick(purchases.first_day),
        last_day=clock.describe_tick(purchases.last_day),
        span=purchases.days / days_per_unit,
        bought_once=float(np.mean(purchases.frequency == 0)),
        intertimes=intertimes,
        regularity=regularity,
        arrivals=arrivals,
        season=examine_season(purchases),
        outages=examine_outages(purchases),
        opportunities=opportunities,
        money=money,
        sufficiency=worst_status(checks),
        checks=checks,
        models=model_table(models),
        model_findings=tuple(model.finding for model in models),
        weeks=weekly(purchases),
        waits=waits(purchases, days_per_unit, clock.time_unit),
        **facts,
    )
