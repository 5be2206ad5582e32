"""Customer lifetime value from transaction logs: RFM, models of purchases and of spend, value, and how far to trust it.

The public names are loaded when first used, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str

    from clvmodels import datasets as datasets
    from clvmodels import errors as errors
    from clvmodels.clock import Clock as Clock
    from clvmodels.estimators.customer_model import CustomerModel as CustomerModel
    from clvmodels.estimators.customer_model import load as load
    from clvmodels.estimators.purchases import BGBB as BGBB
    from clvmodels.estimators.purchases import BGNBD as BGNBD
    from clvmodels.estimators.purchases import MBGNBD as MBGNBD
    from clvmodels.estimators.purchases import NBD as NBD
    from clvmodels.estimators.purchases import GGompertzNBD as GGompertzNBD
    from clvmodels.estimators.purchases import ParetoNBD as ParetoNBD
    from clvmodels.estimators.regular import BGCNBD as BGCNBD
    from clvmodels.estimators.regular import MBGCNBD as MBGCNBD
    from clvmodels.estimators.spend import GammaGamma as GammaGamma
    from clvmodels.reporting import plots as plots
    from clvmodels.reporting.report import write_report as write_report
    from clvmodels.simulate import simulate_log as simulate_log
    from clvmodels.transactions.cleaning import Cleaned as Cleaned
    from clvmodels.transactions.cleaning import clean as clean
    from clvmodels.transactions.holdout import Holdout as Holdout
    from clvmodels.transactions.holdout import holdout_split as holdout_split
    from clvmodels.transactions.profile import Profile as Profile
    from clvmodels.transactions.profile import profile as profile
    from clvmodels.transactions.rfm import RFM as RFM
    from clvmodels.transactions.rfm import rfm_summary as rfm_summary
    from clvmodels.transactions.rules import CleaningRules as CleaningRules
    from clvmodels.validation.backtest import backtest as backtest
    from clvmodels.validation.compare import Comparison as Comparison
    from clvmodels.validation.compare import compare as compare
    from clvmodels.validation.crosscheck import Crosscheck as Crosscheck
    from clvmodels.validation.crosscheck import crosscheck as crosscheck
    from clvmodels.validation.likelihood_ratio import likelihood_ratio_test as likelihood_ratio_test
    from clvmodels.validation.record import Backtest as Backtest
    from clvmodels.validation.record import Validation as Validation
    from clvmodels.validation.search import HoldoutScore as HoldoutScore
    from clvmodels.validation.search import SameCustomers as SameCustomers
    from clvmodels.validation.validate import validate as validate
    from clvmodels.valuation.lifetime_value import lifetime_value as lifetime_value

_NAMES = {
    "clock": ("Clock",),
    "estimators.customer_model": ("CustomerModel", "load"),
    "estimators.purchases": ("BGBB", "BGNBD", "GGompertzNBD", "MBGNBD", "NBD", "ParetoNBD"),
    "estimators.regular": ("BGCNBD", "MBGCNBD"),
    "estimators.spend": ("GammaGamma",),
    "reporting.report": ("write_report",),
    "simulate": ("simulate_log",),
    "transactions.cleaning": ("Cleaned", "clean"),
    "transactions.holdout": ("Holdout", "holdout_split"),
    "transactions.profile": ("Profile", "profile"),
    "transactions.rfm": ("RFM", "rfm_summary"),
    "transactions.rules": ("CleaningRules",),
    "validation.backtest": ("backtest",),
    "validation.compare": ("Comparison", "compare"),
    "validation.crosscheck": ("Crosscheck", "crosscheck"),
    "validation.likelihood_ratio": ("likelihood_ratio_test",),
    "validation.record": ("Backtest", "Validation"),
    "validation.validate": ("validate",),
    "validation.search": ("HoldoutScore", "SameCustomers"),
    "valuation.lifetime_value": ("lifetime_value",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}
_MODULES = {"datasets": "datasets", "errors": "errors", "plots": "reporting.plots"}

__all__ = ["__version__", *_HOMES, *_MODULES]  # noqa: PLE0604  # names, all of them


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
