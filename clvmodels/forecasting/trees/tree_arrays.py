"""Boosted trees as plain arrays of nodes, which can be saved as JSON and predict without scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor

from clvmodels.errors import InvalidModelFile
from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads

__all__ = ["FeatureBins", "TreeEnsemble"]

ROWS = 8_192  # customers per block: the features of a block stay in the processor's cache
MOST_LEAVES = 8  # most leaves, so that a set of leaves fits one byte
EVERY_LEAF = np.uint8(2**MOST_LEAVES - 1)
MOST_BINS = 255  # most values of a feature that the trees of scikit-learn tell apart
FIRST_LEAF = np.array([(leaves & -leaves).bit_length() - 1 for leaves in range(1, 2**MOST_LEAVES)])  # by set
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class FeatureBins:
    """Edges between the bins of each feature. Trees are fitted to the numbers of the bins.

    scikit-learn would look for the bins again in every fit, and with weights that takes most of the time of a fit.

    Attributes
    ----------
    edges : tuple of arrays
        Sorted; a value belongs to the first bin whose edge is at least the value, else to the last one.
    """

    edges: tuple[Array, ...]

    @classmethod
    def of(cls, features: Array, weight: Array) -> Self:
        """Return bins of equal weight (n,) of features (n, k), or one per value if there are few values."""
        return cls(tuple(in_threads(lambda values: _edges(values, weight), list(features.T))))

    def number(self, features: Array) -> Array:
        """Return the number of the bin of each feature (n, k), from 0; missing features stay missing."""
        numbers = np.empty(features.shape, order="F")
        for i, edges in enumerate(self.edges):
            values = features[:, i]
            numbers[:, i] = np.where(np.isnan(values), np.nan, np.searchsorted(edges, values))
        return numbers


def _edges(values: Array, weight: Array) -> Array:
    present = ~np.isnan(values)
    order = np.argsort(values[present])
    values, weight = values[present][order], weight[present][order]
    distinct = np.unique(values)
    if len(distinct) <= MOST_BINS:
        middle: Array = (distinct[1:] + distinct[:-1]) / 2
        return middle
    passed = np.cumsum(weight)
    position = np.searchsorted(passed, passed[-1] * np.arange(1, MOST_BINS) / MOST_BINS)
    return np.unique(values[np.minimum(position, len(values) - 1)])


@dataclass(frozen=True, eq=False)
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
    def of(cls, fitted: HistGradientBoostingRegressor, bins: FeatureBins) -> Self:
        """Return the trees of a Poisson regressor of scikit-learn that was fitted to the numbers of bins."""
        nodes = [trees[0].nodes for trees in fitted._predictors]
        root = np.concatenate([[0], np.cumsum([len(each) for each in nodes])[:-1]]).astype(np.intp)
        together = np.concatenate(nodes)
        leaf = together["is_leaf"].astype(bool)
        offset = np.repeat(root, [len(each) for each in nodes])
        own = np.arange(len(together))
        threshold = np.zeros(len(together))
        for i, edges in enumerate(bins.edges):
            nodes_of = np.flatnonzero(~leaf & (together["feature_idx"] == i))
            # Beyond the last edge there are only missing values; a finite number can be saved as JSON.
            beyond = np.append(edges, np.finfo(float).max)
            last = np.minimum(together["num_threshold"][nodes_of], len(edges)).astype(np.intp)
            threshold[nodes_of] = beyond[last]
        return cls(
            baseline=float(np.ravel(fitted._baseline_prediction)[0]),
            features=int(fitted.n_features_in_),
            root=root,
            feature=np.where(leaf, -1, together["feature_idx"]).astype(np.intp),
            threshold=threshold,
            missing_left=together["missing_go_to_left"].astype(bool),
            left=np.where(leaf, own, together["left"] + offset).astype(np.intp),
            right=np.where(leaf, own, together["right"] + offset).astype(np.intp),
            value=np.where(leaf, together["value"], 0.0),
        )

    def predict(self, features: Array) -> Array:
        """Return the expected count of each row of features (n, k), (n,)."""
        if features.shape[1] != self.features:
            raise AssertionError(f"the trees read {self.features} features, not {features.shape[1]}")
        total = np.full(len(features), self.baseline)
        for start in range(0, len(features), ROWS):
            block = np.asfortranarray(features[start : start + ROWS])
            self._add_values(block, total[start : start + ROWS])
        expected: Array = np.exp(total)
        return expected

    def _add_values(self, block: Array, total: Array) -> None:
        """Add the value of the leaf that each row of a block (n, k) reaches in each tree to its total (n,).

        A node whose comparison fails rules out the leaves on its left; the row is in the first leaf that remains.
        Lucchese et al. (2015), "QuickScorer: A Fast Algorithm to Rank Documents with Additive Ensembles of Regression
        Trees", SIGIR '15, 73-82.
        """
        for tests, values in self._trees:
            left = np.full(len(block), EVERY_LEAF, dtype=np.uint8)
            for feature, threshold, missing_left, others in tests:
                x = block[:, feature]
                goes_left = ~(x > threshold) if missing_left else x <= threshold
                left &= goes_left.view(np.uint8) * EVERY_LEAF | others
            total += values.take(left)  # a fifth of the time of values[left]

    @cached_property
    def _trees(self) -> list[tuple[list[tuple[int, float, bool, np.uint8]], Array]]:
        """Per tree, the comparisons with the leaves that are not on their left, and a value for each set of leaves."""
        return [self._tree(int(root)) for root in self.root]

    def _tree(self, root: int) -> tuple[list[tuple[int, float, bool, np.uint8]], Array]:
        leaves: list[int] = []
        tests = []

        def visit(node: int) -> None:
            if self.feature[node] < 0:
                leaves.append(node)
                if len(leaves) > MOST_LEAVES:
                    raise InvalidModelFile(f"a tree has more than {MOST_LEAVES} leaves; fit again and save.")
                return
            first = len(leaves)
            visit(int(self.left[node]))
            on_left = (1 << len(leaves)) - (1 << first)
            test = (int(self.feature[node]), float(self.threshold[node]), bool(self.missing_left[node]))
            tests.append((*test, np.uint8(int(EVERY_LEAF) & ~on_left)))
            visit(int(self.right[node]))

        visit(root)
        values = self.value[leaves]
        return tests, np.append(0.0, values[np.minimum(FIRST_LEAF, len(leaves) - 1)])

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
        _ = trees._trees  # refuses a tree with too many leaves
        return trees

    @staticmethod
    def _arrays() -> tuple[str, ...]:
        return ("root", "feature", "threshold", "missing_left", "left", "right", "value")
