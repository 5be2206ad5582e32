"""The house rules that a machine can check: one name for one thing, small modules, packages by question."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import clvmodels as clv

PACKAGE = Path(clv.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)
MOST_LINES = 400
MOST_MODULES = 15
OWN_VOCABULARY = ("processes", "compat")  # a formula's file may define `Parameters`; compat has lifetimes' names
RETIRED = {"told", "found", "asked", "given", "known", "kept"}  # variables and functions, by style
RETIRED_FUNCTIONS = {"judged", "fitted", "assembled", "stacked"}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def definitions(module: ast.Module) -> list[str]:
    """Return the public classes and type aliases of a module."""
    names = []
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [target.id for target in targets if isinstance(target, ast.Name) and is_alias(target.id)]
    return [name for name in names if not name.startswith("_")]


def is_alias(name: str) -> bool:
    return name[0].isupper() and not name.isupper()


def bound_names(module: ast.Module) -> set[str]:
    """Return the names of variables, arguments and functions, without attributes and keywords of calls."""
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
    return names


@pytest.mark.slow
def test_no_public_class_or_alias_is_defined_twice(source_trees: dict[str, ast.Module]) -> None:
    where = defaultdict(list)
    for path, module in source_trees.items():
        if path.split("/")[0] in OWN_VOCABULARY:
            continue
        for name in definitions(module):
            where[name].append(path)
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_no_module_is_too_long() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_package_has_too_many_modules() -> None:
    count: dict[str, int] = defaultdict(int)
    for path in MODULES:
        if path.name != "__init__.py" and relative(path).split("/")[0] != "processes":
            count[relative(path.parent)] += 1
    assert {package: modules for package, modules in count.items() if modules > MOST_MODULES} == {}


def test_no_subpackage_or_module_has_the_name_of_a_public_function() -> None:
    public = {name for name in clv.__all__ if callable(getattr(clv, name))}
    children = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert public & children == set()


@pytest.mark.slow
def test_retired_words_name_no_variable_or_function(source_trees: dict[str, ast.Module]) -> None:
    retired = {}
    for path, module in source_trees.items():
        functions = {node.name.lstrip("_") for node in ast.walk(module) if isinstance(node, ast.FunctionDef)}
        retired[path] = bound_names(module) & RETIRED | functions & (RETIRED | RETIRED_FUNCTIONS)
    assert {path: names for path, names in retired.items() if names} == {}
