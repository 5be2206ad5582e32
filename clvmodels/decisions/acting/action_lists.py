"""Lists of customers to act on: at risk, win back, second purchase; with the money at stake and the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import displays, frames
from clvmodels.decisions.acting.nobody_leaves import nobody_leaves
from clvmodels.decisions.customer_table import first_ids
from clvmodels.decisions.quotients import quotient
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.lifetime_value import lifetime_value
from clvmodels.valuation.value_terms import refuse_negative_margin

__all__ = [
    "ACTIVE",
    "ActionLists",
    "action_lists",
    "best_rows",
    "check_list",
    "check_size",
    "factors_at_stake",
    "list_findings",
    "list_summary",
    "main_reasons",
    "purchase_lists",
    "refuse_other_customers",
]

LISTS = ("at risk", "win back", "second purchase")
ACTIVE = 0.5  # P(alive) from which a repeat buyer is at risk rather than to be won back
BUYS_LATER = "second purchase"  # the list that is right if the customer buys; the others, if not


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ActionLists(displays.Display):
    """Customers to act on, each in at most one list.

    Attributes
    ----------
    columns : mapping of str to array (k,)
        The customers that are listed, by list and falling money at stake: customer_id, list ("at risk", "win back",
        "second purchase"), money_at_stake (margin within the horizon), reason_1, reason_2, probability_alive.
    summary : DataFrame
        One row per list: list, candidates, customers (listed), money_at_stake, share_of_candidates_money: how much of
        the money at stake of all candidates the listed ones have.
    findings : tuple of Finding
    kind : FrameKind
        The kind of frame to return.
    candidates : int array (n,)
        The position in `summary` of each customer's list, listed or not, in the order of the RFM.
    customers : int array (k,)
        The row in the RFM of each listed customer.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> lists = clv.action_lists(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, horizon="6 months", margin=0.35)
    >>> lists.summary["list"].tolist()
    ['at risk', 'win back', 'second purchase']
    """

    columns: Mapping[str, Any]
    summary: pd.DataFrame
    findings: Findings
    kind: frames.FrameKind
    candidates: npt.NDArray[np.intp]
    customers: npt.NDArray[np.intp]

    def frame(self) -> frames.Frame:
        """Return the listed customers, of the same kind as the log."""
        return frames.table(self.kind, self.columns)

    def plot(self, **options: Any) -> Any:
        """Draw the money at stake of each list; see `clvmodels.plots.money_at_stake`."""
        return displays.draw("money_at_stake", self.summary, **options)

    def check(self, holdout: Holdout) -> pd.DataFrame:
        """Return how often the lists were right, if they were made at the cutoff of a holdout.

        "At risk" and "win back" are right if the customer bought nothing in the holdout period; "second purchase" is
        right if the customer bought.

        Parameters
        ----------
        holdout : Holdout
            Of the log; the lists must have been made from its calibration RFM.

        Returns
        -------
        DataFrame
            One row per list: list, customers, right (their share), right_of_candidates (the same of all candidates).

        Raises
        ------
        InvalidOption
            If the holdout has other customers.
        """
        refuse_other_customers(holdout, self.customers, self.columns["customer_id"], len(self.candidates))
        bought = holdout.purchases > 0
        listed = np.zeros(len(bought), dtype=bool)
        listed[self.customers] = True
        rows = []
        for number, name in enumerate(LISTS):
            right = bought if name == BUYS_LATER else ~bought
            candidate = self.candidates == number
            chosen = candidate & listed
            shares = (float(np.mean(right[each])) if each.any() else float("nan") for each in (chosen, candidate))
            rows.append((name, int(chosen.sum()), *shares))
        return pd.DataFrame(rows, columns=["list", "customers", "right", "right_of_candidates"])


def action_lists(
    purchases: PurchaseModel,
    spend: SpendModel,
    rfm: RFM,
    *,
    horizon: float | str,
    margin: float,
    size: int = 100,
) -> ActionLists:
    """List the customers to act on, with the money at stake and the two largest reasons.

    Repeat buyers with P(alive) of at least one half are candidates for "at risk", the others for "win back"; customers
    who bought once are candidates for "second purchase". The money at stake within the horizon is, not discounted::

        at risk          P(alive) * (margin expected of an active customer who cannot leave - one who can)
        win back         (1 - P(alive)) * margin expected of an active customer
        second purchase  P(alive) * margin expected of an active customer

    It is what there is to lose or to gain, not what an action would bring: that takes a test with a control group.

    Parameters
    ----------
    purchases, spend : fitted models
        Both fitted with the same clock. In the process of the purchases customers must be able to leave.
    rfm : RFM
    horizon : float or str
        A number in the clock's unit, or a length with its unit such as "6 months".
    margin : float
        Share of spend that counts.
    size : int, default=100
        Largest number of customers in a list; those with the same money at stake as the last one are left out too, if
        there is no room for all of them.

    Returns
    -------
    ActionLists

    Raises
    ------
    InvalidOption
        For a process without dropout, or values out of range.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> lists = clv.action_lists(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, horizon="6 months", margin=0.35)
    >>> len(lists.frame()) <= 300
    True
    """
    check_list(purchases, spend, rfm, horizon=horizon, margin=margin, size=size)
    length = rfm.clock.duration(horizon)
    return _lists(factors_at_stake(purchases, spend, rfm, length, margin), rfm, size, "money_at_stake")


def purchase_lists(purchases: PurchaseModel, rfm: RFM, *, horizon: float | str, size: int = 100) -> ActionLists:
    """List the customers to act on as `action_lists` does, with the purchases at stake instead of money.

    Parameters
    ----------
    purchases : fitted model
        In its process customers must be able to leave.
    rfm : RFM
        Without money.
    horizon, size
        As for `action_lists`.

    Returns
    -------
    ActionLists
        Its column of what is at stake is purchases_at_stake; its summary calls it money_at_stake all the same.
    """
    factors = _purchase_factors(purchases, rfm, rfm.clock.duration(horizon))
    return _lists(factors, rfm, size, "purchases_at_stake")


def _lists(factors: Mapping[str, Array], rfm: RFM, size: int, at_stake: str) -> ActionLists:
    """Return the customers of each list with the most at stake: the product of the factors of their list."""
    candidates = np.where(rfm.frequency == 0, 2, np.where(factors["active"] >= ACTIVE, 0, 1))
    money = np.full(len(rfm), np.nan)
    reasons = np.full((2, len(rfm)), None, dtype=object)
    for number, names in enumerate(_factors_of_lists()):
        rows = np.flatnonzero(candidates == number)
        of_list = {name: factors[name][rows] for name in names if name in factors}
        money[rows] = np.prod([*of_list.values()], axis=0)
        reasons[:, rows] = main_reasons(of_list)
    chosen = np.concatenate(
        [best_rows(np.flatnonzero(candidates == number), money, size) for number in range(len(LISTS))]
    )
    columns = {
        "customer_id": rfm.customer_id[chosen],
        "list": np.array(LISTS, dtype=object)[candidates[chosen]],
        at_stake: money[chosen],
        "reason_1": reasons[0, chosen],
        "reason_2": reasons[1, chosen],
        "probability_alive": factors["active"][chosen],
    }
    summary = _summary(candidates, chosen, money)
    findings = (*list_findings(summary), *nobody_leaves(factors["active"]))
    return ActionLists(columns, summary, findings, rfm.kind, candidates, chosen)


def check_list(
    purchases: PurchaseModel, spend: SpendModel, rfm: RFM, *, horizon: float | str, margin: float, size: int
) -> None:
    """Raise an InvalidOption unless a list of customers with money at stake can be made of these arguments."""
    if "dropout" not in purchases.process.moves:
        raise InvalidOption(f"In {purchases.process.title} nobody leaves: fit MBGNBD() or ParetoNBD().")
    check_size(size)
    # The value is not used: computing it checks the horizon, the margin and that the two models fit together.
    lifetime_value(purchases, spend, rfm[:1], horizon=horizon, annual_discount_rate=0.0, margin=margin)
    refuse_negative_margin(margin)


def refuse_other_customers(
    holdout: Holdout, rows: npt.NDArray[np.intp], ids: nw.Series[Any], count: int | None = None
) -> None:
    """Raise an InvalidOption unless lists were made from the calibration RFM of a holdout.

    Parameters
    ----------
    rows, ids : arrays (k,)
        Rows of the listed customers in the RFM that the lists were made from, and their ids.
    count : int, optional
        Customers of that RFM.
    """
    present = holdout.calibration.customer_id
    if count is not None and len(present) != count:
        raise InvalidOption(
            f"These lists are of {count:,} customers, and the holdout has {len(present):,}: make the lists from "
            "holdout.calibration."
        )
    if not (rows < len(present)).all() or present[rows].to_list() != ids.to_list():
        raise InvalidOption(
            f"The listed customers (first: {first_ids(ids)}) are not in the same rows of holdout.calibration: make the "
            "lists from holdout.calibration."
        )


def check_size(size: Any) -> None:
    """Raise an InvalidOption unless it is a number of customers."""
    if not isinstance(size, int) or size < 1:
        raise InvalidOption(f"size={size!r} must be a whole number of customers, at least 1.")


def _factors_of_lists() -> tuple[tuple[str, ...], ...]:
    """Return the names of the factors whose product is the money at stake, by list."""
    return (
        ("active", "likely to leave", "buys often", "high order value"),
        ("probably gone", "buys while active", "high order value"),
        ("active", "bought recently", "high order value"),
    )


def factors_at_stake(
    purchases: PurchaseModel, spend: SpendModel, rfm: RFM, length: float, margin: float
) -> dict[str, Array]:
    """Return the factors of the money at stake by name, each (n,)."""
    factors = _purchase_factors(purchases, rfm, length)
    return factors | {"high order value": margin * spend.spend_prediction(rfm).point}


def _purchase_factors(purchases: PurchaseModel, rfm: RFM, length: float) -> dict[str, Array]:
    """Return the factors of the purchases at stake by name, each (n,)."""
    purchases = purchases.ahead_of(rfm)
    process = purchases.future
    alive = purchases.alive(rfm)
    # An active customer who could not leave would buy the current rate times the horizon.
    steady = length * purchases.if_active(rfm, lambda p, *state: process.intensity_if_active(p, 0.0, *state))
    active = purchases.if_active(rfm, partial(purchases.purchases_if_active, length))
    return {
        "active": alive,
        "probably gone": 1 - alive,
        "buys often": steady,
        "buys while active": active,
        "bought recently": active,  # what tells customers apart who bought once: the shorter ago, the more is expected
        "likely to leave": np.clip(1 - np.divide(active, steady, out=np.ones_like(active), where=steady > 0), 0.0, 1.0),
    }


def main_reasons(factors: Mapping[str, Array]) -> npt.NDArray[np.object_]:
    """Return the names of the two factors by which each customer is furthest above the median candidate, (2, k)."""
    names = np.array([name.replace("buys while active", "buys often") for name in factors], dtype=object)
    logs = np.log(np.maximum(np.array([*factors.values()]), np.finfo(float).tiny))
    if not logs.shape[1]:
        return np.empty((2, 0), dtype=object)
    above = logs - np.nanmedian(logs, axis=1, keepdims=True)
    result: npt.NDArray[np.object_] = names[np.argsort(-above, axis=0, kind="stable")[:2]]
    return result


def best_rows(rows: npt.NDArray[np.intp], money: Array, size: int) -> npt.NDArray[np.intp]:
    """Return at most `size` of the rows with the most money at stake; ties at the end are all left out."""
    rows = rows[money[rows] > 0]
    rows = rows[np.argsort(-money[rows], kind="stable")]
    if len(rows) <= size:
        return rows
    best: npt.NDArray[np.intp] = rows[:size][money[rows[:size]] > money[rows[size]]]
    return best


def _summary(candidates: npt.NDArray[np.intp], chosen: npt.NDArray[np.intp], money: Array) -> pd.DataFrame:
    """Return one row per list, with the listed customers' share of the money at stake of all candidates."""
    every = [money[candidates == number] for number in range(len(LISTS))]
    listed = [money[chosen[candidates[chosen] == number]] for number in range(len(LISTS))]
    summary = list_summary([(name, len(every[i]), listed[i]) for i, name in enumerate(LISTS)])
    totals = np.array([float(np.nansum(np.sort(amounts))) for amounts in every])
    share = quotient(summary["money_at_stake"], totals)
    return summary.assign(share_of_candidates_money=share)


def list_summary(lists: Sequence[tuple[str, int, Array]]) -> pd.DataFrame:
    """Return one row per list, given its name, its number of candidates and the money at stake of those listed."""
    rows = [(name, candidates, len(money), float(np.sum(np.sort(money)))) for name, candidates, money in lists]
    return pd.DataFrame(rows, columns=["list", "candidates", "customers", "money_at_stake"])


def list_findings(summary: pd.DataFrame) -> Findings:
    """Return one finding per list, and a caution that the money at stake is not what an action would bring."""
    findings = [
        Finding("actions-list", {"name": row["list"], "customers": row["customers"], "money": row["money_at_stake"]})
        for row in summary.to_dict("records")
    ]
    return (*findings, Finding("actions-not-tested", {}, "caution"))
