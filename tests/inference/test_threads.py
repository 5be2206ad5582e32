"""Threads of the package: order, errors, context, and help for calls within calls."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from functools import cache

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from clvmodels.inference.objective import one_blas_thread
from clvmodels.processes import threads
from clvmodels.processes.threads import PROCESSORS, as_they_finish, in_threads, start_in_background

SETTING: ContextVar[int] = ContextVar("setting", default=0)


def test_results_are_in_order_within_calls_within_calls():
    def inner(i: int) -> list[int]:
        return in_threads(lambda j: 10 * i + j, range(5))

    assert in_threads(inner, range(7)) == [[10 * i + j for j in range(5)] for i in range(7)]
    assert dict(as_they_finish(inner, [3, 1])) == {0: inner(3), 1: inner(1)}


def test_the_first_error_in_order_is_raised_and_later_items_are_not_begun():
    begun = []

    def fail(i: int) -> None:
        begun.append(i)
        raise ValueError(str(i))

    with pytest.raises(ValueError, match="0"):
        in_threads(fail, range(100))
    assert len(begun) <= PROCESSORS
    assert in_threads(lambda i: i, range(3)) == [0, 1, 2]  # permits were given back


def test_threads_have_the_context_of_the_caller():
    token = SETTING.set(7)
    try:
        assert in_threads(lambda _: SETTING.get(), range(8)) == [7] * 8
        assert start_in_background(SETTING.get)() == 7
    finally:
        SETTING.reset(token)


@pytest.mark.parametrize("processors", [2, 4, 7])
def test_every_processor_helps(processors, monkeypatch):
    monkeypatch.setattr(threads, "PROCESSORS", processors)
    monkeypatch.setattr(threads, "_helpers", cache(threads._Helpers))
    everyone = threading.Barrier(processors, timeout=20)
    for _ in range(3):
        in_threads(lambda _: everyone.wait(), range(3 * processors))


@pytest.mark.skipif(PROCESSORS < 2, reason="needs two processors")
def test_calls_within_items_get_help_once_other_items_are_done():
    names = set()
    both = threading.Barrier(2, timeout=20)

    def meet(_: int) -> None:
        names.add(threading.current_thread().name)
        both.wait()  # returns only if two threads are here at the same time

    def item(i: int) -> None:
        if i == 1:
            return  # its thread becomes idle
        in_threads(meet, range(2))

    list(as_they_finish(item, [0, 1]))
    assert len(names) == 2


def test_stopping_early_begins_no_further_item():
    begun = []

    def item(i: int) -> None:
        begun.append(i)
        time.sleep(0.002)

    finished = as_they_finish(item, range(1000))
    next(finished)
    finished.close()
    at_close = len(begun)
    time.sleep(0.05)
    assert len(begun) <= at_close + PROCESSORS


def test_blas_is_limited_until_the_last_of_overlapping_calls_ends():
    def threads() -> set[int]:
        return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}

    np.ones((2, 2)) @ np.ones((2, 2))
    before = threads()
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert threads() <= {1}
    second.__exit__(None, None, None)
    assert threads() == before
