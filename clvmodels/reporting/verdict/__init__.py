"""The verdict: six questions about a forecast, each answered by findings with a link to the evidence."""

from clvmodels.frames import Frame
from clvmodels.reporting.selection import Selection
from clvmodels.reporting.verdict.answer import Answer, Question
from clvmodels.reporting.verdict.benchmarks import explain_mae, judge_benchmarks
from clvmodels.reporting.verdict.intervals import judge_intervals
from clvmodels.reporting.verdict.limits import judge_limits
from clvmodels.reporting.verdict.ranking import judge_ranking
from clvmodels.reporting.verdict.totals import judge_totals
from clvmodels.reporting.verdict.use import judge_use

__all__ = ["Answer", "Question", "explain_mae", "judge", "judge_use"]


def judge(
    view: Selection,
    value: Frame | None = None,
    value_horizon: float | str | None = None,
    *,
    has_tested_interval: bool = False,
    knows_season: bool = False,
) -> list[Answer]:
    """Return the answers to the six questions about the model of the report.

    Parameters
    ----------
    view : Selection
    value : pandas or polars frame, optional
        From `lifetime_value`; its total is reported with the totals.
    value_horizon : float or str, optional
        The horizon of these values, such as "12 months".
    has_tested_interval : bool, default=False
        Whether the page has an interval of the total value that allows for errors of earlier totals.
    knows_season : bool, default=False
        Whether the forecast uses a calendar.
    """
    return [
        judge_use(view),
        judge_totals(view, value, value_horizon),
        judge_ranking(view),
        judge_intervals(view, has_tested_interval),
        judge_benchmarks(view),
        judge_limits(view, knows_season=knows_season),
    ]
