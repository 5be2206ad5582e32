"""The table of errors of totals, and the variances that are estimated from it."""

from __future__ import annotations

import csv
import math
from importlib import resources

import numpy as np
import pytest

from clvmodels.errors import InvalidOption
from clvmodels.inference.totals.reference_class import estimate_class, reference_class, reference_shops

PROCESSES = ("bgnbd", "mbgnbd", "pareto_nbd")


def table():
    text = resources.files("clvmodels.inference.totals").joinpath("total_errors.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def simulate(generator, shops, variance, growth, horizons=(28, 56, 91, 182), cutoffs=12, own=1e-4):
    """Return rows of a table whose errors are independent, with a variance that grows with the horizon."""
    rows = []
    for shop in range(shops):
        for days in horizons:
            deviation = math.sqrt(variance * (days / 91) ** growth + own)
            for i in range(cutoffs):
                day = str(np.datetime64("2020-01-01") + i * days)
                names = {"shop": f"shop {shop}", "log": f"log {shop}", "process": "bgnbd", "cutoff": day}
                error = generator.normal(0, deviation)
                rows.append(names | {"horizon_days": days, "log_error": error, "chance": own, "parameters": 0.0})
    return rows


def test_every_error_is_that_of_its_totals():
    for row in table():
        half = 0.5 * float(row["order_value"])
        error = math.log((float(row["actual"]) + half) / (float(row["expected"]) + half))
        assert float(row["log_error"]) == pytest.approx(error, abs=1e-4)  # errors have four decimals
        assert float(row["chance"]) > 0
        assert float(row["parameters"]) > 0
        assert int(row["customers"]) > 0


def test_the_sample_of_cdnow_is_not_another_shop():
    assert {row["shop"] for row in table() if row["log"] in ("cdnow", "cdnow_sample")} == {"cdnow"}
    assert reference_shops("purchases") == ("apparel", "cdnow", "complete_journey", "grocery", "uci_online_retail")
    assert reference_shops("money") == ("apparel", "cdnow", "complete_journey", "uci_online_retail")


def test_the_table_has_every_process_horizon_and_quantity():
    rows = table()
    assert {row["process"] for row in rows} == set(PROCESSES)
    assert {row["horizon_days"] for row in rows} == {"28", "56", "91", "182", "365"}
    assert not [row for row in rows if row["shop"] == "grocery" and row["quantity"] == "money"]  # it has no amounts


@pytest.mark.parametrize("quantity", ["purchases", "money"])
@pytest.mark.parametrize("process", PROCESSES)
def test_totals_of_other_shops_are_off_by_ten_to_thirty_percent(process, quantity):
    reference = reference_class(quantity, process)
    assert 0.08 < math.sqrt(reference.variance(91)) < 0.3
    assert reference.longest_days == 365
    assert reference.degrees_of_freedom == len(reference.shops)


@pytest.mark.slow
def test_a_process_that_is_not_in_the_table_gets_the_errors_of_all():
    assert reference_class("purchases", "nbd") == reference_class("purchases")
    assert reference_class("purchases").process is None


@pytest.mark.slow
def test_the_errors_of_a_mean_of_processes_are_the_means_of_their_errors():
    rows = [row for row in table() if row["quantity"] == "purchases"]
    one, other = ([row for row in rows if row["process"] == process] for process in ("bgnbd", "mbgnbd"))
    names = ("log_error", "chance", "parameters")
    means = [
        {**row} | {name: (float(row[name]) + float(twin[name])) / 2 for name in names}
        for row, twin in zip(one, other, strict=True)
    ]
    both = reference_class("purchases", ("mbgnbd", "bgnbd"))
    assert both == estimate_class(means, "purchases", "bgnbd+mbgnbd")
    assert reference_class("purchases", ["bgnbd", "nbd"]) == reference_class("purchases", "bgnbd")


@pytest.mark.slow
def test_a_shop_that_is_left_out_has_no_influence():
    rows = [row for row in table() if (row["quantity"], row["process"]) == ("purchases", "bgnbd")]
    others = [row for row in rows if row["shop"] != "grocery"]
    assert reference_class("purchases", "bgnbd", without=["grocery"]) == estimate_class(others, "purchases", "bgnbd")


@pytest.mark.slow
def test_shops_count_equally_however_many_cutoffs_they_have():
    rows = [row for row in table() if (row["quantity"], row["process"]) == ("purchases", "bgnbd")]
    copies = [row for row in rows if row["shop"] == "cdnow"]
    once, more = (estimate_class(each, "purchases", "bgnbd") for each in (rows, rows + 3 * copies))
    assert (more.usual_variance, more.growth, more.shops) == (once.usual_variance, once.growth, once.shops)


@pytest.mark.acceptance
def test_simulated_variances_are_estimated():
    reference = estimate_class(simulate(np.random.default_rng(5), 50, 0.02, 0.5), "purchases", None)
    # 50 shops with 48 errors each: the standard error of the variance is 3 %, that of the power .05.
    assert reference.usual_variance == pytest.approx(0.02, rel=0.1)
    assert reference.growth == pytest.approx(0.5, abs=0.15)
    assert reference.longest_days == 182


@pytest.mark.slow
def test_errors_no_larger_than_chance_leave_no_variance():
    reference = estimate_class(simulate(np.random.default_rng(6), 40, 0.0, 0.0, own=0.01), "purchases", None)
    assert math.sqrt(reference.variance(91)) < 0.03  # an estimate of a variance cannot be negative: not quite 0


def test_too_few_shops_and_unknown_quantities_are_refused():
    with pytest.raises(InvalidOption, match=r"1 shops without .*; at least 2 are needed"):
        reference_class("money", without=["cdnow", "apparel", "complete_journey"])
    with pytest.raises(InvalidOption, match="quantity='orders' is not one of 'purchases', 'money'"):
        reference_class("orders")
