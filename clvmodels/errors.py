"""The errors a user meets: one base class and the few named ones, each with the code a command exits with."""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "CLVError",
    "ClockMismatch",
    "FitFailed",
    "GateRefused",
    "InvalidJob",
    "InvalidManifest",
    "InvalidModelFile",
    "InvalidOption",
    "InvalidRFM",
    "InvalidRegistry",
    "InvalidTransactions",
    "JobLocked",
    "StoreUnreachable",
]


class CLVError(Exception):
    """Base class of every error this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class InvalidTransactions(CLVError, ValueError):
    """A transaction log that cannot be summarized as it stands; the message names every fault and its remedy."""

    exit_code = 3


class InvalidRFM(CLVError, ValueError):
    """An RFM summary that breaks its own rules, such as recency beyond T."""

    exit_code = 3


class InvalidOption(CLVError, ValueError):
    """An argument outside what is offered; the message lists what is."""

    exit_code = 2


class ClockMismatch(CLVError, ValueError):
    """Two things that measure time differently were put together."""

    exit_code = 2


class FitFailed(CLVError, RuntimeError):
    """A fit that found no maximum; the message says what to do."""

    exit_code = 3


class InvalidModelFile(CLVError, ValueError):
    """A saved model that is damaged, of an unknown version, or not a model at all."""

    exit_code = 2


class InvalidJob(CLVError, ValueError):
    """A job file with faults; the message names every field that has one, and its remedy."""

    exit_code = 2


class InvalidManifest(CLVError, ValueError):
    """A manifest of a run that is damaged, of an unknown version, or no manifest at all."""

    exit_code = 2


class InvalidRegistry(CLVError, ValueError):
    """A registry of models, a version or a move in it that is missing or damaged."""

    exit_code = 2


class GateRefused(CLVError, RuntimeError):
    """A fit or a run that a gate did not let pass; nothing was published."""

    exit_code = 4


class StoreUnreachable(CLVError, RuntimeError):
    """A source or sink that could not be read or written: not there, connection lost, disk full."""

    exit_code = 5


class JobLocked(CLVError, RuntimeError):
    """Another job holds the lock."""

    exit_code = 6
