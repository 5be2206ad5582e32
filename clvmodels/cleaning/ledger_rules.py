"""The codes of the cleaning rules, and the phrases that version 0.1.0 wrote in their place."""

from __future__ import annotations

from clvmodels.language import message

__all__ = [
    "CODES",
    "CODE_OF_PHRASE",
    "DUPLICATE",
    "FLAGGED",
    "INTERNAL",
    "KEPT",
    "MERGED",
    "NON_PRODUCT",
    "NO_AMOUNT",
    "NO_DATE",
    "NO_ID",
    "REDUCED",
    "REFUND_BEFORE_PURCHASE",
    "REFUND_BEYOND_PURCHASE",
    "REFUND_DROPPED",
    "REFUND_NETTED",
    "REFUND_OF_VOID",
    "REFUND_UNMATCHED",
    "REMAINS",
    "REPEATED_TOTAL",
    "REUSED",
    "REVERSED",
    "ROWS_IN",
    "ROW_RULES",
    "SET_ASIDE_RULES",
    "SPANNING",
    "SUPERSEDED",
    "TEST_ORDER",
    "VOID",
    "WINSORIZED",
    "ZERO",
    "current_code",
    "describe_rule",
]

REMAINS = -1  # instead of a position in SET_ASIDE_RULES: the row is not set aside
ROWS_IN, KEPT = "rows_in", "kept"  # the first and the last line of a ledger, which are not rules

NO_ID = "no_customer_id"
VOID = "void_status"
SUPERSEDED = "superseded"
TEST_ORDER = "test_order"
NO_DATE = "no_date"
NO_AMOUNT = "no_amount"
INTERNAL = "internal_account"
NON_PRODUCT = "non_product"
DUPLICATE = "exact_duplicate"
REFUND_OF_VOID = "refund_of_void_order"
REFUND_DROPPED = "refund_dropped"
REFUND_NETTED = "refund_netted"
REFUND_BEYOND_PURCHASE = "refund_beyond_purchase"
REFUND_BEFORE_PURCHASE = "refund_before_purchase"
REFUND_UNMATCHED = "refund_unmatched"
REVERSED = "purchase_reversed"
ZERO = "zero_amount"

REDUCED = "purchase_reduced"
MERGED = "merged_into_order"
REPEATED_TOTAL = "repeated_total"
REUSED = "order_id_reused"
SPANNING = "order_spans_weeks"
FLAGGED = "outlier_flagged"
WINSORIZED = "outlier_winsorized"

ROW_RULES = (NO_ID, SUPERSEDED, VOID, TEST_ORDER, NO_DATE, NO_AMOUNT, INTERNAL, NON_PRODUCT)
"""Rules that look at one row by itself, in the order applied."""

SET_ASIDE_RULES = (
    *ROW_RULES,
    DUPLICATE,
    REPEATED_TOTAL,
    REFUND_OF_VOID,
    REFUND_DROPPED,
    REFUND_NETTED,
    REFUND_BEYOND_PURCHASE,
    REFUND_BEFORE_PURCHASE,
    REFUND_UNMATCHED,
    REVERSED,
    ZERO,
)
"""Rules that set rows aside, in the order applied."""

CODES = (ROWS_IN, *SET_ASIDE_RULES, REDUCED, MERGED, REUSED, SPANNING, FLAGGED, WINSORIZED, KEPT)
"""Codes of all lines that a ledger can have."""

CODE_OF_PHRASE = {
    "rows in": ROWS_IN,
    "no customer id": NO_ID,
    "status of no purchase": VOID,
    "no amount": NO_AMOUNT,
    "internal account": INTERNAL,
    "no product": NON_PRODUCT,
    "exact duplicate": DUPLICATE,
    "refund dropped": REFUND_DROPPED,
    "refund netted": REFUND_NETTED,
    "refund beyond its purchase": REFUND_BEYOND_PURCHASE,
    "refund before any purchase": REFUND_BEFORE_PURCHASE,
    "refund of no purchase seen": REFUND_UNMATCHED,
    "purchase reversed": REVERSED,
    "purchase reduced": REDUCED,
    "zero amount": ZERO,
    "merged into its order": MERGED,
    "outlier flagged": FLAGGED,
    "outlier winsorized": WINSORIZED,
    "kept": KEPT,
}
"""Phrases that ledgers of version 0.1.0 hold in place of codes."""


def current_code(rule: str) -> str:
    """Return the code of a rule that a ledger names by its code or, if version 0.1.0 wrote it, by a phrase."""
    return CODE_OF_PHRASE.get(rule, rule)


def describe_rule(code: str, language: str | None = None) -> str:
    """Return a short description of a rule, as a ledger shows it; of an unknown rule, its name."""
    if code not in CODES:
        return code
    return message(f"ledger-{code.replace('_', '-')}", language=language)
