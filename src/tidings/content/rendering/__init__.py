"""Turns a draft's blocks into what a mail program shows: HTML by way of MJML, and plain text."""
