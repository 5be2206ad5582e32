"""Files written in any way that people's programs write them are read as their clean original, or refused.

Never differently without an error. ``DRAWS=2000 pytest tests/test_dirty_files.py`` runs more of them.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.log import read_transactions

DRAWS = int(os.environ.get("DRAWS", "40"))
LANGUAGES = {  # letters of names and the header, and the encodings that programs of the language write
    "English": ("AbcdeXyz", ("Customer", "Date", "Amount"), ("utf-8", "utf-16", "cp1252", "latin-1")),
    "German": ("äöüßAbcdeM", ("Kunde", "Kaufdatum", "Währung und Betrag"), ("utf-8", "utf-8-sig", "utf-16", "cp1252")),
    "French": ("éèàçêôAbcde", ("Client", "Date", "Montant réglé"), ("utf-8", "cp1252", "latin-1", "utf-16-le")),
    "Chinese": ("张王李赵小丽伟明芳", ("买家", "付款时间", "金额"), ("utf-8", "gb18030", "gbk", "utf-16", "utf-8-sig")),
    "Taiwanese": ("陳林黃張怡君家豪", ("買家帳號", "訂單日期", "訂單金額"), ("utf-8", "big5", "utf-16")),
    "Japanese": ("鈴木佐藤さくらケン", ("顧客番号", "注文日", "合計金額"), ("utf-8", "shift_jis", "cp932", "euc_jp")),
}
DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%y", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日")
GROUPS = {".": ("", ",", "'", " "), ",": ("", ".", " ", "\u00a0")}
SIGNS = ("{}", "{} EUR", "$ {}", "USD {}")
PREAMBLES = ("", "Report 2024\n", "Report 2024\n\n", "Shop;a\nall,of,it\n\n", '"Sales, all shops"\n')


@dataclass(frozen=True)
class Written:
    """A clean log, and a file that has it."""

    rows: tuple[tuple[str, dt.date, int], ...]
    content: bytes
    header: tuple[str, str, str]
    date_format: str


def number(cents: int, decimal: str, group: str, sign: str, digits: int) -> str:
    """Return an amount with `digits` decimals, as a program of the country writes it."""
    whole = f"{cents // 100:,}".replace(",", group)
    return sign.format(f"{whole}{decimal}{cents % 100:02d}" + "0" * (digits - 2) if digits else whole)


@st.composite
def files(draw) -> Written:
    letters, header, encodings = LANGUAGES[draw(st.sampled_from(sorted(LANGUAGES)))]
    encoding = draw(st.sampled_from(encodings))
    date_format = draw(st.sampled_from(DATES[:7] if not header[0].startswith("买") else DATES))
    decimal = draw(st.sampled_from(".,"))
    group = draw(st.sampled_from(GROUPS[decimal]))
    sign = draw(st.sampled_from(SIGNS))
    if encoding in ("gb18030", "gbk", "big5", "shift_jis", "cp932", "euc_jp") and group == "\u00a0":
        group = ""
    digits = draw(st.sampled_from((2, 2, 2, 0, 3)))
    delimiter = draw(st.sampled_from(",;\t|"))
    end = draw(st.sampled_from(("\n", "\r\n", "\r")))
    people = draw(st.lists(st.text(letters, min_size=2, max_size=4), min_size=1, max_size=3, unique=True))
    cents = st.integers(1, 50_000) | st.sampled_from((100_000, 123_400, 250_000, 1_234_500, 123_456_700))
    days = st.dates(dt.date(2019, 1, 1), dt.date(2024, 12, 31))
    rows = draw(st.lists(st.tuples(st.sampled_from(people), days, cents), min_size=1, max_size=6))
    if digits == 0:
        rows = [(who, day, paid - paid % 100 + 100) for who, day, paid in rows]
    lines = [header]
    for who, day, paid in rows:
        amount = number(paid, decimal, group, sign, digits)
        lines.append((who, day.strftime(date_format), f'"{amount}"' if delimiter in amount else amount))
    text = draw(st.sampled_from(PREAMBLES)) + "\n".join(delimiter.join(line) for line in lines) + "\n"
    try:
        content = text.replace("\n", end).encode(encoding)
    except UnicodeEncodeError:  # such as € or a no-break space
        content = text.replace("\n", end).encode("utf-8")
    return Written(tuple(rows), content, header, date_format)


@pytest.mark.slow
@settings(max_examples=DRAWS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files(), st.booleans())
def test_a_file_is_read_as_its_clean_original_or_refused(written, names_the_format):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        path.write_bytes(written.content)
        form = written.date_format if names_the_format and written.date_format != "%Y-%m-%d" else None
        try:
            log = read_transactions(path, Clock(), *written.header, date_format=form)
        except (InvalidTransactions, InvalidOption) as error:
            message = str(error)
        else:
            message = ""
            rows = frames.collect(log.lazy).rows()
    if message:
        event("refused: " + message.split("'")[0][-40:])
        # The true format is among the proposals.
        assert "cannot be read as YYYY-MM-DD" not in message or written.date_format in message
        return
    event("read")
    expected = [(who, (day - dt.date(1970, 1, 1)).days, paid / 100) for who, day, paid in written.rows]
    assert [(str(who), tick, round(paid, 6)) for who, tick, paid in rows] == expected
