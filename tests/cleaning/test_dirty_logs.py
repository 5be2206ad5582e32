"""Dirty logs whose clean original is known: what is read equals the original, or the log is refused.

Dirt of every kind is mixed: ids (blanks, words that mean nobody, placeholders, shortened ids), statuses in several
languages, rows that are not sales, dates, currencies and repeated totals. A log is refused only for dirt of which a
person alone knows the right reading.
``python tests/cleaning/test_dirty_logs.py 2000``
draws 2,000 logs.
"""

from __future__ import annotations

import random
import sys
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import CLVError
from clvmodels.transactions.ids import MISSING_IDS
from clvmodels.transactions.statuses import known_statuses

COLUMNS = {"customer_id": "who", "date": "day", "order_id": "order", "amount": "paid", "status": "state"}
MEANINGS = {
    meaning: sorted(word for word, of in known_statuses().items() if of == meaning)
    for meaning in ("sale", "void", "refunded")
}
DRAWS_IN_SUITE = 30
START = date(2023, 1, 1)


def clean_rows(rng):
    """Return orders of 8 to 25 customers over a year: who, day, order, paid."""
    rows = []
    for customer in range(rng.randint(8, 25)):
        for _ in range(1 + min(int(rng.expovariate(0.7)), 5)):
            day = START + timedelta(days=rng.randrange(365))
            rows.append([f"c{customer:03}", day, f"o{len(rows)}", round(rng.uniform(5, 200), 2)])
    return rows


def spend_by_customer(rows):
    """Return the days of purchases and the money of each customer of clean rows."""
    spend = {}
    for who, day, _, paid in rows:
        days, money = spend.setdefault(who, (set(), []))
        days.add(day)
        money.append(paid)
    return {who: (len(days), round(sum(money), 2)) for who, (days, money) in spend.items()}


def pick(rng, words):
    """Return one of some words; a longer list leaves everything else that is drawn as it is."""
    return words[int(rng.random() * len(words))]


def dress(rng, word):
    """Return a word in another spelling of the same meaning."""
    spellings = (str, str.upper, str.title, lambda text: f" {text}\t", lambda text: text.replace(" ", "-"))
    return rng.choice(spellings)(word)


def paid_rows(rng, rows):
    """Return clean rows as text, with a status that means a sale."""
    words = [dress(rng, pick(rng, MEANINGS["sale"])) for _ in rows]
    texts = [[who, day.isoformat(), order, f"{paid:.2f}"] for who, day, order, paid in rows]
    return [[*row, word] for row, word in zip(texts, words, strict=True)]


def add_padding(rng, rows):
    for row in rng.sample(rows, len(rows) // 2):
        row[0] = rng.choice([" ", "\t", "\u3000", "\u00a0"]) + row[0] + rng.choice(["", " ", "\t"])


def add_nobody(rng, rows):
    for word in rng.sample(MISSING_IDS, 4):
        rows.append([dress(rng, word), "2023-05-05", f"n{word}", "50.00", "paid"])


def add_void(rng, rows):
    for number in range(5):
        word = dress(rng, pick(rng, MEANINGS[rng.choice(["void", "refunded"])]))
        rows.append([f"c{number:03}", f"2023-0{number + 1}-09", f"v{number}", "77.00", word])


def add_unknown_status(rng, rows):
    rng.choice(rows)[4] = rng.choice(["Disputed", "Refund rejected", "退款中", "closed", "3"])


def add_total(rng, rows):
    total = sum(float(row[3]) for row in rows)
    rows.append([rng.choice(["Total", "合计", "GRAND TOTAL", "Summe", ""]), "2023-12-31", "", f"{total:.2f}", ""])


def add_header(rng, rows):
    rows.insert(rng.randrange(len(rows)), list(COLUMNS.values()))


def add_placeholder(rng, rows):
    for number in range(30):
        rows.append([rng.choice(["0"]), f"2023-03-{number % 28 + 1:02}", f"z{number}", "30.00", "paid"])


def add_stray_date(rng, rows):
    rng.choice(rows)[1] = rng.choice(["2031-01-01", "1970-01-01", "2035-06-30", "12023-01-01", "2023-02-30"])


def shorten_ids(rng, rows):
    column = rng.choice([0, 2])
    for row in rng.sample(rows, 3):
        row[column] = rng.choice(["3.45E+17", "1E+12", "1.2e+08"])


def repeat_totals(rng, rows):
    """Split orders into lines, each with the total of its order."""
    for row in list(rows):
        if not _is_header(row):
            rows.append([*row, "second"])


def reuse_orders(rng, rows):
    """Use the ids of early orders once more, for orders of the same customer that are months later."""
    first = {}
    for row in rows:
        early = first.setdefault(row[0], row)
        if early is not None and abs((date.fromisoformat(row[1]) - date.fromisoformat(early[1])).days) > 60:
            row[2], first[row[0]] = early[2], None


def add_duplicates(rng, rows):
    rows += [list(row) for row in rng.sample(rows, 4)]


def add_currencies(rng, rows):
    for row in rows:
        row.append("currency" if _is_header(row) else rng.choice(["EUR", "USD", "GBP"]))


def _is_header(row):
    return row[0] == COLUMNS["customer_id"]


DIRT = (
    reuse_orders,  # first, while dates can be read
    add_padding,
    add_nobody,
    add_void,
    add_unknown_status,
    add_duplicates,
    add_total,
    add_header,
    add_placeholder,
    add_stray_date,
    shorten_ids,
)
LAST = (repeat_totals, add_currencies)  # these add a column
# Dirt of which only a person knows the right reading; all other dirt has one clear meaning, and is read.
MUST_ASK = (add_unknown_status, add_placeholder, add_stray_date, shorten_ids, repeat_totals, add_currencies)


def dirty_log(rng):
    """Return the rows of a clean log, a dirty version of it, and the names of its dirt."""
    original = clean_rows(rng)
    rows = paid_rows(rng, original)
    chosen = [dirt for dirt in DIRT if rng.random() < 0.2]
    last = [rng.choice(LAST)] if rng.random() < 0.15 else []
    for dirt in (*chosen, *last):
        dirt(rng, rows)
    names = list(COLUMNS.values()) + (["currency"] if add_currencies in last else ["line"] if last else [])
    table = pl.DataFrame(
        [[*row, None][: len(names)] for row in rows], schema=dict.fromkeys(names, pl.String), orient="row"
    )
    return original, table, [dirt.__name__ for dirt in (*chosen, *last)]


def result_of(log):
    """Return purchases and money by customer; None if the log is refused."""
    try:
        cleaned = clv.clean(log, **COLUMNS)
        frame = cleaned.transactions
        rfm = clv.rfm_summary(frame, amount="amount", include_first_transaction=True)
    except CLVError:
        return None
    counts = (rfm.frequency + 1).tolist()
    money = [round(float(mean * count), 2) for mean, count in zip(rfm.monetary_value, rfm.monetary_count, strict=True)]
    return dict(zip(map(str, rfm.customer_id), zip(counts, money, strict=True), strict=True))


def outcome(seed, folder=None):
    """Return "equal" or "refused" for a log; its dirt if it is read differently or refused without need."""
    rng = random.Random(seed)  # noqa: S311
    original, log, names = dirty_log(rng)
    if folder is not None:
        path = Path(folder) / "log.csv"
        log.write_csv(path)
        log = path
    else:
        log = log.with_columns(pl.col("paid").cast(pl.Float64, strict=False))
    result = result_of(log)
    if result is None:
        must_ask = {dirt.__name__ for dirt in MUST_ASK} & set(names)
        return "refused" if must_ask else f"refused without need: {', '.join(names)}"
    return "equal" if result == spend_by_customer(original) else ", ".join(names)


@pytest.mark.parametrize("way", ["frame", "path"])
@pytest.mark.slow
def test_a_dirty_log_is_read_as_its_original_or_refused(way, tmp_path):
    results = {seed: outcome(seed, tmp_path if way == "path" else None) for seed in range(DRAWS_IN_SUITE)}
    assert {seed: dirt for seed, dirt in results.items() if dirt not in ("equal", "refused")} == {}
    assert list(results.values()).count("equal") > DRAWS_IN_SUITE / 4


@pytest.mark.slow
def test_a_clean_log_is_read_and_not_refused():
    for seed in range(3):
        rng = random.Random(seed)  # noqa: S311
        original = clean_rows(rng)
        log = pl.DataFrame(paid_rows(rng, original), schema=list(COLUMNS.values()), orient="row")
        log = log.with_columns(pl.col("paid").cast(pl.Float64))
        assert result_of(log) == spend_by_customer(original)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        results = [outcome(seed, folder if seed % 2 else None) for seed in range(int(sys.argv[1]))]
    for seed, result in enumerate(results):
        if result not in ("equal", "refused"):
            sys.stdout.write(f"{seed} {result}\n")
    sys.stdout.write(f"{results.count('equal')} equal, {results.count('refused')} refused of {len(results)}\n")
