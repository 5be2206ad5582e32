"""A fault of a job with its place in the job file, which callers may spell in their own way."""

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
        What is wrong, such as "is not one of 'hour', 'day'".
    value : str or None
        The wrong value of an option; None for other settings, whose values may be secrets.
    """

    place: str
    problem: str
    value: str | None = None

    @property
    def text(self) -> str:
        """Return the fault with its place as in a job file."""
        return f"{self.place}: {self.problem}" if self.value is None else f"{self.place}: {self.value!r} {self.problem}"
