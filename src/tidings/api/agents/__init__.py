"""The four agents over HTTP."""
