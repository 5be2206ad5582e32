"""One measured process: `worker.py SYSTEM LOG STAGES` prints its timings and peak memory as JSON.

SYSTEM is one of those in `main`; LOG a Parquet file, or a folder of them, with customer_id, date and amount.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

END = "2021-12-31"
DAYS, RATE, MARGIN = 365, 0.10, 1.0


def main() -> None:
    """Run one system over one log and print what it took."""
    system, log, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
    timings: dict[str, float] = {}
    facts = {
        "clvmodels": from_frame,
        "clvmodels-file": from_file,
        "clvmodels-orders": of_orders,
        "clvmodels-orders-cleaned": of_orders_cleaned,
        "clvmodels-draws": with_draws,
        "clvmodels-family": family,
        "lifetimes": lifetimes,
        "lifetimes-family": family_of_lifetimes,
        "polars": by_hand,
    }[system](log, repeats, timings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": timings, "peak_gib": peak, **facts}))


def timed(timings: dict[str, float], name: str, repeats: int, function: Callable[[], Any]) -> Any:
    """Time a function; keep the seconds of the fastest of a few runs, and return its result."""
    best, answer = float("inf"), None
    for _ in range(repeats):
        answer = None
        start = time.perf_counter()
        answer = function()
        best = min(best, time.perf_counter() - start)
    timings[name] = best
    return answer


def resident_gib() -> float:
    """Return the memory that this process occupies now, in GiB."""
    status = Path("/proc/self/status")  # of Linux
    if not status.exists():
        return float("nan")
    size = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(size.split()[1]) / 1024**2


def from_frame(log: str, repeats: int, timings: dict[str, float]) -> dict[str, Any]:
    """Measure clvmodels on a pandas frame in memory."""
    import pandas as pd

    import clvmodels as clv

    frame = pd.read_parquet(log)
    _ = clv.rfm_summary, clv.BGNBD, clv.GammaGamma, clv.lifetime_value  # loads what they need
    loaded = resident_gib()
    rfm = timed(
        timings, "rfm", repeats, lambda: clv.rfm_summary(frame, amount="amount", time_unit="day", observation_end=END)
    )
    model = timed(timings, "bgnbd", repeats, lambda: clv.BGNBD().fit(rfm))
    spend = timed(timings, "gamma_gamma", repeats, lambda: clv.GammaGamma().fit(rfm))
    value = timed(timings, "value", repeats, lambda: _value(clv, model, spend, rfm))
    return _facts(rfm, model, value) | {"loaded_gib": loaded}


def from_file(log: str, repeats: int, timings: dict[str, float]) -> dict[str, Any]:
    """Measure clvmodels from a Parquet file to lifetime value."""
    import clvmodels as clv

    start = time.perf_counter()
    rfm = timed(
        timings, "rfm", repeats, lambda: clv.rfm_summary(log, amount="amount", time_unit="day", observation_end=END)
    )
    model = timed(timings, "bgnbd", repeats, lambda: clv.BGNBD().fit(rfm))
    spend = timed(timings, "gamma_gamma", repeats, lambda: clv.GammaGamma().fit(rfm))
    value = timed(timings, "value", repeats, lambda: _value(clv, model, spend, rfm))
    timings["file to value"] = time.perf_counter() - start
    return _facts(rfm, model, value)


def of_orders(log: str, repeats: int, timings: dict[str, float]) -> dict[str, Any]:
    """Measure the RFM of a folder of order rows."""
    import clvmodels as clv

    rfm = timed(timings, "rfm", repeats, lambda: clv.rfm_summary(log, amount="amount", observation_end=END))
    return {"customers": len(rfm), "repeat_purchases": int(rfm.frequency.sum())}


def of_orders_cleaned(log: str, repeats: int, timings: dict[str, float]) -> dict[str, Any]:
    """Measure the cleaning and the RFM of a folder of order rows."""
    import clvmodels as clv

    cleaned = timed(timings, "clean", repeats, lambda: clv.clean(log, order_id="order_id", amount="amount"))
    transactions = cleaned.transactions
    rfm = timed(timings, "rfm", repeats, lambda: clv.rfm_summary(transactions, amount="amount", observation_end=END))
    return {"customers": len(rfm), "repeat_purchases": int(rfm.frequency.sum())}


def with_draws(log: str, repeats: int, timings: dict[str, float]) -> dict[str, Any]:
    """Measure intervals by the number of draws, for means and for outcomes."""
    import clvmodels as clv

    rfm = clv.rfm_summary(log, amount="amount", time_unit="day", observation_end=END)
    model, spend = clv.BGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    for draws in (50, 100, 200):
        timed(
            timings,
            f"mean interval, {draws} draws",
            repeats,
            lambda d=draws: model.expected_purchases(rfm, DAYS, interval=0.9, interval_for="mean", draws=d),
        )
    timed(timings, "outcome interval, 200 draws", repeats, lambda: model.expected_purchases(rfm, DAYS, interval=0.9))
    timed(
        timings,
        "total outcome interval, 200 draws",
        repeats,
        lambda: model.expected_purchases(rfm, DAYS, interval=0.9, by="total"),
    )
    timed(timings, "value outcome interval, 200 draws", repeats, lambda: _value(clv, model, spend, rfm, interval=0.9))
    return {"customers": len(rfm), "unique_rows": model.fit_.unique_rows, "floor": floor(200 * model.fit_.unique_rows)}


def floor(chances: int) -> dict[str, float]:
    """Return the seconds that P(alive) under each draw takes at least on one thread: two logarithms and an exponential.

    Of the counts' distribution nothing else is computed for each history and draw but products; reading eight bytes of
    each product is the other floor.
    """
    import numpy as np

    numbers, rounds = np.linspace(0.5, 2.0, 2**15), 200
    seconds = {}
    for name, function in (("log", np.log), ("exp", np.exp), ("read", np.sum)):
        start = time.perf_counter()
        for _ in range(rounds):
            function(numbers)
        seconds[name] = (time.perf_counter() - start) / (rounds * len(numbers)) * chances
    return {"logarithms and exponentials": 2 * seconds["log"] + seconds["exp"], "reading": seconds["read"]}


def family(log: str, repeats: int, timings: dict[str, float]) -> dict[str, Any]:
    """Measure the fits of other processes."""
    import clvmodels as clv

    rfm = clv.rfm_summary(log, time_unit="day", observation_end=END)
    models = {
        name: timed(timings, name, repeats, lambda model=model: model().fit(rfm))
        for name, model in (("mbgnbd", clv.MBGNBD), ("pareto_nbd", clv.ParetoNBD))
    }
    return {
        "customers": len(rfm),
        "log_likelihood": {name: model.fit_.log_likelihood for name, model in models.items()},
        "evaluations": {name: model.fit_.iterations for name, model in models.items()},
    }


def family_of_lifetimes(log: str, repeats: int, timings: dict[str, float]) -> dict[str, Any]:
    """Measure the same fits by the lifetimes package, each once."""
    import warnings

    warnings.simplefilter("ignore")
    import pandas as pd
    from lifetimes import ModifiedBetaGeoFitter, ParetoNBDFitter
    from lifetimes.utils import summary_data_from_transaction_data

    frame = pd.read_parquet(log)
    summary = summary_data_from_transaction_data(frame, "customer_id", "date", observation_period_end=END, freq="D")
    x, t_x, T = (summary[name] for name in ("frequency", "recency", "T"))
    log_likelihood = {}
    for name, fitter in (("mbgnbd", ModifiedBetaGeoFitter), ("pareto_nbd", ParetoNBDFitter)):
        model = timed(timings, name, 1, lambda fitter=fitter: fitter().fit(x, t_x, T))
        log_likelihood[name] = float(-model._negative_log_likelihood_ * len(summary))
    return {"customers": len(summary), "log_likelihood": log_likelihood}


def lifetimes(log: str, repeats: int, timings: dict[str, float]) -> dict[str, Any]:
    """Measure the lifetimes package in its fastest use: daily data, no penalizer, value by months."""
    import warnings

    warnings.simplefilter("ignore")
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter
    from lifetimes.utils import summary_data_from_transaction_data

    frame = pd.read_parquet(log)
    loaded = resident_gib()
    summary = timed(
        timings,
        "rfm",
        repeats,
        lambda: summary_data_from_transaction_data(
            frame, "customer_id", "date", monetary_value_col="amount", observation_period_end=END, freq="D"
        ),
    )
    x, t_x, T, m = (summary[name] for name in ("frequency", "recency", "T", "monetary_value"))
    model = timed(timings, "bgnbd", repeats, lambda: BetaGeoFitter().fit(x, t_x, T))
    again = (x > 0) & (m > 0)
    spend = timed(timings, "gamma_gamma", repeats, lambda: GammaGammaFitter().fit(x[again], m[again]))
    monthly = (1 + RATE) ** (1 / 12) - 1
    value = timed(
        timings,
        "value",
        repeats,
        lambda: spend.customer_lifetime_value(model, x, t_x, T, m, time=12, discount_rate=monthly, freq="D"),
    )
    return {
        "customers": len(summary),
        "log_likelihood": float(-model._negative_log_likelihood_ * len(summary)),
        "total_value": float(value.sum()),
        "loaded_gib": loaded,
    }


def by_hand(log: str, repeats: int, timings: dict[str, float]) -> dict[str, Any]:
    """Measure the limit: a polars query for the same RFM, written by hand, without any check."""
    import datetime as dt

    import polars as pl

    end = dt.date.fromisoformat(END)
    day = pl.col("date").cast(pl.Date)
    query = (
        pl.scan_parquet(log)
        .select("customer_id", "amount", day=day)
        .filter(pl.col("day") <= end)
        .group_by("customer_id", "day")
        .agg(pl.col("amount").sum())
        .group_by("customer_id")
        .agg(
            frequency=pl.len() - 1,
            first=pl.col("day").min(),
            last=pl.col("day").max(),
            spend=pl.col("amount").sum(),
            first_spend=pl.col("amount").sort_by("day").first(),
        )
        .sort("customer_id")
        .select(
            "customer_id",
            "frequency",
            recency=(pl.col("last") - pl.col("first")).dt.total_days(),
            T=(pl.lit(end) - pl.col("first")).dt.total_days(),
            monetary_value=(pl.col("spend") - pl.col("first_spend")) / pl.col("frequency"),
        )
    )
    rows = timed(timings, "rfm", repeats, lambda: query.collect(engine="streaming"))
    return {"customers": len(rows), "repeat_purchases": int(rows["frequency"].sum())}


def _value(clv: Any, model: Any, spend: Any, rfm: Any, **more: Any) -> Any:
    return clv.lifetime_value(model, spend, rfm, horizon="12 months", annual_discount_rate=RATE, margin=MARGIN, **more)


def _facts(rfm: Any, model: Any, value: Any) -> dict[str, Any]:
    return {
        "customers": len(rfm),
        "unique_rows": model.fit_.unique_rows,
        "evaluations": model.fit_.iterations,
        "log_likelihood": model.fit_.log_likelihood,
        "total_value": float(value["lifetime_value"].sum()),
    }


if __name__ == "__main__":
    main()
