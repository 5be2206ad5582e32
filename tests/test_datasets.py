"""The bundled data are the published ones; counts are those in data/README.md."""

from __future__ import annotations

import hashlib
import re

import pytest

from clvmodels.datasets import dataset_path, load_cdnow, load_donations, load_online_retail


def test_cdnow_is_the_whole_log():
    log = load_cdnow()
    assert list(log.columns) == ["customer_id", "date", "quantity", "amount"]
    assert log.shape == (69_659, 4)
    assert log["customer_id"].nunique() == log["customer_id"].max() == 23_570
    assert (log["date"].min(), log["date"].max()) == ("1997-01-01", "1998-06-30")
    assert log["date"].str.fullmatch(r"\d{4}-\d{2}-\d{2}").all()
    assert log.notna().all(axis=None)
    assert log["quantity"].sum() == 167_881
    # A sum of 69,659 cents written as binary floats: far less than half a cent of rounding.
    assert log["amount"].sum() == pytest.approx(2_500_315.63, abs=0.005)


def test_cdnow_has_the_oddities_in_its_readme():
    log = load_cdnow()
    days = log.groupby(["customer_id", "date"]).size()
    assert (log["amount"] == 0).sum() == 80
    assert (log["amount"] < 0).sum() == 0
    assert len(days) == 67_591
    assert (days > 1).sum() == 1_774
    assert log.duplicated().sum() == 255


@pytest.mark.slow
def test_cdnow_keeps_the_order_of_the_source():
    log = load_cdnow()
    assert log["customer_id"].is_monotonic_increasing
    assert log.groupby("customer_id")["date"].is_monotonic_increasing.all()


def test_the_sample_is_a_part_of_the_log():
    log, sample = load_cdnow(), load_cdnow(sample=True)
    assert sample.shape == (6_919, 4)
    assert sample["customer_id"].nunique() == 2_357
    assert sample["amount"].sum() == pytest.approx(244_091.94, abs=0.005)
    whole = log[log["customer_id"].isin(sample["customer_id"])].reset_index(drop=True)
    assert sample.equals(whole)


def test_the_sample_has_the_published_numbers_of_repeat_purchases():
    # BTYDplus 1.2.0, elog2cbs(cdnowElog, T.cal = "1997-09-30"): sum(x) = 2457 and sum(x.star) = 1882, by
    # distinct days of purchase.
    days = load_cdnow(sample=True)[["customer_id", "date"]].drop_duplicates()
    calibration = days["date"] <= "1997-09-30"
    assert calibration.sum() - days["customer_id"].nunique() == 2_457
    assert (~calibration).sum() == 1_882


def test_donations_are_the_published_counts():
    counts = load_donations()
    assert list(counts.columns) == ["frequency", "recency", "periods", "weights"]
    assert counts.shape == (22, 4)
    assert counts["weights"].sum() == 11_104
    assert (counts["periods"] == 6).all()
    assert ((counts["frequency"] == 0) == (counts["recency"] == 0)).all()


def test_the_gift_shop_has_the_errors_in_its_readme():
    lines = load_online_retail()
    assert lines.shape == (59_355, 8)
    assert lines["CustomerID"].nunique() == 422
    assert (lines["CustomerID"].dropna() % 10 == 6).all()
    assert lines["CustomerID"].isna().sum() == 13_158
    assert lines["Description"].isna().sum() == 143
    assert lines["InvoiceNo"].str.startswith("C").sum() == 861
    assert lines.duplicated().sum() == 641
    assert (lines["Quantity"] < 0).sum() == 996
    assert (lines["UnitPrice"] == 0).sum() == 334
    assert lines.loc[lines["UnitPrice"] < 0, "Description"].tolist() == ["Adjust bad debt"]
    assert lines["Country"].nunique() == 22
    # A sum of 59,355 amounts in pence written as binary floats: far less than half a penny of rounding.
    assert (lines["Quantity"] * lines["UnitPrice"]).sum() == pytest.approx(1_123_553.48, abs=0.005)


def test_the_readme_gives_the_checksums():
    readme = dataset_path("README.md").read_text("utf-8")
    stated = dict(re.findall(r"`([\w.]+\.csv(?:\.gz)?)`.*?`([0-9a-f]{64})`", readme))
    packed = {"example_transactions.csv.gz", "online_retail_sample.csv.gz"}
    assert set(stated) == {"cdnow.csv", "cdnow_sample.csv", "donations.csv", *packed}
    assert stated == {name: hashlib.sha256(dataset_path(name).read_bytes()).hexdigest() for name in stated}


@pytest.mark.parametrize("name", ["cdnow", "nowhere.csv", "../pyproject.toml", ""])
def test_an_unknown_name_lists_the_bundled_files(name):
    with pytest.raises(FileNotFoundError, match=r"cdnow\.csv, cdnow_sample\.csv, donations\.csv") as refused:
        dataset_path(name)
    assert repr(name) in str(refused.value)
