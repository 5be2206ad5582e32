"""A script that fits rows with the installed lifetimes, and evaluates its functions at fixed parameters.

Importing lifetimes changes pandas' options and Python's warning filters for the whole process, so it runs in a separate
one. The script reads question.json and rows.npz from the working folder, and writes answer.json and values.npz. It
imports nothing from this package and holds no formulas, so that the second opinion is independent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

__all__: list[str] = []

START = {"ParetoNBDFitter": np.ones(4)}  # the center of its random start, for reproducible results


class EachRow:
    """Weights that record the values they are multiplied by: the likelihood of each row instead of the mean."""

    __array_ufunc__ = None  # numpy arrays then call __rmul__ of this class

    def __mul__(self, values: Any) -> Any:
        self.values = np.asarray(values, dtype=float)
        return self.values

    __rmul__ = __mul__

    def sum(self) -> float:
        return 1.0


def log_likelihood(fitter: Any, theta: Any, columns: list[Any]) -> Any:
    """Return the log-likelihood of each row by the fitter's own function, in the unit of the columns."""
    if hasattr(fitter, "_conditional_log_likelihood"):
        return fitter._conditional_log_likelihood(theta, *columns)
    if hasattr(fitter, "_loglikelihood"):
        return fitter._loglikelihood(theta, *(column.astype(int) for column in columns))
    rows = EachRow()
    fitter._negative_log_likelihood(np.log(theta), *columns, rows, 0.0)
    return rows.values


def predictions(fitter: Any, theta: Any, names: list[str], columns: list[Any], horizon: float) -> dict[str, Any]:
    """Return the fitter's predictions for each row at these parameters."""
    import pandas as pd

    fitter.params_ = pd.Series(theta, index=names)
    if hasattr(fitter, "conditional_expected_average_profit"):
        return {"expected_spend": fitter.conditional_expected_average_profit(*columns)}
    ahead = (0,) if type(fitter).__name__ == "BetaGeoBetaBinomFitter" else ()
    expected = fitter.conditional_expected_number_of_purchases_up_to_time(horizon, *columns)
    return {
        "probability_alive": fitter.conditional_probability_alive(*ahead, *columns),
        "expected_purchases": expected,
    }


def main() -> None:
    """Answer the question in the working folder; exceptions of lifetimes are part of the answer."""
    folder = Path.cwd()
    question = json.loads((folder / "question.json").read_text("utf-8"))
    with np.load(folder / "rows.npz") as stored:
        counts, width = stored["counts"], range(question["columns"])
        fit_columns, sample = ([stored[f"{part}_{i}"] for i in width] for part in ("fit", "sample"))
    failures: dict[str, str] = {}
    values: dict[str, Any] = {}

    def attempt(step: str, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except Exception as error:  # noqa: BLE001  # a failure is a result of its own
            failures[step] = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
            return None

    def imported() -> Any:
        import lifetimes

        return lifetimes

    names = question["names"]
    lifetimes = attempt("import", imported)
    points = {"at_ours": question["parameters"], "at_lifetimes": None}
    if lifetimes is not None:
        kind = getattr(lifetimes, question["fitter"])
        start = START.get(question["fitter"])
        estimates = attempt("fit", lambda: kind().fit(*fit_columns, weights=counts, initial_params=start).params_)
        if estimates is not None:
            points["at_lifetimes"] = [float(estimates[name]) for name in names]
        for point, parameters in points.items():
            if parameters is None:
                continue
            theta = np.array(parameters)
            likelihood = attempt(f"likelihood {point}", partial(log_likelihood, kind(), theta, fit_columns))
            if likelihood is not None:
                values[f"log_likelihood {point}"] = np.asarray(likelihood, dtype=float)
            columns = attempt(
                f"predictions {point}", partial(predictions, kind(), theta, names, sample, question["horizon"])
            )
            for name, column in (columns or {}).items():
                values[f"{name} {point}"] = np.broadcast_to(np.asarray(column, dtype=float), sample[0].shape)
    np.savez(folder / "values.npz", **values)
    version = getattr(lifetimes, "__version__", None)
    answer = {"version": version, "parameters": points["at_lifetimes"], "failures": failures}
    (folder / "answer.json").write_text(json.dumps(answer), "utf-8")


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        main()
