"""The job file that `clv init --report` writes has the forecaster that the report's findings recommend."""

from __future__ import annotations

import tomllib

import pytest

from clvmodels.errors import InvalidOption
from clvmodels.scoring.config.job import template
from clvmodels.scoring.config.proposed import job_file, proposed_models, read_report


def report(*forecasters, reference="mbgnbd"):
    findings = [{"code": "verdict-recommend", "figures": {"forecaster": name}} for name in forecasters]
    other = {"code": "verdict-visible", "figures": {}}
    return {"facts": {"reference": reference}, "verdict": [{"findings": [other]}, {"findings": findings}]}


@pytest.mark.parametrize(
    ("forecasters", "models"),
    [
        (["best"], {"forecaster": "best"}),
        (["pareto_nbd", "blend_learned_total"], {"forecaster": "best"}),
        (["own_rate", "pareto_nbd+gamma_gamma"], {"forecaster": "process", "purchases": "pareto_nbd"}),
        (["own_rate"], {"forecaster": "process", "purchases": "mbgnbd"}),
        ([], {"forecaster": "process", "purchases": "mbgnbd"}),
    ],
)
def test_what_was_recommended_is_proposed(forecasters, models):
    assert proposed_models(report(*forecasters)) == models
    settings, usual = tomllib.loads(job_file(models)), tomllib.loads(template())
    assert settings["models"] == usual["models"] | models
    assert settings | {"models": 0} == usual | {"models": 0}


def test_a_file_that_is_not_a_report_is_refused(tmp_path):
    for text in ("{}", "[]", "not JSON"):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(InvalidOption, match=r"does not have the numbers of a report: name the \.json file"):
            read_report(tmp_path / "other.json")
