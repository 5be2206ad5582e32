"""A log as it was known at each cutoff: what cleaning learns later reaches no forecast; which actuals count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.forecasting.blend import BLENDS

CUTOFF = "1997-09-30"
OPTIONS = {
    "amount": "amount",
    "time_unit": "week",
    "horizons": "26 weeks",
    "cutoffs": [CUTOFF],
    "sampled": 300,
    "draws": 40,
}
RULES = clv.CleaningRules(outliers="winsorize", outlier_times=4)


def lines_of(log):
    return pd.DataFrame(
        {
            "customer_id": log["customer_id"],
            "date": log["date"] + " 12:00",  # at noon, so that rows of the day of the cutoff are known
            "amount": log["amount"],
            "product": "cd",
        }
    )


def snapshots_of(lines):
    return lambda day: clv.clean(lines, amount="amount", product="product", rules=RULES, until=day)


@pytest.fixture(scope="module")
def lines():
    return lines_of(clv.datasets.load_cdnow(sample=True))


@pytest.fixture(scope="module")
def poisoned(lines):
    """The log with half of the orders before the cutoff returned after it, and with very large orders later."""
    sold = lines[(lines["date"] <= CUTOFF) & (lines["amount"] > 0)]
    back = sold.iloc[::2].assign(date="1997-10-20", amount=lambda table: -table["amount"])
    large = sold.iloc[::3].assign(date="1997-11-20", amount=9_999.0)
    return pd.concat([lines, back, large], ignore_index=True)


@pytest.mark.acceptance
def test_what_cleaning_learns_after_a_cutoff_reaches_no_forecast(lines, poisoned):
    models, spend = [clv.BGNBD(), clv.NBD()], clv.GammaGamma()
    check = clv.backtest(snapshots_of(lines), models, spend, **OPTIONS)
    other = clv.backtest(snapshots_of(poisoned), models, spend, **OPTIONS)
    mine, theirs = check.at(CUTOFF), other.at(CUTOFF)
    for name in ("parameters", "quantities", "spend_histogram"):
        assert theirs[name].equals(mine[name]), name
    forecasters = {"boosted_trees", *(name for name, _ in BLENDS.values()), "hiatus", "last_period"}
    assert forecasters <= set(mine["customers"]["forecaster"])
    for name in ("customer_id", "forecaster", "expected"):  # a log score depends on what happened later
        assert theirs["customers"][name].equals(mine["customers"][name]), name
    assert list(theirs["scores"]["predicted"]) == list(mine["scores"]["predicted"])
    for name in ("lower", "upper"):
        assert list(theirs["totals"][name]) == list(mine["totals"][name])
    assert other.certificates == check.certificates
    # The added rows do count as actual values.
    assert theirs["scores"]["actual"].iloc[-1] > 2 * mine["scores"]["actual"].iloc[-1]
    assert check.facts["log"] == "as_known"

    whole = clv.clean(poisoned, amount="amount", product="product", rules=RULES).transactions
    ahead = clv.backtest(whole, models, spend, **OPTIONS, boosted_trees=False)
    assert ahead.facts["log"] == "fixed"
    assert not ahead.at(CUTOFF)["parameters"].equals(mine["parameters"])  # cleaned as a whole, the log leaks


@pytest.mark.slow
def test_a_log_that_cleaning_never_revises_gives_the_same_tables(lines):
    options = OPTIONS | {"boosted_trees": False}
    rules = clv.CleaningRules(zero_amounts="keep")
    whole = clv.clean(lines, amount="amount", rules=rules).transactions
    one = clv.backtest(whole, clv.NBD(), **options)
    other = clv.backtest(lambda day: whole[whole["date"] <= f"{day} 23:59"], clv.NBD(), **options)
    for name in one.tables():
        left, right = (getattr(table, name).drop(columns="seconds", errors="ignore") for table in (one, other))
        pd.testing.assert_frame_equal(left, right)


@pytest.mark.slow
def test_the_holdout_period_counts_purchases_after_refunds():
    """By hand: a partial refund, a full refund, a customer without any purchase left, a refund of an older order."""
    lines = pd.DataFrame(
        [
            ("ann", "2024-01-01", 10.0),
            ("ann", "2024-01-08", 12.0),
            ("ann", "2024-02-05", 20.0),
            ("ann", "2024-02-07", -5.0),  # of the order of 5 February, which is worth 15
            ("bob", "2024-01-02", 30.0),
            ("bob", "2024-02-06", 40.0),
            ("bob", "2024-02-08", -40.0),  # the only purchase of the holdout period, refunded
            ("cat", "2024-01-03", 50.0),
            ("cat", "2024-02-09", -50.0),  # cat's only purchase
            ("dan", "2024-01-04", 60.0),
            ("dan", "2024-01-20", 70.0),
            ("dan", "2024-02-09", -10.0),  # of a purchase before the cutoff: counts nowhere
            ("eve", "2024-02-03", 80.0),  # first seen after the cutoff
        ],
        columns=["customer_id", "date", "amount"],
    )
    split = clv.holdout_split(
        lambda day: clv.clean(lines, amount="amount", until=day),
        amount="amount",
        calibration_end="2024-01-31",
        holdout_end="2024-02-09",
    )
    assert split.calibration.customer_id.to_list() == ["ann", "bob", "cat", "dan"]
    assert split.calibration.frequency.tolist() == [1, 0, 0, 1]
    assert split.past_spend.tolist() == [22, 30, 50, 130]
    assert split.purchases.tolist() == [1, 0, 0, 0]
    assert split.spend.tolist() == [15, 0, 0, 0]
    assert (split.new_customers, split.new_purchases, split.new_spend) == (1, 1, 80)
    assert split.activity[1].sum() == 4
    assert split.activity[2].sum() == 3
    assert clv.validate(split, clv.NBD()).scores["actual"].iloc[0] == 1


@pytest.mark.slow
def test_a_log_with_later_rows_is_refused(lines):
    with pytest.raises(
        InvalidOption, match=r"log\('1997-09-30'\) returned rows up to 1998-06-30, which were not known"
    ):
        clv.backtest(lambda day: lines[lines["amount"] >= 0], clv.NBD(), **OPTIONS)


@pytest.mark.slow
def test_a_log_without_its_last_day_is_reported(lines):
    """Comparing times with a date as text drops all rows of that date, here of the day of the cutoff."""
    first = lines[lines["amount"] >= 0]
    options = OPTIONS | {"boosted_trees": False}
    check = clv.backtest(lambda day: first[first["date"] <= day], clv.NBD(), **options)
    assert [finding.text for finding in check.findings] == [
        f"The log as known on {CUTOFF} has no row of that day, but the log as known now has: were these rows left out?"
    ]
    assert not clv.backtest(snapshots_of(lines), clv.NBD(), **options).findings


@pytest.mark.slow
def test_ids_of_another_type_on_another_day_are_refused(lines):
    """For example, the CSV file of one day has no customer "A17" yet, and that of another day has."""
    texts = lines[lines["amount"] >= 0].assign(customer_id=lambda log: log["customer_id"].astype(str))

    def log(day):
        snapshot = texts[texts["date"] <= f"{day} 23:59"]
        return snapshot.astype({"customer_id": int}) if day == CUTOFF else snapshot

    with pytest.raises(InvalidTransactions, match=r"ids are Int64 in .* and String in .*: use one type"):
        clv.backtest(log, clv.NBD(), **OPTIONS)


@pytest.mark.slow
def test_cleaning_until_a_day_equals_cleaning_the_rows_up_to_it(lines, poisoned):
    """The argument may be a day, an hour or a date."""
    until = clv.clean(poisoned, amount="amount", rules=RULES, until=pd.Timestamp(CUTOFF).date())
    before = clv.clean(lines[lines["date"] < "1997-10-01"], amount="amount", rules=RULES)
    assert until.transactions.equals(before.transactions.reset_index(drop=True))
    assert until.ledger.equals(before.ledger)
    for hour, rows in (("1997-09-30T11", 0), ("1997-09-30T12", 1)):
        some = clv.clean(lines, amount="amount", until=hour).transactions
        assert bool(rows) == bool(np.any(some["date"].astype(str).str[:10] == CUTOFF))
    with pytest.raises(InvalidOption, match="until="):
        clv.clean(lines, amount="amount", until="yesterday")
