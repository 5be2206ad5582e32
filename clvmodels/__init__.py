"""Customer lifetime value from transaction logs: RFM, BG/NBD and Gamma-Gamma, value, and how far to trust it.

The public names are loaded when first used, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str

    from clvmodels import datasets, errors
    from clvmodels.clock import Clock
    from clvmodels.estimators.customer_model import CustomerModel, load
    from clvmodels.estimators.purchases import BGBB, BGNBD, MBGNBD, NBD, GGompertzNBD, ParetoNBD
    from clvmodels.estimators.regular import BGCNBD, MBGCNBD
    from clvmodels.estimators.spend import GammaGamma
    from clvmodels.reporting import plots
    from clvmodels.reporting.report import write_report
    from clvmodels.simulate import simulate_log
    from clvmodels.transactions.holdout import Holdout, holdout_split
    from clvmodels.transactions.rfm import RFM, rfm_summary
    from clvmodels.validation.compare import Comparison, compare
    from clvmodels.validation.crosscheck import Crosscheck, crosscheck
    from clvmodels.validation.likelihood_ratio import likelihood_ratio_test
    from clvmodels.validation.validate import Validation, validate
    from clvmodels.valuation.lifetime_value import lifetime_value

_HOMES = {
    "BGBB": "estimators.purchases",
    "BGCNBD": "estimators.regular",
    "BGNBD": "estimators.purchases",
    "MBGCNBD": "estimators.regular",
    "MBGNBD": "estimators.purchases",
    "NBD": "estimators.purchases",
    "Clock": "clock",
    "Comparison": "validation.compare",
    "Crosscheck": "validation.crosscheck",
    "CustomerModel": "estimators.customer_model",
    "GGompertzNBD": "estimators.purchases",
    "GammaGamma": "estimators.spend",
    "Holdout": "transactions.holdout",
    "ParetoNBD": "estimators.purchases",
    "RFM": "transactions.rfm",
    "Validation": "validation.validate",
    "compare": "validation.compare",
    "crosscheck": "validation.crosscheck",
    "holdout_split": "transactions.holdout",
    "lifetime_value": "valuation.lifetime_value",
    "likelihood_ratio_test": "validation.likelihood_ratio",
    "load": "estimators.customer_model",
    "rfm_summary": "transactions.rfm",
    "simulate_log": "simulate",
    "validate": "validation.validate",
    "write_report": "reporting.report",
}
_MODULES = {"datasets": "datasets", "errors": "errors", "plots": "reporting.plots"}

__all__ = [
    "BGBB",
    "BGCNBD",
    "BGNBD",
    "MBGCNBD",
    "MBGNBD",
    "NBD",
    "RFM",
    "Clock",
    "Comparison",
    "Crosscheck",
    "CustomerModel",
    "GGompertzNBD",
    "GammaGamma",
    "Holdout",
    "ParetoNBD",
    "Validation",
    "__version__",
    "compare",
    "crosscheck",
    "datasets",
    "errors",
    "holdout_split",
    "lifetime_value",
    "likelihood_ratio_test",
    "load",
    "plots",
    "rfm_summary",
    "simulate_log",
    "validate",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("clvmodels")
    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
