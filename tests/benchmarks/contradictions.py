"""Reports on simulated and real logs, each checked for findings that contradict each other.

Run as `python tests/benchmarks/contradictions.py [NUMBER]`; it prints one line per report, and every contradiction.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any
from unittest.mock import patch

import pandas as pd

import clvmodels as clv
from clvmodels.reporting.contradictions import find_contradictions

SIMULATED = 200
PROCESSES = {
    "bgnbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "pareto_nbd": {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67},
    "nbd": {"r": 0.5, "alpha": 8.0},
}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
CHANGES = (1.0, 1.0, 0.5, 1.8)  # share of the purchases of the last half year that remain, or are repeated


def simulated(number: int) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield logs: customers of a process, some with a change of times that no model can know."""
    kinds = _endless(product(PROCESSES, CHANGES, (None, SPEND)))
    for i, (process, change, spend) in zip(range(number), kinds, strict=False):
        log = clv.simulate_log(
            300 + 50 * (i % 7), PROCESSES[process], spend, process=process, last_arrival="2020-06-30", random_state=i
        )
        amount = {} if spend is None else {"amount": "amount"}
        yield f"{process}, change {change:g}", _changed(pd.DataFrame(log), change, i), amount


def _endless(items: Any) -> Iterator[Any]:
    kept = list(items)
    while True:
        yield from kept


def _changed(log: pd.DataFrame, change: float, seed: int) -> pd.DataFrame:
    """Return a log in which the second half has fewer purchases, or some of them twice, a day later."""
    log = log.assign(date=pd.to_datetime(log["date"]))
    late = log["date"] > log["date"].min() + (log["date"].max() - log["date"].min()) * 0.66
    if change < 1:
        return log[~late | (log.index.to_series().sample(frac=1, random_state=seed).rank(pct=True) < change)]
    again = log[late].sample(frac=change - 1, random_state=seed)
    return pd.concat([log, again.assign(date=again["date"] + pd.Timedelta(days=1))], ignore_index=True)


def real() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield ten parts of two real logs, each with two horizons."""
    cdnow = clv.datasets.load_cdnow()
    for part, horizon in product(range(10), ("13 weeks", "26 weeks")):
        ids = cdnow["customer_id"].astype(str).str[-1] == str(part)
        yield "CDNOW", cdnow[ids], {"amount": "amount", "horizon": horizon}


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else SIMULATED
    pages: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    with patch("clvmodels.reporting.plots.to_svg", lambda *arguments, **options: "<svg></svg>"):
        for logs in (simulated(number), real()):
            for kind, log, options in logs:
                page = clv.report(
                    log, models=[clv.MBGNBD(), clv.BGNBD()], cutoffs=2, **{"horizon": "13 weeks"} | options
                )
                contradictions = find_contradictions(page.findings)
                pages[kind] += 1
                wrong[kind] += bool(contradictions)
                for each in contradictions:
                    print(
                        f"  {kind}: {each.rule}: " + " | ".join(finding.text for finding in each.findings), flush=True
                    )
                print(f"{kind}: {pages[kind]} reports, {wrong[kind]} with contradictions", flush=True)


if __name__ == "__main__":
    main()
