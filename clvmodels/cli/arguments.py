"""Arguments and options that several verbs share, and the functions that parse them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from clvmodels.estimators.prediction import TotalIntervalName


class DefaultName(str):
    """The name of a column that is the default of its option, as opposed to the same name typed."""

    __slots__ = ()


def mark_default(context: typer.Context, parameter: typer.CallbackParam, name: str | None) -> str | None:
    """Return a column's name as a DefaultName unless it was typed."""
    source = context.get_parameter_source(parameter.name or "")
    return DefaultName(name) if name is not None and source is not None and source.name == "DEFAULT" else name


LogArgument = Annotated[
    Path,
    typer.Argument(
        metavar="LOG", help="Transaction log (CSV, Excel, JSON, Parquet and others), one row per transaction."
    ),
]
CustomerIdOption = Annotated[str, typer.Option(help="Column with the customer's id.", callback=mark_default)]
DateOption = Annotated[str, typer.Option(help="Column with the date of the transaction.", callback=mark_default)]
AmountOption = Annotated[
    str | None, typer.Option(help="Column with the amount of the transaction; without it, only purchases are modeled.")
]
TimeUnitOption = Annotated[str, typer.Option(help="Unit of time: hour, day, week, month or year.")]
MergeWithinOption = Annotated[
    str,
    typer.Option(
        help="Purchases within one such period count as one: hour or day; for BG/BB also week, month or year."
    ),
]
DateFormatOption = Annotated[
    str | None, typer.Option(help="strftime codes of dates that are not ISO dates, such as %d/%m/%Y.")
]
TimeZoneOption = Annotated[str | None, typer.Option(help="Time zone whose calendar days count, such as Europe/Paris.")]
CalendarFlag = Annotated[
    str | None,
    typer.Option(
        "--calendar",
        help="How fast customers buy on each day: a file that Calendar.save wrote, or auto to estimate a season at "
        "each cutoff and use it where it was better.",
    ),
]
CalendarFileOption = Annotated[
    Path | None,
    typer.Option("--calendar", help="Calendar file written by Calendar.save: how fast customers buy on each day."),
]
DropMissingIdOption = Annotated[bool, typer.Option("--drop-missing-id", help="Leave out rows without a customer id.")]
EncodingOption = Annotated[
    str | None, typer.Option(help="Encoding of a text file, such as gb18030 or cp1252.", show_default="recognized")
]
DelimiterOption = Annotated[
    str | None,
    typer.Option(
        help="Separator of columns of a text file: ';', tab, or another character.", show_default="recognized"
    ),
]
DecimalOption = Annotated[
    str | None, typer.Option(help="Decimal separator of numbers in a text file: '.' or ','.", show_default="recognized")
]
SheetOption = Annotated[
    str | None, typer.Option(help="Sheet of a workbook, or table of a database file.", show_default="by its columns")
]
MissingIdsOption = Annotated[
    str | None,
    typer.Option(
        help="Ids that mean a missing customer, separated by commas.",
        show_default="NULL, N/A, guest, Total and the like",
    ),
]
VoidStatusesOption = Annotated[str, typer.Option(help="Statuses of rows that are not a sale, separated by commas.")]
RefundStatusesOption = Annotated[str, typer.Option(help="Statuses of rows that are refunds, separated by commas.")]
CountStatusesOption = Annotated[
    str, typer.Option(help="Statuses of rows that are sales, separated by commas, such as pending.")
]
UnknownStatusesOption = Annotated[
    str, typer.Option(help="What to do with statuses of unknown meaning: raise, count or void.")
]
ObservationEndOption = Annotated[str | None, typer.Option(help="Last day to include; default: the latest in the log.")]
AcquiredAfterOption = Annotated[
    str | None,
    typer.Option(
        help="Leave out customers first seen on or before this day; `clv profile` reports when this is needed."
    ),
]
HorizonOption = Annotated[str, typer.Option(help="How far ahead to forecast, such as '12 months'.")]
ModelsOption = Annotated[
    str, typer.Option(help="The models, separated by commas; 'auto' takes those that `clv profile` finds suitable.")
]
FirstTransactionOption = Annotated[
    bool, typer.Option("--include-first-transaction", help="Include first purchases in mean spend.")
]
DiscountRateOption = Annotated[float, typer.Option(help="Effective yearly discount rate; 0.10 is ten percent a year.")]
MarginOption = Annotated[float, typer.Option(help="Share of spend that counts as value; 1 values revenue.")]
TOTAL_INTERVAL = '"history": intervals of totals allow for changing conditions; "model": for chance and parameters.'
TotalIntervalOption = Annotated[str, typer.Option(help=TOTAL_INTERVAL)]


def parse_total_interval(name: str) -> TotalIntervalName:
    """Return the option of intervals of totals; InvalidOption lists the valid ones."""
    from clvmodels.estimators.prediction import check_total_interval

    return check_total_interval(name)


def clock_options(time_unit: str, merge_within: str) -> dict[str, Any]:
    """Return the options of a clock; raises an InvalidOption that lists the valid ones."""
    from clvmodels.clock import Clock

    clock = Clock(time_unit, merge_within)  # type: ignore[arg-type]
    return {"time_unit": clock.time_unit, "merge_within": clock.merge_within}


def read_calendar(calendar: str | None) -> Any:
    """Return the calendar of a flag: the calendar in a file, or "auto" or None unchanged."""
    from clvmodels.calendar import Calendar

    return calendar if calendar in (None, "auto") else Calendar.load(calendar)


def load_calendar(path: Path | None) -> Any:
    """Return the calendar in a file, or None without one.

    Raises
    ------
    InvalidOption
        For "auto", which needs earlier cutoffs.
    """
    from clvmodels.calendar import Calendar
    from clvmodels.errors import InvalidOption

    if path == Path("auto"):
        raise InvalidOption(
            "--calendar auto decides by earlier cutoffs, as `clv backtest` and `clv report` do: name a file that "
            "Calendar.save wrote."
        )
    return None if path is None else Calendar.load(path)


def log_file(log: Path, encoding: str | None, delimiter: str | None, decimal: str | None, sheet: str | None) -> Any:
    """Return a log with the options of its file, or its path if there are none."""
    from clvmodels.frames import FileOptions, OpenedFile

    options = FileOptions(encoding, delimiter, decimal, sheet)
    return log if options == FileOptions() else OpenedFile(log, options=options)


ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        help="'auto' proposes columns from names and contents, uses them, and leaves out rows without a customer.",
    ),
]


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """The columns of a log, and how its dates are read.

    Attributes
    ----------
    columns : dict of role to column or None
    date_format, time_zone : str or None
    """

    columns: dict[str, Any]
    date_format: str | None
    time_zone: str | None


def choose_columns(
    log: Any,
    columns: str | None,
    named: dict[str, str | None],
    date_format: str | None,
    time_zone: str | None = None,
) -> ChosenColumns:
    """Return the columns of a log and how its dates are read; if `columns` is "auto", missing ones are proposed.

    Raises
    ------
    InvalidOption
        If `columns` is another word, or a column or the format of the dates may be one of several; all at once.
    """
    from clvmodels import frames
    from clvmodels.cli.app import err
    from clvmodels.errors import InvalidOption
    from clvmodels.readers.column_suggestions import FIRST_ROWS, formats_of, suggest_columns

    if columns is None:
        return ChosenColumns(dict(named), date_format, time_zone)
    if columns != "auto":
        raise InvalidOption(f"--columns {columns!r}: the only value is 'auto'; name single columns with their flags.")
    present = frames.column_names(log)
    if export_kind(log) is not None:  # the format of the export defines its columns
        return ChosenColumns(dict(named), date_format, time_zone)
    suggestion = suggest_columns(log)
    proposed = {**suggestion.columns, **suggestion.others}
    typed = {role for role, name in named.items() if name in present and not isinstance(name, DefaultName)}
    chosen = {role: name if role in typed else proposed.get(role, name) for role, name in named.items()}
    formats: tuple[str, ...] = ()
    if date_format is None:
        formats = suggestion.date_formats
        if "date" in typed and chosen["date"] != proposed.get("date"):
            formats = formats_of(log, frames.first_values(log, [str(chosen["date"])], FIRST_ROWS)[str(chosen["date"])])
    several = [
        f"Several columns may be {role}: add {' or '.join(f'{_flag(role)} {name!r}' for name in names)}."
        for role, names in suggestion.alternatives.items()
        if role in named and role not in proposed and role not in typed
    ]
    if len(formats) > 1:
        ways = " or ".join(f"--date-format {form!r}" for form in formats)
        several.append(f"The dates in {chosen['date']!r} can be read in {len(formats)} ways: add {ways}.")
    if several:
        raise InvalidOption("\n".join(several))
    date_format = formats[0] if formats else date_format
    zone = suggestion.time_zone if time_zone is None and date_format is None else time_zone
    flags = [f"{_flag(role)} {name!r}" for role, name in chosen.items() if name is not None]
    flags += [f"--date-format {form!r}" for form in formats]
    flags += [] if zone == time_zone else [f"--time-zone {zone!r}"]
    err.print(f"Columns: {' '.join(flags)}", soft_wrap=True, markup=False, highlight=False)
    return ChosenColumns(chosen, date_format, zone)


def _flag(role: str) -> str:
    return f"--{role.replace('_', '-')}"


def export_kind(log: Any) -> str | None:
    """Return the kind of export that a log is by its header, such as "shopify"; None if it is not an export."""
    from clvmodels import frames
    from clvmodels.readers.export_formats import EXPORT_FORMATS

    names = set(frames.column_names(log))
    return next((form.name for form in EXPORT_FORMATS if form.header <= names), None)


def status_rules(void: str, refund: str, count: str, unknown: str) -> dict[str, Any]:
    """Return the rules of cleaning that the flags on statuses set."""
    lists = {"void_statuses": void, "refund_statuses": refund, "count_statuses": count}
    return {rule: tuple(split_list(words)) for rule, words in lists.items()} | {"unknown_statuses": unknown}


def find_model(path: Path, where: str) -> None:
    """Raise an InvalidModelFile that names `clv fit` and where to name a model, if there is no such file."""
    from clvmodels.errors import InvalidModelFile

    if not path.exists():
        raise InvalidModelFile(
            f"There is no model {str(path)!r}: fit one with `clv fit LOG --output {path}`, or name another {where}."
        )


def load_customer_model(path: Path, *, with_spend: bool = False) -> Any:
    """Return a model saved by `clv fit` that has a process and, if it is needed, a spend model."""
    import clvmodels as clv
    from clvmodels.errors import InvalidOption

    find_model(path, "with --model")
    fitted: Any = clv.load(path)
    if with_spend and (not isinstance(fitted, clv.CustomerModel) or fitted.spend is None):
        raise InvalidOption(f"{path} has no process with a spend model: fit one with `clv fit LOG --amount COLUMN`.")
    if not isinstance(fitted, clv.CustomerModel):
        raise InvalidOption(f"{path} has no process: fit one with `clv fit LOG`.")
    return fitted


def parse_numbers(text: str, flag: str, example: str) -> dict[str, float]:
    """Return the numbers of a flag by their names; the flag and an example are for the error."""
    from clvmodels.errors import InvalidOption

    try:
        return {name.strip(): float(number) for name, number in (item.split("=") for item in split_list(text))}
    except ValueError:
        raise InvalidOption(f"{flag} {text!r} must be names and numbers, such as {example}.") from None


def split_list(text: str) -> list[str]:
    """Return the items of a list separated by commas, without empty ones."""
    return [item.strip() for item in text.split(",") if item.strip()]


def split_ids(text: str | None) -> list[str] | None:
    """Return the ids that mean a missing id, or None for the default list."""
    return None if text is None else split_list(text)


def parse_models(text: str) -> Any:
    """Return an unfitted model for each process in a list of ids, or "auto" itself.

    Raises
    ------
    InvalidOption
        When an id is unknown; the message lists the valid ones.
    """
    from clvmodels.errors import InvalidOption, closest
    from clvmodels.estimators.persistence import MODEL_CLASSES

    if text == "auto":
        return text
    names = split_list(text)
    unknown = [name for name in names if name not in MODEL_CLASSES]
    if unknown or not names:
        wrong = f"{', '.join(map(repr, unknown))} is not a model. Name" if unknown else "name"
        hint = next(filter(None, (closest(name, MODEL_CLASSES) for name in unknown)), "")
        raise InvalidOption(
            f"--models {text!r}: {wrong} one or more of {', '.join(MODEL_CLASSES)}, separated by commas, or auto "
            f"alone.{hint}"
        )
    return [MODEL_CLASSES[name]() for name in names]


def check_outputs(log: Path, tables: Mapping[str, Path | None], others: Mapping[str, Path | None]) -> None:
    """Raise one error for all outputs that cannot be written, before anything is read.

    Parameters
    ----------
    tables, others : mapping of flag to path or None
        Tables end with .parquet or .csv.
    """
    from clvmodels import files
    from clvmodels.errors import CLVError, InvalidOption

    faults, places = [], {log.resolve(): "the log"}
    for flag, path in {**tables, **others}.items():
        if path is None:
            continue
        if flag in tables and path.suffix.lower() not in (".parquet", ".pq", ".csv"):
            faults.append(f"{flag} {str(path)!r}: a table is written as .parquet or .csv")
        try:
            files.target(path)
        except CLVError as error:
            faults.append(f"{flag}: {error}")
        place = path.resolve()
        if place in places:
            faults.append(f"{flag} {str(path)!r}: is the file of {places[place]} too: name another")
        places.setdefault(place, flag)
    if faults:
        raise InvalidOption("; ".join(fault.removesuffix(".") for fault in faults) + ".")
