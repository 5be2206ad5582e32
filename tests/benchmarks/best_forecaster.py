"""Compare the best forecaster with processes and rules on public logs: `best_forecaster.py [--other] [LOG ...]`.

Three cutoffs per log, at 50, 60 and 70% of it, and a horizon of a third of the log, or of what remains; with --other at
45, 55 and 75%, and half of that horizon. The reference class of the total's interval leaves out the shop that is
forecast. The logs and their folder are those of total_errors.py.
"""

from __future__ import annotations

import argparse
from unittest import mock

import numpy as np
import pandas as pd
from total_errors import CLOCK, SHARED_DATA, logs

import clvmodels as clv
from clvmodels.forecasting import process_total
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.totals.reference_class import reference_class
from clvmodels.transactions.purchase_log import PurchaseLog
from clvmodels.validation.tables.metrics import METRICS

SHARES, OTHER_SHARES = (0.5, 0.6, 0.7), (0.45, 0.55, 0.75)
PROCESSES = {"bgnbd": clv.BGNBD, "mbgnbd": clv.MBGNBD, "pareto_nbd": clv.ParetoNBD}
BENCHMARKS = ("bgnbd", "pareto_nbd", "own_rate", "population_mean", "last_period", "zero")
LEVEL = 0.9


def case(shop: str, log: PurchaseLog, cutoff: int, horizon: int) -> list[dict[str, object]]:
    """Return the scores of every forecaster at one cutoff, one row per quantity."""
    history = KnownHistory(log, cutoff)
    split = history.followed(cutoff + horizon)
    length = split.horizon
    spend = clv.GammaGamma() if history.has_money else None
    best = clv.BestForecaster([make() for make in PROCESSES.values()], spend).fit(history, length)
    forecasters = {
        name: clv.CustomerModel(make(), clv.GammaGamma() if spend else None) for name, make in PROCESSES.items()
    }
    forecasters |= {name: clv.Rule(name) for name in BENCHMARKS if name not in PROCESSES}
    made = {name: each.fit(history, length).forecast(history, length) for name, each in forecasters.items()}

    def without_shop(quantity: str, process: str | None = None) -> object:
        return reference_class(quantity, process, without=[shop])

    with mock.patch.object(process_total, "reference_class", without_shop):
        made["best"] = best.forecast(history, length)
        intervals = {quantity: best.total(history, length, quantity).interval(LEVEL) for quantity in best.learned_}
    rows = []
    for quantity, (lower, upper) in intervals.items():
        actual = split.purchases.astype(float) if quantity == "purchases" else split.spend
        means = {name: forecast.of(quantity).mean for name, forecast in made.items()}
        scores = {
            f"{metric}_{name}": METRICS[metric].function(actual, np.nan_to_num(mean))
            for metric in ("bias", "rmse", "gini")
            for name, mean in means.items()
        }
        total = float(actual.sum())
        scores |= {"inside": lower <= total <= upper, "half_width": np.log(upper / lower) / 2}
        used = "+".join(trial.candidate for trial in best.learned_[quantity].trials if trial.visible)
        scores |= {"used": used, "process": best.process_}
        rows.append(
            {"shop": shop, "quantity": quantity, "cutoff": CLOCK.describe_tick(cutoff), "actual": total} | scores
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--other", action="store_true")
    parser.add_argument("--output")
    parser.add_argument("logs", nargs="*")
    arguments = parser.parse_args()
    rows = []
    for shop, name, log in logs(SHARED_DATA):
        if arguments.logs and name not in arguments.logs:
            continue
        length = log.last_tick - log.first_tick
        for share in OTHER_SHARES if arguments.other else SHARES:
            cutoff = log.first_tick + round(share * length)
            horizon = min(length // 3, log.last_tick - cutoff)
            horizon = horizon // 2 if arguments.other else horizon
            for row in case(shop, log, cutoff, horizon):
                rows.append({"log": name} | row)
                short = {key: value for key, value in rows[-1].items() if "_" not in str(key)}
                print(short, {key: round(float(row[key]), 3) for key in ("bias_bgnbd", "bias_best")}, flush=True)
    table = pd.DataFrame(rows)
    for metric, better in (("rmse", np.less), ("gini", np.greater)):
        others = table[[f"{metric}_{name}" for name in BENCHMARKS]]
        ends = others.min(axis=1) if metric == "rmse" else others.max(axis=1)
        table[f"{metric}_wins"] = better(table[f"{metric}_best"], ends)
        table[f"{metric}_beats_bgnbd"] = better(table[f"{metric}_best"], table[f"{metric}_bgnbd"])
    for name in ("best", "bgnbd"):
        table[f"within_10_{name}"] = table[f"bias_{name}"].abs() <= 0.1
    shown = ["rmse_wins", "gini_wins", "rmse_beats_bgnbd", "gini_beats_bgnbd", "within_10_best", "within_10_bgnbd"]
    print(table.groupby("quantity")[[*shown, "inside", "half_width"]].agg("mean").round(3).T)
    print(table.groupby(["quantity", "shop"])[[*shown, "inside", "half_width"]].mean().round(3).to_string())
    if arguments.output:
        table.to_csv(arguments.output, index=False)


if __name__ == "__main__":
    main()
