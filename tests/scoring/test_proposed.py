"""The job file that `clv init` writes has the columns of a log, and the forecaster that suits it or is recommended."""

from __future__ import annotations

import tomllib

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.scoring.config.job import read_job, template
from clvmodels.scoring.config.proposed import job_file, proposed_models, proposed_settings, read_report


def report(*forecasters, reference="mbgnbd"):
    findings = [{"code": "verdict-recommend", "figures": {"forecaster": name}} for name in forecasters]
    other = {"code": "verdict-visible", "figures": {}}
    return {"facts": {"reference": reference}, "verdict": [{"findings": [other]}, {"findings": findings}]}


@pytest.mark.parametrize(
    ("forecasters", "models"),
    [
        (["best"], {"forecaster": "best"}),
        (["pareto_nbd", "blend_learned_total+gamma_gamma"], {"forecaster": "blend_learned_total"}),
        (["boosted_trees", "blend"], {"forecaster": "best"}),
        (["own_rate", "pareto_nbd+gamma_gamma"], {"forecaster": "process", "purchases": "pareto_nbd"}),
        (["own_rate"], {"forecaster": "process", "purchases": "mbgnbd"}),
        ([], {"forecaster": "process", "purchases": "mbgnbd"}),
    ],
)
def test_what_was_recommended_is_proposed(forecasters, models):
    assert proposed_models(report(*forecasters)) == models
    settings, usual = tomllib.loads(job_file({"models": models})), tomllib.loads(template())
    assert settings["models"] == usual["models"] | models
    assert settings | {"models": 0} == usual | {"models": 0}


def test_a_file_that_is_not_a_report_is_refused(tmp_path):
    for text in ("{}", "[]", "not JSON"):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(InvalidOption, match=r"is not the JSON of a report: pass the \.json file"):
            read_report(tmp_path / "other.json")


@pytest.mark.slow
@pytest.mark.parametrize(("ids", "formats"), [("Kunde", "%d.%m.%Y"), ("客户ID", None)])
def test_columns_and_models_that_suit_a_log_are_proposed(tmp_path, ids, formats):
    log = clv.datasets.load_cdnow(sample=True)[["customer_id", "date", "quantity", "amount"]]
    if formats is not None:
        log["date"] = pd.to_datetime(log["date"]).dt.strftime(formats)
    log.rename(columns={"customer_id": ids}).to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "jobs").mkdir()
    settings, remarks = proposed_settings(tmp_path / "orders.csv", tmp_path / "jobs")
    (tmp_path / "jobs" / "job.toml").write_text(job_file(settings), encoding="utf-8")
    job = read_job(tmp_path / "jobs" / "job.toml")
    assert (job.columns.customer_id, job.columns.date, job.columns.amount) == (ids, "date", "amount")
    assert job.source.path.resolve() == (tmp_path / "orders.csv").resolve()
    assert job.cleaning.date_format == formats
    assert job.models.forecaster == "best"
    assert "78 weeks" in remarks[0]


def test_line_items_get_rules(tmp_path):
    lines = "order_id,customer_id,date,quantity,price,status\n"
    lines += "".join(f"{i},{i % 4},2025-0{1 + i % 9}-11,1,{10 + i}.5,paid\n" for i in range(40))
    (tmp_path / "lines.csv").write_text(lines, encoding="utf-8")
    settings, remarks = proposed_settings(tmp_path / "lines.csv", tmp_path)
    (tmp_path / "job.toml").write_text(job_file(settings), encoding="utf-8")
    job = read_job(tmp_path / "job.toml")
    assert job.columns.amount is None
    assert (job.columns.price, job.columns.order_id, job.columns.status) == ("price", "order_id", "status")
    assert job.cleaning.rules is not None
    assert "clv clean --columns auto" in remarks[0]


def test_without_a_customer_or_a_date_columns_are_named_by_hand(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\nx,y\n", encoding="utf-8")
    with pytest.raises(InvalidOption, match=r"no column looks like customer_id or date; it has 'a', 'b'"):
        proposed_settings(tmp_path / "other.csv", tmp_path)


def test_the_template_stays_as_it_is_without_settings():
    assert job_file({}) == template()
