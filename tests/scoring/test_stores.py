"""All stores behave alike: staged out of sight, counted in place, published in one step; read without injection."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import narwhals as nw
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clvmodels import frames
from clvmodels.errors import InvalidJob, InvalidOption, InvalidTransactions, JobLocked, StoreUnreachable
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.stores import open_source, place_of, published_parts
from clvmodels.scoring.stores.file_sinks import ParquetWriter
from clvmodels.scoring.stores.store import HeldTable
from clvmodels.scoring.stores.uri import check_uri, hidden

NASTY = 'scores"; DROP TABLE "kept'
ONE, TWO = "1" * 16, "2" * 16
KINDS = get_args(SinkSettings.model_fields["store"].annotation)
FILES = [
    "set",
    *(kind for kind in KINDS if kind not in ("postgres", "ibis", "spark")),
]  # "set" is Parquet with a folder for each run
SERVER = pytest.param("postgres", marks=pytest.mark.postgres)
STORES = [*FILES, SERVER]


def rows(run_id, ids=(1, 2, 30)):
    """A small score table."""
    texts = isinstance(ids[0], str)
    return pa.table(
        {
            "customer_id": pa.array(ids, pa.string() if texts else pa.int64()),
            "value": pa.array([1.5, None, 0.1], pa.float64())[: len(ids)],
            "not_yet_bought": pa.array([True, False, False])[: len(ids)],
            "reason": pa.array([None, 'it\'s "so"', None], pa.string())[: len(ids)],
            "as_of": pa.array(["2026-01-01"] * len(ids)),
            "run_id": pa.array([run_id] * len(ids)),
        }
    )


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    """A store of each kind, and a function that reads its table."""
    kind = request.param
    if kind == "postgres":
        uri = request.getfixturevalue("database")
        place = place_of(SinkSettings(store="postgres", uri_variable="X", table=NASTY), uri)
        run_sql(uri, f"DROP TABLE IF EXISTS {place.address(NASTY)}")
        yield place, lambda: run_sql(uri, f"SELECT * FROM {place.address(NASTY)} ORDER BY 1")
        return
    path = tmp_path / "out" / ("scores" if kind == "set" else f"scores.{kind}")
    table = {"table": NASTY} if kind in ("duckdb", "sqlite") else {}
    sink = SinkSettings(store="parquet" if kind == "set" else kind, path=path, partitioned=kind == "set", **table)
    yield place_of(sink, ""), lambda: READERS.get(kind, read_file)(path)


def run_sql(uri, statement):
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        result = cursor.fetchall() if statement.startswith("SELECT") else []
        connection.commit()
    return result


def from_duckdb(path):
    import duckdb

    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute('SELECT * FROM "scores""; DROP TABLE ""kept"').fetchall()


def from_sqlite(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        result = connection.execute('SELECT * FROM "scores""; DROP TABLE ""kept"').fetchall()
    return [tuple(bool(v) if i == 2 else v for i, v in enumerate(row)) for row in result]


def read_file(path):
    """Read a file of a format that the package opens itself."""
    columns = rows(ONE).column_names
    return pl.DataFrame(read_source(path, {name: name for name in columns})).select(columns).rows()


READERS = {
    "parquet": lambda path: pl.read_parquet(path).rows(),
    "set": lambda path: pl.read_parquet(published_parts(path)).rows(),
    "csv": lambda path: pl.read_csv(path, schema_overrides={"run_id": pl.String}).rows(),
    "duckdb": from_duckdb,
    "sqlite": from_sqlite,
}


def publish(place, run_id, *tables):
    stage = place.stage(run_id, tables[0].schema)
    for table in tables:
        stage.write(table)
    assert stage.count() == sum(map(len, tables))
    stage.publish()
    stage.discard()


@pytest.mark.slow
def test_a_table_is_visible_only_once_it_is_published_as_a_whole(store):
    place, read = store
    with place.lock():
        assert place.holds() is None
        publish(place, ONE, rows(ONE)[:2], rows(ONE)[2:])
        assert place.holds().as_of == "2026-01-01"
        assert place.count(ONE, ["value"]) == HeldTable(ONE, "", 3, {"value": 1.6})
        assert place.count(TWO, ["value"]) is None
        assert place.holds().run_id == ONE
        first = [tuple(row.values()) for row in rows(ONE).to_pylist()]
        assert read() == first
        stage = place.stage(TWO, rows(TWO).schema)
        stage.write(rows(TWO, (5, 6)))
        assert read() == first  # the staged table is out of sight
        stage.count()
        assert read() == first
        stage.discard()
        assert (read(), place.holds().run_id) == (first, ONE)
        publish(place, TWO, rows(TWO, (5, 6)))
        assert [row[0] for row in read()] == [5, 6]
        publish(place, ONE, rows(ONE))  # an earlier run again
        assert (read(), place.holds().run_id) == (first, ONE)


def test_duplicate_customers_are_not_published(store):
    place, _ = store
    stage = place.stage(ONE, rows(ONE).schema)

    def load():
        stage.write(rows(ONE))
        stage.write(rows(ONE))
        stage.count()

    with pytest.raises(StoreUnreachable):
        load()
    stage.discard()
    assert place.holds() is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # a killed run closes nothing
def test_leftovers_of_a_killed_run_are_removed(store):
    place, read = store
    leftover = place.stage(ONE, rows(ONE).schema)
    leftover.write(rows(ONE))
    if hasattr(leftover, "_connection"):
        with contextlib.suppress(Exception):
            leftover._connection.commit()
        leftover._connection.close()
    with place.lock():
        publish(place, TWO, rows(TWO))
    assert len(read()) == 3


def test_a_second_job_is_locked_out(store):
    place, _ = store
    with place.lock(), pytest.raises(JobLocked, match="another job is"), place.lock():
        pass
    with place.lock():
        pass


def test_ids_are_never_run_as_sql(store):
    place, read = store
    ids = ("'); DROP TABLE x; --", '=1+1\n,"', "x")
    with place.lock():
        publish(place, ONE, rows(ONE, ids))
    assert {row[0] for row in read()} == set(ids)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_file_without_scores_is_not_replaced(kind, tmp_path):
    path = tmp_path / f"orders.{kind}"
    getattr(pl.DataFrame({"customer_id": [1], "run_id": ["a"]}), f"write_{kind}")(path)
    content = path.read_bytes()
    with pytest.raises(InvalidJob, match=r"not one that this sink writes \(it has no as_of\).*name another"):
        place_of(SinkSettings(store=kind, path=path), "").holds()
    assert path.read_bytes() == content
    path.write_bytes(b"")
    assert place_of(SinkSettings(store=kind, path=path), "").holds() is None  # an empty file may be replaced


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_what_others_built_in_the_file_stays(kind, tmp_path):
    path = tmp_path / f"scores.{kind}"
    place = place_of(SinkSettings(store=kind, path=path), "")
    publish(place, ONE, rows(ONE))
    made = [
        "CREATE VIEW best AS SELECT customer_id FROM clv_scores WHERE value > 1",
        "CREATE INDEX i ON clv_scores (value)",
    ]
    if kind == "duckdb":
        import duckdb

        made += ["CREATE MACRO twice(x) AS 2 * x", "CREATE SEQUENCE s", "CREATE SCHEMA other"]
        made += ["CREATE VIEW other.seen AS SELECT run_id FROM clv_scores"]
    open_file = duckdb.connect if kind == "duckdb" else sqlite3.connect
    with contextlib.closing(open_file(str(path))) as connection:
        for statement in made:
            connection.execute(statement)
        connection.commit()
    more = rows(TWO, (1, 7)).append_column("expected_purchases_1_day", pa.array([0.5, 0.6]))
    publish(place, TWO, more)
    with contextlib.closing(open_file(str(path))) as connection:
        assert connection.execute("SELECT * FROM best").fetchall() == [(1,)]
        assert connection.execute("SELECT sum(expected_purchases_1_day) FROM clv_scores").fetchall() == [(1.1,)]
        if kind == "duckdb":
            assert connection.execute("SELECT twice(4), nextval('s')").fetchall() == [(8, 1)]
            assert connection.execute("SELECT DISTINCT run_id FROM other.seen").fetchall() == [(TWO,)]


def test_two_tables_of_one_sqlite_file_are_published_by_one_job(tmp_path):
    places = [place_of(SinkSettings(store="sqlite", path=tmp_path / "x.db", table=name), "") for name in ("a", "b")]
    with places[0].lock(), places[1].lock():
        for place in places:
            publish(place, ONE, rows(ONE))
    assert [place.holds().run_id for place in places] == [ONE, ONE]
    with pytest.raises(InvalidJob, match="type of column 'customer_id' changed"):
        publish(places[0], TWO, rows(TWO, ("1", "x")))
    assert places[0].holds().run_id == ONE


@pytest.mark.slow
def test_the_log_of_a_killed_duckdb_writer_does_not_spoil_the_new_file(tmp_path):
    path = tmp_path / "scores.duckdb"
    place = place_of(SinkSettings(store="duckdb", path=path), "")
    publish(place, ONE, rows(ONE))
    code = f"import duckdb, os; c = duckdb.connect({str(path)!r}); c.execute('CREATE VIEW v AS SELECT 1'); os._exit(0)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert path.with_name("scores.duckdb.wal").exists()
    publish(place, TWO, rows(TWO))
    assert not path.with_name("scores.duckdb.wal").exists()
    assert place.holds().run_id == TWO


@pytest.mark.parametrize("kind", ["parquet", "csv", "duckdb", "sqlite"])
def test_links_modes_and_devices_are_respected(kind, tmp_path):
    real, link = tmp_path / "real", tmp_path / f"link.{kind}"
    link.symlink_to(real)
    before = os.umask(0o077)
    try:
        publish(place_of(SinkSettings(store=kind, path=link), ""), ONE, rows(ONE))
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    real.chmod(0o640)
    publish(place_of(SinkSettings(store=kind, path=link), ""), TWO, rows(TWO))
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    os.mkfifo(tmp_path / "fifo")
    for other in (tmp_path / "fifo", tmp_path, Path("/dev/null")):
        with pytest.raises(InvalidOption, match="is a folder or a device"):
            place_of(SinkSettings(store=kind, path=other), "")


@pytest.mark.parametrize("store", ["duckdb", "sqlite", SERVER], indirect=True)
def test_a_table_without_scores_is_not_replaced(store):
    place, _ = store
    other = pa.table({"customer_id": pa.array([1, 2], pa.int64()), "amount": [2.0, 3.0]})
    stage = place.stage(TWO, other.schema)
    stage.write(other)
    stage.count()
    stage.publish()
    stage.discard()
    with pytest.raises(InvalidJob, match="has no run_id and no as_of"):
        place.holds()


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite", SERVER], indirect=True)
def test_a_table_created_during_the_run_is_not_replaced_either(store):
    place, read = store
    stage = place.stage(ONE, rows(ONE).schema)
    stage.write(rows(ONE))
    stage.count()
    made = "CREATE TABLE {} AS SELECT 1 AS customer_id"
    if hasattr(place, "uri"):
        run_sql(place.uri, made.format(place.address(NASTY)))
    else:
        with contextlib.closing(sqlite3.connect(place.path)) as connection:
            connection.execute(made.format('"scores""; DROP TABLE ""kept"'))
            connection.commit()
    with pytest.raises(InvalidJob, match="not one that this sink writes"):
        stage.publish()
    stage.discard()
    assert read() == [(1,)]


def test_a_duckdb_file_with_other_tables_is_not_replaced(tmp_path):
    import duckdb

    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS x")
    place = place_of(SinkSettings(store="duckdb", path=tmp_path / "warehouse.duckdb"), "")
    with pytest.raises(InvalidOption, match="'orders', and it would be replaced"):
        place.holds()


def test_a_damaged_pointer_is_named(tmp_path):
    place = place_of(SinkSettings(path=tmp_path / "scores", partitioned=True), "")
    publish(place, ONE, rows(ONE))
    for text in ("{", "[]", '{"run_id": "../..", "parts": []}', '{"run_id": "11111111", "parts": ["../x.parquet"]}'):
        (tmp_path / "scores" / "current.json").write_text(text)
        with pytest.raises(StoreUnreachable, match=r"current\.json: is damaged"):
            place.holds()


def test_old_runs_of_a_set_are_kept(tmp_path):
    place = place_of(SinkSettings(path=tmp_path / "scores", partitioned=True), "")
    publish(place, ONE, rows(ONE))
    publish(place, TWO, rows(TWO, (5, 6)))
    assert pq.read_table(published_parts(tmp_path / "scores", ONE)).num_rows == 3
    assert published_parts(tmp_path / "scores", "../../etc") is None


def test_parquet_bytes_do_not_depend_on_the_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("clvmodels.scoring.stores.file_sinks.ROW_GROUP", 100)
    table = pa.table({"customer_id": pa.array(range(1000)), "run_id": [ONE] * 1000})
    written = []
    for step in (7, 100, 333, 1000):
        place = place_of(SinkSettings(path=tmp_path / f"{step}.parquet"), "")
        publish(place, ONE, *(table.slice(i, step) for i in range(0, 1000, step)))
        written.append((tmp_path / f"{step}.parquet").read_bytes())
    assert len(set(written)) == 1


def test_an_error_of_a_file_that_is_written_meanwhile_is_raised(tmp_path, monkeypatch):
    monkeypatch.setattr("clvmodels.scoring.stores.file_sinks.ROW_GROUP", 100)
    table = pa.table({"customer_id": pa.array(range(100)), "run_id": [ONE] * 100})
    writer = ParquetWriter(tmp_path / "scores.parquet", table.schema)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer._writer, "write_table", full)
    writer.write(table)
    with pytest.raises(OSError, match="No space left"):
        writer.write(table)
    writer.close()


@pytest.mark.postgres
def test_a_missing_schema_is_named(database):
    place = place_of(SinkSettings(store="postgres", uri_variable="X", db_schema="nope"), database)
    with pytest.raises(InvalidJob, match="schema 'nope' does not exist: create it, or change db_schema") as caught:
        place.holds()
    assert "SELECT" not in str(caught.value)


@pytest.mark.postgres
def test_an_unreachable_server_is_named_without_its_password(tmp_path):
    uri = "postgresql://me:verysecret@127.0.0.1:1/db"
    place = place_of(SinkSettings(store="postgres", uri_variable="CLV_URI"), uri)
    with pytest.raises(StoreUnreachable, match="postgres:CLV_URI") as caught:
        place.holds()
    assert "verysecret" not in str(caught.value)
    with pytest.raises(InvalidJob, match="source: the environment variable is not a URI such as") as caught:
        open_source("postgres", None, "nonsense verysecret", "t", None, ["a"], tmp_path, "source")
    assert "verysecret" not in str(caught.value)


RAW = ["Kx7@Qz9", "Kx7/Qz9", "Kx7/Q@z9w", "Kx7%Qz9", "12345/Qz9", "1/Kx7?Qz9", "Kx7 Qz9", "Kx7@Qz9@127.0.0.1:1/Wv5"]
CODED = ["Kx7%40Qz9", "Kx7%2FQz9", "Kx7:Qz9", "Kx7?Qz9", "Kx7#Qz9", "Kx7[Qz9", "Kx7%25Qz9", "7&Kx7=Qz9"]


@pytest.mark.postgres
@pytest.mark.parametrize("password", [*RAW, *CODED])
@pytest.mark.parametrize("form", ["postgresql://me:{}@127.0.0.1:1/db", "postgres://me:{}@no.such.host.invalid/db"])
def test_no_part_of_a_password_is_shown(form, password, tmp_path):
    uri = form.format(password)
    place = place_of(SinkSettings(store="postgres", uri_variable="CLV_URI"), uri)
    fault, says = (InvalidJob, "percent-encode the password") if password in RAW else (StoreUnreachable, "connect")
    for reach in (
        place.holds,
        lambda: open_source("postgres", None, uri, "t", None, ["a"], tmp_path, "source"),
    ):
        with pytest.raises(fault, match=says) as caught:
            reach()
        message = str(caught.value).replace("127.0.0.1", "")
        for piece in (password, unquote(password)):
            assert not [piece[i : i + 3] for i in range(len(piece) - 2) if piece[i : i + 3] in message]


def test_secrets_in_a_drivers_message_are_hidden():
    message = 'could not translate host name "Qz9@host" of me; Kx7@Qz9, Kx7%40Qz9; time'
    assert hidden(message, "postgresql://me:Kx7%40Qz9@host/db") == (
        'could not translate host name "***@host" of ***; ***, ***; time'
    )
    assert hidden("Kx7 Qz9", "host=x password='Kx7 Qz9'") == "***"
    assert hidden("bad password Kx7", "postgresql://host/db?user=me&password=Kx7") == "bad password ***"


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://host",
        "postgresql:///db?host=/run/postgresql",
        "postgresql://me@[::1]:5432/db?sslmode=require",
        "postgres://me:p%40ss@one:5432,two:5433/db?target_session_attrs=read-write",
        "postgresql://host/db?user=me@server",
        "host=localhost dbname='a b' password=x@y/z",
    ],
)
def test_valid_uris_are_accepted(uri):
    check_uri("source", uri)


def read_source(source, columns=None):
    columns = columns or {"customer_id": "customer_id", "date": "date", "amount": "amount"}
    return frames.collect(frames.open_frame(source, columns, text_id="customer_id").lazy).to_native()


@pytest.mark.slow
@pytest.mark.postgres
def test_postgres_is_read_in_types_that_the_engine_has(database, tmp_path):
    run_sql(database, "DROP TABLE IF EXISTS orders")
    run_sql(
        database,
        "CREATE TABLE orders AS SELECT 'a'||i AS customer_id, DATE '2026-01-01' + i AS date, "
        "(i / 4.0)::numeric(9, 2) AS amount, gen_random_uuid() AS key FROM generate_series(1, 1000) i",
    )
    names = ["customer_id", "date", "amount"]
    orders = read_source(open_source("postgres", None, database, "public.orders", None, names, tmp_path, "source"))
    assert orders.schema["amount"] == pl.Float64
    assert orders.sort("date")["amount"][:2].to_list() == [0.25, 0.5]
    query = "SELECT key AS customer_id, date, amount FROM orders -- all of them"
    orders = read_source(open_source("postgres", None, database, None, query, names, tmp_path, "source"))
    assert orders["customer_id"].n_unique() == 1000
    with pytest.raises(InvalidJob, match=r"source\.table: 'no_such' cannot be read: .*does not exist") as caught:
        open_source("postgres", None, database, "no_such", None, ["a"], tmp_path, "source")
    assert "SELECT" not in str(caught.value)
    with pytest.raises(InvalidTransactions, match="syntax"):
        open_source("postgres", None, database, None, "SELEC 1", ["a"], tmp_path, "source")
    with pytest.raises(InvalidJob, match=r"no column .*DROP TABLE.*; it has 'customer_id', 'date', 'amount', 'key'"):
        open_source("postgres", None, database, "orders", None, ['date"; DROP TABLE orders; --'], tmp_path, "source")
    assert run_sql(database, "SELECT count(*) FROM orders") == [(1000,)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_databases_in_files_are_read_like_postgres(kind, tmp_path):
    path = tmp_path / "orders"
    made = [
        "CREATE TABLE orders (customer_id INTEGER, date TEXT, amount NUMERIC)",
        "INSERT INTO orders VALUES (2, '2026-01-01', 3), (1, '2026-01-02', 0.5), (NULL, NULL, NULL)",
    ]
    if kind == "duckdb":
        import duckdb

        connection = duckdb.connect(str(path))
    else:
        connection = sqlite3.connect(path)
    with contextlib.closing(connection):
        for statement in made:
            connection.execute(statement.replace("NUMERIC", "DOUBLE") if kind == "duckdb" else statement)
        connection.commit()
    names = ["customer_id", "date", "amount"]
    orders = read_source(open_source(kind, path, "", "orders", None, names, tmp_path, "source"))
    assert orders.rows() == [(2, "2026-01-01", 3.0), (1, "2026-01-02", 0.5), (None, None, None)]
    source = open_source(
        kind, path, "", None, "SELECT * FROM orders WHERE customer_id = 1 -- one", names, tmp_path, "source"
    )
    assert len(read_source(source)) == 1
    for table, columns, says in (
        ("none", names, r"source\.table: 'none' cannot be read"),
        (
            "orders",
            ['x" FROM orders; DROP TABLE orders; --'],
            r"\[columns\]: .* it has 'customer_id', 'date', 'amount':",
        ),
    ):
        with pytest.raises(InvalidJob, match=says):
            open_source(kind, path, "", table, None, columns, tmp_path, "source")
    with pytest.raises(InvalidJob, match=r"\[customers\]: the query of \[customers\] has no column 'town'"):
        open_source(kind, path, "", None, "SELECT * FROM orders", ["customer_id", "town"], tmp_path, "customers")
    with pytest.raises(StoreUnreachable, match="does not exist"):
        open_source(kind, tmp_path / "none", "", "orders", None, names, tmp_path, "source")


def test_sqlite_values_of_several_kinds_are_refused(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "x")) as connection:
        connection.execute("CREATE TABLE t (customer_id)")
        connection.execute("INSERT INTO t VALUES (1), ('1')")
        connection.commit()
    with pytest.raises(InvalidTransactions, match="'customer_id' mixes integer, text"):
        open_source("sqlite", tmp_path / "x", "", "t", None, ["customer_id"], tmp_path, "source")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_several_files_are_one_table(ending, tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(3):
        frame = pl.DataFrame({"customer_id": [f"0{i}"], "date": ["2026-01-01"], "amount": [float(i)]})
        getattr(frame, f"write_{ending}")(tmp_path / "in" / f"part {i}.{ending}")
    for path in (tmp_path / "in", tmp_path / "in" / f"*.{ending}"):
        opened = frames.open_frame(
            open_source("file", path, "", None, None, [], tmp_path, "source"),
            {"customer_id": "customer_id"},
            "customer_id",
        )
        assert sorted(nw.to_native(frames.collect(opened.lazy))["customer_id"].to_list()) == ["00", "01", "02"]
        with pytest.raises(InvalidJob, match=r"^\[columns\]: '.*' has no column 'town'; it has 'customer_id', "):
            open_source("file", path, "", None, None, ["date", "town"], tmp_path, "source")
    with pytest.raises(InvalidTransactions, match="No file matches"):
        open_source("file", tmp_path / "*.none", "", None, None, [], tmp_path, "source")


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("SELECT nope FROM orders", InvalidTransactions),
        ("SELECT * FROM nope", InvalidTransactions),
        ("SELECT FROM WHERE", InvalidTransactions),
        ("SELECT * FROM orders WHERE (", InvalidTransactions),
        ("SELECT sum(sum(customer_id)) FROM orders", InvalidTransactions),
    ],
)
def test_a_wrong_statement_on_sqlite_is_recognized_by_its_code(statement, fault, tmp_path):
    path = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (customer_id INTEGER)")
        connection.commit()
    with pytest.raises(fault, match="source: "):
        open_source("sqlite", path, "", None, statement, [], tmp_path, "source")


def test_a_locked_or_foreign_sqlite_file_is_unreachable(tmp_path, monkeypatch):
    path = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (customer_id INTEGER)")
        connection.commit()
        connection.execute("BEGIN EXCLUSIVE")
        connect = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", lambda database: connect(database, timeout=0))
        with pytest.raises(StoreUnreachable, match="locked"):
            open_source("sqlite", path, "", "orders", None, [], tmp_path, "source")
    (tmp_path / "notes.db").write_text("not a database " * 100)
    with pytest.raises(StoreUnreachable, match="not a database"):
        open_source("sqlite", tmp_path / "notes.db", "", "orders", None, [], tmp_path, "source")
