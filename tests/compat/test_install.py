"""One line above an old script: `install` lets `import lifetimes` mean this package."""

from __future__ import annotations

import sys
import types

import pytest

from clvmodels.compat import lifetimes

OLD_SCRIPT = """
import lifetimes.plotting
from lifetimes import BetaGeoFitter
from lifetimes.datasets import load_cdnow_summary
from lifetimes.fitters.pareto_nbd_fitter import ParetoNBDFitter
from lifetimes.utils import ConvergenceError

customers = load_cdnow_summary(index_col=[0])
draw = lifetimes.plotting.plot_period_transactions
"""


@pytest.fixture
def no_lifetimes(monkeypatch):
    """Remove every module of the name lifetimes for one test."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "lifetimes"]:
        monkeypatch.delitem(sys.modules, name)
    yield monkeypatch
    for name in [name for name in sys.modules if name.partition(".")[0] == "lifetimes"]:
        del sys.modules[name]


@pytest.mark.slow
def test_every_kind_of_import_of_an_old_script_is_of_this_package(no_lifetimes):
    lifetimes.install()
    lifetimes.install()
    scope = {}
    exec(OLD_SCRIPT, scope)
    assert scope["BetaGeoFitter"] is lifetimes.BetaGeoFitter
    assert scope["ParetoNBDFitter"] is lifetimes.ParetoNBDFitter
    assert scope["ConvergenceError"] is lifetimes.utils.ConvergenceError
    assert len(scope["customers"]) == 2357
    assert scope["draw"].__module__ == "clvmodels.compat.lifetimes.plotting"


def test_a_script_that_has_imported_lifetimes_already_is_refused(no_lifetimes):
    no_lifetimes.setitem(sys.modules, "lifetimes", types.ModuleType("lifetimes"))
    with pytest.raises(ImportError, match="before the first `import lifetimes`"):
        lifetimes.install()
