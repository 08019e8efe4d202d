"""Briefs in plain words over HTTP."""
