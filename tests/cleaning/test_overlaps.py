"""Files that overlap: the latest state of an order counts, and lines of an order that files split are added."""

from __future__ import annotations

import pytest

import clvmodels as clv
from clvmodels.errors import InvalidTransactions

COLUMNS = {"customer_id": "c", "date": "d", "amount": "a", "order_id": "o", "status": "s"}
JANUARY = "o,c,d,a,s\n1,ann,2026-01-05,100,paid\n2,ben,2026-01-30,40,pending\n3,cy,2026-01-31,60,paid\n"
FEBRUARY = (
    "o,c,d,a,s\n2,ben,2026-01-30,40,paid\n1,ann,2026-01-05,100,refunded\n3,cy,2026-01-31,60,paid\n"
    "4,di,2026-02-03,7,paid\n"
)


def cleaned(folder, files, columns=COLUMNS, **rules):
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return clv.clean(folder, **columns, rules=clv.CleaningRules(**rules))


def amounts(result):
    return dict(result.transactions.select("customer_id", "amount").rows())


@pytest.mark.slow
@pytest.mark.parametrize("names", [("a.csv", "b.csv"), ("b.csv", "a.csv")])
def test_the_latest_state_of_an_order_counts_whatever_the_files_are_called(tmp_path, names):
    result = cleaned(tmp_path, dict(zip(names, (JANUARY, FEBRUARY), strict=True)))
    assert amounts(result) == {"ben": 40.0, "cy": 60.0, "di": 7.0}
    assert (result.entries["superseded"].rows, result.entries["exact_duplicate"].rows) == (2, 1)
    assert result.ledger["rows"].iloc[0] == result.ledger["rows"].iloc[1:].sum()


@pytest.mark.slow
def test_lines_of_an_order_that_files_split_are_added(tmp_path):
    columns = {"customer_id": "c", "date": "d", "amount": "a", "order_id": "o", "product": "p"}
    parts = {
        "1.csv": "o,c,d,a,p\n1,ann,2026-01-05,10,tea\n",
        "2.csv": "o,c,d,a,p\n1,ann,2026-01-05,5,mug\n2,b,2026-01-06,1,t\n",
    }
    assert amounts(cleaned(tmp_path, parts, columns)) == {"ann": 15.0, "b": 1.0}


@pytest.mark.slow
def test_what_may_be_lines_or_states_is_refused_until_it_is_named(tmp_path):
    columns = {"customer_id": "c", "date": "d", "amount": "a", "order_id": "o"}
    first = "o,c,d,a\n1,ann,2026-01-05,10\n1,ann,2026-01-05,20\n"
    files = {"1.csv": first, "2.csv": "o,c,d,a\n1,ann,2026-01-05,5\n2,b,2026-01-06,1\n"}
    with pytest.raises(InvalidTransactions, match=r"overlaps='latest' or overlaps='sum'"):
        cleaned(tmp_path, files, columns)
    assert amounts(cleaned(tmp_path, files, columns, overlaps="latest")) == {"ann": 5.0, "b": 1.0}
    assert amounts(cleaned(tmp_path, files, columns, overlaps="sum")) == {"ann": 35.0, "b": 1.0}


def test_files_of_the_same_day_that_differ_are_refused(tmp_path):
    with pytest.raises(InvalidTransactions, match="have the same latest date"):
        cleaned(tmp_path, {"a.csv": JANUARY, "b.csv": JANUARY.replace("100,paid", "100,refunded")})
