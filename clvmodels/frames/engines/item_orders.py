"""The queries of a cleaned log: its orders, the rows set aside, and what this machine must look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clvmodels.frames.engines.items import MICRO, SUMS, ItemRules, ItemsQuery
from clvmodels.frames.engines.protocol import OutputType
from clvmodels.frames.engines.queries import Query

__all__ = [
    "OrdersQuery",
    "doubtful_orders",
    "repeated_amounts",
    "values_of_sales",
]

HOURS_PER_DAY = 24
Steps = tuple[tuple[str, str], ...]


def doubtful_orders(log: ItemsQuery, rules: ItemRules, states: bool) -> Query:
    """Count orders with and without a customer on their lines and, with `states`, orders in two states."""
    by_order = "SELECT order_id FROM items WHERE NOT order_id IS NULL GROUP BY order_id"
    mixed = f"{by_order} HAVING COUNT(customer_id) > 0 AND COUNT(customer_id) < COUNT(*)"
    steps = (*log.items(rules), ("mixed", mixed))
    counts = ["(SELECT COUNT(*) FROM mixed) AS mixed_orders"]
    names = ["mixed_orders"]
    if states:
        keys = ", ".join(
            ("customer_id", "order_id", "tick", "paid", *(["product"] if "product" in log.columns else []))
        )
        changing = [f"COUNT(DISTINCT {text}) > 1" for text in _states(log)]
        where = "paid > 0 AND NOT order_id IS NULL AND NOT customer_id IS NULL"
        steps += (("states", f"SELECT {keys} FROM items WHERE {where} GROUP BY {keys} HAVING {' OR '.join(changing)}"),)
        counts.append("(SELECT COUNT(*) FROM states) AS two_states")
        names.append("two_states")
    return Query(log, steps, f"SELECT {', '.join(counts)}", dict.fromkeys(names, "integer"))


def _states(log: ItemsQuery) -> list[str]:
    """Return what may change between states of an order, missing values as one more value."""
    roles = [role for role in ("status", "refunded") if role in log.columns]
    return [f"COALESCE(CAST({role} AS VARCHAR), '(missing)')" for role in roles]


def repeated_amounts(log: ItemsQuery, rules: ItemRules) -> Query:
    """Count orders of several lines, those with one amount on each line, and how many amounts these have."""
    distinct = ", ".join(dict.fromkeys((*log.output_types, "whole", "micro")))
    named = "rule = -1 AND NOT order_id IS NULL AND (whole > 0 OR micro > 0)"
    lines = f"SELECT {distinct}, tick, rule FROM items WHERE {named}"
    day = f"FLOOR(CAST(tick AS DOUBLE) / {HOURS_PER_DAY})"
    units = f"whole * {MICRO} + micro"
    amounts = f"COUNT(*) AS order_lines, MIN({units}) AS least, MAX({units}) AS most"
    orders = f"SELECT customer_id, order_id, {day} AS day, {amounts} FROM sold GROUP BY customer_id, order_id, {day}"
    alike = "CASE WHEN least = most THEN 1 ELSE 0 END"
    result = (
        f"SELECT COUNT(*) AS several, CAST(SUM({alike}) AS BIGINT) AS alike, "
        "COUNT(DISTINCT CASE WHEN least = most THEN most END) AS amounts FROM by_day WHERE order_lines > 1"
    )
    steps = (*log.items(rules), ("sold", lines), ("by_day", orders))
    return Query(log, steps, result, dict.fromkeys(("several", "alike", "amounts"), "integer"))


def values_of_sales(log: ItemsQuery, rules: ItemRules, column: str) -> Query:
    """Return the values of a column as text with their rows, among rows that no rule has set aside."""
    value = f"CAST({column} AS VARCHAR)"
    result = f"SELECT {value} AS value, COUNT(*) AS value_rows FROM items WHERE rule = -1 GROUP BY {value}"
    return Query(log, log.items(rules), result, {"value": "text", "value_rows": "integer"})


class OrdersQuery:
    """The orders of a log of which some customers were cleaned elsewhere.

    Parameters
    ----------
    log : ItemsQuery
    rules : ItemRules
    span : int
        An order whose lines are at least this number of ticks apart, or at different moments if it is 0, is left to
        this machine, with all rows of its customer; and so are refunds.
    customers, orders, rows : str
        Names of tables with the customers that are cleaned elsewhere, with their orders (whose money is in whole units
        and millionths), and with their rows that were set aside.
    """

    def __init__(self, log: ItemsQuery, rules: ItemRules, span: int, customers: str, orders: str, rows: str) -> None:
        self.log, self.rules, self.span = log, rules, span
        self.customers, self.orders, self.rows = customers, orders, rows
        self.has_order = "order_id" in log.columns

    def rows_elsewhere(self) -> Query:
        """Return all rows of customers with refunds, or with an order whose lines lie far apart."""
        names = ", ".join(self.log.output_types)
        parts = ["SELECT customer_id FROM items WHERE rule = -1 AND (whole < 0 OR micro < 0 OR refund_whole >= 0)"]
        if self.has_order:
            apart = f"MAX(tick) - MIN(tick) >= {self.span}" if self.span else "MIN(date) <> MAX(date)"
            live = "rule = -1 AND NOT order_id IS NULL"
            parts.append(f"SELECT customer_id FROM items WHERE {live} GROUP BY customer_id, order_id HAVING {apart}")
        steps = (*self.log.items(self.rules), ("elsewhere", " UNION ".join(parts)))
        result = f"SELECT {names} FROM items WHERE customer_id IN (SELECT customer_id FROM elsewhere)"
        return Query(self.log, steps, result, self.log.output_types)

    @property
    def _here(self) -> Steps:
        """The steps up to `own_items`: the rows of all other customers."""
        joined = f"items LEFT JOIN {self.customers} AS elsewhere ON items.customer_id = elsewhere.customer_id"
        own = f"SELECT items.* FROM {joined} WHERE elsewhere.customer_id IS NULL"
        return (*self.log.items(self.rules), ("own_items", own))

    def sums(self) -> Query:
        """Return rows and money of each rule."""
        columns = {"rule_rows": "COUNT(*)", **{name: f"SUM(COALESCE({name}, 0))" for name in SUMS}}
        selected = ", ".join(f"CAST({text} AS BIGINT) AS {name}" for name, text in columns.items())
        result = f"SELECT rule, {selected} FROM own_items GROUP BY rule"
        return Query(self.log, self._here, result, dict.fromkeys(("rule", *columns), "integer"))

    def first_row(self, rule: int, keys: Sequence[str]) -> Query:
        """Return the first row, by content, that a rule has set aside."""
        types: dict[str, OutputType] = {role: self.log.output_types[role] for role in self.log.columns}
        types |= dict.fromkeys(SUMS[:2], "integer")
        result = f"SELECT {', '.join(types)} FROM own_items WHERE rule = {rule} ORDER BY {self._order(keys)} LIMIT 1"
        return Query(self.log, self._here, result, types)

    def _order(self, keys: Sequence[str]) -> str:
        """Return what to sort by: text by its signs, whatever the language of the database."""
        signs = ' COLLATE "C"' if self.log.dialect.name == "postgres" else ""
        kinds = self.log.output_types
        return ", ".join(f"{key}{signs if kinds.get(key) == 'text' else ''} NULLS LAST" for key in keys)

    @property
    def _own_orders(self) -> Steps:
        """The steps up to `own_orders`, one row per order of the customers of the engine."""
        lines = "SELECT * FROM own_items WHERE rule = -1"
        money = ["SUM(whole) AS whole", "SUM(micro) AS micro"] if self.log.has_money else []
        plain = ["whole", "micro"] if self.log.has_money else []
        if not self.has_order:
            result = f"SELECT customer_id, date, 1 AS order_lines{''.join(', ' + name for name in plain)} FROM lines"
            return (*self._here, ("lines", lines), ("own_orders", result))
        merged = ", ".join(["customer_id", "order_id", "MIN(date) AS date", "COUNT(*) AS order_lines", *money])
        single = ", ".join(["customer_id", "order_id", "date", "1 AS order_lines", *plain])
        result = (
            f"SELECT {merged} FROM lines WHERE NOT order_id IS NULL GROUP BY customer_id, order_id "
            f"UNION ALL SELECT {single} FROM lines WHERE order_id IS NULL"
        )
        return (*self._here, ("lines", lines), ("own_orders", result))

    def merged(self) -> Query:
        """Return the number of orders, and of their lines beyond the first of each."""
        counts = "COUNT(*) AS orders, CAST(COALESCE(SUM(order_lines - 1), 0) AS BIGINT) AS merged"
        types: dict[str, OutputType] = {"orders": "integer", "merged": "integer"}
        return Query(self.log, self._own_orders, f"SELECT {counts} FROM own_orders", types)

    def first_merged(self) -> Query:
        """Return the first order of several lines."""
        types: dict[str, OutputType] = {
            name: self.log.output_types[name] for name in ("customer_id", "order_id", "date")
        }
        types["lines"] = "integer"
        names = "customer_id, order_id, date, order_lines AS lines"
        order = self._order(("customer_id", "date", "order_id", "order_lines"))
        result = f"SELECT {names} FROM own_orders WHERE order_lines > 1 ORDER BY {order} LIMIT 1"
        return Query(self.log, self._own_orders, result, types)

    @property
    def order_types(self) -> dict[str, OutputType]:
        """Types of the columns of an order, without its money."""
        names = ["customer_id", *(["order_id"] if self.has_order else []), "date"]
        return {name: self.log.output_types[name] for name in names}

    @property
    def _all_orders(self) -> Steps:
        """The steps up to `all_orders`, with `amount` if there is money."""
        names = list(self.order_types)
        if not self.log.has_money:
            every = f"SELECT {', '.join(names)} FROM own_orders UNION ALL SELECT {', '.join(names)} FROM {self.orders}"
            return (*self._own_orders, ("all_orders", every))
        carry = f"CAST(FLOOR(CAST(micro AS DOUBLE) / {MICRO}) AS BIGINT)"
        listed = ", ".join(names)
        normal = f"CAST(whole AS BIGINT) + {carry} AS whole, CAST(micro AS BIGINT) - {carry} * {MICRO} AS micro"
        parts = f"SELECT {listed}, {normal} FROM own_orders UNION ALL SELECT {listed}, whole, micro FROM {self.orders}"
        paid = f"ABS(CAST(whole AS DOUBLE)) + ABS(CAST(micro AS DOUBLE)) / CAST({MICRO} AS DOUBLE)"
        amount = f"CASE WHEN whole < 0 OR micro < 0 THEN -({paid}) ELSE {paid} END"
        every = f"SELECT {listed}, whole, micro, {amount} AS amount FROM every_order"
        return (*self._own_orders, ("every_order", parts), ("all_orders", every))

    def all_counts(self) -> Query:
        """Return the number of orders and of order ids of several customers."""
        steps, shared = self._all_orders, "0"
        if self.has_order:
            several = "HAVING COUNT(DISTINCT customer_id) > 1"
            steps += (
                ("shared", f"SELECT order_id FROM all_orders WHERE NOT order_id IS NULL GROUP BY order_id {several}"),
            )
            shared = "(SELECT COUNT(*) FROM shared)"
        result = f"SELECT (SELECT COUNT(*) FROM all_orders) AS orders, {shared} AS shared_orders"
        return Query(self.log, steps, result, dict.fromkeys(("orders", "shared_orders"), "integer"))

    def ids(self) -> Query:
        """Return the number of orders of each customer."""
        result = "SELECT customer_id, COUNT(*) AS id_rows FROM all_orders GROUP BY customer_id"
        return Query(self.log, self._all_orders, result, {**self.log.id_type, "id_rows": "integer"})

    def median(self, orders: int) -> Query:
        """Return the lower median amount of a number of orders."""
        result = f"SELECT amount FROM all_orders ORDER BY amount LIMIT 1 OFFSET {(orders - 1) // 2}"
        return Query(self.log, self._all_orders, result, {"amount": "number"})

    def outliers(self, limit: float) -> Query:
        """Count orders of at least, and of more than a limit, and return the money of the latter."""
        bound = f"CAST({limit!r} AS DOUBLE)"
        columns = {
            "flagged": f"SUM(CASE WHEN amount >= {bound} THEN 1 ELSE 0 END)",
            "above": f"SUM(CASE WHEN amount > {bound} THEN 1 ELSE 0 END)",
            "whole": f"SUM(CASE WHEN amount > {bound} THEN whole ELSE 0 END)",
            "micro": f"SUM(CASE WHEN amount > {bound} THEN micro ELSE 0 END)",
        }
        selected = ", ".join(f"CAST({text} AS BIGINT) AS {name}" for name, text in columns.items())
        return Query(
            self.log, self._all_orders, f"SELECT {selected} FROM all_orders", dict.fromkeys(columns, "integer")
        )

    def first_outlier(self, limit: float, above: bool) -> Query:
        """Return the first order of at least, or of more than a limit."""
        condition = f"amount {'>' if above else '>='} CAST({limit!r} AS DOUBLE)"
        types: dict[str, OutputType] = {**self.order_types, "amount": "number"}
        order = self._order([name for name in ("customer_id", "date", "order_id", "amount") if name in types])
        result = f"SELECT {', '.join(types)} FROM all_orders WHERE {condition} ORDER BY {order} LIMIT 1"
        return Query(self.log, self._all_orders, result, types)

    def transactions(self, limit: float | None, flag: bool, winsorize: bool) -> Query:
        """Return the orders with their amount and, with `flag`, whether they are outliers: at least a limit."""
        types, columns = dict(self.order_types), list(self.order_types)
        bound = "" if limit is None else f"CAST({limit!r} AS DOUBLE)"
        if self.log.has_money:
            capped = winsorize and limit is not None
            columns.append(f"CASE WHEN amount > {bound} THEN {bound} ELSE amount END AS amount" if capped else "amount")
            types["amount"] = "number"
        if flag:
            columns.append(f"amount >= {bound} AS outlier" if bound else "1 = 0 AS outlier")
            types["outlier"] = "boolean"
        return Query(self.log, self._all_orders, f"SELECT {', '.join(columns)} FROM all_orders", types)

    def set_aside(self, codes: Mapping[int, str]) -> Query:
        """Return the rows set aside, under their names in the log, with the code of the rule as `reason`."""
        roles = list(self.log.columns)
        cases = " ".join(f"WHEN {position} THEN '{code}'" for position, code in codes.items())
        own = f"SELECT {', '.join(roles)}, CASE rule {cases} END AS reason FROM own_items WHERE rule >= 0"
        every = f"{own} UNION ALL SELECT {', '.join(roles)}, reason FROM {self.rows}"
        named = [f'{role} AS "{name.replace(chr(34), 2 * chr(34))}"' for role, name in self.log.columns.items()]
        types: dict[str, OutputType] = {name: self.log.output_types[role] for role, name in self.log.columns.items()}
        types["reason"] = "text"
        steps = (*self._here, ("every_row", every))
        return Query(self.log, steps, f"SELECT {', '.join([*named, 'reason'])} FROM every_row", types)
