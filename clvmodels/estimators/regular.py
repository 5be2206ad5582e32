"""Estimators of purchase processes with regular timing, whose regularity k is an option or chosen by the likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sklearn.base import clone

from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.estimators.fitted_purchases import DropoutMoves
from clvmodels.estimators.options import SMALLEST_GROUP
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.inference.fitting import INDISTINGUISHABLE
from clvmodels.processes import cnbd_k
from clvmodels.processes.contract import PurchaseProcess
from clvmodels.transactions.counts.fit_counts import FitCounts
from clvmodels.transactions.summary import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BGCNBD", "MBGCNBD", "RegularModel"]

LARGEST_K = 40
LARGEST_K_TRIED = 12  # largest k that is tried if the likelihood chooses k
STOP_AFTER = 2  # the search for k stops after this many values without a higher likelihood


class RegularModel(PurchaseModel):
    """Base class of BG/CNBD-k and MBG/CNBD-k; the subclasses define when customers can drop out."""

    family: ClassVar[str]
    leave_at_once: ClassVar[bool]
    needs_intertimes: ClassVar[bool] = True

    k_: int
    profile_: pd.DataFrame

    def __init__(
        self,
        k: int | None = None,
        prior: Mapping[str, tuple[float, float]] | None = None,
        *,
        purchase: str | None = None,
        dropout: str | None = None,
        equal: Sequence[str] = (),
        dropout_moves: DropoutMoves = "mean",
        l2: float = 0.0,
        by: str | None = None,
        smallest_group: int = SMALLEST_GROUP,
    ) -> None:
        super().__init__(
            prior,
            purchase=purchase,
            dropout=dropout,
            equal=equal,
            dropout_moves=dropout_moves,
            l2=l2,
            by=by,
            smallest_group=smallest_group,
        )
        self.k = k

    @property
    def plain(self) -> PurchaseProcess:  # type: ignore[override]  # a class attribute elsewhere
        """The process with the fitted k, or before the fit with the option k."""
        k = self.k_ if hasattr(self, "k_") else self.k
        if k is None:
            raise InvalidOption(f"This {type(self).__name__} has no k yet: fit(rfm) chooses one, or pass k=.")
        return cnbd_k.process(_check_k(k), self.leave_at_once)

    @property
    def title(self) -> str:
        """The name of the model: "BG/CNBD-2" with k=2; if the fit chooses k, "BG/CNBD-k", then "BG/CNBD-k (k = 2)"."""
        if self.k is not None:
            return str(self.process.title) + self._options_text
        general = cnbd_k.title("k", self.leave_at_once)
        return (f"{general} (k = {self.k_})" if hasattr(self, "k_") else general) + self._options_text

    def fit(self, rfm: RFM | FitCounts, y: Any = None) -> Self:
        """Fit the model by maximum likelihood, including k if it is not an option.

        Parameters
        ----------
        rfm : RFM
            From `rfm_summary(..., intertimes=True)`; its clock becomes the model's.
        y : ignored
            Exists for compatibility with scikit-learn.

        Returns
        -------
        self

        Raises
        ------
        FitFailed
            If no maximum is found. A maximum at a limit is not a failure: `fit_.status` is then "boundary".
        InvalidRFM
            If the RFM has no intertimes.
        """
        if isinstance(rfm, FitCounts):
            raise InvalidRFM(
                "Counts of histories have no intertimes: fit this model to rfm_summary(..., intertimes=True)."
            )
        self._reset()
        for name in ("k_", "profile_"):
            if hasattr(self, name):
                delattr(self, name)
        if self.k is not None:
            super().fit(rfm)
            self.k_ = _check_k(self.k)
            return self
        tried: list[Self] = []
        best = None
        for k in range(1, LARGEST_K_TRIED + 1):
            tried.append(clone(self).set_params(k=k).fit(rfm))
            if best is None or tried[-1].fit_.log_likelihood > best.fit_.log_likelihood + INDISTINGUISHABLE:
                best = tried[-1]
            if k - best.k_ == STOP_AFTER:
                break
        if best is None:
            raise AssertionError("at least one k was tried")
        self._set_k(best.k_, [(model.k_, model.fit_.log_likelihood) for model in tried])
        self._set_process(best.design_, best.grouping_)
        return self._restore(replace(best.fit_, chosen=1), rfm.clock, rfm.observation_end, best.data_fingerprint_)

    @property
    def profile(self) -> list[tuple[int, float]] | None:
        """The values of `profile_` as a list, for a file."""
        if not hasattr(self, "profile_"):
            return None
        return [(int(k), float(value)) for k, value in self.profile_.itertuples(index=False)]

    @classmethod
    def with_profile(cls, k: int, profile: Sequence[tuple[int, float]] | None, **options: Any) -> Self:
        """Return a model without parameters whose k is the option, or is chosen from a profile."""
        if profile is None:
            model = cls(_check_k(k), **options)
            model.k_ = k
        else:
            model = cls(None, **options)
            model._set_k(_check_k(k), profile)
        return model

    def _set_k(self, k: int, profile: Sequence[tuple[int, float]]) -> None:
        import pandas as pd

        self.k_ = k
        self.profile_ = pd.DataFrame(profile, columns=["k", "log_likelihood"])


def _check_k(k: int) -> int:
    if isinstance(k, bool) or int(k) != k or not 1 <= k <= LARGEST_K:
        raise InvalidOption(f"k={k!r} must be a whole number from 1 to {LARGEST_K}, or None to choose it.")
    return int(k)


class BGCNBD(RegularModel):
    """BG/CNBD-k: BG/NBD with regular timing, in which each purchase is the k-th event of a Poisson process.

    With k = 1 it is BG/NBD. A long silence says more about customers who buy regularly. The RFM must have intertimes.
    How often customers buy and how soon they leave are assumed to be independent.

    Parameters
    ----------
    k : int, optional
        How regular purchases are: each is the k-th event of a Poisson process, and 1 is not regular. By default the
        likelihood chooses k from 1 to 12, stopping after two values that do not improve it; k then counts as a
        parameter in AIC and BIC.
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates: "log r", "log mean purchase rate", "log (a + b)",
        "logit mean dropout probability". Coordinates are unit-free: time is in units of mean T.
    purchase : str, optional
        Formula of covariates of the mean purchase rate, such as "C(channel) + age", with columns of the RFM.
    dropout : str, optional
        Formula of covariates of the mean dropout probability; its logit shifts, and a + b stays the same.
    equal : sequence of str, default=()
        Columns whose coefficient is the same in `purchase` and `dropout`.
    dropout_moves : {"mean", "spread"}, default="mean"
        "spread" makes `dropout` scale a and b equally, which changes how dropout varies but not its mean, as in
        CLVTools.
    l2 : float, default=0.0
        Regularization: `l2` / 2 times the sum of the squared coefficients of standardized covariates is subtracted from
        the log-likelihood.
    by : str, optional
        An attribute of the RFM. Each of its groups gets separate parameters.
    smallest_group : int, default=500
        Groups with fewer customers are pooled and fitted together.

    Attributes
    ----------
    parameters_ : dict of str to float
        r, alpha (gamma distribution of the rates of events; alpha in the clock's unit), a, b (beta distribution of
        dropout probabilities).
    fit_ : Fit
        The certificate: log-likelihood, gradient, Hessian, covariance, status, findings.
    clock_ : Clock
        The clock of the RFM fitted.
    observation_end_ : str or None
        Last date of the RFM fitted.
    data_fingerprint_ : str or None
        SHA-256 of the data fitted.
    design_ : Design or None
        The covariates, if there are any.
    grouping_ : Grouping or None
        The groups, if there are any.
    k_ : int
        The k fitted.
    profile_ : DataFrame
        k and the log-likelihood of each k tried; only if the fit chose k.

    References
    ----------
    Reutterer, Platzer & Schroeder (2021), "Leveraging Purchase Regularity for Predicting Customer Behavior the Easy
    Way", International Journal of Research in Marketing 38(1), 194-215.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30", intertimes=True)
    >>> model = clv.BGCNBD(k=2).fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'r': 0.227, 'alpha': 1.463, 'a': 0.944, 'b': 2.074}
    """

    leave_at_once = False
    family = cnbd_k.family(leave_at_once)


class MBGCNBD(RegularModel):
    """MBG/CNBD-k: MBG/NBD with regular timing; a customer can also drop out after the first purchase.

    With k = 1 it is MBG/NBD. The RFM must have intertimes. How often customers buy and how soon they leave are assumed
    to be independent.

    Parameters
    ----------
    k : int, optional
        How regular purchases are: each is the k-th event of a Poisson process, and 1 is not regular. By default the
        likelihood chooses k from 1 to 12, stopping after two values that do not improve it; k then counts as a
        parameter in AIC and BIC.
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates: "log r", "log mean purchase rate", "log (a + b)",
        "logit mean dropout probability". Coordinates are unit-free: time is in units of mean T.
    purchase : str, optional
        Formula of covariates of the mean purchase rate, such as "C(channel) + age", with columns of the RFM.
    dropout : str, optional
        Formula of covariates of the mean dropout probability; its logit shifts, and a + b stays the same.
    equal : sequence of str, default=()
        Columns whose coefficient is the same in `purchase` and `dropout`.
    dropout_moves : {"mean", "spread"}, default="mean"
        "spread" makes `dropout` scale a and b equally, which changes how dropout varies but not its mean, as in
        CLVTools.
    l2 : float, default=0.0
        Regularization: `l2` / 2 times the sum of the squared coefficients of standardized covariates is subtracted from
        the log-likelihood.
    by : str, optional
        An attribute of the RFM. Each of its groups gets separate parameters.
    smallest_group : int, default=500
        Groups with fewer customers are pooled and fitted together.

    Attributes
    ----------
    parameters_ : dict of str to float
        r, alpha (gamma distribution of the rates of events; alpha in the clock's unit), a, b (beta distribution of
        dropout probabilities).
    fit_ : Fit
        The certificate: log-likelihood, gradient, Hessian, covariance, status, findings.
    clock_ : Clock
        The clock of the RFM fitted.
    observation_end_ : str or None
        Last date of the RFM fitted.
    data_fingerprint_ : str or None
        SHA-256 of the data fitted.
    design_ : Design or None
        The covariates, if there are any.
    grouping_ : Grouping or None
        The groups, if there are any.
    k_ : int
        The k fitted.
    profile_ : DataFrame
        k and the log-likelihood of each k tried; only if the fit chose k.

    References
    ----------
    Reutterer, Platzer & Schroeder (2021), "Leveraging Purchase Regularity for Predicting Customer Behavior the Easy
    Way", International Journal of Research in Marketing 38(1), 194-215.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30", intertimes=True)
    >>> model = clv.MBGCNBD().fit(rfm)
    >>> model.k_  # CDNOW's customers do not buy regularly
    1
    """

    leave_at_once = True
    family = cnbd_k.family(leave_at_once)
