"""How segments differ from all customers, by column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.decisions.clustering.segment_features import SegmentColumn

__all__ = ["distinctions", "segment_profile"]

DISTINCTIONS = 2  # differences named in the summary
SMALLEST_DIFFERENCE = 0.2  # from all customers, in standard deviations, that the summary names


def segment_profile(
    columns: list[SegmentColumn], segment: npt.NDArray[np.intp], names: tuple[str, ...]
) -> pd.DataFrame:
    """Return one row per segment and column or level of an attribute, the largest difference first.

    Returns
    -------
    DataFrame
        segment, column, level (of an attribute), mean (of a level, the share of the customers), mean_of_all,
        difference (of the scaled column from all customers, in standard deviations).
    """
    size = np.bincount(segment, minlength=len(names))
    parts = []
    for column in columns:
        levels = column.levels if column.scaled.shape[1] else ()
        for place, level in enumerate(levels or (None,)):
            values = (column.values == place).astype(float) if levels else column.values.astype(float)
            scaled = column.scaled[:, place] if column.scaled.shape[1] else np.zeros(len(values))
            deviation = float(scaled.std())
            means, scaled_means = (
                np.bincount(segment, each, minlength=len(names)) / np.maximum(size, 1) for each in (values, scaled)
            )
            difference = (scaled_means - scaled.mean()) / deviation if deviation > 0 else np.zeros(len(names))
            part = {"segment": names, "column": column.name, "level": level, "mean": means}
            parts.append(pd.DataFrame(part | {"mean_of_all": values.mean(), "difference": difference}))
    table = pd.concat(parts, ignore_index=True)
    number = table["segment"].map({name: place for place, name in enumerate(names)})
    order = np.lexsort((-table["difference"].abs().round(12), number))
    return table.iloc[order].reset_index(drop=True)


def distinctions(profile: pd.DataFrame, names: tuple[str, ...]) -> dict[str, list[str | None]]:
    """Return the largest differences of each segment, such as "high lifetime_value": sets_apart_1, sets_apart_2."""
    result: dict[str, list[str | None]] = {f"sets_apart_{place + 1}": [] for place in range(DISTINCTIONS)}
    for name in names:
        rows = profile[(profile["segment"] == name) & (profile["difference"].abs() >= SMALLEST_DIFFERENCE)]
        first = rows.head(DISTINCTIONS)
        parts = zip(first["column"], first["level"], first["difference"], strict=True)
        texts: list[str | None] = [_text(*part) for part in parts]
        for place, column in enumerate(result.values()):
            column.append(texts[place] if place < len(texts) else None)
    return result


def _text(column: str, level: str | None, difference: float) -> str:
    """Return how a segment differs in one column, as text."""
    if isinstance(level, str):
        return f"{'more' if difference > 0 else 'fewer'} {column}={level}"
    return f"{'high' if difference > 0 else 'low'} {column}"
