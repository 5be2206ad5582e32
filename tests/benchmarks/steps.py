"""What one release asked of each step, and what it takes now: `steps.py [STEP ...] [--limit 900]`, by default all.

Each step runs in a process of its own: seconds of wall and of processor time, largest memory, and the load before. A
step that takes longer than the limit is ended, and its earlier result stays.
Writes the key "steps" of results.json in this folder, with what 0.1.0 took (two cores, load 1.4), what is asked, and
the least that the step must do (floors.json), and the table of the guide's page on speed. Steps that need logs outside
the repository are left out without them.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve()
RESULTS, FLOORS = HERE.with_name("results.json"), HERE.with_name("floors.json")
PAGE, HEADING = HERE.parents[2] / "clvmodels" / "guide" / "speed.md", "## Single steps\n\n"
SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))
ONLINE_RETAIL = SHARED_DATA / "uci_online_retail_2010_2011.csv.gz"  # the whole log, of which datasets has a part
MILLION = 1_000_000
PR_SET_CHILD_SUBREAPER = 36  # of Linux
WEEK = {"time_unit": "week", "observation_end": "1997-09-30"}
TERMS: dict[str, Any] = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
Measurements = dict[str, float]


class Step(NamedTuple):
    """One step: how it is measured, what 0.1.0 took, what is asked (None: nothing), and the name of its floor."""

    measure: Callable[[], Measurements]
    quantity: str
    before: float | None
    most: float | None
    floor: str | None = None


def timed(function: Callable[[], Any], repeats: int = 1) -> Measurements:
    """Return the seconds and the processor seconds of the fastest of a few runs."""
    best = {"seconds": float("inf"), "processor_seconds": float("inf")}
    for _ in range(repeats):
        below, start, used = seconds_below(), time.perf_counter(), time.process_time()
        function()
        used, seconds = time.process_time() - used, time.perf_counter() - start
        measured = {"seconds": seconds, "processor_seconds": used + seconds_below() - below}
        best = min(best, measured, key=lambda each: each["processor_seconds"])
        gc.collect()
    return best


def seconds_below() -> float:
    """Return the processor seconds of the processes below this one: the server of workers, and the workers."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # a process that has just ended
            fields = path.read_text("ascii", "replace").rpartition(")")[2].split()
            if int(fields[1]) == os.getpid():
                ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def over(numerator: Measurements, denominator: Measurements) -> Measurements:
    """Return the first with the ratio of processor seconds."""
    return numerator | {"ratio": numerator["processor_seconds"] / denominator["processor_seconds"]}


def million() -> Any:
    """Return a million simulated customers, most of whom have a history that others have too."""
    from interval_speed import customers_of

    return customers_of(MILLION)


def purchase_intervals() -> Measurements:
    import clvmodels as clv

    rfm = million()
    model = clv.BGNBD().fit(rfm)
    return timed(lambda: model.expected_purchases(rfm, 365.25, interval=0.9))


def value_intervals() -> Measurements:
    import clvmodels as clv

    rfm = million()
    models = clv.BGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    return timed(lambda: clv.lifetime_value(*models, rfm, **TERMS, interval=0.9))


def cdnow(sample: bool) -> Any:
    import clvmodels as clv

    return clv.rfm_summary(clv.datasets.load_cdnow(sample=sample), amount="amount", **WEEK)


def evaluation(process: str, sample: bool) -> Measurements:
    """Measure an evaluation of a likelihood with its gradient, at the maximum, in a row of 20, as a fit makes them."""
    import numpy as np

    import clvmodels as clv
    from clvmodels.inference.objective import Objective, Prior, one_blas_thread
    from clvmodels.inference.statistics import counted_rows

    rfm = cdnow(sample)
    model = getattr(clv, process)().fit(rfm)
    columns = [np.asarray(rfm[name], dtype=float) for name in model.process.statistics]
    rows = counted_rows(columns, [1.0, *[rfm.clock.ticks_per_unit] * (len(columns) - 1)])
    fit = model.fit_
    flat = Prior(0.0 * fit.coordinates, 0.0 * fit.coordinates)
    objective = Objective(model.process, rows.columns, rows.counts, fit.unit, flat)
    with one_blas_thread():
        row = timed(lambda: [objective(fit.coordinates) for _ in range(20)], 25)
    return {name: seconds / 20 for name, seconds in row.items()}


def pareto_fit() -> Measurements:
    import clvmodels as clv

    rfm = million()
    return timed(lambda: clv.ParetoNBD().fit(rfm), 2)


def regular(k: int, covariate: bool, base_covariate: bool) -> Measurements:
    """Measure discounted purchases of BG/CNBD-k and of BG/NBD, each with a covariate or without, and their ratio."""
    import numpy as np
    import pandas as pd

    import clvmodels as clv

    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", intertimes=True, **WEEK)
    ids = rfm.customer_id.to_list()
    rfm = rfm.with_columns(pd.DataFrame({"customer_id": ids, "age": np.arange(len(ids)) % 40 / 40.0}))
    options: dict[str, Any] = {"purchase": "age", "dropout": "age"}
    models = (
        clv.BGCNBD(k=k, **options if covariate else {}).fit(rfm),
        clv.BGNBD(**options if base_covariate else {}).fit(rfm),
    )
    each = [timed(lambda model=model: model.discounted_purchases(rfm, "12 months", 0.1), 5) for model in models]
    return over(*each)


def backtest_of(log: Any, amount: str | None, **options: Any) -> Measurements:
    import clvmodels as clv

    models = [clv.BGNBD(), clv.MBGNBD(), clv.ParetoNBD(), clv.NBD()]
    spend = None if amount is None else clv.GammaGamma()
    return timed(
        lambda: clv.backtest(
            log, models, spend, amount=amount, cutoffs=3, n_jobs=-1, progress=lambda *_: None, **options
        )
    )


def backtest_cdnow() -> Measurements:
    import clvmodels as clv

    return backtest_of(clv.datasets.load_cdnow(), "amount", time_unit="week", horizons=("26 weeks",))


def backtest_grocery() -> Measurements:
    import pandas as pd

    log = pd.read_csv(SHARED_DATA / "btydplus_grocery_elog.csv.gz")
    names = {"customer_id": log.columns[0], "date": log.columns[1]}
    return backtest_of(log, None, time_unit="week", horizons=("26 weeks",), **names)


def simulated_log() -> Any:
    from run import PURCHASES, SPEND

    import clvmodels as clv

    times = {"start": "2019-01-01", "end": "2021-12-31", "last_arrival": "2020-12-31"}
    return clv.simulate_log(MILLION, PURCHASES, SPEND, time_unit="day", kind="polars", **times)


def backtest_million() -> Measurements:
    return backtest_of(simulated_log(), "amount", time_unit="day", horizons=("26 weeks",))


def report_million() -> Measurements:
    import clvmodels as clv

    log = simulated_log()
    return timed(lambda: clv.report(log, amount="amount", time_unit="day", n_jobs=-1, progress=lambda *_: None))


def report_at_once() -> Measurements:
    """Measure one command from the CSV of line items to the page, which finds the columns and cleans by itself."""
    with tempfile.TemporaryDirectory() as made:
        lines, page = (str(Path(made) / name) for name in ("lines.csv", "report.html"))
        write_online_retail(lines)
        reported = command("report", lines, "--columns", "auto", "--output", page)
        if not Path(page).exists():
            raise SystemExit("clv report wrote no page.")
    return reported


def write_online_retail(lines: str) -> None:
    import gzip

    with gzip.open(ONLINE_RETAIL) as whole:
        Path(lines).write_bytes(whole.read())


def report_online_retail() -> Measurements:
    """Measure both commands from the CSV of line items to the page: the ledger of cleaning, and the report."""
    columns = [
        "--customer-id",
        "CustomerID",
        "--date",
        "InvoiceDate",
        "--order-id",
        "InvoiceNo",
        "--product",
        "StockCode",
    ]
    columns += ["--quantity", "Quantity", "--price", "UnitPrice", "--refund-prefix", "C"]
    with tempfile.TemporaryDirectory() as made:
        lines, ledger, transactions, page = (
            str(Path(made) / name) for name in ("lines.csv", "ledger.json", "transactions.parquet", "report.html")
        )
        write_online_retail(lines)
        cleaned = command("clean", lines, *columns, "--output", transactions, "--ledger", ledger)
        reported = command("report", lines, "--cleaning", ledger, "--output", page)
        if not Path(page).exists():
            raise SystemExit("clv report wrote no page.")
    both = {name: cleaned[name] + reported[name] for name in cleaned}
    return both | {"peak_gib": max(cleaned["peak_gib"], reported["peak_gib"])}


def command(*arguments: str) -> Measurements:
    """Measure a command in a process of its own: its memory is that of its largest process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # the server of its workers ends after it, and counts too
    subprocess.run([sys.executable, "-m", "clvmodels", *arguments], check=False, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    with suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "processor_seconds": used, "peak_gib": after.ru_maxrss / 2**20}


def command_help() -> Measurements:
    """Measure `clv --help` above what pandas costs."""
    pandas = [sys.executable, "-c", "import pandas"]

    def seconds(argv: list[str]) -> float:
        start = time.perf_counter()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    helped = min(seconds([sys.executable, "-m", "clvmodels", "--help"]) for _ in range(5))
    return {"seconds": helped - min(seconds(pandas) for _ in range(5))}


def score_ten_million() -> Measurements:
    import scoring

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        scoring.worker("make", folder)
        scoring.multiplied(folder, 10)
        done = scoring.worker("job", scoring.fresh(folder, scoring.PARQUET))
    return {"seconds": done["seconds"], "processor_seconds": done["cpu_seconds"], "peak_gib": done["peak_gib"]}


def unit_economics() -> Measurements:
    """Measure value with costs, cash flow and unit economics with intervals of 100 draws."""
    import money_speed

    return timed(lambda: money_speed.main(MILLION, 100))


def decisions() -> Measurements:
    """Measure tiers, segments, stages, scorecard and lists with intervals and 200 joint draws."""
    import decisions_speed

    return timed(lambda: decisions_speed.main(MILLION))


STEPS = {
    "purchases with intervals, 1 M": Step(purchase_intervals, "seconds", 124, 10, "purchases with intervals"),
    "value with intervals, 1 M": Step(value_intervals, "seconds", 248, 25, "value with intervals"),
    "Pareto/NBD evaluation, CDNOW sample": Step(
        lambda: evaluation("ParetoNBD", True), "processor_seconds", 0.003, 0.0006, "Pareto/NBD evaluation"
    ),
    "GGompertz/NBD evaluation, CDNOW sample": Step(
        lambda: evaluation("GGompertzNBD", True), "processor_seconds", 0.0072, 0.00144, "GGompertz/NBD evaluation"
    ),
    "Pareto/NBD fit, 1 M": Step(pareto_fit, "seconds", 2.6, 0.8, "Pareto/NBD fit"),
    "BG/CNBD-2 with a covariate over BG/NBD with it": Step(lambda: regular(2, True, True), "ratio", None, 5),
    "BG/CNBD-12 over BG/NBD with a covariate": Step(lambda: regular(12, False, True), "ratio", None, 5),
    "BG/CNBD-12 with a covariate over BG/NBD with it": Step(lambda: regular(12, True, True), "ratio", None, 5),
    "BG/CNBD-2 over BG/NBD": Step(lambda: regular(2, False, False), "ratio", None, None),
    "BG/CNBD-12 over BG/NBD": Step(lambda: regular(12, False, False), "ratio", 48, None),
    "backtest, CDNOW": Step(backtest_cdnow, "seconds", None, 15, "trees"),
    "backtest, grocery": Step(backtest_grocery, "seconds", 400, 60),
    "backtest, 1 M": Step(backtest_million, "seconds", None, 180, "trees"),
    "report, 1 M": Step(report_million, "seconds", None, 30, "trees"),
    "report, Online Retail from CSV": Step(report_at_once, "seconds", None, 15),
    "clean and report, Online Retail from CSV": Step(report_online_retail, "seconds", 45, None),
    "clv --help, less the import of pandas": Step(command_help, "seconds", None, 0.2),
    "score, 10 M from Parquet": Step(score_ten_million, "seconds", 25, 15, "score"),
    "money with intervals, 1 M": Step(unit_economics, "seconds", None, 60),
    "decisions with intervals, 1 M": Step(decisions, "seconds", None, 60),
}


def main() -> None:
    """Run one step for `measure`, or the steps named, and print and save the results."""
    parser = argparse.ArgumentParser(description="Benchmarks of single steps.")
    parser.add_argument("steps", nargs="*", help="names, or parts of them; default: all")
    parser.add_argument("--limit", type=float, default=900, help="seconds after which a step is ended [900]")
    parser.add_argument("--measure", help=argparse.SUPPRESS)  # be the process that is measured
    options = parser.parse_args()
    if options.measure:
        with redirect_stdout(io.StringIO()):
            measured = STEPS[options.measure].measure()
        measured.setdefault("peak_gib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
        print(json.dumps(measured))
        return
    names = [name for name in STEPS if not options.steps or any(part in name for part in options.steps)]
    if not names:
        raise SystemExit("No step has this name; the steps are " + ", ".join(STEPS) + ".")
    run(names, options.limit)


def run(names: list[str], limit: float | None = None) -> None:
    """Measure steps one after the other, each for at most `limit` seconds; each is saved as soon as it is done."""
    floors = json.loads(FLOORS.read_text("utf-8"))["steps"]
    print(f"{'':48s}{'0.1.0':>9s}{'now':>9s}{'asked':>9s}{'floor':>9s}{'CPU s':>9s}{'GiB':>6s}{'load':>6s}")
    for name in names:
        step = STEPS[name]
        if step.measure in (backtest_grocery, report_at_once, report_online_retail) and not SHARED_DATA.exists():
            continue
        load = os.getloadavg()[0]
        command = [sys.executable, str(HERE), "--measure", name]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            print(f"{name}: ended after {limit:g} s at a load of {load:.1f}", flush=True)
            continue
        if done.returncode:
            print(f"{name}: failed\n{done.stderr}", flush=True)
            continue
        measured = {key: float(f"{value:.3g}") for key, value in json.loads(done.stdout.splitlines()[-1]).items()}
        floor = floors[step.floor]["seconds"] if step.floor else None
        result = {"of": step.quantity, "0.1.0": step.before, "asked": step.most, "floor": floor, **measured}
        results = json.loads(RESULTS.read_text("utf-8"))
        results.setdefault("steps", {})[name] = result | {"load": round(load, 1)}
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
        shown = [step.before, measured[step.quantity], step.most, floor, measured.get("processor_seconds")]
        cells = "".join(f"{'' if value is None else f'{value:g}':>9s}" for value in shown)
        print(f"{name:48s}{cells}{measured['peak_gib']:6.2f}{load:6.1f}", flush=True)
        write_page()


def table(steps: dict[str, Any]) -> str:
    """Return the measured steps as a table of the guide's page on speed."""
    headings = ("step", "version 0.1.0", "now", "floor", "processor time, s", "memory, GiB", "load")
    lines = ["| " + " | ".join(headings) + " |", "|---" * len(headings) + "|"]
    for name, step in steps.items():
        unit = "times" if step["of"] == "ratio" else "s"
        figures = (step["0.1.0"], step[step["of"]], step["floor"])
        before, now, floor = ("" if value is None else f"{value:g} {unit}" for value in figures)
        used, memory = (f"{step[key]:g}" if key in step else "" for key in ("processor_seconds", "peak_gib"))
        lines.append(f"| {name} | {before} | {now} | {floor} | {used} | {memory} | {step['load']:g} |")
    return "\n".join(lines) + "\n"


def write_page() -> None:
    """Put the table into the guide's page, below its heading."""
    steps = json.loads(RESULTS.read_text("utf-8"))["steps"]
    before, rest = PAGE.read_text("utf-8").split(HEADING)
    introduction, _, after = rest.split("\n\n", 2)
    PAGE.write_text(f"{before}{HEADING}{introduction}\n\n{table(steps)}\n{after}", "utf-8")


if __name__ == "__main__":
    main()
