"""The rules that need only one row: which rows to set aside, which are refunds, and their faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import narwhals as nw

from clvmodels.cleaning.ledger_rules import (
    INTERNAL,
    NO_AMOUNT,
    NO_DATE,
    NO_ID,
    NON_PRODUCT,
    REMAINS,
    ROW_RULES,
    SUPERSEDED,
    TEST_ORDER,
    VOID,
)
from clvmodels.cleaning.order_statuses import ClassifiedStatuses
from clvmodels.cleaning.rules import CleaningRules
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.transactions.faults import Fault
from clvmodels.transactions.log import LARGEST_AMOUNT, date_faults
from clvmodels.transactions.unnamed_columns import is_neither, is_test

__all__ = ["NUMBERS", "row_faults", "row_rule", "with_signs"]

NUMBERS = ("amount", "quantity", "price", "rate", "refunded", "discount")
MISSING_DATES = (
    *("", "null", "n/a", "nan", "nat", "none", "-", "--", "\\n", "0000-00-00", "0000-00-00 00:00:00", "00.00.0000"),
)
SET_DATES_ASIDE = (
    "Fill in the dates, or pass on_missing_date='set_aside' to set these rows aside (in Python, a field of "
    "CleaningRules)."
)


def with_signs(
    lazy: nw.LazyFrame[Any], columns: Mapping[str, str], rules: CleaningRules, statuses: ClassifiedStatuses
) -> nw.LazyFrame[Any]:
    """Make the money of refunds negative."""
    refund = _is_refund(columns, rules, statuses)
    if refund is None:
        return lazy
    return lazy.with_columns(units=nw.when(refund).then(-nw.col("units").abs()).otherwise(nw.col("units")))


def _is_refund(columns: Mapping[str, str], rules: CleaningRules, statuses: ClassifiedStatuses) -> nw.Expr | None:
    """Return whether a row is a refund by its quantity, status or order id; None without such a rule."""
    signs = []
    if "quantity" in columns:
        signs.append((nw.col("quantity") < 0).fill_null(False))
    for name in ("refund_statuses", "count_statuses"):
        if getattr(rules, name):
            _needs("status", columns, name)
    if statuses.refund:
        signs.append(statuses.is_refund)
    if rules.refund_prefix is not None:
        _needs("order_id", columns, "refund_prefix")
        signs.append(nw.col("order_id").cast(nw.String).str.starts_with(rules.refund_prefix).fill_null(False))
    return nw.any_horizontal(*signs, ignore_nulls=True) if signs else None


def row_rule(
    columns: Mapping[str, str], rules: CleaningRules, statuses: ClassifiedStatuses, has_money: bool
) -> nw.Expr:
    """Return the position in `ROW_RULES` of the first rule that sets a row aside; -1 if none does."""
    conditions = {NO_ID: nw.col("customer_id").is_null(), SUPERSEDED: nw.col("superseded")}
    if "status" in columns:
        conditions[VOID] = statuses.is_void
    if "test" in columns and rules.test_orders == "set_aside":
        conditions[TEST_ORDER] = is_test("test")
    if rules.on_missing_date == "set_aside":
        conditions[NO_DATE] = nw.col("tick").is_null() & _states_no_date()
    if has_money:
        stated = ("amount",) if "amount" in columns else ("quantity", "price")
        conditions[NO_AMOUNT] = nw.any_horizontal(*(nw.col(role).is_null() for role in stated), ignore_nulls=True)
    internal = _is_listed("customer_id", rules.internal_customers, rules.internal_pattern)
    if internal is not None:
        conditions[INTERNAL] = internal
    non_product = _is_listed("product", rules.non_products, rules.non_product_pattern)
    if non_product is not None:
        _needs("product", columns, "non_products")
        conditions[NON_PRODUCT] = non_product
    position = nw.lit(REMAINS)
    for rule in reversed(ROW_RULES):
        if rule in conditions:
            position = nw.when(conditions[rule]).then(nw.lit(ROW_RULES.index(rule))).otherwise(position)
    return position.cast(nw.Int8)


def _states_no_date() -> nw.Expr:
    """Return whether the text of a date means that it is missing, such as NULL or 0000-00-00."""
    word = nw.col("written").cast(nw.String).str.strip_chars().str.to_lowercase()
    return nw.col("written").is_null() | word.is_in(list(MISSING_DATES)).fill_null(value=False)


def _is_listed(role: str, values: tuple[str, ...], pattern: str | None) -> nw.Expr | None:
    """Return whether a value is in a list or matches a pattern; None without a list and a pattern."""
    text = nw.col(role).cast(nw.String)
    conditions = [text.is_in(list(values)).fill_null(False)] if values else []
    if pattern is not None:
        conditions.append(text.str.contains(pattern).fill_null(False))
    return nw.any_horizontal(*conditions, ignore_nulls=True) if conditions else None


def _needs(role: str, columns: Mapping[str, str], rule: str) -> None:
    """Raise InvalidOption if a rule needs a column that was not named."""
    if role not in columns:
        raise InvalidOption(f"The rule {rule} needs a column: name it with {role}=.")


def row_faults(
    columns: Mapping[str, str], clock: Clock, date_format: str | None, rules: CleaningRules
) -> Iterator[Fault]:
    """Yield the faults that make cleaning impossible, among rows that no rule has set aside."""
    remains = nw.col("rule") == REMAINS
    if rules.missing_id == "raise":
        yield Fault(
            "customer_id",
            nw.col("customer_id").is_null(),
            f"no customer id in {columns['customer_id']!r}",
            'Pass missing_id="set_aside" to set them aside.',
        )
    for fault in date_faults(columns["date"], clock, date_format, SET_DATES_ASIDE):
        yield replace(fault, mask=remains & fault.mask)
    if "test" in columns and rules.test_orders == "set_aside":
        yield Fault(
            "test",
            remains & is_neither("test"),
            f"a value in {columns['test']!r} that is neither a word for yes nor one for no",
            "Write true or false.",
        )
    for role in NUMBERS:
        if role in columns:
            yield from _number_faults(role, columns[role])
    if "rate" in columns:
        rate = nw.col("rate")
        yield Fault(
            "rate",
            remains & (rate.is_null() | (rate <= 0).fill_null(False)),
            f"no exchange rate above 0 in {columns['rate']!r}",
            "Fill in the value of one unit of the row's currency.",
        )
    if "amount" in columns or "price" in columns:
        beyond = (nw.col("paid").abs() > LARGEST_AMOUNT) | (nw.col("paid_back").abs() > LARGEST_AMOUNT).fill_null(False)
        yield Fault(
            "paid",
            remains & beyond.fill_null(False),
            f"an amount beyond {LARGEST_AMOUNT:g}",
            "Correct them, or state all amounts in a larger unit, such as thousands.",
        )


def _number_faults(role: str, name: str) -> Iterator[Fault]:
    """Yield the faults of a column of numbers."""
    remains, number = (nw.col("rule") == REMAINS) | (nw.col("rule") == ROW_RULES.index(NO_AMOUNT)), nw.col(role)
    yield Fault(
        f"stated_{role}",
        remains & number.is_null() & ~nw.col(f"stated_{role}").is_null() & _not_nan(f"stated_{role}"),
        f"{'an' if role == 'amount' else 'a'} {role} in {name!r} that cannot be read as a number",
        "Write numbers with a decimal point and without thousands separators or currency signs.",
    )
    if role == "refunded":
        yield Fault(
            role,
            remains & (number < 0).fill_null(False),
            f"a negative number in {name!r}",
            "State refunds as positive amounts.",
        )


def _not_nan(column: str) -> nw.Expr:
    """Return whether the stated text is not "nan", "null" or "none", which often stand for a missing number."""
    return ~nw.col(column).cast(nw.String).str.to_lowercase().is_in(["nan", "null", "none"]).fill_null(False)
