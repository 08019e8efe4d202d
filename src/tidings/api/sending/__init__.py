"""The kill switch over HTTP."""
