"""Cleaning a log in the engine that holds it, by the rules that are set operations."""
