"""Fits to counts and scores by a join are those of the customers themselves, in every engine."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
import sqlglot
from numpy.testing import assert_allclose, assert_array_equal

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.frames.engines.dialects import DIALECTS

END = "1997-09-30"
OPTIONS = {"amount": "amount", "observation_end": END}
HORIZONS = ["39 weeks", "12 months"]


@pytest.fixture(scope="module")
def cdnow():
    log = pl.from_pandas(clv.datasets.load_cdnow(sample=True))
    return log.select("customer_id", pl.col("date").str.to_date(), "amount")


@pytest.fixture(scope="module")
def rfm(cdnow):
    return clv.rfm_summary(cdnow, time_unit="week", **OPTIONS)


@pytest.fixture(scope="module")
def model(rfm):
    return clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)


def polars_of(table):
    if hasattr(table, "toArrow"):
        return pl.DataFrame(table.toArrow()).sort("customer_id")
    return pl.DataFrame(table.to_pyarrow() if hasattr(table, "to_pyarrow") else table.to_arrow_table()).sort(
        "customer_id"
    )


@pytest.mark.slow
def test_the_fit_to_counts_is_the_fit_to_the_customers(cdnow, rfm, model, computing_engine, held_in):
    counts = clv.fit_counts(held_in(cdnow, computing_engine), time_unit="week", **OPTIONS)
    assert int(counts.customers.sum()) == len(rfm)
    assert counts.fetched_bytes < 33 * len(counts.customers) + 50 * len(counts.spend.customers) + 200
    fitted = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(counts)
    for actual, expected in zip(fitted.parts, model.parts, strict=True):
        assert actual.fit_.customers == expected.fit_.customers
        # Bins of 0.2 % move a mean by 0.2 % at most and their average not at all: far below a standard error.
        spread = expected.summary()["standard_error"]
        for name, value in expected.parameters_.items():
            assert abs(actual.parameters_[name] - value) < 1e-3 * spread[name]
    assert fitted.purchases.data_fingerprint_ == model.purchases.data_fingerprint_
    assert fitted.spend.independence_.correlation == pytest.approx(model.spend.independence_.correlation, abs=1e-5)


@pytest.mark.slow
def test_scores_are_those_of_the_rfm(cdnow, rfm, model, computing_engine, held_in):
    table = held_in(cdnow, computing_engine)
    terms = {"annual_discount_rate": 0.10, "margin": 0.35}
    scores = polars_of(clv.score_in_engine(table, model, HORIZONS, **OPTIONS, **terms))
    assert scores["customer_id"].to_list() == rfm.customer_id.to_list()
    for name in ("frequency", "recency", "T", "monetary_count"):
        assert_array_equal(scores[name].to_numpy(), rfm[name])
    assert_allclose(scores["monetary_value"].to_numpy(), rfm.monetary_value, rtol=1e-15)
    assert_array_equal(scores["probability_alive"].to_numpy(), model.probability_alive(rfm)["probability_alive"])
    for horizon in HORIZONS:
        expected = model.expected_purchases(rfm, horizon)["expected_purchases"]
        assert_array_equal(scores[f"expected_purchases_{horizon.replace(' ', '_')}"].to_numpy(), expected)
        value = clv.lifetime_value(model, rfm, horizon=horizon, **terms)["lifetime_value"]
        assert_allclose(scores[f"lifetime_value_{horizon.replace(' ', '_')}"].to_numpy(), value, rtol=1e-13)
    # Another order of the same few operations.
    assert_allclose(scores["expected_spend"].to_numpy(), model.expected_spend(rfm)["expected_spend"], rtol=1e-13)


@pytest.mark.slow
def test_a_calendar_gives_the_same_fit_and_scores_in_every_engine(cdnow, computing_engine, held_in):
    closed = clv.CalendarPeriod("moving", "1998-08-01", "1998-08-10", 0, "closed")
    calendar = clv.Calendar(season=np.where(np.arange(366) >= 324, 2.5, 1.0), weekdays=[1] * 5 + [2, 0.5])
    calendar = calendar.with_periods(closed)
    rfm = clv.rfm_summary(cdnow, time_unit="week", calendar=calendar, **OPTIONS)
    model = clv.CustomerModel(clv.BGNBD()).fit(rfm)
    table, unpaid = held_in(cdnow, computing_engine), {"observation_end": END}
    counts = clv.fit_counts(table, time_unit="week", calendar=calendar, **unpaid)
    fitted = clv.CustomerModel(clv.BGNBD()).fit(counts)
    assert fitted.purchases.parameters_ == pytest.approx(model.purchases.parameters_, rel=1e-9)
    assert fitted.purchases.clock_ == model.purchases.clock_
    scores = polars_of(clv.score_in_engine(table, model, HORIZONS, **unpaid))
    assert_array_equal(scores["probability_alive"].to_numpy(), model.probability_alive(rfm)["probability_alive"])
    for horizon in HORIZONS:
        expected = model.expected_purchases(rfm, horizon)["expected_purchases"]
        assert_array_equal(scores[f"expected_purchases_{horizon.replace(' ', '_')}"].to_numpy(), expected)


@pytest.mark.slow
@pytest.mark.parametrize("copied", [2_000_000, 0])
def test_purchases_on_closed_days_are_refused_in_an_engine(cdnow, held_in, monkeypatch, copied):
    monkeypatch.setattr("clvmodels.transactions.in_engine.reading.COPIED_ROWS", copied)
    closed = clv.Calendar(periods=[clv.CalendarPeriod("moving", "1997-10-06", "1997-10-12", 0, "closed")])
    options = {"calendar": closed, "observation_end": "1997-12-31"}
    with pytest.raises(
        InvalidTransactions, match=r"56 of .* rows have a date .* calendar allows no purchases \(first: 1"
    ):
        clv.fit_counts(held_in(cdnow, "duckdb"), **options)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["polars", "duckdb", "ibis sqlite", pytest.param("spark", marks=pytest.mark.spark)])
def test_a_sample_has_the_same_customers_in_every_engine(cdnow, engine, held_in):
    log = cdnow.with_columns(pl.format("k{}", "customer_id").alias("customer_id"))
    table = log if engine == "polars" else held_in(log, engine)
    counts = clv.fit_counts(table, sample=0.25, random_state=5, resolution="7 days", **OPTIONS)
    expected = clv.fit_counts(log, sample=0.25, random_state=5, resolution="7 days", **OPTIONS)
    assert_array_equal(counts.histories.recency, expected.histories.recency)
    assert_array_equal(counts.customers, expected.customers)
    assert abs(int(counts.customers.sum()) - 0.25 * 2357) < 4 * np.sqrt(2357 * 0.25 * 0.75)  # four standard errors


def test_coarser_histories_keep_the_rules_of_an_rfm(cdnow):
    histories = clv.fit_counts(cdnow, resolution="21 days", **OPTIONS).histories
    assert np.all((histories.recency > 0) == (histories.frequency > 0))
    assert np.all(histories.recency <= histories.T)


@pytest.mark.slow
def test_too_many_counts_are_refused_with_what_to_do(cdnow, held_in):
    with pytest.raises(InvalidTransactions, match=r"more than 100 rows, too many to fetch.*resolution=.*sample="):
        clv.fit_counts(held_in(cdnow, "duckdb"), max_rows=100, **OPTIONS)
    with pytest.raises(InvalidOption, match="must be a share"):
        clv.fit_counts(cdnow, sample=0.0)
    with pytest.raises(InvalidOption, match="whole number"):
        clv.fit_counts(cdnow, resolution=0.5)


@pytest.mark.slow
def test_models_that_need_customers_are_refused(cdnow, rfm, model, held_in):
    counts = clv.fit_counts(cdnow, **OPTIONS)
    with pytest.raises(InvalidOption, match="no covariates and no groups"):
        clv.BGNBD(by="channel").fit(counts)
    with pytest.raises(InvalidOption, match="score_in_engine needs a log in an engine"):
        clv.score_in_engine(cdnow, model, "39 weeks", **OPTIONS)


@pytest.mark.slow
def test_a_customer_whose_state_was_not_counted_is_refused(cdnow, model, held_in, monkeypatch):
    table = held_in(cdnow, "duckdb")
    from clvmodels.forecasting.engines import in_engine

    count = in_engine.count_histories

    def count_and_change(*arguments):
        histories = count(*arguments)
        table.query(
            "orders", "INSERT INTO main.orders SELECT 1, DATE '1997-01-01' + CAST(i AS INTEGER), 1 FROM range(90) t(i)"
        )
        return histories

    monkeypatch.setattr(in_engine, "count_histories", count_and_change)
    with pytest.raises(InvalidTransactions, match="1 of 2,358 customers have a state that was not counted"):
        clv.score_in_engine(table, model, "39 weeks", **OPTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["bigquery", "databricks", "snowflake"])
def test_the_sql_for_warehouses_is_the_one_that_was_read(rfm, dialect):
    model = clv.CustomerModel(clv.BGNBD()).fit(rfm)
    types = {"id_type": "text", "date_type": "instant", "missing_ids": ["guest", "it's"]}
    zoned = clv.CustomerModel(clv.BGNBD()).fit(replace(rfm, clock=replace(rfm.clock, time_zone="Europe/Paris")))
    assert model.purchases.parameters_ == zoned.purchases.parameters_
    text = clv.scoring_sql(zoned, "12 months", observation_end=END, dialect=dialect, amount="amount", **types)
    path = Path(__file__).with_name(f"scoring_{dialect}.sql")
    assert text == path.read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.slow
@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "sqlite"])  # which Ibis runs, above
def test_the_sql_of_every_dialect_can_be_parsed_and_gives_the_same_scores(cdnow, rfm, model, dialect):
    text = clv.scoring_sql(model, HORIZONS, dialect=dialect, **OPTIONS)
    back = sqlglot.transpile(text, read=dialect, write="duckdb")[0]
    back = back.replace("TRY_SUM", "SUM")  # DuckDB's sums do not overflow
    connection = duckdb.connect()
    connection.register("orders", cdnow.to_arrow())
    states = model.states(clv.fit_counts(cdnow, time_unit="week", **OPTIONS), HORIZONS)
    connection.register("states", states.to_arrow())
    scores = connection.sql(back).pl().sort("customer_id")
    assert_array_equal(scores["recency"].to_numpy(), rfm.recency)
    assert_array_equal(
        scores["expected_purchases_39_weeks"].to_numpy(),
        model.expected_purchases(rfm, "39 weeks")["expected_purchases"],
    )
    assert_allclose(scores["expected_spend"].to_numpy(), model.expected_spend(rfm)["expected_spend"], rtol=1e-13)


@pytest.mark.slow
def test_a_margin_is_a_number_in_sql(model):
    options = {"observation_end": END, "amount": "amount", "annual_discount_rate": 0.1, "dialect": "duckdb"}
    assert "0.35 * expected_spend" in clv.scoring_sql(model, "39 weeks", margin=np.float64(0.35), **options).replace(
        "CAST(0.35 AS DOUBLE)", "0.35"
    )
    for margin in ("0.35", 1.5, float("nan")):
        with pytest.raises(InvalidOption, match="margin="):
            clv.scoring_sql(model, "39 weeks", margin=margin, **options)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (clv.BestForecaster, r"a BestForecaster needs more: use score_in_blocks\(.*best.process_model"),
        (lambda: clv.BoostedTrees([clv.BGNBD()]), r"a BoostedTrees needs more: use score_in_blocks\(.*horizons\)\.$"),
        (lambda: clv.Rule("zero"), "takes a CustomerModel, not a Rule"),
        (clv.BGNBD, r"pass CustomerModel\(model\)"),
        (dict, "takes a CustomerModel, not a dict"),
    ],
)
def test_a_forecaster_that_reads_more_than_a_state_is_refused_with_a_remedy(made, message):
    log = pl.DataFrame({"customer_id": [1], "date": [dt.date(2024, 1, 1)]})
    with pytest.raises(InvalidOption, match=message):
        clv.score_in_engine(log, made(), "39 weeks")


def test_an_unknown_dialect_is_refused_with_the_nearest(model):
    with pytest.raises(InvalidOption, match=r"dialect='bigqery' is not one of .* Did you mean 'bigquery'"):
        clv.scoring_sql(model, "39 weeks", dialect="bigqery", observation_end=dt.date(1997, 9, 30))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", "ibis sqlite", pytest.param("spark", marks=pytest.mark.spark)])
def test_blocks_have_the_intervals_of_the_rfm(cdnow, engine, held_in, monkeypatch):
    monkeypatch.setattr("clvmodels.forecasting.engines.in_blocks.CUSTOMERS_PER_BLOCK", 700)
    log = cdnow.with_columns(pl.format("k{}", pl.col("customer_id").cast(pl.String).str.zfill(5)).alias("customer_id"))
    groups = pl.DataFrame({"customer_id": log["customer_id"].unique().sort()}).with_columns(
        channel=pl.when(pl.col("customer_id").str.ends_with("1")).then(pl.lit("web")).otherwise(pl.lit("shop"))
    )
    rfm = clv.rfm_summary(log, time_unit="week", observation_end=END).with_columns(groups)
    fitted = clv.CustomerModel(clv.BGNBD(by="channel", smallest_group=50)).fit(rfm)
    options = {"observation_end": END, "attributes": groups, "interval": 0.9, "draws": 50}
    scores = polars_of(clv.score_in_blocks(held_in(log, engine), fitted, "39 weeks", **options))
    expected = fitted.purchases.expected_purchases(rfm, "39 weeks", interval=0.9, draws=50, random_state=0)
    assert scores["customer_id"].to_list() == rfm.customer_id.to_list()
    for ending in ("", "_lower", "_upper"):
        name = f"expected_purchases_39_weeks{ending}"
        assert_array_equal(scores[name].to_numpy(), np.asarray(expected[f"expected_purchases{ending}"]))
    assert_array_equal(scores["T"].to_numpy(), rfm.T)


PROCESSES = [clv.BGNBD(), clv.MBGNBD()]


@pytest.fixture(scope="module")
def history(cdnow):
    return clv.KnownHistory.from_log(cdnow, time_unit="week", **OPTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", "ibis sqlite", pytest.param("spark", marks=pytest.mark.spark)])
def test_blocks_have_the_forecasts_of_the_best_forecaster_and_of_trees(cdnow, history, engine, held_in, monkeypatch):
    monkeypatch.setattr("clvmodels.forecasting.engines.in_blocks.CUSTOMERS_PER_BLOCK", 300)
    table = held_in(cdnow, engine)
    if engine == "spark":
        table = table.repartition(7)
    best = clv.BestForecaster(PROCESSES, clv.GammaGamma()).fit(history, "26 weeks")
    blend = clv.Blend(PROCESSES, clv.GammaGamma(), "learned").fit(history, "26 weeks")
    assert best.learned_["purchases"].uses("trees")
    for model, intervals in ((best, {"interval": 0.9, "draws": 20}), (blend, {})):
        scores = polars_of(clv.score_in_blocks(table, model, HORIZONS, **OPTIONS, **intervals))
        assert scores["customer_id"].to_list() == history.rfm.customer_id.to_list()
        for horizon in HORIZONS:
            ending, forecast = horizon.replace(" ", "_"), model.forecast(history, horizon)
            for quantity in ("purchases", "money"):
                name = f"expected_{quantity}"
                # Sums over blocks have other rounding errors.
                assert_allclose(scores[f"{name}_{ending}"].to_numpy(), forecast.of(quantity).mean, rtol=1e-12)
                for end in ("lower", "upper") if intervals else ():
                    expected = model.intervals(history, horizon, quantity, **intervals)[f"{name}_{end}"]
                    assert_allclose(scores[f"{name}_{ending}_{end}"].to_numpy(), expected.to_numpy(), rtol=1e-12)


@pytest.mark.slow
def test_blocks_value_money_as_lifetime_value_does(cdnow, history, held_in):
    model = clv.CustomerModel(clv.MBGNBD(), clv.GammaGamma()).fit(history.rfm)
    terms = {"annual_discount_rate": 0.1, "margin": 0.3}
    scores = polars_of(clv.score_in_blocks(held_in(cdnow, "duckdb"), model, "39 weeks", **OPTIONS, **terms))
    expected = clv.lifetime_value(model, history.rfm, horizon="39 weeks", **terms)
    # Money is the product of purchases and spend, by which the value is divided first.
    assert_allclose(scores["lifetime_value_39_weeks"].to_numpy(), np.asarray(expected["lifetime_value"]), rtol=1e-14)
    with pytest.raises(InvalidOption, match="annual_discount_rate=2"):
        clv.score_in_blocks(held_in(cdnow, "duckdb"), model, "39 weeks", annual_discount_rate=2, **OPTIONS)
    with pytest.raises(InvalidOption, match="margin is a share of values"):
        clv.score_in_blocks(held_in(cdnow, "duckdb"), model, "39 weeks", margin=0.5, **OPTIONS)


@pytest.mark.slow
def test_a_table_that_changes_is_refused_or_read_as_it_was(cdnow, history, held_in, monkeypatch):
    """A change before the rows of customers are stored is refused; one after it is not read."""
    table = held_in(cdnow, "duckdb")
    blend = clv.Blend(PROCESSES, total="process").fit(history, "26 weeks")
    expected = polars_of(clv.score_in_blocks(table, blend, "26 weeks", **OPTIONS))
    from clvmodels.forecasting.engines import in_blocks

    def changed_by(function):
        def change(*arguments, **options):
            table.query("orders", "INSERT INTO main.orders VALUES (1, DATE '1997-02-03', 5.0)")
            return function(*arguments, **options)

        return change

    with monkeypatch.context() as patch:
        patch.setattr(in_blocks, "sums_of", changed_by(in_blocks.sums_of))  # between the two passes
        scores = polars_of(clv.score_in_blocks(table, blend, "26 weeks", **OPTIONS))
    assert scores.equals(expected)
    assert not polars_of(clv.score_in_blocks(table, blend, "26 weeks", **OPTIONS)).equals(expected)
    for model in (blend, blend.process_model):  # with two passes, and with one
        with monkeypatch.context() as patch:
            patch.setattr(in_blocks, "_customers", changed_by(in_blocks._customers))
            with pytest.raises(InvalidTransactions, match=r"The table changed while it was read: .* rows at first"):
                clv.score_in_blocks(table, model, "26 weeks", **OPTIONS)


@pytest.mark.slow
def test_what_blocks_cannot_score_is_refused(cdnow, history, held_in):
    table = held_in(cdnow, "duckdb")
    trees = clv.BoostedTrees(PROCESSES).fit(history, "26 weeks")
    with pytest.raises(InvalidOption, match="boosted_trees was fitted to a history with money: pass amount="):
        clv.score_in_blocks(table, trees, "26 weeks", observation_end=END)
    with pytest.raises(InvalidOption, match="boosted_trees gives no intervals of customers: leave out interval="):
        clv.score_in_blocks(table, trees, "26 weeks", interval=0.9, **OPTIONS)
    for model, message in ((clv.BGNBD(), r"pass CustomerModel\(model\)"), (clv.Rule("zero"), "not a Rule")):
        with pytest.raises(InvalidOption, match=message):
            clv.score_in_blocks(table, model, "26 weeks", **OPTIONS)


@pytest.mark.spark
@pytest.mark.slow
def test_spark_stores_the_rows_that_are_read_twice(cdnow, history, held_in, monkeypatch):
    from clvmodels.frames.engines.spark_engine import SparkEngine

    frame, store = held_in(cdnow, "spark"), SparkEngine.hold_for_result
    blend = clv.Blend(PROCESSES, total="process").fit(history, "26 weeks")
    scores = clv.score_in_blocks(frame, blend, "26 weeks", **OPTIONS)
    first, again = (polars_of(scores).sort("customer_id") for _ in range(2))  # read after the rows were released
    assert first.equals(again)
    forecast = blend.forecast(history, "26 weeks").purchases.mean
    assert_allclose(first["expected_purchases_26_weeks"].to_numpy(), forecast, rtol=1e-12)

    def store_some(engine, name, query):
        store(engine, name, f"SELECT * FROM ({query}) AS counted WHERE customer_rows > 1")

    monkeypatch.setattr(SparkEngine, "hold_for_result", store_some)
    with pytest.raises(InvalidTransactions, match=r"The table changed while it was read: .* rows at first"):
        clv.score_in_blocks(frame, blend, "26 weeks", **OPTIONS)
