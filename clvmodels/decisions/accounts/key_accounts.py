"""Key accounts: the few that spend most, with the rule they meet, their trend, their risk and what depends on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from itertools import combinations
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import displays, frames
from clvmodels.clock import Clock
from clvmodels.decisions.accounts.account_ids import merge_accounts
from clvmodels.decisions.accounts.findings import account_findings
from clvmodels.decisions.accounts.spend_windows import SpendWindows, spend_windows
from clvmodels.decisions.customer_table import read_customer_table
from clvmodels.errors import InvalidOption, closest, list_names
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.language import Findings
from clvmodels.processes.contract import Array
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.purchase_log import purchases_of
from clvmodels.transactions.snapshots import LogTable
from clvmodels.transactions.summary import rfm_summary
from clvmodels.valuation.lifetime_value import lifetime_value
from clvmodels.valuation.value_terms import refuse_negative_margin

__all__ = ["KeyAccounts", "key_accounts"]

ACCOUNT = "account_id"
MEASURES = ("volume", "frequency", "amount", "share")
DEFAULT_RULE = {"share": 0.01}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class KeyAccounts(displays.Display):
    """The accounts that meet a rule, the largest first.

    Attributes
    ----------
    columns : mapping of str to array (k,)
        One row per key account: account_id; members (customers in the log); why (the parts of the rule it meets);
        orders, volume (money), amount (per order) and share (of all volume) in the window; volume_before and trend
        (relative change) against the window before, missing if the log does not cover it or the account spent nothing;
        largest_member (share of the account's volume that its largest member made); with models probability_alive and
        expected_margin (within the horizon, not discounted); and dependence: the share of the expected margin of all
        accounts, or without models of volume, that is lost if the account leaves.
    summary : DataFrame
        One row for "key accounts" and one for "others": group, accounts, members, orders, volume, share, and with
        models expected_margin. They add up to all accounts.
    findings : tuple of Finding
    kind : FrameKind
        The kind of frame to return.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> result = clv.key_accounts(log, amount="amount", rule={"frequency": 25, "volume": 1350})
    >>> result.frame()["why"].tolist()
    ['volume and frequency', 'volume and frequency', 'frequency', 'frequency']
    """

    columns: Mapping[str, Any]
    summary: pd.DataFrame
    findings: Findings
    kind: frames.FrameKind

    def frame(self) -> frames.Frame:
        """Return one row per key account, of the same kind as the log."""
        return frames.table(self.kind, self.columns)

    def plot(self, **options: Any) -> Any:
        """Draw the share of each key account; see `clvmodels.plots.account_shares`."""
        shown = {name: np.asarray(self.columns[name].to_list()) for name in (ACCOUNT,)} | {
            "share": self.columns["share"]
        }
        return displays.draw("account_shares", pd.DataFrame(shown), **options)


def key_accounts(
    log: LogTable,
    purchases: PurchaseModel | None = None,
    spend: SpendModel | None = None,
    *,
    amount: str,
    accounts: LogTable | None = None,
    chains: bool | None = None,
    rule: Mapping[str, float] | None = None,
    window: str = "12 months",
    horizon: float | str = "12 months",
    margin: float = 1.0,
    customer_id: str = "customer_id",
    date: str = "date",
    observation_end: str | Date | datetime | None = None,
    date_format: str | None = None,
    time_zone: str | None = None,
    on_missing_id: MissingId = "raise",
) -> KeyAccounts:
    """List the accounts that meet a rule, with trend, risk and how much depends on each.

    Parameters
    ----------
    log : frame or path
        One row per transaction. Purchases of an account on one day are one order.
    purchases, spend : fitted models, optional
        Fitted with the same clock to the RFM of accounts: of the log from `merge_accounts` with
        `customer_id="account_id"`. Without them there is no risk, and dependence is past spend.
    amount : str
        Column of the amount.
    accounts, chains
        The account of each customer, as for `merge_accounts`: members are counted and valued once, together. Without
        it, customers are accounts.
    rule : mapping of str to float, optional
        An account that reaches one of these in the window is a key account: "volume" (money), "frequency" (orders),
        "amount" (money per order), "share" (of all volume). Default: {"share": 0.01}.
    window : str, default="12 months"
        The last part of the log, to which the rule applies; the trend compares it with the period of equal length
        before.
    horizon : float or str, default="12 months"
        Horizon of the expected margin.
    margin : float, default=1.0
        Share of spend that counts as margin.
    customer_id, date : str
        Columns of the customer and the date.
    observation_end : date or str, optional
        Last day to include; default: the latest in the log.
    date_format, time_zone, on_missing_id
        As for `rfm_summary`.

    Returns
    -------
    KeyAccounts

    Raises
    ------
    InvalidTransactions, InvalidTable
        If rows break the rules of a log, or accounts are invalid.
    InvalidOption
        For a rule or other options out of range.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> result = clv.key_accounts(log, amount="amount", rule={"share": 0.005}, window="6 months")
    >>> result.summary[["group", "accounts", "orders"]].values.tolist()
    [['key accounts', 43, 265], ['others', 2314, 899]]
    """
    limits = _check_rule(rule)
    refuse_negative_margin(margin)
    if (purchases is None) != (spend is None):
        raise InvalidOption("Pass both purchases= and spend=, or neither.")
    clock = Clock("day", "day", time_zone)
    length = max(round(clock.duration(window, "window")), 1)
    options: dict[str, Any] = {"date_format": date_format, "on_missing_id": on_missing_id}
    members = purchases_of(log, clock, customer_id, date, amount, **options)
    end = members.last_tick if observation_end is None else clock.closing_tick(observation_end, "observation_end")
    by_member = spend_windows(members, end, length)
    merged, column, absent, by_account = log, customer_id, 0, by_member
    if accounts is not None:
        merged, column = merge_accounts(log, accounts, customer_id=customer_id, chains=chains), ACCOUNT
        table = read_customer_table(accounts, "accounts")
        absent = len(table) - int(np.sum(table.positions_of(members.customer_id) >= 0))
        whole = purchases_of(merged, clock, column, date, amount, **options)
        by_account = spend_windows(whole, end, length)
    account_of_member = _account_of_member(by_member, by_account, merged, customer_id, column)
    expected = None
    if purchases is not None and spend is not None:
        expected = _expected(purchases, spend, merged, column, date, amount, horizon, margin, end, clock, options)
    every = _every_account(by_account, by_member, account_of_member, limits, expected)
    key = np.flatnonzero(every["why"] != "")
    key = key[np.argsort(-every["volume"][key], kind="stable")]
    columns = {ACCOUNT: by_account.ids[key]} | {name: values[key] for name, values in every.items()}
    summary = _summary(every, key)
    findings = account_findings(columns, every, summary, window, by_account.covered, accounts is not None, absent)
    return KeyAccounts(columns, summary, findings, members.kind)


def _check_rule(rule: Any) -> dict[str, float]:
    """Return the rule, or the default; raise an InvalidOption that lists everything wrong with it."""
    rule = DEFAULT_RULE if rule is None else rule
    if not isinstance(rule, Mapping) or not rule:
        raise InvalidOption(f"rule={rule!r} must name limits, such as {DEFAULT_RULE}.")
    faults = [
        f"{name!r} is not one of {list_names(MEASURES)}{closest(name, MEASURES)}".rstrip(".")
        for name in rule
        if name not in MEASURES
    ]
    for name, limit in rule.items():
        if isinstance(limit, bool) or not isinstance(limit, Real) or not 0 < float(limit) < np.inf:
            faults.append(f"{name}={limit!r} must be a number above 0")
        elif name == "share" and float(limit) > 1:
            faults.append(f"share={limit!r} must be at most 1")
    if faults:
        raise InvalidOption(f"rule={dict(rule)!r} is invalid: " + "; ".join(faults) + ".")
    return {name: float(rule[name]) for name in MEASURES if name in rule}


def _account_of_member(
    members: SpendWindows, accounts: SpendWindows, merged: Any, customer_id: str, column: str
) -> npt.NDArray[np.intp]:
    """Return the position of each member's account, (members,)."""
    if column == customer_id:
        return np.arange(len(members.ids))
    opened = frames.open_frame(merged, {"customer_id": customer_id, ACCOUNT: column})
    pairs = frames.collect(opened.lazy.unique(["customer_id"], keep="any"))
    of_member = dict(zip(pairs["customer_id"].to_list(), pairs[ACCOUNT].to_list(), strict=True))
    places = {each: place for place, each in enumerate(accounts.ids.to_list())}
    return np.array([places[of_member[each]] for each in members.ids.to_list()], dtype=np.intp)


def _expected(
    purchases: PurchaseModel,
    spend: SpendModel,
    log: LogTable,
    column: str,
    date: str,
    amount: str,
    horizon: float | str,
    margin: float,
    end: int,
    clock: Clock,
    options: Mapping[str, Any],
) -> dict[str, Array]:
    """Return P(alive) and the expected margin of each account, in the order of ids, (n,)."""
    rfm = rfm_summary(
        log,
        customer_id=column,
        date=date,
        amount=amount,
        time_unit=purchases.clock_.time_unit,
        merge_within=purchases.clock_.merge_within,
        time_zone=clock.time_zone,
        observation_end=clock.describe_tick(end),
        **options,
    )
    value: Any = lifetime_value(purchases, spend, rfm, horizon=horizon, annual_discount_rate=0.0, margin=margin)
    return {
        "probability_alive": np.asarray(purchases.alive(rfm), dtype=float),
        "expected_margin": frames.column(value, "lifetime_value"),
    }


def _every_account(
    accounts: SpendWindows,
    members: SpendWindows,
    account_of_member: npt.NDArray[np.intp],
    limits: Mapping[str, float],
    expected: Mapping[str, Array] | None,
) -> dict[str, Any]:
    """Return the columns of all accounts, (n,), with an empty `why` for those that do not meet the rule."""
    count, total = len(accounts.ids), float(np.sum(np.sort(accounts.spend)))
    nothing = np.full(count, np.nan)
    share = accounts.spend / total if total > 0 else nothing
    of_order = np.divide(accounts.spend, accounts.orders, out=nothing.copy(), where=accounts.orders > 0)
    reached = {"volume": accounts.spend, "frequency": accounts.orders, "amount": of_order, "share": share}
    met = {name: reached[name] >= limit for name, limit in limits.items()}
    texts = [" and ".join(some) for size in range(len(met) + 1) for some in combinations(met, size)]
    why = np.full(count, "", dtype=object)
    for some in texts[1:]:
        why[np.all([values == (name in some.split(" and ")) for name, values in met.items()], axis=0)] = some
    before = accounts.spend_before if accounts.covered else nothing
    largest = np.full(count, -np.inf)
    np.maximum.at(largest, account_of_member, members.spend)
    columns: dict[str, Any] = {
        "members": np.bincount(account_of_member, minlength=count),
        "why": why,
        "orders": accounts.orders,
        "volume": accounts.spend,
        "amount": of_order,
        "share": share,
        "volume_before": before,
        "trend": np.divide(accounts.spend, before, out=nothing.copy(), where=before > 0) - 1,
        "largest_member": np.divide(largest, accounts.spend, out=nothing.copy(), where=accounts.spend > 0),
    }
    if expected is None:
        return columns | {"dependence": share}
    margin = expected["expected_margin"]
    whole = float(np.sum(np.sort(margin)))
    return columns | {**expected, "dependence": margin / whole if whole > 0 else nothing}


def _summary(every: Mapping[str, Any], key: npt.NDArray[np.intp]) -> pd.DataFrame:
    """Return one row for key accounts, and one for the others."""
    inside = np.zeros(len(every["volume"]), dtype=bool)
    inside[key] = True
    sums = [name for name in ("members", "orders", "volume", "share", "expected_margin") if name in every]
    rows = [
        {"group": group, "accounts": int(mask.sum())} | {name: np.sum(np.sort(every[name][mask])) for name in sums}
        for group, mask in (("key accounts", inside), ("others", ~inside))
    ]
    return pd.DataFrame(rows)
