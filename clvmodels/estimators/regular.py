"""Estimators of purchase processes with regular timing, whose regularity k is given or chosen by the likelihood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sklearn.base import clone

from clvmodels.errors import InvalidOption
from clvmodels.estimators.base import SMALLEST_GROUP
from clvmodels.estimators.fitted_purchases import DropoutMoves
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.inference.fitting import INDISTINGUISHABLE
from clvmodels.processes import cnbd_k
from clvmodels.processes.contract import PurchaseProcess
from clvmodels.transactions.summary import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BGCNBD", "MBGCNBD", "RegularModel", "reads_intertimes"]

LARGEST_CHOICE, LARGEST = 12, 40  # of k: among those tried, and at all
FALLS = 2  # of the likelihood in a row, after which larger k are not tried


class RegularModel(PurchaseModel):
    """What BG/CNBD-k and MBG/CNBD-k share: k, given or chosen; the subclasses say when customers may leave.

    Parameters
    ----------
    k : int, optional
        How regular purchases are, from 1 (not at all) on. Default: chosen by the likelihood among 1 to 12, going up
        until it has fallen twice; k then counts as a parameter in AIC and BIC.
    prior : mapping of str to (float, float), optional
        As for every model.

    Attributes
    ----------
    k_ : int
    profile_ : DataFrame
        k and the log-likelihood of each k tried; only where k was chosen.
    """

    family: ClassVar[str]
    leave_at_once: ClassVar[bool]

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
    def plain(self) -> PurchaseProcess:  # type: ignore[override]  # of the class where nothing is asked for
        """The process with the k fitted, or before that with the k given."""
        k = self.k_ if hasattr(self, "k_") else self.k
        if k is None:
            raise InvalidOption(f"This {type(self).__name__} has no k yet: fit(rfm) chooses one, or pass k=.")
        return cnbd_k.process(_whole(k), self.leave_at_once)

    @property
    def title(self) -> str:
        """Such as "BG/CNBD-2"; where k is chosen, "BG/CNBD-k", and once it is, "BG/CNBD-k (k = 2)"."""
        if self.k is not None:
            return self.process.title + self._asked
        general = f"{'MBG' if self.leave_at_once else 'BG'}/CNBD-k"
        return (f"{general} (k = {self.k_})" if hasattr(self, "k_") else general) + self._asked

    def fit(self, rfm: RFM, y: Any = None) -> Self:
        """Maximum-likelihood fit, of k too where none is given.

        Parameters
        ----------
        rfm : RFM
            From `rfm_summary(..., intertimes=True)`.
        y : ignored
            For scikit-learn.

        Raises
        ------
        FitFailed
            When no maximum is found. A maximum at a limit is no failure: `fit_.status` is then "boundary".
        InvalidRFM
            When the RFM has no intertimes.
        """
        self._forget()
        for name in ("k_", "profile_"):
            if hasattr(self, name):
                delattr(self, name)
        if self.k is not None:
            super().fit(rfm)
            self.k_ = _whole(self.k)
            return self
        tried: list[Self] = []
        best = None
        for k in range(1, LARGEST_CHOICE + 1):
            tried.append(clone(self).set_params(k=k).fit(rfm))
            if best is None or tried[-1].fit_.log_likelihood > best.fit_.log_likelihood + INDISTINGUISHABLE:
                best = tried[-1]
            if k - best.k_ == FALLS:
                break
        assert best is not None, "at least one k was tried"
        self._keep(best.k_, [(model.k_, model.fit_.log_likelihood) for model in tried])
        self._know(best.design_, best.grouping_)
        return self._restore(replace(best.fit_, chosen=1), rfm.clock, rfm.observation_end, best.data_fingerprint_)

    @property
    def profile(self) -> list[tuple[int, float]] | None:
        """`profile_` as plain values, for a file."""
        if not hasattr(self, "profile_"):
            return None
        return [(int(k), float(value)) for k, value in self.profile_.itertuples(index=False)]

    @classmethod
    def with_profile(cls, k: int, profile: Sequence[tuple[int, float]] | None, **options: Any) -> Self:
        """A model as it was before its parameters were found: with k given, or chosen from a profile."""
        if profile is None:
            model = cls(_whole(k), **options)
            model.k_ = k
        else:
            model = cls(None, **options)
            model._keep(_whole(k), profile)
        return model

    def _keep(self, k: int, profile: Sequence[tuple[int, float]]) -> None:
        import pandas as pd

        self.k_ = k
        self.profile_ = pd.DataFrame(profile, columns=["k", "log_likelihood"])


def _whole(k: int) -> int:
    if isinstance(k, bool) or int(k) != k or not 1 <= k <= LARGEST:
        raise InvalidOption(f"k={k!r} must be a whole number from 1 to {LARGEST}, or None to choose it.")
    return int(k)


class BGCNBD(RegularModel):
    """BG/CNBD-k: BG/NBD with regular timing, a purchase being every k-th event of a Poisson process.

    Reutterer, Platzer & Schroeder (2021), International Journal of Research in Marketing 38(1), 194-215. With k = 1 it
    is BG/NBD. Long silence says more about customers who buy regularly.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30", intertimes=True)
    >>> model = clv.BGCNBD(k=2).fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'r': 0.227, 'alpha': 1.463, 'a': 0.944, 'b': 2.074}
    """

    family = "bgcnbd"
    leave_at_once = False


class MBGCNBD(RegularModel):
    """MBG/CNBD-k: MBG/NBD with regular timing; a customer may drop out after the first purchase too.

    Reutterer, Platzer & Schroeder (2021), International Journal of Research in Marketing 38(1), 194-215. With k = 1 it
    is MBG/NBD.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30", intertimes=True)
    >>> model = clv.MBGCNBD().fit(rfm)
    >>> model.k_  # CDNOW's customers do not buy regularly
    1
    """

    family = "mbgcnbd"
    leave_at_once = True


def reads_intertimes(models: Iterable[object]) -> bool:
    """Whether any of the models reads times between purchases, which an RFM has only where it was asked for."""
    return any(isinstance(model, RegularModel) for model in models)
