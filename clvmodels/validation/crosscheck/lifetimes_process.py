"""Asking the installed lifetimes, in a process of its own, and reading what it answered."""

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

__all__ = ["FITTERS", "Fitter", "Opinion", "ask"]

WORKER = Path(__file__).with_name("lifetimes_worker.py")


@dataclass(frozen=True, slots=True)
class Fitter:
    """What lifetimes calls a process, and how many distinct rows it fits in well under a minute."""

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
"""By the name of the process; parameters are named alike on both sides."""


@dataclass(frozen=True, slots=True, eq=False)
class Opinion:
    """What lifetimes answered.

    Attributes
    ----------
    version : str or None
        None if it could not even be imported.
    parameters : dict of str to float, or None
        Where its own search ended; None if it failed.
    values : dict of str to array
        "log_likelihood at_ours" and "log_likelihood at_lifetimes", a value a row fitted; the same with the name of each
        prediction, a value a customer of the sample. Absent where lifetimes failed.
    failures : dict of str to str
        What it raised, by step.
    """

    version: str | None
    parameters: dict[str, float] | None
    values: dict[str, Array]
    failures: dict[str, str]


def ask(
    process: str,
    parameters: Mapping[str, float],
    rows: CountedRows,
    sample: Sequence[Array],
    horizon: float,
    timeout: float,
) -> Opinion:
    """Have lifetimes fit the rows, and evaluate its functions at these parameters and at its own.

    Parameters
    ----------
    process : str
        A name of FITTERS.
    sample : sequence of arrays (s,)
        Statistics of the customers whose predictions are asked for.
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
            # -P: the worker's folder holds modules that must not hide others of their name.
            done = subprocess.run(  # noqa: S603  # our own worker, without a shell
                [sys.executable, "-P", str(WORKER)],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Opinion(None, None, {}, {"process": f"no answer within {timeout:g} seconds"})
        if done.returncode != 0:
            last = done.stderr.strip().splitlines()[-1:] or [f"its process ended with code {done.returncode}"]
            return Opinion(None, None, {}, {"process": last[0]})
        answer = json.loads((folder / "answer.json").read_text("utf-8"))
        with np.load(folder / "values.npz") as stored:
            values = {name: stored[name] for name in stored.files}
    found = answer["parameters"]
    named = None if found is None else dict(zip(fitter.parameters, found, strict=True))
    return Opinion(answer["version"], named, values, answer["failures"])
