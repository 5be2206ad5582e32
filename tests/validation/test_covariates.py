"""Validation of models with covariates and groups: tests of nested fits, tracking, comparison, cross-check."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, kstest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.processes import model_id
from clvmodels.processes import bgnbd

pytestmark = pytest.mark.slow


def attributes_of(ids):
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer_id": ids,
            "age": generator.integers(18, 80, len(ids)),
            "web": generator.integers(0, 2, len(ids)),
            "country": generator.choice(["DE", "FR"], len(ids), p=[0.6, 0.4]),
        }
    )


@pytest.fixture(scope="module")
def split():
    log = clv.datasets.load_cdnow(sample=True)
    holdout = clv.holdout_split(
        log, amount="amount", time_unit="week", calibration_end="1997-09-30", holdout_end="1998-06-30"
    )
    return holdout.with_columns(attributes_of(holdout.calibration.customer_id.to_list()))


@pytest.fixture(scope="module")
def rfm(split):
    return split.calibration


# ---- nested fits ---------------------------------------------------------------------------------------------


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("small", "large", "freedom"),
    [
        (clv.BGNBD(), clv.BGNBD(purchase="age"), 1),
        (clv.BGNBD(), clv.BGNBD(purchase="age + web", dropout="web"), 3),
        (clv.BGNBD(purchase="age"), clv.BGNBD(purchase="web + age", dropout="web"), 2),
        (clv.ParetoNBD(purchase="age"), clv.ParetoNBD(purchase="age", dropout="age"), 1),
        (
            clv.ParetoNBD(purchase="age", dropout="age", equal=["age"]),
            clv.ParetoNBD(purchase="age", dropout="age"),
            1,
        ),
        (clv.ParetoNBD(), clv.ParetoNBD(purchase="age", dropout="age", equal=["age"]), 1),
        (clv.BGNBD(), clv.BGNBD(by="country"), 4),
        (clv.BGNBD(purchase="age"), clv.BGNBD(purchase="age + web", by="country"), 7),
        (clv.BGNBD(by="country"), clv.BGNBD(purchase="age", by="country"), 2),
        (clv.GammaGamma(), clv.GammaGamma(spend="age"), 1),
        (clv.GammaGamma(), clv.GammaGamma(by="country", smallest_group=100), 3),
    ],
)
def test_nested_models_are_tested_by_chi_square(rfm, small, large, freedom):
    test = clv.likelihood_ratio_test(small.fit(rfm), large.fit(rfm))
    assert test.degrees_of_freedom == freedom
    assert test.statistic == pytest.approx(2 * (large.fit_.log_likelihood - small.fit_.log_likelihood), abs=1e-9)
    assert test.p_value == pytest.approx(chi2.sf(test.statistic, freedom), rel=1e-12)


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("small", "large"),
    [
        (clv.BGNBD(purchase="age"), clv.BGNBD()),
        (clv.BGNBD(purchase="age"), clv.BGNBD(purchase="web", dropout="web")),
        (clv.BGNBD(purchase="age"), clv.BGNBD(purchase="age")),
        (clv.BGNBD(dropout="age", dropout_moves="spread"), clv.BGNBD(purchase="age", dropout="age")),
        (clv.BGNBD(by="country"), clv.BGNBD(purchase="age")),
        # A model with one slope for both does not contain a model with a slope of purchases only.
        (clv.ParetoNBD(purchase="age"), clv.ParetoNBD(purchase="age", dropout="age", equal=["age"])),
        (clv.ParetoNBD(purchase="age", dropout="age"), clv.ParetoNBD(purchase="age", dropout="age", equal=["age"])),
    ],
)
def test_models_that_are_not_nested_are_refused(rfm, small, large):
    with pytest.raises(InvalidOption, match="is not contained in"):
        clv.likelihood_ratio_test(small.fit(rfm), large.fit(rfm))


def test_a_column_of_the_same_name_with_other_values_is_refused(rfm):
    frame = rfm.to_frame()
    other = clv.RFM.from_frame(frame.assign(age=frame["age"].to_numpy()[::-1] ** 2.0), time_unit="week")
    with pytest.raises(InvalidOption, match="is not contained in"):
        clv.likelihood_ratio_test(clv.BGNBD(purchase="age").fit(rfm), clv.BGNBD(purchase="age + web").fit(other))


def test_a_regularized_fit_is_refused(rfm):
    with pytest.raises(InvalidOption, match="with a prior or with l2="):
        clv.likelihood_ratio_test(clv.BGNBD().fit(rfm), clv.BGNBD(purchase="age", l2=5.0).fit(rfm))
    # Without coefficients, l2 has no effect.
    assert clv.likelihood_ratio_test(clv.BGNBD(l2=5.0).fit(rfm), clv.BGNBD(purchase="age").fit(rfm)).p_value > 0


def test_covariates_do_not_give_a_test_at_an_edge_a_p_value(rfm):
    test = clv.likelihood_ratio_test(clv.NBD(purchase="age").fit(rfm), clv.BGNBD(purchase="age + web").fit(rfm))
    assert test.p_value is None
    with pytest.raises(InvalidOption, match="is not contained in"):
        clv.likelihood_ratio_test(clv.NBD(purchase="age").fit(rfm), clv.BGNBD(purchase="web").fit(rfm))


@pytest.mark.acceptance
def test_p_values_are_uniform_where_covariates_have_no_effect():
    """60 simulated sets of 400 customers without an effect; the KS test refuses one seed in a thousand."""
    p = bgnbd.Parameters(*map(np.float64, (0.8, 6.0, 0.8, 2.5)))
    chances = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        T = generator.uniform(20, 60, 400)
        history = bgnbd.simulate(p, T, generator)
        columns = {"customer_id": np.arange(400), "frequency": history.x, "recency": history.t_x, "T": T}
        frame = pd.DataFrame(columns).assign(age=generator.normal(size=400), web=generator.random(400) < 0.5)
        base = clv.RFM.from_frame(frame, time_unit="week")
        full = clv.BGNBD(purchase="age + web", dropout="age").fit(base)
        test = clv.likelihood_ratio_test(clv.BGNBD().fit(base), full)
        if test.p_value is not None:
            chances.append(test.p_value)
    assert len(chances) > 50  # the others ended at a limit
    assert kstest(chances, "uniform").pvalue > 1e-3


# ---- holdout -------------------------------------------------------------------------------------------------


def test_a_holdout_split_keeps_attributes(split):
    assert set(split.calibration.attributes) == {"age", "web", "country"}
    assert "country" in split.to_frame()


@pytest.mark.acceptance
def test_tracking_uses_covariates_and_groups(split):
    """Weekly expectations use the covariates of each customer; a coefficient of 0 changes nothing."""
    models = [clv.BGNBD(), clv.BGNBD(purchase="age + web"), clv.BGNBD(by="country"), clv.BGNBD(purchase="age", l2=1e12)]
    check = clv.validate(split, models, spend=clv.GammaGamma(spend="web"))
    total = check.tracking.groupby("forecaster")["cumulative_expected"].last()
    assert list(dict.fromkeys(check.scores["forecaster"]))[:4] == [model_id(model) for model in models]
    plain, shrunk = total["bgnbd"], total["bgnbd(purchase=age, l2=1e+12)"]
    assert shrunk == pytest.approx(plain, rel=1e-6)  # the coefficient is 1e-9
    assert total.to_numpy() == pytest.approx(np.full(4, plain), rel=0.02)  # the covariates are noise
    fitted = clv.BGNBD(by="country").fit(split.calibration)
    parts = []
    for country in ("DE", "FR"):
        some = split.calibration[split.calibration.attributes["country"].to_numpy() == country]
        lengths, counts = np.unique(some.T + split.horizon, return_counts=True)
        parts.append(fitted.mean_purchases(lengths, some) @ counts)
    assert total["bgnbd(by=country)"] == pytest.approx(sum(parts), rel=1e-7)


def test_models_with_and_without_covariates_are_compared(split):
    comparison = clv.compare(split, [clv.BGNBD(), clv.BGNBD(purchase="age"), clv.BGNBD(by="country")])
    table = comparison.table.set_index("forecaster")
    assert table["parameters"].to_dict() == {"bgnbd": 4, "bgnbd(purchase=age)": 5, "bgnbd(by=country)": 8}
    assert table["log_score"].notna().all()
    assert comparison.text.count("BG/NBD") >= 2


def test_groups_without_dropout_are_reported():
    generator = np.random.default_rng(3)
    n = 1200
    T = generator.uniform(20, 40, n)
    x = generator.poisson(generator.gamma(2.0, 0.05, n) * T)
    t_x = np.where(x > 0, T * generator.beta(np.maximum(x, 1), 1.0), 0.0)
    frame = pd.DataFrame({"customer_id": np.arange(n), "frequency": x, "recency": t_x, "T": T, "by": x % 1})
    frame["country"] = np.where(np.arange(n) % 2, "DE", "FR")
    base = clv.RFM.from_frame(frame, time_unit="week")
    comparison = clv.compare(base, [clv.BGNBD(by="country"), clv.NBD(by="country")])
    assert "No dropout visible" in comparison.text


def test_crosscheck_refuses_covariates_and_groups(rfm):
    for model in (clv.BGNBD(purchase="age"), clv.BGNBD(by="country"), clv.GammaGamma(spend="age")):
        with pytest.raises(InvalidOption, match="has no covariates and no groups"):
            clv.crosscheck(model.fit(rfm), rfm)
