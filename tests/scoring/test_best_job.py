"""A job with the best forecaster: what it fits, saves and scores is what the forecaster says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidJob
from clvmodels.scoring.run import score_table
from clvmodels.scoring.stores import published_parts

CUTOFF, LATER, HORIZONS = "1997-09-30", "1997-10-15", ["13 weeks", "26 weeks"]
INTERVALS = {"interval": 0.8, "draws": 20}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    clv.datasets.load_cdnow(sample=True).to_csv(folder / "orders.csv", index=False)
    return folder


def job_of(folder, sink="scores.parquet", **sections):
    settings = {
        "source": {"path": str(folder / "orders.csv")},
        "columns": {"amount": "amount"},
        "clock": {"time_unit": "week"},
        "models": {"forecaster": "best"},
        "predictions": {"horizons": HORIZONS, "annual_discount_rate": 0.0, "margin": 1.0, **INTERVALS},
        "registry": {"folder": str(folder / "models")},
        "sinks": [{"store": "parquet", "path": str(folder / sink)}],
    }
    sinks = {"sinks": sections.pop("sinks", settings["sinks"])}
    names = {*settings, *sections} - {"sinks"}
    return clv.read_job(None, {name: settings.get(name, {}) | sections.get(name, {}) for name in names} | sinks)


@pytest.fixture(scope="module")
def scored(folder):
    """The job fitted and scored, and the table it wrote."""
    fitted = clv.fit_job(job_of(folder), CUTOFF)
    done = clv.score_job(job_of(folder), LATER)
    return fitted, done, pd.read_parquet(folder / "scores.parquet").set_index("customer_id")


@pytest.mark.acceptance
def test_the_table_has_what_the_forecaster_says(folder, scored):
    fitted, done, table = scored
    log = clv.datasets.load_cdnow(sample=True)
    learned, later = (
        clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end=day)
        for day in (CUTOFF, LATER)
    )
    best = clv.BestForecaster(spend=clv.GammaGamma()).fit(learned, HORIZONS[1])
    assert fitted.forecaster.certificate() == best.certificate()
    ids = later.rfm.customer_id.to_list()
    for horizon in HORIZONS:
        forecast = best.forecast(later, horizon)
        name = horizon.replace(" ", "_")
        np.testing.assert_allclose(table.loc[ids, f"expected_purchases_{name}"], forecast.purchases.mean, rtol=1e-12)
        # Without a discount and with a margin of 1, a value is the money forecast.
        money = table.loc[ids, f"lifetime_value_{name}"]
        np.testing.assert_allclose(money, forecast.money.mean, rtol=1e-9, atol=1e-9)
        assert done.totals is not None
        assert done.totals[f"expected_purchases_{name}"] == best.total(later, horizon).interval(0.8)
        for quantity, ours in (("purchases", "expected_purchases"), ("money", "lifetime_value")):
            intervals = best.intervals(later, horizon, quantity, **INTERVALS)
            theirs = "expected_purchases" if quantity == "purchases" else "expected_money"
            for end in ("lower", "upper"):
                found = table.loc[ids, f"{ours}_{name}_{end}"].to_numpy()
                np.testing.assert_allclose(found, intervals[f"{theirs}_{end}"], rtol=1e-9, atol=1e-9)
    assert table["probability_alive"].loc[ids].to_numpy() == pytest.approx(forecast.alive, rel=1e-12)


@pytest.mark.acceptance
@pytest.mark.parametrize("name", ["boosted_trees", "blend_learned_total"])
def test_trees_and_blends_are_fitted_saved_and_scored(folder, name):
    predictions = {"interval": None, "draws": 200}
    registry, sink = {"folder": str(folder / f"models of {name}")}, f"{name}.parquet"
    job = job_of(folder, sink, models={"forecaster": name}, predictions=predictions, registry=registry)
    fitted = clv.fit_job(job, CUTOFF)
    assert clv.score_job(job, LATER).totals == {}  # not those of their process
    table = pd.read_parquet(folder / sink).set_index("customer_id")
    log = clv.datasets.load_cdnow(sample=True)
    learned, later = (
        clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end=day)
        for day in (CUTOFF, LATER)
    )
    models, spend = [clv.BGNBD(), clv.MBGNBD(), clv.ParetoNBD()], clv.GammaGamma()
    kind = clv.BoostedTrees(models, spend) if name == "boosted_trees" else clv.Blend(models, spend, "learned")
    forecaster = kind.fit(learned, HORIZONS[1])
    assert fitted.forecaster.certificate() == forecaster.certificate()
    ids = later.rfm.customer_id.to_list()
    forecast = forecaster.forecast(later, HORIZONS[1])
    np.testing.assert_allclose(table.loc[ids, "expected_purchases_26_weeks"], forecast.purchases.mean, rtol=1e-12)
    np.testing.assert_allclose(table.loc[ids, "lifetime_value_26_weeks"], forecast.money.mean, rtol=1e-9, atol=1e-9)
    assert table["probability_alive"].loc[ids].to_numpy() == pytest.approx(forecast.alive, rel=1e-12)
    alive = forecaster.process_model.purchases.probability_alive(later.rfm)["probability_alive"]
    assert forecast.alive.tolist() == alive.to_list()


@pytest.mark.acceptance
def test_tiers_are_those_of_the_values_of_the_forecaster(folder, scored, tmp_path):
    """Two nights with tiers, stages and P(tier): values are the forecaster's, draws those of its process."""
    job = job_of(
        folder,
        source={"path": str(folder / "orders.csv")},
        predictions={"horizons": ["26 weeks"], "interval": None, "margin": 0.5, "draws": 20},
        tiers={"probability": True},
        stages={},
        run={"folder": str(tmp_path / "runs")},
        sinks=[{"store": "parquet", "path": str(tmp_path / "scores"), "partitioned": True}],
    )
    nights = [clv.score_job(job, day) for day in (CUTOFF, LATER)]
    before, after = (
        pd.concat(map(pd.read_parquet, published_parts(tmp_path / "scores", night.manifest.run_id))) for night in nights
    )
    value = "lifetime_value_26_weeks"
    np.testing.assert_allclose(after[value], 0.5 * scored[2].loc[after["customer_id"], value], rtol=1e-9, atol=1e-9)
    expected = clv.tiers(after[["customer_id", value]], column=value, published=before)
    assert list(expected.columns["tier_assigned"]) == after["tier_assigned"].tolist()
    assert nights[1].manifest.tiers.before == len(before)
    assert after["tier_probability"].between(0, 1).all()
    assert after["stage"].notna().all()
    best = after.loc[after["tier_assigned"] == "A", "tier_probability"].mean()
    assert best > after.loc[after["tier_assigned"] == "A", "tier_probability"].size / len(after)  # better than chance


@pytest.mark.slow
def test_no_size_of_blocks_changes_a_number(folder, scored, monkeypatch):
    monkeypatch.setattr(score_table, "BLOCK", 500)
    clv.score_job(job_of(folder, "again.parquet"), LATER)
    again = pd.read_parquet(folder / "again.parquet").set_index("customer_id")
    # The run's id is a hash of the customers block by block.
    pd.testing.assert_frame_equal(again.drop(columns="run_id"), scored[2].drop(columns="run_id"))


@pytest.mark.slow
def test_a_run_depends_on_recent_purchases_too(folder, scored):
    _, done, _ = scored
    other = clv.datasets.load_cdnow(sample=True)
    busy = other["customer_id"] == other["customer_id"].value_counts().index[0]
    days = pd.to_datetime(other.loc[busy & (pd.to_datetime(other["date"]) <= LATER), "date"])
    moved = days.sort_values().index[1]  # neither the first purchase nor the last
    other.loc[moved, "date"] = (days.min() + pd.Timedelta(days=1)).strftime("%Y-%m-%d")
    (folder / "other").mkdir()
    other.to_csv(folder / "other" / "orders.csv", index=False)
    job = job_of(folder, "other.parquet", source={"path": str(folder / "other" / "orders.csv")})
    assert clv.score_job(job, LATER).manifest.run_id != done.manifest.run_id


@pytest.mark.parametrize(
    ("sections", "fault"),
    [
        ({"source": {"kind": "rfm"}}, r"models.forecaster: 'best' learns from transactions"),
        ({"models": {"purchase_formula": "age"}}, r"models.purchase_formula: is not read by forecaster = 'best'"),
        (
            {"predictions": {"interval_for": "mean"}},
            r"predictions.interval_for: intervals of the best forecaster are of outcomes",
        ),
        (
            {"models": {"forecaster": "blend"}},
            r"predictions.interval: boosted trees and blends give no intervals: leave it out, or set models.forecaster",
        ),
        (
            {"models": {"forecaster": "bets"}},
            r"models.forecaster: 'bets' is not one of 'process', 'best', 'boosted_trees', .*Did you mean",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(folder, sections, fault):
    with pytest.raises(InvalidJob, match=fault):
        job_of(folder, **sections)


@pytest.mark.acceptance
def test_money_is_needed_if_the_forecaster_was_fitted_with_it(folder, scored):
    job = job_of(folder, "none.parquet", columns={"amount": None})
    with pytest.raises(InvalidJob, match=r"columns.amount: is missing, but the forecaster was fitted with money"):
        clv.score_job(job, LATER)


@pytest.mark.acceptance
@pytest.mark.slow
def test_a_holdout_scores_the_best_forecaster(folder, tmp_path):
    registry = {"folder": str(tmp_path / "models")}
    job = job_of(folder, registry=registry, models={"holdout": "13 weeks"}, predictions={"horizons": ["13 weeks"]})
    done = clv.fit_job(job, CUTOFF)
    holdout = clv.Registry(registry["folder"]).version(done.version).record.holdout
    assert "best" in {row["forecaster"] for row in holdout}
