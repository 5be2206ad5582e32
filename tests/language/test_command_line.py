"""The command line speaks the language of --language and of CLV_LANGUAGE; its help is translated."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clvmodels import cli
from clvmodels.cli.app import command_line
from clvmodels.language import message
from clvmodels.language.current import current_language, languages
from clvmodels.language.error_texts import translate

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    days = [f"2023-{month:02d}-{day:02d}" for month in range(1, 13) for day in (3, 17)]
    rows = [f"c{i % 7},{day},{10 + i}" for i, day in enumerate(days)]
    path.write_text("customer_id,date,amount\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def run(*arguments: object, **environment: str) -> Any:
    return CliRunner(env=environment).invoke(cli.app, [str(argument) for argument in arguments])


@pytest.mark.slow
@pytest.mark.parametrize("before", [True, False], ids=["before the verb", "after the verb"])
def test_the_language_may_come_before_or_after_the_verb(log: Path, before: bool) -> None:
    chosen, verb = ["--language", "zh-Hant"], ["audit", log, "--amount", "amount"]
    result = run(*chosen, *verb) if before else run(*verb, *chosen)
    assert result.exit_code == 0
    assert "營收為" in result.output
    assert current_language() == "en"


@pytest.mark.slow
def test_the_language_may_come_from_the_environment(log: Path) -> None:
    result = run("profile", log, "--amount", "amount", CLV_LANGUAGE="zh-Hans")
    assert "数据够用吗？" in result.output
    assert "7 位客户购买 24 次" in result.output


@pytest.mark.slow
def test_an_unknown_language_is_refused(log: Path) -> None:
    result = run("--language", "xx", "profile", log)
    assert "language='xx' is not one of" in str(result.exception)


def test_the_english_help_is_that_of_the_verbs() -> None:
    for entry in (*cli.app.registered_commands, *cli.app.registered_groups):
        verb = cli._name(entry)
        text = entry.help or (entry.callback.__doc__ if entry.callback else "") or ""
        if verb not in ("models", "experiment"):  # groups
            assert message(f"help-{verb}") == text.split("\n\n")[0].replace("\n    ", " ").strip(), verb


def test_every_verb_and_panel_has_a_help_in_every_language() -> None:
    for language in set(languages()) - {"en"}:
        for panel, verbs in cli.PANELS.items():
            codes = [f"help-panel-{panel.replace(' ', '-').lower()}", *(f"help-{verb}" for verb in verbs)]
            assert all(CHINESE.search(message(code, language=language)) for code in codes)


def _commands(command: Any) -> list[Any]:
    """Return a command, and those below it."""
    return [command, *(each for below in getattr(command, "commands", {}).values() for each in _commands(below))]


@pytest.mark.parametrize("language", sorted(set(languages()) - {"en"}))
def test_the_help_of_every_option_is_translated(language: str) -> None:
    commands = _commands(command_line())
    texts = {option.help for command in commands for option in command.params if option.help}
    assert texts
    assert {text for text in texts if translate(text, language) == text} <= {"markdown or json"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "shown", "missing"),
    [
        (["--help"], ["用法：", "查看日志画像", "选项", "显示本说明并退出"], ["Options", "Usage", "…"]),
        (["tiers", "--help"], ["按价值给客户分层", "价值所在的列", "[默认：quantile]", "[必填]"], ["Options", "Sort"]),
        (["experiment", "design", "--help"], ["说明实验需要多少个单位", "参数"], ["Say how many"]),
        (["tiers", "--foo"], ["没有选项 --foo", "错误", "查看说明"], ["No such"]),
        (["tyers"], ["没有命令 'tyers'"], ["No such"]),
        (["tiers", "x.csv", "--evidence", "much"], ["应为数字"], ["Input"]),
    ],
)
def test_help_and_errors_of_the_command_line_are_chinese(
    words: list[str], shown: list[str], missing: list[str]
) -> None:
    output = run(*words, CLV_LANGUAGE="zh-Hans", COLUMNS="200").output
    assert [text for text in shown if text not in output] == []
    assert [text for text in missing if text in output] == []
    assert "Usage" in run("tiers", "--help").output


@pytest.mark.slow
def test_tables_of_an_audit_are_chinese(log: Path) -> None:
    output = run("audit", log, "--amount", "amount", CLV_LANGUAGE="zh-Hans").output
    assert all(word in output for word in ("持续购买的客户", "拆分", "客户人数"))
    assert re.search("[a-z]{4} [a-z]{3}", output) is None
