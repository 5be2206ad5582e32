"""Turn findings and labels into sentences: one message file per language, and formats of numbers and lists.

Nothing else in the package turns a finding into text, and nothing reads text to decide anything.
"""

from clvmodels.language.current import check_language, languages, written_in
from clvmodels.language.finding import Finding, Findings, Severity, as_text
from clvmodels.language.messages import message

__all__ = [
    "Finding",
    "Findings",
    "Severity",
    "as_text",
    "check_language",
    "languages",
    "message",
    "written_in",
]
