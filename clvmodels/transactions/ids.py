"""Ids of customers and orders: blanks around them, words that mean "nobody", and ids that a spreadsheet shortened."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.errors import InvalidOption
from clvmodels.language import Finding, Findings

__all__ = [
    "FEWEST_ROWS",
    "MISSING_IDS",
    "PLACEHOLDERS",
    "MissingIds",
    "Placeholder",
    "clean_ids",
    "find_placeholder",
    "find_tests",
    "find_variants",
    "is_shortened",
    "missing_words",
    "placeholder_among",
    "placeholder_fault",
]

MissingIds = Sequence[str] | str | None
# Texts that pandas reads as missing, what databases and spreadsheets write, words for customers without an account, and
# the first cell of a row of totals.
WORDS = (
    r"#ref!; #value!; #name?; #div/0!; #null!; #num!; "
    r"null; n/a; na; nan; none; nil; nat; undefined; <na>; #n/a; #na; #n/a n/a; \n; (null); -nan; 1.#ind; 1.#qnan; "
    "-1.#ind; -1.#qnan; -; --; —; ?; (not set); (none); (blank); guest; anonymous; unknown; not available; "
    "no customer; gast; unbekannt; anonym; invité; anonyme; invitado; anónimo; convidado; anônimo; 无; 空; 匿名; "
    "匿名用户; 游客; 未知; なし; ゲスト; total; totals; grand total; total:; sum; subtotal; 合计; 总计; 小计; 合計; "
    "総計; gesamt; summe; gesamtsumme; totale; suma; total general; total geral; total général; zwischensumme; "
    "sous-total; sous total; totaux; total ttc; totale generale; subtotale; totaal; eindtotaal; subtotaal; razem; "
    "ogółem; suma całkowita; summa; totalt; i alt; yhteensä; celkem; összesen; toplam; genel toplam; итого; всего; "
    "разом; tổng; tổng cộng; รวม; ยอดรวมทั้งหมด; المجموع; الإجمالي; 합계; 총계; 소계; 總計; 總和; 本页合计; 本頁合計; "
    "gość; ospite; anonimo; gast bestelling; 비회원; 익명; гость; аноним; misafir; khách vãng lai; visitante; "
    "misafir kullanıcı; 訪客; 访客; 散客; vendég; gjest; gäst; gæst; vieras; onbekend; sconosciuto; "
    "nieznany; неизвестно; okänd; ukendt; inconnu; desconocido; desconhecido; "
    "walk in; walk-in customer; walk in customer; walk in client; cash sale; cash sales; "
    "cash customer; counter sale; not provided; not given; none given; no email; no name; barverkauf; barkunde; "
    "laufkundschaft; diverse kunden; client comptoir; client de passage; vente comptoir; consumidor final; "
    "cliente genérico; público en general; público general; cliente mostrador; venta mostrador; "
    "cliente no registrado; venda balcão; cliente balcão; consumidor não identificado; cliente não identificado; "
    "cliente occasionale; 未登録; 会員外; 非会员; 非會員; 未注册; 未註冊; 零售客户; 零售客戶; 现金客户; 現金客戶; "
    "过路客; 過路客"
)
MISSING_IDS = tuple(WORDS.split("; "))
PLAIN_INTEGER = r"^(?:0|-?[1-9]\d{0,17}|0\.0|-?[1-9]\d{0,14}\.0)$"  # the integers that `frames` reads as ids
SHORTENED = r"^\d(?:[.,]\d+)?[eE]\+\d{1,3}$|^\d[.,]\d+[eE]\d{1,3}$|^\d[eE]1[5-9]$"  # 1.2E+17: the last digits are gone
PLACEHOLDER_TEXT = r"^(?:0+|-1|9{4,}|0+(?:-0+)+)$"
PLACEHOLDERS = (0, -1, *(10**digits - 1 for digits in range(4, 19)))
# test@shop.com, qa-2@shop.com; domains of throw-away addresses, and those that RFC 2606 keeps for examples.
TEST_ADDRESS = (
    r"^(?:test|tester|testing|qa|demo|dummy|fake)(?:[._-]?(?:user|account|order|customer|kunde))?[._+-]?\d*@"
    r"|@(?:test|example|mailinator|yopmail|guerrillamail|sharklasers)\.|@.*\.(?:test|example|invalid)$"
)
MOST_TESTS = 0.1  # largest share of test addresses; a log with more of them consists of test data
EXAMPLES = 3
FIRST_ROWS = 100  # rows whose ids are counted first; all rows are counted only if these do not decide
FEWEST_ROWS, TIMES = 5, 4  # a placeholder has this many rows or more, and more than this many times any other id


def missing_words(missing_ids: MissingIds) -> tuple[str, ...]:
    """Return the texts that mean a missing id, in lower case, with blanks, hyphens or underscores between words.

    Raises
    ------
    InvalidOption
        If they are not texts.
    """
    words = MISSING_IDS if missing_ids is None else [missing_ids] if isinstance(missing_ids, str) else list(missing_ids)
    if not all(isinstance(word, str) for word in words):
        raise InvalidOption(f"missing_ids={missing_ids!r} must be a list of strings, such as ['guest', '0'].")
    # The capitals of some letters have other small ones, as those of ı and ß.
    plain = [spelling.lower() for word in map(str.strip, words) for spelling in (word, word.upper(), word.title())]
    return tuple(dict.fromkeys(word.replace(" ", blank) for word in plain for blank in " -_"))


def clean_ids(
    lazy: nw.LazyFrame[Any], role: str, words: tuple[str, ...], parse_integers: bool = False
) -> nw.LazyFrame[Any]:
    """Remove blanks around ids, and make blank ids and words that mean a missing id missing.

    With `parse_integers`, ids become integers if all that remain are written so, as they would without these words.
    """
    dtype, column = lazy.collect_schema()[role], nw.col(role)
    if dtype.is_integer():
        numbers = [int(word) for word in words if word.lstrip("-").isdigit() and len(word) < 19]
        return lazy.with_columns(nw.when(~column.is_in(numbers)).then(column).alias(role)) if numbers else lazy
    if dtype != nw.String:
        return lazy
    text = column.str.strip_chars(frames.BLANKS)
    missing = text.str.to_lowercase().is_in(["", *words])
    stated = nw.when(missing & (text != "")).then(text).alias(f"stated_{role}")  # for errors
    cleaned = lazy.with_columns(nw.when(~missing).then(text).alias(role), stated)
    if not parse_integers:
        return cleaned
    changed = ((missing | (text != column)).fill_null(value=False)).any().alias("changed")
    plain = nw.when(~missing).then(text).str.contains(PLAIN_INTEGER)
    summary = frames.collect(lazy.select(changed, plain.all().alias("plain"), plain.any().alias("any")))
    if not (summary["changed"].item() and summary["plain"].item() and summary["any"].item()):
        return cleaned
    return cleaned.with_columns(column.str.replace(r"\.0$", "").cast(nw.Int64).alias(role))


def is_shortened(role: str) -> nw.Expr:
    """Return whether an id is a rounded number such as 1.2E+17, as spreadsheets write long ids."""
    return nw.col(role).str.contains(SHORTENED).fill_null(value=False)


def find_variants(ids: nw.DataFrame[Any]) -> Findings:
    """Return a finding if ids differ only by case, blanks within, or leading zeros.

    Parameters
    ----------
    ids : narwhals.DataFrame
        Has the column customer_id, in which every id appears once.
    """
    if ids["customer_id"].dtype != nw.String:
        return ()
    plain = nw.col("customer_id").str.to_lowercase().str.replace_all(r"\s+", "").str.replace_all(r"^0+(.)", "$1")
    alike = ids.with_columns(plain=plain)
    several = alike.group_by("plain").agg(nw.len().alias("ids")).filter(nw.col("ids") > 1)
    if not len(several):
        return ()
    members = alike.join(several, on="plain", how="semi").sort("plain", "customer_id")["customer_id"].to_list()
    figures = {"ids": len(members), "customers": len(several), "examples": [repr(each) for each in members[:EXAMPLES]]}
    return (Finding("profile-id-variants", figures, "caution"),)


def placeholder_fault(placeholder: Placeholder, name: str, drop: str) -> str:
    """Return an error about an id that probably stands for unknown customers.

    Parameters
    ----------
    placeholder : Placeholder
    name : str
        Name of the column of ids in the log.
    drop : str
        The argument that leaves out rows without an id, such as ``on_missing_id='drop'``.
    """
    value = placeholder.value
    return (
        f"{placeholder.rows:,} of {placeholder.total:,} rows have the customer id {value!r} in {name!r}, and no other "
        f"id has more than {placeholder.next_rows:,}: it probably stands for unknown customers. Pass "
        f"missing_ids='{value}' to treat it as missing, with {drop}, or missing_ids='' if it is a customer."
    )


@dataclass(frozen=True, slots=True)
class Placeholder:
    """An id that probably stands for unknown customers.

    Attributes
    ----------
    value : int or str
    rows, next_rows, total : int
        Rows with this id, with the next most frequent one, and of the log.
    """

    value: int | str
    rows: int
    next_rows: int
    total: int


def find_tests(ids: nw.DataFrame[Any]) -> Findings:
    """Return a finding if a few ids are addresses that people use to test a shop, such as test@ourshop.com.

    Parameters
    ----------
    ids : narwhals.DataFrame
        Has the column customer_id, in which every id appears once.
    """
    if ids["customer_id"].dtype != nw.String:
        return ()
    text = nw.col("customer_id").str.to_lowercase()
    tests = ids.filter(text.str.contains(TEST_ADDRESS)).sort("customer_id")["customer_id"].to_list()
    if not tests or len(tests) > MOST_TESTS * len(ids):
        return ()
    figures = {"ids": len(tests), "examples": [repr(each) for each in tests[:EXAMPLES]]}
    return (Finding("profile-id-tests", figures, "caution"),)


def find_placeholder(lazy: nw.LazyFrame[Any]) -> Placeholder | None:
    """Return an id such as 0 that has far more rows than any other id; None if there is none."""
    column, dtype = nw.col("customer_id"), lazy.collect_schema()["customer_id"]
    if dtype == nw.String:
        suspect = column.str.contains(PLACEHOLDER_TEXT)
    elif dtype.is_integer():
        suspect = column.is_in(list(PLACEHOLDERS))
    else:
        return None
    some = frames.collect(lazy.select("customer_id").head(FIRST_ROWS))["customer_id"].drop_nulls().unique()
    # One list where possible: engines test it many times as fast as two.
    either = column.is_in([*PLACEHOLDERS, *some]) if dtype.is_integer() else suspect | column.is_in(some.to_list())
    counted = frames.collect(
        lazy.filter(either).group_by("customer_id").agg(nw.len().alias("rows")).with_columns(suspect=suspect)
    )
    # Usually a few ids show that no id is far more frequent than the others.
    most, most_of_others = (_most_rows(counted.filter(each)) for each in (nw.col("suspect"), ~nw.col("suspect")))
    if most < FEWEST_ROWS or TIMES * most_of_others >= most:
        return None
    rows = lazy.filter(~column.is_null()).group_by("customer_id").agg(nw.len().alias("rows"))
    top = frames.collect(rows.sort("rows", descending=True).head(2)).rows(named=True)
    total = frames.collect(lazy.select(nw.len())).item()
    return placeholder_among([(row["customer_id"], row["rows"]) for row in top], total)


def _most_rows(counted: nw.DataFrame[Any]) -> int:
    """Return the largest number of rows of an id; 0 without ids."""
    return int(counted["rows"].max() or 0)


def placeholder_among(most_frequent: Sequence[tuple[int | str, int]], total: int) -> Placeholder | None:
    """Return the most frequent id if it is a placeholder, from the two most frequent ids with their rows."""
    if len(most_frequent) < 2:
        return None
    (value, rows), (_, next_rows) = most_frequent
    if rows <= TIMES * next_rows or not _is_placeholder(value):
        return None
    return Placeholder(value, rows, next_rows, total)


def _is_placeholder(value: Any) -> bool:
    return re.match(PLACEHOLDER_TEXT, value) is not None if isinstance(value, str) else value in PLACEHOLDERS
