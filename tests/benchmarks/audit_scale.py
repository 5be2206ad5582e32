"""Time and memory of `audit` on a file of order rows: `audit_scale.py [rows in millions]`.

A Parquet file of customers who order about twelve times in two years is written to a temporary folder, and audited in a
process of its own, so that making it does not count. Writes audit_scale.json next to this file:

    python tests/benchmarks/audit_scale.py 63
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

RESULT = Path(__file__).with_suffix(".json")
ORDERS = 12  # per customer
DAYS = 730
AT_ONCE = 4_000_000


def write_log(path: Path, rows: int) -> None:
    """Write a log, in random order within parts of the customers."""
    generator, writer = np.random.default_rng(0), None
    for begin in range(0, rows, AT_ONCE):
        size = min(AT_ONCE, rows - begin)
        customers = max(1, rows // ORDERS)
        day = np.datetime64("2022-01-01") + generator.integers(0, DAYS, size)
        table = pa.table(
            {
                "customer_id": generator.integers(0, customers, size),
                "date": pa.array(day.astype("datetime64[D]")),
                "amount": np.round(generator.gamma(2.0, 20.0, size), 2),
            }
        )
        writer = pq.ParquetWriter(path, table.schema) if writer is None else writer
        writer.write_table(table)
    if writer is not None:
        writer.close()


def measure(path: str) -> None:
    """Audit a file, and print times and the largest memory of this process as JSON."""
    import clvmodels as clv

    wall, processor = time.perf_counter(), time.process_time()
    result = clv.audit(path, amount="amount", period="quarter")
    sys.stdout.write(
        json.dumps(
            {
                "seconds": round(time.perf_counter() - wall, 1),
                "processor_seconds": round(time.process_time() - processor, 1),
                "largest_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2),
                "orders": int(result.periods["orders"].sum()),
            }
        )
    )


def main(millions: float = 63.0) -> None:
    """Make the file, audit it, and add the result to those of other sizes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        write_log(path, int(millions * 1e6))
        command = [sys.executable, __file__, "measure", str(path)]
        row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    document = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    document[f"{millions:g} million rows"] = row
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(sys.argv[2])
    else:
        main(*map(float, sys.argv[1:]))
