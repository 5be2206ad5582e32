"""Properties on which speed and memory depend; tests/benchmarks/run.py measures both."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.inference.intervals import bounds_of_rows

pytestmark = pytest.mark.acceptance

HEAVY = ("matplotlib", "narwhals", "numpy", "pandas", "polars", "pyarrow", "pydantic", "scipy", "sklearn", "typer")


def test_importing_the_package_loads_no_heavy_library():
    code = f"import sys, clvmodels; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def rfm():
    log = clv.simulate_log(
        20_000,
        {"r": 0.9, "alpha": 70.0, "a": 0.9, "b": 7.0},
        {"p": 6.0, "q": 4.0, "v": 15.0},
        time_unit="day",
        start="2020-01-01",
        end="2021-12-31",
    )
    return clv.rfm_summary(log, amount="amount", time_unit="day", observation_end="2021-12-31")


def test_a_fit_uses_unique_rows(rfm):
    ten_of_each = rfm[np.tile(np.arange(len(rfm)), 10)]
    one, ten = clv.BGNBD().fit(rfm), clv.BGNBD().fit(ten_of_each)
    assert ten.fit_.unique_rows == one.fit_.unique_rows < len(rfm)
    assert ten.fit_.customers == 10 * one.fit_.customers
    # Ten times the same likelihood has the same maximum, to the last Newton step.
    assert ten.parameters_ == pytest.approx(one.parameters_, rel=1e-6)
    assert ten.fit_.log_likelihood == pytest.approx(10 * one.fit_.log_likelihood, rel=1e-12)


def test_a_fit_recovers_simulated_parameters(rfm):
    summary = clv.BGNBD().fit(rfm).summary()
    # Five standard errors; purchases of a day are merged, which changes r and alpha by less than that here.
    for name, true in {"r": 0.9, "alpha": 70.0, "a": 0.9, "b": 7.0}.items():
        assert abs(summary.loc[name, "estimate"] - true) < 5 * summary.loc[name, "standard_error"]


def test_intervals_are_computed_in_blocks_of_customers():
    block_sizes = []

    def draw(block):
        block_sizes.append(len(block))
        return np.zeros((20, len(block)))

    bounds = bounds_of_rows(draw, 100_000, 0.9)
    assert len(bounds.lower) == 100_000
    assert max(block_sizes) <= 8_192


def test_a_log_reduced_in_parts_gives_the_same_rfm(rfm):
    log = clv.simulate_log(
        3_000, {"r": 0.9, "alpha": 70.0, "a": 0.9, "b": 7.0}, {"p": 6.0, "q": 4.0, "v": 15.0}, time_unit="day"
    )
    # 90 copies of the customers: more than a million rows, which are reduced in parts.
    copies = pd.concat(
        [log.assign(customer_id=log["customer_id"] + 3_000 * copy) for copy in range(90)], ignore_index=True
    )
    options = {"amount": "amount", "time_unit": "day", "observation_end": "2021-12-31"}
    one, many = clv.rfm_summary(log, **options).to_frame(), clv.rfm_summary(copies, **options).to_frame()
    assert len(copies) > 1_000_000
    for copy in (0, 45, 89):
        part = many.iloc[3_000 * copy : 3_000 * (copy + 1)].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            part.drop(columns="customer_id"), one.drop(columns="customer_id"), check_exact=True
        )
