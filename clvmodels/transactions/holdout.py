"""A log cut in two: what was known at the cut, and what each customer did after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames, html
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.amounts import AMOUNT_UNIT, money
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.purchase_log import PurchaseLog
from clvmodels.transactions.snapshots import LogSource, SnapshotReader
from clvmodels.transactions.summary import RFM, acquisition_tick, summarize

__all__ = ["Holdout", "cut_at", "holdout_split"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Holdout:
    """The calibration RFM, and what its customers did in the holdout period.

    Attributes
    ----------
    calibration : RFM
        Customers first seen up to the cut, from what was known then.
    purchases : int array (n,)
        Purchases in the holdout period, in the order of the RFM; 0 for those who bought nothing.
    spend : float array (n,) or None
        Money spent in the holdout period.
    past_spend : float array (n,) or None
        Money spent up to the cut, the first purchase included.
    horizon : float
        Length of the holdout period in the clock's unit.
    calibration_end, holdout_end : str
        Last date of each period, in ISO form.
    new_customers, new_purchases : int
        Customers first seen after the cut, whom no model could know, and all their purchases.
    new_spend : float or None
    rows_after_end : int
        Rows of the log later than the holdout period.
    cut : int
        Last tick of the calibration period.
    activity : int array (3, ticks)
        Ticks, customers whose first purchase fell there (up to the cut), and their repeat purchases there.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> split = clv.holdout_split(log, amount="amount", time_unit="week", calibration_end="1997-09-30")
    >>> int(split.purchases.sum()), split.horizon
    (1882, 39.0)
    """

    calibration: RFM
    purchases: npt.NDArray[np.int64]
    spend: npt.NDArray[np.float64] | None
    past_spend: npt.NDArray[np.float64] | None
    horizon: float
    calibration_end: str
    holdout_end: str
    new_customers: int
    new_purchases: int
    new_spend: float | None
    rows_after_end: int
    cut: int
    activity: npt.NDArray[np.int64]

    @property
    def clock(self) -> Clock:
        return self.calibration.clock

    def with_columns(self, frame: frames.Frame) -> Holdout:
        """Let the calibration RFM carry customer attributes; see `RFM.with_columns`."""
        return replace(self, calibration=self.calibration.with_columns(frame))

    def to_frame(self) -> frames.Frame:
        """A row a customer: the calibration RFM with holdout_purchases and, if there is money, holdout_spend."""
        columns = self.calibration.columns() | {"holdout_purchases": self.purchases}
        if self.spend is not None:
            columns["holdout_spend"] = self.spend
        return frames.table(self.calibration.kind, columns)

    def facts(self) -> list[str]:
        """What a reader should know of it, in words."""
        period = f"{self.horizon:.4g} {self.clock.time_unit}s"
        facts = [
            f"{len(self.calibration):,} customers known at {self.calibration_end}, followed to {self.holdout_end}",
            f"{int(self.purchases.sum()):,} purchases by {np.mean(self.purchases > 0):.1%} of them in these {period}",
        ]
        if self.new_customers:
            facts.append(
                f"{self.new_customers:,} customers first seen after the cut, with {self.new_purchases:,} purchases"
            )
        if self.calibration.acquired_after is not None:
            older, day = self.calibration.older_customers, self.calibration.acquired_after
            facts.append(f"{older:,} customers first seen up to {day} left out")
        if self.rows_after_end:
            facts.append(f"{self.rows_after_end:,} rows after {self.holdout_end} left out")
        return facts

    def __repr__(self) -> str:
        return "Holdout: " + "; ".join(self.facts())

    def _repr_html_(self) -> str:
        return html.block("Holdout", "", html.items(self.facts()))


def holdout_split(
    log: LogSource,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    calibration_end: str | Date | datetime,
    holdout_end: str | Date | datetime | None = None,
    acquired_after: str | Date | datetime | None = None,
    time_unit: TimeUnit = "day",
    merge_within: MergePeriod = "day",
    include_first_transaction: bool = False,
    intertimes: bool = False,
    time_zone: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
) -> Holdout:
    """Cut a log at a date: the RFM of what was known then, and what the same customers did next.

    Parameters
    ----------
    log : frame, path, or function of a date
        A row a transaction, as for `rfm_summary`. A function gives the log as it was known on a day, which `backtest`
        says more of; `clean(..., until=day)` is one.
    calibration_end : date or str
        Last day of the calibration period, itself included.
    holdout_end : date or str, optional
        Last day of the holdout period; default: the latest date in the log. Of opportunities, each end has to be the
        last day of one, and by default that of the latest date is taken to be over.
    acquired_after : date or str, optional
        Leave out whoever is first seen on this day or earlier, as for `rfm_summary`.
    customer_id, date, amount, time_unit, merge_within, include_first_transaction, intertimes, time_zone,
    date_format, on_missing_id
        As for `rfm_summary`.

    Returns
    -------
    Holdout

    Raises
    ------
    InvalidTransactions
        When rows break the rules of a log, none is as early as the cut, or nobody is first seen after acquired_after.
    InvalidOption
        When the holdout period would be empty, a period would end within an opportunity, acquired_after is not
        before the cut, or log(day) holds later rows.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> ends = {"calibration_end": "1997-09-30", "holdout_end": "1998-06-30"}
    >>> split = clv.holdout_split(log, amount="amount", time_unit="week", **ends)
    >>> for fact in split.facts():
    ...     print(fact)
    2,357 customers known at 1997-09-30, followed to 1998-06-30
    1,882 purchases by 29.0% of them in these 39 weeks
    """
    clock = Clock(time_unit, merge_within, time_zone)
    reader = SnapshotReader(log, clock, customer_id, date, amount, date_format, on_missing_id)
    later = reader.whole()
    cut = clock.closing_tick(calibration_end, "calibration_end")
    end = later.last_tick if holdout_end is None else clock.closing_tick(holdout_end, "holdout_end")
    after = acquisition_tick(clock, acquired_after, cut)
    record = reader.at(cut) if reader.changes else later
    return cut_at(record, cut, end, include_first_transaction, intertimes, after, later)


def cut_at(
    record: PurchaseLog,
    cut: int,
    end: int,
    include_first_transaction: bool = False,
    intertimes: bool = False,
    after: int | None = None,
    later: PurchaseLog | None = None,
) -> Holdout:
    """Cut the purchases held after tick `cut`, and follow its customers up to and including tick `end`.

    Whoever is first seen up to tick `after` is left out. `later` has what came after the cut, where the record holds
    only what was known then: customers who are not in it bought nothing, as it turned out.

    Raises
    ------
    InvalidTransactions
        When no transaction is as early as the cut.
    InvalidOption
        When the holdout period would be empty.
    """
    clock = record.clock
    if end <= cut:
        raise InvalidOption(
            f"The holdout period is empty: it would end on {clock.describe_tick(end)}, and the calibration period "
            f"on {clock.describe_tick(cut)}."
        )
    calibration = summarize(record, cut, include_first_transaction, intertimes, after)
    known = record.first <= cut
    if after is not None:
        known &= record.first > after
    later = record if later is None else later
    place = np.flatnonzero(known) if later is record else _places(record.customer_id.filter(known.tolist()), later)
    at_cut = record.up_to(cut)
    since, until = at_cut if later is record else later.up_to(cut), later.up_to(end)
    new = until > since
    new[place[place >= 0]] = False
    if after is not None:
        new &= later.first > after
    begin = since[place]
    finish = np.where(place >= 0, until[place], begin)
    spend = past_spend = new_spend = None
    if record.paid is not None:
        spend = money(later.spent(begin, finish))
        past_spend = money(record.spent(record.start[:-1][known], at_cut[known]))
        new_spend = int(later.spent(since[new], until[new]).sum()) * AMOUNT_UNIT
    return Holdout(
        calibration=calibration,
        purchases=finish - begin,
        spend=spend,
        past_spend=past_spend,
        horizon=(end - cut) / clock.ticks_per_unit,
        calibration_end=clock.describe_tick(cut),
        holdout_end=clock.describe_tick(end),
        new_customers=int(new.sum()),
        new_purchases=int((until - since)[new].sum()),
        new_spend=new_spend,
        rows_after_end=later.rows_after(end),
        cut=cut,
        activity=_activity(record, known, cut, later, place, end),
    )


def _places(customer_id: nw.Series[Any], record: PurchaseLog) -> npt.NDArray[np.int64]:
    """Where customers stand in a record (n,), -1 for those who do not."""
    if customer_id.dtype.is_integer() != record.customer_id.dtype.is_integer():
        raise InvalidTransactions(
            f"Customer ids are {customer_id.dtype} in the log as known at the cut and {record.customer_id.dtype} "
            "in the log as known now, so that no customer is found again: give them the same type on every day, "
            "such as by a frame in place of a CSV file."
        )
    keys = customer_id.alias("customer_id").to_frame().with_row_index("row")
    held = record.customer_id.alias("customer_id").to_frame().with_row_index("place")
    found = keys.join(held, on="customer_id", how="left").sort("row")
    return found["place"].cast(nw.Int64).fill_null(-1).to_numpy()


def _activity(
    record: PurchaseLog,
    known: npt.NDArray[np.bool_],
    cut: int,
    later: PurchaseLog,
    place: npt.NDArray[np.int64],
    end: int,
) -> npt.NDArray[np.int64]:
    """Ticks up to `end`, and first and repeat purchases there of the customers known, (3, ticks)."""
    seen = record.tick[np.repeat(known, np.diff(record.start)) & (record.tick <= cut)]
    followed = np.zeros(len(later.first), dtype=bool)
    followed[place[place >= 0]] = True
    theirs = np.repeat(followed, np.diff(later.start)) & (later.tick > cut) & (later.tick <= end)
    origin = record.first_tick
    all_of_them = np.bincount(np.concatenate([seen, later.tick[theirs]]) - origin)
    first = np.bincount(record.first[known] - origin, minlength=len(all_of_them))
    ticks = np.flatnonzero(all_of_them)
    return np.stack([ticks + origin, first[ticks], (all_of_them - first)[ticks]])
