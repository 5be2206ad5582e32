"""Processes against published fits to CDNOW, found by the "process" that a reference names."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

import clvmodels as clv
from clvmodels.estimators.persistence import PURCHASE_MODELS

FILES = sorted((Path(__file__).parents[1] / "references").glob("*.json"))
READ = {path.stem: json.loads(path.read_text("utf-8"), parse_float=Decimal) for path in FILES}
REFERENCES = {name: reference for name, reference in READ.items() if "process" in reference}


def last_digit(number):
    """Return the size of the last digit that a reference prints."""
    return 10.0 ** Decimal(number).as_tuple().exponent


@pytest.fixture(scope="module")
def rfm():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")


@pytest.mark.parametrize("name", REFERENCES)
def test_the_fit_to_cdnow_is_the_published_one(name, rfm):
    reference = REFERENCES[name]
    assert reference["source"]
    fitted = PURCHASE_MODELS[reference["process"]]().fit(rfm)
    # Published numbers are rounded; optimizers of other packages stop about 1e-6 off the maximum.
    log_likelihood = reference["log_likelihood"]
    assert fitted.fit_.log_likelihood == pytest.approx(float(log_likelihood), abs=max(last_digit(log_likelihood), 1e-6))
    assert list(fitted.parameters_) == list(reference["parameters"])
    for parameter, value in reference["parameters"].items():
        # At 1e-6 below the maximum, parameters are off by about 1e-4.
        assert fitted.parameters_[parameter] == pytest.approx(float(value), rel=1e-4, abs=last_digit(value))
