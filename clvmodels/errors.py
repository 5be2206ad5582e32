"""The errors a user meets: one base class and the few named ones."""

from __future__ import annotations

__all__ = [
    "CLVError",
    "ClockMismatch",
    "FitFailed",
    "GateRefused",
    "InvalidModelFile",
    "InvalidOption",
    "InvalidRFM",
    "InvalidRegistry",
    "InvalidTransactions",
]


class CLVError(Exception):
    """Base class of every error this package raises on purpose."""


class InvalidTransactions(CLVError, ValueError):
    """A transaction log that cannot be summarized as it stands; the message names every fault and its remedy."""


class InvalidRFM(CLVError, ValueError):
    """An RFM summary that breaks its own rules, such as recency beyond T."""


class InvalidOption(CLVError, ValueError):
    """An argument outside what is offered; the message lists what is."""


class ClockMismatch(CLVError, ValueError):
    """Two things that measure time differently were put together."""


class FitFailed(CLVError, RuntimeError):
    """A fit that found no maximum; the message says what to do."""


class InvalidModelFile(CLVError, ValueError):
    """A saved model that is damaged, of an unknown version, or not a model at all."""


class InvalidRegistry(CLVError, ValueError):
    """A registry of models, a version or its manifest that is damaged, missing or of an unknown version."""


class GateRefused(CLVError, RuntimeError):
    """A gate stopped a model or a run before it was published; the message says why, and what to do."""
