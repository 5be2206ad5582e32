"""How often Python looks for objects that refer to each other and to which nothing else refers."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["rare_collections"]

# New objects before Python looks among them, instead of 700: imports and pictures make many that stay, and looking
# through them took 5 % of a report. The others are freed at once, as soon as nothing refers to them.
NEW_OBJECTS, YOUNG, OLD = 50_000, 20, 100


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for such objects less often, in a process that the program owns."""
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, YOUNG, OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
