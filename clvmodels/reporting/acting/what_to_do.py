"""What to do with a forecast: tiers, lists, allowances and next steps; and a short comparison of forecasters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from clvmodels.frames import Frame
from clvmodels.language import Finding, message
from clvmodels.language.numbers import column, fixed, percent, signed_percent, significant
from clvmodels.reporting.acting.amounts import AmountFormat, parts_of_total, whole_percents
from clvmodels.reporting.acting.budget_forecast import BudgetForecast
from clvmodels.reporting.acting.customer_decisions import LISTS, CustomerDecisions, NewCustomer
from clvmodels.reporting.acting.customer_files import file_link
from clvmodels.reporting.acting.outlook import PurchaseOutlook
from clvmodels.reporting.acting.which_forecast import budget_finding, which_forecast
from clvmodels.reporting.page import PageBlock, Pictures, Table
from clvmodels.reporting.sections.calibration import tracking_picture
from clvmodels.reporting.selection import LEARNERS, Selection
from clvmodels.reporting.value_summary import ValueBasis
from clvmodels.reporting.verdict import Answer, judge_use

__all__ = ["CustomerList", "TierRow", "WhatToDo", "newcomer_figures", "trust_blocks", "what_to_do"]

LEAST_AT_STAKE = 0.5  # smallest amount of a list that does not round to 0
SIMPLE_RULES = ("own_rate", "zero")  # customers continue at their past rate, and no customer buys again


class TierRow(NamedTuple):
    """A tier as text: name, customers, value, its share and interval; and the share as the width of a bar."""

    name: str
    customers: str
    value: str
    share: str
    interval: str
    width: float


class CustomerList(NamedTuple):
    """A list of customers to act on: its label, the money at stake, and the address of its file (empty without one)."""

    label: str
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class WhatToDo:
    """The part of the page on actions.

    Attributes
    ----------
    tiers : tuple of TierRow
        The value by tier; empty without values.
    tiers_link : str
        Address of the file of tiers; empty without one.
    lists : tuple of CustomerList
        Customers to act on.
    newcomer : str
        The most that a new customer may cost; empty if not known.
    budget : tuple of str
        The forecasts to use for totals and rankings, and the errors to allow for.
    steps : tuple of str
        Next steps.
    currency : str
    kind : {"value", "revenue", "purchases"}
        What tiers add up: revenue if no margin is known, purchases if there is no money.
    now : tuple of (str, str)
        The first three things to do, for the first screen: headings with one sentence each.
    """

    tiers: tuple[TierRow, ...]
    tiers_link: str
    lists: tuple[CustomerList, ...]
    newcomer: str
    budget: tuple[str, ...]
    steps: tuple[str, ...]
    currency: str
    kind: str
    now: tuple[tuple[str, str], ...]


def what_to_do(
    view: Selection,
    decisions: CustomerDecisions | None,
    basis: ValueBasis | None,
    money: AmountFormat,
    season: Finding | None = None,
    outlook: PurchaseOutlook | None = None,
    budget: BudgetForecast | None = None,
) -> WhatToDo:
    """Return what a reader of the report can do with it.

    Parameters
    ----------
    view : Selection
    decisions : CustomerDecisions, optional
    basis : ValueBasis, optional
        The terms of the values.
    money : AmountFormat
        How amounts are written.
    season : Finding, optional
        Where the next months are in the season.
    outlook : PurchaseOutlook, optional
        Outlook of a log without money.
    budget : BudgetForecast, optional
        By another forecaster than the model of the report.
    """
    use = judge_use(view)
    has_range = outlook is not None or (basis is not None and basis.has_interval)
    steps = {"horizon": view.horizon, **_deployed(view, use)}
    # A test needs a list of customers.
    names = ("deploy", "repeat") if decisions is None else ("deploy", "test", "repeat")
    kind = _kind(decisions, basis)
    has_files = decisions is not None and decisions.has_tables
    return WhatToDo(
        tiers=() if decisions is None else _tier_rows(decisions),
        tiers_link=file_link("tiers") if has_files else "",
        lists=() if decisions is None else _lists(decisions, money),
        newcomer="" if decisions is None else _newcomer(decisions, basis, money),
        budget=_budget(view, use, season, budget),
        steps=tuple(message(f"next-step-{name}", steps) for name in names),
        currency="" if kind == "purchases" else money.currency,
        kind=kind,
        now=_first_steps(view, decisions, money, has_range, kind, budget),
    )


def _budget(view: Selection, use: Answer, season: Finding | None, budget: BudgetForecast | None) -> tuple[str, ...]:
    """Return which forecast to use for what, what to allow for, and the season."""
    more = [] if budget is None else [budget_finding(view, budget)]
    return tuple(finding.text for finding in (*use.findings, *more, *([] if season is None else [season])))


def _tier_rows(decisions: CustomerDecisions) -> tuple[TierRow, ...]:
    """Return the rows of the tiers, the best first."""
    rows: list[TierRow] = []
    summary = decisions.tiers.summary
    shares = [whole_percents(list(summary[name])) for name in ("share_of_customers", "share_of_value")]
    values = parts_of_total(list(summary["value"]))
    written = AmountFormat("")  # the currency is in the heading
    for row, value, of_customers, of_value in zip(summary.to_dict("records"), values, *shares, strict=True):
        ends = decisions.intervals.get(row["tier"])
        rows.append(
            TierRow(
                row["tier"],
                message("tier-size", {"customers": int(row["customers"]), "share": of_customers}),
                fixed(value, 0) if value >= 1 else written.round(value),
                percent(of_value, 0),
                "" if ends is None else _range(*map(written.round, ends)),
                round(100 * row["share_of_value"], 1),
            )
        )
    return tuple(rows)


def _range(lower: str, upper: str) -> str:
    return message("cell-range", {"lower": lower, "upper": upper})


def _lists(decisions: CustomerDecisions, money: AmountFormat) -> tuple[CustomerList, ...]:
    """Return key accounts and the lists to act on."""
    files = decisions.tables()
    lists = []
    if decisions.accounts is not None:
        count, total = len(decisions.accounts.columns["volume"]), float(decisions.tiers.summary["value"].sum())
        figures = {
            "customers": count,
            "money": money.round(decisions.account_value),
            "share": decisions.account_value / total,
        }
        lists.append(_list("key-accounts", figures, files))
    if decisions.lists is not None:
        for row in decisions.lists.summary.to_dict("records"):
            customers = int(row["customers"]) if row["money_at_stake"] >= LEAST_AT_STAKE else 0
            candidates = int(row["candidates"])
            at_stake = _at_stake(decisions, float(row["money_at_stake"]), money)
            figures = {"customers": customers, "candidates": candidates, "every": customers == candidates}
            lists.append(_list(LISTS[row["list"]], figures | {"money": at_stake}, files))
    return tuple(lists)


def _at_stake(decisions: CustomerDecisions, amount: float, money: AmountFormat) -> str:
    """Return what is at stake as text: an amount, or purchases."""
    if decisions.quantity == "money":
        return money.round(amount)
    return message("purchases-at-stake", {"number": AmountFormat("").round(amount), "one": round(amount, 2) == 1})


def _kind(decisions: CustomerDecisions | None, basis: ValueBasis | None) -> str:
    """Return what the headline and the tiers are in."""
    if basis is None and (decisions is None or decisions.quantity == "purchases"):
        return "purchases"
    return "revenue" if basis is not None and basis.terms.margin == 1 else "value"


def _list(name: str, figures: dict[str, Any], files: dict[str, Frame]) -> CustomerList:
    label = message("list-label", {"list": name, "customers": figures["customers"]})
    return CustomerList(label, message(f"list-{name}", figures), file_link(name) if name in files else "")


def _newcomer(decisions: CustomerDecisions, basis: ValueBasis | None, money: AmountFormat) -> str:
    """Return a text on the most that a new customer may cost."""
    newcomer = decisions.newcomer
    return "" if newcomer is None else message("new-customer-cost", newcomer_figures(newcomer, basis, money))


def newcomer_figures(newcomer: NewCustomer, basis: ValueBasis | None, money: AmountFormat) -> dict[str, Any]:
    """Return the figures of the messages on what a new customer may cost."""
    return {
        "revenue": basis is not None and basis.terms.margin == 1,
        "value": money.round(newcomer.value),
        "lower": money.round(newcomer.lower),
        "upper": money.round(newcomer.upper),
        "customers": newcomer.customers,
        "horizon": newcomer.horizon,
    }


def _first_steps(
    view: Selection,
    decisions: CustomerDecisions | None,
    money: AmountFormat,
    has_range: bool,
    kind: str,
    budget: BudgetForecast | None,
) -> tuple[tuple[str, str], ...]:
    """Return which forecast to use, whom to look after and what to do next, each in one or two sentences."""
    now = [(message("now-forecast"), which_forecast(view, money, budget))]
    at_risk = None if decisions is None or decisions.lists is None else decisions.lists.summary.iloc[0]
    has_list = at_risk is not None and at_risk["money_at_stake"] >= LEAST_AT_STAKE
    if decisions is not None:
        best = decisions.tiers.summary.iloc[0]
        share = whole_percents(list(decisions.tiers.summary["share_of_value"]))[0]
        figures = {"customers": int(best["customers"]), "share": share, "has_list": has_list}
        figures["kind"] = kind
        if at_risk is not None:
            at_stake = _at_stake(decisions, float(at_risk["money_at_stake"]), money)
            figures |= {"at_risk": int(at_risk["customers"]), "money": at_stake}
        now.append((message("now-whom"), message("now-whom-text", figures)))
    figures = {"has_list": has_list, "has_range": has_range, "horizon": view.horizon, "by_budget": budget is not None}
    figures["kind"] = kind
    now.append((message("now-next"), message("now-next-text", figures)))
    return tuple(now)


def _deployed(view: Selection, use: Answer) -> dict[str, str]:
    """Return the forecaster to fit with `clv fit`: "best", or the name of a process."""
    findings = [finding.figures for finding in use.findings if finding.code == "verdict-recommend"]
    recommended = [str(figures["forecaster"]) for figures in findings]
    if any(view.kinds.get(name) in LEARNERS for name in recommended):
        return {"forecaster": "best", "model": ""}
    processes = [name for name in recommended if view.kinds.get(name) == "process"]
    return {"forecaster": "process", "model": processes[0] if processes else view.reference}


def trust_blocks(view: Selection) -> list[PageBlock]:
    """Return the blocks of evidence that are always visible: a plot over time, and a short table of forecasters."""
    picture = tracking_picture(view)
    blocks: list[PageBlock] = [] if picture is None else [Pictures([picture])]
    return [*blocks, _short_table(view)]


def _short_table(view: Selection) -> Table:
    """Return a table that compares the model of the report with the best learner and two simple rules."""
    quantity = "money" if "money" in view.quantities else "purchases"
    scores = view.result.summary
    scores = scores[(scores["horizon"] == view.horizon) & (scores["quantity"] == quantity)]
    recommended = [
        str(finding.figures["forecaster"])
        for finding in judge_use(view).findings
        if finding.code == "verdict-recommend" and finding.figures["quantity"] in (quantity, "all")
    ]
    recommended = [name for name in scores["forecaster"] if view.purchase_forecaster(name) in recommended]
    ids = [view.forecaster(quantity), *recommended, *_best_learner(view, quantity), *SIMPLE_RULES]
    rows = view.of(scores, [name for name in dict.fromkeys(ids) if name in set(scores["forecaster"])])
    columns = [
        [signed_percent(round(value, 2) + 0.0, 0) for value in rows["bias"]],  # never -0%
        [percent(value, 0) for value in rows["absolute_bias"]],
        column(rows["rmse"], 3),
        [significant(value, 2) for value in rows["gini"]],
    ]
    titles = [view.titles[name] for name in rows["forecaster"]]
    headings = ["forecaster", "bias", "size", "rmse", "gini"]
    return Table(
        caption=message("short-table", {"quantity": quantity, "cutoffs": len(view.cutoffs)}),
        headings=[message(f"short-table-{name}") for name in headings],
        rows=[[title, *cells] for title, *cells in zip(titles, *columns, strict=True)],
    )


def _best_learner(view: Selection, quantity: str) -> list[str]:
    """Return the id of the best forecaster or, if there is none, of the learner that ranks best."""
    ids = view.forecasters(quantity, *LEARNERS)
    return [name for name in ids if view.kinds[name] == "best"] or ids[:1]
