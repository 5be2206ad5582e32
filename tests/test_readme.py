"""The README is short and its links lead somewhere; `tests/acceptance/test_pages.py` runs its code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOP_LEVEL = ("README.md", "README.zh-Hans.md", "README.zh-Hant.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
MOST_LINES = 200
LARGEST_PICTURE = 150_000  # bytes


def test_the_readme_is_short():
    assert len(README.splitlines()) <= MOST_LINES


def test_make_targets_exist():
    code = re.findall(r"`[^`\n]+`|^make .*", README, re.MULTILINE)
    named = set(re.findall(r"\bmake ([a-z-]+)", " ".join(code)))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named
    assert named <= targets


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_links_lead_somewhere(name, guide_runner):
    page = re.sub(guide_runner.FENCE, "", (ROOT / name).read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_every_page_of_the_guide_can_be_reached():
    pages = {path.stem for path in (ROOT / "clvmodels" / "guide").glob("*.md")} - {"index"}
    assert pages <= set(re.findall(r"\]\(clvmodels/guide/([\w-]+)\.md\)", README))


def test_pictures_are_small():
    for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README):
        assert (ROOT / target).stat().st_size < LARGEST_PICTURE


@pytest.mark.slow
def test_the_map_of_contributing_has_every_package(guide_runner):
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn = next(block.text for block in guide_runner.code_blocks(page) if block.text.startswith("clvmodels/\n"))
    mapped = re.findall(r"^ {4}(\w+(?:/|\.py))", drawn, re.MULTILINE)
    package = ROOT / "clvmodels"
    present = {f"{path.name}/" for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"}
    present |= {path.name for path in package.glob("*.py")}
    assert len(mapped) == len(set(mapped))
    assert set(mapped) == present
