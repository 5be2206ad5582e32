"""Results of decisions show their findings in a console, and their tables in a notebook."""

from __future__ import annotations

import pandas as pd
import pytest

import clvmodels as clv

VALUES = pd.DataFrame(
    {
        "customer_id": range(1, 9),
        "lifetime_value": [90.0, 70.0, 50.0, 40.0, 30.0, 20.0, 10.0, 5.0],
        "past_spend": [80.0, 60.0, 55.0, 45.0, 25.0, 20.0, 15.0, 5.0],
        "country": ["AT", "DE"] * 4,
        "stage": ["new", "new", "old", "old"] * 2,
    }
)
LOG = pd.DataFrame(
    {
        "customer_id": [1, 2, 3, 1, 2, 1],
        "date": ["2023-01-05", "2023-01-09", "2023-02-03", "2023-02-07", "2023-03-02", "2023-03-31"],
        "amount": [10.0, 20.0, 5.0, 12.0, 18.0, 30.0],
        "item": ["tea", "cup", "tea", "cup", "tea", "pot"],
    }
)
INDICATORS = [clv.Indicator("past_spend", "past"), clv.Indicator("lifetime_value", "future")]
RESULTS = {
    "tiers": lambda: clv.tiers(VALUES, boundaries=(0.25, 0.5), names=("A", "B", "C")),
    "crosstab": lambda: clv.segment_crosstab(VALUES, by=["country", "stage"]),
    "scorecard": lambda: clv.scorecard(VALUES, INDICATORS),
    "accounts": lambda: clv.key_accounts(LOG, amount="amount"),
    "audit": lambda: clv.audit(LOG, amount="amount", period="month"),
    "cross-selling": lambda: clv.cross_selling(LOG, item="item", amount="amount"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_shows_its_findings(name):
    result = RESULTS[name]()
    shown = result._repr_html_() if hasattr(result, "_repr_html_") else ""
    assert result.findings
    for finding in result.findings:
        assert finding.text in repr(result)
    assert not hasattr(result, "_repr_html_") or "<li>" in shown
