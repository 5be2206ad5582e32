"""Names in tables, such as titles of rules and units, in the language of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clvmodels.clock import Clock
from clvmodels.language import Finding, as_text, message
from clvmodels.language.current import ENGLISH, current_language
from clvmodels.language.error_texts import translate

if TYPE_CHECKING:
    from clvmodels.validation.backtest.result import Backtest

__all__ = [
    "clock_name",
    "fit_message",
    "group_name",
    "independence",
    "local_column",
    "local_word",
    "summary_name",
    "unit_name",
    "with_local_titles",
]

TITLED = (  # ids of forecasters whose titles are translated
    "zero",
    "own_rate",
    "past_spend",
    "population_mean",
    "last_period",
    "hiatus",
    "seasonal_naive",
    "boosted_trees",
    "blend",
    "blend_process_total",
    "blend_learned_total",
    "best",
    "revenue_forecast",
    "revenue_year_before",
    "revenue_before",
)
RANGE = re.compile(r"(\S+) to (\S+)")
NO_REPEAT = "no repeat purchase"
PER, MONEY = "per ", "money"  # in units of rates and of amounts


def with_local_titles(result: Backtest) -> Backtest:
    """Return a backtest whose rules and learned forecasters have titles in the language of the page."""
    if current_language() == ENGLISH:
        return result
    table = result.forecasters
    titles = [
        message(f"forecaster-{name.replace('_', '-')}") if name in TITLED else title
        for name, title in zip(table["id"], table["title"], strict=True)
    ]
    return replace(result, forecasters=table.assign(title=titles))


def local_word(text: str) -> str:
    """Return a word of a table in the current language, if its catalog has the word."""
    return translate(text, current_language())


def local_column(column: str) -> str:
    """Return the heading of a column by its name."""
    local = local_word(column)
    return local if local != column else column.replace("_", " ")


def summary_name(quantity: str) -> str:
    """Return the name of a quantity of a model, such as "mean purchase rate", in the language of the page if known."""
    try:
        return message(f"summary-{quantity.replace(' ', '-')}")
    except KeyError:  # a quantity of a process that a user added
        return quantity


def unit_name(unit: str) -> str:
    """Return the name of a unit of a table, such as "weeks" or "per week"; empty if there is no unit."""
    if not unit or current_language() == ENGLISH:
        return unit
    if unit == MONEY:
        return message("quantity-name", {"quantity": unit})
    code = {"unit": unit.removeprefix(PER).removesuffix("s")}
    return message("unit-of-rate", code) if unit.startswith(PER) else message("unit-of-time", code)


def group_name(group: Any) -> str:
    """Return the name of a group of customers, such as a range of numbers or "no repeat purchase"."""
    text = str(group)
    if current_language() == ENGLISH:
        return text
    if text == NO_REPEAT:
        return message("group-no-repeat")
    match = RANGE.fullmatch(text)
    return text if match is None else message("cell-range", {"lower": match[1], "upper": match[2]})


def clock_name(facts: Mapping[str, Any], certificates: list[dict[str, Any]]) -> str:
    """Return a text on the unit of time and on the purchases that count as one."""
    clocks = [each["clock"] for each in certificates if "clock" in each]
    if current_language() == ENGLISH or not clocks:
        return str(facts["clock"])
    clock = Clock(**clocks[0])
    figures = {"unit": clock.time_unit, "merge_within": clock.merge_within, "zone": clock.time_zone or ""}
    return message("clock-name", figures | {"discrete": clock.discrete, "has_zone": bool(clock.time_zone)})


def fit_message(certificate: Mapping[str, Any]) -> str:
    """Return a text on how a fit ended; in English, the text saved with the fit."""
    findings = certificate.get("findings")
    if current_language() == ENGLISH or not findings:
        return str(certificate["message"])
    between = message("between-items")
    return as_text([_as_finding(each) for each in findings], separator=between)


def independence(certificate: Mapping[str, Any]) -> str:
    """Return a text on whether spend depends on frequency; in English, the text saved with the fit."""
    finding = certificate.get("independence_finding")
    if current_language() == ENGLISH or finding is None:
        return str(certificate["independence"])
    return _as_finding(finding).text


def _as_finding(value: Mapping[str, Any]) -> Finding:
    return Finding(value["code"], value["figures"], value["severity"])
