"""Compare the best forecaster with processes and benchmarks on public logs: `best_forecaster.py [OPTIONS] [LOG ...]`.

Three cutoffs per log, at 50, 60 and 70% of it, and a horizon of a third of the log, or of what remains; with --other
at 45, 55 and 75%, and half of that horizon. With --clock, the best forecaster uses calendar="auto" and the outages
that a log shows up to the cutoff, and everything else stays in plain time; where a log shows neither, there is no
row. The reference class of the total's interval, and the constant of the best customers' correction, leave out the
shop that is forecast. The logs and their folder are those of total_errors.py. Rows go to the file of --output as they
are made; `--summary FILE ...` prints the tables of such files.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from total_errors import CLOCK, SHARED_DATA, StudyLog, study_logs

import clvmodels as clv
from clvmodels.forecasting import customer_shares, process_total
from clvmodels.forecasting.customer_shares import TopCustomers, learn_top
from clvmodels.forecasting.seasons.calendar_choice import CalendarOption, choose_calendar
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.totals.reference_class import reference_class
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.profiling.daily_purchases import observe
from clvmodels.profiling.outages import examine_outages
from clvmodels.validation.backtest.forecasters import default_forecasters
from clvmodels.validation.tables.metrics import METRICS

SHARES, OTHER_SHARES = (0.5, 0.6, 0.7), (0.45, 0.55, 0.75)
PROCESSES = {"bgnbd": clv.BGNBD, "mbgnbd": clv.MBGNBD, "pareto_nbd": clv.ParetoNBD}
SIMPLE = ("bgnbd", "pareto_nbd", "own_rate", "population_mean", "last_period", "zero")
LEVEL = 0.9
RESAMPLES, SEED = 200, 0
# The constant LASTING_VARIANCE as the other shops have it; `--summary` of all cases prints it. The apparel shop has too
# few customers for a correction.
WITHOUT_SHOP = {"cdnow": 0.0081, "uci_online_retail": 0.0081, "complete_journey": 0.0141, "grocery": 0.0129}
WINS = ("rmse_wins", "gini_wins", "rmse_beats_bgnbd", "gini_beats_bgnbd")
SHOWN = (*WINS, "within_10_best", "within_10_bgnbd", "inside", "half_width", "score", "score_other_shops")


def calendar_of(history: KnownHistory, ticks: int) -> CalendarOption:
    """Return what the log shows up to the cutoff: a season if `choose_calendar` takes one, and its outages."""
    outages = examine_outages(observe(history.purchase_log, history.cutoff)).periods
    season = choose_calendar(history, ticks).calendar
    return (season or clv.Calendar()).with_periods(*outages) if outages else season


def case(study: StudyLog, cutoff: int, horizon: int, *, clock: bool) -> Iterator[dict[str, object]]:
    """Yield the scores of every forecaster at one cutoff, one row per quantity."""
    started = time.process_time()
    history = study.history(cutoff)
    split = history.follow(cutoff + horizon)
    length = split.horizon
    spend = clv.GammaGamma() if history.has_money else None
    models = [make() for make in PROCESSES.values()]
    calendar = calendar_of(history, horizon) if clock else None
    if clock and calendar is None:
        return
    learners = default_forecasters(models, spend, boosted_trees=not clock, money=spend is not None)
    forecasters = {each.id.split("+")[0]: each for each in learners}
    forecasters["best"] = clv.BestForecaster(models, spend, calendar=calendar)

    lasting = mock.patch.object(customer_shares, "LASTING_VARIANCE", WITHOUT_SHOP.get(study.shop, 0.0))

    def without_shop(quantity: str, process: str | None = None) -> object:
        return reference_class(quantity, process, without=[study.shop])

    with mock.patch.object(process_total, "reference_class", without_shop), lasting:
        fitted = {name: each.fit(history, length) for name, each in forecasters.items()}
        made = {name: each.forecast(history, length) for name, each in fitted.items()}
        best = fitted["best"]
        made["without_top"] = without_top(best).forecast(history, length)
        totals = {quantity: best.total(history, length, quantity) for quantity in best.learned_}
        days = length * CLOCK.days_per_unit
        alone = {
            quantity: replace(best.learned_[quantity].totals, windows=()).at(total.expected, days)
            for quantity, total in totals.items()
        }
    for quantity, total in totals.items():
        actual = split.purchases.astype(float) if quantity == "purchases" else split.spend
        means = {
            name: np.nan_to_num(forecast.mean)
            for name, forecast in ((name, each.of(quantity)) for name, each in made.items())
            if forecast is not None and forecast.mean is not None
        }
        scores = {
            f"{metric}_{name}": METRICS[metric].function(actual, mean)
            for metric in ("bias", "rmse", "gini")
            for name, mean in means.items()
        }
        used = "+".join(trial.candidate for trial in best.learned_[quantity].trials if trial.visible)
        yield (
            {"shop": study.shop, "quantity": quantity, "cutoff": CLOCK.describe_tick(cutoff)}
            | {"days": horizon, "calendar": "none" if calendar is None else str(calendar)}
            | {"used": used, "process": best.process_, "actual": float(actual.sum())}
            | interval_scores(total, float(actual.sum()))
            | {f"{name}_other_shops": each for name, each in interval_scores(alone[quantity], actual.sum()).items()}
            | scores
            | gaps_to_rivals(actual, means)
            | best_customers(best.learned_[quantity].top, actual, means["without_top"])
            | {"seconds": round(time.process_time() - started, 1)}
        )


def without_top(best: clv.BestForecaster) -> clv.BestForecaster:
    """Return the forecaster without the correction of the best customers' forecasts."""
    other = copy(best)
    other.learned_ = {name: replace(each, top=TopCustomers()) for name, each in best.learned_.items()}
    return other


def best_customers(top: TopCustomers, actual: np.ndarray, mean: np.ndarray) -> dict[str, object]:
    """Return the best customers' ratio in earlier windows, and that after the cutoff by uncorrected forecasts."""
    after = learn_top([actual], [mean]).ratio
    figures = {"ratio": top.ratio, "error": top.standard_error, "slope": top.slope, "ratio_after": after}
    return {f"top_{name}": value for name, value in figures.items()}


def lasting_variances(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean product of ratios of each shop, and the mean over the other shops, weighted equally."""
    used = table[table["top_error"] > 0]
    of_shop = (used["top_ratio"] * used["top_ratio_after"]).groupby(used["shop"]).mean()
    others = (of_shop.sum() - of_shop) / (len(of_shop) - 1)
    return pd.DataFrame({"product": of_shop, "without the shop": others, "all": of_shop.mean()})


def gaps_to_rivals(actual: np.ndarray, means: dict[str, np.ndarray]) -> dict[str, object]:
    """Return how much better the best forecaster is than the best simple one, and the standard error by bootstrap.

    The gap in RMSE is relative, that in the Gini a difference; both are positive if the best forecaster is better. The
    standard error is of the difference between the same two on resampled customers.
    """
    generator, found = np.random.default_rng(SEED), {}
    samples = [generator.integers(len(actual), size=len(actual)) for _ in range(RESAMPLES)]
    for metric, sign in (("rmse", -1), ("gini", 1)):
        score = METRICS[metric].function
        scores = {name: sign * score(actual, means[name]) for name in SIMPLE}
        rival = max(scores, key=scores.__getitem__)
        unit = sign * (score(actual, means[rival]) if metric == "rmse" else 1.0)
        everyone, *others = (
            (score(actual[rows], means["best"][rows]) - score(actual[rows], means[rival][rows])) / unit
            for rows in (slice(None), *samples)
        )
        found |= {f"{metric}_rival": rival, f"{metric}_gap": everyone, f"{metric}_gap_error": np.std(others)}
    return found


def interval_scores(total: TotalInterval, actual: float) -> dict[str, object]:
    """Return the ends of an interval, whether it holds, its half-width on the log scale and its score.

    The interval score (Gneiting & Raftery 2007, section 6.2) is relative to what the process expects.
    """
    lower, upper = total.interval(LEVEL)
    missed = max(lower - actual, actual - upper, 0.0)
    score = (upper - lower + 2 / (1 - LEVEL) * missed) / total.expected
    half_width = np.log(upper / lower) / 2 if lower > 0 else np.inf
    return {"lower": lower, "upper": upper, "inside": missed == 0, "half_width": half_width, "score": score}


def judge(table: pd.DataFrame) -> pd.DataFrame:
    """Add whether the best forecaster is better than all simple ones, and whether totals are within 10%."""
    for metric, better in (("rmse", np.less), ("gini", np.greater)):
        others = table[[f"{metric}_{name}" for name in SIMPLE]]
        ends = others.min(axis=1) if metric == "rmse" else others.max(axis=1)
        table[f"{metric}_wins"] = better(table[f"{metric}_best"], ends)
        table[f"{metric}_beats_bgnbd"] = better(table[f"{metric}_best"], table[f"{metric}_bgnbd"])
    for name in ("best", "bgnbd"):
        table[f"within_10_{name}"] = table[f"bias_{name}"].abs() <= 0.1
    return table


def with_clock(plain: pd.DataFrame, clock: pd.DataFrame) -> pd.DataFrame:
    """Return the cases with the clock on: those of the second table, and of the first where nothing was found."""
    keys = ["log", "quantity", "cutoff"]
    found = pd.MultiIndex.from_frame(clock[keys])
    return pd.concat([plain[~pd.MultiIndex.from_frame(plain[keys]).isin(found)], clock], ignore_index=True)


def summarize(files: list[Path]) -> None:
    """Print counts over cases, means over shops weighted equally, and every benchmark; of two files also the clock."""
    tables = {file.name: pd.read_csv(file) for file in files}
    if len(files) == 2:
        tables[f"{files[0].name} with {files[1].name}"] = with_clock(*tables.values())
    for name_of_table, plain in tables.items():
        table = judge(plain)
        one = table[table["log"] != "cdnow"] if "cdnow_sample" in set(table["log"]) else table
        print(f"\n{name_of_table}: {len(one)} cases without the whole of CDNOW, {len(table)} with it")
        print(one[list(SHOWN[:7])].sum().to_string())
        print(near_ties(one).to_string())
        print(lasting_variances(one).round(4).to_string())
        shops = table.groupby(["quantity", "shop"])[list(SHOWN)].mean()
        print(shops.round(3).to_string())
        print(shops.groupby("quantity").mean().round(3).T.to_string())
        ids = [name.removeprefix("gini_") for name in table if name.startswith("gini_") and name[5:] not in WINS_ENDS]
        rows = {
            (quantity, name): {
                "error of total": some[f"bias_{name}"].abs().mean(),
                "RMSE of best lower": (some["rmse_best"] < some[f"rmse_{name}"]).mean(),
                "Gini of best higher": (some["gini_best"] > some[f"gini_{name}"]).mean(),
                "cases": some[f"gini_{name}"].notna().sum(),
            }
            for quantity, some in one.groupby("quantity")
            for name in ids
        }
        print(pd.DataFrame(rows).T.round(3).to_string())


def near_ties(table: pd.DataFrame) -> pd.DataFrame:
    """Return in how many cases the best forecaster is better or worse than the best simple one, visibly or not."""
    columns = {}
    for metric in ("rmse", "gini"):
        gap, error = table[f"{metric}_gap"], table[f"{metric}_gap_error"]
        columns[metric] = {
            "better by more than a standard error": (gap > error).sum(),
            "better": ((gap > 0) & (gap <= error)).sum(),
            "worse": ((gap <= 0) & (gap >= -error)).sum(),
            "worse by more than a standard error": (gap < -error).sum(),
        }
    return pd.DataFrame(columns)


WINS_ENDS = ("wins", "beats_bgnbd", "rival", "gap", "gap_error")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--other", action="store_true")
    parser.add_argument("--clock", action="store_true")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--summary", nargs="+", type=Path)
    parser.add_argument("logs", nargs="*")
    arguments = parser.parse_args()
    if arguments.summary:
        summarize(arguments.summary)
        return
    rows: list[dict[str, object]] = []
    for study in study_logs(SHARED_DATA):
        if arguments.logs and study.name not in arguments.logs:
            continue
        log = study.log
        length = log.last_tick - log.first_tick
        for share in OTHER_SHARES if arguments.other else SHARES:
            cutoff = log.first_tick + round(share * length)
            horizon = min(length // 3, log.last_tick - cutoff)
            horizon = horizon // 2 if arguments.other else horizon
            for row in case(study, cutoff, horizon, clock=arguments.clock):
                rows.append({"log": study.name} | row)
                short = {key: rows[-1][key] for key in ("log", "quantity", "cutoff", "calendar", "used", "seconds")}
                print(short, {key: round(float(row[key]), 3) for key in ("bias_bgnbd", "bias_best")}, flush=True)
                if arguments.output:
                    pd.DataFrame(rows).to_csv(arguments.output, index=False, float_format="%.6g")


if __name__ == "__main__":
    main()
