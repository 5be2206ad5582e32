"""What every estimator shares: fitting through the contract, the certificate, the parameter table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import UNUSED

from clvmodels import frames, html
from clvmodels.clock import Clock
from clvmodels.errors import ClockMismatch, FitFailed, InvalidOption, InvalidRFM
from clvmodels.estimators.design import Design, Formulas, Grouping
from clvmodels.estimators.parameter_table import Errors, check_level, summary_table, table_of
from clvmodels.inference.fitting import Fit, maximize
from clvmodels.inference.groups import together
from clvmodels.inference.objective import Prior
from clvmodels.inference.profile_likelihood import profile_intervals
from clvmodels.inference.statistics import CountedRows, UniqueRows
from clvmodels.inference.uncertainty import RandomState, bootstrap, seed_of
from clvmodels.processes.contract import Array, Process
from clvmodels.transactions.summary import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FittedProcess"]

SMALLEST_GROUP = 500  # customers: of fewer, a group's own parameters are hardly known


class FittedProcess(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A process as a scikit-learn estimator; the subclasses add what can be predicted.

    Parameters
    ----------
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates such as "log r" or "logit mean dropout probability".
        These are unit-free: times are in mean T, money in median spend. None is needed for a fit to converge.
    l2 : float
        Regularization of covariates' coefficients: half of it times the sum of their squares, for covariates of mean 0
        and standard deviation 1, is subtracted from the log-likelihood.
    by : str, optional
        An attribute of the RFM, each group of which has parameters of its own.
    smallest_group : int
        Groups of fewer customers are fitted together.

    Attributes
    ----------
    parameters_ : dict of str to float
    fit_ : Fit
        The certificate: log-likelihood, gradient, Hessian, status.
    clock_ : Clock
        The clock of the RFM fitted; predictions refuse another.
    observation_end_ : str or None
        Last date of the RFM fitted.
    data_fingerprint_ : str or None
        Of the data that the likelihood is of, which is the same for every process fitted to them; None if the model was
        saved before there was one.
    design_ : Design or None
        What the covariates learned of their columns.
    grouping_ : Grouping or None
        The groups that have parameters of their own.
    """

    # The RFM is what scikit-learn calls X, and no metadata for it to route.
    __metadata_request__fit: ClassVar[dict[str, str]] = {"rfm": UNUSED}
    __metadata_request__score: ClassVar[dict[str, str]] = {"rfm": UNUSED}

    parameters_: dict[str, float]
    fit_: Fit
    clock_: Clock
    observation_end_: str | None
    data_fingerprint_: str | None
    design_: Design | None
    grouping_: Grouping | None
    _fitted_process: Any

    @property
    def plain(self) -> Process:
        """The process without covariates or groups: of the class, or where something was asked for, of the instance."""
        raise NotImplementedError

    @property
    def process(self) -> Process:
        """The process fitted, with its covariates and groups."""
        return self._fitted_process if hasattr(self, "_fitted_process") else self.plain

    @property
    def title(self) -> str:
        """What tables and reports call the model, with what it was asked to tell apart."""
        return self.process.title + self._asked

    @property
    def _asked(self) -> str:
        """Covariates, groups and regularization in words, in parentheses; nothing if there are none."""
        told = [f"{role} ~ {formula}" for role, formula in self._roles.items() if formula is not None]
        if told and self.l2:
            told.append(f"l2 = {self.l2:g}")
        if self.by is not None:
            told.append(f"by {self.by}")
        return f" ({', '.join(told)})" if told else ""

    def _rows(self, rfm: RFM) -> UniqueRows:
        raise NotImplementedError

    def _counted(self, rfm: RFM) -> CountedRows:
        raise NotImplementedError

    @property
    def _roles(self) -> dict[str, str | None]:
        """The formulas, by what they move."""
        raise NotImplementedError

    @property
    def _formulas(self) -> Formulas | None:
        """What covariates are to move, if any."""
        formulas = {role: formula for role, formula in self._roles.items() if formula is not None}
        return Formulas(formulas) if formulas else None

    def __init__(
        self,
        prior: Mapping[str, tuple[float, float]] | None = None,
        *,
        l2: float = 0.0,
        by: str | None = None,
        smallest_group: int = SMALLEST_GROUP,
    ) -> None:
        self.prior = prior
        self.l2 = l2
        self.by = by
        self.smallest_group = smallest_group

    def _check_options(self) -> None:
        """Refuse what covariates and groups cannot be asked for; whether the columns exist is seen later."""
        given: dict[str, Any] = self.get_params(deep=False)
        l2, smallest = given["l2"], given["smallest_group"]
        for role, formula in self._roles.items():
            if not (formula is None or isinstance(formula, str)):
                raise InvalidOption(f"{role}={formula!r} is no formula: name columns, such as 'C(channel) + age'.")
        if not (isinstance(l2, (int, float, np.integer, np.floating)) and 0 <= l2 < np.inf):
            raise InvalidOption(f"l2={self.l2!r} must be a number of at least 0.")
        if not (self.by is None or isinstance(self.by, str)):
            raise InvalidOption(f"by={self.by!r} is no name of a column.")
        if not (isinstance(smallest, (int, np.integer)) and smallest >= 1):
            raise InvalidOption(f"smallest_group={self.smallest_group!r} must be a whole number of at least 1.")

    def _forget(self) -> None:
        """Before a fit nothing is known."""
        self._check_options()
        for name in ("fit_", "design_", "grouping_", "_fitted_process"):
            if hasattr(self, name):
                delattr(self, name)

    def _learn(self, rfm: RFM, used: npt.NDArray[np.bool_] | None = None) -> None:
        """What the covariates and groups asked for are among these customers, of whom some (n,) are fitted."""
        formulas = self._formulas
        used = np.ones(len(rfm), dtype=bool) if used is None else used
        design = None if formulas is None else Design.learned(self.plain, formulas, rfm[used])
        grouping = None if self.by is None else Grouping.learned(rfm, self.by, self.smallest_group, used)
        self._know(design, grouping)

    def _know(self, design: Design | None, grouping: Grouping | None) -> None:
        self.design_, self.grouping_ = design, grouping
        process = self._alike
        self._fitted_process = process if grouping is None else grouping.applied_to(process)

    @property
    def _alike(self) -> Any:
        """The process of customers of one group: with covariates, without groups."""
        return self.plain if self.design_ is None else self.design_.applied_to(self.plain)

    def _maximize(self, rfm: RFM, unit: float) -> Self:
        rows = self._counted(rfm)
        if self.grouping_ is None:
            fit = maximize(self.process, rows, unit, self._prior())
        else:
            fits, number = {}, rows.columns[-1]
            for i, label in enumerate(self.grouping_.labels):
                try:
                    fits[label] = maximize(self._alike, rows.where(number == i), unit, self._prior_alike())
                except FitFailed as failure:
                    told = f"In the group {label!r} of {self.grouping_.by!r}: {failure}"
                    raise FitFailed(f"{told} A larger smallest_group= pools small groups.") from failure
            fit = together(fits)
        return self._restore(fit, rfm.clock, rfm.observation_end, self._data_fingerprint(rfm, fit))

    def _values(self, rfm: RFM, names: Sequence[str]) -> list[Any]:
        """Statistics by name (n,): columns of the RFM, covariates, and the number of the group."""
        known: dict[str, Any] = {}
        for more in (getattr(self, "design_", None), getattr(self, "grouping_", None)):
            if more is not None:
                known |= more.columns(rfm)
        return [known[name] if name in known else rfm[name] for name in names]

    def _data_fingerprint(self, rfm: RFM, fit: Fit) -> str:
        """Of the data that the likelihood of a fit is of, told in the RFM's clock."""
        return fit.fingerprint

    def _prior(self) -> Prior:
        """The prior in the order of the coordinates; flat where none is given."""
        prior = self._prior_alike()
        groups = 1 if self.grouping_ is None else len(self.grouping_.labels)
        return Prior(np.tile(prior.mean, groups), np.tile(prior.precision, groups))

    def _prior_alike(self) -> Prior:
        """The prior of each group; regularization is one on the coefficients of standardized covariates."""
        form = self._alike.parametrization
        names = [coordinate.name for coordinate in form.coordinates]
        mean, precision = np.zeros(len(names)), np.where(form.real, float(self.l2), 0.0)
        for name, (center, deviation) in (self.prior or {}).items():
            if name not in names:
                raise InvalidOption(f"prior on {name!r}: the coordinates are {', '.join(map(repr, names))}.")
            if not (np.isfinite(center) and deviation > 0):
                raise InvalidOption(f"prior on {name!r}: {(center, deviation)} is no (mean, standard deviation > 0).")
            mean[names.index(name)], precision[names.index(name)] = center, deviation**-2
        return Prior(mean, precision)

    def _restore(
        self, fit: Fit, clock: Clock, observation_end: str | None, data_fingerprint: str | None = None
    ) -> Self:
        self.fit_, self.parameters_ = fit, dict(fit.parameters)
        self.clock_, self.observation_end_ = clock, observation_end
        self.data_fingerprint_ = data_fingerprint
        return self

    @property
    def _parameters(self) -> Any:
        self._check_fitted()
        return self.process.Parameters(*(np.float64(self.parameters_[name]) for name in self.fit_.parameters))

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

    def __str__(self) -> str:
        if not self.__sklearn_is_fitted__():
            return f"{self.title}, not fitted"
        fit = self.fit_
        values = ", ".join(f"{name} {value:.4g}" for name, value in fit.parameters.items())
        return f"{self.title}: {fit.status}, {fit.customers:,} customers, {values}"

    def _repr_html_(self) -> str:
        """What a notebook shows: the certificate's words and the parameters."""
        if not self.__sklearn_is_fitted__():
            return html.block(str(self))
        words = f"log-likelihood {self.fit_.log_likelihood:,.3f}; {self.fit_.message}"
        return html.block(str(self), "", html.table(self.summary().reset_index().to_dict("list")), html.items([words]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if not self.__sklearn_is_fitted__():
            return {"text/plain": repr(self)}
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def certificate(self) -> dict[str, Any]:
        """What the fit can vouch for, as plain values: status in words, likelihood, gradient, curvature, size."""
        self._check_fitted()
        fit = self.fit_
        return {
            "model": self.title,
            "process": self.process.name,
            "status": fit.status,
            "message": fit.message,
            "findings": [finding.to_dict() for finding in fit.findings],
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

    def summary(self, level: float = 0.95, errors: Errors = "hessian") -> pd.DataFrame:
        """Estimates with standard errors and intervals, a row a parameter.

        Intervals are normal on the logarithm, so they stay positive (coefficients on their own scale), unless few
        customers leave the likelihood another shape: they are then those of parameters drawn along the fit's ridges. At
        a boundary, parameters that are not estimated have none.

        Parameters
        ----------
        level : float
            Coverage of the interval, between 0 and 1.
        errors : {"hessian", "sandwich"}
            From the inverse Hessian, or from Hessian and scores: right also when the process is only roughly so.
        """
        self._check_fitted()
        return summary_table(self.process, self.fit_, level, errors, self._unit)

    def profile_intervals(self, rfm: RFM, level: float = 0.95) -> pd.DataFrame:
        """Intervals of the parameters from the likelihood itself, a row a parameter.

        Wider to the side where the data say less, and right where parameters trade off, as in MBG/NBD with few
        customers; those of `summary` are from the curvature at the maximum. Each end takes a few fits.

        Parameters
        ----------
        rfm : RFM
            The one fitted.
        level : float
            Coverage, between 0 and 1.

        Returns
        -------
        DataFrame
            estimate, lower, upper, unit; 0 or infinity where the likelihood sets no limit.

        Raises
        ------
        InvalidOption
            For a model with a prior or l2, which the likelihood knows nothing of; and for a fit at a boundary.
        """
        self._check_fitted()
        self._check_rfm(rfm)
        check_level(level)
        if self.prior or self.l2:
            raise InvalidOption("A model with a prior has no profile likelihood: use summary().")
        if not self.fit_.free.all():
            raise InvalidOption(
                f"This fit is at a boundary ({self.fit_.message}), where not every parameter has an interval: use "
                "summary(), or fit the simpler model that it names."
            )
        ends = profile_intervals(self.process, self.fit_, self._counted(rfm), level)
        lower, upper = ends.T
        return table_of(self.process, self.fit_, self._unit, lower=lower, upper=upper)

    def bootstrap(
        self,
        rfm: RFM,
        replicates: int = 200,
        *,
        random_state: RandomState = 0,
        progress: Callable[[int], None] | None = None,
    ) -> pd.DataFrame:
        """Parameters refitted to customers drawn with replacement, a row a replicate.

        Parameters
        ----------
        rfm : RFM
            The one fitted.
        replicates : int
        random_state : int or Generator
        progress : function of int, optional
            Called with the number of replicates finished; a KeyboardInterrupt stops the rest at once.
        """
        import pandas as pd

        self._check_fitted()
        self._check_rfm(rfm)
        rows, seed = self._counted(rfm), seed_of(random_state)
        estimates = bootstrap(self.process, self.fit_, rows, replicates, seed, self._prior(), progress)
        return pd.DataFrame(estimates, columns=list(self.process.parametrization.names))

    def _unit(self, name: str) -> str:
        raise NotImplementedError

    def _log_likelihood(self, rfm: RFM) -> Array:
        p, process = self._parameters, self.process
        return self._rows(rfm).evaluate(lambda *columns: process.log_likelihood(p, *columns))

    def score(self, rfm: RFM, y: Any = None) -> float:
        """Mean log-likelihood a customer, for scikit-learn's searches; higher is better."""
        self._check_rfm(rfm)
        return float(np.mean(self._log_likelihood(rfm)))
