"""Worker processes: the same results and errors as here, and calls that are made here if they cannot make them."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.language import written_in
from clvmodels.processes import threads
from clvmodels.processes import worker_processes as module
from clvmodels.processes.worker_processes import begin_elsewhere, count_workers, side_by_side, worker_processes

SCRIPT = """
import clvmodels as clv
from clvmodels.processes.worker_processes import begin_elsewhere, worker_processes
import os
print("begins")
with worker_processes(1):
    print(begin_elsewhere(os.getpid)() != os.getpid())
"""  # without the guard that processes of the standard library need


INTERRUPTED = """
import os, time
import polars  # whose handler of interrupts lets a thread wait on
from clvmodels.processes.worker_processes import begin_elsewhere, side_by_side, worker_processes
with worker_processes(2):
    begin_elsewhere(os.getpid)()
    print("begins", flush=True)
    start = time.perf_counter()
    try:
        WAIT
    except KeyboardInterrupt:
        print(time.perf_counter() - start < 5)
"""
KILLED = """
import os, time
from clvmodels.processes.worker_processes import begin_elsewhere, worker_processes
with worker_processes(1):
    print(begin_elsewhere(os.getpid)(), flush=True)
    begin_elsewhere(time.sleep, 60)()
"""
ID_LATER = "__import__('time').sleep(0.2) or __import__('os').getpid()"  # a worker cannot import this module
WAITS = (
    "list(side_by_side(lambda s: begin_elsewhere(time.sleep, s)(), [10, 10]))",
    "begin_elsewhere(time.sleep, 10)()",
)


class Unreadable:
    """What the other process can make but not send back."""

    def __init__(self) -> None:
        self.function = lambda: None


def own_id(_):
    return os.getpid()


def exists(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def running():
    with worker_processes(1):
        begin_elsewhere(os.getpid)()
        yield module._workers.get()._all[0]


def test_without_workers_a_call_is_made_here():
    with worker_processes(0):
        assert begin_elsewhere(os.getpid)() == os.getpid()


def test_it_has_the_result_or_the_error_of_a_call(running):
    other = begin_elsewhere(os.getpid)()
    assert other == running.process.pid
    assert other != os.getpid()
    assert begin_elsewhere(np.add, np.arange(3.0), 1)().tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="math domain error") as raised:
        begin_elsewhere(math.sqrt, -1)()
    assert "worker_processes.py" in str(raised.value.__cause__)  # the traceback of the other process
    assert begin_elsewhere(os.getpid)() == other


def test_what_it_cannot_do_is_done_here(running):
    busy = begin_elsewhere(os.getpid)
    assert begin_elsewhere(os.getpid)() == os.getpid()  # one call at a time
    assert busy() == running.process.pid
    assert begin_elsewhere(own_id, lambda: None)() == os.getpid()  # a function without a name
    assert isinstance(begin_elsewhere(Unreadable)(), Unreadable)
    assert begin_elsewhere(os.getpid)() == running.process.pid


def test_if_it_ends_calls_are_made_here(running):
    waiting = begin_elsewhere(time.sleep, 60)
    os.kill(running.process.pid, signal.SIGKILL)
    assert begin_elsewhere(os.getpid)() == os.getpid()
    running.process.join()
    module._workers.get().most = 0
    waiting_here = begin_elsewhere(os.getpid)
    assert waiting_here() == os.getpid()
    del waiting


def test_it_ends_with_its_context():
    handler = signal.getsignal(signal.SIGINT)
    with worker_processes(1):
        begin_elsewhere(os.getpid)()
        process = module._workers.get()._all[0].process
        with worker_processes(3):  # the workers stay those
            assert module._workers.get().most == 1
        assert process.is_alive()
        assert signal.getsignal(signal.SIGINT) is handler
    assert not process.is_alive()
    assert module._workers.get() is None


def test_after_its_end_nothing_is_computed_here_instead():
    with worker_processes(1):
        waiting = begin_elsewhere(time.sleep, 60)
    with pytest.raises((EOFError, OSError)):  # as after an interruption, when threads still wait
        waiting()


def test_workers_of_one_thread_do_not_end_those_of_another():
    begun, ended = threading.Event(), threading.Event()

    def other():
        with worker_processes(1):
            begun.set()
            ended.wait()
            return begin_elsewhere(os.getpid)()

    with ThreadPoolExecutor(1) as pool:
        with worker_processes(1):
            begin_elsewhere(os.getpid)()
            later = pool.submit(other)
            begun.wait()
        ended.set()
        assert later.result() != os.getpid()
    assert sys.modules["__main__"].__name__ == "__main__"


def test_a_worker_that_has_ended_keeps_no_call_from_another():
    with worker_processes(2):
        workers = [begin_elsewhere(os.getpid) for _ in range(2)]
        first, second = (each() for each in workers)
        os.kill(second, signal.SIGKILL)  # released last, so it is taken first
        module._workers.get()._all[1].process.join()
        assert begin_elsewhere(os.getpid)() == os.getpid()
        assert begin_elsewhere(os.getpid)() == first


def test_items_run_side_by_side_here_and_in_each_worker():
    with worker_processes(2):
        done = dict(side_by_side(lambda call: begin_elsewhere(eval, call)(), [ID_LATER] * 3))
        assert sorted(done) == [0, 1, 2]
        assert len(set(done.values())) == 3
        assert os.getpid() in done.values()
        with pytest.raises(ValueError, match="math domain error"):
            list(side_by_side(lambda x: begin_elsewhere(math.sqrt, x)(), [1, -1, 1]))


@pytest.mark.slow
def test_a_script_is_not_run_again(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["begins", "True"]


@pytest.mark.slow
@pytest.mark.parametrize("wait", WAITS)
def test_an_interrupt_is_noticed_while_workers_compute(wait):
    script = INTERRUPTED.replace("WAIT", wait)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begins\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "True\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signal 0 does not ask there whether a process exists")
def test_a_worker_ends_with_a_program_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as process:
        worker = int(process.stdout.readline())
        process.kill()
    end = time.monotonic() + 10
    while exists(worker) and time.monotonic() < end:
        time.sleep(0.1)
    assert not exists(worker)


def test_numbers_of_processes(monkeypatch):
    monkeypatch.setattr(threads, "PROCESSORS", 4)
    assert [count_workers(jobs) for jobs in (None, 1, 3, -1)] == [0, 0, 2, 5]
    monkeypatch.setattr(threads, "PROCESSORS", 1)
    assert count_workers(-1) == 0
    for jobs in (0, -2):
        with pytest.raises(InvalidOption, match=f"n_jobs={jobs}: pass a number of processes"):
            count_workers(jobs)


@pytest.mark.slow
def test_a_number_of_processes_is_whole():
    for jobs in (2.5, math.nan):
        with pytest.raises(InvalidOption, match="must be a whole number, not a float"):
            clv.backtest(clv.datasets.load_cdnow(sample=True), clv.NBD(), horizons="4 weeks", n_jobs=jobs)


@pytest.mark.slow
def test_a_function_of_the_caller_is_called_here(monkeypatch):
    log, days = clv.datasets.load_cdnow(sample=True), []
    bands = pd.DataFrame({"customer_id": log["customer_id"].unique(), "band": "a"})
    monkeypatch.setattr(module._Workers, "begin", lambda *_: pytest.fail("a worker is called"))
    options = {"horizons": "13 weeks", "cutoffs": 2, "boosted_trees": False, "sampled": 100}
    clv.backtest(log, clv.NBD(), attributes=lambda day: days.append(day) or bands, n_jobs=2, **options)
    assert len(set(days)) >= 2


@pytest.mark.slow
def test_texts_of_fits_are_in_the_language_of_the_caller():
    log = clv.datasets.load_cdnow(sample=True)
    options = {"horizons": "13 weeks", "cutoffs": 2, "boosted_trees": False, "sampled": 100}
    with written_in("zh-Hans"):
        here, elsewhere = (clv.backtest(log, clv.NBD(), n_jobs=jobs, **options) for jobs in (None, 2))
    assert "梯度" in str(here.certificates)  # the gradient
    assert elsewhere.certificates == here.certificates


@pytest.mark.acceptance
def test_results_are_the_same_in_any_process(monkeypatch):
    log = clv.datasets.load_cdnow(sample=True)
    options = {"models": [clv.NBD(), clv.MBGNBD()], "cutoffs": 3, "amount": "amount", "name": "CDNOW"}
    here = clv.report(log, **options)
    calls = []
    begin = module._Workers.begin

    def counted(self, function, arguments):
        answer = begin(self, function, arguments)
        calls.append(answer is not None)
        return answer

    monkeypatch.setattr(module._Workers, "begin", counted)
    several = clv.report(log, **options, n_jobs=3)
    assert sum(calls) >= 4  # two cutoffs, and the sections
    assert several.page == here.page
    assert module._workers.get() is None
