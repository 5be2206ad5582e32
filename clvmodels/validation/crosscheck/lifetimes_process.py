"""Run the installed lifetimes in a separate process, and read its results."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clvmodels.inference.statistics import CountedRows
from clvmodels.processes.contract import Array

__all__ = ["FITTERS", "Fitter", "LifetimesResult", "run_lifetimes"]

WORKER = Path(__file__).with_name("lifetimes_worker.py")


@dataclass(frozen=True, slots=True)
class Fitter:
    """The name of a process in lifetimes, its parameters, and the most distinct rows that it fits in a minute."""

    name: str
    parameters: tuple[str, ...]
    most_rows: int


FITTERS = {
    "bgnbd": Fitter("BetaGeoFitter", ("r", "alpha", "a", "b"), 1_000_000),
    "mbgnbd": Fitter("ModifiedBetaGeoFitter", ("r", "alpha", "a", "b"), 1_000_000),
    "pareto_nbd": Fitter("ParetoNBDFitter", ("r", "alpha", "s", "beta"), 20_000),
    "bgbb": Fitter("BetaGeoBetaBinomFitter", ("alpha", "beta", "gamma", "delta"), 1_000_000),
    "gamma_gamma": Fitter("GammaGammaFitter", ("p", "q", "v"), 1_000_000),
}
"""Fitters by the name of the process; parameters have the same names in both packages."""


@dataclass(frozen=True, slots=True, eq=False)
class LifetimesResult:
    """The results of lifetimes.

    Attributes
    ----------
    version : str or None
        None if lifetimes could not be imported.
    parameters : dict of str to float, or None
        The result of its own search; None if it failed.
    values : dict of str to array
        "log_likelihood at_ours" and "log_likelihood at_lifetimes", one value per fitted row; likewise for each
        prediction, one value per sampled customer. Absent where lifetimes failed.
    failures : dict of str to str
        The exceptions raised in each step.
    """

    version: str | None
    parameters: dict[str, float] | None
    values: dict[str, Array]
    failures: dict[str, str]


def run_lifetimes(
    process: str,
    parameters: Mapping[str, float],
    rows: CountedRows,
    sample: Sequence[Array],
    horizon: float,
    timeout: float,
) -> LifetimesResult:
    """Fit the rows with lifetimes, and evaluate its functions at these parameters and at its own.

    Parameters
    ----------
    process : str
        A key of FITTERS.
    sample : sequence of arrays (s,)
        Statistics of the customers to predict.
    timeout : float
        Seconds after which lifetimes counts as failed.
    """
    fitter = FITTERS[process]
    question = {
        "fitter": fitter.name,
        "names": list(fitter.parameters),
        "parameters": [float(parameters[name]) for name in fitter.parameters],
        "columns": len(rows.columns),
        "horizon": horizon,
    }
    columns = {f"fit_{i}": column for i, column in enumerate(rows.columns)}
    columns |= {f"sample_{i}": np.asarray(column, dtype=float) for i, column in enumerate(sample)}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "question.json").write_text(json.dumps(question), "utf-8")
        np.savez(folder / "rows.npz", counts=rows.counts, **columns)  # type: ignore[arg-type]
        try:
            # -P: modules in the worker's folder must not shadow modules of the same name.
            done = subprocess.run(  # noqa: S603  # our own worker, without a shell
                [sys.executable, "-P", str(WORKER)],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return LifetimesResult(None, None, {}, {"process": f"no result within {timeout:g} seconds"})
        if done.returncode != 0:
            last = done.stderr.strip().splitlines()[-1:] or [f"its process ended with code {done.returncode}"]
            return LifetimesResult(None, None, {}, {"process": last[0]})
        answer = json.loads((folder / "answer.json").read_text("utf-8"))
        with np.load(folder / "values.npz") as stored:
            values = {name: stored[name] for name in stored.files}
    values_found = answer["parameters"]
    named = None if values_found is None else dict(zip(fitter.parameters, values_found, strict=True))
    return LifetimesResult(answer["version"], named, values, answer["failures"])
