"""The RFM: one row a customer, and the clock its times are told by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames, html
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidRFM
from clvmodels.processes.cnbd_k import regularity
from clvmodels.transactions.rfm_checks import check, numbers, read_customers, refuse_customers

__all__ = ["RFM"]

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
    acquired_after : str or None
        Customers first seen up to this date are left out; None where all are in.
    older_customers : int
        How many that are.

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
        if self.acquired_after is not None:
            facts.append(f"{self.older_customers:,} customers first seen up to {self.acquired_after} left out")
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
        units = dict.fromkeys(("recency", "T"), f"{self.clock.time_unit}s")
        more = f"… {len(self):,} rows" if len(self) > PREVIEW else ""
        # Attributes may be years and codes.
        shown = html.table(columns, units=units, names={"customer_id", *self.attributes}, more=more)
        return html.block("RFM", "; ".join(self.facts()), shown)


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
