"""Measure how often customers' 90% intervals hold, by past purchases: `customer_intervals.py --output FILE [LOG ...]`.

Three cutoffs per log, at 50, 60 and 70% of it, and a horizon of a third of the log, or of what remains; the best
forecaster of three processes, and BG/NBD for comparison. Counts are whole numbers, so that their intervals hold more
than their nominal share; the share of randomized PIT values between .05 and .95 has no such excess. Logs and their
folder are those of total_errors.py. The result is customer_intervals.csv.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from best_forecaster import PROCESSES, SHARES
from total_errors import SHARED_DATA, StudyLog, study_logs

import clvmodels as clv
from clvmodels.estimators.prediction import customer_keys
from clvmodels.forecasting.customer_spread import predict_outcomes
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.intervals import customer_generator

MOST_CUSTOMERS = 3_000
CLASSES = (0, 1, 2, 4, 8)  # fewest past repeat purchases
LEVEL, DRAWS, SEED = 0.9, 200, 0


def draws_of_best(best: clv.BestForecaster, history: KnownHistory, length: float, rows: np.ndarray) -> np.ndarray:
    """Return outcomes of some customers by the best forecaster, (draws, rows)."""
    forecast, total = best.forecast(history, length), best.total(history, length)
    prediction = predict_outcomes(history.rfm, forecast, best.learned_["purchases"].spread, total, None)
    draw, keyed, keys = prediction.outcome(SEED, DRAWS), customer_generator(SEED), customer_keys(history.rfm)
    columns = list(prediction.columns.values())
    return np.stack([draw(keyed(int(keys[i])), *(values[i] for values in columns)) for i in rows], axis=1)


def case(study: StudyLog, cutoff: int, horizon: int) -> list[dict[str, object]]:
    """Return the coverage of each forecaster and class at one cutoff."""
    history = study.history(cutoff)
    split = history.follow(cutoff + horizon)
    best = clv.BestForecaster([make() for make in PROCESSES.values()]).fit(history, split.horizon)
    process = clv.BGNBD().fit(history.rfm)
    generator = np.random.default_rng(SEED)
    rows = np.sort(generator.permutation(len(history.rfm))[:MOST_CUSTOMERS])
    drawn = {
        "best": draws_of_best(best, history, split.horizon, rows),
        "bgnbd": process.outcomes(history.rfm, split.horizon, DRAWS, generator)[:, rows],
    }
    actual, group = split.purchases[rows], np.searchsorted(CLASSES, history.rfm.frequency[rows], side="right") - 1
    found = []
    for forecaster, outcomes in drawn.items():
        lower, upper = np.quantile(outcomes, [0.05, 0.95], axis=0, method="inverted_cdf")
        inside = (lower <= actual) & (actual <= upper)
        below, equal = (outcomes < actual).mean(axis=0), (outcomes == actual).mean(axis=0)
        pit = below + generator.random(len(rows)) * equal
        central = np.abs(pit - 0.5) < 0.5 * LEVEL
        for i, fewest in enumerate(CLASSES):
            here = group == i
            shown = {"shop": study.shop, "log": study.name, "cutoff": history.observation_end, "forecaster": forecaster}
            shown |= {"past_purchases": fewest, "customers": int(here.sum())}
            shown |= {"inside": inside[here].mean(), "pit_inside": central[here].mean()} if here.any() else {}
            found.append(shown)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output")
    parser.add_argument("logs", nargs="*")
    arguments = parser.parse_args()
    rows = []
    for study in study_logs(SHARED_DATA):
        if arguments.logs and study.name not in arguments.logs:
            continue
        log = study.log
        length = log.last_tick - log.first_tick
        for share in SHARES:
            cutoff = log.first_tick + round(share * length)
            rows += case(study, cutoff, min(length // 3, log.last_tick - cutoff))
    table = pd.DataFrame(rows)
    for share in ("inside", "pit_inside"):
        table[f"weighted_{share}"] = table[share] * table["customers"]
    for keys in (["forecaster", "past_purchases"], ["forecaster", "log", "past_purchases"]):
        sums = table.groupby(keys)[["customers", "weighted_inside", "weighted_pit_inside"]].sum()
        for share in ("inside", "pit_inside"):
            sums[share] = sums.pop(f"weighted_{share}") / sums["customers"]
        print(sums.round(3).to_string())
    if arguments.output:
        table.drop(columns=["weighted_inside", "weighted_pit_inside"]).round(4).to_csv(arguments.output, index=False)


if __name__ == "__main__":
    main()
