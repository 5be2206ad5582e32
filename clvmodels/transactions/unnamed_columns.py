"""Find columns that decide which rows count but were not named: currencies, tests, statuses, returns, refunds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import narwhals as nw

from clvmodels import frames
from clvmodels.transactions.statuses import Meaning, meaning_of

__all__ = ["Kind", "is_neither", "is_test", "unnamed_columns", "unnamed_faults"]

Kind = Literal["currency", "test", "status", "refund", "payment"]
CURRENCIES = (
    *("currency", "currency code", "currencycode", "order currency", "ordercurrency", "币种", "货币", "währung"),
    *("waehrung", "devise", "moneda", "divisa", "moeda", "通貨", "valuta", "waluta", "para birimi", "통화", "ccy"),
    *("currency iso", "iso currency", "currency iso code", "transaction currency", "payment currency", "sale currency"),
    *("amount currency", "price currency", "total currency", "invoice currency", "sales currency", "currency id"),
    *(
        "währungscode",
        "währungskennzeichen",
        "code devise",
        "monnaie",
        "tipo de moneda",
        "tipo moneda",
        "código moneda",
    ),
    *("codice valuta", "валюта", "měna", "pénznem", "幣別", "幣種", "貨幣", "交易币种", "通貨コード", "결제통화"),
)
TESTS = (
    *("test", "is test", "test order", "is test order", "test mode", "testbestellung", "commande test", "測試訂單"),
    *("pedido de prueba", "pedido de teste", "测试订单", "是否测试", "是否测试订单", "テスト注文", "テスト"),
)
# Columns that mark returned or cancelled orders: by yes and no, by the refunded amount, or by the day.
RETURNS = (
    *("cancelled", "canceled", "cancellation", "refund", "refunded", "returned", "void", "voided", "reversed"),
    *("refunded amount", "amount refunded", "refund amount", "total refunded", "storniert", "retourniert", "erstattet"),
    *(
        "erstatteter betrag",
        "annulé",
        "annulée",
        "remboursé",
        "remboursée",
        "montant remboursé",
        "cancelado",
        "anulado",
    ),
    *("reembolsado", "importe reembolsado", "devuelto", "devolvido", "estornado", "valor estornado", "annullato"),
    *("rimborsato", "退款金额", "订单已退款金额", "已退款金额", "是否退款", "是否退货", "是否取消", "返金額", "返品"),
    *("キャンセル", "geannuleerd", "geretourneerd", "anulowane", "zwrócone", "취소", "환불", "환불금액"),
)
# Columns that mark paid or completed orders: by yes and no, or by the day, which is blank for other orders.
PAYMENTS = (
    *("paid", "completed", "captured", "paid out", "payment received", "bezahlt", "abgeschlossen", "payé", "payée"),
    *(
        "pagado",
        "pagada",
        "pago",
        "pagato",
        "betaald",
        "opłacone",
        "是否支付",
        "是否付款",
        "已支付",
        "已付款",
        "支払済",
    ),
)
YES = ("true", "t", "1", "1.0", "yes", "y", "x", "ja", "oui", "si", "sí", "sim", "是", "はい", "test", "wahr", "vrai")
NO = (
    *("false", "f", "0", "0.0", "no", "n", "", "nein", "non", "não", "nao", "否", "いいえ", "live", "falsch", "faux"),
    "-",
)
NOT_SALES: tuple[Meaning, ...] = ("void", "refunded", "partly_refunded", "refund")
DAY = r"^\d{4}-\d{2}-\d{2}|^\d{1,2}[./-](?:\d{1,2}|[a-z]{3})[./-]\d{2,4}"
SHOWN, MOST_STATUSES = 10, 1_000


def unnamed_columns(log: frames.Frame | str | Path, columns: Mapping[str, str], has_money: bool) -> dict[str, str]:
    """Return the columns of a log that say which rows count and are not among the named columns.

    Parameters
    ----------
    log : frame or path
    columns : mapping of role to column name
    has_money : bool
        Without money, currencies and refunded amounts do not matter.

    Returns
    -------
    dict of role to column name
        Roles are unnamed_currency, unnamed_test, unnamed_status_0, unnamed_refund_0, unnamed_payment_0 and so on.
    """
    named = list(columns.values())
    names = list(map(str, frames.column_names(log, named)))
    free = [name for name in names if name not in named and names.count(name) == 1]
    chosen: dict[str, str] = {}
    for kind, words in (("currency", CURRENCIES), ("test", TESTS)):
        fitting = [name for name in names if _plain(name) in words]
        if kind not in columns and len(fitting) == 1 and fitting[0] in free and (has_money or kind == "test"):
            chosen[f"unnamed_{kind}"] = fitting[0]
    if "status" not in columns:
        statuses = [name for name in frames.status_columns(free) if name not in chosen.values()]
        chosen |= {f"unnamed_status_{i}": name for i, name in enumerate(statuses)}
    if not {"status", "refunded"} & columns.keys():
        returns = [name for name in free if _event(name) in RETURNS and name not in chosen.values()]
        chosen |= {f"unnamed_refund_{i}": name for i, name in enumerate(returns)}
    if "status" not in columns:
        payments = [name for name in free if _event(name) in PAYMENTS and name not in chosen.values()]
        chosen |= {f"unnamed_payment_{i}": name for i, name in enumerate(payments)}
    return chosen


def unnamed_faults(
    tables: Mapping[str, nw.LazyFrame[Any]],
    unnamed: Mapping[str, str],
    remedies: Mapping[Kind, str],
    count: str | None = None,
) -> list[str]:
    """Return error texts if columns that were not named mark rows as no sale, or show several currencies.

    Parameters
    ----------
    tables : mapping of role to narwhals.LazyFrame
        The table that has each column under its role.
    unnamed : mapping of role to column name
        As `unnamed_columns` returns it.
    remedies : mapping of kind of column to str
        What to do, with the name of the column as ``{name}``.
    count : str, optional
        The column with the number of rows of each row of the tables.
    """
    faults = []
    for role, name in unnamed.items():
        kind: Kind = role.split("_")[1]  # type: ignore[assignment]
        fault = FAULTS[kind](_count_values(tables[role], role, count), name, remedies[kind].format(name=name))
        faults += [fault] if fault else []
    return faults


def is_test(role: str) -> nw.Expr:
    """Return whether a column marks a row as a test."""
    return _word(role).is_in(list(YES)).fill_null(value=False)


def is_neither(role: str) -> nw.Expr:
    """Return whether a value is neither a word for yes nor one for no."""
    return ~_word(role).is_in([*YES, *NO, "nan", "null", "none"]).fill_null(value=True)


def _several_currencies(counted: nw.LazyFrame[Any], name: str, remedy: str) -> str | None:
    present = counted.filter(~nw.col("value").is_null(), nw.col("value") != "").group_by("value")
    rows = frames.collect(present.agg(nw.col("rows").sum()).sort("value")).rows(named=True)
    if len(rows) < 2:
        return None
    listed = ", ".join(f"{row['value'].upper()} ({row['rows']:,} rows)" for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    return (
        f"Column {name!r} has {len(rows)} currencies: {listed}{more}. Amounts in different currencies cannot be added "
        f"up: {remedy}."
    )


def _tests(counted: nw.LazyFrame[Any], name: str, remedy: str) -> str | None:
    """Return a fault if a column of yes and no marks rows as tests."""
    rows, tests, others = _sums(counted, is_test("value"), is_neither("value"))
    if not tests or others:
        return None
    return f"{tests:,} of {rows:,} rows {'is a test' if tests == 1 else 'are tests'} by column {name!r}: {remedy}."


def _statuses(counted: nw.LazyFrame[Any], name: str, remedy: str) -> str | None:
    """Return a fault if a column of statuses has orders that were not paid, or were returned."""
    words = frames.collect(counted.group_by("value").agg(nw.col("rows").sum())).rows()
    if len(words) > MOST_STATUSES:
        return None
    certain = frames.is_named_status(name)
    void = [(word, rows) for word, rows in words if word and _is_no_sale(word, certain)]
    return _not_sales(sorted(void, key=lambda pair: (-pair[1], pair[0])), sum(rows for _, rows in words), name, remedy)


def _is_no_sale(word: str, certain: bool) -> bool:
    meaning = meaning_of(word)
    return meaning is not None and (certain or meaning.whole) and meaning.meaning in NOT_SALES


def _returns(counted: nw.LazyFrame[Any], name: str, remedy: str) -> str | None:
    """Return a fault if a column marks rows as cancelled or returned, by "yes", an amount or a day."""
    marked = is_test("value") | (nw.col("value").str.contains("[1-9]") & is_neither("value"))
    table = counted.with_columns(marked=marked.fill_null(value=False))
    (rows,) = _sums(table)
    first = table.filter(nw.col("marked")).group_by("value").agg(nw.col("rows").sum()).sort("value")
    return _not_sales(frames.collect(first).rows(), rows, name, remedy)


def _payments(counted: nw.LazyFrame[Any], name: str, remedy: str) -> str | None:
    """Return a fault if a column marks rows as not paid, by "no", or by a blank where paid rows have "yes" or a day."""
    blank = nw.col("value").is_null() | nw.col("value").is_in(["nan", "nat", "null", "none", ""])
    no = blank.fill_null(value=True) | nw.col("value").is_in(list(NO)).fill_null(value=False)
    day = nw.col("value").str.contains(DAY).fill_null(value=False)
    rows, unpaid, others = _sums(counted, no, ~(no | is_test("value") | day))
    if not unpaid or others or unpaid == rows:
        return None
    return _not_sales([("no or blank", unpaid)], rows, name, remedy)


def _not_sales(void: list[tuple[str, int]], rows: int, name: str, remedy: str) -> str | None:
    """Return a fault that lists the values of rows that are not sales; None if there are none."""
    if not void:
        return None
    count = sum(number for _, number in void)
    listed = ", ".join(f"{word!r} ({number:,} {'row' if number == 1 else 'rows'})" for word, number in void[:SHOWN])
    more = f" and {len(void) - SHOWN:,} more" if len(void) > SHOWN else ""
    verb = "is not a whole sale" if count == 1 else "are not whole sales"
    return f"{count:,} of {rows:,} rows {verb} by column {name!r}, which was not named: {listed}{more}. {remedy}."


FAULTS = {
    "currency": _several_currencies,
    "test": _tests,
    "status": _statuses,
    "refund": _returns,
    "payment": _payments,
}


def _count_values(table: nw.LazyFrame[Any], role: str, count: str | None) -> nw.LazyFrame[Any]:
    """Return the distinct values of a column, stripped and in lower case, with their numbers of rows."""
    value = nw.col(role).cast(nw.String).str.strip_chars()
    value = value if role.startswith("unnamed_status") else value.str.to_lowercase()
    return table.select(value=value, rows=nw.lit(1) if count is None else nw.col(count))


def _sums(counted: nw.LazyFrame[Any], *masks: nw.Expr) -> tuple[int, ...]:
    """Return the number of rows, and of the rows under each mask."""
    rows = nw.col("rows")
    sums = [nw.when(mask).then(rows).otherwise(nw.lit(0)).sum().alias(str(i)) for i, mask in enumerate(masks)]
    return tuple(int(number or 0) for number in frames.collect(counted.select(rows.sum(), *sums)).row(0))


def _plain(name: str) -> str:
    return " ".join(name.strip().lower().replace("_", " ").replace("-", " ").split())


def _event(name: str) -> str:
    """Return the event in a name such as is_returned, cancelled_at or "date refunded"."""
    words = _plain(name).split()
    return " ".join(word for word in words if word not in ("is", "was", "at", "on", "date", "flag"))


def _word(role: str) -> nw.Expr:
    return nw.col(role).cast(nw.String).str.strip_chars().str.to_lowercase()
