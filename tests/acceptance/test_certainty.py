"""Properties of the intervals of every number; tests/benchmarks/coverage.py measures their coverage at length."""

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.processes import bgnbd, gamma_gamma

pytestmark = pytest.mark.acceptance

CUT, END = "1997-09-30", "1998-06-30"
VALUE = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 1.0}
TRUTH = bgnbd.Parameters(*map(np.float64, (0.25, 4.5, 0.8, 2.4)))
MONEY = gamma_gamma.Parameters(*map(np.float64, (6.25, 3.75, 15.5)))


@pytest.fixture(scope="module")
def split():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.holdout_split(log, amount="amount", time_unit="week", calibration_end=CUT, holdout_end=END)


@pytest.fixture(scope="module")
def rfm(split):
    countries = pd.DataFrame({"customer_id": split.calibration["customer_id"].to_list()})
    return split.calibration.with_columns(countries.assign(country=np.where(countries.index % 3, "FR", "DE")))


@pytest.fixture(scope="module")
def purchases(rfm):
    return clv.BGNBD().fit(rfm)


@pytest.fixture(scope="module")
def spend(rfm):
    return clv.GammaGamma().fit(rfm)


@pytest.fixture(scope="module")
def quantities(purchases, spend, rfm):
    """Return every prediction and value as a function of the options of an interval."""
    return {
        "probability_alive": lambda rfm=rfm, **o: purchases.probability_alive(rfm, **o),
        "expected_purchases": lambda rfm=rfm, **o: purchases.expected_purchases(rfm, 39, **o),
        "discounted_purchases": lambda rfm=rfm, **o: purchases.discounted_purchases(rfm, 39, 0.1, **o),
        "expected_spend": lambda rfm=rfm, **o: spend.expected_spend(rfm, **o),
        "lifetime_value": lambda rfm=rfm, **o: clv.lifetime_value(purchases, spend, rfm, **VALUE, **o),
    }


def options(name):
    kinds = ["mean"] if name == "probability_alive" else ["mean", "outcome"]
    return [{} if name == "probability_alive" else {"interval_for": kind} for kind in kinds]


NAMES = ["probability_alive", "expected_purchases", "discounted_purchases", "expected_spend", "lifetime_value"]


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_an_interval(quantities, name):
    point = quantities[name]()
    for more in options(name):
        for by in (None, "country", "total"):
            table = quantities[name](interval=0.9, by=by, **more)
            lower, middle, upper = table[f"{name}_lower"], table[name], table[f"{name}_upper"]
            assert np.isfinite(lower).all()
            assert np.isfinite(upper).all()
            assert (lower <= upper).all()
            if by is None:
                assert (table[name] == point[name]).all()
            else:
                assert len(table) == {"country": 2, "total": 1}[by]
                assert ((lower < middle) & (middle < upper)).all()
            if more.get("interval_for") == "mean" or name == "probability_alive":
                assert (lower <= middle * (1 + 1e-9)).mean() > 0.99
                assert (middle <= upper * (1 + 1e-9)).mean() > 0.99


def test_intervals_respect_the_range(quantities):
    alive = quantities["probability_alive"](interval=0.99)
    assert alive[["probability_alive_lower", "probability_alive_upper"]].stack().between(0, 1).all()
    for name in NAMES[1:]:
        for more in options(name):
            assert (quantities[name](interval=0.99, **more)[f"{name}_lower"] >= 0).all()


def test_intervals_of_outcomes_are_wider_than_those_of_means(quantities):
    for name in ("expected_purchases", "lifetime_value"):
        width = {}
        for kind in ("mean", "outcome"):
            more = {} if kind == "mean" else {"total_interval": "model"}
            table = quantities[name](interval=0.9, interval_for=kind, by="total", **more)
            width[kind] = (table[f"{name}_upper"] - table[f"{name}_lower"]).item()
        assert width["outcome"] > width["mean"]


def test_the_interval_of_a_total_is_narrower_than_the_sum_of_intervals(quantities):
    each = quantities["expected_purchases"](interval=0.9)
    total = quantities["expected_purchases"](interval=0.9, by="total", total_interval="model")
    assert total["expected_purchases"].item() == pytest.approx(each["expected_purchases"].sum(), rel=1e-12)
    sum_of_widths = each["expected_purchases_upper"].sum() - each["expected_purchases_lower"].sum()
    width = (total["expected_purchases_upper"] - total["expected_purchases_lower"]).item()
    assert width < 0.3 * sum_of_widths


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_same_intervals_for_any_order_or_subset(quantities, rfm, name):
    shuffle = np.random.default_rng(0).permutation(len(rfm))
    some = np.arange(100, 400)
    for more in options(name):
        whole = quantities[name](interval=0.9, random_state=7, **more)
        shuffled = quantities[name](rfm=rfm[shuffle], interval=0.9, random_state=7, **more)
        pd.testing.assert_frame_equal(whole.iloc[shuffle].reset_index(drop=True), shuffled, check_exact=True)
        part = quantities[name](rfm=rfm[some], interval=0.9, random_state=7, **more)
        pd.testing.assert_frame_equal(whole.iloc[some].reset_index(drop=True), part, check_exact=True)
        for by in ("country", "total"):
            table = quantities[name](interval=0.9, random_state=7, by=by, **more)
            again = quantities[name](rfm=rfm[shuffle], interval=0.9, random_state=7, by=by, **more)
            pd.testing.assert_frame_equal(table, again, check_exact=True)
        other = quantities[name](interval=0.9, random_state=8, **more)
        assert not whole.equals(other)


def test_intervals_at_a_boundary_use_the_reduced_model():
    generator = np.random.default_rng(4)  # customers without visible dropout
    T = generator.uniform(20, 40, 400)
    rate = generator.gamma(2.0, 1 / 10.0, 400)
    times = [np.sort(generator.uniform(0, t, generator.poisson(r * t))) for r, t in zip(rate, T, strict=True)]
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(400),
            "frequency": [len(t) for t in times],
            "recency": [t[-1] if len(t) else 0.0 for t in times],
            "T": T,
        }
    )
    rfm = clv.RFM.from_frame(frame, time_unit="week")
    model = clv.BGNBD().fit(rfm)
    assert model.fit_.status == "boundary"
    assert "no dropout is visible" in model.fit_.message
    assert model.summary().loc[["a", "b"], "standard_error"].isna().all()
    alive = model.probability_alive(rfm, interval=0.9)
    assert (alive["probability_alive_lower"] > 0.5).all()
    total = model.expected_purchases(rfm, 10, interval=0.9, by="total", total_interval="model")
    assert total["expected_purchases_lower"].item() < rate.sum() * 10 < total["expected_purchases_upper"].item()


def test_sandwich_errors_and_the_bootstrap_agree(purchases, rfm):
    # Both are valid when the process is only roughly right; 200 replicates determine a standard error to 1 in 20.
    seen = []
    replicates = purchases.bootstrap(rfm, 200, random_state=1, progress=seen.append)
    assert seen == list(range(1, 201))
    robust = purchases.summary(errors="sandwich")
    ratio = np.log(replicates).std() / (robust["standard_error"] / robust["estimate"])
    assert ratio.between(0.75, 1.35).all()
    pd.testing.assert_frame_equal(replicates.head(5), purchases.bootstrap(rfm, 5, random_state=1))


def test_the_bootstrap_can_be_interrupted(purchases, rfm):
    def stop(done):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        purchases.bootstrap(rfm, 10_000, progress=stop)


def test_derived_quantities_have_intervals(purchases, rfm):
    estimates = purchases.quantities(rfm, interval=0.9)
    # r/alpha purchases per week, a/(a+b), and one minus the mean P(alive), at the published parameters.
    assert estimates.loc["mean purchase rate", "estimate"] == pytest.approx(0.2426 / 4.4136, rel=1e-3)
    assert estimates.loc["mean dropout probability", "estimate"] == pytest.approx(0.7929 / (0.7929 + 2.4259), rel=1e-3)
    assert estimates.loc["share gone", "estimate"] == pytest.approx(1 - 0.81344, abs=1e-4)
    assert ((estimates["lower"] < estimates["estimate"]) & (estimates["estimate"] < estimates["upper"])).all()


def test_priors_do_not_depend_on_the_unit(rfm, purchases):
    log = clv.datasets.load_cdnow(sample=True)
    daily = clv.rfm_summary(log, amount="amount", time_unit="day", observation_end=CUT)
    prior = {"log r": (-1.0, 0.1), "logit mean dropout probability": (-1.0, 0.2)}
    weeks, days = clv.BGNBD(prior=prior).fit(rfm), clv.BGNBD(prior=prior).fit(daily)
    expected = weeks.parameters_ | {"alpha": 7 * weeks.parameters_["alpha"]}
    assert days.parameters_ == pytest.approx(expected, rel=1e-6)  # the same maximum, to the last Newton step
    assert abs(np.log(weeks.parameters_["r"]) + 1) < abs(np.log(purchases.parameters_["r"]) + 1)
    assert weeks.fit_.log_likelihood < purchases.fit_.log_likelihood


def test_intervals_cover_the_truth_in_simulated_customer_bases():
    # Forty bases at fixed seeds: a 90 % interval covers in at least 30 of 40 with probability 0.9985.
    covered = {"total purchases": 0, "total money": 0, "r": 0, "a": 0}
    share = []
    for seed in range(40):
        generator = np.random.default_rng([1, seed])
        T = generator.uniform(27, 39, 1000)
        history = bgnbd.simulate(TRUTH, T + 39, generator)
        past = history.time <= T[history.customer]
        orders = gamma_gamma.simulate_orders(MONEY, history.customer, 1000, generator)
        x = np.bincount(history.customer[past], minlength=1000)
        t_x = np.zeros(1000)
        np.maximum.at(t_x, history.customer[past], history.time[past])
        past_spend = np.bincount(history.customer[past], orders[past], minlength=1000)
        frame = pd.DataFrame({"customer_id": np.arange(1000), "frequency": x, "recency": t_x, "T": T})
        rfm = clv.RFM.from_frame(frame.assign(monetary_value=past_spend / np.maximum(x, 1)), time_unit="week")
        model, spender = clv.BGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
        future = np.bincount(history.customer[~past], minlength=1000)
        each = model.expected_purchases(rfm, 39, interval=0.9, random_state=seed)
        share.append(
            np.mean((each["expected_purchases_lower"] <= future) & (future <= each["expected_purchases_upper"]))
        )
        of_model = {"interval": 0.9, "by": "total", "random_state": seed, "total_interval": "model"}
        total = model.expected_purchases(rfm, 39, **of_model)
        covered["total purchases"] += _covers(total, "expected_purchases", future.sum())
        options = {"horizon": 39, "annual_discount_rate": 0.0, "margin": 1.0}
        value = clv.lifetime_value(model, spender, rfm, **options, **of_model)
        covered["total money"] += _covers(value, "lifetime_value", orders[~past].sum())
        summary = model.summary(0.9)
        for name, true in (("r", TRUTH.r), ("a", TRUTH.a)):
            covered[name] += summary.loc[name, "lower"] <= true <= summary.loc[name, "upper"]
    assert min(covered.values()) >= 30, covered
    assert np.mean(share) >= 0.88


def _covers(frame, name, value):
    return frame[f"{name}_lower"].item() <= value <= frame[f"{name}_upper"].item()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"interval": 90}, "between 0 and 1"),
        ({"interval": 0.9, "interval_for": "median"}, "'mean', 'outcome'"),
        ({"interval": 0.9, "by": "region"}, "with_columns"),
        ({"interval": 0.9, "draws": 2}, "at least 20"),
    ],
)
def test_errors_for_wrong_options_name_the_right_ones(purchases, rfm, wrong, text):
    with pytest.raises(clv.errors.InvalidOption, match=text):
        purchases.expected_purchases(rfm, 39, **wrong)
