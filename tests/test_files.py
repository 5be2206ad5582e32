"""An incomplete file never looks complete."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from clvmodels.errors import InvalidOption
from clvmodels.files import replacing


def test_the_file_appears_when_the_block_succeeds(tmp_path):
    target = tmp_path / "model.json"
    with replacing(target) as temporary:
        temporary.write_text("{}", "utf-8")
        assert not target.exists()
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".json"
    assert target.read_text("utf-8") == "{}"
    assert list(tmp_path.iterdir()) == [target]


def test_an_old_file_stays_until_the_new_one_is_complete(tmp_path):
    target = tmp_path / "model.json"
    target.write_text("old", "utf-8")
    with replacing(target) as temporary:
        temporary.write_text("new", "utf-8")
        assert target.read_text("utf-8") == "old"
    assert target.read_text("utf-8") == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_nothing_behind(tmp_path, error):
    target = tmp_path / "model.json"

    def write() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half", "utf-8")
            raise error

    with pytest.raises(error):
        write()
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_the_old_file_as_it_was(tmp_path):
    target = tmp_path / "model.json"
    target.write_text("old", "utf-8")
    before = target.stat()

    def write() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half", "utf-8")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert target.read_text("utf-8") == "old"
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert list(tmp_path.iterdir()) == [target]


def test_missing_folders_are_created(tmp_path):
    target = tmp_path / "out" / "of" / "nowhere" / "report.html"
    with replacing(target) as temporary:
        temporary.write_text("<p>", "utf-8")
    assert target.read_text("utf-8") == "<p>"


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_other_users_may_read_the_file(tmp_path):
    # The temporary file is readable by its owner only, but a report on a web server must be readable by others.
    target = tmp_path / "report.html"
    with replacing(target) as temporary:
        temporary.write_text("<p>", "utf-8")
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_folder_in_the_way_is_not_touched(tmp_path):
    target = tmp_path / "taken"
    target.mkdir()

    def write() -> None:
        with replacing(target) as temporary:
            temporary.write_text("x", "utf-8")

    with pytest.raises(InvalidOption, match="taken: is a folder or a device"):
        write()
    assert list(tmp_path.iterdir()) == [target]
    assert list(target.iterdir()) == []


def test_two_writers_do_not_interfere(tmp_path):
    target = tmp_path / "model.json"
    with replacing(target) as first, replacing(target) as second:
        assert first != second
        first.write_text("first", "utf-8")
        second.write_text("second", "utf-8")
    assert target.read_text("utf-8") == "first"  # its block ended last
    assert list(tmp_path.iterdir()) == [target]


def test_a_bare_name_is_a_file_of_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with replacing(Path("a b.é.json")) as temporary:
        temporary.write_text("{}", "utf-8")
    assert [path.name for path in Path().iterdir()] == ["a b.é.json"]
