"""Decisions of a run, made for all customers at once: tiers, stages, scorecard, actions."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import frames
from clvmodels.decisions.customer_table import read_customer_table
from clvmodels.decisions.playbook.plan_actions import plan_actions
from clvmodels.decisions.segmenting.stages import STAGES, stages
from clvmodels.decisions.tiering.tiers import PROBABILITY, tiers
from clvmodels.decisions.value_draws import value_draws
from clvmodels.errors import InvalidJob
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.language import Findings
from clvmodels.processes.contract import Array
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.events import event
from clvmodels.scoring.gates.tier_gates import TierCounts
from clvmodels.scoring.run import score_table
from clvmodels.scoring.run.kept_runs import KeptTable
from clvmodels.scoring.run.score_columns import KnownCustomers, RunStamp, prediction_column, prediction_of
from clvmodels.transactions.summary import RFM

__all__ = ["Decisions", "decide", "log_cautions"]

EARLIER = ("tier_assigned", "stage", "frequency")  # columns of the previous run that decisions use
CAUTIONS = ("nobody-leaves", "plan-expired", "tiers-other-terms")  # codes of findings that a run logs
VALUES = ("lifetime_value", "expected_purchases", "expected_spend")
NO_TIERS = "tiers need values, but the source has no money: name columns.amount, or remove [tiers]."
NO_ACTIONS = "actions need values, but the source has no money: name columns.amount, or remove [actions]."


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """The decisions about the customers of a run.

    Attributes
    ----------
    columns : mapping of str to array (n,)
        Columns of the score table by name; missing for customers who have not bought or could not be scored.
    tiers : TierCounts or None
        None without tiers.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    tiers: TierCounts | None = None


def decide(
    job: Job, model: CustomerModel, customers: KnownCustomers, earlier: KeptTable | None, since: int, staging: Path
) -> Decisions:
    """Return the decisions of a job about its customers, which depend on the arguments only.

    Parameters
    ----------
    job : Job
    model : CustomerModel
        The model that scores.
    customers : KnownCustomers
    earlier : KeptTable or None
        The previous run, with the tiers and stages published last.
    since : int
        Ticks of the clock since that run.
    staging : Path
        A folder for a copy of its table.
    """
    if not job.decides:
        return Decisions({})
    scored = _Scored.of(job, model, customers)
    if not len(scored.rfm):
        raise InvalidJob(
            "No customer could be scored, so there are no tiers or stages: see the reasons in the score table."
        )
    value = prediction_column("lifetime_value", job.decision_horizon)
    published = None if earlier is None else _published(earlier, scored.rfm, value, staging)
    columns: dict[str, npt.NDArray[Any]] = {}
    counts = None
    if job.tiers is not None:
        of_tiers, counts = _tiers(job, scored, published, earlier, since)
        columns |= of_tiers
    if job.stages is not None:
        before = published if published is not None and "stage" in published.columns else None
        levels = job.stages.model_dump()
        made = stages(model.purchases, scored.rfm, **levels, published=None if before is None else before.to_native())
        log_cautions(made.findings)
        columns["stage"] = made.columns["stage"]
    if job.scorecard is not None:
        definition = job.scorecard.definition
        table = read_customer_table(_indicator_table(scored, job.decision_horizon), "customers")
        columns["scorecard_score"] = definition.index(definition.score(table)[0])
    if job.actions is not None:
        columns |= _actions(job, scored, columns)
    spread = {name: _spread(values, scored.rows, len(customers)) for name, values in columns.items()}
    return Decisions(spread, counts)


@dataclass(frozen=True, eq=False)
class _Scored:
    """The customers to decide about, who have bought and could be scored, with their predictions.

    Attributes
    ----------
    job : Job
    model : CustomerModel
    rows : int array (k,)
        Rows of these customers among all customers.
    rfm : RFM
    alive : array (k,)
    predictions : mapping of str to array (k,)
        Predictions over the horizon of the decisions: "lifetime_value", "expected_purchases" and "expected_spend", if
        the model predicts them.
    """

    job: Job
    model: CustomerModel
    rows: npt.NDArray[np.intp]
    rfm: RFM
    alive: Array
    predictions: Mapping[str, Array]

    @classmethod
    def of(cls, job: Job, model: CustomerModel, customers: KnownCustomers) -> _Scored:
        """Return the customers with predictions, made in the blocks of the score table to be equal to the last bit."""
        horizon = job.decision_horizon
        options = job.predictions.model_copy(
            update={"horizons": [horizon], "interval": None, "next_purchase": False, "costs": None}
        )
        stamp = RunStamp("", customers.rfm.observation_end or "", None, None)
        blocks = [score_table.predict_block(model, block, options, stamp) for block in score_table.blocks(customers)]
        accepted = np.concatenate([(block.reasons == "") & block.customers.bought for block in blocks])
        rows = np.flatnonzero(accepted)
        predicted = {name: np.concatenate([prediction_of(block, horizon, name) for block in blocks]) for name in VALUES}
        alive = np.concatenate([block.alive for block in blocks])[rows]
        present = {name: values[rows] for name, values in predicted.items() if not np.isnan(values[rows]).all()}
        rfm: RFM = customers.rfm if len(rows) == len(customers) else customers.rfm[rows]
        return cls(job, model, rows, rfm, alive, present)

    @cached_property
    def past(self) -> dict[str, Any]:
        """Return the columns of the customers' history by name."""
        rfm = self.rfm
        columns = {"frequency": rfm.frequency, "recency": rfm.recency, "T": rfm.T, "monetary_value": rfm.monetary_value}
        return {name: values for name, values in columns.items() if values is not None}

    def frame(self, **columns: Any) -> frames.Frame:
        """Return a frame of columns, with the ids of the customers."""
        return frames.table("polars", {"customer_id": self.rfm.customer_id, **columns})

    def needs(self, name: str, fault: str) -> Array:
        """Return a prediction; raise an InvalidJob with a message if there is none."""
        if name not in self.predictions:
            raise InvalidJob(fault)
        return self.predictions[name]


def _published(earlier: KeptTable, rfm: RFM, value: str, staging: Path) -> nw.DataFrame[Any]:
    """Return the tiers and stages of the previous run, with the frequencies and values at that time."""
    columns = [name for name in ("customer_id", *EARLIER, value) if name in earlier.manifest.columns]
    source = earlier.source(columns, staging)
    parts = source if isinstance(source, list) else [source]
    tables = [frames.open_frame(part, {name: name for name in columns}, text_id="customer_id").lazy for part in parts]
    rows: nw.DataFrame[Any] = nw.concat([frames.collect(table) for table in tables])
    if value in columns:
        rows = rows.rename({value: "lifetime_value"})
    if rows["customer_id"].dtype.is_integer() and rfm.customer_id.dtype.is_integer():
        rows = rows.with_columns(nw.col("customer_id").cast(rfm.customer_id.dtype))
    return rows


def _tiers(
    job: Job, scored: _Scored, published: nw.DataFrame[Any] | None, earlier: KeptTable | None, since: int
) -> tuple[dict[str, npt.NDArray[Any]], TierCounts]:
    """Return the columns of tiers, and the number of customers in each tier and with each change."""
    settings = job.tiers
    if settings is None:
        raise AssertionError("a job without tiers makes none")
    before, labels = None, settings.definition.names
    if published is not None and "tier_assigned" in published.columns:
        names = {*published["tier_assigned"].drop_nulls().unique().to_list()}
        before = published if names and names <= {*labels} else None  # tiers with other names are not compared
    result = tiers(
        scored.frame(lifetime_value=scored.needs("lifetime_value", NO_TIERS)),
        rule=settings.rule,
        boundaries=settings.boundaries,
        names=settings.names,
        published=None if before is None else before.to_native(),
        evidence=settings.evidence,
        drift=settings.drift,
        draws=_draws(job, scored) if settings.probability else None,
    )
    log_cautions(result.findings)
    assigned = result.columns["tier_assigned"]
    change = result.columns["change"] if before is not None else np.full(len(assigned), "new", dtype=object)
    columns = {"tier_today": result.columns["tier_today"], "tier_assigned": assigned, "tier_change": change}
    if settings.probability:
        columns["tier_probability"] = _of_assigned(result.columns, labels)
    moved = {name: int(np.sum(change == name)) for name in ("risen", "fallen", "same", "new")}
    ticks = np.rint((scored.rfm.T - scored.rfm.recency) * scored.rfm.clock.ticks_per_unit)
    had_tier = np.isin(change.astype(str), ("risen", "fallen", "same"))
    reference = None if before is None or earlier is None else earlier.manifest
    counts = TierCounts(
        earlier_run=None if reference is None else reference.run_id,
        earlier_as_of=None if reference is None else reference.as_of,
        assigned={name: int(np.sum(assigned == name)) for name in labels},
        today={name: int(np.sum(columns["tier_today"] == name)) for name in labels},
        **moved,
        lost=len(result.lost),
        bought_since=int(np.sum(had_tier & (ticks < since))),
        migration={} if result.migration is None else _pairs(result.migration),
    )
    return columns, counts


def _pairs(migration: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return the number of customers by published and assigned tier, for those who have both."""
    both = migration[migration["published"].notna() & migration["assigned"].notna()]
    pairs: dict[str, dict[str, int]] = {}
    for published, assigned, customers in both[["published", "assigned", "customers"]].itertuples(index=False):
        pairs.setdefault(published, {})[assigned] = int(customers)
    return pairs


def _draws(job: Job, scored: _Scored) -> Any:
    """Return joint draws of the value that customers realize within the horizon."""
    if scored.model.spend is None:
        raise InvalidJob(NO_TIERS)
    predictions = job.predictions
    terms = predictions.value_terms(job.decision_horizon)
    return value_draws(
        scored.model.purchases,
        scored.model.spend,
        scored.rfm,
        horizon=terms.horizon,
        annual_discount_rate=terms.annual_rate,
        margin=terms.margin,
        draws=predictions.draws,
        random_state=predictions.random_state,
    )


def _of_assigned(columns: Mapping[str, Any], names: Sequence[str]) -> Array:
    """Return the probability of each customer's assigned tier, (k,)."""
    chances = np.stack([columns[f"{PROBABILITY}{name}"] for name in names])
    number = {name: place for place, name in enumerate(names)}
    place = np.array([number.get(name, -1) for name in columns["tier_assigned"]])
    return np.where(place < 0, np.nan, chances[place, np.arange(len(place))])


def _indicator_table(scored: _Scored, horizon: str) -> frames.Frame:
    """Return the columns for indicators, under their own names and those of the score table."""
    predicted = {name: scored.predictions[name] for name in VALUES if name in scored.predictions}
    named = {prediction_column(name, horizon): values for name, values in predicted.items() if name != "expected_spend"}
    attributes = {name: scored.rfm.attributes[name] for name in scored.rfm.attributes}
    return scored.frame(**{**attributes, **scored.past, "probability_alive": scored.alive, **predicted, **named})


def _actions(job: Job, scored: _Scored, decided: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of actions."""
    settings = job.actions
    if settings is None:
        raise AssertionError("a job without actions plans none")
    customers = scored.frame(
        segment=decided[settings.segment],
        expected_orders=scored.needs("expected_purchases", NO_ACTIONS),
        margin_per_order=job.predictions.margin * scored.needs("expected_spend", NO_ACTIONS),
    )
    plan = plan_actions(
        customers,
        settings.playbook,
        budget=settings.budget,
        segments=STAGES if job.tiers is None or settings.segment == "stage" else job.tiers.definition.names,
        caps=settings.caps,
        suppressed=settings.suppressed,
        control=settings.control,
        salt=settings.salt,
        as_of=scored.rfm.observation_end,
    )
    log_cautions(plan.findings)
    return {
        "action_group": plan.columns["group"],
        "action": plan.columns["action"],
        "action_channel": plan.columns["channel"],
        "action_cost": plan.columns["cost"],
        "action_assumed_gain": plan.columns["assumed_gain"],
    }


def log_cautions(findings: Findings) -> None:
    """Log as warnings what makes decisions mean something else than in earlier runs."""
    for finding in findings:
        if finding.code in CAUTIONS:
            event("caution", finding.text, logging.WARNING, code=finding.code, figures=dict(finding.figures))


def _spread(values: npt.NDArray[Any], rows: npt.NDArray[np.intp], n: int) -> npt.NDArray[Any]:
    """Return an array (n,) with values in some rows and missing values elsewhere."""
    is_number = np.issubdtype(values.dtype, np.floating)
    spread = np.full(n, np.nan) if is_number else np.full(n, None, dtype=object)
    spread[rows] = values
    return spread
