"""Comparison of models: published likelihoods, the scores of `validate`, the best first, other data refused."""

from __future__ import annotations

import io
import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy.stats import nbinom

from clvmodels.datasets import load_cdnow
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.fitted_purchases import data_fingerprint
from clvmodels.estimators.purchases import BGBB, BGNBD, MBGNBD, NBD
from clvmodels.estimators.spend import GammaGamma
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.persistence import load
from clvmodels.processes import bgnbd
from clvmodels.processes.contract import Score
from clvmodels.reporting import terminal
from clvmodels.simulate import simulate_log
from clvmodels.transactions.holdout import holdout_split
from clvmodels.transactions.summary import rfm_summary
from clvmodels.validation.backtest.validate import validate
from clvmodels.validation.comparison.compare import compare
from clvmodels.validation.tables.metrics import HEADLINE

pytestmark = pytest.mark.slow

CUTOFF, END = "1997-09-30", "1998-06-30"


def without_maximum(p, x, t_x, T):
    """Return a log-likelihood that has no maximum: it grows with the purchase rate without limit."""
    n = len(x)
    return Score(np.full(n, -np.log(p.alpha)), np.stack([np.zeros(n), -np.ones(n), np.zeros(n), np.zeros(n)]))


class Failing(BGNBD):
    plain = replace(bgnbd.PROCESS, title="Climbing", score=without_maximum, totals=None)


@pytest.fixture(scope="module")
def log():
    return load_cdnow(sample=True)


@pytest.fixture(scope="module")
def split(log):
    return holdout_split(log, amount="amount", time_unit="week", calibration_end=CUTOFF, holdout_end=END)


@pytest.fixture(scope="module")
def rfm(split):
    return split.calibration


@pytest.fixture(scope="module")
def fits(rfm):
    return compare(rfm, [NBD(), BGNBD(), MBGNBD()])


@pytest.fixture(scope="module")
def forecasts(split):
    return compare(split, [NBD(), BGNBD(), MBGNBD()], GammaGamma())


def without_seconds(comparison):
    return comparison.table.drop(columns="seconds")


# ---- the table ---------------------------------------------------------------------------------------------


def test_models_of_the_sample_are_listed_best_first(fits):
    table = fits.table
    assert list(table["forecaster"]) == ["mbgnbd", "bgnbd", "nbd"]
    # BTYDplus 1.2.0, CLVTools 0.12.1 and BTYDplus again: printed to two decimals.
    assert list(table["log_likelihood"]) == pytest.approx([-9582.14, -9582.43, -9763.66], abs=6e-3)
    assert list(table["parameters"]) == [4, 4, 2]
    assert set(table["status"]) == {"converged"}
    assert np.all(table["seconds"] > 0)
    # A penalty of 2 or of log(2,357) per parameter; float rounding.
    assert list(table["aic"]) == pytest.approx(list(2 * table["parameters"] - 2 * table["log_likelihood"]), rel=1e-14)
    penalty = np.log(2357) * table["parameters"]
    assert list(table["bic"]) == pytest.approx(list(penalty - 2 * table["log_likelihood"]), rel=1e-14)
    assert list(table["delta_bic"]) == pytest.approx(list(table["bic"] - table["bic"].min()), abs=1e-9)


def test_the_order_of_the_models_does_not_matter(rfm, fits):
    fitted = fits.models
    for models in itertools.permutations(fitted):
        again = compare(rfm, models)
        assert without_seconds(again).equals(without_seconds(fits))
        assert again.text == fits.text


def test_the_order_of_the_rows_does_not_matter(log, forecasts):
    shuffled = log.sample(frac=1, random_state=3)
    split = holdout_split(shuffled, amount="amount", time_unit="week", calibration_end=CUTOFF, holdout_end=END)
    again = compare(split, [NBD(), BGNBD(), MBGNBD()], GammaGamma())
    assert without_seconds(again).equals(without_seconds(forecasts))
    assert again.text == forecasts.text


def test_the_same_model_twice_gives_the_same_row(split):
    for data in (split, split.calibration):
        table = without_seconds(compare(data, [BGNBD(), NBD(), BGNBD()]))
        assert list(table["forecaster"]) == ["bgnbd", "bgnbd", "nbd"]
        assert table.iloc[0].equals(table.iloc[1])
    assert "BG/NBD and BG/NBD" not in compare(split, [BGNBD(), BGNBD(), NBD()]).text


def test_one_model_alone(rfm):
    alone = compare(rfm, BGNBD())
    assert alone.text == "BG/NBD is the only model: compare it with others to see how well it fits."
    assert len(alone.table) == len(alone.models) == 1


def test_a_failed_fit_is_a_row_with_its_message(split):
    comparison = compare(split, [Failing(), BGNBD()], GammaGamma())
    assert list(comparison.table["title"]) == ["BG/NBD", "Climbing"]
    last = comparison.table.iloc[1]
    assert last["status"] == "failed"
    assert "found no maximum" in last["message"]
    assert last.drop(["forecaster", "title", "status", "message", "parameters", "seconds"]).isna().all()
    assert comparison.remarks() == [f"Climbing: {last['message']}"]
    assert [model.process.title for model in comparison.models] == ["BG/NBD"]
    # The failure does not change the scores of the other model.
    assert without_seconds(comparison).iloc[0].equals(without_seconds(compare(split, [BGNBD()], GammaGamma())).iloc[0])


def test_a_comparison_where_every_fit_fails(split):
    for data in (split, split.calibration):
        comparison = compare(data, [Failing()])
        assert comparison.text == "No model could be fitted to these data."
        assert comparison.models == ()
        assert comparison.to_dict()["table"][0]["bic"] is None


# ---- holdout -----------------------------------------------------------------------------------------------


def test_scores_are_those_of_validate(split, forecasts):
    check = validate(split, [NBD(), BGNBD(), MBGNBD()], GammaGamma()).scores.set_index(["quantity", "forecaster"])
    for row in forecasts.table.to_dict("records"):
        for name in ("predicted", *HEADLINE):
            # At most the order of summation differs.
            assert row[name] == pytest.approx(check.loc[("purchases", row["forecaster"]), name], rel=1e-12)
            money = check.loc[("money", f"{row['forecaster']}+gamma_gamma"), name]
            assert row[f"money_{name}"] == pytest.approx(money, rel=1e-12)


def test_the_log_score_of_nbd_is_negative_binomial(split, forecasts):
    """Given x purchases in T, the next h bring a negative binomial count. Ehrenberg (1959), section 4."""
    model = next(model for model in forecasts.models if isinstance(model, NBD))
    r, alpha = model.parameters_["r"], model.parameters_["alpha"]
    x, T = split.calibration.frequency, split.calibration.T
    log_chances = nbinom.logpmf(split.purchases, r + x, (alpha + T) / (alpha + T + split.horizon))
    row = forecasts.table[forecasts.table["forecaster"] == "nbd"].iloc[0]
    assert row["log_score"] == pytest.approx(np.mean(log_chances), rel=1e-10)  # log-gamma functions of another library


def test_the_log_score_comes_from_the_pmf(split, forecasts):
    model = next(model for model in forecasts.models if isinstance(model, MBGNBD))
    table = model.pmf(range(split.purchases.max() + 1), split.horizon, split.calibration)
    chances = table.drop(columns="customer_id").to_numpy()[np.arange(len(table)), split.purchases]
    row = forecasts.table[forecasts.table["forecaster"] == "mbgnbd"].iloc[0]
    assert row["log_score"] == pytest.approx(np.mean(np.log(chances)), rel=1e-12)


def test_with_a_holdout_period_the_best_log_score_comes_first(forecasts):
    assert list(forecasts.table["log_score"]) == sorted(forecasts.table["log_score"], reverse=True)
    assert list(forecasts.table["forecaster"]) == ["mbgnbd", "bgnbd", "nbd"]
    # Paired over 2,357 customers: MBG/NBD is ahead of BG/NBD by .0023 with a standard error of .0017.
    assert "MBG/NBD and BG/NBD forecast the holdout period equally well" in forecasts.text
    assert "the total forecast by MBG/NBD was 16.2% too low" in forecasts.text


def test_without_spend_there_is_no_money(split):
    assert not any(name.startswith("money") for name in compare(split, [NBD()]).table)
    for data in (split.calibration, replace(split, spend=None)):
        with pytest.raises(InvalidOption, match="Spend is scored on a holdout period with money"):
            compare(data, [NBD()], GammaGamma())


# ---- findings ----------------------------------------------------------------------------------------------


def test_customers_of_cdnow_drop_out(fits):
    # -2 * (-9763.66 + 9582.14) - 2 log(2357) = 347.5.
    assert fits.text == (
        "Customers drop out: NBD, a model without dropout, fits far worse (BIC 348 higher). "
        "MBG/NBD and BG/NBD fit equally well (BIC within 2)."
    )


def test_customers_simulated_without_dropout_show_no_dropout():
    log = simulate_log(2_000, {"r": 0.8, "alpha": 9.0}, process="nbd", random_state=5)
    split = holdout_split(log, time_unit="week", calibration_end="2021-06-30")
    comparison = compare(split, [BGNBD(), MBGNBD(), NBD()])
    assert comparison.text.startswith("No dropout visible: NBD, a model without dropout, fits as well.")
    assert "compare-fits-equal" not in {finding.code for finding in comparison.findings}
    assert "forecast the holdout period equally well" in comparison.text


# ---- fits of other data ------------------------------------------------------------------------------------


def test_a_fitted_model_is_reused_and_an_unfitted_one_is_copied(rfm):
    fitted, unfitted = BGNBD().fit(rfm), NBD()
    comparison = compare(rfm, [fitted, unfitted])
    assert comparison.models[0] is fitted
    assert comparison.models[1] is not unfitted
    assert not unfitted.__sklearn_is_fitted__()
    assert np.isnan(comparison.table["seconds"].iloc[0])
    assert without_seconds(comparison).equals(without_seconds(compare(rfm, [BGNBD(), NBD()])))


def test_a_saved_model_is_compared_with_fresh_ones(rfm, fits, tmp_path):
    CustomerModel(NBD()).fit(rfm).save(tmp_path / "model.json")
    saved = load(tmp_path / "model.json").purchases
    assert without_seconds(compare(rfm, [saved, BGNBD(), MBGNBD()])).equals(without_seconds(fits))


def test_the_fingerprint_covers_all_data_not_only_what_a_process_reads(rfm):
    models = [model().fit(rfm) for model in (NBD, BGNBD, MBGNBD)]
    assert {model.data_fingerprint_ for model in models} == {data_fingerprint(rfm)}
    assert models[0].fit_.fingerprint != models[1].fit_.fingerprint
    assert data_fingerprint(rfm[np.arange(len(rfm))[::-1]]) == data_fingerprint(rfm)
    later = replace(rfm, recency=np.where(rfm.frequency > 0, rfm.recency / 2, 0))
    other = NBD().fit(later)  # which does not read recency
    assert other.fit_.log_likelihood == models[0].fit_.log_likelihood
    with pytest.raises(InvalidOption, match="NBD was fitted to other data"):
        compare(rfm, [BGNBD(), other])


def test_other_customers_and_other_clocks_are_refused(log, rfm):
    with pytest.raises(InvalidOption, match=r"other data \(2,356 customers.*than these \(2,357.*pass BGNBD\(\) unfit"):
        compare(rfm, [BGNBD().fit(rfm[1:])])
    daily = rfm_summary(log, observation_end=CUTOFF)
    with pytest.raises(ClockMismatch, match=r"BG/NBD was fitted in days.*data are in weeks"):
        compare(rfm, [BGNBD().fit(daily)])
    unknown = BGNBD().fit(rfm)
    unknown.data_fingerprint_ = None
    with pytest.raises(InvalidOption, match="saved without a fingerprint"):
        compare(rfm, [unknown])


def test_likelihoods_of_opportunities_and_of_times_are_not_compared(rfm):
    with pytest.raises(ClockMismatch, match="BG/BB counts opportunities"):
        compare(rfm, [BGBB(), NBD()])


@pytest.mark.parametrize(
    ("models", "match"),
    [
        ([], "at least one model"),
        ([BGNBD], "not a purchase model: pass instances"),
        ([GammaGamma()], "not a purchase model"),
    ],
)
def test_models_must_be_purchase_models(rfm, models, match):
    with pytest.raises(InvalidOption, match=match):
        compare(rfm, models)


def test_data_must_be_an_rfm_or_a_holdout(rfm):
    with pytest.raises(InvalidOption, match="Models cannot be compared on a DataFrame: pass an RFM"):
        compare(rfm.to_frame(), [NBD()])


# ---- representation and JSON -------------------------------------------------------------------------------


def test_the_json_has_everything_but_the_seconds(forecasts, rfm, tmp_path):
    forecasts.to_json(tmp_path / "comparison.json")

    def refuse(constant):
        raise AssertionError(constant)

    document = json.loads((tmp_path / "comparison.json").read_text("utf-8"), parse_constant=refuse)
    assert document == forecasts.to_dict()
    assert pd.DataFrame(document["table"]).equals(without_seconds(forecasts))
    assert document["text"] == forecasts.text
    assert document["facts"]["data_fingerprint"] == data_fingerprint(rfm)
    assert (document["facts"]["customers"], document["facts"]["holdout_end"]) == (2357, END)


def test_the_comparison_has_a_representation(fits, forecasts):
    assert fits.text in repr(fits)
    assert "-9,582.14" in repr(fits)
    assert "log_score" not in repr(fits)
    assert "-0.9821" in repr(forecasts)
    html = forecasts._repr_html_()
    assert "fit equally well" in html
    assert ">log_score</th>" in html


def test_the_terminal_shows_fits_and_forecasts(fits, forecasts):
    def printed(comparison):
        console = Console(file=io.StringIO(), width=100)
        terminal.show_comparison(console, comparison.shown(), comparison.remarks(), comparison.text)
        return console.file.getvalue()

    assert "Forecasts" not in printed(fits)
    text = printed(forecasts)
    assert "Fits, best first" in text
    assert "19,195.33" in text
    assert "Forecasts of the holdout period" in text
    assert "-16.2%" in text
    assert "…" not in text  # nothing is cut off at a hundred columns
    assert "Customers drop out" in text
