"""A job that names another forecaster than its champion says so."""

from __future__ import annotations

import pytest

import clvmodels as clv

CODE = "score-other-forecaster"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    clv.datasets.load_cdnow(sample=True).to_csv(folder / "orders.csv", index=False)
    clv.fit_job(job_of(folder, {}), "1997-09-30")
    return folder


def job_of(folder, models):
    sections = {
        "source": {"path": str(folder / "orders.csv")},
        "models": models,
        "registry": {"folder": str(folder / "models")},
        "sinks": [{"store": "parquet", "path": str(folder / "scores.parquet")}],
    }
    return clv.read_job(None, sections)


@pytest.mark.parametrize(
    ("models", "text"),
    [
        (
            {"forecaster": "best"},
            (
                'the job has models.forecaster = "best", but the model that scores was fitted with "process": fit the '
                'job again to score with "best", or set models.forecaster = "process"'
            ),
        ),
        (
            {"purchases": "pareto_nbd"},
            (
                'the job has models.purchases = "pareto_nbd", but the model that scores was fitted with "mbgnbd": fit '
                'the job again to score with "pareto_nbd", or set models.purchases = "mbgnbd"'
            ),
        ),
        ({"forecaster": "process", "purchases": "mbgnbd"}, None),
        ({"include_first_transaction": False}, None),
        ({}, None),
    ],
)
def test_a_job_that_names_another_forecaster_than_its_champion_says_so(folder, models, text):
    done = clv.score_job(job_of(folder, models), "1997-10-31", dry_run=True)
    cautions = [finding.text for finding in done.findings if finding.code == CODE]
    assert cautions == ([] if text is None else [text])


def test_the_check_of_a_job_says_so_too(folder):
    parts = clv.check_job(job_of(folder, {"forecaster": "boosted_trees"}), "1997-10-31").parts
    states = [(part.state, "models.forecaster" in part.text) for part in parts if part.part == "model"]
    assert states == [("WARN", True)]
