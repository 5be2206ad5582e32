"""Plots of tables: each takes one table and returns the Axes it drew on; nothing is fitted or predicted here.

This is the only package that imports matplotlib. There is one module per question: the log itself
(purchase_timing.py), a fitted model (customers.py), calibration (calibration.py), purchases over time (tracking.py),
ranking (ranking.py), money (money.py), money over time (budget.py), comparisons of forecasters (comparison.py),
decisions (decisions.py) and past runs (monitoring.py).
style.py has the style that they share, svg.py turns them into elements of a page.
"""

from clvmodels.reporting.plots.budget import (
    cash_flow,
    changes_by_group,
    elasticity_bars,
    equity_steps,
    group_values,
    monthly_revenue,
    payback,
    revenue_against_actual,
    top_shares,
)
from clvmodels.reporting.plots.calibration import (
    calibration,
    calibration_by_frequency,
    coverage,
    pit_histogram,
    reliability,
)
from clvmodels.reporting.plots.comparison import PlottedMetric, differences, parameter_intervals, scores, totals
from clvmodels.reporting.plots.customers import (
    frequency_recency_matrix,
    heterogeneity,
    history_alive,
    new_customers,
    probability_alive_matrix,
)
from clvmodels.reporting.plots.decisions import (
    account_shares,
    indicator_weights,
    money_at_stake,
    planned_gain,
    revenue_change,
    segment_cells,
    segment_shares,
    segment_sizes,
    tier_shares,
)
from clvmodels.reporting.plots.money import (
    channel_shares,
    spend_distribution,
    target_distances,
    trend_changes,
    value_distribution,
)
from clvmodels.reporting.plots.monitoring import (
    monitoring_cohorts,
    monitoring_deciles,
    monitoring_ranking,
    monitoring_totals,
)
from clvmodels.reporting.plots.purchase_timing import season, times_between, weekly
from clvmodels.reporting.plots.ranking import decile_lift, gain_curve, lorenz_curve, overlap
from clvmodels.reporting.plots.svg import PAGE_HEIGHT, PAGE_WIDTH, to_svg
from clvmodels.reporting.plots.tracking import tracking_cumulative, tracking_incremental

__all__ = [
    "PAGE_HEIGHT",
    "PAGE_WIDTH",
    "PlottedMetric",
    "account_shares",
    "calibration",
    "calibration_by_frequency",
    "cash_flow",
    "changes_by_group",
    "channel_shares",
    "coverage",
    "decile_lift",
    "differences",
    "elasticity_bars",
    "equity_steps",
    "frequency_recency_matrix",
    "gain_curve",
    "group_values",
    "heterogeneity",
    "history_alive",
    "indicator_weights",
    "lorenz_curve",
    "money_at_stake",
    "monitoring_cohorts",
    "monitoring_deciles",
    "monitoring_ranking",
    "monitoring_totals",
    "monthly_revenue",
    "new_customers",
    "overlap",
    "parameter_intervals",
    "payback",
    "pit_histogram",
    "planned_gain",
    "probability_alive_matrix",
    "reliability",
    "revenue_against_actual",
    "revenue_change",
    "scores",
    "season",
    "segment_cells",
    "segment_shares",
    "segment_sizes",
    "spend_distribution",
    "target_distances",
    "tier_shares",
    "times_between",
    "to_svg",
    "top_shares",
    "totals",
    "tracking_cumulative",
    "tracking_incremental",
    "trend_changes",
    "value_distribution",
    "weekly",
]
