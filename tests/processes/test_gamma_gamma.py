"""Gamma-Gamma: every formula compared with the paper's formulas in mpmath, and with published numbers.

FH is Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value" (brucehardie.com, note 025).
"""

from __future__ import annotations

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from clvmodels.datasets import dataset_path, load_cdnow
from clvmodels.processes.gamma_gamma import PROCESS, Parameters
from clvmodels.transactions.summary import rfm_summary

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "cdnow_gamma_gamma.json").read_text("utf-8"))
PAPER, BTYD = REFERENCE["published"], REFERENCE["btyd"]

# (p, q, v): as on CDNOW; almost constant spend; almost no population mean; no differences between customers;
# large variation within and between customers; money in hundredths of a cent.
CORNERS = [
    (6.25, 3.74, 15.44),
    (1e5, 3.0, 2e-4),
    (2.0, 1.0 + 1e-9, 10.0),
    (3.0, 1e5, 1e6),
    (0.05, 0.3, 20.0),
    (6.25, 3.74, 154_400.0),
]
HISTORIES = [(1, 1e-4), (1, 20.0), (3, 35.0), (40, 1e6), (100_000, 12.5)]


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(40):
        yield


def parameters(values):
    return Parameters(*map(np.float64, values.values() if isinstance(values, dict) else values))


def money(observation_end="1997-09-30"):
    """Return purchases and mean spend of the 1/10 sample, and the rows of the first ten customers of its file."""
    rfm = rfm_summary(load_cdnow(sample=True), amount="amount", time_unit="week", observation_end=observation_end)
    numbered = np.loadtxt(dataset_path("cdnow_sample.csv"), skiprows=1, dtype=np.int64)
    first = np.searchsorted(rfm.customer_id.to_numpy(), numbered[:10])
    return rfm.monetary_count, np.nan_to_num(rfm.monetary_value), first


def paper_log_likelihood(p, count, mean):
    """Return the log-likelihood by FH eq. (1a)."""
    p, q, v, mean = map(mp.mpf, (*p, mean))
    return (
        mp.loggamma(p * count + q)
        - mp.loggamma(p * count)
        - mp.loggamma(q)
        + q * mp.log(v)
        + (p * count - 1) * mp.log(mean)
        + p * count * mp.log(count)
        - (p * count + q) * mp.log(v + count * mean)
    )


def paper_expected_spend(p, count, mean):
    """Return FH eq. (5), the weighted average of the population mean and the mean of the customer."""
    p, q, v, mean = map(mp.mpf, (*p, mean))
    own = p * count / (p * count + q - 1)
    return (1 - own) * p * v / (q - 1) + own * mean


# ---- the paper's formulas ----------------------------------------------------------------------------------


@pytest.mark.parametrize("p", CORNERS)
@pytest.mark.parametrize("history", HISTORIES)
def test_log_likelihood_matches_the_paper(p, history):
    count, mean = history
    result = float(PROCESS.log_likelihood(parameters(p), np.array([count]), np.array([mean]))[0])
    # Rounding of p*count times a difference of similar logarithms, and of log-betas of that size.
    largest = p[0] * count * (1 + abs(np.log(count * mean))) + p[1] * (1 + abs(np.log(p[2])))
    assert result == pytest.approx(float(paper_log_likelihood(p, *history)), rel=1e-12, abs=2e-15 * largest)


@pytest.mark.slow
@pytest.mark.parametrize("p", CORNERS)
def test_the_likelihood_is_a_density_of_the_mean(p):
    """The likelihood integrates to 1 over the mean spend for every count."""
    p = parameters(p)
    center = np.log(p.p * p.v / p.q)
    for count in (1, 4):
        # log mean = center + log of a ratio of gammas; its tails fall as exp(-p count s) and exp(-q s).
        left, right = 30 / min(1.0, p.p * count), 30 / min(1.0, p.q)
        s = np.linspace(center - left, center + right, 400_001)
        log_density = PROCESS.log_likelihood(p, np.full(len(s), count), np.exp(s)) + s
        # The trapezoidal rule is exact here; tails are 1e-13, and rounding of the log-likelihood at p = 1e5 is 1e-10.
        assert np.sum(np.exp(log_density)) * (s[1] - s[0]) == pytest.approx(1, rel=1e-8)


@pytest.mark.parametrize("p", CORNERS)
@pytest.mark.parametrize("history", HISTORIES)
def test_expected_spend_matches_the_paper(p, history):
    count, mean = history
    result = float(PROCESS.expected_spend(parameters(p), np.array([count]), np.array([mean]))[0])
    if p[0] * count + p[1] > 1:
        assert result == pytest.approx(float(paper_expected_spend(p, *history)), rel=1e-12)
    else:
        assert np.isnan(result)


def test_expected_spend_of_a_new_customer_is_the_population_mean():
    for p in CORNERS:
        result = float(PROCESS.expected_spend(parameters(p), np.array([0]), np.array([np.nan]))[0])
        if p[1] > 1:
            # At q = 1 + 1e-9, a double determines q - 1 to 1e-7 of its value.
            assert result == pytest.approx(float(paper_expected_spend(p, 0, 0.0)), rel=1e-12)
        else:
            assert np.isnan(result)


def test_mean_exists_where_its_integral_converges():
    # M = p/nu with nu ~ Gamma(p count + q): its mean is finite if and only if p count + q > 1.
    p = parameters((0.2, 0.5, 10.0))
    count = np.arange(5)
    assert PROCESS.mean_exists(p, count).tolist() == [False, False, False, True, True]
    assert np.isfinite(PROCESS.expected_spend(p, count, np.full(5, 8.0))).tolist() == [False, False, False, True, True]
    assert not PROCESS.mean_exists(parameters((0.5, 1.0, 10.0)), np.array([0]))[0]


@pytest.mark.parametrize("p", [CORNERS[0], (1e3, 3.0, 0.02), CORNERS[2], CORNERS[4]])
def test_median_spend_halves_the_possible_means(p):
    for count, mean in ((0, 0.0), (1, 20.0), (40, 30.0)):
        result = float(PROCESS.median_spend(parameters(p), np.array([count]), np.array([mean]))[0])
        # P(M > m) = P(nu < p/m), nu ~ Gamma(p count + q, rate v + count mean).
        shape, rate = mp.mpf(p[0]) * count + p[1], mp.mpf(p[2]) + mp.mpf(count) * mean
        below = mp.gammainc(shape, 0, rate * p[0] / mp.mpf(result), regularized=True)
        # The density of log nu is at most about sqrt(shape), up to 200 here.
        assert float(below) == pytest.approx(0.5, abs=1e-9)


def test_median_and_mean_against_simulated_customers():
    p, count, n = parameters((6.25, 3.74, 15.44)), 3, 400_000
    generator = np.random.default_rng(5)
    nu = generator.gamma(p.q, size=n) / p.v
    seen = generator.gamma(p.p * count, size=n) / nu / count
    truth = p.p / nu
    near = np.abs(seen - 30) < 0.5
    at = (np.array([count]), np.array([30.0]))
    spread = np.std(truth[near]) / np.sqrt(near.sum())
    # Five standard errors; that of a median is larger by sqrt(pi/2) for a normal, and by less here.
    assert abs(np.mean(truth[near]) - PROCESS.expected_spend(p, *at)[0]) < 5 * spread
    assert abs(np.median(truth[near]) - PROCESS.median_spend(p, *at)[0]) < 6.5 * spread


def test_many_purchases_give_weight_to_the_mean_of_the_customer():
    p = parameters(PAPER["parameters"])
    result = PROCESS.expected_spend(p, np.array([0, 1, 10, 10_000_000]), np.full(4, 90.0))
    assert np.all(np.diff(result) > 0)
    assert result[3] == pytest.approx(90.0, rel=1e-6)
    assert PROCESS.median_spend(p, np.array([10_000_000]), np.array([90.0]))[0] == pytest.approx(90.0, rel=1e-6)


# ---- published numbers -------------------------------------------------------------------------------------


def test_expected_spend_matches_published_values():
    p, (count, mean, first) = parameters(PAPER["parameters"]), money()
    result = PROCESS.expected_spend(p, count[first], mean[first])
    # Printed to cents, at parameters printed to two decimals, which change the population mean by 0.05.
    assert result == pytest.approx(PAPER["expected_spend"], rel=2e-3)
    assert np.sum(count > 0) == 946
    used = count > 0
    total = np.sum(PROCESS.log_likelihood(p, count[used], mean[used]))
    # BTYD rounds mean spend to cents.
    assert total == pytest.approx(BTYD["log_likelihood_at_6_25_3_74_15_44"], abs=0.01)


@pytest.mark.parametrize(
    ("name", "end"), [("clvtools_to_1997_09_30", "1997-09-30"), ("clvtools_37_weeks", "1997-09-17")]
)
def test_expected_spend_matches_clvtools_at_its_parameters(name, end):
    reference, (count, mean, first) = REFERENCE[name], money(end)
    p = parameters(reference["parameters"])
    assert PROCESS.expected_spend(p, count, mean)[first] == pytest.approx(reference["expected_spend"], rel=1e-12)
    population = PROCESS.expected_spend(p, np.array([0]), np.array([0.0]))[0]
    assert population == pytest.approx(reference["population_mean"], rel=1e-12)
    used = count > 0
    total = np.sum(PROCESS.log_likelihood(p, count[used], mean[used]))
    assert total == pytest.approx(reference["log_likelihood"], rel=1e-12)


def test_log_likelihood_matches_other_software_at_fixed_parameters():
    reference, (count, mean, _) = REFERENCE["log_likelihood_at_fixed_parameters"], money("1997-09-17")
    used = count > 0
    assert used.sum() == reference["customers"]
    p = dict(zip(("p", "q", "v"), reference["parameters"].values(), strict=True))
    assert np.sum(PROCESS.log_likelihood(parameters(p), count[used], mean[used])) == pytest.approx(
        reference["value"], rel=1e-12
    )


def test_expected_spend_matches_btyd_at_its_parameters():
    result = PROCESS.expected_spend(parameters(BTYD["parameters"]), np.array([3]), np.array([35.0]))
    assert result[0] == pytest.approx(BTYD["expected_spend_of_mean_35_over_3"], rel=1e-12)


# ---- simulation --------------------------------------------------------------------------------------------


def test_simulated_spend_follows_the_likelihood():
    """Simulated spend has the mean p v/(q - 1), and is NaN where nothing was bought."""
    p, count = parameters((6.25, 5.0, 15.44)), np.arange(200_000) % 4
    mean = PROCESS.simulate(p, count, np.random.default_rng(8))
    assert np.array_equal(np.isnan(mean), count == 0)
    for k in (1, 3):
        spend = mean[count == k]
        assert abs(spend.mean() - p.p * p.v / (p.q - 1)) < 5 * spend.std() / np.sqrt(len(spend))
