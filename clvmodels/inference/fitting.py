"""Fit a process to unique rows by maximum likelihood, with a certificate of how far the fit can be trusted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from clvmodels import html
from clvmodels.errors import FitFailed
from clvmodels.inference.edges import Edge, find_edges
from clvmodels.inference.newton import ROUNDING, Box, Curved, Mask, Point
from clvmodels.inference.objective import Objective, Penalty, Prior, one_blas_thread
from clvmodels.inference.ridges import Ridge, SampledSurface, find_ridge
from clvmodels.inference.search import INDISTINGUISHABLE, SEARCH_ROWS, RowSample, draw_sample, find_maxima, search
from clvmodels.inference.statistics import CountedRows
from clvmodels.language import Finding, Findings, as_text
from clvmodels.processes.contract import Array, Process
from clvmodels.processes.coordinates import Parametrization
from clvmodels.processes.threads import start_in_background

__all__ = [
    "CONVERGED",
    "CONVERTED",
    "INDISTINGUISHABLE",
    "Fit",
    "FitStatus",
    "OtherMaximum",
    "findings_at",
    "findings_of",
    "fit_at",
    "maximize",
    "point_estimates",
]

FitStatus = Literal["converged", "boundary"]
CONVERGED: Findings = (Finding("fit-converged"),)
CONVERTED = ("fit-not-a-maximum", "fit-uncertainty-not-known")
"""Codes of findings on parameters estimated by another package."""
POINT_ONLY: ContextVar[bool] = ContextVar("POINT_ONLY", default=False)


@dataclass(frozen=True, slots=True)
class OtherMaximum:
    """A local maximum of the likelihood that is almost as high as that of the fit.

    Attributes
    ----------
    parameters : dict of str to float
    difference : float
        The amount by which its log-likelihood is lower.
    group : str or None
        The group of customers, in a model with parameters for each group.
    """

    parameters: dict[str, float]
    difference: float
    group: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Fit:
    """A maximum of the likelihood and its certificate.

    Attributes
    ----------
    parameters : dict of str to float
        In the clock's unit (or in money).
    coordinates : array (k,)
        The end of the search; unit-free (time in mean T, money in median spend).
    log_likelihood : float
    gradient_norm : float
        Largest absolute derivative of the log-likelihood by a free coordinate.
    hessian : array (k, k)
        Second derivatives by the coordinates.
    free : bool array (k,)
        Coordinates that were estimated; the others are at a limit, or are not identified there.
    covariance : array (k, k)
        Covariance of the log parameters (of coefficients themselves): the inverse of minus the Hessian in the free
        coordinates.
    sandwich : array (k, k)
        The same covariance from Hessian and scores, H^-1 S H^-1 with S the sum of outer products of the customers'
        scores. It stays valid if the process is misspecified. White (1982), Econometrica 50(1), eq. (3.2).
    definite : bool
        Whether the Hessian is negative definite in the free coordinates.
    status : {"converged", "boundary"}
    findings : tuple of Finding
        The certificate's judgment: "fit-converged", or one finding per limit reached, and "fit-not-identified" with the
        coordinates about which the data say nothing there. In a model with parameters for each group, the figure
        `group` names the group.
    iterations : int
        Number of evaluations of the likelihood of all rows.
    customers, unique_rows : int
    unit : float
        The scale of the coordinates (mean T, or median spend) in the clock's unit, or in money.
    fingerprint : str
        SHA-256 of the statistics fitted.
    chosen : int
        Number of parameters chosen by the likelihood in addition to the coordinates, such as a whole number k.
    ridges : tuple of Ridge
        Corrections to normal draws of the parameters, for likelihoods that are not close to normal; empty otherwise.
    edges : tuple of Edge
        Uncertainty of the coordinates that were not estimated: one-sided for those at a limit.
    other_maxima : tuple of OtherMaximum
        Other maxima of the likelihood that the search found and that are almost as high.
    """

    parameters: dict[str, float]
    coordinates: Array
    log_likelihood: float
    gradient_norm: float
    hessian: Array
    free: Mask
    covariance: Array
    sandwich: Array
    definite: bool
    status: FitStatus
    findings: Findings
    iterations: int
    customers: int
    unique_rows: int
    unit: float
    fingerprint: str
    chosen: int = 0
    ridges: tuple[Ridge, ...] = ()
    edges: tuple[Edge, ...] = ()
    other_maxima: tuple[OtherMaximum, ...] = ()

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.6g}" for name, value in self.parameters.items())
        return (
            f"Fit({self.status}: {self.message}; {values}; log_likelihood={self.log_likelihood:.4f}, "
            f"gradient_norm={self.gradient_norm:.1e}, customers={self.customers}, unique_rows={self.unique_rows})"
        )

    def _repr_html_(self) -> str:
        table = html.table({"parameter": list(self.parameters), "value": list(self.parameters.values())})
        text = f"{self.status}, {self.customers:,} customers; {self.message}"
        measures = f"log-likelihood {self.log_likelihood:,.3f}, gradient {self.gradient_norm:.1e}"
        return html.block("Fit", text, table, html.items([measures]))

    @property
    def described_status(self) -> str:
        """The status, or that the parameters come from another fit and are not the maximum of this likelihood."""
        elsewhere = any(finding.code == "fit-not-a-maximum" for finding in self.findings)
        return "parameters of another fit" if elsewhere else self.status

    @property
    def message(self) -> str:
        """The findings as text; those of a group follow its name."""
        groups = itertools.groupby(self.findings, key=lambda finding: finding.figures.get("group"))
        parts = [(label, as_text(findings, separator="; ")) for label, findings in groups]
        return "; ".join(text if label is None else f"{label}: {text}" for label, text in parts)

    @property
    def aic(self) -> float:
        """Akaike information criterion; free coordinates and `chosen` count as parameters."""
        return 2 * self._parameter_count - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Bayesian information criterion; customers count as observations."""
        return self._parameter_count * float(np.log(self.customers)) - 2 * self.log_likelihood

    @property
    def _parameter_count(self) -> float:
        return float(np.sum(self.free)) + self.chosen


@contextmanager
def point_estimates() -> Iterator[None]:
    """Fit without ridges and edges in the block, for fits whose intervals are not used."""
    token = POINT_ONLY.set(True)
    try:
        yield
    finally:
        POINT_ONLY.reset(token)


def maximize(
    process: Process, rows: CountedRows, unit: float, prior: Penalty | None = None, start: Array | None = None
) -> Fit:
    """Fit a process to counted rows by maximum likelihood, or maximize the posterior under a prior.

    The search takes Newton steps from several starts on a sample of the rows and refines the best result on all rows.
    Steps stay inside the coordinates' limits. A coordinate whose limit fits equally well is set to the limit, and the
    status is "boundary".

    Parameters
    ----------
    process : PurchaseProcess or SpendProcess
    rows : CountedRows
        Statistics in the user's unit, in the process's order.
    unit : float
        Scale of the coordinates: mean T, or median spend.
    prior : Penalty, optional
        Added to the log-likelihood; default: nothing.
    start : array (k,), optional
        Coordinates near the maximum. They replace the search; the fit then has no ridges and no edges.

    Returns
    -------
    Fit

    Raises
    ------
    FitFailed
        If no start leads to a maximum.
    """
    with one_blas_thread():
        return _maximize(process, rows, unit, prior, start)


def _maximize(process: Process, rows: CountedRows, unit: float, prior: Penalty | None, start: Array | None) -> Fit:
    form = process.parametrization
    limits = [(coordinate.lower.at, coordinate.upper.at) for coordinate in form.coordinates]
    box = Box(
        np.array([-np.inf if low is None else low for low, _ in limits]),
        np.array([np.inf if high is None else high for _, high in limits]),
    )
    prior = prior or Prior(np.zeros(len(limits)), np.zeros(len(limits)))
    fingerprint = start_in_background(rows.fingerprint)
    objective = Objective(process, rows.columns, rows.counts, unit, prior)
    sample: RowSample | None = None
    if start is None:
        sample = draw_sample(process, rows, unit, prior, SEARCH_ROWS)
        hills = search(process, rows, unit, box, prior, sample)
    else:
        hills = [(start, objective.hessian(start, np.ones(len(start), dtype=bool)))]
    point, *others = find_maxima(objective, hills, box)
    negative = -point.hessian[np.ix_(point.free, point.free)]
    definite = _is_definite(negative, -np.diag(prior.curvature(point.u))[point.free])
    if not definite or not point.possible_gain < INDISTINGUISHABLE:
        why = f"a further step would still raise the log-likelihood by {point.possible_gain:.2g}"
        if point.possible_gain < INDISTINGUISHABLE:
            why = "the likelihood is flat in some direction: these data do not identify all parameters"
        raise FitFailed(
            f"The {process.title} fit to {rows.customers:,} customers found no maximum ({why}). Look for impossible "
            "histories in the data, or use more customers or a longer period."
        )
    covariance = np.zeros_like(point.hessian)
    covariance[np.ix_(point.free, point.free)] = np.linalg.inv(negative)
    reached = findings_at(form, point.u, point.free)
    maxima = tuple(_other_maximum(form, other, point, unit) for other in others)
    corrected = sample is not None and not POINT_ONLY.get()
    surface = _surface(sample, point) if sample is not None and corrected else None
    ridge = None if surface is None else find_ridge(surface, point.u, point.hessian, point.free)
    return replace(
        _fit_of(form, objective, rows, unit, point, covariance),
        log_likelihood=point.value - prior.log_density(point.u),
        status="converged" if reached == CONVERGED else "boundary",
        findings=(*reached, *findings_of(maxima)),
        fingerprint=fingerprint(),
        ridges=() if ridge is None else (ridge,),
        edges=find_edges(objective, point.u, point.hessian, point.free, box) if corrected else (),
        other_maxima=maxima,
    )


def _fit_of(
    form: Parametrization, objective: Objective, rows: CountedRows, unit: float, point: Point, covariance: Array
) -> Fit:
    """Return a fit at a point with a covariance of its coordinates; callers can replace its fields."""
    jacobian = form.jacobian(point.u)
    sandwich = covariance @ objective.outer_product(point.u) @ covariance
    return Fit(
        parameters=dict(zip(form.names, map(float, form.parameters_at(point.u, unit)), strict=True)),
        coordinates=point.u,
        log_likelihood=point.value,
        gradient_norm=float(np.max(np.abs(point.gradient[point.free]), initial=0.0)),
        hessian=point.hessian,
        free=point.free,
        covariance=jacobian @ covariance @ jacobian.T,
        sandwich=jacobian @ sandwich @ jacobian.T,
        definite=True,
        status="converged",
        findings=CONVERGED,
        iterations=objective.evaluations,
        customers=rows.customers,
        unique_rows=len(rows.counts),
        unit=float(unit),
        fingerprint="",
    )


def fit_at(
    process: Process, rows: CountedRows, unit: float, parameters: Sequence[float], covariance: Array | None = None
) -> Fit:
    """Return the fit with parameters that another package estimated, with the likelihood of these rows.

    Parameters
    ----------
    process : PurchaseProcess or SpendProcess
    rows : CountedRows
        Statistics in the user's unit, in the process's order.
    unit : float
        Scale of the coordinates: mean T, or median spend.
    parameters : sequence of float (k,)
        In the user's unit, in the process's order.
    covariance : array (k, k), optional
        Covariance of the log parameters, such as that of posterior draws; default: from the curvature of the
        likelihood of these rows.

    Returns
    -------
    Fit
        Its findings name parameters far from the maximum, and parameters whose uncertainty is not known.
    """
    form = process.parametrization
    u = form.coordinates_of(parameters, unit)
    lower, upper = (
        np.array([np.nan if limit.at is None else limit.at for limit in limits])
        for limits in zip(*((coordinate.lower, coordinate.upper) for coordinate in form.coordinates), strict=True)
    )
    u = np.where(u < lower, lower, np.where(u > upper, upper, u))
    objective = Objective(process, rows.columns, rows.counts, unit, Prior(np.zeros(len(u)), np.zeros(len(u))))
    free = (u != lower) & (u != upper)
    value, gradient = objective(u)
    hessian, jacobian = objective.hessian(u, free, gradient), form.jacobian(u)
    point = Point(u, value, gradient, hessian, free)
    at_limits = findings_at(form, u, np.ones_like(free))
    findings = [finding for finding in at_limits if at_limits != CONVERGED]
    if point.possible_gain > 1:
        findings.append(Finding("fit-not-a-maximum", {"gain": point.possible_gain}, "caution"))
    if covariance is not None:
        back = np.linalg.inv(jacobian)
        hessian = -np.linalg.inv(back @ covariance @ back.T)
    inner = np.zeros_like(hessian)
    definite = bool(np.isfinite(hessian).all()) and _is_definite(-hessian[np.ix_(free, free)], np.zeros(free.sum()))
    if definite:
        inner[np.ix_(free, free)] = np.linalg.inv(-hessian[np.ix_(free, free)])
    else:
        free = np.zeros_like(free)
        findings.append(Finding("fit-uncertainty-not-known", severity="caution"))
    point = Point(u, value, gradient, hessian, free)
    return replace(
        _fit_of(form, objective, rows, unit, point, inner),
        definite=definite,
        status="converged" if at_limits == CONVERGED else "boundary",
        findings=tuple(findings) or CONVERGED,
        fingerprint=rows.fingerprint(),
    )


def _is_definite(negative: Array, precision: Array) -> bool:
    """Return whether the likelihood falls in every direction by more than the rounding errors of differences."""
    largest = np.max(np.abs(np.diag(negative) - precision), initial=0.0)
    return bool(np.all(np.linalg.eigvalsh(negative) > ROUNDING * largest))


def _other_maximum(form: Parametrization, other: Point, highest: Point, unit: float) -> OtherMaximum:
    values = map(float, form.parameters_at(other.u, unit))
    return OtherMaximum(dict(zip(form.names, values, strict=True)), highest.value - other.value)


def findings_of(maxima: tuple[OtherMaximum, ...]) -> Findings:
    """Return one finding per other maximum."""
    groups = [{} if other.group is None else {"group": other.group} for other in maxima]
    return tuple(
        Finding("fit-other-maximum", {"difference": other.difference, **group}, "caution")
        for other, group in zip(maxima, groups, strict=True)
    )


def _surface(sample: RowSample, point: Point) -> Curved:
    """Return the likelihood around the maximum, approximated by the sample if there are many rows."""
    if sample.share < 1:
        return SampledSurface(sample.objective, sample.share, point.u, point.hessian, point.free)
    return sample.objective


def findings_at(form: Parametrization, u: Array, free: Mask) -> Findings:
    """Return the findings of a fit that ended at coordinates u (k,): limits reached and unidentified coordinates.

    Parameters
    ----------
    form : Parametrization
    u : array (k,)
    free : bool array (k,)
        Coordinates that were estimated.
    """
    findings: list[Finding] = []
    ends = zip(form.coordinates, u.tolist(), free.tolist(), strict=True)
    for group, members in itertools.groupby(ends, key=lambda end: end[0].group):
        label = {} if group is None else {"group": group}
        not_identified = []
        for coordinate, at, estimated in members:
            reached = [limit for limit in (coordinate.lower, coordinate.upper) if at == limit.at]
            findings += [Finding(limit.code, {**limit.figures, **label}, "caution") for limit in reached]
            if not (estimated or reached):
                not_identified.append(coordinate.plain_name)
        if not_identified:
            figures = {"coordinates": not_identified, **label}
            findings.append(Finding("fit-not-identified", figures, "caution"))
    return tuple(findings) or CONVERGED
