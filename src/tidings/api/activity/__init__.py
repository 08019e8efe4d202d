"""The live feed over HTTP."""
