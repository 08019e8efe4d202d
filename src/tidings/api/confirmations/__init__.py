"""Double opt-in over HTTP: how it stands, and asking."""
