"""Results and recommendations over HTTP."""
