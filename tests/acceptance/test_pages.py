"""The code of the README and of every page of the guide runs and prints what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

import clvmodels

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).resolve().parents[2]
GUIDE = Path(clvmodels.__file__).resolve().parent / "guide"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GUIDE.glob("*.md"))}
CODE_PAGES = [name for name, page in PAGES.items() if re.search(r"^```(python|sh)$", page, re.MULTILINE)]


@pytest.mark.parametrize("name", CODE_PAGES)
def test_the_code_of_a_page_prints_what_the_page_shows(name, guide_runner):
    plt.switch_backend("agg")
    with guide_runner.example_folder():
        mismatches = guide_runner.run_page(PAGES[name], f"{name}.md")
    plt.close("all")
    assert mismatches == []


def test_the_code_prints_what_the_readme_shows(guide_runner):
    plt.switch_backend("agg")
    with guide_runner.example_folder() as folder:
        mismatches = guide_runner.run_page((ROOT / "README.md").read_text(encoding="utf-8"), "README.md")
        written = {path.name for path in folder.iterdir()}
    assert mismatches == []
    assert written == {"data", "report.html", "report.json", "report-files"}
