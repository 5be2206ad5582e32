"""How far totals of other shops were off: the reference class that an interval of a total is joined with.

A process is fitted to one period and used in another, in which all customers may buy more or less, and no log shows
more than a few periods. `total_errors.csv` therefore has errors of totals on public logs, made by
`tests/benchmarks/total_errors.py`, which says where the logs come from. Logs of one shop count as one shop, and all
shops count equally.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, get_args

import numpy as np

from clvmodels.errors import InvalidOption
from clvmodels.processes.contract import Array

__all__ = ["ReferenceClass", "TotalQuantity", "disjoint_windows", "reference_class", "reference_shops"]

TotalQuantity = Literal["purchases", "money"]
TABLE = "total_errors.csv"
USUAL_HORIZON = 91.0  # days; variances are given for this horizon
LONGER_ALLOWED = 1.01  # a horizon this much longer than the longest tested counts as tested: 12 months are 365.25 days
FEWEST_SHOPS = 2  # a horizon counts as tested if this many shops have errors there
DEVIATIONS = np.arange(0.0, 0.8, 0.0025)  # standard deviations of the log of a total that are tried
GROWTHS = np.arange(0.0, 2.01, 0.05)  # an error that is constant, a random walk, ..., a drift


@dataclass(frozen=True, slots=True)
class ReferenceClass:
    """Variances of errors of totals in other shops, beyond what chance and doubt about parameters explain.

    The error is log((A + .5) / (E + .5)), with the actual total A and the expected total E. It has two parts besides
    those that a model's interval allows for: one that is the same in all windows of a shop, and one that changes from
    window to window.

    Attributes
    ----------
    quantity : {"purchases", "money"}
    process : str or None
        Id of the process whose totals were judged; None for all processes in the table.
    shops : tuple of str
    between : float
        Variance of the lasting part between shops, at a horizon of 91 days (tau^2).
    within : float
        Variance of the changing part within a shop, at a horizon of 91 days (s^2).
    growth : float
        Both variances are proportional to the horizon to this power.
    longest_days : float
        The longest horizon at which at least two shops were tested.

    Examples
    --------
    >>> from clvmodels.forecasting.reference_class import reference_class
    >>> reference = reference_class("purchases", "bgnbd")
    >>> reference.degrees_of_freedom == len(reference.shops)
    True
    """

    quantity: TotalQuantity
    process: str | None
    shops: tuple[str, ...]
    between: float
    within: float
    growth: float
    longest_days: float

    @property
    def degrees_of_freedom(self) -> float:
        """One for each shop: the errors of one shop depend on each other too much to count as several."""
        return float(len(self.shops))

    def covers(self, horizon_days: float) -> bool:
        """Return whether totals over a horizon this long were tested."""
        return horizon_days <= LONGER_ALLOWED * self.longest_days

    def variances(self, days: float) -> tuple[float, float]:
        """Return the variances `between` and `within` of a total over some days."""
        longer = (days / USUAL_HORIZON) ** self.growth
        return self.between * longer, self.within * longer


@dataclass(frozen=True, slots=True, eq=False)
class _Errors:
    """Errors of totals: rows of the table, as columns (n,)."""

    shop: Array
    series: Array  # log, process and horizon: the cutoffs of a series follow each other
    day: Array
    horizon: Array
    error: Array
    own: Array  # variance of the error by the model's own interval

    def where(self, mask: Array) -> _Errors:
        return _Errors(*(getattr(self, name)[mask] for name in self.__slots__))


def reference_shops(quantity: TotalQuantity) -> tuple[str, ...]:
    """Return the names of the shops in the table of errors of a quantity.

    Examples
    --------
    >>> from clvmodels.forecasting.reference_class import reference_shops
    >>> "cdnow" in reference_shops("purchases")
    True
    """
    return tuple(sorted({row["shop"] for row in _rows() if row["quantity"] == _check_quantity(quantity)}))


def reference_class(
    quantity: TotalQuantity, process: str | None = None, *, without: Collection[str] = ()
) -> ReferenceClass:
    """Return the variances of errors of totals in other shops.

    Parameters
    ----------
    quantity : {"purchases", "money"}
    process : str, optional
        Id of the process that gave the totals, such as "bgnbd"; the errors of all processes in the table by default,
        or if the table does not have the process.
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
    the same weight. The mean of T is split into `between` and `within` by the analysis of variance of the series of
    errors with at least two disjoint windows.

    Examples
    --------
    >>> from clvmodels.forecasting.reference_class import reference_class
    >>> reference_class("purchases", "bgnbd", without=["cdnow"]).shops
    ('apparel', 'grocery', 'uci_online_retail')
    """
    return _estimate(_check_quantity(quantity), process, frozenset(without))


def disjoint_windows(begin: Array, end: Array) -> tuple[float, float]:
    """Return how many independent windows have a mean, and a mean square, as certain as those of overlapping windows.

    The correlation r of two windows is taken as the time that they have in common over the geometric mean of their
    lengths. Their mean has the variance of n^2 / sum(r) independent windows, their mean square that of n^2 / sum(r^2).

    Examples
    --------
    >>> from clvmodels.forecasting.reference_class import disjoint_windows
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
    table = resources.files("clvmodels.forecasting").joinpath(TABLE).read_text(encoding="utf-8")
    return tuple(csv.DictReader(table.splitlines()))


@cache
def _estimate(quantity: TotalQuantity, process: str | None, without: frozenset[str]) -> ReferenceClass:
    rows = [row for row in _rows() if row["quantity"] == quantity and row["shop"] not in without]
    of_process = [row for row in rows if row["process"] == process]
    errors = _errors(of_process or rows)
    shops = sorted(set(errors.shop.tolist()))
    if len(shops) < FEWEST_SHOPS:
        raise InvalidOption(
            f"The errors of totals of {quantity} are known for {len(shops)} shops without {sorted(without)}; "
            f"at least {FEWEST_SHOPS} are needed. The shops are {', '.join(reference_shops(quantity))}."
        )
    by_shop = [errors.where(errors.shop == shop) for shop in shops]
    variances, growth = _variances(by_shop)
    lasting = _share_that_lasts(by_shop)
    total = float(np.mean(variances))
    longest = sorted(float(shop.horizon.max()) for shop in by_shop)[-FEWEST_SHOPS]
    which = process if of_process else None
    return ReferenceClass(quantity, which, tuple(shops), lasting * total, (1 - lasting) * total, growth, longest)


def _errors(rows: Sequence[dict[str, str]]) -> _Errors:
    def numbers(values: Iterable[float]) -> Array:
        return np.fromiter(values, float, len(rows))

    return _Errors(
        np.array([row["shop"] for row in rows]),
        np.array([f"{row['log']} {row['process']} {row['horizon_days']}" for row in rows]),
        numbers(float(np.datetime64(row["cutoff"], "D").astype(int)) for row in rows),
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
    added = (errors.horizon / USUAL_HORIZON) ** GROWTHS[:, None, None] * DEVIATIONS[:, None] ** 2
    variance = errors.own + added
    mean: Array = -0.5 * (np.log(variance) + errors.error**2 / variance).mean(axis=-1)
    return mean


def _share_that_lasts(by_shop: list[_Errors]) -> float:
    """Return the share of the variance that is the same in all windows of a shop: shops count equally."""
    parts = []
    for shop in by_shop:
        series = [shop.where(shop.series == name) for name in np.unique(shop.series)]
        split = [part for part in map(_lasting_and_changing, series) if part is not None]
        if split:
            parts.append(np.mean(split, axis=0))
    if not parts:
        return 0.0
    lasting, changing = np.clip(np.mean(parts, axis=0), 0.0, None)
    return float(lasting / (lasting + changing)) if lasting > 0 else 0.0


def _lasting_and_changing(series: _Errors) -> tuple[float, float] | None:
    """Return both variances of one series of cutoffs; None if its windows overlap too much to tell them apart."""
    number, _ = disjoint_windows(series.day, series.day + series.horizon)
    if number < FEWEST_SHOPS:
        return None
    spread = float(series.error.var()) / (1 - 1 / number)
    return float(series.error.mean()) ** 2 - spread / number, spread - float(series.own.mean())
