"""Compare time and memory with lifetimes and a hand-written polars query: `run.py [--everything]`, or parts of it.

Each system runs in a process of its own, one after another in one run, so that ratios do not depend on the machine.
Prints tables and writes them to results.json in this folder. `--large` adds ten million customers, for clvmodels only;
`--everything` all of it, the floors (floors.py) and the steps of other parts of the package (steps.py): about an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import floors  # in this folder
import scoring
import steps

HERE = Path(__file__).resolve().parent
SIZES = (100_000, 1_000_000)
LARGE = 10_000_000
ORDER_FILES, ORDER_CUSTOMERS = 16, 10_650_000  # with 67 million orders
PURCHASES = {"r": 0.9, "alpha": 70.0, "a": 0.9, "b": 7.0}  # in days
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
STAGES = {"rfm": 5, "bgnbd": 30, "gamma_gamma": 10, "value": 20}
"""The steps compared, and how many times faster than lifetimes each should be."""
FAMILY = {"mbgnbd": 25, "pareto_nbd": 60}
"""The same for fits of other processes, at a million customers."""
IMPORTS = ("import numpy, pandas, scipy.special", "import numpy, pandas, scipy.special, clvmodels")


def main() -> None:
    """Run every benchmark, and print and save the results."""
    parser = argparse.ArgumentParser(description="Benchmarks.")
    parser.add_argument(
        "--scoring", action="store_true", help="the nightly job; with --large for ten million customers"
    )
    parser.add_argument("--large", action="store_true", help="ten million customers too")
    parser.add_argument("--draws", action="store_true", help="how intervals cost with customers and draws")
    parser.add_argument("--family", action="store_true", help="fits of MBG/NBD and Pareto/NBD too (minutes)")
    parser.add_argument("--everything", action="store_true", help="all of these, floors and steps (an hour)")
    options = parser.parse_args()
    if options.everything:
        options.large = options.draws = options.family = True
        floors.main()
    results: dict[str, Any] = {"machine": machine(), "load before": os.getloadavg()}
    with tempfile.TemporaryDirectory() as folder:
        logs = {n: simulate(n, Path(folder)) for n in SIZES}
        results["sizes"] = {n: compare(n, log) for n, log in logs.items()}
        results["imports"] = imports()
        results["growth"] = growth(Path(folder))
        results["orders"] = orders(Path(folder))
        if options.draws:
            results["draws"] = {n: worker("clvmodels-draws", log, 1) for n, log in logs.items()}
        if options.family:
            log = logs[max(SIZES)]
            results["family"] = {
                "clvmodels": worker("clvmodels-family", log, 2),
                "lifetimes": worker("lifetimes-family", log, 1),
            }
        results["scoring"] = scoring.measured(options.large)
        if options.large:
            results["large"] = large(Path(folder))
    results["load after"] = os.getloadavg()
    show(results)
    earlier = json.loads(steps.RESULTS.read_text("utf-8")) if steps.RESULTS.exists() else {}
    kept = {name: value for name, value in earlier.items() if name not in results}  # of parts left out now
    steps.RESULTS.write_text(json.dumps(results | kept, indent=2) + "\n", "utf-8")
    if options.everything:
        steps.run(list(steps.STEPS))


def machine() -> dict[str, Any]:
    """Describe the machine."""
    return {"processors": os.cpu_count(), "python": platform.python_version(), "architecture": platform.machine()}


def simulate(customers: int, folder: Path) -> str:
    """Write a simulated Parquet log of this many customers, in a process of its own; return its path."""
    path = folder / f"log_{customers}.parquet"
    code = (
        "import clvmodels as clv\n"
        f"clv.simulate_log({customers}, {PURCHASES}, {SPEND}, time_unit='day', start='2019-01-01', end='2021-12-31',"
        f" last_arrival='2020-12-31', kind='polars').write_parquet({str(path)!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    return str(path)


def worker(system: str, log: str, repeats: int) -> dict[str, Any]:
    """Run one system in a process of its own; return its measurements."""
    command = [sys.executable, str(HERE / "worker.py"), system, log, str(repeats)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def compare(customers: int, log: str) -> dict[str, Any]:
    """Measure clvmodels and lifetimes on a pandas frame, and the query by hand; the best of three runs each."""
    ours = worker("clvmodels", log, 3)
    file = worker("clvmodels-file", log, 3)
    theirs = worker("lifetimes", log, 3 if customers < LARGE // 10 else 1)
    by_hand = worker("polars", log, 3)
    ratios = {stage: theirs["seconds"][stage] / ours["seconds"][stage] for stage in STAGES}
    return {
        "clvmodels": ours,
        "clvmodels from file": file,
        "lifetimes": theirs,
        "polars": by_hand,
        "ratios": ratios | {"memory": theirs["peak_gib"] / ours["peak_gib"]},
        "rfm from file over the query by hand": file["seconds"]["rfm"] / by_hand["seconds"]["rfm"],
    }


def imports() -> dict[str, float]:
    """Return the seconds to import the libraries alone and with clvmodels; the best of seven."""
    best = dict.fromkeys(IMPORTS, float("inf"))
    timing = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
    for _ in range(7):
        for code in IMPORTS:
            done = subprocess.run(
                [sys.executable, "-c", timing.format(code)], check=True, capture_output=True, text=True
            )
            best[code] = min(best[code], float(done.stdout))
    return best


def growth(folder: Path) -> list[dict[str, Any]]:
    """Measure each step by the number of customers and of unique rows."""
    rows = []
    for customers in (30_000, 100_000, 300_000, 1_000_000):
        done = worker("clvmodels-file", simulate(customers, folder), 2)
        rows.append({"customers": customers, "unique_rows": done["unique_rows"], **done["seconds"]})
    return rows


def large(folder: Path) -> dict[str, Any]:
    """Measure ten million customers from file to value, and the query by hand for their RFM."""
    log = simulate(LARGE, folder)
    return {"clvmodels from file": worker("clvmodels-file", log, 1), "polars": worker("polars", log, 1)}


def orders(folder: Path) -> dict[str, Any]:
    """Measure 67 million order rows in a folder of Parquet: the RFM, by hand too, and cleaning before it."""
    log = folder / "orders"
    log.mkdir()
    base = simulate(ORDER_CUSTOMERS // ORDER_FILES, folder)
    code = (
        "import polars as pl\n"
        f"base = pl.read_parquet({base!r})\n"
        "span = base['customer_id'].max() + 1\n"
        f"for part in range({ORDER_FILES}):\n"
        "    order = pl.int_range(part * len(base), (part + 1) * len(base))\n"
        "    rows = base.with_columns(pl.col('customer_id') + part * span, order_id=order)\n"
        "    shuffled = rows.sample(fraction=1, shuffle=True, seed=part)\n"
        f"    shuffled.write_parquet({str(log)!r} + f'/part-{{part:02d}}.parquet')\n"
        f"print({ORDER_FILES} * len(base))"
    )
    rows = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    by_hand, ours = (worker(system, str(log), 1) for system in ("polars", "clvmodels-orders"))
    cleaned = worker("clvmodels-orders-cleaned", str(log), 1)
    hand = by_hand["seconds"]["rfm"]
    return {
        "rows": int(rows),
        "polars": by_hand,
        "clvmodels": ours,
        "clvmodels cleaned": cleaned,
        "rfm over the query by hand": ours["seconds"]["rfm"] / hand,
        "clean and rfm over the query by hand": sum(cleaned["seconds"].values()) / hand,
    }


def show(results: dict[str, Any]) -> None:
    """Print the tables."""
    print(f"{results['machine']}, load {results['load before'][0]:.2f} before, {results['load after'][0]:.2f} after")
    for customers, systems in results["sizes"].items():
        print(f"\n{customers:,} customers: seconds, best of up to three runs")
        print(f"{'':16s}{'clvmodels':>11s}{'lifetimes':>11s}{'ratio':>8s}{'aim':>6s}")
        for stage, aim in STAGES.items():
            ours, theirs = systems["clvmodels"]["seconds"][stage], systems["lifetimes"]["seconds"][stage]
            print(f"{stage:16s}{ours:11.3f}{theirs:11.3f}{theirs / ours:8.1f}{aim:6d}")
        ours, theirs = systems["clvmodels"]["peak_gib"], systems["lifetimes"]["peak_gib"]
        print(f"{'peak GiB':16s}{ours:11.2f}{theirs:11.2f}{theirs / ours:8.1f}{2:6d}")
        ours, theirs = (systems[name]["peak_gib"] - systems[name]["loaded_gib"] for name in ("clvmodels", "lifetimes"))
        print(f"{'  above loaded':16s}{ours:11.2f}{theirs:11.2f}{theirs / ours:8.1f}      (libraries and the log)")
        share = systems["rfm from file over the query by hand"]
        print(f"RFM from Parquet: {share:.2f} times the polars query written by hand (aim: at most 1.5)")
    bare, ours = results["imports"].values()
    print(f"\nImporting numpy, pandas, scipy.special: {bare:.3f} s; with clvmodels {ours / bare:.2f} times (aim: 1.2)")
    print("\nGrowth, from Parquet (seconds)")
    for row in results["growth"]:
        seconds_of = ", ".join(f"{name} {row[name]:.3f}" for name in STAGES)
        print(f"{row['customers']:>10,} customers, {row['unique_rows']:>8,} unique rows: {seconds_of}")
    done = results["orders"]
    by_hand = done["polars"]["seconds"]["rfm"]
    print(f"\n{done['rows']:,} order rows in a folder of Parquet; the query by hand {by_hand:.1f} s")
    for name, times in (("clvmodels", "rfm"), ("clvmodels cleaned", "clean and rfm")):
        seconds, peak = sum(done[name]["seconds"].values()), done[name]["peak_gib"]
        over = done[f"{times} over the query by hand"]
        print(f"{times:16s}{seconds:8.1f} s, {over:.2f} times that; peak {peak:.1f} GiB (aim: under 8)")
    for customers, done in results.get("draws", {}).items():
        seconds_of = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in done["seconds"].items())
        print(f"\nIntervals, {customers:,} customers, peak {done['peak_gib']:.2f} GiB: {seconds_of}")
        floors = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in done["floor"].items())
        print(f"At least, on one thread: {floors}")
    if "family" in results:
        done = results["family"]
        print(f"\nOther processes, {max(SIZES):,} customers: seconds")
        for stage, aim in FAMILY.items():
            ours, theirs = (done[system]["seconds"][stage] for system in ("clvmodels", "lifetimes"))
            print(f"{stage:16s}{ours:11.3f}{theirs:11.3f}{theirs / ours:8.1f}{aim:6d}")
    print("\nThe nightly job: " + json.dumps(results["scoring"], indent=2))
    if "large" in results:
        done = results["large"]["clvmodels from file"]
        by_hand = results["large"]["polars"]["seconds"]["rfm"]
        seconds_of = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in done["seconds"].items())
        print(f"\n{LARGE:,} customers: {seconds_of}; peak {done['peak_gib']:.1f} GiB; RFM by hand {by_hand:.1f} s")


if __name__ == "__main__":
    main()
