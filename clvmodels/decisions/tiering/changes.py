"""Changes since tiers were published: migration between tiers, and customers who rose, fell, are new or lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.decisions.customer_table import CustomerTable
from clvmodels.decisions.tiering.assignment import NEW
from clvmodels.decisions.tiering.boundaries import TierDefinition
from clvmodels.errors import InvalidOption, InvalidTable, closest
from clvmodels.processes.contract import Array

__all__ = ["PublishedTiers", "changes_of", "migration_table", "moved_customers", "published_tiers"]

# If the value of the median customer changed by more than this factor, it was made with other terms (margin, currency).
COMPARABLE = 1.5
CHANGES = ("risen", "fallen", "new", "lost")


@dataclass(frozen=True, slots=True)
class PublishedTiers:
    """The tiers published last.

    Attributes
    ----------
    tier : int array (n,)
        The published tier of each customer of the values, NEW for those without one.
    lost : tuple
        Ids of published customers who are not in the values.
    lost_tier : int array (len(lost),)
    value : array (n,)
        The value at that time, NaN if it was not published.
    """

    tier: npt.NDArray[np.intp]
    lost: tuple[Any, ...]
    lost_tier: npt.NDArray[np.intp]
    value: Array

    def comparable_values(self, amounts: Array) -> Array:
        """Return the values at that time (n,), NaN if they were not published or were made with other terms."""
        comparable = 1 / COMPARABLE <= self.value_ratio(amounts) <= COMPARABLE
        return self.value if comparable else np.full(len(amounts), np.nan)

    def value_ratio(self, amounts: Array) -> float:
        """Return today's value of the median customer over that at that time; NaN if nobody has both."""
        both = (self.value > 0) & (amounts > 0)
        return float(np.median(amounts[both] / self.value[both])) if both.any() else float("nan")


def published_tiers(
    published: CustomerTable, table: CustomerTable, definition: TierDefinition, column: str
) -> PublishedTiers:
    """Return the tiers published last, for the customers of a table, and their values if published.

    Raises
    ------
    InvalidTable
        If a tier has a name that the definition lacks.
    """
    names = published.texts("tier_assigned")
    unknown = sorted({name for name in names if name is not None} - {*definition.names})
    if unknown:
        raise InvalidTable(
            f"published= has the {'tier' if len(unknown) == 1 else 'tiers'} {', '.join(map(repr, unknown))}, but "
            f"names={list(definition.names)}.{closest(unknown[0], definition.names)} Pass the names as published."
        )
    numbers = {name: number for number, name in enumerate(definition.names)} | {None: NEW}
    tier = np.array([numbers[name] for name in names], dtype=np.intp)
    positions = published.positions_of(table.customer_id)
    gone = (table.positions_of(published.customer_id) < 0) & (tier != NEW)
    lost = tuple(published.customer_id.filter(gone.tolist()).to_list())
    amounts = published.numbers(column) if published.has(column) else np.full(len(published), np.nan)
    value = np.where(positions >= 0, amounts[positions], np.nan)
    return PublishedTiers(np.where(positions >= 0, tier[positions], NEW), lost, tier[gone], value)


def changes_of(earlier: npt.NDArray[np.intp], assigned: npt.NDArray[np.intp]) -> npt.NDArray[np.object_]:
    """Return how each customer's tier changed (n,), None for customers without a tier now."""
    change = np.select(
        [assigned == NEW, earlier == NEW, assigned < earlier, assigned > earlier],
        ["", "new", "risen", "fallen"],
        "same",
    ).astype(object)
    change[change == ""] = None
    return change


def migration_table(
    definition: TierDefinition, before: PublishedTiers, assigned: npt.NDArray[np.intp], amounts: Array
) -> pd.DataFrame:
    """Return the customers and their value by published and assigned tier, all pairs of tiers included."""
    earlier, names = before.tier, definition.names
    rows: list[tuple[str | None, str | None, int, float]] = []
    for published in (*range(len(names)), NEW):
        for tier in range(len(names)):
            both = (earlier == published) & (assigned == tier)
            label = None if published == NEW else names[published]
            rows.append((label, names[tier], int(both.sum()), float(np.sum(np.sort(amounts[both])))))
    for number, name in enumerate(names):
        rows.append((name, None, int(np.sum(before.lost_tier == number)), 0.0))
    return pd.DataFrame(rows, columns=["published", "assigned", "customers", "value"])


def moved_customers(columns: Mapping[str, Any], value_column: str, lost: Sequence[Any], change: str) -> dict[str, Any]:
    """Return the columns of the customers with this change, the most valuable first."""
    if change not in CHANGES:
        raise InvalidOption(f"change={change!r} is not one of {', '.join(map(repr, CHANGES))}.")
    if "change" not in columns:
        raise InvalidOption("Changes need published tiers: pass published= to tiers.")
    ids = columns["customer_id"]
    if change == "lost":
        return {"customer_id": list(lost)}
    rows = np.flatnonzero(columns["change"] == change)
    rows = rows[np.argsort(-columns[value_column][rows], kind="stable")]
    names = ("published", "tier_assigned", value_column)
    return {"customer_id": ids[rows], **{name: columns[name][rows] for name in names}}
