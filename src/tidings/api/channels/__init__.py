"""Accounts at providers over the API."""
