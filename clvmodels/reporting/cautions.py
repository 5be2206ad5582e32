"""Cautions: what a reader should know before trusting the numbers of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clvmodels.language import Finding, message
from clvmodels.language.numbers import sentence
from clvmodels.profiling.profile import Profile
from clvmodels.reporting.selection import Selection
from clvmodels.validation.backtest.customer_sample import SAMPLED
from clvmodels.validation.comparison.population import ALIKE, variation_of_rates
from clvmodels.validation.tables.calibration import cohort_trend

__all__ = [
    "Caution",
    "customers_vary",
    "find_cautions",
    "find_certificate_cautions",
    "find_tail_finding",
    "summarize_cautions",
]

INDEPENDENCE_VIOLATED = "profile-independence-violated"


@dataclass(frozen=True, slots=True)
class Caution:
    """A finding of severity "caution" or "problem", and the model it is about.

    Attributes
    ----------
    finding : Finding
    title : str
        Title of the model; empty for a finding about the data.
    """

    finding: Finding
    title: str = ""

    @property
    def text(self) -> str:
        """Return the finding as a sentence, after the model's title."""
        if not self.title:
            return sentence(self.finding.text)
        return sentence(message("label-and-text", {"label": self.title, "text": self.finding}))

    def to_dict(self) -> dict[str, Any]:
        """Return code, severity, figures and text, and the title of the model."""
        return {**self.finding.to_dict(), "title": self.title, "text": self.text}


def find_cautions(view: Selection, profile: Profile | None) -> list[Caution]:
    """Return the cautions from the fits, the profile of the log, and the backtest."""
    cautions = find_certificate_cautions(view) + _find_population_cautions(view) + _find_cohort_cautions(view)
    if profile is not None:
        cautions += _find_profile_cautions(profile)
    return cautions + [Caution(finding) for finding in view.result.findings if finding.code != SAMPLED]


def find_certificate_cautions(view: Selection) -> list[Caution]:
    """Return the cautions from the fits at the last cutoff."""
    return [
        Caution(finding, str(certificate["title"]))
        for certificate in view.certificates
        for finding in _certificate_findings(certificate)
    ]


def find_tail_finding(certificate: Mapping[str, Any]) -> Finding | None:
    """Return the certificate's finding about large order values, or None."""
    tail = certificate.get("tail")
    return None if tail is None else _as_finding(tail)


def summarize_cautions(cautions: Sequence[Caution], profile: Profile | None) -> Finding | None:
    """Return one finding for the top of the page, or None if there are no cautions."""
    if profile is not None and profile.arrivals.verdict == "older":
        return Finding("verdict-caution-older-customers", severity="caution")
    return Finding("verdict-cautions", {"cautions": len(cautions)}, "caution") if cautions else None


def _certificate_findings(certificate: Mapping[str, Any]) -> list[Finding]:
    """Return the findings of one certificate with severity "caution" or "problem"."""
    findings = [_as_finding(each) for each in certificate.get("findings", [])]
    findings = [finding for finding in findings if finding.severity != "info"]
    if certificate["status"] != "converged" and not findings:
        findings = [Finding("verdict-caution-fit", {"status": certificate["status"]}, "caution")]
    independence = certificate.get("independence_finding")
    if independence is not None and independence["code"] == INDEPENDENCE_VIOLATED:
        findings.append(_as_finding(independence))
    tail = find_tail_finding(certificate)
    return findings if tail is None else [*findings, tail]


def customers_vary(view: Selection) -> float:
    """Return the coefficient of variation of purchase rates by the model of the report; NaN if it has no such rates."""
    table = view.at["parameters"]
    r = table.loc[(table["forecaster"] == view.reference) & (table["parameter"] == "r"), "estimate"]
    return variation_of_rates(float(r.iloc[0]) if len(r) else None)


def _find_population_cautions(view: Selection) -> list[Caution]:
    """Return the caution that customers hardly differ, unless the fit ended at that limit, which it reports itself."""
    variation = customers_vary(view)
    at_limit = any(each["forecaster"] == view.reference and each["status"] == "boundary" for each in view.certificates)
    if not variation <= ALIKE or at_limit:
        return []
    figures = {"forecaster": view.reference, "title": view.name, "variation": variation}
    return [Caution(Finding("compare-customers-alike", figures, "caution"))]


def _find_cohort_cautions(view: Selection) -> list[Caution]:
    """Return the caution that customers acquired later buy more or less than the model of the report expects."""
    groups = view.at["groups"]
    own = groups[(groups["quantity"] == "purchases") & (groups["forecaster"] == view.reference)]
    finding = cohort_trend(own)
    return [] if finding is None else [Caution(finding, view.name)]


def _find_profile_cautions(profile: Profile) -> list[Caution]:
    """Return the cautions from the profile, on customers who are older than the log and on too few data."""
    arrivals = () if profile.arrivals.verdict == "seen" else (profile.arrivals.finding,)
    return [Caution(finding) for finding in (*arrivals, *profile.check_findings)]


def _as_finding(value: Mapping[str, Any]) -> Finding:
    """Return a finding from its plain values."""
    return Finding(value["code"], value["figures"], value["severity"])
