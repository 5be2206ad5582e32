"""The sections of the report, one module each: they turn the tables of a backtest into text, tables and figures."""

from __future__ import annotations

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

__all__ = ["report_sections"]


def report_sections(
    view: Selection, value: Frame | None, terms: str | None, profile: Profile | None, ledger: pd.DataFrame | None
) -> list[ReportSection]:
    """Return the sections below the verdict, in order."""
    every = [
        data(view, profile, ledger),
        calibration(view),
        ranking(view),
        money(view, value, terms),
        benchmarks(view),
        fit(view),
        model_card(view),
    ]
    return [section for section in every if section is not None]
