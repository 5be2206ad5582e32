"""The queries that clean a log of line items in its engine: the rules that are set operations, and their checks.

Money is counted in whole units and millionths of one, as integers, so that sums do not depend on the order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clvmodels.frames.engines.dialects import BLANKS
from clvmodels.frames.engines.protocol import ColumnType, OutputType
from clvmodels.frames.engines.queries import SHORTENED_SIGNS, LogQuery, Query

__all__ = ["ItemRules", "ItemsQuery"]

NUMBERS = ("amount", "quantity", "price", "rate", "refunded", "discount")
SUMS = ("whole", "micro", "refund_whole", "refund_micro")
LARGEST_FLOAT = "CAST('1e300' AS DOUBLE)"  # NaN and infinity are above it, or minus infinity below its negative
MICRO = 1_000_000
OUTPUTS: dict[ColumnType, OutputType] = {
    "integer": "integer",
    "number": "number",
    "text": "text",
    "date": "date",
    "timestamp": "timestamp",
    "instant": "timestamp",  # in the zone of the clock
    "boolean": "boolean",
}


@dataclass(frozen=True, slots=True)
class ItemRules:
    """The rules that a query applies to each row; positions are those of the rules in a ledger, in order.

    Attributes
    ----------
    positions : mapping of str to int
        By name: no_id, void, test, no_date, no_amount, internal, non_product, duplicate and zero; a name that is
        missing is a rule that does not apply.
    void, void_unless_stated, refund : sequence of str
        Statuses.
    tests, no_tests : sequence of str
        Words for yes and for no, in lower case.
    refund_prefix : str or None
    internal, non_products : sequence of str
    discount : float or None
        By what a discount is divided to be a share; 0 if it is an amount, None without one.
    only_named_duplicates : bool
        Whether rows without an order id are no duplicates.
    """

    positions: Mapping[str, int]
    void: Sequence[str] = ()
    void_unless_stated: Sequence[str] = ()
    refund: Sequence[str] = ()
    tests: Sequence[str] = ()
    no_tests: Sequence[str] = ()
    refund_prefix: str | None = None
    internal: Sequence[str] = ()
    non_products: Sequence[str] = ()
    discount: float | None = None
    only_named_duplicates: bool = True


@dataclass(frozen=True, slots=True)
class ItemsQuery(LogQuery):
    """How the line items of a log are read and cleaned in an engine; see `LogQuery`.

    Attributes
    ----------
    others : mapping of str to str
        Names of columns without a role, in which duplicates agree.
    other_types : mapping of str to ColumnType
    until : int or None
        Rows later than this tick are left out.
    largest : float
        Amounts beyond it are missing.
    held : str or None
        Name of a table with the rows of `items`, if the engine holds one.
    """

    others: Mapping[str, str] = field(default_factory=dict)
    other_types: Mapping[str, ColumnType] = field(default_factory=dict)
    until: int | None = None
    largest: float = 1e12
    held: str | None = None

    @property
    def rows(self) -> str:
        """The first step: the columns under their roles, ids without blanks, the tick, and `test` as a word."""
        dialect, kind = self.dialect, self.types["date"]
        date = dialect.name_of(self.columns["date"])
        tick = dialect.tick(date, kind == "instant", kind == "date", self.clock.merge_within, self.clock.time_zone)
        selected = [f"{tick} AS tick"]
        for role, name in {**self.columns, **self.others}.items():
            column = dialect.name_of(name)
            if role in ("customer_id", "order_id"):
                column = self._id(role)
            elif role in NUMBERS:
                column = f"CAST({column} AS {dialect.double})"
            elif role == "date" and kind == "instant":
                column = dialect.local_moment(column, str(self.clock.time_zone))
            elif role == "test":
                word = dialect.trim.format(x=f"CAST({column} AS {dialect.text})", blanks=dialect.literal(BLANKS))
                selected.append(f"LOWER({word}) AS test_word")
            selected.append(f"{column} AS {role}")
        return f"SELECT {', '.join(selected)} FROM {self.source}"

    @property
    def has_money(self) -> bool:
        """Whether rows cost something."""
        return "amount" in self.columns or "price" in self.columns

    @property
    def output_types(self) -> dict[str, OutputType]:
        """Types of the columns under their roles."""
        kinds = {**self.types, **self.other_types}
        return {role: "number" if role in NUMBERS else OUTPUTS[kinds[role]] for role in (*self.columns, *self.others)}

    def paid(self, rules: ItemRules) -> str:
        """What a row costs, after its discount and in one currency."""
        cost = "amount" if "amount" in self.columns else "quantity * price"
        if rules.discount is not None:
            share = "COALESCE(ABS(discount), CAST(0 AS DOUBLE))"
            if rules.discount == 0:
                cost = f"CASE WHEN {cost} < 0 THEN {cost} + {share} ELSE {cost} - {share} END"
            else:
                divisor = f"CAST({rules.discount!r} AS DOUBLE)"
                cost = f"{cost} * (CAST(1 AS DOUBLE) - {share} / {divisor})"
        return f"({cost}) * rate" if "rate" in self.columns else cost

    def priced(self, rules: ItemRules) -> tuple[tuple[str, str], ...]:
        """Return the steps up to `signed`: the rows with their money, negative for refunds, and stated refunds."""
        later = "" if self.until is None else f" WHERE tick IS NULL OR tick <= {self.until}"
        if not self.has_money:
            none = ", ".join(f"CAST(NULL AS BIGINT) AS {name}" for name in SUMS)
            return (("signed", f"SELECT *, CAST(NULL AS DOUBLE) AS paid, {none} FROM log_rows{later}"),)
        refunded = "refunded" if "refunded" in self.columns else "CAST(NULL AS DOUBLE)"
        refunded += " * rate" if "rate" in self.columns else ""
        parts = [*self._parts("paid", "whole", "micro"), *self._parts("paid_back", "refund_whole", "refund_micro")]
        refund = self._any(self._refund_conditions(rules))
        sign = f"CASE WHEN paid < 0 OR {refund} THEN -1 ELSE 1 END"
        names = ", ".join(("tick", *self.output_types, *(["test_word"] if "test" in self.columns else []), "paid"))
        stated = "refund_whole > 0 OR refund_micro > 0"
        stated_parts = [f"CASE WHEN {stated} THEN {name} END AS {name}" for name in SUMS[2:]]
        signed = [names, *(f"{name} * {sign} AS {name}" for name in SUMS[:2]), *stated_parts]
        return (
            ("costs", f"SELECT *, {self.paid(rules)} AS paid, {refunded} AS paid_back FROM log_rows{later}"),
            ("parts", f"SELECT *, {', '.join(parts)} FROM costs"),
            ("signed", f"SELECT {', '.join([*signed, 'paid_back'])} FROM parts"),
        )

    def _parts(self, amount: str, whole: str, micro: str) -> tuple[str, str]:
        """Return the size of an amount in whole units and millionths, which are rounded halves up."""
        size = f"ABS({amount})"
        fraction = f"({size} - FLOOR({size})) * CAST({MICRO} AS DOUBLE) + CAST(0.5 AS DOUBLE)"
        within = f"{size} <= CAST({self.largest!r} AS DOUBLE)"
        return (
            f"CASE WHEN {within} THEN CAST(FLOOR({size}) AS BIGINT) END AS {whole}",
            f"CASE WHEN {within} THEN CAST(FLOOR({fraction}) AS BIGINT) END AS {micro}",
        )

    def _refund_conditions(self, rules: ItemRules) -> list[str]:
        conditions = ["quantity < 0"] if "quantity" in self.columns else []
        if rules.refund:
            conditions.append(_among("CAST(status AS VARCHAR)", rules.refund))
        if rules.refund_prefix is not None:
            start = f"SUBSTR(CAST(order_id AS VARCHAR), 1, {len(rules.refund_prefix)})"
            conditions.append(f"{start} = {_literal(rules.refund_prefix)}")
        return conditions

    @staticmethod
    def _any(conditions: Sequence[str]) -> str:
        return "(" + " OR ".join(f"COALESCE({each}, FALSE)" for each in conditions) + ")" if conditions else "FALSE"

    def _marked(self, rules: ItemRules) -> tuple[tuple[str, str], ...]:
        """Return the steps up to `marked`, which has `rule`, the position of the rule of a row, or -1."""
        stated = ("amount",) if "amount" in self.columns else ("quantity", "price")
        status = "CAST(status AS VARCHAR)"
        void = _among(status, rules.void)
        unstated = f"{_among(status, rules.void_unless_stated)} AND refund_whole IS NULL"
        conditions = {
            "no_id": "customer_id IS NULL",
            "void": f"({void}) OR ({unstated})",
            "test": _among("test_word", rules.tests),
            "no_date": "tick IS NULL",
            "no_amount": " OR ".join(f"{name} IS NULL" for name in stated),
            "internal": _among("CAST(customer_id AS VARCHAR)", rules.internal),
            "non_product": _among("CAST(product AS VARCHAR)", rules.non_products),
        }
        cases = [
            f"WHEN {condition} THEN {rules.positions[name]}"
            for name, condition in conditions.items()
            if name in rules.positions
        ]
        marked = f"SELECT *, CASE {' '.join(cases)} ELSE -1 END AS rule FROM signed"
        return (*self.priced(rules), ("marked", marked))

    def items(self, rules: ItemRules) -> tuple[tuple[str, str], ...]:
        """Return the steps up to `items`, in which `rule` also marks duplicates and rows without money."""
        if self.held is not None:
            return (("items", f"SELECT * FROM {self.held}"),)
        steps = self._marked(rules)
        names = ", ".join((*self.output_types, "tick", "paid", *SUMS))
        changes = []
        if "duplicate" in rules.positions:
            alike = ", ".join(("rule", *self.output_types))
            number = f"ROW_NUMBER() OVER (PARTITION BY {alike} ORDER BY tick)"
            steps += (("numbered_items", f"SELECT *, {number} AS copy_number FROM marked"),)
            named = " AND NOT order_id IS NULL" if rules.only_named_duplicates else ""
            changes.append(f"WHEN rule = -1 AND copy_number > 1{named} THEN {rules.positions['duplicate']}")
        if "zero" in rules.positions:
            nothing = "rule = -1 AND whole = 0 AND micro = 0 AND refund_whole IS NULL"
            changes.append(f"WHEN {nothing} THEN {rules.positions['zero']}")
        rule = f"CASE {' '.join(changes)} ELSE rule END AS rule" if changes else "rule"
        return (*steps, ("items", f"SELECT {names}, {rule} FROM {steps[-1][0]}"))

    def all_items(self, rules: ItemRules) -> Query:
        """Return every row with its money and `rule`; the types are those of the engine."""
        return Query(self, self.items(rules), "SELECT * FROM items", {})

    def statuses(self, rules: ItemRules) -> Query:
        """Return rows and money by status, before any status changes a sign; the rules name discounts alone."""
        negative = "(whole < 0 OR micro < 0" + (" OR quantity < 0)" if "quantity" in self.columns else ")")
        positive = "(whole > 0 OR micro > 0)"
        columns = {
            "status_rows": "COUNT(*)",
            "with_customer": "COUNT(customer_id)",
            "negative": f"SUM(CASE WHEN {negative} THEN 1 ELSE 0 END)",
            "positive": f"SUM(CASE WHEN NOT COALESCE({negative}, FALSE) AND {positive} THEN 1 ELSE 0 END)",
            "whole": "SUM(status_whole)",
            "micro": "SUM(status_micro)",
            "size_whole": "SUM(ABS(whole))",
            "size_micro": "SUM(ABS(micro))",
        }
        # Quantities below 0 make money negative only after the statuses are classified.
        sign = "CASE WHEN paid < 0 THEN -1 ELSE 1 END"
        plain = f"SELECT *, ABS(whole) * {sign} AS status_whole, ABS(micro) * {sign} AS status_micro FROM signed"
        selected = ", ".join(f"CAST({text} AS BIGINT) AS {name}" for name, text in columns.items())
        result = f"SELECT CAST(status AS VARCHAR) AS status, {selected} FROM plain GROUP BY CAST(status AS VARCHAR)"
        types: dict[str, OutputType] = {"status": "text", **dict.fromkeys(columns, "integer")}
        return Query(self, (*self.priced(rules), ("plain", plain)), result, types)

    def discounts(self) -> Query:
        """Return the largest discount, and how many are larger than what their row costs, by more than half a cent."""
        cost = "amount" if "amount" in self.columns else "quantity * price"
        later = "" if self.until is None else f" AND (tick IS NULL OR tick <= {self.until})"
        rows = f"SELECT ABS(discount) AS discount, ABS({cost}) AS cost FROM log_rows WHERE ABS(discount) > 0{later}"
        beyond = "SUM(CASE WHEN discount > cost + CAST(0.005 AS DOUBLE) THEN 1 ELSE 0 END)"
        values = f"MAX(discount) AS largest, CAST({beyond} AS BIGINT) AS above"
        result = f"SELECT {values} FROM discounted_rows WHERE NOT cost IS NULL"
        types: dict[str, OutputType] = {"largest": "number", "above": "integer"}
        return Query(self, (("discounted_rows", rows),), result, types)

    def discount_sums(self, rules: ItemRules) -> Query:
        """Return the rows with a discount that no rule has set aside, and the money of their discounts in two parts."""
        cost = "amount" if "amount" in self.columns else "quantity * price"
        saved = (
            f"ABS({cost}) * ABS(discount) / CAST({rules.discount!r} AS DOUBLE)" if rules.discount else "ABS(discount)"
        )
        priced = f"SELECT {saved} AS saved FROM marked WHERE rule = -1 AND ABS(discount) > 0"
        parts = f"SELECT {', '.join(self._parts('saved', 'saved_whole', 'saved_micro'))} FROM discounted"
        sums = [f"CAST(COALESCE(SUM({name}), 0) AS BIGINT) AS {name}" for name in ("saved_whole", "saved_micro")]
        result = f"SELECT COUNT(*) AS discounted, {', '.join(sums)} FROM saved_parts"
        types: dict[str, OutputType] = dict.fromkeys(("discounted", "saved_whole", "saved_micro"), "integer")
        steps = (*self._marked(rules), ("discounted", priced), ("saved_parts", parts))
        return Query(self, steps, result, types)

    def shortened_ids(self, rules: ItemRules, role: str, most: int) -> Query:
        """Return ids that may be rounded numbers such as 1.2E+17."""
        signs = f"TRIM(LOWER({role}), '{SHORTENED_SIGNS}') = '' AND LOWER({role}) LIKE '%e%'"
        result = f"SELECT DISTINCT {role} FROM items WHERE {signs} LIMIT {most}"
        return Query(self, self.items(rules), result, {role: "text"})

    def check_items(self, rules: ItemRules, earliest: int, latest: int) -> Query:
        """Return rows, rows by what an error may depend on, and faults: the names of the result say which."""
        faults = [f"(rule = -1 AND (tick IS NULL OR tick < {earliest} OR tick > {latest}))"]
        for role in NUMBERS:
            if role in self.columns:
                wild = f"{role} > {LARGEST_FLOAT} OR {role} < -{LARGEST_FLOAT}"
                faults.append(f"({wild})")
        if "refunded" in self.columns:
            faults.append("refunded < 0")
        if "rate" in self.columns:
            faults.append("(rule = -1 AND (rate IS NULL OR rate <= 0))")
        if self.has_money:
            limit = f"CAST({self.largest!r} AS DOUBLE)"
            faults.append(f"(rule = -1 AND (ABS(paid) > {limit} OR ABS(paid_back) > {limit}))")
        if rules.discount is not None:
            cost = "amount" if "amount" in self.columns else "quantity * price"
            most = (
                f"ABS({cost}) + CAST(0.005 AS DOUBLE)" if rules.discount == 0 else f"CAST({rules.discount!r} AS DOUBLE)"
            )
            faults.append(f"(rule = -1 AND ABS(discount) > {most})")
        if "test" in self.columns:
            words = (*rules.tests, *rules.no_tests, "nan", "null", "none")
            faults.append(f"(rule = -1 AND NOT test_word IS NULL AND NOT {_among('test_word', words)})")
        blank = "customer_id IS NULL AND tick IS NULL AND (whole <> 0 OR micro <> 0)"
        blank += " AND order_id IS NULL" if "order_id" in self.columns else ""
        conditions = {
            "faults": " OR ".join(faults),
            "without_id": "customer_id IS NULL",
            "not_sales": f"rule = {rules.positions['void']}" if "void" in rules.positions else "FALSE",
            "blank_rows": blank,
        }
        columns = {
            "all_rows": "COUNT(*)",
            **{name: f"SUM(CASE WHEN {text} THEN 1 ELSE 0 END)" for name, text in conditions.items()},
        }
        selected = ", ".join(f"CAST({text} AS BIGINT) AS {name}" for name, text in columns.items())
        return Query(self, self._marked(rules), f"SELECT {selected} FROM marked", dict.fromkeys(columns, "integer"))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _among(column: str, values: Sequence[str]) -> str:
    """Return whether a column is one of some texts; never missing."""
    return f"COALESCE({column} IN ({', '.join(map(_literal, values))}), FALSE)" if values else "FALSE"
