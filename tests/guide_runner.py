"""Run the code of a Markdown page: Python blocks and `clv` commands, in order, in one folder and one namespace.

A `python` block that is followed by a `text` block must print exactly that text; one that is not must print nothing.
Lines of `sh` blocks that begin with `clv ` must succeed. Blocks in other languages (`py`, `toml`, ...) are not run.

``python tests/guide_runner.py PAGE...`` runs pages and writes what they print into their `text` blocks, for a person
to read through before committing it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRESS = re.compile(r".+ \(\d+ s\)")  # a line every few seconds of a long command


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block: its language, its text, and the line of the page on which the text starts."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Mismatch:
    """A Python block that printed something else than the page shows."""

    line: int
    printed: list[str]
    shown: list[str]


def code_blocks(page: str) -> list[CodeBlock]:
    """Return the fenced blocks of a page."""
    return [CodeBlock(match[1], match[2], page.count("\n", 0, match.start(2)) + 1) for match in FENCE.finditer(page)]


def commands(block: CodeBlock) -> list[str]:
    """Return the `clv` commands of a shell block."""
    return [line for line in block.text.splitlines() if block.language == "sh" and line.startswith("clv ")]


def run_page(page: str, name: str) -> list[Mismatch]:
    """Run the code of a page in the current folder; return the blocks whose output differs from the page."""
    blocks = code_blocks(page)
    namespace: dict[str, object] = {"__name__": "guide"}
    mismatches = []
    for block, next_block in zip(blocks, [*blocks[1:], None], strict=True):
        for command in commands(block):
            run_command(command)
        if block.language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            # The blank lines put the line numbers of the page into a traceback.
            exec(compile("\n" * (block.line - 1) + block.text, name, "exec"), namespace)
        shown = next_block.text if next_block is not None and next_block.language == "text" else ""
        if without_trailing_blanks(printed.getvalue()) != without_trailing_blanks(shown):
            lines = without_trailing_blanks(printed.getvalue()), without_trailing_blanks(shown)
            mismatches.append(Mismatch(block.line, *lines))
    return mismatches


def run_command(command: str) -> None:
    """Run a `clv` command with warnings as errors; it must succeed and write only progress to standard error."""
    _, *arguments = shlex.split(command, comments=True)
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from clvmodels.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"},
    )
    assert result.returncode == 0, f"{command}\n{result.stderr}"
    written = [line for line in result.stderr.splitlines() if not PROGRESS.fullmatch(line)]
    assert not written or "--job" in arguments, f"{command}\n{result.stderr}"  # a job logs to standard error


def without_trailing_blanks(text: str) -> list[str]:
    """Return the lines without trailing blanks, which pandas pads with and editors remove."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


@contextlib.contextmanager
def example_folder() -> Iterator[Path]:
    """Work in a temporary folder that holds data/cdnow.csv and nothing else."""
    from clvmodels.datasets import dataset_path

    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        (folder / "data" / "cdnow.csv").write_bytes(dataset_path("cdnow.csv").read_bytes())
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def update(path: Path) -> int:
    """Write what the code of a page prints into its text blocks; return how many changed."""
    page = path.read_text(encoding="utf-8")
    with example_folder():
        mismatches = run_page(page, path.name)
    blocks = code_blocks(page)
    lines = page.splitlines()
    for mismatch in reversed(mismatches):
        (position,) = [index for index, block in enumerate(blocks) if block.line == mismatch.line]
        following = blocks[position + 1] if position + 1 < len(blocks) else None
        if following is not None and following.language == "text":
            start = following.line - 1
            lines[start : start + following.text.count("\n")] = mismatch.printed
        else:
            end = mismatch.line + blocks[position].text.count("\n")
            lines[end:end] = ["", "```text", *mismatch.printed, "```"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(mismatches)


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.use("agg")
    for argument in sys.argv[1:]:
        page_path = Path(argument).resolve()
        sys.stdout.write(f"{page_path.name}: {update(page_path)} outputs changed\n")
