"""Compatibility with other packages: their interfaces on this engine, and conversion of their fitted models."""
