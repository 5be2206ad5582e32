"""Errors, progress and results of commands in Chinese."""

from __future__ import annotations

import ast
import re
from typing import Any

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import errors
from clvmodels.errors import CLVError
from clvmodels.language import written_in
from clvmodels.language.error_texts import PLACEHOLDER, catalog_of_errors, translate

CHINESE = ("zh-Hans", "zh-Hant")
LOG = pd.DataFrame(
    {"customer_id": ["a", None, "b"], "date": ["1997-01-01", "1997-02-01", "31/12/97"], "amount": [1, -2, 3]}
)
GOOD = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": ["1997-01-01", "1997-02-01", "1997-03-01"], "amount": 1.0})
LONG_PIECE = 12  # characters of a pattern between placeholders by which its text is looked for in the package
OF_OTHERS = re.compile(  # texts of the operating system, of typer and of pydantic
    "No such|Permission denied|Is a directory|Got unexpected|Missing |Option |Input should|Invalid value|Try |"
    r"Show this|[{]value[}] is not a valid|\[default|must be (less|greater)"
)
THREE_WORDS = re.compile(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+")
WRONG: dict[str, Any] = {
    "rows": lambda: clv.rfm_summary(LOG, amount="amount"),
    "column": lambda: clv.rfm_summary(LOG, customer_id="customer"),
    "option": lambda: clv.Clock("weeks"),
    "file": lambda: clv.rfm_summary("nowhere.csv"),
    "type": lambda: clv.rfm_summary(LOG, customer_id=LOG["customer_id"]),
    "cleaning": lambda: clv.clean(LOG, price="amount"),
    "end": lambda: clv.rfm_summary(GOOD, observation_end="1990-01-01"),
    "nobody": lambda: clv.rfm_summary(GOOD, acquired_after="1997-04-01", observation_end="1997-05-01"),
    "date": lambda: clv.rfm_summary(GOOD, observation_end="next year"),
}


@pytest.mark.parametrize("language", CHINESE)
@pytest.mark.parametrize("wrong", WRONG)
def test_typical_errors_are_in_chinese(wrong, language):
    with pytest.raises(CLVError) as raised, written_in(language):
        WRONG[wrong]()
    text = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "", str(raised.value))
    assert re.search("[一-鿿]", text)
    assert THREE_WORDS.search(text) is None, text


def test_errors_outside_of_a_language_are_in_english():
    with pytest.raises(CLVError, match="is not one of 'hour'"):
        clv.Clock("weeks")


def test_both_catalogs_have_the_same_patterns_and_placeholders():
    assert set(catalog_of_errors("zh-Hans")) == set(catalog_of_errors("zh-Hant"))
    for language in CHINESE:
        for source, translation in catalog_of_errors(language).items():
            assert set(PLACEHOLDER.findall(translation)) <= set(PLACEHOLDER.findall(source)), source


def test_unknown_sentences_stay_as_they_are():
    assert translate("Nobody translated this. Reading log.csv", "zh-Hans").startswith("Nobody translated this.")
    assert translate("x" * 30_000, "zh-Hans") == "x" * 30_000


@pytest.mark.slow
def test_every_pattern_is_a_text_of_the_package(source_trees):
    nodes = (node for tree in source_trees.values() for node in ast.walk(tree) if isinstance(node, ast.Constant))
    source = "\n".join(node.value for node in nodes if isinstance(node.value, str))
    unused = []
    for pattern in catalog_of_errors("zh-Hans"):
        pieces = [piece.strip(" ()") for piece in re.split(r"\{\w+\}|(?<=[.;:,]) |\d+", pattern)]
        long = [piece for piece in pieces if len(piece) >= LONG_PIECE]
        if OF_OTHERS.match(pattern) is None and long and not any(piece in source for piece in long):
            unused.append(pattern)
    assert unused == []


@pytest.mark.slow
def test_every_error_that_is_raised_has_a_translation(source_trees):
    catalog = {PLACEHOLDER.sub("{}", pattern) for pattern in catalog_of_errors("zh-Hans")}
    calls = (node for tree in source_trees.values() for node in ast.walk(tree) if isinstance(node, ast.Call))
    raised = [call for call in calls if getattr(call.func, "id", None) in errors.__all__ and call.args]
    lines = {line.strip() for call in raised for line in _template(call.args[0]).split("\n")}
    unknown = [line for line in lines if not {line, line.removesuffix("{}")} & catalog and not _is_translated(line)]
    assert unknown == []


def _template(node: ast.expr) -> str:
    """Return the text of an error with `{}` for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_template, node.values))
    if isinstance(node, ast.BinOp):
        return _template(node.left) + _template(node.right)
    return "{}"


def _is_translated(text: str) -> bool:
    """Return whether no English sentence is left of a text, with values or numbers filled in."""
    text = text[:-2] if text.endswith((".{}", "?{}")) else text  # which may be "Did you mean ...?"
    filled = (text.replace("{}", value) for value in ("'v'", "3", "v"))
    return any(THREE_WORDS.search(re.sub("'[^']*'|`[^`]*`", "", translate(each, "zh-Hans"))) is None for each in filled)
