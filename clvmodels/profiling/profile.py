"""What a log can bear, said before any model."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from clvmodels import files, frames, html
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.language import message
from clvmodels.language.numbers import cell, cells
from clvmodels.profiling.arrivals import Arrivals, judge_arrivals
from clvmodels.profiling.daily_purchases import DailyPurchases, observe, weekly
from clvmodels.profiling.season import Season, judge_season
from clvmodels.profiling.spend import Money, judge_money
from clvmodels.profiling.suitability import Sufficiency, check_data, choose_models, sufficiency
from clvmodels.profiling.timing import (
    Intertimes,
    Opportunities,
    Regularity,
    judge_intertimes,
    judge_opportunities,
    judge_regularity,
    waits,
)
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.purchase_log import purchases_of
from clvmodels.transactions.summary import acquisition_tick, refuse_before, refuse_nobody

__all__ = ["Profile", "profile"]

ProfileUnit = Literal["day", "week", "month", "year"]
NUMBERS = ("value", "comfortable", "least")
LINES = 0.8  # share of rows merged into another of that day, above which they are hardly purchases
TABLES = ("checks", "models", "waits", "weeks")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Profile:
    """What a log holds and what it can bear, before any model.

    Attributes
    ----------
    transactions : int
        Rows of the log up to the last day, of all customers.
    purchases, repeat_purchases : int
        Transactions of one customer on one day are one purchase; the first of each customer is no repeat purchase.
    customers : int
    first_day, last_day : str
        Observed, ISO.
    span : float
        Days from the first to the last, both included, in `time_unit`.
    time_unit : {"day", "week", "month", "year"}
        In which span and intertimes are told.
    bought_once : float
        Share of customers.
    same_day : float
        Share of the transactions that were merged into another of the same customer and day.
    intertimes : Intertimes
    regularity : Regularity
    arrivals : Arrivals
        Whether customers are older than the log.
    season : Season
    opportunities : Opportunities
    money : Money or None
        None if the log was read without amounts.
    sufficiency : {"enough", "thin", "too little"}
        The worst of `checks`.
    checks : DataFrame
        what, value, comfortable, least, enough ("enough", "thin", "too little"), why.
    models : DataFrame
        model, name (of the class), fits ("yes", "perhaps", "no"), why; the likeliest first, Gamma-Gamma last.
    weeks : DataFrame
        A row a calendar week (Monday to Sunday): week_start, week_end, days (fewer in the first and last), purchases,
        new_customers, repeat_purchases, customers_seen (so far) and, if there is money, amount.
    waits : DataFrame
        Histogram of the times between purchases: lower, upper (open in the last bin), count, unit.
    acquired_after : str or None
        Customers first seen up to this day are left out; the first day is then the next.
    older_customers, rows_after_end, rows_without_id : int
        Customers and rows that are left out.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> found = clv.profile(log, amount="amount")
    >>> found.arrivals.verdict, found.opportunities.words
    ('seen', 'purchases fall on any day')
    >>> print(found.weeks[["week_start", "purchases", "new_customers"]].head(2).to_string(index=False))
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

    def facts(self) -> list[str]:
        """What a reader should know of the log, in words."""
        period = f"{self.first_day} to {self.last_day} ({self.span:,.4g} {self.time_unit}s)"
        facts = [
            f"{self.customers:,} customers with {self.purchases:,} purchases, {period}",
            f"{self.bought_once:.1%} of customers bought once; {self.repeat_purchases:,} repeat purchases",
        ]
        if self.same_day:
            facts.append(f"{self.same_day:.1%} of {self.transactions:,} transactions merged into another of that day")
        if self.same_day > LINES:
            facts.append("these look like line items: clean them first (clv clean)")
        facts += [self.intertimes.words, self.regularity.words, self.arrivals.words, self.season.words]
        if self.opportunities.period is not None:
            facts.append(self.opportunities.words)
        if self.money is not None:
            facts += [self.money.words, self.money.independence.text]
        facts += [self._suffices(), self._fitting()]
        if self.acquired_after is not None:
            facts.append(f"{self.older_customers:,} customers first seen up to {self.acquired_after} left out")
        if self.rows_after_end:
            facts.append(message("rows-after-end", {"rows": self.rows_after_end, "end": self.last_day}))
        if self.rows_without_id:
            facts.append(f"{self.rows_without_id:,} rows without a customer id set aside")
        return facts

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name."""
        return {name: getattr(self, name) for name in TABLES}

    def shown_checks(self) -> pd.DataFrame:
        """The checks as people read them, numbers as text."""
        return self.checks.assign(**{name: cells(self.checks[name], digits=3) for name in NUMBERS})

    def to_dict(self) -> dict[str, Any]:
        """Plain values, missing numbers as None."""
        told: dict[str, Any] = files.plain(_plain_fields(self))
        return told

    def to_json(self, path: str | Path) -> None:
        """Write all of it as JSON, whole or not at all."""
        files.write_json(Path(path), self.to_dict())

    def __repr__(self) -> str:
        return "Profile:\n" + "\n".join(f"- {fact}" for fact in self.facts())

    def _repr_html_(self) -> str:
        tables = (html.table(table.to_dict("list")) for table in (self.shown_checks(), self.models))
        return html.block("Profile", "", html.items(self.facts()), *tables)

    def _suffices(self) -> str:
        lacking = self.checks[self.checks["enough"] != "enough"]
        told = "; ".join(f"{row.what}: {cell(row.value, digits=3)}" for row in lacking.itertuples())
        caveats = []
        if self.arrivals.verdict == "older":
            caveats.append("customers are older than the log")
        if math.isnan(self.season.strength):
            caveats.append("a season cannot be seen")
        joined = " and ".join(caveats)
        if not told:
            return "enough rows to fit a model" + (f", but {joined}" if caveats else "")
        short = f"the data are {'thin' if self.sufficiency == 'thin' else 'too few'} ({told})"
        return short + (f", and {joined}" if caveats else "")

    def _fitting(self) -> str:
        fitting = self.models["model"][self.models["fits"] == "yes"]
        return f"such data suit {', '.join(fitting)}" if len(fitting) else "no model clearly suits such data"


def profile(
    log: frames.Frame | str | Path,
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
) -> Profile:
    """Look at a log before any model: what it holds, whether it suffices, and which models fit such data.

    By calendar days. It asks whether customers are older than the log (`acquired_after` of `rfm_summary` then helps),
    how regularly they buy, whether the time of the year matters, and whether spend goes with frequency, and says so in
    words.

    Parameters
    ----------
    time_unit : {"day", "week", "month", "year"}
        In which times are told.
    log, customer_id, date, amount, observation_end, acquired_after, time_zone, date_format, on_missing_id
        As for `rfm_summary`.

    Returns
    -------
    Profile

    Raises
    ------
    InvalidTransactions
        When rows break the rules of a log, none is as early as the end of observation, or nobody is first seen after
        acquired_after.
    InvalidOption
        For a unit that is none of these, or when acquired_after is not before the end of observation.

    Examples
    --------
    >>> import clvmodels as clv
    >>> found = clv.profile(clv.datasets.load_cdnow(sample=True), amount="amount", time_unit="week")
    >>> found.customers, round(found.bought_once, 2), found.arrivals.verdict, found.sufficiency
    (2357, 0.52, 'seen', 'enough')
    >>> found.models["model"][found.models["fits"] == "yes"].to_list()
    ['MBG/NBD', 'Pareto/NBD']
    """
    if time_unit not in get_args(ProfileUnit):
        raise InvalidOption(f"time_unit={time_unit!r} is not one of {', '.join(map(repr, get_args(ProfileUnit)))}.")
    clock = Clock(time_unit, "day", time_zone)
    record = purchases_of(log, clock, customer_id, date, amount, date_format, on_missing_id)
    end = record.last_tick if observation_end is None else clock.closing_tick(observation_end)
    refuse_before(record.first_tick, end, clock)
    after = acquisition_tick(clock, acquired_after, end)
    everybody = int(np.sum(record.first <= end))
    older = 0 if after is None else int(np.sum(record.first <= after))
    refuse_nobody(everybody - older, everybody, after, clock)
    transactions = int(record.rows_by_tick[1].sum()) - record.rows_after(end)
    merged = int(np.sum(record.up_to(end) - record.start[:-1]))
    return _judged(
        observe(record, end, after),
        clock,
        time_unit=time_unit,
        transactions=transactions,
        same_day=1 - merged / transactions,
        acquired_after=None if after is None else clock.describe_tick(after),
        older_customers=older,
        rows_after_end=record.rows_after(end),
        rows_without_id=record.rows_without_id,
    )


def _judged(seen: DailyPurchases, clock: Clock, **told: Any) -> Profile:
    """Every judgment of what was observed, beside what is told of the log."""
    days_per_unit = clock.ticks_per_unit
    intertimes = judge_intertimes(seen, days_per_unit, clock.time_unit)
    regularity, opportunities = judge_regularity(seen), judge_opportunities(seen)
    arrivals, money = judge_arrivals(seen), judge_money(seen)
    checks = check_data(seen, intertimes, days_per_unit)
    return Profile(
        purchases=len(seen.day),
        repeat_purchases=int(seen.frequency.sum()),
        customers=len(seen.frequency),
        first_day=clock.describe_tick(seen.origin),
        last_day=clock.describe_tick(seen.end),
        span=seen.days / days_per_unit,
        bought_once=float(np.mean(seen.frequency == 0)),
        intertimes=intertimes,
        regularity=regularity,
        arrivals=arrivals,
        season=judge_season(seen),
        opportunities=opportunities,
        money=money,
        sufficiency=sufficiency(checks),
        checks=checks,
        models=choose_models(seen, arrivals, regularity, opportunities, money),
        weeks=weekly(seen),
        waits=waits(seen, days_per_unit, clock.time_unit),
        **told,
    )


def _plain_fields(value: Any) -> Any:
    """Fields of records, and rows of tables, as dicts."""
    if isinstance(value, pd.DataFrame):
        return value.to_dict("records")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain_fields(getattr(value, field.name)) for field in fields(value)}
    return value
