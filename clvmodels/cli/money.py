"""Functions that verbs about money share: read a log as a history, fit models, and show tables of amounts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clvmodels.cli.app import out
from clvmodels.cli.arguments import clock_options

__all__ = ["FittedLog", "fit_log", "read_history", "show"]

SHOWN = (  # fits a terminal of 80 columns
    "driver",
    "factor",
    "line",
    "top",
    "share",
    "elasticity",
    "customers",
    "period",
    "orders",
    "existing",
    "new",
    "revenue",
    "net_cash_flow",
    "costs",
    "remaining_value",
    "present_value",
    *(f"{name}_{end}" for name in ("remaining_value", "present_value") for end in ("lower", "upper")),
)
FORMATS = {
    "period": None,
    "line": None,
    "driver": None,
    "factor": ".2f",
    "elasticity": ".2f",
    "top": ".0%",
    "share": ".0%",
}


@dataclass(frozen=True, slots=True)
class FittedLog:
    """A log, and the models fitted to the whole of it."""

    rfm: Any
    purchases: Any
    spend: Any


def read_history(
    log: Path, columns: dict[str, Any], reading: dict[str, Any], observation_end: str | None, drop_missing_id: bool
) -> Any:
    """Return the history of a log up to its end."""
    import clvmodels as clv

    return clv.KnownHistory.from_log(
        log,
        **columns,
        **{name: value for name, value in reading.items() if name != "time_unit"},
        **clock_options(str(reading["time_unit"]), "day"),
        observation_end=observation_end,
        on_missing_id="drop" if drop_missing_id else "raise",
    )


def fit_log(
    step: Any,
    log: Path,
    model: str,
    columns: dict[str, Any],
    reading: dict[str, Any],
    observation_end: str | None,
    drop_missing_id: bool,
) -> FittedLog:
    """Summarize a log, and fit a purchase model and the spend model to it."""
    import clvmodels as clv
    from clvmodels.errors import InvalidOption, closest
    from clvmodels.estimators.persistence import MODEL_CLASSES

    if model not in MODEL_CLASSES:
        raise InvalidOption(f"model={model!r} is not one of {', '.join(MODEL_CLASSES)}.{closest(model, MODEL_CLASSES)}")
    chosen = MODEL_CLASSES[model]()
    step(f"Reading {log}")
    clock = clock_options(str(reading["time_unit"]), "day")
    others = {name: value for name, value in reading.items() if name != "time_unit"}
    rfm = clv.rfm_summary(
        log,
        **columns,
        **others,
        **clock,
        observation_end=observation_end,
        intertimes=chosen.needs_intertimes,
        on_missing_id="drop" if drop_missing_id else "raise",
    )
    step("Fitting the models")
    return FittedLog(rfm, chosen.fit(rfm), clv.GammaGamma().fit(rfm))


def show(frame: Any, text: str) -> None:
    """Print a short table, and a text below it."""
    from rich.table import Table

    from clvmodels.language.numbers import cells

    shown = Table(box=None, header_style="bold", pad_edge=False)
    names = [name for name in frame.columns if name in SHOWN]
    for name in names:
        shown.add_column(name.replace("_", " "), justify="right")
    columns = [cells(frame[name].to_list(), FORMATS.get(name, ",.0f")) for name in names]
    for row in zip(*columns, strict=True):
        shown.add_row(*row)
    out.print(shown)
    if text:
        out.print(text, highlight=False)
