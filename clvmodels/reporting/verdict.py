"""The verdict on a forecast in plain words: pure functions of the score table that return sentences."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from clvmodels.reporting.wording import count, fixed, percent, significant
from clvmodels.validation.rivals import RIVALS

__all__ = ["TIE_RULE", "Verdict", "error_in_words", "judge", "level_in_words", "ranking_in_words", "why_not_mae"]

Outcome = Literal["better", "no different", "worse"]
Row = dict[str, Any]

SAME_LEVEL, SAME_GINI, SAME_ERROR = 0.01, 0.01, 0.01
TIE_RULE = (
    "Differences below one percentage point of bias, 0.01 of Gini or 1% of RMSE are called none. "
    "The comparison is with whichever simple rule does best on that measure."
)
UNITS = {"purchases": "purchases per customer", "money": "per customer, in money"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the holdout period says of one model's forecast of one quantity.

    Attributes
    ----------
    forecast, quantity : str
    headline : str
        One sentence: better, no different or worse than simple rules, and in what.
    level, ranking, error : str
        A sentence or two each, with the numbers.
    """

    forecast: str
    quantity: str
    headline: str
    level: str
    ranking: str
    error: str


def judge(scores: pd.DataFrame) -> list[Verdict]:
    """A verdict for each model and quantity of `Validation.scores`, in the order of the table."""
    verdicts = []
    for quantity in scores["quantity"].unique():
        rows: list[Row] = scores[scores["quantity"] == quantity].to_dict("records")
        rivals = [row for row in rows if row["forecast"] in RIVALS]
        verdicts += [_verdict(row, rivals) for row in rows if row["forecast"] not in RIVALS]
    return verdicts


def level_in_words(model: Row, rivals: list[Row]) -> str:
    """The forecast's total beside what happened, and beside the rule that comes closest."""
    unit = model["quantity"]
    if not math.isfinite(model["bias"]):
        return f"There were no {unit} in the holdout period, so the total cannot be judged."
    places = 0 if max(abs(model["predicted"]), abs(model["actual"])) >= 1000 else 1
    told = (
        f"{fixed(model['predicted'], places)} forecast, {fixed(model['actual'], places)} actual: {_off(model['bias'])}"
    )
    rival = _closest(rivals, _level)
    if rival is None:
        return f"{told}."
    return f"{told}. The closest simple rule, “{rival['forecast']}”, is {_off(rival['bias'])}."


def ranking_in_words(model: Row, rivals: list[Row]) -> str:
    """How well the forecast sorts customers, and whether a simple rule sorts them better."""
    if not math.isfinite(model["gini"]):
        return "All customers did the same in the holdout period, so there was nothing to rank."
    told = f"Normalized Gini {fixed(model['gini'], 3)} (1 is a perfect ranking, 0 none)"
    rival = _closest(rivals, _disorder)
    if rival is None:
        return f"{told}."
    compared = f"the best simple rule, “{rival['forecast']}”, has {fixed(rival['gini'], 3)}"
    outcome = _compare(model, rivals, _disorder, SAME_GINI)
    if outcome == "worse":
        return f"{told}, but {compared}: for sorting customers, that rule would have served better."
    consequence = "the model ranks better" if outcome == "better" else "hardly a difference"
    return f"{told}; {compared}: {consequence}."


def error_in_words(model: Row, rivals: list[Row]) -> str:
    """The root mean squared error beside that of the best rule."""
    told = f"RMSE {significant(model['rmse'], 3)} {UNITS.get(model['quantity'], '')}".rstrip()
    rival = _closest(rivals, _error)
    if rival is None:
        return f"{told}."
    return f"{told}; the best simple rule, “{rival['forecast']}”, has {significant(rival['rmse'], 3)}."


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


def _verdict(model: Row, rivals: list[Row]) -> Verdict:
    outcomes = {
        "total": _compare(model, rivals, _level, SAME_LEVEL),
        "ranking": _compare(model, rivals, _disorder, SAME_GINI),
        "error": _compare(model, rivals, _error, SAME_ERROR, relative=True),
    }
    left_out = max((row["customers"] for row in rivals), default=model["customers"]) - model["customers"]
    level = level_in_words(model, rivals)
    if left_out:
        level += (
            f" {count(left_out)} customers have no forecast and are left out of the model's scores, not of the rules'."
        )
    return Verdict(
        forecast=model["forecast"],
        quantity=model["quantity"],
        headline=_headline(outcomes),
        level=level,
        ranking=ranking_in_words(model, rivals),
        error=error_in_words(model, rivals),
    )


def _headline(outcomes: dict[str, Outcome | None]) -> str:
    """One sentence from the comparisons that could be made."""
    grouped = {
        outcome: [measure for measure, found in outcomes.items() if found == outcome]
        for outcome in ("better", "no different", "worse")
    }
    if not any(grouped.values()):
        return "Nothing to compare it with."
    if len(grouped["better"]) == len(outcomes):
        return "Better than every simple rule in total, ranking and error."
    parts = [f"{outcome} in {' and '.join(found)}" for outcome, found in grouped.items() if found]
    sentence = "; ".join(parts)
    return f"Against the best simple rule: {sentence}."


def _compare(
    model: Row, rivals: list[Row], loss: Callable[[Row], float], same: float, relative: bool = False
) -> Outcome | None:
    """Whether the model's loss is smaller than the smallest of the rivals'; None where that cannot be said."""
    rival = _closest(rivals, loss)
    if rival is None or not math.isfinite(loss(model)):
        return None
    difference = loss(model) - loss(rival)
    if abs(difference) < same * (loss(rival) if relative else 1):
        return "no different"
    return "better" if difference < 0 else "worse"


def _closest(rivals: list[Row], loss: Callable[[Row], float]) -> Row | None:
    """The rival with the smallest loss."""
    return min((row for row in rivals if math.isfinite(loss(row))), key=loss, default=None)


def _level(row: Row) -> float:
    return abs(float(row["bias"]))


def _disorder(row: Row) -> float:
    return -float(row["gini"])


def _error(row: Row) -> float:
    return float(row["rmse"])


def _off(bias: float) -> str:
    """A relative error of the total in words: 14.3% too low."""
    if abs(bias) < 0.0005:
        return "right to the tenth of a percent"
    return f"{percent(abs(bias))} too {'low' if bias < 0 else 'high'}"
