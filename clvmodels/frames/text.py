"""Parse text with dates or numbers without guessing."""

from __future__ import annotations

import re
from typing import Any

import narwhals as nw
import polars as pl

from clvmodels.errors import InvalidOption
from clvmodels.frames.date_formats import DATE_UNITS, parse_units
from clvmodels.frames.running import run

__all__ = ["mark_missing_days", "moments_in_utc", "parse_dates", "parse_numbers"]

ISO_DATE = "%Y-%m-%d"
# Parts of a date as text, by strftime codes; a month of 13 or a day of 32 shows that the codes are wrong.
PARTS = {
    "%Y": r"(?P<Y>\d{4})",
    "%y": r"(?P<y>\d{2})",
    "%m": r"(?P<m>0?[1-9]|1[0-2])",
    "%d": r"(?P<d>0?[1-9]|[12]\d|3[01])",
    "%H": r"(?:[01]?\d|2[0-3])",
    "%M": r"[0-5]?\d",
    "%S": r"[0-5]?\d",
}
UTC, BEFORE_OFFSET = r"\s*(?:[zZ]|UTC|GMT)$", r"\s+([+-]\d{2}:?\d{2})$"
ISO_TIMES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")


def parse_dates(
    lazy: nw.LazyFrame[Any], role: str, date_format: str | None, time_zone: str | None, longest: int | None = None
) -> nw.LazyFrame[Any]:
    """Parse a column of text to timestamps; text that cannot be read becomes missing, for the caller to count.

    ISO 8601 dates and times are read directly; any other text needs `date_format`: strftime codes, or for numbers one
    of "excel days", "unix seconds" and "unix milliseconds". Text with a zone is
    converted to `time_zone`, and cannot be read without one. `longest`: bytes of the longest text, if known.
    """
    native: pl.LazyFrame = lazy.to_native()
    text = pl.col(role)
    if date_format in DATE_UNITS:
        return nw.from_native(parse_units(native, role, date_format))
    if date_format is not None:
        return nw.from_native(_parse_formatted(native, role, date_format, time_zone))
    if longest is None:
        longest = run(native.select(text.str.len_bytes().max())).item() or 0
    parsed = text.str.to_date(ISO_DATE, strict=False)
    if longest > len("1997-01-01"):
        times = [text.str.to_datetime(form, strict=False, time_unit="us") for form in ISO_TIMES]
        if time_zone is not None:
            utc = [
                text.str.replace(UTC, "+00:00")
                .str.replace(BEFORE_OFFSET, "$1")
                .str.to_datetime(form + "%#z", strict=False, time_unit="us")
                for form in ISO_TIMES
            ]
            times += [moment.dt.convert_time_zone(time_zone).dt.replace_time_zone(None) for moment in utc]
        parsed = pl.coalesce(parsed.cast(pl.Datetime("us")), *times)
    return nw.from_native(native.with_columns(parsed.alias(role)))


def moments_in_utc(lazy: nw.LazyFrame[Any], local: str, moment: str, zone: str) -> nw.LazyFrame[Any]:
    """Fill in `moment`, in UTC, for values without a zone, which are local time of the given zone.

    The column `moment` is missing from the table if no value has a zone. Text without a zone was read as the same value
    in both columns. An hour that occurs twice is taken as the first; a skipped hour counts as the next.
    """
    native: pl.LazyFrame = lazy.to_native()
    stated = pl.col(local).cast(pl.Datetime("us"))
    sure, next_hour = (
        wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
        .dt.replace_time_zone(None)
        for wall in (stated, stated + pl.duration(hours=1))
    )
    converted = pl.coalesce(sure, next_hour)
    if moment in native.collect_schema().names():
        with_zone = pl.col(moment).cast(pl.Datetime("us"))
        converted = pl.when(with_zone == stated).then(converted).otherwise(with_zone)
    return nw.from_native(native.with_columns(converted.alias(moment)))


def parse_numbers(lazy: nw.LazyFrame[Any], role: str) -> nw.LazyFrame[Any]:
    """Parse a column of text to floats; text that is not a number becomes missing, for the caller to count."""
    native: pl.LazyFrame = lazy.to_native()
    return nw.from_native(native.with_columns(pl.col(role).str.strip_chars().cast(pl.Float64, strict=False)))


def _parse_formatted(plan: pl.LazyFrame, role: str, date_format: str, time_zone: str | None) -> pl.LazyFrame:
    """Parse text by strftime codes; timestamps with a zone (codes %z, %s) cannot be read unless a zone is named."""
    if "%Z" in date_format:
        raise InvalidOption(
            f"date_format={date_format!r}: zone names (%Z) cannot be read; write offsets such as +02:00 and use %z."
        )
    parsed = pl.col(role).str.to_datetime(date_format, strict=False, time_unit="us")
    if "%s" in date_format:
        parsed = parsed.dt.replace_time_zone("UTC")
    parsed_type = plan.select(parsed).collect_schema()[role]
    if isinstance(parsed_type, pl.Datetime) and parsed_type.time_zone is not None:
        if time_zone is None:
            parsed = pl.lit(None, dtype=pl.Datetime("us"))
        else:
            parsed = parsed.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    return plan.with_columns(parsed.alias(role))


def mark_missing_days(lazy: nw.LazyFrame[Any], column: str, date_format: str | None) -> nw.LazyFrame[Any]:
    """Add `missing_day`: whether a text has the expected format but a day that does not exist, such as 31 June."""
    native: pl.LazyFrame = lazy.to_native()
    pattern = _pattern_of_dates(date_format)
    if date_format in DATE_UNITS or pattern is None or native.collect_schema()[column] != pl.String:
        return nw.from_native(native.with_columns(missing_day=pl.lit(value=False)))
    year = "Y" if "(?P<Y>" in pattern else "y"
    parts = pl.col(column).str.extract_groups(pattern)
    date = pl.concat_str(*(parts.struct.field(part) for part in (year, "m", "d")), separator="-")  # null if no match
    missing = date.is_not_null() & date.str.to_date(f"%{year}-%m-%d", strict=False).is_null()
    return nw.from_native(native.with_columns(missing_day=missing.fill_null(value=False)))


def _pattern_of_dates(date_format: str | None) -> str | None:
    """Return a regular expression of dates written by strftime codes (default: ISO dates, perhaps with a time).

    None if the format has codes that are not in `PARTS`.
    """
    if date_format is None:
        return f"^{PARTS['%Y']}-{PARTS['%m']}-{PARTS['%d']}(?:[ T].*)?$"
    pattern = re.sub(r"%[a-zA-Z]", lambda code: PARTS.get(code[0], code[0]), re.escape(date_format))
    has_date = (
        all(pattern.count(part) == 1 for part in ("(?P<m>", "(?P<d>")) and len(re.findall(r"\(\?P<[Yy]>", pattern)) == 1
    )
    return f"^{pattern}$" if has_date and "%" not in pattern else None
