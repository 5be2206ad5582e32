"""Whether two implementations agree about one model and, if not, which is right and how that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

from clvmodels.processes.contract import Array
from clvmodels.validation.crosscheck.lifetimes_process import Opinion
from clvmodels.validation.crosscheck.numerical_integration import third_computation

__all__ = ["AgreementVerdict", "CrosscheckInputs", "Right", "judge"]

Right = Literal["both", "ours", "lifetimes", "each in part", "undecided"]

SAME_MAXIMUM = 0.01  # log-likelihood: no data can tell parameters apart that differ by less
SAME_LIKELIHOOD = 1e-6  # of a customer: a million of them then agree to 1
SAME_PREDICTION, NOTHING = 1e-5, 1e-8  # relative; and what is as good as 0
UNLIKELY = 1e-4  # chance of calling a model wrong because of which customers were drawn
ASKED = 3  # customers for whom the third computation is made
QUANTITIES = {
    "probability_alive": "P(alive)",
    "expected_purchases": "expected purchases",
    "expected_spend": "expected spend",
}
HOW = "the model's definition, averaged numerically over how customers differ,"


@dataclass(frozen=True, slots=True, eq=False)
class CrosscheckInputs:
    """What both sides say of one model.

    Attributes
    ----------
    process, title : str
    statistics : sequence of str
        Names of the columns of a row.
    parameters : dict of str to float
        Ours.
    opinion : Opinion
    rows, counts : sequence of arrays (m,), array (m,)
        The distinct histories checked, and how many customers have each.
    share : float
        Of the customers, that were checked; below 1 where there were too many for lifetimes.
    log_likelihood : dict of str to array (m,)
        Ours "at_ours" and, where lifetimes found parameters, "at_lifetimes".
    sample : sequence of arrays (s,)
        Histories whose predictions are compared.
    predictions : dict of str to array (s,)
        Ours, by quantity.
    horizon : float
    remarks : sequence of str
        Why the parameters need not be a maximum for these customers.
    """

    process: str
    title: str
    statistics: Sequence[str]
    parameters: dict[str, float]
    opinion: Opinion
    rows: Sequence[Array]
    counts: Array
    share: float
    log_likelihood: dict[str, Array]
    sample: Sequence[Array]
    predictions: dict[str, Array]
    horizon: float
    remarks: Sequence[str]

    def total(self, likelihood: str, point: str) -> float:
        """Log-likelihood of all rows by "ours" or "lifetimes", at the parameters "at_ours" or "at_lifetimes"."""
        told = self.log_likelihood if likelihood == "ours" else self.opinion.values
        each = told.get(point if likelihood == "ours" else f"log_likelihood {point}")
        return np.nan if each is None else float(self.counts @ each)


@dataclass(frozen=True, slots=True)
class AgreementVerdict:
    """Whether both agree, who is right, and a sentence that says how that is known."""

    right: Right
    words: str

    @property
    def agrees(self) -> bool:
        return self.right == "both"


def judge(evidence: CrosscheckInputs) -> AgreementVerdict:
    """Compare functions at the same parameters, then where the two searches ended."""
    who = "lifetimes" if evidence.opinion.version is None else f"lifetimes {evidence.opinion.version}"
    findings = [_likelihoods_apart(evidence), _maxima_apart(evidence)]
    findings += [_predictions_apart(evidence, quantity) for quantity in evidence.predictions]
    found = [finding for finding in findings if finding is not None]
    told = "; ".join(finding.words for finding in found)
    if evidence.opinion.failures:
        failed = f"{evidence.title}: {who} itself failed ({_failures(evidence.opinion)})"
        return AgreementVerdict("undecided", f"{failed}; {told or _what_was_left(evidence)}.")
    if not found:
        return AgreementVerdict("both", f"{evidence.title}: {who} agrees: {_agreement(evidence)}.")
    rights = {finding.right for finding in found}
    right: Right = rights.pop() if len(rights) == 1 else "undecided" if "undecided" in rights else "each in part"
    return AgreementVerdict(right, f"{evidence.title}: {who} does not agree: {told}.")


# ---- what can be found ---------------------------------------------------------------------------------------


def _likelihoods_apart(evidence: CrosscheckInputs) -> AgreementVerdict | None:
    """Customers whose likelihood the two compute differently at the same parameters: ours, or else lifetimes'."""
    for point, whose in (("at_ours", "our"), ("at_lifetimes", "lifetimes'")):
        ours = evidence.log_likelihood.get(point)
        theirs = evidence.opinion.values.get(f"log_likelihood {point}")
        if ours is None or theirs is None:
            continue
        apart = ~_close(ours, theirs, SAME_LIKELIHOOD, SAME_LIKELIHOOD)
        if not apart.any():
            continue
        customers, infinite = int(evidence.counts[apart].sum()), apart & ~np.isfinite(theirs)
        words = f"at {whose} parameters the log-likelihood of {customers:,} customers differs"
        if infinite.any():
            fewest = float(np.min(evidence.rows[0][infinite]))
            words += (
                f", lifetimes' being not finite for {int(evidence.counts[infinite].sum()):,} "
                f"(from {evidence.statistics[0]} {fewest:g} on)"
            )
        parameters = evidence.parameters if point == "at_ours" else evidence.opinion.parameters
        assert parameters is not None
        return _decided(evidence, "log_likelihood", parameters, evidence.rows, ours, theirs, words)
    return None


def _predictions_apart(evidence: CrosscheckInputs, quantity: str) -> AgreementVerdict | None:
    """Customers of the sample of whom the two predict something else at our parameters."""
    ours, theirs = evidence.predictions[quantity], evidence.opinion.values.get(f"{quantity} at_ours")
    if theirs is None:
        return None
    apart = ~_close(ours, theirs, SAME_PREDICTION, NOTHING)
    if not apart.any():
        return None
    words = f"at our parameters {QUANTITIES[quantity]} of {int(apart.sum())} of {len(ours)} customers differ"
    if not np.all(np.isfinite(theirs[apart])):
        words += f", lifetimes' being missing or infinite for {int(np.sum(~np.isfinite(theirs[apart])))}"
    return _decided(evidence, quantity, evidence.parameters, evidence.sample, ours, theirs, words)


def _decided(
    evidence: CrosscheckInputs,
    quantity: str,
    parameters: dict[str, float],
    rows: Sequence[Array],
    ours: Array,
    theirs: Array,
    words: str,
) -> AgreementVerdict:
    """Who is right about the customers furthest apart, by the third computation."""
    relative = SAME_LIKELIHOOD if quantity == "log_likelihood" else SAME_PREDICTION
    absolute = SAME_LIKELIHOOD if quantity == "log_likelihood" else NOTHING
    with np.errstate(invalid="ignore"):
        distance = np.abs(ours - theirs) / (absolute + relative * np.maximum(np.abs(ours), np.abs(theirs)))
    missing = ~np.isfinite(distance)
    furthest = np.lexsort((np.where(missing, -np.abs(ours), -distance), ~missing))[:ASKED]
    furthest = furthest[~_close(ours, theirs, relative, absolute)[furthest]]
    third = np.empty(len(furthest))
    for place, i in enumerate(furthest):
        row = [float(column[i]) for column in rows]
        third[place] = third_computation(evidence.process, parameters, row, evidence.horizon)[quantity]
    i = furthest[0]
    whom = ", ".join(f"{name} {column[i]:.6g}" for name, column in zip(evidence.statistics, rows, strict=True))
    words += f" (most for {whom}: ours {_told(ours[i])}, lifetimes' {_told(theirs[i])})"
    # Where no average exists ours is missing, and the third computation infinite.
    ours_told = np.where(np.isnan(ours), np.inf, ours)[furthest]
    ours_right = bool(np.all(_close(ours_told, third, relative, absolute)))
    theirs_right = bool(np.all(_close(theirs[furthest], third, relative, absolute)))
    if np.isnan(third).any():
        return AgreementVerdict("undecided", f"{words}; {HOW} cannot be computed here to decide between them")
    if ours_right == theirs_right:
        return AgreementVerdict("undecided", f"{words}; {HOW} does not decide between them: it gives {_told(third[0])}")
    right: Right = "ours" if ours_right else "lifetimes"
    whose = "ours is" if ours_right else "lifetimes' is"
    return AgreementVerdict(right, f"{words}, where {whose} right: {HOW} gives {_told(third[0])}")


def _maxima_apart(evidence: CrosscheckInputs) -> AgreementVerdict | None:
    """Whose parameters are better by both likelihoods; lifetimes' must be better beyond what sampling explains."""
    if evidence.opinion.parameters is None:
        return None
    ours, theirs = (
        evidence.total(whose, "at_lifetimes") - evidence.total(whose, "at_ours") for whose in ("ours", "lifetimes")
    )
    allowed = SAME_MAXIMUM + 0.5 * (1 - evidence.share) * float(chdtri(len(evidence.parameters), UNLIKELY))
    told = f"{abs(theirs):.4g} by its own likelihood and by {abs(ours):.4g} by ours"
    if np.isnan(theirs):  # its function fails for some customer: that is told by itself, and ours has to do
        theirs, told = ours, f"{abs(ours):.4g} by our likelihood, its own being not finite there"
    if -SAME_MAXIMUM <= ours <= allowed and -SAME_MAXIMUM <= theirs <= allowed:
        return None
    if ours < -SAME_MAXIMUM and theirs < -SAME_MAXIMUM:
        return AgreementVerdict(
            "ours", f"our parameters are better by {told}, so its search stopped early and ours is right"
        )
    if ours > allowed and theirs > allowed:
        if evidence.remarks:
            may = f"which may be so, since the model {' and '.join(evidence.remarks)}"
            return AgreementVerdict("undecided", f"its parameters are better by {told}, {may}")
        return AgreementVerdict(
            "lifetimes",
            f"its parameters are better by {told}, so lifetimes is right and this model is no maximum for these "
            "customers",
        )
    return AgreementVerdict(
        "undecided",
        f"between its parameters and ours, the log-likelihood changes by {ours:+.4g} by our function and by "
        f"{theirs:+.4g} by its own",
    )


# ---- in words ------------------------------------------------------------------------------------------------


def _failures(opinion: Opinion) -> str:
    return "; ".join(f"{step}: {what}" for step, what in opinion.failures.items())


def _what_was_left(evidence: CrosscheckInputs) -> str:
    """What could be compared in spite of a failure, all of which agreed."""
    names = [*(f"{quantity} at_ours" for quantity in evidence.predictions), "log_likelihood at_ours"]
    left = [QUANTITIES.get(name.split()[0], "the log-likelihood") for name in names if name in evidence.opinion.values]
    return f"at our parameters it agrees on {' and '.join(left)}" if left else "nothing could be compared"


def _agreement(evidence: CrosscheckInputs) -> str:
    values, theirs = evidence.opinion.values, evidence.opinion.parameters
    assert theirs is not None
    parameters = max(abs(theirs[name] / value - 1) for name, value in evidence.parameters.items())
    likelihood = np.max(np.abs(evidence.log_likelihood["at_ours"] - values["log_likelihood at_ours"]))
    predicted = max(_relative(ours, values[f"{quantity} at_ours"]) for quantity, ours in evidence.predictions.items())
    where = (
        f"its own search ends at a log-likelihood of {evidence.total('lifetimes', 'at_lifetimes'):,.3f}, ours at "
        f"{evidence.total('lifetimes', 'at_ours'):,.3f} by the same function, with parameters at most "
        f"{parameters:.1g} apart (relative)"
    )
    if evidence.share < 1:
        where += f" on a sample of {int(evidence.counts.sum()):,} customers, which sampling explains"
    return (
        f"{where}; at the same parameters the log-likelihood of no customer differs by more than {likelihood:.1g}, and "
        f"no prediction for {len(evidence.sample[0]):,} of them by more than {predicted:.1g} (relative)"
    )


def _close(first: Array, second: Array, relative: float, absolute: float) -> npt.NDArray[np.bool_]:
    """Equal within a tolerance; two infinities of one sign are, and a missing value is like nothing."""
    return np.isclose(first, second, rtol=relative, atol=absolute)


def _relative(first: Array, second: Array) -> float:
    size = np.maximum(np.maximum(np.abs(first), np.abs(second)), NOTHING / SAME_PREDICTION)
    return float(np.max(np.abs(first - second) / size, initial=0.0))


def _told(value: float) -> str:
    return "missing" if np.isnan(value) else f"{value:.8g}"
