"""The engine boundary: open what the user brought, run the lazy plan, give back the kind of frame that came.

Everything between is narwhals. The plans run on polars, so that numbers are the same whatever came: files are scanned,
frames in memory shared, and what a database holds is streamed into a temporary file first.
"""

from clvmodels.frames.coding import CodedIds, code_ids
from clvmodels.frames.fields import read_fields
from clvmodels.frames.kinds import Frame, FrameKind, column, table, write_table
from clvmodels.frames.opening import OpenedFrame, column_names, open_frame
from clvmodels.frames.running import collect, collect_in_parts, collect_parts, first_rows, running_total
from clvmodels.frames.text import parse_dates, parse_numbers

__all__ = [
    "CodedIds",
    "Frame",
    "FrameKind",
    "OpenedFrame",
    "code_ids",
    "collect",
    "collect_in_parts",
    "collect_parts",
    "column",
    "column_names",
    "first_rows",
    "open_frame",
    "parse_dates",
    "parse_numbers",
    "read_fields",
    "running_total",
    "table",
    "write_table",
]
