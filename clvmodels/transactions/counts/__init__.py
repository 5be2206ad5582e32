"""What a fit needs to know of a log, however large."""
