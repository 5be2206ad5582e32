import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.errors import CLVError, InvalidModelFile, InvalidOption, InvalidRegistry
from clvmodels.scoring.registry.registry import Registry

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "models")


@pytest.fixture
def versions(registry, fitted, version_record):
    """Three versions, with the same model and three sources."""
    return [
        registry.add(fitted, version_record.model_copy(update={"source": source}), made=f"2026-0{i}-01").name
        for i, source in enumerate("abc", start=1)
    ]


@pytest.mark.slow
def test_a_version_is_read_back_as_it_was_added(registry, fitted, fitted_to, version_record):
    version = registry.add(fitted, version_record, made="2026-11-20T06:00:00Z")
    again = registry.version(version.name[:5])
    assert (again.name, again.made, again.record) == (version.name, "2026-11-20T06:00:00Z", version_record)
    before, after = (model.expected_purchases(fitted_to, 90) for model in (fitted, again.load()))
    assert before.equals(after)


@pytest.mark.slow
def test_the_same_content_is_the_same_version_whenever_it_is_made(registry, fitted, version_record, versions):
    first = registry.add(fitted, version_record, made="2026-11-20")
    manifest = first.path.with_name("manifest.json")
    written = manifest.stat().st_mtime_ns
    assert registry.add(fitted, version_record, made="2026-11-21") == first
    assert manifest.stat().st_mtime_ns == written
    assert first.name not in versions
    assert len(registry.versions()) == 4


@pytest.mark.slow
def test_moves_are_recorded_and_rolled_back(registry, versions):
    a, b, c = versions
    assert registry.champion() is None
    for version in (a, b, c):
        registry.promote(version, made="then")
    assert registry.promote(c) == registry.moves()[-1]  # nothing to move
    assert registry.champion().name == c
    registry.rollback()
    assert registry.champion().name == b
    registry.rollback()
    assert registry.champion().name == a
    with pytest.raises(InvalidOption, match="no earlier champion"):
        registry.rollback()
    registry.promote(c, forced=True)
    registry.rollback()
    assert registry.champion().name == a
    moves = [(move.number, move.version, move.why, move.forced) for move in registry.moves()]
    assert moves == [
        (1, a, "promote", False),
        (2, b, "promote", False),
        (3, c, "promote", False),
        (4, b, "rollback", False),
        (5, a, "rollback", False),
        (6, c, "promote", True),
        (7, a, "rollback", False),
    ]


def test_names_are_resolved_or_refused_with_the_existing_ones(registry, versions):
    with pytest.raises(InvalidRegistry, match=rf"no version is called 'zzz'; there are: .*{versions[0]}"):
        registry.version("zzz")
    with pytest.raises(InvalidRegistry, match="no version is called ''"):
        registry.version("")
    with pytest.raises(InvalidRegistry, match="no version is called"):
        registry.version("../../etc")
    with pytest.raises(InvalidRegistry, match="there are: none"):
        Registry(registry.path / "elsewhere").promote("1")


def test_a_version_that_was_changed_is_refused(registry, versions):
    folder = registry.path / "versions" / versions[0]
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["record"]["source"] = "another"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InvalidRegistry, match="not what was added under this name"):
        registry.version(versions[0])
    with pytest.raises(InvalidRegistry, match="not what was added"):
        registry.promote(versions[0])


@pytest.mark.parametrize("name", ["manifest.json", "model.json"])
def test_a_missing_file_is_named(registry, versions, name):
    (registry.path / "versions" / versions[0] / name).unlink()
    with pytest.raises(InvalidRegistry, match=rf"{name}: cannot be read \(No such file"):
        registry.version(versions[0])


def test_a_missing_move_is_named(registry, versions):
    for version in versions:
        registry.promote(version)
    (registry.path / "champion" / "000002" / "move.json").unlink()
    (registry.path / "champion" / "000002").rmdir()
    with pytest.raises(InvalidRegistry, match="a move is missing"):
        registry.champion()


def test_a_model_from_elsewhere_cannot_run_code(registry, versions, tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    folder = registry.path / "versions" / versions[0]
    (folder / "model.json").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InvalidRegistry):
        registry.version(versions[0])
    with pytest.raises(InvalidModelFile):
        clv.load(folder / "model.json")
    assert not (tmp_path / "ran").exists()


def changed(data: st.DataObject, text: bytes) -> bytes:
    """Draw a damaged file: bytes removed, changed or inserted, or one value of the JSON replaced."""
    kind = data.draw(st.sampled_from(["cut", "byte", "insert", "value", "whole"]))
    at = data.draw(st.integers(0, len(text) - 1))
    if kind == "cut":
        return text[:at]
    if kind == "byte":
        return text[:at] + bytes([data.draw(st.integers(0, 255))]) + text[at + 1 :]
    if kind == "insert":
        return text[:at] + data.draw(st.binary(min_size=1, max_size=8)) + text[at:]
    if kind == "whole":
        return data.draw(st.one_of(st.binary(max_size=40), st.just(b"[" * 100_000), st.just(b"null")))
    document = json.loads(text)
    paths = list(leaves(document))
    *steps, last = data.draw(st.sampled_from(paths))
    inner = document
    for step in steps:
        inner = inner[step]
    junk = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=5), st.just({}), st.just([[]]))
    inner[last] = data.draw(junk)
    return json.dumps(document).encode()


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for i, item in enumerate(value):
            yield from leaves(item, (*path, i))
    else:
        yield path


@pytest.mark.slow
@FEW
@given(data=st.data())
@pytest.mark.parametrize("name", ["manifest.json", "model.json"])
def test_a_damaged_file_is_one_named_error(registry, fitted, version_record, data, name):
    version = registry.add(fitted, version_record)
    path = version.path.with_name(name)
    text = path.read_bytes()
    try:
        path.write_bytes(changed(data, text))
        complaint = complaint_of(lambda: registry.version(version.name).load())
        assert str(path.parent) in complaint or same(path.read_bytes(), text)
    finally:
        path.write_bytes(text)


def complaint_of(action) -> str:
    """Return the message of a named error, or nothing if there is none."""
    try:
        action()
    except CLVError as error:
        return str(error)
    return ""


def same(a: bytes, b: bytes) -> bool:
    """Return whether two manifests differ at most in spacing or in `made`."""
    return a == b or {**json.loads(a), "made": None} == {**json.loads(b), "made": None}


@pytest.mark.slow
@FEW
@given(data=st.data())
def test_a_damaged_move_is_one_named_error(registry, fitted, version_record, data):
    version = registry.add(fitted, version_record)
    registry.promote(version.name)
    path = registry.path / "champion" / "000001" / "move.json"
    text = path.read_bytes()
    try:
        path.write_bytes(changed(data, text))
        complaint = complaint_of(registry.champion)
        assert str(registry.path) in complaint or registry.champion().name == version.name
    finally:
        path.write_bytes(text)


@pytest.mark.slow
def test_concurrent_writers_do_not_clash(registry, fitted, version_record):
    records = [version_record.model_copy(update={"source": str(i % 4)}) for i in range(24)]
    with ThreadPoolExecutor(12) as pool:
        versions = list(pool.map(lambda record: registry.add(fitted, record), records))
        moves = list(pool.map(registry.promote, [version.name for version in versions]))
    assert len(registry.versions()) == 4
    recorded = registry.moves()
    assert {move.number for move in moves} <= {move.number for move in recorded}
    assert all(a.version != b.version for a, b in pairwise(recorded))
    assert {path.name for path in (registry.path / "champion").iterdir()} == {f"{m.number:06d}" for m in recorded}


KILLED = """
import sys
from clvmodels.scoring.registry.registry import Registry
import clvmodels as clv
registry = Registry(sys.argv[1])
version = registry.versions()[0]
model = version.load()
print("ready", flush=True)
for i in range(10**6):
    added = registry.add(model, version.record.model_copy(update={"source": str(i)}))
    registry.promote(added.name)
"""


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_no_half_version(registry, fitted, version_record):
    registry.add(fitted, version_record)
    for after in (0.03,):
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(registry.path)], stdout=subprocess.PIPE, env={**os.environ}
        )
        writer.stdout.readline()
        time.sleep(after)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert all(version.load() for version in registry.versions()[:3])
        champion = registry.champion()
        assert champion is None or champion.load()
