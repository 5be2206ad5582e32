"""The sections of the report, one module each: they turn the tables of a backtest into text, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from clvmodels.frames import Frame
from clvmodels.profiling.profile import Profile
from clvmodels.reporting.page import ReportSection
from clvmodels.reporting.sections.benchmarks import benchmarks
from clvmodels.reporting.sections.calibration import calibration
from clvmodels.reporting.sections.data import data
from clvmodels.reporting.sections.fit import fit
from clvmodels.reporting.sections.model_card import model_card
from clvmodels.reporting.sections.money import money
from clvmodels.reporting.sections.ranking import ranking
from clvmodels.reporting.selection import Selection

__all__ = ["SECTIONS", "report_sections"]

SECTIONS = ("data", "calibration", "ranking", "money", "benchmarks", "fit", "model_card")  # in the order of the page


def report_sections(
    names: Sequence[str],
    view: Selection,
    value: Frame | None = None,
    terms: str | None = None,
    profile: Profile | None = None,
    ledger: pd.DataFrame | None = None,
) -> dict[str, ReportSection | None]:
    """Return sections below the verdict by name; None for those that have nothing to show."""
    makers: dict[str, Callable[[], ReportSection | None]] = {
        "data": lambda: data(view, profile, ledger),
        "calibration": lambda: calibration(view),
        "ranking": lambda: ranking(view),
        "money": lambda: money(view, value, terms),
        "benchmarks": lambda: benchmarks(view),
        "fit": lambda: fit(view),
        "model_card": lambda: model_card(view),
    }
    return {name: makers[name]() for name in names}
