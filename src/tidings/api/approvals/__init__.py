"""The approvals inbox over HTTP."""
