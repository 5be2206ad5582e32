"""A page in Chinese has no English left, in its text, its text alternatives and its pictures; no font is needed."""

from __future__ import annotations

import re
import warnings
from html.parser import HTMLParser
from pathlib import Path

import pytest

import clvmodels as clv
from clvmodels.language import written_in
from clvmodels.reporting import plots
from clvmodels.reporting.plots.text_width import width_of, wrap
from clvmodels.reporting.report import write_report

WORD = re.compile(r"[A-Za-z][A-Za-z_.-]{2,}")
NAMES = {  # of models, scores, commands, packages and letters of parameters; nothing that could be translated
    *("NBD", "Pareto", "MBG", "CNBD-k", "GGompertz", "Gamma-Gamma", "alive", "alpha", "beta", "clv", "init", "fit"),
    *(
        "model",
        "bgnbd",
        "forecaster",
        "best",
        "RMSE",
        "MAE",
        "CRPS",
        "Brier",
        "MAPE",
        "PIT",
        "AIC",
        "BIC",
        "clvmodels",
        "numpy",
        "CDNOW",
    ),
    *("lifetime_value", "CSV", "once"),  # a function, and a group that the tables of the tests name so
}


class Texts(HTMLParser):
    """The text nodes of a page, and the attributes that are read aloud or shown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("style", "script")
        self.texts += [value for name, value in attrs if name in ("aria-label", "title") and value]

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.texts.append(data)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant"])
def test_no_english_is_left_on_a_page(validation, value, tmp_path: Path, monkeypatch, language) -> None:
    monkeypatch.setattr(plots, "to_svg", lambda *arguments, **options: "<svg></svg>")
    profile = clv.profile(clv.datasets.load_cdnow(sample=True), amount="amount", time_unit="week")
    findings = [{"code": "fit-no-dropout", "figures": {"parameter": "a"}, "severity": "caution", "text": ""}]
    for certificate in validation.certificates:
        certificate["findings"] = findings
        certificate["clock"] = {"time_unit": "week", "merge_within": "day", "time_zone": None}
        certificate.pop("independence", None)
    path = tmp_path / "page.html"
    write_report(validation, path, value.drop(columns="reason"), profile=profile, name="CDNOW", language=language)
    html = path.read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in html
    texts = [text for text in Texts(html).texts if not set(WORD.findall(text)) <= NAMES]
    assert not texts, "\n".join(texts)


@pytest.mark.slow
def test_pictures_need_no_chinese_font(monkeypatch) -> None:
    profile = clv.profile(clv.datasets.load_cdnow(sample=True), amount="amount", time_unit="week")
    with warnings.catch_warnings(), written_in("zh-Hans"):
        warnings.simplefilter("error")
        svg = plots.to_svg(plots.weekly, profile.weeks, key="weekly")
    assert "其中的复购" in svg
    assert not set(WORD.findall(" ".join(Texts(svg).texts)))


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("预测的十分位组", 8, ["预测的十", "分位组"]),
        ("Pareto/NBD 预测，实际", 14, ["Pareto/NBD 预", "测，实际"]),
        ("一二三四，五", 8, ["一二三四，", "五"]),
        ("own rate carried on", 10, ["own rate", "carried on"]),
    ],
)
def test_labels_are_broken_by_their_width(text, width, lines) -> None:
    assert wrap(text, width).split("\n") == lines
    assert width_of("客户 A") == 6
