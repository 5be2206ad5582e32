"""Run the notebooks from top to bottom; an error in a cell is a failure.

``run.py`` checks that every notebook runs and is committed with its outputs; ``run.py --write`` writes the new outputs.
Both run all notebooks unless some are named. Each runs in its own folder, as it would in Jupyter.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 600
"""Seconds a cell may take."""


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Fill in the outputs of a notebook, stopping at the first error."""
    NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    ).execute()


def cells_not_run(notebook: nbformat.NotebookNode) -> list[int]:
    """Return the numbers, from 1, of the code cells that were never run."""
    return [
        number
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None
    ]


def cells_naming_this_machine(notebook: nbformat.NotebookNode) -> list[int]:
    """Return the numbers, from 1, of the cells whose outputs name a folder of this machine, as warnings do."""
    folders = [str(place) for place in {ROOT, Path.home(), Path(sys.prefix)} if place != Path("/")]
    return [
        number
        for number, cell in enumerate(notebook.cells, start=1)
        if any(place in str(cell.get("outputs", "")) for place in folders)
    ]


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Drop metadata that differ from machine to machine."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )


def run(path: Path, write: bool) -> str | None:
    """Run one notebook; return the fault, or None."""
    notebook = nbformat.read(path, as_version=4)
    stale = [] if write else cells_not_run(notebook)
    try:
        execute(notebook, path.parent)
    except CellExecutionError as error:
        return str(error)
    if stale:
        return f"cells {stale} are committed without outputs: run `make notebooks-write`"
    if places := cells_naming_this_machine(notebook):
        return f"the outputs of cells {places} name folders of this machine"
    if write:
        tidy(notebook)
        nbformat.write(notebook, path)
    return None


def main() -> int:
    """Run the notebooks named on the command line, or all."""
    parser = argparse.ArgumentParser(description="Run the notebooks.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of notebooks/")
    parser.add_argument("--write", action="store_true", help="write the outputs into the notebooks")
    options = parser.parse_args()
    # The notebooks import the installed package, whatever the working directory.
    os.environ["PYTHONSAFEPATH"] = "1"
    failed = 0
    paths = options.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    for path in paths:
        start = time.perf_counter()
        fault = run(path.resolve(), options.write)
        print(f"{path.name}: {'failed' if fault else 'ok'}, {time.perf_counter() - start:.1f} s", flush=True)
        if fault:
            print(fault, file=sys.stderr, flush=True)
            failed += 1
    if not paths:
        print("there are no notebooks")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
