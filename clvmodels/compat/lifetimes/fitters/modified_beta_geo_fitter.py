"""MBG/NBD under its name in lifetimes."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import pandas as pd

from clvmodels.compat.lifetimes.fitters.beta_geo_fitter import BetaGeoFitter
from clvmodels.compat.lifetimes.generate_data import modified_beta_geometric_nbd_model
from clvmodels.processes import mbgnbd
from clvmodels.processes.contract import PurchaseProcess

__all__ = ["ModifiedBetaGeoFitter"]


class ModifiedBetaGeoFitter(BetaGeoFitter):
    """MBG/NBD: as BG/NBD, but customers may also leave right after the first purchase.

    Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24(3), 201-209.

    Parameters
    ----------
    penalizer_coef : float, default=0.0
        As for `BetaGeoFitter`.
    """

    process: ClassVar[PurchaseProcess] = mbgnbd.PROCESS

    def __init__(self, penalizer_coef: float = 0.0) -> None:
        super().__init__(penalizer_coef)

    def fit(
        self,
        frequency: Any,
        recency: Any,
        T: Any,
        weights: Any = None,
        initial_params: Any = None,
        verbose: bool = False,
        tol: float = 1e-7,
        index: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Fit the model, as `BetaGeoFitter.fit` does.

        Parameters
        ----------
        frequency, recency, T, weights, initial_params, verbose, tol, index, **kwargs
            As there.
        """
        return super().fit(frequency, recency, T, weights, initial_params, verbose, tol, index, **kwargs)

    def _generate(self, size: int = 1) -> pd.DataFrame:
        r, alpha, a, b = self._parameters
        return modified_beta_geometric_nbd_model(self.data["T"], r, alpha, a, b, size)

    def expected_number_of_purchases_up_to_time(self, t: Any) -> Any:
        """Return the expected repeat purchases of a new customer by t.

        Parameters
        ----------
        t : array_like
        """
        return super().expected_number_of_purchases_up_to_time(t)
