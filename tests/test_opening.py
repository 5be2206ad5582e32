"""Files as people have them: encodings, separators, decimal marks, headers and containers are recognized or refused."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import zipfile
from pathlib import Path

import duckdb
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.frames import FileOptions, OpenedFile
from clvmodels.frames.formats import workbooks
from clvmodels.frames.formats.encodings import recognize_encoding

ROWS = [("Müller", "2024-01-05", "1234.50"), ("Müller", "2024-02-11", "99.00"), ("Ann", "2024-02-12", "10.00")]
NAMES = {"customer_id": "Kunde", "date": "Datum", "amount": "Betrag"}


def text(delimiter=",", decimal=".", rows=ROWS, header=("Kunde", "Datum", "Betrag"), end="\n"):
    lines = [header, *((who, day, amount.replace(".", decimal)) for who, day, amount in rows)]
    return end.join(delimiter.join(line) for line in lines) + end


def write(folder, content, name="log.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(log, names=NAMES, **options):
    """Return the purchases of a log as (customer, days since the first purchase, spend of all purchases)."""
    rfm = clv.rfm_summary(log, **names, include_first_transaction=True, **options)
    spend = rfm.monetary_value * rfm.monetary_count
    return {who: (days, round(paid, 2)) for who, days, paid in zip(rfm.customer_id, rfm.recency, spend, strict=True)}


EXPECTED = {"Müller": (37.0, 1333.5), "Ann": (0.0, 10.0)}


def refused(log, names=NAMES, **options):
    with pytest.raises(InvalidTransactions) as error:
        read(log, names, **options)
    return str(error.value)


# ---- encodings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_are_recognized(tmp_path, codec, end):
    assert read(write(tmp_path, text(end=end).encode(codec))) == EXPECTED


CHINESE = {"customer_id": "买家昵称", "date": "付款日期", "amount": "实付金额"}
TAIWANESE = {"customer_id": "買家帳號", "date": "訂單成立日期", "amount": "訂單金額"}
JAPANESE = {"customer_id": "顧客番号", "date": "注文日", "amount": "合計金額"}


@pytest.mark.parametrize(
    ("codec", "names", "who"),
    [
        ("gb18030", CHINESE, "张小丽"),
        ("big5", TAIWANESE, "陳怡君"),
        ("shift_jis", JAPANESE, "鈴木さくら"),
        ("euc_jp", JAPANESE, "鈴木さくら"),
        ("iso2022_jp", JAPANESE, "鈴木さくら"),
    ],
)
def test_encodings_of_east_asia_are_recognized(tmp_path, codec, names, who):
    rows = [(who, "2024-01-05", "12.50")]
    path = write(tmp_path, text(rows=rows, header=tuple(names.values())).encode(codec))
    assert read(path, names) == {who: (0.0, 12.5)}
    opened = clv.open_file(path)
    assert opened.columns == tuple(names.values())
    assert "x".encode(opened.encoding) == b"x"


@pytest.mark.slow
def test_an_encoding_that_is_not_utf_8_only_far_below_is_recognized(tmp_path):
    rows = [("Ann", "2024-01-05", "1.00")] * 20_000 + [("Jörg", "2024-01-06", "2.00")]
    path = write(tmp_path, text(rows=rows).encode("cp1252"))
    assert read(path)["Jörg"] == (0.0, 2.0)


WORDS = {  # as programs of the countries write them
    "cp1250": ("Dvořák Kučera Jiří Tomáš Němec", "Paweł Wiśniewski Dąbrowska Woźniak", "Erdős Győr Szűcs Török"),
    "iso8859_2": ("Dvořák Tomáš Růžena", "Paweł Łódź Wiśniewski Zięba"),
    "cp1254": ("Yıldız Şahin Öztürk Ağaoğlu",),
    "cp1252": (
        "Müller Jäger Straße Hélène",
        "François Anaïs forêt à cœur Noël Zoé",
        "Muñoz Martínez Mª ¿Qué?",
        "João Conceição Simões",
        "Nicolò città Forlì perché",
        "Jørgen Kjær Åse Blåbær",
        "Håkan Åström Björk",
    ),
    "mac_roman": ("Müller Jäger Schröder Groß", "Hélène François Zoé"),
    "cp850": ("Müller Jäger Groß", "Muñoz García José"),
}


@pytest.mark.parametrize(("codec", "names"), [(codec, names) for codec, each in WORDS.items() for names in each])
def test_encodings_of_latin_letters_are_recognized_by_the_words_they_give(codec, names):
    content = "\n".join(names.split()).encode(codec)
    assert content.decode(recognize_encoding(content, True, [], "log.csv")).split() == names.split()


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("cp1250", "Szűcs"),
        ("cp1250", "Černá"),
        ("cp1254", "Aydın"),
        ("cp1252", "Geneviève"),
        ("cp1257", "Šimkus Bērziņš"),
    ],
)
def test_words_that_fit_two_encodings_or_none_are_refused(codec, name):
    with pytest.raises(InvalidTransactions, match=r"(can be|is not recognized).*encoding="):
        recognize_encoding(name.encode(codec), True, [], "log.csv")


def test_two_encodings_that_both_work_are_refused_with_an_example_of_each(tmp_path):
    names = {"customer_id": "who", "date": "day", "amount": "paid"}
    path = write(tmp_path, text(rows=[("서울", "2024-01-05", "1.50")], header=names.values()).encode("euc_kr"))
    message = refused(path, names)
    assert "can be 'gb18030', which reads" in message
    assert ", or 'euc_kr', which reads '서울," in message
    assert message.endswith("pass the right one with encoding=.")
    assert read(clv.open_file(path, encoding="euc_kr"), names) == {"서울": (0.0, 1.5)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("codec", "header", "name"),
    [
        ("cp949", "고객번호;주문일;결제금액", "서울"),
        ("cp1251", "Клиент;Дата заказа;Сумма", "Иванов"),
        ("koi8_r", "Клиент;Дата заказа;Сумма", "Иванов"),
        ("cp874", "ลูกค้า;วันที่;ยอดรวม", "สมชาย"),
        ("shift_jis", "顧客番号;注文日;金額", "佐藤"),
        ("cp1250", "Klient;Data zamówienia;Kwota w zł", "Paweł"),
    ],
)
def test_usual_names_of_columns_decide_the_encoding(tmp_path, codec, header, name):
    path = write(tmp_path, f"{header}\n{name};2024-01-05;7,50\n{name};2024-01-06;1,50\n".encode(codec))
    columns = dict(zip(("customer_id", "date", "amount"), header.split(";"), strict=True))
    assert read(path, columns) == read(clv.open_file(path, encoding=codec), columns)
    assert clv.suggest_columns(path).columns["customer_id"] == columns["customer_id"]


def test_an_unusual_encoding_is_refused(tmp_path):
    path = write(tmp_path, text(rows=[("Καλλιόπη Παπαδοπούλου", "2024-01-05", "1.50")]).encode("cp1253"))
    assert "is not recognized: it is not UTF-8, and none of 'cp1252'" in refused(path)


# ---- separators and headers --------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["log.csv", "log.tsv", "log.txt"])
def test_separators_are_recognized(tmp_path, delimiter, name):
    path = write(tmp_path, text(delimiter), name)
    assert read(path) == EXPECTED
    opened = clv.open_file(path)
    assert (opened.delimiter, opened.header_row, opened.encoding) == (delimiter, 1, "utf-8")


@pytest.mark.slow
def test_the_header_may_come_below_other_rows(tmp_path):
    path = write(tmp_path, "Bericht vom 1.3.2024, ganze Firma\n\nWährung;EUR\n" + text(";", ","))
    assert read(path) == EXPECTED
    findings = [finding.text for finding in clv.profile(path, **NAMES).findings]
    assert findings[-3:] == [
        "the columns of log.csv are separated by semicolons",
        "the numbers of log.csv have a decimal comma",
        "the header of log.csv is row 4",
    ]
    message = refused(write(tmp_path, "a\nb\n" + text().replace("2024-02-11", "soon"), "b.csv"))
    assert "(row 5); the header is row 3" in message


def test_a_first_line_that_names_the_separator_is_followed(tmp_path):
    assert read(write(tmp_path, "sep=;\n" + text(";"))) == EXPECTED


def test_blanks_around_names_of_columns_are_ignored(tmp_path):
    assert read(write(tmp_path, text(header=("Kunde ", " Datum", " Betrag ")))) == EXPECTED


def test_two_separators_that_both_work_are_refused(tmp_path):
    path = write(tmp_path, "a;b,c\nx;y,z\nu;v,w\n")
    with pytest.raises(InvalidTransactions, match=r"can be separated by ',', which gives 'a;b', 'c', or by ';', which"):
        clv.open_file(path)
    assert clv.open_file(path, delimiter=";").columns == ("a", "b,c")


# ---- numbers -----------------------------------------------------------------------------------------------


def test_rows_that_end_with_a_separator_are_read_unless_one_has_more_values(tmp_path):
    rows = [(who, day, f"{amount},") for who, day, amount in ROWS]
    content = "\ufeff" + text(rows=rows)
    assert read(write(tmp_path, content.encode())) == read(write(tmp_path, text().encode(), "plain.csv"))
    more = write(tmp_path, (content + "A,2024-01-05,1,234.50\n").encode())
    assert "a row has more values than the header has names" in refused(more)
    late = write(tmp_path, (content + "A,2024-01-05,1.5,\n" * 200 + "A,2024-01-05,1,234.50\n").encode())
    assert "has more values than the header has names ('A, 2024-01-05, 1, 234.50')" in refused(late)


@pytest.mark.parametrize("amounts", [("$12.50", "€7.00"), ("12,50 €", "7,00 CHF"), ("¥12", "R$ 3"), ("(USD 5)", "-£3")])
def test_amounts_in_several_currencies_are_refused(tmp_path, amounts):
    rows = [("A", f"2024-01-0{i + 1}", f'"{amount}"') for i, amount in enumerate(amounts)]
    assert "2 currencies, such as" in refused(write(tmp_path, text(rows=rows).encode()))
    log = pl.DataFrame({"customer_id": ["A", "A"], "date": ["2024-01-01", "2024-01-02"], "amount": amounts})
    with pytest.raises(InvalidTransactions, match="has amounts in 2 currencies"):
        clv.rfm_summary(log, amount="amount")


@pytest.mark.parametrize(
    ("amounts", "total"),
    [
        (["1,234.50", "12.00"], 1246.5),
        (["1.234,50", "12,00"], 1246.5),
        (["1 234,50", "12,00"], 1246.5),
        (["1'234.50", "12"], 1246.5),
        (["12,34,567.00", "3"], 1234570.0),
        (["$1,234.50", "USD 12.00", "12.00 US$"], 1258.5),
        (["1.234,50 €", "€ 12,00", "12,00 EUR"], 1258.5),
        (["1.234,50 kr", "kr. 12,00"], 1246.5),
        (["1 234,50 zł", "zł 12,00"], 1246.5),
        (["R$ 1.234,50", "12,00 R$"], 1246.5),
        (["¥12", "￥12"], 24.0),
        (["12元", "RMB 12", "CNY 1"], 25.0),
        (["1.234", "12,5"], 1246.5),
        (["1.234", "0.125"], 1.36),
        (["1.234", "1234.5"], 1235.73),
        (["1.234.567", "1.000"], 1235567.0),
        (["1,234,567", "1,000"], 1235567.0),
        (["12", "7"], 19.0),
        (["10,-", "1.234,--", "5.678,–"], 6922.0),
        (["Fr. 10.—", "12.50"], 22.5),
        (["1e3", "2.5"], 1002.5),
    ],
)
def test_numbers_are_read_with_the_mark_that_they_show(tmp_path, amounts, total):
    rows = [("A", f"2024-01-{i + 1:02d}", amount) for i, amount in enumerate(amounts)]
    path = write(tmp_path, "\n".join(["Kunde;Datum;Betrag", *(";".join(row) for row in rows)]))
    assert read(path)["A"][1] == total


@pytest.mark.slow
@pytest.mark.parametrize("amounts", [["1.234", "2.500"], ["1,234", "500"], ["1.234", "999", "12.000"]])
def test_numbers_with_three_digits_after_every_mark_are_refused_until_the_mark_is_named(tmp_path, amounts):
    rows = [("A", f"2024-01-{i + 1:02d}", amount) for i, amount in enumerate(amounts)]
    path = write(tmp_path, "\n".join(["Kunde;Datum;Betrag", *(";".join(row) for row in rows)]))
    small, large = ("1.234", "1234") if "." in amounts[0] else ("1234", "1.234")
    assert (
        f"{amounts[0]!r} in column 'Betrag' is {small} with a decimal point and {large} with a decimal comma"
        in refused(path)
    )
    read_so = {mark: read(clv.open_file(path, decimal=mark))["A"][1] for mark in ".,"}
    assert sorted(read_so.values())[1] == sum(int(amount.replace(",", "").replace(".", "")) for amount in amounts)


def test_numbers_with_both_marks_or_with_another_than_the_named_one_are_refused(tmp_path):
    path = write(tmp_path, "Kunde;Datum;Betrag\nA;2024-01-01;1,50\nA;2024-01-02;2.50\n")
    assert "'2.50' in column 'Betrag' has a decimal point, and '1,50' in column 'Betrag' a decimal comma" in refused(
        path
    )
    assert "decimal=',' does not fit 'log.csv': '2.50'" in refused(clv.open_file(path, decimal=","))


@pytest.mark.slow
def test_one_column_decides_for_all_of_a_file(tmp_path):
    path = write(tmp_path, "who;day;n;price\nA;2024-01-01;2;1.234\nA;2024-01-02;1;2,50\n")
    cleaned = clv.clean(path, customer_id="who", date="day", quantity="n", price="price")
    assert cleaned.transactions["amount"].to_list() == [2468.0, 2.5]
    assert "the numbers of log.csv have a decimal comma" in [finding.text for finding in cleaned.findings]


# ---- containers --------------------------------------------------------------------------------------------


def zipped(*files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.slow
def test_compressed_files_and_archives_are_read(tmp_path):
    assert read(write(tmp_path, gzip.compress(text(";", ",").encode("cp1252")), "log.csv.gz")) == EXPECTED
    first, second = text(";", ",", ROWS[:2]), text(";", ",", ROWS[2:])
    junk = ("__MACOSX/._a.csv", b"\x00")
    assert read(write(tmp_path, zipped(("a.csv", text())), "one.zip")) == EXPECTED
    assert read(write(tmp_path, zipped(("a.csv", first), ("b.csv", second), junk), "two.csv.zip")) == EXPECTED
    assert "cannot be unpacked" in refused(write(tmp_path, b"PK", "bad.zip"))


@pytest.mark.slow
def test_files_of_a_folder_may_be_written_differently(tmp_path):
    write(tmp_path, text(";", ",", ROWS[:1]).encode("cp1252"), "a.csv")
    write(tmp_path, "Report\n" + text("\t", ",", ROWS[1:]), "b.csv")
    assert read(tmp_path) == read(tmp_path / "*.csv") == EXPECTED


def test_options_have_the_values_that_files_have():
    for options, message in [
        ({"encoding": "klingon"}, "is not an encoding"),
        ({"delimiter": ";;"}, "is not one character between columns"),
        ({"decimal": "'"}, r"is neither '\.' nor ','"),
        ({"sheet": 3}, "is not text"),
    ]:
        with pytest.raises(InvalidOption, match=message):
            clv.open_file("log.csv", **options)


# ---- JSON and databases ------------------------------------------------------------------------------------

ORDERS = [
    {
        "id": 1,
        "created": "2024-01-05",
        "buyer": {"name": "Ann"},
        "total": 3.5,
        "lines": [{"sku": "a", "paid": 2.5}, {"sku": "b", "paid": 1}],
    },
    {
        "id": 2,
        "created": "2024-01-07",
        "buyer": {"name": "Ann"},
        "total": 1.125,
        "lines": [{"sku": "a", "paid": 1.125}],
    },
]


@pytest.mark.parametrize("document", [ORDERS, {"orders": ORDERS, "count": 2}])
@pytest.mark.parametrize("column", ["total", "lines.paid"])
def test_json_with_nested_objects_and_lines_is_read(tmp_path, document, column):
    names = {"customer_id": "buyer.name", "date": "created", "amount": column}
    path = write(tmp_path, json.dumps(document, indent=1), "orders.json")
    assert read(path, names) == {"Ann": (2.0, 4.62)}
    lines = write(tmp_path, "\n".join(map(json.dumps, ORDERS)), "orders.jsonl")
    assert read(lines, names) == {"Ann": (2.0, 4.62)}
    assert "lines.paid" in clv.open_file(path).columns


def test_json_that_is_not_a_list_of_orders_is_refused(tmp_path):
    for content, message in [
        ('{"a": [{"b": 1}], "c": [{"d": 2}]}', "has several lists: 'a', 'c'"),
        ("[1, 2]", "has no list of objects"),
        ('{"a": ', "cannot be read as JSON"),
    ]:
        assert message in refused(write(tmp_path, content, "orders.json"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "db"])
def test_tables_of_database_files_are_found_by_their_columns(tmp_path, kind):
    path = tmp_path / f"shop.{kind}"
    connection = duckdb.connect(str(path)) if kind == "duckdb" else sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (note TEXT)")
    connection.execute('CREATE TABLE orders ("Kunde" TEXT, "Datum" TEXT, "Betrag" DOUBLE)')
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", [(w, d, float(a)) for w, d, a in ROWS])
    connection.commit()
    connection.close()
    assert read(path) == EXPECTED
    assert read(clv.open_file(path, sheet="orders")) == EXPECTED
    with pytest.raises(InvalidOption, match="has no table 'order'; its tables are 'notes', 'orders'"):
        clv.open_file(path, sheet="order")
    assert "has no table with these columns: 'notes' has 'note'" in refused(path, NAMES | {"amount": "Preis"})


# ---- workbooks ---------------------------------------------------------------------------------------------

# Made by xlsxwriter, xlwt and odfpy: a sheet "Notes", and a sheet "Orders" with its header in row 3. In the column of
# customers, 7 is a number and '007' is text; dates are cells of dates, and Serial has the same as numbers.
WORKBOOKS = Path(__file__).parent / "workbooks"


@pytest.mark.parametrize("name", ["orders.xlsx", "orders.xls", "orders.ods"])
def test_workbooks_are_read_from_the_sheet_that_has_the_columns(name):
    rfm = clv.rfm_summary(WORKBOOKS / name, **NAMES, include_first_transaction=True)
    assert rfm.customer_id.to_list() == ["007", "7", "Müller"]
    assert rfm.monetary_value.tolist() == [1.125, 10.125, 666.75]
    assert rfm.recency.tolist() == [0, 0, 37]
    texts = [finding.text for finding in rfm.findings]
    assert texts[-2:] == [f"the header of {name} is row 3", f"of {name}, Orders was read"]
    opened = clv.open_file(WORKBOOKS / name)
    assert (opened.sheet, opened.header_row, opened.columns) == ("Orders", 3, ("Kunde", "Datum", "Betrag", "Serial"))


IDS = {"customer_id": "customer_id", "date": "date"}


def workbook(folder, *rows):
    """Write rows to the only sheet of a workbook."""
    xlsxwriter = pytest.importorskip("xlsxwriter")
    path = folder / "log.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


@pytest.mark.parametrize("above", [(), ([],), (["Orders of 2024"],), (["customer_id", "date"], [1, 2])])
def test_a_sheet_is_loaded_once_if_its_header_comes_first(tmp_path, monkeypatch, above):
    loads = []
    monkeypatch.setattr(workbooks, "_rows", lambda *where, read=workbooks._rows: loads.append(where) or read(*where))
    rows = [["ann", "2024-01-05", 1.5], ["ann", "2024-02-05", 2.5], ["ben", "2024-02-06", 3]]
    path = workbook(tmp_path, *above, ["customer_id", "date", "amount"], *rows)
    rfm = clv.rfm_summary(path, amount="amount", include_first_transaction=True)
    assert rfm.customer_id.to_list() == ["ann", "ben"]
    assert rfm.monetary_value.tolist() == [2.0, 3.0]
    assert len(loads) <= (2 if any(above) else 1)


@pytest.mark.parametrize("header", [["customer_id", "date", "date"], ["date", "customer_id", "date"]])
def test_a_name_that_a_sheet_has_twice_is_refused(tmp_path, header):
    path = workbook(tmp_path, header, ["2024-01-05", "ann", "2024-01-06"], ["2024-01-07", "ann", "2024-01-08"])
    assert "Column 'date' appears twice in 'log.xlsx'" in refused(path, IDS)
    assert "Column 'date' appears twice" in refused(workbook(tmp_path, [], header, ["a", "b", "c"]), IDS)


def test_sheets_that_do_not_fit_are_refused(tmp_path):
    path = WORKBOOKS / "orders.xlsx"
    with pytest.raises(InvalidOption, match=r"has no sheet 'Order'; its sheets are 'Notes', 'Orders'\. Did you mean"):
        clv.open_file(path, sheet="Order")
    assert "has no table in 'Notes'" in refused(OpenedFile(path, options=FileOptions(sheet="Notes")))
    assert "No column 'Preis'; the columns are 'Kunde', 'Datum'" in refused(path, NAMES | {"amount": "Preis"})
    assert "cannot be read as a workbook" in refused(write(tmp_path, b"PK", "bad.xlsx"))


def test_a_file_of_one_column_needs_no_separator(tmp_path):
    opened = clv.open_file(write(tmp_path, "customer_id\nann\nben;c\n", "customers.csv"))
    assert (opened.columns, opened.delimiter) == (("customer_id",), ",")


@pytest.mark.slow
def test_headers_that_are_repeated_in_the_middle_are_left_out_and_reported(tmp_path):
    half = text(";", ",")
    path = write(tmp_path, half + half.replace("2024", "2025"))
    rfm = clv.rfm_summary(path, **NAMES)
    assert "1 row repeats the header and was left out" in [finding.text for finding in rfm.findings]
    assert rfm.frequency.sum() == 4
    assert len(clv.clean(path, **NAMES).transactions) == 6
    wrong = write(tmp_path, half + half.replace("2024-", "soon "), "wrong.csv")
    with pytest.raises(InvalidTransactions, match=r"\(row 6\)"):  # rows are named as in the file
        clv.rfm_summary(wrong, **NAMES)


@pytest.mark.slow
def test_a_file_put_together_with_itself_is_refused(tmp_path):
    half = text(";", ",")
    twice = write(tmp_path, half + half)
    for log in (twice, pl.read_csv(twice, separator=";", infer_schema=False)):
        for function, remedy in ((clv.rfm_summary, "Leave one section out"), (clv.clean, "duplicates='drop'")):
            with pytest.raises(InvalidTransactions, match=f"two sections or more of a table.*{remedy}"):
                function(log, **NAMES)
        once = clv.clean(log, **NAMES, rules=clv.CleaningRules(duplicates="drop"))
        assert len(once.transactions) == 3
