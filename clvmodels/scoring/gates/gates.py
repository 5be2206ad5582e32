"""Gates before a model is promoted or a run is published: numbers in, an outcome in one plain sentence out.

What is compared with what. A base ages: T and recency of the same customers grow by themselves, frequency too, and a
nightly job that compared them with the day of the fit would refuse itself within weeks. So the distributions are those
of the customers whom the last run knew already, with T told as of then: in a healthy log T is then the very same, and
the rest has moved by the purchases of a day or a month. That shows at once whether rows were lost, ids re-keyed,
amounts told in another unit. That customers slowly change their ways does not show from one night to the next;
`activity` therefore adds up purchases since the fit and holds them against what the model then expected of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from clvmodels.errors import GateRefused
from clvmodels.estimators.base import FittedProcess
from clvmodels.estimators.customer_model import CustomerModel
from clvmodels.inference.fitting import FitStatus
from clvmodels.scoring.gates.drift import binned, kolmogorov_smirnov, population_stability
from clvmodels.scoring.gates.run_statistics import Finite, Record, RunStatistics, StatisticsCollector

__all__ = [
    "GateResult",
    "Gates",
    "on_fit",
    "on_run",
    "refuse",
]

Threshold = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]

CHANCE = 3.0  # standard errors that activity may be off by chance, on top of its limit


class Gates(Record):
    """How far things may move, the table [gates] of a job file; None (in TOML: "off") switches a gate off.

    Attributes
    ----------
    fit_status : tuple of {"converged", "boundary"}
        What a fit may end as. A boundary is a maximum too, but says that the data cannot show something, such as
        dropout: worth a look before it is published unattended.
    parameter_errors, parameter_change : float
        A parameter is refused where it differs from the champion's by more than so many standard errors of the
        difference and by more than this share: with many customers a change of 1 % is many standard errors, with few
        one of 50 % is none.
    total_change : float
        Share by which any total predicted may differ from the last run's.
    psi, ks : float
        Population stability index and Kolmogorov-Smirnov distance of each quantity from the last run's. On top of the
        limit, both (but for T) may be the share of customers who bought in between: new purchases alone cannot move a
        distribution function further.
    rows_lost, rows_gained : float
        Share of the last run's customers that may be missing, and by which they may grow.
    refused : float
        Share of customers that may be set aside.
    activity : float
        Share by which purchases since the fit may differ from what the model expects, beyond three standard errors.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)  # a TOML list fills a tuple

    fit_status: tuple[FitStatus, ...] | None = ("converged",)
    parameter_errors: Threshold | None = 6.0
    parameter_change: Threshold | None = 0.25
    total_change: Threshold | None = 0.2
    psi: Threshold | None = 0.1
    ks: Threshold | None = 0.1
    rows_lost: Threshold | None = 0.01
    rows_gained: Threshold | None = 0.5
    refused: Threshold | None = 0.01
    activity: Threshold | None = 0.25

    @field_validator("*", mode="before")
    @classmethod
    def _off(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str) and value != "off":
            what = "a list of what a fit may end as" if info.field_name == "fit_status" else "a number above 0"
            raise ValueError(f'must be {what}, or "off"')
        return None if value == "off" else value


class GateResult(Record):
    """What one gate found.

    Attributes
    ----------
    gate : str
    passed : bool
    sentence : str
        Plain words with the numbers that decided.
    figures : dict of str to float
        The numbers, by name; the limits among them.
    """

    gate: str
    passed: bool
    sentence: str
    figures: dict[str, Finite] = Field(default_factory=dict)


def on_fit(
    limits: Gates,
    model: CustomerModel,
    tally: StatisticsCollector,
    evidence: RunStatistics,
    champion: CustomerModel | None = None,
    fitted: RunStatistics | None = None,
) -> tuple[GateResult, ...]:
    """Gates between a new fit and its promotion.

    Parameters
    ----------
    limits : Gates
    model : CustomerModel
        The new fit.
    tally, evidence
        Of the customers it was fitted to; `since_last` of the tally is the time since the champion's.
    champion : CustomerModel, optional
        None: the first of its kind has nothing to be compared with.
    fitted : Evidence, optional
        Of what the champion was fitted to.
    """
    found = _fit_status(limits, model)
    if champion is not None:
        found += _parameters(limits, model, champion)
    return (*found, *_data(limits, tally, evidence, fitted, "the champion's fit"))


def on_run(
    limits: Gates,
    tally: StatisticsCollector,
    evidence: RunStatistics,
    last: RunStatistics | None = None,
    fitted: RunStatistics | None = None,
) -> tuple[GateResult, ...]:
    """Gates between a scored table and its publication.

    Parameters
    ----------
    limits : Gates
    tally, evidence
        Of this run; `since_last` of the tally is the time since `last` (or `fitted`, without one), and `since_fit`
        that since `fitted`.
    last : Evidence, optional
        Of the last run published.
    fitted : Evidence, optional
        Of what the model was fitted to.
    """
    reference, name = (fitted, "the fit") if last is None else (last, f"the run as of {last.as_of}")
    found = _data(limits, tally, evidence, reference, name)
    if last is not None:
        found += _totals(limits, evidence, last)
    if fitted is not None:
        found += _activity(limits, tally, evidence, fitted)
    return tuple(found)


def refusal(outcomes: Sequence[GateResult]) -> str | None:
    """The sentence of every gate that refused, a line each; None if none did."""
    return "\n".join(f"{outcome.gate}: {outcome.sentence}" for outcome in outcomes if not outcome.passed) or None


def refuse(outcomes: Sequence[GateResult]) -> None:
    """Raise GateRefused with the sentence of every gate that refused; nothing if none did."""
    refused = [outcome for outcome in outcomes if not outcome.passed]
    if refused:
        count = f"{len(refused)} of {len(outcomes)} gates" if len(refused) > 1 else f"The gate {refused[0].gate!r}"
        raise GateRefused(
            f"{count} refused, so nothing was published.\n{refusal(outcomes)}\n"
            "Look into it first; if it is meant, widen the limit named in [gates], or run once with --force."
        )


def _fit_status(limits: Gates, model: CustomerModel) -> list[GateResult]:
    if limits.fit_status is None:
        return []
    found = []
    for part in model.parts:
        fit = part.fit_
        passed = fit.status in limits.fit_status and fit.definite
        shape = "" if fit.definite else ", and the likelihood is flat or rising there"
        found.append(
            GateResult(
                gate="fit_status",
                passed=passed,
                sentence=f"{part.title} ended as {fit.status!r} ({fit.message}){shape}"
                + ("." if passed else f"; allowed: {', '.join(map(repr, limits.fit_status))}."),
                figures={"gradient_norm": fit.gradient_norm},
            )
        )
    return found


def _parameters(limits: Gates, model: CustomerModel, champion: CustomerModel) -> list[GateResult]:
    if limits.parameter_errors is None or limits.parameter_change is None:
        return []
    olds = {old.process.name: old for old in champion.parts}
    return [
        _moved(part, olds[part.process.name], limits.parameter_errors, limits.parameter_change)
        if part.process.name in olds
        else GateResult(
            gate="parameters",
            passed=True,
            sentence=f"{part.title} is not compared: the champion is of another kind.",
        )
        for part in model.parts
    ]


def _moved(part: FittedProcess, old: FittedProcess, errors: float, change: float) -> GateResult:
    """The parameter that moved furthest, in standard errors of the difference; positive ones on the logarithm."""
    names = part.process.parametrization.names
    if names != old.process.parametrization.names:
        return GateResult(
            gate="parameters",
            passed=True,
            sentence=f"{part.title} is not compared: its covariates or groups are others than the champion's.",
        )
    real = np.array(part.process.parametrization.real)
    units = [part.clock_.ticks_per_unit, old.clock_.ticks_per_unit]
    if units[0] != units[1] or part.clock_ != old.clock_:
        return GateResult(
            gate="parameters",
            passed=True,
            sentence=f"{part.title} is not compared: it tells time in {part.clock_}, the champion in {old.clock_}.",
        )
    new, before = (np.array([of.parameters_[name] for name in names]) for of in (part, old))
    variance = np.diag(part.fit_.covariance) + np.diag(old.fit_.covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(real, new - before, np.log(np.where(real, 1, new)) - np.log(np.where(real, 1, before)))
        known = variance > 0
        in_errors = np.divide(np.abs(difference), np.sqrt(variance), out=np.zeros(len(names)), where=known)
    share = np.where(real, np.abs(difference), np.expm1(np.abs(difference)))
    both = np.minimum(in_errors / errors, share / change)  # above 1 where both limits are passed
    worst = int(np.argmax(both))
    passed = bool(both[worst] <= 1)
    return GateResult(
        gate="parameters",
        passed=passed,
        sentence=f"{part.title}: {names[worst]} is {new[worst]:.4g}, the champion's {before[worst]:.4g}, which is "
        f"{in_errors[worst]:.1f} standard errors; "
        + ("no parameter moved by more than" if passed else "a parameter may not move by both more than")
        + f" {errors:g} of them (parameter_errors) and {change:.0%} (parameter_change).",
        figures={
            "standard_errors": float(in_errors[worst]),
            "change": float(share[worst]),
            "limit_errors": errors,
            "limit_change": change,
        },
    )


def _data(
    limits: Gates, tally: StatisticsCollector, evidence: RunStatistics, reference: RunStatistics | None, name: str
) -> list[GateResult]:
    """Gates on what was read, against a reference of an earlier day."""
    found = _refused(limits, evidence)
    if reference is None:
        return found
    if evidence.end < reference.end:
        told = f"Not compared: {name} saw more, up to {reference.as_of}."
        return [*found, GateResult(gate="rows", passed=True, sentence=told)]
    return [*found, *_rows(limits, tally, evidence, reference, name), *_shift(limits, tally, reference, name)]


def _refused(limits: Gates, evidence: RunStatistics) -> list[GateResult]:
    if limits.refused is None:
        return []
    seen = evidence.customers + evidence.refused
    share = evidence.refused / seen if seen else 0.0
    return [
        GateResult(
            gate="refused",
            passed=share <= limits.refused,
            sentence=f"{evidence.refused:,} of {seen:,} customers ({share:.2%}) were set aside "
            f"(refused limit {limits.refused:.2%}).",
            figures={"share": share, "limit": limits.refused},
        )
    ]


def _rows(
    limits: Gates, tally: StatisticsCollector, evidence: RunStatistics, reference: RunStatistics, name: str
) -> list[GateResult]:
    """Customers seen before must still be there; new ones may come."""
    before, still, now = reference.customers, tally.customers_known, evidence.customers
    found = []
    if limits.rows_lost is not None:
        share = abs(1 - still / before) if before else 0.0
        words = "as many as" if still == before else f"{share:.2%} {'fewer' if still < before else 'more'} than"
        found.append(
            GateResult(
                gate="rows",
                passed=share <= limits.rows_lost,
                sentence=f"{still:,} customers are as old as {name} or older, {words} the {before:,} it had "
                f"(rows_lost limit {limits.rows_lost:.2%} either way).",
                figures={"share": share, "limit": limits.rows_lost, "known": still, "before": before},
            )
        )
    if limits.rows_gained is not None:
        share = now / before - 1 if before else 0.0
        found.append(
            GateResult(
                gate="rows",
                passed=share <= limits.rows_gained,
                sentence=f"{now:,} customers, {share:+.2%} against {name} "
                f"(rows_gained limit {limits.rows_gained:+.0%}).",
                figures={"share": share, "limit": limits.rows_gained},
            )
        )
    return found


def _shift(limits: Gates, tally: StatisticsCollector, reference: RunStatistics, name: str) -> list[GateResult]:
    """What the customers known then look like now; T is the same, the rest differs for those who bought since."""
    if limits.psi is None and limits.ks is None:
        return []
    bought = tally.bought_since / max(tally.customers_known, 1)
    found = []
    for quantity, counts in tally.known.items():
        before = reference.quantiles.get(quantity)
        if before is None or not before.values or not len(counts.values):
            continue
        told = {
            "PSI": (population_stability(*binned(before, counts)), limits.psi),
            "KS": (kolmogorov_smirnov(before, counts), limits.ks),
        }
        more = 0.0 if quantity == "T" else bought
        since = f" + {more:.3f} who bought since" if more else ""
        allowed = {measure: limit + more for measure, (_, limit) in told.items() if limit is not None}
        found.append(
            GateResult(
                gate=f"shift of {quantity}",
                passed=all(told[measure][0] <= limit for measure, limit in allowed.items()),
                sentence=f"{quantity} of the customers known then, against {name}: "
                + ", ".join(
                    f"{measure} {value:.3f}" + ("" if limit is None else f" ({measure.lower()} limit {limit:g}{since})")
                    for measure, (value, limit) in told.items()
                )
                + ".",
                figures={measure.lower(): value for measure, (value, _) in told.items()}
                | {f"limit_{measure.lower()}": limit for measure, limit in allowed.items()},
            )
        )
    return found


def _totals(limits: Gates, evidence: RunStatistics, last: RunStatistics) -> list[GateResult]:
    if limits.total_change is None:
        return []
    found = []
    for column in sorted(set(evidence.totals) & set(last.totals)):
        now, before = evidence.totals[column], last.totals[column]
        change = now / before - 1 if before else (0.0 if now == 0 else math.copysign(1.0, now))
        found.append(
            GateResult(
                gate="total",
                passed=abs(change) <= limits.total_change,
                sentence=f"{column} in total: {now:,.6g}, {change:+.1%} against {before:,.6g} in the run as of "
                f"{last.as_of} (total_change limit {limits.total_change:.0%} either way).",
                figures={"change": change, "limit": limits.total_change, "now": now, "before": before},
            )
        )
    return found


def _activity(
    limits: Gates, tally: StatisticsCollector, evidence: RunStatistics, fitted: RunStatistics
) -> list[GateResult]:
    """Purchases since the fit against those expected, at the fit, of its customers, and of those who came since.

    By chance their number varies by sqrt(D expected). Where rates are gamma-distributed, D, variance over mean, is
    1 + m/r for a mean of m (Ehrenberg 1959, Applied Statistics 8(1), 26-41): D - 1 grows with m, so it is that of the
    purchases up to the fit times the ratio of what is expected to those.
    """
    elapsed = evidence.end - fitted.end
    if limits.activity is None or elapsed <= 0 or not fitted.forecast or elapsed > fitted.forecast[-1][0]:
        return []
    actual = evidence.repeat_purchases - fitted.repeat_purchases
    ticks, totals = zip(*((0, 0.0), *fitted.forecast), strict=True)
    expected = float(np.interp(elapsed, ticks, totals)) + tally.expected_of_new
    grown = expected / fitted.repeat_purchases if fitted.repeat_purchases else 1.0
    dispersion = 1.0 + max(0.0, fitted.dispersion - 1.0) * max(0.0, grown)
    error = math.sqrt(dispersion * max(expected, 1.0))
    allowed = limits.activity * expected + CHANCE * error
    change = actual / expected - 1 if expected > 0 else 0.0
    return [
        GateResult(
            gate="activity",
            passed=abs(actual - expected) <= allowed,
            sentence=f"{actual:,} repeat purchases since the fit ({fitted.as_of}), {change:+.1%} against the "
            f"{expected:,.0f} expected (activity limit {limits.activity:.0%}, and {CHANCE:g} "
            f"standard errors of {error:,.0f}).",
            figures={
                "actual": float(actual),
                "expected": expected,
                "change": change,
                "standard_error": error,
                "limit": limits.activity,
            },
        )
    ]
