"""Results of a log in an engine are tables of the engine; what reads them back has the numbers of a log in memory."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv

END = "1997-09-30"
OPTIONS = {"amount": "amount", "time_unit": "week"}
TERMS = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 0.5}


@pytest.fixture(scope="module")
def cdnow():
    log = pl.from_pandas(clv.datasets.load_cdnow(sample=True))
    return log.select("customer_id", pl.col("date").str.to_date(), "amount")


@pytest.fixture(params=["duckdb", "ibis sqlite", pytest.param("spark", marks=pytest.mark.spark)])
def table(request, cdnow, held_in):
    return held_in(cdnow, request.param)


def polars_of(frame):
    if hasattr(frame, "toArrow"):
        return pl.DataFrame(frame.toArrow())
    return pl.DataFrame(frame.to_pyarrow() if hasattr(frame, "to_pyarrow") else frame.to_arrow_table())


@pytest.mark.slow
def test_results_of_a_table_are_those_of_the_log(cdnow, table, tmp_path):
    rfm, expected = (clv.rfm_summary(each, observation_end=END, **OPTIONS) for each in (table, cdnow))
    model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)
    rows = polars_of(model.predict(rfm, "39 weeks")).sort("customer_id")
    for name, values in model.predict(expected, "39 weeks").to_dict().items():
        np.testing.assert_array_equal(rows[name].to_numpy(), values.to_numpy())
    split, here = (
        clv.holdout_split(each, calibration_end=END, holdout_end="1998-06-30", **OPTIONS) for each in (table, cdnow)
    )
    checks = [clv.validate(each, [clv.BGNBD()], clv.GammaGamma()) for each in (split, here)]
    assert_allclose(*(check.scores["rmse"] for check in checks))
    compared = [clv.compare(each, [clv.BGNBD(), clv.NBD()], spend=clv.GammaGamma()).table for each in (split, here)]
    assert_allclose(*(each["rmse"] for each in compared))
    clv.write_report(checks[0], tmp_path / "report.html", value=clv.lifetime_value(model, rfm, **TERMS))
    assert (tmp_path / "report.html").exists()


@pytest.mark.slow
def test_forecasters_learn_from_a_table_as_from_the_log(cdnow, table):
    histories = [clv.KnownHistory.from_log(each, observation_end=END, **OPTIONS) for each in (table, cdnow)]
    totals = []
    for history in histories:
        best = clv.BestForecaster([clv.BGNBD()], clv.GammaGamma()).fit(history, "26 weeks")
        totals.append(best.intervals(history, "26 weeks", draws=20)["expected_purchases"].sum())
    assert totals[0] == totals[1]
