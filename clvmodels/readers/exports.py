"""Read exports of shops, payment services and GA4 into a frame for `clean`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, InvalidTransactions, MissingColumn, closest, list_names
from clvmodels.language import Finding, Findings
from clvmodels.readers.export_format import ExportFormat
from clvmodels.readers.export_formats import EXPORT_FORMATS, describe_formats
from clvmodels.readers.overlapping_exports import combine_exports
from clvmodels.transactions.faults import Fault, refuse
from clvmodels.transactions.ids import clean_ids, find_placeholder, missing_words, placeholder_fault
from clvmodels.transactions.log import with_ticks
from clvmodels.transactions.statuses import is_blank, meaning_of, unknown_statuses_fault
from clvmodels.transactions.stray_dates import PeriodArguments, doubtful_dates

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Export", "read_export"]

COLUMNS = ("customer_id", "order_id", "date", "product", "amount", "refunded", "currency", "status", "test")
NUMBERS = ("amount", "refunded", "adjusted", "promotion", "back")
NUMBER_PATTERNS = {
    ".": r"^-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$",
    ",": r"^-?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?$",
}
SHOWN = 10  # statuses that a message lists
CURRENCY_SIGNS = r"[\s\x{00A0}\x{202F}'$€£¥]|[A-Z]{1,3}\$|^[A-Z]{3}|[A-Z]{3}$"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Export:
    r"""An export, read into a frame.

    Attributes
    ----------
    frame : polars.DataFrame
        customer_id (e-mail addresses in lower case), order_id, date (local time of the calendar), amount and, if the
        export has them, product, refunded, currency, status; one row per order, line or payment.
    kind : str
        The recognized kind of export, such as "shopify".
    columns : mapping of str to str
        Keywords for `clean` that name the frame's columns: `clean(export.frame, **export.columns)`.
    mapped : pandas.DataFrame
        The source of each column: column, source, note.
    left_out : mapping of str to int
        Rows of the file that are not orders, by the code of the reason, such as "further_line".
    opened_files : tuple of OpenedFile
        What was recognized of the files.

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
    opened_files: tuple[frames.OpenedFile, ...] = ()

    @property
    def findings(self) -> Findings:
        """Rows of the file that were left out, and why; and what was recognized of the file."""
        left_out = [
            Finding(f"export-{reason.replace('_', '-')}", {"rows": rows}) for reason, rows in self.left_out.items()
        ]
        return (*left_out, *frames.file_findings(self.opened_files))

    def __repr__(self) -> str:
        findings = "".join(f"; {finding.text}" for finding in self.findings)
        return f"{self.kind} export, {len(self.frame):,} rows{findings}\n{self.mapped.to_string(index=False)}"


def read_export(
    path: frames.Frame | str | Path | frames.OpenedFile,
    kind: str | None = None,
    *,
    customer_id: str | None = None,
    amount: str | None = None,
    time_zone: str = "UTC",
    date_format: str | None = None,
    decimal: str | None = None,
) -> Export:
    """Read an export of a shop, a payment service or GA4; its kind is recognized by the header, or named.

    Parameters
    ----------
    path : str, Path, OpenedFile or frame
        Text, a workbook, or for GA4 JSON lines from BigQuery; or a folder, pattern or zip archive of exports of one
        kind. Of an order in several of them, the export with the latest date counts. Or an export as a frame.
    kind : str, optional
        "shopify", "woocommerce", "magento", "bigcommerce", "stripe", "square", "paypal" (also with German, French,
        Spanish, Italian or Chinese headers), "etsy", "amazon", "ga4", "taobao" (also Tmall), "jd", "youzan",
        "wechat_pay" or "alipay"; by default recognized by the header.
    customer_id, amount : str, optional
        Columns of the file to use instead of the usual ones; Amazon's report has no buyer, so a column of buyers must
        be joined to it.
    time_zone : str
        The zone whose calendar applies, for exports that state time with a zone (Shopify, Stripe, Amazon, GA4). The
        others state local time, which is kept.
    date_format : str, optional
        strftime codes of dates that depend on the settings of the account (PayPal, Square) and are not ISO 8601.
    decimal : {".", ","}, optional
        The decimal separator; by default that of the service, which is a comma in some languages of PayPal's reports.

    Returns
    -------
    Export

    Raises
    ------
    InvalidTransactions
        If the header is not recognized (the message lists the known ones), a column is missing, or values cannot be
        read.

    Examples
    --------
    >>> export = clv.read_export("orders_export.csv", time_zone="America/New_York")  # doctest: +SKIP
    >>> cleaned = clv.clean(export.frame, **export.columns)  # doctest: +SKIP
    """
    if decimal is not None and decimal not in NUMBER_PATTERNS:
        raise InvalidOption(f"decimal={decimal!r} is neither '.' nor ','.")
    Clock(time_zone=time_zone)
    files = frames.read_fields(path, [form.header for form in EXPORT_FORMATS])
    forms = [_recognize(list(file.rows.columns), kind, file.name) for file in files]
    form = forms[0]
    for other, file in zip(forms, files, strict=True):
        if other.name != form.name:
            raise InvalidTransactions(
                f"{files[0].name!r} is an export of {form.name} and {file.name!r} one of {other.name}: read each kind "
                "separately."
            )
    files = [_prepare(file, form) for file, form in zip(files, forms, strict=True)]
    table, replaced, faults = combine_exports(files, form)
    name = files[0].name
    overrides = {"customer_id": customer_id, "amount": amount}
    named = {role: name for role, name in overrides.items() if name is not None}
    sources = _sources(form, list(table.columns), named, name)
    rows, left_out = _select_orders(table, form)
    if replaced:
        left_out["replaced_by_later_export"] = replaced
    selected = _select_roles(rows, form, sources, set(named))
    frame = _parse(selected, form, time_zone, date_format, decimal or form.decimal, faults)
    names = [name for name in COLUMNS if name in frame.columns]
    return Export(
        frame=frames.table("polars", {name: frame[name] for name in names}),
        kind=form.name,
        columns={name: name for name in names},
        mapped=_describe_sources(form, sources, time_zone),
        left_out=left_out,
        opened_files=tuple(file.opened for file in files if file.opened is not None),
    )


def _prepare(file: frames.FileFields, form: ExportFormat) -> frames.FileFields:
    """Return a file with the format's names of columns, and values without the characters around them."""
    rows = file.rows.rename({name: own for name, own in form.names.items() if name in file.rows.columns})
    absent = [name for name in form.names.values() if name not in rows.columns]
    rows = rows.with_columns(nw.lit(None, dtype=nw.String).alias(name) for name in absent)
    if form.wrapping is not None:
        bare = nw.all().str.replace_all(form.wrapping, "").str.strip_chars()
        rows = rows.with_columns(bare)
        rows = rows.with_columns(nw.when(nw.col(name) != "").then(nw.col(name)) for name in rows.columns)
    return replace(file, rows=rows)


def _recognize(header: list[str], kind: str | None, file: str) -> ExportFormat:
    """Return the format of a header; raise an error if it is not of the given kind."""
    if kind is None:
        for form in EXPORT_FORMATS:
            if form.header <= set(header):
                return form
        raise InvalidTransactions(
            f"The header of {file!r} is not recognized (its columns are {list_names(header)}). Known headers "
            f"are:\n{describe_formats()}\nFor any other file, name its columns: customer_id=, date=, amount= and so on."
        )
    forms = [form for form in EXPORT_FORMATS if form.name == kind]
    if not forms:
        names = list(dict.fromkeys(form.name for form in EXPORT_FORMATS))
        raise InvalidOption(f"kind={kind!r} is not one of {', '.join(map(repr, names))}.{closest(kind, names)}")
    matching = [form for form in forms if form.header <= set(header)]
    if not matching:
        missing = min((sorted(form.header - set(header)) for form in forms), key=len)
        raise MissingColumn(
            f"{file!r} lacks the columns {', '.join(map(repr, missing))} of an export of {kind}; its columns are "
            f"{list_names(header)}."
        )
    return matching[0]


def _sources(form: ExportFormat, header: list[str], named: Mapping[str, str], file: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of the file that each role is read from; the first one that is not blank counts."""
    absent = [name for name in named.values() if name not in header]
    if absent:
        raise MissingColumn(f"{file!r} has no column {absent[0]!r}; it has {list_names(header)}.")
    usual = {role: tuple(name for name in names if name in header) for role, names in form.roles.items()}
    sources = {role: names for role, names in usual.items() if names}
    sources |= {role: (name,) for role, name in named.items()}
    if "customer_id" not in sources:
        expected = " or ".join(map(repr, form.roles["customer_id"]))
        raise MissingColumn(
            f"{file!r} has no column of customers: an export of {form.name} has them in {expected}. Include that "
            "column in the export, or join one, and name it with customer_id=."
        )
    return sources


def _select_orders(table: nw.DataFrame[Any], form: ExportFormat) -> tuple[nw.DataFrame[Any], dict[str, int]]:
    """Return the rows that are orders, lines or refunds, and how many rows were left out, by reason."""
    left_out: dict[str, int] = {}
    if form.blank:
        names = [nw.col(name) for name in table.columns]
        blank = list(form.blank)
        table = table.with_columns(*(nw.when(~name.is_in(blank)).then(name) for name in names))
    for reason, condition in form.keep.items():
        orders = table.filter(condition)
        if len(orders) < len(table):
            left_out[reason] = len(table) - len(orders)
        table = orders
    if form.once:
        complete = ~nw.any_horizontal(*(nw.col(name).is_null() for name in form.once), ignore_nulls=True)
        rows = table.filter(complete).sort(*form.once_by, nulls_last=True)
        first = rows.unique(subset=list(form.once), keep="first", maintain_order=True)
        if len(first) < len(rows):
            left_out["repeated_order"] = len(rows) - len(first)
        table = nw.concat([first, table.filter(~complete)])
    return table, left_out


def _select_roles(
    table: nw.DataFrame[Any], form: ExportFormat, sources: Mapping[str, tuple[str, ...]], named: set[str]
) -> nw.DataFrame[Any]:
    """Return the roles as columns of text; columns that the caller named replace computed ones."""
    texts = {
        role: nw.coalesce(*(nw.col(name) for name in names)) if len(names) > 1 else nw.col(names[0])
        for role, names in sources.items()
    }
    date = nw.col(form.date[0])
    if len(form.date) > 1:
        date = nw.concat_str(*(nw.col(name) for name in form.date), separator=" ", ignore_nulls=True)
    computed = {role: expression for role, expression in form.computed.items() if role not in named}
    rows = table.select(**(texts | computed), date=date)
    customer = nw.col("customer_id")  # the case of e-mail addresses has no meaning
    return rows.with_columns(
        customer_id=nw.when(customer.str.contains("@")).then(customer.str.to_lowercase()).otherwise(customer)
    )


def _parse(
    rows: nw.DataFrame[Any],
    form: ExportFormat,
    time_zone: str,
    date_format: str | None,
    decimal: str,
    others: Sequence[str],
) -> nw.DataFrame[Any]:
    """Parse dates and numbers; raise one error for values that cannot be read and for `others`, faults of files."""
    lazy = _with_dates(rows.lazy(), form, time_zone, date_format)
    numbers: list[str] = [role for role in NUMBERS if role in rows.columns]
    for role in numbers:
        lazy = _with_number(lazy, role, decimal)
    if form.finish is not None:
        lazy = form.finish(lazy)
    faults = list(_faults(form, numbers, date_format, decimal))
    counts = frames.collect(
        lazy.select(nw.len().alias("rows"), *(fault.mask.sum().alias(str(i)) for i, fault in enumerate(faults)))
    ).row(0)
    broken = [(fault, count) for fault, count in zip(faults, counts[1:], strict=True) if count]
    further = [*others, *(_faults_of_result(lazy) if broken or others else ())]
    refuse(lazy, broken, counts[0], other_faults=further)
    return frames.collect(lazy)


def _faults_of_result(lazy: nw.LazyFrame[Any]) -> list[str]:
    """Return further faults that would stop `clean`, or the functions that read its result."""
    faults = []
    names = lazy.collect_schema().names()
    if "status" in names:
        counts = frames.collect(lazy.group_by("status").agg(nw.len().alias("rows")).sort("status")).rows()
        unknown = [(word, rows) for word, rows in counts if not is_blank(word) and meaning_of(word) is None]
        if unknown:
            listed = ", ".join(
                f"{word!r} ({rows:,} {'row' if rows == 1 else 'rows'})" for word, rows in unknown[:SHOWN]
            )
            faults.append(unknown_statuses_fault("status", sum(rows for _, rows in unknown), listed))
    lazy = clean_ids(with_ticks(lazy, Clock(), "date", None), "customer_id", missing_words(None))
    placeholder = find_placeholder(lazy)
    if placeholder is not None:
        faults.append(placeholder_fault(placeholder, "customer_id", "its rows set aside"))
    return faults + doubtful_dates(lazy, Clock(), PeriodArguments())


def _with_dates(
    lazy: nw.LazyFrame[Any], form: ExportFormat, time_zone: str, date_format: str | None
) -> nw.LazyFrame[Any]:
    """Parse dates to local time of the calendar, missing where no format fits; `written` has the text of the file."""
    lazy = lazy.with_columns(written=nw.col("date"))
    if form.clock == "microseconds":
        rounded = nw.col("date").str.contains("[eE]").fill_null(value=False)  # 1.7E+15 has lost the hour
        lazy = lazy.with_columns(date=nw.when(~rounded).then(nw.col("date")))
        lazy = frames.parse_numbers(lazy, "date")
        moment = nw.col("date").cast(nw.Int64).cast(nw.Datetime("us"))
    else:
        formats = (date_format,) if date_format is not None else form.formats
        zone = time_zone if form.clock == "offset" else None
        for number, codes in enumerate(formats):
            parsed = frames.parse_dates(lazy.with_columns(date=nw.col("written")), "date", codes, zone)
            lazy = parsed.rename({"date": f"date_{number}"})
        dates = [nw.col(f"date_{number}").cast(nw.Datetime("us")) for number in range(len(formats))]
        moment = nw.coalesce(*dates) if len(dates) > 1 else dates[0]
    if form.clock in ("utc", "microseconds"):
        moment = moment.dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    return lazy.with_columns(date=moment)


def _with_number(lazy: nw.LazyFrame[Any], role: str, decimal: str) -> nw.LazyFrame[Any]:
    """Parse money to floats without currency signs and thousands separators; parentheses mean a negative amount."""
    text = nw.col(role).str.replace_all(CURRENCY_SIGNS, "").str.replace_all(r"^\((.*)\)$", "-$1")
    lazy = lazy.with_columns(nw.col(role).alias(f"stated_{role}"), text.alias(role))
    plain = nw.col(role).str.contains(NUMBER_PATTERNS[decimal])
    thousands = "," if decimal == "." else "."
    bare = nw.col(role).str.replace_all(thousands, "", literal=True).str.replace_all(",", ".", literal=True)
    return frames.parse_numbers(lazy.with_columns(nw.when(plain).then(bare).alias(role)), role)


def _faults(form: ExportFormat, numbers: list[str], date_format: str | None, decimal: str) -> Iterator[Fault]:
    """Yield the faults of dates and numbers."""
    expected = date_format or " or ".join(codes or "YYYY-MM-DD" for codes in form.formats)
    yield Fault(
        "written",
        nw.col("date").is_null() & ~nw.col("written").is_null(),
        f"a date that cannot be read as {expected}",
        "Pass date_format= with the strftime codes of the export, such as date_format='%d/%m/%Y %H:%M:%S'.",
    )
    other = "," if decimal == "." else "."
    for role in numbers:
        yield Fault(
            f"stated_{role}",
            nw.col(role).is_null() & ~nw.col(f"stated_{role}").is_null(),
            f"a number ({role}) that cannot be read with {decimal!r} as the decimal separator",
            f"Pass decimal={other!r} if the export uses it.",
        )


def _describe_sources(form: ExportFormat, sources: Mapping[str, tuple[str, ...]], time_zone: str) -> pd.DataFrame:
    """Return a table of the source of each column."""
    import pandas as pd

    zone = "local time, as the export states it" if form.clock == "local" else f"in {time_zone}"
    rows = [(role, ", else ".join(names), form.notes.get(role, "")) for role, names in sources.items()]
    rows.append(("date", " ".join(form.date), zone))
    return pd.DataFrame(rows, columns=["column", "source", "note"])
