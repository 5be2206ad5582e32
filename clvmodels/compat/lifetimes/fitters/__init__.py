"""The base class of all fitters: parameters with their errors, and saving."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from clvmodels.compat.lifetimes.differences import report_difference
from clvmodels.compat.lifetimes.evaluation import as_array
from clvmodels.compat.lifetimes.fitting import fit_penalized
from clvmodels.compat.lifetimes.saving import read_fitter, write_fitter
from clvmodels.compat.lifetimes.utils import ConvergenceError
from clvmodels.estimators.parameter_table import summary_table
from clvmodels.inference.fitting import Fit
from clvmodels.language import Finding
from clvmodels.processes.contract import Array, Process

__all__ = ["BaseFitter", "ConvergenceError"]

NORMAL_95 = 1.96  # as lifetimes rounds it


class BaseFitter:
    """Base class for fitters.

    Parameters
    ----------
    penalizer_coef : float, default=0.0
        Weight of the sum of squared parameters, which is subtracted from the log-likelihood.

    Attributes
    ----------
    process : PurchaseProcess or SpendProcess
        The process of this engine that is fitted.
    """

    process: ClassVar[Process]
    params_: Any
    data: Any
    standard_errors_: pd.Series[float]
    confidence_intervals_: pd.DataFrame

    def __init__(self, penalizer_coef: float = 0.0) -> None:
        self.penalizer_coef = penalizer_coef

    def __repr__(self) -> str:
        name = type(self).__name__
        if not hasattr(self, "params_"):
            return f"<lifetimes.{name}>"
        subjects = "" if getattr(self, "data", None) is None else f" fitted with {self.data.shape[0]:d} subjects,"
        values = ", ".join(f"{name}: {value:.2f}" for name, value in sorted(self.params_.items()))
        return f"<lifetimes.{name}:{subjects} {values}>"

    def _unload_params(self, *args: str) -> list[Any]:
        if not hasattr(self, "params_"):
            raise ValueError("Model has not been fit yet. Please call the .fit method first.")
        return [self.params_[name] for name in args]

    @property
    def _parameters(self) -> Any:
        """The parameters in the form that the process uses."""
        names = self.process.Parameters._fields
        return self.process.Parameters(*map(np.float64, self._unload_params(*names)))

    def save_model(
        self,
        path: Any,
        save_data: bool = True,
        save_generate_data_method: bool = True,
        values_to_save: list[Any] | None = None,
    ) -> None:
        """Save the model as JSON, which runs no code when it is read.

        Parameters
        ----------
        path : str or Path
        save_data : bool, default=True
            Whether to save the rows that were fitted, `data`.
        save_generate_data_method : bool, default=True
            Whether the loaded model can generate data.
        values_to_save : list, optional
            Plain values to save instead of the data, and instead of the method; default: None.
        """
        write_fitter(self, Path(path), save_data, save_generate_data_method, values_to_save or [])

    def load_model(self, path: Any) -> None:
        """Load a model from the JSON file that `save_model` wrote.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        InvalidModelFile
            If it is another file, such as a pickle of lifetimes: see `convert_pickle`.
        """
        read_fitter(self, Path(path))

    @property
    def variance_matrix_(self) -> pd.DataFrame:
        """Covariance matrix of the parameters; missing for parameters that the data do not determine."""
        if not hasattr(self, "_covariance"):
            raise AttributeError("variance_matrix_: the model has not been fitted.")
        report_difference(Finding("compat-covariance"))
        matrix: pd.DataFrame = self._covariance
        return matrix

    @property
    def summary(self) -> pd.DataFrame:
        """Coefficients with standard errors and 95 % intervals."""
        table = pd.DataFrame(index=self.params_.index)
        table["coef"] = self.params_
        table["se(coef)"] = self.standard_errors_
        for name in ("lower 95% bound", "upper 95% bound"):
            table[name] = self.confidence_intervals_[name]
        return table

    def _estimate(
        self, process: Process, columns: dict[str, Array], weights: Any, penalties: Array, verbose: bool, index: Any
    ) -> Fit:
        """Fit the process to rows, and store the parameters, their errors and the rows."""
        given_weights = None if weights is None else as_array(weights)
        fit = fit_penalized(process, [as_array(column) for column in columns.values()], given_weights, penalties)
        if verbose:
            sys.stdout.write(f"{fit!r}\n")
        counts = np.ones(len(next(iter(columns.values()))), dtype=int) if weights is None else np.asarray(weights)
        self.data = pd.DataFrame({**columns, "weights": counts}, index=index)
        self.params_ = pd.Series(fit.parameters)
        table = summary_table(process, fit, 0.95, "hessian", lambda _: "")
        self.standard_errors_ = pd.Series(table["standard_error"].to_numpy(), index=self.params_.index)
        errors = NORMAL_95 * self.standard_errors_
        self.confidence_intervals_ = pd.DataFrame(
            {"lower 95% bound": self.params_ - errors, "upper 95% bound": self.params_ + errors}
        )
        theta = self.params_.to_numpy()
        covariance = pd.DataFrame(
            np.outer(theta, theta) * fit.covariance, index=self.params_.index, columns=self.params_.index
        )
        unknown = self.standard_errors_.isna().to_numpy()
        self._covariance = covariance.mask(unknown[:, None] | unknown)
        return fit
