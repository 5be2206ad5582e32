"""Run the tests of lifetimes itself, and the code of its quickstart, on `clvmodels.compat.lifetimes`.

``python tests/benchmarks/lifetimes_own_tests.py FOLDER [RESULT]`` runs FOLDER/tests: four files of the repository of
lifetimes (test_estimation, test_generate_data, test_plotting and test_utils), which its releases do not contain.
FOLDER/lifetimes/datasets has the data files of the release, and FOLDER/docs/Quickstart.md its quickstart. The result is
lifetimes_own_tests.json next to this file, or RESULT. ``--itself`` before FOLDER runs lifetimes instead.

What these files import is replaced: `lifetimes` by this package, `lifetimes.estimation` by the fitters it once had, and
`pandas.util.testing` by `pandas.testing`, its name today. ADAPTATIONS of their text keep what they check.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

RESULT = Path(__file__).with_suffix(".json")
BLOCK = re.compile(r"```(?:python)?\n(.*?)```", re.DOTALL)
ADAPTATIONS = (
    (".params_.values())", ".params_)", "params_ is a Series since lifetimes 0.11, no dict"),
    (
        "bgf_new.__dict__['params_'] == bgf.__dict__['params_']",
        "bgf_new.__dict__['params_'].equals(bgf.__dict__['params_'])",
        "params_ is a Series since lifetimes 0.11, no dict",
    ),
    ("exploded_dataset.append(", "pd.concat((exploded_dataset,", "pandas 2 has no DataFrame.append"),
    ("'periods']\n                ))", "'periods']\n                )))", "pandas 2 has no DataFrame.append"),
    (")]['prob_alive'])\n", ")]['prob_alive'].item())\n", "numpy 2.4 sets no element to a Series of one"),
)
RANDOM = "one draw of random customers against a narrow bound: these are other draws than those of lifetimes"
REMOVED = (
    "of an older release: by the code of 0.11.3 it fails there too, for want of an argument or by another objective"
)
REASONS = {
    "test_estimation.py::TestGammaGammaFitter::"
    "test_negative_log_likelihood_is_inf_when_q_constraint_true_and_q_lt_one": REMOVED,
    "test_estimation.py::TestBetaGeoFitter::"
    "test_sum_of_scalar_inputs_to_negative_log_likelihood_is_equal_to_array": REMOVED,
    "test_estimation.py::TestParetoNBDFitter::"
    "test_sum_of_scalar_inputs_to_negative_log_likelihood_is_equal_to_array": REMOVED,
    "test_estimation.py::TestParetoNBDFitter::test_overflow_error": (
        "a private function of lifetimes' formula, _log_A_0, which the formula of this engine does not have"
    ),
    "test_generate_data.py::TestBetaGeoBetaBinomGeneration::test_params_same_from_sim_data": RANDOM,
    "test_plotting.py::TestPlotting::test_plot_period_transactions": RANDOM,
}


class Outcomes:
    """A plugin that keeps the outcome and the last line of the error of each test."""

    def __init__(self):
        self.passed, self.failed = [], {}

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.removeprefix("tests/")
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            self.failed[name] = crash.message.splitlines()[0] if crash else str(report.longrepr)
        elif report.when == "call" and report.passed:
            self.passed.append(name)


def adapted(text):
    """Return the text of a file of tests with its adaptations, and their number by reason."""
    numbers = {}
    for old, new, reason in ADAPTATIONS:
        if old in text:
            numbers[reason] = numbers.get(reason, 0) + text.count(old)
            text = text.replace(old, new)
    return text, numbers


def run_tests(folder, itself):
    """Run the tests of a folder; return their outcomes and the adaptations."""
    if itself:
        import lifetimes
    else:
        from clvmodels.compat import lifetimes

        lifetimes.install()
    lifetimes.estimation = sys.modules["lifetimes.estimation"] = lifetimes
    sys.modules["pandas.util.testing"] = pd.testing
    outcomes, changes = Outcomes(), {}
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "tests").mkdir()
        (Path(scratch) / "lifetimes").symlink_to(folder / "lifetimes")
        for path in sorted((folder / "tests").glob("test_*.py")):
            text, numbers = adapted(path.read_text(encoding="utf-8"))
            (Path(scratch) / "tests" / path.name).write_text(text, encoding="utf-8")
            for reason, number in numbers.items():
                changes[reason] = changes.get(reason, 0) + number
        os.chdir(scratch)
        options = ["tests", "-q", "-c", os.devnull, "--rootdir", scratch, "-p", "no:cacheprovider", "--tb=short"]
        pytest.main([*options, "-W", "ignore", *os.environ.get("PYTEST_ARGS", "").split()], plugins=[outcomes])
        os.chdir(folder)
    return outcomes, changes


def run_page(path):
    """Run the blocks of code of a page one after another; return how many."""
    scope, blocks = {}, BLOCK.findall(path.read_text(encoding="utf-8"))
    for number, block in enumerate(blocks):
        exec(compile(block, f"{path.name}, block {number + 1}", "exec"), scope)
    return len(blocks)


def main():
    """Run tests and quickstart; write how many pass, and which do not for what reason."""
    itself = "--itself" in sys.argv
    folder, *result = [Path(argument).resolve() for argument in sys.argv[1:] if argument != "--itself"]
    mpl.use("agg")
    outcomes, changes = run_tests(folder, itself)
    failures = [
        {"test": name, "error": error, "reason": REASONS.get(name, "not explained")}
        for name, error in sorted(outcomes.failed.items())
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        blocks = run_page(folder / "docs" / "Quickstart.md") if not itself else 0
    document = {
        "package": "lifetimes 0.11.3" if itself else "clvmodels.compat.lifetimes",
        "pandas": pd.__version__,
        "numpy": np.__version__,
        "tests": len(outcomes.passed) + len(failures),
        "passed": len(outcomes.passed),
        "adapted lines": changes,
        "failed": failures,
        "blocks of the quickstart that ran": blocks,
    }
    text = json.dumps(document, indent=2) + "\n"
    (result[0] if result else RESULT).write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
