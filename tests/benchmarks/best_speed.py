"""Time and processor time of the best forecaster: `best_speed.py [CUSTOMERS ...]`.

It is fitted to CDNOW up to 1997-09-30 for 39 weeks, and to simulated logs with these numbers of customers (default: a
million) up to the middle of the second year for 26 weeks; customers are then forecast. A process is right for simulated
logs, so that they are fitted a second time with the stack and the trees used as if they had gained. Writes
best_speed.json.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import clvmodels as clv
from clvmodels.forecasting import stack

PARAMETERS = {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 6.0}  # in weeks
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}


def timed(log: Any, end: str, horizon: str, standard_errors: float = stack.STANDARD_ERRORS) -> dict[str, Any]:
    """Return seconds and processor time of reading, fitting and forecasting, and the load of the machine.

    An alternative is used if its gain exceeds this many standard errors.
    """
    best, history, result = clv.BestForecaster(spend=clv.GammaGamma()), None, {}
    for name in ("read", "fit", "forecast"):
        start, used = time.perf_counter(), time.process_time()
        if name == "read":
            history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end=end)
        elif name == "fit":
            with mock.patch.object(stack, "STANDARD_ERRORS", standard_errors):
                best.fit(history, horizon)
        else:
            best.forecast(history, horizon)
        result |= {name: round(time.perf_counter() - start, 2)}
        result |= {f"{name}, processor": round(time.process_time() - used, 2)}
    used_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    about = {"customers": len(history.rfm), "load": round(os.getloadavg()[0], 1), "peak GiB": round(used_gib, 2)}
    used = [trial.candidate for trial in best.learned_["purchases"].trials if trial.visible]
    return about | result | {"used": used}


def main() -> None:
    path = Path(__file__).with_suffix(".json")
    results = json.loads(path.read_text()) if path.exists() else {}
    for name, sample in (("cdnow_sample", True), ("cdnow", False)):
        results[name] = timed(clv.datasets.load_cdnow(sample=sample), "1997-09-30", "39 weeks")
        print(name, results[name], flush=True)
        path.write_text(json.dumps(results, indent=2) + "\n")
    for many in [int(text) for text in sys.argv[1:]] or [1_000_000]:
        log = clv.simulate_log(many, PARAMETERS, SPEND, process="mbgnbd", kind="polars")
        for name, errors in (("simulated", stack.STANDARD_ERRORS), ("simulated, with stack and trees", -math.inf)):
            results[f"{many} {name}"] = timed(log, "2021-06-30", "26 weeks", errors)
            print(many, name, results[f"{many} {name}"], flush=True)
            path.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
