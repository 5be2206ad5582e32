"""PostgreSQL: the rows are replaced in place, and everything that others built on the table stays."""

from __future__ import annotations

import re
import threading
import time

import pyarrow as pa
import pytest

from clvmodels.errors import InvalidJob, StoreUnreachable
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.stores import place_of, postgres_sink

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

ONE, TWO, THREE = "1" * 16, "2" * 16, "3" * 16
OBJECTS = """
CREATE ROLE dba; CREATE ROLE reader; CREATE ROLE tenant; CREATE ROLE lead;
GRANT USAGE ON SCHEMA public TO PUBLIC;
ALTER TABLE scores OWNER TO dba; GRANT dba TO CURRENT_USER;
REVOKE ALL ON scores FROM PUBLIC; GRANT SELECT ON scores TO reader; GRANT SELECT ON scores TO lead WITH GRANT OPTION;
GRANT SELECT (customer_id, value), UPDATE (value) ON scores TO tenant;
ALTER TABLE scores ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON scores TO reader, tenant USING (customer_id < 2);
CREATE VIEW best AS SELECT * FROM scores WHERE value > 1; CREATE MATERIALIZED VIEW copied AS SELECT * FROM scores;
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL;END';
CREATE TRIGGER audited AFTER INSERT ON scores FOR EACH STATEMENT EXECUTE FUNCTION audit();
CREATE INDEX by_value ON scores (value); CREATE STATISTICS joint ON value, as_of FROM scores;
ALTER TABLE scores ADD CONSTRAINT positive CHECK (value > 0); ALTER TABLE scores ALTER value SET STATISTICS 500;
COMMENT ON TABLE scores IS 'of the team'; COMMENT ON COLUMN scores.value IS 'in euros';
CREATE PUBLICATION feed FOR TABLE scores;
CREATE TABLE notes (customer_id bigint REFERENCES scores ON DELETE CASCADE, note text);
INSERT INTO notes VALUES (1, 'called'), (30, 'wrote');
ALTER TABLE scores ADD COLUMN region text; UPDATE scores SET region = 'north' WHERE customer_id = 1
"""
SEEN = """
SELECT (SELECT rolname::text FROM pg_roles WHERE oid = c.relowner), c.relacl::text, c.relrowsecurity,
  obj_description(c.oid), col_description(c.oid, 2), c.oid,
  (SELECT array_agg(attacl::text || attname ORDER BY attnum)::text FROM pg_attribute WHERE attrelid = c.oid),
  (SELECT attstattarget FROM pg_attribute WHERE attrelid = c.oid AND attname = 'value'),
  (SELECT array_agg(polname::text)::text FROM pg_policy WHERE polrelid = c.oid),
  (SELECT array_agg(tgname::text ORDER BY tgname)::text FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal),
  (SELECT array_agg(indexrelid::regclass::text ORDER BY indexrelid)::text FROM pg_index WHERE indrelid = c.oid),
  (SELECT array_agg(conname::text ORDER BY conname)::text FROM pg_constraint WHERE c.oid IN (conrelid, confrelid)),
  (SELECT array_agg(stxname::text)::text FROM pg_statistic_ext WHERE stxrelid = c.oid),
  (SELECT count(*) FROM pg_publication_tables WHERE tablename = 'scores'),
  (SELECT count(*) FROM pg_views WHERE viewname = 'best')
FROM pg_class c WHERE relname = 'scores'
"""


def rows(run_id, ids=(1, 2, 30), **more):
    """A small score table."""
    columns = {
        "customer_id": pa.array(ids, pa.int64()),
        "value": [1.5, 2.5, 0.1, 7.0][: len(ids)],
        "as_of": pa.array(["2026-01-01"] * len(ids)),
        "run_id": [run_id] * len(ids),
    }
    return pa.table(columns | {name: [value] * len(ids) for name, value in more.items()})


def publish(place, table):
    comments = {name: "Of a day." for name in table.column_names if name.endswith("1_day")}
    stage = place.stage(table["run_id"][0].as_py(), table.schema, comments)
    try:
        stage.write(table)
        stage.count()
        stage.publish()
    finally:
        stage.discard()


@pytest.fixture
def connect(database):
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(database) as connection:
        query(connection, "DROP SCHEMA public CASCADE")
        query(connection, "CREATE SCHEMA public")
        query(connection, "DROP PUBLICATION IF EXISTS feed")
        for role in ("dba", "reader", "tenant", "lead", "writer"):
            query(connection, f"DROP ROLE IF EXISTS {role}")
        connection.commit()
    return lambda: driver.connect(database)


@pytest.fixture
def place(database, connect):
    return place_of(SinkSettings(store="postgres", uri_variable="X", table="scores"), database)


def query(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if statement.lstrip().startswith(("SELECT", "WITH")) else []


def run_sql(connect, *statements):
    with connect() as connection:
        results = [query(connection, statement) for statement in statements]
        connection.commit()
    return results[-1]


def test_everything_built_on_the_table_stays(place, connect):
    publish(place, rows(ONE))
    run_sql(connect, *re.split(r";\s+", OBJECTS.strip()))
    before = run_sql(connect, SEEN)
    publish(place, rows(TWO, (1, 2, 4)))
    assert run_sql(connect, SEEN) == before
    held = run_sql(connect, "SELECT customer_id, region, run_id FROM scores ORDER BY 1")
    assert held == [(1, "north", TWO), (2, None, TWO), (4, None, TWO)]  # a column of others keeps its values
    assert run_sql(connect, "SELECT * FROM notes") == [(1, "called")]  # as ON DELETE CASCADE says of the one who left
    with connect() as connection:
        query(connection, "SET ROLE reader")
        assert query(connection, "SELECT customer_id FROM scores") == [(1,)]  # row-level security is still on


def test_new_columns_are_added_and_old_ones_become_missing(place, connect):
    publish(place, rows(ONE, expected_purchases_2_days=1.0))
    run_sql(connect, "CREATE VIEW best AS SELECT * FROM scores")
    publish(place, rows(TWO, expected_purchases_1_day=3.0))
    found = run_sql(connect, "SELECT run_id, expected_purchases_1_day, expected_purchases_2_days FROM scores LIMIT 1")
    assert found == [(TWO, 3.0, None)]
    assert run_sql(connect, "SELECT col_description('scores'::regclass, 6)") == [("Of a day.",)]
    other = rows(THREE).set_column(0, "customer_id", pa.array(["a", "b", "c"]))
    with pytest.raises(InvalidJob, match="type of column 'customer_id' from bigint to text changed"):
        publish(place, other)
    assert run_sql(connect, "SELECT DISTINCT run_id FROM scores") == [(TWO,)]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE", "READ COMMITTED"])
def test_a_reader_sees_the_old_or_the_new_table(place, connect, level):
    publish(place, rows(ONE))
    with connect() as reader:
        query(reader, f"SET TRANSACTION ISOLATION LEVEL {level}")
        query(reader, "SELECT 1 FROM pg_class LIMIT 1")  # takes the snapshot
        publish(place, rows(TWO, (5, 6)))
        (found,) = query(reader, "SELECT count(*), min(run_id), max(run_id) FROM scores")
    assert found == ((2, TWO, TWO) if level == "READ COMMITTED" else (3, ONE, ONE))


def test_a_role_that_does_not_see_every_row_publishes_nothing(place, connect, database):
    publish(place, rows(ONE))
    run_sql(connect, "CREATE ROLE writer", "GRANT ALL ON SCHEMA public TO writer", "GRANT ALL ON scores TO writer")
    run_sql(connect, "ALTER TABLE scores ENABLE ROW LEVEL SECURITY")
    run_sql(connect, "CREATE POLICY few ON scores USING (customer_id < 2)")
    limited = place_of(SinkSettings(store="postgres", uri_variable="X", table="scores"), database)
    plain = limited.connect

    def connect_as_writer():
        connection = plain()
        query(connection, "SET ROLE writer")
        connection.commit()
        return connection

    limited.connect = connect_as_writer
    with pytest.raises(InvalidJob, match="row-level security applies to role 'writer'"):
        publish(limited, rows(TWO))
    assert run_sql(connect, "SELECT count(*), min(run_id), max(run_id) FROM scores") == [(3, ONE, ONE)]


def test_a_trigger_that_swallows_rows_publishes_nothing(place, connect):
    publish(place, rows(ONE))
    run_sql(
        connect,
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER swallowing BEFORE INSERT ON scores FOR EACH ROW EXECUTE FUNCTION swallow()",
    )
    with pytest.raises(InvalidJob, match="would have 0 rows instead of 3, because of a trigger"):
        publish(place, rows(TWO))
    assert run_sql(connect, "SELECT DISTINCT run_id FROM scores") == [(ONE,)]


def test_locks_are_tried_again_and_never_hold_readers_for_long(place, connect, monkeypatch):
    monkeypatch.setattr(postgres_sink, "LOCK_SECONDS", 1)
    monkeypatch.setattr(postgres_sink, "PAUSE", 0.1)
    publish(place, rows(ONE))
    with connect() as other:
        query(other, "LOCK TABLE scores IN ROW EXCLUSIVE MODE")
        monkeypatch.setattr(postgres_sink, "ATTEMPTS", 1)
        with pytest.raises(StoreUnreachable, match="others held locks"):
            publish(place, rows(TWO))
        monkeypatch.setattr(postgres_sink, "ATTEMPTS", 9)
        publishing = threading.Thread(target=publish, args=(place, rows(TWO)))
        publishing.start()
        time.sleep(0.5)
        started = time.perf_counter()
        assert run_sql(connect, "SELECT DISTINCT run_id FROM scores") == [(ONE,)]
        assert time.perf_counter() - started < 1  # readers do not queue behind a lock that is not exclusive
        other.rollback()
    publishing.join()
    assert run_sql(connect, "SELECT DISTINCT run_id FROM scores") == [(TWO,)]
