"""Customers -> rows of the table of scores, in fixed blocks by id, so that no chunk size changes a number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clvmodels.estimators.customer_model import CustomerModel
from clvmodels.estimators.design import POOLED, as_texts
from clvmodels.processes.contract import Array
from clvmodels.scoring.config.sections import PredictionSettings, column_suffix
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.lifetime_value import lifetime_value

__all__ = [
    "BLOCK",
    "ENDS",
    "QUANTITIES",
    "KnownCustomers",
    "RunStamp",
    "blocks",
    "fingerprint",
    "intervals_of_totals",
    "schema",
    "score",
]

BLOCK = 65_536  # customers whose scores are computed together
QUANTITIES, ENDS = ("probability_alive", "expected_purchases", "lifetime_value"), ("_lower", "_upper")
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class KnownCustomers:
    """Whom a run is about.

    Attributes
    ----------
    rfm : RFM
        In order of id; customers who have not bought yet are as one who buys for the first time now.
    bought : bool array (n,)
    """

    rfm: RFM
    bought: Booleans

    def __getitem__(self, rows: slice) -> KnownCustomers:
        return KnownCustomers(self.rfm[rows], self.bought[rows])

    def __len__(self) -> int:
        return len(self.rfm)


@dataclass(frozen=True, slots=True)
class RunStamp:
    """What stands in every row: of which run it is, and as of when; and the ticks from the fit to then."""

    run_id: str
    as_of: str
    since_fit: int | None


def blocks(customers: KnownCustomers) -> Iterator[KnownCustomers]:
    """The fixed blocks, in order."""
    for start in range(0, len(customers), BLOCK):
        yield customers[start : start + BLOCK]


def fingerprint(customers: KnownCustomers) -> str:
    """SHA-256 of the customers' summaries: the same in any order of the log, from any store."""
    digest = hashlib.sha256()
    for part in blocks(customers):
        for name, column in part.rfm.columns().items():
            digest.update(name.encode() + b"\0")
            if isinstance(column, np.ndarray):
                digest.update(np.ascontiguousarray(column, dtype="<f8").tobytes())
            elif column.dtype.is_integer():
                digest.update(column.to_numpy().astype("<i8").tobytes())
            else:
                texts = ["" if value is None else repr(value) for value in column.to_list()]
                digest.update("\0".join(texts).encode("utf-8", "surrogatepass"))
        digest.update(part.bought.tobytes())
    return digest.hexdigest()


def schema(customers: KnownCustomers, has_spend: bool, predictions: PredictionSettings) -> pa.Schema:
    """Columns of the table."""
    ids = pa.int64() if customers.rfm.customer_id.dtype.is_integer() else pa.string()
    columns: dict[str, pa.DataType] = {"customer_id": ids, "frequency": pa.int64()}
    floats = ["recency", "T", *(["monetary_value"] if customers.rfm.monetary_value is not None else [])]
    columns |= dict.fromkeys([*floats, "probability_alive"], pa.float64())
    columns |= dict.fromkeys(_predicted(has_spend, predictions), pa.float64())
    columns |= {"new_since_fit": pa.bool_(), "not_yet_bought": pa.bool_(), "reason": pa.string()}
    return pa.schema(columns | {"as_of": pa.date32(), "run_id": pa.string()})


def score(
    model: CustomerModel, block: KnownCustomers, predictions: PredictionSettings, stamp: RunStamp, told: pa.Schema
) -> pa.Table:
    """Rows of the table for a block of customers.

    Parameters
    ----------
    told : pyarrow.Schema
        From `schema`; rows come in its columns.
    """
    rfm, n = block.rfm, len(block)
    reasons = _refusals(model, rfm)
    usable = reasons == ""
    columns: dict[str, Any] = {"frequency": rfm.frequency, "recency": rfm.recency, "T": rfm.T}
    if rfm.monetary_value is not None:
        columns["monetary_value"] = rfm.monetary_value
    for name in ("recency", "T"):
        columns[name] = np.where(block.bought, columns[name], np.nan)
    if usable.any():
        known = slice(None) if usable.all() else np.flatnonzero(usable)
        found, missing = _predictions(model, rfm[known], predictions)
        for name, values in found.items():
            columns[name] = np.full(n, np.nan)
            columns[name][known] = values
        reasons[known] = missing
    columns["not_yet_bought"] = ~block.bought
    columns["new_since_fit"] = _new(rfm, stamp.since_fit) & block.bought
    arrays = [_array(name, columns, rfm, reasons, stamp, told.field(name).type) for name in told.names]
    return pa.Table.from_arrays(arrays, schema=told)


def _predicted(has_spend: bool, predictions: PredictionSettings) -> list[str]:
    ends = [""] if predictions.interval is None else ["", *ENDS]
    quantities = ["expected_purchases", *(["lifetime_value"] if has_spend else [])]
    suffixes = map(column_suffix, predictions.horizons)
    return [f"{quantity}_{suffix}{end}" for suffix in suffixes for quantity in quantities for end in ends]


def _predictions(model: CustomerModel, rfm: RFM, asked: PredictionSettings) -> tuple[dict[str, Array], Any]:
    """Columns predicted (n,), and why the value is missing where it is (n,), else an empty text."""
    found = {"probability_alive": np.asarray(model.probability_alive(rfm)["probability_alive"])}
    reasons = np.full(len(rfm), "", dtype=object)
    for horizon in asked.horizons:
        for table in _tables(model, rfm, horizon, asked, interval=asked.interval):
            if "reason" in table.columns:
                reasons = np.array([told or "" for told in table["reason"].to_list()], dtype=object)
            found |= _named(table, horizon)
    return found, reasons


def intervals_of_totals(
    model: CustomerModel, rfm: RFM, asked: PredictionSettings, level: float
) -> dict[str, tuple[float, float]]:
    """Ends of the interval of what all customers do together, by the column of the table of scores."""
    found = {}
    for horizon in asked.horizons:
        for table in _tables(model, rfm, horizon, asked, interval=level, by="total"):
            named = _named(table, horizon)
            column = next(iter(named))
            lower, upper = (float(named[f"{column}{end}"][0]) for end in ENDS)
            found[column] = lower, upper
    return found


def _tables(model: CustomerModel, rfm: RFM, horizon: str, asked: PredictionSettings, **told: Any) -> list[Any]:
    """What is predicted over a horizon; value comes with expected purchases, but not with their interval."""
    shared = {"interval_for": asked.interval_for, "draws": asked.draws, "random_state": asked.random_state} | told
    tables: list[Any] = []
    if model.spend is not None:
        rate, margin = asked.annual_discount_rate, asked.margin
        terms: dict[str, Any] = {"horizon": horizon, "annual_discount_rate": rate, "margin": margin}
        tables.append(lifetime_value(model.purchases, model.spend, rfm, **terms, **shared))
    if model.spend is None or told["interval"] is not None:
        tables.append(model.purchases.expected_purchases(rfm, horizon, **shared))
    return tables


def _named(table: Any, horizon: str) -> dict[str, Array]:
    """Columns of a prediction by their names in the table of scores."""
    named = {}
    for name in table.columns:
        for quantity in QUANTITIES:
            if name.startswith(quantity):
                named[f"{quantity}_{column_suffix(horizon)}{name.removeprefix(quantity)}"] = np.asarray(table[name])
    return named


def _new(rfm: RFM, since_fit: int | None) -> Booleans:
    """Whose first purchase came after what the model was fitted to (n,)."""
    if since_fit is None:
        return np.zeros(len(rfm), dtype=bool)
    told: Booleans = np.rint(rfm.T * rfm.clock.ticks_per_unit) < since_fit
    return told


def _refusals(model: CustomerModel, rfm: RFM) -> Any:
    """Why the model cannot say anything of a customer (n,); an empty text where it can."""
    reasons = np.full(len(rfm), "", dtype=object)
    for name, known in _asked(model).items():
        column = rfm.attributes[name]
        missing = column.is_null().to_numpy()
        if known is not None:
            new = ~np.isin(np.array(as_texts(column), dtype=object), list(known)) & ~missing
            reasons[new] = f"{name!r} was not seen in the fit"
        reasons[missing] = f"{name!r} is missing"
    return reasons


def _asked(model: CustomerModel) -> dict[str, set[str] | None]:
    """Attributes that a model reads, with the values that every part of it knows; None if it takes any."""
    told: list[tuple[str, set[str] | None]] = []
    for part in model.parts:
        if part.design_ is not None:
            told += [(name, None) for name in part.design_.numeric]
            told += [(name, set(levels)) for name, levels in part.design_.levels.items()]
        if part.grouping_ is not None:
            labels = set(part.grouping_.labels)
            told.append((part.grouping_.by, None if POOLED in labels else labels))
    asked: dict[str, set[str] | None] = {}
    for name, known in told:
        before = asked.get(name)
        asked[name] = known if before is None else before if known is None else before & known
    return asked


def _array(name: str, columns: dict[str, Any], rfm: RFM, reasons: Any, stamp: RunStamp, kind: pa.DataType) -> pa.Array:
    if name == "customer_id":
        return rfm.customer_id.to_arrow().cast(kind)
    if name == "reason":
        return pa.array(reasons, type=kind, mask=reasons == "")
    if name == "as_of":
        return pa.repeat(pa.scalar(date.fromisoformat(stamp.as_of[:10]), type=kind), len(rfm))
    if name == "run_id":
        return pa.repeat(pa.scalar(stamp.run_id, type=kind), len(rfm))
    if name not in columns:  # nobody in this block could be scored
        return pa.nulls(len(rfm), kind)
    values = columns[name]
    return pa.array(values, type=kind, mask=np.isnan(values) if pa.types.is_floating(kind) else None)
