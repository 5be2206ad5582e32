"""The sections of the report, a file each: what a backtest says, as words, facts, tables and pictures."""

from clvmodels.reporting.sections.benchmarks import rivals
from clvmodels.reporting.sections.calibration import calibration
from clvmodels.reporting.sections.data import beware, data
from clvmodels.reporting.sections.fit import fit
from clvmodels.reporting.sections.model_card import card
from clvmodels.reporting.sections.money import money
from clvmodels.reporting.sections.ranking import ranking

__all__ = ["beware", "calibration", "card", "data", "fit", "money", "ranking", "rivals"]
