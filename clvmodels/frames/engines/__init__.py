"""Engines that hold a log and compute in it: one protocol, one module per engine, and the SQL that all of them run."""
