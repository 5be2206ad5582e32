"""Tails of the negative binomial distribution, each from the one before."""

import itertools

import numpy as np
from scipy.special import betainc

from clvmodels.processes.negative_binomial import negative_binomial_tails


def test_tails_are_incomplete_beta_functions():
    """Also where no purchase at all is too unlikely for a number: a rate of 3,000 of which e^-2079 is left."""
    shape, z = np.array([0.3, 0.9, 12.0, 300.0, 3_000.0]), np.array([2.0, 0.0, 0.5, 0.1, 1.0])
    tails = list(itertools.islice(negative_binomial_tails(shape, z), 3_200))
    for k in (0, 1, 7, 40, 2_900, 3_000, 3_100):
        # 1e-16 for each term taken from the tail
        assert np.allclose(tails[k], betainc(k + 1, shape, z / (1 + z)), rtol=0, atol=1e-12)
