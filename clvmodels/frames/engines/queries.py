"""The queries that run in an engine: checking a log, one row per customer, periods, grouped counts, and scores.

The first step of each, `log_rows`, is written for the dialect; the others are common SQL, which sqlglot renders. Times
are whole ticks. Money is added up as integers, in multiples of three powers of two, so that no sum depends on the order
of rows: an amount is `money_1` / 2^6 + `money_2` / 2^33 + `money_3` / 2^60, as exact as polars' sums.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clvmodels.clock import Clock
from clvmodels.frames.engines.choices import CustomerChoice
from clvmodels.frames.engines.dialects import Dialect
from clvmodels.frames.engines.protocol import ColumnType, OutputType, OutputTypes, require_sqlglot

__all__ = ["MONEY", "LogQuery", "Query"]

MONEY = ("money_1", "money_2", "money_3")
PLACEHOLDER_SIGNS, SHORTENED_SIGNS = "019-", "0123456789.,+e"


@dataclass(frozen=True, slots=True)
class Query:
    """A query whose rows are those of `log_rows`.

    Attributes
    ----------
    log : LogQuery
    steps : tuple of (str, str)
        Names and texts of the common table expressions, in order.
    result : str
        The last SELECT.
    types : mapping
        Columns of the result.
    """

    log: LogQuery
    steps: tuple[tuple[str, str], ...]
    result: str
    types: OutputTypes

    def text(self, pretty: bool = False) -> str:
        """Return the query in the dialect of its log."""
        body = ", ".join(f"{name} AS ({text})" for name, text in self.steps)
        common = f"WITH {body} {self.result}"
        dialect = self.log.dialect
        if dialect.name != "duckdb" or pretty:
            require_sqlglot()
            import sqlglot

            common = sqlglot.transpile(common, read="duckdb", write=dialect.name, pretty=pretty)[0]
        if dialect.name in ("spark", "databricks"):
            common = re.sub(r"\bSUM\(", "TRY_SUM(", common)  # missing after an overflow, whatever the session's mode
        separator = "\n" if pretty else " "
        return f"WITH log_rows AS ({self.log.rows}),{separator}{common.removeprefix('WITH').lstrip()}"

    def then(self, name: str, result: str, types: OutputTypes) -> Query:
        """Return a query that continues with the result of this one under a name."""
        return Query(self.log, (*self.steps, (name, self.result)), result, types)

    def with_columns(self, name: str, columns: Mapping[str, str]) -> Query:
        """Return a query that adds numeric columns computed from the result of this one, under a name."""
        added = ", ".join(f"{text} AS {column}" for column, text in columns.items())
        types: OutputTypes = {**self.types, **dict.fromkeys(columns, "number")}
        return self.then(name, f"SELECT *, {added} FROM {name}", types)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """How the rows of a log are read in an engine.

    Attributes
    ----------
    dialect : Dialect
    source : str
        Name of the table.
    columns : mapping of str to str
        Names of the columns with the roles customer_id, date and, if there is money, amount.
    types : mapping of str to ColumnType
        Types by role.
    clock : Clock
    missing : tuple of str
        Texts, in lower case, that mean a missing id.
    kept_rows : str or None
        Name of a stored table with the rows of the first step, if there is one.
    """

    dialect: Dialect
    source: str
    columns: Mapping[str, str]
    types: Mapping[str, ColumnType]
    clock: Clock
    missing: tuple[str, ...]
    kept_rows: str | None = None

    @property
    def has_amount(self) -> bool:
        """Whether the log has money."""
        return "amount" in self.columns

    @property
    def rows(self) -> str:
        """The first step: customer_id, missing if it means nobody, tick, and amount as a float."""
        return self._read() if self.kept_rows is None else f"SELECT * FROM {self.kept_rows}"

    def _read(self, *more: str) -> str:
        dialect, date = self.dialect, self.dialect.name_of(self.columns["date"])
        kind = self.types["date"]
        tick = dialect.tick(date, kind == "instant", kind == "date", self.clock.merge_within, self.clock.time_zone)
        columns = [f"{self._id('customer_id')} AS customer_id", f"{tick} AS tick"]
        if self.has_amount:
            columns.append(f"CAST({dialect.name_of(self.columns['amount'])} AS {dialect.double}) AS amount")
        return f"SELECT {', '.join([*columns, *more])} FROM {self.source}"

    def _id(self, role: str) -> str:
        """Return an id without blanks around it, missing if it is a word for nobody."""
        dialect, name = self.dialect, self.dialect.name_of(self.columns[role])
        if self.types[role] == "integer":
            number = f"CAST({name} AS {dialect.integer})"
            words = [word for word in self.missing if word.lstrip("-").isdigit() and len(word) < 19]
            return f"CASE WHEN {number} IN ({', '.join(words)}) THEN NULL ELSE {number} END" if words else number
        text = dialect.trim_blanks(name)
        # Some engines change only Latin letters to lower case.
        cases = dict.fromkeys(form for word in self.missing for form in (word, word.upper(), word.title()))
        words = [dialect.literal(word) for word in ["", *cases]]
        listed = ", ".join(words)
        return f"CASE WHEN LOWER({text}) IN ({listed}) OR {text} IN ({listed}) THEN NULL ELSE {text} END"

    @property
    def _is_text(self) -> bool:
        return self.types["customer_id"] == "text"

    @property
    def id_type(self) -> OutputTypes:
        """The type of customer_id in results."""
        return {"customer_id": "text" if self._is_text else "integer"}

    def check(self, end: int | None, earliest: int, latest: int, largest: float, placeholders: Sequence[int]) -> Query:
        """Count rows, rows at fault, and rows whose ids need a closer look, under the names in `types`."""
        missing = "customer_id IS NULL"
        suspect = (
            f"TRIM(customer_id, '{PLACEHOLDER_SIGNS}') = ''"
            if self._is_text
            else f"customer_id IN ({', '.join(map(str, placeholders))})"
        )
        conditions = {
            "no_id": missing,
            "bad_date": f"NOT {missing} AND (tick IS NULL OR tick < {earliest} OR tick > {latest})",
            "later": f"NOT {missing} AND tick > {end}" if end is not None else "1 = 0",
            "placeholder": suspect,
            "shortened": self._shortened,
            "bad_amount": f"NOT {missing} AND (amount IS NULL OR NOT (amount >= 0 AND amount <= {largest:.0f}))"
            if self.has_amount
            else "1 = 0",
        }
        counts = [f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) AS {name}" for name, condition in conditions.items()]
        ticks = [f"{form}(CASE WHEN NOT {missing} THEN tick END) AS {form.lower()}_tick" for form in ("MIN", "MAX")]
        names = ["all_rows", *conditions, "min_tick", "max_tick"]
        result = f"SELECT COUNT(*) AS all_rows, {', '.join([*counts, *ticks])} FROM checked"
        return Query(self, (("checked", "SELECT * FROM log_rows"),), result, dict.fromkeys(names, "integer"))

    @property
    def _shortened(self) -> str:
        """Whether an id may be a rounded number such as 1.2E+17."""
        if not self._is_text:
            return "1 = 0"
        return f"TRIM(LOWER(customer_id), '{SHORTENED_SIGNS}') = '' AND LOWER(customer_id) LIKE '%e%'"

    def shortened(self, most: int) -> Query:
        """Return ids that may be rounded numbers."""
        result = f"SELECT DISTINCT customer_id FROM checked WHERE {self._shortened} LIMIT {most}"
        return Query(self, (("checked", "SELECT * FROM log_rows"),), result, self.id_type)

    def faults(
        self, earliest: int, latest: int, largest: float, with_missing: bool, most: int
    ) -> tuple[str, OutputTypes]:
        """Return a query of the first rows at fault, with dates as text, and its types."""
        dialect = self.dialect
        types: dict[str, OutputType] = {**self.id_type, "date": "text"}
        date = f"CAST({dialect.name_of(self.columns['date'])} AS {dialect.text}) AS written"
        wrong = [f"tick IS NULL OR tick < {earliest} OR tick > {latest}"]
        if self.has_amount:
            types["amount"] = "number"
            wrong.append(f"amount IS NULL OR NOT (amount >= 0 AND amount <= {largest:.0f})")
        where = f"(customer_id IS NOT NULL AND ({' OR '.join(wrong)}))"
        if with_missing:
            where += " OR customer_id IS NULL"
        rows = self._read(date)
        names = ", ".join(["customer_id", "written AS date", *(["amount"] if self.has_amount else [])])
        return f"SELECT {names} FROM ({rows}) AS log_rows WHERE {where} LIMIT {most}", types

    def most_frequent(self) -> Query:
        """Return the two ids with the most rows."""
        ids = "SELECT customer_id, COUNT(*) AS id_rows FROM log_rows WHERE NOT customer_id IS NULL GROUP BY customer_id"
        result = "SELECT customer_id, id_rows FROM ids ORDER BY id_rows DESC LIMIT 2"
        return Query(self, (("ids", ids),), result, {**self.id_type, "id_rows": "integer"})

    def purchases(self, end: int | None) -> tuple[tuple[str, str], ...]:
        """Return steps that merge rows up to tick `end` into purchases, with money as integers."""
        until = "" if end is None else f" AND tick <= {end}"
        steps = [("rows_with_id", f"SELECT * FROM log_rows WHERE NOT customer_id IS NULL{until}")]
        columns = ["customer_id", "tick", "COUNT(*) AS tick_rows"]
        if self.has_amount:
            one, two = (f"CAST({2**power} AS DOUBLE)" for power in (6, 33))
            rest = f"amount - CAST(money_1 AS DOUBLE) / {one} AS rest"
            steps += [
                ("coarse", f"SELECT *, CAST(FLOOR(amount * {one}) AS BIGINT) AS money_1 FROM rows_with_id"),
                ("left_over", f"SELECT customer_id, tick, money_1, {rest} FROM coarse"),
                ("fine", f"SELECT *, CAST(FLOOR(rest * {two}) AS BIGINT) AS money_2 FROM left_over"),
            ]
            finest = f"(rest - CAST(money_2 AS DOUBLE) / {two}) * CAST({2**60} AS DOUBLE) + CAST(0.5 AS DOUBLE)"
            parts = ["money_1", "money_2", f"CAST(FLOOR({finest}) AS BIGINT)"]
            columns += [_total(part, name) for part, name in zip(parts, MONEY, strict=True)]
        merged = f"SELECT {', '.join(columns)} FROM {steps[-1][0]} GROUP BY customer_id, tick"
        return (*steps, ("purchases", merged))

    def purchases_with_first(self, end: int | None) -> tuple[tuple[str, str], ...]:
        """Return the steps of `purchases`, and one that adds the tick of each customer's first purchase."""
        window = "SELECT *, MIN(tick) OVER (PARTITION BY customer_id) AS first_tick FROM purchases"
        return (*self.purchases(end), ("numbered", window))

    def customers(self, end: int, include_first: bool) -> Query:
        """Return one row per customer: purchases, first and last tick, rows of the log, and money that counts."""
        steps, table = self.purchases(end), "purchases"
        money = {name: f"SUM({name})" for name in MONEY} if self.has_amount else {}
        if not include_first and money:
            if self.dialect.has_argmin:
                money = {name: f"{total} - ARG_MIN({name}, tick)" for name, total in money.items()}
            else:
                steps, table = self.purchases_with_first(end), "numbered"
                money = {name: f"SUM(CASE WHEN tick > first_tick THEN {name} ELSE 0 END)" for name in money}
        columns = {
            "purchases": "COUNT(*)",
            "first_tick": "MIN(tick)",
            "last_tick": "MAX(tick)",
            "customer_rows": "SUM(tick_rows)",
            **money,
        }
        selected = ", ".join(f"CAST({text} AS BIGINT) AS {name}" for name, text in columns.items())
        result = f"SELECT customer_id, {selected} FROM {table} GROUP BY customer_id"
        return Query(self, steps, result, {**self.id_type, **dict.fromkeys(columns, "integer")})

    def histories(self, end: int, choice: CustomerChoice, most: int) -> Query:
        """Return the number of customers by frequency, recency and age up to tick `end`, in at most `most` rows."""
        recency, age = "last_tick - first_tick", f"{end} - first_tick"
        if choice.resolution > 1:
            recency, age = (_round_ticks(text, choice.resolution) for text in (recency, age))
        keys = {"frequency": "purchases - 1", "recency": recency, "age": age}
        selected = ", ".join(f"CAST({text} AS BIGINT) AS {name}" for name, text in keys.items())
        where = self._customer_condition(choice)
        counted = self.customers(end, include_first=True)
        each = counted.then("customers", f"SELECT {selected} FROM customers{where}", {})
        names = ", ".join(keys)
        result = f"SELECT {names}, COUNT(*) AS customers FROM histories GROUP BY {names} LIMIT {most}"
        return each.then("histories", result, dict.fromkeys((*keys, "customers"), "integer"))

    def spending(self, end: int, include_first: bool, choice: CustomerChoice, width: float, most: int) -> Query:
        """Return customers and their money by number of purchases and by bins of the logarithm of their mean spend."""
        number = "purchases" if include_first else "purchases - 1"
        spend = "CAST(money_1 AS DOUBLE) / 64 + CAST(money_2 AS DOUBLE) / CAST(8589934592 AS DOUBLE)"
        paid = self.customers(end, include_first).then(
            "customers", f"SELECT {number} AS spend_count, {spend} AS spend, {', '.join(MONEY)} FROM customers", {}
        )
        paid = Query(self, paid.steps, paid.result + self._customer_condition(choice), {})
        mean = f"CAST(FLOOR(LN(spend / CAST(spend_count AS DOUBLE)) / CAST({width!r} AS DOUBLE)) AS BIGINT)"
        bins = f"CASE WHEN spend > 0 THEN {mean} END AS bin"
        binned = f"SELECT spend_count, {bins}, {', '.join(MONEY)} FROM paid WHERE spend_count > 0"
        sums = ", ".join(_total(name, name) for name in MONEY)
        result = (
            f"SELECT spend_count, bin, COUNT(*) AS customers, {sums} FROM binned GROUP BY spend_count, bin LIMIT {most}"
        )
        types: OutputTypes = dict.fromkeys(("spend_count", "bin", "customers", *MONEY), "integer")
        return paid.then("paid", binned, {}).then("binned", result, types)

    def scores(
        self, end: int, include_first: bool, states: str, predictions: Sequence[str], spend: str | None
    ) -> Query:
        """Return one row per customer with the predictions of its state, from a table of states, and expected spend.

        Parameters
        ----------
        end : int
        include_first : bool
        states : str
            Name of the table with the columns frequency, recency_ticks, age_ticks and predictions.
        predictions : sequence of str
        spend : str, optional
            Expected spend per purchase, computed from monetary_count and monetary_sum.
        """
        ticks = f"CAST({self.clock.ticks_per_unit!r} AS DOUBLE)"
        columns = {
            "frequency": "purchases - 1",
            "recency_ticks": "last_tick - first_tick",
            "age_ticks": f"{end} - first_tick",
        }
        types: dict[str, OutputType] = {**self.id_type, "frequency": "integer", "recency": "number", "T": "number"}
        result = [
            "customers.customer_id",
            "customers.frequency",
            f"CAST(customers.recency_ticks AS DOUBLE) / {ticks} AS recency",
            f"CAST(customers.age_ticks AS DOUBLE) / {ticks} AS T",
        ]
        if self.has_amount:
            sizes = zip(MONEY, (2**6, 2**33, 2**60), strict=True)
            columns["monetary_count"] = "purchases" if include_first else "purchases - 1"
            columns["monetary_sum"] = " + ".join(
                f"CAST({name} AS DOUBLE) / CAST({size} AS DOUBLE)" for name, size in sizes
            )
            types |= {"monetary_value": "number", "monetary_count": "integer"}
            mean = "monetary_sum / CAST(monetary_count AS DOUBLE)"
            result += [f"CASE WHEN monetary_count > 0 THEN {mean} END AS monetary_value", "monetary_count"]
        result += [f"states.{name}" for name in predictions]
        types |= dict.fromkeys(predictions, "number")
        if spend is not None:
            result.append(f"{spend} AS expected_spend")
            types["expected_spend"] = "number"
        selected = ", ".join(f"{text} AS {name}" for name, text in columns.items())
        each = self.customers(end, include_first).then("reduced", f"SELECT customer_id, {selected} FROM reduced", {})
        keys = " AND ".join(f"customers.{name} = states.{name}" for name in list(columns)[:3])
        joined = f"SELECT {', '.join(result)} FROM customers LEFT JOIN {states} AS states ON {keys}"
        return each.then("customers", joined, types)

    def _customer_condition(self, choice: CustomerChoice) -> str:
        """Return the condition on customers: first seen late enough, and in the sample."""
        conditions = []
        if choice.after is not None:
            conditions.append(f"first_tick > {choice.after}")
        if choice.sample < 1:
            digest = f"MD5('{choice.seed}:' || CAST(customer_id AS VARCHAR))"
            conditions.append(f"SUBSTR({digest}, 1, 8) < '{choice.threshold}'")
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def holdout(self, cutoff: int, end: int, include_first: bool) -> Query:
        """Return one row per customer: totals up to tick `cutoff`, and totals after it up to tick `end`.

        Customers whose first purchase is later than the cutoff have no `last_tick`.
        """
        past, later = f"tick <= {cutoff}", f"tick > {cutoff}"
        columns = {
            "purchases": _count(past),
            "first_tick": "MIN(first_tick)",
            "last_tick": f"MAX(CASE WHEN {past} THEN tick END)",
            "customer_rows": "SUM(tick_rows)",
            "later_purchases": _count(later),
        }
        if self.has_amount:
            counted = past if include_first else f"{past} AND tick > first_tick"
            for prefix, condition in (("", counted), ("past_", past), ("later_", later)):
                columns |= {prefix + name: f"SUM(CASE WHEN {condition} THEN {name} ELSE 0 END)" for name in MONEY}
        selected = ", ".join(f"CAST({text} AS BIGINT) AS {name}" for name, text in columns.items())
        result = f"SELECT customer_id, {selected} FROM numbered GROUP BY customer_id"
        return Query(
            self, self.purchases_with_first(end), result, {**self.id_type, **dict.fromkeys(columns, "integer")}
        )

    def activity(self, cutoff: int, end: int, after: int | None) -> Query:
        """Return first and repeat purchases in each tick, of customers first seen up to tick `cutoff`."""
        acquired = f"first_tick <= {cutoff}" + ("" if after is None else f" AND first_tick > {after}")
        selected = f"tick, {_count('tick = first_tick')} AS first_purchases, {_count('tick > first_tick')} AS repeats"
        result = f"SELECT {selected} FROM numbered WHERE {acquired} GROUP BY tick"
        types: OutputTypes = {"tick": "integer", "first_purchases": "integer", "repeats": "integer"}
        return Query(self, self.purchases_with_first(end), result, types)

    def rows_by_tick(self) -> Query:
        """Return the number of rows of the log in each tick."""
        rows = "SELECT tick FROM log_rows WHERE NOT customer_id IS NULL"
        result = "SELECT tick, COUNT(*) AS tick_rows FROM rows_with_id GROUP BY tick"
        return Query(self, (("rows_with_id", rows),), result, {"tick": "integer", "tick_rows": "integer"})


def _round_ticks(text: str, step: int) -> str:
    """Round ticks to the nearest multiple of a step, but not to 0, which has a meaning of its own."""
    nearest = f"CAST(FLOOR(CAST(2 * ({text}) + {step} AS DOUBLE) / {2 * step}) AS BIGINT) * {step}"
    return f"CASE WHEN 2 * ({text}) < {step} THEN {text} ELSE {nearest} END"


def _count(condition: str) -> str:
    return f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)"


def _total(text: str, name: str) -> str:
    return f"CAST(SUM({text}) AS BIGINT) AS {name}"
