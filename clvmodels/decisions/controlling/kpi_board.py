"""A board of key figures with targets, and how efficiently channels spend the cost of acquisition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import narwhals as nw
import numpy as np

from clvmodels import displays, frames
from clvmodels.decisions.quotients import quotient
from clvmodels.decisions.unit_economics import UnitEconomics, customer_groups
from clvmodels.errors import InvalidOption, InvalidRFM, closest
from clvmodels.forecasts import KnownHistory
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.valuation.money_table import with_currency

__all__ = ["KPIBoard", "channel_efficiency", "kpi_board"]

OF_ECONOMICS = {
    "clv": "break_even_cac",
    "cac": "cac",
    "clv_to_cac": "clv_to_cac",
    "roi": "roi",
    "payback_month": "payback_month",
}
OF_HISTORY = ("repeat_share", "satisfaction")
LOWER_IS_BETTER = ("cac", "payback_month")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class KPIBoard(displays.Display):
    """Key figures with their targets.

    Attributes
    ----------
    groups : frame
        One row per group and figure: the group; kpi ("clv", the value at acquisition per customer; "cac"; "clv_to_cac";
        "roi"; "payback_month"; "repeat_share", the share of customers with more than one order; "satisfaction", the
        mean of a column over the customers who have one); current; target, missing without one; distance, current less
        target; relative, the distance over the target; and reached (missing without a target). With a currency of the
        economics, a column names it.
    findings : tuple of Finding

    Examples
    --------
    See `kpi_board`.

    >>> import clvmodels as clv
    >>> clv.KPIBoard.__slots__
    ('groups', 'findings')
    """

    shown_table: ClassVar[str] = "groups"
    groups: frames.Frame
    findings: Findings

    def frame(self) -> frames.Frame:
        """Return the table, one row per group and figure."""
        return self.groups

    def plot(self, **options: Any) -> Any:
        """Draw how far key figures are from their targets; see `clvmodels.plots.target_distances`."""
        return displays.draw("target_distances", self.groups, **options)


def kpi_board(
    economics: UnitEconomics,
    *,
    targets: Mapping[str, float],
    history: KnownHistory | None = None,
    satisfaction: str | None = None,
) -> KPIBoard:
    """Put key figures next to their targets.

    Parameters
    ----------
    economics : UnitEconomics
        Of all customers or by an attribute, such as a channel.
    targets : mapping of str to float
        By figure, such as {"cac": 12.0, "clv_to_cac": 3.0}. Lower is better for cac and payback_month.
    history : KnownHistory, optional
        The history of the economics, which adds the repeat share.
    satisfaction : str, optional
        A numeric attribute of the history; customers without a value are left out.

    Returns
    -------
    KPIBoard

    Raises
    ------
    InvalidOption
        For figures that do not exist, targets that are not numbers, or a history with cohorts.
    InvalidRFM
        If satisfaction is not numeric, or missing for all customers.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> economics = clv.unit_economics(*models, history, costs=clv.Costs(acquisition=15.0), interval=None, **terms)
    >>> board = clv.kpi_board(economics, targets={"cac": 12.0, "repeat_share": 0.35}, history=history)
    >>> rows = board.frame().dropna(subset="target")
    >>> rows[["kpi", "current", "target", "distance", "reached"]].round(2).values.tolist()
    [['cac', 15.0, 12.0, 3.0, False], ['repeat_share', 0.4, 0.35, 0.05, True]]
    """
    _check(targets, history, satisfaction)
    table = nw.from_native(economics.groups, eager_only=True)
    name = table.columns[0]
    figures: dict[str, Array] = {kpi: table[column].to_numpy().astype(float) for kpi, column in OF_ECONOMICS.items()}
    labels = [str(label) for label in table[name].to_list()]
    if history is not None:
        figures |= _of_history(history, name, labels, satisfaction)
    missing = sorted(set(targets) - set(figures))
    if missing:
        raise InvalidOption(
            f"A target of {', '.join(missing)} needs history= and, for satisfaction, satisfaction= with its column."
        )
    rows: dict[str, list[Any]] = {
        each: [] for each in (name, "kpi", "current", "target", "distance", "relative", "reached")
    }
    for i, label in enumerate(labels):
        for kpi, values in figures.items():
            row = (label, kpi, *_against_target(kpi, float(values[i]), targets.get(kpi)))
            for column, value in zip(rows, row, strict=True):
                rows[column].append(value)
    shown = nw.from_dict(with_currency(rows, economics.currency), backend=table.implementation)
    return KPIBoard(shown.to_native(), _findings(rows, name))


def channel_efficiency(economics: UnitEconomics) -> frames.Frame:
    """Return each group's share of the acquisition cost and of the value.

    Parameters
    ----------
    economics : UnitEconomics
        By a channel or another attribute.

    Returns
    -------
    frame
        One row per group, the most efficient first: the group; customers; share_of_customers, share_of_cost and
        share_of_value (at acquisition); efficiency, the share of value over the share of cost; net_value, value less
        cost; and cost_to_move, the share of all cost above the group's share of value, which a budget in proportion to
        value would move elsewhere. Efficiency is an average: the next customer of a channel may cost more.
        `clvmodels.plots.channel_shares` draws it.

    Raises
    ------
    InvalidOption
        If nothing was spent on acquisition.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> ids = np.unique(log["customer_id"])
    >>> channels = pd.DataFrame({"customer_id": ids, "channel": np.where(ids % 3 == 0, "search", "social")})
    >>> options = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30", "attributes": channels}
    >>> history = clv.KnownHistory.from_log(log, **options)
    >>> models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35, "interval": None}
    >>> costs = clv.Costs(acquisition={"channel": {"search": 20.0, "social": 10.0}})
    >>> economics = clv.unit_economics(*models, history, costs=costs, by="channel", **terms)
    >>> table = clv.channel_efficiency(economics)
    >>> table[["channel", "share_of_cost", "share_of_value", "efficiency"]].round(2).values.tolist()
    [['social', 0.49, 0.68, 1.39], ['search', 0.51, 0.32, 0.63]]
    """
    table = nw.from_native(economics.groups, eager_only=True)
    cost, value = (table[column].to_numpy().astype(float) for column in ("acquisition_cost", "value_at_acquisition"))
    if not cost.sum() > 0:
        raise InvalidOption("Nothing was spent on acquisition: pass costs=Costs(acquisition=...) to unit_economics.")
    customers = table["customers"].to_numpy().astype(float)
    of_cost = cost / cost.sum()
    nothing = np.full(len(cost), np.nan)
    of_value = value / value.sum() if value.sum() > 0 else nothing
    order = np.argsort(-np.nan_to_num(quotient(of_value, of_cost), nan=np.inf), kind="stable")
    columns = {
        "customers": customers.astype(np.int64),
        "share_of_customers": customers / customers.sum(),
        "share_of_cost": of_cost,
        "share_of_value": of_value,
        "efficiency": quotient(of_value, of_cost),
        "net_value": value - cost,
        "cost_to_move": of_cost - of_value,
    }
    named = with_currency(columns, economics.currency)
    series = [nw.new_series(name, values, backend=table.implementation) for name, values in named.items()]
    return table.select(table.columns[0]).with_columns(*series)[order.tolist()].to_native()


def _check(targets: Mapping[str, float], history: KnownHistory | None, satisfaction: str | None) -> None:
    """Raise an InvalidOption unless all targets are numbers and belong to figures that exist."""
    every = (*OF_ECONOMICS, *OF_HISTORY)
    unknown = [kpi for kpi in targets if kpi not in every]
    if unknown:
        hint = closest(unknown[0], every)
        raise InvalidOption(f"targets has {', '.join(map(repr, unknown))}; the figures are {', '.join(every)}.{hint}")
    wrong = {kpi: value for kpi, value in targets.items() if not _is_number(value)}
    if wrong:
        raise InvalidOption(f"targets={wrong!r} must be numbers.")
    if satisfaction is not None and history is None:
        raise InvalidOption("satisfaction= is an attribute of customers: pass history= too.")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and bool(np.isfinite(value))


def _of_history(history: KnownHistory, name: str, labels: list[str], satisfaction: str | None) -> dict[str, Array]:
    """Return the repeat share and, with a column for it, the satisfaction of each group."""
    if name == "cohort" and name not in history.rfm.attributes:
        raise InvalidOption(
            "The economics are by cohort, whose repeat share depends on age: leave out history=; see cohort_triangle."
        )
    groups, _ = customer_groups(history, name)
    if [str(label) for label in groups.labels] != labels:
        raise InvalidOption(
            f"The economics and the history have different groups of {name!r}: make both from the same history."
        )
    count = len(labels)
    size = np.bincount(groups.codes, minlength=count)
    again = np.asarray(history.rfm.frequency) > 0
    figures = {"repeat_share": quotient(np.bincount(groups.codes, again, minlength=count), size)}
    if satisfaction is not None:
        scores = _scores(history, satisfaction)
        has = np.isfinite(scores)
        number = np.bincount(groups.codes[has], minlength=count)
        figures["satisfaction"] = quotient(np.bincount(groups.codes[has], scores[has], minlength=count), number)
    return figures


def _scores(history: KnownHistory, satisfaction: str) -> Array:
    """Return the satisfaction of each customer (n,), NaN if missing."""
    attributes = history.rfm.attributes
    if satisfaction not in attributes:
        raise InvalidOption(f"satisfaction={satisfaction!r} is not an attribute.{closest(satisfaction, attributes)}")
    column = attributes[satisfaction]
    if not column.dtype.is_numeric():
        raise InvalidRFM(f"satisfaction={satisfaction!r} has the type {column.dtype}, not numbers: convert it.")
    scores: Array = column.cast(nw.Float64).to_numpy().astype(float)
    if not np.isfinite(scores).any():
        raise InvalidRFM(f"satisfaction={satisfaction!r} is blank for all customers.")
    return scores


def _against_target(kpi: str, current: float, target: float | None) -> tuple[float, float, float, float, bool | None]:
    """Return current, target, distance, relative distance, and whether the target is reached."""
    if target is None:
        return current, float("nan"), float("nan"), float("nan"), None
    distance = current - target
    reached = None if np.isnan(current) else bool(distance <= 0 if kpi in LOWER_IS_BETTER else distance >= 0)
    return current, float(target), distance, distance / target if target else float("nan"), reached


def _findings(rows: dict[str, list[Any]], name: str) -> Findings:
    """Return a finding on the targets that are missed, or on all being reached."""
    of = zip(rows[name], rows["kpi"], rows["reached"], strict=True)
    missed = [f"{kpi} ({label})" for label, kpi, reached in of if reached is False]
    if missed:
        return (Finding("kpi-targets-missed", {"names": missed, "count": len(missed)}, "caution"),)
    count = sum(reached is True for reached in rows["reached"])
    return (Finding("kpi-targets-reached", {"count": count}),)
