"""Segments and stages: complete and disjoint, made only from what the process can know, and checked on a holdout."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.decisions.segmenting.stages import gap_probability
from clvmodels.errors import InvalidOption, InvalidTable


@pytest.fixture(scope="module")
def split():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.holdout_split(log, amount="amount", time_unit="week", calibration_end="1997-09-30")


@pytest.fixture(scope="module")
def rfm(split):
    return split.calibration


@pytest.fixture(scope="module")
def process(rfm):
    return clv.MBGNBD().fit(rfm)


def test_every_pair_of_scores_is_in_one_segment_of_the_customary_grid(rfm):
    result = clv.rfm_segments(rfm)
    assert result.summary["customers"].sum() == len(rfm)
    assert set(result.columns["segment"]) <= set(result.names)
    scores = clv.rfm_scores(rfm)
    assert scores["rfm_sum"].between(3, 15).all()
    # Equal values have equal scores.
    assert (pd.Series(rfm.frequency).groupby(scores["frequency_score"]).nunique().sum()) == len({*rfm.frequency})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda grid: grid.drop(index=0), "2 pairs of scores are in no segment .first: 5 and 4, 5 and 5."),
        (lambda grid: pd.concat([grid, grid.head(1)]), "2 pairs of scores are in several segments"),
        (lambda grid: grid.assign(recency_to=6), r"they must be from 1 to 5"),
        (lambda grid: grid.drop(columns="segment"), "has no column 'segment'"),
    ],
)
def test_a_grid_with_gaps_or_overlaps_is_refused(rfm, change, message):
    with pytest.raises(InvalidTable, match=message):
        clv.rfm_segments(rfm, change(clv.rfm_grid()))


@pytest.mark.slow
def test_a_gap_is_as_likely_as_the_formula_of_the_gamma_mixed_poisson_process(rfm):
    few = rfm[::40]
    model = clv.ParetoNBD().fit(few)
    p = model.parameters_
    # While active, purchases are Poisson with a rate that is gamma distributed given the history.
    by_hand = ((p["alpha"] + few.recency) / (p["alpha"] + few.T)) ** (p["r"] + few.frequency)
    assert np.allclose(gap_probability(model, few), by_hand, rtol=1e-9)


def test_stages_are_complete_and_ordered_by_the_probability_of_being_active(rfm, process):
    result = clv.stages(process, rfm)
    frame = result.frame()
    assert result.summary["customers"].sum() == len(rfm)
    lost = frame["stage"] == "probably lost"
    assert (frame["probability_alive"] < 0.1).equals(lost)
    assert not (frame["gap_probability"] < 0.2)[frame["stage"].isin(["developing", "established"])].any()


@pytest.mark.slow
def test_customers_who_return_from_a_published_loss_are_won_back(rfm, process):
    frame = clv.stages(process, rfm).frame()
    published = frame.assign(stage="probably lost", frequency=frame["frequency"] - (frame.index < 3))
    again = clv.stages(process, rfm, published=published)
    assert (again.columns["stage"] == "won back").nonzero()[0].tolist() == [0, 1, 2]
    assert (
        clv.stages(process, rfm, published=published.iloc[3:]).summary.set_index("stage")["customers"]["won back"] == 0
    )


@pytest.mark.parametrize("model", [clv.BGNBD, clv.NBD])
def test_stages_need_a_process_in_which_one_time_buyers_may_have_left(rfm, model):
    with pytest.raises(InvalidOption, match="customers who bought once cannot have left"):
        clv.stages(model(), rfm)


def test_levels_of_stages_are_probabilities(rfm, process):
    with pytest.raises(InvalidOption, match="overdue_below=0 must be a probability"):
        clv.stages(process, rfm, overdue_below=0)
    with pytest.raises(InvalidOption, match="must not be above dormant_below"):
        clv.stages(process, rfm, lost_below=0.4)


def test_shares_of_later_spend_add_up_and_match_the_ranking_itself(split):
    past = pd.DataFrame({"customer_id": split.calibration.customer_id.to_list(), "past": split.past_spend})
    tiers = clv.tiers(past, column="past")
    check = clv.validate_segments(tiers.frame(), split, column="tier_today", order=["A", "B", "C", "D"])
    assert np.isclose(check.table["share"].sum(), 1)
    assert np.allclose(check.table["share"], check.table["share_past_spend"], atol=0.01)  # ties at boundaries
    assert (check.table["share_lower"] < check.table["share"]).all()
    assert check.findings[0].code == "segments-checked"
    by_default = clv.validate_segments(tiers.frame(), split, column="tier_today")
    assert by_default.table["segment"].tolist() == ["A", "B", "C", "D"]


def test_segments_of_other_customers_and_wrong_orders_are_refused(split):
    frame = clv.rfm_segments(split.calibration).frame()
    with pytest.raises(InvalidTable, match="2,356 of 2,357 customers of the holdout have no segment"):
        clv.validate_segments(frame.head(1), split, column="segment")
    with pytest.raises(InvalidOption, match="must name each segment once"):
        clv.validate_segments(frame, split, column="segment", order=["champions"])


def test_heavy_middle_and_light_buyers_are_complete_and_ties_are_not_split(rfm):
    result = clv.volume_segments(rfm)
    frame = result.frame()
    assert result.summary["customers"].sum() == len(rfm)
    assert (frame.groupby("purchases")["segment"].nunique() == 1).all()  # as many purchases, the same segment
    lightest = frame.groupby("segment")["purchases"].agg(["min", "max"])
    assert lightest.loc["heavy", "min"] > lightest.loc["middle", "max"] > lightest.loc["light", "max"]
    held = frame.groupby("segment")["purchases"].sum() / frame["purchases"].sum()
    assert result.summary["share_of_purchases"].tolist() == pytest.approx([held[name] for name in result.names])
    limits = clv.volume_segments(rfm, rule="thresholds", boundaries=[5, 2], names=["a", "b", "c"]).frame()
    assert limits.loc[limits["purchases"] >= 5, "segment"].eq("a").all()
    alike = rfm[rfm.frequency == 0]
    assert clv.volume_segments(alike).summary["customers"].max() == len(alike)  # all alike: one segment


def test_new_repeat_and_lapsed_customers_are_those_of_their_dates():
    log = pd.DataFrame(
        {
            "customer_id": ["new", "new", "repeat", "repeat", "lapsed", "lapsed", "edge"],
            "date": ["2025-11-01", "2025-12-01", "2024-01-01", "2025-06-01", "2024-01-01", "2024-06-01", "2025-01-01"],
        }
    )
    rfm = clv.rfm_summary(log, observation_end="2026-01-01")
    segments = clv.status_segments(rfm, period="365 days").frame().set_index("customer_id")["segment"].to_dict()
    assert segments == {"new": "new", "repeat": "repeat", "lapsed": "lapsed", "edge": "lapsed"}  # 365 days is too long
    with pytest.raises(InvalidOption, match="longer than 0"):
        clv.status_segments(rfm, period=0)


@pytest.mark.slow
def test_each_stage_has_its_kpi_and_prospects_are_those_who_have_not_bought(process, rfm):
    stages = clv.stages(process, rfm, horizon="13 weeks")
    frame = stages.frame()
    expected = np.asarray(process.expected_purchases(rfm, "13 weeks")["expected_purchases"])
    kpis = stages.summary.set_index("stage")["kpi_value"]
    assert kpis["established"] == pytest.approx(expected[frame["stage"] == "established"].mean())
    assert kpis["probably lost"] < 0.1
    listed = pd.DataFrame({"customer_id": [*rfm.customer_id.to_list()[:30], *range(10**6, 10**6 + 70)]})
    four = clv.relationship_stages(process, rfm, prospects=listed, horizon="13 weeks")
    summary = four.summary.set_index("stage")
    assert summary.index.tolist() == ["attract", "acquire", "manage", "retain"]
    assert summary["customers"].sum() == len(rfm) + 70 == len(four.frame())
    assert (summary.loc["attract", "customers"], summary.loc["attract", "kpi_value"]) == (70, 0.3)
    rows = four.frame().head(len(rfm))["stage"]
    assert (rows[rfm.frequency == 0] != "manage").all()
    assert rows[frame["stage"].isin(["overdue", "dormant", "probably lost"])].eq("retain").all()
    assert clv.relationship_stages(process, rfm).summary["customers"].iloc[0] == 0
