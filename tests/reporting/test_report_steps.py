"""Steps of a report that short logs and earlier reports take."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from clvmodels.reporting.acting.amounts import AmountFormat
from clvmodels.reporting.at_a_glance import _change_card
from clvmodels.reporting.report_of_log import _horizon_for
from clvmodels.reporting.series.past_report import ValueChange


@pytest.mark.parametrize(
    ("last_day", "horizon"),
    [
        ("2023-12-31", "26 weeks"),  # 365 days
        ("2023-06-30", "8 weeks"),  # 181 days: a third is 60
        ("2023-02-10", "13 days"),  # 41 days
        ("2023-01-02", "1 day"),
    ],
)
def test_a_test_covers_half_a_year_or_a_third_of_a_short_log(last_day, horizon):
    weeks = pd.DataFrame({"week_end": ["2023-01-01"], "repeat_purchases": [1]})
    assert _horizon_for(SimpleNamespace(first_day="2023-01-01", last_day=last_day, weeks=weeks)) == horizon


def test_the_change_since_an_earlier_report_is_split_and_a_revised_opening_named():
    parts = {"acquired": 50.0, "as_expected": -30.0, "experience": -20.0, "other": 10.0}
    change = ValueChange("2024-01-31", "2024-02-29", 1000.0, 1010.0, stated=900.0, **parts)
    card = _change_card(change, AmountFormat(""))
    assert card.number == "+10"
    assert "did worse than expected: −20" in card.notes[0]
    assert "stated 900" in card.notes[1]
    assert len(_change_card(ValueChange("a", "b", 1000.0, 1010.0, stated=1000.0, **parts), AmountFormat("")).notes) == 1
