"""What boosted trees read and learn from, and the trees as arrays."""
