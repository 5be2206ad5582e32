"""Findings from comparing fits to the same data, and their forecasts of a holdout period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.regular import RegularModel
from clvmodels.forecasting.processes import model_id
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.processes.coordinates import Coordinate, Limit

__all__ = ["SAME", "STRONG", "forecast_findings", "likelihood_findings", "name_of", "sees_no_dropout"]

# Differences of BIC. Raftery (1995), "Bayesian Model Selection in Social Research", Sociological Methodology 25,
# table 6: up to 2 not worth more than a mention, up to 6 positive, beyond that strong.
SAME, STRONG = 2.0, 6.0
TRADE_OFF = 0.95  # correlation from which two coordinates are not identified separately
# Two forecasts are equally good if their log scores differ by at most this many standard errors, or by this value
# (probabilities higher by a thousandth).
CHANCE, NEGLIGIBLE = 2.0, 1e-3
NO_BIAS = 5e-4  # relative error of a total that rounds to 0.0 %


def name_of(model: PurchaseModel) -> str:
    """Return the title of a fit, with its k if it has one that the title does not contain."""
    k = getattr(model, "k_", None)
    return model.title if k is None or isinstance(model, RegularModel) else f"{model.title}, k = {k}"


def sees_no_dropout(model: PurchaseModel) -> bool:
    """Return whether no customer ever leaves, by the process or because the fit ended there."""
    if "dropout" not in model.process.moves:
        return True
    name, more = model.process.moves["dropout"]
    reached = [at for at, upper, _ in _limits(model) if at.plain_name == name and upper == (more < 0)]
    return len(reached) == sum(at.plain_name == name for at in model.process.parametrization.coordinates)


def forecast_findings(models: Sequence[PurchaseModel], chances: Sequence[Array], bias: float) -> Findings:
    """Compare forecasts of a holdout period, best first.

    Parameters
    ----------
    chances : sequence of arrays (n,)
        The probability that each forecast gave to what each customer did.
    bias : float
        Relative error of the first one's total.
    """
    best = models[0]
    total = {"bias": bias, "size": abs(bias), "direction": _direction(bias)}
    equal = _distinct(model for model, each in zip(models, chances, strict=True) if _as_good(each, chances[0]))
    if len(_distinct(models)) == 1:
        return (Finding("compare-total", _named(best) | total),) if np.isfinite(bias) else ()
    if len(equal) > 1:
        return (Finding("compare-forecasts-equal", _named(best) | _several(equal) | total),)
    return (Finding("compare-forecast-best", _named(best) | total),)


def likelihood_findings(models: Sequence[PurchaseModel]) -> Findings:
    """Compare fits to the same data: dropout, regularity, which fit best, limits, and trade-offs of parameters."""
    best = _least_bic(models)
    findings = (_dropout(models), _timing(models), _ranking(models), _limit(best), _trade_off(best))
    return tuple(finding for finding in findings if finding is not None)


def _named(model: PurchaseModel) -> dict[str, Any]:
    return {"forecaster": model_id(model), "title": name_of(model)}


def _several(models: dict[str, PurchaseModel]) -> dict[str, Any]:
    return {"forecasters": [model_id(model) for model in models.values()], "titles": list(models)}


def _direction(bias: float) -> str:
    """Return the direction of a bias as a code: "right", "low", "high", or "unknown" if nothing happened."""
    if not np.isfinite(bias):
        return "unknown"
    return "right" if abs(bias) < NO_BIAS else "low" if bias < 0 else "high"


def _as_good(chances: Array, best: Array) -> bool:
    """Return whether log scores, compared customer by customer, differ by chance only or by a negligible amount."""
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.log(best) - np.log(chances)
        return bool(np.mean(lost) <= max(NEGLIGIBLE, CHANCE * np.std(lost) / np.sqrt(len(lost))))


def _dropout(models: Sequence[PurchaseModel]) -> Finding | None:
    """Yield findings on whether dropout is visible, by comparing fits of the same k with and without dropout."""
    for k in (_regularity(_least_bic(models)), 1):
        alike = [model for model in models if _regularity(model) == k]
        leaving = [model for model in alike if "dropout" in model.process.moves]
        staying = [model for model in alike if "dropout" not in model.process.moves]
        if leaving and staying:
            best, plain = _least_bic(leaving), _least_bic(staying)
            gap = plain.fit_.bic - best.fit_.bic
            figures = _named(plain) | {"bic_difference": gap}
            if gap < SAME or sees_no_dropout(best):
                return Finding("compare-dropout-not-visible", figures)
            return Finding("compare-dropout-likely" if gap < STRONG else "compare-dropout-clear", figures)
    best = _least_bic(models)
    if "dropout" in best.process.moves and sees_no_dropout(best):
        return Finding("compare-dropout-at-limit", _named(best))
    return None


def _timing(models: Sequence[PurchaseModel]) -> Finding | None:
    """Yield findings on whether purchases are regular, if a fit has the k of Erlang times between purchases."""
    regular = [model for model in models if getattr(model, "k_", None) is not None]
    if not regular:
        return None
    best = _least_bic(regular)
    k, random = _regularity(best), [model for model in models if _regularity(model) == 1]
    if k == 1:
        return Finding("compare-timing-random", {"k": k})
    if random and _least_bic(random).fit_.bic - best.fit_.bic < SAME:
        return Finding("compare-timing-not-visible", {"k": k} | _named(_least_bic(random)))
    return Finding("compare-timing-regular", {"k": k})


def _ranking(models: Sequence[PurchaseModel]) -> Finding | None:
    """Yield findings on the fits with dropout that the data cannot distinguish from the best, or on the next best."""
    best = _least_bic(models)
    if sees_no_dropout(best):
        return None
    comparable = sorted((model for model in models if not sees_no_dropout(model)), key=_bic)
    equal = _distinct(model for model in comparable if _bic(model) - _bic(best) < SAME)
    if len(equal) > 1:
        return Finding("compare-fits-equal", _several(equal) | {"bic_limit": SAME})
    others = [model for model in comparable if name_of(model) != name_of(best)]
    if not others:
        return None
    figures = {"next": model_id(others[0]), "next_title": name_of(others[0])}
    return Finding("compare-fit-best", _named(best) | figures | {"bic_difference": _bic(others[0]) - _bic(best)})


def _limit(model: PurchaseModel) -> Finding | None:
    """Yield findings on the limits at which a fit ended, without that of no dropout."""
    name, _ = model.process.moves.get("dropout", ("", 0.0))
    limits = [limit for at, _, limit in _limits(model) if at.plain_name != name or not sees_no_dropout(model)]
    reached = list(
        {(limit.code, *limit.figures.items()): Finding(limit.code, limit.figures) for limit in limits}.values()
    )
    return Finding("compare-fit-at-limit", _named(model) | {"limits": reached}, "caution") if reached else None


def _trade_off(model: PurchaseModel) -> Finding | None:
    """Yield a finding on the two coordinates that the data distinguish least, if they hardly do."""
    fit, free = model.fit_, np.flatnonzero(model.fit_.free)
    if len(free) < 2:
        return None
    inner = np.linalg.inv(-fit.hessian[np.ix_(free, free)])
    error = np.sqrt(np.diag(inner))
    correlation = np.triu(np.abs(inner / np.outer(error, error)), 1)
    if correlation.max() <= TRADE_OFF:
        return None
    pair = free[list(np.unravel_index(int(np.argmax(correlation)), correlation.shape))]
    coordinates = [model.process.parametrization.coordinates[i] for i in pair]
    names = [coordinate.quantity or coordinate.name for coordinate in coordinates]
    figures = {"first": names[0], "second": names[1], "correlation": float(correlation.max())}
    return Finding("compare-trade-off", _named(model) | figures, "caution")


def _limits(model: PurchaseModel) -> list[tuple[Coordinate, bool, Limit]]:
    """Return the coordinates that ended at a limit, with whether it is the upper limit, and its value."""
    return [
        (coordinate, upper, limit)
        for coordinate, at in zip(model.process.parametrization.coordinates, model.fit_.coordinates, strict=True)
        for upper, limit in ((False, coordinate.lower), (True, coordinate.upper))
        if at == limit.at
    ]


def _regularity(model: PurchaseModel) -> int:
    """Return the k of Erlang times between purchases; 1 is a Poisson process."""
    k = getattr(model, "k_", None)
    return 1 if k is None else int(k)


def _bic(model: PurchaseModel) -> float:
    return model.fit_.bic


def _least_bic(models: Sequence[PurchaseModel]) -> PurchaseModel:
    return min(models, key=_bic)


def _distinct(models: Iterable[PurchaseModel]) -> dict[str, PurchaseModel]:
    """Return models by name, each name once."""
    distinct: dict[str, PurchaseModel] = {}
    for model in models:
        distinct.setdefault(name_of(model), model)
    return distinct
