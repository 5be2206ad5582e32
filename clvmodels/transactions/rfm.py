"""The RFM: one row per customer, and the clock of its times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames, html
from clvmodels.calendar import Calendar
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidRFM
from clvmodels.language import Finding, Findings, as_text
from clvmodels.processes.cnbd_k import regularity
from clvmodels.transactions.calendar_columns import calendar_columns
from clvmodels.transactions.rfm_checks import check_rfm, read_customers, read_numbers, refuse_customers

__all__ = ["FEWEST_IN_SUMMARY", "NOT_A_LOG", "RFM", "is_summary", "log_findings", "refuse_summary", "summary_finding"]

COLUMNS = ("frequency", "recency", "T", "sum_log_intertimes", "monetary_value", "monetary_count")
OPPORTUNITIES = "n"
PREVIEW = 5
NOT_A_LOG = "profile-one-row-per-customer"
FEWEST_IN_SUMMARY = 10  # customers from which on a log in which nobody bought twice is taken for a summary

CALENDAR_TIMES: WeakKeyDictionary[RFM, dict[str, npt.NDArray[np.float64]]] = WeakKeyDictionary()  # used many times


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False, repr=False)
class RFM:
    """One row per customer, sorted by customer id, and the clock of its times.

    Attributes
    ----------
    customer_id : narwhals.Series, shape (n,)
        Integers or text.
    frequency : int array, shape (n,)
        Repeat purchases: distinct merge periods with a purchase, minus the first.
    recency : float array, shape (n,)
        Time from the first purchase to the last, in the clock's unit; 0 if and only if frequency is 0.
    T : float array, shape (n,)
        Time from the first purchase to the end of observation.
    monetary_value : float array, shape (n,), or None
        Mean spend per purchase; NaN where monetary_count is 0. None if the log has no amounts.
    monetary_count : int array, shape (n,), or None
        Number of purchases in the mean: frequency, or frequency + 1 if it includes the first purchase.
    clock : Clock
    observation_end : str or None
        Last date (or hour) observed, as ISO text; None if unknown.
    kind : FrameKind
        The kind of frame to return.
    rows_after_end, rows_without_id : int
        Rows of the log that were left out: later than observation_end, or without a customer id.
    attributes : mapping of str to narwhals.Series
        Further columns, from `with_columns`.
    sum_log_intertimes : float array, shape (n,), or None
        Sum of the logarithms of the times between purchases, in the clock's unit and by its calendar; 0 if frequency is
        0. None unless `intertimes=True`; models of regular timing need it.
    acquired_after : str or None
        Customers first seen up to this date are left out; None if all are included.
    older_customers : int
        The number of customers left out.
    opened_files : tuple of OpenedFile
        What was recognized of the files of the log.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> rfm["frequency"][:5].tolist(), len(rfm[rfm.frequency > 0])
    ([2, 0, 1, 0, 0], 946)
    >>> again = clv.RFM.from_frame(rfm.to_frame(), time_unit="week", observation_end="1997-09-30")
    >>> len(again) == len(rfm)
    True
    """

    customer_id: nw.Series[Any]
    frequency: npt.NDArray[np.int64]
    recency: npt.NDArray[np.float64]
    T: npt.NDArray[np.float64]
    monetary_value: npt.NDArray[np.float64] | None
    monetary_count: npt.NDArray[np.int64] | None
    clock: Clock
    observation_end: str | None
    kind: frames.FrameKind
    rows_after_end: int
    rows_without_id: int
    attributes: Mapping[str, nw.Series[Any]]
    sum_log_intertimes: npt.NDArray[np.float64] | None = None
    acquired_after: str | None = None
    older_customers: int = 0
    opened_files: tuple[frames.OpenedFile, ...] = ()

    @property
    def n(self) -> npt.NDArray[np.int64] | None:
        """Opportunities to buy after the first purchase (n,): T on a discrete clock, None on any other."""
        return self.T.astype(np.int64) if self.clock.discrete else None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of customers and of columns, which scikit-learn reads."""
        return len(self.frequency), len(self.columns())

    def __len__(self) -> int:
        return len(self.frequency)

    def __getitem__(self, key: Any) -> Any:
        """Return a column by its name, or the customers at positions, in a slice, or under a mask."""
        if isinstance(key, str):
            columns = self.columns()
            if key not in columns:
                raise KeyError(f"{key!r} is not one of {', '.join(columns)}")
            return columns[key]
        rows = _rows(key, len(self))
        return replace(
            self,
            customer_id=self.customer_id[rows],
            frequency=self.frequency[rows],
            recency=self.recency[rows],
            T=self.T[rows],
            monetary_value=None if self.monetary_value is None else self.monetary_value[rows],
            monetary_count=None if self.monetary_count is None else self.monetary_count[rows],
            attributes={name: column[rows] for name, column in self.attributes.items()},
            sum_log_intertimes=None if self.sum_log_intertimes is None else self.sum_log_intertimes[rows],
        )

    def to_frame(self) -> frames.Frame:
        """Return the columns as a frame of the same kind as the log; `from_frame` reads it."""
        return frames.table(self.kind, self.columns())

    @classmethod
    def from_frame(
        cls,
        frame: frames.Frame,
        *,
        time_unit: TimeUnit,
        merge_within: MergePeriod = "day",
        time_zone: str | None = None,
        observation_end: str | Date | datetime | None = None,
    ) -> RFM:
        """Return the RFM of a frame that already has one row per customer.

        Parameters
        ----------
        frame : frame or path, as `rfm_summary` takes them
            Columns customer_id, frequency, recency, T and, optionally, sum_log_intertimes, monetary_value and
            monetary_count (default: frequency). Other columns become attributes. A pandas index named customer_id
            is used as the column.
        time_unit : {"hour", "day", "week", "month", "year"}
            The unit of recency and T; there is no default, because the frame does not show it.
        merge_within : {"day", "hour", "week", "month", "year"}
            With a week, month or year, T is the number of opportunities after the first purchase; a column n, if the
            frame has one, must equal it.

        Raises
        ------
        InvalidRFM
            If rows break the rules of an RFM; each rule is listed with its count and the first customers.
        """
        clock = Clock(time_unit, merge_within, time_zone)
        data, kind = read_customers(frame, ("frequency", "recency", "T"))
        names = data.columns
        end = None if observation_end is None else clock.describe_tick(clock.closing_tick(observation_end))
        own_columns = {"customer_id", *COLUMNS, *((OPPORTUNITIES,) if clock.discrete else ())}
        frequency = read_numbers(data, "frequency")
        value = read_numbers(data, "monetary_value") if "monetary_value" in names else None
        count = None
        if value is not None:
            count = read_numbers(data, "monetary_count") if "monetary_count" in names else frequency
            value = np.where(count == 0, np.nan, value)
        rfm = cls(
            customer_id=data["customer_id"],
            frequency=frequency,  # type: ignore[arg-type]  # whole numbers once checked
            recency=read_numbers(data, "recency"),
            T=read_numbers(data, "T"),
            monetary_value=value,
            monetary_count=count,  # type: ignore[arg-type]
            clock=clock,
            observation_end=end,
            kind=kind,
            rows_after_end=0,
            rows_without_id=0,
            attributes={name: data[name] for name in names if name not in own_columns},
            sum_log_intertimes=read_numbers(data, "sum_log_intertimes") if "sum_log_intertimes" in names else None,
        )
        check_rfm(rfm, read_numbers(data, OPPORTUNITIES) if OPPORTUNITIES in own_columns & {*names} else rfm.T)
        return replace(
            rfm,
            frequency=frequency.astype(np.int64),
            monetary_count=None if count is None else count.astype(np.int64),
        )

    def with_columns(self, frame: frames.Frame) -> RFM:
        """Return the RFM with customer attributes, matched by the frame's customer_id column (or pandas index).

        Raises
        ------
        InvalidRFM
            If a customer of the RFM is missing from the frame, or appears in it twice.
        """
        table, _ = read_customers(frame)
        names = [name for name in table.columns if name != "customer_id"]
        present = sorted(set(names) & {*COLUMNS, *self.columns()})
        if present:
            raise InvalidRFM(f"The RFM already has the column {', '.join(map(repr, present))}: rename it first.")
        if table["customer_id"].dtype != self.customer_id.dtype:
            raise InvalidRFM(
                f"customer_id is {table['customer_id'].dtype} in the frame and {self.customer_id.dtype} in the RFM: "
                "convert one of them."
            )
        ids = table["customer_id"]
        refuse_customers(
            ids.filter(ids.is_duplicated()).unique(maintain_order=True),
            "appear in the frame twice",
            "appears in the frame twice",
        )
        if len(ids) == len(self) and not ids.null_count() and (ids == self.customer_id).all():
            return self._with_attributes(table, names)
        keys = self.customer_id.alias("customer_id").to_frame().with_row_index("row")
        missing = keys.join(table.select("customer_id"), on="customer_id", how="anti").sort("row")
        refuse_customers(missing["customer_id"], "are missing from the frame", "is missing from the frame")
        positions = keys.join(table.select("customer_id").with_row_index("position"), on="customer_id", how="left")
        return self._with_attributes(table[positions.sort("row")["position"].to_numpy()], names)

    def _with_attributes(self, table: nw.DataFrame[Any], names: list[str]) -> RFM:
        """Return the RFM with columns of a table that has its customers in the same order."""
        return replace(self, attributes={**self.attributes, **{name: table[name] for name in names}})

    def with_calendar(self, calendar: Calendar | None) -> RFM:
        """Return the RFM with another calendar, by which models then measure its times.

        recency and T stay as they are: plain time, which people read. Models use `calendar_times`.

        Raises
        ------
        InvalidRFM
            If the end of observation is not known, a customer has a last purchase on a day on which the calendar says
            that nobody could buy, or the RFM has sum_log_intertimes, which depend on the calendar.
        """
        if self.sum_log_intertimes is not None and calendar != self.clock.calendar:
            raise InvalidRFM(
                "sum_log_intertimes depend on the calendar: make the RFM again with rfm_summary(..., calendar=...)."
            )
        changed = replace(self, clock=replace(self.clock, calendar=calendar))
        if changed.clock.seasonal:
            never = (self.frequency > 0) & ~(changed.calendar_times()["recency"] > 0)
            refuse_customers(
                self.customer_id.filter(never.tolist()), "bought on days of speed 0", "bought on a day of speed 0"
            )
        return changed

    @property
    def without_engine(self) -> RFM:
        """The same customers, whose results are frames of polars rather than tables in an engine.

        Results that are read back must keep the order of the customers, which an engine does not promise.
        """
        in_engine = self.kind == "ibis" or not isinstance(self.kind, str)
        return replace(self, kind="polars") if in_engine else self

    def calendar_times(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return recency and T by the clock's calendar, (n,) each: the times that models use. They are read-only."""
        times = CALENDAR_TIMES.get(self)
        if times is None:
            recency, T = calendar_columns(self, ("recency", "T"), (self.recency, self.T))
            times = {"recency": recency.view(), "T": T.view()}
            for each in times.values():
                each.setflags(write=False)
            CALENDAR_TIMES[self] = times
        return dict(times)

    def columns(self) -> dict[str, Any]:
        """Return the columns by name, attributes last."""
        columns: dict[str, Any] = {
            "customer_id": self.customer_id,
            "frequency": self.frequency,
            "recency": self.recency,
            "T": self.T,
        }
        if self.n is not None:
            columns[OPPORTUNITIES] = self.n
        if self.sum_log_intertimes is not None:
            columns["sum_log_intertimes"] = self.sum_log_intertimes
        if self.monetary_value is not None:
            columns |= {"monetary_value": self.monetary_value, "monetary_count": self.monetary_count}
        return columns | dict(self.attributes)

    def regularity(self) -> float:
        """Return how regularly customers buy, without a model: 1 for random timing, larger for more regular timing.

        A diagnostic from customers with at least two repeat purchases; the k of BGCNBD and MBGCNBD should be close to
        it. Customers who buy every few days look more regular than they are, because purchases on one day count as
        one. Needs `rfm_summary(..., intertimes=True)`.
        """
        if self.sum_log_intertimes is None:
            raise InvalidRFM("This RFM has no intertimes: make it with rfm_summary(log, ..., intertimes=True).")
        recency = self.calendar_times()["recency"] if self.clock.seasonal else self.recency
        return regularity(self.frequency.astype(float), recency, self.sum_log_intertimes)

    @property
    def findings(self) -> Findings:
        """What the RFM contains, and what was left out of it."""
        customers = {"customers": len(self), "repeat_purchases": int(self.frequency.sum())}
        findings = [Finding("rfm-customers", customers)]
        if self.observation_end:
            findings.append(Finding("rfm-observed", {"end": self.observation_end}))
        findings.append(_clock_finding(self.clock))
        if self.clock.calendar is not None:
            findings.append(Finding("rfm-calendar"))
        bought_once = float(np.mean(self.frequency == 0)) if len(self) else 0.0
        findings.append(Finding("rfm-bought-once", {"share": bought_once}))
        if is_summary(len(self) + int(self.frequency.sum()), len(self)):
            findings.append(summary_finding(len(self)))
        if self.monetary_count is not None and len(self) and np.any(self.monetary_count > self.frequency):
            findings.append(Finding("rfm-first-purchase-counts"))
        left_out = log_findings(
            self.acquired_after, self.older_customers, self.rows_after_end, self.observation_end, self.rows_without_id
        )
        return (*findings, *left_out, *frames.file_findings(self.opened_files))

    def __repr__(self) -> str:
        head = frames.table("polars", self[:PREVIEW].columns())
        return "RFM of " + as_text(self.findings, separator="; ") + f"\n{head}"

    def _repr_html_(self) -> str:
        columns = self[:PREVIEW].columns()
        units = dict.fromkeys(("recency", "T"), f"{self.clock.time_unit}s")
        more = f"… {len(self):,} rows" if len(self) > PREVIEW else ""
        # Attributes may be years or codes, which take no separators.
        table = html.table(columns, units=units, names={"customer_id", *self.attributes}, more=more)
        return html.block("RFM", as_text(self.findings, separator="; "), table)


def log_findings(
    acquired_after: str | None, older_customers: int, rows_after_end: int, end: str | None, rows_without_id: int = 0
) -> Findings:
    """Return findings on the customers and rows of a log that were left out."""
    findings = []
    if acquired_after is not None:
        findings.append(Finding("customers-left-out", {"customers": older_customers, "day": acquired_after}))
    if rows_after_end:
        findings.append(Finding("rows-after-end", {"rows": rows_after_end, "end": end}))
    if rows_without_id:
        findings.append(Finding("rows-without-id", {"rows": rows_without_id}))
    return tuple(findings)


def _clock_finding(clock: Clock) -> Finding:
    """Return the unit of times, what counts as one purchase, and the time zone."""
    figures: dict[str, str] = {"unit": clock.time_unit, "merge_within": clock.merge_within}
    if clock.time_zone:
        figures |= {"zone": clock.time_zone}
        return Finding("rfm-clock-discrete-zone" if clock.discrete else "rfm-clock-zone", figures)
    return Finding("rfm-clock-discrete" if clock.discrete else "rfm-clock", figures)


def _rows(key: Any, count: int) -> slice | npt.NDArray[np.intp]:
    """Return what an index selects among `count` customers: a slice of adjacent rows as it is, or positions (k,)."""
    if isinstance(key, tuple):  # scikit-learn writes X[rows, ...]
        key, *others = key
        if not all(other is Ellipsis or (isinstance(other, slice) and other == slice(None)) for other in others):
            raise IndexError("an RFM is indexed by customers only; name a column, as in rfm['T']")
    if isinstance(key, slice) and key.step in (None, 1):
        return key  # positions of a few among millions of customers would cost more than their columns
    if isinstance(key, (int, np.integer)):
        key = [key]
    rows: npt.NDArray[np.intp] = np.arange(count)[key]
    if rows.ndim != 1:
        raise IndexError("an RFM is indexed by a row number, a slice, a mask, or a list of row numbers")
    return rows


def is_summary(purchases: int, customers: int) -> bool:
    """Return whether every customer bought once, as in a table with one row per customer."""
    return purchases == customers >= FEWEST_IN_SUMMARY


def summary_finding(customers: int) -> Finding:
    """Return the finding on a table in which every customer bought once."""
    return Finding(NOT_A_LOG, {"customers": customers}, "problem")


def refuse_summary(repeat_purchases: int, customers: int) -> None:
    """Raise InvalidRFM if every customer bought once, so that no model of purchases can be fitted."""
    if is_summary(customers + repeat_purchases, customers):
        raise InvalidRFM(summary_finding(customers).text + ".")
    if customers and not repeat_purchases:
        raise InvalidRFM(
            f"None of the customers ({customers:,}) bought a second time, so no model of purchases can be fitted: use "
            "a log of a longer period, or of more customers."
        )
