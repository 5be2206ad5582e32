"""Likelihood-ratio tests: whether a model fits better than a simpler one inside it by more than chance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from scipy.special import chdtrc

from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.base import FittedProcess
from clvmodels.processes.blocks import CoefficientBlock
from clvmodels.processes.contract import Process

__all__ = ["LikelihoodRatio", "likelihood_ratio_test"]

Nesting = Literal["coefficients", "no dropout", "no ageing", "whole k"]

# Processes that become another at the edge of their parameters: (smaller, larger).
AT_AN_EDGE: dict[tuple[str, str], Nesting] = {
    ("nbd", "bgnbd"): "no dropout",
    ("nbd", "mbgnbd"): "no dropout",
    ("nbd", "pareto_nbd"): "no dropout",
    ("nbd", "ggompertz_nbd"): "no dropout",
    ("pareto_nbd", "ggompertz_nbd"): "no ageing",
}
AT_K_1 = {("nbd", "cnbd"), ("bgnbd", "bgcnbd"), ("mbgnbd", "mbgcnbd")}
ROUNDING = 0.1  # a limit is taken where it costs less than fitting.INDISTINGUISHABLE for each coordinate
SIGNIFICANT = 0.05

WHY_NOT: dict[Nesting, str] = {
    "no dropout": "{small} is {large} with a mean dropout of 0, the edge of what it can be, and how dropout varies "
    "then means nothing: no chi-square distribution holds, nor a mixture of them (Davies 1987)",
    "no ageing": "{small} is {large} as b falls to 0, the edge of what it can be: a chi-square distribution would give "
    "too large a p-value (Self & Liang 1987)",
    "whole k": "{small} differs from {large} only by its k of 1, and k is a whole number: no "
    "chi-square distribution follows",
}
REMEDY = (
    "Compare BIC instead, or simulate: draw data from the smaller fit, fit both to them, and see how often the "
    "statistic is as large."
)


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A likelihood-ratio test of a model against one that it contains.

    Attributes
    ----------
    statistic : float
        Twice the difference of the log-likelihoods.
    degrees_of_freedom : int
        How many more parameters the larger process has.
    p_value : float or None
        Probability of as large a statistic if the smaller model holds; None where no chi-square distribution says it.
    words : str
        What it means; without a p-value why, and what to do instead.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float | None
    words: str


def likelihood_ratio_test(restricted: FittedProcess, full: FittedProcess) -> LikelihoodRatio:
    """Test a fit against a larger one that contains its process, both to the same data.

    The statistic has a chi-square distribution (Wilks 1938, Annals of Mathematical Statistics 9(1), 60-62) where the
    smaller model lies inside the larger one, as without some of its covariates. At an edge of the parameters it has
    not: there the p-value is None, and the words say why. Davies (1987), Biometrika 74(1), 33-43; Self & Liang (1987),
    Journal of the American Statistical Association 82, 605-610.

    Parameters
    ----------
    restricted, full : fitted models

    Returns
    -------
    LikelihoodRatio

    Raises
    ------
    InvalidOption
        For models that are not fitted, have a prior, were fitted to different data, or do not contain one another.
    ClockMismatch
        For models with different clocks.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> early = rfm.to_frame()[["customer_id"]].assign(early=(rfm.T > 34).astype(float))
    >>> rfm = rfm.with_columns(early)
    >>> test = clv.likelihood_ratio_test(clv.NBD().fit(rfm), clv.NBD(purchase="early").fit(rfm))
    >>> test.degrees_of_freedom, round(test.p_value, 2)
    (1, 0.99)
    """
    _check(restricted, full)
    small, large = restricted.title, full.title
    nesting = _nesting(restricted, full)
    if nesting is None:
        raise InvalidOption(
            f"{small} is not contained in {large}, so the ratio of their likelihoods tests nothing: compare them by "
            "AIC and BIC, as compare(rfm, [...]) does."
        )
    statistic = 2 * (full.fit_.log_likelihood - restricted.fit_.log_likelihood)
    if statistic < -ROUNDING:
        raise InvalidOption(
            f"{large} fits worse than {small}, which it contains (the statistic would be {statistic:.2f}): its fit did "
            "not reach the maximum, so there is nothing to test."
        )
    statistic = max(statistic, 0.0)
    freedom = len(full.process.parametrization.names) - len(restricted.process.parametrization.names)
    told = f"Twice the log-likelihood rises by {statistic:,.2f}"
    why_not = _why_not(nesting, restricted, full)
    if why_not is not None:
        return LikelihoodRatio(statistic, freedom, None, f"{told}, but there is no p-value: {why_not}. {REMEDY}")
    p_value = float(chdtrc(freedom, statistic))
    verdict = "more than chance explains" if p_value < SIGNIFICANT else "as it may by chance"
    more = "one more parameter" if freedom == 1 else f"{freedom} more parameters"
    return LikelihoodRatio(statistic, freedom, p_value, f"{told} with {more}, {verdict} (p = {p_value:.2g}).")


def _check(restricted: FittedProcess, full: FittedProcess) -> None:
    """Refuse what is not two maxima of the likelihood of the same data."""
    titles = restricted.title, full.title
    for model in (restricted, full):
        if not model.__sklearn_is_fitted__():
            raise InvalidOption(f"This {model.title} has not been fitted: call fit(rfm) first.")
        if model.prior or (model.l2 and getattr(model, "design_", None) is not None):
            raise InvalidOption(
                f"{model.title} was fitted under a prior or with l2=, so not at its greatest likelihood."
            )
    if restricted.clock_ != full.clock_:
        raise ClockMismatch(
            f"{titles[0]} was fitted in {restricted.clock_}, {titles[1]} in {full.clock_}: fit both to the same RFM."
        )
    if restricted.data_fingerprint_ is None or restricted.data_fingerprint_ != full.data_fingerprint_:
        raise InvalidOption(
            f"{titles[0]} and {titles[1]} were not fitted to the same data, or were saved without saying to which: fit "
            "both to the same RFM."
        )


def _nesting(restricted: FittedProcess, full: FittedProcess) -> Nesting | None:
    """How the smaller process lies in the larger one; None where it does not."""
    small, large = restricted.plain, full.plain
    if not _coefficients(small) <= _coefficients(large):
        return None
    if not (_grouped_within(restricted, full) and _moved_within(restricted, full)):
        return None
    ks = getattr(restricted, "k_", None), getattr(full, "k_", None)
    bases = _base(restricted.process), _base(full.process)
    if bases[0] == bases[1]:
        if ks[0] != ks[1]:
            return "whole k" if ks[0] == 1 else None
        more = len(full.process.parametrization.names) > len(restricted.process.parametrization.names)
        inside = set(small.parametrization.names) <= set(large.parametrization.names)
        return "coefficients" if more and inside else None
    if bases in AT_K_1:
        return "whole k"
    return AT_AN_EDGE.get(bases)


def _grouped_within(restricted: FittedProcess, full: FittedProcess) -> bool:
    """Whether all customers alike, or the same groups, lie within the groups of the larger model."""
    small, large = (getattr(model, "grouping_", None) for model in (restricted, full))
    return small is None or small == large


def _moved_within(restricted: FittedProcess, full: FittedProcess) -> bool:
    """Whether what covariates can do in the smaller model they can do in the larger one.

    That is so if the larger one has every column, and columns that share a coefficient there share one here, or are
    all left out.
    """
    small, large = _pulls(restricted), _pulls(full)
    if not small.keys() <= large.keys() or any(small[pull][1:] != large[pull][1:] for pull in small):
        return False
    shared: dict[int, set[int | None]] = {}
    for pull, (coefficient, *_) in large.items():
        shared.setdefault(coefficient, set()).add(small[pull][0] if pull in small else None)
    return all(len(found) == 1 for found in shared.values())


def _pulls(model: FittedProcess) -> dict[tuple[str, int], tuple[int, float, float]]:
    """By column and the coordinate it pulls: the coefficient, and the column's mean and deviation in the data."""
    design = getattr(model, "design_", None)
    if design is None:
        return {}
    told = design.covariates
    return {
        (told.columns[effect.column], effect.coordinate): (
            effect.coefficient,
            told.center[effect.coefficient],
            told.scale[effect.coefficient],
        )
        for effect in told.effects
    }


def _why_not(nesting: Nesting, restricted: FittedProcess, full: FittedProcess) -> str | None:
    """Why the statistic has no chi-square distribution; None where it has."""
    if nesting in WHY_NOT:
        return WHY_NOT[nesting].format(small=restricted.title, large=full.title)
    for model in (restricted, full):
        if model.fit_.status == "boundary":
            return f"{model.title} ended at a limit ({model.fit_.message}), where none can be told"
    return None


def _base(process: Process) -> str:
    """The name without what covariates or a k have added to it: "mbgcnbd" of "mbgcnbd_2"."""
    return re.sub(r"_(\d+|k)$", "", re.split(r"\W", process.name)[0])


def _coefficients(process: Process) -> set[str]:
    blocks = process.parametrization.blocks
    return {name for block in blocks if isinstance(block, CoefficientBlock) for name in block.parameters}
