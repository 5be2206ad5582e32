"""A second process: the same results and errors as here, and calls that are made here if it cannot make them."""

from __future__ import annotations

import math
import os
import signal
import time

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.processes import second_process as module
from clvmodels.processes.second_process import begin_elsewhere, second_process


class Unreadable:
    """What the other process can make but not send back."""

    def __init__(self) -> None:
        self.function = lambda: None


def own_id(_):
    return os.getpid()


@pytest.fixture
def running(monkeypatch):
    monkeypatch.setattr(module, "PROCESSORS", 2)
    with second_process():
        yield module._running[0]


def test_without_one_a_call_is_made_here():
    with second_process():
        assert begin_elsewhere(os.getpid)() == os.getpid()


def test_it_has_the_result_or_the_error_of_a_call(running):
    other = begin_elsewhere(os.getpid)()
    assert other == running._process.pid
    assert other != os.getpid()
    assert begin_elsewhere(np.add, np.arange(3.0), 1)().tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="math domain error") as raised:
        begin_elsewhere(math.sqrt, -1)()
    assert "second_process.py" in str(raised.value.__cause__)  # the traceback of the other process
    assert begin_elsewhere(os.getpid)() == other


def test_what_it_cannot_do_is_done_here(running):
    busy = begin_elsewhere(os.getpid)
    assert begin_elsewhere(os.getpid)() == os.getpid()  # one call at a time
    assert busy() == running._process.pid
    assert begin_elsewhere(own_id, lambda: None)() == os.getpid()  # a function without a name
    assert isinstance(begin_elsewhere(Unreadable)(), Unreadable)
    assert begin_elsewhere(os.getpid)() == running._process.pid
    waiting = begin_elsewhere(os.getpid)
    os.kill(running._process.pid, signal.SIGKILL)
    running._process.join()
    waiting()
    assert begin_elsewhere(os.getpid)() == os.getpid()


def test_it_ends_with_its_context(monkeypatch):
    monkeypatch.setattr(module, "PROCESSORS", 2)
    handler = signal.getsignal(signal.SIGINT)
    with second_process():
        process = module._running[0]._process
        with second_process():  # it is the same
            assert len(module._running) == 1
        assert process.is_alive()
        assert signal.getsignal(signal.SIGINT) is handler
    assert not process.is_alive()
    assert module._running == []


def test_after_its_end_nothing_is_computed_here_instead(monkeypatch):
    monkeypatch.setattr(module, "PROCESSORS", 2)
    with second_process():
        waiting = begin_elsewhere(time.sleep, 60)
    with pytest.raises((EOFError, OSError)):  # as after an interruption, when threads still wait
        waiting()


@pytest.mark.acceptance
def test_cutoffs_and_sections_are_the_same_in_either_process(monkeypatch):
    log = clv.datasets.load_cdnow(sample=True)
    options = {"models": clv.NBD(), "cutoffs": 2, "amount": "amount", "name": "CDNOW"}
    here = clv.report(log, **options)
    monkeypatch.setattr(module, "PROCESSORS", 2)
    calls = []
    begin = module._SecondProcess.begin

    def counted(self, function, arguments):
        answer = begin(self, function, arguments)
        calls.append(answer is not None)
        return answer

    monkeypatch.setattr(module._SecondProcess, "begin", counted)
    with second_process("clvmodels.reporting.report"):
        both = clv.report(log, **options)
    assert sum(calls) >= 2
    assert both.page == here.page
