"""Amounts in several currencies, in a column of the log that nobody named."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.errors import InvalidTransactions

__all__ = ["UNNAMED_CURRENCY", "currency_column", "refuse_several_currencies"]

UNNAMED_CURRENCY = "unnamed_currency"  # role of the column
NAMES = (
    *(
        "currency",
        "currency_code",
        "currencycode",
        "order_currency",
        "ordercurrency",
        "currency code",
        "order currency",
    ),
    *("币种", "货币", "währung", "waehrung", "devise", "moneda", "divisa", "moeda", "通貨"),
)
SHOWN = 10


def currency_column(log: frames.Frame | str | Path, columns: Iterable[str]) -> str | None:
    """Return the column of a log that is called currency, if it is not among the named columns."""
    named = list(columns)
    names = [name for name in map(str, frames.column_names(log, named)) if name.strip().lower() in NAMES]
    return names[0] if len(names) == 1 and names[0] not in named else None


def refuse_several_currencies(
    lazy: nw.LazyFrame[Any], role: str, name: str, remedy: str, count: str | None = None
) -> None:
    """Raise InvalidTransactions if a column of currencies has several; `count` has the number of rows of each row."""
    code = nw.col(role).cast(nw.String).str.strip_chars().str.to_lowercase()
    number = nw.lit(1) if count is None else nw.col(count)
    present = lazy.select(currency=code, rows=number).filter(~nw.col("currency").is_null(), nw.col("currency") != "")
    rows = frames.collect(present.group_by("currency").agg(nw.col("rows").sum()).sort("currency")).rows(named=True)
    if len(rows) > 1:
        listed = ", ".join(f"{row['currency'].upper()} ({row['rows']:,} rows)" for row in rows[:SHOWN])
        more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
        raise InvalidTransactions(
            f"Column {name!r} has {len(rows)} currencies: {listed}{more}. Amounts in different currencies cannot be "
            f"added up: {remedy}."
        )
