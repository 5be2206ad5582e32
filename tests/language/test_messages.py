"""Every message that the code names exists, and every message that exists is used."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from fluent.syntax import parse
from fluent.syntax.ast import BaseNode, Message, MessageReference, VariableReference

import clvmodels
from clvmodels.errors import InvalidOption
from clvmodels.language import Finding, as_text, message, written_in
from clvmodels.language.current import check_language, languages
from clvmodels.language.words import Catalog

PACKAGE = Path(clvmodels.__file__).parent
TEMPLATES = sorted((PACKAGE / "reporting" / "templates").glob("*.j2"))
IN_TEMPLATE = re.compile(r"text\(\"([a-z][a-z0-9-]*)\"")
REFERENCE = re.compile(r"\{\s*([a-z][a-z0-9-]*)\s*\}")  # of one message by another
MESSAGE = re.compile(r"^([a-z][a-z0-9-]*) =", re.MULTILINE)
CODED = ("Finding", "message", "word")


def messages_of(language: str) -> str:
    """Return the file of a language's messages."""
    return (PACKAGE / "language" / f"{language}.ftl").read_text(encoding="utf-8")


def message_ids(language: str = "en") -> set[str]:
    """Return the ids of all messages of a language."""
    return set(MESSAGE.findall(messages_of(language)))


@pytest.mark.parametrize("language", languages())
def test_no_message_is_defined_twice(language):
    ids = MESSAGE.findall(messages_of(language))
    assert [each for each, count in Counter(ids).items() if count > 1] == []


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


@pytest.mark.slow
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
    used |= {area + text.replace("_", "-").replace(" ", "-").lower() for area in areas for text in used}
    used |= set(REFERENCE.findall(messages_of("en")))
    used |= {code for path in TEMPLATES for code in IN_TEMPLATE.findall(path.read_text(encoding="utf-8"))}
    assert message_ids() - used == set()


def test_templates_use_messages_that_exist() -> None:
    codes = {code for path in TEMPLATES for code in IN_TEMPLATE.findall(path.read_text(encoding="utf-8"))}
    assert len(codes) > 15
    assert codes <= message_ids()


def test_every_language_has_the_messages_of_english() -> None:
    different = {language: message_ids(language) ^ message_ids() for language in languages()}
    assert not any(different.values()), different


def variables(entries: dict[str, Any], code: str) -> set[str]:
    """Return the variables of a message and of the messages it refers to."""
    found: set[str] = set()
    parts = [entries[code]]
    while parts:
        part = parts.pop()
        if isinstance(part, VariableReference):
            found.add(part.id.name)
        elif isinstance(part, MessageReference):
            parts.append(entries[part.id.name])
        elif isinstance(part, BaseNode):
            parts += vars(part).values()
        elif isinstance(part, list):
            parts += part
    return found


@pytest.mark.slow
@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_every_language_uses_the_same_figures(language: str) -> None:
    english, other = (
        {entry.id.name: entry for entry in parse(messages_of(name)).body if isinstance(entry, Message)}
        for name in ("en", language)
    )
    assert [code for code in english if variables(english, code) != variables(other, code)] == []


@pytest.mark.parametrize("language", languages())
def test_plural_categories_are_those_of_the_language(language: str) -> None:
    """Chinese has no category "one": [1] is the number."""
    own = set(Locale.parse(language, sep="-").plural_form.tags) | {"other"}
    assert set(re.findall(r"\[(zero|one|two|few|many)\]", messages_of(language))) <= own


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant"])
def test_no_chinese_message_has_an_english_sentence(language: str) -> None:
    """Three words of small letters in a row are English, apart from comments and what is between braces."""
    text = re.sub(r"^#.*$", "", messages_of(language), flags=re.MULTILINE)
    text = re.sub(r"\{[^{}]*\}|“clv[^”]*”|「clv[^」]*」|\[[a-z_-]+\]|^[a-z0-9-]+ =", "", text, flags=re.MULTILINE)
    assert re.findall(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", text) == []


def test_simplified_and_traditional_characters_are_not_mixed() -> None:
    assert not set("们这么说过进续两个额价值区间预测总量").difference("值区总量价") & set(messages_of("zh-Hant"))
    assert not set("們這說過進續兩個額價區間預測總顧") & set(messages_of("zh-Hans"))


def test_texts_are_written_in_the_language_of_the_block() -> None:
    finding = Finding("rows-after-end", {"rows": 12_345, "end": "1997-09-30"})
    with written_in("zh-Hans"):
        assert finding.text == "1997年9月30日之后的 12,345 行未计入"
        with written_in("zh-Hant"):
            assert finding.text == "1997年9月30日之後的 12,345 列未計入"
        with written_in(None):
            assert finding.text.endswith("行未计入")
    assert finding.text == "12,345 rows after 1997-09-30 were left out"


@pytest.mark.parametrize("name", ["zh-hans", "zh_Hans", "ZH-HANS"])
def test_a_language_may_be_spelled_in_any_case(name: str) -> None:
    assert check_language(name) == "zh-Hans"


def test_a_language_without_messages_is_refused() -> None:
    with pytest.raises(InvalidOption, match="language='fr' is not one of 'en', 'zh-Hans', 'zh-Hant'"), written_in("fr"):
        raise AssertionError


def test_a_message_that_a_language_lacks_is_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Catalog, "has_message", lambda catalog, code: False)
    assert message("cell-none", language="zh-Hans") == "none"


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


def test_every_chinese_term_has_a_page_that_uses_it():
    page = (PACKAGE / "guide" / "terms.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 20
    assert [row for row in rows if "](http" not in row] == []


@pytest.mark.parametrize(
    ("language", "ahead"), [("en", "13 weeks and 26 weeks"), ("zh-Hans", "13周和26周"), ("zh-Hant", "13 週和26 週")]
)
def test_durations_in_a_list_are_those_of_the_language(language, ahead):
    figures = {"cutoff": "2011-03-06", "length": 13.7, "unit": "week", "horizons": ["13 weeks", "26 weeks"]}
    assert ahead in message("backtest-horizon-long", figures, language)
