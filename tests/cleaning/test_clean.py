"""Cleaning: one log by hand, properties of the ledger for any log, and the errors raised."""

from __future__ import annotations

import json
from fractions import Fraction

import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.cleaning.ledger import COLUMNS, UNITS, with_current_codes
from clvmodels.cleaning.ledger_rules import CODE_OF_PHRASE, CODES, KEPT, ROWS_IN, SET_ASIDE_RULES, describe_rule
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.log import LARGEST_AMOUNT

LINES = {
    "customer_id": "who",
    "date": "when",
    "order_id": "order",
    "product": "code",
    "quantity": "pieces",
    "price": "each",
}
ROWS = [
    ("anna", "2024-01-01 10:00", "1", "tee", 2, 9.99),
    ("anna", "2024-01-01 10:00", "1", "mug", 1, 10.0),
    ("anna", "2024-01-01 10:00", "1", "mug", 1, 10.0),  # the line above, exactly
    ("anna", "2024-01-01 10:00", "1", "POST", 1, 5.0),
    ("anna", "2024-01-05 10:00", "C2", "tee", -1, 9.99),  # one of the two
    ("bert", "2024-01-02 10:01", "3", "jar", 74215, 1.04),
    ("bert", "2024-01-02 10:17", "C4", "jar", -74215, 1.04),  # cancelled within minutes
    ("cleo", "2024-01-03 09:00", "C5", "mug", -1, 10.0),  # of a purchase before the log began
    ("cleo", "2024-01-04 09:00", "6", "hat", 1, 30.0),
    ("cleo", "2024-01-06 09:00", "C7", "cap", -1, 500.0),  # of something she did not buy
    ("cleo", "2024-01-07 09:00", "8", "gift", 1, 0.0),
    (None, "2024-01-08 09:00", "9", "hat", 1, 30.0),
    ("test@shop", "2024-01-08 09:00", "10", "hat", 1, 30.0),
    ("dora", "2024-01-09 09:00", "11", "hat", 1, None),
    ("dora", "2024-01-10 09:00", "12", "hat", 2, 30.0),
    ("dora", "2024-01-11 09:00", "12", "hat", -3, 30.0),  # one more than the order had
]
RULES = clv.CleaningRules(non_products=["POST"], internal_pattern="@shop$", refund_prefix="C")


def log_of(rows=ROWS):
    return pl.DataFrame(rows, schema=list(LINES.values()), orient="row")


def cleaned(log=None, rules=RULES, **options):
    return clv.clean(log_of() if log is None else log, **(LINES | options), rules=rules)


def ledger_of(result):
    """Return rows, changed rows and money by rule, rounded because of float division."""
    return {rule: (e.rows, e.changed, round(e.units / UNITS, 6)) for rule, e in result.entries.items()}


def adds_up_exactly(result):
    entries = dict(result.entries)
    came, rest = entries.pop(ROWS_IN), entries.values()
    netted = ("refund_netted", "purchase_reversed", "purchase_reduced")
    return (
        came.rows == sum(entry.rows for entry in rest)
        and came.units == sum(entry.units for entry in rest)
        and (result.rules.refunds != "net" or sum(entries[rule].units for rule in netted if rule in entries) == 0)
    )


# ---- one log by hand ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_log_by_hand():
    result = cleaned()
    assert ledger_of(result) == {
        "rows_in": (16, 0, -415.01),
        "no_customer_id": (1, 0, 30),
        "no_amount": (1, 0, 0),
        "internal_account": (1, 0, 30),
        "non_product": (1, 0, 5),
        "exact_duplicate": (1, 0, 10),
        "refund_netted": (3, 0, -77253.59),
        "refund_beyond_purchase": (0, 1, -30),
        "refund_before_purchase": (1, 0, -10),
        "refund_unmatched": (1, 0, -500),
        "purchase_reversed": (2, 0, 77183.6 + 60),
        "purchase_reduced": (0, 1, 9.99),
        "zero_amount": (1, 0, 0),
        "merged_into_order": (1, 0, 0),
        "order_id_reused": (0, 0, 0),
        "order_spans_weeks": (0, 0, 0),
        "outlier_flagged": (0, 0, 0),
        "kept": (2, 0, 49.99),
    }
    assert adds_up_exactly(result)
    assert result.transactions.drop("date").rows() == [("anna", "1", 19.99, False), ("cleo", "6", 30.0, False)]
    assert result.set_aside.height == 13
    assert result.ledger.columns.tolist() == list(COLUMNS)
    reversed_ = result.ledger.set_index("rule")["example"]["purchase_reversed"]
    assert reversed_ == "customer bert, order 3, jar, 2024-01-02 10:01:00, 77,183.60"


@pytest.mark.slow
def test_transactions_can_be_summarized():
    rfm = clv.rfm_summary(cleaned().transactions, amount="amount", include_first_transaction=True)
    assert rfm.customer_id.to_list() == ["anna", "cleo"]
    assert rfm.monetary_value.tolist() == [19.99, 30.0]


@pytest.mark.slow
def test_refunds_may_be_dropped_or_kept():
    dropped = cleaned(rules=clv.CleaningRules(refunds="drop"))
    assert ledger_of(dropped)["refund_dropped"][0] == 5
    assert dropped.transactions["amount"].max() == 77183.6
    unchanged = cleaned(rules=clv.CleaningRules(refunds="keep"))
    assert unchanged.transactions["amount"].min() == -77183.6
    assert adds_up_exactly(dropped)
    assert adds_up_exactly(unchanged)


@pytest.mark.slow
def test_a_prefix_makes_a_refund_of_a_positive_amount_and_names_the_order():
    log = pl.DataFrame({
        "customer_id": [1, 1, 1, 1],
        "date": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"],
        "order_id": ["7", "8", "R7", "RX"],
        "amount": [50.0, 50.0, 50.0, 20.0],
    })  # fmt: skip
    rules = clv.CleaningRules(refund_prefix="R")
    result = clv.clean(log, order_id="order_id", amount="amount", rules=rules)
    # R7 names order 7, though 8 is later; RX names none, and the latest order of at least 20 is 8.
    assert result.transactions.select("order_id", "amount").rows() == [("8", 30.0)]


@pytest.mark.slow
def test_statuses_mark_void_rows_and_refunds():
    log = pl.DataFrame({
        "customer_id": [1, 1, 1],
        "date": ["2024-01-01", "2024-01-02", "2024-01-03"],
        "status": ["Paid", " CANCELLED ", "Refund"],
        "amount": [50.0, 70.0, 50.0],
    })  # fmt: skip
    result = clv.clean(log, status="status", amount="amount", rules=clv.CleaningRules(refund_statuses=["refund"]))
    assert ledger_of(result)["void_status"] == (1, 0, 70.0)
    assert ledger_of(result)["purchase_reversed"] == (1, 0, 50.0)
    assert len(result.transactions) == 0


@pytest.mark.slow
def test_refunds_stated_on_the_order():
    log = pl.DataFrame({
        "customer_id": [1, 2, 3],
        "date": ["2024-01-01"] * 3,
        "amount": [100.0, 100.0, 100.0],
        "given_back": [30.0, 100.0, 120.0],
    })  # fmt: skip
    result = clv.clean(log, amount="amount", refunded="given_back")
    assert result.transactions.select("customer_id", "amount").rows() == [(1, 70.0)]
    assert ledger_of(result)["rows_in"] == (3, 0, 50.0)
    assert ledger_of(result)["refund_beyond_purchase"] == (0, 1, -20.0)
    assert adds_up_exactly(result)


@pytest.mark.slow
def test_free_lines_of_a_refunded_order_are_set_aside():
    rows = [(1, "2024-01-01", "a", "hat", 1, 9.0), (1, "2024-01-01", "a", "pin", 1, 0.0)]
    refund = (1, "2024-01-02", "b", "hat", -1, 9.0)
    rules = clv.CleaningRules(zero_amounts="keep")
    assert cleaned(log_of(rows), rules).transactions["amount"].to_list() == [9.0]
    assert len(cleaned(log_of([*rows, refund]), rules).transactions) == 0


@pytest.mark.slow
def test_equal_purchases_without_an_order_id_are_not_duplicates():
    log = pl.DataFrame({"customer_id": [1, 1], "date": ["2024-01-01"] * 2, "amount": [5.0, 5.0]})
    assert len(clv.clean(log, amount="amount").transactions) == 2
    assert len(clv.clean(log, amount="amount", rules=clv.CleaningRules(duplicates="drop")).transactions) == 1


@pytest.mark.slow
def test_a_row_that_differs_in_any_column_is_not_a_duplicate():
    rows = log_of([ROWS[1], ROWS[1]])
    assert ledger_of(cleaned(rows))["exact_duplicate"][0] == 1
    assert ledger_of(cleaned(rows.with_columns(note=pl.Series(["a", "b"]))))["exact_duplicate"][0] == 0


@pytest.mark.slow
def test_outliers_are_flagged_and_only_winsorized_on_request():
    log = pl.DataFrame({"customer_id": range(9), "date": ["2024-01-01"] * 9, "amount": [10.0] * 8 + [5000.0]})
    flagged = clv.clean(log, amount="amount").transactions
    assert flagged.filter("outlier")["amount"].to_list() == [5000.0]
    result = clv.clean(log, amount="amount", rules=clv.CleaningRules(outliers="winsorize", outlier_times=20))
    assert result.transactions["amount"].to_list() == [10.0] * 8 + [200.0]
    assert ledger_of(result)["outlier_flagged"] == (0, 1, 0)
    assert ledger_of(result)["outlier_winsorized"] == (0, 1, 4800.0)
    assert adds_up_exactly(result)
    unchanged = clv.clean(log, amount="amount", rules=clv.CleaningRules(outliers="keep"))
    assert unchanged.transactions.columns == ["customer_id", "date", "amount"]


@pytest.mark.slow
def test_a_log_without_money():
    log = pl.DataFrame({"customer_id": [1, 1, None], "date": ["2024-01-01"] * 3})
    result = clv.clean(log)
    assert result.transactions.columns == ["customer_id", "date"]
    assert result.ledger["money"].isna().all()
    assert ledger_of(result)["kept"][0] == 2


@pytest.mark.slow
def test_several_currencies_are_refused_unless_there_is_a_rate():
    log = pl.DataFrame({
        "customer_id": [1, 1],
        "date": ["2024-01-01"] * 2,
        "amount": [5.0, 5.0],
        "currency": ["EUR", "USD"],
        "rate": [1.1, 1.0],
    })  # fmt: skip
    with pytest.raises(InvalidTransactions, match=r"2 currencies: EUR \(1 rows\), USD \(1 rows\)"):
        clv.clean(log, amount="amount", currency="currency")
    result = clv.clean(log, amount="amount", currency="currency", rate="rate")
    assert sorted(result.transactions["amount"]) == [5.0, 5.5]
    with pytest.raises(InvalidTransactions, match=r"1 of 2 rows has no exchange rate above 0 in 'rate'"):
        clv.clean(log.with_columns(rate=pl.Series([None, 1.0])), amount="amount", currency="currency", rate="rate")


# ---- properties for any log --------------------------------------------------------------------------------

MONEY = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, 9.99, -9.99, 20.0, -20.0, 1e12, -1e12, 0.0078125, -0.0078125]),
    st.floats(-1e12, 1e12),
)


@st.composite
def wild_logs(draw):
    """Few customers, orders and products, so that rows interact; amounts of any size."""
    size = draw(st.integers(1, 12))

    def column(values):
        return draw(st.lists(values, min_size=size, max_size=size))

    log = pl.DataFrame(
        {
            "customer_id": column(st.sampled_from(["a", "b", None])),
            "date": column(st.sampled_from(["2024-01-01", "2024-01-02", "2024-01-03 10:00"])),
            "order_id": column(st.sampled_from(["1", "2", "C1", None])),
            "product": column(st.sampled_from(["tee", "mug", "POST", None])),
            "amount": column(MONEY),
            "refunded": column(st.one_of(st.none(), st.sampled_from([0.0, 9.99, 5.0]))),
            "status": column(st.sampled_from(["paid", "cancelled", None])),
            "note": column(st.sampled_from(["x", "y"])),
        },
        schema_overrides={
            "customer_id": pl.String,
            "order_id": pl.String,
            "product": pl.String,
            "amount": pl.Float64,
            "refunded": pl.Float64,
            "status": pl.String,
        },
    )
    known = log.filter(pl.col("customer_id").is_not_null())
    assume(not len(known) or not (known["status"] == "cancelled").fill_null(False).all())  # such a log is refused
    return log


WILD = {"order_id": "order_id", "product": "product", "amount": "amount", "refunded": "refunded", "status": "status"}
ANY_RULES = st.builds(
    clv.CleaningRules,
    overlaps=st.just("sum"),  # rows of one order in two states are refused otherwise
    refunds=st.sampled_from(["net", "drop", "keep"]),
    duplicates=st.sampled_from(["auto", "drop", "keep"]),
    zero_amounts=st.sampled_from(["set_aside", "keep"]),
    outliers=st.sampled_from(["flag", "winsorize", "keep"]),
    outlier_times=st.sampled_from([1.5, 50.0]),
    refund_prefix=st.sampled_from([None, "C"]),
    non_products=st.sampled_from([[], ["POST"]]),
)


@pytest.mark.slow
@settings(max_examples=40)
@given(wild_logs(), ANY_RULES)
def test_rows_and_money_add_up(log, rules):
    result = clv.clean(log, **WILD, rules=rules)
    assert adds_up_exactly(result)
    assert result.entries[ROWS_IN].rows == len(log)
    assert result.entries[KEPT].rows == len(result.transactions)
    merged = result.entries["merged_into_order"].rows
    assert len(result.set_aside) == len(log) - len(result.transactions) - merged
    # The money in is that of the log: amounts rounded to millionths, minus the stated refunds.
    stated = [0 if a is None else millionths(a) for a in log["amount"]]
    if rules.refund_prefix is not None:
        prefixed = log["order_id"].str.starts_with("C").fill_null(False)
        stated = [-abs(a) if p else a for a, p in zip(stated, prefixed, strict=True)]
    back = [0 if b is None else millionths(b) for b in log["refunded"]]
    assert result.entries[ROWS_IN].units == sum(stated) - sum(back)


def millionths(amount):
    """Return the nearest whole millionth, halves rounded away from 0."""
    exact = abs(Fraction(amount)) * UNITS
    whole = int(exact + Fraction(1, 2))
    # The package scales the fraction as a float, which may round values very close to a half the other way.
    nearly = amount != int(amount) and abs(exact - int(exact) - Fraction(1, 2)) < Fraction(1, 10**6)
    if nearly:
        fraction = abs(amount) % 1.0
        whole = int(abs(amount)) * UNITS + int(fraction * UNITS + 0.5)
    return whole if amount >= 0 else -whole


@pytest.mark.slow
@settings(max_examples=20)
@given(wild_logs(), ANY_RULES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(log, rules, random):
    rows = log.rows()
    random.shuffle(rows)
    one = clv.clean(log, **WILD, rules=rules)
    other = clv.clean(pl.DataFrame(rows, schema=log.schema, orient="row"), **WILD, rules=rules)
    assert one.transactions.equals(other.transactions)
    assert one.set_aside.equals(other.set_aside)
    pd.testing.assert_frame_equal(one.ledger, other.ledger)


@pytest.mark.slow
@settings(max_examples=25)
@given(wild_logs(), ANY_RULES.filter(lambda rules: rules.refunds != "keep" or rules.zero_amounts == "keep"))
def test_cleaning_twice_changes_nothing(log, rules):
    once = clv.clean(log, **WILD, rules=rules).transactions
    assume(all(abs(amount) <= LARGEST_AMOUNT for amount in once["amount"]))  # larger amounts cannot be read again
    again = clv.clean(once, order_id="order_id", amount="amount", rules=clv.CleaningRules(**same(rules)))
    changed = again.transactions
    assert changed.equals(once)
    assert len(again.set_aside) == 0


def same(rules):
    """Return the rules that do not need columns that cleaning removes."""
    names = ("refunds", "zero_amounts", "outliers", "outlier_times")
    return {name: getattr(rules, name) for name in names}


@pytest.mark.slow
@settings(max_examples=10)
@given(wild_logs(), ANY_RULES)
def test_partitions_of_the_customers_do_not_matter(log, rules):
    whole = clv.clean(log, **WILD, rules=rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clvmodels.cleaning.reading.ROWS_PER_PARTITION", 2)
        parts = clv.clean(log, **WILD, rules=rules)
    keys = ["customer_id", "date", "order_id"]
    pd.testing.assert_frame_equal(whole.ledger, parts.ledger)
    for name in ("transactions", "set_aside"):
        one, other = getattr(whole, name), getattr(parts, name)
        order = [*keys, *(column for column in one.columns if column not in keys)]
        assert one.sort(order).equals(other.sort(order))


# ---- engines -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_engine_gives_the_same(engine, given_in):
    log = log_of().with_columns(pl.col("when").str.to_datetime("%Y-%m-%d %H:%M"))
    result, expected = cleaned(given_in(log, engine)), cleaned()
    pd.testing.assert_frame_equal(result.ledger, expected.ledger)
    for name in ("transactions", "set_aside"):
        got = polars_of(getattr(result, name))
        dates = "date" if name == "transactions" else "when"
        got = got.with_columns(pl.col(dates).cast(pl.Datetime("us")))
        assert got.sort(got.columns).equals(getattr(expected, name).sort(got.columns))


def polars_of(frame):
    """Return a frame of any engine as a polars frame."""
    if isinstance(frame, pd.DataFrame):
        return pl.from_pandas(frame)
    native = frame.to_pyarrow() if hasattr(frame, "to_pyarrow") else frame
    return native if isinstance(native, pl.DataFrame) else pl.DataFrame(native)


# ---- errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"when": "1.2.2024"}, r"15 of 16 rows have a date in 'when' that cannot be read as YYYY-MM-DD"),
        ({"when": "0014-01-01"}, r"have a date in 'when' outside 1900 to 2200"),
        ({"each": 1e12}, r"an amount beyond 1e\+12"),
        ({"each": float("inf")}, r"an amount beyond 1e\+12"),
    ],
)
def test_rows_that_cannot_be_cleaned_are_refused(change, words):
    rules = clv.CleaningRules()
    columns = [pl.lit(value).alias(name) for name, value in change.items()]
    log = log_of().with_columns(*columns, who=pl.lit("a"))
    with pytest.raises(InvalidTransactions, match=words):
        cleaned(log, rules)


@pytest.mark.slow
def test_rows_set_aside_may_have_unreadable_values():
    log = log_of([(None, "soon", "1", "tee", 1, 1.0), ROWS[0]])
    assert ledger_of(cleaned(log))["kept"][0] == 1


def test_numbers_with_points_and_commas_are_refused(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text('customer_id,date,amount\n1,2024-01-01,"1,000.50"\n1,2024-01-02,"9,99"\n')
    with pytest.raises(InvalidTransactions, match=r"'1,000\.50' .* has a decimal point, and '9,99'"):
        clv.clean(path, amount="amount")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"refunds": "ignore"}, "refunds='ignore' is not one of 'net', 'drop', 'keep'"),
        ({"non_products": "POST"}, "must be a list of strings"),
        ({"internal_pattern": "("}, "is not a valid regular expression"),
        ({"refund_prefix": ""}, "every order a refund"),
        ({"outlier_times": 1}, "finite number above 1"),
    ],
)
def test_invalid_rules_are_refused(options, words):
    with pytest.raises(InvalidOption, match=words):
        clv.CleaningRules(**options)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"amount": "each"}, "but not both"),
        ({"quantity": None}, "price= needs quantity="),
        ({"price": None}, "quantity= alone is not an amount of money"),
        ({"rate": "each"}, "rate= needs currency="),
    ],
)
def test_contradicting_columns_are_refused(columns, words):
    with pytest.raises(InvalidOption, match=words):
        cleaned(**columns)


@pytest.mark.parametrize("role", ["order_id", "product", "status"])
def test_a_rule_without_its_column_is_refused(role):
    rules = {
        "order_id": {"refund_prefix": "C"},
        "product": {"non_products": ["POST"]},
        "status": {"refund_statuses": ["x"]},
    }
    columns = {name: column for name, column in LINES.items() if name != role}
    with pytest.raises(InvalidOption, match=f"name it with {role}="):
        clv.clean(log_of(), **columns, rules=clv.CleaningRules(**rules[role]))


@pytest.mark.slow
def test_missing_ids_may_be_refused():
    with pytest.raises(InvalidTransactions, match=r"1 of 16 rows has no customer id in 'who'.*missing_id"):
        cleaned(rules=clv.CleaningRules(missing_id="raise"))


# ---- files and pages ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_ledger_and_the_rows_set_aside_can_be_written(tmp_path):
    result = cleaned()
    result.to_json(tmp_path / "ledger.json")
    result.write_set_aside(tmp_path / "aside.csv")
    written = json.loads((tmp_path / "ledger.json").read_text())
    assert clv.CleaningRules(**written["rules"]) == RULES
    assert [entry["rule"] for entry in written["ledger"]] == result.ledger["rule"].tolist()
    assert pl.read_csv(tmp_path / "aside.csv").columns == [*LINES.values(), "reason"]


@pytest.mark.slow
def test_every_rule_has_a_code_and_a_description():
    assert set(cleaned().entries) <= set(CODES)
    assert {*SET_ASIDE_RULES, *CODE_OF_PHRASE.values()} <= set(CODES)
    assert describe_rule("refund_netted") == "refund netted"
    assert describe_rule(KEPT) == "kept"
    descriptions = [describe_rule(code) for code in CODES]
    assert len(set(descriptions)) == len(descriptions)


@pytest.mark.slow
def test_a_ledger_of_version_0_1_0_gets_codes():
    ledger = cleaned().ledger
    phrases = {code: phrase for phrase, code in CODE_OF_PHRASE.items()}
    old = ledger.drop(columns="description").assign(rule=[phrases.get(rule, rule) for rule in ledger["rule"]])
    assert old["rule"].tolist() != ledger["rule"].tolist()
    pd.testing.assert_frame_equal(with_current_codes(old), ledger)
    pd.testing.assert_frame_equal(with_current_codes(ledger), ledger)


@pytest.mark.slow
def test_a_notebook_shows_a_table():
    log = log_of([("<b>", "2024-01-01", "1", "tee", 1, 0.0)])
    page = cleaned(log, clv.CleaningRules())._repr_html_()
    assert page.count("<tr>") == 4  # header, rows in, zero amount, kept: rules that matched no row are left out
    assert "&lt;b&gt;" in page
    assert "Cleaned: 1 row became 0 transactions" in repr(cleaned(log, clv.CleaningRules()))


# ---- faults of logs ----------------------------------------------------------------------------------------


def test_ids_that_missing_values_turned_into_floats_are_integers():
    log = pd.DataFrame({"customer_id": [7.0, None, 12.0], "date": ["2024-01-01"] * 3, "amount": [1.0, 2.0, 3.0]})
    result = clv.clean(log, amount="amount")
    assert result.transactions["customer_id"].tolist() == [7, 12]
    assert ledger_of(result)["no_customer_id"] == (1, 0, 2.0)


def test_codes_that_missing_values_turned_into_floats_are_text():
    log = pd.DataFrame({
        "customer_id": [7, 7, 7],
        "date": ["2024-01-01"] * 3,
        "order_id": [11.0, 11.0, None],
        "product": [5.0, 6.0, None],
        "amount": [1.0, 2.0, 3.0],
    })  # fmt: skip
    rules = clv.CleaningRules(non_products=["6"])
    result = clv.clean(log, order_id="order_id", product="product", amount="amount", rules=rules)
    assert result.transactions["amount"].tolist() == [1.0, 3.0]
    assert result.transactions["order_id"].tolist()[0] == "11"


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical])
def test_a_prefix_works_for_any_type_of_id(dtype):
    log = pl.DataFrame(
        {"customer_id": [1, 1], "date": ["2024-01-01"] * 2, "order_id": ["7", "R7"], "amount": [5.0, 5.0]}
    )
    log = log.with_columns(pl.col("order_id").cast(dtype))
    rules = clv.CleaningRules(refund_prefix="R")
    assert len(clv.clean(log, order_id="order_id", amount="amount", rules=rules).transactions) == 0


@pytest.mark.slow
def test_a_file_with_a_byte_order_mark_leading_zeros_and_a_quoted_newline(tmp_path):
    path = tmp_path / "log.csv"
    rows = 'customer_id,date,order_id,amount,note\n007,2024-01-01,1,5.00,"two\nlines"\n08,2024-01-01,01,6.00,\n'
    path.write_bytes(b"\xef\xbb\xbf" + rows.encode())
    result = clv.clean(path, order_id="order_id", amount="amount")
    assert result.transactions.select("customer_id", "order_id", "amount").rows() == [
        ("007", "1", 5.0),
        ("08", "01", 6.0),
    ]


@pytest.mark.slow
def test_empty_columns():
    log = pl.DataFrame({"customer_id": [1, 2], "date": ["2024-01-01"] * 2, "amount": [None, None]})
    assert ledger_of(clv.clean(log, amount="amount"))["no_amount"][0] == 2
    nobody = log.with_columns(customer_id=None, amount=1.0)
    result = clv.clean(nobody, amount="amount")
    assert ledger_of(result)["no_customer_id"] == (2, 0, 2.0)
    assert len(result.transactions) == 0


def test_customers_with_refunds_only():
    log = pl.DataFrame({"customer_id": [1, 1], "date": ["2024-01-01"] * 2, "amount": [-5.0, -6.0]})
    result = clv.clean(log, amount="amount")
    assert ledger_of(result)["refund_before_purchase"] == (2, 0, -11.0)
    assert len(result.transactions) == 0


def test_the_largest_allowed_amounts():
    log = pl.DataFrame({"customer_id": [1] * 12, "date": ["2024-01-01"] * 12, "amount": [1e12] * 11 + [-1e12]})
    result = clv.clean(log, amount="amount")
    assert len(result.transactions) == 10
    assert result.entries[KEPT].units == 10 * 10**18
    assert adds_up_exactly(result)


def test_a_log_without_rows():
    log = pl.DataFrame(schema={"customer_id": pl.Int64, "date": pl.Date, "order_id": pl.String, "amount": pl.Float64})
    result = clv.clean(log, order_id="order_id", amount="amount")
    assert (len(result.transactions), len(result.set_aside)) == (0, 0)
    assert adds_up_exactly(result)


@pytest.mark.slow
def test_timestamps_with_a_zone_fall_on_the_day_of_the_calendar(engine, given_in):
    log = pl.DataFrame({"customer_id": [1], "date": ["2024-01-01 03:30:00"], "amount": [5.0]}).with_columns(
        pl.col("date").str.to_datetime().dt.replace_time_zone("UTC")
    )
    result = clv.clean(given_in(log, engine), amount="amount", time_zone="America/New_York")
    assert str(polars_of(result.transactions)["date"][0]) == "2023-12-31 22:30:00"
