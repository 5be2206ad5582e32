"""What the statuses of orders and payments mean, in the words of shops and payment services in several languages."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

__all__ = [
    "Meaning",
    "StatusMeaning",
    "is_blank",
    "known_statuses",
    "meaning_of",
    "normalize_status",
    "unknown_statuses_fault",
]

BLANK_WORDS = ("", "nan", "null", "none", "n a", "na")  # normalized; of a dash nothing remains

Meaning = Literal["sale", "void", "refunded", "partly_refunded", "refund"]
"""sale: paid, or on its way to the customer. void: never paid, failed, cancelled. refunded: a sale that was given back
in full. partly_refunded: a sale, part of which was given back. refund: the row is itself a refund, not a sale."""

# Words inside longer statuses. They decide only where no word of doubt does: a refund that is requested, refused or
# partial leaves a sale, or part of it.
DOUBT = re.compile(
    r"\b(?:not|no|non|nicht|kein\w*|nao|sans|sin|without|un\w*|partial\w*|partly|teilweise\w*|part\w*ment\w*|parcial\w*|"
    r"request\w*|requir\w*|reject\w*|refus\w*|declin\w*|denied|fail\w*|expired|eligible|never|before|if|or|except|"
    r"return window|non\w*returnable|re ?open\w*|revert\w*|dispute\w*|exchang\w*|beantragt|abgelehnt|demand\w*|"
    r"solicit\w*|recus\w*|rechaz\w*|pending|process\w*|initiat\w*|in progress)\b"
    r"|\d|[未不非无無拒]|申请|申請|部分|一部|处理|處理|退款中|退货中|失败|失敗|协商|待退|中$|前"
)
PARTS: tuple[tuple[Meaning, re.Pattern[str]], ...] = (
    ("refunded", re.compile(r"退款成功|已退款|全额退款|退款完成|退货成功|已退货|退货完成|返金済|返品済")),
    ("void", re.compile(r"(?:交易|自动|订单|超时)关闭|已取消|取消成功|キャンセル済")),
    ("refunded", re.compile(r"\b(?:refunded|returned to (?:seller|sender|vendor))\b")),
    ("void", re.compile(r"\b(?:cancell?ed|voided|awaiting payment|storniert|annulee?|cancelad[oa]|anulad[oa])\b")),
    ("refunded", re.compile(r"\b(?:ruckerstattet|remboursee?|reembolsad[oa]|estornad[oa])\b")),
)
OF_AN_ORDER = re.compile(r"^(?:order |订单)|(?: order)$")
UNPAID_PARTS = re.compile(
    r"(?:等待买家|等待|待|未)(?:付款|支付)$|(?:付款|支付)(?:失败|超时)$"
    r"|\b(?:awaiting|pending|waiting for|wartet auf|en attente de|pendiente de|aguardando) (?:\w+ )?"
    r"(?:payment|zahlung|paiement|pago|pagamento)$"
    r"|\bpayment (?:failed|declined|pending|expired|error)$"
)


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """The meaning of a status, and the word that it was recognized by.

    Attributes
    ----------
    meaning : {"sale", "void", "refunded", "partly_refunded", "refund"}
    word : str
        A known status, or the part of the status that was recognized.
    whole : bool
        Whether the whole status is a known one, not only a part of it.
    """

    meaning: Meaning
    word: str
    whole: bool


def normalize_status(status: str) -> str:
    """Return a status without differences that have no meaning.

    Case, accents, full-width forms, blanks, hyphens, underscores and other punctuation do not matter, nor do capital
    letters inside words ("PartiallyRefunded") and the prefix of WooCommerce ("wc-completed").

    Examples
    --------
    >>> from clvmodels.transactions.statuses import normalize_status
    >>> normalize_status(" On-Hold"), normalize_status("wc-on_hold"), normalize_status("Annulée")
    ('on hold', 'on hold', 'annulee')
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", status))
    plain = "".join(
        mark
        for mark in unicodedata.normalize("NFKD", text.casefold().replace("ı", "i"))
        if not "\u0300" <= mark <= "\u036f"
    )
    words = "".join(mark if _is_letter(mark) else " " for mark in unicodedata.normalize("NFKC", plain)).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] == "wc" else words)


def is_blank(status: str | None) -> bool:
    """Return whether a status is missing: blank, or a word such as "NULL"."""
    return status is None or normalize_status(status) in BLANK_WORDS or status.strip() == "\\N"


def unknown_statuses_fault(column: str, rows: int, listed: str) -> str:
    """Return an error that lists the statuses whose meaning is unknown, with their rows."""
    return (
        f"{rows:,} {'row has' if rows == 1 else 'rows have'} an unknown status in {column!r}: {listed}. "
        "List each in count_statuses= (a sale), void_statuses= (not a sale) or refund_statuses= (a refund, whatever "
        "its sign), or pass unknown_statuses='count' or 'void' for all of them (in Python, as fields of CleaningRules)."
    )


def meaning_of(status: str) -> StatusMeaning | None:
    """Return what a status means; None if it is not known, or could mean several things.

    Examples
    --------
    >>> from clvmodels.transactions.statuses import meaning_of
    >>> meaning_of("Cancelled by customer").meaning, meaning_of("退款成功").meaning, meaning_of("Disputed")
    ('void', 'refunded', None)
    """
    text = normalize_status(status)
    for words in (text, OF_AN_ORDER.sub("", text)):
        if words in known_statuses():
            return StatusMeaning(known_statuses()[words], words, whole=True)
    unpaid = UNPAID_PARTS.search(text)
    if unpaid is not None:
        return StatusMeaning("void", unpaid[0], whole=False)
    if DOUBT.search(text):
        return None
    for meaning, pattern in PARTS:
        part = pattern.search(text)
        if part is not None:
            return StatusMeaning(meaning, part[0], whole=False)
    return None


@cache
def known_statuses() -> dict[str, Meaning]:
    """Return the meaning of every known status, by its normalized text, from `statuses.csv`."""
    text = resources.files("clvmodels.transactions").joinpath("statuses.csv").read_text(encoding="utf-8")
    return {normalize_status(row["status"]): row["meaning"] for row in csv.DictReader(io.StringIO(text))}  # type: ignore[misc]


def _is_letter(mark: str) -> bool:
    """Return whether a character is part of a word: a letter, a mark on one, or a digit."""
    return unicodedata.category(mark)[0] in "LMN"
