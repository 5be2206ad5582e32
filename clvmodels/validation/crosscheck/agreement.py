"""Compare two implementations of a model and, if they disagree, decide which is right and give the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.validation.crosscheck.lifetimes_process import LifetimesResult
from clvmodels.validation.crosscheck.numerical_integration import third_computation

__all__ = ["AgreementVerdict", "CrosscheckInputs", "Right", "judge"]

Right = Literal["both", "ours", "lifetimes", "each in part", "undecided"]

SAME_MAXIMUM = 0.01  # difference of log-likelihoods below which data cannot distinguish parameters
SAME_LIKELIHOOD = 1e-6  # per customer: the likelihood of a million customers then agrees to 1
SAME_PREDICTION, NEGLIGIBLE = 1e-5, 1e-8  # relative tolerance, and absolute tolerance for values close to 0
UNLIKELY = 1e-4  # probability of calling a model wrong because of the customers that were drawn
DECIDED_BY = 3  # customers used for the third computation
QUANTITIES = {
    "probability_alive": Finding("crosscheck-probability-alive"),
    "expected_purchases": Finding("crosscheck-expected-purchases"),
    "expected_spend": Finding("crosscheck-expected-spend"),
    "log_likelihood": Finding("crosscheck-log-likelihood"),
}


@dataclass(frozen=True, slots=True, eq=False)
class CrosscheckInputs:
    """What both implementations compute for one model.

    Attributes
    ----------
    process, title : str
    statistics : sequence of str
        Names of the columns of a row.
    parameters : dict of str to float
        Ours.
    lifetimes : LifetimesResult
    rows, counts : sequence of arrays (m,), array (m,)
        The distinct histories checked, and how many customers have each.
    share : float
        Share of the customers that were checked; below 1 if there were too many for lifetimes.
    log_likelihood : dict of str to array (m,)
        Ours "at_ours" and, where lifetimes found parameters, "at_lifetimes".
    sample : sequence of arrays (s,)
        Histories of customers whose predictions are compared.
    predictions : dict of str to array (s,)
        Ours, by quantity.
    horizon : float
    reasons : tuple of Finding
        Why the parameters need not be a maximum for these customers.
    """

    process: str
    title: str
    statistics: Sequence[str]
    parameters: dict[str, float]
    lifetimes: LifetimesResult
    rows: Sequence[Array]
    counts: Array
    share: float
    log_likelihood: dict[str, Array]
    sample: Sequence[Array]
    predictions: dict[str, Array]
    horizon: float
    reasons: Findings = ()

    def total(self, likelihood: str, point: str) -> float:
        """Return the log-likelihood of all rows by "ours" or "lifetimes", at parameters "at_ours" or "at_lifetimes"."""
        values = self.log_likelihood if likelihood == "ours" else self.lifetimes.values
        each = values.get(point if likelihood == "ours" else f"log_likelihood {point}")
        return np.nan if each is None else float(self.counts @ each)


@dataclass(frozen=True, slots=True)
class AgreementVerdict:
    """Whether both implementations agree, which one is right, and the evidence.

    Attributes
    ----------
    right : {"both", "ours", "lifetimes", "each in part", "undecided"}
    findings : tuple of Finding
        The verdict, then the evidence; `text` returns them as one sentence.
    """

    right: Right
    findings: Findings

    @property
    def agrees(self) -> bool:
        """Return whether there is no difference."""
        return self.right == "both"

    @property
    def text(self) -> str:
        """Return the findings as one sentence."""
        verdict, *reasons = (finding.text for finding in self.findings)
        return f"{verdict} {'; '.join(reasons)}."


@dataclass(frozen=True, slots=True)
class _Difference:
    """A difference, and which implementation is right about it."""

    right: Right
    finding: Finding


def judge(inputs: CrosscheckInputs) -> AgreementVerdict:
    """Compare functions at the same parameters, then where the two searches ended."""
    about = {"process": inputs.process, "title": inputs.title, "version": inputs.lifetimes.version or "none"}
    possible = [_likelihood_difference(inputs), _maximum_difference(inputs)]
    possible += [_prediction_difference(inputs, quantity) for quantity in inputs.predictions]
    differences = [difference for difference in possible if difference is not None]
    findings = tuple(difference.finding for difference in differences)
    if inputs.lifetimes.failures:
        errors = [f"{step}: {error}" for step, error in inputs.lifetimes.failures.items()]
        failed = Finding("crosscheck-failed", about | {"errors": "; ".join(errors)}, "problem")
        return AgreementVerdict("undecided", (failed, *(findings or (_compared(inputs),))))
    if not differences:
        return AgreementVerdict("both", (Finding("crosscheck-agrees", about), _agreement(inputs)))
    rights = {difference.right for difference in differences}
    right: Right = rights.pop() if len(rights) == 1 else "undecided" if "undecided" in rights else "each in part"
    return AgreementVerdict(right, (Finding("crosscheck-differs", about, "problem"), *findings))


# ---- differences ---------------------------------------------------------------------------------------------


def _likelihood_difference(inputs: CrosscheckInputs) -> _Difference | None:
    """Compare the likelihoods of customers at our parameters or, if these agree, at lifetimes' parameters."""
    for point, parameters_of in (("at_ours", "ours"), ("at_lifetimes", "lifetimes")):
        ours = inputs.log_likelihood.get(point)
        theirs = inputs.lifetimes.values.get(f"log_likelihood {point}")
        if ours is None or theirs is None:
            continue
        different = ~_close(ours, theirs, SAME_LIKELIHOOD, SAME_LIKELIHOOD)
        if not different.any():
            continue
        infinite = different & ~np.isfinite(theirs)
        figures = {
            "parameters_of": parameters_of,
            "customers": int(inputs.counts[different].sum()),
            "not_finite": int(inputs.counts[infinite].sum()),
            "statistic": inputs.statistics[0],
            "not_finite_from": float(np.min(inputs.rows[0][infinite], initial=np.inf)),
        }
        parameters = inputs.parameters if point == "at_ours" else inputs.lifetimes.parameters
        if parameters is None:
            raise AssertionError("lifetimes found parameters")
        decision = _decide(inputs, "log_likelihood", parameters, inputs.rows, ours, theirs)
        return _Difference(decision["right"], Finding("crosscheck-likelihood-differs", figures | decision, "problem"))
    return None


def _prediction_difference(inputs: CrosscheckInputs, quantity: str) -> _Difference | None:
    """Compare the predictions for customers of the sample at our parameters."""
    ours, theirs = inputs.predictions[quantity], inputs.lifetimes.values.get(f"{quantity} at_ours")
    if theirs is None:
        return None
    different = ~_close(ours, theirs, SAME_PREDICTION, NEGLIGIBLE)
    if not different.any():
        return None
    figures = {
        "quantity": QUANTITIES[quantity],
        "customers": int(different.sum()),
        "of": len(ours),
        "not_finite": int(np.sum(~np.isfinite(theirs[different]))),
    }
    decision = _decide(inputs, quantity, inputs.parameters, inputs.sample, ours, theirs)
    return _Difference(decision["right"], Finding("crosscheck-prediction-differs", figures | decision, "problem"))


def _decide(
    inputs: CrosscheckInputs,
    quantity: str,
    parameters: dict[str, float],
    rows: Sequence[Array],
    ours: Array,
    theirs: Array,
) -> dict[str, Any]:
    """Return figures on which is right about the customers that differ most, by the third computation."""
    relative = SAME_LIKELIHOOD if quantity == "log_likelihood" else SAME_PREDICTION
    absolute = SAME_LIKELIHOOD if quantity == "log_likelihood" else NEGLIGIBLE
    with np.errstate(invalid="ignore"):
        distance = np.abs(ours - theirs) / (absolute + relative * np.maximum(np.abs(ours), np.abs(theirs)))
    missing = ~np.isfinite(distance)
    furthest = np.lexsort((np.where(missing, -np.abs(ours), -distance), ~missing))[:DECIDED_BY]
    furthest = furthest[~_close(ours, theirs, relative, absolute)[furthest]]
    third = np.empty(len(furthest))
    for place, i in enumerate(furthest):
        row = [float(column[i]) for column in rows]
        third[place] = third_computation(inputs.process, parameters, row, inputs.horizon)[quantity]
    i = furthest[0]
    # If the average does not exist, ours is missing and the third computation infinite.
    comparable = np.where(np.isnan(ours), np.inf, ours)[furthest]
    ours_right = bool(np.all(_close(comparable, third, relative, absolute)))
    theirs_right = bool(np.all(_close(theirs[furthest], third, relative, absolute)))
    computable = not np.isnan(third).any()
    right: Right = "undecided"
    if computable and ours_right != theirs_right:
        right = "ours" if ours_right else "lifetimes"
    return {
        "history": [f"{name} {column[i]:.6g}" for name, column in zip(inputs.statistics, rows, strict=True)],
        "ours": float(ours[i]),
        "lifetimes": float(theirs[i]),
        "right": right,
        "computable": computable,
        "third": float(third[0]),
    }


def _maximum_difference(inputs: CrosscheckInputs) -> _Difference | None:
    """Compare parameters by both likelihoods; lifetimes' must be better by more than sampling explains."""
    if inputs.lifetimes.parameters is None:
        return None
    ours, theirs = (
        inputs.total(whose, "at_lifetimes") - inputs.total(whose, "at_ours") for whose in ("ours", "lifetimes")
    )
    allowed = SAME_MAXIMUM + 0.5 * (1 - inputs.share) * float(chdtri(len(inputs.parameters), UNLIKELY))
    figures: dict[str, Any] = {"ours": abs(ours), "theirs": abs(theirs), "finite": not np.isnan(theirs)}
    if np.isnan(theirs):  # lifetimes' function fails for some customer, which is a separate finding: use ours
        theirs = ours
    if -SAME_MAXIMUM <= ours <= allowed and -SAME_MAXIMUM <= theirs <= allowed:
        return None
    if ours < -SAME_MAXIMUM and theirs < -SAME_MAXIMUM:
        return _Difference("ours", Finding("crosscheck-search-stopped-early", figures, "caution"))
    if ours > allowed and theirs > allowed:
        if inputs.reasons:
            why = {"reasons": list(inputs.reasons)}
            return _Difference("undecided", Finding("crosscheck-not-a-maximum-expected", figures | why, "caution"))
        return _Difference("lifetimes", Finding("crosscheck-not-a-maximum", figures, "problem"))
    signed = {"ours": ours, "theirs": theirs}
    return _Difference("undecided", Finding("crosscheck-likelihoods-disagree", signed, "problem"))


# ---- agreement -----------------------------------------------------------------------------------------------


def _compared(inputs: CrosscheckInputs) -> Finding:
    """Return a finding on what could be compared in spite of a failure, all of which agreed."""
    names = [*inputs.predictions, "log_likelihood"]
    compared = [QUANTITIES[name] for name in names if f"{name} at_ours" in inputs.lifetimes.values]
    return Finding("crosscheck-compared", {"quantities": compared}) if compared else Finding("crosscheck-not-compared")


def _agreement(inputs: CrosscheckInputs) -> Finding:
    values, theirs = inputs.lifetimes.values, inputs.lifetimes.parameters
    if theirs is None:
        raise AssertionError("lifetimes has this value")
    likelihoods = np.abs(inputs.log_likelihood["at_ours"] - values["log_likelihood at_ours"])
    figures = {
        "theirs": inputs.total("lifetimes", "at_lifetimes"),
        "ours": inputs.total("lifetimes", "at_ours"),
        "parameters": max(abs(theirs[name] / value - 1) for name, value in inputs.parameters.items()),
        "sampled": inputs.share < 1,
        "customers": int(inputs.counts.sum()),
        "likelihood": float(np.max(likelihoods)),
        "predicted": len(inputs.sample[0]),
        "prediction": max(
            _relative(ours, values[f"{quantity} at_ours"]) for quantity, ours in inputs.predictions.items()
        ),
    }
    return Finding("crosscheck-agreement", figures)


def _close(first: Array, second: Array, relative: float, absolute: float) -> npt.NDArray[np.bool_]:
    """Return a mask of values equal within a tolerance; infinities of one sign are equal, missing values never."""
    return np.isclose(first, second, rtol=relative, atol=absolute)


def _relative(first: Array, second: Array) -> float:
    size = np.maximum(np.maximum(np.abs(first), np.abs(second)), NEGLIGIBLE / SAME_PREDICTION)
    return float(np.max(np.abs(first - second) / size, initial=0.0))
