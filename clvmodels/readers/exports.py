"""The exports people have: shops, payment services and GA4 events, read into a frame ready for `clean`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.readers.export_formats import KINDS, ExportFormat, known_kinds
from clvmodels.transactions.log import Fault, refuse

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Export", "read_export"]

COLUMNS = ("customer_id", "order_id", "date", "product", "amount", "refunded", "currency", "status")
PLAIN = {
    ".": r"^-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$",
    ",": r"^-?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?$",
}
SIGNS = r"[\s\x{00A0}\x{202F}'$€£¥]|[A-Z]{1,3}\$|^[A-Z]{3}|[A-Z]{3}$"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Export:
    r"""An export, read.

    Attributes
    ----------
    frame : polars.DataFrame
        customer_id (e-mail addresses in lower case), order_id, date (on the calendar's wall clock), amount and, where
        the export has them, product, refunded, currency, status; a row an order, a line or a payment.
    kind : str
        What it was taken for, such as "shopify".
    columns : mapping of str to str
        The keywords of `clean` that name the frame's columns: `clean(export.frame, **export.columns)`.
    mapped : pandas.DataFrame
        Where each column came from: column, source, note.
    left_out : mapping of str to int
        Rows of the file that are no order, by reason.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from pathlib import Path
    >>> header = "ID,Purchase Date,Grand Total (Base),Grand Total (Purchased),Status,Customer Email,Total Refunded"
    >>> order = "000000012,2024-05-02 10:00:00,50.00,50.00,complete,ben@example.com,20.00"
    >>> path = Path("orders.csv")
    >>> written = path.write_text(f"{header}\n{order}\n", encoding="utf-8")
    >>> export = clv.read_export(path)
    >>> export.kind, len(export.frame), sorted(export.columns)
    ('magento', 1, ['amount', 'customer_id', 'date', 'order_id', 'refunded', 'status'])
    """

    frame: frames.Frame
    kind: str
    columns: Mapping[str, str]
    mapped: pd.DataFrame
    left_out: Mapping[str, int]

    def __repr__(self) -> str:
        left = "".join(f"; {rows:,} rows left out: {why}" for why, rows in self.left_out.items())
        return f"{self.kind} export, {len(self.frame):,} rows{left}\n{self.mapped.to_string(index=False)}"


def read_export(
    path: str | Path,
    kind: str | None = None,
    *,
    customer_id: str | None = None,
    amount: str | None = None,
    time_zone: str = "UTC",
    date_format: str | None = None,
    decimal: str = ".",
) -> Export:
    """Read an export of a shop, a payment service or GA4, recognized by its header or by name.

    Parameters
    ----------
    path : str or Path
        CSV (Amazon's is separated by tabs); of GA4, JSON lines from BigQuery.
    kind : str, optional
        "shopify", "woocommerce", "magento", "stripe", "square", "paypal", "etsy", "amazon" or "ga4"; by default what
        the header says.
    customer_id, amount : str, optional
        Columns of the file to take instead of the usual ones; Amazon's report names no buyer, so that one has to be
        joined to it.
    time_zone : str
        Whose calendar counts, for exports that state moments (Shopify, Stripe, Amazon, GA4). The others state local
        time, which is kept.
    date_format : str, optional
        strftime codes of dates that differ by the account's settings (PayPal, Square) and are not ISO 8601.
    decimal : {".", ","}
        What separates decimals.

    Returns
    -------
    Export

    Raises
    ------
    InvalidTransactions
        For a header that is not known (with those that are), a column that is missing, or values that cannot be read.

    Examples
    --------
    >>> export = clv.read_export("orders_export.csv", time_zone="America/New_York")  # doctest: +SKIP
    >>> cleaned = clv.clean(export.frame, **export.columns)  # doctest: +SKIP
    """
    if decimal not in PLAIN:
        raise InvalidOption(f"decimal={decimal!r} is neither '.' nor ','.")
    Clock(time_zone=time_zone)
    table = frames.read_fields(path)
    found = _kind_of(list(table.columns), kind, Path(path).name)
    sources = _sources(found, list(table.columns), customer_id, amount, Path(path).name)
    rows, left_out = _orders_of(table, found)
    asked = {role for role, name in (("customer_id", customer_id), ("amount", amount)) if name is not None}
    rows = _columns(rows, found, sources, asked)
    frame = _parsed(rows, found, time_zone, date_format, decimal)
    names = [name for name in COLUMNS if name in frame.columns]
    return Export(
        frame=frames.table("polars", {name: frame[name] for name in names}),
        kind=found.name,
        columns={name: name for name in names},
        mapped=_mapped(found, sources, time_zone),
        left_out=left_out,
    )


def _kind_of(header: list[str], wanted: str | None, file: str) -> ExportFormat:
    if wanted is not None:
        named = [kind for kind in KINDS if kind.name == wanted]
        if not named:
            names = ", ".join(map(repr, dict.fromkeys(kind.name for kind in KINDS)))
            raise InvalidOption(f"kind={wanted!r} is not one of {names}.")
        fitting = [kind for kind in named if kind.header <= set(header)]
        if not fitting:
            missing = min((sorted(kind.header - set(header)) for kind in named), key=len)
            raise InvalidTransactions(
                f"{file!r} lacks the columns {', '.join(map(repr, missing))} of an export of {wanted}; its columns are "
                f"{', '.join(map(repr, header))}."
            )
        return fitting[0]
    for kind in KINDS:
        if kind.header <= set(header):
            return kind
    raise InvalidTransactions(
        f"The header of {file!r} is none that is known (its columns are {', '.join(map(repr, header))}). Known are:\n"
        f"{known_kinds()}\nFor any other file, name its columns to clean()."
    )


def _sources(
    kind: ExportFormat, header: list[str], customer_id: str | None, amount: str | None, file: str
) -> dict[str, tuple[str, ...]]:
    """Columns of the file each role is read from; the first that is not blank counts."""
    asked = {"customer_id": customer_id, "amount": amount}
    absent = [name for name in asked.values() if name is not None and name not in header]
    if absent:
        raise InvalidTransactions(f"{file!r} has no column {absent[0]!r}; it has {', '.join(map(repr, header))}.")
    usual = {role: tuple(name for name in names if name in header) for role, names in kind.roles.items()}
    sources = {role: names for role, names in usual.items() if names}
    sources |= {role: (name,) for role, name in asked.items() if name is not None}
    if "customer_id" not in sources:
        usually = " or ".join(map(repr, kind.roles["customer_id"]))
        raise InvalidTransactions(
            f"{file!r} names no customer: an export of {kind.name} does so in {usually}, which is not there. Export "
            "that column too, or join one, and name it with customer_id=."
        )
    return sources


def _orders_of(table: nw.DataFrame[Any], kind: ExportFormat) -> tuple[nw.DataFrame[Any], dict[str, int]]:
    """Rows that are orders, lines or refunds, and how many were left out, by reason."""
    left_out: dict[str, int] = {}
    if kind.blank:
        names = [nw.col(name) for name in table.columns]
        blank = list(kind.blank)
        table = table.with_columns(*(nw.when(~name.is_in(blank)).then(name) for name in names))
    for why, keep in kind.keep.items():
        kept = table.filter(keep)
        if len(kept) < len(table):
            left_out[why] = len(table) - len(kept)
        table = kept
    if kind.once:
        known = ~nw.any_horizontal(*(nw.col(name).is_null() for name in kind.once), ignore_nulls=True)
        named = table.filter(known).sort(*kind.once_by, nulls_last=True)
        first = named.unique(subset=list(kind.once), keep="first", maintain_order=True)
        if len(first) < len(named):
            left_out["order sent again"] = len(named) - len(first)
        table = nw.concat([first, table.filter(~known)])
    return table, left_out


def _columns(
    table: nw.DataFrame[Any], kind: ExportFormat, sources: Mapping[str, tuple[str, ...]], asked: set[str]
) -> nw.DataFrame[Any]:
    """The roles, as text."""
    texts = {
        role: nw.coalesce(*(nw.col(name) for name in names)) if len(names) > 1 else nw.col(names[0])
        for role, names in sources.items()
    }
    date = nw.col(kind.date[0])
    if len(kind.date) > 1:
        date = nw.concat_str(*(nw.col(name) for name in kind.date), separator=" ", ignore_nulls=True)
    changed = {role: expr for role, expr in kind.computed.items() if role not in asked}
    rows = table.select(**(texts | changed), date=date)
    customer = nw.col("customer_id")  # an address is the same however it is capitalized
    return rows.with_columns(
        customer_id=nw.when(customer.str.contains("@")).then(customer.str.to_lowercase()).otherwise(customer)
    )


def _parsed(
    rows: nw.DataFrame[Any], kind: ExportFormat, time_zone: str, date_format: str | None, decimal: str
) -> nw.DataFrame[Any]:
    """Dates and numbers read, and one error for all that cannot be."""
    lazy = _with_dates(rows.lazy(), kind, time_zone, date_format)
    numbers: list[str] = [role for role in ("amount", "refunded", "adjusted") if role in rows.columns]
    for role in numbers:
        lazy = _with_number(lazy, role, decimal)
    if kind.finish is not None:
        lazy = kind.finish(lazy)
    faults = list(_faults(kind, numbers, date_format, decimal))
    checked = frames.collect(
        lazy.select(nw.len().alias("rows"), *(fault.broken.sum().alias(str(i)) for i, fault in enumerate(faults)))
    ).row(0)
    refuse(lazy, [(f, count) for f, count in zip(faults, checked[1:], strict=True) if count], checked[0])
    return frames.collect(lazy)


def _with_dates(
    lazy: nw.LazyFrame[Any], kind: ExportFormat, time_zone: str, date_format: str | None
) -> nw.LazyFrame[Any]:
    """Dates on the calendar's wall clock; missing where no format fits, what was written beside them."""
    lazy = lazy.with_columns(written=nw.col("date"))
    if kind.clock == "microseconds":
        lazy = frames.parse_numbers(lazy, "date")
        moment = nw.col("date").cast(nw.Int64).cast(nw.Datetime("us"))
    else:
        formats = (date_format,) if date_format is not None else kind.formats
        for number, form in enumerate(formats):
            zone = time_zone if kind.clock == "offset" else None
            read = frames.parse_dates(lazy.with_columns(date=nw.col("written")), "date", form, zone)
            lazy = read.rename({"date": f"date_{number}"})
        reads = [nw.col(f"date_{number}").cast(nw.Datetime("us")) for number in range(len(formats))]
        moment = nw.coalesce(*reads) if len(reads) > 1 else reads[0]
    if kind.clock in ("utc", "microseconds"):
        moment = moment.dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    return lazy.with_columns(date=moment)


def _with_number(lazy: nw.LazyFrame[Any], role: str, decimal: str) -> nw.LazyFrame[Any]:
    """Money as floats: signs of currencies and separators of thousands taken off, brackets read as a minus."""
    text = nw.col(role).str.replace_all(SIGNS, "").str.replace_all(r"^\((.*)\)$", "-$1")
    lazy = lazy.with_columns(nw.col(role).alias(f"stated_{role}"), text.alias(role))
    plain = nw.col(role).str.contains(PLAIN[decimal])
    thousands = "," if decimal == "." else "."
    bare = nw.col(role).str.replace_all(thousands, "", literal=True).str.replace_all(",", ".", literal=True)
    return frames.parse_numbers(lazy.with_columns(nw.when(plain).then(bare).alias(role)), role)


def _faults(kind: ExportFormat, numbers: list[str], date_format: str | None, decimal: str) -> Iterator[Fault]:
    expected = date_format or " or ".join(form or "YYYY-MM-DD" for form in kind.formats)
    yield Fault(
        "written",
        nw.col("date").is_null(),
        f"have a date that cannot be read as {expected}",
        "Pass date_format= with the strftime codes the export was made with, such as date_format='%d/%m/%Y %H:%M:%S'.",
    )
    other = "," if decimal == "." else "."
    for role in numbers:
        yield Fault(
            f"stated_{role}",
            nw.col(role).is_null() & ~nw.col(f"stated_{role}").is_null(),
            f"have a number ({role}) that cannot be read with {decimal!r} before the decimals",
            f"Pass decimal={other!r} if that is what the export was made with.",
        )


def _mapped(kind: ExportFormat, sources: Mapping[str, tuple[str, ...]], time_zone: str) -> pd.DataFrame:
    """Where each column came from."""
    import pandas as pd

    zone = "local time, as the export states it" if kind.clock == "local" else f"in {time_zone}"
    said = [(role, ", else ".join(names), kind.notes.get(role, "")) for role, names in sources.items()]
    said.append(("date", " ".join(kind.date), zone))
    return pd.DataFrame(said, columns=["column", "source", "note"])
