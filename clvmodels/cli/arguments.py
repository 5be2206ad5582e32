"""Options that several verbs share, and what is made of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

Log = Annotated[Path, typer.Argument(help="Transaction log: CSV or Parquet, a row a transaction.")]
CustomerId = Annotated[str, typer.Option(help="Column that names the customer.")]
Date = Annotated[str, typer.Option(help="Column with the date of the transaction.")]
Amount = Annotated[str | None, typer.Option(help="Column with the money of the transaction; leave out for none.")]
Unit = Annotated[str, typer.Option(help="Unit of time: hour, day, week, month or year.")]
Merge = Annotated[
    str, typer.Option(help="Purchases within one such period are one: hour, day; or week, month, year for bgbb.")
]
DateFormat = Annotated[str | None, typer.Option(help="strftime codes of dates that are not ISO, such as %d/%m/%Y.")]
TimeZone = Annotated[str | None, typer.Option(help="Zone whose calendar counts, such as Europe/Paris.")]
DropMissing = Annotated[bool, typer.Option("--drop-missing-id", help="Set rows without a customer id aside.")]
AcquiredAfter = Annotated[
    str | None, typer.Option(help="Leave out customers first seen up to this day: `clv profile` says whether to.")
]
Horizon = Annotated[str, typer.Option(help="How far to look ahead, such as '12 months'.")]

# Options that messages of the library name as Python does; each is typed as --acquired-after and so on.
OPTIONS = (
    "acquired_after",
    "amount",
    "annual_discount_rate",
    "calibration_end",
    "customer_id",
    "date_format",
    "holdout_end",
    "horizon",
    "margin",
    "merge_within",
    "observation_end",
    "rate",
    "refund_prefix",
    "time_unit",
    "time_zone",
)
NAMED = re.compile(rf"\b({'|'.join(OPTIONS)})=(?=(['\"\d-])?)")  # the whole name, and whether a value follows


def as_flags(message: str) -> str:
    """A message of the library with its options named as they are typed, so that each remedy can be."""
    message = message.replace('on_missing_id="drop"', "--drop-missing-id")
    return NAMED.sub(lambda found: f"--{found[1].replace('_', '-')}{' ' if found[2] else ''}", message)


def clock_options(time_unit: str, merge_within: str) -> dict[str, Any]:
    """The options of a clock; the Clock refuses what is none."""
    from clvmodels.clock import Clock

    clock = Clock(time_unit, merge_within)  # type: ignore[arg-type]
    return {"time_unit": clock.time_unit, "merge_within": clock.merge_within}


def models_named(text: str) -> list[Any]:
    """Unfitted models by the names of their processes."""
    from clvmodels.errors import InvalidOption
    from clvmodels.estimators.persistence import PURCHASE_MODELS, REGULAR_MODELS

    known: dict[str, Any] = {**PURCHASE_MODELS, **REGULAR_MODELS}
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or not set(names) <= set(known):
        raise InvalidOption(f"--models {text!r}: the models are {', '.join(known)}, with commas between.")
    return [known[name]() for name in names]
