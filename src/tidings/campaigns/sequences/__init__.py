"""Sequences: who enters, what they hear next, when they leave; run in batches, one indexed query when idle."""
