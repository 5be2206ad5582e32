"""The interface of lifetimes 0.11.3 on this engine: `from clvmodels.compat import lifetimes`, and an old script runs.

Names and signatures are those of lifetimes by Cameron Davidson-Pilon (MIT license). Where lifetimes was wrong, results
are right here, and a warning of the class `LifetimesDifference` is shown once for each cause.
"""

import sys
from importlib import import_module
from typing import Any

from clvmodels.compat.lifetimes import generate_data, utils
from clvmodels.compat.lifetimes.differences import LifetimesDifference
from clvmodels.compat.lifetimes.fitters import BaseFitter
from clvmodels.compat.lifetimes.fitters.beta_geo_beta_binom_fitter import BetaGeoBetaBinomFitter
from clvmodels.compat.lifetimes.fitters.beta_geo_fitter import BetaGeoFitter
from clvmodels.compat.lifetimes.fitters.gamma_gamma_fitter import GammaGammaFitter
from clvmodels.compat.lifetimes.fitters.modified_beta_geo_fitter import ModifiedBetaGeoFitter
from clvmodels.compat.lifetimes.fitters.pareto_nbd_fitter import ParetoNBDFitter
from clvmodels.compat.lifetimes.version import __version__

__all__ = (
    "BaseFitter",
    "BetaGeoBetaBinomFitter",
    "BetaGeoFitter",
    "GammaGammaFitter",
    "LifetimesDifference",
    "ModifiedBetaGeoFitter",
    "ParetoNBDFitter",
    "__version__",
    "generate_data",
    "install",
    "utils",
)

MODULES = (
    "datasets",
    "fitters",
    "fitters.beta_geo_beta_binom_fitter",
    "fitters.beta_geo_fitter",
    "fitters.gamma_gamma_fitter",
    "fitters.modified_beta_geo_fitter",
    "fitters.pareto_nbd_fitter",
    "generate_data",
    "plotting",
    "utils",
    "version",
)  # the modules of lifetimes 0.11.3


def install() -> None:
    """Make `import lifetimes` and its modules import this package, in this process only.

    Old scripts then need only one more line at the top. Nothing on disk changes, and a second call has no effect.

    Raises
    ------
    ImportError
        If lifetimes itself has been imported before, so that both would be mixed.
    """
    loaded = sys.modules.get("lifetimes")
    if loaded is not None and loaded is not sys.modules[__name__]:
        raise ImportError(
            "lifetimes is already imported, from another place: call clvmodels.compat.lifetimes.install() before the "
            "first `import lifetimes`, and restart the session."
        )
    sys.modules["lifetimes"] = sys.modules[__name__]
    for name in MODULES:
        sys.modules[f"lifetimes.{name}"] = import_module(f"{__name__}.{name}")


def __getattr__(name: str) -> Any:
    if name in ("datasets", "plotting"):  # imported on first use, because imports take time
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
