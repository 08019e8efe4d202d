"""Accounts, sign-in, sessions, roles, API tokens, and the audit trail."""
