"""A second Python process that computes next to this one: threads share the interpreter's lock, processes do not.

Only a program that owns its process starts one, such as the command line: the second process imports the package again.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import Connection
from threading import Lock, current_thread, main_thread
from traceback import format_exc
from typing import Any, TypeVar

from clvmodels.processes.threads import PROCESSORS

__all__ = ["begin_elsewhere", "second_process"]

Returned = TypeVar("Returned")
Answer = tuple[bool, Any]  # whether the function returned, and what; or what it raised, with the traceback as text


class _TracebackElsewhere(Exception):
    """The traceback of an error in the second process, which is shown as the cause of the error."""


class _SecondProcess:
    """A process that evaluates one function at a time."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        here, there = multiprocessing.Pipe()
        self._pipe: Any = here
        self._free = Lock()
        self._ended = False
        self._process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, modules), daemon=True)
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the second process ignores interrupts of the terminal
        try:
            self._process.start()
        finally:
            signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
        there.close()

    def begin(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Callable[[], Answer | None] | None:
        """Send a function and its arguments if the process is free; the function returned waits for the answer.

        None means that it cannot be sent, and an answer of None that it cannot be sent back, or that the process ended.
        """
        if not self._free.acquire(blocking=False):
            return None
        try:
            self._pipe.send((function, arguments))
        except Exception:  # noqa: BLE001  # such as a function without a name; it is called here
            self._free.release()
            return None

        def answer() -> Answer | None:
            try:
                received: Answer | None = self._pipe.recv()
            except Exception:  # the function is called here
                if self._ended:  # after an interruption, nobody needs the result
                    raise
                received = None
            self._free.release()
            return received

        return answer

    def end(self) -> None:
        """End the process, whatever it is doing; threads that wait for an answer then raise an error."""
        self._ended = True
        self._process.kill()
        self._process.join()
        self._pipe.close()


_running: list[_SecondProcess] = []  # at most one


@contextmanager
def second_process(*modules: str) -> Iterator[None]:
    """Keep a second process running, which imports these modules first; without a processor for it, do nothing."""
    started: _SecondProcess | None = None
    if PROCESSORS > 1 and not _running and current_thread() is main_thread():  # which may set handlers of signals
        with suppress(OSError):  # raised if there may be no more processes
            started = _SecondProcess(modules)
            _running.append(started)
    try:
        yield
    finally:
        if started is not None:
            _running.remove(started)
            started.end()


def begin_elsewhere(function: Callable[..., Returned], *arguments: Any) -> Callable[[], Returned]:
    """Begin a call in the second process, if there is one and it is free, and return a function that has its result.

    Otherwise that function makes the call itself. The function called is one of a module, so that the other process
    finds it by its name, and depends on its arguments alone.
    """
    answer = _running[0].begin(function, arguments) if _running else None

    def result() -> Returned:
        received = None if answer is None else answer()
        if received is None:
            return function(*arguments)
        returned, value = received
        if not returned:
            error, traceback = value
            raise error from _TracebackElsewhere(f"\n{traceback}")
        answered: Returned = value
        return answered

    return result


def _serve(pipe: Connection, modules: tuple[str, ...]) -> None:
    """Be the second process: evaluate what arrives until the pipe is closed."""
    for module in modules:
        import_module(module)
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        except Exception:  # noqa: BLE001  # such as a module that cannot be imported here
            pipe.send(None)
            continue
        try:
            answer: Answer = True, function(*arguments)
        except Exception as error:  # noqa: BLE001  # raised by the process that asked
            answer = False, (error, format_exc())
        try:
            pipe.send(answer)
        except Exception:  # noqa: BLE001  # the process that asked calls the function itself
            pipe.send(None)
