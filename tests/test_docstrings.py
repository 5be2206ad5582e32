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
@pytest.mark.parametrize("name", PUBLIC)
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


@pytest.mark.parametrize("name", [name for name in CALLED if not name.startswith("errors.")])
def test_its_parameters_are_documented(name):
    obj = CALLED[name]
    arguments = {
        argument
        for argument, parameter in inspect.signature(obj).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    documented = described(obj, "Parameters") | (described(obj, "Attributes") if name in RECORDS else set())
    assert arguments - documented == set()


@pytest.mark.parametrize("name", [name for name, obj in CALLED.items() if inspect.isclass(obj)])
def test_its_methods_have_docstrings(name):
    methods = {
        key: value
        for key, value in inspect.getmembers(CALLED[name], inspect.isroutine)
        if not key.startswith("_") and getattr(value, "__module__", "").startswith("clvmodels")
    }
    assert [key for key, value in methods.items() if not inspect.getdoc(value)] == []


@pytest.mark.parametrize("name", [name for name, obj in CALLED.items() if inspect.isfunction(obj)])
def test_functions_document_what_they_return(name):
    returned = inspect.signature(CALLED[name]).return_annotation
    assert returned == "None" or section(CALLED[name], "Returns") or str(returned) in CALLED[name].__doc__
