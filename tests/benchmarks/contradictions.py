"""Reports on simulated and real logs, each checked for findings that contradict each other.

Run as `python tests/benchmarks/contradictions.py [FOLDER]`, with the folder of the logs that are not part of the
repository (default: CLVMODELS_REFERENCE_DATA, or ../shared/data). It adds one row per report to contradictions.csv, and
goes on where it stopped.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from functools import partial
from itertools import cycle, islice, product
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pandas as pd
from total_errors import SHARED_DATA, cdnow, grocery, journey, uci

import clvmodels as clv
from clvmodels.reporting.contradictions import find_contradictions
from clvmodels.validation.backtest.backtest import backtest

RESULT = Path(__file__).with_suffix(".csv")
SIMULATED = 200
PARTS = 5  # of each real log, by the last digit of the id
LOGS = {"CDNOW": lambda _: cdnow(), "UCI": uci, "Complete Journey": journey, "grocery": grocery}
MODELS = [clv.MBGNBD(), clv.BGNBD()]
PROCESSES = {
    "bgnbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "pareto_nbd": {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67},
    "nbd": {"r": 0.5, "alpha": 8.0},
}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
CHANGES = (1.0, 1.0, 0.5, 1.8)  # share of the purchases of the last half year that remain, or are repeated
HORIZONS = ("13 weeks", "26 weeks")
PATCHED = ("report_sections", "trust_blocks", "render", "_numbers")  # what findings do not need


class Case(NamedTuple):
    """A log, its columns, and how far to forecast."""

    name: str
    log: Any
    columns: dict[str, str]
    horizon: str


def simulated() -> Iterator[Case]:
    """Yield logs: customers of a process, some with changing conditions that no model can know."""
    kinds = cycle(product(PROCESSES, CHANGES, (None, SPEND)))
    for i, (process, change, spend) in enumerate(islice(kinds, SIMULATED)):
        log = clv.simulate_log(
            200 + 50 * (i % 7), PROCESSES[process], spend, process=process, last_arrival="2020-06-30", random_state=i
        )
        columns = {} if spend is None else {"amount": "amount"}
        name = f"simulated {i}: {process}, change {change:g}{'' if spend is None else ', money'}"
        yield Case(name, _changed(pd.DataFrame(log), change, i), columns, HORIZONS[0])


def _changed(log: pd.DataFrame, change: float, seed: int) -> pd.DataFrame:
    """Return a log in which the second half has fewer purchases, or some of them twice, a day later."""
    log = log.assign(date=pd.to_datetime(log["date"]))
    late = log["date"] > log["date"].min() + (log["date"].max() - log["date"].min()) * 0.66
    if change < 1:
        return log[~late | (log.index.to_series().sample(frac=1, random_state=seed).rank(pct=True) < change)]
    again = log[late].sample(frac=change - 1, random_state=seed)
    return pd.concat([log, again.assign(date=again["date"] + pd.Timedelta(days=1))], ignore_index=True)


def real(folder: Path) -> Iterator[Case]:
    """Yield parts of real logs, by the last digit of the customer's id, with one of two horizons."""
    horizons = cycle(HORIZONS)
    for name, read in LOGS.items():
        log, columns = read(folder)
        ids = log[columns.get("customer_id", "customer_id")].astype("int64")
        for part in range(PARTS):
            yield Case(f"{name}, part {part}", log[ids % 10 == part], columns, next(horizons))


def findings_of(case: Case) -> Any:
    """Return the findings of a report from two cutoffs, without the learners, which take most of the time."""
    cheaper = partial(backtest, boosted_trees=False, draws=40, sampled=300)
    options: dict[str, Any] = {"horizon": case.horizon, "cutoffs": 2, "margin": 0.4} | case.columns
    with (
        patch("clvmodels.reporting.report_of_log.backtest", cheaper),
        patch.multiple("clvmodels.reporting.report", **dict.fromkeys(PATCHED, lambda *_, **__: {})),
    ):
        return clv.report(case.log, models=MODELS, **options).findings


def row_of(case: Case) -> list[Any]:
    """Return the case, its findings, its contradictions, and what they are."""
    try:
        findings = findings_of(case)
    except clv.errors.CLVError as error:
        return [case.name, case.horizon, 0, 0, f"refused: {error}"]
    contradictions = find_contradictions(findings)
    texts = [f"{each.rule}: {' | '.join(one.text for one in each.findings)}" for each in contradictions]
    return [case.name, case.horizon, len(findings), len(contradictions), "; ".join(texts)]


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED_DATA
    is_new = not RESULT.exists()
    done = set() if is_new else set(pd.read_csv(RESULT)["case"])
    with RESULT.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(["case", "horizon", "findings", "contradictions", "which"])
        for cases in (real(folder), simulated()):
            for case in cases:
                if case.name not in done:
                    writer.writerow(row := row_of(case))
                    file.flush()
                    print(*row, flush=True)


if __name__ == "__main__":
    main()
