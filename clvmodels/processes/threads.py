"""Threads on which formulas are evaluated: one per processor over all calls, results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import cache
from queue import Empty, SimpleQueue
from threading import Condition, Event, Thread
from typing import Any, TypeVar

__all__ = ["Returned", "as_they_finish", "in_threads", "one_by_one", "start_in_background", "wait_for"]

PROCESSORS = os.cpu_count() or 1
MOST_THREADS = 8 * PROCESSORS  # most of them wait for others
SECONDS_PER_LOOK = 0.1  # between two looks for an interrupt
POOL = "clvmodels"

Item = TypeVar("Item")
Returned = TypeVar("Returned")


class _Call:
    """A function and its items: those that wait to be begun, results and errors by position, and how many help."""

    def __init__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> None:
        self.waiting = deque(range(len(items)))
        self.results: dict[int, Any] = {}
        self.errors: dict[int, BaseException] = {}
        self.helpers = 0
        self._function, self._items, self._context = function, items, copy_context()

    def work(self) -> None:
        """Evaluate items until none waits."""
        while self.waiting:
            try:
                i = self.waiting.popleft()
            except IndexError:  # another thread has taken it
                return
            try:
                self.results[i] = self._function(self._items[i])
            except BaseException as error:  # noqa: BLE001  # raised where the results are taken
                self.waiting.clear()
                self.errors[i] = error

    def help_out(self) -> None:
        """Do the same on another thread, in the context of the caller."""
        self._context.copy().run(self.work)

    def in_order(self) -> list[Any]:
        """Return the results, or raise the first error."""
        if self.errors:
            raise self.errors[min(self.errors)]
        return [self.results[i] for i in range(len(self._items))]


class _Helpers:
    """Threads that work on open calls, the first call first, as long as processors are idle."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix=POOL)
        self._changed, self._open, self._idle = Condition(), list[_Call](), PROCESSORS - 1

    def begin(self, call: _Call) -> None:
        """Offer a call to idle processors."""
        with self._changed:
            self._open = [*(each for each in self._open if each.waiting), call]
            self._wake()

    def end(self, call: _Call) -> None:
        """Wait until nobody works on a call; until then, the processor of this thread is idle."""
        with self._changed:
            call.waiting.clear()
            self._open = [each for each in self._open if each is not call]  # and do not keep its results in memory
            if call.helpers:
                self._idle += 1
                self._wake()
                try:
                    self._changed.wait_for(lambda: not call.helpers)
                finally:
                    self._idle -= 1  # for a moment there may be more threads than processors

    def _wake(self) -> None:
        """Start a thread for each idle processor, as many as open calls have items to begin."""
        for call in self._open:
            for _ in range(min(self._idle, len(call.waiting))):
                self._idle -= 1
                self._executor.submit(self._work)

    def _work(self) -> None:
        while True:
            with self._changed:
                call = next((call for call in self._open if call.waiting), None)
                if call is None:
                    self._idle += 1
                    return
                call.helpers += 1
            call.help_out()
            with self._changed:
                call.helpers -= 1
                self._changed.notify_all()


@cache
def _helpers() -> _Helpers:
    """Return the helpers, which are started once; a forked process starts its own."""
    os.register_at_fork(after_in_child=_helpers.cache_clear)
    return _Helpers()


def one_by_one(function: Callable[[Item], Returned], items: Iterable[Item]) -> list[Returned]:
    """Apply a function to each item, in order."""
    return [function(item) for item in items]


def in_threads(function: Callable[[Item], Returned], items: Iterable[Item]) -> list[Returned]:
    """Apply a function to each item; the results are in order.

    The caller's thread works too, with the help of processors that are idle or become so, which may be within a call of
    another thread: numpy releases the lock.
    """
    items = list(items)
    if len(items) < 2 or PROCESSORS < 2:
        return one_by_one(function, items)
    call = _Call(function, items)
    helpers = _helpers()
    helpers.begin(call)
    try:
        call.work()
    finally:
        helpers.end(call)
    return call.in_order()


def start_in_background(function: Callable[[], Returned]) -> Callable[[], Returned]:
    """Offer a function to idle processors, and return a function that waits for its result, or else computes it."""
    if PROCESSORS < 2:
        return function
    call = _Call(lambda compute: compute(), [function])
    helpers = _helpers()
    helpers.begin(call)

    def result() -> Returned:
        call.work()
        helpers.end(call)
        value: Returned = call.in_order()[0]
        return value

    return result


def as_they_finish(
    function: Callable[[Item], Returned], items: Sequence[Item], waiting: int | None = None
) -> Iterator[tuple[int, Returned]]:
    """Apply a function to each item on other threads, and yield positions and results here as they are done.

    If the caller stops early, or an item fails, no further item is begun. `waiting` is the number of threads for a
    function that mostly waits, such as for another process; an interruption leaves these behind.
    """
    if waiting is None and (len(items) == 1 or PROCESSORS < 2):
        yield from ((i, function(item)) for i, item in enumerate(items))
        return
    done: SimpleQueue[tuple[int, Future[Returned]]] = SimpleQueue()
    stopped = Event()

    def run(i: int) -> None:
        if not stopped.is_set():
            future: Future[Returned] = Future()
            try:
                future.set_result(function(items[i]))
            except BaseException as error:  # noqa: BLE001  # raised where the result is taken
                stopped.set()
                future.set_exception(error)
            done.put((i, future))

    positions = iter(range(len(items)))  # which the threads share
    if waiting is None:  # one thread, which has the processor of the caller, who waits
        Thread(target=copy_context().run, args=(in_threads, run, positions)).start()
    else:
        for _ in range(waiting):
            Thread(target=copy_context().run, args=(one_by_one, run, positions), daemon=True).start()
    try:
        for _ in items:
            i, future = wait_for(done)
            yield i, future.result()
    finally:
        stopped.set()


def wait_for(queue: SimpleQueue[Item]) -> Item:
    """Return the next item of a queue, and notice an interrupt soon, which ends no waiting once polars is imported."""
    while True:
        with suppress(Empty):
            return queue.get(timeout=SECONDS_PER_LOOK)
