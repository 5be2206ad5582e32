"""Totals of customers: the level that earlier errors support, and the interval around it."""
