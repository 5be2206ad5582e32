"""A caution if the model sees no customer leaving."""

from __future__ import annotations

from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array

__all__ = ["nobody_leaves"]

ALMOST_SURE = 0.99  # if P(alive) of every customer is above, a list of those who may have left has no meaning


def nobody_leaves(alive: Array) -> Findings:
    """Return a caution if all customers are almost certainly active, by their P(alive) (n,).

    A fit to a short log of a growing shop often ends there: dropout is then not identified.
    """
    least = float(alive.min(initial=1.0))
    sure = len(alive) > 0 and least > ALMOST_SURE
    return (Finding("nobody-leaves", {"alive": least}, "caution"),) if sure else ()
