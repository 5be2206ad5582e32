"""Every public object documents its parameters and what it returns, and has an example that runs."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import inspect
import re

import pytest

import clvmodels as clv

SECTION = r"^{}\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)"


def public():
    """Yield the names and objects of the package, of its data sets and of its errors."""
    for name in clv.__all__:
        obj = getattr(clv, name)
        if not isinstance(obj, str):
            yield name, obj
    for module in (clv.datasets, clv.errors):
        for name in module.__all__:
            yield f"{module.__name__.split('.')[-1]}.{name}", getattr(module, name)


PUBLIC = dict(public())
CALLED = {name: obj for name, obj in PUBLIC.items() if not inspect.ismodule(obj)}
SLOWEST = {"BestForecaster", "Crosscheck", "GGompertzNBD", "Report", "backtest", "crosscheck", "write_report"}
"""Objects whose examples take several seconds; `make accept` runs them."""
RECORDS = {name: obj for name, obj in CALLED.items() if dataclasses.is_dataclass(obj)}


def section(obj, title):
    """Return a section of the docstring, with those of the base classes."""
    docs = [vars(each).get("__doc__") for each in obj.__mro__] if inspect.isclass(obj) else [obj.__doc__]
    cleaned = [inspect.cleandoc(doc) for doc in docs if doc]
    return "\n".join(
        text for doc in cleaned for text in re.findall(SECTION.format(title), doc, re.DOTALL | re.MULTILINE)
    )


def described(obj, title):
    """Return the names that have a line of their own in a section, alone or in a list."""
    lines = [line for line in section(obj, title).splitlines() if line and not line.startswith(" ")]
    return {name for line in lines for name in re.findall(r"\w+", line.split(" : ")[0])}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.acceptance) if name in SLOWEST else name for name in PUBLIC]
)
def test_it_has_a_docstring_whose_examples_run(name, tmp_path, monkeypatch):
    obj = PUBLIC[name]
    if not inspect.ismodule(obj):
        assert ">>> " in (obj.__doc__ or ""), "no example"
    monkeypatch.chdir(tmp_path)  # what an example writes goes there
    module = importlib.import_module(obj.__name__ if inspect.ismodule(obj) else obj.__module__)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    output = []
    finder = doctest.DocTestFinder(recurse=not inspect.ismodule(obj))
    for example in finder.find(obj, name, module=module):
        runner.run(example, out=output.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(output)


def test_parameters_are_documented():
    missing = {}
    for name, obj in CALLED.items():
        if name.startswith("errors."):
            continue
        arguments = {
            argument
            for argument, parameter in inspect.signature(obj).parameters.items()
            if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        }
        documented = described(obj, "Parameters") | (described(obj, "Attributes") if name in RECORDS else set())
        missing[name] = arguments - documented
    assert {
        name: arguments for name, arguments in missing.items() if arguments and not name.startswith("errors.")
    } == {}


def test_methods_have_docstrings():
    missing = [
        f"{name}.{key}"
        for name, obj in CALLED.items()
        if inspect.isclass(obj)
        for key, method in inspect.getmembers(obj, inspect.isroutine)
        if not key.startswith("_") and getattr(method, "__module__", "").startswith("clvmodels")
        if not inspect.getdoc(method)
    ]
    assert missing == []


def test_functions_document_what_they_return():
    functions = {name: obj for name, obj in CALLED.items() if inspect.isfunction(obj)}
    returned = {name: inspect.signature(obj).return_annotation for name, obj in functions.items()}
    missing = [
        name
        for name, obj in functions.items()
        if returned[name] != "None" and not section(obj, "Returns") and str(returned[name]) not in obj.__doc__
    ]
    assert missing == []
