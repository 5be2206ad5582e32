"""Kill an executor of Spark in the middle of a stage: the RFM must be that of polars. `executor_lost.py [ROWS]`.

A cluster of two workers runs on this machine (`local-cluster[2,1,1024]`). As soon as tasks run, one executor's process
is killed; Spark starts another and repeats the tasks. The result is in executor_lost.json in this folder: when the
executor was killed, executors before and after, and the largest difference.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import clvmodels as clv

RESULTS = Path(__file__).with_suffix(".json")
ROWS, CUSTOMERS, DAYS = 400_000, 50_000, 700
OPTIONS = {"amount": "amount", "observation_end": "2024-12-31"}


def session(folder: str) -> Any:
    """Return a session of a cluster of two workers."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local-cluster[2,1,1024]")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "4",
        "spark.network.timeout": "600s",  # a busy machine is slow, not lost
        "spark.sql.warehouse.dir": folder,
        "spark.local.dir": folder,
    }.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def executors() -> list[int]:
    """Return the ids of the executors' processes that this process' cluster started."""
    own, processes = f"spark://CoarseGrainedScheduler@127.0.0.1:{PORT}", []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            command = (process / "cmdline").read_text()
            if "CoarseGrainedExecutorBackend" in command and own in command:
                processes.append(int(process.name))
    return processes


PORT = 0


def main() -> None:
    global PORT  # noqa: PLW0603
    rows = int(float(sys.argv[1])) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        spark = session(folder)
        PORT = int(spark.sparkContext.getConf().get("spark.driver.port"))
        numbers = spark.range(0, rows, 1, 16)
        log = numbers.selectExpr(
            f"id * 7919 % {CUSTOMERS} AS customer_id",
            f"DATE_ADD(DATE '2023-01-01', CAST(id * 104729 % {DAYS} AS INT)) AS date",
            "CAST(id % 9973 AS DOUBLE) / 100 AS amount",
        )
        tracker, killed, counted = spark.sparkContext.statusTracker(), list[int](), dict[str, int]()

        def kill() -> None:
            while not killed:
                time.sleep(0.2)
                stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
                done = [stage for stage in stages if stage is not None and stage.numCompletedTasks >= 1]
                if done and (running := executors()):
                    os.kill(running[0], signal.SIGKILL)
                    killed.append(running[0])
                    stage = done[0]
                    counted.update(stage=stage.stageId, tasks=stage.numTasks, tasks_done=stage.numCompletedTasks)
                    counted["executors_before"] = len(running)
                    print("killed executor", running[0], counted, flush=True)

        threading.Thread(target=kill, daemon=True).start()
        begin = time.monotonic()
        actual = clv.rfm_summary(log, **OPTIONS)
        seconds = time.monotonic() - begin
        counted["executors_after"] = len(executors())
        spark.stop()
    number = np.arange(rows)
    table = pl.DataFrame(
        {
            "customer_id": number * 7919 % CUSTOMERS,
            "date": np.datetime64("2023-01-01") + (number * 104729 % DAYS),
            "amount": (number % 9973) / 100,
        }
    )
    expected = clv.rfm_summary(table.with_columns(pl.col("date").cast(pl.Date)), **OPTIONS)
    names = ("frequency", "recency", "T", "monetary_value")
    largest = max(float(np.nanmax(np.abs(getattr(actual, name) - getattr(expected, name)))) for name in names)
    same_ids = actual.customer_id.to_list() == expected.customer_id.to_list()
    result = {"rows": rows, "customers": len(actual), "seconds": round(seconds), "killed": len(killed), **counted}
    result |= {"same_customers": same_ids, "largest_difference": largest}
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(result)


if __name__ == "__main__":
    main()
