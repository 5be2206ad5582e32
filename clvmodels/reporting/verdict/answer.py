"""The answer to one question about a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from clvmodels.language import Finding, Findings, as_text, message

__all__ = ["Answer", "Question"]


Question = Literal["use", "totals", "ranking", "intervals", "benchmarks", "limits"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question about a forecast.

    Attributes
    ----------
    question : {"use", "totals", "ranking", "intervals", "benchmarks", "limits"}
    headline : Finding
        The answer in a few words.
    findings : tuple of Finding
        The answer in full.
    section : str
        Id of the part of the page that has the evidence.
    """

    question: Question
    headline: Finding
    findings: Findings
    section: str

    @property
    def title(self) -> str:
        """Return the question as a heading."""
        return message(f"verdict-question-{self.question}")

    @property
    def text(self) -> str:
        """Return the findings as sentences."""
        return as_text(self.findings)

    @property
    def evidence(self) -> str:
        """Return the name of the part of the page that has the evidence."""
        return message(f"verdict-evidence-{self.question}")

    def to_dict(self) -> dict[str, Any]:
        """Return the question and its findings as plain values, with their text."""
        return {
            "question": self.question,
            "title": self.title,
            "headline": self.headline.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "text": self.text,
            "section": self.section,
        }
