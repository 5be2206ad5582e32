"""Every public object says what it takes and gives, and shows it in an example that runs."""

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
    """Names and objects: those of the package, of its data sets and of its errors."""
    for name in clv.__all__:
        found = getattr(clv, name)
        if not isinstance(found, str):
            yield name, found
    for module in (clv.datasets, clv.errors):
        for name in module.__all__:
            yield f"{module.__name__.split('.')[-1]}.{name}", getattr(module, name)


PUBLIC = dict(public())
CALLED = {name: found for name, found in PUBLIC.items() if not inspect.ismodule(found)}
RECORDS = {name: found for name, found in CALLED.items() if dataclasses.is_dataclass(found)}


def section(found, title):
    """A section of the docstring, with those of the classes it inherits from."""
    docs = [vars(each).get("__doc__") for each in found.__mro__] if inspect.isclass(found) else [found.__doc__]
    cleaned = [inspect.cleandoc(doc) for doc in docs if doc]
    return "\n".join(
        text for doc in cleaned for text in re.findall(SECTION.format(title), doc, re.DOTALL | re.MULTILINE)
    )


def described(found, title):
    """Names that have a line of their own in a section, alone or in a list."""
    lines = [line for line in section(found, title).splitlines() if line and not line.startswith(" ")]
    return {name for line in lines for name in re.findall(r"\w+", line.split(" : ")[0])}


@pytest.mark.parametrize("name", PUBLIC)
def test_it_is_described_and_its_examples_run(name, tmp_path, monkeypatch):
    found = PUBLIC[name]
    if not inspect.ismodule(found):
        assert ">>> " in (found.__doc__ or ""), "no example"
    monkeypatch.chdir(tmp_path)  # what an example writes goes there
    module = importlib.import_module(found.__name__ if inspect.ismodule(found) else found.__module__)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    output = []
    finder = doctest.DocTestFinder(recurse=not inspect.ismodule(found))
    for example in finder.find(found, name, module=module):
        runner.run(example, out=output.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(output)


@pytest.mark.parametrize("name", [name for name in CALLED if not name.startswith("errors.")])
def test_what_it_takes_is_described(name):
    found = CALLED[name]
    given = {
        argument
        for argument, parameter in inspect.signature(found).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    told = described(found, "Parameters") | (described(found, "Attributes") if name in RECORDS else set())
    assert given - told == set()


@pytest.mark.parametrize("name", [name for name, found in CALLED.items() if inspect.isclass(found)])
def test_its_methods_are_described(name):
    methods = {
        key: value
        for key, value in inspect.getmembers(CALLED[name], inspect.isroutine)
        if not key.startswith("_") and getattr(value, "__module__", "").startswith("clvmodels")
    }
    assert [key for key, value in methods.items() if not inspect.getdoc(value)] == []


@pytest.mark.parametrize("name", [name for name, found in CALLED.items() if inspect.isfunction(found)])
def test_functions_say_what_they_give(name):
    returned = inspect.signature(CALLED[name]).return_annotation
    assert returned == "None" or section(CALLED[name], "Returns") or str(returned) in CALLED[name].__doc__
