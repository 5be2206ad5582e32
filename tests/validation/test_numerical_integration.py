"""Numerical integration against closed forms and other packages, and where no mean exists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from clvmodels.datasets import load_donations
from clvmodels.processes import bgnbd, gamma_gamma, mbgnbd
from clvmodels.validation.crosscheck.numerical_integration import third_computation

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "lifetimes_checks.json").read_text("utf-8"))
CDNOW = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
SHAPES = [CDNOW, CDNOW | {"a": 1.0}, {"r": 5.0, "alpha": 4.0, "a": 2.0, "b": 20.0}]
ROWS = [(0, 0.0, 38.86), (2, 30.43, 38.86), (500, 30.0, 38.86), (5_000, 38.86, 38.86), (0, 0.0, 0.0)]


@pytest.mark.parametrize("module", [bgnbd, mbgnbd])
@pytest.mark.parametrize("shapes", [*(pytest.param(each, marks=pytest.mark.slow) for each in SHAPES[:2]), SHAPES[2]])
@pytest.mark.parametrize("row", ROWS)
def test_purchases_agree_with_the_closed_forms(module, shapes, row):
    p = module.Parameters(**{name: np.float64(value) for name, value in shapes.items()})
    columns = [np.array([float(value)]) for value in row]
    integrated = third_computation(module.PROCESS.name, shapes, row, 39.0)
    # Two double-precision computations of the same number; x = 5,000 loses four digits of its large terms.
    expected = module.PROCESS.expected_purchases(p, 39.0, *columns)[0]
    assert integrated["log_likelihood"] == pytest.approx(module.log_likelihood(p, *columns)[0], rel=1e-12, abs=1e-12)
    assert integrated["probability_alive"] == pytest.approx(module.probability_alive(p, *columns)[0], rel=1e-10)
    assert integrated["expected_purchases"] == pytest.approx(expected, rel=1e-9)


def test_spend_agrees_with_the_closed_form():
    shapes = {"p": 6.25, "q": 3.74, "v": 15.44}
    p = gamma_gamma.Parameters(**{name: np.float64(value) for name, value in shapes.items()})
    for count, mean in ((3, 35.0), (300, 20.0), (1, 0.01)):
        integrated = third_computation("gamma_gamma", shapes, (count, mean), 1.0)
        columns = np.array([count]), np.array([mean])
        # As above.
        assert integrated["log_likelihood"] == pytest.approx(gamma_gamma.log_likelihood(p, *columns)[0], rel=1e-10)
        assert integrated["expected_spend"] == pytest.approx(gamma_gamma.expected_spend(p, *columns)[0], rel=1e-10)


def test_expected_spend_is_infinite_where_no_mean_exists():
    assert (
        third_computation("gamma_gamma", {"p": 6.25, "q": 0.8, "v": 15.44}, (0, 0.0), 1.0)["expected_spend"] == np.inf
    )


def test_what_cannot_be_computed_is_missing():
    # Dropout is almost always near 0: its logarithm spreads over thousands of units.
    integrated = third_computation("bgnbd", CDNOW | {"a": 1e-6}, ROWS[0], 39.0)
    assert np.isnan(integrated["log_likelihood"])


@pytest.mark.slow
def test_pareto_nbd_agrees_with_btyd():
    reference = REFERENCE["pareto_nbd"]["customers"]
    rows = zip(reference["x"], reference["t_x_days"], reference["T_days"], strict=True)
    results = [third_computation("pareto_nbd", reference["parameters"], (x, t / 7, T / 7), 39.0) for x, t, T in rows]
    for name in ("probability_alive", "expected_purchases"):
        # BTYD takes its 2F1s from a series that stops at about 1e-13.
        assert [row[name] for row in results] == pytest.approx(reference[name], rel=1e-10), name


@pytest.mark.slow
def test_the_likelihood_of_bgbb_agrees_with_btyd():
    parameters = REFERENCE["bgbb"]["parameters"]
    total = sum(
        weight * third_computation("bgbb", parameters, row, 5.0)["log_likelihood"]
        for *row, weight in load_donations().to_numpy()
    )
    assert total == pytest.approx(REFERENCE["bgbb"]["log_likelihood"], abs=1e-7)  # as printed there
