"""The application that the verbs register with, its consoles, and progress in a terminal."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from typer.main import get_command

from clvmodels.language.current import ENGLISH, check_language, current_language, written_in
from clvmodels.language.error_texts import translate
from clvmodels.processes.garbage import rare_collections

__all__ = [
    "LanguageOption",
    "app",
    "command_line",
    "err",
    "has_job_log",
    "language_in_use",
    "out",
    "owning_process",
    "several_processes",
    "steps",
]


class LocalConsole(Console):
    """A console that prints texts in the current language, as far as its catalog contains them."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print objects; texts are translated to the current language."""
        language = current_language()
        if language != ENGLISH:
            objects = tuple(translate(each, language) if isinstance(each, str) else each for each in objects)
        super().print(*objects, **options)


app = typer.Typer(
    help="Customer lifetime value from transaction logs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out, err = LocalConsole(), LocalConsole(stderr=True)
JOBS = -1  # processes of commands that compute for long: as many as keep all processors busy
_owns_process = ContextVar("owns_process", default=False)
_chosen: list[str] = []  # the language of --language or CLV_LANGUAGE, for errors that are shown after the verb
SECONDS_PER_LINE = 5.0  # if the output is not a terminal, such as the log of a scheduler


def use_language(context: typer.Context, language: str | None) -> str | None:
    """Use a language for everything that the command prints and writes; None keeps the current language."""
    context.with_resource(written_in(language))
    _chosen[:] = [] if language is None else [check_language(language)]
    return language


def language_in_use() -> str:
    """Return the language of the last verb, or English."""
    return _chosen[0] if _chosen else ENGLISH


LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--language",
        envvar="CLV_LANGUAGE",
        callback=use_language,
        is_eager=True,  # before --help
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
def owning_process() -> Iterator[None]:
    """Say that the command line owns this process, as in a terminal: `several_processes` may then start others."""
    token = _owns_process.set(True)
    try:
        with rare_collections():
            yield
    finally:
        _owns_process.reset(token)


@contextmanager
def several_processes(*modules: str) -> Iterator[None]:
    """Compute in worker processes too, which import these modules while this one reads the log."""
    from clvmodels.processes.worker_processes import count_workers, worker_processes

    with worker_processes(count_workers(JOBS if _owns_process.get() else 1), *modules):
        yield


@cache
def command_line() -> Any:
    """Return the command with all verbs; this takes a tenth of a second. Register the verbs first."""
    return get_command(app)


@contextmanager
def steps() -> Iterator[Any]:
    """Show the steps of a verb in the terminal, each with its duration; elsewhere, write a line every few seconds.

    Yields
    ------
    function of a str
        It begins the next step, with this description.
    """
    language = current_language()
    if not err.is_terminal:
        with _lines() as write:
            yield lambda text: write(translate(text, language))
        return
    with Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=err,
    ) as progress:
        running: list[Any] = []

        def step(text: str) -> None:
            if running:
                progress.update(running[-1], total=1, completed=1)
            running.append(progress.add_task(translate(text, language), total=None))

        yield step
        if running:
            progress.update(running[-1], total=1, completed=1)


@contextmanager
def _lines() -> Iterator[Callable[[str], None]]:
    """Write a line with the current step and the seconds since the start, every few seconds; none for a short run."""
    begin, current, over = time.monotonic(), [""], threading.Event()

    def write() -> None:
        while not over.wait(SECONDS_PER_LINE):
            seconds = time.monotonic() - begin
            if not has_job_log():
                sys.stderr.write(f"{current[0] or 'Working'} ({seconds:.0f} s)\n")
                sys.stderr.flush()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield lambda text: current.__setitem__(0, text)
    finally:
        over.set()
        thread.join()


def has_job_log() -> bool:
    """Return whether a job writes a log of its own, which may be JSON."""
    handlers = logging.getLogger("clvmodels.job").handlers
    return any(not isinstance(handler, logging.NullHandler) for handler in handlers)
