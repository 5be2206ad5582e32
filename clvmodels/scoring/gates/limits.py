"""The limits of the gates: the table [gates] of a job file."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from clvmodels.inference.fitting import FitStatus
from clvmodels.scoring.gates.run_statistics import Record
from clvmodels.transactions.rfm import FEWEST_IN_SUMMARY

__all__ = ["Gates"]

Threshold = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]


class Gates(Record):
    """The largest changes before a fit or a run is refused; None (in TOML: "off") switches a gate off.

    Attributes
    ----------
    fit_status : tuple of {"converged", "boundary"}
        The allowed statuses of a fit. A boundary is a maximum too, but means that the data do not determine something,
        such as dropout: check it before it is published automatically.
    parameter_errors, parameter_change : float
        A parameter is refused if it differs from the champion's by more than `parameter_errors` standard errors of the
        difference and by more than the share `parameter_change`. Both are needed: with many customers a change of 1 %
        is many standard errors, with few customers a change of 50 % is within one.
    total_change : float
        Largest relative difference of a predicted total from the last run's.
    psi, ks : float
        Population stability index and Kolmogorov-Smirnov distance of each quantity from the last run's. The share of
        customers who bought in between is added to both limits (except for T): new purchases alone cannot move a
        distribution function further.
    rows_lost, rows_gained : float
        Largest share of the last run's customers that are missing, and largest growth of their number, as a share.
    refused : float
        Largest share of customers that the model refuses.
    bought_once : int
        Number of customers from which a log without repeat purchases is refused: it is a summary with one row per
        customer, or ids change with every order. Switch it off for a shop too young for anybody to have come back.
    activity : float
        Largest relative difference of purchases since the fit from those expected, with the log's season and weekdays,
        beyond three standard errors.
    freshness : float
        Largest age of the latest row, as a multiple of the longest pause of the past year.
    daily_rows, daily_amounts : float
        Factor by which the rows of a new day, and their median amount, may be outside the range of the past year, each
        compared with the same weekday in the eight weeks before.
    repeated_rows : float
        Share of a new day's rows that may repeat another row (customer, time and amount), in addition to the largest
        share in the past.
    late_rows : float
        Rows added or removed since the last run for days that it covered, as a share of the rows of the four weeks up
        to it, in addition to ten rows.
    tier_rises, tier_falls : float
        Share of the customers with a tier who may rise to a better one, or fall, in one run. The share of customers who
        bought since the last run is added to both, since a customer who rises takes the place of another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)  # a TOML list is read as a tuple

    fit_status: tuple[FitStatus, ...] | None = ("converged",)
    parameter_errors: Threshold | None = 6.0
    parameter_change: Threshold | None = 0.25
    total_change: Threshold | None = 0.2
    psi: Threshold | None = 0.1
    ks: Threshold | None = 0.1
    rows_lost: Threshold | None = 0.01
    rows_gained: Threshold | None = 0.5
    refused: Threshold | None = 0.01
    bought_once: Threshold | None = FEWEST_IN_SUMMARY
    activity: Threshold | None = 0.25
    freshness: Threshold | None = 1.0
    daily_rows: Threshold | None = 1.25
    daily_amounts: Threshold | None = 1.25
    repeated_rows: Threshold | None = 0.1
    late_rows: Threshold | None = 0.25
    tier_rises: Threshold | None = 0.05
    tier_falls: Threshold | None = 0.05

    @field_validator("*", mode="before")
    @classmethod
    def _off(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str) and value != "off":
            expected = "a list of allowed statuses of a fit" if info.field_name == "fit_status" else "a number above 0"
            raise ValueError(f'must be {expected}, or "off"')
        return None if value == "off" else value
