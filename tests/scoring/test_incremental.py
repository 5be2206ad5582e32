"""A log read from a day on equals the log read in full, to the last bit, on nights with late and deleted rows."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.clock import Clock
from clvmodels.errors import InvalidJob, InvalidManifest, InvalidTransactions
from clvmodels.forecasting.stack import RECENT
from clvmodels.scoring.config.job import job_from
from clvmodels.scoring.incremental.incremental_read import StateUse
from clvmodels.scoring.incremental.reading import SourceReading
from clvmodels.scoring.incremental.stored_state import DOCUMENT, FOLDER, read_state
from clvmodels.scoring.incremental.use_of_state import keep_state
from clvmodels.scoring.run.customers import SourceData, read

LOOK_BACK = 40  # days, of a forecaster that counts recent purchases
START, OVERLAP = dt.date(2025, 3, 20), 14  # summer time begins in Europe within the first nights
VARIABLE = "CLV_TEST_DATABASE"


class Shop:
    """A log that grows by a day each night, while some rows come late, are removed, or change their amount."""

    def __init__(self, seed: int, customers: int = 60, history: int = 120) -> None:
        self.random, self.customers = np.random.default_rng(seed), customers
        days = self.random.integers(-history, 0, 8 * customers)
        self.log = self.rows_on(days)
        self.today = START

    def rows_on(self, days: np.ndarray) -> pl.DataFrame:
        """Return one row on each day, counted from the start; some have no customer."""
        size, random = len(days), self.random
        ids = random.zipf(1.4, size) % self.customers
        return pl.DataFrame(
            {
                "customer_id": [None if random.random() < 0.02 else f"c{number:03d}" for number in ids],
                "date": [START + dt.timedelta(days=int(day)) for day in days],
                # Money of all sizes, of which sums depend on the order in which floats are added.
                "amount": np.exp(random.normal(0, 6, size)) * random.choice([0.0, 1.0, 1.0], size),
            }
        )

    def next_night(self, quiet: bool = False) -> None:
        """Add a day; within the overlap, rows come late, are removed, or change their amount."""
        self.today += dt.timedelta(days=1)
        night = (self.today - START).days
        ages = self.random.integers(0, OVERLAP, self.random.integers(0, 5)) if not quiet else []
        new = np.full(self.random.poisson(12), 0)
        self.log = pl.concat([self.log, self.rows_on(night - np.concatenate([new, ages]).astype(int))])
        self.customers += 1
        recent = (pl.col("date") > self.today - dt.timedelta(days=OVERLAP)) & (pl.col("date") < self.today)
        chance = pl.Series(self.random.random(len(self.log)))
        self.log = self.log.filter(~(recent & (chance < 0.05)))
        chance = pl.Series(self.random.random(len(self.log)))
        changed = pl.when(recent & (chance < 0.1)).then(pl.col("amount") * 1.5).otherwise(pl.col("amount"))
        self.log = self.log.with_columns(amount=changed).sample(fraction=1, shuffle=True, seed=night)

    def change_older(self) -> None:
        """Delete a row before the overlap, or add one."""
        old = self.log["date"] < self.today - dt.timedelta(days=OVERLAP + 1)
        if self.random.random() < 0.5:
            gone = int(self.random.choice(np.flatnonzero(old.to_numpy())))
            self.log = self.log.with_row_index().filter(pl.col("index") != gone).drop("index")
        else:
            day = (self.today - START).days - OVERLAP - 1 - int(self.random.integers(1, 60))
            self.log = pl.concat([self.log, self.rows_on(np.array([day]))])


def dates_as(log: pl.DataFrame, stored: str) -> pl.DataFrame:
    """Return the log with dates as they may be stored."""
    if stored == "text":
        return log.with_columns(pl.col("date").cast(pl.String))
    hour = pl.col("amount").hash() % 24
    moments = log.with_columns(pl.col("date").cast(pl.Datetime("us")) + pl.duration(hours=hour))
    if stored == "timestamp":
        return moments
    if stored == "moment":
        local = pl.col("date").dt.replace_time_zone("Europe/Berlin", non_existent="null", ambiguous="latest")
        return moments.with_columns(local.dt.convert_time_zone("UTC")).filter(pl.col("date").is_not_null())
    return log


def write_to(store: str, log: pl.DataFrame, place: str | Path) -> None:
    """Write a log where a job reads it."""
    if store == "file":
        log.write_parquet(place)
    elif store == "duckdb":
        import duckdb

        Path(place).unlink(missing_ok=True)
        with duckdb.connect(str(place)) as connection:
            connection.sql("SET TimeZone = 'Asia/Tokyo'")
            arrow = log.to_arrow()  # noqa: F841  # named by the statement
            connection.execute("CREATE TABLE orders AS SELECT * FROM arrow")
    elif store == "sqlite":
        with contextlib.closing(sqlite3.connect(place)) as connection, connection:
            connection.execute("DROP TABLE IF EXISTS orders")
            connection.execute("CREATE TABLE orders (customer_id TEXT, date TEXT, amount REAL)")
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", log.rows())
    else:
        import adbc_driver_postgresql.dbapi as driver

        with driver.connect(str(place)) as connection, connection.cursor() as cursor:
            cursor.adbc_ingest("incremental_orders", log.to_arrow(), mode="replace")
            connection.commit()


def job_of(folder: Path, store: str = "file", **sections: object):
    source: dict[str, object] = {"path": str(folder / "orders.parquet")}
    if store in ("duckdb", "sqlite"):
        source = {"store": store, "path": str(folder / "orders.db"), "table": "orders"}
    elif store == "postgres":
        source = {"store": store, "uri_variable": VARIABLE, "query": "SELECT * FROM incremental_orders -- all"}
    document: dict[str, object] = {
        "source": {**source, "incremental": True},
        "columns": {"amount": "amount"},
        "cleaning": {"on_missing_id": "drop"},
        "run": {"folder": str(folder / "runs")},
    }
    return job_from(document | sections)


class Nights:
    """A job by night: what it reads from a day on, and what the same log is if it is read in full."""

    def __init__(self, folder: Path, clock: Clock | None = None, uri: str = "", **sections: object) -> None:
        self.job, self.clock, self.uris = job_of(folder, **sections), clock or Clock(), {VARIABLE: uri}
        self.staging = folder / "staging"
        self.staging.mkdir(exist_ok=True)

    def read(self, as_of: str | None, state: StateUse | None) -> SourceData:
        return read(
            self.job,
            as_of,
            self.clock,
            intertimes=False,
            has_spend=self.job.has_spend,
            staging=self.staging,
            uris=self.uris,
            state=state,
        )

    def check(self, as_of: str | None, published: bool = True, look_back: int = LOOK_BACK) -> SourceReading:
        """Read a night both ways, compare them, and keep the state."""
        data = self.read(as_of, StateUse(self.job.run.folder, keep=True, look_back=look_back))
        full = self.read(as_of, None)
        expect_equal(data, full)
        assert (data.night.state is None and data.night.reading.mode == "full") or (
            (data.night.recent is not None) == bool(look_back)
        )
        if data.night.recent is not None:
            expect_equal_purchases(data.history(self.job), full.history(self.job), look_back)
        keep_state(self.job, data.night, published=published)
        return data.night.reading


def expect_equal(data: SourceData, full: SourceData) -> None:
    """Compare what a run uses of a log, to the last bit."""
    one, other = data.customers.rfm, full.customers.rfm
    assert data.end == full.end
    assert one.customer_id.to_list() == other.customer_id.to_list()
    for name in ("frequency", "recency", "T", "monetary_value", "monetary_count"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None and b is None) or np.array_equal(a, b, equal_nan=True), name
    for name in ("observation_end", "rows_after_end", "rows_without_id", "clock", "older_customers"):
        assert getattr(one, name) == getattr(other, name), name
    days, all_days = data.statistics(), full.statistics()
    assert np.array_equal(days.by_tick, all_days.by_tick)
    for name in ("days", "rows", "distinct", "amounts"):
        a, b = getattr(days.daily, name), getattr(all_days.daily, name)
        assert (a is None and b is None) or np.array_equal(a, b, equal_nan=a.dtype == float), name


def expect_equal_purchases(history: clv.KnownHistory, full: clv.KnownHistory, look_back: int) -> None:
    """Compare what forecasters read of recent purchases, and of all money, to the last bit."""
    assert full.log is not None
    assert history.log is None
    assert np.array_equal(history.past_spend, full.past_spend)
    for back in (1, look_back // 3, look_back):
        for spent in (False, True):
            pair = [each.repeated(each.cutoff - back, each.cutoff, spent=spent) for each in (history, full)]
            assert np.array_equal(*pair), (back, spent)
    assert full.repeated(full.cutoff - look_back, full.cutoff).sum() > 0


def expect_nights(shop: Shop, nights: Nights, place: str | Path, count: int, store: str, stored: str) -> list[str]:
    """Let nights pass, compare each, and return how each was read."""
    modes, reason = [], "first"
    for night in range(count):
        shop.next_night()
        if night % 9 == 5:
            shop.change_older()
            reason = reason or "older-rows"
        write_to(store, dates_as(shop.log, stored), place)
        published = shop.random.random() < 0.8  # otherwise a gate refused, and the next night reads on from before
        reading = nights.check(None if night % 4 else shop.today.isoformat(), published)
        assert (reading.mode, reading.reason) == ("full" if reason else "recent", reason), f"night {night}"
        assert (reading.first_changed_day is not None) == (reason == "older-rows")
        modes.append(reading.mode)
        reason = None if published else reason
    return modes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("store", "stored"),
    [
        ("file", "date"),
        pytest.param("file", "moment", marks=pytest.mark.acceptance),
        pytest.param("duckdb", "moment", marks=pytest.mark.acceptance),
        pytest.param("sqlite", "text", marks=pytest.mark.acceptance),
        pytest.param("postgres", "timestamp", marks=[pytest.mark.postgres, pytest.mark.acceptance]),
        pytest.param("postgres", "moment", marks=pytest.mark.postgres),
    ],
)
def test_a_week_of_nights_equals_full_reads(store, stored, tmp_path, request):
    uri = request.getfixturevalue("database") if store == "postgres" else ""
    clock = Clock(time_zone="Europe/Berlin" if stored == "moment" else None)
    nights = Nights(tmp_path, clock, uri, store=store)
    place = uri or tmp_path / ("orders.parquet" if store == "file" else "orders.db")
    modes = expect_nights(Shop(3), nights, place, 7, store, stored)
    assert modes.count("recent") >= 3


@pytest.mark.acceptance
@pytest.mark.parametrize(("include_first", "count"), [(False, 100), (True, 20)])
def test_a_hundred_nights_equal_full_reads(include_first, count, tmp_path):
    nights = Nights(tmp_path, models={"include_first_transaction": include_first})
    modes = expect_nights(Shop(11), nights, tmp_path / "orders.parquet", count, "file", "date")
    assert modes.count("recent") >= 0.8 * count


@pytest.fixture
def nights(tmp_path):
    """A job whose state is kept as of the start, and its shop."""
    shop = Shop(5, history=60)
    shop.next_night()
    shop.log.write_parquet(tmp_path / "orders.parquet")
    nights = Nights(tmp_path)
    assert nights.check(f"{shop.today}").reason == "first"
    return nights, shop, tmp_path


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.slow
def test_a_state_that_cannot_be_trusted_is_not_used(nights):
    job, shop, folder = nights
    state = folder / "runs" / FOLDER
    today = f"{shop.today}"
    assert job.check(today).mode == "recent"  # the same night again
    (customers,) = state.glob("customers-*.parquet")
    spoil(customers)
    with pytest.raises(InvalidManifest, match="does not match its checksum"):
        read_state(folder / "runs")
    assert job.check(today).reason == "damaged"
    spoil(state / DOCUMENT)
    assert job.check(today).reason == "damaged"
    document = json.loads((state / DOCUMENT).read_text())
    (state / DOCUMENT).write_text(json.dumps(document | {"schema_version": 2}))
    assert job.check(today).reason == "damaged"
    assert len(list(state.iterdir())) == 3  # files of earlier states are gone
    (purchases,) = state.glob("recent-*.parquet")
    spoil(purchases)
    assert job.check(today).reason == "damaged"
    (folder / "other").mkdir()
    other = Nights(folder, Clock("week"))
    assert other.check(today).reason == "settings"
    longer = Nights(folder, source={**job.job.source.model_dump(exclude_none=True), "overlap": "3 weeks"})
    assert longer.check(today).reason == "settings"
    assert longer.check(today).mode == "recent"
    assert longer.check(f"{shop.today - dt.timedelta(days=1)}").reason == "older-day"


@pytest.mark.slow
def test_a_forecaster_that_looks_back_further_than_the_state_reads_everything(nights):
    job, shop, folder = nights
    today = f"{shop.today}"
    readings = [job.check(today, look_back=back) for back in (LOOK_BACK, 0, LOOK_BACK + 20, 30, LOOK_BACK + 20)]
    assert [reading.reason for reading in readings] == [None, None, "windows", None, None]
    shop.next_night()
    shop.log.write_parquet(folder / "orders.parquet")
    assert job.check(f"{shop.today}", look_back=0).mode == "recent"  # recent purchases are no longer kept
    assert len(list((folder / "runs" / FOLDER).iterdir())) == 2
    assert job.check(f"{shop.today}").reason == "windows"


@pytest.mark.acceptance
def test_the_best_forecaster_scores_recent_rows_as_it_scores_the_whole_log(tmp_path, sample):
    log = pl.from_pandas(sample).with_columns(pl.col("date").str.to_date())
    store = {
        "registry": {"folder": str(tmp_path / "models")},
        "columns": {"amount": "amount"},
        "clock": {"time_unit": "week"},
        "models": {"forecaster": "best"},
        "predictions": {"horizons": ["13 weeks", "39 weeks"], "interval": 0.8, "draws": 20},
    }
    tables = {name: str(tmp_path / f"{name}.parquet") for name in ("recent", "whole")}
    recent, whole = (job_of(tmp_path, **store, sinks=[{"path": path}]) for path in tables.values())
    plain = {"path": str(tmp_path / "orders.parquet")}
    whole = job_of(tmp_path, **store, source=plain, sinks=[{"path": tables["whole"]}])
    days = [dt.date(1997, 9, 30) + dt.timedelta(days=day) for day in range(0, 12, 3)]
    reasons = []
    for number, day in enumerate(days):
        log.filter(pl.col("date") <= day).write_parquet(tmp_path / "orders.parquet")
        if number == 0:
            best = clv.fit_job(recent, f"{day}").forecaster
            weights = best.learned_["purchases"].weights | best.learned_["money"].weights
            assert best.trees_ is not None or any(weights.get(name, 0) > 0 for name in RECENT)  # it looks back
        reasons.append(clv.score_job(recent, f"{day}").manifest.reading.reason)
        clv.score_job(whole, f"{day}")
        one, other = (pl.read_parquet(tables[name]) for name in ("recent", "whole"))
        assert one.equals(other, null_equal=True)
    assert reasons == ["first", None, None, None]


@pytest.mark.slow
def test_whatever_recent_rows_leave_in_doubt_is_read_in_full(nights):
    job, shop, folder = nights
    place = folder / "orders.parquet"
    later = f"{shop.today + dt.timedelta(days=1)}"
    guests = pl.DataFrame({"customer_id": ["0000"] * 600, "date": [shop.today] * 600, "amount": [1.0] * 600})
    pl.concat([shop.log, guests]).write_parquet(place)
    with pytest.raises(InvalidTransactions, match=r"600 of 1,\d+ rows have the customer id '0000'"):
        job.check(later)
    pl.concat([shop.log, guests[:1].with_columns(amount=pl.lit(-1.0))]).write_parquet(place)
    with pytest.raises(InvalidTransactions, match=r"1 of \d+ rows: a negative amount|a negative amount"):
        job.check(later)
    undated = guests[:1].with_columns(date=pl.lit(None, dtype=pl.Date))
    pl.concat([shop.log, undated]).write_parquet(place)
    with pytest.raises(InvalidTransactions, match="no date"):
        job.check(later)
    shop.log.filter(pl.col("date") <= shop.today - dt.timedelta(days=OVERLAP)).write_parquet(place)
    assert job.check(later).reason == "no-rows"


def test_only_logs_with_days_can_be_read_from_a_day_on(tmp_path):
    shop = Shop(5, history=60)
    source = {"path": str(tmp_path / "orders.csv"), "incremental": True}
    shop.log.write_csv(tmp_path / "orders.csv")
    with pytest.raises(InvalidJob, match="cannot be selected in files of text: store the log as Parquet"):
        Nights(tmp_path, source=source).read(None, StateUse(tmp_path / "runs", keep=True))
    texts = shop.log.with_columns(pl.col("date").dt.to_string("%Y%m%d"))
    texts.write_parquet(tmp_path / "orders.parquet")
    with pytest.raises((InvalidJob, InvalidTransactions), match=r"YYYY-MM-DD"):
        Nights(tmp_path).read(None, StateUse(tmp_path / "runs", keep=True))


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"cleaning": {"rules": {"refunds": "net"}}}, "an order of any age"),
        ({"cleaning": {"date_format": "%d.%m.%Y"}}, "leave out cleaning.date_format"),
        ({"clock": {"merge_within": "hour"}}, "set clock.merge_within = 'day'"),
        ({"run": {}}, "kept in run.folder"),
        ({"source": {"store": "ibis", "uri_variable": "X", "table": "t", "incremental": True}}, "in ibis"),
        ({"source": {"path": "rfm.parquet", "kind": "rfm", "incremental": True}}, "set source.kind = 'transactions'"),
        ({"source": {"path": "log.parquet", "incremental": True, "overlap": "0 days"}}, "at least one day"),
    ],
)
def test_a_job_that_needs_older_rows_is_refused(sections, says, tmp_path):
    with pytest.raises(InvalidJob, match=says):
        job_of(tmp_path, **sections)


@pytest.mark.slow
def test_the_job_publishes_the_same_run_and_keeps_no_state_of_a_refused_one(tmp_path, sample):
    log = pl.from_pandas(sample).with_columns(pl.col("date").str.to_date())
    store = {"registry": {"folder": str(tmp_path / "models")}, "columns": {"amount": "amount"}}
    sink = [{"path": str(tmp_path / "scores.parquet")}]
    job = job_of(tmp_path, **store, sinks=sink)
    plain = job_of(tmp_path, **store, source={"path": str(tmp_path / "orders.parquet")})
    days = [dt.date(1997, 9, 30) + dt.timedelta(days=day) for day in range(4)]

    def up_to(day, **changes):
        log.filter(pl.col("date") <= day).with_columns(**changes).write_parquet(tmp_path / "orders.parquet")

    up_to(days[0])
    clv.fit_job(job, f"{days[0]}")
    readings = []
    for day in days[1:3]:
        up_to(day)
        done = clv.score_job(job, f"{day}")
        assert done.manifest.run_id == clv.score_job(plain, f"{day}", dry_run=True).manifest.run_id
        readings.append(done.manifest.reading)
    assert [reading.mode for reading in readings] == ["full", "recent"]
    assert readings[1].since == "1997-09-18"
    assert "dated 1997-09-19 or later" in clv.check_job(job, f"{days[2]}").text
    before = read_state(tmp_path / "runs").boundary
    up_to(days[3], amount=pl.col("amount") * 100)
    with pytest.raises(clv.errors.GateRefused):
        clv.score_job(job, f"{days[3]}")
    assert read_state(tmp_path / "runs").boundary == before
    up_to(days[3])
    assert clv.score_job(job, f"{days[3]}", full=True).manifest.reading.reason == "asked"
    assert read_state(tmp_path / "runs").boundary == before + 1
