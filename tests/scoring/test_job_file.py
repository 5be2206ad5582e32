"""Job files: all faults at once, no secret shown, every setting in the template; a named error for any file."""

from __future__ import annotations

import contextlib
import json
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvmodels import files
from clvmodels.errors import InvalidJob, InvalidModelFile
from clvmodels.forecasting.persistence import load
from clvmodels.scoring.config.job import Job, job_from, read_job, template
from clvmodels.scoring.config.sections import column_suffix

SOUND = {"source": {"path": "orders.csv"}, "sinks": [{"path": "scores.parquet"}]}
SECTIONS = sorted(Job.model_fields)
FIELDS = sorted(
    {field for section in tomllib.loads(template()).values() if isinstance(section, dict) for field in section}
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def test_every_fault_is_named_at_once(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(
        '[source]\npth = "x"\nstore = "x"\n[sink]\n[columns]\ndate = 3\n'
        '[predictions]\nhorizons = ["2 fortnights"]\nmargin = 7\n[gates]\npsi = -1\n'
        '[models]\npurchases = "prophet"\n[clock]\ntime_unit = "week"\nmerge_within = "month"\n'
    )
    with pytest.raises(InvalidJob) as caught:
        read_job(path)
    message = str(caught.value)
    for fault in (
        "source.pth: there is no such field",
        "source.store: 'x' is not one of 'file', 'duckdb', 'sqlite', 'postgres', 'ibis', 'spark'.",
        "[sink]: is not a section",
        "columns.date",
        "predictions.horizons: horizon='2 fortnights'",
        "predictions.margin: must be less than or equal to 1",
        "gates.psi",
        "models.purchases: 'prophet' is not one of 'bgnbd'",
        "clock: merge_within='month' makes each calendar month one opportunity",
    ):
        assert fault in message
    assert "9 faults" in message


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"source": {"store": "postgres", "table": "t"}}, "source: uri_variable"),
        ({"source": {"store": "sqlite", "path": "x.db"}}, "source: table, query: set one"),
        ({"source": {"path": "x.csv", "query": "SELECT 1"}}, "only for databases"),
        ({"sinks": [{"path": "a.csv", "store": "csv", "partitioned": True}]}, "partitioned: only for store"),
        ({"sinks": [{"path": "a"}, {"path": "a"}]}, "sinks: parquet:a is named twice"),
        ({"sinks": [{"store": "sqlite", "path": "a", "table": "x" * 64}]}, "must be 1 to 63"),
        ({"sinks": [{"store": "sqlite", "path": "a", "table": "a\0b"}]}, "printable"),
        ({"models": {"by": "country"}}, "models.by: 'country' is not one of customers.attributes"),
        ({"models": {"purchases": "bgbb"}}, "counts opportunities"),
        ({"columns": {"date": "x", "amount": "x"}}, "columns: 'x' is named twice, for columns.date and columns.amount"),
        ({"predictions": {"horizons": ["12 months", "12  MONTHS"]}}, "predictions.horizons"),
        ({"registry": {"folder": "a", "file": "b"}}, "set one of the two"),
        ({"models": {"holdout": "soon"}}, "models.holdout"),
        ({"columns": {"order_id": "x"}}, r"columns\.order_id: is only read with \[cleaning.rules\]"),
        ({"cleaning": {"rules": {"refund": "net"}}}, "there is no rule 'refund'; the rules are missing_id"),
        ({"cleaning": {"rules": {"refunds": "sometimes"}}}, "refunds='sometimes' is not one of 'net'"),
    ],
)
def test_settings_that_conflict_are_refused(changes, match):
    with pytest.raises(InvalidJob, match=match):
        job_from(SOUND | changes)


POSTGRES = {"store": "postgres", "uri_variable": "CLV_DATABASE"}


@pytest.mark.parametrize(
    ("source", "sink", "elsewhere"),
    [
        (POSTGRES | {"table": "orders"}, POSTGRES | {"table": "orders"}, {"table": "scores"}),
        (POSTGRES | {"table": "a.orders"}, POSTGRES | {"db_schema": "a", "table": "orders"}, {"db_schema": "public"}),
        (POSTGRES | {"table": "orders"}, POSTGRES | {"table": "orders"}, {"uri_variable": "OTHER"}),
        (
            {"store": "sqlite", "path": "x.db", "table": "orders"},
            {"store": "sqlite", "path": "./x.db", "table": "Orders"},
            {"table": "scores"},
        ),
        (
            {"store": "duckdb", "path": "x.db", "table": "orders"},
            {"store": "duckdb", "path": "x.db", "table": "scores"},
            {"path": "y.db"},
        ),
        ({"path": "orders.csv"}, {"store": "csv", "path": "a/../orders.csv"}, {"path": "orders2.csv"}),
        ({"path": "in"}, {"path": "in/deep/scores.parquet"}, {"path": "out/scores.parquet"}),
        ({"path": "in"}, {"path": "in", "partitioned": True}, {"path": "out"}),
        ({"path": "in/*.parquet"}, {"path": "in/scores.parquet"}, {"path": "in/deep/scores.parquet"}),
        ({"path": "in/**/*.parquet"}, {"path": "in/a/scores.parquet"}, {"path": "out/scores.parquet"}),
        ({"path": "in/**/*.parquet"}, {"path": "in/scores", "partitioned": True}, {"path": "scores"}),
    ],
)
def test_a_sink_does_not_replace_what_is_read(source, sink, elsewhere):
    with pytest.raises(InvalidJob, match=r"sinks\[0\]: would replace what \[source\] reads: name another"):
        job_from({"source": source, "sinks": [sink]})
    with pytest.raises(InvalidJob, match=r"sinks\[1\]: would replace what \[customers\] reads"):
        job_from(SOUND | {"customers": source, "sinks": [{"path": "x/scores.parquet"}, sink]})
    assert job_from({"source": source, "sinks": [sink | elsewhere]}).sinks


def test_a_secret_in_the_wrong_place_is_not_repeated():
    with pytest.raises(InvalidJob) as caught:
        job_from(SOUND | {"sinks": [{"store": "postgres", "uri_variable": "postgresql://me:verysecret@host/db"}]})
    assert "verysecret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_template_is_a_job_with_every_setting(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(template())
    job = read_job(path)
    assert job.source.path == tmp_path / "orders.parquet"
    assert job.run.folder == tmp_path / "clv-runs"
    for name, field in Job.model_fields.items():
        section = getattr(job, name)
        kind = type(section[0]) if isinstance(section, list) else type(section)
        if section is not None:
            assert f"[{name}]" in template()
            for setting in kind.model_fields:
                is_table = f"{name}.{setting}]" in template()  # a section of its own
                assert f"{setting} = " in template() or is_table, f"{name}.{setting}"
        assert field is not None


def test_flags_replace_what_the_file_says(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text('[source]\npath = "a.csv"\n[columns]\ndate = "day"\namount = "paid"\n[[sinks]]\npath = "s"\n')
    flags = {"source": [("path", "b.csv")], "columns": {"amount": "net", "date": None}, "sinks": [{"path": "t"}]}
    job = read_job(path, flags)
    assert (str(job.source.path), job.columns.date, job.columns.amount) == ("b.csv", "day", "net")
    assert [str(sink.path) for sink in job.sinks] == ["t"]


def test_columns_are_named_after_horizons():
    assert [column_suffix(h) for h in ("12 months", "90 DAYS", "1.5 years")] == ["12_months", "90_days", "1p5_years"]


def test_sinks_are_not_part_of_the_identity_of_a_job():
    one = job_from(SOUND)
    other = job_from(SOUND | {"sinks": [{"store": "csv", "path": "x.csv"}], "run": {"customers_at_once": 5}})
    assert one.identity() == other.identity()
    assert one.identity() != job_from(SOUND | {"predictions": {"margin": 0.5}}).identity()


@pytest.mark.slow
@settings(max_examples=60)
@given(document=st.dictionaries(st.sampled_from([*SECTIONS, "sources"]), values, max_size=5))
def test_any_document_is_a_job_or_one_named_error(document):
    with contextlib.suppress(InvalidJob):
        assert isinstance(job_from(document), Job)


@pytest.mark.slow
@settings(max_examples=30)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_file_is_a_job_or_one_named_error(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("jobs") / "job.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidJob, match=r"job\.toml"):
        read_job(path)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(InvalidJob, match="clv init"):
        read_job(tmp_path / "none.toml")


@pytest.mark.slow
@settings(max_examples=40)
@given(data=st.data())
def test_any_model_file_is_a_model_or_one_named_error(data, fitted, tmp_path_factory):
    """Also if the checksum is right: a forger can compute it."""
    path = tmp_path_factory.mktemp("models") / "model.json"
    fitted.save(path)
    document = json.loads(path.read_text())
    inner, key = document, data.draw(st.sampled_from(sorted(document)))
    while isinstance(inner[key], dict) and inner[key] and data.draw(st.booleans()):
        inner = inner[key]
        key = data.draw(st.sampled_from(sorted(inner)))
    inner[key] = data.draw(values)
    if data.draw(st.booleans()):
        document = files.with_checksum(document)
    path.write_text(json.dumps(document))
    with contextlib.suppress(InvalidModelFile):
        assert load(path).purchases.parameters_


def test_a_number_of_thousands_of_digits_is_an_error_of_the_file(tmp_path):
    (tmp_path / "job.toml").write_text(f"[run]\ncustomers_at_once = {'9' * 5_000}\n")
    with pytest.raises(InvalidJob, match=r"job\.toml: is not TOML: .* value has 5000 digits\.$"):
        read_job(tmp_path / "job.toml")
