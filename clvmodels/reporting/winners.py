"""Which other forecasters are visibly better than the model a report is about, in what, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clvmodels.language.numbers import listed, percent, significant
from clvmodels.reporting.selection import Row, Selection, highest

__all__ = ["COMPARED", "Better", "beaten", "best", "by_name", "measures"]

HAIR = 0.01  # of Gini, of the total, or of the RMSE relatively: what is smaller is not worth a sentence
COMPARED = {"gini": "ranking", "rmse": "error per customer", "bias": "total"}


@dataclass(frozen=True, slots=True)
class Better:
    """A forecaster that is visibly better: in what, of which quantity, by how much in words and as a number.

    `name` is its title, without the spend model.
    """

    name: str
    words: str
    quantity: str
    values: str
    apart: float


def beaten(view: Selection, *kinds: str) -> list[Better]:
    """Return the best visibly better forecaster of these kinds, for each quantity and measure."""
    found = []
    for quantity in view.quantities:
        of_kind = set(view.forecasters(quantity, *kinds))
        for metric, words in COMPARED.items():
            table = view.differences(quantity, metric)
            table = table[(table["better"] == "forecaster") & table["forecaster"].isin(of_kind)]
            if not len(table):
                continue
            ahead = highest(table.assign(apart=table["difference"].abs()), "apart")
            if _matters(metric, ahead):
                values = _values(view, quantity, metric, ahead)
                name = view.short_titles[str(ahead["forecaster"])]
                found.append(Better(name, words, quantity, values, float(ahead["apart"])))
    return found


def best(found: Sequence[Better]) -> list[Better]:
    """Of each quantity and measure the one that is furthest ahead; of equal ones the first."""
    ahead: dict[tuple[str, str], Better] = {}
    for better in found:
        place = better.quantity, better.words
        if place not in ahead or better.apart > ahead[place].apart:
            ahead[place] = better
    return list(ahead.values())


def measures(found: Sequence[Better], of: Sequence[str]) -> str:
    """What forecasts are better in: of a quantity, where it is not of each there is."""
    each = []
    for words in dict.fromkeys(better.words for better in found):
        quantities = [better.quantity for better in found if better.words == words]
        each.append(words if len(set(quantities)) == len(of) else f"{words} of {listed(quantities)}")
    return listed(each)


def by_name(found: Sequence[Better]) -> str:
    """Forecasts that are better, each with all it is better in and by how much."""
    each: dict[str, dict[str, list[str]]] = {}
    for better in found:
        parts = each.setdefault(better.name, {}).setdefault(better.words, [])
        parts.append(f"{better.quantity} ({better.values})")
    told = [
        f"“{name}” in {listed([f'the {words} of {listed(parts)}' for words, parts in of.items()])}"
        for name, of in each.items()
    ]
    return listed(told, separator="; ")


def _matters(metric: str, row: Row) -> bool:
    """Whether a visible difference is more than a hair's breadth."""
    apart = abs(float(row["difference"]))
    return apart >= (HAIR * float(row["reference_value"]) if metric == "rmse" else HAIR)


def _values(view: Selection, quantity: str, metric: str, row: Row) -> str:
    """A score beside that of the model the report is about."""
    value, reference = float(row["value"]), float(row["reference_value"])
    if metric == "bias":
        return f"off by {percent(abs(value))}, not {percent(abs(reference))}"
    if metric == "rmse":
        return f"typically off by {significant(value, 3)}, not {significant(reference, 3)}"
    return f"{percent(value)} of a perfect order, not {percent(reference)}{_tenth(view, quantity, row)}"


def _tenth(view: Selection, quantity: str, row: Row) -> str:
    """What the tenths that both put first made: a better order of all need not be one of the best."""
    table = view.differences(quantity, "capture")
    table = table[table["forecaster"] == row["forecaster"]]
    if len(table) != 1:
        return ""
    value, reference = (percent(float(table[name].iloc[0]), 0) for name in ("value", "reference_value"))
    return f"; its first tenth made {value}, {'the same' if value == reference else f'not {reference}'}"
