"""Files as public data sets, shops and tills write them, imitated: read to the last cent, or refused with a remedy.

What `--columns auto` does is what somebody with a new file tries first.
"""

from __future__ import annotations

import datetime as dt
import json

import pytest

import clvmodels as clv
from clvmodels.cli import arguments
from clvmodels.cli.replayed_cleaning import open_log
from clvmodels.errors import CLVError

DAY = dt.date(2023, 1, 2)
# customer, day, order, paid; the third day is one of two that day and month cannot be mistaken in
ORDERS = [
    (who, DAY + dt.timedelta(days=days), 1000 + number, cents / 100)
    for number, (who, days, cents) in enumerate(
        [(0, 0, 2550), (1, 3, 99900), (0, 26, 123456), (2, 45, 800), (1, 77, 4999), (0, 140, 17310), (3, 300, 60000)]
    )
]
NONE = {"void": "", "refund": "", "count": "", "unknown": "raise"}


def table(header, rows, mark=","):
    return "".join(mark.join(map(str, row)) + "\n" for row in [header.split(mark), *rows])


def comma(paid):
    return f"{paid:,.2f}".translate(str.maketrans(",.", ".,"))


def olist():
    """Every order has a customer_id of its own; customer_unique_id is the person."""
    rows = [(f"o{n}", f"x{n}", f"u{who}", "delivered", f"{day} 10:01:11", paid) for who, day, n, paid in ORDERS]
    rows += [
        (f"v{n}", f"y{n}", "u1", state, "2023-05-01 10:00:00", 55)
        for n, state in enumerate(["canceled", "unavailable"])
    ]
    header = "order_id,customer_id,customer_unique_id,order_status,order_purchase_timestamp,payment_value"
    return table(header, rows), "utf-8", "u{}"


def superstore():
    """State is where a customer lives, not the state of an order; the discount is in Sales already."""
    rows = []
    for who, day, number, paid in ORDERS:
        for share in (0.4, 0.6):
            rows.append(
                (
                    len(rows),
                    f"CA-{number}",
                    f"{day.month}/{day.day}/{day.year}",
                    f"C-{who}",
                    "Kentucky",
                    f"{paid * share:.4f}",
                    2,
                    0.2,
                )
            )
    return table("Row ID,Order ID,Order Date,Customer ID,State,Sales,Quantity,Discount", rows), "cp1252", "C-{}"


def online_retail():
    rows = [
        (f"53{n}", "85123A", 1, f"{day.month}/{day.day}/{day.year} 8:26", paid, f"{who}.0")
        for who, day, n, paid in ORDERS
    ]
    rows += [
        ("541", "7", 2, "3/13/2023 9:00", 4.5, "1.0"),
        ("C541", "7", -2, "3/14/2023 9:00", 4.5, "1.0"),
        ("542", "7", 2, "3/13/2023 9:00", 4.5, ""),
    ]
    return table("InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID", rows), "utf-8", "{}"


def brazil():
    rows = [(n, f"{day:%d/%m/%Y}", f"Cliente {who}", f"R$ {comma(paid)}", "Entregue") for who, day, n, paid in ORDERS]
    rows += [(1, "30/03/2023", "Cliente 1", "R$ 99,00", "Cancelado")]
    return table("Pedido;Data;Cliente;Valor Total;Situação", rows, ";"), "latin-1", "Cliente {}"


def woocommerce_plugin():
    rows = [
        (n, ["Completed", "Processing"][n % 2], f"{day} 12:00", f"c{who}@x.com", paid) for who, day, n, paid in ORDERS
    ]
    rows += [
        (n, state, "2023-04-04 10:00", "c1@x.com", 80)
        for n, state in enumerate(["Cancelled", "Refunded", "On hold", "Pending payment", "Failed"])
    ]
    return table("Order Number,Order Status,Order Date,Email (Billing),Order Total Amount", rows), "utf-8", "c{}@x.com"


def square_items():
    rows = [
        (f"{day:%m/%d/%Y}", "Tea", f"${paid:.2f}", f"T{n}", "Payment", f"CUST{who}") for who, day, n, paid in ORDERS
    ]
    rows += [
        ("06/12/2023", "Tea", "$20.00", "R0", "Payment", "CUST3"),
        ("06/13/2023", "Tea", "-$20.00", "R1", "Refund", "CUST3"),
    ]
    return table("Date,Item,Gross Sales,Transaction ID,Event Type,Customer ID", rows), "utf-8", "CUST{}"


def ebay():
    """Blank lines above, and lines below that say how many records there are."""
    rows = [(n, f"01-{n}", f"user{who}", f'"${paid:,.2f}"', f"{day:%b-%d-%y}") for who, day, n, paid in ORDERS]
    text = table("Sales Record Number,Order Number,Buyer Username,Total Price,Sale Date", rows)
    return f"\n{text}\n{len(rows)},record(s) downloaded,from 2023,,\nSeller ID : shop\n", "utf-8", "user{}"


def shopee():
    rows = [(f"23{n}AB", "Selesai", f"{day} 10:00", f"pembeli{who}", paid) for who, day, n, paid in ORDERS]
    rows += [("X1", "Batal", "2023-03-03 10:00", "pembeli1", 50000)]
    return (
        table("No. Pesanan,Status Pesanan,Waktu Pesanan Dibuat,Username (Pembeli),Total Pembayaran", rows),
        "utf-8",
        "pembeli{}",
    )


def lazada():
    rows = [(n * 10, n, f"cust{who}", f"{day:%d %b %Y} 10:00", paid, "delivered") for who, day, n, paid in ORDERS]
    rows += [
        (n, n, "cust1", "15 May 2023 10:00", 90, state)
        for n, state in enumerate(["returned", "canceled", "Package Returned"])
    ]
    return table("orderItemId;orderNumber;customerName;createTime;paidPrice;status", rows, ";"), "utf-8", "cust{}"


def till_report():
    """A block of titles as wide as the table above it, and a row of totals below."""
    rows = [(f"{day:%d.%m.%Y}", n, f"K{who:03}", comma(paid)) for who, day, n, paid in ORDERS]
    title = "Kassenbericht;;;\nFiliale;Mitte;;\nZeitraum;02.01.2023 - 31.12.2023;;\n;;;\n"
    total = comma(sum(paid for *_, paid in ORDERS))
    return title + table("Datum;Bon-Nr;Kundennr;Umsatz EUR", rows, ";") + f"Summe;;;{total}\n", "cp1252", "K{:03}"


def rakuten():
    rows = [(f"2023-{n}", f"{day:%Y/%m/%d} 10:00:00", f"a{who}@x.jp", paid, "発送済") for who, day, n, paid in ORDERS]
    rows += [("X", "2023/03/03 10:00:00", "a1@x.jp", 5000, "キャンセル")]
    return table("注文番号,注文日時,注文者メールアドレス,合計金額,ステータス", rows), "shift_jis", "a{}@x.jp"


def events():
    """Most rows of a log of events are no purchases."""
    rows = [
        (f"{day} 10:00:00 UTC", kind, paid, who)
        for who, day, _, paid in ORDERS
        for kind in ("view", "cart", "purchase")
    ]
    return table("event_time,event_type,price,user_id", rows), "utf-8", "{}"


def prestashop():
    rows = [
        (n, f"C. Client{who}", f'"{comma(paid)} €"', "Paiement accepté", f"{day} 10:00:00")
        for who, day, n, paid in ORDERS
    ]
    rows += [
        (n, "C. Client1", '"10,00 €"', state, "2023-03-03 10:00:00")
        for n, state in enumerate(["Annulé", "Erreur de paiement", "Remboursé"])
    ]
    return table("id;Client;Total;État;Date", rows, ";"), "utf-8", "C. Client{}"


def merged_cells():
    """The customer is on the first line of an order alone."""
    rows = [
        row
        for who, day, n, paid in ORDERS
        for row in ((n, f"c{who}", day, f"{paid * 0.4:.4f}"), (n, "", day, f"{paid * 0.6:.4f}"))
    ]
    return table("Order No,Customer,Date,Amount", rows), "utf-8", "c{}"


def shopify_json():
    orders = [
        {
            "id": n,
            "created_at": f"{day}T10:00:00Z",
            "total_price": f"{paid:.2f}",
            "financial_status": "paid",
            "customer": {"id": who},
        }
        for who, day, n, paid in ORDERS
    ]
    return json.dumps({"orders": orders}), "json", "{}"


def turkey():
    rows = [(f"M{who}", f"{day:%d.%m.%Y %H:%M}", f"{comma(paid)} TL") for who, day, _, paid in ORDERS]
    return table("Müşteri;Sipariş Tarihi;Tutar", rows, ";"), "utf-8", "M{}"


def unix_seconds():
    epoch = dt.date(1970, 1, 1)
    rows = [(f"u{who}", (day - epoch).days * 86_400 + 3_600, paid) for who, day, _, paid in ORDERS]
    return table("user,ts,spend", rows), "utf-8", "u{}"


def excel_days():
    rows = [(f"u{who}", (day - dt.date(1899, 12, 30)).days, paid) for who, day, _, paid in ORDERS]
    return table("Customer,Order Date,Total", rows), "utf-8", "u{}"


def short_names():
    rows = [(f"u{who}", day, paid) for who, day, _, paid in ORDERS]
    return table("c,d,a", rows) + f"Total,2023-12-31,{sum(paid for *_, paid in ORDERS)}\n", "utf-8", "u{}"


READ = (
    olist,
    superstore,
    online_retail,
    brazil,
    woocommerce_plugin,
    square_items,
    ebay,
    shopee,
    lazada,
    till_report,
    rakuten,
)
READ += (events, prestashop, merged_cells, shopify_json, turkey, unix_seconds, excel_days, short_names)


def no_header():
    return table(
        "A,2023-01-05,10.50", [("A", "2023-02-05", 11.5)]
    ), "The first row, 'A', '2023-01-05', '10.50', seems to have values"


def returns_of_unknown_sign():
    rows = [(n, day, who, "Sale", paid) for who, day, n, paid in ORDERS] + [(1, "2023-06-05", 1, "Return", 45)]
    return table("Transaction ID,Date,Customer ID,Transaction Type,Amount", rows), "'Return' (1 row, 45.00)"


def settlement():
    rows = [("1", "Order", n, "ItemPrice", paid, f"{day}T10:00:00+00:00") for _, day, n, paid in ORDERS]
    return table(
        "settlement-id,transaction-type,order-id,amount-type,amount,posted-date", rows
    ), "No column 'customer_id'"


def shortened_ids():
    return table("Phone,Order Date,Total", [("9.12E+11", day, paid) for _, day, _, paid in ORDERS]), "such as 1.2E+17"


def several_currencies():
    rows = [(who, day, paid, ["USD", "EUR"][who % 2]) for who, day, _, paid in ORDERS]
    return table("Customer,Order Date,Total,Currency", rows), "Column 'Currency' has 2 currencies"


def cells_left_out():
    rows = [row for who, day, n, paid in ORDERS for row in ((n, who, day, paid), ("", "", "", paid))]
    return table("Order No,Customer,Date,Amount", rows), "the cells of the row above were merged, or not repeated"


def two_dates():
    rows = [(who, f"{day:%d-%m-%y}", paid) for who, day, _, paid in ORDERS if day.month < 6 and day.day < 29]
    return table("customer,date,total", rows), "--date-format '%d-%m-%y' or --date-format '%y-%m-%d'"


REFUSED = (no_header, returns_of_unknown_sign, settlement, shortened_ids, several_currencies, cells_left_out, two_dates)


def read_by_itself(path, **rules):
    """Return the RFM of a log read as `clv report LOG --columns auto` reads it."""
    defaults = {role: arguments.DefaultName(role) for role in ("customer_id", "date")}
    named = {**defaults, "amount": None}
    chosen = arguments.choose_columns(path, "auto", named, None)
    reading = {"date_format": chosen.date_format, "time_zone": chosen.time_zone}
    source = open_log(path, "auto", None, chosen.columns, reading, arguments.status_rules(**NONE | rules), None)
    log = source.log if source.cleaned is None else source.cleaned.transactions
    return clv.rfm_summary(
        log, **source.columns, **source.reading, on_missing_id="drop", include_first_transaction=True
    )


@pytest.mark.slow
@pytest.mark.parametrize("imitation", READ, ids=lambda imitation: imitation.__name__)
def test_a_public_file_is_read_without_options_to_the_last_cent(imitation, tmp_path):
    text, encoding, name = imitation()
    path = tmp_path / ("log.json" if encoding == "json" else "log.csv")
    path.write_text(text, "utf-8" if encoding == "json" else encoding)
    rfm = read_by_itself(path)
    expected = {}
    for who, _, _, paid in ORDERS:
        count, money = expected.get(name.format(who), (0, 0.0))
        expected[name.format(who)] = (count + 1, round(money + paid, 2))
    counts = rfm.monetary_count
    money = [round(float(mean * count), 2) for mean, count in zip(rfm.monetary_value, counts, strict=True)]
    assert dict(zip(map(str, rfm.customer_id), zip(counts.tolist(), money, strict=True), strict=True)) == expected


@pytest.mark.slow
@pytest.mark.parametrize("imitation", REFUSED, ids=lambda imitation: imitation.__name__)
def test_a_public_file_that_leaves_a_doubt_is_refused_with_a_remedy(imitation, tmp_path):
    text, words = imitation()
    path = tmp_path / "log.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(CLVError) as error:
        read_by_itself(path)
    assert words in str(error.value)


@pytest.mark.slow
def test_a_flag_says_what_a_status_means(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(returns_of_unknown_sign()[0], "utf-8")
    rfm = read_by_itself(path, refund="Return")
    assert round(float((rfm.monetary_value * rfm.monetary_count).sum()), 2) == round(sum(p for *_, p in ORDERS) - 45, 2)
