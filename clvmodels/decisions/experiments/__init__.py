"""Experiments: their size, the assignment of customers to groups, and their effects."""
