"""The Analytics agent: what happened, how sure that is, and what follows from it."""
