"""Concentration of money and flags of changed groups: by hand, identities, false alarms of draws, and invalid input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.decisions.change_flags import flagged_rows
from clvmodels.decisions.value_concentration import fewest_holding
from clvmodels.errors import InvalidOption, InvalidRFM

TERMS = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.5}
READING = {"amount": "amount", "time_unit": "week"}


@pytest.fixture(scope="module")
def fitted():
    log = clv.datasets.load_cdnow(sample=True)
    history = clv.KnownHistory.from_log(log, observation_end="1997-09-30", **READING)
    return clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm), history


# ---- concentration -----------------------------------------------------------------------------------------


def test_how_few_hold_a_share_by_hand():
    values = np.array([1.0, 5.0, 3.0, 1.0])
    assert [fewest_holding(values, held) for held in (0.5, 0.8, 0.81, 1.0)] == [1, 2, 3, 4]
    assert fewest_holding(np.array([6.0, 4.0, -5.0]), 0.8) == 1  # 6 of a sum of 5: more than the whole
    assert fewest_holding(np.array([1.0, -2.0]), 0.5) == 0


@pytest.mark.slow
def test_past_profit_by_hand(fitted):
    """a: 150 of spend, two orders; b: 40, one order. Margin 50 %, 4 per order, 20 to acquire: 47 and -4."""
    small = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "date": ["2024-01-10", "2024-03-10", "2024-02-05"],
            "amount": [100.0, 50.0, 40.0],
        }
    )
    history = clv.KnownHistory.from_log(small, observation_end="2024-03-31", **READING)
    costs = clv.Costs(per_order=4.0, acquisition=20.0)
    options = {"costs": costs, "tops": [0.5], "draws": 20, "currency": "EUR", **TERMS}
    result = clv.value_concentration(*fitted[:2], history, **options)
    totals = result.totals.set_index("line")
    assert totals.loc["past_profit", ["total", "negative"]].tolist() == pytest.approx([43.0, 1.0])
    shares = result.shares.set_index("line")
    assert shares.loc["past_profit", "share"] == pytest.approx(47 / 43)
    assert totals["currency"].tolist() == ["EUR"] * 3
    assert "may exceed 100%" in result.text


@pytest.mark.slow
def test_expected_values_are_less_concentrated_than_the_future(fitted):
    result = clv.value_concentration(*fitted, draws=40, **TERMS)
    share = result.shares.pivot(index="top", columns="line", values="share")
    assert (share["future_value"] > share["expected_value"]).all()
    few = result.fewest.set_index("line")["share_of_customers"]
    assert few["future_value"] < few["expected_value"]
    value = clv.remaining_value(*fitted[:2], fitted[2].rfm, **TERMS)
    totals = result.totals.set_index("line")["total"]
    assert totals["expected_value"] == pytest.approx(value.total)
    assert totals["future_value"] == pytest.approx(value.total, rel=0.05)  # the mean of 40 draws
    assert "understate" in result.text


@pytest.mark.parametrize("options", [{"tops": []}, {"tops": [0.0]}, {"tops": [1.5]}, {"held": 0.0}, {"held": 2.0}])
def test_shares_beyond_the_whole_are_refused(fitted, options):
    with pytest.raises(InvalidOption, match="must be shares above 0 and up to 1"):
        clv.value_concentration(*fitted, **options, **TERMS)


# ---- flags of changes --------------------------------------------------------------------------------------

EXPECTED = np.array([400.0, 300.0, 200.0, 100.0])


@pytest.fixture(scope="module")
def drawn():
    return EXPECTED * np.random.default_rng(0).normal(1.0, 0.03, size=(2000, 4))


@pytest.mark.slow
def test_draws_are_flagged_at_the_rate_of_the_level(drawn):
    common = np.exp(np.random.default_rng(1).normal(0, 0.1, 2000))
    any_flag = [flagged_rows(common[i] * drawn[i], EXPECTED, drawn, common, 0.05)[1].any() for i in range(0, 2000, 10)]
    # 200 tables: 5 % and 3 standard errors.
    assert np.mean(any_flag) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_a_changed_group_is_flagged_alone_and_a_shock_common_to_all_flags_none(drawn):
    common = np.exp(np.random.default_rng(1).normal(0, 0.1, 2000))
    for shock in (1.0, 0.85, 1.15):
        changed = shock * EXPECTED * np.array([1.0, 0.75, 1.0, 1.0])
        multiple, flagged, against = flagged_rows(changed, EXPECTED, drawn, common, 0.05)
        assert flagged[1:].tolist() == [False, True, False, False]
        assert against[1:] == pytest.approx([0.0, -0.25, 0.0, 0.0], abs=1e-12)
        assert multiple[2] < -1
        assert not flagged_rows(shock * EXPECTED, EXPECTED, drawn, common, 0.05)[1].any()
    assert flagged_rows(0.5 * EXPECTED, EXPECTED, drawn, None, 0.05)[1].tolist() == [True, *[False] * 4]


def test_groups_that_all_changed_are_flagged_until_one_is_left(drawn):
    actual = EXPECTED * np.array([0.4, 0.6, 1.5, 2.5])
    multiple, flagged, against = flagged_rows(actual, EXPECTED, drawn, None, 0.05)
    assert flagged[1:].sum() == 3
    assert np.isfinite(multiple).all()
    assert np.isfinite(against[1:]).all()


def test_one_group_has_no_others(drawn):
    multiple, flagged, against = flagged_rows(EXPECTED[:1], EXPECTED[:1], drawn[:, :1], None, 0.05)
    assert not flagged.any()
    assert np.isnan(multiple[1])
    assert np.isnan(against).all()


@pytest.mark.slow
def test_what_groups_spent_adds_up(fitted):
    purchases, spend, history = fitted
    log = clv.datasets.load_cdnow(sample=True)
    ids = history.rfm.customer_id.to_list()
    channel = pd.DataFrame({"customer_id": ids, "channel": np.where(np.arange(len(ids)) % 2, "a", "b")})
    rfm = history.rfm.with_columns(channel)
    later = clv.KnownHistory.from_log(log, observation_end="1997-12-31", **READING)
    result = clv.flag_changes(purchases, spend, rfm, later, by="channel", draws=40)
    table = result.frame().set_index("channel")
    dates = pd.to_datetime(log["date"].astype(str))
    after = log[(dates > "1997-09-30") & (dates <= "1997-12-31")]
    assert table.loc["all customers", "actual"] == pytest.approx(after["amount"].sum())
    for name in ("customers", "expected", "actual"):
        assert table[name].iloc[1:].sum() == pytest.approx(table[name].iloc[0])
    mine = after["customer_id"].isin(channel.loc[channel["channel"] == "a", "customer_id"])
    assert table.loc["a", "actual"] == pytest.approx(after.loc[mine, "amount"].sum())
    assert "No group differs visibly" in result.text
    with pytest.raises(InvalidOption, match="not after the RFM"):
        clv.flag_changes(purchases, spend, rfm, history, by="channel")
    with pytest.raises(InvalidOption, match=r"level=1\.0 must be between"):
        clv.flag_changes(purchases, spend, rfm, later, by="channel", level=1.0)
    with pytest.raises(InvalidOption, match="has no date"):
        clv.flag_changes(purchases, spend, replace(rfm, observation_end=None), later, by="channel")
    few = clv.KnownHistory.from_log(log[log["customer_id"] > 100], observation_end="1997-12-31", **READING)
    with pytest.raises(InvalidRFM, match="are missing from the later history"):
        clv.flag_changes(purchases, spend, rfm, few, by="channel")
