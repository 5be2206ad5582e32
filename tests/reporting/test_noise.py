"""A report decides nothing from text: with every title and message replaced by noise, its JSON is the same."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import clvmodels as clv
from clvmodels.estimators.base import FittedProcess
from clvmodels.estimators.regular import RegularModel
from clvmodels.language import messages
from clvmodels.reporting import plots

TEXTS = {"text", "title", "message", "independence", "description", "what", "why", "seconds"}
"""Keys of the JSON that hold text for people, and a measured time."""


class NoisyBundle:
    """Messages of a language, each of them noise that differs from call to call."""

    def __init__(self) -> None:
        self.numbers = itertools.count()

    def noise(self) -> str:
        return f"noise {next(self.numbers)} x (k = 9) of clearly against"

    def get_message(self, code: str) -> SimpleNamespace:
        return SimpleNamespace(value=code)

    def format_pattern(self, pattern: str, arguments: dict[str, Any]) -> tuple[str, list[Exception]]:
        return self.noise(), []


def without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_texts(each) for name, each in value.items() if name not in TEXTS}
    return [without_texts(each) for each in value] if isinstance(value, list) else value


def report(path: Path, title: Callable[[str], str]) -> Any:
    """Clean, profile, backtest and value a log, report on all of it, and return the numbers of the report."""
    log = clv.datasets.load_cdnow(sample=True)
    cleaned = clv.clean(log, amount="amount")
    columns = {"amount": "amount", "time_unit": "week"}
    models = [clv.BGNBD(), clv.NBD()]
    check = clv.backtest(
        log, models, clv.GammaGamma(), **columns, horizons="26 weeks", cutoffs=2, draws=20, sampled=200
    )
    titles = check.forecasters["title"].map(title)
    check = replace(check, forecasters=check.forecasters.assign(title=titles))
    rfm = clv.rfm_summary(log, **columns)
    fitted = clv.BGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    value = clv.lifetime_value(*fitted, rfm, horizon="12 months", annual_discount_rate=0.1, margin=1.0)
    clv.write_report(check, path, value, profile=clv.profile(log, **columns), ledger=cleaned)
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.acceptance
@pytest.mark.slow
def test_texts_and_titles_decide_nothing(tmp_path, monkeypatch):
    # Plots are empty frames here, because drawing is slow and decides nothing.
    monkeypatch.setattr(plots, "to_svg", lambda plot, table, *, key, **options: f'<svg id="{key}-svg"></svg>')
    numbers = report(tmp_path / "report.html", str)
    bundle = NoisyBundle()
    for model in (FittedProcess, RegularModel):
        monkeypatch.setattr(model, "title", property(lambda _: bundle.noise()))
    monkeypatch.setattr(messages, "_catalog", lambda language: bundle)
    noise = report(tmp_path / "noisy.html", lambda _: bundle.noise())
    assert all(answer["title"].startswith("noise") for answer in noise["verdict"])
    assert not {each["title"] for each in numbers["forecasters"]} & {each["title"] for each in noise["forecasters"]}
    assert {"value", "profile", "ledger"} <= set(numbers)
    assert without_texts(noise) == without_texts(numbers)
