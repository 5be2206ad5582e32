"""Transaction log -> RFM: frequency, recency, age and mean spend of each customer, with the clock they are told by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidRFM, InvalidTransactions
from clvmodels.processes.cnbd_k import regularity
from clvmodels.transactions.checks import check, numbers, read_customers, refuse_customers
from clvmodels.transactions.log import MissingId, money, read_transactions
from clvmodels.transactions.purchases import Purchases, hold
from clvmodels.transactions.reduction import purchases, reduce_to_customers

__all__ = ["RFM", "rfm_summary"]

COLUMNS = ("frequency", "recency", "T", "sum_log_intertimes", "monetary_value", "monetary_count")
OPPORTUNITIES = "n"
PREVIEW = 5


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RFM:
    """One row a customer, in order of customer id, and the clock that tells its times.

    Attributes
    ----------
    customer_id : narwhals.Series, shape (n,)
        Integers or text.
    frequency : int array, shape (n,)
        Repeat purchases: distinct merge periods with a purchase, less the first.
    recency : float array, shape (n,)
        Time from the first purchase to the last, in the clock's unit; 0 if and only if frequency is 0.
    T : float array, shape (n,)
        Time from the first purchase to the end of observation.
    monetary_value : float array, shape (n,), or None
        Mean spend a purchase; NaN where monetary_count is 0. None if the log had no amounts.
    monetary_count : int array, shape (n,), or None
        How many purchases the mean is over: frequency, or frequency + 1 with the first purchase included.
    clock : Clock
    observation_end : str or None
        Last date (or hour) observed, in ISO form; None if unknown.
    kind : FrameKind
        The kind of frame to give back.
    rows_after_end, rows_without_id : int
        Rows of the log that were left out: later than observation_end, or naming no customer.
    attributes : mapping of str to narwhals.Series
        Further columns a customer, from `with_columns`.
    sum_log_intertimes : float array, shape (n,), or None
        Sum of the logarithms of the times between purchases, in the clock's unit; 0 if frequency is 0. None unless
        asked for: models of regular timing read it.
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

    @property
    def n(self) -> npt.NDArray[np.int64] | None:
        """Opportunities to buy after the first purchase (n,): T, on a discrete clock; None on any other."""
        return self.T.astype(np.int64) if self.clock.discrete else None

    @property
    def shape(self) -> tuple[int, int]:
        """Customers and columns, as scikit-learn asks for them."""
        return len(self.frequency), len(self.columns())

    def __len__(self) -> int:
        return len(self.frequency)

    def __getitem__(self, key: Any) -> Any:
        """A column by its name, or the customers at positions, in a slice, or under a mask."""
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
        """The columns as a frame of the kind the log came in; `from_frame` takes it back."""
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
        """RFM from a frame that already holds one row a customer.

        Parameters
        ----------
        frame : frame or path, as `rfm_summary` takes them
            Columns customer_id, frequency, recency, T and, optionally, sum_log_intertimes, monetary_value and
            monetary_count (default: frequency). Other columns become attributes. A pandas index named customer_id
            serves as the column.
        time_unit : {"hour", "day", "week", "month", "year"}
            The unit recency and T are in; there is no default, since nothing in the frame can tell.
        merge_within : {"day", "hour", "week", "month", "year"}
            With a week, month or year, T is the number of opportunities after the first purchase; a column n, if there
            is one, has to agree.

        Raises
        ------
        InvalidRFM
            When rows break the rules of an RFM; every broken rule is named with its count and first customers.
        """
        clock = Clock(time_unit, merge_within, time_zone)
        data, kind = read_customers(frame, ("frequency", "recency", "T"))
        names = data.columns
        end = None if observation_end is None else clock.describe_tick(clock.closing_tick(observation_end))
        known = {"customer_id", *COLUMNS, *((OPPORTUNITIES,) if clock.discrete else ())}
        frequency = numbers(data, "frequency")
        value = numbers(data, "monetary_value") if "monetary_value" in names else None
        count = None
        if value is not None:
            count = numbers(data, "monetary_count") if "monetary_count" in names else frequency
            value = np.where(count == 0, np.nan, value)
        rfm = cls(
            customer_id=data["customer_id"],
            frequency=frequency,  # type: ignore[arg-type]  # whole numbers once checked
            recency=numbers(data, "recency"),
            T=numbers(data, "T"),
            monetary_value=value,
            monetary_count=count,  # type: ignore[arg-type]
            clock=clock,
            observation_end=end,
            kind=kind,
            rows_after_end=0,
            rows_without_id=0,
            attributes={name: data[name] for name in names if name not in known},
            sum_log_intertimes=numbers(data, "sum_log_intertimes") if "sum_log_intertimes" in names else None,
        )
        check(rfm, numbers(data, OPPORTUNITIES) if OPPORTUNITIES in known & {*names} else rfm.T)
        return replace(
            rfm,
            frequency=frequency.astype(np.int64),
            monetary_count=None if count is None else count.astype(np.int64),
        )

    def with_columns(self, frame: frames.Frame) -> RFM:
        """Carry customer attributes, matched by the frame's customer_id column (or pandas index of that name).

        Raises
        ------
        InvalidRFM
            When a customer of the RFM is missing from the frame, or stands in it twice.
        """
        given, _ = read_customers(frame)
        names = [name for name in given.columns if name != "customer_id"]
        taken = sorted(set(names) & {*COLUMNS, *self.columns()})
        if taken:
            raise InvalidRFM(f"The RFM already has the column {', '.join(map(repr, taken))}: rename it first.")
        if given["customer_id"].dtype != self.customer_id.dtype:
            raise InvalidRFM(
                f"customer_id is {given['customer_id'].dtype} in the frame and {self.customer_id.dtype} in the RFM: "
                "convert one of them."
            )
        ids = given["customer_id"]
        refuse_customers(ids.filter(ids.is_duplicated()).unique(maintain_order=True), "stand in the frame twice")
        keys = self.customer_id.alias("customer_id").to_frame().with_row_index("row")
        missing = keys.join(given.select("customer_id"), on="customer_id", how="anti").sort("row")
        refuse_customers(missing["customer_id"], "are missing from the frame")
        places = keys.join(given.select("customer_id").with_row_index("place"), on="customer_id", how="left")
        matched = given[places.sort("row")["place"].to_numpy()]
        return replace(self, attributes={**self.attributes, **{name: matched[name] for name in names}})

    def columns(self) -> dict[str, Any]:
        """The columns by name, attributes last."""
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
        """How regularly customers buy, before any model: 1 at random, more the more alike the times between purchases.

        A diagnostic of customers with two repeat purchases or more; the k of BGCNBD and MBGCNBD should lie near it.
        Whoever buys every few days looks more regular than he is, since purchases of one day are one. Needs
        `rfm_summary(..., intertimes=True)`.
        """
        if self.sum_log_intertimes is None:
            raise InvalidRFM("This RFM has no intertimes: make it with rfm_summary(log, ..., intertimes=True).")
        return regularity(self.frequency.astype(float), self.recency, self.sum_log_intertimes)

    def facts(self) -> list[str]:
        """What a reader should know of it, in words."""
        end = f", observed to {self.observation_end}" if self.observation_end else ""
        once = float(np.mean(self.frequency == 0)) if len(self) else 0.0
        customers = "customer" if len(self) == 1 else "customers"
        facts = [
            f"{len(self):,} {customers}, {int(self.frequency.sum()):,} repeat purchases{end}",
            f"times in {self.clock}",
            f"{once:.1%} bought once",
        ]
        if self.monetary_count is not None and len(self) and np.any(self.monetary_count > self.frequency):
            facts.append("money includes the first purchase")
        if self.rows_after_end:
            facts.append(f"{self.rows_after_end:,} rows after {self.observation_end} left out")
        if self.rows_without_id:
            facts.append(f"{self.rows_without_id:,} rows without a customer id set aside")
        return facts

    def __repr__(self) -> str:
        head = frames.table("polars", self[:PREVIEW].columns())
        return "RFM of " + "; ".join(self.facts()) + f"\n{head}"

    def _repr_html_(self) -> str:
        columns = self[:PREVIEW].columns()
        units = {"recency": f" ({self.clock.time_unit}s)", "T": f" ({self.clock.time_unit}s)"}
        header = "".join(f"<th>{escape(name)}{units.get(name, '')}</th>" for name in columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>"
            for row in zip(*columns.values(), strict=True)
        )
        facts = "; ".join(self.facts())
        more = f"<tr><td colspan={len(columns)}>… {len(self):,} rows</td></tr>" if len(self) > PREVIEW else ""
        return f"<div><b>RFM</b>: {escape(facts)}</div><table><tr>{header}</tr>{rows}{more}</table>"


def rfm_summary(
    log: frames.Frame | str | Path,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    time_unit: TimeUnit = "day",
    observation_end: str | Date | datetime | None = None,
    merge_within: MergePeriod = "day",
    include_first_transaction: bool = False,
    intertimes: bool = False,
    time_zone: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
) -> RFM:
    """Summarize a transaction log: frequency, recency, age and mean spend of each customer.

    Definitions as in Fader, Hardie & Lee (2005), "RFM and CLV": the first purchase starts a customer's clock and is
    not counted, and unless `include_first_transaction` it is left out of the money.

    Parameters
    ----------
    log : frame of pandas, polars (eager or lazy) or PyArrow, relation of DuckDB, table of Ibis, or path
        A row a transaction. A path is one of a file, a folder or a glob of CSV, JSON lines or Parquet; its files are
        one log. Predictions come back as the kind of frame the log came in: from DuckDB as relations of its connection,
        from Ibis as memtables, from a path or a lazy frame as polars frames.
    customer_id, date, amount : str
        Column names. Without `amount` there is no money in the result. Zero amounts count as purchases.
    time_unit : {"hour", "day", "week", "month", "year"}
        Divides differences of dates, fractions kept.
    observation_end : date or str, optional
        Last day observed, itself included; default: the latest date in the log. Later rows are left out and counted.
        Of opportunities it has to be the last day of one; by default, that of the latest date is taken to be over.
    merge_within : {"day", "hour", "week", "month", "year"}
        Purchases within one such calendar period are one purchase. A week (from Monday), month or year is an
        opportunity to buy, as discrete processes such as BG/BB count them: the time unit is then the same, and the RFM
        carries n, how many there were after the first purchase.
    intertimes : bool
        Add sum_log_intertimes, which models of regular timing read; all purchases are then held in memory.
    time_zone : str, optional
        Whose calendar counts; zone-aware timestamps are refused without it.
    date_format : str, optional
        strftime codes for text that is not ISO 8601; never guessed.
    on_missing_id : {"raise", "drop"}
        What to do with rows that name no customer.

    Returns
    -------
    RFM
        In order of customer id.

    Raises
    ------
    InvalidTransactions
        Naming every fault at once: column, rows, first few, remedy.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> len(rfm), int(rfm.frequency.sum()), round(float(rfm.T.max()), 2)
    (2357, 2457, 38.86)
    """
    clock = Clock(time_unit, merge_within, time_zone)
    transactions = read_transactions(log, clock, customer_id, date, amount, date_format, on_missing_id)
    end = transactions.last_tick if observation_end is None else clock.closing_tick(observation_end)
    if intertimes:
        return summarize(hold(transactions, clock), end, include_first_transaction, intertimes)
    _refuse_before(transactions.first_tick, end, clock)

    def reduce(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        merged = purchases(lazy, transactions.has_amount, end)
        return reduce_to_customers(merged, transactions.has_amount, end, include_first_transaction)

    rows = frames.collect_in_parts(reduce, transactions.lazy, "customer_id", transactions.parts).sort("customer_id")
    later = 0
    if end < transactions.last_tick:
        later = transactions.rows - int(
            frames.collect(transactions.lazy.filter(nw.col("tick") <= end).select(nw.len())).item()
        )
    frequency = rows["purchases"].to_numpy().astype(np.int64) - 1
    count = frequency + 1 if include_first_transaction else frequency
    return RFM(
        customer_id=rows["customer_id"],
        frequency=frequency,
        recency=rows["recency"].to_numpy() / clock.ticks_per_unit,
        T=rows["age"].to_numpy() / clock.ticks_per_unit,
        monetary_value=_mean(money(rows["spend"]), count) if transactions.has_amount else None,
        monetary_count=count if transactions.has_amount else None,
        clock=clock,
        observation_end=clock.describe_tick(end),
        kind=transactions.kind,
        rows_after_end=later,
        rows_without_id=transactions.rows_without_id,
        attributes={},
    )


def summarize(record: Purchases, end: int, include_first_transaction: bool, intertimes: bool = False) -> RFM:
    """RFM of the purchases held, up to and including tick `end`."""
    clock = record.clock
    _refuse_before(record.first_tick, end, clock)
    known = record.first <= end
    start, until = record.start[:-1][known], record.up_to(end)[known]
    frequency = until - start - 1
    count = frequency + 1 if include_first_transaction else frequency
    value = logs = None
    if record.paid is not None:
        value = _mean(money(record.spent(start if include_first_transaction else start + 1, until)), count)
    if intertimes:
        logs = record.sum_log_gaps(record.up_to(end))[known] - frequency * np.log(clock.ticks_per_unit)
    first, last = record.tick[start].astype(np.int64), record.tick[until - 1]
    return RFM(
        customer_id=record.customer_id.filter(known.tolist()),
        frequency=frequency,
        recency=(last - first) / clock.ticks_per_unit,
        T=(end - first) / clock.ticks_per_unit,
        monetary_value=value,
        monetary_count=None if value is None else count,
        clock=clock,
        observation_end=clock.describe_tick(end),
        kind=record.kind,
        rows_after_end=record.rows_after(end),
        rows_without_id=record.rows_without_id,
        attributes={},
        sum_log_intertimes=logs,
    )


def _refuse_before(first_tick: int, end: int, clock: Clock) -> None:
    if end < first_tick:
        raise InvalidTransactions(
            f"No transaction is as early as {clock.describe_tick(end)}, where the period observed is to end: "
            f"the first is of {clock.describe_tick(first_tick)}."
        )


def _mean(spend: npt.NDArray[np.float64], count: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Spend a purchase; NaN where there is none."""
    value = np.full(len(count), np.nan)
    np.divide(spend, count, out=value, where=count > 0)
    return value


def _rows(key: Any, count: int) -> npt.NDArray[np.intp]:
    """Positions that an index selects among `count` customers, (k,)."""
    if isinstance(key, tuple):  # scikit-learn writes X[rows, ...]
        key, *others = key
        if not all(other is Ellipsis or (isinstance(other, slice) and other == slice(None)) for other in others):
            raise IndexError("an RFM is indexed by customers alone; name a column, as in rfm['T']")
    if isinstance(key, (int, np.integer)):
        key = [key]
    rows: npt.NDArray[np.intp] = np.arange(count)[key]
    if rows.ndim != 1:
        raise IndexError("an RFM is indexed by a row number, a slice, a mask, or a list of row numbers")
    return rows


def _cell(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else escape(str(value))
