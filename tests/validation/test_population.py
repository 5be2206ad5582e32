"""What fits show about the population: customers who hardly differ, models that are one, cohorts that differ."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from clvmodels.estimators.purchases import BGNBD, MBGNBD, NBD, GGompertzNBD, ParetoNBD
from clvmodels.language import as_text
from clvmodels.simulate import simulate_log
from clvmodels.transactions.holdout import holdout_split
from clvmodels.transactions.summary import rfm_summary
from clvmodels.validation.backtest.backtest import backtest
from clvmodels.validation.backtest.validate import validate
from clvmodels.validation.comparison.compare import compare
from clvmodels.validation.comparison.population import population_findings
from clvmodels.validation.tables.calibration import cohort_trend

STEADY = {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.5}


def rfm_of(*logs):
    logs = [log.assign(customer_id=log["customer_id"].astype(str) + f"/{i}") for i, log in enumerate(logs)]
    return rfm_summary(pd.concat(logs, ignore_index=True), time_unit="week")


def findings_of(rfm, *models):
    return {finding.code: finding for finding in population_findings([model.fit(rfm) for model in models], rfm)}


@pytest.mark.slow
def test_customers_who_hardly_differ_are_reported():
    log = simulate_log(1500, {"r": 60.0, "alpha": 300.0}, process="nbd", random_state=1)
    finding = findings_of(rfm_of(log), NBD())["compare-customers-alike"]
    assert finding.figures["variation"] == pytest.approx(60**-0.5, abs=0.05)
    assert "Customers hardly differ: in NBD, purchase rates vary by" in finding.text


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_reported_of_a_steady_population(seed):
    assert findings_of(rfm_of(simulate_log(1200, STEADY, process="mbgnbd", random_state=seed)), MBGNBD()) == {}


@pytest.mark.slow
def test_models_that_ended_at_one_limit_are_one():
    """The fits are moved to the limit, where each is NBD; two models elsewhere are two."""
    rfm = rfm_of(simulate_log(400, {"r": 0.8, "alpha": 9.0}, process="nbd", random_state=5))
    nbd, models = NBD().fit(rfm), [BGNBD().fit(rfm), MBGNBD().fit(rfm)]
    for model in models:
        place = [at.name for at in model.process.parametrization.coordinates].index("logit mean dropout probability")
        u = model.fit_.coordinates.copy()
        u[place] = model.process.parametrization.coordinates[place].lower.at
        model.fit_ = replace(model.fit_, coordinates=u, log_likelihood=nbd.fit_.log_likelihood, status="boundary")
    (finding,) = [each for each in population_findings([*models, nbd], rfm) if each.code == "compare-same-model"]
    assert finding.figures["forecasters"] == ["bgnbd", "mbgnbd"]
    assert finding.text.startswith("BG/NBD and MBG/NBD ended at the same limit, where nobody leaves")
    comparison = compare(rfm, [*models, nbd])
    assert sorted(comparison.table["forecaster"]) == ["bgnbd", "mbgnbd", "nbd"]
    assert set(comparison.shown()["model"]) == {"BG/NBD = MBG/NBD", "NBD"}  # people read one row
    models[1].fit_ = replace(models[1].fit_, log_likelihood=nbd.fit_.log_likelihood + 1)
    assert "compare-same-model" not in {each.code for each in population_findings([*models, nbd], rfm)}


@pytest.mark.slow
def test_models_are_one_at_other_limits_if_they_expect_the_same_of_each_customer():
    """GGompertz/NBD without aging is Pareto/NBD, and both can end where some customers leave at once."""
    rfm = rfm_of(simulate_log(300, {"r": 0.8, "alpha": 8.0}, process="nbd", random_state=5))
    pareto, mbg = ParetoNBD().fit(rfm), MBGNBD().fit(rfm)
    twin = GGompertzNBD().fit(rfm)
    assert pareto.fit_.status == twin.fit_.status == "boundary"
    (finding,) = [each for each in population_findings([mbg, pareto, twin], rfm) if each.code == "compare-same-model"]
    assert finding.figures["forecasters"] == ["pareto_nbd", "ggompertz_nbd"]
    assert "Pareto/NBD = GGompertz/NBD" in set(compare(rfm, [mbg, pareto, twin]).shown()["model"])


@pytest.mark.slow
@pytest.mark.parametrize(("rates", "word"), [((3.0, 12.0), "less"), ((12.0, 3.0), "more")])
def test_rates_that_change_by_cohort_are_reported(rates, word):
    earlier, later = (
        simulate_log(
            800, STEADY | {"alpha": alpha}, process="mbgnbd", start=f"2020-{month}-01", last_arrival=f"2020-{month}-28"
        )
        for alpha, month in zip(rates, ("01", "07"), strict=True)
    )
    finding = findings_of(rfm_of(earlier, later), MBGNBD())["compare-cohorts-differ"]
    assert f"Customers acquired later buy {word} often" in finding.text
    assert (finding.figures["later"] < finding.figures["earlier"]) == (word == "less")


@pytest.mark.slow
def test_backtests_and_validations_report_cohorts_that_differ():
    """Once, at the last cutoff; a report shows the findings of a backtest as cautions."""
    parts = [
        simulate_log(
            600, STEADY | {"alpha": alpha}, process="mbgnbd", start=f"2020-{month}-01", last_arrival=f"2020-{month}-28"
        ).assign(customer_id=lambda rows, month=month: rows["customer_id"].astype(str) + month)
        for alpha, month in ((12.0, "01"), (3.0, "06"))
    ]
    log = pd.concat(parts, ignore_index=True)
    options = {"time_unit": "week", "boosted_trees": False}
    test = backtest(log, [MBGNBD()], cutoffs=["2020-08-31", "2020-09-30"], horizons="8 weeks", **options)
    check = validate(holdout_split(log, time_unit="week", calibration_end="2020-09-30"), [MBGNBD()])
    for result in (test, check):
        (finding,) = [each for each in result.findings if each.code == "compare-cohorts-differ"]
        assert finding.figures["direction"] == "more"


def groups(ratios, rmse=1.0):
    rows = [("cohort", f"2024 Q{i + 1}", 400, 200.0, 200.0 * ratio, rmse) for i, ratio in enumerate(ratios)]
    return pd.DataFrame(rows, columns=["by", "group", "customers", "predicted", "actual", "rmse"])


def test_a_trend_over_cohorts_by_hand():
    """Equal weights of 200^2/400 = 100: for ratios 1.4, 1, .6 the slope is -.4, its error 1/sqrt(100 x 2) = .07."""
    finding = cohort_trend(groups([1.4, 1.0, 0.6]))
    assert finding.figures == {
        "cohorts": 3,
        "change": pytest.approx(-0.8),
        "direction": "fewer",
        "first": "2024 Q1",
        "last": "2024 Q3",
    }
    assert "actual purchases fall by −80" in as_text([finding])
    assert cohort_trend(groups([1.1, 1.0, 0.9])) is None  # 1.4 standard errors
    assert cohort_trend(groups([1.4, 0.6])) is None  # two cohorts have no trend
    assert cohort_trend(groups([1.02, 1.0, 0.98], rmse=0.01)) is None  # certain, but it does not matter
