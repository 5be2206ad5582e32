"""Install the built package into clean environments, with the oldest and the newest dependencies, and run the demo.

Usage: ``matrix.py FOLDER [PYTHON ...]``, a folder with one wheel and one sdist, from the root of a checkout; versions
such as 3.12, by default all that are supported. A Python that the machine does not have is reported as skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

PYTHONS = ("3.11", "3.12", "3.13")
SHOWN = ("numpy", "pandas", "polars", "scikit-learn")
WRITTEN = {"predictions.parquet", "model.json", "validation.json", "report.html"}
FURTHER_STEPS = """
import clvmodels as clv
columns = {"customer_id": "CustomerID", "date": "InvoiceDate", "order_id": "InvoiceNo"}
log = clv.datasets.load_online_retail()
cleaned = clv.clean(log, **columns, quantity="Quantity", price="UnitPrice", product="StockCode")
assert clv.profile(cleaned.transactions, amount="amount").customers > 400
rfm = clv.rfm_summary(cleaned.transactions, amount="amount", time_unit="week")
clv.CustomerModel(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)).save("further.json")
"""
"""Steps that the demo does not cover: cleaning, a profile, a summary without a holdout period."""
BOUND = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?\s*>=\s*([\w.]+)")


@dataclass(frozen=True)
class Case:
    """What to install: the wheel or the sdist, with these versions of the dependencies."""

    name: str
    suffix: str
    constraints: tuple[str, ...]


def cases() -> list[Case]:
    """Return the cases; the oldest has each dependency at its lower bound, and theirs as pip chooses them."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = [BOUND.match(line) for line in project["dependencies"]]
    oldest = tuple(f"{bound[1]}=={bound[2]}" for bound in bounds if bound)
    assert len(oldest) == len(bounds), "every dependency has a lower bound"
    return [
        Case("oldest", ".whl", oldest),
        Case("newest, pandas 2", ".whl", ("pandas<3",)),
        Case("newest", ".whl", ("pandas>=3",)),
        Case("newest", ".tar.gz", ("pandas>=3",)),
    ]


def interpreter(version: str) -> str | None:
    """Return a Python of this version that runs, from the path or from pyenv; None if there is none."""
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for candidate in [shutil.which(f"python{version}"), *map(str, pyenv)]:
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def run_case(python: str, case: Case, package: Path, folder: Path) -> dict[str, str]:
    """Install one case and run the demo; return the versions installed and the result."""
    inside = folder / "venv" / "bin" / "python"
    (folder / "constraints.txt").write_text("\n".join(case.constraints) + "\n", encoding="utf-8")
    # Only binary packages for the dependencies: compiling an old one would test that one, not this package.
    wheels = [] if package.suffix == ".whl" else [f"--no-binary={package.name.split('-')[0]}"]
    install = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", *wheels]
    steps = [
        ([python, "-m", "venv", folder / "venv"], folder),
        ([*install, "--constraint", folder / "constraints.txt", package], folder),
        ([inside, "-m", "pip", "check"], folder),
        ([inside, "-c", FURTHER_STEPS], folder),
        ([inside.with_name("clv"), "demo"], folder),
    ]
    started = time.perf_counter()
    for command, where in steps:
        started = time.perf_counter()
        done = subprocess.run(list(map(str, command)), cwd=where, capture_output=True, text=True, check=False)
        if done.returncode:
            return {"result": f"FAILED: {' '.join(map(str, command[1:4]))[:60]}", "output": done.stdout + done.stderr}
    seconds = time.perf_counter() - started
    missing = WRITTEN - {path.name for path in (folder / "clv-demo").iterdir()}
    ask = f"from importlib.metadata import version; print(*map(version, {SHOWN!r}), sep='\\n')"
    versions = subprocess.run([str(inside), "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    result = f"FAILED: the demo wrote no {', '.join(sorted(missing))}" if missing else f"demo in {seconds:.0f} s"
    return {"result": result, **dict(zip(SHOWN, versions, strict=True))}


def main(folder: Path, pythons: list[str]) -> int:
    """Run every case on every Python, and print one table with a row for each."""
    heading = ("python", "dependencies", "from", *SHOWN, "result")
    rows, failures = [heading], 0
    for version in pythons or PYTHONS:
        python = interpreter(version)
        if python is None:
            rows.append((version, "skipped: this machine does not have this Python", *[""] * (len(heading) - 2)))
            continue
        for case in cases():
            (package,) = folder.resolve().glob(f"clvmodels-*{case.suffix}")
            print(f"Python {version}, {case.name}, from {package.name}", flush=True)
            with tempfile.TemporaryDirectory() as temporary:
                outcome = run_case(python, case, package, Path(temporary))
            if "output" in outcome:
                print(outcome["output"], flush=True)
            failures += outcome["result"].startswith("FAILED")
            kind = "wheel" if case.suffix == ".whl" else "sdist"
            rows.append((version, case.name, kind, *(outcome.get(name, "") for name in SHOWN), outcome["result"]))
    widths = [max(len(row[i]) for row in rows if not row[1].startswith("skipped")) for i in range(len(heading))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
