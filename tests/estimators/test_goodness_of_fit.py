"""Goodness of fit: the chi-square of Fader, Hardie & Lee (2005), and the posterior predictive check."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.processes.bgnbd import PROCESS, Parameters


@pytest.fixture(scope="module")
def rfm():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "statistic", "p_value"),
    [
        # Fader, Hardie & Lee (2005), Marketing Science 24(2), p. 281: chi-square with 3 degrees of freedom over the
        # classes 0 to 6 and 7+; the paper's customers are the 2,357 of the sample.
        (clv.BGNBD, 4.82, 0.19),
        (clv.ParetoNBD, 11.99, 0.007),
        (clv.MBGNBD, 2.95, 0.40),  # not in the paper: computed in the same way
    ],
)
def test_the_chi_square_of_cdnow_is_the_published_one(rfm, model, statistic, p_value):
    test = model().fit(rfm).goodness_of_fit(rfm, draws=20)
    assert test.statistic == pytest.approx(statistic, abs=0.005)  # printed with two decimals
    assert test.degrees_of_freedom == 3
    assert test.p_value == pytest.approx(p_value, abs=0.005 if p_value > 0.1 else 0.0005)
    assert test.findings[0].code == ("goodness-agrees" if p_value > 0.05 else "goodness-differs")
    assert model().title in test.text


@pytest.mark.slow
def test_the_table_counts_every_customer(rfm):
    test = clv.BGNBD().fit(rfm).goodness_of_fit(rfm, draws=20)
    table = test.frame()
    assert table["purchases"].tolist() == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    assert table["observed"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert table["expected"].sum() == pytest.approx(len(rfm))
    assert table["chi_square"].sum() == pytest.approx(test.statistic)


@pytest.mark.slow
def test_small_classes_are_pooled_until_no_test_is_left(rfm):
    model = clv.BGNBD().fit(rfm)
    some = model.goodness_of_fit(rfm[:200], draws=20)
    assert np.all(some.counts["expected"].to_numpy() >= 5)
    assert len(some.counts) < 8
    assert some.degrees_of_freedom == len(some.counts) - 1  # no parameter was estimated from these customers alone
    few = clv.BGNBD().fit(rfm[:200]).goodness_of_fit(rfm[:200], draws=20)
    assert few.p_value is None
    assert few.findings[0].code == "goodness-no-test"


@pytest.mark.slow
def test_a_process_that_did_not_make_the_data_is_rejected():
    generator = np.random.default_rng(1)
    T = np.full(3_000, 40.0)
    history = PROCESS.simulate(Parameters(0.5, 5.0, 0.8, 1.5), T, generator)
    x = np.where(history.x > 0, history.x + 3, 0)  # customers who buy again buy at least four times
    frame = {"customer_id": range(3_000), "frequency": x.astype(int), "recency": history.t_x, "T": T}
    rfm = clv.RFM.from_frame(pd.DataFrame(frame), time_unit="week")
    test = clv.BGNBD().fit(rfm).goodness_of_fit(rfm, draws=40)
    assert test.p_value < 1e-6
    checks = test.checks.set_index("statistic")
    assert checks.loc["share_without_repeat", "p_value"] == pytest.approx(2 / 41)  # beyond all simulated histories
    assert "The share of customers without a repeat purchase is" in test.text


@pytest.mark.slow
def test_simulated_histories_agree_with_their_own_process():
    generator = np.random.default_rng(2)
    T = np.round(generator.uniform(27, 39, 2_000) * 7) / 7
    history = PROCESS.simulate(Parameters(0.25, 4.5, 0.8, 2.4), T, generator)
    frame = {"customer_id": range(2_000), "frequency": history.x.astype(int), "recency": history.t_x, "T": T}
    rfm = clv.RFM.from_frame(pd.DataFrame(frame), time_unit="week")
    test = clv.BGNBD().fit(rfm).goodness_of_fit(rfm, draws=100)
    assert test.p_value > 0.001
    assert np.all(test.checks["p_value"] > 0.02)
    again = clv.BGNBD().fit(rfm).goodness_of_fit(rfm, draws=100)
    assert again.checks.equals(test.checks)


@pytest.mark.slow
def test_covariates_and_discrete_opportunities_are_supported(rfm):
    early = pd.DataFrame({"customer_id": rfm.customer_id.to_list(), "early": (rfm.T > 34).astype(float)})
    attributes = rfm.with_columns(early)
    plain, shifted = (
        m.fit(attributes).goodness_of_fit(attributes, draws=20) for m in (clv.NBD(), clv.NBD(purchase="early"))
    )
    assert shifted.degrees_of_freedom == plain.degrees_of_freedom - 1
    assert shifted.statistic == pytest.approx(plain.statistic, rel=0.1)  # the coefficient is close to 0


@pytest.mark.parametrize(("options", "match"), [({"last_class": 0}, "last_class=0"), ({"draws": 3}, "draws=3")])
def test_invalid_options_are_refused(rfm, options, match):
    with pytest.raises(InvalidOption, match=match):
        clv.NBD().fit(rfm).goodness_of_fit(rfm, **options)
