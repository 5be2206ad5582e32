"""How many commands, and no code, it takes from a small awkward file to a page.

Usage::

    python tests/benchmarks/commands_needed.py FOLDER [tests/benchmarks/commands_needed.csv]

Each file of the folder is given to ``clv report FILE --columns auto``. Where that stops, the flag that its message
proposes is added, as somebody who reads the message would do, until there is a page or nothing more to add.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

COLUMNS = ("file", "commands", "outcome", "flags", "last_message")
# What a person who knows the file answers; each flag is one that a message proposes.
ANSWERS = (
    ("--date-format", "%d-%m-%y"),
    ("--count-statuses", "pending"),
    ("--date", "serial"),
    ("--missing-ids", "0"),
    ("--include-first-transaction", None),
    ("--cutoffs", "1"),
)


def run(path: Path, flags: list[str]) -> tuple[int, str]:
    """Return the exit code of a report, and its last message."""
    words = [sys.executable, "-m", "clvmodels", "report", str(path), "--columns", "auto"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*words, "--output", f"{folder}/report.html", *flags], capture_output=True, text=True, check=False
        )
        page = Path(folder, "report.html").exists()
    text = " ".join(done.stderr.rpartition("Error:")[2].split())
    if page != (done.returncode == 0):
        raise AssertionError(f"{path.name}: exit code {done.returncode}, page: {page}")
    return done.returncode, text


def commands(path: Path) -> tuple[int, str, list[str], str]:
    """Return the number of commands until a page or a refusal that no flag changes; its outcome, flags and message."""
    flags: list[str] = []
    for count in range(1, len(ANSWERS) + 2):
        code, text = run(path, flags)
        if code == 0:
            return count, "page", flags, ""
        fitting = (
            [flag] if value is None else [flag, value]
            for flag, value in ANSWERS
            if flag not in flags
            and re.search(rf"{flag}\b", text)
            and (value is None or value in text or flag == "--cutoffs")
        )
        answer = next(fitting, None)
        if answer is None:
            return count, "refused", flags, text
        flags = [*flags, *answer]
    raise AssertionError(path.name)


def main(folder: Path, output: Path) -> None:
    """Write one row per file; exports of one shop are one folder."""
    names = sorted(path for path in folder.glob("*.csv"))
    with tempfile.TemporaryDirectory() as made, output.open("w", encoding="utf-8", newline="") as file:
        parts = Path(made, "11_shopify")
        parts.mkdir()
        for path in names:
            if path.name.startswith("11_"):
                shutil.copy(path, parts)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for path in (*(path for path in names if not path.name.startswith("11_")), parts):
            count, outcome, flags, text = commands(path)
            writer.writerow([path.name, count, outcome, " ".join(flags), text])
            file.flush()
            sys.stdout.write(f"{path.name} {count} {outcome} {' '.join(flags)} {text[:150]}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "tests/benchmarks/commands_needed.csv"))
