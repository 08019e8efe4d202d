"""Checks a draft against its brief, the brand and the approved claims, whoever wrote it."""
