"""Optional columns of the score table: next purchase, tiers, stage, scorecard, actions."""

from __future__ import annotations

from functools import partial
from typing import Any

import pyarrow as pa

from clvmodels.clock import TimeUnit
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.run.score_columns import NEXT_PURCHASE, ScoreColumn, ScoredBlock, prediction_of, score_columns

__all__ = ["columns_of_job", "decision_columns"]

NOBODY = "missing for customers who have not bought or could not be scored"


def decision_columns(job: Job, time_unit: TimeUnit) -> tuple[ScoreColumn, ...]:
    """Return the columns that the sections of a job add to the score table, in order.

    Parameters
    ----------
    job : Job
    time_unit : str
        Unit of the model's clock.
    """
    columns = _next_purchase_columns(time_unit) if job.predictions.next_purchase else []
    if job.tiers is not None:
        columns += _tier_columns(job)
    if job.stages is not None:
        stages = "developing, established, overdue, dormant, probably lost or won back"
        columns.append(_text("stage", f"Stage of the customer: {stages}; {NOBODY}."))
    if job.scorecard is not None:
        version = job.scorecard.definition.version
        meaning = f"Score from 0 to 100 by version {version} of the scorecard; {NOBODY}."
        columns.append(_number("scorecard_score", "points", meaning))
    if job.actions is not None:
        columns += _action_columns()
    return tuple(columns)


def columns_of_job(job: Job) -> tuple[ScoreColumn, ...]:
    """Return the columns of a job's score table, assuming that customer ids are text and the source has money.

    A run leaves out the columns of money if the source has none.
    """
    return score_columns(
        job.predictions,
        id_dtype=pa.string(),
        time_unit=job.clock.time_unit,
        has_money=job.has_spend,
        has_spend=job.has_spend,
        added=decision_columns(job, job.clock.time_unit),
    )


def _next_purchase_columns(time_unit: TimeUnit) -> list[ScoreColumn]:
    """Return the columns on whether and when customers buy next."""
    if_again = "Median time from as_of to the next purchase if the customer buys again; missing if this is unlikely."
    columns = {
        "probability_another_purchase": ("probability", "Probability that the customer ever buys again."),
        "time_to_next_purchase": (f"{time_unit}s", if_again),
    }
    return [
        ScoreColumn(
            name,
            pa.float64(),
            unit,
            meaning,
            False,
            partial(prediction_of, horizon=NEXT_PURCHASE, name=name),
        )
        for name, (unit, meaning) in columns.items()
    ]


def _tier_columns(job: Job) -> list[ScoreColumn]:
    """Return the columns of today's tier, the assigned tier, its change and its probability."""
    if job.tiers is None:
        raise AssertionError("a job without tiers has no columns of them")
    names = ", ".join(job.tiers.definition.names)
    value = f"lifetime_value over {job.decision_horizon}"
    columns = [
        _text("tier_today", f"Tier by today's {value}: {names} (the best first); {NOBODY}."),
        _text(
            "tier_assigned",
            f"Tier that stays as published until {value} rises above its boundary, falls {job.tiers.evidence:.0%} "
            f"below it or two tiers lower, or a tier's size would differ by more than {job.tiers.drift:.0%} from "
            f"today's; {NOBODY}.",
        ),
        _text(
            "tier_change",
            f"Against the run before: risen, fallen, same, or new (without a tier then); {NOBODY}.",
        ),
    ]
    if job.tiers.probability:
        of = " by draws of the best process" if job.models.forecaster != "process" else ""
        meaning = (
            f"Probability that the value realized within {job.decision_horizon} ranks in tier_assigned{of}; {NOBODY}."
        )
        columns.append(_number("tier_probability", "probability", meaning))
    return columns


def _action_columns() -> list[ScoreColumn]:
    """Return the columns of the action from the playbook."""
    return [
        _text("action_group", f"act, control (never contacted), suppressed or no action; {NOBODY}."),
        _text("action", "Action of the playbook; missing without one."),
        _text("action_channel", "Channel of the action; missing without one."),
        _number("action_cost", "money", f"Cost of the action, 0 without one; {NOBODY}.", additive=True),
        _number(
            "action_assumed_gain",
            "money",
            f"Gain of the action after its cost, as the playbook assumes, 0 without one; {NOBODY}.",
            additive=True,
        ),
    ]


def _text(name: str, description: str) -> ScoreColumn:
    return ScoreColumn(name, pa.string(), "", description, False, partial(_decision_of, name=name))


def _number(name: str, unit: str, description: str, additive: bool = False) -> ScoreColumn:
    return ScoreColumn(name, pa.float64(), unit, description, additive, partial(_decision_of, name=name))


def _decision_of(block: ScoredBlock, name: str) -> Any:
    return block.customers.decisions[name]
