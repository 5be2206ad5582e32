"""A report decides nothing from text: with every title and message replaced by noise, its JSON is the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clvmodels.language import messages
from clvmodels.reporting import plots
from clvmodels.reporting.report import write_report

NOISE = "noise"
TEXTS = {"text", "title", "message", "independence"}  # keys of the JSON that hold text for people


class NoisyBundle:
    """Messages of a language in which every message is the same."""

    def get_message(self, code: str) -> SimpleNamespace:
        return SimpleNamespace(value=code)

    def format_pattern(self, pattern: str, arguments: dict[str, Any]) -> tuple[str, list[Exception]]:
        return NOISE, []


def without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_texts(each) for name, each in value.items() if name not in TEXTS}
    return [without_texts(each) for each in value] if isinstance(value, list) else value


def read_numbers(path: Path) -> Any:
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.fixture
def _outlines(monkeypatch):
    """Plots as empty frames, because drawing is slow."""
    monkeypatch.setattr(plots, "to_svg", lambda plot, table, *, key, **options: f'<svg id="{key}-svg"></svg>')


@pytest.mark.slow
@pytest.mark.usefixtures("_outlines")
def test_texts_and_titles_decide_nothing(validation, value, tmp_path, monkeypatch):
    write_report(validation, tmp_path / "report.html", value)
    numbers = read_numbers(tmp_path / "report.html")
    noisy = replace(
        validation,
        forecasters=validation.forecasters.assign(title=NOISE),
        certificates=[
            certificate | dict.fromkeys(TEXTS & set(certificate), NOISE) for certificate in validation.certificates
        ],
    )
    monkeypatch.setattr(messages, "_bundle", lambda language: NoisyBundle())
    write_report(noisy, tmp_path / "noisy.html", value)
    noise = read_numbers(tmp_path / "noisy.html")
    assert numbers["verdict"][0]["title"] != noise["verdict"][0]["title"] == NOISE
    assert without_texts(noise) == without_texts(numbers)
