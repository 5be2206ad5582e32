"""Predictions with intervals: what an estimator says of customers, groups and totals, and how sure it may be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.inference.intervals import Bounds, CustomerGroups, bounds_of_groups, bounds_of_rows, customer_generator
from clvmodels.inference.statistics import UniqueRows, unique_rows
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = ["IntervalFor", "Prediction", "Request", "customer_keys", "predict"]

IntervalFor = Literal["mean", "outcome"]
FEWEST_DRAWS = 20


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks of a prediction beside the number itself, checked at the door.

    Attributes
    ----------
    interval : float or None
        Central probability of the interval; None for none.
    interval_for : {"mean", "outcome"}
        Doubt about the parameters alone, or also what the customer may still do.
    by : str or None
        "total", or an attribute of the RFM to group by.
    draws : int
    random_state : int or Generator
    """

    interval: float | None = None
    interval_for: IntervalFor = "outcome"
    by: str | None = None
    draws: int = 200
    random_state: RandomState = 0

    def __post_init__(self) -> None:
        if self.interval is not None and not 0 < self.interval < 1:
            raise InvalidOption(f"interval={self.interval!r} must lie between 0 and 1, such as 0.9.")
        if self.interval_for not in get_args(IntervalFor):
            raise InvalidOption(f"interval_for={self.interval_for!r} is not one of 'mean', 'outcome'.")
        if self.draws < FEWEST_DRAWS:
            raise InvalidOption(f"draws={self.draws!r} are too few for an interval: ask for at least {FEWEST_DRAWS}.")


@dataclass(frozen=True, slots=True)
class Prediction:
    """A quantity an estimator can tell of customers.

    Attributes
    ----------
    name : str
        Column of the answer.
    point : array (n,)
        NaN where it does not exist.
    columns : dict of str to array (n,)
        What it depends on, by which customers can share a computation; in the order that is best computed.
    ticks : sequence of float
        What makes each column whole numbers.
    under_draws : function (seed, draws) -> function (columns (b,) ...) -> (draws, b)
        The mean under each draw of the parameters.
    outcome : function (seed, draws) -> function (generator, columns of one customer) -> (draws,), optional
        One possible outcome under each draw; None if there is no outcome beyond the mean.
    average : bool
        Whether groups are told by their mean rather than their total.
    reason : object array (n,) or None
        Why a point is missing.
    complement : bool
        Whether to tell one minus all of this.
    """

    name: str
    point: Array
    columns: Mapping[str, Array]
    ticks: Sequence[float]
    under_draws: Callable[[int, int], Callable[..., Array]]
    outcome: Callable[[int, int], Callable[..., Array]] | None = None
    average: bool = False
    reason: npt.NDArray[np.object_] | None = None
    complement: bool = False


def predict(rfm: RFM, prediction: Prediction, request: Request, **more: Any) -> frames.Frame:
    """A frame of the prediction: a row a customer, or a row a group.

    Parameters
    ----------
    more : arrays (n,)
        Further columns to show between the id and the prediction; not with groups. Like the prediction's, they become
        the frame's own.
    """
    if request.by is not None:
        return _by_group(rfm, prediction, request)
    told = _complement if prediction.complement else _as_it_is
    columns: dict[str, Any] = {"customer_id": rfm.customer_id, **more, prediction.name: told(prediction.point)}
    if request.interval is not None:
        bounds = _bounds(rfm, prediction, request, None)
        missing = np.isnan(prediction.point)
        for end, values in zip(("lower", "upper"), bounds[::-1] if prediction.complement else bounds, strict=True):
            columns[f"{prediction.name}_{end}"] = np.where(missing | ~np.isfinite(values), np.nan, told(values))
    if prediction.reason is not None:
        columns["reason"] = prediction.reason
    return frames.table(rfm.kind, columns, copy=False)


def _by_group(rfm: RFM, prediction: Prediction, request: Request) -> frames.Frame:
    labels, codes = _groups(rfm, str(request.by))
    known = np.isfinite(prediction.point)
    size = np.bincount(codes[known], minlength=len(labels))
    scale = 1 / np.maximum(size, 1) if prediction.average else np.ones(len(labels))
    order = np.lexsort((prediction.point, codes))  # sums that do not depend on the order of rows
    total = np.bincount(codes[order], np.where(known, prediction.point, 0.0)[order], minlength=len(labels))
    told = _complement if prediction.complement else _as_it_is
    columns: dict[str, Any] = {str(request.by): labels, "customers": size, prediction.name: told(total * scale)}
    if request.interval is not None:
        bounds = _bounds(rfm, prediction, request, CustomerGroups(codes, known.astype(float), len(labels)))
        columns |= {
            f"{prediction.name}_{end}": told(values * scale)
            for end, values in zip(("lower", "upper"), bounds[::-1] if prediction.complement else bounds, strict=True)
        }
    return frames.table(rfm.kind, columns)


def _as_it_is(values: Array) -> Array:
    return values


def _complement(values: Array) -> Array:
    return 1 - values


def _bounds(rfm: RFM, prediction: Prediction, request: Request, groups: CustomerGroups | None) -> Bounds:
    assert request.interval is not None
    seed = seed_of(request.random_state)
    if request.interval_for == "outcome" and prediction.outcome is not None:
        outcome = prediction.outcome(seed, request.draws)
        keys = customer_keys(rfm)
        keyed = customer_generator(seed)
        table = np.stack([np.asarray(column, dtype=float) for column in prediction.columns.values()])

        def draw_outcomes(block: npt.NDArray[np.intp]) -> Array:
            return np.stack([outcome(keyed(int(keys[i])), *table[:, i]) for i in block], axis=1)

        if groups is None:
            return bounds_of_rows(draw_outcomes, len(rfm), request.interval)
        return bounds_of_groups(draw_outcomes, np.lexsort((keys, groups.codes)), groups, request.interval)
    mean = prediction.under_draws(seed, request.draws)
    columns, ticks = list(prediction.columns.values()), list(prediction.ticks)
    if groups is None:
        rows = unique_rows(columns, ticks)
        bounds = bounds_of_rows(_rows_drawn(mean, rows), len(rows.counts), request.interval)
        return Bounds(*(end[rows.positions] for end in bounds))
    known = groups.weights > 0
    rows = unique_rows([groups.codes[known], *(column[known] for column in columns)], [1.0, *ticks])
    codes = rows.columns[0].astype(np.intp)
    inner = UniqueRows(rows.columns[1:], rows.counts, rows.positions)
    weighted = CustomerGroups(codes, rows.counts, groups.count)
    return bounds_of_groups(_rows_drawn(mean, inner), np.arange(len(codes)), weighted, request.interval)


def _rows_drawn(mean: Callable[..., Array], rows: UniqueRows) -> Callable[[npt.NDArray[np.intp]], Array]:
    return lambda block: mean(*(column[block] for column in rows.columns))


def _groups(rfm: RFM, by: str) -> tuple[Any, npt.NDArray[np.intp]]:
    """Labels of the groups in order, and the group of each customer (n,)."""
    if by == "total":
        return np.array(["total"]), np.zeros(len(rfm), dtype=np.intp)
    if by not in rfm.attributes:
        known = ", ".join(map(repr, ["total", *rfm.attributes]))
        raise InvalidOption(f"by={by!r} is not one of {known}; carry attributes with rfm.with_columns(frame).")
    column = rfm.attributes[by]
    if column.is_null().any():
        raise InvalidRFM(f"{int(column.is_null().sum()):,} customers have no {by!r}: fill it in before grouping by it.")
    labels, codes = np.unique(np.asarray(column.to_list()), return_inverse=True)
    return labels, codes


def customer_keys(rfm: RFM) -> npt.NDArray[np.uint64]:
    """64 bits for each customer id, the same wherever and with whomever the customer appears."""
    if rfm.customer_id.dtype.is_integer():
        return rfm.customer_id.to_numpy().astype(np.int64).view(np.uint64)
    texts = rfm.customer_id.to_list()
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype="<u8")
