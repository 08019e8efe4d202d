"""Tidings: four agents that write marketing messages, time them, send them and learn from what happens."""

__version__ = "0.1.0"
