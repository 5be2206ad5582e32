"""Reports on simulated and real logs, each checked for findings that contradict each other.

Run as `python tests/benchmarks/contradictions.py [NUMBER]`; it prints one line per report, and every contradiction, and
writes the counts to contradictions.json.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd

import clvmodels as clv
from clvmodels.reporting.contradictions import find_contradictions
from clvmodels.reporting.report import make_report
from clvmodels.reporting.report_of_log import value_table
from clvmodels.valuation.value_terms import ValueTerms

RESULT = Path(__file__).with_suffix(".json")
SIMULATED = 200
MODELS = [clv.MBGNBD(), clv.BGNBD()]
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
            200 + 50 * (i % 7), PROCESSES[process], spend, process=process, last_arrival="2020-06-30", random_state=i
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
    """Yield ten parts of the sample of CDNOW, each with two horizons."""
    cdnow = clv.datasets.load_cdnow(sample=True)
    for part, horizon in product(range(10), ("13 weeks", "26 weeks")):
        ids = cdnow["customer_id"].astype(str).str[-1] == str(part)
        yield "CDNOW", cdnow[ids], {"amount": "amount", "horizon": horizon}


def findings_of(log: Any, amount: str | None, horizon: str) -> Any:
    """Return the findings of the page of a log from two cutoffs, without the learners, which take most of the time."""
    spend = None if amount is None else clv.GammaGamma()
    options: dict[str, Any] = {"time_unit": "week", "amount": amount}
    result = clv.backtest(
        log, MODELS, spend, horizons=horizon, cutoffs=2, boosted_trees=False, draws=40, sampled=300, **options
    )
    value, basis = None, None
    if spend is not None:
        history = clv.KnownHistory.from_log(log, **options)
        model = clv.CustomerModel(clv.MBGNBD(), spend).fit(history)
        basis = ValueTerms.from_keywords(horizon="12 months", annual_discount_rate=0.1, margin=0.4)
        value = value_table(model, history.rfm, basis)
    profile = clv.profile(log, **options)
    page = make_report(result, value, value_terms=basis, profile=profile, ledger=None, name="", currency="")
    return page.findings


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else SIMULATED
    counts = {"simulated": Counter[str](), "real": Counter[str]()}
    with (
        patch("clvmodels.reporting.report.report_sections", lambda *arguments: []),
        patch("clvmodels.reporting.report.trust_blocks", lambda *arguments: []),
        patch("clvmodels.reporting.report.render", lambda *arguments: ""),
    ):
        for source, logs in (("real", real()), ("simulated", simulated(number))):
            for kind, log, options in logs:
                try:
                    findings = findings_of(log, options.get("amount"), options.get("horizon", "13 weeks"))
                except clv.errors.CLVError as error:
                    counts[source]["refused"] += 1
                    print(f"  {kind}: {error}", flush=True)
                    continue
                contradictions = find_contradictions(findings)
                counts[source]["reports"] += 1
                counts[source]["findings"] += len(findings)
                counts[source]["with contradictions"] += bool(contradictions)
                for each in contradictions:
                    print(f"  {kind}: {each.rule}: " + " | ".join(one.text for one in each.findings), flush=True)
                RESULT.write_text(json.dumps({name: dict(of) for name, of in counts.items()}, indent=1) + "\n")
                print(kind, dict(counts[source]), flush=True)


if __name__ == "__main__":
    main()
