"""Tiers of customers by value: today's tiers, and assigned tiers, which change only if the value changes enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import displays, frames
from clvmodels.decisions.customer_table import read_customer_table
from clvmodels.decisions.tiering.assignment import NEW, assign_tiers
from clvmodels.decisions.tiering.boundaries import (
    TierDefinition,
    TierRule,
    define_tiers,
    lowest_values,
    merge_near_ties,
    tier_of,
)
from clvmodels.decisions.tiering.changes import changes_of, migration_table, moved_customers, published_tiers
from clvmodels.decisions.tiering.findings import tier_findings
from clvmodels.decisions.tiering.probabilities import tier_probabilities
from clvmodels.decisions.value_draws import ValueDraws, drawn_values
from clvmodels.errors import InvalidOption, InvalidTable
from clvmodels.language import Findings
from clvmodels.processes.contract import Array

__all__ = ["Tiers", "tiers"]

PROBABILITY, OWN_RATE = "probability_", "own_rate_probability_"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tiers(displays.Display):
    """Customers in tiers.

    Attributes
    ----------
    definition : TierDefinition
        The rule, the boundaries and the names of the tiers.
    columns : mapping of str to array (n,)
        One row per customer: customer_id, the value, tier_today, tier_assigned; change ("risen", "fallen", "same",
        "new") if there are published tiers; probability_NAME of each tier if there are draws of outcomes, and
        own_rate_probability_NAME if there are draws of what is expected given the customer's own rates. Tiers are
        missing where the value is.
    summary : DataFrame
        One row per tier: tier, customers (as assigned), share_of_customers, value, share_of_value, lowest_value and
        customers_today (both of tier_today), and with draws probability: the mean probability of ranking in the tier
        assigned.
    migration : DataFrame or None
        One row per pair of tiers: published (missing for new customers), assigned (missing for lost ones), customers,
        value. None without published tiers.
    findings : tuple of Finding
    kind : FrameKind
        The kind of frame to return.
    value_column : str
        Name of the column of values.
    lost : sequence
        Ids of customers who had a published tier and are not in the values.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> values = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "lifetime_value": [90.0, 40.0, 40.0, 5.0]})
    >>> result = clv.tiers(values, boundaries=[0.5], names=["best", "rest"])
    >>> result.frame()["tier_today"].tolist()
    ['best', 'best', 'best', 'rest']
    """

    definition: TierDefinition
    columns: Mapping[str, Any]
    summary: pd.DataFrame
    migration: pd.DataFrame | None
    findings: Findings
    kind: frames.FrameKind
    value_column: str
    lost: Sequence[Any] = ()

    def frame(self) -> frames.Frame:
        """Return one row per customer, of the same kind as the values."""
        return frames.table(self.kind, self.columns)

    def moved(self, change: str) -> frames.Frame:
        """Return the customers with a change since the published tiers, the most valuable first.

        Parameters
        ----------
        change : {"risen", "fallen", "new", "lost"}

        Returns
        -------
        frame
            customer_id, published, tier_assigned and the value; of lost customers, customer_id only.

        Raises
        ------
        InvalidOption
            If there are no published tiers, or for another change.
        """
        return frames.table(self.kind, moved_customers(self.columns, self.value_column, self.lost, change))

    def plot(self, **options: Any) -> Any:
        """Draw each tier's share of customers and of value; see `clvmodels.plots.tier_shares`."""
        return displays.draw("tier_shares", self.summary, **options)


def tiers(
    values: frames.Frame | str | Path,
    *,
    column: str = "lifetime_value",
    rule: TierRule = "quantile",
    boundaries: Sequence[float] | None = None,
    names: Sequence[str] | None = None,
    published: frames.Frame | str | Path | None = None,
    evidence: float = 0.5,
    drift: float = 0.1,
    draws: ValueDraws | None = None,
    own_rate_draws: ValueDraws | None = None,
) -> Tiers:
    """Sort customers into tiers by value, and keep published tiers unless the value has changed enough.

    `tier_today` depends on today's values alone. `tier_assigned` also depends on the tiers published last. A customer
    rises if today's value ranks in a better tier, is higher than the published value, and is 3 % higher than that value
    or than the boundary. A customer falls if today's value is below the boundary of the published tier by a share of
    the boundary, `evidence`, or ranks two tiers lower, or is the lowest in a tier that would otherwise be larger than
    today's by more than `drift`. Customers without a published tier take today's; if it is full, they wait in the one
    below until they buy again or it has room. Customers with equal values are in the same tier today, that of their
    middle rank, whatever the order of rows.

    Parameters
    ----------
    values : frame or path
        One row per customer: customer_id and the value, such as the result of `lifetime_value` or `clv score`.
    column : str, default="lifetime_value"
        Column of the value, in money.
    rule : {"quantile", "cumulative_share", "thresholds"}
        Boundaries are shares of customers, shares of the total value that the better tiers hold (80/20, ABC analysis),
        or the lowest value of each tier but the last.
    boundaries : sequence of float, optional
        One fewer than there are tiers. Default: (0.05, 0.2, 0.5) for "quantile", (0.8, 0.95) for "cumulative_share".
    names : sequence of str, optional
        The best tier first. Default: "A", "B", "C", ...
    published : frame or path, optional
        The tiers published last: customer_id, tier_assigned and, to tell who rose, the value at that time in `column`,
        as in the result of this function. Without it, or if the value of the median customer changed by more than half,
        as with another margin or currency (a finding then says so), any value may have risen.
    evidence : float, default=0.5
        How far below the boundary of the published tier today's value must be before a customer falls, as a share of
        the boundary.
    drift : float, default=0.1
        Largest difference of a tier's size from its size today, as a share of it.
    draws : ValueDraws, optional
        From `value_draws`: adds the probability that the value a customer realizes ranks in each tier.
    own_rate_draws : ValueDraws, optional
        From `value_draws` with of="own_rate": adds the probability that what is expected of the customer, given the
        customer's own rates, ranks in each tier. It is closer to 0 or 1, because it excludes the chance of single
        purchases.

    Returns
    -------
    Tiers

    Raises
    ------
    InvalidTable
        If a table is invalid, or no customer has a value.
    InvalidOption
        For options out of range.

    References
    ----------
    Zeithaml, Rust & Lemon (2001), "The Customer Pyramid", California Management Review 43(4), 118-142, for tiers by
    profitability.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> value = clv.lifetime_value(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, **terms)
    >>> result = clv.tiers(value, names=["gold", "silver", "bronze", "basic"])
    >>> print(result.summary[["tier", "customers", "share_of_value"]].round(2).to_string(index=False))
      tier  customers  share_of_value
      gold        118            0.43
    silver        354            0.31
    bronze        716            0.14
     basic       1169            0.13
    """
    definition = define_tiers(rule, boundaries, names)
    _check_shares(evidence, drift)
    table = read_customer_table(values, "values")
    amounts = table.numbers(column)
    valued = ~np.isnan(amounts)
    if not valued.any():
        raise InvalidTable(f"No customer of values= has a value in {column!r}: there is nothing to sort into tiers.")
    merged = merge_near_ties(amounts[valued])
    lowest = lowest_values(merged, definition)
    today = _spread(tier_of(merged, lowest), valued)
    before = (
        None
        if published is None
        else published_tiers(read_customer_table(published, "published"), table, definition, column)
    )
    earlier = np.full(len(table), NEW) if before is None else before.tier
    then = None if before is None else before.comparable_values(amounts)[valued]
    assigned = _spread(assign_tiers(merged, earlier[valued], lowest, evidence, drift, then), valued)
    chances = None if draws is None else tier_probabilities(drawn_values("draws", draws, table, "outcome"), definition)
    columns: dict[str, Any] = {
        "customer_id": table.customer_id,
        column: amounts,
        "tier_today": _named(today, definition),
        "tier_assigned": _named(assigned, definition),
    }
    if before is not None:
        columns |= {"published": _named(earlier, definition), "change": changes_of(earlier, assigned)}
    if chances is not None:
        columns |= {f"{PROBABILITY}{name}": chance for name, chance in zip(definition.names, chances, strict=True)}
    if own_rate_draws is not None:
        drawn = drawn_values("own_rate_draws", own_rate_draws, table, "own_rate")
        of_rates = tier_probabilities(drawn, definition)
        columns |= {f"{OWN_RATE}{name}": chance for name, chance in zip(definition.names, of_rates, strict=True)}
    summary = _summary(definition, amounts, today, assigned, lowest, chances)
    migration = None if before is None else migration_table(definition, before, assigned, amounts)
    findings = tier_findings(summary, amounts, today, earlier if before is not None else None, assigned, before)
    lost = () if before is None else before.lost
    return Tiers(definition, columns, summary, migration, findings, table.kind, column, lost)


def _check_shares(evidence: Any, drift: Any) -> None:
    """Raise an InvalidOption for shares out of range."""
    for name, share in (("evidence", evidence), ("drift", drift)):
        if not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise InvalidOption(f"{name}={share!r} must be a share between 0 and 1, such as 0.1.")


def _spread(tier: npt.NDArray[np.intp], valued: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return the tiers of all customers (n,), NEW for those without a value."""
    spread = np.full(len(valued), NEW)
    spread[valued] = tier
    return spread


def _named(tier: npt.NDArray[np.intp], definition: TierDefinition) -> npt.NDArray[np.object_]:
    """Return the names of tiers by number, None for NEW."""
    return np.array([*definition.names, None], dtype=object)[tier]


def _summary(
    definition: TierDefinition,
    amounts: Array,
    today: npt.NDArray[np.intp],
    assigned: npt.NDArray[np.intp],
    lowest: Array,
    chances: Array | None,
) -> pd.DataFrame:
    """Return one row per tier."""
    valued, count = assigned != NEW, len(definition.names)
    size = np.bincount(assigned[valued], minlength=count)
    order = np.argsort(amounts[valued])  # so that sums do not depend on the order of rows
    value = np.bincount(assigned[valued][order], amounts[valued][order], minlength=count)
    total = float(value.sum())
    table = pd.DataFrame(
        {
            "tier": definition.names,
            "customers": size,
            "share_of_customers": size / size.sum(),
            "value": value,
            "share_of_value": value / total if total else np.full(count, np.nan),
            "lowest_value": np.append(lowest, amounts[valued].min()),
            "customers_today": np.bincount(today[valued], minlength=count),
        }
    )
    table["lowest_value"] = table["lowest_value"].where(np.isfinite(table["lowest_value"]))
    if chances is not None:
        own = chances[assigned, np.arange(len(assigned))]
        table["probability"] = np.bincount(assigned[valued], own[valued], minlength=count) / np.maximum(size, 1)
        table.loc[size == 0, "probability"] = np.nan
    return table
