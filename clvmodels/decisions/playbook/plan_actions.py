"""A plan of actions: which customers get which action of a playbook, within a budget, with a control group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import displays, frames
from clvmodels.decisions.customer_table import CustomerTable, hashed_shares, read_customer_table
from clvmodels.decisions.playbook.choice import Offers, choose_offers
from clvmodels.decisions.playbook.rules import PlaybookRule, read_playbook
from clvmodels.errors import InvalidOption
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array

__all__ = ["ActionPlan", "plan_actions"]

MOST_OFFERS = 500_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ActionPlan(displays.Display):
    """The action chosen for each customer.

    Attributes
    ----------
    columns : mapping of str to array (n,)
        One row per customer: customer_id, segment, group ("act", "control", "suppressed", "no action"), action, channel
        (missing without an action), cost and assumed_gain (0 without).
    summary : DataFrame
        One row per rule of the playbook: segment, action, channel, customers, cost, assumed_gain.
    findings : tuple of Finding
    kind : FrameKind
        The kind of frame to return.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> customers = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b"],
    ...         "segment": ["gold", "gold"],
    ...         "expected_orders": [1.0, 2.0],
    ...         "margin_per_order": 20.0,
    ...     }
    ... )
    >>> rules = {
    ...     "segment": ["gold"],
    ...     "action": ["call"],
    ...     "channel": ["phone"],
    ...     "contact_cost": [3.0],
    ...     "extra_orders": [0.5],
    ... }
    >>> clv.plan_actions(customers, pd.DataFrame(rules), budget=3.0, control=0.0).summary["customers"].tolist()
    [1]
    """

    columns: Mapping[str, Any]
    summary: pd.DataFrame
    findings: Findings
    kind: frames.FrameKind

    def frame(self) -> frames.Frame:
        """Return one row per customer, of the same kind as the customers."""
        return frames.table(self.kind, self.columns)

    def plot(self, **options: Any) -> Any:
        """Draw cost and assumed gain of each rule; see `clvmodels.plots.planned_gain`."""
        return displays.draw("planned_gain", self.summary, **options)


def plan_actions(
    customers: frames.Frame | str | Path,
    playbook: frames.Frame | str | Path,
    *,
    budget: float,
    segment: str = "segment",
    segments: Sequence[str] | None = None,
    caps: Mapping[str, int] | None = None,
    suppressed: frames.Frame | str | Path | None = None,
    control: float = 0.1,
    salt: str = "",
    as_of: str | date | None = None,
) -> ActionPlan:
    """Choose at most one action of a playbook for each customer, within a budget.

    The assumed gain of an action is, in money within the horizon of the expected orders::

        extra * (1 - pulled_forward) * margin_per_order - cost
        extra = extra_orders + extra_share * expected_orders
        cost = contact_cost + discount * (expected_orders + extra)

    where `extra_orders` is an assumption until a test with a control group has shown it, `pulled_forward` is the share
    of the extra orders that would have come later anyway, and everybody who orders takes the discount.

    Parameters
    ----------
    customers : frame or path
        One row per customer: customer_id, the segment, expected_orders (within the horizon, without an action) and
        margin_per_order (money).
    playbook : frame or path
        One row per rule: segment, action, channel, contact_cost (money per contact), extra_orders (per contacted
        customer) and, optionally, discount (money per order), pulled_forward, extra_share (extra orders per expected
        order) and valid_until (the last day on which the effect counts as tested; missing for an assumption).
        `default_playbook` and `ExperimentReading.playbook_rule` make such tables.
    budget : float
        Largest sum of the costs. Money.
    segment : str, default="segment"
        Column of the customers with the segment, such as "list", "stage" or "tier_assigned".
    segments : sequence of str, optional
        All segments that rules may name, of which some may be empty. Default: those of the customers.
    caps : mapping of str to int, optional
        Largest number of contacts by channel.
    suppressed : frame or path, optional
        Customers (customer_id) who must not be contacted, or have not consented.
    control : float, default=0.1
        Share of the customers who are never contacted, picked by a hash of the id.
    salt : str, default=""
        Part of the hash: keep it to keep the same control group, change it to draw another.
    as_of : str or date, optional
        The day of the plan, needed if rules have `valid_until`: after that day, their effects are assumptions again.

    Returns
    -------
    ActionPlan

    Raises
    ------
    InvalidTable
        If a table is invalid, or the playbook names segments or channels that do not exist.
    InvalidOption
        For options out of range.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> customers = pd.DataFrame(
    ...     {"customer_id": range(100), "segment": "gold", "expected_orders": 1.0, "margin_per_order": 20.0}
    ... )
    >>> rules = {
    ...     "segment": ["gold"],
    ...     "action": ["call"],
    ...     "channel": ["phone"],
    ...     "contact_cost": [3.0],
    ...     "extra_orders": [0.5],
    ... }
    >>> plan = clv.plan_actions(customers, pd.DataFrame(rules), budget=90.0)
    >>> plan.summary[["customers", "cost", "assumed_gain"]].values.tolist()
    [[30.0, 90.0, 210.0]]
    """
    table = read_customer_table(customers, "customers")
    of_customers = table.texts(segment)
    rules = read_playbook(playbook, of_customers if segments is None else segments)
    _check_options(budget, control)
    evidence = _evidence(rules, as_of)
    group = np.full(len(table), "no action", dtype=object)
    group[_control(table, control, salt)] = "control"
    if suppressed is not None:
        group[read_customer_table(suppressed, "suppressed").positions_of(table.customer_id) >= 0] = "suppressed"
    orders, margins = (_amounts(table, name) for name in ("expected_orders", "margin_per_order"))
    offers, rule = _offers(rules, of_customers, group == "no action", orders, margins)
    channels = list(dict.fromkeys(each.channel for each in rules))
    chosen = choose_offers(offers, float(budget), _caps(caps, channels))
    return _plan(table, of_customers, group, rules, offers, rule, chosen, evidence)


def _evidence(rules: list[PlaybookRule], as_of: Any) -> Findings:
    """Return findings on which effects of a playbook are tested, and which are assumptions."""
    ends = [rule.valid_until for rule in rules if rule.valid_until is not None]
    if ends and as_of is None:
        raise InvalidOption("playbook= has effects that are valid until a day: pass as_of=, the day of the plan.")
    try:
        today = as_of if isinstance(as_of, date) else date.fromisoformat(str(as_of or date.min)[:10])
    except ValueError as error:
        raise InvalidOption(f"as_of={as_of!r} must be a date, such as '2026-12-31'.") from error
    today = today.date() if isinstance(today, datetime) else today
    tested, expired = sum(end >= today for end in ends), sum(end < today for end in ends)
    if not tested:
        evidence = Finding("plan-assumed", {}, "caution")
    elif tested < len(rules):
        evidence = Finding("plan-partly-tested", {"tested": tested, "rules": len(rules)}, "caution")
    else:
        evidence = Finding("plan-tested", {"rules": len(rules)})
    return (evidence, *([Finding("plan-expired", {"rules": expired}, "caution")] if expired else []))


def _check_options(budget: Any, control: Any) -> None:
    """Raise an InvalidOption unless the budget and the control share are in range."""
    if not isinstance(budget, (int, float)) or not 0 <= budget < np.inf:
        raise InvalidOption(f"budget={budget!r} must be an amount of money, not negative.")
    if not isinstance(control, (int, float)) or not 0 <= control < 1:
        raise InvalidOption(f"control={control!r} must be a share from 0 to below 1.")


def _amounts(table: CustomerTable, name: str) -> Array:
    """Return a column of amounts (n,); raise an InvalidTable if one is missing or negative."""
    values = table.numbers(name)
    table.refuse(np.isnan(values), f"no {name}", " Fill it in, or leave these customers out.")
    if name == "expected_orders":
        table.refuse(values < 0, f"a negative {name}")
    return values


def _control(table: CustomerTable, control: float, salt: str) -> npt.NDArray[np.bool_]:
    """Return a mask of the control group, from a hash of the id alone, (n,)."""
    result: npt.NDArray[np.bool_] = hashed_shares(salt, table.customer_id.to_list()) < control
    return result


def _caps(caps: Mapping[str, int] | None, channels: list[str]) -> Array:
    """Return the cap of each channel, (channels,)."""
    unknown = sorted({*(caps or {})} - {*channels})
    if unknown:
        raise InvalidOption(f"caps= has the channel {unknown[0]!r}; the playbook has {', '.join(map(repr, channels))}.")
    return np.array([float((caps or {}).get(channel, np.inf)) for channel in channels])


def _offers(
    rules: list[PlaybookRule],
    segments: npt.NDArray[np.object_],
    free: npt.NDArray[np.bool_],
    orders: Array,
    margins: Array,
) -> tuple[Offers, npt.NDArray[np.intp]]:
    """Return the offers to customers who may be contacted, and the position of each offer's rule."""
    channels = list(dict.fromkeys(each.channel for each in rules))
    rows, parts = [], []
    for number, rule in enumerate(rules):
        who = np.flatnonzero(free & (segments == rule.segment))
        extra = rule.extra_orders + rule.extra_share * orders[who]
        cost = rule.contact_cost + rule.discount * (orders[who] + extra)
        gain = extra * (1 - rule.pulled_forward) * margins[who] - cost
        rows.append(who)
        parts.append((gain, cost, np.full(len(who), channels.index(rule.channel)), np.full(len(who), number)))
    gain, cost, channel, rule_number = (np.concatenate(column) for column in zip(*parts, strict=True))
    customer = np.concatenate(rows)
    if len(customer) > MOST_OFFERS:
        raise InvalidOption(
            f"The playbook makes {len(customer):,} offers, more than {MOST_OFFERS:,}: plan for a list of "
            "customers, such as that of action_lists."
        )
    return Offers(customer, gain, cost, channel.astype(np.intp)), rule_number.astype(np.intp)


def _plan(
    table: CustomerTable,
    segments: npt.NDArray[np.object_],
    group: npt.NDArray[np.object_],
    rules: list[PlaybookRule],
    offers: Offers,
    rule: npt.NDArray[np.intp],
    chosen: npt.NDArray[np.intp],
    evidence: Findings,
) -> ActionPlan:
    """Return the plan with the chosen offers."""
    who = offers.customer[chosen]
    group[who] = "act"
    action, channel = (np.full(len(table), None, dtype=object) for _ in range(2))
    action[who] = [rules[number].action for number in rule[chosen]]
    channel[who] = [rules[number].channel for number in rule[chosen]]
    cost, gain = np.zeros(len(table)), np.zeros(len(table))
    cost[who], gain[who] = offers.cost[chosen], offers.gain[chosen]
    columns = {"customer_id": table.customer_id, "segment": segments, "group": group, "action": action}
    columns |= {"channel": channel, "cost": cost, "assumed_gain": gain}
    size = np.bincount(rule[chosen], minlength=len(rules))
    summary = pd.DataFrame(
        {
            "segment": [each.segment for each in rules],
            "action": [each.action for each in rules],
            "channel": [each.channel for each in rules],
            "customers": size,
            "cost": np.bincount(rule[chosen], offers.cost[chosen], minlength=len(rules)),
            "assumed_gain": np.bincount(rule[chosen], offers.gain[chosen], minlength=len(rules)),
        }
    )
    figures = {"customers": len(chosen), "cost": float(cost.sum()), "gain": float(gain.sum())}
    control = {"control": int(np.sum(group == "control")), "suppressed": int(np.sum(group == "suppressed"))}
    findings = (
        Finding("plan-made", figures | control),
        *evidence,
        *([] if control["control"] else [Finding("plan-no-control", {}, "caution")]),
    )
    return ActionPlan(columns, summary, findings, table.kind)
