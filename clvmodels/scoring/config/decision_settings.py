"""The sections of a job for the decisions in its score table: tiers, stages, scorecard, actions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from clvmodels.decisions.scorecards.definition import ScorecardDefinition
from clvmodels.decisions.tiering.boundaries import TierDefinition, TierRule, define_tiers
from clvmodels.estimators.persistence import PURCHASE_MODELS
from clvmodels.scoring.config.job_fault import JobFault
from clvmodels.scoring.config.sections import (
    NO_SPEND,
    CostSettings,
    CustomerSettings,
    JobSection,
    Location,
    NonEmptyText,
    check_faults,
    complaints,
    not_one_of,
)
from clvmodels.scoring.config.sinks import SinkSettings

__all__ = ["ActionSettings", "ScorecardSettings", "StageSettings", "TierSettings", "faults_of_decisions"]

Share = Annotated[float, Field(ge=0, le=1)]
Probability = Annotated[float, Field(gt=0, lt=1)]


class TierSettings(JobSection):
    """Tiers by the value over a horizon; see `clvmodels.tiers`.

    Attributes
    ----------
    names, rule, boundaries, evidence, drift
        As for `clvmodels.tiers`.
    horizon : str, optional
        One of the horizons that are predicted. Default: the longest.
    probability : bool
        Whether to add the probability that the value a customer realizes ranks in the assigned tier, from the draws and
        the random state of [predictions].
    """

    names: list[NonEmptyText] | None = None
    rule: TierRule = "quantile"
    boundaries: list[float] | None = None
    evidence: Share = 0.5
    drift: Share = 0.1
    horizon: NonEmptyText | None = None
    probability: bool = False

    @model_validator(mode="after")
    def _defined(self) -> Self:
        return check_faults(self, complaints(lambda: self.definition))

    @property
    def definition(self) -> TierDefinition:
        return define_tiers(self.rule, self.boundaries, self.names)


class StageSettings(JobSection):
    """Stages by purchase history and P(alive); see `clvmodels.stages`."""

    overdue_below: Probability = 0.2
    dormant_below: Probability = 0.3
    lost_below: Probability = 0.1

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        above = self.lost_below > self.dormant_below
        return check_faults(self, ["lost_below: must not be above dormant_below"] if above else [])


class ScorecardSettings(JobSection):
    """A scorecard, from a file written by `ScorecardDefinition.save`."""

    path: Location

    @field_validator("path")
    @classmethod
    def _exists(cls, path: Path) -> Path:
        ScorecardDefinition.load(path)  # an InvalidModelFile is a ValueError, which pydantic reports
        return path

    @property
    def definition(self) -> ScorecardDefinition:
        return ScorecardDefinition.load(self.path)


class ActionSettings(JobSection):
    """Actions of a playbook within a budget; see `clvmodels.plan_actions`.

    Attributes
    ----------
    playbook : Path
        A table (CSV, Parquet and others) with one row per rule.
    segment : {"stage", "tier_assigned", "tier_today"}
        Column that has the segments of the playbook. A rule for a segment without customers in a run is not used.
    budget : float
        Largest cost of one run, in money.
    caps : dict of str to int
        Largest number of contacts of one run by channel.
    suppressed : Path, optional
        A table of customers (customer_id) who must not be contacted.
    control : float
        Share of the customers who are never contacted.
    salt : str
    """

    playbook: Location
    segment: Literal["stage", "tier_assigned", "tier_today"] = "stage"
    budget: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    caps: dict[NonEmptyText, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    suppressed: Location | None = None
    control: Annotated[float, Field(ge=0, lt=1)] = 0.1
    salt: str = ""

    @field_validator("playbook", "suppressed")
    @classmethod
    def _exists(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError(f"there is no file {str(path)!r}")
        return path

    @property
    def files(self) -> dict[str, Path]:
        """Return the files that actions depend on, by the setting that names them."""
        named = {"actions.playbook": self.playbook, "actions.suppressed": self.suppressed}
        return {name: path for name, path in named.items() if path is not None}

    def identity(self) -> dict[str, Any]:
        """Return the settings, with the SHA-256 of each file instead of its path."""
        settings = self.model_dump(mode="json", exclude={"playbook", "suppressed"})
        digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in self.files.items()}
        return settings | digests


def faults_of_decisions(sections: Mapping[str, Any]) -> list[JobFault]:
    """Return faults of tiers, stages and actions that contradict the rest of the job."""
    tiers, stages, actions, models, columns, source, predictions = (
        sections.get(name) for name in ("tiers", "stages", "actions", "models", "columns", "source", "predictions")
    )
    faults = []
    of_money = [name for name in ("tiers", "actions") if sections.get(name)]
    read = source is None or source.kind == "rfm" or columns is None or columns.has_money
    if models and (models.spend == NO_SPEND or not read):
        problem = "needs values: set columns.amount, and a spend model in models.spend"
        faults += [JobFault(f"[{name}]", problem) for name in of_money]
        if predictions and predictions.costs is not None:
            faults.append(JobFault("predictions.costs", problem))
    if predictions and predictions.costs is not None:
        faults += _faults_of_costs(predictions.costs, sections.get("customers"))
    if tiers and predictions and tiers.horizon not in (None, *predictions.horizons):
        options = not_one_of(str(tiers.horizon), predictions.horizons)
        faults.append(JobFault("tiers.horizon", options, tiers.horizon))
    if stages and models and models.forecaster == "process" and not _shows_stages(models.purchases):
        problem = "has no stages, since customers who bought once cannot have left: set mbgnbd or pareto_nbd"
        faults.append(JobFault("models.purchases", problem, models.purchases))
    section = "stages" if actions and actions.segment == "stage" else "tiers"
    if actions and not sections.get(section):
        faults.append(JobFault("actions.segment", f"{actions.segment!r} needs the section [{section}]"))
    if tiers or stages:
        faults += _faults_of_kept([sink for sink in sections.get("sinks") or [] if sink.content == "scores"])
    return faults


def _faults_of_costs(costs: CostSettings, customers: CustomerSettings | None) -> list[JobFault]:
    """Return costs by attributes that the job does not read."""
    listed = [] if customers is None else customers.attributes
    return [
        JobFault(f"predictions.costs.{amount}", f"{attribute!r} is not one of customers.attributes: list it there")
        for amount, attribute in costs.costs.attributes.items()
        if attribute not in listed
    ]


def _shows_stages(purchases: str) -> bool:
    """Return whether customers who bought once may have left, in a process."""
    if purchases not in PURCHASE_MODELS:
        return True
    process = PURCHASE_MODELS[purchases].plain
    return "dropout" in process.moves and not process.one_time_buyers_stay


def _faults_of_kept(sinks: Sequence[SinkSettings]) -> list[JobFault]:
    """Return faults of sinks from which the tiers and stages of the previous run cannot be read."""
    if sinks and not any(sink.keeps_runs for sink in sinks):
        problem = (
            "tiers and stages depend on those published before, so one sink must keep its runs: set partitioned = true "
            'for a Parquet sink, or mode = "append" for a table in a database'
        )
        return [JobFault("sinks", problem)]
    if sinks and all(sink.keep_runs == 1 for sink in sinks if sink.keeps_runs):
        return [JobFault("sinks", "keep_runs = 1 removes the tiers and stages published before: keep at least 2 runs")]
    return []
