"""Choose at most one action per customer within a budget and caps on contacts."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import linprog

from clvmodels.processes.contract import Array

__all__ = ["Offers", "choose_offers"]

WHOLE_OFFER = 1 - 1e-6  # share of an offer that counts as all of it in the linear program
ROUNDING_TOLERANCE = 1e-9  # float error allowed in the sum of costs, as a share of the budget
MOST_EXCHANGED = 2_000  # number of offers up to which all exchanges are tried; with more, a single offer hardly matters
LARGEST_GAP = 0.005  # to the largest possible gain, as a share of it, at which the search stops
MOST_BRANCHES = 300  # linear programs to solve
NO_OFFER = -1


@dataclass(frozen=True, slots=True)
class Offers:
    """The actions that may be taken, one row per customer and action.

    Attributes
    ----------
    customer : int array (m,)
        Index of the customer, from 0.
    gain, cost : arrays (m,)
        Gain net of the cost, and the cost to the budget, which is not negative. Money.
    channel : int array (m,)
        Index of the channel, from 0.
    """

    customer: npt.NDArray[np.intp]
    gain: Array
    cost: Array
    channel: npt.NDArray[np.intp]

    def at(self, rows: npt.NDArray[np.intp]) -> Offers:
        """Return some of the offers, with customers renumbered."""
        _, customer = np.unique(self.customer[rows], return_inverse=True)
        return Offers(customer, self.gain[rows], self.cost[rows], self.channel[rows])


def choose_offers(offers: Offers, budget: float, caps: Array) -> npt.NDArray[np.intp]:
    """Return offers that gain close to the most possible, at most one per customer, within the budget and the caps.

    This is a multiple-choice knapsack problem. Its linear program splits the offers of at most as many customers as
    there are limits (Sinha & Zoltners 1979, "The Multiple-Choice Knapsack Problem", Operations Research 27(3),
    503-515). These are left out; then offers are added and exchanged while that increases the gain. If the gain is not
    yet close to that of the linear program, two cases are solved for an offer that it splits: it is made, or not made.

    Parameters
    ----------
    offers : Offers
    budget : float
        Largest sum of costs.
    caps : array (channels,)
        Largest number of offers per channel; may be infinite.

    Returns
    -------
    int array
        Positions among the offers, ascending.
    """
    useful = np.flatnonzero((offers.gain > 0) & (offers.cost <= budget))
    if not len(useful):
        return useful
    rest = offers.at(useful)
    program = _linear_program(rest, budget, caps)
    free = np.tile([0.0, 1.0], (len(useful), 1))
    best = np.zeros(0, dtype=np.intp)
    queue: list[tuple[float, int, npt.NDArray[np.float64]]] = [(-np.inf, 0, free)]
    for branch in range(MOST_BRANCHES):
        if not queue or rest.gain[best].sum() >= -queue[0][0] * (1 - LARGEST_GAP):
            break
        _, _, limits = heapq.heappop(queue)
        solved = program(limits)
        if solved is None:
            continue
        bound, share = solved
        choice = _improve(rest, budget * (1 + ROUNDING_TOLERANCE), caps, np.flatnonzero(share > WHOLE_OFFER))
        best = max(best, choice, key=lambda each: rest.gain[each].sum())
        split = np.flatnonzero((share > 1 - WHOLE_OFFER) & (share < WHOLE_OFFER))
        if len(split):
            offer = split[np.argmax(rest.gain[split] * share[split])]
            for side, value in enumerate((0.0, 1.0)):
                inner = limits.copy()
                inner[offer] = value
                heapq.heappush(queue, (-bound, 2 * branch + side, inner))
    result: npt.NDArray[np.intp] = useful[np.sort(best)]
    return result


def _linear_program(
    offers: Offers, budget: float, caps: Array
) -> Callable[[npt.NDArray[np.float64]], tuple[float, Array] | None]:
    """Return a function that maps limits of each offer (m, 2) to the largest gain and the share made of each offer.

    Offers may be made in part. The function returns None if no choice meets the limits.
    """
    count = len(offers.gain)
    # Money in units of the largest gain and of the budget, so that the result does not depend on the currency.
    scale = float(offers.gain.max())
    cost = offers.cost / budget if budget > 0 else np.zeros(count)
    limited = np.flatnonzero(np.isfinite(caps))
    per_channel = [sparse.csr_array((offers.channel == channel).astype(float)[None, :]) for channel in limited]
    one_each = sparse.csr_array((np.ones(count), (offers.customer, np.arange(count))))
    rows = sparse.vstack([sparse.csr_array(cost[None, :]), *per_channel, one_each]).tocsr()
    most = np.concatenate([[1.0], caps[limited], np.ones(one_each.shape[0])])

    def solve(limits: npt.NDArray[np.float64]) -> tuple[float, Array] | None:
        solution = linprog(-offers.gain / scale, A_ub=rows, b_ub=most, bounds=limits, method="highs")
        return None if solution.x is None else (-float(solution.fun) * scale, np.asarray(solution.x, dtype=float))

    return solve


def _improve(offers: Offers, limit: float, caps: Array, chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return a choice after adding and exchanging offers while that increases the gain."""
    if offers.cost[chosen].sum() > limit:  # the linear program keeps its limits up to a tolerance only
        chosen = chosen[np.argsort(-offers.gain[chosen] / np.maximum(offers.cost[chosen], 1e-300))][:-1]
    own = np.full(int(offers.customer.max()) + 1, NO_OFFER)
    own[offers.customer[chosen]] = chosen
    give_up = len(offers.gain) <= MOST_EXCHANGED
    for _ in range(len(offers.gain)):
        exchange = _best_exchange(offers, limit, caps, own, give_up)
        if exchange is None:
            break
        given_up, offer = exchange
        if given_up != NO_OFFER:
            own[offers.customer[given_up]] = NO_OFFER
        own[offers.customer[offer]] = offer
    result: npt.NDArray[np.intp] = own[own != NO_OFFER]
    return result


def _best_exchange(
    offers: Offers, limit: float, caps: Array, own: npt.NDArray[np.intp], give_up: bool
) -> tuple[int, int] | None:
    """Return the offer to give up (or NO_OFFER) and the offer to make that gain most together; None if none do.

    `own` is each customer's present offer, which a new offer to the same customer replaces.
    """
    picked = own[own != NO_OFFER]
    before = own[offers.customer]
    replaces = before != NO_OFFER
    gain = offers.gain - np.where(replaces, offers.gain[before], 0.0)
    cost = offers.cost - np.where(replaces, offers.cost[before], 0.0) + offers.cost[picked].sum()
    used = np.bincount(offers.channel[picked], minlength=len(caps))[offers.channel] + 1
    used -= replaces & (offers.channel[before] == offers.channel)
    best, result = ROUNDING_TOLERANCE * offers.gain.max(), None
    for dropped in (NO_OFFER, *(picked.tolist() if give_up else [])):
        fits = (cost <= limit) & (used <= caps[offers.channel])
        total = gain
        if dropped != NO_OFFER:
            fewer = used - (offers.channel == offers.channel[dropped])
            fits = (cost - offers.cost[dropped] <= limit) & (fewer <= caps[offers.channel])
            fits &= offers.customer != offers.customer[dropped]
            total = gain - offers.gain[dropped]
        place = int(np.argmax(np.where(fits, total, -np.inf)))
        if fits[place] and total[place] > best:
            best, result = float(total[place]), (dropped, place)
    return result
