"""Edges: one-sided uncertainty of parameters at a limit, and other maxima of the likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import halfnorm

import clvmodels as clv
from clvmodels.inference.edges import find_edges
from clvmodels.inference.fitting import maximize
from clvmodels.inference.newton import Box
from clvmodels.inference.statistics import counted_rows
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.processes.nbd import PROCESS as NBD
from clvmodels.processes.pareto_nbd import PROCESS, Parameters

WEAK = Parameters(0.55, 10.5, 0.25, 60.0)  # one customer in nine leaves within 39 weeks
DRAWS = 4_000


class Slope:
    """A likelihood that falls by `loss` exp(u0) from the limit of u0 inward; u1 is best at `pull` exp(u0)."""

    def __init__(self, loss, pull):
        self.loss, self.pull = loss, pull

    def __call__(self, u):
        e = np.exp(u[0])
        off = u[1] - self.pull * e
        return -self.loss * e - 0.5 * off**2, np.array([-self.loss * e + off * self.pull * e, -off])


BOX = Box(np.array([-16.0, -np.inf]), np.array([16.0, np.inf]))
HESSIAN = np.diag([0.0, -1.0])
AT_LIMIT = np.array([False, True])


def test_an_edge_ends_where_the_likelihood_ratio_equals_that_of_noise():
    (edge,) = find_edges(Slope(loss=50.0, pull=3.0), np.array([-16.0, 0.0]), HESSIAN, AT_LIMIT, BOX)
    noise = np.linspace(0.5, 2.5, 9)
    inward, other = edge.offset(noise)
    expected = np.log(noise**2 / 2 / 50.0) + 16.0
    # Between points, whose distance is at most one standard error, the position is interpolated.
    assert inward == pytest.approx(expected, abs=0.1)
    assert other == pytest.approx(3.0 * np.exp(inward - 16.0), abs=0.05)
    assert edge.offset(-noise) == pytest.approx(0.0, abs=1e-12)
    assert np.all(edge.offset(np.array([9.0])) == edge.offset(np.array([edge.places[-1]])))


def test_an_upper_limit_has_an_edge_to_the_other_side():
    class Mirrored(Slope):
        def __call__(self, u):
            value, gradient = super().__call__(u * [-1, 1])
            return value, gradient * [-1, 1]

    (edge,) = find_edges(Mirrored(50.0, 3.0), np.array([16.0, 0.0]), HESSIAN, AT_LIMIT, BOX)
    inward, _ = edge.offset(np.array([-2.0, 2.0]))
    assert inward[0] == pytest.approx(-np.log(2 / 50.0) - 16.0, abs=0.1)
    assert inward[1] == pytest.approx(0.0, abs=1e-12)


def test_a_likelihood_that_does_not_fall_has_no_edge():
    assert find_edges(Slope(loss=0.0, pull=0.0), np.array([-16.0, 0.0]), HESSIAN, AT_LIMIT, BOX) == ()


def test_a_coordinate_that_is_not_identified_has_an_edge_to_both_sides():
    class Valley(Slope):
        """Flat within 4 of 0, and falling on both sides."""

        def __call__(self, u):
            beyond = max(abs(u[0]) - 4.0, 0.0)
            return -0.5 * beyond**2 - 0.5 * u[1] ** 2, np.array([-np.sign(u[0]) * beyond, -u[1]])

    (edge,) = find_edges(Valley(0.0, 0.0), np.zeros(2), HESSIAN, AT_LIMIT, BOX)
    assert edge.offset(np.array([-2.0, -1.0, 1.0, 2.0]))[0] == pytest.approx([-6.0, -5.0, 5.0, 6.0], abs=0.3)


# ---- fits --------------------------------------------------------------------------------------------------


def histories(seed, customers=300):
    """Return columns (x, t_x, T) in weeks of customers of whom few leave."""
    generator = np.random.default_rng([77, seed])
    T = np.round(generator.uniform(27, 39, customers) * 7) / 7
    history = PROCESS.simulate(WEAK, T, generator)
    return history.x, history.t_x, T


def fit_to(columns):
    return maximize(PROCESS, counted_rows(columns), float(np.mean(columns[2])))


@pytest.fixture(scope="module")
def boundary():
    """A base whose likelihood rises to beta = 0: some customers leave at once, and hardly any later."""
    columns = histories(2)
    return columns, fit_to(columns)


@pytest.mark.slow
def test_beta_near_zero_is_a_named_boundary(boundary):
    columns, fit = boundary
    assert fit.status == "boundary"
    assert fit.findings[0].code == "fit-some-leave-at-once"
    assert fit.findings[0].figures == {"parameter": "s/beta"}
    # Without a limit the search ended at beta = 2e-18 weeks, where the likelihood is higher by 0.07.
    assert fit.log_likelihood == pytest.approx(-1835.0332, abs=0.1)
    assert fit.parameters["beta"] > 1e-9
    assert all(np.all(np.isfinite(values)) for values in PROCESS.quantities(Parameters(**fit.parameters)).values())
    drawn = Parameters(*draw_parameters(PROCESS, fit, 200, 0)[:, :, None])
    assert np.all(np.isfinite(PROCESS.expected_purchases(drawn, 39.0, *columns)))


@pytest.mark.slow
def test_half_of_the_draws_leave_the_limit_as_far_as_the_likelihood_allows():
    generator = np.random.default_rng(7)
    T = generator.uniform(27, 39, 300)
    history = NBD.simulate(NBD.Parameters(0.55, 10.5), T, generator)
    columns = history.x, history.t_x, T
    fit = fit_to(columns)
    assert fit.findings[0].code == "fit-no-dropout-nbd"
    stuck = replace(fit, edges=())
    drawn, before = draw_parameters(PROCESS, fit, DRAWS, 0), draw_parameters(PROCESS, stuck, DRAWS, 0)
    rate = drawn[2] / drawn[3]
    at_limit = np.isclose(rate, fit.parameters["s"] / fit.parameters["beta"], rtol=1e-6)
    # Four standard errors of a share of 4,000 draws.
    assert np.mean(at_limit) == pytest.approx(0.5, abs=0.032)
    assert np.all(np.ptp(before[2] / before[3]) < 1e-12 * before[2] / before[3] + 1e-12)
    # How far the log-likelihood, maximized over the other parameters, falls: half the square of a half-normal variable.
    (edge,) = fit.edges
    assert edge.coordinate == 3
    for z in halfnorm.ppf([0.5, 0.9]):
        u = fit.coordinates + edge.offset(np.array([z]))[:, 0]
        p = Parameters(*PROCESS.parametrization.parameters_at(u, fit.unit))
        fall = fit.log_likelihood - float(np.sum(PROCESS.log_likelihood(p, *columns)))
        assert fall == pytest.approx(z**2 / 2, abs=0.15)  # interpolated between points


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "higher"),
    [(17, (-0.32, 0.72, -4.45, 16.0)), (18, (-0.30, 0.70, -4.34, 16.0))],
)
def test_the_start_with_customers_who_leave_at_once_finds_the_higher_maximum(seed, higher):
    """The other starts ended .29 and .54 lower, at a maximum with little dropout at any time."""
    columns = histories(seed)
    fit = fit_to(columns)
    p = Parameters(*PROCESS.parametrization.parameters_at(np.array(higher), fit.unit))
    assert fit.log_likelihood >= float(np.sum(PROCESS.log_likelihood(p, *columns))) - 1e-9


@pytest.mark.slow
def test_another_maximum_that_is_almost_as_high_is_reported():
    columns = histories(17)
    fit = fit_to(columns)
    (other,) = fit.other_maxima
    assert 0.2 < other.difference < 0.7
    at_other = float(np.sum(PROCESS.log_likelihood(Parameters(**other.parameters), *columns)))
    assert fit.log_likelihood - at_other == pytest.approx(other.difference, abs=1e-9)
    assert fit.findings[-1].code == "fit-other-maximum"
    assert f"{other.difference:.2f} lower" in fit.message


@pytest.mark.slow
def test_one_maximum_is_not_reported_twice():
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    fit = clv.ParetoNBD().fit(rfm).fit_
    assert fit.other_maxima == fit.edges == ()
    assert [finding.code for finding in fit.findings] == ["fit-converged"]


# ---- models ------------------------------------------------------------------------------------------------


def rfm_of(columns, **attributes):
    x, t_x, T = columns
    frame = {"customer_id": range(len(x)), "frequency": x.astype(int), "recency": t_x, "T": T, **attributes}
    return clv.RFM.from_frame(pd.DataFrame(frame), time_unit="week")


@pytest.mark.slow
def test_edges_and_other_maxima_are_saved_with_the_model(tmp_path):
    rfm = rfm_of(histories(17))
    model = clv.CustomerModel(clv.ParetoNBD()).fit(rfm)
    model.save(tmp_path / "model.json")
    again = clv.load(tmp_path / "model.json").purchases
    assert len(again.fit_.edges) == len(model.purchases.fit_.edges) > 0
    assert again.fit_.other_maxima == model.purchases.fit_.other_maxima
    assert again.fit_.findings == model.purchases.fit_.findings
    here, there = (m.expected_purchases(rfm, 39, interval=0.9, by="total") for m in (model.purchases, again))
    assert here.equals(there)


@pytest.mark.slow
def test_groups_keep_their_edges_and_other_maxima():
    two = [np.concatenate(pair) for pair in zip(histories(0), histories(17), strict=True)]
    rfm = rfm_of(two, country=np.repeat(["A", "B"], 300))
    model = clv.ParetoNBD(by="country", smallest_group=100).fit(rfm)
    alone = clv.ParetoNBD().fit(rfm_of(histories(17)))
    assert [edge.coordinate for edge in model.fit_.edges] == [edge.coordinate + 4 for edge in alone.fit_.edges]
    (other,) = model.fit_.other_maxima
    assert other.group == "B"
    assert list(other.parameters) == ["r[B]", "alpha[B]", "s[B]", "beta[B]"]
    assert {finding.figures["group"] for finding in model.fit_.findings} == {"B"}
    assert "B: " in model.fit_.message


def total_interval(fit, columns):
    """Return the 90 % interval of the expected purchases of all customers within 39 weeks."""
    p = Parameters(*draw_parameters(PROCESS, fit, 100, 1)[:, :, None])
    return np.quantile(PROCESS.expected_purchases(p, 39.0, *columns).sum(axis=1), [0.05, 0.95])


@pytest.mark.slow
def test_the_interval_of_a_total_holds_with_edges_where_it_misses_without():
    """A fit without variation of dropout, in a base where it varies: customers who stay are sure to stay long."""
    columns = histories(9)
    fit = fit_to(columns)
    assert fit.findings[0].code == "fit-dropout-equal"
    truth = float(PROCESS.expected_purchases(WEAK, 39.0, *columns).sum())
    stuck, (lower, upper) = total_interval(replace(fit, edges=()), columns), total_interval(fit, columns)
    assert stuck[1] < truth
    assert lower <= truth <= upper
    assert upper > stuck[1]
