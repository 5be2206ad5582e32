"""Intervals of counts: the predictive distribution, averaged over draws of the parameters and inverted."""

import itertools

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.processes import threads

HORIZON, DRAWS = 39.0, 40


@pytest.fixture(scope="module")
def rfm():
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30", intertimes=True)
    countries = pd.DataFrame({"customer_id": rfm.customer_id.to_list()})
    return rfm.with_columns(
        countries.assign(country=np.where(countries.index % 3, "FR", "DE"), age=countries.index % 40)
    )


MODELS = {
    "plain": clv.BGNBD(),
    "covariates": clv.MBGNBD(purchase="age", dropout="age"),
    "groups": clv.BGNBD(by="country"),
    "regular": clv.BGCNBD(k=2),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request, rfm):
    """Return a fitted model of each kind that has a distribution of its own."""
    return MODELS[request.param].fit(rfm)


def predictive(model, rfm, most=40):
    """Return P(k purchases) of each customer, averaged over draws of the parameters one by one, (most, n)."""
    counts = model.purchase_counts(HORIZON, 0, DRAWS)
    process = counts.process
    columns = [
        np.asarray(rfm[name], dtype=float) for name in process.statistics if name in ("frequency", "recency", "T")
    ]
    total = 0.0
    for draw in np.concatenate(counts.parameters, axis=-1):
        p = process.Parameters(*draw)
        total = total + np.stack([process.pmf(p, np.asarray(float(k)), HORIZON, *columns) for k in range(most)])
    return total / DRAWS


@pytest.mark.slow
def test_intervals_invert_the_average_of_the_distribution(rfm):
    model, some = clv.MBGNBD().fit(rfm), rfm[:40]
    below = np.cumsum(predictive(model, some), axis=0)
    for level in (0.5, 0.9):
        table = model.expected_purchases(some, HORIZON, interval=level, draws=DRAWS)
        for end, chance in (("lower", 0.5 * (1 - level)), ("upper", 0.5 * (1 + level))):
            assert np.array_equal(table[f"expected_purchases_{end}"], np.argmax(below >= chance, axis=0))


@pytest.mark.slow
def test_intervals_agree_with_simulated_futures(model, rfm):
    """Shares of 2,000 drawn futures at and below the ends: within 5 standard errors of the ends' probabilities."""
    some, simulated = rfm[:100], 2_000
    table = model.expected_purchases(some, HORIZON, interval=0.9, draws=DRAWS)
    future = model.futures(HORIZON, 0.0, 0, DRAWS)
    columns = list(model.prediction(some, "expected_purchases", None).columns.values())
    generator = np.random.default_rng(1)
    error = 5 * np.sqrt(0.05 * 0.95 / simulated)
    for i in range(0, 100, 10):
        one = [np.repeat(column[i], DRAWS) for column in columns]
        drawn = np.concatenate([future(generator, *one).purchases for _ in range(simulated // DRAWS)])
        lower, upper = table["expected_purchases_lower"][i], table["expected_purchases_upper"][i]
        assert np.mean(drawn < lower) <= 0.05 + error
        assert np.mean(drawn <= lower) >= 0.05 - error
        assert np.mean(drawn > upper) <= 0.05 + error
        assert np.mean(drawn >= upper) >= 0.05 - error


@pytest.mark.slow
def test_exceedances_of_all_models_are_sums_of_the_pmf(model, rfm):
    counts = model.purchase_counts(HORIZON, 0, 3)
    columns = [np.asarray(column, dtype=float)[:50] for column in model.prediction(rfm, "n", None).columns.values()]
    state = columns[: len(counts.process.state)]
    beyond = 1.0
    for k, exceeded in enumerate(itertools.islice(counts.process.exceedances(counts.parameters, HORIZON, *state), 8)):
        beyond = beyond - counts.process.pmf_if_active(counts.parameters, np.asarray(float(k)), HORIZON, *state)
        assert np.allclose(exceeded, beyond, rtol=0, atol=1e-13)  # rounding errors of 8 terms


@pytest.mark.slow
def test_intervals_do_not_depend_on_order_subset_or_threads(model, rfm, monkeypatch):
    rfm = rfm[:400]
    whole = model.expected_purchases(rfm, HORIZON, interval=0.9, draws=20)
    order = np.random.default_rng(0).permutation(len(rfm))
    monkeypatch.setattr(threads, "PROCESSORS", 1)
    monkeypatch.setattr("clvmodels.inference.purchase_counts.BLOCK_NUMBERS", 5_000)
    for rows in (order, order[:1], order[:7]):
        part = model.expected_purchases(rfm[rows], HORIZON, interval=0.9, draws=20)
        pd.testing.assert_frame_equal(whole.iloc[rows].reset_index(drop=True), part, check_exact=True)
