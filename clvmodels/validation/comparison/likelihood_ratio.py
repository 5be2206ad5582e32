"""Likelihood-ratio tests: whether a model fits better than a simpler one nested in it by more than chance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from scipy.special import chdtrc

from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.base import FittedProcess
from clvmodels.language import Finding
from clvmodels.processes.blocks import CoefficientBlock
from clvmodels.processes.contract import Process

__all__ = ["LikelihoodRatio", "likelihood_ratio_test"]

Nesting = Literal["coefficients", "no dropout", "no aging", "whole k"]

# Pairs (smaller, larger) of processes in which the larger becomes the smaller at the edge of its parameters.
AT_AN_EDGE: dict[tuple[str, str], Nesting] = {
    ("nbd", "bgnbd"): "no dropout",
    ("nbd", "mbgnbd"): "no dropout",
    ("nbd", "pareto_nbd"): "no dropout",
    ("nbd", "ggompertz_nbd"): "no dropout",
    ("pareto_nbd", "ggompertz_nbd"): "no aging",
}
AT_K_1 = {("nbd", "cnbd"), ("bgnbd", "bgcnbd"), ("mbgnbd", "mbgcnbd")}
ROUNDING_TOLERANCE = (
    0.1  # a fit may stop at a limit if that lowers its likelihood by less than search.INDISTINGUISHABLE per coordinate
)
SIGNIFICANT = 0.05

NO_P_VALUE: dict[Nesting, str] = {
    "no dropout": "lrt-no-dropout",
    "no aging": "lrt-no-aging",
    "whole k": "lrt-whole-k",
}
"""Codes of the reasons why the statistic has no chi-square distribution."""


@dataclass(frozen=True, slots=True, repr=False)
class LikelihoodRatio:
    """A likelihood-ratio test of a model against one that it contains.

    Attributes
    ----------
    statistic : float
        Twice the difference of the log-likelihoods.
    degrees_of_freedom : int
        Number of additional parameters of the larger process.
    p_value : float or None
        Probability of a statistic at least this large if the smaller model is true; None without a chi-square
        distribution.
    finding : Finding
        The conclusion or, without a p-value, the reason and what to do instead. `text` returns it as a sentence.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float | None
    finding: Finding

    @property
    def text(self) -> str:
        """Return the finding as a sentence."""
        return self.finding.text

    def __repr__(self) -> str:
        return f"LikelihoodRatio: {self.text}"


def likelihood_ratio_test(restricted: FittedProcess, full: FittedProcess) -> LikelihoodRatio:
    """Test a fit against that of a larger model that contains it, both fitted to the same data.

    The statistic has a chi-square distribution (Wilks 1938, Annals of Mathematical Statistics 9(1), 60-62) where the
    smaller model is in the interior of the larger one, for example without some of its covariates. At an edge of the
    parameters it has not: the p-value is then None, and the finding gives the reason. Davies (1987), Biometrika 74(1),
    33-43; Self & Liang (1987), Journal of the American Statistical Association 82, 605-610.

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
    if statistic < -ROUNDING_TOLERANCE:
        raise InvalidOption(
            f"{large} fits worse than {small}, which it contains (the statistic would be {statistic:.2f}): its fit did "
            "not reach the maximum, so there is nothing to test."
        )
    statistic = max(statistic, 0.0)
    freedom = len(full.process.parametrization.names) - len(restricted.process.parametrization.names)
    figures = {"small_title": small, "large_title": large, "statistic": statistic, "degrees_of_freedom": freedom}
    no_p_value = _no_p_value(nesting, restricted, full, figures)
    if no_p_value is not None:
        return LikelihoodRatio(statistic, freedom, None, no_p_value)
    p_value = float(chdtrc(freedom, statistic))
    code = "lrt-significant" if p_value < SIGNIFICANT else "lrt-not-significant"
    return LikelihoodRatio(statistic, freedom, p_value, Finding(code, figures | {"p_value": p_value}))


def _check(restricted: FittedProcess, full: FittedProcess) -> None:
    """Raise an error unless both models are at the maximum likelihood of the same data."""
    titles = restricted.title, full.title
    for model in (restricted, full):
        if not model.__sklearn_is_fitted__():
            raise InvalidOption(f"This {model.title} has not been fitted: call fit(rfm) first.")
        if model.prior or (model.l2 and getattr(model, "design_", None) is not None):
            raise InvalidOption(
                f"{model.title} was fitted with a prior or with l2=, so it is not at its maximum likelihood."
            )
    if restricted.clock_ != full.clock_:
        raise ClockMismatch(
            f"{titles[0]} was fitted in {restricted.clock_}, {titles[1]} in {full.clock_}: fit both to the same RFM."
        )
    if restricted.data_fingerprint_ is None or restricted.data_fingerprint_ != full.data_fingerprint_:
        raise InvalidOption(
            f"{titles[0]} and {titles[1]} were not fitted to the same data, or were saved without a fingerprint of "
            "it: fit both to the same RFM."
        )


def _nesting(restricted: FittedProcess, full: FittedProcess) -> Nesting | None:
    """Return how the smaller process is nested in the larger one, or None if it is not."""
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
    """Return whether the smaller model has no groups, or those of the larger one."""
    small, large = (getattr(model, "grouping_", None) for model in (restricted, full))
    return small is None or small == large


def _moved_within(restricted: FittedProcess, full: FittedProcess) -> bool:
    """Return whether the larger model allows every effect of covariates that the smaller one allows.

    It does if it has every column, and columns that share a coefficient in it share one in the smaller model too, or
    are all left out.
    """
    small, large = _effects(restricted), _effects(full)
    if not small.keys() <= large.keys() or any(small[effect][1:] != large[effect][1:] for effect in small):
        return False
    shared: dict[int, set[int | None]] = {}
    for effect, (coefficient, *_) in large.items():
        shared.setdefault(coefficient, set()).add(small[effect][0] if effect in small else None)
    return all(len(coefficients) == 1 for coefficients in shared.values())


def _effects(model: FittedProcess) -> dict[tuple[str, int], tuple[int, float, float]]:
    """Return, by column and coordinate, the coefficient and the column's mean and standard deviation in the data."""
    design = getattr(model, "design_", None)
    if design is None:
        return {}
    covariates = design.covariates
    return {
        (covariates.columns[effect.column], effect.coordinate): (
            effect.coefficient,
            covariates.center[effect.coefficient],
            covariates.scale[effect.coefficient],
        )
        for effect in covariates.effects
    }


def _no_p_value(
    nesting: Nesting, restricted: FittedProcess, full: FittedProcess, figures: dict[str, Any]
) -> Finding | None:
    """Return the reason why the statistic has no chi-square distribution, or None if it has one."""
    if nesting in NO_P_VALUE:
        return Finding(NO_P_VALUE[nesting], figures, "caution")
    for model in (restricted, full):
        if model.fit_.status == "boundary":
            limits = {"title": model.title, "limits": list(model.fit_.findings)}
            return Finding("lrt-boundary", figures | limits, "caution")
    return None


def _base(process: Process) -> str:
    """Return the name of a process without the suffix of covariates or k: "mbgcnbd" for "mbgcnbd_2"."""
    return re.sub(r"_(\d+|k)$", "", re.split(r"\W", process.name)[0])


def _coefficients(process: Process) -> set[str]:
    blocks = process.parametrization.blocks
    return {name for block in blocks if isinstance(block, CoefficientBlock) for name in block.parameters}
