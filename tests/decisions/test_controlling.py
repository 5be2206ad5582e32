"""The trend table, the board of key figures, channel efficiency and flags against the year before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidRFM

TERMS = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35, "interval": None}


@pytest.fixture(scope="module")
def shop():
    """Two years of a simulated shop with two channels, and a satisfaction that every third customer has not given."""
    log = clv.simulate_log(
        600, {"r": 0.8, "alpha": 40.0, "a": 0.6, "b": 4.0}, start="2022-01-01", end="2023-12-31", random_state=1
    )
    log["amount"] = np.random.default_rng(1).gamma(4.0, 5.0, len(log)).round(2)
    ids = np.unique(log["customer_id"])
    place = np.arange(len(ids))
    score = np.where(place % 3 == 0, np.nan, 7.0 + place % 2)
    table = pd.DataFrame({"customer_id": ids, "channel": np.where(place % 2, "search", "social"), "score": score})
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="day", attributes=table)
    return log, table, history, (clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm))


@pytest.mark.slow
def test_the_trend_table_by_counting_rows(shop):
    log, table, history, models = shop
    rows = clv.trend_table(*models, history, period="91 days", by="channel").frame()
    log = log.merge(table, on="customer_id")
    back = (pd.Timestamp(history.observation_end) - pd.to_datetime(log["date"]).dt.normalize()).dt.days
    first = back.groupby(log["customer_id"]).transform("max")
    for channel in ("search", "social"):
        mine = log["channel"] == channel
        for column, start in (("now", 0), ("past", 91)):
            orders = log[mine & (back >= start) & (back < start + 91)].drop_duplicates(["customer_id", "date"])
            spent = log.loc[mine & (back >= start) & (back < start + 91), "amount"].sum()
            buyers = set(orders["customer_id"])
            before = set(log.loc[mine & (back >= start + 91) & (back < start + 182), "customer_id"])
            known = set(log.loc[mine & (first >= start + 91), "customer_id"])
            expected = {
                "order_value": spent / len(orders),
                "purchase_frequency": len(orders) / len(buyers),
                "stickiness": len(buyers & before) / len(before),
                "loyalty": len(buyers & known) / len(known),
            }
            values = rows[rows["channel"] == channel].set_index("measure")[column]
            assert values.to_dict() == pytest.approx(expected)
    assert set(rows["level"]) <= {"low", "middling", "high"}
    assert set(rows["direction"]) <= {"rising", "stable", "falling"}


@pytest.mark.slow
def test_what_the_log_does_not_cover_is_missing_in_the_trend_table(shop):
    _, _, history, models = shop
    rows = clv.trend_table(*models, history, period="400 days").frame().set_index("measure")
    assert rows["past"].isna().all()
    assert rows["now"].isna().to_dict() == {name: name == "stickiness" for name in rows.index}
    with pytest.raises(InvalidOption, match="the log must cover it"):
        clv.trend_table(*models, history, period="800 days")


@pytest.mark.slow
def test_the_board_and_the_efficiency_of_channels_by_hand(shop):
    _, table, history, models = shop
    costs = clv.Costs(acquisition={"channel": {"search": 20.0, "social": 10.0}})
    economics = clv.unit_economics(*models, history, costs=costs, by="channel", **TERMS)
    targets = {"cac": 15.0, "satisfaction": 7.5}
    board = clv.kpi_board(economics, targets=targets, history=history, satisfaction="score")
    rows = board.frame().set_index(["channel", "kpi"])
    for channel, cac in (("search", 20.0), ("social", 10.0)):
        mean = table.loc[table["channel"] == channel, "score"].mean()
        assert rows.loc[(channel, "satisfaction"), "current"] == pytest.approx(mean)
        assert rows.loc[(channel, "cac"), ["current", "distance", "reached"]].tolist() == [cac, cac - 15, cac <= 15]
        assert rows.loc[(channel, "roi"), "reached"] is None
    assert "cac (search)" in board.text
    shares = clv.channel_efficiency(economics)
    assert shares[["share_of_cost", "share_of_value", "share_of_customers"]].sum().tolist() == pytest.approx([1, 1, 1])
    assert shares["cost_to_move"].sum() == pytest.approx(0)
    assert shares["efficiency"].is_monotonic_decreasing


@pytest.mark.slow
def test_invalid_targets_are_refused(shop):
    _, _, history, models = shop
    economics = clv.unit_economics(*models, history, costs=clv.Costs(), by="channel", **TERMS)
    for options, message in (
        ({"targets": {"cacs": 1.0}}, "the figures are clv, cac"),
        ({"targets": {"cac": "low"}}, "must be numbers"),
        ({"targets": {"repeat_share": 0.5}}, "needs history="),
        ({"targets": {}, "satisfaction": "score"}, "pass history= too"),
        ({"targets": {}, "history": history, "satisfaction": "scores"}, "is not an attribute"),
    ):
        with pytest.raises(InvalidOption, match=message):
            clv.kpi_board(economics, **options)
    with pytest.raises(InvalidRFM, match="not numbers"):
        clv.kpi_board(economics, targets={}, history=history, satisfaction="channel")
    with pytest.raises(InvalidOption, match="Nothing was spent on acquisition"):
        clv.channel_efficiency(economics)


@pytest.mark.slow
def test_a_channel_that_fell_is_flagged_against_the_year_before_and_a_common_shock_is_not(shop):
    log, table, _, _ = shop
    recent = log["date"].astype(str) >= "2023-10-02"
    search = log["customer_id"].isin(table.loc[table["channel"] == "search", "customer_id"])
    for falls, flagged in ((recent & search, True), (recent, False)):
        changed = log.assign(amount=np.where(falls, 0.25, 1.0) * log["amount"])
        history = clv.KnownHistory.from_log(changed, amount="amount", time_unit="day", attributes=table)
        flags = clv.flag_changes_last_year(history, by="channel", draws=200).frame()
        assert not flags["flagged"][0]
        assert flags["flagged"][1:].any() == flagged
        back = (pd.Timestamp(history.observation_end) - pd.to_datetime(changed["date"]).dt.normalize()).dt.days
        assert flags["actual"][0] == pytest.approx(changed["amount"][back < 91].sum())
        assert flags["expected"][0] == pytest.approx(changed["amount"][(back >= 364) & (back < 455)].sum())


@pytest.mark.slow
def test_flags_need_a_year_before(shop):
    log, table, _, _ = shop
    short = log[log["date"].astype(str) < "2022-12-31"]
    history = clv.KnownHistory.from_log(short, amount="amount", time_unit="day", attributes=table)
    with pytest.raises(InvalidOption, match="needs a log of 65 weeks, and this one has 52"):
        clv.flag_changes_last_year(history, by="channel")
    with pytest.raises(InvalidOption, match="weeks=60"):
        clv.flag_changes_last_year(history, by="channel", weeks=60)
