"""Propose the roles of columns from their names, in many languages, and refuse tables without the columns needed.

In English, Chinese, German, French, Spanish, Portuguese and Japanese; in other languages only the most usual names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from clvmodels.errors import InvalidTransactions, MissingColumn, closest, list_names

__all__ = [
    "OF_SUMMARIES",
    "ROLE_NAMES",
    "is_named_status",
    "is_usual_name",
    "kinds_of_rows",
    "refuse_missing",
    "refuse_summary",
    "roles_by_name",
    "status_columns",
]

OF_SUMMARIES = ("frequency", "recency", "T")  # columns of an RFM summary


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


# Names of each role, from the most to the least certain; the first that matches a column counts.
ROLE_NAMES: dict[str, tuple[str, ...]] = {
    "customer_id": _words(
        """
        customer id, customer number, customer no, customer key, client id, client number, cust id,
        user id, buyer id, buyer user id, member id, account id, household id, shopper id,
        visitor id, subscriber id, subscriber, patron id, guest id, donor id, kundennummer,
        kunden id, kunden nr, kundennr, id client, numero client,
        code client, id cliente, codigo cliente, codigo del cliente, codigo do cliente,
        numero de cliente, cod cliente, cliente id, clienteid, 客户编号, 客户id, 会员编号, 会员id,
        会员卡号, 用户id, 用户编号, 顾客编号, 买家id, 买家会员名, 买家昵称, 买家账号, 下单账号,
        会员名, 顧客番号, 顧客id, 顧客コード, 会員番号, 会員id, お客様番号, 得意先コード, customer,
        client, user, buyer, member, cust, kunde, käufer, acheteur, cliente, comprador, 客户, 会员,
        用户, 顾客, 买家, 顧客, 会員, お客様, 得意先, customer email, buyer email, email, e mail,
        mail, correo, courriel, customer name, client name, kundenname, nom client, nombre cliente,
        nome cliente, username, buyer username, buyer name, visitor id, pembeli, pelanggan,
        username pembeli, klant, klantnummer, klient, id klienta, müşteri, müşteri no, codice cliente,
        客户名称, 客户姓名, 收货人姓名, 手机号, phone, telefono,
        注文者メールアドレス, メールアドレス, 注文者氏名,
        고객번호, 고객 id, 고객id, 회원번호, 회원 id, 구매자, 구매자 id, 주문자, 고객, 고객명, 고객코드,
        id cliente, numero cliente, codice cliente, nome cliente, klantnr, klant id, klantcode, numer klienta,
        nr klienta, kundnummer, kundnr, kundenummer, asiakasnumero, asiakas, id zákazníka, zákazník, vevő,
        id клиента, код клиента, клиент, покупатель, контрагент, клієнт, mã khách hàng, khách hàng,
        รหัสลูกค้า, ลูกค้า, رقم العميل, العميل
        """
    ),
    "date": _words(
        """
        order date, invoice date, purchase date, transaction date, sale date, sales date,
        payment date, paid at, order time, order timestamp, order purchase timestamp,
        date of purchase, bestelldatum, rechnungsdatum, kaufdatum, auftragsdatum, buchungsdatum,
        belegdatum, date de commande, date commande, date achat, date d achat, date facture,
        date de facture, fecha de compra, fecha compra, fecha pedido, fecha de pedido,
        fecha factura, data da compra, data compra, data do pedido, data pedido, data da venda,
        付款日期, 付款时间, 支付时间, 订单付款时间, 订单创建时间, 下单时间, 下单日期, 订单日期,
        交易时间, 交易日期, 成交时间, 购买日期, 购买时间, 消费日期, 消费时间, 注文日, 注文日時,
        購入日, 購入日時, 受注日, 売上日, 取引日, created at, created, date, day, timestamp,
        event time, event timestamp, data ordine, data acquisto, orderdatum, data zamówienia,
        sipariş tarihi, tarih, tanggal, tanggal pesanan, waktu pesanan dibuat, waktu pembayaran,
        주문일, 주문일자, 주문일시, 결제일, 결제일시, 구매일, 구매일자, 거래일, 거래일시, 날짜, 일자, 일시,
        data di acquisto, data vendita, data transazione, besteldatum, factuurdatum, aankoopdatum,
        data zakupu, data sprzedaży, data transakcji, orderdatum, köpdatum, ordredato,
        købsdato, dato, kjøpsdato,
        tilauspäivä, päivämäärä, datum objednávky, dátum, rendelés dátuma, дата заказа, дата покупки,
        дата продажи, дата, ngày đặt hàng, ngày mua, ngày, วันที่สั่งซื้อ, วันที่, تاريخ الطلب, التاريخ,
        datetime, time, datum, tag, fecha, data, 日期, 时间, 日付, 年月日, 日時
        """
    ),
    "amount": _words(
        """
        total amount, order total, order amount, grand total, total price, total paid, amount paid,
        payment value, payment amount, net amount, sales amount, transaction amount, line total,
        line amount, total, amount, revenue, turnover, sales, spend, value, gesamtbetrag,
        rechnungsbetrag, bestellwert, betrag, umsatz, summe, montant total, montant ttc, montant,
        total ttc, chiffre d affaires, importe total, importe, monto total, monto, valor total,
        valor pago, valor, total venta, venta, 实付金额, 买家实际支付金额, 实收金额, 支付金额,
        付款金额, 订单金额, 成交金额, 交易金额, 消费金额, 销售金额, 销售额, 总金额, 总价, 金额,
        importo, importo totale, totale, bedrag, totaalbedrag, kwota, tutar, toplam, toplam tutar,
        주문금액, 결제금액, 구매금액, 판매금액, 총금액, 합계, 금액, totale ordine, totale pagato, totaal,
        orderbedrag, wartość, wartość zamówienia, suma, belopp, ordersumma, beløb, ordrebeløb,
        summa, částka, cena celkem,
        összeg, сумма заказа, сумма, сумма продажи, стоимость, tổng tiền, thành tiền, số tiền,
        ยอดรวม, จำนวนเงิน,
        المبلغ, الإجمالي, total pembayaran, jumlah, paid price, 合計金額, 注文金額, 購入金額, 支払金額,
        売上金額, 売上, 金額, 合計
        """
    ),
    "order_id": _words(
        """
        order id, order number, order no, invoice no, invoice id, invoice number, invoice,
        transaction id, receipt no, basket id, order, sale id, sale number,
        sales record number, receipt number, receipt id,
        check number, check id, ticket number, bill no, bill number, bestellnummer, bestell nr, rechnungsnummer,
        auftragsnummer, belegnummer, numero de commande, numero commande, id commande, commande,
        numero facture, numero de pedido, id pedido, pedido, numero factura, factura,
        numero do pedido, no pesanan, nomor pesanan, numero ordine, ordernummer, sipariş no, bon nr,
        bonnummer, 订单编号, 订单号, 交易号, 交易单号, 订单id, 单号, 注文番号, 注文id,
        受注番号, 伝票番号, 주문번호, 주문 번호, 거래번호, numero di ordine, id ordine, ordine, bestelnummer,
        factuurnummer,
        numer zamówienia, nr zamówienia, zamówienie, numer faktury, ordrenummer, tilausnumero, číslo objednávky,
        номер заказа, заказ, mã đơn hàng, หมายเลขคำสั่งซื้อ, رقم الطلب
        """
    ),
    "quantity": _words(
        """
        quantity, qty, units, pieces, menge, anzahl, stückzahl, quantite, qte, cantidad, quantidade,
        qtd, quantità, aantal, ilość, antal, määrä, množství, 수량, количество, кол во, số lượng,
        จำนวน, الكمية, 数量, 购买数量, 件数, 個数, 点数
        """
    ),
    "price": _words(
        """
        unit price, unitprice, price per unit, price, item price, stückpreis, einzelpreis, preis,
        prezzo unitario, prezzo, stuksprijs, prijs, cena jednostkowa, cena, 단가, 가격, цена, đơn giá, ราคา, السعر,
        prix unitaire, prix, precio unitario, precio, preco unitario, preco, 单价, 价格, 単価, 価格
        """
    ),
    "product": _words(
        """
        product id, product code, stock code, stockcode, sku, item id, product, item, artikelnummer,
        artikel, produkt, reference produit, produit, article, producto, articulo, produto,
        商品编码, 商品id, 货号, 商品名称, 商品, 宝贝标题, 商品コード, 商品番号, 商品名
        """
    ),
    "status": _words(
        """
        order status, financial status, payment status, status, bestellstatus, statut, situacao,
        transaction status, invoice status, estado del pedido, estado pedido, estado de pago, estado del pago,
        situação do pedido, status do pedido, status do pagamento, estado da encomenda, statut de la commande,
        statut commande, statut du paiement, zahlungsstatus, auftragsstatus, stato ordine, stato dell ordine,
        stato pagamento, orderstatus, betaalstatus, betalingsstatus, bestelstatus, status zamówienia,
        status płatności, orderstatus, ordrestatus, betalningsstatus, tilauksen tila,
        stav objednávky, stav platby,
        rendelés állapota, статус заказа, статус оплаты, статус, 주문상태, 주문 상태, 결제상태, 거래상태, 상태,
        trạng thái đơn hàng, trạng thái, สถานะคำสั่งซื้อ, สถานะ, حالة الطلب, الحالة,
        status pesanan, sipariş durumu, 订单状态, 交易状态, 支付状态, 付款状态, 订单交易状态, 状态,
        訂單狀態, 付款狀態, 狀態, 注文ステータス, ステータス, 状態, 注文状態, 支払状況
        """
    ),
    "discount": _words(
        """
        discount, line discount, discount amount, discount percent, discount rate, rabatt, nachlass,
        remise, rabais, descuento, desconto, 折扣, 优惠, 优惠金额, 折扣金额, 割引, 割引額
        """
    ),
    "currency": _words(
        """
        currency, currency code, ccy, currency iso code, währung, wahrung, währungscode,
        devise, moneda, moeda, valuta, waluta, 币种, 货币, 通貨, 통화
        """
    ),
}


# Names of columns that may state the type of a row; they count as a status only if their values do too.
KINDS_OF_ROWS = _words(
    """
    document type, doc type, invoice type, transaction kind, tipo documento, tipo de documento, type de document,
    type document, dokumentart, 单据类型, 订单类型, 문서유형,
    transaction type, order type, sale type, record type, row type, entry type, line type,
    event type, event name, event, state, etat, estado, stato, durum, type, kind, operation,
    vorgang, art, belegart, typ, type de transaction, tipo, tipo de transaccion, 交易类型, 类型,
    業務類型, 取引種別, 区分, 種別, transaktionstyp, transaktionsart, buchungsart, vorgangsart, auftragsart, bestellart,
    belegtyp, umsatzart, movement type, posting type, sales type, trans type, txn type, type operation,
    type d operation, tipo transazione, tipo operazione, tipo de operacion, tipo de movimiento, tipo de transacao,
    tipo de operacao, transactietype, typ transakcji, işlem türü, тип операции, тип, 거래유형, 거래구분, 单据类别,
    交易类别, 訂單類型, 交易類型, 類型, 取引区分, 売上区分, 伝票区分
    """
)


PART_OF_NAME = 1_000  # added to the rank of a word that is only part of a name


def roles_by_name(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns whose names fit each role, the best first; each column gets only the role that it fits best.

    Parameters
    ----------
    names : sequence of str
    """
    ranks: dict[str, list[tuple[int, int, str]]] = {}
    for place, name in enumerate(names):
        fits = [(rank, role) for role, words in ROLE_NAMES.items() if (rank := _rank(name, words)) is not None]
        if fits:
            rank, role = min(fits)
            ranks.setdefault(role, []).append((rank, place, name))
    return {role: tuple(name for _, _, name in sorted(ranks[role])) for role in ROLE_NAMES if role in ranks}


def kinds_of_rows(names: Sequence[str]) -> list[str]:
    """Return the columns whose names suggest the type of a row, such as sale or return, the best first.

    Parameters
    ----------
    names : sequence of str
    """
    words = [_plain(word) for word in KINDS_OF_ROWS]
    ranks = [(words.index(_plain(name)), name) for name in names if _plain(name) in words]
    return [name for _, name in sorted(ranks)]


def status_columns(names: Sequence[str]) -> list[str]:
    """Return the columns whose whole name means a status of orders or a type of rows.

    Parameters
    ----------
    names : sequence of str
    """
    return [*(name for name in names if is_named_status(name)), *kinds_of_rows(names)]


def refuse_missing(columns: Mapping[str, str], present: Sequence[str], roles_are_arguments: bool) -> None:
    """Raise InvalidTransactions if a column is missing, with the existing columns and the arguments that name them."""
    twice = [name for name in dict.fromkeys(columns.values()) if list(present).count(name) > 1]
    if twice:
        raise InvalidTransactions(
            f"Column {twice[0]!r} appears twice, as in a join of two tables: select one of them, or rename one."
        )
    absent = {role: name for role, name in columns.items() if name not in present}
    if "date" in columns:
        refuse_summary(present, columns["date"])
    if absent:
        missing = ", ".join(map(repr, absent.values()))
        arguments = ", ".join(f"{role}=" for role in absent)
        remedy = f": name one of these with {arguments}" if roles_are_arguments and len(present) > 1 else ""
        message = f"No column {missing}; the columns are {list_names(present)}{remedy}."
        message += next(filter(None, (closest(name, present) for name in absent.values())), "")
        if roles_are_arguments:
            message += _proposal(columns, absent, present)
        raise MissingColumn(message)


def refuse_summary(names: Sequence[str], date: str | None) -> None:
    """Raise a MissingColumn if a table without its column of dates is an RFM summary.

    Parameters
    ----------
    names : sequence of str
        Columns of the table.
    date : str or None
        Name of the column of dates, if one was named or recognized.
    """
    if set(OF_SUMMARIES) <= set(names) and (date not in names or date in OF_SUMMARIES):
        raise MissingColumn(
            "This table is an RFM summary with one row per customer (frequency, recency and T), not a log with one "
            "row per purchase: pass the log that it was made from. A job with source.kind = 'rfm' fits and scores a "
            "summary (in Python, RFM.from_frame reads one)."
        )


def is_usual_name(name: str) -> bool:
    """Return whether the whole name of a column is usual for some role."""
    ranks = [_rank(name, words) for words in ROLE_NAMES.values()]
    return any(rank is not None and rank < PART_OF_NAME for rank in ranks)


def is_named_status(name: str) -> bool:
    """Return whether the whole name of a column means a status of orders, such as "Financial Status"."""
    rank = _rank(name, ROLE_NAMES["status"])
    return rank is not None and rank < PART_OF_NAME


def _rank(name: str, words: Sequence[str]) -> int | None:
    """Return the rank of a name among the words of a role, higher if it only contains the word; None if none fits."""
    plain = _plain(name)
    bare = plain.replace(" ", "")
    for rank, word in enumerate(words):
        if bare == _plain(word).replace(" ", ""):
            return rank
    for rank, word in enumerate(words):
        if _contains(plain, _plain(word)):
            return PART_OF_NAME + rank
    return None


@lru_cache(maxsize=8_192)
def _plain(name: str) -> str:
    """Return a name in lower case, without accents and signs: "InvoiceDate" and "invoice_date" are "invoice date"."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.strip())
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign) or sign in "\u3099\u309a")
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", letters)))


def _contains(name: str, word: str) -> bool:
    """Return whether a name has a word: as whole words of Latin letters, or anywhere in other scripts."""
    if word.isascii():
        return f" {word} " in f" {name} "
    return len(word) >= 2 and word in name


def _proposal(columns: Mapping[str, str], absent: Mapping[str, str], present: Sequence[str]) -> str:
    """Return suggested arguments, ready to copy; empty if no name fits a role."""
    roles = roles_by_name([name for name in present if name not in columns.values()])
    wanted = [*absent, *(["amount"] if "customer_id" in absent and "amount" not in columns else [])]
    arguments = [f"{role}={roles[role][0]!r}" for role in wanted if role in roles]
    return f" Perhaps: {', '.join(arguments)}" if arguments else ""
