"""Predictions of customers, groups and totals, with intervals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.inference.intervals import (
    Bounds,
    CustomerGroups,
    bounds_of_groups,
    bounds_of_rows,
    bounds_of_totals,
    customer_generator,
)
from clvmodels.inference.statistics import UniqueRows, unique_rows
from clvmodels.inference.totals.total_interval import IntervalBasis, TotalInterval
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads
from clvmodels.transactions.summary import RFM

__all__ = [
    "IntervalFor",
    "IntervalOfTotal",
    "PredictedQuantity",
    "PredictionOptions",
    "TotalIntervalName",
    "check_total_interval",
    "customer_keys",
    "group_codes",
    "hash_keys",
    "keys_of_ids",
    "predict",
]

IntervalFor = Literal["mean", "outcome"]
TotalIntervalName = Literal["history", "model"]
IntervalOfTotal = TotalIntervalName | TotalInterval
FEWEST_DRAWS = 20  # with fewer draws, the quantiles of an interval are meaningless


@dataclass(frozen=True, slots=True)
class PredictionOptions:
    """Options of a prediction: its interval and its grouping. Invalid ones raise an InvalidOption.

    Attributes
    ----------
    interval : float or None
        Central probability of the interval; None for none.
    interval_for : {"mean", "outcome"}
        Uncertainty of the parameters only, or also of what the customer will do.
    by : str or None
        "total", or an attribute of the RFM to group by.
    draws : int
        Number of draws of the parameters, and of outcomes.
    random_state : int or Generator
    total_interval : {"history", "model"} or TotalInterval
        Whether the outcome of a total or group also has a level common to all customers, whose spread comes from errors
        of totals in other shops, or from a TotalInterval; "model" for none.
    """

    interval: float | None = None
    interval_for: IntervalFor = "outcome"
    by: str | None = None
    draws: int = 200
    random_state: RandomState = 0
    total_interval: IntervalOfTotal = "history"

    def __post_init__(self) -> None:
        if self.interval is not None and not 0 < self.interval < 1:
            raise InvalidOption(f"interval={self.interval!r} must be between 0 and 1, such as 0.9.")
        if self.interval_for not in get_args(IntervalFor):
            raise InvalidOption(f"interval_for={self.interval_for!r} is not one of 'mean', 'outcome'.")
        if self.draws < FEWEST_DRAWS:
            raise InvalidOption(f"draws={self.draws!r} is too few for an interval: use at least {FEWEST_DRAWS}.")
        if not isinstance(self.total_interval, TotalInterval) and self.total_interval not in get_args(
            TotalIntervalName
        ):
            raise InvalidOption(
                f"total_interval={self.total_interval!r} is not one of 'history', 'model', or what "
                "CustomerModel.total(history, horizon) returns."
            )


def check_total_interval(name: str) -> TotalIntervalName:
    """Return the option of intervals of totals; raise InvalidOption unless it is "history" or "model"."""
    names: tuple[TotalIntervalName, ...] = get_args(TotalIntervalName)
    chosen = next((each for each in names if each == name), None)
    if chosen is None:
        raise InvalidOption(f"total_interval={name!r} is not one of 'history', 'model'.")
    return chosen


class OutcomeDistribution(Protocol):
    """The distribution of a customer's outcome, averaged over draws of the parameters."""

    def bounds(self, columns: Sequence[Array], ticks: Sequence[float], level: float) -> Bounds:
        """Return the lower and upper ends for the customers (n,) with the quantity's columns."""


@dataclass(frozen=True, slots=True)
class PredictedQuantity:
    """A quantity that an estimator predicts for customers, with the functions that compute its interval.

    Attributes
    ----------
    name : str
        Name of the column.
    point : array (n,)
        The prediction; NaN where it does not exist.
    columns : dict of str to array (n,)
        Everything the quantity depends on. Customers with the same values share one computation; the order of columns
        is the fastest one.
    ticks : sequence of float
        A factor per column that turns its values into whole numbers.
    under_draws : function (seed, draws) -> function (columns (b,) ...) -> (draws, b)
        Returns the mean under each draw of the parameters.
    outcome : function (seed, draws) -> function (generator, columns of one customer) -> (draws,), optional
        Returns one possible outcome under each draw; None for a quantity without outcomes, such as a probability.
    together : bool
        Whether the second function also takes the columns of many customers (n,) with `draw`, the number of a draw, and
        returns one possible outcome of each under this draw, (n,). Groups are then drawn at once.
    distribution : function (seed, draws) -> OutcomeDistribution, optional
        Returns the distribution of each customer's outcome where it is known. It replaces drawn ones, but not those
        of groups.
    average : bool
        Whether the value of a group is the mean of its customers rather than their total.
    reason : object array (n,) or None
        Why a point is missing.
    complement : bool
        Whether the quantity is one minus the prediction.
    level : function () -> TotalInterval, optional
        Returns the uncertainty of the level of totals as known without a log; None for a quantity without totals.
    """

    name: str
    point: Array
    columns: Mapping[str, Array]
    ticks: Sequence[float]
    under_draws: Callable[[int, int], Callable[..., Array]]
    outcome: Callable[[int, int], Callable[..., Array]] | None = None
    together: bool = False
    distribution: Callable[[int, int], OutcomeDistribution] | None = None
    average: bool = False
    reason: npt.NDArray[np.object_] | None = None
    complement: bool = False
    level: Callable[[], TotalInterval] | None = None

    def drawn_means(self, seed: int, draws: int) -> Array:
        """Return the mean of each customer under draws of the parameters, (draws, n), once per distinct row."""
        rows = unique_rows(list(self.columns.values()), list(self.ticks))
        return rows.evaluate(self.under_draws(seed, draws))


def predict(rfm: RFM, prediction: PredictedQuantity, options: PredictionOptions, **more: Any) -> frames.Frame:
    """Return a frame of the prediction with one row per customer, or one row per group.

    Parameters
    ----------
    rfm : RFM
    prediction : PredictedQuantity
    options : PredictionOptions
    more : arrays (n,)
        Further columns between the id and the prediction; ignored with groups. Like those of the prediction, the frame
        takes ownership of them.
    """
    if options.by is not None:
        return _by_group(rfm, prediction, options)
    transform = _complement if prediction.complement else _identity
    columns: dict[str, Any] = {"customer_id": rfm.customer_id, **more, prediction.name: transform(prediction.point)}
    if options.interval is not None:
        bounds = _bounds(rfm, prediction, options, None)
        missing = np.isnan(prediction.point)
        for end, values in zip(("lower", "upper"), bounds[::-1] if prediction.complement else bounds, strict=True):
            columns[f"{prediction.name}_{end}"] = np.where(missing | ~np.isfinite(values), np.nan, transform(values))
    if prediction.reason is not None:
        columns["reason"] = prediction.reason
    return frames.table(rfm.kind, columns, copy=False)


def _by_group(rfm: RFM, prediction: PredictedQuantity, options: PredictionOptions) -> frames.Frame:
    _refuse_own_columns(str(options.by), prediction.name)
    labels, codes = group_codes(rfm, str(options.by))
    exists = np.isfinite(prediction.point)
    size = np.bincount(codes[exists], minlength=len(labels))
    scale = 1 / np.maximum(size, 1) if prediction.average else np.ones(len(labels))
    order = np.lexsort((prediction.point, codes))  # so that sums do not depend on the order of rows
    total = np.bincount(codes[order], np.where(exists, prediction.point, 0.0)[order], minlength=len(labels))
    transform = _complement if prediction.complement else _identity
    columns: dict[str, Any] = {str(options.by): labels, "customers": size, prediction.name: transform(total * scale)}
    if options.interval is not None:
        bounds = _bounds(rfm, prediction, options, CustomerGroups(codes, exists.astype(float), len(labels)))
        columns |= {
            f"{prediction.name}_{end}": transform(values * scale)
            for end, values in zip(("lower", "upper"), bounds[::-1] if prediction.complement else bounds, strict=True)
        }
        if _is_outcome(prediction, options) and prediction.level is not None:
            level = _level(prediction, options)
            basis: IntervalBasis = "model" if level is None else level.basis
            columns["total_interval"] = np.full(len(labels), basis, dtype=object)
    return frames.table(rfm.kind, columns)


def _refuse_own_columns(by: str, name: str) -> None:
    """Raise InvalidOption if the attribute of the groups has the name of another column of the result."""
    if by in ("customers", "total_interval", name, f"{name}_lower", f"{name}_upper"):
        raise InvalidOption(f"by={by!r}: the result has another column with this name; rename the attribute.")


def _is_outcome(prediction: PredictedQuantity, options: PredictionOptions) -> bool:
    return options.interval_for == "outcome" and prediction.outcome is not None


def _level(prediction: PredictedQuantity, options: PredictionOptions) -> TotalInterval | None:
    """Return the level that all customers share; None for the model's own interval."""
    if options.total_interval == "model" or prediction.level is None:
        return None
    default, total = prediction.level(), options.total_interval
    if not isinstance(total, TotalInterval):
        return default
    if total.quantity != default.quantity:
        raise InvalidOption(
            f"total_interval is for a total of {total.quantity}, but this is a total of {default.quantity}: pass what "
            f"CustomerModel.total(history, horizon, quantity={default.quantity!r}) returns."
        )
    return total.check_horizon(default.days)


def _identity(values: Array) -> Array:
    return values


def _complement(values: Array) -> Array:
    return 1 - values


def _bounds(
    rfm: RFM, prediction: PredictedQuantity, options: PredictionOptions, groups: CustomerGroups | None
) -> Bounds:
    if options.interval is None:
        raise AssertionError("the caller asked for an interval")
    seed = seed_of(options.random_state)
    columns, ticks = list(prediction.columns.values()), list(prediction.ticks)
    if groups is None and prediction.distribution is not None and options.interval_for == "outcome":
        return prediction.distribution(seed, options.draws).bounds(columns, ticks, options.interval)
    if _is_outcome(prediction, options) and prediction.outcome is not None:
        outcome = prediction.outcome(seed, options.draws)
        keys = customer_keys(rfm)
        keyed = customer_generator(seed)
        table = np.stack([np.asarray(column, dtype=float) for column in prediction.columns.values()])

        def draw_outcomes(block: npt.NDArray[np.intp]) -> Array:
            return np.stack([outcome(keyed(int(keys[i])), *table[:, i]) for i in block], axis=1)

        if groups is None:
            return bounds_of_rows(draw_outcomes, len(rfm), options.interval)
        level = _level(prediction, options)
        common = None if level is None else level.level_draws(seed, options.draws)
        order = np.lexsort((keys, groups.codes))
        if not prediction.together or len(keys) < options.draws:  # fewer calls one by one
            return bounds_of_groups(draw_outcomes, order, groups, options.interval, common)
        codes, weights, ordered = groups.codes[order], groups.weights[order], table[:, order]

        def draw_totals(draw: int) -> Array:
            drawn = outcome(np.random.default_rng([seed % 2**64, draw]), *ordered, draw=draw)
            return np.asarray(np.bincount(codes, drawn * weights, minlength=groups.count), dtype=float)

        return bounds_of_totals(np.stack(in_threads(draw_totals, range(options.draws))), options.interval, common)
    mean = prediction.under_draws(seed, options.draws)
    if groups is None:
        rows = unique_rows(columns, ticks)
        bounds = bounds_of_rows(_draw_rows(mean, rows), len(rows.counts), options.interval)
        return Bounds(*(end[rows.positions] for end in bounds))
    exists = groups.weights > 0
    rows = unique_rows([groups.codes[exists], *(column[exists] for column in columns)], [1.0, *ticks])
    codes = rows.columns[0].astype(np.intp)
    inner = UniqueRows(rows.columns[1:], rows.counts, rows.positions)
    weighted = CustomerGroups(codes, rows.counts, groups.count)
    return bounds_of_groups(_draw_rows(mean, inner), np.arange(len(codes)), weighted, options.interval)


def _draw_rows(mean: Callable[..., Array], rows: UniqueRows) -> Callable[[npt.NDArray[np.intp]], Array]:
    return lambda block: mean(*(column[block] for column in rows.columns))


def group_codes(rfm: RFM, by: str) -> tuple[Any, npt.NDArray[np.intp]]:
    """Return the labels of the groups in order, and the index of each customer's group (n,)."""
    if by == "total":
        if by in rfm.attributes:
            raise InvalidOption(
                "by='total' means one group of all customers, but an attribute has this name: rename it."
            )
        return np.array(["total"]), np.zeros(len(rfm), dtype=np.intp)
    if by not in rfm.attributes:
        choices = ", ".join(map(repr, ["total", *rfm.attributes]))
        raise InvalidOption(f"by={by!r} is not one of {choices}; add attributes with rfm.with_columns(frame).")
    column = rfm.attributes[by]
    if column.is_null().any():
        raise InvalidRFM(f"{int(column.is_null().sum()):,} customers have no {by!r}: fill it in before grouping by it.")
    labels, codes = np.unique(np.asarray(column.to_list()), return_inverse=True)
    return labels, codes


def customer_keys(rfm: RFM) -> npt.NDArray[np.uint64]:
    """Return a 64-bit key per customer id (n,), which does not depend on the other customers."""
    return keys_of_ids(rfm.customer_id)


def keys_of_ids(ids: nw.Series[Any]) -> npt.NDArray[np.uint64]:
    """Return a 64-bit key per id (n,), which does not depend on the other ids."""
    if ids.dtype.is_integer():
        return ids.to_numpy().astype(np.int64).view(np.uint64)
    texts = ids.to_list()
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype="<u8")


def hash_keys(keys: npt.NDArray[np.uint64]) -> Array:
    """Hash each key to a number between 0 and 1 with SplitMix64 (Steele, Lea & Flood 2014, OOPSLA)."""
    with np.errstate(over="ignore"):
        z = keys + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(float) / 2**53
