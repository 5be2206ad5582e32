"""Experiments: reproducible groups, an effect with an interval that holds, and the size that this needs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.cli import main
from clvmodels.decisions.experiments.estimator import adjusted_difference, relevant
from clvmodels.decisions.experiments.looks import critical_values
from clvmodels.errors import InvalidOption, InvalidTable


def targets(n=400, seed=0):
    generator = np.random.default_rng(seed)
    value = generator.gamma(0.5, 20, n)
    tier = np.where(value > np.quantile(value, 0.8), "A", "B")
    return pd.DataFrame({"customer_id": np.arange(n) + 1, "value": value, "tier": tier, "account": np.arange(n) // 3})


def outcomes(assigned, effect=0.0, seed=1):
    generator = np.random.default_rng(seed)
    spend = assigned["value"] * generator.gamma(2, 0.5, len(assigned))
    return pd.DataFrame(
        {"customer_id": assigned["customer_id"], "spend": spend + effect * (assigned["group"] == "treated")}
    )


@pytest.mark.slow
@settings(max_examples=25)
@given(st.permutations(range(60)), st.floats(0.05, 0.95))
def test_groups_do_not_depend_on_the_order_of_rows(order, control):
    table = targets(60)
    first = clv.assign_experiment(table, name="spring", control=control, strata="tier").frame()
    second = clv.assign_experiment(table.iloc[order], name="spring", control=control, strata="tier").frame()
    pd.testing.assert_series_equal(
        first.set_index("customer_id")["group"], second.set_index("customer_id")["group"].sort_index()
    )
    shares = (first["group"] == "control").groupby(first["stratum"]).agg(["sum", "size"])
    assert ((shares["sum"] - control * shares["size"]).abs() <= 1).all()
    assert shares["sum"].between(1, shares["size"] - 1).all()


def test_another_name_draws_other_groups():
    groups = [clv.assign_experiment(targets(), name=name).frame()["group"] for name in ("spring", "fall")]
    assert 0.4 < (groups[0] == groups[1]).mean() < 0.6


def test_customers_of_an_account_are_treated_together_and_counted_once():
    table = targets(300)
    assigned = clv.assign_experiment(table, name="spring", unit="account", keep="value").frame()
    assert (assigned.groupby("unit")["group"].nunique() == 1).all()
    read = clv.read_experiment(assigned, outcomes(assigned), outcome="spend", adjust="value")
    assert len(read.units) == 100
    assert read.table[["treated", "control"]].iloc[0].tolist() == [50, 50]
    with pytest.raises(InvalidTable, match="another 'tier' than others of their unit"):
        clv.assign_experiment(table, name="spring", unit="account", strata="tier")


def test_late_customers_are_a_stratum_and_earlier_ones_stay():
    table = targets(200)
    before = clv.assign_experiment(table[:150], name="spring", strata="tier")
    after = clv.assign_experiment(table, name="spring", strata="tier", earlier=before.frame())
    groups = after.frame()
    assert groups["group"][:150].tolist() == before.frame()["group"].tolist()
    assert (groups["stratum"] == "(late)").tolist() == [False] * 150 + [True] * 50
    assert "experiment-late" in [finding.code for finding in after.findings]
    alone = clv.assign_experiment(table[::-1], name="spring", strata="tier", earlier=before.frame()).frame()
    assert alone.set_index("customer_id")["group"].loc[200] == groups.set_index("customer_id")["group"].loc[200]


def test_small_strata_are_one():
    table = targets(100).assign(tier=["X", "Y", "Z", "W"] + ["A"] * 96)
    assigned = clv.assign_experiment(table, name="spring", strata="tier")
    assert assigned.frame()["stratum"].value_counts().to_dict() == {"A": 96, "(small strata)": 4}


def test_without_covariates_the_effect_is_the_difference_of_means_with_its_usual_error():
    generator = np.random.default_rng(3)
    outcome, treated = generator.gamma(1, 5, 50), generator.permutation(50) < 20
    difference = adjusted_difference(outcome, treated, np.zeros((50, 0)))
    groups = outcome[treated], outcome[~treated]
    assert difference.effect == pytest.approx(groups[0].mean() - groups[1].mean(), rel=1e-12)
    # HC2 is then the sum of unbiased variances of the means (MacKinnon & White 1985).
    assert difference.standard_error**2 == pytest.approx(sum(np.var(g, ddof=1) / len(g) for g in groups), rel=1e-12)


def test_the_adjusted_effect_is_that_of_the_weighted_regression():
    """Rows times the square root of their weights, by the textbook's formulas: 30 of 80 treated, and two strata."""
    generator = np.random.default_rng(4)
    n = 80
    treated, columns = generator.permutation(n) < 30, generator.normal(size=(n, 2))
    stratum = (np.arange(n) % 3 == 0).astype(float)[:, None]
    outcome = 1 + treated * (2 + columns[:, 0]) + columns @ [3.0, -1.0] + generator.normal(size=n) * (1 + treated)
    centered, strata = columns - columns.mean(axis=0), stratum - stratum.mean()
    root = np.sqrt(np.where(treated, 50 / 30, 30 / 50))
    design = np.column_stack([np.ones(n), treated, centered, strata, strata * treated[:, None]]) * root[:, None]
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ (outcome * root)
    residual = outcome * root - design @ coefficients
    leverage = np.sum(design @ inverse * design, axis=1)
    covariance = inverse @ (design.T * (residual**2 / (1 - leverage))) @ design @ inverse
    both = relevant(np.column_stack([columns, stratum]), treated)
    difference = adjusted_difference(outcome, treated, both[:, :2], both[:, 2:])
    assert difference.effect == pytest.approx(coefficients[1], rel=1e-10)
    assert difference.standard_error == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-10)


def test_strata_alone_give_the_mean_of_their_differences():
    """Post-stratification: each stratum's difference of means counts by its size, whatever its share of controls."""
    generator = np.random.default_rng(5)
    stratum = np.repeat([0, 1], [60, 40])
    treated = np.concatenate([generator.permutation(60) < 30, generator.permutation(40) < 10])
    outcome = generator.gamma(2, 5, 100) + treated * (1 + 3 * stratum)
    differences = [outcome[treated & (stratum == k)].mean() - outcome[~treated & (stratum == k)].mean() for k in (0, 1)]
    columns = relevant(stratum[:, None].astype(float), treated)
    difference = adjusted_difference(outcome, treated, np.zeros((100, 0)), columns)
    assert difference.effect == pytest.approx(0.6 * differences[0] + 0.4 * differences[1], rel=1e-10)


@pytest.mark.slow
def test_in_large_groups_sharing_slopes_costs_no_precision():
    """Slopes differ between groups of 20 and 80 %: the regression within each group is the best one can do."""
    generator = np.random.default_rng(6)
    n = 2_000
    column = generator.normal(size=n)
    untreated = column + generator.normal(size=n)
    effects: dict[str, list[float]] = {"shared": [], "within": [], "plain": []}
    for _ in range(300):
        treated = generator.permutation(n) < n // 5
        outcome = untreated + treated * 3 * column
        effects["shared"].append(adjusted_difference(outcome, treated, relevant(column[:, None], treated)).effect)
        fits = [np.polyfit(column[group] - column.mean(), outcome[group], 1)[1] for group in (treated, ~treated)]
        effects["within"].append(fits[0] - fits[1])
        effects["plain"].append(adjusted_difference(outcome, treated, np.zeros((n, 0))).effect)
    spread = {name: float(np.std(values)) for name, values in effects.items()}
    assert spread["shared"] == pytest.approx(spread["within"], rel=0.03)
    assert spread["shared"] < 0.5 * spread["plain"]


@pytest.mark.slow
@settings(max_examples=25)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_shifts_and_scales_of_covariates_change_nothing(shift, scale):
    assigned = clv.assign_experiment(targets(80), name="spring", keep="value").frame()
    results = outcomes(assigned)
    read = clv.read_experiment(assigned, results, outcome="spend", adjust="value").table
    moved = assigned.assign(value=assigned["value"] * scale + shift)
    other = clv.read_experiment(moved, results, outcome="spend", adjust="value").table
    assert other["effect"][0] == pytest.approx(read["effect"][0], rel=1e-4)


def test_columns_that_say_nothing_new_are_left_out():
    assigned = clv.assign_experiment(targets(80), name="spring", keep="value").frame()
    assigned = assigned.assign(twice=2 * assigned["value"], constant=7.0)
    results = outcomes(assigned)
    effects = [
        clv.read_experiment(assigned, results, outcome="spend", adjust=names).table["effect"][0]
        for names in ("value", ["value", "twice", "constant"])
    ]
    assert effects[0] == pytest.approx(effects[1], rel=1e-9)


@pytest.mark.slow
def test_intervals_hold_without_an_effect_and_with_one():
    """Of 1,000 divisions of the same customers, whose spend is skewed, about 95% of the intervals hold the truth."""
    table, generator = targets(300, seed=5), np.random.default_rng(6)
    spend = table["value"].to_numpy() * generator.gamma(2, 0.5, 300)
    covariates = table[["value"]].to_numpy()
    held, plain = 0, []
    adjusted = []
    for _ in range(1_000):
        treated = generator.permutation(300) < 150
        outcome = spend + treated * 0.3 * spend.mean()
        difference = adjusted_difference(outcome, treated, relevant(covariates, treated))
        lower, upper = difference.interval(0.95)
        held += lower <= 0.3 * spend.mean() <= upper
        adjusted.append(difference.effect)
        plain.append(adjusted_difference(outcome, treated, np.zeros((300, 0))).effect)
    assert 930 <= held <= 975  # 950 plus or minus three standard errors of 6.9
    assert np.std(adjusted) < 0.8 * np.std(plain)


@pytest.mark.slow
def test_critical_values_of_looks_are_those_published():
    # Bounds of the O'Brien-Fleming type at 5%, two-sided, by Reboussin, DeMets, Kim and Lan (2000), "Computations for
    # group sequential boundaries using the Lan-DeMets spending function method", in Controlled Clinical Trials, volume
    # 21. Three decimals are printed.
    looks = np.arange(1, 6) / 5
    assert critical_values(looks, 0.95) == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=6e-4)
    assert critical_values(np.array([1.0]), 0.95) == pytest.approx([1.959964], abs=1e-6)
    # Bounds of the Pocock type, from the documentation of the R package ldbounds (iuse 2).
    assert critical_values(looks, 0.95, "pocock") == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=6e-4)


def test_a_confidence_sequence_holds_at_all_looks_together():
    looks = np.arange(1, 201) / 100  # up to twice the planned time
    critical = critical_values(looks, 0.9, "confidence_sequence")
    half_widths = critical / np.sqrt(looks)
    end = 99
    for other in (0.5, 2.0):  # no other parameter would be narrower at the planned end
        scaled = critical_values(looks * other, 0.9, "confidence_sequence")
        assert critical[end] < scaled[end]
    assert (np.diff(half_widths) < 0).all()
    steps = np.random.default_rng(0).normal(0, 0.1, (4000, 200))
    statistic = np.abs(np.cumsum(steps, axis=1)) / np.sqrt(looks)
    crossed = float(np.mean((statistic > critical).any(axis=1)))
    assert 0.02 < crossed <= 0.1


@pytest.mark.slow
def test_looks_make_intervals_wider():
    assigned = clv.assign_experiment(targets(), name="spring", keep="value").frame()
    results = outcomes(assigned)
    widths = []
    for looks in (None, (0.5,), (0.5, 1.0)):
        table = clv.read_experiment(assigned, results, outcome="spend", looks=looks).table
        widths.append(float(table["upper"][0] - table["lower"][0]))
    assert widths[0] < widths[2] < widths[1]
    wider = clv.read_experiment(assigned, results, outcome="spend", looks=(0.5, 1.0), spending="pocock").table
    assert float(wider["upper"][0] - wider["lower"][0]) > widths[2]
    late = clv.read_experiment(assigned, results, outcome="spend", looks=(1.5,), spending="confidence_sequence").table
    assert float(late["upper"][0] - late["lower"][0]) > widths[0]
    with pytest.raises(InvalidOption, match="spending='pocok' is not one of"):
        clv.read_experiment(assigned, results, outcome="spend", spending="pocok")
    for wrong in ((0.5, 0.5), (1.2,), ("half",), ()):
        with pytest.raises(InvalidOption, match="rising shares of the planned time"):
            clv.read_experiment(assigned, results, outcome="spend", looks=wrong)


def test_parts_are_read_with_the_whole():
    assigned = clv.assign_experiment(targets(), name="spring", strata="tier", keep="value").frame()
    read = clv.read_experiment(assigned, outcomes(assigned, effect=5.0), outcome="spend", adjust="value", by="tier")
    assert read.table["part"].tolist() == ["all", "A", "B"]
    assert (read.table["treated"].iloc[1:].sum(), read.table["control"].iloc[1:].sum()) == (200, 200)
    assert read.table["total_effect"][0] == pytest.approx(200 * read.table["effect"][0])


def test_customers_without_an_outcome_bought_nothing():
    assigned = clv.assign_experiment(targets(), name="spring", keep="value").frame()
    results = outcomes(assigned)
    zero = results.assign(spend=np.where(results.index < 200, results["spend"], 0.0))
    read, short = (clv.read_experiment(assigned, table, outcome="spend") for table in (zero, zero[:200]))
    pd.testing.assert_frame_equal(read.table, short.table)
    assert {finding.code: finding.figures for finding in short.findings}["experiment-absent"] == {"customers": 200}


def test_the_shrunk_effect_lies_between_the_estimate_and_the_prior():
    assigned = clv.assign_experiment(targets(), name="spring", keep="value").frame()
    read = clv.read_experiment(assigned, outcomes(assigned, effect=5.0), outcome="spend", adjust="value")
    estimate, error = read.table["effect"][0], read.table["standard_error"][0]
    assert read.shrunk_effect(prior_deviation=1e9)[0] == pytest.approx(estimate)
    assert read.shrunk_effect(0.0, prior_deviation=error) == pytest.approx((estimate / 2, error / np.sqrt(2)))


@pytest.mark.slow
def test_the_units_needed_show_the_effect_with_the_requested_power():
    generator = np.random.default_rng(8)
    past = pd.DataFrame({"customer_id": range(5_000), "before": generator.gamma(1, 10, 5_000)})
    past["spend"] = past["before"] * generator.gamma(4, 0.25, 5_000)
    design = clv.design_experiment(past, outcome="spend", adjust="before", effect=2.0)
    shown = {}
    for adjusted, needed in zip(design.table["adjusted"], design.table["units_needed"], strict=True):
        shown[adjusted] = 0
        for _ in range(400):
            sample = past.iloc[generator.integers(0, len(past), int(needed))]
            treated = generator.permutation(int(needed)) < needed // 2
            covariates = relevant(sample[["before"]].to_numpy() if adjusted else np.zeros((len(sample), 0)), treated)
            difference = adjusted_difference(sample["spend"].to_numpy() + 2.0 * treated, treated, covariates)
            shown[adjusted] += difference.interval(0.95)[0] > 0
    assert design.table["units_needed"][1] < 0.4 * design.table["units_needed"][0]
    assert all(0.74 <= count / 400 <= 0.86 for count in shown.values()), shown  # .8 plus or minus three standard errors


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"control": 1.0}, InvalidOption, "control=1.0 must be a share between 0 and 1"),
        ({"name": " "}, InvalidOption, "must be a non-empty text"),
        ({"strata": "nothing"}, InvalidTable, "has no column 'nothing'"),
        ({"keep": ["value", "value"]}, InvalidTable, "names a column twice"),
        ({"keep": "tier"}, InvalidTable, "must be numeric"),
    ],
)
def test_bad_input_of_an_assignment_is_refused(change, error, message):
    with pytest.raises(error, match=message):
        clv.assign_experiment(targets(20), **{"name": "spring", **change})


def test_bad_input_of_a_reading_is_refused():
    assigned = clv.assign_experiment(targets(20), name="spring", keep="value").frame()
    results = outcomes(assigned)
    for table, other, message in (
        (assigned, results.assign(customer_id=results["customer_id"] + 1_000), "has none of the 20 customers"),
        (assigned, results.assign(spend=np.nan), "have no 'spend'"),
        (assigned.assign(group="treated"), results, "fewer than 2 units in a group"),
        (assigned.assign(group="new"), results, "must be 'treated' or 'control'"),
    ):
        with pytest.raises(InvalidTable, match=message):
            clv.read_experiment(table, other, outcome="spend")
    with pytest.raises(InvalidOption, match="at least 4, two per group"):
        clv.assign_experiment(targets(3), name="spring")
    with pytest.raises(InvalidTable, match="for all units"):
        clv.design_experiment(targets(30).assign(value=1.0), outcome="value")


def test_the_kind_of_frame_is_returned():
    assigned = clv.assign_experiment(pl.from_pandas(targets(20)), name="spring", keep="value").frame()
    assert isinstance(assigned, pl.DataFrame)
    read = clv.read_experiment(assigned, outcomes(assigned.to_pandas()), outcome="spend", adjust="value")
    assert len(read.units) == 20


@pytest.mark.slow
def test_the_command_line_goes_from_targets_to_an_effect(tmp_path, monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["clv", "experiment", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert not stopped.value.code
        return " ".join(capsys.readouterr().out.split())

    monkeypatch.chdir(tmp_path)
    table = targets(100)
    table.to_csv("targets.csv", index=False)
    table.assign(spend=table["value"] * 1.1).to_csv("past.csv", index=False)
    assert "units show an effect of" in run("design", "past.csv", "--outcome", "spend", "--adjust", "value")
    assert "50 of them in the control group" in run(
        "assign", "targets.csv", "--name", "spring", "--strata", "tier", "--keep", "value"
    )
    outcomes(pd.read_csv("experiment.csv"), effect=4.0).to_csv("later.csv", index=False)
    shown = run("read", "experiment.csv", "later.csv", "--outcome", "spend", "--adjust", "value", "--by", "tier")
    assert "the treatment changed the outcome by" in shown
    assert Path("effects.csv").exists()


def test_a_unit_that_dominates_the_outcome_is_named():
    assigned = clv.assign_experiment(targets(100), name="spring", keep="value").frame()
    results = outcomes(assigned)
    results.loc[results["customer_id"] == results["customer_id"].iloc[3], "spend"] = 50_000.0
    dominated = results["customer_id"].iloc[3]
    for made in (
        clv.read_experiment(assigned, results, outcome="spend"),
        clv.design_experiment(results, outcome="spend"),
    ):
        (finding,) = (each for each in made.findings if each.code == "experiment-one-unit")
        assert finding.figures["unit"] == str(dominated)
    clipped = clv.read_experiment(assigned, results, outcome="spend", winsorize=0.95)
    assert "experiment-one-unit" not in {each.code for each in clipped.findings}


def test_rounding_errors_are_no_effect():
    assigned = clv.assign_experiment(pd.DataFrame({"customer_id": range(100)}), name="spring").frame()
    past = np.random.default_rng(0).gamma(1, 1, 100)
    outcomes = pd.DataFrame({"customer_id": assigned["customer_id"], "same": 1.1, "explained": 3 * past})
    for outcome in ("same", "explained"):
        read = clv.read_experiment(assigned.assign(past=past), outcomes, outcome=outcome, adjust="past")
        row = read.table.iloc[0]
        assert (row["effect"], row["standard_error"], row["lower"], row["upper"]) == (0.0, 0.0, 0.0, 0.0)
