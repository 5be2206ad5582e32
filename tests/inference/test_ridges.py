"""Ridges: corrections to draws of the parameters where the likelihood is not close to normal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clvmodels.datasets import load_cdnow
from clvmodels.estimators.purchases import BGNBD, MBGNBD
from clvmodels.inference.fitting import maximize
from clvmodels.inference.objective import Objective, Prior
from clvmodels.inference.ridges import SampledSurface, find_ridge
from clvmodels.inference.statistics import CountedRows, counted_rows
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.processes.mbgnbd import PROCESS, Parameters
from clvmodels.transactions.summary import rfm_summary

FREE = np.array([True, True])
TRUTH = Parameters(0.5, 6.0, 0.9, 1.6)


class Banana:
    """A normal density bent along a parabola: -(x^2 + (y - bend x^2)^2 / 0.25) / 2."""

    def __init__(self, bend):
        self.bend = bend

    def __call__(self, u):
        off = u[1] - self.bend * u[0] ** 2
        value = -0.5 * (u[0] ** 2 + off**2 / 0.25)
        return value, np.array([-u[0] + off / 0.25 * 2 * self.bend * u[0], -off / 0.25])

    def hessian(self, u, free, gradient=None):
        steps = 1e-6 * np.eye(2)
        hessian = np.array([(self(u + step)[1] - self(u - step)[1]) / 2e-6 for step in steps])
        return 0.5 * (hessian + hessian.T)


class Plateau:
    """A likelihood that falls without end to the right, but by at most a half to the left."""

    def __call__(self, u):
        left = u[0] < 0
        value = np.expm1(-(u[0] ** 2)) / 2 if left else -0.5 * u[0] ** 2
        return value, np.array([-u[0] * np.exp(-(u[0] ** 2)) if left else -u[0]])

    def hessian(self, u, free, gradient=None):
        return np.array([[-1.0 if u[0] >= 0 else np.exp(-(u[0] ** 2)) * (2 * u[0] ** 2 - 1)]])


def histories(seed, customers=1_000):
    generator = np.random.default_rng([3, seed])
    T = np.rint(generator.uniform(27 * 7, 39 * 7, customers))
    history = PROCESS.simulate(TRUTH._replace(alpha=42.0), T, generator)
    t_x = np.where(history.x > 0, np.maximum(np.rint(history.t_x), 1.0), 0.0)
    return counted_rows([history.x, np.minimum(t_x, T) / 7, T / 7], [1, 7, 7]), float(np.mean(T)) / 7


def test_a_normal_has_no_ridge():
    flat = Banana(0.0)
    assert find_ridge(flat, np.zeros(2), flat.hessian(np.zeros(2), FREE), FREE) is None


def test_a_fit_without_free_coordinates_has_no_ridge():
    assert find_ridge(Banana(0.5), np.zeros(2), np.zeros((2, 2)), ~FREE) is None


def test_a_ridge_is_followed_around_its_bend():
    banana = Banana(0.3)
    ridge = find_ridge(banana, np.zeros(2), banana.hessian(np.zeros(2), FREE), FREE)
    # A point may miss the ridge by 0.001 of log-likelihood, a fortieth of a standard error (0.5) across it.
    along = np.linspace(-2, 2, 9)
    added = ridge.offset(along)
    assert np.sign(ridge.axis[0]) * added[0] == pytest.approx(np.zeros(9), abs=0.03)
    assert added[1] == pytest.approx(0.3 * along**2, abs=0.06)
    assert np.all(np.diff(ridge.places) > 0)
    assert ridge.places[0] <= -3
    assert ridge.places[-1] >= 3


def test_draws_go_far_along_a_flat_ridge():
    free, start = np.array([True]), np.zeros(1)
    ridge = find_ridge(Plateau(), start, -np.eye(1), free)
    sign = np.sign(ridge.axis[0])
    # The left side never falls by more than a half, one standard error, so the ridge is followed to its end at 12.
    drawn = sign * (ridge.axis[0] * np.array([-2.9, 2.0]) + ridge.offset(np.array([-2.9, 2.0]))[0])
    assert np.min(drawn) < -8
    assert np.max(drawn) == pytest.approx(2.0, abs=0.05)


def test_positions_on_a_ridge_match_the_likelihood():
    rows, unit = histories(0)
    fit = maximize(PROCESS, rows, unit)
    objective = Objective(PROCESS, rows.columns, rows.counts, unit, Prior(np.zeros(4), np.zeros(4)))
    (ridge,) = fit.ridges
    for place, bend in zip(ridge.places, ridge.bends, strict=True):
        u = fit.coordinates + ridge.axis * place + bend
        if np.max(np.abs(u)) < 10:
            # Up to rounding, because the point was found in other axes.
            assert fit.log_likelihood - objective(u)[0] == pytest.approx(place**2 / 2, abs=1e-6)


def test_a_sampled_surface_has_the_curvature_of_all_rows():
    rows, unit = histories(1, 3_000)
    fit, prior = maximize(PROCESS, rows, unit), Prior(np.zeros(4), np.zeros(4))
    some = CountedRows(tuple(column[::3] for column in rows.columns), rows.counts[::3])
    share = float(np.sum(some.counts) / np.sum(rows.counts))
    surface = SampledSurface(
        Objective(PROCESS, some.columns, some.counts, unit, prior), share, fit.coordinates, fit.hessian, fit.free
    )
    assert surface(fit.coordinates)[1] == pytest.approx(np.zeros(4), abs=1e-9)
    assert surface.hessian(fit.coordinates, fit.free) == pytest.approx(fit.hessian, rel=1e-9)
    step = 1e-4 * np.array([1.0, -1.0, 2.0, 0.5])
    slope = (surface(fit.coordinates + step)[0] - surface(fit.coordinates - step)[0]) / 2
    curved = (surface(fit.coordinates + step)[1] - surface(fit.coordinates - step)[1]) / 2
    assert slope == pytest.approx(0, abs=1e-6)
    assert curved == pytest.approx(fit.hessian @ step, rel=1e-4, abs=1e-3)


def test_many_customers_need_no_ridge():
    """With the same histories ten thousand times, the likelihood is normal within the range of draws."""
    rows, unit = histories(2)
    many = CountedRows(rows.columns, rows.counts * 10_000)
    few, fit = maximize(PROCESS, rows, unit), maximize(PROCESS, many, unit)
    assert len(few.ridges) == 1
    assert fit.ridges == ()


@pytest.mark.slow
def test_draws_do_not_depend_on_unit_or_order():
    log = load_cdnow(sample=True)
    weeks = rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    days = rfm_summary(log, time_unit="day", observation_end="1997-09-30")
    one, other = MBGNBD().fit(weeks), MBGNBD().fit(days)
    in_weeks = draw_parameters(one.process, one.fit_, 200, 0)
    in_days = draw_parameters(other.process, other.fit_, 200, 0)
    in_days[1] /= 7
    # The maxima agree to 1e-7 standard errors; the points of the ridge, found by a few steps, to about as much.
    assert in_days == pytest.approx(in_weeks, rel=1e-4)
    shuffled = MBGNBD().fit(weeks[np.random.default_rng(0).permutation(len(weeks))])
    assert np.array_equal(draw_parameters(shuffled.process, shuffled.fit_, 200, 0), in_weeks)


@pytest.mark.slow
def test_the_summary_follows_the_ridge():
    rfm = rfm_summary(load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    model = BGNBD().fit(rfm)
    summary, profile = model.summary(0.9), model.profile_intervals(rfm, 0.9)
    model.fit_ = replace(model.fit_, ridges=())
    normal = model.summary(0.9)
    assert summary["standard_error"].to_numpy() == pytest.approx(normal["standard_error"].to_numpy(), rel=1e-12)
    # b is the least precise and skewed to the right; drawn ends are accurate to 0.02 standard errors.
    assert summary.loc["b", "upper"] > 1.02 * normal.loc["b", "upper"]
    for end in ("lower", "upper"):
        assert summary[end].to_numpy() == pytest.approx(profile[end].to_numpy(), rel=0.06)


@pytest.mark.acceptance
@pytest.mark.slow
def test_coverage_where_the_likelihood_is_not_normal():
    """Mean P(alive) of 1,000 customers under MBG/NBD: a small version of the study in tests/benchmarks."""
    covered = {"ridge": 0, "normal": 0}
    bases = 60
    for seed in range(bases):
        rows, unit = histories(seed)
        fit = maximize(PROCESS, rows, unit)
        truth = float(PROCESS.probability_alive(TRUTH, *rows.columns) @ rows.counts) / rows.customers
        for name, candidate in (("ridge", fit), ("normal", replace(fit, ridges=()))):
            p = Parameters(*draw_parameters(PROCESS, candidate, 400, seed)[:, :, None])
            alive = PROCESS.probability_alive(p, *rows.columns) @ rows.counts / rows.customers
            lower, upper = np.quantile(alive, [0.05, 0.95])
            covered[name] += lower <= truth <= upper
    # 90 % less two of its binomial standard deviations; the study of 300 bases found 88 and 81 %.
    assert covered["ridge"] >= 0.82 * bases
    assert covered["ridge"] >= covered["normal"]
