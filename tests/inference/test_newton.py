"""Newton steps on functions whose maximum is known."""

from __future__ import annotations

import numpy as np

from clvmodels.inference.newton import Box, Point, is_on_hill, refine

BOX = Box(np.array([-np.inf, -16.0]), np.array([np.inf, 16.0]))


class Falling:
    """-(u0 - 1)^2 - exp(u1): highest at u0 = 1, and at the lower limit of u1, toward which it is nearly flat."""

    evaluations = 0

    def __call__(self, u):
        self.evaluations += 1
        return -((u[0] - 1) ** 2) - np.exp(u[1]), np.array([-2 * (u[0] - 1), -np.exp(u[1])])

    def hessian(self, u, free, gradient=None):
        return np.diag([-2.0, -np.exp(u[1])]) * np.outer(free, free)


def test_a_search_jumps_to_the_limit_that_the_likelihood_rises_toward():
    surface, start = Falling(), np.array([0.0, -6.0])
    top = refine(surface, start, surface.hessian(start, np.ones(2, dtype=bool)), BOX)
    assert top.u.tolist() == [1.0, -16.0]
    assert top.free.tolist() == [True, False]
    assert surface.evaluations < 6  # Newton's steps along u1 have a length of 1


def test_a_search_does_not_jump_to_a_limit_that_is_lower():
    def surface(u):  # a maximum at u1 = -8, before the limit
        return -((u[0] - 1) ** 2) - (u[1] + 8) ** 2, np.array([-2 * (u[0] - 1), -2 * (u[1] + 8)])

    class Curved:
        def __call__(self, u):
            return surface(u)

        def hessian(self, u, free, gradient=None):
            return -2.0 * np.diag(free.astype(float))

    top = refine(Curved(), np.array([0.0, -6.0]), -2.0 * np.eye(2), BOX)
    assert top.u.tolist() == [1.0, -8.0]


def point(*u):
    return Point(np.array(u), 0.0, np.zeros(len(u)), np.zeros((len(u), len(u))), np.ones(len(u), dtype=bool))


def test_points_near_the_same_limit_are_on_one_hill():
    assert is_on_hill(point(0.1, -6.0), point(0.2, -12.0))
    assert not is_on_hill(point(0.1, -6.0), point(0.2, 12.0))
    assert not is_on_hill(point(0.1, -3.0), point(0.2, -12.0))
    assert not is_on_hill(point(0.1, -6.0), point(0.7, -12.0))
    assert not is_on_hill(point(0.1, -6.0), None)
