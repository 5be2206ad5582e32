"""What to do with a forecast: who holds the value, what to allow for, next steps; and a short comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from clvmodels.frames import Frame
from clvmodels.language import message
from clvmodels.language.numbers import column, count, fixed, percent, signed_percent, significant
from clvmodels.reporting.page import PageBlock, Pictures, Table
from clvmodels.reporting.sections.calibration import tracking_picture
from clvmodels.reporting.selection import LEARNERS, Selection
from clvmodels.reporting.value_summary import sorted_values
from clvmodels.reporting.verdict import judge_use

__all__ = ["ValueGroup", "WhatToDo", "trust_blocks", "what_to_do"]

SHARES = (0.05, 0.2, 0.5, 1.0)  # of the customers, the most valuable first: where one group ends and the next begins
SIMPLE_RULES = ("own_rate", "zero")  # continuing at the own past rate, and nobody buys again


class ValueGroup(NamedTuple):
    """Customers between two ranks by value: name, number, total and share of it as text; the share as a width."""

    name: str
    customers: str
    value: str
    share: str
    width: float


@dataclass(frozen=True, slots=True)
class WhatToDo:
    """The part of the page on actions.

    Attributes
    ----------
    groups : tuple of ValueGroup
        Who holds the value; empty without values.
    budget : tuple of str
        Which forecast to use for what, and what to allow for.
    steps : tuple of str
        What to do next.
    currency : str
    """

    groups: tuple[ValueGroup, ...]
    budget: tuple[str, ...]
    steps: tuple[str, ...]
    currency: str


def what_to_do(view: Selection, value: Frame | None, currency: str) -> WhatToDo:
    """Return what a reader of the report can do with it.

    Parameters
    ----------
    view : Selection
    value : pandas or polars frame, optional
        From `lifetime_value`.
    currency : str
        Of the values; empty if it is not known.
    """
    budget = tuple(finding.text for finding in judge_use(view).findings)
    steps = tuple(message(f"next-step-{name}", {"horizon": view.horizon}) for name in ("deploy", "test", "repeat"))
    return WhatToDo(() if value is None else _value_groups(value), budget, steps, currency)


def _value_groups(value: Frame) -> tuple[ValueGroup, ...]:
    """Return who holds the value: groups of customers by rank, as shares of all."""
    values = sorted_values(value)
    total = float(values.sum())
    if not total > 0:
        return ()
    groups: list[ValueGroup] = []
    first, begin = 0, 0.0
    for end in SHARES:
        last = round(end * len(values))
        held = float(values[first:last].sum())
        name = message("value-group", {"first": begin == 0, "last": end == 1, "share": end - begin})
        groups.append(
            ValueGroup(
                name, count(last - first), fixed(held, 0), percent(held / total, 0), round(100 * held / total, 1)
            )
        )
        first, begin = last, end
    return tuple(groups)


def trust_blocks(view: Selection) -> list[PageBlock]:
    """Return the evidence that is shown unfolded: one picture over time, and a short table of forecasters."""
    picture = tracking_picture(view)
    blocks: list[PageBlock] = [] if picture is None else [Pictures([picture])]
    return [*blocks, _short_table(view)]


def _short_table(view: Selection) -> Table:
    """Compare the model of the report with the best learned forecaster and two simple rules."""
    quantity = "money" if "money" in view.quantities else "purchases"
    scores = view.result.summary
    scores = scores[(scores["horizon"] == view.horizon) & (scores["quantity"] == quantity)]
    ids = [view.forecaster(quantity), *_best_learner(view, quantity), *SIMPLE_RULES]
    rows = view.of(scores, [name for name in dict.fromkeys(ids) if name in set(scores["forecaster"])])
    columns = [
        [signed_percent(value, 0) for value in rows["bias"]],
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
    """Return the id of the best forecaster that can be deployed, and otherwise that of the best-ranking learner."""
    ids = view.forecasters(quantity, *LEARNERS)
    return [name for name in ids if view.kinds[name] == "best"] or ids[:1]
