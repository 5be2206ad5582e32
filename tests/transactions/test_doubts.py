"""Ids that are nobody, dates far outside the rest, several currencies, and tables that are not logs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidRFM, InvalidTransactions
from clvmodels.transactions.ids import MISSING_IDS
from clvmodels.transactions.stray_dates import find_stray_dates

CASES = Path(__file__).parents[1] / "cases"  # modeled on public files; people and ids are replaced
NULLS = {"customer_id": "c", "date": "d", "amount": "a"}
WAYS = {
    "path": lambda path: path,
    "polars": pl.read_csv,
    "pandas": pd.read_csv,
    "pandas as text": lambda path: pd.read_csv(path, dtype=str, keep_default_na=False).astype({"a": float}),
    "arrow": lambda path: pl.read_csv(path).to_arrow(),
}


def log_of(ids, dates=None, **columns):
    dates = ["2024-01-01"] * len(ids) if dates is None else dates
    return pl.DataFrame({"customer_id": ids, "date": dates, "amount": [1.0] * len(ids)} | columns)


# ---- ids ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_words_that_mean_a_missing_id_are_recognized_by_every_reader(way):
    log = WAYS[way](CASES / "09_null_words.csv")
    rfm = clv.rfm_summary(log, **NULLS, on_missing_id="drop")
    assert (list(map(str, rfm.customer_id)), rfm.rows_without_id) == (["0"], 9)
    cleaned = clv.clean(log, **NULLS)
    assert cleaned.entries["no_customer_id"].rows == 9
    split = clv.holdout_split(
        log, **NULLS, calibration_end="2020-03-02", holdout_end="2020-03-03", on_missing_id="drop"
    )
    assert len(split.calibration) == 1


@pytest.mark.slow
@settings(max_examples=30)
@given(st.sampled_from(MISSING_IDS), st.sampled_from(["", " ", "\t", "\u3000"]), st.booleans(), st.booleans())
def test_case_and_blanks_around_these_words_do_not_matter(word, blank, upper, orders):
    word = f"{blank}{word.upper() if upper else word}{blank}"
    log = log_of(["a", word, "b "], order=["1", "2", "3"])
    assert clv.rfm_summary(log, on_missing_id="drop").customer_id.to_list() == ["a", "b"]
    if orders:
        same = log_of(["a", "a", "a"], order=["1", word, word])
        assert len(clv.clean(same, amount="amount", order_id="order").transactions) == 3


@pytest.mark.slow
def test_the_list_of_words_can_be_changed():
    log = log_of(["a", "guest", "n/a", "9"])
    with pytest.raises(
        InvalidTransactions, match=r"2 of 4 rows have no customer id .*'guest' in row 1, 'n/a' in row 2"
    ):
        clv.rfm_summary(log)
    assert len(clv.rfm_summary(log, missing_ids=[])) == 4
    assert len(clv.rfm_summary(log, missing_ids=["GUEST", "9"], on_missing_id="drop")) == 2
    assert len(clv.clean(log, amount="amount", missing_ids="a").transactions) == 3
    with pytest.raises(InvalidOption, match="must be a list of strings"):
        clv.rfm_summary(log, missing_ids=[9])


def test_ids_of_a_file_are_integers_whatever_words_and_blanks_are_among_them(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date\n1,2024-01-01\n NULL,2024-01-01\n 2 ,2024-01-01\n")
    assert clv.rfm_summary(path, on_missing_id="drop").customer_id.to_list() == [1, 2]


@pytest.mark.slow
def test_zero_is_a_customer_unless_it_has_far_more_rows_than_any_other():
    path = CASES / "08_customer_zero.csv"
    columns = {"customer_id": "customer_id", "date": "order_date", "amount": "total_price", "date_format": "%d-%m-%y"}
    with pytest.raises(InvalidTransactions, match=r"6 of 16 rows have the customer id 0 .*missing_ids='0'"):
        clv.rfm_summary(path, **columns)
    assert len(clv.rfm_summary(path, **columns, missing_ids="0", on_missing_id="drop")) == 10
    assert len(clv.rfm_summary(path, **columns, missing_ids="")) == 11
    assert [finding.code for finding in clv.profile(path, **columns).doubts] == ["profile-id-placeholder"]
    assert len(clv.rfm_summary(log_of([0, 0, 1, 1, 2]))) == 3


@pytest.mark.parametrize("value", ["0", "000", "-1", "99999", 0, -1, 99999])
def test_other_numbers_are_placeholders_too(value):
    others = [str(i) for i in range(1, 9)] if isinstance(value, str) else list(range(1, 9))
    with pytest.raises(InvalidTransactions, match=r"it probably stands for unknown customers"):
        clv.rfm_summary(log_of([value] * 6 + others))


@pytest.mark.slow
def test_ids_that_a_spreadsheet_shortened_are_refused():
    path = CASES / "06_order_id_excel.csv"
    with pytest.raises(InvalidTransactions, match=r"3 of 3 rows have an id in '订单编号' such as 1.2E\+17"):
        clv.clean(path, customer_id="买家", date="付款时间", amount="金额", order_id="订单编号")
    with pytest.raises(InvalidTransactions, match=r"such as 1.2E"):
        clv.rfm_summary(log_of(["1.2E+17", "3E+08"]))
    assert len(clv.rfm_summary(log_of(["1E5", "7e12", "E+17"]))) == 3  # as codes may be


def test_a_profile_reports_ids_that_may_be_the_same_and_one_far_above_all_others():
    ids = ["shop"] * 30 + ["Ann", "ann", "007", "7", *"bcdefghijk"]
    doubts = {finding.code: finding for finding in clv.profile(log_of(ids)).doubts}
    assert doubts["profile-id-variants"].figures["ids"] == 4
    assert doubts["profile-id-dominant"].figures["share"] == pytest.approx(30 / 44)
    assert "differ only by case" in doubts["profile-id-variants"].text


# ---- rows that are not sales -------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_row_of_totals_is_not_a_customer():
    path = CASES / "16_total_row.csv"
    with pytest.raises(InvalidTransactions, match=r"1 of 3 rows has no customer id in 'c' \(first: 'Total' in row 4"):
        clv.profile(path, **NULLS)
    profile = clv.profile(path, **NULLS, on_missing_id="drop")
    assert (profile.customers, profile.rows_without_id, profile.last_day) == (2, 1, "2020-01-09")


@pytest.mark.slow
def test_several_currencies_in_an_unnamed_column_are_refused():
    log = log_of(["a", "b"]).with_columns(Currency=pl.Series(["EUR", "USD"]))
    for function in (clv.rfm_summary, clv.profile, clv.clean):
        with pytest.raises(InvalidTransactions, match=r"'Currency' has 2 currencies: EUR \(1 rows\), USD"):
            function(log, amount="amount")
    assert len(clv.rfm_summary(log)) == 2  # without money it does not matter
    assert len(clv.clean(log.with_columns(Currency=pl.lit("eur ")), amount="amount").transactions) == 2


# ---- dates -------------------------------------------------------------------------------------------------


def cdnow_with(day):
    log = clv.datasets.load_cdnow(sample=True)
    return pd.concat([log, log.iloc[:1].assign(date=day)])


@pytest.mark.slow
def test_a_row_dated_years_after_all_others_stops_everything_until_it_is_confirmed():
    log, columns = cdnow_with("2031-01-01"), {"amount": "amount", "time_unit": "week"}
    with pytest.raises(
        InvalidTransactions, match=r"far later than all others.*observation_end='1998-06-30' to leave it"
    ):
        clv.rfm_summary(log, **columns)
    assert clv.rfm_summary(log, **columns, observation_end="1998-06-30").rows_after_end == 1
    assert clv.rfm_summary(log, **columns, observation_end="2031-01-01").observation_end == "2031-01-01"
    with pytest.raises(InvalidTransactions, match="holdout_end='1998-06-30' to leave it out"):
        clv.holdout_split(log, **columns, calibration_end="1997-09-30")
    with pytest.raises(InvalidTransactions, match="observation_end='1998-06-30' to leave it out"):
        clv.backtest(log, [clv.BGNBD()], horizons="12 weeks", **columns)
    with pytest.raises(InvalidTransactions, match="far later than all others"):
        clv.KnownHistory.from_log(log, **columns)
    assert [finding.code for finding in clv.profile(log, **columns).doubts] == ["log-stray-dates"]


def test_a_row_dated_years_before_all_others_too():
    log = cdnow_with("1970-01-01")
    with pytest.raises(
        InvalidTransactions, match=r"far earlier than all others.*acquired_after='1969-12-31' if it is right"
    ):
        clv.rfm_summary(log)
    assert clv.rfm_summary(log, acquired_after="1996-12-31").older_customers == 1
    assert clv.rfm_summary(log, acquired_after="1969-12-31").T.max() > 10_000


def test_an_end_far_beyond_the_log_is_refused():
    log = clv.datasets.load_cdnow(sample=True)
    with pytest.raises(
        InvalidOption, match=r"holdout_end='1999-06-30' is far beyond the log, which ends on 1998-06-30"
    ):
        clv.holdout_split(log, calibration_end="1997-09-30", holdout_end="1999-06-30")
    with pytest.raises(InvalidOption, match="observation_end='1999-06-30' is far beyond the log"):
        clv.rfm_summary(log, observation_end="1999-06-30")
    assert len(clv.rfm_summary(log, observation_end="1998-07-31")) == 2357


@pytest.mark.slow
@settings(max_examples=50)
@given(st.lists(st.integers(1, 30), min_size=20, max_size=60), st.integers(0, 2), st.integers(1, 40), st.booleans())
def test_dates_are_stray_only_if_they_are_few_and_far(gaps, stray, years, early):
    ticks = np.cumsum(gaps)
    assert find_stray_dates(ticks, np.ones(len(ticks), dtype=int), clv.Clock()) is None
    far = 365 * years + np.arange(stray)
    with_far = np.append(ticks, ticks[-1] + far) if not early else np.append(ticks[0] - far[::-1], ticks)
    result = find_stray_dates(with_far, np.ones(len(with_far), dtype=int), clv.Clock())
    if stray and 365 * years >= 10 * 30:
        assert (result.first, result.last) == (ticks[0], ticks[-1])
        assert (result.before, result.after) == ((stray, 0) if early else (0, stray))
    elif not stray:
        assert result is None


SMALL = ["2024-01-05", "2024-01-20", "2024-02-11", "2024-03-01", "2024-03-08", "2024-04-02", "2024-04-20"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("day", "message"), [("2042-04-30", "far later than all others"), ("1924-01-05", "far earlier than all others")]
)
@pytest.mark.parametrize("rows", [3, 5, 7])
def test_one_of_a_few_dates_is_stray_if_it_is_years_away(day, message, rows):
    log = log_of(list("abcabcab")[: rows + 1], [*SMALL[:rows], day])
    for function in (clv.rfm_summary, clv.KnownHistory.from_log):
        with pytest.raises(InvalidTransactions, match=message):
            function(log)
    assert [finding.code for finding in clv.profile(log).doubts] == ["log-stray-dates"]
    rest = log.filter(pl.col("date") != day)
    assert len(clv.rfm_summary(rest)) == min(rows, 3)
    with pytest.raises(InvalidOption, match="far beyond the log"):
        clv.rfm_summary(rest, observation_end="2042-12-31")


def test_dates_beyond_the_years_of_python_are_refused():
    moment = pl.Series([10**18, 10**18]).cast(pl.Datetime("us"))
    log = pl.DataFrame({"customer_id": ["a", None], "date": moment, "amount": [1.0, 2.0]})
    with pytest.raises(InvalidTransactions, match="outside 1900 to 2200"):
        clv.rfm_summary(log, on_missing_id="drop")
    assert clv.clean(log.tail(1), amount="amount").set_aside["reason"].to_list() == ["no_customer_id"]


# ---- tables that are not logs ------------------------------------------------------------------------------


def test_a_summary_is_not_taken_for_a_log():
    log = CASES / "17_summary_not_log.csv"
    profile = clv.profile(log, customer_id="ID", date="UltCompra", amount="Monto")
    assert profile.is_summary
    assert set(profile.models["suitability"]) == {"poor"}
    assert "this is a summary with one row per customer" in profile.text
    assert "suit" not in profile.text


@pytest.mark.parametrize("model", [clv.NBD, clv.BGNBD, clv.BGBB])
def test_no_model_is_fitted_to_customers_who_all_bought_once(model):
    log = log_of(range(10), ["2024-01-01", "2024-03-01"] * 5)
    options = {"time_unit": "month", "merge_within": "month"} if model is clv.BGBB else {"time_unit": "day"}
    rfm = clv.rfm_summary(log, **options)
    assert "Every one of the 10 customers bought once" in repr(rfm)
    for table in (rfm, clv.fit_counts(log, **options)):
        with pytest.raises(InvalidRFM, match="Every one of the 10 customers bought once: this is a summary"):
            model().fit(table)


def test_customers_who_all_bought_once_can_be_valued_with_a_prior_or_a_fitted_model():
    log = log_of(range(10), ["2024-01-01", "2024-03-01"] * 5)
    young = clv.rfm_summary(log)
    prior = {"log r": (0.0, 1.0), "log mean purchase rate": (-4.0, 1.0)}
    assert clv.NBD(prior=prior).fit(young).expected_purchases(young, "30 days")["expected_purchases"].sum() > 0
    one_more = pl.concat([log, log_of([0], ["2024-02-01"])])
    older = clv.NBD().fit(clv.rfm_summary(one_more.with_columns(pl.col("customer_id").cast(pl.Int64))))
    assert older.expected_purchases(young, "30 days")["expected_purchases"].sum() > 0
    stated = clv.RFM.from_frame(young.to_frame(), time_unit="day")  # histories, not a log
    assert clv.NBD().fit(stated).fit_.status == "boundary"


def test_two_columns_of_one_name_are_refused():
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql("SELECT a.id, b.id, a.date FROM (SELECT 1 id, DATE '2024-01-01' date) a, (SELECT 2 id) b")
    with pytest.raises(InvalidTransactions, match="Column 'id' appears twice, as in a join"):
        clv.rfm_summary(relation, customer_id="id")
