"""How often Python's garbage collector looks for objects that refer to each other."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["rare_collections"]

# Thresholds of the collector, instead of 700, 10 and 10: imports and pictures make many objects that stay, and looking
# through them took 5 % of a report. Objects to which nothing refers are freed at once anyway.
NEW_OBJECTS, YOUNG, OLD = 50_000, 20, 100


@contextmanager
def rare_collections() -> Iterator[None]:
    """Run the collector less often within the block, in a process that the program owns."""
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, YOUNG, OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
