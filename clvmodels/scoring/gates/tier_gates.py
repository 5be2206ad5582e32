"""Gates on tiers: the number of customers who rise or fall in one run."""

from __future__ import annotations

from pydantic import Field

from clvmodels.scoring.gates.limits import Gates
from clvmodels.scoring.gates.result import Figure, GateResult
from clvmodels.scoring.gates.run_statistics import Count, Record

__all__ = ["TierCounts", "check_tiers"]


class TierCounts(Record):
    """Customers by tier, and their moves since the previous run.

    Attributes
    ----------
    earlier_run, earlier_as_of : str or None
        The run to compare tiers with, and its date; None if there is none, or it had other tiers.
    assigned, today : dict of str to int
        Customers by tier as assigned, and by the values of the day.
    risen, fallen, same, new, lost : int
        Customers by change; lost customers had a tier and are not in this run.
    bought_since : int
        Customers with an earlier tier who bought since.
    migration : dict of str to dict of str to int
        Customers by published and assigned tier; empty without earlier tiers, and in manifests of earlier releases.
    """

    earlier_run: str | None
    earlier_as_of: str | None
    assigned: dict[str, Count]
    today: dict[str, Count]
    risen: Count = 0
    fallen: Count = 0
    same: Count = 0
    new: Count = 0
    lost: Count = 0
    bought_since: Count = 0
    migration: dict[str, dict[str, Count]] = Field(default_factory=dict)

    @property
    def before(self) -> int:
        """Return the number of customers with an earlier tier who have one now."""
        return self.risen + self.fallen + self.same


def check_tiers(limits: Gates, tiers: TierCounts | None) -> tuple[GateResult, ...]:
    """Check the number of customers who rise and fall; return no result without earlier tiers.

    Tiers by shares of customers have fixed sizes, so a customer who rises after a purchase moves another down. The
    share of customers who bought since is therefore added to the limits.
    """
    if tiers is None or tiers.earlier_as_of is None or not tiers.before:
        return ()
    moves = {"risen": (tiers.risen, limits.tier_rises), "fallen": (tiers.fallen, limits.tier_falls)}
    bought, results = tiers.bought_since / tiers.before, []
    for move, (customers, limit) in moves.items():
        if limit is not None:
            share = customers / tiers.before
            figures: dict[str, Figure] = {
                "move": move,
                "customers": customers,
                "before": tiers.before,
                "share": share,
                "limit": limit,
                "bought_since": bought,
                "purchases_allowed": bought > 0,
                "reference_as_of": tiers.earlier_as_of,
            }
            results.append(GateResult.of("tiers", share <= limit + bought, "gate-tiers", figures))
    return tuple(results)
