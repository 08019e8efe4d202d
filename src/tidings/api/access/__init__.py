"""Accounts, tokens and the one who asks, over HTTP."""
