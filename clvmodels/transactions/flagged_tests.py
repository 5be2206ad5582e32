"""Test orders: a column of the log that marks rows as tests of the shop."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.errors import InvalidTransactions

__all__ = ["UNNAMED_TEST", "is_neither", "is_test", "refuse_test_orders", "test_column"]

UNNAMED_TEST = "unnamed_test"  # role of the column
NAMES = (
    *("test", "is test", "test order", "is test order", "test mode", "testbestellung", "commande test", "測試訂單"),
    *("pedido de prueba", "pedido de teste", "测试订单", "是否测试", "是否测试订单", "テスト注文", "テスト"),
)
YES = ("true", "t", "1", "1.0", "yes", "y", "x", "ja", "oui", "si", "sí", "sim", "是", "はい", "test", "wahr", "vrai")
NO = (
    "false",
    "f",
    "0",
    "0.0",
    "no",
    "n",
    "",
    "nein",
    "non",
    "não",
    "nao",
    "否",
    "いいえ",
    "live",
    "falsch",
    "faux",
    "-",
)


def test_column(log: frames.Frame | str | Path, columns: Iterable[str]) -> str | None:
    """Return the column of a log that is called test or the like, if it is not among the named columns."""
    named = list(columns)
    names = [name for name in map(str, frames.column_names(log, named)) if _plain(name) in NAMES]
    return names[0] if len(names) == 1 and names[0] not in named else None


def is_test(role: str) -> nw.Expr:
    """Return whether a column marks a row as a test."""
    return _word(role).is_in(list(YES)).fill_null(value=False)


def is_neither(role: str) -> nw.Expr:
    """Return whether a value is neither a word for yes nor one for no."""
    return ~_word(role).is_in([*YES, *NO, "nan", "null", "none"]).fill_null(value=True)


def refuse_test_orders(lazy: nw.LazyFrame[Any], role: str, name: str, remedy: str) -> None:
    """Raise InvalidTransactions if a column that nobody named has words for yes and no, and marks rows as tests."""
    counts = lazy.select(
        nw.len().alias("rows"), is_test(role).sum().alias("tests"), is_neither(role).sum().alias("others")
    )
    rows, tests, others = frames.collect(counts).row(0)
    if tests and not others:
        verb = "is a test" if tests == 1 else "are tests"
        raise InvalidTransactions(f"{tests:,} of {rows:,} rows {verb} by column {name!r}: {remedy}.")


def _plain(name: str) -> str:
    return " ".join(name.strip().lower().replace("_", " ").replace("-", " ").split())


def _word(role: str) -> nw.Expr:
    return nw.col(role).cast(nw.String).str.strip_chars().str.to_lowercase()
