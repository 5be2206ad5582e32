"""The record that describes one kind of export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import narwhals as nw

__all__ = ["ExportFormat"]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """The format of one kind of export.

    Attributes
    ----------
    name : str
    header : frozenset of str
        Columns by which it is recognized.
    roles : mapping of role to columns
        The columns that each role is read from: the first one that the file has and that is not blank.
    date : tuple of str
        Columns that together state the time.
    clock : {"local", "utc", "offset", "microseconds"}
        Whether they state local time, time in UTC, time with its offset, or microseconds since 1970.
    formats : tuple of str or None
        Possible formats of dates, as strftime codes; None is ISO 8601.
    keep : mapping of str to expression
        Conditions that rows must meet to be orders; other rows are left out, and the key is the code of the reason.
    blank : sequence of str
        Values that mean "missing".
    wrapping : str, optional
        A regular expression of the characters that a service writes around values to protect their digits in
        spreadsheets.
    names : mapping of str to str
        Names of columns in another language, and the names by which the format knows them.
    decimal : {".", ","}
        The decimal separator, unless the user names another.
    once, once_by : sequences of str
        Columns whose combination of values counts only once, unless one is missing; and the columns to sort by before
        the first row is taken.
    computed : mapping of role to expression
        Roles computed from several columns.
    finish : function of a lazy frame, optional
        Applied after numbers are parsed.
    notes : mapping of role to str
        Remarks on columns, for people.
    """

    name: str
    header: frozenset[str]
    roles: Mapping[str, tuple[str, ...]]
    date: tuple[str, ...]
    clock: Literal["local", "utc", "offset", "microseconds"] = "local"
    formats: tuple[str | None, ...] = (None,)
    keep: Mapping[str, nw.Expr] = field(default_factory=dict)
    blank: tuple[str, ...] = ()
    wrapping: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    decimal: Literal[".", ","] = "."
    once: tuple[str, ...] = ()
    once_by: tuple[str, ...] = ()
    computed: Mapping[str, nw.Expr] = field(default_factory=dict)
    finish: Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]] | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
