"""All models through the public interface: fitting, predicting, uncertainty, comparing and saving."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv

pytestmark = pytest.mark.acceptance

FAMILY = {
    # On the CDNOW 1/10 sample to 1997-09-30. BG, MBG, NBD and CNBD-2: BTYDplus 1.2.0; Pareto: BTYD 2.4.3, polished;
    # GGompertz/NBD ends at its limit, Pareto/NBD. All are published with more digits than the tolerance of 1e-3.
    "BG/NBD": (clv.BGNBD(), -9582.4292),
    "MBG/NBD": (clv.MBGNBD(), -9582.1357),
    "Pareto/NBD": (clv.ParetoNBD(), -9594.9762),
    "GGompertz/NBD": (clv.GGompertzNBD(), -9594.9762),
    "NBD": (clv.NBD(), -9763.6576),
    "BG/CNBD-2": (clv.BGCNBD(k=2), -9855.3270),
    "MBG/CNBD-2": (clv.MBGCNBD(k=2), -9853.2531),
}


@pytest.fixture(scope="module")
def log():
    return clv.datasets.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def rfm(log):
    options = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30", "intertimes": True}
    result = clv.rfm_summary(log, **options)
    first = log.groupby("customer_id", as_index=False).first()
    band = np.where(first["amount"] < 25, "small", "large")
    return result.with_columns(pd.DataFrame({"customer_id": first["customer_id"], "first_order": band}))


@pytest.fixture(scope="module")
def fitted(rfm):
    return {title: model.fit(rfm) for title, (model, _) in FAMILY.items()}


@pytest.mark.parametrize("title", FAMILY)
def test_likelihoods_match_other_software(fitted, title):
    model = fitted[title]
    assert model.title == title
    assert model.fit_.log_likelihood == pytest.approx(FAMILY[title][1], abs=1e-3)


@pytest.mark.parametrize("title", FAMILY)
def test_every_model_supports_every_prediction(fitted, rfm, title, tmp_path):
    model = fitted[title]
    alive, later = (model.probability_alive(rfm, h)["probability_alive"] for h in (0, "39 weeks"))
    assert ((later >= 0) & (later <= alive) & (alive <= 1)).all()
    bought = model.expected_purchases(rfm, "39 weeks", interval=0.9, interval_for="mean", draws=20)
    assert (bought["expected_purchases_lower"] <= bought["expected_purchases_upper"]).all()
    none = model.probability_no_purchase(rfm, "39 weeks")["probability_no_purchase"]
    assert none.to_numpy() == pytest.approx(model.pmf([0], "39 weeks", rfm)["pmf_0"].to_numpy(), rel=1e-9)
    dert = model.dert(rfm, 0.10)
    assert np.isfinite(dert.drop(columns="customer_id")).all(axis=None)
    assert (dert["dert"] >= bought["expected_purchases"] * 1.1**-1).all()
    assert np.isfinite(model.posterior_means(rfm).drop(columns="customer_id")).all(axis=None)
    clv.CustomerModel(model).save(tmp_path / "model.json")
    again = clv.load(tmp_path / "model.json").purchases
    assert again.expected_purchases(rfm, 39)["expected_purchases"].equals(bought["expected_purchases"])
    total = model.expected_purchases(rfm, "39 weeks", by="total", interval=0.9, draws=50, total_interval="model")
    assert total["expected_purchases_lower"][0] < bought["expected_purchases"].sum()


def test_bgbb_on_yearly_opportunities_matches_published_values():
    # Fader, Hardie & Shang (2010): alpha 1.204, beta .750, gamma .657, delta 2.783; 12,884.2 purchases in five years.
    rows = clv.datasets.load_donations()
    each = rows.loc[rows.index.repeat(rows["weights"])].reset_index(drop=True)
    frame = pd.DataFrame(
        {"customer_id": each.index, "frequency": each["frequency"], "recency": each["recency"], "T": each["periods"]}
    )
    donors = clv.RFM.from_frame(frame, time_unit="year", merge_within="year")
    model = clv.BGBB().fit(donors)
    assert {k: round(v, 3) for k, v in model.parameters_.items()} == {
        "alpha": 1.204,
        "beta": 0.75,
        "gamma": 0.657,
        "delta": 2.783,
    }
    assert model.expected_purchases(donors, "5 years")["expected_purchases"].sum() == pytest.approx(12_884.2, abs=0.1)


def test_models_with_covariates_and_groups_are_tested_valued_and_saved(rfm, tmp_path):
    plain = clv.ParetoNBD().fit(rfm)
    with_covariates = clv.ParetoNBD(purchase="C(first_order)", dropout="C(first_order)").fit(rfm)
    test = clv.likelihood_ratio_test(plain, with_covariates)
    assert test.degrees_of_freedom == 2
    assert 0 <= test.p_value <= 1
    with_groups = clv.BGNBD(by="first_order", smallest_group=100).fit(rfm)
    value = clv.lifetime_value(
        with_groups,
        clv.GammaGamma(spend="C(first_order)").fit(rfm),
        rfm,
        horizon="12 months",
        annual_discount_rate=0.1,
        margin=0.3,
        by="first_order",
        interval=0.9,
        draws=50,
    )
    assert list(value["first_order"]) == ["large", "small"]
    assert (value["lifetime_value_lower"] < value["lifetime_value_upper"]).all()
    for model in (with_covariates, with_groups):
        clv.CustomerModel(model).save(tmp_path / "model.json")
        again = clv.load(tmp_path / "model.json").purchases
        pd.testing.assert_frame_equal(again.probability_alive(rfm), model.probability_alive(rfm))


def test_compare_ranks_models(log, rfm):
    result = clv.compare(rfm, [clv.BGNBD(), clv.NBD(), clv.BGCNBD()])
    assert "Customers drop out" in result.text
    split = clv.holdout_split(
        log, time_unit="week", calibration_end="1997-09-30", holdout_end="1998-06-30", intertimes=True
    )
    scored = clv.compare(split, [clv.MBGNBD(), clv.NBD()])
    assert list(scored.table["forecaster"]) == ["mbgnbd", "nbd"]


def test_a_second_opinion_agrees(rfm):
    opinion = clv.crosscheck(clv.ParetoNBD().fit(rfm), rfm)
    assert opinion.agrees, opinion.text


def test_polars_gives_the_same_results(log, fitted):
    again = clv.rfm_summary(
        pl.from_pandas(log), time_unit="week", observation_end="1997-09-30", intertimes=True, amount="amount"
    )
    for model in fitted.values():
        result = model.expected_purchases(again, "39 weeks")
        assert isinstance(result, pl.DataFrame)


@pytest.mark.parametrize(
    "options", [("mbgcnbd", "week", "day"), ("pareto_nbd", "day", "day"), ("bgbb", "month", "month")]
)
def test_the_command_line_fits_and_scores_models(options, tmp_path):
    model, unit, merge = options
    log, saved, scored = (str(tmp_path / name) for name in ("log.csv", "model.json", "scores.csv"))
    clv.datasets.load_cdnow(sample=True).to_csv(log, index=False)
    end = ["--observation-end", "1997-09-30"]
    clock = ["--time-unit", unit, "--merge-within", merge]
    for words in (
        ["fit", log, "--model", model, "--output", saved, *clock, *end],
        ["score", log, "--model", saved, "--output", scored, "--horizon", "12 months", *end],
    ):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", "from clvmodels.cli import main; main()", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(scored)) == 2357
