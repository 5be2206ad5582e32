"""Every message that the code names exists, and every message that exists is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import clvmodels
from clvmodels.language import Finding, as_text, message
from clvmodels.language.messages import languages

PACKAGE = Path(clvmodels.__file__).parent
REFERENCE = re.compile(r"\{\s*([a-z][a-z0-9-]*)\s*\}")  # of one message by another
MESSAGE = re.compile(r"^([a-z][a-z0-9-]*) =", re.MULTILINE)
CODED = ("Finding", "message")


def messages_of(language: str) -> str:
    """Return the file of a language's messages."""
    return (PACKAGE / "language" / f"{language}.ftl").read_text(encoding="utf-8")


def message_ids(language: str = "en") -> set[str]:
    """Return the ids of all messages of a language."""
    return set(MESSAGE.findall(messages_of(language)))


def codes(module: ast.Module) -> Iterator[ast.expr]:
    """Return the codes of findings and messages that a module makes, as expressions."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in CODED:
                yield from node.args[:1]
                yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")


def literals(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def branches(code: ast.expr) -> list[ast.expr]:
    return [*branches(code.body), *branches(code.orelse)] if isinstance(code, ast.IfExp) else [code]


def prefix(code: ast.expr) -> str:
    """Return the text that a code put together from an area and a rule's code starts with, or an empty text."""
    first = code.values[0] if isinstance(code, ast.JoinedStr) else None
    return str(first.value) if isinstance(first, ast.Constant) else ""


@pytest.mark.slow
def test_codes_are_literals_or_an_area_followed_by_a_code(source_trees: dict[str, ast.Module]) -> None:
    pieces = (ast.JoinedStr, ast.BinOp, ast.Call)
    assert [
        f"{path}:{code.lineno}"
        for path, module in source_trees.items()
        for code in codes(module)
        if isinstance(code, pieces) and not prefix(code).endswith("-")
    ] == []


def test_every_code_has_a_message(source_trees: dict[str, ast.Module]) -> None:
    ids = message_ids()
    missing = {
        f"{path}:{code.lineno}: {branch.value}"
        for path, module in source_trees.items()
        for code in codes(module)
        for branch in branches(code)
        if isinstance(branch, ast.Constant) and branch.value not in ids
    }
    assert missing == set()


@pytest.mark.slow
def test_every_message_is_used(source_trees: dict[str, ast.Module]) -> None:
    used = {text for module in source_trees.values() for text in literals(module)}
    areas = {prefix(code) for module in source_trees.values() for code in codes(module)} - {""}
    used |= {area + text.replace("_", "-") for area in areas for text in used}
    used |= set(REFERENCE.findall(messages_of("en")))
    assert message_ids() - used == set()


def test_every_language_has_the_messages_of_english() -> None:
    different = {language: message_ids(language) ^ message_ids() for language in languages()}
    assert not any(different.values()), different


def test_a_finding_becomes_a_sentence() -> None:
    finding = Finding("rows-after-end", {"rows": 1, "end": "1997-09-30"})
    assert finding.text == "1 row after 1997-09-30 was left out"
    assert finding.to_dict() == {
        "code": "rows-after-end",
        "severity": "info",
        "figures": {"rows": 1, "end": "1997-09-30"},
        "text": finding.text,
    }
    assert as_text([finding, finding], separator="; ") == f"{finding.text}; {finding.text}"


def test_a_missing_figure_is_an_error() -> None:
    with pytest.raises(ValueError, match="rows-after-end"):
        message("rows-after-end", {"rows": 1})


def test_an_unknown_message_and_an_unknown_language_are_errors() -> None:
    with pytest.raises(LookupError):
        message("no-such-message")
    with pytest.raises(KeyError, match=f"no messages in 'xx'; there are {', '.join(languages())}"):
        message("rows-after-end", {"rows": 1, "end": ""}, "xx")
