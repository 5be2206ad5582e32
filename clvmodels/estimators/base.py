"""The base class of estimators: options, fitting, the certificate, and the parameter table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import UNUSED

from clvmodels import frames, html
from clvmodels.clock import Clock
from clvmodels.errors import ClockMismatch, FitFailed, InvalidOption, InvalidRFM
from clvmodels.estimators.design import Design, Formulas, Grouping
from clvmodels.estimators.options import SMALLEST_GROUP, NotFitted, check_options, prior_of_coordinates
from clvmodels.estimators.parameter_table import StandardErrors, check_level, parameter_table, summary_table
from clvmodels.inference.fitting import Fit, maximize
from clvmodels.inference.groups import combine_fits
from clvmodels.inference.objective import Prior
from clvmodels.inference.profile_likelihood import profile_intervals
from clvmodels.inference.statistics import CountedRows, UniqueRows
from clvmodels.inference.uncertainty import RandomState, bootstrap, seed_of
from clvmodels.processes.contract import Array, Process
from clvmodels.transactions.summary import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FittedProcess"]


def _clock_arguments(clock: Clock) -> str:
    """Return the arguments of `rfm_summary` that produce a clock, as text."""
    options = [f"{name}={value!r}" for name, value in clock.to_dict().items() if value and name != "calendar"]
    return ", ".join([*options, "the calendar of the model"] if clock.calendar else options)


class FittedProcess(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A process as a scikit-learn estimator; subclasses add the predictions.

    Parameters
    ----------
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates such as "log r" or "logit mean dropout probability".
        Coordinates are unit-free: time is in units of mean T, money in units of median spend. Fits converge without
        priors.
    l2 : float, default=0.0
        Regularization of the coefficients of covariates: `l2` / 2 times the sum of their squares is subtracted from the
        log-likelihood, for covariates with mean 0 and standard deviation 1.
    by : str, optional
        An attribute of the RFM. Each of its groups gets separate parameters.
    smallest_group : int, default=500
        Groups with fewer customers are pooled and fitted together.

    Attributes
    ----------
    parameters_ : dict of str to float
    fit_ : Fit
        The certificate: log-likelihood, gradient, Hessian, status, findings.
    clock_ : Clock
        The clock of the RFM fitted; an RFM with another clock raises an error.
    observation_end_ : str or None
        Last date of the RFM fitted.
    data_fingerprint_ : str or None
        SHA-256 of the data of the likelihood, equal for all processes fitted to the same data. None in models saved
        before fingerprints existed.
    design_ : Design or None
        The covariates: categories, centers and scales of their columns.
    grouping_ : Grouping or None
        The groups with separate parameters.
    """

    # The RFM takes the place of scikit-learn's X; it is not metadata to be routed.
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
        """The process without covariates and groups; it depends on the instance where an option selects it."""
        raise NotImplementedError

    @property
    def process(self) -> Process:
        """The process with covariates and groups."""
        return self._fitted_process if hasattr(self, "_fitted_process") else self.plain

    @property
    def title(self) -> str:
        """The name of the model in tables and reports: the process, and covariates and groups in parentheses."""
        return self.process.title + self._options_text

    @property
    def _options_text(self) -> str:
        """Covariates, groups and regularization in parentheses; empty without any."""
        options = self._option_texts
        return f" ({', '.join(options)})" if options else ""

    @property
    def _option_texts(self) -> list[str]:
        """Covariates, groups and regularization, such as "purchase ~ age"."""
        options = [f"{role} ~ {formula}" for role, formula in self._roles.items() if formula is not None]
        if options and self.l2:
            options.append(f"l2 = {self.l2:g}")
        if self.by is not None:
            options.append(f"by {self.by}")
        return options

    def _rows(self, rfm: RFM) -> UniqueRows:
        raise NotImplementedError

    def _count_rows(self, rfm: RFM) -> CountedRows:
        raise NotImplementedError

    @property
    def _roles(self) -> dict[str, str | None]:
        """The formulas by role: the name of what they shift, such as "purchase"."""
        raise NotImplementedError

    @property
    def _formulas(self) -> Formulas | None:
        """The formulas of the covariates; None without covariates."""
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
        options: dict[str, Any] = self.get_params(deep=False)
        check_options(self._roles, options["l2"], options["by"], options["smallest_group"])

    def _reset(self) -> None:
        """Check the options and delete the results of an earlier fit."""
        self._check_options()
        for name in ("fit_", "design_", "grouping_", "_fitted_process"):
            if hasattr(self, name):
                delattr(self, name)

    def _set_up_process(self, rfm: RFM, used: npt.NDArray[np.bool_] | None = None) -> None:
        """Set up the covariates and groups of the customers; only those in `used` (n,) are fitted."""
        formulas = self._formulas
        used = np.ones(len(rfm), dtype=bool) if used is None else used
        design = None if formulas is None else Design.from_rfm(self.plain, formulas, rfm[used])
        grouping = None if self.by is None else Grouping.from_rfm(rfm, self.by, self.smallest_group, used)
        self._set_process(design, grouping)

    def _set_process(self, design: Design | None, grouping: Grouping | None) -> None:
        self.design_, self.grouping_ = design, grouping
        process = self._group_process
        self._fitted_process = process if grouping is None else grouping.apply_to(process)

    @property
    def _group_process(self) -> Any:
        """The process of the customers of one group: with covariates, without groups."""
        return self.plain if self.design_ is None else self.design_.apply_to(self.plain)

    def _maximize(self, rfm: RFM, unit: float) -> Self:
        rows = self._count_rows(rfm)
        if self.grouping_ is None:
            fit = maximize(self.process, rows, unit, self._prior())
        else:
            fits = {}
            for i, label in enumerate(self.grouping_.labels):
                try:
                    fits[label] = maximize(self._group_process, rows.in_group(i), unit, self._group_prior())
                except FitFailed as failure:
                    message = f"In the group {label!r} of {self.grouping_.by!r}: {failure}"
                    raise FitFailed(f"{message} A larger smallest_group= pools small groups.") from failure
            fit = combine_fits(fits)
        return self._restore(fit, rfm.clock, rfm.observation_end, self._data_fingerprint(rfm, fit))

    def _values(self, rfm: RFM, names: Sequence[str]) -> list[Any]:
        """Return statistics by name, each (n,): columns of the RFM, covariates, and the number of the group."""
        columns: dict[str, Any] = {}
        for part in (getattr(self, "design_", None), getattr(self, "grouping_", None)):
            if part is not None:
                columns |= part.columns(rfm)
        return [columns[name] if name in columns else rfm[name] for name in names]

    def _data_fingerprint(self, rfm: RFM, fit: Fit) -> str:
        """Return the fingerprint of the data of a fit's likelihood, in the unit of the RFM's clock."""
        return fit.fingerprint

    def _prior(self) -> Prior:
        """Return the prior in the order of the coordinates; flat for those without one."""
        prior = self._group_prior()
        groups = 1 if self.grouping_ is None else len(self.grouping_.labels)
        return Prior(np.tile(prior.mean, groups), np.tile(prior.precision, groups))

    def _group_prior(self) -> Prior:
        """Return the prior of each group."""
        return prior_of_coordinates(self._group_process.parametrization, self.prior, self.l2)

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
            raise NotFitted(f"This {type(self).__name__} has not been fitted: call fit(rfm) first.")

    def _check_rfm(self, rfm: RFM) -> None:
        if not isinstance(rfm, RFM):
            raise InvalidRFM(
                f"Expected an RFM, got a {type(rfm).__name__}: make an RFM with rfm_summary(log, ...), or from a table "
                "with one row per customer with RFM.from_frame(frame, time_unit=...)."
            )
        if self.__sklearn_is_fitted__() and rfm.clock != self.clock_:
            raise ClockMismatch(
                f"The model was fitted in {self.clock_}, but this RFM is in {rfm.clock}. Rebuild the RFM with "
                f"{_clock_arguments(self.clock_)}."
            )

    def _table(self, rfm: RFM, columns: dict[str, Any]) -> frames.Frame:
        return frames.table(rfm.kind, {"customer_id": rfm.customer_id, **columns})

    def __str__(self) -> str:
        if not self.__sklearn_is_fitted__():
            return f"{self.title}, not fitted"
        fit = self.fit_
        values = ", ".join(f"{name} {value:.4g}" for name, value in fit.parameters.items())
        return f"{self.title}: {fit.described_status}, {fit.customers:,} customers, {values}"

    def _repr_html_(self) -> str:
        """The parameters and the certificate as HTML, for notebooks."""
        if not self.__sklearn_is_fitted__():
            return html.block(str(self))
        text = f"log-likelihood {self.fit_.log_likelihood:,.3f}; {self.fit_.message}"
        return html.block(str(self), "", html.table(self.summary().reset_index().to_dict("list")), html.items([text]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if not self.__sklearn_is_fitted__():
            return {"text/plain": repr(self)}
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def certificate(self) -> dict[str, Any]:
        """Return the certificate of the fit as plain values.

        It has the model's title, process, status, message and findings, the likelihood and its derivatives, the number
        of customers and unique rows, the clock and the fingerprint of the data.
        """
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
            "clock": self.clock_.to_dict(),
            "observation_end": self.observation_end_,
            "fingerprint": fit.fingerprint,
        }

    def summary(self, level: float = 0.95, errors: StandardErrors = "hessian") -> pd.DataFrame:
        """Return estimates with standard errors and intervals.

        Intervals are normal for the logarithm of a parameter, so they stay positive, and for coefficients as they are.
        If the likelihood is not close to normal, as with few customers, intervals are quantiles of parameters drawn
        along the fit's ridges and edges. At a boundary, parameters that are not estimated have no interval.

        Parameters
        ----------
        level : float, default=0.95
            Coverage of the interval, between 0 and 1.
        errors : {"hessian", "sandwich"}, default="hessian"
            Standard errors from the inverse Hessian, or from Hessian and scores. The latter stay valid if the process
            is misspecified.

        Returns
        -------
        DataFrame
            One row per parameter: estimate, standard_error, lower, upper, unit.
        """
        self._check_fitted()
        return summary_table(self.process, self.fit_, level, errors, self._unit)

    def profile_intervals(self, rfm: RFM, level: float = 0.95) -> pd.DataFrame:
        """Return profile-likelihood intervals of the parameters.

        They are wider on the side where the data are less informative, and valid where parameters trade off, as in
        MBG/NBD with few customers. Intervals of `summary` use the curvature at the maximum. Each end takes a few fits.

        Parameters
        ----------
        rfm : RFM
            The RFM that was fitted.
        level : float, default=0.95
            Coverage, between 0 and 1.

        Returns
        -------
        DataFrame
            One row per parameter: estimate, lower, upper, unit. An end is 0 or infinite if the likelihood does not
            bound the parameter.

        Raises
        ------
        InvalidOption
            For a model with a prior or l2, which are not part of the likelihood; and for a fit at a boundary.
        """
        self._check_fitted()
        self._check_rfm(rfm)
        check_level(level)
        if self.prior or self.l2:
            raise InvalidOption("A model with a prior has no profile likelihood: use summary().")
        if not self.fit_.free.all():
            raise InvalidOption(
                f"This fit is at a boundary ({self.fit_.message}), where not every parameter has an interval: use "
                "summary(), or fit a simpler model."
            )
        ends = profile_intervals(self.process, self.fit_, self._count_rows(rfm), level)
        lower, upper = ends.T
        return parameter_table(self.process, self.fit_, self._unit, lower=lower, upper=upper)

    def bootstrap(
        self,
        rfm: RFM,
        replicates: int = 200,
        *,
        random_state: RandomState = 0,
        progress: Callable[[int], None] | None = None,
    ) -> pd.DataFrame:
        """Refit the parameters to customers drawn with replacement.

        Parameters
        ----------
        rfm : RFM
            The RFM that was fitted.
        replicates : int, default=200
        random_state : int or Generator, default=0
        progress : function of int, optional
            Called with the number of finished replicates; a KeyboardInterrupt stops the rest immediately.

        Returns
        -------
        DataFrame
            One row per replicate and one column per parameter; NaN in replicates without a maximum.
        """
        import pandas as pd

        self._check_fitted()
        self._check_rfm(rfm)
        rows, seed = self._count_rows(rfm), seed_of(random_state)
        estimates = bootstrap(self.process, self.fit_, rows, replicates, seed, self._prior(), progress)
        return pd.DataFrame(estimates, columns=list(self.process.parametrization.names))

    def _unit(self, name: str) -> str:
        """Return the unit of a parameter."""
        raise NotImplementedError

    def _log_likelihood(self, rfm: RFM) -> Array:
        p, process = self._parameters, self.process
        return self._rows(rfm).evaluate(lambda *columns: process.log_likelihood(p, *columns))

    def score(self, rfm: RFM, y: Any = None) -> float:
        """Return the mean log-likelihood per customer, for scikit-learn's searches; higher is better."""
        self._check_rfm(rfm)
        return float(np.mean(self._log_likelihood(rfm)))
