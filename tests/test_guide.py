"""Every page of the guide has a title, and its links lead somewhere; `tests/acceptance/test_pages.py` runs its code."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

import clvmodels

ROOT = Path(__file__).resolve().parents[1]
GUIDE = Path(clvmodels.__file__).resolve().parent / "guide"
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)  # of the page for assistants
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GUIDE.glob("*.md"))}


def test_links_lead_somewhere():
    for name, page in PAGES.items():
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page):
            if target.startswith(("https://", "http://")):
                continue
            # Other pages are in the package; notebooks and data are in the checkout only.
            place = GUIDE / target if "/" not in target else ROOT / "clvmodels" / "guide" / target
            assert place.exists(), (name, target)


def test_a_page_has_one_title_and_says_what_it_answers(guide_runner):
    for name, page in PAGES.items():
        lines = FRONT_MATTER.sub("", page).splitlines()
        titles = [line for line in re.sub(guide_runner.FENCE, "", page).splitlines() if line.startswith("# ")]
        assert lines[0].startswith("# "), name
        assert len(titles) == 1, name
        assert lines[1] == "", name
        assert lines[2], f"{name} begins with a sentence below its title"


def test_the_index_lists_every_page():
    listed = re.findall(r"\]\(([\w-]+)\.md\)", PAGES["index"])
    assert len(listed) == len(set(listed))
    assert set(listed) == set(PAGES) - {"index"}


def test_the_site_lists_every_page_for_assistants():
    script = ROOT / ".ci" / "docs" / "build.py"
    if not script.exists():
        pytest.skip("the script that builds the site is in the checkout only")
    spec = importlib.util.spec_from_file_location("build_docs", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    index = module.language_model_index()
    assert index.startswith("# clvmodels\n\n> ")
    assert set(re.findall(r"\(guide/([\w-]+)\.md\)", index)) == set(PAGES) - {"index"}
    assert index.index("SKILL") < index.index("getting-started")


def test_the_page_on_speed_has_the_steps_last_measured():
    path = Path(__file__).parent / "benchmarks" / "steps.py"
    spec = importlib.util.spec_from_file_location("steps", path)
    steps = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(steps)
    measured = json.loads(steps.RESULTS.read_text("utf-8"))["steps"]
    assert f"\n\n{steps.table(measured)}\n" in steps.PAGE.read_text("utf-8").split(steps.HEADING)[1]
