"""Customer lifetime value from transaction logs: RFM, models of purchases and of spend, value, and how far to trust it.

The public names are loaded when first used, so that importing the package costs little.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str

    from clvmodels import datasets as datasets
    from clvmodels import errors as errors
    from clvmodels.calendar import Calendar as Calendar
    from clvmodels.calendar import CalendarPeriod as CalendarPeriod
    from clvmodels.cleaning.clean import Cleaned as Cleaned
    from clvmodels.cleaning.clean import clean as clean
    from clvmodels.cleaning.prices import deflate as deflate
    from clvmodels.cleaning.rules import CleaningRules as CleaningRules
    from clvmodels.clock import Clock as Clock
    from clvmodels.compat.conversions import from_btyd as from_btyd
    from clvmodels.compat.conversions import from_clvtools as from_clvtools
    from clvmodels.compat.conversions import from_lifetimes as from_lifetimes
    from clvmodels.compat.conversions import from_pymc as from_pymc
    from clvmodels.decisions.accounts.account_ids import merge_accounts as merge_accounts
    from clvmodels.decisions.accounts.key_accounts import KeyAccounts as KeyAccounts
    from clvmodels.decisions.accounts.key_accounts import key_accounts as key_accounts
    from clvmodels.decisions.acting.action_lists import ActionLists as ActionLists
    from clvmodels.decisions.acting.action_lists import action_lists as action_lists
    from clvmodels.decisions.acting.contact_files import write_contacts as write_contacts
    from clvmodels.decisions.acting.cross_selling import CrossSelling as CrossSelling
    from clvmodels.decisions.acting.cross_selling import cross_selling as cross_selling
    from clvmodels.decisions.acting.growth_list import GrowthList as GrowthList
    from clvmodels.decisions.acting.growth_list import growth_list as growth_list
    from clvmodels.decisions.base_audit.audit import Audit as Audit
    from clvmodels.decisions.base_audit.audit import audit as audit
    from clvmodels.decisions.base_audit.fiscal_calendar import FiscalCalendar as FiscalCalendar
    from clvmodels.decisions.budget import budget_against_actual as budget_against_actual
    from clvmodels.decisions.change_flags import ChangeFlags as ChangeFlags
    from clvmodels.decisions.change_flags import flag_changes as flag_changes
    from clvmodels.decisions.clustering.data_segments import DataSegments as DataSegments
    from clvmodels.decisions.clustering.data_segments import data_segments as data_segments
    from clvmodels.decisions.cohort_triangle import cohort_triangle as cohort_triangle
    from clvmodels.decisions.controlling.kpi_board import KPIBoard as KPIBoard
    from clvmodels.decisions.controlling.kpi_board import channel_efficiency as channel_efficiency
    from clvmodels.decisions.controlling.kpi_board import kpi_board as kpi_board
    from clvmodels.decisions.controlling.last_year import flag_changes_last_year as flag_changes_last_year
    from clvmodels.decisions.controlling.trend_table import TrendTable as TrendTable
    from clvmodels.decisions.controlling.trend_table import trend_table as trend_table
    from clvmodels.decisions.early_value import early_value as early_value
    from clvmodels.decisions.elasticities import Elasticities as Elasticities
    from clvmodels.decisions.elasticities import elasticities as elasticities
    from clvmodels.decisions.equity_bridge import BaseValuation as BaseValuation
    from clvmodels.decisions.equity_bridge import EquityBridge as EquityBridge
    from clvmodels.decisions.equity_bridge import equity_bridge as equity_bridge
    from clvmodels.decisions.experiments.assign import ExperimentAssignment as ExperimentAssignment
    from clvmodels.decisions.experiments.assign import assign_experiment as assign_experiment
    from clvmodels.decisions.experiments.design import ExperimentDesign as ExperimentDesign
    from clvmodels.decisions.experiments.design import design_experiment as design_experiment
    from clvmodels.decisions.experiments.read import ExperimentReading as ExperimentReading
    from clvmodels.decisions.experiments.read import read_experiment as read_experiment
    from clvmodels.decisions.playbook.default_playbook import default_playbook as default_playbook
    from clvmodels.decisions.playbook.plan_actions import ActionPlan as ActionPlan
    from clvmodels.decisions.playbook.plan_actions import plan_actions as plan_actions
    from clvmodels.decisions.revenue_backtest import RevenueBacktest as RevenueBacktest
    from clvmodels.decisions.revenue_backtest import backtest_revenue as backtest_revenue
    from clvmodels.decisions.scorecards.definition import ScorecardDefinition as ScorecardDefinition
    from clvmodels.decisions.scorecards.indicators import Indicator as Indicator
    from clvmodels.decisions.scorecards.indicators import indicator_set as indicator_set
    from clvmodels.decisions.scorecards.scorecard import Scorecard as Scorecard
    from clvmodels.decisions.scorecards.scorecard import scorecard as scorecard
    from clvmodels.decisions.segmenting.crosstab import SegmentCrosstab as SegmentCrosstab
    from clvmodels.decisions.segmenting.crosstab import segment_crosstab as segment_crosstab
    from clvmodels.decisions.segmenting.purchase_segments import status_segments as status_segments
    from clvmodels.decisions.segmenting.purchase_segments import volume_segments as volume_segments
    from clvmodels.decisions.segmenting.relationship_stages import relationship_stages as relationship_stages
    from clvmodels.decisions.segmenting.rfm_grid import rfm_grid as rfm_grid
    from clvmodels.decisions.segmenting.rfm_grid import rfm_scores as rfm_scores
    from clvmodels.decisions.segmenting.rfm_grid import rfm_segments as rfm_segments
    from clvmodels.decisions.segmenting.segments import Segmentation as Segmentation
    from clvmodels.decisions.segmenting.stages import stages as stages
    from clvmodels.decisions.segmenting.validate_segments import SegmentCheck as SegmentCheck
    from clvmodels.decisions.segmenting.validate_segments import validate_segments as validate_segments
    from clvmodels.decisions.tiering.tiers import Tiers as Tiers
    from clvmodels.decisions.tiering.tiers import tiers as tiers
    from clvmodels.decisions.unit_economics import UnitEconomics as UnitEconomics
    from clvmodels.decisions.unit_economics import unit_economics as unit_economics
    from clvmodels.decisions.value_concentration import ValueConcentration as ValueConcentration
    from clvmodels.decisions.value_concentration import value_concentration as value_concentration
    from clvmodels.decisions.value_draws import ValueDraws as ValueDraws
    from clvmodels.decisions.value_draws import value_draws as value_draws
    from clvmodels.estimators.purchases import BGBB as BGBB
    from clvmodels.estimators.purchases import BGNBD as BGNBD
    from clvmodels.estimators.purchases import MBGNBD as MBGNBD
    from clvmodels.estimators.purchases import NBD as NBD
    from clvmodels.estimators.purchases import GGompertzNBD as GGompertzNBD
    from clvmodels.estimators.purchases import ParetoNBD as ParetoNBD
    from clvmodels.estimators.regular import BGCNBD as BGCNBD
    from clvmodels.estimators.regular import MBGCNBD as MBGCNBD
    from clvmodels.estimators.spend import GammaGamma as GammaGamma
    from clvmodels.forecasting.best import BestForecaster as BestForecaster
    from clvmodels.forecasting.blend import Blend as Blend
    from clvmodels.forecasting.boosted_trees import BoostedTrees as BoostedTrees
    from clvmodels.forecasting.customer_model import CustomerModel as CustomerModel
    from clvmodels.forecasting.engines.in_blocks import score_in_blocks as score_in_blocks
    from clvmodels.forecasting.engines.in_engine import publish_scores as publish_scores
    from clvmodels.forecasting.engines.in_engine import score_in_engine as score_in_engine
    from clvmodels.forecasting.engines.in_engine import scoring_sql as scoring_sql
    from clvmodels.forecasting.persistence import load as load
    from clvmodels.forecasting.protocol import Forecaster as Forecaster
    from clvmodels.forecasting.revenue.arrivals import forecast_arrivals as forecast_arrivals
    from clvmodels.forecasting.revenue.customers_to_come import AcquisitionPlan as AcquisitionPlan
    from clvmodels.forecasting.revenue.revenue_forecast import RevenueForecast as RevenueForecast
    from clvmodels.forecasting.revenue.revenue_forecast import revenue_forecast as revenue_forecast
    from clvmodels.forecasting.rules import Rule as Rule
    from clvmodels.forecasting.seasons.calendar_estimate import CalendarEstimate as CalendarEstimate
    from clvmodels.forecasting.seasons.calendar_estimate import estimate_calendar as estimate_calendar
    from clvmodels.forecasting.seasons.dated_periods import holiday_table as holiday_table
    from clvmodels.forecasting.seasons.season_groups import SeasonComparison as SeasonComparison
    from clvmodels.forecasting.seasons.season_groups import compare_seasons as compare_seasons
    from clvmodels.forecasting.time_varying.covariate_history import CovariateHistory as CovariateHistory
    from clvmodels.forecasting.time_varying.leaving import LeavingComparison as LeavingComparison
    from clvmodels.forecasting.time_varying.leaving import compare_leaving as compare_leaving
    from clvmodels.forecasting.time_varying.model import TimeVaryingModel as TimeVaryingModel
    from clvmodels.forecasts import Forecast as Forecast
    from clvmodels.forecasts import KnownHistory as KnownHistory
    from clvmodels.frames.formats.opened_file import OpenedFile as OpenedFile
    from clvmodels.frames.opening import open_file as open_file
    from clvmodels.profiling.profile import Profile as Profile
    from clvmodels.profiling.profile import profile as profile
    from clvmodels.readers.column_suggestions import ColumnSuggestion as ColumnSuggestion
    from clvmodels.readers.column_suggestions import suggest_columns as suggest_columns
    from clvmodels.readers.exports import Export as Export
    from clvmodels.readers.exports import read_export as read_export
    from clvmodels.reporting import plots as plots
    from clvmodels.reporting.decision_workbook import write_decision_workbook as write_decision_workbook
    from clvmodels.reporting.report import Report as Report
    from clvmodels.reporting.report import write_report as write_report
    from clvmodels.reporting.report_of_log import report as report
    from clvmodels.reporting.value_workbook import write_value_workbook as write_value_workbook
    from clvmodels.scoring.backfill import backfill_job as backfill_job
    from clvmodels.scoring.check import check_job as check_job
    from clvmodels.scoring.config.job import read_job as read_job
    from clvmodels.scoring.engine_run import score_job_in_engine as score_job_in_engine
    from clvmodels.scoring.fit_and_score import fit_job as fit_job
    from clvmodels.scoring.fit_and_score import score_job as score_job
    from clvmodels.scoring.monitoring.monitor_job import monitor_job as monitor_job
    from clvmodels.scoring.prune import prune_job as prune_job
    from clvmodels.scoring.registry.registry import Registry as Registry
    from clvmodels.simulate import simulate_log as simulate_log
    from clvmodels.transactions.counts.fit_counts import FitCounts as FitCounts
    from clvmodels.transactions.counts.fit_counts import fit_counts as fit_counts
    from clvmodels.transactions.holdout import Holdout as Holdout
    from clvmodels.transactions.holdout import holdout_split as holdout_split
    from clvmodels.transactions.summary import RFM as RFM
    from clvmodels.transactions.summary import rfm_summary as rfm_summary
    from clvmodels.validation.backtest.backtest import backtest as backtest
    from clvmodels.validation.backtest.result import Backtest as Backtest
    from clvmodels.validation.backtest.result import Validation as Validation
    from clvmodels.validation.backtest.validate import validate as validate
    from clvmodels.validation.comparison.compare import Comparison as Comparison
    from clvmodels.validation.comparison.compare import compare as compare
    from clvmodels.validation.comparison.likelihood_ratio import likelihood_ratio_test as likelihood_ratio_test
    from clvmodels.validation.comparison.search import CalibrationHoldoutSplit as CalibrationHoldoutSplit
    from clvmodels.validation.comparison.search import HoldoutScore as HoldoutScore
    from clvmodels.validation.crosscheck.crosscheck import Crosscheck as Crosscheck
    from clvmodels.validation.crosscheck.crosscheck import crosscheck as crosscheck
    from clvmodels.valuation.acquisition_value import lifetime_net_value as lifetime_net_value
    from clvmodels.valuation.acquisition_value import value_at_acquisition as value_at_acquisition
    from clvmodels.valuation.costs import Costs as Costs
    from clvmodels.valuation.lifetime_value import lifetime_value as lifetime_value
    from clvmodels.valuation.money_table import MoneyTable as MoneyTable
    from clvmodels.valuation.net_revenue import net_revenue as net_revenue
    from clvmodels.valuation.plain_formulas import plain_formulas as plain_formulas
    from clvmodels.valuation.plain_formulas import retention_value as retention_value
    from clvmodels.valuation.remaining_value import remaining_value as remaining_value
    from clvmodels.valuation.returns.return_reserve import ReturnReserve as ReturnReserve
    from clvmodels.valuation.returns.return_reserve import reserve_returns as reserve_returns

_NAMES = {
    "calendar": ("Calendar", "CalendarPeriod"),
    "clock": ("Clock",),
    "forecasting.best": ("BestForecaster",),
    "forecasting.blend": ("Blend",),
    "forecasting.boosted_trees": ("BoostedTrees",),
    "forecasting.seasons.calendar_estimate": ("CalendarEstimate", "estimate_calendar"),
    "forecasting.seasons.dated_periods": ("holiday_table",),
    "forecasting.seasons.season_groups": ("SeasonComparison", "compare_seasons"),
    "forecasting.time_varying.covariate_history": ("CovariateHistory",),
    "forecasting.time_varying.leaving": ("LeavingComparison", "compare_leaving"),
    "forecasting.time_varying.model": ("TimeVaryingModel",),
    "forecasting.customer_model": ("CustomerModel",),
    "forecasting.engines.in_blocks": ("score_in_blocks",),
    "forecasting.engines.in_engine": ("publish_scores", "score_in_engine", "scoring_sql"),
    "forecasting.persistence": ("load",),
    "forecasting.protocol": ("Forecaster",),
    "forecasting.rules": ("Rule",),
    "forecasting.revenue.arrivals": ("forecast_arrivals",),
    "forecasting.revenue.customers_to_come": ("AcquisitionPlan",),
    "forecasting.revenue.revenue_forecast": ("RevenueForecast", "revenue_forecast"),
    "forecasts": ("Forecast", "KnownHistory"),
    "estimators.purchases": ("BGBB", "BGNBD", "GGompertzNBD", "MBGNBD", "NBD", "ParetoNBD"),
    "estimators.regular": ("BGCNBD", "MBGCNBD"),
    "estimators.spend": ("GammaGamma",),
    "reporting.report": ("Report", "write_report"),
    "reporting.report_of_log": ("report",),
    "reporting.decision_workbook": ("write_decision_workbook",),
    "reporting.value_workbook": ("write_value_workbook",),
    "scoring.backfill": ("backfill_job",),
    "scoring.prune": ("prune_job",),
    "scoring.check": ("check_job",),
    "scoring.engine_run": ("score_job_in_engine",),
    "scoring.fit_and_score": ("fit_job", "score_job"),
    "scoring.registry.registry": ("Registry",),
    "scoring.monitoring.monitor_job": ("monitor_job",),
    "scoring.config.job": ("read_job",),
    "simulate": ("simulate_log",),
    "cleaning.clean": ("Cleaned", "clean"),
    "frames.formats.opened_file": ("OpenedFile",),
    "frames.opening": ("open_file",),
    "readers.column_suggestions": ("ColumnSuggestion", "suggest_columns"),
    "readers.exports": ("Export", "read_export"),
    "transactions.holdout": ("Holdout", "holdout_split"),
    "profiling.profile": ("Profile", "profile"),
    "transactions.counts.fit_counts": ("FitCounts", "fit_counts"),
    "transactions.summary": ("RFM", "rfm_summary"),
    "cleaning.rules": ("CleaningRules",),
    "validation.backtest.backtest": ("backtest",),
    "validation.comparison.compare": ("Comparison", "compare"),
    "validation.crosscheck.crosscheck": ("Crosscheck", "crosscheck"),
    "validation.comparison.likelihood_ratio": ("likelihood_ratio_test",),
    "validation.backtest.result": ("Backtest", "Validation"),
    "validation.backtest.validate": ("validate",),
    "validation.comparison.search": ("HoldoutScore", "CalibrationHoldoutSplit"),
    "compat.conversions": ("from_btyd", "from_clvtools", "from_lifetimes", "from_pymc"),
    "decisions.budget": ("budget_against_actual",),
    "decisions.change_flags": ("ChangeFlags", "flag_changes"),
    "decisions.clustering.data_segments": ("DataSegments", "data_segments"),
    "decisions.cohort_triangle": ("cohort_triangle",),
    "decisions.controlling.kpi_board": ("KPIBoard", "channel_efficiency", "kpi_board"),
    "decisions.controlling.last_year": ("flag_changes_last_year",),
    "decisions.controlling.trend_table": ("TrendTable", "trend_table"),
    "decisions.early_value": ("early_value",),
    "decisions.elasticities": ("Elasticities", "elasticities"),
    "decisions.equity_bridge": ("BaseValuation", "EquityBridge", "equity_bridge"),
    "decisions.revenue_backtest": ("RevenueBacktest", "backtest_revenue"),
    "decisions.unit_economics": ("UnitEconomics", "unit_economics"),
    "valuation.acquisition_value": ("lifetime_net_value", "value_at_acquisition"),
    "valuation.costs": ("Costs",),
    "valuation.lifetime_value": ("lifetime_value",),
    "valuation.money_table": ("MoneyTable",),
    "valuation.net_revenue": ("net_revenue",),
    "valuation.plain_formulas": ("plain_formulas", "retention_value"),
    "valuation.remaining_value": ("remaining_value",),
    "valuation.returns.return_reserve": ("ReturnReserve", "reserve_returns"),
    "decisions.accounts.account_ids": ("merge_accounts",),
    "decisions.accounts.key_accounts": ("KeyAccounts", "key_accounts"),
    "decisions.acting.action_lists": ("ActionLists", "action_lists"),
    "decisions.acting.contact_files": ("write_contacts",),
    "decisions.acting.cross_selling": ("CrossSelling", "cross_selling"),
    "decisions.acting.growth_list": ("GrowthList", "growth_list"),
    "decisions.base_audit.audit": ("Audit", "audit"),
    "decisions.base_audit.fiscal_calendar": ("FiscalCalendar",),
    "cleaning.prices": ("deflate",),
    "decisions.experiments.assign": ("ExperimentAssignment", "assign_experiment"),
    "decisions.experiments.design": ("ExperimentDesign", "design_experiment"),
    "decisions.experiments.read": ("ExperimentReading", "read_experiment"),
    "decisions.playbook.default_playbook": ("default_playbook",),
    "decisions.playbook.plan_actions": ("ActionPlan", "plan_actions"),
    "decisions.scorecards.definition": ("ScorecardDefinition",),
    "decisions.scorecards.indicators": ("Indicator", "indicator_set"),
    "decisions.scorecards.scorecard": ("Scorecard", "scorecard"),
    "decisions.segmenting.crosstab": ("SegmentCrosstab", "segment_crosstab"),
    "decisions.segmenting.purchase_segments": ("status_segments", "volume_segments"),
    "decisions.segmenting.relationship_stages": ("relationship_stages",),
    "decisions.segmenting.rfm_grid": ("rfm_grid", "rfm_scores", "rfm_segments"),
    "decisions.segmenting.segments": ("Segmentation",),
    "decisions.segmenting.stages": ("stages",),
    "decisions.segmenting.validate_segments": ("SegmentCheck", "validate_segments"),
    "decisions.tiering.tiers": ("Tiers", "tiers"),
    "decisions.value_concentration": ("ValueConcentration", "value_concentration"),
    "decisions.value_draws": ("ValueDraws", "value_draws"),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}
_MODULES = {"datasets": "datasets", "errors": "errors", "plots": "reporting.plots"}

__all__ = ["__version__", *_HOMES, *_MODULES]  # noqa: PLE0604  # names, all of them


@cache
def _wrap(public: Any) -> Any:
    """Return a public function or class that raises errors of this package for arguments of the wrong kind."""
    from clvmodels.arguments import check_arguments, check_methods

    if isinstance(public, FunctionType):
        return check_arguments(public)
    if isinstance(public, type):
        check_methods(public)
    return public


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("clvmodels")
    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    if name in _HOMES:
        return _wrap(getattr(import_module(f"{__name__}.{_HOMES[name]}"), name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
