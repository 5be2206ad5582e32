"""The verdict in five sentences that a manager understands, made from the numbers: each leads to its evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from clvmodels.frames import Frame
from clvmodels.reporting.value import summarize_value
from clvmodels.reporting.view import Row, View, highest
from clvmodels.reporting.wording import fixed, listed, percent, signed_percent, significant

__all__ = ["Sentence", "judge", "why_not_mae"]

HAIR = 0.01  # of Gini, of the total, or of the RMSE relatively: what is smaller is not worth a sentence
CLOSE = 0.03  # error of a total that is called close
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
    told = "; ".join(_total(quantity, row, view, i == 0) for i, (quantity, row) in enumerate(rows)) + "."
    biases = [bias for quantity, _ in rows for bias in view.biases(quantity)]
    ranges = [
        f"of {quantity} ran from {signed_percent(min(errors))} to {signed_percent(max(errors))}"
        for quantity, _ in rows
        if len(errors := view.biases(quantity)) > 1
    ]
    if ranges:
        told += f" At the {len(view.origins)} cuts tried, the error of the total {', that '.join(ranges)}."
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
            told = f"made {percent(row['capture'], 0)} of the {quantity}"
            parts.append(told if not parts else f"{percent(row['capture'], 0)} of the {quantity}")
    if not parts:
        told = "All customers did the same in the holdout period, so there was nothing to rank."
        return Sentence("Ranking", short, told, *place)
    told = f"The tenth of the customers that it put first {' and '.join(parts)} that followed{_perfect(view)}."
    return Sentence("Ranking", short, told, *place)


def intervals(view: View) -> Sentence:
    """Whether intervals hold what they promise, for customers and for the total."""
    place = ("#intervals", "coverage of intervals")
    row = view.row("purchases")
    share = math.nan if row is None else float(row["coverage"])
    totals = view.levels("purchases")
    if not math.isfinite(share) and not len(totals):
        return Sentence(
            "Intervals", "None here", "This forecast has no intervals, so it cannot say how sure it is.", *place
        )
    told, held = [], True
    if math.isfinite(share):
        held = share >= view.level - HELD
        told.append(
            f"Of the customers' purchases, {percent(share, 0)} fell within their {percent(view.level, 0)} intervals"
            + ("" if held else ", too few")
        )
    total_held = True
    if len(totals):
        inside, of = int(totals["inside"].astype(bool).sum()), len(totals)
        total_held = inside == of
        told.append(_total_interval(totals, inside, of))
    short = {
        (True, True): "They hold",
        (True, False): "They hold for customers, not for the total",
        (False, True): "Too narrow for customers",
        (False, False): "Too narrow",
    }[held, total_held]
    return Sentence("Intervals", short, "; ".join(told) + _widened(totals), *place)


def rivals(view: View) -> Sentence:
    """Whether a simple rule, machine learning or another model does visibly better."""
    about, place = "Against simple rules", ("#rivals", "all forecasts side by side")
    compared = {title for quantity in view.quantities for title in view.differences(quantity, "gini")["forecast"]}
    if not compared:
        return Sentence(about, "Nothing to compare", "There was no other forecast to compare with.", *place)
    told: list[str] = []
    short = "Not beaten"
    for kind, (many, one) in reversed(OTHERS.items()):
        found = [better for quantity in view.quantities for better in _beaten(view, quantity, kind)]
        if not found:
            continue
        told.insert(0, f"{one} visibly better: {listed([words for _, words in found], separator='; ')}.")
        measures = listed(list(dict.fromkeys(measure for measure, _ in found)))
        short = f"{many} better in {measures}"
    beaten = "No simple rule was visibly better in total, ranking or error per customer."
    if not told or not told[0].startswith(OTHERS["rival"][1]):
        told.insert(0, beaten)
    return Sentence(about, short, " ".join(told), *place)


def not_for(view: View) -> Sentence:
    """What it must not be used for, with the numbers of this log where they say so."""
    facts = view.facts
    uses = ["choosing whom a campaign would persuade, since it tells what is likely if all goes on as before"]
    row = view.row("purchases")
    if row is not None and math.isfinite(row["rmse"]):
        uses.append(
            f"promises about a single customer, whose forecast is typically off by {significant(row['rmse'], 2)} "
            "purchases "
            "(root mean square)"
        )
    everything = facts["holdout_purchases"] + (facts.get("new_purchases") or 0)
    if facts.get("new_purchases") and everything:
        uses.append(
            "the shop's whole demand, since customers first seen later made "
            f"{percent(facts['new_purchases'] / everything, 0)} of the purchases and are in no forecast"
        )
    else:
        uses.append("the shop's whole demand, since new customers are in no forecast")
    uses.append("single weeks, since no season or promotion is known to it")
    told = f"Do not use it for {listed(uses, separator='; ')}."
    return Sentence(
        "Not for", "Campaign effects, single customers, whole demand", told, "#card", "intended use and limits"
    )


def why_not_mae(scores: pd.DataFrame) -> str:
    """Why the mean absolute error is listed and not headlined, with this table's own example if it has one."""
    told = (
        "The mean absolute error (MAE) is listed but not headlined, because it rewards forecasting the median "
        "customer, who often buys nothing"
    )
    purchases = scores[(scores["quantity"] == "purchases") & (scores["forecast"] == "zero")]
    if len(purchases) != 1:
        return f"{told}."
    return f"{told}: saying “zero” for everybody already gets {significant(float(purchases['mae'].iloc[0]), 3)} here."


# ---- level ---------------------------------------------------------------------------------------------------


def _total(quantity: str, row: Row, view: View, first: bool) -> str:
    """One total beside what happened."""
    if not math.isfinite(row["bias"]):
        return f"the total of {quantity} cannot be judged, since nothing happened"
    numbers = f"{significant(row['predicted'])} forecast, {significant(row['actual'])} happened"
    told = f"the total of {quantity} was {off(row['bias'])} ({numbers})"
    if not first:
        return told
    return f"In the {view.horizon} after {view.facts['calibration_end']}, {told}"


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


def _perfect(view: View) -> str:
    """What a perfect ranking would have caught, if the table says so."""
    gain = view.at["gain"]
    best = gain[(gain["forecast"] == "perfect") & (gain["quantity"] == "purchases")]
    tenth = best[(best["share_of_customers"] - 0.1).abs() < 1e-9]
    if len(tenth) != 1:
        return ", where chance would give 10%"
    return (
        f", where chance would give 10% and hindsight {percent(float(tenth['captured'].iloc[0]), 0)} of the purchases"
    )


# ---- intervals -----------------------------------------------------------------------------------------------


def _total_interval(totals: pd.DataFrame, inside: int, of: int) -> str:
    if of > 1:
        return f"what happened in total fell within the total's interval at {inside} of {of} cuts"
    row = totals.iloc[0]
    ends = f"{significant(float(row['lower']))} to {significant(float(row['upper']))}"
    return (
        f"the total's interval, {ends}, {'holds' if inside else 'misses'} the {significant(float(row['actual']))} "
        f"that came"
    )


def _widened(totals: pd.DataFrame) -> str:
    """What earlier errors make of the interval of the total."""
    if not len(totals):
        return "."
    row = totals.iloc[-1]
    if row["calibrated"]:
        ends = f"{significant(float(row['widened_lower']))} to {significant(float(row['widened_upper']))}"
        return f"; widened by the errors of {int(row['earlier'])} earlier cuts it is {ends}."
    if totals["inside"].astype(bool).all():
        return "."
    earlier = int(row["earlier"])
    few = (
        "no earlier cut tells"
        if earlier == 0
        else f"{earlier} earlier {'cut is' if earlier == 1 else 'cuts are'} too few to tell"
    )
    return (
        f"; it allows for chance and doubt about the parameters, not for a change of times, and {few} how much "
        f"wider to make it."
    )


# ---- rivals --------------------------------------------------------------------------------------------------


def _beaten(view: View, quantity: str, kind: str) -> list[tuple[str, str]]:
    """On each measure the best forecast of a kind that is visibly better: the measure, and in words by how much."""
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
        found.append((words, f"“{ahead['forecast']}” in the {words} of {quantity} ({values})"))
    return found


def _matters(metric: str, row: Row) -> bool:
    """Whether a visible difference is more than a hair's breadth."""
    apart = abs(float(row["difference"]))
    return apart >= (HAIR * float(row["reference_value"]) if metric == "rmse" else HAIR)


def _told(metric: str, value: float, reference: float) -> str:
    if metric == "bias":
        return f"off by {percent(abs(value))} against {percent(abs(reference))}"
    if metric == "gini":
        return f"Gini {fixed(value, 3)} against {fixed(reference, 3)}"
    return f"RMSE {significant(value, 3)} against {significant(reference, 3)}"
