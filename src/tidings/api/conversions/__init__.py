"""Conversions over HTTP."""
