"""A fault of a job, by its place in the job file, so that a caller can name the place in its own words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["JobFault"]


@dataclass(frozen=True, slots=True)
class JobFault:
    """What is wrong with a setting of a job.

    Attributes
    ----------
    place : str
        Section and key, such as "models.purchases"; or a section, such as "clock" or "sinks[0]".
    problem : str
        Such as "is not one of 'hour', 'day'".
    value : str or None
        The wrong value of an option; None for other settings, whose values may be secrets.
    """

    place: str
    problem: str
    value: str | None = None

    @property
    def text(self) -> str:
        """The fault as a job file names it."""
        return f"{self.place}: {self.problem}" if self.value is None else f"{self.place}: {self.value!r} {self.problem}"
