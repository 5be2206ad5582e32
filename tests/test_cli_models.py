import pytest
from typer.testing import CliRunner

import clvmodels as clv
from clvmodels.cli import app
from clvmodels.errors import CLVError
from clvmodels.scoring.gates.result import GateResult
from clvmodels.scoring.gates.run_statistics import StatisticsCollector
from clvmodels.scoring.registry.registry import Registry, VersionRecord


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """A registry with a version that passed and one that a gate refused."""
    rfm = clv.rfm_summary(clv.datasets.load_cdnow(sample=True), observation_end="1997-09-30")
    model = clv.CustomerModel(clv.BGNBD()).fit(rfm)
    registry = Registry(tmp_path_factory.mktemp("registry") / "models")
    record = VersionRecord(
        source="a1",
        packages={"numpy": "2.0"},
        certificates=(model.purchases.certificate(),),
        evidence=StatisticsCollector.of(rfm).summarize("1997-09-30", rfm.clock.last_tick("1997-09-30")),
        holdout=({"forecast": "BG/NBD", "quantity": "purchases", "bias": -0.121, "rmse": 1.6, "gini": None},),
    )
    refused = GateResult(gate="parameters", passed=False, text="r [is] far away.")
    names = [
        registry.add(model, record, made="2026-11-01").name,
        registry.add(model, record.model_copy(update={"gates": (refused,)}), made="2026-11-02").name,
    ]
    return registry, names


def run(registry, *words):
    done = CliRunner().invoke(app, ["models", *words, "--registry", str(registry.path)], env={"COLUMNS": "160"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    return done.output


@pytest.mark.slow
def test_a_version_is_promoted_shown_and_rolled_back(registered):
    registry, (good, doubtful) = registered
    assert f"Champion: {good}" in run(registry, "promote", good[:6])
    assert "Gates had refused it (parameters)" in run(registry, "promote", doubtful)
    assert registry.moves()[-1].forced
    listed = run(registry, "list")
    assert all(text in listed for text in (good, doubtful, "champion", "1997-09-30", "promote (forced)"))
    shown = run(registry, "show")
    assert all(text in shown for text in (doubtful, "BG/NBD: converged", "r [is] far away.", "-0.121", "numpy 2.0"))
    assert f"Champion: {good}" in run(registry, "rollback")
    assert good in run(registry, "show", good)


@pytest.mark.slow
def test_a_missing_version_or_registry_is_one_error(registered, tmp_path):
    registry, _ = registered
    with pytest.raises(CLVError, match="no version is called 'zzz'"):
        run(registry, "promote", "zzz")
    with pytest.raises(CLVError, match="There is no registry"):
        run(Registry(tmp_path / "none"), "list")
    empty = Registry(tmp_path)
    assert "No version" in run(empty, "list")
    with pytest.raises(CLVError, match="no champion yet"):
        run(empty, "show")
