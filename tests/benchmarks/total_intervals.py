"""Compare intervals of totals on public logs: `total_intervals.py [measure [FOLDER [LOG ...]]]`.

With `measure`, models are fitted at six cutoffs of each log of total_errors.py (or of some of them) and at three
earlier windows each, and the totals are written to total_intervals.json in this folder; it takes some minutes.
Without, the 90 % intervals of these totals are computed and compared by shop: the model's own interval, the reference
class alone (other shops' errors), and the reference class joined with the earlier windows of the log. The reference
class never has the shop that is forecast.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from total_errors import MODELS, SHARED_DATA, StudyLog, expected_totals, study_logs, totals

import clvmodels as clv
from clvmodels.errors import FitFailed, InvalidRFM
from clvmodels.inference.totals.learned_level import WindowTotal
from clvmodels.inference.totals.reference_class import reference_class
from clvmodels.inference.totals.total_interval import TotalInterval, total_interval

CASES = Path(__file__).with_suffix(".json")
# Share of a log up to the cutoff, and share of it that is forecast.
CUTOFFS = {
    "three cutoffs": {0.5: 1 / 3, 0.6: 1 / 3, 2 / 3: 1 / 3},
    "other cutoffs": {0.45: 1 / 6, 0.55: 1 / 6, 0.75: 1 / 6},
}
PROCESSES = ("bgnbd", "mbgnbd")
WINDOWS, LARGEST_SHARE = 3, 3  # a window is a third of the calibration period at most, and begins half a window earlier
LEVEL = 0.9


def measure(folder: Path, names: list[str]) -> list[dict[str, Any]]:
    """Return one case for each log, cutoff, process and quantity; those of other logs than `names` as they were."""
    cases: list[dict[str, Any]] = []
    before = json.loads(CASES.read_text(encoding="utf-8")) if names else []
    for study in study_logs(folder):
        if names and study.name not in names:
            cases += [case for case in before if case["log"] == study.name]
            continue
        log = study.log
        length = log.last_tick - log.first_tick
        for cutoffs, shares in CUTOFFS.items():
            for known, ahead in shares.items():
                cutoff, horizon = log.first_tick + int(known * length), int(ahead * length)
                past = {process: list(_windows(study, cutoff, horizon, process)) for process in PROCESSES}
                models = {process: MODELS[process] for process in PROCESSES}
                for total in totals(study, cutoff, [horizon], models):
                    windows = [window[total.quantity] for window in past[total.process]]
                    row = (
                        {"shop": study.shop, "log": study.name, "cutoffs": cutoffs}
                        | total._asdict()
                        | {"windows": windows}
                    )
                    cases.append(row)
                print(f"{study.name}, {total.cutoff}: {len(cases)} cases", flush=True)
    return cases


def _windows(study: StudyLog, cutoff: int, horizon: int, process: str) -> Iterator[dict[str, list[float]]]:
    """Yield begin, end (days relative to the cutoff), actual and expected total by quantity, latest window first."""
    history = study.history(cutoff)
    first = history.purchase_log.first_tick
    length = min(horizon, (cutoff - first) // LARGEST_SHARE)
    for i in range(WINDOWS):
        end = cutoff - i * (length // 2)
        if end - length - first < length:
            return
        split = history.earlier(end - length).follow(end)
        try:
            model = MODELS[process]().fit(split.calibration)
        except (FitFailed, InvalidRFM):
            continue
        ends = [end - length - cutoff, end - cutoff]
        spend = None if split.spend is None else clv.GammaGamma().fit(split.calibration)
        actual = {"purchases": split.purchases.sum(), "money": 0.0 if split.spend is None else split.spend.sum()}
        expected = expected_totals(model, spend, split.calibration, length)
        window = {
            quantity: [*ends, round(float(actual[quantity]), 2), round(total, 2)]
            for quantity, total in expected.items()
        }
        yield window


def intervals(case: dict[str, Any]) -> dict[str, TotalInterval]:
    """Return the intervals of a total by how they are made; other shops are all but the one of the case."""
    reference = reference_class(case["quantity"], case["process"], without=[case["shop"]])
    windows = [WindowTotal(*window) for window in case["windows"]]
    how = {name: case[name] for name in ("chance", "parameters", "order_value")} | {"reference": reference}
    total, days = case["expected"], case["horizon_days"]
    return {
        "model's own": total_interval(total, 100_000, **how, rule="none"),
        "reference class alone": total_interval(total, days, **how),
        "joined, level not learned": total_interval(total, days, **how, windows=windows, rule="none"),
        "joined, level by weeks": total_interval(total, days, **how, windows=windows, rule="weeks"),
        "joined, level by spread": total_interval(total, days, **how, windows=windows),
    }


def score(case: dict[str, Any], total: TotalInterval) -> dict[str, float]:
    """Return whether an interval holds, its half-width and its score relative to the expected total.

    The interval score is the width plus 2 / alpha times the distance of a total outside: Gneiting & Raftery (2007),
    Journal of the American Statistical Association 102, 359-378, section 6.2.
    """
    (lower, upper), actual, expected = total.interval(LEVEL), case["actual"], case["expected"]
    missed = max(lower - actual, actual - upper, 0.0)
    return {
        "coverage": float(missed == 0),
        "half-width": (upper - lower) / 2 / expected,
        "score": (upper - lower + 2 / (1 - LEVEL) * missed) / expected,
        "off": abs(total.point / actual - 1),
        "within 10 %": float(abs(total.point / actual - 1) <= 0.1),
    }


def compare(cases: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the scores of each case and each interval."""
    keys = ("shop", "log", "cutoffs", "cutoff", "process", "quantity", "horizon_days")
    rows = [
        {key: case[key] for key in keys} | {"interval": how} | score(case, total)
        for case in cases
        for how, total in intervals(case).items()
    ]
    return pd.DataFrame(rows)


def by_shop(scores: pd.DataFrame, measure_name: str) -> pd.DataFrame:
    """Return the mean of a measure by shop, and over shops weighted equally."""
    shops = scores.groupby(["quantity", "process", "interval", "shop"], sort=False)[measure_name].mean().unstack("shop")
    return shops.assign(shops=shops.mean(axis=1)).sort_index(level=[0, 1], sort_remaining=False, ascending=False)


def main() -> None:
    """Measure the cases if asked to, and print the comparison."""
    if sys.argv[1:2] == ["measure"]:
        cases = measure(Path(sys.argv[2]) if len(sys.argv) > 2 else SHARED_DATA, sys.argv[3:])
        CASES.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n", encoding="utf-8")
    scores = compare(json.loads(CASES.read_text(encoding="utf-8")))
    pd.set_option("display.width", 200)
    for cutoffs, some in [("all cutoffs", scores), *scores.groupby("cutoffs", sort=False)]:
        for name in ("coverage", "half-width", "score", "off", "within 10 %"):
            print(f"\n{name}, {cutoffs}\n{by_shop(some, name).round(2).to_string()}")


if __name__ == "__main__":
    main()
