"""Scoring customers of a log in an engine: by a join, or in blocks of rows."""
