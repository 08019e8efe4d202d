"""Decision records over HTTP."""
