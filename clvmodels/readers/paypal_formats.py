"""The activity report of PayPal, whose columns are named in the language of the account."""

from __future__ import annotations

from dataclasses import replace

import narwhals as nw

from clvmodels.readers.export_format import ExportFormat

__all__ = ["PAYPAL_FORMATS"]

NEGATIVE = r"^\s*[-(]"
SALE = r"(?i)payment|checkout|sale|zahlung|paiement|pago|pagamento|betaling|付款|支付|支払"
REFUND = (
    r"(?i)refund|reversal|chargeback|r[üu]ckzahlung|r[üu]ckbuchung|erstattung|remboursement|annulation|reembolso|"
    r"anulaci[óo]n|rimborso|storno|estorno|terugbetaling|terugboeking|退款|撤销|返金"
)
NOT_SALE = (
    r"(?i)hold|release|authori[sz]ation|refund|reversal|conversion|withdrawal|transfer|deposit|einbehalt|autorisi|"
    r"r[üu]ckzahlung|r[üu]ckbuchung|erstattung|umrechnung|abbuchung|auszahlung|[üu]bertragung|gutschrift|retenue|"
    r"autorisation|virement|retrait|remboursement|retenci[óo]n|autorizaci[óo]n|conversi[óo]n|transferencia|retiro|"
    r"reembolso|trattenut|autorizzazione|conversione|trasferimento|prelievo|rimborso|conversão|transferência|saque|"
    r"estorno|terugbetaling|opname|overboeking|冻结|授权|转换|提现|退款|转账|返金"
)

ENGLISH = ExportFormat(
    name="paypal",
    header=frozenset({"Date", "Time", "Type", "Gross", "From Email Address", "To Email Address", "Reference Txn ID"}),
    roles={
        "customer_id": ("From Email Address",),
        "order_id": ("Transaction ID",),
        "amount": ("Gross",),
        "currency": ("Currency",),
        "status": ("Status",),
    },
    date=("Date", "Time"),
    keep={
        "not_a_payment": (
            nw.col("Type").str.contains(SALE)
            & ~nw.col("Type").str.contains(NOT_SALE)
            & ~nw.col("Gross").str.contains(NEGATIVE)
        )
        | (nw.col("Type").str.contains(REFUND) & nw.col("Gross").str.contains(NEGATIVE))
    },
    computed={
        "customer_id": nw.when(nw.col("Gross").str.contains(NEGATIVE))
        .then(nw.col("To Email Address"))
        .otherwise(nw.col("From Email Address"))
        .str.to_lowercase(),
        "order_id": nw.when(nw.col("Gross").str.contains(NEGATIVE))
        .then(nw.coalesce(nw.col("Reference Txn ID"), nw.col("Transaction ID")))
        .otherwise(nw.col("Transaction ID")),
    },
    notes={
        "customer_id": "for refunds, To Email Address",
        "order_id": "for refunds, Reference Txn ID",
        "amount": "before fees; refunds are separate rows with negative amounts",
    },
)
# The names of the English columns in reports of other languages.
COLUMNS = (
    *("Date", "Time", "Type", "Gross", "From Email Address", "To Email Address"),
    *("Reference Txn ID", "Transaction ID", "Currency", "Status"),
)
LANGUAGES = {
    "de": (
        *("Datum", "Uhrzeit", "Typ", "Brutto", "Absender E-Mail-Adresse", "Empfänger E-Mail-Adresse"),
        *("Zugehöriger Transaktionscode", "Transaktionscode", "Währung", "Status"),
    ),
    "fr": (
        *("Date", "Heure", "Type", "Avant commission", "De l'adresse email", "À l'adresse email"),
        *("Nº de transaction de référence", "Numéro de transaction", "Devise", "État"),
    ),
    "es": (
        *("Fecha", "Hora", "Tipo", "Bruto", "Correo electrónico del remitente", "Correo electrónico del destinatario"),
        *("Id. de referencia de trans.", "Id. de transacción", "Divisa", "Estado"),
    ),
    "it": (
        *("Data", "Orario", "Tipo", "Lordo", "Indirizzo email mittente", "Indirizzo email destinatario"),
        *("Codice transazione di riferimento", "Codice transazione", "Valuta", "Stato"),
    ),
    "zh": (
        *("日期", "时间", "类型", "总额", "发件人邮箱地址", "收件人邮箱地址"),
        *("参考交易号", "交易号", "币种", "状态"),
    ),
}
DATES = {"de": "%d.%m.%Y %H:%M:%S", "fr": "%d/%m/%Y %H:%M:%S", "es": "%d/%m/%Y %H:%M:%S", "it": "%d/%m/%Y %H:%M:%S"}


def _translate(language: str) -> ExportFormat:
    """Return the format of the report in another language."""
    names = dict(zip(LANGUAGES[language], COLUMNS, strict=True))
    # Some reports lack the reference of refunds, which is then missing.
    header = frozenset(name for name, english in names.items() if english not in ("Reference Txn ID", "Currency"))
    return replace(
        ENGLISH,
        header=header,
        names=names,
        decimal="," if language in DATES else ".",
        formats=(None, DATES[language]) if language in DATES else (None, "%Y/%m/%d %H:%M:%S"),
    )


DESCRIPTIONS = {  # balance reports have this column instead of the type, and neither a status nor a recipient
    "en": "Description",
    "de": "Beschreibung",
    "fr": "Description",
    "es": "Descripción",
    "it": "Descrizione",
}
NOT_IN_IT = ("Type", "Status", "To Email Address")


def _by_description(language: str) -> ExportFormat:
    """Return the format of the balance report; a refund belongs to the customer of the payment that it names."""
    form = ENGLISH if language == "en" else _translate(language)
    names = dict(form.names) or {name: name for name in COLUMNS}
    others = {name: own for name, own in names.items() if own not in NOT_IN_IT}
    return replace(
        form,
        header=frozenset({*others, DESCRIPTIONS[language]}),
        names={**others, DESCRIPTIONS[language]: "Type", "Status": "Status", "To": "To Email Address"},
        finish=lambda lazy: lazy.with_columns(
            customer_id=nw.coalesce(nw.col("customer_id"), nw.col("customer_id").max().over("order_id"))
        ),
        notes={**ENGLISH.notes, "customer_id": "for refunds, the sender of the payment that they name"},
    )


PAYPAL_FORMATS = (ENGLISH, *(_translate(language) for language in LANGUAGES), *map(_by_description, DESCRIPTIONS))
