"""Parse text with dates or numbers as it is written, without guessing."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from clvmodels.errors import InvalidOption
from clvmodels.frames.running import run

__all__ = ["parse_dates", "parse_numbers"]

ISO_DATE = "%Y-%m-%d"
ISO_TIMES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")


def parse_dates(
    lazy: nw.LazyFrame[Any], role: str, date_format: str | None, time_zone: str | None, longest: int | None = None
) -> nw.LazyFrame[Any]:
    """Parse a column of text to timestamps; text that cannot be read becomes missing, for the caller to count.

    ISO 8601 dates and times are read directly; any other text needs `date_format` (strftime codes). Text with a zone is
    converted to `time_zone`, and cannot be read without one. `longest`: bytes of the longest text, if known.
    """
    native: pl.LazyFrame = lazy.to_native()
    text = pl.col(role)
    if date_format is not None:
        return nw.from_native(_parse_formatted(native, role, date_format, time_zone))
    if longest is None:
        longest = run(native.select(text.str.len_bytes().max())).item() or 0
    parsed = text.str.to_date(ISO_DATE, strict=False)
    if longest > len("1997-01-01"):
        times = [text.str.to_datetime(form, strict=False, time_unit="us") for form in ISO_TIMES]
        if time_zone is not None:
            utc = [
                text.str.replace("[zZ]$", "+00:00").str.to_datetime(form + "%#z", strict=False, time_unit="us")
                for form in ISO_TIMES
            ]
            times += [moment.dt.convert_time_zone(time_zone).dt.replace_time_zone(None) for moment in utc]
        parsed = pl.coalesce(parsed.cast(pl.Datetime("us")), *times)
    return nw.from_native(native.with_columns(parsed.alias(role)))


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
