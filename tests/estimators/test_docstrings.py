"""Every public estimator documents its parameters, its attributes and its source, with an example."""

from __future__ import annotations

import inspect
import re

import pytest
from sklearn.base import BaseEstimator

import clvmodels as clv
from clvmodels.estimators.purchase_model import PurchaseModel


def public_estimators() -> list[type[BaseEstimator]]:
    """Return the estimator classes among the public names."""
    public = [getattr(clv, name) for name in clv.__all__]
    classes = [value for value in public if inspect.isclass(value) and issubclass(value, BaseEstimator)]
    return [value for value in classes if value is not clv.Forecaster]  # what the other forecasters have in common


def section(docstring: str, title: str) -> str:
    """Return the text of a numpydoc section; empty if there is none."""
    match = re.search(rf"^{title}\n-{{{len(title)}}}\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", docstring, re.DOTALL | re.MULTILINE)
    return match[1] if match else ""


def documented_names(text: str) -> list[str]:
    """Return the names that a section describes, such as a and b of "a, b : float"."""
    heads = re.findall(r"^(\w[\w, ]*) : ", text, re.MULTILINE)
    return [name.strip() for head in heads for name in head.split(",")]


def test_the_estimators_are_discovered():
    names = {estimator.__name__ for estimator in public_estimators()}
    assert names >= {"BGNBD", "MBGNBD", "ParetoNBD", "GGompertzNBD", "NBD", "BGBB", "BGCNBD", "MBGCNBD"}
    assert names >= {"GammaGamma", "CustomerModel"}


def test_every_process_with_dropout_states_that_rates_and_dropout_are_assumed_to_be_independent():
    processes = [value for value in public_estimators() if issubclass(value, PurchaseModel)]
    with_dropout = [value for value in processes if value is not clv.NBD]
    assert len(with_dropout) >= 7
    for value in with_dropout:
        assert "assumed to be independent" in " ".join(inspect.getdoc(value).split()), value.__name__


@pytest.mark.parametrize("estimator", public_estimators())
def test_a_class_documents_every_constructor_parameter_in_order(estimator):
    assert "__doc__" in vars(estimator)
    docstring = inspect.cleandoc(vars(estimator)["__doc__"] or "")
    parameters = list(inspect.signature(estimator).parameters)
    assert sorted(documented_names(section(docstring, "Parameters"))) == sorted(parameters)


@pytest.mark.parametrize("estimator", public_estimators())
def test_documented_defaults_match_the_constructor(estimator):
    docstring = inspect.cleandoc(vars(estimator)["__doc__"] or "")
    parameters = inspect.signature(estimator).parameters
    defaults = dict(re.findall(r"^(\w+) : .*default=(.+)$", section(docstring, "Parameters"), re.MULTILINE))
    for name, text in defaults.items():
        assert text.replace('"', "'") == repr(parameters[name].default)
    for name, parameter in parameters.items():
        if parameter.default is not inspect.Parameter.empty and name not in defaults:
            assert re.search(rf"^{name} : .*, optional$", docstring, re.MULTILINE)


@pytest.mark.parametrize("estimator", public_estimators())
def test_a_class_documents_attributes_source_and_example(estimator):
    docstring = inspect.cleandoc(vars(estimator)["__doc__"] or "")
    attributes = documented_names(section(docstring, "Attributes"))
    if not issubclass(estimator, clv.Forecaster):
        assert {"parameters_", "fit_", "clock_"} <= set(attributes)
    assert attributes
    assert re.search(r"\(\d{4}\)", section(docstring, "References"))
    assert ">>> " in section(docstring, "Examples")


@pytest.mark.parametrize("estimator", public_estimators())
def test_every_public_method_documents_its_parameters(estimator):
    for name, method in inspect.getmembers(estimator, inspect.isfunction):
        if name.startswith("_") or not method.__module__.startswith("clvmodels") or estimator is clv.CustomerModel:
            continue
        docstring = inspect.cleandoc(method.__doc__ or "")
        assert docstring, name
        documented = documented_names(section(docstring, "Parameters"))
        assert set(documented) <= set(inspect.signature(method).parameters), name
