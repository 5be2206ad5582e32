"""Recognize how a text writes numbers: with a decimal point or comma, perhaps with currency signs.

A number may have a currency sign or code before or after it, a sign, or parentheses or a trailing minus if it is
negative; a dash in place of the decimals ("10,-") stands for zeros. Groups of three digits may be separated by the
other mark, an apostrophe or a space. Each text can then be read with a decimal point, with a decimal comma, with both
alike ("12"), or with both differently: "1.234" and "1,234", a mark followed by exactly three digits at the end.

All numbers of a file are read in the same way. If a value can be read in only one way, all values are; two values that
need different ways are an error. If no value decides, because every mark is followed by exactly three digits, the file
is refused until the user passes decimal=. Values that cannot be read either way stay unchanged and become faults of
their rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from clvmodels.frames.running import run

__all__ = ["NumberStyle", "as_numbers", "number_style", "plain_numbers", "show_a_point", "with_plain_numbers"]

FIRST_ROWS = 1_000
SIGNS = r"[$€£¥￥₹₩₽₺₴₫₱฿₪元円]|[A-Z]{1,3}\$|R\$|kr\.?|zł|Kč|Rp\.?|Rs\.?|Fr\.|RM|NT\$|TL|lei|Ft|руб\.?|лв\.?"
SIGN = rf"[A-Z]{{1,3}}\$|[A-Z]{{3}}|{SIGNS}"
CURRENCY = rf"^(?P<a>[-+−(]?)\s*(?:{SIGN})\s*|\s*(?:{SIGN})(?P<b>[-)]?)$"
SIGN_BEFORE, SIGN_AFTER = rf"^[-+−(]?\s*({SIGN})\s*[-+−(]?[\d.,]", rf"\d[-)]?\s*({SIGN})[-)]?$"
SAME_CURRENCY = {
    "US$": "$",
    "USD": "$",
    "€": "EUR",
    "£": "GBP",
    "￥": "¥",
    "元": "CNY",
    "RMB": "CNY",
    "ZŁ": "PLN",
    "KČ": "CZK",
}
SPACES = r"[\s\x{00A0}\x{202F}\x{2009}]"
BLANK = r"['’\x{00A0}\x{202F}\x{2009} ]"
GROUPS = {".": rf"(?:,|{BLANK})", ",": rf"(?:\.|{BLANK})"}
INDIAN = r"|[1-9]\d{0,1}(?:,\d{2})+,\d{3}"
EXPONENT = r"(?:[eE][-+]?\d{1,3})?$"


def _pattern(mark: str, group: str, more: str = "") -> str:
    """Return what numbers with a decimal mark look like."""
    digits = rf"(?:\d+|[1-9]\d{{0,2}}(?:{group}\d{{3}})+{more}|[1-9]\d{{0,2}}(?:{BLANK}\d{{3}})+)"
    return rf"^[-+]?{digits}(?:{mark}\d*)?{EXPONENT}|^[-+]?{mark}\d+$"


NUMBERS = {".": _pattern(r"\.", ",", INDIAN), ",": _pattern(",", r"\.")}
POINT = r"^[-+]?(?:\d{4,}\.\d*|\d*\.(?:\d{1,2}|\d{4,}))$"
NO_CENTS = r"(\d[.,])(?:--?|[–—])$"  # 10,- and CHF 10.– are ten, not minus ten
THREE_DIGITS = r"^[-+]?[1-9]\d{0,2}[.,]\d{3}$"


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How the numbers of a file are written.

    Attributes
    ----------
    decimal : {".", ","} or None
        None if no number has a mark, or the mark is not certain.
    faults : tuple of str
        Why the mark is not certain, or that amounts are in several currencies.
    """

    decimal: str | None
    faults: tuple[str, ...] = ()


def plain_numbers(role: str, seen: bool) -> list[pl.Expr]:
    """Return expressions for a column of text: the number of unusual values, and whether the mark is doubtful.

    The mark is not doubtful if numbers with a decimal point have been `seen`.
    """
    text = pl.col(role)
    others = text.cast(pl.Float64, strict=False).null_count() - text.null_count()
    doubtful = pl.lit(value=False) if seen else text.str.contains(THREE_DIGITS).any()
    return [others.alias(f"other {role}"), doubtful.alias(f"doubt {role}")]


def show_a_point(lazy: pl.LazyFrame, roles: Sequence[str]) -> bool:
    """Return whether one of the first numbers certainly has a decimal point."""
    first = run(lazy.select(roles).head(FIRST_ROWS))
    return any(first[role].str.contains(POINT).any() for role in roles)


def as_numbers(role: str, style: NumberStyle) -> pl.Expr:
    """Return a column of text with numbers in plain notation; other texts stay unchanged.

    If the style has faults, each number is read on its own, so that other faults can be found.
    """
    bare, number = _bare(role), pl.col(role)
    for mark in ",." if style.faults else style.decimal or ".":
        digits = bare.str.replace_all(GROUPS[mark], "").str.replace(",", ".", literal=True)
        number = pl.when(bare.str.contains(NUMBERS[mark])).then(digits).otherwise(number)
    return number.alias(role)


def with_plain_numbers(
    lazy: pl.LazyFrame, roles: Mapping[str, str], has_currencies: bool = False
) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """Convert numbers stored as text in a table to plain notation, by the rules for files; blanks become missing.

    Also return error texts about how they are written.

    Parameters
    ----------
    lazy : polars.LazyFrame
    roles : mapping of role to column name
        Columns that should be numbers, by their names in the frame; the values are their names for errors.
    has_currencies : bool
        As for `number_style`.
    """
    schema = lazy.collect_schema()
    texts = {role: name for role, name in roles.items() if schema[role] == pl.String}
    if not texts:
        return lazy, ()
    stripped = (pl.col(role).str.strip_chars() for role in texts)
    lazy = lazy.with_columns(pl.when(text != "").then(text) for text in stripped)
    style = number_style(lazy, texts, None, has_currencies=has_currencies)
    return lazy.with_columns(as_numbers(role, style) for role in texts), style.faults


def number_style(
    lazy: pl.LazyFrame,
    roles: Mapping[str, str],
    file: str | None,
    named: str | None = None,
    has_currencies: bool = False,
) -> NumberStyle:
    """Return how the numbers of some columns are written.

    The style has faults if values need different marks, contradict the named mark, or do not decide the mark.

    Parameters
    ----------
    lazy : polars.LazyFrame
    roles : mapping of role to column name
        Columns of text, by their names in the frame; the values are their names for errors.
    file : str or None
        Name of the file, for errors; None for a table in memory or in a database.
    named : {".", ","}, optional
        The decimal separator that the user named.
    has_currencies : bool
        Whether a column states the currency of amounts, so that their currency signs may differ.
    """
    sums = []
    for role in roles:
        bare = _bare(role)
        point, comma = (bare.str.contains(NUMBERS[mark]) for mark in ".,")
        differ = bare.str.contains(THREE_DIGITS)
        for name, mask in (("point", point & ~comma), ("comma", comma & ~point), ("both", differ)):
            sums.append(pl.col(role).filter(mask).first().alias(f"{name} {role}"))
    first = run(lazy.select(sums)).row(0, named=True)
    examples = {
        name: [(roles[role], first[f"{name} {role}"]) for role in roles if first[f"{name} {role}"] is not None]
        for name in ("point", "comma", "both")
    }
    if named is None:
        fault = _doubtful_style(examples["point"], examples["comma"], examples["both"], file)
        decimal = None if fault else "." if examples["point"] else "," if examples["comma"] else None
    else:
        others = examples["comma" if named == "." else "point"]
        decimal, fault = named, None
        if others:
            shown = f"{others[0][1]!r} in column {others[0][0]!r}"
            fault = f"decimal={named!r} does not fit {file!r}: {shown} cannot be read with it."
    currencies = () if has_currencies else _several_currencies(lazy, roles)
    return NumberStyle(decimal, currencies if fault is None else (fault, *currencies))


def _several_currencies(lazy: pl.LazyFrame, roles: Mapping[str, str]) -> tuple[str, ...]:
    """Return an error text if the amounts of a column have signs or codes of several currencies."""
    faults = []
    for role, name in roles.items():
        number = pl.col(role).str.strip_chars()
        sign = pl.coalesce(number.str.extract(SIGN_BEFORE, 1), number.str.extract(SIGN_AFTER, 1)).str.strip_chars(". ")
        signs = lazy.select(sign=sign.str.to_uppercase().replace(SAME_CURRENCY), value=number).drop_nulls()
        first = run(signs.group_by("sign").agg(pl.col("value").first(), rows=pl.len()).sort("rows", descending=True))
        if len(first) > 1:
            listed = " and ".join(map(repr, first["value"].head(2)))
            faults.append(
                f"Column {name!r} has amounts in {len(first)} currencies, such as {listed}. Amounts in different "
                "currencies cannot be added up: put the currency into a column of its own, and pass it with "
                "currency= and a column of exchange rates with rate=, or clean each currency separately."
            )
    return tuple(faults)


def _doubtful_style(
    point: Sequence[tuple[str, str]],
    comma: Sequence[tuple[str, str]],
    both: Sequence[tuple[str, str]],
    file: str | None,
) -> str | None:
    """Return why examples (pairs of a column and a value) of each kind do not decide the style; None if they do."""
    whose = "the table" if file is None else repr(file)
    if point and comma:
        return (
            f"The numbers of {whose} are written in two ways: {point[0][1]!r} in column {point[0][0]!r} has a decimal "
            f"point, and {comma[0][1]!r} in column {comma[0][0]!r} a decimal comma. Correct one of them."
        )
    if point or comma or not both:
        return None
    column, value = both[0]
    small = value.strip().replace(",", ".")
    large = value.strip().replace(",", "").replace(".", "")
    readings = (small, large) if "." in value else (large, small)
    remedy = "Convert the column to numbers first." if file is None else "Pass decimal='.' or decimal=','."
    return (
        f"The numbers of {whose} can be read in two ways: {value!r} in column {column!r} is {readings[0]} with a "
        f"decimal point and {readings[1]} with a decimal comma, and no other number decides. {remedy}"
    )


def _bare(role: str) -> pl.Expr:
    """Return numbers without currency signs, with a leading minus if they are negative."""
    text = pl.col(role).str.strip_chars().str.replace_all("−", "-", literal=True)
    text = text.str.replace_all(CURRENCY, "$a$b").str.replace(NO_CENTS, "${1}00")
    text = text.str.replace(rf"^\({SPACES}*(.*?){SPACES}*\)$", "-$1")
    return text.str.replace(rf"^([^-+].*?){SPACES}*-$", "-$1").str.replace(rf"^([-+]){SPACES}+", "$1")
