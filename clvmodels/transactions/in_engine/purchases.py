"""The purchases of a log from the engine that holds it, which merges rows and adds up their money."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.transactions.in_engine.reading import EngineLog
from clvmodels.transactions.in_engine.totals import exact_money

__all__ = ["merge_purchases"]


def merge_purchases(log: EngineLog) -> nw.DataFrame[Any]:
    """Return the purchases of a log as `merge_into_purchases` does, streamed from the engine in blocks."""
    blocks = [_purchases(block, log.query.has_amount) for block in log.stream(frames.purchase_rows(log.query))]
    table = nw.concat(blocks)
    log.refuse_changed(int(table["rows"].sum()), up_to_end=False)
    return table


def _purchases(block: nw.DataFrame[Any], has_amount: bool) -> nw.DataFrame[Any]:
    money = {"amount": exact_money(block)} if has_amount else {}
    columns = [nw.col("customer_id"), nw.col("tick").cast(nw.Int32), nw.col("tick_rows").alias("rows")]
    return block.with_columns(**money).select(*columns, *money)
