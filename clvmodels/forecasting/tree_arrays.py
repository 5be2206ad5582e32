"""Boosted trees as plain arrays of nodes, so that they can be written as JSON and predict without scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor

from clvmodels.errors import InvalidModelFile
from clvmodels.processes.contract import Array

__all__ = ["TreeEnsemble"]

ROWS = 8_192  # customers per block: the features of a block stay in the processor's cache
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class TreeEnsemble:
    """Regression trees whose values are added to a baseline; the exponential of the sum is the expected count.

    Attributes
    ----------
    baseline : float
    features : int
        Number of features.
    root : int array (t,)
        Position of the first node of each tree.
    feature : int array (m,)
        The feature that a node compares; -1 in a leaf.
    threshold : array (m,)
        A customer goes left if the feature is at most the threshold.
    missing_left : bool array (m,)
        Whether a customer whose feature is missing goes left.
    left, right : int array (m,)
        Positions of a node's children; its own in a leaf.
    value : array (m,)
        What a leaf adds.
    """

    baseline: float
    features: int
    root: Indices
    feature: Indices
    threshold: Array
    missing_left: npt.NDArray[np.bool_]
    left: Indices
    right: Indices
    value: Array

    @classmethod
    def of(cls, fitted: HistGradientBoostingRegressor) -> Self:
        """Return the trees of a fitted Poisson regressor of scikit-learn."""
        nodes = [trees[0].nodes for trees in fitted._predictors]
        root = np.concatenate([[0], np.cumsum([len(each) for each in nodes])[:-1]]).astype(np.intp)
        together = np.concatenate(nodes)
        leaf = together["is_leaf"].astype(bool)
        offset = np.repeat(root, [len(each) for each in nodes])
        own = np.arange(len(together))
        return cls(
            baseline=float(np.ravel(fitted._baseline_prediction)[0]),
            features=int(fitted.n_features_in_),
            root=root,
            feature=np.where(leaf, -1, together["feature_idx"]).astype(np.intp),
            threshold=np.where(leaf, 0.0, together["num_threshold"]),
            missing_left=together["missing_go_to_left"].astype(bool),
            left=np.where(leaf, own, together["left"] + offset).astype(np.intp),
            right=np.where(leaf, own, together["right"] + offset).astype(np.intp),
            value=np.where(leaf, together["value"], 0.0),
        )

    def predict(self, features: Array) -> Array:
        """Return the expected count of each row of features (n, k), (n,)."""
        if features.shape[1] != self.features:
            raise AssertionError(f"the trees read {self.features} features, not {features.shape[1]}")
        blocks = [self._predict_block(features[start : start + ROWS]) for start in range(0, len(features), ROWS)]
        return np.exp(np.concatenate(blocks)) if blocks else np.zeros(0)

    def _predict_block(self, features: Array) -> Array:
        total = np.full(len(features), self.baseline)
        rows = np.arange(len(features))
        for root in self.root:
            node = np.full(len(features), root)
            moving = rows
            while len(moving):
                at = node[moving]
                inner = self.feature[at] >= 0
                moving, at = moving[inner], at[inner]
                x = features[moving, self.feature[at]]
                goes_left = np.where(np.isnan(x), self.missing_left[at], x <= self.threshold[at])
                node[moving] = np.where(goes_left, self.left[at], self.right[at])
            total += self.value[node]
        return total

    def to_dict(self) -> dict[str, Any]:
        """Return the arrays as lists."""
        arrays = {name: getattr(self, name).tolist() for name in self._arrays()}
        return {"baseline": self.baseline, "features": self.features, **arrays}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Return the trees of a document, whose nodes are checked: every path must end in a leaf.

        Raises
        ------
        InvalidModelFile
        """
        kinds = {"threshold": float, "value": float, "missing_left": bool}
        arrays = {name: np.array(document[name], dtype=kinds.get(name, np.intp)) for name in cls._arrays()}
        trees = cls(baseline=float(document["baseline"]), features=int(document["features"]), **arrays)
        own = np.arange(len(trees.feature))
        inner = trees.feature >= 0
        lengths = {len(arrays[name]) for name in cls._arrays() if name != "root"}
        children = (trees.left, trees.right)
        valid = (
            lengths == {len(own)}
            and np.all(trees.feature < trees.features)
            and np.all((trees.root >= 0) & (trees.root < len(own)))
            and all(np.all(np.where(inner, (to > own) & (to < len(own)), to == own)) for to in children)
            and all(np.all(np.isfinite(each)) for each in (trees.threshold, trees.value, np.array(trees.baseline)))
        )
        if not valid:
            raise InvalidModelFile("the nodes of the boosted trees do not form trees; fit again and save.")
        return trees

    @staticmethod
    def _arrays() -> tuple[str, ...]:
        return ("root", "feature", "threshold", "missing_left", "left", "right", "value")
