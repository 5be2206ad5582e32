"""The version of lifetimes whose interface this is."""

__version__ = "0.11.3"
