"""Messages without figures that the formats of numbers and lists need: yes and no, the full stop, separators."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from clvmodels.language.current import ENGLISH, FOLDER, current_language, languages

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle
    from fluent.syntax.ast import Resource

__all__ = ["resource", "word"]


def word(code: str, language: str | None = None) -> str:
    """Return a message without figures; in English if the language does not have it."""
    bundle = _plain_bundle(language or current_language())
    if not bundle.has_message(code):
        bundle = _plain_bundle(ENGLISH)
    pattern = bundle.get_message(code).value
    if pattern is None:
        raise KeyError(code)
    return str(bundle.format_pattern(pattern)[0])


@cache
def resource(language: str) -> Resource:
    """Return the messages of a language; KeyError if there is no file of them."""
    from fluent.runtime import FluentResource

    path = FOLDER / f"{language}.ftl"
    if not path.exists():
        raise KeyError(f"no messages in {language!r}; there are {', '.join(languages())}")
    return FluentResource(path.read_text(encoding="utf-8"))


@cache
def _plain_bundle(language: str) -> FluentBundle:
    from fluent.runtime import FluentBundle

    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(resource(language))
    return bundle
