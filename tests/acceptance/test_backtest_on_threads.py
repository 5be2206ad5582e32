"""A backtest is the same to the last bit whether or not other processors help."""

from __future__ import annotations

import pytest

import clvmodels as clv
from clvmodels.processes import threads

pytestmark = pytest.mark.acceptance


def test_a_backtest_is_the_same_on_one_processor_and_on_all(monkeypatch):
    log = clv.datasets.load_cdnow(sample=True)
    options = {"amount": "amount", "time_unit": "week", "horizons": "26 weeks", "progress": lambda *_: None}
    results = []
    for processors in (threads.PROCESSORS, 1):
        monkeypatch.setattr(threads, "PROCESSORS", processors)
        document = clv.backtest(log, clv.ParetoNBD(), clv.GammaGamma(), cutoffs=2, **options).to_dict()
        for row in document["tables"]["cutoffs"] if "tables" in document else document["cutoffs"]:
            row.pop("seconds")
        results.append(document)
    assert results[0] == results[1]
