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

WHOLE = 1 - 1e-6  # share of an offer from which the linear program makes it
ROUNDING_TOLERANCE = 1e-9  # float error allowed in the sum of costs, as a share of the budget
MOST_EXCHANGED = 2_000  # offers up to which all exchanges are tried; with more, a single offer hardly counts
CLOSE_ENOUGH = 0.005  # share of the largest possible gain below which no better choice is looked for
MOST_BRANCHES = 300  # linear programs that are solved at most
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Offers:
    """The actions that may be taken, one row per customer and action.

    Attributes
    ----------
    customer : int array (m,)
        Number of the customer, from 0.
    gain, cost : arrays (m,)
        Gain net of the cost, and the cost that counts against the budget, not negative. Money.
    channel : int array (m,)
        Number of the channel, from 0.
    """

    customer: npt.NDArray[np.intp]
    gain: Array
    cost: Array
    channel: npt.NDArray[np.intp]

    def at(self, rows: npt.NDArray[np.intp]) -> Offers:
        """Return some of the offers; customers are numbered anew."""
        _, customer = np.unique(self.customer[rows], return_inverse=True)
        return Offers(customer, self.gain[rows], self.cost[rows], self.channel[rows])


def choose_offers(offers: Offers, budget: float, caps: Array) -> npt.NDArray[np.intp]:
    """Return offers that gain close to the most possible, at most one per customer, within the budget and the caps.

    This is a multiple-choice knapsack problem. Its linear program splits the offers of few customers, no more than
    there are limits (Sinha & Zoltners 1979, "The Multiple-Choice Knapsack Problem", Operations Research 27(3),
    503-515). These are left out; then offers are added and exchanged as long as that gains. Where the gain is not yet
    close to that of the linear program, an offer that it splits is made, or not made, and both cases are solved.

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
        if not queue or rest.gain[best].sum() >= -queue[0][0] * (1 - CLOSE_ENOUGH):
            break
        _, _, limits = heapq.heappop(queue)
        solved = program(limits)
        if solved is None:
            continue
        bound, share = solved
        choice = _improve(rest, budget * (1 + ROUNDING_TOLERANCE), caps, np.flatnonzero(share > WHOLE))
        best = max(best, choice, key=lambda each: rest.gain[each].sum())
        split = np.flatnonzero((share > 1 - WHOLE) & (share < WHOLE))
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
    """Return a function of limits of each offer (m, 2) that gives the largest gain and the share made of each offer.

    Offers may be made in part; None if the limits leave no choice.
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
    """Return a choice after adding and exchanging offers as long as that gains."""
    if offers.cost[chosen].sum() > limit:  # the linear program meets its limits within a tolerance
        chosen = chosen[np.argsort(-offers.gain[chosen] / np.maximum(offers.cost[chosen], 1e-300))][:-1]
    own = np.full(int(offers.customer.max()) + 1, NOBODY)
    own[offers.customer[chosen]] = chosen
    give_up = len(offers.gain) <= MOST_EXCHANGED
    for _ in range(len(offers.gain)):
        exchange = _best_exchange(offers, limit, caps, own, give_up)
        if exchange is None:
            break
        given_up, offer = exchange
        if given_up != NOBODY:
            own[offers.customer[given_up]] = NOBODY
        own[offers.customer[offer]] = offer
    result: npt.NDArray[np.intp] = own[own != NOBODY]
    return result


def _best_exchange(
    offers: Offers, limit: float, caps: Array, own: npt.NDArray[np.intp], give_up: bool
) -> tuple[int, int] | None:
    """Return an offer to give up (or NOBODY) and the offer to make that together gain most; None if nothing gains.

    `own` is the offer of each customer so far, which an offer to the same customer replaces.
    """
    picked = own[own != NOBODY]
    before = own[offers.customer]
    replaces = before != NOBODY
    gain = offers.gain - np.where(replaces, offers.gain[before], 0.0)
    cost = offers.cost - np.where(replaces, offers.cost[before], 0.0) + offers.cost[picked].sum()
    used = np.bincount(offers.channel[picked], minlength=len(caps))[offers.channel] + 1
    used -= replaces & (offers.channel[before] == offers.channel)
    best, result = ROUNDING_TOLERANCE * offers.gain.max(), None
    for dropped in (NOBODY, *(picked.tolist() if give_up else [])):
        fits = (cost <= limit) & (used <= caps[offers.channel])
        total = gain
        if dropped != NOBODY:
            fewer = used - (offers.channel == offers.channel[dropped])
            fits = (cost - offers.cost[dropped] <= limit) & (fewer <= caps[offers.channel])
            fits &= offers.customer != offers.customer[dropped]
            total = gain - offers.gain[dropped]
        place = int(np.argmax(np.where(fits, total, -np.inf)))
        if fits[place] and total[place] > best:
            best, result = float(total[place]), (dropped, place)
    return result
