"""The built-in mailbox over HTTP."""
