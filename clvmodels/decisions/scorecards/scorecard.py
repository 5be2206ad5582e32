"""A scorecard: an index of several indicators per customer, and its comparison with predicted value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from clvmodels import displays, frames
from clvmodels.decisions.customer_table import CustomerTable, read_customer_table
from clvmodels.decisions.scorecards.definition import BEST_SCORE, ScorecardDefinition
from clvmodels.decisions.scorecards.findings import scorecard_findings
from clvmodels.decisions.scorecards.indicators import Indicator, indicators_of
from clvmodels.decisions.scorecards.judging import groups_of, judgment_table, scores_of_folds
from clvmodels.decisions.scorecards.scales import fit_scale, score_values, values_of
from clvmodels.decisions.scorecards.sensitivity import score_tiers, sensitivity_table
from clvmodels.decisions.scorecards.tables import correlation_table, effective_number, score_change, weight_table
from clvmodels.decisions.scorecards.weights import ScorecardWeights, WeightMethod, dimension_scores, make_weights
from clvmodels.decisions.tiering.boundaries import define_tiers
from clvmodels.errors import InvalidOption, InvalidTable
from clvmodels.language import Findings
from clvmodels.processes.contract import Array

__all__ = ["Scorecard", "scorecard"]

Weights = WeightMethod | Mapping[str, float] | Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Scorecard(displays.Display):
    """Customers with a score.

    Attributes
    ----------
    definition : ScorecardDefinition
        Indicators, scales and weights; save it, and pass it as `indicators` at a later date.
    columns : mapping of str to array (n,)
        One row per customer: customer_id; scorecard_score, from 0 to 100; the score of each dimension, from 0 to 100,
        as score_DIMENSION; scorecard_tier; and depends_on_weights: whether the tier changes if a weight moves by 10 %.
    weights : DataFrame
        One row per indicator: dimension, dimension_weight, indicator, weight_within (its dimension), weight (in the
        score), direction, scale, benchmark, missing (how missing values are scored), customers_missing.
    correlations : DataFrame
        One row per indicator: indicator, and the correlation of its scores with those of each indicator.
    effective_indicators : float
        The number of uncorrelated indicators that vary as much as these.
    sensitivity : DataFrame
        One row per weight and move: level ("dimension" or "indicator"), name, factor (1.1 or 0.9), customers (who
        change tier), share_of_customers.
    judgment : DataFrame or None
        One row per ranking, the score and predicted value: ranking, gini (normalized), share_of_top_decile (of the
        outcome), gini_difference with difference_lower and difference_upper (90 %). None without an outcome.
    findings : tuple of Finding
    kind : FrameKind
        The kind of frame to return.
    scores : array (n, k)
        Scores of the indicators, from 0 to 1.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> customers = pd.DataFrame({"customer_id": ["a", "b", "c"], "frequency": [9, 0, 4], "late": [0, 20, 10]})
    >>> indicators = [clv.Indicator("frequency", "loyalty"), clv.Indicator("late", "credit", direction="lower")]
    >>> clv.scorecard(customers, indicators).frame()["scorecard_score"].round(1).tolist()
    [83.3, 16.7, 50.0]
    """

    shown_table: ClassVar[str] = "weights"
    definition: ScorecardDefinition
    columns: Mapping[str, Any]
    weights: pd.DataFrame
    correlations: pd.DataFrame
    effective_indicators: float
    sensitivity: pd.DataFrame
    judgment: pd.DataFrame | None
    findings: Findings
    kind: frames.FrameKind
    scores: Array

    def frame(self) -> frames.Frame:
        """Return one row per customer, of the same kind as the customers."""
        return frames.table(self.kind, self.columns)

    def change(self, earlier: Scorecard) -> frames.Frame:
        """Return how scores changed since an earlier date, split into customers and weights.

        The parts add up to the change: the effect of the customer's values, at the mean of the weights of both dates,
        and the effect of the weights, at the mean of the values of both dates (Shapley's rule for two causes).

        Parameters
        ----------
        earlier : Scorecard
            With the same indicators and scales: make one of the two with the definition of the other.

        Returns
        -------
        frame
            One row per customer in both: customer_id, score_earlier, scorecard_score, change, from_customer,
            from_weights; the largest change first.

        Raises
        ------
        InvalidOption
            If indicators or scales differ.
        """
        if not isinstance(earlier, Scorecard):
            raise InvalidOption(f"earlier={earlier!r} must be a Scorecard.")
        if (earlier.definition.indicators, earlier.definition.scales) != (
            self.definition.indicators,
            self.definition.scales,
        ):
            raise InvalidOption(
                "The indicators or scales of the two scorecards differ, so their scores cannot be compared: make "
                "the later one with scorecard(customers, earlier.definition), with or without new weights."
            )
        return frames.table(
            self.kind,
            score_change(
                self._id_table(), earlier._id_table(), self.scores, earlier.scores, self._flat(), earlier._flat()
            ),
        )

    def _flat(self) -> Array:
        return BEST_SCORE * self.definition.weights.flat(self.definition.indicators)

    def _id_table(self) -> CustomerTable:
        return read_customer_table(frames.table(self.kind, {"customer_id": self.columns["customer_id"]}), "customers")

    def plot(self, **options: Any) -> Any:
        """Draw the weights of the indicators; see `clvmodels.plots.indicator_weights`."""
        return displays.draw("indicator_weights", self.weights, **options)


def scorecard(
    customers: frames.Frame | str | Path,
    indicators: str | Sequence[Indicator] | ScorecardDefinition,
    *,
    weights: Weights | None = None,
    within: WeightMethod | Mapping[str, Weights] | None = None,
    value: str = "lifetime_value",
    outcome: str | None = None,
    damping: float = 0.5,
    boundaries: Sequence[float] = (0.05, 0.2, 0.5),
    names: Sequence[str] | None = None,
) -> Scorecard:
    """Score customers by a weighted index of indicators, in two levels, and compare it with predicted value.

    The score is 100 times the sum over dimensions of the weight of the dimension times the sum over its indicators of
    the weight within the dimension times the indicator's score, from 0 to 1.

    Parameters
    ----------
    customers : frame or path
        One row per customer: customer_id and the columns of the indicators.
    indicators : str, sequence of Indicator, or ScorecardDefinition
        A predefined set, "contribution" or "four values" (see `indicator_set`), of which those with a column in the
        table are used; indicators; or the definition of an earlier scorecard, whose scales (and weights, unless others
        are passed) stay as they are.
    weights : {"equal", "entropy", "learned"} or mapping, optional
        Of dimensions: weights by name that add up to 1, or judgments of all pairs, such as {("loyalty", "credit"): 3}
        if loyalty is 3 times as important (analytic hierarchy process). "entropy" gives more weight to what differs
        more between customers. "learned" weights, of both levels, rank the outcome best; none of them is negative.
        Default: those of the definition, or "equal".
    within : {"equal", "entropy"} or mapping, optional
        Weights of indicators within their dimension: as for `weights`, for all dimensions or by dimension. Default:
        "equal".
    value : str, default="lifetime_value"
        Column of predicted value, which the score is compared with if there is an outcome.
    outcome : str, optional
        Column of what customers did later, such as spend in a holdout period. All other columns must be from before it.
    damping : float, default=0.5
        How strongly learned weights are shrunk toward equal ones; see `clvmodels.decisions.scorecards.weights`.
    boundaries : sequence of float, default=(0.05, 0.2, 0.5)
        Shares of the customers at which tiers of the score end.
    names : sequence of str, optional
        Names of the tiers, the best first. Default: "A", "B", "C", ...

    Returns
    -------
    Scorecard

    Raises
    ------
    InvalidTable
        If a column is missing or has no values.
    InvalidOption
        For indicators, weights or other options that are invalid.

    References
    ----------
    Saaty (1980), "The Analytic Hierarchy Process", McGraw-Hill, for judgments of pairs. Hwang & Yoon (1981), "Multiple
    Attribute Decision Making", Springer, section 3.2.3, for entropy. Bretherton, Widmann, Dymnikov, Wallace & Blade
    (1999), "The Effective Number of Spatial Degrees of Freedom of a Time-Varying Field", Journal of Climate 12,
    1990-2009, for the effective number of indicators.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> customers = pd.DataFrame({"customer_id": ["a", "b", "c"], "frequency": [9, 0, 4], "late": [0, 20, 30]})
    >>> indicators = [clv.Indicator("frequency", "loyalty"), clv.Indicator("late", "credit", direction="lower")]
    >>> result = clv.scorecard(customers, indicators, weights={("loyalty", "credit"): 3})
    >>> print(result.weights[["indicator", "weight"]].to_string(index=False))
    indicator  weight
    frequency    0.75
         late    0.25
    """
    _check_damping(damping)
    tier_definition = define_tiers("quantile", boundaries, names)
    table = read_customer_table(customers, "customers")
    later = None if outcome is None else _outcome(table, outcome)
    definition, absent = _define(indicators, table, weights, within, later, float(damping))
    scores, missing = definition.score(table)
    score, chosen = definition.index(scores), definition.weights
    moves, depends = sensitivity_table(definition.indicators, chosen, scores, tier_definition)
    columns: dict[str, Any] = {"customer_id": table.customer_id, "scorecard_score": score}
    parts = BEST_SCORE * dimension_scores(definition.indicators, scores, chosen.indicators)
    columns |= {f"score_{name.replace(' ', '_')}": parts[:, i] for i, name in enumerate(definition.dimensions)}
    tier = score_tiers(score, tier_definition)
    columns |= {"scorecard_tier": np.array(tier_definition.names, dtype=object)[tier], "depends_on_weights": depends}
    learned_here = weights == "learned" if isinstance(weights, str) else False
    judgment = None if later is None else _judge(table, definition, scores, value, later, float(damping), learned_here)
    listed = weight_table(definition, missing)
    correlations = correlation_table(definition, scores)
    effective = effective_number(scores)
    findings = scorecard_findings(
        listed, correlations, effective, moves, float(depends.mean()), judgment, chosen, absent, learned_here, scores
    )
    return Scorecard(
        definition, columns, listed, correlations, effective, moves, judgment, findings, table.kind, scores
    )


def _check_damping(damping: Any) -> None:
    """Raise an InvalidOption unless the damping is a number above 0."""
    if isinstance(damping, bool) or not isinstance(damping, Real) or not 0 < float(damping) < np.inf:
        raise InvalidOption(f"damping={damping!r} must be a number above 0, such as 0.5.")


def _define(
    indicators: Any, table: CustomerTable, weights: Any, within: Any, outcome: Array | None, damping: float
) -> tuple[ScorecardDefinition, list[str]]:
    """Return the definition from the arguments of `scorecard`, and the dimensions that were left out."""
    if isinstance(indicators, ScorecardDefinition):
        if weights is None and within is None:
            return indicators, []
        scores, _ = indicators.score(table)
        made = make_weights(indicators.indicators, scores, weights, within, outcome, damping)
        return replace(indicators, weights=made), []
    chosen, absent = indicators_of(indicators, table)
    values = [values_of(each, table) for each in chosen]
    scales = tuple(fit_scale(each, column) for each, column in zip(chosen, values, strict=True))
    scored = [score_values(*each) for each in zip(chosen, scales, values, strict=True)]
    made = make_weights(chosen, np.stack(scored, axis=1), weights, within, outcome, damping)
    return ScorecardDefinition(chosen, scales, made), absent


def _outcome(table: CustomerTable, name: str) -> Array:
    """Return what customers did later, (n,)."""
    values = table.numbers(name)
    table.refuse(np.isnan(values), f"no {name!r}", " Fill in 0 for customers who did nothing.")
    table.refuse(values < 0, f"a negative {name!r}", " Net refunds against orders first.")
    return values


def _judge(
    table: CustomerTable,
    definition: ScorecardDefinition,
    scores: Array,
    value: str,
    outcome: Array,
    damping: float,
    learned_here: bool,
) -> pd.DataFrame | None:
    """Return the comparison with predicted value; weights learned from this outcome are cross-validated."""
    predicted = table.numbers(value)
    if np.isnan(predicted).all():
        raise InvalidTable(f"No customer has a value in {value!r}, which the score is compared with.")
    predicted = np.where(np.isnan(predicted), np.nanmin(predicted), predicted)
    group, indicators = groups_of(table), definition.indicators

    def score_from(mask: Any) -> Array:
        weights: ScorecardWeights = make_weights(indicators, scores[mask], "learned", None, outcome[mask], damping)
        result: Array = scores @ weights.flat(indicators)
        return result

    ranking = scores_of_folds(group, score_from) if learned_here else scores @ definition.weights.flat(indicators)
    if np.isnan(ranking).any():
        return None
    return judgment_table(ranking, predicted, outcome, group, value)
