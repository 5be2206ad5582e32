"""Count customers with equal histories, which is all that a fit needs, however large the log."""
