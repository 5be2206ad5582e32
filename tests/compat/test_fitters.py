"""Fitters under their names in lifetimes: published numbers, shapes of results, errors, saved files."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clvmodels.compat.lifetimes import (
    BaseFitter,
    BetaGeoBetaBinomFitter,
    BetaGeoFitter,
    GammaGammaFitter,
    LifetimesDifference,
    ModifiedBetaGeoFitter,
    ParetoNBDFitter,
    datasets,
)
from clvmodels.compat.lifetimes.utils import ConvergenceError
from clvmodels.compat.pickles import convert_pickle
from clvmodels.errors import InvalidModelFile, InvalidOption

PICKLES = Path(__file__).with_name("pickles")
REFERENCES = Path(__file__).parents[1] / "references"
BGNBD = json.loads((REFERENCES / "cdnow_bgnbd.json").read_text("utf-8"))["clvtools_to_1997_09_30"]


@pytest.fixture(scope="module")
def customers():
    return datasets.load_cdnow_summary_data_with_monetary_value()


@pytest.fixture(scope="module")
def history(customers):
    return [customers[name] for name in ("frequency", "recency", "T")]


@pytest.fixture(scope="module")
def bgf(history):
    return BetaGeoFitter().fit(*history)


@pytest.fixture(scope="module")
def ggf(customers):
    returning = customers[customers["frequency"] > 0]
    return GammaGammaFitter().fit(returning["frequency"], returning["monetary_value"])


@pytest.mark.slow
def test_bgnbd_is_that_of_the_paper(bgf):
    # Fader, Hardie & Lee (2005), table 2: r, alpha, a, b.
    assert bgf.params_.tolist() == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=5e-4)
    assert bgf.predict(39, 2, 30.43, 38.86) == pytest.approx(1.226, abs=5e-4)  # Hardie's worksheet
    assert repr(bgf) == "<lifetimes.BetaGeoFitter: fitted with 2357 subjects, a: 0.79, alpha: 4.41, b: 2.43, r: 0.24>"


@pytest.mark.slow
def test_gamma_gamma_and_bgbb_are_those_of_the_papers(ggf):
    # Fader & Hardie (2013), page 4: p, q, v; Fader, Hardie & Shang (2010), table 3.
    assert ggf.params_.tolist() == pytest.approx([6.25, 3.74, 15.44], abs=0.01)
    donations = datasets.load_donations()
    bbf = BetaGeoBetaBinomFitter().fit(*(donations[name] for name in ("frequency", "recency", "periods", "weights")))
    assert bbf.params_.tolist() == pytest.approx([1.204, 0.750, 0.657, 2.783], abs=2e-3)
    # Table 6: P(alive in 2002) after no gift, two with the last in 1999, and six.
    alive = bbf.conditional_probability_alive(1, np.array([0, 2, 6]), np.array([0, 4, 6]), 6)
    assert alive == pytest.approx([0.11, 0.59, 0.93], abs=0.005)


@pytest.mark.slow
def test_the_covariance_is_that_of_clvtools_and_is_reported_once(customers):
    log = datasets.load_dataset("CDNOW_sample.txt", header=None, sep=r"\s+")
    from clvmodels.compat.lifetimes.utils import summary_data_from_transaction_data

    exact = summary_data_from_transaction_data(
        log, 1, 2, datetime_format="%Y%m%d", observation_period_end="19970930", freq_multiplier=7
    )
    fitter = BetaGeoFitter().fit(*(exact[name] for name in ("frequency", "recency", "T")))
    with pytest.warns(LifetimesDifference, match="off the diagonal"):
        matrix = fitter.variance_matrix_
    np.testing.assert_allclose(matrix, BGNBD["covariance"], rtol=5e-4, atol=1e-6)  # whose Hessian is numeric
    np.testing.assert_allclose(np.sqrt(np.diag(fitter.variance_matrix_)), fitter.summary["se(coef)"])


@pytest.mark.slow
def test_results_have_the_kind_of_the_arguments(bgf, history):
    expected = bgf.predict(1, *history)
    assert isinstance(expected, pd.Series)
    assert expected.index.equals(history[0].index)
    assert isinstance(bgf.conditional_probability_alive(*history), np.ndarray)
    assert bgf.conditional_probability_alive(0, 1, 1) == 1.0
    assert isinstance(bgf.predict(1, 2, 3.0, 4.0), float)
    horizons = bgf.predict(np.arange(3), 2, 30.43, 38.86)
    assert horizons.shape == (3,)
    assert horizons[1] == pytest.approx(bgf.predict(1, 2, 30.43, 38.86), rel=1e-12)
    assert bgf.conditional_probability_alive_matrix().shape == (39, 30)


@pytest.mark.slow
def test_weights_are_customers(history, bgf):
    rows = pd.concat(history, axis=1).groupby(["frequency", "recency", "T"]).size().rename("weights").reset_index()
    weighted = BetaGeoFitter().fit(rows["frequency"], rows["recency"], rows["T"], rows["weights"])
    np.testing.assert_allclose(weighted.params_, bgf.params_, rtol=1e-8)
    assert weighted._negative_log_likelihood_ == pytest.approx(bgf._negative_log_likelihood_, rel=1e-12)


@pytest.mark.slow
def test_a_penalty_never_makes_predictions_missing(history):
    # With the penalizer that lifetimes advises, a + b < 1 and its formula takes the logarithm of a negative number.
    fitter = BetaGeoFitter(penalizer_coef=0.1).fit(*history)
    assert np.all(np.isfinite(fitter.predict(1, *history)))
    assert np.all(fitter.params_ < BetaGeoFitter().fit(*history).params_)


@pytest.mark.slow
def test_pareto_nbd_has_standard_errors(history):
    fitter = ParetoNBDFitter().fit(*history)
    assert fitter.params_.tolist() == pytest.approx([0.553, 10.578, 0.606, 11.669], abs=5e-3)
    assert fitter.summary["se(coef)"].between(0.01, 20).all()
    with pytest.raises(ValueError, match="greater than 0"):
        fitter.fit(*history, iterative_fitting=0)
    with pytest.raises(ValueError, match="should not be both set"):
        fitter.fit(*history, iterative_fitting=2, initial_params=[1, 1, 1, 1])


@pytest.mark.slow
def test_q_can_be_limited_to_at_least_one():
    # Customers' mean spends are 10 over a Gamma(0.5) variable, which has no mean: without a limit q is near 0.5.
    spend = 10 / np.random.default_rng(0).standard_gamma(0.5, 200)
    free = GammaGammaFitter().fit(np.full(200, 50), spend)
    assert free.params_["q"] < 1
    with pytest.warns(LifetimesDifference, match="no mean spend"):
        assert np.isnan(free.conditional_expected_average_profit(0, 0.0))
    limited = GammaGammaFitter().fit(np.full(200, 50), spend, q_constraint=True)
    assert limited.params_["q"] == pytest.approx(1.0)
    assert limited._negative_log_likelihood_ >= free._negative_log_likelihood_


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([1], [5.0], [4.0]), "larger than T"),
        (([0], [1.0], [4.0]), "non-zero recency"),
        (([1], [-1.0], [4.0]), "negative recency"),
        (([], [], []), "zero length"),
    ],
)
def test_impossible_histories_are_refused_in_the_words_of_lifetimes(columns, message):
    with pytest.raises(ValueError, match=message):
        BetaGeoFitter().fit(*map(np.array, columns))
    with pytest.raises(ValueError, match="non-integer"):
        GammaGammaFitter().fit(np.array([0.5]), np.array([3.0]))
    with pytest.raises(ValueError, match="non-positive"):
        GammaGammaFitter().fit(np.array([1]), np.array([0.0]))


def test_a_fit_without_a_maximum_is_a_convergence_error():
    with pytest.raises(ConvergenceError, match="did not converge"), np.errstate(divide="ignore", invalid="ignore"):
        BetaGeoFitter().fit(*np.zeros((3, 4)))


# ---- value ---------------------------------------------------------------------------------------------------


def value_of(ggf, bgf, customers, **options):
    columns = [customers[name] for name in ("frequency", "recency", "T", "monetary_value")]
    return ggf.customer_lifetime_value(bgf, *columns, time=12, discount_rate=0.01, **options)


@pytest.mark.slow
def test_weekly_times_are_not_taken_for_days(ggf, bgf, customers):
    weekly = value_of(ggf, bgf, customers, freq="W")
    with pytest.warns(LifetimesDifference, match='freq defaults to "D", but these times are in units of "W"'):
        corrected = value_of(ggf, bgf, customers)
    pd.testing.assert_series_equal(corrected, weekly)
    with pytest.warns(LifetimesDifference, match='freq="D" was passed'):
        as_passed = value_of(ggf, bgf, customers, freq="".join("D"))
    assert as_passed.sum() / weekly.sum() == pytest.approx(3.728, abs=1e-3)
    assert as_passed.iloc[:2].tolist() == pytest.approx([140.096, 18.943], abs=0.01)  # as lifetimes' quickstart prints
    with pytest.raises(InvalidOption, match="'W', 'M', 'D', 'H'"):
        value_of(ggf, bgf, customers, freq="Y")


@pytest.mark.slow
def test_times_of_an_unknown_unit_are_days_with_a_warning(ggf, bgf, customers):
    plain = pd.DataFrame(customers.to_dict("list"))  # without the recorded unit
    model = BetaGeoFitter()
    model.params_ = bgf.params_
    model.predict = model.conditional_expected_number_of_purchases_up_to_time
    with pytest.warns(LifetimesDifference, match='pass freq="W"'):
        value = value_of(ggf, model, plain)
    assert value.iloc[0] == pytest.approx(140.096, abs=0.01)
    grown = customers.assign(T=customers["T"] * 7, recency=customers["recency"] * 7)  # days now, whatever is recorded
    value_of(ggf, model, grown)


def test_a_value_of_one_month_halves_at_a_rate_of_one(bgf, customers):
    from clvmodels.compat.lifetimes.utils import _customer_lifetime_value

    few = customers.head()
    columns = [few[name] for name in ("frequency", "recency", "T")]
    ones = pd.Series(1.0, index=few.index)
    plain = _customer_lifetime_value(bgf, *columns, ones, time=1, discount_rate=0.0, freq="W")
    np.testing.assert_allclose(plain, bgf.predict(4.345, *columns))
    np.testing.assert_allclose(_customer_lifetime_value(bgf, *columns, ones, 1, 1.0, freq="W"), plain / 2)


# ---- saved files ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [BetaGeoFitter, ModifiedBetaGeoFitter, pytest.param(ParetoNBDFitter, marks=pytest.mark.slow)]
)
def test_a_saved_fitter_is_the_same(kind, tmp_path):
    rows = [np.array(column) for column in ([0, 2, 1, 4, 0], [0.0, 5, 3, 9, 0], [10.0, 10, 8, 10, 6])]
    fitter = kind(penalizer_coef=0.01).fit(*rows, index=list("abcde"))
    fitter.save_model(tmp_path / "model.json")
    loaded = kind()
    loaded.load_model(tmp_path / "model.json")
    assert loaded.__dict__["params_"].equals(fitter.params_)
    assert loaded.__dict__["data"].equals(fitter.data)
    assert (loaded.penalizer_coef, loaded._scale) == (fitter.penalizer_coef, fitter._scale)
    assert loaded.__dict__["predict"](1, 1, 2, 5) == fitter.predict(1, 1, 2, 5)
    assert loaded.summary.equals(fitter.summary)
    assert len(loaded.generate_new_data(size=5)) == 5


def test_data_and_generator_can_be_left_out_or_replaced(bgf, tmp_path):
    def saved(**options):
        bgf.save_model(tmp_path / "model.json", **options)
        loaded = BetaGeoFitter()
        loaded.load_model(tmp_path / "model.json")
        return loaded

    assert saved(save_data=False).data is None
    assert saved(save_data=False, values_to_save=[""]).data == ""
    loaded = saved(save_generate_data_method=False)
    assert loaded.generate_new_data is None
    assert len(loaded.data) == 2357


def test_a_fitter_without_a_fit_can_be_saved(tmp_path):
    BaseFitter().save_model(tmp_path / "base")
    loaded = BaseFitter()
    loaded.load_model(tmp_path / "base")
    assert repr(loaded) == "<lifetimes.BaseFitter>"
    loaded.params_ = {"x": 12.3, "y": 42}
    assert repr(loaded) == "<lifetimes.BaseFitter: x: 12.30, y: 42.00>"
    with pytest.raises(ValueError, match="has not been fit yet"):
        BaseFitter()._unload_params("x")


def test_another_class_a_changed_file_and_a_pickle_are_refused(bgf, tmp_path):
    path = tmp_path / "model.json"
    bgf.save_model(path)
    with pytest.raises(InvalidModelFile, match=r"is a BetaGeoFitter, not a ParetoNBDFitter"):
        ParetoNBDFitter().load_model(path)
    path.write_text(path.read_text().replace('"penalizer_coef": 0.0', '"penalizer_coef": 1.0'))
    with pytest.raises(InvalidModelFile, match="damaged"):
        BetaGeoFitter().load_model(path)
    path.write_bytes(pickle.dumps({}))
    with pytest.raises(InvalidModelFile, match="convert_pickle"):
        BetaGeoFitter().load_model(path)


# Saved by lifetimes 0.11.3 with pandas 3.1.1 and, one of them, with pandas 2.2.3, fitted to six made-up customers.
@pytest.mark.parametrize("name", ["BetaGeoFitter", "BetaGeoFitter_pandas_2", "ParetoNBDFitter", "GammaGammaFitter"])
def test_a_pickle_of_lifetimes_is_converted(name, tmp_path):
    if pd.__version__ < "3" and not name.endswith("pandas_2"):
        pytest.skip("pandas 2 does not read the tables of pandas 3")
    fitter = convert_pickle(PICKLES / f"{name}.pkl", tmp_path / "model.json")
    expected = json.loads((PICKLES / "parameters.json").read_text("utf-8"))[name.split("_")[0]]
    assert fitter.params_.to_dict() == expected
    assert list(fitter.data["frequency"]) == [2, 1, 3, 1, 2, 4]
    loaded = type(fitter)()
    loaded.load_model(tmp_path / "model.json")
    assert loaded.params_.to_dict() == expected


class Malicious:
    def __reduce__(self):
        return print, ("run",)


def test_code_in_a_pickle_is_not_run(tmp_path, capsys):
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(InvalidModelFile, match=r"builtins\.print"):
        convert_pickle(path, tmp_path / "model.json")
    path.write_bytes(b"not a pickle")
    with pytest.raises(InvalidModelFile, match="not a pickle of a model of lifetimes"):
        convert_pickle(path, tmp_path / "model.json")
    path.write_bytes(pickle.dumps({"params_": {}}))
    with pytest.raises(InvalidModelFile, match="is a dict"):
        convert_pickle(path, tmp_path / "model.json")
    assert capsys.readouterr().out == ""
