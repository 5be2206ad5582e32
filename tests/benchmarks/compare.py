"""Compare the speed of two commits: `compare.py BASE [--most 1.25] [--rounds 5] [--customers 100000]`.

BASE may be "release": the last commit whose subject is "Release" and a version.

BASE is checked out into a temporary git worktree. In each round both versions run every step, each in a process of its
own, one right after the other, so that a busy machine slows both; what is measured is processor time. Prints, for each
step, the median of the seconds of both versions and the median of the ratios head / base over the rounds. The exit code
is 1 when a ratio is above `--most`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve()
HEAD = HERE.parents[2]
END = "2021-12-31"
PURCHASES = {"r": 0.9, "alpha": 70.0, "a": 0.9, "b": 7.0}  # in days
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
VALUE = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 1.0}
REPEATS = 3  # of each step in one process, of which the fastest counts


def main() -> int:
    """Compare the two versions, or run the steps of one of them for the comparison."""
    parser = argparse.ArgumentParser(description="Compare the speed of two commits.")
    parser.add_argument("base", help="commit to compare the checkout with")
    parser.add_argument("--most", type=float, default=1.25, help="ratio head / base above which to fail [1.25]")
    parser.add_argument("--rounds", type=int, default=5, help="how often each version runs [5]")
    parser.add_argument("--customers", type=int, default=100_000, help="customers of the simulated log [100,000]")
    parser.add_argument("--steps-of", type=Path, help=argparse.SUPPRESS)  # a log: be the process that is measured
    options = parser.parse_args()
    if options.steps_of is not None:
        print(json.dumps(time_steps(str(options.steps_of), Path(options.base))))
        return 0
    commit = last_release() if options.base == "release" else options.base
    with tempfile.TemporaryDirectory() as folder, worktree(commit, Path(folder) / "base") as base:
        log = Path(folder) / "log.parquet"
        simulate(options.customers, log)
        rounds = [{tree: run_steps(tree, log) for tree in (base, HEAD)} for _ in range(options.rounds)]
    return report([times[base] for times in rounds], [times[HEAD] for times in rounds], options.most)


def last_release() -> str:
    """Return the commit of the last release."""
    git = ["git", "-C", str(HEAD), "log", "--extended-regexp", "--grep", "^Release [0-9.]+$", "-1", "--format=%H"]
    commit = subprocess.run(git, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    if not commit:
        raise SystemExit("There is no commit of a release in this clone: fetch the whole history.")
    return commit


@contextmanager
def worktree(commit: str, folder: Path) -> Generator[Path]:
    """Check out a commit into a folder, and remove it again."""
    git = ["git", "-C", str(HEAD), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def simulate(customers: int, path: Path) -> None:
    """Write a simulated log, which both versions read."""
    code = (
        "import clvmodels as clv\n"
        f"clv.simulate_log({customers}, {PURCHASES}, {SPEND}, time_unit='day', start='2019-01-01', end={END!r},"
        f" last_arrival='2020-12-31', kind='polars').write_parquet({str(path)!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment(HEAD))


def environment(tree: Path) -> dict[str, str]:
    """Return the environment in which `import clvmodels` imports the package of a checkout."""
    return os.environ | {"PYTHONPATH": str(tree)}


def run_steps(tree: Path, log: Path) -> dict[str, float]:
    """Run all steps with the package of a checkout; return the seconds of each."""
    command = [sys.executable, str(HERE), str(tree), "--steps-of", str(log)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment(tree))
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def time_steps(log: str, tree: Path) -> dict[str, float]:
    """Time every step in this process; only functions that have kept their signature are called."""
    start = time.process_time()
    import clvmodels as clv

    _ = clv.rfm_summary, clv.BGNBD, clv.GammaGamma, clv.lifetime_value, clv.validate  # imported on first use
    seconds = {"import": time.process_time() - start}
    if not Path(clv.__file__).is_relative_to(tree):
        raise SystemExit(f"{clv.__file__} is imported, which is not below {tree}.")

    def timed(step: str, function: Callable[[], Any]) -> Any:
        best = float("inf")
        for _ in range(REPEATS):
            start = time.process_time()
            answer = function()
            best = min(best, time.process_time() - start)
        seconds[step] = best
        return answer

    names = {"customer_id": "CustomerID", "date": "InvoiceDate", "order_id": "InvoiceNo"}
    lines, cdnow = clv.datasets.load_online_retail(), clv.datasets.load_cdnow()
    timed("clean", lambda: clv.clean(lines, **names, quantity="Quantity", price="UnitPrice", product="StockCode"))
    rfm = timed("rfm", lambda: clv.rfm_summary(log, amount="amount", time_unit="day", observation_end=END))
    purchases = timed("bgnbd", lambda: clv.BGNBD().fit(rfm))
    spend = timed("gamma_gamma", lambda: clv.GammaGamma().fit(rfm))
    timed("value", lambda: clv.lifetime_value(purchases, spend, rfm, **VALUE))
    ends = {"calibration_end": "1997-09-30", "holdout_end": "1998-06-30"}
    split = timed("holdout", lambda: clv.holdout_split(cdnow, amount="amount", time_unit="week", **ends))
    timed("pareto_nbd", lambda: clv.ParetoNBD().fit(split.calibration))
    timed("validate", lambda: clv.validate(split, [clv.BGNBD()], clv.GammaGamma()))
    return seconds


def report(base: list[dict[str, float]], head: list[dict[str, float]], most: float) -> int:
    """Print a row for each step; return 1 when a ratio is too high."""
    print(f"Seconds of processor time, medians of {len(base)} rounds")
    print(f"{'step':12s}{'base':>10s}{'head':>10s}{'ratio':>8s}")
    slower = []
    for step in base[0]:
        pairs = [(before[step], after[step]) for before, after in zip(base, head, strict=True)]
        ratio = median(after / before for before, after in pairs)
        if ratio > most:
            slower.append(step)
        before, after = (median(seconds) for seconds in zip(*pairs, strict=True))
        print(f"{step:12s}{before:10.3f}{after:10.3f}{ratio:8.2f}{'   slower' if ratio > most else ''}")
    if slower:
        print(f"More than {most:g} times the time of the base: {', '.join(slower)}.")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
