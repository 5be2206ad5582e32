"""Estimators with covariates and groups: every method, files, errors, and invalid formulas."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import clvmodels as clv
from clvmodels import files
from clvmodels.errors import FitFailed, InvalidModelFile, InvalidOption, InvalidRFM

pytestmark = pytest.mark.slow

WIDE = {"first order": ["low", "mid: 2", "v0"], "country": ["DE", "FR", "LI"]}
PURCHASE, DROPOUT = "C(`first order`) + age", "age"
PREDICTIONS = {
    "probability_alive": lambda model, rfm, **more: model.probability_alive(rfm, **more),
    "expected_purchases": lambda model, rfm, **more: model.expected_purchases(rfm, "12 months", **more),
    "discounted_purchases": lambda model, rfm, **more: model.discounted_purchases(rfm, "12 months", 0.1, **more),
    "probability_no_purchase": lambda model, rfm, **more: model.probability_no_purchase(rfm, "12 months", **more),
    "dert": lambda model, rfm, **more: model.dert(rfm, 0.1, **more),
}
fuzzing = settings(max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def attributes():
    log = clv.datasets.load_cdnow(sample=True)
    ids = np.sort(log["customer_id"].unique())
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer_id": ids,
            "first order": generator.choice(WIDE["first order"], len(ids)),
            "country": generator.choice(WIDE["country"], len(ids), p=[0.59, 0.4, 0.01]),
            "age": generator.integers(18, 80, len(ids)),
            "class": generator.normal(size=len(ids)),
            "Intercept": generator.normal(size=len(ids)),
            "same": 1.0,
            "even": ids % 2,
            "twice": 0.0,
            "born": np.datetime64("1960-01-01") + generator.integers(0, 9000, len(ids)).astype("timedelta64[D]"),
            "missing": np.where(ids % 7 == 0, np.nan, 1.0 * ids),
        }
    ).assign(twice=lambda frame: 2 * frame["age"] + 1)


@pytest.fixture(scope="module")
def rfm(attributes):
    log = clv.datasets.load_cdnow(sample=True)
    summary = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    return summary.with_columns(attributes)


@pytest.fixture(scope="module")
def models(rfm):
    return {
        "covariates": clv.BGNBD(purchase=PURCHASE, dropout=DROPOUT).fit(rfm),
        "equal": clv.ParetoNBD(purchase=PURCHASE, dropout=DROPOUT, equal=["age"], l2=3.0).fit(rfm),
        "groups": clv.BGNBD(by="country", smallest_group=100).fit(rfm),
        "both": clv.BGNBD(purchase="age", by="country", smallest_group=100).fit(rfm),
    }


@pytest.fixture(scope="module")
def spenders(rfm):
    return {
        "covariates": clv.GammaGamma(spend=PURCHASE).fit(rfm),
        "groups": clv.GammaGamma(by="country", smallest_group=100).fit(rfm),
    }


each_model = pytest.mark.parametrize("which", ["covariates", "equal", "groups", "both"])


# ---- predictions -------------------------------------------------------------------------------------------


def test_coefficients_have_the_user_s_names_and_units(models, spenders):
    assert list(models["covariates"].parameters_) == [
        *("r", "alpha", "a", "b"),
        *("purchase.C(first order)[T.mid: 2]", "purchase.C(first order)[T.v0]", "purchase.age", "dropout.age"),
    ]
    assert list(models["equal"].parameters_)[-1] == "age"
    assert list(models["groups"].parameters_)[-4:] == ["r[(others)]", "alpha[(others)]", "a[(others)]", "b[(others)]"]
    result = models["both"].summary()
    assert result.loc["alpha[DE]", "unit"] == "weeks"
    assert result.loc["purchase.age[DE]", "unit"] == ""
    assert spenders["covariates"].summary().loc["v", "unit"] == "money"
    assert models["covariates"].title == "BG/NBD (purchase ~ C(`first order`) + age, dropout ~ age)"
    assert models["equal"].title.endswith(" dropout ~ age, l2 = 3, equal age)")
    assert models["both"].title == "BG/NBD (purchase ~ age, by country)"
    assert clv.BGNBD().title == "BG/NBD"


def test_a_coefficient_has_the_effect_of_the_model(rfm):
    """Coefficients shift alpha exp(-g z), beta exp(-g z), and the logit of a/(a + b) with a + b fixed."""
    pareto = clv.ParetoNBD(purchase="age", dropout="age").fit(rfm)
    p, age = pareto.parameters_, 50.0
    move = pareto.process.log_likelihood.args[0]
    moved = move.parameters(tuple(p.values()), [np.array(age), np.array(age)])
    assert moved.alpha == pytest.approx(p["alpha"] * np.exp(-p["purchase.age"] * age), rel=1e-12)
    assert moved.beta == pytest.approx(p["beta"] * np.exp(-p["dropout.age"] * age), rel=1e-12)
    assert (moved.r, moved.s) == (p["r"], p["s"])
    for moves in ("mean", "spread"):
        model = clv.BGNBD(dropout="age", dropout_moves=moves, l2=1.0).fit(rfm)
        p, g = model.parameters_, model.parameters_["dropout.age"]
        moved = model.process.log_likelihood.args[0].parameters(tuple(p.values()), [np.array(age)])
        if moves == "mean":
            assert moved.a + moved.b == pytest.approx(p["a"] + p["b"], rel=1e-12)
            assert np.log(moved.a / moved.b) == pytest.approx(np.log(p["a"] / p["b"]) + g * age, rel=1e-12)
        else:
            assert [moved.a, moved.b] == pytest.approx([p["a"] * np.exp(g * age), p["b"] * np.exp(g * age)], rel=1e-12)


@pytest.mark.acceptance
@each_model
@pytest.mark.parametrize("name", PREDICTIONS)
def test_predictions_of_customers_groups_and_totals(models, rfm, which, name):
    model, ask = models[which], PREDICTIONS[name]
    some = rfm[:200]
    table = ask(model, some, interval=0.8, draws=50)
    point, lower, upper = (table[f"{name}{end}"].to_numpy() for end in ("", "_lower", "_upper"))
    assert np.all(np.isfinite(point) & (lower <= upper))
    alone = ask(model, some, interval=0.8, draws=50)[:1]
    first = ask(model, some[:1], interval=0.8, draws=50)
    assert first.equals(alone)  # equal to the last bit without the other customers
    shuffled = ask(model, some[::-1], interval=0.8, draws=50)
    assert np.array_equal(shuffled[name].to_numpy()[::-1], point)
    assert np.array_equal(shuffled[f"{name}_lower"].to_numpy()[::-1], lower)
    grouped = ask(model, some, interval=0.8, draws=50, by="country")
    whole = ask(model, some, by="total")
    weights = grouped["customers"] if "probability" in name else 1.0
    share = len(some) if "probability" in name else 1.0
    # Sums in a different order.
    assert (grouped[name] * weights).sum() / share == pytest.approx(whole[name].iloc[0], rel=1e-12)
    if name in ("expected_purchases", "discounted_purchases"):
        mean = ask(model, some, interval=0.8, interval_for="mean", draws=50)
        assert np.all(mean[f"{name}_upper"] - mean[f"{name}_lower"] <= upper - lower + 1.0)


@pytest.mark.acceptance
@each_model
def test_other_methods_support_covariates(models, rfm, which):
    model, some = models[which], rfm[:50]
    chances = model.pmf(range(40), 10, some).drop(columns="customer_id").to_numpy()
    assert chances.sum(axis=1) == pytest.approx(np.ones(50), abs=1e-6)  # almost nobody buys 40 times in ten weeks
    expected = model.expected_purchases(some, 10)["expected_purchases"].to_numpy()
    assert chances @ np.arange(40.0) == pytest.approx(expected, rel=1e-3, abs=1e-6)
    for ask in (lambda: model.pmf(range(3), 10), lambda: model.mean_purchases(10)):
        with pytest.raises(InvalidOption, match="has covariates or groups: pass rfm="):
            ask()
    means = model.mean_purchases([0.0, 10.0, 50.0], some)
    each = np.array([[model.mean_purchases(t, some[i]) for t in (0.0, 10.0, 50.0)] for i in range(50)])
    # The nodes of a quadrature are chosen for the longest time of a call.
    assert means == pytest.approx(each.mean(axis=0), rel=1e-7)
    assert model.arrivals(np.full(50, 10.0), some) == pytest.approx(each[:, 1], rel=1e-7)
    assert set(model.posterior_means(some).columns) >= {"customer_id", "purchase_rate"}
    result = model.quantities(some, draws=100)
    assert np.all((result["lower"] <= result["estimate"]) & (result["estimate"] <= result["upper"]))
    # A score is the likelihood, without l2.
    assert model.score(rfm) == pytest.approx(model.fit_.log_likelihood / len(rfm), rel=1e-12)
    robust = model.summary(errors="sandwich")["standard_error"].dropna()
    usual = model.summary()["standard_error"].dropna()
    assert np.all(robust > 0)
    assert list(robust.index) == list(usual.index)
    drawn = model.bootstrap(rfm, 3, random_state=1)
    assert list(drawn.columns) == list(model.parameters_)
    pd.testing.assert_frame_equal(drawn, model.bootstrap(rfm, 3, random_state=1))
    again = clone(model)
    assert again.get_params() == model.get_params()
    assert not again.__sklearn_is_fitted__()
    assert again.fit(rfm).parameters_ == model.parameters_
    assert clone(model).set_params(by=None, purchase=None, dropout=None, equal=()).fit(rfm).title == model.process.title


def test_quantities_with_covariates_are_those_of_a_customer_at_the_means(rfm, models):
    model = models["covariates"]
    center = dict(zip(model.design_.covariates.names, model.design_.covariates.center, strict=True))
    p = model.parameters_
    rate = p["r"] / p["alpha"] * np.exp(sum(p[n] * c for n, c in center.items() if n.startswith("purchase")))
    assert model.quantities(rfm, draws=20).loc["mean purchase rate", "estimate"] == pytest.approx(rate, rel=1e-9)


def test_each_group_is_fitted_separately(models, rfm):
    model, country = models["groups"], rfm.attributes["country"].to_numpy()
    assert model.grouping_.labels == ("DE", "FR", "(others)")
    alone = clv.BGNBD().fit(rfm[country == "FR"])
    # Coordinates are unit-free in the mean T of each fit, so not to the last digit.
    for name, value in alone.parameters_.items():
        assert model.parameters_[f"{name}[FR]"] == pytest.approx(value, rel=1e-5)
    ours = model.expected_purchases(rfm[country == "FR"], 39)["expected_purchases"]
    theirs = alone.expected_purchases(rfm[country == "FR"], 39)["expected_purchases"]
    assert ours.to_numpy() == pytest.approx(theirs.to_numpy(), rel=1e-5)
    assert model.fit_.customers == len(rfm)
    # Customers of unknown groups belong to the pool.
    elsewhere = clv.RFM.from_frame(rfm[:3].to_frame().assign(country="XX"), time_unit="week")
    small = clv.RFM.from_frame(rfm[:3].to_frame().assign(country="LI"), time_unit="week")
    assert model.expected_purchases(elsewhere, 39).equals(model.expected_purchases(small, 39))


def test_a_group_named_like_the_pool_joins_it(rfm, attributes):
    names = attributes["country"].replace({"FR": "(others)"})
    renamed = rfm.with_columns(pd.DataFrame({"customer_id": attributes["customer_id"], "where": names}))
    assert clv.BGNBD(by="where", smallest_group=100).fit(renamed).grouping_.labels == ("DE", "(others)")


def test_a_country_without_spenders_is_valued(rfm, attributes):
    silent = rfm.customer_id.filter((rfm.frequency == 0).tolist()).to_list()[:200]
    where = np.where(attributes["customer_id"].isin(silent), "AT", "DE")
    where[::2] = np.where(where[::2] == "AT", "AT", "FR")
    grouped = rfm.with_columns(pd.DataFrame({"customer_id": attributes["customer_id"], "where": where}))
    spend = clv.GammaGamma(by="where", smallest_group=50).fit(grouped)
    assert spend.grouping_.labels[-1] == "(others)"
    assert len(spend.grouping_.labels) == 2
    assert np.all(np.isfinite(spend.expected_spend(grouped)["expected_spend"]))


def test_the_group_whose_fit_fails_is_named(rfm, attributes):
    """The column is constant within one group."""
    ages = np.where(attributes["country"] == "FR", 1.0, attributes["age"])
    odd = rfm.with_columns(pd.DataFrame({"customer_id": attributes["customer_id"], "odd": ages}))
    with pytest.raises(FitFailed, match=r"In the group 'FR' of 'country': .* A larger smallest_group= pools"):
        clv.BGNBD(purchase="odd", by="country", smallest_group=100).fit(odd)


@pytest.mark.acceptance
@pytest.mark.parametrize("bought", ["covariates", "groups"])
@pytest.mark.parametrize("spent", ["covariates", "groups"])
def test_lifetime_value(models, spenders, rfm, bought, spent):
    purchases, spend, some = models[bought], spenders[spent], rfm[:100]
    terms = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 0.3}
    value = clv.lifetime_value(purchases, spend, some, **terms, interval=0.8, draws=50)
    expected = (
        0.3
        * purchases.discounted_purchases(some, "12 months", 0.1)["discounted_purchases"]
        * spend.expected_spend(some)["expected_spend"]
    )
    assert value["lifetime_value"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)
    assert np.all(value["lifetime_value_lower"] <= value["lifetime_value_upper"])
    for by in ("country", "total"):
        for purpose in ("mean", "outcome"):
            result = clv.lifetime_value(
                purchases, spend, some, **terms, by=by, interval=0.8, interval_for=purpose, draws=50
            )
            assert result["lifetime_value"].sum() == pytest.approx(expected.sum(), rel=1e-12)
            assert np.all(result["lifetime_value_lower"] <= result["lifetime_value_upper"])
    spread = spend.expected_spend(some, interval=0.8, draws=50)
    assert np.all(spread["expected_spend_lower"] <= spread["expected_spend_upper"])
    assert np.all(spend.median_spend(some)["median_spend"] > 0)


def test_regular_timing_takes_covariates(attributes):
    log = clv.datasets.load_cdnow(sample=True)
    times = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30", intertimes=True)
    times = times.with_columns(attributes)
    chosen = clv.BGCNBD(purchase="age", dropout="age").fit(times)
    assert (chosen.k_, chosen.title) == (1, "BG/CNBD-k (k = 1) (purchase ~ age, dropout ~ age)")
    simple = clv.BGNBD(purchase="age", dropout="age").fit(times)
    assert chosen.fit_.log_likelihood == pytest.approx(simple.fit_.log_likelihood, abs=1e-8)
    grouped = clv.MBGCNBD(k=2, by="country", smallest_group=100).fit(times)
    assert np.all(np.isfinite(grouped.expected_purchases(times, 10)["expected_purchases"]))


def test_opportunities_take_covariates(attributes):
    log = clv.datasets.load_cdnow(sample=True)
    months = clv.rfm_summary(log, time_unit="month", merge_within="month", observation_end="1997-12-31")
    model = clv.BGBB(purchase="age", by="country", smallest_group=300).fit(months.with_columns(attributes))
    result = model.expected_purchases(months.with_columns(attributes)[:20], "1 year", interval=0.8, draws=50)
    assert np.all(result["expected_purchases_lower"] <= result["expected_purchases_upper"])


def test_a_category_in_which_nobody_buys_is_reported_as_a_limit(rfm, attributes):
    silent = rfm.customer_id.filter((rfm.frequency == 0).tolist()).to_list()[:300]
    kind = np.where(attributes["customer_id"].isin(silent), "never", attributes["country"])
    seen = rfm.with_columns(pd.DataFrame({"customer_id": attributes["customer_id"], "kind": kind}))
    for model in (clv.BGNBD(purchase="kind"), clv.ParetoNBD(purchase="kind")):
        model.fit(seen)
        assert model.fit_.status == "boundary"
        name = "purchase.kind[T.never]"
        assert model.fit_.message == f"{name} is indistinguishable from minus infinity (l2= keeps it finite)"
        table = model.summary()
        assert np.isnan(table.loc[name, "standard_error"])
        assert table["standard_error"].drop(name).notna().all()
    assert clv.BGNBD(purchase="kind", l2=1.0).fit(seen).fit_.status == "converged"


# ---- formulas ----------------------------------------------------------------------------------------------


def test_columns_may_have_any_name(rfm):
    plain = rfm.attributes["age"].to_numpy().astype(float)
    log = clv.BGNBD(purchase="age").fit(rfm).fit_.log_likelihood
    names = ["C", "class", "Intercept2", "np", "v0", "a:b", "T.x]", "__import__('os').system('exit 1')", "größe"]
    ids = rfm.customer_id.to_list()
    for name in names:
        renamed = clv.RFM.from_frame(
            rfm.to_frame()[["customer_id", "frequency", "recency", "T"]].assign(**{name: plain}), time_unit="week"
        )
        model = clv.BGNBD(purchase=f"`{name}`").fit(renamed)
        assert list(model.parameters_)[-1] == f"purchase.{name}"
        assert model.fit_.log_likelihood == pytest.approx(log, abs=1e-9)
        assert len(ids) == len(renamed)
    model = clv.BGNBD(purchase="Intercept + class").fit(rfm)
    assert list(model.parameters_)[-2:] == ["purchase.Intercept", "purchase.class"]


def test_interactions_equal_those_of_formulaic(rfm):
    model = clv.BGNBD(purchase="C(`first order`)*age").fit(rfm)
    assert [name.removeprefix("purchase.") for name in list(model.parameters_)[4:]] == [
        "C(first order)[T.mid: 2]",
        "C(first order)[T.v0]",
        "age",
        "C(first order)[T.mid: 2]:age",
        "C(first order)[T.v0]:age",
    ]


def test_numeric_categories_do_not_depend_on_their_dtype(rfm, attributes):
    def with_(values):
        frame = pd.DataFrame({"customer_id": attributes["customer_id"], "kind": values})
        return rfm.with_columns(frame)

    whole = (attributes["age"] % 3).astype(int)
    model = clv.BGNBD(purchase="C(kind)").fit(with_(whole))
    assert list(model.parameters_)[-2:] == ["purchase.C(kind)[T.1]", "purchase.C(kind)[T.2]"]
    ours, theirs = (model.expected_purchases(with_(values), 10) for values in (whole, whole.astype(float)))
    assert ours.equals(theirs)


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os')",
        "np.log(age)",
        "age +",
        "+ age",
        "",
        "age - 1",
        "age ** 2",
        "I(age)",
        "age | country",
        "C(age",
        "C()",
        "`age",
        "age age",
        "y ~ age",
        "1",
        "{age}",
        "poly(age, 2)",
        "C(country, Treatment('FR'))",
    ],
)
def test_invalid_formulas_are_refused(rfm, formula):
    with pytest.raises(InvalidOption, match=r"cannot be read near .* name columns"):
        clv.BGNBD(purchase=formula).fit(rfm)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"purchase": "height"}, InvalidRFM, r"no column 'height' \(it has .*with_columns"),
        ({"purchase": "T"}, InvalidRFM, "no column 'T'"),
        ({"purchase": "missing"}, InvalidRFM, r"329 of 2,357 customers have no 'missing' \(first: "),
        ({"purchase": "same"}, InvalidRFM, "same: constant for all customers"),
        ({"purchase": "age + twice"}, InvalidRFM, "are collinear"),
        ({"purchase": "C(country) + country"}, InvalidRFM, "are collinear"),
        ({"purchase": "born"}, InvalidRFM, "neither number nor category"),
        ({"purchase": "C(class)"}, InvalidRFM, "categories, too many"),
        ({"purchase": 3}, InvalidOption, "purchase=3 is not a formula"),
        ({"purchase": ["age"]}, InvalidOption, "is not a formula"),
        (
            {"purchase": "age", "equal": ["age"]},
            InvalidOption,
            "no such column is in both formulas; there are purchase.age",
        ),
        ({"purchase": "age", "dropout": "age", "equal": ["x"]}, InvalidOption, "equal='x': no such"),
        ({"purchase": "age", "dropout": "age", "equal": "age"}, InvalidOption, "must be a list of names"),
        ({"equal": ["age"]}, InvalidOption, "there are no covariates"),
        ({"purchase": "age", "dropout_moves": "both"}, InvalidOption, "not one of 'mean', 'spread'"),
        ({"l2": -1.0}, InvalidOption, "l2=-1.0 must be a number of at least 0"),
        ({"l2": float("nan")}, InvalidOption, "l2=nan"),
        ({"l2": "much"}, InvalidOption, "l2='much'"),
        ({"by": "planet"}, InvalidRFM, "no column 'planet'"),
        ({"by": "missing"}, InvalidRFM, "have no 'missing'"),
        ({"by": 3}, InvalidOption, "by=3 is not the name"),
        ({"by": "country", "smallest_group": 0}, InvalidOption, "smallest_group=0 must be a whole number"),
        ({"by": "country", "smallest_group": 2.5}, InvalidOption, "smallest_group=2.5"),
        ({"prior": {"purchase.height": (0, 1)}, "purchase": "age"}, InvalidOption, "prior on 'purchase.height'"),
    ],
)
def test_refusals(rfm, options, error, match):
    with pytest.raises(error, match=match):
        clv.BGNBD(**options).fit(rfm)


def test_formulas_for_missing_processes_are_refused(rfm):
    with pytest.raises(InvalidOption, match="NBD has no dropout process; it has purchase"):
        clv.NBD(dropout="age").fit(rfm)
    with pytest.raises(InvalidOption, match="Pareto/NBD has no dropout probability whose spread could shift"):
        clv.ParetoNBD(dropout="age", dropout_moves="spread").fit(rfm)


def test_refusals_at_prediction(models, rfm):
    frame = rfm[:5].to_frame()

    def predict_with(which, **columns):
        changed = clv.RFM.from_frame(frame.assign(**columns), time_unit="week")
        return models[which].expected_purchases(changed, 10)

    with pytest.raises(
        InvalidRFM, match=r"5 of 5 customers have a 'first order' that was not in the fit .*known: 'low'"
    ):
        predict_with("covariates", **{"first order": "new"})
    with pytest.raises(InvalidRFM, match="'age' was numeric in the fit, but is String here"):
        predict_with("covariates", age="old")
    with pytest.raises(InvalidRFM, match="have no 'age'"):
        predict_with("covariates", age=[30.0, np.nan, 31.0, 32.0, np.inf])
    without = clv.RFM.from_frame(frame.drop(columns=["age", "country"]), time_unit="week")
    for which, name in (("covariates", "age"), ("groups", "country")):
        with pytest.raises(InvalidRFM, match=f"has no column '{name}'"):
            models[which].probability_alive(without)
    whole = clv.BGNBD(by="country", smallest_group=1)
    whole.fit(rfm[rfm.attributes["country"].to_numpy() != "LI"])
    with pytest.raises(
        InvalidRFM, match=r"have a 'country' that was not in the fit \(first: 'LI'\): .*smallest_group="
    ):
        whole.probability_alive(rfm)


def test_a_refused_fit_leaves_no_results(rfm):
    model = clv.BGNBD(purchase="age").fit(rfm)
    with pytest.raises(InvalidRFM):
        model.set_params(purchase="height").fit(rfm)
    assert not model.__sklearn_is_fitted__()


# ---- columns far from zero ---------------------------------------------------------------------------------


def with_class(rfm, values):
    """Return the RFM with these values in the column "class"."""
    plain = replace(rfm, attributes={"even": rfm.attributes["even"]})
    return plain.with_columns(pd.DataFrame({"customer_id": rfm.customer_id.to_list(), "class": values}))


def normal_values(rfm):
    return np.asarray(rfm.attributes["class"].to_list())


@pytest.fixture(scope="module")
def near_zero(rfm):
    near = with_class(rfm[:800], normal_values(rfm[:800]))
    return {name: (model().fit(near), near) for name, model in FAR_FROM_ZERO.items()}


FAR_FROM_ZERO = {
    "bgnbd": lambda: clv.BGNBD(purchase="class * even", dropout="class"),
    "pareto_nbd": lambda: clv.ParetoNBD(purchase="class", dropout="class", equal=["class"]),
    "gamma_gamma": lambda: clv.GammaGamma(spend="class + even"),
}


@pytest.mark.acceptance
@pytest.mark.parametrize("which", FAR_FROM_ZERO)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(power=st.floats(-10, 10), sign=st.sampled_from([-1, 1]), shift=st.floats(-1e8, 1e8))
@example(power=0.0, sign=1, shift=1e8)
@example(power=-10.0, sign=1, shift=0.0)
@example(power=0.0, sign=1, shift=2019.0)
@example(power=8.0, sign=1, shift=15.0)  # such as seconds since 1970
def test_the_shift_and_scale_of_a_column_change_only_the_unit_of_its_coefficient(which, near_zero, power, sign, shift):
    model, rfm = near_zero[which]
    scale = sign * 10.0**power
    moved = with_class(rfm, scale * (normal_values(rfm) + shift))
    other = FAR_FROM_ZERO[which]().fit(moved)
    # A column that is shifted by 1e8 of its standard deviations keeps 8 digits; nothing else may get lost.
    tolerance = 1e-7 + 1e-13 * abs(shift)
    assert other.fit_.log_likelihood == pytest.approx(model.fit_.log_likelihood, abs=tolerance)
    assert other.fit_.status == model.fit_.status
    errors = model.summary()["standard_error"]
    for name, value in model.parameters_.items():
        if name.endswith("class"):
            assert abs(scale * other.parameters_[name] - value) < 1e-5 * errors[name], name
            assert other.summary().loc[name, "standard_error"] * 10.0**power == pytest.approx(errors[name], rel=1e-5)
    for ask in [clv.GammaGamma.expected_spend] if which == "gamma_gamma" else PREDICTIONS.values():
        expected, actual = (ask(m, r).iloc[:, 1:] for m, r in ((model, rfm), (other, moved)))
        pd.testing.assert_frame_equal(actual, expected, rtol=10 * tolerance, atol=1e-12)


EVERY_PROCESS = {
    "mbgnbd": clv.MBGNBD(purchase="z", dropout="z"),
    "ggompertz_nbd": clv.GGompertzNBD(purchase="z"),
    "nbd": clv.NBD(purchase="z"),
    "bgcnbd_2": clv.BGCNBD(k=2, purchase="z", dropout="z"),
    "mbgcnbd_2": clv.MBGCNBD(k=2, purchase="z", dropout="z"),
    "bgbb": clv.BGBB(purchase="z", dropout="z"),
}


@pytest.mark.acceptance
@pytest.mark.parametrize("name", EVERY_PROCESS)
def test_the_origin_and_scale_of_a_column_change_no_forecast_of_any_process(name):
    """A year, seconds since 1970, a column at 1e8, which keeps 8 digits, and a tiny one."""
    unit = {"time_unit": "month", "merge_within": "month"} if name == "bgbb" else {"time_unit": "week"}
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, **unit, intertimes=name != "bgbb", observation_end="1997-09-30")[::8]
    z = np.random.default_rng(0).integers(0, 5, len(rfm)).astype(float)

    def forecast(values):
        columns = rfm.with_columns(pd.DataFrame({"customer_id": rfm.customer_id.to_list(), "z": values}))
        model = clone(EVERY_PROCESS[name]).fit(columns)
        expected = model.expected_purchases(columns, "6 months")["expected_purchases"].to_numpy()
        return model.fit_.log_likelihood, expected, model.parameters_["purchase.z"]

    likelihood, expected, coefficient = forecast(z)
    for shift, scale in ((2019.0, 1.0), (1.6e9, 30 * 86400.0), (1e8, 1.0), (1e-6, 1e-10)):
        moved_likelihood, moved, moved_coefficient = forecast(shift + scale * z)
        assert moved_likelihood == pytest.approx(likelihood, abs=1e-8)
        assert moved == pytest.approx(expected, rel=1e-6)
        assert moved_coefficient * scale == pytest.approx(coefficient, rel=1e-5)


def test_the_other_parameters_are_those_at_the_median_of_a_column_far_from_zero(rfm, tmp_path):
    ages = np.asarray(rfm.attributes["age"].to_list(), dtype=float)
    middle = np.median(ages)  # a value of the column, since the number of customers is odd
    frame = {"customer_id": rfm.customer_id.to_list(), "born in": 2020 - ages / 10, "young": (middle - ages) / 10}
    years = rfm.with_columns(pd.DataFrame(frame))
    born = clv.ParetoNBD(purchase="`born in`").fit(years)
    aged = clv.ParetoNBD(purchase="young").fit(years)
    assert born.design_.origin == {"born in": 2020 - middle / 10}
    assert aged.design_.origin == {}
    for name in ("r", "alpha", "s", "beta"):
        assert born.parameters_[name] == pytest.approx(aged.parameters_[name], rel=1e-6)
    saved(tmp_path, born)
    assert clv.load(tmp_path / "model.json").purchases.design_ == born.design_
    one = years[:1]  # an origin is that of the fit, whoever is predicted
    assert born.expected_purchases(one, 10).equals(born.expected_purchases(years, 10)[:1])


def test_profile_intervals_follow_the_scale_of_a_column(rfm):
    values = normal_values(rfm)
    fits = [with_class(rfm, values), with_class(rfm, values * 1e-10 + 1e-6)]
    here, there = (clv.NBD(purchase="class").fit(r).profile_intervals(r).loc["purchase.class"] for r in fits)
    for end in ("lower", "upper"):
        assert there[end] * 1e-10 == pytest.approx(here[end], rel=1e-4)  # ends are accurate to 1e-3 standard errors


# ---- files -------------------------------------------------------------------------------------------------


def saved(tmp_path, purchases, spend=None):
    clv.CustomerModel(purchases, spend).save(tmp_path / "model.json")
    return (tmp_path / "model.json").read_text("utf-8")


def read(tmp_path, document):
    """Load the document with a corrected checksum, so that only the checks of fields can refuse it."""
    document = document if isinstance(document, dict) else json.loads(document)
    document = files.with_checksum(document)
    (tmp_path / "again.json").write_text(json.dumps(document), encoding="utf-8")
    return clv.load(tmp_path / "again.json")


@pytest.mark.acceptance
@each_model
@pytest.mark.parametrize("spent", ["covariates", "groups"])
def test_a_loaded_model_predicts_the_same_bits(models, spenders, rfm, tmp_path, which, spent):
    text = saved(tmp_path, models[which], spenders[spent])
    again = clv.load(tmp_path / "model.json")
    for ask in (
        lambda m: m.expected_purchases(rfm, "12 months"),
        lambda m: m.probability_alive(rfm),
        lambda m: m.expected_spend(rfm),
        lambda m: m.purchases.expected_purchases(rfm[:50], 10, interval=0.8, draws=50),
    ):
        assert ask(again).equals(ask(clv.CustomerModel(models[which], spenders[spent])))
    assert again.purchases.design_ == models[which].design_
    assert again.purchases.grouping_ == models[which].grouping_
    assert again.purchases.summary().equals(models[which].summary())
    assert again.purchases.title == models[which].title
    again.save(tmp_path / "third.json")
    assert (tmp_path / "third.json").read_text("utf-8") == text
    # A loaded model can be fitted again.
    assert again.purchases.fit(rfm).parameters_ == models[which].parameters_


@pytest.mark.parametrize(
    ("which", "path", "value"),
    [
        ("covariates", "options.purchase", "__import__('os').system('exit 1')"),
        ("covariates", "options.purchase", "C(__import__('os').system('exit 1'))"),
        ("covariates", "options.purchase", "`__import__('os').system('exit 1')`"),
        ("covariates", "options.purchase", "age"),
        ("covariates", "options.purchase", 3),
        ("covariates", "options.purchase", None),
        ("covariates", "options.equal", "age"),
        ("covariates", "options.equal", ["age"]),
        ("covariates", "options.l2", "x"),
        ("covariates", "options.dropout_moves", "sideways"),
        ("covariates", "options.code", "import os"),
        ("covariates", "options.prior", None),
        ("covariates", "design", None),
        ("covariates", "design.levels", {}),
        ("covariates", "design.levels", {"first order": []}),
        ("covariates", "design.levels", {"first order": ["low", "low", "v0"]}),
        ("covariates", "design.levels", {"first order": ["low", "v0"]}),
        ("covariates", "design.levels", {"first order": ["low", "mid: 2", "v0"], "more": ["a"]}),
        ("covariates", "design.levels", {"age": ["a"]}),
        ("covariates", "design.center", [1.0]),
        ("covariates", "design.scale", [0.0] * 4),
        ("groups", "grouping", None),
        ("groups", "grouping.by", "planet"),
        ("groups", "grouping.labels", []),
        ("groups", "grouping.labels", ["DE", "DE", "(others)"]),
        ("groups", "grouping.labels", ["DE", "FR"]),
        ("groups", "options.by", None),
        ("groups", "options.smallest_group", -1),
    ],
)
def test_a_damaged_design_is_refused(models, tmp_path, which, path, value):
    document = json.loads(saved(tmp_path, models[which]))
    *parents, last = path.split(".")
    place = document["purchases"]
    for name in parents:
        place = place[name]
    place[last] = value
    with pytest.raises(InvalidModelFile):
        read(tmp_path, document)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value, path=()):
    """Yield every path in a document."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from places(item, (*path, i))


@pytest.mark.acceptance
@each_model
@fuzzing
@given(data=st.data())
def test_a_file_with_other_options_is_a_model_or_refused(data, models, tmp_path, which):
    document = json.loads(saved(tmp_path, models[which]))
    part = document["purchases"]
    choices = [(name, *path) for name in ("options", "design", "grouping") for path in places(part[name]) if part[name]]
    place, path = part, data.draw(st.sampled_from(choices))
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = data.draw(anything)
    refusal = None
    try:
        result = read(tmp_path, document)
    except InvalidModelFile as error:
        refusal = str(error)
    if refusal is None:
        assert list(result.purchases.parameters_) == list(models[which].parameters_)
        result.purchases.summary()
