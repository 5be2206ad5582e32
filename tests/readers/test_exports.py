"""Exports of shops, payment services and GA4: recognized by their header, and read as documented by the service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.readers.export_formats import EXPORT_FORMATS

# Rows are invented; headers are those of the exports, reduced to the columns that are read and a few others.
FILES = {path.stem: path.read_text() for path in (Path(__file__).parent / "exports").iterdir()}
EVENTS = [
    {"event_name": "page_view", "event_timestamp": "1714557492000000", "user_pseudo_id": "p1"},
    {
        "event_name": "purchase",
        "event_timestamp": "1714557492000000",  # 2024-05-01 09:58:12 UTC
        "user_pseudo_id": "p1",
        "user_id": "u1",
        "ecommerce": {"transaction_id": "T1", "purchase_revenue": 35.0},
        "items": [{"item_id": "tee"}],
    },
    {
        "event_name": "purchase",  # the page was loaded again
        "event_timestamp": "1714557592000000",
        "user_pseudo_id": "p1",
        "user_id": "u1",
        "ecommerce": {"transaction_id": "T1", "purchase_revenue": 35.0},
    },
    {
        "event_name": "refund",
        "event_timestamp": "1714657592000000",
        "user_pseudo_id": "p1",
        "user_id": "u1",
        "ecommerce": {"transaction_id": "T1", "refund_value": 5.0},
    },
    {
        "event_name": "purchase",
        "event_timestamp": "1714557493000000",
        "user_pseudo_id": "p2",
        "ecommerce": {"transaction_id": "(not set)", "purchase_revenue": 16.0},
    },
]
KEPT = {
    "shopify": [("ann@example.com", "#1", "2024-05-01", 35.0), ("ben@example.com", "#2", "2024-05-02", 30.0)],
    "woocommerce": [("ann@example.com", "11", "2024-05-01", 35.0)],
    "magento": [
        ("ann@example.com", "000000011", "2024-05-01", 1035.0),
        ("ben@example.com", "000000012", "2024-05-02", 30.0),
    ],
    "stripe": [("ann@example.com", "ch_1", "2024-05-01", 1000.0)],
    "square": [("CUST1", "TX1", "2024-05-01", 1012.0)],
    "paypal": [("ann@example.com", "T1", "2024-05-01", 1060.0)],
    "etsy": [("Ben", "9002", "2024-05-02", 30.0), ("ann77", "9001", "2024-05-01", 35.0)],
    "amazon": [("ann@example.com", "1-1", "2024-05-01", 35.0)],
    "ga4": [("p2", None, "2024-05-01", 16.0), ("u1", "T1", "2024-05-01", 30.0)],
}
USUAL_ORDER = ("2024-05-01", 35.0)  # day and amount of the first customer's order in the example of a new format
KINDS = list(dict.fromkeys(form.name for form in EXPORT_FORMATS))  # stripe has several formats
OPTIONS = {"paypal": {"date_format": "%m/%d/%Y %H:%M:%S"}}
NEW_YORK = {"time_zone": "America/New_York"}


@pytest.fixture
def written(tmp_path):
    def write(kind, text=None):
        if kind == "ga4":
            path = tmp_path / "events.jsonl"
            path.write_text("\n".join(map(json.dumps, EVENTS)))
            return path
        path = tmp_path / ("orders.tsv" if kind == "amazon" else "export.csv")
        path.write_text(FILES[kind] if text is None else text)
        return path

    return write


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_exports_are_recognized_and_cleaned(written, kind):
    export = clv.read_export(written(kind), **(NEW_YORK | OPTIONS.get(kind, {})))
    assert export.kind == kind
    cleaned = clv.clean(export.frame, **export.columns).transactions
    rows = [(customer, order, str(date.date()), amount) for customer, order, date, amount, _ in cleaned.rows()]
    assert rows == KEPT[kind] if kind in KEPT else rows[0][2:] == USUAL_ORDER
    assert set(export.mapped["column"]) >= {"customer_id", "order_id", "date", "amount"}
    assert clv.read_export(written(kind), kind, **OPTIONS.get(kind, {})).frame.columns == export.frame.columns


def test_rows_that_are_not_orders_are_counted(written):
    assert clv.read_export(written("shopify")).left_out == {"further_line": 1}
    paypal = clv.read_export(written("paypal"), **OPTIONS["paypal"])
    assert paypal.left_out == {"not_a_payment": 2}
    assert "2 rows were left out: neither payments received nor their refunds" in repr(paypal)
    export = clv.read_export(written("ga4"))
    assert export.left_out == {"not_a_purchase_event": 1, "repeated_order": 1}
    assert "1 row was left out: an order sent again" in repr(export)


@pytest.mark.slow
def test_the_zone_of_the_calendar_determines_the_day(written):
    def day_of(kind, zone, row):
        return str(clv.read_export(written(kind), time_zone=zone).frame["date"][row])

    assert day_of("shopify", "UTC", 1) == "2024-05-03 03:30:00"
    assert day_of("shopify", "America/New_York", 1) == "2024-05-02 23:30:00"
    assert day_of("stripe", "America/New_York", 2) == "2024-05-03 22:00:00"
    assert day_of("amazon", "Asia/Tokyo", 0) == "2024-05-02 08:30:00"
    assert day_of("ga4", "America/New_York", 0) in {"2024-05-01 05:58:12", "2024-05-01 05:58:13"}
    assert day_of("square", "Asia/Tokyo", 0) == "2024-05-01 14:30:00"  # already local time


@pytest.mark.slow
def test_stripe_amounts_are_in_the_currency_of_the_account_if_stated(written):
    text = FILES["stripe_converted"]
    export = clv.read_export(written("stripe", text))
    cleaned = clv.clean(export.frame, **export.columns).transactions
    assert cleaned.select("customer_id", "amount").rows() == [("ann@example.com", 112.5), ("cus_2", 80.0)]


def test_a_byte_order_mark_and_semicolons(written):
    text = "\ufeff" + FILES["woocommerce"].replace(",", ";").replace("35.00", "1.035,00").replace(".00", ",00")
    export = clv.read_export(written("woocommerce", text), decimal=",")
    assert export.frame["amount"].to_list() == [1035.0, 50.0, 16.0]


def test_other_columns_may_be_named(written):
    export = clv.read_export(written("shopify"), customer_id="Name", amount="Subtotal")
    assert export.frame.select("customer_id", "amount").row(0) == ("#1", 30.0)
    with pytest.raises(InvalidTransactions, match="no column 'Net'"):
        clv.read_export(written("shopify"), amount="Net")


def test_an_unknown_header_lists_the_known_ones(written):
    with pytest.raises(InvalidTransactions) as refused:
        clv.read_export(written("shopify", "who,when\n1,2\n"))
    message = str(refused.value)
    assert all(f"\n  {kind}: " in message for kind in KINDS)
    assert "its columns are 'who', 'when'" in message


@pytest.mark.parametrize(
    ("kind", "options", "error", "words"),
    [
        ("shopify", {"kind": "etsy"}, InvalidTransactions, "lacks the columns .* of an export of etsy"),
        ("shopify", {"kind": "ebay"}, InvalidOption, "kind='ebay' is not one of 'shopify', 'woocommerce'"),
        ("shopify", {"decimal": ";"}, InvalidOption, "decimal=';' is neither"),
        ("shopify", {"decimal": ","}, InvalidTransactions, r"have a number \(amount\) that cannot be read with ','"),
        ("shopify", {"time_zone": "Mars"}, InvalidOption, "time_zone='Mars'"),
        ("paypal", {}, InvalidTransactions, "3 of 3 rows have a date that cannot be read as YYYY-MM-DD"),
    ],
)
def test_unreadable_exports_are_refused(written, kind, options, error, words):
    with pytest.raises(error, match=words):
        clv.read_export(written(kind), **options)


def test_a_report_without_buyers_is_refused(written):
    text = "\n".join(line.rpartition("\t")[0] for line in FILES["amazon"].splitlines())
    with pytest.raises(InvalidTransactions, match="has no column of customers: an export of amazon"):
        clv.read_export(written("amazon", text))


def test_missing_files_are_refused_and_other_encodings_read(tmp_path):
    with pytest.raises(InvalidTransactions, match="There is no file"):
        clv.read_export(tmp_path / "orders.csv")
    (tmp_path / "latin.csv").write_bytes(FILES["etsy"].replace("Ben", "B\u00e9n").encode("latin-1"))
    export = clv.read_export(tmp_path / "latin.csv")
    assert "B\u00e9n" in export.frame["customer_id"].to_list()
    assert export.findings[-1].text == "latin.csv was read as cp1252"


SHOP = "Name,Email,Financial Status,Paid at,Created at,Cancelled at,Currency,Total,Refunded Amount,Lineitem quantity\n"
JANUARY = """#1001,ann@x.com,paid,2026-01-05 10:00:00 +0000,2026-01-05 10:00:00 +0000,,USD,100.00,0.00,1
#1002,ben@x.com,pending,,2026-01-30 10:00:00 +0000,,USD,40.00,0.00,1
#1003,cy@x.com,paid,2026-01-31 10:00:00 +0000,2026-01-31 10:00:00 +0000,,USD,60.00,0.00,1
"""
FEBRUARY = """#1002,ben@x.com,paid,2026-02-01 10:00:00 +0000,2026-01-30 10:00:00 +0000,,USD,40.00,0.00,1
#1003,cy@x.com,partially_refunded,2026-01-31 10:00:00 +0000,2026-01-31 10:00:00 +0000,,USD,60.00,20.00,1
#1001,ann@x.com,refunded,2026-01-05 10:00:00 +0000,2026-01-05 10:00:00 +0000,2026-02-02 10:00:00 +0000,USD,100,100,1
"""


@pytest.mark.slow
def test_of_an_order_in_several_exports_the_latest_counts(tmp_path):
    (tmp_path / "a_february.csv").write_text(SHOP + FEBRUARY)  # not in the order of the names
    (tmp_path / "b_january.csv").write_text(SHOP + JANUARY)
    export = clv.read_export(tmp_path)
    assert export.left_out == {"replaced_by_later_export": 3}
    cleaned = clv.clean(export.frame, **export.columns).transactions
    assert sorted(cleaned.select("customer_id", "amount").rows()) == [("ben@x.com", 40.0), ("cy@x.com", 40.0)]


def test_exports_that_differ_and_have_the_same_latest_date_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text(SHOP + JANUARY)
    (tmp_path / "b.csv").write_text(SHOP + JANUARY.replace("60.00", "70.00"))
    with pytest.raises(InvalidTransactions, match="state an order differently"):
        clv.read_export(tmp_path)
    (tmp_path / "b.csv").write_text(SHOP + JANUARY.replace("60.00", "free"))
    with pytest.raises(InvalidTransactions, match=r"(?s)that cannot be read with '\.'.*state an order differently"):
        clv.read_export(tmp_path)


def test_an_order_number_may_take_the_place_of_the_order_id_of_woocommerce(written):
    export = clv.read_export(written("woocommerce", FILES["woocommerce"].replace("order_id", "order_number")))
    assert export.kind == "woocommerce"
    assert None not in export.frame["order_id"].to_list()


PAYPAL = {  # one payment of 40,00, a refund of 5,00, a withdrawal and a hold, as the report of each language names them
    "de": (
        (
            "Datum,Uhrzeit,Zeitzone,Name,Typ,Status,Währung,Brutto,Gebühr,Netto,Absender E-Mail-Adresse,"
            "Empfänger E-Mail-Adresse,Transaktionscode,Zugehöriger Transaktionscode"
        ),
        ("PayPal Express-Zahlung", "Rückzahlung", "Von Nutzer eingeleitete Abbuchung", "Einbehaltung für Zahlung"),
        "Abgeschlossen",
        ("01.05.2024", "03.05.2024"),
    ),
    "fr": (
        (
            "Date,Heure,Fuseau horaire,Nom,Type,État,Devise,Avant commission,Commission,Net,De l'adresse email,"
            "À l'adresse email,Numéro de transaction,Nº de transaction de référence"
        ),
        ("Paiement Express Checkout", "Remboursement", "Virement", "Retenue sur paiement"),
        "Terminé",
        ("01/05/2024", "03/05/2024"),
    ),
    "es": (
        (
            "Fecha,Hora,Zona horaria,Nombre,Tipo,Estado,Divisa,Bruto,Comisión,Neto,Correo electrónico del remitente,"
            "Correo electrónico del destinatario,Id. de transacción,Id. de referencia de trans."
        ),
        ("Pago exprés", "Reembolso de pago", "Retiro general", "Retención de pago"),
        "Completado",
        ("01/05/2024", "03/05/2024"),
    ),
    "it": (
        (
            "Data,Orario,Fuso orario,Nome,Tipo,Stato,Valuta,Lordo,Tariffa,Netto,Indirizzo email mittente,"
            "Indirizzo email destinatario,Codice transazione,Codice transazione di riferimento"
        ),
        (
            "Pagamento Express Checkout",
            "Rimborso di pagamento",
            "Prelievo generico",
            "Importo trattenuto del pagamento",
        ),
        "Completata",
        ("01/05/2024", "03/05/2024"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("language", PAYPAL)
def test_paypal_reports_in_other_languages_are_read(tmp_path, language):
    header, kinds, done, (day, later) = PAYPAL[language]
    payment, refund, withdrawal, hold = kinds
    rows = [
        f'{day},10:00:00,CET,Ann,{payment},{done},EUR,"1.040,00","0,35","1.039,65",ann@x.com,me@x.com,T1,',
        f'{later},10:00:00,CET,Ann,{refund},{done},EUR,"-5,00","0,00","-5,00",me@x.com,ann@x.com,T2,T1',
        f'{later},11:00:00,CET,,{withdrawal},{done},EUR,"-500,00","0,00","-500,00",me@x.com,,T3,',
        f'{later},12:00:00,CET,Ann,{hold},{done},EUR,"-35,00","0,00","-35,00",me@x.com,ann@x.com,T4,T1',
    ]
    path = tmp_path / "paypal.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8-sig")
    export = clv.read_export(path)
    assert export.left_out == {"not_a_payment": 2}
    orders = clv.clean(export.frame, **export.columns).transactions
    assert orders.select("customer_id", "order_id", "amount").rows() == [("ann@x.com", "T1", 1035.0)]
    assert [str(day) for day in orders["date"].to_list()] == ["2024-05-01 10:00:00"]


@pytest.mark.slow
def test_tests_are_set_aside_and_promotions_subtracted(written):
    text = FILES["stripe"].splitlines()
    stripe = "\n".join(
        [text[0] + ",Mode", *(line + (",Test" if i == 0 else ",Live") for i, line in enumerate(text[1:]))]
    )
    export = clv.read_export(written("stripe", stripe))
    assert clv.clean(export.frame, **export.columns).entries["test_order"].rows == 1
    lines = FILES["amazon"].splitlines()
    amazon = "\n".join([lines[0] + "\titem-promotion-discount", *(line + "\t2.50" for line in lines[1:])])
    export = clv.read_export(written("amazon", amazon))
    assert export.frame["amount"].to_list()[:2] == [17.5, 12.5]


@pytest.mark.slow
def test_an_order_without_a_date_has_a_line_of_the_ledger(written):
    text = FILES["etsy"]
    first = text.splitlines()[1]
    export = clv.read_export(written("etsy", text + "," + first.partition(",")[2] + "\n"))
    with pytest.raises(InvalidTransactions, match="on_missing_date='set_aside'"):
        clv.clean(export.frame, **export.columns)
    rules = clv.CleaningRules(on_missing_date="set_aside")
    assert clv.clean(export.frame, **export.columns, rules=rules).entries["no_date"].rows == 1
