"""The same names, the same results at equal parameters, and fits that are no worse than those of lifetimes 0.11.3."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from clvmodels.compat import lifetimes

PREFIX = "clvmodels.compat.lifetimes"
# Where lifetimes is wrong or rounds: (fitter, what) -> tolerance and reason.
EXCEPTIONS = {
    # It adds 1e-15 to the sum over opportunities at which a customer may have left, which matters where it is small.
    ("BetaGeoBetaBinomFitter", "alive"): 1e-5,
    ("BetaGeoBetaBinomFitter", "purchases"): 1e-5,
}


@pytest.mark.slow
def test_every_public_name_exists_with_its_signature(worker, ask_lifetimes):
    ours = worker.public_names(PREFIX, defined_there=False)
    for module, names in ask_lifetimes("signatures").items():
        for name, signature in names.items():
            assert ours[module].get(name) == signature, f"{module}: {name}"


@pytest.fixture(scope="module")
def answers(ask_lifetimes):
    return ask_lifetimes("values")


@pytest.mark.acceptance
def test_formulas_agree_at_200_sets_of_parameters(worker, answers):
    ours = worker.all_quantities(lifetimes)
    assert ours.keys() == answers["values"].keys()
    for name, values in answers["values"].items():
        theirs, own = np.array(values), np.array(ours[name])
        finite = np.isfinite(theirs)
        assert finite.mean() > 0.99, name
        assert np.all(np.isfinite(own)), name
        np.testing.assert_allclose(
            own[finite], theirs[finite], rtol=EXCEPTIONS.get(tuple(name.split()), 1e-6), atol=1e-12, err_msg=name
        )


@pytest.mark.acceptance
def test_fits_are_no_worse_with_and_without_a_penalty(worker, answers):
    datasets = importlib.import_module(f"{PREFIX}.datasets")
    for name, (parameters, objective, errors) in worker.all_fits(lifetimes, datasets).items():
        theirs, their_objective, their_errors = answers["fits"][name]
        # Both are the mean over customers; of Pareto/NBD it is the sum, whose Nelder-Mead stops at 1e-4.
        assert objective <= their_objective + 1e-9, name
        assert objective == pytest.approx(their_objective, abs=1e-6 * (1 + 999 * name.startswith("Pareto"))), name
        assert parameters == pytest.approx(theirs, rel=1e-3), name
        if their_errors is not None:
            assert errors == pytest.approx(their_errors, rel=1e-4), name
