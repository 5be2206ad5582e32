"""A fitted customer model and the statistics of its fit."""

from __future__ import annotations

import pytest

import clvmodels as clv
from clvmodels.scoring.gates.run_statistics import StatisticsCollector
from clvmodels.scoring.registry.registry import VersionRecord

FITTED = "1997-09-30"


@pytest.fixture(scope="session")
def sample():
    return clv.datasets.load_cdnow(sample=True)


@pytest.fixture(scope="session")
def fitted_to(sample):
    return clv.rfm_summary(sample, amount="amount", observation_end=FITTED)


@pytest.fixture(scope="session")
def fitted(fitted_to):
    return clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(fitted_to)


@pytest.fixture(scope="session")
def fit_statistics(fitted_to):
    return StatisticsCollector.of(fitted_to).summarize(FITTED, fitted_to.clock.last_tick(FITTED))


@pytest.fixture(scope="session")
def version_record(fitted, fit_statistics):
    return VersionRecord(
        job={"models": {"purchases": "bgnbd"}},
        source="a1b2",
        packages={"numpy": "2.0"},
        certificates=tuple(part.certificate() for part in fitted.parts),
        evidence=fit_statistics,
    )
