"""Rows of the score table, computed in fixed blocks by id, so results do not depend on the size of chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clvmodels.estimators.design import POOLED, as_texts
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.inference.totals.reference_class import TotalQuantity
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.scoring.config.sections import PredictionSettings
from clvmodels.scoring.run.score_columns import (
    NEXT_PURCHASE,
    KnownCustomers,
    RunStamp,
    ScoreColumn,
    ScoredBlock,
    prediction_column,
    score_columns,
)
from clvmodels.scoring.table_columns import schema
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.costs import Costs
from clvmodels.valuation.lifetime_value import lifetime_value, value_of_forecast
from clvmodels.valuation.remaining_value import remaining_value

__all__ = [
    "BLOCK",
    "blocks",
    "columns_of",
    "findings_of_totals",
    "fingerprint",
    "intervals_of_totals",
    "predict_block",
    "score",
]

BLOCK = 65_536  # customers whose scores are computed together


def columns_of(
    customers: KnownCustomers, has_spend: bool, predictions: PredictionSettings, added: Sequence[ScoreColumn] = ()
) -> tuple[ScoreColumn, ...]:
    """Return the columns of the score table of these customers, including next purchase and decisions."""
    rfm = customers.rfm
    return score_columns(
        predictions,
        id_dtype=pa.int64() if rfm.customer_id.dtype.is_integer() else pa.string(),
        time_unit=rfm.clock.time_unit,
        has_money=rfm.monetary_value is not None,
        has_spend=has_spend,
        added=added,
    )


def blocks(customers: KnownCustomers) -> Iterator[KnownCustomers]:
    """Yield the customers in blocks of fixed size, in order."""
    for start in range(0, len(customers), BLOCK):
        yield customers[start : start + BLOCK]


def fingerprint(customers: KnownCustomers) -> str:
    """Return the SHA-256 of the customers' summaries, the same for any order of the log and any store."""
    digest = hashlib.sha256()
    for block in blocks(customers):
        for name, column in block.rfm.columns().items():
            digest.update(name.encode() + b"\0")
            if isinstance(column, np.ndarray):
                digest.update(np.ascontiguousarray(column, dtype="<f8").tobytes())
            elif column.dtype.is_integer():
                digest.update(column.to_numpy().astype("<i8").tobytes())
            else:
                texts = ["" if value is None else repr(value) for value in column.to_list()]
                digest.update("\0".join(texts).encode("utf-8", "surrogatepass"))
        digest.update(block.bought.tobytes())
        for of_horizon in block.forecasts.values():
            for values in of_horizon.values():
                digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return digest.hexdigest()


def score(
    model: CustomerModel,
    block: KnownCustomers,
    predictions: PredictionSettings,
    stamp: RunStamp,
    columns: Sequence[ScoreColumn],
) -> pa.Table:
    """Return the rows of the score table for a block of customers.

    Parameters
    ----------
    columns : sequence of ScoreColumn
        From `columns_of`, for all customers of the run.
    """
    scored = predict_block(model, block, predictions, stamp)
    arrays = [_to_arrow(column.compute(scored), column.dtype) for column in columns]
    return pa.Table.from_arrays(arrays, schema=schema(columns))


def intervals_of_totals(
    model: CustomerModel, rfm: RFM, predictions: PredictionSettings, level: float
) -> dict[str, tuple[float, float]]:
    """Return the interval of the total over all customers by column of the score table."""
    intervals = {}
    for horizon in predictions.horizons:
        for quantity, table in _prediction_tables(model, rfm, horizon, predictions, interval=level, by="total").items():
            lower, upper = (float(table[f"{quantity}{end}"][0]) for end in ("_lower", "_upper"))
            intervals[prediction_column(quantity, horizon)] = lower, upper
    return intervals


def findings_of_totals(model: CustomerModel, predictions: PredictionSettings) -> Findings:
    """Return findings on what `intervals_of_totals` allows for, each once."""
    if predictions.total_interval == "model" or predictions.interval_for == "mean":
        return ()
    findings: dict[str, Finding] = {}
    quantity: TotalQuantity = "purchases" if model.spend is None else "money"
    for horizon in predictions.horizons:
        for each in model.purchases.level_of_totals(horizon, quantity).findings:
            if each.code == "total-interval-no-windows":  # there is a log, but its windows are not used
                each = Finding("total-interval-other-shops", each.figures, "info")
            findings[each.text] = each
    return tuple(findings.values())


def predict_block(
    model: CustomerModel, block: KnownCustomers, predictions: PredictionSettings, stamp: RunStamp
) -> ScoredBlock:
    """Return the predictions for each customer, with a reason if the model refuses one."""
    n = len(block)
    reasons = _refusals(model, block.rfm)
    accepted = reasons == ""
    if not accepted.any():
        return ScoredBlock(block, stamp, reasons, np.full(n, np.nan))
    rows = slice(None) if accepted.all() else np.flatnonzero(accepted)
    rfm = block.rfm[rows]
    alive = _spread(np.asarray(model.probability_alive(rfm)["probability_alive"]), rows, n)
    by_horizon = {}
    missing = np.full(len(rfm), "", dtype=object)
    for horizon in predictions.horizons:
        named: dict[str, Array] = {}
        for table in _prediction_tables(model, rfm, horizon, predictions, interval=predictions.interval).values():
            if "reason" in table.columns:
                missing = _texts(table["reason"])
            named |= {name: table[name] for name in table.columns if name not in ("customer_id", "reason")}
        if block.forecasts:
            named |= _with_forecast(named, {name: each[rows] for name, each in block.forecasts[horizon].items()})
        by_horizon[horizon] = {name: _spread(np.asarray(column), rows, n) for name, column in named.items()}
    if predictions.next_purchase:
        times = model.purchases.time_to_next_purchase(rfm)
        named = {name: _spread(np.asarray(times[name], dtype=float), rows, n) for name in times.columns[1:]}
        by_horizon[NEXT_PURCHASE] = named
    reasons[rows] = missing
    return ScoredBlock(block, stamp, reasons, alive, by_horizon)


def _with_forecast(named: dict[str, Any], forecast: Mapping[str, Array]) -> dict[str, Array]:
    """Return expected purchases and values by a forecast, discounted by the process.

    Customers who have not bought and are not forecast keep the prediction of the process.
    """
    own = {name: np.asarray(values, dtype=float) for name, values in named.items()}
    changed = {
        name: np.where(np.isnan(values), own[name], values)
        for end in ("", "_lower", "_upper")
        if (values := forecast.get(f"purchases{end}")) is not None and (name := f"expected_purchases{end}") in own
    }
    if "lifetime_value" not in own:
        return changed
    money = {end: forecast[f"money{end}"] for end in ("", "_lower", "_upper") if f"money{end}" in forecast}
    value = value_of_forecast(own, money)
    missing = np.isnan(value[""])
    return changed | {f"lifetime_value{e}": np.where(missing, own[f"lifetime_value{e}"], v) for e, v in value.items()}


def _texts(reasons: Any) -> npt.NDArray[np.object_]:
    """Return a column of reasons as an array (n,), with an empty text where there is none."""
    column = nw.from_native(reasons, series_only=True)
    if column.null_count() == len(column):
        return np.full(len(column), "", dtype=object)
    return np.array([reason or "" for reason in column.to_list()], dtype=object)


def _spread(values: Array, rows: Any, n: int) -> Array:
    """Return an array (n,) with values in some rows and NaN elsewhere."""
    column = np.full(n, np.nan)
    column[rows] = values
    return column


def _prediction_tables(
    model: CustomerModel, rfm: RFM, horizon: str, predictions: PredictionSettings, **options: Any
) -> dict[str, Any]:
    """Return the predictions over a horizon, by their main quantity.

    The table of values also has expected purchases, but not their interval.
    """
    shared = {
        "interval_for": predictions.interval_for,
        "total_interval": predictions.total_interval,
        "draws": predictions.draws,
        "random_state": predictions.random_state,
    } | options
    tables: dict[str, Any] = {}
    if model.spend is not None:
        terms = predictions.value_terms(horizon).to_keywords()
        tables["lifetime_value"] = lifetime_value(model.purchases, model.spend, rfm, **terms, **shared)
        if predictions.costs is not None and "by" not in options:
            tables["remaining_value"] = _value_after_costs(model, rfm, horizon, predictions, predictions.costs.costs)
    if model.spend is None or options["interval"] is not None:
        tables["expected_purchases"] = model.purchases.expected_purchases(rfm, horizon, **shared)
    return tables


def _value_after_costs(
    model: CustomerModel, rfm: RFM, horizon: str, predictions: PredictionSettings, costs: Costs
) -> Any:
    """Return the values of customers after costs, without intervals."""
    if model.spend is None:
        raise AssertionError("values need a spend model")
    table = remaining_value(
        model.purchases,
        model.spend,
        rfm,
        horizon=horizon,
        annual_discount_rate=predictions.annual_discount_rate,
        margin=predictions.margin,
        costs=costs,
    ).frame()
    return table[["customer_id", "remaining_value"]]


def _refusals(model: CustomerModel, rfm: RFM) -> npt.NDArray[np.object_]:
    """Return the reason why the model refuses a customer (n,), an empty text if it does not."""
    reasons = np.full(len(rfm), "", dtype=object)
    for name, values in _attributes_read(model).items():
        column = rfm.attributes[name]
        missing = column.is_null().to_numpy()
        if values is not None:
            unseen = ~np.isin(np.array(as_texts(column), dtype=object), list(values)) & ~missing
            reasons[unseen] = f"{name!r} was not seen in the fit"
        reasons[missing] = f"{name!r} is missing"
    return reasons


def _attributes_read(model: CustomerModel) -> dict[str, set[str] | None]:
    """Return the attributes that a model needs, with the values that all its parts accept, or None for any value."""
    pairs: list[tuple[str, set[str] | None]] = []
    for part in model.parts:
        if part.design_ is not None:
            pairs += [(name, None) for name in part.design_.numeric]
            pairs += [(name, set(levels)) for name, levels in part.design_.levels.items()]
        if part.grouping_ is not None:
            labels = set(part.grouping_.labels)
            pairs.append((part.grouping_.by, None if POOLED in labels else labels))
    attributes: dict[str, set[str] | None] = {}
    for name, values in pairs:
        before = attributes.get(name)
        attributes[name] = values if before is None else before if values is None else before & values
    return attributes


def _to_arrow(values: Any, dtype: pa.DataType) -> Any:
    """Return the values of a column as an Arrow array, with NaN as missing."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values if values.type == dtype else values.cast(dtype)
    return pa.array(values, type=dtype, mask=np.isnan(values) if pa.types.is_floating(dtype) else None)
