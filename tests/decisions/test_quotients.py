"""Quotients that are missing where the divisor is 0."""

from __future__ import annotations

import numpy as np

from clvmodels.decisions.quotients import quotient


def test_a_divisor_of_0_gives_a_missing_quotient_without_a_warning():
    assert np.array_equal(quotient([1.0, 0.0, -2.0], [2.0, 0.0, 0.0]), [0.5, np.nan, np.nan], equal_nan=True)


def test_whole_numbers_and_shapes_broadcast():
    assert quotient(np.array([[1], [2]]), 4).tolist() == [[0.25], [0.5]]
