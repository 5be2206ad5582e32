"""The code of the README and of every page of the guide runs and prints what the page shows."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

import clvmodels

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).resolve().parents[2]
GUIDE = Path(clvmodels.__file__).resolve().parent / "guide"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GUIDE.glob("*.md"))}
CODE_PAGES = [name for name, page in PAGES.items() if re.search(r"^```(python|sh)$", page, re.MULTILINE)]


def load_runner():
    """Import the module that runs pages, which is not installed."""
    spec = importlib.util.spec_from_file_location("guide_runner", ROOT / "tests" / "guide_runner.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


runner = load_runner()


@pytest.mark.parametrize("name", CODE_PAGES)
def test_the_code_of_a_page_prints_what_the_page_shows(name):
    plt.switch_backend("agg")
    with runner.example_folder():
        mismatches = runner.run_page(PAGES[name], f"{name}.md")
    plt.close("all")
    assert mismatches == []


def test_the_code_prints_what_the_readme_shows():
    plt.switch_backend("agg")
    with runner.example_folder() as folder:
        mismatches = runner.run_page((ROOT / "README.md").read_text(encoding="utf-8"), "README.md")
        written = {path.name for path in folder.iterdir()}
    assert mismatches == []
    assert written == {"data", "report.html", "report.json"}
