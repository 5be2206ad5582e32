"""The estimators in scikit-learn: its checks, clones, pipelines, searches over models and holdout periods."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import clvmodels as clv
from clvmodels.datasets import load_cdnow
from clvmodels.errors import InvalidOption
from clvmodels.validation.comparison.compare import compare

FEEDS = "fits an array of random numbers without column names; fit needs an RFM, and raises an error that says this"
REFUSES = "looks for scikit-learn's words about arrays that are {}; any array is refused, in the package's own words"
NOT_FOR_AN_RFM = {
    **dict.fromkeys(
        (
            "check_fit_score_takes_y",
            "check_estimators_overwrite_params",
            "check_dont_overwrite_parameters",
            "check_estimators_fit_returns_self",
            "check_readonly_memmap_input",
            "check_n_features_in_after_fitting",
            "check_n_features_in",
            "check_positive_only_tag_during_fit",
            "check_estimators_dtypes",
            "check_dtype_object",
            "check_pipeline_consistency",
            "check_estimators_pickle",
            "check_f_contiguous_array_estimator",
            "check_methods_sample_order_invariance",
            "check_methods_subset_invariance",
            "check_dict_unchanged",
            "check_fit_idempotent",
            "check_fit_check_is_fitted",
            "check_fit2d_predict1d",
        ),
        FEEDS,
    ),
    "check_complex_data": REFUSES.format("complex"),
    "check_estimators_empty_data_messages": REFUSES.format("empty"),
    "check_estimators_nan_inf": REFUSES.format("not finite"),
    "check_estimator_sparse_tag": REFUSES.format("sparse"),
    "check_estimator_sparse_array": REFUSES.format("sparse"),
    "check_estimator_sparse_matrix": REFUSES.format("sparse"),
    "check_fit2d_1sample": REFUSES.format("of one row"),
    "check_fit2d_1feature": REFUSES.format("of one column"),
}
"""Checks that cannot pass, each with its reason; their subjects are tested below on an RFM."""

NAMES = ("BGNBD", "MBGNBD", "ParetoNBD", "GGompertzNBD", "NBD", "BGBB", "BGCNBD", "MBGCNBD", "GammaGamma")
CONSTRUCTED = [getattr(clv, name)() for name in NAMES] + [clv.CustomerModel(clv.BGNBD(), clv.GammaGamma())]
COLUMNS = {"amount": "amount", "time_unit": "week"}


@pytest.fixture(scope="module")
def split():
    return clv.holdout_split(
        load_cdnow(sample=True), **COLUMNS, calibration_end="1997-09-30", holdout_end="1998-06-30", intertimes=True
    )


@pytest.fixture(scope="module")
def rfm(split):
    return split.calibration[:600]


# ---- scikit-learn's own checks -----------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", CONSTRUCTED, ids=lambda estimator: type(estimator).__name__)
def test_checks_of_scikit_learn(estimator):
    with warnings.catch_warnings():
        # What a check that is skipped warns about: SCIPY_ARRAY_API is not set.
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, expected_failed_checks=NOT_FOR_AN_RFM, on_skip=None, on_fail=None)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert failed == {}
    listed = {result["check_name"] for result in results if result["status"] == "xfail"}
    assert listed == {result["check_name"] for result in results} & set(NOT_FOR_AN_RFM)  # every listed check exists
    assert sum(result["status"] == "passed" for result in results) >= 10


# ---- the subjects of those checks, on an RFM ---------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["BGNBD", "MBGNBD", "NBD", "BGCNBD", "GammaGamma"])
def test_estimators_follow_the_scikit_learn_protocol(name, rfm):
    model = getattr(clv, name)()
    before = model.get_params()
    assert model.fit(rfm) is model  # fit returns self, and takes y
    assert model.get_params() == before  # fit overwrites no parameter
    fresh = clone(model)
    assert not fresh.__sklearn_is_fitted__()
    again = fresh.fit(rfm, np.zeros(len(rfm)))
    assert again.parameters_ == model.parameters_  # the same data, the same fit
    assert pickle.loads(pickle.dumps(model)).parameters_ == model.parameters_
    order = np.random.default_rng(0).permutation(len(rfm))
    method = model.expected_spend if name == "GammaGamma" else model.probability_alive
    column = method(rfm).columns[1]
    assert_array_equal(method(rfm[order])[column].to_numpy(), method(rfm)[column].to_numpy()[order])
    few = method(rfm[:7])[column].to_numpy()
    # Sums over blocks of other sizes can differ in the last bit.
    np.testing.assert_allclose(few, method(rfm)[column].to_numpy()[:7], rtol=1e-12)
    assert model.score(rfm, None) == model.score(rfm)


# ---- pipelines ---------------------------------------------------------------------------------------------


def with_early(rfm):
    """A transformer that computes an attribute from an RFM."""
    return rfm.with_columns(rfm.to_frame()[["customer_id"]].assign(early=(rfm.T > 34).astype(float)))


@pytest.mark.slow
def test_a_pipeline_prepares_attributes(split, rfm):
    line = Pipeline([("attributes", FunctionTransformer(with_early)), ("model", clv.NBD(purchase="early"))])
    line.fit(rfm)
    alone = clv.NBD(purchase="early").fit(with_early(rfm))
    assert line[-1].parameters_ == alone.parameters_
    assert line.score(rfm) == alone.score(with_early(rfm))
    score = clv.HoldoutScore(split.horizon, "rmse")
    bought = split.purchases[:600]
    assert score(line, rfm, bought) == score(alone, with_early(rfm), bought)


@pytest.mark.slow
def test_a_search_over_a_pipeline(split, rfm):
    line = Pipeline([("attributes", FunctionTransformer(with_early)), ("model", clv.NBD())])
    grid = {"model": [clv.NBD(), clv.NBD(purchase="early")], "model__l2": [0.0, 1.0]}
    search = GridSearchCV(line, grid, scoring=clv.HoldoutScore(split.horizon), cv=clv.CalibrationHoldoutSplit())
    search.fit(rfm, split.purchases[:600])
    assert len(search.cv_results_["mean_test_score"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# ---- searches over models and holdout periods --------------------------------------------------------------


@pytest.mark.slow
def test_a_search_over_models_ranks_as_compare_does(split):
    models = [clv.BGNBD(), clv.MBGNBD(), clv.NBD()]
    search = GridSearchCV(
        clv.CustomerModel(clv.BGNBD()),
        {"purchases": models},
        scoring={name: clv.HoldoutScore(split.horizon, name) for name in ("log_score", "bias", "rmse", "gini")},
        refit="log_score",
        cv=clv.CalibrationHoldoutSplit(),
    ).fit(split.calibration, split.purchases)
    table = compare(split, models).table.set_index("title")
    for i, model in enumerate(models):
        row = table.loc[model.title]
        scores = {name: search.cv_results_[f"mean_test_{name}"][i] for name in ("log_score", "bias", "rmse", "gini")}
        expected = {"log_score": row["log_score"], "bias": -abs(row["bias"]), "rmse": -row["rmse"], "gini": row["gini"]}
        assert scores == pytest.approx(expected, rel=1e-9)
    assert search.best_estimator_.purchases.title == table.index[0]
    assert search.best_estimator_.__sklearn_is_fitted__()


@pytest.mark.slow
def test_each_fold_has_its_own_holdout(split):
    score = clv.HoldoutScore(f"{split.horizon} weeks")
    scores = cross_val_score(clv.NBD(), split.calibration, split.purchases, scoring=score, cv=3)
    whole = score(clv.NBD().fit(split.calibration), split.calibration, split.purchases)
    assert scores.mean() == pytest.approx(whole, abs=0.01)  # two parameters learn about the same from two thirds


def test_invalid_metrics_are_refused(split):
    with pytest.raises(InvalidOption, match="metric='auc' is not one of 'log_score'"):
        clv.HoldoutScore(39, "auc")
    with pytest.raises(InvalidOption, match="A GammaGamma does not predict purchases"):
        clv.HoldoutScore(39)(clv.GammaGamma(), split.calibration, split.purchases)
