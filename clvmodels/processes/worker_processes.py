"""Worker processes that compute next to this one: threads share the interpreter's lock, processes do not.

A program that owns its process starts them, such as the command line; the library does if it is asked to (`n_jobs`).
"""

from __future__ import annotations

import multiprocessing
import operator
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from importlib import import_module
from multiprocessing.connection import Connection
from threading import Lock, Thread
from traceback import format_exc
from types import ModuleType
from typing import Any, TypeVar

from clvmodels.errors import InvalidOption
from clvmodels.processes import threads
from clvmodels.processes.garbage import rare_collections

__all__ = ["begin_elsewhere", "count_workers", "side_by_side", "worker_processes"]

Item = TypeVar("Item")
Returned = TypeVar("Returned")
Answer = tuple[bool, Any]  # whether the function returned, and what; or what it raised, with the traceback as text
# A server that has imported the package forks workers at once, and never from a process that has threads.
METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


class _TracebackElsewhere(Exception):
    """The traceback of an error in a worker, which is shown as the cause of the error."""


class _Worker:
    """A process that evaluates one function at a time."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        here, there = multiprocessing.Pipe()
        self._pipe: Any = here
        self._ended = False
        context: Any = multiprocessing.get_context(METHOD)
        self.process = context.Process(target=_serve, args=(there, modules), daemon=True)
        with _without_main_module():
            self.process.start()
        there.close()

    def begin(self, processors: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
        """Send a function and its arguments, with its processors, and return whether they could be sent."""
        try:
            self._pipe.send((processors, function, arguments))
        except Exception:  # noqa: BLE001  # such as a function without a name
            return False
        return True

    def answer(self) -> Answer | None:
        """Wait for the answer to what was sent; None if it cannot be sent back, or if the process has ended."""
        try:
            self._pipe.poll(None)  # which an interrupt ends
            received: Answer | None = self._pipe.recv()
        except Exception:
            if self._ended:  # after an interruption, nobody needs the result
                raise
            received = None
        return received

    def end(self) -> None:
        """End the process, whatever it is doing; threads that wait for an answer then raise an error."""
        self._ended = True
        self.process.kill()
        self.process.join()
        self._pipe.close()


class _Workers:
    """Some workers, each started when it is first needed."""

    def __init__(self, most: int, modules: tuple[str, ...]) -> None:
        self.most = self.calls = most  # calls that are expected at a time
        self._modules = modules
        self._changing = Lock()
        self._all, self._free = list[_Worker](), list[_Worker]()

    def begin(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Callable[[], Answer | None] | None:
        """Send a call to a free worker, and return a function that waits for the answer; None if none can make it."""
        if (worker := self._take()) is None:
            return None
        if not worker.begin(max(1, threads.PROCESSORS // self.calls), function, arguments):
            self._release(worker)
            return None

        def answer() -> Answer | None:
            received = worker.answer()
            self._release(worker)
            return received

        return answer

    def end(self) -> None:
        for worker in self._all:
            worker.end()

    def _take(self) -> _Worker | None:
        with self._changing:
            if self._free:
                return self._free.pop()
            if len(self._all) < self.most:
                with suppress(OSError):  # raised if there may be no more processes
                    self._all.append(_Worker(self._modules))
                    return self._all[-1]
                self.most = len(self._all)
        return None

    def _release(self, worker: _Worker) -> None:
        if worker.process.is_alive():
            self._free.append(worker)


# Those of the innermost `worker_processes`: other threads of the caller do not see them, and can outlive them.
_workers: ContextVar[_Workers | None] = ContextVar("workers", default=None)
_hiding = Lock()  # one thread at a time hides the program


def count_workers(jobs: int | None) -> int:
    """Return how many workers a number of processes needs besides this one; -1: enough to keep all processors busy.

    That is one more than there are processors: of three equal calls on two processors, none waits until another is
    done, and this process goes on with something else.

    Raises
    ------
    InvalidOption
        If this is not a number of processes.
    """
    jobs = 1 if jobs is None else operator.index(jobs)  # a TypeError for 2.5
    if jobs < -1 or jobs == 0:
        raise InvalidOption(f"n_jobs={jobs}: pass a number of processes, or -1 to keep all processors busy.")
    if jobs == -1:
        return threads.PROCESSORS + 1 if threads.PROCESSORS > 1 else 0
    return jobs - 1


@contextmanager
def worker_processes(most: int, *modules: str) -> Iterator[None]:
    """Start up to this many workers, which import these modules first; a block within another uses its workers."""
    if most <= 0 or _workers.get() is not None or multiprocessing.current_process().daemon:  # which may not start any
        yield
        return
    if METHOD == "forkserver":
        _start_server(modules)
    started = _Workers(most, modules)
    token = _workers.set(started)
    try:
        yield
    finally:
        _workers.reset(token)
        started.end()


def begin_elsewhere(function: Callable[..., Returned], *arguments: Any) -> Callable[[], Returned]:
    """Begin a call in a worker, if one is free, and return a function that waits for its result.

    Otherwise that function makes the call itself. The function called is one of a module, so that the other process
    finds it by its name, and depends on its arguments alone.
    """
    workers = _workers.get()
    answer = None if workers is None else workers.begin(function, arguments)

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


def side_by_side(function: Callable[[Item], Returned], items: Sequence[Item]) -> Iterator[tuple[int, Returned]]:
    """Apply a function that calls `begin_elsewhere` to each item, and yield positions and results as they are done.

    One call is made here and one in each worker at a time; without workers, on threads. If the caller stops early, or
    an item fails, no further item is begun.
    """
    if (workers := _workers.get()) is None:
        yield from threads.as_they_finish(function, items)
        return
    before, workers.calls = workers.calls, min(len(items), workers.most + 1)
    try:
        yield from threads.as_they_finish(function, items, workers.calls)
    finally:
        workers.calls = before


def _start_server(modules: tuple[str, ...]) -> None:
    """Start the server that forks workers: it imports the modules, while this process goes on."""
    from multiprocessing import forkserver

    with suppress(OSError), _without_main_module():
        forkserver.set_forkserver_preload(list(modules))
        forkserver.ensure_running()


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Hide the program, so that a process started in the meantime does not run it again: scripts have no guard."""
    with _hiding:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _serve(pipe: Connection, modules: tuple[str, ...]) -> None:
    """Be a worker: evaluate what arrives until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt of the terminal ends the process that asks
    Thread(target=_end_with_parent, daemon=True).start()
    for module in modules:
        import_module(module)
    with rare_collections():
        _answer(pipe)


def _end_with_parent() -> None:
    """End this worker, whatever it is doing, as soon as the process that started it has ended, however it ended."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _answer(pipe: Connection) -> None:
    """Evaluate what arrives until the pipe is closed."""
    while True:
        try:
            threads.PROCESSORS, function, arguments = pipe.recv()
        except (EOFError, OSError):  # the pipe is closed
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
        except OSError:  # the process that asked has ended
            return
        except Exception:  # noqa: BLE001  # the process that asked calls the function itself
            pipe.send(None)
