"""Engines that hold a log and run queries: one protocol, one module per engine, and the SQL that they share."""
