"""Do the data suffice, and which models fit such data?"""

from __future__ import annotations

from typing import Literal

import pandas as pd

from clvmodels.profiling.arrivals import Arrivals
from clvmodels.profiling.daily_purchases import DailyPurchases
from clvmodels.profiling.independence import SIGNIFICANT
from clvmodels.profiling.spend import NO_MEAN, NO_VARIANCE, Money
from clvmodels.profiling.timing import Intertimes, Opportunities, Regularity

__all__ = ["Sufficiency", "check_data", "choose_models", "sufficiency"]

Sufficiency = Literal["enough", "thin", "too little"]
Suitability = Literal["yes", "perhaps", "no"]
MANY_ONCE = 0.4
SURE = 2.0  # standard errors
DAYS_A_YEAR = 365.25
OUTGROWN = 3.0  # years in which dropout that grows likelier with age could show


def check_data(seen: DailyPurchases, intertimes: Intertimes, days_per_unit: float) -> pd.DataFrame:
    """What the data have of what a fit lives on: a row a thing, with how much is comfortable and how much the least."""
    x = seen.frequency
    span = seen.days / days_per_unit
    spans = span / intertimes.median if intertimes.count else 0.0
    rows = [
        ("customers", len(x), 1_000, 200, "parameters of fewer trade off against each other"),
        ("customers with repeat purchases", int((x > 0).sum()), 200, 50, "they alone tell rates and spend"),
        ("repeat purchases", int(x.sum()), 500, 100, "each is one thing learned"),
        ("customers with two repeat purchases", int((x >= 2).sum()), 100, 20, "they tell leaving from being slow"),
        ("span in typical times between purchases", spans, 4.0, 2.0, "in less, nobody seems to have left"),
        ("share of customers with repeat purchases", float((x > 0).mean()), 0.1, 0.02, "else there is little to learn"),
    ]
    table = pd.DataFrame(rows, columns=["what", "value", "comfortable", "least", "why"])
    table["enough"] = [_enough(value, good, least) for _, value, good, least, _ in rows]
    return table[["what", "value", "comfortable", "least", "enough", "why"]]


def sufficiency(checks: pd.DataFrame) -> Sufficiency:
    """The worst of the checks."""
    found = set(checks["enough"])
    return "too little" if "too little" in found else "thin" if "thin" in found else "enough"


def choose_models(
    seen: DailyPurchases,
    arrivals: Arrivals,
    regularity: Regularity,
    opportunities: Opportunities,
    money: Money | None,
) -> pd.DataFrame:
    """A row a model, the likeliest first: its name here, whether it fits such data, and why."""
    once = float((seen.frequency == 0).mean())
    rows = _purchase_models(once, regularity, opportunities, seen.days / DAYS_A_YEAR)
    rows = [*sorted(rows, key=lambda row: ("yes", "perhaps", "no").index(row[2])), ("Gamma-Gamma", *_spend(money))]
    if arrivals.verdict == "older":
        rows = [
            (title, name, fits, why if fits == "no" else f"{why}; customers older than the log mislead it")
            for title, name, fits, why in rows
        ]
    return pd.DataFrame(rows, columns=["model", "name", "fits", "why"])


def _enough(value: float, comfortable: float, least: float) -> Sufficiency:
    return "enough" if value >= comfortable else "thin" if value >= least else "too little"


def _purchase_models(
    once: float, regularity: Regularity, opportunities: Opportunities, years: float
) -> list[tuple[str, str, Suitability, str]]:
    period = opportunities.period
    if period is not None:
        other = f"purchases keep to one day of the {period}: count opportunities instead of days"
        others: list[tuple[str, str, Suitability, str]] = [
            (title, name, "no", other)
            for title, name in (
                ("BG/NBD", "BGNBD"),
                ("MBG/NBD", "MBGNBD"),
                ("Pareto/NBD", "ParetoNBD"),
                ("GGompertz/NBD", "GGompertzNBD"),
                ("NBD", "NBD"),
                ("BG/CNBD-k", "BGCNBD"),
                ("MBG/CNBD-k", "MBGCNBD"),
            )
        ]
        return [("BG/BB", "BGBB", "yes", f"customers can buy once a {period}"), *others]
    regular, many = regularity.regular, once >= MANY_ONCE
    random: Suitability = "perhaps" if regular else "yes"
    timing = f"timing is regular (k = {regularity.k:.2f}), which it does not know" if regular else "timing is at random"
    bought = f"{once:.0%} bought once"
    early = f"{bought}: they may have left right after" if many else f"{bought}, so few left right after"
    alive = f"; but {bought}, and it takes them all to be alive" if many else ""
    steady = f"k = {regularity.k:.2f}: timing is regular" if regular else "timing is not clearly regular"
    return [
        ("MBG/CNBD-k", "MBGCNBD", _fits(regular, many), f"{steady}; {early}"),
        ("BG/CNBD-k", "BGCNBD", _fits(regular, not many), steady + (alive if regular else "")),
        ("MBG/NBD", "MBGNBD", random if many else "perhaps", f"{timing}; {early}"),
        ("BG/NBD", "BGNBD", "perhaps" if many else random, timing + alive),
        ("Pareto/NBD", "ParetoNBD", random, f"{timing}; leaving need not follow a purchase"),
        (
            "GGompertz/NBD",
            "GGompertzNBD",
            "perhaps" if years >= OUTGROWN else "no",
            f"whether customers outgrow what is sold shows over years: the log has {years:.1f}",
        ),
        ("NBD", "NBD", "perhaps", "as a rival that shows what leaving is worth: nobody leaves in it"),
        ("BG/BB", "BGBB", "no", "purchases fall on any day: there are no opportunities to count"),
    ]


def _fits(regular: bool, also: bool) -> Suitability:
    return "no" if not regular else "yes" if also else "perhaps"


def _spend(money: Money | None) -> tuple[str, Suitability, str]:
    name = "GammaGamma"
    if money is None:
        return name, "no", "the log was read without amounts"
    why = money.independence.text
    if money.tail_index <= NO_MEAN:
        return name, "no", f"the tail of spend is so heavy (index {money.tail_index:.2f}) that no mean exists"
    if money.tail_index <= NO_VARIANCE:
        return name, "perhaps", f"the tail of spend is heavy (index {money.tail_index:.2f}); {why}"
    if money.tail_index - SURE * money.tail_error <= NO_VARIANCE:
        index = f"{money.tail_index:.2f} +- {money.tail_error:.2f}"
        return name, "perhaps", f"the tail of spend may be heavy (index {index}); {why}"
    return name, "yes" if money.independence.p_value > SIGNIFICANT else "perhaps", why
