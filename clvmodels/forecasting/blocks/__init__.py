"""Scoring customers of a log in an engine in blocks of rows."""
