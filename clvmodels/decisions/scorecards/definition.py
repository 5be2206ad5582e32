"""The definition of a scorecard, which can be saved and used at later dates without change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clvmodels import files
from clvmodels.decisions.customer_table import CustomerTable
from clvmodels.decisions.scorecards.indicators import Indicator
from clvmodels.decisions.scorecards.scales import Scale, score_values, values_of
from clvmodels.decisions.scorecards.weights import ScorecardWeights
from clvmodels.errors import InvalidModelFile
from clvmodels.processes.contract import Array

__all__ = ["BEST_SCORE", "ScorecardDefinition"]

FORMAT = "clvmodels.ScorecardDefinition"
SCHEMA_VERSION = 1
BEST_SCORE = 100.0
DIGITS = 12  # of the version, enough to distinguish definitions


@dataclass(frozen=True, slots=True)
class ScorecardDefinition:
    """Indicators, scales and weights of a scorecard.

    Attributes
    ----------
    indicators : tuple of Indicator
    scales : tuple of Scale
        One per indicator, from the customers of the first scorecard.
    weights : ScorecardWeights

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> customers = pd.DataFrame({"customer_id": [1, 2], "frequency": [3, 0], "lifetime_value": [9.0, 2.0]})
    >>> definition = clv.scorecard(customers, "contribution").definition
    >>> definition.save("scorecard.json")
    >>> clv.ScorecardDefinition.load("scorecard.json").version == definition.version
    True
    """

    indicators: tuple[Indicator, ...]
    scales: tuple[Scale, ...]
    weights: ScorecardWeights

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Return the names of the dimensions, in the order of the indicators."""
        return tuple(dict.fromkeys(each.dimension for each in self.indicators))

    @property
    def version(self) -> str:
        """Return a text that identifies the definition, from the SHA-256 of all its figures."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]

    def score(self, table: CustomerTable) -> tuple[Array, Array]:
        """Return the scores of the indicators between 0 and 1 and a mask of missing values, both (n, k)."""
        scores, missing = [], []
        for indicator, scale in zip(self.indicators, self.scales, strict=True):
            values = values_of(indicator, table)
            scores.append(score_values(indicator, scale, values))
            missing.append(np.isnan(values))
        return np.stack(scores, axis=1), np.stack(missing, axis=1)

    def index(self, scores: Array) -> Array:
        """Return the score of each customer from 0 to 100, from the scores of the indicators (n, k)."""
        result: Array = BEST_SCORE * scores @ self.weights.flat(self.indicators)
        return result

    def save(self, path: str | Path) -> None:
        """Write the definition as JSON, to use it again at later dates.

        Parameters
        ----------
        path : str or Path
        """
        document = {"format": FORMAT, "schema_version": SCHEMA_VERSION, "definition": asdict(self)}
        files.write_checked(Path(path), json.loads(json.dumps(document)))

    @classmethod
    def load(cls, path: str | Path) -> ScorecardDefinition:
        """Read a definition that `save` wrote.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        ScorecardDefinition

        Raises
        ------
        InvalidModelFile
            If the file is missing, damaged, or not a definition.
        """
        document = files.read_document(Path(path), "scorecard", FORMAT, SCHEMA_VERSION, InvalidModelFile)
        files.refuse_damaged(Path(path), document, InvalidModelFile, "Save the definition again.")
        return _from_plain(document["definition"])


def _from_plain(plain: Mapping[str, Any]) -> ScorecardDefinition:
    """Return the definition from the values of a JSON file."""
    return ScorecardDefinition(
        tuple(Indicator(**each) for each in plain["indicators"]),
        tuple(Scale(tuple(each["knots"]), tuple(each["places"]), each["median"]) for each in plain["scales"]),
        ScorecardWeights(**plain["weights"]),
    )
