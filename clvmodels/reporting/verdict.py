"""The verdict in six sentences that a manager understands, made from the numbers: each leads to its evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from clvmodels.frames import Frame
from clvmodels.language.numbers import listed, percent, significant
from clvmodels.reporting.selection import LEARNERS, Row, Selection
from clvmodels.reporting.value_summary import summarize_value
from clvmodels.reporting.winners import COMPARED, beaten, best, by_name, measures

__all__ = ["Sentence", "judge", "why_not_mae"]

CLOSE = 0.03  # error of a total that is called close
LEAST = 0.005  # a share that would be rounded to none
NEAR = 1.25  # times the MAE of a model that of zero is, where it makes an example
HELD = 0.03  # by which coverage may miss what was asked for
FAIR, WELL = 0.3, 0.6  # normalized Gini from which a ranking is called fair, and good
LESS = {"purchases": "fewer", "money": "less"}
OTHERS: dict[
    tuple[str, ...], tuple[str, str]
] = {  # by kinds, the one that matters most first: in short, and in passing
    ("rule",): ("A simple rule is", "simple rules"),
    LEARNERS: ("Machine learning is", "machine learning"),
    ("process",): ("Another model is", "other models"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One of the six: what it is about, in a few words how it stands, the sentence, and where its evidence is.

    Attributes
    ----------
    about : str
        "Use", "Level", "Ranking", "Intervals", "Against other forecasts" or "Not for".
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


def judge(view: Selection, value: Frame | None = None) -> list[Sentence]:
    """The six sentences about the model that the backtest is about; with lifetime values, what they come to."""
    return [use(view), level(view, value), ranking(view), intervals(view), rivals(view), not_for(view)]


def use(view: Selection) -> Sentence:
    """What to do with it: how much to allow in a budget, whom to put first, and which forecast to take for which."""
    misses = {quantity: errors for quantity in view.quantities if (errors := view.biases(quantity))}
    short = f"{_trust(view)}; totals {_missed(misses)}"
    told = " ".join([*_budget(misses, view), *_take(view)]) or "Nothing here says what to use it for."
    return Sentence("Use", short, told, "#rivals", "all forecasts side by side")


def level(view: Selection, value: Frame | None = None) -> Sentence:
    """Whether totals come out right, and the total of lifetime values that rests on them."""
    place = ("#totals", "totals over time")
    rows = [(quantity, row) for quantity in view.quantities if (row := view.row(quantity)) is not None]
    if not rows or not any(math.isfinite(row["bias"]) for _, row in rows):
        told = "Nothing happened in the holdout period, so the total cannot be judged."
        return Sentence("Level", "Cannot be judged", told + _worth(value), *place)
    told = " ".join(_total(quantity, row, view, i == 0) for i, (quantity, row) in enumerate(rows))
    misses = {quantity: errors for quantity, _ in rows if (errors := view.biases(quantity))}
    ranges = [f"{_between(errors)} for {quantity}" for quantity, errors in misses.items() if len(errors) > 1]
    if ranges:
        told += f" Over all {len(view.cutoffs)} days it was tried on, it was {listed(ranges)}."
    told += _worth(value)
    return Sentence("Level", _level_in_short([bias for errors in misses.values() for bias in errors]), told, *place)


def ranking(view: Selection) -> Sentence:
    """Whether the right customers come first."""
    place = ("#ranking", "gains and lifts")
    parts: list[str] = []
    hindsight: list[str] = []
    short = "Nothing to rank"
    for quantity in view.quantities:
        row = view.row(quantity)
        if row is None or not math.isfinite(row["gini"]):
            continue
        if not parts:
            short = _ranking_in_short(row["gini"])
        if math.isfinite(row["capture"]):
            parts.append(f"{percent(row['capture'], 0)} of the {quantity}")
            hindsight += _hindsight(view, quantity)
    if not parts:
        told = "All customers did the same in the holdout period, so there was nothing to rank."
        return Sentence("Ranking", short, told, *place)
    told = f"The tenth of the customers that it put first made {listed(parts)}."
    if len(hindsight) == len(parts):
        told += f" The tenth that turned out best made {listed(hindsight)}."
    return Sentence("Ranking", short, f"{told} A tenth drawn by lot makes 10%.", *place)


def intervals(view: Selection) -> Sentence:
    """Whether intervals hold what they promise, for customers and for the total."""
    place = ("#intervals", "coverage of intervals")
    row = view.row("purchases")
    share = math.nan if row is None else float(row["coverage"])
    totals = {quantity: table for quantity in view.quantities if len(table := view.totals(quantity))}
    if not math.isfinite(share) and not totals:
        return Sentence(
            "Intervals", "None here", "This forecast has no intervals, so it cannot say how sure it is.", *place
        )
    told, held = [], True
    if math.isfinite(share):
        held = share >= view.level - HELD
        told.append(
            f"It gives each customer a range that should hold the purchases that follow {percent(view.level, 0)} of "
            f"the time; it held {percent(share, 0)}{_side(share, view.level)}."
        )
    total_held = all(table["inside"].astype(bool).all() for table in totals.values())
    if totals:
        told.append(_total_intervals(totals))
    short = {
        (True, True): "Ranges hold",
        (True, False): "Ranges hold for customers, not for the total",
        (False, True): "Ranges are too narrow for customers",
        (False, False): "Ranges are too narrow",
    }[held, total_held]
    words = [*told, *_widened(totals.get("purchases"), total_held)]
    return Sentence("Intervals", short, " ".join(words), *place)


def rivals(view: Selection) -> Sentence:
    """Whether a simple rule, machine learning or another model does visibly better."""
    about, place = "Against other forecasts", ("#rivals", "all forecasts side by side")
    compared = {each for quantity in view.quantities for each in view.differences(quantity, "gini")["forecaster"]}
    if not compared:
        return Sentence(about, "Nothing to compare", "There was no other forecast to compare with.", *place)
    found = {kinds: ahead for kinds in OTHERS if (ahead := beaten(view, *kinds))}
    first = next(iter(found), None)
    short = f"{OTHERS[first][0]} better in {measures(found[first], view.quantities)}" if first else "Not beaten"
    if rules := found.pop(("rule",), []):
        told = [f"A simple rule was visibly better: {by_name(rules)}."]
    else:
        told = ["No simple rule was visibly better, by 1% or more, in total, ranking or error per customer."]
    if found:
        of = listed([OTHERS[kinds][1] for kinds in found])
        ahead = best([better for each in found.values() for better in each])
        told.append(f"The best of {of}, visibly better: {by_name(ahead)}.")
    if first and len(view.cutoffs) > 1:
        told.append(f"These are averages over {len(view.cutoffs)} cuts.")
    return Sentence(about, short, " ".join(told), *place)


def not_for(view: Selection) -> Sentence:
    """What it must not be used for, with the numbers of this log where they say so."""
    facts = view.facts
    told = ["Do not use it to choose whom a call or a campaign would persuade: it tells who is likely to buy anyway."]
    row = view.row("purchases")
    if row is not None and math.isfinite(row["rmse"]):
        told.append(
            "Promise nothing about a single customer: such a forecast is typically off by "
            f"{significant(row['rmse'], 2)} purchases, where the average customer made "
            f"{significant(row['actual'] / row['customers'], 2)}."
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


def why_not_mae(scores: pd.DataFrame, model: str, title: str) -> str:
    """Why the mean absolute error is listed and not headlined, with this table's own example if it has one."""
    told = (
        "The mean absolute error (MAE) is listed but not headlined: the forecast that makes it least is that of the "
        "median customer, so that where most buy nothing, it rewards forecasting nothing"
    )
    errors = scores[scores["quantity"] == "purchases"].set_index("forecaster")["mae"]
    if not {"zero", model} <= set(errors.index) or not errors["zero"] < NEAR * errors[model]:
        return f"{told}."
    zero, its = (significant(float(errors[name]), 3) for name in ("zero", model))
    return f"{told}. Here “zero” for everybody gets {zero}, and {title} {its}."


# ---- use -----------------------------------------------------------------------------------------------------


def _trust(view: Selection) -> str:
    """How far to go by the order of customers, in a few words."""
    row = view.row("purchases")
    if row is None or not math.isfinite(row["gini"]):
        return "No order of customers to go by"
    if row["gini"] >= FAIR:
        return "Go by its order of customers" + ("" if row["gini"] >= WELL else ", with care")
    return "Do not go by its order of customers"


def _missed(misses: dict[str, list[float]]) -> str:
    """The largest error of a total, in a few words."""
    errors = [bias for each in misses.values() for bias in each]
    if not errors:
        return "cannot be judged"
    worst, upto = max(errors, key=abs), "up to " if len(errors) > 1 else ""
    if min(errors) < 0 < max(errors):
        return f"were off by {upto}{percent(abs(worst))}"
    return f"were {upto}{off(worst)}"


def _budget(misses: dict[str, list[float]], view: Selection) -> list[str]:
    """What a budget has to allow for, as far as the cuts tell: as a share of the forecast, which is what is known."""
    allowed = []
    for quantity, errors in misses.items():
        # An error is a share of what happened: of a forecast that was 20% too low, a quarter came on top.
        beside = [1 / (1 + bias) - 1 for bias in errors if bias > -1]
        if not beside:
            continue
        less, more = percent(max(-min(beside), 0)), percent(max(*beside, 0))
        parts = [f"{less} {LESS[quantity]}"] * (min(beside) < 0) + [f"{more} more"] * (max(beside) > 0)
        allowed.append(f"{' to '.join(parts) or 'no more'} {quantity}")
    if not allowed:
        return []
    cuts = f"after the worst of {len(view.cutoffs)} cuts" if len(view.cutoffs) > 1 else "after the one cut"
    told = f"In a budget for these customers and the next {view.horizon}, allow for {listed(allowed)} than forecast"
    return [f"{told}: so it came {cuts}. Further ahead is not tried on this page."]


def _take(view: Selection) -> list[str]:
    """Which forecast to take for the total, and which for the order of customers."""
    metrics = [
        metric for metric in ("bias", "gini") if any(len(view.differences(of, metric)) for of in view.quantities)
    ]
    found = best([better for kinds in OTHERS for better in beaten(view, *kinds)])
    taken: dict[str, list[str]] = {}
    left = []
    for words in [COMPARED[metric] for metric in metrics]:
        names = {better.quantity: better.name for better in found if better.words == words}
        for name in dict.fromkeys(names.values()):
            of = [quantity for quantity in view.quantities if names.get(quantity) == name]
            taken.setdefault(name, []).append(_whole(words, of, view))
        if rest := [quantity for quantity in view.quantities if quantity not in names]:
            left.append(_whole(words, rest, view))
    told = []
    if taken:
        parts = listed([f"“{name}” for {listed(each)}" for name, each in taken.items()])
        told.append(f"Take {parts}: {'it was' if len(taken) == 1 else 'they were'} visibly better.")
    if left:
        told.append(f"For {listed(left)} no other was visibly better.")
    return told


def _whole(words: str, quantities: list[str], view: Selection) -> str:
    """A measure: of a quantity, where it is not of each there is."""
    return f"the {words}" if quantities == view.quantities else f"the {words} of {listed(quantities)}"


# ---- level ---------------------------------------------------------------------------------------------------


def _total(quantity: str, row: Row, view: Selection, first: bool) -> str:
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


def _between(errors: list[float]) -> str:
    """From the smallest to the largest error in words: 5.3% to 19.1% too low."""
    low, high = min(errors), max(errors)
    if low < 0 < high:
        return f"{percent(-low)} too low to {percent(high)} too high"
    near, far = sorted(errors, key=abs)[:: len(errors) - 1]
    return off(far) if percent(abs(near)) == percent(abs(far)) else f"{percent(abs(near))} to {off(far)}"


def _worth(value: Frame | None) -> str:
    """What all customers are worth, where values are given."""
    if value is None or not math.isfinite(total := summarize_value(value).total):
        return ""
    told = f" All lifetime values come to {significant(total)}, over a horizon of their own"
    return f"{told}, and are no surer than these totals."


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


def _hindsight(view: Selection, quantity: str) -> list[str]:
    """What the tenth that came to do most made, if the table says so."""
    gain = view.at["gain"]
    best = gain[(gain["forecaster"] == "perfect") & (gain["quantity"] == quantity)]
    tenth = best[(best["share_of_customers"] - 0.1).abs() < 1e-9]
    return [percent(float(tenth["captured"].iloc[0]), 0)] if len(tenth) == 1 else []


# ---- intervals -----------------------------------------------------------------------------------------------


def _side(share: float, asked: float) -> str:
    """What it means that coverage is not what was asked for."""
    if share < asked - HELD:
        return ", too few"
    return ", which is on the safe side" if share > asked + HELD else ""


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
        "Do not quote it: it allows for chance, not for a change of times. Quote how far totals were off. How much "
        "wider it should be, too few earlier forecasts tell."
    )
    return [told]
