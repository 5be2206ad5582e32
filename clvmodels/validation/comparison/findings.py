"""What fits to the same data support, in plain words: sentences from their certificates, for those who decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.language import message
from clvmodels.processes.contract import Array
from clvmodels.processes.coordinates import Limit

__all__ = ["name_of", "sees_no_dropout", "what_forecasts_show", "what_likelihoods_show"]

# Differences of BIC. Raftery (1995), "Bayesian Model Selection in Social Research", Sociological Methodology 25,
# table 6: up to 2 not worth more than a mention, up to 6 positive, beyond that strong.
SAME, STRONG = 2.0, 6.0
TRADE_OFF = 0.95  # correlation beyond which neither of two coordinates is known by itself
# Log scores may differ by so many standard errors, or by so much at all (probabilities higher by a thousandth), without
# one forecast being called better.
CHANCE, NEGLIGIBLE = 2.0, 1e-3


def name_of(model: PurchaseModel) -> str:
    """What a fit is called: the process, and k where the fit chose one and the title does not tell it."""
    k, title = getattr(model, "k_", None), model.title
    told = k is None or f"(k = {k})" in title or title.partition(" (")[0].endswith(f"-{k}")
    return title if told else f"{title}, k = {k}"


def sees_no_dropout(model: PurchaseModel) -> bool:
    """Whether nobody ever leaves, by the process or because the fit ended there."""
    if "dropout" not in model.process.moves:
        return True
    name, more = model.process.moves["dropout"]
    reached = [at for at, upper, _ in _limits(model) if _alike(at) == name and upper == (more < 0)]
    return len(reached) == sum(_alike(at.name) == name for at in model.process.parametrization.coordinates)


def what_forecasts_show(models: Sequence[PurchaseModel], chances: Sequence[Array], bias: float) -> list[str]:
    """Sentences on forecasts of a holdout period, best first.

    Parameters
    ----------
    chances : sequence of arrays (n,)
        The probability each forecast gave to what each customer then did.
    bias : float
        Relative error of the first one's total.
    """
    best = name_of(models[0])
    level = ""
    if np.isfinite(bias):
        off = "right" if abs(bias) < 5e-4 else f"{abs(bias):.1%} too {'low' if bias < 0 else 'high'}"
        level = f"the total forecast by {best} was {off}"
    equal = _distinct(model for model, told in zip(models, chances, strict=True) if _as_good(told, chances[0]))
    if len(_distinct(models)) == 1:
        return [f"In the holdout period {level}."] if level else []
    ranking = f"{best} forecast the holdout period best"
    if len(equal) > 1:
        ranking = f"{_listed(equal)} forecast the holdout period equally well"
    return [f"{ranking}; {level}." if level else f"{ranking}."]


def _as_good(chances: Array, best: Array) -> bool:
    """Whether log scores differ by no more than chance, told customer by customer, or by nothing worth a word."""
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.log(best) - np.log(chances)
        return bool(np.mean(lost) <= max(NEGLIGIBLE, CHANCE * np.std(lost) / np.sqrt(len(lost))))


def what_likelihoods_show(models: Sequence[PurchaseModel]) -> list[str]:
    """Sentences on fits to the same data: dropout, regularity, what cannot be told apart, limits, trade-offs."""
    best = _least(models)
    found = [_dropout(models), _timing(models), _standing(models), _limit(best), _trade_off(best)]
    return [sentence for sentence in found if sentence]


def _dropout(models: Sequence[PurchaseModel]) -> str:
    """Whether customers can be seen to leave: like is compared with like, so fits of one k."""
    for k in (_regularity(_least(models)), 1):
        alike = [model for model in models if _regularity(model) == k]
        leaving = [model for model in alike if "dropout" in model.process.moves]
        staying = [model for model in alike if "dropout" not in model.process.moves]
        if leaving and staying:
            best, plain = _least(leaving), _least(staying)
            gap, told = plain.fit_.bic - best.fit_.bic, f"{name_of(plain)}, in which nobody leaves,"
            if gap < SAME or sees_no_dropout(best):
                return f"No dropout visible: {told} fits as well."
            if gap < STRONG:
                return f"Customers seem to drop out: {told} fits somewhat worse (BIC {gap:.1f} higher)."
            return f"Customers drop out: {told} fits far worse (BIC {gap:,.0f} higher)."
    best = _least(models)
    if "dropout" in best.process.moves and sees_no_dropout(best):
        return f"No dropout visible: {name_of(best)} ends where nobody leaves."
    return ""


def _timing(models: Sequence[PurchaseModel]) -> str:
    """Whether buying is regular, where a fit chose the k of its Erlang times between purchases."""
    chosen = [model for model in models if getattr(model, "k_", None) is not None]
    if not chosen:
        return ""
    best = _least(chosen)
    k, others = _regularity(best), [model for model in models if _regularity(model) == 1]
    if k == 1:
        return "k = 1: no regularity, purchases come as if by chance."
    if others and _least(others).fit_.bic - best.fit_.bic < SAME:
        return f"No regularity visible: k = {k} fits no better than {name_of(_least(others))}."
    return f"k = {k}: buying is regular."


def _standing(models: Sequence[PurchaseModel]) -> str:
    """Which fits the data cannot tell from the best, or how far it is ahead; what dropout shows is told already."""
    best = _least(models)
    if sees_no_dropout(best):
        return ""
    kin = sorted((model for model in models if not sees_no_dropout(model)), key=_bic)
    equal = _distinct(model for model in kin if _bic(model) - _bic(best) < SAME)
    if len(equal) > 1:
        return f"{_listed(equal)} cannot be told apart (BIC within {SAME:g})."
    rivals = [model for model in kin if name_of(model) != name_of(best)]
    if not rivals:
        return ""
    return f"{name_of(best)} fits best, {name_of(rivals[0])} next (BIC {_bic(rivals[0]) - _bic(best):,.0f} higher)."


def _limit(model: PurchaseModel) -> str:
    """The limits a fit ended at, apart from that of dropout."""
    name, _ = model.process.moves.get("dropout", ("", 0.0))
    limits = [limit for at, _, limit in _limits(model) if _alike(at) != name or not sees_no_dropout(model)]
    reached = list(dict.fromkeys(message(limit.code, limit.figures) for limit in limits))
    return f"{name_of(model)} ends at a limit: {'; '.join(reached)}." if reached else ""


def _trade_off(model: PurchaseModel) -> str:
    """The two coordinates that the data know least apart, if they hardly do."""
    fit, free = model.fit_, np.flatnonzero(model.fit_.free)
    if len(free) < 2:
        return ""
    inner = np.linalg.inv(-fit.hessian[np.ix_(free, free)])
    error = np.sqrt(np.diag(inner))
    linked = np.triu(np.abs(inner / np.outer(error, error)), 1)
    if linked.max() <= TRADE_OFF:
        return ""
    pair = free[list(np.unravel_index(int(np.argmax(linked)), linked.shape))]
    one, other = (_in_words(model.process.parametrization.coordinates[i].name) for i in pair)
    return f"In {name_of(model)}, {one} and {other} trade off: read neither by itself."


def _in_words(coordinate: str) -> str:
    """What a coordinate is of: "log (a + b)" is of a + b, "logit mean dropout probability" of that mean."""
    told = coordinate.removeprefix("log ").removeprefix("logit ")
    told = told.removeprefix("(").removesuffix(")") if told.startswith("(") else told
    return f"the {told}" if told.startswith("mean ") else told


def _limits(model: PurchaseModel) -> list[tuple[str, bool, Limit]]:
    """Coordinates that ended at a limit: the name, whether it is the upper one, and what it means."""
    return [
        (coordinate.name, upper, limit)
        for coordinate, at in zip(model.process.parametrization.coordinates, model.fit_.coordinates, strict=True)
        for upper, limit in ((False, coordinate.lower), (True, coordinate.upper))
        if at == limit.at
    ]


def _alike(coordinate: str) -> str:
    """The name of a coordinate without that of a group."""
    return coordinate.partition("[")[0]


def _regularity(model: PurchaseModel) -> int:
    """The k of Erlang times between purchases; 1 is a Poisson process."""
    k = getattr(model, "k_", None)
    return 1 if k is None else int(k)


def _bic(model: PurchaseModel) -> float:
    return model.fit_.bic


def _least(models: Sequence[PurchaseModel]) -> PurchaseModel:
    return min(models, key=_bic)


def _distinct(models: Iterable[PurchaseModel]) -> list[str]:
    return list(dict.fromkeys(map(name_of, models)))


def _listed(names: Iterable[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
