"""Errors of totals in other shops: the reference class that the interval of a total is combined with.

A process is fitted to one period and used in another, in which all customers may buy more or less; a single log shows
only a few periods. `total_errors.csv` therefore has errors of totals on public logs, made by
`tests/benchmarks/total_errors.py`, which names the sources of the logs. Logs of one shop count as one shop, and all
shops count equally.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

import numpy as np

from clvmodels.errors import InvalidOption
from clvmodels.processes.contract import Array

__all__ = [
    "ReferenceClass",
    "TotalQuantity",
    "disjoint_windows",
    "estimate_class",
    "reference_class",
    "reference_shops",
]

TotalQuantity = Literal["purchases", "money"]
TABLE = "total_errors.csv"
USUAL_HORIZON = 91.0  # days; variances are given for this horizon
LONGER_ALLOWED = 1.01  # horizons up to this factor beyond the longest tested count as tested: 12 months are 365.25 days
FEWEST_SHOPS = 2  # a horizon counts as tested if this many shops have errors there
DEVIATIONS = np.arange(0.0, 0.8, 0.0025)  # grid of standard deviations of the log of a total
SMALLEST_VARIANCE = 1e-8  # no total is known to 0.01 %
AT_ONCE = 16  # variances whose product has one logarithm: each is above 1e-8, so none of them is too small
GROWTHS = np.arange(0.0, 2.01, 0.05)  # powers of time: a constant error, a random walk, ..., a drift


@dataclass(frozen=True, slots=True)
class ReferenceClass:
    """The variance of errors of totals in other shops, beyond what chance and doubt about parameters explain.

    The error is log((A + .5) / (E + .5)), with the actual total A and the expected total E; for money, half the
    expected money per purchase is added.

    Attributes
    ----------
    quantity : {"purchases", "money"}
    process : str or None
        Id of the process that forecast the totals, or the ids of several, joined by "+", whose geometric mean did; None
        for all processes in the table, one by one.
    shops : tuple of str
    usual_variance : float
        Variance at a horizon of 91 days.
    growth : float
        The variance is proportional to the horizon to this power.
    longest_days : float
        The longest horizon at which at least two shops were tested.

    Examples
    --------
    >>> from clvmodels.inference.totals.reference_class import reference_class
    >>> reference = reference_class("purchases", "bgnbd")
    >>> round(reference.variance(91) ** 0.5, 2), reference.degrees_of_freedom
    (0.11, 5.0)
    """

    quantity: TotalQuantity
    process: str | None
    shops: tuple[str, ...]
    usual_variance: float
    growth: float
    longest_days: float

    @property
    def degrees_of_freedom(self) -> float:
        """One for each shop: the errors of one shop depend on each other too much to count as several."""
        return float(len(self.shops))

    def covers(self, horizon_days: float) -> bool:
        """Return whether totals over a horizon this long were tested."""
        return horizon_days <= LONGER_ALLOWED * self.longest_days

    def variance(self, days: float) -> float:
        """Return the variance of a total over some days."""
        return float(self.usual_variance * (days / USUAL_HORIZON) ** self.growth)


@dataclass(frozen=True, slots=True, eq=False)
class _Errors:
    """Errors of totals: rows of the table, as columns (n,)."""

    shop: Array
    horizon: Array
    error: Array
    own: Array  # variance of the error according to the model's own interval

    def where(self, mask: Array) -> _Errors:
        return _Errors(*(getattr(self, name)[mask] for name in self.__slots__))


def reference_shops(quantity: TotalQuantity) -> tuple[str, ...]:
    """Return the names of the shops in the table of errors of a quantity.

    Examples
    --------
    >>> from clvmodels.inference.totals.reference_class import reference_shops
    >>> "cdnow" in reference_shops("money")
    True
    """
    return tuple(sorted({row["shop"] for row in _rows() if row["quantity"] == _check_quantity(quantity)}))


def reference_class(
    quantity: TotalQuantity, process: str | Sequence[str] | None = None, *, without: Collection[str] = ()
) -> ReferenceClass:
    """Return the variance of errors of totals in other shops.

    Parameters
    ----------
    quantity : {"purchases", "money"}
    process : str or sequence of str, optional
        Id of the process that gave the totals, such as "bgnbd", or the ids of several, for errors of the geometric mean
        of their totals. Processes that are not in the table are left out. By default, or if none is left, the errors of
        all processes in the table.
    without : collection of str
        Shops to leave out, such as the one that is forecast.

    Returns
    -------
    ReferenceClass
        Its `process` is None if the errors of all processes were used.

    Raises
    ------
    InvalidOption
        For another quantity, or without at least two shops.

    Notes
    -----
    With the variance v of each error by the model's own interval, the errors of a shop over h days are taken as normal
    with variance v + T (h / 91)^b. T of each shop and b, common to all, maximize the likelihood in which every shop has
    the same weight; the variance of the reference class is the mean of T.

    Examples
    --------
    >>> from clvmodels.inference.totals.reference_class import reference_class
    >>> reference_class("purchases", "bgnbd", without=["cdnow"]).shops
    ('apparel', 'complete_journey', 'grocery', 'uci_online_retail')
    >>> reference_class("purchases", ["mbgnbd", "bgnbd"]).process
    'bgnbd+mbgnbd'
    """
    ids = () if process is None else (process,) if isinstance(process, str) else tuple(process)
    return _reference_class(_check_quantity(quantity), tuple(sorted(set(ids))), frozenset(without))


def disjoint_windows(begin: Array, end: Array) -> tuple[float, float]:
    """Return the number of independent windows that are equivalent to overlapping windows, for means and mean squares.

    The correlation r of two windows is taken as the time that they have in common over the geometric mean of their
    lengths. Their mean has the variance of n^2 / sum(r) independent windows, their mean square that of n^2 / sum(r^2).

    Examples
    --------
    >>> from clvmodels.inference.totals.reference_class import disjoint_windows
    >>> begin = np.array([-90.0, -120.0, -150.0])
    >>> [round(number, 2) for number in disjoint_windows(begin, begin + 60)]
    [1.8, 2.25]
    """
    overlap = np.minimum.outer(end, end) - np.maximum.outer(begin, begin)
    shared = np.clip(overlap, 0.0, None) / np.sqrt(np.multiply.outer(end - begin, end - begin))
    return float(len(begin) ** 2 / shared.sum()), float(len(begin) ** 2 / (shared**2).sum())


def _check_quantity(quantity: str) -> TotalQuantity:
    for option in get_args(TotalQuantity):
        if quantity == option:
            return option  # type: ignore[no-any-return]
    raise InvalidOption(f"quantity={quantity!r} is not one of 'purchases', 'money'.")


@cache
def _rows() -> tuple[dict[str, str], ...]:
    table = resources.files("clvmodels.inference.totals").joinpath(TABLE).read_text(encoding="utf-8")
    return tuple(csv.DictReader(table.splitlines()))


@cache
def _reference_class(quantity: TotalQuantity, processes: tuple[str, ...], without: frozenset[str]) -> ReferenceClass:
    rows = [row for row in _rows() if row["quantity"] == quantity and row["shop"] not in without]
    shops = {row["shop"] for row in rows}
    if len(shops) < FEWEST_SHOPS:
        raise InvalidOption(
            f"Errors of totals of {quantity} are available for {len(shops)} shops without {sorted(without)}; "
            f"at least {FEWEST_SHOPS} are needed. All shops: {', '.join(reference_shops(quantity))}."
        )
    tested = {row["process"] for row in rows}
    ids = tuple(name for name in processes if name in tested)
    return estimate_class(_average_processes(rows, ids) if ids else rows, quantity, "+".join(ids) or None)


def _average_processes(rows: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return one row per total that all these processes forecast, with the means of their logarithmic errors."""
    cases: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["process"] in ids:
            cases.setdefault((row["log"], row["cutoff"], row["horizon_days"]), []).append(row)
    means = ("log_error", "chance", "parameters")
    return [
        {**some[0]} | {name: float(np.mean([float(row[name]) for row in some])) for name in means}
        for some in cases.values()
        if len(some) == len(ids)
    ]


def estimate_class(rows: Sequence[Mapping[str, Any]], quantity: TotalQuantity, process: str | None) -> ReferenceClass:
    """Return the variance of the errors in some rows of the table, as `reference_class` describes it."""
    errors = _errors(rows)
    shops = sorted(set(errors.shop.tolist()))
    by_shop = [errors.where(errors.shop == shop) for shop in shops]
    variances, growth = _variances(by_shop)
    longest = sorted(float(shop.horizon.max()) for shop in by_shop)[-FEWEST_SHOPS]
    return ReferenceClass(quantity, process, tuple(shops), float(np.mean(variances)), growth, longest)


def _errors(rows: Sequence[Mapping[str, Any]]) -> _Errors:
    def numbers(values: Iterable[float]) -> Array:
        return np.fromiter(values, float, len(rows))

    return _Errors(
        np.array([row["shop"] for row in rows]),
        numbers(float(row["horizon_days"]) for row in rows),
        numbers(float(row["log_error"]) for row in rows),
        numbers(float(row["chance"]) + float(row["parameters"]) for row in rows),
    )


def _variances(by_shop: list[_Errors]) -> tuple[Array, float]:
    """Return the variance of each shop at the usual horizon (shops,), and the power of the horizon common to all."""
    likelihood = np.stack([_likelihood(shop) for shop in by_shop])  # (shops, growths, deviations)
    best = int(np.argmax(likelihood.max(axis=2).sum(axis=0)))
    return DEVIATIONS[likelihood[:, best].argmax(axis=1)] ** 2, float(GROWTHS[best])


def _likelihood(errors: _Errors) -> Array:
    """Return the mean log-likelihood of a shop's errors for each growth and deviation."""
    many, size, squares = len(errors.error), errors.horizon / USUAL_HORIZON, errors.error**2
    mean = np.empty((len(GROWTHS), len(DEVIATIONS)))
    padded = np.ones((-(-many // AT_ONCE) * AT_ONCE, len(DEVIATIONS)))
    variance = padded[:many]
    for i, growth in enumerate(GROWTHS):
        np.multiply.outer(size**growth, DEVIATIONS**2, out=variance)
        variance += errors.own[:, None]
        np.maximum(variance, SMALLEST_VARIANCE, out=variance)
        logarithms = np.log(padded.reshape(AT_ONCE, -1, len(DEVIATIONS)).prod(axis=0)).sum(axis=0)
        mean[i] = -0.5 * (logarithms + squares @ (1 / variance)) / many
    return mean
