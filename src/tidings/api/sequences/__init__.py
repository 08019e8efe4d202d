"""Sequences over the API."""
