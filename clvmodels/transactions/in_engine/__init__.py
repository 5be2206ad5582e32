"""Checking and reducing a log in the engine that holds it."""
