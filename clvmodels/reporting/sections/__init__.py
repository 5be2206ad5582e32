"""The sections of the report, one module each: they turn the tables of a backtest into text, tables and figures."""

from clvmodels.reporting.sections.benchmarks import benchmarks
from clvmodels.reporting.sections.calibration import calibration
from clvmodels.reporting.sections.data import data
from clvmodels.reporting.sections.fit import fit
from clvmodels.reporting.sections.model_card import model_card
from clvmodels.reporting.sections.money import money
from clvmodels.reporting.sections.ranking import ranking

__all__ = ["benchmarks", "calibration", "data", "fit", "model_card", "money", "ranking"]
