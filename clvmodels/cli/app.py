"""The application the verbs register with, its consoles, and the progress shown in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from clvmodels.language.current import written_in

__all__ = ["LanguageOption", "app", "err", "out", "steps"]

app = typer.Typer(
    help="Customer lifetime value from transaction logs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out, err = Console(), Console(stderr=True)


def use_language(context: typer.Context, language: str | None) -> str | None:
    """Write everything that the command prints and makes in a language; None keeps the language."""
    context.with_resource(written_in(language))
    return language


LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--language",
        envvar="CLV_LANGUAGE",
        callback=use_language,
        help="Language of texts: en, zh-Hans or zh-Hant.",
        show_default="en",
    ),
]


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    language: LanguageOption = None,  # noqa: ARG001  # its callback sets the language
) -> None:
    """Customer lifetime value from transaction logs."""
    if version:
        from clvmodels import __version__

        out.print(f"clvmodels {__version__}", highlight=False)
        raise typer.Exit


@contextmanager
def steps() -> Iterator[Any]:
    """Show the steps of a verb in the terminal, each with the time it took; show nothing if stderr is not a terminal.

    Yields
    ------
    function of a str
        It begins the next step, with this description.
    """
    with Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
    ) as progress:
        running: list[Any] = []

        def step(text: str) -> None:
            if running:
                progress.update(running[-1], total=1, completed=1)
            running.append(progress.add_task(text, total=None))

        yield step
        if running:
            progress.update(running[-1], total=1, completed=1)
