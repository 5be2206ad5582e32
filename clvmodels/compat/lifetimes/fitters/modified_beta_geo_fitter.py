"""MBG/NBD under its name in lifetimes."""

from __future__ import annotations

from typing import ClassVar

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
    generator = staticmethod(modified_beta_geometric_nbd_model)
