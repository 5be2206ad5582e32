"""Tiers, stages, scores and actions in a job's table: they follow the night before, and a replay gives the same."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidJob, InvalidOption, InvalidTable
from clvmodels.language import Finding
from clvmodels.scoring.config.job import job_from
from clvmodels.scoring.gates.limits import Gates
from clvmodels.scoring.gates.tier_gates import TierCounts, check_tiers
from clvmodels.scoring.run.decision_columns import columns_of_job
from clvmodels.scoring.run.decisions import log_cautions
from clvmodels.scoring.stores import published_parts

NAMES = ["gold", "silver", "bronze", "basic"]
DAYS = ("1997-10-01", "1997-10-15", "1997-10-31")
PLAYBOOK = pd.DataFrame(
    {
        "segment": ["dormant", "won back", "overdue"],
        "action": ["call", "thank", "mail"],
        "channel": ["phone", "mail", "mail"],
        "contact_cost": [0.5, 0.1, 0.1],
        "extra_orders": [0.2, 0.1, 0.1],
    }
)


def settings(folder, **changes):
    return {
        "source": {"path": str(folder / "orders.csv")},
        "columns": {"amount": "amount"},
        "customers": {"path": str(folder / "customers.csv"), "attributes": ["late"]},
        "predictions": {"horizons": ["12 months"], "margin": 0.35, "draws": 20, "next_purchase": True},
        "tiers": {"names": NAMES, "probability": True},
        "stages": {},
        "scorecard": {"path": str(folder / "scorecard.json")},
        "actions": {"playbook": str(folder / "playbook.csv"), "budget": 20.0, "caps": {"phone": 15}},
        "registry": {"folder": str(folder / "models")},
        "run": {"folder": str(folder / "runs")},
        "sinks": [{"store": "parquet", "path": str(folder / "scores"), "partitioned": True}],
    } | changes


@pytest.fixture(scope="module")
def home(tmp_path_factory, sample):
    """A folder with a job's files, its model, and the tables of three nights."""
    folder = tmp_path_factory.mktemp("job")
    sample.to_csv(folder / "orders.csv", index=False)
    ids = sample["customer_id"].unique()
    late = pd.DataFrame({"customer_id": [*ids, 999_999], "late": [*(ids % 30), 0]})
    late.to_csv(folder / "customers.csv", index=False)
    PLAYBOOK.to_csv(folder / "playbook.csv", index=False)
    indicators = [
        clv.Indicator("lifetime_value", "future"),
        clv.Indicator("frequency", "loyalty"),
        clv.Indicator("late", "credit", direction="lower"),
    ]
    rows = late.assign(lifetime_value=late["customer_id"] % 7, frequency=late["customer_id"] % 3)
    clv.scorecard(rows, indicators).definition.save(folder / "scorecard.json")
    clv.fit_job(job_from(settings(folder)), "1997-09-30")
    return folder


@pytest.fixture(scope="module")
def nights(home):
    job = job_from(settings(home))
    return [clv.score_job(job, day) for day in DAYS]


def table(folder, run_id=None):
    return pl.read_parquet(published_parts(folder / "scores", run_id)).to_pandas()


@pytest.mark.slow
def test_every_column_of_the_data_dictionary_is_in_the_table(home, nights):
    rows = table(home)
    job = job_from(settings(home))
    assert list(rows) == [column.name for column in columns_of_job(job)]
    buyers = rows[~rows["not_yet_bought"]]
    decided = [
        "tier_today",
        "tier_assigned",
        "tier_change",
        "tier_probability",
        "stage",
        "scorecard_score",
        "action_group",
    ]
    assert not buyers[decided].isna().any().any()
    assert rows.loc[rows["not_yet_bought"], decided].isna().all().all()  # a prospect has no tier
    assert buyers["tier_probability"].between(0, 1).all()
    assert buyers["scorecard_score"].between(0, 100).all()
    assert set(buyers["action_group"]) <= {"act", "control", "no action"}
    acted = buyers[buyers["action_group"] == "act"]
    assert 0 < acted["action_cost"].sum() <= 20
    assert (acted["action_channel"] == "phone").sum() <= 15
    assert nights[-1].manifest.evidence.totals["action_cost"] == pytest.approx(acted["action_cost"].sum())


@pytest.mark.slow
def test_tiers_and_stages_are_those_of_the_functions(home, nights):
    """A night is `tiers` and `stages` with the tables of the night before."""
    before, after = (table(home, night.manifest.run_id) for night in nights[1:])
    before, after = (rows[~rows["not_yet_bought"]] for rows in (before, after))
    column = "lifetime_value_12_months"
    expected = clv.tiers(after[["customer_id", column]], column=column, names=NAMES, published=before)
    assert list(expected.columns["tier_assigned"]) == after["tier_assigned"].tolist()
    assert list(expected.columns["change"]) == after["tier_change"].tolist()
    model, rfm = nights[-1].model, nights[-1].rfm[:-1]
    stages = clv.stages(model.purchases, rfm, published=before)
    assert list(stages.columns["stage"]) == after["stage"].tolist()
    counts = nights[-1].manifest.tiers
    assert counts.earlier_run == nights[1].manifest.run_id
    assert counts.before == len(before)
    assert (counts.risen, counts.fallen) == tuple(
        (after["tier_change"] == change).sum() for change in ("risen", "fallen")
    )
    assert counts.fallen < (after["tier_today"].to_numpy() != before["tier_assigned"].to_numpy()).sum()


@pytest.mark.slow
def test_monitoring_shows_how_customers_moved_between_tiers(home, nights, tmp_path):
    result = clv.monitor_job(job_from(settings(home)), until="1997-12-31", folder=tmp_path)
    history, pairs = result.monitoring.tiers, result.monitoring.tier_migration
    counts = [night.manifest.tiers for night in nights]
    assert history["as_of"].tolist() == list(DAYS)
    assert history["risen"].tolist() == [each.risen for each in counts]
    assert pairs["customers"].sum() == counts[-1].before
    stayed = pairs.loc[pairs["published"] == pairs["assigned"], "customers"].sum()
    assert (stayed, counts[-1].before - stayed) == (counts[-1].same, counts[-1].risen + counts[-1].fallen)
    (moved,) = [each for each in result.monitoring.findings if each.code == "monitor-tiers"]
    assert moved.figures["fallen"] == pytest.approx(counts[-1].fallen / counts[-1].before)
    page = (tmp_path / "monitoring.html").read_text(encoding="utf-8")
    assert "From the published tier (rows) to the tier of 1997-10-31 (columns)" in page
    document = json.loads((tmp_path / "monitoring.json").read_text(encoding="utf-8"))
    assert [row["fallen"] for row in document["tiers"]] == [each.fallen for each in counts]
    earlier = clv.monitor_job(job_from(settings(home)), until="1997-10-10", folder=tmp_path / "earlier").monitoring
    assert (len(earlier.tiers), len(earlier.tier_migration)) == (1, 0)  # the first night has nothing before it


@pytest.mark.slow
def test_a_replay_and_another_chunk_size_give_the_same(home, nights, tmp_path):
    assert clv.score_job(job_from(settings(home)), DAYS[-1]).published == ()
    elsewhere = settings(home) | {
        "run": {"folder": str(tmp_path / "runs"), "customers_at_once": 1},
        "sinks": [{"store": "sqlite", "path": str(tmp_path / "scores.sqlite"), "mode": "append"}],
    }
    again = [clv.score_job(job_from(elsewhere), day) for day in DAYS]
    assert [run.manifest.run_id for run in again] == [run.manifest.run_id for run in nights]
    with contextlib.closing(sqlite3.connect(tmp_path / "scores.sqlite")) as connection:
        rows = pd.read_sql_query(
            f"SELECT * FROM clv_scores WHERE as_of = '{DAYS[-1]}' ORDER BY customer_id", connection
        )
    expected = table(home)
    for name in ("tier_assigned", "tier_change", "stage", "action"):
        assert rows[name].fillna("").tolist() == expected[name].fillna("").tolist()
    filled = clv.score_job(job_from(settings(home)), "1997-10-20", backfill=True)
    assert filled.manifest.tiers.earlier_run == nights[1].manifest.run_id
    assert clv.score_job(job_from(settings(home)), DAYS[-1]).published == ()  # a backfill changes no later night


@pytest.mark.slow
def test_other_tiers_begin_anew_and_a_check_shows_the_gates(home, nights):
    other = job_from(settings(home) | {"tiers": {"rule": "cumulative_share"}})
    done = clv.score_job(other, "1997-11-01", dry_run=True)
    assert done.manifest.tiers.earlier_run is None
    assert done.manifest.tiers.new == done.manifest.customers - 1
    strict = job_from(settings(home) | {"gates": {"tier_falls": 1e-9, "tier_rises": "off"}})
    parts = {part.part: part for part in clv.check_job(strict, "1997-11-01").parts}
    assert "gate tiers" in parts
    assert "since the run as of 1997-10-31" in parts["tiers"].text
    playbook = home / "other.csv"
    PLAYBOOK.replace("dormant", "dormnt").to_csv(playbook, index=False)
    wrong = job_from(settings(home) | {"actions": {"playbook": str(playbook), "budget": 1.0}})
    with pytest.raises(InvalidTable, match="Did you mean 'dormant'"):
        clv.score_job(wrong, "1997-11-01", dry_run=True)
    with pytest.raises(InvalidOption, match=r"next_purchase, tiers, stages, scorecard, actions, which need"):
        clv.score_job_in_engine(other, "1997-11-01", engine="duckdb")  # which would leave their columns out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": {}}, r"\[tiers\]: needs values"),
        ({"tiers": {"horizon": "3 months"}}, "tiers.horizon: '3 months' is not one of '12 months'"),
        ({"tiers": {"names": ["one", "two"]}}, "2 names, but 3 boundaries"),
        ({"models": {"purchases": "bgnbd"}}, "'bgnbd' has no stages"),
        ({"stages": None}, r"needs the section \[stages\]"),
        ({"stages": {"lost_below": 0.5}}, "lost_below: must not be above dormant_below"),
        ({"scorecard": {"path": "nowhere.json"}}, "nowhere.json"),
        ({"actions": {"playbook": "nowhere.csv", "budget": 1.0}}, "there is no file 'nowhere.csv'"),
        ({"sinks": [{"path": "scores.parquet"}]}, "one sink must keep its runs"),
        ({"sinks": [{"path": "scores", "partitioned": True, "keep_runs": 1}]}, "keep at least 2 runs"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path, changes, message):
    document = settings(tmp_path, tiers={}, stages={}) | {"customers": {"path": "c.csv"}}
    for name in ("scorecard", "actions"):
        document.pop(name)
    if changes.get("stages", {}) is None:
        PLAYBOOK.to_csv(tmp_path / "playbook.csv", index=False)
        changes = {"actions": {"playbook": str(tmp_path / "playbook.csv"), "budget": 1.0}}
        document.pop("stages")
    with pytest.raises(InvalidJob, match=message):
        job_from(document | changes)


def test_the_gate_allows_for_those_who_bought():
    counts = TierCounts(
        earlier_run="1" * 16,
        earlier_as_of="2026-01-01",
        assigned={},
        today={},
        risen=9,
        fallen=4,
        same=87,
        bought_since=5,
    )
    results = check_tiers(Gates(), counts)
    assert [(result.gate, result.passed) for result in results] == [("tiers", True), ("tiers", True)]
    results = check_tiers(Gates(tier_rises=0.03, tier_falls=None), counts)
    assert [result.passed for result in results] == [False]
    assert results[0].text == (
        "9 of 100 customers with a tier as of 2026-01-01 rose to a better one: 9.00% (tier_rises limit 3.00% + 5.00% "
        "who bought since)."
    )
    assert check_tiers(Gates(), None) == check_tiers(Gates(), counts.model_copy(update={"earlier_as_of": None})) == ()


def test_a_run_warns_when_decisions_mean_something_else(caplog):
    log_cautions((Finding("plan-expired", {"rules": 1}, "caution"), Finding("plan-assumed", {}, "caution")))
    (record,) = caplog.records
    assert (record.levelname, record.event, record.facts["code"]) == ("WARNING", "caution", "plan-expired")
    assert record.getMessage() == "1 rule of the playbook was tested too long ago: test again"
