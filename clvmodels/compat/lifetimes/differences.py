"""Report results that differ from lifetimes because lifetimes was wrong, once per cause and session."""

from __future__ import annotations

import warnings

from clvmodels.language import Finding

__all__ = ["LifetimesDifference", "forget", "report_difference"]

_reported: set[str] = set()


class LifetimesDifference(UserWarning):
    """A result differs from that of lifetimes 0.11.3, which was wrong; the message names the cause."""


def report_difference(finding: Finding) -> None:
    """Show a finding as a warning, unless a finding with the same code has been shown before."""
    if finding.code not in _reported:
        _reported.add(finding.code)
        warnings.warn(finding.text, LifetimesDifference, stacklevel=3)


def forget() -> None:
    """Show every difference again, as at the start of a session."""
    _reported.clear()
