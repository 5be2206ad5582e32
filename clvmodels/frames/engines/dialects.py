"""Dialects of SQL: expressions that differ between engines, such as the day of a timestamp in a zone.

Everything else is written once, in the dialect of DuckDB, and rendered by sqlglot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from clvmodels.clock import EPOCH, FIRST_MONDAY, MergePeriod
from clvmodels.errors import InvalidOption, closest

__all__ = ["DIALECTS", "Dialect", "DialectName", "dialect_named"]

DialectName = Literal["duckdb", "postgres", "sqlite", "spark", "databricks", "bigquery", "snowflake"]
# Unicode white space, which is removed around ids.
BLANKS = "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
BLANKS += "\u200b\u200e\u200f\u2060\ufeff"  # invisible characters, such as a byte-order mark between two files
DAY, HOUR = 86_400_000_000, 3_600_000_000  # in microseconds


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one engine writes the expressions that differ between engines.

    Attributes
    ----------
    name : str
        The name that sqlglot uses.
    double, integer, text : str
        Names of types.
    quote : str
        The sign around names.
    days : str
        The day of a date or timestamp `{x}` without a zone, counted from 1970.
    local : str
        The local time of an instant `{x}` in a zone `{zone}`.
    trim : str
        A text `{x}` without the signs `{blanks}` around it.
    backslash : bool
        Whether a backslash in a text starts an escape.
    has_argmin : bool
        Whether a value at the smallest key can be aggregated.
    """

    name: DialectName
    double: str
    integer: str
    text: str
    quote: str
    days: str
    local: str
    trim: str = "TRIM({x}, {blanks})"
    backslash: bool = False
    has_argmin: bool = True

    def name_of(self, column: str) -> str:
        """Return the name of a column in quotes."""
        return self.quote + column.replace(self.quote, 2 * self.quote) + self.quote

    def literal(self, text: str) -> str:
        """Return a text as a constant."""
        if self.backslash:
            escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
            return f"'{escaped}'"
        return "'" + text.replace("'", "''") + "'"

    def trim_blanks(self, column: str) -> str:
        """Return a text without white space around it."""
        return self.trim.format(x=column, blanks=self.literal(BLANKS))

    def tick(self, column: str, is_instant: bool, is_date: bool, merge_within: MergePeriod, zone: str | None) -> str:
        """Return the merge period of a date or moment, counted from 1970, as `Clock.last_tick` counts it."""
        if is_instant and self.name in ("spark", "databricks"):
            # Arithmetic on microseconds does not depend on the zone of the session.
            micros = f"UNIX_MICROS(FROM_UTC_TIMESTAMP({column}, {self.literal(str(zone))}))"
            days, hours = (f"(({micros} - PMOD({micros}, {size})) DIV {size})" for size in (DAY, HOUR))
            if merge_within == "hour":
                return f"CAST({hours} AS {self.integer})"
            return self._period(days, f"DATE_FROM_UNIX_DATE(CAST({days} AS INT))", merge_within)
        local = self.local.format(x=column, zone=self.literal(str(zone))) if is_instant else column
        days = self.days.format(x=local)
        if merge_within == "hour":
            hours = "0" if is_date else self._part("HOUR", local)
            return f"CAST(24 * {days} + {hours} AS {self.integer})"
        return self._period(days, local, merge_within)

    def local_moment(self, column: str, zone: str) -> str:
        """Return the time of an instant in a zone, as a timestamp without one."""
        if self.name in ("spark", "databricks"):
            # A cast would go through the zone of the session, and lose the hour that it has twice.
            micros = f"UNIX_MICROS(FROM_UTC_TIMESTAMP({column}, {self.literal(zone)}))"
            return f"(TIMESTAMP_NTZ '1970-01-01 00:00:00' + MAKE_DT_INTERVAL(0, 0, 0, {micros} / 1000000))"
        return self.local.format(x=column, zone=self.literal(zone))

    def _part(self, part: Literal["YEAR", "MONTH", "HOUR"], local: str) -> str:
        if self.name == "sqlite":
            code = {"YEAR": "%Y", "MONTH": "%m", "HOUR": "%H"}[part]
            return f"CAST(STRFTIME('{code}', {local}) AS INTEGER)"
        return f"EXTRACT({part} FROM {local})"

    def _period(self, days: str, local: str, merge_within: MergePeriod) -> str:
        if merge_within == "week":
            return f"CAST(FLOOR(CAST({days} + {FIRST_MONDAY} AS {self.double}) / 7) AS {self.integer})"
        years = f"{self._part('YEAR', local)} - {EPOCH.year}"
        if merge_within == "year":
            return f"CAST({years} AS {self.integer})"
        if merge_within == "month":
            return f"CAST(12 * ({years}) + {self._part('MONTH', local)} - 1 AS {self.integer})"
        return f"CAST({days} AS {self.integer})"


_BOTH = "TRIM(BOTH {blanks} FROM {x})"
_AT_ZONE = "({x} AT TIME ZONE {zone})"
_SPARK_DAYS = "DATEDIFF(CAST({x} AS DATE), DATE '1970-01-01')"

DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            "duckdb",
            "DOUBLE",
            "BIGINT",
            "VARCHAR",
            '"',
            "DATE_DIFF('day', DATE '1970-01-01', CAST({x} AS DATE))",
            _AT_ZONE,
        ),
        Dialect(
            "postgres",
            "DOUBLE PRECISION",
            "BIGINT",
            "TEXT",
            '"',
            "(CAST({x} AS DATE) - DATE '1970-01-01')",
            _AT_ZONE,
            trim=_BOTH,
            has_argmin=False,
        ),
        Dialect(
            "sqlite",
            "REAL",
            "INTEGER",
            "TEXT",
            '"',
            "CAST(ROUND(JULIANDAY(DATE({x})) - 2440587.5) AS INTEGER)",
            "{x}",
            has_argmin=False,
        ),
        Dialect("spark", "DOUBLE", "BIGINT", "STRING", "`", _SPARK_DAYS, "{x}", trim=_BOTH, backslash=True),
        Dialect("databricks", "DOUBLE", "BIGINT", "STRING", "`", _SPARK_DAYS, "{x}", trim=_BOTH, backslash=True),
        Dialect(
            "bigquery",
            "FLOAT64",
            "INT64",
            "STRING",
            "`",
            "DATE_DIFF(CAST({x} AS DATE), DATE '1970-01-01', DAY)",
            "DATETIME({x}, {zone})",
            backslash=True,
        ),
        Dialect(
            "snowflake",
            "DOUBLE",
            "BIGINT",
            "VARCHAR",
            '"',
            "DATEDIFF(DAY, DATE '1970-01-01', CAST({x} AS DATE))",
            "CAST(CONVERT_TIMEZONE({zone}, {x}) AS TIMESTAMP_NTZ)",
            backslash=True,
        ),
    )
}


def dialect_named(name: str) -> Dialect:
    """Return a dialect by its name; raise InvalidOption if there is none."""
    if name not in DIALECTS:
        options = get_args(DialectName)
        raise InvalidOption(f"dialect={name!r} is not one of {', '.join(map(repr, options))}.{closest(name, options)}")
    return DIALECTS[name]
