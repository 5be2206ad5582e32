"""A finding: a judgment as a code and figures, without text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from clvmodels.language.messages import message

__all__ = ["Finding", "Findings", "Severity", "as_text"]

Severity = Literal["info", "caution", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgment as a code and figures; a language turns it into a sentence.

    Attributes
    ----------
    code : str
        What the judgment is, such as "profile-no-season"; the id of a message in every language file.
    figures : mapping of str to number, str, bool, Finding, or list of str or Finding
        The numbers and names that the judgment rests on. Text among them is a code or a name from the data, never a
        sentence. A finding among them becomes a part of the sentence.
    severity : {"info", "caution", "problem"}
        Whether it describes, limits how far the results can be used, or forbids their use.

    Examples
    --------
    >>> from clvmodels.language import Finding
    >>> finding = Finding("rows-after-end", {"rows": 1234, "end": "1997-09-30"})
    >>> finding.text
    '1,234 rows after 1997-09-30 were left out'
    """

    code: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "info"

    @property
    def text(self) -> str:
        """The finding as a sentence in the language of `written_in`, which is English by default."""
        return self.render()

    def render(self, language: str | None = None) -> str:
        """Return the finding as a sentence in a language."""
        return message(self.code, self.figures, language)

    def to_dict(self) -> dict[str, Any]:
        """Return code, severity and figures as plain values, and the text."""
        figures = {name: _plain(value) for name, value in self.figures.items()}
        return {"code": self.code, "severity": self.severity, "figures": figures, "text": self.text}


Findings = tuple[Finding, ...]


def as_text(findings: Iterable[Finding], language: str | None = None, separator: str | None = None) -> str:
    """Return several findings as one text, joined in order by what the language puts between sentences."""
    between = message("between-sentences", language=language) if separator is None else separator
    return between.join(finding.render(language) for finding in findings)


def _plain(value: Any) -> Any:
    """Return a figure, with any findings in it, as plain values."""
    if isinstance(value, Finding):
        return value.to_dict()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
