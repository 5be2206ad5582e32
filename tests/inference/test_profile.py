"""Profile-likelihood intervals end where the likelihood has fallen by half a chi-square quantile."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

from clvmodels.datasets import load_cdnow
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import BGNBD, MBGNBD, ParetoNBD
from clvmodels.estimators.spend import GammaGamma
from clvmodels.transactions.summary import RFM, rfm_summary


@pytest.fixture(scope="module")
def rfm():
    return rfm_summary(load_cdnow(sample=True), amount="amount", time_unit="week", observation_end="1997-09-30")


def best_with(model, columns, name, value):
    """Return the likelihood maximized over the other parameters by another optimizer, over their logarithms."""
    names = list(model.parameters_)
    others = [other for other in names if other != name]

    def loss(logs):
        result = dict(zip(others, np.exp(logs), strict=True)) | {name: value}
        return -float(np.sum(model.process.log_likelihood(model.process.Parameters(**result), *columns)))

    start = np.log([model.parameters_[other] for other in others])
    return -minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 4000}).fun


@pytest.mark.slow
def test_the_likelihood_ratio_at_an_end_is_the_quantile(rfm):
    model = MBGNBD().fit(rfm)
    columns = [np.asarray(rfm[name], dtype=float) for name in model.process.statistics]
    ends = model.profile_intervals(rfm, 0.9)
    for name, side in (("r", "upper"), ("b", "lower"), ("alpha", "upper")):
        fallen = model.fit_.log_likelihood - best_with(model, columns, name, ends.loc[name, side])
        # Ends are accurate to 1e-3 standard errors; the fall of the likelihood is half their square.
        assert fallen == pytest.approx(chi2.ppf(0.9, 1) / 2, abs=3e-3)


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.parametrize("model", [BGNBD(), ParetoNBD(), GammaGamma()], ids=["bgnbd", "pareto_nbd", "gamma_gamma"])
def test_intervals_contain_the_estimate_and_are_skewed(model, rfm):
    model.fit(rfm)
    profile, normal = model.profile_intervals(rfm, 0.5), model.summary(0.5)
    assert list(profile.columns) == ["estimate", "lower", "upper", "unit"]
    assert ((profile["lower"] < profile["estimate"]) & (profile["estimate"] < profile["upper"])).all()
    # Half a standard error or so from the maximum the likelihood is nearly normal, even on CDNOW's 2,357 customers.
    for side in ("lower", "upper"):
        assert profile[side].to_numpy() == pytest.approx(normal[side].to_numpy(), rel=0.05)
    wide = model.profile_intervals(rfm, 0.99)
    assert ((wide["lower"] < profile["lower"]) & (wide["upper"] > profile["upper"])).all()


@pytest.mark.slow
def test_an_unbounded_end_is_zero_or_infinite():
    generator = np.random.default_rng(5)
    T = generator.uniform(27, 39, 60)
    x = generator.poisson(0.05 * T)
    t_x = np.where(x > 0, T * generator.uniform(0.7, 1, 60), 0.0)
    frame = pd.DataFrame({"customer_id": range(60), "frequency": x, "recency": t_x, "T": T})
    rfm = RFM.from_frame(frame, time_unit="week")
    model = MBGNBD().fit(rfm)
    if model.fit_.free.all():
        ends = model.profile_intervals(rfm, 0.95)
        assert (ends["lower"] >= 0).all()
        assert (ends["upper"] > ends["lower"]).all()
    else:
        with pytest.raises(InvalidOption, match="at a boundary"):
            model.profile_intervals(rfm)


@pytest.mark.slow
def test_refusals(rfm):
    with pytest.raises(InvalidOption, match="call fit"):
        BGNBD().profile_intervals(rfm)
    model = BGNBD(prior={"log r": (0.0, 1.0)}).fit(rfm)
    with pytest.raises(InvalidOption, match="no profile likelihood"):
        model.profile_intervals(rfm)
    with pytest.raises(InvalidOption, match="level="):
        BGNBD().fit(rfm).profile_intervals(rfm, 95)
