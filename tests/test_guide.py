"""Every page of the guide has a title, and its links lead somewhere; `tests/acceptance/test_pages.py` runs its code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

import clvmodels

ROOT = Path(__file__).resolve().parents[1]
GUIDE = Path(clvmodels.__file__).resolve().parent / "guide"
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)  # of the page for assistants
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GUIDE.glob("*.md"))}


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", PAGES[name]):
        if target.startswith("https://"):
            continue
        # Other pages are in the package; notebooks and data are in the checkout only.
        place = GUIDE / target if "/" not in target else ROOT / "clvmodels" / "guide" / target
        assert place.exists(), target


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_title_and_says_what_it_answers(name, guide_runner):
    lines = FRONT_MATTER.sub("", PAGES[name]).splitlines()
    assert lines[0].startswith("# ")
    assert sum(line.startswith("# ") for line in re.sub(guide_runner.FENCE, "", PAGES[name]).splitlines()) == 1
    assert lines[1] == ""
    assert lines[2], "a page begins with a sentence below its title"


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
