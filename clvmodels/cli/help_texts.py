"""Show the help of verbs and options, and errors of the command line itself, in the current language."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from clvmodels.cli.app import language_in_use
from clvmodels.errors import CLVError
from clvmodels.language.current import ENGLISH, check_language, current_language
from clvmodels.language.error_texts import translate
from clvmodels.language.messages import message

__all__ = ["LocalCommand", "LocalGroup", "LocalVerbs"]

UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # the class of click, which typer may bundle
WORDS = (  # names of typer's constants
    "ABORTED_TEXT",
    "ARGUMENTS_PANEL_TITLE",
    "COMMANDS_PANEL_TITLE",
    "DEFAULT_STRING",
    "DEPRECATED_STRING",
    "ENVVAR_STRING",
    "ERRORS_PANEL_TITLE",
    "OPTIONS_PANEL_TITLE",
    "REQUIRED_LONG_STRING",
    "RICH_HELP",
)
USAGE = "Usage:"


class LocalCommand(TyperCommand):
    """A verb whose help is in the current language."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _translate(self, ctx, current_language())
        super().format_help(ctx, formatter)

    def get_usage(self, ctx: Any) -> str:
        """Return the line with the usage."""
        return _translate_usage(super().get_usage(ctx))


class LocalGroup(TyperGroup):
    """A group of verbs whose help and usage errors are in the current language."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        language = _language()
        _translate(self, ctx, language)
        for name, verb in self.commands.items():
            verb.help = _help_of(name, verb, self, language)
        super().format_help(ctx, formatter)

    def get_usage(self, ctx: Any) -> str:
        """Return the line with the usage."""
        return _translate_usage(super().get_usage(ctx))

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the words of the command."""
        try:
            return super().make_context(*arguments, **options)
        except UsageError as error:
            _translate_error(error)
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run a verb of the group."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            _translate_error(error)
            raise


class LocalVerbs(LocalGroup):
    """All verbs, which have messages and panels of their own."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        language = _language()
        if language != ENGLISH:
            self.help = message("help-app", language=language)
            for verb in self.commands.values():
                panel = str(verb.rich_help_panel).replace(" ", "-").lower()  # type: ignore[attr-defined]
                verb.rich_help_panel = message(f"help-panel-{panel}", language=language)  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)


def _language() -> str:
    """Return the current language; before options are parsed, as for `clv --help`, that of the environment."""
    if current_language() != ENGLISH:
        return current_language()
    try:
        return check_language(os.environ.get("CLV_LANGUAGE") or ENGLISH)
    except CLVError:
        return ENGLISH  # the option --language then reports the error


def _translate(command: Any, context: Any, language: str) -> None:
    """Translate the help of a command, and of its options and arguments with their defaults."""
    _translate_words(language)
    parent = None if context.parent is None else context.parent.command
    command.help = _help_of(command.name, command, parent, language)
    for option in [*command.params, command.get_help_option(context)]:
        option.help = translate(option.help or "", language)
        if isinstance(getattr(option, "show_default", None), str):
            option.show_default = translate(option.show_default, language)


def _help_of(name: str, command: Any, parent: Any, language: str) -> str:
    """Return the help of a command of a group; that of a verb is a message, others are in the catalog."""
    text = command.help or ""
    if language == ENGLISH:
        return text
    return message(f"help-{name}", language=language) if isinstance(parent, LocalVerbs) else translate(text, language)


def _translate_words(language: str) -> None:
    """Translate the words that typer itself writes."""
    from typer import rich_utils

    for name, word in _english_words().items():
        setattr(rich_utils, name, translate(word, language))
    rich_utils.highlighter = _folding_highlighter() if language != ENGLISH else rich_utils.OptionHighlighter()


@cache
def _english_words() -> dict[str, str]:
    from typer import rich_utils  # imported with the first help or error

    return {name: getattr(rich_utils, name) for name in WORDS if hasattr(rich_utils, name)}


def _folding_highlighter() -> Any:
    """Return a highlighter of help texts that also breaks lines without blanks, as Chinese needs."""
    from typer import rich_utils

    class Folding(rich_utils.OptionHighlighter):
        def __call__(self, text: Any) -> Any:
            highlighted = super().__call__(text)
            highlighted.overflow = "fold"
            return highlighted

    return Folding()


def _translate_usage(usage: str) -> str:
    return usage.replace(USAGE, translate(USAGE, _language()), 1)


def _translate_error(error: Any) -> None:
    """Translate the text of a command line error, and its hint on help."""
    language = language_in_use() if _language() == ENGLISH else _language()
    _translate_words(language)
    text = translate(error.format_message(), language)
    error.format_message = lambda: text
