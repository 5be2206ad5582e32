"""Maximum likelihood: process + unique rows -> Fit, with the certificate that says how far to believe it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from clvmodels import html
from clvmodels.errors import FitFailed
from clvmodels.inference.newton import ROUNDING, Box, Mask, Point, climb, refine
from clvmodels.inference.objective import Objective, Prior, meanwhile, one_blas_thread
from clvmodels.inference.ridges import Ridge, Sampled, ridge_of
from clvmodels.inference.statistics import CountedRows
from clvmodels.language import Finding, Findings, as_text
from clvmodels.processes.contract import Array, Process
from clvmodels.processes.coordinates import Parametrization

__all__ = ["INDISTINGUISHABLE", "Fit", "FitStatus", "findings_at", "maximize"]

FitStatus = Literal["converged", "boundary"]
CONVERGED: Findings = (Finding("fit-converged"),)

MIDDLE_ROWS, REFINED_FIRST = 40_000, 5  # of a larger sample, used where there are so many times as many rows
SEARCH_ROWS = 4_000  # the search from several starts is made on so many rows; all rows only refine it
INDISTINGUISHABLE = 1e-2  # a difference of log-likelihood that no data can be said to show
FLAT = 1e-3  # curvature below which the data say nothing: a standard error of 30 on a log scale
SUSPICIOUS = 5.0  # a coordinate this far out is compared with its limit


@dataclass(frozen=True, slots=True, repr=False)
class Fit:
    """A maximum of the likelihood and its certificate.

    Attributes
    ----------
    parameters : dict of str to float
        In the clock's unit (or in money).
    coordinates : array (k,)
        Where the search ended; unit-free (time in mean T, money in median spend).
    log_likelihood : float
    gradient_norm : float
        Largest derivative of the log-likelihood by a free coordinate.
    hessian : array (k, k)
        Second derivatives by the coordinates.
    free : bool array (k,)
        Coordinates that were estimated; the others stand at a limit, or nothing can be said about them there.
    covariance : array (k, k)
        Of the logarithms of the parameters (of coefficients as they are): the inverse of minus the Hessian of the free
        coordinates.
    sandwich : array (k, k)
        The same from Hessian and scores, H^-1 S H^-1 with S the sum of outer products of the customers' scores: right
        also when the process is only roughly so. White (1982), Econometrica 50(1), eq. (3.2).
    definite : bool
        Whether the Hessian is negative definite in the free coordinates.
    status : {"converged", "boundary"}
    findings : tuple of Finding
        The certificate's judgment: "fit-converged", or one finding per limit reached, and "fit-not-identified" with the
        coordinates about which the data say nothing there. In a model with parameters for each group, the figure
        `group` names the group.
    iterations : int
        Evaluations of the likelihood of all rows.
    customers, unique_rows : int
    unit : float
        The scale of the coordinates (mean T, or median spend) in the clock's unit, or in money.
    fingerprint : str
        Of the statistics fitted.
    chosen : int
        Further choices the likelihood made, such as a whole number k, beside the coordinates.
    ridges : tuple of Ridge
        Where the likelihood bends away from the normal that the Hessian promises; none where it does not.
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

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.6g}" for name, value in self.parameters.items())
        return (
            f"Fit({self.status}: {self.message}; {values}; log_likelihood={self.log_likelihood:.4f}, "
            f"gradient_norm={self.gradient_norm:.1e}, customers={self.customers}, unique_rows={self.unique_rows})"
        )

    def _repr_html_(self) -> str:
        told = html.table({"parameter": list(self.parameters), "value": list(self.parameters.values())})
        words = f"{self.status}, {self.customers:,} customers; {self.message}"
        measures = f"log-likelihood {self.log_likelihood:,.3f}, gradient {self.gradient_norm:.1e}"
        return html.block("Fit", words, told, html.items([measures]))

    @property
    def message(self) -> str:
        """The findings as text, each group's after its name."""
        groups = itertools.groupby(self.findings, key=lambda finding: finding.figures.get("group"))
        parts = [(label, as_text(findings, separator="; ")) for label, findings in groups]
        return "; ".join(text if label is None else f"{label}: {text}" for label, text in parts)

    @property
    def aic(self) -> float:
        """Akaike's criterion; free coordinates and what else was chosen count as parameters."""
        return 2 * self._estimated - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion; customers count as observations."""
        return self._estimated * float(np.log(self.customers)) - 2 * self.log_likelihood

    @property
    def _estimated(self) -> float:
        return float(np.sum(self.free)) + self.chosen


def maximize(
    process: Process, rows: CountedRows, unit: float, prior: Prior | None = None, start: Array | None = None
) -> Fit:
    """Maximum-likelihood fit of a process to counted rows, or the maximum of the posterior under a prior.

    Searches from several starts on a sample of the rows with Newton steps, then refines the best on all rows; steps are
    kept inside the coordinates' limits. A coordinate whose limit fits as well is put there: a `boundary`.

    Parameters
    ----------
    process : PurchaseProcess or SpendProcess
    rows : CountedRows
        Statistics in the user's unit, in the process's order.
    unit : float
        Scale of the coordinates: mean T, or median spend.
    prior : Prior, optional
        Default: flat.
    start : array (k,), optional
        Coordinates near the maximum, which spare the search; the fit then tells of no ridges.

    Raises
    ------
    FitFailed
        When no start leads to a maximum.
    """
    with one_blas_thread():
        return _maximize(process, rows, unit, prior, start)


def _maximize(process: Process, rows: CountedRows, unit: float, prior: Prior | None, start: Array | None) -> Fit:
    form = process.parametrization
    limits = [(coordinate.lower.at, coordinate.upper.at) for coordinate in form.coordinates]
    box = Box(
        np.array([-np.inf if low is None else low for low, _ in limits]),
        np.array([np.inf if high is None else high for _, high in limits]),
    )
    if prior is None:
        prior = Prior(np.zeros(len(limits)), np.zeros(len(limits)))
    fingerprint = meanwhile(rows.fingerprint)
    objective = Objective(process, rows.columns, rows.counts, unit, prior)
    sample: _Sample | None = None
    if start is None:
        sample = _sampled(process, rows, unit, prior, SEARCH_ROWS)
        start, hessian = _search(process, rows, unit, box, prior, sample)
    else:
        hessian = objective.hessian(start, np.ones(len(start), dtype=bool))
    point = _settle(objective, refine(objective, start, hessian, box), box)
    negative = -point.hessian[np.ix_(point.free, point.free)]
    definite = _definite(negative, prior.precision[point.free])
    if not definite or not point.promise < INDISTINGUISHABLE:
        why = f"a further step still promises {point.promise:.2g} of log-likelihood"
        if point.promise < INDISTINGUISHABLE:
            why = "the likelihood is flat in some direction: these data cannot tell the parameters apart"
        raise FitFailed(
            f"The {process.title} fit to {rows.customers:,} customers found no maximum ({why}). Look for impossible "
            "histories in the data; more customers or a longer period help."
        )
    covariance = np.zeros_like(point.hessian)
    covariance[np.ix_(point.free, point.free)] = np.linalg.inv(negative)
    sandwich = covariance @ objective.outer_product(point.u) @ covariance
    jacobian = form.jacobian(point.u)
    findings = findings_at(form, point.u, point.free)
    evaluations = objective.evaluations
    ridge = None if sample is None else _ridge(sample, point)
    return Fit(
        parameters=dict(zip(form.names, map(float, form.parameters_at(point.u, unit)), strict=True)),
        coordinates=point.u,
        log_likelihood=point.value - prior.log_density(point.u),
        gradient_norm=float(np.max(np.abs(point.gradient[point.free]), initial=0.0)),
        hessian=point.hessian,
        free=point.free,
        covariance=jacobian @ covariance @ jacobian.T,
        sandwich=jacobian @ sandwich @ jacobian.T,
        definite=definite,
        status="converged" if findings == CONVERGED else "boundary",
        findings=findings,
        iterations=evaluations,
        customers=rows.customers,
        unique_rows=len(rows.counts),
        unit=float(unit),
        fingerprint=fingerprint(),
        ridges=() if ridge is None else (ridge,),
    )


def _definite(negative: Array, precision: Array) -> bool:
    """Whether the likelihood falls in every direction: curvature that rounding of differences can make is none."""
    largest = np.max(np.abs(np.diag(negative) - precision), initial=0.0)
    return bool(np.all(np.linalg.eigvalsh(negative) > ROUNDING * largest))


class _Sample(NamedTuple):
    """The likelihood of some of the rows, and the share of the customers they stand for."""

    columns: tuple[Array, ...]
    objective: Objective
    share: float


def _sampled(process: Process, rows: CountedRows, unit: float, prior: Prior, most: int) -> _Sample:
    """Every so many-th row, at most `most` of them."""
    every = max(1, -(-len(rows.counts) // most))
    columns, counts = tuple(column[::every].copy() for column in rows.columns), rows.counts[::every].copy()
    share = float(np.sum(counts) / np.sum(rows.counts))
    return _Sample(columns, Objective(process, columns, counts, unit, prior.times(share)), share)


def _search(
    process: Process, rows: CountedRows, unit: float, box: Box, prior: Prior, sample: _Sample
) -> tuple[Array, Array]:
    """Best point from several starts on a sample of the rows, and the Hessian there scaled to all of them.

    Where there are many rows, the point is first refined on a larger sample: each step on all rows is then worth it.
    """
    form = process.parametrization
    best: Point | None = None
    for start in process.starts(*sample.columns):
        found = climb(sample.objective, box.clip(form.coordinates_of(start, unit)), box, best)
        if best is None or found.value > best.value:
            best = found
    assert best is not None, "a process has at least one start"
    u, hessian = best.u, sample.objective.hessian(best.u, np.ones(len(best.u), dtype=bool))
    if len(rows.counts) > REFINED_FIRST * MIDDLE_ROWS:
        middle = _sampled(process, rows, unit, prior, MIDDLE_ROWS)
        point = refine(middle.objective, u, hessian * (middle.share / sample.share), box)
        return point.u, point.hessian / middle.share
    return u, hessian / sample.share


def _ridge(sample: _Sample, point: Point) -> Ridge | None:
    """The ridge through the maximum, as a sample tells it where there are many rows."""
    surface: Objective | Sampled = sample.objective
    if sample.share < 1:
        surface = Sampled(sample.objective, sample.share, point.u, point.hessian, point.free)
    return ridge_of(surface, point.u, point.hessian, point.free)


def _settle(objective: Objective, point: Point, box: Box) -> Point:
    """Put coordinates at the limits that fit as well, and set aside those the data then say nothing about.

    Means come before spreads, since "nobody drops out" says more than any statement on how dropout varies.
    """
    if point.free.all() and not np.any(np.abs(point.u) > SUSPICIOUS):
        return point
    point, box = _set_aside(objective, point, box)
    for i in reversed(range(len(point.u))):
        if abs(point.u[i]) <= SUSPICIOUS:
            continue
        limit = box.lower[i] if point.u[i] < 0 else box.upper[i]
        if np.isfinite(limit) and box.lower[i] < box.upper[i]:
            pinned = box.pin(i, limit)
            reduced = refine(objective, point.u, point.hessian, pinned)
            if reduced.value > point.value - INDISTINGUISHABLE:
                point, box = _set_aside(objective, reduced, pinned)
    return point


def _set_aside(objective: Objective, point: Point, box: Box) -> tuple[Point, Box]:
    """Pin coordinates without curvature at 0, so that they do not depend on where the search came by."""
    for i in map(int, np.flatnonzero((box.lower < box.upper) & (np.abs(np.diag(point.hessian)) < FLAT))):
        neutral = point.u.copy()
        neutral[i] = 0.0
        if objective(neutral)[0] > point.value - INDISTINGUISHABLE:
            box = box.pin(i, 0.0)
            point = refine(objective, neutral, point.hessian, box)
    return point, box


def findings_at(form: Parametrization, u: Array, free: Mask) -> Findings:
    """Return the findings of a fit that ended at coordinates u (k,): the limits reached, and what is not identified.

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
