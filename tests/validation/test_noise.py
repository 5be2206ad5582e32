"""Nothing reads titles or messages: with all of them replaced by noise, a backtest is the same in every number."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

import clvmodels as clv
from clvmodels.estimators.base import FittedProcess
from clvmodels.estimators.regular import RegularModel
from clvmodels.forecasting.rules import RULES
from clvmodels.language import finding, messages

TEXTS = {"title", "text", "message", "independence", "seconds"}  # written for people; and a measured time


def backtest():
    log = clv.datasets.load_cdnow(sample=True)
    options = {"amount": "amount", "time_unit": "week", "horizons": ["13 weeks", "60 weeks"], "cutoffs": ["1997-06-30"]}
    models = [clv.BGNBD(), clv.NBD()]
    return clv.backtest(log, models, clv.GammaGamma(), **options, draws=20, sampled=200)


def numbers(value):
    """The document without texts."""
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items() if key not in TEXTS}
    return [numbers(item) for item in value] if isinstance(value, list) else value


@pytest.mark.acceptance
def test_titles_and_messages_replaced_by_noise_change_no_number(monkeypatch):
    plain = backtest()
    noise = count()

    def message(*_, **__):
        return f"noise {next(noise)} x (k = 9) of clearly against"

    for model in (FittedProcess, RegularModel):
        monkeypatch.setattr(model, "title", property(lambda _: message()))
    for name, rule in RULES.items():
        monkeypatch.setitem(RULES, name, replace(rule, title=message()))
    monkeypatch.setattr(messages, "message", message)
    monkeypatch.setattr(finding, "message", message)
    noisy = backtest()
    assert not set(plain.forecasters["title"]) & set(
        noisy.forecasters.loc[noisy.forecasters["kind"] == "rule", "title"]
    )
    assert noisy.forecasters["title"].str.startswith("noise").sum() > 10
    assert numbers(noisy.to_dict()) == numbers(plain.to_dict())
