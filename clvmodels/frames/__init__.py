"""The boundary to engines: open the user's table, run a lazy plan, and return the same kind of frame.

Everything in between uses narwhals. Plans run on polars, so numbers are the same for every kind of table; files are
scanned, and frames in memory are shared without a copy. Tables in DuckDB, in databases of Ibis and in Spark are reduced
there, by the queries of `engines`, and copied for everything else.
"""

from clvmodels.frames.coding import CodedIds, code_ids
from clvmodels.frames.column_roles import (
    is_named_status,
    kinds_of_rows,
    refuse_summary,
    roles_by_name,
    status_columns,
)
from clvmodels.frames.databases import engine_of, is_database, kind_of_database
from clvmodels.frames.date_formats import DATE_UNITS, date_proposal, days_of_dates, formats_that_read
from clvmodels.frames.day_rows import UNREADABLE_DAY, StoredDates, rows_by_day, rows_since, stored_dates
from clvmodels.frames.engines.choices import CustomerChoice, count_values
from clvmodels.frames.engines.daily import daily_query
from clvmodels.frames.engines.dialects import BLANKS, dialect_named
from clvmodels.frames.engines.item_orders import OrdersQuery, doubtful_orders, repeated_amounts, values_of_sales
from clvmodels.frames.engines.items import ItemRules, ItemsQuery
from clvmodels.frames.engines.protocol import ColumnType, Engine, OutputTypes
from clvmodels.frames.engines.publishing import (
    PublishedTable,
    count_unique,
    discard,
    publish_file,
    publish_run,
    publish_table,
)
from clvmodels.frames.engines.purchases import (
    amount_counts,
    customers_with_recent,
    day_counts,
    gap_counts,
    observed_customers,
    purchase_rows,
    rows_of_ids,
)
from clvmodels.frames.engines.queries import MONEY, LogQuery, Query
from clvmodels.frames.fields import FileFields, read_fields
from clvmodels.frames.file_scan import load_once
from clvmodels.frames.file_search import is_glob, matching_files
from clvmodels.frames.formats.opened_file import FileOptions, OpenedFile, file_findings
from clvmodels.frames.kinds import Frame, FrameKind, arrow_table, column, fetch_table, table, write_table
from clvmodels.frames.opening import OpenedFrame, column_names, first_values, keep_opened, open_file, open_frame
from clvmodels.frames.row_names import RowNames
from clvmodels.frames.running import (
    collect,
    collect_in_parts,
    collect_parts,
    first_line,
    first_rows,
    running_total,
    sorted_places,
    with_positions,
)
from clvmodels.frames.text import ISO_DATE, mark_missing_days, moments_in_utc, parse_dates, parse_numbers

__all__ = [
    "BLANKS",
    "DATE_UNITS",
    "ISO_DATE",
    "MONEY",
    "UNREADABLE_DAY",
    "CodedIds",
    "ColumnType",
    "CustomerChoice",
    "Engine",
    "FileFields",
    "FileOptions",
    "Frame",
    "FrameKind",
    "ItemRules",
    "ItemsQuery",
    "LogQuery",
    "OpenedFile",
    "OpenedFrame",
    "OrdersQuery",
    "OutputTypes",
    "PublishedTable",
    "Query",
    "RowNames",
    "StoredDates",
    "amount_counts",
    "arrow_table",
    "code_ids",
    "collect",
    "collect_in_parts",
    "collect_parts",
    "column",
    "column_names",
    "count_unique",
    "count_values",
    "customers_with_recent",
    "daily_query",
    "date_proposal",
    "day_counts",
    "days_of_dates",
    "dialect_named",
    "discard",
    "doubtful_orders",
    "engine_of",
    "fetch_table",
    "file_findings",
    "first_line",
    "first_rows",
    "first_values",
    "formats_that_read",
    "gap_counts",
    "is_database",
    "is_glob",
    "is_named_status",
    "keep_opened",
    "kind_of_database",
    "kinds_of_rows",
    "load_once",
    "mark_missing_days",
    "matching_files",
    "moments_in_utc",
    "observed_customers",
    "open_file",
    "open_frame",
    "parse_dates",
    "parse_numbers",
    "publish_file",
    "publish_run",
    "publish_table",
    "purchase_rows",
    "read_fields",
    "refuse_summary",
    "repeated_amounts",
    "roles_by_name",
    "rows_by_day",
    "rows_of_ids",
    "rows_since",
    "running_total",
    "sorted_places",
    "status_columns",
    "stored_dates",
    "table",
    "values_of_sales",
    "with_positions",
    "write_table",
]
