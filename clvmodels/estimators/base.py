"""What every estimator shares: fitting through the contract, the certificate, the parameter table."""

from __future__ import annotations

from dataclasses import asdict
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import ClockMismatch, InvalidOption, InvalidRFM
from clvmodels.inference.fitting import Fit, maximize
from clvmodels.inference.statistics import UniqueRows
from clvmodels.processes.contract import Array, Process
from clvmodels.transactions.rfm import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FittedProcess"]


class FittedProcess(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A process as a scikit-learn estimator; the subclasses add what can be predicted.

    Attributes
    ----------
    parameters_ : dict of str to float
    fit_ : Fit
        The certificate: log-likelihood, gradient, Hessian, status.
    clock_ : Clock
        The clock of the RFM fitted; predictions refuse another.
    observation_end_ : str or None
        Last date of the RFM fitted.
    """

    process: ClassVar[Process]

    parameters_: dict[str, float]
    fit_: Fit
    clock_: Clock
    observation_end_: str | None

    def _rows(self, rfm: RFM) -> UniqueRows:
        raise NotImplementedError

    def _maximize(self, rfm: RFM, rows: UniqueRows, unit: float) -> Self:
        fit = maximize(self.process, rows, unit)
        return self._restore(fit, rfm.clock, rfm.observation_end)

    def _restore(self, fit: Fit, clock: Clock, observation_end: str | None) -> Self:
        self.fit_, self.parameters_ = fit, dict(fit.parameters)
        self.clock_, self.observation_end_ = clock, observation_end
        return self

    @property
    def _parameters(self) -> Any:
        self._check_fitted()
        return self.process.Parameters(**{name: np.float64(value) for name, value in self.parameters_.items()})

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fit_")

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise InvalidOption(f"This {type(self).__name__} has not been fitted: call fit(rfm) first.")

    def _check_rfm(self, rfm: RFM) -> None:
        if not isinstance(rfm, RFM):
            raise InvalidRFM(
                f"A {type(rfm).__name__} is no RFM: make one with rfm_summary(log, ...), or with "
                "RFM.from_frame(frame, time_unit=...) from a table that holds one row a customer."
            )
        if self.__sklearn_is_fitted__() and rfm.clock != self.clock_:
            raise ClockMismatch(
                f"The model tells time in {self.clock_}; this RFM in {rfm.clock}. Summarize by the model's."
            )

    def _table(self, rfm: RFM, columns: dict[str, Any]) -> frames.Frame:
        return frames.table(rfm.kind, {"customer_id": rfm.customer_id, **columns})

    def certificate(self) -> dict[str, Any]:
        """What the fit can vouch for, as plain values: status in words, likelihood, gradient, curvature, size."""
        self._check_fitted()
        fit = self.fit_
        return {
            "model": self.process.title,
            "status": fit.status,
            "message": fit.message,
            "log_likelihood": fit.log_likelihood,
            "aic": fit.aic,
            "bic": fit.bic,
            "gradient_norm": fit.gradient_norm,
            "hessian_definite": fit.definite,
            "iterations": fit.iterations,
            "customers": fit.customers,
            "unique_rows": fit.unique_rows,
            "clock": asdict(self.clock_),
            "observation_end": self.observation_end_,
            "fingerprint": fit.fingerprint,
        }

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Estimates with standard errors and intervals, a row a parameter.

        Standard errors come from the inverse Hessian. Intervals are normal on the logarithm, so they stay positive;
        at a boundary, parameters that are not estimated have none.

        Parameters
        ----------
        level : float
            Coverage of the interval, between 0 and 1.
        """
        import pandas as pd

        if not 0 < level < 1:
            raise InvalidOption(f"level={level!r} must lie between 0 and 1, such as 0.95.")
        self._check_fitted()
        fit, form = self.fit_, self.process.parametrization
        estimate = np.array([fit.parameters[name] for name in form.names])
        held = np.abs(form.jacobian(fit.coordinates)) @ ~fit.free > 1e-6
        log_error = np.where(held, np.nan, np.sqrt(np.maximum(np.diag(fit.covariance), 0)))
        reach = NormalDist().inv_cdf(0.5 + level / 2) * log_error
        return pd.DataFrame(
            {
                "estimate": estimate,
                "standard_error": estimate * log_error,
                "lower": estimate * np.exp(-reach),
                "upper": estimate * np.exp(reach),
                "unit": [self._unit(name) for name in form.names],
            },
            index=pd.Index(form.names, name="parameter"),
        )

    def _unit(self, name: str) -> str:
        raise NotImplementedError

    def _log_likelihood(self, rfm: RFM) -> Array:
        p, process = self._parameters, self.process
        return self._rows(rfm).evaluate(lambda *columns: process.log_likelihood(p, *columns))

    def score(self, rfm: RFM, y: Any = None) -> float:
        """Mean log-likelihood a customer, for scikit-learn's searches; higher is better."""
        self._check_rfm(rfm)
        return float(np.mean(self._log_likelihood(rfm)))
