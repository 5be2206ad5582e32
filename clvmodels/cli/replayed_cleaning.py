"""A log cleaned again by the rules that `clv clean` wrote down, as it was known on any day."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

CleaningOption = Annotated[
    Path | None,
    typer.Option(
        help="A ledger that `clv clean` wrote: LOG is then what it cleaned, and is cleaned alike, as it was known at "
        "each cut; columns are those of the ledger."
    ),
]


@dataclass(frozen=True, slots=True)
class CleanedSource:
    """A log as the verbs read it.

    Attributes
    ----------
    log : path, or function of a day
        What `backtest` and `holdout_split` take.
    whole : path or frame
        All that is known now.
    columns : dict
        The options that name its columns.
    reading : dict
        date_format and time_zone.
    cleaned : Cleaned or None
        What cleaning gave, where it was asked for.
    """

    log: Any
    whole: Any
    columns: dict[str, Any]
    reading: dict[str, Any]
    cleaned: Any = None


def source_of(log: Path, cleaning: Path | None, columns: dict[str, Any], reading: dict[str, Any]) -> CleanedSource:
    """The log as it lies there, or cleaned by the rules of a ledger; `columns` and `reading` are of the former."""
    from clvmodels.errors import InvalidOption
    from clvmodels.transactions.log import LATEST

    if cleaning is None:
        return CleanedSource(log, log, columns, reading)
    if columns["amount"] is not None:
        raise InvalidOption("--cleaning names the columns, and --amount would name another: leave it out.")
    known = cleaner(log, cleaning)
    cleaned = known(LATEST)
    has_money = "amount" in cleaned.transactions.columns
    names = {"customer_id": "customer_id", "date": "date", "amount": "amount" if has_money else None}

    def log_as_known(day: str) -> Any:
        return cleaned if day == LATEST else known(day)  # all that is known now is cleaned once

    return CleanedSource(log_as_known, cleaned.transactions, names, {"date_format": None, "time_zone": None}, cleaned)


def cleaner(log: Path, cleaning: Path) -> Callable[[str], Any]:
    """A function of a day: the log, cleaned by the rules of a ledger from what was known then.

    Raises
    ------
    InvalidOption
        When the file is none that `clv clean` wrote.
    """
    import clvmodels as clv
    from clvmodels.errors import InvalidOption

    try:
        told = json.loads(cleaning.read_text(encoding="utf-8"))
        rules, read = clv.CleaningRules(**told["rules"]), told["read"]
        columns, export = dict(read["columns"]), read["export"]
        text: dict[str, Any] = {name: read[name] for name in ("date_format", "time_zone")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InvalidOption(
            f"--cleaning {cleaning}: no ledger that `clv clean` wrote ({type(fault).__name__}). Let it write one, with "
            "--ledger."
        ) from None
    source: Any = log
    if export is not None:
        given = {name: value for name, value in text.items() if value is not None}
        source, text = clv.read_export(log, export, **given).frame, {}
    return lambda day: clv.clean(source, **columns, rules=rules, **text, until=day)
