"""BG/NBD: every formula compared with the papers' formulas in mpmath, and with published numbers.

FHL is Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from clvmodels.datasets import dataset_path, load_cdnow
from clvmodels.processes.bgnbd import PROCESS, Parameters
from clvmodels.transactions.summary import rfm_summary

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "cdnow_bgnbd.json").read_text("utf-8"))
PAPER, CLVTOOLS, BTYD = (
    REFERENCE[name] for name in ("fader_hardie_lee_2005", "clvtools_to_1997_09_30", "btyd_to_1997_09_30")
)
CENTURY = 5218.0  # weeks
YEARLY = 365.25 / 7
DROP = 75  # e^-75 of the peak is far below the precision compared

# (r, alpha, a, b): as on CDNOW; a = 1; a + b < 1; all or nothing; rates that do not vary; dropout that does not vary;
# hardly any dropout; hardly any time between purchases and certain dropout.
CORNERS = [
    (0.243, 4.414, 0.793, 2.426),
    (0.5, 1.0, 1.0, 1.5),
    (1.0, 0.01, 0.2, 0.3),
    (1e-3, 1e-3, 1e-3, 1e-3),
    (1e5, 1e6, 0.8, 2.4),
    (0.24, 4.4, 1e5, 3e5),
    (0.24, 4.4, 0.05, 1e5),
    (3.0, 0.01, 50.0, 1e-3),
]
# Each history is x, t_x and T.
HISTORIES = [
    (0, 0.0, 0.0),
    (0, 0.0, 39.0),
    (1, 39.0, 39.0),
    (1, 1e-3, 1e-3),
    (2, 30.43, 38.86),
    (50, 3.0, 3.0),
    (5000, 800.0, 800.0),
    (5000, 700.0, 800.0),
]


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(30):
        yield


@pytest.fixture(scope="module")
def cdnow():
    """Return the RFM of the 1/10 sample in weeks to 1997-09-30, and the rows of the first ten customers of its file."""
    return sample("1997-09-30")


def sample(observation_end):
    rfm = rfm_summary(load_cdnow(sample=True), time_unit="week", observation_end=observation_end)
    numbered = np.loadtxt(dataset_path("cdnow_sample.csv"), skiprows=1, dtype=np.int64)
    return rfm, np.searchsorted(rfm.customer_id.to_numpy(), numbered[:10])


def parameters(values):
    return Parameters(*map(np.float64, values.values() if isinstance(values, dict) else values))


def columns(*history):
    return tuple(np.array([value], dtype=float) for value in history)


def statistics(rfm):
    return rfm.frequency.astype(float), rfm.recency, rfm.T


def one(answer):
    assert answer.shape == (1,)
    return float(answer[0])


def intensity(p, tau, *history):
    """Return the expected purchases of a customer per unit of time, tau after T."""
    x, t_x, T = columns(*history)
    alive = PROCESS.probability_alive(parameters(p), x, t_x, T)
    return one(alive * PROCESS.intensity_if_active(parameters(p), tau, x, T))


# ---- the papers' formulas ----------------------------------------------------------------------------------


def log_beta(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def paper_log_likelihood(p, x, t_x, T):
    """Return the log-likelihood by FHL eq. (6)."""
    r, alpha, a, b, t_x, T = map(mp.mpf, (*p, t_x, T))
    common = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) - log_beta(a, b)
    active = mp.exp(common + log_beta(a, b + x) - (r + x) * mp.log(alpha + T))
    if x == 0:
        return mp.log(active)
    return mp.log(active + mp.exp(common + log_beta(a + 1, b + x - 1) - (r + x) * mp.log(alpha + t_x)))


def paper_probability_alive(p, x, t_x, T):
    """Return P(alive) by Fader, Hardie & Lee (2008), "Computing P(alive) Using the BG/NBD Model"."""
    r, alpha, a, b, t_x, T = map(mp.mpf, (*p, t_x, T))
    return 1 / (1 + (a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x) if x > 0 else 0))


def paper_expected_purchases(p, h, x, t_x, T):
    """Return FHL eq. (10), its hypergeometric function rewritten by Pfaff's transformation, which is easier to sum.

    2F1(r+x, b+x; a+b+x-1; h/(alpha+T+h)) ((alpha+T)/(alpha+T+h))^(r+x) = 2F1(r+x, a-1; a+b+x-1; -h/(alpha+T)).
    """
    r, alpha, a, b, h, t_x, T = map(mp.mpf, (*p, h, t_x, T))
    with mp.workdps(60):
        if a == 1:
            a += mp.mpf(10) ** -25  # the limit of the formula
        c = a + b + x - 1
        answer = c / (a - 1) * (1 - mp.hyp2f1(r + x, a - 1, c, -h / (alpha + T)))
    return answer * paper_probability_alive(p, x, t_x, T)


def paper_intensity(p, tau, x, t_x, T):
    """Return the derivative of FHL eq. (10) with respect to h."""
    r, alpha, a, b, tau, T = map(mp.mpf, (*p, tau, T))
    steepness = mp.hyp2f1(r + x + 1, a, a + b + x, -tau / (alpha + T))
    return paper_probability_alive(p, x, t_x, T) * (r + x) / (alpha + T) * steepness


def average(g, a, b, steepness):
    """Return E[g(p)] for p ~ Beta(a, b) by a trapezoidal rule in logit p, after subtracting the values at the ends."""
    a, b = mp.mpf(a), mp.mpf(b)
    peak = mp.log((a + 1) / (b + 1))

    def log_density(s):
        return -(a + 1) * mp.log1p(mp.exp(-s)) - (b + 1) * mp.log1p(mp.exp(s))

    ends = []
    for sign, drop in ((-1, DROP + mp.log1p(steepness)), (1, DROP)):
        width = mp.mpf("1e-4")
        while log_density(peak) - log_density(peak + sign * width) < drop:
            width *= 1.3
        ends.append(peak + sign * width)
    step = (ends[1] - ends[0]) / 800
    total, at_0, at_1, scale = mp.mpf(0), g(mp.mpf(0)), g(mp.mpf(1)), log_beta(a, b)
    for i in range(801):
        s = ends[0] + i * step
        p, q = 1 / (1 + mp.exp(-s)), 1 / (1 + mp.exp(s))
        total += mp.exp(a * mp.log(p) + b * mp.log(q) - scale) * (g(p) - q * at_0 - p * at_1)
    return b / (a + b) * at_0 + a / (a + b) * at_1 + total * step


def averaged_expected_purchases(p, h, x, t_x, T):
    """Return FHL eq. (5) averaged over the posteriors, for use where its closed form (10) cannot be summed."""
    r, alpha, a, b, h, T = map(mp.mpf, (*p, h, T))
    z = h / (alpha + T)

    def bought(q):
        return (r + x) * z if q == 0 else -mp.expm1(-(r + x) * mp.log1p(q * z)) / q

    return paper_probability_alive(p, x, *map(mp.mpf, (t_x, T))) * average(bought, a, b + x, (r + x) * z)


# ---- likelihood --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", CORNERS)
def test_log_likelihood_matches_the_paper(p):
    for history in HISTORIES:
        expected = float(paper_log_likelihood(p, *history))
        result = one(PROCESS.log_likelihood(parameters(p), *columns(*history)))
        # Rounding of the largest terms, such as r log(alpha) and (r + x) log(alpha + T), which can cancel.
        largest = (p[0] + history[0]) * abs(np.log(p[1] + history[2])) + p[0] * abs(np.log(p[1]))
        assert result == pytest.approx(expected, rel=1e-12, abs=1e-14 * (1 + largest)), history


@pytest.mark.parametrize("p", CORNERS)
def test_probability_alive_matches_the_paper(p):
    for history in HISTORIES:
        result = one(PROCESS.probability_alive(parameters(p), *columns(*history)))
        # (r + x), up to 1e5, times the logarithm of a ratio, rounded at 2e-15, is exponentiated.
        assert result == pytest.approx(float(paper_probability_alive(p, *history)), rel=1e-9, abs=0), history
        assert 0 <= result <= 1


def test_probability_alive_is_one_without_a_repeat_purchase():
    x, T = np.zeros(3), np.array([0.0, 39.0, 1e6])
    for p in CORNERS:
        assert PROCESS.probability_alive(parameters(p), x, x, T).tolist() == [1.0, 1.0, 1.0]


def test_a_tiny_b_loses_no_digits():
    # a/(b + x - 1) at x = 1 is a/b: b must not be added to 1 and subtracted again.
    p = (0.5, 5.0, 0.3, 1e-14)
    result = one(PROCESS.probability_alive(parameters(p), *columns(1, 3.0, 9.0)))
    with mp.workdps(50):
        expected = float(paper_probability_alive(p, 1, 3.0, 9.0))
    assert result == pytest.approx(expected, rel=1e-12)


def test_log_likelihood_matches_other_software_at_fixed_parameters(cdnow):
    fixed = REFERENCE["log_likelihood_at_fixed_parameters"]
    rfm, _ = sample(REFERENCE["clvtools_37_weeks"]["observation_end"])
    total = np.sum(PROCESS.log_likelihood(parameters(fixed["parameters"]), *statistics(rfm)))
    assert total == pytest.approx(fixed["value"], rel=1e-12)  # CLVTools prints 15 digits
    total = np.sum(PROCESS.log_likelihood(parameters(PAPER["parameters"]), *statistics(cdnow[0])))
    # BTYD's copy of the data has t_x and T rounded to two decimals.
    assert total == pytest.approx(BTYD["log_likelihood_at_published_parameters"], abs=0.01)


# ---- expected purchases ------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", CORNERS[:5])
@pytest.mark.parametrize("h", [1e-6, 1.0, 39.0])
def test_expected_purchases_match_the_paper(p, h):
    for history in HISTORIES[:6]:
        result = one(PROCESS.expected_purchases(parameters(p), h, *columns(*history)))
        # The trapezoidal rule's error is of the order of 2e-11 (special.NODE_STEP).
        assert result == pytest.approx(float(paper_expected_purchases(p, h, *history)), rel=2e-10, abs=0), history


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.parametrize("p", CORNERS)
@pytest.mark.parametrize("history", HISTORIES)
def test_expected_purchases_match_the_average_at_the_corners(p, history):
    """Over a century, with thousands of purchases and spreads of 1e5, no series for the closed form converges."""
    result = one(PROCESS.expected_purchases(parameters(p), CENTURY, *columns(*history)))
    # Weights of a distribution with a = 1e5 are exponentials of terms of 1e6, so rounding is 1e-10.
    assert result == pytest.approx(float(averaged_expected_purchases(p, CENTURY, *history)), rel=6e-10, abs=0)


@pytest.mark.slow
def test_the_average_matches_the_closed_form():
    """The reference used at the corners agrees with the paper to 20 digits where both can be evaluated."""
    for p in (CORNERS[0], CORNERS[2], (0.243, 4.414, 7.0, 0.4)):
        with mp.workdps(34):
            closed = paper_expected_purchases(p, 39.0, 2, 30.43, 38.86)
            averaged = averaged_expected_purchases(p, 39.0, 2, 30.43, 38.86)
        assert abs(averaged / closed - 1) < mp.mpf(10) ** -20


@pytest.mark.parametrize("a", [1 - 1e-9, 1.0, 1 + 1e-9])
def test_expected_purchases_are_continuous_at_a_equal_to_1(a):
    p, history = (0.243, 4.414, a, 2.426), (2, 30.43, 38.86)
    result = one(PROCESS.expected_purchases(parameters(p), 39.0, *columns(*history)))
    assert result == pytest.approx(float(paper_expected_purchases(p, 39.0, *history)), rel=2e-10)


def test_expected_purchases_without_dropout_match_nbd():
    # With a -> 0 nobody leaves, and a customer buys (r + x)/(alpha + T) times per week.
    p, (x, t_x, T) = (0.6, 5.0, 1e-13, 1.0), columns(7, 20.0, 26.0)
    result = PROCESS.expected_purchases(parameters(p), 52.0, x, t_x, T)
    assert result == pytest.approx((0.6 + 7) / (5 + 26) * 52, rel=1e-11)


@pytest.mark.parametrize("p", [CORNERS[0], CORNERS[1], CORNERS[2], CORNERS[4]])
@pytest.mark.parametrize("history", HISTORIES[:6])
def test_intensity_matches_the_derivative_in_the_paper(p, history):
    for tau in (0.0, 0.5, 39.0, 700.0):
        result = intensity(p, tau, *history)
        # The absolute tolerance is relative to the intensity at 0, its maximum.
        start = float(paper_intensity(p, 0.0, *history))
        assert result == pytest.approx(float(paper_intensity(p, tau, *history)), rel=2e-10, abs=2e-11 * start)


@pytest.mark.slow
@pytest.mark.parametrize("p", [CORNERS[0], CORNERS[2], CORNERS[4]])
def test_intensity_integrates_to_expected_purchases(p):
    history = (3, 20.0, 30.0)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    ends = np.concatenate([[0.0], np.geomspace(0.01, 39.0, 12)])
    total = 0.0
    for left, right in pairwise(ends):
        for node, weight in zip(nodes, weights, strict=True):
            tau = left + (node + 1) / 2 * (right - left)
            total += weight * (right - left) / 2 * intensity(p, tau, *history)
    assert total == pytest.approx(one(PROCESS.expected_purchases(parameters(p), 39.0, *columns(*history))), rel=1e-9)


# ---- discounting -------------------------------------------------------------------------------------------


def integrated_discounted_purchases(p, h, delta, x, t_x, T):
    """Integrate exp(-delta tau) m(tau) panel by panel, with the intensity m as a hypergeometric function."""
    pace = max(delta, (p[0] + x) / (p[1] + T))

    def worth(tau):
        return mp.exp(-mp.mpf(delta) * tau) * paper_intensity(p, tau, x, t_x, T)

    ends = [mp.mpf(0), *(mp.mpf(10) ** (k / mp.mpf(2)) / pace for k in range(-4, 14))]
    ends = [end for end in ends if end < h] + [mp.mpf(h)]
    with mp.workdps(18):
        return mp.quad(worth, ends, maxdegree=4)


@pytest.mark.acceptance
@pytest.mark.parametrize("rate", [0.1, 10.0])
@pytest.mark.parametrize(
    ("p", "history"),
    [
        (CORNERS[0], (2, 30.43, 38.86)),
        (CORNERS[0], (0, 0.0, 0.0)),
        (CORNERS[2], (0, 0.0, 0.0)),  # alpha of a hundredth of a week: half a million alphas ahead
        (CORNERS[4], (0, 0.0, 39.0)),  # alpha of a million weeks, but a purchase every ten
        ((40.0, 400.0, 0.8, 2.4), (20, 180.0, 200.0)),
    ],
)
def test_discounted_purchases_integrate_the_discounted_intensity(p, history, rate):
    delta = np.log1p(rate) / YEARLY
    result = one(PROCESS.discounted_purchases(parameters(p), CENTURY, delta, *columns(*history)))
    expected = float(integrated_discounted_purchases(p, CENTURY, delta, *history))
    assert result == pytest.approx(expected, rel=1e-9, abs=0)


def averaged_discounted_purchases(p, h, delta, x, t_x, T):
    """Integrate in the other order: over time by composite Gauss-Legendre, for each dropout probability.

    All terms are positive, so nothing cancels. Panels grow from a thousandth of the shortest time that matters.
    """
    r, alpha, a, b = p
    shape, age = r + x, alpha + T
    nodes, weights = np.polynomial.legendre.leggauss(16)

    def worth(q):
        q = float(q)
        shortest = 1e-3 * min(1 / abs(delta), age / ((shape + 1) * q) if q > 0 else h, h, age)
        ends = np.append(np.minimum(h, shortest * 1.6 ** np.arange(np.ceil(np.log(h / shortest) / np.log(1.6)))), h)
        start, width = np.concatenate([[0.0], ends[:-1]]), np.diff(ends, prepend=0.0)
        tau = start[:, None] + (nodes + 1) / 2 * width[:, None]
        terms = np.exp(-delta * tau - (shape + 1) * np.log1p(q * tau / age))
        return mp.mpf(float(shape / age * np.sum(weights / 2 * width[:, None] * terms)))

    return paper_probability_alive(p, x, t_x, T) * average(worth, a, mp.mpf(b) + x, shape * h / age)


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.1, 1e4, -0.2])
@pytest.mark.parametrize("p", CORNERS)
def test_discounted_purchases_match_the_average_at_the_corners(p, rate):
    delta = float(np.log1p(rate) / YEARLY)
    for history in ((0, 0.0, 0.0), (2, 30.43, 38.86), (5000, 700.0, 800.0)):
        result = one(PROCESS.discounted_purchases(parameters(p), CENTURY, delta, *columns(*history)))
        expected = float(averaged_discounted_purchases(p, CENTURY, delta, *history))
        # At -20 % per year money grows 5e9-fold in a century, and terms of that size cancel, with their rounding.
        assert result == pytest.approx(expected, rel=1e-9 if rate > 0 else 2e-6, abs=0)


@pytest.mark.parametrize("p", CORNERS)
def test_a_zero_discount_rate_gives_expected_purchases(p):
    for history in HISTORIES:
        result = one(PROCESS.discounted_purchases(parameters(p), 52.0, 0.0, *columns(*history)))
        expected = one(PROCESS.expected_purchases(parameters(p), 52.0, *columns(*history)))
        assert result == pytest.approx(expected, rel=1e-13, abs=0)


# ---- counts ------------------------------------------------------------------------------------------------


def paper_pmf(p, k, t):
    """Return FHL eq. (8), with its finite sum evaluated term by term."""
    r, alpha, a, b, t = map(mp.mpf, (*p, t))

    def nbd(j):
        return (
            mp.exp(mp.loggamma(r + j) - mp.loggamma(r) - mp.loggamma(j + 1))
            * (alpha / (alpha + t)) ** r
            * (t / (alpha + t)) ** j
        )

    answer = mp.exp(log_beta(a, b + k) - log_beta(a, b)) * nbd(k)
    if k > 0:
        with mp.workdps(250):  # the probability of k in time is what the sum leaves of 1
            late = 1 - mp.fsum(nbd(j) for j in range(k))
        answer += mp.exp(log_beta(a + 1, b + k - 1) - log_beta(a, b)) * late
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("p", CORNERS)
def test_pmf_of_a_new_customer_matches_the_paper(p):
    for t in (0.5, 39.0, 400.0):
        k = np.array([0, 1, 2, 10, 60])
        result = PROCESS.new_customer_pmf(parameters(p), k, t)
        # Betas of arguments of up to 4e5 are divided, so rounding is 1e-10.
        assert result == pytest.approx([float(paper_pmf(p, int(j), t)) for j in k], rel=2e-9, abs=0)


def test_pmf_at_time_0():
    p = parameters(CORNERS[0])
    assert PROCESS.new_customer_pmf(p, np.arange(3), 0.0).tolist() == [1.0, 0.0, 0.0]
    assert PROCESS.pmf(p, np.arange(3)[:, None], 0.0, *columns(4, 3.0, 9.0)).ravel().tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("history", [(0, 0.0, 20.0), (3, 12.0, 20.0), (40, 19.0, 20.0)])
def test_pmf_given_the_history_sums_to_1_with_the_expected_mean(history):
    p, h = parameters(CORNERS[0]), 10.0
    k = np.arange(1500)[:, None]
    chances = PROCESS.pmf(p, k, h, *columns(*history))[:, 0]
    assert np.all(chances >= 0)
    # More than 1,500 purchases in ten weeks have a probability below 1e-12 for a customer with 43 in twenty.
    assert np.sum(chances) == pytest.approx(1, abs=1e-11)
    expected = one(PROCESS.expected_purchases(p, h, *columns(*history)))
    assert np.sum(k[:, 0] * chances) == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_pmf_given_the_history_matches_simulated_customers():
    """Shares of counts after the cutoff, by counts before it, are within five standard errors of the pmf."""
    p, T, h = parameters((1.2, 3.0, 0.9, 2.0)), 4.0, 3.0
    generator = np.random.default_rng(20)
    n = 400_000
    rate = generator.gamma(p.r, size=n) / p.alpha
    dropout = generator.beta(p.a, p.b, size=n)
    before, after, when = np.zeros(n, dtype=int), np.zeros(n, dtype=int), np.zeros(n)
    last = np.zeros(n)
    buying = np.arange(n)
    while buying.size:
        when[buying] += generator.exponential(size=buying.size) / rate[buying]
        buying = buying[when[buying] <= T + h]
        early = when[buying] <= T
        before[buying[early]] += 1
        last[buying[early]] = when[buying[early]]
        after[buying[~early]] += 1
        buying = buying[generator.random(buying.size) >= dropout[buying]]
    x, t_x = before.astype(float), last
    k = np.arange(6)[:, None]
    for count in (0, 1, 2, 5):
        group = x == count
        expected = PROCESS.pmf(p, k, h, x[group], t_x[group], np.full(group.sum(), T)).mean(axis=1)
        seen = np.mean(after[group] == k, axis=1)
        error = np.sqrt(expected * (1 - expected) / group.sum())
        assert np.all(np.abs(seen - expected) < 5 * error + 1e-12)


# ---- published numbers -------------------------------------------------------------------------------------


def test_predictions_match_the_paper():
    p = parameters(PAPER["finer_parameters"])
    published = PAPER["expected_purchases"]
    result = one(
        PROCESS.expected_purchases(p, published["horizon"], *columns(published["x"], published["t_x"], published["T"]))
    )
    assert result == pytest.approx(published["value"], abs=5e-4)  # printed to three decimals
    published = PAPER["mean_purchases"]
    # Printed to four decimals, from a less exact fit, which changes the last one, 1.8576, by 4e-4.
    assert PROCESS.mean_purchases(p, np.array(published["t"])) == pytest.approx(published["value"], abs=5e-4)
    for published in PAPER["pmf"]:
        result = PROCESS.new_customer_pmf(parameters(PAPER["parameters"]), published["count"], published["t"])
        assert float(result) == pytest.approx(published["value"], rel=5e-6)  # printed to six or seven digits


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clvtools_to_1997_09_30", "clvtools_37_weeks"])
def test_predictions_match_clvtools_at_its_parameters(name):
    reference = REFERENCE[name]
    rfm, first = sample(reference.get("observation_end", "1997-09-30"))
    p = parameters(reference["parameters"])
    for horizon, key, total in (
        (reference["horizon_weeks"], "expected_purchases", "total_expected_purchases"),
        (10.0, "expected_purchases_10_weeks", "total_expected_purchases_10_weeks"),
    ):
        result = PROCESS.expected_purchases(p, horizon, *statistics(rfm))
        assert result[first] == pytest.approx(reference[key], rel=1e-9)
        assert np.sum(result) == pytest.approx(reference[total], rel=1e-9)
    alive = PROCESS.probability_alive(p, *statistics(rfm))
    assert alive[first] == pytest.approx(reference["probability_alive"], rel=1e-10)
    assert np.mean(alive) == pytest.approx(reference["mean_probability_alive"], rel=1e-10)
    assert np.sum(PROCESS.log_likelihood(p, *statistics(rfm))) == pytest.approx(reference["log_likelihood"], rel=1e-12)
    chances = PROCESS.new_customer_pmf(p, np.arange(11), rfm.T[first[0]])
    assert chances == pytest.approx(reference["pmf"]["values"], rel=1e-9)
    everybody = PROCESS.new_customer_pmf(p, np.arange(11)[:, None], rfm.T).mean(axis=1)
    assert everybody == pytest.approx(reference["pmf_mean_over_customers"], rel=1e-9)
    for t, value in reference["expected_repeat_purchases_of_a_new_customer"].items():
        assert one(PROCESS.mean_purchases(p, np.array([float(t)]))) == pytest.approx(value, rel=1e-9)


def test_predictions_match_btyd_at_its_parameters(cdnow):
    rfm, first = cdnow
    p = parameters(BTYD["parameters"])
    # BTYD's copy of the data has t_x and T rounded to two decimals of a week.
    alive = PROCESS.probability_alive(p, *statistics(rfm))[first]
    assert alive == pytest.approx(BTYD["probability_alive"], rel=3e-4)
    expected = PROCESS.expected_purchases(p, 39.0, *statistics(rfm))[first]
    assert expected == pytest.approx(BTYD["expected_purchases_39_weeks"], rel=3e-4)
    assert PROCESS.new_customer_pmf(p, np.arange(11), 39.0) == pytest.approx(
        BTYD["pmf_39_weeks_counts_0_to_10"], rel=1e-9
    )
    for t, value in BTYD["expected_repeat_purchases_of_a_new_customer"].items():
        assert one(PROCESS.mean_purchases(p, np.array([float(t)]))) == pytest.approx(value, rel=1e-9)


def test_probability_alive_over_the_sample_matches_the_paper(cdnow):
    alive = PROCESS.probability_alive(parameters(PAPER["finer_parameters"]), *statistics(cdnow[0]))
    quartiles = np.quantile(alive, [0, 0.25, 0.5, 0.75, 1])
    summary = [*quartiles[:3], np.mean(alive), *quartiles[3:]]
    assert summary == pytest.approx(PAPER["probability_alive"]["value"], abs=5e-5)  # printed to four decimals


# ---- simulation --------------------------------------------------------------------------------------------


def test_simulated_customers_form_a_valid_rfm():
    generator = np.random.default_rng(3)
    T = np.linspace(0, 50, 2000)
    history = PROCESS.simulate(parameters(CORNERS[0]), T, generator)
    assert np.all((history.x >= 0) & (history.x == np.floor(history.x)))
    assert np.all((history.t_x >= 0) & (history.t_x <= T))
    assert np.array_equal(history.x == 0, history.t_x == 0)
    assert np.all(history.active[history.x == 0])
    assert history.x[0] == 0


def test_simulation_does_not_warn_about_rates_that_underflow():
    # Gamma(0.003) draws denormal rates, whose waiting times overflow. Such customers do not buy again.
    history = PROCESS.simulate(parameters((0.003, 1.0, 0.5, 1.0)), np.full(200_000, 10.0), np.random.default_rng(1))
    assert np.all(np.isfinite(history.t_x))


def test_simulated_customers_are_alive_with_the_predicted_frequency():
    p, T = parameters(CORNERS[0]), np.full(60_000, 30.0)
    history = PROCESS.simulate(p, T, np.random.default_rng(11))
    alive = PROCESS.probability_alive(p, history.x, history.t_x, T)
    for group in (history.x == 1, history.x == 2, history.x >= 3, alive < 0.5):
        error = np.sqrt(np.mean(alive[group] * (1 - alive[group])) / group.sum())
        assert abs(np.mean(history.active[group]) - np.mean(alive[group])) < 5 * error
