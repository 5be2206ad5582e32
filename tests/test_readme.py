"""The README does what it says: its code prints what stands below it, its commands run, its map is complete."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

from clvmodels.datasets import dataset_path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the README on which the text starts."""

    language: str
    text: str
    line: int


BLOCKS = [Block(found[1], found[2], README.count("\n", 0, found.start(2)) + 1) for found in FENCE.finditer(README)]
COMMANDS = [
    line for block in BLOCKS if block.language == "sh" for line in block.text.splitlines() if line.startswith("clv ")
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A temporary working directory that holds data/cdnow.csv, and nothing else."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cdnow.csv").write_bytes(dataset_path("cdnow.csv").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_blocks_print_what_stands_below_them(folder):
    plt.switch_backend("agg")
    names = {"__name__": "readme"}
    compared = 0
    for block, below in zip(BLOCKS, [*BLOCKS[1:], None], strict=True):
        if block.language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            # The blank lines put the line numbers of the README into a traceback.
            exec(compile("\n" * (block.line - 1) + block.text, "README.md", "exec"), names)
        shown = below.text if below is not None and below.language == "text" else ""
        assert lines_of(printed.getvalue()) == lines_of(shown), f"README.md, line {block.line}"
        compared += bool(shown)
    assert compared, "no python block of the README is followed by its output in a text block"
    plt.close("all")
    assert {path.name for path in folder.iterdir()} == {
        "data",
        "orders_export.csv",
        "report.html",
        "report.json",
        "model.json",
        "tracking.png",
    }


def test_commands_run(folder):
    assert COMMANDS, "the README shows no clv command"
    for command in COMMANDS:
        _, *words = shlex.split(command, comments=True)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", "from clvmodels.cli import main; main()", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"},
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert done.stderr == "" or "--job" in words, f"{command}\n{done.stderr}"  # a job tells its log there
    written = {path.name for path in folder.iterdir()} - {"data"}
    job = {"job.toml", "models", "scores", "clv-runs"}
    assert written == {
        "transactions.parquet",
        "ledger.json",
        "model.json",
        "predictions.parquet",
        "validation.json",
        "report.html",
        "report.json",
        "backtest.json",
        *job,
    }


def test_make_targets_exist():
    named = set(re.findall(r"\bmake ([a-z-]+)", " ".join(re.findall(r"`[^`\n]+`|^make .*", README, re.MULTILINE))))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named
    assert named <= targets


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    sections = {
        re.sub(r"[^\w -]", "", title).replace(" ", "-")
        for title in re.findall(r"^## (.*)", README.lower(), re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= sections


def test_the_map_has_every_room():
    (drawn,) = [block.text for block in BLOCKS if block.text.startswith("clvmodels/\n")]
    rooms = re.findall(r"^ {4}(\w+(?:/|\.py))", drawn, re.MULTILINE)
    package = ROOT / "clvmodels"
    there = {f"{path.name}/" for path in package.iterdir() if (path / "__init__.py").exists()}
    there |= {path.name for path in package.glob("*.py") if path.name != "__init__.py"}
    assert len(rooms) == len(set(rooms))
    assert set(rooms) == there


def lines_of(text: str) -> list[str]:
    """Lines without the blanks at their ends, which pandas pads with and editors cut."""
    return [line.rstrip() for line in text.rstrip().splitlines()]
