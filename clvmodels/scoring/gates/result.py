"""The result of a gate: a finding, and whether it passes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pydantic import AliasChoices, ConfigDict, Field

from clvmodels.errors import GateRefused
from clvmodels.estimators.persistence import Finite
from clvmodels.language import Finding, Severity
from clvmodels.scoring.gates.run_statistics import Record

__all__ = ["Figure", "GateResult", "refusal", "refuse"]

Figure = bool | int | Finite | str | tuple[str, ...] | None


class GateResult(Record):
    """The result of a gate.

    Attributes
    ----------
    gate : str
        The name of the gate, such as "rows"; that of a distribution has its quantity: "shift of T".
    passed : bool
    code : str or None
        The code of the finding; None in files of 0.1.0, which have no codes.
    severity : {"info", "caution", "problem"}
    figures : dict of str to number, text or None
        The numbers behind the decision, including the limits.
    text : str
        The finding as a sentence.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    gate: str
    passed: bool
    code: str | None = None
    severity: Severity = "info"
    figures: dict[str, Figure] = Field(default_factory=dict)
    text: str = Field(validation_alias=AliasChoices("text", "sentence"))  # "sentence" in files of 0.1.0

    @classmethod
    def of(cls, gate: str, passed: bool, code: str, figures: Mapping[str, Figure], detail: str = "") -> GateResult:
        """Return the result of a gate from the code and the figures of its finding.

        Parameters
        ----------
        detail : str
            A text from another part of the package, added in parentheses.
        """
        text = Finding(code, {**figures, "passed": passed}).text
        return cls(
            gate=gate,
            passed=passed,
            code=code,
            severity="info" if passed else "problem",
            figures={name: _finite(value) for name, value in figures.items()},
            text=f"{text} ({detail})" if detail else text,
        )


def _finite(value: Figure) -> Figure:
    """Return a figure for JSON, None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def refusal(results: Sequence[GateResult]) -> str | None:
    """Return the text of every gate that refused, one per line, or None if all passed."""
    return "\n".join(f"{result.gate}: {result.text}" for result in results if not result.passed) or None


def refuse(results: Sequence[GateResult]) -> None:
    """Raise a GateRefused with the text of every gate that refused, if any did."""
    refused = [result for result in results if not result.passed]
    if refused:
        count = f"{len(refused)} of {len(results)} gates" if len(refused) > 1 else f"The gate {refused[0].gate!r}"
        raise GateRefused(
            f"{count} refused, so nothing was published.\n{refusal(results)}\n"
            "Find out why. If the change is intended, raise the limit named in [gates], or run once with force=True."
        )
