"""From a transaction log to validated lifetime value: acceptance tests of the main use."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv

pytestmark = pytest.mark.acceptance

COLUMNS = {"customer_id": "customer_id", "date": "date", "amount": "amount"}
CUT, END = "1997-09-30", "1998-06-30"


@pytest.fixture(scope="module")
def sample():
    return clv.datasets.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def rfm(sample):
    return clv.rfm_summary(sample, **COLUMNS, time_unit="week", observation_end=CUT)


@pytest.fixture(scope="module")
def purchases(rfm):
    return clv.BGNBD().fit(rfm)


@pytest.fixture(scope="module")
def spend(rfm):
    return clv.GammaGamma().fit(rfm)


def test_bgnbd_on_the_cdnow_sample_matches_published_estimates(purchases):
    # Fader, Hardie & Lee (2005), Marketing Science 24(2), Table 2, with the finer digits of CLVTools 0.12.1
    # (bgnbd, split at 1997-09-30), printed to seven decimals; one unit of the fifth allows for both optimizers.
    assert purchases.parameters_ == pytest.approx({"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}, abs=5e-5)
    assert purchases.fit_.log_likelihood == pytest.approx(-9582.429, abs=5e-4)
    assert purchases.fit_.status == "converged"
    # Standard errors of CLVTools from its numerical Hessian, accurate to about one part in 10^4.
    errors = purchases.summary()["standard_error"].to_dict()
    assert errors == pytest.approx({"r": 0.0125574, "alpha": 0.3782239, "a": 0.1857328, "b": 0.7054068}, rel=2e-4)


def test_gamma_gamma_on_the_cdnow_sample_matches_published_estimates(spend):
    # Fader & Hardie (2013), note 025: printed to two decimals, hence half a unit of the last.
    assert spend.parameters_ == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.44}, abs=5e-3)
    # CLVTools 0.12.1, gg(): log-likelihood to four decimals after polishing; standard errors from its own Hessian.
    assert spend.fit_.log_likelihood == pytest.approx(-4055.9177, abs=1e-4)
    assert spend.summary()["standard_error"].to_dict() == pytest.approx(
        {"p": 1.18997, "q": 0.290136, "v": 4.159534}, rel=5e-4
    )
    assert spend.set_aside_ == 0


def test_predictions_on_the_cdnow_sample_match_published_values(purchases, spend, rfm):
    one = clv.RFM.from_frame(
        pd.DataFrame({"customer_id": [1], "frequency": [2], "recency": [30.43], "T": [38.86]}), time_unit="week"
    )
    # Fader, Hardie & Lee (2005), section 5: 1.226 for this customer.
    assert purchases.expected_purchases(one, 39)["expected_purchases"][0] == pytest.approx(1.226, abs=5e-4)
    # CLVTools 0.12.1: the sum over the 2,357 customers and the mean P(alive), at its optimum, 1e-6 from ours.
    expected = purchases.expected_purchases(rfm, "39 weeks")["expected_purchases"]
    assert expected.sum() == pytest.approx(1653.408, abs=5e-3)
    assert purchases.probability_alive(rfm)["probability_alive"].mean() == pytest.approx(0.813440, abs=1e-5)
    # The first ten customers of the sample, in the order of its ids (Hardie's note 025, as lifetimes' tests quote it).
    first = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    ids = pd.read_csv(clv.datasets.dataset_path("cdnow_sample.csv"))["customer_id"][:10]
    each = spend.expected_spend(rfm).set_index("customer_id")["expected_spend"]
    assert list(each[ids]) == pytest.approx(first, abs=6e-3)


def test_holdout_scores_of_the_cdnow_sample_match_published_values(sample):
    split = clv.holdout_split(sample, **COLUMNS, time_unit="week", calibration_end=CUT, holdout_end=END)
    scores = clv.validate(split, models=[clv.BGNBD()], spend=clv.GammaGamma()).scores.set_index(
        ["quantity", "forecaster"]
    )
    model = scores.loc[("purchases", "bgnbd")]
    # Printed digits of BTYD 2.4.3 and BTYDplus 1.2.0 on these data.
    assert model["actual"] == 1882
    assert [model["bias"], model["mae"], model["rmse"]] == pytest.approx([-0.1215, 0.785454, 1.607982], abs=5e-5)
    assert [model["spearman"], model["gini"]] == pytest.approx([0.449, 0.663], abs=1e-3)
    zero, own = scores.loc[("purchases", "zero")], scores.loc[("purchases", "own_rate")]
    assert zero["mae"] == pytest.approx(0.7985, abs=5e-5)
    assert [own["predicted"], own["mae"], own["rmse"], own["gini"]] == pytest.approx(
        [2930, 1.024, 2.212, 0.666], rel=1e-3
    )
    money = scores.loc[("money", "bgnbd+gamma_gamma")]
    assert [money["actual"], money["predicted"]] == pytest.approx([70976.39, 59931.66], abs=0.1)  # CLVTools 0.12.1


def test_holdout_scores_of_the_full_log_match_published_values():
    split = clv.holdout_split(
        clv.datasets.load_cdnow(), **COLUMNS, time_unit="week", calibration_end=CUT, holdout_end=END
    )
    assert len(split.calibration) == 23_570
    check = clv.validate(split, models=[clv.BGNBD()], spend=clv.GammaGamma())
    money = check.scores[check.scores["quantity"] == "money"].set_index("forecaster")
    # Published table of money forecasts on the full cohort (273-day holdout, 776,961 dollars): printed digits.
    assert money["actual"].iloc[0] == pytest.approx(776_961, abs=1)
    assert money.loc["bgnbd+gamma_gamma", ["bias", "mae", "rmse", "gini"]].tolist() == pytest.approx(
        [-0.173, 32.68, 92.9, 0.672], rel=2e-3
    )
    # Past spend extrapolated, including first orders, has a published bias of 1.656 and the same ranking.
    extrapolated = split.past_spend / split.calibration.T * split.horizon
    assert extrapolated.sum() / split.spend.sum() - 1 == pytest.approx(1.656, rel=2e-3)
    assert money.loc["past_spend", "gini"] == pytest.approx(0.698, rel=2e-3)
    assert check.certificates[1]["set_aside"] == 1  # the one repeat customer who never paid


@pytest.mark.parametrize("unit", ["day", "month", "year", "hour"])
def test_the_unit_of_time_does_not_matter(sample, rfm, purchases, unit):
    other = clv.rfm_summary(sample, **COLUMNS, time_unit=unit, observation_end=CUT)
    fitted = clv.BGNBD().fit(other)
    ratio = other.clock.units_per_year / rfm.clock.units_per_year
    rescaled = purchases.parameters_ | {"alpha": purchases.parameters_["alpha"] * ratio}
    # The maximum is the same; the last Newton step leaves about 1e-8.
    assert fitted.parameters_ == pytest.approx(rescaled, rel=1e-6)
    shift = rfm.frequency.sum() * np.log(ratio)
    assert fitted.fit_.log_likelihood == pytest.approx(purchases.fit_.log_likelihood - shift, abs=1e-6)
    values = [
        clv.lifetime_value(
            model, clv.GammaGamma().fit(data), data, horizon="12 months", annual_discount_rate=0.1, margin=0.35
        )["lifetime_value"]
        for model, data in ((fitted, other), (purchases, rfm))
    ]
    assert values[0].to_numpy() == pytest.approx(values[1].to_numpy(), rel=1e-6)


def test_the_unit_of_money_does_not_matter(sample, rfm, spend):
    cents = sample.assign(amount=sample["amount"] * 100)
    fitted = clv.GammaGamma().fit(clv.rfm_summary(cents, **COLUMNS, time_unit="week", observation_end=CUT))
    assert fitted.parameters_ == pytest.approx(spend.parameters_ | {"v": 100 * spend.parameters_["v"]}, rel=1e-5)


def test_the_order_of_rows_does_not_matter(sample, purchases, spend):
    shuffled = sample.sample(frac=1.0, random_state=0)
    rfm = clv.rfm_summary(shuffled, **COLUMNS, time_unit="week", observation_end=CUT)
    assert clv.BGNBD().fit(rfm).parameters_ == purchases.parameters_
    # Sums of money depend on the order in their last bit.
    assert clv.GammaGamma().fit(rfm).parameters_ == pytest.approx(spend.parameters_, rel=1e-7)


def test_a_session_from_log_to_saved_model_runs(tmp_path):
    session = """
import pandas as pd
import clvmodels as clv

log = pd.read_csv("data/cdnow.csv")                     # customer_id, date, quantity, amount
columns = dict(customer_id="customer_id", date="date", amount="amount")

rfm = clv.rfm_summary(log, **columns, time_unit="week", observation_end="1997-09-30")
purchases = clv.BGNBD().fit(rfm)                        # parameters_, summary(), fit_ (the certificate)
spend = clv.GammaGamma().fit(rfm)

purchases.probability_alive(rfm)                        # a frame, one row per customer, keyed by customer_id
purchases.expected_purchases(rfm, horizon="12 months")  # add interval=0.9 for intervals
value = clv.lifetime_value(purchases, spend, rfm, horizon="12 months", annual_discount_rate=0.10, margin=0.35)

split = clv.holdout_split(log, **columns, time_unit="week", calibration_end="1997-09-30", holdout_end="1998-06-30")
check = clv.validate(split, models=[clv.BGNBD()], spend=clv.GammaGamma())
clv.write_report(check, "report.html")

clv.CustomerModel(purchases, spend).save("model.json")  # JSON, never pickle
model = clv.load("model.json")
assert model.expected_purchases(rfm, "12 months").equals(purchases.expected_purchases(rfm, "12 months"))
"""
    data = tmp_path / "data"
    data.mkdir()
    (data / "cdnow.csv").write_bytes(clv.datasets.dataset_path("cdnow.csv").read_bytes())
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", session], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.acceptance
def test_predictions_are_finite_for_every_valid_customer():
    generator = np.random.default_rng(20_240_501)
    groups, each = 40, 250  # 10,000 customers under 40 extreme parameter sets
    for group in range(groups):
        r, alpha, a, b = 10 ** generator.uniform([-2, -2, -2, -2], [2, 3, 2, 2])
        a = 1.0 if group % 8 == 0 else a
        if group % 8 == 1:
            a, b = 0.2, 0.3  # a + b < 1
        T = np.where(generator.random(each) < 0.1, 0.0, 10 ** generator.uniform(-1, 3.5, each))
        x = np.where(generator.random(each) < 0.3, 0, np.floor(10 ** generator.uniform(0, np.log10(5001), each)))
        x = np.where(T == 0, 0, x)
        last = np.where(generator.random(each) < 0.2, 1.0, generator.uniform(1e-3, 1, each))
        mean = 10 ** generator.uniform(-2, 6, each)
        frame = pd.DataFrame(
            {
                "customer_id": np.arange(each),
                "frequency": x.astype(int),
                "recency": np.where(x > 0, T * last, 0.0),
                "T": T,
                "monetary_value": np.where(x > 0, mean, np.nan),
            }
        )
        rfm = clv.RFM.from_frame(frame, time_unit="week")
        p, q, v = 10 ** generator.uniform([-2, -1, -1], [2, 1.5, 3])
        model = _with_parameters(clv.BGNBD(), rfm, r=r, alpha=alpha, a=a, b=b)
        money = _with_parameters(clv.GammaGamma(), rfm, p=p, q=q, v=v)
        alive = model.probability_alive(rfm)["probability_alive"]
        assert alive.between(0, 1).all()
        for horizon in (0, "1 week", "12 months", "100 years"):
            expected = model.expected_purchases(rfm, horizon)["expected_purchases"]
            assert np.isfinite(expected).all()
            assert (expected >= 0).all()
        value = clv.lifetime_value(model, money, rfm, horizon="10 years", annual_discount_rate=0.1, margin=1.0)
        exists = p * rfm.monetary_count + q > 1
        assert np.isfinite(value["lifetime_value"][exists]).all()
        assert (value["lifetime_value"][exists] >= 0).all()
        assert value["lifetime_value"][~exists].isna().all()
        assert (value["reason"].notna() == ~exists).all()
        assert np.isfinite(money.median_spend(rfm)["median_spend"]).all()


def test_the_demo_runs_from_the_command_line(tmp_path):
    start = time.perf_counter()
    done = _clv("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - start < 60
    folder = tmp_path / "clv-demo"
    assert {path.name for path in folder.iterdir()} == {
        "predictions.parquet",
        "model.json",
        "validation.json",
        "report.html",
        "report.json",
    }
    predictions = pd.read_parquet(folder / "predictions.parquet")
    assert len(predictions) == 23_570
    assert np.isfinite(predictions["lifetime_value"]).all()
    assert json.loads((folder / "validation.json").read_text())["facts"]["holdout_purchases"] == 19_684
    assert "Also written" in done.stdout
    model = clv.load(folder / "model.json").purchases
    assert (model.title, model.parameters_["r"]) == ("MBG/NBD", pytest.approx(0.637, abs=0.01))


def test_fit_score_and_validate_on_a_user_s_file(tmp_path, sample):
    log = sample.rename(columns={"customer_id": "client", "date": "day", "amount": "paid"})
    log.to_csv(tmp_path / "orders.csv", index=False)
    named = ["--customer-id", "client", "--date", "day", "--amount", "paid"]
    steps = [
        ("fit", "orders.csv", *named, "--observation-end", CUT),
        ("score", "orders.csv", *named, "--observation-end", CUT, "--output", "scores.csv"),
        ("validate", "orders.csv", *named, "--calibration-end", CUT, "--holdout-end", END),
    ]
    for step in steps:
        done = _clv(*step, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(tmp_path / "scores.csv")) == 2357
    assert json.loads((tmp_path / "validation.json").read_text())["scores"]
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["fit", "absent.csv"], "absent.csv"),
        (["fit", "orders.csv", "--amount", "price"], "'price'"),
        (["fit", "orders.csv", "--time-unit", "fortnight"], "'fortnight'"),
        (["score", "orders.csv", "--model", "orders.csv"], "not a model"),
        (["validate", "orders.csv", "--calibration-end", "soon"], "'soon'"),
    ],
)
def test_a_failed_command_prints_one_message_and_writes_no_file(tmp_path, sample, words, text):
    sample.to_csv(tmp_path / "orders.csv", index=False)
    done = _clv(*words, cwd=tmp_path)
    assert done.returncode != 0
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["orders.csv"]


def test_the_command_line_prints_the_version():
    done = _clv("--version", cwd=Path.cwd())
    assert done.stdout.strip() == f"clvmodels {clv.__version__}"


def _with_parameters(model, rfm, **parameters):
    """Return a model with these parameters and an arbitrary certificate, like a loaded model."""
    from clvmodels.inference.fitting import Fit

    k = len(parameters)
    fit = Fit(
        parameters=parameters,
        coordinates=np.zeros(k),
        log_likelihood=0.0,
        gradient_norm=0.0,
        hessian=-np.eye(k),
        free=np.ones(k, dtype=bool),
        covariance=np.eye(k),
        sandwich=np.eye(k),
        definite=True,
        status="converged",
        findings=(),
        iterations=1,
        customers=len(rfm),
        unique_rows=len(rfm),
        unit=1.0,
        fingerprint="",
    )
    return model._restore(fit, rfm.clock, None)


def _clv(*words, cwd):
    command = [sys.executable, "-W", "error", "-c", "from clvmodels.cli import main; main()", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=_environment())


def _environment():
    import os

    return os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
