"""Files that are kept in memory: parsed once, with the same result, and again if they change."""

from __future__ import annotations

import clvmodels as clv
from clvmodels import frames
from clvmodels.frames import opening

HEADER = "customer_id,date,order_id,amount\n"
ROWS = "001,2024-01-05,A,10.5\n002,2024-01-07,B,20\n001,2024-02-01,C,3\n"
COLUMNS = {"order_id": "order_id", "amount": "amount"}
DAYS = ("2024-01-31", "2024-12-31")


def test_a_file_is_parsed_once_and_again_when_it_changes(tmp_path, monkeypatch):
    path, memory, calls = tmp_path / "log.csv", {}, []
    path.write_text(HEADER + ROWS, "utf-8")
    alone = [clv.clean(path, **COLUMNS, until=day).transactions for day in DAYS]
    open_files = opening._open_files
    monkeypatch.setattr(opening, "_open_files", lambda *args, **how: (calls.append(1), open_files(*args, **how))[1])
    with frames.keep_opened(memory):
        kept = [clv.clean(path, **COLUMNS, until=day).transactions for day in DAYS]
    assert [one.equals(other) for one, other in zip(alone, kept, strict=True)] == [True, True]
    assert len(calls) == 1
    path.write_text(HEADER + ROWS + "003,2024-02-02,D,7\n", "utf-8")
    with frames.keep_opened(memory):
        assert len(clv.clean(path, **COLUMNS).transactions) == 4
    assert len(calls) == 2
