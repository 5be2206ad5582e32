"""Verdicts of the cross-check on made-up results: which side is right, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clvmodels.inference.statistics import CountedRows
from clvmodels.language import Finding
from clvmodels.processes import bgnbd
from clvmodels.validation.crosscheck.agreement import CrosscheckInputs, judge
from clvmodels.validation.crosscheck.lifetimes_process import LifetimesResult, run_lifetimes
from clvmodels.validation.crosscheck.numerical_integration import third_computation

OURS = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
ROWS = [np.array([0.0, 2.0, 7.0]), np.array([0.0, 30.0, 35.0]), np.array([38.0, 38.0, 39.0])]
COUNTS = np.array([50.0, 3.0, 1.0])
HORIZON = 39.0


def bgnbd_results(parameters):
    """Return the log-likelihood and the predictions of BG/NBD for the rows."""
    p = bgnbd.Parameters(**{name: np.float64(value) for name, value in parameters.items()})
    return (
        bgnbd.log_likelihood(p, *ROWS),
        {
            "probability_alive": bgnbd.probability_alive(p, *ROWS),
            "expected_purchases": bgnbd.PROCESS.expected_purchases(p, HORIZON, *ROWS),
        },
    )


@pytest.fixture
def inputs():
    """Both sides have the same results."""
    likelihood, predictions = bgnbd_results(OURS)
    values = {f"{name} at_ours": value for name, value in predictions.items()}
    values |= {f"log_likelihood {point}": likelihood for point in ("at_ours", "at_lifetimes")}
    return CrosscheckInputs(
        process="bgnbd",
        title="BG/NBD",
        statistics=("frequency", "recency", "T"),
        parameters=OURS,
        lifetimes=LifetimesResult("0.11.3", OURS, values, {}),
        rows=ROWS,
        counts=COUNTS,
        share=1.0,
        log_likelihood={"at_ours": likelihood, "at_lifetimes": likelihood},
        sample=ROWS,
        predictions=predictions,
        horizon=HORIZON,
    )


def with_lifetimes_values(inputs, **values):
    """Return the inputs with other values of lifetimes."""
    result = inputs.lifetimes
    return replace(inputs, lifetimes=replace(result, values=result.values | values))


def with_other_optimum(inputs, shift):
    """Return the inputs as if the search of lifetimes had ended where both log-likelihoods are higher by `shift`."""
    likelihood = inputs.log_likelihood["at_ours"] + shift / COUNTS.sum()
    other = with_lifetimes_values(inputs, **{"log_likelihood at_lifetimes": likelihood})
    return replace(other, log_likelihood=inputs.log_likelihood | {"at_lifetimes": likelihood})


def test_both_agree(inputs):
    verdict = judge(inputs)
    assert verdict.agrees
    assert verdict.right == "both"
    assert verdict.text.startswith("BG/NBD: lifetimes 0.11.3 agrees: its own search ends at")


def test_its_search_stopped_early(inputs):
    verdict = judge(with_other_optimum(inputs, -0.31))
    assert verdict.right == "ours"
    assert "our parameters are better by 0.31 by its own likelihood" in verdict.text
    assert "its search stopped early" in verdict.text
    assert judge(with_other_optimum(inputs, -0.009)).agrees, "no data can tell these apart"


def test_the_model_is_not_a_maximum(inputs):
    verdict = judge(with_other_optimum(inputs, 2.0))
    assert verdict.right == "lifetimes"
    assert "this model is not a maximum for these customers" in verdict.text
    with_prior = judge(replace(with_other_optimum(inputs, 2.0), reasons=(Finding("crosscheck-prior"),)))
    assert with_prior.right == "undecided"
    assert "which is possible because the model was fitted with a prior" in with_prior.text


def test_sampling_explains_a_little_more_likelihood(inputs):
    assert judge(replace(with_other_optimum(inputs, 2.0), share=0.1)).agrees
    # Half the 99.99 % point of chi-squared with 4 degrees of freedom, 23.5 (R: qchisq(.9999, 4)), times 0.9: 10.6.
    assert judge(replace(with_other_optimum(inputs, 10.5), share=0.1)).agrees
    assert judge(replace(with_other_optimum(inputs, 10.7), share=0.1)).right == "lifetimes"
    assert judge(replace(with_other_optimum(inputs, -0.31), share=0.1)).right == "ours"


@pytest.mark.slow
def test_a_wrong_prediction_is_decided_by_the_third_computation(inputs):
    wrong = inputs.predictions["expected_purchases"] * np.array([1.0, 1.0, 1.01])
    verdict = judge(with_lifetimes_values(inputs, **{"expected_purchases at_ours": wrong}))
    assert verdict.right == "ours"
    assert "expected purchases of 1 of 3 customers differ" in verdict.text
    assert "frequency 7, recency 35 and T 39" in verdict.text
    assert "averaged numerically over how customers differ" in verdict.text
    turned = judge(replace(inputs, predictions=inputs.predictions | {"expected_purchases": wrong}))
    assert turned.right == "lifetimes"
    assert "where lifetimes' is right" in turned.text
    both = judge(
        with_lifetimes_values(
            replace(inputs, predictions=inputs.predictions | {"expected_purchases": wrong}),
            **{"expected_purchases at_ours": wrong * 1.01},
        )
    )
    assert both.right == "undecided"
    assert "does not decide between them" in both.text


@pytest.mark.slow
def test_a_missing_prediction_is_reported(inputs):
    missing = np.array([np.nan, 1.0, 1.0]) * inputs.predictions["expected_purchases"]
    verdict = judge(with_lifetimes_values(inputs, **{"expected_purchases at_ours": missing}))
    assert verdict.right == "ours"
    assert "lifetimes' being missing or infinite for 1" in verdict.text


@pytest.mark.slow
def test_each_side_may_be_right_in_part(inputs):
    missing = np.array([np.nan, 1.0, 1.0]) * inputs.predictions["expected_purchases"]
    verdict = judge(with_lifetimes_values(with_other_optimum(inputs, 2.0), **{"expected_purchases at_ours": missing}))
    assert verdict.right == "each in part"


@pytest.mark.slow
def test_what_the_third_computation_cannot_compute_stays_undecided(inputs):
    spread = OURS | {"a": 1e-6}
    likelihood, predictions = bgnbd_results(spread)
    missing = np.full(3, np.nan)
    values = {f"log_likelihood {point}": likelihood for point in ("at_ours", "at_lifetimes")}
    values |= {
        "probability_alive at_ours": predictions["probability_alive"],
        "expected_purchases at_ours": missing,
    }
    verdict = judge(
        replace(
            inputs,
            parameters=spread,
            lifetimes=LifetimesResult("0.11.3", spread, values, {}),
            log_likelihood={"at_ours": likelihood, "at_lifetimes": likelihood},
            predictions=predictions,
        )
    )
    assert verdict.right == "undecided"
    assert "cannot be computed here" in verdict.text


def test_a_failure_of_the_fit_leaves_the_other_comparisons(inputs):
    failures = {"fit": "ConvergenceError: no"}
    result = replace(inputs.lifetimes, parameters=None, failures=failures)
    verdict = judge(replace(inputs, lifetimes=result))
    assert verdict.text == (
        "BG/NBD: lifetimes 0.11.3 itself failed (fit: ConvergenceError: no); at our parameters it agrees on P(alive), "
        "expected purchases and the log-likelihood."
    )
    nothing = judge(replace(inputs, lifetimes=LifetimesResult(None, None, {}, {"import": "ImportError: no"})))
    assert nothing.text == "BG/NBD: lifetimes itself failed (import: ImportError: no); nothing could be compared."
    assert not nothing.agrees


@pytest.mark.slow
def test_the_overflow_of_its_pareto_nbd_is_detected():
    # Its likelihood is a difference of 2F1s that overflow: not finite from x = 542 on at these parameters.
    parameters = {"r": 0.6, "alpha": 5.0, "s": 0.6, "beta": 100.0}
    x = np.array([1.0, 50.0, 541.0, 542.0, 1500.0])
    rows, counts = [x, np.full(5, 30.0), np.full(5, 38.0)], np.array([9.0, 3.0, 1.0, 2.0, 1.0])
    third = [third_computation("pareto_nbd", parameters, row, 39.0) for row in zip(*rows, strict=True)]
    ours = {name: np.array([row[name] for row in third]) for name in third[0]}
    result = run_lifetimes("pareto_nbd", parameters, CountedRows(tuple(rows), counts), rows, 39.0, 600)
    likelihoods = {"at_ours": ours.pop("log_likelihood")}
    verdict = judge(
        CrosscheckInputs(
            process="pareto_nbd",
            title="Pareto/NBD",
            statistics=("frequency", "recency", "T"),
            parameters=parameters,
            lifetimes=replace(result, parameters=None),
            rows=rows,
            counts=counts,
            share=1.0,
            log_likelihood=likelihoods,
            sample=rows,
            predictions=ours,
            horizon=39.0,
        )
    )
    assert "lifetimes' being not finite for 3 (from frequency 542 on)" in verdict.text
    assert verdict.right == "ours"
