"""Experiments: how large, who is in which group, and what the actions brought."""
