"""The verdict in five sentences that a manager understands, made from the numbers: each leads to its evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from clvmodels.frames import Frame
from clvmodels.reporting.value import summarize_value
from clvmodels.reporting.view import Row, View, highest
from clvmodels.reporting.wording import listed, percent, signed_percent, significant

__all__ = ["Sentence", "judge", "why_not_mae"]

HAIR = 0.01  # of Gini, of the total, or of the RMSE relatively: what is smaller is not worth a sentence
CLOSE = 0.03  # error of a total that is called close
LEAST = 0.005  # a share that would be rounded to none
NEAR = 1.25  # times the MAE of a model that of zero is, where it makes an example
HELD = 0.03  # by which coverage may miss what was asked for
FAIR, WELL = 0.3, 0.6  # normalized Gini from which a ranking is called fair, and good
COMPARED = {"gini": "ranking", "rmse": "error per customer", "bias": "total"}
OTHERS = {  # by kind, the one that matters most first: in short, and as a sentence begins
    "rival": ("A simple rule is", "Simple rules that were"),
    "challenger": ("Machine learning is", "Machine learning that was"),
    "process": ("Another model is", "Other models that were"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One of the five: what it is about, in a few words how it stands, the sentence, and where its evidence is.

    Attributes
    ----------
    about : str
        "Level", "Ranking", "Intervals", "Against simple rules" or "Not for".
    short : str
    told : str
    href, evidence : str
        Where the evidence is, and what it is called.
    """

    about: str
    short: str
    told: str
    href: str
    evidence: str


def judge(view: View, value: Frame | None = None) -> list[Sentence]:
    """The five sentences about the model that the backtest is about; with lifetime values, what they come to."""
    return [level(view, value), ranking(view), intervals(view), rivals(view), not_for(view)]


def level(view: View, value: Frame | None = None) -> Sentence:
    """Whether totals come out right, and the total of lifetime values that rests on them."""
    place = ("#totals", "totals over time")
    rows = [(quantity, row) for quantity in view.quantities if (row := view.row(quantity)) is not None]
    if not rows or not any(math.isfinite(row["bias"]) for _, row in rows):
        told = "Nothing happened in the holdout period, so the total cannot be judged."
        return Sentence("Level", "Cannot be judged", told + _worth(value), *place)
    told = " ".join(_total(quantity, row, view, i == 0) for i, (quantity, row) in enumerate(rows))
    biases = [bias for quantity, _ in rows for bias in view.biases(quantity)]
    ranges = [
        f"from {signed_percent(min(errors))} to {signed_percent(max(errors))} for {quantity}"
        for quantity, _ in rows
        if len(errors := view.biases(quantity)) > 1
    ]
    if ranges:
        told += f" Over all {len(view.origins)} days it was tried on, the error ran {listed(ranges)}."
    told += _worth(value)
    return Sentence("Level", _level_in_short(biases), told, *place)


def ranking(view: View) -> Sentence:
    """Whether the right customers come first."""
    place = ("#ranking", "gains and lifts")
    parts: list[str] = []
    short = "Nothing to rank"
    for quantity in view.quantities:
        row = view.row(quantity)
        if row is None or not math.isfinite(row["gini"]):
            continue
        if not parts:
            short = _ranking_in_short(row["gini"])
        if math.isfinite(row["capture"]):
            parts.append(f"{percent(row['capture'], 0)} of the {quantity}{_hindsight(view, quantity)}")
    if not parts:
        told = "All customers did the same in the holdout period, so there was nothing to rank."
        return Sentence("Ranking", short, told, *place)
    told = f"The tenth of the customers that it put first made {' and '.join(parts)}. Drawn by lot, a tenth makes 10%."
    return Sentence("Ranking", short, told, *place)


def intervals(view: View) -> Sentence:
    """Whether intervals hold what they promise, for customers and for the total."""
    place = ("#intervals", "coverage of intervals")
    row = view.row("purchases")
    share = math.nan if row is None else float(row["coverage"])
    totals = {quantity: table for quantity in view.quantities if len(table := view.levels(quantity))}
    if not math.isfinite(share) and not totals:
        return Sentence(
            "Intervals", "None here", "This forecast has no intervals, so it cannot say how sure it is.", *place
        )
    told, held = [], True
    if math.isfinite(share):
        held = share >= view.level - HELD
        told.append(
            f"It gives each customer a range that should hold the purchases that follow {percent(view.level, 0)} of "
            f"the time; it held {percent(share, 0)}{'' if held else ', too few'}."
        )
    total_held = all(table["inside"].astype(bool).all() for table in totals.values())
    if totals:
        told.append(_total_intervals(totals))
    short = {
        (True, True): "They hold",
        (True, False): "They hold for customers, not for the total",
        (False, True): "Too narrow for customers",
        (False, False): "Too narrow",
    }[held, total_held]
    words = [*told, *_widened(totals.get("purchases"), total_held)]
    return Sentence("Intervals", short, " ".join(words), *place)


def rivals(view: View) -> Sentence:
    """Whether a simple rule, machine learning or another model does visibly better."""
    about, place = "Against simple rules", ("#rivals", "all forecasts side by side")
    compared = {title for quantity in view.quantities for title in view.differences(quantity, "gini")["forecast"]}
    if not compared:
        return Sentence(about, "Nothing to compare", "There was no other forecast to compare with.", *place)
    told: list[str] = []
    short = ""
    for kind, (many, one) in OTHERS.items():
        found = [better for quantity in view.quantities for better in _beaten(view, quantity, kind)]
        if not found and kind == "rival":
            told.append("No simple rule was visibly better, by 1% or more, in total, ranking or error per customer.")
        if not found:
            continue
        told.append(f"{one} visibly better: {_by_name(found, numbers=not short)}.")
        short = short or f"{many} better in {_measures(found, view.quantities)}"
    return Sentence(about, short or "Not beaten", " ".join(told), *place)


def not_for(view: View) -> Sentence:
    """What it must not be used for, with the numbers of this log where they say so."""
    facts = view.facts
    told = ["Do not use it to choose whom a campaign would persuade: it tells what is likely if all goes on as before."]
    row = view.row("purchases")
    if row is not None and math.isfinite(row["rmse"]):
        told.append(
            "Promise nothing about a single customer: such a forecast is typically off by "
            f"{significant(row['rmse'], 2)} purchases."
        )
    everything = facts["holdout_purchases"] + (facts.get("new_purchases") or 0)
    if facts.get("new_purchases") and everything:
        share = facts["new_purchases"] / everything
        told.append(
            "Do not plan the whole demand by it: customers first seen later made "
            f"{'less than 1%' if share < LEAST else percent(share, 0)} of the purchases and are in no forecast."
        )
    else:
        told.append("Do not plan the whole demand by it: new customers are in no forecast.")
    told.append("Nor single weeks: it knows no season and no promotion.")
    short = "Campaign effects, single customers, whole demand"
    return Sentence("Not for", short, " ".join(told), "#card", "intended use and limits")


def why_not_mae(scores: pd.DataFrame) -> str:
    """Why the mean absolute error is listed and not headlined, with this table's own example if it has one."""
    told = (
        "The mean absolute error (MAE) is listed but not headlined: the forecast that makes it least is that of the "
        "median customer, so that where most buy nothing, it rewards forecasting nothing"
    )
    purchases = scores[scores["quantity"] == "purchases"].set_index("forecast")["mae"]
    if "zero" not in purchases or not purchases["zero"] < NEAR * purchases.iloc[0]:
        return f"{told}."
    zero, model = (significant(float(purchases[name]), 3) for name in ("zero", purchases.index[0]))
    return f"{told}. Here “zero” for everybody gets {zero}, and {purchases.index[0]} {model}."


# ---- level ---------------------------------------------------------------------------------------------------


def _total(quantity: str, row: Row, view: View, first: bool) -> str:
    """One total beside what happened."""
    if not math.isfinite(row["bias"]):
        return f"The total of {quantity} cannot be judged, since nothing happened."
    numbers = f"{significant(row['predicted'])} forecast, {significant(row['actual'])} happened"
    told = f"total of {quantity} was {off(row['bias'])} ({numbers})."
    return f"In the {view.horizon} after {view.facts['calibration_end']}, the {told}" if first else f"The {told}"


def off(bias: float) -> str:
    """A relative error of the total in words: 14.3% too low."""
    if abs(bias) < 0.0005:
        return "right to the tenth of a percent"
    return f"{percent(abs(bias))} too {'low' if bias < 0 else 'high'}"


def _worth(value: Frame | None) -> str:
    """What all customers are worth, where values are given."""
    if value is None or not math.isfinite(total := summarize_value(value).total):
        return ""
    return f" All lifetime values come to {significant(total)}, and are no surer than these totals."


def _level_in_short(biases: list[float]) -> str:
    low, high = (sum(sign * bias > CLOSE for bias in biases) for sign in (-1, 1))
    if low and high:
        return "Totals miss, now high, now low"
    if not (low or high):
        return "Totals are close"
    often = "come out" if low + high == len(biases) else "sometimes come out"
    return f"Totals {often} too {'low' if low else 'high'}"


# ---- ranking -------------------------------------------------------------------------------------------------


def _ranking_in_short(gini: float) -> str:
    if gini >= WELL:
        return "It sorts customers well"
    return "It sorts customers fairly" if gini >= FAIR else "It hardly sorts customers"


def _hindsight(view: View, quantity: str) -> str:
    """What the tenth that came to do most made, if the table says so."""
    gain = view.at["gain"]
    best = gain[(gain["forecast"] == "perfect") & (gain["quantity"] == quantity)]
    tenth = best[(best["share_of_customers"] - 0.1).abs() < 1e-9]
    return f" (the best tenth: {percent(float(tenth['captured'].iloc[0]), 0)})" if len(tenth) == 1 else ""


# ---- intervals -----------------------------------------------------------------------------------------------


def _total_intervals(totals: dict[str, pd.DataFrame]) -> str:
    told = []
    for quantity, table in totals.items():
        inside, of, row = int(table["inside"].astype(bool).sum()), len(table), table.iloc[0]
        if of > 1:
            told.append(f"held the total of {quantity} {inside} times in {of}")
            continue
        ends = f"{significant(float(row['lower']))} to {significant(float(row['upper']))}"
        came = significant(float(row["actual"]))
        told.append(f"of {ends} {'held' if inside else 'missed'} the total of {quantity}, {came}")
    return f"Its range for all together {listed(told)}."


def _widened(totals: pd.DataFrame | None, held: bool) -> list[str]:
    """What earlier errors make of the interval of the total of purchases."""
    if totals is None:
        return []
    row = totals.iloc[-1]
    if row["calibrated"]:
        ends = f"{significant(float(row['widened_lower']))} to {significant(float(row['widened_upper']))}"
        return [f"Widened by the errors of {int(row['earlier'])} earlier cuts it is {ends}."]
    if held:
        return []
    told = (
        "It allows for chance and for what the data leave open, not for a change of times. How much wider it should "
        "be, too few earlier forecasts tell."
    )
    return [told]


# ---- rivals --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Better:
    """A forecast that is visibly better: in what, of which quantity, by how much in words."""

    name: str
    words: str
    quantity: str
    values: str


def _measures(found: list[_Better], of: list[str]) -> str:
    """What forecasts are better in: of a quantity, where it is not of each there is."""
    each = []
    for words in dict.fromkeys(better.words for better in found):
        quantities = [better.quantity for better in found if better.words == words]
        each.append(words if len(set(quantities)) == len(of) else f"{words} of {listed(quantities)}")
    return listed(each)


def _by_name(found: list[_Better], *, numbers: bool) -> str:
    """Forecasts that are better, each with all it is better in."""
    each = []
    for name in dict.fromkeys(better.name for better in found):
        parts = [
            f"the {better.words} of {better.quantity}{f' ({better.values})' if numbers else ''}"
            for better in found
            if better.name == name
        ]
        each.append(f"“{name}” in {listed(parts)}")
    return listed(each, separator="; ")


def _beaten(view: View, quantity: str, kind: str) -> list[_Better]:
    """On each measure the best forecast of a kind that is visibly better."""
    of_kind, found = set(view.forecasts(quantity, kind)), []
    for metric, words in COMPARED.items():
        table = view.differences(quantity, metric)
        table = table[(table["better"] == "forecast") & table["forecast"].isin(of_kind)]
        if not len(table):
            continue
        ahead = highest(table.assign(apart=table["difference"].abs()), "apart")
        if not _matters(metric, ahead):
            continue
        values = _told(metric, float(ahead["value"]), float(ahead["reference_value"]))
        found.append(_Better(str(ahead["forecast"]), words, quantity, values))
    return found


def _matters(metric: str, row: Row) -> bool:
    """Whether a visible difference is more than a hair's breadth."""
    apart = abs(float(row["difference"]))
    return apart >= (HAIR * float(row["reference_value"]) if metric == "rmse" else HAIR)


def _told(metric: str, value: float, reference: float) -> str:
    if metric == "bias":
        return f"off by {percent(abs(value))} on average, not {percent(abs(reference))}"
    if metric == "gini":
        return f"{percent(value)} of a perfect order, not {percent(reference)}"
    return f"typically off by {significant(value, 3)}, not {significant(reference, 3)}"
