"""Composes drafts by rule: the brief's facts and the brand's claims, whole, between sentences of a stock."""
