"""Gates on a fit: its status, and the change of its parameters from the champion's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from clvmodels.clock import Clock
from clvmodels.estimators.base import FittedProcess
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.scoring.gates.limits import Gates
from clvmodels.scoring.gates.result import Figure, GateResult

__all__ = ["check_fit_status", "check_parameters"]


def check_fit_status(limits: Gates, model: CustomerModel) -> list[GateResult]:
    """Check that each part of a model ended with an allowed status at a strict maximum."""
    if limits.fit_status is None:
        return []
    results = []
    for part in model.parts:
        fit = part.fit_
        figures: dict[str, Figure] = {
            "process": part.process.name,
            "status": fit.status,
            "definite": fit.definite,
            "gradient_norm": fit.gradient_norm,
            "allowed": limits.fit_status,
            "findings": tuple(finding.code for finding in fit.findings),
        }
        passed = fit.status in limits.fit_status and fit.definite
        results.append(GateResult.of("fit_status", passed, "gate-fit-status", figures, fit.message))
    return results


def check_parameters(limits: Gates, model: CustomerModel, champion: CustomerModel) -> list[GateResult]:
    """Check each part of a model against the champion's part of the same process."""
    if limits.parameter_errors is None or limits.parameter_change is None:
        return []
    champion_parts = {part.process.name: part for part in champion.parts}
    results = []
    for part in model.parts:
        name = part.process.name
        if name in champion_parts:
            results.append(_compare(part, champion_parts[name], limits.parameter_errors, limits.parameter_change))
        else:
            results.append(GateResult.of("parameters", True, "gate-parameters-other-process", {"process": name}))
    return results


def _comparable(clock: Clock, other: Clock) -> bool:
    """Return whether parameters with two clocks can be compared, whatever their calendars."""
    plain = replace(clock, calendar=None) == replace(other, calendar=None)
    return plain and (clock.calendar is None) == (other.calendar is None)


def _compare(part: FittedProcess, old: FittedProcess, errors: float, change: float) -> GateResult:
    """Return the gate's result for the parameter that moved most in standard errors (log scale, if positive)."""
    names = part.process.parametrization.names
    process = part.process.name
    if names != old.process.parametrization.names:
        return GateResult.of("parameters", True, "gate-parameters-other-terms", {"process": process})
    if not _comparable(part.clock_, old.clock_):
        clocks: dict[str, Figure] = {"process": process, "clock": str(part.clock_), "champion_clock": str(old.clock_)}
        return GateResult.of("parameters", True, "gate-parameters-other-clock", clocks)
    real = np.array(part.process.parametrization.real)
    new, before = (np.array([fitted.parameters_[name] for name in names]) for fitted in (part, old))
    variance = np.diag(part.fit_.covariance) + np.diag(old.fit_.covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(real, new - before, np.log(np.where(real, 1, new)) - np.log(np.where(real, 1, before)))
        in_errors = np.divide(np.abs(difference), np.sqrt(variance), out=np.zeros(len(names)), where=variance > 0)
    share = np.where(real, np.abs(difference), np.expm1(np.abs(difference)))
    both = np.minimum(in_errors / errors, share / change)  # above 1 if both limits are exceeded
    worst = int(np.argmax(both))
    figures: dict[str, Figure] = {
        "process": process,
        "parameter": names[worst],
        "new": float(new[worst]),
        "before": float(before[worst]),
        "standard_errors": float(in_errors[worst]),
        "change": float(share[worst]),
        "limit_errors": errors,
        "limit_change": change,
    }
    return GateResult.of("parameters", bool(both[worst] <= 1), "gate-parameters", figures)
